//! The transcript of one connection in the making.

use super::SharedKeys;
use crate::base::{Bytes, Layer, Micros, Side};
use crate::capture::flow::First;
use crate::capture::read::{Hub, Seen};
use crate::proto::watch::{WatchConfig, Watcher};
use crate::transcript::{Event, Reason, State, What};
use crate::wire::ppp;
use std::net::SocketAddr;
use std::rc::Rc;

/// Collects the events of one connection, and passes them on at once when it is known to be SSTP.
pub struct Log<'l> {
    hub: Rc<Hub<'l>>,
    seen: Seen,
    now: Micros,
    events: Vec<Event>,
    streaming: bool,
    /// What the hub counts for this connection, bytes.
    weight: usize,
    /// Of these the bytes that wait to become whole.
    held: usize,
    /// Data packets in `events`.
    packets: usize,
    omitted: u64,
    /// `host:port` of the proxy, when there is one in front.
    pub proxy: Option<String>,
    /// What the proxy was asked for: host and port.
    pub asked_of_proxy: Option<(String, u16)>,
    /// Something in the clear says that this is SSTP.
    pub says_sstp: bool,
}

impl<'l> Log<'l> {
    /// An empty log.
    pub fn new(hub: Rc<Hub<'l>>, number: u64, first: &First) -> Log<'l> {
        let seen = Seen { number, client: first.client, server: first.server, began_unix_us: first.began, first_packet: first.packet };
        hub.weighs(0, BODY);
        Log {
            hub,
            seen,
            now: Micros::ZERO,
            events: Vec::new(),
            streaming: false,
            weight: BODY,
            held: 0,
            packets: 0,
            omitted: 0,
            proxy: None,
            asked_of_proxy: None,
            says_sstp: false,
        }
    }

    /// The time of what is noted next.
    pub fn now(&mut self, at: Micros) {
        self.now = self.now.max(at);
    }

    /// The secrets of the capture.
    pub fn keys(&self) -> SharedKeys {
        self.hub.keys()
    }

    /// What the watchers of calls are told.
    pub fn watch_config(&self) -> WatchConfig {
        self.hub.watch_config()
    }

    /// Who and when.
    pub fn seen(&self) -> Seen {
        self.seen
    }

    /// The address at the far end of this connection: the server, or a proxy.
    pub fn server(&self) -> SocketAddr {
        self.seen.server
    }

    /// So many bytes wait to become whole.
    pub fn holds(&mut self, bytes: usize) {
        if bytes != self.held {
            let weight = self.weight - self.held + bytes;
            self.hub.weighs(std::mem::replace(&mut self.weight, weight), weight);
            self.held = bytes;
        }
    }

    /// Events are passed on as they come.
    pub fn streaming(&self) -> bool {
        self.streaming
    }

    /// It is SSTP: what was held back is passed on, and from now on everything at once.
    pub fn stream(&mut self) {
        if !self.streaming {
            self.streaming = true;
            self.events.iter().for_each(|event| self.hub.event(&self.seen, event));
        }
    }

    /// Notes something.
    pub fn note(&mut self, by: Option<Side>, layer: Layer, what: What) {
        self.note_raw(by, layer, what, &[]);
    }

    /// Notes something, and the bytes it came from.
    pub fn note_raw(&mut self, by: Option<Side>, layer: Layer, what: What, raw: &[u8]) {
        self.event(Event { at: self.now, by, layer, what, raw: Bytes::from(raw) });
    }

    /// Work on a layer began.
    pub fn began(&mut self, layer: Layer) {
        self.note(Some(Side::Client), layer, What::Began);
    }

    /// A layer is up.
    pub fn up(&mut self, layer: Layer) {
        self.note(None, layer, What::Up);
    }

    /// A layer is down.
    pub fn down(&mut self, layer: Layer, reason: Reason) {
        self.note(None, layer, What::Down(reason));
    }

    /// Where a layer stands.
    pub fn state(&self, layer: Layer) -> State {
        let ends = self.events.iter().filter(|event| event.layer == layer).find_map(|event| match event.what {
            What::Up => Some(State::Up),
            What::Down(_) => Some(State::Down),
            _ => None,
        });
        ends.unwrap_or(State::NotReached)
    }

    /// The layer failed, perhaps after it had come up.
    pub fn went_down(&self, layer: Layer) -> bool {
        self.events.iter().any(|event| event.layer == layer && matches!(event.what, What::Down(_)))
    }

    /// Bytes were seen that nobody could look into.
    pub fn is_opaque(&self) -> bool {
        self.events.iter().any(|event| matches!(event.what, What::Opaque { .. }))
    }

    /// All events.
    pub fn finish(mut self) -> Vec<Event> {
        if self.omitted > 0 {
            self.note(None, Layer::Data, What::Omitted { count: self.omitted });
        }
        self.stream();
        std::mem::take(&mut self.events)
    }
}

impl Drop for Log<'_> {
    fn drop(&mut self) {
        self.hub.weighs(self.weight, 0);
    }
}

impl Watcher for Log<'_> {
    fn event(&mut self, event: Event) {
        self.now = self.now.max(event.at);
        if self.streaming {
            self.hub.event(&self.seen, &event);
        }
        let packet = matches!(&event.what, What::Ppp(frame) if ppp::layer_of(frame.protocol) == Layer::Data);
        match packet && self.packets >= MAX_PACKETS {
            true => self.omitted += 1,
            false => {
                self.packets += usize::from(packet);
                let weight = self.weight + weight(&event);
                self.hub.weighs(std::mem::replace(&mut self.weight, weight), weight);
                self.events.push(event);
            }
        }
    }

    fn inner(&mut self, at: Micros, from: Side, packet: &[u8]) {
        self.hub.inner(&self.seen, at, from, packet);
    }
}

/// What an event takes in memory, about, bytes.
fn weight(event: &Event) -> usize {
    let more = match &event.what {
        What::Chain { certs, .. } => certs.iter().map(|cert| cert.len() + size_of::<Bytes>()).sum(),
        What::ClientHello(_) | What::ServerHello(_) => HELLO,
        _ => 0,
    };
    size_of::<Event>() + event.raw.len() + more
}

/// What a connection takes that has shown its first bytes, beside its events, about, bytes: what is known of its TLS and its records.
const BODY: usize = 3_600;
/// What the lists of a hello take, about, bytes.
const HELLO: usize = 800;
/// Ours: of data packets that were asked for, so many are kept in the transcript; all of them are passed on.
const MAX_PACKETS: usize = 4_000;
