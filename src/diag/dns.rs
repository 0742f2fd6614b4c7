//! Names and addresses.

use super::check::{Check, Evidence, Fix, Look, Need, Severity, Windows};
use super::look::{stop_at, unnamed};
use super::other_node;
use crate::base::{Layer, SpecRef};
use crate::transcript::facts::{Attempt, Facts, Seen};
use crate::transcript::{ConnectFailure, DnsFailure, OtherLeaf};
use std::net::IpAddr;
use std::net::SocketAddr;

pub(super) const DNS: &[Check] = &[
    Check {
        id: "DNS-NXDOMAIN",
        layer: Layer::Dns,
        title: "The server's name does not exist",
        means: "The resolver says that there is no such name: it is mistyped, was deleted, or was never published outside.",
        fix: Fix {
            admin: "Publish an A or AAAA record in the public zone and check its delegation.",
            user: "Check the spelling of the server name in the VPN profile; try another network.",
        },
        windows: &[Windows::Ras(868), Windows::Hresult(0x8007_2AF9)],
        spec: &[SpecRef::rfc(1035, "4.1.1")],
        needs: Need::Began(Layer::Dns),
        look: Look::One(name_unknown),
        ..Check::ROW
    },
    Check {
        id: "DNS-NODATA",
        layer: Layer::Dns,
        title: "The name has no address of the wanted kind",
        means: "The name exists but has no IPv4 or IPv6 address, or only one of the other family.",
        fix: Fix { admin: "Add the missing A or AAAA record.", user: "Use a network that has both IPv4 and IPv6." },
        windows: &[Windows::Hresult(0x8007_2AFC)],
        spec: &[SpecRef::rfc(2308, "2.2")],
        needs: Need::Began(Layer::Dns),
        look: Look::One(no_address),
        ..Check::ROW
    },
    Check {
        id: "DNS-SERVFAIL",
        layer: Layer::Dns,
        title: "The resolver failed",
        means: "The resolver could not answer: broken DNSSEC, a wrong delegation, or a dead forwarder.",
        fix: Fix { admin: "Check DNSSEC and the delegation of the zone.", user: "Use another DNS resolver or another network." },
        windows: &[Windows::Hresult(0x8007_2AFA), Windows::Ras(868)],
        spec: &[SpecRef::rfc(1035, "4.1.1")],
        needs: Need::Began(Layer::Dns),
        look: Look::One(resolver_failed),
        ..Check::ROW
    },
    Check {
        id: "DNS-TIMEOUT",
        layer: Layer::Dns,
        title: "The resolver does not answer",
        means: "No answer came in time: the resolver cannot be reached or DNS is filtered on this network.",
        fix: Fix {
            admin: "Check that the resolver can be reached from the guest networks.",
            user: "Reconnect to the network or use another one.",
        },
        windows: &[Windows::Ras(868), Windows::Hresult(0x8007_2EE7)],
        needs: Need::Began(Layer::Dns),
        look: Look::One(resolver_silent),
        ..Check::ROW
    },
    Check {
        id: "DNS-SPLIT-HORIZON",
        layer: Layer::Dns,
        severity: Severity::Warn,
        title: "The name leads to a private address that does not answer",
        means: "Every address of the name is private, which works from inside only. The outside view of the zone may be wrong, \
                or another VPN answers the name.",
        fix: Fix {
            admin: "Align the inside and outside views of the zone, or use a name that exists only outside.",
            user: "Disconnect from the office network and from other VPNs, then dial again.",
        },
        windows: &[Windows::Ras(809), Windows::Ras(800)],
        spec: &[SpecRef::rfc(1918, "3")],
        needs: Need::Began(Layer::Tcp),
        look: Look::One(private_and_dead),
        ..Check::ROW
    },
    Check {
        id: "DNS-AAAA-DEAD",
        layer: Layer::Dns,
        severity: Severity::Warn,
        title: "The IPv6 address is published but does not answer",
        means: "IPv4 connects, IPv6 does not. Clients that prefer IPv6 wait long or fail.",
        fix: Fix {
            admin: "Mend the IPv6 listener or firewall, or withdraw the AAAA record.",
            user: "Use an IPv4 network for the time being.",
        },
        windows: &[Windows::Ras(809)],
        spec: &[SpecRef::rfc(8305, "1")],
        needs: Need::Began(Layer::Tcp),
        look: Look::One(ipv6_dead),
        ..Check::ROW
    },
    Check {
        id: "DNS-MULTI-A-PARTIAL",
        layer: Layer::Dns,
        severity: Severity::Warn,
        title: "The addresses of the name do not all serve the same",
        means: "One of several addresses is dead or shows another certificate, or another chain, which is judged like that of the call; the same user \
                succeeds and fails by chance.",
        fix: Fix { admin: "Remove or mend the bad node; let the balancer check the SSTP URI and not only the port.", user: "Try again." },
        needs: Need::Began(Layer::Tcp),
        whole: true,
        look: Look::One(nodes_disagree),
        ..Check::ROW
    },
    Check {
        id: "DNS-FAILED",
        layer: Layer::Dns,
        title: "The name could not be resolved",
        means: "The resolver gave no address, for a reason that fits no other check.",
        fix: Fix { admin: "Ask the zone's name servers directly and compare.", user: "Use another DNS resolver or another network." },
        windows: &[Windows::Ras(868)],
        needs: Need::Began(Layer::Dns),
        look: Look::One(unresolved_otherwise),
        ..Check::ROW
    },
];

