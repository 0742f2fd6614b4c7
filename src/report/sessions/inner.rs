//! A network packet inside the tunnel in one line.

use super::super::text::count;
use etherparse::{Icmpv4Type, Icmpv6Type, NetSlice, SlicedPacket, TransportSlice};
use std::net::IpAddr;

/// `192.0.2.10 > 192.0.2.1 ICMP echo request 1/2, 84 bytes`.
pub fn line(packet: &[u8]) -> String {
    let size = count(packet.len(), "byte", "bytes");
    let Ok(sliced) = SlicedPacket::from_ip(packet) else { return format!("not readable as IP, {size}") };
    let Some((from, to)) = addresses(packet) else { return format!("IP, {size}") };
    match &sliced.transport {
        Some(TransportSlice::Tcp(tcp)) => {
            let flags = [(tcp.syn(), 'S'), (tcp.fin(), 'F'), (tcp.rst(), 'R'), (tcp.psh(), 'P'), (tcp.ack(), '.')];
            let flags: String = flags.into_iter().filter(|flag| flag.0).map(|flag| flag.1).collect();
            let (source, target) = (tcp.source_port(), tcp.destination_port());
            let data = count(tcp.payload().len(), "byte", "bytes");
            format!("{} > {} TCP [{flags}] seq {}, {data}", port(from, source), port(to, target), tcp.sequence_number())
        }
        Some(TransportSlice::Udp(udp)) => {
            let data = count(udp.payload().len(), "byte", "bytes");
            format!("{} > {} UDP, {data}", port(from, udp.source_port()), port(to, udp.destination_port()))
        }
        Some(TransportSlice::Icmpv4(icmp)) => format!("{from} > {to} ICMP {}, {size}", icmpv4(&icmp.icmp_type())),
        Some(TransportSlice::Icmpv6(icmp)) => format!("{from} > {to} ICMPv6 {}, {size}", icmpv6(&icmp.icmp_type())),
        _ => format!("{from} > {to} {}, {size}", protocol(&sliced)),
    }
}

/// Sender and receiver of an IP packet.
pub fn addresses(packet: &[u8]) -> Option<(IpAddr, IpAddr)> {
    match SlicedPacket::from_ip(packet).ok()?.net? {
        NetSlice::Ipv4(ip) => Some((ip.header().source_addr().into(), ip.header().destination_addr().into())),
        NetSlice::Ipv6(ip) => Some((ip.header().source_addr().into(), ip.header().destination_addr().into())),
        NetSlice::Arp(_) => None,
    }
}

fn port(address: IpAddr, port: u16) -> String {
    std::net::SocketAddr::new(address, port).to_string()
}

fn icmpv4(kind: &Icmpv4Type) -> String {
    match kind {
        Icmpv4Type::EchoRequest(echo) => format!("echo request {}/{}", echo.id, echo.seq),
        Icmpv4Type::EchoReply(echo) => format!("echo reply {}/{}", echo.id, echo.seq),
        Icmpv4Type::DestinationUnreachable(_) => "unreachable".into(),
        Icmpv4Type::TimeExceeded(_) => "time exceeded".into(),
        Icmpv4Type::Unknown { type_u8, code_u8, .. } => format!("type {type_u8} code {code_u8}"),
        _ => "message".into(),
    }
}

fn icmpv6(kind: &Icmpv6Type) -> String {
    match kind {
        Icmpv6Type::EchoRequest(echo) => format!("echo request {}/{}", echo.id, echo.seq),
        Icmpv6Type::EchoReply(echo) => format!("echo reply {}/{}", echo.id, echo.seq),
        Icmpv6Type::Unknown { type_u8, code_u8, .. } => format!("type {type_u8} code {code_u8}"),
        other => format!("type {}", other.type_u8()),
    }
}

/// The payload's protocol where there is no transport header that is read here: a fragment, or another protocol.
fn protocol(sliced: &SlicedPacket<'_>) -> String {
    let payload = match &sliced.net {
        Some(NetSlice::Ipv4(ip)) => Some((ip.payload().ip_number, ip.payload().fragmented)),
        Some(NetSlice::Ipv6(ip)) => Some((ip.payload().ip_number, ip.payload().fragmented)),
        _ => None,
    };
    let fragment = if payload.is_some_and(|payload| payload.1) { ", fragment" } else { "" };
    payload.map_or("IP".into(), |payload| format!("protocol {}{fragment}", payload.0.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use etherparse::PacketBuilder;

    fn built(builder: etherparse::PacketBuilderStep<etherparse::UdpHeader>) -> Vec<u8> {
        let mut packet = Vec::new();
        builder.write(&mut packet, b"hello").expect("a Vec takes everything");
        packet
    }

    #[test]
    fn every_kind_of_packet_has_its_line() {
        let ping = crate::base::unhex("45000020000100004001 66DA 0A0000020A000001 0800FDE6 12340001 73737470").expect("hexadecimal");
        assert_eq!(line(&ping), "10.0.0.2 > 10.0.0.1 ICMP echo request 4660/1, 32 bytes");
        let udp = built(PacketBuilder::ipv6([0x20; 16], [0x30; 16], 64).udp(53, 5353));
        assert!(line(&udp).ends_with("]:5353 UDP, 5 bytes"), "{}", line(&udp));
        let mut tcp = Vec::new();
        let builder = PacketBuilder::ipv4([10, 0, 0, 1], [10, 0, 0, 2], 64).tcp(80, 1024, 7, 100).syn().ack(3);
        builder.write(&mut tcp, b"").expect("a Vec takes everything");
        assert_eq!(line(&tcp), "10.0.0.1:80 > 10.0.0.2:1024 TCP [S.] seq 7, 0 bytes");
        assert_eq!(line(&[0x45]), "not readable as IP, 1 byte");
        assert_eq!(addresses(&ping).map(|ends| ends.0.to_string()).as_deref(), Some("10.0.0.2"));
    }
}
