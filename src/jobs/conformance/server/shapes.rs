//! Every message of a client with attributes that it must not have, and with bytes behind its end. MS-SSTP 2.2.2, 2.2.4, 3.3.5.2.1.

use super::{ABORT_5, ABORT_7, ABORT_CONNECTED, ABORTED, ENDED, MISCOUNTED, NOT_ACCEPTED, REFUSED};
use crate::base::Layer::{self, Binding, Sstp};
use crate::base::{Side, SpecRef, unhex};
use crate::jobs::conformance::case::{Base, Case, Level};
use crate::jobs::conformance::expect::Expect;
use crate::jobs::conformance::turns::{SHAPES, Shape, spoken};

/// A sound message, where ours puts it, how far our end climbs for it, and the layer of its ids.
type Message = (&'static str, &'static str, &'static str, Layer, &'static str);

const MESSAGES: [Message; 6] = [
    ("call-connect-request", "1001000e00010001000100060001", "sstp.call-connect-request#*", Sstp, "sstp"),
    ("call-disconnect", "10010014000600010002000c0000000000000000", "sstp.call-disconnect#1", Sstp, "teardown"),
    ("call-abort", "10010014000500010002000c0000000200000005", "sstp.call-disconnect#1", Sstp, "teardown"),
    ("call-disconnect-ack", "1001000800070000", "sstp.call-disconnect#1", Sstp, "teardown"),
    ("echo-request", "1001000800080000", "sstp.call-disconnect#1", Binding, "data"),
    ("echo-response", "1001000800090000", "sstp.call-disconnect#1", Binding, "data"),
];

/// MS-SSTP 2.2.6: a Crypto Binding Request, which only servers send.
const FOREIGN: &str = "000400280000000300000000000000000000000000000000000000000000000000000000000000aa";

/// Call Connected: what is put where its attribute ends (`None`: in its place), how it is said, how long it is then, what it announces, and what it covers.
type Bound = (&'static str, &'static str, Option<&'static str>, u16, u16, &'static str);

const BOUND: [Bound; 6] = [
    ("unknown-attribute-behind", "an attribute of an unknown type behind its own", Some("007f0008deadbeef"), 120, 2, "S-138"),
    ("foreign-attribute", "an attribute that belongs to another message", Some("000100060001"), 118, 2, "S-138"),
    ("status-info-behind", "a Status Info behind its own", Some("0002000c0000000300000004"), 124, 2, "S-138"),
    ("one-byte-more", "one byte behind its end", Some("00"), 113, 1, "S-136"),
    ("attribute-missing", "an attribute announced and none there", None, 8, 1, "S-075"),
    ("attribute-gone", "no attribute", None, 8, 0, "S-134"),
];

pub(super) fn cases() -> Vec<Case> {
    let shaped = MESSAGES.iter().flat_map(|message| SHAPES.iter().filter_map(|shape| shaped(message, shape)));
    shaped.chain(BOUND.iter().map(bound)).collect()
}

/// What a shape is about in the state that the message meets, and what is accepted. What is unknown, foreign or there twice is ruled on for
/// Call Connect Request alone; another message with such an attribute draws what the message itself draws, or is told of.
fn ruled(shape: &Shape, message: &str) -> (Level, &'static str, Expect) {
    let nak = |id, statuses| Expect::Status("sstp.call-connect-nak", id, statuses);
    let miscounted = if shape.id == "attribute-missing" { "S-075" } else { "S-076" };
    match (message, shape.id) {
        ("call-connect-request", "unknown-attribute-behind" | "unknown-attribute-alone") => (Level::Must, "S-104", nak(Some(0x7f), &[2])),
        ("call-connect-request", "attribute-twice") => (Level::Must, "S-103", nak(Some(1), &[1])),
        ("call-connect-request", "foreign-attribute") => (Level::Derived, "S-109", NOT_ACCEPTED),
        ("call-connect-request", _) => (Level::Must, miscounted, MISCOUNTED),
        // Sound or not: nobody asked for it, and which of the two is looked at first is left open.
        ("call-disconnect-ack", _) if shape.readable => (Level::Must, "S-120", ABORT_5),
        ("call-disconnect-ack", _) => (Level::Must, miscounted, ABORT_5),
        ("call-abort", _) if shape.readable => (Level::Must, "S-275", ABORTED),
        ("call-abort", _) => (Level::Must, miscounted, ABORTED),
        _ if shape.readable => (Level::Interop, "S-270", ENDED),
        _ => (Level::Must, miscounted, ABORT_7),
    }
}

fn shaped((name, bytes, carrier, until, layer): &Message, shape: &Shape) -> Option<Case> {
    let bytes = shape.of(&unhex(bytes)?, &unhex(FOREIGN)?)?;
    let request = *name == "call-connect-request";
    // The specification has no rule for an echo with a sound attribute.
    if name.starts_with("echo-") && shape.readable {
        return None;
    }
    let (level, covers, expect) = ruled(shape, name);
    let says = match () {
        () if request => "refused",
        () if level == Level::Interop => "the call ends",
        () => "Abort",
    };
    Some(Case {
        id: format!("{layer}/2.2.4/{name}-{}", shape.id).into(),
        title: format!("{} with {}: {says}", spoken(name), shape.says).into(),
        why: "What is malformed must not be guessed at.".into(),
        spec: SpecRef::sstp("2.2.4"),
        level,
        covers: vec![covers],
        edits: vec![format!("{carrier} instead {bytes}").into()],
        proved_by: "sstp.mutant-ignores",
        base: Base { expect, otherwise: Some(if request { REFUSED } else { ENDED }), ..Base::new(Side::Server, *until) },
    })
}

/// The compound MAC does not fit any more either: the specification has no order for the two, and Abort is due for both.
fn bound((id, says, behind, length, count, covers): &Bound) -> Case {
    const CONNECTED: &str = "sstp.call-connected#1";
    let splice = behind.map_or_else(|| "8..9999 \"\"".to_string(), |bytes| format!("9999..9999 {bytes}"));
    Case {
        id: format!("binding/2.2.4/call-connected-{id}").into(),
        title: format!("Call Connected with {says}: Abort").into(),
        why: "What is malformed must not be guessed at.".into(),
        spec: SpecRef::sstp("2.2.4"),
        level: Level::Must,
        covers: vec![*covers],
        edits: vec![
            format!("{CONNECTED} splice {splice}").into(),
            format!("{CONNECTED} set length={length}").into(),
            format!("{CONNECTED} set num-attributes={count}").into(),
        ],
        proved_by: "sstp.mutant-ignores",
        base: Base {
            expect: if *count == 0 { ABORT_CONNECTED } else { ABORTED },
            otherwise: Some(ENDED),
            ..Base::new(Side::Server, Binding)
        },
    }
}
