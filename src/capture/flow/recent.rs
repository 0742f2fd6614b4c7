//! What was delivered a moment ago, so that a later segment that says something else is found out.

/// What was delivered last, of all connections together, in about 800 KiB.
///
/// The last 512 KiB are kept as they are: a later segment is compared with whatever of them it overlaps, wherever it begins. Of
/// the 4,096 or so segments before that only a sum and the first 16 bytes are left: one that begins where such a segment began is
/// compared with it, as a whole where both are equally long, else by those bytes.
#[derive(Debug)]
pub(super) struct Recent {
    rows: Vec<Row>,
    ring: Box<[u8]>,
    /// Bytes ever written into the ring.
    written: u64,
    /// The pieces in the ring, oldest overwritten first; `streams` has the stream of each, for a quick look.
    pieces: Vec<Piece>,
    streams: Vec<u64>,
    turn: usize,
}

#[derive(Clone, Copy, Debug, Default)]
struct Row {
    stream: u64,
    pos: u64,
    sum: u64,
    len: u32,
    head: [u8; HEAD],
}

/// Bytes of one delivery in the ring.
#[derive(Clone, Copy, Debug, Default)]
struct Piece {
    pos: u64,
    /// `written` when it was put in.
    at: u64,
    len: usize,
}

impl Recent {
    pub(super) fn new() -> Recent {
        let pieces = 1 << ROWS;
        Recent {
            rows: vec![Row::default(); pieces],
            ring: vec![0; RING].into_boxed_slice(),
            written: 0,
            pieces: vec![Piece::default(); pieces],
            streams: vec![0; pieces],
            turn: 0,
        }
    }

    /// Keeps what was delivered of a stream at a position.
    pub(super) fn note(&mut self, stream: u64, pos: u64, bytes: &[u8]) {
        if let Some(row) = self.rows.get_mut(place(stream, pos)) {
            *row = Row { stream, pos, sum: sum(bytes), len: bytes.len() as u32, head: head(bytes) };
        }
        self.keep(stream, pos, bytes);
    }

    fn keep(&mut self, stream: u64, pos: u64, bytes: &[u8]) {
        let at = (self.written % RING as u64) as usize;
        let (front, back) = bytes.split_at(bytes.len().min(RING - at));
        for (to, from) in [(at..at + front.len(), front), (0..back.len(), back)] {
            let Some(to) = self.ring.get_mut(to) else { return };
            to.copy_from_slice(from);
        }
        if let (Some(piece), Some(of)) = (self.pieces.get_mut(self.turn), self.streams.get_mut(self.turn)) {
            (*piece, *of) = (Piece { pos, at: self.written, len: bytes.len() }, stream);
        }
        self.turn = (self.turn + 1) % self.pieces.len();
        self.written += bytes.len() as u64;
    }

    /// Other bytes than these were delivered at the position.
    pub(super) fn contradicts(&self, stream: u64, pos: u64, bytes: &[u8]) -> bool {
        let row = self.rows.get(place(stream, pos)).filter(|row| row.stream == stream && row.pos == pos);
        if let Some(row) = row {
            if row.len as usize == bytes.len() {
                return row.sum != sum(bytes);
            }
            let common = HEAD.min(bytes.len()).min(row.len as usize);
            if row.head.iter().zip(bytes).take(common).any(|(old, new)| old != new) {
                return true;
            }
        }
        let same = self.streams.iter().zip(&self.pieces).filter(|(of, _)| **of == stream);
        same.map(|(_, piece)| piece).any(|piece| self.differs(piece, pos, bytes))
    }

    /// A piece says something else where the two overlap. One whose first byte was overwritten is gone.
    fn differs(&self, piece: &Piece, pos: u64, bytes: &[u8]) -> bool {
        let (from, to) = (piece.pos.max(pos), (piece.pos + piece.len as u64).min(pos + bytes.len() as u64));
        if from >= to || piece.at + (RING as u64) < self.written {
            return false;
        }
        let Some(new) = bytes.get((from - pos) as usize..(to - pos) as usize) else { return false };
        let at = ((piece.at + (from - piece.pos)) % RING as u64) as usize;
        let (front, back) = new.split_at(new.len().min(RING - at));
        self.ring.get(at..at + front.len()) != Some(front) || self.ring.get(..back.len()) != Some(back)
    }
}

fn place(stream: u64, pos: u64) -> usize {
    ((pos ^ stream.rotate_left(40)).wrapping_mul(ODD) >> (64 - ROWS)) as usize
}

fn head(bytes: &[u8]) -> [u8; HEAD] {
    if let Some(head) = bytes.first_chunk() {
        return *head;
    }
    let mut head = [0; HEAD];
    head.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
    head
}

