//! Judgements as stories: from the name to HTTP.

use super::super::story::{NOW, Story};
use super::super::{Severity, by_id};
use super::stories::certificate;
use crate::base::{Layer, Limit, Micros, Side, WireError};
use crate::crypto::chain::{ChainVerdict, Problem, Rule};
use crate::transcript::proxy::{Contrast, Header, Step};
use crate::transcript::{ConnectFailure, DnsFailure, How, Issuer, Reason, ScanAnswer, TlsFailure, What};
use crate::wire::http;
use crate::wire::sstp::{Message, MessageType};

#[test]
fn our_own_fault_is_nobodys_finding() {
    for layer in Layer::ALL.into_iter().filter(|layer| *layer != Layer::Cert) {
        let story = Story::new().began(layer).down(layer, Reason::Ours("no file descriptors".into()));
        assert_eq!(story.ids(Severity::Fail), [""; 0], "{layer}");
    }
}

#[test]
fn every_stop_at_every_layer_is_one_failing_finding() {
    let reasons = [
        Reason::TimedOut { waiting_for: "something".into(), after: Micros(1) },
        Reason::Refused("no".into()),
        Reason::Closed(How::Reset),
        Reason::Closed(How::Fin),
        Reason::Violated("nonsense".into()),
        Reason::Unwilling("we would not".into()),
    ];
    for layer in Layer::ALL.into_iter().filter(|layer| !matches!(layer, Layer::Cert | Layer::Teardown)) {
        for reason in &reasons {
            let story = Story::new().began(layer).down(layer, reason.clone());
            let fails = story.ids(Severity::Fail);
            assert_eq!(fails.len(), 1, "{layer}, {reason:?}: {fails:?}");
            let named = by_id(fails[0]).map(|check| check.layer);
            assert!(named == Some(layer) || fails[0] == "TEAR-REMOTE" && layer == Layer::Data, "{layer}: {}", fails[0]);
        }
    }
}

#[test]
fn names() {
    let fails = |failure| Story::new().unresolved(failure).ids(Severity::Fail);
    assert_eq!(fails(DnsFailure::NxDomain), ["DNS-NXDOMAIN"]);
    assert_eq!(fails(DnsFailure::NoData), ["DNS-NODATA"]);
    assert_eq!(fails(DnsFailure::TryAgain), ["DNS-SERVFAIL"]);
    assert_eq!(fails(DnsFailure::Other), ["DNS-FAILED"]);
    let through_proxy = Story::new().asked(|asked| asked.proxy = Some("proxy.test:3128".into())).unresolved(DnsFailure::NxDomain);
    assert!(through_proxy.fails_with("PROXY-UNREACHABLE").contains("proxy.test:3128"));
}

#[test]
fn a_dead_server_is_one_failing_finding() {
    let story = Story::new().resolved(&["192.0.2.1", "2001:db8::1"]).began(Layer::Tcp);
    let story =
        story.not_connected("192.0.2.1:443", ConnectFailure::Refused).not_connected("[2001:db8::1]:443", ConnectFailure::Unreachable);
    let story = story.down(Layer::Tcp, Reason::Refused("connection refused".into()));
    assert!(story.fails_with("TCP-REFUSED").contains("192.0.2.1:443 refuses (RST)"));
    assert_eq!(story.judged().findings.len(), 1);
}

