//! From Call Connected to pings: crypto binding, IPCP, IPv6CP, data. MS-SSTP 3.2.5.2, RFC 1332, RFC 5072.

use super::{Client, Phase, UNACCEPTED_FRAME};
use crate::base::{Bytes, Layer, Micros};
use crate::crypto::binding::{self, HashProtocol};
use crate::proto::fsm::{Automaton, Step};
use crate::proto::ipcp::{ClientIpcp, Ipv6cp};
use crate::proto::quirk::Quirk;
use crate::proto::session::Core;
use crate::transcript::{Reason, What};
use crate::wire::control;
use crate::wire::inner::Echo;
use crate::wire::ppp::{self, Body, Frame, Protocol};
use crate::wire::sstp::{Attribute, Message, MessageType};
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

/// Ours: how long IPv6CP may lag behind IPCP before the call goes on without it.
const IPV6CP_GRACE: Duration = Duration::from_millis(500);
/// Ours: one ping a second, as ping does.
const PING_INTERVAL: Duration = Duration::from_secs(1);
/// Ours: how long an Echo Response may take; it is the server's next message, so a round trip is enough.
const ECHO_PATIENCE: Duration = Duration::from_secs(2);
/// Ours: how long a server may take to end a call whose binding it does not like, once it has answered an Echo Request.
const OBJECTION: Duration = Duration::from_millis(250);
/// Ours: bytes in a ping that is too large for its link.
const LARGE: usize = 1472;
/// Ours: so much of a frame is quoted in a Protocol-Reject, bytes; every MRU has room for it.
const REJECTED: usize = 1400;
/// Ours: so many Configure-Naks for IPCP are a loop, RFC 1661 section 4.6 (Max-Failure) twice over.
const NAK_LOOP: u32 = 10;

/// How far the network phase is.
#[derive(Debug, Default)]
pub(super) struct Progress {
    ipcp_up: Option<Micros>,
    ipv6cp_began: Option<Micros>,
    ipv6cp_done: bool,
    pings_sent: u16,
    pinged_at: Micros,
    ping_id: u16,
    next_ping: Option<Micros>,
    ping_answered: bool,
    echo_sent: Option<Micros>,
    echo_settled: bool,
    echo_answered: bool,
    /// An Echo Request went out early because nothing at all had come after Call Connected.
    nudged: bool,
    /// Identifier of our last Protocol-Reject, RFC 1661 section 5.7.
    rejects: u8,
}

impl Client {
    /// Sends Call Connected with the proof that both ends of TLS and of the authentication are the same.
    pub(super) fn bind(&mut self, core: &mut Core, hlak: [u8; 32]) {
        core.began(Layer::Binding);
        let Some((offered, nonce)) = self.offer.clone() else { return };
        let hash = self.config.binding_hash.unwrap_or(offered);
        let cert_hash = match hash {
            HashProtocol::Sha1 => self.config.cert.sha1.to_vec(),
            HashProtocol::Sha256 => self.config.cert.sha256.to_vec(),
        };
        let connected = |compound_mac: Vec<u8>| {
            let attribute = Attribute::CryptoBinding {
                hash_protocol: hash.value(),
                nonce: Bytes(nonce.clone()),
                cert_hash: Bytes(cert_hash.clone()),
                compound_mac: Bytes(compound_mac),
            };
            Message::with(MessageType::CallConnected, attribute)
        };
        // Call Connected without its MAC goes through door 1 under a name of its own, so that a lie can be covered by the MAC.
        let draft = core.unfinished(Layer::Binding, "sstp.call-connected-unsealed", connected(Vec::new()).emit());
        let key = self.config.binding_key.of(hlak);
        let Ok(mac) = binding::compound_mac(hash, &key, &draft) else { return };
        let packet = binding::sealed(draft, &mac);
        core.send_packet(connected(mac), packet);
        if self.config.until <= Layer::Binding {
            core.send_message(Message::bare(MessageType::EchoRequest));
        }
        self.phase = Phase::Network;
        self.start_hello(core);
        self.start_network(core);
    }

