//! What a server makes of packets: headers, lengths, attributes. MS-SSTP 2.2.1 to 2.2.4, 3.1.5.1.

use super::{ABORT_7, ACKED, BOUND, GOES_ON, MALFORMED, REFUSED, derived, must, rfc};
use crate::base::Layer::{Binding, Lcp, Ncp, Sstp};
use crate::jobs::conformance::case::{Level, Row};
use crate::jobs::conformance::expect::Expect;

/// The stream cannot be delineated any more: closed, and no message.
const DROPPED: Expect = Expect::All(&[Expect::Sends("closed"), Expect::Never("sstp.*")]);
const ENDED_ALONE: Expect = Expect::Any(&[Expect::Sends("closed"), Expect::Sends("sstp.call-abort")]);

pub(super) const ROWS: &[Row] = &[
    must("sstp/2.2.1/reserved-bits", "2.2.1", &["S-064"])
        .edits(&["sstp.call-connect-request#1 set reserved=0x7f"])
        .says("the reserved bits of the header are ignored")
        .expects(ACKED)
        .why("A later version may use them.")
        .proved("sstp.mutant-minds-reserved"),
    must("sstp/2.2.1/r-nibble", "2.2.1", &["S-065"])
        .edits(&["sstp.call-connect-request#1 set r=15"])
        .says("the R bits of the length are ignored")
        .expects(ACKED)
        .why("A receiver that reads sixteen bits sees a length of 61454.")
        .proved("sstp.mutant-minds-reserved"),
    must("sstp/2.2.4/attribute-reserved", "2.2.4", &["S-066"])
        .edits(&["sstp.call-connect-request#1 set encapsulated-protocol.reserved=0xff"])
        .says("the reserved byte of an attribute is ignored")
        .expects(ACKED)
        .why("A later version may use it.")
        .proved("sstp.mutant-minds-reserved"),
    must("sstp/2.2.4/attribute-r-nibble", "2.2.4", &["S-067"])
        .edits(&["sstp.call-connect-request#1 set encapsulated-protocol.r=15"])
        .says("the R bits of an attribute's length are ignored")
        .expects(ACKED)
        .why("A receiver that reads sixteen bits sees a length past the packet.")
        .proved("sstp.mutant-minds-reserved"),
    must("binding/2.2.7/reserved1", "2.2.7", &["S-068"])
        .at(Binding)
        .edits(&["sstp.call-connected-unsealed#1 set crypto-binding.reserved1=0xffffff"])
        .says("Reserved1 of Crypto Binding is ignored, and the MAC is over the bytes as sent")
        .expects(BOUND)
        .why("A server that rebuilds the message computes another MAC.")
        .proved("binding.silent"),
    must("sstp/3.1.5.1/length-0", "3.1.5.1", &["S-069"])
        .edits(&["sstp.call-connect-request#1 instead 10 01 00 00"])
        .says("a length of 0: the connection is dropped without a message")
        .expects(DROPPED)
        .or(ENDED_ALONE)
        .why("The stream cannot be cut into packets any more.")
        .proved("teardown.mutant-keeps-open"),
    must("sstp/3.1.5.1/length-3", "3.1.5.1", &["S-069"])
        .edits(&["sstp.call-connect-request#1 instead 10 01 00 03"])
        .says("a length of 3: the connection is dropped without a message")
        .expects(DROPPED)
        .or(ENDED_ALONE)
        .why("The stream cannot be cut into packets any more.")
        .proved("teardown.mutant-keeps-open"),
    must("sstp/3.1.5.1/length-0-of-data", "3.1.5.1", &["S-069"])
        .edits(&["sstp.call-disconnect#1 instead 10 00 00 00"])
        .says("a data packet with a length of 0: the connection is dropped")
        .expects(DROPPED)
        .or(ENDED_ALONE)
        .why("The stream cannot be cut into packets any more.")
        .proved("teardown.mutant-keeps-open"),
    must("sstp/2.2.1/version-2-0", "2.2.1", &["S-070"])
        .edits(&["sstp.call-connect-request#1 set version=0x20"])
        .says("version 2.0 ends the call, silently or by Abort 7")
        .expects(Expect::Any(&[Expect::Sends("closed"), ABORT_7]))
        .why("A server that reads on waits for ever.")
        .proved("teardown.mutant-keeps-open"),
    must("sstp/2.2.1/version-1-1", "2.2.1", &["S-070"])
        .edits(&["sstp.call-connect-request#1 set version=0x11"])
        .says("version 1.1 ends the call, silently or by Abort 7")
        .expects(Expect::Any(&[Expect::Sends("closed"), ABORT_7]))
        .why("A server that reads on waits for ever.")
        .proved("teardown.mutant-keeps-open"),
    must("sstp/2.2.1/version-of-data", "2.2.1", &["S-070"])
        .at(Sstp)
        .edits(&["sstp.call-disconnect#1 instead 00 00 00 08 ff 03 c0 21"])
        .says("a data packet of version 0 ends the call")
        .expects(Expect::Any(&[Expect::Sends("closed"), ABORT_7]))
        .why("The version is checked for every packet.")
        .proved("teardown.mutant-keeps-open"),
    must("sstp/2.2.2/control-of-6", "2.2.2", &["S-071"])
        .edits(&["sstp.call-connect-request#1 instead 10 01 00 06 00 01"])
        .says("a control packet of 6 bytes ends the call")
        .expects(MALFORMED)
        .why("It has no room for its own header.")
        .proved("sstp.mutant-ignores"),
    must("sstp/2.2.2/control-of-4", "2.2.2", &["S-071"])
        .edits(&["sstp.call-connect-request#1 instead 10 01 00 04"])
        .says("a control packet of 4 bytes ends the call")
        .expects(MALFORMED)
        .why("It has no room for its own header.")
        .proved("sstp.mutant-ignores"),
    must("sstp/2.2.2/control-of-4-later", "2.2.2", &["S-071"])
        .at(Sstp)
        .edits(&["sstp.call-disconnect#1 instead 10 01 00 04"])
        .says("a control packet of 4 bytes ends the call after the Ack too")
        .expects(Expect::Any(&[ABORT_7, Expect::Sends("closed")]))
        .why("It has no room for its own header.")
        .proved("sstp.mutant-ignores"),
    derived("sstp/3.1.7.2/pieces", "3.1.7.2", &["S-009", "S-079"])
        .edits(&["sstp.call-connect-request#1 before 10 01 00 0e 00", "sstp.call-connect-request#1 splice 0..5 \"\""])
        .says("a packet that comes in two writes is one packet")
        .expects(ACKED)
        .why("TLS keeps no borders.")
        .proved("sstp.mutant-one-read"),
    derived("sstp/3.1.7.2/rest-later", "3.1.7.2", &["S-079"])
        .edits(&["http.request#1 splice 9999..9999 10 01 00 0e 00 01 00 01 00 01", "sstp.call-connect-request#1 splice 0..10 \"\"", "sstp.call-connect-request#1 hold 3s"])
        .says("part of a packet waits for the rest")
        .expects(Expect::Within("sstp.call-connect-ack", 2500, 8000))
        .why("A slow line delivers in pieces.")
        .proved("http.mutant-behind-head"),
    derived("sstp/3.1.7.2/two-in-one", "3.1.7.2", &["S-010"])
        .at(Sstp)
        .edits(&["sstp.call-disconnect#1 instead 10 00 00 10 ff 03 c0 21 01 51 00 08 01 04 05 78 10 00 00 10 ff 03 c0 21 01 52 00 08 01 04 05 78"])
        .says("two packets in one write are two packets")
        .expects(Expect::Count("lcp.configure-ack", 2))
        .why("TLS keeps no borders.")
        .proved("lcp.mutant-no-ack"),
    derived("sstp/3.3.7.2/empty-data", "3.3.7.2", &["S-081"])
        .at(Lcp)
        .edits(&["lcp.configure-request#1 before 10 00 00 04"])
        .says("an empty data packet is dropped without harm")
        .expects(GOES_ON)
        .why("Nothing in it can be wrong.")
        .proved("lcp.mutant-no-ack"),
    derived("sstp/3.3.7.2/one-byte-of-data", "3.3.7.2", &["S-082"])
        .at(Lcp)
        .edits(&["lcp.configure-request#1 before 10 00 00 05 ff"])
        .says("a data packet of one byte is dropped without harm")
        .expects(GOES_ON)
        .why("PPP discards what it cannot read.")
        .proved("lcp.mutant-no-ack"),
    derived("sstp/3.3.7.2/two-bytes-of-data", "3.3.7.2", &["S-082"])
        .at(Lcp)
        .edits(&["lcp.configure-request#1 before 10 00 00 06 ff 03"])
        .says("a data packet of FF 03 alone is dropped without harm")
        .expects(GOES_ON)
        .why("PPP discards what it cannot read.")
        .proved("lcp.mutant-no-ack"),
    rfc(Level::Interop, "lcp/6.6/without-ff-03", 1661, "6.6", &["S-083"])
        .at(Sstp)
        .edits(&["sstp.call-disconnect#1 instead 10 00 00 0e c0 21 01 51 00 08 01 04 05 78"])
        .says("a frame without FF 03 is read too")
        .expects(Expect::Sends("lcp.configure-ack"))
        .why("A client may compress before it asks.")
        .proved("lcp.mutant-no-ack"),
    derived("data/2.2.1/beside-an-echo", "2.2.1", &["S-079"])
        .at(Ncp)
        .edits(&["sstp.call-disconnect#1 instead 10 00 00 06 00 21 10 00 00 10 ff 03 c0 21 09 21 00 08 00 00 00 00"])
        .says("a data packet and an LCP Echo-Request in one write: the echo is answered")
        .expects(Expect::Sends("lcp.echo-reply"))
        .why("The stream must stay in step.")
        .proved("lcp.mutant-no-echo"),
    must("sstp/2.2.2/num-attributes-2", "2.2.2", &["S-075"])
        .edits(&["sstp.call-connect-request#1 set num-attributes=2"])
        .says("more attributes announced than there are")
        .expects(MALFORMED)
        .or(REFUSED)
        .why("What is not there cannot be judged.")
        .proved("sstp.mutant-ignores"),
    must("sstp/2.2.2/surplus-bytes", "2.2.2", &["S-076"])
        .edits(&["sstp.call-connect-request#1 instead 10 01 00 12 00 01 00 01 00 01 00 06 00 01 00 00 00 00"])
        .says("bytes after the last attribute")
        .expects(MALFORMED)
        .or(REFUSED)
        .why("What is not counted cannot be judged.")
        .proved("sstp.mutant-ignores"),
    must("sstp/2.2.4/attribute-length-0", "2.2.4", &["S-077"])
        .edits(&["sstp.call-connect-request#1 set encapsulated-protocol.length=0"])
        .says("an attribute of length 0 does not loop the server")
        .expects(MALFORMED)
        .or(REFUSED)
        .why("A loop takes the listener with it.")
        .proved("sstp.mutant-ignores"),
    must("sstp/2.2.4/attribute-past-the-end", "2.2.4", &["S-078"])
        .edits(&["sstp.call-connect-request#1 set encapsulated-protocol.length=255"])
        .says("an attribute that runs past the packet")
        .expects(MALFORMED)
        .or(REFUSED)
        .why("Reading on is reading foreign memory.")
        .proved("sstp.mutant-ignores"),
];
