//! A target that goes away while cases run: which verdicts are void then, and which case may have done it.

use super::expect::{self, name};
use super::run::Done;
use super::verdict::{Grade, Verdict};
use crate::base::Micros;
use crate::transcript::{Event, What};

/// A case that is through, and what is to be known of it besides.
pub(super) struct Ran {
    /// Its place among the cases.
    pub place: usize,
    /// What it came to.
    pub done: Done,
    /// All its connections came up.
    pub connected: bool,
    /// When it was through.
    pub ended: Micros,
}

impl Ran {
    /// When it was begun.
    pub fn began(&self) -> Micros {
        Micros(self.ended.0.saturating_sub(self.done.took.0))
    }
}

/// The target went away.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Gone {
    /// The case that was the last to say something to it before.
    pub after: String,
    /// How that showed.
    pub why: String,
    /// The cases that were under way, likeliest first: their verdicts are void.
    pub under_way: Vec<String>,
}

impl Gone {
    /// From the cases that were under way when it went, and those that were not even through.
    pub(super) fn of(void: &[Ran], cut_off: &[&str], why: String) -> Gone {
        let fell = void.iter().filter_map(|ran| closed(&ran.done)).min();
        let mut suspects: Vec<(bool, Micros, &str)> = void
            .iter()
            .map(|ran| {
                let said = last_said(&ran.done);
                let before = said.is_some_and(|said| fell.is_none_or(|fell| said <= fell));
                (before && ran.connected, said.unwrap_or_default(), ran.done.case.id.as_ref())
            })
            .collect();
        suspects.sort_by_key(|suspect| std::cmp::Reverse((suspect.0, suspect.1)));
        let under_way: Vec<String> = suspects.iter().map(|row| row.2).chain(cut_off.iter().copied()).map(String::from).collect();
        Gone { after: under_way.first().cloned().unwrap_or_else(|| "none".into()), why, under_way }
    }
}

/// When the target was last seen to take a new connection before `until`; `asked` is when an honest call was begun that came about.
pub(super) fn last_alive(results: &[Ran], asked: Micros, until: Micros) -> Micros {
    let answers = |done: &Done| {
        let peer = done.case.base.tests;
        let first = |event: &&Event| event.by == Some(peer) && matches!(event.what, What::Http(_));
        done.events.iter().find(first).map(|event| event.at)
    };
    results.iter().filter_map(|ran| answers(&ran.done)).filter(|at| *at < until).max().unwrap_or_default().max(asked)
}

/// Takes out what was not through when the target was last seen alive, and was begun before it was seen to be away or found it so.
pub(super) fn void(results: &mut Vec<Ran>, alive: Micros, away: Micros) -> Vec<Ran> {
    results.extract_if(.., |ran| ran.ended > alive && (ran.began() <= away || !ran.connected)).collect()
}

/// The peer closed the connection, or it never came about.
pub(super) fn lost(done: &Done) -> bool {
    closed(done).is_some() || done.verdict.grade == Grade::Inconclusive
}

/// A case that brings its target down is no pass, whatever it waits for.
pub(super) fn fell(why: &str) -> Verdict {
    Verdict::new(Grade::Fail, format!("the target took no honest call right after it: {why}"))
}

fn last_said(done: &Done) -> Option<Micros> {
    let ours = |event: &&Event| event.by == Some(done.case.base.tests.other()) && name(event).is_some();
    done.events.iter().rev().find(ours).map(|event| event.at)
}

fn closed(done: &Done) -> Option<Micros> {
    let theirs = |event: &&Event| event.by == Some(done.case.base.tests) && expect::name(event).as_deref() == Some("closed");
    done.events.iter().find(theirs).map(|event| event.at)
}
