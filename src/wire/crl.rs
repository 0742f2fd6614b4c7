//! A certificate revocation list, read for one serial number. RFC 5280 5.

use crate::base::{Bytes, Layer, Limit, WireError, hex};
use crate::wire::cert::{declared_len, directory_name};
use rustls::pki_types::CertificateRevocationListDer;
use rustls::pki_types::pem::PemObject;
use x509_parser::extensions::ParsedExtension;
use x509_parser::prelude::FromDer;
use x509_parser::revocation_list::{CertificateRevocationList, RevokedCertificate};

/// What a list says of one certificate, and of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Crl {
    /// The list as DER.
    pub der: Bytes,
    /// The issuer as text. RFC 5280 5.1.2.3.
    pub issuer: String,
    /// The issuer as DER.
    pub issuer_der: Bytes,
    /// When it was issued, seconds since 1970-01-01 UTC. RFC 5280 5.1.2.4.
    pub this_update: i64,
    /// When the next one is due. RFC 5280 5.1.2.5 demands it.
    pub next_update: Option<i64>,
    /// How many certificates it lists.
    pub entries: usize,
    /// The entry of the serial number asked for, if there is one.
    pub revoked: Option<Revoked>,
    /// Why the list is not about every certificate of its issuer. RFC 5280 5.2.4, 5.2.5.
    pub partial: Option<Partial>,
}

/// One entry. RFC 5280 5.1.2.6.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revoked {
    /// When it was revoked, seconds since 1970-01-01 UTC.
    pub at: i64,
    /// Why, by the name of RFC 5280 5.3.1; nothing where the list does not say.
    pub reason: Option<&'static str>,
}

/// What a list leaves out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Partial {
    /// It lists changes only. RFC 5280 5.2.4.
    Delta,
    /// It is about certificates of CAs only.
    CaOnly,
    /// It is about certificates that are no CAs only.
    EndEntityOnly,
    /// It has a critical extension that nothing here knows, so that it must not be used. RFC 5280 5.2.
    Unknown,
    /// It is about some reasons, attribute certificates or certificates of other issuers only.
    Otherwise,
}

impl Crl {
    /// Reads a list, DER or PEM, and looks the serial number up (hexadecimal, as the certificate encodes it).
    pub fn read(bytes: &[u8], serial: &str) -> Result<Crl, WireError> {
        let pem = CertificateRevocationListDer::from_pem_slice(bytes).ok();
        let der = pem.as_ref().map_or(bytes, |der| der.as_ref());
        let (_, list) = CertificateRevocationList::from_der(der).map_err(|_| no_list(der))?;
        let tbs = &list.tbs_cert_list;
        let is_it = |entry: &&RevokedCertificate<'_>| same_serial(&hex(entry.raw_serial()), serial);
        Ok(Crl {
            issuer: directory_name(&tbs.issuer),
            issuer_der: Bytes::from(tbs.issuer.as_raw()),
            this_update: tbs.this_update.timestamp(),
            next_update: tbs.next_update.map(|time| time.timestamp()),
            entries: tbs.revoked_certificates.len(),
            revoked: list.iter_revoked_certificates().find(is_it).map(Revoked::of),
            partial: partial(&list),
            der: Bytes::from(der),
        })
    }
}

impl Revoked {
    fn of(entry: &RevokedCertificate<'_>) -> Revoked {
        let reason = entry.reason_code().and_then(|(_, code)| reason(code.0));
        Revoked { at: entry.revocation_date.timestamp(), reason }
    }
}

/// The name of a reason; nothing for `unspecified` and for numbers that mean nothing. RFC 5280 5.3.1.
pub fn reason(code: u8) -> Option<&'static str> {
    REASONS.iter().find(|row| row.0 == code).map(|row| row.1)
}

/// The number of a reason, by its name. RFC 5280 5.3.1.
pub fn reason_code(name: &str) -> Option<u8> {
    REASONS.iter().find(|row| row.1 == name).map(|row| row.0)
}

/// Whether two serial numbers are the same; leading zeros do not count. RFC 5280 4.1.2.2.
pub fn same_serial(one: &str, other: &str) -> bool {
    one.trim_start_matches('0').eq_ignore_ascii_case(other.trim_start_matches('0'))
}

