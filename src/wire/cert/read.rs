//! From the parser's view of a certificate to ours.

use super::{Cert, name};
use crate::base::{Bytes, hex};
use std::net::IpAddr;
use x509_parser::asn1_rs::Any;
use x509_parser::extensions::{DistributionPointName, GeneralName, KeyUsage, ParsedExtension as Ext, X509Extension};
use x509_parser::oid_registry::Oid;
use x509_parser::prelude::{FromDer, X509Certificate};
use x509_parser::public_key::RSAPublicKey;
use x509_parser::signature_algorithm::RsaSsaPssParams;
use x509_parser::x509::{AlgorithmIdentifier, SubjectPublicKeyInfo};

pub(super) fn of(der: &[u8], certificate: &X509Certificate<'_>) -> Cert {
    let tbs = &certificate.tbs_certificate;
    let key = Key::of(&tbs.subject_pki);
    let mut cert = Cert {
        der: der.into(),
        subject: name::directory_name(&tbs.subject),
        issuer: name::directory_name(&tbs.issuer),
        subject_der: Bytes::from(tbs.subject.as_raw()),
        issuer_der: Bytes::from(tbs.issuer.as_raw()),
        spki_der: Bytes::from(tbs.subject_pki.raw),
        constrains_names: false,
        constrains_policies: false,
        common_name: tbs.subject.iter_common_name().last().and_then(|name| name::text(name.attr_value())),
        dns_names: Vec::new(),
        ip_addresses: Vec::new(),
        serial: hex(tbs.raw_serial()),
        not_before: tbs.validity.not_before.timestamp(),
        not_after: tbs.validity.not_after.timestamp(),
        key: key.title,
        key_algorithm: key.algorithm,
        key_bits: key.bits,
        signature: signature_name(&certificate.signature_algorithm),
        version: tbs.version.0.saturating_add(1),
        is_ca: None,
        path_len: None,
        key_usage: None,
        eku: None,
        sha1: hex(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA1_FOR_LEGACY_USE_ONLY, der).as_ref()),
        sha256: hex(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, der).as_ref()),
        aki: None,
        ski: None,
        crl_urls: Vec::new(),
        ocsp_urls: Vec::new(),
        ca_issuers_urls: Vec::new(),
        must_staple: false,
        critical_unknown: Vec::new(),
        unreadable: Vec::new(),
    };
    tbs.extensions().iter().for_each(|extension| read_extension(&mut cert, extension));
    cert
}

fn read_extension(cert: &mut Cert, extension: &X509Extension<'_>) {
    let oid = extension.oid.to_id_string();
    if extension.critical && !KNOWN_EXTENSIONS.contains(&oid.as_str()) {
        cert.critical_unknown.push(oid.clone());
    }
    match extension.parsed_extension() {
        Ext::SubjectAlternativeName(names) => names.general_names.iter().for_each(|name| read_alternative_name(cert, name)),
        Ext::BasicConstraints(basic) => {
            cert.is_ca = Some(basic.ca);
            cert.path_len = basic.path_len_constraint;
        }
        Ext::KeyUsage(usage) => cert.key_usage = Some(key_usage(*usage)),
        Ext::ExtendedKeyUsage(_) => cert.eku = Some(oids(extension.value)),
        Ext::AuthorityKeyIdentifier(aki) => cert.aki = aki.key_identifier.as_ref().map(|id| hex(id.0)),
        Ext::SubjectKeyIdentifier(ski) => cert.ski = Some(hex(ski.0)),
        Ext::CRLDistributionPoints(points) => {
            cert.crl_urls = points.iter().filter_map(|point| point.distribution_point.as_ref()).flat_map(crl_urls).collect();
        }
        Ext::AuthorityInfoAccess(access) => {
            for description in access.iter() {
                let GeneralName::URI(url) = description.access_location else { continue };
                match description.access_method.to_id_string().as_str() {
                    ID_AD_OCSP => cert.ocsp_urls.push(url.into()),
                    ID_AD_CA_ISSUERS => cert.ca_issuers_urls.push(url.into()),
                    _ => {}
                }
            }
        }
        Ext::NameConstraints(_) => cert.constrains_names = true,
        Ext::PolicyConstraints(_) | Ext::InhibitAnyPolicy(_) | Ext::PolicyMappings(_) => cert.constrains_policies = true,
        Ext::ParseError { .. } => cert.unreadable.push(oid),
        _ if oid == TLS_FEATURE => {
            cert.must_staple = Vec::<u16>::from_der(extension.value).is_ok_and(|(_, features)| features.contains(&STATUS_REQUEST));
        }
        _ => {}
    }
}

