//! Every field of every message that a client sends, with every kind of wrong value. MS-SSTP 2.2.

use super::{
    ABORT_7, ABORT_BINDING, ABORT_CONNECTED, ABORTED, ACKED, BOUND, CUT_SHORT, DROPPED, ENDED, ENDED_ALONE, MALFORMED, MISCOUNTED,
    NOT_ACCEPTED, REFUSED,
};
use crate::base::Layer::{self, Binding, Ncp, Sstp};
use crate::base::{Side, SpecRef};
use crate::jobs::conformance::case::{Base, Case, Level};
use crate::jobs::conformance::expect::Expect;
use std::borrow::Cow;

/// What a value draws, and the fault that proves it.
#[derive(Clone, Copy)]
enum Draws {
    /// It makes no difference.
    Ack,
    Bound,
    Echo,
    LeaveAck,
    SameAbort,
    /// Abort, whatever its status.
    Abort,
    /// An Echo Response: the LCP Echo-Request behind it is answered.
    Lives,
    /// No message with its own header: Abort 7 or closed.
    Short,
    /// Of an unknown type, or with attributes that are not as many as it says: Abort 7.
    Abort7,
    /// An attribute that is shorter than itself or runs past the end: Abort 7 or closed.
    RunsOut,
    /// The same where any Abort will do, since a sound one draws it too.
    RunsOutOfAbort,
    /// A request with attributes that are not as many as it says: Abort 7 or a Nak.
    Miscounted,
    /// A request with an attribute that is shorter than itself or runs past the end: Abort 7, a Nak with status 3, or closed.
    Malformed,
    /// A request with an attribute of another message: a Nak, or Abort.
    NotAccepted,
    /// A request with an attribute of that id, which nobody knows: a Nak that names it, status 2.
    Unknown,
    /// A request without its attribute: a Nak, status 10.
    Missing,
    /// A request for something else than PPP: a Nak, attribute 1, status 4.
    NotPpp,
    /// Call Connected without its attribute: Abort, attribute 2, status 9.
    Unbound,
    /// Crypto binding fails: Abort, attribute 3, status 4.
    Unproved,
    /// The specification has no rule for it; what becomes of the call is told.
    Ends,
    /// Closed or Abort 7.
    Lost,
    /// Closed without a message.
    Dropped,
}

