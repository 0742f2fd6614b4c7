//! What a ClientHello offers and what a ServerHello chooses. RFC 5246 7.4.1, RFC 8446 4.1.

use super::{SUPPORTED_VERSIONS, TLS12, TLS13};
use crate::base::{Reader, WireError};

/// A ClientHello, read. Lists stand as they were sent, GREASE (RFC 8701) included.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Offer {
    /// The version field, 0x0303 at most.
    pub legacy_version: u16,
    /// Random; the key log goes by it.
    pub random: [u8; 32],
    /// Session id.
    pub session_id: Vec<u8>,
    /// Cipher suites.
    pub suites: Vec<u16>,
    /// Extension types in their order.
    pub extensions: Vec<u16>,
    /// Name of SNI. RFC 6066 3.
    pub server_name: Option<String>,
    /// Named groups. RFC 8422 5.1.1, RFC 8446 4.2.7.
    pub groups: Vec<u16>,
    /// Point formats. RFC 8422 5.1.2.
    pub point_formats: Vec<u8>,
    /// Signature schemes. RFC 8446 4.2.3.
    pub signature_schemes: Vec<u16>,
    /// Protocols of ALPN as they were sent. RFC 7301 3.1.
    pub alpn: Vec<Vec<u8>>,
    /// supported_versions; empty where it was not sent. RFC 8446 4.2.1.
    pub supported_versions: Vec<u16>,
    /// Session ticket; empty where a ticket is only asked for. RFC 5077 3.2.
    pub ticket: Option<Vec<u8>>,
    /// A pre-shared key is offered. RFC 8446 4.2.11.
    pub psk: bool,
    /// Early data is announced. RFC 8446 4.2.10.
    pub early_data: bool,
}

impl Offer {
    /// From the body of a ClientHello message.
    pub fn parse(reader: &mut Reader<'_>) -> Result<Offer, WireError> {
        let mut offer = Offer { legacy_version: reader.u16("client version")?, random: reader.array("random")?, ..Offer::default() };
        let len = reader.u8("session id length")?;
        offer.session_id = reader.take("session id", len.into())?.to_vec();
        let len = reader.u16("cipher suites length")?;
        offer.suites = numbers(&mut reader.sub("cipher suites", len.into(), "cipher suites length")?)?;
        let len = reader.u8("compression methods length")?;
        reader.take("compression methods", len.into())?;
        for_each_extension(reader, |kind, body| {
            offer.extensions.push(kind);
            // An extension that cannot be read is one of a kind unknown here: the hello as a whole still counts.
            let _ = offer.extension(kind, body);
        })?;
        Ok(offer)
    }

    fn extension(&mut self, kind: u16, mut body: Reader<'_>) -> Result<(), WireError> {
        match kind {
            SERVER_NAME => self.server_name = server_name(&mut body)?.or(self.server_name.take()),
            SUPPORTED_GROUPS => self.groups = listed(&mut body)?,
            EC_POINT_FORMATS => {
                let len = body.u8("point formats length")?;
                self.point_formats = body.take("point formats", len.into())?.to_vec();
            }
            SIGNATURE_ALGORITHMS => self.signature_schemes = listed(&mut body)?,
            ALPN => self.alpn = protocols(&mut body)?,
            SESSION_TICKET => self.ticket = Some(body.rest().to_vec()),
            SUPPORTED_VERSIONS => {
                let len = body.u8("versions length")?;
                self.supported_versions = numbers(&mut body.sub("versions", len.into(), "versions length")?)?;
            }
            PRE_SHARED_KEY => self.psk = true,
            EARLY_DATA => self.early_data = true,
            _ => {}
        }
        Ok(())
    }

    /// Versions offered, without GREASE: those of supported_versions, else the version field.
    pub fn versions(&self) -> Vec<u16> {
        let listed: Vec<u16> = self.supported_versions.iter().copied().filter(|version| !is_grease(*version)).collect();
        if listed.is_empty() { vec![self.legacy_version] } else { listed }
    }

    /// There is something to resume: a ticket, a pre-shared key, or a session id where TLS 1.3 is not offered, which
    /// fills the session id for the sake of middleboxes (RFC 8446 D.4).
    pub fn resumes(&self) -> bool {
        let ticket = self.ticket.as_ref().is_some_and(|ticket| !ticket.is_empty());
        ticket || self.psk || !self.session_id.is_empty() && !self.versions().contains(&TLS13)
    }
}

/// A ServerHello or HelloRetryRequest, read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choice {
    /// The version field.
    pub legacy_version: u16,
    /// Version chosen; that of supported_versions where there is one.
    pub version: u16,
    /// Random.
    pub random: [u8; 32],
    /// Session id.
    pub session_id: Vec<u8>,
    /// Cipher suite.
    pub suite: u16,
    /// Compression method; 0 is none.
    pub compression: u8,
    /// Extension types in their order.
    pub extensions: Vec<u16>,
    /// Protocol chosen by ALPN, up to TLS 1.2. RFC 7301 3.1.
    pub alpn: Option<Vec<u8>>,
    /// Group of the key share, or the one asked for. RFC 8446 4.2.8.
    pub group: Option<u16>,
    /// The server's key share in TLS 1.3; empty in a HelloRetryRequest. RFC 8446 4.2.8.
    pub key_share: Vec<u8>,
    /// A pre-shared key was accepted. RFC 8446 4.2.11.
    pub psk: bool,
    /// RFC 7627.
    pub extended_master_secret: bool,
    /// RFC 7366.
    pub encrypt_then_mac: bool,
}

