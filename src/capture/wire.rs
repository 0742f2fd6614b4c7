//! A TCP connection made up around the bytes that went through it: addresses, ports, times and bytes are real, sequence
//! numbers and acknowledgements are what a sound network would have shown. RFC 9293.

use super::segment::{ACK, FIN, RST, SYN};
use super::write::Packets;
use crate::base::Side;
use etherparse::{IpNumber, Ipv4Header, Ipv6Header, TcpHeader};
use std::io;
use std::net::{IpAddr, SocketAddr};

/// How the bytes are cut and acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Payload of a segment at most, bytes.
    pub segment: usize,
    /// An acknowledgement for every so many segments, and one at the end of a write.
    pub ack_every: usize,
    /// Segments carry timestamps. RFC 7323 3.
    pub timestamps: bool,
}

impl Shape {
    /// As on a host whose network card cuts segments: 16 KiB at most.
    pub const OFFLOADED: Shape = Shape { segment: 16 * 1024, ack_every: 1, timestamps: false };
    /// As on Ethernet, with timestamps.
    pub const ETHERNET: Shape = Shape { segment: 1448, ack_every: 2, timestamps: true };
    /// The largest segments there can be.
    pub const LARGEST: Shape = Shape { segment: 65_160, ack_every: 1, timestamps: true };
}

/// One connection.
#[derive(Clone, Debug)]
pub struct Wire {
    client: End,
    server: End,
    shape: Shape,
    packet: Vec<u8>,
    /// When the SYN was sent.
    began: i64,
}

#[derive(Clone, Debug)]
struct End {
    at: SocketAddr,
    /// Its next sequence number.
    next: u32,
    /// What it has acknowledged of the other end's.
    acked: u32,
    ip_id: u16,
    said_syn: bool,
    /// It sent FIN or RST.
    ended: bool,
}

impl Wire {
    /// A connection that nobody has said anything on. IPv4 addresses in IPv6 clothes are undressed. The first sequence
    /// numbers come from `isn`.
    pub fn new(client: SocketAddr, server: SocketAddr, isn: u32, shape: Shape) -> Wire {
        let end = |at: SocketAddr, next: u32| {
            let at = SocketAddr::new(at.ip().to_canonical(), at.port());
            End { at, next, acked: 0, ip_id: (next >> 16) as u16, said_syn: false, ended: false }
        };
        // Knuth's multiplier: neighbours get numbers that are far apart.
        let isn = isn.wrapping_mul(0x9e37_79b1);
        Wire {
            client: end(client, isn),
            server: end(server, isn.rotate_left(13) ^ 0x5bd1_e995),
            shape: Shape { segment: shape.segment.clamp(1, LARGEST_SEGMENT), ack_every: shape.ack_every.max(1), ..shape },
            packet: Vec::new(),
            began: 0,
        }
    }

    /// The client's SYN.
    pub fn syn(&mut self, at: i64, out: &mut dyn Packets) -> io::Result<()> {
        self.began = at;
        self.send(at, Side::Client, SYN, b"", out)
    }

    /// The server's SYN-ACK and the client's ACK.
    pub fn accepted(&mut self, at: i64, out: &mut dyn Packets) -> io::Result<()> {
        self.send(at, Side::Server, SYN | ACK, b"", out)?;
        self.send(at, Side::Client, ACK, b"", out)
    }

    /// The server's RST in answer to a SYN.
    pub fn refused(&mut self, at: i64, out: &mut dyn Packets) -> io::Result<()> {
        self.server.next = 0;
        self.send(at, Side::Server, RST | ACK, b"", out)
    }

    /// The client gives up, nothing having answered: its SYN once more, where a second has gone by, so that the capture
    /// shows for how long it waited. RFC 6298 2.1.
    pub fn unanswered(&mut self, at: i64, out: &mut dyn Packets) -> io::Result<()> {
        if at - self.began < FIRST_RTO {
            return Ok(());
        }
        self.client.next = self.client.next.wrapping_sub(1);
        self.send(at, Side::Client, SYN, b"", out)
    }

    /// Bytes of one side, in segments, and the acknowledgements of the other.
    pub fn bytes(&mut self, at: i64, from: Side, bytes: &[u8], out: &mut dyn Packets) -> io::Result<()> {
        let pieces = bytes.len().div_ceil(self.shape.segment);
        for (place, piece) in bytes.chunks(self.shape.segment).enumerate() {
            let last = place + 1 == pieces;
            self.send(at, from, if last { ACK | PSH } else { ACK }, piece, out)?;
            if last || (place + 1).is_multiple_of(self.shape.ack_every) {
                self.send(at, from.other(), ACK, b"", out)?;
            }
        }
        Ok(())
    }

    /// One side ends its stream: FIN, or RST. Nothing comes of an end that ended before.
    pub fn end(&mut self, at: i64, from: Side, reset: bool, out: &mut dyn Packets) -> io::Result<()> {
        if self.side(from).ended && !reset || self.client.ended && self.server.ended {
            return Ok(());
        }
        self.send(at, from, if reset { RST | ACK } else { FIN | ACK }, b"", out)?;
        self.side(from).ended = true;
        if reset {
            self.side(from.other()).ended = true;
            return Ok(());
        }
        self.send(at, from.other(), ACK, b"", out)
    }

    fn side(&mut self, side: Side) -> &mut End {
        match side {
            Side::Client => &mut self.client,
            Side::Server => &mut self.server,
        }
    }