#[test]
fn addresses_that_differ_are_a_warning() {
    let story = Story::new().resolved(&["192.0.2.1", "192.0.2.2", "2001:db8::1"]).began(Layer::Tcp);
    let story = story.connected("192.0.2.1:443").not_connected("192.0.2.2:443", ConnectFailure::TimedOut);
    let story = story.not_connected("[2001:db8::1]:443", ConnectFailure::Refused).chosen("192.0.2.1:443");
    assert_eq!(story.ids(Severity::Warn), ["DNS-AAAA-DEAD", "DNS-MULTI-A-PARTIAL"]);
    let no_ipv6_here = Story::new().began(Layer::Tcp).connected("192.0.2.1:443");
    let no_ipv6_here = no_ipv6_here.not_connected("[2001:db8::1]:443", ConnectFailure::Unreachable).chosen("192.0.2.1:443");
    assert_eq!(no_ipv6_here.judged().findings.len(), 0);
    let inside = Story::new().resolved(&["10.1.2.3"]).began(Layer::Tcp).not_connected("10.1.2.3:443", ConnectFailure::TimedOut);
    let inside = inside.silence(Layer::Tcp, "SYN-ACK");
    assert_eq!((inside.fails_with("TCP-FILTERED").is_empty(), inside.ids(Severity::Warn)), (false, vec!["DNS-SPLIT-HORIZON"]));
}

#[test]
fn proxies() {
    let replied = |status, headers: &[(&str, &str)], port| {
        let story = Story::new().target("vpn.example.test", port).asked(|asked| asked.proxy = Some("proxy.test:3128".into())).tcp();
        let head = http::Head::response(status, "-", headers);
        story.began(Layer::Proxy).note(None, Layer::Proxy, What::ProxyReply(head)).down(Layer::Proxy, Reason::Refused(status.to_string()))
    };
    let wants = replied(407, &[("Proxy-Authenticate", "NTLM"), ("Proxy-Authenticate", "Negotiate")], 443);
    assert!(wants.fails_with("PROXY-AUTH-SCHEME").contains("it accepts NTLM, Negotiate"));
    assert_eq!(wants.ids(Severity::Note), ["PROXY-AUTH-REQUIRED"]);
    assert_eq!(replied(407, &[("Proxy-Authenticate", "Basic realm=\"x\"")], 443).ids(Severity::Note), [""; 0]);
    replied(407, &[], 443).fails_with("PROXY-407-NO-CHALLENGE");
    replied(403, &[], 443).fails_with("PROXY-CONNECT-DENIED");
    replied(403, &[], 4443).fails_with("PROXY-CONNECT-DENIED");
    let asked = |target: &str, header, status| {
        let contrast = Contrast { target: target.into(), header, status: Some(status), says: format!("HTTP/1.1 {status} -") };
        What::Proxy(Box::new(Step::Contrast(contrast)))
    };
    let refused = |contrasts: Vec<What>| {
        let story = Story::new().target("vpn.example.test", 4443).asked(|asked| asked.proxy = Some("proxy.test:3128".into())).tcp();
        let (proxy, target) = ("proxy.test:3128".into(), "vpn.example.test:4443".into());
        let request = What::ProxyRequest { proxy, target, with_credentials: false, says_sstp: true };
        let story = story.began(Layer::Proxy).note(Some(Side::Client), Layer::Proxy, request);
        let story = story.note(None, Layer::Proxy, What::ProxyReply(http::Head::response(403, "-", &[])));
        let story = contrasts.into_iter().fold(story, |story, what| story.note(None, Layer::Proxy, what));
        story.down(Layer::Proxy, Reason::Refused("403".into()))
    };
    let (server, web) = ("vpn.example.test:4443", "vpn.example.test:443");
    let port = refused(vec![asked(server, Header::None, 403), asked(web, Header::Sstp, 503)]);
    assert!(port.fails_with("PROXY-PORT-NOT-ALLOWED").contains("vpn.example.test:443: HTTP/1.1 503"));
    let named = refused(vec![asked(server, Header::None, 200), asked(server, Header::Other, 200)]);
    named.fails_with("PROXY-SSTPVERSION-FILTER");
    // Whoever refuses every header that he does not know does not mean SSTP.
    refused(vec![asked(server, Header::None, 200), asked(server, Header::Other, 403)]).fails_with("PROXY-CONNECT-DENIED");
    refused(vec![asked(server, Header::None, 403), asked(web, Header::Sstp, 403)]).fails_with("PROXY-CONNECT-DENIED");
    replied(503, &[], 443).fails_with("PROXY-UPSTREAM-FAIL");
    replied(302, &[("Location", "http://portal.test/")], 443).fails_with("PROXY-CAPTIVE-PORTAL");
    replied(418, &[], 443).fails_with("PROXY-UNEXPECTED-STATUS");
}

