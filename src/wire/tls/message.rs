//! Handshake messages behind the hellos. RFC 5246 7.4, RFC 8446 4.3 to 4.6.

use super::offer::{ALPN, EARLY_DATA, for_each_extension, protocols};
use crate::base::{Bytes, Reader, WireError};

/// Handshake types. RFC 8446 4, RFC 5246 7.4, RFC 6066 8 for certificate_status.
pub mod kind {
    /// RFC 5246 7.4.1.1: please begin anew.
    pub const HELLO_REQUEST: u8 = 0;
    /// See [`Offer`](super::super::Offer).
    pub const CLIENT_HELLO: u8 = 1;
    /// See [`Choice`](super::super::Choice).
    pub const SERVER_HELLO: u8 = 2;
    /// A ticket to resume with.
    pub const NEW_SESSION_TICKET: u8 = 4;
    /// RFC 8446 4.5.
    pub const END_OF_EARLY_DATA: u8 = 5;
    /// RFC 8446 4.3.1.
    pub const ENCRYPTED_EXTENSIONS: u8 = 8;
    /// Certificates.
    pub const CERTIFICATE: u8 = 11;
    /// RFC 5246 7.4.3.
    pub const SERVER_KEY_EXCHANGE: u8 = 12;
    /// The other end is to show a certificate.
    pub const CERTIFICATE_REQUEST: u8 = 13;
    /// The proof that the end holds the key of its certificate.
    pub const CERTIFICATE_VERIFY: u8 = 15;
    /// RFC 5246 7.4.5.
    pub const SERVER_HELLO_DONE: u8 = 14;
    /// RFC 5246 7.4.7.
    pub const CLIENT_KEY_EXCHANGE: u8 = 16;
    /// The proof that the handshake is the same at both ends.
    pub const FINISHED: u8 = 20;
    /// A stapled OCSP response.
    pub const CERTIFICATE_STATUS: u8 = 22;
    /// RFC 8446 4.6.3.
    pub const KEY_UPDATE: u8 = 24;
}

/// The certificates of a Certificate message up to TLS 1.2, DER. RFC 5246 7.4.2.
pub fn certificates(reader: &mut Reader<'_>) -> Result<Vec<Bytes>, WireError> {
    let len = reader.u24("certificate list length")?;
    let mut list = reader.sub("certificate list", len as usize, "certificate list length")?;
    let mut certs = Vec::new();
    while !list.is_empty() {
        let len = list.u24("certificate length")?;
        certs.push(Bytes::from(list.take("certificate", len as usize)?));
    }
    Ok(certs)
}

/// A Certificate message of TLS 1.3. RFC 8446 4.4.2.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Certificates13 {
    /// The certificates, DER, leaf first.
    pub certs: Vec<Bytes>,
    /// The OCSP response stapled to the leaf.
    pub ocsp: Option<Bytes>,
}

impl Certificates13 {
    /// From the body of the message.
    pub fn parse(reader: &mut Reader<'_>) -> Result<Certificates13, WireError> {
        let len = reader.u8("request context length")?;
        reader.take("request context", len.into())?;
        let len = reader.u24("certificate list length")?;
        let mut list = reader.sub("certificate list", len as usize, "certificate list length")?;
        let mut read = Certificates13::default();
        while !list.is_empty() {
            let len = list.u24("certificate length")?;
            read.certs.push(Bytes::from(list.take("certificate", len as usize)?));
            let len = list.u16("certificate extensions length")?;
            let mut extensions = list.sub("certificate extensions", len.into(), "certificate extensions length")?;
            while !extensions.is_empty() {
                let kind = extensions.u16("extension type")?;
                let len = extensions.u16("extension length")?;
                let mut body = extensions.sub("extension", len.into(), "extension length")?;
                if kind == STATUS_REQUEST && read.certs.len() == 1 {
                    read.ocsp = certificate_status(&mut body).ok();
                }
            }
        }
        Ok(read)
    }
}

/// The OCSP response of a CertificateStatus. RFC 6066 8.
pub fn certificate_status(reader: &mut Reader<'_>) -> Result<Bytes, WireError> {
    reader.u8("status type")?;
    let len = reader.u24("response length")?;
    Ok(Bytes::from(reader.take("response", len as usize)?))
}

/// The name of a signature scheme, or its number. RFC 8446 4.2.3.
pub fn scheme_name(number: u16) -> String {
    let row = SCHEMES.iter().find(|row| row.0 == number);
    row.map_or_else(|| format!("0x{number:04X}"), |row| row.1.to_string())
}

