//! Handshake messages and alerts.

use super::half::Stage;
use super::{Sees, Tls};
use crate::base::{Bytes, Layer, Micros, Reader, Side, WireError};
use crate::transcript::{Event, What, tap};
use crate::wire::tls::message::{self, Certificates13, EncryptedExtensions, kind};
use crate::wire::tls::suite::Kx;
use crate::wire::tls::{Choice, Exchange, Offer, TLS12, TLS13, fingerprint};
use zeroize::Zeroizing;

impl Tls {
    /// The plaintext of handshake records: messages, which may lie over several. RFC 8446 5.1.
    pub(super) fn messages(&mut self, at: Micros, from: Side, plain: &[u8], out: &mut dyn Sees) {
        let held = std::mem::take(&mut self.half(from).messages);
        let joined;
        let mut rest = if held.is_empty() {
            plain
        } else {
            joined = [&held[..], plain].concat();
            &joined[..]
        };
        while let Some((kind, len)) = begun(rest) {
            if len > MAX_MESSAGE {
                let error =
                    Reader::new(Layer::Tls, rest).error("handshake message", MAX_MESSAGE, len, crate::base::Limit::Ours(MAX_MESSAGE));
                return self.event(at, Some(from), What::Undecoded(error), out);
            }
            let Some((whole, later)) = rest.split_at_checked(HEADER_LEN + len) else { break };
            if let Err(error) = self.message(at, from, kind, whole, out) {
                self.event(at, Some(from), What::Undecoded(error), out);
            }
            rest = later;
        }
        self.half(from).messages = rest.to_vec();
    }

    fn message(&mut self, at: Micros, from: Side, kind: u8, whole: &[u8], out: &mut dyn Sees) -> Result<(), WireError> {
        let body = &mut Reader::new(Layer::Tls, whole.get(HEADER_LEN..).unwrap_or_default());
        if kind != kind::CLIENT_HELLO
            && kind != kind::HELLO_REQUEST
            && let Some(transcript) = &mut self.shake.transcript
            && transcript.len() + whole.len() <= MAX_TRANSCRIPT
        {
            transcript.extend_from_slice(whole);
        }
        let old = self.shake.version() <= TLS12;
        match (kind, from) {
            (kind::CLIENT_HELLO, Side::Client) => self.client_hello(at, whole, body, out)?,
            (kind::SERVER_HELLO, Side::Server) => self.server_hello(at, body, out)?,
            (kind::CERTIFICATE, Side::Server) if old => self.chain(at, message::certificates(body)?, out),
            (kind::CERTIFICATE, Side::Server) => {
                let read = Certificates13::parse(body)?;
                self.shake.staple = read.ocsp;
                self.chain(at, read.certs, out);
            }
            (kind::ENCRYPTED_EXTENSIONS, Side::Server) => {
                let read = EncryptedExtensions::parse(body)?;
                self.shake.alpn = read.alpn;
                self.shake.early_data_accepted = Some(read.early_data);
                self.skip_early(at, 0, out);
            }
            (kind::CERTIFICATE_STATUS, Side::Server) => self.shake.staple = message::certificate_status(body).ok(),
            (kind::SERVER_KEY_EXCHANGE, Side::Server) if old => self.server_key_exchange(body),
            (kind::CERTIFICATE_VERIFY, Side::Server) if !old => self.shake.signed_with = Some(body.u16("signature scheme")?),
            (kind::CERTIFICATE_REQUEST, Side::Server) => self.shake.client_cert_requested = true,
            (kind::CLIENT_KEY_EXCHANGE, Side::Client) if old => self.client_key_exchange(body),
            (kind::NEW_SESSION_TICKET, Side::Server) if old => self.session_ticket(body)?,
            (kind::KEY_UPDATE, _) if !old => self.update_key(from),
            (kind::END_OF_EARLY_DATA, Side::Client) if !old => self.next_stage(from, Stage::Handshake),
            (kind::FINISHED, _) => self.finished(at, from, out),
            _ => {}
        }
        Ok(())
    }

