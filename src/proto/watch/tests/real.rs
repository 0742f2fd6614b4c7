//! Real sessions: the plaintext of captures, and the ladder that fits their story.

use super::*;
use crate::base::unhex;
use tap::Proof;

/// A file of lines `microseconds side hexadecimal`, `microseconds side fin`, and the end.
fn story(name: &str) -> (Vec<(Micros, Side, Wire)>, Micros) {
    let path = format!("{}/fixtures/plaintext/{name}.txt", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).expect("a fixture");
    let mut wire = Vec::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let parts: Vec<&str> = line.split(' ').collect();
        let at = Micros(parts[0].parse().expect("microseconds"));
        let side = match parts[1] {
            "client" => Side::Client,
            "server" => Side::Server,
            _ => return (wire, at),
        };
        let what = match parts[2] {
            "fin" => Wire::Closed(How::Fin),
            "reset" => Wire::Closed(How::Reset),
            "close-notify" => Wire::Closed(How::CloseNotify),
            hex => Wire::Bytes(unhex(hex).expect("hexadecimal")),
        };
        wire.push((at, side, what));
    }
    panic!("the file has no end");
}

fn seen(name: &str) -> (Facts, Told) {
    let (wire, end) = story(name);
    let (watch, told) = watch(credentials("Passw0rd!"), None, &wire, end);
    assert!(watch.is_sstp(), "{name}");
    (facts(&watch, &told), told)
}

fn stop(facts: &Facts) -> Option<(Layer, String)> {
    facts.stop.as_ref().map(|stop| (stop.layer, stop.reason.to_string()))
}

#[test]
fn each_capture_ends_where_its_story_says() {
    type Row<'a> = (&'a str, Option<(Layer, &'a str)>, &'a [Layer]);
    let rows: [Row<'_>; 12] = [
        ("ok-tls13", None, &[Layer::Data, Layer::Teardown]),
        ("shape-split", None, &[Layer::Data, Layer::Teardown]),
        ("pap", None, &[Layer::Data, Layer::Teardown]),
        ("end-lcpterm", None, &[Layer::Data, Layer::Teardown]),
        ("direct-lcpterm", None, &[Layer::Data, Layer::Teardown]),
        ("end-abort", Some((Layer::Teardown, "Call Abort from the client, attribute 4, status 4")), &[Layer::Data]),
        (
            "end-drop",
            Some((Layer::Teardown, "the client closed the connection (FIN without close_notify) without Call Disconnect")),
            &[Layer::Data],
        ),
        ("server-kick", Some((Layer::Data, "Call Disconnect from the server without a status")), &[Layer::Ncp]),
        ("no-echo-reply", Some((Layer::Data, "Call Abort from the server without a status")), &[Layer::Ncp]),
        ("no-address", Some((Layer::Ncp, "IPCP Configure-Reject of the address option")), &[Layer::Binding]),
        ("bad-password", Some((Layer::Auth, "E=691 R=0")), &[Layer::Lcp]),
        ("http-404", Some((Layer::Http, "HTTP/1.1 404 Not Found")), &[]),
    ];
    for (name, end, reached) in rows {
        let (facts, _) = seen(name);
        assert_eq!(stop(&facts), end.map(|(layer, says)| (layer, says.to_string())), "{name}");
        assert!(reached.iter().all(|layer| facts.reached(*layer)), "{name}");
        assert!(facts.missteps.is_empty() && facts.undecoded.is_empty() && facts.opaque.is_empty(), "{name}");
    }
}

#[test]
fn the_counts_of_a_session_are_those_of_its_client() {
    let (facts, told) = seen("ok-tls13");
    assert_eq!(facts.pings.iter().map(|seen| seen.it.is_some()).collect::<Vec<_>>(), [true; 3]);
    let echoes =
        |facts: &Facts, by| facts.echoes.iter().filter(|seen| seen.by == Some(by)).map(|seen| seen.it.is_some()).collect::<Vec<_>>();
    assert_eq!(echoes(&facts, Side::Client), [false], "SoftEther never answers");
    assert_eq!(echoes(&facts, Side::Server), [true; 6]);
    let traffic: Vec<_> = facts.traffic.iter().map(|seen| (seen.by, seen.it.packets, seen.it.kinds.clone())).collect();
    let (udp, icmp) = (("udp".to_string(), 3, 198), ("icmp".to_string(), 3, 252));
    assert_eq!(traffic, [(Some(Side::Client), 3, vec![icmp.clone()]), (Some(Side::Server), 6, vec![udp, icmp])]);
    assert_eq!(told.inner.len(), 9);
    assert_eq!(facts.given.address.map(|address| address.to_string()).as_deref(), Some("192.168.30.10"));
    let (facts, _) = seen("no-echo-reply");
    assert_eq!(echoes(&facts, Side::Server), [false; 6], "the client answers none");
}

