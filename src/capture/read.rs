//! Reads captures and hands out one transcript for every connection that may be SSTP.

use super::conn::{Conn, SharedKeys};
use super::file::{Item, Reader};
use super::flow::{First, Open, Table};
use super::keylog::{BadLine, Keys};
use super::link::{Found, Links};
use super::names::Names;
use crate::base::{Micros, Side};
use crate::proto::watch::WatchConfig;
use crate::transcript::{Event, Opaqueness, Transcript, What, tap};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

pub use super::file::Source;

/// What is to be read, and with what.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Captures; several are read as one, in the order of their first packets.
    pub sources: Vec<Source>,
    /// NSS key logs; they may still grow.
    pub key_logs: Vec<PathBuf>,
    /// RSA private keys of servers, PEM or DER.
    pub rsa_keys: Vec<PathBuf>,
    /// What the watchers of calls are told.
    pub watch: WatchConfig,
    /// Servers whose connections are handed out whatever they turn out to be.
    pub servers: Vec<ServerFilter>,
    /// Standard input ends when this becomes true.
    pub halt: Arc<AtomicBool>,
}

/// A server that the user named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerFilter {
    /// Name or address.
    pub host: String,
    /// TCP port; `None`: any.
    pub port: Option<u16>,
}

/// A connection as it is known while it is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Its number among the TCP connections of the capture, from 1.
    pub number: u64,
    /// The end that dialled.
    pub client: SocketAddr,
    /// The end that answered; the proxy where there is one.
    pub server: SocketAddr,
    /// Time of its first packet, microseconds since 1970-01-01 UTC.
    pub began_unix_us: i64,
    /// Number of its first packet in the capture, from 1.
    pub first_packet: u64,
}

/// What a connection turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// SSTP, seen in the clear.
    Sstp,
    /// SSTP by the sizes of its records; it cannot be opened.
    LikelySstp,
    /// It failed, or stayed dark, before it could be told.
    Attempt,
    /// Something else; not handed out.
    Other,
}

/// A connection that is over.
#[derive(Clone, Debug)]
pub struct Connection {
    /// Who and when.
    pub seen: Seen,
    /// What it is.
    pub kind: Kind,
    /// What happened.
    pub transcript: Transcript,
    /// Number of its last packet.
    pub last_packet: u64,
}

/// Who hears of what is read, as it is read.
pub trait Listener {
    /// An event of a connection that is not [`Kind::Other`]; times count from the connection's first packet.
    fn event(&mut self, seen: &Seen, event: &Event) {
        let _ = (seen, event);
    }
    /// A network packet inside a tunnel.
    fn inner(&mut self, seen: &Seen, at: Micros, from: Side, packet: &[u8]) {
        let _ = (seen, at, from, packet);
    }
    /// Standard input has been silent for a while: whoever looks on wants to see what there is.
    fn silent(&mut self) {}
    /// Whether to stop here; asked now and then.
    fn stop(&self) -> bool {
        false
    }
    /// A connection is over. In the order of their numbers, as far as memory allows.
    fn over(&mut self, connection: Connection);
}

/// What was read in all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// The captures, as they were named.
    pub files: Vec<String>,
    /// Packets.
    pub packets: u64,
    /// Bytes of the packets as captured.
    pub bytes: u64,
    /// The earliest packet, microseconds since 1970-01-01 UTC.
    pub first_unix_us: Option<i64>,
    /// The latest packet, microseconds since 1970-01-01 UTC.
    pub last_unix_us: Option<i64>,
    /// Packets that are older than one before them by more than 0.2 s.
    pub backwards: u64,
    /// TCP connections.
    pub tcp_connections: u64,
    /// Of these SSTP.
    pub sstp: u64,
    /// Likely SSTP.
    pub likely: u64,
    /// Attempts that failed before it could be told.
    pub attempts: u64,
    /// Anything else.
    pub other: u64,
    /// Link types that are not read, and how many packets had them.
    pub undecodable_links: Vec<(u32, u64)>,
    /// Packets whose headers contradict themselves, by the reason.
    pub bad_packets: Vec<(&'static str, u64)>,
    /// Where files are damaged; the first [`Reader::MAX_DAMAGES`] places.
    pub damages: Vec<Damage>,
    /// Lines of key logs that cannot be read.
    pub key_lines_bad: Vec<String>,
    /// Files given as key logs in which no line is a secret, and some are no line of a key log.
    pub no_key_logs: Vec<String>,
    /// TLS connections that may be SSTP and for which there is no key.
    pub sessions_without_key: u64,
    /// Calls, and what may be some, that were given up in the midst of it because there was too much at once.
    pub given_up: u64,
}

