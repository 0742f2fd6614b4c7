//! The end that wants proof.

use super::tunnel_server::{Reply, TunnelServer};
use super::{chap_frame, eap_frame, pap_frame};
use crate::base::Bytes;
use crate::crypto::{chap_md5, mppe, mschapv2};
use crate::proto::Rng;
use crate::proto::bug::{Bug, Bugs};
use crate::proto::plan::{Account, Method, ServerConfig};
use crate::wire::chap::{MsChapFailure, MsChapV2Response};
use crate::wire::eap::MsChapV2 as EapMsChapV2;
use crate::wire::ncp::AuthMethod;
use crate::wire::ppp::{self, Frame};
use crate::wire::{chap, eap, pap};

/// What the authenticator came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It goes on.
    Pending,
    /// Welcome; the key for crypto binding.
    Accepted([u8; 32]),
    /// Not welcome.
    Refused,
}

/// The end that wants proof.
#[derive(Debug)]
pub struct Authenticator {
    config: ServerConfig,
    method: AuthMethod,
    /// The EAP type being asked for.
    eap_type: u8,
    id: u8,
    challenge: [u8; 16],
    /// What the peer answered to the Identity request.
    identity: Vec<u8>,
    /// Set once MS-CHAPv2 within EAP was proved; the peer's acknowledgement is awaited.
    proved: Option<[u8; 32]>,
    refused: bool,
    /// A method that carries TLS, while it runs.
    tunnel: Option<Box<TunnelServer>>,
    rng: Rng,
}

/// RFC 2759 section 6: wrong name or password.
const AUTHENTICATION_FAILURE: u32 = 691;
/// RFC 2759 section 4: a response, bytes.
const MSCHAPV2_RESPONSE: usize = 49;

impl Authenticator {
    /// An authenticator for the method that LCP agreed on.
    pub fn new(config: ServerConfig, method: AuthMethod, rng: &mut Rng) -> Authenticator {
        let eap_type = types(&config).next().unwrap_or(eap::MSCHAPV2);
        Authenticator {
            config,
            method,
            eap_type,
            id: 1,
            challenge: rng.bytes(),
            identity: Vec::new(),
            proved: None,
            refused: false,
            tunnel: None,
            rng: rng.clone(),
        }
    }

    /// Takes another identifier for what is asked next. RFC 1994 4.1: it changes with every challenge.
    pub fn count_from(&mut self, id: u8) {
        self.id = id;
    }

    /// The identifier that the next response must bear.
    pub fn id(&self) -> u8 {
        self.id
    }

    /// The defects of the server.
    pub(super) fn bugs(&self) -> &Bugs {
        &self.config.bugs
    }

    /// A request was made in this one's place.
    pub(super) fn expect_another(&mut self) {
        self.id = self.id.wrapping_add(1);
    }

    /// What is sent unasked.
    pub fn start(&mut self) -> Vec<Frame> {
        match self.method {
            AuthMethod::ChapMd5 | AuthMethod::MsChapV2 => vec![chap_frame(self.id, self.challenge_body())],
            AuthMethod::Eap => vec![eap_frame(eap::Packet::request(self.id, eap::IDENTITY, []))],
            _ => Vec::new(),
        }
    }

    fn challenge_body(&self) -> chap::Body {
        let name = match &self.config.style {
            Some(style) => style.challenger.as_str(),
            None if self.method == AuthMethod::MsChapV2 => "",
            None => "sstp-diag-lab",
        };
        chap::Body::Challenge { value: self.challenge.to_vec().into(), name: name.as_bytes().into() }
    }

    /// A frame of an authentication protocol came.
    pub fn receive(&mut self, frame: &Frame) -> (Vec<Frame>, Decision) {
        match &frame.body {
            ppp::Body::Pap(packet) if self.method == AuthMethod::Pap => self.pap(packet),
            ppp::Body::Chap(packet) => self.chap(packet),
            ppp::Body::Eap(packet) if self.method == AuthMethod::Eap => self.eap(packet),
            _ => (Vec::new(), Decision::Pending),
        }
    }

    fn account(&self, name: &[u8]) -> Option<&Account> {
        let name = String::from_utf8_lossy(name);
        let bare = mschapv2::user_without_domain(&name);
        let bare = bare.split_once('@').map_or(bare, |pair| pair.0);
        self.config.accounts.iter().find(|account| account.name == bare)
    }

    fn pap(&mut self, packet: &pap::Packet) -> (Vec<Frame>, Decision) {
        let pap::Body::AuthenticateRequest { peer_id, password } = &packet.body else { return (Vec::new(), Decision::Pending) };
        let account = self.account(peer_id);
        let right = account.is_some_and(|account| account.error.is_none() && account.password.expose().as_bytes() == password.0.as_slice());
        if self.config.style.as_ref().is_some_and(|style| style.bare_results) {
            let body = pap::Body::Other { code: if right { 2 } else { 3 }, data: Bytes::default() };
            return (vec![pap_frame(packet.id, body)], if right { Decision::Accepted([0; 32]) } else { Decision::Refused });
        }
        if right {
            return (vec![pap_frame(packet.id, pap::Body::AuthenticateAck { message: Bytes::default() })], Decision::Accepted([0; 32]));
        }
        let message = b"Authentication failed"[..].into();
        (vec![pap_frame(packet.id, pap::Body::AuthenticateNak { message })], Decision::Refused)
    }

