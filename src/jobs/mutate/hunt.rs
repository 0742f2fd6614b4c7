//! A hunt: rides, looks, and for what is wrong rides again: is it so every time, with fewer edits too, and is the target alive?

mod life;

use super::fault::{Fault, Kind, same};
use super::referee::{Verdict, World};
use super::ride::Ride;
use super::room::Room;
use super::variant::{Variant, line};
use crate::base::SpecRef;
use crate::proto::edit::Edit;
use life::Life;
use std::collections::{BTreeMap, HashSet};
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::RwLock;

/// What rides: over sockets or in memory.
pub trait Target {
    /// Plays the script with these edits.
    fn ride(&self, edits: &[Edit]) -> impl Future<Output = Ride>;
    /// What is known of it.
    fn world(&self) -> Arc<World>;
    /// How much memory it holds, bytes, where that can be seen.
    fn memory(&self) -> Option<u64>;
    /// Starts it again; says whether that is possible.
    fn restart(&self) -> impl Future<Output = bool>;
    /// The user wants to stop, or the time of the run is over: rides under way are cut, and show nothing.
    fn is_stopping(&self) -> bool;
}

/// Something that is wrong, as it was found.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The variant.
    pub id: String,
    /// The state that it was sent in.
    pub place: &'static str,
    /// What is wrong.
    pub fault: Fault,
    /// The fewest edits that show it.
    pub edits: Vec<Edit>,
    /// What the target did.
    pub reaction: String,
    /// So often out of so many rides.
    pub seen: (u32, u32),
    /// Other variants that show the same.
    pub also: u64,
    /// A ride that shows it.
    pub ride: Ride,
}

/// What was counted.
#[derive(Clone, Debug, Default)]
pub struct Counts {
    /// Variants sent.
    pub cases: u64,
    /// Connections made.
    pub rides: u64,
    /// Variants whose place was not reached.
    pub unreached: u64,
    /// Faults that did not come again.
    pub unconfirmed: u64,
    /// Calls that hung before their place, of variants that got there when they were sent again.
    pub hung: u64,
    /// Clients that have hung up by themselves.
    pub left: u64,
    /// Variants in an open session that were not sent, as others of their kind had shown a defect often enough.
    pub spared: u64,
    /// Variants by state.
    pub places: BTreeMap<&'static str, u64>,
    /// The target is dead and cannot be started.
    pub dead: bool,
    /// It was started again, and served no honest call behind that.
    pub not_back: bool,
}

/// What was found so far; shared by those who ride at the same time.
#[derive(Debug, Default)]
pub struct Hunt {
    state: Mutex<State>,
    /// Held by every ride, and alone by who starts the target again; counts how often that was done.
    gate: RwLock<u64>,
    /// How many calls at a time the target takes.
    room: Room,
    /// A fault is looked at so often more.
    confirm: u32,
    /// An answer that takes longer is slow.
    slow: Duration,
}

#[derive(Debug, Default)]
struct State {
    counts: Counts,
    findings: Vec<Finding>,
    nonces: HashSet<Vec<u8>>,
    /// Variants behind which no sign of life has come yet.
    suspects: Vec<Suspect>,
    /// What an honest call shows already.
    honest: Vec<Fault>,
    /// Counts beginnings and ends of rides.
    happened: u64,
    /// Calls that hung before their place and were made again.
    hangs: u64,
}

#[derive(Debug)]
struct Suspect {
    /// What had happened when it was through.
    ended: u64,
    variant: Variant,
    ride: Ride,
}

/// One look at one ride.
struct Look {
    /// What had happened when it began.
    began: u64,
    /// How often the target had been started again.
    life: u64,
    /// So many calls were under way when it was through.
    together: usize,
    ride: Ride,
    verdict: Verdict,
}

impl Hunt {
    /// A hunt that looks at every fault `confirm` times more.
    pub fn new(confirm: u32, slow: Duration) -> Hunt {
        Hunt { state: Mutex::default(), gate: RwLock::default(), room: Room::default(), confirm, slow }
    }

    fn on_state<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// What was counted so far.
    pub fn counts(&self) -> Counts {
        self.on_state(|state| state.counts.clone())
    }

