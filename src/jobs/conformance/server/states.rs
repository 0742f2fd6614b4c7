//! Every message in every state. MS-SSTP 3.3.1, 3.3.5.2.

use super::{ABORT_5, ABORT_7, ACKED, ENDED};
use crate::base::Layer::{self, Auth, Binding, Lcp, Ncp, Sstp};
use crate::base::{Side, SpecRef};
use crate::jobs::conformance::case::{Base, Case, Level};
use crate::jobs::conformance::expect::Expect;
use crate::jobs::conformance::turns::{ignored, spoken};
use std::time::Duration;

/// A state, the layer that our end climbs to for it, the message that ours puts another in place of, and how it is said.
const STATES: [(&str, Layer, &str, &str); 6] = [
    ("before-the-request", Sstp, "sstp.call-connect-request", "before Call Connect Request"),
    ("connected-pending", Sstp, "sstp.call-disconnect", "right after Call Connect Ack"),
    ("lcp-open", Lcp, "sstp.call-disconnect", "when LCP is open"),
    ("logged-in", Auth, "sstp.call-disconnect", "after the login, before Call Connected"),
    ("connected", Binding, "sstp.call-disconnect", "when the call is connected"),
    ("network-up", Ncp, "sstp.call-disconnect", "when IPCP is open"),
];

