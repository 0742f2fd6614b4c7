//! What the defects of [`crate::proto::bug`] make of a packet, a request or an answer. Nothing here is entered by a sound server.

use super::{DUPLICATE_ATTRIBUTE, REQUIRED_ATTRIBUTE_MISSING, Server, UNRECOGNIZED_ATTRIBUTE, VALUE_NOT_SUPPORTED};
use crate::base::{Bytes, Layer, Limit, WireError};
use crate::proto::bug::Bug;
use crate::proto::fsm::State;
use crate::proto::session::Core;
use crate::wire::ppp::{self, Body, Frame};
use crate::wire::sstp::{self, Attribute, HEADER_LEN, Header, Message, MessageType};
use crate::wire::{control, http, ncp, pap};
use std::net::Ipv4Addr;
use std::time::Duration;

/// What becomes of a packet before it is read.
pub(in crate::proto) enum Fate {
    /// It is read, changed or not.
    Read(Vec<u8>),
    /// It is refused although nothing is wrong with it.
    Refused,
    /// It is lost.
    Lost,
    /// Whoever reads it ends.
    Ends,
    /// Whoever reads it never comes back.
    Hangs,
}

/// What the defects make of a packet that came.
pub(in crate::proto) fn arrives(core: &mut Core, packet: Vec<u8>) -> Fate {
    let has = |bug| core.bugs.has(bug);
    let head = packet.first_chunk::<4>().copied().unwrap_or_default();
    match () {
        () if has(Bug::LargestKills) && packet.len() == MOST => {
            core.bugs.kill();
            Fate::Ends
        }
        () if has(Bug::ReservedRefused) && head[1] & 0xfe != 0 => Fate::Refused,
        () if has(Bug::LengthUnmasked) && head[2] & 0xf0 != 0 => Fate::Hangs,
        () if has(Bug::LargeEnds) && packet.len() > LARGE => Fate::Ends,
        () if has(Bug::FullEnds) && packet.len() > FULL => Fate::Ends,
        () if has(Bug::EmptyEnds) && packet.len() == HEADER_LEN => Fate::Ends,
        () if Header::parse(&packet).is_some_and(|header| header.control) => message_arrives(core, packet),
        () => frame_arrives(core, packet),
    }
}

fn message_arrives(core: &Core, packet: Vec<u8>) -> Fate {
    let has = |bug| core.bugs.has(bug);
    match Message::parse(&packet) {
        Ok(message) => {
            let unknown = message.attributes.iter().any(|attribute| !(1..=4).contains(&attribute.id()));
            let reserved = packet.get(8).is_some_and(|byte| *byte != 0) || packet.get(10).is_some_and(|byte| byte & 0xf0 != 0);
            // The values of all attributes but Encapsulated Protocol ID begin with three bytes of Reserved1.
            let in_value = packet.get(9) != Some(&1) && packet.get(12..15).is_some_and(|bytes| bytes != [0; 3]);
            let reserved = reserved || in_value;
            match message.kind {
                _ if unknown && has(Bug::UnknownAttributeEnds) || reserved && has(Bug::ReservedAttributeEnds) => Fate::Ends,
                MessageType::Unknown(_) if has(Bug::UnknownTypePassed) => Fate::Lost,
                MessageType::EchoResponse if has(Bug::UnaskedEchoEnds) => Fate::Ends,
                _ => Fate::Read(packet),
            }
        }
        Err(error) => match () {
            () if has(Bug::ShortAttributeEnds) => Fate::Ends,
            () if has(Bug::LengthZeroHangs) && error.what == "attribute length" && error.have == 0 => Fate::Hangs,
            () => Fate::Read(mended(core, &packet).unwrap_or(packet)),
        },
    }
}

