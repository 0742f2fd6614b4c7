//! One TCP connection of a capture: what its first bytes show it to be, a proxy in front of it, TLS, and what is in it.

mod log;
mod opening;
mod proxy;

pub(super) use log::Log;

use super::flow::{First, Stream};
use super::infer::Observer;
use super::keylog::Keys;
use super::read::{Connection, Hub, Kind};
use super::tls::{Sees, Tls};
use crate::base::{Layer, Micros, Side};
use crate::proto::plan::CertHashes;
use crate::proto::watch::{Watch, Watcher};
use crate::transcript::{Asked, Event, Head, How, Source, State, Target, Transcript, What, tap};
use crate::wire::http;
use proxy::Proxy;
use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;

/// A connection in the making. What takes memory is made with its first byte, so that a scan of ports costs little.
pub struct Conn<'l> {
    hub: Rc<Hub<'l>>,
    first: First,
    number: u64,
    /// Number of the packet that was read last.
    last_packet: u64,
    opened: Option<(Micros, Option<Micros>)>,
    body: Option<Box<Body<'l>>>,
}

struct Body<'l> {
    stage: Stage,
    above: Above,
    /// Ends of the streams, told once what waits for keys before them was taken.
    late_ends: Vec<(Micros, Side, bool)>,
    log: Log<'l>,
}

/// What the connection has turned out to be.
enum Stage {
    /// Too few bytes to tell; what came from client and server.
    Fresh(Vec<u8>, Vec<u8>),
    /// CONNECT to a forward proxy.
    Proxy(Box<Proxy>),
    /// TLS.
    Tls(Box<Tls>),
    /// HTTP in the clear: behind a device that takes TLS off.
    Clear,
    /// Nothing that SSTP could be.
    Other,
}

/// What stands above TLS and beside it.
struct Above {
    /// Made when there is something to watch: most connections of a capture are never opened.
    watch: Option<Box<Watch>>,
    cert: Option<CertHashes>,
    observer: Observer,
    /// Plaintext was seen.
    plaintext: bool,
    sni: Option<String>,
    leaf: bool,
    /// Client, server have ended their stream by word of TLS.
    said_end: [bool; 2],
}

impl<'l> Conn<'l> {
    /// A connection that was seen for the first time.
    pub fn new(hub: Rc<Hub<'l>>, first: &First, number: u64) -> Conn<'l> {
        Conn { hub, first: *first, number, last_packet: first.packet, opened: None, body: None }
    }

    /// The body, made when it is first asked for. The TCP layer began with the first packet.
    fn body(&mut self, at: Micros) -> &mut Body<'l> {
        let Conn { hub, first, number, opened, body, .. } = self;
        body.get_or_insert_with(|| {
            let mut log = Log::new(hub.clone(), *number, first);
            opening::note(first, *opened, at, &mut log);
            let above = Above {
                watch: None,
                cert: None,
                observer: Observer::default(),
                plaintext: false,
                sni: None,
                leaf: false,
                said_end: [false; 2],
            };
            Box::new(Body { stage: Stage::Fresh(Vec::new(), Vec::new()), above, late_ends: Vec::new(), log })
        })
    }
}

impl Stream for Conn<'_> {
    fn packet(&mut self, number: u64) {
        self.last_packet = self.last_packet.max(number);
    }

    fn opened(&mut self, at: Micros, rtt: Option<Micros>) {
        self.opened = Some((at, rtt));
    }

    fn bytes(&mut self, at: Micros, from: Side, bytes: &[u8]) {
        self.body(at).bytes(at, from, bytes);
    }

    fn gap(&mut self, at: Micros, from: Side, bytes: u64) {
        self.body(at).gap(at, from, bytes);
    }

    fn end(&mut self, at: Micros, from: Side, reset: bool) {
        if let Some(body) = &mut self.body {
            body.end(at, from, reset);
        }
    }

    fn over(mut self, flow: tap::Flow) {
        let at = flow.ended;
        if self.body.is_none() && opening::is_nothing(&flow) {
            return self.hub.over_other(self.number);
        }
        self.body(at);
        let Conn { hub, first, number, last_packet, body, .. } = self;
        let Some(body) = body else { return hub.over_other(number) };
        body.over(&hub, &first, (number, last_packet), flow);
    }
}

