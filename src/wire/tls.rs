//! A ClientHello of our own making, and the first flight of a server up to TLS 1.2: for servers that the TLS library
//! will not speak to. RFC 6101, RFC 2246, RFC 4346, RFC 5246, RFC 8446.

mod hello;

pub use hello::ClientHello;

use crate::base::{Bytes, Layer, Limit, Reader, WireError};

/// SSL 3.0.
pub const SSL30: u16 = 0x0300;
/// TLS 1.0.
pub const TLS10: u16 = 0x0301;
/// TLS 1.1.
pub const TLS11: u16 = 0x0302;
/// TLS 1.2.
pub const TLS12: u16 = 0x0303;
/// TLS 1.3.
pub const TLS13: u16 = 0x0304;

/// What a server chose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServerHello {
    /// Version, such as 0x0301; that of supported_versions where there is one.
    pub version: u16,
    /// Cipher suite, IANA number.
    pub cipher: u16,
}

/// An alert record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Alert {
    /// 1 warning, 2 fatal.
    pub level: u8,
    /// Alert number, RFC 8446 6.
    pub description: u8,
}

/// A server's first flight as it comes in, in pieces of any size. At most one record and one handshake message are held.
#[derive(Clone, Debug, Default)]
pub struct Flight {
    /// What the server chose.
    pub hello: Option<ServerHello>,
    /// Its certificates, DER, leaf first.
    pub certs: Option<Vec<Bytes>>,
    /// The fatal alert it sent instead.
    pub alert: Option<Alert>,
    records: Vec<u8>,
    messages: Vec<u8>,
    total: usize,
    done: bool,
}

impl Flight {
    /// Takes more bytes; whether all that can be learned is learned. After an error nothing more is read.
    pub fn push(&mut self, bytes: &[u8]) -> Result<bool, WireError> {
        if self.done {
            return Ok(true);
        }
        self.total = self.total.saturating_add(bytes.len());
        if self.total > MAX_FLIGHT {
            self.done = true;
            return Err(Reader::new(Layer::Tls, bytes).error(
                "first flight of the server",
                MAX_FLIGHT,
                self.total,
                Limit::Ours(MAX_FLIGHT),
            ));
        }
        self.records.extend_from_slice(bytes);
        let result = self.read_records();
        self.done |= result.is_err();
        result.map(|()| self.done)
    }

    fn read_records(&mut self) -> Result<(), WireError> {
        while !self.done {
            let Some(Record { kind, body }) = record(&self.records)? else { return Ok(()) };
            let body = body.to_vec();
            self.records.drain(..RECORD_HEADER + body.len());
            match kind {
                HANDSHAKE => {
                    self.messages.extend(body);
                    self.read_messages()?;
                }
                ALERT => self.read_alert(&body)?,
                // RFC 5246 7.1: what follows a change of cipher spec is encrypted.
                _ => self.done = true,
            }
        }
        Ok(())
    }

    fn read_alert(&mut self, body: &[u8]) -> Result<(), WireError> {
        let mut reader = Reader::new(Layer::Tls, body);
        let alert = Alert { level: reader.u8("alert level")?, description: reader.u8("alert description")? };
        if alert.level != WARNING || alert.description == CLOSE_NOTIFY {
            self.alert = Some(alert);
            self.done = true;
        }
        Ok(())
    }

    fn read_messages(&mut self) -> Result<(), WireError> {
        while !self.done {
            let mut reader = Reader::new(Layer::Tls, &self.messages);
            let (Ok(kind), Ok(len)) = (reader.u8("handshake type"), reader.u24("handshake length")) else { return Ok(()) };
            let len = usize::try_from(len).unwrap_or(usize::MAX);
            if len > MAX_MESSAGE {
                return Err(reader.error("handshake message", MAX_MESSAGE, len, Limit::Ours(MAX_MESSAGE)));
            }
            let Ok(mut body) = reader.sub("handshake message", len, "handshake length") else { return Ok(()) };
            match kind {
                SERVER_HELLO => {
                    let hello = server_hello(&mut body)?;
                    self.done = hello.version >= TLS13;
                    self.hello = Some(hello);
                }
                CERTIFICATE => {
                    self.certs = Some(certificates(&mut body)?);
                    self.done = true;
                }
                SERVER_HELLO_DONE => self.done = true,
                _ => {}
            }
            self.messages.drain(..HANDSHAKE_HEADER + len);
        }
        Ok(())
    }
}

