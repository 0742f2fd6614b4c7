//! Writes a pcapng: packets from the IP header on, in a link layer of choice, with the TLS secrets in front of them.
//! draft-ietf-opsawg-pcapng.

use std::io::{self, Write};

/// Who takes packets, and the secrets that open them.
pub trait Packets {
    /// A packet, from its IP header on. `at` is in microseconds since 1970-01-01 UTC.
    fn packet(&mut self, at: i64, ip: &[u8]) -> io::Result<()> {
        self.cut_packet(at, ip, ip.len())
    }

    /// A packet of which only the first bytes were captured; `len` is how long it was.
    fn cut_packet(&mut self, at: i64, ip: &[u8], len: usize) -> io::Result<()>;

    /// Lines of an NSS key log, each with its line feed, for packets that come later.
    fn secrets(&mut self, lines: &[u8]) -> io::Result<()>;
}

impl<P: Packets + ?Sized> Packets for &mut P {
    fn cut_packet(&mut self, at: i64, ip: &[u8], len: usize) -> io::Result<()> {
        (**self).cut_packet(at, ip, len)
    }

    fn secrets(&mut self, lines: &[u8]) -> io::Result<()> {
        (**self).secrets(lines)
    }
}

/// What stands in front of the IP header.
#[derive(Clone, Copy, Debug)]
pub struct Link {
    /// Its name on the command line.
    pub name: &'static str,
    /// What it is.
    pub does: &'static str,
    /// LINKTYPE_ number.
    pub number: u16,
    before_v4: &'static [u8],
    before_v6: &'static [u8],
    /// The two bytes at this place are the length of the IP packet and so much more (PPPoE).
    length: Option<(usize, usize)>,
}

/// All link layers, the plain one first. Addresses are locally administered, VLAN ids are 7 outside and 42 inside.
pub const LINKS: [Link; 9] = [
    link("raw", "nothing but IP", 101, b"", b""),
    link("ethernet", "Ethernet II", 1, b"\x02\0\0\0\0\x02\x02\0\0\0\0\x01\x08\x00", b"\x02\0\0\0\0\x02\x02\0\0\0\0\x01\x86\xdd"),
    link(
        "vlan",
        "Ethernet with an 802.1Q tag",
        1,
        b"\x02\0\0\0\0\x02\x02\0\0\0\0\x01\x81\x00\x00\x2a\x08\x00",
        b"\x02\0\0\0\0\x02\x02\0\0\0\0\x01\x81\x00\x00\x2a\x86\xdd",
    ),
    link(
        "qinq",
        "Ethernet with two tags, 802.1ad",
        1,
        b"\x02\0\0\0\0\x02\x02\0\0\0\0\x01\x88\xa8\x00\x07\x81\x00\x00\x2a\x08\x00",
        b"\x02\0\0\0\0\x02\x02\0\0\0\0\x01\x88\xa8\x00\x07\x81\x00\x00\x2a\x86\xdd",
    ),
    link(
        "sll",
        "Linux cooked, version 1",
        113,
        b"\0\0\0\x01\0\x06\x02\0\0\0\0\x01\0\0\x08\x00",
        b"\0\0\0\x01\0\x06\x02\0\0\0\0\x01\0\0\x86\xdd",
    ),
    link(
        "sll2",
        "Linux cooked, version 2",
        276,
        b"\x08\x00\0\0\0\0\0\x02\0\x01\0\x06\x02\0\0\0\0\x01\0\0",
        b"\x86\xdd\0\0\0\0\0\x02\0\x01\0\x06\x02\0\0\0\0\x01\0\0",
    ),
    link("null", "BSD loopback, little-endian", 0, b"\x02\0\0\0", b"\x18\0\0\0"),
    link("loop", "OpenBSD loopback, big-endian", 108, b"\0\0\0\x02", b"\0\0\0\x18"),
    Link {
        length: Some((18, 2)),
        ..link(
            "pppoe",
            "a PPPoE session over Ethernet",
            1,
            b"\x02\0\0\0\0\x02\x02\0\0\0\0\x01\x88\x64\x11\x00\x00\x01\0\0\x00\x21",
            b"\x02\0\0\0\0\x02\x02\0\0\0\0\x01\x88\x64\x11\x00\x00\x01\0\0\x00\x57",
        )
    },
];

