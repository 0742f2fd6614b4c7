//! Who runs the trials: a few at a time, with pauses, everything written down.

use super::PathConfig;
use super::arms;
use crate::base::{Layer, Micros};
use crate::live::clock::Clock;
use crate::live::raw::Sniffer;
use crate::live::route::Route;
use crate::transcript::trial::{Arm, Ending, Hop, Saw, Trail, TrailHead, Trial};
use crate::transcript::witness::Sides;
use std::collections::VecDeque;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;

/// Who hears of every trial.
pub(super) type Tell = Box<dyn Fn(&Trial) + Send + Sync>;

/// What one trial brought.
#[derive(Debug)]
pub(super) struct Brought {
    pub reached: Option<Layer>,
    pub ending: Ending,
    pub saw: Saw,
}

impl Brought {
    pub fn new((reached, ending, saw): (Option<Layer>, Ending, Saw)) -> Brought {
        Brought { reached, ending, saw }
    }
}

/// The ways that were found.
#[derive(Clone, Debug, Default)]
pub(super) struct Ground {
    /// To the server.
    pub route: Option<Route>,
    /// To an address of its other family.
    pub other_family: Option<SocketAddr>,
    /// To an address that only another resolver gave.
    pub elsewhere: Option<SocketAddr>,
    /// To the control server.
    pub control: Option<Route>,
    /// Our own addresses towards the server.
    pub ours: Vec<IpAddr>,
}

pub(super) struct Crew {
    pub config: PathConfig,
    pub clock: Clock,
    tell: Tell,
    places: Arc<Semaphore>,
    pace: tokio::sync::Mutex<()>,
    ground: Mutex<Ground>,
    trials: Mutex<Vec<Trial>>,
    hops: Mutex<Vec<Hop>>,
    /// Whether the latest connections lost their first SYN.
    lost: Mutex<VecDeque<bool>>,
    /// The pause between two connections where somebody counts them.
    slower: Mutex<Duration>,
    /// A trial without an answer is given up after so long.
    patience: Mutex<Duration>,
    witness: Mutex<Option<Sides>>,
    sniffer: Mutex<Option<io::Result<Sniffer>>>,
}

impl Crew {
    pub fn new(config: PathConfig, clock: Clock, tell: Tell) -> Crew {
        let places = Arc::new(Semaphore::new(config.at_once.max(1)));
        Crew {
            patience: Mutex::new(config.patience),
            config,
            clock,
            tell,
            places,
            pace: tokio::sync::Mutex::new(()),
            ground: Mutex::default(),
            trials: Mutex::default(),
            hops: Mutex::default(),
            lost: Mutex::default(),
            slower: Mutex::default(),
            witness: Mutex::default(),
            sniffer: Mutex::default(),
        }
    }

    /// The ways found so far.
    pub fn ground(&self) -> Ground {
        lock(&self.ground).clone()
    }

    pub fn found(&self, change: impl FnOnce(&mut Ground)) {
        change(&mut lock(&self.ground));
    }

    /// All trials of an arm so far.
    pub fn of(&self, arm: Arm) -> Vec<Trial> {
        lock(&self.trials).iter().filter(|trial| trial.arm == arm).cloned().collect()
    }

    /// One trial of the arm brought what was wanted.
    pub fn passed(&self, arm: Arm) -> bool {
        lock(&self.trials).iter().any(|trial| trial.arm == arm && trial.passed())
    }

    /// A trial without an answer is given up after so long.
    pub fn patience(&self) -> Duration {
        *lock(&self.patience)
    }

    /// Trials are waited for so long from now on.
    pub fn wait_for(&self, patience: Duration) {
        *lock(&self.patience) = patience;
    }

    /// What met with silence on this layer was not waited for long enough: it tells nothing.
    pub fn forget_silence(&self, layer: Layer) {
        let silent = |trial: &&mut Trial| trial.arm.layer() == layer && trial.ending == Ending::Silence;
        for trial in lock(&self.trials).iter_mut().filter(silent) {
            trial.round += OUTWAITED;
            trial.ending = Ending::Ours("it was not waited for long enough".into());
        }
    }

    /// Resets are looked at from now on, where that is allowed.
    pub fn sniff(&self, server: SocketAddr) {
        if !server.ip().is_loopback() && self.config.probe.proxy.is_none() {
            *lock(&self.sniffer) = Some(Sniffer::open(server));
        }
    }

    /// Who said time exceeded about the connection from that port of ours.
    pub fn router(&self, port: u16) -> Option<IpAddr> {
        lock(&self.sniffer).as_ref()?.as_ref().ok()?.router(port)
    }

    /// Resets and what routers say are heard.
    pub fn hears(&self) -> bool {
        matches!(&*lock(&self.sniffer), Some(Ok(_)))
    }

    pub fn hop(&self, hop: Hop) {
        lock(&self.hops).push(hop);
    }

