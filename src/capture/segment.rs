//! A TCP segment as it lies in a captured packet; it borrows from the reader's buffer.

use std::net::{IpAddr, SocketAddr};

/// A TCP segment. RFC 9293 3.1.
#[derive(Clone, Copy, Debug)]
pub struct Segment<'a> {
    /// Time of the packet, microseconds since 1970-01-01 UTC.
    pub at: i64,
    /// Number of the packet in the capture, from 1.
    pub packet: u64,
    /// Sender.
    pub from: SocketAddr,
    /// Receiver.
    pub to: SocketAddr,
    /// TTL or hop limit.
    pub ttl: u8,
    /// IPv4 identification; 0 for IPv6.
    pub ip_id: u16,
    /// Sequence number.
    pub seq: u32,
    /// Acknowledgement number; of use only with ACK in `flags`.
    pub ack: u32,
    /// Flags, as the byte lies in the header: FIN 1, SYN 2, RST 4, PSH 8, ACK 16.
    pub flags: u8,
    /// Window as it lies in the header, not scaled.
    pub window: u16,
    /// Options, as they lie in the header.
    pub options: &'a [u8],
    /// Payload as far as it was captured.
    pub payload: &'a [u8],
    /// Payload bytes that the snap length cut off behind it.
    pub cut: u32,
}

impl Segment<'_> {
    /// The segment with its bytes, to be looked at later.
    pub fn keep(&self) -> Kept {
        let Segment { at, packet, from, to, ttl, ip_id, seq, ack, flags, window, options, payload, cut } = *self;
        Kept { at, packet, ends: (from, to), ttl, ip_id, seq, ack, flags, window, options: options.into(), payload: payload.into(), cut }
    }
}

/// A segment that was kept, with its bytes.
#[derive(Clone, Debug)]
pub struct Kept {
    at: i64,
    packet: u64,
    ends: (SocketAddr, SocketAddr),
    ttl: u8,
    ip_id: u16,
    seq: u32,
    ack: u32,
    flags: u8,
    window: u16,
    options: Box<[u8]>,
    payload: Box<[u8]>,
    cut: u32,
}

impl Kept {
    /// The segment as it was.
    pub fn segment(&self) -> Segment<'_> {
        let Kept { at, packet, ends: (from, to), ttl, ip_id, seq, ack, flags, window, options, payload, cut } = self;
        Segment {
            at: *at,
            packet: *packet,
            from: *from,
            to: *to,
            ttl: *ttl,
            ip_id: *ip_id,
            seq: *seq,
            ack: *ack,
            flags: *flags,
            window: *window,
            options,
            payload,
            cut: *cut,
        }
    }
}

/// FIN. RFC 9293 3.1.
pub const FIN: u8 = 1;
/// SYN. RFC 9293 3.1.
pub const SYN: u8 = 2;
/// RST. RFC 9293 3.1.
pub const RST: u8 = 4;
/// ACK. RFC 9293 3.1.
pub const ACK: u8 = 16;

/// An ICMP error that quotes a TCP segment. RFC 792, RFC 4443 3.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IcmpError {
    /// Time of the packet, microseconds since 1970-01-01 UTC.
    pub at: i64,
    /// Who sent it.
    pub from: IpAddr,
    /// Sender of the quoted segment.
    pub quoted_from: SocketAddr,
    /// Receiver of the quoted segment.
    pub quoted_to: SocketAddr,
    /// What it says.
    pub says: crate::transcript::tap::IcmpSays,
}