/// The message that a careless reader takes this one for.
fn mended(core: &Core, packet: &[u8]) -> Option<Vec<u8>> {
    let readable = |packet: &Vec<u8>| Message::parse(packet).is_ok();
    let count = u16::from_be_bytes(*packet.get(6..)?.first_chunk::<2>()?);
    let with_count = |count: u16| {
        let mut other = packet.to_vec();
        other.get_mut(6..8)?.copy_from_slice(&count.to_be_bytes());
        Some(other).filter(readable)
    };
    if core.bugs.has(Bug::CountTaken)
        && let Some(other) = (0..count.min(4)).rev().find_map(with_count)
    {
        return Some(other);
    }
    if core.bugs.has(Bug::TrailingTaken)
        && let Some(other) = (8..packet.len()).rev().map(|end| sstp_packet(packet.get(4..end).unwrap_or_default())).find(readable)
    {
        return Some(other);
    }
    let length = *packet.get(11)?;
    let with_length = |length: u8| {
        let mut other = packet.to_vec();
        *other.get_mut(11)? = length;
        Some(other).filter(readable)
    };
    [length.wrapping_add(1), length.wrapping_sub(1)].into_iter().find_map(with_length).filter(|_| core.bugs.has(Bug::LengthOffByOne))
}

fn sstp_packet(body: &[u8]) -> Vec<u8> {
    let mut packet = sstp::emit_data(body);
    if let Some(flags) = packet.get_mut(1) {
        *flags = 1;
    }
    packet
}

fn frame_arrives(core: &mut Core, packet: Vec<u8>) -> Fate {
    let has = |bug| core.bugs.has(bug);
    let parsed = Frame::parse(packet.get(HEADER_LEN..).unwrap_or_default());
    match parsed {
        Ok(_) if has(Bug::BareFrameLost) && !packet.get(HEADER_LEN..).is_some_and(|frame| frame.starts_with(&[0xff, 0x03])) => Fate::Lost,
        Ok(Frame { body: Body::Lcp(_), .. }) if has(Bug::PaddingRead) => Fate::Read(with_padding(packet)),
        Err(_) if has(Bug::PppLengthLeaks) => leaks(core, packet),
        Err(_) if has(Bug::BadPppEnds) => Fate::Ends,
        Ok(frame) if ppp::protocol_name(frame.protocol) == "ppp" => {
            if has(Bug::FrameLeak) {
                core.bugs.leak(LEAK);
            }
            if core.bugs.has(Bug::ProtocolEnds) { Fate::Ends } else { Fate::Read(packet) }
        }
        Ok(Frame { body: Body::Lcp(request), .. }) if request.code == control::CONFIGURE_REQUEST => {
            let options = request.options(Layer::Lcp);
            if options.is_err() && has(Bug::OptionLoops) {
                let reject = control::Packet::new(control::CONFIGURE_REJECT, request.id, request.data.0);
                (0..ROUNDS).for_each(|_| core.send_frame(Frame::lcp(reject.clone())));
                return Fate::Lost;
            }
            let unknown = |option: &control::Opt| ncp::option_name(ppp::LCP, option.kind) == "option";
            if has(Bug::UnknownOptionSlow) && options.is_ok_and(|options| options.iter().any(unknown)) {
                core.dawdle(THINKS);
            }
            Fate::Read(packet)
        }
        _ => Fate::Read(packet),
    }
}

/// A packet that asks for an answer of its own: an LCP Configure-Request or Echo-Request, or an IPv4 packet.
pub(in crate::proto) fn asks(packet: &[u8]) -> bool {
    let frame = packet.get(HEADER_LEN..).unwrap_or_default();
    match frame.strip_prefix(&[0xff, 0x03]).unwrap_or(frame) {
        [0xc0, 0x21, code, ..] => matches!(*code, control::CONFIGURE_REQUEST | control::ECHO_REQUEST),
        [0x00, 0x21, ..] => true,
        _ => false,
    }
}

/// An LCP packet whose length takes in whatever is behind it.
fn with_padding(mut packet: Vec<u8>) -> Vec<u8> {
    let all = packet.len().saturating_sub(LCP_AT);
    if let (Ok(all), Some(length)) = (u16::try_from(all), packet.get_mut(LCP_AT + 2..LCP_AT + 4)) {
        length.copy_from_slice(&all.to_be_bytes());
    }
    packet
}

/// An LCP Echo-Request that is shorter than it says is answered with as much as it says.
fn leaks(core: &mut Core, packet: Vec<u8>) -> Fate {
    let Some([0xff, 0x03, 0xc0, 0x21, control::ECHO_REQUEST, id, high, low]) = packet.get(4..12) else { return Fate::Read(packet) };
    let says = usize::from(u16::from_be_bytes([*high, *low])).clamp(8, LARGE);
    let own = packet.get(12..).unwrap_or_default();
    let data: Vec<u8> = own.iter().chain(core.earlier.iter().cycle()).take(says - 4).copied().collect();
    core.send_frame(Frame::lcp(control::Packet::new(control::ECHO_REPLY, *id, data)));
    Fate::Lost
}

