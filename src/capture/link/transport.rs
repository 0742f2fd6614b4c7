//! TCP (RFC 9293 3.1) and UDP (RFC 768) headers.

use super::Found;
use super::icmp;
use super::ip::{Datagram, protocol};
use crate::capture::file::Packet;
use crate::capture::segment::Segment;
use std::net::SocketAddr;

#[inline]
pub(super) fn of<'a>(packet: &Packet<'_>, datagram: &Datagram<'a>) -> Found<'a> {
    match datagram.protocol {
        protocol::TCP => tcp(packet, datagram),
        protocol::UDP => udp(datagram),
        protocol::ICMP | protocol::ICMPV6 => icmp::of(packet.at, datagram),
        _ => Found::Other,
    }
}

#[inline]
fn tcp<'a>(packet: &Packet<'_>, datagram: &Datagram<'a>) -> Found<'a> {
    let Some((head, rest)) = datagram.payload.split_first_chunk::<20>() else {
        return Found::Bad("a packet shorter than a TCP header");
    };
    let head_len = usize::from(head[12] >> 4) * 4;
    let Some(options_len) = head_len.checked_sub(20) else { return Found::Bad("a TCP data offset below 5") };
    // The snap length may have cut the options.
    let short = options_len.saturating_sub(rest.len()) as u32;
    let Some(cut) = datagram.cut.checked_sub(short) else { return Found::Bad("a TCP data offset beyond the packet") };
    let (options, payload) = rest.split_at_checked(options_len).unwrap_or((rest, &[]));
    Found::Tcp(Segment {
        at: packet.at,
        packet: packet.number,
        from: SocketAddr::new(datagram.from, u16::from_be_bytes([head[0], head[1]])),
        to: SocketAddr::new(datagram.to, u16::from_be_bytes([head[2], head[3]])),
        ttl: datagram.ttl,
        ip_id: datagram.id,
        seq: u32::from_be_bytes([head[4], head[5], head[6], head[7]]),
        ack: u32::from_be_bytes([head[8], head[9], head[10], head[11]]),
        flags: head[13],
        window: u16::from_be_bytes([head[14], head[15]]),
        options,
        payload,
        cut,
    })
}

fn udp<'a>(datagram: &Datagram<'a>) -> Found<'a> {
    let Some((head, rest)) = datagram.payload.split_first_chunk::<8>() else {
        return Found::Bad("a packet shorter than a UDP header");
    };
    // RFC 2675 4: 0 where it does not fit, or where the card would have filled it in.
    let len = match usize::from(u16::from_be_bytes([head[4], head[5]])) {
        0 => rest.len(),
        len if len < 8 => return Found::Bad("a UDP length below 8"),
        len => len - 8,
    };
    Found::Udp {
        from: SocketAddr::new(datagram.from, u16::from_be_bytes([head[0], head[1]])),
        to: SocketAddr::new(datagram.to, u16::from_be_bytes([head[2], head[3]])),
        payload: rest.get(..len).unwrap_or(rest),
    }
}
