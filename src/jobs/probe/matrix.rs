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

/// Asks for every method, one connection after the other, for as long as there is something to be learned.
pub(super) async fn ask(
    config: &ProbeConfig,
    user: &str,
    route: &Route,
    clock: &Clock,
    record: &mut Recorder<'_>,
    halted: &mut watch::Receiver<bool>,
) {
    let mut in_vain: Option<String> = None;
    for (round, (method, _)) in Method::ALL.into_iter().enumerate() {
        let row = match &in_vain {
            Some(why) => MatrixRow { method: method.name().into(), stand: Stand::NotAsked, says: why.clone() },
            None => match one(config, user, route, (method, FIRST_ROUND + round as u64), clock, record, halted).await {
                Ok(events) => row(method, events, &mut in_vain),
                Err(why) => {
                    in_vain = Some(why.into());
                    MatrixRow { method: method.name().into(), stand: Stand::NotAsked, says: why.into() }
                }
            },
        };
        Notes::new(clock, record).note(Some(Side::Server), Layer::Auth, What::Matrix(Box::new(row)));
    }
}

/// What came of asking for one method, or why it was not to be had.
async fn one(
    config: &ProbeConfig,
    user: &str,
    route: &Route,
    (method, round): (Method, u64),
    clock: &Clock,
    record: &mut Recorder<'_>,
    halted: &mut watch::Receiver<bool>,
) -> Result<Vec<Event>, &'static str> {
    let mut notes = Notes::new(clock, record);
    let opened = tokio::select! {
        biased;
        _ = halted.wait_for(|halted| *halted) => return Err(ENDED),
        opened = learn::open(config, route, &mut notes) => opened,
    };
    let Some(secure) = opened else { return Err("no further connection to the server could be made") };
    let asking = asking(client(config, secure.leaf(), false, Vec::new(), clock), method, user);
    let mut events: Vec<Event> = Vec::new();
    session(secure, asking, config.seed.wrapping_add(round), clock, &mut events, halted).await;
    if *halted.borrow() { Err(ENDED) } else { Ok(events) }
}

fn asking(client: ClientConfig, method: Method, user: &str) -> ClientConfig {
    let credentials = Credentials { user: user.to_string(), password: Secret::new(String::new()) };
    ClientConfig { credentials: Some(credentials), methods: vec![method], ask: true, ..client }
}

/// `in_vain` becomes the reason why no other method has to be asked for.
fn row(method: Method, events: Vec<Event>, in_vain: &mut Option<String>) -> MatrixRow {
    let facts = Facts::of(&Transcript { head: Head::default(), events });
    let (stand, says) = stand(method, &facts);
    let mute = facts.stop.as_ref().filter(|stop| stop.layer <= Layer::Lcp && demands(&facts).next().is_none());
    *in_vain = mute.map(|stop| format!("the server does not come to authentication: {}", stop.reason));
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
    let instead = demands(facts).last().filter(|demand| *demand != method.lcp()).map(|demand| format!("the server insists on {demand}"));
    match (&stop.reason, stop.layer) {
        (Reason::Unwilling(says), _) => (Stand::Refused, instead.unwrap_or_else(|| says.clone())),
        (_, Layer::Auth) if naked => (Stand::Refused, format!("asked for within EAP, the server answers: {}", stop.reason)),
        (Reason::Refused(_), Layer::Auth) if method.eap_type().is_some() => {
            (Stand::Unknown, format!("the server refuses the name before it names a method: {}", stop.reason))
        }
        // Whatever ended LCP, only a demand for something else is an answer about the method.
        (_, Layer::Lcp) => match instead {
            Some(says) => (Stand::Refused, says),
            None => (Stand::Unknown, format!("LCP does not come up: {}", stop.reason)),
        },
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

/// What the server's Configure-Requests demand.
fn demands(facts: &Facts) -> impl Iterator<Item = AuthMethod> {
    facts.frames(Side::Server, "lcp.configure-request").filter_map(|seen| demanded(&seen.it))
}

fn demanded(frame: &Frame) -> Option<AuthMethod> {
    let Body::Lcp(packet) = &frame.body else { return None };
    let options = packet.options(ppp::layer_of(frame.protocol)).ok()?;
    AuthMethod::from_option(&options.iter().find(|option| option.kind == AUTH_PROTOCOL)?.value)
}

/// Why the rest was not asked for.
const ENDED: &str = "the probe was over before";
/// Ours: the seeds of these connections lie beyond those of the others.
const FIRST_ROUND: u64 = 100;
