//! A suite over sockets: cases beside each other, honest calls before, between and after them.

use super::again::{self, Again, Confirmed, Retries};
use super::caller::called;
use super::case::Case;
use super::evidence::Evidence;
use super::floor::Floor;
use super::honest::{SECOND_LOOK, begins, comes_back, first_look, honest, lives, second_look};
use super::outage::{self, Gone, Life, Ran};
use super::pulse::Pulse;
use super::stand::{Stand, Tried};
use super::verdict::{Grade, Verdict};
use crate::base::Micros;
use crate::jobs::probe::ProbeConfig;
use crate::live::clock::Clock;
use crate::transcript::{Event, Head, Target};
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::{JoinSet, LocalSet};

/// Who is tested, and how it is reached.
#[derive(Clone, Debug)]
pub enum Peer {
    /// A server: target, login, trust, proxy and names.
    Server(Box<ProbeConfig>),
    /// A client, which is led to this stand.
    Client(Rc<Stand>),
}

/// What to run against whom.
#[derive(Clone, Debug)]
pub struct SuiteConfig {
    /// Who is tested.
    pub peer: Peer,
    /// The cases, in the order of the report.
    pub cases: Vec<Case>,
    /// Connections at a time on which something happens; those that only wait do not count, but for one at a time.
    pub jobs: usize,
    /// Connections begun in a second at most.
    pub rate: Option<u32>,
    /// Every case is run so many times; different verdicts are flaky.
    pub repeat: u32,
    /// A case whose verdict is not expected is run again at the end.
    pub retries: Retries,
    /// Where transcripts and captures go.
    pub artifacts: Option<PathBuf>,
}

/// One case that is through.
#[derive(Clone, Debug)]
pub struct Done {
    /// The case.
    pub case: Case,
    /// What it came to.
    pub verdict: Verdict,
    /// How long it took, repetitions together.
    pub took: Micros,
    /// What happened.
    pub events: Vec<Event>,
    /// What the case came to each time it was run, where it had to be run again.
    pub attempts: Vec<Verdict>,
}

impl Done {
    /// A case that was not run again.
    pub fn new(case: Case, verdict: Verdict, took: Micros, events: Vec<Event>) -> Done {
        Done { case, attempts: vec![verdict.clone()], verdict, took, events }
    }
}

/// What the whole run came to.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// The cases that are through, in the order of the report.
    pub done: Vec<Done>,
    /// Why the first honest call failed, so that no case was run.
    pub unreachable: Option<String>,
    /// What happened in that call.
    pub first: Vec<Event>,
    /// The target stopped answering honest calls.
    pub gone: Option<Gone>,
    /// The target went away and came back: what was under way then was run again.
    pub shaken: Option<Gone>,
    /// The user wanted to stop.
    pub interrupted: bool,
}

/// Runs the suite; `tell` hears of every case as it is through.
pub async fn run(config: SuiteConfig, clock: &Clock, stop: watch::Receiver<bool>, tell: &mut dyn FnMut(&Done, usize)) -> Outcome {
    LocalSet::new().run_until(all(Rc::new(config), clock, stop, tell)).await
}

