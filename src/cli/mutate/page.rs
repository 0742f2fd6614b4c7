//! From what was found to what is reported.

use super::super::args::MutateArgs;
use super::super::exit::Trouble;
use super::Reactions;
use crate::jobs::mutate::run::Stand;
use crate::jobs::mutate::spot::PLACES;
use crate::jobs::mutate::{Hunt, Variant, hunt};
use crate::jobs::probe::ProbeConfig;
use crate::jobs::replay::Script;
use crate::report::mutate::{Finding, Grid, Page};
use std::collections::HashMap;

/// What a run came to. `words`: what the command needs to find the same target.
pub fn of(args: &MutateArgs, script: &Script, against: &str, words: &str, hunt: &Hunt, stand: &Stand) -> Page {
    let counts = hunt.counts();
    let states = PLACES.iter().filter_map(|place| Some(((*place).to_string(), *counts.places.get(place)?)));
    Page {
        recording: script.from.clone(),
        against: against.into(),
        seed: args.what.seed,
        cases: counts.cases,
        connections: counts.rides,
        seconds: stand.took.duration().as_secs_f64(),
        states: states.collect(),
        unreached: counts.unreached,
        unconfirmed: counts.unconfirmed,
        dead: counts.dead,
        interrupted: false,
        honest: hunt.honest().iter().map(|fault| format!("{}: {} ({})", fault.kind.name(), fault.says, fault.spec)).collect(),
        findings: hunt.findings().iter().map(|finding| row(args, words, finding)).collect(),
    }
}

fn row(args: &MutateArgs, words: &str, finding: &hunt::Finding) -> Finding {
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
        command: command(args, words, &finding.id),
        files: Vec::new(),
    }
}

/// The command that sends the variant again.
fn command(args: &MutateArgs, words: &str, id: &str) -> String {
    let mut line = "sstp-diag mutate".to_string();
    match &args.input {
        Some(path) => line += &format!(" {}", quoted(&path.display().to_string())),
        None if !args.peer.lab && args.client.listen.is_none() => line += " --lab-session",
        None => {}
    }
    line += words;
    args.keys_line(&mut line);
    line + &format!(" --seed {} --only {}", args.what.seed, quoted(id))
}

/// For the shell.
pub fn quoted(text: &str) -> String {
    match !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_./:=#,@+".contains(c)) {
        true => text.to_string(),
        false => format!("'{}'", text.replace('\'', "'\\''")),
    }
}

/// The words that find a server again.
pub fn to(args: &MutateArgs, config: &ProbeConfig) -> String {
    if !args.peer.lab {
        return format!(" --to {}", quoted(&config.target.authority()));
    }
    args.peer.bug.iter().fold(" --lab".to_string(), |line, bug| line + &format!(" --bug {bug}"))
}

impl MutateArgs {
    /// What else the command needs to say the same.
    fn keys_line(&self, line: &mut String) {
        if let Some(user) = &self.login.account.user {
            *line += &format!(" --user {}", quoted(user));
        }
        if let Some(path) = &self.login.account.password_file {
            *line += &format!(" --password-file {}", quoted(&path.display().to_string()));
        }
        for host in &self.peer.i_am_authorised {
            *line += &format!(" --i-am-authorised {}", quoted(host));
        }
    }
}

/// What the targets did, side by side, where they did not do the same.
pub fn grid(args: &MutateArgs, targets: Vec<String>, variants: &[Variant], reactions: &[Reactions]) -> Result<(), Trouble> {
    let maps: Vec<HashMap<&str, &str>> =
        reactions.iter().map(|list| list.iter().map(|(id, reaction)| (id.as_str(), reaction.as_str())).collect()).collect();
    let mut grid = Grid { targets, ..Grid::default() };
    for variant in variants {
        let cells: Option<Vec<String>> = maps.iter().map(|map| map.get(variant.id.as_str()).map(ToString::to_string)).collect();
        let Some(cells) = cells else { continue };
        grid.cases += 1;
        if cells.windows(2).any(|pair| pair[0] != pair[1]) {
            grid.rows.push((variant.id.clone(), cells));
        }
    }
    super::show_grid(args, &grid)
}
