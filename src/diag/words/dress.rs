//! Words of a text and what they name: numbers in every dress, symbolic names, ids, layers.

use super::label::{self, Label};
use super::{Explained, Meaning, Subject, Unknown, near, sentence};
use crate::base::Layer;
use crate::diag::cause::Cause;
use crate::diag::codes::{self, Code, Family};

/// Everything that the text names. A text of prose has its bare numbers and its plain words passed over; in a list of
/// codes each word must name something.
pub fn read(text: &str) -> Explained {
    if let Some(layer) = Layer::ALL.into_iter().find(|layer| is_layer(text.trim(), *layer)) {
        let subject = Subject { quoted: cut(text.trim()), meaning: Meaning::Layer(layer) };
        return Explained { subjects: vec![subject], unknown: Vec::new() };
    }
    let mut reading = Reading::of(text);
    reading.sentences();
    reading.named();
    reading.labelled();
    let prose = reading.is_prose();
    if !prose || reading.found.is_empty() {
        reading.bare(!prose);
    }
    let unknown = if prose { reading.lost_in_prose() } else { reading.lost() };
    Explained { subjects: reading.into_subjects(), unknown }
}

/// What the text names by sentence, name or labelled number, whatever its form.
pub fn labelled(text: &str) -> Vec<Subject> {
    let mut reading = Reading::of(text);
    reading.sentences();
    reading.named();
    reading.labelled();
    reading.into_subjects()
}

/// One word of the text.
pub struct Word<'a> {
    /// As it was written.
    pub text: &'a str,
    /// Where it begins, in bytes.
    at: usize,
    /// An equals sign follows.
    before_equals: bool,
    /// It is part of something found.
    claimed: bool,
}

/// Cuts a text into words: letters, digits, and `_`, `-`, `.` within them.
pub fn words(text: &str) -> Vec<Word<'_>> {
    let mut words = Vec::new();
    let mut start = None;
    for (at, c) in text.char_indices().chain([(text.len(), ' ')]) {
        let inside = c.is_alphanumeric() || "_-.".contains(c);
        match (start, inside) {
            (None, true) => start = Some(at),
            (Some(from), false) => {
                words.extend(word(text, from, at, c == '='));
                start = None;
            }
            _ => {}
        }
    }
    words
}

/// The word between two places without the punctuation around it; a minus stays in front of a digit.
fn word(text: &str, from: usize, to: usize, before_equals: bool) -> Option<Word<'_>> {
    let piece = text.get(from..to)?.trim_end_matches(['.', '-']);
    let bare = piece.trim_start_matches(['.', '-']);
    let signed = piece.len() > bare.len() && piece.ends_with(bare) && bare.starts_with(|c: char| c.is_ascii_digit());
    let minus = signed && piece.get(..piece.len() - bare.len()).is_some_and(|lead| lead.ends_with('-'));
    let kept = if minus { piece.get(piece.len() - bare.len() - 1..)? } else { bare };
    (!kept.is_empty()).then(|| Word { text: kept, at: from + piece.len() - kept.len(), before_equals, claimed: false })
}

/// A number as the forms in which it can be looked up.
#[derive(Clone, Copy, Default)]
struct Number {
    /// A plain number of a family.
    plain: Option<u32>,
    /// A whole 32-bit word: an HRESULT or an NTSTATUS.
    word: Option<u32>,
    /// Eight decimal digits may be a word in hexadecimal without its `0x`.
    bare_hex: Option<u32>,
}

