//! The server's mind: honest, complete, and as strict as MS-SSTP 3.3 wants.

pub(super) mod bugs;
mod link;
mod network;
mod pool;

use super::auth::{Authenticator, Decision};
use super::bug::Bug;
use super::call::State;
use super::fsm::Automaton;
use super::ipcp::{Ipv6cp, ServerIpcp};
use super::lcp::ServerLcp;
use super::plan::{ServerConfig, ServerStyle};
use super::session::{Core, Decide};
use crate::base::{Layer, Micros, WireError};
use crate::transcript::{How, Reason};
use crate::wire::ppp::{self, Body, Frame};
use crate::wire::sstp::{Attribute, ENCAPSULATED_PPP, Message, MessageType};
use crate::wire::{control, http};
use std::time::Duration;

/// MS-SSTP 2.2.8.
const UNRECOGNIZED_ATTRIBUTE: u32 = 2;
/// MS-SSTP 2.2.8.
const INVALID_ATTRIB_VALUE_LENGTH: u32 = 3;
/// MS-SSTP 2.2.8.
const VALUE_NOT_SUPPORTED: u32 = 4;
/// MS-SSTP 2.2.8.
const UNACCEPTED_FRAME: u32 = 5;
/// MS-SSTP 2.2.8.
const RETRY_COUNT_EXCEEDED: u32 = 6;
/// MS-SSTP 2.2.8.
const INVALID_FRAME: u32 = 7;
/// MS-SSTP 2.2.8.
const NEGOTIATION_TIMEOUT: u32 = 8;
/// MS-SSTP 2.2.8.
const ATTRIB_NOT_SUPPORTED_IN_MSG: u32 = 9;
/// MS-SSTP 2.2.8.
const REQUIRED_ATTRIBUTE_MISSING: u32 = 10;
/// MS-SSTP 2.2.8.
const DUPLICATE_ATTRIBUTE: u32 = 1;

/// Ours: Status Infos of one Nak; each is 76 bytes at most, and a packet 4095.
const MOST_FAULTS: usize = 50;

/// How the server leaves. MS-SSTP 3.1.1.1, 3.1.1.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Parting {
    /// Not, or nothing but the end of the connection is still to come.
    Over,
    /// Call_Abort_In_Progress_1: our Abort is not answered yet.
    Aborted,
    /// Call_Disconnect_In_Progress_1: our Disconnect is not acknowledged yet.
    Disconnected,
}

/// The server's mind.
#[derive(Debug)]
pub(super) struct Server {
    config: ServerConfig,
    nonce: [u8; 32],
    naks: u32,
    lcp: Option<Automaton<ServerLcp>>,
    auth: Option<Authenticator>,
    /// What the client has not answered yet, and when it is sent again. RFC 1994 4.1, RFC 3748 4.1.
    unanswered: Option<(Micros, Vec<Frame>)>,
    /// Set when the client is known.
    hlak: Option<[u8; 32]>,
    ipcp: Option<Automaton<ServerIpcp>>,
    ipv6cp: Option<Automaton<Ipv6cp>>,
    /// Who waits for an address that there is none of.
    row: pool::Row,
    /// Negotiation timer, MS-SSTP 3.3.2.1.
    negotiation: Option<Micros>,
    /// Hello timer, and whether an Echo Request of ours is unanswered.
    hello: Option<(Micros, bool)>,
    /// Set once this end has begun to leave: when it closes at the latest.
    leaving: Option<Micros>,
    parting: Parting,
    /// When it ends the call by itself.
    ending: Option<Micros>,
    /// HTTP is through.
    speaks_sstp: bool,
    reject_id: u8,
    /// The last answer to an LCP Configure-Request, where a defect sends it again.
    answered: Option<control::Packet>,
}

impl Server {
    pub fn new(config: ServerConfig) -> Server {
        Server {
            config,
            nonce: [0; 32],
            naks: 0,
            lcp: None,
            auth: None,
            unanswered: None,
            hlak: None,
            ipcp: None,
            ipv6cp: None,
            row: pool::Row::default(),
            negotiation: None,
            hello: None,
            leaving: None,
            parting: Parting::Over,
            ending: None,
            speaks_sstp: false,
            reject_id: 0,
            answered: None,
        }
    }

