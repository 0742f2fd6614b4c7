//! A server with one version of TLS and old cipher suites, played from a script: enough of it for a scan to see the
//! version and the chain.

use crate::base::{Layer, Reader, WireError};

/// The answer of a server of that version to the body of a ClientHello record: a flight, or an alert.
pub(super) fn answer(version: u16, hello: &[u8], chain: &[Vec<u8>]) -> Vec<u8> {
    match Hello::parse(hello) {
        Err(_) => alert(DECODE_ERROR),
        Ok(hello) if !hello.allows(version) => alert(PROTOCOL_VERSION),
        Ok(hello) => match CIPHERS.iter().find(|cipher| hello.ciphers.contains(cipher)) {
            Some(cipher) => flight(version, *cipher, chain),
            None => alert(HANDSHAKE_FAILURE),
        },
    }
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

/// ServerHello, Certificate, ServerHelloDone. RFC 2246 7.4.
fn flight(version: u16, cipher: u16, chain: &[Vec<u8>]) -> Vec<u8> {
    let mut hello = version.to_be_bytes().to_vec();
    hello.extend(*b"sstp-diag lab, an old TLS server");
    hello.push(0);
    hello.extend(cipher.to_be_bytes());
    hello.push(0);
    let certificates: Vec<u8> = chain.iter().flat_map(|cert| [u24(cert.len()), cert.clone()].concat()).collect();
    let certificate = [u24(certificates.len()), certificates].concat();
    record(HANDSHAKE, [handshake(2, hello), handshake(11, certificate), handshake(14, Vec::new())].concat())
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
/// RFC 2246 6.2.1.
pub(super) const TLS_10: u16 = 0x0301;
/// RFC 5246 A.1.
pub(super) const TLS_12: u16 = 0x0303;
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
        let old = answer(TLS_10, &hello(0x0301, &[0xc014, 0x002f], &[]), &chain);
        assert_eq!((&old[..3], &old[5..11]), (&[22, 3, 1][..], &[2, 0, 0, 38, 3, 1][..]));
        assert_eq!(&old[44..46], [0x00, 0x2f]);
        assert_eq!(&old[47..], [11, 0, 0, 9, 0, 0, 6, 0, 0, 3, 0x30, 1, 0, 14, 0, 0, 0]);
        let modern = [0, 43, 0, 5, 4, 3, 4, 3, 3];
        assert_eq!(answer(TLS_10, &hello(0x0303, &[0x1301, 0x002f], &modern), &chain), [21, 3, 1, 0, 2, 2, 70]);
        let wide = [0, 43, 0, 7, 6, 3, 4, 3, 3, 3, 1];
        assert_eq!(answer(TLS_10, &hello(0x0303, &[0x002f], &wide), &chain)[0], 22);
        assert_eq!(answer(TLS_10, &hello(0x0301, &[0x1301], &[]), &chain), alert(40));
        assert_eq!(answer(TLS_12, &hello(0x0301, &[0x002f], &[]), &chain), alert(70));
        assert_eq!(answer(TLS_12, &hello(0x0303, &[0xc02b, 0x002f], &modern), &chain)[9..11], [3, 3]);
        assert_eq!(answer(TLS_10, &hello(0x0301, &[0x002f], &[])[..30], &chain), alert(50));
    }
}
