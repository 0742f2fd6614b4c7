//! Call setup: Call Connect Request, Ack and Nak. MS-SSTP 3.2.4.1, 3.2.5.3.2, 3.2.5.3.3.

use super::{ENDED, GOES_ON, must};
use crate::base::Layer::{Lcp, Sstp};
use crate::jobs::conformance::case::Row;
use crate::jobs::conformance::expect::Expect;

pub(super) const ROWS: &[Row] = &[
    must("sstp/3.2.5.3.2/ack", "3.2.5.3.2", &["C-064"])
        .at(Lcp)
        .says("a valid Ack starts PPP")
        .expects(GOES_ON)
        .why("Every call needs it.")
        .proved("client.no-lcp"),
    must("sstp/3.2.5.3.2/empty-bitmask", "3.2.5.3.2", &["C-067"])
        .edits(&["sstp.call-connect-ack#1 set crypto-binding-request.hash-protocol-bitmask=0"])
        .says("an Ack that offers no hash is answered by Abort")
        .expects(Expect::Sends("sstp.call-abort"))
        .or(ENDED)
        .why("Without a hash there is no crypto binding.")
        .proved("client.takes-any-ack"),
    must("sstp/3.2.5.3.2/second-ack", "3.2.5.3.2", &["C-077"])
        .at(Lcp)
        .edits(&["sstp.call-connect-ack#1 repeat 2"])
        .says("a second Ack is answered by Abort, status 5")
        .expects(Expect::Status("sstp.call-abort", None, &[5]))
        .or(ENDED)
        .why("Two nonces cannot both be right.")
        .proved("client.takes-missteps"),
    must("teardown/3.2.5.3.5/disconnect-is-acknowledged", "3.2.5.3.5", &["C-173"])
        .at(Sstp)
        .edits(&["sstp.call-disconnect#1 split 3"])
        .says("Call Disconnect behind Call Connect Ack is acknowledged")
        .expects(Expect::Sends("sstp.call-disconnect-ack"))
        .why("The server waits for it.")
        .proved("client.no-disconnect-ack"),
];
