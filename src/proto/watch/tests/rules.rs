//! Broken rules, each with the bytes that break it.

use super::*;
use crate::wire::http::{CONTENT_LENGTH, Head as HttpHead};
use crate::wire::sstp::{Attribute, Message, MessageType, emit_data};
use Side::{Client, Server};

const GUID: &str = "{0F1A2D58-D4A3-E300-0FAD-3CE4906E07B7}";

type Line = (Side, Vec<u8>);

fn opening() -> (Vec<u8>, Vec<u8>) {
    let answer = HttpHead::response(200, "OK", &[("Content-Length", CONTENT_LENGTH)]);
    (HttpHead::sstp_request("vpn.example.test", GUID).emit(), answer.emit())
}

/// A call opened over HTTP, then these packets, a millisecond apart.
fn call(packets: &[Line]) -> Told {
    let (request, answer) = opening();
    let lines = [(Client, request), (Server, answer)].into_iter().chain(packets.iter().cloned());
    let wire: Vec<_> = lines.enumerate().map(|(n, row)| (Micros(n as u64 * 5_000), row.0, Wire::Bytes(row.1))).collect();
    watch(WatchConfig::default(), None, &wire, Micros(1_000_000)).1
}

fn rules(told: &Told) -> Vec<String> {
    violations(told).into_iter().map(|row| format!("{} {}", row.0, row.1.split(':').next().unwrap_or_default())).collect()
}

fn request() -> Vec<u8> {
    Message::with(MessageType::CallConnectRequest, Attribute::EncapsulatedProtocol(1)).emit()
}

fn ack(mask: u8) -> Vec<u8> {
    Message::with(MessageType::CallConnectAck, Attribute::CryptoBindingRequest { hash_mask: mask, nonce: vec![7; 32].into() }).emit()
}

fn connected(hash: u8, nonce: u8) -> Vec<u8> {
    let binding = Attribute::CryptoBinding {
        hash_protocol: hash,
        nonce: vec![nonce; 32].into(),
        cert_hash: vec![1; 32].into(),
        compound_mac: vec![2; 32].into(),
    };
    Message::with(MessageType::CallConnected, binding).emit()
}

fn ppp(hex: &str) -> Vec<u8> {
    emit_data(&unhex(hex).expect("hexadecimal"))
}

