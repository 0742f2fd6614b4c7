//! What only several calls together show.

use super::super::story::Story;
use super::super::{Finding, Severity, all, judge_among};
use crate::base::{Layer, Side};
use crate::transcript::{Facts, How, Source};
use crate::wire::sstp::MessageType;

/// The facts of calls that began so many seconds after each other.
fn facts_of(stories: &[(i64, Story)]) -> Vec<Facts> {
    let number = |(index, (later, story)): (usize, &(i64, Story))| {
        let mut story = story.clone();
        story.0.head.began_unix_ms += later * 1000;
        story.0.head.source = Source::Capture { connection: u64::try_from(index).expect("few") + 1, first_packet: 1 };
        story.facts()
    };
    stories.iter().enumerate().map(number).collect()
}

/// What is found in the first call beside the others.
fn found(stories: &[(i64, Story)]) -> Vec<Finding> {
    let facts = facts_of(stories);
    judge_among(&facts[0], &facts, all()).findings
}

#[track_caller]
fn has(stories: &[(i64, Story)], id: &str) -> Option<Finding> {
    found(stories).into_iter().find(|finding| finding.check.id == id)
}

fn kicked() -> Story {
    let story = Story::captured_tunnel().wait(100_000_000).leaves(Side::Server, MessageType::CallDisconnect);
    story.hung_up(Side::Server, How::Fin).flow(|_| ())
}

/// A tunnel that the server resets at that age.
fn reset_at(seconds: u64) -> Story {
    Story::captured_tunnel().wait(seconds * 1_000_000).closed(Layer::Data, How::Reset).flow(|_| ())
}

#[test]
fn a_second_login_throws_out_the_first() {
    let newer = Story::captured_tunnel().flow(|_| ());
    let together = [(0, kicked()), (100, newer.clone())];
    let finding = has(&together, "TEAR-DUPLICATE-SESSION").expect("it is found");
    assert!(finding.cause && finding.evidence.says.contains("as alice logged in again"), "{}", finding.evidence.says);
    let fails: Vec<_> = found(&together).into_iter().filter(|finding| finding.severity == Severity::Fail).map(|it| it.check.id).collect();
    assert_eq!(fails, ["TEAR-DUPLICATE-SESSION"]);
    // Half a minute apart it is another matter, and so it is alone.
    assert!(has(&[(0, kicked()), (60, newer)], "TEAR-DUPLICATE-SESSION").is_none());
    assert!(has(&[(0, kicked())], "TEAR-DUPLICATE-SESSION").is_none());
}

#[test]
fn calls_of_the_same_age_have_a_lifetime_limit() {
    let calls = [(0, reset_at(3600)), (500, reset_at(3610)), (900, reset_at(3590))];
    assert!(has(&calls, "TEAR-LIFETIME-CAP").expect("it is found").evidence.says.contains("as 2 others within 2 %"));
    assert!(has(&[(0, reset_at(3600)), (500, reset_at(2000)), (900, reset_at(3590))], "TEAR-LIFETIME-CAP").is_none());
}

#[test]
fn calls_that_end_in_one_moment_have_one_cause() {
    let calls = [(0, reset_at(3600)), (600, reset_at(3000)), (3000, reset_at(600))];
    assert!(has(&calls, "TEAR-LB-FAILOVER").expect("it is found").evidence.says.contains("2 other calls"));
    assert!(has(&calls, "TEAR-LIFETIME-CAP").is_none());
    assert!(has(&[(0, reset_at(3600)), (600, reset_at(3000)), (3000, reset_at(700))], "TEAR-LB-FAILOVER").is_none());
}

#[test]
fn calls_that_freeze_at_the_same_volume() {
    let frozen = |bytes: u64| {
        let story = Story::captured_tunnel().wait(40_000_000).unseen(Layer::Data).in_vain(Side::Client, 59, 25_000_000);
        let Some(crate::transcript::What::Flow(mut flow)) = story.0.events.last().map(|event| event.what.clone()) else {
            panic!("a flow is last")
        };
        flow.from_server.bytes = bytes;
        story.note(None, Layer::Tcp, crate::transcript::What::Flow(flow))
    };
    let calls = [(0, frozen(16_000)), (500, frozen(17_000)), (900, frozen(15_000))];
    assert!(has(&calls, "DATA-BYTE-CAP").expect("it is found").evidence.says.contains("after 16000 bytes"));
    assert!(has(&[(0, frozen(16_000)), (500, frozen(90_000)), (900, frozen(15_000))], "DATA-BYTE-CAP").is_none());
}

#[test]
fn a_user_who_comes_back_from_elsewhere_has_changed_the_network() {
    let gone = Story::captured_tunnel().wait(40_000_000).unseen(Layer::Data).in_vain(Side::Client, 59, 25_000_000);
    let back = |address: &'static str| Story::captured_tunnel().flow(move |flow| flow.client = address.parse().expect("an address"));
    let note = has(&[(0, gone.clone()), (30, back("203.0.113.80:40000"))], "TEAR-ROAM").expect("it is found");
    assert!(note.evidence.says.contains("alice was at 198.51.100.7:50000, and dialled again from 203.0.113.80:40000"));
    assert!(has(&[(0, gone), (30, back("198.51.100.7:40000"))], "TEAR-ROAM").is_none());
}
