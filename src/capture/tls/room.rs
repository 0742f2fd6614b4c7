//! Buffers that the connections of a capture share, so that thousands of them cost little, and records that wait.

use crate::base::{Micros, Side};
use crate::wire::tls::record::{Header, MAX_BODY};
use std::collections::VecDeque;

/// Buffers that the connections of a capture share.
#[derive(Default)]
pub struct Room {
    plain: Vec<u8>,
    spare: Vec<Vec<u8>>,
    /// Bytes that wait for keys, over all connections.
    held: usize,
    /// Bytes that were tried with a guessed sequence number, over all connections.
    tried: u64,
}

impl Room {
    /// The buffer that plaintext is put into, [`MAX_BODY`] bytes; give it back.
    pub(super) fn take_plain(&mut self) -> Vec<u8> {
        let mut plain = std::mem::take(&mut self.plain);
        plain.resize(MAX_BODY, 0);
        plain
    }

    pub(super) fn give_plain(&mut self, plain: Vec<u8>) {
        self.plain = plain;
    }

    /// An empty buffer for a record in pieces.
    pub(super) fn take_buffer(&mut self) -> Vec<u8> {
        self.spare.pop().unwrap_or_default()
    }

    pub(super) fn give_buffer(&mut self, mut buffer: Vec<u8>) {
        if self.spare.len() < MAX_SPARE && buffer.capacity() > 0 && buffer.capacity() <= 2 * MAX_BODY {
            buffer.clear();
            self.spare.push(buffer);
        }
    }

    /// Whether so many more bytes may be tried.
    pub(super) fn may_try(&mut self, bytes: usize) -> bool {
        self.tried = self.tried.saturating_add(bytes as u64);
        self.tried <= MAX_TRIED
    }
}

/// A record that waits for a key.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) at: Micros,
    pub(super) from: Side,
    pub(super) header: Header,
    /// So many records may be missing before it.
    pub(super) missing: u64,
    pub(super) body: Box<[u8]>,
}

impl Waiting {
    fn cost(&self) -> usize {
        self.body.len() + size_of::<Waiting>()
    }
}

/// The records of one connection that wait for a key.
#[derive(Debug, Default)]
pub(super) struct Held {
    records: VecDeque<Waiting>,
    bytes: usize,
    /// The generation of keys that they were last tried with.
    pub(super) tried: u64,
}

impl Held {
    pub(super) fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.records.len()
    }

    /// Adds a record; whether there is room for more.
    pub(super) fn push(&mut self, room: &mut Room, waiting: Waiting) -> bool {
        self.bytes += waiting.cost();
        room.held += waiting.cost();
        self.records.push_back(waiting);
        self.bytes < MAX_HELD && room.held < MAX_HELD_IN_ALL
    }

    /// What they cost in memory.
    #[cfg(test)]
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// They all come from that side.
    pub(super) fn only_from(&self, side: Side) -> bool {
        self.records.iter().all(|waiting| waiting.from == side)
    }

    /// The first record, or the first one of the server, with its place.
    pub(super) fn pop(&mut self, room: &mut Room, of_server: bool) -> Option<(usize, Waiting)> {
        let of_server = of_server.then(|| self.records.iter().position(|waiting| waiting.from == Side::Server)).flatten();
        let place = of_server.unwrap_or(0);
        let waiting = self.records.remove(place)?;
        self.bytes = self.bytes.saturating_sub(waiting.cost());
        room.held = room.held.saturating_sub(waiting.cost());
        if self.records.is_empty() {
            self.records = VecDeque::new();
        }
        Some((place, waiting))
    }

    /// Puts a record back in its place.
    pub(super) fn put_back(&mut self, room: &mut Room, place: usize, waiting: Waiting) {
        self.bytes += waiting.cost();
        room.held += waiting.cost();
        self.records.insert(place.min(self.records.len()), waiting);
    }

    pub(super) fn free(&mut self, room: &mut Room) {
        room.held = room.held.saturating_sub(std::mem::take(&mut self.bytes));
        self.records = VecDeque::new();
    }
}

/// Ours: so many bytes of a connection wait for a key.
const MAX_HELD: usize = 128 * 1024;
/// Ours: and so many of all connections.
const MAX_HELD_IN_ALL: usize = 8 << 20;
/// Ours: buffers kept for records in pieces.
const MAX_SPARE: usize = 16;
/// Ours: bytes that may be decrypted in vain behind gaps, over a whole capture; some seconds of work.
const MAX_TRIED: u64 = 4 << 30;
