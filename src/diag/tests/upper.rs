//! Judgements as stories: from SSTP to the end of the call.

use super::super::Severity;
use super::super::story::Story;
use crate::base::{Layer, Limit, Micros, Side, WireError};
use crate::crypto::chain::Rule;
use crate::proto::plan::Method;
use crate::transcript::{How, Inner, MatrixRow, Reason, Stand, What};
use crate::wire::control::{self, Opt};
use crate::wire::ncp::{self, AuthMethod};
use crate::wire::sstp::{Message, MessageType};
use crate::wire::tls::{ClientHello, TLS12, TLS13};
use crate::wire::{eap, pap, ppp};

#[test]
fn a_clean_call_draws_nothing() {
    let judgement = Story::clean().judged();
    let ids: Vec<_> = judgement.findings.iter().map(|finding| (finding.check.id, finding.evidence.says.as_str())).collect();
    assert_eq!(ids, []);
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

/// Wherever the probe runs out of its own time, that is the one finding: nothing is said against the peer.
#[test]
fn the_probes_own_time_is_nobodys_fault() {
    let up = || Story::new().tls().sstp_up();
    let cut = |story: Story, layer: Layer| story.down(layer, Reason::TimeUp { after: Micros(3_000_000) });
    let stories = [
        (cut(Story::new().began(Layer::Dns), Layer::Dns), Layer::Dns),
        (cut(Story::new().resolved(&["10.1.2.3"]).began(Layer::Tcp), Layer::Tcp), Layer::Tcp),
        (cut(Story::new().tcp().began(Layer::Tls), Layer::Tls), Layer::Tls),
        (cut(Story::new().tls().requested(), Layer::Http), Layer::Http),
        (cut(Story::new().tls().called(), Layer::Sstp), Layer::Sstp),
        (cut(up().began(Layer::Lcp), Layer::Lcp), Layer::Lcp),
        (cut(up().lcp_up(AuthMethod::MsChapV2).responded(49), Layer::Auth), Layer::Auth),
        (cut(up().bound(49), Layer::Binding), Layer::Binding),
        (cut(up().bound(49).up(Layer::Binding).began(Layer::Ncp), Layer::Ncp), Layer::Ncp),
        (cut(up().bound(49).ncp_up().began(Layer::Data), Layer::Data), Layer::Data),
        (cut(up().bound(49).ncp_up().data(Some(1), Some(1)).began(Layer::Teardown), Layer::Teardown), Layer::Teardown),
    ];
    for (story, layer) in stories {
        assert!(story.fails_with("PROBE-TIME-UP").contains(layer.title()), "{layer}");
        assert_eq!(story.judged().findings.len(), 1, "{layer}");
    }
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
    let cut = WireError { layer: Layer::Lcp, what: "length".into(), at: 2, need: 200, have: 14, limit: Limit::Input };
    let cut = asked().lcp(Side::Server, control::CONFIGURE_REQUEST, &theirs).note(Some(Side::Server), Layer::Lcp, What::Undecoded(cut));
    wait(cut).fails_with("LCP-MALFORMED");
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
    let proposed = |method: AuthMethod| {
        let ask = |method: AuthMethod| [Opt::new(ncp::AUTH_PROTOCOL, method.option_value())];
        let story = Story::new().tls().sstp_up().began(Layer::Lcp).lcp(Side::Server, control::CONFIGURE_REQUEST, &ask(AuthMethod::Pap));
        let story = story.lcp(Side::Client, control::CONFIGURE_NAK, &ask(method));
        let story = story.lcp(Side::Server, control::CONFIGURE_REQUEST, &ask(AuthMethod::Pap));
        story.down(Layer::Lcp, Reason::Unwilling("the server demands PAP, which we would not use".into()))
    };
    proposed(AuthMethod::MsChapV2).fails_with("AUTH-PAP-ONLY-WORKS");
    proposed(AuthMethod::Eap).fails_with("LCP-AUTH-NO-COMMON");
    let all = learned(&[(AuthMethod::MsChapV2, true), (AuthMethod::Pap, true)]);
    assert_eq!((all.ids(Severity::Fail), all.ids(Severity::Note)), (vec![], vec!["AUTH-WEAK-OFFERED"]));
    let ended = all.lcp_data(Side::Server, control::TERMINATE_REQUEST, b"").down(Layer::Lcp, Reason::Refused("Terminate-Request".into()));
    assert_eq!(ended.ids(Severity::Fail), [""; 0], "methods are known, which was all that was asked");
}

#[test]
fn logins_that_are_refused() {
    let login = |len| Story::new().tls().sstp_up().lcp_up(AuthMethod::MsChapV2).responded(len);
    let says = login(49).refused("E=691 R=1 C=00112233445566778899AABBCCDDEEFF V=3 M=Bad").fails_with("AUTH-MSCHAP-691");
    assert_eq!(
        says,
        "CHAP Failure \"E=691 R=1 V=3 M=Bad\"; 691 ERROR_AUTHENTICATION_FAILURE; another try is allowed, with a new challenge"
    );
    for (code, id) in [(646, "AUTH-MSCHAP-646"), (647, "AUTH-MSCHAP-647"), (648, "AUTH-MSCHAP-648"), (649, "AUTH-MSCHAP-649")] {
        login(49).refused(&format!("E={code} R=0")).fails_with(id);
    }
    assert!(login(49).refused("E=718 R=0").fails_with("AUTH-MSCHAP-OTHER").contains("718 "));
    login(16).refused("no").fails_with("AUTH-CHAP-FAILURE");
    login(49).silence(Layer::Auth, "authentication result").fails_with("AUTH-RADIUS-TIMEOUT");
    login(49).down(Layer::Auth, Reason::Violated("the authenticator response (S=) is wrong".into())).fails_with("AUTH-SERVER-PROOF-BAD");
    let given_up = |wait, ended: fn(Story) -> Story| ended(login(49).wait(wait));
    let terminated = |story: Story| {
        let story = story.lcp_data(Side::Server, control::TERMINATE_REQUEST, b"");
        story.down(Layer::Auth, Reason::Refused("Terminate-Request".into()))
    };
    for wait in [5_000_000, 10_000_000, 30_000_000] {
        assert!(given_up(wait, terminated).fails_with("AUTH-RADIUS-TIMEOUT").contains("of silence after"), "{wait}");
        given_up(wait, |story| story.closed(Layer::Auth, How::Fin)).fails_with("AUTH-RADIUS-TIMEOUT");
    }
    given_up(300_000, terminated).fails_with("AUTH-TERMINATED");
    let slow = login(49).wait(10_000_000).refused("E=691 R=0");
    assert_eq!((slow.fails_with("AUTH-MSCHAP-691").is_empty(), slow.ids(Severity::Note)), (false, vec!["AUTH-REFUSED-LATE"]));
    let late = login(49).wait(31_000_000).refused("E=691 R=0");
    assert_eq!((late.fails_with("AUTH-MFA-TIMEOUT").is_empty(), late.ids(Severity::Note)), (false, vec!["AUTH-MSCHAP-691"]));
    let disabled = login(49).wait(31_000_000).refused("E=647 R=0");
    assert_eq!((disabled.fails_with("AUTH-MSCHAP-647").is_empty(), disabled.ids(Severity::Note)), (false, vec!["AUTH-REFUSED-LATE"]));
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
    let proposed =
        named().eap(Side::Server, eap::Packet::request(2, 26, *b"x")).eap(Side::Client, eap::Packet::response(2, eap::NAK, [eap::MD5]));
    let md5 =
        proposed.eap(Side::Server, eap::Packet::request(3, eap::MD5, *b"x")).eap(Side::Client, eap::Packet::response(3, eap::MD5, *b"y"));
    assert!(failed(md5).fails_with("AUTH-EAP-FAILURE").contains("EAP-MD5"), "a Nak before is no refusal");
    let peap =
        named().eap(Side::Server, eap::Packet::request(2, eap::PEAP, *b"x")).eap(Side::Client, eap::Packet::response(2, eap::NAK, [26]));
    assert!(failed(peap).fails_with("AUTH-EAP-METHOD-MISMATCH").contains("offers PEAP"));
    let unanswered =
        named().eap(Side::Server, eap::Packet::request(2, 13, *b"x")).eap(Side::Client, eap::Packet::response(2, eap::NAK, [26]));
    assert!(unanswered.silence(Layer::Auth, "answer").fails_with("AUTH-EAP-METHOD-MISMATCH").contains("offers EAP-TLS"));
    let rejected = || {
        let story =
            named().eap(Side::Server, eap::Packet::request(2, 13, *b"x")).eap(Side::Client, eap::Packet::response(2, eap::NAK, [26]));
        story.lcp_data(Side::Server, control::PROTOCOL_REJECT, &[0xc2, 0x27])
    };
    let rejected = rejected().down(Layer::Auth, Reason::Refused("LCP Protocol-Reject of EAP".into()));
    assert!(rejected.fails_with("AUTH-EAP-METHOD-MISMATCH").contains("offers EAP-TLS"));
    let judgement = rejected.judged();
    let beneath = judgement.findings.iter().find(|finding| finding.check.id == "LCP-PROTOCOL-REJECT").expect("shown beneath");
    assert_eq!(beneath.because_of, Some("AUTH-EAP-METHOD-MISMATCH"));
    let waited = named()
        .eap(Side::Server, eap::Packet::request(2, eap::MSCHAPV2, *b"challenge"))
        .eap(Side::Client, eap::Packet::response(2, eap::MSCHAPV2, *b"response"))
        .wait(16_000_000)
        .eap(Side::Server, eap::Packet::request(3, eap::MSCHAPV2, [&[4, 1, 0, 13][..], b"E=691 R=0"].concat()))
        .eap(Side::Client, eap::Packet::response(3, eap::MSCHAPV2, [4]));
    assert!(failed(waited).ids(Severity::Note).contains(&"AUTH-REFUSED-LATE"), "the gap lies before the last exchange");
    let mschap = named().eap(Side::Server, eap::Packet::request(2, eap::MSCHAPV2, [&[4, 1, 0, 13][..], b"E=648 R=0"].concat()));
    assert!(mschap.down(Layer::Auth, Reason::Refused("E=648".into())).fails_with("AUTH-MSCHAP-648").contains("EAP-MSCHAPv2"));
}

#[test]
fn eap_md5_alone_is_nothing_for_windows() {
    let asked = || {
        let story = Story::new().tls().sstp_up().lcp_up(AuthMethod::Eap).began(Layer::Auth);
        story.eap(Side::Server, eap::Packet::request(2, eap::MD5, *b"x"))
    };
    let wants = |types: &[u8]| {
        let naked = asked().eap(Side::Client, eap::Packet::response(2, eap::NAK, types));
        naked.eap(Side::Server, eap::Packet::result(3, false)).down(Layer::Auth, Reason::Refused("EAP Failure".into()))
    };
    let all = [eap::MSCHAPV2, eap::PEAP, eap::TLS];
    assert!(wants(&all).fails_with("AUTH-EAP-MD5-ONLY").contains("offers EAP-MD5 and no other method"));
    // Of what the client did not ask for nothing is known.
    for (types, named) in [(&[eap::PEAP][..], "PEAP"), (&[eap::TLS], "EAP-TLS"), (&[eap::MSCHAPV2, eap::PEAP], "EAP-MSCHAPv2, PEAP")] {
        let says = wants(types).fails_with("AUTH-EAP-METHOD-MISMATCH");
        assert!(
            says.contains("offers EAP-MD5") && says.contains(&format!("asked for {named}")) && says.contains("--auth-matrix"),
            "{says}"
        );
    }
    let again = |types: &[u8], last: &str| {
        let looped = (2..6).fold(Story::new().tls().sstp_up().lcp_up(AuthMethod::Eap).began(Layer::Auth), |story, id| {
            let story = story.eap(Side::Server, eap::Packet::request(id, eap::MD5, *b"x"));
            story.eap(Side::Client, eap::Packet::response(id, eap::NAK, types))
        });
        looped.down(Layer::Auth, Reason::Refused("the server asks for EAP-MD5 again".into())).fails_with(last);
    };
    again(&all, "AUTH-EAP-MD5-ONLY");
    again(&[eap::MSCHAPV2], "AUTH-EAP-NAK-LOOP");

    let in_by_md5 = || asked().eap(Side::Client, eap::Packet::response(2, eap::MD5, *b"y")).up(Layer::Auth);
    let told = |stands: [Stand; 7]| {
        Method::ALL.iter().zip(stands).fold(in_by_md5(), |story, ((_, name), stand)| {
            let row = MatrixRow { method: name.to_string(), stand, says: String::new() };
            story.note(Some(Side::Server), Layer::Auth, What::Matrix(Box::new(row)))
        })
    };
    let (no, yes, unknown) = (Stand::Refused, Stand::Accepted, Stand::Unknown);
    assert!(told([no, no, no, no, no, Stand::Offered, no]).fails_with("AUTH-EAP-MD5-ONLY").contains("refuses mschapv2, eap-mschapv2"));
    for stands in [[no, yes, no, no, no, yes, no], [no, no, unknown, no, no, yes, no]] {
        let story = told(stands);
        assert_eq!((story.ids(Severity::Fail), story.ids(Severity::Warn)), (vec![], vec!["AUTH-EAP-MD5-USED"]), "{stands:?}");
    }
    assert_eq!(in_by_md5().ids(Severity::Warn), ["AUTH-EAP-MD5-USED"]);
}

#[test]
fn a_refused_binding_says_what_can_be_told_apart() {
    let aborted = |len, message| {
        let story = Story::new().tls().sstp_up().bound(len).sstp(Side::Server, message);
        story.down(Layer::Binding, Reason::Refused("Call Abort".into()))
    };
    let keyed = aborted(49, Message::status(MessageType::CallAbort, 3, 4));
    assert!(keyed.fails_with("BIND-REFUSED").contains("cannot tell"));
    assert!(!keyed.ids(Severity::Note).contains(&"IPV6CP-REJECTED"));
    let judgement = keyed.judged();
    let beneath: Vec<_> = judgement.findings.iter().filter(|f| f.because_of == Some("BIND-REFUSED")).map(|f| f.check.id).collect();
    assert_eq!(beneath, ["SSTP-ABORT-STATUS", "BIND-CMAC-INVALID", "BIND-RADIUS-NO-MPPE"]);
    let keyless = aborted(16, Message::status(MessageType::CallAbort, 3, 4));
    assert!(keyless.fails_with("BIND-CERTHASH-LB").contains("with CHAP-MD5 the key is 32 zero bytes"));
    assert!(!keyless.ids(Severity::Note).contains(&"BIND-CMAC-INVALID"));
    assert!(aborted(49, Message::bare(MessageType::CallAbort)).fails_with("BIND-REFUSED").contains("no address is left"));
    let late = Story::new().tls().sstp_up().bound(49).up(Layer::Binding).began(Layer::Ncp);
    let late =
        late.sstp(Side::Server, Message::status(MessageType::CallAbort, 3, 4)).down(Layer::Ncp, Reason::Refused("Call Abort".into()));
    late.fails_with("BIND-REFUSED");
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
    assert_eq!(story.ids(Severity::Warn), [""; 0]);
    assert_eq!(story.ids(Severity::Note), ["IPV6CP-REJECTED", "TEAR-ECHO-LOST", "TEAR-NO-CLOSE-NOTIFY"]);
}

#[test]
fn an_echo_without_an_answer_is_a_note_only_where_the_call_ends_well_behind_it() {
    let up = || Story::new().tls().sstp_up().bound(49).ncp_up();
    let once = up().data(Some(700), None);
    assert_eq!((once.ids(Severity::Warn), once.ids(Severity::Note)), (vec!["TEAR-ECHO-LOST"], vec![]), "nobody knows how it ended");
    let left = up().data(Some(700), None).disconnected(How::CloseNotify);
    assert_eq!((left.ids(Severity::Warn), left.ids(Severity::Note)), (vec![], vec!["TEAR-ECHO-LOST"]));
    let twice = up().data(Some(700), None).note(None, Layer::Data, What::Echo { rtt: None }).disconnected(How::CloseNotify);
    assert_eq!(twice.ids(Severity::Warn), ["TEAR-ECHO-LOST"], "a server that was asked again and stayed silent");
}

#[test]
fn tunnels_and_their_ends() {
    let up = || Story::new().tls().sstp_up().bound(49).ncp_up();
    assert_eq!(up().data(None, Some(1)).ids(Severity::Warn), ["DATA-PING-UNANSWERED"]);
    let dropped = up().began(Layer::Data).sstp(Side::Server, Message::status(MessageType::CallDisconnect, 0, 0));
    let dropped = dropped.down(Layer::Data, Reason::Refused("Call Disconnect".into()));
    dropped.fails_with("TEAR-REMOTE");
    up().began(Layer::Data).silence(Layer::Data, "anything").fails_with("DATA-DEAD");
    let ping = |rtt| What::Ping { to: [192, 0, 2, 1].into(), rtt };
    let pinged = up().began(Layer::Data).note(None, Layer::Data, ping(Some(Micros(900)))).silence(Layer::Data, "SSTP Echo Response");
    assert_eq!((pinged.ids(Severity::Fail), pinged.ids(Severity::Warn)), (vec![], vec!["TEAR-ECHO-LOST"]), "a ping was answered");
    let aborted = up().data(Some(1), Some(1)).began(Layer::Teardown).sstp(Side::Server, Message::bare(MessageType::CallAbort));
    let aborted = aborted.down(Layer::Teardown, Reason::Refused("Call Abort".into()));
    assert_eq!((aborted.ids(Severity::Fail), aborted.ids(Severity::Warn)), (vec![], vec!["TEAR-FAILED"]));
    let unanswered = up().data(Some(1), Some(1)).began(Layer::Teardown).silence(Layer::Teardown, "Call Disconnect Ack");
    assert_eq!((unanswered.ids(Severity::Fail), unanswered.ids(Severity::Warn)), (vec![], vec!["TEAR-NO-ACK"]));
}

#[test]
fn a_silence_within_eap_tls_after_tls_1_3_was_agreed_on_names_the_older_version_to_try() {
    let stalled = |kind: u8, version: &str| {
        let named = Story::new().tls().sstp_up().lcp_up(AuthMethod::Eap).eap(Side::Server, eap::Packet::request(2, kind, [0x20]));
        let agreed = Inner::Agreed { version: version.into(), cipher: "TLS_AES_256_GCM_SHA384".into() };
        let story = named.note(None, Layer::Auth, What::Inner(Box::new(agreed)));
        let story = story.eap(Side::Client, eap::Packet::response(2, kind, [0]));
        story.silence(Layer::Auth, "EAP result").fails_with("AUTH-EAP-STALLED")
    };
    let says = stalled(eap::TLS, "TLS 1.3");
    assert!(says.contains("TLS 1.3 was agreed on within EAP") && says.contains("`--eap-tls-version 1.2`"), "{says}");
    for says in [stalled(eap::TLS, "TLS 1.2"), stalled(eap::PEAP, "TLS 1.2")] {
        assert!(!says.contains("--eap-tls-version"), "{says}");
    }
    // SoftEther leaves a hello of TLS 1.3 alone without an answer.
    let silent = |versions: &[u16]| {
        let named = Story::new().tls().sstp_up().lcp_up(AuthMethod::Eap).eap(Side::Server, eap::Packet::request(2, eap::TLS, [0x20]));
        let hello = ClientHello { versions: versions.to_vec(), suites: vec![0x1301, 0xc02f], ..ClientHello::default() }.emit();
        let (first, rest) = hello.split_at(40);
        let story = named.eap(Side::Client, eap::Packet::response(2, eap::TLS, [&[0x40], first].concat()));
        let story = story.eap(Side::Client, eap::Packet::response(3, eap::TLS, [&[0], rest].concat()));
        story.silence(Layer::Auth, "TLS handshake within EAP").fails_with("AUTH-EAP-STALLED")
    };
    for versions in [&[TLS13][..], &[TLS13, TLS12]] {
        let says = silent(versions);
        assert!(says.contains("TLS 1.3 was offered within EAP") && says.contains("`--eap-tls-version 1.2`"), "{says}");
    }
    assert!(!silent(&[TLS12]).contains("--eap-tls-version"));
}

#[test]
fn an_acknowledgement_without_flags_is_noted_where_a_fragment_was_open() {
    let story = |flags: u8, answer: &[u8]| {
        let story = Story::new().tls().sstp_up().lcp_up(AuthMethod::Eap).began(Layer::Auth);
        let story = story.eap(Side::Client, eap::Packet::response(3, eap::TLS, [flags, 0x16]));
        story.eap(Side::Server, eap::Packet::request(4, eap::TLS, answer.to_vec())).ids(Severity::Note)
    };
    assert_eq!(story(0x40, &[]), ["AUTH-EAP-ACK-NO-FLAGS"]);
    assert!(!story(0x40, &[0]).contains(&"AUTH-EAP-ACK-NO-FLAGS"));
    assert!(!story(0, &[]).contains(&"AUTH-EAP-ACK-NO-FLAGS"));
}
