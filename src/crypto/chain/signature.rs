//! One signature: of a certificate, a revocation list or an OCSP answer.

use super::rsa;
use crate::wire::cert::{Cert, signature_name};
use crate::wire::der::{BIT_STRING, Elements, SEQUENCE};
use aws_lc_rs::digest::{Context, SHA256};
use aws_lc_rs::signature::{self, UnparsedPublicKey, VerificationAlgorithm};
use std::collections::HashSet;
use std::sync::{LazyLock, Mutex, PoisonError};
use x509_parser::asn1_rs::{Any, BitString};
use x509_parser::error::X509Error;
use x509_parser::prelude::FromDer;
use x509_parser::public_key::PublicKey;
use x509_parser::signature_algorithm::RsaSsaPssParams;
use x509_parser::verify::verify_signature;
use x509_parser::x509::{AlgorithmIdentifier, SubjectPublicKeyInfo};

/// What is known about a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::crypto) enum Signature {
    /// The key made it.
    Good,
    /// The key did not make it.
    Bad,
    /// The algorithm or the key is one that nothing here can check.
    Unchecked,
}

/// Something signed.
pub(in crate::crypto) struct Signed<'a> {
    /// The bytes that were signed.
    pub message: &'a [u8],
    /// How.
    pub algorithm: &'a AlgorithmIdentifier<'a>,
    /// The signature.
    pub signature: &'a BitString<'a>,
}

/// Whether the key made the signature of the certificate. The certificates of CAs come again and again: what was found good once is
/// remembered.
pub(in crate::crypto) fn check(cert: &Cert, issuer_spki_der: &[u8]) -> Signature {
    if cert.is_ca != Some(true) {
        return check_anew(cert, issuer_spki_der);
    }
    let pair = pair(cert, issuer_spki_der);
    let good = || GOOD.lock().unwrap_or_else(PoisonError::into_inner);
    if good().contains(&pair) {
        return Signature::Good;
    }
    let signature = check_anew(cert, issuer_spki_der);
    if signature == Signature::Good {
        let mut good = good();
        if good.len() >= MOST_REMEMBERED {
            good.clear();
        }
        good.insert(pair);
    }
    signature
}

/// What stands for a certificate and the key that is said to have signed it.
fn pair(cert: &Cert, issuer_spki_der: &[u8]) -> Pair {
    let mut both = Context::new(&SHA256);
    both.update(&(cert.der.len() as u64).to_be_bytes());
    both.update(&cert.der);
    both.update(issuer_spki_der);
    let mut pair = Pair::default();
    pair.iter_mut().zip(both.finish().as_ref()).for_each(|(to, from)| *to = *from);
    pair
}

fn check_anew(cert: &Cert, issuer_spki_der: &[u8]) -> Signature {
    parts(&cert.der).map_or(Signature::Unchecked, |(message, algorithm, signature)| {
        check_signed(&Signed { message, algorithm: &algorithm, signature: &signature }, issuer_spki_der)
    })
}

/// What was signed, how, and the signature; what lies inside is not read again. RFC 5280 4.1.
fn parts(der: &[u8]) -> Option<(&[u8], AlgorithmIdentifier<'_>, BitString<'_>)> {
    let mut fields = Elements(der).of(SEQUENCE)?.inside();
    let (message, algorithm, signature) = (fields.of(SEQUENCE)?.raw, fields.of(SEQUENCE)?.raw, fields.of(BIT_STRING)?.bits()?);
    let (_, algorithm) = AlgorithmIdentifier::from_der(algorithm).ok()?;
    Some((message, algorithm, BitString { unused_bits: 0, data: std::borrow::Cow::Borrowed(signature) }))
}

/// Whether the key made the signature.
pub(in crate::crypto) fn check_signed(signed: &Signed<'_>, spki_der: &[u8]) -> Signature {
    let Ok((_, key)) = SubjectPublicKeyInfo::from_der(spki_der) else { return Signature::Unchecked };
    let Err(error) = verify_signature(&key, signed.algorithm, signed.signature, signed.message) else { return Signature::Good };
    if let Some(algorithm) = further_algorithm(&signature_name(signed.algorithm), &key) {
        let verified = UnparsedPublicKey::new(algorithm, &key.subject_public_key.data).verify(signed.message, &signed.signature.data);
        return if verified.is_ok() { Signature::Good } else { Signature::Bad };
    }
    let unknown = error == X509Error::SignatureUnsupportedAlgorithm;
    if !unknown && !has_odd_salt(signed.algorithm) && rsa_bits(&key).is_none_or(|bits| CHECKED_RSA_BITS.contains(&bits)) {
        return Signature::Bad;
    }
    match rsa::verify(&key.subject_public_key.data, signed.algorithm, signed.message, &signed.signature.data).filter(|_| is_rsa(&key)) {
        Some(true) => Signature::Good,
        Some(false) => Signature::Bad,
        None => Signature::Unchecked,
    }
}

