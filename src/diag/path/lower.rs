//! TCP, and what a network does before it lets anybody out.

use super::{Culprit, Hit, Level, Row, View};
use crate::base::Layer;
use crate::diag::check::Severity;
use crate::transcript::trial::{Arm, Ending, Trial};
use std::net::IpAddr;

pub(super) const TCP: &[Row] = &[
    Row {
        id: "TCP-REFUSED",
        layer: Layer::Tcp,
        title: "The server's port refuses connections",
        culprit: Culprit::Server,
        mechanism: "SYNs are answered with RST: nothing listens on the port, or a firewall rejects it in the server's name",
        evidence: "every connection is refused, so somebody at this address is there; other ports connect, are refused too, or are silent",
        most: Level::Probable,
        raise: "a look from elsewhere with --reference; raw sockets (CAP_NET_RAW) show how far away the refusal comes from",
        fix: "The server's owner: does the service listen on this port, and is it the right one? If it does: which firewall rejects it from here?",
        look: refused,
        ..Row::ROW
    },
    Row {
        id: "PROXY-CAPTIVE-PORTAL",
        layer: Layer::Tcp,
        title: "The network wants a login first",
        culprit: Culprit::LocalNetwork,
        mechanism: "requests are answered with a login page, or a way to one",
        evidence: "plain HTTP gets a redirect to another host, 511, or a page although the server has none; or the proxy redirects CONNECT, or says 200 to it and gives a page in place of the tunnel",
        raise: "log in to the network and try again",
        fix: "The network waits for a login. Its user: open a browser, log in, dial again.",
        explains: &[
            "TLS-DPI-BLOCK",
            "TLS-SNI-FILTER",
            "TCP-FILTERED",
            "IP-FILTER",
            "NET-NO-WAY-OUT",
            "TCP-REFUSED-HERE",
            "TCP-REFUSED",
            "TCP-ENDED-UNASKED",
            "BIND-TLS-INSPECTION",
            "TLS-INSPECTION-STREAMING",
            "HTTP-WAF-BLOCK",
            "HTTP-LOGIN-WANTED",
            "HTTP-URI-REWRITTEN",
            "TLS-PLAIN-ANSWER",
            "TLS-PLAINTEXT-PORT",
        ],
        look: portal,
        ..Row::ROW
    },
    Row {
        id: "NET-NO-WAY-OUT",
        layer: Layer::Tcp,
        title: "Neither the server nor the control can be reached",
        culprit: Culprit::LocalNetwork,
        mechanism: "connections to anybody on this port vanish or are refused",
        evidence: "no connection to the target and none to the control server, again and again",
        most: Level::Probable,
        raise: "give a control server with --control that is known to work from here",
        fix: "This network or this machine lets nothing out on the port. The firewall's owner: allow TCP 443 outwards.",
        explains: &["TCP-FILTERED", "IP-FILTER", "TCP-REFUSED-HERE", "TCP-REFUSED", "TCP-ICMP-REJECT"],
        look: no_way_out,
        ..Row::ROW
    },
    Row {
        id: "IP-FILTER",
        layer: Layer::Tcp,
        title: "The server's address is cut off",
        mechanism: "packets to every port of the address vanish",
        evidence: "SYNs to all ports tried vanish, the control connects, and the server works from elsewhere",
        most: Level::Probable,
        raise: "try another address of the same network, and a look from elsewhere with --reference",
        fix: "The address itself is filtered. The operator of the network: allow it; check lists of bad addresses for it.",
        explains: &["TCP-FILTERED", "DPI-AFTER-USE-BLOCK"],
        look: address_filtered,
        ..Row::ROW
    },
    Row {
        id: "TCP-FILTERED",
        layer: Layer::Tcp,
        title: "Connections to the server vanish",
        mechanism: "SYNs to the server's port are dropped",
        evidence: "SYNs vanish every time while the control connects beside them; from elsewhere the server works",
        raise: "a look from elsewhere with --reference, and a control server with --control",
        fix: "Something between here and the server drops connections to this address and port. The firewall's owner: allow TCP to it.",
        look: filtered,
        ..Row::ROW
    },
    Row {
        id: "TCP-REFUSED-HERE",
        layer: Layer::Tcp,
        title: "The server refuses connections from here",
        mechanism: "SYNs are answered with RST",
        evidence: "every connection is refused, and the server works from elsewhere",
        most: Level::Probable,
        raise: "raw sockets (CAP_NET_RAW) show whether the refusal comes from as far away as the server",
        fix: "A box answers in the server's name, or the server allows other networks only. Both owners: compare their rules for this network's address.",
        explains: &["TCP-REFUSED"],
        look: refused_here,
        ..Row::ROW
    },
    Row {
        id: "TCP-ICMP-REJECT",
        layer: Layer::Tcp,
        title: "The connection is rejected on the way",
        mechanism: "ICMP says that the server may not or cannot be reached",
        evidence: "every connection is unreachable while the control connects",
        most: Level::Probable,
        raise: "a raw socket shows which router says so",
        fix: "A router rejects the connection. Its owner: allow it; this machine's owner: check its own firewall and routes.",
        look: rejected,
        ..Row::ROW
    },
    Row {
        id: "TCP-ONE-FAMILY-BROKEN",
        layer: Layer::Tcp,
        severity: Severity::Warn,
        title: "One IP family leads nowhere",
        mechanism: "connections of the other IP family fail",
        evidence: "one family connects every time, the other never",
        most: Level::Probable,
        raise: "the other family to a control server",
        fix: "Repair the family that fails, or take its addresses out of DNS. Who: the server's network, or this one's.",
        explains: &[
            "TCP-FILTERED",
            "IP-FILTER",
            "NET-NO-WAY-OUT",
            "TCP-REFUSED-HERE",
            "TCP-REFUSED",
            "TCP-ICMP-REJECT",
            "DPI-AFTER-USE-BLOCK",
        ],
        look: one_family,
        ..Row::ROW
    },
    Row {
        id: "DPI-AFTER-USE-BLOCK",
        layer: Layer::Tcp,
        title: "The server could be reached from here, and now it cannot",
        mechanism: "the address was cut off after it was used",
        evidence: "an earlier report of this network says that it worked, now connections vanish, and the control connects",
        most: Level::Suspected,
        raise: "logs of the server: who called shortly before; and a look from another network",
        fix: "The server's owner: collect the logs of unknown callers. The operator of the network: say whether the address is blocked.",
        look: after_use,
        ..Row::ROW
    },
    Row {
        id: "PATH-TLS-PROXY",
        layer: Layer::Tcp,
        severity: Severity::Note,
        title: "Something nearer than the server answers TCP",
        mechanism: "TCP ends on the way and is made anew",
        evidence: "connecting takes far less time than any answer of the server",
        most: Level::Probable,
        raise: "a witness at the server sees other TCP options than ours",
        fix: "A transparent proxy answers for the server: timers and limits may come from it.",
        look: nearer,
        ..Row::ROW
    },
];

