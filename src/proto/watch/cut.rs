//! Cuts the plaintext of one direction into packets, without a copy where a packet lies whole in the bytes at hand.

use super::boundary::{self, Found};
use crate::base::{Layer, Limit, WireError};
use crate::wire::sstp::{HEADER_LEN, Header, MAX_PACKET, VERSION};

/// What the next bytes of a direction are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// The head of the request or response.
    Head,
    /// SSTP packets.
    Packets,
    /// Something behind a hole, until a packet boundary is found.
    Search,
    /// A body that is no SSTP unless the client begins to speak it.
    Doubtful,
    /// Nothing that is of interest.
    Skip,
    /// What can no longer be cut into packets.
    Lost,
}

/// One direction.
#[derive(Clone, Debug)]
pub(super) struct Cut {
    pub mode: Mode,
    /// Bytes that are not yet a whole head or packet.
    pub held: Vec<u8>,
    /// Bytes still to pass over: the rest of a packet of which a part is missing.
    skip: usize,
    /// Bytes are missing from this direction.
    pub holed: bool,
    /// Bytes behind an error, not yet told.
    pub lost: u64,
    /// Bytes passed over behind a hole, not yet told.
    pub passed: u64,
}

impl Cut {
    pub fn new() -> Cut {
        Cut { mode: Mode::Head, held: Vec::new(), skip: 0, holed: false, lost: 0, passed: 0 }
    }

    /// Hands every whole packet in `bytes` to `each` and keeps the rest. `Err`: why and where the stream falls apart.
    pub fn packets(&mut self, bytes: &[u8], mut each: impl FnMut(&[u8])) -> Result<(), Broken> {
        let mut rest = bytes;
        if self.skip > 0 {
            let over = self.skip.min(rest.len());
            self.skip -= over;
            self.passed += over as u64;
            rest = rest.get(over..).unwrap_or_default();
        }
        if !self.held.is_empty() {
            rest = complete(&mut self.held, rest);
            match whole(&self.held) {
                Ok(true) => each(&self.held),
                Ok(false) => return Ok(()),
                Err(error) => return Err(Broken { error, left: rest.len() }),
            }
            self.held.clear();
        }
        while let Some(header) = rest.first_chunk::<HEADER_LEN>() {
            let length = usize::from(u16::from_be_bytes([header[2], header[3]]) & LENGTH_MASK);
            if header[0] != VERSION || length < HEADER_LEN {
                break;
            }
            let Some((packet, behind)) = rest.split_at_checked(length) else { break };
            each(packet);
            rest = behind;
        }
        match whole(rest) {
            Err(error) => Err(Broken { error, left: rest.len() }),
            Ok(_) => {
                self.held.extend_from_slice(rest);
                Ok(())
            }
        }
    }

    /// So many bytes are missing here. Says whether the next packet boundary is lost with them.
    pub fn hole(&mut self, bytes: u64) -> bool {
        self.holed = true;
        let left = match Header::parse(&self.held) {
            Some(header) => header.length.saturating_sub(self.held.len()),
            None => self.skip,
        };
        let missing = usize::try_from(bytes).unwrap_or(usize::MAX);
        self.passed += self.held.len() as u64;
        self.held.clear();
        let known = self.mode == Mode::Packets && missing > 0 && missing <= left;
        self.skip = if known { left - missing } else { 0 };
        !known
    }

    /// Looks for a packet boundary in what is held and in `bytes`, and keeps what may yet turn out to be one.
    pub fn search(&mut self, bytes: &[u8]) -> Start {
        if self.held.is_empty() {
            let (at, found) = boundary::find(bytes);
            self.passed += at as u64;
            if found == Found::Here {
                self.mode = Mode::Packets;
                return Start::At(at);
            }
            self.held.extend_from_slice(bytes.get(at..).unwrap_or_default());
            return Start::Nowhere;
        }
        self.held.extend_from_slice(bytes);
        let (at, found) = boundary::find(&self.held);
        self.passed += at as u64;
        self.held.drain(..at);
        if found != Found::Here {
            return Start::Nowhere;
        }
        self.mode = Mode::Packets;
        Start::Held(std::mem::take(&mut self.held))
    }

    /// What could not be cut is no packet: the search goes on behind its first byte.
    pub fn search_on(&mut self) {
        self.mode = Mode::Search;
        self.passed += 1;
        if !self.held.is_empty() {
            self.held.drain(..1);
        }
    }
}

