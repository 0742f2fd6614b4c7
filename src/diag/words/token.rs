//! Words of a text, and numbers in every dress.

use super::label;
use crate::diag::cause::Cause;
use crate::diag::codes::{self, Code, Family};

/// One word of the text.
pub struct Word<'a> {
    /// As it was written.
    pub text: &'a str,
    /// Where it begins, in bytes.
    pub at: usize,
    /// An equals sign follows.
    pub before_equals: bool,
    /// It is part of something found.
    pub claimed: bool,
}

/// Cuts a text into words: letters, digits, and `_`, `-`, `.` within them. A label and its number written as one, `Error691`,
/// are two words.
pub fn words(text: &str) -> Vec<Word<'_>> {
    let mut words = Vec::new();
    let mut start = None;
    for (at, c) in text.char_indices().chain([(text.len(), ' ')]) {
        let inside = c.is_alphanumeric() || HYPHENS.contains(&c) || "_-.".contains(c) || start.is_none() && SIGNS.contains(&c);
        match (start, inside) {
            (None, true) => start = Some(at),
            (Some(from), false) => {
                let word = word(text, from, at, c == '=');
                let parts = word.as_ref().and_then(Word::parts);
                words.extend(parts.map_or_else(|| word.into_iter().collect::<Vec<_>>(), |(label, number)| vec![label, number]));
                start = None;
            }
            _ => {}
        }
    }
    words
}

/// The word between two places without the punctuation around it; a minus stays in front of a digit.
fn word(text: &str, from: usize, to: usize, before_equals: bool) -> Option<Word<'_>> {
    let minus = |c: char| c == '-' || SIGNS.contains(&c) || HYPHENS.contains(&c);
    let edge = |c: char| c == '.' || minus(c);
    let piece = text.get(from..to)?.trim_end_matches(edge);
    let bare = piece.trim_start_matches(edge);
    let lead = piece.get(..piece.len() - bare.len()).and_then(|lead| lead.chars().next_back()).filter(|c| minus(*c));
    let sign = lead.filter(|_| bare.starts_with(|c: char| c.is_ascii_digit())).map_or(0, char::len_utf8);
    let kept = piece.get(piece.len() - bare.len() - sign..)?;
    (!kept.is_empty()).then(|| Word { text: kept, at: from + piece.len() - kept.len(), before_equals, claimed: false })
}

impl<'a> Word<'a> {
    /// A label and the number behind it. Fewer than three digits are part of a name: `VPN2`.
    fn parts(&self) -> Option<(Word<'a>, Word<'a>)> {
        let digits = self.text.find(|c: char| c.is_ascii_digit())?;
        let (name, number) = self.text.split_at_checked(digits)?;
        let label = name.trim_end_matches('-');
        // `HTTP-404` is a finding.
        let fits = Cause::by_id(self.text).is_none()
            && number.len() >= 3
            && number.bytes().all(|byte| byte.is_ascii_digit())
            && label::of(label, false).is_some();
        let word = |text, at, before_equals| Word { text, at, before_equals, claimed: false };
        fits.then(|| (word(label, self.at, false), word(number, self.at + digits, self.before_equals)))
    }

    /// In small letters, with plain hyphens.
    pub fn plain(&self) -> String {
        self.text.to_lowercase().replace(HYPHENS, "-")
    }
}

/// What word processors make of a minus in front of a number.
const SIGNS: [char; 4] = ['\u{2212}', '\u{2013}', '\u{FE63}', '\u{FF0D}'];

/// Hyphens that are no minus of ASCII, the one that does not break a line among them.
const HYPHENS: [char; 2] = ['\u{2010}', '\u{2011}'];

/// A number as the forms in which it can be looked up.
#[derive(Clone, Copy, Default)]
pub struct Number {
    /// A plain number of a family.
    pub plain: Option<u32>,
    /// A whole 32-bit word: an HRESULT, an NTSTATUS or an error of OpenSSL.
    pub word: Option<u32>,
    /// Eight decimal digits may be a word in hexadecimal without its `0x`.
    pub bare_hex: Option<u32>,
}

