//! One connection: both directions, how it opened, and how it ended.

use super::aside::Aside;
use super::early::{Early, brings};
use super::half::Half;
use super::key::Key;
use super::recent::Recent;
use super::roster::Class;
use super::stream::{self, Out};
use super::{First, Stream};
use crate::base::{Micros, Side};
use crate::capture::segment::{ACK, FIN, IcmpError, RST, SYN, Segment};
use crate::transcript::tap;

/// A connection and who takes its streams.
#[derive(Debug)]
pub(super) struct Connection<S> {
    /// `None` once it was handed over: then the connection only keeps what comes late from opening another.
    to: Option<S>,
    /// Time of the first packet, microseconds since 1970.
    began: i64,
    /// Time of the latest segment since then; never goes back.
    now: u64,
    /// The time of what was handed out last.
    told: u64,
    handshake: Handshake,
    /// The client's direction and the server's.
    halves: [Half; 2],
    /// Names the connection among all that ever were.
    id: u64,
    client_is_lower: bool,
    pub(super) aside: Option<Box<Aside>>,
    early: Option<Box<Early>>,
    /// What the table has on its books for this connection, bytes.
    booked: u32,
}

/// How the connection opened. RFC 9293 3.5.
#[derive(Clone, Copy, Debug, Default)]
struct Handshake {
    syn: bool,
    complete: bool,
    syn_at: u64,
    syn_rtt: Option<u32>,
    /// SYN to the acknowledgement of the SYN-ACK: a full round trip wherever the tap is.
    trip: Option<u32>,
}

/// How a segment relates to the connection that has its addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meeting {
    /// It is part of it.
    Own,
    /// It opens the next one.
    New,
    /// A SYN in the midst of it: an answer must show whether it is real.
    Doubtful,
    /// It shows that the doubtful SYN was real.
    Confirmed,
}

impl<S: Stream> Connection<S> {
    pub(super) fn new(to: S, first: &First, client_is_lower: bool, id: u64) -> Connection<S> {
        Connection {
            to: Some(to),
            began: first.began,
            now: 0,
            told: 0,
            handshake: Handshake::default(),
            halves: [Half::new(), Half::new()],
            id,
            client_is_lower,
            aside: None,
            early: None,
            booked: 0,
        }
    }

    pub(super) fn side(&self, lower: bool) -> Side {
        if lower == self.client_is_lower { Side::Client } else { Side::Server }
    }

    /// Both FINs came, or a reset that nothing contradicts.
    pub(super) fn closed(&self) -> bool {
        let [client, server] = &self.halves;
        client.dead || server.dead || (client.finished() && server.finished())
    }

    /// Who takes the streams has them, and was told that nothing more will come.
    pub(super) fn is_handed_over(&self) -> bool {
        self.to.is_none()
    }

    /// Both ends closed in order, and each knows it of the other: nothing that counts can still come.
    fn settled(&self) -> bool {
        let over = |half: &Half| half.finished() && half.fin_known && !half.dead;
        self.to.is_some() && self.halves.iter().all(over)
    }

    pub(super) fn class(&self) -> Class {
        match (self.closed(), self.handshake.complete || self.halves.iter().any(|half| half.bytes > 0)) {
            (true, _) if self.settled() => Class::Settled,
            (true, _) => Class::Closed,
            (_, true) => Class::Open,
            _ => Class::Opening,
        }
    }

    /// Memory that waits behind holes and for the other side, bytes.
    pub(super) fn held(&self) -> usize {
        self.halves.iter().map(Half::held).sum::<usize>() + self.early.as_ref().map_or(0, |early| early.held())
    }

    /// What the table has on its books for this connection, bytes.
    pub(super) fn booked(&self) -> usize {
        self.booked as usize
    }

    /// Puts so many bytes on the books: what [`held`](Connection::held) said, or 0. Returns what really is booked, and what was before.
    pub(super) fn book(&mut self, held: usize) -> (usize, usize) {
        let booked = u32::try_from(held).unwrap_or(u32::MAX);
        let before = std::mem::replace(&mut self.booked, booked);
        (booked as usize, before as usize)
    }

