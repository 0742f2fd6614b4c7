//! The ClientHello writer.

use super::{SSL30, SUPPORTED_VERSIONS, TLS10, TLS12, TLS13, suites};
use crate::wire::tls::suite::Kx;

/// A ClientHello for SSL 3.0 to TLS 1.3.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClientHello {
    /// The versions offered, newest first. TLS 1.3 among them brings supported_versions. RFC 8446 4.2.1.
    pub versions: Vec<u16>,
    /// Random.
    pub random: [u8; 32],
    /// Cipher suites, best first.
    pub suites: Vec<u16>,
    /// Compression methods; nothing stands for null alone. RFC 3749.
    pub compressions: Vec<u8>,
    /// Name for SNI. RFC 6066 3.
    pub server_name: Option<String>,
    /// Named groups. RFC 8422 5.1.1, RFC 8446 4.2.7.
    pub groups: Vec<u16>,
    /// Signature schemes, sent from TLS 1.2 on. RFC 5246 7.4.1.4.1.
    pub signature_schemes: Vec<u16>,
    /// Key shares, sent with TLS 1.3; none asks the server to name the group it wants. RFC 8446 4.2.8.
    pub key_shares: Vec<(u16, Vec<u8>)>,
    /// Protocols of ALPN. RFC 7301 3.1.
    pub alpn: Vec<Vec<u8>>,
    /// Extensions that only ask whether the server knows them too.
    pub asks: bool,
    /// Padding of so many bytes behind the other extensions. RFC 7685.
    pub padding: Option<usize>,
    /// These extensions, in this order, in place of all others; none: those that the fields above make.
    pub exactly: Vec<(u16, Vec<u8>)>,
}

impl ClientHello {
    /// A hello of one version that offers everything a server of its time may know, weak suites too.
    pub fn wide(version: u16, random: [u8; 32], server_name: Option<String>) -> ClientHello {
        ClientHello {
            versions: vec![version],
            random,
            suites: suites_of(version),
            server_name,
            groups: groups_of(version),
            signature_schemes: SCHEMES.to_vec(),
            ..ClientHello::default()
        }
    }

    /// The record.
    pub fn emit(&self) -> Vec<u8> {
        let mut record = vec![22];
        // RFC 5246 E.1: the record version is a low one, as old servers expect.
        record.extend(self.highest().min(TLS10).to_be_bytes());
        record.extend(counted(2, self.message()));
        record
    }

    /// The handshake message in it, which goes into the transcript hash. RFC 8446 4.4.1.
    pub fn message(&self) -> Vec<u8> {
        let highest = self.highest();
        let mut body = highest.min(TLS12).to_be_bytes().to_vec();
        body.extend(self.random);
        // RFC 8446 D.4: a session id makes TLS 1.3 look like a resumed session of TLS 1.2.
        body.extend(counted(1, if highest >= TLS13 { self.random.to_vec() } else { Vec::new() }));
        body.extend(counted(2, numbers(&self.suites)));
        body.extend(counted(1, if self.compressions.is_empty() { vec![0] } else { self.compressions.clone() }));
        if highest > SSL30 {
            body.extend(counted(2, self.extensions()));
        }
        let mut message = vec![1];
        message.extend(counted(3, body));
        message
    }

    fn highest(&self) -> u16 {
        self.versions.iter().copied().max().unwrap_or(TLS12)
    }

