//! A suite over sockets: cases beside each other, honest calls before, between and after them.

use super::again::{self, Retries, again};
use super::caller::{NO_CONNECTION, Reach, called, connection, no_connection};
use super::case::{Base, Case, Level, Row};
use super::evidence::Evidence;
use super::expect::Expect;
use super::outage::{self, Gone, Ran};
use super::stand::{Stand, Tried};
use super::verdict::{self, Grade, Verdict};
use crate::base::{Layer, Micros, Side, SpecRef};
use crate::jobs::probe::ProbeConfig;
use crate::live::clock::Clock;
use crate::transcript::{Event, Head, Target};
use std::collections::{HashMap, HashSet, VecDeque};
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Semaphore, watch};
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
    /// Connections at a time; cases that wait for a long timer do not count.
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
    if let Err(why) = lives(&config, clock).await {
        outcome.unreachable = Some(why);
        return outcome;
    }
    let mut waiting = queue(&config.cases);
    let (mut running, fast) = (JoinSet::new(), Arc::new(Semaphore::new(config.jobs.max(1))));
    let mut floor = Floor::default();
    let mut since_sane = 0;
    loop {
        // One at a time means one, whatever it waits for.
        let most = if config.jobs > 1 { config.jobs + SLOW_AT_ONCE } else { 1 };
        while running.len() < most
            && let Some(place) = next(&mut waiting, &config.cases, &fast)
        {
            floor.begun.insert(place, clock.now());
            running.spawn_local(one(config.clone(), place, *clock, fast.clone()));
            pace(config.rate).await;
        }
        let joined = tokio::select! {
            joined = running.join_next() => joined,
            _ = stop.wait_for(|stop| *stop) => {
                outcome.interrupted = true;
                break;
            }
        };
        let Some(joined) = joined else { break };
        let Ok(ran) = joined else { continue };
        since_sane += 1;
        let (connected, away) = (ran.connected, ran.began());
        tell(&ran.done.clone(), floor.take(ran));
        if !connected || since_sane >= SANE_EVERY {
            let now = clock.now();
            let alive = lives(&config, clock).await;
            // Whoever was cut off with it is through by now.
            while let Some(Ok(ran)) = running.try_join_next() {
                tell(&ran.done.clone(), floor.take(ran));
            }
            match alive {
                Err(why) => {
                    outcome.gone = Some(floor.down(&config.cases, asked, if connected { now } else { away }, why));
                    break;
                }
                Ok(()) if !connected && matches!(config.peer, Peer::Server(_)) => floor.shake(asked, away),
                Ok(()) => {}
            }
            (since_sane, asked) = (0, now);
        }
    }
    running.abort_all();
    if outcome.gone.is_none()
        && !outcome.interrupted
        && !floor.results.is_empty()
        && let Err(why) = lives(&config, clock).await
    {
        outcome.gone = Some(floor.down(&config.cases, asked, clock.now(), why));
    }
    settle(&config, clock, &mut stop, &mut floor, &mut outcome).await;
    floor.results.sort_by_key(|ran| ran.place);
    outcome.done = floor.results.into_iter().map(|ran| ran.done).collect();
    confirm(&config, clock, &mut stop, &mut outcome, tell).await;
    outcome
}

/// Runs again what was under way when the target went away for a moment: what is fast alone, so that the case which it does not
/// live through is found.
async fn settle(config: &Rc<SuiteConfig>, clock: &Clock, stop: &mut watch::Receiver<bool>, floor: &mut Floor, outcome: &mut Outcome) {
    if floor.void.is_empty() || outcome.gone.is_some() || outcome.interrupted {
        return;
    }
    outcome.shaken = Some(Gone::of(&floor.void, &[], "it took no connection for a moment".into()));
    let (slow, fast): (Vec<Ran>, Vec<Ran>) = std::mem::take(&mut floor.void).into_iter().partition(|ran| ran.done.case.base.slow);
    let free = Arc::new(Semaphore::new(1));
    for ran in fast {
        let mut again = tokio::select! {
            again = one(config.clone(), ran.place, *clock, free.clone()) => again,
            _ = stop.wait_for(|stop| *stop) => {
                outcome.interrupted = true;
                return;
            }
        };
        if let Err(why) = first_look(config, clock).await {
            let id = again.done.case.id.to_string();
            again.done.verdict = outage::fell(&why);
            again.done.attempts = vec![again.done.verdict.clone()];
            outcome.gone = comes_back(config, clock).await.map(|why| Gone { after: id.clone(), why, under_way: vec![id] });
        }
        floor.results.push(again);
        if outcome.gone.is_some() {
            return;
        }
    }
    let mut running = JoinSet::new();
    for ran in slow {
        running.spawn_local(one(config.clone(), ran.place, *clock, free.clone()));
    }
    floor.results.extend(running.join_all().await);
}

/// What is under way, what is through, and what is void.
#[derive(Default)]
struct Floor {
    begun: HashMap<usize, Micros>,
    results: Vec<Ran>,
    void: Vec<Ran>,
    /// Cases under way while the target was away: void when the connection was lost.
    shaken: HashSet<usize>,
}

