//! Cipher suites: what a number stands for. RFC 5246 A.5 and C, RFC 8446 B.4.

use super::suites::SUITES;

/// A cipher suite.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Suite {
    /// IANA number.
    pub number: u16,
    /// IANA name.
    pub name: &'static str,
    /// Key exchange.
    pub kx: Kx,
    /// Cipher of the record layer.
    pub cipher: Cipher,
    /// MAC of the record layer.
    pub mac: Mac,
    /// Hash of the PRF of TLS 1.2, or of the key schedule of TLS 1.3.
    pub prf: Prf,
}

/// Key exchange, as far as it matters for getting at keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kx {
    /// Negotiated apart from the suite. RFC 8446 4.2.7.
    Tls13,
    /// The client encrypts the premaster secret under the server's RSA key. RFC 5246 7.4.7.1.
    Rsa,
    /// Ephemeral Diffie-Hellman.
    Dhe,
    /// Ephemeral Diffie-Hellman on curves.
    Ecdhe,
    /// Diffie-Hellman with the certificate's key.
    Dh,
    /// Diffie-Hellman on curves with the certificate's key.
    Ecdh,
    /// No certificate.
    Anon,
    /// Pre-shared keys, alone or with another exchange. RFC 4279.
    Psk,
    /// Kerberos, SRP, export and others.
    Special,
}

/// Cipher of the record layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cipher {
    /// RFC 5288.
    Aes128Gcm,
    /// RFC 5288.
    Aes256Gcm,
    /// RFC 7905.
    ChaCha20Poly1305,
    /// RFC 6655.
    Aes128Ccm,
    /// RFC 6655.
    Aes256Ccm,
    /// RFC 6655, tag of 8 bytes.
    Aes128Ccm8,
    /// RFC 6655, tag of 8 bytes.
    Aes256Ccm8,
    /// RFC 3268.
    Aes128Cbc,
    /// RFC 3268.
    Aes256Cbc,
    /// RFC 2246.
    TripleDesCbc,
    /// RFC 5469.
    DesCbc,
    /// RFC 2246, 128 bits.
    Rc4,
    /// No encryption.
    Null,
    /// One that this program does not open.
    Other,
}

impl Cipher {
    /// Key length in bytes.
    pub fn key_len(self) -> usize {
        match self {
            Cipher::Aes128Gcm | Cipher::Aes128Ccm | Cipher::Aes128Ccm8 | Cipher::Aes128Cbc | Cipher::Rc4 => 16,
            Cipher::Aes256Gcm | Cipher::ChaCha20Poly1305 | Cipher::Aes256Ccm | Cipher::Aes256Ccm8 | Cipher::Aes256Cbc => 32,
            Cipher::TripleDesCbc => 24,
            Cipher::DesCbc => 8,
            Cipher::Null | Cipher::Other => 0,
        }
    }

    /// Length in bytes of the part of the nonce or IV that comes out of the key block up to TLS 1.2.
    pub fn fixed_iv_len(self) -> usize {
        match self {
            Cipher::ChaCha20Poly1305 => 12,
            Cipher::Aes128Gcm | Cipher::Aes256Gcm => 4,
            Cipher::Aes128Ccm | Cipher::Aes256Ccm | Cipher::Aes128Ccm8 | Cipher::Aes256Ccm8 => 4,
            Cipher::Aes128Cbc | Cipher::Aes256Cbc => 16,
            Cipher::TripleDesCbc | Cipher::DesCbc => 8,
            Cipher::Rc4 | Cipher::Null | Cipher::Other => 0,
        }
    }

    /// Length in bytes of the AEAD's tag; nothing where it is none.
    pub fn tag_len(self) -> Option<usize> {
        match self {
            Cipher::Aes128Gcm | Cipher::Aes256Gcm | Cipher::ChaCha20Poly1305 | Cipher::Aes128Ccm | Cipher::Aes256Ccm => Some(16),
            Cipher::Aes128Ccm8 | Cipher::Aes256Ccm8 => Some(8),
            _ => None,
        }
    }

    /// Length in bytes of a block of CBC; nothing where it is none.
    pub fn block_len(self) -> Option<usize> {
        match self {
            Cipher::Aes128Cbc | Cipher::Aes256Cbc => Some(16),
            Cipher::TripleDesCbc | Cipher::DesCbc => Some(8),
            _ => None,
        }
    }
}

/// MAC of the record layer, an HMAC throughout. RFC 5246 6.2.3.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mac {
    /// The cipher authenticates by itself.
    NoMac,
    /// HMAC-MD5.
    HmacMd5,
    /// HMAC-SHA-1.
    HmacSha1,
    /// HMAC-SHA-256.
    HmacSha256,
    /// HMAC-SHA-384.
    HmacSha384,
}

