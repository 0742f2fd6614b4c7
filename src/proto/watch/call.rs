//! One SSTP call as an onlooker follows it, from the heads of HTTP to the data inside.

use super::auth::Auth;
use super::bulk::{self, Bulk};
use super::echo::Echoes;
use super::leave::Teardown;
use super::link::{Lcp, Negotiation};
use super::notes::Pen;
use super::{WatchConfig, proof, rules};
use crate::base::{Layer, Micros, Side, WireError};
use crate::crypto::binding::HashProtocol;
use crate::proto::auth::terminate_text;
use crate::proto::call::{State, status_text};
use crate::proto::plan::CertHashes;
use crate::proto::session::layer_of;
use crate::transcript::{Reason, What};
use crate::wire::control::{self, Packet};
use crate::wire::ncp::IP_ADDRESS;
use crate::wire::ppp::{self, Body, Frame};
use crate::wire::sstp::{Attribute, HEADER_LEN, Message, MessageType};

/// What an honest client would say if it left now, and since when.
#[derive(Clone, Debug)]
pub(super) struct Excuse {
    pub at: Micros,
    pub layer: Layer,
    pub reason: Reason,
}

/// The state of the call.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub config: WatchConfig,
    pub cert: Option<CertHashes>,
    /// It is SSTP.
    pub sstp: bool,
    pub host: Option<String>,
    /// The client sent an SSTP packet.
    pub client_spoke: bool,
    /// Bytes are missing somewhere, so that rules between two messages cannot be judged.
    pub holed: bool,
    /// Nobody looks on any longer.
    pub given_up: bool,
    pub auth: Auth,
    pub bulk: Bulk,
    pub(super) turns: super::turns::Turns,
    pub(super) lcp: Lcp,
    pub(super) echoes: Echoes,
    pub(super) excuse: Option<Excuse>,
    pub(super) teardown: Option<Teardown>,
    /// The server sent Call Disconnect, and whether the client acknowledged it.
    pub(super) server_left: Option<bool>,
    pub(super) over: bool,
    /// Why the answer over HTTP may not be one that opens a call.
    pub(super) doubt: Option<Reason>,
    ipcp: Negotiation,
    ipv6cp: Negotiation,
    ccp: Negotiation,
    ipcp_rejected: bool,
    /// Hash bitmask and nonce of Call Connect Ack.
    offer: Option<(u8, Vec<u8>)>,
    connected: bool,
    naks: u32,
    /// The largest information field that each side may send.
    largest: [usize; 2],
    /// Bulk data only needs counting.
    flowing: bool,
    /// Packets seen behind a hole, before it was certain that they are SSTP.
    found: u32,
}

impl Call {
    pub fn new(config: WatchConfig) -> Call {
        Call {
            config,
            cert: None,
            sstp: false,
            host: None,
            client_spoke: false,
            holed: false,
            given_up: false,
            auth: Auth::default(),
            bulk: Bulk::default(),
            turns: super::turns::Turns::default(),
            lcp: Lcp::default(),
            echoes: Echoes::default(),
            excuse: None,
            teardown: None,
            server_left: None,
            over: false,
            doubt: None,
            ipcp: Negotiation::default(),
            ipv6cp: Negotiation::default(),
            ccp: Negotiation::default(),
            ipcp_rejected: false,
            offer: None,
            connected: false,
            naks: 0,
            largest: [usize::MAX; 2],
            flowing: false,
            found: 0,
        }
    }

    /// A whole packet of one side.
    #[inline]
    pub fn packet(&mut self, pen: &mut Pen<'_>, by: Side, packet: &[u8]) {
        if self.flowing
            && !rules::is_control(packet)
            && let Some((v6, network)) = packet.get(HEADER_LEN..).and_then(Bulk::ip)
        {
            if network.len() > self.largest[by as usize] || rules::has_reserved(packet) {
                self.odd_data(pen, by, packet, network.len());
            }
            return self.bulk.count(pen, by, v6, network);
        }
        self.any_packet(pen, by, packet);
    }

    fn any_packet(&mut self, pen: &mut Pen<'_>, by: Side, packet: &[u8]) {
        self.turns.settle(pen);
        self.client_spoke |= by == Side::Client;
        if by == Side::Client && self.doubt.take().is_some() {
            pen.up(Layer::Http);
            pen.began(Layer::Sstp);
        }
        if self.holed && !self.sstp {
            self.found += 1;
            self.sstp = self.found >= CERTAIN;
        }
        if rules::is_control(packet) { self.control(pen, by, packet) } else { self.data(pen, by, packet) }
    }

