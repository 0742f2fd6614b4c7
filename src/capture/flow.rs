//! TCP reassembly. RFC 9293.
//!
//! ```text
//! Table ── Roster (who is there, who is silent) ── Connection ── 2 × Half (positions, counters) ── Holes (bytes ahead)
//! ```
//! In-order payload passes straight through, uncopied; only what lies ahead of a hole is kept, within [`Limits`].

mod ack;
mod aside;
mod connection;
mod early;
mod half;
mod holes;
mod key;
mod options;
mod recent;
mod roster;
mod stream;
#[cfg(test)]
mod tests;

use super::segment::{ACK, IcmpError, RST, SYN, Segment};
use crate::base::{Micros, Side};
use crate::transcript::tap;
use connection::{Connection, Meeting};
use key::Key;
use recent::Recent;
use roster::{Class, Clock, Roster};
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Duration;

/// The first segment seen of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct First {
    /// Time of the first packet, microseconds since 1970-01-01 UTC; all times of the connection count from here.
    pub began: i64,
    /// Number of the first packet.
    pub packet: u64,
    /// The end that dialled, as far as can be told.
    pub client: SocketAddr,
    /// The end that answered.
    pub server: SocketAddr,
    /// A SYN was seen, so that the sides are certain.
    pub certain: bool,
}

/// Who takes the streams of one connection. Times never go backwards.
pub trait Stream {
    /// The next bytes of one side, in order, each once.
    fn bytes(&mut self, at: Micros, from: Side, bytes: &[u8]);
    /// So many bytes of one side are missing from the capture for good.
    fn gap(&mut self, at: Micros, from: Side, bytes: u64);
    /// One side ended its stream, after all its bytes: FIN, or RST. Bytes, and another end, follow only where this one was not
    /// real, as after an injected reset.
    fn end(&mut self, at: Micros, from: Side, reset: bool);
    /// The packet that is being read; called before the other calls that it causes.
    fn packet(&mut self, number: u64) {
        let _ = number;
    }
    /// The server answered the SYN: when, and how long after the last SYN where that was seen.
    fn opened(&mut self, at: Micros, took: Option<Micros>) {
        let _ = (at, took);
    }
    /// Nothing more will come.
    fn over(self, flow: tap::Flow);
}

/// Who makes a [`Stream`] for a new connection.
pub trait Open {
    /// What takes the streams.
    type Stream: Stream;
    /// A connection was seen for the first time.
    fn open(&mut self, first: &First) -> Self::Stream;
    /// The open connections take too much memory: one has to be given up.
    fn is_heavy(&self) -> bool {
        false
    }
}

/// How much is kept, and for how long. All times are of the capture's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections at once.
    pub connections: usize,
    /// Memory for bytes ahead of a hole in one direction.
    pub held: usize,
    /// The same for all connections together; beyond it the connection that holds most gives a hole up.
    pub held_in_all: usize,
    /// Silence after which a connection is given up that never got as far as data.
    pub opening: Duration,
    /// Silence after which any other is given up.
    pub idle: Duration,
    /// How long a closed connection stays, for what comes late.
    pub linger: Duration,
    /// After so long a connection that both ends closed, and acknowledged, is handed over; it stays for what comes late.
    pub settle: Duration,
}

impl Default for Limits {
    /// Ours: 24,576 connections of about half a kilobyte, 1 MiB ahead of a hole and 8 MiB in all, 2 min, 2 h, 2 s, and a quarter of a second.
    fn default() -> Limits {
        Limits {
            connections: 24_576,
            held: 1 << 20,
            held_in_all: 8 << 20,
            opening: Duration::from_secs(120),
            idle: Duration::from_secs(7_200),
            linger: Duration::from_secs(2),
            settle: Duration::from_millis(250),
        }
    }
}

/// All connections of a capture.
#[derive(Debug)]
pub struct Table<O: Open> {
    open: O,
    limits: Limits,
    roster: Roster<Connection<O::Stream>>,
    clock: Clock,
    /// The connection of a packet whose time is not believed yet.
    doubtful: Option<u32>,
    /// When to look for silent connections next.
    due: i64,
    recent: Recent,
    /// How many connections there ever were.
    opened: u64,
    /// Connections that hold bytes ahead of a hole, by how many, and their sum.
    holders: BTreeSet<(usize, u32)>,
    held: usize,
}