#[test]
fn handshakes() {
    let scanned = |story: Story, offered, version| {
        let answer = ScanAnswer::Accepted { version, cipher: 0x002f, group: None, bits: None, asks_for_certificate: false };
        story.note(None, Layer::Tls, What::Scanned { offered, answer })
    };
    let failed = |failure| Story::new().tcp().unsecured(failure);
    failed(TlsFailure::PlainHttp).fails_with("TLS-PLAINTEXT-PORT");
    failed(TlsFailure::NotTls).fails_with("TLS-NOT-TLS");
    assert!(failed(TlsFailure::Alert(70)).fails_with("TLS-SERVER-TOO-OLD").contains("70 protocol_version"));
    assert!(scanned(failed(TlsFailure::Reset), 0x0301, 0x0301).fails_with("TLS-SERVER-TOO-OLD").contains("TLS 1.0"));
    failed(TlsFailure::Alert(40)).fails_with("TLS-NO-COMMON-CIPHER");
    assert!(
        scanned(failed(TlsFailure::Alert(40)), 0x0303, 0x0303).fails_with("TLS-LEGACY-CIPHER").contains("TLS_RSA_WITH_AES_128_CBC_SHA")
    );
    failed(TlsFailure::Alert(112)).fails_with("TLS-SNI-ALERT");
    failed(TlsFailure::Alert(116)).fails_with("TLS-CLIENT-CERT-REQUESTED");
    failed(TlsFailure::Reset).fails_with("TLS-RESET-IN-HANDSHAKE");
    let answer = ScanAnswer::Accepted { version: 0x0303, cipher: 0xc02f, group: Some(0x1d), bits: None, asks_for_certificate: false };
    let shuns = |failure| failed(failure).note(None, Layer::Tls, What::Scanned { offered: 0x0303, answer: answer.clone() });
    for failure in [TlsFailure::Reset, TlsFailure::Closed, TlsFailure::TimedOut] {
        assert!(shuns(failure).fails_with("TLS-13-INTOLERANT").contains("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"));
    }
    failed(TlsFailure::TimedOut).fails_with("TCP-ACCEPT-NO-DATA");
    scanned(failed(TlsFailure::TimedOut), 0x0303, 0x0303).fails_with("TCP-PMTU-BLACKHOLE");
    assert!(failed(TlsFailure::Alert(80)).fails_with("TLS-HANDSHAKE-FAILED").contains("80 internal_error"));
    let by_address = |failure| Story::new().target("192.0.2.1", 443).tcp().unsecured(failure);
    by_address(TlsFailure::Alert(112)).fails_with("TLS-SNI-REQUIRED");
    assert!(by_address(TlsFailure::Reset).fails_with("TLS-RESET-IN-HANDSHAKE").contains("no server name (SNI)"));
}

#[test]
fn a_client_certificate_demanded_after_the_handshake_explains_the_close() {
    let story = Story::new().tcp().secured(|secured| secured.client_cert_requested = true).requested();
    let story = story.note(Some(Side::Server), Layer::Tls, What::Alert { description: 116 }).closed(Layer::Http, How::Fin);
    assert!(story.fails_with("TLS-CLIENT-CERT-REQUESTED").contains("116 certificate_required"));
    let beneath = story.judged().findings.into_iter().find(|finding| finding.check.id == "HTTP-SILENT-CLOSE").expect("shown beneath");
    assert_eq!((beneath.because_of, beneath.severity), (Some("TLS-CLIENT-CERT-REQUESTED"), Severity::Note));
}