async fn all(config: Rc<SuiteConfig>, clock: &Clock, mut stop: watch::Receiver<bool>, tell: &mut dyn FnMut(&Done, usize)) -> Outcome {
    let mut outcome = Outcome::default();
    // When an honest call was begun that came about.
    let mut asked = clock.now();
    match unless_stopped(&mut stop, begins(&config, clock, &mut outcome.first)).await {
        Some(Ok(())) => {}
        Some(Err(why)) => {
            outcome.unreachable = Some(why);
            return outcome;
        }
        None => return Outcome { interrupted: true, ..Outcome::default() },
    }
    let mut floor = Floor::new(&config.cases, config.jobs.max(1), room(&config));
    let (mut running, slots) = (JoinSet::new(), Arc::new(Semaphore::new(config.jobs.max(1))));
    let mut since_sane = 0;
    while !floor.is_through() {
        let ran = tokio::select! {
            Some(joined) = running.join_next() => joined,
            Ok(slot) = slots.clone().acquire_owned(), if floor.has_room() => {
                if let Some(place) = floor.next() {
                    let task = running.spawn_local(one(config.clone(), place, *clock, Some(slot)));
                    floor.begins(place, clock.now(), task);
                    pace(config.rate).await;
                }
                continue;
            }
            _ = stop.wait_for(|stop| *stop) => {
                outcome.interrupted = true;
                break;
            }
        };
        let Ok(ran) = ran else {
            floor.forget_ended();
            continue;
        };
        since_sane += 1;
        let (connected, away, open) = (ran.connected, ran.began(), floor.open());
        // Where hardly anything else is open only a new connection tells a target that fell from one that closed this one.
        let alone = ran.was_cut() && floor.waits_only() && matches!(config.peer, Peer::Server(_));
        tell(&ran.done.clone(), floor.take(ran));
        if !connected || alone || since_sane >= SANE_EVERY {
            let now = clock.now();
            let Some(look) = unless_stopped(&mut stop, look(&config, clock, &mut floor, &mut running, asked, tell)).await else {
                outcome.interrupted = true;
                break;
            };
            // Whoever was cut off with it is through by now.
            collect(&mut running, &mut floor, tell);
            match look {
                Err(why) => {
                    outcome.gone = Some(floor.down(asked, if connected { now } else { away }, why));
                    break;
                }
                Ok(Look::Crowded) => {}
                Ok(Look::Later) if alone => floor.shake(asked, now),
                Ok(look) if !connected && matches!(config.peer, Peer::Server(_)) => {
                    // What a fall took with it is taken out at the end; it says nothing of how many may be open.
                    if !floor.fell(away) && (look == Look::Later || !floor.turned_away(open, asked)) {
                        floor.shake(asked, away);
                    }
                }
                Ok(_) => {}
            }
            (since_sane, asked) = (0, now);
        }
    }
    running.abort_all();
    if outcome.gone.is_none() && !outcome.interrupted && !floor.results.is_empty() {
        match unless_stopped(&mut stop, lives(&config, clock)).await {
            Some(Ok(())) => {}
            Some(Err(why)) => outcome.gone = Some(floor.down(asked, clock.now(), why)),
            None => outcome.interrupted = true,
        }
    }
    if outcome.gone.is_none() && matches!(config.peer, Peer::Server(_)) {
        floor.drop_fallen();
    }
    settle(&config, clock, &mut stop, &mut floor, &mut outcome).await;
    floor.results.sort_by_key(|ran| ran.place);
    outcome.done = floor.results.into_iter().map(|ran| ran.done).collect();
    confirm(&config, clock, &mut stop, &mut outcome, tell).await;
    outcome
}

/// Connections open at a time at most: one at a time means one, whatever it waits for, and people bring all their clients.
fn room(config: &SuiteConfig) -> usize {
    match config.peer {
        _ if config.jobs <= 1 => 1,
        Peer::Server(_) => config.jobs.max(OPEN_AT_ONCE),
        Peer::Client(_) => config.jobs + CLIENTS_BESIDE,
    }
}

/// What is through by now.
fn collect(running: &mut JoinSet<Ran>, floor: &mut Floor<'_>, tell: &mut dyn FnMut(&Done, usize)) {
    while let Some(joined) = running.try_join_next() {
        if let Ok(ran) = joined {
            tell(&ran.done.clone(), floor.take(ran));
        }
    }
    floor.forget_ended();
}

/// How an honest call between the cases came about.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Look {
    AtOnce,
    /// Not until it was asked once more.
    Later,
    /// Not until there was room for it.
    Crowded,
}

/// Looks between the cases whether the target lives. A server that takes no honest call while more is open than was asked for, and
/// keeps that open, may only be full.
async fn look(
    config: &SuiteConfig,
    clock: &Clock,
    floor: &mut Floor<'_>,
    running: &mut JoinSet<Ran>,
    asked: Micros,
    tell: &mut dyn FnMut(&Done, usize),
) -> Result<Look, String> {
    let mut found = Look::AtOnce;
    loop {
        let began = clock.now();
        let Err(why) = first_look(config, clock).await else { return Ok(found) };
        collect(running, floor, tell);
        if matches!(config.peer, Peer::Client(_)) || !floor.makes_room(asked) {
            let found = if found == Look::AtOnce { Look::Later } else { found };
            return second_look(config, clock, began, why).await.map(|()| found);
        }
        found = Look::Crowded;
        tokio::time::sleep(SECOND_LOOK).await;
    }
}

