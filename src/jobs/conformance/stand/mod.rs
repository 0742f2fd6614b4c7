//! The client suite over sockets: a server that stands where the client under test is led to, one case at a time or many
//! beside each other.

mod led;
mod meet;
mod stray;
mod subject;

pub use led::{By, Dialling};
pub use meet::{Met, Place};
pub use subject::{NAMES, Subject, unknown_names};

use super::case::{Case, Level, Row};
use super::expect::Expect;
use super::pulse::{Heard, Pulse};
use super::rehearse::{self, Shown};
use super::verdict::{self, Grade, Verdict};
use crate::base::{Layer, Secret, Side, SpecRef};
use crate::jobs::lab::{Scene, Stage};
use crate::live::clock::Clock;
use crate::live::listen::{Booth, Counter};
use crate::live::wiretap::Ear;
use crate::live::{LiveError, drive};
use crate::proto::plan::{Account, Credentials, Method, Toxic};
use crate::transcript::{Event, Sink, Target};
use led::{Callers, Came};
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fs::{self, DirBuilder, OpenOptions};
use std::io::Write;
use std::net::SocketAddr;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;
use subject::Running;
use tokio::sync::{Notify, watch};

/// Where the server stands and whom it waits for.
#[derive(Clone, Debug)]
pub struct StandConfig {
    /// Address, and the first of the ports; 0 takes any.
    pub at: SocketAddr,
    /// What the client is told to dial; it stands on the certificates.
    pub host: String,
    /// The account of the client.
    pub credentials: Credentials,
    /// Every write is held back so long.
    pub hold: Duration,
    /// Who is tested.
    pub subject: Subject,
    /// How the client within this program logs in, where it has no choice.
    pub login: Option<Method>,
    /// Roots that vouch for the certificates of clients, DER; those under our own are welcome anyway.
    pub client_roots: Vec<Vec<u8>>,
}

/// A server for clients under test.
pub struct Stand {
    config: StandConfig,
    stage: Stage,
    files: Files,
    /// Callers that find their case by another thing than its port.
    led: Option<led::Board>,
    /// Ports in use, counted from the first.
    taken: RefCell<BTreeSet<u16>>,
}

/// What a run of a case came to.
pub struct Tried {
    /// The verdict.
    pub verdict: Verdict,
    /// What happened.
    pub events: Vec<Event>,
    /// A client came.
    pub came: bool,
    /// The last of what the client said.
    pub said: String,
}

impl std::fmt::Debug for Stand {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stand").field("config", &self.config).finish_non_exhaustive()
    }
}

impl Stand {
    /// Sets it up for these cases. Needs a tokio runtime.
    pub fn set(config: StandConfig, cases: &[Case]) -> Result<Stand, LiveError> {
        let names = [config.host.clone(), config.at.ip().to_string(), format!("*.{}", config.host)];
        let stage = Stage::set(&names, &config.client_roots)?;
        let files = Files::write(&stage, &config.credentials)?;
        let led = match &config.subject {
            Subject::Hand(by @ (By::Sni | By::User)) => Some(led::Board::open(config.at, *by, cases, &stage, &config.credentials)?),
            _ => None,
        };
        Ok(Stand { config, stage, files, led, taken: RefCell::default() })
    }

    /// Who is tested.
    pub fn subject(&self) -> &Subject {
        &self.config.subject
    }

    /// Where it stands.
    pub fn target(&self) -> Target {
        Target { host: self.config.host.clone(), port: self.config.at.port(), ..Target::default() }
    }

    /// The file with the root to trust, PEM.
    pub fn ca(&self) -> &Path {
        &self.files.ca
    }

    /// The file with the password.
    pub fn password(&self) -> &Path {
        &self.files.password
    }

    /// What to dial for the `place`th of the cases, counted from 0, where people lead the client to it.
    pub fn dial(&self, place: usize) -> Dialling {
        let at = self.led.as_ref().map_or(self.config.at, led::Board::address);
        Dialling::of(&self.config, at, place)
    }

    /// Nothing listens any more.
    pub async fn strike(self) {
        self.stage.strike().await;
    }

    /// One run of a case: all its connections. `place` is its place in the list, where it has one.
    pub async fn attempt(&self, case: &Case, place: Option<usize>, clock: &Clock, ear: Ear, pulse: &Pulse) -> Tried {
        let mut tried = Tried { verdict: Verdict::new(Grade::Broken, ""), events: Vec::new(), came: true, said: String::new() };
        let verdict = match self.connections(case, place, (clock, pulse), ear, &mut tried).await {
            Ok(Some(verdict)) => verdict,
            Ok(None) => verdict::judge(case, &tried.events),
            Err(error) => Verdict::new(Grade::Broken, error.to_string()),
        };
        Tried { verdict, ..tried }
    }

