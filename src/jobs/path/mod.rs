//! What on the way to a server breaks SSTP: experiments that change one thing at a time, run beside their controls and again.
//!
//! Nothing is judged here: the trail of all trials is handed on. It is the plan of `experiments::ALL`, layer by layer, up to the
//! layer that lets nothing through.

#![allow(clippy::result_large_err, reason = "a trial that failed is handed on once, a few times in a second")]

mod addresses;
mod arms;
mod crew;
pub mod experiments;
mod hops;
mod idle;
mod many;
mod residual;
mod segments;
mod stage;
mod transfers;
mod unasked;
mod walk;

pub use experiments::Experiment;

use crate::base::{Layer, Micros};
use crate::jobs::probe::{self, ProbeConfig};
use crate::jobs::witness::{self, Meeting};
use crate::live::clock::Clock;
use crate::transcript::proxy::Step;
use crate::transcript::trial::{Reference, Trail, TrailHead, Trial};
use crew::Crew;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// What to investigate and how.
#[derive(Clone, Debug)]
pub struct PathConfig {
    /// The server, the way to it, whom to trust, and who logs in.
    pub probe: ProbeConfig,
    /// A server that the user names as control: `host`, port.
    pub control: Option<(String, u16)>,
    /// Where the control is, without asking for its name.
    pub control_at: Option<SocketAddr>,
    /// The resolver that stands for the system's; `None`: the system's.
    pub system_resolver: Option<SocketAddr>,
    /// Resolvers that are asked by themselves.
    pub resolvers: Vec<SocketAddr>,
    /// Other ports of the target.
    pub other_ports: Vec<u16>,
    /// Where plain HTTP is tried; `None`: port 80 of the target.
    pub plain_at: Option<SocketAddr>,
    /// What is known from elsewhere.
    pub reference: Option<Reference>,
    /// Only what an ordinary client does.
    pub gentle: bool,
    /// Rounds of a contrast at most.
    pub rounds: u16,
    /// A trial without an answer is given up after so long.
    pub patience: Duration,
    /// Trials at a time.
    pub at_once: usize,
    /// Time between two connections.
    pub pace: Duration,
    /// Bytes of the bulk experiments.
    pub bulk: u64,
    /// And time of each at most.
    pub bulk_time: Duration,
    /// Look for the idle timeout up to so long.
    pub max_idle: Option<Duration>,
    /// So long a block is waited for to end.
    pub residual: Duration,
    /// Walk with limited time to live when something cuts TLS.
    pub hops: Option<u8>,
    /// All of it may take so long.
    pub total: Duration,
    /// Compare notes with a witness at the server.
    pub witness: Option<Meeting>,
    /// The in-process middlebox, in a rehearsal.
    pub middlebox: Option<String>,
}

impl PathConfig {
    /// An investigation on the way of that probe, as polite as it is useful.
    pub fn new(probe: ProbeConfig) -> PathConfig {
        PathConfig {
            probe,
            control: None,
            control_at: None,
            system_resolver: None,
            resolvers: Vec::new(),
            other_ports: vec![80, 8443],
            plain_at: None,
            reference: None,
            gentle: false,
            rounds: 3,
            patience: Duration::from_secs(5),
            at_once: 2,
            pace: Duration::from_millis(250),
            bulk: 256 * 1024,
            bulk_time: Duration::from_secs(8),
            max_idle: None,
            residual: Duration::from_secs(30),
            hops: Some(24),
            total: Duration::from_secs(300),
            witness: None,
            middlebox: None,
        }
    }

    /// The same for loopback, where nobody is disturbed.
    pub fn hurried(mut self) -> PathConfig {
        self.patience = Duration::from_millis(1500);
        self.at_once = 6;
        self.pace = Duration::ZERO;
        self.bulk_time = Duration::from_secs(2);
        self.residual = Duration::from_secs(5);
        self.hops = None;
        self.total = Duration::from_secs(120);
        self
    }

    /// Connections that are open at the same time at most.
    pub fn most_at_once(&self) -> usize {
        let crowds = experiments::ALL.iter().filter(|row| !(row.active && self.gentle)).any(|row| row.arms().any(many::is_crowd));
        if crowds { self.at_once.max(many::TOGETHER) } else { self.at_once }
    }