impl Number {
    /// The number that a word is, if it is one.
    pub fn of(word: &str) -> Option<Number> {
        if word.chars().any(|c| (FULL_WIDTH..=FULL_WIDTH_END).contains(&c)) {
            let narrow =
                |c| (FULL_WIDTH..=FULL_WIDTH_END).contains(&c).then(|| char::from_u32(u32::from(c) - 0xFEE0)).flatten().unwrap_or(c);
            return Number::of(&word.chars().map(narrow).collect::<String>());
        }
        // Assemblers write 80092013h.
        if let Some(hex) = word.strip_suffix(['h', 'H']).filter(|hex| hex.len() == 8) {
            return u32::from_str_radix(hex, 16).ok().map(Number::sized);
        }
        // BASIC writes &H80092013; the ampersand is no letter.
        if let Some(hex) = word.strip_prefix(['h', 'H']).filter(|hex| hex.len() == 8) {
            return u32::from_str_radix(hex, 16).ok().map(Number::sized);
        }
        if let Some(word) = widened(word) {
            return Some(Number { word: Some(word), ..Number::default() });
        }
        if let Some(hex) = word.strip_prefix("0x").or_else(|| word.strip_prefix("0X")) {
            // C programs end constants so: 0x80090326L.
            let value = u32::from_str_radix(hex.trim_end_matches(['L', 'l', 'U', 'u']), 16).ok()?;
            return Some(Number::sized(value));
        }
        if let Some(digits) = word.strip_prefix(|c| c == '-' || SIGNS.contains(&c) || HYPHENS.contains(&c)) {
            let value: i32 = format!("-{digits}").parse().ok()?;
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
    pub fn rows(self, allowed: impl Fn(&Code) -> bool) -> Vec<&'static Code> {
        let word =
            |value: u32| codes::by_number(value).filter(move |code| code.hresult() == Some(value) || code.family == Family::NtStatus);
        let values = || self.word.into_iter().chain(self.bare_hex);
        let mut rows: Vec<_> = values().flat_map(word).chain(values().filter_map(codes::openssl)).collect();
        // A signed word whose minus was lost: 2146762495. No HRESULT that tells of an error is so small.
        if rows.is_empty() && self.bare_hex.is_none() {
            rows.extend(self.word.filter(|value| value >> 31 == 0).map(u32::wrapping_neg).into_iter().flat_map(word));
        }
        if let Some(value) = self.plain {
            rows.extend(codes::by_number(value).filter(|code| code.family.is_plain() && code.number == value && allowed(code)));
        }
        rows
    }

    /// It can only be a whole word, so it names a code whatever stands around it.
    pub fn is_word(self) -> bool {
        self.word.or(self.bare_hex).is_some_and(|value| value >> 28 == 0x8 || value >> 28 == 0xC || codes::is_openssl_3(value))
    }

    /// Digits only, where only hexadecimal makes sense of them: `80090326`, but `20240301` is a day.
    pub fn is_doubtful(self) -> bool {
        self.word.is_some() && self.bare_hex.is_some_and(|value| codes::openssl(value).is_some())
    }
}

/// The lower half of a word of 64 bits into which an HRESULT was widened with its sign, as .NET and PowerShell print it:
/// `0xFFFFFFFF80092013`, `18446744071562272787`.
fn widened(word: &str) -> Option<u32> {
    let hex = word.strip_prefix("0x").or_else(|| word.strip_prefix("0X")).unwrap_or(word);
    let wide = if hex.len() == 16 { u64::from_str_radix(hex, 16).ok()? } else { word.parse().ok()? };
    let low = u32::try_from(wide & u64::from(u32::MAX)).ok()?;
    (wide >> 31 == u64::from(u32::MAX) << 1 | 1).then_some(low)
}

/// The digits and letters of East Asian fonts, as wide as a character: U+FF01 to U+FF5E are U+0021 to U+007E.
const FULL_WIDTH: char = '\u{FF10}';
const FULL_WIDTH_END: char = '\u{FF5A}';
