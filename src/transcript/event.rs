//! One thing that happened.

use super::{Inner, MatrixRow, lookup, proxy, scan, tap};
use crate::base::{Bytes, Layer, Micros, Side, WireError};
use crate::crypto::chain::ChainVerdict;
use crate::wire::{http, ncp::AuthMethod, ppp, sstp};
use serde::{Deserialize, Serialize};
use std::net::{IpAddr, SocketAddr};

/// One thing that happened. Owned, serialisable, never edited afterwards.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// When.
    pub at: Micros,
    /// Who did it; `None` when it is neither end (resolver, proxy, our own judgement).
    pub by: Option<Side>,
    /// Where.
    pub layer: Layer,
    /// What.
    pub what: What,
    /// The bytes it came from, where there are any.
    #[serde(default, skip_serializing_if = "no_bytes")]
    pub raw: Bytes,
}

fn no_bytes(bytes: &Bytes) -> bool {
    bytes.is_empty()
}

impl Event {
    /// An event without bytes.
    pub fn new(at: Micros, by: Option<Side>, layer: Layer, what: What) -> Event {
        Event { at, by, layer, what, raw: Bytes::default() }
    }
}

/// What an event is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum What {
    /// Work on the layer began.
    Began,
    /// The layer says that it is up, at the moment it knows.
    Up,
    /// The layer says that it failed or went down.
    Down(Reason),
    /// The resolver's answer, in its order.
    Resolved {
        /// The name asked for.
        name: String,
        /// What it gave.
        addresses: Vec<IpAddr>,
    },
    /// The resolver gave no address.
    Unresolved {
        /// The name asked for.
        name: String,
        /// Which kind of no.
        failure: DnsFailure,
        /// The system's words.
        says: String,
    },
    /// A TCP connection was made.
    Connected {
        /// Peer.
        to: SocketAddr,
        /// Our end.
        from: SocketAddr,
        /// SYN to SYN-ACK as the socket saw it.
        took: Micros,
    },
    /// A TCP connection was not made.
    NotConnected {
        /// Peer.
        to: SocketAddr,
        /// Which kind of no.
        failure: ConnectFailure,
        /// The system's words.
        says: String,
        /// How long it took.
        took: Micros,
    },
    /// The address the call goes on with.
    Chosen {
        /// The address.
        to: SocketAddr,
    },
    /// CONNECT as we sent it; credentials are not in it.
    ProxyRequest {
        /// `host:port` of the proxy.
        proxy: String,
        /// `host:port` asked for.
        target: String,
        /// Credentials went with it.
        with_credentials: bool,
        /// The header `SSTPVERSION` went with it, which names the protocol in the clear. MS-SSTP 4.5.
        #[serde(default)]
        says_sstp: bool,
    },
    /// The proxy's answer.
    ProxyReply(http::Head),
    /// What else happens at a proxy.
    Proxy(Box<proxy::Step>),
    /// The TLS handshake came through.
    Secured(Secured),
    /// The TLS handshake did not come through.
    Unsecured {
        /// Which kind of no.
        failure: TlsFailure,
        /// The TLS library's words, or the peer's first bytes.
        says: String,
    },
    /// A TLS alert.
    Alert {
        /// Alert number, RFC 8446 section 6.
        description: u8,
    },
    /// One hand-made ClientHello and its answer, sent on a connection of its own after the handshake failed.
    Scanned {
        /// The highest version offered, such as 0x0301.
        offered: u16,
        /// What came back.
        answer: ScanAnswer,
    },
    /// A hello behind a line of the PROXY protocol and its answer, on a connection of its own after no hello got a word of TLS.
    ScannedBehindLine {
        /// What came back.
        answer: ScanAnswer,
    },
    /// What one version of TLS is answered with; `--scan`.
    VersionScanned(Box<scan::Version>),
    /// What else a server's ServerHello tells; `--scan`.
    Traits(Box<scan::Traits>),
    /// The hello of one kind of client and its answer; `--scan`, and for Windows after the handshake failed.
    Posed(Box<scan::Posed>),
    /// The scan is over.
    ScanEnded(scan::Effort),
    /// The server's certificates as sent, DER, leaf first.
    Chain {
        /// The address that sent them.
        from: Option<SocketAddr>,
        /// The certificates.
        certs: Vec<Bytes>,
        /// It was not the connection that the call went on with, but a look at another address.
        aside: bool,
    },
    /// The judgement on the chain from one trust source.
    Trust {
        /// `system`, `mozilla`, or the file's name.
        source: String,
        /// The judgement.
        verdict: ChainVerdict,
    },
    /// The judgement on the chain that another address showed, from one trust source.
    OtherTrust {
        /// Where it was shown.
        from: SocketAddr,
        /// As for [`What::Trust`].
        source: String,
        /// The judgement.
        verdict: ChainVerdict,
    },
    /// A second handshake, without SNI.
    Nameless(Box<lookup::Nameless>),
    /// An issuer that the server did not send was fetched, or could not be.
    Issuer(Box<lookup::Issuer>),
    /// Whether a certificate is revoked was looked up.
    Revocation(Box<lookup::Revocation>),
    /// Request or response head.
    Http(http::Head),
    /// An SSTP control message.
    Sstp(sstp::Message),
    /// A PPP frame that is not bulk data.
    Ppp(ppp::Frame),
    /// The server's stand on one authentication method, learned by asking for it in LCP.
    Method {
        /// The method.
        method: AuthMethod,
        /// It offers or agrees to it.
        accepted: bool,
    },
    /// The server's stand on one method, learned on a connection of its own.
    Matrix(Box<MatrixRow>),
    /// Seen inside an EAP method that carries TLS, by one of its ends.
    Inner(Box<Inner>),
    /// A message out of turn.
    Misstep {
        /// The message.
        message: String,
        /// The state it came in.
        state: String,
        /// What would have been allowed.
        allowed: Vec<String>,
    },
    /// Bytes that could not be read.
    Undecoded(WireError),
    /// Bytes missing from a capture.
    Gap {
        /// How many.
        bytes: u64,
    },
    /// Bytes that nobody could look into.
    Opaque {
        /// How many.
        bytes: u64,
        /// Why.
        because: Opaqueness,
    },
    /// An ICMP echo through the tunnel, and its answer's round trip if one came.
    Ping {
        /// Whom.
        to: IpAddr,
        /// Round trip.
        rtt: Option<Micros>,
    },
    /// An SSTP echo of ours, and its answer's round trip if one came.
    Echo {
        /// Round trip.
        rtt: Option<Micros>,
    },
    /// Identical messages that were not written down one by one, to keep memory bounded.
    Omitted {
        /// How many.
        count: u64,
    },
    /// An edit was applied to an outgoing message (door 1).
    Edited {
        /// The edit's line.
        edit: String,
    },
    /// The connection ended.
    Closed(How),
    /// What a tap saw of TCP, once, at the end.
    Flow(Box<tap::Flow>),
    /// A ClientHello, seen by a tap.
    ClientHello(Box<tap::ClientHello>),
    /// A ServerHello, seen by a tap.
    ServerHello(Box<tap::ServerHello>),
    /// Bulk traffic of one side, counted; once, at the end.
    Traffic(Box<tap::Traffic>),
    /// Something was checked offline.
    Proof {
        /// What.
        of: tap::Proof,
        /// It holds.
        holds: bool,
        /// What was compared, without secrets.
        says: String,
    },
    /// What record sizes tell without keys; once, at the end.
    Inferred(Box<tap::Inference>),
    /// Bytes that can be read but break a rule that the specification states with MUST.
    Violation {
        /// The rule's place, such as `MS-SSTP 2.2.1`.
        rule: String,
        /// What was seen.
        says: String,
    },
}

