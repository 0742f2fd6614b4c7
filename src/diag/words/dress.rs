//! What the words of a text name: numbers in every dress, symbolic names, ids, layers, sentences.

use super::label::{self, Label};
use super::sentence::Source;
use super::token::{Number, Word, words};
use super::{Explained, LabFault, Meaning, Subject, Unknown, chap, near, sentence, speech};
use crate::base::Layer;
use crate::diag::cause::Cause;
use crate::diag::codes::{self, Code, Family};
use crate::wire::eap;

/// Everything that the text names. In a text of prose bare numbers and plain words are passed over, but for a number that
/// stands in brackets of its own when nothing else is known; in a list of codes each word may name something. When anything is known, only what looks like a code is told of as not known.
pub fn read(text: &str, faults: &[LabFault]) -> Explained {
    if let Some(layer) = Layer::ALL.into_iter().find(|layer| is_layer(text.trim(), *layer)) {
        let subject = Subject { quoted: cut(text.trim()), meaning: Meaning::Layer(layer) };
        return Explained { subjects: vec![subject], ..Explained::default() };
    }
    if let Some(unknown) = eap_type(text) {
        return Explained { unknown: vec![unknown], ..Explained::default() };
    }
    let mut reading = Reading::of(text, faults);
    reading.messages();
    reading.sentences(false);
    reading.named();
    reading.labelled();
    if reading.found.is_empty() {
        reading.alert_alone();
    }
    let prose = reading.is_prose();
    if reading.found.is_empty() {
        reading.slips();
    }
    if !prose {
        reading.bare();
    } else if reading.found.is_empty() {
        reading.bracketed();
    }
    let unknown = reading.unknown_ones(prose);
    let nothing = reading.found.is_empty() && (prose || unknown.iter().all(|unknown| unknown.near.is_empty()));
    let understood = nothing.then(|| UNDERSTOOD.to_string()).filter(|_| !unknown.is_empty());
    let notes = reading.foreign().filter(|_| !reading.found.is_empty()).into_iter().chain(understood).collect();
    Explained { subjects: reading.into_subjects(), unknown, notes }
}

/// What a log line names by sentence, name or labelled number.
pub fn labelled(text: &str) -> Vec<Subject> {
    let mut reading = Reading::of(text, &[]);
    reading.sentences(true);
    reading.named();
    reading.labelled();
    reading.into_subjects()
}

struct Reading<'a> {
    text: &'a str,
    words: Vec<Word<'a>>,
    /// Index of the first word, the last word, and what they name.
    found: Vec<(usize, usize, Meaning)>,
    /// Words of numbers that carry a label and name no row, with that label, and whether it stands right in front.
    nameless: Vec<(usize, Label, bool)>,
    faults: &'a [LabFault],
}