    fn client_hello(&mut self, at: Micros, whole: &[u8], body: &mut Reader<'_>, out: &mut dyn Sees) -> Result<(), WireError> {
        let offer = Offer::parse(body)?;
        self.shake.transcript = self.keys.borrow().derives().then(|| Zeroizing::new(whole.to_vec()));
        let seen = tap::ClientHello::from(&offer);
        self.shake.begin_anew(at, offer);
        self.event(at, Some(Side::Client), What::ClientHello(Box::new(seen)), out);
        Ok(())
    }

    fn server_hello(&mut self, at: Micros, body: &mut Reader<'_>, out: &mut dyn Sees) -> Result<(), WireError> {
        let choice = Choice::parse(body)?;
        let seen = tap::ServerHello {
            version: choice.version,
            suite: choice.suite,
            alpn: choice.alpn.as_ref().map(|name| String::from_utf8_lossy(name).into_owned()),
            retry: choice.is_retry(),
            resumed: self.shake.offer.as_ref().is_some_and(|offer| choice.resumes(offer)),
            ja3s: fingerprint::ja3s(&choice),
            ja4s: fingerprint::ja4s(&choice),
        };
        let sealed = choice.version >= TLS13 && !seen.retry;
        if !seen.retry && (choice.version <= TLS12 || !choice.psk) {
            self.shake.early_data_accepted = Some(false);
        }
        self.shake.choice = Some(Box::new(choice));
        self.event(at, Some(Side::Server), What::ServerHello(Box::new(seen)), out);
        self.recall_master();
        if sealed {
            self.shake.transcript = None;
            self.server.sealed = true;
            self.client.sealed = true;
            self.client.stage = if self.shake.offers_early_data() { Stage::Early } else { Stage::Handshake };
        }
        Ok(())
    }

    fn chain(&mut self, at: Micros, certs: Vec<Bytes>, out: &mut dyn Sees) {
        self.latest = self.latest.max(at);
        out.event(Event::new(self.latest, None, Layer::Cert, What::Began));
        self.event(at, Some(Side::Server), What::Chain { from: None, certs, aside: false }, out);
    }

    /// One that cannot be read is of a kind unknown here. RFC 5246 7.4.3, RFC 8422 5.4.
    fn server_key_exchange(&mut self, body: &mut Reader<'_>) {
        let suite = self.shake.suite();
        let Some(Ok(read)) = suite.map(|suite| Exchange::parse(body, self.shake.version(), suite)) else { return };
        (self.shake.curve, self.shake.signed_with) = (read.group, read.scheme);
    }

    /// RFC 5246 7.4.7.1.
    fn client_key_exchange(&mut self, body: &mut Reader<'_>) {
        if !self.keys.borrow().derives() && self.shake.transcript.is_none() {
            return;
        }
        let is_rsa = self.shake.suite().is_some_and(|suite| suite.kx == Kx::Rsa);
        let encrypted = message::encrypted_premaster(body, self.shake.version()).ok().filter(|_| is_rsa);
        self.derive_master(encrypted);
    }

    /// RFC 5077 3.3.
    fn session_ticket(&mut self, body: &mut Reader<'_>) -> Result<(), WireError> {
        let ticket = message::session_ticket(body)?;
        if let Some(master) = &self.shake.master {
            self.keys.borrow_mut().remember(ticket, master);
        }
        Ok(())
    }

    fn finished(&mut self, at: Micros, from: Side, out: &mut dyn Sees) {
        let [client, server] = &mut self.shake.finished;
        *(if from == Side::Client { client } else { server }) = true;
        if self.shake.version() >= TLS13 {
            self.next_stage(from, Stage::Traffic);
        }
        if self.shake.finished == [true; 2] && !self.shake.over() {
            self.secure(at, out);
        }
    }
}

/// Type and length of the message that begins here. RFC 5246 7.4.
fn begun(bytes: &[u8]) -> Option<(u8, usize)> {
    let [kind, high, middle, low] = bytes.first_chunk::<HEADER_LEN>()?;
    Some((*kind, u32::from_be_bytes([0, *high, *middle, *low]) as usize))
}

/// RFC 5246 7.4, bytes.
const HEADER_LEN: usize = 4;
/// Ours: a longer handshake message is not put together, in bytes.
const MAX_MESSAGE: usize = 128 * 1024;
/// Ours: more of a handshake is not kept for the extended master secret, in bytes.
const MAX_TRANSCRIPT: usize = 256 * 1024;
