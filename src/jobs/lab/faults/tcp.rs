//! Connections that are not made, or lead to nothing.

use crate::base::Layer::Tcp;
use crate::jobs::lab::fault::{Fault, Makes, fault};
use crate::jobs::lab::pki::NAME;
use crate::live::listen::Front;
use crate::proto::plan::Toxic;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

pub(in crate::jobs::lab) const FAULTS: &[Fault] = &[
    fault("tcp.refused", Tcp, "nobody listens on the port", Makes::Front(Front::NoListener), "TCP-REFUSED"),
    fault("tcp.filtered", Tcp, "SYNs are dropped", Makes::Front(Front::FullBacklog), "TCP-FILTERED"),
    fault(
        "tcp.accept-then-close",
        Tcp,
        "the connection is accepted and closed at once",
        Makes::Front(Front::CloseOnAccept),
        "TCP-ACCEPT-NO-DATA",
    ),
    fault(
        "tcp.accept-then-silence",
        Tcp,
        "the connection is accepted and nothing follows",
        Makes::Front(Front::Silent),
        "TCP-ACCEPT-NO-DATA",
    ),
    fault(
        "tcp.accept-then-reset",
        Tcp,
        "the connection is accepted and reset at once",
        Makes::Front(Front::ResetOnAccept),
        "TLS-RESET-IN-HANDSHAKE",
    ),
    fault(
        "tcp.large-segments-lost",
        Tcp,
        "the server's TLS flight stops in the middle, as where large packets vanish",
        Makes::Toxics(&[Toxic::StallAfter(600)]),
        "TCP-PMTU-BLACKHOLE",
    ),
    fault(
        "tcp.no-route",
        Tcp,
        "the name has an address to which the kernel knows no way",
        Makes::Dial(|dial| dial.resolve = vec![(NAME.into(), vec![BROADCAST])]),
        "TCP-ICMP-REJECT",
    ),
    fault(
        "tcp.not-dialable",
        Tcp,
        "the name has a link-local address, which cannot be dialled without an interface",
        Makes::Dial(|dial| dial.resolve = vec![(NAME.into(), vec![LINK_LOCAL])]),
        "TCP-CONNECT-FAILED",
    ),
];

/// RFC 1122 3.2.1.3: the broadcast address of the loopback network; TCP to it is "network unreachable", and nothing leaves
/// this machine.
const BROADCAST: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 255, 255, 255));
/// RFC 4007 6: without a zone it is not known which link is meant.
const LINK_LOCAL: IpAddr = IpAddr::V6(Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 1));
