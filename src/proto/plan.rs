//! What one end will do: its mind (policy), its edits (door 1), its toxics (door 2) and its seed.

use super::auth::{EapClient, EapServer};
use super::bug::Bugs;
use super::edit::Edit;
use super::last_words::LastWords;
use super::quirk::Quirk;
use crate::base::{Layer, Secret};
use crate::crypto::binding::HashProtocol;
use crate::wire::eap;
use crate::wire::ncp::AuthMethod;
use aws_lc_rs::digest;
use std::net::Ipv4Addr;
use std::time::Duration;

/// What one end will do.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Policy.
    pub mind: Mind,
    /// Edits to outgoing messages, applied in order (door 1).
    pub edits: Vec<Edit>,
    /// What happens to the bytes between TLS and the socket (door 2); carried out by `live`.
    pub toxics: Vec<Toxic>,
    /// Every random choice comes from it.
    pub seed: u64,
}

/// Policy of one end.
#[derive(Clone, Debug)]
pub enum Mind {
    /// A client that climbs as far as it is asked to.
    Client(ClientConfig),
    /// A server.
    Server(ServerConfig),
}

/// Hashes of the server's leaf certificate, which crypto binding uses. MS-SSTP 2.2.7.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CertHashes {
    /// SHA-1 of the DER.
    pub sha1: [u8; 20],
    /// SHA-256 of the DER.
    pub sha256: [u8; 32],
}

impl CertHashes {
    /// Hashes over the DER of the leaf as it stood in the TLS Certificate message. MS-SSTP 2.2.7.
    pub fn of(der: &[u8]) -> CertHashes {
        let mut hashes = CertHashes::default();
        hashes.sha1.copy_from_slice(digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, der).as_ref());
        hashes.sha256.copy_from_slice(digest::digest(&digest::SHA256, der).as_ref());
        hashes
    }
}

/// User name and password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// As the user gave it: `user`, `DOMAIN\user` or `user@domain`.
    pub user: String,
    /// The password.
    pub password: Secret<String>,
}

/// A way of proving who one is. Unlike [`AuthMethod`] it tells the methods within EAP apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Method {
    /// MS-CHAPv2 within PPP CHAP, RFC 2759.
    MsChapV2,
    /// EAP type 26.
    EapMsChapV2,
    /// EAP type 13: a client certificate. RFC 5216, RFC 9190.
    EapTls,
    /// EAP type 25, version 0, with EAP-MSCHAPv2 inside. MS-PEAP.
    Peap,
    /// CHAP with MD5, RFC 1994.
    ChapMd5,
    /// EAP type 4, RFC 3748 section 5.4.
    EapMd5,
    /// RFC 1334; the password travels in clear within TLS.
    Pap,
}

impl Method {
    /// Method and name, in the order in which a client prefers them.
    pub const ALL: [(Method, &'static str); 7] = [
        (Method::MsChapV2, "mschapv2"),
        (Method::EapMsChapV2, "eap-mschapv2"),
        (Method::Peap, "peap"),
        (Method::EapTls, "eap-tls"),
        (Method::ChapMd5, "chap-md5"),
        (Method::EapMd5, "eap-md5"),
        (Method::Pap, "pap"),
    ];

    /// The name in arguments.
    pub fn name(self) -> &'static str {
        Method::ALL.iter().find(|row| row.0 == self).map_or("", |row| row.1)
    }

    /// The method of that name.
    pub fn from_name(name: &str) -> Option<Method> {
        Method::ALL.iter().find(|row| row.1 == name).map(|row| row.0)
    }

    /// The EAP type, for methods within EAP. RFC 3748 section 5.
    pub fn eap_type(self) -> Option<u8> {
        match self {
            Method::EapMsChapV2 => Some(eap::MSCHAPV2),
            Method::EapMd5 => Some(eap::MD5),
            Method::EapTls => Some(eap::TLS),
            Method::Peap => Some(eap::PEAP),
            Method::MsChapV2 | Method::ChapMd5 | Method::Pap => None,
        }
    }

    /// The value of LCP option 3 under which it is negotiated.
    pub fn lcp(self) -> AuthMethod {
        match self {
            Method::MsChapV2 => AuthMethod::MsChapV2,
            Method::EapMsChapV2 | Method::EapMd5 | Method::EapTls | Method::Peap => AuthMethod::Eap,
            Method::ChapMd5 => AuthMethod::ChapMd5,
            Method::Pap => AuthMethod::Pap,
        }
    }
}

