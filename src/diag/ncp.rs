//! Addresses inside the tunnel: IPCP, IPv6CP. Catalogue 3.6.

use super::check::{Check, Evidence, Fix, Look, Need, Severity, Windows};
use super::look::{BARE_ENDINGS, ENDINGS, SILENT_ENDINGS, options, protocol_reject, server_abort, stop_at, terminate, unnamed};
use crate::base::{Layer, Micros, Side, SpecRef};
use crate::transcript::Reason;
use crate::transcript::facts::Facts;
use crate::wire::ncp::{IP_ADDRESS, PRIMARY_DNS, SECONDARY_DNS};
use crate::wire::ppp;
use std::net::IpAddr;

pub(super) const NCP: &[Check] = &[
    Check {
        id: "IPCP-PROTOCOL-REJECTED",
        layer: Layer::Ncp,
        title: "The server has no IPv4 for clients",
        means: "It rejects IPCP, the protocol that hands out IPv4 addresses.",
        fix: Fix { admin: "Enable IPv4 for remote access clients.", user: "" },
        windows: &[Windows::Ras(733), Windows::Ras(720)],
        verified: true,
        spec: &[SpecRef::rfc(1661, "5.7"), SpecRef::rfc(1332, "2")],
        needs: Need::Began(Layer::Ncp),
        explains: ENDINGS,
        look: Look::One(ipcp_rejected),
        ..Check::ROW
    },
    Check {
        id: "IPCP-ADDRESS-REJECTED",
        layer: Layer::Ncp,
        title: "The server refuses to give an address",
        means: "It rejects the address option itself. A client with a fixed address is not allowed one; one without gets none.",
        fix: Fix { admin: "Allow addresses to be negotiated.", user: "Set the profile to obtain an address automatically." },
        windows: &[Windows::Ras(735)],
        verified: true,
        spec: &[SpecRef::rfc(1332, "3.3")],
        needs: Need::Began(Layer::Ncp),
        explains: ENDINGS,
        look: Look::One(address_rejected),
        ..Check::ROW
    },
    Check {
        id: "IPCP-NAK-LOOP",
        layer: Layer::Ncp,
        title: "The two ends never agree on an address",
        means: "The server refuses again and again what it offered itself.",
        fix: Fix { admin: "Check the address pool and the DNS addresses handed to clients.", user: "" },
        windows: &[Windows::Ras(732)],
        spec: &[SpecRef::rfc(1661, "4.6")],
        needs: Need::Began(Layer::Ncp),
        explains: ENDINGS,
        look: Look::One(never_agreed),
        ..Check::ROW
    },
    Check {
        id: "IPCP-POOL-EXHAUSTED",
        layer: Layer::Ncp,
        title: "The server ends the address negotiation",
        means: "It terminates IPCP before an address was agreed on; usually no address is left in its pool.",
        fix: Fix { admin: "Enlarge the pool; clear stale sessions.", user: "Try again later." },
        windows: &[Windows::Ras(720), Windows::Ras(738), Windows::Ras(736)],
        verified: true,
        spec: &[SpecRef::rfc(1661, "5.5")],
        needs: Need::Began(Layer::Ncp),
        explains: ENDINGS,
        look: Look::One(ipcp_terminated),
        ..Check::ROW
    },
    Check {
        id: "IPCP-ADDRESS-UNUSABLE",
        layer: Layer::Ncp,
        title: "The address given cannot be used",
        means: "It is 0.0.0.0, a loopback, multicast or broadcast address, or the same as the server's own.",
        fix: Fix { admin: "Correct the address pool.", user: "" },
        spec: &[SpecRef::rfc(1122, "3.2.1.3")],
        needs: Need::Began(Layer::Ncp),
        explains: ENDINGS,
        look: Look::One(address_unusable),
        ..Check::ROW
    },
    Check {
        id: "CCP-MPPE-MISMATCH",
        layer: Layer::Ncp,
        title: "The two ends disagree on PPP encryption",
        means: "One end insists on MPPE inside the tunnel, which the other does not have. SSTP encrypts already.",
        fix: Fix { admin: "Do not require PPP encryption on the server.", user: "Set encryption to optional in the profile." },
        windows: &[Windows::Ras(741), Windows::Ras(742)],
        verified: true,
        spec: &[SpecRef::rfc(3078, "2")],
        needs: Need::Began(Layer::Ncp),
        explains: ENDINGS,
        look: Look::One(encryption_disputed),
        ..Check::ROW
    },
    Check {
        id: "IPCP-NO-ADDRESS",
        layer: Layer::Ncp,
        title: "The server gives no address",
        means: "The client asked for one and got no offer: no pool or DHCP is configured, or the DHCP relay does not answer.",
        fix: Fix {
            admin: "Configure an address pool or DHCP for clients (SoftEther: DHCP or SecureNAT on the hub).",
            user: "Try again later.",
        },
        windows: &[Windows::Ras(738)],
        verified: true,
        spec: &[SpecRef::rfc(1332, "3.3")],
        needs: Need::Began(Layer::Ncp),
        explains: SILENT_ENDINGS,
        look: Look::One(no_address),
        ..Check::ROW
    },
    Check {
        id: "IPCP-DNS-NOT-OFFERED",
        layer: Layer::Ncp,
        severity: Severity::Warn,
        title: "The server gives no DNS server",
        means: "The tunnel works, but names inside the network will not resolve.",
        fix: Fix { admin: "Configure DNS servers for clients.", user: "Set a DNS server by hand." },
        spec: &[SpecRef::rfc(1877, "1.1")],
        needs: Need::Began(Layer::Ncp),
        whole: true,
        look: Look::One(no_dns),
        ..Check::ROW
    },
    Check {
        id: "IPV6CP-REJECTED",
        layer: Layer::Ncp,
        severity: Severity::Note,
        title: "The server has no IPv6 for clients",
        means: "It rejects IPv6CP or does not answer it. IPv4 is not touched by that.",
        fix: Fix { admin: "Enable IPv6 for remote access clients if it is wanted.", user: "" },
        spec: &[SpecRef::rfc(5072, "3")],
        needs: Need::Began(Layer::Ncp),
        look: Look::One(no_ipv6),
        ..Check::ROW
    },
    Check {
        id: "IPCP-FAILED",
        layer: Layer::Ncp,
        title: "The tunnel got no address",
        means: "The call ended while addresses were negotiated, in a way that fits no other check.",
        fix: Fix { admin: "Read the server's log line of this moment.", user: "Try again later." },
        spec: &[SpecRef::rfc(1332, "2")],
        needs: Need::Began(Layer::Ncp),
        explains: BARE_ENDINGS,
        whole: true,
        look: Look::One(failed_otherwise),
        ..Check::ROW
    },
];

