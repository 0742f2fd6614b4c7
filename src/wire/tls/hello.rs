//! The ClientHello writer.

use super::{SSL30, TLS10, TLS12};

/// A ClientHello for SSL 3.0 to TLS 1.2, in one record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientHello {
    /// The highest version offered, 0x0300 to 0x0303.
    pub version: u16,
    /// Random.
    pub random: [u8; 32],
    /// Cipher suites, best first.
    pub suites: Vec<u16>,
    /// Name for SNI. RFC 6066 3.
    pub server_name: Option<String>,
    /// Named groups. RFC 8422 5.1.1.
    pub groups: Vec<u16>,
    /// Signature schemes, sent only with TLS 1.2. RFC 5246 7.4.1.4.1.
    pub signature_schemes: Vec<u16>,
}

impl ClientHello {
    /// A hello of that version that offers everything a server of its time may know, weak suites too.
    pub fn old(version: u16, random: [u8; 32], server_name: Option<String>) -> ClientHello {
        let newer = if version >= TLS12 { SUITES_TLS12 } else { &[] };
        ClientHello {
            version,
            random,
            suites: [newer, SUITES_OLD].concat(),
            server_name,
            groups: GROUPS.to_vec(),
            signature_schemes: SCHEMES.to_vec(),
        }
    }

    /// The record.
    pub fn emit(&self) -> Vec<u8> {
        let mut body = self.version.to_be_bytes().to_vec();
        body.extend(self.random);
        body.push(0);
        body.extend(counted(2, numbers(&self.suites)));
        body.extend([1, 0]);
        if self.version > SSL30 {
            body.extend(counted(2, self.extensions()));
        }
        let mut message = vec![1];
        message.extend(counted(3, body));
        let mut record = vec![22];
        // RFC 5246 E.1: the record version is a low one, as old servers expect.
        record.extend(self.version.min(TLS10).to_be_bytes());
        record.extend(counted(2, message));
        record
    }

    fn extensions(&self) -> Vec<u8> {
        let mut all = Vec::new();
        if let Some(name) = &self.server_name {
            let mut entry = vec![0];
            entry.extend(counted(2, name.as_bytes().to_vec()));
            all.extend(extension(0, counted(2, entry)));
        }
        all.extend(extension(10, counted(2, numbers(&self.groups))));
        all.extend(extension(11, counted(1, vec![0])));
        if self.version >= TLS12 {
            all.extend(extension(13, counted(2, numbers(&self.signature_schemes))));
        }
        all
    }
}

fn extension(kind: u16, body: Vec<u8>) -> Vec<u8> {
    let mut bytes = kind.to_be_bytes().to_vec();
    bytes.extend(counted(2, body));
    bytes
}

fn numbers(numbers: &[u16]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_be_bytes()).collect()
}

/// `body` behind its length in `width` bytes; what the length cannot tell is cut off.
fn counted(width: usize, mut body: Vec<u8>) -> Vec<u8> {
    body.truncate((1 << (8 * width)) - 1);
    let len = body.len().to_be_bytes();
    let mut bytes = len[len.len() - width..].to_vec();
    bytes.append(&mut body);
    bytes
}

/// Suites that came with TLS 1.2: AEAD and SHA-2. RFC 5288, 5289, 7905, 5246 A.5.
const SUITES_TLS12: &[u16] = &[
    0xc02c, 0xc030, 0xc02b, 0xc02f, 0xcca9, 0xcca8, 0x009f, 0x009e, 0xccaa, 0xc024, 0xc028, 0xc023, 0xc027, 0x006b, 0x0067, 0x009d, 0x009c,
    0x003d, 0x003c,
];
/// Suites of TLS 1.0 and before, RC4 and 3DES too, and TLS_EMPTY_RENEGOTIATION_INFO_SCSV. RFC 2246 A.5, RFC 8422, RFC 5746.
const SUITES_OLD: &[u16] = &[
    0xc00a, 0xc014, 0xc009, 0xc013, 0x0039, 0x0033, 0x0038, 0x0032, 0x0035, 0x002f, 0x0088, 0x0045, 0x0084, 0x0041, 0xc008, 0xc012, 0x0016,
    0x0013, 0x000a, 0xc007, 0xc011, 0x0005, 0x0004, 0x00ff,
];
/// X25519, P-256, P-384, P-521, X448, brainpool, secp256k1. IANA.
const GROUPS: &[u16] = &[0x001d, 0x0017, 0x0018, 0x0019, 0x001e, 0x001a, 0x001b, 0x001c, 0x0016];
/// RSA-PSS, PKCS#1, ECDSA, EdDSA, DSA, and SHA-1. RFC 8446 4.2.3, RFC 5246 7.4.1.4.1.
const SCHEMES: &[u16] = &[
    0x0403, 0x0503, 0x0603, 0x0807, 0x0808, 0x0804, 0x0805, 0x0806, 0x0809, 0x080a, 0x080b, 0x0401, 0x0501, 0x0601, 0x0301, 0x0303, 0x0402,
    0x0203, 0x0201, 0x0202,
];
