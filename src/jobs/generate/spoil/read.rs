//! Reads a capture to be spoilt: a pcapng of Ethernet or raw IP, as our own generator and the usual tools write it.

use crate::capture::write::Packets;
use pcap_file::DataLink;
use pcap_file::pcapng::PcapNgReader;
use pcap_file::pcapng::blocks::block_common::Block;
use std::io::{self, Read};

/// Hands on every packet and every TLS secret of a pcapng.
pub fn packets(file: impl Read, out: &mut dyn Packets) -> io::Result<()> {
    let mut reader = PcapNgReader::with_capacity(file, BUFFER).map_err(io::Error::other)?;
    while let Some(next) = reader.next_block() {
        let (block, state) = next.map_err(io::Error::other)?;
        match block {
            Block::EnhancedPacket(packet) => {
                let link = state.interfaces().get(packet.interface_id as usize).map(|interface| interface.linktype);
                let before = header_len(link, &packet.data).ok_or_else(unreadable)?;
                let at = i64::try_from(packet.timestamp.as_micros()).map_err(io::Error::other)?;
                let len = (packet.original_len as usize).saturating_sub(before);
                out.cut_packet(at, packet.data.get(before..).unwrap_or_default(), len)?;
            }
            Block::Unknown(block) if block.type_ == DECRYPTION_SECRETS => {
                if let Some(lines) = secrets(&block.value) {
                    out.secrets(lines)?;
                }
            }
            _ => {}
        }
    }
    Ok(())
}

fn unreadable() -> io::Error {
    io::Error::other("packets of another link layer than Ethernet and raw IP cannot be spoilt")
}

/// Bytes in front of the IP header.
fn header_len(link: Option<DataLink>, packet: &[u8]) -> Option<usize> {
    match link? {
        DataLink::RAW | DataLink::IPV4 | DataLink::IPV6 => Some(0),
        DataLink::ETHERNET => {
            let tags = (0..MOST_TAGS).take_while(|tag| {
                let kind = packet.get(12 + 4 * tag..14 + 4 * tag);
                kind.is_some_and(|kind| TAGS.contains(&[kind[0], kind[1]]))
            });
            Some(14 + 4 * tags.count())
        }
        _ => None,
    }
}

/// The key log in a Decryption Secrets Block of either byte order. draft-ietf-opsawg-pcapng 4.7.
fn secrets(block: &[u8]) -> Option<&[u8]> {
    let (kind, rest) = block.split_first_chunk::<4>()?;
    let (len, lines) = rest.split_first_chunk::<4>()?;
    let len = match kind {
        b"KSLT" => u32::from_le_bytes(*len),
        b"TLSK" => u32::from_be_bytes(*len),
        _ => return None,
    };
    lines.get(..len as usize)
}

/// Ours: the largest block that can be read, bytes.
const BUFFER: usize = 4 * 1024 * 1024;
/// Decryption Secrets Block. draft-ietf-opsawg-pcapng 4.7.
const DECRYPTION_SECRETS: u32 = 10;
/// EtherTypes of 802.1Q and 802.1ad.
const TAGS: [[u8; 2]; 2] = [[0x81, 0x00], [0x88, 0xa8]];
/// Ours: tags in front of a packet at most.
const MOST_TAGS: usize = 4;
