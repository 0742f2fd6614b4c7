//! One direction of a connection: where its stream stands, and what is counted of it.
//!
//! Positions are sequence numbers widened to 64 bits, so that they never wrap: the low 32 bits are the sequence number.

use super::holes::Holes;
use super::options::Announced;
use crate::base::Micros;
use crate::capture::segment::{ACK, RST, Segment};
use crate::transcript::tap::Direction;

/// One direction. Small, because there may be many: what is rare is in a box.
#[derive(Debug)]
pub(super) struct Half {
    /// Position of the next byte to hand out; 0 until something tells.
    pub(super) next: u64,
    /// Position behind the last byte seen, handed out or not.
    pub(super) top: u64,
    /// Up to where the other end acknowledged; 0 until it did.
    pub(super) acked: u64,
    /// Position of FIN or reset; 0 until there is one.
    pub(super) end: u64,
    pub(super) segments: u64,
    pub(super) bytes: u64,
    first: u64,
    last: u64,
    pub(super) last_data: u64,
    pause: u64,
    prints: [Print; 4],
    pub(super) isn: u32,
    pub(super) largest: u32,
    /// The window announced last, and the widest one, not scaled.
    pub(super) window: u16,
    pub(super) widest: u16,
    mss: Option<u16>,
    pub(super) scale: Option<u8>,
    ttl: (u8, u8),
    sack_permitted: bool,
    /// SYN or SYN-ACK was seen, so that `isn` and the start of the stream are known.
    pub(super) syn: bool,
    /// The handshake tells where the stream starts.
    pub(super) rooted: bool,
    /// SYN-ACK was seen.
    pub(super) answered: bool,
    /// A reset that may be real was seen, and nothing after it.
    pub(super) dead: bool,
    /// `end` is a reset.
    pub(super) reset: bool,
    /// The other end acknowledged the FIN.
    pub(super) fin_known: bool,
    /// The end was handed out.
    pub(super) told: bool,
    rare: Option<Box<Rare>>,
}

/// What most directions never have.
#[derive(Debug, Default)]
pub(super) struct Rare {
    pub(super) holes: Holes,
    /// When the segment came that opened the first hole.
    pub(super) opened: u64,
    /// When the reset came that [`Half::end`] is.
    pub(super) reset_at: u64,
    /// Since when, and for how many segments, a hole waits that the other end has acknowledged.
    pub(super) waiting: Option<(u64, u32)>,
    /// Where the last gap ended: one right behind it is the same hole.
    pub(super) gap_end: u64,
    /// When the window closed, while it is closed.
    pub(super) shut: Option<u64>,
    /// An acknowledgement of this direction's bytes that was too far ahead to be believed at once.
    pub(super) doubtful: u64,
    /// Segments sent again, by position, with their length and how often.
    repeats: [(u64, u32, u32); 4],
    /// The counters of rare things; the others in it are unused.
    pub(super) count: Direction,
}

/// A segment's fingerprint and its time, the low 32 bits of microseconds.
#[derive(Clone, Copy, Debug, Default)]
struct Print {
    of: u32,
    at: u32,
}

impl Half {
    pub(super) fn new() -> Half {
        Half {
            next: 0,
            top: 0,
            acked: 0,
            end: 0,
            segments: 0,
            bytes: 0,
            first: 0,
            last: 0,
            last_data: NEVER,
            pause: 0,
            prints: [Print::default(); 4],
            isn: 0,
            largest: 0,
            window: 0,
            widest: 0,
            mss: None,
            scale: None,
            ttl: (0, 0),
            sack_permitted: false,
            syn: false,
            rooted: false,
            answered: false,
            dead: false,
            reset: false,
            fin_known: false,
            told: false,
            rare: None,
        }
    }

    /// The position of a sequence number: the one nearest to where the stream stands.
    pub(super) fn place(&self, seq: u32) -> u64 {
        let near = if self.next != 0 { self.next } else { self.acked };
        if near == 0 { START | u64::from(seq) } else { near.wrapping_add_signed(i64::from(seq.wrapping_sub(near as u32) as i32)) }
    }

    pub(super) fn rare(&mut self) -> &mut Rare {
        self.rare.get_or_insert_default()
    }

