//! A forward proxy that knows CONNECT, and fetches over plain HTTP from loopback.

use super::front::{drain, say_and_close};
use super::{Kept, Serve};
use crate::base::Layer;
use crate::live::wiretap::Wired;
use crate::wire::http::{Head, Parsed};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;

/// What the proxy does about a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProxyAnswer {
    /// It makes the tunnel, or passes the request on.
    Tunnel,
    /// It says this and closes.
    Reply(&'static str),
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
}

impl Serve for Service {
    async fn serve(self: Arc<Self>, mut stream: Wired, _: SocketAddr, _: Kept, _: watch::Receiver<bool>) {
        let Ok(Some((head, ahead))) = tokio::time::timeout(REQUEST_TIME, request(&mut stream)).await else { return };
        match (self.policy)(&head) {
            ProxyAnswer::Tunnel => match onward(&head) {
                Some((to, head)) => pass_on(stream, to, &[&head.emit(), &ahead[..]].concat()).await,
                None => self.tunnel(stream, &ahead).await,
            },
            ProxyAnswer::Reply(text) => say_and_close(&mut stream, text.as_bytes()).await,
            ProxyAnswer::Silent => drain(&mut stream).await,
            ProxyAnswer::Close => say_and_close(&mut stream, b"").await,
        }
    }
}

impl Service {
    async fn tunnel(&self, mut client: Wired, ahead: &[u8]) {
        let Ok(mut server) = TcpStream::connect(self.upstream).await else {
            return say_and_close(&mut client, b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n").await;
        };
        let _ = server.set_nodelay(true);
        let opened = client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await;
        if opened.is_ok() && server.write_all(ahead).await.is_ok() {
            // How the tunnel ends is the business of its two ends.
            let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
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

/// Ours: a request has so long to come.
const REQUEST_TIME: Duration = Duration::from_secs(30);
