//! `--auth-matrix`: every method is asked for on a connection of its own, up to the server's first word in it. Nothing is
//! proved, so no login fails and no password is sent.

use super::ProbeConfig;
use super::climb::{client, session};
use super::learn;
use super::recorder::Recorder;
use crate::base::{Layer, Secret, Side};
use crate::live::Notes;
use crate::live::clock::Clock;
use crate::live::route::Route;
use crate::proto::plan::{ClientConfig, Credentials, Method};
use crate::transcript::{Event, Facts, Head, MatrixRow, Reason, Stand, Transcript, What};
use crate::wire::eap;
use crate::wire::ncp::{AUTH_PROTOCOL, AuthMethod};
use crate::wire::ppp::{self, Body, Frame};
use tokio::sync::watch;

/// Asks for every method, one connection after the other.
pub(super) async fn ask(
    config: &ProbeConfig,
    user: &str,
    route: &Route,
    clock: &Clock,
    record: &mut Recorder<'_>,
    halted: &mut watch::Receiver<bool>,
) {
    for (round, (method, _)) in Method::ALL.into_iter().enumerate() {
        let mut notes = Notes::new(clock, record);
        let opened = tokio::select! {
            biased;
            _ = halted.wait_for(|halted| *halted) => return,
            opened = learn::open(config, route, &mut notes) => opened,
        };
        let Some(secure) = opened else { return };
        let asking = asking(client(config, secure.leaf(), false, Vec::new(), clock), method, user);
        let mut events: Vec<Event> = Vec::new();
        session(secure, asking, config.seed.wrapping_add(FIRST_ROUND + round as u64), clock, &mut events, halted).await;
        if *halted.borrow() {
            return;
        }
        let row = row(method, events);
        Notes::new(clock, record).note(Some(Side::Server), Layer::Auth, What::Matrix(Box::new(row)));
    }
}

fn asking(client: ClientConfig, method: Method, user: &str) -> ClientConfig {
    let credentials = Credentials { user: user.to_string(), password: Secret::new(String::new()) };
    ClientConfig { credentials: Some(credentials), methods: vec![method], ask: true, ..client }
}

fn row(method: Method, events: Vec<Event>) -> MatrixRow {
    let facts = Facts::of(&Transcript { head: Head::default(), events });
    let (stand, says) = stand(method, &facts);
    MatrixRow { method: method.name().into(), stand, says }
}

/// What the server's answer means.
fn stand(method: Method, facts: &Facts) -> (Stand, String) {
    let first = first_choice(facts);
    if facts.reached(Layer::Auth) {
        let of_itself = first == Some((method.lcp(), method.eap_type()));
        let says = if of_itself { "the server asks for it" } else { "the server takes it when asked" };
        return (if of_itself { Stand::Offered } else { Stand::Accepted }, says.into());
    }
    let Some(stop) = &facts.stop else { return (Stand::Unknown, "the call ended without an answer".into()) };
    let naked = facts.frames(Side::Client, "eap.response-nak").next().is_some();
    let instead = match last_demand(facts) {
        Some(demand) if demand != method.lcp() => format!("the server insists on {demand}"),
        _ => stop.reason.to_string(),
    };
    match (&stop.reason, stop.layer) {
        (Reason::Unwilling(_), _) => (Stand::Refused, instead),
        (_, Layer::Auth) if naked => (Stand::Refused, format!("asked for within EAP, the server answers: {}", stop.reason)),
        (Reason::Refused(_), Layer::Auth) if method.eap_type().is_some() => {
            (Stand::Unknown, format!("the server refuses the name before it names a method: {}", stop.reason))
        }
        (_, Layer::Lcp) => (Stand::Refused, instead),
        _ => (Stand::Unknown, stop.reason.to_string()),
    }
}

/// The method that the server demanded first, and within EAP the type that it asked for first.
fn first_choice(facts: &Facts) -> Option<(AuthMethod, Option<u8>)> {
    let demand = demands(facts).next()?;
    let kinds = facts.ppp.iter().filter(|seen| seen.by == Some(Side::Server)).filter_map(|seen| match &seen.it.body {
        Body::Eap(packet) if packet.code == 1 => packet.kind.filter(|kind| *kind >= eap::MD5),
        _ => None,
    });
    Some((demand, kinds.take(1).next().filter(|_| demand == AuthMethod::Eap)))
}

fn last_demand(facts: &Facts) -> Option<AuthMethod> {
    demands(facts).last()
}

/// What the server's Configure-Requests demand.
fn demands(facts: &Facts) -> impl Iterator<Item = AuthMethod> {
    facts.frames(Side::Server, "lcp.configure-request").filter_map(|seen| demanded(&seen.it))
}

fn demanded(frame: &Frame) -> Option<AuthMethod> {
    let Body::Lcp(packet) = &frame.body else { return None };
    let options = packet.options(ppp::layer_of(frame.protocol)).ok()?;
    AuthMethod::from_option(&options.iter().find(|option| option.kind == AUTH_PROTOCOL)?.value)
}

/// Ours: the seeds of these connections lie beyond those of the others.
const FIRST_ROUND: u64 = 100;
