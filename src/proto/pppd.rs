//! PPP at the client's end with nothing of SSTP around it: what pppd is to a client that carries frames only.

use super::Rng;
use super::auth::{EapClient, Outcome, Peer, terminate_text};
use super::fsm::{Automaton, State, Step};
use super::ipcp::{ClientIpcp, Ipv6cp};
use super::lcp::{Agreement, ClientLcp};
use super::plan::{Credentials, Method, Timers};
use crate::base::{Bytes, Layer, Micros, Secret};
use crate::transcript::Reason;
use crate::wire::control;
use crate::wire::inner::Echo;
use crate::wire::ppp::{self, Body, Frame, Protocol};
use std::collections::VecDeque;
use std::net::Ipv4Addr;

/// Who dials, and how.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Who we are.
    pub credentials: Credentials,
    /// Methods we would use, best first.
    pub methods: Vec<Method>,
    /// What EAP methods with TLS need.
    pub eap: EapClient,
    /// Timers.
    pub timers: Timers,
    /// Every random choice comes from it.
    pub seed: u64,
}

/// What the link wants done or said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Say {
    /// Send this frame.
    Send(Vec<u8>),
    /// The authentication came through and left this higher-layer authentication key; zero where the method yields none. It
    /// comes before the first frame of a network protocol. MS-SSTP 3.2.5.2.2.
    Keys(Secret<[u8; 32]>),
    /// IPCP is open with this address.
    Up(Ipv4Addr),
    /// The link has ended.
    Ended(Reason),
}

/// One link.
#[derive(Debug)]
pub struct Pppd {
    settings: Settings,
    rng: Rng,
    lcp: Automaton<ClientLcp>,
    auth: Option<Box<Peer>>,
    authenticated: bool,
    ipcp: Automaton<ClientIpcp>,
    ipv6cp: Option<Automaton<Ipv6cp>>,
    /// Why the link is being ended.
    why: Option<Reason>,
    ended: bool,
    said: VecDeque<Say>,
}

impl Pppd {
    /// A link that begins at `now` with a Configure-Request.
    pub fn new(settings: Settings, now: Micros) -> Pppd {
        let mut rng = Rng::new(settings.seed);
        let mut magic: [u8; 4] = rng.bytes();
        magic[0] |= 1; // RFC 1661 6.4: zero is not a magic number
        let (restart, most) = (settings.timers.restart, settings.timers.max_configure);
        let mut link = Pppd {
            lcp: Automaton::new(Layer::Lcp, ClientLcp::willing(&settings.methods, magic), restart, most),
            ipcp: Automaton::new(Layer::Ncp, ClientIpcp::default(), restart, most),
            settings,
            rng,
            auth: None,
            authenticated: false,
            ipv6cp: None,
            why: None,
            ended: false,
            said: VecDeque::new(),
        };
        let steps = link.lcp.start(now);
        link.lcp_steps(now, steps);
        link
    }

    /// The next thing to do or say.
    pub fn poll(&mut self) -> Option<Say> {
        self.said.pop_front()
    }

    /// When [`Pppd::tick`] is to be called at the latest.
    pub fn due(&self) -> Option<Micros> {
        let auth = self.auth.as_ref().and_then(|peer| peer.due());
        [self.lcp.due(), auth, self.ipcp.due(), self.ipv6cp.as_ref().and_then(Automaton::due)].into_iter().flatten().min()
    }

    /// The clock says `now`.
    pub fn tick(&mut self, now: Micros) {
        let steps = self.lcp.tick(now);
        self.lcp_steps(now, steps);
        let again = self.auth.as_mut().map(|peer| peer.tick(now)).unwrap_or_default();
        again.iter().for_each(|frame| self.send(frame));
        let steps = self.ipcp.tick(now);
        self.ipcp_steps(steps);
        let steps = self.ipv6cp.as_mut().map(|ipv6cp| ipv6cp.tick(now)).unwrap_or_default();
        self.ipv6cp_steps(steps);
    }

