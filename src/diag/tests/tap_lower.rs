//! What only a tap can see, as stories: the capture, TCP, the hellos, and clients that give up.

use super::super::by_id;
use super::super::story::{Story, leaf};
use super::super::{Severity, check::Need};
use crate::base::{Layer, Micros, Side};
use crate::crypto::chain::Rule;
use crate::transcript::tap::{Answer, End, Icmp, IcmpSays, Opening};
use crate::transcript::{CLIENT, How, Opaqueness, What};
use crate::wire::http;

/// Id and story.
pub(super) type Row = (&'static str, fn() -> Story);

#[test]
fn every_story_is_found_by_its_check_and_by_no_louder_one() {
    told(STORIES);
}

/// A failing check is the one cause; a warning stands alone; a note has nothing above it.
#[track_caller]
pub(super) fn told(stories: &[Row]) {
    for (id, story) in stories {
        let check = by_id(id).unwrap_or_else(|| panic!("{id} is no check"));
        assert_eq!(check.needs, Need::Tap, "{id}");
        let (story, found) = (story(), |story: &Story| story.judged().findings.iter().any(|finding| finding.check.id == *id));
        assert!(found(&story), "{id} is not found: {:?}", shown(&story));
        let (fails, warns) = (story.ids(Severity::Fail), story.ids(Severity::Warn));
        match check.severity {
            Severity::Fail => assert_eq!((fails, warns), (vec![*id], vec![]), "{:?}", shown(&story)),
            Severity::Warn => assert_eq!((fails, warns), (vec![], vec![*id]), "{:?}", shown(&story)),
            Severity::Note => assert_eq!((fails, warns), (vec![], vec![]), "{id}: {:?}", shown(&story)),
        }
        let events = story.0.events.len();
        for finding in story.judged().findings {
            assert!(!finding.evidence.events.is_empty() && finding.evidence.events.iter().all(|event| *event < events), "{id}");
            assert!(!finding.evidence.says.is_empty(), "{id}");
        }
    }
}

pub(super) fn shown(story: &Story) -> Vec<(&'static str, String)> {
    story.judged().findings.into_iter().map(|finding| (finding.check.id, finding.evidence.says)).collect()
}

const STORIES: &[Row] = &[
    ("CAP-ONE-DIRECTION", || Story::captured().flow(|flow| (flow.from_server.segments, flow.from_server.bytes) = (0, 0))),
    ("CAP-GAPS", || Story::captured_clean().flow(|flow| (flow.from_server.gaps, flow.from_server.gap_bytes) = (2, 2920))),
    ("CAP-CUT", || Story::captured_clean().flow(|flow| flow.from_server.cut_bytes = 9000)),
    ("CAP-MIDSTREAM", || Story::captured().unseen(Layer::Tls).flow(|flow| flow.opening = Opening::Midstream)),
    ("CAP-NO-KEY", || closed_flow(Opaqueness::NoKey)),
    ("CAP-WRONG-KEY", || closed_flow(Opaqueness::WrongKey)),
    ("CAP-UNSUPPORTED", || closed_flow(Opaqueness::Unsupported)),
    ("CAP-NOT-SSTP", || {
        let request = http::Head { start: "POST /upload HTTP/1.1".into(), status: None, minor: 1, headers: Vec::new() };
        let story = Story::captured_tls().began(Layer::Http).note(Some(Side::Client), Layer::Http, What::Http(request));
        story
            .note(Some(Side::Server), Layer::Http, What::Http(http::Head::response(404, "Not Found", &[])))
            .unseen(Layer::Http)
            .flow(|_| ())
    }),
    ("CAP-NOT-DECIDABLE", || Story::captured_tunnel().unseen(Layer::Data).flow(|_| ())),
    ("TCP-RST-INJECTED", || Story::captured_tunnel().closed(Layer::Data, How::Reset).reset(Side::Server, 249, |_| ())),
    ("TCP-PATH-LOST", || Story::captured_tunnel().wait(40_000_000).unseen(Layer::Data).in_vain(Side::Client, 59, 25_000_000)),
    ("TCP-PMTU-MIDSESSION", || Story::captured_tunnel().wait(40_000_000).left(Layer::Data).in_vain(Side::Client, 1400, 500_000)),
    ("TCP-OVERLAP-CONFLICT", || Story::captured_clean().flow(|flow| flow.from_server.conflicts = 1)),
    ("TCP-ICMP-MIDSESSION", || Story::captured_clean().flow(|flow| flow.icmp.push(icmp(IcmpSays::Unreachable { code: 13 })))),
    ("TCP-ICMP-TOO-BIG", || Story::captured_clean().flow(|flow| flow.icmp.push(icmp(IcmpSays::TooBig { mtu: 1400 })))),
    ("TCP-RETRANSMISSION-STORM", || {
        Story::captured_clean().flow(|flow| (flow.from_server.segments, flow.from_server.retransmissions) = (900, 60))
    }),
    ("TCP-ZERO-WINDOW-CLIENT", || Story::captured_clean().flow(|flow| flow.from_client.zero_window_time = Micros(4_000_000))),
    ("TCP-ZERO-WINDOW-SERVER", || Story::captured_clean().flow(|flow| flow.from_server.zero_window_time = Micros(4_000_000))),
    ("TCP-SYN-LATE", || Story::captured_clean().flow(|flow| flow.from_client.syn_retransmissions = 2)),
    ("TCP-RTT-HIGH", || Story::captured_clean().flow(|flow| flow.syn_rtt = Some(Micros(620_000)))),
    ("TCP-CLIENT-LEFT", || {
        let mut story = Story::new();
        story.0.head.source = Story::captured().0.head.source;
        story.began(Layer::Tcp).left(Layer::Tcp)
    }),
    ("PROXY-PASSWORD-CLEAR", || through_proxy(true, false).flow(|_| ())),
    ("VIS-CLEARTEXT-TELL", || through_proxy(false, true).flow(|_| ())),
    ("PROXY-CLIENT-LEFT", || Story::captured().connect(false, false).left(Layer::Proxy)),
    ("VIS-SIZE-SIGNATURE", || closed_flow(Opaqueness::NoKey).inferred(Answer::Yes, Some(Layer::Auth))),
    ("VIS-CERT-TELL", || {
        let story = Story::captured().hellos(0x0303, 0xc02f).chain(&[leaf("gw.example.test", 100, 300)]).secured(|_| ());
        story.opaque(Opaqueness::NoKey).unseen(Layer::Http).flow(|_| ())
    }),
    ("VIS-NO-TLS", || Story::captured().requested().unseen(Layer::Http).flow(|_| ())),
    ("TLS-OLD-VERSION", || agreed(0x0302, 0xc013)),
    ("TLS-WEAK-CIPHER", || agreed(0x0303, 0xc012)),
    ("TLS-NO-FORWARD-SECRECY", || agreed(0x0303, 0x009d)),
    ("TLS-CLIENT-ALERT", || Story::captured().hellos(0x0301, 0xc013).alert(Side::Client, 70).left(Layer::Tls).flow(|_| ())),
    ("TLS-CLIENT-LEFT", || shown_certificate(leaf("other.example.test", 10, 300)).left(Layer::Tls).flow(|_| ())),
    ("CERT-CLIENT-SAYS-EXPIRED", || {
        shown_certificate(leaf("gw.example.test", 400, -30)).alert(Side::Client, 45).left(Layer::Tls).flow(|_| ())
    }),
    ("CERT-CLIENT-SAYS-UNKNOWN-CA", || {
        shown_certificate(leaf("gw.example.test", 10, 300)).alert(Side::Client, 48).left(Layer::Tls).flow(|_| ())
    }),
    ("CERT-CLIENT-SAYS-BAD", || {
        shown_certificate(leaf("other.example.test", 10, 300)).alert(Side::Client, 42).left(Layer::Tls).flow(|_| ())
    }),
    ("CERT-CLIENT-TRUSTS-MORE", || {
        let shown = shown_certificate(leaf("vpn.example.test", 10, 300)).secured(|_| ());
        shown.trust(CLIENT, &[]).trust("system", &[Rule::SelfSigned]).http().unseen(Layer::Sstp)
    }),
    ("CERT-NAME-NOT-CHECKED", || shown_certificate(leaf("other.example.test", 10, 300)).secured(|_| ()).http().unseen(Layer::Sstp)),
    ("HTTP-CLIENT-LEFT", || Story::captured_tls().began(Layer::Http).left(Layer::Http).flow(|_| ())),
    ("SSTP-CLIENT-LEFT", || Story::captured_tls().called().left(Layer::Sstp).flow(|_| ())),
    ("LCP-CLIENT-LEFT", || Story::captured_call().began(Layer::Lcp).left(Layer::Lcp).flow(|_| ())),
    ("AUTH-CLIENT-LEFT", || {
        Story::captured_call().lcp_up(crate::wire::ncp::AuthMethod::MsChapV2).responded(49).left(Layer::Auth).flow(|_| ())
    }),
    ("BIND-CLIENT-LEFT", || Story::captured_call().bound(49).left(Layer::Binding).flow(|_| ())),
    ("IPCP-CLIENT-LEFT", || {
        let story = Story::captured_call().bound(49).up(Layer::Binding).began(Layer::Ncp);
        let offers = [crate::wire::control::Opt::new(crate::wire::ncp::IP_ADDRESS, [192, 0, 2, 10])];
        let story = story.ncp(Side::Server, crate::wire::ppp::IPCP, crate::wire::control::CONFIGURE_NAK, &offers);
        story.left(Layer::Ncp).flow(|_| ())
    }),
];

#[test]
fn a_clean_captured_call_draws_nothing_above_a_note_and_says_who_left() {
    let story = Story::captured_clean();
    let told = shown(&story);
    let ids: Vec<&str> = told.iter().map(|row| row.0).collect();
    assert_eq!(ids, ["TEAR-WHO-LEFT"], "{told:?}");
    assert!(told[0].1.starts_with("Call Disconnect from the client"), "{told:?}");
    assert!(story.facts().stop.is_none());
}

/// A capture that ends early is no failure, on whatever layer.
#[test]
fn what_is_not_seen_does_not_fail() {
    let stories = [
        (Story::captured().began(Layer::Tls).unseen(Layer::Tls), Layer::Tls),
        (Story::captured_tls().requested().unseen(Layer::Http), Layer::Http),
        (Story::captured_tls().called().unseen(Layer::Sstp), Layer::Sstp),
        (Story::captured_call().began(Layer::Lcp).unseen(Layer::Lcp), Layer::Lcp),
        (Story::captured_call().lcp_up(crate::wire::ncp::AuthMethod::MsChapV2).responded(49).unseen(Layer::Auth), Layer::Auth),
        (Story::captured_call().bound(49).unseen(Layer::Binding), Layer::Binding),
        (Story::captured_call().bound(49).up(Layer::Binding).began(Layer::Ncp).unseen(Layer::Ncp), Layer::Ncp),
        (Story::captured_tunnel().unseen(Layer::Data), Layer::Data),
        (Story::captured_tunnel().began(Layer::Teardown).unseen(Layer::Teardown), Layer::Teardown),
    ];
    for (story, layer) in stories {
        let story = story.flow(|_| ());
        assert_eq!(story.ids(Severity::Fail), [""; 0], "{layer}");
        assert_eq!(story.ids(Severity::Warn), [""; 0], "{layer}");
        let says = shown(&story).into_iter().find(|row| row.0 == "CAP-NOT-DECIDABLE").expect("it says so").1;
        assert!(says.contains(layer.title()), "{says}");
    }
}

/// A client that leaves because nobody answers was not what failed.
#[test]
fn a_client_that_waited_in_vain_says_that_the_server_is_silent() {
    let waited = |story: Story, layer: Layer| story.wait(20_000_000).left(layer).flow(|_| ());
    waited(Story::captured_tls().requested(), Layer::Http).fails_with("HTTP-NO-RESPONSE");
    waited(Story::captured_tls().called(), Layer::Sstp).fails_with("SSTP-NO-ACK");
    let logged_in = Story::captured_call().lcp_up(crate::wire::ncp::AuthMethod::MsChapV2).responded(49);
    waited(logged_in, Layer::Auth).fails_with("AUTH-RADIUS-TIMEOUT");
    let hello = Story::captured().began(Layer::Tls).note(Some(Side::Client), Layer::Tls, What::ClientHello(Box::default()));
    let silent = hello.wait(20_000_000).left(Layer::Tls).flow(|flow| flow.from_server.bytes = 0);
    silent.fails_with("TCP-ACCEPT-NO-DATA");
}

#[test]
fn the_servers_side_of_a_failed_handshake_is_read_from_what_was_seen() {
    let hello = || Story::captured().began(Layer::Tls).note(Some(Side::Client), Layer::Tls, What::ClientHello(Box::default()));
    let nothing = |flow: &mut crate::transcript::tap::Flow| flow.from_server.bytes = 0;
    hello().alert(Side::Server, 70).closed(Layer::Tls, How::Fin).flow(|_| ()).fails_with("TLS-SERVER-TOO-OLD");
    hello().alert(Side::Server, 40).closed(Layer::Tls, How::Fin).flow(|_| ()).fails_with("TLS-NO-COMMON-CIPHER");
    hello().closed(Layer::Tls, How::Reset).flow(nothing).fails_with("TLS-RESET-IN-HANDSHAKE");
    let cut = Story::captured().hellos(0x0303, 0xc02f).wait(9_000_000).left(Layer::Tls).in_vain(Side::Server, 1400, 100_000);
    assert!(cut.fails_with("TCP-PMTU-BLACKHOLE").contains("1400 bytes 6 more times"));
}

/// With roots at hand the certificate itself is the cause, and the client's alert its consequence.
#[test]
fn a_judged_certificate_explains_the_clients_alert() {
    let story = shown_certificate(leaf("gw.example.test", 400, -30)).trust("system", &[crate::crypto::chain::Rule::Expired]);
    let story = story.alert(Side::Client, 45).left(Layer::Tls).flow(|_| ());
    story.fails_with("CERT-EXPIRED");
    let judgement = story.judged();
    let alert = judgement.findings.iter().find(|finding| finding.check.id == "CERT-CLIENT-SAYS-EXPIRED").expect("it is shown");
    assert_eq!(alert.because_of, Some("CERT-EXPIRED"));
}

/// sstpc writes the port behind the name, in SNI and in Host.
#[test]
fn a_port_behind_the_name_is_no_other_name() {
    let hello = |sni: &str| crate::transcript::tap::ClientHello { sni: Some(sni.into()), ..Default::default() };
    let asked = |sni: &'static str| {
        let story = Story::captured().began(Layer::Tls).note(Some(Side::Client), Layer::Tls, What::ClientHello(Box::new(hello(sni))));
        story.chain(&[leaf("gw.example.test", 10, 300)]).secured(|_| ()).requested().unseen(Layer::Http).flow(|_| ())
    };
    assert_eq!(asked("vpn.example.test:443").ids(Severity::Warn), [""; 0]);
    assert_eq!(asked("vpn.example.com:443").ids(Severity::Warn), ["CERT-NAME-NOT-CHECKED"]);
}

