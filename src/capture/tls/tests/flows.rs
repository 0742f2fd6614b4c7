//! Whole connections.

use super::*;
use proptest::prelude::*;

/// What the ends said to each other: three fixtures of Java have three lines, the others mostly one, and the server
/// turns every line round.
fn said(lines: &[usize]) -> (String, String) {
    let client: String = lines.iter().map(|n| format!("hello from the client {n}\n")).collect();
    let server = client.lines().map(|line| line.chars().rev().collect::<String>() + "\n").collect();
    (client, server)
}

fn check(name: &str, keys: &Rc<RefCell<Keys>>, flow: &Flow, lines: &[usize], version: &str, suite: &str) {
    for piece in [usize::MAX, 1448, 7] {
        let sink = play(keys, flow, piece);
        assert_eq!((sink.client(), sink.server()), said(lines), "{name} in pieces of {piece}");
        let secured = sink.secured().unwrap_or_else(|| panic!("{name}: secured"));
        assert_eq!((secured.version.as_str(), secured.cipher.as_str()), (version, suite), "{name}");
        assert_eq!((sink.opaque(), sink.lost, sink.failure()), (None, 0, None), "{name}");
        assert!(sink.closed.contains(&Side::Client), "{name}: close_notify");
    }
}

/// Name of the fixture, version, suite; the key log is in the fixture.
const LOGGED: &[(&str, &str, &str)] = &[
    ("tls13-aes128gcm", "TLS 1.3", "TLS_AES_128_GCM_SHA256"),
    ("tls13-aes256gcm", "TLS 1.3", "TLS_AES_256_GCM_SHA384"),
    ("tls13-chacha20", "TLS 1.3", "TLS_CHACHA20_POLY1305_SHA256"),
    ("tls13-ccm", "TLS 1.3", "TLS_AES_128_CCM_SHA256"),
    ("tls13-ccm8", "TLS 1.3", "TLS_AES_128_CCM_8_SHA256"),
    ("tls13-retry", "TLS 1.3", "TLS_AES_256_GCM_SHA384"),
    ("tls13-client-cert", "TLS 1.3", "TLS_AES_256_GCM_SHA384"),
    ("tls12-aes128gcm", "TLS 1.2", "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"),
    ("tls12-aes256gcm", "TLS 1.2", "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"),
    ("tls12-chacha20", "TLS 1.2", "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"),
    ("tls12-ccm", "TLS 1.2", "TLS_ECDHE_ECDSA_WITH_AES_128_CCM"),
    ("tls12-ccm8", "TLS 1.2", "TLS_ECDHE_ECDSA_WITH_AES_256_CCM_8"),
    ("tls12-cbc-sha1", "TLS 1.2", "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA"),
    ("tls12-cbc-sha1-etm", "TLS 1.2", "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA"),
    ("tls12-cbc-sha256", "TLS 1.2", "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256"),
    ("tls12-cbc-sha256-etm", "TLS 1.2", "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256"),
    ("tls12-cbc-sha384", "TLS 1.2", "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384"),
    ("tls12-cbc-sha384-etm", "TLS 1.2", "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384"),
    ("tls12-null-sha1", "TLS 1.2", "TLS_ECDHE_ECDSA_WITH_NULL_SHA"),
];

#[test]
fn every_suite_opens_with_the_key_log() {
    for (name, version, suite) in LOGGED {
        let (log, flows) = fixture(name);
        check(name, &keys(&log), &flows[0], &[0], version, suite);
    }
}

/// The clear part of the handshake in records of at most so many bytes. RFC 8446 5.1, RFC 5246 6.2.1.
fn in_small_records(flow: &Flow, most: usize) -> Flow {
    let mut sealed = [false; 2];
    let part = |(side, bytes): &(Side, Vec<u8>)| {
        let mut out = Vec::new();
        for record in super::holes::records(bytes) {
            sealed[*side as usize] |= record[0] == 20;
            match record[0] == 22 && !sealed[*side as usize] {
                true => record[5..].chunks(most).for_each(|piece| {
                    out.extend_from_slice(&record[..3]);
                    out.extend_from_slice(&(piece.len() as u16).to_be_bytes());
                    out.extend_from_slice(piece);
                }),
                false => out.extend_from_slice(record),
            }
        }
        (*side, out)
    };
    flow.iter().map(part).collect()
}

