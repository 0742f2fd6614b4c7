//! A stream has no borders: messages cut at every byte, cut short at every byte, and put together. MS-SSTP 3.1.7.2.

use super::{ABORTED, ACKED, BOUND, CUT_SHORT, ENDED, ENDED_ALONE, MALFORMED, MISCOUNTED, REFUSED};
use crate::base::Layer::{self, Auth, Binding, Data, Http, Lcp, Ncp, Sstp};
use crate::base::{Side, SpecRef};
use crate::jobs::conformance::case::{Base, Case, Level};
use crate::jobs::conformance::expect::Expect;
use crate::proto::plan::Method;
use std::borrow::Cow;
use std::ops::RangeInclusive;

const LEAVE: Expect = Expect::Sends("sstp.call-disconnect-ack");
/// The one in two pieces, and the plain one before it.
const ECHO: Expect = Expect::Count("sstp.echo-response", 2);

/// What is cut in two, and what must come all the same.
struct Cut {
    /// As it stands in ids.
    name: &'static str,
    /// The message that is cut.
    message: &'static str,
    /// What goes out in its place, if anything, and edits beside that.
    edits: &'static [&'static str],
    until: Layer,
    layer: &'static str,
    /// Where: bytes of the first piece; below zero bytes of the second.
    at: RangeInclusive<isize>,
    expect: Expect,
    only_if: Option<(Expect, &'static str)>,
    proved_by: &'static str,
    covers: &'static str,
}

const fn cut(
    message: &'static str,
    until: Layer,
    layer: &'static str,
    at: RangeInclusive<isize>,
    expect: Expect,
    proved_by: &'static str,
) -> Cut {
    Cut { name: message, message, edits: &[], until, layer, at, expect, only_if: None, proved_by, covers: "S-009" }
}

/// Put in place of Call Disconnect.
const fn instead(
    name: &'static str,
    edits: &'static [&'static str],
    at: RangeInclusive<isize>,
    expect: Expect,
    proved_by: &'static str,
) -> Cut {
    Cut { name, edits, ..cut("sstp.call-disconnect", Sstp, "teardown", at, expect, proved_by) }
}

/// What comes in two reads is lost, and no more is wrong.
const ONE_READ: &str = "sstp.mutant-one-read";
const ANSWERED: Expect =
    Expect::Any(&[Expect::Sends("lcp.configure-ack"), Expect::Sends("lcp.configure-nak"), Expect::Sends("lcp.configure-reject")]);

/// Every message of a client, at every byte. The head of the request is counted from both ends, since the host stands in its
/// middle: a name of up to 40 characters is cut at every byte as well. A response to a challenge is cut up to the user's name.
const CUTS: [Cut; 13] = [
    Cut { covers: "S-011", ..cut("http.request", Http, "http", 1..=150, Expect::Http(200, 200), "http.mutant-one-read") },
    Cut {
        name: "http.request-end",
        covers: "S-011",
        ..cut("http.request", Http, "http", -72..=-1, Expect::Http(200, 200), "http.mutant-one-read")
    },
    cut("sstp.call-connect-request", Sstp, "sstp", 1..=13, ACKED, ONE_READ),
    cut("sstp.call-disconnect", Sstp, "teardown", 1..=19, LEAVE, ONE_READ),
    instead(
        "sstp.call-abort",
        &["sstp.call-disconnect#1 instead 10010014000500010002000c0000000200000005"],
        1..=19,
        Expect::Sends("sstp.call-abort"),
        ONE_READ,
    ),
    Cut {
        name: "sstp.call-disconnect-ack",
        edits: &[super::teardown::TERMINATE],
        only_if: Some(super::teardown::DISCONNECTS),
        ..cut(
            "sstp.call-disconnect-ack",
            Lcp,
            "teardown",
            1..=7,
            Expect::Gap("sstp.call-disconnect", "closed", 0, 4000),
            "teardown.mutant-keeps-open",
        )
    },
    cut("sstp.call-connected", Binding, "binding", 1..=111, BOUND, ONE_READ),
    Cut {
        edits: &super::PLAIN_ECHO_FIRST,
        only_if: Some(super::ANSWERS_ECHOES),
        ..cut("sstp.echo-request", Binding, "data", 1..=7, ECHO, ONE_READ)
    },
    Cut {
        name: "sstp.echo-response",
        edits: &["sstp.call-disconnect#1 instead 100100080009000010000010ff03c0210921000800000000"],
        ..cut("sstp.call-disconnect", Binding, "data", 1..=7, super::ALIVE, ONE_READ)
    },
    // What is sent again does not stand in for what was lost.
    Cut {
        edits: &["lcp.configure-request#2 drop", "lcp.configure-request#3 drop"],
        ..cut("lcp.configure-request", Lcp, "lcp", 1..=21, ANSWERED, ONE_READ)
    },
    cut("chap.response", Auth, "auth", 1..=61, Expect::Sends("chap.success"), ONE_READ),
    cut("ipcp.configure-request", Ncp, "ncp", 1..=35, Expect::Up(Ncp), ONE_READ),
    Cut {
        edits: &[WHOLE_PING_FIRST, STAYS],
        only_if: Some(ANSWERS_PINGS),
        ..cut("ipv4.packet", Data, "data", 1..=44, BOTH_PINGS, ONE_READ)
    },
];

