//! Whether a certificate is revoked, judged from what was fetched: pure, with the time as an argument. RFC 5280 6.3, RFC 6960 3.2.

use super::chain::Anchor;
use super::chain::signature::{self, Signature, Signed};
use crate::wire::cert::Cert;
use crate::wire::crl::{Crl, Partial, Revoked};
use crate::wire::ocsp::{Answer, Basic, CertId, Single, Status, failure_name};
use serde::{Deserialize, Serialize};
use x509_parser::asn1_rs::BitString;
use x509_parser::prelude::FromDer;
use x509_parser::revocation_list::CertificateRevocationList;
use x509_parser::x509::{AlgorithmIdentifier, SubjectPublicKeyInfo};

/// What one list or one answer says of one certificate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// It is not revoked.
    Good {
        /// Until when that holds, seconds since 1970-01-01 UTC.
        until: Option<i64>,
    },
    /// It is revoked.
    Revoked {
        /// Since when, seconds since 1970-01-01 UTC.
        at: i64,
        /// Why, by the name of RFC 5280 5.3.1.
        reason: Option<String>,
    },
    /// The responder does not know the certificate. RFC 6960 2.2.
    Unknown,
    /// The time for which it holds is over. RFC 5280 6.3.3 (a), RFC 6960 3.2.
    Stale {
        /// When the next one was due.
        ended: i64,
    },
    /// It is of the future. RFC 6960 3.2.
    Early {
        /// When it begins to hold.
        begins: i64,
    },
    /// It does not count for this certificate: another issuer, a signature that does not fit, another scope.
    Void(String),
    /// The responder answers with an error. RFC 6960 2.3.
    Failed(String),
    /// It cannot be read.
    Unreadable(String),
    /// Nothing came.
    Unreachable(String),
}

impl Standing {
    /// It tells whether the certificate is revoked.
    pub fn decides(&self) -> bool {
        matches!(self, Standing::Good { .. } | Standing::Revoked { .. })
    }

    fn revoked(revoked: Revoked) -> Standing {
        Standing::Revoked { at: revoked.at, reason: revoked.reason.map(str::to_string) }
    }
}

impl std::fmt::Display for Standing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Standing::Good { until: Some(until) } => write!(f, "not revoked, holds until {}", minute(*until)),
            Standing::Good { until: None } => f.write_str("not revoked"),
            Standing::Revoked { at, reason: Some(reason) } => write!(f, "revoked {} ({reason})", minute(*at)),
            Standing::Revoked { at, reason: None } => write!(f, "revoked {}", minute(*at)),
            Standing::Unknown => f.write_str("the responder does not know it"),
            Standing::Stale { ended } => write!(f, "too old, the next one was due {}", minute(*ended)),
            Standing::Early { begins } => write!(f, "of the future, begins {}", minute(*begins)),
            Standing::Void(why) => write!(f, "does not count: {why}"),
            Standing::Failed(why) => write!(f, "the responder answers {why}"),
            Standing::Unreadable(why) => write!(f, "cannot be read: {why}"),
            Standing::Unreachable(why) => write!(f, "not reachable: {why}"),
        }
    }
}

/// `2026-11-26 01:02 UTC`.
fn minute(unix: i64) -> String {
    let Ok(at) = time::OffsetDateTime::from_unix_timestamp(unix) else { return format!("{unix} s after 1970") };
    format!("{} {:02}:{:02} UTC", at.date(), at.hour(), at.minute())
}

/// What a revocation list says of a certificate that `issuer` issued.
pub fn by_list(bytes: &[u8], cert: &Cert, issuer: &Anchor, now_unix: i64) -> Standing {
    let list = match Crl::read(bytes, &cert.serial) {
        Ok(list) => list,
        Err(error) => return Standing::Unreadable(error.what),
    };
    if let Some(why) = void_list(&list, cert, issuer) {
        return Standing::Void(why);
    }
    match (list.revoked, list.next_update) {
        // RFC 5280 5.3.1: removeFromCRL takes a certificate off the list.
        (Some(revoked), _) if revoked.reason != Some("removeFromCRL") => Standing::revoked(revoked),
        (_, Some(ended)) if ended < now_unix => Standing::Stale { ended },
        _ if list.this_update > now_unix + CLOCK_TOLERANCE => Standing::Early { begins: list.this_update },
        (_, until) => Standing::Good { until },
    }
}

fn void_list(list: &Crl, cert: &Cert, issuer: &Anchor) -> Option<String> {
    if list.issuer_der[..] != issuer.name_der[..] {
        return Some(format!("it is the list of {}, not of {}", list.issuer, issuer.title));
    }
    let scope = match (list.partial, cert.is_ca == Some(true)) {
        (Some(Partial::CaOnly), false) => Some("it is about certificates of CAs only"),
        (Some(Partial::EndEntityOnly), true) => Some("it is not about certificates of CAs"),
        (Some(Partial::Delta), _) => Some("it lists changes only (a delta CRL)"),
        (Some(Partial::Unknown), _) => Some("it has a critical extension that nothing here knows"),
        (Some(Partial::Otherwise), _) => Some("it is about some of the certificates only"),
        _ => None,
    };
    if let Some(scope) = scope {
        return Some(scope.into());
    }
    let (_, parsed) = CertificateRevocationList::from_der(&list.der).ok()?;
    let message = parsed.tbs_cert_list.as_ref();
    let signed = Signed { message, algorithm: &parsed.signature_algorithm, signature: &parsed.signature_value };
    unsigned(signature::check_signed(&signed, &issuer.spki_der), &issuer.title)
}

