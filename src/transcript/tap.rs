//! What only a tap between the two ends can see, and what is learned by looking on: TCP's health, hellos, bulk traffic,
//! offline proofs, and what record sizes tell without keys.

use crate::base::{Layer, Micros, Side};
use crate::wire::tls::{Offer, fingerprint, is_grease};
use serde::{Deserialize, Serialize};
use std::net::{IpAddr, SocketAddr};

/// What a tap saw of one TCP connection, noted once, when the connection is over or the capture ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flow {
    /// The end that dialled.
    pub client: SocketAddr,
    /// The end that answered.
    pub server: SocketAddr,
    /// How much of the opening was seen.
    pub opening: Opening,
    /// The last SYN to the first SYN-ACK, at the tap.
    pub syn_rtt: Option<Micros>,
    /// What the client sent.
    pub from_client: Direction,
    /// What the server sent.
    pub from_server: Direction,
    /// FINs and resets in their order, at most [`Flow::MAX_ENDS`].
    pub ends: Vec<End>,
    /// ICMP errors about this connection, at most [`Flow::MAX_ENDS`].
    pub icmp: Vec<Icmp>,
    /// Why the tap stopped looking.
    pub over: Over,
    /// When the last segment was.
    pub ended: Micros,
}

impl Flow {
    /// Ours: more FINs, resets and ICMP errors than this are not kept.
    pub const MAX_ENDS: usize = 16;

    /// What one side sent.
    pub fn from(&self, side: Side) -> &Direction {
        match side {
            Side::Client => &self.from_client,
            Side::Server => &self.from_server,
        }
    }
}

/// How much of the opening of a TCP connection was seen. RFC 9293 3.5.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Opening {
    /// SYN only.
    Syn,
    /// SYN-ACK, with the SYN or without it.
    SynAck,
    /// All three segments.
    Complete,
    /// The capture began later.
    Midstream,
}

/// Why the tap stopped looking at a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Over {
    /// Both ends sent FIN, or one a reset.
    Closed,
    /// The capture ended.
    CaptureEnded,
    /// Nothing came for so long that it was given up.
    Idle,
    /// A new connection took the same addresses and ports.
    Reused,
    /// There were too many connections at once; the one silent for longest was given up.
    Evicted,
}

/// What a tap saw in one direction. Counts of segments and bytes are of TCP payload.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Direction {
    /// Segments of any kind, copies left out.
    pub segments: u64,
    /// Segments that the capture has twice: the same again within 1 ms. They count nowhere else.
    pub copies: u64,
    /// Payload bytes, each place in the stream counted once.
    pub bytes: u64,
    /// Segments that bring only what was already seen, a FIN included; SYNs and probes are counted apart.
    pub retransmissions: u64,
    /// Payload bytes of those.
    pub retransmitted_bytes: u64,
    /// Those of them whose bytes the other end had already acknowledged.
    pub spurious_retransmissions: u64,
    /// Segments that fill a hole later than reordering explains: sent again after they were lost on the way to the tap.
    pub recovered: u64,
    /// How often the segment sent most often was sent again.
    pub most_retransmitted: u32,
    /// Its payload length, bytes.
    pub most_retransmitted_len: u32,
    /// SYNs (or SYN-ACKs) sent again.
    pub syn_retransmissions: u32,
    /// Segments that came after a later one, within a round trip, and still bring something new.
    pub out_of_order: u64,
    /// Acknowledgements that repeat the one before while data was outstanding.
    pub duplicate_acks: u64,
    /// Acknowledgements with SACK blocks. RFC 2018.
    pub sacks: u64,
    /// Keep-alive probes. RFC 9293 3.8.4.
    pub keep_alives: u64,
    /// Probes of a closed window. RFC 9293 3.8.6.1.
    pub window_probes: u64,
    /// Times the window closed to zero.
    pub zero_windows: u64,
    /// How long the window stayed closed in all.
    pub zero_window_time: Micros,
    /// Holes in the capture that were never filled.
    pub gaps: u64,
    /// Bytes missing in them.
    pub gap_bytes: u64,
    /// Segments whose bytes contradict bytes already seen at the same place.
    pub conflicts: u64,
    /// Segments far outside the receiver's window, left out of the stream: injected, or of an older connection.
    pub outside: u64,
    /// Payload bytes that the snap length cut off.
    pub cut_bytes: u64,
    /// Bytes sent that the other end had not acknowledged when the tap stopped looking.
    pub unacknowledged: u64,
    /// Largest payload of one segment, bytes; may be beyond the MTU where the capturing host offloads.
    pub largest: u32,
    /// Maximum segment size announced. RFC 9293 3.7.1.
    pub mss: Option<u16>,
    /// Window scale announced. RFC 7323 2.
    pub window_scale: Option<u8>,
    /// SACK permitted. RFC 2018.
    pub sack_permitted: bool,
    /// TTL or hop limit, lowest and highest, of segments other than resets; 0 and 0 where there were none.
    pub ttl: (u8, u8),
    /// First segment.
    pub first: Option<Micros>,
    /// Last segment.
    pub last: Option<Micros>,
    /// Last new payload.
    pub last_data: Option<Micros>,
    /// Longest time between two segments with new payload.
    pub longest_pause: Micros,
}

