//! One end of an SSTP call above TLS: cuts the stream, follows the state, lets the mind decide, spoils at door 1.

mod core;
mod tunnel;

use super::bug::{Bug, Bugs};
use super::client::Client;
use super::last_words::LastWords;
use super::plan::{Mind, Plan};
use super::quirk::Quirk;
use super::server::Server;
use super::server::bugs::{self, Fate};
use crate::base::{Layer, Limit, Micros, Side, WireError};
use crate::transcript::{Event, How, Opaqueness, What};
use crate::wire::sstp::{self, Framer, Message, MessageType};
use crate::wire::{http, ppp};

pub(super) use core::Core;

/// Ours: more events than this are counted, not kept, so that a flood cannot fill the memory.
const MAX_EVENTS: usize = 2_000;

/// RFC 9110 15.2.2: 101 is the last answer in HTTP.
const SWITCHING: u16 = 101;

/// RFC 9112 3: a request line of 8,000 bytes at least is read; a head that a defect collects is longer than any sound one.
const LONG_HEAD: usize = 8_000;

/// What a session is told.
#[derive(Clone, Copy, Debug)]
pub enum Input<'a> {
    /// Plaintext from the peer.
    Bytes {
        /// Who sent it.
        from: Side,
        /// The bytes.
        bytes: &'a [u8],
    },
    /// The stream ended.
    Closed {
        /// Who ended it.
        from: Side,
        /// How.
        how: How,
    },
    /// Time went by.
    Tick,
    /// The user wants to stop: leave in order, now.
    Leave,
}

/// What a session wants done.
#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    /// Write these bytes, in one write.
    Send(Vec<u8>),
    /// Note this event.
    Event(Box<Event>),
    /// Close the connection in order.
    Close,
    /// Nothing more for now: come back with input, or with [`Input::Tick`] at this time.
    Wait(Micros),
    /// The session is over and the connection is closed.
    Done,
}

/// One end that is driven from outside: by a socket loop, or by the pretend wire.
pub trait Machine {
    /// Tells it what happened.
    fn handle(&mut self, now: Micros, input: Input<'_>);
    /// What it wants done next; call until it returns [`Output::Wait`] or [`Output::Done`].
    fn poll(&mut self) -> Output;
}

impl<M: Machine + ?Sized> Machine for Box<M> {
    fn handle(&mut self, now: Micros, input: Input<'_>) {
        (**self).handle(now, input);
    }

    fn poll(&mut self) -> Output {
        (**self).poll()
    }
}

impl Machine for Session {
    fn handle(&mut self, now: Micros, input: Input<'_>) {
        Session::handle(self, now, input);
    }

    fn poll(&mut self) -> Output {
        Session::poll(self)
    }
}

/// What one end decides. The core tells it what came; it answers through the core.
pub(super) trait Decide {
    fn start(&mut self, core: &mut Core);
    fn http(&mut self, core: &mut Core, head: http::Head);
    /// Bytes that cannot be read. The stream is lost when it cannot be cut into packets any more.
    fn unreadable(&mut self, core: &mut Core, error: &WireError, stream_lost: bool);
    fn message(&mut self, core: &mut Core, message: Message, packet: &[u8]);
    /// A message out of turn, or of a type that nobody knows.
    fn misstep(&mut self, core: &mut Core, message: &Message);
    fn frame(&mut self, core: &mut Core, frame: ppp::Frame);
    fn closed(&mut self, core: &mut Core, how: How);
    fn tick(&mut self, core: &mut Core);
    fn leave(&mut self, core: &mut Core);
    fn due(&self) -> Option<Micros>;
}

/// One end of an SSTP call above TLS: sans-IO, deterministic.
pub struct Session {
    core: Core,
    mind: Box<dyn Decide + Send>,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("core", &self.core).finish_non_exhaustive()
    }
}

impl Session {
    /// A session that begins at `now` of its transcript.
    pub fn new(plan: Plan, now: Micros) -> Session {
        let (mut quirks, mut bugs, mut last_words, mut packets) = (Vec::new(), Bugs::default(), LastWords::default(), false);
        let (side, mind, keeps_open): (Side, Box<dyn Decide + Send>, bool) = match plan.mind {
            Mind::Client(config) => {
                (quirks, packets) = (config.quirks.clone(), config.packets);
                (Side::Client, Box::new(Client::new(config)), quirks.contains(&Quirk::KeepsOpen))
            }
            Mind::Server(config) => {
                let keeps_open = config.keeps_open;
                bugs = config.bugs.clone();
                last_words = config.style.as_ref().map(|style| style.last_words.clone()).unwrap_or_default();
                (Side::Server, Box::new(Server::new(config)), keeps_open)
            }
        };
        let mut session = Session { core: Core::new(side, plan.edits, plan.seed, now), mind };
        (session.core.keeps_open, session.core.quirks, session.core.bugs) = (keeps_open, quirks, bugs);
        (session.core.last_words, session.core.packets) = (last_words, if packets { tunnel::MOST_PACKETS } else { 0 });
        session.core.born = session.core.bugs.ended();
        let bugs = &session.core.bugs;
        match bugs.is_dead() || bugs.has(Bug::FourthCallLost) && bugs.every_fourth_time() {
            true => session.core.close(),
            false => session.mind.start(&mut session.core),
        }
        session
    }

