//! Variants over sockets.

use super::arena::{player, rider};
use super::cars::{Shown, Spared, car};
use super::hunt::{HONEST, Hunt, Target};
use super::referee::World;
use super::ride::{Patience, Ride};
use super::train::{Journey, Journeying, Train};
use super::variant::Variant;
use crate::base::{Micros, Side, hex};
use crate::jobs::probe::climb::{self, Base, below};
use crate::jobs::probe::{Beside, ProbeConfig};
use crate::jobs::replay::player::Shared;
use crate::jobs::replay::run::login;
use crate::jobs::replay::{Course, Player, Present, Script};
use crate::live::child::{Launch, Program};
use crate::live::clock::Clock;
use crate::live::dns::Override;
use crate::live::{Notes, drive};
use crate::proto::edit::Edit;
use crate::proto::plan::{CertHashes, Method};
use crate::transcript::{Event, Sink, What};
use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::rc::Rc;
use std::sync::{Arc, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::{JoinSet, LocalSet};

/// A server at an address.
pub struct Remote {
    /// Target, login, trust, proxy and names.
    pub config: ProbeConfig,
    /// The client's side.
    course: Course,
    /// The method of a login with TLS inside EAP, which our own end makes.
    login: Option<Method>,
    /// The clock of the run.
    pub clock: Clock,
    /// The user wants to stop.
    pub stop: watch::Receiver<bool>,
    /// How long is waited.
    pub patience: Patience,
    /// The process whose memory is watched.
    pub pid: Option<u32>,
    /// What starts the target again.
    pub restart_cmd: Option<String>,
    /// A call that nothing is spoilt in is left after so long; `None`: only when nothing comes any more.
    pub honest_limit: Cell<Option<Duration>>,
    /// It is looked whether a call that nothing is spoilt in is closed when it is over.
    pub lingers: Cell<bool>,
    world: RefCell<Arc<World>>,
    /// The user wants to stop, or the time of the run is over.
    halt: RefCell<watch::Receiver<bool>>,
    /// The address that was reached last.
    at: Cell<Option<IpAddr>>,
    /// What came of the command that should have started it again.
    not_restarted: RefCell<Option<String>>,
}

impl Remote {
    /// A target; nothing is sent yet.
    pub fn new(config: ProbeConfig, script: &Script, clock: Clock, stop: watch::Receiver<bool>, patience: Patience) -> Remote {
        let (course, login) = Course::of_client(script);
        let world =
            World { credentials: config.credentials.clone(), patience: patience.answer, tunnelled: login.is_some(), ..World::default() };
        let world = Arc::new(world);
        let (world, halt, at, not_restarted) = (RefCell::new(world), RefCell::new(stop.clone()), Cell::default(), RefCell::default());
        let (honest_limit, lingers) = (Cell::default(), Cell::default());
        Remote {
            config,
            course,
            login,
            clock,
            stop,
            patience,
            pid: None,
            restart_cmd: None,
            honest_limit,
            lingers,
            world,
            halt,
            at,
            not_restarted,
        }
    }

    /// The target at the one address that was reached last: a call to it is one connection, and no race between several.
    pub fn at_one_address(&self) -> ProbeConfig {
        let mut config = self.config.clone();
        if let Some(((host, _), address)) = climb::first_hop(&config).zip(self.at.get()) {
            config.resolver.overrides.insert(0, Override { host, addresses: vec![address] });
        }
        config
    }

    /// Why the target could not be started again, a clause about the command.
    pub fn not_restarted(&self) -> Option<String> {
        self.not_restarted.borrow().clone()
    }

    /// What the referee knows.
    pub fn knows(&self) -> Arc<World> {
        self.world.borrow().clone()
    }

    /// TCP and TLS.
    async fn dial(&self) -> Result<Base, String> {
        let (mut beside, mut way, mut heard, mut stop) = (Beside::default(), None, Heard(None), self.halt());
        let base = {
            let mut notes = Notes::new(&self.clock, &mut heard);
            tokio::select! {
                biased;
                _ = stop.wait_for(|stop| *stop) => return Err("interrupted".into()),
                base = below(&self.config, &mut notes, &mut beside, &mut way) => base,
            }
        };
        self.at.set(base.as_ref().map(|base| base.route.to.ip()).or(self.at.get()));
        base.ok_or_else(|| heard.0.unwrap_or_else(|| "no connection".into()))
    }

    fn halt(&self) -> watch::Receiver<bool> {
        self.halt.borrow().clone()
    }

    fn present(&self, base: &Base) -> Present {
        let leaf = CertHashes::of(base.secure.leaf());
        if self.world.borrow().leaf != Some(leaf) {
            let world = World { leaf: Some(leaf), ..World::clone(&self.world.borrow()) };
            *self.world.borrow_mut() = Arc::new(world);
        }
        Present {
            host: climb::host_header(&self.config.target),
            date: String::new(),
            leaf: Some(leaf),
            credentials: self.config.credentials.clone(),
            seed: self.config.seed,
        }
    }

    fn player(&self, base: &Base, edits: &[Edit]) -> (Player, Shared) {
        let login = login(self.login, &self.config, &self.clock, self.config.seed);
        player(&self.course, edits, self.present(base), login, self.clock.now())
    }

    /// The cars from one number to another in one session, without those that are spared.
    pub async fn train(&self, cars: (u64, u64), spared: Spared) -> Journey {
        let Ok(base) = self.dial().await else { return Journey::default() };
        let journey = Journeying::default();
        let (player, _) = self.player(&base, &[]);
        let train = Train::new(player, self.config.seed, cars, self.clock.now(), journey.clone()).without(spared);
        let mut stop = self.halt();
        drive::run(base.secure.stream, train, Side::Client, &self.clock, &mut Nobody, &mut stop).await;
        std::mem::take(&mut *journey.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Target for Remote {
    async fn ride(&self, edits: &[Edit]) -> Ride {
        let base = match self.dial().await {
            Ok(base) => base,
            Err(why) => return Ride { no_connection: Some(why), ..Ride::default() },
        };
        let player = self.player(&base, edits);
        let (rider, riding) = rider(&self.course, player, &self.knows(), self.patience, self.clock.now());
        let rider = if self.lingers.get() && edits.is_empty() { rider.lingering(None) } else { rider };
        let (mut stop, mut nobody) = (self.halt(), Nobody);
        let driven = drive::run(base.secure.stream, rider, Side::Client, &self.clock, &mut nobody, &mut stop);
        let limit = self.honest_limit.get().filter(|_| edits.is_empty());
        let in_time = tokio::time::timeout(limit.unwrap_or(Duration::MAX), driven).await.is_ok();
        let ride = std::mem::take(&mut *riding.lock().unwrap_or_else(PoisonError::into_inner));
        if in_time { ride } else { Ride { over: self.clock.now(), left_after: limit, ..ride } }
    }

    fn world(&self) -> Arc<World> {
        self.knows()
    }

    fn memory(&self) -> Option<u64> {
        memory_of(self.pid?)
    }

    fn is_stopping(&self) -> bool {
        *self.halt.borrow().borrow()
    }

    async fn restart(&self) -> bool {
        let Some(command) = &self.restart_cmd else { return false };
        let started = self.started_again(command).await;
        let is_started = started.is_ok();
        *self.not_restarted.borrow_mut() = started.err();
        is_started
    }
}

impl Remote {
    async fn started_again(&self, command: &str) -> Result<(), String> {
        let launch = Launch { args: ["sh", "-c", command].map(String::from).to_vec(), ..Launch::default() };
        let mut program = Program::start(launch).map_err(|error| format!("did not run: {error}"))?;
        match tokio::time::timeout(RESTART, program.ended()).await {
            Ok(0) => {}
            Ok(code @ 129..=192) => return Err(format!("ended with {code} (signal {})", code - 128)),
            Ok(code) => return Err(format!("ended with {code}")),
            Err(_) => return Err(format!("did not end within {} s", RESTART.as_secs())),
        }
        let mut why = String::new();
        for _ in 0..RESTART_LOOKS {
            match self.dial().await {
                Ok(base) => {
                    base.secure.close().await;
                    return Ok(());
                }
                Err(says) => why = says,
            }
            tokio::time::sleep(RESTART_PAUSE).await;
        }
        Err(format!("ended with 0, and the target takes no connection ({why})"))
    }
}

/// A target over sockets.
pub trait Live: Target {
    /// The clock of the run.
    fn clock(&self) -> &Clock;
    /// What is under way is cut as soon as this is true; gives what has been heeded until now.
    fn heed(&self, halt: watch::Receiver<bool>) -> watch::Receiver<bool>;
}

/// Cuts what is under way when the time is over, or the user wants to stop, until it is dropped.
struct Deadline<'a, T: Live> {
    target: &'a T,
    stop: Option<watch::Receiver<bool>>,
    bell: tokio::task::JoinHandle<()>,
}

impl<'a, T: Live> Deadline<'a, T> {
    /// Needs a tokio `LocalSet`.
    fn set(target: &'a T, until: Micros) -> Deadline<'a, T> {
        let (ring, halt) = watch::channel(false);
        let (stop, at) = (target.heed(halt), target.clock().instant(until));
        let mut stopped = stop.clone();
        let bell = tokio::task::spawn_local(async move {
            let _ = tokio::time::timeout_at(at, stopped.wait_for(|stop| *stop)).await;
            let _ = ring.send(true);
            // Whoever rides now looks at it still.
            ring.closed().await;
        });
        Deadline { target, stop: Some(stop), bell }
    }
}

impl<T: Live> Drop for Deadline<'_, T> {
    fn drop(&mut self) {
        self.stop.take().map(|stop| self.target.heed(stop));
        self.bell.abort();
    }
}

impl Live for Remote {
    fn clock(&self) -> &Clock {
        &self.clock
    }

    fn heed(&self, halt: watch::Receiver<bool>) -> watch::Receiver<bool> {
        self.halt.replace(halt)
    }
}

/// Memory that a process of this machine holds, bytes, in steps that it does not take by itself; `None`: there is no such process.
pub fn memory_of(pid: u32) -> Option<u64> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/statm")).ok()?;
    let pages: u64 = text.split_whitespace().nth(1)?.parse().ok()?;
    Some(pages * PAGE / GRAIN * GRAIN)
}

/// How much is sent, and how fast.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// Variants in all.
    pub cases: Option<u64>,
    /// Time in all.
    pub time: Option<Duration>,
    /// Connections begun in a second at most.
    pub rate: Option<f64>,
    /// Connections at a time.
    pub concurrency: usize,
    /// Nothing but variants that leave the session open, in one session.
    pub in_session: bool,
}

/// Hears where a run stands, and of a variant that is through: its id and the reaction.
pub type Tell<'a> = dyn FnMut(&Hunt, &Stand, Option<(&str, &str)>) + 'a;

/// Where a run stands.
#[derive(Clone, Copy, Debug, Default)]
pub struct Stand {
    /// So many variants from the beginning of the list on are through.
    pub listed: u64,
    /// Cars that are through.
    pub cars: u64,
    /// How long it took.
    pub took: Micros,
}

/// Sends the variants, and behind them, as far as the budget goes, variants without end in an open session. `from`: what an
/// earlier run has sent.
pub async fn all(remote: Rc<Remote>, hunt: Rc<Hunt>, variants: &[Variant], pace: Pace, from: Stand, tell: &mut Tell<'_>) -> Stand {
    LocalSet::new()
        .run_until(async {
            let began = remote.clock.now();
            let _deadline = pace.time.map(|time| Deadline::set(&*remote, began + time));
            let mut stand = from;
            if !pace.in_session {
                singles(&remote, &hunt, variants, pace, (&mut stand, began), tell).await;
            }
            let mut shown = Shown::default();
            let left = |stand: &Stand| match pace.cases {
                Some(cases) => cases.saturating_sub(stand.listed + stand.cars),
                None if pace.time.is_some() => u64::MAX >> 8,
                None => 0,
            };
            while left(&stand) > 0 && goes_on(&*remote, &hunt, pace, began) {
                let end = stand.cars + left(&stand).min(if pace.time.is_some() { TRAIN_OF_A_TIME } else { TRAIN });
                if !cars(&remote, &hunt, (stand.cars, end), &mut stand, &mut shown).await {
                    break;
                }
                stand.took = remote.clock.now() - began;
                tell(&hunt, &stand, None);
            }
            stand.took = remote.clock.now() - began;
            stand
        })
        .await
}

/// Sends the variants of the list, each in a call of its own. `from`: what an earlier run has sent. Needs a tokio `LocalSet`.
pub async fn listed<T: Live + 'static>(
    target: Rc<T>,
    hunt: Rc<Hunt>,
    variants: &[Variant],
    pace: Pace,
    from: Stand,
    tell: &mut Tell<'_>,
) -> Stand {
    let (mut stand, began) = (from, target.clock().now());
    let _deadline = pace.time.map(|time| Deadline::set(&*target, began + time));
    singles(&target, &hunt, variants, pace, (&mut stand, began), tell).await;
    stand.took = target.clock().now() - began;
    stand
}