    /// Connections and questions at most, when every contrast has to be repeated.
    pub fn most_connections(&self) -> usize {
        let contrasts: usize = experiments::ALL.iter().map(|row| row.most(self)).sum();
        let walk = self.hops.map_or(0, |most| hops::MOST * usize::from(most));
        let searches = if self.gentle { 0 } else { residual::MOST + walk };
        // Once a layer is tried again with more patience.
        let of = |layer| experiments::ALL.iter().filter(|row| row.layer == layer).map(|row| row.most(self)).sum::<usize>();
        let again = STAGES.into_iter().map(of).max().unwrap_or(0) + STAGES.len();
        // And once TLS without anything else open, where a crowd fails.
        let alone = if self.gentle { 0 } else { of(Layer::Tls) + many::MOST_ALONE };
        contrasts + again + alone + searches + segments::MOST + crew::MOST_TURNED_AWAY + self.witness.as_ref().map_or(0, |_| witness::MOST)
    }
}

/// Investigates until everything is tried that makes sense, the time is up, or `stop` becomes true; what was seen until then is in the
/// trail in any case. `tell` hears of every trial.
pub async fn run(
    mut config: PathConfig,
    clock: Clock,
    tell: impl Fn(&Trial) + Send + Sync + 'static,
    stop: watch::Receiver<bool>,
) -> Trail {
    let (scripts, script_failed) = ask_script(&mut config).await;
    let head = TrailHead { scripts, script_failed, ..head(&config, &clock) };
    let total = config.total;
    let crew = Arc::new(Crew::new(config, clock, Box::new(tell)));
    let (through, time_up) = tokio::select! {
        biased;
        () = asked(stop) => (false, false),
        done = tokio::time::timeout(total, stage::all(&crew)) => (done.is_ok(), done.is_err()),
    };
    crew.end().await;
    let mut trail = crew.trail(head);
    (trail.interrupted, trail.time_up) = (!through, time_up);
    trail.took = clock.now();
    trail
}

/// What the server answers to requests of several kinds, once each; nothing is repeated and nothing else is tried.
pub async fn answers(mut config: PathConfig, clock: Clock, stop: watch::Receiver<bool>) -> Vec<Trial> {
    ask_script(&mut config).await;
    let (head, total) = (head(&config, &clock), config.total);
    let crew = Arc::new(Crew::new(config, clock, Box::new(|_| ())));
    tokio::select! {
        biased;
        () = asked(stop) => {}
        _ = tokio::time::timeout(total, stage::answers_only(&crew)) => {}
    }
    crew.end().await;
    crew.trail(head).trials
}

/// What was said on the way to the proxy that a script names: where from, and what; and the last word, where it names none.
type Asked = (Vec<(String, String)>, Option<(String, String)>);

/// Asks the script for the proxy.
async fn ask_script(config: &mut PathConfig) -> Asked {
    let Some(pac) = config.probe.pac.take().filter(|_| config.probe.proxy.is_none()) else { return Asked::default() };
    let found = probe::proxy_of(&pac, &config.probe).await;
    config.probe.proxy = found.proxy;
    let said = |step| match step {
        Step::Sought { from, says, found } => Some(((from, says), found)),
        _ => None,
    };
    let steps: Vec<_> = found.steps.into_iter().filter_map(said).collect();
    let failed = steps.last().filter(|step| !step.1).map(|step| step.0.clone());
    (steps.into_iter().map(|step| step.0).collect(), failed)
}

async fn asked(mut stop: watch::Receiver<bool>) {
    if stop.wait_for(|stop| *stop).await.is_err() {
        std::future::pending::<()>().await;
    }
}

fn head(config: &PathConfig, clock: &Clock) -> TrailHead {
    TrailHead {
        version: env!("CARGO_PKG_VERSION").to_string(),
        began_unix_ms: clock.began_unix_ms(),
        target: config.probe.target.clone(),
        control: config.control.as_ref().map(|(host, port)| format!("{host}:{port}")),
        proxy: config.probe.proxy.as_ref().map(|proxy| proxy.authority()),
        scripts: Vec::new(),
        script_failed: None,
        logs_in: config.probe.credentials.is_some(),
        ours: Vec::new(),
        reference: config.reference.clone(),
        patience: Micros::from(config.patience),
        rounds: config.rounds,
        no_raw: None,
        max_idle: config.max_idle.map(Micros::from),
        gentle: config.gentle,
        middlebox: config.middlebox.clone(),
    }
}

/// The layers in the order in which they are tried.
const STAGES: [Layer; 7] = [Layer::Dns, Layer::Tcp, Layer::Proxy, Layer::Tls, Layer::Http, Layer::Sstp, Layer::Data];
