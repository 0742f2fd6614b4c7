//! The end that proves who it is.

use super::settings::EapClient;
use super::tls::SPOKEN;
use super::tunnel_peer::TunnelPeer;
use super::{PROOF_WRONG, chap_frame, eap_frame, pap_frame, pap_refusal, refusal};
use crate::base::{Bytes, Micros, Side};
use crate::crypto::{chap_md5, mppe, mschapv2};
use crate::proto::Rng;
use crate::proto::plan::{Credentials, Method};
use crate::proto::quirk::Quirk;
use crate::transcript::{Inner, Reason};
use crate::wire::chap::{MsChapFailure, MsChapV2Response};
use crate::wire::eap::MsChapV2 as EapMsChapV2;
use crate::wire::ncp::AuthMethod;
use crate::wire::ppp::{self, Frame};
use crate::wire::{chap, eap, pap};
use std::collections::VecDeque;
use std::time::Duration;

/// What came of a frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It goes on.
    Pending,
    /// We are in; the key that crypto binding is made from (zero where the method yields none, MS-SSTP 3.2.5.2.2).
    Success {
        /// Higher-layer authentication key.
        hlak: [u8; 32],
    },
    /// We are not.
    Failed(Reason),
    /// The server began the method that it was to be asked about; nothing was answered.
    Asked,
}

/// The end that proves who it is.
#[derive(Debug)]
pub struct Peer {
    method: AuthMethod,
    methods: Vec<Method>,
    credentials: Credentials,
    eap: EapClient,
    /// A method that carries TLS, while it runs.
    tunnel: Option<Box<TunnelPeer>>,
    /// Only whether the server takes the method counts: it is not gone through with.
    ask: bool,
    naks: u32,
    /// Requests of such methods that were answered: each is a step forward.
    pub rounds: u32,
    /// What is awaited, for a time-out to name.
    pub waiting_for: &'static str,
    /// What MS-CHAPv2 must be answered with, and the key it yields, the latest last: a Success may be on its way to an earlier response
    /// when a further challenge comes.
    expected: VecDeque<(String, [u8; 32])>,
    /// A challenge of CHAP-MD5 or EAP-MD5 was answered: a method has run.
    answered: bool,
    /// The last EAP request and what it was answered with. RFC 3748 4.1.
    last: Option<(eap::Packet, Vec<Frame>)>,
    /// What this end does wrong.
    quirks: Vec<Quirk>,
    /// The server has proved itself (S= was right), EAP Success is still to come.
    proved: Option<[u8; 32]>,
    resend: Option<(Micros, Frame)>,
}

/// RFC 1334 section 2.2.1 leaves the interval open; 3 s as for LCP.
const PAP_RESEND: Duration = Duration::from_secs(3);
/// Ours: a result may be on its way to one of so many responses.
const CHALLENGES: usize = 4;
/// Ours: a server may walk through a few types before it comes to ours.
const MAX_NAKS: u32 = 5;
/// Ours: a handshake takes some twenty packets, with small fragments fifty.
const MAX_ROUNDS: u32 = 150;

impl Peer {
    /// A peer for the method that LCP agreed on.
    pub fn new(method: AuthMethod, methods: Vec<Method>, credentials: Credentials, eap: EapClient) -> Peer {
        Peer {
            method,
            methods,
            credentials,
            eap,
            tunnel: None,
            ask: false,
            naks: 0,
            rounds: 0,
            waiting_for: "authentication challenge",
            expected: VecDeque::new(),
            answered: false,
            last: None,
            quirks: Vec::new(),
            proved: None,
            resend: None,
        }
    }

    /// The same peer, which leaves before it would prove anything.
    pub fn asking(self, ask: bool) -> Peer {
        Peer { ask, ..self }
    }

    /// The same peer, with these faults.
    pub fn with(self, quirks: &[Quirk]) -> Peer {
        Peer { quirks: quirks.to_vec(), ..self }
    }

    fn is(&self, quirk: Quirk) -> bool {
        self.quirks.contains(&quirk)
    }

    /// With PAP the server begins nothing: that it agreed is all there is to know.
    pub fn has_its_answer(&self) -> bool {
        self.ask && self.method == AuthMethod::Pap
    }

    /// What was seen inside a method that carries TLS since last asked.
    pub fn take_seen(&mut self) -> Vec<(Option<Side>, Inner)> {
        self.tunnel.as_mut().map(|tunnel| std::mem::take(&mut tunnel.seen)).unwrap_or_default()
    }

    /// The key that MS-CHAPv2 within EAP left, once the server proved itself.
    pub(super) fn proved(&self) -> Option<[u8; 32]> {
        self.proved
    }