fn name_unknown(facts: &Facts) -> Option<Evidence> {
    unresolved(facts, DnsFailure::NxDomain)
}

fn no_address(facts: &Facts) -> Option<Evidence> {
    unresolved(facts, DnsFailure::NoData)
}

fn resolver_failed(facts: &Facts) -> Option<Evidence> {
    unresolved(facts, DnsFailure::TryAgain)
}

fn resolver_silent(facts: &Facts) -> Option<Evidence> {
    unresolved(facts, DnsFailure::TimedOut)
}

/// Only the server's own name counts here; a proxy's name is looked at by the proxy checks.
fn unresolved(facts: &Facts, kind: DnsFailure) -> Option<Evidence> {
    let seen = facts.unresolved.as_ref().filter(|seen| seen.it.1 == kind && facts.asked.proxy.is_none())?;
    let stop = stop_at(facts, Layer::Dns)?;
    Evidence::of([seen.event, stop.event], format!("{}: {}", seen.it.0, stop.reason))
}

fn private_and_dead(facts: &Facts) -> Option<Evidence> {
    let stop = stop_at(facts, Layer::Tcp).filter(|_| facts.asked.proxy.is_none())?;
    let seen = facts.resolved.last()?;
    let (name, addresses) = &seen.it;
    let shown: Vec<String> = addresses.iter().map(ToString::to_string).collect();
    let inside = !addresses.is_empty() && addresses.iter().all(private);
    inside.then(|| Evidence::of([seen.event, stop.event], format!("{name} is {}, and {}", shown.join(", "), stop.reason)))?
}

/// RFC 1918 and RFC 4193.
fn private(address: &IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_private(),
        IpAddr::V6(v6) => v6.is_unique_local(),
    }
}

fn ipv6_dead(facts: &Facts) -> Option<Evidence> {
    let (v6, v4): (Vec<_>, Vec<_>) = facts.attempts.iter().partition(|seen| seen.it.to.is_ipv6());
    // A machine without IPv6 says "unreachable" at once, and that is not the server's doing.
    let server_side = |seen: &&Seen<Attempt>| seen.it.failure.is_some_and(|failure| failure != ConnectFailure::Unreachable);
    let dead = !v6.is_empty() && v6.iter().all(server_side) && v4.iter().any(|seen| seen.it.failure.is_none());
    dead.then(|| Evidence::of(v6.iter().map(|seen| seen.event), format!("IPv4 connects, {}", failures(&v6))))?
}

