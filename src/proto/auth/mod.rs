//! PPP authentication, both ends. RFC 1334, 1994, 2759, 3748.

mod authenticator;
mod judge;
mod peer;
mod pipe;
mod settings;
mod tls;
mod tunnel_peer;
mod tunnel_server;

pub use authenticator::{Authenticator, Decision};
pub use peer::{Outcome, Peer};
pub use settings::{Cryptobinding, EapClient, EapServer, Identity, Roots, Versions};
pub use tls::{Now, usable};

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

/// What an MS-CHAPv2 client says when the server does not prove that it knows the password. RFC 2759 section 5.
pub(super) const PROOF_WRONG: &str = "the authenticator response (S=) is absent or wrong";

/// A CHAP Failure in words: the number and `R=` where MS-CHAPv2 gives them, and the text.
pub(super) fn refusal(message: &[u8]) -> String {
    let failure = chap::MsChapFailure::parse(message);
    let says = match failure.error {
        Some(error) => {
            format!("E={error} R={} {}", u8::from(failure.retry == Some(true)), text(failure.message.unwrap_or_default().as_bytes()))
        }
        None => format!("CHAP Failure {}", text(message)),
    };
    says.trim_end().to_string()
}

/// A PAP Authenticate-Nak in words.
pub(super) fn pap_refusal(message: &[u8]) -> String {
    format!("PAP Authenticate-Nak {}", text(message))
}

/// The text of an LCP Terminate-Request. The Windows PPP engine sends twelve bytes: four that vary, `00 3C CD 74`, and a
/// RAS error number.
pub fn terminate_text(data: &[u8]) -> String {
    match terminate_ras(data) {
        Some(number) => format!("with RAS error {number}"),
        None if data.is_empty() => String::new(),
        None => format!("{:?}", text(data)),
    }
}

/// The RAS error number in an LCP Terminate-Request of a Windows server.
pub fn terminate_ras(data: &[u8]) -> Option<u32> {
    let rest = data.get(4..12)?.strip_prefix(&[0x00, 0x3c, 0xcd, 0x74])?;
    rest.try_into().ok().map(u32::from_be_bytes)
}

#[cfg(test)]
pub(super) mod tests;
