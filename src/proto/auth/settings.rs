//! What EAP methods that carry TLS need at either end.

use super::tls;
use crate::base::Secret;
use crate::crypto::chain::Anchor;
use rustls::pki_types::CertificateDer;
use rustls::time_provider::TimeProvider;
use rustls::{CertificateError, RootCertStore, ServerConfig};
use std::sync::Arc;

/// Where roots come from: sources by name, asked one after the other until one trusts a certificate.
pub trait Roots: std::fmt::Debug + Send + Sync {
    /// Calls `judge` with one source after the other until it says that it has heard enough.
    fn each(&self, judge: &mut dyn FnMut(&str, &[Anchor]) -> bool);
}

impl Roots for Vec<(String, Vec<Anchor>)> {
    fn each(&self, judge: &mut dyn FnMut(&str, &[Anchor]) -> bool) {
        let _ = self.iter().any(|(source, anchors)| judge(source, anchors));
    }
}

/// A certificate chain and the key of its leaf.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// DER, leaf first.
    pub chain: Vec<Vec<u8>>,
    /// The leaf's private key, DER in any of PKCS#8, PKCS#1 and SEC1.
    pub key: Secret<Vec<u8>>,
}

/// The TLS versions that a client offers within EAP.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Versions {
    /// TLS 1.2 and 1.3.
    #[default]
    Both,
    /// TLS 1.2 only.
    Tls12,
    /// TLS 1.3 only.
    Tls13,
}

/// The client's end.
#[derive(Clone, Debug)]
pub struct EapClient {
    /// What the client proves itself with in EAP-TLS.
    pub identity: Option<Identity>,
    /// The name that is given outside the tunnel of PEAP; the user's otherwise.
    pub anonymous: Option<String>,
    /// Whom to trust; `None`: nobody.
    pub trust: Option<Arc<dyn Roots>>,
    /// The name that the EAP server's certificate must bear; `None`: any.
    pub server_name: Option<String>,
    /// The present, seconds since 1970-01-01 UTC.
    pub now_unix: i64,
    /// Bytes of TLS in one EAP packet.
    pub fragment: usize,
    /// The versions offered.
    pub versions: Versions,
}

impl Default for EapClient {
    fn default() -> Self {
        EapClient {
            identity: None,
            anonymous: None,
            trust: None,
            server_name: None,
            now_unix: 0,
            fragment: FRAGMENT,
            versions: Versions::Both,
        }
    }
}

/// What the server does about PEAP cryptobinding.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Cryptobinding {
    /// It sends one and wants one.
    #[default]
    Asked,
    /// It sends none.
    Absent,
    /// It sends a wrong one, as whoever does not know the keys of the login inside.
    Wrong,
}

/// The server's end.
#[derive(Clone, Debug)]
pub struct EapServer {
    /// TLS of EAP-TLS, which demands a client certificate; `None`: no root for one is known.
    pub(super) with_client_certificate: Option<Arc<ServerConfig>>,
    /// TLS of PEAP.
    pub(super) without: Arc<ServerConfig>,
    /// Bytes of TLS in one EAP packet.
    pub fragment: usize,
    /// The version in the flags of PEAP.
    pub peap_version: u8,
    /// PEAP cryptobinding.
    pub cryptobinding: Cryptobinding,
    /// The EAP type asked for inside PEAP, where it is not EAP-MSCHAPv2; the lab can only ask for it.
    pub inner_type: Option<u8>,
    /// A wrong password inside PEAP is answered with MS-CHAPv2 Failure and its number; otherwise with the bare result, as
    /// FreeRADIUS does unless told otherwise.
    pub says_why: bool,
    /// A fragment is acknowledged by a request that ends behind its type, without flags, as SoftEther does.
    pub bare_acks: bool,
    /// A certificate that was proved is welcome; otherwise EAP Failure follows, as where no account belongs to it.
    pub knows_certificate: bool,
}

impl EapServer {
    /// A server with this certificate, which lets in whom one of `client_roots` (DER) vouches for, or refuses every client certificate
    /// for the reason given; without roots it cannot do EAP-TLS. `time` tells the present whenever a certificate is judged.
    pub fn new(
        identity: &Identity,
        client_roots: &[Vec<u8>],
        refuses: Option<CertificateError>,
        time: Arc<dyn TimeProvider>,
    ) -> Result<EapServer, rustls::Error> {
        let mut roots = RootCertStore::empty();
        for root in client_roots {
            roots.add(CertificateDer::from(root.clone()))?;
        }
        let with = |time| tls::server_config(identity, Some((roots, refuses)), time);
        Ok(EapServer {
            with_client_certificate: if client_roots.is_empty() { None } else { Some(with(time.clone())?) },
            without: tls::server_config(identity, None, time)?,
            fragment: FRAGMENT,
            peap_version: 0,
            cryptobinding: Cryptobinding::Asked,
            inner_type: None,
            says_why: true,
            bare_acks: false,
            knows_certificate: true,
        })
    }
}

/// Ours, and what others use: with the headers of EAP and RADIUS a packet of this size stays below an Ethernet frame.
const FRAGMENT: usize = 1398;
