//! TCP connections to the server itself; those to a proxy are looked at by the proxy checks.

use super::check::{Check, Evidence, Fix, Look, Need, Windows};
use super::look::{stop_at, unnamed};
use crate::base::{Layer, SpecRef};
use crate::transcript::ConnectFailure;
use crate::transcript::facts::Facts;

pub(super) const TCP: &[Check] = &[
    Check {
        id: "TCP-REFUSED",
        layer: Layer::Tcp,
        title: "The server refuses the connection",
        means: "Nothing listens on the port, or the service is stopped.",
        fix: Fix {
            admin: "Start the Remote Access and SSTP services; check listener and port. Windows also shows this code when all SSTP ports are taken.",
            user: "Check name and port in the profile, then report it.",
        },
        windows: &[Windows::Hresult(0x8007_04C9), Windows::Hresult(0x8007_274D)],
        verified: true,
        spec: &[SpecRef::rfc(9293, "3.5.2")],
        needs: Need::Began(Layer::Tcp),
        look: Look::One(refused),
        ..Check::ROW
    },
    Check {
        id: "TCP-FILTERED",
        layer: Layer::Tcp,
        title: "The server does not answer on this port",
        means: "Connection requests vanish: a firewall drops them on this network, at the provider, at the edge or on the host.",
        fix: Fix {
            admin: "Open the TCP port inbound (443 for SSTP) and forward it to the right host.",
            user: "Try a mobile hotspot: if it works there, this network blocks the VPN.",
        },
        windows: &[Windows::Ras(809), Windows::Ras(800)],
        verified: true,
        spec: &[SpecRef::rfc(9293, "3.8.1")],
        needs: Need::Began(Layer::Tcp),
        look: Look::One(filtered),
        ..Check::ROW
    },
    Check {
        id: "TCP-ICMP-REJECT",
        layer: Layer::Tcp,
        title: "The network says that the server cannot be reached",
        means: "A router or a firewall rejects the connection, or there is no route to the address.",
        fix: Fix { admin: "Mend the access list or the route on the device that rejects.", user: "Use another network." },
        windows: &[Windows::Hresult(0x8007_2751), Windows::Hresult(0x8007_2743)],
        spec: &[SpecRef::rfc(1122, "3.2.2.1")],
        needs: Need::Began(Layer::Tcp),
        look: Look::One(unreachable),
        ..Check::ROW
    },
    Check {
        id: "TCP-RESET-ON-CONNECT",
        layer: Layer::Tcp,
        title: "The connection is reset as soon as it is made",
        means: "The server or a device in between throws the connection away at once: often an address that is not on an allow list.",
        fix: Fix { admin: "Check allow lists and firewall rules for the client's address.", user: "Use a network that is allowed." },
        spec: &[SpecRef::rfc(9293, "3.5.2")],
        needs: Need::Began(Layer::Tcp),
        whole: true,
        look: Look::One(reset),
        ..Check::ROW
    },
    Check {
        id: "TCP-CONNECT-FAILED",
        layer: Layer::Tcp,
        title: "No TCP connection could be made",
        means: "Every address of the server failed, for a reason that fits no other check.",
        fix: Fix { admin: "Try the addresses one by one from outside.", user: "Use another network." },
        spec: &[SpecRef::rfc(9293, "3.5")],
        needs: Need::Began(Layer::Tcp),
        look: Look::One(failed_otherwise),
        ..Check::ROW
    },
];

fn refused(facts: &Facts) -> Option<Evidence> {
    failed(facts, ConnectFailure::Refused)
}

fn filtered(facts: &Facts) -> Option<Evidence> {
    failed(facts, ConnectFailure::TimedOut)
}

fn unreachable(facts: &Facts) -> Option<Evidence> {
    failed(facts, ConnectFailure::Unreachable)
}

fn reset(facts: &Facts) -> Option<Evidence> {
    failed(facts, ConnectFailure::Reset)
}

fn failed_otherwise(facts: &Facts) -> Option<Evidence> {
    unnamed(facts, Layer::Tcp, "TCP-CONNECT-FAILED").filter(|_| facts.asked.proxy.is_none())
}

/// Every attempt failed, and `kind` is the most telling of the failures.
fn failed(facts: &Facts, kind: ConnectFailure) -> Option<Evidence> {
    let stop = stop_at(facts, Layer::Tcp).filter(|_| facts.asked.proxy.is_none())?;
    let failures = || facts.attempts.iter().filter_map(|seen| Some((seen, seen.it.failure?)));
    let telling = TELLING.into_iter().find(|one| failures().any(|(_, failure)| failure == *one))?;
    if telling != kind {
        return None;
    }
    let shown: Vec<String> = failures().map(|(seen, failure)| format!("{} {} ({})", seen.it.to, words(failure), seen.it.took)).collect();
    Evidence::of(failures().map(|(seen, _)| seen.event).chain([stop.event]), shown.join(", "))
}

/// What happened to an attempt, after the address.
pub(super) fn words(failure: ConnectFailure) -> &'static str {
    match failure {
        ConnectFailure::Refused => "refuses (RST)",
        ConnectFailure::TimedOut => "does not answer",
        ConnectFailure::Reset => "resets the connection",
        ConnectFailure::Unreachable => "is unreachable",
        ConnectFailure::Other => "cannot be connected to",
    }
}

/// When addresses fail differently, an answer of the server tells more than silence, and a missing route least: it is
/// often only that this machine has no IPv6.
const TELLING: [ConnectFailure; 4] =
    [ConnectFailure::Refused, ConnectFailure::Reset, ConnectFailure::TimedOut, ConnectFailure::Unreachable];
