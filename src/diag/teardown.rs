//! How a call ends. MS-SSTP 3.1.5.

use super::check::{Check, Evidence, Fix, Look, Need, Severity};
use super::look::{reason_of, stop_at};
use crate::base::{Layer, Side, SpecRef};
use crate::transcript::facts::{Facts, Stop};
use crate::transcript::{How, Reason};
use crate::wire::sstp::MessageType;

pub(super) const TEARDOWN: &[Check] = &[
    Check {
        id: "TEAR-NO-ACK",
        layer: Layer::Teardown,
        severity: Severity::Warn,
        title: "The server does not acknowledge Call Disconnect",
        means: "It closes or stays silent instead; a client then waits up to five seconds whenever it leaves.",
        fix: Fix { admin: "Update the server.", user: "" },
        spec: &[SpecRef::sstp("3.1.2.2"), SpecRef::sstp("2.2.15")],
        needs: Need::Began(Layer::Teardown),
        whole: true,
        look: Look::One(disconnect_unanswered),
        ..Check::ROW
    },
    Check {
        id: "TEAR-FAILED",
        layer: Layer::Teardown,
        severity: Severity::Warn,
        title: "The call did not end in order",
        means: "Call Disconnect was answered by something else than Call Disconnect Ack.",
        fix: Fix { admin: "Update the server.", user: "" },
        spec: &[SpecRef::sstp("3.1.5")],
        needs: Need::Began(Layer::Teardown),
        look: Look::One(ended_otherwise),
        ..Check::ROW
    },
    Check {
        id: "TEAR-NO-CLOSE-NOTIFY",
        layer: Layer::Teardown,
        severity: Severity::Note,
        title: "The server ends the connection without close_notify",
        means: "TLS wants a farewell before the connection is closed; without it an end cannot be told from a cut.",
        fix: Fix { admin: "Update the server.", user: "" },
        spec: &[SpecRef::rfc(8446, "6.1")],
        needs: Need::Began(Layer::Teardown),
        look: Look::One(no_farewell),
        ..Check::ROW
    },
    Check {
        id: "PROBE-TIME-UP",
        layer: Layer::Teardown,
        title: "The time given to the probe was up",
        means: "The probe ended itself before it was through, on the layer that the evidence names. It says nothing against the server.",
        fix: Fix { admin: "Give the probe more time with --timeout.", user: "Give the probe more time with --timeout." },
        spec: &[SpecRef::sstp("3.2.2")],
        look: Look::One(time_was_up),
        ..Check::ROW
    },
];

/// No rule of the peer: this is about the probe alone.
fn time_was_up(facts: &Facts) -> Option<Evidence> {
    let stop = facts.stop.as_ref().filter(|stop| matches!(stop.reason, Reason::TimeUp { .. }))?;
    Some(Evidence::at(stop.event, format!("{}, during {}", stop.reason, stop.layer.title())))
}

fn disconnect_unanswered(facts: &Facts) -> Option<Evidence> {
    let acked = facts.messages(Side::Server, MessageType::CallDisconnectAck).next().is_some();
    let silent = |stop: &&Stop| matches!(stop.reason, Reason::TimedOut { .. } | Reason::Closed(_));
    stop_at(facts, Layer::Teardown).filter(|stop| !acked && silent(stop)).map(reason_of)
}

fn ended_otherwise(facts: &Facts) -> Option<Evidence> {
    let of_the_server = |stop: &&Stop| !matches!(stop.reason, Reason::ClientLeft(_)) && disconnect_unanswered(facts).is_none();
    stop_at(facts, Layer::Teardown).filter(of_the_server).map(reason_of)
}

fn no_farewell(facts: &Facts) -> Option<Evidence> {
    // Who closes second only answers, and a tap sees both.
    let seen = facts.closed.as_ref().filter(|seen| matches!(seen.it, How::Fin | How::Reset) && seen.by != Some(Side::Client))?;
    Some(Evidence::at(seen.event, seen.it.to_string()))
}
