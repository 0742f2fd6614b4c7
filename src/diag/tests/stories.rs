//! The shortest story that a check finds: for every check that no fault of the lab meets (`tests/lab.rs` lists them with
//! the reason), and for what is told sooner here than by a call over loopback.

use super::super::story::{NOW, Story};
use super::super::{Severity, by_id};
use crate::base::{Layer, Limit, Micros, Side, WireError};
use crate::crypto::chain::Rule;
use crate::transcript::{ConnectFailure, DnsFailure, How, Reason, ScanAnswer, TlsFailure, What};
use crate::wire::control::{self, Opt};
use crate::wire::ncp::{self, AuthMethod};
use crate::wire::sstp::{Attribute, Message, MessageType};
use crate::wire::{chap, eap, pap, ppp};

/// What is told beneath or above another finding, that finding, and why.
const BESIDE: &[(&str, &str, &str)] = &[
    ("DNS-SPLIT-HORIZON", "TCP-FILTERED", "that nothing answers at the private address is what fails"),
    (
        "BIND-HLAK-ZERO-EAPMSCHAP",
        "BIND-REFUSED",
        "one status stands for every reason of a refused binding, and this is one of those told beneath it",
    ),
];

/// As strict as the lab: a failing check is the one cause, and nothing fails beside it; beside what only warns at most one
/// cause on its layer fails.
#[test]
fn every_story_is_found_by_its_check_and_by_no_other_failing_one() {
    let mut wrongs = Vec::new();
    for (id, story) in STORIES {
        let (story, check) = (story(), by_id(id).unwrap_or_else(|| panic!("{id} is no check")));
        let judgement = story.judged();
        let (fails, found) = (story.ids(Severity::Fail), judgement.findings.iter().any(|finding| finding.check.id == *id));
        let cause = judgement.cause().map(|cause| cause.check);
        let beside = BESIDE.iter().find(|row| row.0 == *id);
        let right = match check.severity {
            _ if beside.is_some() => found && beside.is_some_and(|row| fails == [row.1]),
            Severity::Fail => cause.is_some_and(|cause| cause.id == *id) && fails == [*id],
            _ => found && fails.len() <= 1 && cause.is_none_or(|cause| cause.layer == check.layer),
        };
        if !right {
            wrongs.push(format!("{id}: found {found}, failing {fails:?}"));
        }
    }
    assert!(wrongs.is_empty(), "{}", wrongs.join("\n"));
}

