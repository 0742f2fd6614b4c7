//! From Call Connected to pings, as the server sees it. MS-SSTP 3.3.5.2.3, RFC 1332, RFC 5072.

use super::{ATTRIB_NOT_SUPPORTED_IN_MSG, Parting, Server, VALUE_NOT_SUPPORTED};
use crate::base::{Bytes, Layer, Micros};
use crate::crypto::binding::{self, HashProtocol};
use crate::proto::bug::Bug;
use crate::proto::call;
use crate::proto::flaw::{CERT_HASH_WRONG, FORM_WRONG, HASH_WRONG, KEY_SWAPPED, MAC_WRONG, NONCE_WRONG, TOO_EARLY, ZERO_KEY};
use crate::proto::fsm::{self, Automaton, Step};
use crate::proto::ipcp::{Ipv6cp, ServerIpcp};
use crate::proto::lcp::DEFAULT_MRU;
use crate::proto::plan::BindingKey;
use crate::proto::session::Core;
use crate::transcript::Reason;
use crate::wire::control;
use crate::wire::inner::{Echo, fragments};
use crate::wire::ppp::{self, Body, Frame, Protocol};
use crate::wire::sstp::{Attribute, Message, MessageType};

impl Server {
    /// The five checks of MS-SSTP 3.3.5.2.3.
    pub(super) fn call_connected(&mut self, core: &mut Core, message: &Message, packet: &[u8]) {
        if self.config.check_binding {
            let mut wrong = self.binding_faults(message, packet);
            self.binding_forgiven(&mut wrong);
            if !wrong.is_empty() {
                core.down(Layer::Binding, Reason::Violated(format!("crypto binding: {}", wrong.join(", "))));
                let form = message.attributes.len() != 1 || !matches!(message.attributes.first(), Some(Attribute::CryptoBinding { .. }));
                let (about, status) = if form { (2, ATTRIB_NOT_SUPPORTED_IN_MSG) } else { (3, VALUE_NOT_SUPPORTED) };
                return self.abort(core, about, status);
            }
        }
        self.negotiation = None;
        self.hello = Some((core.now + self.config.timers.hello, false));
        self.ending = self.style().and_then(|style| style.ends_after).map(|after| core.now + after);
        core.up(Layer::Binding);
        if !self.leaves(core, Layer::Binding) {
            self.network_up(core);
        }
    }

    /// The network is up once the call is connected and addresses are agreed on, whichever came first.
    fn network_up(&mut self, core: &mut Core) {
        let opened = self.ipcp.as_ref().is_some_and(|ipcp| ipcp.state() == fsm::State::Opened);
        if opened && core.state() == call::State::Established {
            self.leaves(core, Layer::Ncp);
        }
    }

    /// The call has lasted as long as it should.
    pub(super) fn end_by_itself(&mut self, core: &mut Core) {
        if !self.style().is_some_and(|style| style.aborts) {
            return self.disconnect(core);
        }
        core.send_message(Message::bare(MessageType::CallAbort));
        self.leave_for(core, Parting::Aborted, self.config.timers.abort_1);
    }

