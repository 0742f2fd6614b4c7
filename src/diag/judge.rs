//! From facts to findings: look, then rank, one cause first and its consequences beneath it.

use super::check::{Check, Evidence, Need, Severity};
use super::gate::Ruling;
use crate::base::Layer;
use crate::transcript::{CLIENT, Facts};

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
    /// Whether it makes the run fail.
    pub ruling: Ruling,
}

impl Finding {
    /// A finding that nothing has ranked yet.
    pub fn new(check: &'static Check, evidence: Evidence) -> Finding {
        let severity = check.severity;
        Finding { check, severity, evidence, cause: false, because_of: None, ruling: Ruling::plain(severity) }
    }

    /// Its own check called it harmless on this call.
    pub fn was_harmless(&self) -> bool {
        self.check.harmless.is_some() && self.severity == Severity::Note && self.check.severity > Severity::Note
    }
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
    judge_among(facts, std::slice::from_ref(facts), checks)
}

/// Runs every check over the facts of one connection beside all that were seen together with it, itself among them.
pub fn judge_among(facts: &Facts, all: &[Facts], checks: impl Iterator<Item = &'static Check>) -> Judgement {
    let mut judgement = Judgement::default();
    for check in checks {
        if let Some(why) = check.missing(facts) {
            // What only a tap sees was not asked of a probe, so nothing is missing there.
            if check.needs != Need::Tap {
                judgement.blind.push((check.id, why));
            }
        } else if let Some(evidence) = check.look.at(facts, all) {
            judgement.findings.push(Finding::new(check, evidence));
        }
    }
    rank(facts, &mut judgement.findings);
    judgement
}

/// The cause is the failing finding that no other failing finding explains, on the lowest layer: what stops Windows first
/// comes first, such as a certificate that a probe passes over. A consequence fails nothing by itself and becomes a note.
fn rank(facts: &Facts, findings: &mut [Finding]) {
    findings.iter_mut().filter(|finding| passed_over(facts, finding)).for_each(|finding| finding.severity = Severity::Warn);
    let failing: Vec<&'static Check> = findings.iter().filter(|f| f.severity == Severity::Fail).map(|f| f.check).collect();
    for finding in findings.iter_mut() {
        finding.because_of = explained_by(finding.check.id, &failing);
    }
    one_names_the_stop(facts.stop.as_ref().map(|stop| stop.layer), findings);
    // Only now: what spares Windows still explains what follows from it.
    findings.iter_mut().filter(|finding| finding.check.spares_windows(facts)).for_each(|finding| finding.severity = Severity::Warn);
    findings.iter_mut().filter(|finding| finding.check.is_harmless(facts)).for_each(|finding| finding.severity = Severity::Note);
    findings.iter_mut().for_each(|finding| finding.ruling = Ruling::plain(finding.severity));
    quieten(findings);
    name_a_cause(findings);
}

/// A tap saw the client go on with a certificate that Windows refuses: that stopped nothing here.
fn passed_over(facts: &Facts, finding: &Finding) -> bool {
    finding.severity == Severity::Fail && finding.check.layer == Layer::Cert && facts.trust.iter().any(|seen| seen.it.0 == CLIENT)
}

/// Ranks what a profile made fail among the rest: one cause has one failing finding there too.
pub(super) fn rank_again(stop: Option<Layer>, findings: &mut [Finding]) {
    let failing: Vec<&'static Check> =
        findings.iter().filter(|f| f.severity == Severity::Fail && f.because_of.is_none()).map(|f| f.check).collect();
    for finding in findings.iter_mut().filter(|finding| finding.because_of.is_none() && !finding.cause) {
        finding.because_of = explained_by(finding.check.id, &failing);
    }
    one_names_the_stop(stop, findings);
    quieten(findings);
    name_a_cause(findings);
}

/// A consequence fails nothing by itself.
fn quieten(findings: &mut [Finding]) {
    for finding in findings.iter_mut().filter(|finding| finding.because_of.is_some()) {
        finding.severity = Severity::Note;
        finding.ruling = Ruling::Passes;
    }
}

/// Marks the cause, unless one is marked already, and puts it first, what follows from it behind it.
fn name_a_cause(findings: &mut [Finding]) {
    if !findings.iter().any(|finding| finding.cause) {
        let unexplained = findings.iter_mut().filter(|finding| finding.severity == Severity::Fail && finding.because_of.is_none());
        if let Some(finding) = unexplained.min_by_key(|finding| finding.check.layer) {
            finding.cause = true;
        }
    }
    let cause = findings.iter().find(|finding| finding.cause).map(|finding| finding.check.id);
    findings.sort_by_key(|finding| {
        let beneath_the_cause = finding.because_of.is_some() && finding.because_of == cause;
        (!finding.cause, !beneath_the_cause, std::cmp::Reverse(finding.severity), finding.check.layer)
    });
}

/// A call stops once: of several failing findings on the layer of the stop the first row names it, and the others are
/// other views of it. Findings on lower layers are matters of their own.
fn one_names_the_stop(stop: Option<Layer>, findings: &mut [Finding]) {
    let Some(stop) = stop else { return };
    let mut there = findings.iter_mut().filter(|f| f.check.layer == stop && f.severity == Severity::Fail && f.because_of.is_none());
    let Some(first) = there.next().map(|finding| finding.check.id) else { return };
    there.for_each(|finding| finding.because_of = Some(first));
}

/// The failing check at the root of the explanations of `id`.
fn explained_by(id: &'static str, failing: &[&'static Check]) -> Option<&'static str> {
    let mut root = None;
    let mut asked = id;
    // No chain of explanations is longer than the list; the bound keeps a circle in the rows from turning for ever.
    for _ in failing {
        let Some(other) = failing.iter().find(|other| other.id != asked && other.id != id && other.explains.contains(&asked)) else {
            break;
        };
        (root, asked) = (Some(other.id), other.id);
    }
    root
}