    fn abort(&mut self, core: &mut Core, about: u8, status: u32) {
        core.down(Layer::Sstp, Reason::Violated(format!("Call Abort sent, attribute {about}, status {status}")));
        core.send_message(Message::status(MessageType::CallAbort, about, status));
        self.leave_for(core, Parting::Aborted, self.config.timers.abort_1);
    }

    fn style(&self) -> Option<&ServerStyle> {
        self.config.style.as_deref()
    }

    fn disconnect(&mut self, core: &mut Core) {
        let bare = self.style().is_some_and(|style| style.bare_disconnect);
        let kind = MessageType::CallDisconnect;
        core.send_message(if bare { Message::bare(kind) } else { Message::status(kind, 0, 0) });
        self.leave_for(core, Parting::Disconnected, self.config.timers.disconnect_1);
    }

    /// Leaves when that is where the server was asked to leave; says whether it did.
    fn leaves(&mut self, core: &mut Core, layer: Layer) -> bool {
        let leaves = self.config.leaves_at == Some(layer) && self.leaving.is_none();
        if leaves {
            self.disconnect(core);
        }
        leaves
    }

    fn leave_for(&mut self, core: &Core, parting: Parting, patience: Duration) {
        self.parting = parting;
        (self.hello, self.negotiation, self.unanswered, self.ending) = (None, None, None, None);
        self.leaving = Some(core.now + patience);
    }

    fn refuse(&mut self, core: &mut Core, status: u16, reason: &str) {
        let headers = [("Content-Length", "0"), ("Connection", "close"), ("Server", self.config.banner.as_str())];
        core.send_head(self.styled(http::Head::response(status, reason, &headers)));
        core.down(Layer::Http, Reason::Refused(format!("{status} {reason}")));
        core.close();
    }

    fn styled(&self, mut head: http::Head) -> http::Head {
        if let Some(style) = self.style() {
            head.headers = style.headers.clone();
        }
        head
    }

    fn connect_request(&mut self, core: &mut Core, message: &Message) {
        if self.naks > 0 && self.config.bugs.has(Bug::NakIsFinal) {
            return core.hang();
        }
        let mut faults = request_faults(message, self.config.encapsulates);
        self.forgiven(&mut faults);
        if faults.is_empty() && self.naks < self.config.naks_first {
            faults.push(Attribute::StatusInfo {
                about: 1,
                status: VALUE_NOT_SUPPORTED,
                value: ENCAPSULATED_PPP.to_be_bytes().to_vec().into(),
            });
        }
        if faults.is_empty() {
            self.nonce = if self.config.bugs.has(Bug::NonceReused) { [7; 32] } else { core.rng.bytes() };
            let offer = Attribute::CryptoBindingRequest { hash_mask: self.config.hash_mask, nonce: self.nonce.to_vec().into() };
            core.send_message(Message::with(MessageType::CallConnectAck, offer));
            core.up(Layer::Sstp);
            self.negotiation = Some(core.now + self.config.timers.negotiation);
            if !self.leaves(core, Layer::Sstp) {
                self.start_lcp(core);
            }
            return;
        }
        // More than fit in a packet cannot be told. MS-SSTP 2.2.12.
        faults.truncate(MOST_FAULTS);
        self.naks += 1;
        if self.naks > self.config.nak_limit && self.config.bugs.has(Bug::NakLoopHangs) {
            return core.hang();
        }
        if self.naks > self.config.nak_limit && !self.config.bugs.has(Bug::NakForEver) {
            return self.abort(core, 2, RETRY_COUNT_EXCEEDED);
        }
        core.send_message(Message { kind: MessageType::CallConnectNak, attributes: faults });
    }

    /// Sends frames of the authentication and again when nothing answers them.
    fn ask(&mut self, core: &mut Core, frames: Vec<Frame>) {
        self.unanswered = (!frames.is_empty()).then(|| (core.now + self.config.timers.restart, frames.clone()));
        frames.into_iter().for_each(|frame| core.send_frame(frame));
    }