    /// A frame came. RFC 1661 5: one that cannot be read is silently discarded.
    pub fn receive(&mut self, now: Micros, frame: &[u8]) {
        let Ok(frame) = Frame::parse(frame) else { return };
        if self.ended {
            return;
        }
        // RFC 1661 3.4: before LCP is open anything else is silently discarded.
        let open = self.lcp.state() == State::Opened;
        match &frame.body {
            Body::Lcp(packet) => self.lcp(now, packet),
            _ if !open => {}
            Body::Pap(_) | Body::Chap(_) | Body::Eap(_) => self.auth(now, &frame),
            // RFC 1661 3.5: before the authentication is through anything else is discarded.
            _ if !self.authenticated => {}
            Body::Ipcp(packet) => {
                let steps = self.ipcp.receive(now, packet);
                self.ipcp_steps(steps);
            }
            Body::Ipv6cp(packet) => self.ipv6cp(now, packet),
            Body::Other(packet) if frame.protocol == ppp::IPV4 => self.inner(packet),
            Body::Other(_) if frame.protocol == ppp::IPV6 => {}
            Body::Ccp(packet) => self.unknown(frame.protocol, &packet.emit()),
            Body::Other(bytes) => self.unknown(frame.protocol, bytes),
        }
    }

    fn send(&mut self, frame: &Frame) {
        self.said.push_back(Say::Send(frame.emit()));
    }

    /// The link is to be ended for this reason, in order.
    fn end(&mut self, now: Micros, why: Reason) {
        self.why.get_or_insert(why);
        let steps = self.lcp.close(now);
        self.lcp_steps(now, steps);
    }

    fn lcp(&mut self, now: Micros, packet: &control::Packet) {
        if packet.code == control::TERMINATE_REQUEST {
            let says = format!("LCP Terminate-Request {}", terminate_text(&packet.data));
            self.why.get_or_insert(Reason::Refused(says.trim_end().to_string()));
        }
        if packet.code == control::PROTOCOL_REJECT && self.lcp.state() == State::Opened {
            return self.protocol_rejected(now, packet);
        }
        let steps = self.lcp.receive(now, packet);
        self.lcp_steps(now, steps);
        if let Agreement::Unwilling(method) = self.lcp.policy.agreement {
            self.end(now, Reason::Unwilling(format!("the server demands {method}, which we would not use")));
        }
    }

    fn lcp_steps(&mut self, now: Micros, steps: Vec<Step>) {
        for step in steps {
            match step {
                Step::Send(packet) => self.send(&Frame::lcp(packet)),
                Step::Up => self.lcp_up(now),
                Step::Down => self.lcp_down(),
                Step::Finished => {
                    self.ended = true;
                    let why = self.why.clone().unwrap_or(Reason::Refused("LCP came to no end".into()));
                    self.said.push_back(Say::Ended(why));
                }
            }
        }
    }

    fn lcp_up(&mut self, now: Micros) {
        match self.lcp.policy.agreement {
            Agreement::Method(method) => {
                let Settings { methods, credentials, eap, .. } = self.settings.clone();
                let mut peer = Peer::new(method, methods, credentials, eap);
                let frames = peer.start(now);
                self.auth = Some(Box::new(peer));
                frames.iter().for_each(|frame| self.send(frame));
            }
            _ => self.authenticated(now, [0; 32]),
        }
    }

    /// What stands above LCP begins anew when LCP does. RFC 1661 3.1.
    fn lcp_down(&mut self) {
        (self.auth, self.authenticated, self.ipv6cp) = (None, false, None);
        let (restart, most) = (self.settings.timers.restart, self.settings.timers.max_configure);
        self.ipcp = Automaton::new(Layer::Ncp, ClientIpcp::default(), restart, most);
    }

    fn auth(&mut self, now: Micros, frame: &Frame) {
        let Some(peer) = &mut self.auth else { return };
        let (frames, outcome) = peer.receive(frame, &mut self.rng);
        let _ = peer.take_seen();
        frames.iter().for_each(|frame| self.send(frame));
        match outcome {
            Outcome::Pending | Outcome::Asked => {}
            Outcome::Success { hlak } if !self.authenticated => self.authenticated(now, hlak),
            Outcome::Success { .. } => {}
            Outcome::Failed(reason) => self.end(now, reason),
        }
    }

