//! The client's mind: climbs layer by layer, says what it learned, leaves in order. MS-SSTP 3.2.

mod leave;
mod link;
mod network;
mod stay;

use super::auth::{Outcome, Peer};
use super::fsm::Automaton;
use super::ipcp::{ClientIpcp, Ipv6cp};
use super::lcp::ClientLcp;
use super::plan::ClientConfig;
use super::quirk::Quirk;
use super::session::{Core, Decide};
use crate::base::{Layer, Micros, WireError};
use crate::crypto::binding::HashProtocol;
use crate::transcript::{How, Reason, What};
use crate::wire::ppp::{self, Frame};
use crate::wire::sstp::{Attribute, ENCAPSULATED_PPP, Message, MessageType, NONCE_LEN};
use crate::wire::{http, layout};
use leave::Leaving;

/// Ours: so many frames or messages in one phase without getting further are a flood.
const FLOOD: u32 = 200;
/// MS-SSTP 3.2.1, appendix: Windows retries a NAKed Call Connect Request 3 times.
const NAK_RETRIES: u32 = 3;
/// MS-SSTP 2.2.8: message type not acceptable in this state.
pub(super) const UNACCEPTED_FRAME: u32 = 5;
/// MS-SSTP 2.2.8.
pub(super) const RETRY_COUNT_EXCEEDED: u32 = 6;
/// MS-SSTP 2.2.8: message type or frame format not recognised.
pub(super) const INVALID_FRAME: u32 = 7;
/// MS-SSTP 2.2.8.
pub(super) const NEGOTIATION_TIMEOUT: u32 = 8;

/// Where the client is.
#[derive(Debug)]
enum Phase {
    Http,
    Sstp,
    Lcp,
    Auth(Box<Peer>),
    /// Call Connected is out; IPCP and IPv6CP run.
    Network,
    Data,
    Leaving(Leaving),
}

/// The time by which something must have come.
#[derive(Clone, Copy, Debug)]
struct Deadline {
    at: Micros,
    since: Micros,
    layer: Layer,
    waiting_for: &'static str,
}

/// The client's mind.
#[derive(Debug)]
pub(super) struct Client {
    config: ClientConfig,
    phase: Phase,
    deadline: Option<Deadline>,
    lcp: Option<Automaton<ClientLcp>>,
    ipcp: Option<Automaton<ClientIpcp>>,
    ipv6cp: Option<Automaton<Ipv6cp>>,
    /// Hash and nonce of the Call Connect Ack.
    offer: Option<(HashProtocol, Vec<u8>)>,
    naks: u32,
    /// Frames and messages since the phase began.
    seen: u32,
    binding_up: bool,
    /// Methods already told as events.
    told: usize,
    net: network::Progress,
    /// The end that proved who we are, for when the server asks again.
    proved: Option<Box<Peer>>,
    /// Hello timer, and whether an Echo Request of ours is unanswered. MS-SSTP 3.1.2.3.
    hello: Option<(Micros, bool)>,
    /// When the next LCP echo of a stay is due, and its id.
    beat: Option<(Micros, u8)>,
    /// All is done and the client stays until then.
    staying: Option<Micros>,
    /// PPP is being ended, Call Disconnect follows.
    hanging_up: bool,
}

impl Client {
    pub fn new(config: ClientConfig) -> Client {
        Client {
            config,
            phase: Phase::Http,
            deadline: None,
            lcp: None,
            ipcp: None,
            ipv6cp: None,
            offer: None,
            naks: 0,
            seen: 0,
            binding_up: false,
            told: 0,
            net: network::Progress::default(),
            proved: None,
            hello: None,
            beat: None,
            staying: None,
            hanging_up: false,
        }
    }

    fn is(&self, quirk: Quirk) -> bool {
        self.config.quirks.contains(&quirk)
    }

    fn wait(&mut self, core: &Core, layer: Layer, waiting_for: &'static str) {
        let at = core.now + self.config.timers.of(layer);
        self.deadline = Some(Deadline { at, since: core.now, layer, waiting_for });
        self.seen = 0;
    }

