//! Judgements as stories, and what must hold of all rows.

use super::story::{NOW, Story};
use super::{Check, Severity, all, by_id};
use crate::base::{Layer, Limit, Side, WireError};
use crate::crypto::chain::Rule;
use crate::transcript::{ConnectFailure, DnsFailure, How, Reason, ScanAnswer, TlsFailure, What};
use crate::wire::control::{self, Opt};
use crate::wire::ncp::{self, AuthMethod};
use crate::wire::sstp::{Message, MessageType};
use crate::wire::{eap, http, pap, ppp};
use std::collections::HashSet;

const PREFIXES: [&str; 16] =
    ["DNS", "TCP", "PROXY", "TLS", "CERT", "HTTP", "SSTP", "LCP", "AUTH", "BIND", "IPCP", "IPV6CP", "CCP", "DATA", "TEAR", "PPP"];

#[test]
fn ids_are_unique_and_name_their_layer() {
    let mut ids = HashSet::new();
    for check in all() {
        let (prefix, words) = check.id.split_once('-').expect("an id has a layer and words");
        assert!(PREFIXES.contains(&prefix), "{}", check.id);
        assert!(words.split('-').all(|word| !word.is_empty()), "{}", check.id);
        assert!(check.id.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '-'), "{}", check.id);
        assert!(ids.insert(check.id), "twice: {}", check.id);
    }
    assert!(ids.len() >= 75, "{} checks", ids.len());
}

#[test]
fn a_row_says_something_in_every_column() {
    for check in all() {
        for text in [check.title, check.means] {
            assert!(!text.is_empty() && text.trim() == text && !text.contains("  "), "{}", check.id);
        }
        assert!(!check.title.ends_with('.') && check.means.ends_with('.'), "{}", check.id);
        assert!(!check.fix.admin.is_empty() || !check.fix.user.is_empty(), "{}", check.id);
        assert!(!check.windows.is_empty() || !check.spec.is_empty() || check.severity != Severity::Fail, "{} has no source", check.id);
    }
}

#[test]
fn windows_codes_are_in_the_code_table() {
    for check in all() {
        assert!(check.windows.iter().all(|windows| windows.code().is_some()), "{}: {:?}", check.id, check.windows);
    }
}

#[test]
fn explanations_name_other_checks_and_never_turn_in_a_circle() {
    fn root_is_reached(check: &Check, depth: usize) -> bool {
        depth < 20
            && check
                .explains
                .iter()
                .filter(|id| **id != check.id)
                .all(|id| by_id(id).is_some_and(|other| root_is_reached(other, depth + 1)))
    }
    for check in all() {
        assert!(check.explains.iter().all(|id| by_id(id).is_some()), "{} explains what is no check", check.id);
        assert!(root_is_reached(check, 0), "{} explains itself through others", check.id);
    }
}

#[test]
fn rows_stand_in_the_order_of_the_layers() {
    assert!(all().map(|check| check.layer).collect::<Vec<_>>().is_sorted());
}

#[test]
fn a_clean_call_draws_nothing() {
    let judgement = Story::clean().judged();
    let ids: Vec<_> = judgement.findings.iter().map(|finding| (finding.check.id, finding.evidence.says.as_str())).collect();
    assert_eq!(ids, []);
}

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
        Reason::TimedOut { waiting_for: "something".into(), after: crate::base::Micros(1) },
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
            assert_eq!(by_id(fails[0]).map(|check| check.layer), Some(layer), "{}", fails[0]);
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
    assert!(wants.fails_with("PROXY-AUTH-REQUIRED").contains("it accepts NTLM, Negotiate"));
    assert_eq!(wants.ids(Severity::Note), ["PROXY-AUTH-SCHEME"]);
    assert_eq!(replied(407, &[("Proxy-Authenticate", "Basic realm=\"x\"")], 443).ids(Severity::Note), [""; 0]);
    replied(407, &[], 443).fails_with("PROXY-407-NO-CHALLENGE");
    replied(403, &[], 443).fails_with("PROXY-CONNECT-DENIED");
    replied(403, &[], 4443).fails_with("PROXY-PORT-NOT-ALLOWED");
    replied(503, &[], 443).fails_with("PROXY-UPSTREAM-FAIL");
    replied(302, &[("Location", "http://portal.test/")], 443).fails_with("PROXY-CAPTIVE-PORTAL");
    replied(418, &[], 443).fails_with("PROXY-UNEXPECTED-STATUS");
}

