//! TLS on the wire: a ClientHello of our own making and the first flight of a server up to TLS 1.2, for servers that the
//! TLS library will not speak to; and for captures, readers of hellos and other messages, suites, and fingerprints.
//! RFC 6101, RFC 2246, RFC 4346, RFC 5246, RFC 8446.

pub mod fingerprint;
mod hello;
pub mod message;
mod offer;
pub mod record;
pub mod suite;
mod suites;

pub use hello::ClientHello;
pub use offer::{Choice, Offer, is_grease};
pub use record::Alert;

use crate::base::{Bytes, Layer, Limit, Reader, WireError};
use message::kind::{CERTIFICATE, SERVER_HELLO, SERVER_HELLO_DONE};
use record::{ALERT, CLOSE_NOTIFY, HANDSHAKE, HEADER_LEN, Header};

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
            let Some(Header { kind, len, .. }) = Header::parse(&self.records)? else { return Ok(()) };
            let Some(body) = self.records.get(HEADER_LEN..HEADER_LEN + len).map(<[u8]>::to_vec) else { return Ok(()) };
            self.records.drain(..HEADER_LEN + len);
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
        let alert = Alert::parse(body)?;
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
                    let Choice { version, suite, .. } = Choice::parse(&mut body)?;
                    self.done = version >= TLS13;
                    self.hello = Some(ServerHello { version, cipher: suite });
                }
                CERTIFICATE => {
                    self.certs = Some(message::certificates(&mut body)?);
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

/// RFC 5246 7.2.
const WARNING: u8 = 1;
/// RFC 8446 4.2.1.
const SUPPORTED_VERSIONS: u16 = 43;
/// RFC 5246 7.4, bytes.
const HANDSHAKE_HEADER: usize = 4;
/// Ours: a longer handshake message is refused, in bytes.
const MAX_MESSAGE: usize = 64 * 1024;
/// Ours: a longer first flight is refused, in bytes.
const MAX_FLIGHT: usize = 128 * 1024;

#[cfg(test)]
mod tests;
