//! Clients as targets: the built-in one in memory, with a defect or without, and clients that come over sockets.

use super::host::{self, Host};
use super::hunt::Target;
use super::ride::{Patience, Ride, Riding};
use super::run::{self, Live};
use super::{World, arena};
use crate::base::{Micros, Side};
use crate::jobs::conformance::client::mutants::Mutant;
use crate::jobs::conformance::rehearse;
use crate::jobs::conformance::stand::{Place, Stand};
use crate::jobs::replay::{NotPlayable, Script, like};
use crate::live::LiveError;
use crate::live::clock::Clock;
use crate::live::wiretap::Ear;
use crate::proto::edit::Edit;
use crate::proto::plan::{ClientConfig, Credentials, Mind, Plan, ServerConfig};
use crate::proto::{Session, pair};
use crate::transcript::{Event, Transcript};
use std::cell::RefCell;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError};
use std::time::Duration;
use tokio::sync::watch;

/// The client within this program, in memory.
pub struct Memory {
    mutant: Option<&'static Mutant>,
    /// What the referee knows.
    pub world: Arc<World>,
    seed: u64,
    rides: AtomicU64,
}

impl Memory {
    /// A client with this mutation, or an honest one.
    pub fn new(mutant: Option<&'static Mutant>, seed: u64) -> Memory {
        let world = World {
            credentials: Some(arena::alice()),
            leaf: Some(arena::CERT),
            patience: arena::PROMPT,
            judges_client: true,
            ..World::default()
        };
        Memory { mutant, world: Arc::new(world), seed, rides: AtomicU64::new(seed) }
    }

    /// One call with these edits of what the server says; the client draws from its own seed.
    pub fn ride(&self, edits: &[Edit], client: u64) -> Ride {
        self.told(edits, client).0
    }

    /// The same, with what the client has told.
    pub fn told(&self, edits: &[Edit], client: u64) -> (Ride, Vec<Event>) {
        let riding = Riding::default();
        let plan = host::plan(ServerConfig::default(), arena::CERT, &arena::alice(), edits, self.seed);
        let host = Host::new(plan, self.world.clone(), Patience::PRETENDED, Micros::ZERO, riding.clone());
        let client = Session::new(rehearse::stays(self.mutant, client), Micros::ZERO);
        let run = pair::run_machines(Box::new(client), Box::new(host), arena::LONGEST, &mut |_, _, _| {});
        (std::mem::take(&mut *riding.lock().unwrap_or_else(PoisonError::into_inner)), run.client)
    }
}

impl Target for Memory {
    async fn ride(&self, edits: &[Edit]) -> Ride {
        let nth = self.rides.fetch_add(1, Ordering::Relaxed);
        Memory::ride(self, edits, nth)
    }

    fn world(&self) -> Arc<World> {
        self.world.clone()
    }

    fn memory(&self) -> Option<u64> {
        None
    }

    async fn restart(&self) -> bool {
        true
    }

    fn is_stopping(&self) -> bool {
        false
    }
}

/// Clients that come over sockets: started for every call, or brought by hand.
pub struct Guests {
    stand: Stand,
    place: Place,
    server: ServerConfig,
    credentials: Credentials,
    /// The clock of the run.
    pub clock: Clock,
    /// The user wants to stop, or the time of the run is over.
    halt: RefCell<watch::Receiver<bool>>,
    /// How long is waited.
    pub patience: Patience,
    /// The process whose memory is watched.
    pub pid: Option<u32>,
    seed: u64,
    world: Arc<World>,
}

impl Guests {
    /// Waits at this stand with a server that is configured so. What passes is told to `ear`.
    pub fn at(
        stand: Stand,
        (server, credentials): (ServerConfig, Credentials),
        seed: u64,
        (clock, stop): (Clock, watch::Receiver<bool>),
        ear: Ear,
    ) -> Result<Guests, LiveError> {
        let place = stand.place(ear)?;
        let patience = Patience::REAL;
        let world = World {
            credentials: Some(credentials.clone()),
            leaf: Some(place.cert),
            patience: patience.answer,
            judges_client: true,
            ..World::default()
        };
        let server = ServerConfig { eap: Some(place.eap.clone()), ..server };
        let halt = RefCell::new(stop);
        Ok(Guests { stand, place, server, credentials, clock, halt, patience, pid: None, seed, world: Arc::new(world) })
    }

