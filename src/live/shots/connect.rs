//! TCP, and CONNECT.

use super::Missed;
use super::queue::Queue;
use crate::base::{Layer, Micros};
use crate::live::dial::classify;
use crate::live::proxy::{self, Asking, ProxyConfig, Said};
use crate::live::route::Route;
use crate::live::tap::Tap;
use crate::live::wiretap::{Ear, Wired};
use crate::transcript::proxy::{Header, Step};
use crate::transcript::trial::{Ending, Saw};
use crate::transcript::{ConnectFailure, How, Reason};
use crate::wire::http::{Head, Parsed};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpSocket;
use tokio::time::timeout;

/// What is set on a socket before it connects.
#[derive(Clone, Copy, Debug, Default)]
pub struct Knobs {
    /// Segments are no longer than this, in bytes, in both directions. RFC 9293 3.7.1.
    pub segment: Option<u32>,
    /// Our own port.
    pub port: Option<u16>,
}

/// A connection that is there.
#[derive(Debug)]
pub struct Opened {
    /// The stream.
    pub tap: Tap,
    /// How long TCP took.
    pub connect: Micros,
}

/// Connects.
pub async fn tcp(to: SocketAddr, knobs: Knobs, ear: &Ear, within: Duration) -> Result<(Wired, Micros), Missed> {
    let began = Instant::now();
    let result = match timeout(within, connected(to, knobs, ear)).await {
        Ok(result) => result,
        Err(_) => Err((io::ErrorKind::TimedOut.into(), None)),
    };
    let took = Micros::from(began.elapsed());
    result.map(|stream| (stream, took)).map_err(|(error, icmp)| {
        let mut says = error.to_string();
        let ending = match classify(&error) {
            // To a program ICMP's port unreachable looks like a RST. RFC 5461 2.
            ConnectFailure::Refused if icmp == Some(true) => {
                says = "ICMP says that the port is unreachable".into();
                Ending::Unreachable
            }
            ConnectFailure::Refused => Ending::Refused,
            ConnectFailure::TimedOut => Ending::Silence,
            ConnectFailure::Reset => Ending::Reset,
            // The port is still in use by a connection that was.
            ConnectFailure::Unreachable if error.kind() == io::ErrorKind::AddrNotAvailable => Ending::Ours(error.to_string()),
            ConnectFailure::Unreachable => Ending::Unreachable,
            ConnectFailure::Other if error.kind() == io::ErrorKind::PermissionDenied => Ending::Unreachable,
            ConnectFailure::Other => Ending::Ours(error.to_string()),
        };
        let saw = Saw {
            to: Some(to),
            connect: Some(took),
            says: Some(says),
            icmp: icmp.filter(|_| ending == Ending::Unreachable),
            ..Saw::default()
        };
        Missed { reached: None, ending, saw }
    })
}

/// The connection, or why not, and whether an ICMP error said so.
async fn connected(to: SocketAddr, knobs: Knobs, ear: &Ear) -> Result<Wired, (io::Error, Option<bool>)> {
    let stream = if knobs.segment.is_none() && knobs.port.is_none() && ear.listens() {
        ear.connect(to).await.map_err(|error| (error, None))?
    } else {
        let socket = prepared(to, knobs).map_err(|error| (error, None))?;
        let queue = Queue::of(&socket);
        socket.connect(to).await.map_err(|error| (error, queue.holds_icmp()))?.into()
    };
    stream.socket().set_nodelay(true).map_err(|error| (error, None))?;
    Ok(stream)
}

fn prepared(to: SocketAddr, knobs: Knobs) -> io::Result<TcpSocket> {
    let socket = if to.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    if let Some(size) = knobs.segment {
        socket2::SockRef::from(&socket).set_tcp_mss(size)?;
    }
    if let Some(port) = knobs.port {
        let any: IpAddr = if to.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
        socket.set_reuseaddr(true)?;
        socket.bind(SocketAddr::new(any, port))?;
    }
    Ok(socket)
}

/// Connects all the way to the server, through the proxy if there is one.
pub async fn open(route: &Route, knobs: Knobs, within: Duration) -> Result<Opened, Missed> {
    let (mut stream, connect) = tcp(route.to, knobs, &route.ear, within).await?;
    let Some((proxy, target)) = &route.proxy else { return Ok(Opened { tap: Tap::new(stream, Vec::new()), connect }) };
    let saw = Saw { to: Some(route.to), connect: Some(connect), ..Saw::default() };
    let asking = Asking { proxy, target, header: Header::Sstp, within };
    let mut last = None;
    let heard = |said: Said| {
        if let Said::Reply(reply) = said {
            last = Some(reply.head);
        }
    };
    match proxy::open(&mut stream, &asking, heard).await {
        Ok(ahead) => Ok(Opened { tap: Tap::new(stream, ahead), connect }),
        Err(trouble) => Err(Missed { reached: Some(Layer::Tcp), ending: no_way(&trouble.reason), saw: Saw { head: last, ..saw } }),
    }
}

