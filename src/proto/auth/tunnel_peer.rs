//! The client's end of EAP-TLS and PEAP. RFC 5216, RFC 9190, MS-PEAP.

use super::eap_frame;
use super::peer::{Outcome, Peer};
use super::pipe::{Pipe, Received};
use super::settings::EapClient;
use super::tls::{COMMITMENT, Tls};
use crate::base::Side;
use crate::crypto::binding::hlak_of;
use crate::crypto::peap::CompoundKeys;
use crate::proto::Rng;
use crate::proto::plan::{Credentials, Method};
use crate::transcript::{Inner, Reason};
use crate::wire::eap::{self, Tunnel};
use crate::wire::ncp::AuthMethod;
use crate::wire::peap::{self, Tlv};
use crate::wire::ppp;

/// What a request of the method came to: what to answer, and whether that was the end.
#[derive(Debug)]
pub(super) struct Answer {
    pub data: Vec<u8>,
    pub failed: Option<Reason>,
}

impl Answer {
    fn plain(data: Vec<u8>) -> Answer {
        Answer { data, failed: None }
    }
}

/// One run of a method that carries TLS.
#[derive(Debug)]
pub(super) struct TunnelPeer {
    kind: u8,
    pipe: Pipe,
    tls: Tls,
    told: bool,
    /// The server's last word in EAP-TLS over TLS 1.3. RFC 9190 2.5.
    committed: bool,
    /// The login inside PEAP.
    login: Box<Peer>,
    /// The server's result inside PEAP, and the key that it leaves.
    result: Option<bool>,
    hlak: Option<[u8; 32]>,
    /// What the failure that is to come is about.
    because: Option<String>,
    /// What was seen and not yet taken.
    pub seen: Vec<(Option<Side>, Inner)>,
}

impl TunnelPeer {
    /// The server began the method `kind`.
    pub fn new(kind: u8, credentials: &Credentials, config: &EapClient) -> Result<TunnelPeer, Reason> {
        let tls = Tls::client(config).map_err(|error| Reason::Ours(format!("TLS within EAP cannot begin: {error}")))?;
        let inside = EapClient { anonymous: None, ..config.clone() };
        Ok(TunnelPeer {
            kind,
            pipe: Pipe::new(PEAP_VERSION, config.fragment),
            tls,
            told: false,
            committed: false,
            login: Box::new(Peer::new(AuthMethod::Eap, vec![Method::EapMsChapV2], credentials.clone(), inside)),
            result: None,
            hlak: None,
            because: None,
            seen: Vec::new(),
        })
    }

    /// A request of the method came.
    pub fn request(&mut self, packet: &eap::Packet, rng: &mut Rng) -> Answer {
        // RFC 5216 3.1 has flags in every packet; SoftEther acknowledges a fragment without, and there is nothing else that it could mean.
        if self.kind == eap::TLS && packet.data.is_empty() && !self.pipe.is_drained() {
            return Answer::plain(self.pipe.next());
        }
        let tunnel = match packet.tunnel() {
            Some(Ok(tunnel)) => tunnel,
            Some(Err(error)) => return self.violated(error.to_string()),
            None => return self.violated("no TLS in it".into()),
        };
        if tunnel.start {
            self.pipe.queue(self.tls.take_output());
            return Answer::plain(self.pipe.next());
        }
        if tunnel.version != PEAP_VERSION {
            return self.violated(format!("the server goes on with version {} where {PEAP_VERSION} was agreed on", tunnel.version));
        }
        self.fragment(packet.id, &tunnel, rng)
    }

    fn fragment(&mut self, id: u8, tunnel: &Tunnel, rng: &mut Rng) -> Answer {
        match self.pipe.receive(tunnel) {
            Err(says) => self.violated(says),
            Ok(Received::Part) => Answer::plain(self.pipe.empty()),
            Ok(Received::Empty) if !self.pipe.is_drained() => Answer::plain(self.pipe.next()),
            Ok(Received::Empty) => Answer::plain(self.pipe.empty()),
            Ok(Received::Whole(bytes)) => self.bytes(id, &bytes, rng),
        }
    }

    fn bytes(&mut self, id: u8, bytes: &[u8], rng: &mut Rng) -> Answer {
        let fed = self.tls.feed(bytes);
        self.tell();
        match fed {
            Ok(plain) => {
                let failed = if plain.is_empty() { None } else { self.plain(id, &plain, rng) };
                Answer { failed, ..self.flush() }
            }
            Err(rustls::Error::AlertReceived(alert)) => {
                let description = u8::from(alert);
                self.because = Some(format!("TLS alert {description} of the EAP server"));
                self.seen.push((Some(Side::Server), Inner::Alert { description }));
                // RFC 5216 2.1.3: the alert is acknowledged, then EAP Failure follows.
                Answer::plain(self.pipe.empty())
            }
            Err(error) => {
                let reason = self.tls.refused().map_or_else(|| Reason::Violated(format!("TLS within EAP: {error}")), Reason::Untrusted);
                Answer { failed: Some(reason), ..self.flush() }
            }
        }
    }

    fn flush(&mut self) -> Answer {
        self.pipe.queue(self.tls.take_output());
        Answer::plain(self.pipe.next())
    }

    fn tell(&mut self) {
        let sight = self.tls.sight().into_iter().map(|inner| (Some(Side::Server), inner));
        self.seen.extend(sight);
        if !self.told && !self.tls.is_handshaking() {
            self.told = true;
            self.seen.push((None, self.tls.agreed()));
        }
    }