#[test]
fn every_rule_of_the_chain_has_a_check() {
    let of = |rule| {
        let story = Story::new().tls_with(&[rule]);
        let found: Vec<_> = story.judged().findings.iter().map(|finding| finding.check.id).collect();
        found.join(" ")
    };
    let expected = [
        (Rule::Empty, "CERT-NONE-SENT"),
        (Rule::Unparsable, "CERT-UNREADABLE"),
        (Rule::Expired, "CERT-EXPIRED"),
        (Rule::NotYetValid, "CERT-NOT-YET-VALID"),
        (Rule::DatesReversed, "CERT-DATES-REVERSED"),
        (Rule::NameMismatch, "CERT-NAME-MISMATCH"),
        (Rule::WildcardDepth, "CERT-WILDCARD-DEPTH"),
        (Rule::CnOnly, "CERT-CN-ONLY"),
        (Rule::IpNotInSan, "DNS-CONNECT-BY-IP"),
        (Rule::SelfSigned, "CERT-SELF-SIGNED"),
        (Rule::UntrustedRoot, "CERT-UNTRUSTED-ROOT"),
        (Rule::MissingIntermediate, "CERT-MISSING-INTERMEDIATE"),
        (Rule::WrongOrder, "CERT-WRONG-ORDER"),
        (Rule::ExtraCertificate, "CERT-EXTRA"),
        (Rule::Duplicate, "CERT-EXTRA"),
        (Rule::EkuMissing, "CERT-EKU-MISSING"),
        (Rule::EkuAbsent, "CERT-EKU-ABSENT"),
        (Rule::KeyUsage, "CERT-KEY-USAGE"),
        (Rule::BasicConstraints, "CERT-CONSTRAINTS"),
        (Rule::PathLength, "CERT-CONSTRAINTS"),
        (Rule::NameConstraints, "CERT-NAME-CONSTRAINTS"),
        (Rule::WeakKey, "CERT-WEAK-KEY"),
        (Rule::WeakSignature, "CERT-SHA1"),
        (Rule::BadSignature, "CERT-BAD-SIGNATURE"),
        (Rule::UnknownCritical, "CERT-CRITICAL-UNKNOWN"),
        (Rule::ValidityTooLong, "CERT-VALIDITY-TOO-LONG"),
        (Rule::NoRevocationInfo, "CERT-NO-REVOCATION-INFO"),
        (Rule::CrlLdapOnly, "CERT-CRL-LDAP-ONLY"),
    ];
    for (rule, id) in expected {
        assert_eq!(of(rule), id, "{rule:?}");
    }
}

#[test]
fn a_chain_that_does_not_build_comes_before_what_is_asked_about_it() {
    for end in [Rule::UntrustedRoot, Rule::MissingIntermediate, Rule::SelfSigned, Rule::BadSignature, Rule::NameMismatch] {
        let story = Story::new().tls_with(&[Rule::CrlLdapOnly, end]);
        let ids = story.ids(Severity::Fail);
        assert_eq!((ids.len(), ids.last()), (2, Some(&"CERT-CRL-LDAP-ONLY")), "{ids:?}");
    }
}

#[test]
fn every_broken_rule_of_a_ca_has_the_code_of_its_own() {
    let shown = |rule| {
        let judged = Story::new().tls_with(&[rule]).judged();
        judged.cause().and_then(|cause| cause.check.windows.first()).and_then(|windows| windows.code()).map(|code| code.name)
    };
    assert_eq!(shown(Rule::UnknownCritical), Some("CERT_E_CRITICAL"));
    assert_eq!(shown(Rule::NameConstraints), Some("CERT_E_INVALID_NAME"));
    assert_eq!(shown(Rule::BasicConstraints), Some("TRUST_E_BASIC_CONSTRAINTS"));
    assert_eq!(shown(Rule::PathLength), Some("TRUST_E_BASIC_CONSTRAINTS"));
}