fn read_alternative_name(cert: &mut Cert, name: &GeneralName<'_>) {
    match name {
        GeneralName::DNSName(name) => cert.dns_names.push(name.to_string()),
        GeneralName::IPAddress(bytes) => cert.ip_addresses.extend(address(bytes)),
        _ => {}
    }
}

/// 4 or 16 bytes as an address. RFC 5280 4.2.1.6.
fn address(bytes: &[u8]) -> Option<IpAddr> {
    <[u8; 4]>::try_from(bytes).map(IpAddr::from).or_else(|_| <[u8; 16]>::try_from(bytes).map(IpAddr::from)).ok()
}

fn crl_urls(point: &DistributionPointName<'_>) -> Vec<String> {
    let DistributionPointName::FullName(names) = point else { return Vec::new() };
    names.iter().filter_map(|name| if let GeneralName::URI(url) = name { Some(url.to_string()) } else { None }).collect()
}

/// The set bits by their names of RFC 5280 4.2.1.3.
fn key_usage(usage: KeyUsage) -> Vec<String> {
    let bits = (0..).map(|bit| usage.flags >> bit & 1 == 1);
    KEY_USAGE.iter().zip(bits).filter(|(_, set)| *set).map(|(name, _)| name.to_string()).collect()
}

fn oids(sequence: &[u8]) -> Vec<String> {
    Vec::<Oid<'_>>::from_der(sequence).map(|(_, oids)| oids.iter().map(Oid::to_id_string).collect()).unwrap_or_default()
}

/// A public key for a person and for a rule.
struct Key {
    title: String,
    algorithm: String,
    bits: u32,
}

impl Key {
    fn of(spki: &SubjectPublicKeyInfo<'_>) -> Key {
        let oid = spki.algorithm.algorithm.to_id_string();
        let bytes = &spki.subject_public_key.data;
        let sized = |algorithm: &str, bits: u32| Key { title: format!("{algorithm} {bits}"), algorithm: algorithm.into(), bits };
        match oid.as_str() {
            RSA_ENCRYPTION => sized("RSA", modulus_bits(bytes)),
            RSASSA_PSS => sized("RSA-PSS", modulus_bits(bytes)),
            EC_PUBLIC_KEY => Key::of_curve(spki),
            DSA => sized("DSA", prime_bits(spki.algorithm.parameters.as_ref())),
            _ => match FIXED_KEYS.iter().find(|(id, ..)| *id == oid) {
                Some((_, algorithm, title, bits)) => Key { title: title.to_string(), algorithm: algorithm.to_string(), bits: *bits },
                None => Key { title: oid.clone(), algorithm: oid, bits: 0 },
            },
        }
    }

    fn of_curve(spki: &SubjectPublicKeyInfo<'_>) -> Key {
        let curve = spki.algorithm.parameters.as_ref().and_then(|curve| curve.as_oid().ok()).map(|oid| oid.to_id_string());
        let known = curve.as_ref().and_then(|oid| CURVES.iter().find(|(id, ..)| id == oid));
        let bits = || spki.parsed().map_or(0, |key| u32::try_from(key.key_size()).unwrap_or(u32::MAX));
        match (known, curve) {
            (Some((_, curve, bits)), _) => Key { title: format!("EC {curve}"), algorithm: "EC".into(), bits: *bits },
            (None, Some(oid)) => Key { title: format!("EC {oid}"), algorithm: "EC".into(), bits: bits() },
            (None, None) => Key { title: "EC with explicit parameters".into(), algorithm: "EC".into(), bits: bits() },
        }
    }
}

