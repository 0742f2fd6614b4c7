//! The stream of one direction: what is handed out, kept behind a hole, or given up.

use super::Stream;
use super::ack::reach;
use super::half::Half;
use super::holes::{Came, Piece, View};
use super::recent::Recent;
use crate::base::{Micros, Side};
use crate::capture::segment::{ACK, FIN, SYN, Segment};

/// Where the bytes of one direction go.
pub(super) struct Out<'a, S> {
    pub(super) to: &'a mut S,
    pub(super) at: u64,
    /// The time of what was handed out last, of either side.
    pub(super) told: &'a mut u64,
    pub(super) side: Side,
    pub(super) recent: &'a mut Recent,
    /// Names the connection in `recent`.
    pub(super) id: u64,
    /// How far the other side has come: what needs more of it waits.
    pub(super) came: u64,
}

impl<S> Out<'_, S> {
    fn direction(&self) -> u64 {
        direction(self.id, self.side)
    }
}

/// Names one direction of a connection in [`Recent`].
pub(super) fn direction(id: u64, side: Side) -> u64 {
    id << 1 | u64::from(side == Side::Client)
}

/// What decides about a segment out of order.
#[derive(Clone, Copy, Debug)]
struct Terms {
    /// Bytes that the receiver can take at most beyond what it acknowledged.
    reach: u64,
    /// A hole that is filled within this time was reordering, microseconds.
    reorder: u64,
    /// The receiver's window is closed.
    shut: bool,
    /// Memory that may wait behind holes, bytes.
    hold: usize,
    /// Up to where the segment acknowledges the other side's bytes.
    needs: u64,
}

impl Half {
    /// Takes the payload of a segment, most of the time the next, which passes straight through. `reorder`: a hole filled
    /// within this time was reordering, microseconds. `hold`: memory that may wait behind holes, bytes. True for a probe
    /// without payload, which asks for an acknowledgement.
    pub(super) fn take<S: Stream>(&mut self, segment: &Segment<'_>, peer: &Half, reorder: u64, hold: usize, out: &mut Out<'_, S>) -> bool {
        let pos = self.place(segment.seq.wrapping_add(u32::from(segment.flags & SYN != 0)));
        if self.next == 0 {
            self.start(pos.max(self.acked));
        }
        let view = View { bytes: segment.payload, cut: u64::from(segment.cut) };
        if view.len() == 0 {
            return segment.flags & (SYN | FIN) == 0 && self.probe(pos, peer);
        }
        if pos == self.next && !self.has_holes() {
            self.note_data(out.at);
            self.deliver(view, out);
            self.top = self.top.max(self.next);
        } else {
            let shut = peer.window == 0 && peer.widest > 0;
            let needs = if segment.flags & ACK != 0 && peer.next != 0 { peer.place(segment.ack) } else { 0 };
            self.unexpected(pos, view, Terms { reach: reach(self, peer), reorder, shut, hold, needs }, out);
        }
        self.tell_end(out);
        false
    }

    /// A segment without payload one number back.
    fn probe(&mut self, pos: u64, peer: &Half) -> bool {
        if pos + 1 != self.top {
            return false;
        }
        if peer.window == 0 && peer.widest > 0 {
            self.count().window_probes += 1;
        } else {
            self.count().keep_alives += 1;
        }
        true
    }

    /// Payload that is not simply the next.
    fn unexpected<S: Stream>(&mut self, pos: u64, view: View<'_>, terms: Terms, out: &mut Out<'_, S>) {
        let end = pos + view.len();
        if end <= self.next {
            return self.old(pos, view, terms, out);
        }
        if pos > self.next.max(self.acked) + terms.reach {
            self.count().outside += 1;
            return;
        }
        let seen = self.next.saturating_sub(pos);
        if seen > 0 && out.recent.contradicts(out.direction(), pos, view.bytes) {
            self.count().conflicts += 1;
        }
        self.ahead(pos + seen, view.part(seen, view.len()), terms, out);
        while self.held() > terms.hold && (self.skip(u64::MAX, out) || self.resume_anyway(out)) {}
    }

    /// Everything in it was handed out before.
    fn old<S: Stream>(&mut self, pos: u64, view: View<'_>, terms: Terms, out: &mut Out<'_, S>) {
        let len = view.len();
        if len == 1 && pos + 1 == self.top {
            if terms.shut {
                self.count().window_probes += 1;
                return;
            }
            // RFC 9293 3.8.4: one byte of garbage before the next one. It is told from data by its acknowledgement.
            if self.acked >= self.top {
                self.count().keep_alives += 1;
                return;
            }
        }
        self.note_repeat(pos, len);
        if out.recent.contradicts(out.direction(), pos, view.bytes) {
            self.count().conflicts += 1;
        }
    }

    /// Something in it may be new, and none of it was handed out.
    fn ahead<S: Stream>(&mut self, pos: u64, view: View<'_>, terms: Terms, out: &mut Out<'_, S>) {
        let (next, top) = (self.next, self.top);
        let rare = self.rare();
        if rare.holes.is_empty() {
            rare.opened = out.at;
        }
        let late = pos < top && out.at.saturating_sub(rare.opened) > terms.reorder;
        let free = rare.holes.first().map_or(view.len(), |first| view.len().min(first.saturating_sub(pos)));
        let direct = if pos == next { free } else { 0 };
        let mut put = rare.holes.put(pos + direct, view.part(direct, view.len()), Came { at: out.at, needs: terms.needs });
        put.fresh += direct;
        rare.count.conflicts += u64::from(put.conflict);
        if put.fresh == 0 {
            return self.note_repeat(pos, view.len());
        }
        if pos < top {
            rare.count.recovered += u64::from(late);
            rare.count.out_of_order += u64::from(!late);
        }
        self.note_data(out.at);
        self.top = top.max(pos + view.len());
        if direct > 0 {
            self.deliver(view.part(0, direct), out);
            self.drain(out);
        }
    }