fn portal(view: &View<'_>) -> Option<Hit> {
    let broken = !view.open(Arm::Tls) || view.trials(Arm::Tls).any(|trial| trial.saw.cert.as_ref().is_some_and(|cert| !cert.trusted));
    let target = view.trail.head.target.name();
    let leads_away = |trial: &Trial| {
        let status = trial.saw.status()?;
        let location = trial.saw.head.as_ref()?.header("location").unwrap_or_default().to_ascii_lowercase();
        let elsewhere = (300..400).contains(&status)
            && !location.is_empty()
            && location.contains("://")
            && !location.contains(&target.to_ascii_lowercase());
        (elsewhere || status == 511)
            .then(|| format!("{status} leads to {}", if location.is_empty() { "a login" } else { location.as_str() }))
    };
    let proxied = [Arm::Connect, Arm::ConnectPlain].into_iter().flat_map(|arm| view.trials(arm)).find_map(leads_away);
    if let Some(says) = proxied {
        return Some(Hit::new(Level::Confirmed, format!("the proxy's answer to CONNECT, {says}")).of(Culprit::Proxy));
    }
    if let Some(hit) = super::proxy::page_for_a_tunnel(view) {
        return Some(hit);
    }
    let clear = view.trials(Arm::PlainHttp).find(|trial| trial.saw.head.is_some()).filter(|_| broken)?;
    if let Some(says) = leads_away(clear) {
        return Some(Hit::new(Level::Confirmed, format!("plain HTTP is answered: {says}; TLS does not reach the server")));
    }
    let page = clear.saw.status() == Some(200)
        && clear.saw.body.as_ref().is_some_and(|body| LOGIN.iter().any(|word| body.to_ascii_lowercase().contains(word)));
    page.then(|| Hit::new(Level::Probable, "plain HTTP is answered with a page that asks for a login; TLS does not reach the server"))
}

