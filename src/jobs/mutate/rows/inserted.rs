//! Mutators that put a message in at every state of a call.

use super::{Change, LCP, Mutator, PROTOCOL, bytes, frame, is_connected, lcp, lcp_is_open, message, packet, put};
use crate::wire::control::{self, Opt, Packet};
use crate::wire::ppp;
use crate::wire::sstp::MESSAGE_TYPES;

pub(super) const ROWS: &[Mutator] = &[
    put("out-of-turn", "states", "every control message in every state", messages),
    put("echo", "states", "Echo Requests, plain, with attributes and with bits that are reserved", echoes),
    put("ppp", "states", "every kind of PPP packet in every state", frames),
    put("options", "option loops", "LCP options that are unknown, short, long, nested, repeated", options),
    put("lcp-length", "length lies", "LCP packets that say to be longer or shorter than they are", lcp_lengths),
    put("size", "sizes", "the smallest and the largest packets", sizes),
    put("flood", "loops", "many packets of one kind, one behind the other", floods),
    put("identifier", "identifiers", "LCP packets with identifiers at the edges, and the same one twice", identifiers),
];

/// A Call Connected of zeros.
fn connected() -> Vec<u8> {
    message(4, &[&[&[0, 3, 0, 104, 0, 0, 0, 2][..], &[0; 96]].concat()])
}

fn of_kind(number: u16) -> Vec<u8> {
    let status: &[u8] = &[0, 2, 0, 12, 0, 0, 0, 0, 0, 0, 0, 0];
    match number {
        1 => message(1, &[PROTOCOL]),
        2 => message(2, &[&[&[0, 4, 0, 40, 0, 0, 0, 3][..], &[0xaa; 32]].concat()]),
        3 => message(3, &[&[0, 2, 0, 14, 0, 0, 0, 1, 0, 0, 0, 4, 0, 2]]),
        4 => connected(),
        5 | 6 => message(number, &[status]),
        other => message(other, &[]),
    }
}

fn messages(place: &str) -> Vec<Change> {
    if place == "before-http" {
        return vec![bytes("call-connect-request", of_kind(1)), bytes("echo-request", of_kind(8))];
    }
    let known = MESSAGE_TYPES.iter().map(|row| bytes(row.2, of_kind(row.0)));
    let unknown = [0u16, 10, 11, 0x100, 0x7fff, 0xffff].map(|number| bytes(format!("type-{number}"), message(number, &[])));
    let behind = bytes("echo-behind-connected", [connected(), message(8, &[])].concat());
    known.chain(unknown).chain([behind]).collect()
}

fn echoes(place: &str) -> Vec<Change> {
    if !is_connected(place) {
        return Vec::new();
    }
    let with = |at: usize, value: u8| {
        let mut echo = message(8, &[]);
        if let Some(byte) = echo.get_mut(at) {
            *byte = value;
        }
        echo
    };
    vec![
        bytes("plain", message(8, &[])),
        bytes("two", message(8, &[]).repeat(2)),
        bytes("thirty", message(8, &[]).repeat(30)),
        bytes("reserved", with(1, 0xff)),
        bytes("r", with(2, 0xf0)),
        bytes("attribute", message(8, &[PROTOCOL])),
        bytes("unknown-attribute", message(8, &[&[0, 0x7f, 0, 16, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]])),
        bytes("long-attribute", message(8, &[&[&[0, 0x7f, 4, 4][..], &[0x55; 1024]].concat()])),
        bytes("data-behind", [&[0x10, 1, 0, 24, 0, 8, 0, 0][..], &[0x41; 16]].concat()),
        bytes("count", with(7, 1)),
        bytes("response", message(9, &[])),
        bytes("response-with-attribute", message(9, &[PROTOCOL])),
    ]
}