    /// What a witness told.
    pub fn testify(&self, sides: Sides) {
        *lock(&self.witness) = Some(sides);
    }

    /// Runs these trials beside each other, in an order drawn from the seed.
    pub async fn round(self: &Arc<Self>, round: u16, mut wanted: Vec<(Arm, Option<u64>)>) {
        shuffle(&mut wanted, self.config.probe.seed ^ u64::from(round));
        let mut under_way = JoinSet::new();
        for (arm, value) in wanted {
            let crew = self.clone();
            under_way.spawn(async move { crew.one(round, arm, value).await });
        }
        while under_way.join_next().await.is_some() {}
    }

    /// One of the connections that may be open at a time; nothing when all is over.
    pub async fn place(&self) -> Option<OwnedSemaphorePermit> {
        self.places.clone().acquire_owned().await.ok()
    }

    /// Runs one trial and writes it down.
    pub async fn one(self: &Arc<Self>, round: u16, arm: Arm, value: Option<u64>) -> Trial {
        let _place = self.place().await;
        self.wait_a_little().await;
        let at = self.clock.now();
        let Brought { reached, ending, mut saw } = arms::perform(self, arm, value).await;
        saw.value = saw.value.or(value);
        let trial = Trial { arm, round, at, took: self.clock.now() - at, reached, ending, saw };
        self.note(trial.clone());
        self.mind_the_rate(&trial);
        trial
    }

    /// Goes slower where SYNs are lost that single ones are not: somebody counts them.
    fn mind_the_rate(&self, trial: &Trial) {
        if trial.arm.layer() < Layer::Tcp || matches!(trial.ending, Ending::Ours(_)) || !self.passed(Arm::Tcp) {
            return;
        }
        let late = trial.saw.connect.is_some_and(|connect| connect.duration() >= RESENT);
        let lost = trial.reached.is_none() && trial.ending == Ending::Silence || late;
        let mut latest = lock(&self.lost);
        latest.push_back(lost);
        if latest.len() > LATEST {
            latest.pop_front();
        }
        let many = latest.iter().filter(|lost| **lost).count() >= MANY_LOST;
        if many || trial.arm == Arm::InARow && !trial.passed() {
            latest.clear();
            let mut slower = lock(&self.slower);
            *slower = (*slower * 2).clamp(SLOW, SLOWEST);
        }
    }

    /// Writes a trial down.
    pub fn note(&self, trial: Trial) {
        (self.tell)(&trial);
        lock(&self.trials).push(trial);
    }

    /// The pause between two connections.
    pub async fn wait_a_little(&self) {
        let pace = self.config.pace.max(*lock(&self.slower));
        if !pace.is_zero() {
            let _turn = self.pace.lock().await;
            tokio::time::sleep(pace).await;
        }
    }

    /// Nothing begins any more.
    pub async fn end(&self) {
        self.places.close();
    }

    /// What was seen, in the order of its beginning.
    pub fn trail(&self, head: TrailHead) -> Trail {
        let mut trials = lock(&self.trials).clone();
        trials.sort_by_key(|trial| trial.at);
        let mut trail = Trail { trials, hops: lock(&self.hops).clone(), witness: lock(&self.witness).clone(), ..Trail::default() };
        let no_raw = match &*lock(&self.sniffer) {
            Some(Ok(sniffer)) => {
                (trail.resets, trail.rejecters, trail.ttls) = (sniffer.resets(), sniffer.rejecters(), sniffer.ttls());
                None
            }
            Some(Err(error)) => Some(format!("resets and hops: no raw sockets, which need CAP_NET_RAW ({error})")),
            None => Some("resets on loopback and through proxies are not looked at".into()),
        };
        trail.head = TrailHead { no_raw, patience: Micros::from(self.patience()), ours: self.ground().ours, ..head };
        trail
    }
}

fn lock<T>(it: &Mutex<T>) -> MutexGuard<'_, T> {
    it.lock().unwrap_or_else(PoisonError::into_inner)
}

/// RFC 6298 2: a SYN that was lost is sent again after a second; a little less.
pub(super) const RESENT: Duration = Duration::from_millis(900);
/// Ours: so many connections are remembered.
const LATEST: usize = 12;
/// Ours: so many of them lost their SYN: one in ten does on a bad line.
const MANY_LOST: usize = 5;
/// Rounds of trials that were not waited for long enough have numbers from here on.
const OUTWAITED: u16 = 500;
/// Ours: the pause then, at first.
const SLOW: Duration = Duration::from_millis(500);
/// Ours: and at most.
const SLOWEST: Duration = Duration::from_secs(1);

/// Fisher and Yates, with SplitMix64 over the seed.
fn shuffle<T>(items: &mut [T], seed: u64) {
    let mut state = seed;
    for last in (1..items.len()).rev() {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = (state ^ state >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        items.swap(last, ((mixed ^ mixed >> 31) % (last as u64 + 1)) as usize);
    }
}
