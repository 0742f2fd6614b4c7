//! What was tried on the way to a server, and what it comes down to.

mod json;
mod text;

pub use json::json;
pub use text::{line, render};

use crate::base::Layer;
use crate::diag::path::Verdict;
use crate::transcript::proxy::Greeting;
use crate::transcript::trial::{Arm, Ending, Trail, Trial};

/// An experiment as a report shows it.
#[derive(Clone, Debug)]
pub struct Tried {
    /// Its id.
    pub id: &'static str,
    /// The one thing that changes.
    pub varies: &'static str,
    /// The control.
    pub control: Arm,
    /// The treatments.
    pub treatments: &'static [Arm],
    /// What patterns mean: pattern, finding.
    pub means: &'static [(&'static str, &'static str)],
    /// Eight rounds are needed before a difference means something.
    pub many: bool,
}

/// All that there is to show.
#[derive(Debug)]
pub struct PathReport {
    /// What was seen.
    pub trail: Trail,
    /// What it comes down to.
    pub verdict: Verdict,
    /// The experiments, in their order.
    pub tried: Vec<Tried>,
}

impl PathReport {
    /// How the trials of an arm went, in a few words; nothing when there were none.
    fn outcome(&self, arm: Arm) -> Option<String> {
        let trials: Vec<&Trial> = self.trail.trials.iter().filter(|trial| trial.arm == arm && trial.round < 1000).collect();
        let mut words: Vec<(String, usize)> = Vec::new();
        // What was not run says why.
        let told = |trial: &Trial| match &trial.ending {
            Ending::Ours(why) => format!("not run ({why})"),
            _ => word(trial),
        };
        for word in trials.iter().map(|trial| told(trial)) {
            match words.iter_mut().find(|row| row.0 == word) {
                Some(row) => row.1 += 1,
                None => words.push((word, 1)),
            }
        }
        let all = words.iter().map(|(word, count)| if *count > 1 { format!("{word} x{count}") } else { word.clone() }).collect::<Vec<_>>();
        (!all.is_empty()).then(|| all.join(", "))
    }
}

/// One trial in a word: the status of an HTTP answer says more than that there was one.
fn word(trial: &Trial) -> String {
    // A SOCKS proxy has codes of its own.
    if let Some((greeting, code)) = trial.saw.socks.filter(|_| !trial.passed()) {
        return match greeting {
            Greeting::Methods => "no method".into(),
            Greeting::Login => "login refused".into(),
            Greeting::Connect => format!("reply {code}"),
        };
    }
    match (trial.saw.status(), trial.passed()) {
        (Some(status), _) if trial.arm.layer() <= Layer::Http => status.to_string(),
        (_, true) => "ok".into(),
        _ => match &trial.ending {
            // A resolver says by a code why it gives nothing.
            Ending::Broken(says) if trial.arm.layer() == Layer::Dns => says.rsplit("answered with ").next().unwrap_or(says).to_string(),
            ending => ending.word(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Micros;
    use crate::transcript::trial::Saw;

    #[test]
    fn what_was_not_run_says_why() {
        let ending = Ending::Ours("the server takes its time".into());
        let trial = Trial { arm: Arm::Bulk, round: 1, at: Micros(0), took: Micros(0), reached: None, ending, saw: Saw::default() };
        let trail = Trail { trials: vec![trial], ..Trail::default() };
        let report = PathReport { verdict: crate::diag::path::judge(&trail), trail, tried: Vec::new() };
        assert_eq!(report.outcome(Arm::Bulk).as_deref(), Some("not run (the server takes its time)"));
    }
}