    /// Whether a segment with these addresses belongs to this connection.
    pub(super) fn meets(&self, segment: &Segment<'_>, from: Side) -> Meeting {
        if self.aside.as_ref().is_some_and(|aside| aside.confirms(segment, from)) {
            return Meeting::Confirmed;
        }
        let [client, server] = &self.halves;
        let (own, peer) = if from == Side::Client { (client, server) } else { (server, client) };
        if segment.flags & (SYN | RST) != SYN || (own.syn && own.isn == segment.seq) {
            return Meeting::Own;
        }
        // The SYN may lie behind its answer in the capture, or behind the first bytes; and both ends may open at once.
        let late = !own.syn && own.next != 0 && own.next.saturating_sub(own.bytes) == own.place(segment.seq.wrapping_add(1));
        let unopened = !own.syn && own.next == 0 && peer.bytes == 0;
        match (self.closed(), segment.flags & ACK != 0) {
            (true, _) => Meeting::New,
            (_, true) => Meeting::Own,
            _ if late || unopened => Meeting::Own,
            _ if self.handshake.complete || own.bytes + peer.bytes > 0 || peer.answered => Meeting::Doubtful,
            _ => Meeting::New,
        }
    }

    /// Takes a segment of one side.
    pub(super) fn segment(&mut self, segment: &Segment<'_>, from: Side, hold: usize, recent: &mut Recent) {
        let Some(to) = &mut self.to else { return };
        self.now = self.now.max(since(self.began, segment.at));
        let at = self.now;
        let (own, peer) = split(&mut self.halves, from);
        let direction = stream::direction(self.id, from);
        if own.is_copy(segment, at, |pos| !segment.payload.is_empty() && recent.contradicts(direction, pos, segment.payload)) {
            return;
        }
        to.packet(segment.packet);
        if let Some(aside) = &mut self.aside {
            aside.note_after(segment, from, own);
        }
        let early = self.early.as_deref();
        let mut out = Out { to, at, told: &mut self.told, side: from.other(), recent, id: self.id, came: own.came() };
        // Nothing in this segment can fill the other side's holes, but it may answer what lies behind them. What waits for the other side
        // is not missing.
        if peer.waits() && early.is_none_or(|early| !early.has(from.other())) {
            peer.lose_patience(&mut out);
        }
        // Who ends now ends after the one who did before.
        if segment.flags & (FIN | RST) != 0 {
            peer.tell_reset(&mut out);
        }
        (out.side, out.came) = (from, peer.came());
        let waits = match early {
            Some(early) if early.has(from) => brings(segment),
            _ => own.is_early(segment, peer),
        };
        if waits {
            self.early.get_or_insert_with(|| Box::new(Early::new(at))).push(segment, from, own);
        }
        let trip = self.handshake.trip.map_or(REORDER, u64::from);
        if segment.flags & RST == 0 {
            let unanswered = !own.answered;
            self.handshake.synchronise(segment, own, peer, at);
            if unanswered && own.answered {
                *out.told = at;
                out.to.opened(Micros(at), self.handshake.syn_rtt());
            }
            let probe = !waits && take(segment, own, peer, trip, hold, &mut self.aside, &mut out);
            if segment.flags & ACK != 0 {
                own.acknowledge(peer, segment, probe, at);
                self.handshake.acknowledge(segment, own, peer, at);
            }
            own.note_window(segment, at);
        } else if !waits {
            self.aside.get_or_insert_default().reset(segment, own, peer, &mut out);
        }
        if own.waits() && self.early.as_ref().is_none_or(|early| !early.has(from)) {
            own.lose_patience(&mut out);
        }
        if self.early.is_some() || self.halves.iter().any(Half::has_holes) {
            let all = self.early.as_ref().is_some_and(|early| early.is_due(at, hold));
            self.release(all, hold, recent);
            if let Some(to) = &mut self.to {
                to.packet(segment.packet);
            }
        }
    }

    /// Takes what waited for the other side and waits no longer; with `all` everything, and what was acknowledged is given up.
    fn release(&mut self, all: bool, hold: usize, recent: &mut Recent) {
        while self.pass(false, hold, recent) || all && (self.skip_owed(recent) || self.early.is_some() && self.pass(true, hold, recent)) {}
        if self.early.as_ref().is_some_and(|early| early.is_empty()) {
            self.early = None;
        }
    }