/// Size of an RSA modulus in bits, leading zeros not counted; 0 when there is none.
fn modulus_bits(key: &[u8]) -> u32 {
    RSAPublicKey::from_der(key).map_or(0, |(_, key)| bits(key.modulus))
}

/// Size of the prime p of DSA in bits, which stands first in the parameters (RFC 3279 2.3.2); 0 when they are inherited or cannot be read.
pub(super) fn prime_bits(parameters: Option<&Any<'_>>) -> u32 {
    let prime = parameters.and_then(|parameters| Any::from_der(parameters.data).ok());
    prime.map_or(0, |(_, prime)| bits(prime.data))
}

/// Bits of a number in big-endian order, leading zeros not counted.
pub(super) fn bits(number: &[u8]) -> u32 {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    let top = number.get(zeros).map_or(0, |byte| byte.leading_zeros());
    u32::try_from((number.len() - zeros) * 8).unwrap_or(u32::MAX).saturating_sub(top)
}

/// The name of a signature algorithm, with the hash for RSASSA-PSS; the OID when it is not known.
pub(crate) fn signature_name(algorithm: &AlgorithmIdentifier<'_>) -> String {
    let oid = algorithm.algorithm.to_id_string();
    match oid.as_str() {
        RSASSA_PSS => format!("rsassaPss-{}", pss_hash(algorithm.parameters.as_ref())),
        _ => SIGNATURES.iter().find(|(id, _)| *id == oid).map_or(oid, |(_, name)| name.to_string()),
    }
}

/// The hash of RSASSA-PSS parameters; SHA-1 where they name none. RFC 4055 3.1.
fn pss_hash(parameters: Option<&Any<'_>>) -> String {
    let oid = parameters
        .and_then(|parameters| RsaSsaPssParams::try_from(parameters).ok())
        .map_or(HASHES[0].0.to_string(), |parameters| parameters.hash_algorithm_oid().to_id_string());
    HASHES.iter().find(|(id, _)| *id == oid).map_or(oid, |(_, name)| name.to_string())
}

/// RFC 3279 2.3.1.
pub(super) const RSA_ENCRYPTION: &str = "1.2.840.113549.1.1.1";
/// RFC 4055 1.2.
pub(super) const RSASSA_PSS: &str = "1.2.840.113549.1.1.10";
/// RFC 5480 2.1.1.
pub(super) const EC_PUBLIC_KEY: &str = "1.2.840.10045.2.1";
/// RFC 3279 2.3.2.
pub(super) const DSA: &str = "1.2.840.10040.4.1";
/// RFC 5280 4.2.2.1.
const ID_AD_OCSP: &str = "1.3.6.1.5.5.7.48.1";
/// RFC 5280 4.2.2.1.
const ID_AD_CA_ISSUERS: &str = "1.3.6.1.5.5.7.48.2";
/// RFC 7633 6.
const TLS_FEATURE: &str = "1.3.6.1.5.5.7.1.24";
/// RFC 7633 4.2.1: number of the TLS extension status_request.
const STATUS_REQUEST: u16 = 5;

/// RFC 8410 3, RFC 9881 2: OID, algorithm, title, bits.
pub(super) const FIXED_KEYS: &[(&str, &str, &str, u32)] = &[
    ("1.3.101.112", "Ed25519", "Ed25519", 256),
    ("1.3.101.113", "Ed448", "Ed448", 456),
    ("2.16.840.1.101.3.4.3.17", "ML-DSA", "ML-DSA-44", 10_496),
    ("2.16.840.1.101.3.4.3.18", "ML-DSA", "ML-DSA-65", 15_616),
    ("2.16.840.1.101.3.4.3.19", "ML-DSA", "ML-DSA-87", 20_736),
];

