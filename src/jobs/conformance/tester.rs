//! Our end of a case: an honest session whose door carries the case's edits, and an observer that stays when the session
//! would have left.

use super::case::Case;
use super::expect::{Expect, View};
use super::verdict;
use crate::base::{Layer, Limit, Micros, Side, WireError};
use crate::proto::{Input, Machine, Output, Session};
use crate::transcript::{Event, How, Opaqueness, What};
use crate::wire::sstp::{self, Framer, Message, MessageType};
use crate::wire::{http, ppp};
use std::collections::VecDeque;
use std::time::Duration;

/// Our end of a case.
#[derive(Debug)]
pub struct Tester {
    session: Session,
    case: Case,
    peer: Side,
    out: VecDeque<Output>,
    /// Everything so far, as it is told outside.
    events: Vec<Event>,
    head: Option<Vec<u8>>,
    framer: Framer,
    lost: bool,
    /// The session wants to leave, or has.
    session_left: bool,
    deadline: Micros,
    stimulated: bool,
    /// Since when all that must be seen has been seen.
    seen_since: Option<Micros>,
    over: bool,
    said_close: bool,
}

impl Tester {
    /// A tester whose honest session is `session`; it begins at `now`.
    pub fn new(case: Case, session: Session, now: Micros) -> Tester {
        Tester {
            session,
            peer: case.base.tests,
            case,
            out: VecDeque::new(),
            events: Vec::new(),
            head: Some(Vec::new()),
            framer: Framer::default(),
            lost: false,
            session_left: false,
            deadline: now + REACH,
            stimulated: false,
            seen_since: None,
            over: false,
            said_close: false,
        }
    }

    fn tell(&mut self, event: Event) {
        if self.events.len() < MAX_EVENTS {
            self.events.push(event.clone());
            self.out.push_back(Output::Event(Box::new(event)));
        } else {
            // A peer that goes round in a circle is left; what it did so far is judged.
            self.over = true;
        }
    }

    fn note(&mut self, at: Micros, layer: Layer, what: What, raw: &[u8]) {
        let raw = crate::base::Bytes(raw.to_vec());
        self.tell(Event { at, by: Some(self.peer), layer, what, raw });
    }

    fn session_says(&mut self, event: Event) {
        let observed = matches!(event.what, What::Http(_) | What::Sstp(_) | What::Ppp(_) | What::Undecoded(_) | What::Opaque { .. });
        // What the peer does is told by the observer, which hears it even when the session has left.
        if event.by == Some(self.peer) && (observed || matches!(event.what, What::Closed(_)))
            || matches!(event.what, What::Closed(How::Ours))
        {
            return;
        }
        let first = self.case.edits.first();
        if let What::Edited { edit } = &event.what
            && !self.stimulated
            && first.is_some_and(|line| line == edit)
        {
            self.stimulated = true;
            self.deadline = event.at + self.case.base.within;
        }
        self.tell(event);
        self.finish_early();
    }

    /// A case that nothing can change any more need not wait.
    fn finish_early(&mut self) {
        let expect = &self.case.base.expect;
        let Some(from) = verdict::stimulus(&self.case, &self.events) else { return };
        let view = View::of(&self.case, &self.events, from);
        let holds = expect.holds(&view).is_ok();
        if expect.is_settled_when_it_holds() && holds {
            self.over = true;
        }
        // Of several connections each has given what it can when it has shown what the case is about.
        let shown = |(what, _): (Expect, _)| what.is_settled_when_it_holds() && what.holds(&View::of(&self.case, &self.events, 0)).is_ok();
        if self.case.base.times > 1 && self.case.base.only_if.is_some_and(shown) {
            self.over = true;
        }
        let now = self.events.last().map_or(Micros::ZERO, |event| event.at);
        self.seen_since = (holds && !self.case.base.slow && expect.waits_for_something()).then(|| self.seen_since.unwrap_or(now));
    }

    /// When watching ends. A slow peer has the whole time for what must be seen; what must not be seen after it is waited for
    /// a while only.
    fn end(&self) -> Micros {
        self.seen_since.map_or(self.deadline, |since| self.deadline.min(since + QUIET))
    }

    fn bytes(&mut self, now: Micros, bytes: &[u8]) {
        if self.lost {
            return self.note(now, Layer::Sstp, What::Opaque { bytes: bytes.len() as u64, because: Opaqueness::AfterError }, &[]);
        }
        match self.head.take() {
            Some(mut head) => {
                head.extend_from_slice(bytes);
                self.http(now, head);
            }
            None => {
                self.framer.push(bytes);
                self.packets(now);
            }
        }
    }