impl<O: Open> Table<O> {
    /// An empty table.
    pub fn new(open: O) -> Table<O> {
        Table::with_limits(open, Limits::default())
    }

    /// An empty table with other limits.
    pub fn with_limits(open: O, limits: Limits) -> Table<O> {
        let (roster, clock, recent) = (Roster::new(), Clock::default(), Recent::new());
        Table { open, limits, roster, clock, doubtful: None, due: i64::MIN, recent, opened: 0, holders: BTreeSet::new(), held: 0 }
    }

    /// How many connections are open at the moment.
    pub fn len(&self) -> usize {
        self.roster.len()
    }

    /// There are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Takes a segment.
    pub fn segment(&mut self, segment: &Segment<'_>) {
        let (before, doubted) = (self.clock.now(), self.doubtful.take());
        let now = self.clock.tick(segment.at);
        if now > before
            && let Some(place) = doubted
        {
            // The packet before this one was right about the time: its connection did not sleep through the jump.
            self.touch(place, now);
        }
        if now >= self.due {
            self.sweep(now);
        }
        let (key, lower) = Key::of(segment.from, segment.to);
        let Some(place) = self.roster.find(&key) else { return self.first(key, lower, segment, now) };
        let Some(connection) = self.roster.at(place) else { return };
        let from = connection.side(lower);
        if segment.flags & SYN != 0 || connection.aside.is_some() {
            match connection.meets(segment, from) {
                Meeting::Own => {}
                Meeting::Doubtful => return connection.aside.get_or_insert_default().save(segment, from),
                Meeting::New => {
                    self.close(place, tap::Over::Reused);
                    return self.first(key, lower, segment, now);
                }
                Meeting::Confirmed => return self.renew(place, key, segment, now),
            }
        }
        connection.segment(segment, from, self.limits.held, &mut self.recent);
        let (held, booked) = (connection.held(), connection.booked());
        self.touch(place, now);
        if held != booked {
            self.book(place, held);
            self.make_room();
        }
        self.lighten();
    }

    /// Takes an ICMP error. One about a connection that is not there is of no use.
    pub fn icmp(&mut self, error: &IcmpError) {
        let (key, lower) = Key::of(error.quoted_from, error.quoted_to);
        let Some(place) = self.roster.find(&key) else { return };
        if let Some(connection) = self.roster.at(place) {
            let about = connection.side(lower);
            connection.icmp(error, about);
        }
    }

    /// The capture ended: every connection is over.
    pub fn finish(mut self) -> O {
        while let Some(place) = self.roster.first() {
            self.close(place, tap::Over::CaptureEnded);
        }
        self.open
    }

    /// The first segment of a connection. A reset alone tells nothing and opens none.
    fn first(&mut self, key: Key, lower: bool, segment: &Segment<'_>, now: i64) {
        if segment.flags & RST != 0 {
            return;
        }
        if self.len() >= self.limits.connections.max(1)
            && let Some(place) = self.roster.surplus()
        {
            self.close(place, tap::Over::Evicted);
        }
        let from_server = match segment.flags & (SYN | ACK) {
            SYN => false,
            flags if flags & SYN != 0 => true,
            _ => is_server(segment.from.port(), segment.to.port()),
        };
        let (client, server) = if from_server { (segment.to, segment.from) } else { (segment.from, segment.to) };
        let first = First { began: segment.at, packet: segment.packet, client, server, certain: segment.flags & SYN != 0 };
        let stream = self.open.open(&first);
        let mut connection = Connection::new(stream, &first, lower != from_server, self.opened);
        self.opened += 1;
        let from = if from_server { Side::Server } else { Side::Client };
        connection.segment(segment, from, self.limits.held, &mut self.recent);
        let place = self.roster.add(key, now, connection);
        self.touch(place, now);
    }