#[test]
fn trust_counts_only_when_every_source_refuses() {
    let asked = |system: &[Rule], file: &[Rule]| {
        Story::new().tcp().secured(|_| ()).began(Layer::Cert).trust("system", system).trust("ca.pem", file)
    };
    let one = asked(&[Rule::UntrustedRoot], &[]);
    assert_eq!((one.ids(Severity::Fail), one.ids(Severity::Note)), (vec![], vec!["CERT-TRUST-DIFFERS"]));
    assert!(one.judged().findings[0].evidence.says.contains("ca.pem accepts it"));
    let both = asked(&[Rule::UntrustedRoot], &[Rule::MissingIntermediate]);
    assert!(both.fails_with("CERT-UNTRUSTED-ROOT").contains("trust asked: system, ca.pem"));
    asked(&[Rule::UntrustedRoot, Rule::Expired], &[Rule::Expired]).fails_with("CERT-EXPIRED");
    asked(&[Rule::UntrustedRoot], &[Rule::EkuMissing]).fails_with("CERT-NOT-TRUSTED");
}

#[test]
fn what_could_be_fetched_and_leads_on_was_an_intermediate() {
    let fetched = |root: Option<&str>| {
        let (of, url, took) = ("Lower CA".to_string(), "http://ca.example.test/upper.cer".to_string(), Micros(1));
        Issuer { of, url, took, cert: Some(vec![1].into()), failure: None, root: root.map(Into::into) }
    };
    let story = |root| Story::new().tls_with(&[Rule::UntrustedRoot]).note(None, Layer::Cert, What::Issuer(Box::new(fetched(root))));
    assert!(story(Some("Root")).fails_with("CERT-MISSING-INTERMEDIATE").contains("with it the chain leads to Root"));
    story(None).fails_with("CERT-UNTRUSTED-ROOT");
    let two = Story::new().tls_with(&[Rule::MissingIntermediate]).note(None, Layer::Cert, What::Issuer(Box::new(fetched(None))));
    let says = two.note(None, Layer::Cert, What::Issuer(Box::new(fetched(Some("Root"))))).fails_with("CERT-MISSING-INTERMEDIATE");
    assert!(says.contains("upper.cer and http") && says.contains("with them the chain leads to Root"), "{says}");
}

#[test]
fn another_node_whose_certificate_has_ended_says_so() {
    let other = |from: &str| {
        let (from, certs) = (from.parse().ok(), vec![certificate(400, -35).into()]);
        let story = Story::new().tcp().secured(|_| ()).chain(&[certificate(10, 80)]).trust("system", &[]);
        story.note(None, Layer::Tls, What::Chain { from, certs, aside: true })
    };
    for (from, id) in [("[2001:db8::1]:443", "CERT-V4-V6-DIFFER"), ("192.0.2.2:443", "DNS-MULTI-A-PARTIAL")] {
        let judged = other(from).judged();
        let finding = judged.findings.iter().find(|finding| finding.check.id == id).expect(id);
        assert!(finding.evidence.says.contains(&format!("the one of {from} ended 20")), "{}", finding.evidence.says);
    }
}

#[test]
fn a_node_that_shows_the_leaf_with_a_chain_that_is_refused_differs_too() {
    let leaf = certificate(10, 80);
    let node = |of_the_call: &[Rule], of_the_node: &[Rule]| {
        let from = "192.0.2.2:443".parse().expect("an address");
        let problems = of_the_node.iter().map(|rule| Problem { rule: *rule, cert: Some(0), says: format!("is bad ({rule:?})") }).collect();
        let verdict = ChainVerdict { path: vec![0], anchor: None, problems };
        let story = Story::new().tcp().secured(|_| ()).chain(std::slice::from_ref(&leaf)).trust("system", of_the_call);
        let story = story.note(None, Layer::Tls, What::Chain { from: Some(from), certs: vec![leaf.clone().into()], aside: true });
        let judged = story.note(None, Layer::Cert, What::OtherTrust { from, source: "system".into(), verdict }).judged();
        judged.findings.iter().find(|finding| finding.check.id == "DNS-MULTI-A-PARTIAL").map(|finding| finding.evidence.says.clone())
    };
    let says = node(&[], &[Rule::NoRevocationInfo, Rule::MissingIntermediate, Rule::NameMismatch]).expect("a finding");
    assert!(says.starts_with("the same leaf with another chain; the one of 192.0.2.2:443 is refused: "), "{says}");
    assert!(says.contains("is bad (MissingIntermediate), and ") && says.ends_with("is bad (NameMismatch)"), "every reason: {says}");
    assert_eq!(node(&[], &[Rule::NoRevocationInfo]), None, "nothing is in its way");
    assert_eq!(node(&[Rule::MissingIntermediate], &[Rule::MissingIntermediate]), None, "no worse than the call");
}