impl Body<'_> {
    fn bytes(&mut self, at: Micros, from: Side, bytes: &[u8]) {
        self.log.now(at);
        match &mut self.stage {
            Stage::Other => {}
            Stage::Tls(tls) => {
                tls.bytes(at, from, bytes, &mut Out { above: &mut self.above, log: &mut self.log });
                self.log.holds(tls.held());
            }
            Stage::Clear => self.above.plain(at, from, bytes, &mut self.log),
            Stage::Proxy(proxy) => {
                if let Some(rest) = proxy.bytes(at, from, bytes, &mut self.log) {
                    self.stage = Stage::Fresh(Vec::new(), Vec::new());
                    self.bytes(at, from, &rest);
                }
            }
            Stage::Fresh(client, server) => {
                let kept = if from == Side::Client { client } else { server };
                if kept.len() < ENOUGH {
                    kept.extend_from_slice(bytes.get(..bytes.len().min(KEPT)).unwrap_or_default());
                }
                self.turn_out(at, from, bytes);
            }
        }
    }

    /// Looks at the first bytes; once they show what it is, they are given to it.
    fn turn_out(&mut self, at: Micros, from: Side, bytes: &[u8]) {
        let Stage::Fresh(client, server) = &mut self.stage else { return };
        let (client_len, server_len) = (client.len(), server.len());
        let shown = shown(client, server);
        let fresh = match shown {
            Shown::Nothing if client_len.max(server_len) < ENOUGH => return,
            Shown::Nothing => Stage::Other,
            Shown::Tls => Stage::Tls(Box::new(Tls::new(self.log.keys()))),
            Shown::Connect => Stage::Proxy(Box::new(Proxy::new(self.log.server()))),
            Shown::Http => Stage::Clear,
        };
        let (client, server) = (std::mem::take(client), std::mem::take(server));
        self.stage = fresh;
        // What was kept of this call's bytes is only their beginning; the call itself gives them whole.
        let (own, other) = if from == Side::Client { (client, server) } else { (server, client) };
        let before = own.len().saturating_sub(bytes.len().min(KEPT));
        if !other.is_empty() {
            self.bytes(at, from.other(), &other);
        }
        if let Some(earlier) = own.get(..before).filter(|earlier| !earlier.is_empty()) {
            self.bytes(at, from, earlier);
        }
        self.bytes(at, from, bytes);
    }

    fn gap(&mut self, at: Micros, from: Side, bytes: u64) {
        self.log.now(at);
        match &mut self.stage {
            Stage::Other => {}
            Stage::Tls(tls) => {
                self.above.observer.gap(from);
                if !tls.is_secured() {
                    self.log.note(Some(from), Layer::Tls, What::Gap { bytes });
                }
                tls.gap(at, from, bytes, &mut Out { above: &mut self.above, log: &mut self.log });
            }
            Stage::Clear => self.above.watch(&self.log).gap(at, from, bytes, &mut self.log),
            Stage::Proxy(proxy) => {
                proxy.gap();
                self.log.note(Some(from), Layer::Proxy, What::Gap { bytes });
            }
            Stage::Fresh(..) => self.log.note(Some(from), Layer::Tcp, What::Gap { bytes }),
        }
    }

    fn end(&mut self, at: Micros, from: Side, reset: bool) {
        let waits = matches!(&self.stage, Stage::Tls(tls) if tls.waits());
        if waits && self.late_ends.len() < tap::Flow::MAX_ENDS {
            return self.late_ends.push((at, from, reset));
        }
        self.end_now(at, from, reset);
    }

    fn end_now(&mut self, at: Micros, from: Side, reset: bool) {
        self.log.now(at);
        let how = if reset { How::Reset } else { How::Fin };
        match &mut self.stage {
            Stage::Tls(tls) => {
                tls.closed(at, from, reset, &mut Out { above: &mut self.above, log: &mut self.log });
                if reset || !self.above.said_end[usize::from(from == Side::Server)] {
                    self.above.watch(&self.log).closed(at, from, how, &mut self.log);
                }
            }
            Stage::Clear => self.above.watch(&self.log).closed(at, from, how, &mut self.log),
            Stage::Proxy(proxy) => proxy.closed(at, from, how, &mut self.log),
            Stage::Fresh(..) => self.log.note(Some(from), Layer::Tcp, What::Closed(how)),
            Stage::Other => {}
        }
    }

    fn over(mut self: Box<Self>, hub: &Rc<Hub<'_>>, first: &First, (number, last_packet): (u64, u64), flow: tap::Flow) {
        let at = flow.ended;
        for (at, from, reset) in std::mem::take(&mut self.late_ends) {
            if let Stage::Tls(tls) = &mut self.stage {
                tls.give_up_until(at, &mut Out { above: &mut self.above, log: &mut self.log });
            }
            self.end_now(at, from, reset);
        }
        self.log.now(at);
        if let Some(watch) = self.above.watch.as_mut().filter(|_| flow.over == tap::Over::Evicted) {
            watch.give_up();
        }
        match &mut self.stage {
            Stage::Tls(tls) => {
                tls.end(at, &mut Out { above: &mut self.above, log: &mut self.log });
                self.above.watch(&self.log).end(at, &mut self.log);
            }
            Stage::Clear => self.above.watch(&self.log).end(at, &mut self.log),
            Stage::Proxy(proxy) => proxy.end(at, &flow, &mut self.log),
            Stage::Fresh(..) => opening::end(&flow, &mut self.log),
            Stage::Other => {}
        }
        let inference = if self.above.plaintext { None } else { self.above.observer.verdict() };
        let kind = self.kind(inference.as_ref());
        if kind == Kind::Other {
            return hub.over_other(number);
        }
        if let Some(inference) = inference.filter(|_| matches!(self.stage, Stage::Tls(_))) {
            self.log.note(None, Layer::Tls, What::Inferred(Box::new(inference)));
        }
        let head = self.head(hub, first, number);
        self.log.note(None, Layer::Tcp, What::Flow(Box::new(flow)));
        let seen = self.log.seen();
        let transcript = Transcript { head, events: self.log.finish() };
        hub.over(Connection { seen, kind, transcript, last_packet });
    }

    fn kind(&self, inference: Option<&tap::Inference>) -> Kind {
        let refused = |layer| self.log.went_down(layer);
        match &self.stage {
            _ if self.above.is_sstp() || self.log.says_sstp => Kind::Sstp,
            Stage::Other | Stage::Clear => Kind::Other,
            // A probe's look at the server is no call.
            Stage::Tls(tls) if tls.is_test() => Kind::Other,
            Stage::Tls(_) if self.above.plaintext => Kind::Other,
            Stage::Tls(_) => match inference.map(|inference| inference.is_sstp) {
                Some(tap::Answer::Yes) => Kind::LikelySstp,
                _ if self.log.state(Layer::Tls) == State::Down => Kind::Attempt,
                // It was opened, and nothing was asked for in it.
                _ if self.log.state(Layer::Tls) == State::Up && !self.log.is_opaque() => Kind::Other,
                Some(tap::Answer::Unsure) => Kind::Attempt,
                Some(tap::Answer::No) | None => Kind::Other,
            },
            Stage::Proxy(_) => Kind::Attempt,
            Stage::Fresh(..) if refused(Layer::Tcp) || refused(Layer::Tls) => Kind::Attempt,
            Stage::Fresh(..) => Kind::Other,
        }
    }

    fn head(&self, hub: &Hub<'_>, first: &First, number: u64) -> Head {
        let watch = self.above.watch.as_deref();
        let through = self.log.asked_of_proxy.clone();
        let address = first.server.ip().to_canonical().to_string();
        let dialled = self.above.sni.as_deref().or_else(|| watch?.host()).map(host_only);
        let (host, port) = match through {
            Some((host, port)) => (host, port),
            None => (dialled.clone().or_else(|| hub.name_of(first.server.ip())).unwrap_or(address), first.server.port()),
        };
        let server_name = dialled.filter(|name| *name != host);
        let target = Target { server_name, connect: Some(first.server.to_string()).filter(|_| self.log.proxy.is_none()), host, port };
        let asked = Asked {
            credentials: watch.is_some_and(Watch::tried_auth),
            user: watch.and_then(Watch::user).map(str::to_string),
            proxy: self.log.proxy.clone(),
            ..Asked::default()
        };
        Head {
            version: env!("CARGO_PKG_VERSION").to_string(),
            began_unix_ms: first.began.div_euclid(1000),
            target,
            asked,
            source: Source::Capture { connection: number, first_packet: first.packet },
            ..Head::default()
        }
    }
}

