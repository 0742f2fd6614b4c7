//! Callers that are brought by hand find their case by its port, by the name that they ask for in TLS, or by a user name.

use super::StandConfig;
use crate::base::Side;
use crate::jobs::conformance::case::Case;
use crate::jobs::lab::{Scene, Stage};
use crate::live::clock::Clock;
use crate::live::listen::{Booth, Caller, Counter, Greeted};
use crate::live::wiretap::Ear;
use crate::live::{LiveError, drive};
use crate::proto::Session;
use crate::proto::plan::{Account, CertHashes, Credentials, Mind, Plan, ServerConfig};
use crate::transcript::{Event, What};
use crate::wire::{chap, pap, ppp};
use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;
use std::time::Duration;
use tokio::sync::{Mutex, mpsc, watch};
use tokio::task::JoinSet;

/// How a caller that is brought by hand finds its case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// Every case has a port of its own.
    Port,
    /// The first label of the server name in TLS is `case-N`.
    Sni,
    /// A first call logs in as `case-N` and is hung up; the next call from the same address is for that case.
    User,
}

/// What to dial.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dialling {
    /// Host name or address.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// User name.
    pub user: String,
}

impl Dialling {
    /// For the `place`th case, counted from 0.
    pub(super) fn of(config: &StandConfig, at: SocketAddr, place: usize) -> Dialling {
        let (host, port, user) = (config.host.clone(), at.port(), config.credentials.user.clone());
        match config.subject {
            super::Subject::Hand(By::Sni) => Dialling { host: format!("{}.{host}", label(place)), port, user },
            super::Subject::Hand(By::User) => Dialling { host, port, user: label(place) },
            _ => Dialling { host, port: port.saturating_add(u16::try_from(place).unwrap_or(u16::MAX)), user },
        }
    }
}

/// Somebody who came.
pub(super) enum Came {
    /// Nothing was read yet.
    Caller(Caller),
    /// The ClientHello was read.
    Greeted(Box<Greeted>),
}

/// Where the callers of one case come from.
pub(super) enum Callers {
    /// An address of its own.
    Own(Booth),
    /// The board.
    Led(Desk, u16),
}

type Desk = Rc<Mutex<mpsc::Receiver<Came>>>;

impl Callers {
    /// The next one; `None` when nobody can come any more.
    pub async fn next(&self) -> Result<Option<Came>, LiveError> {
        match self {
            Callers::Own(booth) => {
                let to = booth.address().to_string();
                booth.caller().await.map(|caller| Some(Came::Caller(caller))).map_err(|source| LiveError { doing: "accept at", to, source })
            }
            Callers::Led(desk, _) => Ok(desk.lock().await.recv().await),
        }
    }

    /// The port that they connect to.
    pub fn port(&self) -> u16 {
        match self {
            Callers::Own(booth) => booth.address().port(),
            Callers::Led(_, port) => *port,
        }
    }
}

/// One address for all cases.
pub(super) struct Board {
    address: SocketAddr,
    by: By,
    desks: Vec<Desk>,
    /// Ends with the board.
    _tasks: JoinSet<()>,
}

