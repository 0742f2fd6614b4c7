//! Door 2: what happens to the bytes between TLS and the socket.

use crate::proto::plan::Toxic;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::Sleep;

/// A stream that can be made to end with a reset when it is dropped.
pub trait Resettable {
    /// From now on dropping the stream sends RST instead of FIN.
    fn reset_on_drop(&self);
}

impl Resettable for TcpStream {
    fn reset_on_drop(&self) {
        // SO_LINGER with 0 seconds. A socket that is gone already needs no reset.
        let _ = self.set_zero_linger();
    }
}

/// A stream whose outgoing bytes are held back, cut up or cut off.
#[derive(Debug)]
pub struct Poisoned<S> {
    /// `None` once it was reset.
    stream: Option<S>,
    delay: Option<std::time::Duration>,
    slice: usize,
    end: Option<(u64, End)>,
    /// Bytes written since the toxics were set.
    written: u64,
    ended: bool,
    held: Option<Pin<Box<Sleep>>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Cut,
    Reset,
    Stall,
}

impl<S> Poisoned<S> {
    /// A stream with toxics that count from its first byte.
    pub fn new(stream: S, toxics: &[Toxic]) -> Poisoned<S> {
        let mut poisoned =
            Poisoned { stream: Some(stream), delay: None, slice: usize::MAX, end: None, written: 0, ended: false, held: None };
        poisoned.add(toxics);
        poisoned
    }

    /// More toxics; those that end the stream count from the next byte. Of several ends the earliest is kept.
    pub fn add(&mut self, toxics: &[Toxic]) {
        for toxic in toxics {
            match *toxic {
                Toxic::Delay(delay) => self.delay = Some(delay),
                Toxic::Slice(size) => self.slice = size.max(1),
                Toxic::CutAfter(bytes) => self.end_after(bytes, End::Cut),
                Toxic::ResetAfter(bytes) => self.end_after(bytes, End::Reset),
                Toxic::StallAfter(bytes) => self.end_after(bytes, End::Stall),
            }
        }
    }

    fn end_after(&mut self, bytes: u64, how: End) {
        let at = self.written.saturating_add(bytes);
        if self.end.is_none_or(|(earlier, _)| at < earlier) {
            self.end = Some((at, how));
        }
    }

    /// Bytes that may still be written before the end; `None` without one.
    fn room(&self) -> Option<u64> {
        self.end.map(|(at, _)| at.saturating_sub(self.written))
    }
}

impl<S: AsyncRead + AsyncWrite + Resettable + Unpin> Poisoned<S> {
    /// Waits until the present write may go out.
    fn hold(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(delay) = self.delay else { return Poll::Ready(()) };
        let sleep = self.held.get_or_insert_with(|| Box::pin(tokio::time::sleep(delay)));
        ready!(sleep.as_mut().poll(cx));
        self.held = None;
        Poll::Ready(())
    }

