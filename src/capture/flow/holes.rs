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
    came: Came,
}

/// When a segment came, and what must be handed out before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Came {
    /// Microseconds.
    pub(super) at: u64,
    /// It acknowledged the other side's bytes up to here.
    pub(super) needs: u64,
}

/// What [`Holes::take`] hands out.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) bytes: Box<[u8]>,
    pub(super) cut: u64,
    /// When its segment came, microseconds.
    pub(super) at: u64,
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
    pub(super) fn put(&mut self, pos: u64, view: View<'_>, came: Came) -> Put {
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
                self.keep(from, view.part(from - pos, to - pos), came);
                put.fresh += to - from;
                from = to;
            }
        }
        put
    }

    /// When the first chunk came.
    pub(super) fn first_came(&self) -> Option<u64> {
        self.chunks.first_key_value().map(|(_, chunk)| chunk.came.at)
    }

    /// Takes the first chunk out where it begins at `pos`, and the other side has come as far as it needs.
    pub(super) fn take(&mut self, pos: u64, other: u64) -> Option<Piece> {
        let first = self.chunks.first_entry().filter(|first| *first.key() == pos && first.get().came.needs <= other)?;
        let chunk = first.remove();
        self.held -= chunk.bytes.len() + OVERHEAD;
        Some(Piece { bytes: chunk.bytes, cut: chunk.cut, at: chunk.came.at })
    }

    fn keep(&mut self, pos: u64, view: View<'_>, came: Came) {
        self.held += view.bytes.len() + OVERHEAD;
        self.chunks.insert(pos, Chunk { bytes: view.bytes.into(), cut: view.cut, came });
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

    const SOON: Came = Came { at: 3, needs: 0 };

    fn view(bytes: &[u8]) -> View<'_> {
        View { bytes, cut: 0 }
    }

    #[test]
    fn the_first_bytes_stay_and_only_new_ones_are_added() {
        let mut holes = Holes::default();
        assert_eq!(holes.put(10, view(b"cd"), SOON), Put { fresh: 2, conflict: false });
        assert_eq!(holes.put(14, view(b"gh"), SOON), Put { fresh: 2, conflict: false });
        assert_eq!(holes.put(8, view(b"abcdefghij"), SOON), Put { fresh: 6, conflict: false });
        assert_eq!(holes.put(9, view(b"bXd"), SOON), Put { fresh: 0, conflict: true });
        let mut all = Vec::new();
        let mut pos = 8;
        while let Some(Piece { bytes, cut, at }) = holes.take(pos, 0) {
            assert_eq!((cut, at), (0, 3));
            pos += bytes.len() as u64;
            all.extend(bytes);
        }
        assert_eq!(all, b"abcdefghij");
        assert_eq!((holes.held(), holes.is_empty()), (0, true));
    }

    #[test]
    fn what_answers_bytes_that_have_not_come_stays() {
        let mut holes = Holes::default();
        holes.put(10, view(b"cd"), Came { at: 5, needs: 7 });
        assert_eq!((holes.take(10, 6), holes.take(9, 7)), (None, None));
        assert_eq!(holes.take(10, 7), Some(Piece { bytes: b"cd"[..].into(), cut: 0, at: 5 }));
    }

    #[test]
    fn what_the_snap_length_cut_is_part_of_the_length() {
        let cut = View { bytes: b"abcd", cut: 6 };
        assert_eq!(cut.part(2, 8), View { bytes: b"cd", cut: 4 });
        assert_eq!(cut.part(5, 9), View { bytes: b"", cut: 4 });
        assert_eq!(cut.part(0, 3), View { bytes: b"abc", cut: 0 });
        let mut holes = Holes::default();
        assert_eq!(holes.put(100, cut, SOON).fresh, 10);
        assert_eq!(holes.put(106, view(b"ghijk"), SOON), Put { fresh: 1, conflict: false });
    }
}
