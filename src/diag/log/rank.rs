//! The causes that the failures of a log point to, weighed.

use super::event::checks as causes_of;
use super::{LogLine, Outcome, Tells};
use crate::diag::codes::{Basis, Code, Family};
use std::collections::{BTreeMap, HashMap};

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
    /// Takes a line into account that is dropped, so that what stands around it is not looked at.
    pub fn note(&mut self, line: &LogLine) {
        if line.outcome == Outcome::Failure {
            self.count(line, strength(line));
        }
    }

    fn count(&mut self, line: &LogLine, strength: u64) {
        for (place, id) in (1u64..).zip(&line.checks) {
            let entry = self.causes.entry(id).or_insert(Ranked { id, weight: 0, lines: 0, first: line.line });
            // That the same is said again adds little: a client that dials all night proves no more than one that dials twice.
            let telling = TELLING.saturating_sub(entry.lines).min(line.times);
            entry.weight += strength / place * telling + (line.times - telling);
            entry.lines += line.times;
            entry.first = entry.first.min(line.line);
        }
    }

    /// The causes, likeliest first, and the lines without the causes that another line of the same attempt rules out. The
    /// last attempt, or run of failures, is what the user asks about, and what comes first in it is the cause of the rest:
    /// it counts again.
    pub fn ranked(mut self, lines: &mut [LogLine]) -> Vec<Ranked> {
        let groups = groups(lines);
        for group in &groups {
            rule_out(lines, group);
        }
        let mut strengths = vec![0; lines.len()];
        for group in &groups {
            let of = |n: &usize| lines.get(*n).map_or((0, Tells::Failure), |line| (strength(line), line.tells));
            let told = group.iter().any(|n| of(n).0 > ECHO && of(n).1 == Tells::Cause && names(lines, n));
            for n in group {
                let (strength, tells) = of(n);
                if let Some(place) = strengths.get_mut(*n) {
                    *place = if told && tells == Tells::End { ECHO } else { strength };
                }
            }
        }
        for (line, strength) in lines.iter().zip(&strengths).filter(|row| *row.1 > 0) {
            self.count(line, *strength);
        }
        let telling = |n: &usize| strengths.get(*n).is_some_and(|it| *it > ECHO) && names(lines, n);
        let last = groups.iter().filter(|group| group.iter().any(telling)).max_by_key(|group| group.last());
        let first = last.and_then(|group| group.iter().find(|n| telling(n)));
        if let Some((line, strength)) = first.and_then(|n| Some((lines.get(*n)?, strengths.get(*n)?))) {
            for (place, id) in (1u64..).zip(&line.checks) {
                if let Some(entry) = self.causes.get_mut(id) {
                    entry.weight += strength / place;
                }
            }
        }
        let mut causes: Vec<Ranked> = self.causes.into_values().collect();
        causes.sort_by_key(|cause| (std::cmp::Reverse(cause.weight), cause.first));
        causes
    }
}

/// The line names a cause.
fn names(lines: &[LogLine], n: &usize) -> bool {
    lines.get(*n).is_some_and(|line| !line.checks.is_empty())
}

/// The failing lines of each attempt; where the log does not tell attempts, those of a run that no success breaks. Events of
/// one dial stand together, and of several sources only one writes the id of the dial.
fn groups(lines: &[LogLine]) -> Vec<Vec<usize>> {
    let mut groups: Vec<Vec<usize>> = Vec::new();
    let mut places: HashMap<(Option<u64>, u64), usize> = HashMap::new();
    let (mut run, mut before) = (0, None);
    for (n, line) in lines.iter().enumerate() {
        let breaks = if line.event.is_some() { before.is_some_and(|it| it != line.outcome) } else { line.outcome == Outcome::Success };
        run += u64::from(breaks);
        before = Some(line.outcome);
        if line.outcome == Outcome::Failure {
            let key = line.attempt.filter(|_| line.event.is_none()).map_or((None, run), |attempt| (Some(attempt), 0));
            let place = *places.entry(key).or_insert(groups.len());
            match groups.get_mut(place) {
                Some(group) => group.push(n),
                None => groups.push(vec![n]),
            }
        }
    }
    groups
}

/// Beside a failure message that says exactly why, `E=648`, the lines that only say that the login failed have no say.
fn rule_out(lines: &mut [LogLine], group: &[usize]) {
    let exact = |code: &&Code| code.family == Family::MsChap && code.number != ANY_REASON;
    let told = group.iter().filter_map(|n| lines.get(*n)).any(|line| line.codes.iter().copied().any(|code| exact(&code)));
    for n in group.iter().filter(|_| told) {
        if let Some(line) = lines.get_mut(*n) {
            let own = causes_of(&line.codes);
            line.checks.retain(|id| !LOGIN_FAILED.contains(id) || own.contains(id));
        }
    }
}

/// `error 5`, which may be that of any program.
fn small(code: &Code) -> bool {
    code.family == Family::Win32 && code.number < SMALL
}

/// Ours: the weight of the first cause of a line; the second has half of it, and so on. A reason that the server itself
/// logs counts most, a code whose link to its cause nobody has read least.
fn strength(line: &LogLine) -> u64 {
    let has = |families: &[Family]| line.codes.iter().any(|code| families.contains(&code.family));
    let read = |code: &&Code| matches!(code.basis, Basis::Read(_)) && !code.checks.is_empty();
    match line.source {
        ANYBODY => 15,
        _ if line.tells == Tells::Failure => ECHO,
        _ if line.event.is_none() && !line.codes.is_empty() && line.codes.iter().copied().all(small) => 15,
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
/// ERROR_AUTHENTICATION_FAILURE, behind which servers hide every other reason. RFC 2759 6.
const ANY_REASON: u32 = 691;
/// What a login may have failed of when nothing tells.
const LOGIN_FAILED: [&str; 5] = ["AUTH-MSCHAP-691", "AUTH-LOCKED-OUT", "AUTH-USERNAME-FORMAT", "AUTH-POLICY-812", "AUTH-RADIUS-TIMEOUT"];
/// Ours: below the RAS errors lie numbers that every program has for errors of its own.
const SMALL: u32 = 600;
