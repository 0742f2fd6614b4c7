//! Who runs the trials: a few at a time, with pauses, everything written down.

use super::PathConfig;
use super::arms;
use super::many::is_crowd;
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
    /// Further addresses of the same answer.
    pub further: Vec<SocketAddr>,
    /// Addresses that only another resolver gave.
    pub elsewhere: Vec<SocketAddr>,
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
    /// Nothing begins before: the server asked for it.
    held: Mutex<Micros>,
    /// Requests that were sent again for that.
    turned_away: Mutex<usize>,
    /// Nothing is asked any more: somebody wants no more requests for so long.
    sent_away: Mutex<Option<Duration>>,
    /// So many connections at the same time came through, where somebody counts them.
    room: Mutex<Option<usize>>,
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
            held: Mutex::default(),
            turned_away: Mutex::default(),
            sent_away: Mutex::default(),
            room: Mutex::default(),
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

    /// What ended so among these arms tells nothing, for that reason; how many there were.
    pub fn forget(&self, arms: &[Arm], ended_so: fn(&Ending) -> bool, why: &str) -> usize {
        let meant = |trial: &&mut Trial| arms.contains(&trial.arm) && trial.round < OUTWAITED && ended_so(&trial.ending);
        let mut trials = lock(&self.trials);
        let forgotten = trials.iter_mut().filter(meant).map(|trial| {
            trial.round += OUTWAITED;
            trial.ending = Ending::Ours(why.into());
        });
        forgotten.count()
    }

    /// Somebody counts connections: so many at the same time came through. No more than one is open from now on.
    pub fn one_at_a_time(&self, came_through: usize) {
        *lock(&self.room) = Some(came_through);
        self.places.forget_permits(self.config.at_once.saturating_sub(1));
        let mut slower = lock(&self.slower);
        *slower = (*slower).max(CLOSES);
    }

    /// Connections at the same time that came through, where somebody counts them.
    pub fn room(&self) -> Option<usize> {
        *lock(&self.room)
    }

    /// Somebody wants no more requests, for longer than there is time.
    pub fn is_sent_away(&self) -> bool {
        lock(&self.sent_away).is_some()
    }

    /// Somebody wanted fewer requests: no dozen of them is sent at once.
    pub fn is_counted(&self) -> bool {
        *lock(&self.turned_away) > 0 || self.is_sent_away() || self.room().is_some()
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
        let mut at = self.clock.now();
        let mut brought = match self.is_sent_away() {
            false => arms::perform(self, arm, value).await,
            // It is not written down, as if it had not been wanted.
            true => {
                return Trial {
                    arm,
                    round,
                    at,
                    took: Micros::ZERO,
                    reached: None,
                    ending: Ending::Ours(ENOUGH.into()),
                    saw: Saw::default(),
                };
            }
        };
        for nth in 0..ASKED_AGAIN {
            let again = match self.told_to_wait(&brought, nth) {
                // A dozen at once are not asked again.
                Some(Told::Wait(wait)) if is_crowd(arm) => {
                    self.hold(wait);
                    brought.ending = Ending::Ours(COUNTED.into());
                    break;
                }
                Some(Told::Wait(wait)) => wait,
                Some(Told::GoAway(wait)) => {
                    lock(&self.sent_away).get_or_insert(wait);
                    brought.ending = Ending::Ours(ENOUGH.into());
                    break;
                }
                None => break,
            };
            let turned_away = Ending::Ours(format!("too many requests, said the server; asked again after {} s", again.as_secs()));
            let Brought { reached, saw, .. } = brought;
            self.note(Trial { arm, round, at, took: self.clock.now() - at, reached, ending: turned_away, saw });
            self.hold(again);
            self.wait_a_little().await;
            at = self.clock.now();
            brought = arms::perform(self, arm, value).await;
        }
        let Brought { reached, ending, mut saw } = brought;
        saw.value = saw.value.or(value);
        let trial = Trial { arm, round, at, took: self.clock.now() - at, reached, ending, saw };
        self.note(trial.clone());
        self.mind_the_rate(&trial);
        trial
    }

    /// The server wants fewer requests. RFC 6585 4, RFC 9110 10.2.3.
    fn told_to_wait(&self, brought: &Brought, nth: u32) -> Option<Told> {
        let head = brought.saw.head.as_ref().filter(|head| head.status == Some(TOO_MANY))?;
        let said = head.retry_after(self.clock.unix_ms().div_euclid(1000));
        let wait = said.unwrap_or(RETRY * 2_u32.pow(nth.min(8)));
        // Who wants more than half of what is left gets no further request, from no trial.
        let left = self.config.total.saturating_sub(self.clock.now().duration());
        if wait > left / 2 {
            return said.map(Told::GoAway);
        }
        let mut turned_away = lock(&self.turned_away);
        let again = *turned_away < MOST_TURNED_AWAY;
        *turned_away += usize::from(again);
        again.then_some(Told::Wait(wait))
    }

    /// Nothing begins for so long, and slowly behind that.
    fn hold(&self, wait: Duration) {
        let mut held = lock(&self.held);
        *held = (*held).max(self.clock.now() + wait);
        let mut slower = lock(&self.slower);
        *slower = (*slower).max(SLOW);
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
        let lost = latest.iter().filter(|lost| **lost).count();
        if lost >= MANY_LOST || trial.arm == Arm::InARow && !trial.passed() {
            let lost_of = latest.len();
            latest.clear();
            let mut slower = lock(&self.slower);
            // A bad line loses some of them even then, a limit nearly all.
            let nearly_all = lost >= MANY_LOST && lost * 5 >= lost_of * 4;
            let most = if nearly_all && *slower >= SLOWEST { SLOWEST_OF_ALL } else { SLOWEST.max(*slower) };
            *slower = (*slower * 2).clamp(SLOW, most);
        }
    }

    /// Writes a trial down.
    pub fn note(&self, trial: Trial) {
        (self.tell)(&trial);
        lock(&self.trials).push(trial);
    }

    /// The pause between two connections.
    pub async fn wait_a_little(&self) {
        let held = *lock(&self.held);
        if held > self.clock.now() {
            tokio::time::sleep_until(self.clock.instant(held)).await;
        }
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
        trail.sent_away = lock(&self.sent_away).map(Micros::from);
        trail.head = TrailHead { no_raw, patience: Micros::from(self.patience()), ours: self.ground().ours, ..head };
        trail
    }
}

