//! Our end of a server case over sockets: from the name of the server to the session with the edits of the case.

use super::case::{Below, Case};
use super::pulse::{Heard, Pulse};
use super::rehearse;
use super::stand::Tried;
use super::tester::Tester;
use super::verdict::{self, Grade, Verdict};
use crate::base::{Layer, Side};
use crate::jobs::probe::ProbeConfig;
use crate::jobs::probe::climb::{self, Reached, reach};
use crate::live::clock::Clock;
use crate::live::keylog::KeyLogs;
use crate::live::tls::{Secure, Signature};
use crate::live::wiretap::Ear;
use crate::live::{Notes, drive, knock, tls, trust};
use crate::proto::Session;
use crate::proto::plan::{CertHashes, Method, Mind, Plan};
use crate::transcript::{Event, Sink, What};
use crate::wire::tls::{ClientHello, TLS12, TLS13};
use std::cell::Cell;
use std::sync::Arc;
use tokio::sync::{Notify, watch};

/// All connections of a server case.
pub(super) async fn called(probe: &ProbeConfig, case: &Case, clock: &Clock, ear: Option<Ear>, pulse: &Pulse) -> Tried {
    let (mut events, mut came, mut judged) = (Vec::new(), true, true);
    if case.needs_account() && probe.credentials.is_none() {
        return Tried { verdict: Verdict::new(Grade::Unsupported, "needs an account: --user"), events, came, said: String::new() };
    }
    if case.needs_certificate() && probe.eap.identity.is_none() {
        return Tried {
            verdict: Verdict::new(Grade::Unsupported, "needs a client certificate: --cert"),
            events,
            came,
            said: String::new(),
        };
    }
    if let Some(left_out) = left_out(probe, case) {
        return Tried { verdict: Verdict::new(Grade::Unsupported, left_out), events, came, said: String::new() };
    }
    let mut probe = probe.clone();
    if let Some(ear) = ear {
        probe.keylog = Arc::new(KeyLogs::default().heard_by(ear.clone()));
        probe.ear = ear;
    }
    let mut this = case.aimed_at(&climb::host_header(&probe.target));
    for round in 1..=case.base.times {
        this = this.next(&events);
        let is_last = round == case.base.times;
        if matches!(case.base.below, Some((Below::Aborts(_), _))) && is_last {
            this.base.below = None;
        }
        let wanted = wanted(&this);
        let reached;
        (reached, this) = match this.beside() {
            None => connection(&probe, &this, clock, &mut Heard { sink: &mut events, pulse }).await,
            Some(other) => both(&probe, &this, &other, clock, &mut events, pulse).await,
        };
        came &= reached >= wanted;
        judged &= match case.base.below {
            None => reached == Reach::Tls,
            // What becomes of an honest call after our aborts is what the case is about.
            Some((Below::Aborts(_), _)) if is_last => true,
            Some(_) => reached >= Reach::Tcp,
        };
    }
    let verdict = if judged { verdict::judge(&this, &events) } else { no_connection(&events) };
    Tried { verdict, events, came, said: String::new() }
}

/// The methods that are left for a case where the user wants certain ones only: those of the case, else those that the user names.
fn allowed(probe: &ProbeConfig, case: &Case) -> Option<Vec<Method>> {
    let wanted = probe.methods.as_ref()?;
    Some(case.base.methods.map_or_else(|| wanted.clone(), |own| own.iter().copied().filter(|method| wanted.contains(method)).collect()))
}

/// Why a case is not run whose methods the user does not want.
fn left_out(probe: &ProbeConfig, case: &Case) -> Option<String> {
    allowed(probe, case).filter(Vec::is_empty)?;
    let names: Vec<&str> = case.base.methods?.iter().map(|method| method.name()).collect();
    Some(format!("needs {}, which --auth leaves out", names.join(" or ")))
}

/// The connection of a case with another call beside it, which begins when the first has come as far as it climbs.
async fn both(config: &ProbeConfig, case: &Case, other: &Case, clock: &Clock, events: &mut Vec<Event>, pulse: &Pulse) -> (Reach, Case) {
    let (up, came, mut aside) = (Notify::new(), Cell::new(Reach::Nowhere), Vec::new());
    let mut watched = Watched { events, layer: case.base.until, up: &up };
    let beside = async {
        up.notified().await;
        came.set(connection(config, other, clock, &mut Heard { sink: &mut aside, pulse }).await.0);
        std::future::pending().await
    };
    let mut heard = Heard { sink: &mut watched, pulse };
    let through = tokio::select! {
        through = connection(config, case, clock, &mut heard) => through,
        never = beside => never,
    };
    let waited = watched.events.iter().any(|event| event.layer == case.base.until && event.what == What::Up);
    // A call that stood alone says nothing.
    if waited && came.get() < Reach::Tls { (Reach::Nowhere, through.1) } else { through }
}

/// Keeps events, and says when a layer is up.
struct Watched<'a> {
    events: &'a mut Vec<Event>,
    layer: Layer,
    up: &'a Notify,
}

