//! What only several calls together show.

use super::auth_refused::user;
use super::check::{Check, Evidence, Fix, Look, Need, Severity, Windows};
use super::ending::{Farewell, Leave, first, tunnel_stood};
use super::tap_tcp::lost;
use crate::base::{Layer, Micros, Side, SpecRef};
use crate::transcript::How;
use crate::transcript::facts::Facts;
use std::net::SocketAddr;

pub(super) const TAP_ACROSS: &[Check] = &[
    Check {
        id: "TEAR-DUPLICATE-SESSION",
        layer: Layer::Data,
        title: "A second login of the same user threw out the first",
        means: "The server ended this call in the moment in which the same user logged in again: it allows one session a user and lets the newer replace \
                the older.",
        fix: Fix {
            admin: "Allow more sessions, or deny the second instead (accel-ppp: single-session; SoftEther: the user's policy; RouterOS: only-one in the \
                    profile; NPS: simultaneous use in the RADIUS back end).",
            user: "Log out on the other device, or stop a client that dials by itself.",
        },
        windows: &[Windows::Ras(756), Windows::Ras(629)],
        spec: &[SpecRef::sstp("2.2.14")],
        needs: Need::Tap,
        explains: super::look::endings_and!["DATA-FAILED", "TEAR-CLIENT-ECHO-LOST", "TEAR-HELLO-EXPIRED"],
        look: Look::Across(replaced),
        ..Check::ROW
    },
    Check {
        id: "TEAR-LIFETIME-CAP",
        layer: Layer::Data,
        severity: Severity::Warn,
        title: "Calls end at the same age",
        means: "Three or more calls were ended by the other side or by the path at the same age, whatever they carried: a lifetime limit of a proxy, a \
                balancer, a policy or RADIUS (Session-Timeout).",
        fix: Fix {
            admin: "Look for that number in Session-Timeout, the session limit of the policy, and the timeouts of what stands in front.",
            user: "",
        },
        windows: &[Windows::Ras(629)],
        spec: &[SpecRef::rfc(2865, "5.27")],
        needs: Need::Tap,
        look: Look::Across(same_age),
        ..Check::ROW
    },
    Check {
        id: "DATA-BYTE-CAP",
        layer: Layer::Data,
        severity: Severity::Warn,
        title: "Calls freeze after the same number of bytes",
        means: "Three or more calls lost their path after nearly the same number of bytes from the server: a device on the way freezes connections by \
                volume, as some national filters do.",
        fix: Fix { admin: "Give this capture to the operator of the network.", user: "Use another network." },
        spec: &[SpecRef::rfc(9293, "3.8")],
        needs: Need::Tap,
        look: Look::Across(same_volume),
        ..Check::ROW
    },
    Check {
        id: "TEAR-LB-FAILOVER",
        layer: Layer::Data,
        severity: Severity::Warn,
        title: "Many calls ended in the same moment",
        means: "Three or more calls to this server were reset or lost within two seconds: the server or the balancer in front of it restarted, or a \
                balancer failed over without its connection table.",
        fix: Fix { admin: "Drain before maintenance; mirror the connection table between the nodes.", user: "Connect again." },
        windows: &[Windows::Ras(829)],
        spec: &[SpecRef::rfc(9293, "3.5.2")],
        needs: Need::Tap,
        look: Look::Across(all_at_once),
        ..Check::ROW
    },
    Check {
        id: "TEAR-ROAM",
        layer: Layer::Data,
        severity: Severity::Note,
        title: "The user came back from another address",
        means: "This call lost its path, and shortly after the same user logged in from another address: the client changed its network, and TCP cannot \
                follow.",
        fix: Fix { admin: "Where that is usual use IKEv2 with MOBIKE beside SSTP.", user: "Let the client reconnect by itself." },
        windows: &[Windows::Ras(807)],
        spec: &[SpecRef::rfc(9293, "3.3.1")],
        needs: Need::Tap,
        look: Look::Across(came_back),
        ..Check::ROW
    },
];

fn replaced(facts: &Facts, all: &[Facts]) -> Option<Evidence> {
    let left = ended(facts).filter(|leave| leave.by == Side::Server)?;
    let me = user(facts)?;
    let left_at = moment(facts, left.at);
    let newer = others(facts, all).find(|other| {
        let login = other.layer(Layer::Auth).filter(|_| other.reached(Layer::Auth)).and_then(|entry| entry.at);
        let near = login.is_some_and(|at| (moment(other, at) - TOGETHER..=moment(other, at) + TOGETHER).contains(&left_at));
        near && began(other) > began(facts) && user(other).as_deref() == Some(&me) && server(other) == server(facts)
    })?;
    let from = newer.flow.as_ref().map(|seen| format!(" from {}", seen.it.client));
    Some(Evidence::at(left.event, format!("{left}, as {me} logged in again{}", from.unwrap_or_default())))
}