/// What an OCSP answer says of a certificate that `issuer` issued.
pub fn by_answer(bytes: &[u8], cert: &Cert, issuer: &Anchor, now_unix: i64) -> Standing {
    let basic = match Answer::parse(bytes) {
        Ok(Answer::Basic(basic)) => basic,
        Ok(Answer::Failed(number)) => return Standing::Failed(failure_name(number).into()),
        Err(error) => return Standing::Unreadable(error.what),
    };
    let key_bits = key_bits(issuer);
    let Some(single) = basic.singles.iter().find(|single| single.id.is_of(&issuer.name_der, &key_bits, &cert.serial)) else {
        return Standing::Void("it is about another certificate".into());
    };
    if let Some(why) = void_answer(&basic, issuer, now_unix) {
        return Standing::Void(why);
    }
    standing_of(single, now_unix)
}

fn standing_of(single: &Single, now_unix: i64) -> Standing {
    match (&single.status, single.next_update) {
        (Status::Revoked(revoked), _) => Standing::revoked(revoked.clone()),
        (_, Some(ended)) if ended < now_unix => Standing::Stale { ended },
        _ if single.this_update > now_unix + CLOCK_TOLERANCE => Standing::Early { begins: single.this_update },
        (Status::Unknown, _) => Standing::Unknown,
        (Status::Good, until) => Standing::Good { until },
    }
}

/// The responder is the issuer itself, or a certificate of the issuer's for that purpose. RFC 6960 4.2.2.2.
fn void_answer(basic: &Basic, issuer: &Anchor, now_unix: i64) -> Option<String> {
    let made_by = |spki: &[u8]| {
        let (_, algorithm) = AlgorithmIdentifier::from_der(&basic.algorithm).ok()?;
        let signature = BitString { unused_bits: 0, data: std::borrow::Cow::Borrowed(&basic.signature[..]) };
        Some(signature::check_signed(&Signed { message: &basic.signed, algorithm: &algorithm, signature: &signature }, spki))
    };
    let own = made_by(&issuer.spki_der).unwrap_or(Signature::Unchecked);
    if own == Signature::Good {
        return None;
    }
    let sent: Vec<Cert> = basic.certs.iter().filter_map(|der| Cert::parse(der).ok()).collect();
    let signer = sent.iter().find(|cert| made_by(&Anchor::of(cert).spki_der) == Some(Signature::Good));
    match signer {
        None => unsigned(own, &issuer.title),
        Some(signer) => unfit_responder(signer, issuer, now_unix),
    }
}

fn unfit_responder(signer: &Cert, issuer: &Anchor, now_unix: i64) -> Option<String> {
    let may = signer.eku.as_ref().is_some_and(|usages| usages.iter().any(|usage| usage == OCSP_SIGNING));
    let title = signer.title();
    match () {
        () if signer.issuer_der[..] != issuer.name_der[..] || signature::check(signer, &issuer.spki_der) != Signature::Good => {
            Some(format!("its signer {title} was not issued by {}", issuer.title))
        }
        () if !may => Some(format!("its signer {title} is not for OCSP signing")),
        () if !(signer.not_before..=signer.not_after).contains(&now_unix) => Some(format!("its signer {title} is outside its dates")),
        () => None,
    }
}

fn unsigned(signature: Signature, issuer: &str) -> Option<String> {
    match signature {
        Signature::Good => None,
        Signature::Bad => Some(format!("the key of {issuer} did not make its signature")),
        Signature::Unchecked => Some("its signature cannot be checked here".into()),
    }
}

/// The question that OCSP is asked about a certificate.
pub fn question(cert: &Cert, issuer: &Anchor) -> Vec<u8> {
    crate::wire::ocsp::request(&id(cert, issuer))
}

/// How OCSP names a certificate.
pub fn id(cert: &Cert, issuer: &Anchor) -> CertId {
    CertId::of(&issuer.name_der, &key_bits(issuer), &cert.serial)
}

/// The key inside a SubjectPublicKeyInfo. RFC 6960 4.1.1: issuerKeyHash is over it, without tag, length and unused bits.
fn key_bits(issuer: &Anchor) -> Vec<u8> {
    SubjectPublicKeyInfo::from_der(&issuer.spki_der).map(|(_, spki)| spki.subject_public_key.data.to_vec()).unwrap_or_default()
}

/// RFC 6960 4.2.2.2: id-kp-OCSPSigning.
const OCSP_SIGNING: &str = "1.3.6.1.5.5.7.3.9";
/// Ours: a list or answer that begins so soon is not of the future, seconds: clocks differ.
const CLOCK_TOLERANCE: i64 = 300;

#[cfg(test)]
mod tests;