/// A place where a file cannot be read on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// The file.
    pub file: String,
    /// Packets read before it.
    pub packet: u64,
    /// Offset in the (unpacked) file, bytes.
    pub offset: u64,
    /// What is wrong.
    pub says: String,
}

/// Why nothing could be read at all.
#[derive(Debug)]
pub enum CaptureError {
    /// A file that is no capture, or cannot be read.
    File(super::file::CaptureError),
    /// A file of keys; why, for a person.
    Keys(String),
}

impl std::fmt::Display for CaptureError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            CaptureError::File(error) => write!(f, "{error}"),
            CaptureError::Keys(says) => f.write_str(says),
        }
    }
}

impl std::error::Error for CaptureError {}

impl From<super::file::CaptureError> for CaptureError {
    fn from(error: super::file::CaptureError) -> CaptureError {
        CaptureError::File(error)
    }
}

/// Reads everything. What the peers or the capture do wrong is in transcripts and summary; an error is ours: a file
/// that cannot be opened, or that is no capture.
pub fn read(options: &Options, listener: &mut dyn Listener) -> Result<Summary, CaptureError> {
    let reader = Reader::open_until(options.sources.clone(), options.halt.clone())?;
    read_from(reader, options, listener)
}

/// The same from a reader that is already open; the sources in `options` are passed over.
pub fn read_from(mut reader: Reader, options: &Options, listener: &mut dyn Listener) -> Result<Summary, CaptureError> {
    let keys: SharedKeys = Rc::new(RefCell::new(secrets(options)?));
    let hub = Rc::new(Hub::new(listener, keys.clone(), options.watch.clone()));
    let mut table = Table::new(Opener { hub: hub.clone() });
    let mut links = Links::default();
    let mut summary = Summary::default();
    while let Some(item) = reader.next() {
        let packet = match item {
            Item::Secrets(text) => {
                keys.borrow_mut().blob(text);
                continue;
            }
            Item::Silent(silence) => {
                table.silence(silence);
                hub.release(true);
                hub.listener.borrow_mut().silent();
                continue;
            }
            Item::Packet(packet) => packet,
        };
        summary.count(packet.at, packet.data.len());
        match links.read(&packet) {
            Found::Tcp(segment) => table.segment(&segment),
            Found::Icmp(error) => table.icmp(&error),
            Found::Udp { from, payload, .. } if from.port() == DNS => hub.names.borrow_mut().learn(payload),
            Found::Udp { .. } | Found::Other | Found::Unsupported(_) | Found::Bad(_) => {}
        }
        if summary.packets.is_multiple_of(STOP_EVERY) && hub.listener.borrow().stop() {
            break;
        }
    }
    drop(table.finish());
    hub.release(true);
    hub.sum(&mut summary);
    let counts = links.counts();
    summary.files = options.sources.iter().map(Source::name).collect();
    summary.undecodable_links = counts.unsupported.iter().map(|row| (*row.0, *row.1)).collect();
    summary.bad_packets = counts.bad.iter().map(|row| (*row.0, *row.1)).collect();
    summary.damages = reader.damages().iter().map(damage).collect();
    Ok(summary)
}

fn secrets(options: &Options) -> Result<Keys, CaptureError> {
    let mut keys = Keys::new();
    for path in &options.key_logs {
        keys.file(path).map_err(|error| CaptureError::Keys(error.to_string()))?;
    }
    for path in &options.rsa_keys {
        let trouble = |error: String| CaptureError::Keys(format!("cannot use the private key {}: {error}", path.display()));
        let bytes = std::fs::read(path).map(zeroize::Zeroizing::new).map_err(|error| trouble(error.to_string()))?;
        keys.rsa(&bytes).map_err(|error| trouble(error.to_string()))?;
    }
    Ok(keys)
}