    fn auth_frame(&mut self, core: &mut Core, frame: &Frame) {
        let Some(auth) = &mut self.auth else { return };
        let (frames, decision) = auth.receive(frame);
        if core.bugs.is_dead() && core.bugs.has(Bug::EapLengthKills) {
            return core.end_at_once();
        }
        match decision {
            // What was discarded answers nothing.
            Decision::Pending if frames.is_empty() => {}
            Decision::Pending => return self.ask(core, frames),
            _ => self.unanswered = None,
        }
        frames.into_iter().for_each(|frame| core.send_frame(frame));
        match decision {
            Decision::Pending => {}
            Decision::Accepted(hlak) if self.hlak.is_none() => {
                core.up(Layer::Auth);
                self.hlak = Some(hlak);
                if !self.leaves(core, Layer::Auth) {
                    self.start_network(core);
                }
            }
            Decision::Accepted(_) => {}
            Decision::Refused => {
                core.down(Layer::Auth, Reason::Refused("the client did not prove itself".into()));
                if !self.style().is_some_and(|style| style.terminates) {
                    return self.disconnect(core);
                }
                let steps = self.lcp.as_mut().map(|lcp| lcp.close(core.now)).unwrap_or_default();
                self.lcp_steps(core, steps);
            }
        }
    }

    fn refresh_hello(&mut self, now: Micros) {
        if self.hello.is_some() {
            self.hello = Some((now + self.config.timers.hello, false));
        }
    }

    /// A defect: whatever comes, the client has its time from then on.
    fn restart_negotiation(&mut self, now: Micros) {
        if self.config.bugs.has(Bug::NegotiationRestarts) && self.negotiation.is_some() {
            self.negotiation = Some(now + self.config.timers.negotiation);
        }
    }

    /// MS-SSTP 3.3.5: what a frame may do in the state that the call is in.
    fn allowed(&self, core: &Core, protocol: u16) -> bool {
        match core.state() {
            State::ConnectAckReceived => protocol >= 0x8000 || core.bugs.has(Bug::DataUnbound),
            State::Established => true,
            _ => false,
        }
    }
}

impl Decide for Server {
    fn start(&mut self, core: &mut Core) {
        core.began(Layer::Http);
        self.negotiation = Some(core.now + self.config.timers.negotiation);
    }

    fn http(&mut self, core: &mut Core, head: http::Head) {
        if self.config.bugs.has(Bug::OtherLengthSilent) && head.header("Content-Length") != Some(http::CONTENT_LENGTH) {
            return core.hang();
        }
        let line = head.request_line().unwrap_or_default();
        let path = line.1.split_once('?').map_or(line.1, |pair| pair.0);
        if let Some((status, reason)) = self.style().and_then(|style| style.refuses.clone()) {
            return self.refuse(core, status, &reason);
        }
        match (line.0, path, line.2) {
            // RFC 9112 3.2.
            (_, _, "HTTP/1.1") if head.all("Host").count() != 1 => self.refuse(core, 400, "Bad Request"),
            (method, path, "HTTP/1.1")
                if (method == http::METHOD || self.config.bugs.has(Bug::AnyMethod))
                    && (path == http::PATH || self.config.bugs.has(Bug::AnyPath)) =>
            {
                let date = self.config.date.as_deref().map(|date| ("Date", date));
                let own = [("Content-Length", http::CONTENT_LENGTH), ("Server", self.config.banner.as_str())];
                let headers: Vec<(&str, &str)> = own.into_iter().chain(date).collect();
                core.send_head(self.styled(http::Head::response(200, "OK", &headers)));
                self.speaks_sstp = true;
                core.up(Layer::Http);
                core.began(Layer::Sstp);
            }
            (_, http::PATH, "HTTP/1.1") => self.refuse(core, 405, "Method Not Allowed"),
            (_, _, "HTTP/1.1") => self.refuse(core, 404, "Not Found"),
            _ => self.refuse(core, 505, "HTTP Version Not Supported"),
        }
    }