    fn deliver<S: Stream>(&mut self, view: View<'_>, out: &mut Out<'_, S>) {
        if let Some(rare) = self.seen_rare() {
            rare.waiting = None;
        }
        *out.told = out.at.max(*out.told);
        if !view.bytes.is_empty() {
            out.recent.note(out.direction(), self.next, view.bytes);
            out.to.bytes(Micros(out.at), out.side, view.bytes);
            self.bytes += view.bytes.len() as u64;
            self.next += view.bytes.len() as u64;
        }
        if view.cut > 0 {
            out.to.gap(Micros(out.at), out.side, view.cut);
            self.count().cut_bytes += view.cut;
            self.next += view.cut;
        }
    }

    /// Hands out what no longer waits, with the time at which it came, or at which what was missing before it came.
    fn drain<S: Stream>(&mut self, out: &mut Out<'_, S>) {
        let now = out.at;
        loop {
            let next = self.next;
            let Some(rare) = self.seen_rare() else { break };
            let Some(Piece { bytes, cut, at }) = rare.holes.take(next, out.came) else { break };
            out.at = at.max(*out.told).min(now);
            self.deliver(View { bytes: &bytes, cut }, out);
        }
        out.at = now;
    }

    /// The same, whatever it answers.
    fn resume_anyway<S: Stream>(&mut self, out: &mut Out<'_, S>) -> bool {
        out.came = u64::MAX;
        self.resume(out)
    }

    /// Goes on handing out what waited for the other side; false where there is nothing.
    pub(super) fn resume<S: Stream>(&mut self, out: &mut Out<'_, S>) -> bool {
        let before = self.next;
        self.drain(out);
        self.tell_end(out);
        self.next > before
    }

    /// Gives the first hole up, as far as `limit`; false where there is none.
    pub(super) fn skip<S: Stream>(&mut self, limit: u64, out: &mut Out<'_, S>) -> bool {
        let first = self.seen_rare().and_then(|rare| rare.holes.first());
        let to = first.map_or(limit, |first| first.min(limit));
        if to <= self.next || to == u64::MAX {
            return false;
        }
        let missing = to - self.next;
        let next = self.next;
        let rare = self.rare();
        rare.count.gaps += u64::from(rare.gap_end != next);
        rare.count.gap_bytes += missing;
        (rare.gap_end, rare.waiting, rare.opened) = (to, None, out.at);
        // What came behind the hole shows that it is one.
        let known = rare.holes.first_came().unwrap_or(out.at).max(*out.told).min(out.at);
        *out.told = known;
        self.next = to;
        self.top = self.top.max(to);
        out.to.gap(Micros(known), out.side, missing);
        self.drain(out);
        true
    }

    /// Bytes were acknowledged that never came by: the end has them, so the capture lost them. One byte with nothing behind
    /// it is rather a FIN that the capture lost.
    pub(super) fn owed(&self) -> bool {
        self.next != 0 && self.acked > self.next && (self.has_holes() || self.acked > self.next + 1)
    }

    /// A hole may have to be given up.
    pub(super) fn waits(&self) -> bool {
        self.acked > self.next || self.has_holes()
    }

    /// Gives up the holes that have waited long enough. Called for every segment of either side.
    pub(super) fn lose_patience<S: Stream>(&mut self, out: &mut Out<'_, S>) {
        let owed = self.owed();
        let blind = self.acked == 0 && self.has_holes();
        if !owed && !blind {
            if let Some(rare) = self.seen_rare() {
                rare.waiting = None;
            }
            return;
        }
        let (segments, time) = if owed { OWED } else { BLIND };
        let (since, count) = self.rare().waiting.get_or_insert((out.at, 0));
        *count += 1;
        if *count < segments && out.at.saturating_sub(*since) < time {
            return;
        }
        if owed {
            while self.owed() && self.skip(self.acked, out) {}
        } else {
            self.skip(u64::MAX, out);
        }
        self.tell_end(out);
    }

    /// Says that the stream ended in order, once all its bytes are out.
    pub(super) fn tell_end<S: Stream>(&mut self, out: &mut Out<'_, S>) {
        if !self.reset {
            self.tell(out.at, out);
        }
    }

    /// Says that a reset ended the stream, with the time at which it came.
    pub(super) fn tell_reset<S: Stream>(&mut self, out: &mut Out<'_, S>) {
        if self.reset && !self.told {
            let at = self.rare().reset_at;
            self.tell(at, out);
        }
    }

    fn tell<S: Stream>(&mut self, at: u64, out: &mut Out<'_, S>) {
        if self.end != 0 && self.next >= self.end && !self.told {
            self.told = true;
            *out.told = at.max(*out.told);
            out.to.end(Micros(*out.told), out.side, self.reset);
        }
    }

    /// Nothing more will come: what waits is handed out.
    pub(super) fn finish<S: Stream>(&mut self, out: &mut Out<'_, S>) {
        while self.skip(u64::MAX, out) {}
        if self.owed() {
            self.skip(self.acked, out);
        }
        if self.end > self.next && self.reset {
            self.end = self.next;
        }
        self.skip(self.end, out);
        self.tell_end(out);
        self.tell_reset(out);
    }
}

/// Ours: a hole whose bytes were acknowledged is given up after so many segments of the connection, or so many microseconds.
/// Within that, another queue of the capturing host may still bring it.
const OWED: (u32, u64) = (32, 200_000);
/// Ours: the same where acknowledgements are not in the capture at all: a retransmission after 1 s, RFC 6298 2.4, still counts.
const BLIND: (u32, u64) = (256, 3_000_000);
