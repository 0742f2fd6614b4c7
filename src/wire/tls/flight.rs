//! The first flight of a server, as far as it is not encrypted.

use super::message::{self, kind};
use super::offer::Choice;
use super::record::{ALERT, Alert, CLOSE_NOTIFY, HANDSHAKE, HEADER_LEN, Header};
use super::suite::{Kx, Suite};
use super::{TLS12, TLS13};
use crate::base::{Bytes, Layer, Limit, Reader, WireError};

/// How far a flight is of interest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Until {
    /// Its ServerHello.
    Hello,
    /// Its certificates.
    #[default]
    Certificates,
    /// Its end, with the key exchange.
    Done,
}

/// A server's first flight as it comes in, in pieces of any size. At most one record and one handshake message are held.
#[derive(Clone, Debug, Default)]
pub struct Flight {
    /// What the server chose.
    pub hello: Option<Choice>,
    /// The ServerHello message, which goes into the transcript hash. RFC 8446 4.4.1.
    pub hello_message: Vec<u8>,
    /// Its certificates, DER, leaf first.
    pub certs: Option<Vec<Bytes>>,
    /// Its part of the key exchange, up to TLS 1.2.
    pub exchange: Option<Exchange>,
    /// It wants to see a certificate.
    pub asks_for_certificate: bool,
    /// The fatal alert it sent instead.
    pub alert: Option<Alert>,
    until: Until,
    records: Vec<u8>,
    messages: Vec<u8>,
    total: usize,
    done: bool,
}

/// The server's part of an ephemeral key exchange. RFC 5246 7.4.3, RFC 8422 5.4.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Exchange {
    /// Named group.
    pub group: Option<u16>,
    /// Length in bits of the prime of Diffie-Hellman, or of the short RSA key of an export suite.
    pub bits: Option<u16>,
    /// Signature scheme; TLS 1.2 names it.
    pub scheme: Option<u16>,
}

impl Flight {
    /// A flight that is read so far.
    pub fn until(until: Until) -> Flight {
        Flight { until, ..Flight::default() }
    }

    /// Takes more bytes; whether all that was wanted is learned. After an error nothing more is read.
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

    /// Bytes that came behind what was read.
    pub fn rest(&self) -> &[u8] {
        &self.records
    }

    /// Bytes that wait for more of their kind.
    pub fn held(&self) -> usize {
        self.records.len().max(self.messages.len())
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
            let Some(len) = self.message_len()? else { return Ok(()) };
            let rest = self.messages.split_off(len);
            let message = std::mem::replace(&mut self.messages, rest);
            self.take(&message)?;
        }
        Ok(())
    }

    /// Length of the first message with its header, when all of it is there.
    fn message_len(&self) -> Result<Option<usize>, WireError> {
        let mut reader = Reader::new(Layer::Tls, &self.messages);
        let (Ok(_), Ok(len)) = (reader.u8("handshake type"), reader.u24("handshake length")) else { return Ok(None) };
        let len = usize::try_from(len).unwrap_or(usize::MAX);
        if len > MAX_MESSAGE {
            return Err(reader.error("handshake message", MAX_MESSAGE, len, Limit::Ours(MAX_MESSAGE)));
        }
        Ok((reader.left() >= len).then_some(HANDSHAKE_HEADER + len))
    }

    fn take(&mut self, message: &[u8]) -> Result<(), WireError> {
        let mut body = Reader::new(Layer::Tls, message);
        let kind = body.u8("handshake type")?;
        body.u24("handshake length")?;
        match kind {
            kind::SERVER_HELLO => {
                let choice = Choice::parse(&mut body)?;
                self.done = choice.version >= TLS13 || self.until == Until::Hello;
                (self.hello, self.hello_message) = (Some(choice), message.to_vec());
            }
            kind::CERTIFICATE => {
                self.certs = Some(message::certificates(&mut body)?);
                self.done = self.until <= Until::Certificates;
            }
            kind::SERVER_KEY_EXCHANGE => {
                let chosen = self.hello.as_ref().and_then(|choice| Some((choice.version, Suite::of(choice.suite)?)));
                // An exchange that cannot be read is one of a kind unknown here: the flight as a whole still counts.
                self.exchange = chosen.and_then(|(version, suite)| Exchange::parse(&mut body, version, suite).ok());
            }
            kind::CERTIFICATE_REQUEST => self.asks_for_certificate = true,
            kind::SERVER_HELLO_DONE => self.done = true,
            _ => {}
        }
        Ok(())
    }
}

impl Exchange {
    /// From the body of a ServerKeyExchange.
    pub fn parse(reader: &mut Reader<'_>, version: u16, suite: &Suite) -> Result<Exchange, WireError> {
        let mut exchange = Exchange::default();
        let curves = suite.kx == Kx::Ecdhe || suite.name.starts_with("TLS_ECDH_anon");
        if curves {
            exchange.group = message::named_curve(reader)?;
            let len = reader.u8("point length")?;
            reader.take("point", len.into())?;
        } else {
            exchange.bits = Some(number_bits(reader)?);
            let numbers = if suite.name.starts_with("TLS_RSA_EXPORT") { 1 } else { 2 };
            for _ in 0..numbers {
                number_bits(reader)?;
            }
        }
        if version >= TLS12 && !suite.is_anonymous() {
            exchange.scheme = Some(reader.u16("signature scheme")?);
        }
        Ok(exchange)
    }
}

/// Length in bits of a number behind its length in bytes.
fn number_bits(reader: &mut Reader<'_>) -> Result<u16, WireError> {
    let len = reader.u16("number length")?;
    let bytes = reader.take("number", len.into())?;
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    let first = bytes.get(zeros).map_or(0, |byte| 8 - byte.leading_zeros() as usize);
    let bits = bytes.len().saturating_sub(zeros + 1) * 8 + first;
    Ok(u16::try_from(bits).unwrap_or(u16::MAX))
}

/// RFC 5246 7.2.
const WARNING: u8 = 1;
/// RFC 5246 7.4, bytes.
const HANDSHAKE_HEADER: usize = 4;
/// Ours: a longer handshake message is refused, in bytes.
pub(super) const MAX_MESSAGE: usize = 64 * 1024;
/// Ours: a longer first flight is refused, in bytes.
pub(super) const MAX_FLIGHT: usize = 128 * 1024;