    /// The layer in work.
    fn layer(&self) -> Layer {
        match &self.phase {
            Phase::Http => Layer::Http,
            Phase::Sstp => Layer::Sstp,
            Phase::Lcp => Layer::Lcp,
            Phase::Auth(_) => Layer::Auth,
            Phase::Network if self.binding_up => Layer::Ncp,
            Phase::Network => Layer::Binding,
            Phase::Data => Layer::Data,
            Phase::Leaving(_) => Layer::Teardown,
        }
    }

    fn connect_request(&mut self, core: &mut Core) {
        core.send_message(Message::with(MessageType::CallConnectRequest, Attribute::EncapsulatedProtocol(ENCAPSULATED_PPP)));
        if self.naks == 0 || !self.is(Quirk::OneTimer) {
            self.wait(core, Layer::Sstp, "Call Connect Ack");
        }
    }

    fn connect_ack(&mut self, core: &mut Core, message: &Message) {
        let offer = message.attributes.iter().find_map(|attribute| match attribute {
            Attribute::CryptoBindingRequest { hash_mask, nonce } => Some((*hash_mask, nonce.0.clone())),
            _ => None,
        });
        let offer = offer.or_else(|| self.is(Quirk::TakesAnyAck).then(|| (1, vec![0; NONCE_LEN])));
        let Some((mask, nonce)) = offer else {
            return self.abort(core, Reason::Violated("Call Connect Ack without a crypto binding request".into()), INVALID_FRAME);
        };
        if self.is(Quirk::MindsHashBits) && !(1..=3).contains(&mask) {
            return self.abort(core, Reason::Violated(format!("the hash bitmask is 0x{mask:02x}")), INVALID_FRAME);
        }
        // MS-SSTP 3.2.5.3.2: at least one hash in common.
        let fallback = self.is(Quirk::TakesAnyAck).then_some(HashProtocol::Sha1);
        let Some(hash) = HashProtocol::from_mask(mask).or(fallback) else {
            let says = format!("Call Connect Ack offers no hash that we know (bitmask 0x{mask:02x})");
            return self.abort(core, Reason::Violated(says), INVALID_FRAME);
        };
        self.offer = Some((hash, nonce));
        core.up(Layer::Sstp);
        if self.config.until <= Layer::Sstp {
            return self.finish(core);
        }
        self.start_lcp(core);
    }

    fn connect_nak(&mut self, core: &mut Core, message: &Message) {
        self.naks += 1;
        if (self.naks <= NAK_RETRIES || self.is(Quirk::RetriesForEver)) && self.config.timers.max_failure > 0 {
            return self.connect_request(core);
        }
        let says = match message.status_info() {
            Some((about, status)) => format!("Call Connect Nak, attribute {about}, status {status}"),
            None => "Call Connect Nak without a status".into(),
        };
        self.abort(core, Reason::Refused(says), RETRY_COUNT_EXCEEDED);
    }

    fn start_auth(&mut self, core: &mut Core, mut peer: Peer) {
        core.began(Layer::Auth);
        let frames = peer.start(core.now);
        if peer.has_its_answer() {
            core.up(Layer::Auth);
            return self.finish(core);
        }
        self.wait(core, Layer::Auth, peer.waiting_for);
        self.phase = Phase::Auth(Box::new(peer));
        frames.into_iter().for_each(|frame| core.send_frame(frame));
    }

    fn auth_frame(&mut self, core: &mut Core, frame: &Frame) {
        let Phase::Auth(peer) = &mut self.phase else { return self.asked_again(core, frame) };
        let before = (peer.waiting_for, peer.rounds);
        let (frames, outcome) = peer.receive(frame, &mut core.rng);
        let now = (peer.waiting_for, peer.rounds);
        let seen = peer.take_seen();
        seen.into_iter().for_each(|(by, inner)| core.note(by, Layer::Auth, What::Inner(Box::new(inner))));
        frames.into_iter().for_each(|frame| core.send_frame(frame));
        if self.config.quirks.contains(&Quirk::BindsEarly) {
            core.send_message(Message::bare(MessageType::CallConnected));
        }
        if before != now {
            self.wait(core, Layer::Auth, now.0);
        }
        match outcome {
            Outcome::Pending => {}
            Outcome::Asked => {
                core.up(Layer::Auth);
                self.finish(core);
            }
            Outcome::Success { hlak } => self.authenticated(core, hlak),
            Outcome::Failed(reason) => self.disconnect_failed(core, Layer::Auth, reason),
        }
    }