    /// Everything that is wrong with a Call Connected, not only what is found first.
    fn binding_faults(&self, message: &Message, packet: &[u8]) -> Vec<&'static str> {
        let [Attribute::CryptoBinding { hash_protocol, nonce, cert_hash, .. }] = message.attributes.as_slice() else {
            return vec![FORM_WRONG];
        };
        let Some(hash) = HashProtocol::from_value(*hash_protocol).filter(|hash| hash.value() & self.config.hash_mask != 0) else {
            return vec![HASH_WRONG];
        };
        let expected: &[u8] = match hash {
            HashProtocol::Sha1 => &self.config.cert.sha1,
            HashProtocol::Sha256 => &self.config.cert.sha256,
        };
        let mut wrong = Vec::new();
        let mut must = |right: bool, says| {
            if !right {
                wrong.push(says)
            }
        };
        must(nonce.0 == self.nonce, NONCE_WRONG);
        must(cert_hash.0 == expected, CERT_HASH_WRONG);
        let verifies = |key: &[u8; 32]| binding::verify(hash, key, packet).unwrap_or(false);
        match self.hlak {
            None => must(false, TOO_EARLY),
            Some(hlak) if verifies(&hlak) => {}
            Some(_) if verifies(&[0; 32]) => must(false, ZERO_KEY),
            Some(hlak) => must(false, if verifies(&BindingKey::Swapped.of(hlak)) { KEY_SWAPPED } else { MAC_WRONG }),
        }
        wrong
    }

    pub(super) fn start_network(&mut self, core: &mut Core) {
        core.began(Layer::Ncp);
        let timers = &self.config.timers;
        if let Some(own) = self.config.address.filter(|_| self.config.client_address.is_some()) {
            let policy = ServerIpcp::new(own, self.config.client_address, &self.config.dns, &self.config.nbns);
            self.ipcp = Some(Automaton::new(Layer::Ncp, policy, timers.restart, timers.max_configure));
        }
        if self.config.ipv6 {
            self.ipv6cp = Some(Automaton::new(Layer::Ncp, Ipv6cp::new(core.rng.bytes()), timers.restart, timers.max_configure));
        }
        let steps = self.ipcp.as_mut().map(|ipcp| ipcp.start(core.now)).unwrap_or_default();
        self.ncp_steps(core, ppp::IPCP, steps);
        let steps = self.ipv6cp.as_mut().map(|ipv6cp| ipv6cp.start(core.now)).unwrap_or_default();
        self.ncp_steps(core, ppp::IPV6CP, steps);
    }

    fn ncp_steps(&mut self, core: &mut Core, protocol: Protocol, steps: Vec<Step>) {
        for step in steps {
            match (step, protocol) {
                (Step::Send(packet), ppp::IPCP) => core.send_frame(Frame { protocol, body: Body::Ipcp(packet) }),
                (Step::Send(packet), _) => core.send_frame(Frame { protocol, body: Body::Ipv6cp(packet) }),
                (Step::Up, ppp::IPCP) => {
                    core.up(Layer::Ncp);
                    self.network_up(core);
                }
                _ => {}
            }
        }
    }

    pub(super) fn ipcp_packet(&mut self, core: &mut Core, packet: &control::Packet) {
        if self.config.address.is_none() {
            return self.reject(core, ppp::IPCP, &packet.emit());
        }
        if self.joins_the_row(core.now, packet) {
            return;
        }
        let steps = self.ipcp.as_mut().map(|ipcp| ipcp.receive(core.now, packet)).unwrap_or_default();
        self.ncp_steps(core, ppp::IPCP, steps);
    }

    pub(super) fn ipv6cp_packet(&mut self, core: &mut Core, packet: &control::Packet) {
        if !self.config.ipv6 {
            return self.reject(core, ppp::IPV6CP, &packet.emit());
        }
        let steps = self.ipv6cp.as_mut().map(|ipv6cp| ipv6cp.receive(core.now, packet)).unwrap_or_default();
        self.ncp_steps(core, ppp::IPV6CP, steps);
    }

    /// RFC 1661 section 5.7.
    pub(super) fn reject(&mut self, core: &mut Core, protocol: Protocol, information: &[u8]) {
        if self.style().is_some_and(|style| style.passes_over_protocols) {
            return;
        }
        self.reject_id = self.reject_id.wrapping_add(1);
        let mut data = protocol.to_be_bytes().to_vec();
        data.extend(information.iter().take(1400));
        core.send_frame(Frame::lcp(control::Packet::new(control::PROTOCOL_REJECT, self.reject_id, data)));
    }

    /// An IPv4 packet came through the tunnel: pings to our own address are answered.
    pub(super) fn inner(&mut self, core: &mut Core, packet: &[u8]) {
        // RFC 1332 2: IP packets before IPCP is open are discarded.
        if self.ipcp.as_ref().is_none_or(|ipcp| ipcp.state() != fsm::State::Opened) {
            return;
        }
        let Some(echo) = Echo::parse(packet).filter(|echo| echo.request && Some(echo.to) == self.config.address) else { return };
        if self.config.answers_ping {
            let room = if self.config.bugs.has(Bug::LargeReplies) { usize::MAX } else { usize::from(self.peer_mru().min(MTU)) };
            for piece in fragments(&echo.reply().emit(), room) {
                core.send_frame(Frame { protocol: ppp::IPV4, body: Body::Other(Bytes(piece)) });
            }
        }
    }

    /// RFC 1661 6.1: what the client can take.
    fn peer_mru(&self) -> u16 {
        self.lcp.as_ref().map_or(DEFAULT_MRU, |lcp| lcp.policy.peer_mru)
    }

    /// A message that came after this end began to leave.
    pub(super) fn leaving_message(&mut self, core: &mut Core, message: &Message) {
        match (self.parting, message.kind) {
            // MS-SSTP 3.1.5.3: the answer to our Abort; the connection stands for another second.
            (Parting::Aborted, MessageType::CallAbort) => self.leave_for(core, Parting::Over, self.config.timers.abort_2),
            (Parting::Disconnected, MessageType::CallDisconnectAck) => core.close(),
            (Parting::Disconnected, MessageType::CallAbort) => {
                core.send_message(Message::bare(MessageType::CallAbort));
                self.leave_for(core, Parting::Over, self.config.timers.abort_2);
            }
            (Parting::Disconnected, MessageType::CallDisconnect) if self.style().is_some_and(|style| style.closes_on_crossing) => {
                core.close()
            }
            (Parting::Disconnected, MessageType::EchoRequest) if self.config.echoes_when_leaving => {
                core.send_message(Message::bare(MessageType::EchoResponse));
            }
            (Parting::Disconnected, MessageType::CallDisconnect) => {
                core.send_message(Message::bare(MessageType::CallDisconnectAck));
                self.leave_for(core, Parting::Over, self.config.timers.disconnect_2);
            }
            _ => {}
        }
    }

    pub(super) fn network_due(&self) -> Option<Micros> {
        let ipcp = self.ipcp.as_ref().and_then(Automaton::due);
        [ipcp, self.ipv6cp.as_ref().and_then(Automaton::due), self.row.due].into_iter().flatten().min()
    }

    pub(super) fn network_tick(&mut self, core: &mut Core) {
        let now = core.now;
        let steps = self.ipcp.as_mut().map(|ipcp| ipcp.tick(now)).unwrap_or_default();
        self.ncp_steps(core, ppp::IPCP, steps);
        let steps = self.ipv6cp.as_mut().map(|ipv6cp| ipv6cp.tick(now)).unwrap_or_default();
        self.ncp_steps(core, ppp::IPV6CP, steps);
        self.row_tick(core);
    }
}

/// MS-SSTP 3.1.5.2: the MTU towards the client, bytes.
const MTU: u16 = 1400;
