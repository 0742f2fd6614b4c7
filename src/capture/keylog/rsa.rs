//! RSA private keys for the RSA key exchange. RFC 5246 7.4.7.1.

use aws_lc_rs::rsa::{Pkcs1PrivateDecryptingKey, PrivateDecryptingKey};
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use std::path::PathBuf;
use zeroize::Zeroizing;

/// Why keys cannot be used.
#[derive(Debug)]
pub enum KeyError {
    /// The file cannot be read.
    Read {
        /// Which.
        path: PathBuf,
        /// The system's words.
        source: std::io::Error,
    },
    /// Neither PEM with a private key, nor DER.
    NotAKey,
    /// The key is encrypted with a passphrase.
    Encrypted,
    /// A private key, but not an RSA key of 2048 to 8192 bits.
    NotRsa,
}

impl std::fmt::Display for KeyError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            KeyError::Read { path, source } => write!(f, "cannot read {}: {source}", path.display()),
            KeyError::NotAKey => f.write_str("no private key in PEM or DER (PKCS#1 or PKCS#8) was found"),
            KeyError::Encrypted => f.write_str("the private key is encrypted; decrypt it first, as with `openssl pkey`"),
            KeyError::NotRsa => f.write_str("the private key is no RSA key of 2048 to 8192 bits"),
        }
    }
}

impl std::error::Error for KeyError {}

/// An RSA private key.
pub(super) struct RsaKey(Pkcs1PrivateDecryptingKey);

impl RsaKey {
    pub(super) fn parse(bytes: &[u8]) -> Result<RsaKey, KeyError> {
        if contains(bytes, b"ENCRYPTED") {
            return Err(KeyError::Encrypted);
        }
        let pkcs8 = match PrivateKeyDer::from_pem_slice(bytes) {
            Ok(PrivateKeyDer::Pkcs1(der)) => wrapped(der.secret_pkcs1_der()),
            Ok(PrivateKeyDer::Pkcs8(der)) => Zeroizing::new(der.secret_pkcs8_der().to_vec()),
            Ok(_) => return Err(KeyError::NotRsa),
            Err(_) if bytes.first() == Some(&SEQUENCE) => Zeroizing::new(bytes.to_vec()),
            Err(_) => return Err(KeyError::NotAKey),
        };
        let key = PrivateDecryptingKey::from_pkcs8(&pkcs8).or_else(|_| PrivateDecryptingKey::from_pkcs8(&wrapped(&pkcs8)));
        let key = key.map_err(|_| KeyError::NotRsa)?;
        Ok(RsaKey(Pkcs1PrivateDecryptingKey::new(key).map_err(|_| KeyError::NotRsa)?))
    }

    /// A premaster secret of 48 bytes; nothing when the key is another.
    pub(super) fn decrypt(&self, encrypted: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        if encrypted.len() != self.0.key_size_bytes() {
            return None;
        }
        let mut plain = Zeroizing::new(vec![0; self.0.min_output_size()]);
        let premaster = self.0.decrypt(encrypted, &mut plain).ok()?.to_vec();
        (premaster.len() == PREMASTER_LEN).then(|| Zeroizing::new(premaster))
    }
}

/// PKCS#8 around PKCS#1. RFC 5208 5, RFC 8017 A.1.2.
fn wrapped(pkcs1: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut octets = tlv(OCTET_STRING, pkcs1);
    let mut body = [VERSION_0, RSA_ENCRYPTION].concat();
    body.append(&mut octets);
    tlv(SEQUENCE, &body)
}

fn tlv(tag: u8, body: &[u8]) -> Zeroizing<Vec<u8>> {
    let [high, low] = (body.len() as u16).to_be_bytes();
    let mut out = Zeroizing::new(vec![tag, 0x82, high, low]);
    out.extend_from_slice(body);
    out
}

fn contains(bytes: &[u8], word: &[u8]) -> bool {
    bytes.windows(word.len()).any(|window| window == word)
}

/// RFC 5246 7.4.7.1, bytes.
const PREMASTER_LEN: usize = 48;
/// ITU-T X.690 8.9 and 8.7.
const SEQUENCE: u8 = 0x30;
const OCTET_STRING: u8 = 0x04;
/// RFC 5208 5, version 0.
const VERSION_0: &[u8] = &[2, 1, 0];
/// RFC 8017 A.1, rsaEncryption with NULL parameters.
const RSA_ENCRYPTION: &[u8] = &[0x30, 0x0d, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1, 5, 0];
