//! The encrypted part of a server's first flight in TLS 1.3, opened with a key share of our own: its certificates are in
//! there. RFC 8446 4.3, 4.4 and 7.1.

use super::tls_keys::{Bytes as Secret, expand_label, extract};
use super::tls_open::Opener;
use crate::base::{Bytes, Layer, Reader};
use crate::wire::tls::message::{Certificates13, EncryptedExtensions, kind};
use crate::wire::tls::record::{APPLICATION_DATA, Alert, HEADER_LEN, Header, MAX_BODY};
use crate::wire::tls::suite::{Prf, Suite};
use aws_lc_rs::digest;

/// The encrypted part of a first flight as it comes in.
#[derive(Debug)]
pub struct SealedFlight {
    /// The certificates, DER, leaf first.
    pub certs: Option<Vec<Bytes>>,
    /// Protocol chosen by ALPN.
    pub alpn: Option<Vec<u8>>,
    /// Signature scheme of CertificateVerify.
    pub scheme: Option<u16>,
    /// It wants to see a certificate.
    pub asks_for_certificate: bool,
    opener: Opener,
    records: Vec<u8>,
    messages: Vec<u8>,
}

impl SealedFlight {
    /// From the two hellos as messages, the suite chosen and the secret that the key shares make; nothing where the suite is
    /// not one that this program opens.
    pub fn new(client_hello: &[u8], server_hello: &[u8], suite: &Suite, shared: &[u8]) -> Option<SealedFlight> {
        let hellos = hashed(suite.prf, &[client_hello, server_hello].concat());
        let secret = server_secret(suite.prf, shared, &hellos);
        Some(SealedFlight {
            certs: None,
            alpn: None,
            scheme: None,
            asks_for_certificate: false,
            opener: Opener::tls13(suite, &secret)?,
            records: Vec::new(),
            messages: Vec::new(),
        })
    }

    /// Takes more bytes; whether no more is to be learned, because all of it came or because it does not open.
    pub fn push(&mut self, bytes: &[u8]) -> bool {
        self.records.extend_from_slice(bytes);
        loop {
            let Ok(header) = Header::parse(&self.records) else { return true };
            let Some(header) = header else { return false };
            if self.records.len() < HEADER_LEN + header.len {
                return false;
            }
            let rest = self.records.split_off(HEADER_LEN + header.len);
            let record = std::mem::replace(&mut self.records, rest);
            let body = record.get(HEADER_LEN..).unwrap_or_default();
            if header.kind == APPLICATION_DATA && self.open(header, body) {
                return true;
            }
            if self.messages.len() > MAX_HELD {
                return true;
            }
        }
    }

    fn open(&mut self, header: Header, body: &[u8]) -> bool {
        let mut plain = vec![0; MAX_BODY];
        let Some(opened) = self.opener.open(header, body, &mut plain) else { return true };
        plain.truncate(opened.len);
        if opened.kind != HANDSHAKE {
            return Alert::parse(&plain).is_ok();
        }
        self.messages.extend(plain);
        self.read_messages()
    }

    /// Whether CertificateVerify or Finished came by.
    fn read_messages(&mut self) -> bool {
        loop {
            let mut reader = Reader::new(Layer::Tls, &self.messages);
            let (Ok(kind), Ok(len)) = (reader.u8("handshake type"), reader.u24("handshake length")) else { return false };
            let len = usize::try_from(len).unwrap_or(usize::MAX);
            let Ok(mut body) = reader.sub("handshake message", len, "handshake length") else { return false };
            // A message that cannot be read leaves its part unknown.
            match kind {
                kind::ENCRYPTED_EXTENSIONS => self.alpn = EncryptedExtensions::parse(&mut body).ok().and_then(|read| read.alpn),
                kind::CERTIFICATE => self.certs = Certificates13::parse(&mut body).ok().map(|read| read.certs),
                kind::CERTIFICATE_REQUEST => self.asks_for_certificate = true,
                CERTIFICATE_VERIFY => self.scheme = body.u16("signature scheme").ok(),
                _ => {}
            }
            self.messages.drain(..HANDSHAKE_HEADER + len);
            if matches!(kind, CERTIFICATE_VERIFY | kind::FINISHED) {
                return true;
            }
        }
    }
}

/// server_handshake_traffic_secret. RFC 8446 7.1.
fn server_secret(hash: Prf, shared: &[u8], hash_of_hellos: &[u8]) -> Secret {
    let zeros = vec![0; hash.len()];
    let early = extract(hash, &zeros, &zeros);
    let derived = expand_label(hash, &early, "derived", &hashed(hash, &[]), hash.len());
    let handshake = extract(hash, &derived, shared);
    expand_label(hash, &handshake, "s hs traffic", hash_of_hellos, hash.len())
}

fn hashed(hash: Prf, bytes: &[u8]) -> Vec<u8> {
    let algorithm = match hash {
        Prf::Sha256 => &digest::SHA256,
        Prf::Sha384 => &digest::SHA384,
    };
    digest::digest(algorithm, bytes).as_ref().to_vec()
}

/// RFC 8446 5.1.
const HANDSHAKE: u8 = 22;
/// RFC 8446 4.4.3.
const CERTIFICATE_VERIFY: u8 = 15;
/// RFC 8446 4, bytes.
const HANDSHAKE_HEADER: usize = 4;
/// Ours: more of one message is not held, in bytes.
const MAX_HELD: usize = 128 * 1024;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{hex, unhex};

    /// RFC 8448 3: the secret of the key shares, the hash of both hellos, and what comes out for the server.
    #[test]
    fn the_handshake_secret_of_rfc_8448() {
        let shared = unhex("8bd4054fb55b9d63fdfbacf9f04b9f0d35e6d63f537563efd46272900f89492d").expect("hexadecimal");
        let hellos = unhex("860c06edc07858ee8e78f0e7428c58edd6b43f2ca3e6e95f02ed063cf0e1cad8").expect("hexadecimal");
        let secret = server_secret(Prf::Sha256, &shared, &hellos);
        assert_eq!(hex(&secret), "b67b7d690cc16c4e75e54213cb2d37b4e9c912bcded9105d42befd59d391ad38");
    }

    #[test]
    fn what_does_not_open_ends_the_reading_and_what_is_no_record_too() {
        let suite = Suite::of(0x1301).expect("AES-128-GCM");
        let new = || SealedFlight::new(b"hello", b"hello", suite, &[1; 32]).expect("a suite that is opened");
        assert!(!new().push(&[20, 3, 3, 0, 1, 1]), "the change of cipher spec of RFC 8446 D.4");
        let mut sealed = new();
        assert!(!sealed.push(&[23, 3, 3, 0, 20]));
        assert!(sealed.push(&[7; 20]), "a record under another key");
        assert!(sealed.certs.is_none());
        assert!(new().push(b"HTTP/1.1 400"));
        assert!(SealedFlight::new(b"", b"", Suite::of(0xc0b4).expect("integrity only"), &[1; 32]).is_none());
    }
}
