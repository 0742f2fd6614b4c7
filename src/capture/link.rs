//! Link and network layers: from a captured packet to a TCP segment.
//!
//! ```text
//! Packet ──▶ frame (what carries IP) ──▶ ip (headers, lengths) ──▶ defrag, where it is a fragment ──▶ transport ──▶ Found
//! ```
//!
//! Written by hand where every packet goes through: a general parser of all layers takes some 30 ns a packet, this a few.
//! The rare headers are etherparse's.

mod defrag;
mod frame;
mod icmp;
mod ip;
mod transport;

use super::file::Packet;
use super::segment::{IcmpError, Segment};
use defrag::Defrag;
use frame::Carried;
use std::collections::BTreeMap;
use std::net::SocketAddr;

/// What a packet carries.
#[derive(Clone, Copy, Debug)]
pub enum Found<'a> {
    /// A TCP segment.
    Tcp(Segment<'a>),
    /// An ICMP error about a TCP segment.
    Icmp(IcmpError),
    /// A UDP datagram, as far as it was captured. RFC 768.
    Udp {
        /// Sender.
        from: SocketAddr,
        /// Receiver.
        to: SocketAddr,
        /// Payload.
        payload: &'a [u8],
    },
    /// Something else, or a fragment whose datagram is not complete.
    Other,
    /// A link layer that is not read, by its LINKTYPE.
    Unsupported(u32),
    /// Something that cannot be what it claims to be, and why.
    Bad(&'static str),
}

/// What went by.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// TCP segments.
    pub tcp: u64,
    /// UDP datagrams.
    pub udp: u64,
    /// ICMP errors about TCP segments.
    pub icmp: u64,
    /// Anything else.
    pub other: u64,
    /// Packets that cannot be what they claim to be, by the reason.
    pub bad: BTreeMap<&'static str, u64>,
    /// Packets of link layers that are not read, by LINKTYPE; at most [`Links::MAX_UNSUPPORTED`] of them.
    pub unsupported: BTreeMap<u32, u64>,
    /// Fragments of TCP segments.
    pub fragments: u64,
    /// Datagrams put together from fragments.
    pub reassembled: u64,
    /// Datagrams given up: too old, too many at once, or too many pieces.
    pub abandoned: u64,
    /// Fragments whose bytes contradict bytes already seen at the same place; the first byte wins.
    pub conflicts: u64,
}

/// Reads the layers below TCP. It remembers fragments, and nothing else.
#[derive(Debug, Default)]
pub struct Links {
    defrag: Defrag,
    counts: Counts,
}

impl Links {
    /// Ours: packets of more link layers than this are not counted one by one.
    pub const MAX_UNSUPPORTED: usize = 64;

    /// What the packet carries. Borrows from the packet; where the last fragment completes a datagram, from here.
    #[inline]
    pub fn read<'a>(&'a mut self, packet: &Packet<'a>) -> Found<'a> {
        let missing = packet.original_len.saturating_sub(u32::try_from(packet.data.len()).unwrap_or(u32::MAX));
        let datagram = match frame::carried(packet.link, packet.data) {
            Carried::Ipv4(bytes) => ip::v4(bytes, missing),
            Carried::Ipv6(bytes) => ip::v6(bytes, missing),
            Carried::Bad(why) => Err(why),
            Carried::Other => {
                self.counts.other += 1;
                return Found::Other;
            }
            Carried::Unsupported => {
                self.counts.unsupported(packet.link);
                return Found::Unsupported(packet.link);
            }
        };
        let found = match datagram {
            Ok(datagram) if datagram.fragment.is_none() => transport::of(packet, &datagram),
            Ok(fragment) => match self.defrag.add(packet.at, &fragment, &mut self.counts) {
                Ok(Some(whole)) => transport::of(packet, &whole),
                Ok(None) => Found::Other,
                Err(why) => Found::Bad(why),
            },
            Err(why) => Found::Bad(why),
        };
        self.counts.note(&found);
        found
    }

    /// What went by so far.
    pub fn counts(&self) -> &Counts {
        &self.counts
    }
}

impl Counts {
    #[inline]
    fn note(&mut self, found: &Found<'_>) {
        match found {
            Found::Tcp(_) => self.tcp += 1,
            Found::Udp { .. } => self.udp += 1,
            Found::Icmp(_) => self.icmp += 1,
            Found::Other => self.other += 1,
            Found::Bad(why) => *self.bad.entry(why).or_default() += 1,
            Found::Unsupported(link) => self.unsupported(*link),
        }
    }

    fn unsupported(&mut self, link: u32) {
        if self.unsupported.len() < Links::MAX_UNSUPPORTED || self.unsupported.contains_key(&link) {
            *self.unsupported.entry(link).or_default() += 1;
        }
    }
}

#[cfg(test)]
mod tests;