#[test]
fn a_certificate_that_was_sent_damaged_is_not_missing() {
    let sent = |second: Vec<u8>| {
        let story = Story::new().tcp().secured(|_| ()).chain(&[certificate(10, 80), second]).began(Layer::Cert);
        story.trust("system", &[Rule::MissingIntermediate])
    };
    assert_eq!(sent(vec![0x30, 3, 2, 1, 1]).ids(Severity::Fail), ["CERT-UNREADABLE"]);
    assert_eq!(sent(certificate(20, 80)).ids(Severity::Fail), ["CERT-MISSING-INTERMEDIATE"]);
    let both = Story::new().tcp().secured(|_| ()).began(Layer::Cert).trust("system", &[Rule::Expired, Rule::Expired]);
    assert_eq!(both.fails_with("CERT-EXPIRED").matches("is bad (Expired)").count(), 2, "each that has expired is named");
}

#[test]
fn a_dead_node_does_not_hide_what_the_living_ones_differ_in() {
    let leaf = certificate(10, 80);
    let node = |story: Story, from: &str, certs: Vec<u8>, problem: &str| {
        let from = from.parse().expect("an address");
        let problems = vec![Problem { rule: Rule::UntrustedRoot, cert: Some(0), says: problem.into() }];
        let story = story.note(None, Layer::Tls, What::Chain { from: Some(from), certs: vec![certs.into()], aside: true });
        let verdict = ChainVerdict { path: vec![0], anchor: None, problems };
        story.note(None, Layer::Cert, What::OtherTrust { from, source: "system".into(), verdict })
    };
    let story = Story::new().resolved(&["192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4"]).began(Layer::Tcp).connected("192.0.2.1:443");
    let story = story.not_connected("192.0.2.4:443", ConnectFailure::Refused).chosen("192.0.2.1:443");
    let story = story.secured(|_| ()).chain(std::slice::from_ref(&leaf)).trust("system", &[]);
    let story = node(story, "192.0.2.2:443", certificate(20, 80), "is of another issuer");
    let story = node(story, "192.0.2.3:443", leaf, "has lost its issuer");
    let judged = story.judged();
    let found: Vec<_> = judged.findings.iter().filter(|finding| finding.check.id == "DNS-MULTI-A-PARTIAL").collect();
    let [finding] = found[..] else { panic!("{} findings", found.len()) };
    let says = &finding.evidence.says;
    assert!(says.contains("192.0.2.4:443 refuses"), "{says}");
    assert!(says.contains("192.0.2.2:443 shows the leaf with SHA-256 "), "{says}");
    assert!(says.contains("the one of 192.0.2.2:443 is refused: ") && says.contains("is of another issuer"), "{says}");
    assert!(says.contains("the one of 192.0.2.3:443 is refused: ") && says.contains("has lost its issuer"), "{says}");
    assert_eq!(finding.evidence.events.len(), 3, "the dead one and both that live: {:?}", finding.evidence.events);
}