/// Message, layer to climb to, field, values, what they draw, covered requirements.
type Family = (&'static str, Layer, &'static str, &'static [u64], Draws, &'static [&'static str]);

const REQUEST: &str = "sstp.call-connect-request";
const CONNECTED: &str = "sstp.call-connected";
const UNSEALED: &str = "sstp.call-connected-unsealed";
const ECHO: &str = "sstp.echo-request";
const LEAVE: &str = "sstp.call-disconnect";
const ABORT: &str = "sstp.call-abort";
const RESPONSE: &str = "sstp.echo-response";
const NAK: &str = "sstp.call-connect-nak";
/// What is malformed is passed over.
const IGNORES: &str = "sstp.mutant-ignores";

/// Messages that an honest client does not send by then, with what is behind them, put in place of its Call Disconnect.
const INSTEAD: [(&str, &str); 2] =
    [(ABORT, "10010014000500010002000c0000000200000005"), (RESPONSE, "100100080009000010000010ff03c0210921000800000000")];

const FAMILIES: &[Family] = &[
    (REQUEST, Sstp, "version", &[0, 1, 0x0f, 0x12, 0x1f, 0x30, 0xff], Draws::Lost, &["S-070"]),
    (REQUEST, Sstp, "reserved", &[1, 0x40], Draws::Ack, &["S-064"]),
    (REQUEST, Sstp, "r", &[1, 8], Draws::Ack, &["S-065"]),
    (REQUEST, Sstp, "length", &[1, 2], Draws::Dropped, &["S-069"]),
    (REQUEST, Sstp, "length", &[4, 5, 6, 7], Draws::Short, &["S-071"]),
    (REQUEST, Sstp, "length", &[8], Draws::Miscounted, &["S-075"]),
    (REQUEST, Sstp, "length", &[9, 10, 11, 12, 13], Draws::Malformed, &["S-078"]),
    (REQUEST, Sstp, "num-attributes", &[0], Draws::Miscounted, &["S-076"]),
    (REQUEST, Sstp, "num-attributes", &[3, 0xff, 0xffff], Draws::Miscounted, &["S-075"]),
    (REQUEST, Sstp, "message-type", &[0x0100, 0x8001, 11], Draws::Abort7, &["S-072"]),
    (REQUEST, Sstp, "encapsulated-protocol.reserved", &[1, 0x80], Draws::Ack, &["S-066"]),
    (REQUEST, Sstp, "encapsulated-protocol.r", &[1, 8], Draws::Ack, &["S-067"]),
    (REQUEST, Sstp, "encapsulated-protocol.id", &[0, 5, 0x80, 0xff], Draws::Unknown, &["S-104"]),
    (REQUEST, Sstp, "encapsulated-protocol.id", &[2], Draws::Missing, &["S-101"]),
    (REQUEST, Sstp, "encapsulated-protocol.id", &[3, 4], Draws::NotAccepted, &["S-109"]),
    (REQUEST, Sstp, "encapsulated-protocol.length", &[1, 2, 3], Draws::Malformed, &["S-077"]),
    (REQUEST, Sstp, "encapsulated-protocol.length", &[4, 5], Draws::Miscounted, &["S-076"]),
    (REQUEST, Sstp, "encapsulated-protocol.length", &[7, 0xfff], Draws::Malformed, &["S-078"]),
    (REQUEST, Sstp, "encapsulated-protocol.protocol-id", &[0, 3, 0x21, 0x100, 0xc021, 0xffff], Draws::NotPpp, &["S-098"]),
    (CONNECTED, Binding, "version", &[0, 0x20, 0xff], Draws::Lost, &["S-070"]),
    (CONNECTED, Binding, "length", &[0, 2, 3], Draws::Dropped, &["S-069"]),
    (CONNECTED, Binding, "length", &[4], Draws::Short, &["S-071"]),
    (CONNECTED, Binding, "length", &[8, 12, 48, 80, 111], Draws::Abort, &["S-136"]),
    (CONNECTED, Binding, "num-attributes", &[0, 2, 0xffff], Draws::Abort, &["S-075", "S-138"]),
    (CONNECTED, Binding, "message-type", &[0, 0x0400], Draws::Abort7, &["S-072"]),
    (CONNECTED, Binding, "crypto-binding.id", &[0, 1, 2, 4, 5, 0xff], Draws::Unbound, &["S-134"]),
    // The texts differ in the status: chapter 3.3.5.2.3 has 9, and 2.2.8 a number of its own for a wrong length.
    (CONNECTED, Binding, "crypto-binding.length", &[0, 3, 4, 8, 103, 105, 0xfff], Draws::Abort, &["S-135"]),
    (CONNECTED, Binding, "crypto-binding.hash-protocol", &[0], Draws::Unproved, &["S-131"]),
    (CONNECTED, Binding, "crypto-binding.hash-protocol", &[3, 6, 0x80, 0x82], Draws::Unproved, &["S-133"]),
    (UNSEALED, Binding, "reserved", &[0x7f], Draws::Bound, &["S-064"]),
    (UNSEALED, Binding, "r", &[15], Draws::Bound, &["S-065"]),
    (UNSEALED, Binding, "crypto-binding.reserved", &[0xff], Draws::Bound, &["S-066"]),
    (UNSEALED, Binding, "crypto-binding.r", &[15], Draws::Bound, &["S-067"]),
    (UNSEALED, Binding, "crypto-binding.reserved1", &[1, 0x80_0000], Draws::Bound, &["S-068"]),
    (UNSEALED, Binding, "crypto-binding.hash-protocol", &[0x82, 5], Draws::Unproved, &["S-133"]),
    (ECHO, Binding, "version", &[0, 0x20], Draws::Lost, &["S-070"]),
    (ECHO, Binding, "reserved", &[1, 0x7f], Draws::Echo, &["S-064"]),
    (ECHO, Binding, "r", &[15], Draws::Echo, &["S-065"]),
    (ECHO, Binding, "length", &[0, 1, 2, 3], Draws::Dropped, &["S-069"]),
    (ECHO, Binding, "length", &[4, 5, 6, 7], Draws::Short, &["S-071"]),
    (ECHO, Binding, "num-attributes", &[1, 2, 0xffff], Draws::Abort7, &["S-075"]),
    (ECHO, Binding, "message-type", &[0, 10, 0x0800, 0xffff], Draws::Abort7, &["S-072", "S-073"]),
    (LEAVE, Sstp, "version", &[0, 0x20], Draws::Lost, &["S-070"]),
    (LEAVE, Sstp, "reserved", &[1, 0x7f], Draws::LeaveAck, &["S-064"]),
    (LEAVE, Sstp, "r", &[15], Draws::LeaveAck, &["S-065"]),
    (LEAVE, Sstp, "length", &[0, 1, 2, 3], Draws::Dropped, &["S-069"]),
    (LEAVE, Sstp, "length", &[4, 6], Draws::Short, &["S-071"]),
    (LEAVE, Sstp, "length", &[8], Draws::Abort7, &["S-075"]),
    (LEAVE, Sstp, "length", &[12, 19], Draws::RunsOut, &["S-078"]),
    (LEAVE, Sstp, "num-attributes", &[2, 3, 0xffff], Draws::Abort7, &["S-075"]),
    (LEAVE, Sstp, "status-info.reserved", &[0xff], Draws::LeaveAck, &["S-066"]),
    (LEAVE, Sstp, "status-info.r", &[15], Draws::LeaveAck, &["S-067"]),
    (LEAVE, Sstp, "status-info.length", &[0, 3], Draws::RunsOut, &["S-077"]),
    (LEAVE, Sstp, "status-info.length", &[13, 0xfff], Draws::RunsOut, &["S-078"]),
    (LEAVE, Ncp, "version", &[0x0f, 0x11], Draws::Lost, &["S-070"]),
    (LEAVE, Sstp, "message-type", &[0x0600, 0x8006], Draws::Abort7, &["S-072"]),
    (LEAVE, Sstp, "status-info.id", &[0, 1, 3, 4, 0xff], Draws::Ends, &["S-270"]),
    (LEAVE, Sstp, "status-info.reserved1", &[1, 0x80_0000], Draws::LeaveAck, &["S-068"]),
    (LEAVE, Sstp, "status-info.attrib-id", &[1, 5, 0xff], Draws::Ends, &["S-270"]),
    (LEAVE, Sstp, "status-info.status", &[1, 12, 0xffff_ffff], Draws::Ends, &["S-270"]),
    (ABORT, Sstp, "version", &[0, 0x20], Draws::Lost, &["S-070"]),
    (ABORT, Sstp, "reserved", &[1, 0x7f], Draws::SameAbort, &["S-064"]),
    (ABORT, Sstp, "r", &[15], Draws::SameAbort, &["S-065"]),
    (ABORT, Sstp, "length", &[0, 1, 2, 3], Draws::Dropped, &["S-069"]),
    (ABORT, Sstp, "length", &[4, 6], Draws::RunsOutOfAbort, &["S-071"]),
    (ABORT, Sstp, "length", &[8], Draws::Abort, &["S-075"]),
    (ABORT, Sstp, "length", &[12, 19], Draws::RunsOutOfAbort, &["S-078"]),
    (ABORT, Sstp, "message-type", &[0x0500, 0x8005], Draws::Abort7, &["S-072"]),
    (ABORT, Sstp, "num-attributes", &[0, 2, 0xffff], Draws::Abort, &["S-075", "S-076"]),
    (ABORT, Sstp, "status-info.reserved", &[0xff], Draws::SameAbort, &["S-066"]),
    (ABORT, Sstp, "status-info.r", &[15], Draws::SameAbort, &["S-067"]),
    (ABORT, Sstp, "status-info.length", &[0, 3], Draws::RunsOutOfAbort, &["S-077"]),
    (ABORT, Sstp, "status-info.length", &[13, 0xfff], Draws::RunsOutOfAbort, &["S-078"]),
    (ABORT, Sstp, "status-info.reserved1", &[1, 0x80_0000], Draws::SameAbort, &["S-068"]),
    (ABORT, Sstp, "status-info.id", &[0, 1, 3, 4, 0xff], Draws::Abort, &["S-275"]),
    (RESPONSE, Binding, "version", &[0, 0x20], Draws::Lost, &["S-070"]),
    (RESPONSE, Binding, "reserved", &[1, 0x7f], Draws::Lives, &["S-064"]),
    (RESPONSE, Binding, "r", &[15], Draws::Lives, &["S-065"]),
    (RESPONSE, Binding, "length", &[0, 3], Draws::Dropped, &["S-069"]),
    (RESPONSE, Binding, "length", &[4, 7], Draws::Short, &["S-071"]),
    (RESPONSE, Binding, "num-attributes", &[1, 0xffff], Draws::Abort7, &["S-075"]),
];

pub(super) fn cases() -> Vec<Case> {
    FAMILIES.iter().flat_map(|family| family.3.iter().map(|value| case(family, *value))).collect()
}

fn case(family: &Family, value: u64) -> Case {
    let (message, until, field, _, draws, covers) = *family;
    let short = message.trim_start_matches("sstp.");
    let wire = short.trim_end_matches("-unsealed").replace('-', " ");
    let id = format!("{}/2.2/{short}-{}-{value}", layer(message), field.replace('.', "-"));
    let id = if until == Ncp { format!("{id}-late") } else { id };
    // An honest client would mend its request after a Nak.
    let nth = if message == REQUEST { "*" } else { "1" };
    let (expect, otherwise, says, proved_by) = draws.meaning(value);
    let level = match draws {
        Draws::Ends => Level::Interop,
        Draws::NotAccepted => Level::Derived,
        _ => Level::Must,
    };
    Case {
        id: id.into(),
        title: format!("{wire} with {} {value}: {says}", field.replace('.', " "),).into(),
        why: draws.why().into(),
        spec: SpecRef::sstp("2.2"),
        level,
        covers: covers.to_vec(),
        edits: edits(message, nth, field, value, draws),
        proved_by,
        base: Base { expect, otherwise, only_if: draws.only_if(), ..Base::new(Side::Server, until) },
    }
}

/// Where an echo is to be answered a plain one goes first: a server that answers none says nothing about the bits.
fn edits(message: &str, nth: &str, field: &str, value: u64, draws: Draws) -> Vec<Cow<'static, str>> {
    let set = |carrier: &str| Cow::from(format!("{carrier}#{nth} set {field}={value}"));
    let instead = INSTEAD.iter().find(|row| row.0 == message);
    let mut edits = match instead {
        Some((_, bytes)) => vec![format!("{LEAVE}#1 instead {bytes}").into(), set(LEAVE)],
        None => vec![set(message)],
    };
    if let Draws::Echo = draws {
        edits.extend(super::PLAIN_ECHO_FIRST.map(Cow::from));
    }
    edits
}

fn layer(message: &str) -> &'static str {
    match message {
        CONNECTED | UNSEALED => "binding",
        ECHO | RESPONSE => "data",
        LEAVE | ABORT => "teardown",
        _ => "sstp",
    }
}

