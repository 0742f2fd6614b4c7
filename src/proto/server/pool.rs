//! A server that has no address to give, and takes its time to find out: requests for one wait in a row, and each is rejected when its
//! turn has come.

use super::Server;
use crate::base::{Layer, Micros};
use crate::proto::session::Core;
use crate::wire::control::{self, Opt, Packet};
use crate::wire::ncp::IP_ADDRESS;
use crate::wire::ppp::{Body, Frame, IPCP};
use std::collections::VecDeque;
use std::time::Duration;

/// IPCP Configure-Requests that are not rejected yet.
#[derive(Debug, Default)]
pub(super) struct Row {
    waiting: VecDeque<Packet>,
    /// When the first of them is.
    pub due: Option<Micros>,
}

impl Server {
    /// So long does it take to reject a request for an address, where it has none and says so.
    fn refuses_after(&self) -> Option<Duration> {
        self.style().and_then(|style| style.refuses_addresses)
    }

    /// Says whether the packet is one that is rejected later.
    pub(super) fn joins_the_row(&mut self, now: Micros, packet: &Packet) -> bool {
        let Some(after) = self.refuses_after() else { return false };
        if packet.code == control::CONFIGURE_REQUEST && self.row.waiting.len() < LONGEST_ROW {
            self.row.waiting.push_back(packet.clone());
            self.row.due.get_or_insert(now + after);
        }
        true
    }

    pub(super) fn row_tick(&mut self, core: &mut Core) {
        let Some(after) = self.refuses_after().filter(|_| self.row.due.is_some_and(|due| due <= core.now)) else { return };
        if let Some(request) = self.row.waiting.pop_front() {
            core.send_frame(Frame { protocol: IPCP, body: Body::Ipcp(rejected(&request)) });
        }
        self.row.due = (!self.row.waiting.is_empty()).then(|| core.now + after);
    }
}

/// Everything that was asked for, and the address where it was not. RFC 1661 5.4, RFC 1332 3.3.
fn rejected(request: &Packet) -> Packet {
    let mut options = request.options(Layer::Ncp).unwrap_or_default();
    if !options.iter().any(|option| option.kind == IP_ADDRESS) {
        options.push(Opt::new(IP_ADDRESS, [0; 4]));
    }
    Packet::with_options(control::CONFIGURE_REJECT, request.id, &options)
}

/// Ours: requests that wait; more are passed over.
const LONGEST_ROW: usize = 64;