    /// How often a finding was shown.
    pub fn shown(&self) -> u64 {
        self.on_state(|state| state.findings.iter().map(|finding| 1 + finding.also).sum())
    }

    /// So many variants were not sent.
    pub fn spares(&self, variants: u64) {
        self.on_state(|state| state.counts.spared += variants);
    }

    /// What was found so far.
    pub fn findings(&self) -> Vec<Finding> {
        self.on_state(|state| state.findings.clone())
    }

    /// How many findings there are.
    pub fn found(&self) -> usize {
        self.on_state(|state| state.findings.len())
    }

    /// How many calls at a time the target gets, where it has turned one away.
    pub fn room(&self) -> Option<usize> {
        self.room.left()
    }

    fn happens(&self) -> u64 {
        self.on_state(|state| {
            state.happened += 1;
            state.happened
        })
    }

    async fn look<T: Target>(&self, target: &T, edits: &[Edit]) -> Look {
        let seat = self.room.enter().await;
        let lives = self.gate.read().await;
        let look = self.look_alone(target, edits, *lives).await;
        Look { together: seat.together(), ..look }
    }

    /// For who holds the gate.
    async fn look_alone<T: Target>(&self, target: &T, edits: &[Edit], life: u64) -> Look {
        let began = self.happens();
        let before = target.memory();
        let ride = target.ride(edits).await;
        let mut verdict = ride.verdict(&target.world());
        if ride.no_connection.is_some() {
            verdict.faults.clear();
        }
        if let Some(how) = &ride.died {
            verdict.faults.insert(0, fault(Kind::Died, how.clone(), SpecRef::sstp("3.2")));
        }
        let grown = target.memory().zip(before).map_or(0, |(after, before)| after.saturating_sub(before));
        if grown >= GROWS {
            verdict.faults.push(fault(Kind::Memory, format!("{} KiB of memory are not given back", grown >> 10), SpecRef::sstp("3.3")));
        }
        if verdict.slowest > self.slow {
            verdict.faults.push(fault(Kind::Slow, "an answer takes much longer than others".into(), SpecRef::sstp("3.3")));
        }
        let again = self.on_state(|state| {
            state.counts.rides += 1;
            let again = verdict.nonces.iter().any(|nonce| state.nonces.contains(nonce));
            if state.nonces.len() < MOST_NONCES {
                state.nonces.extend(verdict.nonces.iter().cloned());
            }
            again
        });
        if again {
            verdict.faults.push(fault(Kind::Leak, "the nonce of an earlier call comes again".into(), SpecRef::sstp("2.2.6")));
        }
        Look { began, life, together: 1, ride, verdict }
    }

    /// So many variants were sent in an open session, and nothing was wrong with them.
    pub fn passed(&self, place: &'static str, cases: u64) {
        self.on_state(|state| {
            state.counts.cases += cases;
            *state.counts.places.entry(place).or_default() += cases;
        });
    }

    /// Sends one variant and looks into what is wrong. Says what the target did; `None`: the user stopped it, or the target was
    /// dead already.
    pub async fn examine<T: Target>(&self, target: &T, variant: &Variant) -> Option<String> {
        let mut hung = 0;
        for attempt in 0..ATTEMPTS {
            let look = self.look(target, &variant.edits).await;
            if target.is_stopping() {
                return None;
            }
            let was_dead = self.counts().dead;
            let unreached = look.ride.edited.is_empty() && !variant.edits.is_empty();
            let (hangs, left) = (unreached && !look.verdict.ended && look.ride.no_connection.is_none(), look.verdict.left);
            let reaction = self.judge(target, variant, look).await;
            // What was sent to a dead target counts for nothing.
            if reaction.is_none() && (was_dead || self.counts().dead) {
                return None;
            }
            // Whether a call hangs before its place every time, or has only stalled, the next one shows.
            if hangs && reaction.is_some() && hung < self.on_state(|state| if state.hangs < MOST_HANGS { HANGS } else { 0 }) {
                hung += 1;
                self.on_state(|state| state.hangs += 1);
                continue;
            }
            // Where the target has died of something else meanwhile, or had no room, it is sent again.
            if let Some(reaction) = reaction.or((attempt + 1 == ATTEMPTS).then(|| "cut".into())) {
                self.on_state(|state| {
                    state.counts.cases += 1;
                    *state.counts.places.entry(variant.place).or_default() += 1;
                    state.counts.unreached += u64::from(unreached);
                    state.counts.hung += if unreached { 0 } else { hung };
                    state.counts.left += u64::from(left);
                });
                return Some(reaction);
            }
        }
        None
    }