#[test]
fn nodes_that_differ_are_told_from_families_that_differ() {
    let (ours, other) = (certificate(10, 80), certificate(20, 80));
    let nodes = |rows: &[(&str, &Vec<u8>)]| {
        let story = Story::new().tcp().secured(|_| ()).chain(std::slice::from_ref(&ours)).trust("system", &[]);
        rows.iter().fold(story, |story, (from, leaf)| {
            let chain = What::Chain { from: from.parse().ok(), certs: vec![leaf.to_vec().into()], aside: true };
            story.note(None, Layer::Tls, chain)
        })
    };
    let (one, two) = ("[2001:db8::1]:443", "[2001:db8::2]:443");
    assert_eq!(nodes(&[(one, &ours)]).ids(Severity::Warn), [""; 0]);
    assert_eq!(nodes(&[(one, &other), (two, &other)]).ids(Severity::Warn), ["CERT-V4-V6-DIFFER"]);
    let partial = nodes(&[(one, &ours), (two, &other)]);
    assert_eq!(partial.ids(Severity::Warn), ["DNS-MULTI-A-PARTIAL"]);
    assert!(partial.judged().findings[0].evidence.says.contains(&format!("{two} shows")), "{:?}", partial.judged().findings[0].evidence);
    assert_eq!(nodes(&[(one, &other), (two, &certificate(30, 80))]).ids(Severity::Warn), ["DNS-MULTI-A-PARTIAL", "CERT-V4-V6-DIFFER"]);
}

#[test]
fn certificates_that_end_soon() {
    let story = |before, after| Story::new().tcp().secured(|_| ()).chain(&[certificate(before, after)]).trust("system", &[]);
    assert_eq!(story(85, 5).ids(Severity::Warn), ["CERT-EXPIRES-SOON"]);
    assert_eq!(story(350, 20).ids(Severity::Note), ["CERT-EXPIRES-30-DAYS"]);
    assert_eq!(story(1, 5).judged().findings.len(), 0, "a certificate for a week that is a day old");
    assert_eq!(story(10, 80).judged().findings.len(), 0);
    // Whatever its validity, two days are soon over.
    for before in [0, 1] {
        assert_eq!(story(before, 1).ids(Severity::Note), ["CERT-EXPIRES-30-DAYS"], "{before}");
    }
    assert_eq!(story(3, 1).ids(Severity::Warn), ["CERT-EXPIRES-SOON"]);
    assert_eq!(story(0, 2).judged().findings.len(), 0, "48 hours to the second");
}

#[test]
fn an_end_within_a_day_is_told_to_the_minute_and_with_the_clock_in_mind() {
    // NOW is on the hour or not, so the minute comes from the certificate itself.
    let minute = |at: time::OffsetDateTime| format!("{} {:02}:{:02} UTC", at.date(), at.hour(), at.minute());
    let now = time::OffsetDateTime::from_unix_timestamp(NOW).expect("in range");
    let over = |days| {
        let story = Story::new().tcp().secured(|_| ()).chain(&[certificate(60, days)]).began(Layer::Cert);
        story.trust("system", &[Rule::Expired]).fails_with("CERT-EXPIRED")
    };
    assert!(over(0).contains("it ended within a day, so a wrong clock or time zone is possible"), "{}", over(0));
    assert!(!over(-2).contains("clock"), "{}", over(-2));
    let story = |before, after| Story::new().tcp().secured(|_| ()).chain(&[certificate(before, after)]).trust("system", &[]);
    let says = |story: Story, id| story.judged().findings.iter().find(|finding| finding.check.id == id).expect(id).evidence.says.clone();
    let soon = says(story(60, 0), "CERT-EXPIRES-SOON");
    assert!(soon.contains(&format!("ends {}", minute(now))) && soon.contains("a client whose clock or time zone is ahead"), "{soon}");
    let later = says(story(60, 5), "CERT-EXPIRES-SOON");
    assert!(!later.contains("UTC") && !later.contains("clock"), "{later}");
}

