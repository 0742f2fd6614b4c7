//! From a stream to records, and back to records behind a gap.

use super::{Sees, Tls};
use crate::base::{Micros, Side};
use crate::wire::tls::record::{HEADER_LEN, HEARTBEAT, Header};

impl Tls {
    /// Cuts the next bytes of one side into records.
    pub(super) fn cut(&mut self, at: Micros, from: Side, bytes: &[u8], plain: &mut [u8], out: &mut dyn Sees) {
        self.remember_first(from, bytes);
        let mut rest = bytes;
        while !rest.is_empty() {
            let half = self.half(from);
            if half.alien {
                return self.judge_alien(at, from, false, out);
            }
            if half.lost {
                return self.find_record(at, from, rest, plain, out);
            }
            rest = if half.buf.is_empty() { self.cut_here(at, from, rest, plain, out) } else { self.complete(at, from, rest, plain, out) };
        }
    }

    /// A record that lies in `rest` as a whole; or its beginning is put aside.
    fn cut_here<'a>(&mut self, at: Micros, from: Side, rest: &'a [u8], plain: &mut [u8], out: &mut dyn Sees) -> &'a [u8] {
        match Header::parse(rest) {
            Ok(Some(header)) if rest.len() >= HEADER_LEN + header.len => {
                let (record, later) = rest.split_at(HEADER_LEN + header.len);
                self.record(at, from, header, record.get(HEADER_LEN..).unwrap_or_default(), plain, out);
                later
            }
            Ok(_) => {
                let mut buf = self.keys.borrow_mut().room.take_buffer();
                buf.extend_from_slice(rest);
                self.half(from).buf = buf;
                &[]
            }
            Err(_) => self.no_record(at, from, rest, out),
        }
    }

    /// Adds to the record put aside what it lacks.
    fn complete<'a>(&mut self, at: Micros, from: Side, rest: &'a [u8], plain: &mut [u8], out: &mut dyn Sees) -> &'a [u8] {
        let buf = &mut self.half(from).buf;
        let header = match Header::parse(buf) {
            Ok(header) => header,
            Err(_) => return self.no_record(at, from, rest, out),
        };
        let whole = header.map_or(HEADER_LEN, |header| HEADER_LEN + header.len);
        let (now, later) = rest.split_at(rest.len().min(whole.saturating_sub(buf.len())));
        buf.reserve(whole.saturating_sub(buf.len()));
        buf.extend_from_slice(now);
        if let Some(header) = header
            && buf.len() == whole
        {
            let buf = std::mem::take(buf);
            self.record(at, from, header, buf.get(HEADER_LEN..).unwrap_or_default(), plain, out);
            self.keys.borrow_mut().room.give_buffer(buf);
        }
        later
    }

    /// What comes is no record: no TLS at all, or its trace is lost.
    fn no_record<'a>(&mut self, at: Micros, from: Side, rest: &'a [u8], out: &mut dyn Sees) -> &'a [u8] {
        let spoke = self.shake.spoke(from);
        let half = self.half(from);
        if !half.sealed && !spoke && half.records == 0 {
            half.alien = true;
            half.drop_partial();
            return rest;
        }
        half.lose(0);
        half.messages = Vec::new();
        if self.shake.secured() {
            out.lost(at, from, 0);
        }
        rest
    }

    /// Behind a gap: looks for a header that is followed by another, or by the end of what has come, and goes on from there.
    fn find_record(&mut self, at: Micros, from: Side, bytes: &[u8], plain: &mut [u8], out: &mut dyn Sees) {
        let mut buf = std::mem::take(&mut self.half(from).buf);
        buf.extend_from_slice(bytes);
        let mut start = 0;
        while let Some(rest) = buf.get(start..).filter(|rest| !rest.is_empty()) {
            if self.half(from).lost {
                match likely(rest) {
                    Likely::No => start += 1,
                    Likely::Perhaps => break,
                    Likely::Yes => self.half(from).lost = false,
                }
                continue;
            }
            match Header::parse(rest) {
                Ok(Some(header)) if rest.len() >= HEADER_LEN + header.len => {
                    let body = rest.get(HEADER_LEN..HEADER_LEN + header.len).unwrap_or_default();
                    self.record(at, from, header, body, plain, out);
                    start += HEADER_LEN + header.len;
                }
                Ok(_) => break,
                Err(_) => self.half(from).lose(0),
            }
        }
        buf.drain(..start);
        self.half(from).buf = buf;
    }

    fn remember_first(&mut self, from: Side, bytes: &[u8]) {
        let keep = !self.shake.over();
        let half = self.half(from);
        half.total += bytes.len() as u64;
        if keep {
            let room = MAX_FIRST.saturating_sub(half.first.len());
            half.first.extend_from_slice(bytes.get(..bytes.len().min(room)).unwrap_or_default());
        }
    }
}

enum Likely {
    No,
    /// More bytes are needed to tell.
    Perhaps,
    Yes,
}

/// Whether a record begins here. By chance a header looks right once in two million places, two in a row never.
fn likely(bytes: &[u8]) -> Likely {
    let Some(header) = plausible(bytes) else { return Likely::No };
    let Some(header) = header else { return Likely::Perhaps };
    match bytes.get(HEADER_LEN + header.len..) {
        None => Likely::Perhaps,
        Some([]) => Likely::Yes,
        Some(behind) => match plausible(behind) {
            None => Likely::No,
            Some(None) if behind.len() < 3 => Likely::Perhaps,
            Some(_) => Likely::Yes,
        },
    }
}

/// A header that can be, as far as it has come. RFC 8446 5.1; only heartbeats may be as short as they like.
fn plausible(bytes: &[u8]) -> Option<Option<Header>> {
    let header = Header::parse(bytes).ok()?;
    let minor_is_known = bytes.get(2).is_none_or(|minor| *minor <= 4);
    let is_some = header.is_none_or(|header| header.len > 0 && header.kind != HEARTBEAT);
    (minor_is_known && is_some).then_some(header)
}

/// Ours: so many first bytes of a side are kept until the handshake is through.
const MAX_FIRST: usize = 256;
