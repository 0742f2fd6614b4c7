//! What a user pastes, explained. `words` finds what it names; `how` names the commands that test a cause.

mod how;

pub use super::words::{ChapMessage, Explained, LabFault, Meaning, Subject, Unknown};
pub use how::{How, of_cause, of_fault, of_layer};

use super::cause::Cause;
use super::codes::Code;
use super::log::{LogFormat, Outcome};
use super::{log, words};

/// Explains `text`: codes in any dress, finding ids, ids of `faults`, layers, error sentences, lines of logs, a Windows event
/// as XML or as Event Viewer copies it. Of longer text than [`MAX_TEXT`] the beginning is read.
pub fn explain(text: &str, faults: &[LabFault]) -> Explained {
    let end = (0..=text.len().min(MAX_TEXT)).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    let (text, left) = text.split_at_checked(end).unwrap_or_default();
    let mut explained = event(text).unwrap_or_else(|| words::read(text, faults));
    if explained.subjects.is_empty()
        && let Some(subjects) = lines(text)
    {
        explained = Explained { subjects, ..Explained::default() };
    }
    once(&mut explained.subjects);
    if !left.is_empty() {
        explained.notes.push(format!("only the first {} KiB were read; --log FILE reads files of any size", MAX_TEXT / 1024));
    }
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
    (!subjects.is_empty()).then_some(Explained { subjects, ..Explained::default() })
}

/// Lines of a client or a server whose phrases are known: the causes they point to.
fn lines(text: &str) -> Option<Vec<Subject>> {
    let read = log::read(text.as_bytes(), Some(LogFormat::Plain));
    let mut subjects = Vec::new();
    for line in read.lines.iter().filter(|line| line.outcome == Outcome::Failure).take(MOST_LINES) {
        let causes = line.checks.iter().take(CAUSES_OF_A_LINE).filter_map(|id| Cause::by_id(id));
        subjects.extend(causes.map(|cause| Subject { quoted: line.quoted.clone(), meaning: Meaning::Cause(cause) }));
    }
    (!subjects.is_empty()).then_some(subjects)
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
            Meaning::Chap(message) => seen.iter().any(|other| matches!(other, Meaning::Chap(known) if known == message)),
            Meaning::Fault(fault) => seen.iter().any(|other| matches!(other, Meaning::Fault(known) if known == fault)),
        };
        if !repeated {
            seen.push(subject.meaning.clone());
        }
        !repeated
    });
}

/// Ours: 256 KiB; text behind them is not read. A pasted event has a few KiB.
pub const MAX_TEXT: usize = 1 << 18;

/// Ours: more lines than these belong into a file that --log reads.
const MOST_LINES: usize = 20;

/// Ours: so many causes of a line are told.
const CAUSES_OF_A_LINE: usize = 3;

#[cfg(test)]
mod tests;
