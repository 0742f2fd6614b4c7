//! pcapng: sections, interfaces, packets and secrets in blocks. draft-ietf-opsawg-pcapng.

mod clock;

use super::Step;
use super::damage::Harm;
use super::pcap::MAX_PACKET;
use super::resync::{cut, resync};
use super::window::Window;
use clock::Clock;
use pcap_file::pcapng::PcapNgParser;
use pcap_file::pcapng::blocks::{
    ENHANCED_PACKET_BLOCK, INTERFACE_DESCRIPTION_BLOCK, INTERFACE_STATISTIC_BLOCK, NAME_RESOLUTION_BLOCK, PACKET_BLOCK,
    SECTION_HEADER_BLOCK, SIMPLE_PACKET_BLOCK, SYSTEMD_JOURNAL_EXPORT_BLOCK,
};
use std::ops::Range;

/// draft-ietf-opsawg-pcapng 4.7; pcap-file does not know it.
const DECRYPTION_SECRETS_BLOCK: u32 = 0x0a;
/// draft-ietf-opsawg-pcapng 4.8: custom blocks, that may be copied or not.
const CUSTOM_BLOCKS: [u32; 2] = [0xbad, 0x4000_0bad];
/// draft-ietf-opsawg-pcapng 4.7: secrets of TLS, "TLSK".
const TLS_KEY_LOG: u32 = 0x544c_534b;
/// draft-ietf-opsawg-pcapng 4.1: tells the byte order, here as it lies in a big-endian section.
const BYTE_ORDER_MAGIC: [u8; 4] = [0x1a, 0x2b, 0x3c, 0x4d];
/// draft-ietf-opsawg-pcapng 3.1: type and two lengths around the body.
const FRAME: usize = 12;
/// Ours: no block of secrets is larger, nor one that is passed over.
const MAX_BLOCK: u32 = 16 * 1024 * 1024;
/// Ours: more interfaces of a section are not remembered.
const MAX_INTERFACES: usize = 65_536;
/// Ours: a block that is looked for behind damage is no larger.
const MAX_AHEAD: usize = MAX_PACKET as usize;

/// The shortest section header of either byte order, to make a parser from.
const BIG_SECTION: [u8; 28] =
    [0x0a, 0x0d, 0x0d, 0x0a, 0, 0, 0, 28, 0x1a, 0x2b, 0x3c, 0x4d, 0, 1, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255, 0, 0, 0, 28];
const LITTLE_SECTION: [u8; 28] =
    [0x0a, 0x0d, 0x0d, 0x0a, 28, 0, 0, 0, 0x4d, 0x3c, 0x2b, 0x1a, 1, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255, 28, 0, 0, 0];

pub(super) struct Pcapng {
    parser: PcapNgParser,
    big: bool,
    interfaces: Vec<Interface>,
    /// Time of the last packet: simple packets have none of their own.
    last: i64,
}

#[derive(Clone, Copy)]
struct Interface {
    link: u32,
    snaplen: u32,
    clock: Clock,
}

/// A packet block's contents; `data` is a range of the body.
struct Contents {
    interface: u32,
    stamp: Option<u64>,
    data: Range<usize>,
    original_len: u32,
}

pub(super) fn begins(bytes: &[u8]) -> bool {
    bytes.starts_with(&SECTION_HEADER_BLOCK.to_be_bytes())
}

impl Pcapng {
    /// For a file that begins so; the section header is left to be read. What it looks like where it cannot be read.
    pub(super) fn new(bytes: &[u8]) -> Result<Pcapng, String> {
        let big = order(bytes).ok_or_else(|| String::from("a pcapng file with a damaged section header"))?;
        match major(bytes, big) {
            None | Some(1) => Ok(Pcapng { parser: parser(big), big, interfaces: Vec::new(), last: 0 }),
            Some(other) => Err(format!("a pcapng file of major version {other}, where 1 is the one in use")),
        }
    }

    pub(super) fn step(&mut self, window: &mut Window) -> Step {
        let (kind, len) = match self.front(window) {
            Ok(front) => front,
            Err(step) => return step,
        };
        match kind {
            SECTION_HEADER_BLOCK => self.section(window, len),
            INTERFACE_DESCRIPTION_BLOCK => self.interface(window, len),
            _ => self.block(window, kind, len),
        }
    }

    /// Type and length of the block that begins here, all of which is at hand.
    fn front(&self, window: &mut Window) -> Result<(u32, usize), Step> {
        if !window.need(FRAME) {
            return Err(cut(window, FRAME));
        }
        let (kind, len) = self.head(window.bytes()).unwrap_or_default();
        let limit = if matches!(kind, ENHANCED_PACKET_BLOCK | PACKET_BLOCK | SIMPLE_PACKET_BLOCK) { MAX_PACKET } else { MAX_BLOCK };
        let size = len as usize;
        match len {
            _ if size < FRAME || !len.is_multiple_of(4) => Err(self.resync(window, "a block with an impossible length")),
            _ if len > limit => Err(self.resync(window, "a block that claims to be larger than any")),
            _ if window.need(size) => Ok((kind, size)),
            // It may be the length that is wrong, not the end of the file.
            _ => match self.search(window.bytes().get(1..).unwrap_or_default(), true) {
                (_, true) => Err(self.resync(window, "a block with a wrong length")),
                _ => Err(cut(window, size)),
            },
        }
    }

