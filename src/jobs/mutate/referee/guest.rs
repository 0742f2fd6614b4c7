//! What came from a client, held against what it owes.

use super::rules;
use super::{Answer, Ending, Phase, Referee, Unit};
use crate::base::{Side, SpecRef};
use crate::jobs::mutate::fault::Kind;
use crate::wire::control;
use crate::wire::ppp::{Body, Frame};
use crate::wire::sstp::{HEADER_LEN, Header, Message, MessageType};
use crate::wire::{chap, pap};

impl Referee<'_> {
    pub(super) fn guest_bytes(&mut self, bytes: &[u8]) {
        for unit in self.client.push(Side::Client, bytes) {
            match unit {
                Unit::Head(_) => {}
                Unit::NoHead => self.fault(Kind::Wrong, "what the client asks is no HTTP", SpecRef::sstp("3.2.4.1")),
                Unit::Undelineated => self.fault(Kind::Wrong, "the client's stream cannot be cut into packets", SpecRef::sstp("2.2.1")),
                Unit::Packet(packet) if Header::parse(&packet).is_some_and(|header| header.control) => self.guest_message(&packet),
                Unit::Packet(packet) => self.guest_frame(&packet),
            }
        }
    }

    fn guest_message(&mut self, packet: &[u8]) {
        let Ok(message) = Message::parse(packet) else {
            return self.fault(Kind::Wrong, "a message of the client cannot be read", SpecRef::sstp("2.2.2"));
        };
        if packet.first_chunk::<3>().is_some_and(|head| head[1] & 0xfe != 0 || head[2] & 0xf0 != 0) {
            self.fault(Kind::Wrong, "the client sets reserved bits", SpecRef::sstp("2.2.1"));
        }
        match message.kind {
            MessageType::CallConnectRequest => self.request_came(),
            MessageType::CallConnected => self.connected_came(&message, packet),
            MessageType::CallAbort => {
                self.meet(|answer| *answer == Answer::Abort);
                self.ends(Ending::Abort);
            }
            MessageType::CallDisconnect => {
                // MS-SSTP 3.2.4.2: whoever uses a client that is connected may hang up, and what we say may cross that.
                self.left |= self.up;
                self.may_end |= self.up;
                self.ends(Ending::Disconnect);
            }
            MessageType::CallDisconnectAck => self.answered(&message, Answer::DisconnectAck, "Call Disconnect Ack", "3.2.5.3.6"),
            MessageType::EchoResponse => self.answered(&message, Answer::EchoResponse, "Echo Response", "3.2.5.3.7"),
            MessageType::EchoRequest if matches!(self.phase, Phase::Up | Phase::Left) => {}
            MessageType::EchoRequest => self.fault(Kind::Wrong, "an Echo Request before Call Connected", SpecRef::sstp("3.1.5.2")),
            other => self.fault(Kind::Wrong, format!("{} from a client", other.name()), SpecRef::sstp("3.2.5.3")),
        }
    }

    fn request_came(&mut self) {
        if !self.meet(|answer| *answer == Answer::Request) {
            let says = "Call Connect Request although nothing asks for one";
            self.fault(Kind::Accepted, says, SpecRef::sstp("3.2.4.1"));
        }
        self.requests += 1;
        if self.requests > MOST_REQUESTS {
            self.fault(Kind::Hang, format!("more than {MOST_REQUESTS} Call Connect Requests, and no end"), SpecRef::sstp("3.2.5.3.3"));
        }
    }

    fn connected_came(&mut self, message: &Message, packet: &[u8]) {
        let spec = SpecRef::sstp("3.2.5.2.1");
        if !self.meet(|answer| *answer == Answer::Connected) {
            self.fault(Kind::Accepted, "Call Connected although the login is not through", spec);
        }
        let nonce = self.nonces.last().map(Vec::as_slice);
        let wrong = rules::connected(message, packet, self.mask, nonce, self.world.leaf.as_ref(), self.proof.hlak.as_ref());
        // What a login leaves that we cannot look into is not known, nor which of several responses has counted.
        if let Some(why) = wrong.filter(|_| self.proof.hlak.is_some() && self.logins < 2) {
            self.fault(Kind::Wrong, format!("Call Connected with {why}"), SpecRef::sstp("3.2.5.2.3"));
        }
        if self.phase == Phase::Acked {
            self.enter(Phase::Up);
        }
    }

    fn guest_frame(&mut self, packet: &[u8]) {
        let Ok(frame) = Frame::parse(packet.get(HEADER_LEN..).unwrap_or_default()) else {
            return self.fault(Kind::Wrong, "a PPP frame of the client cannot be read", SpecRef::rfc(1661, "5"));
        };
        if !self.acked && self.must_end.is_none() {
            return self.fault(Kind::Accepted, "PPP before Call Connect Ack", SpecRef::sstp("3.2.5.3.2"));
        }
        match &frame.body {
            Body::Lcp(packet) => {
                if packet.code == control::CONFIGURE_REQUEST {
                    self.meet(|answer| *answer == Answer::Ppp);
                }
                self.server_lcp(packet);
                // A client asks for no login of the server's.
                self.link.wants_auth = false;
                self.leaves_ppp(packet.code);
            }
            Body::Chap(chap::Packet { id, body: chap::Body::Response { .. } })
            | Body::Pap(pap::Packet { id, body: pap::Body::AuthenticateRequest { .. } }) => self.login_came(&frame, *id),
            Body::Eap(packet) => self.login_came(&frame, packet.id),
            Body::Ipcp(packet) | Body::Ipv6cp(packet) | Body::Ccp(packet) if packet.code == control::CONFIGURE_REQUEST => {
                self.asked.retain(|(protocol, _)| *protocol != frame.protocol);
                self.asked.push((frame.protocol, packet.clone()));
                self.server_network(frame.protocol, packet);
            }
            Body::Ipcp(packet) | Body::Ipv6cp(packet) => self.server_network(frame.protocol, packet),
            _ => {}
        }
    }

    /// RFC 1661 3.7: a client may end PPP before it ends the call.
    fn leaves_ppp(&mut self, code: u8) {
        if code == control::TERMINATE_REQUEST && self.must_end.is_some() {
            self.ends(Ending::Disconnect);
        }
    }

    fn login_came(&mut self, frame: &Frame, id: u8) {
        let asked = self.challenge.as_ref().is_some_and(|(asked, _)| *asked == id);
        let met = self.meet(|answer| *answer == Answer::Login(id));
        self.logins += 1;
        match &frame.body {
            Body::Chap(_) if !met && !asked => {
                self.fault(Kind::Accepted, "a response to a challenge that was never sent", SpecRef::rfc(1994, "4.1"));
            }
            // It proves the password to a challenge that another has overtaken.
            Body::Chap(_) if !asked => {}
            // RFC 1994 4.1: the same response may come again.
            Body::Chap(_) | Body::Pap(_) => self.proof_came(frame),
            _ => {}
        }
    }

    fn proof_came(&mut self, frame: &Frame) {
        if self.proof.is_proved_by(frame) == Some(false) && !self.may_end && !self.disturbed {
            self.fault(Kind::Wrong, "the response does not prove the password", SpecRef::rfc(2759, "4"));
        }
    }
}

/// Ours: MS-SSTP 3.2.5.3.3 leaves the count to the client; more than this is no end.
const MOST_REQUESTS: u32 = 16;