#[test]
fn a_handshake_in_small_records_is_put_together() {
    for (name, version, suite) in LOGGED {
        let (log, flows) = fixture(name);
        for most in [1, 7, 20, 30] {
            check(name, &keys(&log), &in_small_records(&flows[0], most), &[0], version, suite);
        }
    }
}

#[test]
fn tls_1_0_and_1_1_open_with_chained_and_with_explicit_ivs() {
    let suite = "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA";
    for (name, version) in
        [("tls10-cbc-sha1", "TLS 1.0"), ("tls10-cbc-sha1-etm", "TLS 1.0"), ("tls11-cbc-sha1", "TLS 1.1"), ("tls11-cbc-sha1-etm", "TLS 1.1")]
    {
        let (log, flows) = fixture(name);
        check(name, &keys(&log), &flows[0], &[0, 1, 2], version, suite);
    }
}

#[test]
fn the_rsa_key_exchange_opens_with_the_private_key() {
    for pem in ["rsa.pem", "rsa8.pem"] {
        for (name, lines, version, suite) in [
            ("tls12-rsa", &[0][..], "TLS 1.2", "TLS_RSA_WITH_AES_128_GCM_SHA256"),
            ("tls12-rsa-no-ems", &[0], "TLS 1.2", "TLS_RSA_WITH_AES_256_CBC_SHA256"),
            ("tls10-rsa", &[0], "TLS 1.0", "TLS_RSA_WITH_AES_128_CBC_SHA"),
            ("tls12-null-md5", &[0], "TLS 1.2", "TLS_RSA_WITH_NULL_MD5"),
            ("tls10-rc4-md5", &[0, 1, 2], "TLS 1.0", "TLS_RSA_WITH_RC4_128_MD5"),
            ("tls12-rc4-sha1", &[0, 1, 2], "TLS 1.2", "TLS_RSA_WITH_RC4_128_SHA"),
            ("tls10-3des", &[0, 1, 2], "TLS 1.0", "TLS_RSA_WITH_3DES_EDE_CBC_SHA"),
            ("tls12-3des", &[0, 1, 2], "TLS 1.2", "TLS_RSA_WITH_3DES_EDE_CBC_SHA"),
        ] {
            check(name, &rsa_keys(pem), &fixture(name).1[0], lines, version, suite);
        }
    }
}

/// The second connection has no key exchange: what the first one agreed on is remembered by session id or ticket.
#[test]
fn a_session_of_the_rsa_key_exchange_is_resumed() {
    for name in ["tls12-rsa-resumed-id", "tls12-rsa-resumed-ticket"] {
        let (_, flows) = fixture(name);
        let keys = rsa_keys("rsa.pem");
        check(name, &keys, &flows[0], &[0], "TLS 1.2", "TLS_RSA_WITH_AES_128_GCM_SHA256");
        check(name, &keys, &flows[1], &[1], "TLS 1.2", "TLS_RSA_WITH_AES_128_GCM_SHA256");
        assert!(play(&keys, &flows[1], 99).hellos()[0].resumed, "{name}");
        let alone = play(&rsa_keys("rsa.pem"), &flows[1], usize::MAX);
        assert!(matches!(alone.opaque(), Some((_, Opaqueness::NoKey))), "{name}");
    }
}

#[test]
fn resumption_shows_in_the_hello_and_brings_no_chain() {
    for (name, version) in [("tls13-resumed", TLS13), ("tls12-resumed-id", TLS12), ("tls12-resumed-ticket", TLS12)] {
        let (log, flows) = fixture(name);
        let sink = play(&keys(&log), &flows[0], 100);
        assert_eq!((sink.client(), sink.server()), said(&[1]), "{name}");
        let hello = sink.hellos()[0];
        assert_eq!((hello.version, hello.resumed, sink.chain()), (version, true, 0), "{name}");
    }
}

#[test]
fn a_retry_is_told_and_the_chain_is_read() {
    let (log, flows) = fixture("tls13-retry");
    let sink = play(&keys(&log), &flows[0], 1000);
    assert_eq!(sink.hellos().iter().map(|hello| hello.retry).collect::<Vec<_>>(), [true, false]);
    assert_eq!((sink.chain(), sink.secured().and_then(|it| it.group.clone())), (1, Some("secp384r1".into())));
}

