//! Every message to a client in every state. MS-SSTP 3.2.1, 3.2.5.3.

use super::{ABORT, ABORT_5, ABORT_7, ENDED, GOES_ON};
use crate::base::Layer::{self, Auth, Binding, Data, Lcp, Ncp, Sstp};
use crate::base::{Side, SpecRef};
use crate::jobs::conformance::case::{Base, Case, Level};
use crate::jobs::conformance::expect::Expect;
use crate::jobs::conformance::turns::{ignored, spoken};
use crate::proto::plan::Method;
use std::time::Duration;

/// A state, the layer our end climbs to for it, the message of ours that another is put in place of, how it is said, and which
/// column of [`MESSAGES`] counts.
const STATES: [(&str, Layer, &str, &str, usize); 6] = [
    ("request-sent", Lcp, "sstp.call-connect-ack", "in place of Call Connect Ack", 0),
    ("ack-received", Sstp, "sstp.call-disconnect", "right behind Call Connect Ack", 1),
    ("lcp-open", Lcp, "sstp.call-disconnect", "when LCP is open", 1),
    ("proving", Auth, "chap.success", "in place of the Success of the login", 1),
    ("connected", Binding, "sstp.call-disconnect", "when the call is connected", 2),
    ("network-up", Ncp, "sstp.call-disconnect", "when IPCP is open", 2),
];

#[derive(Clone, Copy)]
struct Want(Expect, &'static str, &'static str);