impl Draws {
    /// What must be seen, what will do, how it is said, and the proof.
    fn meaning(self, value: u64) -> (Expect, Option<Expect>, &'static str, &'static str) {
        match self {
            Draws::Ack => (ACKED, None, "no difference", "sstp.mutant-minds-reserved"),
            Draws::Bound => (BOUND, None, "no difference", "sstp.mutant-minds-reserved"),
            Draws::Echo => (Expect::Count("sstp.echo-response", 2), None, "no difference", "sstp.mutant-minds-reserved"),
            Draws::LeaveAck => (Expect::Sends("sstp.call-disconnect-ack"), None, "no difference", "sstp.mutant-minds-reserved"),
            Draws::SameAbort => (ABORTED, None, "no difference", "sstp.mutant-no-abort"),
            Draws::Lives => (super::ALIVE, None, "no difference", "sstp.mutant-minds-reserved"),
            Draws::Abort => (ABORTED, Some(ENDED), "Abort", IGNORES),
            Draws::Abort7 => (ABORT_7, Some(REFUSED), "Abort 7", IGNORES),
            Draws::Short | Draws::RunsOut => (CUT_SHORT, Some(REFUSED), "Abort 7, or closed", IGNORES),
            Draws::RunsOutOfAbort => (ENDED_ALONE, Some(ENDED), "Abort, or closed", IGNORES),
            Draws::Miscounted => (MISCOUNTED, Some(REFUSED), "Abort 7, or Nak", IGNORES),
            Draws::Malformed => (MALFORMED, Some(REFUSED), "Abort 7, Nak with status 3, or closed", IGNORES),
            Draws::NotAccepted => (NOT_ACCEPTED, Some(REFUSED), "Nak, or Abort", IGNORES),
            Draws::Unknown => {
                let id = u8::try_from(value).ok();
                (Expect::Status(NAK, id, &[2]), Some(REFUSED), "Nak that names it, status 2", IGNORES)
            }
            Draws::Missing => (Expect::Status(NAK, None, &[10]), Some(REFUSED), "Nak, status 10", IGNORES),
            Draws::NotPpp => (Expect::Status(NAK, Some(1), &[4]), Some(REFUSED), "Nak, attribute 1, status 4", IGNORES),
            Draws::Unbound => (ABORT_CONNECTED, Some(ENDED), "Abort, attribute 2, status 9", IGNORES),
            Draws::Unproved => (ABORT_BINDING, Some(ENDED), "Abort, attribute 3, status 4", IGNORES),
            Draws::Ends => (ENDED, None, "the call ends", IGNORES),
            Draws::Dropped => (DROPPED, Some(ENDED_ALONE), "the connection is dropped without a message", "teardown.mutant-keeps-open"),
            Draws::Lost => {
                let lost = Expect::Any(&[Expect::Sends("closed"), ABORT_7]);
                (lost, None, "the connection is dropped", "teardown.mutant-keeps-open")
            }
        }
    }

    fn only_if(self) -> Option<(Expect, &'static str)> {
        matches!(self, Draws::Echo).then_some(super::ANSWERS_ECHOES)
    }

    fn why(self) -> &'static str {
        match self {
            Draws::Ack | Draws::Bound | Draws::Echo | Draws::LeaveAck | Draws::SameAbort | Draws::Lives => {
                "A later version may use the bits."
            }
            Draws::Lost | Draws::Dropped => "The stream cannot be cut into packets any more.",
            _ => "What is malformed must not be guessed at.",
        }
    }
}
