//! Dials a server as a client would and writes down how far it gets: DNS, TCP, proxy, TLS, certificate, and then a
//! [`Session`](crate::proto::Session) from HTTP to teardown.

pub(in crate::jobs) mod climb;
mod learn;
mod matrix;
mod recorder;

use crate::base::Layer;
use crate::live::Notes;
use crate::live::aside::Asides;
use crate::live::clock::Clock;
use crate::live::dns::Resolver;
use crate::live::hello_scan::Limits;
use crate::live::keylog::KeyLogs;
use crate::live::lookup::{Lookups, Wish};
use crate::live::proxy::ProxyConfig;
use crate::live::proxy::find::{Found, Pac};
use crate::live::trust::{self, Trust};
use crate::live::wiretap::Ear;
use crate::proto::auth::EapClient;
use crate::proto::plan::{Credentials, Method, Timers};
use crate::transcript::{Asked, Head, Sink, Target, Transcript, What};
use recorder::{End, Ended, Recorder};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// What to probe and how.
#[derive(Clone, Debug)]
pub struct ProbeConfig {
    /// The server; `connect` and `server_name` in it count here too.
    pub target: Target,
    /// What was asked; `until` and `strict` in it count here too.
    pub asked: Asked,
    /// Who we are; without it the authentication methods are learned.
    pub credentials: Option<Credentials>,
    /// Authentication methods asked for by name, best first; `None`: all, and PAP only under a trusted certificate.
    pub methods: Option<Vec<Method>>,
    /// What EAP methods with TLS need; where it names no roots, those of `trust` count, and the time is filled in.
    pub eap: EapClient,
    /// Ask about every method on a connection of its own in place of logging in; the name given within EAP.
    pub matrix: Option<String>,
    /// The roots to trust: a store and the certificates of `--ca`.
    pub trust: Arc<Trust>,
    /// What is looked up about the certificates, over plain HTTP.
    pub wish: Wish,
    /// The forward proxy to go through.
    pub proxy: Option<ProxyConfig>,
    /// The script that names the proxy, where `proxy` names none.
    pub pac: Option<Pac>,
    /// Overrides and family of name resolution.
    pub resolver: Resolver,
    /// How long each layer may take, and the protocols' timers.
    pub timers: Timers,
    /// How long everything may take.
    pub total: Duration,
    /// Where TLS session keys go.
    pub keylog: Arc<KeyLogs>,
    /// Who hears what goes through the sockets.
    pub ear: Ear,
    /// ICMP echoes through the tunnel at most.
    pub pings: u32,
    /// Stay in the call for so long once all is done, and hang up as a client in daily use does.
    pub stays: Option<Duration>,
    /// In such a stay an LCP echo is sent so often.
    pub echoes: Option<Duration>,
    /// Packets inside the tunnel are told too.
    pub packets: bool,
    /// Survey the server's TLS when the call is over, within these limits.
    pub scan: Option<Limits>,
    /// Without a survey, ask the server once as Windows 10 where the handshake was one that it does not share.
    pub as_windows_10: bool,
    /// Every random choice above TLS comes from it.
    pub seed: u64,
}

impl ProbeConfig {
    /// A probe of `target` to the top, without credentials, with the system's roots.
    pub fn new(target: Target) -> ProbeConfig {
        ProbeConfig {
            target,
            asked: Asked::default(),
            credentials: None,
            methods: None,
            eap: EapClient::default(),
            matrix: None,
            trust: Arc::default(),
            wish: Wish::default(),
            proxy: None,
            pac: None,
            resolver: Resolver::default(),
            timers: Timers::default(),
            total: TOTAL,
            keylog: Arc::default(),
            ear: Ear::default(),
            pings: 3,
            stays: None,
            echoes: None,
            packets: false,
            scan: None,
            as_windows_10: false,
            seed: 0,
        }
    }

    /// The methods to use, best first. PAP shows the password to whoever ended the TLS connection.
    fn methods(&self, proven: bool) -> Vec<Method> {
        match &self.methods {
            Some(named) => named.clone(),
            None => Method::ALL.iter().map(|row| row.0).filter(|method| self.would_use(*method, proven)).collect(),
        }
    }