    /// What came through the tunnel.
    fn plain(&mut self, id: u8, plain: &[u8], rng: &mut Rng) -> Option<Reason> {
        if self.kind == eap::TLS {
            self.committed |= plain == COMMITMENT;
            return None;
        }
        let Some(packet) = inner_packet(id, plain) else {
            return Some(Reason::Violated("what comes through the PEAP tunnel is no EAP packet".into()));
        };
        self.seen.push((Some(Side::Server), Inner::Packet(packet.clone())));
        if packet.kind == Some(eap::EXTENSIONS) {
            return self.result(&packet);
        }
        let frame = eap_frame(packet);
        let (frames, outcome) = self.login.receive(&frame, rng);
        for frame in frames {
            if let ppp::Body::Eap(packet) = frame.body {
                self.tls.write(&bare(&packet));
                self.seen.push((Some(Side::Client), Inner::Packet(packet)));
            }
        }
        match outcome {
            Outcome::Failed(reason) => Some(reason),
            Outcome::Pending | Outcome::Asked | Outcome::Success { .. } => None,
        }
    }

    /// The server's result, with or without cryptobinding, and our answer to it. MS-PEAP 3.2.5.4.7.
    fn result(&mut self, packet: &eap::Packet) -> Option<Reason> {
        let Some((success, binding)) = peap::result(packet) else {
            return Some(Reason::Violated("an EAP-TLV packet without a result inside PEAP".into()));
        };
        let material = match self.tls.key_material(self.kind) {
            Ok(material) => material,
            Err(error) => return Some(Reason::Ours(format!("no keys from TLS within EAP: {error}"))),
        };
        let keys = CompoundKeys::new(&material, &self.login.proved().unwrap_or_default());
        let theirs = binding.as_ref().and_then(Tlv::as_binding);
        let right = binding.as_ref().map(|_| theirs.is_some_and(|tlv| keys.verify(&tlv)));
        self.result = Some(success);
        self.seen.push((Some(Side::Server), Inner::Result { success, binding: right }));
        let mut tlvs = Tlv::result(success && right != Some(false)).emit();
        if let Some(theirs) = theirs.filter(|_| right == Some(true)) {
            // The server's nonce goes back: it makes the same structure to compare with. MS-PEAP 3.3.5.3.
            let mut ours = Tlv::binding(peap::BINDING_RESPONSE, &Tlv::nonce(&theirs));
            let mac = keys.compound_mac(&ours);
            ours.iter_mut().rev().zip(mac.iter().rev()).for_each(|(to, from)| *to = *from);
            tlvs.extend(ours);
        }
        let response = eap::Packet::response(packet.id, eap::EXTENSIONS, tlvs);
        self.tls.write(&response.emit());
        self.seen.push((Some(Side::Client), Inner::Packet(response)));
        self.hlak = Some(if right == Some(true) { hlak_of(&keys.session_key()) } else { hlak_of(&material) });
        match (success, right) {
            (_, Some(false)) => Some(Reason::Violated(BINDING_WRONG.into())),
            (false, _) => {
                self.because = Some("the server says failure inside PEAP".into());
                None
            }
            (true, _) => None,
        }
    }

    fn violated(&self, says: String) -> Answer {
        let title = eap::type_title(self.kind);
        Answer { data: self.pipe.empty(), failed: Some(Reason::Violated(format!("{title}: {says}"))) }
    }

    /// EAP Success came: whether the method had come to its end, and the key it leaves.
    pub fn success(&self) -> Outcome {
        let early = |says: &str| Outcome::Failed(Reason::Violated(format!("EAP Success {says}")));
        if self.tls.is_handshaking() {
            return early("before the TLS handshake within EAP was through");
        }
        match (self.kind, self.result, self.hlak) {
            (eap::TLS, ..) if self.tls.is_tls13() && !self.committed => {
                early("without the byte that ends EAP-TLS over TLS 1.3 (RFC 9190 2.5)")
            }
            (eap::TLS, ..) => match self.tls.key_material(self.kind) {
                Ok(material) => Outcome::Success { hlak: hlak_of(&material) },
                Err(error) => Outcome::Failed(Reason::Ours(format!("no keys from TLS within EAP: {error}"))),
            },
            (_, Some(true), Some(hlak)) => Outcome::Success { hlak },
            _ => early("without a result inside PEAP"),
        }
    }

    /// EAP Failure came: what it is about, where that is known.
    pub fn failure(&self) -> Option<String> {
        self.because.clone()
    }

    /// What is awaited, for a time-out to name.
    pub fn waiting_for(&self) -> &'static str {
        match (self.tls.is_handshaking(), self.kind) {
            (true, _) => "TLS handshake within EAP",
            (false, eap::PEAP) if self.result.is_none() => "login inside PEAP",
            _ => "EAP result",
        }
    }
}

/// PEAPv0 leaves the header of inner packets away, save for the extensions method; some servers send it all the same, with the
/// identity request too. MS-PEAP 3.1.5.6.
pub(super) fn inner_packet(id: u8, plain: &[u8]) -> Option<eap::Packet> {
    let whole = eap::Packet::parse(plain).ok().filter(|packet| {
        let headed = matches!(packet.kind, Some(eap::EXTENSIONS | eap::IDENTITY));
        headed && packet.emit() == plain
    });
    whole.or_else(|| plain.split_first().map(|(kind, data)| eap::Packet::request(id, *kind, data)))
}

/// An inner packet as PEAPv0 sends it.
pub(super) fn bare(packet: &eap::Packet) -> Vec<u8> {
    packet.kind.into_iter().chain(packet.data.iter().copied()).collect()
}

/// MS-PEAP 2.2.1: the version that Windows speaks. EAP-TLS has none, and its bits are zero.
pub(super) const PEAP_VERSION: u8 = 0;
/// What the client says when the compound MAC of the server is wrong. MS-PEAP 3.2.5.3.
pub(super) const BINDING_WRONG: &str = "the cryptobinding of the PEAP server is wrong";
