//! What was delivered a moment ago, so that a later segment that says something else is found out.

/// The last segments delivered, of all connections together, 192 KiB.
///
/// A segment that begins where a delivered one began is compared with it: the whole payload by its sum where both are equally
/// long, else the first 16 bytes. Not found out are: a difference behind the first 16 bytes of segments of unequal length, a
/// segment that begins elsewhere, and one that comes after so many others that its row was taken (about 4,096 segments).
#[derive(Debug)]
pub(super) struct Recent {
    rows: Vec<Row>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Row {
    stream: u64,
    pos: u64,
    sum: u64,
    len: u32,
    head: [u8; HEAD],
}

impl Recent {
    pub(super) fn new() -> Recent {
        Recent { rows: vec![Row::default(); 1 << ROWS] }
    }

    /// Keeps what was delivered of a stream at a position.
    pub(super) fn note(&mut self, stream: u64, pos: u64, bytes: &[u8]) {
        if let Some(row) = self.rows.get_mut(place(stream, pos)) {
            *row = Row { stream, pos, sum: sum(bytes), len: bytes.len() as u32, head: head(bytes) };
        }
    }

    /// Other bytes than these were delivered at the position.
    pub(super) fn contradicts(&self, stream: u64, pos: u64, bytes: &[u8]) -> bool {
        let Some(row) = self.rows.get(place(stream, pos)) else { return false };
        if row.stream != stream || row.pos != pos {
            return false;
        }
        if row.len as usize == bytes.len() {
            return row.sum != sum(bytes);
        }
        let common = HEAD.min(bytes.len()).min(row.len as usize);
        row.head.iter().zip(bytes).take(common).any(|(old, new)| old != new)
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
            assert!(!recent.contradicts(5, 1001, b"another place"));
        }
    }

    #[test]
    fn of_segments_of_unequal_length_the_first_bytes_are_compared() {
        let mut recent = Recent::new();
        recent.note(1, 1, b"abcdefghijklmnopqrstuvwxyz");
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