impl<'a> Reading<'a> {
    fn of(text: &'a str, faults: &'a [LabFault]) -> Reading<'a> {
        Reading { text, words: words(text), found: Vec::new(), nameless: Vec::new(), faults }
    }

    fn claim(&mut self, from: usize, to: usize, meaning: Meaning) {
        self.words.iter_mut().take(to + 1).skip(from).for_each(|word| word.claimed = true);
        self.found.push((from, to, meaning));
    }

    fn lower(&self) -> Vec<String> {
        self.words.iter().map(Word::plain).collect()
    }

    /// Messages that are one thing, though codes are in them.
    fn messages(&mut self) {
        for n in 0..self.words.len() {
            if let Some((last, message)) = chap::at(self.text, &self.words, n) {
                self.claim(n, last, Meaning::Chap(message));
            }
        }
    }

    fn sentences(&mut self, log: bool) {
        for (from, to, meaning) in sentence::find(&self.lower(), log) {
            let free = self.words.iter().take(to + 1).skip(from).all(|word| !word.claimed);
            if free {
                self.claim(from, to, meaning);
            }
        }
    }

    /// A text that is the name of an alert in words: `unknown ca`, `tls decrypt error`.
    fn alert_alone(&mut self) {
        let words = self.lower();
        let from = words.iter().take_while(|word| BEFORE_ALERTS.contains(&word.as_str())).count();
        let name = words.get(from..).unwrap_or_default().join("_");
        if let Some(code) = codes::all().find(|code| code.family == Family::TlsAlert && code.name == name) {
            // Windows has an error of some of these names too.
            let other = codes::by_name(&format!("ERROR_{}", name.to_uppercase())).filter(|_| from == 0);
            self.claim(0, words.len().saturating_sub(1), Meaning::Codes(other.into_iter().chain([code]).collect()));
        }
    }

    /// The word at `n` tells whose alert follows: `tls fatal alert unknown ca`.
    fn leads_to_an_alert(&self, n: usize) -> bool {
        let mut rest = self.words.iter().skip(n + 1).skip_while(|word| !word.claimed && label::is_filler(word.text));
        rest.next().is_some_and(|word| word.claimed && word.text.eq_ignore_ascii_case("alert"))
    }

    /// Sentences that were typed by hand.
    fn slips(&mut self) {
        for (from, to, meaning) in sentence::find_with_slips(&self.lower()) {
            self.claim(from, to, meaning);
        }
    }

    /// Ids and symbolic names.
    fn named(&mut self) {
        for n in 0..self.words.len() {
            let Some(word) = self.words.get(n).filter(|word| !word.claimed) else { continue };
            let rows: Vec<_> =
                Some(word.text).filter(|text| text.contains('_') || is_capitals(text)).into_iter().flat_map(codes::all_by_name).collect();
            let cause = word.text.contains('-').then(|| Cause::by_id(word.text)).flatten();
            let fault = self.faults.iter().find(|fault| fault.id.eq_ignore_ascii_case(word.text));
            if let Some(fault) = fault {
                self.claim(n, n, Meaning::Fault(*fault));
            } else if !rows.is_empty() {
                self.claim(n, n, Meaning::Codes(rows));
            } else if let Some(cause) = cause {
                self.claim(n, n, Meaning::Cause(cause));
            }
        }
    }

    /// Whole words, and plain numbers behind a label.
    fn labelled(&mut self) {
        for n in 0..self.words.len() {
            let Some(number) = self.words.get(n).filter(|word| !word.claimed).and_then(|word| Number::of(word.text)) else { continue };
            let (from, labels) = self.labels_before(n);
            if labels.is_empty() && (number.plain.is_some() || number.is_doubtful()) {
                continue;
            }
            let rows = rows_behind(number, &labels);
            let strongest = labels.iter().copied().reduce(|a, b| a.or(Some(b)));
            match strongest {
                _ if !rows.is_empty() => self.claim(from, n, Meaning::Codes(rows)),
                Some(label) => {
                    let close = n
                        .checked_sub(1)
                        .and_then(|n| self.words.get(n))
                        .is_some_and(|word| label::of(word.text, word.before_equals).is_some());
                    self.nameless.push((n, label, close))
                }
                None => {}
            }
        }
    }

    /// What was noted of the word at `n`; the notes are in the order of the words.
    fn nameless_at(&self, n: usize) -> Option<&(usize, Label, bool)> {
        self.nameless.binary_search_by_key(&n, |nameless| nameless.0).ok().and_then(|at| self.nameless.get(at))
    }

    /// The labels of the number at `n`, nearest first, and the word at which the first of them stands.
    fn labels_before(&self, n: usize) -> (usize, Vec<Label>) {
        let (mut from, mut labels) = (n, Vec::new());
        for (at, word) in self.words.iter().enumerate().take(n).rev().take(FAR_LABEL).take_while(|row| !row.1.claimed) {
            if let Some(label) = label::of(word.text, word.before_equals) {
                labels.push(label);
                from = at;
            } else if !label::is_filler(word.text) {
                break;
            } else if Layer::from_name(word.text).is_some() {
                from = at;
            }
        }
        (from, labels)
    }

    /// Numbers without a label, and layers.
    fn bare(&mut self) {
        let nothing = self.found.is_empty();
        for n in 0..self.words.len() {
            let Some(word) = self.words.get(n).filter(|word| !word.claimed) else { continue };
            let rows = Number::of(word.text).map(|number| number.rows(|_| true)).unwrap_or_default();
            // "Authentication failed" beside a code is no question about the layer.
            let layer = Layer::from_name(word.text).filter(|layer| word.text.eq_ignore_ascii_case(layer.name()) || nothing);
            if !rows.is_empty() && self.nameless_at(n).is_none() {
                self.claim(n, n, Meaning::Codes(rows));
            } else if let Some(layer) = layer.filter(|_| !self.leads_to_an_alert(n)) {
                self.claim(n, n, Meaning::Layer(layer));
            }
        }
    }

    /// Numbers in brackets of their own, as messages in other languages end: `(809)`.
    fn bracketed(&mut self) {
        for n in 0..self.words.len() {
            let Some(word) = self.words.get(n).filter(|word| !word.claimed && self.in_brackets(word)) else { continue };
            let rows = Number::of(word.text).map(|number| number.rows(stands_for_itself)).unwrap_or_default();
            if !rows.is_empty() {
                self.claim(n, n, Meaning::Codes(rows));
            }
        }
    }

    fn in_brackets(&self, word: &Word) -> bool {
        let (before, behind) = (self.text.get(..word.at), self.text.get(word.at + word.text.len()..));
        before.is_some_and(|text| text.ends_with(['(', '['])) && behind.is_some_and(|text| text.starts_with([')', ']']))
    }

    /// A sentence was found, or two words or more say nothing to this program: somebody's sentence.
    fn is_prose(&self) -> bool {
        let says_nothing = |word: &&Word| {
            let known = label::of(word.text, true).is_some() || label::is_filler(word.text) || Layer::from_name(word.text).is_some();
            !word.claimed && !known && Number::of(word.text).is_none() && !looks_like_a_name(word.text)
        };
        self.found.iter().any(|found| found.1 > found.0 + 2) || self.words.iter().filter(says_nothing).count() >= 2
    }

    /// What is to be told of as not known: when something is known only what looks like a code, else everything; of prose
    /// the text itself.
    fn unknown_ones(&self, prose: bool) -> Vec<Unknown> {
        let nothing = self.found.is_empty();
        let odd = |n: usize, word: &Word| {
            let number = Number::of(word.text);
            let labelled = self.nameless_at(n).is_some_and(|nameless| nameless.2 || nothing);
            looks_like_a_name(word.text) || number.is_some_and(|number| number.is_word() || labelled || !prose)
        };
        let numbers = self.words.iter().any(|word| Number::of(word.text).is_some());
        let passed = |word: &Word| numbers && (label::of(word.text, true).is_some() || label::is_filler(word.text));
        let told = |n: usize, word: &Word| !word.claimed && (odd(n, word) || nothing && !prose && !passed(word));
        let words = self.words.iter().enumerate().filter(|(n, word)| told(*n, word));
        let mut unknown: Vec<_> = words.take(MOST_UNKNOWN).map(|(n, word)| self.unknown(n, word)).collect();
        if nothing && unknown.is_empty() && !self.words.is_empty() {
            let says = self.foreign().or_else(|| self.case()).unwrap_or_default();
            unknown.push(Unknown { quoted: cut(self.text.trim()), says, near: sentence::near(&self.lower()) });
        }
        unknown
    }

    /// That the text has the form of a conformance case.
    fn case(&self) -> Option<String> {
        let parts: Vec<&str> = self.text.trim().split('/').collect();
        let fits = matches!(parts.as_slice(), [layer, section, _] if Layer::from_name(layer).is_some() && section.contains('.'));
        fits.then(|| "it looks like a case of the conformance suite, which `sstp-diag conformance show` explains".to_string())
    }

    /// That sentences of the language of the text are not known, or how well the one that was found is.
    fn foreign(&self) -> Option<String> {
        let words = self.lower();
        let language = speech::foreign(&words)?;
        match sentence::abroad(&words) {
            Some(Source::Printed) => return None,
            Some(Source::Page) => {
                return Some(format!(
                    "the sentence is known from Microsoft's pages in {language}; that Windows shows it in just these words is unverified"
                ));
            }
            Some(Source::Rendered) => {
                return Some(format!(
                    "the sentence is understood as what Windows says in {language} for the English one; nobody has met it in print: unverified"
                ));
            }
            None => {}
        }
        let rest = if self.found.is_empty() {
            "give the number that stands in the message or in RasClient event 20227"
        } else {
            "what is told here is what the numbers and names in it mean"
        };
        Some(format!(
            "the text looks like {language}, and sentences are known in English, few in German, French, Spanish and Italian; {rest}"
        ))
    }

    fn unknown(&self, n: usize, word: &Word) -> Unknown {
        let quoted = cut(word.text);
        let Some(number) = Number::of(word.text) else {
            let faults = self.faults.iter().map(|fault| fault.id);
            let mut near = if word.text.contains('.') { near::among(word.text, faults) } else { near::words(word.text) };
            if near.is_empty() && self.words.len() == 1 {
                near = near::nearest(word.text);
            }
            return Unknown { quoted, says: String::new(), near };
        };
        if let Some(value) = number.word.or(number.bare_hex) {
            // A small one is no HRESULT, whatever it was meant for.
            let alike = |code: &Code| code.hresult().is_some_and(|word| word >> 16 == value >> 16);
            let fits = |code: &Code| if value >> 28 == 0 { code.family.is_plain() } else { alike(code) };
            return Unknown { quoted, says: facility(value), near: near::numbers(value, fits) };
        }
        let label = self.nameless_at(n).map(|nameless| nameless.1);
        let meant = word.text.get(2..).filter(|_| word.text.starts_with(['0']) && !word.text.bytes().all(|byte| byte.is_ascii_digit()));
        let decimal = meant.and_then(|digits| digits.parse().ok()).map(codes::by_number).into_iter().flatten();
        let decimal: Vec<String> = decimal.filter(|code| code.family == Family::Ras).map(Code::shown).collect();
        if !decimal.is_empty() {
            return Unknown { quoted, says: "as a decimal number it would be one".to_string(), near: decimal };
        }
        let near =
            near::numbers(number.plain.unwrap_or_default(), |code| code.family.is_plain() && label.is_none_or(|label| label.allows(code)));
        let says = label.map(|label| format!("no number of {}", label.says())).unwrap_or_default();
        Unknown { quoted, says, near }
    }

    fn into_subjects(mut self) -> Vec<Subject> {
        // That a certificate does not verify stands in front of the reason why, which tells more.
        let of = |meaning: &Meaning, row: fn(&Code) -> bool| matches!(meaning, Meaning::Codes(rows) if rows.iter().all(|code| row(code)));
        let reason = self.found.iter().any(|found| of(&found.2, |code| code.family == Family::OpenSsl));
        self.found.sort_by_key(|found| (reason && of(&found.2, |code| code.name == codes::VERIFY_FAILED), found.0));
        let place = |n: usize| self.words.get(n).map(|word| (word.at, word.at + word.text.len())).unwrap_or_default();
        let quoted = |from: usize, to: usize| cut(self.text.get(place(from).0..place(to).1).unwrap_or_default());
        self.found.iter().map(|(from, to, meaning)| Subject { quoted: quoted(*from, *to), meaning: meaning.clone() }).collect()
    }
}