#[test]
fn a_web_page_in_answer_to_a_hello_is_a_web_server() {
    let answered = |says: &str| {
        let what = What::Unsecured { failure: crate::transcript::TlsFailure::NotTls, says: format!("the server began with {says:?}") };
        let story = Story::captured().began(Layer::Tls).note(Some(Side::Server), Layer::Tls, what);
        story.down(Layer::Tls, crate::transcript::Reason::Violated("no TLS".into())).flow(|_| ())
    };
    answered("<!DOCTYPE HTML>\n<html>").fails_with("TLS-PLAINTEXT-PORT");
    answered("SSH-2.0-OpenSSH_9.6").fails_with("TLS-NOT-TLS");
}

#[test]
fn a_reset_in_good_order_is_not_forged() {
    // The client's close is answered by a reset from a balancer with another TTL: nobody was cut off.
    let story = Story::captured_clean().reset(Side::Server, 249, |_| ());
    assert_eq!(story.ids(Severity::Fail), [""; 0]);
    let sibling = Story::captured_tunnel().closed(Layer::Data, How::Reset).reset(Side::Server, 54, |_| ());
    assert!(!shown(&sibling).iter().any(|row| row.0 == "TCP-RST-INJECTED"));
    let goes_on = Story::captured_tunnel().wait(1_000_000).closed(Layer::Data, How::Reset);
    let later = goes_on.now() + Micros(5_000_000).duration();
    let goes_on = goes_on.reset(Side::Server, 54, |flow| flow.from_server.last_data = Some(later));
    assert!(goes_on.fails_with("TCP-RST-INJECTED").contains("went on sending data"));
}

