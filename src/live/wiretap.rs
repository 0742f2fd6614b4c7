//! A copy of everything that goes through our sockets, below TLS, for whoever writes it down as a capture.

use super::clock::Clock;
use super::toxic::Resettable;
use crate::base::{Side, hex};
use crate::transcript::ConnectFailure;
use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Waker};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpSocket, TcpStream};

/// Who takes the copy. Times are microseconds since 1970-01-01 UTC and do not go backwards. What keys come while a call
/// to `bytes` is the latest may be needed to read those bytes.
pub trait Wiretap: Send + Sync + std::fmt::Debug {
    /// A connection is being made; the number names it from then on.
    fn dialled(&self, at: i64, client: SocketAddr, server: SocketAddr) -> u64;
    /// It is there.
    fn opened(&self, at: i64, wire: u64);
    /// It will not be.
    fn failed(&self, at: i64, wire: u64, how: ConnectFailure);
    /// Bytes of one side.
    fn bytes(&self, at: i64, wire: u64, from: Side, bytes: &[u8]);
    /// One side ended its stream: FIN, or RST.
    fn ended(&self, at: i64, wire: u64, from: Side, reset: bool);
    /// The last call about it.
    fn gone(&self, wire: u64);
    /// A line of an NSS key log, with its line feed.
    fn key(&self, line: &str);
}

/// Where the copy goes, if anywhere.
#[derive(Clone, Debug, Default)]
pub struct Ear(Option<(Clock, Arc<dyn Wiretap>)>);

impl Ear {
    /// Everything goes to `tap`, with the time of a clock that starts now.
    pub fn new(tap: Arc<dyn Wiretap>) -> Ear {
        Ear(Some((Clock::start(), tap)))
    }

    /// Somebody listens.
    pub fn listens(&self) -> bool {
        self.0.is_some()
    }

    /// Connects, and says so.
    pub async fn connect(&self, to: SocketAddr) -> io::Result<Wired> {
        let Some((clock, tap)) = &self.0 else { return Ok(TcpStream::connect(to).await?.into()) };
        // Bound before it connects, so that an attempt that fails has a port too.
        let socket = if to.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        socket.bind(towards(to)?)?;
        let from = socket.local_addr()?;
        let mut feed = Feed { clock: *clock, tap: tap.clone(), wire: 0, side: Side::Client };
        feed.wire = tap.dialled(clock.unix_us(), from, to);
        let mut attempt = Attempt { feed: Some(feed), how: ConnectFailure::TimedOut };
        match socket.connect(to).await {
            Ok(stream) => {
                let feed = attempt.feed.take();
                if let Some(feed) = &feed {
                    tap.opened(clock.unix_us(), feed.wire);
                }
                Ok(Wired::new(stream, feed))
            }
            Err(error) => {
                attempt.how = super::dial::classify(&error);
                Err(error)
            }
        }
    }

    /// A connection that was accepted.
    pub fn accepted(&self, stream: TcpStream, client: SocketAddr) -> Wired {
        let server = stream.local_addr().ok();
        let Some(((clock, tap), server)) = self.0.as_ref().zip(server) else { return stream.into() };
        let at = clock.unix_us();
        let wire = tap.dialled(at, client, server);
        tap.opened(at, wire);
        Wired::new(stream, Some(Feed { clock: *clock, tap: tap.clone(), wire, side: Side::Server }))
    }
}

impl rustls::KeyLog for Ear {
    fn log(&self, label: &str, client_random: &[u8], secret: &[u8]) {
        if let Some((_, tap)) = &self.0 {
            tap.key(&zeroize::Zeroizing::new(format!("{label} {} {}\n", hex(client_random), hex(secret))));
        }
    }

    fn will_log(&self, _label: &str) -> bool {
        self.listens()
    }
}

/// Our own address on the way there, with any port. Connecting a UDP socket sends nothing.
pub fn towards(to: SocketAddr) -> io::Result<SocketAddr> {
    let any = if to.is_ipv4() { SocketAddr::from(([0; 4], 0)) } else { SocketAddr::from(([0u16; 8], 0)) };
    let socket = UdpSocket::bind(any)?;
    socket.connect(to)?;
    let mut from = socket.local_addr()?;
    from.set_port(0);
    Ok(from)
}

/// An attempt to connect that may be given up at any time.
struct Attempt {
    feed: Option<Feed>,
    how: ConnectFailure,
}

impl Drop for Attempt {
    fn drop(&mut self) {
        if let Some(feed) = &self.feed {
            feed.tap.failed(feed.clock.unix_us(), feed.wire, self.how);
            feed.tap.gone(feed.wire);
        }
    }
}