    fn start_network(&mut self, core: &mut Core) {
        core.began(Layer::Ncp);
        self.wait(core, Layer::Ncp, "IPCP Configure-Ack");
        let timers = &self.config.timers;
        let mut ipcp = Automaton::new(Layer::Ncp, ClientIpcp::default(), timers.restart, timers.max_configure);
        (ipcp.takes_stale, ipcp.deaf) = (self.is(Quirk::TakesStale), self.is(Quirk::Deaf));
        let steps = ipcp.start(core.now);
        self.ipcp = Some(ipcp);
        self.ncp_steps(core, ppp::IPCP, steps);
    }

    /// IPv6CP begins when the server begins it, or once the ping is settled: while SoftEther thinks about IPv6CP, which
    /// takes it seconds, it answers neither IPCP nor pings.
    fn start_ipv6cp(&mut self, core: &mut Core) {
        if self.ipv6cp.is_some() || !matches!(self.phase, Phase::Network | Phase::Data) {
            return;
        }
        self.net.ipv6cp_began = Some(core.now);
        let timers = &self.config.timers;
        let mut ipv6cp = Automaton::new(Layer::Ncp, Ipv6cp::new(core.rng.bytes()), timers.restart, timers.max_configure);
        let steps = ipv6cp.start(core.now);
        self.ipv6cp = Some(ipv6cp);
        self.ncp_steps(core, ppp::IPV6CP, steps);
    }

    /// Anything the server says in answer to what followed Call Connected shows that it took it.
    fn bound(&mut self, core: &mut Core) {
        if !self.binding_up && matches!(self.phase, Phase::Network) {
            self.binding_up = true;
            core.up(Layer::Binding);
            if self.config.until <= Layer::Binding {
                self.finish(core);
            }
        }
    }

    /// Some servers answer an Echo Request whatever they think of Call Connected (SoftEther, accel-ppp): no more is asked of them than
    /// this, but they get the time to end the call.
    fn await_objection(&mut self, core: &Core) {
        self.net.nudged = true;
        let end = core.now + OBJECTION;
        if let Some(deadline) = self.deadline.as_mut().filter(|_| !std::mem::replace(&mut self.net.echo_answered, true)) {
            deadline.at = deadline.at.min(end);
        }
    }

    /// Nothing but the end of the time to object is waited for.
    pub(super) fn objects_no_more(&mut self, core: &mut Core) -> bool {
        let over = self.net.echo_answered && self.config.until <= Layer::Binding;
        if over {
            self.bound(core);
        }
        over
    }

    pub(super) fn ipcp_packet(&mut self, core: &mut Core, packet: &control::Packet) {
        let Some(ipcp) = &mut self.ipcp else { return };
        let steps = ipcp.receive(core.now, packet);
        let (naks, address_rejected) = (ipcp.naks_received, ipcp.policy.address_rejected());
        if (control::CONFIGURE_ACK..=control::CONFIGURE_REJECT).contains(&packet.code) {
            self.bound(core);
        }
        if !matches!(self.phase, Phase::Network | Phase::Data) {
            return;
        }
        if naks > NAK_LOOP {
            return self.ncp_failed(core, Reason::Refused(format!("IPCP does not converge: {naks} Configure-Naks")));
        }
        if address_rejected {
            return self.ncp_failed(core, Reason::Refused("IPCP Configure-Reject of the address option".into()));
        }
        self.ncp_steps(core, ppp::IPCP, steps);
        if packet.code == control::TERMINATE_REQUEST {
            self.ncp_failed(core, Reason::Refused("IPCP Terminate-Request from the server".into()));
        }
    }

