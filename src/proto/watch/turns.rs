//! Whose turn it is. The order of messages is certain within one direction only, so that a message counts as out of turn
//! only where no order of what crossed on the way would allow it.

use super::notes::Pen;
use crate::base::{Micros, Side};
use crate::proto::call::{self, State, Tracker};
use crate::proto::session::layer_of;
use crate::transcript::What;
use crate::wire::sstp::MessageType::{self, *};

/// The state table, and what it is uncertain about.
#[derive(Clone, Debug, Default)]
pub(super) struct Turns {
    tracker: Tracker,
    /// The state after each side's own last message: what came since from the other end may not have reached it.
    own: [Tracker; 2],
    /// By side: it sent Call Disconnect, which the other end may acknowledge even if it sent one itself that crossed it.
    left: [bool; 2],
    /// A message that was not allowed, but may have been seen before one of the other end that came first.
    early: Option<Early>,
}

#[derive(Clone, Copy, Debug)]
struct Early {
    at: Micros,
    by: Side,
    kind: MessageType,
    state: State,
}

impl Turns {
    /// Sees a message; `Err` with the state when it is out of turn.
    pub fn observe(&mut self, pen: &mut Pen<'_>, by: Side, kind: MessageType, holed: bool) -> Result<(), State> {
        self.left[by as usize] |= kind == CallDisconnect;
        match self.tracker.observe(by, kind) {
            Ok(state) => {
                self.own[by as usize].state = state;
                self.follow(pen, by, kind);
                Ok(())
            }
            Err(state) if holed => {
                self.tracker.state = shown_by(by, kind).unwrap_or(state);
                self.own = [self.tracker; 2];
                Ok(())
            }
            Err(_) if kind == CallDisconnectAck && self.left[by.other() as usize] => Ok(()),
            Err(_) if call::next(self.own[by as usize].state, by, kind).is_some() => Ok(()),
            Err(state) => {
                self.tell(pen);
                self.early = Some(Early { at: pen.at, by, kind, state });
                Err(state)
            }
        }
    }

    /// The next message of the other end may be what the early one answered; an Abort or Disconnect is a reaction to it.
    fn follow(&mut self, pen: &mut Pen<'_>, by: Side, kind: MessageType) {
        let Some(early) = self.early else { return };
        let crossed = early.by != by && !matches!(kind, CallAbort | CallDisconnect | CallDisconnectAck) && pen.at - early.at <= CROSSING;
        if crossed && self.tracker.observe(early.by, early.kind).is_ok() {
            self.early = None;
        } else {
            self.tell(pen);
        }
    }

    /// Tells of an early message whose time is over.
    pub fn settle(&mut self, pen: &mut Pen<'_>) {
        if self.early.is_some_and(|early| pen.at - early.at > CROSSING) {
            self.tell(pen);
        }
    }

    /// Tells of an early message.
    pub fn tell(&mut self, pen: &mut Pen<'_>) {
        let Some(early) = self.early.take() else { return };
        let allowed = call::allowed(early.state, early.by).into_iter().map(|kind| kind.name().to_string()).collect();
        let what = What::Misstep { message: early.kind.name().to_string(), state: early.state.name().to_string(), allowed };
        pen.note(Some(early.by), layer_of(early.kind), what);
    }
}

/// The state that a message leaves behind, whatever the one before it was.
fn shown_by(by: Side, kind: MessageType) -> Option<State> {
    match kind {
        CallConnectRequest => Some(State::ConnectRequestSent),
        CallConnectAck => Some(State::ConnectAckReceived),
        CallConnectNak => Some(State::ConnectRequestPending),
        CallConnected | EchoRequest | EchoResponse => Some(State::Established),
        CallAbort => Some(State::AbortPending(by)),
        CallDisconnect => Some(State::DisconnectAckPending(by)),
        CallDisconnectAck => Some(State::Over),
        Unknown(_) => None,
    }
}

/// Ours: packets of the two directions may change places in a capture by this much.
const CROSSING: Micros = Micros(2_000);