impl Floor {
    /// A case is through; says how many are.
    fn take(&mut self, ran: Ran) -> usize {
        self.begun.remove(&ran.place);
        let lost = self.shaken.remove(&ran.place) && outage::lost(&ran.done);
        let floor = if lost { &mut self.void } else { &mut self.results };
        floor.push(ran);
        self.results.len() + self.void.len()
    }

    /// The target is down: only what was through when it was last seen alive stands.
    fn down(&mut self, cases: &[Case], asked: Micros, away: Micros, why: String) -> Gone {
        let alive = outage::last_alive(&self.results, asked, away);
        let mut void = outage::void(&mut self.results, alive, Micros::MAX);
        void.append(&mut self.void);
        let mut cut_off: Vec<usize> = self.begun.keys().copied().collect();
        cut_off.sort_unstable();
        let cut_off: Vec<&str> = cut_off.iter().filter_map(|place| cases.get(*place)).map(|case| case.id.as_ref()).collect();
        Gone::of(&void, &cut_off, why)
    }

    /// The target was away for a moment.
    fn shake(&mut self, asked: Micros, away: Micros) {
        let alive = outage::last_alive(&self.results, asked, away);
        self.void.extend(outage::void(&mut self.results, alive, away));
        self.shaken.extend(self.begun.iter().filter(|row| *row.1 <= away).map(|row| *row.0));
    }
}

/// Runs what was not expected again, one case at a time.
async fn confirm(
    config: &SuiteConfig,
    clock: &Clock,
    stop: &mut watch::Receiver<bool>,
    outcome: &mut Outcome,
    tell: &mut dyn FnMut(&Done, usize),
) {
    if outcome.interrupted || outcome.gone.is_some() {
        return;
    }
    let all = outcome.done.len();
    let mut sent = String::new();
    for place in config.retries.wanted(&outcome.done) {
        let Some(done) = outcome.done.get_mut(place) else { continue };
        let through = tokio::select! {
            through = again(config, clock, done) => through,
            _ = stop.wait_for(|stop| *stop) => {
                outcome.interrupted = true;
                return;
            }
        };
        if let Err(why) = through {
            // A target that does not let the case in was brought down by what came before it.
            let came = done.attempts.last().is_some_and(|verdict| !verdict.actual.starts_with(NO_CONNECTION));
            let last = if came || sent.is_empty() { done.case.id.to_string() } else { sent };
            outcome.gone = Some(Gone { after: last.clone(), why, under_way: vec![last] });
            return;
        }
        sent = done.case.id.to_string();
        tell(done, all);
    }
}

/// Slow cases first: their timers run while everything else is done.
fn queue(cases: &[Case]) -> VecDeque<usize> {
    let mut places: Vec<usize> = (0..cases.len()).collect();
    places.sort_by_key(|place| {
        cases.get(*place).map(|case| std::cmp::Reverse(if case.base.slow { case.base.within } else { Duration::ZERO }))
    });
    places.into()
}

/// The next case to begin; a fast one only when a connection is free for it.
fn next(waiting: &mut VecDeque<usize>, cases: &[Case], fast: &Semaphore) -> Option<usize> {
    let slow = waiting.front().and_then(|place| cases.get(*place)).is_some_and(|case| case.base.slow);
    if slow || fast.available_permits() > 0 { waiting.pop_front() } else { None }
}

async fn pace(rate: Option<u32>) {
    match rate.filter(|rate| *rate > 0) {
        Some(rate) => tokio::time::sleep(Duration::from_secs(1) / rate).await,
        // The case that was just begun takes its permit.
        None => tokio::task::yield_now().await,
    }
}

async fn one(config: Rc<SuiteConfig>, place: usize, clock: Clock, fast: Arc<Semaphore>) -> Ran {
    // Places are those of `queue`, which counts the cases.
    let case = config.cases.get(place).cloned().unwrap_or_else(sane);
    let permit = if case.base.slow { None } else { fast.acquire_owned().await.ok() };
    let began = clock.now();
    let (first, connected) = tokio::select! {
        through = repeated(&config, &case, &clock) => through,
        // A case that goes on for longer only waits for what does not come: the next one may begin.
        never = async { tokio::time::sleep(TALKS).await; drop(permit); std::future::pending().await } => never,
    };
    let (verdict, events) = first.unwrap_or_else(|| (Verdict::new(Grade::Broken, "it was not run"), Vec::new()));
    let ended = clock.now();
    Ran { place, done: Done::new(case, verdict, ended - began, events), connected, ended }
}