    /// Carries out the end that was reached; a cut may have to wait for the stream.
    fn finish(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Some((_, how)) = self.end.filter(|_| !self.ended && self.room() == Some(0)) else { return Poll::Ready(Ok(())) };
        match (how, self.stream.as_mut()) {
            (End::Cut, Some(stream)) => {
                ready!(Pin::new(&mut *stream).poll_flush(cx))?;
                ready!(Pin::new(stream).poll_shutdown(cx))?;
            }
            (End::Reset, Some(stream)) => {
                stream.reset_on_drop();
                self.stream = None;
            }
            _ => {}
        }
        self.ended = true;
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + AsyncWrite + Resettable + Unpin> AsyncRead for Poisoned<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.stream.as_mut() {
            Some(stream) => Pin::new(stream).poll_read(cx, buf),
            None => Poll::Ready(Err(io::ErrorKind::ConnectionReset.into())),
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Resettable + Unpin> AsyncWrite for Poisoned<S> {
    /// Beyond the end everything is swallowed: the mind behind this door does not know what the peer sees.
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        ready!(this.hold(cx));
        if this.room() == Some(0) {
            ready!(this.finish(cx))?;
            return Poll::Ready(Ok(bytes.len()));
        }
        let room = this.room().map_or(usize::MAX, |room| usize::try_from(room).unwrap_or(usize::MAX));
        let piece = bytes.get(..bytes.len().min(this.slice).min(room)).unwrap_or(bytes);
        let Some(stream) = this.stream.as_mut() else { return Poll::Ready(Ok(bytes.len())) };
        let n = ready!(Pin::new(stream).poll_write(cx, piece))?;
        this.written += n as u64;
        Poll::Ready(Ok(n))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        // An end right behind the last byte comes now; one before the first byte waits for a byte to be kept back.
        if this.written > 0 {
            ready!(this.finish(cx))?;
        }
        match this.stream.as_mut() {
            Some(stream) => Pin::new(stream).poll_flush(cx),
            None => Poll::Ready(Ok(())),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let stalled = self.ended || self.room() == Some(0);
        match self.stream.as_mut().filter(|_| !stalled) {
            Some(stream) => Pin::new(stream).poll_shutdown(cx),
            None => Poll::Ready(Ok(())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

    impl Resettable for DuplexStream {
        fn reset_on_drop(&self) {}
    }

    async fn send(toxics: &[Toxic], bytes: &[u8]) -> (Poisoned<DuplexStream>, DuplexStream) {
        let (ours, theirs) = tokio::io::duplex(1024);
        let mut poisoned = Poisoned::new(ours, toxics);
        poisoned.write_all(bytes).await.expect("room");
        poisoned.flush().await.expect("open");
        (poisoned, theirs)
    }

    #[tokio::test]
    async fn a_slice_bounds_each_write_and_loses_nothing() {
        let (ours, mut theirs) = tokio::io::duplex(64);
        let mut poisoned = Poisoned::new(ours, &[Toxic::Slice(1)]);
        assert_eq!(poisoned.write(b"abc").await.expect("open"), 1);
        poisoned.write_all(b"bc").await.expect("open");
        drop(poisoned);
        let mut all = Vec::new();
        theirs.read_to_end(&mut all).await.expect("open");
        assert_eq!(all, b"abc");
    }

    #[tokio::test]
    async fn a_cut_ends_the_stream_at_its_byte_and_swallows_the_rest() {
        let (mut poisoned, mut theirs) = send(&[Toxic::CutAfter(2)], b"abcd").await;
        poisoned.write_all(b"more").await.expect("swallowed");
        let mut all = Vec::new();
        theirs.read_to_end(&mut all).await.expect("cut while the writer still lives");
        assert_eq!(all, b"ab");
        let (_poisoned, mut theirs) = send(&[Toxic::CutAfter(4)], b"abcd").await;
        all.clear();
        theirs.read_to_end(&mut all).await.expect("cut behind the last byte");
        assert_eq!(all, b"abcd");
    }

    #[tokio::test]
    async fn a_reset_is_seen_by_our_own_reader_too() {
        let (mut poisoned, mut theirs) = send(&[Toxic::ResetAfter(1)], b"ab").await;
        let error = poisoned.read_u8().await.expect_err("reset");
        assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
        let mut all = Vec::new();
        theirs.read_to_end(&mut all).await.expect("dropped");
        assert_eq!(all, b"a");
    }

    #[tokio::test]
    async fn a_stall_keeps_the_stream_open_and_silent() {
        let (mut poisoned, mut theirs) = send(&[Toxic::StallAfter(3)], b"abcdef").await;
        let mut three = [0; 3];
        theirs.read_exact(&mut three).await.expect("three bytes");
        poisoned.shutdown().await.expect("swallowed");
        assert!(tokio::time::timeout(Duration::ZERO, theirs.read_u8()).await.is_err(), "neither a byte nor an end");
        theirs.write_all(b"z").await.expect("the other direction lives");
        assert_eq!(poisoned.read_u8().await.expect("read"), b'z');
    }

    #[tokio::test]
    async fn toxics_added_later_count_from_then() {
        let (mut poisoned, mut theirs) = send(&[], b"handshake").await;
        poisoned.add(&[Toxic::CutAfter(0)]);
        poisoned.write_all(b"200 OK").await.expect("swallowed");
        let mut all = Vec::new();
        theirs.read_to_end(&mut all).await.expect("cut");
        assert_eq!(all, b"handshake");
    }

    #[tokio::test]
    async fn a_delay_holds_a_write_back() {
        let (ours, _theirs) = tokio::io::duplex(8);
        let mut poisoned = Poisoned::new(ours, &[Toxic::Delay(Duration::from_secs(3600))]);
        assert!(tokio::time::timeout(Duration::ZERO, poisoned.write_u8(1)).await.is_err());
        let (_poisoned, mut theirs) = send(&[Toxic::Delay(Duration::from_micros(1))], b"x").await;
        assert_eq!(theirs.read_u8().await.expect("it came"), b'x');
    }
}