/// A number in brackets that is hardly a count, a port or a year: RAS, Winsock, WinHTTP, and long numbers of other families.
fn stands_for_itself(code: &Code) -> bool {
    match code.family {
        Family::Ras | Family::Winsock | Family::WinHttp => true,
        Family::Win32 | Family::Event => code.number >= 4_000,
        _ => false,
    }
}

/// The rows that all labels allow, else those of the most special label that allows any.
fn rows_behind(number: Number, labels: &[Label]) -> Vec<&'static Code> {
    let rows = number.rows(|code| labels.iter().all(|label| label.allows(code)));
    if !rows.is_empty() {
        return rows;
    }
    let mut rest = labels.to_vec();
    while let Some(label) = rest.iter().copied().reduce(|a, b| a.or(Some(b))) {
        let rows = number.rows(|code| label.allows(code));
        if !rows.is_empty() {
            return rows;
        }
        rest.retain(|other| *other != label);
    }
    Vec::new()
}

/// `eap 13`: the number of an EAP type, which has no row of its own and is no event.
fn eap_type(text: &str) -> Option<Unknown> {
    let words = words(text);
    let lower: Vec<String> = words.iter().map(Word::plain).collect();
    let number: u8 = match lower.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["eap" | "eap-type", number] | ["eap", "type", number] => number.parse().ok()?,
        _ => return None,
    };
    let title = eap::type_title(number);
    let says = if title == format!("EAP type {number}") {
        "it is no EAP type that is known here".to_string()
    } else {
        format!("as an EAP type it is {title}; EAP types are no codes")
    };
    Some(Unknown { quoted: cut(text.trim()), says, near: vec!["AUTH-EAP-METHOD-MISMATCH".to_string()] })
}

