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

/// What a run came to.
pub fn of(args: &MutateArgs, script: &Script, config: &ProbeConfig, hunt: &Hunt, stand: &Stand) -> Page {
    let counts = hunt.counts();
    let states = PLACES.iter().filter_map(|place| Some(((*place).to_string(), *counts.places.get(place)?)));
    Page {
        recording: script.from.clone(),
        against: if args.peer.lab { "the lab".into() } else { config.target.authority() },
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
        findings: hunt.findings().iter().map(|finding| row(args, config, finding)).collect(),
    }
}

fn row(args: &MutateArgs, config: &ProbeConfig, finding: &hunt::Finding) -> Finding {
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
        command: command(args, config, &finding.id),
        files: Vec::new(),
    }
}

/// The command that sends the variant again.
fn command(args: &MutateArgs, config: &ProbeConfig, id: &str) -> String {
    let quoted = |text: &str| match text.chars().all(|c| c.is_ascii_alphanumeric() || "-_./:=#,@+".contains(c)) {
        true => text.to_string(),
        false => format!("'{}'", text.replace('\'', "'\\''")),
    };
    let mut line = "sstp-diag mutate".to_string();
    match &args.input {
        Some(path) => line += &format!(" {}", quoted(&path.display().to_string())),
        None if !args.peer.lab => line += " --lab-session",
        None => {}
    }
    match args.peer.lab {
        true => {
            line += " --lab";
            args.peer.bug.iter().for_each(|bug| line += &format!(" --bug {bug}"));
        }
        false => line += &format!(" --to {}", quoted(&config.target.authority())),
    }
    args.keys_line(&mut line, &quoted);
    line + &format!(" --seed {} --only {}", args.what.seed, quoted(id))
}

impl MutateArgs {
    /// What else the command needs to say the same.
    fn keys_line(&self, line: &mut String, quoted: &dyn Fn(&str) -> String) {
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
