//! The one inner packet we write ourselves: an ICMP echo. RFC 792; IPv4 by etherparse.

use etherparse::{Icmpv4Slice, Icmpv4Type, NetSlice, PacketBuilder, SlicedPacket, TransportSlice};
use std::net::Ipv4Addr;

/// An ICMP echo as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Echo {
    /// Sender.
    pub from: Ipv4Addr,
    /// Receiver.
    pub to: Ipv4Addr,
    /// Request, or reply.
    pub request: bool,
    /// Identifier.
    pub id: u16,
    /// Sequence number.
    pub seq: u16,
    /// The data.
    pub data: Vec<u8>,
}

impl Echo {
    /// Reads an IPv4 packet; `None` when it is anything but an ICMP echo.
    pub fn parse(packet: &[u8]) -> Option<Echo> {
        let sliced = SlicedPacket::from_ip(packet).ok()?;
        let (Some(NetSlice::Ipv4(ip)), Some(TransportSlice::Icmpv4(icmp))) = (sliced.net, sliced.transport) else { return None };
        let (request, header) = echo_header(&icmp)?;
        let (from, to) = (ip.header().source_addr(), ip.header().destination_addr());
        Some(Echo { from, to, request, id: header.0, seq: header.1, data: icmp.payload().to_vec() })
    }

    /// The IPv4 packet; empty when the data is too long for one.
    pub fn emit(&self) -> Vec<u8> {
        let ip = PacketBuilder::ipv4(self.from.octets(), self.to.octets(), 64);
        let builder = if self.request { ip.icmpv4_echo_request(self.id, self.seq) } else { ip.icmpv4_echo_reply(self.id, self.seq) };
        let mut out = Vec::with_capacity(builder.size(self.data.len()));
        match builder.write(&mut out, &self.data) {
            Ok(()) => out,
            Err(_) => Vec::new(),
        }
    }

    /// The reply to a request.
    pub fn reply(&self) -> Echo {
        Echo { from: self.to, to: self.from, request: false, ..self.clone() }
    }
}

/// The IPv4 packet in pieces of at most `most` bytes each; as it is where it fits or is none. RFC 791 3.2.
pub fn fragments(packet: &[u8], most: usize) -> Vec<Vec<u8>> {
    let Some((header, payload)) = packet.split_at_checked(HEADER).filter(|_| packet.len() > most && packet.first() == Some(&0x45)) else {
        return vec![packet.to_vec()];
    };
    let room = most.saturating_sub(HEADER) / 8 * 8;
    let count = payload.len().div_ceil(room.max(8));
    let piece = |(place, data): (usize, &[u8])| {
        let mut piece = [header, data].concat();
        let length = piece.len() as u16;
        let offset = (place * room.max(8) / 8) as u16 | if place + 1 < count { MORE_FRAGMENTS } else { 0 };
        write(&mut piece, 2, length);
        write(&mut piece, 6, offset);
        write(&mut piece, 10, 0);
        let sum = piece.chunks_exact(2).take(HEADER / 2).map(|pair| u32::from(u16::from_be_bytes([pair[0], pair[1]]))).sum::<u32>();
        let sum = (sum & 0xffff) + (sum >> 16);
        write(&mut piece, 10, !((sum & 0xffff) + (sum >> 16)) as u16);
        piece
    };
    payload.chunks(room.max(8)).enumerate().map(piece).collect()
}

fn write(bytes: &mut [u8], at: usize, value: u16) {
    if let Some(place) = bytes.get_mut(at..at + 2) {
        place.copy_from_slice(&value.to_be_bytes());
    }
}

/// RFC 791 3.1: a header without options, bytes.
const HEADER: usize = 20;
/// RFC 791 3.1: MF.
const MORE_FRAGMENTS: u16 = 0x2000;

fn echo_header(icmp: &Icmpv4Slice<'_>) -> Option<(bool, (u16, u16))> {
    match icmp.icmp_type() {
        Icmpv4Type::EchoRequest(header) => Some((true, (header.id, header.seq))),
        Icmpv4Type::EchoReply(header) => Some((false, (header.id, header.seq))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::unhex;

    #[test]
    fn the_ping_of_the_golden_session_is_read() {
        let packet = unhex("45000020000100004001 66DA 0A0000020A000001 0800FDE6 12340001 73737470").expect("hexadecimal");
        let echo = Echo::parse(&packet).expect("an echo request");
        assert_eq!((echo.request, echo.id, echo.seq, echo.data.as_slice()), (true, 0x1234, 1, &b"sstp"[..]));
        let reply = Echo::parse(&echo.reply().emit()).expect("an echo reply");
        assert_eq!((reply.request, reply.from, reply.seq), (false, echo.to, 1));
        assert_eq!(Echo::parse(&packet[..27]), None);
    }

    #[test]
    fn a_packet_is_cut_into_pieces_that_fit_and_are_well_formed() {
        let (from, to) = (Ipv4Addr::new(10, 0, 0, 1), Ipv4Addr::new(10, 0, 0, 2));
        let data: Vec<u8> = (0..1472u32).map(|n| n as u8).collect();
        let whole = Echo { from, to, request: false, id: 1, seq: 1, data }.emit();
        let pieces = fragments(&whole, 576);
        let mut payload = Vec::new();
        for (place, piece) in pieces.iter().enumerate() {
            let header = etherparse::Ipv4HeaderSlice::from_slice(piece).expect("a header");
            assert_eq!(header.header_checksum(), header.to_header().calc_header_checksum());
            assert_eq!((usize::from(header.total_len()), header.more_fragments()), (piece.len(), place + 1 < pieces.len()));
            assert_eq!(usize::from(header.fragments_offset().value()) * 8, payload.len());
            assert!(piece.len() <= 576);
            payload.extend_from_slice(&piece[20..]);
        }
        assert_eq!((pieces.len(), &payload[..]), (3, &whole[20..]));
        assert_eq!(fragments(&whole, 1500), std::slice::from_ref(&whole));
        assert_eq!(fragments(&whole[..10], 5), [whole[..10].to_vec()]);
    }
}
