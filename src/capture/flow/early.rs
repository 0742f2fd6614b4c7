//! Segments that the tap recorded before what they answer.
//!
//! An end that acknowledges bytes has them. Where a segment with payload acknowledges bytes of the other side that have not come by
//! yet, its payload waits until they did, or were given up for lost, so that an answer is never told before its question. Several
//! capture queues, and captures of two interfaces put together, record in such an order.

use super::ack::reach;
use super::half::{Half, length};
use crate::base::Side;
use crate::capture::segment::{ACK, FIN, Kept, RST, SYN, Segment};
use std::collections::VecDeque;

/// What of one side waits for the other.
#[derive(Debug)]
pub(super) struct Early {
    by: Side,
    segments: VecDeque<Kept>,
    bytes: usize,
}

impl Early {
    pub(super) fn new(by: Side) -> Early {
        Early { by, segments: VecDeque::new(), bytes: 0 }
    }

    /// The side whose segments wait.
    pub(super) fn by(&self) -> Side {
        self.by
    }

    /// Memory in use, bytes.
    pub(super) fn held(&self) -> usize {
        self.bytes
    }

    /// There is no room for more.
    pub(super) fn is_full(&self, hold: usize) -> bool {
        self.segments.len() >= MAX_SEGMENTS || self.bytes > hold
    }

    /// Puts a segment where it belongs in the stream of `own`, behind others that begin there.
    pub(super) fn push(&mut self, segment: &Segment<'_>, own: &Half) {
        self.bytes += segment.payload.len() + OVERHEAD;
        let pos = own.place(segment.seq);
        let before = self.segments.iter().rposition(|earlier| own.place(earlier.segment().seq) <= pos);
        self.segments.insert(before.map_or(0, |before| before + 1), segment.keep());
    }

    /// The next one, once `peer` has come as far as it acknowledges; or any, with `all`.
    pub(super) fn pop(&mut self, peer: &Half, all: bool) -> Option<Kept> {
        let first = self.segments.front()?.segment();
        if !all && peer.place(first.ack) > peer.come() {
            return None;
        }
        let kept = self.segments.pop_front()?;
        self.bytes -= kept.segment().payload.len() + OVERHEAD;
        Some(kept)
    }

    /// Where `peer` stops for the next one.
    pub(super) fn stop(&self, peer: &Half) -> u64 {
        self.segments.front().map_or(u64::MAX, |first| peer.place(first.segment().ack))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.segments.is_empty()
    }
}

impl Half {
    /// The segment, of this side, brings something, and acknowledges bytes of `peer` that have not come by.
    pub(super) fn is_early(&self, segment: &Segment<'_>, peer: &Half) -> bool {
        if !brings(segment) || segment.flags & (SYN | ACK) != ACK || self.next == 0 || !(peer.bytes > 0 || peer.syn) {
            return false;
        }
        let ahead = peer.place(segment.ack).saturating_sub(peer.come());
        // One number and nothing behind it is rather a FIN that the capture lost.
        ahead > u64::from(!peer.has_holes()) && ahead <= reach(peer, self)
    }

    /// Position behind what was handed out, a FIN included.
    fn come(&self) -> u64 {
        if self.finished() { self.end + 1 } else { self.next }
    }
}

/// The segment has something to hand out: bytes, or an end.
pub(super) fn brings(segment: &Segment<'_>) -> bool {
    length(segment) > 0 || segment.flags & (FIN | RST) != 0
}

/// Ours: so many segments of one connection wait at most.
const MAX_SEGMENTS: usize = 64;
/// What a segment that waits costs beside its bytes.
const OVERHEAD: usize = 160;
