//! What carries IP: Ethernet with its tags, Linux cooked captures, PPP, and nearly nothing at all.

/// What lies in a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Carried<'a> {
    Ipv4(&'a [u8]),
    Ipv6(&'a [u8]),
    Other,
    Unsupported,
    Bad(&'static str),
}

/// LINKTYPE values of the registry of link-layer header types.
mod linktype {
    pub const NULL: u32 = 0;
    pub const ETHERNET: u32 = 1;
    pub const PPP: u32 = 9;
    /// DLT_RAW as it stands in files of BSD systems; the registry has 101 for it.
    pub const RAW_BSD: u32 = 12;
    /// DLT_RAW of OpenBSD.
    pub const RAW_OPENBSD: u32 = 14;
    pub const PPP_HDLC: u32 = 50;
    pub const PPP_ETHER: u32 = 51;
    pub const RAW: u32 = 101;
    pub const LOOP: u32 = 108;
    pub const LINUX_SLL: u32 = 113;
    pub const IPV4: u32 = 228;
    pub const IPV6: u32 = 229;
    pub const LINUX_SLL2: u32 = 276;
}

/// EtherType values, IEEE 802 Numbers.
mod ethertype {
    pub const IPV4: u16 = 0x0800;
    pub const IPV6: u16 = 0x86dd;
    pub const VLAN: u16 = 0x8100;
    pub const PPPOE_SESSION: u16 = 0x8864;
    /// RFC 5332 3: unicast, or with the upstream's labels.
    pub const MPLS: [u16; 2] = [0x8847, 0x8848];
    pub const PROVIDER_BRIDGING: u16 = 0x88a8;
    /// Before IEEE 802.1ad had a number, vendors took these for the outer tag.
    pub const VLAN_DOUBLE: [u16; 2] = [0x9100, 0x9200];
    /// IEEE 802.3 3.2.6: below this it is a length, and LLC follows.
    pub const LEAST: u16 = 0x0600;
}

/// Ours: more tags than this are not one packet's.
const MAX_TAGS: usize = 8;
/// RFC 1042: LLC and SNAP in front of an EtherType.
const SNAP: [u8; 6] = [0xaa, 0xaa, 3, 0, 0, 0];

#[inline]
pub(super) fn carried(link: u32, data: &[u8]) -> Carried<'_> {
    match link {
        linktype::ETHERNET => match data.split_first_chunk::<14>() {
            Some((head, rest)) => tagged(u16::from_be_bytes([head[12], head[13]]), rest),
            None => Carried::Bad("a frame shorter than an Ethernet header"),
        },
        linktype::LINUX_SLL => match data.split_first_chunk::<16>() {
            Some((head, rest)) => tagged(u16::from_be_bytes([head[14], head[15]]), rest),
            None => Carried::Bad("a frame shorter than a Linux cooked header"),
        },
        linktype::LINUX_SLL2 => match data.split_first_chunk::<20>() {
            Some((head, rest)) => tagged(u16::from_be_bytes([head[0], head[1]]), rest),
            None => Carried::Bad("a frame shorter than a Linux cooked header"),
        },
        linktype::RAW | linktype::RAW_BSD | linktype::RAW_OPENBSD | linktype::IPV4 | linktype::IPV6 => by_version(data),
        linktype::NULL | linktype::LOOP => match data.split_first_chunk::<4>() {
            Some((family, rest)) => by_family(*family, rest),
            None => Carried::Bad("a frame shorter than a loopback header"),
        },
        linktype::PPP | linktype::PPP_HDLC => ppp(data),
        linktype::PPP_ETHER => pppoe(data),
        _ => Carried::Unsupported,
    }
}

#[inline]
fn tagged(mut kind: u16, mut rest: &[u8]) -> Carried<'_> {
    for _ in 0..MAX_TAGS {
        match kind {
            ethertype::IPV4 => return Carried::Ipv4(rest),
            ethertype::IPV6 => return Carried::Ipv6(rest),
            ethertype::PPPOE_SESSION => return pppoe(rest),
            ethertype::VLAN | ethertype::PROVIDER_BRIDGING => {}
            kind if ethertype::MPLS.contains(&kind) => return mpls(rest),
            kind if ethertype::VLAN_DOUBLE.contains(&kind) => {}
            kind if kind < ethertype::LEAST && rest.starts_with(&SNAP) => rest = rest.get(4..).unwrap_or_default(),
            _ => return Carried::Other,
        }
        // A tag is two bytes of its own and the next EtherType; what is left of SNAP has the same shape.
        let Some(([_, _, a, b], behind)) = rest.split_first_chunk::<4>() else { return Carried::Bad("a frame that ends in a VLAN tag") };
        (kind, rest) = (u16::from_be_bytes([*a, *b]), behind);
    }
    Carried::Other
}

/// RFC 3032 2.1: labels of four bytes, the last one marked. What follows is told from its first half byte, as routers do it.
fn mpls(mut rest: &[u8]) -> Carried<'_> {
    for _ in 0..MAX_TAGS {
        let Some(([_, _, flags, _], behind)) = rest.split_first_chunk::<4>() else {
            return Carried::Bad("a frame that ends in an MPLS label");
        };
        rest = behind;
        if flags & 1 != 0 {
            return match rest.first().map(|byte| byte >> 4) {
                Some(4) => Carried::Ipv4(rest),
                Some(6) => Carried::Ipv6(rest),
                _ => Carried::Other,
            };
        }
    }
    Carried::Other
}

/// RFC 2516 4: version and type, code, session, length.
fn pppoe(data: &[u8]) -> Carried<'_> {
    match data.split_first_chunk::<6>() {
        Some(([0x11, 0, ..], rest)) => ppp(rest),
        Some(_) => Carried::Other,
        None => Carried::Bad("a frame shorter than a PPPoE header"),
    }
}

/// RFC 1661 2, RFC 1662 3.1: address and control may be there, the protocol may be one byte.
fn ppp(data: &[u8]) -> Carried<'_> {
    match data.strip_prefix(&[0xff, 3]).unwrap_or(data) {
        [0, 0x21, rest @ ..] | [0x21, rest @ ..] => Carried::Ipv4(rest),
        [0, 0x57, rest @ ..] | [0x57, rest @ ..] => Carried::Ipv6(rest),
        [] => Carried::Bad("a PPP packet without a protocol"),
        _ => Carried::Other,
    }
}

fn by_version(data: &[u8]) -> Carried<'_> {
    match data.first().map(|byte| byte >> 4) {
        Some(4) => Carried::Ipv4(data),
        Some(6) => Carried::Ipv6(data),
        _ => Carried::Bad("a raw packet of neither IP version"),
    }
}

/// The address family in the byte order of the host that captured; IPv6 has another number on every system: Windows,
/// NetBSD and OpenBSD, FreeBSD, macOS, Linux.
fn by_family(family: [u8; 4], rest: &[u8]) -> Carried<'_> {
    match family {
        [2, 0, 0, 0] | [0, 0, 0, 2] => Carried::Ipv4(rest),
        [23 | 24 | 28 | 30 | 10, 0, 0, 0] | [0, 0, 0, 23 | 24 | 28 | 30 | 10] => Carried::Ipv6(rest),
        _ => Carried::Other,
    }
}
