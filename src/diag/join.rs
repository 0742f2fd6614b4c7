//! Lines of logs beside the call they belong to: found by time, address, user or correlation id, and weighed against what
//! the call itself shows. Pure.

use super::cause::Cause;
use super::judge::Judgement;
use super::log::{Log, LogFormat, LogLine, Outcome, Stamp, plain_user};
use crate::base::Layer;
use crate::transcript::facts::{Facts, State};
use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};

/// By what a line was found to belong to a call, the weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum By {
    /// It was written while the call lived, and names nobody else.
    Time,
    /// It names the user of the call, and was written while it lived.
    User,
    /// It names the address of the client, and was written while the call lived.
    Address,
    /// It has the correlation id of the call.
    Id,
}

impl By {
    /// `time`, `user`, `address` or `correlation id`.
    pub fn name(self) -> &'static str {
        match self {
            By::Time => "time",
            By::User => "user",
            By::Address => "address",
            By::Id => "correlation id",
        }
    }
}

/// What a line is to the judgement on a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Role {
    /// It says the same as the finding of that id.
    Confirms(&'static str),
    /// It tells more about the finding of that id: a cause that only the log knows.
    Adds(&'static str),
    /// It does not fit what the call shows, which is told.
    Contradicts(String),
    /// It stands beside.
    Beside,
}

impl Role {
    /// `confirms`, `adds`, `contradicts` or `beside`.
    pub fn name(&self) -> &'static str {
        match self {
            Role::Confirms(_) => "confirms",
            Role::Adds(_) => "adds",
            Role::Contradicts(_) => "contradicts",
            Role::Beside => "beside",
        }
    }

    /// The finding that it is about.
    pub fn finding(&self) -> Option<&'static str> {
        match self {
            Role::Confirms(id) | Role::Adds(id) => Some(id),
            Role::Contradicts(_) | Role::Beside => None,
        }
    }
}

/// A line that belongs to a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// The file.
    pub file: String,
    /// The line.
    pub line: LogLine,
    /// By what it was found.
    pub by: By,
    /// What it is to the judgement.
    pub role: Role,
}

/// Who took part in a call.
#[derive(Clone, Copy, Debug, Default)]
pub struct Parties<'a> {
    /// The end that dialled.
    pub client: Option<SocketAddr>,
    /// The end that answered.
    pub server: Option<SocketAddr>,
    /// The user that the client named.
    pub user: Option<&'a str>,
}

/// What became of the lines of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogUse {
    /// The file.
    pub file: String,
    /// What it was read as.
    pub format: LogFormat,
    /// How many lines mean something.
    pub lines: usize,
    /// How many of them belong to a call that was shown.
    pub used: usize,
    /// Minutes that its clock was found, or said, to be before UTC; nothing where every line tells its zone.
    pub zone: Option<i64>,
    /// Failures that belong to no call that was shown.
    pub left: Vec<LogLine>,
}

/// Logs, and which of their lines have found their call.
pub struct Join {
    logs: Vec<Entry>,
}

struct Entry {
    file: String,
    log: Log,
    /// Minutes before UTC, where a line has no zone.
    zone: i64,
    /// The zone was said or found.
    settled: bool,
    used: BTreeSet<usize>,
}

impl Join {
    /// Logs by their files. `zone`: minutes before UTC of clocks that do not tell.
    pub fn new(logs: Vec<(String, Log)>, zone: Option<i64>) -> Join {
        let entry = |(file, log)| Entry { file, log, zone: zone.unwrap_or(0), settled: zone.is_some(), used: BTreeSet::new() };
        Join { logs: logs.into_iter().map(entry).collect() }
    }

    /// The lines that belong to a call, in the order of the files, each with what it is to the judgement.
    pub fn of(&mut self, facts: &Facts, parties: Parties, judgement: &Judgement) -> Vec<Told> {
        let call = Call::of(facts, parties);
        let mut told = Vec::new();
        for entry in &mut self.logs {
            entry.settle(&call);
            for (n, line) in entry.log.lines.iter().enumerate() {
                if let Some(by) = call.takes(line, entry.zone) {
                    entry.used.insert(n);
                    told.push(Told { file: entry.file.clone(), line: line.clone(), by, role: role(line, facts, judgement) });
                }
            }
        }
        told
    }

