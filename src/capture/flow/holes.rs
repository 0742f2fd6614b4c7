//! Bytes that came ahead of a hole, kept until it is filled or given up. RFC 9293 3.10.7.4.

use std::collections::BTreeMap;

/// Captured bytes, and how many more the snap length cut off behind them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct View<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) cut: u64,
}

impl<'a> View<'a> {
    pub(super) fn len(&self) -> u64 {
        self.bytes.len() as u64 + self.cut
    }

    /// The part between two distances from the start.
    pub(super) fn part(&self, from: u64, to: u64) -> View<'a> {
        let have = self.bytes.len() as u64;
        // Both are at most the length of a slice, so they fit a usize.
        let bytes = self.bytes.get(from.min(have) as usize..to.min(have) as usize).unwrap_or_default();
        View { bytes, cut: to.min(self.len()).saturating_sub(from).saturating_sub(bytes.len() as u64) }
    }
}

#[derive(Debug)]
struct Chunk {
    bytes: Box<[u8]>,
    cut: u64,
    /// Its segment acknowledged the other side's bytes up to here.
    needs: u64,
}

impl Chunk {
    fn view(&self) -> View<'_> {
        View { bytes: &self.bytes, cut: self.cut }
    }
}

/// What became of a segment that was put behind a hole.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Put {
    /// Bytes that were not there yet.
    pub(super) fresh: u64,
    /// Some of its bytes contradict bytes that are held.
    pub(super) conflict: bool,
}

/// Chunks by their position; they never overlap.
#[derive(Debug, Default)]
pub(super) struct Holes {
    chunks: BTreeMap<u64, Chunk>,
    held: usize,
}

impl Holes {
    pub(super) fn is_empty(&self) -> bool {
        self.chunks.is_empty()
    }

    /// Memory in use, bytes.
    pub(super) fn held(&self) -> usize {
        self.held
    }

    /// Where the first chunk begins.
    pub(super) fn first(&self) -> Option<u64> {
        self.chunks.first_key_value().map(|(pos, _)| *pos)
    }

    /// Puts a segment in. Where there is something already, that stays.
    /// `needs`: up to where its segment acknowledged the other side's bytes.
    pub(super) fn put(&mut self, pos: u64, view: View<'_>, needs: u64) -> Put {
        let mut put = Put::default();
        let end = pos + view.len();
        let mut from = pos;
        while from < end {
            let covering = self.chunks.range(..=from).next_back().filter(|(at, chunk)| **at + chunk.view().len() > from);
            if let Some((at, chunk)) = covering {
                let to = end.min(at + chunk.view().len());
                put.conflict |= differ(chunk.view().part(from - at, to - at), view.part(from - pos, to - pos));
                from = to;
            } else {
                let to = self.chunks.range(from..end).next().map_or(end, |(at, _)| *at);
                self.keep(from, view.part(from - pos, to - pos), needs);
                put.fresh += to - from;
                from = to;
            }
        }
        put
    }

    /// Takes the first chunk out where it begins at `pos`, and the other side has come as far as it needs.
    pub(super) fn take(&mut self, pos: u64, came: u64) -> Option<(Box<[u8]>, u64)> {
        let first = self.chunks.first_entry().filter(|first| *first.key() == pos && first.get().needs <= came)?;
        let chunk = first.remove();
        self.held -= chunk.bytes.len() + OVERHEAD;
        Some((chunk.bytes, chunk.cut))
    }

    fn keep(&mut self, pos: u64, view: View<'_>, needs: u64) {
        self.held += view.bytes.len() + OVERHEAD;
        self.chunks.insert(pos, Chunk { bytes: view.bytes.into(), cut: view.cut, needs });
    }
}

fn differ(old: View<'_>, new: View<'_>) -> bool {
    old.bytes.iter().zip(new.bytes).any(|(old, new)| old != new)
}

/// What a chunk costs beside its bytes: its row in the tree and the allocator's share.
const OVERHEAD: usize = 96;

#[cfg(test)]
mod tests {
    use super::*;

    fn view(bytes: &[u8]) -> View<'_> {
        View { bytes, cut: 0 }
    }

    #[test]
    fn the_first_bytes_stay_and_only_new_ones_are_added() {
        let mut holes = Holes::default();
        assert_eq!(holes.put(10, view(b"cd"), 0), Put { fresh: 2, conflict: false });
        assert_eq!(holes.put(14, view(b"gh"), 0), Put { fresh: 2, conflict: false });
        assert_eq!(holes.put(8, view(b"abcdefghij"), 0), Put { fresh: 6, conflict: false });
        assert_eq!(holes.put(9, view(b"bXd"), 0), Put { fresh: 0, conflict: true });
        let mut all = Vec::new();
        let mut pos = 8;
        while let Some((bytes, cut)) = holes.take(pos, 0) {
            assert_eq!(cut, 0);
            pos += bytes.len() as u64;
            all.extend(bytes);
        }
        assert_eq!(all, b"abcdefghij");
        assert_eq!((holes.held(), holes.is_empty()), (0, true));
    }

    #[test]
    fn what_answers_bytes_that_have_not_come_stays() {
        let mut holes = Holes::default();
        holes.put(10, view(b"cd"), 7);
        assert_eq!((holes.take(10, 6), holes.take(9, 7)), (None, None));
        assert_eq!(holes.take(10, 7), Some((b"cd"[..].into(), 0)));
    }

    #[test]
    fn what_the_snap_length_cut_is_part_of_the_length() {
        let cut = View { bytes: b"abcd", cut: 6 };
        assert_eq!(cut.part(2, 8), View { bytes: b"cd", cut: 4 });
        assert_eq!(cut.part(5, 9), View { bytes: b"", cut: 4 });
        assert_eq!(cut.part(0, 3), View { bytes: b"abc", cut: 0 });
        let mut holes = Holes::default();
        assert_eq!(holes.put(100, cut, 0).fresh, 10);
        assert_eq!(holes.put(106, view(b"ghijk"), 0), Put { fresh: 1, conflict: false });
    }
}