    fn authenticated(&mut self, core: &mut Core, hlak: [u8; 32]) {
        core.up(Layer::Auth);
        if self.config.until <= Layer::Auth {
            return self.finish(core);
        }
        if let Phase::Auth(peer) = std::mem::replace(&mut self.phase, Phase::Network) {
            self.proved = Some(peer);
        }
        self.bind(core, hlak);
    }

    fn flooded(&mut self, core: &mut Core) -> bool {
        self.seen += 1;
        let flooded = self.seen > FLOOD && !matches!(self.phase, Phase::Data | Phase::Leaving(_));
        if flooded {
            let layer = self.layer();
            self.disconnect_failed(core, layer, Reason::Violated(format!("more than {FLOOD} packets and no progress")));
        }
        flooded
    }
}

impl Decide for Client {
    fn start(&mut self, core: &mut Core) {
        core.began(Layer::Http);
        let guid = core.rng.guid();
        core.send_head(http::Head::sstp_request(&self.config.host, &guid));
        self.wait(core, Layer::Http, "HTTP response");
    }

    fn http(&mut self, core: &mut Core, head: http::Head) {
        if self.is(Quirk::MindsHttp) && !(head.start == "HTTP/1.1 200 OK" && head.headers.len() == 2) {
            return self.give_up(core, Layer::Http, Reason::Violated("the answer looks unlike others".into()));
        }
        if let Some(refusal) = refusal(&head).filter(|_| !self.is(Quirk::TakesAnyStatus)) {
            return self.give_up(core, Layer::Http, refusal);
        }
        core.up(Layer::Http);
        if self.config.until <= Layer::Http {
            return core.close();
        }
        core.began(Layer::Sstp);
        self.phase = Phase::Sstp;
        self.connect_request(core);
    }

    fn unreadable(&mut self, core: &mut Core, error: &WireError, stream_lost: bool) {
        self.heard(core.now);
        let layer = self.layer();
        let reason = Reason::Violated(error.to_string());
        match (stream_lost, layer) {
            (_, Layer::Teardown) => {}
            // MS-SSTP 3.1.5.1: a stream that cannot be delineated is dropped without a message.
            (true, _) => self.give_up(core, layer.min(Layer::Sstp), reason),
            (false, _) if error.layer == Layer::Sstp && self.is(Quirk::TakesMalformed) => {}
            (false, _) if error.layer == Layer::Sstp || self.is(Quirk::AbortsOnPpp) => self.abort(core, reason, INVALID_FRAME),
            // RFC 1661 5: a PPP packet that cannot be read is silently discarded.
            (false, _) => {
                self.flooded(core);
            }
        }
    }

    fn message(&mut self, core: &mut Core, message: Message, packet: &[u8]) {
        self.heard(core.now);
        if self.is(Quirk::MindsReserved) && !layout::broken(packet).is_empty() {
            return self.abort(core, Reason::Violated("a reserved bit is set".into()), INVALID_FRAME);
        }
        if self.leaving_message(core, &message) || self.flooded(core) {
            return;
        }
        match message.kind {
            MessageType::CallConnectAck => self.connect_ack(core, &message),
            MessageType::CallConnectNak => self.connect_nak(core, &message),
            MessageType::CallAbort => self.aborted(core, &message),
            MessageType::CallDisconnect => self.disconnected(core, &message),
            MessageType::EchoRequest => core.send_message(Message::bare(MessageType::EchoResponse)),
            MessageType::EchoResponse => self.echo_response(core),
            _ => {}
        }
    }

    fn misstep(&mut self, core: &mut Core, message: &Message) {
        if matches!(self.phase, Phase::Leaving(_)) {
            self.leaving_message(core, message);
            return;
        }
        if self.is(Quirk::TakesMissteps) {
            return;
        }
        let status = if matches!(message.kind, MessageType::Unknown(_)) { INVALID_FRAME } else { UNACCEPTED_FRAME };
        let says = format!("{} is out of turn in {}", message.kind.name(), core.state().name());
        self.abort(core, Reason::Violated(says), status);
    }

