//! From what was found to what is reported.

use super::super::args::MutateArgs;
use super::Reactions;
use super::keep::Progress;
use crate::jobs::mutate::run::Stand;
use crate::jobs::mutate::spot::PLACES;
use crate::jobs::mutate::{Hunt, Variant, hunt};
use crate::jobs::replay::Script;
use crate::report::mutate::{Finding, Grid, Page, Row};
use crate::report::text::count;
use std::collections::HashMap;

/// What a run came to, the run before it included.
pub fn of(script: &Script, progress: &Progress, hunt: &Hunt, stand: &Stand) -> Page {
    let counts = hunt.counts();
    let states = PLACES.iter().filter_map(|place| Some(((*place).to_string(), *counts.places.get(place)?)));
    Page {
        recording: script.from.clone(),
        against: progress.against().into(),
        seed: progress.seed(),
        before: progress.before(),
        cases: counts.cases,
        connections: counts.rides,
        seconds: stand.took.duration().as_secs_f64(),
        states: states.collect(),
        unreached: counts.unreached,
        unconfirmed: counts.unconfirmed,
        hung: counts.hung,
        left: counts.left,
        spared: counts.spared,
        in_all: 0.0,
        room: hunt.room().map(|room| room as u64),
        dead: counts.dead,
        not_restarted: None,
        left_out: Vec::new(),
        interrupted: false,
        honest: hunt.honest().iter().map(|fault| format!("{}: {} ({})", fault.kind.name(), fault.says, fault.spec)).collect(),
        findings: progress.findings(hunt),
    }
}

/// What a run did not do that would show more, phrases. What was chosen by name is all that was wanted.
pub fn left_out(args: &MutateArgs, script: &Script, variants: &[Variant], stand: &Stand) -> Vec<String> {
    let mut left = Vec::new();
    if args.what.only.is_some() {
        return left;
    }
    let slow = if args.what.slow || args.what.in_session { 0 } else { super::listed(args, script).iter().filter(|one| one.slow).count() };
    if slow > 0 {
        left.push(format!("{} for timers (--slow)", count(slow as u64, "variant that waits", "variants that wait")));
    }
    let unsent = (variants.len() as u64).saturating_sub(stand.listed);
    if unsent > 0 && !args.what.in_session {
        // Without a budget it is the user, or the end of the target, that has ended the run.
        let why = args.pace.budget.as_ref().map_or(", before which it ended", |_| " (--budget)");
        left.push(format!("{} of the list{why}", count(unsent, "more variant", "more variants")));
    }
    if args.watch.pid.is_none() {
        let how = if args.peer.lab { "--pid, with a lab of its own process" } else { "--pid" };
        left.push(format!("memory that grows ({how})"));
    }
    left
}

/// The server that a finding is about, where it was dialled.
pub struct To {
    /// As it was named.
    pub target: String,
    /// The recording in place of which a call was made with it, as it was named.
    pub in_place_of: Option<String>,
}

/// A finding as it is reported. `to`: the server, where it was dialled.
pub fn row(seed: u64, to: Option<&To>, finding: &hunt::Finding) -> Finding {
    Finding {
        kind: finding.fault.kind.name().into(),
        says: finding.fault.says.clone(),
        spec: finding.fault.spec.to_string(),
        id: finding.id.clone(),
        state: finding.place.into(),
        reaction: finding.reaction.clone(),
        edits: finding.line(),
        seen: finding.seen,
        also: finding.also,
        command: if finding.id == hunt::NOBODY { String::new() } else { command(seed, to, &finding.id) },
        files: Vec::new(),
    }
}

/// The command that sends the variant again: the one that was given, without what chose variants and what was written, and with this
/// variant. `to`: the one target that it is about, where several were given.
fn command(seed: u64, to: Option<&To>, id: &str) -> String {
    let mut line = "sstp-diag mutate".to_string();
    let replaced = to.and_then(|to| to.in_place_of.as_deref());
    line += replaced.map_or("", |_| " --lab-session");
    let mut args = std::env::args().skip_while(|arg| arg != "mutate").skip(1);
    while let Some(arg) = args.next() {
        let name = arg.split_once('=').map_or(arg.as_str(), |pair| pair.0);
        match () {
            () if replaced == Some(arg.as_str()) => {}
            () if DROPPED_WITH_VALUE.contains(&name) || replaced.is_some() && OF_A_RECORDING.contains(&name) => {
                if name == arg {
                    args.next();
                }
            }
            () if DROPPED.contains(&name) => {}
            () => line += &format!(" {}", quoted(&without_login(&arg))),
        }
    }
    let to = to.map(|to| format!(" --to {}", quoted(&to.target))).unwrap_or_default();
    format!("{line}{to} --seed {seed} --only {}", quoted(id))
}

/// A URL without the name and password of a proxy.
fn without_login(arg: &str) -> String {
    match arg.split_once("://").zip(arg.rsplit_once('@')) {
        Some(((scheme, _), (_, rest))) => format!("{scheme}://{rest}"),
        None => arg.to_string(),
    }
}

/// What chose variants, and what was written.
const DROPPED_WITH_VALUE: [&str; 13] = [
    "--to",
    "--seed",
    "--only",
    "--select",
    "--budget",
    "--resume",
    "--corpus",
    "--output",
    "-o",
    "--concurrency",
    "--rate",
    "--color",
    "--width",
];
/// What opens a recording.
const OF_A_RECORDING: [&str; 2] = ["--keylog", "--rsa-key"];
/// The same as [`DROPPED_WITH_VALUE`], without a value.
const DROPPED: [&str; 3] = ["--slow", "--in-session", "--dry-run"];

/// For the shell.
pub fn quoted(text: &str) -> String {
    match !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_./:=#,@+".contains(c)) {
        true => text.to_string(),
        false => format!("'{}'", text.replace('\'', "'\\''")),
    }
}

/// What the targets did, side by side, where they did not do the same. `alone`: how many variants of each others do not have.
pub fn grid(targets: Vec<String>, alone: Vec<u64>, variants: &[Variant], reactions: &[Reactions]) -> Grid {
    let maps: Vec<HashMap<&str, &str>> =
        reactions.iter().map(|list| list.iter().map(|(id, reaction)| (id.as_str(), reaction.as_str())).collect()).collect();
    let mut grid = Grid { targets, alone, ..Grid::default() };
    for variant in variants {
        let cells: Option<Vec<String>> = maps.iter().map(|map| map.get(variant.id.as_str()).map(ToString::to_string)).collect();
        let Some(cells) = cells else { continue };
        grid.cases += 1;
        if cells.windows(2).any(|pair| pair[0] != pair[1]) {
            grid.rows.push(Row { id: variant.id.clone(), reactions: cells });
        }
    }
    grid
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_for_the_shell_and_have_no_login() {
        assert_eq!(["a-b/c#1", "", "it's {host}"].map(quoted), ["a-b/c#1", "''", "'it'\\''s {host}'"]);
        assert_eq!(without_login("--proxy=http://u:p@h:1"), "--proxy=http://h:1");
        assert_eq!(without_login("localhost:1"), "localhost:1");
    }
}
