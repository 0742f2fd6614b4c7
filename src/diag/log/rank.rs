//! The causes that the failures of a log point to, weighed.

use super::{LogLine, Outcome};
use crate::diag::codes::{Basis, Code, Family};
use std::collections::BTreeMap;

/// A cause, and what speaks for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ranked {
    /// The id, which `Cause::by_id` knows.
    pub id: &'static str,
    /// Ours: how much speaks for it; only the order counts.
    pub weight: u64,
    /// How many lines point to it.
    pub lines: u64,
    /// The first line that points to it.
    pub first: u64,
}

/// What was counted while the log was read.
#[derive(Default)]
pub struct Tally {
    causes: BTreeMap<&'static str, Ranked>,
}

impl Tally {
    /// Takes a line into account.
    pub fn note(&mut self, line: &LogLine) {
        if line.outcome != Outcome::Failure {
            return;
        }
        for (place, id) in (1u64..).zip(&line.checks) {
            let entry = self.causes.entry(id).or_insert(Ranked { id, weight: 0, lines: 0, first: line.line });
            entry.lines += 1;
            // That the same is said again adds little: a client that dials all night proves no more than one that dials twice.
            entry.weight += if entry.lines <= TELLING { strength(line) / place } else { 1 };
        }
    }

    /// The causes, likeliest first. The last run of failures is what the user asks about, and what comes first in it is
    /// the cause of the rest: it counts again.
    pub fn ranked(mut self, lines: &[LogLine]) -> Vec<Ranked> {
        let telling = |line: &&LogLine| line.outcome == Outcome::Failure && !line.checks.is_empty() && strength(line) > ECHO;
        let runs = lines.chunk_by(|a, b| a.outcome == b.outcome);
        let last = runs.rev().find_map(|run| run.iter().find(telling));
        for (place, id) in (1u64..).zip(last.into_iter().flat_map(|line| &line.checks)) {
            if let Some(entry) = self.causes.get_mut(id) {
                entry.weight += last.map_or(0, strength) / place;
            }
        }
        let mut causes: Vec<Ranked> = self.causes.into_values().collect();
        causes.sort_by_key(|cause| (std::cmp::Reverse(cause.weight), cause.first));
        causes
    }
}

/// Ours: the weight of the first cause of a line; the second has half of it, and so on. A reason that the server itself
/// logs counts most, a code whose link to its cause nobody has read least.
fn strength(line: &LogLine) -> u64 {
    let has = |families: &[Family]| line.codes.iter().any(|code| families.contains(&code.family));
    let read = |code: &&Code| matches!(code.basis, Basis::Read(_)) && !code.checks.is_empty();
    match line.source {
        ANYBODY => 15,
        _ if has(&[Family::NpsReason, Family::NtStatus]) => 90,
        _ if has(&[Family::OpenSsl]) => 60,
        // A line that may have three causes is the echo of another one.
        _ if line.codes.is_empty() && line.checks.len() > 2 => ECHO,
        _ if line.codes.is_empty() || line.codes.iter().copied().any(|code| read(&code)) => 60,
        _ => 30,
    }
}

/// Ours: the weight of a line that only repeats what another one says.
const ECHO: u64 = 20;
/// Ours: so many lines count in full.
const TELLING: u64 = 2;
/// Schannel events come from every program of the machine.
const ANYBODY: &str = "Schannel";
