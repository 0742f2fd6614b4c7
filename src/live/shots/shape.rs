//! What hand-made ClientHellos look like.

use crate::wire::tls::clients::Client;
use crate::wire::tls::{ClientHello, TLS12, TLS13};

/// What a hello looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// TLS 1.2 and 1.3, no ALPN: what SSTP clients with a library of today send.
    Plain,
    /// The same, padded to the length of a browser's. RFC 7685.
    Padded,
    /// TLS 1.2 alone.
    Tls12,
    /// TLS 1.3 alone.
    Tls13,
    /// ALPN http/1.1.
    Alpn,
    /// Windows 11: what Schannel sends.
    Windows,
    /// A browser of today: GREASE (RFC 8701), h2, a key share of X25519MLKEM768, 1.8 kB.
    Browser,
}

/// The hello of a shape.
pub fn hello_bytes(shape: Shape, name: Option<&str>, random: [u8; 32]) -> Vec<u8> {
    let server_name = name.filter(|name| name.parse::<std::net::IpAddr>().is_err()).map(str::to_string);
    let plain = ClientHello {
        versions: vec![TLS13, TLS12],
        random,
        suites: PLAIN.to_vec(),
        server_name: server_name.clone(),
        groups: GROUPS.to_vec(),
        signature_schemes: SCHEMES.to_vec(),
        key_shares: vec![(X25519, random_bytes(random, 32))],
        asks: true,
        ..ClientHello::default()
    };
    let hello = match shape {
        Shape::Plain => plain,
        Shape::Padded => {
            let lacks = hello_bytes(Shape::Browser, name, random).len().saturating_sub(plain.emit().len());
            ClientHello { padding: Some(lacks.saturating_sub(EXTENSION)), ..plain }
        }
        Shape::Tls12 => ClientHello { versions: vec![TLS12], ..plain },
        Shape::Tls13 => ClientHello { versions: vec![TLS13], ..plain },
        Shape::Alpn => ClientHello { alpn: vec![b"http/1.1".to_vec()], ..plain },
        Shape::Windows => windows(&plain),
        Shape::Browser => ClientHello { suites: BROWSER.to_vec(), exactly: browser(server_name.as_deref(), random), ..plain },
    };
    hello.emit()
}

/// Schannel asks for OCSP and says renegotiation_info in an extension; the order of those of TLS 1.3 is a guess.
fn windows(plain: &ClientHello) -> ClientHello {
    let Some(client) = Client::of("windows-11-21h2") else { return plain.clone() };
    let versions = client.versions.iter().flat_map(|version| version.to_be_bytes()).collect();
    let exactly = [
        plain.server_name.as_deref().map(named),
        Some((STATUS_REQUEST, OCSP.to_vec())),
        Some((10, words(client.groups))),
        Some((11, vec![1, 0])),
        Some((13, words(client.schemes))),
        Some((35, Vec::new())),
        Some((23, Vec::new())),
        Some((43, counted(1, versions))),
        Some((45, vec![1, 1])),
        Some((51, shares(&[(X25519, random_bytes(plain.random, 32))]))),
        Some((RENEGOTIATION_INFO, vec![0])),
    ];
    let exactly = exactly.into_iter().flatten().collect();
    ClientHello { versions: client.versions.to_vec(), suites: client.suites.to_vec(), exactly, ..plain.clone() }
}

/// The extensions of Chrome 131 and later, in one of the orders in which it sends them.
fn browser(name: Option<&str>, random: [u8; 32]) -> Vec<(u16, Vec<u8>)> {
    let hybrid = [ml_kem_key(random), random_bytes(random, 32)].concat();
    // draft-ietf-tls-esni 6.2: GREASE with HKDF-SHA256, AES-128-GCM, an id, a key and 144 bytes of payload.
    let ech = [&[0, 0, 1, 0, 1, 0x5d, 0, 32][..], &random_bytes(random, 32), &[0, 144], &random_bytes(random, 144)].concat();
    let protocols = counted(2, [counted(1, b"h2".to_vec()), counted(1, b"http/1.1".to_vec())].concat());
    let all = [
        Some((0x4a4a, Vec::new())),
        name.map(named),
        Some((23, Vec::new())),
        Some((RENEGOTIATION_INFO, vec![0])),
        Some((10, words(&[0x1a1a, X25519_ML_KEM_768, X25519, 0x0017, 0x0018]))),
        Some((11, vec![1, 0])),
        Some((35, Vec::new())),
        Some((16, protocols)),
        Some((STATUS_REQUEST, OCSP.to_vec())),
        Some((13, words(SCHEMES))),
        // signed_certificate_timestamp, RFC 6962 3.3.1.
        Some((18, Vec::new())),
        Some((51, shares(&[(0x1a1a, vec![0]), (X25519_ML_KEM_768, hybrid), (X25519, random_bytes(random, 32))]))),
        Some((45, vec![1, 1])),
        Some((43, counted(1, [&[0x2a, 0x2a][..], &TLS13.to_be_bytes(), &TLS12.to_be_bytes()].concat()))),
        // compress_certificate with Brotli, RFC 8879 3.
        Some((27, vec![2, 0, 2])),
        // application_settings with h2, draft-vvv-tls-alps, the number that Chrome 131 uses.
        Some((0x44cd, counted(2, counted(1, b"h2".to_vec())))),
        Some((0xfe0d, ech)),
        Some((0x6a6a, vec![0])),
    ];
    all.into_iter().flatten().collect()
}

