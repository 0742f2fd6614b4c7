//! Traffic inside the tunnel: counted, not kept.

use super::notes::Pen;
use crate::base::{Layer, Micros, Side};
use crate::transcript::What;
use crate::transcript::tap::Traffic;
use crate::wire::ppp::{self, Protocol};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Both directions.
#[derive(Clone, Debug, Default)]
pub(super) struct Bulk {
    lanes: [Lane; 2],
    pings: Pings,
}

#[derive(Clone, Debug, Default)]
struct Lane {
    packets: u64,
    bytes: u64,
    kinds: [Count; KINDS.len()],
    /// PPP protocols other than IP, as many as are counted apart.
    others: Vec<(Protocol, Count)>,
    first: Option<Micros>,
    last: Micros,
    retransmissions: u64,
    /// Highest sequence number by inner connection; made with the first TCP segment.
    highest: Vec<Highest>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Count {
    packets: u64,
    bytes: u64,
}

/// The next new byte of one inner TCP connection.
#[derive(Clone, Copy, Debug, Default)]
struct Highest {
    connection: u64,
    next: u32,
}

impl Count {
    fn add(&mut self, len: usize) {
        self.packets += 1;
        self.bytes += len as u64;
    }
}

impl Bulk {
    /// The IP packet in a PPP frame of bulk data; `true` for IPv6.
    #[inline]
    pub fn ip(frame: &[u8]) -> Option<(bool, &[u8])> {
        match frame {
            [0xff, 0x03, 0x00, 0x21, packet @ ..] | [0xff, 0x03, 0x21, packet @ ..] | [0x00, 0x21, packet @ ..] | [0x21, packet @ ..] => {
                Some((false, packet))
            }
            [0xff, 0x03, 0x00, 0x57, packet @ ..] | [0xff, 0x03, 0x57, packet @ ..] | [0x00, 0x57, packet @ ..] | [0x57, packet @ ..] => {
                Some((true, packet))
            }
            _ => None,
        }
    }

    /// Counts an IP packet.
    #[inline]
    pub fn count(&mut self, pen: &mut Pen<'_>, from: Side, v6: bool, packet: &[u8]) {
        let lane = &mut self.lanes[from as usize];
        lane.add(pen.at, packet.len());
        let next = packet.get(if v6 { 6 } else { 9 }).copied().unwrap_or(0);
        let kind = match (v6, next) {
            (true, _) => IPV6,
            (_, TCP_PROTOCOL) => TCP,
            (_, UDP_PROTOCOL) => UDP,
            (_, ICMP_PROTOCOL) => ICMP,
            _ => OTHER,
        };
        lane.kinds[kind].add(packet.len());
        match (v6, next) {
            (_, TCP_PROTOCOL) => lane.tcp(v6, packet),
            (false, ICMP_PROTOCOL) | (true, ICMPV6_PROTOCOL) => self.pings.see(pen, from, v6, packet),
            _ => {}
        }
        pen.out.inner(pen.at, from, packet);
    }

    /// Counts a frame of a protocol other than IP.
    pub fn count_other(&mut self, at: Micros, from: Side, protocol: Protocol, len: usize) {
        let lane = &mut self.lanes[from as usize];
        lane.add(at, len);
        let room = lane.others.len() < MAX_OTHERS;
        match lane.others.iter_mut().find(|row| row.0 == protocol) {
            Some(row) => row.1.add(len),
            None if room => lane.others.push((protocol, Count { packets: 1, bytes: len as u64 })),
            None => lane.kinds[OTHER].add(len),
        }
    }

    /// Packets that one side sent.
    pub fn packets(&self, from: Side) -> u64 {
        self.lanes[from as usize].packets
    }

    /// Tells of pings without an answer.
    pub fn settle(&mut self, pen: &mut Pen<'_>) {
        for ping in std::mem::take(&mut self.pings.open) {
            if pen.at - ping.at >= PING_PATIENCE {
                pen.note(Some(Side::Client), Layer::Data, What::Ping { to: ping.to, rtt: None });
            }
        }
    }

