//! Every field of every message that a server sends, with every kind of wrong value. MS-SSTP 2.2, 3.2.5.3.1.

use super::{ABORT, ABORT_7, CUT_SHORT, DROPPED, ENDED, GOES_ON, LINKED, LOST};
use crate::base::Layer::{self, Binding, Lcp, Ncp, Sstp};
use crate::base::{Side, SpecRef};
use crate::jobs::conformance::case::{Base, Case, Level};
use crate::jobs::conformance::expect::Expect;
use crate::proto::plan::ServerConfig;

/// What a value draws.
#[derive(Clone, Copy)]
enum Draws {
    /// It makes no difference.
    Nothing,
    /// Malformed: Call Abort; ending the call otherwise is for the wrong reason.
    Abort,
    /// Of an unknown type: Abort 7.
    Abort7,
    /// Too short for its own header: Abort 7 or closed.
    Short,
    /// The same where any Abort will do, since a sound message draws it too.
    ShortAbort,
    /// The specification has no rule for it; what becomes of the call is told.
    Ends,
    /// Another version: closed or Abort 7.
    Lost,
    /// A length that is none: closed without a message.
    Dropped,
}

/// A message and how our end comes to send it.
#[derive(Clone, Copy)]
struct Sent {
    name: &'static str,
    until: Layer,
    /// The message in whose place it goes out, and its bytes; nothing for what an honest server sends anyhow.
    instead: Option<(&'static str, &'static str)>,
    policy: fn(&mut ServerConfig),
    /// What an honest client does with it, and the mutant that does not.
    honest: (Expect, &'static str),
    layer: &'static str,
}

const fn sent(name: &'static str, until: Layer, layer: &'static str, honest: (Expect, &'static str)) -> Sent {
    Sent { name, until, instead: None, policy: |_| {}, honest, layer }
}

const ACK: Sent = sent("sstp.call-connect-ack", Lcp, "sstp", (GOES_ON, "client.minds-reserved"));
const NAK: Sent = Sent {
    policy: |server| server.naks_first = 1,
    ..sent(
        "sstp.call-connect-nak",
        Lcp,
        "sstp",
        (Expect::Any(&[Expect::Sends("sstp.call-connect-request"), ABORT]), "client.minds-reserved-silently"),
    )
};
const LINK: Sent = sent("lcp.configure-request", Lcp, "lcp", (LINKED, "client.no-lcp-replies"));
const LEAVE: Sent = Sent {
    instead: None,
    ..sent("sstp.call-disconnect", Sstp, "teardown", (Expect::Sends("sstp.call-disconnect-ack"), "client.minds-reserved-silently"))
};
const ABORTS: Sent = Sent {
    instead: Some(("sstp.call-disconnect", "10010014000500010002000c0000000200000005")),
    ..sent("sstp.call-abort", Sstp, "teardown", (ABORT, "client.minds-reserved-silently"))
};
const ECHO: Sent = Sent {
    instead: Some(("sstp.call-disconnect", "1001000800080000")),
    ..sent("sstp.echo-request", Binding, "data", (Expect::Sends("sstp.echo-response"), "client.minds-reserved"))
};
const RESPONSE: Sent = Sent {
    // The Echo Request behind it shows that the call lives.
    instead: Some(("sstp.call-disconnect", "10010008000900001001000800080000")),
    ..sent("sstp.echo-response", Binding, "data", (Expect::Sends("sstp.echo-response"), "client.minds-reserved"))
};
const LATE: Sent = Sent { until: Ncp, ..LEAVE };

/// Message, field, values, what they draw, covered requirements.
type Family = (Sent, &'static str, &'static [u64], Draws, &'static str);

const FAMILIES: &[Family] = &[
    (ACK, "version", &[0, 1, 0x0f, 0x11, 0x1f, 0x30, 0xff], Draws::Lost, "C-053"),
    (ACK, "reserved", &[1, 0x40, 0x7f], Draws::Nothing, "C-047"),
    (ACK, "r", &[1, 8], Draws::Nothing, "C-048"),
    (ACK, "length", &[0, 1, 2, 3], Draws::Dropped, "C-052"),
    (ACK, "length", &[4, 5, 6, 7], Draws::Short, "C-054"),
    (ACK, "length", &[8, 9, 11, 12, 44, 47, 49, 52], Draws::Abort, "C-056"),
    (ACK, "num-attributes", &[0, 2, 3, 0xff, 0xffff], Draws::Abort, "C-056"),
    (ACK, "message-type", &[0x0100, 0x0200, 0x8002], Draws::Abort7, "C-055"),
    (ACK, "crypto-binding-request.reserved", &[1, 0x80], Draws::Nothing, "C-049"),
    (ACK, "crypto-binding-request.r", &[1, 8], Draws::Nothing, "C-050"),
    (ACK, "crypto-binding-request.id", &[0, 1, 2, 3, 5, 0x80, 0xff], Draws::Abort, "C-066"),
    (ACK, "crypto-binding-request.length", &[0, 1, 3, 4, 5, 36, 39, 41, 44, 0xfff], Draws::Abort, "C-056 C-072"),
    (ACK, "crypto-binding-request.reserved1", &[1, 0x80_0000], Draws::Nothing, "C-051"),
    (ACK, "crypto-binding-request.hash-protocol-bitmask", &[8, 0x10, 0x20, 0x40, 0x80, 0xf8, 0xfc], Draws::Abort, "C-068"),
    (NAK, "version", &[0, 0x20], Draws::Lost, "C-053"),
    (NAK, "reserved", &[1, 0x7f], Draws::Nothing, "C-047"),
    (NAK, "r", &[15], Draws::Nothing, "C-048"),
    (NAK, "length", &[0, 3], Draws::Dropped, "C-052"),
    (NAK, "length", &[4, 7], Draws::Short, "C-054"),
    (NAK, "length", &[8, 12, 21], Draws::Abort, "C-056"),
    (NAK, "num-attributes", &[2, 0xffff], Draws::Abort, "C-056"),
    (NAK, "status-info.reserved", &[0xff], Draws::Nothing, "C-049"),
    (NAK, "status-info.r", &[15], Draws::Nothing, "C-050"),
    (NAK, "status-info.length", &[0, 3, 15, 0xfff], Draws::Abort, "C-056"),
    (LINK, "version", &[0, 0x20], Draws::Lost, "C-053"),
    (LINK, "reserved", &[1, 0x7f], Draws::Nothing, "C-047"),
    (LINK, "r", &[1, 15], Draws::Nothing, "C-048"),
    (LINK, "length", &[0, 1, 2, 3], Draws::Dropped, "C-052"),
    (ABORTS, "version", &[0, 0x20], Draws::Lost, "C-053"),
    (ABORTS, "reserved", &[1, 0x7f], Draws::Nothing, "C-047"),
    (ABORTS, "r", &[15], Draws::Nothing, "C-048"),
    (ABORTS, "length", &[4, 6], Draws::ShortAbort, "C-054"),
    (ABORTS, "length", &[8, 12, 19], Draws::Abort, "C-056"),
    (ABORTS, "num-attributes", &[2, 0xffff], Draws::Abort, "C-056"),
    (ABORTS, "status-info.reserved", &[0xff], Draws::Nothing, "C-049"),
    (ABORTS, "status-info.length", &[0, 3, 13, 0xfff], Draws::Abort, "C-056"),
    (LEAVE, "version", &[0, 0x20], Draws::Lost, "C-053"),
    (LEAVE, "reserved", &[1, 0x7f], Draws::Nothing, "C-047"),
    (LEAVE, "r", &[15], Draws::Nothing, "C-048"),
    (LEAVE, "length", &[4, 6], Draws::Short, "C-054"),
    (LEAVE, "length", &[8, 12, 19], Draws::Abort, "C-056"),
    (LEAVE, "status-info.length", &[0, 3, 13, 0xfff], Draws::Abort, "C-056"),
    (ECHO, "version", &[0, 0x20], Draws::Lost, "C-053"),
    (ECHO, "reserved", &[1, 0x7f], Draws::Nothing, "C-047"),
    (ECHO, "length", &[4, 5, 6, 7], Draws::Short, "C-054"),
    (ECHO, "num-attributes", &[1, 0xffff], Draws::Abort, "C-056"),
    (LATE, "reserved", &[0x55], Draws::Nothing, "C-047"),
    (NAK, "message-type", &[0x0300, 0x8003], Draws::Abort7, "C-055"),
    (NAK, "status-info.reserved1", &[1, 0x80_0000], Draws::Nothing, "C-051"),
    (ABORTS, "length", &[0, 1, 2, 3], Draws::Dropped, "C-052"),
    (ABORTS, "message-type", &[0x0500, 0x8005], Draws::Abort7, "C-055"),
    (ABORTS, "status-info.r", &[15], Draws::Nothing, "C-050"),
    (ABORTS, "status-info.reserved1", &[1, 0x80_0000], Draws::Nothing, "C-051"),
    (ABORTS, "status-info.id", &[0, 1, 3, 4, 0xff], Draws::Abort, "C-175"),
    (LEAVE, "length", &[0, 1, 2, 3], Draws::Dropped, "C-052"),
    (LEAVE, "num-attributes", &[2, 3, 0xffff], Draws::Abort, "C-056"),
    (LEAVE, "message-type", &[0x0600, 0x8006], Draws::Abort7, "C-055"),
    (LEAVE, "status-info.reserved", &[0xff], Draws::Nothing, "C-049"),
    (LEAVE, "status-info.r", &[15], Draws::Nothing, "C-050"),
    (LEAVE, "status-info.reserved1", &[1, 0x80_0000], Draws::Nothing, "C-051"),
    (LEAVE, "status-info.id", &[0, 1, 3, 4, 0xff], Draws::Ends, "C-173"),
    (ECHO, "r", &[15], Draws::Nothing, "C-048"),
    (ECHO, "length", &[0, 1, 2, 3], Draws::Dropped, "C-052"),
    (ECHO, "message-type", &[0x0800, 0x8008], Draws::Abort7, "C-055"),
    (RESPONSE, "version", &[0, 0x20], Draws::Lost, "C-053"),
    (RESPONSE, "reserved", &[1, 0x7f], Draws::Nothing, "C-047"),
    (RESPONSE, "r", &[15], Draws::Nothing, "C-048"),
    (RESPONSE, "length", &[0, 1, 2, 3], Draws::Dropped, "C-052"),
    (RESPONSE, "length", &[4, 5, 6, 7], Draws::Short, "C-054"),
    (RESPONSE, "num-attributes", &[1, 0xffff], Draws::Abort, "C-056"),
];

pub(super) fn cases() -> Vec<Case> {
    FAMILIES.iter().flat_map(|family| family.2.iter().map(|value| case(family, *value))).collect()
}

fn case(family: &Family, value: u64) -> Case {
    let (sent, field, _, draws, covers) = *family;
    let short = sent.name.trim_start_matches("sstp.").replace('.', "-");
    let late = if sent.until == Ncp { "-late" } else { "" };
    let (expect, otherwise, says, proved_by) = draws.meaning(&sent);
    let (carrier, first) = match sent.instead {
        Some((carrier, bytes)) => (carrier, Some(format!("{carrier}#1 instead {bytes}"))),
        None => (sent.name, None),
    };
    let edits = first.into_iter().chain([format!("{carrier}#1 set {field}={value}"), "sstp.call-abort#* drop".to_string()]);
    Case {
        id: format!("{}/3.2.5.3.1/{short}-{}-{value}{late}", sent.layer, field.replace('.', "-")).into(),
        title: format!("{} with {} {value}: {says}", short.replace('-', " "), field.replace(['.', '-'], " ")).into(),
        why: draws.why().into(),
        spec: SpecRef::sstp("3.2.5.3.1"),
        level: if matches!(draws, Draws::Ends) { Level::Interop } else { Level::Must },
        covers: covers.split(' ').collect(),
        edits: edits.map(Into::into).collect(),
        proved_by,
        base: Base { expect, otherwise, policy: sent.policy, ..Base::new(Side::Client, sent.until) },
    }
}

impl Draws {
    /// What must be seen, what will do, how it is said, and the proof.
    fn meaning(self, sent: &Sent) -> (Expect, Option<Expect>, &'static str, &'static str) {
        match self {
            Draws::Nothing => (sent.honest.0, None, "no difference", sent.honest.1),
            Draws::Abort => (ABORT, Some(ENDED), "Abort", "client.takes-everything"),
            Draws::Abort7 => (ABORT_7, Some(ENDED), "Abort 7", "client.takes-everything"),
            Draws::Short => (CUT_SHORT, Some(ENDED), "Abort 7 or closed", "client.takes-everything"),
            Draws::ShortAbort => {
                (Expect::Any(&[ABORT, Expect::Sends("closed")]), Some(ENDED), "Abort or closed", "client.takes-everything")
            }
            Draws::Ends => (ENDED, None, "the call ends", "client.takes-everything"),
            Draws::Lost => (LOST, Some(ENDED), "the connection is dropped", "client.keeps-open"),
            Draws::Dropped => (DROPPED, Some(ENDED), "the connection is dropped without a message", "client.keeps-open"),
        }
    }

    fn why(self) -> &'static str {
        match self {
            Draws::Nothing => "A later version may use the bits.",
            Draws::Lost | Draws::Dropped => "The stream cannot be cut into packets any more.",
            _ => "What is malformed must not be guessed at.",
        }
    }
}
