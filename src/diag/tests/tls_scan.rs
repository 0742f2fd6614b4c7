//! Stories of servers that a survey or hand-made hellos tell of.

use super::super::Severity;
use super::super::story::Story;
use super::stories::certificate;
use crate::base::{Layer, Micros, Side};
use crate::transcript::scan::{Effort, Order, Posed, Suite, Traits, Version};
use crate::transcript::{How, ScanAnswer, TlsFailure, What};

fn accepted(version: u16, cipher: u16, group: Option<u16>) -> ScanAnswer {
    ScanAnswer::Accepted { version, cipher, group, bits: None, asks_for_certificate: false }
}

fn scanned(failure: TlsFailure, answer: ScanAnswer) -> Story {
    let offered = if let ScanAnswer::Accepted { version, .. } = answer { version } else { 0x0304 };
    Story::new().tcp().unsecured(failure).note(Some(Side::Server), Layer::Tls, What::Scanned { offered, answer })
}

#[test]
fn what_hand_made_hellos_tell_comes_before_what_the_alert_says() {
    let alert = TlsFailure::Alert(40);
    scanned(alert, accepted(0x0303, 0xc019, Some(0x17))).fails_with("TLS-ANONYMOUS-ONLY");
    scanned(alert, accepted(0x0303, 0x003b, None)).fails_with("TLS-NO-ENCRYPTION");
    scanned(alert, accepted(0x0304, 0x1304, Some(0x1d))).fails_with("TLS-RARE-CIPHER");
    assert!(scanned(alert, accepted(0x0304, 0x1302, Some(0x1e))).fails_with("TLS-RARE-GROUP").contains("group X448"));
    assert!(scanned(alert, accepted(0x0303, 0xc030, Some(0x19))).fails_with("TLS-RARE-GROUP").contains("secp521r1"));
    scanned(alert, accepted(0x0303, 0x009f, None)).fails_with("TLS-LEGACY-CIPHER");
    // A usual suite in a usual group: what is wanting is a signature scheme.
    assert!(scanned(alert, accepted(0x0304, 0x1302, Some(0x1d))).fails_with("TLS-NO-COMMON-CIPHER").contains("TLS_AES_256_GCM_SHA384"));
    scanned(TlsFailure::Unsupported, accepted(0x0300, 0x000a, None)).fails_with("TLS-SERVER-TOO-OLD");
}

#[test]
fn a_certificate_asked_for_is_told_from_suites_that_do_not_fit() {
    let asks = ScanAnswer::Accepted { version: 0x0303, cipher: 0xc030, group: Some(0x1d), bits: None, asks_for_certificate: true };
    let story = scanned(TlsFailure::Alert(40), asks);
    story.clone().fails_with("TLS-NO-COMMON-CIPHER");
    let mut shown = story;
    let certs = vec![certificate(10, 300).into()];
    shown.0.events.insert(0, crate::transcript::Event::new(Micros(0), None, Layer::Tls, What::Chain { from: None, certs, aside: false }));
    shown.fails_with("TLS-CLIENT-CERT-REQUESTED");
}

#[test]
fn a_key_that_schannel_does_not_know_is_named_whether_or_not_ours_does() {
    let leaf = || {
        let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ED25519).expect("a key");
        let params = rcgen::CertificateParams::new(vec!["vpn.example.test".into()]).expect("a name");
        params.self_signed(&key).expect("a certificate").der().to_vec()
    };
    let story = Story::new().tcp().secured(|_| ()).chain(&[leaf()]);
    assert!(story.fails_with("TLS-CERT-KEY-TYPE").contains("Ed25519"));
    let story = Story::new().tcp().secured(|_| ()).chain(&[leaf()]);
    assert_eq!(posed(story, "windows-11-24h2", ScanAnswer::Alert(40)).ids(Severity::Fail), ["TLS-CERT-KEY-TYPE"]);
    assert!(Story::new().tcp().secured(|_| ()).chain(&[certificate(10, 300)]).ids(Severity::Fail).is_empty());
    // TLS_DHE_DSS_WITH_AES_256_CBC_SHA: the key is what keeps the suites old.
    let dsa = scanned(TlsFailure::Alert(40), accepted(0x0303, 0x0038, None))
        .chain(&[include_bytes!("../../../fixtures/chains/ca-dsa.der").to_vec()]);
    assert!(posed(dsa, "windows-11-24h2", ScanAnswer::Alert(40)).fails_with("TLS-CERT-KEY-TYPE").contains("DSA 2048"));
}

