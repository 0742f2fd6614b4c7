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
    fault("data.first-ping-lost", Data, "the answer to the first ping is lost", Makes::Edits(&["ipv4.packet#1 drop"]), "DATA-PING-LOSS"),
    // MS-SSTP 2.2.8: status 7, invalid frame.
    fault(
        "data.aborted",
        Data,
        "the server aborts in place of its first Echo Response",
        Makes::Edits(&["sstp.echo-response#1 instead 10 01 00 14 00 05 00 01 00 02 00 0c 00 00 00 02 00 00 00 07"]),
        "DATA-FAILED",
    ),
];
