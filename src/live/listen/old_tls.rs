//! A server with one version of TLS and old cipher suites, played from a script: enough of it for a scan to see the
//! version and the chain.

use crate::base::{Layer, Reader, WireError};
use crate::wire::tls::{Offer, TLS10, TLS12, TLS13};

/// A server that knows one version, few suites and one way to agree on a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Script {
    /// Its version.
    pub version: u16,
    /// Its suites, best first; they fit the key of its certificate.
    pub ciphers: &'static [u16],
    /// How it agrees on a key.
    pub exchange: Exchange,
    /// It shows its certificates.
    pub certified: bool,
    /// Its compression method. RFC 3749 2.
    pub compression: u8,
    /// It closes on a hello that names TLS 1.3, as some middleboxes do.
    pub shuns_tls13: bool,
}

/// How a server agrees on a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exchange {
    /// Diffie-Hellman over this curve, for clients that offer it.
    Curve(u16),
    /// Diffie-Hellman with a prime of 1024 bits.
    ShortPrime,
}

impl Script {
    /// TLS 1.0 and its suites.
    pub const OLD: Script = Script {
        version: TLS10,
        ciphers: &[0xc00a, 0xc009, 0xc008],
        exchange: Exchange::Curve(P256),
        certified: true,
        compression: 0,
        shuns_tls13: false,
    };
    /// SSL 3.0.
    pub const SSL: Script = Script { version: 0x0300, ..Script::OLD };
    /// TLS 1.1.
    pub const OLDER: Script = Script { version: 0x0302, ..Script::OLD };
    /// TLS 1.2 with the suites of TLS 1.0.
    pub const OLD_SUITES: Script = Script { version: TLS12, ..Script::OLD };
    /// TLS 1.2 with ECDHE and AES-GCM, for hellos that do not name TLS 1.3.
    pub const SHUNS_13: Script = Script { ciphers: &[0xc02c, 0xc02b], shuns_tls13: true, ..Script::OLD_SUITES };
    /// TLS 1.2 with DEFLATE.
    pub const DEFLATE: Script = Script { compression: 1, ..Script::OLD_SUITES };
    /// TLS 1.2 with RC4 alone: TLS_ECDHE_ECDSA_WITH_RC4_128_SHA.
    pub const DEAD_SUITES: Script = Script { ciphers: &[0xc007], ..Script::OLD_SUITES };
    /// TLS 1.2 without encryption: TLS_ECDHE_ECDSA_WITH_NULL_SHA.
    pub const NULL: Script = Script { ciphers: &[0xc006], ..Script::OLD_SUITES };
    /// TLS 1.2 without certificate: TLS_ECDH_anon_WITH_AES_256_CBC_SHA.
    pub const ANONYMOUS: Script = Script { ciphers: &[0xc019], certified: false, ..Script::OLD_SUITES };
    /// TLS 1.2 with Camellia and ARIA alone.
    pub const RARE_SUITES: Script = Script { ciphers: &[0xc073, 0xc072, 0xc05d], ..Script::OLD_SUITES };
    /// TLS 1.2 with ECDHE over P-521 alone.
    pub const RARE_GROUP: Script = Script { ciphers: &[0xc02c, 0xc00a], exchange: Exchange::Curve(P521), ..Script::OLD_SUITES };
    /// TLS 1.2 with DHE over a prime of 1024 bits; its certificate has an RSA key.
    pub const SHORT_PRIME: Script = Script { ciphers: &[0x009f, 0x0039], exchange: Exchange::ShortPrime, ..Script::OLD_SUITES };

    /// RFC 8422 5.1: a client that names no groups takes any; one that names some takes no other.
    fn shares_the_group(self, offer: &Offer) -> bool {
        match self.exchange {
            Exchange::Curve(group) => !offer.extensions.contains(&SUPPORTED_GROUPS) || offer.groups.contains(&group),
            Exchange::ShortPrime => true,
        }
    }

