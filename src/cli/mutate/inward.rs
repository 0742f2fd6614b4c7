//! `--self`: our own code, in this process.

use super::super::args::{Budget, Form, MutateArgs};
use super::super::exit::{Exit, Trouble};
use super::super::output::{complain, print};
use crate::base::hex;
use crate::jobs::mutate::inward::{self, Inward};
use crate::jobs::mutate::spot;
use crate::jobs::replay::Script;
use crate::live::clock::Clock;
use std::path::Path;

/// Runs it on every core and tells what came of it.
pub fn run(args: &MutateArgs, script: &Script) -> Result<Exit, Trouble> {
    let mut seeds = inward::seeds(&spot::spots(script));
    if let Some(folder) = &args.watch.corpus {
        seeds.extend(read(folder)?);
    }
    let threads = std::thread::available_parallelism().map_or(1, |n| n.get() as u64);
    let clock = Clock::start();
    let (cases, time) = match args.pace.budget {
        Some(Budget::Cases(cases)) => (cases.div_ceil(threads), None),
        Some(Budget::Time(time)) => (u64::MAX, Some(time)),
        None => (CASES.div_ceil(threads), None),
    };
    let stop = || time.is_some_and(|time| clock.now().duration() >= time);
    // A panic is caught and reported; its own message would come between.
    std::panic::set_hook(Box::new(|_| {}));
    let parts: Vec<Inward> = std::thread::scope(|scope| {
        let spawn = |thread| {
            scope.spawn({
                let (seeds, stop) = (&seeds, &stop);
                move || inward::run(seeds, args.what.seed.wrapping_add(thread << 32), cases, stop)
            })
        };
        let running: Vec<_> = (0..threads).map(spawn).collect();
        running.into_iter().filter_map(|thread| thread.join().ok()).collect()
    });
    let _ = std::panic::take_hook();
    tell(args, &parts, seeds.len(), clock.now().duration().as_secs_f64(), threads)
}

fn tell(args: &MutateArgs, parts: &[Inward], seeds: usize, seconds: f64, threads: u64) -> Result<Exit, Trouble> {
    let (parses, sessions) = parts.iter().fold((0, 0), |sum, part| (sum.0 + part.parses, sum.1 + part.sessions));
    let panics: Vec<_> = parts.iter().flat_map(|part| &part.panics).collect();
    let rate = parses as f64 / seconds.max(0.000_1);
    let text = match args.output {
        Form::Json => {
            let rows: Vec<_> = panics.iter().map(|(place, bytes)| serde_json::json!({ "in": place, "bytes": hex(bytes) })).collect();
            let page = serde_json::json!({
                "seeds": seeds, "parses": parses, "sessions": sessions, "seconds": seconds, "parses_per_second": rate, "threads": threads, "panics": rows
            });
            format!("{page:#}\n")
        }
        Form::Table => {
            let mut text = format!(
                "{seeds} seeds, {parses} spoilt messages parsed and {sessions} sessions fed in {seconds:.1} s with {threads} threads: {rate:.0} parses/s.\n"
            );
            panics.iter().for_each(|(place, bytes)| text += &format!("\npanic in the {place}: {}\n", hex(bytes)));
            text + if panics.is_empty() { "Nothing is wrong.\n" } else { "" }
        }
    };
    print(text.as_bytes())?;
    Ok(if panics.is_empty() { Exit::Works } else { Exit::Fails })
}

/// The files of a folder, such as the corpus of a fuzz target.
fn read(folder: &Path) -> Result<Vec<Vec<u8>>, Trouble> {
    let trouble = |error| Trouble::file("read", folder, &error);
    let mut seeds = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(trouble)? {
        let path = entry.map_err(trouble)?.path();
        if path.is_file() && seeds.len() < MOST_SEEDS {
            match std::fs::read(&path) {
                Ok(mut bytes) => {
                    bytes.truncate(MOST_BYTES);
                    seeds.push(bytes);
                }
                Err(error) => complain(&format!("cannot read {}: {error}", path.display())),
            }
        }
    }
    seeds.retain(|bytes| !bytes.is_empty());
    Ok(seeds)
}

/// Ours: messages parsed where no budget is given.
const CASES: u64 = 1_000_000;
/// Ours: seeds that are kept in memory.
const MOST_SEEDS: usize = 100_000;
/// Ours: bytes of one seed; an HTTP head has no more.
const MOST_BYTES: usize = 16 << 10;
