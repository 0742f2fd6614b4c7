//! Resets looked at closely: raw sockets that hear copies of the TCP segments and ICMP errors that arrive. Needs CAP_NET_RAW.

use crate::transcript::trial::ResetSeen;
use socket2::{Domain, Protocol, Socket, Type};
use std::collections::BTreeMap;
use std::io::{self, Read};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// Hears what comes from one server, until it is dropped.
#[derive(Debug)]
pub struct Sniffer {
    heard: Arc<Mutex<Heard>>,
    over: Arc<AtomicBool>,
}

/// One TCP segment, as far as it is of interest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Segment {
    from: (Ipv4Addr, u16),
    to_port: u16,
    ttl: u8,
    ip_id: u16,
    flags: u8,
    window: u16,
    payload: usize,
}

/// What was heard on one connection of ours.
#[derive(Clone, Debug, Default)]
struct Talk {
    peer_ttl: Option<u8>,
    reset: Option<ResetSeen>,
    /// Time exceeded came for a packet of it, from this router.
    router: Option<Ipv4Addr>,
}

#[derive(Debug, Default)]
struct Heard(BTreeMap<u16, Talk>);

impl Sniffer {
    /// Begins to listen.
    pub fn open(server: SocketAddr) -> io::Result<Sniffer> {
        let IpAddr::V4(address) = server.ip() else {
            return Err(io::Error::new(io::ErrorKind::Unsupported, "raw sockets show no headers of IPv6"));
        };
        let heard = Arc::<Mutex<Heard>>::default();
        let (tcp, icmp) = (raw(Protocol::TCP)?, raw(Protocol::ICMPV4)?);
        let (for_tcp, for_icmp) = (heard.clone(), heard.clone());
        let from = (address, server.port());
        let over = Arc::<AtomicBool>::default();
        each(tcp, over.clone(), move |packet| {
            if let Some(segment) = segment(packet).filter(|segment| segment.from == from) {
                lock(&for_tcp).take(&segment);
            }
        });
        each(icmp, over.clone(), move |packet| {
            if let Some((router, _, port)) = time_exceeded(packet).filter(|row| row.1 == from.0) {
                lock(&for_icmp).0.entry(port).or_default().router = Some(router);
            }
        });
        Ok(Sniffer { heard, over })
    }

    /// The resets heard so far.
    pub fn resets(&self) -> Vec<ResetSeen> {
        let heard = lock(&self.heard);
        heard.0.values().filter_map(|talk| Some(ResetSeen { with_icmp: talk.router.is_some(), ..talk.reset.clone()? })).collect()
    }

    /// Who said time exceeded about the connection from that port of ours.
    pub fn router(&self, port: u16) -> Option<IpAddr> {
        lock(&self.heard).0.get(&port)?.router.map(IpAddr::V4)
    }
}

impl Drop for Sniffer {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
    }
}

impl Heard {
    fn take(&mut self, segment: &Segment) {
        if self.0.len() >= MOST_TALKS && !self.0.contains_key(&segment.to_port) {
            return;
        }
        let talk = self.0.entry(segment.to_port).or_default();
        if segment.flags & RST != 0 {
            talk.reset.get_or_insert(ResetSeen {
                from: SocketAddr::from(segment.from),
                ttl: segment.ttl,
                ip_id: segment.ip_id,
                window: segment.window,
                ack: segment.flags & ACK != 0,
                peer_ttl: talk.peer_ttl,
                data_after: false,
                with_icmp: false,
                our_ttl: None,
            });
        } else {
            talk.peer_ttl.get_or_insert(segment.ttl);
            if let Some(reset) = talk.reset.as_mut().filter(|_| segment.payload > 0) {
                (reset.data_after, reset.peer_ttl) = (true, Some(segment.ttl));
            }
        }
    }
}

fn lock(heard: &Mutex<Heard>) -> MutexGuard<'_, Heard> {
    heard.lock().unwrap_or_else(PoisonError::into_inner)
}

fn raw(protocol: Protocol) -> io::Result<Socket> {
    let socket = Socket::new(Domain::IPV4, Type::RAW, Some(protocol))?;
    socket.set_read_timeout(Some(LOOKS_UP))?;
    Ok(socket)
}

/// Reads on a thread of its own, until it is over.
fn each(mut socket: Socket, over: Arc<AtomicBool>, mut with: impl FnMut(&[u8]) + Send + 'static) {
    thread::spawn(move || {
        let mut buffer = vec![0; 64 * 1024];
        while !over.load(Ordering::Relaxed) {
            match socket.read(&mut buffer) {
                Ok(n) => with(buffer.get(..n).unwrap_or_default()),
                Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut | io::ErrorKind::Interrupted) => {}
                Err(_) => return,
            }
        }
    });
}

