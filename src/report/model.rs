//! What every format renders: one value, everything to show in it, time included.

use crate::base::{Layer, Micros};
use crate::diag::{Finding, Judgement, Severity};
use crate::transcript::{Facts, State, Transcript};

/// Where a layer stands in the report: its state, darkened by the findings on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Works.
    Ok,
    /// Works, with a warning.
    Warn,
    /// Failed, or Windows would stop here.
    Fail,
    /// A layer below stopped the call.
    NotReached,
    /// Not asked for.
    NotTried,
}

impl Standing {
    /// `ok`, `warn`, `fail`, `not-reached` or `not-tried`.
    pub fn name(self) -> &'static str {
        match self {
            Standing::Ok => "ok",
            Standing::Warn => "warn",
            Standing::Fail => "fail",
            Standing::NotReached => "not-reached",
            Standing::NotTried => "not-tried",
        }
    }
}

/// One layer of the report.
#[derive(Clone, Debug, PartialEq)]
pub struct LayerReport {
    /// Which.
    pub layer: Layer,
    /// Where it stands.
    pub standing: Standing,
    /// How long it took.
    pub took: Option<Micros>,
    /// Name and value of what was learned, most telling first.
    pub learned: Vec<(String, String)>,
    /// Why it is down, in words.
    pub reason: Option<String>,
}

/// One connection, judged.
#[derive(Clone)]
pub struct Report {
    /// What happened.
    pub transcript: Transcript,
    /// What follows from it.
    pub facts: Facts,
    /// What is wrong with it.
    pub judgement: Judgement,
    /// The ladder.
    pub layers: Vec<LayerReport>,
}

impl Report {
    /// Puts a report together.
    pub fn new(transcript: Transcript, facts: Facts, judgement: Judgement) -> Report {
        let layers = facts.layers.iter().map(|entry| LayerReport {
            layer: entry.layer,
            standing: standing(entry.layer, entry.state, &judgement.findings),
            took: entry.took,
            learned: Vec::new(),
            reason: entry.reason.as_ref().map(ToString::to_string),
        });
        let layers = layers.collect();
        Report { transcript, facts, judgement, layers }
    }

    /// Whether a failing finding stands.
    pub fn failed(&self) -> bool {
        self.judgement.worst() == Some(Severity::Fail)
    }
}

fn standing(layer: Layer, state: State, findings: &[Finding]) -> Standing {
    let worst = findings.iter().filter(|finding| finding.check.layer == layer).map(|finding| finding.severity).max();
    match (state, worst) {
        (State::NotTried, _) => Standing::NotTried,
        (State::NotReached, _) => Standing::NotReached,
        (State::Down, _) | (State::Up, Some(Severity::Fail)) => Standing::Fail,
        (State::Up, Some(Severity::Warn)) => Standing::Warn,
        (State::Up, _) => Standing::Ok,
    }
}