    fn extensions(&self) -> Vec<u8> {
        if !self.exactly.is_empty() {
            return self.exactly.iter().flat_map(|(kind, body)| extension(*kind, body.clone())).collect();
        }
        let highest = self.highest();
        let mut all = Vec::new();
        if let Some(name) = &self.server_name {
            let mut entry = vec![0];
            entry.extend(counted(2, name.as_bytes().to_vec()));
            all.extend(extension(0, counted(2, entry)));
        }
        if !self.groups.is_empty() {
            all.extend(extension(10, counted(2, numbers(&self.groups))));
            all.extend(extension(11, counted(1, vec![0])));
        }
        if highest >= TLS12 {
            all.extend(extension(13, counted(2, numbers(&self.signature_schemes))));
        }
        if !self.alpn.is_empty() {
            let names = self.alpn.iter().flat_map(|name| counted(1, name.clone())).collect();
            all.extend(extension(16, counted(2, names)));
        }
        if self.asks {
            // Encrypt-then-MAC, extended master secret, session ticket: RFC 7366, RFC 7627, RFC 5077.
            [22, 23, 35].into_iter().for_each(|kind| all.extend(extension(kind, Vec::new())));
        }
        if highest >= TLS13 {
            all.extend(extension(SUPPORTED_VERSIONS, counted(1, numbers(&self.versions))));
            // RFC 8446 4.2.9: psk_dhe_ke, which some servers want to see.
            all.extend(extension(45, counted(1, vec![1])));
            let share = |(group, key): &(u16, Vec<u8>)| [group.to_be_bytes().to_vec(), counted(2, key.clone())].concat();
            all.extend(extension(51, counted(2, self.key_shares.iter().flat_map(share).collect())));
        }
        if let Some(bytes) = self.padding {
            all.extend(extension(21, vec![0; bytes]));
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

/// The suites that a server of a version may know, those of clients of its time first, then every other one that has no
/// pre-shared key, Kerberos or the like in it.
pub fn suites_of(version: u16) -> Vec<u16> {
    if version >= TLS13 {
        return SUITES_TLS13.to_vec();
    }
    let newer = if version >= TLS12 { SUITES_TLS12 } else { &[] };
    let mut suites = [newer, SUITES_OLD].concat();
    let named = |row: &&super::suite::Suite| fits(row, version) && !suites.contains(&row.number);
    let rest: Vec<u16> = suites::SUITES.iter().filter(named).map(|row| row.number).collect();
    suites.extend(rest);
    suites.push(EMPTY_RENEGOTIATION_INFO);
    suites
}

/// A suite that can be asked for without keys of our own, in that version.
fn fits(row: &super::suite::Suite, version: u16) -> bool {
    let export = row.name.contains("_EXPORT") && !row.name.contains("KRB5");
    let askable = export || !matches!(row.kx, Kx::Tls13 | Kx::Psk | Kx::Special);
    let newer = row.cipher.tag_len().is_some() || row.name.ends_with("_SHA256") || row.name.ends_with("_SHA384");
    // RFC 5246 A.5, RFC 5289 2: what came with TLS 1.2 must not be used before it.
    askable && (version >= TLS12 || !newer) && row.number != 0
}

/// The groups to ask a server of a version for.
pub fn groups_of(version: u16) -> Vec<u16> {
    if version >= TLS13 { GROUPS_TLS13.to_vec() } else { GROUPS_OLD.to_vec() }
}

/// TLS_EMPTY_RENEGOTIATION_INFO_SCSV. RFC 5746 3.3.
pub const EMPTY_RENEGOTIATION_INFO: u16 = 0x00ff;
/// TLS_FALLBACK_SCSV. RFC 7507 2.
pub const FALLBACK: u16 = 0x5600;
/// RFC 8446 B.4, RFC 9150 for integrity only.
const SUITES_TLS13: &[u16] = &[0x1302, 0x1301, 0x1303, 0x1304, 0x1305, 0xc0b4, 0xc0b5];
/// Suites that came with TLS 1.2: AEAD and SHA-2. RFC 5288, 5289, 7905, 5246 A.5.
const SUITES_TLS12: &[u16] = &[
    0xc02c, 0xc030, 0xc02b, 0xc02f, 0xcca9, 0xcca8, 0x009f, 0x009e, 0xccaa, 0xc024, 0xc028, 0xc023, 0xc027, 0x006b, 0x0067, 0x009d, 0x009c,
    0x003d, 0x003c,
];
/// Suites of TLS 1.0 and before, RC4 and 3DES too. RFC 2246 A.5, RFC 8422.
const SUITES_OLD: &[u16] = &[
    0xc00a, 0xc014, 0xc009, 0xc013, 0x0039, 0x0033, 0x0038, 0x0032, 0x0035, 0x002f, 0x0088, 0x0045, 0x0084, 0x0041, 0xc008, 0xc012, 0x0016,
    0x0013, 0x000a, 0xc007, 0xc011, 0x0005, 0x0004,
];
/// X25519, P-256, P-384, P-521, X448, brainpool, secp256k1 and the short ones, FFDHE. IANA, RFC 7919.
const GROUPS_OLD: &[u16] =
    &[0x001d, 0x0017, 0x0018, 0x0019, 0x001e, 0x001a, 0x001b, 0x001c, 0x0016, 0x0015, 0x0013, 0x0100, 0x0101, 0x0102, 0x0103, 0x0104];
/// X25519, P-256, P-384, P-521, X448, FFDHE, and the hybrids with ML-KEM. RFC 8446 4.2.7, IANA.
const GROUPS_TLS13: &[u16] =
    &[0x001d, 0x0017, 0x0018, 0x0019, 0x001e, 0x0100, 0x0101, 0x0102, 0x0103, 0x0104, 0x001f, 0x0020, 0x0021, 0x11eb, 0x11ec, 0x11ed];
/// RSA-PSS, PKCS#1, ECDSA, EdDSA, DSA, and SHA-1. RFC 8446 4.2.3, RFC 5246 7.4.1.4.1.
const SCHEMES: &[u16] = &[
    0x0403, 0x0503, 0x0603, 0x0807, 0x0808, 0x0804, 0x0805, 0x0806, 0x0809, 0x080a, 0x080b, 0x0401, 0x0501, 0x0601, 0x0301, 0x0303, 0x0402,
    0x0203, 0x0201, 0x0202, 0x081a, 0x081b, 0x081c,
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{Layer, Reader};
    use crate::wire::tls::Offer;
    use crate::wire::tls::suite::Suite;

    fn read(hello: &ClientHello) -> Offer {
        Offer::parse(&mut Reader::new(Layer::Tls, &hello.message()[4..])).expect("our own hello")
    }

    #[test]
    fn a_hello_of_tls_1_3_says_its_versions_in_an_extension_and_shares_keys() {
        let mut hello = ClientHello::wide(TLS13, [7; 32], Some("a.test".into()));
        hello.key_shares = vec![(0x001d, vec![9; 32])];
        hello.alpn = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let offer = read(&hello);
        assert_eq!((offer.legacy_version, offer.versions()), (TLS12, vec![TLS13]));
        assert_eq!(offer.extensions, [0, 10, 11, 13, 16, 43, 45, 51]);
        assert_eq!((offer.server_name.as_deref(), offer.alpn.len(), offer.session_id.len()), (Some("a.test"), 2, 32));
        let emitted = hello.emit();
        assert_eq!(&emitted[emitted.len() - 42..emitted.len() - 32], [0, 51, 0, 38, 0, 36, 0, 0x1d, 0, 32]);
    }

    #[test]
    fn a_hello_of_ssl_3_0_has_no_extensions() {
        let offer = read(&ClientHello::wide(SSL30, [7; 32], Some("a.test".into())));
        assert_eq!((offer.legacy_version, offer.extensions.len()), (SSL30, 0));
        assert!(offer.suites.contains(&0x0003) && !offer.suites.contains(&0x009c));
    }

    #[test]
    fn every_suite_that_needs_no_key_of_ours_is_asked_for_once_and_in_its_version() {
        let twelve = suites_of(TLS12);
        let names: Vec<String> = twelve.iter().map(|suite| Suite::name_of(*suite)).collect();
        for part in ["EXPORT", "NULL", "anon", "RC4", "3DES", "CAMELLIA", "ARIA", "SEED", "IDEA", "CCM_8", "CHACHA20"] {
            assert!(names.iter().any(|name| name.contains(part)), "{part}");
        }
        assert!(!names.iter().any(|name| name.contains("PSK") || name.contains("KRB5") || name.contains("SRP")), "{names:?}");
        assert!(twelve.iter().all(|suite| twelve.iter().filter(|other| *other == suite).count() == 1));
        assert!(suites_of(TLS10).iter().all(|suite| twelve.contains(suite)));
        assert!(!suites_of(TLS10).contains(&0xc030) && !suites_of(TLS10).contains(&0x003c));
    }
}
