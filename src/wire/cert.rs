//! A certificate as the server sent it, read leniently: what can be read is kept, what cannot is named. RFC 5280.

mod bundle;
mod idn;
mod key;
mod name;
mod read;

pub use bundle::certificates;
pub use key::private_key_title;
pub use name::NameMatch;
pub(crate) use name::{directory_name, name_title};
pub(crate) use read::signature_name;

use crate::base::{Bytes, Layer, Limit, WireError};
use serde::{Deserialize, Serialize};
use std::net::IpAddr;
use x509_parser::prelude::{FromDer, X509Certificate};

/// A certificate, owned, with everything a judgement needs. RFC 5280 4.1 and 4.2.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cert {
    /// The DER bytes as they lay in the TLS Certificate message; the crypto binding hashes these.
    pub der: Bytes,
    /// The subject as text, most specific part first. RFC 4514.
    pub subject: String,
    /// The issuer as text, most specific part first. RFC 4514.
    pub issuer: String,
    /// The subject as DER, for matching with an issuer. RFC 5280 4.1.2.6.
    pub subject_der: Bytes,
    /// The issuer as DER, for matching with a subject. RFC 5280 4.1.2.4.
    pub issuer_der: Bytes,
    /// The SubjectPublicKeyInfo as DER. RFC 5280 4.1.2.7.
    pub spki_der: Bytes,
    /// It constrains the names below it. RFC 5280 4.2.1.10.
    pub constrains_names: bool,
    /// It demands policies or forbids some: policyConstraints, inhibitAnyPolicy. RFC 5280 4.2.1.11, 4.2.1.14.
    #[serde(default)]
    pub constrains_policies: bool,
    /// The last common name of the subject.
    pub common_name: Option<String>,
    /// The dNSName entries of subjectAltName as written. RFC 5280 4.2.1.6.
    pub dns_names: Vec<String>,
    /// The iPAddress entries of subjectAltName. RFC 5280 4.2.1.6.
    pub ip_addresses: Vec<IpAddr>,
    /// The serial number, hexadecimal, as encoded. RFC 5280 4.1.2.2.
    pub serial: String,
    /// First second of validity, seconds since 1970-01-01 UTC. RFC 5280 4.1.2.5.
    pub not_before: i64,
    /// Last second of validity, seconds since 1970-01-01 UTC. RFC 5280 4.1.2.5.
    pub not_after: i64,
    /// The public key for a person: `RSA 2048`, `EC P-256`, `Ed25519`. RFC 5280 4.1.2.7.
    pub key: String,
    /// The kind of the public key: `RSA`, `RSA-PSS`, `EC`, `Ed25519`, `Ed448`, `DSA`, `ML-DSA`, or the OID.
    pub key_algorithm: String,
    /// Size of the public key in bits; 0 when it is not known.
    pub key_bits: u32,
    /// The signature algorithm: `sha256WithRSAEncryption`, `ecdsa-with-SHA384`, ... or the OID. RFC 5280 4.1.1.2.
    pub signature: String,
    /// The version as people count it: 1, 2 or 3. RFC 5280 4.1.2.1.
    pub version: u32,
    /// The cA flag of basicConstraints; `None` without the extension. RFC 5280 4.2.1.9.
    pub is_ca: Option<bool>,
    /// pathLenConstraint of basicConstraints: how many further CA certificates may follow. RFC 5280 4.2.1.9.
    pub path_len: Option<u32>,
    /// The bits of keyUsage by name (`digitalSignature`); `None` without the extension. RFC 5280 4.2.1.3.
    pub key_usage: Option<Vec<String>>,
    /// The OIDs of extKeyUsage; `None` without the extension. RFC 5280 4.2.1.12.
    pub eku: Option<Vec<String>>,
    /// SHA-1 over the DER, hexadecimal.
    pub sha1: String,
    /// SHA-256 over the DER, hexadecimal.
    pub sha256: String,
    /// keyIdentifier of authorityKeyIdentifier, hexadecimal. RFC 5280 4.2.1.1.
    pub aki: Option<String>,
    /// subjectKeyIdentifier, hexadecimal. RFC 5280 4.2.1.2.
    pub ski: Option<String>,
    /// The addresses of cRLDistributionPoints, every scheme. RFC 5280 4.2.1.13.
    pub crl_urls: Vec<String>,
    /// The OCSP addresses of authorityInfoAccess. RFC 5280 4.2.2.1.
    pub ocsp_urls: Vec<String>,
    /// The caIssuers addresses of authorityInfoAccess: where the issuer's certificate can be fetched. RFC 5280 4.2.2.1.
    pub ca_issuers_urls: Vec<String>,
    /// The TLS feature extension asks for a stapled OCSP answer. RFC 7633 4.2.3.1.
    pub must_staple: bool,
    /// OIDs of critical extensions that a client does not know and must refuse. RFC 5280 4.2.
    pub critical_unknown: Vec<String>,
    /// Parts of the certificate that could not be read: OIDs of extensions, or `bytes after the certificate`.
    pub unreadable: Vec<String>,
}

