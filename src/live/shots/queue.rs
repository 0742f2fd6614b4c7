//! What the system kept of the ICMP errors that ended an attempt to connect: Linux queues them on the socket, whoever owns it.

use std::os::fd::OwnedFd;
use tokio::net::TcpSocket;

/// A second hold on a socket whose attempt to connect takes the first one away.
#[derive(Debug)]
pub(super) struct Queue(Option<OwnedFd>);

impl Queue {
    /// Takes hold before the socket connects.
    pub fn of(socket: &TcpSocket) -> Queue {
        Queue(socket2::SockRef::from(socket).try_clone().ok().map(OwnedFd::from))
    }

    /// An ICMP error ended the attempt; nothing where the system does not tell. tcp(7): queued while the connection is not made yet,
    /// Linux 5.9 and later.
    pub fn holds_icmp(&self) -> Option<bool> {
        heard(self.0.as_ref()?)
    }
}

#[cfg(target_os = "linux")]
fn heard(socket: &OwnedFd) -> Option<bool> {
    use rustix::net::{RecvFlags, recv};
    let mut quoted = [0; 64];
    match recv(socket, &mut quoted, RecvFlags::ERRQUEUE | RecvFlags::DONTWAIT) {
        Ok(_) => Some(true),
        Err(rustix::io::Errno::AGAIN) => Some(false),
        Err(_) => None,
    }
}

#[cfg(not(target_os = "linux"))]
fn heard(_: &OwnedFd) -> Option<bool> {
    None
}
