//! The server's end of EAP-TLS and PEAP. RFC 5216, RFC 9190, MS-PEAP.

use super::authenticator::{Authenticator, Decision};
use super::eap_frame;
use super::pipe::{Pipe, Received};
use super::settings::{Cryptobinding, EapServer};
use super::tls::{COMMITMENT, Tls};
use super::tunnel_peer::{bare, inner_packet};
use crate::crypto::binding::hlak_of;
use crate::crypto::peap::CompoundKeys;
use crate::proto::Rng;
use crate::proto::bug::Bug;
use crate::wire::eap::{self, Tunnel};
use crate::wire::peap::{self, Tlv};
use crate::wire::ppp;

/// What the server does next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Reply {
    /// Another request with this data.
    Request(Vec<u8>),
    /// EAP Success, and the key.
    Accept([u8; 32]),
    /// EAP Failure.
    Refuse,
}

#[derive(Debug, PartialEq, Eq)]
enum Stage {
    /// The handshake runs.
    Handshake,
    /// EAP-TLS has nothing more to say.
    Done,
    /// The login inside PEAP runs.
    Login,
    /// Our result inside PEAP is out; the key of the login.
    Result { success: bool, isk: [u8; 32] },
    /// An alert is out.
    Failed,
}

/// One run of a method that carries TLS.
#[derive(Debug)]
pub(super) struct TunnelServer {
    kind: u8,
    config: EapServer,
    pipe: Pipe,
    tls: Tls,
    login: Box<Authenticator>,
    stage: Stage,
    id: u8,
    nonce: [u8; 32],
}

impl TunnelServer {
    /// The method `kind`; `login` runs inside PEAP.
    pub fn new(kind: u8, config: &EapServer, login: Authenticator, rng: &mut Rng) -> Option<TunnelServer> {
        let tls = if kind == eap::TLS { config.with_client_certificate.as_ref()? } else { &config.without };
        let version = if kind == eap::PEAP { config.peap_version } else { 0 };
        Some(TunnelServer {
            kind,
            pipe: Pipe::new(version, config.fragment),
            tls: Tls::server(tls.clone()).ok()?,
            login: Box::new(login),
            stage: Stage::Handshake,
            id: 0,
            nonce: rng.bytes(),
            config: config.clone(),
        })
    }

    /// The data of the first request.
    pub fn start(&self) -> Vec<u8> {
        let version = self.pipe.empty().first().copied().unwrap_or_default();
        Tunnel { start: true, more: false, version, length: None, data: Default::default() }.emit()
    }

    /// A response of the method came.
    pub fn response(&mut self, packet: &eap::Packet) -> Reply {
        self.id = packet.id;
        let Some(Ok(tunnel)) = packet.tunnel() else { return Reply::Refuse };
        self.harmed_by(&tunnel);
        match self.pipe.receive(&tunnel) {
            Err(_) => Reply::Refuse,
            Ok(Received::Part) if self.config.bare_acks => Reply::Request(Vec::new()),
            Ok(Received::Part) => Reply::Request(self.pipe.empty()),
            Ok(Received::Empty) if !self.pipe.is_drained() => Reply::Request(self.pipe.next()),
            Ok(Received::Empty) => self.acknowledged(),
            Ok(Received::Whole(bytes)) => self.bytes(&bytes),
        }
    }

    fn bytes(&mut self, bytes: &[u8]) -> Reply {
        match self.tls.feed(bytes) {
            Ok(plain) => self.through(&plain),
            Err(rustls::Error::AlertReceived(_)) => Reply::Refuse,
            Err(_) => {
                self.stage = Stage::Failed;
                self.flush()
            }
        }
    }

    /// The client has taken all that we sent.
    fn acknowledged(&mut self) -> Reply {
        match self.stage {
            Stage::Failed => Reply::Refuse,
            Stage::Done => self.accept(),
            Stage::Handshake if !self.tls.is_handshaking() => self.handshaken(),
            _ if self.login.bugs().has(Bug::EapEmptyWelcomed) => Reply::Accept([0; 32]),
            _ => Reply::Refuse,
        }
    }

    /// What a server with a defect suffers from a fragment.
    fn harmed_by(&self, tunnel: &Tunnel) {
        let bugs = self.login.bugs();
        if tunnel.length.is_some_and(|length| length > SOUND) && bugs.has(Bug::EapLengthKills) {
            bugs.kill();
        }
        if tunnel.more && bugs.has(Bug::EapFragmentsKept) {
            bugs.leak(KEPT);
        }
    }

    fn through(&mut self, plain: &[u8]) -> Reply {
        match self.stage {
            Stage::Handshake if self.tls.is_handshaking() => self.flush(),
            Stage::Handshake => self.handshaken(),
            Stage::Login => self.login(plain),
            Stage::Result { success, isk } => self.result(plain, success, isk),
            Stage::Done | Stage::Failed => Reply::Refuse,
        }
    }