/// RFC 6066 3.
fn named(name: &str) -> (u16, Vec<u8>) {
    (0, counted(2, [vec![0], counted(2, name.as_bytes().to_vec())].concat()))
}

fn words(numbers: &[u16]) -> Vec<u8> {
    counted(2, numbers.iter().flat_map(|number| number.to_be_bytes()).collect())
}

fn shares(all: &[(u16, Vec<u8>)]) -> Vec<u8> {
    let share = |(group, key): &(u16, Vec<u8>)| [group.to_be_bytes().to_vec(), counted(2, key.clone())].concat();
    counted(2, all.iter().flat_map(share).collect())
}

fn counted(width: usize, body: Vec<u8>) -> Vec<u8> {
    let len = (body.len() as u64).to_be_bytes();
    [len.get(8 - width..).unwrap_or_default(), &body].concat()
}

/// A key of ML-KEM-768 that passes the check of FIPS 203 7.2: 768 numbers below q, of 12 bits each, and 32 bytes.
fn ml_kem_key(random: [u8; 32]) -> Vec<u8> {
    let drawn = random_bytes(random, 1536);
    let pairs = drawn.as_chunks::<4>().0.iter().map(|[a, b, c, d]| (u16::from_be_bytes([*a, *b]) % Q, u16::from_be_bytes([*c, *d]) % Q));
    let packed = pairs.flat_map(|(one, two)| [one as u8, (one >> 8) as u8 | (two << 4) as u8, (two >> 4) as u8]);
    packed.chain(random).collect()
}

/// Bytes drawn from the random of the hello, with SplitMix64.
fn random_bytes(random: [u8; 32], count: usize) -> Vec<u8> {
    let mut state = random.chunks_exact(8).fold(count as u64, |state, chunk| {
        chunk.iter().fold(state.rotate_left(17), |state, byte| state.wrapping_mul(0x0100_0000_01b3) ^ u64::from(*byte))
    });
    let mut draw = move || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (state ^ state >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ mixed >> 31) as u8
    };
    (0..count).map(|_| draw()).collect()
}

/// Suites of a library of today: TLS 1.3, then ECDHE with AES-GCM and ChaCha20. RFC 8446 B.4, RFC 5289, RFC 7905.
const PLAIN: &[u16] = &[0x1302, 0x1303, 0x1301, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc02b, 0xc02f, 0x00ff];
/// Suites as Chrome lists them, GREASE in front. RFC 8701.
const BROWSER: &[u16] =
    &[0x3a3a, 0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc013, 0xc014, 0x009c, 0x009d, 0x002f, 0x0035];
/// X25519, P-256, P-384.
const GROUPS: &[u16] = &[0x001d, 0x0017, 0x0018];
/// ECDSA, RSA-PSS, PKCS#1 with SHA-2.
const SCHEMES: &[u16] = &[0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601];
/// RFC 8446 4.2.7.
const X25519: u16 = 0x001d;
/// draft-ietf-tls-ecdhe-mlkem 4.
const X25519_ML_KEM_768: u16 = 0x11ec;
/// FIPS 203 2.4.1.
const Q: u16 = 3329;
/// RFC 6066 8.
const STATUS_REQUEST: u16 = 5;
/// RFC 6066 8: OCSP, no responders, no extensions.
const OCSP: [u8; 5] = [1, 0, 0, 0, 0];
/// RFC 5746 3.2.
const RENEGOTIATION_INFO: u16 = 0xff01;
/// Bytes of an extension's type and length, RFC 8446 4.2.
const EXTENSION: usize = 4;