    fn send(&mut self, at: i64, from: Side, flags: u8, payload: &[u8], out: &mut dyn Packets) -> io::Result<()> {
        let shape = self.shape;
        let (me, peer) = match from {
            Side::Client => (&mut self.client, &self.server),
            Side::Server => (&mut self.server, &self.client),
        };
        // A reset connection is dead, and so is an acknowledgement that says nothing new after the ends.
        if me.ended && (flags != ACK || me.acked == peer.next) {
            return Ok(());
        }
        let mut tcp = TcpHeader::new(me.at.port(), peer.at.port(), me.next, if flags & RST == 0 { WINDOW } else { 0 });
        (tcp.syn, tcp.fin, tcp.rst) = (flags & SYN != 0, flags & FIN != 0, flags & RST != 0);
        (tcp.ack, tcp.psh) = (flags & ACK != 0, flags & PSH != 0);
        if tcp.ack {
            tcp.acknowledgment_number = peer.next;
            me.acked = peer.next;
        }
        let v4 = me.at.is_ipv4();
        options(&mut tcp, at, v4, shape.timestamps, me.said_syn && peer.said_syn);
        self.packet.clear();
        frame(&mut self.packet, me, peer, &mut tcp, payload)?;
        me.said_syn |= tcp.syn;
        me.ip_id = me.ip_id.wrapping_add(1);
        me.next = me.next.wrapping_add(payload.len() as u32 + u32::from(tcp.syn) + u32::from(tcp.fin));
        out.packet(at, &self.packet)
    }
}

/// SYNs announce what real ones do; other segments carry a timestamp where that was announced.
fn options(tcp: &mut TcpHeader, at: i64, v4: bool, timestamps: bool, open: bool) {
    let clock = ((at / 1000) as u32).to_be_bytes();
    let mut options = Vec::with_capacity(20);
    if tcp.syn {
        options.extend([2, 4]);
        options.extend((if v4 { MSS_V4 } else { MSS_V6 }).to_be_bytes());
        options.extend([4, 2]);
    }
    if timestamps && !tcp.rst {
        if !tcp.syn {
            options.extend([1, 1]);
        }
        options.extend([8, 10]);
        options.extend(clock);
        options.extend(if open || tcp.ack { clock } else { [0; 4] });
    }
    if tcp.syn {
        options.extend(if timestamps { &[1, 3, 3, WINDOW_SCALE][..] } else { &[1, 1, 1, 3, 3, WINDOW_SCALE] });
    }
    // 20 bytes at most, a multiple of 4.
    let _ = tcp.set_options_raw(&options);
}

fn frame(packet: &mut Vec<u8>, me: &End, peer: &End, tcp: &mut TcpHeader, payload: &[u8]) -> io::Result<()> {
    let len = tcp.header_len() + payload.len();
    let invalid = |_| io::Error::from(io::ErrorKind::InvalidInput);
    match (me.at.ip(), peer.at.ip()) {
        (IpAddr::V4(from), IpAddr::V4(to)) => {
            let mut ip = Ipv4Header::new(u16::try_from(len).map_err(invalid)?, HOP_LIMIT, IpNumber::TCP, from.octets(), to.octets())
                .map_err(|_| io::ErrorKind::InvalidInput)?;
            ip.identification = me.ip_id;
            ip.dont_fragment = true;
            ip.header_checksum = ip.calc_header_checksum();
            tcp.checksum = tcp.calc_checksum_ipv4(&ip, payload).map_err(|_| io::ErrorKind::InvalidInput)?;
            packet.extend_from_slice(&ip.to_bytes());
        }
        (from, to) => {
            let ip = Ipv6Header {
                payload_length: u16::try_from(len).map_err(invalid)?,
                next_header: IpNumber::TCP,
                hop_limit: HOP_LIMIT,
                source: v6(from),
                destination: v6(to),
                ..Ipv6Header::default()
            };
            tcp.checksum = tcp.calc_checksum_ipv6(&ip, payload).map_err(|_| io::ErrorKind::InvalidInput)?;
            packet.extend_from_slice(&ip.to_bytes());
        }
    }
    packet.extend_from_slice(&tcp.to_bytes());
    packet.extend_from_slice(payload);
    Ok(())
}

fn v6(ip: IpAddr) -> [u8; 16] {
    match ip {
        IpAddr::V4(ip) => ip.to_ipv6_mapped().octets(),
        IpAddr::V6(ip) => ip.octets(),
    }
}

/// RFC 6298 2.1: a SYN is sent again after so long at first, in microseconds.
const FIRST_RTO: i64 = 1_000_000;
/// PSH. RFC 9293 3.1.
const PSH: u8 = 8;
/// What Linux begins with; nobody's own is known.
const HOP_LIMIT: u8 = 64;
/// Scaled by 7 it is 8 MB: never full.
const WINDOW: u16 = 65_000;
/// RFC 7323 2: times 128.
const WINDOW_SCALE: u8 = 7;
/// An MTU of 1500 less the headers. RFC 9293 3.7.1.
const MSS_V4: u16 = 1460;
/// The same for IPv6.
const MSS_V6: u16 = 1440;
/// The 16-bit length of IPv4 less headers of 20 and 40 bytes.
const LARGEST_SEGMENT: usize = 65_475;

#[cfg(test)]
mod tests;