    /// What waits, and where.
    pub fn stand(&self) -> &Stand {
        &self.stand
    }

    /// Where somebody who brings a client leads it to.
    pub fn address(&self) -> Option<SocketAddr> {
        self.place.address()
    }

    /// Nothing listens any more.
    pub async fn strike(self) {
        self.stand.strike().await;
    }
}

impl Target for Guests {
    async fn ride(&self, edits: &[Edit]) -> Ride {
        let riding = Riding::default();
        let plan = host::plan(self.server.clone(), self.place.cert, &self.credentials, edits, self.seed ^ self.clock.now().0);
        let make = |now| Host::new(plan, self.world.clone(), self.patience, now, riding.clone());
        let mut halt = self.halt.borrow().clone();
        let met = self.stand.meet(&self.place, &self.clock, &mut halt, make).await;
        let mut ride = std::mem::take(&mut *riding.lock().unwrap_or_else(PoisonError::into_inner));
        ride.by = Side::Server;
        match met {
            Err(error) => ride.no_connection = Some(error.to_string()),
            Ok(met) => {
                ride.no_connection = met.absent;
                ride.died = met
                    .code
                    .filter(|code| CRASHES.contains(&(code - SIGNALLED)))
                    .map(|code| format!("the client ended by signal {}", code - SIGNALLED));
            }
        }
        ride
    }

    fn world(&self) -> Arc<World> {
        self.world.clone()
    }

    fn memory(&self) -> Option<u64> {
        run::memory_of(self.pid?)
    }

    /// A client is started anew for every call anyway.
    async fn restart(&self) -> bool {
        false
    }

    fn is_stopping(&self) -> bool {
        *self.halt.borrow().borrow()
    }
}

impl Live for Guests {
    fn clock(&self) -> &Clock {
        &self.clock
    }

    fn heed(&self, halt: watch::Receiver<bool>) -> watch::Receiver<bool> {
        self.halt.replace(halt)
    }
}

/// What our server says in an honest call that it leaves itself: the script where none is given.
pub fn script() -> Result<Script, NotPlayable> {
    let riding = Riding::default();
    let world = Arc::new(World { judges_client: true, ..World::default() });
    let plan = host::plan(ServerConfig::default(), arena::CERT, &arena::alice(), &[], 2);
    let host = Host::new(plan, world, Patience::PRETENDED, Micros::ZERO, riding);
    let client = ClientConfig { credentials: Some(arena::alice()), stays: Some(LONG), ..ClientConfig::new(arena::HOST, arena::CERT) };
    let client = Plan { mind: Mind::Client(client), edits: Vec::new(), toxics: Vec::new(), seed: 1 };
    let client = Box::new(Session::new(client, Micros::ZERO));
    let run = pair::run_machines(client, Box::new(host), arena::LONGEST, &mut |_, _, _| {});
    let mut script = Script::of(&Transcript { events: run.client, ..Transcript::default() }, "a call with our server")?;
    script.leaf = Some(arena::CERT);
    Ok(script)
}

/// A server that is like the one of a recording.
pub fn like(script: &Script, credentials: &Credentials) -> ServerConfig {
    like::lasting(script, credentials)
}

/// What a shell adds to the number of the signal that ended a program.
const SIGNALLED: i32 = 128;
/// Linux, signal(7): ILL, TRAP, ABRT, BUS, FPE and SEGV are of its own making.
const CRASHES: [i32; 6] = [4, 5, 6, 7, 8, 11];
/// Ours: the client stays in the call until it is left.
const LONG: Duration = Duration::from_secs(600);