fn nodes_disagree(facts: &Facts) -> Option<Evidence> {
    let views = [dead_nodes(facts), other_certificates(facts), other_chains(facts)];
    views.into_iter().flatten().reduce(Evidence::beside)
}

/// Addresses of a family of which another one connected.
fn dead_nodes(facts: &Facts) -> Option<Evidence> {
    let works = |dead: &SocketAddr| {
        let other = |to: &SocketAddr| to != dead && to.is_ipv6() == dead.is_ipv6();
        facts.attempts.iter().any(|seen| seen.it.failure.is_none() && other(&seen.it.to))
    };
    let dead: Vec<_> = facts.attempts.iter().filter(|seen| seen.it.failure.is_some() && works(&seen.it.to)).collect();
    Evidence::of(dead.iter().map(|seen| seen.event), format!("others connect, {}", failures(&dead)))
}

/// Addresses of one family that show different leaves; between the families `CERT-V4-V6-DIFFER` says so.
fn other_certificates(facts: &Facts) -> Option<Evidence> {
    let (chosen, leaf) = (facts.chosen?, facts.leaf()?);
    let of_family = |v6: bool| facts.other_leaves.iter().filter(move |seen| seen.it.from.is_ipv6() == v6);
    // What counts in the other family is the leaf of the call, where a node there shows it, else that of its first node.
    let has_it = of_family(!chosen.is_ipv6()).any(|seen| seen.it.sha256 == leaf.sha256);
    let first = of_family(!chosen.is_ipv6()).next().filter(|_| !has_it);
    let (by, of) = first.map_or((chosen, &leaf.sha256), |seen| (seen.it.from, &seen.it.sha256));
    let here = of_family(chosen.is_ipv6()).filter(|seen| seen.it.sha256 != leaf.sha256).map(|seen| (chosen, &leaf.sha256, seen));
    let there = of_family(!chosen.is_ipv6()).filter(|seen| seen.it.sha256 != *of).map(|seen| (by, of, seen));
    let rows: Vec<_> = here.chain(there).collect();
    let (by, of, _) = *rows.first()?;
    let others: Vec<&Seen<OtherLeaf>> = rows.iter().map(|row| row.2).collect();
    let shown: Vec<String> = others.iter().map(|seen| format!("{} shows the leaf with SHA-256 {}", seen.it.from, seen.it.sha256)).collect();
    let says = format!("{by} shows the leaf with SHA-256 {of}, {}", shown.join(", "));
    let judged: Vec<String> = others.iter().map(|seen| other_node::judgement(facts, &seen.it)).filter(|says| !says.is_empty()).collect();
    Some(Evidence::of(others.iter().map(|seen| seen.event), says)?.and(&judged.join("; ")))
}

/// Addresses that show the leaf of the call with another chain, which is refused where that of the call is not.
fn other_chains(facts: &Facts) -> Option<Evidence> {
    let leaf = facts.leaf().filter(|_| other_node::is_trusted(facts))?;
    let refused = |seen: &&Seen<OtherLeaf>| seen.it.sha256 == leaf.sha256 && other_node::refusal(&seen.it).is_some();
    let rows: Vec<_> = facts.other_leaves.iter().filter(refused).collect();
    let says: Vec<String> = rows.iter().map(|seen| other_node::judgement(facts, &seen.it)).collect();
    Evidence::of(rows.iter().map(|seen| seen.event), format!("the same leaf with another chain; {}", says.join("; ")))
}

fn failures(attempts: &[&Seen<Attempt>]) -> String {
    let shown = |seen: &&Seen<Attempt>| Some(format!("{} {}", seen.it.to, super::tcp::words(seen.it.failure?)));
    attempts.iter().filter_map(shown).collect::<Vec<_>>().join(", ")
}

fn unresolved_otherwise(facts: &Facts) -> Option<Evidence> {
    unnamed(facts, Layer::Dns, "DNS-FAILED").filter(|_| facts.asked.proxy.is_none())
}