/// A FIN or a reset, as a tap saw it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct End {
    /// When.
    pub at: Micros,
    /// In whose name it came.
    pub by: Side,
    /// Reset, or FIN.
    pub reset: bool,
    /// TTL or hop limit.
    pub ttl: u8,
    /// IPv4 identification; 0 for IPv6.
    pub ip_id: u16,
    /// Window.
    pub window: u16,
    /// Its sequence number is the next one expected.
    pub in_sequence: bool,
    /// Segments of the same side came after it that its sender would not have sent: after a reset any but resets, after a
    /// FIN more payload.
    pub followed: bool,
}

/// An ICMP error about a connection. RFC 792, RFC 4443.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Icmp {
    /// When.
    pub at: Micros,
    /// Who sent it.
    pub from: IpAddr,
    /// Whose segment it complains about.
    pub about: Side,
    /// What it says.
    pub says: IcmpSays,
}

/// What an ICMP error says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum IcmpSays {
    /// The packet does not fit; the next hop's MTU, 0 where it is not said.
    TooBig {
        /// Bytes.
        mtu: u32,
    },
    /// Unreachable, with the code of ICMPv4 type 3 or ICMPv6 type 1.
    Unreachable {
        /// The code.
        code: u8,
    },
    /// TTL or hop limit ran out.
    TimeExceeded,
}

/// A ClientHello as it was seen. RFC 8446 4.1.2.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientHello {
    /// Versions offered, such as 0x0304, GREASE left out; the legacy version where there is no supported_versions.
    pub versions: Vec<u16>,
    /// Cipher suites, GREASE left out.
    pub suites: Vec<u16>,
    /// SNI.
    pub sni: Option<String>,
    /// ALPN, in its order.
    pub alpn: Vec<String>,
    /// A session id, ticket or PSK to resume with.
    pub resumes: bool,
    /// Early data announced.
    pub early_data: bool,
    /// JA3, 32 hexadecimal digits.
    pub ja3: String,
    /// JA4.
    pub ja4: String,
}

impl From<&Offer> for ClientHello {
    fn from(offer: &Offer) -> ClientHello {
        // RFC 8701 2: a protocol name that means nothing.
        let grease_name = |name: &[u8]| matches!(name, [high, low] if is_grease(u16::from_be_bytes([*high, *low])));
        let names = offer.alpn.iter().filter(|name| !grease_name(name));
        ClientHello {
            versions: offer.versions(),
            suites: offer.suites.iter().copied().filter(|number| !is_grease(*number)).collect(),
            sni: offer.server_name.clone(),
            alpn: names.map(|name| String::from_utf8_lossy(name).into_owned()).collect(),
            resumes: offer.resumes(),
            early_data: offer.early_data,
            ja3: fingerprint::ja3(offer),
            ja4: fingerprint::ja4(offer),
        }
    }
}

/// A ServerHello as it was seen. RFC 8446 4.1.3.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerHello {
    /// Version chosen.
    pub version: u16,
    /// Suite chosen.
    pub suite: u16,
    /// ALPN chosen, where it is in the clear.
    pub alpn: Option<String>,
    /// It is a HelloRetryRequest.
    pub retry: bool,
    /// The session is resumed, no certificate follows.
    pub resumed: bool,
    /// JA3S, 32 hexadecimal digits.
    pub ja3s: String,
    /// JA4S.
    pub ja4s: String,
}

/// Bulk traffic inside the tunnel in one direction, counted and not kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Traffic {
    /// PPP data packets.
    pub packets: u64,
    /// Bytes of the network packets in them.
    pub bytes: u64,
    /// Packets and bytes by kind (`tcp`, `udp`, `icmp`, `ipv6`, `ppp 0x..`), most first.
    pub kinds: Vec<(String, u64, u64)>,
    /// First packet.
    pub first: Option<Micros>,
    /// Last packet.
    pub last: Option<Micros>,
    /// Inner TCP segments sent again (TCP in TCP). Counted for as many inner connections as memory allows.
    pub inner_retransmissions: u64,
}

/// What was proved offline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Proof {
    /// The certificate hash in Call Connected is that of the certificate in the capture. MS-SSTP 2.2.7.
    CertHash,
    /// The nonce in Call Connected is that of Call Connect Ack. MS-SSTP 2.2.7.
    Nonce,
    /// The compound MAC verifies under the keys of the inner authentication. MS-SSTP 3.2.5.2.
    CompoundMac,
    /// The client's response is right for the password given. RFC 1994, RFC 2759 8.1.
    Response,
    /// The server's proof that it knows the password. RFC 2759 8.7.
    AuthenticatorResponse,
}

/// An answer that may be missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// Yes.
    Yes,
    /// No.
    No,
    /// It cannot be told.
    Unsure,
}

/// How sure an inference is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Confidence {
    /// Consistent with it, no more.
    Low,
    /// Likely.
    Medium,
    /// All signs agree.
    High,
}

/// What record sizes, directions and times tell without keys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inference {
    /// Is this flow SSTP?
    pub is_sstp: Answer,
    /// How sure.
    pub confidence: Confidence,
    /// The highest layer that was reached, if it is SSTP.
    pub stage: Option<Layer>,
    /// The signs for and against, in words.
    pub because: Vec<String>,
    /// TLS records of application data looked at.
    pub records: u64,
}