    /// Tells what was counted.
    pub fn tell(&mut self, pen: &mut Pen<'_>) {
        for side in [Side::Client, Side::Server] {
            let lane = &self.lanes[side as usize];
            if lane.packets > 0 {
                pen.note(Some(side), Layer::Data, What::Traffic(Box::new(lane.traffic())));
            }
        }
    }
}

impl Lane {
    #[inline]
    fn add(&mut self, at: Micros, len: usize) {
        self.packets += 1;
        self.bytes += len as u64;
        self.first.get_or_insert(at);
        self.last = at;
    }

    fn traffic(&self) -> Traffic {
        let named = KINDS.iter().zip(&self.kinds).map(|(name, count)| ((*name).to_string(), count));
        let others = self.others.iter().map(|(protocol, count)| (format!("ppp 0x{protocol:04x}"), count));
        let mut kinds: Vec<_> = named.chain(others).map(|(name, count)| (name, count.packets, count.bytes)).collect();
        kinds.retain(|row| row.1 > 0);
        kinds.sort_by_key(|row| std::cmp::Reverse(row.1));
        Traffic {
            packets: self.packets,
            bytes: self.bytes,
            kinds,
            first: self.first,
            last: self.first.map(|_| self.last),
            inner_retransmissions: self.retransmissions,
        }
    }

    /// Whether a TCP segment brings only what was already sent. Connections share [`CONNECTIONS`] places, so that a
    /// segment sent again may be missed, but none is counted wrongly.
    #[inline]
    fn tcp(&mut self, v6: bool, packet: &[u8]) {
        let Some(segment) = Segment::of(v6, packet) else { return };
        if self.highest.is_empty() {
            self.highest = vec![Highest::default(); CONNECTIONS];
        }
        let Some(place) = self.highest.get_mut((segment.connection >> 56) as usize) else { return };
        let end = segment.seq.wrapping_add(segment.len);
        if place.connection != segment.connection || segment.syn {
            *place = Highest { connection: segment.connection, next: end };
            return;
        }
        let news = end.wrapping_sub(place.next) as i32;
        if news > 0 {
            place.next = end;
        } else if segment.len > 1 || end != place.next {
            // RFC 9293 3.8.4: a keep-alive repeats the last byte.
            self.retransmissions += 1;
        }
    }
}

/// What of a TCP segment is looked at.
struct Segment {
    connection: u64,
    seq: u32,
    /// Payload bytes; a SYN counts as one.
    len: u32,
    syn: bool,
}

impl Segment {
    #[inline]
    fn of(v6: bool, packet: &[u8]) -> Option<Segment> {
        let (tcp_at, ip_len) = if v6 {
            (40, 40 + usize::from(be16(packet, 4)?))
        } else {
            // RFC 791 3.1: a later fragment has no TCP header.
            let first_fragment = be16(packet, 6)? & 0x1fff == 0;
            first_fragment.then_some((usize::from(packet.first()? & 0x0f) * 4, usize::from(be16(packet, 2)?)))?
        };
        let tcp = packet.get(tcp_at..)?.first_chunk::<14>()?;
        let syn = tcp[13] & 2 != 0;
        let payload = ip_len.checked_sub(tcp_at + usize::from(tcp[12] >> 4) * 4)?;
        if payload == 0 && !syn {
            return None;
        }
        let addresses = if v6 { packet.get(8..40)? } else { packet.get(12..20)? };
        let ports = u32::from_be_bytes([tcp[0], tcp[1], tcp[2], tcp[3]]);
        let seed = u64::from(ports).wrapping_mul(MIX) ^ MIX;
        let connection = addresses
            .chunks_exact(8)
            .filter_map(|chunk| chunk.first_chunk::<8>())
            .fold(seed, |hash, chunk| (hash.rotate_left(23) ^ u64::from_le_bytes(*chunk)).wrapping_mul(MIX));
        let len = u32::try_from(payload).ok()? + u32::from(syn);
        Some(Segment { connection, seq: u32::from_be_bytes([tcp[4], tcp[5], tcp[6], tcp[7]]), len, syn })
    }
}

#[inline]
fn be16(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..)?.first_chunk::<2>().map(|pair| u16::from_be_bytes(*pair))
}

