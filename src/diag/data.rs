//! Traffic inside the tunnel, and the echoes that show that it is alive.

use super::check::{Check, Evidence, Fix, Look, Need, Severity, Windows};
use super::ending::{self, Farewell};
use super::look::{ABORTED, endings_and, reason_of, status, stop_within, timed_out, unnamed};
use crate::base::{Layer, Micros, Side, SpecRef};
use crate::transcript::facts::{Facts, Seen};
use crate::transcript::{How, Reason};
use crate::wire::sstp::MessageType;

pub(super) const DATA: &[Check] = &[
    Check {
        id: "TEAR-REMOTE",
        layer: Layer::Data,
        title: "The server ended the call",
        means: "It sent Call Disconnect, or closed the connection, before this client wanted to leave.",
        fix: Fix { admin: "Read the server's log line of this moment.", user: "Connect again." },
        windows: &[Windows::Ras(629)],
        verified: true,
        spec: &[SpecRef::sstp("2.2.14")],
        explains: LEFT,
        look: Look::One(ended_by_server),
        ..Check::ROW
    },
    Check {
        id: "DATA-PING-UNANSWERED",
        layer: Layer::Data,
        severity: Severity::Warn,
        title: "No ping was answered inside the tunnel",
        means: "The tunnel stands, but the gateway does not answer. A firewall may forbid pings, or packets do not get through.",
        fix: Fix { admin: "Check the firewall and the routes behind the VPN server.", user: "Try to reach a service inside." },
        spec: &[SpecRef::rfc(792, "Echo")],
        needs: Need::Began(Layer::Data),
        look: Look::One(pings_unanswered),
        ..Check::ROW
    },
    Check {
        id: "DATA-DEAD",
        layer: Layer::Data,
        title: "Nothing comes back through the tunnel",
        means: "Everything was negotiated, but neither a ping nor an SSTP echo is answered: the tunnel is dead.",
        fix: Fix { admin: "Check the VPN server and what lies between; restart the SSTP service.", user: "Connect again." },
        windows: &[Windows::Ras(829)],
        spec: &[SpecRef::sstp("3.1.2.3")],
        needs: Need::Began(Layer::Data),
        explains: endings_and!["TEAR-ECHO-LOST", "DATA-PING-UNANSWERED", "DATA-FAILED"],
        look: Look::One(dead),
        ..Check::ROW
    },
    Check {
        id: "TEAR-ECHO-LOST",
        layer: Layer::Data,
        severity: Severity::Warn,
        title: "The server does not answer SSTP Echo Requests",
        means: "A client that hears nothing else for two minutes takes the link for dead and ends it. SoftEther never answers them, \
                which is harmless there. Where one echo was asked for and the call ended in order behind it, this is a note only.",
        fix: Fix {
            admin: "SoftEther: nothing, it never answers and that is harmless there. Otherwise update the server; look for loss and idle limits \
                    on the way.",
            user: "Check Wi-Fi and power saving.",
        },
        windows: &[Windows::Ras(829)],
        verified: true,
        spec: &[SpecRef::sstp("3.1.2.3"), SpecRef::sstp("2.2.16")],
        whole: true,
        harmless: Some(ended_well),
        look: Look::One(echo_unanswered),
        ..Check::ROW
    },
    Check {
        id: "DATA-PING-LOSS",
        layer: Layer::Data,
        severity: Severity::Note,
        title: "Some pings inside the tunnel were lost",
        means: "TCP below does not lose packets, so the server or the network behind it drops them.",
        fix: Fix { admin: "Check the load of the server.", user: "" },
        spec: &[SpecRef::rfc(792, "Echo")],
        needs: Need::Began(Layer::Data),
        look: Look::One(some_pings_lost),
        ..Check::ROW
    },
    Check {
        id: "DATA-FAILED",
        layer: Layer::Data,
        title: "The call ended while the tunnel was in use",
        means: "Everything was negotiated, then the connection went away.",
        fix: Fix { admin: "Read the server's log line of this moment; check time limits and devices in between.", user: "Connect again." },
        spec: &[SpecRef::sstp("3.1.5")],
        needs: Need::Began(Layer::Data),
        explains: ABORTED,
        whole: true,
        look: Look::One(ended_in_use),
        ..Check::ROW
    },
];

fn pings_unanswered(facts: &Facts) -> Option<Evidence> {
    // Whom the user of a tapped call pings is the user's own matter.
    let none = !facts.tapped() && facts.pings.iter().all(|seen| seen.it.is_none());
    none.then(|| Evidence::of(facts.pings.iter().map(|seen| seen.event), format!("{} sent, 0 answered", facts.pings.len())))?
}