#[test]
fn what_was_agreed_on_is_told_as_a_live_probe_tells_it() {
    let (log, flows) = fixture("tls13-aes128gcm");
    let sink = play(&keys(&log), &flows[0], usize::MAX);
    let expected = Secured {
        version: "TLS 1.3".into(),
        cipher: "TLS_AES_128_GCM_SHA256".into(),
        group: Some("X25519".into()),
        alpn: Some("http/1.1".into()),
        sni: Some("vpn.example.test".into()),
        client_cert_requested: false,
        ocsp_stapled: None,
        staple: Bytes::default(),
        signed_with: Some(0x0403),
    };
    assert_eq!(sink.secured(), Some(&expected));
    let kinds: Vec<&str> = sink.events.iter().map(|event| kind_of(&event.what)).collect();
    assert_eq!(kinds, ["began", "client-hello", "server-hello", "began", "chain", "secured", "up"]);
    let (log, flows) = fixture("tls13-client-cert");
    assert!(play(&keys(&log), &flows[0], usize::MAX).secured().expect("secured").client_cert_requested);
}

fn kind_of(what: &What) -> &'static str {
    match what {
        What::Began => "began",
        What::Up => "up",
        What::ClientHello(_) => "client-hello",
        What::ServerHello(_) => "server-hello",
        What::Chain { .. } => "chain",
        What::Secured(_) => "secured",
        What::Opaque { .. } => "opaque",
        _ => "other",
    }
}

#[test]
fn keys_are_updated_by_either_side() {
    let (log, flows) = fixture("tls13-key-update");
    for piece in [usize::MAX, 40] {
        let sink = play(&keys(&log), &flows[0], piece);
        // The server's last answer was not sent any more.
        assert_eq!((sink.client(), sink.server()), (said(&[0, 1, 2, 3]).0, said(&[0, 1, 2]).1));
        assert_eq!((sink.opaque(), sink.lost), (None, 0));
    }
}

#[test]
fn a_handshake_inside_the_connection_changes_the_keys() {
    let (log, flows) = fixture("tls12-renegotiated");
    for piece in [usize::MAX, 50] {
        let sink = play(&keys(&log), &flows[0], piece);
        assert_eq!((sink.client(), sink.server()), said(&[0, 1]));
        assert_eq!((sink.hellos().len(), sink.opaque(), sink.lost), (2, None, 0));
    }
}

#[test]
fn a_certificate_may_be_asked_for_late() {
    let (log, flows) = fixture("tls13-late-auth");
    let sink = play(&keys(&log), &flows[0], 333);
    assert_eq!(sink.client(), "hello from the client 0\nhello from the client 1\n");
    assert_eq!((sink.server().as_str(), sink.opaque()), ("hello from the server\n", None));
}

#[test]
fn early_data_is_read_where_it_is_taken_and_passed_over_where_not() {
    let (log, flows) = fixture("tls13-early");
    for piece in [usize::MAX, 11] {
        let sink = play(&keys(&log), &flows[0], piece);
        assert_eq!(sink.client(), "early data of the client\nhello from the client 0\n");
        assert_eq!((sink.server().as_str(), sink.lost, sink.opaque()), ("hello from the server\n", 0, None));
        let times: Vec<Micros> = sink.events.iter().map(|event| event.at).collect();
        assert!(times.is_sorted());
    }
    let (log, flows) = fixture("tls13-early-rejected");
    for piece in [usize::MAX, 11] {
        let sink = play(&keys(&log), &flows[0], piece);
        assert_eq!((sink.client().as_str(), sink.lost, sink.opaque()), ("hello from the client 0\n", 0, None));
        assert!(sink.secured().is_some());
    }
    // Without the early secret, but with the others, it is a hole.
    let (log, flows) = fixture("tls13-early");
    let log: String = log.lines().filter(|line| !line.starts_with("CLIENT_EARLY")).map(|line| format!("{line}\n")).collect();
    let sink = play(&keys(&log), &flows[0], usize::MAX);
    assert_eq!((sink.client().as_str(), sink.opaque()), ("hello from the client 0\n", None));
    assert!(sink.lost > 0);
}