    fn would_use(&self, method: Method, proven: bool) -> bool {
        match method {
            Method::Pap => proven,
            Method::EapTls => self.eap.identity.is_some(),
            _ => true,
        }
    }
}

/// Probes until everything asked for is done, a layer fails, the time is up, or `stop` becomes true; what was gathered
/// until then is in the transcript in any case, and went to `sink` as it happened.
pub async fn run(config: &ProbeConfig, clock: &Clock, sink: &mut dyn Sink, stop: watch::Receiver<bool>) -> Transcript {
    let (found, with_proxy);
    let (config, steps) = match &config.pac {
        Some(pac) if config.proxy.is_none() => {
            found = proxy_of(pac, config).await;
            with_proxy = ProbeConfig { proxy: found.proxy, ..config.clone() };
            (&with_proxy, found.steps)
        }
        _ => (config, Vec::new()),
    };
    let ended = Ended::default();
    let mut record = Recorder::new(head(config, clock), sink, ended.clone());
    for step in steps {
        Notes::new(clock, &mut record).note(None, Layer::Proxy, What::Proxy(Box::new(step)));
    }
    let mut beside = Beside::default();
    let (halt, mut halted) = watch::channel(false);
    {
        let mut all = std::pin::pin!(climb::all(config, clock, &mut record, &mut beside, &mut halted));
        tokio::select! {
            () = &mut all => {}
            end = interrupted(config.total, stop) => {
                ended.set(Some(end));
                let _ = halt.send(true);
                let _ = tokio::time::timeout(LEAVING, all).await;
            }
        }
    }
    let patience = if ended.get().is_none() { ASIDES } else { Duration::ZERO };
    let others = beside.asides.note(patience, &mut Notes::new(clock, &mut record)).await;
    // What is the chain of the call to the last byte has been judged.
    let of_the_call = record.chain().to_vec();
    for (from, certs) in others.into_iter().filter(|other| other.1 != of_the_call) {
        trust::weigh_other(&certs, from, &config.trust, config.target.name(), &mut Notes::new(clock, &mut record));
    }
    beside.lookups.note(ended.get().is_none(), &mut Notes::new(clock, &mut record)).await;
    record.finish(clock)
}

/// The proxy that the script names for the server.
pub(in crate::jobs) async fn proxy_of(pac: &Pac, config: &ProbeConfig) -> Found {
    let within = config.timers.of(Layer::Proxy).min(config.total);
    pac.ask(config.target.name(), config.target.port, &config.resolver, within).await
}

/// What goes on beside the call.
#[derive(Default)]
pub(in crate::jobs) struct Beside {
    asides: Asides,
    lookups: Lookups,
}

/// What stands first in a transcript of a call with this target that begins now.
pub fn head(config: &ProbeConfig, clock: &Clock) -> Head {
    let asked = Asked {
        credentials: config.credentials.is_some(),
        user: config.credentials.as_ref().map(|credentials| credentials.user.clone()),
        proxy: config.proxy.as_ref().map(ProxyConfig::authority),
        sources: config.trust.compared(),
        ..config.asked.clone()
    };
    Head {
        version: env!("CARGO_PKG_VERSION").to_string(),
        began_unix_ms: clock.began_unix_ms(),
        target: config.target.clone(),
        asked,
        seed: config.seed,
        ..Head::default()
    }
}

/// Ends when the time is up or the user wants to stop.
async fn interrupted(total: Duration, mut stop: watch::Receiver<bool>) -> End {
    let stopped = async {
        if stop.wait_for(|stop| *stop).await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        biased;
        () = stopped => End::Stopped,
        () = tokio::time::sleep(total) => End::TimeUp,
    }
}

/// Ours: a whole probe may take so long.
const TOTAL: Duration = Duration::from_secs(60);
/// Ours: after the time is up a session may take so long to leave in order.
const LEAVING: Duration = Duration::from_secs(1);
/// Ours: looks at other addresses that are still under way at the end may take so long.
const ASIDES: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests;