/// RFC 5480 2.1.1.1, RFC 5639 4.1, SEC 2: OID, name, bits.
pub(super) const CURVES: &[(&str, &str, u32)] = &[
    ("1.2.840.10045.3.1.1", "P-192", 192),
    ("1.3.132.0.33", "P-224", 224),
    ("1.2.840.10045.3.1.7", "P-256", 256),
    ("1.3.132.0.34", "P-384", 384),
    ("1.3.132.0.35", "P-521", 521),
    ("1.3.132.0.10", "secp256k1", 256),
    ("1.3.36.3.3.2.8.1.1.7", "brainpoolP256r1", 256),
    ("1.3.36.3.3.2.8.1.1.11", "brainpoolP384r1", 384),
    ("1.3.36.3.3.2.8.1.1.13", "brainpoolP512r1", 512),
];

/// RFC 3279 2.2, RFC 4055 5, RFC 5758 3, RFC 8017 C, RFC 8410 3, RFC 9881 2, RFC 9215 2, the registry of NIST (sigAlgs), TeleTrusT and GM/T 0006;
/// 1.3.14.3.2.29 is the old OIW name.
const SIGNATURES: &[(&str, &str)] = &[
    ("1.2.840.113549.1.1.2", "md2WithRSAEncryption"),
    ("1.2.840.113549.1.1.3", "md4WithRSAEncryption"),
    ("1.2.840.113549.1.1.4", "md5WithRSAEncryption"),
    ("1.2.840.113549.1.1.5", "sha1WithRSAEncryption"),
    ("1.3.14.3.2.29", "sha1WithRSAEncryption"),
    ("1.2.840.113549.1.1.14", "sha224WithRSAEncryption"),
    ("1.2.840.113549.1.1.11", "sha256WithRSAEncryption"),
    ("1.2.840.113549.1.1.12", "sha384WithRSAEncryption"),
    ("1.2.840.113549.1.1.13", "sha512WithRSAEncryption"),
    ("1.2.840.113549.1.1.15", "sha512-224WithRSAEncryption"),
    ("1.2.840.113549.1.1.16", "sha512-256WithRSAEncryption"),
    ("1.3.36.3.3.1.2", "ripemd160WithRSAEncryption"),
    ("1.3.36.3.3.1.3", "ripemd128WithRSAEncryption"),
    ("1.3.36.3.3.1.4", "ripemd256WithRSAEncryption"),
    ("2.16.840.1.101.3.4.3.13", "sha3-224WithRSAEncryption"),
    ("2.16.840.1.101.3.4.3.14", "sha3-256WithRSAEncryption"),
    ("2.16.840.1.101.3.4.3.15", "sha3-384WithRSAEncryption"),
    ("2.16.840.1.101.3.4.3.16", "sha3-512WithRSAEncryption"),
    ("1.2.840.10040.4.3", "dsa-with-sha1"),
    ("2.16.840.1.101.3.4.3.1", "dsa-with-sha224"),
    ("2.16.840.1.101.3.4.3.2", "dsa-with-sha256"),
    ("2.16.840.1.101.3.4.3.3", "dsa-with-sha384"),
    ("2.16.840.1.101.3.4.3.4", "dsa-with-sha512"),
    ("2.16.840.1.101.3.4.3.5", "dsa-with-sha3-224"),
    ("2.16.840.1.101.3.4.3.6", "dsa-with-sha3-256"),
    ("2.16.840.1.101.3.4.3.7", "dsa-with-sha3-384"),
    ("2.16.840.1.101.3.4.3.8", "dsa-with-sha3-512"),
    ("2.16.840.1.101.3.4.3.9", "ecdsa-with-SHA3-224"),
    ("2.16.840.1.101.3.4.3.10", "ecdsa-with-SHA3-256"),
    ("2.16.840.1.101.3.4.3.11", "ecdsa-with-SHA3-384"),
    ("2.16.840.1.101.3.4.3.12", "ecdsa-with-SHA3-512"),
    ("1.2.643.2.2.3", "gostR3410-2001"),
    ("1.2.643.7.1.1.3.2", "gostR3410-2012-256"),
    ("1.2.643.7.1.1.3.3", "gostR3410-2012-512"),
    ("1.2.156.10197.1.501", "SM2-with-SM3"),
    ("1.2.840.10045.4.1", "ecdsa-with-SHA1"),
    ("1.2.840.10045.4.3.1", "ecdsa-with-SHA224"),
    ("1.2.840.10045.4.3.2", "ecdsa-with-SHA256"),
    ("1.2.840.10045.4.3.3", "ecdsa-with-SHA384"),
    ("1.2.840.10045.4.3.4", "ecdsa-with-SHA512"),
    ("1.3.101.112", "Ed25519"),
    ("1.3.101.113", "Ed448"),
    ("2.16.840.1.101.3.4.3.17", "ML-DSA-44"),
    ("2.16.840.1.101.3.4.3.18", "ML-DSA-65"),
    ("2.16.840.1.101.3.4.3.19", "ML-DSA-87"),
];