/// How long each layer may take, and the protocols' own timers.
#[derive(Clone, Debug)]
pub struct Timers {
    /// For one layer; per layer where `layers` names it.
    pub layer: Duration,
    /// Exceptions to `layer`.
    pub layers: Vec<(Layer, Duration)>,
    /// RFC 1661 section 4.6: restart timer, 3 s.
    pub restart: Duration,
    /// RFC 1661 section 4.6: Max-Configure, 10 requests.
    pub max_configure: u32,
    /// RFC 1661 section 4.6: Max-Failure, 5 Naks before one rejects.
    pub max_failure: u32,
    /// MS-SSTP 3.1.2.3: hello timer, 60 s.
    pub hello: Duration,
    /// MS-SSTP 3.3.2.1: negotiation timer of the server, 60 s.
    pub negotiation: Duration,
    /// MS-SSTP 3.1.2.1: TIMER_VAL_ABORT_STATE_TIMER_1, 3 s.
    pub abort_1: Duration,
    /// MS-SSTP 3.1.2.1: TIMER_VAL_ABORT_STATE_TIMER_2, 1 s.
    pub abort_2: Duration,
    /// MS-SSTP 3.1.2.2: TIMER_VAL_DISCONNECT_STATE_TIMER_1, 5 s.
    pub disconnect_1: Duration,
    /// MS-SSTP 3.1.2.2: TIMER_VAL_DISCONNECT_STATE_TIMER_2, 1 s.
    pub disconnect_2: Duration,
}

impl Default for Timers {
    fn default() -> Self {
        Timers {
            layer: Duration::from_secs(10),
            layers: Vec::new(),
            restart: Duration::from_secs(3),
            max_configure: 10,
            max_failure: 5,
            hello: Duration::from_secs(60),
            negotiation: Duration::from_secs(60),
            abort_1: Duration::from_secs(3),
            abort_2: Duration::from_secs(1),
            disconnect_1: Duration::from_secs(5),
            disconnect_2: Duration::from_secs(1),
        }
    }
}

impl Timers {
    /// How long `layer` may take.
    pub fn of(&self, layer: Layer) -> Duration {
        self.layers.iter().find(|row| row.0 == layer).map_or(self.layer, |row| row.1)
    }
}

/// A client that climbs as far as it is asked to and leaves in order.
#[derive(Clone, Debug)]
pub struct ClientConfig {
    /// Value of the Host header.
    pub host: String,
    /// The leaf's hashes as seen in the TLS handshake.
    pub cert: CertHashes,
    /// Who we are; without it the client learns the server's authentication methods and leaves, or leaves once LCP is up.
    pub credentials: Option<Credentials>,
    /// Methods we would use, best first.
    pub methods: Vec<Method>,
    /// What EAP methods with TLS need.
    pub eap: EapClient,
    /// Methods to ask the server about when there are no credentials, in this order; none: one of `methods` is agreed on.
    pub learn: Vec<AuthMethod>,
    /// Only ask whether the server takes the methods, and prove nothing.
    pub ask: bool,
    /// The last layer to climb to.
    pub until: Layer,
    /// Timers.
    pub timers: Timers,
    /// ICMP echoes to send at most.
    pub pings: u32,
    /// The hash for crypto binding; `None`: the best of those offered, MS-SSTP 3.2.5.3.2.
    pub binding_hash: Option<HashProtocol>,
    /// The key that the compound MAC is made from.
    pub binding_key: BindingKey,
    /// Stays in the call for so long once all is done and then hangs up, as a client in daily use: with a hello timer, with
    /// an end of PPP before Call Disconnect, and without hurry. `None`: a diagnosis, which leaves at once.
    pub stays: Option<Duration>,
    /// In such a stay an LCP Echo-Request goes out so often, whatever comes. RFC 1661 5.8. `None`: none does.
    pub echoes: Option<Duration>,
    /// Packets inside the tunnel are told too, the first thousand of them.
    pub packets: bool,
    /// What this client does wrong; an honest one nothing.
    pub quirks: Vec<Quirk>,
}

/// The key that a client makes the compound MAC from. MS-SSTP 3.2.5.2.2.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BindingKey {
    /// What the inner authentication yielded.
    #[default]
    Right,
    /// 32 zero bytes.
    Zero,
    /// Receive and send key in the wrong order.
    Swapped,
}

impl BindingKey {
    /// The key to use in place of `right`.
    pub fn of(self, right: [u8; 32]) -> [u8; 32] {
        let mut key = right;
        match self {
            BindingKey::Right => {}
            BindingKey::Zero => key = [0; 32],
            BindingKey::Swapped => key.rotate_left(16),
        }
        key
    }
}

