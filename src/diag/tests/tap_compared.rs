//! What the client's own offer shows, and what calls to one server show beside each other.

use super::super::story::{Story, leaf};
use super::super::{Finding, Severity, all, judge_among};
use super::tap_lower::{Row, told};
use crate::base::{Layer, Side};
use crate::transcript::tap::{ClientHello, Proof};
use crate::transcript::{How, Reason, Source, TlsFailure, What};
use crate::wire::control::{self, Opt};
use crate::wire::sstp::{Message, MessageType};
use crate::wire::{ncp, ppp};

#[test]
fn every_story_is_found_by_its_check_and_by_no_louder_one() {
    told(STORIES);
}

const STORIES: &[Row] = &[
    ("TLS-CLIENT-TOO-OLD", || old_client(0x0301)),
    ("IPCP-VJ-REJECT", || {
        let wish = [Opt::new(ncp::IP_COMPRESSION, [0, 0x2d, 15, 1])];
        let story = Story::captured_call().bound(49).proof(Proof::CompoundMac, true);
        let story = story.ncp(Side::Server, ppp::IPCP, control::CONFIGURE_REJECT, &wish).ncp_up().began(Layer::Data).up(Layer::Data);
        let story = story.traffic(Side::Client, 20, 0).traffic(Side::Server, 20, 0).disconnected(How::CloseNotify);
        story.note(Some(Side::Client), Layer::Teardown, What::Closed(How::CloseNotify)).flow(|_| ())
    }),
];

/// A client whose newest version the server refuses.
fn old_client(newest: u16) -> Story {
    let hello = ClientHello { versions: vec![newest], suites: vec![0x002f], ..ClientHello::default() };
    let story = Story::captured().began(Layer::Tls).note(Some(Side::Client), Layer::Tls, What::ClientHello(Box::new(hello)));
    let refused = What::Unsecured { failure: TlsFailure::Alert(70), says: "alert 70".into() };
    let story = story.alert(Side::Server, 70).note(Some(Side::Server), Layer::Tls, refused);
    story.down(Layer::Tls, Reason::Refused("alert 70".into())).flow(|_| ())
}

#[test]
fn a_client_with_current_versions_is_not_too_old() {
    let found = old_client(0x0303).judged().findings;
    assert!(found.iter().all(|finding| finding.check.id != "TLS-CLIENT-TOO-OLD"));
}

/// What is found in the first call beside the others; each began an hour before the one in front of it.
fn found(stories: Vec<Story>) -> Vec<Finding> {
    let number = |(index, mut story): (usize, Story)| {
        story.0.head.began_unix_ms -= i64::try_from(index).expect("few") * 3_600_000;
        story.0.head.source = Source::Capture { connection: u64::try_from(index).expect("few") + 1, first_packet: 1 };
        story.facts()
    };
    let facts: Vec<_> = stories.into_iter().enumerate().map(number).collect();
    judge_among(&facts[0], &facts, all()).findings
}

fn failing(findings: &[Finding]) -> Vec<&'static str> {
    findings.iter().filter(|finding| finding.severity == Severity::Fail).map(|finding| finding.check.id).collect()
}

fn asks_for(host: &str, status: u16) -> Story {
    let request = crate::wire::http::Head::sstp_request(host, "{0}");
    let story = Story::captured_tls().began(Layer::Http).note(Some(Side::Client), Layer::Http, What::Http(request)).answered(status, &[]);
    if status == 200 { story.up(Layer::Http).flow(|_| ()) } else { story.down(Layer::Http, Reason::Refused("no".into())).flow(|_| ()) }
}

#[test]
fn a_name_that_is_refused_where_another_is_accepted_is_the_matter() {
    let one = || asks_for("old.example.test", 404);
    assert_eq!(failing(&found(vec![one(), asks_for("vpn.example.test", 200)])), ["HTTP-HOST-MISMATCH"]);
    assert_eq!(failing(&found(vec![one(), asks_for("old.example.test", 200)])), ["HTTP-404"]);
    assert_eq!(failing(&found(vec![one()])), ["HTTP-404"]);
}

fn shown(der: &[u8], bound: bool) -> Story {
    let story = Story::captured().hellos(0x0304, 0x1301).chain(&[der.to_vec()]).secured(|_| ()).called().ack(3).bound(49);
    if bound {
        return story.ncp_up().began(Layer::Data).up(Layer::Data).flow(|_| ());
    }
    let story = story.sstp(Side::Server, Message::status(MessageType::CallAbort, 3, 4));
    story.down(Layer::Binding, Reason::Refused("Call Abort".into())).flow(|_| ())
}

#[test]
fn a_certificate_that_was_renewed_between_two_calls_is_named_where_the_binding_fails() {
    let (old, new) = (leaf("gw.example.test", 300, 5), leaf("gw.example.test", 1, 300));
    assert_eq!(failing(&found(vec![shown(&new, false), shown(&old, true)])), ["BIND-OFFLOAD-RENEWED"]);
    assert_ne!(failing(&found(vec![shown(&new, false), shown(&new, true)])), ["BIND-OFFLOAD-RENEWED"]);
    assert_ne!(failing(&found(vec![shown(&new, false), shown(&old, false)])), ["BIND-OFFLOAD-RENEWED"]);
}