/// One record without its header.
struct Record<'a> {
    kind: u8,
    body: &'a [u8],
}

/// The record at the start; nothing when more bytes are needed. RFC 8446 5.1.
fn record(bytes: &[u8]) -> Result<Option<Record<'_>>, WireError> {
    let mut reader = Reader::new(Layer::Tls, bytes);
    let Ok(kind) = reader.u8("record type") else { return Ok(None) };
    if !(CHANGE_CIPHER_SPEC..=HEARTBEAT).contains(&kind) {
        return Err(Reader::new(Layer::Tls, bytes).error("record type", 22, kind.into(), Limit::Spec("RFC 8446 5.1".into())));
    }
    let Ok(major) = reader.u8("record version") else { return Ok(None) };
    if major != 3 {
        return Err(Reader::new(Layer::Tls, bytes).error("record version", 3, major.into(), Limit::Spec("RFC 8446 5.1".into())));
    }
    let (Ok(_minor), Ok(len)) = (reader.u8("record version"), reader.u16("record length")) else { return Ok(None) };
    let len = usize::from(len);
    if len > MAX_RECORD {
        return Err(reader.error("record", MAX_RECORD, len, Limit::Spec("RFC 5246 6.2.3".into())));
    }
    Ok(reader.take("record", len).ok().map(|body| Record { kind, body }))
}

/// RFC 5246 7.4.1.3; RFC 8446 4.2.1 for the version of TLS 1.3.
fn server_hello(reader: &mut Reader<'_>) -> Result<ServerHello, WireError> {
    let mut version = reader.u16("server version")?;
    reader.take("random", 32)?;
    let len = reader.u8("session id length")?;
    reader.take("session id", len.into())?;
    let cipher = reader.u16("cipher suite")?;
    reader.u8("compression method")?;
    if !reader.is_empty() {
        let len = reader.u16("extensions length")?;
        let mut extensions = reader.sub("extensions", len.into(), "extensions length")?;
        while !extensions.is_empty() {
            let kind = extensions.u16("extension type")?;
            let len = extensions.u16("extension length")?;
            let mut body = extensions.sub("extension", len.into(), "extension length")?;
            if kind == SUPPORTED_VERSIONS {
                version = body.u16("selected version")?;
            }
        }
    }
    Ok(ServerHello { version, cipher })
}

/// RFC 5246 7.4.2.
fn certificates(reader: &mut Reader<'_>) -> Result<Vec<Bytes>, WireError> {
    let len = reader.u24("certificate list length")?;
    let mut list = reader.sub("certificate list", len as usize, "certificate list length")?;
    let mut certs = Vec::new();
    while !list.is_empty() {
        let len = list.u24("certificate length")?;
        certs.push(Bytes::from(list.take("certificate", len as usize)?));
    }
    Ok(certs)
}

/// RFC 8446 5.1, content types.
const CHANGE_CIPHER_SPEC: u8 = 20;
const ALERT: u8 = 21;
const HANDSHAKE: u8 = 22;
/// RFC 6520 3.
const HEARTBEAT: u8 = 24;
/// RFC 5246 7.4, handshake types.
const SERVER_HELLO: u8 = 2;
const CERTIFICATE: u8 = 11;
const SERVER_HELLO_DONE: u8 = 14;
/// RFC 5246 7.2.
const WARNING: u8 = 1;
const CLOSE_NOTIFY: u8 = 0;
/// RFC 8446 4.2.
const SUPPORTED_VERSIONS: u16 = 43;
/// RFC 5246 6.2.1, bytes.
const RECORD_HEADER: usize = 5;
/// RFC 5246 7.4, bytes.
const HANDSHAKE_HEADER: usize = 4;
/// RFC 5246 6.2.3: 2^14 + 2048 bytes.
const MAX_RECORD: usize = (1 << 14) + 2048;
/// Ours: a longer handshake message is refused, in bytes.
const MAX_MESSAGE: usize = 64 * 1024;
/// Ours: a longer first flight is refused, in bytes.
const MAX_FLIGHT: usize = 128 * 1024;

#[cfg(test)]
mod tests;