    pub(super) fn ipv6cp_packet(&mut self, core: &mut Core, packet: &control::Packet) {
        self.start_ipv6cp(core);
        let Some(ipv6cp) = &mut self.ipv6cp else { return };
        let steps = ipv6cp.receive(core.now, packet);
        if (control::CONFIGURE_ACK..=control::CONFIGURE_REJECT).contains(&packet.code) {
            self.bound(core);
        }
        if matches!(self.phase, Phase::Network | Phase::Data) {
            self.ncp_steps(core, ppp::IPV6CP, steps);
        }
    }

    fn ncp_steps(&mut self, core: &mut Core, protocol: Protocol, steps: Vec<Step>) {
        let wrap = |packet| if protocol == ppp::IPCP { Body::Ipcp(packet) } else { Body::Ipv6cp(packet) };
        for step in steps {
            match (step, protocol) {
                (Step::Send(packet), _) => core.send_frame(Frame { protocol, body: wrap(packet) }),
                (Step::Up, ppp::IPCP) => {
                    self.net.ipcp_up = Some(core.now);
                    if self.config.until <= Layer::Ncp {
                        self.start_ipv6cp(core);
                    }
                }
                (Step::Up | Step::Finished, ppp::IPV6CP) => self.net.ipv6cp_done = true,
                _ => {}
            }
        }
        self.maybe_data(core);
        self.maybe_finish(core);
    }

    fn maybe_data(&mut self, core: &mut Core) {
        let (Phase::Network, Some(_)) = (&self.phase, self.net.ipcp_up) else { return };
        if self.ipcp.as_ref().and_then(|ipcp| ipcp.policy.address()).is_none() {
            return self.ncp_failed(core, Reason::Refused("IPCP is open, but the address agreed on is 0.0.0.0".into()));
        }
        if self.ipv6cp_running(core.now) {
            return;
        }
        core.up(Layer::Ncp);
        if self.config.until <= Layer::Ncp {
            return self.finish(core);
        }
        self.start_data(core);
    }

    fn ipv6cp_running(&self, now: Micros) -> bool {
        !self.net.ipv6cp_done && self.net.ipv6cp_began.is_some_and(|began| now < began + IPV6CP_GRACE)
    }

    fn start_data(&mut self, core: &mut Core) {
        core.began(Layer::Data);
        self.phase = Phase::Data;
        self.wait(core, Layer::Data, "answer to a ping or an echo");
        self.net.ping_id = u16::from_be_bytes(core.rng.bytes());
        if let Some(stays) = self.config.stays {
            self.deadline = None;
            self.staying = Some(core.now + stays);
            self.beat = self.config.echoes.map(|every| (core.now + every, 0));
            self.ping(core);
            return self.start_ipv6cp(core);
        }
        if self.net.echo_sent.is_none() || self.net.echo_settled {
            self.net.echo_settled = false;
            self.net.echo_sent = Some(core.now);
            core.send_message(Message::bare(MessageType::EchoRequest));
        }
        self.ping(core);
        self.maybe_finish(core);
    }

    fn addresses(&self) -> Option<(Ipv4Addr, Ipv4Addr)> {
        let policy = &self.ipcp.as_ref()?.policy;
        Some((policy.address()?, policy.gateway?))
    }

    fn ping(&mut self, core: &mut Core) {
        let Some((from, to)) = self.addresses().filter(|_| u32::from(self.net.pings_sent) < self.config.pings) else {
            self.net.next_ping = None;
            return;
        };
        self.net.pings_sent += 1;
        self.net.pinged_at = core.now;
        self.net.next_ping = Some(core.now + PING_INTERVAL);
        let data = if self.is(Quirk::LargePackets) { vec![0; LARGE] } else { b"sstp-diag".to_vec() };
        let echo = Echo { from, to, request: true, id: self.net.ping_id, seq: self.net.pings_sent, data };
        core.send_frame(Frame { protocol: ppp::IPV4, body: Body::Other(Bytes(echo.emit())) });
    }

