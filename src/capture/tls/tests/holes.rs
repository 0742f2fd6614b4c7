//! Bytes that are missing, and connections whose beginning was not seen.

use super::*;

/// The records of one side, cut by their headers.
pub(super) fn records(bytes: &[u8]) -> Vec<&[u8]> {
    let (mut rest, mut records) = (bytes, Vec::new());
    while let Ok(Some(header)) = Header::parse(rest) {
        let (record, later) = rest.split_at(5 + header.len);
        records.push(record);
        rest = later;
    }
    records
}

fn stream(flow: &Flow, side: Side) -> Vec<u8> {
    flow.iter().filter(|part| part.0 == side).flat_map(|part| part.1.clone()).collect()
}

/// The connection with one record of the client left out, all that the server said coming first where it can.
fn without_record(name: &str, which: usize, partly: bool) -> Sink {
    let (log, flows) = fixture(name);
    let (mut tls, mut sink) = (Tls::new(keys(&log)), Sink::default());
    let mut seen = 0;
    for (side, bytes) in &flows[0] {
        if *side == Side::Server {
            tls.bytes(Micros(1), *side, bytes, &mut sink);
            continue;
        }
        for record in records(bytes) {
            seen += 1;
            if seen - 1 != which {
                tls.bytes(Micros(1), *side, record, &mut sink);
                continue;
            }
            // Either all of it is missing, or there is a beginning and an end.
            let kept = if partly { 9 } else { 0 };
            tls.bytes(Micros(1), *side, &record[..kept], &mut sink);
            tls.gap(Micros(1), *side, (record.len() - 2 * kept) as u64, &mut sink);
            tls.bytes(Micros(1), *side, &record[record.len() - kept..], &mut sink);
        }
    }
    tls.end(Micros(2), &mut sink);
    sink
}

#[test]
fn behind_a_gap_the_next_record_opens() {
    for (name, which) in [("tls13-key-update", 4), ("tls11-cbc-sha1", 4), ("tls11-cbc-sha1-etm", 4)] {
        for partly in [false, true] {
            let sink = without_record(name, which, partly);
            let lines: Vec<String> = sink.client().lines().map(str::to_string).collect();
            assert!(lines.len() >= 2 && lines.iter().all(|line| line.starts_with("hello from the client ")), "{name}: {lines:?}");
            assert!(sink.lost > 0, "{name}");
            assert_eq!(sink.opaque(), None, "{name}");
        }
    }
    // TLS 1.0 chains its records: the one behind the gap only yields the IV of the next.
    let sink = without_record("tls10-cbc-sha1", 6, false);
    assert!(sink.client().contains("hello from the client 2\n"), "{}", sink.client());
    assert!(!sink.client().contains("hello from the client 1\n") || sink.lost > 0);
}

/// ChangeCipherSpec and Finished of one side are not in the capture: what follows can only be encrypted.
#[test]
fn a_lost_change_cipher_spec_costs_nothing_behind_it() {
    for name in ["tls12-aes128gcm", "tls12-chacha20", "tls12-ccm", "tls12-cbc-sha256", "tls12-cbc-sha384-etm"] {
        let (log, flows) = fixture(name);
        for from in [Side::Client, Side::Server] {
            let (mut tls, mut sink) = (Tls::new(keys(&log)), Sink::default());
            let mut left_out = 0;
            for (side, bytes) in &flows[0] {
                for record in records(bytes) {
                    // What stands behind ChangeCipherSpec is Finished.
                    if *side == from && (record[0] == 20 || left_out == 1) {
                        left_out += 1;
                        tls.gap(Micros(1), *side, record.len() as u64, &mut sink);
                    } else {
                        tls.bytes(Micros(1), *side, record, &mut sink);
                    }
                }
            }
            tls.end(Micros(2), &mut sink);
            assert_eq!(left_out, 2, "{name}");
            assert!(sink.client().starts_with("hello from the client 0"), "{name}, {from}: {}", sink.client());
            assert!(sink.server().contains("tneilc eht morf olleh"), "{name}, {from}: {}", sink.server());
            assert_eq!((sink.lost, sink.secured().map(|it| it.version.as_str())), (0, Some("TLS 1.2")), "{name}, {from}");
        }
    }
}

/// A KeyUpdate is lost, and the records behind it are sealed under the next secret.
#[test]
fn a_lost_key_update_is_made_up_for() {
    let flows = fixture("tls13-key-update").1;
    let client = stream(&flows[0], Side::Client);
    let place = records(&client).iter().position(|record| record.len() == 27).expect("a KeyUpdate");
    let sink = without_record("tls13-key-update", place, false);
    assert_eq!(sink.client(), (0..4).map(|n| format!("hello from the client {n}\n")).collect::<String>());
    assert!(sink.lost > 0);
}