impl Number {
    fn of(word: &str) -> Option<Number> {
        if let Some(hex) = word.strip_prefix("0x").or_else(|| word.strip_prefix("0X")) {
            let value = u32::from_str_radix(hex, 16).ok()?;
            return Some(Number::sized(value));
        }
        if word.starts_with('-') {
            let value: i32 = word.parse().ok()?;
            return Some(Number { word: Some(value.cast_unsigned()), ..Number::default() });
        }
        let hex = |word: &str| (word.len() == 8).then(|| u32::from_str_radix(word, 16).ok()).flatten();
        if word.bytes().all(|byte| byte.is_ascii_digit()) {
            let value: u32 = word.parse().ok()?;
            return Some(Number { bare_hex: hex(word), ..Number::sized(value) });
        }
        let mixed = word.bytes().any(|byte| byte.is_ascii_digit());
        let value = hex(word).filter(|_| mixed && word.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
        Some(Number { bare_hex: Some(value), ..Number::default() })
    }

    fn sized(value: u32) -> Number {
        if value > 0xFFFF { Number { word: Some(value), ..Number::default() } } else { Number { plain: Some(value), ..Number::default() } }
    }

    /// The rows it names; a plain number only those that `allowed` lets through.
    fn rows(self, allowed: impl Fn(&Code) -> bool) -> Vec<&'static Code> {
        let word =
            |value: u32| codes::by_number(value).filter(move |code| code.hresult() == Some(value) || code.family == Family::NtStatus);
        let mut rows: Vec<_> = self.word.into_iter().chain(self.bare_hex).flat_map(word).collect();
        if let Some(value) = self.plain {
            rows.extend(codes::by_number(value).filter(|code| code.family.is_plain() && code.number == value && allowed(code)));
        }
        rows
    }

    /// It can only be a whole word, so it names a code whatever stands around it.
    fn is_word(self) -> bool {
        self.word.or(self.bare_hex).is_some_and(|value| value >> 28 == 0x8 || value >> 28 == 0xC)
    }
}

struct Reading<'a> {
    text: &'a str,
    words: Vec<Word<'a>>,
    /// Index of the first word, the last word, and what they name.
    found: Vec<(usize, usize, Meaning)>,
    /// Words of numbers that carry a label and name no row, with that label.
    nameless: Vec<(usize, Label)>,
}