    /// What is wrong with it, and whether the target has survived it. `None`: it was not heard, or somebody else's variant has ended the target meanwhile.
    async fn judge<T: Target>(&self, target: &T, variant: &Variant, look: Look) -> Option<String> {
        let reaction = look.verdict.reaction.clone();
        let ended = look.ride.no_connection.is_some() || matches!(reaction.as_str(), "silent" | "closed");
        let honest = self.honest();
        let new = |fault: &&Fault| !honest.iter().any(|other| same(other, fault));
        let reached = !look.ride.edited.is_empty() || variant.edits.is_empty();
        let fault = look.verdict.faults.iter().find(new).filter(|_| reached).cloned();
        // A server that answers HTTP is alive, and so it was not what came before that killed it.
        let lives = look.ride.is_answered();
        self.on_state(|state| {
            if lives {
                state.suspects.retain(|suspect| suspect.ended > look.began);
            }
            state.happened += 1;
            let ended_at = state.happened;
            if ended && state.suspects.len() < MOST_SUSPECTS {
                state.suspects.push(Suspect { ended: ended_at, variant: variant.clone(), ride: look.ride.clone() });
            }
        });
        // A client that is started for every call cannot be dead; how it ended is known.
        let may_be_dead = ended && (!lives || fault.is_some()) && !target.world().judges_client;
        match if may_be_dead { self.life(target, look.life).await } else { Life::Lives } {
            // Who only finds out about a death has not been heard, and is sent again.
            Life::Died if !reached && !target.is_stopping() => return None,
            Life::Died => return Some(reaction),
            Life::Anew | Life::Gone => return None,
            // It has no room for so many calls at a time: this one was not even heard.
            Life::Lives if look.ride.no_connection.is_some() && !target.world().judges_client => {
                self.room.shrink(look.together);
                return None;
            }
            Life::Lives => {}
        }
        if let Some(fault) = fault {
            self.pursue(target, variant, look, fault).await;
        }
        Some(reaction)
    }

    async fn pursue<T: Target>(&self, target: &T, variant: &Variant, first: Look, fault: Fault) {
        let known = self.on_state(|state| match state.findings.iter_mut().find(|finding| same(&finding.fault, &fault)) {
            Some(finding) => {
                finding.also += 1;
                true
            }
            None => false,
        });
        if known {
            return;
        }
        let (mut seen, mut rides, mut reactions) = (1, 1, HashSet::new());
        let mut certain = first.verdict.seen && !first.verdict.left;
        reactions.insert(first.verdict.reaction.clone());
        for _ in 0..self.confirm {
            let look = self.look(target, &variant.edits).await;
            if target.is_stopping() {
                break;
            }
            rides += 1;
            // A client that hangs up by itself does so now here, now there.
            certain &= look.verdict.seen && look.ride.no_connection.is_none() && !look.verdict.left;
            reactions.insert(look.verdict.reaction.clone());
            seen += u32::from(look.verdict.faults.iter().any(|other| other.kind == fault.kind));
        }
        let fault = match seen == rides {
            true if fault.kind == Kind::Slow && !self.slower_than_honest(target).await => return self.unconfirmed(),
            true => fault,
            // What was only not seen may have come too late for us.
            false if certain && reactions.len() > 1 => {
                let mut list: Vec<String> = reactions.into_iter().collect();
                list.sort();
                super::fault::Fault {
                    kind: Kind::Flaky,
                    says: format!("answered now so, now otherwise: {}", list.join(", ")),
                    spec: fault.spec,
                }
            }
            false => return self.unconfirmed(),
        };
        let finding = match self.without_edits(target, &fault, rides).await {
            Some(look) => {
                let (also, reaction) = (u64::from(variant.id != HONEST), look.verdict.reaction);
                let (id, place, seen) = (HONEST.into(), HONEST, (rides, rides));
                Finding { id, place, fault, edits: Vec::new(), reaction, seen, also, ride: look.ride }
            }
            None => {
                let edits = self.fewest(target, &variant.edits, &fault).await;
                let (id, place, reaction) = (variant.id.clone(), variant.place, first.verdict.reaction);
                Finding { id, place, fault, edits, reaction, seen: (seen, rides), also: 0, ride: first.ride }
            }
        };
        self.on_state(|state| match state.findings.iter_mut().find(|other| same(&other.fault, &finding.fault)) {
            Some(other) => other.also += 1,
            None => state.findings.push(finding),
        });
    }