/// A copy of the ping that is whole, ahead of the one that the case is about.
const WHOLE_PING_FIRST: &str = "ipv4.packet#1 extra repeat 1";
/// Our end does not take its leave before both answers are there.
const STAYS: &str = "sstp.call-disconnect#* drop";
const ANSWERS_PINGS: (Expect, &str) = (Expect::Sends("ipv4.packet"), "the server answers no ping at all");
const BOTH_PINGS: Expect = Expect::Gap("ipv4.packet", "ipv4.packet", 0, 8000);

/// IPv4 in one write with other packets, or in many: name, title, edits, what must come, what proves it.
type Joined = (&'static str, &'static str, &'static [&'static str], Expect, &'static str);

const JOINED: [Joined; 3] = [
    (
        "ipv4-packet-byte-by-byte",
        "an IPv4 packet of which every byte comes in a record of its own is one packet",
        &["ipv4.packet#1 shred", WHOLE_PING_FIRST, STAYS],
        BOTH_PINGS,
        ONE_READ,
    ),
    (
        "ipv4-packet-behind-an-echo",
        "an IPv4 packet in one write behind an LCP Echo-Request is taken",
        &[
            // The whole one behind it: in front, in the same read, it would be what the Echo-Request is lost behind.
            "ipv4.packet#1 extra splice 0..0 10 00 00 10 ff 03 c0 21 09 21 00 08 00 00 00 00",
            // What is sent again does not stand in for what was lost.
            "ipv4.packet#2 drop",
            "ipv4.packet#3 drop",
            "ipv4.packet#4 drop",
            "ipv4.packet#5 drop",
            STAYS,
        ],
        BOTH_PINGS,
        "sstp.mutant-one-of-two",
    ),
    (
        "echo-behind-an-ipv4-packet",
        "an LCP Echo-Request in one write behind an IPv4 packet is answered",
        &["ipv4.packet#1 splice 9999..9999 10 00 00 10 ff 03 c0 21 09 21 00 08 00 00 00 00", STAYS],
        Expect::All(&[Expect::Sends("ipv4.packet"), Expect::Sends("lcp.echo-reply")]),
        "sstp.mutant-one-of-two",
    ),
];

fn joined((name, title, edits, expect, proved_by): &Joined) -> Case {
    Case {
        id: format!("data/3.1.7.2/{name}").into(),
        title: (*title).into(),
        why: "TLS keeps no borders, and most of what goes through a tunnel is IPv4.".into(),
        spec: SpecRef::sstp("3.1.7.2"),
        level: Level::Derived,
        covers: vec![if name.ends_with("byte") { "S-009" } else { "S-010" }, "S-267"],
        edits: edits.iter().map(|line| (*line).into()).collect(),
        proved_by,
        base: Base { expect: *expect, only_if: Some(ANSWERS_PINGS), ..Base::new(Side::Server, Data) },
    }
}

/// A message that is cut short, its length field told the truth: name, bytes, from and to which length.
const SHORT: [(&str, &str, usize, usize, bool); 3] = [
    ("call-connect-request", "1001000e00010001000100060001", 8, 13, true),
    ("call-disconnect", "10010014000600010002000c0000000000000000", 9, 19, false),
    ("call-abort", "10010014000500010002000c0000000200000005", 9, 19, false),
];