    /// Tells the session what happened.
    pub fn handle(&mut self, now: Micros, input: Input<'_>) {
        self.core.now = self.core.now.max(now);
        // What comes to a dead server is not even read.
        if self.core.over || self.core.bugs.is_dead() && self.core.is_closing() {
            return;
        }
        if self.core.bugs.has(Bug::OneEndsAll) && self.core.bugs.ended() != self.core.born {
            return self.core.end_at_once();
        }
        match input {
            Input::Bytes { from, bytes } if from != self.core.side && !self.core.stuck => self.bytes(bytes),
            Input::Closed { from, how } if from != self.core.side => {
                self.core.note(Some(from), Layer::Tls, What::Closed(how));
                self.mind.closed(&mut self.core, how);
                self.core.door.clear();
                self.core.over = true;
            }
            Input::Bytes { .. } | Input::Closed { .. } => {}
            Input::Tick | Input::Leave if self.core.stuck => {}
            Input::Tick => self.mind.tick(&mut self.core),
            Input::Leave => {
                self.core.door.clear();
                self.mind.leave(&mut self.core);
            }
        }
    }

    /// What the session wants done next; call until it returns [`Output::Wait`] or [`Output::Done`].
    pub fn poll(&mut self) -> Output {
        let core = &mut self.core;
        if let Some(output) = core.out.pop_front() {
            return output;
        }
        if core.said_close {
            return Output::Done;
        }
        if let Some(bytes) = core.door.ready(core.now) {
            return Output::Send(bytes);
        }
        if core.over || core.closing && core.door.due().is_none() {
            core.end();
            return Output::Close;
        }
        let mind = if core.stuck || core.closing { None } else { self.mind.due() };
        let due = [mind, core.door.due()].into_iter().flatten().min();
        Output::Wait(due.unwrap_or(Micros::MAX))
    }

    fn bytes(&mut self, bytes: &[u8]) {
        if self.core.lost {
            return self.core.note(
                Some(self.core.side.other()),
                Layer::Sstp,
                What::Opaque { bytes: bytes.len() as u64, because: Opaqueness::AfterError },
            );
        }
        match self.core.head.take() {
            Some(mut head) => {
                head.extend_from_slice(bytes);
                self.head(head);
            }
            None => {
                if self.core.is(Quirk::OneRead) || self.core.bugs.has(Bug::SplitLost) {
                    self.core.framer = Framer::default();
                }
                self.core.framer.push(bytes);
                self.packets();
            }
        }
    }

    fn head(&mut self, mut bytes: Vec<u8>) {
        let peer = self.core.side.other();
        loop {
            let parsed = match peer {
                Side::Server => http::Head::parse_response(Layer::Http, &bytes),
                Side::Client => http::Head::parse_request(Layer::Http, &bytes),
            };
            match parsed {
                Ok(http::Parsed::Partial) if self.core.is(Quirk::OneRead) => return self.core.head = Some(Vec::new()),
                Ok(http::Parsed::Partial) if self.core.bugs.has(Bug::HeadInOneRead) => return self.core.end_at_once(),
                Ok(http::Parsed::Partial) => return self.core.head = Some(bytes),
                Ok(http::Parsed::Whole(head, len)) => {
                    let rest = bytes.split_off(len.min(bytes.len()));
                    self.core.note_raw(Some(peer), Layer::Http, What::Http(head.clone()), &bytes);
                    // RFC 9110 15.2: an interim answer is followed by the one that counts.
                    let interim = head.status.is_some_and(|status| (100..200).contains(&status) && status != SWITCHING);
                    if interim && !self.core.is(Quirk::TakesFirstAnswer) {
                        bytes = rest;
                        continue;
                    }
                    if !self.core.bugs.has(Bug::BehindHeadLost) {
                        self.core.framer.push(&rest);
                    }
                    if self.core.bugs.has(Bug::UnusualRefused) && !bugs::is_usual(&head, &bytes) {
                        return self.mind.unreadable(&mut self.core, &bugs::unusual(), true);
                    }
                    if !head.headers.iter().any(|header| header.0.eq_ignore_ascii_case("cookie")) {
                        self.core.bugs.remove(Bug::CookieOpens);
                    }
                    self.mind.http(&mut self.core, head);
                    return self.packets();
                }
                Err(_) if self.core.bugs.has(Bug::HeadWithoutEnd) && bytes.len() > LONG_HEAD => return self.core.head = Some(bytes),
                Err(error) => return self.unreadable(Layer::Http, error, &bytes, true),
            }
        }
    }

