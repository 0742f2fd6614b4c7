//! Acknowledgements: what they prove, which repeat, and which cannot be true.

use super::half::{Half, length};
use super::options::has_sack;
use crate::capture::segment::{FIN, RST, SYN, Segment};

impl Half {
    /// Takes a segment of this side as an acknowledgement of the other side's bytes.
    pub(super) fn acknowledge(&mut self, peer: &mut Half, segment: &Segment<'_>, probe: bool, at: u64) {
        if has_sack(segment.options) {
            self.count().sacks += 1;
        }
        let answers_syn = segment.flags & SYN != 0 && !peer.rooted && peer.bytes == 0;
        if answers_syn || peer.next == 0 && self.syn {
            // The SYN or the SYN-ACK is missing, or comes later; this is its acknowledgement.
            peer.start(peer.place(segment.ack));
            peer.rooted = true;
        }
        let pos = peer.place(segment.ack);
        let plain = length(segment) == 0 && segment.flags & (SYN | FIN | RST) == 0 && !probe;
        if pos == peer.acked {
            // RFC 5681 2.
            if plain && segment.window == self.window && peer.top > pos {
                self.count().duplicate_acks += 1;
            }
        } else if pos > peer.acked {
            let reach = reach(peer, self);
            peer.advance(pos, reach, at);
        }
    }

    /// The other end acknowledged up to `pos`.
    fn advance(&mut self, pos: u64, reach: u64, at: u64) {
        // A FIN takes one number and no byte.
        let fin = self.end != 0 && !self.reset && pos == self.end + 1;
        self.fin_known |= fin;
        let pos = if fin { self.end } else { pos };
        let unseen = pos > self.top && self.next != 0;
        if unseen && self.bytes == 0 && !self.rooted && !self.has_holes() {
            // The capture began later, and nothing tells better where this stream begins in it.
            self.start(pos);
        } else if unseen && pos - self.top > reach {
            let doubtful = self.rare().doubtful;
            if !(doubtful..=doubtful + reach).contains(&pos) {
                self.rare().doubtful = pos;
                return;
            }
        }
        self.acked = self.acked.max(pos);
        if self.owed() {
            self.rare().waiting.get_or_insert((at, 0));
        }
    }
}

/// How many bytes `receiver` can take at most beyond what it acknowledged of `sender`. RFC 7323 2.3.
pub(super) fn reach(sender: &Half, receiver: &Half) -> u64 {
    if receiver.widest == 0 {
        return MOST;
    }
    let scale = match (sender.syn && receiver.syn, sender.scale, receiver.scale) {
        (true, Some(_), Some(scale)) => scale.min(MAX_SCALE),
        (true, ..) => 0,
        (false, ..) => MAX_SCALE,
    };
    MOST.min((u64::from(receiver.widest) << scale) + SLACK)
}

/// RFC 7323 2.3: a window scale is at most 14.
const MAX_SCALE: u8 = 14;
/// RFC 7323 2.2: no window is wider than 1 GiB.
const MOST: u64 = 1 << 30;
/// Ours: what the capture may have missed of the acknowledgements, 1 MiB.
const SLACK: u64 = 1 << 20;
