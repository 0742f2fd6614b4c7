//! Call Connect that does not come to an Ack, or to one that cannot be used.

use crate::base::Layer::Sstp;
use crate::jobs::lab::fault::{Fault, Makes, fault};
use std::time::Duration;

pub(in crate::jobs::lab) const FAULTS: &[Fault] = &[
    fault("sstp.no-ack", Sstp, "nothing answers Call Connect Request", Makes::Edits(&["sstp.call-connect-ack#* drop"]), "SSTP-NO-ACK"),
    fault(
        "sstp.half-ack",
        Sstp,
        "Call Connect Ack stops after 8 of its 48 bytes",
        Makes::Edits(&["sstp.call-connect-ack#* instead 10 01 00 30 00 02 00 01", "lcp.*#* drop"]),
        "SSTP-NO-ACK",
    ),
    fault(
        "sstp.nak",
        Sstp,
        "the server refuses to carry PPP",
        Makes::Server(|server| (server.encapsulates, server.nak_limit) = (2, 100)),
        "SSTP-NAK",
    ),
    fault(
        "sstp.close-after-request",
        Sstp,
        "the server closes when Call Connect Request comes",
        Makes::Edits(&["sstp.call-connect-ack#1 close"]),
        "SSTP-CLOSE-AFTER-REQUEST",
    ),
    fault(
        "sstp.abort-retries",
        Sstp,
        "the server aborts with status 6, retry count exceeded",
        Makes::Edits(&["sstp.call-connect-ack#1 instead 10 01 00 14 00 05 00 01 00 02 00 0c 00 00 00 02 00 00 00 06"]),
        "SSTP-RETRY-EXCEEDED",
    ),
    fault(
        "sstp.abort-unexpected",
        Sstp,
        "the server aborts with status 5, unaccepted frame",
        Makes::Edits(&["sstp.call-connect-ack#1 instead 10 01 00 14 00 05 00 01 00 02 00 0c 00 00 00 02 00 00 00 05"]),
        "SSTP-UNEXPECTED-MESSAGE",
    ),
    fault(
        "sstp.abort-invalid",
        Sstp,
        "the server aborts with status 7, invalid frame",
        Makes::Edits(&["sstp.call-connect-ack#1 instead 10 01 00 14 00 05 00 01 00 02 00 0c 00 00 00 02 00 00 00 07"]),
        "SSTP-ABORT-STATUS7",
    ),
    fault(
        "sstp.abort-bare",
        Sstp,
        "the server aborts without a status",
        Makes::Edits(&["sstp.call-connect-ack#1 instead 10 01 00 08 00 05 00 00"]),
        "SSTP-ABORT-NO-STATUS",
    ),
    fault(
        "sstp.negotiation-timeout",
        Sstp,
        "the server's negotiation timer runs out while LCP is stuck",
        Makes::Many(&[
            Makes::Server(|server| server.timers.negotiation = server.timers.negotiation.min(Duration::from_secs(1))),
            Makes::Edits(&["lcp.*#* drop"]),
        ]),
        "SSTP-NEGOTIATION-TIMEOUT",
    ),
    fault(
        "sstp.version",
        Sstp,
        "the server speaks version 2.0",
        Makes::Edits(&["sstp.call-connect-ack#1 set version=0x20"]),
        "SSTP-VERSION",
    ),
    fault(
        "sstp.garbage",
        Sstp,
        "HTTP follows where SSTP should",
        Makes::Edits(&[r#"sstp.call-connect-ack#1 instead "HTTP/1.1 400 Bad Request\r\n\r\n""#]),
        "SSTP-VERSION",
    ),
    fault(
        "sstp.desync",
        Sstp,
        "a length of 2 where the header has 4",
        Makes::Edits(&["sstp.call-connect-ack#1 set length=2"]),
        "SSTP-DESYNC",
    ),
    fault(
        "sstp.no-hash",
        Sstp,
        "the server offers no hash for crypto binding",
        Makes::Server(|server| server.hash_mask = 0),
        "SSTP-HASH-BITMASK-UNKNOWN",
    ),
    fault(
        "sstp.no-binding-request",
        Sstp,
        "Call Connect Ack has no crypto binding request",
        Makes::Edits(&["sstp.call-connect-ack#1 drop crypto-binding-request"]),
        "SSTP-ACK-NO-BINDING",
    ),
    fault(
        "sstp.unexpected-message",
        Sstp,
        "Call Connected comes from the server",
        Makes::Edits(&["sstp.call-connect-ack#1 set message-type=4"]),
        "SSTP-UNEXPECTED-MESSAGE",
    ),
    fault(
        "sstp.unknown-type",
        Sstp,
        "the server answers with a message type that MS-SSTP does not know",
        Makes::Edits(&["sstp.call-connect-ack#1 set message-type=0x20"]),
        "SSTP-UNKNOWN-TYPE",
    ),
    fault(
        "sstp.disconnected",
        Sstp,
        "the server answers Call Connect Request with Call Disconnect",
        Makes::Edits(&["sstp.call-connect-ack#1 instead 10 01 00 14 00 06 00 01 00 02 00 0c 00 00 00 00 00 00 00 00"]),
        "SSTP-CALL-FAILED",
    ),
];