fn partial(list: &CertificateRevocationList<'_>) -> Option<Partial> {
    list.extensions().iter().find_map(|extension| match extension.parsed_extension() {
        ParsedExtension::IssuingDistributionPoint(point) => match point {
            point if point.only_contains_ca_certs => Some(Partial::CaOnly),
            point if point.only_contains_user_certs => Some(Partial::EndEntityOnly),
            point if point.indirect_crl || point.only_contains_attribute_certs || point.only_some_reasons.is_some() => {
                Some(Partial::Otherwise)
            }
            _ => None,
        },
        _ if extension.oid.to_id_string() == DELTA_INDICATOR => Some(Partial::Delta),
        _ if extension.critical && !KNOWN.contains(&extension.oid.to_id_string().as_str()) => Some(Partial::Unknown),
        _ => None,
    })
}

/// Says what came in the place of a list, in few words.
fn no_list(bytes: &[u8]) -> WireError {
    let why = match (bytes, declared_len(bytes)) {
        ([], _) => "it is empty".to_string(),
        (_, Some(need)) if need > bytes.len() => "it ends before its end".to_string(),
        (_, Some(_)) => "what is in it is none".to_string(),
        _ if bytes.trim_ascii_start().starts_with(b"<") => "it is a web page".to_string(),
        _ => format!("it begins with {}, not with a SEQUENCE", hex(bytes.get(..bytes.len().min(SHOWN)).unwrap_or_default())),
    };
    let (need, have) = declared_len(bytes).filter(|need| *need > bytes.len()).map_or((0, 0), |need| (need, bytes.len()));
    let limit = Limit::Spec("RFC 5280 5.1".into());
    WireError { layer: Layer::Cert, what: format!("no certificate revocation list, {why}"), at: 0, need, have, limit }
}

/// Ours: so many first bytes of something else are shown.
const SHOWN: usize = 4;
/// RFC 5280 5.2.4.
const DELTA_INDICATOR: &str = "2.5.29.27";
/// RFC 5280 5.2: authorityKeyIdentifier, issuerAltName, cRLNumber, issuingDistributionPoint; authorityInfoAccess.
const KNOWN: [&str; 5] = ["2.5.29.35", "2.5.29.18", "2.5.29.20", "2.5.29.28", "1.3.6.1.5.5.7.1.1"];
/// RFC 5280 5.3.1.
const REASONS: &[(u8, &str)] = &[
    (1, "keyCompromise"),
    (2, "cACompromise"),
    (3, "affiliationChanged"),
    (4, "superseded"),
    (5, "cessationOfOperation"),
    (6, "certificateHold"),
    (8, "removeFromCRL"),
    (9, "privilegeWithdrawn"),
    (10, "aACompromise"),
];

#[cfg(test)]
mod tests {
    use super::*;

    /// Made with openssl 3.0 (`openssl ca -gencrl`): serials 1001 (superseded) and 80ab (no reason) are revoked.
    const LIST: &[u8] = include_bytes!("fixtures/two.crl");

    #[test]
    fn a_list_is_read_for_one_serial() {
        let list = Crl::read(LIST, "1001").expect("a list");
        assert_eq!((list.issuer.as_str(), list.entries, list.partial), ("CN=Test CA,O=sstp-diag", 2, None));
        assert_eq!(list.next_update.map(|next| next - list.this_update), Some(30 * 86_400));
        assert_eq!(list.revoked.as_ref().and_then(|revoked| revoked.reason), Some("superseded"));
        let high = Crl::read(LIST, "0080ab").expect("a list").revoked.expect("revoked");
        assert_eq!((high.reason, high.at > 1_700_000_000), (None, true));
        assert_eq!(Crl::read(LIST, "1002").expect("a list").revoked, None);
        let pem = format!("-----BEGIN X509 CRL-----\n{}\n-----END X509 CRL-----\n", crate::base::base64(LIST));
        assert_eq!(Crl::read(pem.as_bytes(), "1001").expect("PEM"), list);
    }

    #[test]
    fn what_is_no_list_is_an_error_and_no_cut_panics() {
        for end in 0..LIST.len() {
            assert!(Crl::read(&LIST[..end], "1001").is_err());
        }
        let why = |bytes: &[u8]| Crl::read(bytes, "1001").unwrap_err().to_string();
        assert_eq!(why(b"\n<html>"), "no certificate revocation list, it is a web page at byte 0 (RFC 5280 5.1)");
        assert!(why(&LIST[..80]).contains("it ends before its end"), "{}", why(&LIST[..80]));
        assert!(why(b"\x30\x03\x02\x01\x01").contains("what is in it is none"));
        assert!(why(b"\x04\x01").contains("it begins with 0401, not with a SEQUENCE"));
    }
}