/// Words of login pages.
const LOGIN: [&str; 6] = ["log in", "login", "sign in", "guest", "hotspot", "portal"];

/// Nothing connected: silence, or no way.
fn dead(view: &View<'_>, arm: Arm) -> bool {
    view.shut(arm) && view.trials(arm).all(|trial| matches!(trial.ending, Ending::Silence | Ending::Unreachable))
}

fn no_way_out(view: &View<'_>) -> Option<Hit> {
    let both = dead(view, Arm::Tcp) && dead(view, Arm::TcpControl);
    both.then(|| {
        let tally = view.tally(Arm::TcpControl);
        let level = if tally.failed >= 2 { Level::Probable } else { Level::Suspected };
        Hit::new(
            level,
            format!(
                "{} connections to the server and {} to the control server failed",
                view.of_all(Arm::Tcp),
                view.of_all(Arm::TcpControl)
            ),
        )
        .or_else("this machine's own firewall or route")
    })
}

/// What is known of the server from elsewhere and of the way to others: both, one, or nothing.
fn backing(view: &View<'_>) -> Level {
    match (view.works_elsewhere(Layer::Tcp), view.open(Arm::TcpControl)) {
        (true, true) => Level::Confirmed,
        (false, false) => Level::Suspected,
        _ => Level::Probable,
    }
}

fn filtered(view: &View<'_>) -> Option<Hit> {
    if !view.silent(Arm::Tcp) || view.proxied() {
        return None;
    }
    let level = if view.tally(Arm::Tcp).failed < 2 { Level::Suspected } else { backing(view) };
    let control = if view.open(Arm::TcpControl) { "; the control server connects beside it" } else { "" };
    let elsewhere = if view.works_elsewhere(Layer::Tcp) { "; from elsewhere it works" } else { "" };
    let hit = Hit::new(level, format!("{} SYNs were not answered{control}{elsewhere}", view.of_all(Arm::Tcp)));
    Some(hit.or_else(if level == Level::Suspected {
        "the server is down, or its own firewall drops them"
    } else {
        "the server's own firewall"
    }))
}

fn address_filtered(view: &View<'_>) -> Option<Hit> {
    let others = dead(view, Arm::TcpOtherPort) && view.trials(Arm::TcpOtherPort).count() >= 2;
    let all = view.silent(Arm::Tcp) && others && view.open(Arm::TcpControl) && view.works_elsewhere(Layer::Tcp);
    all.then(|| {
        Hit::new(
            Level::Probable,
            format!("{} SYNs to its port and all to other ports vanished; the control connects", view.of_all(Arm::Tcp)),
        )
    })
}

fn refused_here(view: &View<'_>) -> Option<Hit> {
    let refused = view.shut(Arm::Tcp) && view.trials(Arm::Tcp).all(|trial| trial.ending == Ending::Refused) && !view.proxied();
    (refused && view.works_elsewhere(Layer::Tcp)).then(|| {
        let says = format!("{} connections were refused; from elsewhere the server works", view.of_all(Arm::Tcp));
        Hit::new(if view.tally(Arm::Tcp).failed >= 2 { Level::Probable } else { Level::Suspected }, says)
            .or_else("the server allows other networks only")
    })
}