#[test]
fn a_handshake_signed_with_sha_1_is_warned_of() {
    let story = |scheme| Story::new().tcp().secured(|secured| secured.signed_with = Some(scheme)).chain(&[certificate(10, 300)]);
    for (scheme, name) in [(0x0201, "rsa_pkcs1_sha1"), (0x0203, "ecdsa_sha1")] {
        let judged = story(scheme).judged();
        let finding = judged.findings.iter().find(|finding| finding.check.id == "TLS-SIGNATURE-SHA1").expect("found");
        assert!(finding.evidence.says.ends_with(name), "{}", finding.evidence.says);
    }
    assert!(story(0x0804).judged().findings.is_empty());
}

#[test]
fn what_every_current_windows_would_take_warns_only() {
    let current = ["windows-10-22h2", "windows-11-21h2", "windows-11-24h2"];
    let cbc = || scanned(TlsFailure::Alert(40), accepted(0x0303, 0xc014, Some(0x17)));
    let all = current.iter().fold(cbc(), |story, client| posed(story, client, accepted(0x0303, 0xc014, Some(0x17))));
    assert_eq!((all.ids(Severity::Fail).len(), all.ids(Severity::Warn)), (0, vec!["TLS-LEGACY-CIPHER"]));
    // One that gets nothing, one that was not asked, one that is asked for a certificate: then it is not known to spare Windows.
    let one_less = current[..2].iter().fold(cbc(), |story, client| posed(story, client, accepted(0x0303, 0xc014, None)));
    let says = posed(one_less.clone(), current[2], ScanAnswer::Alert(40)).fails_with("TLS-LEGACY-CIPHER");
    assert!(says.contains("Windows 10 22H2, 11 21H2 would go on, with TLS 1.2") && says.contains("Windows 11 24H2 would not"), "{says}");
    posed(one_less.clone(), current[2], ScanAnswer::Silence).fails_with("TLS-LEGACY-CIPHER");
    let asks = ScanAnswer::Accepted { version: 0x0303, cipher: 0xc014, group: None, bits: None, asks_for_certificate: true };
    posed(one_less, current[2], asks).fails_with("TLS-LEGACY-CIPHER");
    cbc().fails_with("TLS-LEGACY-CIPHER");
}

fn posed(story: Story, client: &str, answer: ScanAnswer) -> Story {
    story.note(Some(Side::Server), Layer::Tls, What::Posed(Box::new(Posed { client: client.into(), answer })))
}

fn secured() -> Story {
    Story::new().tcp().began(Layer::Tls).secured(|_| ())
}

fn version(story: Story, version: u16, suites: &[Suite]) -> Story {
    let answer = accepted(version, suites[0].cipher, None);
    let it = Version { version, answer, suites: suites.to_vec(), order: Order::Server, groups: Vec::new(), whole: true };
    story.note(Some(Side::Server), Layer::Tls, What::VersionScanned(Box::new(it)))
}

fn suite(cipher: u16, bits: Option<u16>) -> Suite {
    Suite { cipher, group: None, bits }
}

#[test]
fn clients_that_share_nothing_are_named_by_their_weight() {
    let says = posed(secured(), "windows-10-22h2", ScanAnswer::Alert(40)).fails_with("TLS-WINDOWS-SHARES-NOTHING");
    assert!(says.contains("Windows 10 22H2: alert 40 handshake_failure"), "{says}");
    let old = posed(posed(secured(), "windows-7", ScanAnswer::Alert(70)), "routeros-7", ScanAnswer::Alert(70));
    assert_eq!((old.ids(Severity::Fail).len(), old.ids(Severity::Note)), (0, vec!["TLS-CLIENTS-LEFT-OUT"]));
    // A connection that was closed may be a limit on connections, and tells nothing of suites.
    let closed = posed(secured(), "windows-10-22h2", ScanAnswer::Closed(How::Reset));
    assert!(closed.judged().findings.is_empty());
}