/// Id and story.
type Row = (&'static str, fn() -> Story);

const STORIES: &[Row] = &[
    ("PROBE-TIME-UP", || Story::new().tcp().began(Layer::Tls).down(Layer::Tls, Reason::TimeUp { after: Micros(1_000_000) })),
    ("AUTH-PAP-ONLY-WORKS", || {
        let asks = [Opt::new(ncp::AUTH_PROTOCOL, AuthMethod::Pap.option_value())];
        let story = Story::new().tls().sstp_up().began(Layer::Lcp).lcp(Side::Server, control::CONFIGURE_REQUEST, &asks);
        story.down(Layer::Lcp, Reason::Unwilling("the server wants PAP".into()))
    }),
    ("DNS-SERVFAIL", || Story::new().unresolved(DnsFailure::TryAgain)),
    ("DNS-TIMEOUT", || Story::new().unresolved(DnsFailure::TimedOut)),
    ("DNS-FAILED", || Story::new().unresolved(DnsFailure::Other)),
    ("DNS-SPLIT-HORIZON", || {
        let story = Story::new().resolved(&["10.1.2.3"]).began(Layer::Tcp).not_connected("10.1.2.3:443", ConnectFailure::TimedOut);
        story.silence(Layer::Tcp, "SYN-ACK")
    }),
    ("TCP-ICMP-REJECT", || no_connection(ConnectFailure::Unreachable)),
    ("TCP-RESET-ON-CONNECT", || no_connection(ConnectFailure::Reset)),
    ("TCP-CONNECT-FAILED", || no_connection(ConnectFailure::Other)),
    ("PROXY-UNEXPECTED-STATUS", || Story::new().began(Layer::Proxy).down(Layer::Proxy, Reason::Refused("418".into()))),
    ("TLS-LEGACY-CIPHER", || {
        let answer = ScanAnswer::Accepted { version: 0x0303, cipher: 0x002f, group: None, bits: None, asks_for_certificate: false };
        Story::new().tcp().unsecured(TlsFailure::Alert(40)).note(None, Layer::Tls, What::Scanned { offered: 0x0303, answer })
    }),
    ("TLS-ALPN-H2", || Story::new().tcp().secured(|secured| secured.alpn = Some("h2".into()))),
    ("TLS-CLIENT-CERT-ASKED", || Story::new().tcp().secured(|secured| secured.client_cert_requested = true)),
    ("TLS-HANDSHAKE-FAILED", || Story::new().tcp().unsecured(TlsFailure::Alert(80))),
    ("CERT-NONE-SENT", || Story::new().tcp().unsecured(TlsFailure::NoCertificate)),
    ("CERT-UNREADABLE", || Story::new().tcp().secured(|_| ()).chain(&[vec![0x30, 0x03, 0x02, 0x01, 0x01]]).trust("system", &[])),
    ("CERT-BAD-SIGNATURE", || Story::new().tls_with(&[Rule::BadSignature])),
    ("CERT-KEY-USAGE", || Story::new().tls_with(&[Rule::KeyUsage])),
    ("CERT-NOT-TRUSTED", || {
        Story::new().tcp().secured(|_| ()).trust("system", &[Rule::UntrustedRoot]).trust("ca.pem", &[Rule::EkuMissing])
    }),
    ("CERT-SHA1", || Story::new().tls_with(&[Rule::WeakSignature])),
    ("CERT-SIGNATURE-UNKNOWN", || Story::new().tls_with(&[Rule::UncheckedSignature, Rule::ForeignSignature])),
    ("CERT-POLICY-CONSTRAINTS", || Story::new().tls_with(&[Rule::PolicyConstraints])),
    ("CERT-UNCHECKED", || Story::new().tls_with(&[Rule::UncheckedSignature])),
    ("CERT-WEAK-KEY", || Story::new().tls_with(&[Rule::WeakKey])),
    ("CERT-MD5", || {
        with_chain(include_bytes!("../../crypto/chain/fixtures/old-leaf-md5.der"), &[Rule::WeakSignature, Rule::UncheckedSignature])
    }),
    ("CERT-KEY-BLOCKED", || with_chain(include_bytes!("../../../fixtures/chains/ca-512.der"), &[Rule::WeakKey])),
    ("CERT-EXPIRES-SOON", || Story::new().tcp().chain(&[certificate(85, 5)])),
    ("CERT-EXPIRES-30-DAYS", || Story::new().tcp().chain(&[certificate(350, 20)])),
    ("CERT-TRUST-DIFFERS", || Story::new().tcp().trust("system", &[Rule::UntrustedRoot]).trust("ca.pem", &[])),
    ("CERT-CLOCK-SKEW", || {
        let headers = [("Content-Length", crate::wire::http::CONTENT_LENGTH), ("Date", "Thu, 15 Jan 2026 14:00:00 GMT")];
        Story::new().tls().requested().answered(200, &headers).up(Layer::Http)
    }),
    ("CERT-KEY-NOT-PROVED", || {
        Story::new()
            .tcp()
            .secured(|_| ())
            .began(Layer::Cert)
            .trust("system", &[])
            .down(Layer::Cert, Reason::Untrusted("another key".into()))
    }),
    ("CERT-VALIDITY-TOO-LONG", || Story::new().tls_with(&[Rule::ValidityTooLong])),
    ("HTTP-SERVICE-INIT", || Story::new().tls().answered(503, &[("Server", "Microsoft-HTTPAPI/2.0")])),
    ("HTTP-SERVER-ERROR", || Story::new().tls().answered(500, &[])),
    ("HTTP-LENGTH-UNUSUAL", || Story::new().tls().answered(200, &[("Content-Length", "0")]).began(Layer::Sstp).ack(3)),
    ("HTTP-UNEXPECTED-STATUS", || Story::new().tls().answered(204, &[])),
    ("SSTP-UNKNOWN-TYPE", || Story::new().tls().sstp_up().sstp(Side::Server, Message::bare(MessageType::Unknown(77)))),
    ("SSTP-CALL-FAILED", || Story::new().tls().called().down(Layer::Sstp, Reason::Refused("no".into()))),
    ("LCP-AUTH-NAK-LOOP", || {
        let eap = [Opt::new(ncp::AUTH_PROTOCOL, AuthMethod::Eap.option_value())];
        let story = Story::new().tls().sstp_up().began(Layer::Lcp);
        let story = (0..5).fold(story, |story, _| story.lcp(Side::Server, control::CONFIGURE_NAK, &eap));
        story.silence(Layer::Lcp, "LCP Configure-Ack")
    }),
    ("LCP-NO-REQUEST", || {
        let story = Story::new().tls().sstp_up().began(Layer::Lcp).lcp(Side::Server, control::CONFIGURE_ACK, &[]);
        story.silence(Layer::Lcp, "LCP Configure-Request")
    }),
    ("LCP-MALFORMED", || {
        let error = WireError { layer: Layer::Lcp, what: "length".into(), at: 2, need: 4, have: 3, limit: Limit::Input };
        let story = Story::new().tls().sstp_up().began(Layer::Lcp).note(Some(Side::Server), Layer::Lcp, What::Undecoded(error));
        story.down(Layer::Lcp, Reason::Violated("length".into()))
    }),
    ("LCP-FAILED", || Story::new().tls().sstp_up().began(Layer::Lcp).closed(Layer::Lcp, How::Reset)),
    ("AUTH-MSCHAP-OTHER", || logging_in().refused("E=718 R=0")),
    ("AUTH-CHAP-FAILURE", || logging_in().refused("no")),
    ("AUTH-PAP-NAK", || {
        let nak = pap::Packet { id: 1, body: pap::Body::AuthenticateNak { message: b"no".to_vec().into() } };
        let story = Story::new().tls().sstp_up().lcp_up(AuthMethod::Pap).began(Layer::Auth);
        story.ppp(Side::Server, ppp::PAP, ppp::Body::Pap(nak)).down(Layer::Auth, Reason::Refused("no".into()))
    }),
    ("AUTH-EAP-FAILURE", || {
        let story = Story::new().tls().sstp_up().lcp_up(AuthMethod::Eap).began(Layer::Auth);
        let story = story.eap(Side::Client, eap::Packet::response(2, eap::MD5, *b"y")).eap(Side::Server, eap::Packet::result(3, false));
        story.down(Layer::Auth, Reason::Refused("EAP Failure".into()))
    }),
    ("AUTH-USERNAME-FORMAT", || logging_in().asked(|asked| asked.user = Some("CORP\\alice".into())).refused("E=691 R=0")),
    ("AUTH-NON-ASCII", || logging_in().asked(|asked| asked.user = Some("müller".into())).refused("E=691 R=0")),
    ("AUTH-REFUSED-LATE", || logging_in().wait(6_000_000).refused("E=691 R=0")),
    ("AUTH-MFA-TIMEOUT", || logging_in().wait(31_000_000).refused("E=691 R=0")),
    ("AUTH-SLOW", || {
        let success = chap::Body::Success { message: b"S=0".to_vec().into() };
        logging_in().wait(9_000_000).chap(Side::Server, success).up(Layer::Auth)
    }),
    ("AUTH-NOT-DEMANDED", || {
        let magic = [Opt::new(ncp::MAGIC, [1; 4])];
        Story::new().tls().sstp_up().began(Layer::Lcp).lcp(Side::Server, control::CONFIGURE_REQUEST, &magic).up(Layer::Lcp)
    }),
    ("AUTH-FAILED", || logging_in().closed(Layer::Auth, How::Reset)),
    ("BIND-NONCE", || connected(2, 9)),
    ("BIND-HASH-PROTOCOL", || connected(4, 7)),
    ("BIND-HLAK-ZERO-EAPMSCHAP", || {
        let story = Story::new().tls().sstp_up().lcp_up(AuthMethod::Eap).began(Layer::Auth);
        let story = story.eap(Side::Client, eap::Packet::response(2, eap::MSCHAPV2, *b"\x02")).up(Layer::Auth).began(Layer::Binding);
        let story = story.sstp(Side::Client, binding(2, 7)).sstp(Side::Server, Message::status(MessageType::CallAbort, 3, 4));
        story.down(Layer::Binding, Reason::Refused("Call Abort".into()))
    }),
    ("BIND-FAILED", || Story::new().tls().sstp_up().bound(49).down(Layer::Binding, Reason::Refused("no".into()))),
    ("IPCP-FAILED", || {
        Story::new().tls().sstp_up().bound(49).up(Layer::Binding).began(Layer::Ncp).down(Layer::Ncp, Reason::Refused("no".into()))
    }),
    ("DATA-PING-LOSS", || {
        let lost = What::Ping { to: [192, 0, 2, 1].into(), rtt: None };
        Story::new().tls().sstp_up().bound(49).ncp_up().data(Some(1), Some(1)).note(None, Layer::Data, lost)
    }),
    ("DATA-FAILED", || {
        let story = Story::new().tls().sstp_up().bound(49).ncp_up().began(Layer::Data);
        story.down(Layer::Data, Reason::Violated("nonsense".into()))
    }),
    ("TEAR-FAILED", || Story::new().began(Layer::Teardown).down(Layer::Teardown, Reason::Violated("nonsense".into()))),
    ("TEAR-NO-CLOSE-NOTIFY", || tunnel().began(Layer::Teardown).closed(Layer::Teardown, How::Fin)),
];

/// A call whose server shows one certificate, judged by these rules.
fn with_chain(der: &[u8], rules: &[Rule]) -> Story {
    Story::new().tcp().secured(|_| ()).chain(&[der.to_vec()]).began(Layer::Cert).trust("system", rules)
}

fn no_connection(failure: ConnectFailure) -> Story {
    let story = Story::new().resolved(&["192.0.2.1"]).began(Layer::Tcp).not_connected("192.0.2.1:443", failure);
    story.down(Layer::Tcp, Reason::Refused("no".into()))
}

/// A certificate of which so many days are over and so many left.
pub(super) fn certificate(days_before: i64, days_after: i64) -> Vec<u8> {
    let at = |days: i64| time::OffsetDateTime::from_unix_timestamp(NOW + days * 86_400).expect("in range");
    let mut params = rcgen::CertificateParams::new(vec!["vpn.example.test".into()]).expect("a name");
    (params.not_before, params.not_after) = (at(-days_before), at(days_after));
    let key = rcgen::KeyPair::generate().expect("a key");
    params.self_signed(&key).expect("a certificate").der().to_vec()
}

/// MS-CHAPv2 up to the response.
fn logging_in() -> Story {
    Story::new().tls().sstp_up().lcp_up(AuthMethod::MsChapV2).responded(49)
}

fn binding(hash_protocol: u8, nonce: u8) -> Message {
    let attribute = Attribute::CryptoBinding {
        hash_protocol,
        nonce: vec![nonce; 32].into(),
        cert_hash: vec![1; 32].into(),
        compound_mac: vec![2; 32].into(),
    };
    Message::with(MessageType::CallConnected, attribute)
}

/// Call Connected with such a hash protocol and nonce, and the Abort that follows.
fn connected(hash_protocol: u8, nonce: u8) -> Story {
    let success = chap::Body::Success { message: b"S=0".to_vec().into() };
    let story = logging_in().chap(Side::Server, success).up(Layer::Auth).began(Layer::Binding);
    let story = story.sstp(Side::Client, binding(hash_protocol, nonce)).sstp(Side::Server, Message::status(MessageType::CallAbort, 3, 4));
    story.down(Layer::Binding, Reason::Refused("Call Abort".into()))
}

fn tunnel() -> Story {
    Story::new().tls().sstp_up().bound(49).ncp_up().data(Some(1), Some(1))
}