    /// What became of every log.
    pub fn uses(&self) -> Vec<LogUse> {
        let of = |entry: &Entry| {
            let lines = &entry.log.lines;
            let left = lines.iter().enumerate().filter(|(n, line)| line.outcome == Outcome::Failure && !entry.used.contains(n));
            let floating = lines.iter().any(|line| line.marks.stamp.is_some_and(Stamp::is_floating));
            LogUse {
                file: entry.file.clone(),
                format: entry.log.format,
                lines: lines.len(),
                used: entry.used.len(),
                zone: floating.then_some(entry.zone),
                left: left.map(|(_, line)| line.clone()).collect(),
            }
        };
        self.logs.iter().map(of).collect()
    }
}

impl Entry {
    /// Finds out by how many quarters of an hour a clock that tells no zone is off, from the first line that names the client
    /// or has the call's id: time alone would fit somehow.
    fn settle(&mut self, call: &Call) {
        if self.settled {
            return;
        }
        let floating = |line: &&LogLine| line.marks.stamp.is_some_and(Stamp::is_floating);
        let sure = |line: &&LogLine| call.has_id(line) || call.names_client(line) == Some(true);
        let offs = self.log.lines.iter().filter(floating).filter(sure).filter_map(|line| {
            let at = line.marks.stamp?.unix_ms(0, call.from);
            let quarters = (at - call.from + QUARTER / 2).div_euclid(QUARTER);
            let fits = (call.from - EARLY..=call.to + LATE).contains(&(at - quarters * QUARTER));
            (fits && quarters.abs() <= FARTHEST_ZONE).then_some(quarters)
        });
        if let Some(quarters) = offs.min_by_key(|quarters| quarters.abs()) {
            (self.zone, self.settled) = (quarters * 15, true);
        }
    }
}

/// What a line has to fit.
struct Call<'a> {
    from: i64,
    to: i64,
    parties: Parties<'a>,
    user: Option<String>,
    ids: Vec<String>,
    /// Every address that may be named in a line about it.
    addresses: Vec<IpAddr>,
}

