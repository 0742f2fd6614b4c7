//! What every format renders: one value, everything to show in it, time and looks included.

use super::learned::{self, Learned};
use super::sentence;
use super::text::list;
use crate::base::{Layer, Micros};
use crate::diag::clients::spared;
use crate::diag::gate::{Gate, GateSummary, Ruling};
use crate::diag::join::Told;
use crate::diag::product::{self, Product};
use crate::diag::{Finding, Judgement, Severity, Windows};
use crate::transcript::facts::{LayerFacts, Stop};
use crate::transcript::tap::Answer;
use crate::transcript::{Facts, Reason, State, Transcript};

/// Where a layer stands in the report: its state, darkened by the findings on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Works.
    Ok,
    /// Works, with a warning; or nobody knows, because only this program cannot go on.
    Warn,
    /// Failed, or Windows would stop here.
    Fail,
    /// The user stopped the call while it was in work.
    Interrupted,
    /// A layer below stopped the call.
    NotReached,
    /// The sizes of records say that the call came by; nobody could look into it.
    NotSeen,
    /// Not asked for.
    NotTried,
}

impl Standing {
    /// `ok`, `warn`, `fail`, `interrupted`, `not-reached` or `not-tried`.
    pub fn name(self) -> &'static str {
        match self {
            Standing::Ok => "ok",
            Standing::Warn => "warn",
            Standing::Fail => "fail",
            Standing::Interrupted => "interrupted",
            Standing::NotReached => "not-reached",
            Standing::NotSeen => "not-seen",
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
    /// What was learned, in a few words.
    pub short: String,
    /// Name and value of what was learned, most telling first; empty in a brief report.
    pub learned: Vec<(String, String)>,
    /// Why it is down, in words.
    pub reason: Option<String>,
    /// Our own machine failed, not the peer.
    pub ours: bool,
}

/// How a report is to look; only people notice.
#[derive(Clone, Debug, PartialEq)]
pub struct Style {
    /// Columns of the terminal.
    pub width: usize,
    /// Colours may be used.
    pub colour: bool,
    /// Everything learned is wanted, not only the few words.
    pub verbose: bool,
    /// Layers that were shown already while they happened, as they were shown.
    pub shown: Vec<LayerReport>,
}

impl Default for Style {
    /// 80 columns, no colour.
    fn default() -> Self {
        Style { width: 80, colour: false, verbose: false, shown: Vec::new() }
    }
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
    /// The user stopped it before it was through.
    pub interrupted: bool,
    /// Lines of logs that belong to it.
    pub told: Vec<Told>,
    /// What a gate makes of it, where one was asked for.
    pub gate: Option<GateSummary>,
    /// How it is to look.
    pub style: Style,
}

impl Report {
    /// Puts a report together.
    pub fn new(transcript: Transcript, facts: Facts, judgement: Judgement) -> Report {
        Report::to_depth(transcript, facts, judgement, false)
    }

    /// The same; when `brief`, of what was learned only the few words of each layer.
    pub fn to_depth(transcript: Transcript, facts: Facts, judgement: Judgement, brief: bool) -> Report {
        let findings = &judgement.findings;
        let layers = facts.layers.iter().map(|entry| row(&transcript, &facts, entry, standing_of(&facts, entry, findings), brief));
        let layers = layers.collect();
        let interrupted = facts.stop.as_ref().is_some_and(|stop| is_interruption(&stop.reason));
        Report { transcript, facts, judgement, layers, interrupted, told: Vec::new(), gate: None, style: Style::default() }
    }

    /// The same report, to be shown in that way.
    pub fn styled(self, style: Style) -> Report {
        Report { style, ..self }
    }

    /// The verdict: `interrupted` when the user stopped the call; else what failed, or would fail a Windows client; else what warns; else `ok`.
    pub fn verdict(&self) -> Standing {
        let worst = self.judgement.worst();
        let down = self.layers.iter().any(|layer| layer.standing == Standing::Fail);
        match worst {
            _ if self.interrupted && self.stopped_by_user() => Standing::Interrupted,
            _ if down || worst == Some(Severity::Fail) => Standing::Fail,
            _ if worst == Some(Severity::Warn) || self.facts.stop.is_some() => Standing::Warn,
            _ => Standing::Ok,
        }
    }

    /// Whether a failing finding stands, or a layer failed without one.
    pub fn failed(&self) -> bool {
        self.verdict() == Standing::Fail
    }

    /// Lets a gate rule on the findings; the ladder follows its severities.
    pub fn gated(&mut self, gate: &mut Gate) {
        gate.judge(&self.facts.target.host, self.facts.stop.as_ref().map(|stop| stop.layer), &mut self.judgement);
        for (row, entry) in self.layers.iter_mut().zip(&self.facts.layers) {
            row.standing = standing_of(&self.facts, entry, &self.judgement.findings);
        }
    }