/// Pings of the client and their answers, the first few.
#[derive(Clone, Debug, Default)]
struct Pings {
    open: Vec<Ping>,
    seen: u32,
}

#[derive(Clone, Copy, Debug)]
struct Ping {
    at: Micros,
    to: IpAddr,
    id_and_seq: [u8; 4],
}

impl Pings {
    fn see(&mut self, pen: &mut Pen<'_>, from: Side, v6: bool, packet: &[u8]) {
        if self.seen >= MAX_PINGS && self.open.is_empty() {
            return;
        }
        let Some((request, to_or_from, id_and_seq)) = echo(v6, packet) else { return };
        if request && from == Side::Client && self.seen < MAX_PINGS {
            self.seen += 1;
            self.open.push(Ping { at: pen.at, to: to_or_from, id_and_seq });
        } else if !request && from == Side::Server {
            let answered = self.open.iter().position(|ping| (ping.to, ping.id_and_seq) == (to_or_from, id_and_seq));
            if let Some(ping) = answered.map(|at| self.open.remove(at)) {
                let rtt = Some(pen.at - ping.at);
                pen.note(Some(Side::Client), Layer::Data, What::Ping { to: ping.to, rtt });
            }
        }
    }
}

/// Request or reply, the end that is asked, identifier and sequence number. RFC 792, RFC 4443 4.
fn echo(v6: bool, packet: &[u8]) -> Option<(bool, IpAddr, [u8; 4])> {
    let icmp = packet.get(if v6 { 40 } else { usize::from(packet.first()? & 0x0f) * 4 }..)?.first_chunk::<8>()?;
    let request = match (v6, icmp[0]) {
        (false, 8) | (true, 128) => true,
        (false, 0) | (true, 129) => false,
        _ => return None,
    };
    let asked = if v6 {
        let octets = packet.get(if request { 24 } else { 8 }..)?.first_chunk::<16>()?;
        IpAddr::V6(Ipv6Addr::from(*octets))
    } else {
        let octets = packet.get(if request { 16 } else { 12 }..)?.first_chunk::<4>()?;
        IpAddr::V4(Ipv4Addr::from(*octets))
    };
    Some((request, asked, [icmp[4], icmp[5], icmp[6], icmp[7]]))
}

/// The protocol of a frame that is not IP as it is counted: below 0x8000 it is data, RFC 1661 2.
pub(super) fn is_data(protocol: Protocol) -> bool {
    ppp::layer_of(protocol) == Layer::Data
}

const KINDS: [&str; 5] = ["tcp", "udp", "icmp", "ipv6", "other"];
const TCP: usize = 0;
const UDP: usize = 1;
const ICMP: usize = 2;
const IPV6: usize = 3;
const OTHER: usize = 4;

/// IANA protocol numbers.
const ICMP_PROTOCOL: u8 = 1;
const TCP_PROTOCOL: u8 = 6;
const UDP_PROTOCOL: u8 = 17;
const ICMPV6_PROTOCOL: u8 = 58;

/// Ours: inner connections watched at once in one direction.
const CONNECTIONS: usize = 256;
/// Ours: PPP protocols other than IP that are counted apart.
const MAX_OTHERS: usize = 8;
/// Ours: as many pings are told.
const MAX_PINGS: u32 = 8;
/// Ours: a ping this young when the call ends may still be answered.
const PING_PATIENCE: Micros = Micros(1_000_000);
/// An odd number without a pattern (the golden ratio in 64 bits), to spread the bits of an address.
const MIX: u64 = 0x9e37_79b9_7f4a_7c15;
