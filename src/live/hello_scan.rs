//! Hand-made ClientHellos: one per version of TLS after the handshake of the TLS library failed, which names a server that
//! speaks only what we do not; and a whole survey of a server.

pub(super) mod ask;
mod chains;
mod desk;
mod shares;
mod survey;

pub use survey::{Limits, survey};

use super::notes::Notes;
use super::route::Route;
use crate::base::{Bytes, Layer, Side};
use crate::transcript::{TlsFailure, What};
use crate::wire::tls::{ClientHello, SSL30, TLS10, TLS11, TLS12, TLS13, Until};
use ask::{Heard, ask};
pub(super) use shares::Shares;
use std::time::Duration;
use tokio::task::JoinSet;

/// Whether old versions may tell more about a handshake that failed so.
pub fn may_help(failure: TlsFailure) -> bool {
    matches!(
        failure,
        TlsFailure::Alert(_)
            | TlsFailure::Unsupported
            | TlsFailure::Closed
            | TlsFailure::Reset
            | TlsFailure::NoCertificate
            | TlsFailure::Other
    )
}

/// Sends one hello per version, each on a connection of its own, all at once, and notes the answers in the order of the
/// versions; the chain of the newest version that showed one is noted as an aside, and handed back.
pub async fn scan(route: &Route, server_name: &str, seed: u64, within: Duration, notes: &mut Notes<'_>) -> Vec<Bytes> {
    let mut under_way = JoinSet::new();
    for (place, version) in VERSIONS.into_iter().enumerate() {
        let hello = ClientHello::wide(version, random(seed, place), sni(server_name));
        let route = route.clone();
        under_way.spawn(async move { (version, widely(&route, hello, Until::Done, within).await) });
    }
    let mut heard: Vec<(u16, Heard)> = Vec::new();
    while let Some(joined) = under_way.join_next().await {
        heard.extend(joined.ok());
    }
    heard.sort_by_key(|row| row.0);
    let mut chain = None;
    for (offered, heard) in heard {
        notes.note(Some(Side::Server), Layer::Tls, What::Scanned { offered, answer: heard.answer });
        chain = heard.certs.filter(|certs| !certs.is_empty()).or(chain);
    }
    let certs = chain.unwrap_or_default();
    if !certs.is_empty() {
        notes.note(Some(Side::Server), Layer::Tls, What::Chain { from: route.server(), certs: certs.clone(), aside: true });
    }
    certs
}

/// Asks with key shares of our own where TLS 1.3 is offered, so that the encrypted part of the flight opens.
async fn widely(route: &Route, mut hello: ClientHello, until: Until, within: Duration) -> Heard {
    let shares = if hello.versions.contains(&TLS13) { Shares::new() } else { Shares::default() };
    hello.key_shares = shares.offered();
    ask(route, &hello, shares, until, within).await
}

/// RFC 6066 3: addresses are not sent, nor a final dot.
fn sni(name: &str) -> Option<String> {
    let name = name.trim_start_matches('[').trim_end_matches(']').trim_end_matches('.');
    (name.parse::<std::net::IpAddr>().is_err() && !name.is_empty()).then(|| name.to_string())
}

/// SplitMix64 (Steele, Lea, Flood 2014) over the seed, apart for every hello.
fn random(seed: u64, place: usize) -> [u8; 32] {
    let mut state = seed ^ (place as u64 + 1).wrapping_mul(0xd1b5_4a32_d192_ed03);
    let mut bytes = [0; 32];
    for chunk in bytes.chunks_exact_mut(8) {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = state;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        chunk.copy_from_slice(&(mixed ^ mixed >> 31).to_be_bytes());
    }
    bytes
}

/// What is asked for, oldest first.
const VERSIONS: [u16; 5] = [SSL30, TLS10, TLS11, TLS12, TLS13];

#[cfg(test)]
mod tests;