fn ipcp_rejected(facts: &Facts) -> Option<Evidence> {
    stop_at(facts, Layer::Ncp)?;
    Some(Evidence::at(protocol_reject(facts, ppp::IPCP)?, "LCP Protocol-Reject names IPCP (8021)"))
}

fn address_rejected(facts: &Facts) -> Option<Evidence> {
    stop_at(facts, Layer::Ncp)?;
    let names_address = |frame: &ppp::Frame| options(frame).iter().any(|option| option.kind == IP_ADDRESS);
    let seen = facts.frames(Side::Server, "ipcp.configure-reject").find(|seen| names_address(&seen.it))?;
    Some(Evidence::at(seen.event, format!("Configure-Reject names option 3 (address); the client had asked for {}", asked_for(facts))))
}

fn never_agreed(facts: &Facts) -> Option<Evidence> {
    let stop = stop_at(facts, Layer::Ncp).filter(|_| address_rejected(facts).is_none())?;
    let naks: Vec<usize> = facts.frames(Side::Server, "ipcp.configure-nak").map(|seen| seen.event).collect();
    let says = format!("{} Configure-Naks, the last after the client asked for {}", naks.len(), asked_for(facts));
    (naks.len() >= LOOP).then(|| Evidence::of(naks.into_iter().chain([stop.event]), says))?
}

fn ipcp_terminated(facts: &Facts) -> Option<Evidence> {
    stop_at(facts, Layer::Ncp)?;
    let terminated = facts.frames(Side::Server, "ipcp.terminate-request").next();
    terminated.map(|seen| Evidence::at(seen.event, "IPCP Terminate-Request from the server")).or_else(|| aborted_without_a_word(facts))
}

/// An Abort without status after IPCP was spoken: catalogue 3.1 knows a server that does so when its pool is full.
fn aborted_without_a_word(facts: &Facts) -> Option<Evidence> {
    let abort = server_abort(facts).filter(|abort| abort.it.status_info().is_none())?;
    let spoke = facts.ppp.iter().any(|seen| seen.by == Some(Side::Server) && seen.it.protocol == ppp::IPCP && seen.event < abort.event);
    let named = ipcp_rejected(facts).or_else(|| address_rejected(facts)).or_else(|| never_agreed(facts));
    (spoke && named.is_none()).then(|| Evidence::at(abort.event, "Call Abort without a status while addresses were negotiated"))
}

fn address_unusable(facts: &Facts) -> Option<Evidence> {
    let address_in = |frame: &ppp::Frame| options(frame).iter().find(|option| option.kind == IP_ADDRESS)?.ipv4();
    let acks = facts.frames(Side::Server, "ipcp.configure-ack");
    let (event, address) = acks.filter_map(|seen| Some((seen.event, address_in(&seen.it)?))).last()?;
    let same = facts.given.gateway == Some(IpAddr::V4(address));
    let wrong = address.is_unspecified() || address.is_loopback() || address.is_multicast() || address.is_broadcast();
    let why = if same { ", which is the server's own" } else { "" };
    (wrong || same).then(|| Evidence::at(event, format!("the address agreed on is {address}{why}")))
}

