//! A server with one version of TLS and old cipher suites, played from a script: enough of it for a scan to see the
//! version and the chain.

use crate::base::{Layer, Reader, WireError};

/// A server that knows one version and few suites.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Script {
    /// Its version.
    pub version: u16,
    /// Its suites, best first.
    pub ciphers: &'static [u16],
    /// The body of its ServerKeyExchange; there is none when it is empty.
    pub exchange: &'static [u8],
    /// It shows its certificates.
    pub certified: bool,
    /// Its compression method. RFC 3749 2.
    pub compression: u8,
}

impl Script {
    /// TLS 1.0 and its suites.
    pub const OLD: Script = Script { version: 0x0301, ciphers: &CIPHERS, exchange: &[], certified: true, compression: 0 };
    /// SSL 3.0.
    pub const SSL: Script = Script { version: 0x0300, ..Script::OLD };
    /// TLS 1.1.
    pub const OLDER: Script = Script { version: 0x0302, ..Script::OLD };
    /// TLS 1.2 with the suites of TLS 1.0.
    pub const OLD_SUITES: Script = Script { version: 0x0303, ..Script::OLD };
    /// TLS 1.2 with DEFLATE.
    pub const DEFLATE: Script = Script { compression: 1, ..Script::OLD_SUITES };
    /// TLS 1.2 without encryption: TLS_RSA_WITH_NULL_SHA256 and TLS_RSA_WITH_NULL_SHA.
    pub const NULL: Script = Script { ciphers: &[0x003b, 0x0002], ..Script::OLD_SUITES };
    /// TLS 1.2 without certificate: TLS_ECDH_anon_WITH_AES_256_CBC_SHA over P-256.
    pub const ANONYMOUS: Script =
        Script { ciphers: &[0xc019], exchange: &[3, 0, 0x17, 4, 4, 1, 2, 3], certified: false, ..Script::OLD_SUITES };
    /// TLS 1.2 with Camellia and ARIA alone.
    pub const RARE_SUITES: Script = Script { ciphers: &[0x0084, 0x0041, 0xc03c], ..Script::OLD_SUITES };
    /// TLS 1.2 with ECDHE over P-521 alone; the client hello's list of groups is not looked at.
    pub const RARE_GROUP: Script =
        Script { ciphers: &[0xc028, 0xc014], exchange: &[3, 0, 0x19, 4, 4, 1, 2, 3, 4, 1, 0, 1, 9], ..Script::OLD_SUITES };
    /// TLS 1.2 with DHE over a prime of 1024 bits.
    pub const SHORT_PRIME: Script = Script { ciphers: &[0x009f, 0x0039], exchange: &SHORT_DH, ..Script::OLD_SUITES };
}

/// The answer of a server to the body of a ClientHello record: a flight, or an alert.
pub(super) fn answer(script: Script, hello: &[u8], chain: &[Vec<u8>]) -> Vec<u8> {
    match Hello::parse(hello) {
        Err(_) => alert(DECODE_ERROR),
        Ok(hello) if !hello.allows(script.version) => alert(PROTOCOL_VERSION),
        Ok(hello) => match script.ciphers.iter().find(|cipher| hello.ciphers.contains(cipher)) {
            Some(cipher) => flight(script, *cipher, chain),
            None => alert(HANDSHAKE_FAILURE),
        },
    }
}

/// The flight for a hello that allows for the script; nothing for any other.
pub(super) fn accepted(script: Script, hello: &[u8], chain: &[Vec<u8>]) -> Option<Vec<u8>> {
    let hello = Hello::parse(hello).ok().filter(|hello| hello.allows(script.version))?;
    let cipher = script.ciphers.iter().find(|cipher| hello.ciphers.contains(cipher))?;
    Some(flight(script, *cipher, chain))
}

/// A record with a fatal alert. RFC 8446 6.
pub(super) fn alert(description: u8) -> Vec<u8> {
    record(ALERT, vec![FATAL, description])
}

/// What a ClientHello offers, as far as a server of 1999 cares. RFC 8446 4.1.2.
#[derive(Debug, PartialEq, Eq)]
struct Hello {
    /// legacy_version.
    version: u16,
    ciphers: Vec<u16>,
    /// supported_versions, if it is there.
    versions: Option<Vec<u16>>,
}

