//! Traffic inside the tunnel.

use super::check::{Check, Evidence, Fix, Look, Need, Severity};
use super::look::{BARE_ENDINGS, unnamed};
use crate::base::{Layer, SpecRef};
use crate::transcript::Reason;
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
        explains: BARE_ENDINGS,
        look: Look::One(ended_in_use),
        ..Check::ROW
    },
];

fn pings_unanswered(facts: &Facts) -> Option<Evidence> {
    let none = facts.pings.iter().all(|seen| seen.it.is_none());
    none.then(|| Evidence::of(facts.pings.iter().map(|seen| seen.event), format!("{} sent, 0 answered", facts.pings.len())))?
}

fn some_pings_lost(facts: &Facts) -> Option<Evidence> {
    let lost: Vec<usize> = facts.pings.iter().filter(|seen| seen.it.is_none()).map(|seen| seen.event).collect();
    let says = format!("{} sent, {} lost", facts.pings.len(), lost.len());
    (lost.len() < facts.pings.len()).then(|| Evidence::of(lost, says))?
}

/// A ping that nobody answers is no end of the call.
fn ended_in_use(facts: &Facts) -> Option<Evidence> {
    let only_pings =
        facts.stop.as_ref().is_some_and(|stop| matches!(stop.reason, Reason::TimedOut { .. })) && pings_unanswered(facts).is_some();
    unnamed(facts, Layer::Data, "DATA-FAILED").filter(|_| !only_pings)
}
