//! Authentication as an onlooker follows it: who, with what method, and what the server said. RFC 1334, 1994, 2759, 3748.

use super::WatchConfig;
use super::notes::Pen;
use super::proof::{self, Exchange};
use crate::base::{Layer, Side};
use crate::crypto::mschapv2;
use crate::proto::auth::{PROOF_WRONG, pap_refusal, refusal};
use crate::transcript::tap::Proof;
use crate::transcript::{Reason, What};
use crate::wire::chap::{self, MsChapFailure, MsChapV2Response};
use crate::wire::eap::{self, MsChapV2 as EapMsChapV2};
use crate::wire::ncp::AuthMethod;
use crate::wire::pap;

/// What the client proved itself with, as far as crypto binding goes. MS-SSTP 3.2.5.2.2.
#[derive(Clone, Debug, Default)]
pub(super) enum Keys {
    /// Nothing was proved yet.
    #[default]
    None,
    /// A method that yields no key; its name.
    Zero(&'static str),
    /// MS-CHAPv2, plain or within EAP; the key where it is known.
    MsChapV2 { within_eap: bool, hlak: Option<Box<crate::base::Secret<[u8; 32]>>> },
    /// Another EAP type, whose keys cannot be had from outside.
    Eap(u8),
}

/// The state of authentication.
#[derive(Clone, Debug, Default)]
pub(super) struct Auth {
    /// The name that the client gave.
    pub user: Option<String>,
    /// The client answered in an authentication protocol.
    pub tried: bool,
    pub keys: Keys,
    challenge: Option<(u8, Vec<u8>)>,
    expected: Option<String>,
    /// A refusal that may still be followed by another attempt.
    refused: Option<String>,
    /// The server accepted the client without the proof that MS-CHAPv2 owes.
    unproved: bool,
    proofs: u32,
}

impl Keys {
    /// Where bytes are missing, a login that was not seen may have been there all the same.
    pub fn or_unknown(&self) -> Option<&Keys> {
        if matches!(self, Keys::None) { None } else { Some(self) }
    }
}

impl Auth {
    /// Why the layer failed, if the call ends now.
    pub fn failure(&self) -> Option<Reason> {
        let refused = self.refused.clone().map(Reason::Refused);
        refused.or_else(|| self.unproved.then(|| Reason::Violated(PROOF_WRONG.into())))
    }

    /// What is awaited.
    pub fn waiting_for(&self) -> &'static str {
        if self.tried && !matches!(self.keys, Keys::None) { "authentication result" } else { "authentication challenge" }
    }

    fn answered(&mut self, pen: &mut Pen<'_>, keys: Keys) {
        self.tried = true;
        self.refused = None;
        self.keys = keys;
        pen.wait();
    }

    fn name(&mut self, name: &[u8]) {
        let name = String::from_utf8_lossy(name.get(..name.len().min(MAX_NAME)).unwrap_or_default()).into_owned();
        self.user = Some(name);
    }

    fn tell(&mut self, pen: &mut Pen<'_>, by: Side, of: Proof, (holds, says): (bool, String)) {
        self.proofs += 1;
        if self.proofs <= MAX_PROOFS {
            pen.note(Some(by), Layer::Auth, What::Proof { of, holds, says });
        }
    }

    pub fn pap(&mut self, pen: &mut Pen<'_>, config: &WatchConfig, by: Side, packet: &pap::Packet) {
        match (by, &packet.body) {
            (Side::Client, pap::Body::AuthenticateRequest { peer_id, password }) => {
                self.answered(pen, Keys::Zero("PAP"));
                self.name(peer_id);
                if let Some(told) = proof::pap(config, self.user.as_deref().unwrap_or_default(), password) {
                    self.tell(pen, by, Proof::Response, told);
                }
            }
            (Side::Server, pap::Body::AuthenticateAck { .. }) => pen.up(Layer::Auth),
            (Side::Server, pap::Body::AuthenticateNak { message }) => self.refused = Some(pap_refusal(message)),
            _ => {}
        }
    }

    pub fn chap(&mut self, pen: &mut Pen<'_>, config: &WatchConfig, by: Side, packet: &chap::Packet, agreed: Option<AuthMethod>) {
        match (by, &packet.body) {
            (Side::Server, chap::Body::Challenge { value, .. }) => self.challenge = Some((packet.id, value.to_vec())),
            (Side::Client, chap::Body::Response { value, name }) => {
                self.name(name);
                let md5 = agreed.map_or(value.len() != MSCHAPV2_RESPONSE, |method| method == AuthMethod::ChapMd5);
                if md5 {
                    self.md5(pen, config, "CHAP-MD5", packet.id, value);
                } else if value.len() == MSCHAPV2_RESPONSE && agreed != Some(AuthMethod::MsChapV1) {
                    self.mschapv2(pen, config, value, false);
                } else {
                    self.answered(pen, Keys::Zero("MS-CHAPv1"));
                }
            }
            (Side::Server, chap::Body::Success { message }) => self.success(pen, message),
            (Side::Server, chap::Body::Failure { message }) => self.failed(pen, message),
            _ => {}
        }
    }

    fn md5(&mut self, pen: &mut Pen<'_>, config: &WatchConfig, method: &'static str, id: u8, value: &[u8]) {
        self.answered(pen, Keys::Zero(method));
        let Some((_, challenge)) = &self.challenge else { return };
        if let Some(told) = proof::md5(config, self.user.as_deref().unwrap_or_default(), id, challenge, value) {
            self.tell(pen, Side::Client, Proof::Response, told);
        }
    }

