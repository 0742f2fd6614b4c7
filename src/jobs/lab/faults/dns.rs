//! Names that lead nowhere, or to the wrong place.

use crate::base::Layer::Dns;
use crate::jobs::lab::fault::{Fault, Makes, fault};
use crate::jobs::lab::pki::{NAME, PkiKind};
use crate::live::listen::Front;
use std::net::{IpAddr, Ipv4Addr};

pub(in crate::jobs::lab) const FAULTS: &[Fault] = &[
    // RFC 6761 6.4: names under `invalid` never exist.
    fault("dns.nxdomain", Dns, "the name does not exist", Makes::Dial(|dial| dial.host = "no-such-name.invalid".into()), "DNS-NXDOMAIN"),
    fault(
        "dns.no-address",
        Dns,
        "the name exists and has no address",
        Makes::Dial(|dial| dial.resolve = vec![(NAME.into(), Vec::new())]),
        "DNS-NODATA",
    ),
    fault("dns.ipv6-dead", Dns, "the name has an IPv6 address at which nobody listens", Makes::FrontV6(Front::NoListener), "DNS-AAAA-DEAD"),
    fault(
        "dns.one-address-dead",
        Dns,
        "the name has two IPv4 addresses and nobody listens at the first",
        Makes::Dial(|dial| dial.resolve = vec![(NAME.into(), vec![DEAD, IpAddr::V4(Ipv4Addr::LOCALHOST)])]),
        "DNS-MULTI-A-PARTIAL",
    ),
    fault(
        "dns.by-address",
        Dns,
        "the profile dials an address and the certificate bears only names",
        Makes::Many(&[Makes::Pki(PkiKind::DnsOnly), Makes::Dial(|dial| dial.host = "127.0.0.1".into())]),
        "DNS-CONNECT-BY-IP",
    ),
];

/// All of 127/8 is loopback, RFC 1122 3.2.1.3; the lab listens only at 127.0.0.1.
const DEAD: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));
