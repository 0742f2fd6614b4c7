//! One message of a recording: its bytes, what it is called, and which exchange it belongs to.

use crate::base::{Layer, Micros, Side};
use crate::transcript::What;
use crate::wire::inner::Echo;
use crate::wire::ppp::{self, Body, Frame, Protocol};
use crate::wire::sstp::{self, Header, Message, MessageType};
use crate::wire::{control, http};

/// One message as it was, or is, on the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// When.
    pub at: Micros,
    /// Who says it.
    pub by: Side,
    /// All its bytes.
    pub raw: Vec<u8>,
    /// `layer.message`, as in edits; `bytes.unreadable` for what cannot be read.
    pub name: String,
    /// Order is certain within it.
    pub lane: Lane,
}

/// An exchange of its own: one side's messages in it have a certain order. Between two of them the order depends on who was
/// faster: a server's own Configure-Request may come before or after its answer to the client's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lane {
    /// Request and response.
    Http,
    /// Setting a call up and tearing it down.
    Call,
    /// Keep-alives and their answers, of PPP or, with protocol 0, of SSTP itself.
    Echo(Protocol),
    /// What this side asks for in a control protocol of PPP.
    Asks(Protocol),
    /// What this side answers in it.
    Answers(Protocol),
    /// PAP, CHAP and EAP.
    Auth,
    /// Inside the tunnel.
    Data,
    /// What cannot be read.
    Bytes,
}

impl Said {
    /// Reads what a message is from its bytes.
    pub fn new(at: Micros, by: Side, raw: Vec<u8>) -> Said {
        let (name, lane) = match read(&raw, by) {
            Some((_, What::Http(head))) => (if head.status.is_some() { "http.response" } else { "http.request" }.to_string(), Lane::Http),
            Some((_, What::Sstp(message))) => (format!("sstp.{}", message.kind.name()), lane_of_call(message.kind)),
            Some((_, What::Ppp(frame))) => (frame.name(), lane_of_frame(&frame)),
            _ => (UNREADABLE.to_string(), Lane::Bytes),
        };
        Said { at, by, raw, name, lane }
    }

    /// The layer and what stands in an event.
    pub fn what(&self) -> Option<(Layer, What)> {
        read(&self.raw, self.by)
    }

    /// The PPP frame in it.
    pub fn frame(&self) -> Option<Frame> {
        match read(&self.raw, self.by)?.1 {
            What::Ppp(frame) => Some(frame),
            _ => None,
        }
    }

    /// The packet of a control protocol in it, and the protocol.
    pub fn control(&self) -> Option<(Protocol, control::Packet)> {
        let frame = self.frame()?;
        match frame.body {
            Body::Lcp(packet) | Body::Ipcp(packet) | Body::Ipv6cp(packet) | Body::Ccp(packet) => Some((frame.protocol, packet)),
            _ => None,
        }
    }

    /// The ICMP echo in it.
    pub fn echo(&self) -> Option<Echo> {
        match self.frame()?.body {
            Body::Other(packet) => Echo::parse(&packet),
            _ => None,
        }
    }

    /// The name of what it answers, where that is a keep-alive or a ping of the other side.
    pub fn answers_keep_alive(&self) -> Option<&'static str> {
        match self.name.as_str() {
            "sstp.echo-response" => Some("sstp.echo-request"),
            "lcp.echo-reply" => Some("lcp.echo-request"),
            PING => self.echo().filter(|echo| !echo.request).map(|_| PING),
            _ => None,
        }
    }

    /// It is a keep-alive or a ping, which the other side answers.
    pub fn wants_an_echo(&self) -> bool {
        match self.name.as_str() {
            "sstp.echo-request" | "lcp.echo-request" => true,
            PING => self.echo().is_some_and(|echo| echo.request),
            _ => false,
        }
    }

    /// It carries TLS inside EAP, which only its two ends can make.
    pub fn is_tunnelled(&self) -> bool {
        matches!(self.frame().map(|frame| frame.body), Some(Body::Eap(packet)) if packet.tunnel().is_some())
    }

    /// It is the one before, sent again because nothing has answered it. RFC 1661 5.1: a Configure-Request that is sent again may
    /// have another identifier; once it was `answered` a request with the same options is a new one.
    pub fn repeats(&self, before: &Said, answered: bool) -> bool {
        let again = matches!(self.lane, Lane::Asks(_) | Lane::Call | Lane::Auth);
        let options =
            |said: &Said| said.control().filter(|(_, packet)| packet.code == control::CONFIGURE_REQUEST).map(|(_, packet)| packet.data);
        again
            && (self.raw == before.raw
                || !answered && self.name == before.name && options(self).is_some_and(|own| options(before) == Some(own)))
    }
}