/// The host of a Host header without its port, RFC 9110 7.2; sstpc puts the port into SNI too, against RFC 6066 3.
fn host_only(value: &str) -> String {
    let value = value.trim();
    let bare = match value.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, _)) => address,
        None => value.rsplit_once(':').map_or(value, |(host, port)| if port.bytes().all(|b| b.is_ascii_digit()) { host } else { value }),
    };
    bare.to_string()
}

impl Above {
    fn plain(&mut self, at: Micros, from: Side, bytes: &[u8], log: &mut Log<'_>) {
        self.plaintext = true;
        self.watch(log).bytes(at, from, bytes, log);
        if !log.streaming() && self.is_sstp() {
            log.stream();
        }
    }

    fn watch(&mut self, log: &Log<'_>) -> &mut Watch {
        let Above { watch, cert, .. } = self;
        watch.get_or_insert_with(|| {
            let mut watch = Watch::new(log.watch_config());
            if let Some(hashes) = cert.take() {
                watch.certificate(hashes);
            }
            Box::new(watch)
        })
    }

    fn is_sstp(&self) -> bool {
        self.watch.as_deref().is_some_and(Watch::is_sstp)
    }

    fn heed(&mut self, event: &Event) {
        match &event.what {
            What::ClientHello(hello) => {
                self.observer.client_hello(hello);
                self.sni = hello.sni.clone().or(self.sni.take());
            }
            What::ServerHello(hello) => self.observer.hello(hello),
            What::Chain { certs, aside: false, .. } if !self.leaf => {
                if let Some(leaf) = certs.first() {
                    self.leaf = true;
                    let hashes = CertHashes::of(leaf);
                    match &mut self.watch {
                        Some(watch) => watch.certificate(hashes),
                        None => self.cert = Some(hashes),
                    }
                }
            }
            _ => {}
        }
    }
}