#[test]
fn a_wrong_clock_explains_a_certificate_that_is_valid_by_the_servers() {
    let dated = |date| {
        let story = Story::new().tcp().secured(|_| ()).chain(&[certificate(-2, 90)]).trust("system", &[Rule::NotYetValid]);
        story.answered(200, &[("content-length", http::CONTENT_LENGTH), ("Date", date)])
    };
    let unasked = Story::new().tcp().secured(|_| ()).chain(&[certificate(-2, 90)]).trust("system", &[Rule::NotYetValid]).judged();
    assert!(unasked.blind.iter().any(|row| row.0 == "CERT-CLIENT-CLOCK" && row.1 == "http was not reached"), "{:?}", unasked.blind);
    // Two days and a bit after the story's clock.
    assert!(dated("Sat, 17 Jan 2026 13:00:00 GMT").fails_with("CERT-CLIENT-CLOCK").contains("2026-01-17 13:00"));
    dated("Thu, 15 Jan 2026 12:00:00 GMT").fails_with("CERT-NOT-YET-VALID");
}

#[test]
fn answers_over_http() {
    let answered = |status, headers: &[(&str, &str)]| Story::new().tls().answered(status, headers);
    assert_eq!(answered(400, &[("Server", "nginx/1.22.1")]).fails_with("HTTP-400-CONTENT-LENGTH"), "HTTP/1.1 400 -; Server: nginx/1.22.1");
    answered(404, &[]).fails_with("HTTP-404");
    answered(405, &[]).fails_with("HTTP-METHOD-REFUSED");
    assert!(answered(401, &[("WWW-Authenticate", "Basic")]).fails_with("HTTP-401-403").contains("it wants Basic"));
    answered(403, &[("CF-RAY", "8f")]).fails_with("HTTP-WAF-BLOCK");
    assert!(answered(302, &[("Location", "https://x.test/")]).fails_with("HTTP-REDIRECT").contains("https://x.test/"));
    answered(503, &[("Server", "HAProxy")]).fails_with("HTTP-OFFLOAD-CONFIG");
    answered(503, &[("Server", "Microsoft-HTTPAPI/2.0")]).fails_with("HTTP-SERVICE-INIT");
    answered(500, &[]).fails_with("HTTP-SERVER-ERROR");
    answered(204, &[]).fails_with("HTTP-UNEXPECTED-STATUS");
    let asked = || Story::new().tls().requested();
    asked().closed(Layer::Http, How::Fin).fails_with("HTTP-SILENT-CLOSE");
    asked().silence(Layer::Http, "HTTP response").fails_with("HTTP-NO-RESPONSE");
    let unread = |what: &str, limit| {
        let error = WireError { layer: Layer::Http, what: what.into(), at: 0, need: 0, have: 16384, limit };
        asked().note(Some(Side::Server), Layer::Http, What::Undecoded(error)).down(Layer::Http, Reason::Violated(what.into()))
    };
    unread("HTTP head without an end", Limit::Ours(16384)).fails_with("HTTP-ENDLESS-HEAD");
    assert!(
        unread("HTTP response head beginning with \"SSH-2.0\"", Limit::Spec("x".into())).fails_with("HTTP-NOT-HTTP").contains("SSH-2.0")
    );
}

#[test]
fn a_web_server_that_says_200_explains_the_silence_after_it() {
    let call = |headers: &[(&str, &str)]| {
        let request = Message::bare(MessageType::CallConnectRequest);
        Story::new().tls().answered(200, headers).began(Layer::Sstp).sstp(Side::Client, request).silence(Layer::Sstp, "Call Connect Ack")
    };
    assert!(
        call(&[("Content-Length", "615")]).fails_with("HTTP-200-NOT-SSTP").contains("Content-Length 615 instead of 18446744073709551615")
    );
    call(&[("Transfer-Encoding", "chunked")]).fails_with("HTTP-CHUNKED-REWRITE");
    call(&[("Content-Length", http::CONTENT_LENGTH)]).fails_with("SSTP-NO-ACK");
    let works = Story::new().tls().answered(200, &[("content-length", "0")]).began(Layer::Sstp).ack(2);
    assert_eq!(works.ids(Severity::Note), ["HTTP-HEADER-CASE", "HTTP-LENGTH-UNUSUAL"]);
}