/// Why and where a stream cannot be cut into packets.
#[derive(Debug)]
pub(super) struct Broken {
    pub error: WireError,
    /// As many bytes at the end of those given are behind the packets and behind what is held.
    pub left: usize,
}

/// Where packets begin again.
#[derive(Debug)]
pub(super) enum Start {
    /// At this place of the bytes given.
    At(usize),
    /// With these bytes.
    Held(Vec<u8>),
    /// Not before more bytes come.
    Nowhere,
}

/// Fills `held` up to the end of its packet; what is left of the bytes.
fn complete<'a>(held: &mut Vec<u8>, bytes: &'a [u8]) -> &'a [u8] {
    let mut rest = bytes;
    let mut fill = |held: &mut Vec<u8>, to: usize| {
        let (front, behind) = rest.split_at(to.saturating_sub(held.len()).min(rest.len()));
        held.extend_from_slice(front);
        rest = behind;
    };
    fill(held, HEADER_LEN);
    if let Some(header) = Header::parse(held) {
        fill(held, header.length);
    }
    rest
}

/// The bytes are a whole packet, or the beginning of one. MS-SSTP 2.2.1, 3.1.5.1.
fn whole(bytes: &[u8]) -> Result<bool, WireError> {
    let wrong = |what: &str, at, need, have| WireError {
        layer: Layer::Sstp,
        what: what.into(),
        at,
        need,
        have,
        limit: Limit::Spec("MS-SSTP 2.2.1".into()),
    };
    match (bytes.first(), Header::parse(bytes)) {
        (Some(&version), _) if version != VERSION => Err(wrong("version", 0, usize::from(VERSION), usize::from(version))),
        (_, Some(header)) if header.length < HEADER_LEN => Err(wrong("length", 2, HEADER_LEN, header.length)),
        (_, Some(header)) => Ok(bytes.len() >= header.length),
        _ => Ok(false),
    }
}

/// MS-SSTP 2.2.1: the length has 12 bits.
const LENGTH_MASK: u16 = MAX_PACKET as u16;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::unhex;

    fn bytes(text: &str) -> Vec<u8> {
        unhex(text).expect("hexadecimal")
    }

    fn lengths(cut: &mut Cut, bytes: &[u8]) -> Vec<usize> {
        let mut lengths = Vec::new();
        cut.packets(bytes, |packet| lengths.push(packet.len())).expect("well framed");
        lengths
    }

    #[test]
    fn the_same_packets_come_out_however_the_stream_is_cut() {
        let stream = bytes("1001000e00010001000100060001 1001000800080000 1000000aff03c0210101");
        for size in 1..=stream.len() {
            let mut cut = Cut::new();
            let got: Vec<usize> = stream.chunks(size).flat_map(|piece| lengths(&mut cut, piece)).collect();
            assert_eq!(got, [14, 8, 10], "pieces of {size}");
            assert!(cut.held.is_empty());
        }
    }

    #[test]
    fn a_stream_that_falls_apart_says_where_and_gives_its_rest() {
        let mut cut = Cut::new();
        let broken = cut.packets(&bytes("1001000800080000 2001"), |_| {}).expect_err("version 2");
        assert_eq!((broken.error.what.as_str(), broken.error.have, broken.left), ("version", 0x20, 2));
        let mut cut = Cut::new();
        assert!(cut.packets(&[0x10, 1, 0], |_| {}).is_ok());
        let broken = cut.packets(&[3, 9], |_| {}).expect_err("length 3");
        assert_eq!((broken.error.what.as_str(), broken.error.have, broken.left), ("length", 3, 1));
        assert_eq!(cut.held, [0x10, 1, 0, 3]);
    }

    #[test]
    fn a_hole_within_one_packet_does_not_lose_the_boundary() {
        let mut cut = Cut { mode: Mode::Packets, ..Cut::new() };
        assert!(lengths(&mut cut, &bytes("1000000aff03")).is_empty());
        assert!(!cut.hole(2), "two of the four bytes that are left");
        assert_eq!(lengths(&mut cut, &bytes("0101 1001000800080000")), [8]);
        assert_eq!(lengths(&mut cut, &bytes("1000000aff03")), [] as [usize; 0]);
        assert!(cut.hole(5), "more is missing than the packet has left");
        assert!(cut.hole(0), "unknown how much");
    }
}