fn damage(damage: &super::file::Damage) -> Damage {
    Damage { file: damage.file.clone(), packet: damage.packet, offset: damage.offset, says: damage.harm.to_string() }
}

impl Summary {
    fn count(&mut self, at: i64, len: usize) {
        self.packets += 1;
        self.bytes += len as u64;
        self.backwards += u64::from(self.last_unix_us.is_some_and(|last| last.saturating_sub(at) > DISORDER));
        self.first_unix_us = Some(self.first_unix_us.map_or(at, |first| first.min(at)));
        self.last_unix_us = Some(self.last_unix_us.map_or(at, |last| last.max(at)));
    }
}

struct Opener<'l> {
    hub: Rc<Hub<'l>>,
}

impl<'l> Open for Opener<'l> {
    type Stream = Conn<'l>;

    fn open(&mut self, first: &First) -> Conn<'l> {
        Conn::new(self.hub.clone(), first, self.hub.number())
    }

    fn is_heavy(&self) -> bool {
        self.hub.weight.get() > MAX_WEIGHT
    }
}

/// Where the connections of a capture meet: the listener, the secrets, and the order in which they are handed out.
pub struct Hub<'l> {
    listener: RefCell<&'l mut dyn Listener>,
    keys: SharedKeys,
    watch: WatchConfig,
    numbers: Cell<u64>,
    /// What is kept of open connections, about, bytes.
    weight: Cell<usize>,
    order: RefCell<Order>,
    names: RefCell<Names>,
}

/// Connections that are over and wait for earlier ones.
#[derive(Default)]
struct Order {
    open: BTreeSet<u64>,
    over: BTreeMap<u64, Connection>,
    events: usize,
    counts: [u64; 4],
    without_key: u64,
    given_up: u64,
}