/// How a proxy said no.
pub fn no_way(reason: &Reason) -> Ending {
    match reason {
        Reason::TimedOut { .. } => Ending::Silence,
        Reason::Closed(How::Reset) => Ending::Reset,
        Reason::Closed(_) => Ending::Closed,
        Reason::Refused(_) => Ending::Refused,
        other => Ending::Broken(format!("{other:?}")),
    }
}

/// CONNECT with these headers beside Host, without a login; the answer's head.
pub async fn ask_proxy(to: SocketAddr, target: &str, headers: &[(&str, &str)], within: Duration) -> (Option<Layer>, Ending, Saw) {
    let (mut stream, connect) = match tcp(to, Knobs::default(), &Ear::default(), within).await {
        Ok(made) => made,
        Err(missed) => return (missed.reached, missed.ending, missed.saw),
    };
    let mut saw = Saw { to: Some(to), connect: Some(connect), ..Saw::default() };
    let mut request = format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n");
    for (name, value) in headers {
        request += &format!("{name}: {value}\r\n");
    }
    request += "\r\n";
    let began = Instant::now();
    let answer = timeout(within, async {
        stream.write_all(request.as_bytes()).await?;
        read_head(&mut stream).await
    });
    let (ending, head) = match answer.await {
        Ok(Ok(Some((head, body)))) => {
            saw.body = Some(body);
            (if head.status.is_some_and(|status| (200..300).contains(&status)) { Ending::Answered } else { Ending::Refused }, Some(head))
        }
        Ok(Ok(None)) => (Ending::Closed, None),
        Ok(Err(error)) if error.kind() == io::ErrorKind::InvalidData => (Ending::Broken(error.to_string()), None),
        Ok(Err(_)) => (Ending::Reset, None),
        Err(_) => (Ending::Silence, None),
    };
    (saw.head, saw.first) = (head, Some(Micros::from(began.elapsed())));
    (Some(Layer::Tcp), ending, saw)
}

/// The same as any client would, whatever the proxy speaks, with the login in `proxy` if it has one; how the login went is in `says`.
pub async fn through_proxy(to: SocketAddr, proxy: &ProxyConfig, target: &str, within: Duration) -> (Option<Layer>, Ending, Saw) {
    let (mut stream, connect) = match tcp(to, Knobs::default(), &Ear::default(), within).await {
        Ok(made) => made,
        Err(missed) => return (missed.reached, missed.ending, missed.saw),
    };
    let mut saw = Saw { to: Some(to), connect: Some(connect), ..Saw::default() };
    let began = Instant::now();
    let asking = Asking { proxy, target, header: Header::Sstp, within };
    let heard = |said: Said| match said {
        Said::Reply(reply) => saw.head = Some(reply.head),
        Said::Step(Step::Socks { to, code }) => saw.socks = Some((to, code)),
        Said::Step(Step::Shown { scheme }) => saw.says = Some(scheme),
        Said::Step(Step::NotShown { says }) => saw.says = Some(says),
        _ => {}
    };
    let ending = match proxy::open(&mut stream, &asking, heard).await {
        Ok(_) => Ending::Answered,
        Err(trouble) => no_way(&trouble.reason),
    };
    saw.first = Some(Micros::from(began.elapsed()));
    (Some(Layer::Tcp), ending, saw)
}

/// The head of an answer and what came with it, as text; nothing when the stream ended before it.
async fn read_head(stream: &mut Wired) -> io::Result<Option<(Head, String)>> {
    let mut got = Vec::new();
    let mut chunk = [0; 2048];
    loop {
        // RFC 8446 5.1: an alert, or a handshake, of TLS.
        if let [21 | 22, 3, ..] = got.as_slice() {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "TLS in answer to CONNECT: the port wants TLS first"));
        }
        match Head::parse_response(Layer::Proxy, &got) {
            Ok(Parsed::Whole(head, len)) => {
                let body = got.get(len..).unwrap_or_default();
                return Ok(Some((head, String::from_utf8_lossy(body.get(..body.len().min(BODY)).unwrap_or_default()).into_owned())));
            }
            Ok(Parsed::Partial) => {}
            Err(error) => return Err(io::Error::new(io::ErrorKind::InvalidData, error.to_string())),
        }
        match stream.read(&mut chunk).await? {
            0 => return Ok(None),
            n => got.extend_from_slice(chunk.get(..n).unwrap_or_default()),
        }
    }
}

/// Ours: so many bytes of a body are kept.
const BODY: usize = 400;