fn same_age(facts: &Facts, all: &[Facts]) -> Option<Evidence> {
    let age = |it: &Facts| ended(it).filter(|leave| leave.by == Side::Server).map(|leave| leave.at);
    let (mine, left) = (age(facts).filter(|age| *age >= OLD)?, ended(facts)?);
    let alike = |other: &&Facts| age(other).is_some_and(|age| age.0.abs_diff(mine.0) <= mine.0 / 50);
    let count = others(facts, all).filter(|other| server(other) == server(facts)).filter(alike).count();
    // What ends together is another matter.
    let together = all_at_once(facts, all).is_some();
    (count + 1 >= SEVERAL && !together)
        .then(|| Evidence::at(left.event, format!("{left} at the age of {mine}, as {count} others within 2 %")))
}

fn same_volume(facts: &Facts, all: &[Facts]) -> Option<Evidence> {
    let volume = |it: &Facts| lost(it).map(|(seen, _)| seen.it.from_server.bytes).filter(|bytes| *bytes > 0);
    let (mine, event) = (volume(facts)?, facts.flow.as_ref()?.event);
    let alike = |other: &&Facts| volume(other).is_some_and(|bytes| bytes.abs_diff(mine) <= mine / 5);
    let count = others(facts, all).filter(alike).count();
    (count + 1 >= SEVERAL)
        .then(|| Evidence::at(event, format!("it froze after {mine} bytes from the server, as {count} others within 20 %")))
}

fn all_at_once(facts: &Facts, all: &[Facts]) -> Option<Evidence> {
    let (event, mine) = cut(facts)?;
    let near = |other: &&Facts| cut(other).is_some_and(|(_, at)| (at - mine).abs() <= AT_ONCE) && server(other) == server(facts);
    let count = others(facts, all).filter(near).count();
    (count + 1 >= SEVERAL).then(|| Evidence::at(event, format!("{count} other calls to this server were cut within 2 s")))
}

fn came_back(facts: &Facts, all: &[Facts]) -> Option<Evidence> {
    let (flow, me) = (lost(facts)?.0, user(facts)?);
    let gone = moment(facts, flow.it.from_server.last?.min(flow.it.from_client.last?));
    let back = others(facts, all).find(|other| {
        let address = other.flow.as_ref().is_some_and(|seen| seen.it.client.ip() != flow.it.client.ip());
        address && user(other).as_deref() == Some(&me) && (gone..gone + SHORTLY).contains(&began(other))
    })?;
    let to = back.flow.as_ref()?.it.client;
    Some(Evidence::at(flow.event, format!("{me} was at {}, and dialled again from {to}", flow.it.client)))
}

/// All but this one.
fn others<'a>(facts: &'a Facts, all: &'a [Facts]) -> impl Iterator<Item = &'a Facts> {
    all.iter().filter(move |other| other.tapped() && other.source != facts.source)
}

fn server(facts: &Facts) -> Option<SocketAddr> {
    facts.flow.as_ref().map(|seen| seen.it.server)
}

/// How a tunnel that stood was ended.
fn ended(facts: &Facts) -> Option<Leave> {
    first(facts).filter(|_| tunnel_stood(facts))
}

/// A tunnel that stood was reset by the server's side, or lost its path: the event, and when.
fn cut(facts: &Facts) -> Option<(usize, i64)> {
    let reset = ended(facts).filter(|leave| leave.by == Side::Server && leave.how == Farewell::Close(How::Reset));
    let vanished = || {
        let (seen, side) = lost(facts).filter(|_| tunnel_stood(facts))?;
        Some((seen.event, moment(facts, seen.it.from(side.other()).last?)))
    };
    reset.map(|leave| (leave.event, moment(facts, leave.at))).or_else(vanished)
}

/// Microseconds since 1970.
fn moment(facts: &Facts, at: Micros) -> i64 {
    began(facts).saturating_add(i64::try_from(at.0).unwrap_or(i64::MAX))
}

fn began(facts: &Facts) -> i64 {
    facts.began.saturating_mul(1_000_000)
}

/// Ours: a login and a leave so near to each other belong together, microseconds; a transcript begins on a whole second.
const TOGETHER: i64 = 3_000_000;
/// Ours: so near to each other calls end at once, microseconds.
const AT_ONCE: i64 = 2_000_000;
/// Ours: who is back so soon has changed the network, microseconds.
const SHORTLY: i64 = 120_000_000;
/// Ours: so many alike are no accident.
const SEVERAL: usize = 3;
/// Ours: what ends sooner has other reasons.
const OLD: Micros = Micros(30_000_000);