    fn frame(&mut self, core: &mut Core, frame: Frame) {
        self.heard(core.now);
        if let (Phase::Leaving(_), ppp::Body::Lcp(packet)) = (&self.phase, &frame.body) {
            return self.leaving_frame(core, packet);
        }
        let early = matches!(self.phase, Phase::Sstp) || frame.protocol < 0x8000 && matches!(self.phase, Phase::Lcp | Phase::Auth(_));
        if early && self.is(Quirk::MindsEarlyPpp) {
            return self.abort(core, Reason::Violated("PPP before its time".into()), UNACCEPTED_FRAME);
        }
        if matches!(self.phase, Phase::Http | Phase::Sstp | Phase::Leaving(_)) || self.flooded(core) {
            return;
        }
        match &frame.body {
            ppp::Body::Lcp(packet) => self.lcp_packet(core, packet),
            ppp::Body::Pap(_) | ppp::Body::Chap(_) | ppp::Body::Eap(_) => self.auth_frame(core, &frame),
            ppp::Body::Ipcp(packet) => self.ipcp_packet(core, packet),
            ppp::Body::Ipv6cp(packet) => self.ipv6cp_packet(core, packet),
            ppp::Body::Ccp(packet) => self.reject_protocol(core, frame.protocol, &packet.emit()),
            ppp::Body::Other(bytes) if frame.protocol == ppp::IPV4 => self.inner(core, bytes),
            ppp::Body::Other(_) if frame.protocol == ppp::IPV6 => {}
            ppp::Body::Other(bytes) => self.reject_protocol(core, frame.protocol, bytes),
        }
    }

    fn closed(&mut self, core: &mut Core, how: How) {
        self.peer_closed(core, how);
    }

    fn tick(&mut self, core: &mut Core) {
        let now = core.now;
        if let Phase::Leaving(_) = self.phase {
            return self.leaving_tick(core);
        }
        if let Some(deadline) = self.deadline.filter(|deadline| deadline.at <= now) {
            return self.timed_out(core, deadline);
        }
        if let Some(steps) = self.lcp.as_mut().map(|lcp| lcp.tick(now)) {
            self.lcp_steps(core, steps);
        }
        if let Phase::Auth(peer) = &mut self.phase {
            peer.tick(now).into_iter().for_each(|frame| core.send_frame(frame));
        }
        self.network_tick(core);
        self.stay_tick(core);
    }

    fn leave(&mut self, core: &mut Core) {
        if !matches!(self.phase, Phase::Leaving(_)) {
            self.interrupted(core);
        }
    }

    fn due(&self) -> Option<Micros> {
        if let Phase::Leaving(leaving) = &self.phase {
            return Some(leaving.until);
        }
        let auth = if let Phase::Auth(peer) = &self.phase { peer.due() } else { None };
        let lcp = self.lcp.as_ref().and_then(Automaton::due);
        [self.deadline.map(|deadline| deadline.at), lcp, auth, self.network_due(), self.stay_due()].into_iter().flatten().min()
    }
}

/// Why a response is not the one that opens an SSTP call. MS-SSTP 3.2.4.1, 4.1.
pub(super) fn refusal(head: &http::Head) -> Option<Reason> {
    if head.status != Some(200) {
        return Some(Reason::Refused(head.start.chars().take(120).collect()));
    }
    if head.minor != 1 {
        return Some(Reason::Violated(format!("the answer is HTTP/1.{} where MS-SSTP wants HTTP/1.1", head.minor)));
    }
    if head.header("Transfer-Encoding").is_some() {
        return Some(Reason::Violated("200, but the body is chunked instead of endless".into()));
    }
    match head.header("Content-Length") {
        Some(http::CONTENT_LENGTH) => None,
        Some(other) => Some(Reason::Violated(format!(
            "200, but Content-Length is {} instead of {}",
            other.chars().take(40).collect::<String>(),
            http::CONTENT_LENGTH
        ))),
        None => Some(Reason::Violated("200, but without a Content-Length".into())),
    }
}
