//! The lab's SOCKS5 proxy. RFC 1928, RFC 1929.

use super::connect::until_idle;
use super::{Kept, Serve};
use crate::live::wiretap::Wired;
use crate::wire::socks::{self, Place, Read};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;

/// What the proxy does about a caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SocksMode {
    /// It makes the tunnel for everybody.
    Open,
    /// It wants this user and password.
    Login(&'static str, &'static str),
    /// It refuses with this code. RFC 1928 6.
    Refuse(u8),
}

#[derive(Debug)]
pub(super) struct Service {
    pub mode: SocksMode,
    pub upstream: SocketAddr,
}

impl Serve for Service {
    async fn serve(self: Arc<Self>, mut stream: Wired, _: SocketAddr, _: Kept, _: watch::Receiver<bool>) {
        let _ = tokio::time::timeout(LIFETIME, self.talk(&mut stream)).await;
    }
}

impl Service {
    async fn talk(&self, client: &mut Wired) -> Option<()> {
        let mut got = Vec::new();
        let offered = hear(client, &mut got, socks::read_greeting).await?;
        let wanted = if matches!(self.mode, SocksMode::Login(..)) { socks::PASSWORD } else { socks::NO_LOGIN };
        let method = if offered.contains(&wanted) { wanted } else { socks::NONE };
        client.write_all(&[5, method]).await.ok()?;
        if method == socks::NONE {
            return client.shutdown().await.ok();
        }
        if let SocksMode::Login(user, password) = self.mode {
            let said = hear(client, &mut got, socks::read_login).await?;
            let right = said == (user.to_string(), password.to_string());
            client.write_all(&[1, u8::from(!right)]).await.ok()?;
            if !right {
                return client.shutdown().await.ok();
            }
        }
        let place = hear(client, &mut got, socks::read_connect).await?;
        if let SocksMode::Refuse(code) = self.mode {
            client.write_all(&socks::reply(code)).await.ok()?;
            return client.shutdown().await.ok();
        }
        // Nothing but loopback: the lab is no way out.
        let to = match place {
            Place::Address(address, port) if address.is_loopback() => SocketAddr::new(address, port),
            _ => self.upstream,
        };
        let Ok(mut server) = TcpStream::connect(to).await else {
            return client.write_all(&socks::reply(5)).await.ok();
        };
        let _ = server.set_nodelay(true);
        client.write_all(&socks::reply(0)).await.ok()?;
        server.write_all(&got).await.ok()?;
        until_idle(client, &mut server, LIFETIME).await;
        Some(())
    }
}

/// The next message; nothing when it is none, or does not come.
async fn hear<T>(client: &mut Wired, got: &mut Vec<u8>, read: fn(&[u8]) -> Read<T>) -> Option<T> {
    let mut chunk = [0; 512];
    loop {
        if let Some((it, len)) = read(got).ok()? {
            got.drain(..len);
            return Some(it);
        }
        let n = client.read(&mut chunk).await.ok().filter(|n| *n > 0)?;
        got.extend(chunk.get(..n)?);
    }
}

/// Ours: a tunnel of the lab lives so long.
const LIFETIME: Duration = Duration::from_secs(3600);