/// Why a layer is down.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// Nothing came in time.
    TimedOut {
        /// For what.
        waiting_for: String,
        /// How long, in microseconds.
        after: Micros,
    },
    /// The peer said no in the layer's own words.
    Refused(String),
    /// The peer closed or reset the connection.
    Closed(How),
    /// The peer sent something that cannot be read or must not be sent.
    Violated(String),
    /// We lack what the peer demands, or would not do it.
    Unwilling(String),
    /// The verdict on the certificate.
    Untrusted(String),
    /// The time for the whole probe was up.
    TimeUp {
        /// How long it was.
        after: Micros,
    },
    /// Our own machine failed us.
    Ours(String),
    /// The client itself ended it, as a tap saw.
    ClientLeft(String),
    /// The capture ended, or lost its trace, while the layer was in work.
    Unseen(String),
}

impl std::fmt::Display for Reason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Reason::TimedOut { waiting_for, after } => write!(f, "no {waiting_for} within {after}"),
            Reason::TimeUp { after } => write!(f, "the time for the whole probe was up ({after})"),
            Reason::Closed(how) => write!(f, "{how}"),
            Reason::Refused(says)
            | Reason::Violated(says)
            | Reason::Unwilling(says)
            | Reason::Untrusted(says)
            | Reason::Ours(says)
            | Reason::ClientLeft(says)
            | Reason::Unseen(says) => f.write_str(says),
        }
    }
}