fn read(raw: &[u8], by: Side) -> Option<(Layer, What)> {
    match Header::parse(raw).filter(|header| header.version == sstp::VERSION && header.length == raw.len()) {
        Some(header) if header.control => {
            let message = Message::parse(raw).ok()?;
            Some((layer_of(message.kind), What::Sstp(message)))
        }
        Some(_) => {
            let frame = Frame::parse(raw.get(sstp::HEADER_LEN..)?).ok()?;
            Some((ppp::layer_of(frame.protocol), What::Ppp(frame)))
        }
        None => head(raw, by).map(|head| (Layer::Http, What::Http(head))),
    }
}

/// The HTTP head that these bytes are, and no more.
pub fn head(raw: &[u8], by: Side) -> Option<http::Head> {
    let parsed = match by {
        Side::Client => http::Head::parse_request(Layer::Http, raw),
        Side::Server => http::Head::parse_response(Layer::Http, raw),
    };
    match parsed {
        Ok(http::Parsed::Whole(head, len)) if len == raw.len() => Some(head),
        _ => None,
    }
}

fn layer_of(kind: MessageType) -> Layer {
    match kind {
        MessageType::CallConnected => Layer::Binding,
        MessageType::CallDisconnect | MessageType::CallDisconnectAck => Layer::Teardown,
        MessageType::EchoRequest | MessageType::EchoResponse => Layer::Data,
        _ => Layer::Sstp,
    }
}

fn lane_of_call(kind: MessageType) -> Lane {
    match kind {
        MessageType::EchoRequest | MessageType::EchoResponse => Lane::Echo(OF_SSTP),
        _ => Lane::Call,
    }
}

fn lane_of_frame(frame: &Frame) -> Lane {
    match &frame.body {
        Body::Lcp(packet) | Body::Ipcp(packet) | Body::Ipv6cp(packet) | Body::Ccp(packet) => match packet.code {
            control::CONFIGURE_ACK | control::CONFIGURE_NAK | control::CONFIGURE_REJECT | control::TERMINATE_ACK => {
                Lane::Answers(frame.protocol)
            }
            control::ECHO_REQUEST | control::ECHO_REPLY if frame.protocol == ppp::LCP => Lane::Echo(ppp::LCP),
            _ => Lane::Asks(frame.protocol),
        },
        Body::Pap(_) | Body::Chap(_) | Body::Eap(_) => Lane::Auth,
        Body::Other(_) if frame.protocol < 0x8000 => Lane::Data,
        Body::Other(_) => Lane::Asks(frame.protocol),
    }
}

/// SSTP carries PPP, and has echoes of its own.
const OF_SSTP: Protocol = 0;
/// A ping inside the tunnel, and anything else over IPv4.
const PING: &str = "ipv4.packet";
/// The name of what cannot be read.
pub const UNREADABLE: &str = "bytes.unreadable";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::unhex;

    fn said(text: &str) -> (String, Lane) {
        let said = Said::new(Micros::ZERO, Side::Server, unhex(text).expect("hexadecimal"));
        (said.name, said.lane)
    }

    #[test]
    fn a_request_with_another_identifier_is_the_same_again() {
        let of = |text: &str| Said::new(Micros::ZERO, Side::Server, unhex(text).expect("hexadecimal"));
        let (first, second) = (of("10000010ff03c021010000080304c227"), of("10000010ff03c021010700080304c227"));
        assert!(second.repeats(&first, false) && !of("10000010ff03c021010700080304c023").repeats(&first, false));
        let (ack, again) = (of("10000010ff03c02102000008010405dc"), of("10000010ff03c02102010008010405dc"));
        assert!(!second.repeats(&first, true) && first.repeats(&first, true));
        assert!(!again.repeats(&ack, false) && !ack.repeats(&ack, false), "an answer is not sent unasked");
    }

    #[test]
    fn a_message_is_named_and_belongs_to_one_exchange() {
        assert_eq!(said("1001000800080000"), ("sstp.echo-request".into(), Lane::Echo(OF_SSTP)));
        assert_eq!(said("1001000800070000"), ("sstp.call-disconnect-ack".into(), Lane::Call));
        assert_eq!(said("10000010ff03c021010000080304c227"), ("lcp.configure-request".into(), Lane::Asks(ppp::LCP)));
        assert_eq!(said("10000012ff03c0210401000a050611223344"), ("lcp.configure-reject".into(), Lane::Answers(ppp::LCP)));
        assert_eq!(said("1000000cff03c22303010004"), ("chap.success".into(), Lane::Auth));
        assert_eq!(said("1000000cff03c22303010009"), (UNREADABLE.into(), Lane::Bytes), "a length that lies");
        assert_eq!(said("485454502f312e3120323030204f4b0d0a0d0a"), ("http.response".into(), Lane::Http));
        assert_eq!(said(""), (UNREADABLE.into(), Lane::Bytes));
    }
}