    fn chap(&mut self, packet: &chap::Packet) -> (Vec<Frame>, Decision) {
        let chap::Body::Response { value, name } = &packet.body else { return (Vec::new(), Decision::Pending) };
        if packet.id != self.id && !self.config.bugs.has(Bug::ResponseIdUnchecked) {
            return (Vec::new(), Decision::Pending);
        }
        match self.method {
            AuthMethod::ChapMd5 => {
                let right = self.md5_right(packet.id, value, name);
                let message = Bytes::default();
                let body = if right { chap::Body::Success { message } } else { chap::Body::Failure { message } };
                (vec![chap_frame(packet.id, body)], if right { Decision::Accepted([0; 32]) } else { Decision::Refused })
            }
            AuthMethod::MsChapV2 if self.config.bugs.has(Bug::ResponseCutTaken) && value.len() < MSCHAPV2_RESPONSE => {
                (vec![chap_frame(packet.id, chap::Body::Success { message: b"S="[..].into() })], Decision::Accepted([0; 32]))
            }
            AuthMethod::MsChapV2 => match self.mschapv2(value, name) {
                Ok((message, hlak)) => (vec![chap_frame(packet.id, chap::Body::Success { message })], Decision::Accepted(hlak)),
                Err(error) => self.refuse(packet.id, error),
            },
            _ => (Vec::new(), Decision::Pending),
        }
    }

    fn md5_right(&self, id: u8, value: &[u8], name: &[u8]) -> bool {
        let proves = |account: &Account| chap_md5::verify(id, account.password.expose(), &self.challenge, value);
        !self.config.bugs.has(Bug::Md5Refused) && self.account(name).is_some_and(|account| account.error.is_none() && proves(account))
    }

    /// RFC 2759 section 6: a Failure with R=1 has a new challenge, and its answer the next identifier.
    fn refuse(&mut self, id: u8, error: u32) -> (Vec<Frame>, Decision) {
        let again = self.config.retry_allowed && self.config.retries > 0;
        if again {
            self.config.retries -= 1;
            self.challenge = self.rng.bytes();
            self.id = self.id.wrapping_add(1);
        }
        let frames = vec![chap_frame(id, chap::Body::Failure { message: self.failure(error) })];
        (frames, if again { Decision::Pending } else { Decision::Refused })
    }

    /// RFC 2759: the text of Success and the key, or the number of Failure.
    fn mschapv2(&self, value: &[u8], name: &[u8]) -> Result<(Bytes, [u8; 32]), u32> {
        let user = String::from_utf8_lossy(name);
        let user = mschapv2::user_without_domain(&user);
        let account = self.account(name).ok_or(AUTHENTICATION_FAILURE)?;
        let response = MsChapV2Response::parse(value).map_err(|_| AUTHENTICATION_FAILURE)?;
        let hash = mschapv2::nt_password_hash(account.password.expose());
        if mschapv2::nt_response(&self.challenge, &response.peer_challenge, user, &hash) != response.nt_response {
            return Err(AUTHENTICATION_FAILURE);
        }
        if let Some(error) = account.error {
            return Err(error);
        }
        let hash_hash = mschapv2::hash_nt_password_hash(&hash);
        let hlak = if self.config.has_keys { mppe::hlak(&hash_hash, &response.nt_response) } else { [0; 32] };
        let known = if self.config.knows_password { hash } else { [0; 16] };
        let proof = mschapv2::authenticator_response(&known, &response.nt_response, &response.peer_challenge, &self.challenge, user);
        let welcome = self.config.style.as_ref().map_or(" M=Welcome", |style| style.success.as_str());
        Ok((format!("{proof}{welcome}").into_bytes().into(), hlak))
    }

    fn failure(&self, error: u32) -> Bytes {
        if let Some(text) = self.config.style.as_ref().and_then(|style| style.failure.clone()) {
            return text.into_bytes().into();
        }
        let failure = MsChapFailure {
            error: Some(error),
            retry: Some(self.config.retry_allowed),
            challenge: Some(self.challenge.to_vec().into()),
            version: Some(3),
            message: Some("Authentication failure".into()),
        };
        failure.emit().into_bytes().into()
    }