    fn control(&mut self, pen: &mut Pen<'_>, by: Side, packet: &[u8]) {
        let message = match Message::parse(packet) {
            Ok(message) => message,
            Err(error) => return self.unreadable(pen, by, Layer::Sstp, &error, packet),
        };
        if by == Side::Client {
            self.before(pen, &message);
        }
        pen.note_raw(Some(by), layer_of(message.kind), What::Sstp(message.clone()), packet);
        rules::message(pen, by, packet, &message);
        self.flood(pen, by);
        match self.turns.observe(pen, by, message.kind, self.holed) {
            Ok(()) => self.message(pen, by, &message, packet),
            Err(state) => self.misstep(pen, by, message.kind, state),
        }
    }

    fn misstep(&mut self, pen: &Pen<'_>, by: Side, kind: MessageType, state: State) {
        if by == Side::Server {
            self.excuse(pen, Layer::Sstp, Reason::Violated(format!("{} is out of turn in {}", kind.name(), state.name())));
        }
    }

    /// What the client's message means for the ladder, told before the message itself as an active client tells it.
    fn before(&mut self, pen: &mut Pen<'_>, message: &Message) {
        match message.kind {
            MessageType::CallConnected if !self.connected => {
                pen.up_below(Layer::Binding);
                pen.began(Layer::Binding);
            }
            MessageType::CallDisconnect | MessageType::CallAbort => self.client_leaves(pen, message),
            _ => {}
        }
    }

    fn message(&mut self, pen: &mut Pen<'_>, by: Side, message: &Message, packet: &[u8]) {
        match (message.kind, by) {
            (MessageType::CallConnectRequest, Side::Client) => {
                if self.holed {
                    pen.up_below(Layer::Sstp);
                }
                pen.wait();
            }
            (MessageType::CallConnectAck, Side::Server) => self.connect_ack(pen, message),
            (MessageType::CallConnectNak, Side::Server) => {
                self.naks += 1;
                let says = match message.status_info() {
                    Some((about, status)) => format!("Call Connect Nak, attribute {about}, status {status}"),
                    None => "Call Connect Nak without a status".into(),
                };
                self.excuse(pen, Layer::Sstp, Reason::Refused(says));
            }
            (MessageType::CallConnected, Side::Client) => {
                self.connected = true;
                pen.wait();
                let keys = if self.holed { self.auth.keys.or_unknown() } else { Some(&self.auth.keys) };
                proof::binding(pen, packet, message, self.offer.as_ref(), self.cert.as_ref(), keys);
            }
            (MessageType::EchoRequest, _) => {
                self.established(pen, by);
                self.echoes.request(pen, by);
            }
            (MessageType::EchoResponse, _) => {
                self.established(pen, by);
                if self.echoes.response(pen, by) && pen.is_up(Layer::Ncp) {
                    self.data_up(pen);
                }
            }
            _ => self.farewell(pen, by, message),
        }
    }

    fn connect_ack(&mut self, pen: &mut Pen<'_>, message: &Message) {
        let offer = message.attributes.iter().find_map(|attribute| match attribute {
            Attribute::CryptoBindingRequest { hash_mask, nonce } => Some((*hash_mask, nonce.0.clone())),
            _ => None,
        });
        let violated = |says: String| Reason::Violated(says);
        match &offer {
            None => self.excuse(pen, Layer::Sstp, violated("Call Connect Ack without a crypto binding request".into())),
            Some((mask, _)) if HashProtocol::from_mask(*mask).is_none() => {
                let says = format!("Call Connect Ack offers no hash that we know (bitmask 0x{mask:02x})");
                self.excuse(pen, Layer::Sstp, violated(says));
            }
            Some(_) => {
                self.excuse = None;
                pen.up_below(Layer::Lcp);
                pen.began(Layer::Lcp);
            }
        }
        self.offer = offer;
    }

    /// A message that only an established call has.
    fn established(&mut self, pen: &mut Pen<'_>, by: Side) {
        if self.holed && !self.connected {
            pen.up_below(Layer::Binding);
            self.connected = true;
        }
        if by == Side::Server {
            self.bound(pen);
        }
    }

