//! Writing events down with the time they happened at.

use super::clock::Clock;
use crate::base::{Bytes, Layer, Micros, Side};
use crate::transcript::{Event, Reason, Sink, What};
use std::time::Duration;

/// A sink and the clock that stamps what goes into it.
pub struct Notes<'a> {
    /// The clock.
    pub clock: &'a Clock,
    /// Where the events go.
    pub sink: &'a mut dyn Sink,
}

impl<'a> Notes<'a> {
    /// Notes that go to `sink`.
    pub fn new(clock: &'a Clock, sink: &'a mut dyn Sink) -> Notes<'a> {
        Notes { clock, sink }
    }

    /// Notes one event.
    pub fn note(&mut self, by: Option<Side>, layer: Layer, what: What) {
        self.note_raw(by, layer, what, Bytes::default());
    }

    /// Notes one event and the bytes it came from.
    pub fn note_raw(&mut self, by: Option<Side>, layer: Layer, what: What, raw: Bytes) {
        self.sink.event(&Event { at: self.clock.now(), by, layer, what, raw });
    }

    /// Work on a layer begins.
    pub fn began(&mut self, layer: Layer) {
        self.note(Some(Side::Client), layer, What::Began);
    }

    /// A layer is up.
    pub fn up(&mut self, layer: Layer) {
        self.note(None, layer, What::Up);
    }

    /// A layer failed.
    pub fn down(&mut self, layer: Layer, reason: Reason) {
        self.note(None, layer, What::Down(reason));
    }
}

/// Nothing came in time.
pub(crate) fn timed_out(waiting_for: &str, after: Duration) -> Reason {
    Reason::TimedOut { waiting_for: waiting_for.to_string(), after: Micros::from(after) }
}
