//! What a user pastes, explained. `words` finds what it names; `how` names the commands that test a cause.

mod how;

pub use super::words::{Explained, Meaning, Subject, Unknown};
pub use how::{How, of_cause, of_layer};

use super::codes::Code;
use super::{log, words};

/// Explains `text`: codes in any dress, finding ids, layers, error sentences, a Windows event as XML or as Event Viewer
/// copies it. Of longer text than [`MAX_TEXT`] the beginning is read.
pub fn explain(text: &str) -> Explained {
    let end = (0..=text.len().min(MAX_TEXT)).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    let text = text.get(..end).unwrap_or_default();
    let mut explained = event(text).unwrap_or_else(|| words::read(text));
    once(&mut explained.subjects);
    explained
}

/// A pasted event: the codes in it, the most telling first.
fn event(text: &str) -> Option<Explained> {
    let read = log::read(text.as_bytes(), Some(log::pasted_event(text)?));
    let mut subjects = Vec::new();
    for line in &read.lines {
        let subject = |code: &&'static Code| Subject { quoted: line.named(), meaning: Meaning::Codes(vec![*code]) };
        subjects.extend(line.codes.iter().map(subject));
    }
    (!subjects.is_empty()).then_some(Explained { subjects, unknown: Vec::new() })
}

/// Drops what an earlier part names already.
fn once(subjects: &mut Vec<Subject>) {
    let mut seen: Vec<Meaning> = Vec::new();
    subjects.retain_mut(|subject| {
        if let Meaning::Codes(rows) = &mut subject.meaning {
            let known = |row: &&'static Code| seen.iter().any(|other| matches!(other, Meaning::Codes(rows) if rows.contains(row)));
            rows.retain(|row| !known(row));
        }
        let repeated = match &subject.meaning {
            Meaning::Codes(rows) => rows.is_empty(),
            Meaning::Cause(cause) => seen.iter().any(|other| matches!(other, Meaning::Cause(known) if known.id() == cause.id())),
            Meaning::Layer(layer) => seen.iter().any(|other| matches!(other, Meaning::Layer(known) if known == layer)),
        };
        if !repeated {
            seen.push(subject.meaning.clone());
        }
        !repeated
    });
}

/// Ours: 256 KiB; text behind them is not read. A pasted event has a few KiB.
pub const MAX_TEXT: usize = 1 << 18;

#[cfg(test)]
mod tests;