    fn authenticated(&mut self, now: Micros, hlak: [u8; 32]) {
        self.authenticated = true;
        self.said.push_back(Say::Keys(Secret::new(hlak)));
        let steps = self.ipcp.start(now);
        self.ipcp_steps(steps);
    }

    fn ipcp_steps(&mut self, steps: Vec<Step>) {
        for step in steps {
            match step {
                Step::Send(packet) => self.send(&Frame { protocol: ppp::IPCP, body: Body::Ipcp(packet) }),
                Step::Up => self.up(),
                Step::Down | Step::Finished => {}
            }
        }
    }

    fn up(&mut self) {
        let Some(address) = self.ipcp.policy.address() else { return };
        self.said.push_back(Say::Up(address));
        if let Some(to) = self.ipcp.policy.gateway {
            let id = u16::from_be_bytes(self.rng.bytes());
            self.ip(&Echo { from: address, to, request: true, id, seq: 1, data: b"sstp-diag".to_vec() });
        }
    }

    fn ip(&mut self, echo: &Echo) {
        self.send(&Frame { protocol: ppp::IPV4, body: Body::Other(Bytes(echo.emit())) });
    }

    /// A ping to our address is answered.
    fn inner(&mut self, packet: &[u8]) {
        let open = self.ipcp.state() == State::Opened;
        let Some(echo) = Echo::parse(packet).filter(|echo| open && echo.request) else { return };
        if Some(echo.to) == self.ipcp.policy.address() {
            self.ip(&echo.reply());
        }
    }

    /// IPv6CP begins when the server begins it.
    fn ipv6cp(&mut self, now: Micros, packet: &control::Packet) {
        if self.ipv6cp.is_none() {
            let (restart, most) = (self.settings.timers.restart, self.settings.timers.max_configure);
            let mut ipv6cp = Automaton::new(Layer::Ncp, Ipv6cp::new(self.rng.bytes()), restart, most);
            let steps = ipv6cp.start(now);
            self.ipv6cp = Some(ipv6cp);
            self.ipv6cp_steps(steps);
        }
        let steps = self.ipv6cp.as_mut().map(|ipv6cp| ipv6cp.receive(now, packet)).unwrap_or_default();
        self.ipv6cp_steps(steps);
    }

    fn ipv6cp_steps(&mut self, steps: Vec<Step>) {
        for step in steps {
            if let Step::Send(packet) = step {
                self.send(&Frame { protocol: ppp::IPV6CP, body: Body::Ipv6cp(packet) });
            }
        }
    }

    /// A protocol that we do not speak. RFC 1661 section 5.7.
    fn unknown(&mut self, protocol: Protocol, information: &[u8]) {
        let mut data = protocol.to_be_bytes().to_vec();
        data.extend(information);
        let id = self.rng.bytes::<1>()[0];
        self.send(&Frame::lcp(control::Packet::new(control::PROTOCOL_REJECT, id, data)));
    }

    /// A protocol that the server does not speak; without IPCP or a login there is nothing left to do.
    fn protocol_rejected(&mut self, now: Micros, packet: &control::Packet) {
        let Some(protocol) = packet.data.first_chunk::<2>().map(|bytes| u16::from_be_bytes(*bytes)) else { return };
        let needed = protocol == ppp::IPCP || !self.authenticated && ppp::layer_of(protocol) == Layer::Auth;
        if protocol == ppp::IPV6CP {
            let steps = self.ipv6cp.as_mut().map(|ipv6cp| ipv6cp.refused(now)).unwrap_or_default();
            self.ipv6cp_steps(steps);
        } else if needed {
            self.end(now, Reason::Refused(format!("LCP Protocol-Reject of {}", ppp::protocol_name(protocol))));
        }
    }
}

#[cfg(test)]
mod tests;