impl ClientConfig {
    /// An honest client without credentials.
    pub fn new(host: impl Into<String>, cert: CertHashes) -> ClientConfig {
        ClientConfig {
            host: host.into(),
            cert,
            credentials: None,
            methods: vec![Method::MsChapV2, Method::EapMsChapV2, Method::ChapMd5, Method::EapMd5],
            eap: EapClient::default(),
            learn: AuthMethod::CANDIDATES.to_vec(),
            ask: false,
            until: Layer::Teardown,
            timers: Timers::default(),
            pings: 3,
            binding_hash: None,
            binding_key: BindingKey::Right,
            stays: None,
            echoes: None,
            packets: false,
            quirks: Vec::new(),
        }
    }

    /// It asks about one method after the other, and wants none for itself.
    pub(super) fn learns(&self) -> bool {
        self.credentials.is_none() && !self.learn.is_empty()
    }
}

/// An account of the built-in server and what it answers to the right password.
#[derive(Clone, Debug)]
pub struct Account {
    /// Name without domain.
    pub name: String,
    /// Password.
    pub password: Secret<String>,
    /// `None`: welcome. Otherwise the MS-CHAPv2 error (RFC 2759 section 6) that is given although the password is right.
    pub error: Option<u32>,
}

/// An SSTP server.
#[derive(Clone, Debug)]
pub struct ServerConfig {
    /// Value of the Server header.
    pub banner: String,
    /// Value of the Date header; without one it is left out. RFC 9110 6.6.1.
    pub date: Option<String>,
    /// MS-SSTP 2.2.6: bit 0 SHA-1, bit 1 SHA-256.
    pub hash_mask: u8,
    /// The certificate hash that Call Connected must carry.
    pub cert: CertHashes,
    /// The compound MAC, nonce and hash of Call Connected are checked.
    pub check_binding: bool,
    /// The server has the keys of the inner authentication; without them it computes with 32 zero bytes, as a server
    /// does whose RADIUS returns no MPPE keys.
    pub has_keys: bool,
    /// Accounts.
    pub accounts: Vec<Account>,
    /// Methods, the one offered first in front.
    pub methods: Vec<Method>,
    /// What EAP methods with TLS need; `None`: they are not offered.
    pub eap: Option<EapServer>,
    /// An EAP Nak is heeded; otherwise the same type is asked for again.
    pub heeds_nak: bool,
    /// R= of an MS-CHAPv2 Failure. RFC 2759 section 6.
    pub retry_allowed: bool,
    /// Responses that are taken after a Failure with R=1.
    pub retries: u32,
    /// The server can prove that it knows the password (S= of MS-CHAPv2 Success).
    pub knows_password: bool,
    /// Its own address inside the tunnel, `None`: IPCP is rejected.
    pub address: Option<Ipv4Addr>,
    /// The address for the client, `None`: it has none to give and stays silent in IPCP.
    pub client_address: Option<Ipv4Addr>,
    /// DNS servers to give.
    pub dns: Vec<Ipv4Addr>,
    /// WINS servers to give.
    pub nbns: Vec<Ipv4Addr>,
    /// IPv6CP is spoken.
    pub ipv6: bool,
    /// Pings to its own address are answered.
    pub answers_ping: bool,
    /// The encapsulated protocol it takes, MS-SSTP 2.2.5; anything but 1 NAKs every honest client.
    pub encapsulates: u16,
    /// Where it should close the connection it falls silent and leaves it open.
    pub keeps_open: bool,
    /// An Echo Request is answered while Call Disconnect Ack is waited for.
    pub echoes_when_leaving: bool,
    /// PPP frames come back as they were sent, as from a terminal line left in echo mode.
    pub echoes_ppp: bool,
    /// MS-SSTP 3.1.5: how many bad Call Connect Requests are NAKed before an Abort; Windows: 3.
    pub nak_limit: u32,
    /// So many Call Connect Requests are NAKed although nothing is wrong with them.
    pub naks_first: u32,
    /// After LCP Terminate-Request it waits for Call Disconnect instead of sending one.
    pub lets_leave: bool,
    /// The MRU that it asks for, RFC 1661 section 6.1.
    pub own_mru: u16,
    /// Types of LCP options that it rejects, RFC 1661 section 5.4.
    pub lcp_rejects: Vec<u8>,
    /// The MRU that it wants the client to ask for, RFC 1661 section 5.3; `None`: any.
    pub lcp_mru: Option<u16>,
    /// The server leaves with Call Disconnect as soon as this layer is up; SSTP: right behind Call Connect Ack.
    pub leaves_at: Option<Layer>,
    /// In what it speaks otherwise than the lab's own server, where it was made like another one.
    pub style: Option<Box<ServerStyle>>,
    /// What it does wrong inside; a sound one nothing.
    pub bugs: Bugs,
    /// Timers.
    pub timers: Timers,
}

