//! What few connections have: FINs, resets, ICMP errors, and a SYN that may open the next connection.

use super::Stream;
use super::ack::reach;
use super::half::{Half, length};
use super::stream::Out;
use crate::base::{Micros, Side};
use crate::capture::segment::{ACK, Kept, RST, SYN, Segment};
use crate::transcript::tap;

#[derive(Debug, Default)]
pub(super) struct Aside {
    pub(super) ends: Vec<tap::End>,
    pub(super) icmp: Vec<tap::Icmp>,
    saved: Option<Saved>,
}

/// A SYN kept until an answer shows whether it was real.
#[derive(Debug)]
struct Saved {
    by: Side,
    syn: Kept,
}

impl Aside {
    /// Keeps a SYN; the same one sent again is not a newer one.
    pub(super) fn save(&mut self, segment: &Segment<'_>, by: Side) {
        if self.saved.as_ref().is_some_and(|saved| saved.syn.segment().seq == segment.seq && saved.by == by) {
            return;
        }
        // Without payload: data in a SYN is sent again when it is not acknowledged. RFC 7413 4.2.2.
        let syn = Segment { payload: &[], cut: 0, ack: 0, ..*segment }.keep();
        self.saved = Some(Saved { by, syn });
    }

    /// The segment answers the SYN that was kept, or goes on from it.
    pub(super) fn confirms(&self, segment: &Segment<'_>, from: Side) -> bool {
        let Some(saved) = &self.saved else { return false };
        let first = saved.syn.segment().seq.wrapping_add(1);
        let answer = from != saved.by && segment.flags & (SYN | ACK | RST) == SYN | ACK && segment.ack == first;
        answer || (from == saved.by && segment.flags & (SYN | ACK | RST) == ACK && segment.seq == first)
    }

    pub(super) fn take_saved(&mut self) -> Option<Kept> {
        self.saved.take().map(|saved| saved.syn)
    }

    /// Something came after a reset or a FIN of the same side: an endpoint that sent those would not have sent this.
    pub(super) fn note_after(&mut self, segment: &Segment<'_>, from: Side, own: &mut Half) {
        let fin = own.end != 0 && !own.reset;
        let beyond = fin && length(segment) > 0 && own.place(segment.seq) + length(segment) > own.end;
        let reset = segment.flags & RST != 0;
        for end in self.ends.iter_mut().filter(|end| end.by == from) {
            end.followed |= if end.reset { !reset } else { beyond };
        }
        if own.dead && !reset {
            // The reset was not the sender's: its stream goes on, and may end once more.
            (own.dead, own.reset, own.told, own.end) = (false, false, false, 0);
        }
    }

    /// A FIN, after the payload of its segment was taken.
    pub(super) fn fin<S: Stream>(&mut self, segment: &Segment<'_>, own: &mut Half, peer: &Half, out: &mut Out<'_, S>) {
        let len = length(segment);
        let end = own.place(segment.seq) + len;
        if own.end == end && !own.reset {
            if len == 0 {
                own.note_repeat(end, 0);
            }
            return;
        }
        self.note(segment, end == own.next, out.at, out.side);
        let possible = end >= own.next && end - own.next <= reach(own, peer);
        if own.end == 0 && possible {
            own.end = end;
            own.top = own.top.max(end);
            own.tell_end(out);
        }
    }

    /// A reset. Only one that its receiver would take ends the stream. RFC 9293 3.10.7.4, RFC 5961 3.
    pub(super) fn reset<S: Stream>(&mut self, segment: &Segment<'_>, own: &mut Half, peer: &Half, out: &mut Out<'_, S>) {
        if own.next == 0 {
            let answers = segment.flags & ACK == 0 || peer.next == 0 || peer.place(segment.ack) == peer.top;
            self.note(segment, answers, out.at, out.side);
            if answers {
                let pos = own.place(segment.seq);
                own.start(pos);
                own.stop(pos, out);
            }
            return;
        }
        let (pos, reach) = (own.place(segment.seq), reach(own, peer));
        self.note(segment, pos == own.next || pos == own.expected(), out.at, out.side);
        let acked = if own.acked == 0 { own.next } else { own.acked.min(own.next) };
        let in_window = pos >= acked && pos <= own.next.max(own.acked) + reach;
        let idle = own.acked >= own.top && pos.abs_diff(own.next) <= reach;
        if in_window || idle {
            own.stop(pos, out);
        }
    }

    fn note(&mut self, segment: &Segment<'_>, in_sequence: bool, at: u64, by: Side) {
        if self.ends.len() < tap::Flow::MAX_ENDS {
            self.ends.push(tap::End {
                at: Micros(at),
                by,
                reset: segment.flags & RST != 0,
                ttl: segment.ttl,
                ip_id: segment.ip_id,
                window: segment.window,
                in_sequence,
                followed: false,
            });
        }
    }
}

impl Half {
    /// A reset at `pos` that may be real: it is told once the other side ends too, or nothing more comes. What the same side says until
    /// then shows that it was not its own.
    fn stop<S: Stream>(&mut self, pos: u64, out: &mut Out<'_, S>) {
        self.dead = true;
        if !self.told && !self.reset {
            (self.end, self.reset) = (pos.max(self.next), true);
            self.rare().reset_at = out.at;
        }
    }
}