    /// The body of its ServerKeyExchange: parameters, a public value, a signature; nobody goes on to use them. RFC 5246 7.4.3,
    /// RFC 8422 5.4.
    fn key_exchange(self) -> Vec<u8> {
        let mut body = match self.exchange {
            Exchange::Curve(group) => [&[NAMED_CURVE][..], &group.to_be_bytes(), &[4, 4, 1, 2, 3]].concat(),
            Exchange::ShortPrime => [&[0, 128][..], &[0xff; 128], &[0, 1, 2], &[0, 1, 9]].concat(),
        };
        let scheme: &[u8] = match self.exchange {
            Exchange::Curve(_) => &ECDSA_SHA256,
            Exchange::ShortPrime => &RSA_SHA256,
        };
        if self.certified {
            // Only from TLS 1.2 on is the scheme named.
            body.extend(if self.version >= TLS12 { scheme } else { &[] });
            body.extend([0, 1, 9]);
        }
        body
    }
}

/// The answer of a server to the body of a ClientHello record: a flight, an alert, or nothing.
pub(super) fn answer(script: Script, hello: &[u8], chain: &[Vec<u8>]) -> Vec<u8> {
    match parsed(hello) {
        Err(_) => alert(DECODE_ERROR),
        Ok(offer) if script.shuns_tls13 && allows(&offer, TLS13) => Vec::new(),
        Ok(offer) if !allows(&offer, script.version) => alert(PROTOCOL_VERSION),
        Ok(offer) if !script.shares_the_group(&offer) => alert(HANDSHAKE_FAILURE),
        Ok(offer) => match script.ciphers.iter().find(|cipher| offer.suites.contains(cipher)) {
            Some(cipher) => flight(script, *cipher, chain),
            None => alert(HANDSHAKE_FAILURE),
        },
    }
}

/// The flight for a hello that allows for the script; nothing for any other.
pub(super) fn accepted(script: Script, hello: &[u8], chain: &[Vec<u8>]) -> Option<Vec<u8>> {
    let offer = parsed(hello).ok().filter(|offer| allows(offer, script.version) && script.shares_the_group(offer))?;
    let cipher = script.ciphers.iter().find(|cipher| offer.suites.contains(cipher))?;
    Some(flight(script, *cipher, chain))
}

/// A record with a fatal alert. RFC 8446 6.
pub(super) fn alert(description: u8) -> Vec<u8> {
    record(ALERT, vec![FATAL, description])
}

fn parsed(hello: &[u8]) -> Result<Offer, WireError> {
    let mut reader = Reader::new(Layer::Tls, hello);
    reader.u8("handshake type")?;
    reader.u24("handshake length")?;
    Offer::parse(&mut reader)
}

fn allows(offer: &Offer, version: u16) -> bool {
    match offer.supported_versions.is_empty() {
        true => offer.legacy_version >= version,
        false => offer.supported_versions.contains(&version),
    }
}

/// ServerHello, Certificate if there is one, ServerKeyExchange, ServerHelloDone. RFC 2246 7.4.
fn flight(script: Script, cipher: u16, chain: &[Vec<u8>]) -> Vec<u8> {
    let mut hello = script.version.to_be_bytes().to_vec();
    hello.extend(*b"sstp-diag lab, an old TLS server");
    hello.push(0);
    hello.extend(cipher.to_be_bytes());
    hello.push(script.compression);
    let certificates: Vec<u8> = chain.iter().flat_map(|cert| [u24(cert.len()), cert.clone()].concat()).collect();
    let certificate = [u24(certificates.len()), certificates].concat();
    let mut flight = handshake(2, hello);
    flight.extend(script.certified.then(|| handshake(11, certificate)).into_iter().flatten());
    flight.extend(handshake(12, script.key_exchange()));
    flight.extend(handshake(14, Vec::new()));
    record(HANDSHAKE, flight)
}

fn handshake(kind: u8, body: Vec<u8>) -> Vec<u8> {
    [vec![kind], u24(body.len()), body].concat()
}

/// Bodies of the lab are far below the 16 KiB of one record.
fn record(kind: u8, body: Vec<u8>) -> Vec<u8> {
    let len = u16::try_from(body.len()).unwrap_or(u16::MAX).to_be_bytes();
    [vec![kind, 3, 1], len.to_vec(), body].concat()
}

fn u24(n: usize) -> Vec<u8> {
    u32::try_from(n).unwrap_or(u32::MAX).to_be_bytes()[1..].to_vec()
}