/// A case as often as wanted: what came of it, and whether all connections came up.
async fn repeated(config: &SuiteConfig, case: &Case, clock: &Clock) -> (Option<(Verdict, Vec<Event>)>, bool) {
    let (mut runs, mut connected): (Vec<(Verdict, Vec<Event>)>, bool) = (Vec::new(), true);
    for number in 1..=config.repeat.max(1) {
        let (verdict, events, through) = attempt(config, case, clock, number).await;
        connected &= through;
        runs.push((verdict, events));
    }
    let verdicts: Vec<&Verdict> = runs.iter().map(|run| &run.0).collect();
    let flaky = again::flaky(&verdicts);
    // What is kept is the first run that shows what is wrong.
    let wrong = |run: &(Verdict, Vec<Event>)| run.0.grade != Grade::Pass;
    let shown = runs.into_iter().reduce(|first, other| if !wrong(&first) && wrong(&other) { other } else { first });
    (shown.map(|(verdict, events)| (flaky.unwrap_or(verdict), events)), connected)
}

/// One run of a case, the `number`th: all its connections; whether they came up.
pub(super) async fn attempt(config: &SuiteConfig, case: &Case, clock: &Clock, number: u32) -> (Verdict, Vec<Event>, bool) {
    let evidence = match Evidence::begin(config.artifacts.as_deref(), case, number) {
        Ok(evidence) => evidence,
        Err(error) => return (Verdict::new(Grade::Broken, error.to_string()), Vec::new(), true),
    };
    let (tried, head) = match &config.peer {
        Peer::Server(probe) => (called(probe, case, clock, evidence.ear()).await, head(probe.target.clone(), probe.seed, clock)),
        Peer::Client(stand) => {
            let place = config.cases.iter().position(|other| other.id == case.id);
            let tried = stand.attempt(case, place, clock, evidence.ear().unwrap_or_default()).await;
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

/// Whether an honest call comes about, with a login where cases need one; asked twice.
pub(super) async fn lives(config: &SuiteConfig, clock: &Clock) -> Result<(), String> {
    let (mut why, began) = (String::new(), clock.now());
    // Who was silent for long is not asked a second time.
    for second in [false, true] {
        if second && (clock.now() - began).duration() > SECOND_LOOK_UNTIL {
            break;
        }
        match first_look(config, clock).await {
            Ok(()) => return Ok(()),
            Err(says) => why = says,
        }
        tokio::time::sleep(SECOND_LOOK).await;
    }
    Err(why)
}

/// Whether an honest call comes about at once.
async fn first_look(config: &SuiteConfig, clock: &Clock) -> Result<(), String> {
    match &config.peer {
        Peer::Server(probe) => answers(probe, &config.cases, clock).await,
        Peer::Client(stand) => stand.lives(&config.cases, clock).await,
    }
}

/// Waits for a target that went away; why it is given up, when it does not come back.
async fn comes_back(config: &SuiteConfig, clock: &Clock) -> Option<String> {
    let mut why = String::new();
    for _ in 0..LOOKS_FOR_IT {
        tokio::time::sleep(SECOND_LOOK).await;
        match first_look(config, clock).await {
            Ok(()) => return None,
            Err(says) => why = says,
        }
    }
    Some(why)
}

/// Whether a server answers an honest call.
async fn answers(probe: &ProbeConfig, cases: &[Case], clock: &Clock) -> Result<(), String> {
    let logs_in = probe.credentials.is_some() && cases.iter().any(Case::needs_account);
    let (case, mut events) = (honest(logs_in), Vec::new());
    let connected = connection(probe, &case, clock, &mut events).await.0 == Reach::Tls;
    let verdict = if connected { verdict::judge(&case, &events) } else { no_connection(&events) };
    match verdict.grade {
        Grade::Pass => Ok(()),
        _ if connected && logs_in => Err(format!("the login of an honest call: {}", verdict.actual)),
        _ => Err(verdict.actual),
    }
}

/// The honest call that shows that a server lives: as far as its login, or as Call Connect Ack.
pub fn honest(logs_in: bool) -> Case {
    if logs_in { login() } else { sane() }
}

/// An honest call as far as its login.
fn login() -> Case {
    const LOGIN: Row =
        Row::new(Side::Server, Level::Must, "auth/0/login", SpecRef::sstp("3.3.7.1"), &[]).at(Layer::Auth).expects(Expect::Up(Layer::Auth));
    Case::from(&LOGIN)
}

/// An honest call as far as Call Connect Ack.
fn sane() -> Case {
    const SANE: Row =
        Row::new(Side::Server, Level::Must, "sstp/0/sane", SpecRef::sstp("3.3.5.2.2"), &[]).expects(Expect::Sends("sstp.call-connect-ack"));
    let case = Case::from(&SANE);
    Case { base: Base { until: Layer::Sstp, ..case.base }, ..case }
}

/// Ours: a case that has not ended by then only watches.
const TALKS: Duration = Duration::from_secs(2);
/// Ours: cases that only watch or wait for a timer, beside the others.
const SLOW_AT_ONCE: usize = 32;
/// Ours: after so many cases an honest call looks whether the target lives.
const SANE_EVERY: usize = 50;
/// Ours: between two honest calls of which the first was not answered.
const SECOND_LOOK: Duration = Duration::from_secs(1);
/// Ours: so many seconds a target that went away has to come back.
const LOOKS_FOR_IT: u32 = 10;
/// Ours: when the first one took longer than this there is no second one.
const SECOND_LOOK_UNTIL: Duration = Duration::from_secs(12);
