//! Who left first, and how: a tap sees the leave-taking of both ends.

use super::look::status;
use crate::base::{Layer, Micros, Side};
use crate::transcript::How;
use crate::transcript::facts::Facts;
use crate::wire::sstp::MessageType;

/// How one end takes its leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Farewell {
    /// Call Disconnect, with its status where it has one.
    Disconnect(Option<u32>),
    /// Call Abort.
    Abort,
    /// LCP Terminate-Request.
    Terminate,
    /// The end of the connection.
    Close(How),
}

/// One end takes its leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Leave {
    /// Which end.
    pub by: Side,
    /// How.
    pub how: Farewell,
    /// The event that says so.
    pub event: usize,
    /// When.
    pub at: Micros,
}

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

/// Every leave-taking in its order.
pub(super) fn leaves(facts: &Facts) -> Vec<Leave> {
    let mut all = Vec::new();
    for by in [Side::Client, Side::Server] {
        let disconnects = facts.messages(by, MessageType::CallDisconnect);
        all.extend(disconnects.map(|seen| {
            let how = Farewell::Disconnect(seen.it.status_info().map(|info| info.1));
            Leave { by, how, event: seen.event, at: seen.at }
        }));
        let aborts = facts.messages(by, MessageType::CallAbort);
        all.extend(aborts.map(|seen| Leave { by, how: Farewell::Abort, event: seen.event, at: seen.at }));
        let terminates = facts.frames(by, "lcp.terminate-request");
        all.extend(terminates.map(|seen| Leave { by, how: Farewell::Terminate, event: seen.event, at: seen.at }));
    }
    let closes = facts.closes.iter().filter_map(|seen| Some((seen.by?, seen)));
    all.extend(closes.map(|(by, seen)| Leave { by, how: Farewell::Close(seen.it), event: seen.event, at: seen.at }));
    all.sort_by_key(|leave| leave.event);
    all
}

/// The first of them.
pub(super) fn first(facts: &Facts) -> Option<Leave> {
    leaves(facts).into_iter().next()
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