/// Somebody answers at the address; what its other ports do tells more.
fn refused(view: &View<'_>) -> Option<Hit> {
    let refused = view.shut(Arm::Tcp) && view.trials(Arm::Tcp).all(|trial| trial.ending == Ending::Refused) && !view.proxied();
    if !refused {
        return None;
    }
    let ports = |ending: &Ending| {
        let mut all: Vec<u64> =
            view.trials(Arm::TcpOtherPort).filter(|trial| trial.ending == *ending).filter_map(|trial| trial.saw.value).collect();
        all.sort_unstable();
        all.dedup();
        all.iter().map(ToString::to_string).collect::<Vec<_>>().join(" and ")
    };
    let (open, silent, alike) = (ports(&Ending::Answered), ports(&Ending::Silence), ports(&Ending::Refused));
    let quickest = view.trials(Arm::Tcp).filter_map(|trial| trial.saw.connect).min().unwrap_or_default();
    let mut says = format!("{} SYNs were answered with RST, after {:.1} ms at best", view.of_all(Arm::Tcp), quickest.millis());
    for (ports, one, several) in [
        (&open, "connects: the host is there", "connect: the host is there"),
        (&silent, "is silent: a firewall stands in front", "are silent: a firewall stands in front"),
        (&alike, "is refused as well", "are refused as well"),
    ] {
        match ports.contains(" and ") {
            _ if ports.is_empty() => {}
            true => says += &format!("; ports {ports} {several}"),
            false => says += &format!("; port {ports} {one}"),
        }
    }
    if view.open(Arm::TcpControl) {
        says += "; the control server connects";
    }
    let level = if open.is_empty() && !view.open(Arm::TcpControl) { Level::Suspected } else { Level::Probable };
    Some(Hit::new(level, says).or_else("a firewall that rejects in the server's name"))
}

fn rejected(view: &View<'_>) -> Option<Hit> {
    let unreachable = view.shut(Arm::Tcp) && view.trials(Arm::Tcp).all(|trial| trial.ending == Ending::Unreachable);
    let mut says = view.trials(Arm::Tcp).find_map(|trial| trial.saw.says.clone()).unwrap_or_default();
    if !view.trail.rejecters.is_empty() {
        says += &format!("; {} says so", listed(&view.trail.rejecters));
    }
    let rounds = super::place::rounds(&view.trail.hops);
    if let Some(round) = &rounds {
        says += &format!("; {round}");
    }
    let target = view.trials(Arm::Tcp).find_map(|trial| trial.saw.to).map(|to| to.ip());
    let ours = |router: &IpAddr| view.trail.head.ours.contains(router);
    let by_us = !view.trail.rejecters.is_empty() && view.trail.rejecters.iter().all(ours) && rounds.is_none();
    let by_host = !view.trail.rejecters.is_empty() && view.trail.rejecters.iter().all(|router| Some(*router) == target);
    let nobody = view.trail.rejecters.is_empty() && view.trials(Arm::Tcp).all(|trial| trial.saw.icmp == Some(false));
    unreachable.then(|| {
        let hit = Hit::new(backing(view).min(Level::Probable), format!("{} connections failed: {says}", view.of_all(Arm::Tcp)));
        match () {
            () if rounds.is_some() => hit.in_words(
                "routers send packets for the server round in a circle until their time to live is used up",
                "The operator of these routers: mend the routes to the server's address.",
            ),
            () if by_us => hit.of(Culprit::Endpoint).in_words(
                "this machine's own firewall rejects the connection: the ICMP error comes from its own address",
                "This machine's owner: allow connections to this address and port in its own firewall.",
            ),
            () if by_host => hit.of(Culprit::Server),
            () if nobody => hit.of(Culprit::Endpoint).in_words(
                "no ICMP came: this machine itself has no way there, or does not let it out",
                "This machine's owner: check its routes and its own firewall.",
            ),
            () => hit,
        }
    })
}

