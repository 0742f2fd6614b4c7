//! pcap: a header, then records. draft-ietf-opsawg-pcap.

use super::Step;
use super::resync::{cut, resync};
use super::window::Window;
use pcap_file::Endianness;
use pcap_file::pcap::{PcapParser, PcapTsResolution, RawPcapPacket};

/// draft-ietf-opsawg-pcap 4: 24 bytes before the first record.
pub(super) const HEADER_LEN: usize = 24;
/// draft-ietf-opsawg-pcap 5: bytes before a packet.
const RECORD_HEADER_LEN: usize = 16;
/// The same in a file of the patched libpcap of 1999, which adds interface, protocol and packet type.
const MODIFIED_HEADER_LEN: usize = 24;
/// Ours: no packet is larger, so that a damaged length costs no more memory.
pub(super) const MAX_PACKET: u32 = 4 * 1024 * 1024;
/// libpcap's MAXIMUM_SNAPLEN: a file may say less than it holds, but records of this size are nothing odd.
const USUAL_SNAPLEN: u32 = 262_144;
/// Ours: so many sound records in a row are no accident.
const CHAIN: usize = 5;
/// Ours: a search looks so far ahead at most, bytes.
const MAX_AHEAD: usize = 2 * 1024 * 1024;
/// Ours: neighbouring packets are no further apart, seconds.
const MAX_PAUSE: u32 = 24 * 3600;

/// Magic numbers, as bytes in big-endian order: microseconds, nanoseconds, and the modified format of 1999.
const MAGICS: [[u8; 4]; 3] = [[0xa1, 0xb2, 0xc3, 0xd4], [0xa1, 0xb2, 0x3c, 0x4d], MODIFIED];
const MODIFIED: [u8; 4] = [0xa1, 0xb2, 0xcd, 0x34];

pub(super) struct Pcap {
    parser: PcapParser,
    link: u32,
    nanoseconds: bool,
    big: bool,
    /// Bytes before a packet.
    head: usize,
    /// What the file says of the size of its packets.
    snaplen: u32,
    /// Records that bend the rules have proved sound in this file.
    lenient: bool,
    /// The last record handed out.
    last: Option<Record>,
}

#[derive(Clone, Copy)]
struct Record {
    sec: u32,
    frac: u32,
    caplen: u32,
    len: u32,
}

/// What a search says of a place.
enum Sound {
    Yes,
    No,
    /// It takes more bytes to tell.
    Short,
}

pub(super) fn begins(bytes: &[u8]) -> bool {
    magic(bytes).is_some()
}

/// The magic number in big-endian order, and whether it lies so in the file.
fn magic(bytes: &[u8]) -> Option<([u8; 4], bool)> {
    let here: [u8; 4] = bytes.first_chunk().copied()?;
    let [a, b, c, d] = here;
    MAGICS.iter().find_map(|magic| match (*magic == here, *magic == [d, c, b, a]) {
        (true, _) => Some((*magic, true)),
        (_, true) => Some((*magic, false)),
        _ => None,
    })
}

impl Pcap {
    /// From the file's header; what it looks like where it cannot be read.
    pub(super) fn new(bytes: &[u8]) -> Result<Pcap, String> {
        let short = || String::from("a pcap file that ends inside its header");
        let (magic, big) = magic(bytes).ok_or_else(short)?;
        let mut header: [u8; HEADER_LEN] = bytes.first_chunk().copied().ok_or_else(short)?;
        let modified = magic == MODIFIED;
        if modified {
            // pcap-file refuses this magic number. The header is the usual one otherwise.
            let [a, b, c, d] = MAGICS[0];
            let usual = if big { [a, b, c, d] } else { [d, c, b, a] };
            if let Some(place) = header.first_chunk_mut() {
                *place = usual;
            }
        }
        let (_, parser) = PcapParser::new(&header).map_err(|error| format!("a pcap file with a bad header ({error})"))?;
        let said = parser.header();
        // libpcap reads major version 2 alone.
        if said.version_major != 2 {
            return Err(format!("a pcap file of version {}.{}, where 2.4 is the one in use", said.version_major, said.version_minor));
        }
        Ok(Pcap {
            // draft-ietf-opsawg-pcap 4: the upper half tells of frame check sequences.
            link: u32::from(said.datalink) & 0xffff,
            nanoseconds: said.ts_resolution == PcapTsResolution::NanoSecond,
            big: said.endianness == Endianness::Big,
            head: if modified { MODIFIED_HEADER_LEN } else { RECORD_HEADER_LEN },
            snaplen: said.snaplen.max(USUAL_SNAPLEN),
            lenient: false,
            last: None,
            parser,
        })
    }

    pub(super) fn step(&mut self, window: &mut Window) -> Step {
        loop {
            // The raw call takes what the strict one stops at: more than the snap length, 10^6 microseconds and above.
            match self.parser.next_raw_packet(window.bytes()) {
                Ok((_, raw)) if self.size(raw.incl_len) <= window.bytes().len() => {
                    let record = Record::of(&raw);
                    let usual = self.fits(&record) && self.last.is_none_or(|last| last.near(&record));
                    if !usual && !self.odd_but_sound(window, &record) {
                        return self.resync(window, record.oddity(self));
                    }
                    return self.packet(window, &record);
                }
                _ => {
                    if let Some(step) = self.short(window) {
                        return step;
                    }
                }
            }
        }
    }

