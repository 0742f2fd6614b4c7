//! From facts to findings: look, then rank, one cause first and its consequences beneath it.

use super::check::{Check, Evidence, Look, Need, Severity};
use crate::base::Layer;
use crate::transcript::Facts;

/// A check that hit.
#[derive(Clone)]
pub struct Finding {
    /// The row.
    pub check: &'static Check,
    /// Its severity here (a profile may change it).
    pub severity: Severity,
    /// Why.
    pub evidence: Evidence,
    /// It is the cause that the first line of a report names.
    pub cause: bool,
    /// The finding whose consequence it is.
    pub because_of: Option<&'static str>,
}

/// All findings of one transcript, the cause first, and the checks that could not look.
#[derive(Clone, Default)]
pub struct Judgement {
    /// Findings: the cause, its consequences, then the rest by severity and layer.
    pub findings: Vec<Finding>,
    /// Checks that were not judged, and why.
    pub blind: Vec<(&'static str, String)>,
}

impl Judgement {
    /// The cause.
    pub fn cause(&self) -> Option<&Finding> {
        self.findings.iter().find(|finding| finding.cause)
    }

    /// The worst severity.
    pub fn worst(&self) -> Option<Severity> {
        self.findings.iter().map(|finding| finding.severity).max()
    }
}

/// Runs every check over the facts of one connection.
pub fn judge(facts: &Facts, checks: impl Iterator<Item = &'static Check>) -> Judgement {
    let mut judgement = Judgement::default();
    for check in checks {
        if let Some(why) = blind(facts, check.needs) {
            judgement.blind.push((check.id, why));
            continue;
        }
        let evidence = match check.look {
            Look::One(look) => look(facts),
            Look::Across(look) => look(std::slice::from_ref(facts)),
        };
        if let Some(evidence) = evidence {
            judgement.findings.push(Finding { check, severity: check.severity, evidence, cause: false, because_of: None });
        }
    }
    rank(facts, &mut judgement.findings);
    judgement
}

fn blind(facts: &Facts, need: Need) -> Option<String> {
    match need {
        Need::Nothing => None,
        Need::Chain if facts.chain.is_empty() => Some("no certificate was seen".into()),
        Need::Chain => None,
        Need::Began(layer) => match facts.layer(layer).and_then(|entry| entry.began) {
            Some(_) => None,
            None => Some(format!("{layer} was not reached")),
        },
    }
}

/// The cause is the failing finding that no other failing finding explains, on the lowest layer. Windows stops at the
/// certificate, so a certificate that fails comes before what a probe finds above it.
fn rank(facts: &Facts, findings: &mut [Finding]) {
    let failing: Vec<&'static Check> = findings.iter().filter(|f| f.severity == Severity::Fail).map(|f| f.check).collect();
    for finding in findings.iter_mut() {
        let id = finding.check.id;
        finding.because_of = failing.iter().find(|other| other.id != id && other.explains.contains(&id)).map(|other| other.id);
    }
    let stop = facts.stop.as_ref().map_or(Layer::Teardown, |stop| stop.layer);
    let rank_of =
        |finding: &Finding| (finding.because_of.is_some(), finding.check.layer.min(stop), finding.check.layer != stop, finding.check.layer);
    let cause =
        findings.iter().enumerate().filter(|(_, f)| f.severity == Severity::Fail).min_by_key(|(i, f)| (rank_of(f), *i)).map(|pair| pair.0);
    if let Some(finding) = cause.and_then(|index| findings.get_mut(index)) {
        finding.cause = true;
        finding.because_of = None;
    }
    let cause_id = cause.and_then(|index| findings.get(index)).map(|f| f.check.id);
    findings.sort_by_key(|f| (!f.cause, f.because_of.is_none() || f.because_of != cause_id, std::cmp::Reverse(f.severity), f.check.layer));
}
