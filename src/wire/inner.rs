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
}
