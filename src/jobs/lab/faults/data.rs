//! Tunnels that carry nothing.

use crate::base::Layer::Data;
use crate::jobs::lab::fault::{Fault, Makes, fault};

pub(in crate::jobs::lab) const FAULTS: &[Fault] = &[
    fault(
        "data.no-ping",
        Data,
        "pings to the server's inner address are not answered",
        Makes::Server(|server| server.answers_ping = false),
        "DATA-PING-UNANSWERED",
    ),
    fault("data.packets-lost", Data, "no IPv4 packet comes through", Makes::Edits(&["ipv4.packet#* drop"]), "DATA-PING-UNANSWERED"),
];
