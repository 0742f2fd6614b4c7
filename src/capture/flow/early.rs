//! Segments that the tap recorded before what they answer.
//!
//! An end that acknowledges bytes has them. Where a segment with payload acknowledges bytes of the other side that have not come by
//! yet, its payload waits until they did, or were given up for lost, so that an answer is never told before its question. Several
//! capture queues, and captures of two interfaces put together, record in such an order. What lies behind a hole waits in the same way
//! ([`Holes`](super::holes::Holes)).

use super::ack::reach;
use super::half::{Half, length};
use crate::base::Side;
use crate::capture::segment::{ACK, FIN, Kept, RST, SYN, Segment};
use std::collections::VecDeque;

/// What of both sides waits for the other.
#[derive(Debug)]
pub(super) struct Early {
    /// Since when something waits.
    since: u64,
    /// By side, in the order of the stream.
    queues: [VecDeque<Kept>; 2],
    bytes: usize,
}

impl Early {
    pub(super) fn new(since: u64) -> Early {
        Early { since, queues: Default::default(), bytes: 0 }
    }

    /// Memory in use, bytes.
    pub(super) fn held(&self) -> usize {
        self.bytes
    }

    /// Something of that side waits.
    pub(super) fn has(&self, side: Side) -> bool {
        self.queues.iter().skip(side as usize).take(1).any(|queue| !queue.is_empty())
    }

    /// Where the first one of a side begins in the stream of `own`.
    pub(super) fn first(&self, side: Side, own: &Half) -> Option<u64> {
        let first = self.queues.get(side as usize)?.front()?;
        Some(own.place(first.segment().seq))
    }

    /// There is no room for more, or it has waited for long enough.
    pub(super) fn is_due(&self, at: u64, hold: usize) -> bool {
        let segments: usize = self.queues.iter().map(VecDeque::len).sum();
        segments >= MAX_SEGMENTS || self.bytes > hold || at.saturating_sub(self.since) >= PATIENCE
    }

    /// Puts a segment where it belongs in the stream of `own`, behind others that begin there.
    pub(super) fn push(&mut self, segment: &Segment<'_>, from: Side, own: &Half) {
        let Some(queue) = self.queues.get_mut(from as usize) else { return };
        self.bytes += segment.payload.len() + OVERHEAD;
        let pos = own.place(segment.seq);
        let before = queue.iter().rposition(|earlier| own.place(earlier.segment().seq) <= pos);
        queue.insert(before.map_or(0, |before| before + 1), segment.keep());
    }

    /// The next one of a side, once `peer` has come as far as it acknowledges; or any, with `all`.
    pub(super) fn pop(&mut self, side: Side, peer: &Half, all: bool) -> Option<Kept> {
        let queue = self.queues.get_mut(side as usize)?;
        if !all && needs(&queue.front()?.segment(), peer) > peer.came() {
            return None;
        }
        let kept = queue.pop_front()?;
        self.bytes -= kept.segment().payload.len() + OVERHEAD;
        Some(kept)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.queues.iter().all(VecDeque::is_empty)
    }
}

impl Half {
    /// The segment, of this side, brings something, and acknowledges bytes of `peer` that have not come by.
    pub(super) fn is_early(&self, segment: &Segment<'_>, peer: &Half) -> bool {
        let known = peer.next != 0 && (self.next != 0 || peer.syn) && !peer.is_absent();
        let resets = segment.flags & (RST | ACK) == RST && peer.has_holes();
        if !known || !brings(segment) || segment.flags & (SYN | ACK) != ACK && !resets {
            return false;
        }
        let ahead = needs(segment, peer).saturating_sub(peer.came());
        ahead > 0 && ahead <= reach(peer, self)
    }

    /// What has come: position behind what was handed out, a FIN included.
    pub(super) fn came(&self) -> u64 {
        if self.finished() { self.end + 1 } else { self.next }
    }
}

/// How far `peer` must have come before the segment. A reset without an acknowledgement is an answer to whatever was seen.
fn needs(segment: &Segment<'_>, peer: &Half) -> u64 {
    if segment.flags & ACK != 0 { peer.place(segment.ack) } else { peer.top }
}

/// The segment has something to hand out: bytes, or an end.
pub(super) fn brings(segment: &Segment<'_>) -> bool {
    length(segment) > 0 || segment.flags & (FIN | RST) != 0
}

/// Ours: so many segments of one connection wait at most.
const MAX_SEGMENTS: usize = 64;
/// Ours: for so long at most, microseconds. No tap brings a packet later.
const PATIENCE: u64 = 200_000;
/// What a segment that waits costs beside its bytes.
const OVERHEAD: usize = 160;