#[test]
fn old_versions_and_weak_suites_are_warned_of() {
    let good = version(secured(), 0x0303, &[suite(0xc030, None)]);
    assert!(good.judged().findings.is_empty());
    let old = version(version(secured(), 0x0301, &[suite(0xc014, None)]), 0x0303, &[suite(0xc030, None)]);
    assert_eq!(old.ids(Severity::Warn), ["TLS-OLD-VERSION-ACCEPTED"]);
    assert!(version(secured(), 0x0301, &[suite(0xc014, None)]).judged().findings.is_empty(), "a server too old is another matter");
    let weak = version(secured(), 0x0303, &[suite(0xc030, None), suite(0x0005, None), suite(0x0004, None), suite(0x000a, None)]);
    let judged = weak.judged();
    let says = &judged.findings.iter().find(|finding| finding.check.id == "TLS-WEAK-CIPHER-ACCEPTED").expect("found").evidence.says;
    assert_eq!(says, "3DES: TLS_RSA_WITH_3DES_EDE_CBC_SHA; RC4: TLS_RSA_WITH_RC4_128_SHA and 1 more");
    let short = version(secured(), 0x0303, &[suite(0xc030, None), suite(0x009e, Some(1024))]);
    assert_eq!(short.ids(Severity::Warn), ["TLS-WEAK-DH"]);
    assert!(version(secured(), 0x0303, &[suite(0x009e, Some(2048))]).judged().findings.is_empty());
}

#[test]
fn traits_that_matter_and_a_scan_that_was_cut_short() {
    let with = |traits: Traits| secured().note(Some(Side::Server), Layer::Tls, What::Traits(Box::new(traits)));
    assert!(with(Traits::default()).judged().findings.is_empty());
    let bare = Traits { secure_renegotiation: Some(false), compression: Some(true), ..Traits::default() };
    assert_eq!(with(bare).ids(Severity::Warn), ["TLS-NO-SECURE-RENEGOTIATION", "TLS-COMPRESSION"]);
    let good = Traits { secure_renegotiation: Some(true), compression: Some(false), ..Traits::default() };
    assert!(with(good).judged().findings.is_empty());
    let ended = |cut: Option<&str>| {
        let effort = Effort { connections: 9, took: Micros(5), cut: cut.map(str::to_string) };
        secured().note(None, Layer::Tls, What::ScanEnded(effort))
    };
    assert!(ended(None).judged().findings.is_empty());
    assert_eq!(ended(Some("the time was up")).ids(Severity::Note), ["TLS-SCAN-PARTIAL"]);
}

/// A TLS library answers a line that is no TLS with an alert of its own: it need not have waited for one.
#[test]
fn an_alert_to_what_is_no_tls_is_no_understanding_of_the_line() {
    let behind = |failure, answer| {
        let story = scanned(failure, ScanAnswer::Closed(How::Fin));
        story.note(Some(Side::Server), Layer::Tls, What::ScannedBehindLine { answer })
    };
    behind(TlsFailure::Closed, accepted(0x0303, 0xc030, Some(0x17))).fails_with("TCP-PROXYPROTO-MISMATCH");
    behind(TlsFailure::Closed, ScanAnswer::Alert(40)).fails_with("TCP-PROXYPROTO-MISMATCH");
    for (failure, answer) in [
        (TlsFailure::Closed, ScanAnswer::Alert(50)),
        (TlsFailure::Closed, ScanAnswer::Alert(70)),
        (TlsFailure::Alert(112), ScanAnswer::Alert(40)),
    ] {
        let failing = behind(failure, answer).ids(Severity::Fail);
        assert!(!failing.contains(&"TCP-PROXYPROTO-MISMATCH"), "{failing:?}");
    }
}
