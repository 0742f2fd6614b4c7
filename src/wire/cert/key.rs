//! What kind of private key a file holds, for a sentence about it. Nothing of the key itself is kept.

use super::read::{CURVES, DSA, EC_PUBLIC_KEY, FIXED_KEYS, RSA_ENCRYPTION, RSASSA_PSS, bits, prime_bits};
use x509_parser::asn1_rs::{Any, Tag};
use x509_parser::prelude::FromDer;
use x509_parser::x509::AlgorithmIdentifier;

/// `RSA 768`, `EC secp256k1`, `Ed448`, or the OID: the kind of a private key in DER, as PKCS #8 (RFC 5958), PKCS #1 (RFC 8017 A.1.2), SEC 1
/// (RFC 5915 3), or the old form of DSA that openssl writes. Nothing where it is none of them.
pub fn private_key_title(der: &[u8]) -> Option<String> {
    let (rest, second) = behind_version(der)?;
    match second.tag() {
        Tag::Sequence => {
            let (key, algorithm) = AlgorithmIdentifier::from_der(rest).ok()?;
            Some(of_pkcs8(&algorithm, key))
        }
        Tag::OctetString => {
            let (behind, _) = Any::from_der(rest).ok()?;
            Some(of_curve(Any::from_der(behind).ok().and_then(|(_, parameters)| curve_in(parameters.data))))
        }
        _ => of_numbers(der),
    }
}

/// What follows the version in the outer sequence, and the first value of it.
fn behind_version(der: &[u8]) -> Option<(&[u8], Any<'_>)> {
    let (_, outer) = Any::from_der(der).ok().filter(|(_, outer)| outer.tag() == Tag::Sequence)?;
    let (rest, _) = Any::from_der(outer.data).ok().filter(|(_, version)| version.tag() == Tag::Integer)?;
    Some((rest, Any::from_der(rest).ok()?.1))
}

/// A key that is a row of numbers. RFC 8017 A.1.2: RSA has eight behind the version, the modulus first; DSA has five, p first.
fn of_numbers(der: &[u8]) -> Option<String> {
    let (rest, first) = behind_version(der).filter(|(_, first)| first.tag() == Tag::Integer)?;
    Some(format!("{} {}", if numbers(rest) >= RSA_NUMBERS { "RSA" } else { "DSA" }, bits(first.data)))
}

fn of_pkcs8(algorithm: &AlgorithmIdentifier<'_>, key: &[u8]) -> String {
    let oid = algorithm.algorithm.to_id_string();
    // RFC 5958 2: privateKey is an octet string with the key of its kind in it.
    let inner = Any::from_der(key).ok().map(|(_, inner)| inner.data).unwrap_or_default();
    match oid.as_str() {
        RSA_ENCRYPTION => of_numbers(inner).unwrap_or_else(|| "RSA".into()),
        RSASSA_PSS => of_numbers(inner).unwrap_or_else(|| "RSA".into()).replacen("RSA", "RSA-PSS", 1),
        EC_PUBLIC_KEY => of_curve(algorithm.parameters.as_ref().and_then(|curve| curve.as_oid().ok()).map(|oid| oid.to_id_string())),
        DSA => format!("DSA {}", prime_bits(algorithm.parameters.as_ref())),
        _ => match FIXED_KEYS.iter().map(|row| (row.0, row.2)).chain(AGREEMENT.iter().copied()).find(|row| row.0 == oid) {
            Some((_, title)) => title.into(),
            None => oid,
        },
    }
}

fn of_curve(oid: Option<String>) -> String {
    let name = oid.as_ref().and_then(|oid| CURVES.iter().find(|row| row.0 == oid)).map(|row| row.1.to_string());
    name.or(oid).map_or_else(|| "EC with explicit parameters".into(), |curve| format!("EC {curve}"))
}

/// RFC 5915 3: the parameters behind the tag 0 are the OID of a named curve.
fn curve_in(parameters: &[u8]) -> Option<String> {
    Some(Any::from_der(parameters).ok()?.1.as_oid().ok()?.to_id_string())
}

/// How many values follow each other.
fn numbers(mut der: &[u8]) -> usize {
    let mut count = 0;
    while let Ok((rest, _)) = Any::from_der(der) {
        (der, count) = (rest, count + 1);
    }
    count
}

/// RFC 8017 A.1.2.
const RSA_NUMBERS: usize = 8;
/// RFC 8410 3: keys that agree on a secret and cannot sign.
const AGREEMENT: &[(&str, &str)] = &[("1.3.101.110", "X25519"), ("1.3.101.111", "X448")];

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_key_is_named_in_every_form() {
        let ed448 = [0x30, 13, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x71, 4, 1, 4];
        assert_eq!(private_key_title(&ed448).as_deref(), Some("Ed448"));
        let unknown = [0x30, 13, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x7f, 4, 1, 4];
        assert_eq!(private_key_title(&unknown).as_deref(), Some("1.3.101.127"));
        let sec1 = [0x30, 15, 2, 1, 1, 4, 1, 9, 0xa0, 7, 6, 5, 0x2b, 0x81, 4, 0, 0x0a];
        assert_eq!(private_key_title(&sec1).as_deref(), Some("EC secp256k1"));
        for nothing in [&[][..], &[0x30], &[0x30, 0], &[2, 1, 0], &[0x30, 3, 2, 1, 0], b"hello"] {
            assert_eq!(private_key_title(nothing), None, "{nothing:?}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(mut der in proptest::collection::vec(any::<u8>(), 0..64)) {
            private_key_title(&der);
            der.splice(0..0, [0x30, der.len() as u8, 2, 1, 0]);
            private_key_title(&der);
        }
    }
}
