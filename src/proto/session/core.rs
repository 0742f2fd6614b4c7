//! What both minds work with: events, packets on their way out, and how the session ends.

use super::super::bug::Bugs;
use super::super::call::{self, Tracker};
use super::super::door::Door;
use super::super::edit::Edit;
use super::super::last_words::LastWords;
use super::super::quirk::Quirk;
use super::super::rng::Rng;
use super::{MAX_EVENTS, Output, layer_of};
use crate::base::{Bytes, Layer, Micros, Side};
use crate::transcript::{Event, How, Reason, What};
use crate::wire::sstp::{self, Framer, Message, MessageType};
use crate::wire::{http, ppp};
use std::collections::VecDeque;
use std::time::Duration;

/// What both minds work with.
#[derive(Debug)]
pub(in crate::proto) struct Core {
    pub now: Micros,
    pub side: Side,
    pub rng: Rng,
    pub(super) tracker: Tracker,
    pub(super) door: Door,
    pub(super) out: VecDeque<Output>,
    pub(super) head: Option<Vec<u8>>,
    pub(super) framer: Framer,
    pub(super) noted: usize,
    pub(super) omitted: u64,
    /// The stream can no longer be cut into packets.
    pub(super) lost: bool,
    pub(super) closing: bool,
    pub(super) over: bool,
    pub(super) said_close: bool,
    /// Where it should close it does nothing any more, and leaves the connection open.
    pub(super) keeps_open: bool,
    pub(super) stuck: bool,
    /// What a client does wrong with the stream.
    pub(super) quirks: Vec<Quirk>,
    /// What a server does wrong.
    pub bugs: Bugs,
    /// So many calls of the server had ended when this one began.
    pub(super) born: u32,
    /// The packet before this one, where a server leaks it.
    pub earlier: Vec<u8>,
    /// Nothing goes out before.
    pub(super) dawdles: Micros,
    /// What a server says before it falls silent.
    pub(super) last_words: LastWords,
    /// So many packets inside the tunnel are still told.
    pub(super) packets: u32,
}

impl Core {
    pub(super) fn new(side: Side, edits: Vec<Edit>, seed: u64, now: Micros) -> Core {
        Core {
            now,
            side,
            rng: Rng::new(seed),
            tracker: Tracker::default(),
            door: Door::new(edits),
            out: VecDeque::new(),
            head: Some(Vec::new()),
            framer: Framer::default(),
            noted: 0,
            omitted: 0,
            lost: false,
            closing: false,
            over: false,
            said_close: false,
            keeps_open: false,
            stuck: false,
            quirks: Vec::new(),
            bugs: Bugs::default(),
            born: 0,
            earlier: Vec::new(),
            dawdles: Micros::ZERO,
            last_words: LastWords::default(),
            packets: 0,
        }
    }

    pub(super) fn is(&self, quirk: Quirk) -> bool {
        self.quirks.contains(&quirk)
    }

    /// Where the call stands.
    pub fn state(&self) -> call::State {
        self.tracker.state
    }

    pub fn note(&mut self, by: Option<Side>, layer: Layer, what: What) {
        self.note_raw(by, layer, what, &[]);
    }

    pub(super) fn note_raw(&mut self, by: Option<Side>, layer: Layer, what: What, raw: &[u8]) {
        let always = matches!(what, What::Began | What::Up | What::Down(_) | What::Closed(_) | What::Method { .. } | What::Omitted { .. });
        if self.noted >= MAX_EVENTS && !always {
            self.omitted += 1;
            return;
        }
        self.noted += 1;
        let raw = Bytes(raw.to_vec());
        self.out.push_back(Output::Event(Box::new(Event { at: self.now, by, layer, what, raw })));
    }

    pub fn began(&mut self, layer: Layer) {
        self.note(None, layer, What::Began);
    }

    pub fn up(&mut self, layer: Layer) {
        self.note(None, layer, What::Up);
    }

