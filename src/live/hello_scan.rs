//! Hand-made ClientHellos. After the handshake of the TLS library failed: one per version of TLS, which names a server that
//! speaks only what we do not, and one like that of every Windows, which tells whom that stops. And a whole survey of a server.

pub(super) mod ask;
mod chains;
mod desk;
mod shares;
mod survey;

pub use survey::{Limits, survey};

use super::notes::Notes;
use super::route::Route;
use super::wiretap::Ear;
use crate::base::{Bytes, Layer, Side};
use crate::transcript::scan::Posed;
use crate::transcript::{ScanAnswer, Secured, TlsFailure, What};
use crate::wire::tls::clients::{CLIENTS, Kind};
use crate::wire::tls::mark::random;
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
/// versions; then those of Windows, where the server has a word of TLS to say. The chain of the newest version that showed one
/// is noted as an aside, and handed back.
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
    let speaks_tls = heard.iter().any(|(_, heard)| matches!(heard.answer, ScanAnswer::Accepted { .. } | ScanAnswer::Alert(_)));
    let hangs_up = heard.iter().any(|(_, heard)| matches!(heard.answer, ScanAnswer::Closed(_)));
    for (offered, heard) in heard {
        notes.note(Some(Side::Server), Layer::Tls, What::Scanned { offered, answer: heard.answer });
        chain = heard.certs.filter(|certs| !certs.is_empty()).or(chain);
    }
    if speaks_tls {
        as_windows(route, server_name, seed, within, notes).await;
    } else if hangs_up {
        behind_line(route, server_name, seed, within, notes).await;
    }
    let certs = chain.unwrap_or_default();
    if !certs.is_empty() {
        notes.note(Some(Side::Server), Layer::Tls, What::Chain { from: route.server(), certs: certs.clone(), aside: true });
    }
    certs
}

/// Asks once more as a balancer does that says first for whom it asks: who hangs up on anything else may wait for that.
async fn behind_line(route: &Route, server_name: &str, seed: u64, within: Duration, notes: &mut Notes<'_>) {
    let hello = ClientHello::wide(TLS12, random(seed, BEHIND_LINE), sni(server_name));
    let heard = ask::ask_behind(route, PROXY_LINE, &hello, Shares::default(), Until::Hello, within).await;
    notes.note(Some(Side::Server), Layer::Tls, What::ScannedBehindLine { answer: heard.answer });
}

/// Sends the hellos of every Windows, each on a connection of its own, all at once, and notes the answers.
pub async fn as_windows(route: &Route, server_name: &str, seed: u64, within: Duration, notes: &mut Notes<'_>) {
    let mut under_way = JoinSet::new();
    for (place, client) in CLIENTS.iter().enumerate().filter(|(_, client)| client.kind != Kind::Other) {
        let (hello, route) = (client.hello(random(seed, CLIENT_PLACES + place), sni(server_name)), route.clone());
        under_way.spawn(async move { (place, client.id, ask(&route, &hello, Shares::default(), Until::Done, within).await.answer) });
    }
    let mut answers = under_way.join_all().await;
    answers.sort_by_key(|row| row.0);
    for (_, client, answer) in answers {
        notes.note(Some(Side::Server), Layer::Tls, What::Posed(Box::new(Posed { client: client.to_string(), answer })));
    }
}

/// Sends the hello of the current Windows that has neither TLS 1.3 nor ChaCha20, on a connection of its own that nobody listens to, and notes
/// the answer. What our TLS library came to with the server tells nothing of such a client.
pub async fn as_windows_10(route: &Route, server_name: &str, seed: u64, within: Duration, notes: &mut Notes<'_>) {
    let Some((place, client)) = CLIENTS.iter().enumerate().find(|(_, client)| client.id == WINDOWS_10) else { return };
    let hello = client.hello(random(seed, CLIENT_PLACES + place), sni(server_name));
    let quiet = Route { ear: Ear::default(), ..route.clone() };
    let answer = ask(&quiet, &hello, Shares::default(), Until::Hello, within.min(SHORT)).await.answer;
    notes.note(Some(Side::Server), Layer::Tls, What::Posed(Box::new(Posed { client: client.id.to_string(), answer })));
}

/// Whether the handshake was one that Windows 10 does not share: TLS 1.3, or a suite with ChaCha20.
pub fn is_beyond_windows_10(secured: &Secured) -> bool {
    secured.version == "TLS 1.3" || secured.cipher.contains("CHACHA20")
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

/// The row of a Windows that has no TLS 1.3.
const WINDOWS_10: &str = "windows-10-22h2";
/// Ours: this look may take so long; a server that stays silent has nothing to do with it.
const SHORT: Duration = Duration::from_secs(2);
/// Where the random numbers of known clients' hellos begin, apart from those of versions.
const CLIENT_PLACES: usize = 0x1000;
/// The place of the hello behind a line.
const BEHIND_LINE: usize = 0x2000;
/// PROXY protocol 2.1: the short form, which names no address and so tells nothing false.
const PROXY_LINE: &[u8] = b"PROXY UNKNOWN\r\n";
/// What is asked for, oldest first.
const VERSIONS: [u16; 5] = [SSL30, TLS10, TLS11, TLS12, TLS13];

#[cfg(test)]
mod tests;