impl Hello {
    fn parse(bytes: &[u8]) -> Result<Hello, WireError> {
        let mut reader = Reader::new(Layer::Tls, bytes);
        reader.u8("handshake type")?;
        reader.u24("handshake length")?;
        let version = reader.u16("legacy version")?;
        reader.take("random", 32)?;
        let len = reader.u8("session id length")?;
        reader.take("session id", usize::from(len))?;
        let len = reader.u16("cipher suites length")?;
        let ciphers = numbers(reader.take("cipher suites", usize::from(len))?);
        let len = reader.u8("compression methods length")?;
        reader.take("compression methods", usize::from(len))?;
        Ok(Hello { version, ciphers, versions: supported_versions(&mut reader)? })
    }

    fn allows(&self, version: u16) -> bool {
        match &self.versions {
            Some(versions) => versions.contains(&version),
            None => self.version >= version,
        }
    }
}

fn supported_versions(reader: &mut Reader<'_>) -> Result<Option<Vec<u16>>, WireError> {
    if reader.is_empty() {
        return Ok(None);
    }
    let len = reader.u16("extensions length")?;
    let mut extensions = reader.sub("extensions", usize::from(len), "extensions length")?;
    while !extensions.is_empty() {
        let kind = extensions.u16("extension type")?;
        let len = extensions.u16("extension length")?;
        let value = extensions.take("extension", usize::from(len))?;
        if kind == SUPPORTED_VERSIONS {
            return Ok(Some(numbers(value.get(1..).unwrap_or_default())));
        }
    }
    Ok(None)
}

fn numbers(bytes: &[u8]) -> Vec<u16> {
    bytes.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect()
}

/// ServerHello, Certificate, ServerKeyExchange, ServerHelloDone, as far as there are. RFC 2246 7.4.
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
    flight.extend((!script.exchange.is_empty()).then(|| handshake(12, script.exchange.to_vec())).into_iter().flatten());
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
/// ServerDHParams with a prime of 1024 bits, generator, public value, and a signature with RSA and SHA-256. RFC 5246 7.4.3.
const SHORT_DH: [u8; 2 + 128 + 3 + 3 + 5] = {
    let mut body = [0xff; 2 + 128 + 3 + 3 + 5];
    let tail = [0, 1, 2, 0, 1, 9, 4, 1, 0, 1, 9];
    (body[0], body[1]) = (0, 128);
    let mut at = 0;
    while at < tail.len() {
        body[2 + 128 + at] = tail[at];
        at += 1;
    }
    body
};
/// RFC 8446 4.2.1.
const SUPPORTED_VERSIONS: u16 = 43;
/// Suites without a ServerKeyExchange first, so that the flight is whole: RSA with AES-128, AES-256, 3DES and RC4; then
/// the ones with ECDHE, whose flight a scan hardly reads to its end.
const CIPHERS: [u16; 8] = [0x002f, 0x0035, 0x000a, 0x0005, 0xc009, 0xc00a, 0xc013, 0xc014];

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
        let old = answer(Script::OLD, &hello(0x0301, &[0xc014, 0x002f], &[]), &chain);
        assert_eq!((&old[..3], &old[5..11]), (&[22, 3, 1][..], &[2, 0, 0, 38, 3, 1][..]));
        assert_eq!(&old[44..46], [0x00, 0x2f]);
        assert_eq!(&old[47..], [11, 0, 0, 9, 0, 0, 6, 0, 0, 3, 0x30, 1, 0, 14, 0, 0, 0]);
        let modern = [0, 43, 0, 5, 4, 3, 4, 3, 3];
        assert_eq!(answer(Script::OLD, &hello(0x0303, &[0x1301, 0x002f], &modern), &chain), [21, 3, 1, 0, 2, 2, 70]);
        let wide = [0, 43, 0, 7, 6, 3, 4, 3, 3, 3, 1];
        assert_eq!(answer(Script::OLD, &hello(0x0303, &[0x002f], &wide), &chain)[0], 22);
        assert_eq!(answer(Script::OLD, &hello(0x0301, &[0x1301], &[]), &chain), alert(40));
        assert_eq!(answer(Script::OLD_SUITES, &hello(0x0301, &[0x002f], &[]), &chain), alert(70));
        assert_eq!(answer(Script::OLD_SUITES, &hello(0x0303, &[0xc02b, 0x002f], &modern), &chain)[9..11], [3, 3]);
        assert_eq!(answer(Script::OLD, &hello(0x0301, &[0x002f], &[])[..30], &chain), alert(50));
        let anonymous = answer(Script::ANONYMOUS, &hello(0x0303, &[0xc019], &modern), &chain);
        assert_eq!(&anonymous[47..], [12, 0, 0, 8, 3, 0, 0x17, 4, 4, 1, 2, 3, 14, 0, 0, 0]);
    }
}