    fn packets(&mut self) {
        while !self.core.lost && !self.core.closing && !self.core.stuck {
            match self.core.framer.next_packet() {
                Ok(Some(packet)) => {
                    let packet = packet.to_vec();
                    let asks = self.core.bugs.has(Bug::SecondAskLost) && bugs::asks(&packet);
                    self.arrived(packet);
                    if self.core.is(Quirk::OnePacket) || self.core.bugs.has(Bug::OneOfTwo) {
                        self.core.framer = Framer::default();
                    }
                    if asks {
                        self.after_an_ask();
                    }
                }
                Ok(None) => return,
                Err(error) => {
                    let mut rest = self.core.framer.rest().to_vec();
                    if let Some(version) = rest.first_mut().filter(|_| self.core.bugs.has(Bug::VersionTaken) && error.what == "version") {
                        *version = sstp::VERSION;
                        self.core.framer = Framer::default();
                        self.core.framer.push(&rest);
                        continue;
                    }
                    return self.unreadable(Layer::Sstp, error, &rest, true);
                }
            }
        }
    }

    /// A defect: what asks is lost behind something that asks.
    fn after_an_ask(&mut self) {
        if let Ok(Some(next)) = self.core.framer.next_packet().map(|next| next.map(<[u8]>::to_vec))
            && !bugs::asks(&next)
        {
            self.arrived(next);
        }
    }

    /// A whole packet is there; a sound end reads it as it came.
    fn arrived(&mut self, packet: Vec<u8>) {
        if self.core.bugs.is_empty() {
            return self.packet(&packet);
        }
        let came = packet.clone();
        match bugs::arrives(&mut self.core, packet) {
            Fate::Read(packet) => self.packet(&packet),
            Fate::Refused => {
                let limit = Limit::Spec("nothing".into());
                let error = WireError { layer: Layer::Sstp, what: "reserved bits".into(), at: 1, need: 0, have: 0, limit };
                self.unreadable(Layer::Sstp, error, &came, false);
            }
            Fate::Lost => {}
            Fate::Ends => self.core.end_at_once(),
            Fate::Hangs => self.core.stuck = true,
        }
        self.core.earlier = came;
    }

    fn packet(&mut self, packet: &[u8]) {
        let peer = self.core.side.other();
        if !sstp::Header::parse(packet).is_some_and(|header| header.control) {
            return self.data(packet);
        }
        let message = match Message::parse(packet) {
            Ok(message) => message,
            Err(error) => return self.unreadable(Layer::Sstp, error, packet, false),
        };
        self.core.note_raw(Some(peer), layer_of(message.kind), What::Sstp(message.clone()), packet);
        self.core.door.hear(|| format!("sstp.{}", message.kind.name()), packet);
        match self.core.observe(peer, message.kind) {
            Ok(()) => self.mind.message(&mut self.core, message, packet),
            Err(()) => self.mind.misstep(&mut self.core, &message),
        }
    }

    fn data(&mut self, packet: &[u8]) {
        let frame = packet.get(sstp::HEADER_LEN..).unwrap_or_default();
        match ppp::Frame::parse(frame) {
            Ok(frame) => {
                self.core.door.hear(|| frame.name(), packet);
                let layer = ppp::layer_of(frame.protocol);
                if layer != Layer::Data {
                    self.core.note_raw(Some(self.core.side.other()), layer, What::Ppp(frame.clone()), packet);
                } else {
                    self.core.packet(self.core.side.other(), &frame, packet);
                }
                self.mind.frame(&mut self.core, frame);
            }
            Err(error) => {
                let layer = error.layer;
                self.unreadable(layer, error, packet, false);
            }
        }
    }

    fn unreadable(&mut self, layer: Layer, error: WireError, bytes: &[u8], stream_lost: bool) {
        self.core.lost |= stream_lost;
        let shown = bytes.get(..bytes.len().min(256)).unwrap_or_default();
        self.core.note_raw(Some(self.core.side.other()), layer, What::Undecoded(error.clone()), shown);
        self.mind.unreadable(&mut self.core, &error, stream_lost);
    }
}

/// The layer that a control message belongs to.
pub(super) fn layer_of(kind: MessageType) -> Layer {
    match kind {
        MessageType::CallConnected => Layer::Binding,
        MessageType::CallDisconnect | MessageType::CallDisconnectAck => Layer::Teardown,
        MessageType::EchoRequest | MessageType::EchoResponse => Layer::Data,
        _ => Layer::Sstp,
    }
}