/// Header and payload of an IPv4 packet. RFC 791 3.1.
fn ipv4(packet: &[u8]) -> Option<(&[u8], &[u8])> {
    let length = usize::from(packet.first()? & 0x0f) * 4;
    (packet.first()? >> 4 == 4 && length >= 20 && packet.len() >= length).then(|| packet.split_at(length))
}

fn word(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes([*bytes.get(at)?, *bytes.get(at + 1)?]))
}

fn address(bytes: &[u8], at: usize) -> Option<Ipv4Addr> {
    let four: [u8; 4] = bytes.get(at..at + 4)?.try_into().ok()?;
    Some(Ipv4Addr::from(four))
}

/// A TCP segment in an IPv4 packet. RFC 9293 3.1.
fn segment(packet: &[u8]) -> Option<Segment> {
    let (ip, tcp) = ipv4(packet)?;
    let offset = usize::from(tcp.get(12)? >> 4) * 4;
    Some(Segment {
        from: (address(ip, 12)?, word(tcp, 0)?),
        to_port: word(tcp, 2)?,
        ttl: *ip.get(8)?,
        ip_id: word(ip, 4)?,
        flags: *tcp.get(13)?,
        window: word(tcp, 14)?,
        payload: tcp.len().saturating_sub(offset),
    })
}

/// ICMP time exceeded: who says it, to whom our packet went, and from which port. RFC 792.
fn time_exceeded(packet: &[u8]) -> Option<(Ipv4Addr, Ipv4Addr, u16)> {
    let (ip, icmp) = ipv4(packet)?;
    let (quoted, tcp) = ipv4(icmp.get(8..)?)?;
    let ours = icmp.first() == Some(&TIME_EXCEEDED) && quoted.get(9) == Some(&TCP);
    ours.then_some((address(ip, 12)?, address(quoted, 16)?, word(tcp, 0)?))
}

/// Ours: so often a reader looks whether it is over.
const LOOKS_UP: Duration = Duration::from_millis(200);
/// RFC 9293 3.1.
const RST: u8 = 0x04;
/// RFC 9293 3.1.
const ACK: u8 = 0x10;
/// RFC 792.
const TIME_EXCEEDED: u8 = 11;
/// IANA, protocol numbers.
const TCP: u8 = 6;
/// Ours: more connections are not looked at.
const MOST_TALKS: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(ttl: u8, flags: u8, payload: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0x45, 0, 0, 0, 0x12, 0x34, 0, 0, ttl, 6, 0, 0, 10, 77, 2, 2, 10, 77, 1, 2];
        bytes.extend([0x01, 0xbb, 0x9c, 0x40, 0, 0, 0, 1, 0, 0, 0, 2, 0x50, flags, 0x40, 0, 0, 0, 0, 0]);
        bytes.extend(payload);
        bytes
    }

    #[test]
    fn data_behind_a_reset_with_another_time_to_live_is_noticed() {
        let mut heard = Heard::default();
        for (ttl, flags, payload) in [(62, 0x12, &b""[..]), (255, 0x14, b""), (62, 0x18, b"data")] {
            heard.take(&segment(&packet(ttl, flags, payload)).expect("a segment"));
        }
        let reset = heard.0[&0x9c40].reset.clone().expect("a reset");
        assert_eq!((reset.ttl, reset.peer_ttl, reset.data_after, reset.ack, reset.ip_id), (255, Some(62), true, true, 0x1234));
        assert_eq!(reset.from, "10.77.2.2:443".parse().expect("an address"));
    }

    #[test]
    fn time_exceeded_names_the_router_and_our_port() {
        let mut ours = packet(1, 0x18, b"hello");
        ours.copy_within(12..16, 16);
        ours[12..16].copy_from_slice(&[10, 77, 1, 2]);
        ours[20..22].copy_from_slice(&40000u16.to_be_bytes());
        let mut bytes = vec![0x45, 0, 0, 0, 0, 0, 0, 0, 64, 1, 0, 0, 10, 77, 1, 1, 10, 77, 1, 2];
        bytes.extend([11, 0, 0, 0, 0, 0, 0, 0]);
        bytes.extend(&ours[..28]);
        let read = time_exceeded(&bytes).expect("an error");
        assert_eq!(read, (Ipv4Addr::new(10, 77, 1, 1), Ipv4Addr::new(10, 77, 2, 2), 40000));
        for end in 0..bytes.len() - 8 {
            let _ = time_exceeded(&bytes[..end]);
            let _ = segment(&bytes[..end]);
        }
    }
}
