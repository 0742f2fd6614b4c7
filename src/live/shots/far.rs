//! SYNs and hellos that go so many hops and no further. IPv4.

use super::hello::exchange;
use super::queue::Queue;
use super::{Knobs, Opened, open};
use crate::live::dial::classify;
use crate::live::route::Route;
use crate::live::toxic::Resettable;
use crate::transcript::ConnectFailure;
use crate::transcript::trial::Ending;
use crate::wire::tls::{Flight, Until};
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;
use tokio::net::TcpSocket;
use tokio::time::{sleep, timeout};

/// A SYN that goes so far; how it ended, and from which port of ours it went. A router's time exceeded ends it as unreachable.
pub async fn syn_so_far(to: SocketAddr, hops: u8, within: Duration) -> (Ending, Option<u16>) {
    let made = || -> std::io::Result<TcpSocket> {
        let socket = TcpSocket::new_v4()?;
        socket2::SockRef::from(&socket).set_ttl_v4(hops.into())?;
        // Bound before it connects, so that an attempt that fails has a port too.
        socket.bind(SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)))?;
        Ok(socket)
    };
    let (socket, port) = match made().and_then(|socket| Ok((socket.local_addr()?.port(), socket))) {
        Ok((port, socket)) => (socket, Some(port)),
        Err(error) => return (Ending::Ours(error.to_string()), None),
    };
    let queue = Queue::of(&socket);
    let ending = match timeout(within, socket.connect(to)).await {
        Err(_) => Ending::Silence,
        Ok(Ok(stream)) => {
            stream.reset_on_drop();
            Ending::Answered
        }
        Ok(Err(error)) => match classify(&error) {
            ConnectFailure::Refused if queue.holds_icmp() == Some(true) => Ending::Unreachable,
            ConnectFailure::Refused => Ending::Refused,
            ConnectFailure::Reset => Ending::Reset,
            ConnectFailure::Unreachable => Ending::Unreachable,
            ConnectFailure::TimedOut => Ending::Silence,
            ConnectFailure::Other => Ending::Ours(error.to_string()),
        },
    };
    (ending, port)
}

/// A hello that goes so far, on a connection that was made as usual. `expired`: a router said time exceeded about that port of ours.
pub async fn hello_so_far(route: &Route, bytes: &[u8], hops: u8, within: Duration, expired: impl Fn(u16) -> bool) -> (Ending, Option<u16>) {
    let Opened { mut tap, .. } = match open(route, Knobs::default(), within).await {
        Ok(opened) => opened,
        Err(missed) => return (missed.ending, None),
    };
    let port = tap.local().map(|at| at.port());
    let before = match tap.limit_hops(hops.into()) {
        Ok(before) => before,
        Err(error) => return (Ending::Ours(error.to_string()), port),
    };
    let mut flight = Flight::until(Until::Hello);
    let told = async {
        while !port.is_some_and(&expired) {
            sleep(LOOKS).await;
        }
        // A box that hears copies may answer all the same.
        sleep(GRACE).await;
    };
    let ending = tokio::select! {
        ending = exchange(&mut tap, bytes, false, &mut flight) => ending,
        () = told => Ending::Silence,
        () = sleep(within) => Ending::Silence,
    };
    // The server is told that it is over, and the hello is not sent again.
    let _ = tap.limit_hops(before);
    tap.reset_on_drop();
    (ending, port)
}

/// Ours: so often it is looked whether a router has spoken.
const LOOKS: Duration = Duration::from_millis(20);
/// Ours: what answers a packet that also ran out of hops does so within this time.
const GRACE: Duration = Duration::from_millis(150);