#[test]
fn a_message_that_breaks_its_format_is_told_with_the_place_of_the_rule() {
    let sha1 = {
        let mut packet = connected(1, 7);
        packet[70] = 9;
        packet
    };
    let status =
        |kind, about, status, len: usize| Message::with(kind, Attribute::StatusInfo { about, status, value: vec![5; len].into() }).emit();
    let twice = {
        let offer = Attribute::CryptoBindingRequest { hash_mask: 3, nonce: vec![7; 32].into() };
        Message { kind: MessageType::CallConnectAck, attributes: vec![offer.clone(), offer] }.emit()
    };
    let hex = |text: &str| unhex(text).expect("hexadecimal");
    type Case<'a> = (Vec<Line>, &'a [&'a str]);
    let (fine, offer) = (request(), ack(3));
    let early = status(MessageType::CallAbort, 2, 11, 0);
    let long = status(MessageType::CallConnectNak, 1, 4, 65);
    let cases: [Case<'_>; 15] = [
        (vec![(Client, fine.clone()), (Server, offer.clone())], &[]),
        (vec![(Client, hex("10 03 00 0E 00 01 00 01 00 01 00 06 00 01"))], &["client MS-SSTP 2.2.1"]),
        (vec![(Client, hex("10 01 F0 0E 00 01 00 01 00 01 00 06 00 01"))], &["client MS-SSTP 2.2.1"]),
        (vec![(Client, hex("10 01 00 0E 00 01 00 01 01 01 F0 06 00 01"))], &["client MS-SSTP 2.2.4"]),
        (vec![(Client, hex("10 01 00 0E 00 01 00 01 00 01 00 06 00 02"))], &["client MS-SSTP 2.2.5"]),
        (vec![(Client, hex("10 01 00 0D 00 01 00 01 00 01 00 05 01"))], &["client MS-SSTP 2.2.5"]),
        (vec![(Client, hex("10 01 00 08 00 01 00 00"))], &["client MS-SSTP 2.2.9", "client MS-SSTP 2.2.9"]),
        (
            vec![(Client, hex("10 01 00 0C 00 01 00 01 00 77 00 04"))],
            &["client MS-SSTP 2.2.9", "client MS-SSTP 2.2.9", "client MS-SSTP 2.2.4"],
        ),
        (vec![(Client, fine.clone()), (Server, ack(0x84))], &["server MS-SSTP 2.2.6", "server MS-SSTP 2.2.6"]),
        (vec![(Client, fine.clone()), (Server, twice.clone())], &["server MS-SSTP 2.2.10", "server MS-SSTP 2.2.10"]),
        (vec![(Client, fine.clone()), (Server, long.clone())], &["server MS-SSTP 2.2.8"]),
        (vec![(Client, fine.clone()), (Server, early.clone())], &["server MS-SSTP 2.2.8"]),
        (
            vec![(Client, fine.clone()), (Server, ack(2)), (Client, sha1.clone())],
            &["client MS-SSTP 2.2.7", "client MS-SSTP 2.2.7", "client MS-SSTP 3.2.5.3.2"],
        ),
        (vec![(Client, fine.clone()), (Server, offer.clone()), (Client, connected(2, 8))], &["client MS-SSTP 2.2.7"]),
        (vec![(Client, hex("10 01 00 08 00 77 00 00"))], &["client MS-SSTP 2.2.2"]),
    ];
    for (packets, expected) in cases {
        let told = call(&packets);
        assert_eq!(rules(&told), expected, "{:?}", violations(&told));
    }
}

#[test]
fn ppp_answers_are_held_against_what_they_answer() {
    let (fine, offer) = (request(), ack(3));
    let asked = ppp("ff03 c021 01 05 000e 0104 0578 0506 11223344");
    let cases: [(&str, &[&str]); 7] = [
        ("ff03 c021 02 05 000e 0104 0578 0506 11223344", &[]),
        ("ff03 c021 02 05 000e 0104 0579 0506 11223344", &["server RFC 1661 5.2"]),
        ("ff03 c021 02 06 000e 0104 0578 0506 11223344", &["server RFC 1661 5.2"]),
        ("ff03 c021 03 07 0008 0104 05dc", &["server RFC 1661 5.3"]),
        ("ff03 c021 04 05 0008 0104 0578", &[]),
        ("ff03 c021 04 05 0006 0702", &["server RFC 1661 5.4"]),
        ("ff03 c021 01 01 000a 0506 11223344", &["server RFC 1661 6.4"]),
    ];
    for (answer, expected) in cases {
        let told = call(&[(Client, fine.clone()), (Server, offer.clone()), (Client, asked.clone()), (Server, ppp(answer))]);
        assert_eq!(rules(&told), expected, "{answer}");
    }
    let beyond = ppp("ff03 c021 01 01 0040 0104 05dc");
    let told = call(&[(Client, fine.clone()), (Server, offer.clone()), (Server, beyond.clone())]);
    assert_eq!(rules(&told), ["server RFC 1661 5"]);
    assert!(told.events.iter().any(|event| matches!(&event.what, What::Undecoded(error) if error.layer == Layer::Lcp)));
}

#[test]
fn a_frame_beyond_the_mru_is_told_once() {
    let (fine, offer) = (request(), ack(3));
    let (ours, theirs) = (ppp("ff03 c021 01 01 0008 0104 0400"), ppp("ff03 c021 01 01 0004"));
    let (our_ack, their_ack) = (ppp("ff03 c021 02 01 0004"), ppp("ff03 c021 02 01 0008 0104 0400"));
    let big = emit_data(&[&[0xff, 3, 0, 0x21, 0x45][..], &[0; 1024]].concat());
    let rows: Vec<Line> = vec![
        (Client, fine.clone()),
        (Server, offer.clone()),
        (Client, ours.clone()),
        (Server, theirs.clone()),
        (Client, our_ack.clone()),
        (Server, their_ack.clone()),
        (Client, big.clone()),
        (Server, big.clone()),
        (Server, big.clone()),
    ];
    assert_eq!(
        violations(&call(&rows)),
        [(Server, "RFC 1661 6.1: a frame carries 1025 bytes where the other end takes 1024 (MRU)".to_string())]
    );
}

#[test]
fn the_heads_are_held_against_their_rules() {
    let only = |request: &str, answer: &str| {
        let wire = [
            (Micros(0), Client, Wire::Bytes(request.replace('\n', "\r\n").into_bytes())),
            (Micros(9), Server, Wire::Bytes(answer.replace('\n', "\r\n").into_bytes())),
        ];
        rules(&watch(WatchConfig::default(), None, &wire, Micros(10)).1)
    };
    let path = crate::wire::http::PATH;
    let good = format!("SSTP_DUPLEX_POST {path} HTTP/1.1\nHost: a\nContent-Length: {CONTENT_LENGTH}\nSSTPCORRELATIONID: {GUID}\n\n");
    let fine = format!("HTTP/1.1 200 OK\nContent-Length: {CONTENT_LENGTH}\n\n");
    assert_eq!(only(&good, &fine), [] as [&str; 0]);
    assert_eq!(only(&good.replace("458b", "458B"), &fine), ["client MS-SSTP 3.2.4.1"]);
    assert_eq!(only(&good.replace("Host: a\n", ""), &fine), ["client RFC 9112 3.2"]);
    assert_eq!(only(&good.replace(GUID, "{1}"), &fine), ["client MS-SSTP 3.2.4.1"]);
    assert_eq!(only(&good.replace(&format!("{path} "), &format!("{path}?tenantid=x ")), &fine), [] as [&str; 0]);
    assert_eq!(only(&good.replace(&format!("{path} "), &format!("{path}?a=x ")), &fine), ["client MS-SSTP 3.2.4.1"]);
    assert_eq!(only(&good, "HTTP/1.0 200 OK\nContent-Length: 5\n\n"), ["server MS-SSTP 3.2.4.1"; 2]);
}

#[test]
fn a_message_is_out_of_turn_only_where_no_order_allows_it() {
    let steps = |rows: &[(u64, Side, Vec<u8>)]| {
        let (request, answer) = opening();
        let mut wire = vec![(Micros(0), Client, Wire::Bytes(request)), (Micros(1), Server, Wire::Bytes(answer))];
        wire.extend(rows.iter().map(|row| (Micros(row.0), row.1, Wire::Bytes(row.2.clone()))));
        let (_, told) = watch(WatchConfig::default(), None, &wire, Micros(9_000_000));
        told.events.iter().filter(|event| matches!(event.what, What::Misstep { .. })).map(|event| event.by).collect::<Vec<_>>()
    };
    let bare = |kind| Message::bare(kind).emit();
    let (echo, left) = (bare(MessageType::EchoRequest), bare(MessageType::CallDisconnect));
    let open = |rows: &[(u64, Side, Vec<u8>)]| {
        let mut all = vec![(10, Client, request()), (20, Server, ack(3))];
        all.extend_from_slice(rows);
        steps(&all)
    };
    assert_eq!(open(&[(30, Client, connected(2, 7)), (40, Server, echo.clone())]), []);
    assert_eq!(open(&[(39, Server, echo.clone()), (40, Client, connected(2, 7))]), [], "the capture swapped them");
    assert_eq!(open(&[(39, Server, echo.clone()), (90_000, Client, connected(2, 7))]), [Some(Server)]);
    assert_eq!(
        open(&[(39, Server, echo.clone()), (40, Client, bare(MessageType::CallAbort))]),
        [Some(Server)],
        "the client saw it so, too"
    );
    assert_eq!(open(&[(30, Server, ack(3))]), [Some(Server)]);
    assert_eq!(open(&[(30, Client, connected(2, 7)), (40, Server, left.clone()), (41, Client, echo.clone())]), [], "it crossed");
    assert_eq!(open(&[(30, Client, left.clone()), (31, Server, left), (32, Client, bare(MessageType::CallDisconnectAck))]), []);
    assert_eq!(steps(&[(10, Client, echo)]), [Some(Client)]);
}