/// What the upper half of an unknown word says. Catalogue 2.1.
fn facility(word: u32) -> String {
    let low = word & 0xFFFF;
    if codes::is_openssl_3(word) {
        return "an error of the TLS code of OpenSSL that is not in the table".to_string();
    }
    let name = match word >> 16 {
        0x8007 => return format!("an HRESULT around the Win32 number {low}, which is not in the table"),
        0x8009 | 0x0009 => "the security provider or CryptoAPI",
        0x800B => "trust and certificate chain policy",
        0x8019 => return format!("an HRESULT around the HTTP status {low}, which is not in the table"),
        0x8042 => "the EAP host",
        high if high >> 12 == 0xC => return "an NTSTATUS that is not in the table".to_string(),
        high if high >> 12 == 0x8 => return format!("an HRESULT of facility {} that is not in the table", high & 0x7FF),
        _ => return String::new(),
    };
    format!("an HRESULT of {name} that is not in the table")
}

/// The word has the form of a finding id or of a symbolic name, and is no GUID.
fn looks_like_a_name(word: &str) -> bool {
    let id = word.split_once('-').is_some_and(|(layer, rest)| {
        let known = cause_prefixes().any(|prefix| layer.eq_ignore_ascii_case(prefix));
        known && rest.chars().any(char::is_alphabetic) && rest.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
    });
    let symbol = word.contains('_')
        && word.split('_').all(|part| !part.is_empty())
        && word.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_');
    let fault = word.split_once('.').is_some_and(|(layer, rest)| {
        let known = Layer::ALL.iter().any(|it| it.name() == layer);
        known && rest.contains('-') && rest.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
    });
    (id || symbol || fault) && !NO_CODES.contains(&word.trim_start_matches("SSTP_MSG_"))
}