impl Cert {
    /// Reads one DER certificate. Extensions that cannot be read are named in `unreadable` and otherwise left out;
    /// only what is no certificate at all is an error.
    pub fn parse(der: &[u8]) -> Result<Cert, WireError> {
        let (rest, certificate) = X509Certificate::from_der(der).map_err(|error| not_a_certificate(der, &error.into()))?;
        let mut cert = read::of(der, &certificate);
        if !rest.is_empty() {
            cert.unreadable.push("bytes after the certificate".into());
        }
        Ok(cert)
    }

    /// Subject and issuer are the same name; whether the key is the same too, only the signature tells. RFC 5280 6.1.
    pub fn self_issued(&self) -> bool {
        self.subject_der == self.issuer_der
    }

    /// Whether the certificate is for the dialled name, and if not, which rule says so. RFC 6125 6.4, RFC 9525 6.
    pub fn matches_name(&self, name: &str) -> NameMatch {
        name::judge(self, name)
    }

    /// What to call the certificate in a sentence: its common name, else its first DNS name, else its subject.
    pub fn title(&self) -> &str {
        self.common_name.as_ref().or(self.dns_names.first()).unwrap_or(&self.subject)
    }

    /// Length of the validity in whole days, rounded up.
    pub fn days(&self) -> i64 {
        let seconds = self.not_after.saturating_sub(self.not_before);
        seconds.div_euclid(DAY) + i64::from(seconds.rem_euclid(DAY) != 0)
    }
}

/// The bytes end before the outer SEQUENCE does, or what is inside is not a certificate.
fn not_a_certificate(der: &[u8], error: &x509_parser::error::X509Error) -> WireError {
    let (need, limit) = match declared_len(der) {
        Some(need) if need > der.len() => (need, Limit::Input),
        Some(need) => (need, Limit::Spec("RFC 5280 4.1".into())),
        None => (MIN_LEN, Limit::Input),
    };
    WireError { layer: Layer::Cert, what: format!("certificate: {error}"), at: 0, need, have: der.len(), limit }
}

/// The length that a DER SEQUENCE header at the start claims for itself and its content, in bytes.
pub(super) fn declared_len(der: &[u8]) -> Option<usize> {
    let (header, content) = match *der {
        [0x30, length @ 0..=0x7f, ..] => (2, usize::from(length)),
        [0x30, 0x81, a, ..] => (3, usize::from(a)),
        [0x30, 0x82, a, b, ..] => (4, usize::from(u16::from_be_bytes([a, b]))),
        [0x30, 0x83, a, b, c, ..] => (5, u32::from_be_bytes([0, a, b, c]) as usize),
        _ => return None,
    };
    Some(header + content)
}

/// Seconds of a day.
const DAY: i64 = 86_400;
/// X.690 8.1: a SEQUENCE header with a length of two bytes, as every certificate has one, in bytes.
const MIN_LEN: usize = 4;

#[cfg(test)]
mod tests;
