//! The Online Certificate Status Protocol: the question, and the answer read leniently. RFC 6960.

mod emit;

pub use emit::{failure, response, response_data};

use crate::base::{Bytes, Layer, Limit, WireError, hex};
use crate::wire::crl::{Revoked, reason};
use crate::wire::der::{
    BIT_STRING, ENUMERATED, Element, Elements, GENERALIZED_TIME, INTEGER, OCTET_STRING, OID, SEQUENCE, SEQUENCE_OCTET, emit as der,
};
use aws_lc_rs::digest::{self, SHA1_FOR_LEGACY_USE_ONLY, SHA256};
use x509_parser::prelude::FromDer;
use x509_parser::time::ASN1Time;

/// Which certificate is asked about: whose issuer has that name and key, and bears that serial number. RFC 6960 4.1.1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertId {
    /// The hash algorithm's OID as DER content.
    pub hash: Bytes,
    /// The hash of the issuer's name as DER.
    pub name_hash: Bytes,
    /// The hash of the issuer's key, which is the content of its BIT STRING.
    pub key_hash: Bytes,
    /// The serial number, hexadecimal, as encoded.
    pub serial: String,
}

/// What a responder answers. RFC 6960 4.2.1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It answers with an error of this number.
    Failed(u8),
    /// It answers about certificates.
    Basic(Box<Basic>),
}

/// BasicOCSPResponse. RFC 6960 4.2.1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Basic {
    /// What is signed, DER.
    pub signed: Bytes,
    /// The AlgorithmIdentifier of the signature, DER.
    pub algorithm: Bytes,
    /// The signature.
    pub signature: Bytes,
    /// Certificates that came with it, DER.
    pub certs: Vec<Bytes>,
    /// One answer for each certificate asked about.
    pub singles: Vec<Single>,
}

/// The answer about one certificate. RFC 6960 4.2.1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Single {
    /// Which certificate.
    pub id: CertId,
    /// What is known of it.
    pub status: Status,
    /// When this was known to be right, seconds since 1970-01-01 UTC.
    pub this_update: i64,
    /// When newer information will be there; nothing means that it is always there. RFC 6960 4.2.2.1.
    pub next_update: Option<i64>,
}

/// What is known of a certificate. RFC 6960 2.2.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Status {
    /// It is not revoked.
    Good,
    /// It is revoked.
    Revoked(Revoked),
    /// The responder does not know it.
    Unknown,
}

impl CertId {
    /// The id by SHA-1, which every responder knows. RFC 5019 2.1.1.
    pub fn of(issuer_name: &[u8], issuer_key_bits: &[u8], serial: &str) -> CertId {
        let hashed = |bytes: &[u8]| Bytes::from(digest::digest(&SHA1_FOR_LEGACY_USE_ONLY, bytes).as_ref());
        CertId { hash: SHA1_OID.into(), name_hash: hashed(issuer_name), key_hash: hashed(issuer_key_bits), serial: serial.into() }
    }

    /// Whether it is of this certificate, by whichever of SHA-1 and SHA-256 it was made.
    pub fn is_of(&self, issuer_name: &[u8], issuer_key_bits: &[u8], serial: &str) -> bool {
        let algorithm = match &self.hash[..] {
            SHA1_OID => &SHA1_FOR_LEGACY_USE_ONLY,
            SHA256_OID => &SHA256,
            _ => return false,
        };
        let same = |bytes: &[u8], hash: &Bytes| digest::digest(algorithm, bytes).as_ref() == &hash[..];
        let issuer = same(issuer_name, &self.name_hash) && same(issuer_key_bits, &self.key_hash);
        issuer && crate::wire::crl::same_serial(&self.serial, serial)
    }

    /// The DER. A serial number that is not hexadecimal is left empty, and no responder knows it.
    pub fn emit(&self) -> Vec<u8> {
        let algorithm = der(SEQUENCE_OCTET, &[der(OID as u8, &self.hash), der(0x05, &[])].concat());
        let serial = crate::base::unhex(&self.serial).unwrap_or_default();
        let octets = |bytes: &[u8]| der(OCTET_STRING as u8, bytes);
        der(SEQUENCE_OCTET, &[algorithm, octets(&self.name_hash), octets(&self.key_hash), der(INTEGER as u8, &serial)].concat())
    }