impl Mac {
    /// Length in bytes of the MAC and of its key.
    pub fn len(self) -> usize {
        match self {
            Mac::NoMac => 0,
            Mac::HmacMd5 => 16,
            Mac::HmacSha1 => 20,
            Mac::HmacSha256 => 32,
            Mac::HmacSha384 => 48,
        }
    }

    /// There is no MAC beside the cipher.
    pub fn is_empty(self) -> bool {
        self == Mac::NoMac
    }
}

/// Hash of the PRF of TLS 1.2, or of the key schedule of TLS 1.3.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prf {
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
}

impl Prf {
    /// Length in bytes of the hash.
    pub fn len(self) -> usize {
        match self {
            Prf::Sha256 => 32,
            Prf::Sha384 => 48,
        }
    }

    /// Never; a hash has a length.
    pub fn is_empty(self) -> bool {
        false
    }
}

impl Suite {
    /// The suite of that number, where it has a name.
    pub fn of(number: u16) -> Option<&'static Suite> {
        SUITES.binary_search_by_key(&number, |suite| suite.number).ok().and_then(|at| SUITES.get(at))
    }

    /// There is no certificate behind it. RFC 5246 A.5.
    pub fn is_anonymous(&self) -> bool {
        self.kx == Kx::Anon
    }

    /// It encrypts nothing. RFC 5246 A.5, RFC 9150.
    pub fn is_null(&self) -> bool {
        self.cipher == Cipher::Null || self.name.contains("_NULL_") || matches!(self.number, 0xc0b4 | 0xc0b5)
    }

    /// What a current client holds against it; nothing when it is merely old.
    pub fn weakness(&self) -> Option<&'static str> {
        let has = |word: &str| self.name.contains(word);
        [
            (self.is_anonymous(), "no certificate"),
            (self.is_null(), "no encryption"),
            (has("_EXPORT"), "export"),
            (has("_RC4_") || has("_RC2_"), "RC4"),
            (has("3DES"), "3DES"),
            (has("_DES"), "DES"),
            (has("_IDEA_"), "IDEA"),
        ]
        .into_iter()
        .find_map(|(is_so, why)| is_so.then_some(why))
    }

    /// The IANA name of a suite, or its number in hexadecimal.
    pub fn name_of(number: u16) -> String {
        Suite::of(number).map_or_else(|| format!("0x{number:04X}"), |suite| suite.name.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_stand_in_order_and_agree_with_their_names() {
        assert!(SUITES.windows(2).all(|pair| pair[0].number < pair[1].number));
        for suite in SUITES {
            let aead = suite.cipher.tag_len().is_some();
            let says_aead = ["_GCM_", "_CCM", "POLY1305"].iter().any(|word| suite.name.contains(word));
            assert!(!aead || says_aead, "{}", suite.name);
            assert!(!aead || suite.mac == Mac::NoMac, "{}", suite.name);
            assert!(suite.cipher.block_len().is_none() || suite.mac != Mac::NoMac, "{}", suite.name);
            let key_bits = format!("_{}_", suite.cipher.key_len() * 8);
            if suite.name.contains("_AES_") {
                assert!(suite.name.contains(&key_bits), "{}", suite.name);
            }
        }
    }

    #[test]
    fn suites_without_certificate_encryption_or_long_keys_are_known() {
        let of = |number| Suite::of(number).expect("named");
        assert!(of(0x0018).is_anonymous() && of(0xc018).is_anonymous() && !of(0xc013).is_anonymous());
        assert!(of(0x0001).is_null() && of(0xc010).is_null() && of(0xc0b4).is_null() && !of(0x002f).is_null());
        let why = |number| of(number).weakness();
        assert_eq!([0x0003, 0x0004, 0x0009, 0x000a].map(why), [Some("export"), Some("RC4"), Some("DES"), Some("3DES")]);
        assert_eq!([0x0018, 0x0002, 0x002f, 0x1301].map(why), [Some("no certificate"), Some("no encryption"), None, None]);
    }

    #[test]
    fn well_known_suites_have_their_numbers() {
        let suite = Suite::of(0xc028).expect("named");
        assert_eq!(suite.name, "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384");
        assert_eq!((suite.kx, suite.cipher, suite.mac, suite.prf), (Kx::Ecdhe, Cipher::Aes256Cbc, Mac::HmacSha384, Prf::Sha384));
        assert_eq!(Suite::name_of(0x1301), "TLS_AES_128_GCM_SHA256");
        assert_eq!(Suite::name_of(0x0a0a), "0x0A0A");
        assert_eq!(Suite::of(0x0004).map(|suite| (suite.cipher, suite.mac)), Some((Cipher::Rc4, Mac::HmacMd5)));
    }
}