fn frames(place: &str) -> Vec<Change> {
    if place == "before-http" || place == "disconnecting" {
        return Vec::new();
    }
    let mut changes = vec![
        bytes("lcp-request", lcp(1, 0xa0, &[])),
        bytes("lcp-ack-unasked", lcp(2, 0xa1, &[])),
        bytes("lcp-terminate", lcp(5, 0xa2, &[])),
        bytes("lcp-terminate-ack", lcp(6, 0xa3, &[])),
        bytes("lcp-code-0", lcp(0, 0xa4, &[])),
        bytes("lcp-code-14", lcp(14, 0xa5, &[])),
        bytes("lcp-code-255", lcp(255, 0xa6, &[1, 2, 3, 4])),
        bytes("lcp-discard", lcp(11, 0xa7, &[0, 0, 0, 0])),
        bytes("lcp-echo-short", lcp(9, 0xa8, &[])),
        bytes("lcp-identification", lcp(12, 0xa9, &[0, 0, 0, 0, 0x61])),
        bytes("protocol-reject-of-lcp", lcp(8, 0xaa, &[0xc0, 0x21, 1, 1, 0, 4])),
        bytes("code-reject-of-request", lcp(7, 0xab, &[1, 1, 0, 4])),
        bytes("ipcp-request", packet(ppp::IPCP, 1, 0xac, &[3, 6, 0, 0, 0, 0])),
        bytes("ipv6cp-request", packet(ppp::IPV6CP, 1, 0xad, &[1, 10, 0, 0, 0, 0, 0, 0, 0, 1])),
        bytes("ccp-request", packet(ppp::CCP, 1, 0xae, &[])),
        bytes("unknown-protocol", frame(0xc0ff, &[1, 1, 0, 4])),
        bytes("unknown-network", frame(0x8077, &[1, 1, 0, 4])),
        bytes("odd-protocol", frame(0x00c1, &[1, 2, 3])),
        bytes("no-framing", [&[0x10, 0, 0, 10][..], &[0xc0, 0x21, 11, 1, 0, 4]].concat()),
        bytes("ipv4-nonsense", frame(ppp::IPV4, &[0x45; 20])),
        bytes("ipv4-empty", frame(ppp::IPV4, &[])),
        bytes("chap-success", packet(ppp::CHAP, 3, 0xaf, b"S=")),
        bytes("chap-challenge", packet(ppp::CHAP, 1, 0xb0, &[&[16][..], &[7; 16]].concat())),
        bytes("pap-request", packet(ppp::PAP, 1, 0xb1, &[1, b'a', 1, b'b'])),
        bytes("eap-response", packet(ppp::EAP, 2, 0xb2, &[1, b'a'])),
        bytes("eap-success", packet(ppp::EAP, 3, 0xb3, &[])),
    ];
    if lcp_is_open(place) {
        changes.push(bytes("lcp-echo", lcp(9, 0xb4, &[0, 0, 0, 0, 1, 2, 3, 4])));
        changes.push(bytes("lcp-echo-bare", lcp(9, 0xb5, &[0, 0, 0, 0])));
        changes.push(bytes("lcp-echo-300", lcp(9, 0xb6, &[&[0; 4][..], &[0x5a; 300]].concat())));
    }
    changes
}

fn negotiates(place: &str) -> bool {
    matches!(place, "after-ack" | "lcp" | "connected" | "before-login" | "in-login")
}

fn options(place: &str) -> Vec<Change> {
    if !negotiates(place) {
        return Vec::new();
    }
    let request = |data: &[u8]| lcp(control::CONFIGURE_REQUEST, 0xc0, data);
    let many: Vec<Opt> = (0..80).map(|n| Opt::new(0x40 + n, [n])).collect();
    let twice = Packet::with_options(1, 0xc1, &[Opt::new(1, [5, 220]), Opt::new(1, [4, 0])]).data;
    let many = Packet::with_options(1, 0xc2, &many).data;
    vec![
        bytes("unknown", request(&[0x63, 4, 1, 2])),
        bytes("unknown-empty", request(&[0x63, 2])),
        bytes("type-0", request(&[0, 6, 1, 2, 3, 4])),
        bytes("length-0", request(&[1, 0, 5, 220])),
        bytes("length-1", request(&[1, 1, 5, 220])),
        bytes("length-too-long", request(&[1, 200, 5, 220])),
        bytes("length-short", request(&[1, 3, 5])),
        bytes("half-a-header", request(&[1])),
        bytes("zero-in-the-middle", request(&[1, 4, 5, 220, 5, 0, 1, 2, 3, 4])),
        bytes("twice", request(&twice)),
        bytes("eighty", request(&many)),
        bytes("mru-0", request(&[1, 4, 0, 0])),
        bytes("mru-65535", request(&[1, 4, 255, 255])),
        bytes("magic-0", request(&[5, 6, 0, 0, 0, 0])),
        bytes("auth-from-the-client", request(&[3, 5, 0xc2, 0x23, 0x81])),
        bytes("auth-short", request(&[3, 3, 0xc2])),
        bytes("pfc-with-value", request(&[7, 3, 1])),
        bytes("callback", request(&[13, 3, 6])),
        bytes("endpoint-long", request(&[&[19, 255, 0][..], &[0x41; 252]].concat())),
    ]
}