    pub(super) fn seen_rare(&mut self) -> Option<&mut Rare> {
        self.rare.as_deref_mut()
    }

    pub(super) fn count(&mut self) -> &mut Direction {
        &mut self.rare().count
    }

    /// Bytes wait behind a hole.
    pub(super) fn has_holes(&self) -> bool {
        self.rare.as_ref().is_some_and(|rare| !rare.holes.is_empty())
    }

    /// Nothing of this side was ever recorded: not its SYN, not a byte, and what was waited for was given up.
    pub(super) fn is_absent(&self) -> bool {
        !self.syn && self.bytes == 0 && self.rare.as_ref().is_some_and(|rare| rare.gap_end != 0)
    }

    /// Memory that waits behind holes, bytes.
    pub(super) fn held(&self) -> usize {
        self.rare.as_ref().map_or(0, |rare| rare.holes.held())
    }

    /// The stream begins here; only what comes first may say so.
    pub(super) fn start(&mut self, pos: u64) {
        self.next = pos;
        self.top = pos;
    }

    /// A SYN or SYN-ACK, the first of this side.
    pub(super) fn open(&mut self, segment: &Segment<'_>) {
        let first = START | u64::from(segment.seq.wrapping_add(1));
        let untouched = self.bytes == 0 && self.rare.as_ref().is_none_or(|rare| rare.holes.is_empty() && rare.gap_end == 0);
        if self.next == 0 || (untouched && self.next != first) {
            (self.acked, self.end) = (0, 0);
            self.start(first);
        }
        (self.syn, self.rooted, self.isn) = (true, true, segment.seq);
        let announced = Announced::parse(segment.options);
        (self.mss, self.scale, self.sack_permitted) = (announced.mss, announced.scale, announced.sack_permitted);
    }

    /// FIN came, with everything before it; a reset is none.
    pub(super) fn finished(&self) -> bool {
        self.end != 0 && !self.reset && self.next >= self.end
    }

    /// When the reset came that is not told yet; 0 where there is none.
    pub(super) fn untold_reset(&self) -> u64 {
        self.rare.as_ref().filter(|_| self.reset && !self.told).map_or(0, |rare| rare.reset_at)
    }

    /// The next sequence number, a FIN that was handed out included.
    pub(super) fn expected(&self) -> u64 {
        self.next + u64::from(self.told && !self.reset && self.end == self.next)
    }

    /// Counts what every segment has, except that a copy of one seen within a millisecond is only a copy: the capture has
    /// it twice, from two interfaces or both ways through a loopback.
    /// Where its bytes contradict those that were handed out, it is none.
    pub(super) fn is_copy(&mut self, segment: &Segment<'_>, at: u64, contradicts: impl Fn(u64) -> bool) -> bool {
        let pos = self.place(segment.seq);
        let fresh = self.next != 0 && !segment.payload.is_empty() && pos == self.next;
        let (of, now) = (print(segment), at as u32);
        let same = |old: &Print| old.of == of && now.wrapping_sub(old.at) <= COPY;
        if !fresh && self.prints.iter().any(same) && !contradicts(pos) {
            self.count().copies += 1;
            return true;
        }
        if let Some(oldest) = self.prints.get_mut(self.segments as usize % 4) {
            *oldest = Print { of, at: now };
        }
        self.note(segment, at);
        false
    }

    fn note(&mut self, segment: &Segment<'_>, at: u64) {
        if self.segments == 0 {
            self.first = at;
        }
        self.segments += 1;
        self.last = at;
        self.largest = self.largest.max(length(segment) as u32);
        if segment.flags & RST == 0 {
            let (low, high) = self.ttl;
            self.ttl = if (low, high) == (0, 0) { (segment.ttl, segment.ttl) } else { (low.min(segment.ttl), high.max(segment.ttl)) };
        }
    }

    /// New payload came.
    pub(super) fn note_data(&mut self, at: u64) {
        if self.last_data != NEVER {
            self.pause = self.pause.max(at.saturating_sub(self.last_data));
        }
        self.last_data = if self.last_data == NEVER { at } else { at.max(self.last_data) };
    }