/// Runs again what was under way when the target went away for a moment: a few at a time, and where it goes away once more one by
/// one, so that the case which it does not live through is found.
async fn settle(config: &Rc<SuiteConfig>, clock: &Clock, stop: &mut watch::Receiver<bool>, floor: &mut Floor<'_>, outcome: &mut Outcome) {
    if floor.void.is_empty() || outcome.gone.is_some() || outcome.interrupted {
        return;
    }
    outcome.shaken = Some(Gone::of(&floor.void, &[], "it took no connection for a moment".into()));
    let (slow, fast): (Vec<Ran>, Vec<Ran>) = std::mem::take(&mut floor.void).into_iter().partition(|ran| ran.done.case.base.slow);
    for some in fast.chunks(if config.jobs > 1 { config.jobs * AGAIN_BESIDE } else { 1 }) {
        match unless_stopped(stop, some_again(config, clock, some, floor, outcome)).await {
            Some(true) => {}
            Some(false) => return,
            None => {
                outcome.interrupted = true;
                return;
            }
        }
    }
    match unless_stopped(stop, beside_each_other(config, clock, &slow)).await {
        Some(again) => floor.results.extend(again),
        None => outcome.interrupted = true,
    }
}

/// Runs these again; false: the target is down.
async fn some_again(config: &Rc<SuiteConfig>, clock: &Clock, some: &[Ran], floor: &mut Floor<'_>, outcome: &mut Outcome) -> bool {
    if some.len() > 1 {
        let again = beside_each_other(config, clock, some).await;
        let lives: Vec<Life> = again.iter().flat_map(|ran| ran.lives.iter().copied()).collect();
        if again.iter().all(|ran| ran.connected) && outage::falls(&lives).is_empty() && first_look(config, clock).await.is_ok() {
            floor.results.extend(again);
            return true;
        }
        if let Some(why) = comes_back(config, clock).await {
            outcome.gone = Some(Gone::of(&again, &[], why));
            return false;
        }
    }
    for ran in some {
        let mut again = Box::pin(one(config.clone(), ran.place, *clock, None)).await;
        if let Err(why) = first_look(config, clock).await {
            let id = again.done.case.id.to_string();
            again.done.verdict = outage::fell(&why);
            again.done.attempts = vec![again.done.verdict.clone()];
            outcome.gone = comes_back(config, clock).await.map(|why| Gone { after: id.clone(), why, under_way: vec![id] });
        }
        floor.results.push(again);
        if outcome.gone.is_some() {
            return false;
        }
    }
    true
}

async fn beside_each_other(config: &Rc<SuiteConfig>, clock: &Clock, some: &[Ran]) -> Vec<Ran> {
    let mut running = JoinSet::new();
    for ran in some {
        running.spawn_local(one(config.clone(), ran.place, *clock, None));
    }
    running.join_all().await
}

/// Runs what was not expected again, few beside each other.
async fn confirm(
    config: &Rc<SuiteConfig>,
    clock: &Clock,
    stop: &mut watch::Receiver<bool>,
    outcome: &mut Outcome,
    tell: &mut dyn FnMut(&Done, usize),
) {
    if outcome.interrupted || outcome.gone.is_some() {
        return;
    }
    let (places, all) = (config.retries.wanted(&outcome.done), outcome.done.len());
    let again = Rc::new(Again::new(config.clone(), *clock, (config.jobs / AGAIN_SHARE).max(1)));
    let mut running = JoinSet::new();
    for place in &places {
        if let Some(done) = outcome.done.get(*place) {
            running.spawn_local(again.clone().run(*place, done.clone()));
        }
    }
    let mut down = None;
    while down.is_none() && !running.is_empty() {
        let confirmed = tokio::select! {
            Some(joined) = running.join_next() => joined,
            _ = stop.wait_for(|stop| *stop) => {
                outcome.interrupted = true;
                break;
            }
        };
        let Ok(Confirmed { place, done, down: why }) = confirmed else { continue };
        down = why;
        if down.is_none() {
            tell(&done, all);
        }
        if let Some(old) = outcome.done.get_mut(place).filter(|_| down.is_none()) {
            *old = done;
        }
    }
    running.shutdown().await;
    if down.is_none() && !places.is_empty() && !outcome.interrupted {
        match unless_stopped(stop, lives(config, clock)).await {
            Some(lives) => down = lives.err(),
            None => outcome.interrupted = true,
        }
    }
    let ids: Vec<String> =
        again.suspects().iter().filter_map(|place| outcome.done.get(*place)).map(|done| done.case.id.to_string()).collect();
    outcome.gone = down.map(|why| Gone { after: ids.first().cloned().unwrap_or_default(), why, under_way: ids });
}

/// What the work comes to; nothing when the user wants to stop before, which ends it where it stands.
async fn unless_stopped<T>(stop: &mut watch::Receiver<bool>, work: impl Future<Output = T>) -> Option<T> {
    tokio::select! {
        biased;
        _ = stop.wait_for(|stop| *stop) => None,
        through = work => Some(through),
    }
}