    /// A section begins: its byte order is its own, and interfaces count anew. pcap-file would refuse a section for one bad
    /// option, so its parser is made from a bare header of the same order.
    fn section(&mut self, window: &mut Window, len: usize) -> Step {
        let bytes = window.bytes();
        let (Some(big), true) = (order(bytes), len >= 28 && self.framed(bytes, len)) else {
            return self.resync(window, "a damaged section header");
        };
        let known = major(bytes, big) == Some(1);
        (self.parser, self.big) = (parser(big), big);
        self.interfaces.clear();
        let offset = window.offset();
        window.pass(len);
        if known {
            return Step::Passed;
        }
        Step::Harmed { harm: Harm::BadBlock("a section of an unknown version, read as if it were version 1"), offset, packet: false }
    }

    /// pcap-file would refuse an interface for one bad option, and keep all options of all of them.
    fn interface(&mut self, window: &mut Window, len: usize) -> Step {
        let bytes = window.bytes();
        if !self.framed(bytes, len) {
            return self.resync(window, "a block whose two lengths differ");
        }
        let body = bytes.get(8..len - 4).unwrap_or_default();
        let described = self.half(body, 0).zip(self.word(body, 4)).map(|(link, snaplen)| {
            let clock = Clock::of(body.get(8..).unwrap_or_default(), self.big);
            Interface { link: u32::from(link), snaplen, clock }
        });
        let offset = window.offset();
        window.pass(len);
        match described {
            Some(interface) if self.interfaces.len() < MAX_INTERFACES => self.interfaces.push(interface),
            Some(_) => return Step::Harmed { harm: Harm::BadBlock("more than 65,536 interfaces"), offset, packet: false },
            None => return Step::Harmed { harm: Harm::BadBlock("an interface without a link layer"), offset, packet: false },
        }
        Step::Passed
    }

    fn block(&mut self, window: &mut Window, kind: u32, len: usize) -> Step {
        let Ok((_, block)) = self.parser.next_raw_block(window.bytes()) else {
            return self.resync(window, "a block whose two lengths differ");
        };
        let (offset, body) = (window.offset(), block.body.as_ref());
        let contents = match kind {
            ENHANCED_PACKET_BLOCK => self.enhanced(body),
            SIMPLE_PACKET_BLOCK => self.simple(body),
            PACKET_BLOCK => self.obsolete(body),
            DECRYPTION_SECRETS_BLOCK => return self.secrets(window, len),
            _ => {
                window.pass(len);
                return Step::Passed;
            }
        };
        let from = window.pass(len).start + 8;
        let Some(contents) = contents else {
            return Step::Harmed { harm: Harm::BadBlock("a packet that claims more bytes than its block holds"), offset, packet: true };
        };
        let Some(interface) = self.interfaces.get(contents.interface as usize) else {
            return Step::Harmed { harm: Harm::UnknownInterface(contents.interface), offset, packet: true };
        };
        if let Some(stamp) = contents.stamp {
            self.last = interface.clock.micros(stamp);
        }
        let data = from + contents.data.start..from + contents.data.end;
        Step::Packet { at: self.last, link: interface.link, data, original_len: contents.original_len }
    }

    /// draft-ietf-opsawg-pcapng 4.3.
    fn enhanced(&self, body: &[u8]) -> Option<Contents> {
        let head: &[u8; 20] = body.first_chunk()?;
        self.stamped(self.word(head, 0)?, head, body)
    }

    /// draft-ietf-opsawg-pcapng A: as the enhanced one, with a 16-bit interface and a drop count.
    fn obsolete(&self, body: &[u8]) -> Option<Contents> {
        let head: &[u8; 20] = body.first_chunk()?;
        self.stamped(u32::from(self.half(head, 0)?), head, body)
    }

    fn stamped(&self, interface: u32, head: &[u8; 20], body: &[u8]) -> Option<Contents> {
        let stamp = u64::from(self.word(head, 4)?) << 32 | u64::from(self.word(head, 8)?);
        let end = 20usize.checked_add(self.word(head, 12)? as usize)?;
        (end <= body.len()).then_some(Contents { interface, stamp: Some(stamp), data: 20..end, original_len: self.word(head, 16)? })
    }