    /// The server answered what came after Call Connected: it took it.
    fn bound(&mut self, pen: &mut Pen<'_>) {
        if self.connected {
            pen.up_below(Layer::Ncp);
        }
    }

    fn data(&mut self, pen: &mut Pen<'_>, by: Side, packet: &[u8]) {
        rules::data_header(pen, by, packet);
        let frame = packet.get(HEADER_LEN..).unwrap_or_default();
        match Frame::split(frame) {
            Ok((protocol, information)) if bulk::is_data(protocol) => self.traffic(pen, by, packet, protocol, information),
            _ => match Frame::parse(frame) {
                Ok(frame) => self.frame(pen, by, &frame, packet),
                Err(error) => self.unreadable(pen, by, error.layer, &error, packet),
            },
        }
    }

    fn traffic(&mut self, pen: &mut Pen<'_>, by: Side, packet: &[u8], protocol: ppp::Protocol, information: &[u8]) {
        if information.len() > self.largest[by as usize] {
            self.odd_data(pen, by, packet, information.len());
        }
        match Bulk::ip(packet.get(HEADER_LEN..).unwrap_or_default()) {
            Some((v6, network)) => self.bulk.count(pen, by, v6, network),
            None => self.bulk.count_other(pen.at, by, protocol, information.len()),
        }
        if self.config.packets {
            pen.packet(by, Frame { protocol, body: Body::Other(information.into()) }, packet);
        }
        if self.bulk.packets(Side::Client) > 0 && self.bulk.packets(Side::Server) > 0 && self.holed {
            pen.up_below(Layer::Data);
            self.connected = true;
        }
        if by == Side::Server {
            self.bound(pen);
            // IPv4 was refused, but IPv6 works.
            if self.ipcp_rejected && self.ipv6cp.is_open() {
                pen.up_below(Layer::Data);
            }
            self.data_up(pen);
        }
        self.flood(pen, by);
    }

    /// Something came back through the tunnel.
    fn data_up(&mut self, pen: &mut Pen<'_>) {
        if pen.is_up(Layer::Ncp) && !pen.failed() {
            pen.began(Layer::Data);
            pen.up(Layer::Data);
            self.excuse = None;
        }
        self.flowing = pen.is_up(Layer::Data) && !self.config.packets;
    }

    fn odd_data(&mut self, pen: &mut Pen<'_>, by: Side, packet: &[u8], len: usize) {
        rules::data_header(pen, by, packet);
        let largest = self.largest[by as usize];
        if len > largest {
            let says = || format!("a frame carries {len} bytes where the other end takes {largest} (MRU)");
            pen.violation(by, Layer::Data, "RFC 1661 6.1", "mru", says);
        }
    }

    fn frame(&mut self, pen: &mut Pen<'_>, by: Side, frame: &Frame, packet: &[u8]) {
        if self.holed {
            self.must_be_up(pen, frame);
        }
        if let Body::Lcp(it) = &frame.body
            && (by, it.code) == (Side::Client, control::TERMINATE_REQUEST)
        {
            self.client_terminates(pen, &terminate_text(&it.data));
        }
        let layer = ppp::layer_of(frame.protocol);
        if layer == Layer::Ncp && pen.is_up(Layer::Auth) {
            pen.began(Layer::Ncp);
        }
        pen.note_raw(Some(by), layer, What::Ppp(frame.clone()), packet);
        self.flood(pen, by);
        match &frame.body {
            Body::Lcp(packet) => self.lcp(pen, by, packet),
            Body::Pap(packet) => self.auth.pap(pen, &self.config, by, packet),
            Body::Chap(packet) => self.auth.chap(pen, &self.config, by, packet, self.lcp.agreed()),
            Body::Eap(packet) => self.auth.eap(pen, &self.config, by, packet),
            Body::Ipcp(packet) | Body::Ipv6cp(packet) => self.network(pen, by, frame.protocol, packet),
            Body::Ccp(packet) => self.ccp.observe(pen, by, ppp::CCP, packet, !self.holed),
            Body::Other(_) => {}
        }
    }

