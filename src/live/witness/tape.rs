//! A copy of the beginning of every connection, and figures of the rest; bounded.

use crate::base::{Bytes, Side, hex};
use crate::live::wiretap::Wiretap;
use crate::transcript::ConnectFailure;
use crate::transcript::witness::{Stream, Wire};
use aws_lc_rs::digest::{Context, SHA256};
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Hears connections. Of the latest [`MOST_WIRES`] the first bytes are kept, of the others nothing.
#[derive(Default)]
pub struct Tape(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    next: u64,
    wires: VecDeque<(u64, Open)>,
}

struct Open {
    wire: Wire,
    up: Half,
    down: Half,
}

struct Half {
    stream: Stream,
    hash: Context,
    first: Vec<u8>,
    /// Bytes of the present record that are still to come, and its header as far as it is there.
    rest: usize,
    header: Vec<u8>,
    /// What came cannot be cut into TLS records.
    not_tls: bool,
}

impl std::fmt::Debug for Tape {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tape")
    }
}

impl Half {
    fn new() -> Half {
        Half { stream: Stream::default(), hash: Context::new(&SHA256), first: Vec::new(), rest: 0, header: Vec::new(), not_tls: false }
    }

    fn bytes(&mut self, after: u64, bytes: &[u8]) {
        self.stream.total += bytes.len() as u64;
        self.first.extend(bytes.iter().take(MOST_FIRST.saturating_sub(self.first.len())));
        let rest = self.cut(after, bytes);
        self.hash.update(rest);
    }

    /// Takes records off the front, as far as they are kept; hands back what belongs to none.
    fn cut<'a>(&mut self, after: u64, mut bytes: &'a [u8]) -> &'a [u8] {
        while !bytes.is_empty() && !self.not_tls && self.stream.sums.len() < MOST_RECORDS {
            let wanted = if self.rest == 0 { HEADER - self.header.len() } else { self.rest };
            let (piece, later) = bytes.split_at(wanted.min(bytes.len()));
            self.hash.update(piece);
            bytes = later;
            if self.rest == 0 {
                self.header.extend(piece);
                self.begin(after);
            } else {
                self.rest -= piece.len();
            }
            if self.rest == 0 && self.header.is_empty() && !self.not_tls {
                let sum = self.hash.clone().finish();
                self.stream.sums.push(hex(sum.as_ref().get(..SUM).unwrap_or_default()));
            }
        }
        bytes
    }

    /// The header of a record is there.
    fn begin(&mut self, after: u64) {
        if let [kind, major, _, high, low] = self.header[..] {
            self.not_tls = major != 3 || !(20..=24).contains(&kind);
            let len = u16::from_be_bytes([high, low]);
            if !self.not_tls {
                self.stream.records.push((kind, len, after));
            }
            self.rest = usize::from(len);
            self.header.clear();
        }
    }

    fn so_far(&self) -> Stream {
        let sha256 = hex(self.hash.clone().finish().as_ref());
        Stream { sha256, first: Bytes::from(self.first.as_slice()), ..self.stream.clone() }
    }
}

impl Tape {
    /// The connections, the oldest first, as far as they are known by now.
    pub fn wires(&self) -> Vec<Wire> {
        self.kept().wires.iter().map(|(_, open)| Wire { up: open.up.so_far(), down: open.down.so_far(), ..open.wire.clone() }).collect()
    }

    /// Names the latest connection of that client.
    pub fn mark(&self, client: SocketAddr, mark: &str) {
        if let Some((_, open)) = self.kept().wires.iter_mut().rev().find(|(_, open)| open.wire.client == client) {
            open.wire.mark = Some(mark.into());
        }
    }

    /// What the latest connection of that client asked for first.
    pub(super) fn asked(&self, client: SocketAddr, line: &str) {
        if let Some((_, open)) = self.kept().wires.iter_mut().rev().find(|(_, open)| open.wire.client == client) {
            open.wire.asked.get_or_insert_with(|| line.into());
        }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn with(&self, wire: u64, change: impl FnOnce(&mut Open)) {
        if let Some((_, open)) = self.kept().wires.iter_mut().find(|row| row.0 == wire) {
            change(open);
        }
    }
}

impl Wiretap for Tape {
    fn dialled(&self, at: i64, client: SocketAddr, server: SocketAddr) -> u64 {
        let mut kept = self.kept();
        kept.next += 1;
        let number = kept.next;
        let wire = Wire {
            began_unix_us: at,
            client,
            server,
            failed: None,
            mark: None,
            asked: None,
            up: Stream::default(),
            down: Stream::default(),
        };
        if kept.wires.len() >= MOST_WIRES {
            kept.wires.pop_front();
        }
        kept.wires.push_back((number, Open { wire, up: Half::new(), down: Half::new() }));
        number
    }

