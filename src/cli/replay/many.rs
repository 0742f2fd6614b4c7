//! `--count`: many sessions, a progress bar, and how long they took.

use super::super::args::{Form, ReplayArgs};
use super::super::exit::{Exit, Trouble};
use super::super::output::print;
use super::super::sense;
use crate::jobs::probe::ProbeConfig;
use crate::jobs::replay::load::{self, Tally};
use crate::jobs::replay::run::ReplayConfig;
use crate::live::clock::Clock;
use crate::report::replay::{Load, Reason};
use std::io::{IsTerminal, Write};
use tokio::sync::watch::Receiver;

/// Many sessions are for this machine, or for one whose owner is said to want them.
pub fn authorised(args: &ReplayArgs, probe: &ProbeConfig) -> Result<(), Trouble> {
    if args.peer.lab {
        return Ok(());
    }
    let named = args.load.i_am_authorised.as_deref();
    match sense::leads_to(&args.way, probe)
        .iter()
        .find(|host| !sense::is_here(host) && named.is_none_or(|named| !named.eq_ignore_ascii_case(host)))
    {
        Some(host) => Err(Trouble::Usage(format!(
            "{host} is not this machine: many sessions are a load on it. Where its owner wants that, add --i-am-authorised {host}"
        ))),
        None => Ok(()),
    }
}

/// Plays them and reports.
pub async fn run(args: &ReplayArgs, config: &ReplayConfig, clock: &Clock, stop: Receiver<bool>) -> Result<Exit, Trouble> {
    let how = load::Load { count: args.load.count, rate: args.load.rate, concurrency: args.load.concurrency.unwrap_or(1).into() };
    let mut bar = Bar { all: args.load.count, shown: std::io::stderr().is_terminal(), drawn: 0 };
    let mut tally = load::run(config.clone(), how, clock, stop, &mut |tally| bar.tell(tally)).await;
    bar.end();
    tally.latencies.sort_unstable();
    let mut reasons: Vec<Reason> = Vec::new();
    reasons.extend(tally.diverged.iter().map(|(says, count)| Reason { says: format!("differs: {says}"), count: *count }));
    reasons.extend(tally.unconnected.iter().map(|(says, count)| Reason { says: format!("no connection: {says}"), count: *count }));
    reasons.sort_by_key(|reason| std::cmp::Reverse(reason.count));
    let report = Load { equal: tally.equal, reasons, took: tally.took, interrupted: tally.interrupted, latencies: tally.latencies };
    let mut text = Vec::new();
    match args.result.output {
        Form::Table => report.table(&mut text)?,
        Form::Json => report.json(&mut text)?,
    }
    print(&text)?;
    Ok(match () {
        () if tally.interrupted => Exit::Interrupted,
        () if report.equal == args.load.count => Exit::Works,
        () if tally.diverged.is_empty() && report.equal == 0 => Exit::CouldNotRun,
        () => Exit::Fails,
    })
}

/// How far it is, on a terminal.
struct Bar {
    all: u64,
    shown: bool,
    /// Hundredths drawn last.
    drawn: u64,
}

impl Bar {
    fn tell(&mut self, tally: &Tally) {
        let done = tally.done();
        let hundredths = done * 100 / self.all.max(1);
        if self.shown && (hundredths != self.drawn || done == 1) {
            self.drawn = hundredths;
            let full = (hundredths * COLUMNS / 100) as usize;
            let rate = done as f64 / (tally.took.0.max(1) as f64 / 1e6);
            let bar = format!("{}{}", "#".repeat(full), " ".repeat(COLUMNS as usize - full));
            let _ = write!(std::io::stderr(), "\r[{bar}] {done}/{}, {} not as recorded, {rate:.0}/s ", self.all, done - tally.equal);
        }
    }

    fn end(&self) {
        if self.shown {
            let _ = write!(std::io::stderr(), "\r{:80}\r", "");
        }
    }
}

/// Ours: columns of the bar.
const COLUMNS: u64 = 30;
