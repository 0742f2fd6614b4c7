//! A verdict that nobody expected is confirmed before it counts: the case is run again at the end, when little else happens.

use super::caller::NO_CONNECTION;
use super::case::Case;
use super::honest::lives;
use super::known::Scale;
use super::pulse::Pulse;
use super::run::{Done, SuiteConfig, attempt, holding};
use super::verdict::{Grade, Verdict};
use crate::live::clock::Clock;
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;

/// How often a case is run again.
#[derive(Clone, Debug, Default)]
pub struct Retries {
    /// So many times at most; 0: not at all.
    pub times: u32,
    /// Where more cases than this are unexpected it is no accident, and none is run again.
    pub most: Option<usize>,
    /// What is expected.
    pub scale: Scale,
}

impl Retries {
    /// The places of the cases whose verdict must be confirmed, or that never came to a verdict.
    pub fn wanted(&self, done: &[Done]) -> Vec<usize> {
        let stands = |done: &Done| self.scale.standing(&done.case, done.verdict.grade);
        // What is expected not to come to a verdict has done what is expected.
        let open = |done: &Done| {
            let expected = self.scale.entry(&done.case.id).is_some_and(|known| known.verdict == Some(Grade::Inconclusive));
            done.verdict.grade == Grade::Inconclusive && !expected
        };
        let counts = |done: &Done| self.times > 0 && (stands(done).counts() || open(done));
        let places: Vec<usize> = done.iter().enumerate().filter(|row| counts(row.1)).map(|row| row.0).collect();
        if self.most.is_some_and(|most| places.len() > most) { Vec::new() } else { places }
    }

    /// A verdict that came as expected. What could not be judged this time confirms nothing.
    fn clears(&self, case: &Case, grade: Grade) -> bool {
        !matches!(grade, Grade::Inconclusive | Grade::Unsupported | Grade::Broken) && !self.scale.standing(case, grade).counts()
    }
}

/// Cases that are run again.
pub(super) struct Again {
    config: Rc<SuiteConfig>,
    clock: Clock,
    at_once: usize,
    slots: Arc<Semaphore>,
    /// The places of the attempts that the target let in, in the order in which they were begun.
    came: RefCell<Vec<usize>>,
}

/// A case that was run again.
pub(super) struct Confirmed {
    /// Its place.
    pub place: usize,
    /// What it comes to now.
    pub done: Done,
    /// Why the target is down, when it is.
    pub down: Option<String>,
}

impl Again {
    /// So many at a time, and those that only wait.
    pub fn new(config: Rc<SuiteConfig>, clock: Clock, at_once: usize) -> Again {
        Again { config, clock, at_once, slots: Arc::new(Semaphore::new(at_once)), came: RefCell::default() }
    }

    /// Runs a case again until it comes as expected; each time when a slot is free.
    pub async fn run(self: Rc<Self>, place: usize, mut done: Done) -> Confirmed {
        for number in 0..self.config.retries.times {
            if number > 0 {
                tokio::time::sleep(BREATH).await;
            }
            let (slot, pulse, began) = (self.slots.clone().acquire_owned().await.ok(), Pulse::new(self.clock), self.clock.now());
            self.came.borrow_mut().push(place);
            let run = attempt(&self.config, &done.case, &self.clock, self.config.repeat.max(1) + number + 1, &pulse);
            let (verdict, events, connected) = holding(slot, &pulse, run).await;
            done.took = done.took + self.clock.now().since(began);
            let turned_away = verdict.actual.starts_with(NO_CONNECTION);
            if turned_away {
                let mut came = self.came.borrow_mut();
                if let Some(last) = came.iter().rposition(|other| *other == place) {
                    came.remove(last);
                }
            }
            if !connected && let Err(why) = lives(&self.config, &self.clock).await {
                return Confirmed { place, done, down: Some(why) };
            }
            let cleared = self.config.retries.clears(&done.case, verdict.grade);
            done.attempts.push(verdict.clone());
            if cleared {
                (done.verdict, done.events) = (verdict, events);
                break;
            }
        }
        Confirmed { place, done, down: None }
    }

    /// The places of the cases that the target let in last, the last first.
    pub fn suspects(&self) -> Vec<usize> {
        let mut suspects = Vec::new();
        for place in self.came.borrow().iter().rev() {
            if !suspects.contains(place) && suspects.len() < 2 * self.at_once {
                suspects.push(*place);
            }
        }
        suspects
    }
}

/// What the attempts of a case have to say; `None` where there was one only. `expected`: it came as expected in the end.
pub fn note(attempts: &[Verdict], expected: bool) -> Option<String> {
    let (last, before) = attempts.split_last().filter(|pair| !pair.1.is_empty())?;
    let count = attempts.len();
    let said: Vec<String> = before.iter().map(|verdict| format!("{}: {}", verdict.grade.name(), verdict.actual)).collect();
    let says = match (expected, last.grade) {
        (true, Grade::Pass) => format!("passed at the {} attempt; before: {}", ordinal(count), said.join(" / ")),
        (true, grade) => format!("{} as expected at the {} attempt; before: {}", grade.name(), ordinal(count), said.join(" / ")),
        (false, grade) if before.iter().all(|verdict| verdict.grade == grade) => format!("the same at all {count} attempts"),
        (false, grade) => format!("never as expected in {count} attempts; {} in the end", grade.name()),
    };
    Some(says.trim_end_matches([' ', ':']).to_string())
}