/// How a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum How {
    /// TLS close_notify, then FIN.
    CloseNotify,
    /// FIN without close_notify.
    Fin,
    /// RST.
    Reset,
    /// We closed.
    Ours,
}

impl std::fmt::Display for How {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            How::CloseNotify => "the peer closed the connection (close_notify)",
            How::Fin => "the peer closed the connection (FIN without close_notify)",
            How::Reset => "the peer reset the connection (RST)",
            How::Ours => "we closed the connection",
        })
    }
}

/// Why a name gave no address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DnsFailure {
    /// The name does not exist.
    NxDomain,
    /// The name exists but has no address of the wanted family.
    NoData,
    /// The resolver failed or could not be asked for the moment.
    TryAgain,
    /// No answer in time.
    TimedOut,
    /// Anything else.
    Other,
}

/// Why a TCP connection was not made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ConnectFailure {
    /// RST in answer to the SYN.
    Refused,
    /// No answer in time.
    TimedOut,
    /// RST after the connection was made.
    Reset,
    /// ICMP unreachable, or no route.
    Unreachable,
    /// Anything else.
    Other,
}

/// Why a TLS handshake did not come through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TlsFailure {
    /// The server sent a fatal alert of that number.
    Alert(u8),
    /// The first bytes were `HTTP/`.
    PlainHttp,
    /// The first bytes were no TLS record.
    NotTls,
    /// The server sent no certificate.
    NoCertificate,
    /// The server chose a version or suite that we do not speak.
    Unsupported,
    /// RST.
    Reset,
    /// FIN before the handshake was through.
    Closed,
    /// Nothing more came in time.
    TimedOut,
    /// Anything else the TLS library refused.
    Other,
}

/// What a hand-made ClientHello brought back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ScanAnswer {
    /// A ServerHello.
    Accepted {
        /// Version chosen, such as 0x0301.
        version: u16,
        /// Cipher suite chosen, IANA number.
        cipher: u16,
        /// Key exchange group chosen or, in TLS 1.3, asked for.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        group: Option<u16>,
        /// Length in bits of the prime of Diffie-Hellman, or of the short RSA key of an export suite.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        bits: Option<u16>,
        /// The server asks for a client certificate.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        asks_for_certificate: bool,
    },
    /// A fatal alert.
    Alert(u8),
    /// The connection ended.
    Closed(How),
    /// Nothing in time.
    Silence,
    /// No TLS.
    NotTls,
}

/// What a TLS handshake agreed on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Secured {
    /// `TLS 1.3`.
    pub version: String,
    /// IANA name of the suite.
    pub cipher: String,
    /// Key exchange group, such as `X25519`.
    pub group: Option<String>,
    /// Protocol chosen by ALPN.
    pub alpn: Option<String>,
    /// Name sent as SNI.
    pub sni: Option<String>,
    /// The server asked for a client certificate.
    pub client_cert_requested: bool,
    /// A stapled OCSP response came, its length in bytes.
    pub ocsp_stapled: Option<usize>,
    /// That response as a tap saw it; a probe notes what it says of the leaf.
    #[serde(default, skip_serializing_if = "no_bytes")]
    pub staple: Bytes,
    /// Scheme of the server's signature over the handshake, where it is known: TLS 1.2 and newer name it. RFC 8446 4.2.3.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signed_with: Option<u16>,
}

/// Why bytes could not be looked into.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Opaqueness {
    /// No key.
    NoKey,
    /// Behind the point where the stream could still be cut into packets.
    AfterError,
    /// There is a key, but nothing opens with it.
    WrongKey,
    /// A suite or version that this program does not open.
    Unsupported,
    /// The bytes before it are missing from the capture.
    AfterGap,
}
