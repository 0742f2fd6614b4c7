//! IPv4 and IPv6 headers, and how far a datagram reaches. RFC 791, RFC 8200.

use etherparse::{IpAuthHeaderSlice, Ipv6FragmentHeaderSlice, Ipv6RawExtHeaderSlice};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Protocol numbers of the IANA registry.
pub(super) mod protocol {
    pub const HOP_BY_HOP: u8 = 0;
    pub const ICMP: u8 = 1;
    pub const TCP: u8 = 6;
    pub const UDP: u8 = 17;
    pub const ROUTING: u8 = 43;
    pub const FRAGMENT: u8 = 44;
    pub const AUTHENTICATION: u8 = 51;
    pub const ICMPV6: u8 = 58;
    pub const DESTINATION_OPTIONS: u8 = 60;
    pub const MOBILITY: u8 = 135;
}

/// Ours: more extension headers than this are nobody's.
const MAX_EXTENSIONS: usize = 16;

/// An IP datagram or a fragment of one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Datagram<'a> {
    pub from: IpAddr,
    pub to: IpAddr,
    pub ttl: u8,
    /// IPv4 identification; 0 for IPv6.
    pub id: u16,
    pub protocol: u8,
    /// As far as it was captured, without what a link layer adds at the end.
    pub payload: &'a [u8],
    /// Payload bytes behind it that were not captured.
    pub cut: u32,
    pub fragment: Option<Fragment>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fragment {
    pub id: u32,
    /// Where it lies in the payload, bytes.
    pub at: usize,
    pub more: bool,
}

/// `missing` is how many bytes of the frame were not captured; it counts where the header does not say how long it is.
#[inline]
pub(super) fn v4(bytes: &[u8], missing: u32) -> Result<Datagram<'_>, &'static str> {
    let Some(head) = bytes.first_chunk::<20>() else { return Err("a packet shorter than an IPv4 header") };
    let head_len = usize::from(head[0] & 0x0f) * 4;
    if head[0] >> 4 != 4 || head_len < 20 {
        return Err("an IPv4 header of an impossible version or length");
    }
    let total = usize::from(u16::from_be_bytes([head[2], head[3]]));
    let flags = u16::from_be_bytes([head[6], head[7]]);
    let id = u16::from_be_bytes([head[4], head[5]]);
    let (payload, cut) = match total {
        // Segmentation offload: the card would have filled it in.
        0 => (bytes.get(head_len..), missing),
        _ if total < head_len => return Err("an IPv4 total length that ends inside the header"),
        _ => (bytes.get(head_len..total.min(bytes.len())), total.saturating_sub(bytes.len()) as u32),
    };
    // RFC 791 3.1: bit 13 is More Fragments, the lower ones count 8 bytes each.
    let fragment =
        (flags & 0x3fff != 0).then(|| Fragment { id: u32::from(id), at: usize::from(flags & 0x1fff) * 8, more: flags & 0x2000 != 0 });
    Ok(Datagram {
        from: IpAddr::V4(Ipv4Addr::new(head[12], head[13], head[14], head[15])),
        to: IpAddr::V4(Ipv4Addr::new(head[16], head[17], head[18], head[19])),
        ttl: head[8],
        id,
        protocol: head[9],
        payload: payload.ok_or("a packet that ends in the options of IPv4")?,
        cut,
        fragment,
    })
}

/// As [`v4`].
#[inline]
pub(super) fn v6(bytes: &[u8], missing: u32) -> Result<Datagram<'_>, &'static str> {
    let Some((head, rest)) = bytes.split_first_chunk::<40>() else { return Err("a packet shorter than an IPv6 header") };
    if head[0] >> 4 != 6 {
        return Err("an IPv6 header of another version");
    }
    let len = usize::from(u16::from_be_bytes([head[4], head[5]]));
    let (payload, cut) = match len {
        // Segmentation offload, or a jumbogram (RFC 2675).
        0 => (rest, missing),
        _ => (rest.get(..len).unwrap_or(rest), len.saturating_sub(rest.len()) as u32),
    };
    let (protocol, payload, fragment) = extensions(head[6], payload)?;
    Ok(Datagram { from: v6_addr(head, 8), to: v6_addr(head, 24), ttl: head[7], id: 0, protocol, payload, cut, fragment })
}

/// `at` is 8 or 24: the addresses in the fixed header.
fn v6_addr(head: &[u8; 40], at: usize) -> IpAddr {
    let mut address = [0; 16];
    address.copy_from_slice(&head[at..at + 16]);
    IpAddr::V6(Ipv6Addr::from(address))
}

/// Walks the extension headers up to the first that is none, or to a fragment: in any but the first fragment, what
/// follows is no header. RFC 8200 4.
#[inline]
pub(super) fn extensions(mut next: u8, mut rest: &[u8]) -> Result<(u8, &[u8], Option<Fragment>), &'static str> {
    for _ in 0..MAX_EXTENSIONS {
        let len = match next {
            protocol::HOP_BY_HOP | protocol::ROUTING | protocol::DESTINATION_OPTIONS | protocol::MOBILITY => {
                let header = Ipv6RawExtHeaderSlice::from_slice(rest).map_err(|_| "a packet that ends in an IPv6 extension header")?;
                next = header.next_header().0;
                header.slice().len()
            }
            protocol::AUTHENTICATION => {
                let header = IpAuthHeaderSlice::from_slice(rest).map_err(|_| "a damaged authentication header")?;
                next = header.next_header().0;
                header.slice().len()
            }
            protocol::FRAGMENT => {
                let header = Ipv6FragmentHeaderSlice::from_slice(rest).map_err(|_| "a packet that ends in an IPv6 fragment header")?;
                next = header.next_header().0;
                let len = header.slice().len();
                if header.is_fragmenting_payload() {
                    let at = usize::from(header.fragment_offset().value()) * 8;
                    let fragment = Fragment { id: header.identification(), at, more: header.more_fragments() };
                    return Ok((next, rest.get(len..).unwrap_or_default(), Some(fragment)));
                }
                len
            }
            _ => return Ok((next, rest, None)),
        };
        rest = rest.get(len..).unwrap_or_default();
    }
    Err("more IPv6 extension headers than make sense")
}