#[test]
fn handshakes() {
    let scanned = |story: Story, offered, version| {
        let answer = ScanAnswer::Accepted { version, cipher: 0x002f };
        story.note(None, Layer::Tls, What::Scanned { offered, answer })
    };
    let failed = |failure| Story::new().tcp().unsecured(failure);
    failed(TlsFailure::PlainHttp).fails_with("TLS-PLAINTEXT-PORT");
    failed(TlsFailure::NotTls).fails_with("TLS-NOT-TLS");
    assert!(failed(TlsFailure::Alert(70)).fails_with("TLS-SERVER-TOO-OLD").contains("70 protocol_version"));
    assert!(scanned(failed(TlsFailure::Reset), 0x0301, 0x0301).fails_with("TLS-SERVER-TOO-OLD").contains("TLS 1.0"));
    failed(TlsFailure::Alert(40)).fails_with("TLS-NO-COMMON-CIPHER");
    assert!(scanned(failed(TlsFailure::Alert(40)), 0x0303, 0x0303).fails_with("TLS-LEGACY-CIPHER").contains("0x002F"));
    failed(TlsFailure::Alert(112)).fails_with("TLS-SNI-ALERT");
    failed(TlsFailure::Alert(116)).fails_with("TLS-CLIENT-CERT-REQUESTED");
    failed(TlsFailure::Reset).fails_with("TLS-RESET-IN-HANDSHAKE");
    failed(TlsFailure::TimedOut).fails_with("TCP-ACCEPT-NO-DATA");
    scanned(failed(TlsFailure::TimedOut), 0x0303, 0x0303).fails_with("TCP-PMTU-BLACKHOLE");
    assert!(failed(TlsFailure::Alert(80)).fails_with("TLS-HANDSHAKE-FAILED").contains("80 internal_error"));
    let by_address = Story::new().target("192.0.2.1", 443).tcp().unsecured(TlsFailure::Reset);
    assert_eq!(by_address.ids(Severity::Warn), ["TLS-SNI-REQUIRED"]);
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
        (Rule::NameConstraints, "CERT-CONSTRAINTS"),
        (Rule::WeakKey, "CERT-WEAK-KEY"),
        (Rule::WeakSignature, "CERT-SHA1"),
        (Rule::BadSignature, "CERT-BAD-SIGNATURE"),
        (Rule::UnknownCritical, "CERT-CONSTRAINTS"),
        (Rule::ValidityTooLong, "CERT-VALIDITY-TOO-LONG"),
        (Rule::NoRevocationInfo, "CERT-NO-REVOCATION-INFO"),
        (Rule::CrlLdapOnly, "CERT-CRL-LDAP-ONLY"),
    ];
    for (rule, id) in expected {
        assert_eq!(of(rule), id, "{rule:?}");
    }
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
fn an_expired_certificate_comes_before_the_wrong_password_behind_it() {
    let story = Story::new().tls_with(&[Rule::Expired]).sstp_up().lcp_up(AuthMethod::MsChapV2).responded(49);
    let story = story.refused("E=691 R=0 C=00112233445566778899AABBCCDDEEFF V=3 M=no");
    let story = story.lcp_data(Side::Server, control::TERMINATE_REQUEST, b"");
    assert_eq!(story.ids(Severity::Fail), ["CERT-EXPIRED", "AUTH-MSCHAP-691"]);
    let judgement = story.judged();
    assert_eq!(judgement.cause().map(|cause| cause.check.id), Some("CERT-EXPIRED"));
    assert_eq!(judgement.findings[0].check.id, "CERT-EXPIRED");
    let terminated = judgement.findings.iter().find(|finding| finding.check.id == "LCP-TERMINATED-BY-PEER").expect("shown beneath");
    assert_eq!(terminated.because_of, Some("AUTH-MSCHAP-691"));
}

fn certificate(days_before: i64, days_after: i64) -> Vec<u8> {
    let at = |days: i64| time::OffsetDateTime::from_unix_timestamp(NOW + days * 86_400).expect("in range");
    let mut params = rcgen::CertificateParams::new(vec!["vpn.example.test".into()]).expect("a name");
    (params.not_before, params.not_after) = (at(-days_before), at(days_after));
    let key = rcgen::KeyPair::generate().expect("a key");
    params.self_signed(&key).expect("a certificate").der().to_vec()
}

