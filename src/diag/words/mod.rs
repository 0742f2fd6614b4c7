//! What the words of a text name: codes in any dress, finding ids, layers, error sentences.
//!
//! `token` cuts the text into words and numbers, `dress` finds what they name; `label` says which families a word in front
//! of a number allows; `sentence` knows error sentences, `chap` the failure message of MS-CHAPv2; `near` finds what was
//! probably meant, `speech` the language.

mod chap;
mod dress;
mod label;
mod near;
mod sentence;
mod speech;
mod token;

pub use chap::ChapMessage;
pub use dress::read;
pub use near::among;

use super::cause::Cause;
use super::codes::Code;
use crate::base::Layer;

/// What a part of the text names.
#[derive(Clone)]
pub enum Meaning {
    /// Rows of the code table; several when the number stands in several families.
    Codes(Vec<&'static Code>),
    /// A cause.
    Cause(Cause),
    /// A layer.
    Layer(Layer),
    /// The message of an MS-CHAPv2 failure.
    Chap(ChapMessage),
    /// Something that can be wrong in the lab.
    Fault(LabFault),
}

/// Something that can be wrong in the lab, as far as it can be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LabFault {
    /// Its id: `cert.expired`.
    pub id: &'static str,
    /// Where it is wrong.
    pub layer: Layer,
    /// What is wrong.
    pub title: &'static str,
    /// What it is for: `fault`, `oddity` or `mutant`.
    pub kind: &'static str,
    /// The id of the check that finds it; empty where none does.
    pub found_by: &'static str,
}

/// A part of the text, and what it names.
#[derive(Clone)]
pub struct Subject {
    /// The part as it was written, cut to a readable length.
    pub quoted: String,
    /// What it names.
    pub meaning: Meaning,
}

/// A part of the text that names nothing known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unknown {
    /// The part as it was written, cut to a readable length.
    pub quoted: String,
    /// What can be said of it all the same: the facility of an HRESULT, the family asked for. May be empty.
    pub says: String,
    /// What was probably meant, nearest first.
    pub near: Vec<String>,
}

/// The whole text, explained.
#[derive(Clone, Default)]
pub struct Explained {
    /// What is known, in the order of the text, everything once.
    pub subjects: Vec<Subject>,
    /// What is not, and looks as if it should be.
    pub unknown: Vec<Unknown>,
    /// What is to be said of the text as a whole.
    pub notes: Vec<String>,
}

/// The codes that a text names by label, name or sentence, each once; bare numbers in it are not taken for codes.
pub fn codes_in(text: &str) -> Vec<&'static Code> {
    let mut codes = Vec::new();
    for subject in dress::labelled(text) {
        if let Meaning::Codes(rows) = subject.meaning {
            rows.into_iter().for_each(|row| {
                if !codes.contains(&row) {
                    codes.push(row)
                }
            });
        }
    }
    codes
}

#[cfg(test)]
mod tests;
