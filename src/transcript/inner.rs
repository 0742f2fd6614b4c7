//! What an end of an EAP method that carries TLS sees, and a tap does not: the handshake, the certificate, the login within.

use crate::base::Bytes;
use crate::crypto::chain::ChainVerdict;
use crate::wire::eap;
use serde::{Deserialize, Serialize};

/// One thing that happened inside an EAP method that carries TLS (EAP-TLS, PEAP).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Inner {
    /// The handshake came through.
    Agreed {
        /// `TLS 1.3`.
        version: String,
        /// IANA name of the suite.
        cipher: String,
    },
    /// The EAP server's certificates as sent, DER, leaf first.
    Chain {
        /// The certificates.
        certs: Vec<Bytes>,
    },
    /// The judgement on the chain from one trust source.
    Trust {
        /// `system`, `mozilla`, or the file's name.
        source: String,
        /// The name that the certificate had to bear; `None`: any.
        name: Option<String>,
        /// The judgement.
        verdict: ChainVerdict,
    },
    /// The EAP server asked for a client certificate; the number of certificates that it got.
    ClientCertificate {
        /// Certificates sent; none when the client has none.
        sent: usize,
    },
    /// A TLS alert of the EAP server or of ours, RFC 8446 section 6.
    Alert {
        /// Its number.
        description: u8,
    },
    /// An EAP packet inside PEAP.
    Packet(eap::Packet),
    /// The PEAP result of the server, MS-PEAP 2.2.8.1.2.
    Result {
        /// It says success.
        success: bool,
        /// A cryptobinding TLV came with it, and it is right. MS-PEAP 2.2.8.1.1.
        binding: Option<bool>,
    },
}
