//! What came of playing: what was said and heard, and where it differs from the recording.

use super::compare::Part;
use super::message::Said;
use super::moment::Substituted;
use crate::base::Micros;
use crate::transcript::How;
use std::collections::BTreeSet;
use std::time::Duration;

/// What came of playing one course.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// Everything that was to be said was said, and everything that was to come came.
    pub through: bool,
    /// It is over, whatever it came to.
    pub ended: bool,
    /// The user wanted to stop.
    pub interrupted: bool,
    /// Messages sent.
    pub said: u64,
    /// Messages that came and were compared.
    pub heard: u64,
    /// Messages that came and were not compared: keep-alives, and what `--ignore` names.
    pub passed_over: u64,
    /// Messages that came again.
    pub repeated: u64,
    /// Messages of a peer that floods, which are in the counts and were not kept.
    pub flooded: u64,
    /// Where it differs, in the order in which it was noticed.
    pub divergences: Vec<Divergence>,
    /// Divergences beyond those that are kept.
    pub more: u64,
    /// What was sent otherwise than recorded.
    pub substituted: Vec<Substituted>,
    /// Edits that were applied.
    pub edited: Vec<String>,
    /// Which of the course's patterns have passed over something that came.
    pub ignored: BTreeSet<usize>,
    /// What was said and heard, in order.
    pub rows: Vec<Row>,
}

/// A message as it was said or heard, beside its place in the recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Place in the recording; `None`: the recording does not have it.
    pub step: Option<usize>,
    /// The message; `None`: an edit dropped it.
    pub live: Option<Said>,
    /// Fields in which it differs.
    pub parts: Vec<Part>,
}

/// A place where it differs from the recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Divergence {
    /// Place in the recording.
    pub step: Option<usize>,
    /// When.
    pub at: Micros,
    /// How.
    pub kind: Kind,
}

/// How it differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The same message with other fields.
    Fields {
        /// The message.
        message: String,
        /// The fields.
        parts: Vec<Part>,
    },
    /// Another message.
    Other {
        /// The one recorded.
        expected: String,
        /// The one that came.
        came: String,
    },
    /// A message did not come.
    Missing {
        /// The one recorded.
        message: String,
        /// How long it was waited for.
        after: Duration,
    },
    /// A message that the recording does not have.
    Extra {
        /// The one that came.
        message: String,
        /// What was to be next.
        next: Next,
    },
    /// A message came twice that the recording has once, and not because nobody had answered it in time.
    Again {
        /// The message.
        message: String,
        /// Why that is no retransmission, a clause.
        why: &'static str,
    },
    /// The peer ended the connection too early.
    Closed {
        /// How.
        how: How,
        /// The message that was to be next.
        before: String,
    },
    /// A login that is made anew as a whole did not come about.
    Login {
        /// Why.
        says: String,
    },
    /// The peer did not end the connection where the recording does.
    StaysOpen {
        /// How long it was waited for.
        after: Duration,
    },
}

/// What was to be next in the recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// The peer was to say this.
    Heard(String),
    /// We were to say this.
    Said(String),
    /// Nothing any more.
    End,
}

impl Kind {
    /// A word for it, in JSON.
    pub fn name(&self) -> &'static str {
        match self {
            Kind::Fields { .. } => "fields",
            Kind::Other { .. } => "other-message",
            Kind::Missing { .. } => "missing",
            Kind::Extra { .. } => "extra",
            Kind::Again { .. } => "again",
            Kind::Closed { .. } => "closed",
            Kind::StaysOpen { .. } => "stays-open",
            Kind::Login { .. } => "login",
        }
    }
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Kind::Fields { message, parts } => {
                let names: Vec<_> = parts.iter().take(NAMED).map(|part| part.field.as_str()).collect();
                write!(f, "{message} differs in {}", names.join(", "))?;
                match parts.len().saturating_sub(NAMED) {
                    0 => Ok(()),
                    more => write!(f, " and {more} more"),
                }
            }
            Kind::Other { expected, came } => write!(f, "{came} came where the recording has {expected}"),
            Kind::Missing { message, after } => write!(f, "no {message} within {}", Micros::from(*after)),
            Kind::Extra { message, next } => {
                write!(f, "{message} came, which the recording does not have; ")?;
                match next {
                    Next::Heard(awaited) => write!(f, "{awaited} was awaited"),
                    Next::Said(unsaid) => write!(f, "{unsaid} was to be sent next"),
                    Next::End => write!(f, "all that was recorded was through"),
                }
            }
            Kind::Again { message, why } => write!(f, "{message} came again {why}"),
            Kind::Closed { how, before } if before.is_empty() => write!(f, "{how}"),
            Kind::Closed { how, before } => write!(f, "{how} where the recording goes on with {before}"),
            Kind::Login { says } => write!(f, "the login inside EAP did not come about: {says}"),
            Kind::StaysOpen { after } => {
                write!(f, "the peer keeps the connection open, which the recording ends; waited {}", Micros::from(*after))
            }
        }
    }
}

impl Outcome {
    /// Whether all came as it was recorded.
    pub fn is_equal(&self) -> bool {
        self.through && self.divergences.is_empty()
    }

    /// The divergence that comes first in the recording.
    pub fn first(&self) -> Option<&Divergence> {
        self.divergences.iter().min_by_key(|divergence| divergence.step.unwrap_or(usize::MAX))
    }

    pub(super) fn diverged(&mut self, divergence: Divergence) {
        if self.divergences.len() < MOST_DIVERGENCES { self.divergences.push(divergence) } else { self.more += 1 }
    }

    pub(super) fn row(&mut self, step: Option<usize>, live: Option<Said>, parts: Vec<Part>) {
        if self.rows.len() < MOST_ROWS {
            self.rows.push(Row { step, live, parts });
        }
    }
}

/// Ours: fields named in a sentence.
const NAMED: usize = 4;
/// Ours: more divergences are counted.
const MOST_DIVERGENCES: usize = 100;
/// Ours: a script has no more steps, and a peer may say as much again.
const MOST_ROWS: usize = 40_000;