impl<'a> Reading<'a> {
    fn of(text: &'a str) -> Reading<'a> {
        Reading { text, words: words(text), found: Vec::new(), nameless: Vec::new() }
    }

    fn claim(&mut self, from: usize, to: usize, meaning: Meaning) {
        self.words.iter_mut().take(to + 1).skip(from).for_each(|word| word.claimed = true);
        self.found.push((from, to, meaning));
    }

    fn sentences(&mut self) {
        let lower: Vec<String> = self.words.iter().map(|word| word.text.to_lowercase()).collect();
        for (from, to, rows) in sentence::find(&lower) {
            self.claim(from, to, Meaning::Codes(rows));
        }
    }

    /// Ids and symbolic names.
    fn named(&mut self) {
        for n in 0..self.words.len() {
            let Some(word) = self.words.get(n).filter(|word| !word.claimed) else { continue };
            let rows: Vec<_> =
                Some(word.text).filter(|text| text.contains('_') || is_capitals(text)).into_iter().flat_map(codes::all_by_name).collect();
            let cause = word.text.contains('-').then(|| Cause::by_id(word.text)).flatten();
            if !rows.is_empty() {
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
            if number.plain.is_some() && labels.is_empty() {
                continue;
            }
            let rows = rows_behind(number, &labels);
            let strongest = labels.iter().copied().reduce(|a, b| a.or(Some(b)));
            match strongest {
                _ if !rows.is_empty() => self.claim(from, n, Meaning::Codes(rows)),
                Some(label) => self.nameless.push((n, label)),
                None => {}
            }
        }
    }

    /// The labels of the number at `n`, nearest first, and the word at which the first of them stands.
    fn labels_before(&self, n: usize) -> (usize, Vec<Label>) {
        let (mut from, mut labels) = (n, Vec::new());
        for (at, word) in self.words.iter().enumerate().take(n).rev().take(FAR_LABEL) {
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
    fn bare(&mut self, with_layers: bool) {
        for n in 0..self.words.len() {
            let Some(word) = self.words.get(n).filter(|word| !word.claimed) else { continue };
            let rows = Number::of(word.text).map(|number| number.rows(|_| true)).unwrap_or_default();
            let layer = Layer::from_name(word.text).filter(|_| with_layers);
            if !rows.is_empty() && !self.nameless.iter().any(|nameless| nameless.0 == n) {
                self.claim(n, n, Meaning::Codes(rows));
            } else if let Some(layer) = layer {
                self.claim(n, n, Meaning::Layer(layer));
            }
        }
    }

    /// Two words or more that say nothing to this program: somebody's sentence.
    fn is_prose(&self) -> bool {
        let says_nothing = |word: &&Word| {
            let known = label::of(word.text, true).is_some() || label::is_filler(word.text) || Layer::from_name(word.text).is_some();
            !word.claimed && !known && Number::of(word.text).is_none() && !looks_like_a_name(word.text)
        };
        self.words.iter().filter(says_nothing).count() >= 2
    }

    /// Words of a list that name nothing.
    fn lost(&self) -> Vec<Unknown> {
        let something = !self.found.is_empty() || self.words.iter().any(|word| !word.claimed && Number::of(word.text).is_some());
        let passed = |word: &Word| something && (label::of(word.text, true).is_some() || label::is_filler(word.text));
        let words = self.words.iter().enumerate().filter(|(_, word)| !word.claimed && !passed(word));
        words.take(MOST_UNKNOWN).map(|(n, word)| self.unknown(n, word)).collect()
    }

    /// What looks like an id or a code in a sentence and is none; the sentence itself when nothing in it is known.
    fn lost_in_prose(&self) -> Vec<Unknown> {
        let odd = |n: usize, word: &Word| {
            let number = Number::of(word.text);
            let labelled = self.nameless.iter().any(|nameless| nameless.0 == n);
            !word.claimed && (looks_like_a_name(word.text) || number.is_some_and(Number::is_word) || number.is_some() && labelled)
        };
        let words = self.words.iter().enumerate().filter(|(n, word)| odd(*n, word));
        let mut unknown: Vec<_> = words.take(MOST_UNKNOWN).map(|(n, word)| self.unknown(n, word)).collect();
        if unknown.is_empty() && self.found.is_empty() {
            let lower: Vec<String> = self.words.iter().map(|word| word.text.to_lowercase()).collect();
            unknown.push(Unknown { quoted: cut(self.text.trim()), says: String::new(), near: sentence::near(&lower) });
        }
        unknown
    }

    fn unknown(&self, n: usize, word: &Word) -> Unknown {
        let quoted = cut(word.text);
        let Some(number) = Number::of(word.text) else {
            return Unknown { quoted, says: String::new(), near: near::words(word.text) };
        };
        if let Some(value) = number.word.or(number.bare_hex) {
            return Unknown {
                quoted,
                says: facility(value),
                near: near::numbers(value, |code| code.hresult().is_some_and(|word| word >> 16 == value >> 16)),
            };
        }
        let label = self.nameless.iter().find(|nameless| nameless.0 == n).map(|nameless| nameless.1);
        let near =
            near::numbers(number.plain.unwrap_or_default(), |code| code.family.is_plain() && label.is_none_or(|label| label.allows(code)));
        let says = label.map(|label| format!("no number of {}", label.says())).unwrap_or_default();
        Unknown { quoted, says, near }
    }

    fn into_subjects(mut self) -> Vec<Subject> {
        self.found.sort_by_key(|found| found.0);
        let place = |n: usize| self.words.get(n).map(|word| (word.at, word.at + word.text.len())).unwrap_or_default();
        let quoted = |from: usize, to: usize| cut(self.text.get(place(from).0..place(to).1).unwrap_or_default());
        self.found.iter().map(|(from, to, meaning)| Subject { quoted: quoted(*from, *to), meaning: meaning.clone() }).collect()
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

/// What the upper half of an unknown word says. Catalogue 2.1.
fn facility(word: u32) -> String {
    let low = word & 0xFFFF;
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
    id || symbol
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
