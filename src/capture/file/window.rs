//! One buffer over a source of bytes. Packets are read where they lie in it.

use std::io::{ErrorKind, Read};
use std::ops::Range;

/// Ours: 256 KiB, which stays in the second-level cache; larger only while something larger is read.
const USUAL: usize = 256 * 1024;

pub(super) struct Window {
    source: Box<dyn Read>,
    buffer: Vec<u8>,
    /// Bytes at hand: `start..end` of the buffer, never beyond it.
    start: usize,
    end: usize,
    /// Bytes of the source before `start`.
    offset: u64,
    ended: bool,
    failed: Option<String>,
}

impl Window {
    pub(super) fn new(source: Box<dyn Read>) -> Window {
        Window { source, buffer: vec![0; USUAL], start: 0, end: 0, offset: 0, ended: false, failed: None }
    }

    /// The bytes at hand.
    pub(super) fn bytes(&self) -> &[u8] {
        self.buffer.get(self.start..self.end).unwrap_or_default()
    }

    /// How far into the source the bytes at hand begin.
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    /// The source has no more to give.
    pub(super) fn ended(&self) -> bool {
        self.ended
    }

    /// Why reading failed, once.
    pub(super) fn take_failure(&mut self) -> Option<String> {
        self.failed.take()
    }

    /// Passes over bytes at hand and says where they lay; [`Window::lent`] has them until the next read.
    pub(super) fn pass(&mut self, len: usize) -> Range<usize> {
        let from = self.start;
        let len = len.min(self.end - self.start);
        self.start += len;
        self.offset += len as u64;
        from..self.start
    }

    /// Bytes that were passed over.
    pub(super) fn lent(&self, range: Range<usize>) -> &[u8] {
        self.buffer.get(range).unwrap_or_default()
    }

    /// Reads until so many bytes are at hand; false where the source ends before. Memory grows with the bytes that came,
    /// not with the bytes that were asked for.
    pub(super) fn need(&mut self, len: usize) -> bool {
        while self.end - self.start < len {
            if self.ended {
                return false;
            }
            // The eighth more is so that many blocks which claim to be large do not each move the whole buffer.
            self.make_room(len + len / 8 + USUAL);
            self.read();
        }
        true
    }

    /// Reads once, whatever comes; false where the source has ended.
    pub(super) fn more(&mut self) -> bool {
        self.make_room(usize::MAX);
        self.read()
    }

    /// Room for one read at least. Where most of the buffer is in use it grows, up to a limit, rather than move nearly all
    /// of it for the sake of a few bytes.
    fn make_room(&mut self, limit: usize) {
        if self.ended || self.end < self.buffer.len() {
            return;
        }
        if self.end - self.start > self.buffer.len() / 2 && self.buffer.len() < limit {
            self.buffer.resize((self.buffer.len() * 2).min(limit), 0);
        } else {
            self.compact();
        }
    }

    fn compact(&mut self) {
        let kept = self.end - self.start;
        if self.buffer.len() > 4 * USUAL && kept < USUAL {
            let mut smaller = vec![0; USUAL];
            if let (Some(to), Some(from)) = (smaller.get_mut(..kept), self.buffer.get(self.start..self.end)) {
                to.copy_from_slice(from);
            }
            self.buffer = smaller;
        } else {
            self.buffer.copy_within(self.start..self.end, 0);
        }
        (self.start, self.end) = (0, kept);
    }

    fn read(&mut self) -> bool {
        while !self.ended {
            let Some(free) = self.buffer.get_mut(self.end..) else { return false };
            match self.source.read(free) {
                Ok(0) => self.ended = true,
                Ok(len) => {
                    self.end = (self.end + len).min(self.buffer.len());
                    return true;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => {
                    self.ended = true;
                    self.failed = Some(error.to_string());
                }
            }
        }
        false
    }
}
