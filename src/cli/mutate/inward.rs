//! `--self`: our own code, in this process.

use super::super::args::{Budget, Form, MutateArgs};
use super::super::exit::{Exit, Trouble};
use super::super::output::print;
use super::corpus;
use crate::base::hex;
use crate::jobs::mutate::drill::Drill;
use crate::jobs::mutate::inward::{self, Inward, Made, Panic, Task};
use crate::jobs::mutate::rows;
use crate::jobs::replay::Script;
use crate::live::clock::Clock;
use crate::live::runtime::{self, Ended};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::ScopedJoinHandle;
use std::time::Duration;

/// Runs it on every core and tells what came of it.
pub fn run(args: &MutateArgs, script: &Script) -> Result<Exit, Trouble> {
    let recorded = args.input.is_some().then_some(script);
    let drill = &Drill::new(recorded, args.what.seed).map_err(|error| Trouble::Ours(error.to_string()))?;
    let mut seeds = drill.seeds();
    if let Some(folder) = args.watch.corpus.as_deref().filter(|folder| folder.exists()) {
        seeds.extend(corpus::read(folder)?);
    }
    let seeds = &seeds;
    let threads = std::thread::available_parallelism().map_or(1, |n| n.get() as u64).min(LANES);
    let clock = Clock::start();
    let (cases, time) = match args.pace.budget {
        Some(Budget::Cases(cases)) => (cases.div_ceil(LANES), None),
        Some(Budget::Time(time)) => (u64::MAX, Some(time)),
        None => (CASES.div_ceil(LANES), None),
    };
    // What a lane finds depends on nothing but its number: on many cores and on few the same is kept.
    let begun = AtomicU64::new(0);
    let share = |lane: u64| time.map(|time| time.mul_f64((lane / threads + 1) as f64 / LANES.div_ceil(threads) as f64));
    let halt = &AtomicBool::new(false);
    let halted = || halt.load(Ordering::Relaxed);
    // A panic is caught and reported; its own message would come between.
    std::panic::set_hook(Box::new(|_| {}));
    let (mut parts, interrupted) = std::thread::scope(|scope| {
        let work = || {
            let mut done = Vec::new();
            loop {
                let lane = begun.fetch_add(1, Ordering::Relaxed);
                if lane >= LANES || halted() {
                    return done;
                }
                let stop = || halted() || share(lane).is_some_and(|time| clock.now().duration() >= time);
                let seed = args.what.seed.wrapping_add(lane << 32);
                done.push((lane, inward::run(&Task { seeds, drill: Some(drill), lane: (lane, LANES), seed, cases }, &stop)));
            }
        };
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        // Here the signals are listened to; what was found until then is told.
        let ended = runtime::run(|mut stop| async move {
            tokio::select! {
                _ = stop.wait_for(|stop| *stop) => {}
                () = through(&running) => {}
            }
            halt.store(true, Ordering::Relaxed);
            running.into_iter().filter_map(|thread| thread.join().ok()).flatten().collect::<Vec<(u64, Inward)>>()
        });
        match ended? {
            Ended::Through(parts) => Ok((parts, false)),
            Ended::Interrupted(parts) => Ok((parts, true)),
            Ended::Abandoned => Err(Trouble::Interrupted),
        }
    })?;
    let _ = std::panic::take_hook();
    parts.sort_by_key(|part| part.0);
    let parts: Vec<Inward> = parts.into_iter().map(|part| part.1).collect();
    if let Some(folder) = &args.watch.corpus {
        corpus::write(folder, &parts)?;
    }
    let exit = tell(args, &parts, seeds.len(), clock.now().duration().as_secs_f64(), threads)?;
    Ok(if interrupted { Exit::Interrupted } else { exit })
}

async fn through<T>(running: &[ScopedJoinHandle<'_, T>]) {
    while !running.iter().all(ScopedJoinHandle::is_finished) {
        tokio::time::sleep(LOOKS).await;
    }
}

fn tell(args: &MutateArgs, parts: &[Inward], seeds: usize, seconds: f64, threads: u64) -> Result<Exit, Trouble> {
    let sum = |of: fn(&Inward) -> u64| parts.iter().map(of).sum::<u64>();
    let (parses, sessions, calls) = (sum(|part| part.parses), sum(|part| part.sessions), sum(|part| part.calls));
    let kept: usize = parts.iter().map(|part| part.kept.len() + part.kept_streams.len()).sum();
    let features = parts.iter().flat_map(|part| part.features.iter().copied()).collect::<BTreeSet<_>>().len();
    let mut made: BTreeMap<&str, Made> = BTreeMap::new();
    parts.iter().flat_map(|part| &part.rows).for_each(|(row, one)| made.entry(row).or_default().add(*one));
    let from_rows: u64 = made.values().map(|made| made.messages).sum();
    let panics: Vec<_> = parts.iter().flat_map(|part| &part.panics).collect();
    let rate = parses as f64 / seconds.max(0.000_1);
    let text = match args.output {
        Form::Json => {
            let rows: BTreeMap<_, _> = made
                .iter()
                .map(|(row, made)| (*row, serde_json::json!({ "messages": made.messages, "streams": made.streams, "calls": made.calls })))
                .collect();
            let page = serde_json::json!({
                "seeds": seeds, "parses": parses, "sessions": sessions, "seconds": seconds, "parses_per_second": rate, "threads": threads, "features": features, "kept": kept,
                "from_rows": from_rows, "calls": calls, "rows": rows, "panics": panics.iter().map(|panic| panic_as_json(panic)).collect::<Vec<_>>()
            });
            format!("{page:#}\n")
        }
        Form::Table => {
            let (took_part, all) = (made.len(), rows::all().count());
            let mut text = format!(
                "{seeds} seeds, {parses} spoilt messages parsed and {sessions} sessions fed in {seconds:.1} s with {threads} threads: {rate:.0} parses/s.\n\
                 {from_rows} of the messages were made by rows, and {calls} variants were whole calls; {took_part} of {all} rows took part.\n\
                 {features} features were seen; {kept} inputs showed one first and became seeds.\n"
            );
            panics.iter().for_each(|panic| text += &format!("\npanic in the {}: {}\n", panic.place, input(panic)));
            text + if panics.is_empty() { "Nothing is wrong.\n" } else { "" }
        }
    };
    print(text.as_bytes())?;
    Ok(if panics.is_empty() { Exit::Works } else { Exit::Fails })
}

fn input(panic: &Panic) -> String {
    match &panic.variant {
        Some((id, line)) => format!("{id}: {line}"),
        None => hex(&panic.bytes),
    }
}

fn panic_as_json(panic: &Panic) -> serde_json::Value {
    match &panic.variant {
        Some((id, line)) => serde_json::json!({ "in": panic.place, "variant": id, "edits": line }),
        None => serde_json::json!({ "in": panic.place, "bytes": hex(&panic.bytes) }),
    }
}

/// Ours: whether the runs are through is looked at so often.
const LOOKS: Duration = Duration::from_millis(20);
/// Ours: runs beside each other, each with random numbers of its own.
const LANES: u64 = 8;
/// Ours: messages parsed where no budget is given.
const CASES: u64 = 1_000_000;
