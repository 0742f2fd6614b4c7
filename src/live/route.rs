//! The way to the server that was found once, to be gone again by further connections.

use super::dial::{self, connect_quietly};
use super::proxy::{self, ProxyConfig};
use super::tap::Tap;
use super::wiretap::Ear;
use crate::transcript::proxy::Header;
use crate::transcript::{ConnectFailure, Reason};
use std::net::SocketAddr;
use std::time::Duration;

/// An address that connected, and the CONNECT to be sent there if it is a proxy.
#[derive(Clone, Debug)]
pub struct Route {
    /// The server, or the proxy in front of it.
    pub to: SocketAddr,
    /// The proxy and the `host:port` it is asked for.
    pub proxy: Option<(ProxyConfig, String)>,
    /// Who hears what is said on it.
    pub ear: Ear,
}

/// Why a further connection could not be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoWay {
    /// TCP said no.
    Tcp(ConnectFailure, String),
    /// The proxy said no.
    Proxy(Reason),
}

impl Route {
    /// The address of the server itself; behind a proxy only the proxy knows it.
    pub fn server(&self) -> Option<SocketAddr> {
        self.proxy.is_none().then_some(self.to)
    }

    /// A new connection to the server; nothing is noted.
    pub async fn open(&self, within: Duration) -> Result<Tap, NoWay> {
        let no_tcp = |error: std::io::Error| NoWay::Tcp(dial::classify(&error), error.to_string());
        let mut tcp = connect_quietly(self.to, within, &self.ear).await.map_err(no_tcp)?;
        let Some((proxy, target)) = &self.proxy else { return Ok(Tap::new(tcp, Vec::new())) };
        let asking = proxy::Asking { proxy, target, header: Header::Sstp, within };
        let ahead = proxy::open(&mut tcp, &asking, |_| {}).await.map_err(|trouble| NoWay::Proxy(trouble.reason))?;
        Ok(Tap::new(tcp, ahead))
    }
}