    /// What the peer sends unasked: with PAP it speaks first.
    pub fn start(&mut self, now: Micros) -> Vec<Frame> {
        if self.method != AuthMethod::Pap || self.ask {
            return Vec::new();
        }
        self.waiting_for = "authentication result";
        let peer_id = self.credentials.user.clone().into_bytes().into();
        let password = self.credentials.password.expose().clone().into_bytes().into();
        let frame = pap_frame(1, pap::Body::AuthenticateRequest { peer_id, password });
        self.resend = Some((now + PAP_RESEND, frame.clone()));
        vec![frame]
    }

    /// When something is to be sent again.
    pub fn due(&self) -> Option<Micros> {
        self.resend.as_ref().map(|pair| pair.0)
    }

    /// What is to be sent again at `now`.
    pub fn tick(&mut self, now: Micros) -> Vec<Frame> {
        match &mut self.resend {
            Some((due, frame)) if *due <= now => {
                *due = now + PAP_RESEND;
                vec![frame.clone()]
            }
            _ => Vec::new(),
        }
    }

    /// A frame of an authentication protocol came: what to send, and what came of it.
    pub fn receive(&mut self, frame: &Frame, rng: &mut Rng) -> (Vec<Frame>, Outcome) {
        match &frame.body {
            body if self.ask && self.begins(body) => (Vec::new(), Outcome::Asked),
            ppp::Body::Pap(packet) if self.method == AuthMethod::Pap => (Vec::new(), self.pap(packet)),
            ppp::Body::Chap(packet) => self.chap(packet, rng),
            ppp::Body::Eap(packet) if self.method == AuthMethod::Eap => self.eap(packet, rng),
            _ => (Vec::new(), Outcome::Pending),
        }
    }

    /// The frame is the server's first of the method.
    fn begins(&self, body: &ppp::Body) -> bool {
        match body {
            ppp::Body::Chap(packet) => matches!(packet.body, chap::Body::Challenge { .. }),
            ppp::Body::Eap(packet) => packet.code == 1 && packet.kind.is_some_and(|kind| self.wanted_types().contains(&kind)),
            _ => false,
        }
    }

    fn pap(&mut self, packet: &pap::Packet) -> Outcome {
        match &packet.body {
            pap::Body::AuthenticateAck { .. } => Outcome::Success { hlak: [0; 32] },
            pap::Body::AuthenticateNak { message } => Outcome::Failed(Reason::Refused(pap_refusal(message))),
            _ => Outcome::Pending,
        }
    }

    fn chap(&mut self, packet: &chap::Packet, rng: &mut Rng) -> (Vec<Frame>, Outcome) {
        match (&packet.body, self.method) {
            (chap::Body::Challenge { value, .. }, AuthMethod::ChapMd5) => {
                self.waiting_for = "authentication result";
                self.answered = true;
                let value = chap_md5::response(packet.id, self.credentials.password.expose(), value).to_vec().into();
                let name = self.credentials.user.clone().into_bytes().into();
                (vec![chap_frame(packet.id, chap::Body::Response { value, name })], Outcome::Pending)
            }
            (chap::Body::Challenge { value, .. }, AuthMethod::MsChapV2) => match self.mschapv2(value, rng) {
                Ok(body) => (vec![chap_frame(packet.id, body)], Outcome::Pending),
                Err(reason) => (Vec::new(), Outcome::Failed(reason)),
            },
            (chap::Body::Success { .. }, AuthMethod::ChapMd5) if self.answered || self.is(Quirk::TakesAnyProof) => {
                (Vec::new(), Outcome::Success { hlak: [0; 32] })
            }
            (chap::Body::Success { message }, AuthMethod::MsChapV2) => (Vec::new(), self.proof(message)),
            (chap::Body::Failure { message }, AuthMethod::MsChapV2) if self.is(Quirk::TriesAgain) => {
                self.once_more(packet.id, message, rng)
            }
            (chap::Body::Failure { message }, AuthMethod::MsChapV2 | AuthMethod::ChapMd5) => (Vec::new(), refused(message)),
            _ => (Vec::new(), Outcome::Pending),
        }
    }

    /// RFC 2759 section 6: where R=1 the challenge of the Failure is answered with the next identifier; once.
    fn once_more(&mut self, id: u8, message: &[u8], rng: &mut Rng) -> (Vec<Frame>, Outcome) {
        self.quirks.retain(|quirk| *quirk != Quirk::TriesAgain);
        let failure = MsChapFailure::parse(message);
        let challenge = failure.challenge.filter(|_| failure.retry == Some(true));
        match challenge.map(|challenge| self.mschapv2(&challenge, rng)) {
            Some(Ok(body)) => (vec![chap_frame(id.wrapping_add(1), body)], Outcome::Pending),
            _ => (Vec::new(), refused(message)),
        }
    }