    fn mschapv2(&mut self, pen: &mut Pen<'_>, config: &WatchConfig, value: &[u8], within_eap: bool) {
        self.answered(pen, Keys::MsChapV2 { within_eap, hlak: None });
        self.expected = None;
        let (Ok(response), Some((_, challenge))) = (MsChapV2Response::parse(value), &self.challenge) else { return };
        if response.flags != 0 {
            pen.violation(Side::Client, Layer::Auth, "RFC 2759 4", "flags", || {
                format!("the flags of the response are 0x{:02x}", response.flags)
            });
        }
        let Ok(challenge) = <[u8; 16]>::try_from(challenge.as_slice()) else {
            let len = challenge.len();
            let says = || format!("the MS-CHAPv2 challenge has {len} bytes where 16 are due");
            return pen.violation(Side::Server, Layer::Auth, "RFC 2759 4", "challenge", says);
        };
        let user = self.user.as_deref().unwrap_or_default();
        let Some(hash) = proof::nt_hash(config, user) else { return };
        let exchange = Exchange::new(hash, challenge, &response, user);
        if exchange.holds {
            self.expected = Some(exchange.authenticator_response);
            self.keys = Keys::MsChapV2 { within_eap, hlak: Some(Box::new(exchange.hlak)) };
        }
        self.tell(pen, Side::Client, Proof::Response, (exchange.holds, exchange.says));
    }

    /// CHAP Success, plain or as the Success-Request within EAP. RFC 2759 5.
    fn success(&mut self, pen: &mut Pen<'_>, message: &[u8]) {
        let within_eap = match self.keys {
            Keys::MsChapV2 { within_eap, .. } => within_eap,
            _ => return pen.up(Layer::Auth),
        };
        let there =
            message.get(..SERVER_PROOF).is_some_and(|start| start.starts_with(b"S=") && start.iter().skip(2).all(u8::is_ascii_hexdigit));
        let right = self.expected.as_ref().map(|expected| mschapv2::verify_authenticator_response(expected, message));
        self.unproved = !there || right == Some(false);
        match right {
            Some(true) => self.tell(pen, Side::Server, Proof::AuthenticatorResponse, (true, "the server knows the password".into())),
            Some(false) => self.tell(pen, Side::Server, Proof::AuthenticatorResponse, (false, PROOF_WRONG.into())),
            None => {}
        }
        if !there {
            let says = || "the message of MS-CHAPv2 Success does not begin with S= and 40 hexadecimal digits".into();
            pen.violation(Side::Server, Layer::Auth, "RFC 2759 5", "authenticator response", says);
        }
        if !within_eap && !self.unproved {
            pen.up(Layer::Auth);
        }
    }

    /// CHAP Failure; with R=1 the client may try again. RFC 2759 6.
    fn failed(&mut self, pen: &mut Pen<'_>, message: &[u8]) {
        let failure = MsChapFailure::parse(message);
        if let Some(challenge) = failure.challenge {
            self.challenge = self.challenge.take().map(|(id, _)| (id.wrapping_add(1), challenge.to_vec()));
        }
        if failure.retry == Some(true) {
            self.refused = Some(refusal(message));
        } else {
            pen.down(Layer::Auth, Reason::Refused(refusal(message)));
        }
    }

    pub fn eap(&mut self, pen: &mut Pen<'_>, config: &WatchConfig, by: Side, packet: &eap::Packet) {
        match (by, packet.code, packet.kind) {
            (Side::Client, 2, Some(kind)) => self.eap_response(pen, config, kind, packet),
            (Side::Server, 1, Some(eap::MD5)) => {
                let size = packet.data.first().map_or(0, |size| usize::from(*size));
                self.challenge = packet.data.get(1..1 + size).map(|value| (packet.id, value.to_vec()));
            }
            (Side::Server, 1, Some(eap::MSCHAPV2)) => match EapMsChapV2::parse(&packet.data).map(|inner| (inner.id, inner.body)) {
                Ok((id, chap::Body::Challenge { value, .. })) => self.challenge = Some((id, value.to_vec())),
                Ok((_, chap::Body::Success { message })) => self.success(pen, &message),
                Ok((_, chap::Body::Failure { message })) => self.failed(pen, &message),
                _ => {}
            },
            (Side::Server, 3, _) if !self.unproved => pen.up(Layer::Auth),
            (Side::Server, 4, _) => {
                let says = self.refused.take().unwrap_or_else(|| "EAP Failure".into());
                pen.down(Layer::Auth, Reason::Refused(says));
            }
            _ => {}
        }
    }

    fn eap_response(&mut self, pen: &mut Pen<'_>, config: &WatchConfig, kind: u8, packet: &eap::Packet) {
        self.tried = true;
        match kind {
            eap::IDENTITY => self.name(&packet.data),
            eap::NOTIFICATION | eap::NAK => {}
            eap::MD5 => {
                let size = packet.data.first().map_or(0, |size| usize::from(*size));
                let value = packet.data.get(1..1 + size).unwrap_or_default();
                self.md5(pen, config, "EAP-MD5", packet.id, value);
            }
            eap::MSCHAPV2 => {
                if let Ok(EapMsChapV2 { body: chap::Body::Response { value, name }, .. }) = EapMsChapV2::parse(&packet.data) {
                    self.name(&name);
                    self.mschapv2(pen, config, &value, true);
                }
            }
            other => self.answered(pen, Keys::Eap(other)),
        }
    }
}

/// Ours: bytes of a name that are kept.
const MAX_NAME: usize = 256;
/// Ours: as many offline proofs are told.
const MAX_PROOFS: u32 = 16;
/// RFC 2759 4: bytes in the value of a Response.
const MSCHAPV2_RESPONSE: usize = 49;
/// RFC 2759 5: `S=` and 40 digits.
const SERVER_PROOF: usize = 42;
