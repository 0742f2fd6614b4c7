//! Segments made by hand, and what the table makes of them.

mod disorder;
mod early;
mod endings;
mod health;
mod many;
mod shuffled;

use super::*;
use crate::capture::segment::FIN;
use std::cell::{Cell, RefCell};
use std::rc::Rc;

/// What a [`Stream`] was told.
#[derive(Clone, Debug, PartialEq)]
enum Told {
    Bytes(Side, Vec<u8>),
    Gap(Side, u64),
    End(Side, bool),
}

/// Everything that came out of a table.
#[derive(Debug, Default)]
struct Log {
    firsts: Vec<First>,
    /// Connection, time, and what.
    told: Vec<(usize, u64, Told)>,
    flows: Vec<(usize, tap::Flow)>,
    packets: Vec<u64>,
}

#[derive(Clone, Debug, Default)]
struct Ears(Rc<RefCell<Log>>, Rc<Cell<bool>>);

#[derive(Debug)]
struct Ear {
    log: Rc<RefCell<Log>>,
    number: usize,
}

impl Open for Ears {
    type Stream = Ear;
    fn open(&mut self, first: &First) -> Ear {
        let mut log = self.0.borrow_mut();
        log.firsts.push(*first);
        Ear { log: self.0.clone(), number: log.firsts.len() - 1 }
    }
    fn is_heavy(&self) -> bool {
        // Light again with every connection that is given up.
        self.1.replace(false)
    }
}

impl Ear {
    fn tell(&self, at: Micros, told: Told) {
        self.log.borrow_mut().told.push((self.number, at.0, told));
    }
}

impl Stream for Ear {
    fn bytes(&mut self, at: Micros, from: Side, bytes: &[u8]) {
        assert!(!bytes.is_empty());
        self.tell(at, Told::Bytes(from, bytes.to_vec()));
    }
    fn gap(&mut self, at: Micros, from: Side, bytes: u64) {
        assert!(bytes > 0);
        self.tell(at, Told::Gap(from, bytes));
    }
    fn end(&mut self, at: Micros, from: Side, reset: bool) {
        self.tell(at, Told::End(from, reset));
    }
    fn packet(&mut self, number: u64) {
        self.log.borrow_mut().packets.push(number);
    }
    fn over(self, flow: tap::Flow) {
        self.log.borrow_mut().flows.push((self.number, flow));
    }
}

/// One segment under construction.
#[derive(Clone, Debug)]
struct Seg {
    from: Side,
    at: i64,
    client: u16,
    server: u16,
    seq: u32,
    ack: u32,
    flags: u8,
    window: u16,
    options: Vec<u8>,
    payload: Vec<u8>,
    cut: u32,
    ttl: u8,
    ip_id: u16,
}

/// Initial sequence numbers of the client and the server.
const C: u32 = 1_000;
const S: u32 = u32::MAX - 3_000;
/// 2026-01-01, microseconds.
const EPOCH: i64 = 1_767_225_600_000_000;
const MS: i64 = 1_000;

/// Bytes of the client `seq` bytes into its stream, acknowledging `ack` bytes of the server.
fn client(seq: u32, ack: u32, payload: &[u8]) -> Seg {
    seg(Side::Client, C.wrapping_add(1 + seq), S.wrapping_add(1 + ack), payload)
}

/// The same of the server, whose numbers wrap around after 3,000 bytes.
fn server(seq: u32, ack: u32, payload: &[u8]) -> Seg {
    seg(Side::Server, S.wrapping_add(1 + seq), C.wrapping_add(1 + ack), payload)
}

fn seg(from: Side, seq: u32, ack: u32, payload: &[u8]) -> Seg {
    let (at, payload) = (-1, payload.to_vec());
    Seg { from, at, client: 50_000, server: 443, seq, ack, flags: ACK, window: 1_000, options: vec![], payload, cut: 0, ttl: 64, ip_id: 0 }
}

impl Seg {
    fn at(mut self, at: i64) -> Seg {
        self.at = at;
        self
    }
    fn flags(mut self, flags: u8) -> Seg {
        self.flags = flags;
        self
    }
    fn with(mut self, change: impl FnOnce(&mut Seg)) -> Seg {
        change(&mut self);
        self
    }
}

/// SYN, SYN-ACK, ACK.
fn handshake() -> Vec<Seg> {
    let syn = seg(Side::Client, C, 0, &[]).flags(SYN).with(|s| s.options = vec![2, 4, 5, 180, 4, 2, 3, 3, 7, 0]);
    let answer = seg(Side::Server, S, C + 1, &[]).flags(SYN | ACK).with(|s| s.options = vec![2, 4, 5, 100, 3, 3, 8, 0]);
    vec![syn, answer, client(0, 0, &[])]
}

fn opened(rest: impl IntoIterator<Item = Seg>) -> Vec<Seg> {
    let mut all = handshake();
    all.extend(rest);
    all
}

struct Play {
    table: Table<Ears>,
    ears: Ears,
    /// Time of the last segment since the epoch of the tests.
    now: i64,
    packet: u64,
}