impl Choice {
    /// From the body of a ServerHello message.
    pub fn parse(reader: &mut Reader<'_>) -> Result<Choice, WireError> {
        let legacy_version = reader.u16("server version")?;
        let mut choice = Choice { legacy_version, version: legacy_version, random: reader.array("random")?, ..Choice::default() };
        let len = reader.u8("session id length")?;
        choice.session_id = reader.take("session id", len.into())?.to_vec();
        choice.suite = reader.u16("cipher suite")?;
        choice.compression = reader.u8("compression method")?;
        let mut bad = None;
        for_each_extension(reader, |kind, body| {
            choice.extensions.push(kind);
            bad = choice.extension(kind, body).err().or(bad.take());
        })?;
        bad.map_or(Ok(choice), Err)
    }

    fn extension(&mut self, kind: u16, mut body: Reader<'_>) -> Result<(), WireError> {
        match kind {
            SUPPORTED_VERSIONS => self.version = body.u16("selected version")?,
            ALPN => self.alpn = protocols(&mut body)?.into_iter().next(),
            KEY_SHARE => {
                self.group = Some(body.u16("group")?);
                if !body.is_empty() {
                    let len = body.u16("key share length")?;
                    self.key_share = body.take("key share", len.into())?.to_vec();
                }
            }
            PRE_SHARED_KEY => self.psk = true,
            EXTENDED_MASTER_SECRET => self.extended_master_secret = true,
            ENCRYPT_THEN_MAC => self.encrypt_then_mac = true,
            _ => {}
        }
        Ok(())
    }

    /// Secure renegotiation is understood. RFC 5746 3.6.
    pub fn renegotiates_securely(&self) -> bool {
        self.extensions.contains(&RENEGOTIATION_INFO)
    }

    /// A session ticket will come. RFC 5077 3.2.
    pub fn gives_tickets(&self) -> bool {
        self.extensions.contains(&SESSION_TICKET)
    }

    /// It is a HelloRetryRequest. RFC 8446 4.1.3.
    pub fn is_retry(&self) -> bool {
        self.version >= TLS13 && self.random == HELLO_RETRY_REQUEST
    }

    /// The session of this offer is resumed. RFC 5246 7.4.1.3, RFC 5077 3.4, RFC 8446 4.2.11.
    pub fn resumes(&self, offer: &Offer) -> bool {
        match self.version > TLS12 {
            true => self.psk,
            false => !self.session_id.is_empty() && self.session_id == offer.session_id,
        }
    }
}

/// Values that mean nothing and are sent to keep servers honest. RFC 8701 2.
pub fn is_grease(number: u16) -> bool {
    let [high, low] = number.to_be_bytes();
    high == low && low & 0x0f == 0x0a
}

/// Runs through the extensions of a hello, which may be left out altogether. RFC 5246 7.4.1.4.
pub(super) fn for_each_extension(reader: &mut Reader<'_>, mut with: impl FnMut(u16, Reader<'_>)) -> Result<(), WireError> {
    if reader.is_empty() {
        return Ok(());
    }
    let len = reader.u16("extensions length")?;
    let mut extensions = reader.sub("extensions", len.into(), "extensions length")?;
    while !extensions.is_empty() {
        let kind = extensions.u16("extension type")?;
        let len = extensions.u16("extension length")?;
        with(kind, extensions.sub("extension", len.into(), "extension length")?);
    }
    Ok(())
}

/// The protocols of ALPN. RFC 7301 3.1.
pub(super) fn protocols(body: &mut Reader<'_>) -> Result<Vec<Vec<u8>>, WireError> {
    let len = body.u16("protocol list length")?;
    let mut list = body.sub("protocol list", len.into(), "protocol list length")?;
    let mut names = Vec::new();
    while !list.is_empty() {
        let len = list.u8("protocol length")?;
        names.push(list.take("protocol", len.into())?.to_vec());
    }
    Ok(names)
}

/// The host name of SNI. RFC 6066 3.
fn server_name(body: &mut Reader<'_>) -> Result<Option<String>, WireError> {
    if body.is_empty() {
        return Ok(None);
    }
    let len = body.u16("server name list length")?;
    let mut list = body.sub("server name list", len.into(), "server name list length")?;
    while !list.is_empty() {
        let kind = list.u8("name type")?;
        let len = list.u16("name length")?;
        let name = list.take("name", len.into())?;
        if kind == 0 {
            return Ok(Some(String::from_utf8_lossy(name).into_owned()));
        }
    }
    Ok(None)
}

/// Numbers behind a length of two bytes.
fn listed(body: &mut Reader<'_>) -> Result<Vec<u16>, WireError> {
    let len = body.u16("list length")?;
    numbers(&mut body.sub("list", len.into(), "list length")?)
}

fn numbers(reader: &mut Reader<'_>) -> Result<Vec<u16>, WireError> {
    let mut numbers = Vec::with_capacity(reader.left() / 2);
    while !reader.is_empty() {
        numbers.push(reader.u16("number")?);
    }
    Ok(numbers)
}

/// IANA, TLS ExtensionType Values.
pub(super) const SERVER_NAME: u16 = 0;
const SUPPORTED_GROUPS: u16 = 10;
const EC_POINT_FORMATS: u16 = 11;
const SIGNATURE_ALGORITHMS: u16 = 13;
pub(super) const ALPN: u16 = 16;
const ENCRYPT_THEN_MAC: u16 = 22;
const EXTENDED_MASTER_SECRET: u16 = 23;
/// RFC 5077 3.2.
const SESSION_TICKET: u16 = 35;
/// RFC 5746 3.2.
const RENEGOTIATION_INFO: u16 = 0xff01;
const PRE_SHARED_KEY: u16 = 41;
pub(super) const EARLY_DATA: u16 = 42;
const KEY_SHARE: u16 = 51;
/// RFC 8446 4.1.3: SHA-256 of "HelloRetryRequest".
const HELLO_RETRY_REQUEST: [u8; 32] = [
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb,
    0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
];
