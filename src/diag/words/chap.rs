//! The message of an MS-CHAPv2 failure, which is one thing and not the codes in it. RFC 2759 section 6.

use super::token::{Number, Word};
use crate::diag::codes::{self, Code, Family};
use crate::wire::chap::MsChapFailure;

/// A failure message, field by field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChapMessage {
    failure: MsChapFailure,
}

impl ChapMessage {
    /// The row of its `E=`.
    pub fn code(&self) -> Option<&'static Code> {
        let number = self.failure.error?;
        codes::by_number(number).find(|code| code.family == Family::MsChap && code.number == number)
    }

    /// The fields that are there, with what each says; and the challenge when it is missing.
    pub fn fields(&self) -> Vec<(&'static str, String)> {
        let error = |number: u32| match self.code() {
            Some(code) => format!("{number} {}: {}", code.name, code.means),
            None => format!("{number}: no error of RFC 2759"),
        };
        let MsChapFailure { retry, version, message, .. } = &self.failure;
        let fields = [
            ("E", self.failure.error.map(error)),
            ("R", retry.map(retry_says)),
            ("C", self.challenge()),
            ("V", version.map(version_says)),
            ("M", message.as_ref().map(|text| format!("\"{text}\": text for the user"))),
        ];
        fields.into_iter().filter_map(|(name, says)| Some((name, says?))).collect()
    }

    fn challenge(&self) -> Option<String> {
        match &self.failure.challenge {
            Some(bytes) if bytes.len() == CHALLENGE => Some("the challenge for another try, 16 bytes; it is no secret".to_string()),
            Some(bytes) => Some(format!("a challenge of {} bytes; it must have {CHALLENGE}", bytes.len())),
            None if self.failure.retry == Some(true) => {
                Some("not readable or not there: another try needs a challenge of 16 bytes".to_string())
            }
            None => None,
        }
    }
}

fn retry_says(retry: bool) -> String {
    let says = if retry { "1: another try is allowed on this call" } else { "0: no other try on this call; it has to be dialled again" };
    says.to_string()
}

fn version_says(version: u32) -> String {
    match version {
        3 => "3: passwords are changed as in MS-CHAPv2".to_string(),
        2 => "2: passwords are changed as in the first MS-CHAP; MS-CHAPv2 says 3".to_string(),
        other => format!("{other}: unknown; MS-CHAPv2 says 3"),
    }
}

/// The message that begins with the word at `from`: its last word, and what it says. `E=` alone is a code and no message.
pub fn at(text: &str, words: &[Word], from: usize) -> Option<(usize, ChapMessage)> {
    let named = |n: usize, names: &[&str]| words.get(n).is_some_and(|word| word.before_equals && names.contains(&word.text));
    let number = words.get(from + 1).and_then(|word| Number::of(word.text)).is_some_and(|number| number.plain.is_some());
    if !named(from, &["E"]) || !number {
        return None;
    }
    let mut next = from + 2;
    while named(next, &["R", "C", "V"]) {
        next += if named(next + 1, &["R", "C", "V", "M"]) { 1 } else { 2 };
    }
    let begin = words.get(from)?.at;
    let (end, last) = if named(next, &["M"]) {
        let rest = text.get(words.get(next)?.at..)?;
        let end = words.get(next)?.at + rest.find(['"', '\n', '\r', '<']).unwrap_or(rest.len());
        (end, words.iter().rposition(|word| word.at < end)?)
    } else {
        let last = (next - 1).min(words.len().checked_sub(1)?);
        let word = words.get(last)?;
        (word.at + word.text.len(), last)
    };
    let failure = MsChapFailure::parse(text.get(begin..end)?.trim_end().as_bytes());
    (last > from + 1).then_some((last, ChapMessage { failure }))
}

/// RFC 2759 section 6: the challenge has 16 bytes.
const CHALLENGE: usize = 16;
