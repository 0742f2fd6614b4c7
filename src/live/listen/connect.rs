//! A forward proxy that knows CONNECT, and fetches over plain HTTP from loopback.

use super::front::{drain, say_and_close};
use super::{Kept, Serve};
use crate::base::Layer;
use crate::live::wiretap::Wired;
use crate::wire::http::{Head, Parsed};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;

/// What the proxy does about a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProxyAnswer {
    /// It makes the tunnel, or passes the request on.
    Tunnel,
    /// It makes the tunnel, if it said something on this connection before; else it closes.
    TunnelAfter,
    /// It makes the tunnel, and ends it when nothing went through for so long.
    TunnelUntilIdle(Duration),
    /// It makes so many tunnels in all; it says this then, and closes.
    TunnelFor(u32, &'static str),
    /// It says this and closes.
    Reply(&'static str),
    /// It says this and hears another request.
    Again(String),
    /// It says nothing.
    Silent,
    /// It closes without a word.
    Close,
}

/// Decides about a request.
pub type ProxyPolicy = fn(&Head) -> ProxyAnswer;

#[derive(Debug)]
pub(super) struct Service {
    pub policy: ProxyPolicy,
    pub upstream: SocketAddr,
    /// Requests that were counted.
    pub asked: AtomicU32,
}

impl Serve for Service {
    async fn serve(self: Arc<Self>, mut stream: Wired, _: SocketAddr, _: Kept, _: watch::Receiver<bool>) {
        for round in 0..MOST_ROUNDS {
            let Ok(Some((head, ahead))) = tokio::time::timeout(REQUEST_TIME, request(&mut stream)).await else { return };
            match (self.policy)(&head) {
                ProxyAnswer::Again(text) => {
                    if stream.write_all(text.as_bytes()).await.is_err() {
                        return;
                    }
                }
                ProxyAnswer::TunnelAfter if round == 0 => return say_and_close(&mut stream, b"").await,
                ProxyAnswer::Tunnel | ProxyAnswer::TunnelAfter => return self.go_on(stream, &head, ahead, None).await,
                ProxyAnswer::TunnelFor(most, text) if self.asked.fetch_add(1, Ordering::Relaxed) >= most => {
                    return say_and_close(&mut stream, text.as_bytes()).await;
                }
                ProxyAnswer::TunnelFor(..) => return self.go_on(stream, &head, ahead, None).await,
                ProxyAnswer::TunnelUntilIdle(idle) => return self.go_on(stream, &head, ahead, Some(idle)).await,
                ProxyAnswer::Reply(text) => return say_and_close(&mut stream, text.as_bytes()).await,
                ProxyAnswer::Silent => return drain(&mut stream).await,
                ProxyAnswer::Close => return say_and_close(&mut stream, b"").await,
            }
        }
    }
}

impl Service {
    async fn go_on(&self, stream: Wired, head: &Head, ahead: Vec<u8>, idle: Option<Duration>) {
        match onward(head) {
            Some((to, head)) => pass_on(stream, to, &[&head.emit(), &ahead[..]].concat()).await,
            None => self.tunnel(stream, &ahead, idle).await,
        }
    }

    async fn tunnel(&self, mut client: Wired, ahead: &[u8], idle: Option<Duration>) {
        let Ok(mut server) = TcpStream::connect(self.upstream).await else {
            return say_and_close(&mut client, b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n").await;
        };
        let _ = server.set_nodelay(true);
        let opened = client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await;
        if opened.is_ok() && server.write_all(ahead).await.is_ok() {
            // How the tunnel ends is the business of its two ends.
            match idle {
                Some(idle) => until_idle(&mut client, &mut server, idle).await,
                None => drop(tokio::io::copy_bidirectional(&mut client, &mut server).await),
            }
        }
    }
}

/// Passes bytes on until neither end says anything for so long.
pub(super) async fn until_idle(client: &mut Wired, server: &mut TcpStream, idle: Duration) {
    let (mut up, mut down) = ([0; 4096], [0; 4096]);
    loop {
        let step = async {
            tokio::select! {
                read = client.read(&mut up) => match read { Ok(n) if n > 0 => server.write_all(&up[..n]).await.is_ok(), _ => false },
                read = server.read(&mut down) => match read { Ok(n) if n > 0 => client.write_all(&down[..n]).await.is_ok(), _ => false },
            }
        };
        if !tokio::time::timeout(idle, step).await.unwrap_or(false) {
            return;
        }
    }
}

/// Where a request by its whole address goes, and how it is said there (RFC 9112 3.2.1); nothing for CONNECT.
fn onward(head: &Head) -> Option<(Option<SocketAddr>, Head)> {
    let (method, target, version) = head.request_line()?;
    let rest = target.strip_prefix("http://")?;
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    // Nothing but loopback: the lab is no way out.
    let to = authority.parse().ok().filter(|to: &SocketAddr| to.ip().is_loopback());
    let path = if path.is_empty() { "/" } else { path };
    let headers = head.headers.iter().filter(|row| !row.0.to_ascii_lowercase().starts_with("proxy-")).cloned().collect();
    Some((to, Head { start: format!("{method} {path} {version}"), headers, ..head.clone() }))
}

async fn pass_on(mut client: Wired, to: Option<SocketAddr>, request: &[u8]) {
    let server = match to {
        Some(to) => TcpStream::connect(to).await.ok(),
        None => None,
    };
    let Some(mut server) = server else {
        return say_and_close(&mut client, b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n").await;
    };
    if server.write_all(request).await.is_ok() {
        let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
    }
}

/// The head of the request and what came behind it; `None` when there is none.
async fn request(stream: &mut Wired) -> Option<(Head, Vec<u8>)> {
    let mut got = Vec::new();
    let mut chunk = [0; 2048];
    loop {
        let n = stream.read(&mut chunk).await.ok().filter(|n| *n > 0)?;
        got.extend(chunk.get(..n).unwrap_or_default());
        match Head::parse_request(Layer::Proxy, &got) {
            Ok(Parsed::Whole(head, len)) => return Some((head, got.split_off(len))),
            Ok(Parsed::Partial) => {}
            Err(_) => {
                say_and_close(stream, b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").await;
                return None;
            }
        }
    }
}

/// Ours: so many requests on one connection.
const MOST_ROUNDS: usize = 8;
/// Ours: a request has so long to come.
const REQUEST_TIME: Duration = Duration::from_secs(30);