    fn eap(&mut self, packet: &eap::Packet) -> (Vec<Frame>, Decision) {
        if packet.code != 2 || packet.id != self.id && !self.config.bugs.has(Bug::EapIdentifierUnchecked) {
            return (Vec::new(), Decision::Pending);
        }
        self.id = self.id.wrapping_add(1);
        match packet.kind {
            Some(eap::IDENTITY) => {
                self.identity = packet.data.0.clone();
                (vec![self.eap_request()], Decision::Pending)
            }
            Some(eap::NAK) => self.eap_nak(&packet.data),
            Some(eap::MD5) if self.eap_type == eap::MD5 => self.eap_md5(packet),
            Some(eap::MSCHAPV2) if self.eap_type == eap::MSCHAPV2 => self.eap_mschapv2(packet),
            Some(kind) if kind == self.eap_type && self.tunnel.is_some() => self.tunnelled(packet),
            _ => self.eap_end(false, [0; 32]),
        }
    }

    fn eap_request(&mut self) -> Frame {
        self.tunnel = self.new_tunnel();
        if let Some(tunnel) = &self.tunnel {
            return eap_frame(eap::Packet::request(self.id, self.eap_type, tunnel.start()));
        }
        if self.eap_type == eap::MD5 {
            let mut data = vec![16];
            data.extend(self.challenge);
            return eap_frame(eap::Packet::request(self.id, eap::MD5, data));
        }
        let body = chap::Body::Challenge { value: self.challenge.to_vec().into(), name: b"sstp-diag-lab"[..].into() };
        eap_frame(eap::Packet::request(self.id, eap::MSCHAPV2, EapMsChapV2 { id: self.id, body, bare: false }.emit()))
    }

    /// The method that carries TLS, if that is the type being asked for.
    fn new_tunnel(&mut self) -> Option<Box<TunnelServer>> {
        let eap = self.config.eap.as_ref().filter(|_| matches!(self.eap_type, eap::TLS | eap::PEAP))?;
        let inside = ServerConfig { methods: vec![Method::EapMsChapV2], has_keys: true, eap: None, ..self.config.clone() };
        let login = Authenticator::new(inside, AuthMethod::Eap, &mut self.rng);
        TunnelServer::new(self.eap_type, eap, login, &mut self.rng).map(Box::new)
    }

    fn tunnelled(&mut self, packet: &eap::Packet) -> (Vec<Frame>, Decision) {
        let Some(tunnel) = &mut self.tunnel else { return self.eap_end(false, [0; 32]) };
        match tunnel.response(packet) {
            Reply::Request(data) => (vec![eap_frame(eap::Packet::request(self.id, self.eap_type, data))], Decision::Pending),
            Reply::Accept(hlak) => self.eap_end(true, if self.config.has_keys { hlak } else { [0; 32] }),
            Reply::Refuse => self.eap_end(false, [0; 32]),
        }
    }

    fn eap_nak(&mut self, wanted: &[u8]) -> (Vec<Frame>, Decision) {
        if !self.config.heeds_nak {
            return (vec![self.eap_request()], Decision::Pending);
        }
        let other = types(&self.config).find(|kind| *kind != self.eap_type && wanted.contains(kind));
        match other {
            Some(kind) => {
                self.eap_type = kind;
                (vec![self.eap_request()], Decision::Pending)
            }
            None => self.eap_end(false, [0; 32]),
        }
    }

    fn eap_md5(&mut self, packet: &eap::Packet) -> (Vec<Frame>, Decision) {
        let (value, name) = packet.data.get(1..17).zip(packet.data.get(17..)).unwrap_or_default();
        // RFC 3748 5.4: the name is optional; without it the identity stands for it.
        let right = self.md5_right(packet.id, value, if name.is_empty() { &self.identity } else { name });
        self.eap_end(right, [0; 32])
    }

    fn eap_mschapv2(&mut self, packet: &eap::Packet) -> (Vec<Frame>, Decision) {
        let Ok(inner) = EapMsChapV2::parse(&packet.data) else { return self.eap_end(false, [0; 32]) };
        let request = |body| {
            let data = EapMsChapV2 { id: inner.id, body, bare: false }.emit();
            vec![eap_frame(eap::Packet::request(self.id, eap::MSCHAPV2, data))]
        };
        match &inner.body {
            chap::Body::Response { value, name } => match self.mschapv2(value, name) {
                Ok((message, hlak)) => {
                    let frames = request(chap::Body::Success { message });
                    self.proved = Some(hlak);
                    (frames, Decision::Pending)
                }
                Err(error) => {
                    let frames = request(chap::Body::Failure { message: self.failure(error) });
                    self.refused = true;
                    (frames, Decision::Pending)
                }
            },
            _ => self.eap_end(self.proved.is_some() && !self.refused, self.proved.unwrap_or_default()),
        }
    }

    fn eap_end(&self, right: bool, hlak: [u8; 32]) -> (Vec<Frame>, Decision) {
        let frame = eap_frame(eap::Packet::result(self.id.wrapping_sub(1), right));
        (vec![frame], if right { Decision::Accepted(hlak) } else { Decision::Refused })
    }
}

/// The EAP types that this server can do, the one asked for first in front.
fn types(config: &ServerConfig) -> impl Iterator<Item = u8> {
    let methods = config.methods.iter().filter_map(|method| method.eap_type());
    methods.filter(|kind| config.eap.is_some() || !matches!(*kind, eap::TLS | eap::PEAP))
}