    /// What is to be done about a finding on the product that answers; on every one where that is not known.
    pub fn remedies(&self, finding: &Finding) -> Vec<(Product, &'static str)> {
        let known = product::of(&self.facts).map(|found| found.0);
        finding.check.remedies().filter(|row| known.is_none_or(|known| known == row.0)).collect()
    }

    /// The lines of logs that are about a finding.
    pub fn told_of(&self, id: &str) -> impl Iterator<Item = &Told> {
        self.told.iter().filter(move |told| told.role.finding() == Some(id))
    }

    /// Nothing that counts was found.
    pub fn passed(&self) -> bool {
        self.gate.as_ref().map_or(!self.failed(), |gate| gate.passed)
    }

    /// It failed, and no finding says why: no gate can excuse that. Trouble on our side is none of the peer's.
    pub fn unexplained(&self) -> bool {
        self.failed() && self.ours().is_none() && self.judgement.cause().is_none()
    }

    /// Why a failed layer does not count, when a gate excused all that is wrong with it.
    pub fn excuse(&self, layer: Layer) -> Option<String> {
        let stopped_here = self.facts.stop.as_ref().is_some_and(|stop| stop.layer == layer);
        let wrong = |finding: &&Finding| {
            finding.severity == Severity::Fail && finding.check.layer == layer
                || finding.cause && (stopped_here || finding.check.layer == layer)
        };
        let wrong: Vec<_> = self.judgement.findings.iter().filter(wrong).collect();
        let excused = !wrong.is_empty() && wrong.iter().all(|finding| finding.ruling != Ruling::Fails);
        excused.then(|| list(wrong.iter().map(|finding| format!("{} {}", finding.check.id, sentence::ruling(&finding.ruling)))))
    }

    /// Nothing but the user stopped the call.
    fn stopped_by_user(&self) -> bool {
        self.facts.stop.as_ref().is_none_or(|stop| is_interruption(&stop.reason))
    }

    /// The Windows codes of a finding; none where our own machine or program stopped the call, for Windows would go on there.
    pub fn windows(&self, finding: &Finding) -> &'static [Windows] {
        let ours = |stop: &Stop| matches!(stop.reason, Reason::Ours(_)) && stop.layer == finding.check.layer;
        let ours = self.facts.stop.as_ref().is_some_and(ours) || self.spares(finding);
        if ours { &[] } else { finding.check.windows }
    }

    /// Why our own machine or program could not do it, when that is where the call stopped and nothing else would stop Windows.
    pub fn ours(&self) -> Option<&str> {
        match self.facts.stop.as_ref().map(|stop| &stop.reason) {
            Some(reason @ Reason::Ours(why)) if !is_interruption(reason) => Some(why),
            _ => self.spared().filter(|_| self.judgement.worst() < Some(Severity::Fail)).map(|finding| finding.check.title),
        }
    }

    /// What stopped this program and would stop no Windows.
    pub fn spared(&self) -> Option<&Finding> {
        self.judgement.findings.iter().find(|finding| finding.because_of.is_none() && self.spares(finding))
    }

    /// What it found stopped this program. A forged reset that a captured call survived stopped nobody.
    fn spares(&self, finding: &Finding) -> bool {
        finding.check.layer != Layer::Tcp && finding.check.spares_windows(&self.facts)
    }

    /// What it found stops a Windows client on its own layer, which the call got past: it is no part of how the call ended.
    pub fn passed_over(&self, finding: &Finding) -> bool {
        let layer = finding.check.layer;
        let came_up = self.facts.layer(layer).is_some_and(|entry| entry.state == State::Up);
        // A connection that broke, and a proxy that cut it, take down what had come up above them.
        layer == Layer::Cert || layer > Layer::Proxy && came_up && finding.check.regardless_of_the_stop(&self.facts)
    }

    /// The highest layer that came up, leaving in order aside when the call had stopped before.
    pub fn reached(&self) -> Option<Layer> {
        self.came_up(|layer| self.facts.stop.as_ref().is_none_or(|stop| layer <= stop.layer))
    }

    /// The highest layer below another one that came up.
    pub fn reached_before(&self, end: Layer) -> Option<Layer> {
        self.came_up(|layer| layer < end)
    }

    fn came_up(&self, counts: impl Fn(Layer) -> bool) -> Option<Layer> {
        // A certificate that only warns is no obstacle.
        let spared = |row: &LayerReport| row.layer == Layer::Cert && row.standing == Standing::Warn;
        let came = |(entry, row): &(&LayerFacts, &LayerReport)| (entry.state == State::Up || spared(row)) && counts(entry.layer);
        self.facts.layers.iter().zip(&self.layers).filter(came).map(|(entry, _)| entry.layer).max()
    }

    /// The layer at which the call stopped, or at which a Windows client would stop.
    pub fn stopped_at(&self) -> Option<Layer> {
        let graver = |layer: &Layer| {
            self.layers.iter().any(|row| row.layer == *layer && matches!(row.standing, Standing::Fail | Standing::Interrupted))
        };
        let spared = self.spared().is_some();
        let stop = self.facts.stop.as_ref().map(|stop| stop.layer).filter(|layer| graver(layer) || spared);
        let down = || self.layers.iter().find(|layer| layer.standing == Standing::Fail).map(|layer| layer.layer);
        stop.or_else(|| self.judgement.cause().map(|cause| cause.check.layer)).or_else(down)
    }