#[derive(Debug)]
struct Feed {
    clock: Clock,
    tap: Arc<dyn Wiretap>,
    wire: u64,
    /// Our own.
    side: Side,
}

impl Feed {
    fn bytes(&self, from: Side, bytes: &[u8]) {
        if !bytes.is_empty() {
            self.tap.bytes(self.clock.unix_us(), self.wire, from, bytes);
        }
    }

    fn ended(&self, from: Side, reset: bool) {
        self.tap.ended(self.clock.unix_us(), self.wire, from, reset);
    }
}

/// A TCP stream whose bytes are copied on their way.
#[derive(Debug)]
pub struct Wired {
    tcp: TcpStream,
    feed: Option<Feed>,
    said_end: bool,
    heard_end: bool,
    resets: AtomicBool,
}

impl From<TcpStream> for Wired {
    fn from(tcp: TcpStream) -> Wired {
        Wired::new(tcp, None)
    }
}

impl Wired {
    fn new(tcp: TcpStream, feed: Option<Feed>) -> Wired {
        Wired { tcp, feed, said_end: false, heard_end: false, resets: AtomicBool::new(false) }
    }

    /// The socket, to ask it for addresses and to set its options.
    pub fn socket(&self) -> &TcpStream {
        &self.tcp
    }

    /// Who hears it, for a further connection.
    pub fn ear(&self) -> Ear {
        Ear(self.feed.as_ref().map(|feed| (feed.clock, feed.tap.clone())))
    }

    /// The peer ended its stream; once.
    fn heard(&mut self, reset: bool) {
        if !std::mem::replace(&mut self.heard_end, true)
            && let Some(feed) = &self.feed
        {
            feed.ended(feed.side.other(), reset);
        }
    }

    fn failed(&mut self, error: &io::Error) {
        if is_reset(error) {
            self.heard(true);
        }
    }
}

fn is_reset(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionAborted)
}

impl Drop for Wired {
    /// What the kernel does with a socket that is closed: bytes that nobody read make it a reset. RFC 9293 3.10.4, RFC 1122 4.2.2.13.
    fn drop(&mut self) {
        let Some(feed) = self.feed.take() else { return };
        let mut left = vec![0; UNREAD];
        let mut buffer = ReadBuf::new(&mut left);
        let peeked = self.tcp.poll_peek(&mut Context::from_waker(Waker::noop()), &mut buffer);
        let unread = if matches!(peeked, Poll::Ready(Ok(_))) { buffer.filled() } else { &[] };
        feed.bytes(feed.side.other(), unread);
        match peeked {
            Poll::Ready(Ok(0)) if !self.heard_end => feed.ended(feed.side.other(), false),
            Poll::Ready(Err(error)) if !self.heard_end && is_reset(&error) => feed.ended(feed.side.other(), true),
            _ => {}
        }
        let resets = *self.resets.get_mut() || !unread.is_empty();
        if resets || !self.said_end {
            feed.ended(feed.side, resets);
        }
        feed.tap.gone(feed.wire);
    }
}

impl Resettable for Wired {
    fn reset_on_drop(&self) {
        self.resets.store(true, Ordering::Relaxed);
        self.tcp.reset_on_drop();
    }
}

impl AsyncRead for Wired {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let (asked, before) = (buf.remaining() > 0, buf.filled().len());
        let result = Pin::new(&mut self.tcp).poll_read(cx, buf);
        let new = buf.filled().get(before..).unwrap_or_default();
        match &result {
            Poll::Ready(Ok(())) if new.is_empty() && asked => self.heard(false),
            Poll::Ready(Ok(())) => self.feed.iter().for_each(|feed| feed.bytes(feed.side.other(), new)),
            Poll::Ready(Err(error)) => self.failed(error),
            Poll::Pending => {}
        }
        result
    }
}

impl AsyncWrite for Wired {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.tcp).poll_write(cx, bytes);
        match &result {
            Poll::Ready(Ok(n)) => self.feed.iter().for_each(|feed| feed.bytes(feed.side, bytes.get(..*n).unwrap_or(bytes))),
            Poll::Ready(Err(error)) => self.failed(error),
            Poll::Pending => {}
        }
        result
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let result = Pin::new(&mut self.tcp).poll_shutdown(cx);
        if matches!(result, Poll::Ready(Ok(()))) && !std::mem::replace(&mut self.said_end, true) {
            self.feed.iter().for_each(|feed| feed.ended(feed.side, false));
        }
        result
    }
}

/// Ours: so many bytes that nobody read are copied at the end.
const UNREAD: usize = 64 * 1024;

#[cfg(test)]
mod tests;