/// What a 429 wants.
enum Told {
    /// Nothing for so long.
    Wait(Duration),
    /// The same, and it is longer than there is time.
    GoAway(Duration),
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
/// Rounds of trials that tell nothing have numbers from here on.
pub(super) const OUTWAITED: u16 = 500;
/// RFC 6585 4.
const TOO_MANY: u16 = 429;
/// Ours: who says it so often means it.
const ASKED_AGAIN: u32 = 2;
/// Ours: so many requests are sent again in all.
pub(super) const MOST_TURNED_AWAY: usize = 24;
/// Ours: the pause behind a 429 that names none, at first.
const RETRY: Duration = Duration::from_secs(2);
/// Ours: the pause then, at first.
const SLOW: Duration = Duration::from_millis(500);
/// Ours: and at most.
const SLOWEST: Duration = Duration::from_secs(1);
/// Ours: and where nearly all are lost even so; 20 in a minute are a usual limit.
const SLOWEST_OF_ALL: Duration = Duration::from_secs(3);
/// Ours: the pause where somebody counts connections that are open: the one before is closed everywhere by then.
const CLOSES: Duration = Duration::from_millis(30);
/// Why several requests at once came to nothing.
const COUNTED: &str = "too many requests, said the server, and so many at once are not sent again";
/// Why a trial came to nothing that was sent away.
const ENOUGH: &str = "too many requests, said the server, and it wants none for longer than there is time";

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