#[test]
fn what_can_be_proved_offline_is_proved() {
    let all = [(Proof::Response, true), (Proof::AuthenticatorResponse, true), (Proof::Nonce, true), (Proof::CompoundMac, true)];
    assert_eq!(proofs(&seen("ok-tls13").1), all);
    assert_eq!(proofs(&seen("pap").1), [(Proof::Response, true), (Proof::Nonce, true), (Proof::CompoundMac, true)]);
    assert_eq!(proofs(&seen("bad-password").1), [(Proof::Response, false)]);
    let (facts, _) = seen("direct-no-keys");
    let mac = facts.proofs.iter().find(|seen| seen.it.0 == Proof::CompoundMac).expect("a compound MAC");
    assert!(!mac.it.1 && mac.it.2.contains("all-zero HLAK"), "{}", mac.it.2);
}

#[test]
fn without_a_password_only_what_needs_none_is_proved() {
    for (name, expected) in [
        ("ok-tls13", &[(Proof::Nonce, true)][..]),
        ("pap", &[(Proof::Nonce, true), (Proof::CompoundMac, true)]),
        ("direct-no-keys", &[(Proof::Nonce, true), (Proof::CompoundMac, false)]),
    ] {
        let (wire, end) = story(name);
        assert_eq!(proofs(&watch(WatchConfig::default(), None, &wire, end).1), expected, "{name}");
    }
}

#[test]
fn the_certificate_of_the_capture_is_held_against_the_binding_and_the_nt_hash_will_do() {
    let (wire, end) = story("ok-tls13");
    let leaf = unhex("96b6e2d2206c5b2e0ea2b84ee581f5e1d52736d2bc6637fd03af536e050c8eb4").expect("as the client printed it");
    let hash = crate::crypto::mschapv2::nt_password_hash("Passw0rd!");
    for (sha256, holds) in [(leaf.try_into().expect("32 bytes"), true), ([7; 32], false)] {
        let config = WatchConfig { nt_hash: Some(Secret::new(hash)), ..WatchConfig::default() };
        let (_, told) = watch(config, Some(CertHashes { sha1: [0; 20], sha256 }), &wire, end);
        let expected = [
            (Proof::Response, true),
            (Proof::AuthenticatorResponse, true),
            (Proof::Nonce, true),
            (Proof::CertHash, holds),
            (Proof::CompoundMac, true),
        ];
        assert_eq!(proofs(&told), expected);
    }
}

#[test]
fn nothing_secret_is_put_into_words() {
    let hash = crate::base::hex(&crate::crypto::mschapv2::nt_password_hash("Passw0rd!"));
    for name in ["ok-tls13", "pap", "bad-password", "direct-no-keys"] {
        let (_, told) = seen(name);
        let words = told.events.iter().filter(|event| !matches!(event.what, What::Ppp(_) | What::Sstp(_) | What::Http(_)));
        let words: String = words.map(|event| format!("{:?}", event.what)).collect();
        assert!(!words.contains("Passw0rd!") && !words.to_lowercase().contains(&hash), "{name}");
    }
}

#[test]
fn a_user_whose_password_was_not_given_is_not_judged() {
    let (wire, end) = story("ok-tls13");
    let credentials = Some(Credentials { user: "bob".into(), password: Secret::new("Passw0rd!".into()) });
    let (_, told) = watch(WatchConfig { credentials, ..WatchConfig::default() }, None, &wire, end);
    assert_eq!(proofs(&told), [(Proof::Nonce, true)]);
}

#[test]
fn the_client_that_does_not_acknowledge_is_told() {
    let rules: Vec<_> = violations(&seen("server-kick").1);
    assert_eq!(rules, [(Side::Client, "MS-SSTP 3.1.5.4: the client did not acknowledge Call Disconnect".to_string())]);
    assert_eq!(violations(&seen("ok-tls13").1), []);
}

#[test]
fn a_capture_that_ends_early_says_what_was_awaited() {
    let (wire, _) = story("ok-tls13");
    let cut: Vec<_> = wire.into_iter().take_while(|row| row.0 < Micros(600_000)).collect();
    let early = watch(WatchConfig::default(), None, &cut, Micros(700_000));
    let waits = "the capture ends while the client waits for authentication challenge";
    assert_eq!(ladder(&early.1.events).last().map(String::as_str), Some(format!("auth down: {waits}").as_str()));
    let late = watch(WatchConfig::default(), None, &cut, Micros(9_000_000));
    let reason = facts(&late.0, &late.1).stop.map(|stop| stop.reason);
    assert!(matches!(reason, Some(Reason::TimedOut { ref waiting_for, .. }) if waiting_for == "authentication challenge"), "{reason:?}");
}