    /// The call was begun before the capture, or behind a hole: what this frame stands on is up.
    fn must_be_up(&self, pen: &mut Pen<'_>, frame: &Frame) {
        match &frame.body {
            Body::Lcp(packet) if packet.code <= control::CONFIGURE_REJECT => pen.up_below(Layer::Lcp),
            Body::Pap(_) | Body::Chap(_) | Body::Eap(_) => {
                pen.up_below(Layer::Auth);
                pen.began(Layer::Auth);
            }
            Body::Ipcp(_) | Body::Ipv6cp(_) => pen.up_below(Layer::Binding),
            _ => {}
        }
    }

    fn lcp(&mut self, pen: &mut Pen<'_>, by: Side, packet: &Packet) {
        for (method, accepted) in self.lcp.observe(pen, by, packet, !self.holed) {
            pen.note(Some(Side::Server), Layer::Lcp, What::Method { method, accepted });
        }
        match (by, packet.code) {
            (Side::Server, control::TERMINATE_REQUEST) => {
                let says = format!("LCP Terminate-Request from the server {}", terminate_text(&packet.data));
                self.server_ends(pen, Reason::Refused(says.trim_end().to_string()));
            }
            (Side::Server, control::TERMINATE_ACK) => self.terminate_acked(pen),
            (Side::Server, control::PROTOCOL_REJECT) => self.protocol_reject(pen, packet),
            _ => {}
        }
        if self.lcp.is_looped_back() && !pen.is_up(Layer::Lcp) {
            self.excuse(pen, Layer::Lcp, Reason::Violated("our own Configure-Request came back (same magic number)".into()));
        }
        let naks = self.lcp.negotiation.naks(Side::Client);
        if naks > MANY_NAKS && !pen.is_up(Layer::Lcp) {
            self.excuse(pen, Layer::Lcp, Reason::Refused(format!("{naks} Configure-Naks and no agreement")));
        }
        if self.lcp.negotiation.is_open() && !pen.is_up(Layer::Lcp) {
            pen.up_below(Layer::Auth);
            pen.began(Layer::Auth);
            if self.lcp.agreed().is_none() && !self.holed {
                pen.up(Layer::Auth);
            }
        }
        if self.lcp.negotiation.is_open() {
            self.largest = [Side::Client, Side::Server].map(|side| self.lcp.largest(side));
        }
    }

    fn protocol_reject(&mut self, pen: &mut Pen<'_>, packet: &Packet) {
        let Some(protocol) = packet.data.first_chunk::<2>().map(|bytes| u16::from_be_bytes(*bytes)) else { return };
        let says = |name: &str| Reason::Refused(format!("LCP Protocol-Reject of {name}"));
        match protocol {
            ppp::IPCP => {
                self.ipcp_rejected = true;
                self.bound(pen);
                self.excuse(pen, Layer::Ncp, says("IPCP"));
            }
            ppp::IPV6CP => self.bound(pen),
            protocol if ppp::layer_of(protocol) == Layer::Auth => self.excuse(pen, Layer::Auth, says(ppp::protocol_name(protocol))),
            _ => {}
        }
    }

    fn network(&mut self, pen: &mut Pen<'_>, by: Side, protocol: ppp::Protocol, packet: &Packet) {
        let negotiation = if protocol == ppp::IPCP { &mut self.ipcp } else { &mut self.ipv6cp };
        negotiation.observe(pen, by, protocol, packet, !self.holed);
        if by == Side::Server && (control::CONFIGURE_ACK..=control::CONFIGURE_REJECT).contains(&packet.code) {
            self.bound(pen);
        }
        if by == Side::Server && protocol == ppp::IPCP {
            self.address_refused(pen, packet);
        }
        let spoken = self.ipcp.requests(Side::Client) + self.ipcp.requests(Side::Server) > 0;
        let open = self.ipcp.is_open() || self.ipv6cp.is_open() && !spoken;
        if !open || pen.is_up(Layer::Ncp) {
            return;
        }
        if self.ipcp.is_open() && !self.has_address() {
            let says = "IPCP is open, but the address agreed on is 0.0.0.0";
            return self.excuse(pen, Layer::Ncp, Reason::Refused(says.into()));
        }
        if pen.is_up(Layer::Binding) {
            pen.up(Layer::Ncp);
            pen.began(Layer::Data);
        }
    }

