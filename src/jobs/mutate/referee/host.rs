//! What we sent as a server, and what it makes the client owe. MS-SSTP 3.1.5, 3.2.5.

use super::rules::{self, HASHES};
use super::{Answer, Phase, Referee, Unit};
use crate::base::{Layer, Side, SpecRef};
use crate::proto::call::{self, State};
use crate::wire::control::{self, Packet};
use crate::wire::ncp::{AUTH_PROTOCOL, IP_ADDRESS};
use crate::wire::ppp::{self, Body, Frame};
use crate::wire::sstp::{Attribute, HEADER_LEN, Header, Message, MessageType};
use crate::wire::{chap, http, pap};

impl Referee<'_> {
    pub(super) fn host_bytes(&mut self, bytes: &[u8]) {
        self.last_sent = self.now;
        self.sent.extend_from_slice(bytes);
        for unit in self.server.push(Side::Server, bytes) {
            match unit {
                _ if self.phase == Phase::Left => {}
                Unit::Head(head) => self.answer_sent(&head),
                Unit::NoHead => self.must_end(false, "an answer that is no HTTP", SpecRef::rfc(9112, "4")),
                Unit::Undelineated => {
                    self.must_end(false, "a packet of another version, or of a length below 4", SpecRef::sstp("3.1.5.1"));
                }
                Unit::Packet(packet) if Header::parse(&packet).is_some_and(|header| header.control) => self.message_sent(&packet),
                Unit::Packet(packet) => self.frame_sent(&packet),
            }
        }
    }

    fn answer_sent(&mut self, head: &http::Head) {
        let spec = SpecRef::sstp("3.2.4.1");
        let version = head.start.split(' ').next().unwrap_or_default();
        match head.status.unwrap_or_default() {
            200 if version == "HTTP/1.1" && rules::plain(head) => self.owe(Answer::Request, "the answer 200", spec),
            200 => self.odd(Answer::Request, spec),
            // RFC 9110 15.2: an interim answer is none yet, and what follows it is another head.
            100..200 => self.blind = true,
            status => return self.must_end(false, format!("the HTTP answer {status}"), spec),
        }
        self.enter(Phase::Request);
    }

    fn message_sent(&mut self, packet: &[u8]) {
        let Ok(message) = Message::parse(packet) else {
            return self.must_end(true, "a message that cannot be read", SpecRef::sstp("3.1.5.1"));
        };
        let state = match self.phase {
            // A client sends its request as soon as it has the answer, whenever we get to see it.
            Phase::Head | Phase::Request => State::ConnectRequestSent,
            Phase::Acked => State::ConnectAckReceived,
            Phase::Up | Phase::Left => State::Established,
        };
        let known = |state| call::next(state, Side::Server, message.kind).is_some();
        // Behind the login Call Connected may be on its way, and nobody can tell which state the client is in.
        let between = self.phase == Phase::Acked && (self.known || self.may_end) && known(State::Established) != known(state);
        if !between && !known(state) {
            let why = format!("{} in {}", message.kind.name(), state.name());
            return self.must_end(true, why, SpecRef::sstp("3.2.5.3"));
        }
        let bare = message.attributes.is_empty() || rules::only_status(&message);
        match message.kind {
            MessageType::CallConnectAck => self.ack_sent(&message),
            MessageType::CallConnectNak => self.odd(Answer::Request, SpecRef::sstp("3.2.5.3.3")),
            MessageType::EchoRequest if message.attributes.is_empty() && !between => {
                self.owe(Answer::EchoResponse, "Echo Request", SpecRef::sstp("3.2.5.3.7"));
            }
            MessageType::EchoRequest => self.odd(Answer::EchoResponse, SpecRef::sstp("3.2.5.3.7")),
            MessageType::CallAbort | MessageType::CallDisconnect => self.leave_sent(message.kind, bare),
            _ => self.may_end |= between || !message.attributes.is_empty(),
        }
    }

    fn leave_sent(&mut self, kind: MessageType, bare: bool) {
        let (answer, says, spec) = match kind {
            MessageType::CallAbort => (Answer::Abort, "Call Abort", SpecRef::sstp("3.2.5.3.4")),
            _ => (Answer::DisconnectAck, "Call Disconnect", SpecRef::sstp("3.2.5.3.5")),
        };
        match bare {
            // What answers the end that the client has made is owed nothing.
            _ if self.ended.is_some() => {}
            true => self.owe(answer, says, spec),
            false => self.odd(answer, spec),
        }
        self.enter(Phase::Left);
    }

    /// MS-SSTP 3.2.5.3.2.
    fn ack_sent(&mut self, message: &Message) {
        let spec = SpecRef::sstp("3.2.5.3.2");
        let bindings: Vec<_> = message
            .attributes
            .iter()
            .filter_map(|attribute| match attribute {
                Attribute::CryptoBindingRequest { hash_mask, nonce } if nonce.len() == NONCE => Some((*hash_mask, nonce.0.clone())),
                _ => None,
            })
            .collect();
        match bindings.as_slice() {
            [(mask, _)] if mask & HASHES == 0 => self.must_end(true, "Call Connect Ack without a usable hash", spec),
            [(mask, nonce)] => {
                // MS-SSTP says nothing of what is not defined, or does not belong, beside what does.
                self.may_end |= mask & !HASHES != 0 || message.attributes.len() > 1;
                (self.mask, self.acked) = (*mask, true);
                self.nonces.push(nonce.clone());
                self.enter(Phase::Acked);
                match self.may_end {
                    true => self.may_come(Answer::Ppp, spec),
                    false => self.owe(Answer::Ppp, "Call Connect Ack", spec),
                }
            }
            [] => self.must_end(true, "Call Connect Ack without a sound Crypto Binding Request", spec),
            // Which of them counts?
            _ => self.blind = true,
        }
    }

    fn frame_sent(&mut self, packet: &[u8]) {
        if matches!(self.phase, Phase::Head | Phase::Request) {
            // MS-SSTP 3.2.5 has no rule for it: dropped or the end of the call.
            self.may_end = true;
            return;
        }
        // RFC 1661 5: what cannot be read is silently discarded.
        let Ok(frame) = Frame::parse(packet.get(HEADER_LEN..).unwrap_or_default()) else { return };
        match &frame.body {
            Body::Lcp(packet) => {
                self.lcp(packet);
                self.asks_for_no_login(packet);
            }
            Body::Chap(packet) => self.chap_sent(&frame, packet),
            Body::Pap(pap::Packet { body: pap::Body::AuthenticateAck { .. }, .. }) => self.lets_in(),
            Body::Pap(_) => self.may_end = true,
            Body::Eap(packet) => self.eap_sent(packet.code, packet.id),
            Body::Ipcp(packet) | Body::Ipv6cp(packet) | Body::Ccp(packet) => self.network(frame.protocol, packet),
            _ => {}
        }
    }

    /// Who takes a request without a login takes the call to be up without one. RFC 1661 3.5.
    fn asks_for_no_login(&mut self, packet: &Packet) {
        if packet.code != control::CONFIGURE_REQUEST {
            return;
        }
        let options = packet.options(Layer::Lcp).unwrap_or_default();
        let asked = options.iter().find(|option| option.kind == AUTH_PROTOCOL);
        self.link.asks_eap = asked.is_some_and(|option| option.value.0 == ppp::EAP.to_be_bytes());
        if asked.is_none() {
            self.odd(Answer::Connected, SpecRef::rfc(1661, "3.5"));
        }
    }

    /// How a client gets its addresses: those that it asked for are named, and those that nobody has are refused. RFC 1332 3.3,
    /// RFC 1877 1. No client may leave for that.
    pub(super) fn is_usual(&self, protocol: u16, answer: &Packet) -> bool {
        let asked = self.asked.iter().find(|(other, request)| *other == protocol && request.id == answer.id);
        let Some((ppp::IPCP, request)) = asked else { return false };
        let (Ok(asked), Ok(options)) = (request.options(Layer::Ncp), answer.options(Layer::Ncp)) else { return false };
        options.iter().all(|option| match answer.code {
            control::CONFIGURE_NAK => rules::address(&option.value.0) && asked.iter().any(|one| one.kind == option.kind),
            _ => option.kind != IP_ADDRESS && asked.contains(option),
        })
    }

    /// A call does not hang on a network protocol beside IPCP.
    pub(super) fn can_be_spared(&self, reject: &Packet) -> bool {
        let protocol = reject.data.first_chunk::<2>().map(|bytes| u16::from_be_bytes(*bytes));
        self.asked.iter().any(|(asked, _)| Some(*asked) == protocol && *asked != ppp::IPCP)
    }

    fn chap_sent(&mut self, frame: &Frame, packet: &chap::Packet) {
        let spec = SpecRef::rfc(1994, "4.1");
        match &packet.body {
            chap::Body::Challenge { value, .. } => {
                // Who was asked for EAP discards it. RFC 1661 5.7.
                let sound = value.len() == CHALLENGE && !self.link.asks_eap && !self.disturbed && !self.may_end;
                // RFC 1994 4.1: the latest challenge counts; one that is overtaken is answered or not.
                self.owed.retain(|owed| owed.met.is_some() || owed.answer != Answer::Login(packet.id));
                let overtaken = |owed: &&mut super::Owed| matches!(owed.answer, Answer::Login(_));
                self.owed.iter_mut().filter(overtaken).for_each(|owed| owed.optional = true);
                self.proof.challenged(frame);
                self.challenge = Some((packet.id, value.0.clone()));
                match sound {
                    true => self.owe(Answer::Login(packet.id), "a challenge", spec),
                    false => self.odd(Answer::Login(packet.id), spec),
                }
            }
            chap::Body::Success { message } => {
                // RFC 1994 4.2: the identifier is that of the response; what becomes of another, or of a Success unasked, is left open.
                if self.challenge.as_ref().is_none_or(|(id, _)| *id != packet.id) || self.proof.hlak.is_none() {
                    return self.odd(Answer::Connected, SpecRef::rfc(1994, "4.2"));
                }
                match self.proof.is_server_proved_by(&message.0) {
                    // RFC 2759 5: "S=" and its digits stand first.
                    Some(true) if message.0.starts_with(b"S=") => self.lets_in(),
                    Some(true) => self.odd(Answer::Connected, SpecRef::rfc(2759, "5")),
                    // One that proves an earlier response may be taken.
                    _ if self.logins > 1 => self.odd(Answer::Connected, SpecRef::rfc(2759, "5")),
                    _ if self.proof.hlak == Some([0; 32]) => self.lets_in(),
                    _ => self.must_end(false, "a Success that proves nothing", SpecRef::rfc(2759, "5")),
                }
            }
            chap::Body::Failure { .. } => {
                self.may_end = true;
                self.may_come(Answer::Login(packet.id), SpecRef::rfc(2759, "6"));
            }
            _ => self.may_end = true,
        }
    }

    fn eap_sent(&mut self, code: u8, id: u8) {
        let spec = SpecRef::rfc(3748, "4");
        match code {
            1 => {
                self.owed.retain(|owed| owed.met.is_some() || owed.answer != Answer::Login(id));
                self.may_come(Answer::Login(id), spec);
            }
            3 => {
                self.known = true;
                self.forget_connected();
                self.may_come(Answer::Connected, SpecRef::sstp("3.2.5.2.1"));
            }
            _ => self.may_end = true,
        }
    }

    /// What might have come before the login was through is not late for having waited for it.
    fn forget_connected(&mut self) {
        self.owed.retain(|owed| owed.met.is_some() || owed.answer != Answer::Connected);
    }

    /// The client is let in: Call Connected follows. MS-SSTP 3.2.5.2.1.
    fn lets_in(&mut self) {
        if self.known || self.phase != Phase::Acked {
            self.may_end = true;
            return;
        }
        let open = self.may_end || self.disturbed;
        self.known = true;
        self.forget_connected();
        match open {
            true => self.odd(Answer::Connected, SpecRef::sstp("3.2.5.2.1")),
            false => self.owe(Answer::Connected, "the end of the login", SpecRef::sstp("3.2.5.2.1")),
        }
    }
}

/// MS-SSTP 2.2.6: bytes of a nonce.
const NONCE: usize = 32;
/// RFC 2759 3: bytes of a challenge.
const CHALLENGE: usize = 16;
