//! Leave-taking: every way in which one end says or shows that it goes.

use super::{How, What};
use crate::base::{Micros, Side};
use crate::wire::control;
use crate::wire::ppp::Body;
use crate::wire::sstp::MessageType;

/// How one end takes its leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Farewell {
    /// Call Disconnect, with its status where it has one. MS-SSTP 2.2.14.
    Disconnect(Option<u32>),
    /// Call Abort. MS-SSTP 2.2.13.
    Abort,
    /// LCP Terminate-Request. RFC 1661 5.5.
    Terminate,
    /// The end of the connection.
    Close(How),
}

/// One end takes its leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Leave {
    /// Which end.
    pub by: Side,
    /// How.
    pub how: Farewell,
    /// The event that says so.
    pub event: usize,
    /// When.
    pub at: Micros,
}

impl Leave {
    /// The leave-taking that an event is.
    pub(super) fn of(event: usize, at: Micros, by: Option<Side>, what: &What) -> Option<Leave> {
        let how = match what {
            What::Sstp(message) if message.kind == MessageType::CallDisconnect => {
                Farewell::Disconnect(message.status_info().map(|info| info.1))
            }
            What::Sstp(message) if message.kind == MessageType::CallAbort => Farewell::Abort,
            What::Ppp(frame) => match &frame.body {
                Body::Lcp(packet) if packet.code == control::TERMINATE_REQUEST => Farewell::Terminate,
                _ => return None,
            },
            What::Closed(how) => Farewell::Close(*how),
            _ => return None,
        };
        Some(Leave { by: by?, how, event, at })
    }
}
