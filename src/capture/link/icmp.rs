//! ICMP errors about TCP segments. RFC 792, RFC 1191 4, RFC 4443 3.

use super::Found;
use super::ip::{self, Datagram, protocol};
use crate::capture::segment::IcmpError;
use crate::transcript::tap::IcmpSays;
use std::net::SocketAddr;

pub(super) fn of<'a>(at: i64, datagram: &Datagram<'a>) -> Found<'a> {
    let Some((head, quoted)) = datagram.payload.split_first_chunk::<8>() else {
        return Found::Bad("a packet shorter than an ICMP header");
    };
    let (says, quote) = match datagram.protocol {
        protocol::ICMP => (v4(head), ip::v4(quoted, 0)),
        _ => (v6(head), ip::v6(quoted, 0)),
    };
    let Some(says) = says else { return Found::Other };
    let Ok(quote) = quote else { return Found::Bad("an ICMP error that quotes no IP header") };
    let Some((from, to)) = ports(&quote) else { return Found::Other };
    Found::Icmp(IcmpError {
        at,
        from: datagram.from,
        quoted_from: SocketAddr::new(quote.from, from),
        quoted_to: SocketAddr::new(quote.to, to),
        says,
    })
}

/// The ports of a quoted TCP segment; RFC 792 promises 8 bytes of it. Only a first fragment has them.
fn ports(quote: &Datagram<'_>) -> Option<(u16, u16)> {
    if quote.protocol != protocol::TCP || quote.fragment.is_some_and(|fragment| fragment.at != 0) {
        return None;
    }
    let [a, b, c, d] = *quote.payload.first_chunk()?;
    Some((u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d])))
}

fn v4(head: &[u8; 8]) -> Option<IcmpSays> {
    match *head {
        [3, 4, _, _, _, _, high, low] => Some(IcmpSays::TooBig { mtu: u32::from(u16::from_be_bytes([high, low])) }),
        [3, code, ..] => Some(IcmpSays::Unreachable { code }),
        [11, ..] => Some(IcmpSays::TimeExceeded),
        _ => None,
    }
}

fn v6(head: &[u8; 8]) -> Option<IcmpSays> {
    match *head {
        [1, code, ..] => Some(IcmpSays::Unreachable { code }),
        [2, _, _, _, a, b, c, d] => Some(IcmpSays::TooBig { mtu: u32::from_be_bytes([a, b, c, d]) }),
        [3, ..] => Some(IcmpSays::TimeExceeded),
        _ => None,
    }
}
