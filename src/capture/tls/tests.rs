//! Handshakes of OpenSSL and Java, recorded between the two ends (`fixtures/tls/make.py`).

mod flows;
mod holes;
mod hostile;

use super::*;
use crate::base::unhex;
use crate::transcript::tap;
use crate::transcript::{Reason, Secured, TlsFailure};

/// Everything that comes out of a connection.
#[derive(Default)]
pub(super) struct Sink {
    pub(super) events: Vec<Event>,
    pub(super) client: Vec<u8>,
    pub(super) server: Vec<u8>,
    pub(super) lost: u64,
    pub(super) records: usize,
    pub(super) closed: Vec<Side>,
}

impl Sees for Sink {
    fn event(&mut self, event: Event) {
        self.events.push(event);
    }
    fn plain(&mut self, _: Micros, from: Side, bytes: &[u8]) {
        match from {
            Side::Client => self.client.extend(bytes),
            Side::Server => self.server.extend(bytes),
        }
    }
    fn lost(&mut self, _: Micros, _: Side, bytes: u64) {
        self.lost = self.lost.saturating_add(bytes.max(1));
    }
    fn record(&mut self, _: Micros, _: Side, _: u8, _: usize) {
        self.records += 1;
    }
    fn said_end(&mut self, _: Micros, from: Side, _: How) {
        self.closed.push(from);
    }
}

impl Sink {
    pub(super) fn client(&self) -> String {
        String::from_utf8_lossy(&self.client).into_owned()
    }
    pub(super) fn server(&self) -> String {
        String::from_utf8_lossy(&self.server).into_owned()
    }
    pub(super) fn secured(&self) -> Option<&Secured> {
        self.events.iter().find_map(|event| match &event.what {
            What::Secured(secured) => Some(secured),
            _ => None,
        })
    }
    pub(super) fn hellos(&self) -> Vec<&tap::ServerHello> {
        self.events
            .iter()
            .filter_map(|event| match &event.what {
                What::ServerHello(hello) => Some(&**hello),
                _ => None,
            })
            .collect()
    }
    pub(super) fn chain(&self) -> usize {
        self.events.iter().map(|event| if let What::Chain { certs, .. } = &event.what { certs.len() } else { 0 }).sum()
    }
    pub(super) fn opaque(&self) -> Option<(u64, Opaqueness)> {
        self.events.iter().find_map(|event| if let What::Opaque { bytes, because } = event.what { Some((bytes, because)) } else { None })
    }
    pub(super) fn failure(&self) -> Option<(Option<Side>, TlsFailure, &Reason)> {
        let unsecured = self.events.iter().find_map(|event| match &event.what {
            What::Unsecured { failure, .. } => Some((event.by, *failure)),
            _ => None,
        })?;
        let reason = self.events.iter().find_map(|event| if let What::Down(reason) = &event.what { Some(reason) } else { None })?;
        Some((unsecured.0, unsecured.1, reason))
    }
}

/// A recorded connection: who sent what.
pub(super) type Flow = Vec<(Side, Vec<u8>)>;

/// The key log and the connections of a fixture.
pub(super) fn fixture(name: &str) -> (String, Vec<Flow>) {
    let text = std::fs::read_to_string(format!("{}/fixtures/tls/{name}.flow", env!("CARGO_MANIFEST_DIR"))).expect("a fixture");
    let (mut keys, mut flows) = (String::new(), vec![Flow::new()]);
    for line in text.lines() {
        match line.split_once(' ') {
            Some(("key", line)) => keys += &format!("{line}\n"),
            Some((side, hex)) => {
                let side = if side == "C" { Side::Client } else { Side::Server };
                flows.last_mut().expect("one").push((side, unhex(hex).expect("hexadecimal")));
            }
            None => flows.push(Flow::new()),
        }
    }
    (keys, flows)
}

pub(super) fn keys(log: &str) -> Rc<RefCell<Keys>> {
    let mut keys = Keys::new();
    keys.blob(log.as_bytes());
    assert_eq!(keys.bad(), []);
    Rc::new(RefCell::new(keys))
}

pub(super) fn rsa_keys(pem: &str) -> Rc<RefCell<Keys>> {
    let mut keys = Keys::new();
    let path = format!("{}/fixtures/tls/{pem}", env!("CARGO_MANIFEST_DIR"));
    keys.rsa(&std::fs::read(path).expect("a fixture")).expect("an RSA key");
    Rc::new(RefCell::new(keys))
}

/// A connection from its first byte to its end, in pieces of at most `piece` bytes, a millisecond apart.
pub(super) fn play(keys: &Rc<RefCell<Keys>>, flow: &Flow, piece: usize) -> Sink {
    let (mut tls, mut sink) = (Tls::new(keys.clone()), Sink::default());
    let mut at = 0;
    for (side, bytes) in flow {
        for bytes in bytes.chunks(piece) {
            at += 1000;
            tls.bytes(Micros(at), *side, bytes, &mut sink);
        }
    }
    tls.closed(Micros(at + 1000), Side::Client, false, &mut sink);
    tls.closed(Micros(at + 2000), Side::Server, false, &mut sink);
    tls.end(Micros(at + 3000), &mut sink);
    sink
}
