//! A short look at the certificate of every other address, while the call goes on with the first.

use super::notes::Notes;
use super::tap::Tap;
use super::tls::{self, Settings};
use super::wiretap::Wired;
use crate::base::{Bytes, Layer, Side};
use crate::transcript::What;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::task::JoinSet;

/// TLS handshakes beside the call.
#[derive(Debug, Default)]
pub struct Asides {
    under_way: JoinSet<(SocketAddr, Vec<Bytes>)>,
}

impl Asides {
    /// Begins a handshake on each of these connections, at most four.
    pub fn start(&mut self, others: Vec<(SocketAddr, Wired)>, settings: &Settings, within: Duration) {
        for (from, tcp) in others.into_iter().take(AT_MOST) {
            let settings = settings.clone();
            self.under_way.spawn(async move {
                let certs = match tls::handshake(Tap::new(tcp, Vec::new()), &settings, within.min(SHORT)).await {
                    Ok(mut secure) => {
                        let certs = std::mem::take(&mut secure.certs);
                        secure.close().await;
                        certs
                    }
                    Err(failure) => failure.certs,
                };
                (from, certs)
            });
        }
    }

    /// Notes the chains that came, waiting at most so long for those under way.
    pub async fn note(&mut self, patience: Duration, notes: &mut Notes<'_>) {
        let until = tokio::time::Instant::now() + patience;
        while let Ok(Some(joined)) = tokio::time::timeout_at(until, self.under_way.join_next()).await {
            let Ok((from, certs)) = joined else { continue };
            if !certs.is_empty() {
                notes.note(Some(Side::Server), Layer::Tls, What::Chain { from: Some(from), certs, aside: true });
            }
        }
        self.under_way.abort_all();
    }
}

/// Ours: so many other addresses are looked at.
const AT_MOST: usize = 4;
/// Ours: a look may take so long.
const SHORT: Duration = Duration::from_secs(5);