    fn http(&mut self, now: Micros, bytes: Vec<u8>) {
        let parsed = match self.peer {
            Side::Server => http::Head::parse_response(Layer::Http, &bytes),
            Side::Client => http::Head::parse_request(Layer::Http, &bytes),
        };
        match parsed {
            Ok(http::Parsed::Partial) => self.head = Some(bytes),
            Ok(http::Parsed::Whole(head, len)) => {
                let (raw, rest) = bytes.split_at(len.min(bytes.len()));
                self.lost = head.status.is_some_and(|status| status != 200);
                self.note(now, Layer::Http, What::Http(head), raw);
                self.framer.push(rest);
                self.packets(now);
            }
            Err(error) => self.unreadable(now, error, &bytes),
        }
    }

    fn packets(&mut self, now: Micros) {
        while !self.lost {
            match self.framer.next_packet() {
                Ok(Some(packet)) => {
                    let packet = packet.to_vec();
                    self.packet(now, &packet);
                }
                Ok(None) => return,
                Err(error) => {
                    let rest = self.framer.rest().to_vec();
                    return self.unreadable(now, error, &rest);
                }
            }
        }
    }

    fn packet(&mut self, now: Micros, packet: &[u8]) {
        let control = sstp::Header::parse(packet).is_some_and(|header| header.control);
        let body = packet.get(sstp::HEADER_LEN..).unwrap_or_default();
        let read = if control {
            Message::parse(packet).map(|message| (layer_of(message.kind), What::Sstp(message)))
        } else {
            ppp::Frame::parse(body).map(|frame| (ppp::layer_of(frame.protocol), What::Ppp(frame)))
        };
        match read {
            Ok((layer, what)) => self.note(now, layer, what, packet),
            Err(error) => self.note(now, error.layer, What::Undecoded(error.clone()), packet),
        }
    }

    fn unreadable(&mut self, now: Micros, error: WireError, bytes: &[u8]) {
        self.lost = true;
        let shown = bytes.get(..bytes.len().min(SHOWN)).unwrap_or_default();
        self.note(now, error.layer, What::Undecoded(error), shown);
    }

    /// What the session wants done next, as far as it concerns the outside.
    fn session_wants(&mut self) -> Option<Output> {
        match self.session.poll() {
            Output::Send(bytes) => return Some(Output::Send(bytes)),
            Output::Event(event) => self.session_says(*event),
            // Closing is the stimulus itself.
            Output::Close if self.case.edits.iter().any(|line| line.ends_with(" close")) => self.over = true,
            Output::Close | Output::Done => {
                let now = self.events.last().map_or(Micros::ZERO, |event| event.at);
                self.left(now);
            }
            Output::Wait(due) => return Some(Output::Wait(due.min(self.end()))),
        }
        None
    }

    /// A client may send two messages before we are asked for ours: what we decided about the first stands before the second.
    fn drain(&mut self) {
        while !self.session_left && !self.over {
            match self.session_wants() {
                Some(Output::Wait(_)) => return,
                output => self.out.extend(output),
            }
        }
    }

    /// A case without a stimulus is timed from when the session has done all it wanted.
    fn left(&mut self, now: Micros) {
        self.session_left = true;
        if !self.stimulated {
            self.deadline = now + self.case.base.within;
        }
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

impl Machine for Tester {
    fn handle(&mut self, now: Micros, input: Input<'_>) {
        if self.over {
            return;
        }
        match input {
            Input::Bytes { from, bytes } if from == self.peer => {
                self.bytes(now, bytes);
                if !self.session_left {
                    self.session.handle(now, input);
                }
                self.finish_early();
            }
            Input::Closed { from, how } if from == self.peer => {
                if let Some(head) = self.head.take().filter(|head| !head.is_empty()) {
                    let error = WireError {
                        layer: Layer::Http,
                        what: "HTTP head without an end".into(),
                        at: head.len(),
                        need: 0,
                        have: head.len(),
                        limit: Limit::Spec("RFC 9112".into()),
                    };
                    self.unreadable(now, error, &head);
                }
                self.note(now, Layer::Tls, What::Closed(how), &[]);
                self.over = true;
            }
            Input::Tick if now >= self.end() => self.over = true,
            Input::Leave => self.over = true,
            input if !self.session_left => self.session.handle(now, input),
            _ => {}
        }
        if self.peer == Side::Client {
            self.drain();
        }
    }

    fn poll(&mut self) -> Output {
        loop {
            if let Some(output) = self.out.pop_front() {
                return output;
            }
            if self.said_close {
                return Output::Done;
            }
            if self.over {
                self.said_close = true;
                return Output::Close;
            }
            if self.session_left {
                return Output::Wait(self.end());
            }
            if let Some(output) = self.session_wants() {
                return output;
            }
        }
    }
}

/// Ours: a peer that takes so long to come to the point of the stimulus is given up.
const REACH: Duration = Duration::from_secs(30);
/// Ours: when all that must be seen has been seen, what must not be seen is waited for so long.
const QUIET: Duration = Duration::from_secs(3);
/// Ours: events kept of one case.
const MAX_EVENTS: usize = 4_000;
/// Ours: bytes shown of what cannot be read.
const SHOWN: usize = 256;
