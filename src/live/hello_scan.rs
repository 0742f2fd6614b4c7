//! Hand-made ClientHellos: one per version of TLS after the handshake of the TLS library failed, which names a server that
//! speaks only what we do not; and a whole survey of a server.

mod ask;
mod chains;
mod desk;
mod shares;
mod survey;

pub use survey::{Limits, survey};

use super::notes::Notes;
use super::route::Route;
use crate::base::{Layer, Side};
use crate::transcript::{TlsFailure, What};
use crate::wire::tls::{ClientHello, SSL30, TLS10, TLS11, TLS12, TLS13, Until};
use ask::{Heard, ask};
use shares::Shares;
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
/// versions; the chain of the newest version that showed one is noted as an aside.
pub async fn scan(route: &Route, server_name: &str, seed: u64, within: Duration, notes: &mut Notes<'_>) {
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
    if let Some(certs) = chain {
        notes.note(Some(Side::Server), Layer::Tls, What::Chain { from: route.server(), certs, aside: true });
    }
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
mod tests {
    use super::*;
    use crate::live::clock::Clock;
    use crate::transcript::{Event, ScanAnswer};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    /// A server that answers a hello of TLS 1.0 with a ServerHello and every other with alert 70.
    async fn tls10_only(listener: TcpListener) {
        for _ in VERSIONS {
            let (mut peer, _) = listener.accept().await.expect("a client");
            let mut hello = [0; 11];
            peer.read_exact(&mut hello).await.expect("a hello");
            let mut server_hello = vec![22, 3, 1, 0, 42, 2, 0, 0, 38, 3, 1];
            server_hello.extend([7; 32]);
            server_hello.extend([0, 0, 0x2f, 0]);
            server_hello.extend([22, 3, 1, 0, 4, 14, 0, 0, 0]);
            let answer = if hello[9..11] == [3, 1] { &server_hello[..] } else { &[21, 3, 1, 0, 2, 2, 70] };
            peer.write_all(answer).await.expect("open");
        }
    }

    #[tokio::test(flavor = "current_thread")]
    async fn a_server_of_tls_1_0_only_is_named_as_such() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback");
        let route = Route { to: listener.local_addr().expect("bound"), proxy: None, ear: Default::default() };
        let server = tokio::spawn(tls10_only(listener));
        let (clock, mut events) = (Clock::start(), Vec::<Event>::new());
        scan(&route, "vpn.example.test", 1, Duration::from_secs(5), &mut Notes::new(&clock, &mut events)).await;
        server.await.expect("no panic");
        let whats: Vec<What> = events.into_iter().map(|event| event.what).collect();
        let scanned = |offered, answer| What::Scanned { offered, answer };
        assert_eq!(
            whats,
            [
                scanned(SSL30, ScanAnswer::Alert(70)),
                scanned(
                    TLS10,
                    ScanAnswer::Accepted { version: TLS10, cipher: 0x002f, group: None, bits: None, asks_for_certificate: false }
                ),
                scanned(TLS11, ScanAnswer::Alert(70)),
                scanned(TLS12, ScanAnswer::Alert(70)),
                scanned(TLS13, ScanAnswer::Alert(70)),
            ]
        );
    }

    #[test]
    fn the_same_seed_gives_the_same_hello_and_every_version_its_own() {
        assert_eq!(random(7, 0), random(7, 0));
        assert_ne!(random(7, 0), random(7, 1));
        assert_ne!(random(7, 0), random(8, 0));
    }
}