/// Name, bytes, what is wanted before the Ack, before and after Connected, and what the cases there cover.
type Message = (&'static str, &'static str, [Want; 3], [&'static str; 3]);

const WRONG: Want = Want(ABORT_5, "is answered by Abort, status 5", "client.takes-missteps");
const WRONG_WAY: Want = Want(Expect::Any(&[ABORT_5, ABORT_7]), "is answered by Abort, status 5 or 7", "client.takes-missteps");
const UNKNOWN: Want = Want(ABORT_7, "is answered by Abort, status 7", "client.takes-missteps");
const LEFT: Want = Want(Expect::Sends("sstp.call-disconnect-ack"), "is acknowledged", "client.no-disconnect-ack");
const ABORTED: Want = Want(ABORT, "is answered by Abort", "client.no-abort");
const ECHOED: Want = Want(Expect::Sends("sstp.echo-response"), "is answered", "client.no-echo");
const TAKEN: Want = Want(GOES_ON, "begins LCP", "client.no-lcp");
/// The Echo Request behind it shows that the call lives.
const HARMLESS: Want = Want(
    Expect::All(&[Expect::Count("sstp.echo-response", 1), Expect::Never("sstp.call-abort"), Expect::Never("closed")]),
    "does no harm",
    "client.minds-echoes",
);
/// MS-SSTP 3.2.5.3.3 SHOULD retry; a first Nak may also end it.
const RETRIED: Want =
    Want(Expect::Any(&[Expect::Sends("sstp.call-connect-request"), ABORT]), "is answered by another request or Abort", "client.nak-deaf");

const MESSAGES: [Message; 14] = [
    ("call-connect-request", "1001000e00010001000100060001", [WRONG_WAY; 3], ["C-079"; 3]),
    (
        "call-connect-ack",
        "1001003000020001000400280000000300000000000000000000000000000000000000000000000000000000000000aa",
        [TAKEN, WRONG, WRONG],
        ["C-064", "C-077", "C-077"],
    ),
    ("call-connect-nak", "10010016000300010002000e00000001000000040001", [RETRIED, WRONG, WRONG], ["C-073 C-074", "C-078", "C-078"]),
    ("call-connected", "1001000800040000", [WRONG_WAY; 3], ["C-079"; 3]),
    ("call-abort", "10010014000500010002000c0000000200000005", [ABORTED; 3], ["C-175 C-176"; 3]),
    ("bare-call-abort", "1001000800050000", [ABORTED; 3], ["C-175 C-176"; 3]),
    ("call-disconnect", "10010014000600010002000c0000000000000000", [LEFT; 3], ["C-172 C-176", "C-173 C-176", "C-174 C-176"]),
    ("bare-call-disconnect", "1001000800060000", [LEFT; 3], ["C-172 C-176", "C-173 C-176", "C-174 C-176"]),
    ("call-disconnect-ack", "1001000800070000", [WRONG; 3], ["C-082"; 3]),
    ("echo-request", "1001000800080000", [WRONG, WRONG, ECHOED], ["C-080", "C-080", "C-111"]),
    ("echo-response", "1001000800090000", [WRONG, WRONG, HARMLESS], ["C-081", "C-081", "C-113"]),
    ("type-0", "1001000800000000", [UNKNOWN; 3], ["C-055"; 3]),
    ("type-10", "10010008000a0000", [UNKNOWN; 3], ["C-055"; 3]),
    ("type-65535", "10010008ffff0000", [UNKNOWN; 3], ["C-055"; 3]),
];

pub(super) fn cases() -> Vec<Case> {
    let turns = STATES.iter().flat_map(|state| MESSAGES.iter().filter_map(|message| in_turn(state, message)));
    turns
        .chain(MESSAGES.iter().flat_map(|message| ENDINGS.iter().filter_map(|ending| after_the_end(ending, message))))
        .chain(MESSAGES.iter().filter_map(while_leaving))
        .collect()
}

fn in_turn(state: &(&str, Layer, &str, &str, usize), message: &Message) -> Option<Case> {
    let (place, until, instead_of, when, column) = *state;
    let (name, bytes, wants, covers) = *message;
    let want = *wants.get(column)?;
    let behind = if want.1 == HARMLESS.1 { "1001000800080000" } else { "" };
    let mut base = Base { expect: want.0, ..Base::new(Side::Client, until) };
    base.otherwise = want.1.contains("Abort").then_some(ENDED);
    base.methods = (place == "proving").then_some(&[Method::MsChapV2]);
    if want.1 == HARMLESS.1 {
        base.within = Duration::from_secs(3);
    }
    Some(Case {
        id: format!("sstp/3.2.5.3/{name}-{place}").into(),
        title: format!("{} {when} {}", spoken(name), want.1).into(),
        why: "Both ends must mean the same state.".into(),
        spec: SpecRef::sstp("3.2.5.3"),
        level: if wrong_way(name) { Level::Derived } else { Level::Must },
        covers: covers.get(column)?.split(' ').collect(),
        edits: vec![format!("{instead_of}#1 instead {bytes}{behind}").into(), "sstp.call-abort#* drop".into()],
        proved_by: want.2,
        base,
    })
}

/// A call that is over but for its timers: the message of ours in whose place it is ended, what ends it, what the client says to
/// that, how it is said, and what it covers.
type Ending = (&'static str, &'static str, &'static str, &'static str, &'static str);

const ENDINGS: [Ending; 3] = [
    ("abort-timeout-pending", "1001000800050000", "sstp.call-abort", "after our Abort", "C-181"),
    ("disconnect-timeout-pending", "1001000800060000", "sstp.call-disconnect-ack", "after our Disconnect", "C-182"),
    ("abort-pending", "1001000800080000", "sstp.call-abort", "while its Abort is unanswered", "C-180"),
];

/// Whatever comes when the call is over is ignored.
fn after_the_end(ending: &Ending, message: &Message) -> Option<Case> {
    let (state, end, answer, when, covers) = *ending;
    let (name, bytes, ..) = *message;
    if state == "abort-pending" && name.ends_with("call-abort") {
        return None;
    }
    let expect = ignored(answer, wrong_way(name));
    let proved_by = match answer {
        "sstp.call-abort" if wrong_way(name) => "client.aborts-thrice",
        _ if wrong_way(name) => "client.no-disconnect-ack",
        _ => "client.answers-when-over",
    };
    let mut base = Base { expect, within: Duration::from_secs(5), ..Base::new(Side::Client, Sstp) };
    if state != "disconnect-timeout-pending" {
        base.only_if = Some((Expect::Sends("sstp.call-abort"), "the client sends no Abort"));
    }
    Some(Case {
        id: format!("teardown/3.1.1.1/{name}-to-client-{state}").into(),
        title: format!("{} {when} is ignored", spoken(name)).into(),
        why: "It may have been on its way.".into(),
        spec: SpecRef::sstp(if answer == "sstp.call-abort" { "3.1.1.1" } else { "3.1.1.2" }),
        level: Level::Must,
        covers: vec![covers],
        edits: vec![format!("sstp.call-disconnect#1 instead {end}{bytes}").into(), "sstp.call-abort#* drop".into()],
        proved_by,
        base,
    })
}

/// In Call Disconnect Ack Pending only Disconnect, its Ack and Abort are looked at; rows are about those. What only clients send
/// has no rule there.
fn while_leaving((name, bytes, ..): &Message) -> Option<Case> {
    let looked_at = matches!(name.trim_start_matches("bare-"), "call-abort" | "call-disconnect" | "call-disconnect-ack");
    if looked_at || wrong_way(name) {
        return None;
    }
    Some(Case {
        id: format!("teardown/3.1.1.2/{name}-to-client-disconnect-ack-pending").into(),
        title: format!("{} while the client waits for Disconnect Ack is ignored", spoken(name)).into(),
        why: "It may have been on its way.".into(),
        spec: SpecRef::sstp("3.1.1.2"),
        level: Level::Must,
        covers: vec!["C-185"],
        edits: vec![format!("sstp.call-disconnect-ack#1 instead {bytes}").into(), "sstp.call-abort#* drop".into()],
        proved_by: "client.answers-when-over",
        base: Base {
            expect: IGNORED_LEAVING,
            only_if: Some(super::HANGS_UP),
            within: Duration::from_secs(3),
            hangs_up: true,
            ..Base::new(Side::Client, Data)
        },
    })
}

const IGNORED_LEAVING: Expect = Expect::Never("sstp.*");

/// Only clients send it. The specification has no rule for a client that gets it: in a call that is over ignoring it is as
/// good as Abort.
fn wrong_way(name: &str) -> bool {
    matches!(name, "call-connect-request" | "call-connected")
}
