//! What the packets of EAP methods that carry TLS show by themselves: how far the handshake came, and how fragments are acknowledged.

use super::check::Evidence;
use super::look::timed_out;
use crate::base::{Layer, Reader, Side};
use crate::transcript::Inner;
use crate::transcript::facts::{Facts, Seen};
use crate::wire::tls::{Offer, TLS13};
use crate::wire::{eap, ppp};

pub(super) fn handshake_stalled(facts: &Facts) -> Option<Evidence> {
    let stop = timed_out(facts, Layer::Auth)?;
    let last = facts.ppp.iter().rfind(|seen| seen.event < stop.event && seen.it.protocol == ppp::EAP)?;
    let within = matches!(&last.it.body, ppp::Body::Eap(packet) if packet.code == 2 && carries_tls(packet.kind));
    let server = facts.ppp.iter().filter(|seen| seen.by == Some(Side::Server)).filter(|seen| eap_kind(seen).is_some()).count();
    (within && last.by == Some(Side::Client)).then(|| {
        let says = format!("{} after {server} packets of the method from the server", stop.reason);
        let asks = eap_kind(last) == Some(eap::TLS) && !facts.tapped();
        let newest = if asks { tls13_within(facts, server) } else { None };
        let hint = newest.map(|how| {
            format!(
                "TLS 1.3 was {how} within EAP, and servers that do not know EAP-TLS over it fall silent there: try `--eap-tls-version 1.2`"
            )
        });
        Evidence { says, events: vec![last.event, stop.event] }.and(&hint.unwrap_or_default())
    })
}

/// How TLS 1.3 came into it; nothing where the server went on with TLS 1.2. EAP-TLS ends otherwise over TLS 1.3 (RFC 9190 2.5), and SoftEther
/// leaves a hello of TLS 1.3 alone without an answer (measured).
fn tls13_within(facts: &Facts, packets_of_server: usize) -> Option<&'static str> {
    let agreed = |seen: &Seen<Inner>| matches!(&seen.it, Inner::Agreed { version, .. } if version == "TLS 1.3");
    if facts.inner.iter().any(agreed) {
        return Some("agreed on");
    }
    // The start of the method, and nothing after our hello.
    let offers = || hello_within(facts).is_some_and(|offer| offer.supported_versions.contains(&TLS13));
    (packets_of_server == 1 && offers()).then_some("offered")
}

/// The client's hello within EAP-TLS, put together from its fragments.
fn hello_within(facts: &Facts) -> Option<Offer> {
    let ours = facts.ppp.iter().filter(|seen| seen.by == Some(Side::Client) && eap_kind(seen) == Some(eap::TLS));
    let parts = ours.filter_map(|seen| if let ppp::Body::Eap(packet) = &seen.it.body { packet.tunnel()?.ok() } else { None });
    let bytes: Vec<u8> = parts.take(MOST_PARTS).flat_map(|part| part.data.0).collect();
    // RFC 8446 5.1 and 4: five bytes of the record, four of the handshake message.
    let length = usize::from(u16::from_be_bytes([*bytes.get(3)?, *bytes.get(4)?]));
    let hello = bytes.get(9..bytes.len().min(5 + length)).filter(|_| bytes.first() == Some(&22) && bytes.get(5) == Some(&1))?;
    Offer::parse(&mut Reader::new(Layer::Auth, hello)).ok()
}

pub(super) fn eap_kind(seen: &Seen<ppp::Frame>) -> Option<u8> {
    match &seen.it.body {
        ppp::Body::Eap(packet) if carries_tls(packet.kind) => packet.kind,
        _ => None,
    }
}

fn carries_tls(kind: Option<u8>) -> bool {
    kind.is_some_and(|kind| [eap::TLS, eap::TTLS, eap::PEAP, eap::FAST].contains(&kind))
}

/// A request of EAP-TLS with nothing in it, right behind a fragment of ours that announced another.
pub(super) fn acknowledged_without_flags(facts: &Facts) -> Option<Evidence> {
    let mut open = None;
    for seen in facts.ppp.iter() {
        let ppp::Body::Eap(packet) = &seen.it.body else { continue };
        if packet.kind != Some(eap::TLS) {
            continue;
        }
        match (seen.by, open) {
            (Some(Side::Client), _) => open = packet.tunnel().and_then(Result::ok).filter(|tunnel| tunnel.more).map(|_| seen.event),
            (Some(Side::Server), Some(fragment)) if packet.code == 1 && packet.data.is_empty() => {
                return Evidence::of(
                    [fragment, seen.event],
                    "a fragment of the client, and the server's request ends behind the type of EAP-TLS",
                );
            }
            _ => {}
        }
    }
    None
}

/// Ours: a hello has at most some 2 KiB, in fragments of 64 bytes or more.
const MOST_PARTS: usize = 40;
