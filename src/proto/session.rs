//! One end of an SSTP call above TLS.

use super::plan::Plan;
use crate::base::{Micros, Side};
use crate::transcript::{Event, How};

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

/// One end of an SSTP call above TLS: sans-IO, deterministic.
#[derive(Debug)]
pub struct Session {
    #[allow(dead_code)]
    plan: Plan,
}

impl Session {
    /// A session that begins at `now` of its transcript.
    pub fn new(plan: Plan, _now: Micros) -> Session {
        Session { plan }
    }

    /// Tells the session what happened.
    pub fn handle(&mut self, _now: Micros, _input: Input<'_>) {}

    /// What the session wants done next; call until it returns [`Output::Wait`] or [`Output::Done`].
    pub fn poll(&mut self) -> Output {
        Output::Done
    }
}