impl Sink for Watched<'_> {
    fn event(&mut self, event: &Event) {
        if event.layer == self.layer && event.what == What::Up {
            self.up.notify_one();
        }
        self.events.event(event);
    }
}

/// How far a connection came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Reach {
    Nowhere,
    Tcp,
    Tls,
}

/// How far a sound server lets the connection come.
fn wanted(case: &Case) -> Reach {
    match case.base.below {
        Some((Below::Hello(_) | Below::Says(_) | Below::Aborts(_), _)) => Reach::Tcp,
        Some((Below::Asks(_), _)) | None => Reach::Tls,
    }
}

/// Why there was no connection to judge.
pub(super) fn no_connection(events: &[Event]) -> Verdict {
    let down = events.iter().rev().find_map(|event| match &event.what {
        What::Down(reason) => Some(format!("{NO_CONNECTION}: {} {reason}", event.layer.title())),
        _ => None,
    });
    Verdict::new(Grade::Inconclusive, down.unwrap_or_else(|| NO_CONNECTION.to_string()))
}

/// How the verdict on a case begins whose connection did not come about.
pub(super) const NO_CONNECTION: &str = "no connection";

/// One connection of a case: how far it came, and the case as it was carried out.
pub(super) async fn connection(config: &ProbeConfig, case: &Case, clock: &Clock, events: &mut dyn Sink) -> (Reach, Case) {
    let mut notes = Notes::new(clock, events);
    let Some(reached) = reach(config, &mut notes).await else { return (Reach::Nowhere, case.clone()) };
    let case = reached.route.server().map_or_else(|| case.clone(), |address| case.at_address(address.ip()));
    let within = case.base.within;
    let mut settings = climb::settings(config);
    match case.base.below.map(|pair| pair.0) {
        None => {}
        Some(Below::Asks(change)) => change(&mut settings),
        Some(Below::Hello(change)) => {
            knock::greet(reached.tap, hello(config, change, clock), within, &mut notes).await;
            return (Reach::Tcp, case);
        }
        Some(Below::Says(bytes)) => {
            knock::say(reached.tap, bytes, within, &mut notes).await;
            return (Reach::Tcp, case);
        }
        Some(Below::Aborts(how)) => {
            knock::abort(reached.tap, &hello(config, |_| {}, clock), how, within, &mut notes).await;
            return (Reach::Tcp, case);
        }
    }
    (call(config, &settings, reached, &case, clock, events).await, case)
}

/// A hello of both versions that are in use.
fn hello(config: &ProbeConfig, change: impl Fn(&mut ClientHello), clock: &Clock) -> ClientHello {
    let name = config.target.name();
    let named = (name.parse::<std::net::IpAddr>().is_err() && !name.starts_with('[')).then(|| name.trim_end_matches('.').to_string());
    let mut hello = ClientHello::wide(TLS13, random(config.seed ^ clock.now().0), named);
    let old = ClientHello::wide(TLS12, hello.random, None);
    hello.versions.push(TLS12);
    hello.suites.extend(old.suites);
    hello.groups.extend(old.groups.iter().filter(|group| !hello.groups.contains(group)).copied().collect::<Vec<u16>>());
    change(&mut hello);
    hello
}

fn random(seed: u64) -> [u8; 32] {
    crate::proto::Rng::new(seed).bytes()
}

/// A call above TLS.
async fn call(
    config: &ProbeConfig,
    settings: &tls::Settings,
    reached: Reached,
    case: &Case,
    clock: &Clock,
    events: &mut dyn Sink,
) -> Reach {
    let mut notes = Notes::new(clock, events);
    let Reached { tap, route, .. } = reached;
    let Ok(secure) = tls::secure(tap, settings, route.server(), config.timers.of(Layer::Tls), &mut notes).await else { return Reach::Tcp };
    let trusted = trust::weigh(&secure.certs, &secure.signature, &config.trust, config.target.name(), &mut notes);
    let proven = trusted && secure.signature == Signature::Good;
    session(config, secure, proven, case, clock, events).await;
    Reach::Tls
}

async fn session(config: &ProbeConfig, secure: Secure, proven: bool, case: &Case, clock: &Clock, events: &mut dyn Sink) {
    let cert = CertHashes::of(secure.leaf());
    let mut client = rehearse::client(case, &climb::host_header(&config.target), cert, config.credentials.clone());
    client.eap = climb::eap(config, clock);
    client.methods = allowed(config, case).unwrap_or(client.methods);
    if !proven {
        // PAP would show the password to whoever holds the other end of TLS.
        client.methods.retain(|method| *method != Method::Pap);
    }
    let plan = Plan { mind: Mind::Client(client), edits: case.parsed(), toxics: Vec::new(), seed: config.seed ^ clock.now().0 };
    let now = clock.now();
    let tester = Tester::new(case.clone(), Session::new(plan, now), now);
    let (_halt, mut halted) = watch::channel(false);
    drive::run(secure.stream, tester, Side::Client, clock, events, &mut halted).await;
}