    /// An IPv4 packet came through the tunnel.
    pub(super) fn inner(&mut self, core: &mut Core, packet: &[u8]) {
        let Phase::Data = self.phase else { return };
        let Some(echo) = Echo::parse(packet).filter(|echo| !echo.request && echo.id == self.net.ping_id) else { return };
        if self.net.ping_answered || Some(echo.from) != self.addresses().map(|pair| pair.1) {
            return;
        }
        self.net.ping_answered = true;
        self.note_lost_pings(core, echo.seq.saturating_sub(1).min(self.net.pings_sent), echo.from);
        let rtt = (echo.seq == self.net.pings_sent).then(|| core.now - self.net.pinged_at);
        core.note(None, Layer::Data, What::Ping { to: IpAddr::V4(echo.from), rtt: rtt.or(Some(Micros::ZERO)) });
        self.maybe_finish(core);
    }

    /// TCP keeps the order, so an answer to a later ping says that the earlier ones got none.
    fn note_lost_pings(&self, core: &mut Core, count: u16, to: Ipv4Addr) {
        for _ in 0..count {
            core.note(None, Layer::Data, What::Ping { to: IpAddr::V4(to), rtt: None });
        }
    }

    pub(super) fn echo_response(&mut self, core: &mut Core) {
        if self.is(Quirk::MindsEchoes) {
            return self.abort(core, Reason::Violated("an Echo Response that nobody asked for".into()), UNACCEPTED_FRAME);
        }
        if self.config.until <= Layer::Binding {
            return self.await_objection(core);
        }
        self.bound(core);
        let Some(sent) = self.net.echo_sent.filter(|_| !self.net.echo_settled) else { return };
        self.net.echo_settled = true;
        self.net.echo_answered = true;
        core.note(None, Layer::Data, What::Echo { rtt: Some(core.now - sent) });
        self.maybe_finish(core);
    }

    fn maybe_finish(&mut self, core: &mut Core) {
        let (Phase::Data, None) = (&self.phase, self.staying) else { return };
        let ping_settled = self.net.ping_answered || self.net.next_ping.is_none();
        if ping_settled {
            self.start_ipv6cp(core);
        }
        if !matches!(self.phase, Phase::Data) || !ping_settled || !self.net.echo_settled || self.ipv6cp_running(core.now) {
            return;
        }
        if !self.net.ping_answered
            && self.net.pings_sent > 0
            && let Some((_, to)) = self.addresses()
        {
            self.note_lost_pings(core, self.net.pings_sent, to);
        }
        if self.carries() {
            core.up(Layer::Data);
            return self.finish(core);
        }
        let after = core.now - self.since();
        self.disconnect_failed(core, Layer::Data, Reason::TimedOut { waiting_for: "answer to a ping or an echo".into(), after });
    }

    /// A ping or an echo came back.
    pub(super) fn carries(&self) -> bool {
        self.net.ping_answered || self.net.echo_answered
    }

    /// The time for the layer is up: whatever has not been answered is unanswered.
    pub(super) fn settle_data(&mut self, core: &mut Core) {
        if !std::mem::replace(&mut self.net.echo_settled, true) {
            core.note(None, Layer::Data, What::Echo { rtt: None });
        }
        self.net.next_ping = None;
        self.net.ipv6cp_done = true;
        self.maybe_finish(core);
    }

    fn ncp_failed(&mut self, core: &mut Core, reason: Reason) {
        self.bound(core);
        if !matches!(self.phase, Phase::Leaving(_)) {
            self.disconnect_failed(core, Layer::Ncp, reason);
        }
    }

