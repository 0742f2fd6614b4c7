//! TCP segments as the spoilers see them: what they are, and how to change one so that it stays sound.

use super::Packet;
use etherparse::{IpHeaders, NetSlice, SlicedPacket, TcpHeader, TransportSlice};
use std::net::{IpAddr, SocketAddr};

/// Sender and receiver.
pub type Direction = (SocketAddr, SocketAddr);

/// What a whole TCP segment is.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'a> {
    pub direction: Direction,
    pub seq: u32,
    pub ack: Option<u32>,
    pub syn: bool,
    /// SYN, FIN or RST: it is more than data.
    pub marks: bool,
    pub payload: &'a [u8],
}

impl<'a> Seen<'a> {
    /// `None`: it is something else, or only a part.
    pub fn of(packet: &'a [u8]) -> Option<Seen<'a>> {
        let sliced = SlicedPacket::from_ip(packet).ok()?;
        let (from, to): (IpAddr, IpAddr) = match sliced.net? {
            NetSlice::Ipv4(ip) => (ip.header().source_addr().into(), ip.header().destination_addr().into()),
            NetSlice::Ipv6(ip) => (ip.header().source_addr().into(), ip.header().destination_addr().into()),
            NetSlice::Arp(_) => return None,
        };
        let Some(TransportSlice::Tcp(tcp)) = sliced.transport else { return None };
        Some(Seen {
            direction: (SocketAddr::new(from, tcp.source_port()), SocketAddr::new(to, tcp.destination_port())),
            seq: tcp.sequence_number(),
            ack: tcp.ack().then(|| tcp.acknowledgment_number()),
            syn: tcp.syn(),
            marks: tcp.syn() || tcp.fin() || tcp.rst(),
            payload: tcp.payload(),
        })
    }

    /// It brings bytes and nothing else.
    pub fn is_data(&self) -> bool {
        !self.marks && !self.payload.is_empty()
    }

    /// The sequence number behind it.
    pub fn next(&self) -> u32 {
        self.seq.wrapping_add(self.payload.len() as u32 + u32::from(self.marks))
    }
}

/// The same segment with another payload and other header fields; lengths and checksums are right again. A segment that
/// cannot be changed stays what it is.
pub fn changed(packet: &Packet, payload: &[u8], change: impl FnOnce(&mut TcpHeader)) -> Packet {
    rebuilt(&packet.bytes, payload, change).map_or_else(|| packet.clone(), |bytes| Packet { at: packet.at, len: bytes.len(), bytes })
}

fn rebuilt(packet: &[u8], payload: &[u8], change: impl FnOnce(&mut TcpHeader)) -> Option<Vec<u8>> {
    let (mut ip, rest) = IpHeaders::from_slice(packet).ok()?;
    let (mut tcp, _) = TcpHeader::from_slice(rest.payload).ok()?;
    change(&mut tcp);
    ip.set_payload_len(tcp.header_len() + payload.len()).ok()?;
    tcp.checksum = match &ip {
        IpHeaders::Ipv4(ip, _) => tcp.calc_checksum_ipv4(ip, payload).ok()?,
        IpHeaders::Ipv6(ip, _) => tcp.calc_checksum_ipv6(ip, payload).ok()?,
    };
    let mut bytes = Vec::with_capacity(ip.header_len() + tcp.header_len() + payload.len());
    ip.write(&mut bytes).ok()?;
    bytes.extend_from_slice(&tcp.to_bytes());
    bytes.extend_from_slice(payload);
    Some(bytes)
}
