//! Who left first, and how: a tap sees the leave-taking of both ends.

use super::look::status;
use crate::base::{Layer, Micros, Side};
use crate::transcript::{Facts, How};

pub(super) use crate::transcript::{Farewell, Leave};

impl std::fmt::Display for Leave {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let by = self.by;
        match self.how {
            Farewell::Disconnect(Some(number)) => write!(f, "Call Disconnect from the {by} with status {}", status(number)),
            Farewell::Disconnect(None) => write!(f, "Call Disconnect from the {by}"),
            Farewell::Abort => write!(f, "Call Abort from the {by}"),
            Farewell::Terminate => write!(f, "LCP Terminate-Request from the {by}"),
            Farewell::Close(How::CloseNotify) => write!(f, "the {by} closed the connection (close_notify)"),
            Farewell::Close(How::Fin) => write!(f, "the {by} closed the connection (FIN without close_notify)"),
            Farewell::Close(How::Reset) => write!(f, "the {by} reset the connection (RST)"),
            Farewell::Close(How::Ours) => write!(f, "the {by} left"),
        }
    }
}

/// The first of them.
pub(super) fn first(facts: &Facts) -> Option<Leave> {
    facts.leaves.first().copied()
}

/// The first, when it is the client's.
pub(super) fn first_by(facts: &Facts, by: Side) -> Option<Leave> {
    first(facts).filter(|leave| leave.by == by)
}

/// The tunnel stood: addresses were agreed on.
pub(super) fn tunnel_stood(facts: &Facts) -> bool {
    facts.reached(Layer::Ncp) || facts.layer(Layer::Data).is_some_and(|entry| entry.began.is_some() || entry.event.is_some())
}

/// When the last message, frame or packet of one side came that is above TLS, before `before`.
pub(super) fn last_heard(facts: &Facts, side: Side, before: Micros) -> Option<Micros> {
    let said = super::look::words(facts, side).map(|word| word.1);
    let traffic = facts.traffic.iter().filter(|seen| seen.by == Some(side)).filter_map(|seen| seen.it.last);
    said.chain(traffic).filter(|at| *at < before).max()
}
