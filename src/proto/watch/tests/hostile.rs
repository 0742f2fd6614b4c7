//! Holes, late starts, other protocols, and bytes that mean nothing.

use super::*;
use crate::transcript::State;
use crate::wire::sstp::{Message, MessageType, emit_data};
use proptest::prelude::*;

/// An IPv4 packet of TCP in a data packet of SSTP.
fn tcp(seq: u32, payload: usize) -> Vec<u8> {
    let mut ip = vec![0x45, 0, 0, 0, 0, 0, 0, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2, 0x1f, 0x90, 0, 80];
    ip.extend(seq.to_be_bytes());
    ip.extend([0, 0, 0, 0, 0x50, 0x10, 0xff, 0xff, 0, 0, 0, 0]);
    ip.resize(40 + payload, 0xaa);
    let len = u16::try_from(ip.len()).expect("short").to_be_bytes();
    ip[2..4].copy_from_slice(&len);
    emit_data(&[&[0xff, 0x03, 0x00, 0x21][..], &ip].concat())
}

fn both(packets: &[Vec<u8>]) -> Vec<(Micros, Side, Wire)> {
    let sides = [Side::Client, Side::Server];
    packets.iter().enumerate().flat_map(|(n, packet)| sides.map(|side| (Micros(n as u64), side, Wire::Bytes(packet.clone())))).collect()
}

#[test]
fn a_capture_that_began_late_finds_the_packets_and_knows_what_must_have_been_up() {
    let mut wire = both(&[tcp(1, 100), tcp(101, 100), tcp(201, 100), Message::bare(MessageType::EchoRequest).emit()]);
    for row in wire.iter_mut().take(2) {
        // The first bytes are the tail of a packet.
        if let Wire::Bytes(bytes) = &mut row.2 {
            bytes.drain(..60);
        }
    }
    for gap in [true, false] {
        let mut wire = wire.clone();
        if gap {
            wire.insert(0, (Micros(0), Side::Client, Wire::Gap(0)));
            wire.insert(0, (Micros(0), Side::Server, Wire::Gap(0)));
        }
        let (watch, told) = watch(WatchConfig::default(), None, &wire, Micros(99));
        assert!(watch.is_sstp());
        let facts = facts(&watch, &told);
        assert!([Layer::Http, Layer::Sstp, Layer::Lcp, Layer::Binding, Layer::Ncp, Layer::Data].iter().all(|layer| facts.reached(*layer)));
        assert_eq!(facts.layer(Layer::Auth).map(|entry| entry.state), Some(State::Up));
        assert_eq!(facts.traffic.iter().map(|seen| seen.it.packets).collect::<Vec<_>>(), [2, 2]);
        assert_eq!(facts.opaque.len(), 2);
        assert!(facts.missteps.is_empty() && facts.undecoded.is_empty() && violations(&told).is_empty());
    }
}

#[test]
fn behind_a_hole_the_packets_are_found_again() {
    let packets: Vec<_> = (0..40).map(|n| tcp(1 + n * 1000, 1000)).collect();
    let stream = packets.concat();
    let total = stream.len();
    for (from, len, known) in [(5_000, 1, true), (5_000, 300, true), (5_000, 9_999, true), (5_000, 9_999, false), (0, 3, false)] {
        let tail = stream.get(from + len..).expect("within").to_vec();
        let mut wire = vec![(Micros(0), Side::Client, Wire::Gap(0))];
        wire.push((Micros(1), Side::Client, Wire::Bytes(stream[..from].to_vec())));
        wire.push((Micros(2), Side::Client, Wire::Gap(if known { len as u64 } else { 0 })));
        wire.push((Micros(3), Side::Client, Wire::Bytes(tail)));
        let (watch, told) = watch(WatchConfig::default(), None, &wire, Micros(9));
        let facts = facts(&watch, &told);
        let whole: u64 = facts.traffic.iter().map(|seen| seen.it.packets).sum();
        let hit = packets.len() as u64
            - (from as u64..(from + len) as u64).map(|at| at / 1048).collect::<std::collections::BTreeSet<_>>().len() as u64;
        assert!(watch.is_sstp() && facts.undecoded.is_empty());
        assert!(whole == hit || whole + 1 == hit, "{whole} of {hit} ({from}, {len}, {known})");
        let opaque: u64 = facts.opaque.iter().map(|seen| seen.it.0).sum();
        assert_eq!(whole * 1048 + opaque + len as u64, total as u64, "every byte is accounted for ({from}, {len}, {known})");
    }
}

#[test]
fn segments_sent_again_inside_the_tunnel_are_counted() {
    let wire = both(&[tcp(1, 100), tcp(101, 100), tcp(101, 100), tcp(201, 100), tcp(300, 1), tcp(1, 300), tcp(0, 0)]);
    let mut late = vec![(Micros(0), Side::Client, Wire::Gap(0)), (Micros(0), Side::Server, Wire::Gap(0))];
    late.extend(wire);
    let (watch, told) = watch(WatchConfig::default(), None, &late, Micros(9));
    let counts: Vec<_> = facts(&watch, &told).traffic.iter().map(|seen| seen.it.inner_retransmissions).collect();
    assert_eq!(counts, [2, 2], "a keep-alive and an empty segment are none");
}

