//! A target in memory: the built-in server on the pretend wire, where a minute costs a millisecond.

use super::hunt::{Hunt, Target};
use super::referee::World;
use super::ride::{Patience, Ride, Rider, Riding};
use super::train::{Journey, Journeying, Train};
use super::variant::{self, Variant};
use crate::base::{Layer, Micros, Secret, Side};
use crate::jobs::lab;
use crate::jobs::replay::like;
use crate::jobs::replay::moment::Moment;
use crate::jobs::replay::player::{Login, Shared};
use crate::jobs::replay::{Course, Manner, NotPlayable, Player, Present, Script, Timing};
use crate::proto::auth::EapClient;
use crate::proto::bug::{Bug, Bugs};
use crate::proto::edit::Edit;
use crate::proto::plan::{CertHashes, ClientConfig, Credentials, Method, Mind, Plan, ServerConfig};
use crate::proto::{Session, pair};
use crate::transcript::{Event, Transcript};
use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError};
use std::task::{Context, Waker};
use std::time::Duration;

/// A server in memory and the script that is played to it.
pub struct Arena {
    course: Arc<Course>,
    /// What our own end of a login with TLS inside EAP needs.
    eap: Option<(Method, EapClient)>,
    world: Arc<World>,
    server: Plan,
    bugs: Bugs,
    seed: u64,
    /// Every ride meets the server with other random values.
    rides: AtomicU64,
    patience: Patience,
}

impl Arena {
    /// The lab with these defects.
    pub fn new(script: &Script, bugs: &[Bug], seed: u64) -> Option<Arena> {
        Arena::of(script, lab::defective(bugs, CERT, 1)?, alice(), seed)
    }

    /// A server that is like the one that was recorded, with these defects.
    pub fn like(script: &Script, bugs: &[Bug], seed: u64) -> Option<Arena> {
        let script = &variant::to_its_end(script.clone());
        let credentials = Credentials { user: like::user(script).unwrap_or_else(|| alice().user), ..alice() };
        let server = ServerConfig { cert: CERT, bugs: Bugs::of(bugs), ..like::lasting(script, &credentials) };
        let plan = Plan { mind: Mind::Server(server), edits: Vec::new(), toxics: Vec::new(), seed: 1 };
        Arena::of(script, plan, credentials, seed)
    }

    fn of(script: &Script, mut server: Plan, credentials: Credentials, seed: u64) -> Option<Arena> {
        let Mind::Server(config) = &mut server.mind else { return None };
        let bugs = config.bugs.clone();
        let (course, method) = Course::of_client(script);
        let mut eap = None;
        if let Some(method) = method {
            let (served, client) = lab::eap::ends()?;
            (config.eap, eap) = (Some(served), Some((method, client)));
        }
        let world =
            World { credentials: Some(credentials), leaf: Some(CERT), patience: PROMPT, tunnelled: method.is_some(), ..World::default() };
        Some(Arena {
            course: Arc::new(course),
            eap,
            world: Arc::new(world),
            server,
            bugs,
            seed,
            rides: AtomicU64::new(seed),
            patience: Patience::PRETENDED,
        })
    }

    fn login(&self, seed: u64) -> Option<Login> {
        let (method, client) = self.eap.clone()?;
        Some(Login::new(method, self.world.credentials.clone()?, client, seed))
    }

    /// The same, with this patience.
    pub fn patient(self, patience: Patience) -> Arena {
        Arena { patience, ..self }
    }

    /// Plays the script with these edits; random values of the client come from one seed, those of the server from another.
    pub fn ride(&self, edits: &[Edit], seeds: (u64, u64)) -> Ride {
        self.told(edits, seeds).0
    }

