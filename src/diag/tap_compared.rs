//! What a tap sees of the client's own offer, and what calls to the same server show beside each other.

use super::check::{Check, Evidence, Fix, Look, Need, Severity, Windows};
use super::look::{date, options};
use crate::base::{Layer, Side, SpecRef};
use crate::transcript::facts::Facts;
use crate::wire::ppp::Body;
use crate::wire::tls::{TLS10, TLS12};
use crate::wire::{control, ncp};

pub(super) const TAP_COMPARED: &[Check] = &[
    Check {
        id: "TLS-CLIENT-TOO-OLD",
        layer: Layer::Tls,
        title: "The client offers only TLS versions that the server has turned off",
        means: "The ClientHello stops at TLS 1.0 or 1.1, and the server answers with the alert protocol_version. Windows 7 is reported to dial so.",
        fix: Fix {
            admin: "Retire the old clients; do not turn the old versions on again.",
            user: "Install the updates, or a newer Windows.",
        },
        windows: &[Windows::Hresult(0x8009_0326), Windows::Hresult(0x8009_0331)],
        verified: true,
        spec: &[SpecRef::rfc(8996, "4"), SpecRef::rfc(5246, "7.2.2")],
        needs: Need::Tap,
        explains: &["TLS-SERVER-TOO-OLD", "TLS-HANDSHAKE-FAILED", "TLS-NO-COMMON-CIPHER"],
        look: Look::One(old_client),
        ..Check::ROW
    },
    Check {
        id: "HTTP-HOST-MISMATCH",
        layer: Layer::Http,
        title: "The server answers to another name",
        means: "Calls to this server under another name are accepted, and this one is not: the server goes by the Host header.",
        fix: Fix { admin: "Let the server answer to the name that clients dial.", user: "Dial the published name." },
        spec: &[SpecRef::rfc(9110, "7.2")],
        verified: true,
        needs: Need::Tap,
        explains: &["HTTP-404", "HTTP-401-403", "HTTP-UNEXPECTED-STATUS"],
        look: Look::Across(other_host_works),
        ..Check::ROW
    },
    Check {
        id: "BIND-OFFLOAD-RENEWED",
        layer: Layer::Binding,
        title: "The certificate was renewed, and the server still expects the old one",
        means: "An earlier call to this server came through with another certificate. SSTP compares the hash of the certificate that the client saw with \
                the one that the server is set to.",
        fix: Fix { admin: "Update the hash on the server with every renewal, and restart the service.", user: "" },
        windows: &[Windows::Event(6)],
        verified: true,
        spec: &[SpecRef::sstp("3.3.5.2.3")],
        needs: Need::Tap,
        explains: super::look::endings_and![
            "BIND-REFUSED",
            "BIND-CERTHASH-LB",
            "BIND-CMAC-INVALID",
            "BIND-RADIUS-NO-MPPE",
            "BIND-CLOSED",
            "BIND-FAILED",
        ],
        look: Look::Across(renewed),
        ..Check::ROW
    },
    Check {
        id: "IPCP-VJ-REJECT",
        layer: Layer::Ncp,
        severity: Severity::Note,
        title: "VJ compression was refused",
        means: "One side asked to compress TCP headers and the other does not want to. That is normal and does no harm.",
        fix: Fix { admin: "Nothing: TLS carries the headers as they are.", user: "" },
        spec: &[SpecRef::rfc(1332, "3.2")],
        verified: true,
        needs: Need::Tap,
        look: Look::One(vj_refused),
        ..Check::ROW
    },
];

fn old_client(facts: &Facts) -> Option<Evidence> {
    let hello = facts.client_hellos.last()?;
    let newest = hello.it.versions.iter().max().copied().filter(|version| *version < TLS12)?;
    let alert = facts.alerts.iter().find(|seen| seen.by == Some(Side::Server) && seen.it == PROTOCOL_VERSION)?;
    let says =
        format!("the client offers TLS 1.{} at most, the server answers with alert 70 (protocol_version)", newest.saturating_sub(TLS10));
    Evidence::of([hello.event, alert.event], says)
}

/// This call was refused under its name, another to the same server was accepted under another.
fn other_host_works(facts: &Facts, all: &[Facts]) -> Option<Evidence> {
    let refused = facts.responses.first().filter(|seen| seen.it.status.is_some_and(|status| (400..500).contains(&status)))?;
    let mine = host(facts)?;
    let accepted = |other: &&Facts| other.responses.first().is_some_and(|seen| seen.it.status == Some(200));
    let others = all.iter().filter(|other| other.tapped() && server(other) == server(facts)).filter(accepted);
    let mut names = others.filter_map(host).filter(|name| !name.eq_ignore_ascii_case(mine));
    let (name, status) = (names.next()?, refused.it.status?);
    let request = facts.requests.first()?;
    Evidence::of([request.event, refused.event], format!("Host {mine:?} gets {status}, and Host {name:?} gets 200"))
}

fn host(facts: &Facts) -> Option<&str> {
    facts.requests.first().and_then(|seen| seen.it.header("Host"))
}

fn server(facts: &Facts) -> Option<std::net::SocketAddr> {
    facts.flow.as_ref().map(|seen| seen.it.server)
}

/// This call stopped at the binding; an earlier one got past it with another certificate.
fn renewed(facts: &Facts, all: &[Facts]) -> Option<Evidence> {
    let stop = super::look::stop_at(facts, Layer::Binding)?;
    let leaf = facts.leaf()?;
    let bound = |other: &&Facts| other.tapped() && server(other) == server(facts) && other.reached(Layer::Ncp) && other.began < facts.began;
    let before = all.iter().filter(bound).filter_map(|other| Some((other.began, other.leaf()?)));
    let (then, old) = before.filter(|(_, old)| old.sha256 != leaf.sha256).max_by_key(|row| row.0)?;
    let says = format!(
        "the certificate with SHA-256 {} (from {}) is refused; on {} the one with {} was bound",
        leaf.sha256,
        date(leaf.not_before),
        date(then),
        old.sha256
    );
    Evidence::of(facts.chain_event.into_iter().chain([stop.event]), says)
}

fn vj_refused(facts: &Facts) -> Option<Evidence> {
    let rejects = |body: &Body| matches!(body, Body::Ipcp(packet) if packet.code == control::CONFIGURE_REJECT);
    let compression = |frame| options(frame).iter().any(|opt| opt.kind == ncp::IP_COMPRESSION);
    let reject = facts.ppp.iter().find(|seen| rejects(&seen.it.body) && compression(&seen.it))?;
    let who = reject.by.map_or("one side", Side::name);
    Some(Evidence::at(reject.event, format!("IPCP Configure-Reject of option 2 from the {who}")))
}

/// RFC 5246 7.2.2: protocol_version.
const PROTOCOL_VERSION: u8 = 70;