fn goes_on<T: Live>(remote: &T, hunt: &Hunt, pace: Pace, began: Micros) -> bool {
    let in_time = pace.time.is_none_or(|time| remote.clock().now().since(began) < time);
    in_time && !remote.is_stopping() && !hunt.counts().dead
}

/// One train; what is suspect is sent again alone, unless others of its kind have shown a defect often enough. Says whether it got
/// anywhere.
async fn cars(remote: &Remote, hunt: &Hunt, range: (u64, u64), stand: &mut Stand, shown: &mut Shown) -> bool {
    let seed = remote.config.seed;
    let journey = remote.train(range, shown.spared()).await;
    let through = journey.through.min(range.1 - range.0);
    let spared = (range.0..range.0 + through).filter(|number| shown.spares(seed, *number)).count() as u64;
    hunt.passed("connected", through - spared);
    hunt.spares(spared);
    stand.cars = range.0 + through;
    for number in &journey.suspects {
        if remote.is_stopping() {
            return false;
        }
        let before = hunt.shown();
        match shown.spares(seed, *number) {
            true => hunt.spares(1),
            false => drop(hunt.examine(remote, &loose(seed, *number)).await),
        }
        if hunt.shown() > before {
            shown.by(seed, *number);
        }
        stand.cars = number + 1;
    }
    journey.up && (through > 0 || !journey.suspects.is_empty())
}