/// Whether a request looks like those of most clients, byte for byte.
pub(in crate::proto) fn is_usual(head: &http::Head, raw: &[u8]) -> bool {
    let host = head.header("Host").unwrap_or_default();
    let own = http::Head::sstp_request(host, head.header("SSTPCORRELATIONID").unwrap_or_default());
    let id = head.header("SSTPCORRELATIONID").unwrap_or_default();
    let is_address = host.split(':').next().is_some_and(|name| name.parse::<Ipv4Addr>().is_ok()) || host.starts_with('[');
    own.emit() == raw && id.len() == GUID && !is_address
}

/// The complaint about one that does not.
pub(in crate::proto) fn unusual() -> WireError {
    WireError { layer: Layer::Http, what: "request".into(), at: 0, need: 0, have: 0, limit: Limit::Spec("nothing".into()) }
}

impl Server {
    /// What the defects make of a frame, in its time or not; says whether it is dealt with.
    pub(super) fn mistakes_frame(&mut self, core: &mut Core, frame: &Frame) -> bool {
        let has = |bug| self.config.bugs.has(bug);
        let opened = self.auth.is_some() || self.hlak.is_some();
        if !opened && has(Bug::LcpAnswersEarly) {
            return self.answers_early(core, frame);
        }
        let Body::Other(packet) = &frame.body else { return false };
        if ppp::layer_of(frame.protocol) != Layer::Data {
            return false;
        }
        let network = self.ipcp.as_ref().is_some_and(|ipcp| ipcp.state() == State::Opened);
        let ends = !network && has(Bug::EarlyDataEnds) || has(Bug::StrangeIpEnds) && self.is_strange(packet);
        if ends {
            core.end_at_once();
        }
        ends
    }

    /// Not a whole IPv4 packet from the address that the client was given.
    fn is_strange(&self, packet: &[u8]) -> bool {
        let from = packet.get(12..16).and_then(|bytes| bytes.first_chunk::<4>());
        from.map(|bytes| Ipv4Addr::from(*bytes)) != self.config.client_address
    }

    fn answers_early(&mut self, core: &mut Core, frame: &Frame) -> bool {
        match &frame.body {
            Body::Lcp(packet) if packet.code == control::ECHO_REQUEST => {
                core.send_frame(Frame::lcp(control::Packet::new(control::ECHO_REPLY, packet.id, packet.data.0.clone())));
            }
            Body::Pap(packet) => {
                let body = pap::Body::AuthenticateNak { message: Bytes::default() };
                core.send_frame(Frame { protocol: ppp::PAP, body: Body::Pap(pap::Packet { id: packet.id, body }) });
            }
            Body::Other(information) => self.reject(core, frame.protocol, information),
            _ => return false,
        }
        true
    }

    /// What the defects make of an LCP packet; says whether it is dealt with.
    pub(super) fn mistakes_lcp(&mut self, core: &mut Core, packet: &control::Packet) -> bool {
        let has = |bug| self.config.bugs.has(bug);
        match packet.code {
            control::CONFIGURE_REQUEST if has(Bug::BadOptionEnds) && packet.options(Layer::Lcp).is_err() => {
                core.end_at_once();
                true
            }
            control::DISCARD_REQUEST if has(Bug::DiscardRejected) => {
                core.send_frame(Frame::lcp(control::Packet::new(control::CODE_REJECT, packet.id, packet.emit())));
                true
            }
            control::TERMINATE_REQUEST if has(Bug::TerminateIgnored) => true,
            14.. if has(Bug::CodeUnanswered) => true,
            control::ECHO_REQUEST if has(Bug::IdentifierCut) && packet.id > 0x7f => {
                let reply = control::Packet::new(control::ECHO_REPLY, packet.id & 0x7f, packet.data.0.clone());
                core.send_frame(Frame::lcp(reply));
                true
            }
            control::CONFIGURE_REQUEST if has(Bug::IdentifierReplays) => match &self.answered {
                Some(answer) if answer.id == packet.id => {
                    core.send_frame(Frame::lcp(answer.clone()));
                    true
                }
                _ => false,
            },
            _ => false,
        }
    }

