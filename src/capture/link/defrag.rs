//! Puts fragments of TCP segments together. RFC 791 3.2, RFC 8200 4.5. Fragments of anything else are passed over.

use super::Counts;
use super::ip::{self, Datagram, Fragment, protocol};
use std::net::IpAddr;
use std::ops::Range;

/// Ours: so many datagrams are waited for at once; with [`MAX_LEN`] that is 4 MiB at most.
const MAX_DATAGRAMS: usize = 64;
/// RFC 791 3.1: no datagram is longer, bytes.
const MAX_LEN: usize = 65_535;
/// Ours: pieces of one datagram that do not touch each other.
const MAX_PIECES: usize = 512;
/// RFC 8200 4.5: 60 s after the first fragment that came, in microseconds.
const MAX_WAIT: u64 = 60_000_000;

#[derive(Debug, Default)]
pub(super) struct Defrag {
    pub(super) open: Vec<Partial>,
    /// Payload of the datagram last completed, which was lent.
    done: Vec<u8>,
}

/// RFC 791 3.2: what fragments of one datagram have in common. RFC 8200 4.5 leaves the protocol out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Key {
    from: IpAddr,
    to: IpAddr,
    id: u32,
}

#[derive(Debug)]
pub(super) struct Partial {
    key: Key,
    began: i64,
    bytes: Vec<u8>,
    /// Where bytes have come, in order and apart.
    pieces: Vec<Range<usize>>,
    /// Known once the last fragment came.
    len: Option<usize>,
    /// TTL and protocol of the first fragment, which has them right.
    first: Option<(u8, u8)>,
}

impl Defrag {
    /// Takes a fragment; the datagram where it completes one.
    pub(super) fn add<'a>(
        &'a mut self,
        now: i64,
        datagram: &Datagram<'_>,
        counts: &mut Counts,
    ) -> Result<Option<Datagram<'a>>, &'static str> {
        let Some(fragment) = datagram.fragment.filter(|_| leads_to_tcp(datagram)) else { return Ok(None) };
        counts.fragments += 1;
        let end = fragment.at + datagram.payload.len() + datagram.cut as usize;
        if end > MAX_LEN {
            return Err("a fragment that reaches beyond the longest datagram");
        }
        if fragment.more && !(end - fragment.at).is_multiple_of(8) {
            return Err("a fragment of odd length that is not the last");
        }
        let key = Key { from: datagram.from, to: datagram.to, id: fragment.id };
        let at = self.find(key, now, counts);
        let Some(partial) = self.open.get_mut(at) else { return Ok(None) };
        partial.take(&fragment, end, datagram, counts);
        if partial.pieces.len() > MAX_PIECES {
            self.open.swap_remove(at);
            counts.abandoned += 1;
            return Ok(None);
        }
        let Some((ttl, protocol)) = partial.complete() else { return Ok(None) };
        self.done = self.open.swap_remove(at).bytes;
        counts.reassembled += 1;
        let whole = Datagram { ttl, cut: 0, fragment: None, protocol, payload: &self.done, ..*datagram };
        inside(whole).map(Some)
    }

    /// The place of the datagram, which may be new; makes room for it.
    fn find(&mut self, key: Key, now: i64, counts: &mut Counts) -> usize {
        let before = self.open.len();
        self.open.retain(|partial| partial.began.abs_diff(now) <= MAX_WAIT);
        if let Some(at) = self.open.iter().position(|partial| partial.key == key) {
            counts.abandoned += (before - self.open.len()) as u64;
            return at;
        }
        if self.open.len() >= MAX_DATAGRAMS {
            let oldest = self.open.iter().enumerate().min_by_key(|(_, partial)| partial.began).map_or(0, |(at, _)| at);
            self.open.swap_remove(oldest);
        }
        counts.abandoned += (before - self.open.len()) as u64;
        self.open.push(Partial { key, began: now, bytes: Vec::new(), pieces: Vec::new(), len: None, first: None });
        self.open.len() - 1
    }
}

/// What the fragment's header names may be TCP, or lead there.
fn leads_to_tcp(datagram: &Datagram<'_>) -> bool {
    let extension = matches!(datagram.protocol, protocol::DESTINATION_OPTIONS | protocol::AUTHENTICATION);
    datagram.protocol == protocol::TCP || (datagram.from.is_ipv6() && extension)
}

/// IPv6 extension headers may have been fragmented with the payload.
fn inside(whole: Datagram<'_>) -> Result<Datagram<'_>, &'static str> {
    if whole.from.is_ipv4() {
        return Ok(whole);
    }
    match ip::extensions(whole.protocol, whole.payload)? {
        (protocol, payload, None) => Ok(Datagram { protocol, payload, ..whole }),
        (_, _, Some(_)) => Err("a fragment inside a fragment"),
    }
}

impl Partial {
    fn take(&mut self, fragment: &Fragment, end: usize, datagram: &Datagram<'_>, counts: &mut Counts) {
        if fragment.at == 0 && self.first.is_none() {
            self.first = Some((datagram.ttl, datagram.protocol));
        }
        if !fragment.more && self.len.is_none() {
            self.len = Some(end);
        }
        let came = fragment.at..fragment.at + datagram.payload.len();
        if self.bytes.len() < came.end {
            self.bytes.resize(came.end, 0);
        }
        counts.conflicts += u64::from(self.contradicts(&came, datagram.payload));
        // The first byte wins: only what lies between the pieces is written.
        let mut from = came.start;
        for piece in self.pieces.clone().iter().filter(|piece| piece.end > came.start && piece.start < came.end) {
            self.write(from..piece.start, came.start, datagram.payload);
            from = from.max(piece.end);
        }
        self.write(from..came.end, came.start, datagram.payload);
        self.join(came);
    }

    fn contradicts(&self, came: &Range<usize>, payload: &[u8]) -> bool {
        self.pieces.iter().any(|piece| {
            let both = piece.start.max(came.start)..piece.end.min(came.end);
            !both.is_empty() && self.bytes.get(both.clone()) != payload.get(both.start - came.start..both.end - came.start)
        })
    }

    /// Copies the bytes of a range, of a payload that lies at `base`.
    fn write(&mut self, range: Range<usize>, base: usize, payload: &[u8]) {
        if range.is_empty() {
            return;
        }
        if let (Some(to), Some(from)) = (self.bytes.get_mut(range.clone()), payload.get(range.start - base..range.end - base)) {
            to.copy_from_slice(from);
        }
    }

    /// Adds a piece and joins those it touches.
    fn join(&mut self, came: Range<usize>) {
        if came.is_empty() {
            return;
        }
        let from = self.pieces.partition_point(|piece| piece.end < came.start);
        let to = self.pieces.partition_point(|piece| piece.start <= came.end);
        let touched = self.pieces.get(from..to).unwrap_or_default();
        let start = touched.first().map_or(came.start, |piece| piece.start.min(came.start));
        let end = touched.last().map_or(came.end, |piece| piece.end.max(came.end));
        self.pieces.splice(from..to, std::iter::once(start..end));
    }

    /// TTL and protocol, once every byte has come.
    fn complete(&mut self) -> Option<(u8, u8)> {
        let len = self.len?;
        let whole = self.pieces.first().is_some_and(|piece| piece.start == 0 && piece.end >= len);
        self.bytes.truncate(if whole { len } else { self.bytes.len() });
        self.first.filter(|_| whole)
    }
}
