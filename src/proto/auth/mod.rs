//! PPP authentication, both ends. RFC 1334, 1994, 2759, 3748.

mod authenticator;
mod peer;

pub use authenticator::{Authenticator, Decision};
pub use peer::{Outcome, Peer};

use crate::wire::{chap, eap, pap, ppp};

fn pap_frame(id: u8, body: pap::Body) -> ppp::Frame {
    ppp::Frame { protocol: ppp::PAP, body: ppp::Body::Pap(pap::Packet { id, body }) }
}

fn chap_frame(id: u8, body: chap::Body) -> ppp::Frame {
    ppp::Frame { protocol: ppp::CHAP, body: ppp::Body::Chap(chap::Packet { id, body }) }
}

fn eap_frame(packet: eap::Packet) -> ppp::Frame {
    ppp::Frame { protocol: ppp::EAP, body: ppp::Body::Eap(packet) }
}

/// Text of a peer, cut and without what a terminal would act on.
fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes.get(..bytes.len().min(200)).unwrap_or_default()).chars().filter(|c| !c.is_control()).collect()
}