    /// The layers that were not yet shown as they stand.
    pub fn unseen_layers(&self) -> impl Iterator<Item = &LayerReport> {
        let same = |layer: &LayerReport, other: &LayerReport| (layer.layer, layer.standing) == (other.layer, other.standing);
        self.layers.iter().filter(move |layer| !self.style.shown.iter().any(|shown| same(layer, shown)))
    }

    /// The layers that a person has not seen yet, or has seen in too good a light: a warning is told as a finding.
    pub fn unseen_rows(&self) -> impl Iterator<Item = &LayerReport> {
        let seen_up = |layer| self.style.shown.iter().any(|shown| (shown.layer, shown.standing) == (layer, Standing::Ok));
        self.unseen_layers().filter(move |row| row.standing != Standing::Warn || !seen_up(row.layer))
    }
}

/// One row of the ladder; when `brief`, of what was learned only the few words.
pub fn row(transcript: &Transcript, facts: &Facts, entry: &LayerFacts, standing: Standing, brief: bool) -> LayerReport {
    // The words of leaving after a failure are no teardown that was looked at.
    let only_left = entry.layer == Layer::Teardown && matches!(standing, Standing::NotReached | Standing::NotTried);
    let Learned { short, all, .. } = if only_left { Learned::default() } else { learned::of(transcript, facts, entry.layer, brief) };
    LayerReport {
        layer: entry.layer,
        standing,
        took: entry.took,
        short,
        learned: all,
        reason: entry.reason.as_ref().map(|reason| super::text::harmless(&reason.to_string())),
        ours: matches!(entry.reason, Some(Reason::Ours(_))) || standing == Standing::Warn && entry.layer == Layer::Tls && spared(facts),
    }
}

/// Where a layer stands, darkened by the findings on it.
pub fn standing_of(facts: &Facts, entry: &LayerFacts, findings: &[Finding]) -> Standing {
    match &entry.reason {
        Some(reason) if is_interruption(reason) => Standing::Interrupted,
        // Nobody saw it fail: the capture ended first.
        Some(Reason::Unseen(_)) => Standing::Warn,
        // This program cannot go on, and Windows would.
        Some(_) if entry.layer == Layer::Tls && spared(facts) && !fails_at(entry.layer, findings) => Standing::Warn,
        None if entry.state == State::NotReached && came_by(facts, entry.layer) => Standing::NotSeen,
        _ => standing(entry.layer, state(facts, entry), passed_over(facts, entry.layer), findings),
    }
}

fn fails_at(layer: Layer, findings: &[Finding]) -> bool {
    findings.iter().any(|finding| finding.check.layer == layer && finding.severity == Severity::Fail)
}

/// Without keys: the stage that the records tell of lies at the layer or beyond.
fn came_by(facts: &Facts, layer: Layer) -> bool {
    let stage = facts.inference.as_ref().filter(|seen| seen.it.is_sstp == Answer::Yes).and_then(|seen| seen.it.stage);
    layer > Layer::Tls && stage.is_some_and(|stage| layer <= stage)
}

/// The user stopped it, not the peer and not our machine.
pub fn is_interruption(reason: &Reason) -> bool {
    matches!(reason, Reason::Ours(why) if why == "interrupted")
}

/// A layer that the call passed over without a word (an address needs no resolver) was not tried.
fn state(facts: &Facts, entry: &LayerFacts) -> State {
    let passed = facts
        .layers
        .iter()
        .any(|other| other.layer > entry.layer && other.layer < Layer::Teardown && matches!(other.state, State::Up | State::Down));
    if entry.state == State::NotReached && passed { State::NotTried } else { entry.state }
}

/// The call went on although the layer is down: a certificate that a probe passes over, leaving after everything was there.
fn passed_over(facts: &Facts, layer: Layer) -> bool {
    layer == Layer::Teardown || layer == Layer::Cert && facts.stop.as_ref().is_none_or(|stop| stop.layer > layer)
}

fn standing(layer: Layer, state: State, passed_over: bool, findings: &[Finding]) -> Standing {
    let worst = findings.iter().filter(|finding| finding.check.layer == layer).map(|finding| finding.severity).max();
    match (state, worst) {
        (State::NotTried, _) => Standing::NotTried,
        (State::NotReached, _) => Standing::NotReached,
        // Everything asked for was there all the same; the findings say how bad it is.
        (State::Down, Some(Severity::Note | Severity::Warn)) if passed_over => Standing::Warn,
        (State::Down, _) | (State::Up, Some(Severity::Fail)) => Standing::Fail,
        (State::Up, Some(Severity::Warn)) => Standing::Warn,
        (State::Up, _) => Standing::Ok,
    }
}