/// In what a server differs from the lab's own that is no fault: which options it asks for, how it phrases its answers, how it
/// ends a call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServerStyle {
    /// Header lines of its responses, in order.
    pub headers: Vec<(String, String)>,
    /// Every request is refused with this status and reason.
    pub refuses: Option<(u16, String)>,
    /// LCP options that it asks for besides the authentication method; a magic number is drawn anew.
    pub lcp_asks: Vec<(u8, Vec<u8>)>,
    /// LCP options of the client that it rejects.
    pub lcp_rejects: Vec<u8>,
    /// Values of LCP options that it insists on with a Nak.
    pub lcp_naks: Vec<(u8, Vec<u8>)>,
    /// It answers a Nak of its authentication method with the next method of its list, and not with the one that was asked for.
    pub walks_methods: bool,
    /// The name in its CHAP Challenge.
    pub challenger: String,
    /// The results of PAP have no text, not even an empty one.
    pub bare_results: bool,
    /// What an MS-CHAPv2 Success has behind `S=`.
    pub success: String,
    /// The text of an MS-CHAPv2 Failure.
    pub failure: Option<String>,
    /// After a refused login it ends PPP with Terminate-Request and leaves the rest to the client.
    pub terminates: bool,
    /// It says nothing to protocols that it does not speak, against RFC 1661 5.7.
    pub passes_over_protocols: bool,
    /// Its Terminate-Ack repeats the data of the request.
    pub repeats_termination: bool,
    /// Its Call Disconnect has no Status Info.
    pub bare_disconnect: bool,
    /// It does not acknowledge a Call Disconnect that crosses its own, against MS-SSTP 3.1.5.3, and closes the connection.
    pub closes_on_crossing: bool,
    /// It has no address to give, and takes so long to say so: every IPCP Configure-Request, one after the other, is answered by a
    /// Configure-Reject of all that it asks for, and of the address even where it does not ask for one.
    pub refuses_addresses: Option<Duration>,
    /// What it says before it falls silent.
    pub last_words: LastWords,
    /// So long after Call Connected it ends the call by itself.
    pub ends_after: Option<Duration>,
    /// It ends it with Call Abort, and with Call Disconnect otherwise.
    pub aborts: bool,
}

impl Default for ServerConfig {
    fn default() -> Self {
        ServerConfig {
            banner: "sstp-diag-lab".into(),
            date: None,
            hash_mask: 3,
            cert: CertHashes::default(),
            check_binding: true,
            has_keys: true,
            accounts: Vec::new(),
            methods: Method::ALL.iter().map(|row| row.0).collect(),
            eap: None,
            heeds_nak: true,
            retry_allowed: false,
            retries: 1,
            knows_password: true,
            address: Some(Ipv4Addr::new(192, 0, 2, 1)),
            client_address: Some(Ipv4Addr::new(192, 0, 2, 10)),
            dns: vec![Ipv4Addr::new(192, 0, 2, 53), Ipv4Addr::new(192, 0, 2, 54)],
            nbns: vec![Ipv4Addr::new(192, 0, 2, 60)],
            ipv6: true,
            answers_ping: true,
            encapsulates: crate::wire::sstp::ENCAPSULATED_PPP,
            keeps_open: false,
            echoes_when_leaving: false,
            echoes_ppp: false,
            nak_limit: 3,
            naks_first: 0,
            lets_leave: false,
            own_mru: super::lcp::SSTP_MRU,
            lcp_rejects: Vec::new(),
            lcp_mru: None,
            leaves_at: None,
            style: None,
            bugs: Bugs::default(),
            timers: Timers::default(),
        }
    }
}

/// What happens to the bytes between TLS and the socket (door 2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Toxic {
    /// Hold every outgoing write back by so long.
    Delay(Duration),
    /// Write at most so many bytes at a time.
    Slice(usize),
    /// Close (FIN) once so many bytes were written.
    CutAfter(u64),
    /// Reset once so many bytes were written.
    ResetAfter(u64),
    /// Write nothing more once so many bytes were written, and keep the connection open.
    StallAfter(u64),
}
