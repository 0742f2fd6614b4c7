//! Mutators of what only a server says: the answer to the HTTP request, Call Connect Ack and Nak, the messages of a login.

use super::{Change, Mutator, PROTOCOL, change, instead, message, one, row};
use crate::base::hex;
use crate::jobs::mutate::spot::Spot;
use crate::proto::Rng;
use crate::wire::http::CONTENT_LENGTH;

pub(super) const ROWS: &[Mutator] = &[
    row("answer-line", "HTTP heads", "another version, status or reason", line),
    row("answer-headers", "HTTP heads", "header lines of the answer that are missing, twice, odd, or many", headers),
    row("answer-size", "HTTP heads", "answers that are too long, or never end, or are no HTTP", size),
    row("ack-attributes", "attributes", "attributes of a Call Connect Ack: none, twice, unknown, of wrong sizes", attributes),
    row("naks", "loops", "Call Connect Naks before the Ack, one, and many", naks),
    row("challenge", "login", "a challenge that is cut, empty, or without a name", challenge),
    row("proof", "login", "a Success whose proof is missing, cut, or wrong", proof),
    row("refusal", "login", "a Failure where a Success belongs", refusal),
];

fn answer(name: impl Into<String>, text: &str) -> Change {
    let text = text.replace('"', "\\\"").replace('\r', "\\r").replace('\n', "\\n").replace('\0', "\\0");
    one(name, format!("instead \"{text}\""))
}

fn is_answer(spot: &Spot) -> bool {
    spot.name == "http.response"
}

fn line(spot: &Spot, _: &mut Rng) -> Vec<Change> {
    if !is_answer(spot) {
        return Vec::new();
    }
    let rows = [
        "HTTP/1.0 200 OK",
        "HTTP/2 200 OK",
        "HTTP/1.1 200",
        "HTTP/1.1 201 Created",
        "HTTP/1.1 204 No Content",
        "HTTP/1.1 301 Moved",
        "HTTP/1.1 401 Unauthorized",
        "HTTP/1.1 403 Forbidden",
        "HTTP/1.1 404 Not Found",
        "HTTP/1.1 407 Proxy Authentication Required",
        "HTTP/1.1 500 Internal Server Error",
        "HTTP/1.1 503 Service Unavailable",
        "HTTP/1.1 000 OK",
        "HTTP/1.1 20 OK",
        "HTTP/1.1 2000 OK",
        "HTTP/1.1 -200 OK",
        "HTTP/1.1 abc OK",
        "200 OK",
    ];
    let name = |start: &str| start.split(' ').take(2).collect::<Vec<_>>().join("-").replace('/', "-");
    rows.iter().map(|start| answer(name(start), &format!("{start}\r\nContent-Length: {CONTENT_LENGTH}\r\n\r\n"))).collect()
}

fn headers(spot: &Spot, _: &mut Rng) -> Vec<Change> {
    if !is_answer(spot) {
        return Vec::new();
    }
    let with = |more: &str| format!("HTTP/1.1 200 OK\r\nContent-Length: {CONTENT_LENGTH}\r\n{more}\r\n");
    let length = |value: &str| format!("HTTP/1.1 200 OK\r\nContent-Length: {value}\r\n\r\n");
    let mut changes = vec![
        answer("none", "HTTP/1.1 200 OK\r\n\r\n"),
        answer("chunked", &with("Transfer-Encoding: chunked\r\n")),
        answer("no-colon", &with("nonsense\r\n")),
        answer("nul", &with("X: a\0b\r\n")),
        answer("folded", &with("X: a\r\n b\r\n")),
        answer("close", &with("Connection: close\r\n")),
        answer("ninety-lines", &with(&"X: a\r\n".repeat(90))),
        answer("two-hundred-lines", &with(&"X: a\r\n".repeat(200))),
    ];
    let lengths = ["0", "-1", "1", "18446744073709551614", "18446744073709551616", "x", ""];
    changes.extend(lengths.iter().map(|value| answer(format!("length={value}"), &length(value))));
    changes
}

fn size(spot: &Spot, _: &mut Rng) -> Vec<Change> {
    if !is_answer(spot) {
        return Vec::new();
    }
    let start = "HTTP/1.1 200 OK\r\n";
    vec![
        answer("value-of-4000", &format!("{start}X: {}\r\n\r\n", "a".repeat(4_000))),
        answer("value-of-60000", &format!("{start}X: {}\r\n\r\n", "a".repeat(60_000))),
        answer("no-end-of-line", &"A".repeat(70_000)),
        answer("no-end-of-head", &format!("{start}{}", "X: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n".repeat(2_000))),
        answer("ssh", "SSH-2.0-OpenSSH_9.2\r\n\r\n"),
        one("zeros", format!("instead {}", "00".repeat(512))),
        one("ones", format!("instead {}", "ff".repeat(512))),
        one("sstp", format!("instead {}", hex(&message(2, &[&binding(3, 32)])))),
    ]
}

/// A Crypto Binding Request with this bitmask and a nonce of so many bytes.
fn binding(mask: u8, nonce: usize) -> Vec<u8> {
    let length = u8::try_from(8 + nonce).unwrap_or(u8::MAX);
    [&[0, 4, 0, length, 0, 0, 0, mask][..], &vec![0x5a; nonce]].concat()
}

