//! Every message of a server with attributes that it must not have, and with bytes behind its end. MS-SSTP 2.2.2, 2.2.4, 3.2.5.3.1.

use super::{ABORT, ENDED};
use crate::base::Layer::{self, Binding, Lcp, Sstp};
use crate::base::{Side, SpecRef, unhex};
use crate::jobs::conformance::case::{Base, Case, Level};
use crate::jobs::conformance::turns::{SHAPES, Shape, spoken};

/// A sound message, where ours puts it.
type Message = (&'static str, &'static str, &'static str, Layer, &'static str);

const MESSAGES: [Message; 7] = [
    (
        "call-connect-ack",
        "1001003000020001000400280000000300000000000000000000000000000000000000000000000000000000000000aa",
        "sstp.call-connect-ack#1",
        Lcp,
        "sstp",
    ),
    ("call-connect-nak", "10010016000300010002000e00000001000000040001", "sstp.call-connect-ack#1", Lcp, "sstp"),
    ("call-disconnect", "10010014000600010002000c0000000000000000", "sstp.call-disconnect#1", Sstp, "teardown"),
    ("call-abort", "10010014000500010002000c0000000200000005", "sstp.call-disconnect#1", Sstp, "teardown"),
    ("call-disconnect-ack", "1001000800070000", "sstp.call-disconnect#1", Sstp, "teardown"),
    ("echo-request", "1001000800080000", "sstp.call-disconnect#1", Binding, "data"),
    ("echo-response", "1001000800090000", "sstp.call-disconnect#1", Binding, "data"),
];

/// MS-SSTP 2.2.5: an Encapsulated Protocol ID, which only clients send.
const FOREIGN: [u8; 6] = [0, 1, 0, 6, 0, 1];

pub(super) fn cases() -> Vec<Case> {
    MESSAGES.iter().flat_map(|message| SHAPES.iter().filter_map(|shape| shaped(message, shape))).collect()
}

fn shaped((name, bytes, carrier, until, layer): &Message, shape: &Shape) -> Option<Case> {
    let bytes = shape.of(&unhex(bytes)?, &FOREIGN)?;
    let ack = *name == "call-connect-ack";
    // The specification has no rule for a sound attribute more where a client looks for its own.
    let looks_for_its_own = name.starts_with("echo-") || *name == "call-connect-nak" || ack && shape.id != "unknown-attribute-alone";
    if looks_for_its_own && shape.readable {
        return None;
    }
    // What the message itself draws, a sound attribute more or not; a Disconnect with one is told of.
    let (level, covers) = match *name {
        "call-abort" if shape.readable => (Level::Must, "C-175"),
        "call-disconnect-ack" if shape.readable => (Level::Must, "C-082"),
        "call-disconnect" if shape.readable => (Level::Interop, "C-173"),
        _ => (Level::Must, "C-056"),
    };
    let told = level == Level::Interop;
    Some(Case {
        id: format!("{layer}/2.2.4/{name}-to-client-{}", shape.id).into(),
        title: format!("{} with {}: {}", spoken(name), shape.says, if told { "the call ends" } else { "Abort" }).into(),
        why: "What is malformed must not be guessed at.".into(),
        spec: SpecRef::sstp("3.2.5.3.1"),
        level,
        covers: vec![covers],
        edits: vec![format!("{carrier} instead {bytes}").into(), "sstp.call-abort#* drop".into()],
        proved_by: "client.takes-everything",
        base: Base { expect: if told { ENDED } else { ABORT }, otherwise: Some(ENDED), ..Base::new(Side::Client, *until) },
    })
}