#[test]
fn garbage_behind_a_gap_is_passed_over() {
    let (log, flows) = fixture("tls12-aes128gcm");
    let (mut tls, mut sink) = (Tls::new(keys(&log)), Sink::default());
    let (last, before) = flows[0].split_last().expect("some");
    for (side, bytes) in before {
        tls.bytes(Micros(1), *side, bytes, &mut sink);
    }
    for junk in [&[0x17; 300][..], &[22, 3, 3, 0xff], &[23, 3, 3, 0, 1, 7, 7, 7], &[0; 40_000]] {
        tls.gap(Micros(2), last.0, 10, &mut sink);
        tls.bytes(Micros(2), last.0, junk, &mut sink);
    }
    tls.bytes(Micros(3), last.0, &last.1, &mut sink);
    assert_eq!(sink.closed.len(), 2, "the alert of the last flight was read");
}

#[test]
fn a_capture_that_began_late_is_told_as_such() {
    let (log, flows) = fixture("tls13-aes128gcm");
    let late: Flow = flows[0][3..].to_vec();
    let sink = play(&keys(&log), &late, 999);
    assert!(matches!(sink.opaque(), Some((_, Opaqueness::AfterGap))));
    assert_eq!((sink.client(), sink.secured(), sink.failure()), (String::new(), None, None));
}

#[test]
fn an_answer_that_is_no_tls_and_silence_are_told_apart() {
    let hello = fixture("tls13-aes128gcm").1[0][0].clone();
    let failure = |answer: &[u8]| {
        let flow = vec![hello.clone(), (Side::Server, answer.to_vec())];
        let sink = play(&keys(""), &flow, 3);
        let raw = sink.events.iter().find(|event| matches!(event.what, What::Unsecured { .. })).map(|event| event.raw.len());
        (sink.failure().map(|(by, failure, _)| (by, failure)), raw)
    };
    let server = Some(Side::Server);
    assert_eq!(failure(b"HTTP/1.1 400 Bad Request\r\n\r\n"), (Some((server, TlsFailure::PlainHttp)), Some(6)));
    assert_eq!(failure(b"SSH-2.0-OpenSSH"), (Some((server, TlsFailure::NotTls)), Some(6)));
    assert_eq!(failure(b"22"), (Some((server, TlsFailure::NotTls)), Some(2)));
    assert_eq!(failure(&[21, 3, 1, 0, 2, 2, 112]), (Some((server, TlsFailure::Alert(112))), Some(7)));

    let ended = |how: &dyn Fn(&mut Tls, &mut Sink)| {
        let (mut tls, mut sink) = (Tls::new(keys("")), Sink::default());
        tls.bytes(Micros(0), Side::Client, &hello.1, &mut sink);
        how(&mut tls, &mut sink);
        let reason = sink.failure().map(|(by, failure, reason)| (by, failure, reason.to_string()));
        reason.or_else(|| {
            sink.events
                .iter()
                .find_map(|event| if let What::Down(why) = &event.what { Some((None, TlsFailure::Other, why.to_string())) } else { None })
        })
    };
    let reset = ended(&|tls, sink| tls.closed(Micros(5), Side::Server, true, sink));
    assert_eq!(reset, Some((server, TlsFailure::Reset, "the peer reset the connection (RST)".into())));
    let fin = ended(&|tls, sink| {
        tls.closed(Micros(5), Side::Server, false, sink);
        tls.closed(Micros(6), Side::Client, false, sink);
    });
    assert_eq!(fin, Some((server, TlsFailure::Closed, "the peer closed the connection (FIN without close_notify)".into())));
    let silent = ended(&|tls, sink| tls.closed(Micros(9_000_000), Side::Client, false, sink));
    assert_eq!(silent, Some((server, TlsFailure::TimedOut, "no end of the TLS handshake within 9.00 s".into())));
    let left = ended(&|tls, sink| tls.closed(Micros(1_000), Side::Client, true, sink));
    assert_eq!(left, Some((Some(Side::Client), TlsFailure::Reset, "the client ended the connection in the handshake".into())));
    let unseen = ended(&|tls, sink| tls.end(Micros(1_000), sink));
    assert_eq!(unseen, Some((None, TlsFailure::Other, "the capture ended in the TLS handshake".into())));
    let waited = ended(&|tls, sink| tls.end(Micros(20_000_000), sink));
    assert_eq!(waited.map(|it| it.1), Some(TlsFailure::TimedOut));
}
