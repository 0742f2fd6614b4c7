//! How much is noted of what a peer says: as much as was recorded, and some more. A peer that floods is counted beyond that.

use super::super::course::Course;
use super::super::message::Said;
use super::super::script::Step;
use super::Player;
use crate::base::{Layer, Micros};
use crate::transcript::{Event, What};

/// What there is room for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Room {
    messages: usize,
    bytes: usize,
    /// Messages that there was no room for.
    omitted: u64,
}

impl Room {
    /// Room for what was recorded and some more.
    pub(super) fn beside(course: &Course) -> Room {
        let recorded = course.steps.iter().filter_map(Step::said);
        let bytes = recorded.fold(MOST_BYTES, |bytes, said| bytes + said.raw.len());
        Room { messages: course.steps.len() + MOST_MESSAGES, bytes, omitted: 0 }
    }

    fn takes(&mut self, bytes: usize) -> bool {
        let left = self.messages.checked_sub(1).zip(self.bytes.checked_sub(bytes));
        match left {
            Some((messages, bytes)) => (self.messages, self.bytes) = (messages, bytes),
            None => self.omitted += 1,
        }
        left.is_some()
    }

    /// What was not noted, told once.
    pub(super) fn left_out(&mut self, at: Micros) -> Option<Event> {
        let count = std::mem::take(&mut self.omitted);
        (count > 0).then(|| Event::new(at, None, Layer::Data, What::Omitted { count }))
    }
}

impl Player {
    /// There is room to note this; where there is none, it is counted.
    pub(super) fn has_room(&mut self, said: &Said) -> bool {
        let takes = said.by != self.peer() || self.room.takes(said.raw.len());
        if !takes {
            self.on_outcome(|outcome| outcome.flooded += 1);
        }
        takes
    }
}

/// Ours: messages noted beyond those of the recording.
pub const MOST_MESSAGES: usize = 4_000;
/// Ours: bytes noted beyond those of the recording.
pub const MOST_BYTES: usize = 4 << 20;
