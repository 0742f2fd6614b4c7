//! PPP on an asynchronous line: flags, escapes and checksum. RFC 1662 sections 3, 4 and appendix C.

/// Packs one PPP frame (`FF 03`, protocol, information) for the line: flag, frame and FCS with every control octet escaped, flag.
pub fn emit(frame: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(frame.len() * 2 + 6);
    out.push(FLAG);
    let fcs = !fcs16(INITIAL, frame);
    for octet in frame.iter().copied().chain(fcs.to_le_bytes()) {
        match octet {
            // RFC 1662 7.1: until LCP agrees on something else every octet below 0x20 is escaped.
            0..=0x1f | ESCAPE | FLAG => out.extend([ESCAPE, octet ^ FLIP]),
            octet => out.push(octet),
        }
    }
    out.push(FLAG);
    out
}

/// Cuts the octets of a line into frames.
#[derive(Clone, Debug, Default)]
pub struct Deframer {
    frame: Vec<u8>,
    escaped: bool,
    /// The frame is too long, or was broken off: its rest is passed over.
    lost: bool,
    /// Frames that were dropped because their FCS was wrong, they were too long, or were broken off.
    pub dropped: u64,
}

impl Deframer {
    /// Takes what came, and gives the frames that are complete, without FCS.
    pub fn push(&mut self, bytes: &[u8]) -> Vec<Vec<u8>> {
        bytes.iter().filter_map(|octet| self.octet(*octet)).collect()
    }

    fn octet(&mut self, octet: u8) -> Option<Vec<u8>> {
        match octet {
            FLAG => return self.end(),
            ESCAPE => self.escaped = true,
            octet if self.frame.len() < LONGEST => {
                let flip = if std::mem::take(&mut self.escaped) { FLIP } else { 0 };
                self.frame.push(octet ^ flip);
            }
            _ => self.lost = true,
        }
        None
    }

    fn end(&mut self) -> Option<Vec<u8>> {
        let mut frame = std::mem::take(&mut self.frame);
        // RFC 1662 4.3: an escape right before the flag breaks the frame off.
        let lost = std::mem::take(&mut self.escaped) | std::mem::take(&mut self.lost);
        if frame.is_empty() && !lost {
            return None;
        }
        if lost || frame.len() <= FCS_LEN || fcs16(INITIAL, &frame) != GOOD {
            self.dropped += 1;
            return None;
        }
        frame.truncate(frame.len() - FCS_LEN);
        Some(frame)
    }
}

/// The checksum over these octets, from `fcs` on. RFC 1662 appendix C.2, without its table.
fn fcs16(fcs: u16, bytes: &[u8]) -> u16 {
    bytes
        .iter()
        .fold(fcs, |fcs, octet| (0..8).fold(fcs ^ u16::from(*octet), |fcs, _| if fcs & 1 == 1 { fcs >> 1 ^ POLYNOMIAL } else { fcs >> 1 }))
}

/// RFC 1662 3.1: begins and ends a frame.
const FLAG: u8 = 0x7e;
/// RFC 1662 4.2: the next octet is flipped.
const ESCAPE: u8 = 0x7d;
/// RFC 1662 4.2: what an escaped octet is flipped with.
const FLIP: u8 = 0x20;
/// RFC 1662 C.2: x^16 + x^12 + x^5 + 1, lowest bit first.
const POLYNOMIAL: u16 = 0x8408;
/// RFC 1662 C.2: the checksum of nothing.
const INITIAL: u16 = 0xffff;
/// RFC 1662 C.2: the checksum of a frame together with its right FCS.
const GOOD: u16 = 0xf0b8;
/// RFC 1662 3.1: octets of the FCS.
const FCS_LEN: usize = 2;
/// Ours: a frame with its FCS is no longer; SSTP carries 4091 octets, MS-SSTP 2.2.3.
const LONGEST: usize = 8192;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{hex, unhex};

    /// An LCP Configure-Request as sstpc 1.0.18 put it on its line.
    const SSTPC: &str = "7eff7d23c0217d217d217d207d337d217d247d2ffb7d257d2671bb54d87d237d25c22381ba357e";
    const FRAME: &str = "ff03c021010100130104 0ffb 050671bb54d8 0305c22381";

    fn frame() -> Vec<u8> {
        unhex(FRAME).expect("hexadecimal")
    }

    #[test]
    fn a_frame_of_sstpc_goes_both_ways() {
        let line = unhex(SSTPC).expect("hexadecimal");
        assert_eq!(Deframer::default().push(&line), [frame()]);
        assert_eq!(hex(&emit(&frame())), SSTPC);
    }

    #[test]
    fn frames_may_come_in_any_pieces_and_share_a_flag() {
        let line = unhex(SSTPC).expect("hexadecimal");
        let shared = [&line[..], &line[1..]].concat();
        let (mut deframer, mut frames) = (Deframer::default(), Vec::new());
        shared.iter().for_each(|octet| frames.extend(deframer.push(&[*octet])));
        assert_eq!((frames, deframer.dropped), (vec![frame(), frame()], 0));
    }

    #[test]
    fn the_checksum_is_that_of_rfc_1662() {
        // The check value that catalogues of checksums give for CRC-16/X-25.
        assert_eq!(!fcs16(INITIAL, b"123456789"), 0x906e);
    }

    #[test]
    fn what_is_no_frame_is_dropped_and_the_next_one_is_read() {
        let line = unhex(SSTPC).expect("hexadecimal");
        let mut flipped = line.clone();
        flipped[20] ^= 0x40;
        let broken_off = [&line[..10], &[ESCAPE, FLAG]].concat();
        let endless = [vec![FLAG], vec![0x55; 3 * LONGEST], vec![FLAG]].concat();
        for bad in [flipped, broken_off, endless, vec![FLAG, 0x41, FLAG]] {
            let mut deframer = Deframer::default();
            assert_eq!(deframer.push(&[&bad[..], &line[..]].concat()), [frame()], "{}", hex(&bad[..bad.len().min(40)]));
            assert_eq!(deframer.dropped, 1);
            assert!(deframer.frame.capacity() <= 2 * LONGEST);
        }
    }
}