impl<'l> Hub<'l> {
    fn new(listener: &'l mut dyn Listener, keys: SharedKeys, watch: WatchConfig) -> Hub<'l> {
        let listener = RefCell::new(listener);
        Hub { listener, keys, watch, numbers: Cell::new(0), weight: Cell::new(0), order: RefCell::default(), names: RefCell::default() }
    }

    fn number(&self) -> u64 {
        let number = self.numbers.get() + 1;
        self.numbers.set(number);
        self.order.borrow_mut().open.insert(number);
        number
    }

    /// What is kept of a connection changed from so many bytes to so many.
    pub(super) fn weighs(&self, before: usize, after: usize) {
        self.weight.set((self.weight.get() + after).saturating_sub(before));
    }

    /// What the watchers of calls are told.
    pub(super) fn watch_config(&self) -> WatchConfig {
        self.watch.clone()
    }

    /// The secrets.
    pub(super) fn keys(&self) -> SharedKeys {
        self.keys.clone()
    }

    /// The name that an address was resolved from, as far as the capture shows it.
    pub(super) fn name_of(&self, address: IpAddr) -> Option<String> {
        self.names.borrow().of(address)
    }

    /// Passes an event on.
    pub(super) fn event(&self, seen: &Seen, event: &Event) {
        self.listener.borrow_mut().event(seen, event);
    }

    /// Passes a packet inside a tunnel on.
    pub(super) fn inner(&self, seen: &Seen, at: Micros, from: Side, packet: &[u8]) {
        self.listener.borrow_mut().inner(seen, at, from, packet);
    }

    /// A connection is over that is nothing of ours.
    pub(super) fn over_other(&self, number: u64) {
        {
            let mut order = self.order.borrow_mut();
            order.open.remove(&number);
            order.count(Kind::Other);
        }
        self.release(false);
    }

    /// A connection is over.
    pub(super) fn over(&self, connection: Connection) {
        {
            let mut order = self.order.borrow_mut();
            order.open.remove(&connection.seen.number);
            order.count(connection.kind);
            let dark = |event: &Event| matches!(event.what, What::Opaque { because: Opaqueness::NoKey, .. });
            order.without_key += u64::from(connection.transcript.events.iter().any(dark));
            let given_up = |event: &Event| matches!(&event.what, What::Flow(flow) if flow.over == tap::Over::Evicted);
            order.given_up += u64::from(connection.transcript.events.iter().any(given_up));
            order.events += connection.transcript.events.len();
            order.over.insert(connection.seen.number, connection);
        }
        self.release(false);
    }

    /// Hands out what need not wait any longer.
    fn release(&self, all: bool) {
        loop {
            let connection = {
                let mut order = self.order.borrow_mut();
                let Some((&number, _)) = order.over.first_key_value() else { return };
                let waits = order.open.first().is_some_and(|open| *open < number);
                if waits && !all && order.over.len() <= MAX_WAITING && order.events <= MAX_WAITING_EVENTS {
                    return;
                }
                let Some(connection) = order.over.remove(&number) else { return };
                order.events -= connection.transcript.events.len();
                connection
            };
            self.listener.borrow_mut().over(connection);
        }
    }

    fn sum(&self, summary: &mut Summary) {
        let (keys, order) = (self.keys.borrow(), self.order.borrow());
        summary.tcp_connections = self.numbers.get();
        [summary.sstp, summary.likely, summary.attempts, summary.other] = order.counts;
        summary.sessions_without_key = order.without_key;
        summary.given_up = order.given_up;
        let line = |bad: &BadLine| format!("{} line {}: {}", bad.source, bad.line, bad.why);
        summary.key_lines_bad = keys.bad().iter().map(line).collect();
        summary.no_key_logs = keys.no_key_logs().map(str::to_string).collect();
        let more = keys.bad_lines().saturating_sub(keys.bad().len() as u64);
        summary.key_lines_bad.extend((more > 0).then(|| format!("and {more} more")));
    }
}

impl Order {
    fn count(&mut self, kind: Kind) {
        if let Some(count) = self.counts.get_mut(kind as usize) {
            *count += 1;
        }
    }
}

/// Ours: beyond so many bytes the open connection silent for longest is given up.
const MAX_WEIGHT: usize = 10 << 20;
/// Ours: so many connections that are over wait for an earlier one.
const MAX_WAITING: usize = 256;
/// Ours: so many events may wait with them.
const MAX_WAITING_EVENTS: usize = 10_000;
/// Ours: no tap brings a packet later than that, microseconds.
const DISORDER: i64 = 200_000;
/// Ours: whether to stop is asked every so many packets.
const STOP_EVERY: u64 = 64;
/// RFC 1035 4.2.
const DNS: u16 = 53;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::flow::Stream;

    struct Nobody;

    impl Listener for Nobody {
        fn over(&mut self, _: Connection) {}
    }

    #[test]
    fn times_as_far_apart_as_a_file_can_say_are_counted() {
        let mut summary = Summary::default();
        [i64::MAX, i64::MIN, i64::MAX, i64::MAX - DISORDER].iter().for_each(|at| summary.count(*at, 1));
        assert_eq!((summary.packets, summary.backwards), (4, 1));
    }

    #[test]
    fn a_record_in_pieces_weighs_what_it_holds_and_nothing_once_it_is_over() {
        let mut nobody = Nobody;
        let hub = Rc::new(Hub::new(&mut nobody, SharedKeys::default(), WatchConfig::default()));
        let ends = |port| SocketAddr::from(([10, 0, 0, 1], port));
        let first = First { began: 0, packet: 1, client: ends(50_000), server: ends(443), certain: true };
        let mut conn = Conn::new(hub.clone(), &first, hub.number());
        assert_eq!(hub.weight.get(), 0, "a scan of ports weighs nothing");
        // The head of a record of 16,384 bytes, and all of it but the last byte.
        conn.bytes(Micros(1), Side::Client, &[22, 3, 1, 0x40, 0]);
        let before = hub.weight.get();
        conn.bytes(Micros(2), Side::Client, &[1; 16_383]);
        assert!(before > 0 && hub.weight.get() >= before + 16_000, "{before} and {}", hub.weight.get());
        drop(conn);
        assert_eq!(hub.weight.get(), 0);
    }
}