const ALERT: u8 = 21;
const HANDSHAKE: u8 = 22;
const FATAL: u8 = 2;
/// RFC 8446 6.2.
const HANDSHAKE_FAILURE: u8 = 40;
const DECODE_ERROR: u8 = 50;
const PROTOCOL_VERSION: u8 = 70;
/// RFC 8446 4.2.7.
const SUPPORTED_GROUPS: u16 = 10;
/// RFC 8422 5.4: named_curve.
const NAMED_CURVE: u8 = 3;
/// IANA, TLS Supported Groups.
const P256: u16 = 0x0017;
const P521: u16 = 0x0019;
/// RFC 8446 4.2.3: ecdsa_secp256r1_sha256, rsa_pkcs1_sha256.
const ECDSA_SHA256: [u8; 2] = [4, 3];
const RSA_SHA256: [u8; 2] = [4, 1];

#[cfg(test)]
mod tests {
    use super::*;

    fn hello(version: u16, ciphers: &[u16], extensions: &[u8]) -> Vec<u8> {
        let mut body = version.to_be_bytes().to_vec();
        body.extend([7; 32]);
        body.push(0);
        body.extend((ciphers.len() as u16 * 2).to_be_bytes());
        body.extend(ciphers.iter().flat_map(|cipher| cipher.to_be_bytes()));
        body.extend([1, 0]);
        if !extensions.is_empty() {
            body.extend((extensions.len() as u16).to_be_bytes());
            body.extend(extensions);
        }
        handshake(1, body)
    }

    #[test]
    fn only_a_hello_that_allows_tls_10_gets_the_flight() {
        let chain = [vec![0x30, 1, 0]];
        let old = answer(Script::OLD, &hello(0x0301, &[0xc014, 0xc009], &[]), &chain);
        assert_eq!((&old[..3], &old[5..11]), (&[22, 3, 1][..], &[2, 0, 0, 38, 3, 1][..]));
        assert_eq!(&old[44..46], [0xc0, 0x09]);
        let rest = [11, 0, 0, 9, 0, 0, 6, 0, 0, 3, 0x30, 1, 0, 12, 0, 0, 11, 3, 0, 0x17, 4, 4, 1, 2, 3, 0, 1, 9, 14, 0, 0, 0];
        assert_eq!(&old[47..], rest);
        let modern = [0, 43, 0, 5, 4, 3, 4, 3, 3];
        assert_eq!(answer(Script::OLD, &hello(0x0303, &[0x1301, 0xc009], &modern), &chain), [21, 3, 1, 0, 2, 2, 70]);
        let wide = [0, 43, 0, 7, 6, 3, 4, 3, 3, 3, 1];
        assert_eq!(answer(Script::OLD, &hello(0x0303, &[0xc009], &wide), &chain)[0], 22);
        assert_eq!(answer(Script::OLD, &hello(0x0301, &[0x1301], &[]), &chain), alert(40));
        assert_eq!(answer(Script::OLD_SUITES, &hello(0x0301, &[0xc009], &[]), &chain), alert(70));
        assert_eq!(answer(Script::OLD_SUITES, &hello(0x0303, &[0xc02b, 0xc009], &modern), &chain)[9..11], [3, 3]);
        assert_eq!(answer(Script::OLD, &hello(0x0301, &[0xc009], &[])[..30], &chain), alert(50));
        let anonymous = answer(Script::ANONYMOUS, &hello(0x0303, &[0xc019], &modern), &chain);
        assert_eq!(&anonymous[47..], [12, 0, 0, 8, 3, 0, 0x17, 4, 4, 1, 2, 3, 14, 0, 0, 0]);
    }

    #[test]
    fn a_group_is_taken_only_when_it_was_offered() {
        let groups = |groups: &[u8]| [&[0, 10, 0, groups.len() as u8 + 2, 0, groups.len() as u8], groups].concat();
        let asked = |extensions: &[u8]| answer(Script::RARE_GROUP, &hello(0x0303, &[0xc02c], extensions), &[]);
        assert_eq!(asked(&groups(&[0, 0x1d, 0, 0x17, 0, 0x18])), alert(40), "X25519, P-256 and P-384, as Windows offers them");
        assert_eq!(asked(&groups(&[0, 0x17, 0, 0x19]))[9..11], [3, 3]);
        assert_eq!(asked(&[])[9..11], [3, 3], "who names no group takes any");
        let prime = answer(Script::SHORT_PRIME, &hello(0x0303, &[0x009f], &groups(&[0, 0x17])), &[]);
        assert_eq!(prime[9..11], [3, 3], "a prime is no group");
    }
}