async fn pace(rate: Option<u32>) {
    if let Some(rate) = rate.filter(|rate| *rate > 0) {
        tokio::time::sleep(Duration::from_secs(1) / rate).await;
    }
}

/// Runs a case, and gives its slot to another when it only waits for what may come.
async fn one(config: Rc<SuiteConfig>, place: usize, clock: Clock, slot: Option<OwnedSemaphorePermit>) -> Ran {
    // Places are those of the queue, which counts the cases.
    let case = config.cases.get(place).cloned().unwrap_or_else(|| honest(false));
    let (began, pulse) = (clock.now(), Pulse::new(clock));
    let (first, connected, lives) = holding(slot, &pulse, repeated(&config, &case, &clock, &pulse)).await;
    let (verdict, events) = first.unwrap_or_else(|| (Verdict::new(Grade::Broken, "it was not run"), Vec::new()));
    let ended = clock.now();
    Ran { place, done: Done::new(case, verdict, ended - began, events), connected, ended, lives }
}

/// Does it, and holds the slot while something happens.
pub(super) async fn holding<T>(slot: Option<OwnedSemaphorePermit>, pulse: &Pulse, work: impl Future<Output = T>) -> T {
    tokio::select! {
        done = work => done,
        never = async { pulse.rests().await; drop(slot); std::future::pending().await } => never,
    }
}

/// A case as often as wanted: what came of it, whether all connections came up, and what they show of the target.
async fn repeated(config: &SuiteConfig, case: &Case, clock: &Clock, pulse: &Pulse) -> (Option<(Verdict, Vec<Event>)>, bool, Vec<Life>) {
    let (mut runs, mut connected, mut lives): (Vec<(Verdict, Vec<Event>)>, _, _) = (Vec::new(), true, Vec::new());
    for number in 1..=config.repeat.max(1) {
        let began = clock.now();
        let (verdict, events, through) = attempt(config, case, clock, number, pulse).await;
        connected &= through;
        lives.extend(Life::of(&events, case.base.tests, began, clock.now()));
        runs.push((verdict, events));
    }
    let verdicts: Vec<&Verdict> = runs.iter().map(|run| &run.0).collect();
    let flaky = again::flaky(&verdicts);
    // What is kept is the first run that shows what is wrong.
    let wrong = |run: &(Verdict, Vec<Event>)| run.0.grade != Grade::Pass;
    let shown = runs.into_iter().reduce(|first, other| if !wrong(&first) && wrong(&other) { other } else { first });
    (shown.map(|(verdict, events)| (flaky.unwrap_or(verdict), events)), connected, lives)
}

/// One run of a case, the `number`th: all its connections; whether they came up.
pub(super) async fn attempt(config: &SuiteConfig, case: &Case, clock: &Clock, number: u32, pulse: &Pulse) -> (Verdict, Vec<Event>, bool) {
    let evidence = match Evidence::begin(config.artifacts.as_deref(), case, number) {
        Ok(evidence) => evidence,
        Err(error) => return (Verdict::new(Grade::Broken, error.to_string()), Vec::new(), true),
    };
    let (tried, head) = match &config.peer {
        Peer::Server(probe) => {
            (Box::pin(called(probe, case, clock, evidence.ear(), pulse)).await, head(probe.target.clone(), probe.seed, clock))
        }
        Peer::Client(stand) => {
            let place = config.cases.iter().position(|other| other.id == case.id);
            let tried = Box::pin(stand.attempt(case, place, clock, evidence.ear().unwrap_or_default(), pulse)).await;
            (tried, head(stand.target(), 0, clock))
        }
    };
    let Tried { verdict, events, came, said } = tried;
    match evidence.keep(head, &events, &said) {
        Ok(()) => (verdict, events, came),
        Err(error) => (Verdict::new(Grade::Broken, format!("cannot keep the evidence: {error}")), events, came),
    }
}

fn head(target: Target, seed: u64, clock: &Clock) -> Head {
    let version = env!("CARGO_PKG_VERSION").to_string();
    Head { version, began_unix_ms: clock.began_unix_ms(), target, seed, ..Head::default() }
}

/// Ours: connections that a server is to keep open at a time, most of which only wait.
const OPEN_AT_ONCE: usize = 128;
/// Ours: clients that only wait, beside those that work.
const CLIENTS_BESIDE: usize = 48;
/// Ours: what is run again runs beside a quarter as many as others.
const AGAIN_SHARE: usize = 4;
/// Ours: what is run again mostly waits, so that so many times the jobs go beside each other.
const AGAIN_BESIDE: usize = 2;
/// Ours: after so many cases an honest call looks whether the target lives.
const SANE_EVERY: usize = 50;