#[test]
fn certificates_that_end_soon() {
    let story = |before, after| Story::new().tcp().secured(|_| ()).chain(&[certificate(before, after)]).trust("system", &[]);
    assert_eq!(story(85, 5).ids(Severity::Warn), ["CERT-EXPIRES-SOON"]);
    assert_eq!(story(350, 20).ids(Severity::Note), ["CERT-EXPIRES-30-DAYS"]);
    assert_eq!(story(1, 5).judged().findings.len(), 0, "a certificate for a week that is a day old");
    assert_eq!(story(10, 80).judged().findings.len(), 0);
}

#[test]
fn a_wrong_clock_explains_a_certificate_that_is_valid_by_the_servers() {
    let dated = |date| {
        let story = Story::new().tcp().secured(|_| ()).chain(&[certificate(-2, 90)]).trust("system", &[Rule::NotYetValid]);
        story.answered(200, &[("content-length", http::CONTENT_LENGTH), ("Date", date)])
    };
    // Two days and a bit after the story's clock.
    assert!(dated("Sat, 17 Jan 2026 13:00:00 GMT").fails_with("CERT-CLIENT-CLOCK").contains("2026-01-17 12:59"));
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

#[test]
fn calls_that_do_not_come_about() {
    let called = || Story::new().tls().called();
    let refused = |message| called().sstp(Side::Server, message).down(Layer::Sstp, Reason::Refused("no".into()));
    let nak = Message::status(MessageType::CallConnectNak, 1, 4);
    assert!(refused(nak).fails_with("SSTP-NAK").contains("0x04 ATTRIB_STATUS_VALUE_NOT_SUPPORTED about encapsulated-protocol"));
    let abort = |status| refused(Message::status(MessageType::CallAbort, 2, status));
    abort(5).fails_with("SSTP-UNEXPECTED-MESSAGE");
    abort(6).fails_with("SSTP-RETRY-EXCEEDED");
    abort(7).fails_with("SSTP-ABORT-STATUS7");
    abort(8).fails_with("SSTP-NEGOTIATION-TIMEOUT");
    abort(9).fails_with("SSTP-ABORT-STATUS");
    refused(Message::bare(MessageType::CallAbort)).fails_with("SSTP-ABORT-NO-STATUS");
    called().closed(Layer::Sstp, How::Reset).fails_with("SSTP-CLOSE-AFTER-REQUEST");
    let garbled = |what: &str, have| {
        let error = WireError { layer: Layer::Sstp, what: what.into(), at: 0, need: 16, have, limit: Limit::Spec("MS-SSTP 2.2.1".into()) };
        called().note(Some(Side::Server), Layer::Sstp, What::Undecoded(error)).down(Layer::Sstp, Reason::Violated(what.into()))
    };
    assert!(garbled("version", 0x20).fails_with("SSTP-VERSION").contains("0x20"));
    garbled("length", 3).fails_with("SSTP-DESYNC");
    called().ack(4).down(Layer::Binding, Reason::Violated("no hash".into())).fails_with("SSTP-HASH-BITMASK-UNKNOWN");
    assert_eq!(called().ack(1).ids(Severity::Warn), ["BIND-SHA1-ONLY"]);
}

#[test]
fn links_that_do_not_come_up() {
    let linked = || Story::new().tls().sstp_up().began(Layer::Lcp);
    let ours = [Opt::new(ncp::MAGIC, [9, 9, 9, 9])];
    let theirs = [Opt::new(ncp::AUTH_PROTOCOL, AuthMethod::MsChapV2.option_value())];
    let asked = || linked().lcp(Side::Client, control::CONFIGURE_REQUEST, &ours);
    let wait = |story: Story| story.silence(Layer::Lcp, "LCP Configure-Ack");
    wait(asked()).fails_with("LCP-NO-RESPONSE");
    wait(asked().lcp(Side::Server, control::CONFIGURE_REQUEST, &theirs)).fails_with("LCP-NO-ACK");
    wait(asked().lcp(Side::Server, control::CONFIGURE_ACK, &ours)).fails_with("LCP-NO-REQUEST");
    assert!(wait(asked().lcp(Side::Server, control::CONFIGURE_REQUEST, &ours)).fails_with("LCP-LOOPBACK").contains("0x09090909"));
    let naks = (0..6).fold(asked(), |story, _| story.lcp(Side::Server, control::CONFIGURE_NAK, &ours));
    wait(naks).fails_with("LCP-NAK-LOOP");
    let flood = (0..25).fold(asked(), |story, _| story.lcp(Side::Server, control::CONFIGURE_REQUEST, &theirs));
    let flood = flood.note(Some(Side::Server), Layer::Lcp, What::Omitted { count: 5000 });
    assert!(wait(flood).fails_with("LCP-REQUEST-FLOOD").contains("5025"));
}

#[test]
fn the_ras_number_in_a_terminate_request_is_shown() {
    let data = [0x11, 0x22, 0x33, 0x44, 0x00, 0x3c, 0xcd, 0x74, 0x00, 0x00, 0x02, 0xe6];
    let ended = |data: &[u8]| {
        let story = Story::new().tls().sstp_up().began(Layer::Lcp).lcp_data(Side::Server, control::TERMINATE_REQUEST, data);
        story.down(Layer::Lcp, Reason::Refused("Terminate-Request".into())).fails_with("LCP-TERMINATED-BY-PEER")
    };
    assert!(ended(&data).contains("RAS error 742"), "{}", ended(&data));
    assert!(ended(b"no licence").contains("\"no licence\""));
}

#[test]
fn methods_that_do_not_meet() {
    let demanded = |method: AuthMethod, reason: Reason| {
        let asks = [Opt::new(ncp::AUTH_PROTOCOL, method.option_value())];
        let story = Story::new().tls().sstp_up().began(Layer::Lcp).lcp(Side::Server, control::CONFIGURE_REQUEST, &asks);
        story.down(Layer::Lcp, reason)
    };
    demanded(AuthMethod::Pap, Reason::Unwilling("PAP over an untrusted certificate".into())).fails_with("AUTH-PAP-ONLY-WORKS");
    assert!(demanded(AuthMethod::MsChapV1, Reason::Unwilling("no method".into())).fails_with("LCP-AUTH-NO-COMMON").contains("MS-CHAPv1"));
    let learned = |rows: &[(AuthMethod, bool)]| {
        let story = Story::new().asked(|asked| asked.credentials = false).tls().sstp_up().lcp_up(AuthMethod::Eap);
        rows.iter().fold(story, |story, (method, accepted)| {
            story.note(Some(Side::Server), Layer::Lcp, What::Method { method: *method, accepted: *accepted })
        })
    };
    learned(&[(AuthMethod::MsChapV2, false), (AuthMethod::Pap, true)]).fails_with("AUTH-PAP-ONLY-WORKS");
    assert_eq!(learned(&[(AuthMethod::MsChapV2, false), (AuthMethod::Eap, true)]).ids(Severity::Warn), ["LCP-EAP-ONLY"]);
    let all = learned(&[(AuthMethod::MsChapV2, true), (AuthMethod::Pap, true)]);
    assert_eq!((all.ids(Severity::Fail), all.ids(Severity::Note)), (vec![], vec!["AUTH-WEAK-OFFERED"]));
    let ended = all.lcp_data(Side::Server, control::TERMINATE_REQUEST, b"").down(Layer::Lcp, Reason::Refused("Terminate-Request".into()));
    assert_eq!(ended.ids(Severity::Fail), [""; 0], "methods are known, which was all that was asked");
}

#[test]
fn logins_that_are_refused() {
    let login = |len| Story::new().tls().sstp_up().lcp_up(AuthMethod::MsChapV2).responded(len);
    let says = login(49).refused("E=691 R=1 C=00112233445566778899AABBCCDDEEFF V=3 M=Bad").fails_with("AUTH-MSCHAP-691");
    assert_eq!(says, "CHAP Failure \"E=691 R=1 V=3 M=Bad\"; 691 ERROR_AUTHENTICATION_FAILURE; another try is allowed");
    for (code, id) in [(646, "AUTH-MSCHAP-646"), (647, "AUTH-MSCHAP-647"), (648, "AUTH-MSCHAP-648"), (649, "AUTH-MSCHAP-649")] {
        login(49).refused(&format!("E={code} R=0")).fails_with(id);
    }
    assert!(login(49).refused("E=718 R=0").fails_with("AUTH-MSCHAP-OTHER").contains("718 "));
    login(16).refused("no").fails_with("AUTH-CHAP-FAILURE");
    login(49).silence(Layer::Auth, "authentication result").fails_with("AUTH-RADIUS-TIMEOUT");
    login(49).down(Layer::Auth, Reason::Violated("the authenticator response (S=) is wrong".into())).fails_with("AUTH-SERVER-PROOF-BAD");
    let late = login(49).wait(31_000_000).refused("E=691 R=0");
    assert_eq!((late.fails_with("AUTH-MSCHAP-691").is_empty(), late.ids(Severity::Note)), (false, vec!["AUTH-MFA-TIMEOUT"]));
    let named = login(49).asked(|asked| asked.user = Some("CORP\\müller".into())).refused("E=691 R=0");
    assert_eq!(named.ids(Severity::Note), ["AUTH-USERNAME-FORMAT", "AUTH-NON-ASCII"]);
    let quiet = Story::new().tls().sstp_up().lcp_up(AuthMethod::MsChapV2).began(Layer::Auth);
    quiet.silence(Layer::Auth, "authentication challenge").fails_with("AUTH-SILENT");
}

#[test]
fn pap_and_eap_refusals() {
    let auth = |method| Story::new().tls().sstp_up().lcp_up(method).began(Layer::Auth);
    let nak = ppp::Body::Pap(pap::Packet { id: 1, body: pap::Body::AuthenticateNak { message: b"denied".to_vec().into() } });
    let pap = auth(AuthMethod::Pap).ppp(Side::Server, ppp::PAP, nak).down(Layer::Auth, Reason::Refused("denied".into()));
    assert!(pap.fails_with("AUTH-PAP-NAK").contains("denied"));
    let named = || {
        auth(AuthMethod::Eap)
            .eap(Side::Server, eap::Packet::request(1, eap::IDENTITY, *b""))
            .eap(Side::Client, eap::Packet::response(1, eap::IDENTITY, *b"alice"))
    };
    let failed =
        |story: Story| story.eap(Side::Server, eap::Packet::result(3, false)).down(Layer::Auth, Reason::Refused("EAP Failure".into()));
    failed(named()).fails_with("AUTH-NPS-NO-POLICY");
    let md5 =
        named().eap(Side::Server, eap::Packet::request(2, eap::MD5, *b"x")).eap(Side::Client, eap::Packet::response(2, eap::MD5, *b"y"));
    assert!(failed(md5).fails_with("AUTH-EAP-FAILURE").contains("EAP-MD5"));
    let peap =
        named().eap(Side::Server, eap::Packet::request(2, eap::PEAP, *b"x")).eap(Side::Client, eap::Packet::response(2, eap::NAK, [26]));
    assert!(failed(peap).fails_with("AUTH-EAP-METHOD-MISMATCH").contains("asked for PEAP"));
    let mschap = named().eap(Side::Server, eap::Packet::request(2, eap::MSCHAPV2, [&[4, 1, 0, 13][..], b"E=648 R=0"].concat()));
    assert!(mschap.down(Layer::Auth, Reason::Refused("E=648".into())).fails_with("AUTH-MSCHAP-648").contains("EAP-MSCHAPv2"));
}

#[test]
fn a_refused_binding_says_what_can_be_told_apart() {
    let aborted = |len, message| {
        let story = Story::new().tls().sstp_up().bound(len).sstp(Side::Server, message);
        story.down(Layer::Binding, Reason::Refused("Call Abort".into()))
    };
    let keyed = aborted(49, Message::status(MessageType::CallAbort, 3, 4));
    assert!(keyed.fails_with("BIND-CERTHASH-LB").contains("cannot tell"));
    let judgement = keyed.judged();
    let beneath: Vec<_> = judgement.findings.iter().filter(|f| f.because_of == Some("BIND-CERTHASH-LB")).map(|f| f.check.id).collect();
    assert_eq!(beneath, ["SSTP-ABORT-STATUS", "BIND-CMAC-INVALID", "BIND-RADIUS-NO-MPPE"]);
    let keyless = aborted(16, Message::status(MessageType::CallAbort, 3, 4));
    assert!(keyless.fails_with("BIND-CERTHASH-LB").contains("with CHAP-MD5 the key is 32 zero bytes"));
    assert!(!keyless.ids(Severity::Note).contains(&"BIND-CMAC-INVALID"));
    assert!(aborted(49, Message::bare(MessageType::CallAbort)).fails_with("BIND-CERTHASH-LB").contains("no address is left"));
    let late = Story::new().tls().sstp_up().bound(49).up(Layer::Binding).began(Layer::Ncp);
    let late =
        late.sstp(Side::Server, Message::status(MessageType::CallAbort, 3, 4)).down(Layer::Ncp, Reason::Refused("Call Abort".into()));
    late.fails_with("BIND-CERTHASH-LB");
    Story::new().tls().sstp_up().bound(49).closed(Layer::Binding, How::Fin).fails_with("BIND-CLOSED");
}

#[test]
fn tunnels_without_an_address() {
    let zero = [Opt::new(ncp::IP_ADDRESS, [0; 4]), Opt::new(ncp::PRIMARY_DNS, [0; 4])];
    let asked = || {
        Story::new().tls().sstp_up().bound(49).up(Layer::Binding).began(Layer::Ncp).ncp(
            Side::Client,
            ppp::IPCP,
            control::CONFIGURE_REQUEST,
            &zero,
        )
    };
    let wait = |story: Story| story.silence(Layer::Ncp, "IPCP Configure-Ack");
    assert!(wait(asked()).fails_with("IPCP-NO-ADDRESS").contains("asked for 0.0.0.0"));
    wait(asked().lcp_data(Side::Server, control::PROTOCOL_REJECT, &[0x80, 0x21, 1, 1])).fails_with("IPCP-PROTOCOL-REJECTED");
    wait(asked().ncp(Side::Server, ppp::IPCP, control::CONFIGURE_REJECT, &zero)).fails_with("IPCP-ADDRESS-REJECTED");
    let ten = [Opt::new(ncp::IP_ADDRESS, [10, 0, 0, 9])];
    wait((0..6).fold(asked(), |story, _| story.ncp(Side::Server, ppp::IPCP, control::CONFIGURE_NAK, &ten))).fails_with("IPCP-NAK-LOOP");
    wait(asked().ncp(Side::Server, ppp::IPCP, control::TERMINATE_REQUEST, &[])).fails_with("IPCP-POOL-EXHAUSTED");
    asked().down(Layer::Ncp, Reason::Refused("odd".into())).fails_with("IPCP-FAILED");
    let bare = asked().ncp(Side::Server, ppp::IPCP, control::CONFIGURE_ACK, &ten).up(Layer::Ncp);
    assert_eq!(bare.ids(Severity::Warn), ["IPCP-DNS-NOT-OFFERED"]);
}

/// `shared/peers.md`: it never answers Echo Requests, rejects the second DNS server, ignores IPv6CP, and leaves without farewell.
#[test]
fn softether_comes_out_without_a_fail() {
    let ours = [Opt::new(ncp::IP_ADDRESS, [192, 168, 30, 10]), Opt::new(ncp::PRIMARY_DNS, [192, 168, 30, 1])];
    let second = [Opt::new(ncp::SECONDARY_DNS, [0; 4])];
    let story = Story::new().tls().called().ack(2).bound(49).up(Layer::Binding).began(Layer::Ncp);
    let story = story.ncp(Side::Client, ppp::IPV6CP, control::CONFIGURE_REQUEST, &[Opt::new(ncp::INTERFACE_ID, [1; 8])]);
    let story = story.ncp(Side::Server, ppp::IPCP, control::CONFIGURE_REJECT, &second);
    let story = story.ncp(Side::Server, ppp::IPCP, control::CONFIGURE_ACK, &ours).up(Layer::Ncp);
    let story = story.data(Some(700), None).disconnected(How::Fin);
    assert_eq!(story.ids(Severity::Fail), [""; 0]);
    assert_eq!(story.ids(Severity::Warn), ["TEAR-ECHO-LOST"]);
    assert_eq!(story.ids(Severity::Note), ["IPV6CP-REJECTED", "TEAR-NO-CLOSE-NOTIFY"]);
}

#[test]
fn tunnels_and_their_ends() {
    let up = || Story::new().tls().sstp_up().bound(49).ncp_up();
    assert_eq!(up().data(None, Some(1)).ids(Severity::Warn), ["DATA-PING-UNANSWERED"]);
    let dropped = up().began(Layer::Data).sstp(Side::Server, Message::status(MessageType::CallDisconnect, 0, 0));
    let dropped = dropped.down(Layer::Data, Reason::Refused("Call Disconnect".into()));
    dropped.fails_with("DATA-FAILED");
    assert_eq!(dropped.judged().findings[1].because_of, Some("DATA-FAILED"));
    let unanswered = up().data(Some(1), Some(1)).began(Layer::Teardown).silence(Layer::Teardown, "Call Disconnect Ack");
    assert_eq!((unanswered.ids(Severity::Fail), unanswered.ids(Severity::Warn)), (vec![], vec!["TEAR-NO-ACK"]));
}

#[test]
fn what_was_not_reached_is_not_judged() {
    let judgement = Story::new().unresolved(DnsFailure::NxDomain).judged();
    let why = judgement.blind.iter().find(|row| row.0 == "AUTH-MSCHAP-691").map(|row| row.1.as_str());
    assert_eq!(why, Some("auth was not reached"));
    assert!(judgement.blind.iter().any(|row| row == &("CERT-EXPIRED", "no certificate was seen".into())));
}