/// EncryptedExtensions, as far as they matter here. RFC 8446 4.3.1.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EncryptedExtensions {
    /// Protocol chosen by ALPN.
    pub alpn: Option<Vec<u8>>,
    /// Early data is accepted.
    pub early_data: bool,
}

impl EncryptedExtensions {
    /// From the body of the message.
    pub fn parse(reader: &mut Reader<'_>) -> Result<EncryptedExtensions, WireError> {
        let mut read = EncryptedExtensions::default();
        for_each_extension(reader, |kind, mut body| match kind {
            ALPN => read.alpn = protocols(&mut body).ok().and_then(|names| names.into_iter().next()),
            EARLY_DATA => read.early_data = true,
            _ => {}
        })?;
        Ok(read)
    }
}

/// The named curve of a ServerKeyExchange over curves. RFC 8422 5.4.
pub fn named_curve(reader: &mut Reader<'_>) -> Result<Option<u16>, WireError> {
    let named = reader.u8("curve type")? == NAMED_CURVE;
    Ok(if named { Some(reader.u16("named curve")?) } else { None })
}

/// The ticket of a NewSessionTicket up to TLS 1.2. RFC 5077 3.3.
pub fn session_ticket<'a>(reader: &mut Reader<'a>) -> Result<&'a [u8], WireError> {
    reader.u32("ticket lifetime")?;
    let len = reader.u16("ticket length")?;
    reader.take("ticket", len.into())
}

/// The encrypted premaster secret of a ClientKeyExchange of RSA; SSL 3.0 has no length before it. RFC 5246 7.4.7.1.
pub fn encrypted_premaster<'a>(reader: &mut Reader<'a>, version: u16) -> Result<&'a [u8], WireError> {
    if version <= super::SSL30 {
        return Ok(reader.rest());
    }
    let len = reader.u16("encrypted premaster secret length")?;
    reader.take("encrypted premaster secret", len.into())
}

/// The name of a key exchange group, as the TLS library spells it, or its number. IANA, TLS Supported Groups.
pub fn group_name(number: u16) -> String {
    let row = GROUPS.iter().find(|row| row.0 == number);
    row.map_or_else(|| format!("0x{number:04X}"), |row| row.1.to_string())
}

/// RFC 6066 8.
const STATUS_REQUEST: u16 = 5;
/// RFC 8422 5.4.
const NAMED_CURVE: u8 = 3;
/// RFC 8446 4.2.3, RFC 5246 7.4.1.4.1 for SHA-224 and DSA.
const SCHEMES: &[(u16, &str)] = &[
    (0x0201, "rsa_pkcs1_sha1"),
    (0x0202, "dsa_sha1"),
    (0x0203, "ecdsa_sha1"),
    (0x0301, "rsa_pkcs1_sha224"),
    (0x0303, "ecdsa_sha224"),
    (0x0401, "rsa_pkcs1_sha256"),
    (0x0402, "dsa_sha256"),
    (0x0403, "ecdsa_secp256r1_sha256"),
    (0x0501, "rsa_pkcs1_sha384"),
    (0x0503, "ecdsa_secp384r1_sha384"),
    (0x0601, "rsa_pkcs1_sha512"),
    (0x0603, "ecdsa_secp521r1_sha512"),
    (0x0804, "rsa_pss_rsae_sha256"),
    (0x0805, "rsa_pss_rsae_sha384"),
    (0x0806, "rsa_pss_rsae_sha512"),
    (0x0807, "ed25519"),
    (0x0808, "ed448"),
    (0x0809, "rsa_pss_pss_sha256"),
    (0x080a, "rsa_pss_pss_sha384"),
    (0x080b, "rsa_pss_pss_sha512"),
];
/// IANA, TLS Supported Groups.
const GROUPS: &[(u16, &str)] = &[
    (0x0013, "secp192r1"),
    (0x0015, "secp224r1"),
    (0x0016, "secp256k1"),
    (0x0017, "secp256r1"),
    (0x0018, "secp384r1"),
    (0x0019, "secp521r1"),
    (0x001a, "brainpoolP256r1"),
    (0x001b, "brainpoolP384r1"),
    (0x001c, "brainpoolP512r1"),
    (0x001d, "X25519"),
    (0x001e, "X448"),
    (0x0100, "FFDHE2048"),
    (0x0101, "FFDHE3072"),
    (0x0102, "FFDHE4096"),
    (0x0103, "FFDHE6144"),
    (0x0104, "FFDHE8192"),
    (0x11eb, "secp256r1MLKEM768"),
    (0x11ec, "X25519MLKEM768"),
];
