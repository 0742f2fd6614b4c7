//! What was looked up beside the call: missing issuers, and whether certificates are revoked.

use crate::base::{Bytes, Micros};
use crate::crypto::revocation::Standing;
use serde::{Deserialize, Serialize};

/// One look at whether a certificate is revoked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revocation {
    /// Its index in the chain as sent; certificates that were fetched count on from there.
    pub cert: usize,
    /// What to call it in a sentence.
    pub title: String,
    /// Its serial number, hexadecimal.
    pub serial: String,
    /// How it was looked up.
    pub means: Means,
    /// Where; nothing for an answer that came with the handshake.
    pub url: Option<String>,
    /// How long the fetch took.
    pub took: Micros,
    /// What came of it.
    pub standing: Standing,
}

/// How revocation is looked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Means {
    /// A revocation list was fetched. RFC 5280 5.
    Crl,
    /// A responder was asked. RFC 6960.
    Ocsp,
    /// The server sent a responder's answer in the handshake. RFC 6066 8.
    Staple,
}

impl Means {
    /// The name for a person.
    pub fn name(self) -> &'static str {
        match self {
            Means::Crl => "CRL",
            Means::Ocsp => "OCSP",
            Means::Staple => "stapled OCSP",
        }
    }
}

/// A second handshake, without SNI: what old clients and wrong profiles get. RFC 6066 3.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Nameless {
    /// The certificates, DER, leaf first; empty when the handshake failed before them.
    pub certs: Vec<Bytes>,
    /// Why it failed.
    pub failure: Option<String>,
}

/// The fetch of an issuer that the server did not send. RFC 5280 4.2.2.1.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Issuer {
    /// What to call the certificate whose issuer was missing.
    pub of: String,
    /// Where it was fetched.
    pub url: String,
    /// How long that took.
    pub took: Micros,
    /// The issuer, DER; nothing where none came that fits.
    pub cert: Option<Bytes>,
    /// Why none came.
    pub failure: Option<String>,
    /// The trusted root that the chain leads to with it.
    pub root: Option<String>,
}