    fn unreadable(&mut self, core: &mut Core, error: &WireError, stream_lost: bool) {
        match (stream_lost, error.layer) {
            (true, Layer::Http) => self.refuse(core, 400, "Bad Request"),
            // MS-SSTP 3.1.5.1: a stream that cannot be delineated is dropped without a message.
            (true, _) => core.close(),
            (false, Layer::Sstp) => self.abort(core, 2, INVALID_FRAME),
            (false, _) => self.refresh_hello(core.now),
        }
    }

    fn message(&mut self, core: &mut Core, message: Message, packet: &[u8]) {
        self.refresh_hello(core.now);
        self.restart_negotiation(core.now);
        let bare = message.attributes.is_empty();
        match message.kind {
            _ if self.leaving.is_some() => self.leaving_message(core, &message),
            MessageType::CallConnectRequest => self.connect_request(core, &message),
            MessageType::CallConnected => self.call_connected(core, &message, packet),
            MessageType::EchoRequest if self.leaky_echo(core, packet) => {}
            MessageType::EchoRequest => core.send_message(Message::bare(MessageType::EchoResponse)),
            MessageType::CallAbort if self.config.bugs.has(Bug::AbortIgnored) => {}
            MessageType::CallDisconnect if bare && self.config.bugs.has(Bug::DisconnectIgnored) => {}
            MessageType::CallDisconnect if bare && self.config.bugs.has(Bug::DisconnectStays) => {
                core.send_message(Message::bare(MessageType::CallDisconnectAck));
                core.hang();
            }
            MessageType::CallAbort => {
                core.send_message(Message::bare(MessageType::CallAbort));
                self.leave_for(core, Parting::Over, self.config.timers.abort_2);
            }
            MessageType::CallDisconnect => {
                core.send_message(Message::bare(MessageType::CallDisconnectAck));
                self.leave_for(core, Parting::Over, self.config.timers.disconnect_2);
            }
            _ => {}
        }
    }

    fn misstep(&mut self, core: &mut Core, message: &Message) {
        if self.leaving.is_none() && !self.takes_misstep(core, message) {
            let status = if matches!(message.kind, MessageType::Unknown(_)) { INVALID_FRAME } else { UNACCEPTED_FRAME };
            self.abort(core, 2, status);
        }
    }

    fn frame(&mut self, core: &mut Core, frame: Frame) {
        let early = self.config.bugs.has(Bug::PppBeforeRequest) && core.state() == State::ConnectRequestPending;
        if self.config.bugs.has(Bug::EarlyPppEnds) && core.state() == State::ConnectRequestPending {
            return core.close();
        }
        if self.mistakes_frame(core, &frame) || self.leaving.is_some() || !early && !self.allowed(core, frame.protocol) {
            return;
        }
        if !(self.config.bugs.has(Bug::OnlyEchoKeeps) && self.hello.is_some_and(|hello| hello.1)) {
            self.refresh_hello(core.now);
        }
        self.restart_negotiation(core.now);
        if early && self.lcp.is_none() {
            self.start_lcp(core);
        }
        if self.config.echoes_ppp {
            return core.send_frame(frame);
        }
        match &frame.body {
            Body::Lcp(packet) => self.lcp_packet(core, packet),
            Body::Pap(_) | Body::Chap(_) | Body::Eap(_) => self.auth_frame(core, &frame),
            Body::Ipcp(packet) if self.hlak.is_none() && self.config.bugs.has(Bug::NetworkBeforeLogin) => {
                if self.ipcp.is_none() {
                    self.start_network(core);
                }
                self.ipcp_packet(core, packet);
            }
            // RFC 1661 3.5: nothing of the network before authentication.
            _ if self.hlak.is_none() => {}
            Body::Ipcp(packet) => self.ipcp_packet(core, packet),
            Body::Ipv6cp(packet) => self.ipv6cp_packet(core, packet),
            Body::Ccp(packet) => self.reject(core, frame.protocol, &packet.emit()),
            Body::Other(bytes) if frame.protocol == ppp::IPV4 => self.inner(core, bytes),
            Body::Other(_) if frame.protocol < 0x8000 => {}
            Body::Other(bytes) => self.reject(core, frame.protocol, bytes),
        }
    }

