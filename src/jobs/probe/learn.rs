//! Authentication methods that the server did not stay for on the first connection are asked for on further ones.

use super::ProbeConfig;
use super::climb::{client, session, settings};
use super::recorder::Recorder;
use crate::base::{Layer, Side};
use crate::live::Notes;
use crate::live::clock::Clock;
use crate::live::route::{NoWay, Route};
use crate::live::tls::{self, Secure};
use crate::transcript::{Event, How, Sink, What};
use crate::wire::ncp::AuthMethod;
use tokio::sync::watch;

/// Asks for the methods that are not known yet, a connection at a time, for as long as each brings something new.
pub(super) async fn rest(
    config: &ProbeConfig,
    route: &Route,
    clock: &Clock,
    record: &mut Recorder<'_>,
    halted: &mut watch::Receiver<bool>,
) {
    let mut known = record.methods().len();
    for round in 1..=MORE_CONNECTIONS {
        let left = unknown(&record.methods());
        if known == 0 || left.is_empty() || *halted.borrow() {
            return;
        }
        let mut notes = Notes::new(clock, record);
        let opened = tokio::select! {
            biased;
            _ = halted.wait_for(|halted| *halted) => return,
            opened = open(config, route, &mut notes) => opened,
        };
        let Some(secure) = opened else { return };
        let client = client(config, secure.leaf(), false, left, clock);
        session(secure, client, config.seed.wrapping_add(round), clock, &mut MethodsOnly(record), halted).await;
        let now_known = record.methods().len();
        if now_known == known {
            return;
        }
        known = now_known;
    }
}

/// The methods to ask for that are not among the `known`.
fn unknown(known: &[AuthMethod]) -> Vec<AuthMethod> {
    AuthMethod::CANDIDATES.into_iter().filter(|method| !known.contains(method)).collect()
}

/// A further TLS connection on the way that is known; only its failure is noted, and not as that of a layer.
pub(super) async fn open(config: &ProbeConfig, route: &Route, notes: &mut Notes<'_>) -> Option<Secure> {
    let began = notes.clock.now();
    let tap = match route.open(config.timers.of(Layer::Tcp)).await {
        Ok(tap) => tap,
        Err(NoWay::Tcp(failure, says)) => {
            let what = What::NotConnected { to: route.to, failure, says, took: notes.clock.now() - began };
            notes.note(Some(Side::Client), Layer::Tcp, what);
            return None;
        }
        Err(NoWay::Proxy(_)) => {
            notes.note(None, Layer::Proxy, What::Closed(How::Fin));
            return None;
        }
    };
    match tls::handshake(tap, &settings(config), config.timers.of(Layer::Tls)).await {
        Ok(secure) => Some(secure),
        Err(failure) => {
            notes.note(Some(Side::Server), Layer::Tls, What::Closed(failure.how()));
            None
        }
    }
}

/// Lets nothing through but what was learned: the ladder of layers is that of the first connection.
struct MethodsOnly<'a, 'b>(&'a mut Recorder<'b>);

impl Sink for MethodsOnly<'_, '_> {
    fn event(&mut self, event: &Event) {
        if matches!(event.what, What::Method { .. }) {
            self.0.event(event);
        }
    }
}

/// Ours: so many connections more than the first.
const MORE_CONNECTIONS: u64 = 4;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_is_not_asked_again() {
        let left = unknown(&[AuthMethod::Eap, AuthMethod::MsChapV2]);
        assert_eq!(left, [AuthMethod::ChapMd5, AuthMethod::MsChapV1, AuthMethod::Pap]);
        assert!(unknown(&AuthMethod::CANDIDATES).is_empty());
    }
}
