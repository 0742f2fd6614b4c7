//! What packets told: resets, and what goes a limited number of hops.

use super::Ending;
use serde::{Deserialize, Serialize};
use std::net::{IpAddr, SocketAddr};

/// A TCP segment with RST, beside what came before it on the same connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResetSeen {
    /// From where it claims to be.
    pub from: SocketAddr,
    /// Its time to live on arrival.
    pub ttl: u8,
    /// Its IP-ID.
    pub ip_id: u16,
    /// Its window.
    pub window: u16,
    /// It has the ACK flag.
    pub ack: bool,
    /// Time to live of the SYN-ACK, or of the first data, of that connection.
    pub peer_ttl: Option<u8>,
    /// IP-IDs of the peer's other segments on that connection, in their order; those of 0 say nothing and are left out.
    #[serde(default)]
    pub peer_ids: Vec<u16>,
    /// Window of the segment before it.
    #[serde(default)]
    pub peer_window: Option<u16>,
    /// Payload of the peer came after the reset.
    pub data_after: bool,
    /// An ICMP time exceeded came for the packet that drew it.
    pub with_icmp: bool,
}

/// What goes a limited number of hops.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Feeler {
    /// A SYN to the target.
    Syn,
    /// A SYN to another port of the target.
    SynOtherPort,
    /// A hello with the target's name.
    Named,
    /// A hello without a name.
    Nameless,
}

/// One step of a walk with limited time to live.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hop {
    /// Time to live of what was sent.
    pub ttl: u8,
    /// What was sent.
    pub sent: Feeler,
    /// How it ended.
    pub ending: Ending,
    /// Who said time exceeded.
    pub router: Option<IpAddr>,
}