/// A sum that depends on every byte and its place: Fletcher's, in four lanes of 64 bits.
fn sum(bytes: &[u8]) -> u64 {
    let (blocks, rest) = bytes.as_chunks::<32>();
    let (mut plain, mut placed) = ([0_u64; 4], [0_u64; 4]);
    let mut add = |block: &[u8; 32]| {
        let (words, _) = block.as_chunks::<8>();
        for ((word, plain), placed) in words.iter().zip(&mut plain).zip(&mut placed) {
            *plain = plain.wrapping_add(u64::from_le_bytes(*word));
            *placed = placed.wrapping_add(*plain);
        }
    };
    blocks.iter().for_each(&mut add);
    if !rest.is_empty() {
        let mut last = [0; 32];
        last.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
        add(&last);
    }
    plain.iter().chain(&placed).fold(bytes.len() as u64, |sum, lane| (sum ^ lane).wrapping_mul(ODD).rotate_left(29))
}

/// Bytes kept literally.
const HEAD: usize = 16;
/// Bytes kept as they are, of all connections together.
const RING: usize = 512 << 10;
/// Binary logarithm of the number of rows.
const ROWS: u32 = 12;
/// 2^64 divided by the golden ratio.
const ODD: u64 = 0x9E37_79B9_7F4A_7C15;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_changed_byte_of_an_equal_segment_is_found() {
        let mut recent = Recent::new();
        for len in [1, 7, 16, 31, 32, 33, 100, 1460] {
            let bytes: Vec<u8> = (0..len).map(|n| (n * 7) as u8).collect();
            recent.note(5, 1000, &bytes);
            assert!(!recent.contradicts(5, 1000, &bytes));
            for at in 0..len {
                let mut other = bytes.clone();
                other[at] ^= 0x40;
                assert!(recent.contradicts(5, 1000, &other), "byte {at} of {len}");
            }
            assert!(!recent.contradicts(6, 1000, b"another stream"));
            assert!(!recent.contradicts(5, 9000, b"another place"));
        }
    }

    #[test]
    fn an_overlap_is_found_wherever_it_begins() {
        let mut recent = Recent::new();
        let said: Vec<u8> = (0..4000_u32).map(|n| (n * 7 / 3) as u8).collect();
        for (n, piece) in said.chunks(1000).enumerate() {
            recent.note(9, 5000 + 1000 * n as u64, piece);
            recent.note(10, 5000 + 1000 * n as u64, &[0xEE; 1000]);
        }
        for (from, to) in [(1, 2), (0, 4000), (999, 1001), (500, 2500), (3999, 4000), (1000, 2000)] {
            let again = &said[from..to];
            assert!(!recent.contradicts(9, 5000 + from as u64, again), "{from}..{to}");
            for at in [0, again.len() / 2, again.len() - 1] {
                let mut other = again.to_vec();
                other[at] ^= 1;
                assert!(recent.contradicts(9, 5000 + from as u64, &other), "{from}..{to}, byte {at}");
            }
        }
        let beyond = [&said[3990..], b"what was never delivered"].concat();
        assert!(!recent.contradicts(9, 5000 + 3990, &beyond), "only what was delivered can be contradicted");
        assert!(!recent.contradicts(9, 4000, &[0; 1000]), "before all of it");
    }

    #[test]
    fn the_ring_forgets_what_was_overwritten_and_nothing_else() {
        let mut recent = Recent::new();
        let piece = |n: usize| vec![n as u8; 60_000];
        for n in 0..100 {
            recent.note(1, 60_000 * n as u64, &piece(n));
            for old in 0..=n {
                let kept = (n + 1 - old) * 60_000 <= RING;
                let inside = 60_000 * old as u64 + 100;
                assert_eq!(recent.contradicts(1, inside, &[0xFE; 50]), kept, "piece {old} after {n}");
                assert!(!recent.contradicts(1, inside, &[old as u8; 59_900]), "piece {old} after {n}");
            }
        }
    }

    #[test]
    fn of_long_ago_the_first_bytes_are_compared() {
        let mut recent = Recent::new();
        recent.note(1, 1, b"abcdefghijklmnopqrstuvwxyz");
        recent.note(2, 1, &[0; RING]);
        assert!(!recent.contradicts(1, 1, b"abc"));
        assert!(recent.contradicts(1, 1, b"abX"));
        assert!(recent.contradicts(1, 1, b"Xbcdefghijklmnopqrstuvwxyz, and more"));
        assert!(!recent.contradicts(1, 1, b"abcdefghijklmnopqrstuvwxyz, and more"));
    }

    #[test]
    fn swapped_words_have_another_sum() {
        let (a, b) = ([[1_u8; 32], [2; 32]].concat(), [[2_u8; 32], [1; 32]].concat());
        assert_ne!(sum(&a), sum(&b));
    }
}
