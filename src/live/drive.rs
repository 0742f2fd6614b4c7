//! Placeholder until the driver is merged.

use super::clock::Clock;
use crate::base::Side;
use crate::proto::{Input, Output, Session};
use crate::transcript::{How, Sink};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::watch;

/// Runs a session over a stream until it is over.
pub async fn run(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    mut session: Session,
    side: Side,
    clock: &Clock,
    sink: &mut dyn Sink,
    stop: &mut watch::Receiver<bool>,
) {
    let from = side.other();
    let mut chunk = vec![0; 16 * 1024];
    let mut left = false;
    loop {
        let until = match session.poll() {
            Output::Send(bytes) => {
                if stream.write_all(&bytes).await.is_err() || stream.flush().await.is_err() {
                    session.handle(clock.now(), Input::Closed { from, how: How::Reset });
                }
                continue;
            }
            Output::Event(event) => {
                sink.event(&event);
                continue;
            }
            Output::Close => {
                let _ = stream.shutdown().await;
                continue;
            }
            Output::Done => return,
            Output::Wait(until) => until,
        };
        tokio::select! {
            read = stream.read(&mut chunk) => match read {
                Ok(0) => session.handle(clock.now(), Input::Closed { from, how: How::CloseNotify }),
                Ok(n) => session.handle(clock.now(), Input::Bytes { from, bytes: &chunk[..n] }),
                Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof =>
                    session.handle(clock.now(), Input::Closed { from, how: How::Fin }),
                Err(_) => session.handle(clock.now(), Input::Closed { from, how: How::Reset }),
            },
            () = tokio::time::sleep_until(clock.instant(until)) => session.handle(clock.now(), Input::Tick),
            _ = stop.wait_for(|stop| *stop), if !left => {
                left = true;
                session.handle(clock.now(), Input::Leave);
            }
        }
    }
}