    /// draft-ietf-opsawg-pcapng 4.4: always of the first interface, cut by its snap length, without a time.
    fn simple(&self, body: &[u8]) -> Option<Contents> {
        let original_len = self.word(body, 0)?;
        let snaplen = self.interfaces.first().map_or(0, |interface| interface.snaplen);
        let captured = if snaplen == 0 { original_len } else { original_len.min(snaplen) };
        let end = 4usize.checked_add(captured as usize)?;
        (end <= body.len()).then_some(Contents { interface: 0, stamp: None, data: 4..end, original_len })
    }

    fn secrets(&self, window: &mut Window, len: usize) -> Step {
        let offset = window.offset();
        let body = window.pass(len);
        let body = body.start + 8..body.end - 4;
        let bytes = window.lent(body.clone());
        let (Some(kind), Some(text_len)) = (self.word(bytes, 0), self.word(bytes, 4)) else {
            return Step::Harmed { harm: Harm::BadBlock("a block of secrets without a head"), offset, packet: false };
        };
        if kind != TLS_KEY_LOG {
            return Step::Passed;
        }
        // A text that is said to be longer than its block is taken as far as it goes: key logs are read line by line.
        let end = body.end.min((body.start + 8).saturating_add(text_len as usize));
        Step::Secrets(body.start + 8..end)
    }

    /// Type and length at the front of a block. A section header tells its own byte order.
    fn head(&self, bytes: &[u8]) -> Option<(u32, u32)> {
        if begins(bytes) {
            let len: [u8; 4] = bytes.get(4..8)?.try_into().ok()?;
            let big = order(bytes).unwrap_or(self.big);
            return Some((SECTION_HEADER_BLOCK, if big { u32::from_be_bytes(len) } else { u32::from_le_bytes(len) }));
        }
        Some((self.word(bytes, 0)?, self.word(bytes, 4)?))
    }

    /// The length at the end of a block is the one at its front.
    fn framed(&self, bytes: &[u8], len: usize) -> bool {
        len >= FRAME && bytes.get(4..8).is_some_and(|front| bytes.get(len - 4..len) == Some(front))
    }

    fn word(&self, bytes: &[u8], at: usize) -> Option<u32> {
        let four: [u8; 4] = bytes.get(at..at.checked_add(4)?)?.try_into().ok()?;
        Some(if self.big { u32::from_be_bytes(four) } else { u32::from_le_bytes(four) })
    }

    fn half(&self, bytes: &[u8], at: usize) -> Option<u16> {
        let two: [u8; 2] = bytes.get(at..at.checked_add(2)?)?.try_into().ok()?;
        Some(if self.big { u16::from_be_bytes(two) } else { u16::from_le_bytes(two) })
    }

    /// Goes on at the next block of a known type whose two lengths agree.
    fn resync(&self, window: &mut Window, why: &'static str) -> Step {
        resync(window, why, |bytes, ended| self.search(bytes, ended))
    }

    /// How many bytes begin no block, and whether one begins behind them.
    fn search(&self, bytes: &[u8], ended: bool) -> (usize, bool) {
        for at in 0..bytes.len() {
            let here = bytes.get(at..).unwrap_or_default();
            let Some((kind, len)) = self.head(here).filter(|_| here.len() >= FRAME) else {
                if ended {
                    continue;
                }
                return (at, false);
            };
            let size = len as usize;
            if !known(kind) || !(FRAME..=MAX_AHEAD).contains(&size) || !len.is_multiple_of(4) {
                continue;
            }
            if here.len() < size && !ended {
                return (at, false);
            }
            if self.framed(here, size) {
                return (at, true);
            }
        }
        (bytes.len(), false)
    }
}

fn known(kind: u32) -> bool {
    matches!(
        kind,
        SECTION_HEADER_BLOCK
            | INTERFACE_DESCRIPTION_BLOCK
            | PACKET_BLOCK
            | SIMPLE_PACKET_BLOCK
            | NAME_RESOLUTION_BLOCK
            | INTERFACE_STATISTIC_BLOCK
            | ENHANCED_PACKET_BLOCK
            | SYSTEMD_JOURNAL_EXPORT_BLOCK
            | DECRYPTION_SECRETS_BLOCK
    ) || CUSTOM_BLOCKS.contains(&kind)
}

/// Whether a section header is in big-endian order.
fn order(bytes: &[u8]) -> Option<bool> {
    let [a, b, c, d] = BYTE_ORDER_MAGIC;
    match bytes.get(8..12)? {
        magic if magic == [a, b, c, d] => Some(true),
        magic if magic == [d, c, b, a] => Some(false),
        _ => None,
    }
}

fn major(bytes: &[u8], big: bool) -> Option<u16> {
    let two: [u8; 2] = bytes.get(12..14)?.try_into().ok()?;
    Some(if big { u16::from_be_bytes(two) } else { u16::from_le_bytes(two) })
}

fn parser(big: bool) -> PcapNgParser {
    let section = if big { &BIG_SECTION } else { &LITTLE_SECTION };
    PcapNgParser::new(section).expect("a whole section header without options").1
}