    fn closed(&mut self, _core: &mut Core, _how: How) {}

    fn tick(&mut self, core: &mut Core) {
        let now = core.now;
        if self.leaving.is_some_and(|due| due <= now) {
            return core.close();
        }
        if self.ending.take_if(|due| *due <= now).is_some() {
            return self.end_by_itself(core);
        }
        if self.negotiation.is_some_and(|due| due <= now) {
            // Where no HTTP was spoken there is nobody to understand a Call Abort.
            return if self.speaks_sstp { self.abort(core, 2, NEGOTIATION_TIMEOUT) } else { core.close() };
        }
        if let Some((_, frames)) = self.unanswered.take_if(|(due, _)| *due <= now) {
            self.ask(core, frames);
        }
        match self.hello {
            Some((due, false)) if due <= now => {
                self.hello = Some((now + self.config.timers.hello, true));
                core.send_message(Message::bare(MessageType::EchoRequest));
            }
            // MS-SSTP 3.1.2.3: the second expiry ends the connection without a message.
            Some((due, true)) if due <= now && self.config.bugs.has(Bug::HelloNeverEnds) => self.refresh_hello(now),
            Some((due, true)) if due <= now => return core.close(),
            _ => {}
        }
        if let Some(steps) = self.lcp.as_mut().map(|lcp| lcp.tick(now)) {
            self.lcp_steps(core, steps);
        }
        self.network_tick(core);
    }

    fn leave(&mut self, core: &mut Core) {
        match core.state() {
            State::ConnectAckReceived | State::Established if self.leaving.is_none() => self.disconnect(core),
            _ => core.close(),
        }
    }

    fn due(&self) -> Option<Micros> {
        let lcp = self.lcp.as_ref().and_then(Automaton::due);
        if self.leaving.is_some() {
            return self.leaving;
        }
        let auth = self.unanswered.as_ref().map(|pair| pair.0);
        [self.negotiation, self.hello.map(|pair| pair.0), self.ending, lcp, auth, self.network_due()].into_iter().flatten().min()
    }
}

/// Every attribute of a Call Connect Request that is not as it should be, as the NAK reports it. MS-SSTP 3.3.5.2.2.
fn request_faults(message: &Message, encapsulates: u16) -> Vec<Attribute> {
    let nak = |about: u8, status: u32, value: &[u8]| Attribute::StatusInfo {
        about,
        status,
        value: value.get(..value.len().min(64)).unwrap_or_default().into(),
    };
    let mut faults = Vec::new();
    let mut seen = Vec::new();
    for attribute in &message.attributes {
        let id = attribute.id();
        match attribute {
            _ if seen.contains(&id) => faults.push(nak(id, DUPLICATE_ATTRIBUTE, &[])),
            Attribute::EncapsulatedProtocol(protocol) if *protocol == encapsulates => {}
            Attribute::EncapsulatedProtocol(other) => faults.push(nak(id, VALUE_NOT_SUPPORTED, &other.to_be_bytes())),
            Attribute::Other { id: 1, value } => faults.push(nak(1, INVALID_ATTRIB_VALUE_LENGTH, value)),
            Attribute::StatusInfo { about, status, .. } if *status != 0 => {
                let mut value = vec![0, 0, 0, *about];
                value.extend(status.to_be_bytes());
                faults.push(nak(2, 11, &value)); // STATUS_INFO_NOT_SUPPORTED_IN_MSG
            }
            Attribute::StatusInfo { .. } => {}
            _ => faults.push(nak(id, UNRECOGNIZED_ATTRIBUTE, &[])),
        }
        seen.push(id);
    }
    if !seen.contains(&1) {
        faults.push(nak(1, REQUIRED_ATTRIBUTE_MISSING, &[]));
    }
    faults
}