fn echo_unanswered(facts: &Facts) -> Option<Evidence> {
    let lost: Vec<usize> = asked(facts, Side::Client).filter(|seen| seen.it.is_none()).map(|seen| seen.event).collect();
    let sent = asked(facts, Side::Client).count();
    let answered = sent - lost.len();
    let waited = timed_out(facts, Layer::Data).filter(|_| pinged(facts));
    let says =
        waited.map_or_else(|| format!("{sent} sent, {answered} answered"), |stop| format!("a ping was answered, but {}", stop.reason));
    (answered == 0 || waited.is_some()).then(|| Evidence::of(lost.into_iter().chain(waited.map(|stop| stop.event)), says))?
}

/// One echo alone is missing, and the call ended in order behind it: the server was alive and in its right mind.
fn ended_well(facts: &Facts) -> bool {
    let acknowledged = facts.messages(Side::Server, MessageType::CallDisconnectAck).next();
    let lost: Vec<_> = asked(facts, Side::Client).filter(|seen| seen.it.is_none()).collect();
    let behind = acknowledged.is_some_and(|ack| lost.iter().all(|seen| seen.event < ack.event || seen.at <= ack.at));
    facts.stop.is_none() && lost.len() == 1 && behind
}

/// A ping came back.
fn pinged(facts: &Facts) -> bool {
    facts.pings.iter().any(|seen| seen.it.is_some())
}

/// An echo came back.
fn echoed(facts: &Facts) -> bool {
    asked(facts, Side::Client).any(|seen| seen.it.is_some())
}

/// The SSTP Echo Requests of one side; what nobody is named for was sent by the probe.
pub(super) fn asked(facts: &Facts, by: Side) -> impl Iterator<Item = &Seen<Option<Micros>>> {
    facts.echoes.iter().filter(move |seen| seen.by.unwrap_or(Side::Client) == by)
}

fn some_pings_lost(facts: &Facts) -> Option<Evidence> {
    let lost: Vec<usize> = facts.pings.iter().filter(|seen| seen.it.is_none()).map(|seen| seen.event).collect();
    let says = format!("{} sent, {} lost", facts.pings.len(), lost.len());
    (!facts.tapped() && lost.len() < facts.pings.len()).then(|| Evidence::of(lost, says))?
}

fn dead(facts: &Facts) -> Option<Evidence> {
    timed_out(facts, Layer::Data).filter(|_| !pinged(facts) && !echoed(facts)).map(reason_of)
}

fn ended_by_server(facts: &Facts) -> Option<Evidence> {
    if facts.tapped() {
        return left_first(facts);
    }
    let stop = stop_within(facts, Layer::Lcp..=Layer::Data)?;
    let ours = facts.messages(Side::Client, MessageType::CallDisconnect).next();
    let theirs = facts.messages(Side::Server, MessageType::CallDisconnect).next().filter(|theirs| theirs.event < stop.event);
    match theirs.filter(|theirs| ours.is_none_or(|ours| theirs.event < ours.event)) {
        Some(theirs) => {
            let status = theirs.it.status_info().map(|info| format!(" with status {}", status(info.1)));
            Some(Evidence::at(theirs.event, format!("Call Disconnect from the server{}", status.unwrap_or_default())))
        }
        None => matches!(stop.reason, Reason::Closed(How::CloseNotify | How::Fin | How::Reset)).then(|| reason_of(stop)),
    }
}

/// Of both ends that a tap saw the server was the first to leave; its Abort has rows of its own.
fn left_first(facts: &Facts) -> Option<Evidence> {
    let first = ending::first(facts).filter(|leave| leave.by == Side::Server && leave.how != Farewell::Abort)?;
    // What the client said before may be missing; else a message of the server's own says itself who left.
    let unheard = facts.gaps.iter().any(|gap| gap.by == Some(Side::Client));
    if facts.is_holed() && (unheard || matches!(first.how, Farewell::Close(_))) {
        return None;
    }
    let in_call = facts.layer(Layer::Lcp).is_some_and(|entry| entry.began.is_some() || entry.event.is_some());
    in_call.then(|| Evidence::at(first.event, first.to_string()))
}

fn ended_in_use(facts: &Facts) -> Option<Evidence> {
    // A wait that ended without an answer to the ping or to the echo is a warning, not a failure, when the other was answered.
    let half_alive = timed_out(facts, Layer::Data).is_some() && (pinged(facts) || echoed(facts) && !facts.pings.is_empty());
    unnamed(facts, Layer::Data, "DATA-FAILED").filter(|_| !half_alive)
}

/// What else is seen when a server leaves while the tunnel is in use.
const LEFT: &[&str] =
    &["DATA-FAILED", "SSTP-ABORT-STATUS7", "SSTP-ABORT-NO-STATUS", "SSTP-ABORT-STATUS", "SSTP-RETRY-EXCEEDED", "SSTP-UNEXPECTED-MESSAGE"];
