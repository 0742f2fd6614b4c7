//! The TCP stream under TLS, which remembers how the server began to speak and how it stopped.

use super::toxic::Resettable;
use super::wiretap::Wired;
use crate::transcript::How;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// What a tap has seen so far; shared with whoever wants to explain a failure.
#[derive(Clone, Debug, Default)]
pub struct Seen(Arc<Mutex<Look>>);

#[derive(Debug, Default)]
struct Look {
    first: Vec<u8>,
    end: Option<How>,
}

impl Seen {
    /// The first bytes that came, at most [`KEPT`].
    pub fn first(&self) -> Vec<u8> {
        self.look().first.clone()
    }

    /// How the peer ended the stream, if it did.
    pub fn end(&self) -> Option<How> {
        self.look().end
    }

    fn look(&self) -> MutexGuard<'_, Look> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read(&self, result: &Poll<io::Result<()>>, bytes: &[u8], asked: bool) {
        let mut look = self.look();
        let room = KEPT.saturating_sub(look.first.len());
        look.first.extend(bytes.iter().take(room));
        match result {
            Poll::Ready(Ok(())) if bytes.is_empty() && asked => look.end = Some(How::Fin),
            Poll::Ready(Err(error)) => note_reset(&mut look, error),
            _ => {}
        }
    }

    fn failed(&self, error: &io::Error) {
        note_reset(&mut self.look(), error);
    }
}

fn note_reset(look: &mut Look, error: &io::Error) {
    if matches!(error.kind(), io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionAborted) {
        look.end = Some(How::Reset);
    }
}

/// A TCP stream, perhaps through a proxy, with the bytes that came right behind the proxy's answer put in front again.
#[derive(Debug)]
pub struct Tap {
    tcp: Wired,
    ahead: Vec<u8>,
    seen: Seen,
}

impl Tap {
    /// A stream whose first bytes were already read.
    pub fn new(tcp: impl Into<Wired>, ahead: Vec<u8>) -> Tap {
        Tap { tcp: tcp.into(), ahead, seen: Seen::default() }
    }

    /// What it sees, also after the tap is gone.
    pub fn seen(&self) -> Seen {
        self.seen.clone()
    }

    /// Packets that are sent from now on go so many hops at most; how many it was before. IPv4.
    pub fn limit_hops(&self, hops: u32) -> io::Result<u32> {
        let socket = socket2::SockRef::from(self.tcp.socket());
        let before = socket.ttl_v4()?;
        socket.set_ttl_v4(hops)?;
        Ok(before)
    }

    /// Our own end of the TCP connection.
    pub fn local(&self) -> Option<SocketAddr> {
        self.tcp.socket().local_addr().ok()
    }

    /// The peer of the TCP connection.
    pub fn peer(&self) -> Option<SocketAddr> {
        self.tcp.socket().peer_addr().ok()
    }
}

impl Resettable for Tap {
    fn reset_on_drop(&self) {
        self.tcp.reset_on_drop();
    }
}

impl AsyncRead for Tap {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let asked = buf.remaining() > 0;
        let before = buf.filled().len();
        let result = match self.ahead.is_empty() {
            true => Pin::new(&mut self.tcp).poll_read(cx, buf),
            false => {
                let n = self.ahead.len().min(buf.remaining());
                buf.put_slice(&self.ahead[..n]);
                self.ahead.drain(..n);
                Poll::Ready(Ok(()))
            }
        };
        self.seen.read(&result, buf.filled().get(before..).unwrap_or_default(), asked);
        result
    }
}

impl AsyncWrite for Tap {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.tcp).poll_write(cx, bytes);
        if let Poll::Ready(Err(error)) = &result {
            self.seen.failed(error);
        }
        result
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_shutdown(cx)
    }
}

/// Ours: so many first bytes are kept.
pub const KEPT: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpStream};

    #[tokio::test(flavor = "current_thread")]
    async fn bytes_ahead_come_first_and_the_beginning_and_the_end_are_remembered() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback");
        let client = TcpStream::connect(listener.local_addr().expect("bound")).await.expect("listening");
        let (mut server, _) = listener.accept().await.expect("a client");
        server.write_all(b"/1.1 400\r\n").await.expect("open");
        drop(server);
        let mut tap = Tap::new(client, b"HTTP".to_vec());
        let seen = tap.seen();
        let mut all = Vec::new();
        tap.read_to_end(&mut all).await.expect("a FIN");
        assert_eq!((all, seen.first(), seen.end()), (b"HTTP/1.1 400\r\n".to_vec(), b"HTTP/1.1 400\r\n".to_vec(), Some(How::Fin)));
    }
}