    /// The same, with what the server has told.
    pub fn told(&self, edits: &[Edit], (client, server): (u64, u64)) -> (Ride, Vec<Event>) {
        let credentials = self.world.credentials.clone();
        let present = Present { host: HOST.into(), leaf: Some(CERT), credentials, seed: client, ..Present::default() };
        let (player, outcome) = player(&self.course, edits, present, self.login(client), Micros::ZERO);
        let (rider, riding) = rider(&self.course, (player, outcome), &self.world, self.patience, Micros::ZERO);
        let plan = Plan { seed: server, ..self.server.clone() };
        let server = Box::new(Session::new(plan, Micros::ZERO));
        let run = pair::run_machines(Box::new(rider), server, LONGEST, &mut |_, _, _| {});
        (std::mem::take(&mut *riding.lock().unwrap_or_else(PoisonError::into_inner)), run.server)
    }

    /// The cars from one number to another in one session.
    pub fn train(&self, cars: (u64, u64)) -> Journey {
        let journey = Journeying::default();
        let present = Present {
            host: HOST.into(),
            leaf: Some(CERT),
            credentials: self.world.credentials.clone(),
            seed: self.seed,
            ..Present::default()
        };
        let (player, _) = player(&self.course, &[], present, self.login(self.seed), Micros::ZERO);
        let train = Train::new(player, self.seed, cars, Micros::ZERO, journey.clone());
        let server = Box::new(Session::new(self.server.clone(), Micros::ZERO));
        pair::run_machines(Box::new(train), server, LONGEST, &mut |_, _, _| {});
        std::mem::take(&mut *journey.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Sends the variants one after the other until `enough`; every future here is ready at once.
    pub fn hunt(&self, hunt: &Hunt, variants: &[Variant], enough: &mut dyn FnMut(&Hunt) -> bool) {
        for variant in variants {
            let mut examined = std::pin::pin!(hunt.examine(self, variant));
            let _ = examined.as_mut().poll(&mut Context::from_waker(Waker::noop()));
            if enough(hunt) {
                return;
            }
        }
        let mut lives = std::pin::pin!(hunt.check_life(self));
        let _ = lives.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    }
}

impl Target for Arena {
    async fn ride(&self, edits: &[Edit]) -> Ride {
        let nth = self.rides.fetch_add(1, Ordering::Relaxed);
        Arena::ride(self, edits, (self.seed, nth))
    }

    fn world(&self) -> Arc<World> {
        self.world.clone()
    }

    fn memory(&self) -> Option<u64> {
        Some(self.bugs.held())
    }

    async fn restart(&self) -> bool {
        self.bugs.revive();
        true
    }

    fn is_stopping(&self) -> bool {
        false
    }
}

/// A rider on the course whom this player carries, who begins at `now`.
pub fn rider(course: &Course, player: (Player, Shared), world: &Arc<World>, patience: Patience, now: Micros) -> (Rider, Riding) {
    let naks = course.theirs.values().flatten().any(|expected| expected.said.name == "sstp.call-connect-nak");
    let (player, outcome) = player;
    let (reached, riding) = (!outcome.lock().unwrap_or_else(PoisonError::into_inner).edited.is_empty(), Riding::default());
    let goodbye = course.ours.iter().find(|turn| turn.said.name == "sstp.call-disconnect").map(|turn| turn.said.raw.clone());
    let rider = Rider::new(player, outcome, world.clone(), patience, (reached, naks, now), riding.clone());
    (if goodbye.is_some() { rider.lingering(goodbye) } else { rider }, riding)
}

/// A player of the course with these edits. `login`: our own end of EAP, where the course leaves the login to it.
pub fn player(course: &Course, edits: &[Edit], present: Present, login: Option<Login>, now: Micros) -> (Player, Shared) {
    let (course, moved) = variant::course(course, edits);
    let moment = Moment::new(Side::Client, present, course.leaf, false);
    let outcome = Shared::default();
    let manner = Manner { timing: Timing::Asap, patience: NEVER, gate: None, notes: false };
    outcome.lock().unwrap_or_else(PoisonError::into_inner).edited = moved;
    (Player::new(Arc::new(course), manner, moment, outcome.clone(), now).with_login(login), outcome)
}

/// What an honest call with the sound lab says: the script where none is given.
pub fn lab_script() -> Result<Script, NotPlayable> {
    login_script(Method::MsChapV2)
}

/// The same call with another login, to a lab that wants that one.
pub fn login_script(method: Method) -> Result<Script, NotPlayable> {
    let none = || NotPlayable("the lab cannot be rehearsed".into());
    let mut client = ClientConfig { credentials: Some(alice()), pings: 1, ..ClientConfig::new(HOST, CERT) };
    (client.methods, client.until) = (vec![method], Layer::Teardown);
    let mut server = lab::defective(&[], CERT, 2).ok_or_else(none)?;
    if let Mind::Server(config) = &mut server.mind
        && method != Method::MsChapV2
    {
        config.methods = vec![method];
        if matches!(method, Method::EapTls | Method::Peap) {
            let (served, eap) = lab::eap::ends().ok_or_else(none)?;
            (config.eap, client.eap) = (Some(served), eap);
        }
    }
    let client = Plan { mind: Mind::Client(client), edits: Vec::new(), toxics: Vec::new(), seed: 1 };
    let run = pair::run(client, server, LONGEST);
    let mut script = Script::of(&Transcript { events: run.client, ..Transcript::default() }, "a call with the lab")?;
    script.leaf = Some(CERT);
    Ok(script)
}

pub(super) fn alice() -> Credentials {
    let (user, password) = lab::USERS[0];
    Credentials { user: user.into(), password: Secret::new(password.into()) }
}

pub(super) const HOST: &str = "vpn.lab.example";
pub(super) const CERT: CertHashes = CertHashes { sha1: [0x11; 20], sha256: [0x22; 32] };
/// Ours: in memory an answer that takes longer is none.
pub(super) const PROMPT: Duration = Duration::from_secs(10);
/// Ours: pretended time of one ride.
pub(super) const LONGEST: Duration = Duration::from_secs(2_000);
/// The rider decides when it is over.
const NEVER: Duration = Duration::from_secs(86_400);

#[cfg(test)]
mod tests {
    use super::*;

    /// Over sockets what must come is waited for 8 s; behind our own closing nothing must.
    #[test]
    fn a_variant_that_closes_ends_at_once() {
        let script = lab_script().expect("a script");
        let arena = Arena::new(&script, &[], 3).expect("a lab").patient(Patience::REAL);
        let closes = |edits: &[Edit]| edits.iter().any(|edit| edit.operation == crate::proto::edit::Operation::Close);
        let variants: Vec<_> = variant::all(&script, Side::Client, 3).into_iter().filter(|variant| closes(&variant.edits)).collect();
        assert!(!variants.is_empty());
        for variant in variants {
            let ride = arena.ride(&variant.edits, (3, 4));
            let last = ride.passed.last().expect("it began").at;
            assert!(ride.hung_up && !ride.edited.is_empty(), "{}: {:?}", variant.id, ride.edited);
            assert!((ride.over - last).duration() < Duration::from_secs(1), "{}: {} after {last}", variant.id, ride.over);
            assert_eq!(ride.verdict(&arena.world).faults.len(), 0, "{}", variant.id);
        }
    }

    /// An answer that is read byte by byte is the same answer.
    #[test]
    fn a_response_in_pieces_leads_on() {
        let script = lab_script().expect("a script");
        let mut arena = Arena::new(&script, &[], 3).expect("a lab");
        arena.server.edits = Edit::parse("http.response#1 shred").into_iter().collect();
        let ride = arena.ride(&[], (3, 4));
        assert!(ride.passed.iter().filter(|one| one.by == Side::Server && one.bytes.len() == 1).count() > 30);
        let verdict = ride.verdict(&arena.world);
        assert_eq!((verdict.reaction.as_str(), verdict.faults.len()), ("goes on", 0), "{:?}", verdict.faults);
    }
}
