//! A watcher against what the two ends of a call themselves tell, and against real sessions.

mod hostile;
mod pair;
mod real;
mod rules;

use super::*;
use crate::base::unhex;
use crate::transcript::{Asked, Facts, Head, Reason, Source, Transcript, tap};

/// What a watcher told.
#[derive(Debug, Default)]
struct Told {
    events: Vec<Event>,
    inner: Vec<(Side, usize)>,
}

impl Watcher for Told {
    fn event(&mut self, event: Event) {
        self.events.push(event);
    }

    fn inner(&mut self, _at: Micros, from: Side, packet: &[u8]) {
        self.inner.push((from, packet.len()));
    }
}

/// One thing on the wire.
#[derive(Clone, Debug)]
enum Wire {
    Bytes(Vec<u8>),
    Gap(u64),
    Closed(How),
}

fn watch(config: WatchConfig, cert: Option<CertHashes>, wire: &[(Micros, Side, Wire)], end: Micros) -> (Watch, Told) {
    let mut watch = Watch::new(config);
    let mut told = Told::default();
    if let Some(cert) = cert {
        watch.certificate(cert);
    }
    for (at, side, what) in wire {
        match what {
            Wire::Bytes(bytes) => watch.bytes(*at, *side, bytes, &mut told),
            Wire::Gap(bytes) => watch.gap(*at, *side, *bytes, &mut told),
            Wire::Closed(how) => watch.closed(*at, *side, *how, &mut told),
        }
    }
    watch.end(end, &mut told);
    (watch, told)
}

fn credentials(password: &str) -> WatchConfig {
    let credentials = Credentials { user: "alice".into(), password: Secret::new(password.into()) };
    WatchConfig { credentials: Some(credentials), ..WatchConfig::default() }
}

fn facts(watch: &Watch, told: &Told) -> Facts {
    let asked = Asked { credentials: watch.tried_auth(), ..Asked::default() };
    let source = Source::Capture { connection: 1, first_packet: 1 };
    Facts::of(&Transcript { head: Head { asked, source, ..Head::default() }, events: told.events.clone() })
}

fn violations(told: &Told) -> Vec<(Side, String)> {
    let broken = |event: &Event| match &event.what {
        What::Violation { rule, says } => Some((event.by?, format!("{rule}: {says}"))),
        _ => None,
    };
    told.events.iter().filter_map(broken).collect()
}

fn proofs(told: &Told) -> Vec<(tap::Proof, bool)> {
    let proved = |event: &Event| match &event.what {
        What::Proof { of, holds, .. } => Some((*of, *holds)),
        _ => None,
    };
    told.events.iter().filter_map(proved).collect()
}

/// What one side said: heads, messages, frames, with their bytes.
fn said(events: &[Event], by: Side) -> Vec<(What, Vec<u8>)> {
    let spoken = |event: &&Event| event.by == Some(by) && matches!(event.what, What::Http(_) | What::Sstp(_) | What::Ppp(_));
    events.iter().filter(spoken).map(|event| (event.what.clone(), event.raw.to_vec())).collect()
}

/// The ladder in words, such as `Http up` or `Auth down: E=691 R=0`.
fn ladder(events: &[Event]) -> Vec<String> {
    let step = |event: &Event| match &event.what {
        What::Began => Some(format!("{} began", event.layer)),
        What::Up => Some(format!("{} up", event.layer)),
        What::Down(reason) => Some(format!("{} down: {reason}", event.layer)),
        _ => None,
    };
    events.iter().filter_map(step).collect()
}