    /// The connections of a case; a verdict where the events will not tell.
    async fn connections(
        &self,
        case: &Case,
        place: Option<usize>,
        (clock, pulse): (&Clock, &Pulse),
        ear: Ear,
        tried: &mut Tried,
    ) -> Result<Option<Verdict>, LiveError> {
        let mut scene = self.stage.scene(case.base.lab, ear)?;
        if !self.config.hold.is_zero() {
            scene.door.plan.toxics.push(Toxic::Delay(self.config.hold));
        }
        let (counter, scene) = (Counter::new(scene.door.clone())?, scene);
        let taken = Taken::port(self, place);
        let callers = self.callers(place, &counter, taken.port)?;
        let (mut round, mut strays) = (0, 0);
        while round < case.base.times {
            let before = tried.events.len();
            let subject = match (&self.config.subject, place) {
                // An honest call is one of the honest client, or a mutant could not even be seen to fail.
                (Subject::BuiltIn(_), None) => &Subject::BuiltIn(None),
                (subject, _) => subject,
            };
            let mut running = subject.start(self, case, callers.port(), clock)?;
            let came = tokio::select! {
                came = callers.next() => came?,
                code = running.ended() => {
                    tried.said = self.said(&running);
                    return Ok(Some(self.absent(Some(code), tried)));
                }
                () = self.patience() => None,
            };
            let Some(came) = came else { return Ok(Some(self.absent(None, tried))) };
            let mut heard = Heard { sink: &mut tried.events, pulse };
            self.call(case, came, &counter, &scene, (round, clock), &running, &mut heard).await;
            let code = running.end().await;
            tried.said = self.said(&running);
            if let Some(verdict) = code.and_then(|code| unsupported(code, &tried.said)) {
                return Ok(Some(verdict));
            }
            // A browser or a scanner that finds the port is not the client that is waited for.
            let stray = stray::asked_for(tried.events.get(before..).unwrap_or_default()).filter(|_| self.is_by_hand());
            match stray {
                Some(_) if strays < STRAYS => {
                    strays += 1;
                    tried.events.truncate(before);
                }
                Some(asked) => return Ok(Some(Verdict::new(Grade::Inconclusive, format!("no SSTP request came, but {asked}")))),
                None => round += 1,
            }
        }
        Ok(None)
    }

    fn callers(&self, place: Option<usize>, counter: &Counter, port: u16) -> Result<Callers, LiveError> {
        match (&self.led, place) {
            (Some(board), Some(place)) if counter.speaks_tls() => board.callers(place).ok_or_else(led::unreachable_by_name),
            (Some(_), _) => Err(led::unreachable_by_name()),
            (None, _) => Ok(Callers::Own(Booth::open(SocketAddr::new(self.config.at.ip(), port))?)),
        }
    }

    /// One connection.
    #[expect(clippy::too_many_arguments, reason = "all that a connection is about")]
    async fn call(
        &self,
        case: &Case,
        came: Came,
        counter: &Counter,
        scene: &Scene,
        (round, clock): (u32, &Clock),
        running: &Running,
        events: &mut dyn Sink,
    ) {
        let stream = match came {
            Came::Caller(caller) => counter.receive(caller, clock, events).await,
            Came::Greeted(greeted) => counter.receive_greeted(*greeted, clock, events).await,
        };
        let Some(stream) = stream else { return };
        let shown = Shown { cert: scene.cert, accounts: self.accounts(), eap: Some(self.stage.eap().clone()) };
        let now = clock.now();
        let tester = rehearse::caller_of(case, shown, u64::from(round) ^ now.0, now);
        let (_halt, mut halted) = watch::channel(false);
        let hang_up = async {
            if case.base.hangs_up {
                tokio::time::sleep(rehearse::HANGS_UP_AFTER).await;
                running.hang_up();
            }
            std::future::pending::<()>().await;
        };
        let came = Notify::new();
        let mut watched = stray::Watched { sink: events, came: &came };
        tokio::select! {
            () = drive::run(stream, tester, Side::Server, clock, &mut watched, &mut halted) => {}
            () = hang_up => {}
            () = stray::is_through(&came), if self.is_by_hand() => {}
        }
    }

    fn accounts(&self) -> Vec<Account> {
        let Credentials { user, password } = &self.config.credentials;
        let account = |name: String| Account { name, password: password.clone(), error: None };
        let led = self.led.iter().flat_map(led::Board::users);
        [user.clone()].into_iter().chain(led).map(account).collect()
    }

    /// Nobody came.
    fn absent(&self, code: Option<i32>, tried: &mut Tried) -> Verdict {
        if let Some(verdict) = code.and_then(|code| unsupported(code, &tried.said)) {
            return verdict;
        }
        tried.came = false;
        let why = code.map_or("nothing came in time".to_string(), |code| format!("it ended with exit code {code}"));
        let last = last_line(&tried.said).map(|line| format!("; it said: {line}")).unwrap_or_default();
        Verdict::new(Grade::Inconclusive, format!("the client never connected: {why}{last}"))
    }

    fn is_by_hand(&self) -> bool {
        matches!(self.config.subject, Subject::Hand(_))
    }

    /// A client that was started has so long to connect; people have all the time they want.
    async fn patience(&self) {
        if self.is_by_hand() {
            return std::future::pending().await;
        }
        tokio::time::sleep(FIRST_CONTACT).await;
    }

