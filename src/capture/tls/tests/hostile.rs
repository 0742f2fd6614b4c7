//! Input made to do harm: nothing panics, and memory stays bounded.

use super::*;
use proptest::prelude::*;

/// What a connection holds beside what is shared.
fn holds(tls: &Tls) -> usize {
    let half = |half: &Half| half.buf.capacity() + half.messages.capacity() + half.first.capacity();
    half(&tls.client) + half(&tls.server) + tls.held.bytes()
}

fn side(client: bool) -> Side {
    if client { Side::Client } else { Side::Server }
}

#[derive(Clone, Debug)]
enum Step {
    Bytes(bool, Vec<u8>),
    Record(bool, u8, Vec<u8>),
    Gap(bool, u64),
    Real(usize),
    Closed(bool, bool),
}

fn step() -> impl Strategy<Value = Step> {
    let bytes = proptest::collection::vec(any::<u8>(), 0..400);
    prop_oneof![
        (any::<bool>(), bytes.clone()).prop_map(|(side, bytes)| Step::Bytes(side, bytes)),
        (any::<bool>(), 19u8..26, bytes).prop_map(|(side, kind, body)| Step::Record(side, kind, body)),
        (any::<bool>(), prop_oneof![8 => 0u64..4000, 1 => any::<u64>()]).prop_map(|(side, bytes)| Step::Gap(side, bytes)),
        (0usize..12).prop_map(Step::Real),
        (any::<bool>(), any::<bool>()).prop_map(|(side, reset)| Step::Closed(side, reset)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn no_stream_makes_it_panic_or_grow(
        steps in proptest::collection::vec(step(), 1..60),
        which in prop::sample::select(vec!["tls13-aes128gcm", "tls13-early", "tls12-cbc-sha1-etm", "tls10-cbc-sha1", "tls12-renegotiated", "tls13-key-update"]),
        with_keys in any::<bool>(),
    ) {
        let (log, flows) = fixture(which);
        let store = keys(if with_keys { &log } else { "" });
        let (mut tls, mut sink) = (Tls::new(store), Sink::default());
        let mut real = flows[0].iter().cycle();
        for step in steps {
            match step {
                Step::Bytes(client, bytes) => tls.bytes(Micros(1), side(client), &bytes, &mut sink),
                Step::Record(client, kind, body) => {
                    let record = [&[kind, 3, 3, (body.len() >> 8) as u8, body.len() as u8][..], &body].concat();
                    tls.bytes(Micros(1), side(client), &record, &mut sink);
                }
                Step::Gap(client, bytes) => tls.gap(Micros(1), side(client), bytes, &mut sink),
                Step::Real(n) => real.by_ref().take(n).for_each(|(side, bytes)| tls.bytes(Micros(1), *side, bytes, &mut sink)),
                Step::Closed(client, reset) => tls.closed(Micros(1), side(client), reset, &mut sink),
            }
            prop_assert!(holds(&tls) < 512 * 1024);
        }
        tls.end(Micros(2), &mut sink);
        prop_assert_eq!(holds(&tls), 0);
    }
}

#[test]
fn an_endless_stream_without_keys_is_bounded_for_one_connection_and_for_all() {
    let (_, flows) = fixture("tls13-aes128gcm");
    let store = keys("");
    let record = [&[23, 3, 3, 0x40, 0][..], &[0x5a; 0x4000]].concat();
    let mut connections = Vec::new();
    for _ in 0..200 {
        let (mut tls, mut sink) = (Tls::new(store.clone()), Sink::default());
        flows[0].iter().take(2).for_each(|(side, bytes)| tls.bytes(Micros(1), *side, bytes, &mut sink));
        for _ in 0..7 {
            tls.bytes(Micros(1), Side::Server, &record, &mut sink);
        }
        connections.push((tls, sink));
    }
    let held: usize = connections.iter().map(|(tls, _)| holds(tls)).sum();
    assert!(held < 12 << 20, "{held} bytes");
    let (tls, sink) = &mut connections[0];
    for _ in 0..100 {
        tls.bytes(Micros(1), Side::Server, &record, sink);
    }
    assert!(holds(tls) < 256 * 1024);
    tls.end(Micros(2), sink);
    let bytes = sink.opaque().map(|(bytes, _)| bytes);
    let flight: usize = flows[0][1].1.len();
    assert!(bytes >= Some(107 * 0x4000) && bytes < Some(107 * 0x4000 + flight as u64));
}

#[test]
fn a_handshake_message_without_end_is_not_kept() {
    let (mut tls, mut sink) = (Tls::new(keys("")), Sink::default());
    // A Certificate of 16 MiB, in records of 16 KiB.
    let first = [&[22, 3, 3, 0x40, 0, 2, 0, 0, 0, 11, 0xff, 0xff, 0xff][..], &[0; 0x4000 - 8]].concat();
    tls.bytes(Micros(1), Side::Server, &first, &mut sink);
    for _ in 0..200 {
        tls.bytes(Micros(1), Side::Server, &[&[22, 3, 3, 0x40, 0][..], &[0; 0x4000]].concat(), &mut sink);
        assert!(holds(&tls) < 300 * 1024);
    }
}