    /// What is wrong with a Call Connect Request and is passed over all the same.
    pub(super) fn forgiven(&self, faults: &mut Vec<Attribute>) {
        let rows = [
            (Bug::DuplicateTaken, DUPLICATE_ATTRIBUTE),
            (Bug::MissingTaken, REQUIRED_ATTRIBUTE_MISSING),
            (Bug::ProtocolTaken, VALUE_NOT_SUPPORTED),
            (Bug::UnknownAttributeTaken, UNRECOGNIZED_ATTRIBUTE),
        ];
        for (_, forgiven) in rows.iter().filter(|row| self.config.bugs.has(row.0)) {
            faults.retain(|fault| !matches!(fault, Attribute::StatusInfo { status, .. } if status == forgiven));
        }
    }

    /// A message out of turn that is taken nevertheless; says whether it is.
    pub(super) fn takes_misstep(&mut self, core: &mut Core, message: &Message) -> bool {
        let bugs = self.config.bugs.clone();
        let established = core.state() == crate::proto::call::State::Established;
        match message.kind {
            MessageType::CallConnectRequest if bugs.has(Bug::SecondRequest) => self.connect_request(core, message),
            MessageType::EchoRequest if bugs.has(Bug::EchoEarly) => core.send_message(Message::bare(MessageType::EchoResponse)),
            MessageType::CallConnected if bugs.has(Bug::ConnectedAgain) && established => {}
            _ if bugs.has(Bug::MisstepsPassed) => {}
            _ if bugs.has(Bug::MisstepsSometimes) && bugs.every_other_time() => {}
            _ => return false,
        }
        true
    }

    /// What is wrong with a Call Connected and is passed over all the same.
    pub(super) fn binding_forgiven(&self, wrong: &mut Vec<&'static str>) {
        use crate::proto::flaw::*;
        let rows: [(Bug, &[&str]); 6] = [
            (Bug::ConnectedEarly, &[TOO_EARLY, CERT_HASH_WRONG, MAC_WRONG, ZERO_KEY, NONCE_WRONG]),
            (Bug::MacUnchecked, &[MAC_WRONG, ZERO_KEY, KEY_SWAPPED]),
            (Bug::CertHashUnchecked, &[CERT_HASH_WRONG, MAC_WRONG]),
            (Bug::NonceUnchecked, &[NONCE_WRONG, MAC_WRONG]),
            (Bug::HashUnchecked, &[HASH_WRONG]),
            (Bug::BindingFormUnchecked, &[FORM_WRONG]),
        ];
        let early = wrong.contains(&TOO_EARLY);
        for (bug, forgiven) in rows.iter().filter(|row| self.config.bugs.has(row.0)) {
            // What only one check would find is forgiven only where that check is missing.
            let own = forgiven.first().copied().unwrap_or_default();
            if wrong.contains(&own) && (*bug != Bug::ConnectedEarly || early) {
                wrong.retain(|says| !forgiven.contains(says));
            }
        }
    }

    /// The answer to an Echo Request, where it is not the usual one.
    pub(super) fn leaky_echo(&self, core: &mut Core, packet: &[u8]) -> bool {
        let leaks = self.config.bugs.has(Bug::EchoLeaks) && packet.len() > 8;
        if leaks {
            let value: Vec<u8> = core.earlier.iter().copied().chain([0; 16]).take(16).collect();
            let message = Message::with(MessageType::EchoResponse, Attribute::Other { id: 0, value: value.into() });
            core.send_message(message);
        }
        leaks
    }
}

/// MS-SSTP 2.2.1: the largest packet.
const MOST: usize = 4095;
/// MS-DTYP 2.3.4.3: a GUID with its braces, characters.
const GUID: usize = 38;
/// MS-SSTP 3.1.5.2: the default MTU, bytes.
const FULL: usize = 1_400;
/// SSTP header, FF 03 and protocol in front of LCP, bytes.
const LCP_AT: usize = 8;
/// The buffer of a reader that has Ethernet in mind.
const LARGE: usize = 1_500;
/// Ours: bytes lost with every frame.
const LEAK: usize = 1 << 20;
/// Ours: answers to one request.
const ROUNDS: usize = 300;
/// Ours: how long it thinks.
const THINKS: Duration = Duration::from_secs(2);
