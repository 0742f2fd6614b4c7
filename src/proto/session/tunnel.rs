//! Packets inside the tunnel, as far as they are told, and a server that falls silent.

use super::Core;
use crate::base::{Bytes, Layer, Side};
use crate::proto::Output;
use crate::transcript::{Event, What};
use crate::wire::ppp::Frame;

impl Core {
    /// Tells a packet inside the tunnel, where they are wanted.
    pub(super) fn packet(&mut self, by: Side, frame: &Frame, raw: &[u8]) {
        if let Some(left) = self.packets.checked_sub(1) {
            self.packets = left;
            let (what, raw) = (What::Ppp(frame.clone()), Bytes(raw.to_vec()));
            self.out.push_back(Output::Event(Box::new(Event { at: self.now, by: Some(by), layer: Layer::Data, what, raw })));
        }
    }

    /// Everything was said before this message; with the last of it nothing happens any more.
    pub(super) fn falls_silent(&mut self, name: &str) -> bool {
        let silent = self.last_words.are_said();
        self.last_words.say(name);
        self.stuck |= self.last_words.are_said();
        silent
    }
}

/// Ours: packets inside the tunnel that are told.
pub(super) const MOST_PACKETS: u32 = 1_000;
