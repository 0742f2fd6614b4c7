//! Calls that end otherwise than they should.

use crate::base::Layer::Teardown;
use crate::jobs::lab::fault::{Fault, Makes, fault};

pub(in crate::jobs::lab) const FAULTS: &[Fault] = &[
    fault("teardown.echo-lost", Teardown, "SSTP echoes are not answered", Makes::Edits(&["sstp.echo-response#* drop"]), "TEAR-ECHO-LOST"),
    fault(
        "teardown.dead-tunnel",
        Teardown,
        "neither echoes nor packets come back",
        Makes::Edits(&["sstp.echo-response#* drop", "ipv4.packet#* drop"]),
        "DATA-DEAD",
    ),
    // Status Info with attribute 0 and status 0, as accel-ppp sends it.
    fault(
        "teardown.by-server",
        Teardown,
        "the server disconnects in place of its first Echo Response",
        Makes::Edits(&["sstp.echo-response#1 instead 10 01 00 14 00 06 00 01 00 02 00 0c 00 00 00 00 00 00 00 00"]),
        "TEAR-REMOTE",
    ),
    fault(
        "teardown.closed-by-server",
        Teardown,
        "the server closes in place of its first Echo Response",
        Makes::Edits(&["sstp.echo-response#1 close"]),
        "TEAR-REMOTE",
    ),
    fault(
        "teardown.no-ack",
        Teardown,
        "Call Disconnect is not acknowledged",
        Makes::Edits(&["sstp.call-disconnect-ack#* drop"]),
        "TEAR-NO-ACK",
    ),
    fault(
        "teardown.aborted",
        Teardown,
        "Call Disconnect is answered by Call Abort",
        Makes::Edits(&["sstp.call-disconnect-ack#1 instead 10 01 00 08 00 05 00 00"]),
        "TEAR-FAILED",
    ),
];