    /// A segment with payload, or a FIN, that brings nothing new.
    pub(super) fn note_repeat(&mut self, pos: u64, len: u64) {
        let spurious = self.acked >= pos + len && len > 0;
        let rare = self.rare();
        rare.count.retransmissions += 1;
        rare.count.retransmitted_bytes += len;
        rare.count.spurious_retransmissions += u64::from(spurious);
        let known = rare.repeats.iter().position(|row| row.0 == pos);
        let least = rare.repeats.iter().enumerate().min_by_key(|(_, row)| row.2).map_or(0, |(at, _)| at);
        let Some(row) = rare.repeats.get_mut(known.unwrap_or(least)) else { return };
        if row.0 != pos {
            *row = (pos, 0, 0);
        }
        (row.1, row.2) = (row.1.max(len as u32), row.2.saturating_add(1));
        if row.2 > rare.count.most_retransmitted {
            (rare.count.most_retransmitted, rare.count.most_retransmitted_len) = (row.2, row.1);
        }
    }

    /// The window that a segment announces.
    pub(super) fn note_window(&mut self, segment: &Segment<'_>, at: u64) {
        if segment.flags & (ACK | RST) != ACK {
            return;
        }
        (self.window, self.widest) = (segment.window, self.widest.max(segment.window));
        if segment.window == 0 {
            let rare = self.rare();
            if rare.shut.is_none() {
                rare.shut = Some(at);
                rare.count.zero_windows += 1;
            }
        } else if let Some(rare) = self.seen_rare() {
            rare.reopen(at);
        }
    }

    /// What is reported of it, once nothing more will come.
    pub(super) fn direction(&mut self, at: u64) -> Direction {
        let mut rare = self.rare.take().unwrap_or_default();
        rare.reopen(at);
        let sent = |at| (self.segments > 0).then_some(Micros(at));
        let known =
            if self.acked == 0 { self.bytes + rare.count.gap_bytes + rare.count.cut_bytes } else { self.top.saturating_sub(self.acked) };
        Direction {
            segments: self.segments,
            bytes: self.bytes,
            unacknowledged: known,
            largest: self.largest,
            mss: self.mss,
            window_scale: self.scale,
            sack_permitted: self.sack_permitted,
            ttl: self.ttl,
            first: sent(self.first),
            last: sent(self.last),
            last_data: (self.last_data != NEVER).then_some(Micros(self.last_data)),
            longest_pause: Micros(self.pause),
            ..rare.count
        }
    }
}

impl Rare {
    fn reopen(&mut self, at: u64) {
        if let Some(since) = self.shut.take() {
            self.count.zero_window_time.0 += at - since;
        }
    }
}

/// Payload length, what the snap length cut off included.
pub(super) fn length(segment: &Segment<'_>) -> u64 {
    segment.payload.len() as u64 + u64::from(segment.cut)
}

/// Mixes what a copy has in common with its original; the TTL differs where a router lies between.
fn print(segment: &Segment<'_>) -> u32 {
    let numbers = u64::from(segment.seq) << 32 | u64::from(segment.ack);
    let rest = length(segment) << 40 ^ u64::from(segment.window) << 24 ^ u64::from(segment.ip_id) << 8 ^ u64::from(segment.flags);
    // Acknowledgements that repeat one another within a millisecond differ in their SACK blocks, and what was injected
    // beside a segment differs in what it says.
    let shown = if segment.payload.is_empty() { segment.options } else { segment.payload.get(..16).unwrap_or(segment.payload) };
    let (words, _) = shown.as_chunks::<4>();
    let rest = words.iter().fold(rest, |rest, word| rest.rotate_left(9) ^ u64::from(u32::from_le_bytes(*word)));
    let mixed = numbers.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ rest.wrapping_mul(0xC2B2_AE3D_27D4_EB4F);
    (mixed >> 32) as u32 | 1
}

/// Added to the first sequence number, so that positions before it are still positive.
const START: u64 = 1 << 32;
/// No time yet.
const NEVER: u64 = u64::MAX;
/// Ours: the same segment within 1 ms, in microseconds, was captured twice. No sender repeats one so soon.
const COPY: u32 = 1_000;