#[test]
fn a_refusal_names_the_side_and_its_alert() {
    for name in ["tls13-refused-by-client", "tls12-refused-by-client"] {
        let (log, flows) = fixture(name);
        let sink = play(&keys(&log), &flows[0], 500);
        let reason = Reason::ClientLeft("alert unknown_ca".into());
        assert_eq!(sink.failure(), Some((Some(Side::Client), TlsFailure::Other, &reason)), "{name}");
        assert_eq!((sink.chain(), sink.secured()), (1, None));
    }
    // OpenSSL sends the alert in the clear; another client's is encrypted, and only its length is seen.
    let (_, mut flows) = fixture("tls13-aes128gcm");
    flows[0].truncate(2);
    flows[0].push((Side::Client, [&[23, 3, 3, 0, 19][..], &[0xee; 19]].concat()));
    let sink = play(&keys(""), &flows[0], 500);
    let (by, failure, reason) = sink.failure().expect("failed");
    assert_eq!(
        (by, failure, reason.to_string().as_str()),
        (Some(Side::Client), TlsFailure::Closed, super::super::outcome::LEFT_WITH_ALERT)
    );
    let (_, flows) = fixture("tls12-version-refused");
    let sink = play(&keys(""), &flows[0], 500);
    let (by, failure, reason) = sink.failure().expect("failed");
    assert_eq!((by, failure), (Some(Side::Server), TlsFailure::Alert(70)));
    assert_eq!(reason.to_string(), "received fatal alert: protocol_version");
}

#[test]
fn without_keys_the_handshake_is_followed_and_the_bytes_are_counted() {
    for (name, ..) in LOGGED.iter().filter(|row| !row.0.contains("null")) {
        let sink = play(&keys(""), &fixture(name).1[0], 999);
        assert_eq!((sink.client(), sink.server()), (String::new(), String::new()), "{name}");
        assert!(matches!(sink.opaque(), Some((20.., Opaqueness::NoKey))), "{name}");
        assert!(sink.secured().is_some(), "{name}");
        assert_eq!(sink.failure(), None, "{name}");
        assert_eq!(sink.chain(), usize::from(name.starts_with("tls12")), "{name}");
    }
}

#[test]
fn a_wrong_key_yields_no_plaintext() {
    for (name, ..) in LOGGED {
        let (log, flows) = fixture(name);
        let wrong: String =
            log.lines().map(|line| format!("{}{}\n", &line[..line.len() - 2], if line.ends_with("00") { "01" } else { "00" })).collect();
        let sink = play(&keys(&wrong), &flows[0], usize::MAX);
        assert_eq!((sink.client(), sink.server()), (String::new(), String::new()), "{name}");
        assert!(sink.opaque().is_some_and(|(_, because)| because != Opaqueness::NoKey), "{name}: {:?}", sink.opaque());
    }
}

#[test]
fn a_key_that_comes_late_opens_what_waited_for_it() {
    for name in ["tls13-aes256gcm", "tls12-cbc-sha1", "tls13-early"] {
        let (log, flows) = fixture(name);
        let store = keys("");
        let (mut tls, mut sink) = (Tls::new(store.clone()), Sink::default());
        let (last, before) = flows[0].split_last().expect("some");
        for (side, bytes) in before {
            tls.bytes(Micros(1), *side, bytes, &mut sink);
        }
        assert_eq!(sink.client(), "");
        store.borrow_mut().blob(log.as_bytes());
        tls.bytes(Micros(2), last.0, &last.1, &mut sink);
        tls.end(Micros(3), &mut sink);
        assert!(sink.client().ends_with("hello from the client 0\n"), "{name}");
        assert_eq!(sink.opaque(), None, "{name}");
    }
}

/// A key log that holds only the secrets of application data.
#[test]
fn the_secrets_of_the_handshake_may_be_missing() {
    let (log, flows) = fixture("tls13-aes128gcm");
    let log: String = log.lines().filter(|line| line.contains("TRAFFIC_SECRET_0")).map(|line| format!("{line}\n")).collect();
    let sink = play(&keys(&log), &flows[0], usize::MAX);
    assert_eq!((sink.client(), sink.server()), said(&[0]));
    assert!(sink.secured().is_some() && sink.chain() == 0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn how_a_stream_is_cut_makes_no_difference(cuts in proptest::collection::vec(1usize..600, 1..40), which in 0usize..19) {
        let (name, ..) = LOGGED[which];
        let (log, flows) = fixture(name);
        let store = keys(&log);
        let (mut tls, mut sink) = (Tls::new(store), Sink::default());
        let mut cuts = cuts.into_iter().cycle();
        for (side, bytes) in &flows[0] {
            let mut rest = &bytes[..];
            while !rest.is_empty() {
                let (now, later) = rest.split_at(cuts.next().unwrap_or(1).min(rest.len()));
                tls.bytes(Micros(1), *side, now, &mut sink);
                rest = later;
            }
        }
        tls.end(Micros(2), &mut sink);
        prop_assert_eq!((sink.client(), sink.server()), said(&[0]));
    }
}