/// What runs that did not come to the same come to together: how often each verdict came, and what was seen the first time.
/// `None`: all came to the same.
pub fn flaky(runs: &[&Verdict]) -> Option<Verdict> {
    let mut kinds: Vec<(&Verdict, usize)> = Vec::new();
    for run in runs {
        match kinds.iter_mut().find(|kind| kind.0.grade == run.grade) {
            Some(kind) => kind.1 += 1,
            None => kinds.push((run, 1)),
        }
    }
    let told = |(verdict, count): &(&Verdict, usize)| {
        let seen = if verdict.actual.is_empty() { String::new() } else { format!(" ({})", verdict.actual) };
        format!("{} {count} of {}{seen}", verdict.grade.name(), runs.len())
    };
    (kinds.len() > 1).then(|| Verdict::new(Grade::Flaky, kinds.iter().map(told).collect::<Vec<_>>().join(", ")))
}

fn ordinal(number: usize) -> String {
    let ending = match (number % 10, number % 100) {
        (1, last) if last != 11 => "st",
        (2, last) if last != 12 => "nd",
        (3, last) if last != 13 => "rd",
        _ => "th",
    };
    format!("{number}{ending}")
}

/// Ours: between two attempts, so that what the first left behind is gone.
const BREATH: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jobs::conformance::{known, server};

    fn done(id: &str, grade: Grade) -> Done {
        let case = server::all().into_iter().find(|case| case.id == id).expect("a case");
        Done::new(case, Verdict::new(grade, "seen"), crate::base::Micros::ZERO, Vec::new())
    }

    #[test]
    fn flaky_tells_how_often_each_verdict_came_and_what_was_seen() {
        let (pass, fail) = (Verdict::new(Grade::Pass, ""), Verdict::new(Grade::Fail, "no answer"));
        assert_eq!(flaky(&[&pass, &pass]), None);
        let verdict = flaky(&[&pass, &fail, &pass]).expect("not the same");
        assert_eq!((verdict.grade, verdict.actual.as_str()), (Grade::Flaky, "pass 2 of 3, fail 1 of 3 (no answer)"));
    }

    #[test]
    fn only_what_is_not_expected_is_run_again() {
        let known = known::parse("[cases]\n\"sstp/2.2.1/reserved-bits\" = { verdict = \"fail\", reason = \"r\" }").expect("well formed");
        let retries = Retries { times: 2, most: Some(1), scale: Scale { known, strict: false, today: "2026-01-01".into() } };
        let (listed, other) = ("sstp/2.2.1/reserved-bits", "auth/3.5/failure-ends-the-link");
        let all = [done(listed, Grade::Fail), done(other, Grade::Fail)];
        assert_eq!(retries.wanted(&all), [1]);
        assert_eq!(retries.wanted(&[done(listed, Grade::Pass), done(other, Grade::Pass)]), [0]);
        assert_eq!(retries.wanted(&[done(listed, Grade::Fail), done(other, Grade::Inconclusive)]), [1]);
        let untold =
            known::parse("[cases]\n\"sstp/2.2.1/reserved-bits\" = { verdict = \"inconclusive\", reason = \"r\" }").expect("well formed");
        let untold = Retries { scale: Scale { known: untold, ..retries.scale.clone() }, ..retries.clone() };
        assert_eq!(untold.wanted(&[done(listed, Grade::Inconclusive), done(other, Grade::Inconclusive)]), [1]);
        assert!(retries.wanted(&[done(listed, Grade::Pass), done(other, Grade::Fail)]).is_empty(), "too many to be an accident");
        assert!(Retries { times: 0, ..retries.clone() }.wanted(&all).is_empty());
        let clears = |id, grade| retries.clears(&done(id, grade).case, grade);
        assert!(clears(other, Grade::Pass) && !clears(other, Grade::Inconclusive) && !clears(listed, Grade::Pass));
        assert!(clears(listed, Grade::Fail));
    }

    #[test]
    fn the_attempts_are_told() {
        let verdict = |grade, says| Verdict::new(grade, says);
        let (fail, pass) = (verdict(Grade::Fail, "no x"), verdict(Grade::Pass, ""));
        assert_eq!(note(std::slice::from_ref(&fail), false), None);
        assert_eq!(note(&[fail.clone(), pass.clone()], true).as_deref(), Some("passed at the 2nd attempt; before: fail: no x"));
        assert_eq!(note(&[pass.clone(), fail.clone()], true).as_deref(), Some("fail as expected at the 2nd attempt; before: pass"));
        assert_eq!(note(&[fail.clone(), fail.clone(), fail.clone()], false).as_deref(), Some("the same at all 3 attempts"));
        let odd = note(&[fail, verdict(Grade::Inconclusive, "")], false);
        assert_eq!(odd.as_deref(), Some("never as expected in 2 attempts; inconclusive in the end"));
        assert_eq!(ordinal(3), "3rd");
    }
}
