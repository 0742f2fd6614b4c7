//! Transcripts in, findings out; pure.

pub mod check;
pub mod codes;
mod judge;

pub use check::{Check, Evidence, Fix, Look, Need, Severity, Windows};
pub use judge::{Finding, Judgement, judge};