const fn link(name: &'static str, does: &'static str, number: u16, before_v4: &'static [u8], before_v6: &'static [u8]) -> Link {
    Link { name, does, number, before_v4, before_v6, length: None }
}

impl Link {
    /// Nothing but IP.
    pub const RAW: Link = LINKS[0];
    /// Ethernet II.
    pub const ETHERNET: Link = LINKS[1];

    /// The link layer of that name.
    pub fn named(name: &str) -> Option<Link> {
        LINKS.into_iter().find(|link| link.name == name)
    }

    /// Appends the header that goes in front of an IP packet of that length.
    fn emit(&self, first: Option<&u8>, len: usize, out: &mut Vec<u8>) {
        let begin = out.len();
        out.extend_from_slice(if first.is_some_and(|byte| byte >> 4 == 6) { self.before_v6 } else { self.before_v4 });
        if let Some((at, more)) = self.length
            && let Some(field) = out.get_mut(begin + at..begin + at + 2)
        {
            field.copy_from_slice(&u16::try_from(len + more).unwrap_or(u16::MAX).to_be_bytes());
        }
    }
}

/// A pcapng with one section and one interface. Every block is one write, so that a file ends with a whole block
/// whenever the program ends.
#[derive(Debug)]
pub struct Pcapng<W: Write> {
    out: W,
    link: Link,
    block: Vec<u8>,
}

impl<W: Write> Pcapng<W> {
    /// Writes the head of the file; `about` says what was captured.
    pub fn new(out: W, link: Link, about: &str) -> io::Result<Pcapng<W>> {
        let mut file = Pcapng { out, link, block: Vec::with_capacity(2048) };
        file.block(SECTION_HEADER, |block| {
            block.extend(BYTE_ORDER_MAGIC.to_le_bytes());
            block.extend([1, 0, 0, 0]);
            // The length of the section is not known.
            block.extend(u64::MAX.to_le_bytes());
            option(block, OPT_COMMENT, about.as_bytes());
            option(block, SHB_USERAPPL, PROGRAM.as_bytes());
            option(block, END_OF_OPTIONS, b"");
        })?;
        file.block(INTERFACE, |block| {
            block.extend(link.number.to_le_bytes());
            block.extend([0, 0]);
            // No limit to the length of a packet.
            block.extend(0u32.to_le_bytes());
            option(block, IF_NAME, link.name.as_bytes());
            option(block, END_OF_OPTIONS, b"");
        })?;
        Ok(file)
    }

    /// Writes what the writer below still holds, and gives it back.
    pub fn finish(mut self) -> io::Result<W> {
        self.out.flush()?;
        Ok(self.out)
    }

    fn block(&mut self, kind: u32, body: impl FnOnce(&mut Vec<u8>)) -> io::Result<()> {
        self.block.clear();
        self.block.extend(kind.to_le_bytes());
        self.block.extend([0; 4]);
        body(&mut self.block);
        self.block.resize(self.block.len().next_multiple_of(4), 0);
        let len = u32::try_from(self.block.len() + 4).map_err(|_| io::ErrorKind::InvalidInput)?.to_le_bytes();
        self.block.extend(len);
        // The header of 8 bytes was written above.
        self.block[4..8].copy_from_slice(&len);
        self.out.write_all(&self.block)
    }
}

impl<W: Write> Packets for Pcapng<W> {
    fn cut_packet(&mut self, at: i64, ip: &[u8], len: usize) -> io::Result<()> {
        let link = self.link;
        self.block(ENHANCED_PACKET, |block| {
            let at = at.cast_unsigned();
            block.extend(0u32.to_le_bytes());
            block.extend(((at >> 32) as u32).to_le_bytes());
            block.extend((at as u32).to_le_bytes());
            let lengths = block.len();
            block.extend([0; 8]);
            let begin = block.len();
            link.emit(ip.first(), len, block);
            let original = block.len() - begin + len.max(ip.len());
            block.extend_from_slice(ip);
            let captured = block.len() - begin;
            for (place, n) in [(lengths, captured), (lengths + 4, original)] {
                let n = u32::try_from(n).unwrap_or(u32::MAX);
                // The 8 bytes were put there above.
                block[place..place + 4].copy_from_slice(&n.to_le_bytes());
            }
        })
    }

