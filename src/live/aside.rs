//! A short look at the certificate of every other address, while the call goes on with the first.

use super::notes::Notes;
use super::route::Route;
use super::tap::Tap;
use super::tls::{self, Settings};
use super::wiretap::Wired;
use crate::base::{Bytes, Layer, Side};
use crate::transcript::{Nameless, What};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::task::JoinSet;

/// TLS handshakes beside the call.
#[derive(Debug, Default)]
pub struct Asides {
    under_way: JoinSet<(SocketAddr, Vec<Bytes>)>,
    nameless: JoinSet<Nameless>,
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

    /// Begins a handshake without SNI on a further connection.
    pub fn start_nameless(&mut self, route: Route, settings: &Settings, within: Duration) {
        // An address is not sent as SNI. RFC 6066 3.
        let settings = Settings { server_name: "0.0.0.0".into(), ..settings.clone() };
        self.nameless.spawn(async move {
            let Ok(tap) = route.open(within.min(SHORT)).await else {
                return Nameless { certs: Vec::new(), failure: Some("no second connection".into()) };
            };
            match tls::handshake(tap, &settings, within.min(SHORT)).await {
                Ok(mut secure) => {
                    let certs = std::mem::take(&mut secure.certs);
                    secure.close().await;
                    Nameless { certs, failure: None }
                }
                Err(failure) => Nameless { certs: failure.certs.clone(), failure: Some(failure.says.clone()) },
            }
        });
    }

    /// Notes the chains that came, waiting at most so long for those under way, and gives them back.
    pub async fn note(&mut self, patience: Duration, notes: &mut Notes<'_>) -> Vec<(SocketAddr, Vec<Bytes>)> {
        let mut came = Vec::new();
        let until = tokio::time::Instant::now() + patience;
        while let Ok(Some(joined)) = tokio::time::timeout_at(until, self.under_way.join_next()).await {
            let Ok((from, certs)) = joined else { continue };
            if !certs.is_empty() {
                came.push((from, certs.clone()));
                notes.note(Some(Side::Server), Layer::Tls, What::Chain { from: Some(from), certs, aside: true });
            }
        }
        self.under_way.abort_all();
        if let Ok(Some(Ok(look))) = tokio::time::timeout_at(until, self.nameless.join_next()).await {
            notes.note(Some(Side::Server), Layer::Tls, What::Nameless(Box::new(look)));
        }
        self.nameless.abort_all();
        came
    }
}

/// Ours: so many other addresses are looked at.
const AT_MOST: usize = 4;
/// Ours: a look may take so long.
const SHORT: Duration = Duration::from_secs(5);