    /// RFC 2759 sections 4 and 5: the response, and what the server must answer.
    fn mschapv2(&mut self, challenge: &[u8], rng: &mut Rng) -> Result<chap::Body, Reason> {
        let Ok(challenge) = <[u8; 16]>::try_from(challenge) else {
            return Err(Reason::Violated(format!("MS-CHAPv2 challenge of {} bytes where RFC 2759 4 has 16", challenge.len())));
        };
        self.waiting_for = "authentication result";
        let (user, password) = (&self.credentials.user, self.credentials.password.expose());
        // The hash takes what stands before a backslash away, so the quirk writes another sign.
        let whole = user.replace('\\', "/");
        let name = if self.is(Quirk::HashesDomain) { &whole } else { mschapv2::user_without_domain(user) };
        let peer_challenge: [u8; 16] = if self.is(Quirk::OneChallenge) { [1; 16] } else { rng.bytes() };
        let nt_response = mschapv2::generate_nt_response(&challenge, &peer_challenge, name, password);
        let hash = mschapv2::nt_password_hash(password);
        let expected = mschapv2::authenticator_response(&hash, &nt_response, &peer_challenge, &challenge, name);
        self.expected.push_back((expected, mppe::hlak(&mschapv2::hash_nt_password_hash(&hash), &nt_response)));
        if self.expected.len() > CHALLENGES {
            self.expected.pop_front();
        }
        let value = MsChapV2Response { peer_challenge, nt_response, flags: 0 }.emit().into();
        Ok(chap::Body::Response { value, name: user.clone().into_bytes().into() })
    }

    /// RFC 2759 section 5: the authenticator response shows that the server knows the password.
    fn proof(&self, message: &[u8]) -> Outcome {
        if self.is(Quirk::TakesAnyProof) {
            return Outcome::Success { hlak: self.expected.back().map_or([0; 32], |pair| pair.1) };
        }
        let proved = self.expected.iter().rev().find(|pair| mschapv2::verify_authenticator_response(&pair.0, message));
        match (proved, self.expected.is_empty()) {
            (Some((_, hlak)), _) => Outcome::Success { hlak: *hlak },
            (None, true) => Outcome::Failed(Reason::Violated("Success before any challenge".into())),
            (None, false) => Outcome::Failed(Reason::Violated(PROOF_WRONG.into())),
        }
    }

    /// RFC 3748 4.1: a request that comes again is answered as before.
    fn eap(&mut self, packet: &eap::Packet, rng: &mut Rng) -> (Vec<Frame>, Outcome) {
        if let Some((_, frames)) = self.last.as_ref().filter(|last| packet.code == 1 && last.0 == *packet && !self.is(Quirk::AnswersAnew)) {
            return (frames.clone(), Outcome::Pending);
        }
        let (frames, outcome) = self.eap_answer(packet, rng);
        if packet.code == 1 && !frames.is_empty() {
            self.last = Some((packet.clone(), frames.clone()));
        }
        (frames, outcome)
    }

    fn eap_answer(&mut self, packet: &eap::Packet, rng: &mut Rng) -> (Vec<Frame>, Outcome) {
        let respond = |kind, data: Vec<u8>| vec![eap_frame(eap::Packet::response(packet.id, kind, data))];
        match (packet.code, packet.kind) {
            (1, Some(eap::IDENTITY)) => (respond(eap::IDENTITY, self.identity().into_bytes()), Outcome::Pending),
            (1, Some(eap::NOTIFICATION)) => (respond(eap::NOTIFICATION, Vec::new()), Outcome::Pending),
            (1, Some(eap::MD5)) if self.methods.contains(&Method::EapMd5) => {
                self.waiting_for = "authentication result";
                self.answered = true;
                let value = packet.data.first().and_then(|size| packet.data.get(1..1 + usize::from(*size))).unwrap_or_default();
                let mut data = vec![16];
                data.extend(chap_md5::response(packet.id, self.credentials.password.expose(), value));
                (respond(eap::MD5, data), Outcome::Pending)
            }
            (1, Some(eap::MSCHAPV2)) if self.methods.contains(&Method::EapMsChapV2) => self.eap_mschapv2(packet, rng),
            (1, Some(kind)) if SPOKEN.contains(&kind) && self.wanted_types().contains(&kind) => self.tunnelled(kind, packet, rng),
            (1, Some(kind)) => self.nak(packet.id, kind),
            (3, _) => (Vec::new(), self.eap_success()),
            (4, _) => (Vec::new(), Outcome::Failed(Reason::Refused(self.eap_failure()))),
            _ => (Vec::new(), Outcome::Pending),
        }
    }