impl Board {
    /// Opens it. Needs a tokio `LocalSet`.
    pub fn open(at: SocketAddr, by: By, cases: &[Case], stage: &Stage, credentials: &Credentials) -> Result<Board, LiveError> {
        let booth = Booth::open(at)?;
        let address = booth.address();
        let Scene { door, cert } = stage.scene(None, Ear::default())?;
        let accounts = (0..cases.len()).map(|place| account(label(place), credentials)).collect();
        let (ways, desks): (Vec<_>, Vec<_>) = cases.iter().map(|_| mpsc::channel(WAITING)).unzip();
        let desks = desks.into_iter().map(|desk| Rc::new(Mutex::new(desk))).collect();
        let usher = Usher { ways, counter: Counter::new(door)?, cert, accounts, selected: Mutex::default() };
        let mut tasks = JoinSet::new();
        tasks.spawn_local(receive(booth, by, Rc::new(usher)));
        Ok(Board { address, by, desks, _tasks: tasks })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The callers of the `place`th case.
    pub fn callers(&self, place: usize) -> Option<Callers> {
        self.desks.get(place).map(|desk| Callers::Led(desk.clone(), self.address.port()))
    }

    /// Names that callers may log in with beside the client's own.
    pub fn users(&self) -> impl Iterator<Item = String> {
        let count = if self.by == By::User { self.desks.len() } else { 0 };
        (0..count).map(label)
    }
}

/// Who leads callers to their desks.
struct Usher {
    ways: Vec<mpsc::Sender<Came>>,
    counter: Counter,
    cert: CertHashes,
    accounts: Vec<Account>,
    /// The case that an address has asked for with its latest call.
    selected: Mutex<HashMap<IpAddr, usize>>,
}

async fn receive(booth: Booth, by: By, usher: Rc<Usher>) {
    let mut tasks = JoinSet::new();
    loop {
        tokio::select! {
            Some(_) = tasks.join_next() => {}
            caller = booth.caller(), if tasks.len() < AT_ONCE => match caller {
                Ok(caller) => drop(tasks.spawn_local(lead(usher.clone(), by, caller))),
                // Out of descriptors, most likely: it passes.
                Err(_) => tokio::time::sleep(PAUSE).await,
            },
        }
    }
}

async fn lead(usher: Rc<Usher>, by: By, caller: Caller) {
    let from = caller.from.ip();
    // Who asks what the server speaks takes no case from the call that is to come.
    if matches!(tokio::time::timeout(GREETING, caller.is_test()).await, Ok(true)) {
        return;
    }
    if by == By::User {
        let selected = usher.selected.lock().await.remove(&from);
        match selected.and_then(|place| usher.ways.get(place)) {
            Some(way) => drop(way.try_send(Came::Caller(caller))),
            None => {
                if let Some(place) = usher.ask(caller).await {
                    usher.selected.lock().await.insert(from, place);
                }
            }
        }
        return;
    }
    let greeted = tokio::time::timeout(GREETING, caller.greet(&Ear::default())).await;
    let Ok(Ok(greeted)) = greeted else { return };
    match greeted.sni.as_deref().and_then(place_of).and_then(|place| usher.ways.get(place)) {
        Some(way) => drop(way.try_send(Came::Greeted(Box::new(greeted)))),
        None => greeted.is_unknown().await,
    }
}

impl Usher {
    /// Lets a caller log in, hangs up, and says which case it named.
    async fn ask(&self, caller: Caller) -> Option<usize> {
        let (clock, mut events) = (Clock::start(), Vec::new());
        let stream = self.counter.receive(caller, &clock, &mut events).await?;
        let server = ServerConfig {
            cert: self.cert,
            accounts: self.accounts.clone(),
            leaves_at: Some(crate::base::Layer::Auth),
            ..ServerConfig::default()
        };
        let plan =
            Plan { mind: Mind::Server(server), edits: Vec::new(), toxics: Vec::new(), seed: u64::try_from(clock.unix_us()).unwrap_or(1) };
        let (_halt, mut halted) = watch::channel(false);
        drive::run(stream, Session::new(plan, clock.now()), Side::Server, &clock, &mut events, &mut halted).await;
        events.iter().rev().find_map(user).and_then(|user| place_of(&user))
    }
}

/// The name that a client logs in with, where an event has it.
fn user(event: &Event) -> Option<String> {
    let What::Ppp(frame) = &event.what else { return None };
    let name = match &frame.body {
        ppp::Body::Pap(pap::Packet { body: pap::Body::AuthenticateRequest { peer_id, .. }, .. }) => &peer_id[..],
        ppp::Body::Chap(chap::Packet { body: chap::Body::Response { name, .. }, .. }) => &name[..],
        _ => return None,
    };
    Some(String::from_utf8_lossy(name).into_owned())
}

fn account(name: String, credentials: &Credentials) -> Account {
    Account { name, password: credentials.password.clone(), error: None }
}

/// The name of the `place`th case for callers; people count from 1.
fn label(place: usize) -> String {
    format!("{LABEL}{}", place + 1)
}

/// The place that a name's first label names; a domain before a user name plays no part.
fn place_of(name: &str) -> Option<usize> {
    let name = name.rsplit('\\').next().unwrap_or(name);
    let number = name.split(['.', '@']).next()?.strip_prefix(LABEL)?;
    number.parse::<usize>().ok()?.checked_sub(1)
}

/// A case that cannot be led to.
pub(super) fn unreachable_by_name() -> LiveError {
    LiveError { doing: "lead callers by name to", to: "a case without TLS".into(), source: io::ErrorKind::Unsupported.into() }
}

const LABEL: &str = "case-";
/// Ours: callers that wait for their case.
const WAITING: usize = 4;
/// Ours: callers led at a time.
const AT_ONCE: usize = 64;
/// Ours: a ClientHello has so long to come.
pub(super) const GREETING: Duration = Duration::from_secs(30);
/// Ours: pause after a failed accept().
const PAUSE: Duration = Duration::from_millis(50);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_to_places() {
        assert_eq!(["case-1.vpn.example", "LAB\\case-280", "case-7@lab"].map(place_of), [Some(0), Some(279), Some(6)]);
        assert_eq!(["case-0", "case-", "case-x.y", "vpn.example", "case-99999999999999999999"].map(place_of), [None; 5]);
        assert_eq!(place_of(&label(41)), Some(41));
    }
}