    fn unconfirmed(&self) {
        self.on_state(|state| state.counts.unconfirmed += 1);
    }

    /// Everything else is answered in time.
    async fn slower_than_honest<T: Target>(&self, target: &T) -> bool {
        self.look(target, &[]).await.verdict.slowest * 4 < self.slow
    }

    /// An honest call that shows it, where so many in a row do: then no variant is to blame.
    async fn without_edits<T: Target>(&self, target: &T, fault: &Fault, rides: u32) -> Option<Look> {
        let mut shows = None;
        for _ in 0..rides {
            let look = self.look(target, &[]).await;
            if target.is_stopping() || !look.verdict.faults.iter().any(|other| same(other, fault)) {
                return None;
            }
            shows = Some(look);
        }
        shows
    }

    /// The fewest edits that still show it.
    async fn fewest<T: Target>(&self, target: &T, edits: &[Edit], fault: &Fault) -> Vec<Edit> {
        let mut least = edits.to_vec();
        let mut at = 0;
        while least.len() > 1 && at < least.len() && fault.kind != Kind::Flaky && !target.is_stopping() {
            let mut fewer = least.clone();
            fewer.remove(at);
            let look = self.look(target, &fewer).await;
            match look.verdict.faults.iter().any(|other| other.kind == fault.kind) && !target.is_stopping() {
                true => least = fewer,
                false => at += 1,
            }
        }
        least
    }

    /// What an honest call shows already, which is not held against variants.
    pub fn honest(&self) -> Vec<Fault> {
        self.on_state(|state| state.honest.clone())
    }

    /// Learns from an honest call what is wrong with it already. Gives the call where it does not go through.
    pub async fn learn<T: Target>(&self, target: &T) -> Option<Ride> {
        let look = self.look(target, &[]).await;
        let through = goes_through(target, &look);
        let stuck = (!through).then_some(look.ride);
        self.on_state(|state| {
            // What comes of several calls together is for the variants to show.
            for fault in look.verdict.faults.into_iter().filter(|fault| through && !matches!(fault.kind, Kind::Leak | Kind::Memory)) {
                if !state.honest.contains(&fault) {
                    state.honest.push(fault);
                }
            }
        });
        stuck
    }
}

/// An honest call came up, and a server let us go in order; a client may leave when it wants.
fn goes_through<T: Target>(target: &T, look: &Look) -> bool {
    let through = if target.world().judges_client { look.verdict.up } else { look.verdict.reaction == "goes on" };
    look.ride.no_connection.is_none() && look.ride.died.is_none() && through
}

fn fault(kind: Kind, says: String, spec: SpecRef) -> Fault {
    Fault { kind, says, spec }
}

impl Finding {
    /// The edits in one line.
    pub fn line(&self) -> String {
        line(&self.edits)
    }
}

/// The id of what an honest call shows.
pub const HONEST: &str = "honest";
/// The id where no variant is to blame, nor any call that we know.
pub const NOBODY: &str = "none";
/// Ours: so much memory that is not given back after one variant counts.
const GROWS: u64 = 256 << 10;
/// Ours: nonces that are remembered.
const MOST_NONCES: usize = 1 << 20;
/// Ours: suspects that are remembered.
const MOST_SUSPECTS: usize = 64;
/// Ours: a variant that was cut by the end of the target is sent again so often.
const ATTEMPTS: u32 = 16;
/// Ours: a variant whose call has hung before its place is sent again so often.
const HANGS: u64 = 2;
/// Ours: with a target that hangs more often before the place of a variant, nothing is sent again for it.
const MOST_HANGS: u64 = 64;