    fn opened(&self, _: i64, _: u64) {}

    fn failed(&self, _: i64, wire: u64, how: ConnectFailure) {
        self.with(wire, |open| open.wire.failed = Some(format!("{how:?}")));
    }

    fn bytes(&self, at: i64, wire: u64, from: Side, bytes: &[u8]) {
        self.with(wire, |open| {
            let after = u64::try_from(at - open.wire.began_unix_us).unwrap_or(0);
            let half = if from == Side::Client { &mut open.up } else { &mut open.down };
            half.bytes(after, bytes);
        });
    }

    fn ended(&self, at: i64, wire: u64, from: Side, reset: bool) {
        self.with(wire, |open| {
            let after = u64::try_from(at - open.wire.began_unix_us).unwrap_or(0);
            let half = if from == Side::Client { &mut open.up } else { &mut open.down };
            half.stream.ended.get_or_insert((reset, after));
        });
    }

    fn gone(&self, _: u64) {}

    fn key(&self, _: &str) {}
}

/// Ours: connections that are kept.
const MOST_WIRES: usize = 64;
/// Ours: bytes kept of one direction.
pub const MOST_FIRST: usize = 16 * 1024;
/// Ours: bytes of a sum: as many as chance never meets.
const SUM: usize = 8;
/// Ours: records kept of one direction.
const MOST_RECORDS: usize = 128;
/// RFC 8446 5.1: bytes of a record's header.
const HEADER: usize = 5;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_beginning_the_sum_and_the_records_are_kept_however_the_bytes_are_cut() {
        let (client, server) = ("127.0.0.1:1".parse().expect("an address"), "127.0.0.1:2".parse().expect("an address"));
        let bytes = [&[22, 3, 1, 0, 2, 9, 9][..], &[23, 3, 3, 0x40, 0], &[7; 0x4000], &[21, 3, 3, 0, 1, 0]].concat();
        let mut seen = Vec::new();
        for step in [1, 3, 7, 4096, usize::MAX] {
            let tape = Tape::default();
            let wire = tape.dialled(5, client, server);
            bytes.chunks(step.min(bytes.len())).for_each(|chunk| tape.bytes(6, wire, Side::Client, chunk));
            tape.ended(9, wire, Side::Server, true);
            tape.mark(client, "run-1");
            seen.push(tape.wires().remove(0));
        }
        let first = seen.first().expect("five");
        assert!(seen.iter().all(|one| one == first));
        assert_eq!(first.up.records, [(22, 2, 1), (23, 0x4000, 1), (21, 1, 1)]);
        let sum = |len: usize| super::super::sha256(&bytes[..len])[..16].to_string();
        assert_eq!(first.up.sums, [sum(7), sum(7 + 5 + 0x4000), sum(bytes.len())]);
        assert_eq!((first.up.total, first.up.first.len(), first.down.ended), (bytes.len() as u64, MOST_FIRST, Some((true, 4))));
        assert_eq!((first.up.sha256.as_str(), first.mark.as_deref()), (super::super::sha256(&bytes).as_str(), Some("run-1")));
    }

    #[test]
    fn what_is_no_tls_has_no_records_and_old_connections_make_room() {
        let tape = Tape::default();
        let at = |port| SocketAddr::from(([127, 0, 0, 1], port));
        for port in 1..=200 {
            let wire = tape.dialled(0, at(port), at(443));
            tape.bytes(0, wire, Side::Client, b"GET / HTTP/1.1\r\n\r\n");
        }
        let wires = tape.wires();
        assert_eq!((wires.len(), wires[0].client.port()), (MOST_WIRES, 200 - MOST_WIRES as u16 + 1));
        assert!(wires.iter().all(|wire| wire.up.records.is_empty() && wire.up.total == 18));
    }
}