    fn read(element: &Element<'_>) -> Option<CertId> {
        let mut fields = element.inside();
        let hash = fields.of(SEQUENCE)?.inside().of(OID)?.content.into();
        let (name_hash, key_hash) = (fields.of(OCTET_STRING)?.content.into(), fields.of(OCTET_STRING)?.content.into());
        Some(CertId { hash, name_hash, key_hash, serial: hex(fields.of(INTEGER)?.content) })
    }
}

/// The question about one certificate, unsigned and without a nonce, as most responders want it. RFC 6960 4.1.1, RFC 5019 2.1.1.
pub fn request(id: &CertId) -> Vec<u8> {
    let one = der(SEQUENCE_OCTET, &id.emit());
    let list = der(SEQUENCE_OCTET, &one);
    der(SEQUENCE_OCTET, &der(SEQUENCE_OCTET, &list))
}

impl Answer {
    /// Reads an answer.
    pub fn parse(bytes: &[u8]) -> Result<Answer, WireError> {
        let unreadable = || {
            let limit = Limit::Spec("RFC 6960 4.2.1".into());
            WireError { layer: Layer::Cert, what: "OCSP response".into(), at: 0, need: bytes.len().max(MIN_LEN), have: bytes.len(), limit }
        };
        read(bytes).ok_or_else(unreadable)
    }
}

/// The name of an error, RFC 6960 4.2.1.
pub fn failure_name(number: u8) -> &'static str {
    FAILURES.iter().find(|row| row.0 == number).map_or("an error without a name", |row| row.1)
}

fn read(bytes: &[u8]) -> Option<Answer> {
    let mut response = Elements(bytes).of(SEQUENCE)?.inside();
    let status = *response.of(ENUMERATED)?.content.first()?;
    if status != SUCCESSFUL {
        return Some(Answer::Failed(status));
    }
    let mut typed = response.optional(0)?.inside().of(SEQUENCE)?.inside();
    typed.of(OID).filter(|oid| oid.content == BASIC_OID)?;
    let mut basic = Elements(typed.of(OCTET_STRING)?.content).of(SEQUENCE)?.inside();
    let signed = basic.of(SEQUENCE)?;
    let algorithm = basic.of(SEQUENCE)?.raw.into();
    let signature = basic.of(BIT_STRING)?.bits()?.into();
    let certs = basic
        .optional(0)
        .and_then(|certs| certs.inside().of(SEQUENCE))
        .map_or(Vec::new(), |certs| certs.inside().take(MOST_CERTS).map(|cert| Bytes::from(cert.raw)).collect());
    let singles = singles(&signed)?;
    Some(Answer::Basic(Box::new(Basic { signed: signed.raw.into(), algorithm, signature, certs, singles })))
}

/// The answers inside ResponseData; the version before and the responder's name are passed over.
fn singles(signed: &Element<'_>) -> Option<Vec<Single>> {
    let mut fields = signed.inside();
    let _version = fields.optional(0);
    let _responder = fields.any()?;
    fields.of(GENERALIZED_TIME)?;
    fields.of(SEQUENCE)?.inside().take(MOST_SINGLES).map(|single| single_of(&single)).collect()
}

fn single_of(single: &Element<'_>) -> Option<Single> {
    let mut fields = single.inside();
    let id = CertId::read(&fields.of(SEQUENCE)?)?;
    let status = fields.any().filter(|status| status.context)?;
    let status = match status.tag {
        0 => Status::Good,
        1 => Status::Revoked(revoked(&status)?),
        2 => Status::Unknown,
        _ => return None,
    };
    let this_update = time(fields.of(GENERALIZED_TIME)?.raw)?;
    let next_update = match fields.optional(0) {
        Some(next) => Some(time(next.content)?),
        None => None,
    };
    Some(Single { id, status, this_update, next_update })
}

fn revoked(status: &Element<'_>) -> Option<Revoked> {
    let mut fields = status.inside();
    let at = time(fields.of(GENERALIZED_TIME)?.raw)?;
    let code = fields.optional(0).and_then(|code| code.inside().of(ENUMERATED)?.content.first().copied());
    Some(Revoked { at, reason: code.and_then(reason) })
}