    /// Whether an honest call comes about, with a login where a case needs one.
    pub async fn lives(&self, cases: &[Case], clock: &Clock) -> Result<(), String> {
        if self.is_by_hand() {
            return Ok(());
        }
        let logs_in = cases.iter().any(|case| case.base.until >= Layer::Auth);
        let tried = self.attempt(&honest(logs_in), None, clock, Ear::default(), &Pulse::new(*clock)).await;
        match tried.verdict.grade {
            Grade::Pass => Ok(()),
            _ if tried.came && logs_in => Err(format!("the login of an honest call: {}", tried.verdict.actual)),
            _ => Err(tried.verdict.actual),
        }
    }
}

/// What a client's exit code says where it is one of those that speak for themselves: 89 by agreement, 127 of a shell that found
/// no such command.
impl Stand {
    /// What a client said, without the password that it was given.
    fn said(&self, running: &Running) -> String {
        let password = self.config.credentials.password.expose();
        let said = running.said();
        if password.is_empty() { said } else { said.replace(password.as_str(), "********") }
    }
}

fn unsupported(code: i32, said: &str) -> Option<Verdict> {
    let last = last_line(said).map(|line| format!(": {line}")).unwrap_or_default();
    [UNSUPPORTED, NOT_FOUND]
        .contains(&code)
        .then(|| Verdict::new(Grade::Unsupported, format!("the command ended with exit code {code}{last}")))
}

fn last_line(said: &str) -> Option<String> {
    let line = said.lines().rev().map(str::trim).find(|line| !line.is_empty())?;
    Some(line.chars().filter(|c| !c.is_control()).take(LINE_SHOWN).collect())
}

/// An honest call, as far as Call Connect Request or as far as the login.
fn honest(logs_in: bool) -> Case {
    const SANE: Row = Row::new(Side::Client, Level::Must, "sstp/0/sane", SpecRef::sstp("3.2.4.1"), &[])
        .at(Layer::Sstp)
        .expects(Expect::Sends("sstp.call-connect-request"));
    const LOGIN: Row =
        Row::new(Side::Client, Level::Must, "auth/0/login", SpecRef::sstp("3.2.7.1"), &[]).at(Layer::Auth).expects(Expect::Up(Layer::Auth));
    Case::from(if logs_in { &LOGIN } else { &SANE })
}

/// A port that nobody else of ours uses meanwhile.
struct Taken<'a> {
    stand: &'a Stand,
    offset: u16,
    port: u16,
}

impl Taken<'_> {
    fn port(stand: &Stand, place: Option<usize>) -> Taken<'_> {
        let mut taken = stand.taken.borrow_mut();
        let own = place.filter(|_| matches!(stand.config.subject, Subject::Hand(_))).and_then(|place| u16::try_from(place).ok());
        let offset = own.or_else(|| (0..u16::MAX).find(|offset| !taken.contains(offset))).unwrap_or_default();
        taken.insert(offset);
        let first = stand.config.at.port();
        Taken { stand, offset, port: if first == 0 { 0 } else { first.saturating_add(offset) } }
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        self.stand.taken.borrow_mut().remove(&self.offset);
    }
}

/// The files that a client needs; the folder goes when the stand does.
struct Files {
    folder: PathBuf,
    ca: PathBuf,
    password: PathBuf,
}

impl Files {
    fn write(stage: &Stage, credentials: &Credentials) -> Result<Files, LiveError> {
        use std::sync::atomic::{AtomicU32, Ordering};
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        // A new folder of our own: what another user put in its place is an error, not a target.
        let name = format!("sstp-diag-stand-{}-{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        let folder = std::env::temp_dir().join(name);
        DirBuilder::new().mode(FOLDER_MODE).create(&folder).map_err(|error| LiveError::file("create", &folder, error))?;
        let files = Files { ca: folder.join("root.pem"), password: folder.join("password"), folder };
        save(&files.ca, &Secret::new(stage.root_pem()))?;
        save(&files.password, &Secret::new(format!("{}\n", credentials.password.expose())))?;
        Ok(files)
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn save(path: &Path, text: &Secret<String>) -> Result<(), LiveError> {
    let file = OpenOptions::new().write(true).create_new(true).mode(FILE_MODE).open(path);
    file.and_then(|mut file| file.write_all(text.expose().as_bytes())).map_err(|error| LiveError::file("write", path, error))
}

/// By agreement: the client cannot do what the case needs.
const UNSUPPORTED: i32 = 89;
/// POSIX shell 2.8.2: there is no such command.
const NOT_FOUND: i32 = 127;
/// Ours: a client that was started has so long to connect.
const FIRST_CONTACT: Duration = Duration::from_secs(20);
/// Ours: so many requests that are none of SSTP are passed over at the port of a case.
const STRAYS: u32 = 16;
/// Ours: characters shown of what a client said.
const LINE_SHOWN: usize = 160;
/// The folder is for its owner only.
const FOLDER_MODE: u32 = 0o700;
/// So are the files.
const FILE_MODE: u32 = 0o600;

#[cfg(test)]
mod tests;
