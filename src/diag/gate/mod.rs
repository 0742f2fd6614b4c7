//! What makes a run fail: severities by profile, the levels and ids that count, waivers, a former report.
//!
//! A gate knows nothing of connections: it rules on matters, each with an id, a severity and a host. Findings are one
//! kind of them; the cases of a conformance run may be another. Pure: files and the day come in as arguments.

mod baseline;
mod level;
mod paper;
mod pattern;
mod profile;
mod summary;
mod waiver;

pub use baseline::Baseline;
pub use level::FailOn;
pub use paper::Flaw;
pub use pattern::Pattern;
pub use profile::{PROFILES, Profile};
pub use summary::{GateSummary, Waived};
pub use waiver::{Day, Waiver, waivers};

use super::judge::{self, Judgement};
use super::{Finding, Severity};
use crate::base::Layer;
use std::collections::BTreeSet;
use std::sync::LazyLock;

/// What a gate says of one matter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ruling {
    /// It makes the run fail.
    Fails,
    /// It does not: too little for what was asked.
    Passes,
    /// It would, and a waiver lets it pass.
    Waived {
        /// Why, as the waiver says.
        reason: String,
        /// The last day on which the waiver holds.
        expires: Day,
    },
    /// It would, and it stood in the former report already.
    Known,
}

impl Ruling {
    /// Without a gate: what is severe fails.
    pub fn plain(severity: Severity) -> Ruling {
        if severity == Severity::Fail { Ruling::Fails } else { Ruling::Passes }
    }

    /// `fails`, `passes`, `waived` or `known`.
    pub fn name(&self) -> &'static str {
        match self {
            Ruling::Fails => "fails",
            Ruling::Passes => "passes",
            Ruling::Waived { .. } => "waived",
            Ruling::Known => "known",
        }
    }
}

/// What a gate rules on.
#[derive(Clone, Copy, Debug)]
pub struct Matter<'a> {
    /// Its id.
    pub id: &'a str,
    /// How bad it is, the profile taken into account.
    pub severity: Severity,
    /// The host that it was found at; may be empty.
    pub host: &'a str,
    /// The matter whose consequence it is: what excuses that excuses this.
    pub because_of: Option<&'a str>,
}

/// What a gate goes by.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    /// Severities that differ from those of the rows, and what counts unless it is said otherwise.
    pub profile: Option<Profile>,
    /// What counts; nothing: what the profile says, or what is of severity fail.
    pub fail_on: Vec<FailOn>,
    /// What is let pass.
    pub waivers: Vec<Waiver>,
    /// What was there before.
    pub baseline: Option<Baseline>,
    /// The day of the run.
    pub today: Day,
}

impl Rules {
    /// Nothing was asked for that differs from what holds without a gate.
    pub fn is_empty(&self) -> bool {
        self.profile.is_none() && self.fail_on.is_empty() && self.waivers.is_empty() && self.baseline.is_none()
    }
}

/// Rules at work, and what they were applied to so far.
#[derive(Clone, Debug)]
pub struct Gate {
    rules: Rules,
    /// Which waivers were used, by their place.
    used: BTreeSet<usize>,
    failing: Vec<String>,
    waived: Vec<Waived>,
    known: Vec<String>,
    /// Hosts and ids that were found, and that could not be looked for.
    found: BTreeSet<(String, String)>,
    blind: BTreeSet<String>,
    hosts: BTreeSet<String>,
}

impl Gate {
    /// A gate that nothing has come to yet.
    pub fn new(mut rules: Rules) -> Gate {
        if rules.fail_on.is_empty() {
            rules.fail_on = rules.profile.as_ref().map(|profile| profile.fail_on.clone()).unwrap_or_default();
        }
        if rules.fail_on.is_empty() {
            rules.fail_on = vec![FailOn::Level(Severity::Fail)];
        }
        let (used, found, blind, hosts) = Default::default();
        Gate { rules, used, failing: Vec::new(), waived: Vec::new(), known: Vec::new(), found, blind, hosts }
    }

    /// How bad a matter of that id is here.
    pub fn severity(&self, id: &str, own: Severity) -> Severity {
        self.rules.profile.as_ref().map_or(own, |profile| profile.severity(id, own))
    }

    /// Rules on one matter.
    pub fn rule(&mut self, matter: Matter) -> Ruling {
        let host = matter.host.to_ascii_lowercase();
        self.found.insert((host.clone(), matter.id.to_string()));
        self.hosts.insert(host);
        let ruling = self.ruling(matter);
        match &ruling {
            Ruling::Fails => note(&mut self.failing, matter.id),
            Ruling::Known => note(&mut self.known, matter.id),
            Ruling::Waived { reason, expires } => {
                let waived = Waived { id: matter.id.to_string(), reason: reason.clone(), expires: *expires };
                if !self.waived.contains(&waived) {
                    self.waived.push(waived);
                }
            }
            Ruling::Passes => {}
        }
        ruling
    }

