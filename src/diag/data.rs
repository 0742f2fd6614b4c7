//! Traffic inside the tunnel, and the echoes that show that it is alive.

use super::check::{Check, Evidence, Fix, Look, Need, Severity, Windows};
use super::look::{ABORTED, endings_and, reason_of, timed_out, unnamed};
use crate::base::{Layer, SpecRef};
use crate::transcript::facts::Facts;

pub(super) const DATA: &[Check] = &[
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
        means: "A client that hears nothing else for two minutes takes the link for dead and ends it.",
        fix: Fix { admin: "Update the server; look for loss and idle limits on the way.", user: "Check Wi-Fi and power saving." },
        windows: &[Windows::Ras(829)],
        verified: true,
        spec: &[SpecRef::sstp("3.1.2.3"), SpecRef::sstp("2.2.16")],
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
        look: Look::One(ended_in_use),
        ..Check::ROW
    },
];

fn pings_unanswered(facts: &Facts) -> Option<Evidence> {
    let none = facts.pings.iter().all(|seen| seen.it.is_none());
    none.then(|| Evidence::of(facts.pings.iter().map(|seen| seen.event), format!("{} sent, 0 answered", facts.pings.len())))?
}

fn echo_unanswered(facts: &Facts) -> Option<Evidence> {
    let none = facts.echoes.iter().all(|seen| seen.it.is_none());
    none.then(|| Evidence::of(facts.echoes.iter().map(|seen| seen.event), format!("{} sent, 0 answered", facts.echoes.len())))?
}

fn some_pings_lost(facts: &Facts) -> Option<Evidence> {
    let lost: Vec<usize> = facts.pings.iter().filter(|seen| seen.it.is_none()).map(|seen| seen.event).collect();
    let says = format!("{} sent, {} lost", facts.pings.len(), lost.len());
    (lost.len() < facts.pings.len()).then(|| Evidence::of(lost, says))?
}

fn dead(facts: &Facts) -> Option<Evidence> {
    timed_out(facts, Layer::Data).map(reason_of)
}

fn ended_in_use(facts: &Facts) -> Option<Evidence> {
    unnamed(facts, Layer::Data, "DATA-FAILED")
}