fn lcp_lengths(place: &str) -> Vec<Change> {
    if !lcp_is_open(place) {
        return Vec::new();
    }
    let echo = |says: u16, has: usize| {
        let mut body = vec![9, 0xc8];
        body.extend(says.to_be_bytes());
        body.extend(std::iter::repeat_n(0, has));
        frame(LCP, &body)
    };
    let row = |says: u16, has: usize| bytes(format!("says-{says}-has-{}", has + 4), echo(says, has));
    vec![row(64, 8), row(300, 4), row(1200, 8), row(65535, 8), row(4, 8), row(3, 8), row(0, 8), row(8, 200)]
}

fn sizes(place: &str) -> Vec<Change> {
    if !matches!(place, "after-ack" | "connected" | "after-login" | "after-200") {
        return Vec::new();
    }
    let unknown = |total: usize| frame(0x8077, &vec![0x5a; total.saturating_sub(8)]);
    let mut changes = vec![
        bytes("header-only", vec![0x10, 0, 0, 4]),
        bytes("one-byte", vec![0x10, 0, 0, 5, 0xff]),
        bytes("two-bytes", vec![0x10, 0, 0, 6, 0xff, 0x03]),
        bytes("no-information", vec![0x10, 0, 0, 8, 0xff, 0x03, 0xc0, 0x21]),
        bytes("half-a-packet", frame(LCP, &[9, 1])),
    ];
    changes.extend([1_500, 1_501, 2_048, 4_000, 4_094, 4_095].map(|total| bytes(format!("{total}"), unknown(total))));
    if lcp_is_open(place) {
        changes.push(bytes("echo-1400", lcp(9, 0xc9, &[&[0; 4][..], &[0x5a; 1_370]].concat())));
    }
    changes
}

fn floods(place: &str) -> Vec<Change> {
    match place {
        "after-ack" | "after-login" => vec![
            bytes("lcp-request-30", (0xd0..0xee).flat_map(|id| lcp(1, id, &[])).collect()),
            bytes("lcp-nak-30", (0xd0..0xee).flat_map(|id| lcp(3, id, &[3, 4, 0xc0, 0x23])).collect()),
            bytes("unknown-protocol-20", frame(0x8077, &[0x5a; 64]).repeat(20)),
        ],
        "connected" => vec![
            bytes("unknown-protocol-20", frame(0x8077, &[0x5a; 64]).repeat(20)),
            bytes("empty-20", [0x10, 0, 0, 4].repeat(20)),
            bytes("lcp-echo-30", (0xd0..0xee).flat_map(|id| lcp(9, id, &[0, 0, 0, 0, id])).collect()),
            bytes("lcp-terminate-30", (0xd0..0xee).flat_map(|id| lcp(5, id, &[])).collect()),
        ],
        _ => Vec::new(),
    }
}

fn identifiers(place: &str) -> Vec<Change> {
    let echo = |id: u8| lcp(9, id, &[0, 0, 0, 0, 9, 8, 7]);
    let mut changes = Vec::new();
    if lcp_is_open(place) {
        changes.extend([0xfe, 0xff].map(|id| bytes(format!("echo-{id}"), echo(id))));
        changes.push(bytes("echo-twice", echo(0xf0).repeat(2)));
    }
    if negotiates(place) {
        let (unknown, plain) = (lcp(1, 0xf1, &[0x63, 4, 1, 2]), lcp(1, 0xf1, &[]));
        changes.push(bytes("request-twice", [unknown, plain].concat()));
        changes.push(bytes("request-255-0", [lcp(1, 255, &[0x63, 2]), lcp(1, 0xf2, &[])].concat()));
    }
    changes
}
