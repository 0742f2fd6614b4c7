//! Connections that are not made, or lead to nothing.

use crate::base::Layer::Tcp;
use crate::jobs::lab::fault::{Fault, Makes, fault};
use crate::live::listen::Front;
use crate::proto::plan::Toxic;

pub(in crate::jobs::lab) const FAULTS: &[Fault] = &[
    fault("tcp.refused", Tcp, "nobody listens on the port", Makes::Front(Front::NoListener), "TCP-REFUSED"),
    fault("tcp.filtered", Tcp, "SYNs are dropped", Makes::Front(Front::FullBacklog), "TCP-FILTERED"),
    fault(
        "tcp.accept-then-close",
        Tcp,
        "the connection is accepted and closed at once",
        Makes::Front(Front::CloseOnAccept),
        "TCP-ACCEPT-NO-DATA",
    ),
    fault(
        "tcp.accept-then-silence",
        Tcp,
        "the connection is accepted and nothing follows",
        Makes::Front(Front::Silent),
        "TCP-ACCEPT-NO-DATA",
    ),
    fault(
        "tcp.accept-then-reset",
        Tcp,
        "the connection is accepted and reset at once",
        Makes::Front(Front::ResetOnAccept),
        "TLS-RESET-IN-HANDSHAKE",
    ),
    fault(
        "tcp.large-segments-lost",
        Tcp,
        "the server's TLS flight stops in the middle, as where large packets vanish",
        Makes::Toxics(&[Toxic::StallAfter(600)]),
        "TCP-PMTU-BLACKHOLE",
    ),
];