/// What TLS tells, passed on to the watcher, the observer and the log.
struct Out<'a, 'l> {
    above: &'a mut Above,
    log: &'a mut Log<'l>,
}

impl Sees for Out<'_, '_> {
    fn event(&mut self, event: Event) {
        self.above.heed(&event);
        self.log.event(event);
    }

    fn plain(&mut self, at: Micros, from: Side, bytes: &[u8]) {
        self.above.plain(at, from, bytes, self.log);
    }

    fn lost(&mut self, at: Micros, from: Side, bytes: u64) {
        self.above.watch(self.log).gap(at, from, bytes, self.log);
    }

    fn record(&mut self, at: Micros, from: Side, kind: u8, len: usize) {
        // Once there is plaintext, nothing has to be guessed.
        if !self.above.plaintext {
            self.above.observer.record(at, from, kind, len);
        }
    }

    /// Whoever says so says nothing more. Its FIN may come late, behind that of a peer who only answers.
    fn said_end(&mut self, at: Micros, from: Side, how: How) {
        if !std::mem::replace(&mut self.above.said_end[usize::from(from == Side::Server)], true) {
            self.above.watch(self.log).closed(at, from, how, self.log);
        }
    }
}

/// What the first bytes show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shown {
    Nothing,
    Tls,
    Connect,
    Http,
}

fn shown(client: &[u8], server: &[u8]) -> Shown {
    match client {
        [20..=24, 3, 0..=4, ..] => Shown::Tls,
        _ if client.starts_with(CONNECT) => Shown::Connect,
        _ if client.starts_with(http::METHOD.as_bytes()) => Shown::Http,
        // The capture began late, and the server spoke first.
        _ if client.is_empty() && matches!(server, [20..=24, 3, 0..=4, ..]) => Shown::Tls,
        _ => Shown::Nothing,
    }
}

/// What connections share: the secrets.
pub type SharedKeys = Rc<RefCell<Keys>>;

/// The address of the server as the proxy leg names it.
pub(super) fn authority(at: SocketAddr) -> String {
    at.to_string()
}

/// RFC 9110 9.3.6.
const CONNECT: &[u8] = b"CONNECT ";
/// Ours: with so many bytes of one side it shows what it is, or is nothing of ours.
const ENOUGH: usize = 16;
/// Ours: so many bytes of one call are kept at most until then.
const KEPT: usize = 64;