/// A message by name, its bytes, what the specification wants in the request state, before and after Connected, and what the cases
/// there cover.
type Message = (&'static str, &'static str, Want, Want, Want, [&'static str; 3]);

#[derive(Clone, Copy)]
struct Want(Expect, &'static str, &'static str);

const WRONG: Want = Want(ABORT_5, "is answered by Abort, status 5 or 7", "sstp.mutant-ignores");
const UNKNOWN: Want = Want(ABORT_7, "is answered by Abort, status 7", "sstp.mutant-ignores");
const TAKEN: Want = Want(ACKED, "is acknowledged", "sstp.mutant-no-ack");
const LEFT: Want = Want(Expect::Sends("sstp.call-disconnect-ack"), "is acknowledged", "teardown.no-ack");
const ABORTED: Want = Want(Expect::Sends("sstp.call-abort"), "is answered by Abort", "sstp.mutant-no-abort");
const ECHOED: Want = Want(Expect::Sends("sstp.echo-response"), "is answered", "teardown.echo-lost");
/// The LCP Echo-Request behind it shows that the call lives: every server must answer that one.
const HARMLESS: Want =
    Want(Expect::All(&[super::ALIVE, Expect::Never("sstp.echo-response")]), "does no harm", "data.mutant-unasked-echo-ends");
/// A server may keep an early Call Connected until the login is through (MS-SSTP 3.3.7.1); the Echo Request behind it shows
/// that it has not taken it.
const KEPT: Want = Want(
    Expect::All(&[Expect::Sends("sstp.call-abort"), Expect::Never("sstp.echo-response")]),
    "is not taken: it, or the Echo Request behind it, is answered by Abort",
    "sstp.mutant-ignores",
);

const MESSAGES: [Message; 12] = [
    ("call-connect-request", "1001000e00010001000100060001", TAKEN, WRONG, WRONG, ["S-084", "S-114", "S-115"]),
    (
        "call-connect-ack",
        "1001003000020001000400280000000300000000000000000000000000000000000000000000000000000000000000aa",
        WRONG,
        WRONG,
        WRONG,
        ["S-121"; 3],
    ),
    ("call-connect-nak", "100100160003000100 02000e00000001000000040002", WRONG, WRONG, WRONG, ["S-122"; 3]),
    (
        "call-connected",
        CONNECTED,
        WRONG,
        Want(Expect::Sends("sstp.call-abort"), "is answered by Abort", "sstp.mutant-ignores"),
        WRONG,
        ["S-116", "S-139", "S-148"],
    ),
    ("call-abort", "10010014000500010002000c0000000200000005", ABORTED, ABORTED, ABORTED, ["S-274", "S-275", "S-276"]),
    ("call-disconnect", "10010014000600010002000c0000000000000000", LEFT, LEFT, LEFT, ["S-269", "S-270", "S-271"]),
    ("call-disconnect-ack", "1001000800070000", WRONG, WRONG, WRONG, ["S-120"; 3]),
    ("echo-request", "1001000800080000", WRONG, WRONG, ECHOED, ["S-117", "S-118", "S-162"]),
    ("echo-response", "1001000800090000", WRONG, WRONG, HARMLESS, ["S-119", "S-119", "S-165"]),
    ("type-0", "1001000800000000", UNKNOWN, UNKNOWN, UNKNOWN, ["S-072"; 3]),
    ("type-10", "10010008000a0000", UNKNOWN, UNKNOWN, UNKNOWN, ["S-073"; 3]),
    ("type-65535", "10010008ffff0000", UNKNOWN, UNKNOWN, UNKNOWN, ["S-074"; 3]),
];

/// A Call Connected of the right length with a binding of zeros.
const CONNECTED: &str = concat!(
    "10010070000400010003006800000002",
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0000000000000000000000000000000000000000000000000000000000000000"
);

pub(super) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for (place, state) in STATES.iter().enumerate() {
        for message in &MESSAGES {
            let (name, bytes, request, pending, connected, covers) = *message;
            let want = match place {
                1 | 2 if name == "call-connected" => KEPT,
                0 => request,
                1..=3 => pending,
                _ => connected,
            };
            let behind = match want.1 {
                says if says == HARMLESS.1 => "10000010ff03c0210921000800000000",
                says if says == KEPT.1 => "1001000800080000",
                _ => "",
            };
            let [first, before, after] = covers;
            let covers = match place {
                0 => first,
                1..=3 => before,
                _ => after,
            };
            cases.push(in_turn(state, name, &format!("{bytes}{behind}"), want, covers));
        }
    }
    cases.extend(MESSAGES.iter().flat_map(|message| ENDINGS.iter().filter_map(|ending| after_the_end(ending, message))));
    cases.extend(MESSAGES.iter().filter_map(while_leaving));
    cases
}

fn in_turn(
    (state, until, instead_of, when): &(&str, Layer, &str, &str),
    name: &str,
    bytes: &str,
    want: Want,
    covers: &'static str,
) -> Case {
    let mut base = Base { expect: want.0, ..Base::new(Side::Server, *until) };
    base.otherwise = want.1.contains("Abort").then_some(ENDED);
    Case {
        id: format!("sstp/3.3.5.2/{name}-{state}").into(),
        title: format!("{} {when} {}", spoken(name), want.1).into(),
        why: "Both ends must mean the same state.".into(),
        spec: SpecRef::sstp("3.3.5.2"),
        level: if wrong_way(name) { Level::Derived } else { Level::Must },
        covers: vec![covers],
        edits: vec![format!("{instead_of}#1 instead {bytes}").into()],
        proved_by: want.2,
        base,
    }
}

/// A call that is over but for its timers: what ends it, what the server says to that, and the mutant that says it twice.
type Ending = (&'static str, &'static str, &'static str, &'static str, &'static str, &'static str, &'static str);

const ENDINGS: [Ending; 3] = [
    (
        "abort-timeout-pending",
        "sstp.call-disconnect",
        "1001000800050000",
        "sstp.call-abort",
        "sstp.mutant-two-aborts",
        "after our Abort",
        "S-283",
    ),
    (
        "disconnect-timeout-pending",
        "sstp.call-disconnect",
        "1001000800060000",
        "sstp.call-disconnect-ack",
        "teardown.mutant-two-acks",
        "after our Disconnect",
        "",
    ),
    (
        "abort-pending",
        "sstp.call-connect-request",
        "1001000800080000",
        "sstp.call-abort",
        "sstp.mutant-two-aborts",
        "while its Abort is unanswered",
        "S-282",
    ),
];

/// Whatever comes when the call is over is ignored.
fn after_the_end(ending: &Ending, message: &Message) -> Option<Case> {
    let (state, instead_of, end, answer, mutant, when, covers) = *ending;
    let (name, bytes, ..) = *message;
    if state == "abort-pending" && name == "call-abort" {
        return None;
    }
    let expect = ignored(answer, wrong_way(name));
    // After a Disconnect the specification speaks of these two messages; the others are ignored with them.
    let covers = match (covers, name) {
        ("", "call-disconnect") => vec!["S-284"],
        ("", "call-abort") => vec!["S-285"],
        ("", _) => vec!["S-284", "S-285"],
        _ => vec![covers],
    };
    let mutant = if answer == "sstp.call-abort" && wrong_way(name) { "sstp.mutant-no-abort" } else { mutant };
    Some(Case {
        id: format!("teardown/3.1.1.1/{name}-{state}").into(),
        title: format!("{} {when} is ignored", spoken(name)).into(),
        why: "It may have been on its way.".into(),
        spec: SpecRef::sstp(if answer == "sstp.call-abort" { "3.1.1.1" } else { "3.1.1.2" }),
        level: Level::Must,
        covers,
        edits: vec![format!("{instead_of}#1 instead {end}{bytes}").into(), "sstp.call-abort#* drop".into()],
        proved_by: mutant,
        base: Base { expect, ..Base::new(Side::Server, Sstp) },
    })
}

/// In Call Disconnect Ack Pending only Disconnect, its Ack, Abort and, in a row of its own, Echo Request are looked at otherwise.
fn while_leaving((name, bytes, ..): &Message) -> Option<Case> {
    if matches!(*name, "call-abort" | "call-disconnect" | "call-disconnect-ack" | "echo-request") {
        return None;
    }
    Some(Case {
        id: format!("teardown/3.1.1.2/{name}-disconnect-ack-pending").into(),
        title: format!("{} while the server waits for Disconnect Ack is ignored", spoken(name)).into(),
        why: "It may have been on its way.".into(),
        spec: SpecRef::sstp("3.1.1.2"),
        level: if wrong_way(name) { Level::Derived } else { Level::Must },
        covers: vec!["S-288"],
        edits: vec![super::teardown::TERMINATE.into(), format!("sstp.call-disconnect-ack#1 instead {bytes}").into()],
        proved_by: "teardown.mutant-two-disconnects",
        base: Base {
            expect: if wrong_way(name) { IGNORED_LEAVING_OR_ABORTED } else { IGNORED_LEAVING },
            only_if: Some(super::teardown::DISCONNECTS),
            within: Duration::from_secs(3),
            ..Base::new(Side::Server, Lcp)
        },
    })
}

const IGNORED_LEAVING: Expect = Expect::All(&[Expect::Count("sstp.call-disconnect", 1), Expect::Never("sstp.call-abort")]);
const IGNORED_LEAVING_OR_ABORTED: Expect = Expect::Count("sstp.call-disconnect", 1);

/// Only servers send it. The specification has no rule for a server that gets it: in a call that is over ignoring it is as
/// good as Abort.
fn wrong_way(name: &str) -> bool {
    matches!(name, "call-connect-ack" | "call-connect-nak")
}