    fn ruling(&mut self, matter: Matter) -> Ruling {
        let ids = [Some(matter.id), matter.because_of];
        for id in ids.into_iter().flatten() {
            let today = self.rules.today;
            let fits = |waiver: &&Waiver| waiver.fits(id, matter.host);
            let waivers = self.rules.waivers.iter().enumerate();
            // An expired waiver is of use no more, and is not unused: the summary says which it is.
            let held: Vec<_> = waivers.filter(|(_, waiver)| fits(waiver)).map(|(n, waiver)| (n, waiver.holds(today), waiver)).collect();
            self.used.extend(held.iter().map(|row| row.0));
            if let Some((_, _, waiver)) = held.iter().find(|row| row.1) {
                return Ruling::Waived { reason: waiver.reason.clone(), expires: waiver.expires };
            }
        }
        if !self.rules.fail_on.iter().any(|on| on.takes(matter.id, matter.severity)) {
            return Ruling::Passes;
        }
        let known = |id| self.rules.baseline.as_ref().is_some_and(|baseline| baseline.knows(id, matter.severity, matter.host));
        if ids.into_iter().flatten().any(known) { Ruling::Known } else { Ruling::Fails }
    }

    /// Puts the profile's severities into a judgement on a call to that host, and rules on every finding. `stop`: the
    /// layer where the call came to a stop, if it did, so that its cause stays the cause whatever it counts for.
    pub fn judge(&mut self, host: &str, stop: Option<Layer>, judgement: &mut Judgement) {
        self.hosts.insert(host.to_ascii_lowercase());
        self.blind.extend(judgement.blind.iter().map(|row| row.0.to_string()));
        // What its own check calls harmless on this call no profile makes worse.
        let open = |finding: &&mut Finding| finding.because_of.is_none() && !finding.was_harmless();
        for finding in judgement.findings.iter_mut().filter(open) {
            finding.severity = self.severity(finding.check.id, finding.severity);
            finding.cause &= stop.is_some() || finding.severity == Severity::Fail;
        }
        judge::rank_again(stop, &mut judgement.findings);
        judgement.findings.iter_mut().for_each(|finding| self.finding(host, finding));
    }

    /// Rules on a finding over several calls.
    pub fn across(&mut self, finding: &mut Finding) {
        finding.severity = self.severity(finding.check.id, finding.severity);
        self.finding("", finding);
    }

    fn finding(&mut self, host: &str, finding: &mut Finding) {
        let matter = Matter { id: finding.check.id, severity: finding.severity, host, because_of: finding.because_of };
        finding.ruling = self.rule(matter);
    }

    /// What came of it all. `unexplained`: something failed that no finding tells of, which only `never` can excuse.
    pub fn summary(&self, unexplained: bool) -> GateSummary {
        let rules = &self.rules;
        let baseline = rules.baseline.as_ref();
        let looked = |id: &str| !self.blind.contains(id);
        let never = rules.fail_on.iter().all(|on| *on == FailOn::Never);
        GateSummary {
            passed: self.failing.is_empty() && (never || !unexplained),
            profile: rules.profile.as_ref().map(|profile| profile.name.clone()),
            fail_on: rules.fail_on.iter().map(ToString::to_string).collect(),
            baseline: baseline.map(|baseline| baseline.file.clone()),
            failing: self.failing.clone(),
            waived: self.waived.clone(),
            known: self.known.clone(),
            gone: baseline.map(|baseline| baseline.gone(&self.found, &self.hosts, looked)).unwrap_or_default(),
            remarks: self.remarks(),
        }
    }

    fn remarks(&self) -> Vec<String> {
        let of = |(n, waiver): (usize, &Waiver)| match () {
            () if !waiver.holds(self.rules.today) => {
                Some(format!("{}: the waiver for {} expired on {} and waives nothing", waiver.place(), waiver.pattern, waiver.expires))
            }
            () if !self.used.contains(&n) => Some(format!("{}: the waiver for {} was not needed", waiver.place(), waiver.pattern)),
            () => None,
        };
        let stranger = self.rules.baseline.as_ref().and_then(|baseline| baseline.stranger(&self.hosts));
        self.rules.waivers.iter().enumerate().filter_map(of).chain(stranger).collect()
    }
}

/// The ids of all findings, sorted out once.
pub fn finding_ids() -> impl Iterator<Item = &'static str> + Clone {
    static IDS: LazyLock<Vec<&'static str>> = LazyLock::new(|| super::all().map(|check| check.id).collect());
    IDS.iter().copied()
}

fn note(ids: &mut Vec<String>, id: &str) {
    if !ids.iter().any(|known| known == id) {
        ids.push(id.to_string());
    }
}

#[cfg(test)]
mod tests;