/// Windows ends the link with 741 or 742 when the encryption it wants is not to be had. Catalogue 3.5.
fn encryption_disputed(facts: &Facts) -> Option<Evidence> {
    stop_at(facts, Layer::Ncp)?;
    let (ended, says) = terminate(facts)?;
    let asked = facts.frames(Side::Server, "ccp.configure-request").chain(facts.frames(Side::Client, "ccp.configure-request")).next();
    let named = ENCRYPTION_CODES.iter().any(|code| says.contains(code));
    (named || asked.is_some())
        .then(|| Evidence::of(asked.map(|seen| seen.event).into_iter().chain([ended]), format!("LCP Terminate-Request: {says}")))?
}

/// The time ended while the client had asked for 0.0.0.0 and no address was offered. A client that left before it would have asked
/// once more cut its question short: that says nothing of the server.
fn no_address(facts: &Facts) -> Option<Evidence> {
    let stop = stop_at(facts, Layer::Ncp)
        .filter(|stop| matches!(stop.reason, Reason::TimedOut { .. } | Reason::Unwilling(_) | Reason::ClientLeft(_)))?;
    let offers = facts.frames(Side::Server, "ipcp.configure-nak").chain(facts.frames(Side::Server, "ipcp.configure-ack"));
    let real = |frame: &ppp::Frame| options(frame).iter().any(|option| option.kind == IP_ADDRESS && option.u32() != Some(0));
    let offered = offers.into_iter().any(|seen| real(&seen.it));
    let named = ipcp_rejected(facts).or_else(|| address_rejected(facts)).or_else(|| never_agreed(facts)).or_else(|| ipcp_terminated(facts));
    let first = facts.frames(Side::Client, "ipcp.configure-request").next().map(|seen| seen.at);
    let hasty = matches!(stop.reason, Reason::ClientLeft(_)) && first.is_none_or(|at| stop.at - at < RESTART);
    let asked = facts.frames(Side::Client, "ipcp.configure-request").map(|seen| seen.event).last();
    let says = format!("the client asked for {}, no address was offered; {}", asked_for(facts), stop.reason);
    (!offered && !hasty && named.is_none()).then(|| Evidence::of(asked.into_iter().chain([stop.event]), says))?
}

fn no_dns(facts: &Facts) -> Option<Evidence> {
    let event = facts.layer(Layer::Ncp).filter(|_| facts.reached(Layer::Ncp) && facts.given.dns.is_empty())?.event?;
    let asks = |frame: &ppp::Frame| options(frame).iter().any(|option| [PRIMARY_DNS, SECONDARY_DNS].contains(&option.kind));
    let asked = facts.frames(Side::Client, "ipcp.configure-request").find(|seen| asks(&seen.it))?;
    Evidence::of([asked.event, event], "the client asked for DNS servers and got none")
}

fn no_ipv6(facts: &Facts) -> Option<Evidence> {
    let asked = facts.frames(Side::Client, "ipv6cp.configure-request").last()?;
    (facts.reached(Layer::Ncp) && facts.given.interface_id.is_none()).then_some(())?;
    let answered = facts.ppp.iter().any(|seen| seen.by == Some(Side::Server) && seen.it.protocol == ppp::IPV6CP);
    match protocol_reject(facts, ppp::IPV6CP) {
        Some(event) => Some(Evidence::at(event, "LCP Protocol-Reject names IPv6CP (8057)")),
        None if answered => Some(Evidence::at(asked.event, "IPv6CP was spoken, but no interface identifier agreed on")),
        None => Some(Evidence::at(asked.event, "IPv6CP was not answered")),
    }
}

fn failed_otherwise(facts: &Facts) -> Option<Evidence> {
    unnamed(facts, Layer::Ncp, "IPCP-FAILED")
}

/// The address in the client's last IPCP request.
fn asked_for(facts: &Facts) -> String {
    let requests = facts.frames(Side::Client, "ipcp.configure-request");
    let address = requests.filter_map(|seen| options(&seen.it).iter().find(|option| option.kind == IP_ADDRESS)?.ipv4()).last();
    address.map_or_else(|| "no address".into(), |address| address.to_string())
}

/// Ours: as many Naks are a loop. RFC 1661 4.6: Max-Failure, 5.
const LOOP: usize = 5;
/// RFC 1661 4.6: a request without an answer is sent again after 3 s.
const RESTART: Micros = Micros(3_000_000);
/// The names of RAS 741 and 742, as [`terminate`] shows them.
const ENCRYPTION_CODES: [&str; 2] = ["ERROR_NO_LOCAL_ENCRYPTION", "ERROR_NO_REMOTE_ENCRYPTION"];