/// A forged reset that both ends survive is no failure of the call, whatever reset comes behind the FIN.
#[test]
fn a_forged_reset_that_cut_nothing_warns() {
    let end = |at: u64, reset, followed| End {
        at: Micros(at),
        by: Side::Server,
        reset,
        ttl: 249,
        ip_id: 0,
        window: 0,
        in_sequence: true,
        followed,
    };
    let ends = |followed| [end(1_000, true, followed), end(9_000_000, false, false), end(9_000_100, true, false)];
    let call = |followed| Story::captured_clean().flow(|flow| flow.ends = ends(followed).to_vec());
    assert_eq!(call(true).ids(Severity::Warn), ["TCP-RST-INJECTED"]);
    assert_eq!(call(true).ids(Severity::Fail), [""; 0]);
    assert_eq!(call(false).ids(Severity::Fail), ["TCP-RST-INJECTED"]);
}

fn icmp(says: IcmpSays) -> Icmp {
    Icmp { at: Micros(1_000_000), from: "203.0.113.1".parse().expect("an address"), about: Side::Server, says }
}

/// TLS that cannot be opened, up to the end of the capture.
fn closed_flow(because: Opaqueness) -> Story {
    Story::captured().hellos(0x0304, 0x1301).secured(|_| ()).opaque(because).unseen(Layer::Http).flow(|_| ())
}

fn through_proxy(with_credentials: bool, says_sstp: bool) -> Story {
    let reply = http::Head::response(200, "Connection established", &[]);
    let story = Story::captured().connect(with_credentials, says_sstp).note(None, Layer::Proxy, What::ProxyReply(reply)).up(Layer::Proxy);
    story.hellos(0x0304, 0x1301).secured(|_| ()).requested().unseen(Layer::Http)
}

/// A call whose hellos agreed on that, as far as the capture goes.
fn agreed(version: u16, suite: u16) -> Story {
    Story::captured().hellos(version, suite).secured(|_| ()).requested().unseen(Layer::Http).flow(|_| ())
}

fn shown_certificate(der: Vec<u8>) -> Story {
    Story::captured().hellos(0x0303, 0xc02f).chain(&[der])
}