/// RFC 4055 2.1, the registry of NIST (hashAlgs) and TeleTrusT; the first is the default.
const HASHES: [(&str, &str); 13] = [
    ("1.3.14.3.2.26", "sha1"),
    ("2.16.840.1.101.3.4.2.4", "sha224"),
    ("2.16.840.1.101.3.4.2.1", "sha256"),
    ("2.16.840.1.101.3.4.2.2", "sha384"),
    ("2.16.840.1.101.3.4.2.3", "sha512"),
    ("2.16.840.1.101.3.4.2.5", "sha512-224"),
    ("2.16.840.1.101.3.4.2.6", "sha512-256"),
    ("2.16.840.1.101.3.4.2.7", "sha3-224"),
    ("2.16.840.1.101.3.4.2.8", "sha3-256"),
    ("2.16.840.1.101.3.4.2.9", "sha3-384"),
    ("2.16.840.1.101.3.4.2.10", "sha3-512"),
    ("1.3.36.3.2.1", "ripemd160"),
    ("1.2.840.113549.2.5", "md5"),
];

/// RFC 5280 4.2.1.3, in the order of the bits.
const KEY_USAGE: [&str; 9] = [
    "digitalSignature",
    "nonRepudiation",
    "keyEncipherment",
    "dataEncipherment",
    "keyAgreement",
    "keyCertSign",
    "cRLSign",
    "encipherOnly",
    "decipherOnly",
];

/// Extensions that a Windows client knows: RFC 5280 4.2, RFC 7633, the old Netscape type and Microsoft's own
/// (certificate template, application policies and their mappings and constraints, CA version).
const KNOWN_EXTENSIONS: &[&str] = &[
    "2.5.29.9",
    "2.5.29.14",
    "2.5.29.15",
    "2.5.29.16",
    "2.5.29.17",
    "2.5.29.18",
    "2.5.29.19",
    "2.5.29.30",
    "2.5.29.31",
    "2.5.29.32",
    "2.5.29.33",
    "2.5.29.35",
    "2.5.29.36",
    "2.5.29.37",
    "2.5.29.46",
    "2.5.29.54",
    "1.3.6.1.5.5.7.1.1",
    "1.3.6.1.5.5.7.1.11",
    TLS_FEATURE,
    "2.16.840.1.113730.1.1",
    "1.3.6.1.4.1.311.20.2",
    "1.3.6.1.4.1.311.21.1",
    "1.3.6.1.4.1.311.21.7",
    "1.3.6.1.4.1.311.21.10",
    "1.3.6.1.4.1.311.21.11",
    "1.3.6.1.4.1.311.21.12",
];