    /// The connection had a segment. What comes for one that was handed over does not keep it.
    fn touch(&mut self, place: u32, now: i64) {
        if let Some(connection) = self.roster.at(place).filter(|connection| !connection.is_handed_over()) {
            let class = connection.class();
            self.roster.touch(place, class, now);
        } else if self.roster.is(place, Class::Evicted) {
            self.roster.touch(place, Class::Evicted, now);
        }
        self.doubtful = self.clock.is_in_doubt().then_some(place);
    }

    /// The SYN that was kept in doubt did open a new connection, and this segment belongs to that.
    fn renew(&mut self, place: u32, key: Key, segment: &Segment<'_>, now: i64) {
        let saved = self.roster.at(place).and_then(|old| old.aside.as_mut()?.take_saved());
        self.close(place, tap::Over::Reused);
        if let Some(saved) = saved {
            let syn = saved.segment();
            self.first(key, Key::of(syn.from, syn.to).1, &syn, now);
        }
        self.segment(segment);
    }

    /// Nothing was captured for so long by our own clock; the capture's stands still. Hands over what is closed.
    pub fn silence(&mut self, silence: Duration) {
        if silence >= self.limits.settle {
            self.settle_until(i64::MAX);
        }
        if silence >= self.limits.linger {
            while let Some(place) = self.roster.silent(Class::Closed, i64::MAX) {
                self.close(place, tap::Over::Idle);
            }
        }
    }

    fn settle_until(&mut self, before: i64) {
        while let Some(place) = self.roster.silent(Class::Settled, before) {
            if let Some((key, connection)) = self.roster.both(place) {
                connection.hand_over(key, tap::Over::Closed, &mut self.recent);
            }
            self.roster.reclass(place, Class::Closed);
        }
    }

    /// Hands over what was silent for too long; each connection once.
    fn sweep(&mut self, now: i64) {
        self.due = now.saturating_add(SWEEP);
        let before = |bearable: Duration| now.saturating_sub(i64::try_from(bearable.as_micros()).unwrap_or(i64::MAX));
        self.settle_until(before(self.limits.settle));
        for (class, bearable) in [
            (Class::Opening, self.limits.opening),
            (Class::Open, self.limits.idle),
            (Class::Closed, self.limits.linger),
            (Class::Evicted, self.limits.idle),
        ] {
            while let Some(place) = self.roster.silent(class, before(bearable)) {
                self.close(place, tap::Over::Idle);
            }
        }
    }

    fn close(&mut self, place: u32, why: tap::Over) {
        self.book(place, 0);
        if let Some((key, mut connection)) = self.roster.remove(place) {
            connection.hand_over(&key, why, &mut self.recent);
        }
    }

    fn book(&mut self, place: u32, held: usize) {
        let Some(connection) = self.roster.at(place) else { return };
        let (held, booked) = connection.book(held);
        self.holders.remove(&(booked, place));
        if held > 0 {
            self.holders.insert((held, place));
        }
        self.held = self.held - booked + held;
    }

    /// Gives connections up until the rest is light enough; the last one stays. What still comes for them opens no new ones.
    fn lighten(&mut self) {
        while self.open.is_heavy()
            && self.roster.live() > 1
            && let Some(place) = self.roster.victim()
        {
            if let Some((key, connection)) = self.roster.both(place) {
                connection.hand_over(key, tap::Over::Evicted, &mut self.recent);
            }
            self.book(place, 0);
            self.roster.reclass(place, Class::Evicted);
        }
    }

    fn make_room(&mut self) {
        while self.held > self.limits.held_in_all
            && let Some((_, place)) = self.holders.last().copied()
            && let Some(connection) = self.roster.at(place)
        {
            connection.give_up(&mut self.recent);
            let held = connection.held();
            self.book(place, held);
        }
    }
}

/// Without a SYN the sides are guessed: SSTP is at home on 443, and servers sit on lower ports than clients.
fn is_server(own: u16, other: u16) -> bool {
    match (own == HTTPS, other == HTTPS) {
        (true, false) => true,
        (false, true) => false,
        _ => own < other,
    }
}

/// MS-SSTP 1.9.
const HTTPS: u16 = 443;
/// Ours: how often silence is looked at, microseconds.
const SWEEP: i64 = 50_000;
