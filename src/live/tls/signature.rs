//! Whether the server holds the key of its certificate: the signature of the handshake, judged apart from the chain, so
//! that an odd certificate is not taken for a forgery. RFC 5246 7.4.3, RFC 8446 4.4.3.

use aws_lc_rs::signature::{self as sig, UnparsedPublicKey, VerificationAlgorithm};
use rustls::SignatureScheme;
use x509_parser::prelude::{FromDer, X509Certificate};
use x509_parser::public_key::PublicKey;

/// The server's signature over the handshake.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Signature {
    /// There was none to look at.
    #[default]
    None,
    /// It fits the leaf's key.
    Good,
    /// It could not be checked here; the words say why.
    Unchecked(String),
    /// It does not fit the leaf's key: whoever answered does not hold it.
    Forged,
}

pub(super) fn judge(leaf: &[u8], scheme: SignatureScheme, message: &[u8], signature: &[u8]) -> Signature {
    let Ok((_, certificate)) = X509Certificate::from_der(leaf) else {
        return Signature::Unchecked("the certificate cannot be read".into());
    };
    let key = &certificate.tbs_certificate.subject_pki;
    let Some(rows) = SCHEMES.iter().find(|row| row.0 == scheme).map(|row| row.1) else {
        // A scheme that does not fit the kind of key proves nothing. RFC 8446 4.4.3.
        let is_ed448 = scheme == SignatureScheme::ED448 && key.algorithm.algorithm.to_id_string() == ED448;
        return if is_ed448 { Signature::Unchecked("Ed448 cannot be checked here".into()) } else { Signature::Forged };
    };
    if matches!(key.parsed(), Ok(PublicKey::RSA(rsa)) if rsa.key_size() < SHORTEST_PSS_KEY && is_pss(scheme)) {
        return Signature::Unchecked("RSA-PSS with a key of less than 2048 bits".into());
    }
    let fits = |algorithm: &&'static dyn VerificationAlgorithm| {
        UnparsedPublicKey::new(*algorithm, &key.subject_public_key.data).verify(message, signature).is_ok()
    };
    if rows.iter().any(fits) { Signature::Good } else { Signature::Forged }
}

fn is_pss(scheme: SignatureScheme) -> bool {
    matches!(scheme, SignatureScheme::RSA_PSS_SHA256 | SignatureScheme::RSA_PSS_SHA384 | SignatureScheme::RSA_PSS_SHA512)
        || matches!(scheme, SignatureScheme::Unknown(0x0809..=0x080b))
}

type Row = (SignatureScheme, &'static [&'static dyn VerificationAlgorithm]);

/// TLS 1.2 does not bind the curve to the scheme (RFC 5246 7.4.1.4.1), so every curve is tried.
const SCHEMES: &[Row] = &[
    (SignatureScheme::RSA_PKCS1_SHA1, &[&sig::RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY]),
    (SignatureScheme::RSA_PKCS1_SHA256, &[&sig::RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY]),
    (SignatureScheme::RSA_PKCS1_SHA384, &[&sig::RSA_PKCS1_2048_8192_SHA384]),
    (SignatureScheme::RSA_PKCS1_SHA512, &[&sig::RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY]),
    (SignatureScheme::RSA_PSS_SHA256, &[&sig::RSA_PSS_2048_8192_SHA256]),
    (SignatureScheme::RSA_PSS_SHA384, &[&sig::RSA_PSS_2048_8192_SHA384]),
    (SignatureScheme::RSA_PSS_SHA512, &[&sig::RSA_PSS_2048_8192_SHA512]),
    (SignatureScheme::Unknown(0x0809), &[&sig::RSA_PSS_2048_8192_SHA256]),
    (SignatureScheme::Unknown(0x080a), &[&sig::RSA_PSS_2048_8192_SHA384]),
    (SignatureScheme::Unknown(0x080b), &[&sig::RSA_PSS_2048_8192_SHA512]),
    (SignatureScheme::ECDSA_SHA1_Legacy, &[&sig::ECDSA_P256_SHA1_ASN1, &sig::ECDSA_P521_SHA1_ASN1]),
    (SignatureScheme::ECDSA_NISTP256_SHA256, &[&sig::ECDSA_P256_SHA256_ASN1, &sig::ECDSA_P384_SHA256_ASN1, &sig::ECDSA_P521_SHA256_ASN1]),
    (SignatureScheme::ECDSA_NISTP384_SHA384, &[&sig::ECDSA_P384_SHA384_ASN1, &sig::ECDSA_P256_SHA384_ASN1, &sig::ECDSA_P521_SHA384_ASN1]),
    (SignatureScheme::ECDSA_NISTP521_SHA512, &[&sig::ECDSA_P521_SHA512_ASN1, &sig::ECDSA_P384_SHA512_ASN1, &sig::ECDSA_P256_SHA512_ASN1]),
    (SignatureScheme::ED25519, &[&sig::ED25519]),
];

/// RFC 8410 3.
const ED448: &str = "1.3.101.113";
/// What aws-lc-rs verifies RSA-PSS with at least, in bits.
const SHORTEST_PSS_KEY: usize = 2048;

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::SigningKey;

    #[test]
    fn only_the_key_of_the_certificate_makes_a_good_signature() {
        let made = rcgen::generate_simple_self_signed(vec!["vpn.example.test".to_string()]).expect("a certificate");
        let leaf = made.cert.der();
        let signed = made.signing_key.sign(b"handshake").expect("P-256 with SHA-256");
        let other = rcgen::KeyPair::generate().expect("a key").sign(b"handshake").expect("P-256 with SHA-256");
        let scheme = SignatureScheme::ECDSA_NISTP256_SHA256;
        assert_eq!(judge(leaf, scheme, b"handshake", &signed), Signature::Good);
        assert_eq!(judge(leaf, scheme, b"another", &signed), Signature::Forged);
        assert_eq!(judge(leaf, scheme, b"handshake", &other), Signature::Forged);
        for wrong in
            [SignatureScheme::ED448, SignatureScheme::RSA_PSS_SHA256, SignatureScheme::Unknown(0x0809), SignatureScheme::Unknown(1)]
        {
            assert_eq!(judge(leaf, wrong, b"handshake", &signed), Signature::Forged, "{wrong:?} does not go with this key");
        }
        assert!(matches!(judge(b"junk", scheme, b"handshake", &signed), Signature::Unchecked(_)));
    }
}
