//! Calls that get no address, or not all that goes with it.

use crate::base::Layer::Ncp;
use crate::jobs::lab::fault::{Fault, Makes, fault};
use std::net::Ipv4Addr;

pub(in crate::jobs::lab) const FAULTS: &[Fault] = &[
    fault(
        "ncp.no-address",
        Ncp,
        "the server has no address to give and stays silent",
        Makes::Server(|server| server.client_address = None),
        "IPCP-NO-ADDRESS",
    ),
    fault("ncp.silent", Ncp, "the server sends no IPCP at all", Makes::Edits(&["ipcp.*#* drop"]), "IPCP-NO-ADDRESS"),
    fault(
        "ncp.zero-address",
        Ncp,
        "the server agrees to 0.0.0.0",
        Makes::Server(|server| server.client_address = Some(Ipv4Addr::UNSPECIFIED)),
        "IPCP-ADDRESS-UNUSABLE",
    ),
    fault(
        "ncp.protocol-rejected",
        Ncp,
        "the server speaks no IPv4",
        Makes::Server(|server| server.address = None),
        "IPCP-PROTOCOL-REJECTED",
    ),
    fault(
        "ncp.address-rejected",
        Ncp,
        "the server rejects the address option",
        Makes::Edits(&["ipcp.configure-nak#* set code=4"]),
        "IPCP-ADDRESS-REJECTED",
    ),
    fault(
        "ncp.nak-loop",
        Ncp,
        "the server NAKs what it has just offered",
        Makes::Edits(&["ipcp.configure-ack#* set code=3"]),
        "IPCP-NAK-LOOP",
    ),
    fault("ncp.pool-terminated", Ncp, "the server ends IPCP for want of an address", Makes::Edits(&[NO_ADDRESS]), "IPCP-POOL-EXHAUSTED"),
    fault(
        "ncp.pool-aborted",
        Ncp,
        "the server aborts without a status for want of an address",
        Makes::Edits(&["ipcp.configure-nak#1 instead 10 01 00 08 00 05 00 00"]),
        "IPCP-POOL-EXHAUSTED",
    ),
    fault("ncp.no-dns", Ncp, "the server rejects the DNS options", Makes::Server(|server| server.dns.clear()), "IPCP-DNS-NOT-OFFERED"),
    fault("ncp.no-ipv6", Ncp, "the server speaks no IPv6", Makes::Server(|server| server.ipv6 = false), "IPV6CP-REJECTED"),
    // CCP option 18 (MPPE, RFC 3078) is asked for and, when refused, the link ended with RAS 742.
    fault(
        "ncp.mppe-required",
        Ncp,
        "the server insists on PPP encryption and ends the link with RAS 742",
        Makes::Edits(&[
            "ipcp.configure-request#1 before 10 00 00 12 ff 03 80 fd 01 01 00 0a 12 06 01 00 00 40",
            "ipcp.configure-nak#1 instead 10 00 00 18 ff 03 c0 21 05 10 00 10 12 34 56 78 00 3c cd 74 00 00 02 e6",
        ]),
        "CCP-MPPE-MISMATCH",
    ),
    fault(
        "ncp.data-flood",
        Ncp,
        "5000 IPv4 packets come in place of an address",
        Makes::Edits(&[
            "ipcp.configure-nak#1 instead 10 00 00 1c ff 03 00 21 45 00 00 14 00 00 00 00 40 fd 00 00 c0 00 02 01 c0 00 02 0a",
            "ipcp.configure-nak#1 repeat 5000",
        ]),
        "SSTP-FLOOD",
    ),
    fault(
        "ncp.disconnected",
        Ncp,
        "the server disconnects while addresses are negotiated",
        Makes::Edits(&["ipcp.configure-nak#1 instead 10 01 00 14 00 06 00 01 00 02 00 0c 00 00 00 00 00 00 00 00"]),
        "IPCP-FAILED",
    ),
];

/// IPCP Terminate-Request with the text `no address`.
const NO_ADDRESS: &str = "ipcp.configure-nak#1 instead 10 00 00 16 ff 03 80 21 05 10 00 0e 6e 6f 20 61 64 64 72 65 73 73";
