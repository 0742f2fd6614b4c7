//! Every message of a client with attributes that it must not have, and with bytes behind its end. MS-SSTP 2.2.2, 2.2.4, 3.3.5.2.1.

use super::{ENDED, MALFORMED, REFUSED};
use crate::base::Layer::{self, Binding, Sstp};
use crate::base::{Side, SpecRef, unhex};
use crate::jobs::conformance::case::{Base, Case, Level};
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

/// Call Connected: what is put where its attribute ends (`None`: in its place), how it is said, how long it is then and what it announces.
type Bound = (&'static str, &'static str, Option<&'static str>, u16, u16);

const BOUND: [Bound; 6] = [
    ("unknown-attribute-behind", "an attribute of an unknown type behind its own", Some("007f0008deadbeef"), 120, 2),
    ("foreign-attribute", "an attribute that belongs to another message", Some("000100060001"), 118, 2),
    ("status-info-behind", "a Status Info behind its own", Some("0002000c0000000300000004"), 124, 2),
    ("one-byte-more", "one byte behind its end", Some("00"), 113, 1),
    ("attribute-missing", "an attribute announced and none there", None, 8, 1),
    ("attribute-gone", "no attribute", None, 8, 0),
];

pub(super) fn cases() -> Vec<Case> {
    let shaped = MESSAGES.iter().flat_map(|message| SHAPES.iter().filter_map(|shape| shaped(message, shape)));
    shaped.chain(BOUND.iter().map(bound)).collect()
}

/// The requirements that a shape is about. What is unknown, foreign or there twice is ruled on for Call Connect Request alone.
fn covers(shape: &str, request: bool) -> &'static [&'static str] {
    match shape {
        "attribute-missing" => &["S-075"],
        "attribute-uncounted" | "one-byte-more" | "longest" => &["S-076"],
        "unknown-attribute-behind" if request => &["S-104"],
        "unknown-attribute-alone" if request => &["S-101", "S-104"],
        "foreign-attribute" if request => &["S-109"],
        "attribute-twice" if request => &["S-103"],
        // An attribute that the message does not have is one too many.
        _ => &["S-076"],
    }
}

fn shaped((name, bytes, carrier, until, layer): &Message, shape: &Shape) -> Option<Case> {
    let bytes = shape.of(&unhex(bytes)?, &unhex(FOREIGN)?)?;
    let request = *name == "call-connect-request";
    // The specification has no rule for an echo with a sound attribute.
    if name.starts_with("echo-") && shape.readable {
        return None;
    }
    Some(Case {
        id: format!("{layer}/2.2.4/{name}-{}", shape.id).into(),
        title: format!("{} with {}: {}", spoken(name), shape.says, if request { "refused" } else { "the call ends" }).into(),
        why: "What is malformed must not be guessed at.".into(),
        spec: SpecRef::sstp("2.2.4"),
        level: if request && shape.id == "foreign-attribute" { Level::Derived } else { Level::Must },
        covers: covers(shape.id, request).to_vec(),
        edits: vec![format!("{carrier} instead {bytes}").into()],
        proved_by: "sstp.mutant-ignores",
        base: Base {
            expect: if request { MALFORMED } else { ENDED },
            otherwise: request.then_some(REFUSED),
            ..Base::new(Side::Server, *until)
        },
    })
}

/// The compound MAC does not fit any more either: the specification has no order for the two, and the call ends for both.
fn bound((id, says, behind, length, count): &Bound) -> Case {
    const CONNECTED: &str = "sstp.call-connected#1";
    let splice = behind.map_or_else(|| "8..9999 \"\"".to_string(), |bytes| format!("9999..9999 {bytes}"));
    Case {
        id: format!("binding/2.2.4/call-connected-{id}").into(),
        title: format!("Call Connected with {says}: the call ends").into(),
        why: "What is malformed must not be guessed at.".into(),
        spec: SpecRef::sstp("2.2.4"),
        level: Level::Must,
        covers: vec!["S-075", "S-138"],
        edits: vec![
            format!("{CONNECTED} splice {splice}").into(),
            format!("{CONNECTED} set length={length}").into(),
            format!("{CONNECTED} set num-attributes={count}").into(),
        ],
        proved_by: "sstp.mutant-ignores",
        base: Base { expect: ENDED, ..Base::new(Side::Server, Binding) },
    }
}