impl<'a> Call<'a> {
    fn of(facts: &Facts, parties: Parties<'a>) -> Call<'a> {
        let from = facts.began.saturating_mul(1000);
        let to = from.saturating_add(i64::try_from(facts.ended.0 / 1000).unwrap_or(i64::MAX));
        let ids = facts.requests.iter().filter_map(|seen| seen.it.header("SSTPCORRELATIONID"));
        let ends = [parties.client, parties.server].into_iter().flatten().map(|end| end.ip());
        let given = [facts.given.address, facts.given.gateway].into_iter().flatten();
        let resolved = facts.resolved.iter().flat_map(|seen| seen.it.1.iter().copied());
        Call {
            from,
            to,
            parties,
            user: parties.user.map(plain_user),
            ids: ids.map(|id| id.trim_matches(['{', '}']).to_ascii_uppercase()).collect(),
            addresses: ends.chain(given).chain(facts.given.dns.iter().copied()).chain(resolved).collect(),
        }
    }

    fn has_id(&self, line: &LogLine) -> bool {
        line.marks.guids.iter().any(|guid| self.ids.contains(guid))
    }

    /// Whether the line names the end that dialled; nothing when it names no end of it, `false` when it names another port.
    fn names_client(&self, line: &LogLine) -> Option<bool> {
        let client = self.parties.client?;
        let here: Vec<_> = line.marks.ends.iter().filter(|end| end.0 == client.ip()).collect();
        (!here.is_empty()).then(|| here.iter().any(|end| end.1.is_none_or(|port| port == client.port())))
    }

    fn in_time(&self, line: &LogLine, zone: i64) -> bool {
        let at = line.marks.stamp.map(|stamp| stamp.unix_ms(zone, self.from));
        at.is_some_and(|at| (self.from - EARLY..=self.to.saturating_add(LATE)).contains(&at))
    }

    fn takes(&self, line: &LogLine, zone: i64) -> Option<By> {
        if self.has_id(line) {
            return Some(By::Id);
        }
        if !self.in_time(line, zone) {
            return None;
        }
        match self.names_client(line) {
            Some(true) => return Some(By::Address),
            Some(false) => return None,
            None => {}
        }
        let marks = &line.marks;
        // Whoever names other ends, or another user, speaks of another call.
        if !marks.ends.is_empty() && !marks.ends.iter().any(|end| self.addresses.contains(&end.0)) {
            return None;
        }
        match &self.user {
            Some(user) if marks.users.contains(user) => Some(By::User),
            Some(_) if !marks.users.is_empty() => None,
            _ => Some(By::Time),
        }
    }
}

/// What a line is to the judgement.
fn role(line: &LogLine, facts: &Facts, judgement: &Judgement) -> Role {
    if let Some(layer) = line.shows.filter(|_| line.outcome != Outcome::Failure) {
        return shown_up(layer, facts);
    }
    if line.outcome != Outcome::Failure || line.checks.is_empty() {
        return Role::Beside;
    }
    let causes: Vec<Cause> = line.checks.iter().filter_map(|id| Cause::by_id(id)).collect();
    let cause = judgement.cause();
    let on_its_layer = |told: &Cause| cause.is_some_and(|cause| cause.check.layer == told.layer());
    // What no check sees, and the log names first, says more than the finding.
    if let (Some(cause), Some(Cause::Unseen(_))) = (cause, causes.first().copied().filter(on_its_layer)) {
        return Role::Adds(cause.check.id);
    }
    let found = |id: &&'static str| judgement.findings.iter().find(|finding| finding.check.id == *id);
    if let Some(finding) = line.checks.iter().filter_map(found).max_by_key(|finding| (finding.cause, finding.severity)) {
        return Role::Confirms(finding.because_of.unwrap_or(finding.check.id));
    }
    if let Some(cause) = cause.filter(|_| causes.iter().any(on_its_layer)) {
        return Role::Adds(cause.check.id);
    }
    let contradicted: Option<Vec<String>> = causes.iter().map(|told| refuted(told.layer(), facts)).collect();
    match contradicted.and_then(|says| says.into_iter().next()) {
        Some(says) => Role::Contradicts(says),
        None => Role::Beside,
    }
}

/// A line says that a layer came up.
fn shown_up(layer: Layer, facts: &Facts) -> Role {
    match &facts.stop {
        Some(stop) if stop.layer <= layer && !matches!(stop.reason, crate::transcript::Reason::Unseen(_)) => {
            let hint = if layer == Layer::Auth && stop.layer == Layer::Auth { " (AUTH-ACCEPT-BUT-FAIL)" } else { "" };
            Role::Contradicts(format!("the call stopped at {}{hint}", stop.layer.title()))
        }
        _ => Role::Beside,
    }
}

/// What the call shows against trouble on that layer.
fn refuted(layer: Layer, facts: &Facts) -> Option<String> {
    // Ways to end a call are no trouble of the layer below.
    if layer >= Layer::Data {
        return None;
    }
    match &facts.stop {
        Some(stop) if stop.layer < layer => Some(format!("the call stopped at {} already", stop.layer.title())),
        _ => {
            let up = facts.layer(layer).is_some_and(|entry| entry.state == State::Up);
            up.then(|| format!("{} came up in this call", layer.title()))
        }
    }
}

/// Ours: clocks differ by so much, and a log may tell of a dial before its first packet; milliseconds.
const EARLY: i64 = 5_000;
/// Ours: clients and servers tell of an end when they have given up waiting; milliseconds.
const LATE: i64 = 30_000;
/// All zones are whole quarters of an hour from UTC; milliseconds.
const QUARTER: i64 = 15 * 60_000;
/// UTC+14 is the farthest zone; in quarters of an hour.
const FARTHEST_ZONE: i64 = 14 * 4;

#[cfg(test)]
mod tests;