    fn secrets(&mut self, lines: &[u8]) -> io::Result<()> {
        self.block(DECRYPTION_SECRETS, |block| {
            block.extend(TLS_KEY_LOG.to_le_bytes());
            block.extend(u32::try_from(lines.len()).unwrap_or(u32::MAX).to_le_bytes());
            block.extend_from_slice(lines);
        })
    }
}

fn option(block: &mut Vec<u8>, code: u16, value: &[u8]) {
    let value = value.get(..value.len().min(LONGEST_OPTION)).unwrap_or(value);
    block.extend(code.to_le_bytes());
    block.extend((value.len() as u16).to_le_bytes());
    block.extend_from_slice(value);
    block.resize(block.len().next_multiple_of(4), 0);
}

/// Who writes the file.
const PROGRAM: &str = concat!("sstp-diag ", env!("CARGO_PKG_VERSION"));
/// Ours: bytes of an option at most; the format allows 65,535.
const LONGEST_OPTION: usize = 4096;
/// Section Header Block. draft-ietf-opsawg-pcapng 4.1.
const SECTION_HEADER: u32 = 0x0a0d_0d0a;
const BYTE_ORDER_MAGIC: u32 = 0x1a2b_3c4d;
/// Interface Description Block. 4.2. Without if_tsresol times are in microseconds.
const INTERFACE: u32 = 1;
/// Enhanced Packet Block. 4.3.
const ENHANCED_PACKET: u32 = 6;
/// Decryption Secrets Block. 4.7.
const DECRYPTION_SECRETS: u32 = 10;
/// An NSS key log in a Decryption Secrets Block: "TLSK". 4.7.
const TLS_KEY_LOG: u32 = 0x544c_534b;
/// Options. 3.5, 4.1, 4.2.
const END_OF_OPTIONS: u16 = 0;
const OPT_COMMENT: u16 = 1;
const SHB_USERAPPL: u16 = 4;
const IF_NAME: u16 = 2;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{hex, unhex};

    #[test]
    fn every_byte_of_a_small_file_is_where_the_format_wants_it() {
        let mut file = Pcapng::new(Vec::new(), Link::ETHERNET, "x").expect("memory");
        file.secrets(b"CLIENT_RANDOM 01 02\n").expect("memory");
        file.cut_packet(0x0001_0000_0002, &[0x45, 0, 0], 20).expect("memory");
        let bytes = file.finish().expect("memory");
        let program_len = PROGRAM.len();
        let padded = program_len.next_multiple_of(4);
        let section = 28 + 8 + 4 + padded + 4;
        let mut expected = unhex("0a0d0d0a").expect("hex");
        expected.extend((section as u32).to_le_bytes());
        expected.extend(unhex("4d3c2b1a 0100 0000 ffffffffffffffff 0100 0100 78000000 0400").expect("hex"));
        expected.extend((program_len as u16).to_le_bytes());
        expected.extend(PROGRAM.as_bytes());
        expected.resize(expected.len() + padded - program_len, 0);
        expected.extend([0; 4]);
        expected.extend((section as u32).to_le_bytes());
        expected.extend(unhex("01000000 24000000 0100 0000 00000000 0200 0800 65746865726e6574 00000000 24000000").expect("hex"));
        expected.extend(unhex("0a000000 28000000 4b534c54 14000000").expect("hex"));
        expected.extend(b"CLIENT_RANDOM 01 02\n");
        expected.extend(unhex("28000000").expect("hex"));
        expected.extend(unhex("06000000 34000000 00000000 01000000 02000000 11000000 22000000").expect("hex"));
        expected.extend(unhex("020000000002 020000000001 0800 450000 000000 34000000").expect("hex"));
        assert_eq!(hex(&bytes), hex(&expected));
    }

    #[test]
    fn the_link_layer_follows_the_version_of_ip_and_pppoe_bears_the_length() {
        let header = |name: &str, first: u8| {
            let mut out = Vec::new();
            Link::named(name).expect("a row").emit(Some(&first), 40, &mut out);
            hex(&out)
        };
        assert!(header("vlan", 0x60).ends_with("8100002a86dd"));
        assert!(header("pppoe", 0x45).ends_with("88641100000100 2a0021".replace(' ', "").as_str()));
        assert_eq!(header("null", 0x60), "18000000");
        assert_eq!(header("raw", 0x45), "");
        assert!(Link::named("token-ring").is_none());
    }
}