    /// Hands out of each side what need not wait any longer; `anyway`: one segment at least, whatever it answers.
    fn pass(&mut self, anyway: bool, hold: usize, recent: &mut Recent) -> bool {
        let Some(to) = &mut self.to else { return false };
        let (at, id, trip) = (self.now, self.id, self.handshake.trip.map_or(REORDER, u64::from));
        let mut moved = false;
        for side in [Side::Client, Side::Server] {
            let (own, peer) = split(&mut self.halves, side);
            let came = if anyway { u64::MAX } else { peer.came() };
            let mut out = Out { to: &mut *to, at, told: &mut self.told, side, recent: &mut *recent, id, came };
            moved |= own.resume(&mut out);
            let Some(kept) = self.early.as_mut().and_then(|early| early.pop(side, peer, anyway)) else { continue };
            let segment = kept.segment();
            out.to.packet(segment.packet);
            out.at = since(self.began, segment.at).max(*out.told).min(at);
            take(&segment, own, peer, trip, hold, &mut self.aside, &mut out);
            moved = true;
        }
        moved
    }

    /// Gives up what was acknowledged and never came.
    fn skip_owed(&mut self, recent: &mut Recent) -> bool {
        let Some(to) = &mut self.to else { return false };
        let mut skipped = false;
        for side in [Side::Client, Side::Server] {
            let (own, peer) = split(&mut self.halves, side);
            let mut out =
                Out { to: &mut *to, at: self.now, told: &mut self.told, side, recent: &mut *recent, id: self.id, came: peer.came() };
            // What waits for the other side is not missing.
            let waiting = self.early.as_ref().and_then(|early| early.first(side, own)).unwrap_or(u64::MAX);
            skipped |= own.owed() && own.skip(own.acked.min(waiting), &mut out);
        }
        skipped
    }

    /// Gives up the first hole of a side behind which something waits; false where there is none.
    fn skip_first(&mut self, recent: &mut Recent) -> bool {
        let Some(to) = &mut self.to else { return false };
        [Side::Client, Side::Server].into_iter().any(|side| {
            let (own, peer) = split(&mut self.halves, side);
            let mut out =
                Out { to: &mut *to, at: self.now, told: &mut self.told, side, recent: &mut *recent, id: self.id, came: peer.came() };
            own.has_holes() && own.skip(u64::MAX, &mut out)
        })
    }

    /// Memory is short: what waits for the other side waits no longer, or the larger side gives its first hole up.
    pub(super) fn give_up(&mut self, recent: &mut Recent) {
        if self.early.is_some() {
            self.release(true, 0, recent);
            return;
        }
        let [client, server] = &self.halves;
        let side = if client.held() >= server.held() { Side::Client } else { Side::Server };
        let (half, _) = split(&mut self.halves, side);
        let Some(to) = &mut self.to else { return };
        let mut out = Out { to, at: self.now, told: &mut self.told, side, recent, id: self.id, came: u64::MAX };
        let _ = half.skip(u64::MAX, &mut out) || half.resume(&mut out);
        half.tell_end(&mut out);
    }

    /// Takes an ICMP error about a segment of one side.
    pub(super) fn icmp(&mut self, error: &IcmpError, about: Side) {
        let at = Micros(self.now.max(since(self.began, error.at)));
        let icmp = &mut self.aside.get_or_insert_default().icmp;
        if icmp.len() < tap::Flow::MAX_ENDS {
            icmp.push(tap::Icmp { at, from: error.from, about, says: error.says });
        }
    }

