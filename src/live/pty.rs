//! The line between a client that leaves PPP to pppd and us in pppd's place. `sstpc --nolaunchpppd` has it on its standard
//! input, in both directions; a pair of sockets does what a pseudo-terminal in raw mode would.

use super::LiveError;
use super::clock::Clock;
use crate::base::{Micros, Secret};
use crate::proto::pppd::{Pppd, Say};
use crate::transcript::Reason;
use crate::wire::hdlc::{self, Deframer};
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

/// Our end of a line.
#[derive(Debug)]
pub struct Line {
    stream: UnixStream,
    /// The socket on which the client awaits the keys of the authentication.
    keys: PathBuf,
}

/// A line, and the end of it that becomes a program's standard input.
pub fn line(keys: &Path) -> Result<(Line, OwnedFd), LiveError> {
    let make = || {
        let (ours, theirs) = std::os::unix::net::UnixStream::pair()?;
        ours.set_nonblocking(true)?;
        Ok((UnixStream::from_std(ours)?, OwnedFd::from(theirs)))
    };
    let (stream, theirs) = make().map_err(|source| LiveError { doing: "make a line to", to: "a program".into(), source })?;
    Ok((Line { stream, keys: keys.to_path_buf() }, theirs))
}

impl Line {
    /// Plays pppd until the link or the line has ended; says why.
    pub async fn play(mut self, mut link: Pppd, clock: &Clock) -> Reason {
        let (mut deframer, mut buffer) = (Deframer::default(), vec![0; READ_AT_ONCE]);
        loop {
            while let Some(say) = link.poll() {
                let done = match say {
                    Say::Send(frame) => self.stream.write_all(&hdlc::emit(&frame)).await,
                    Say::Keys(hlak) => hand_over(&self.keys, &hlak).await,
                    Say::Up(_) => Ok(()),
                    Say::Ended(reason) => return reason,
                };
                if let Err(error) = done {
                    return Reason::Ours(format!("the line to the client: {error}"));
                }
            }
            let due = clock.instant(link.due().unwrap_or(Micros::MAX));
            tokio::select! {
                read = self.stream.read(&mut buffer) => match read {
                    Ok(n @ 1..) => {
                        let frames = deframer.push(buffer.get(..n).unwrap_or_default());
                        frames.iter().for_each(|frame| link.receive(clock.now(), frame));
                    }
                    Ok(_) => return Reason::Closed(crate::transcript::How::Fin),
                    Err(error) => return Reason::Ours(format!("the line to the client: {error}")),
                },
                () = tokio::time::sleep_until(due) => link.tick(clock.now()),
            }
        }
    }
}

/// Tells the client the keys as its plug-in for pppd would, and waits until it took them: only then may IPCP begin.
async fn hand_over(socket: &Path, hlak: &Secret<[u8; 32]>) -> io::Result<()> {
    let talk = async {
        let mut stream = UnixStream::connect(socket).await?;
        stream.write_all(keys_message(hlak).expose()).await?;
        let mut answer = [0; HEADER_LEN];
        stream.read_exact(&mut answer).await?;
        if answer == ack() { Ok(()) } else { Err(io::Error::new(io::ErrorKind::InvalidData, "no acknowledgement of the keys")) }
    };
    tokio::time::timeout(KEYS_TIME, talk).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}

/// The message of sstp-client's `sstp-plugin`: header, and the MPPE keys of the client's end, where there are any. The
/// numbers are in the order of the machine.
fn keys_message(hlak: &Secret<[u8; 32]>) -> Secret<Vec<u8>> {
    let (send, receive) = hlak.expose().split_at(KEY_LEN);
    let mut attributes = Vec::with_capacity(2 * (ATTRIBUTE_HEADER_LEN + KEY_LEN));
    if *hlak.expose() != [0; 32] {
        for (kind, key) in [(MPPE_SEND, send), (MPPE_RECEIVE, receive)] {
            attributes.extend(kind.to_ne_bytes());
            attributes.extend((KEY_LEN as u16).to_ne_bytes());
            attributes.extend(key);
        }
    }
    let mut message = header(attributes.len() as u16, AUTH).to_vec();
    message.append(&mut attributes);
    Secret::new(message)
}

fn ack() -> [u8; HEADER_LEN] {
    header(0, ACK)
}

fn header(len: u16, kind: u16) -> [u8; HEADER_LEN] {
    let ([a, b, c, d], [e, f], [g, h]) = (MAGIC.to_ne_bytes(), len.to_ne_bytes(), kind.to_ne_bytes());
    [a, b, c, d, e, f, g, h]
}

/// sstp-client's plug-in interface: "sstp".
const MAGIC: u32 = 0x7373_7470;
/// sstp-client's plug-in interface: the authentication is through.
const AUTH: u16 = 1;
/// sstp-client's plug-in interface: taken.
const ACK: u16 = 3;
/// sstp-client's plug-in interface: attribute with the key that the client sends with.
const MPPE_SEND: u16 = 1;
/// sstp-client's plug-in interface: attribute with the key that the client receives with.
const MPPE_RECEIVE: u16 = 2;
/// sstp-client's plug-in interface: magic, length and type.
const HEADER_LEN: usize = 8;
/// sstp-client's plug-in interface: type and length.
const ATTRIBUTE_HEADER_LEN: usize = 4;
/// RFC 3079 3.4: bytes of a 128-bit key.
const KEY_LEN: usize = 16;
/// Ours: the client may take so long to take the keys.
const KEYS_TIME: Duration = Duration::from_secs(10);
/// Ours: bytes of one read.
const READ_AT_ONCE: usize = 4096;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::hex;

    #[test]
    fn the_keys_go_out_as_the_plug_in_of_pppd_sends_them() {
        let mut hlak = [0x11; 32];
        hlak[16..].fill(0x22);
        let text = hex(keys_message(&Secret::new(hlak)).expose());
        assert_eq!(text, format!("7074737328000100{}{}{}{}", "01001000", "11".repeat(16), "02001000", "22".repeat(16)));
        assert_eq!(hex(keys_message(&Secret::new([0; 32])).expose()), "7074737300000100", "PAP leaves no keys");
        assert_eq!(hex(&ack()), "7074737300000300");
    }
}