/// The first words of finding ids.
fn cause_prefixes() -> impl Iterator<Item = &'static str> {
    ["DNS", "TCP", "PROXY", "TLS", "CERT", "HTTP", "SSTP", "LCP", "AUTH", "BIND", "IPCP", "IPV6CP", "CCP", "DATA", "TEAR"].into_iter()
}

fn is_layer(text: &str, layer: Layer) -> bool {
    Layer::from_name(text) == Some(layer) || layer.title().eq_ignore_ascii_case(text)
}

/// The text cut to a length that can be quoted.
fn cut(text: &str) -> String {
    let mut short: String = text.chars().take(QUOTED).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

/// Words in front of the name of an alert.
const BEFORE_ALERTS: [&str; 4] = ["tls", "ssl", "fatal", "alert"];
/// What can be asked.
const UNDERSTOOD: &str = "what is understood are codes (691, 0x800B0101, -2146762495, CERT_E_EXPIRED), error sentences in English (few in German, French, Spanish, Italian), \
     Windows events, lines of clients and servers, findings, layers and faults of the lab; --log FILE reads logs";
/// Ours: a label stands at most so many words before its number ("error code returned on failure is").
const FAR_LABEL: usize = 7;
/// Ours: longer parts of the text are cut when they are quoted.
const QUOTED: usize = 100;
/// Ours: a text full of unknown words names this many of them.
const MOST_UNKNOWN: usize = 20;
/// `WSAETIMEDOUT`: a name in capitals that no word of a sentence is.
fn is_capitals(word: &str) -> bool {
    word.len() >= 6 && word.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit())
}
/// Names in capitals that stand in messages and are no codes: messages of SSTP, the registry.
#[rustfmt::skip]
const NO_CODES: &[&str] = &[
    "CALL_CONNECT_REQUEST", "CALL_CONNECT_ACK", "CALL_CONNECT_NAK", "CALL_CONNECTED", "CALL_ABORT", "CALL_DISCONNECT",
    "CALL_DISCONNECT_ACK", "ECHO_REQUEST", "ECHO_RESPONSE", "SSTP_DUPLEX_POST", "REG_BINARY", "REG_DWORD",
    "HKEY_LOCAL_MACHINE", "HKEY_CURRENT_USER",
];