    /// RFC 3748 5.3.1: what we would use instead. A server that does not heed it is not told for ever.
    fn nak(&mut self, id: u8, kind: u8) -> (Vec<Frame>, Outcome) {
        self.naks += 1;
        if self.naks > MAX_NAKS {
            let says = format!("the server asks for {} again, after {MAX_NAKS} Naks", eap::type_title(kind));
            return (Vec::new(), Outcome::Failed(Reason::Refused(says)));
        }
        (vec![eap_frame(eap::Packet::response(id, eap::NAK, self.wanted_types()))], Outcome::Pending)
    }

    fn wanted_types(&self) -> Vec<u8> {
        let wanted: Vec<u8> = self.methods.iter().filter_map(|method| method.eap_type()).collect();
        if wanted.is_empty() { vec![0] } else { wanted }
    }

    /// The name given before anything is protected.
    fn identity(&self) -> String {
        let anonymous = self.eap.anonymous.as_ref().filter(|_| self.methods.contains(&Method::Peap));
        anonymous.unwrap_or(&self.credentials.user).clone()
    }

    fn tunnelled(&mut self, kind: u8, packet: &eap::Packet, rng: &mut Rng) -> (Vec<Frame>, Outcome) {
        if self.tunnel.is_none() || matches!(packet.tunnel(), Some(Ok(part)) if part.start) {
            match TunnelPeer::new(kind, &self.credentials, &self.eap) {
                Ok(tunnel) => self.tunnel = Some(Box::new(tunnel)),
                Err(reason) => return (Vec::new(), Outcome::Failed(reason)),
            }
        }
        self.rounds += 1;
        if self.rounds > MAX_ROUNDS {
            return (Vec::new(), Outcome::Failed(Reason::Violated(format!("more than {MAX_ROUNDS} packets of one EAP method"))));
        }
        let Some(tunnel) = &mut self.tunnel else { return (Vec::new(), Outcome::Pending) };
        let answer = tunnel.request(packet, rng);
        self.waiting_for = tunnel.waiting_for();
        let frames = vec![eap_frame(eap::Packet::response(packet.id, kind, answer.data))];
        (frames, answer.failed.map_or(Outcome::Pending, Outcome::Failed))
    }

    fn eap_failure(&self) -> String {
        let because = self.tunnel.as_ref().and_then(|tunnel| tunnel.failure());
        because.map_or_else(|| "EAP Failure".into(), |because| format!("EAP Failure ({because})"))
    }

    fn eap_mschapv2(&mut self, packet: &eap::Packet, rng: &mut Rng) -> (Vec<Frame>, Outcome) {
        let inner = match EapMsChapV2::parse(&packet.data) {
            Ok(inner) => inner,
            Err(error) => return (Vec::new(), Outcome::Failed(Reason::Violated(format!("EAP-MSCHAPv2: {error}")))),
        };
        let respond = |body, bare| {
            let data = EapMsChapV2 { id: inner.id, body, bare }.emit();
            vec![eap_frame(eap::Packet::response(packet.id, eap::MSCHAPV2, data))]
        };
        let bare = |code| chap::Body::Other { code, data: Bytes::default() };
        match &inner.body {
            chap::Body::Challenge { value, .. } => match self.mschapv2(value, rng) {
                Ok(body) => (respond(body, false), Outcome::Pending),
                Err(reason) => (Vec::new(), Outcome::Failed(reason)),
            },
            chap::Body::Success { message } => match self.proof(message) {
                Outcome::Success { hlak } => {
                    self.proved = Some(hlak);
                    (respond(bare(3), true), Outcome::Pending)
                }
                failed => (Vec::new(), failed),
            },
            chap::Body::Failure { message } => (respond(bare(4), true), refused(message)),
            _ => (Vec::new(), Outcome::Pending),
        }
    }

    fn eap_success(&self) -> Outcome {
        if let Some(tunnel) = &self.tunnel {
            return tunnel.success();
        }
        match (self.proved, self.expected.is_empty()) {
            (Some(hlak), _) => Outcome::Success { hlak },
            // MS-CHAPv2 was begun, but the server never proved itself.
            (None, false) => Outcome::Failed(Reason::Violated("EAP Success without the authenticator response (S=)".into())),
            (None, true) if self.answered || self.is(Quirk::TakesAnyProof) => Outcome::Success { hlak: [0; 32] },
            // RFC 3748 4.2: a Success that no method led to is discarded.
            (None, true) => Outcome::Pending,
        }
    }
}

fn refused(message: &[u8]) -> Outcome {
    Outcome::Failed(Reason::Refused(refusal(message)))
}