pub(super) fn cases() -> Vec<Case> {
    let cuts = CUTS.iter().flat_map(|cut| cut.at.clone().map(|at| split(cut, at)));
    let short = SHORT.iter().flat_map(|row| (row.2..=row.3).filter_map(|length| truncated(row, length)));
    cuts.chain(short).chain((9..WHOLE_CONNECTED).map(connected)).chain(JOINED.iter().map(joined)).collect()
}

/// The replacement comes before the cut, and what is ahead of the message behind it: the first line is the stimulus.
fn split(cut: &Cut, at: isize) -> Case {
    let line: Cow<'static, str> = format!("{}#1 split {at}", cut.message).into();
    let mut edits: Vec<Cow<'static, str>> = cut.edits.iter().map(|line| (*line).into()).collect();
    let replaced = edits.first().is_some_and(|first| first.contains(" instead "));
    edits.insert(usize::from(replaced), line);
    let end = if at < 0 { "before its end" } else { "after its beginning" };
    let (name, bytes) = (cut.name.trim_end_matches("-end"), at.unsigned_abs());
    Case {
        id: format!("{}/3.1.7.2/{}-split-{bytes}", cut.layer, cut.name.replace('.', "-")).into(),
        title: format!("{} in two writes, cut {bytes} bytes {end}, is one message", name.replace(['.', '-'], " ")).into(),
        why: "TLS keeps no borders.".into(),
        spec: SpecRef::sstp("3.1.7.2"),
        level: Level::Derived,
        covers: vec![cut.covers],
        edits,
        proved_by: cut.proved_by,
        base: Base {
            expect: cut.expect,
            only_if: cut.only_if,
            methods: (cut.message == "chap.response").then_some(&[Method::MsChapV2]),
            ..Base::new(Side::Server, cut.until)
        },
    }
}

/// Call Connected that ends early, its length field told the truth.
fn connected(length: usize) -> Case {
    Case {
        id: format!("binding/2.2/call-connected-truncated-{length}").into(),
        title: format!("call connected that ends after {length} bytes is malformed").into(),
        why: "What is not there must not be read.".into(),
        spec: SpecRef::sstp("2.2"),
        level: Level::Must,
        covers: vec!["S-136"],
        edits: vec![
            format!("sstp.call-connected#1 splice {length}..9999 \"\"").into(),
            format!("sstp.call-connected#1 set length={length}").into(),
        ],
        proved_by: "sstp.mutant-ignores",
        base: Base { expect: ABORTED, otherwise: Some(ENDED), ..Base::new(Side::Server, Binding) },
    }
}

/// MS-SSTP 2.2.2: bytes of a message without attributes.
const BARE: usize = 8;
/// MS-SSTP 2.2.11: bytes of a Call Connected.
const WHOLE_CONNECTED: usize = 112;

fn truncated(row: &(&str, &str, usize, usize, bool), length: usize) -> Option<Case> {
    let (name, bytes, _, _, request) = *row;
    let whole = crate::base::unhex(bytes)?;
    let mut cut = whole.get(..length)?.to_vec();
    *cut.get_mut(3)? = u8::try_from(length).ok()?;
    // With no more than its header what was announced is not there; with more an attribute runs past the end.
    let missing = length == BARE;
    let expect = match name {
        "call-connect-request" if missing => MISCOUNTED,
        "call-connect-request" => MALFORMED,
        "call-abort" => ENDED_ALONE,
        _ => CUT_SHORT,
    };
    let message = if request { "sstp.call-connect-request" } else { "sstp.call-disconnect" };
    let spelled = name.replace('-', " ");
    Some(Case {
        id: format!("{}/2.2/{name}-truncated-{length}", if request { "sstp" } else { "teardown" }).into(),
        title: format!("{spelled} that ends after {length} bytes is malformed").into(),
        why: "What is not there must not be read.".into(),
        spec: SpecRef::sstp("2.2"),
        level: Level::Must,
        covers: vec![if missing { "S-075" } else { "S-078" }],
        edits: vec![format!("{message}#1 instead {}", crate::base::hex(&cut)).into()],
        proved_by: "sstp.mutant-ignores",
        base: Base { expect, otherwise: Some(REFUSED), ..Base::new(Side::Server, Sstp) },
    })
}