    /// The handshake is through: what is left of it goes out, then the method goes on.
    fn handshaken(&mut self) -> Reply {
        if self.kind == eap::TLS {
            if !self.config.knows_certificate {
                return Reply::Refuse;
            }
            if self.tls.is_tls13() {
                self.tls.write(&COMMITMENT);
            }
            self.stage = Stage::Done;
            return self.flush();
        }
        let left = self.tls.take_output();
        if !left.is_empty() {
            self.pipe.queue(left);
            return Reply::Request(self.pipe.next());
        }
        self.stage = Stage::Login;
        let frames = self.login.start();
        self.inner(frames)
    }

    fn accept(&mut self) -> Reply {
        self.tls.key_material(self.kind).map_or(Reply::Refuse, |material| Reply::Accept(hlak_of(&material)))
    }

    fn login(&mut self, plain: &[u8]) -> Reply {
        let Some(mut packet) = inner_packet(self.id, plain) else { return Reply::Refuse };
        (packet.code, packet.id) = (RESPONSE, self.login.id());
        if let (Some(kind), Some(eap::IDENTITY)) = (self.config.inner_type, packet.kind) {
            self.login.expect_another();
            return self.say(&[vec![kind], b"Password: ".to_vec()].concat());
        }
        if self.config.inner_type.is_some() && packet.kind == Some(eap::NAK) {
            return self.say_result(false, [0; 32]);
        }
        let (frames, decision) = self.login.receive(&eap_frame(packet));
        match decision {
            Decision::Pending => self.inner(frames),
            Decision::Accepted(isk) => self.say_result(true, isk),
            Decision::Refused => self.say_result(false, [0; 32]),
        }
    }

    fn inner(&mut self, frames: Vec<ppp::Frame>) -> Reply {
        let packets = frames.into_iter().filter_map(|frame| if let ppp::Body::Eap(packet) = frame.body { Some(packet) } else { None });
        let bytes: Vec<u8> = packets.take(1).flat_map(|packet| bare(&packet)).collect();
        match bytes.as_slice() {
            [] => Reply::Refuse,
            [eap::MSCHAPV2, FAILURE, ..] if !self.config.says_why => self.say_result(false, [0; 32]),
            bytes => self.say(bytes),
        }
    }

    fn say(&mut self, plain: &[u8]) -> Reply {
        self.tls.write(plain);
        self.flush()
    }

    fn say_result(&mut self, success: bool, isk: [u8; 32]) -> Reply {
        let mut tlvs = Tlv::result(success).emit();
        let Ok(material) = self.tls.key_material(self.kind) else { return Reply::Refuse };
        if success && self.config.cryptobinding != Cryptobinding::Absent {
            let mut ours = Tlv::binding(peap::BINDING_REQUEST, &self.nonce);
            let known = if self.config.cryptobinding == Cryptobinding::Wrong { [0; 32] } else { isk };
            let mac = CompoundKeys::new(&material, &known).compound_mac(&ours);
            ours.iter_mut().rev().zip(mac.iter().rev()).for_each(|(to, from)| *to = *from);
            tlvs.extend(ours);
        }
        self.stage = Stage::Result { success, isk };
        let packet = eap::Packet::request(self.id.wrapping_add(1), eap::EXTENSIONS, tlvs);
        self.say(&packet.emit())
    }

    fn result(&mut self, plain: &[u8], success: bool, isk: [u8; 32]) -> Reply {
        let theirs = eap::Packet::parse(plain).ok().and_then(|packet| peap::result(&packet));
        let Some((true, binding)) = theirs.filter(|_| success) else { return Reply::Refuse };
        let Ok(material) = self.tls.key_material(self.kind) else { return Reply::Refuse };
        let keys = CompoundKeys::new(&material, &isk);
        match (self.config.cryptobinding, binding.and_then(|tlv| tlv.as_binding())) {
            (Cryptobinding::Absent, _) => Reply::Accept(hlak_of(&material)),
            (_, Some(tlv)) if Tlv::nonce(&tlv) == self.nonce && keys.verify(&tlv) => Reply::Accept(hlak_of(&keys.session_key())),
            // A client that does no cryptobinding keeps the keys of the tunnel, as one without the setting does.
            (_, None) => Reply::Accept(hlak_of(&material)),
            _ => Reply::Refuse,
        }
    }

    fn flush(&mut self) -> Reply {
        self.pipe.queue(self.tls.take_output());
        Reply::Request(self.pipe.next())
    }
}

/// Ours: no TLS message within EAP is longer, bytes.
const SOUND: u32 = 64 << 10;
/// Ours: what a server that keeps fragments takes for each, bytes.
const KEPT: usize = 600 << 10;
/// EAP-MSCHAPv2: the OpCode of a Failure.
const FAILURE: u8 = 4;
/// RFC 3748 4.1.
const RESPONSE: u8 = 2;