/// An honest call as a variant: what [`HONEST`] findings are repeated with.
pub fn honest() -> Variant {
    Variant { id: HONEST.into(), mutator: HONEST, family: HONEST, place: "connected", slow: false, edits: Vec::new() }
}

/// A car as a variant of its own.
pub fn loose(seed: u64, number: u64) -> Variant {
    let line = format!("sstp.call-disconnect#1 before {}", hex(&car(seed, number)));
    let edits = Edit::parse(&line).ok().into_iter().collect();
    Variant { id: format!("open/{number}"), mutator: "open", family: "random", place: "connected", slow: false, edits }
}

async fn singles<T: Live + 'static>(
    remote: &Rc<T>,
    hunt: &Rc<Hunt>,
    variants: &[Variant],
    pace: Pace,
    (stand, began): (&mut Stand, Micros),
    tell: &mut Tell<'_>,
) {
    let first = usize::try_from(stand.listed).unwrap_or(usize::MAX);
    let most = pace.cases.map_or(usize::MAX, |cases| usize::try_from(cases).unwrap_or(usize::MAX));
    let mut rest = variants.iter().enumerate().take(most).skip(first);
    let mut running: JoinSet<(u64, String, Option<String>)> = JoinSet::new();
    let mut begun = 0u64;
    // Those that are through before one that began earlier.
    let mut ahead = BTreeSet::new();
    loop {
        let due = pace.rate.map_or(began, |rate| began + Duration::from_secs_f64(begun as f64 / rate));
        let more = goes_on(&**remote, hunt, pace, began);
        let free = more && rest.len() > 0 && running.len() < pace.concurrency.max(1);
        tokio::select! {
            biased;
            Some(joined) = running.join_next() => {
                stand.took = remote.clock().now() - began;
                if let Ok((place, id, Some(reaction))) = joined {
                    ahead.insert(place);
                    while ahead.remove(&stand.listed) {
                        stand.listed += 1;
                    }
                    tell(hunt, stand, Some((&id, &reaction)));
                }
            }
            () = tokio::time::sleep_until(remote.clock().instant(due)), if free => {
                if let Some((variant, place)) = rest.next().map(|row| (row.1.clone(), row.0 as u64)) {
                    let (remote, hunt) = (remote.clone(), hunt.clone());
                    running.spawn_local(async move {
                        let reaction = hunt.examine(&*remote, &variant).await;
                        (place, variant.id, reaction)
                    });
                    begun += 1;
                }
            }
            else => break,
        }
    }
}

struct Nobody;

impl Sink for Nobody {
    fn event(&mut self, _: &Event) {}
}

/// Why a layer failed.
struct Heard(Option<String>);

impl Sink for Heard {
    fn event(&mut self, event: &Event) {
        if let What::Down(reason) = &event.what {
            self.0.get_or_insert(format!("{}: {reason}", event.layer.title()));
        }
    }
}

/// Linux: bytes of a page, as statm counts.
const PAGE: u64 = 4096;
/// Ours: memory grows in smaller steps by itself.
const GRAIN: u64 = 512 << 10;
/// Ours: the command that starts the target may take so long, s.
const RESTART: Duration = Duration::from_secs(60);
/// Ours: the target is looked for so often.
const RESTART_LOOKS: u32 = 100;
/// Ours: pause between looks.
const RESTART_PAUSE: Duration = Duration::from_millis(200);
/// Ours: cars of one train.
const TRAIN: u64 = 200_000;
/// Ours: where time is the budget, it is looked at more often.
const TRAIN_OF_A_TIME: u64 = 10_000;