impl Play {
    fn new(limits: Limits) -> Play {
        let ears = Ears::default();
        Play { table: Table::with_limits(ears.clone(), limits), ears, now: -10 * MS, packet: 0 }
    }

    /// Plays a segment, 10 ms after the last one where it has no time of its own.
    fn play(&mut self, seg: &Seg) -> &mut Play {
        self.now = if seg.at < 0 { self.now + 10 * MS } else { seg.at };
        self.packet += 1;
        let (client, server) = (SocketAddr::from(([10, 0, 0, 1], seg.client)), SocketAddr::from(([10, 0, 0, 2], seg.server)));
        let (from, to) = if seg.from == Side::Client { (client, server) } else { (server, client) };
        self.table.segment(&Segment {
            at: EPOCH + self.now,
            packet: self.packet,
            from,
            to,
            ttl: seg.ttl,
            ip_id: seg.ip_id,
            seq: seg.seq,
            ack: seg.ack,
            flags: seg.flags,
            window: seg.window,
            options: &seg.options,
            payload: &seg.payload,
            cut: seg.cut,
        });
        self
    }

    fn told(&self) -> Vec<Told> {
        self.ears.0.borrow().told.iter().map(|(_, _, told)| told.clone()).collect()
    }

    fn over(&self) -> usize {
        self.ears.0.borrow().flows.len()
    }

    fn finish(self) -> Seen {
        let log = self.table.finish().0.take();
        let times: Vec<u64> = log.told.iter().filter(|(n, ..)| *n == 0).map(|(_, at, _)| *at).collect();
        assert!(times.is_sorted(), "times go backwards: {times:?}");
        Seen { told: log.told.iter().map(|(_, _, told)| told.clone()).collect(), log }
    }
}

struct Seen {
    told: Vec<Told>,
    log: Log,
}

impl Seen {
    /// The flow of the only connection.
    fn flow(&self) -> &tap::Flow {
        assert_eq!(self.log.flows.len(), 1, "{:?}", self.log.firsts);
        &self.log.flows[0].1
    }

    /// All bytes of one side, gaps as dots.
    fn text(&self, side: Side) -> String {
        let mut text = String::new();
        for told in &self.told {
            match told {
                Told::Bytes(from, bytes) if *from == side => text.push_str(std::str::from_utf8(bytes).expect("ASCII")),
                Told::Gap(from, n) if *from == side => text.push_str(&".".repeat(*n as usize)),
                _ => {}
            }
        }
        text
    }
}

fn run(segs: impl IntoIterator<Item = Seg>) -> Seen {
    let mut play = Play::new(Limits::default());
    for seg in segs {
        play.play(&seg);
    }
    play.finish()
}

#[test]
fn a_whole_connection_in_order() {
    let seen = run(opened([
        client(0, 0, b"hello"),
        server(0, 5, b"welcome"),
        client(5, 7, b"bye"),
        client(8, 7, b"").flags(FIN | ACK),
        server(7, 9, b"").flags(FIN | ACK),
        client(9, 8, b""),
    ]));
    let bytes = |side, text: &str| Told::Bytes(side, text.into());
    use Side::{Client, Server};
    let ends = [Told::End(Client, false), Told::End(Server, false)];
    assert_eq!(seen.told[..3], [bytes(Client, "hello"), bytes(Server, "welcome"), bytes(Client, "bye")]);
    assert_eq!(seen.told[3..], ends);
    assert_eq!(seen.log.packets, [1, 2, 3, 4, 5, 6, 7, 8, 9]);
    let first = seen.log.firsts[0];
    assert_eq!((first.began, first.packet, first.certain), (EPOCH, 1, true));
    assert_eq!((first.client.port(), first.server.port()), (50_000, 443));
    let flow = seen.flow();
    assert_eq!((flow.opening, flow.over, flow.syn_rtt), (tap::Opening::Complete, tap::Over::Closed, Some(Micros(10_000))));
    assert_eq!((flow.client, flow.server, flow.ended), (first.client, first.server, Micros(80_000)));
    let (up, down) = (&flow.from_client, &flow.from_server);
    assert_eq!((up.segments, up.bytes, up.largest, up.unacknowledged), (6, 8, 5, 0));
    assert_eq!((up.mss, up.window_scale, up.sack_permitted, up.ttl), (Some(1460), Some(7), true, (64, 64)));
    assert_eq!((up.first, up.last, up.last_data), (Some(Micros(0)), Some(Micros(80_000)), Some(Micros(50_000))));
    assert_eq!(up.longest_pause, Micros(20_000));
    assert_eq!((down.segments, down.bytes, down.mss, down.window_scale, down.sack_permitted), (3, 7, Some(1380), Some(8), false));
    assert_eq!((up.retransmissions, up.duplicate_acks, up.gaps, down.duplicate_acks), (0, 0, 0, 0));
    let ends: Vec<_> = flow.ends.iter().map(|end| (end.by, end.reset, end.in_sequence, end.followed)).collect();
    assert_eq!(ends, [(Client, false, true, false), (Server, false, true, false)]);
}