    /// Nothing more will come. Does nothing when it was said before.
    pub(super) fn hand_over(&mut self, key: &Key, why: tap::Over, recent: &mut Recent) {
        let (opening, over) = (self.opening(), if self.closed() && why != tap::Over::Reused { tap::Over::Closed } else { why });
        self.release(true, usize::MAX, recent);
        // What nobody acknowledged is given up hole by hole, so that both sides go on in turn.
        while self.halves.iter().any(Half::has_holes) && self.skip_first(recent) {
            self.release(true, usize::MAX, recent);
        }
        let Some(mut to) = self.to.take() else { return };
        let [client, server] = &self.halves;
        let client_first = client.untold_reset() <= server.untold_reset();
        for side in if client_first { [Side::Client, Side::Server] } else { [Side::Server, Side::Client] } {
            let (half, _) = split(&mut self.halves, side);
            half.finish(&mut Out { to: &mut to, at: self.now, told: &mut self.told, side, recent, id: self.id, came: u64::MAX });
        }
        let [client, server] = &mut self.halves;
        let (from_client, from_server) = (client.direction(self.now), server.direction(self.now));
        let aside = self.aside.take().unwrap_or_default();
        to.over(tap::Flow {
            client: key.end(self.client_is_lower),
            server: key.end(!self.client_is_lower),
            opening,
            syn_rtt: self.handshake.syn_rtt(),
            from_client,
            from_server,
            ends: aside.ends,
            icmp: aside.icmp,
            over,
            ended: Micros(self.now),
        });
    }

    fn opening(&self) -> tap::Opening {
        let answered = self.halves.iter().any(|half| half.answered);
        match (self.handshake.syn, answered, self.handshake.complete) {
            (true, true, true) => tap::Opening::Complete,
            (_, true, _) => tap::Opening::SynAck,
            (true, ..) => tap::Opening::Syn,
            _ => tap::Opening::Midstream,
        }
    }
}

impl Handshake {
    /// Takes SYN and SYN-ACK.
    fn synchronise(&mut self, segment: &Segment<'_>, own: &mut Half, peer: &Half, at: u64) {
        if segment.flags & SYN == 0 {
            return;
        }
        let answer = segment.flags & ACK != 0;
        let again = if answer { own.answered } else { own.syn };
        let other = own.syn && own.isn != segment.seq;
        own.count().syn_retransmissions += u32::from(again);
        own.answered |= answer;
        // A server may answer a SYN sent again with another number. The first one holds once the client acknowledged it.
        if !own.syn || (other && !self.complete) {
            own.open(segment);
        }
        if !answer && !peer.answered {
            (self.syn, self.syn_at) = (true, at);
        } else if answer && self.syn && self.syn_rtt.is_none() {
            self.syn_rtt = Some(small(at - self.syn_at));
        }
        self.syn |= !answer;
    }

    /// SYN to SYN-ACK.
    fn syn_rtt(&self) -> Option<Micros> {
        self.syn_rtt.map(|trip| Micros(trip.into()))
    }

    /// Takes what may be the third segment.
    fn acknowledge(&mut self, segment: &Segment<'_>, own: &Half, peer: &Half, at: u64) {
        if !self.complete && peer.answered && peer.acked != 0 && segment.flags & SYN == 0 {
            self.complete = true;
            self.trip = (self.syn && own.syn).then(|| small(at - self.syn_at));
        }
    }
}

/// Takes payload and end of a segment. True for a probe that asks for an acknowledgement.
fn take<S: Stream>(
    segment: &Segment<'_>,
    own: &mut Half,
    peer: &Half,
    reorder: u64,
    hold: usize,
    aside: &mut Option<Box<Aside>>,
    out: &mut Out<'_, S>,
) -> bool {
    if segment.flags & RST != 0 {
        aside.get_or_insert_default().reset(segment, own, peer, out);
        return false;
    }
    let probe = own.take(segment, peer, reorder, hold, out);
    if segment.flags & FIN != 0 {
        aside.get_or_insert_default().fin(segment, own, peer, out);
    }
    probe
}

/// The direction of one side, and the other.
fn split(halves: &mut [Half; 2], from: Side) -> (&mut Half, &mut Half) {
    let [client, server] = halves;
    match from {
        Side::Client => (client, server),
        Side::Server => (server, client),
    }
}

/// A round trip, microseconds; 71 minutes at most.
fn small(micros: u64) -> u32 {
    u32::try_from(micros).unwrap_or(u32::MAX)
}

/// Microseconds from `began` to `at`; 0 where the packet claims to be older.
fn since(began: i64, at: i64) -> u64 {
    u64::try_from(at.saturating_sub(began)).unwrap_or(0)
}

/// Ours: where the round trip is not known, what fills a hole within 3 ms (in microseconds) was out of order. So does Wireshark.
const REORDER: u64 = 3_000;
