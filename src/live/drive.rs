//! The loop between a [`Machine`], such as a session, and a stream of plaintext.

use super::clock::Clock;
use crate::base::{Layer, Limit, Micros, Side, WireError};
use crate::proto::{Input, Machine, Output};
use crate::transcript::{Event, How, Sink, What};
use std::io::{self, ErrorKind};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::watch;

/// Runs a session over a stream until it is done. `side` is our own; what is read comes from the other.
pub async fn run<S, M, K>(stream: S, session: M, side: Side, clock: &Clock, sink: &mut K, stop: &mut watch::Receiver<bool>)
where
    S: AsyncRead + AsyncWrite + Unpin,
    M: Machine,
    K: Sink + ?Sized,
{
    let mut link = Link { stream, session, side, clock, reads: true, writes: true, leaving: false };
    let mut buffer = vec![0; READ_AT_ONCE];
    loop {
        match link.session.poll() {
            Output::Send(bytes) => link.send(&bytes).await,
            Output::Event(event) => sink.event(&event),
            Output::Close => link.close().await,
            Output::Done => break,
            Output::Wait(deadline) => link.wait(deadline, &mut buffer, sink, stop).await,
        }
    }
    link.linger(&mut buffer).await;
}

struct Link<'a, S, M> {
    stream: S,
    session: M,
    side: Side,
    clock: &'a Clock,
    /// The peer may still send.
    reads: bool,
    /// We may still write.
    writes: bool,
    /// The session was told to leave.
    leaving: bool,
}

impl<S: AsyncRead + AsyncWrite + Unpin, M: Machine> Link<'_, S, M> {
    fn now(&self) -> Micros {
        self.clock.now()
    }

    /// After an error nothing more is written, but reading goes on: an Abort, or how the peer closed, may still come.
    async fn send(&mut self, bytes: &[u8]) {
        if !self.writes {
            return;
        }
        let stream = &mut self.stream;
        let write = async {
            stream.write_all(bytes).await?;
            stream.flush().await
        };
        match tokio::time::timeout(WRITE_TIME, write).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) => self.writes = false,
            Err(_) => {
                self.writes = false;
                self.ended(self.now(), How::Ours);
            }
        }
    }

    async fn close(&mut self) {
        if std::mem::take(&mut self.writes) {
            // A peer that takes nothing more must not keep us; the drop closes in any case.
            let _ = tokio::time::timeout(CLOSE_TIME, self.stream.shutdown()).await;
        }
    }

    async fn wait<K: Sink + ?Sized>(&mut self, deadline: Micros, buffer: &mut [u8], sink: &mut K, stop: &mut watch::Receiver<bool>) {
        let read = tokio::select! {
            read = self.stream.read(buffer), if self.reads => read,
            () = tokio::time::sleep_until(self.clock.instant(deadline)) => {
                return self.session.handle(self.clock.now(), Input::Tick);
            }
            () = asked_to_stop(stop), if !self.leaving => {
                self.leaving = true;
                return self.session.handle(self.clock.now(), Input::Leave);
            }
        };
        let (now, from) = (self.now(), self.side.other());
        match read {
            Ok(0) => self.ended(now, How::CloseNotify),
            Ok(n) => self.session.handle(now, Input::Bytes { from, bytes: buffer.get(..n).unwrap_or_default() }),
            Err(error) => {
                if let Some(what) = tls_trouble(&error) {
                    sink.event(&Event::new(now, Some(from), Layer::Tls, what));
                }
                self.ended(now, how(&error));
            }
        }
    }

    fn ended(&mut self, now: Micros, how: How) {
        self.reads = false;
        let from = if how == How::Ours { self.side } else { self.side.other() };
        self.session.handle(now, Input::Closed { from, how });
    }

    /// Reads and forgets until the peer closes too: a socket dropped with bytes unread sends RST, and that would
    /// take our last message from the peer.
    async fn linger(&mut self, buffer: &mut [u8]) {
        self.close().await;
        let patience = match self.side {
            Side::Client => CLIENT_LINGERS,
            Side::Server => SERVER_LINGERS,
        };
        let stream = &mut self.stream;
        let drain = async { while stream.read(buffer).await.is_ok_and(|n| n > 0) {} };
        if self.reads {
            let _ = tokio::time::timeout(patience, drain).await;
        }
    }
}

/// Returns when the flag is up; never when nobody can raise it any more.
async fn asked_to_stop(stop: &mut watch::Receiver<bool>) {
    if stop.wait_for(|stop| *stop).await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// How a stream ended that gave this error. rustls says `UnexpectedEof` for a FIN without close_notify, and gives up
/// itself over records it cannot open.
fn how(error: &io::Error) -> How {
    match error.kind() {
        ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted | ErrorKind::BrokenPipe => How::Reset,
        ErrorKind::InvalidData if alert(error).is_none() => How::Ours,
        _ => How::Fin,
    }
}

/// The alert behind an error of the TLS library.
pub(super) fn alert(error: &io::Error) -> Option<u8> {
    match error.get_ref()?.downcast_ref::<rustls::Error>()? {
        rustls::Error::AlertReceived(description) => Some(u8::from(*description)),
        _ => None,
    }
}

/// What an error of the TLS library says about the peer.
fn tls_trouble(error: &io::Error) -> Option<What> {
    if let Some(description) = alert(error) {
        return Some(What::Alert { description });
    }
    let says = error.get_ref()?.downcast_ref::<rustls::Error>()?.to_string();
    let limit = Limit::Spec("RFC 8446 5".into());
    Some(What::Undecoded(WireError { layer: Layer::Tls, what: says, at: 0, need: 0, have: 0, limit }))
}

/// Ours: bytes of one read. A TLS record holds no more, RFC 8446 5.1.
const READ_AT_ONCE: usize = 16 * 1024;
/// Ours: a peer that takes so long to read one message is given up.
const WRITE_TIME: Duration = Duration::from_secs(10);
/// Ours: close_notify and FIN may take so long to be written.
const CLOSE_TIME: Duration = Duration::from_secs(1);
/// Ours: a server waits so long for the client's FIN.
const SERVER_LINGERS: Duration = Duration::from_secs(2);
/// Ours: a client only reads what has come already, since unread bytes would turn its FIN into a RST; all it wanted was
/// said and acknowledged, and a server may take its time with its own FIN.
const CLIENT_LINGERS: Duration = Duration::from_millis(1);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ends_of_a_stream_are_told_apart() {
        assert_eq!(how(&ErrorKind::UnexpectedEof.into()), How::Fin);
        assert_eq!(how(&ErrorKind::ConnectionReset.into()), How::Reset);
        let refused = io::Error::new(ErrorKind::InvalidData, rustls::Error::AlertReceived(rustls::AlertDescription::CertificateRequired));
        assert_eq!((how(&refused), tls_trouble(&refused)), (How::Fin, Some(What::Alert { description: 116 })));
        let broken = io::Error::new(ErrorKind::InvalidData, rustls::Error::DecryptError);
        assert_eq!(how(&broken), How::Ours);
        assert!(matches!(tls_trouble(&broken), Some(What::Undecoded(_))));
    }
}