fn time(raw: &[u8]) -> Option<i64> {
    ASN1Time::from_der(raw).ok().map(|(_, time)| time.timestamp())
}

/// RFC 6960 4.2.1.
const SUCCESSFUL: u8 = 0;
/// RFC 6960 4.2.1: 1.3.6.1.5.5.7.48.1.1.
const BASIC_OID: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30, 0x01, 0x01];
/// RFC 3279 2.1: 1.3.14.3.2.26.
const SHA1_OID: &[u8] = &[0x2b, 0x0e, 0x03, 0x02, 0x1a];
/// RFC 5754 2.2: 2.16.840.1.101.3.4.2.1.
const SHA256_OID: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01];
/// Ours: so many certificates of one answer are looked at.
const MOST_CERTS: usize = 8;
/// Ours: so many answers of one response are looked at.
const MOST_SINGLES: usize = 64;
/// The shortest answer: an error alone, bytes.
const MIN_LEN: usize = 5;
/// RFC 6960 4.2.1.
const FAILURES: &[(u8, &str)] = &[(1, "malformedRequest"), (2, "internalError"), (3, "tryLater"), (5, "sigRequired"), (6, "unauthorized")];

#[cfg(test)]
mod tests {
    use super::*;

    /// Made with openssl 3.0 (`openssl ocsp`): about serial 1001, revoked as superseded; about 1002, good; the question for 1001.
    const REVOKED: &[u8] = include_bytes!("fixtures/revoked.ocsp");
    const GOOD: &[u8] = include_bytes!("fixtures/good.ocsp");
    const QUESTION: &[u8] = include_bytes!("fixtures/question.ocsp");

    fn single(bytes: &[u8]) -> Single {
        match Answer::parse(bytes) {
            Ok(Answer::Basic(basic)) => basic.singles.into_iter().next().expect("one"),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn answers_are_read_as_openssl_made_them() {
        let revoked = single(REVOKED);
        assert!(matches!(&revoked.status, Status::Revoked(Revoked { reason: Some("superseded"), .. })), "{revoked:?}");
        let good = single(GOOD);
        assert_eq!((good.status, good.id.serial.as_str()), (Status::Good, "1002"));
        assert_eq!(good.next_update.map(|next| next - good.this_update), Some(7 * 86_400));
        assert_eq!(Answer::parse(&[0x30, 0x03, 0x0a, 0x01, 0x03]), Ok(Answer::Failed(3)));
        assert_eq!((failure_name(3), failure_name(9)), ("tryLater", "an error without a name"));
    }

    #[test]
    fn the_question_is_the_one_that_openssl_asks() {
        let id = single(REVOKED).id;
        assert_eq!(request(&id), QUESTION);
    }

    #[test]
    fn what_is_written_is_read_back() {
        let revoked = Status::Revoked(Revoked { at: 1_790_000_000, reason: Some("keyCompromise") });
        for (status, next_update) in [(Status::Good, Some(1_790_086_400)), (Status::Unknown, None), (revoked, None)] {
            let single = Single { id: CertId::of(b"issuer", b"key", "0080ab"), status, this_update: 1_790_000_000, next_update };
            let data = response_data(&[7; 20], 1_790_000_000, std::slice::from_ref(&single));
            let bytes = response(&data, &[0x30, 0x00], &[1, 2, 3], &[vec![0x30, 0x01, 0x05]]);
            let Ok(Answer::Basic(basic)) = Answer::parse(&bytes) else { panic!("an answer") };
            assert_eq!((&basic.singles[..], &basic.signed[..], &basic.signature[..]), (&[single][..], &data[..], &[1, 2, 3][..]));
            assert_eq!(basic.certs, [Bytes::from(vec![0x30, 0x01, 0x05])]);
        }
        assert_eq!(Answer::parse(&failure(6)), Ok(Answer::Failed(6)));
    }

    #[test]
    fn no_cut_and_no_flipped_byte_makes_the_reader_panic() {
        for end in 0..GOOD.len() {
            assert!(Answer::parse(&GOOD[..end]).is_err());
        }
        for at in 0..REVOKED.len() {
            let mut bytes = REVOKED.to_vec();
            bytes[at] ^= 0xff;
            let _ = Answer::parse(&bytes);
        }
    }
}