    fn address_refused(&mut self, pen: &Pen<'_>, packet: &Packet) {
        let names_address = || packet.options(Layer::Ncp).unwrap_or_default().iter().any(|option| option.kind == IP_ADDRESS);
        let naks = self.ipcp.naks(Side::Client);
        let says = match packet.code {
            control::CONFIGURE_REJECT if names_address() => "IPCP Configure-Reject of the address option".into(),
            control::TERMINATE_REQUEST => "IPCP Terminate-Request from the server".into(),
            control::CONFIGURE_NAK if naks > NAK_LOOP => format!("IPCP does not converge: {naks} Configure-Naks"),
            _ => return,
        };
        self.excuse(pen, Layer::Ncp, Reason::Refused(says));
    }

    fn has_address(&self) -> bool {
        self.ipcp.wants(Side::Client, Layer::Ncp).iter().any(|option| option.kind == IP_ADDRESS && option.u32().unwrap_or(0) != 0)
    }

    fn unreadable(&mut self, pen: &mut Pen<'_>, by: Side, layer: Layer, error: &WireError, bytes: &[u8]) {
        let shown = bytes.get(..bytes.len().min(SHOWN)).unwrap_or_default();
        pen.note_raw(Some(by), layer, What::Undecoded(error.clone()), shown);
        // RFC 1661 5: a PPP packet that cannot be read is silently discarded, which is no reason to leave.
        if by == Side::Server && layer == Layer::Sstp {
            self.excuse(pen, Layer::Sstp, Reason::Violated(error.to_string()));
        }
        if layer > Layer::Sstp && error.what == "data" {
            let says = || format!("the length field goes beyond the frame: {error}");
            pen.violation(by, layer, "RFC 1661 5", "length", says);
        }
        self.flood(pen, by);
    }

    /// The stream of one side cannot be cut into packets any more. MS-SSTP 3.1.5.1.
    pub fn broken(&mut self, pen: &mut Pen<'_>, by: Side, error: &WireError, bytes: &[u8]) {
        self.unreadable(pen, by, Layer::Sstp, error, bytes);
    }

    pub(super) fn excuse(&mut self, pen: &Pen<'_>, layer: Layer, reason: Reason) {
        self.excuse = Some(Excuse { at: pen.at, layer, reason });
    }

    /// Packet after packet of the server, and the call gets no further.
    fn flood(&mut self, pen: &mut Pen<'_>, by: Side) {
        if by != Side::Server || pen.in_work() >= Layer::Data {
            return;
        }
        pen.notes.seen = pen.notes.seen.saturating_add(1);
        if pen.notes.seen > FLOOD {
            let layer = pen.in_work();
            self.excuse(pen, layer, Reason::Violated(format!("more than {FLOOD} packets and no progress")));
        }
    }

    /// What the client waits for on a layer, in the words of an active client.
    pub(super) fn waiting_for(&self, layer: Layer) -> &'static str {
        let lcp = &self.lcp.negotiation;
        match layer {
            Layer::Http => "HTTP response",
            Layer::Sstp => "Call Connect Ack",
            Layer::Lcp if lcp.is_acked(Side::Client) || lcp.requests(Side::Server) == 0 => "LCP Configure-Request",
            Layer::Lcp => "LCP Configure-Ack",
            Layer::Auth => self.auth.waiting_for(),
            Layer::Binding if !self.connected => "Call Connected",
            Layer::Binding => "answer to anything after Call Connected",
            Layer::Ncp => "IPCP Configure-Ack",
            Layer::Data => "answer to a ping or an echo",
            _ => "Call Disconnect Ack",
        }
    }

    /// Call Abort or Call Disconnect in words.
    pub(super) fn words(by: Side, message: &Message) -> String {
        let what = if message.kind == MessageType::CallAbort { "Call Abort" } else { "Call Disconnect" };
        status_text(what, by, message)
    }
}

/// Ours: as in the client, so many packets without getting further are a flood.
const FLOOD: u32 = 200;
/// Ours: as in the client, so many Configure-Naks of LCP are no negotiation any more; RFC 1661 4.6, Max-Configure twice over.
const MANY_NAKS: u32 = 20;
/// Ours: as in the client, so many Configure-Naks of IPCP are a loop.
const NAK_LOOP: u32 = 10;
/// Ours: as many packets in a row are SSTP, whatever came before them.
const CERTAIN: u32 = 2;
/// Ours: bytes of what cannot be read that are shown.
pub(super) const SHOWN: usize = 256;