fn one_family(view: &View<'_>) -> Option<Hit> {
    let (works, fails) = match (view.open(Arm::Tcp), view.open(Arm::TcpOtherFamily)) {
        (true, false) if view.shut(Arm::TcpOtherFamily) => (Arm::Tcp, Arm::TcpOtherFamily),
        (false, true) if view.shut(Arm::Tcp) => (Arm::TcpOtherFamily, Arm::Tcp),
        _ => return None,
    };
    let level = view.contrast(works, fails).level(3)?;
    let to = view.trials(fails).find_map(|trial| trial.saw.to)?;
    let says = format!("{} connections to {to} failed, those of the other family did not", view.of_all(fails));
    // Without a packet on the way there is nobody on the way.
    let no_way = view.trials(fails).all(|trial| trial.ending == Ending::Unreachable && trial.saw.icmp == Some(false));
    if no_way {
        let hit = Hit::new(level, says + "; no ICMP came").of(Culprit::Endpoint);
        if fails == Arm::Tcp {
            // The family that is tried first is no matter of taste.
            return Some(hit);
        }
        return Some(hit.as_bad_as(Severity::Note).in_words(
            "this machine has no way for that family",
            "Nobody has to change anything: the other family serves. This machine's owner: give it that family, if it is wanted.",
        ));
    }
    let hit = Hit::new(level, says);
    // A RST says that somebody is there, and does not listen.
    Some(if view.trials(fails).all(|trial| trial.ending == Ending::Refused) { hit.of(Culprit::Server) } else { hit })
}

fn after_use(view: &View<'_>) -> Option<Hit> {
    let before = view.reference().is_some_and(|reference| reference.same_network && reference.reached >= Some(Layer::Http));
    (before && view.silent(Arm::Tcp) && view.open(Arm::TcpControl)).then(|| {
        Hit::new(Level::Suspected, "an earlier report of this network reached the server, now SYNs vanish").or_else("the server is down")
    })
}

fn nearer(view: &View<'_>) -> Option<Hit> {
    // Nobody stands on loopback; a busy machine is slow to answer.
    if view.trials(Arm::HelloNamed).any(|trial| trial.saw.to.is_some_and(|to| to.ip().is_loopback())) {
        return None;
    }
    // One quick answer of whatever kind refutes it: what was lost comes late.
    let hellos = || HELLOS.into_iter().flat_map(|arm| view.trials(arm));
    let connect = hellos().filter_map(|trial| trial.saw.connect).map(|time| time.0).min()?;
    let first = hellos().filter(|trial| trial.passed()).filter_map(|trial| trial.saw.first).map(|time| time.0).min()?;
    (!view.proxied() && first > connect * TIMES + MORE).then(|| {
        Hit::new(
            Level::Probable,
            format!("TCP connects in {:.1} ms at best, an answer takes {:.1} ms", connect as f64 / 1000.0, first as f64 / 1000.0),
        )
        .or_else("a server that is slow to answer")
    })
}

pub(super) fn listed(addresses: &[IpAddr]) -> String {
    let mut shown: Vec<String> = Vec::new();
    for address in addresses.iter().map(ToString::to_string) {
        if !shown.contains(&address) && shown.len() < MOST_LISTED {
            shown.push(address);
        }
    }
    shown.join(", ")
}

/// Ours: so many addresses are shown.
const MOST_LISTED: usize = 4;

/// Hellos that are answered as soon as they arrive.
const HELLOS: [Arm; 5] = [Arm::HelloNamed, Arm::HelloNameless, Arm::HelloOtherName, Arm::HelloAlpn, Arm::HelloWindows];
/// Ours: an answer takes so many times as long as the connection.
const TIMES: u64 = 8;
/// Ours: and so many microseconds more.
const MORE: u64 = 25_000;