#[test]
fn what_is_no_sstp_costs_two_events() {
    let wire = [
        (Micros(0), Side::Client, Wire::Bytes(b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello".to_vec())),
        (Micros(1), Side::Server, Wire::Bytes(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok".to_vec())),
        (Micros(2), Side::Client, Wire::Bytes(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n".to_vec())),
        (Micros(3), Side::Server, Wire::Bytes(vec![0x10; 9_000])),
    ];
    let (watch, told) = watch(WatchConfig::default(), None, &wire, Micros(9));
    assert!(!watch.is_sstp());
    assert_eq!(told.events.iter().filter(|event| matches!(event.what, What::Http(_))).count(), 2);
    assert_eq!(told.events.len(), 2);
}

#[test]
fn a_server_that_speaks_first_and_a_cut_request_confuse_nobody() {
    let banner = [(Micros(0), Side::Server, Wire::Bytes(b"220 mail.example ESMTP\r\n".to_vec()))];
    let (mail, told) = watch(WatchConfig::default(), None, &banner, Micros(9));
    assert!(!mail.is_sstp() && told.events.is_empty());
    let cut =
        [(Micros(0), Side::Client, Wire::Bytes(b"SSTP_DUPLEX_POST /sra_".to_vec())), (Micros(5), Side::Server, Wire::Closed(How::Reset))];
    let (cut, told) = watch(WatchConfig::default(), None, &cut, Micros(9));
    assert!(cut.is_sstp());
    assert_eq!(ladder(&told.events), ["http began", "http down: the peer reset the connection (RST)"]);
    let interim = b"HTTP/1.1 100 Continue\r\n\r\n".repeat(5_000);
    let head = crate::wire::http::Head::sstp_request("a", "b").emit();
    let wire = [(Micros(0), Side::Client, Wire::Bytes(head)), (Micros(1), Side::Server, Wire::Bytes(interim))];
    assert!(watch(WatchConfig::default(), None, &wire, Micros(9)).1.events.len() < 30);
}

#[test]
fn a_long_call_keeps_room_for_its_end() {
    let (watch_bound, packets) = (60, both(&vec![Message::bare(MessageType::EchoRequest).emit(); 3_000]));
    let mut watch = Watch::new(WatchConfig::default()).at_most(watch_bound);
    let mut told = Told::default();
    for side in [Side::Client, Side::Server] {
        watch.gap(Micros(0), side, 0, &mut told);
    }
    for (at, side, what) in packets {
        if let Wire::Bytes(bytes) = what {
            watch.bytes(at, side, &bytes, &mut told);
        }
    }
    let bye = Message::status(MessageType::CallDisconnect, 0, 0).emit();
    watch.bytes(Micros(9_000), Side::Client, &bye, &mut told);
    watch.end(Micros(9_001), &mut told);
    assert!(told.events.len() < 200, "{}", told.events.len());
    assert!(said(&told.events, Side::Client).iter().any(|row| row.1 == bye), "the farewell is told");
    assert!(told.events.iter().any(|event| matches!(event.what, What::Omitted { count } if count > 5_800)));
}

/// Pieces of calls and of nothing, in any order.
fn pieces() -> impl Strategy<Value = Vec<(bool, u8, Vec<u8>)>> {
    let head = crate::wire::http::Head::sstp_request("a", "b").emit();
    let answer = crate::wire::http::Head::response(200, "OK", &[("Content-Length", crate::wire::http::CONTENT_LENGTH)]).emit();
    let known = prop_oneof![
        Just(head),
        Just(answer),
        Just(tcp(5, 30)),
        (0u16..12, 0u16..3).prop_map(|(kind, count)| {
            let mut packet = vec![0x10, 1, 0, 8];
            packet.extend(kind.to_be_bytes());
            packet.extend(count.to_be_bytes());
            packet
        }),
        (any::<u8>(), any::<u8>(), any::<u8>(), prop::collection::vec(any::<u8>(), 0..40)).prop_map(|(low, code, id, data)| {
            let protocols: [[u8; 2]; 6] = [[0xc0, 0x21], [0xc0, 0x23], [0xc2, 0x23], [0xc2, 0x27], [0x80, 0x21], [0x80, 0x57]];
            let mut frame = vec![0xff, 0x03];
            frame.extend(protocols[usize::from(low) % 6]);
            frame.extend([code % 12, id % 4, 0, u8::try_from(data.len() + 4).expect("short")]);
            frame.extend(data);
            emit_data(&frame)
        }),
        prop::collection::vec(any::<u8>(), 0..60),
    ];
    prop::collection::vec((any::<bool>(), any::<u8>(), known), 0..60)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn whatever_comes_neither_panics_nor_tells_too_much(pieces in pieces()) {
        let mut wire = Vec::new();
        for (n, (client, mood, bytes)) in pieces.into_iter().enumerate() {
            let side = if client { Side::Client } else { Side::Server };
            let at = Micros(n as u64 * u64::from(mood) * 1_000);
            wire.push((at, side, match mood {
                0..8 => Wire::Gap(u64::from(mood) * 3),
                8..10 => Wire::Closed(How::Fin),
                _ => Wire::Bytes(bytes),
            }));
        }
        let (watch, told) = watch(credentials("x"), Some(CertHashes::default()), &wire, Micros(99_000_000));
        let facts = facts(&watch, &told);
        prop_assert!(told.events.len() < 2_500);
        prop_assert!(told.events.iter().filter(|event| matches!(event.what, What::Down(_))).count() <= 1);
        let _ = facts;
    }

    #[test]
    fn noise_behind_an_opened_call_is_bounded(noise in prop::collection::vec(any::<u8>(), 0..5_000), cut in 1usize..400) {
        let head = crate::wire::http::Head::sstp_request("a", "b").emit();
        let mut wire = vec![(Micros(0), Side::Client, Wire::Bytes(head)), (Micros(1), Side::Client, Wire::Gap(7))];
        wire.extend(noise.chunks(cut).map(|piece| (Micros(2), Side::Client, Wire::Bytes(piece.to_vec()))));
        let (_, told) = watch(WatchConfig::default(), None, &wire, Micros(9));
        prop_assert!(told.events.len() < 2_500);
    }
}