fn is_rsa(key: &SubjectPublicKeyInfo<'_>) -> bool {
    [RSA_ENCRYPTION, RSASSA_PSS].contains(&key.algorithm.algorithm.to_id_string().as_str())
}

/// Algorithms that the library can check and the parser does not pass on, or not with every key.
fn further_algorithm(signature: &str, issuer: &SubjectPublicKeyInfo<'_>) -> Option<&'static dyn VerificationAlgorithm> {
    let curve = issuer.algorithm.parameters.as_ref().and_then(|curve| curve.as_oid().ok()).map(|oid| oid.to_id_string());
    let small_rsa = rsa_bits(issuer).is_some_and(|bits| (1024..2048).contains(&bits));
    Some(match (signature, curve.as_deref()) {
        ("sha1WithRSAEncryption", _) if small_rsa => &signature::RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY,
        ("sha256WithRSAEncryption", _) if small_rsa => &signature::RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY,
        ("sha512WithRSAEncryption", _) if small_rsa => &signature::RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY,
        ("ecdsa-with-SHA1", Some(P_256)) => &signature::ECDSA_P256_SHA1_ASN1,
        ("ecdsa-with-SHA512", Some(P_256)) => &signature::ECDSA_P256_SHA512_ASN1,
        ("ecdsa-with-SHA512", Some(P_384)) => &signature::ECDSA_P384_SHA512_ASN1,
        ("ecdsa-with-SHA256", Some(SECP256K1)) => &signature::ECDSA_P256K1_SHA256_ASN1,
        ("ecdsa-with-SHA1", Some(P_521)) => &signature::ECDSA_P521_SHA1_ASN1,
        ("ecdsa-with-SHA224", Some(P_521)) => &signature::ECDSA_P521_SHA224_ASN1,
        ("ecdsa-with-SHA256", Some(P_521)) => &signature::ECDSA_P521_SHA256_ASN1,
        ("ecdsa-with-SHA384", Some(P_521)) => &signature::ECDSA_P521_SHA384_ASN1,
        ("ecdsa-with-SHA512", Some(P_521)) => &signature::ECDSA_P521_SHA512_ASN1,
        ("ML-DSA-44", _) => &signature::ML_DSA_44,
        ("ML-DSA-65", _) => &signature::ML_DSA_65,
        ("ML-DSA-87", _) => &signature::ML_DSA_87,
        _ => return None,
    })
}

fn rsa_bits(key: &SubjectPublicKeyInfo<'_>) -> Option<usize> {
    match key.parsed() {
        Ok(PublicKey::RSA(key)) => Some(key.modulus.iter().skip_while(|byte| **byte == 0).count() * 8),
        _ => None,
    }
}

/// An RSASSA-PSS signature whose salt is not as long as its hash, or whose mask is made with another one, is valid, but
/// not checked by the library.
fn has_odd_salt(algorithm: &AlgorithmIdentifier<'_>) -> bool {
    let parameters: Option<&Any<'_>> = algorithm.parameters.as_ref();
    let usual = |hash: &str, salt: u32| USUAL_SALTS.contains(&(hash, salt));
    let odd = |parameters: RsaSsaPssParams<'_>| {
        let hash = parameters.hash_algorithm_oid();
        let same_mask = parameters.mask_gen_algorithm().is_ok_and(|mask| mask.hash == *hash);
        !same_mask || !usual(&hash.to_id_string(), parameters.salt_length())
    };
    algorithm.algorithm.to_id_string() == RSASSA_PSS
        && parameters.and_then(|parameters| RsaSsaPssParams::try_from(parameters).ok()).is_some_and(odd)
}

/// SHA-256 over certificate and key.
type Pair = [u8; 32];

/// Certificates of CAs whose signature was found good, with the key.
static GOOD: LazyLock<Mutex<HashSet<Pair>>> = LazyLock::new(Mutex::default);
/// Ours: so many are remembered; then it begins anew.
const MOST_REMEMBERED: usize = 4096;
/// RFC 5480 2.1.1.1.
const P_256: &str = "1.2.840.10045.3.1.7";
/// RFC 5480 2.1.1.1.
const P_384: &str = "1.3.132.0.34";
/// RFC 5480 2.1.1.1.
const P_521: &str = "1.3.132.0.35";
/// SEC 2 2.4.1.
const SECP256K1: &str = "1.3.132.0.10";
/// RFC 3279 2.3.1.
const RSA_ENCRYPTION: &str = "1.2.840.113549.1.1.1";
/// RFC 4055 1.2.
const RSASSA_PSS: &str = "1.2.840.113549.1.1.10";
/// RFC 8017 9.1: salt as long as the hash, in bytes, for SHA-256, SHA-384, SHA-512.
const USUAL_SALTS: [(&str, u32); 3] = [("2.16.840.1.101.3.4.2.1", 32), ("2.16.840.1.101.3.4.2.2", 48), ("2.16.840.1.101.3.4.2.3", 64)];
/// aws-lc-rs: RSA keys that it checks signatures of, in bits.
const CHECKED_RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;
