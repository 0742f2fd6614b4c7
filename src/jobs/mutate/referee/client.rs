//! What was sent, and what it makes the server owe.

use super::rules::{self, Request};
use super::{Answer, Phase, Referee, Unit};
use crate::base::{Layer, Side, SpecRef};
use crate::jobs::mutate::fault::Kind;
use crate::proto::call::{self, State};
use crate::wire::control::{self, Packet};
use crate::wire::ppp::{self, Body, Frame};
use crate::wire::sstp::{HEADER_LEN, Header, Message, MessageType};
use crate::wire::{chap, http, pap};

impl Referee<'_> {
    pub(super) fn client_bytes(&mut self, bytes: &[u8]) {
        if self.phase == Phase::Up {
            self.silence = self.silence.max(self.now.since(self.last_sent));
            if self.silence > super::TIMER * 2 + super::SLACK && self.ended.is_none() {
                self.fault(Kind::Hang, "a silent client is not left", SpecRef::sstp("3.1.2.3"));
            }
        }
        self.last_sent = self.now;
        self.sent.extend_from_slice(bytes);
        let head = self.client.head.as_ref().map(|head| [head, bytes].concat());
        let collected = head.as_ref().map_or(0, Vec::len);
        // RFC 9112 2.2: one empty line before the request should be passed over; of more it says nothing.
        self.may_end |= head.as_ref().is_some_and(|head| rules::empty_lines(head) > 1);
        for unit in self.client.push(Side::Client, bytes) {
            match unit {
                _ if self.phase == Phase::Left => {}
                Unit::Head(head) => self.request(&head),
                Unit::NoHead if collected > LONGEST_HEAD => {
                    self.must_end(false, "an HTTP head without end", SpecRef::rfc(9112, "3"));
                }
                // Without the end of a line a server may wait for it.
                Unit::NoHead if !head.as_ref().is_some_and(|head| head.contains(&b'\n')) => {
                    (self.may_end, self.disturbed) = (true, true);
                    self.enter(Phase::Left);
                }
                Unit::NoHead => self.must_end(false, "an HTTP head that cannot be read", SpecRef::rfc(9112, "2.2")),
                Unit::Undelineated => {
                    self.must_end(false, "a packet of another version, or of a length below 4", SpecRef::sstp("3.1.5.1"));
                }
                Unit::Packet(packet) if Header::parse(&packet).is_some_and(|header| header.control) => self.message(&packet),
                Unit::Packet(packet) => self.frame(&packet),
            }
        }
    }

    fn request(&mut self, head: &http::Head) {
        match rules::request(head) {
            Request::Sound => self.owe(Answer::Status200, "the HTTP request", SpecRef::sstp("3.3.5.1")),
            Request::Open => {
                self.may_end = true;
                self.may_come(Answer::Status200, SpecRef::sstp("3.3.5.1"));
            }
            Request::Wrong(why) => return self.must_end(false, why, SpecRef::sstp("3.3.5.1")),
        }
        self.enter(Phase::Request);
    }

    fn message(&mut self, packet: &[u8]) {
        let unreadable = SpecRef::sstp("3.1.5.1");
        let Ok(message) = Message::parse(packet) else {
            return match self.phase {
                Phase::Request => self.bad_request("a Call Connect Request that cannot be read", unreadable),
                _ => self.must_end(true, "a message that cannot be read", unreadable),
            };
        };
        let state = match self.phase {
            Phase::Request => State::ConnectRequestPending,
            Phase::Acked => State::ConnectAckReceived,
            _ => State::Established,
        };
        if call::next(state, Side::Client, message.kind).is_none() {
            let why = format!("{} in {}", message.kind.name(), state.name());
            return self.must_end(true, why, SpecRef::sstp("3.3.5.2"));
        }
        let bare = message.attributes.is_empty() || rules::only_status(&message);
        match message.kind {
            MessageType::CallConnectRequest => self.connect_request(&message),
            MessageType::CallConnected => self.connected(&message, packet),
            MessageType::EchoRequest if message.attributes.is_empty() => {
                self.owe(Answer::EchoResponse, "Echo Request", SpecRef::sstp("3.1.5.2"));
            }
            MessageType::EchoRequest => self.odd(Answer::EchoResponse, SpecRef::sstp("3.1.5.2")),
            MessageType::CallAbort if bare => {
                self.owe(Answer::Abort, "Call Abort", SpecRef::sstp("3.1.5.3"));
                self.enter(Phase::Left);
            }
            MessageType::CallDisconnect if bare => {
                self.owe(Answer::DisconnectAck, "Call Disconnect", SpecRef::sstp("3.1.5.4"));
                self.enter(Phase::Left);
            }
            MessageType::CallAbort => self.odd(Answer::Abort, SpecRef::sstp("3.1.5.3")),
            MessageType::CallDisconnect => {
                self.odd(Answer::DisconnectAck, SpecRef::sstp("3.1.5.4"));
                self.enter(Phase::Left);
            }
            _ => {
                if !message.attributes.is_empty() {
                    self.may_end = true;
                }
            }
        }
    }

    /// The specification leaves open what becomes of it.
    pub(super) fn odd(&mut self, answer: Answer, spec: SpecRef) {
        self.may_end = true;
        self.may_come(answer, spec);
    }

    fn bad_request(&mut self, says: &'static str, spec: SpecRef) {
        self.owe(Answer::Nak, says, spec);
        self.may_end = true;
    }

    fn connect_request(&mut self, message: &Message) {
        let spec = SpecRef::sstp("3.3.5.2.2");
        match rules::connect_request(message) {
            Request::Sound => {
                self.owe(Answer::Ack, "Call Connect Request", spec);
                self.enter(Phase::Acked);
            }
            Request::Open => {
                self.odd(Answer::Ack, spec);
                self.may_come(Answer::Nak, spec);
            }
            Request::Wrong(why) => self.bad_request(why, spec),
        }
    }

    fn connected(&mut self, message: &Message, packet: &[u8]) {
        let spec = SpecRef::sstp("3.3.5.2.3");
        if self.known && self.world.tunnelled && self.key.is_none() {
            // The key of this login is not known to us.
            self.blind = true;
            return;
        }
        let nonce = self.nonces.last().map(Vec::as_slice);
        let key = self.key.filter(|_| self.known || !self.link.wants_auth);
        let key = key.or_else(|| self.plain_key());
        match rules::connected(message, packet, self.mask, nonce, self.world.leaf.as_ref(), key.as_ref()) {
            Some(why) => self.must_end(true, format!("Call Connected with {why}"), spec),
            None => {
                if self.now.since(self.since) > super::TIMER + super::SLACK {
                    let says = "the negotiation timer did not end the call";
                    self.fault(Kind::Hang, says, SpecRef::sstp("3.3.2.1"));
                }
                self.enter(Phase::Up);
            }
        }
    }

    /// Logins without keys, and calls without a login, are bound with zeros. MS-SSTP 3.2.5.2.2.
    fn plain_key(&self) -> Option<[u8; 32]> {
        (self.key.is_none() && (self.known || !self.link.wants_auth)).then_some([0; 32])
    }

    fn frame(&mut self, packet: &[u8]) {
        if self.phase == Phase::Request {
            // MS-SSTP 3.3.5.1 has no rule for it: dropped or the end of the call.
            self.may_end = true;
            return;
        }
        // RFC 1661 5: what cannot be read is silently discarded.
        let Ok(frame) = Frame::parse(packet.get(HEADER_LEN..).unwrap_or_default()) else { return };
        match &frame.body {
            Body::Lcp(packet) => self.lcp(packet),
            Body::Chap(chap::Packet { id, body: chap::Body::Response { value, name } }) => self.response_sent(*id, value, name),
            Body::Pap(pap::Packet { body: pap::Body::AuthenticateRequest { peer_id, password }, .. }) => {
                let right = rules::pap(self.world.credentials.as_ref(), peer_id, password);
                self.proves(right);
            }
            Body::Chap(_) | Body::Pap(_) => {}
            Body::Eap(packet) => self.eap_sent_by_client(packet),
            Body::Ipcp(packet) | Body::Ipv6cp(packet) | Body::Ccp(packet) => self.network(frame.protocol, packet),
            _ => {}
        }
    }

    pub(super) fn lcp(&mut self, packet: &Packet) {
        let opened = self.link.ours_acked && self.link.theirs_acked && !self.disturbed;
        let answers = matches!(packet.code, control::CONFIGURE_ACK..=control::CONFIGURE_REJECT);
        if answers && self.link.their_request == Some(packet.id) {
            self.link.unanswered = 0;
        }
        match packet.code {
            control::CONFIGURE_REQUEST => self.configure_request(packet, opened),
            control::CONFIGURE_ACK if self.link.their_request == Some(packet.id) => {
                // RFC 1661 5.2: an Ack of other options is discarded, or the end.
                self.disturbed |= opened || self.world.judges_client && packet.data.0 != self.their_options;
                self.link.theirs_acked = true;
            }
            control::CONFIGURE_ACK => self.disturbed |= opened,
            control::CONFIGURE_NAK | control::CONFIGURE_REJECT => {
                self.disturbed |= opened;
                // What the server insists on is refused: it may leave until it welcomes us all the same. Of a refusal that nothing asks for
                // nobody knows when it is over.
                match self.link.their_request == Some(packet.id) && !opened && !self.world.judges_client {
                    true => self.link.refuses = true,
                    false => self.may_end = true,
                }
            }
            control::TERMINATE_REQUEST => {
                self.owe(Answer::TerminateAck(packet.id), "Terminate-Request", SpecRef::rfc(1661, "5.5"));
                (self.may_end, self.disturbed) = (true, true);
            }
            control::PROTOCOL_REJECT if self.can_be_spared(packet) => {}
            control::TERMINATE_ACK | control::CODE_REJECT | control::PROTOCOL_REJECT => {
                (self.may_end, self.disturbed) = (true, true);
            }
            control::ECHO_REQUEST => {
                let (spec, data) = (SpecRef::rfc(1661, "5.8"), packet.data.get(4..).unwrap_or_default().to_vec());
                match opened && packet.data.len() >= 4 {
                    true => self.owe(Answer::EchoReply(packet.id, data), "LCP Echo-Request", spec),
                    false => self.may_come(Answer::EchoReply(packet.id, data), spec),
                }
            }
            control::ECHO_REPLY | control::DISCARD_REQUEST | 12 | 13 => {}
            _ => self.owe(Answer::CodeReject, "an LCP packet of an unknown code", SpecRef::rfc(1661, "5.6")),
        }
    }

    fn configure_request(&mut self, packet: &Packet, opened: bool) {
        let spec = SpecRef::rfc(1661, "5.1");
        // RFC 1661 6: options that cannot be walked make the packet one to discard.
        if packet.options(Layer::Lcp).is_err() {
            return;
        }
        self.link.requests += 1;
        (self.link.our_request, self.link.ours_acked) = (Some(packet.id), false);
        if opened {
            self.disturbed = true;
        }
        if self.link.requests > MANY || self.disturbed {
            self.may_end = true;
            return self.may_come(Answer::Configure(ppp::LCP, packet.id, packet.data.0.clone()), spec);
        }
        self.owe(Answer::Configure(ppp::LCP, packet.id, packet.data.0.clone()), "LCP Configure-Request", spec);
    }

    fn response_sent(&mut self, id: u8, value: &[u8], name: &[u8]) {
        let Some((asked, challenge)) = &self.challenge else { return self.proves(Some(false)) };
        // RFC 1994 4.1: a response to another challenge is discarded.
        if *asked != id {
            return;
        }
        let right = rules::chap(self.world.credentials.as_ref(), id, challenge, value, name);
        self.proves(right);
    }

    /// A login that is right, wrong, or of which that cannot be said.
    fn proves(&mut self, right: Option<bool>) {
        let spec = SpecRef::rfc(1661, "3.5");
        match right {
            _ if self.known => self.odd(Answer::Success, spec),
            Some(true) if self.disturbed || self.may_leave() => self.may_come(Answer::Success, spec),
            Some(true) => self.owe(Answer::Success, "the login", spec),
            Some(false) => self.may_end = true,
            None => self.odd(Answer::Success, spec),
        }
    }

    pub(super) fn network(&mut self, protocol: u16, packet: &Packet) {
        match packet.code {
            // What cannot be walked is discarded.
            control::CONFIGURE_REQUEST if packet.options(Layer::Ncp).is_err() => {}
            control::CONFIGURE_REQUEST => {
                self.may_come(Answer::Configure(protocol, packet.id, packet.data.0.clone()), SpecRef::rfc(1661, "5.1"))
            }
            control::CONFIGURE_NAK | control::CONFIGURE_REJECT if self.is_usual(protocol, packet) => {}
            control::CONFIGURE_NAK | control::CONFIGURE_REJECT | control::TERMINATE_REQUEST..=control::PROTOCOL_REJECT => {
                // A network protocol that is ended or refused may be all that the call was for.
                self.may_end = true;
            }
            _ => {}
        }
    }
}

/// Ours: so many requests make an end of patience. RFC 1661 4.6 has Max-Failure 5.
const MANY: u32 = 5;
/// Ours: a longer head is one without end.
const LONGEST_HEAD: usize = 8_000;