    /// The server does not speak a protocol of ours. RFC 1661 section 5.7.
    pub(super) fn protocol_reject(&mut self, core: &mut Core, packet: &control::Packet) {
        let protocol = packet.data.first_chunk::<2>().map(|bytes| u16::from_be_bytes(*bytes));
        match (protocol, &self.phase) {
            (Some(ppp::IPCP), Phase::Network | Phase::Data) => {
                self.ncp_failed(core, Reason::Refused("LCP Protocol-Reject of IPCP".into()));
            }
            (Some(ppp::IPV6CP), Phase::Network | Phase::Data) if !self.is(Quirk::InsistsOnIpv6) => {
                self.bound(core);
                let steps = self.ipv6cp.as_mut().map(|ipv6cp| ipv6cp.refused(core.now)).unwrap_or_default();
                self.net.ipv6cp_done = true;
                self.ncp_steps(core, ppp::IPV6CP, steps);
            }
            (Some(protocol), Phase::Auth(_)) if ppp::layer_of(protocol) == Layer::Auth => {
                let says = format!("LCP Protocol-Reject of {}", ppp::protocol_name(protocol));
                self.disconnect_failed(core, Layer::Auth, Reason::Refused(says));
            }
            _ => {}
        }
    }

    /// Refuses a protocol that we do not speak. RFC 1661 section 5.7.
    pub(super) fn reject_protocol(&mut self, core: &mut Core, protocol: Protocol, information: &[u8]) {
        if !matches!(self.phase, Phase::Network | Phase::Data) {
            return;
        }
        let mut data = protocol.to_be_bytes().to_vec();
        data.extend(information.iter().take(REJECTED));
        self.net.rejects = self.net.rejects.wrapping_add(1);
        core.send_frame(Frame::lcp(control::Packet::new(control::PROTOCOL_REJECT, self.net.rejects, data)));
    }

    pub(super) fn network_due(&self) -> Option<Micros> {
        let timers = [self.ipcp.as_ref().and_then(Automaton::due), self.ipv6cp.as_ref().and_then(Automaton::due)];
        let grace = self.net.ipv6cp_began.filter(|_| !self.net.ipv6cp_done).map(|began| began + IPV6CP_GRACE);
        let data = matches!(self.phase, Phase::Data) && self.staying.is_none();
        let echo = self.net.echo_sent.filter(|_| data && !self.net.echo_settled).map(|sent| sent + ECHO_PATIENCE);
        let ping = self.net.next_ping.filter(|_| data && !self.net.ping_answered);
        [timers[0], timers[1], grace, echo, ping, self.nudge_due()].into_iter().flatten().min()
    }

    /// Half of the time for the network is gone and nothing has come since Call Connected: ask whether the server took it.
    fn nudge_due(&self) -> Option<Micros> {
        let unbound = matches!(self.phase, Phase::Network) && !self.binding_up && !self.net.nudged && self.config.stays.is_none();
        self.deadline.filter(|_| unbound).map(|deadline| Micros((deadline.since.0 + deadline.at.0) / 2))
    }

    pub(super) fn network_tick(&mut self, core: &mut Core) {
        let now = core.now;
        if let Some(steps) = self.ipcp.as_mut().map(|ipcp| ipcp.tick(now)) {
            self.ncp_steps(core, ppp::IPCP, steps);
        }
        if let Some(steps) = self.ipv6cp.as_mut().map(|ipv6cp| ipv6cp.tick(now)) {
            self.ncp_steps(core, ppp::IPV6CP, steps);
        }
        if self.nudge_due().is_some_and(|due| due <= now) {
            self.net.nudged = true;
            self.net.echo_sent = Some(now);
            core.send_message(Message::bare(MessageType::EchoRequest));
        }
        // The grace is over: the call goes on without IPv6CP.
        self.net.ipv6cp_done |= self.net.ipv6cp_began.is_some_and(|began| began + IPV6CP_GRACE <= now);
        self.maybe_data(core);
        if let Phase::Data = self.phase {
            self.data_tick(core);
        }
    }

    fn data_tick(&mut self, core: &mut Core) {
        if self.staying.is_some() {
            return;
        }
        if self.net.echo_sent.is_some_and(|sent| sent + ECHO_PATIENCE <= core.now) && !self.net.echo_settled {
            self.net.echo_settled = true;
            core.note(None, Layer::Data, What::Echo { rtt: None });
        }
        if self.net.next_ping.is_some_and(|due| due <= core.now) && !self.net.ping_answered {
            self.ping(core);
        }
        self.maybe_finish(core);
    }
}