    pub fn down(&mut self, layer: Layer, reason: Reason) {
        self.note(None, layer, What::Down(reason));
    }

    pub(super) fn observe(&mut self, by: Side, kind: MessageType) -> Result<(), ()> {
        self.tracker.observe(by, kind).map(|_| ()).map_err(|state| {
            let allowed = call::allowed(state, by).into_iter().map(|kind| kind.name().to_string()).collect();
            let what = What::Misstep { message: kind.name().to_string(), state: state.name().to_string(), allowed };
            self.note(Some(by), layer_of(kind), what);
        })
    }

    pub(super) fn send(&mut self, layer: Layer, name: &str, bytes: Vec<u8>, what: What) {
        if self.falls_silent(name) {
            return;
        }
        let passed = self.door.pass(self.now.max(self.dawdles), name, bytes);
        for edit in passed.edits {
            self.note(Some(self.side), layer, What::Edited { edit });
        }
        if let Some(bytes) = passed.bytes {
            self.note_raw(Some(self.side), layer, what, &bytes);
        }
        if passed.close {
            self.close();
        }
    }

    pub fn send_head(&mut self, head: http::Head) {
        let name = if head.status.is_some() { "http.response" } else { "http.request" };
        self.send(Layer::Http, name, head.emit(), What::Http(head));
    }

    pub fn send_message(&mut self, message: Message) {
        let bytes = message.emit();
        self.send_packet(message, bytes);
    }

    /// Sends a message whose bytes were made by hand (Call Connected with its MAC).
    pub fn send_packet(&mut self, message: Message, bytes: Vec<u8>) {
        // What an honest mind sends is in turn; door 1 spoils it afterwards.
        let _ = self.tracker.observe(self.side, message.kind);
        let name = format!("sstp.{}", message.kind.name());
        self.send(layer_of(message.kind), &name, bytes, What::Sstp(message));
    }

    /// Lets a message that is not finished yet through door 1: what is spoilt here is covered by what is computed over it.
    pub fn unfinished(&mut self, layer: Layer, name: &str, bytes: Vec<u8>) -> Vec<u8> {
        let (bytes, edits) = self.door.draft(name, bytes);
        for edit in edits {
            self.note(Some(self.side), layer, What::Edited { edit });
        }
        bytes
    }

    pub fn send_frame(&mut self, frame: ppp::Frame) {
        let layer = ppp::layer_of(frame.protocol);
        let (name, bytes) = (frame.name(), sstp::emit_data(&frame.emit()));
        if layer == Layer::Data {
            if self.falls_silent(&name) {
                return;
            }
            let passed = self.door.pass(self.now, &name, bytes);
            passed.edits.into_iter().for_each(|edit| self.note(Some(self.side), layer, What::Edited { edit }));
            if let Some(bytes) = passed.bytes {
                self.packet(self.side, &frame, &bytes);
            }
        } else {
            self.send(layer, &name, bytes, What::Ppp(frame));
        }
    }

    /// Closes once everything held back has gone out.
    pub fn close(&mut self) {
        if self.keeps_open {
            self.stuck = true;
        } else {
            self.closing = true;
        }
    }

    /// What is said from now on goes out so much later.
    pub fn dawdle(&mut self, time: Duration) {
        self.dawdles = self.now + time;
    }

    /// Nothing happens any more, and the connection stays open.
    pub fn hang(&mut self) {
        self.stuck = true;
    }

    /// Closes at once, whatever was still to be said.
    pub fn end_at_once(&mut self) {
        self.door.clear();
        self.closing = true;
    }

    pub fn is_closing(&self) -> bool {
        self.closing || self.over
    }

    pub(super) fn end(&mut self) {
        self.bugs.end_one();
        self.said_close = true;
        if self.omitted > 0 {
            self.note(None, Layer::Data, What::Omitted { count: self.omitted });
        }
        if !self.over {
            self.note(Some(self.side), Layer::Tls, What::Closed(How::Ours));
        }
        self.over = true;
    }
}