    /// Not all of a record is at hand. `None` once it is.
    fn short(&self, window: &mut Window) -> Option<Step> {
        if !window.need(self.head) {
            return Some(cut(window, self.head));
        }
        let record = self.header(window.bytes())?;
        if record.caplen > MAX_PACKET {
            return Some(self.resync(window, record.oddity(self)));
        }
        if window.need(self.size(record.caplen)) {
            return None;
        }
        // It may be the length that is wrong, not the end of the file.
        let behind = window.bytes().get(1..).unwrap_or_default();
        match self.search(behind, true) {
            (_, true) => Some(self.resync(window, record.oddity(self))),
            _ => Some(cut(window, self.size(record.caplen))),
        }
    }

    fn packet(&mut self, window: &mut Window, record: &Record) -> Step {
        self.last = Some(*record);
        window.pass(self.head);
        let data = window.pass(record.caplen as usize);
        let micros = if self.nanoseconds { record.frac / 1000 } else { record.frac };
        Step::Packet { at: i64::from(record.sec) * 1_000_000 + i64::from(micros), link: self.link, data, original_len: record.len }
    }

    /// The header of a record, whether or not its packet is there; pcap-file has no call for that.
    fn header(&self, bytes: &[u8]) -> Option<Record> {
        let head: &[u8; RECORD_HEADER_LEN] = bytes.first_chunk()?;
        let word = |at: usize| {
            let four = [head[at], head[at + 1], head[at + 2], head[at + 3]];
            if self.big { u32::from_be_bytes(four) } else { u32::from_le_bytes(four) }
        };
        Some(Record { sec: word(0), frac: word(4), caplen: word(8), len: word(12) })
    }

    fn size(&self, caplen: u32) -> usize {
        self.head + caplen as usize
    }

    /// Nothing about the record is odd.
    fn fits(&self, record: &Record) -> bool {
        let second = if self.nanoseconds { 1_000_000_000 } else { 1_000_000 };
        record.frac < second && record.caplen <= record.len && record.caplen <= self.snaplen && !record.is_blank()
    }

    /// An odd record is let through where the file ends behind it, or a record begins that is not absurd. Once one was,
    /// the writer is taken to be like that, and there is no waiting for the next record to come.
    fn odd_but_sound(&mut self, window: &mut Window, record: &Record) -> bool {
        if record.is_blank() || record.caplen > MAX_PACKET {
            return false;
        }
        let size = self.size(record.caplen);
        let wanted = size + self.head;
        if window.bytes().len() < wanted && (self.lenient || !window.need(wanted)) {
            return true;
        }
        let next = window.bytes().get(size..).and_then(|rest| self.header(rest));
        self.lenient = next.is_some_and(|next| !next.is_blank() && next.caplen <= self.snaplen && record.near(&next));
        self.lenient
    }

    /// Goes on at the next place from where sound records follow each other.
    fn resync(&self, window: &mut Window, why: &'static str) -> Step {
        resync(window, why, |bytes, ended| self.search(bytes, ended))
    }

    /// How many bytes begin no record, and whether one begins behind them.
    fn search(&self, bytes: &[u8], ended: bool) -> (usize, bool) {
        for at in 0..bytes.len() {
            let here = bytes.get(at..).unwrap_or_default();
            match self.sound(here, ended || here.len() >= MAX_AHEAD) {
                Sound::Yes => return (at, true),
                Sound::Short => return (at, false),
                Sound::No => {}
            }
        }
        (bytes.len(), false)
    }

    /// Whether sound records follow each other from here on; at the `last` bytes that can be had fewer are enough.
    fn sound(&self, mut bytes: &[u8], last: bool) -> Sound {
        let mut before: Option<Record> = None;
        for links in 0..CHAIN {
            let enough = if last && (links > 1 || (links == 1 && bytes.is_empty())) { Sound::Yes } else { Sound::No };
            let Some(record) = self.header(bytes) else { return if last { enough } else { Sound::Short } };
            let near = before.is_none_or(|before| before.near(&record));
            if !near || !self.fits(&record) || record.caplen == 0 || record.len > MAX_PACKET {
                return Sound::No;
            }
            before = Some(record);
            match bytes.get(self.size(record.caplen)..) {
                Some(rest) => bytes = rest,
                None => return if last { enough } else { Sound::Short },
            }
        }
        Sound::Yes
    }
}

impl Record {
    fn of(raw: &RawPcapPacket<'_>) -> Record {
        Record { sec: raw.ts_sec, frac: raw.ts_frac, caplen: raw.incl_len, len: raw.orig_len }
    }

    /// Nothing but zeros: what a file system leaves where nothing was written.
    fn is_blank(&self) -> bool {
        self.sec == 0 && self.frac == 0 && self.caplen == 0
    }

    fn near(&self, next: &Record) -> bool {
        self.sec.abs_diff(next.sec) <= MAX_PAUSE
    }

    fn oddity(&self, file: &Pcap) -> &'static str {
        match self {
            _ if self.is_blank() => "zeros where a record should begin",
            _ if self.caplen > MAX_PACKET => "a record that claims more than 4 MiB",
            _ if self.caplen > file.snaplen => "a record that claims more than the snap length",
            _ if self.caplen > self.len => "a record that claims more captured bytes than the packet had",
            _ if !file.fits(self) => "a record with an impossible time",
            _ => "a record with a wrong length",
        }
    }
}
