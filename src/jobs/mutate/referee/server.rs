//! What came from the server, held against what is owed.

use super::{Answer, Ending, Phase, Referee, Unit};
use crate::base::{Side, SpecRef};
use crate::jobs::mutate::fault::Kind;
use crate::wire::control::{self, Packet};
use crate::wire::ppp::{self, Body, Frame};
use crate::wire::sstp::{Attribute, HEADER_LEN, Header, Message, MessageType};
use crate::wire::{chap, http, ncp, pap};

impl Referee<'_> {
    pub(super) fn server_bytes(&mut self, bytes: &[u8]) {
        for unit in self.server.push(Side::Server, bytes) {
            match unit {
                Unit::Head(head) => self.response(&head),
                Unit::NoHead => self.fault(Kind::Wrong, "what answers the HTTP request is no HTTP", SpecRef::sstp("3.2.4.1")),
                Unit::Undelineated => self.fault(Kind::Wrong, "the server's stream cannot be cut into packets", SpecRef::sstp("2.2.1")),
                Unit::Packet(packet) if Header::parse(&packet).is_some_and(|header| header.control) => self.server_message(&packet),
                Unit::Packet(packet) => self.server_frame(&packet),
            }
        }
    }

    fn response(&mut self, head: &http::Head) {
        match head.status.unwrap_or_default() {
            200 if self.meet(|answer| *answer == Answer::Status200) => {}
            200 => self.fault(Kind::Accepted, "the HTTP request is answered by 200", SpecRef::sstp("3.3.5.1")),
            status => {
                self.server.lost = true;
                self.ends(Ending::Refused(status));
            }
        }
    }

    fn server_message(&mut self, packet: &[u8]) {
        let Ok(message) = Message::parse(packet) else {
            return self.fault(Kind::Wrong, "a message of the server cannot be read", SpecRef::sstp("2.2.2"));
        };
        if packet.first_chunk::<3>().is_some_and(|head| head[1] & 0xfe != 0 || head[2] & 0xf0 != 0) {
            self.fault(Kind::Wrong, "the server sets reserved bits", SpecRef::sstp("2.2.1"));
        }
        match message.kind {
            MessageType::CallConnectAck => self.ack(&message),
            MessageType::CallConnectNak => self.nak(),
            MessageType::CallAbort => self.abort(),
            MessageType::CallDisconnect => self.ends(Ending::Disconnect),
            MessageType::CallDisconnectAck => self.answered(&message, Answer::DisconnectAck, "Call Disconnect Ack", "3.1.5.4"),
            MessageType::EchoResponse => self.answered(&message, Answer::EchoResponse, "Echo Response", "3.1.5.2"),
            MessageType::EchoRequest if self.phase == Phase::Up || self.phase == Phase::Left => {}
            MessageType::EchoRequest => self.fault(Kind::Wrong, "an Echo Request before Call Connected", SpecRef::sstp("3.1.5.2")),
            other => {
                self.fault(Kind::Wrong, format!("{} from a server", other.name()), SpecRef::sstp("3.2.5.3"));
            }
        }
    }

    fn ack(&mut self, message: &Message) {
        if !self.meet(|answer| *answer == Answer::Ack) {
            let says = "Call Connect Ack although no Call Connect Request that may be taken was sent";
            self.fault(Kind::Accepted, says, SpecRef::sstp("3.3.5.2.2"));
        }
        self.acked = true;
        match message.attributes.as_slice() {
            [Attribute::CryptoBindingRequest { hash_mask, nonce }] => {
                self.mask = *hash_mask;
                if self.nonces.contains(&nonce.0) {
                    self.fault(Kind::Leak, "the nonce of an earlier Call Connect Ack comes again", SpecRef::sstp("2.2.6"));
                }
                self.nonces.push(nonce.0.clone());
            }
            _ => self.fault(Kind::Wrong, "Call Connect Ack without its attribute", SpecRef::sstp("2.2.10")),
        }
    }

    fn nak(&mut self) {
        self.naks += 1;
        if !self.meet(|answer| *answer == Answer::Nak) && self.must_end.as_ref().is_none_or(|must| !must.aborts) {
            let says = "Call Connect Nak although the request is as it should be";
            self.fault(Kind::Wrong, says, SpecRef::sstp("3.3.5.2.2"));
        }
        if self.naks > MOST_NAKS {
            self.fault(Kind::Hang, format!("more than {MOST_NAKS} Naks, and no end"), SpecRef::sstp("3.3.5.2.2"));
        }
    }

    fn abort(&mut self) {
        self.meet(|answer| *answer == Answer::Abort);
        self.ends(Ending::Abort);
    }

    /// A message that answers one of ours and has no attributes.
    pub(super) fn answered(&mut self, message: &Message, answer: Answer, name: &str, section: &'static str) {
        let spec = SpecRef::sstp(section);
        self.let_go = self.let_go.or((answer == Answer::DisconnectAck).then_some(self.now));
        if !message.attributes.is_empty() {
            self.fault(Kind::Leak, format!("{name} carries {} attributes, and has none", message.attributes.len()), spec);
        }
        if !self.meet(|owed| *owed == answer) {
            // What stood behind a Call Abort is answered.
            let aborted = self.owed.iter().find(|owed| owed.answer == Answer::Abort && owed.met.is_none() && !owed.optional);
            let (says, spec) = aborted
                .map_or((format!("{name} that nothing asked for"), spec), |owed| (format!("{} is passed over", owed.says), owed.spec));
            self.fault(Kind::Accepted, says, spec);
        }
    }

    fn server_frame(&mut self, packet: &[u8]) {
        let Ok(frame) = Frame::parse(packet.get(HEADER_LEN..).unwrap_or_default()) else {
            return self.fault(Kind::Wrong, "a PPP frame of the server cannot be read", SpecRef::rfc(1661, "5"));
        };
        if !self.acked {
            return self.fault(Kind::Accepted, "PPP before Call Connect Ack", SpecRef::sstp("3.3.5.1"));
        }
        match &frame.body {
            Body::Lcp(packet) => self.server_lcp(packet),
            Body::Chap(packet) => self.server_chap(packet),
            Body::Pap(pap::Packet { body: pap::Body::AuthenticateAck { .. }, .. }) => self.welcomed(),
            Body::Eap(packet) => self.eap_came(packet),
            Body::Pap(_) => {}
            Body::Ipcp(packet) | Body::Ipv6cp(packet) => self.server_network(frame.protocol, packet),
            _ => {}
        }
    }

    pub(super) fn server_lcp(&mut self, packet: &Packet) {
        match packet.code {
            control::CONFIGURE_REQUEST => {
                let options = packet.options(crate::base::Layer::Lcp).unwrap_or_default();
                self.link.wants_auth = options.iter().any(|option| option.kind == ncp::AUTH_PROTOCOL);
                (self.link.their_request, self.link.theirs_acked) = (Some(packet.id), false);
                // Whoever is not answered gives up, whatever else is sent meanwhile.
                self.link.unanswered += 1;
                self.may_end |= self.link.unanswered >= MAX_CONFIGURE;
                self.their_options.clone_from(&packet.data.0);
            }
            control::CONFIGURE_ACK..=control::CONFIGURE_REJECT => self.configured(ppp::LCP, packet),
            control::TERMINATE_REQUEST => self.may_end = true,
            control::TERMINATE_ACK => {
                let met = self.meet(|answer| *answer == Answer::TerminateAck(packet.id));
                if !met && !self.disturbed {
                    self.fault(Kind::Wrong, "a Terminate-Ack that nothing asked for", SpecRef::rfc(1661, "5.5"));
                }
            }
            control::CODE_REJECT => {
                self.meet(|answer| *answer == Answer::CodeReject);
                self.quotes("Code-Reject", &packet.data);
            }
            control::PROTOCOL_REJECT => self.quotes("Protocol-Reject", packet.data.get(2..).unwrap_or_default()),
            control::ECHO_REPLY => self.echo_reply(packet),
            _ => {}
        }
    }

    /// Ack, Nak or Reject of a Configure-Request of ours.
    fn configured(&mut self, protocol: u16, packet: &Packet) {
        let spec = SpecRef::rfc(1661, "5.2");
        let same = |answer: &Answer| matches!(answer, Answer::Configure(other, id, _) if *other == protocol && *id == packet.id);
        let fits = |answer: &Answer| matches!(answer, Answer::Configure(_, _, asked) if same(answer) && belongs(packet, asked));
        let fitting = self.meet(fits);
        if !fitting && !self.meet(same) {
            let says = format!("{} {} with an identifier that no open request bears", name(protocol), control::code_name(packet.code));
            return self.fault(Kind::Accepted, says, spec);
        }
        if !fitting {
            let (name, code) = (name(protocol), control::code_name(packet.code));
            self.fault(Kind::Wrong, format!("{name} {code} answers another request than the one that bears its identifier"), spec);
        }
        if protocol == ppp::LCP && packet.code == control::CONFIGURE_ACK && self.link.our_request == Some(packet.id) {
            self.link.ours_acked = true;
        }
        if packet.code != control::CONFIGURE_NAK {
            self.quotes(control::code_name(packet.code), &packet.data);
        }
    }

    pub(super) fn echo_reply(&mut self, packet: &Packet) {
        let spec = SpecRef::rfc(1661, "5.8");
        let data = packet.data.get(4..).unwrap_or_default().to_vec();
        if self.meet(|answer| *answer == Answer::EchoReply(packet.id, data.clone())) {
            return;
        }
        let same = |answer: &Answer| matches!(answer, Answer::EchoReply(id, _) if *id == packet.id);
        if self.owed.iter().any(|owed| same(&owed.answer)) {
            return self.fault(Kind::Leak, format!("the Echo-Reply has {} bytes other than those asked for", data.len()), spec);
        }
        match data.is_empty() || self.sent.windows(data.len()).any(|window| window == data) {
            true => self.fault(Kind::Accepted, "an Echo-Reply with an identifier that no request bears", spec),
            false => self.fault(Kind::Leak, "an Echo-Reply to no request, with bytes that were never sent", spec),
        }
    }

    /// Bytes that are quoted must be ours.
    fn quotes(&mut self, what: &str, quoted: &[u8]) {
        let options = quoted.len() < 3 || self.sent.windows(quoted.len()).any(|window| window == quoted);
        // A Reject gathers options that need not stand side by side.
        let each = || {
            let list = Packet::new(0, 0, quoted).options(crate::base::Layer::Lcp);
            list.is_ok_and(|list| list.iter().all(|option| self.sent.windows(option.value.len().max(1)).any(|at| at == option.value.0)))
        };
        if !options && !each() {
            self.fault(Kind::Leak, format!("the {what} quotes bytes that were never sent"), SpecRef::rfc(1661, "5"));
        }
    }

    fn server_chap(&mut self, packet: &chap::Packet) {
        match &packet.body {
            chap::Body::Challenge { value, .. } => self.challenge = Some((packet.id, value.0.clone())),
            chap::Body::Success { .. } => self.welcomed(),
            chap::Body::Failure { .. } => self.may_end = true,
            _ => {}
        }
    }

    pub(super) fn welcomed(&mut self) {
        (self.known, self.link.refuses) = (true, false);
        if !self.meet(|answer| *answer == Answer::Success) {
            self.fault(Kind::Accepted, "a login that proves nothing is welcomed", SpecRef::rfc(1661, "3.5"));
        }
    }

    pub(super) fn server_network(&mut self, protocol: u16, packet: &Packet) {
        if self.link.wants_auth && !self.known {
            let says = format!("{} is spoken before the login", name(protocol));
            return self.fault(Kind::Accepted, says, SpecRef::rfc(1661, "3.5"));
        }
        if (control::CONFIGURE_ACK..=control::CONFIGURE_REJECT).contains(&packet.code) {
            self.configured(protocol, packet);
        }
    }
}

/// RFC 1661 5.2, 5.4: an Ack repeats the options, a Reject names some of them as they were.
fn belongs(answer: &Packet, asked: &[u8]) -> bool {
    let options = |data: &[u8]| Packet::new(0, 0, data).options(crate::base::Layer::Lcp).unwrap_or_default();
    match answer.code {
        control::CONFIGURE_ACK => answer.data.0 == asked,
        control::CONFIGURE_REJECT => {
            let asked = options(asked);
            options(&answer.data).iter().all(|option| asked.contains(option))
        }
        _ => true,
    }
}

fn name(protocol: u16) -> String {
    ppp::protocol_name(protocol).to_ascii_uppercase()
}

/// Ours: MS-SSTP 3.3.5.2.2 leaves the count to the server; more than this is no end.
const MOST_NAKS: u32 = 16;
/// RFC 1661 4.6: Configure-Requests without an answer.
const MAX_CONFIGURE: u32 = 10;
