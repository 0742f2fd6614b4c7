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
    ids: Vec<u16>,
    window: Option<u16>,
    reset: Option<ResetSeen>,
    /// Time exceeded came for a packet of it, from this router.
    router: Option<Ipv4Addr>,
}

#[derive(Debug, Default)]
struct Heard {
    /// By our port.
    talks: BTreeMap<u16, Talk>,
    /// Earlier ones from ports that were used again.
    over: Vec<Talk>,
    rejecters: Vec<Ipv4Addr>,
    /// Ports of the server and the time to live of what came from them without RST.
    ttls: Vec<(u16, u8)>,
}

/// What an ICMP error says about a packet of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Complaint {
    kind: u8,
    code: u8,
    router: Ipv4Addr,
    to: Ipv4Addr,
    port: u16,
}

impl Sniffer {
    /// Begins to listen.
    pub fn open(server: SocketAddr) -> io::Result<Sniffer> {
        let IpAddr::V4(address) = server.ip() else {
            return Err(io::Error::new(io::ErrorKind::Unsupported, "raw sockets show no headers of IPv6"));
        };
        let heard = Arc::<Mutex<Heard>>::default();
        let (tcp, icmp) = (raw(Protocol::TCP)?, raw(Protocol::ICMPV4)?);
        let (for_tcp, for_icmp) = (heard.clone(), heard.clone());
        let over = Arc::<AtomicBool>::default();
        each(tcp, over.clone(), move |packet| {
            if let Some(segment) = segment(packet).filter(|segment| segment.from.0 == address) {
                lock(&for_tcp).take(&segment);
            }
        });
        each(icmp, over.clone(), move |packet| {
            if let Some(complaint) = complaint(packet).filter(|row| row.to == address) {
                lock(&for_icmp).complain(&complaint);
            }
        });
        Ok(Sniffer { heard, over })
    }

    /// The resets heard so far.
    pub fn resets(&self) -> Vec<ResetSeen> {
        let heard = lock(&self.heard);
        let seen = |talk: &Talk| {
            let with_icmp = talk.router.is_some();
            Some(ResetSeen { with_icmp, peer_ids: talk.ids.clone(), peer_window: talk.window, ..talk.reset.clone()? })
        };
        heard.over.iter().chain(heard.talks.values()).filter_map(seen).collect()
    }

    /// Time to live of what came from each port of the server without RST; each pair once.
    pub fn ttls(&self) -> Vec<(u16, u8)> {
        lock(&self.heard).ttls.clone()
    }

    /// Who said so far that the server cannot or may not be reached.
    pub fn rejecters(&self) -> Vec<IpAddr> {
        lock(&self.heard).rejecters.iter().map(|router| IpAddr::V4(*router)).collect()
    }

    /// Who said time exceeded about the connection from that port of ours.
    pub fn router(&self, port: u16) -> Option<IpAddr> {
        lock(&self.heard).talks.get(&port)?.router.map(IpAddr::V4)
    }
}

impl Drop for Sniffer {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
    }
}

impl Heard {
    fn talk(&mut self, port: u16) -> Option<&mut Talk> {
        let room = self.talks.len() < MOST_TALKS || self.talks.contains_key(&port);
        room.then(|| self.talks.entry(port).or_default())
    }

    fn complain(&mut self, complaint: &Complaint) {
        match (complaint.kind, complaint.code) {
            (TIME_EXCEEDED, _) => {
                if let Some(talk) = self.talk(complaint.port) {
                    talk.router = Some(complaint.router);
                }
            }
            // That a packet is too long is no rejection.
            (UNREACHABLE, FRAGMENTATION_NEEDED) => {}
            _ if self.rejecters.contains(&complaint.router) || self.rejecters.len() >= MOST_REJECTERS => {}
            _ => self.rejecters.push(complaint.router),
        }
    }

    fn take(&mut self, segment: &Segment) {
        if segment.flags & SYN != 0
            && let Some(talk) = self.talks.remove(&segment.to_port)
            && self.over.len() < MOST_TALKS
        {
            self.over.push(talk);
        }
        let pair = (segment.from.1, segment.ttl);
        if segment.flags & RST == 0 && !self.ttls.contains(&pair) && self.ttls.len() < MOST_TTLS {
            self.ttls.push(pair);
        }
        let Some(talk) = self.talk(segment.to_port) else { return };
        if segment.flags & RST != 0 {
            talk.reset.get_or_insert(ResetSeen {
                from: SocketAddr::from(segment.from),
                ttl: segment.ttl,
                ip_id: segment.ip_id,
                window: segment.window,
                ack: segment.flags & ACK != 0,
                peer_ttl: talk.peer_ttl,
                peer_ids: Vec::new(),
                peer_window: None,
                data_after: false,
                with_icmp: false,
            });
        } else {
            talk.peer_ttl.get_or_insert(segment.ttl);
            talk.window = Some(segment.window).filter(|_| talk.reset.is_none()).or(talk.window);
            if segment.ip_id != 0 && talk.ids.len() < MOST_IDS {
                talk.ids.push(segment.ip_id);
            }
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

/// An ICMP error about a TCP segment of ours. RFC 792.
fn complaint(packet: &[u8]) -> Option<Complaint> {
    let (ip, icmp) = ipv4(packet)?;
    let (quoted, tcp) = ipv4(icmp.get(8..)?)?;
    let (kind, code) = (*icmp.first()?, *icmp.get(1)?);
    let ours = [TIME_EXCEEDED, UNREACHABLE].contains(&kind) && quoted.get(9) == Some(&TCP);
    ours.then_some(Complaint { kind, code, router: address(ip, 12)?, to: address(quoted, 16)?, port: word(tcp, 0)? })
}

/// Ours: so often a reader looks whether it is over.
const LOOKS_UP: Duration = Duration::from_millis(200);
/// RFC 9293 3.1.
const SYN: u8 = 0x02;
/// RFC 9293 3.1.
const RST: u8 = 0x04;
/// RFC 9293 3.1.
const ACK: u8 = 0x10;
/// RFC 792.
const TIME_EXCEEDED: u8 = 11;
/// RFC 792.
const UNREACHABLE: u8 = 3;
/// RFC 792: the code of what is longer than the next link carries.
const FRAGMENTATION_NEEDED: u8 = 4;
/// IANA, protocol numbers.
const TCP: u8 = 6;
/// Ours: more connections are not looked at.
const MOST_TALKS: usize = 1024;
/// Ours: so many IP-IDs of a connection show whether they count up.
const MOST_IDS: usize = 8;
/// Ours: more of them are not kept.
const MOST_TTLS: usize = 64;
/// Ours: more routers that reject are not kept.
const MOST_REJECTERS: usize = 8;

#[cfg(test)]
mod tests;