fn attributes(spot: &Spot, _: &mut Rng) -> Vec<Change> {
    if spot.name != "sstp.call-connect-ack" {
        return Vec::new();
    }
    let (sound, unknown): (Vec<u8>, &[u8]) = (binding(3, 32), &[0, 0x7f, 0, 6, 0, 1]);
    let status: &[u8] = &[0, 2, 0, 12, 0, 0, 0, 1, 0, 0, 0, 5];
    let sealed: Vec<u8> = [&[0, 3, 0, 104, 0, 0, 0, 2][..], &[0; 96]].concat();
    let sizes: Vec<(String, Vec<u8>)> = [0, 1, 16, 31, 33, 64].map(|size| (format!("nonce-{size}"), binding(3, size))).to_vec();
    let masks: Vec<(String, Vec<u8>)> = [0, 1, 2, 4, 0x80].map(|mask| (format!("mask-{mask}"), binding(mask, 32))).to_vec();
    let rows: [(&str, Vec<&[u8]>); 9] = [
        ("none", vec![]),
        ("twice", vec![&sound, &sound]),
        ("unknown-alone", vec![unknown]),
        ("unknown-behind", vec![&sound, unknown]),
        ("protocol", vec![PROTOCOL]),
        ("status", vec![status]),
        ("status-behind", vec![&sound, status]),
        ("binding", vec![&sealed]),
        ("six-hundred-unknown", vec![unknown; 600]),
    ];
    let mut changes: Vec<Change> = rows.iter().map(|(name, list)| one(*name, instead(&message(2, list)))).collect();
    changes.extend(sizes.iter().chain(&masks).map(|(name, value)| one(name.clone(), instead(&message(2, &[value])))));
    changes
}

fn naks(spot: &Spot, _: &mut Rng) -> Vec<Change> {
    if spot.name != "sstp.call-connect-ack" {
        return Vec::new();
    }
    let nak = message(3, &[&[0, 2, 0, 14, 0, 0, 0, 1, 0, 0, 0, 4, 0, 2]]);
    let mut changes: Vec<Change> =
        [1, 2, 3, 8, 40].iter().map(|n| one(format!("{n}-first"), format!("before {}", hex(&nak.repeat(*n))))).collect();
    changes.push(change("always", &[format!("sstp.call-connect-ack#* instead {}", hex(&nak))]));
    changes.push(one("bare", instead(&message(3, &[]))));
    changes
}

/// FF 03 C2 23, code, identifier, two bytes of length, size, value, name.
fn challenge(spot: &Spot, _: &mut Rng) -> Vec<Change> {
    if spot.name != "chap.challenge" {
        return Vec::new();
    }
    let size = usize::from(spot.raw.get(12).copied().unwrap_or_default());
    let with = |keep: usize| {
        let gone = size - keep;
        let lines = [
            format!("splice {}..{}", 13 + keep, 13 + size),
            format!("set value-size={keep}"),
            format!("set packet-length={}", spot.raw.len() - 8 - gone),
            format!("set length={}", spot.raw.len() - gone),
        ];
        change(format!("value-{keep}"), &lines)
    };
    let mut changes: Vec<Change> = [0, 1, 8, 15].into_iter().filter(|keep| *keep < size).map(with).collect();
    changes.push(one("zeros", format!("splice 13..{} {}", 13 + size, "00".repeat(size))));
    changes.push(one("storm", "repeat 20"));
    changes
}

fn proof(spot: &Spot, _: &mut Rng) -> Vec<Change> {
    if spot.name != "chap.success" {
        return Vec::new();
    }
    let digits = |value: &str| format!("splice 14..54 {}", hex(value.repeat(40).as_bytes()));
    let id = spot.raw.get(9).copied().unwrap_or_default();
    let empty = |length: usize| {
        [format!("splice {}..9999", length + 8), format!("set packet-length={length}"), format!("set length={}", length + 8)]
    };
    vec![
        one("zeros", digits("0")),
        one("effs", digits("F")),
        one("no-digits", digits("x")),
        one("no-s", "splice 12..14 2020"),
        change("empty", &empty(4)),
        change("cut", &empty(30)),
        one("identifier", format!("set identifier={}", id.wrapping_add(1))),
        one("twice", "repeat 2"),
    ]
}

fn refusal(spot: &Spot, _: &mut Rng) -> Vec<Change> {
    if spot.name != "chap.success" {
        return Vec::new();
    }
    let texts =
        ["E=691 R=0 C=00000000000000000000000000000000 V=3 M=no", "E=691 R=1 C=00000000000000000000000000000000 V=3", "E=648", "", "E=x"];
    let id = spot.raw.get(9).copied().unwrap_or_default();
    let make = |(nth, text): (usize, &&str)| {
        let packet = super::packet(crate::wire::ppp::CHAP, 4, id, text.as_bytes());
        // The identifier of the Success is that of now.
        change(
            format!("{nth}"),
            &[
                "set code=4".into(),
                format!("splice 12..9999 {}", hex(text.as_bytes())),
                format!("set packet-length={}", text.len() + 4),
                format!("set length={}", packet.len()),
            ],
        )
    };
    texts.iter().enumerate().map(make).collect()
}
