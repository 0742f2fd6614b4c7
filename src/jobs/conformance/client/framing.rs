//! How the stream is cut, and what does not matter in it. MS-SSTP 2.2.1, 2.2.2, 3.1.5.1, 3.1.7.2.

use super::{ABORT_7, ENDED, GOES_ON, LINKED, LOST, derived, interop, must, should};
use crate::base::Layer::{Binding, Lcp, Ncp};
use crate::base::{Side, SpecRef, hex};
use crate::jobs::conformance::case::{Base, Case, Level, Row};
use crate::jobs::conformance::expect::Expect;
use std::time::Duration;

pub(super) const ROWS: &[Row] = &[
    must("sstp/2.2.1/reserved-received", "2.2.1", &["C-047"])
        .at(Lcp)
        .edits(&["sstp.call-connect-ack#1 splice 1..2 ff"])
        .says("reserved bits in the header of an Ack do not matter")
        .expects(GOES_ON)
        .why("A later version may use them.")
        .proved("client.minds-reserved"),
    must("sstp/2.2.1/r-received", "2.2.1", &["C-048"])
        .at(Lcp)
        .edits(&["sstp.call-connect-ack#1 splice 2..3 f0"])
        .says("the R bits above the length of an Ack do not matter")
        .expects(GOES_ON)
        .why("The length has twelve bits.")
        .proved("client.minds-reserved"),
    must("sstp/2.2.4/attribute-reserved-received", "2.2.4", &["C-049"])
        .at(Lcp)
        .edits(&["sstp.call-connect-ack#1 splice 8..9 ff"])
        .says("the reserved byte of an attribute does not matter")
        .expects(GOES_ON)
        .why("A later version may use it.")
        .proved("client.minds-reserved"),
    must("sstp/2.2.4/attribute-r-received", "2.2.4", &["C-050"])
        .at(Lcp)
        .edits(&["sstp.call-connect-ack#1 splice 10..11 f0"])
        .says("the R bits above the length of an attribute do not matter")
        .expects(GOES_ON)
        .why("The length has twelve bits.")
        .proved("client.minds-reserved"),
    must("sstp/2.2.6/reserved1-received", "2.2.6", &["C-051"])
        .at(Lcp)
        .edits(&["sstp.call-connect-ack#1 splice 12..15 ff ff ff"])
        .says("Reserved1 of a Crypto Binding Request does not matter")
        .expects(GOES_ON)
        .why("A later version may use it.")
        .proved("client.minds-reserved"),
    must("sstp/2.2/everything-reserved-received", "2.2.1", &["C-047", "C-048", "C-049", "C-050", "C-051"])
        .at(Lcp)
        .edits(&["sstp.call-connect-ack#1 splice 1..16 ff f0 30 00 02 00 01 ff 04 f0 28 ff ff ff 03"])
        .says("all reserved bits of an Ack together do not matter")
        .expects(GOES_ON)
        .why("Each is ignored for itself.")
        .proved("client.minds-reserved"),
    must("sstp/3.1.5.1/length-2", "3.1.5.1", &["C-052"])
        .at(Lcp)
        .edits(&["sstp.call-connect-ack#1 instead 10 01 00 02", "lcp.*#* drop"])
        .says("a length below 4 ends the connection without a message")
        .expects(super::DROPPED)
        .or(ENDED)
        .why("The stream cannot be cut any more.")
        .proved("client.keeps-open"),
    must("sstp/3.1.5.1/another-version", "3.1.5.1", &["C-053"])
        .at(Lcp)
        .edits(&["sstp.call-connect-ack#1 splice 0..1 20"])
        .says("version 2.0 ends the connection, or draws Abort 7")
        .expects(LOST)
        .or(ENDED)
        .why("Nobody knows where the packet ends.")
        .proved("client.keeps-open"),
    must("sstp/3.1.5.1/http-again", "3.1.5.1", &["C-053"])
        .at(Lcp)
        .edits(&[r#"sstp.call-connect-ack#1 instead "HTTP/1.1 400 Bad Request\r\n\r\n""#, "lcp.*#* drop"])
        .says("HTTP where SSTP is due ends the connection, or draws Abort 7")
        .expects(LOST)
        .or(ENDED)
        .why("A front end answers late.")
        .proved("client.keeps-open"),
    must("sstp/2.2.2/six-bytes", "2.2.2", &["C-054"])
        .at(Lcp)
        .edits(&["sstp.call-connect-ack#1 instead 10 01 00 06 00 02"])
        .says("a control packet of 6 bytes is malformed: Abort 7, or closed")
        .expects(LOST)
        .or(ENDED)
        .why("It has no room for its own header.")
        .proved("client.takes-malformed"),
    must("sstp/2.2.2/four-bytes", "2.2.2", &["C-054"])
        .at(Lcp)
        .edits(&["sstp.call-connect-ack#1 instead 10 01 00 04"])
        .says("a control packet of 4 bytes is malformed: Abort 7, or closed")
        .expects(LOST)
        .or(ENDED)
        .why("It has no room for a message type.")
        .proved("client.takes-malformed"),
    must("sstp/2.2.2/c-bit-on-data", "2.2.2", &["C-055"])
        .at(Lcp)
        .edits(&["lcp.configure-request#1 set c=1"])
        .says("data with the C bit is a message of an unknown type: Abort 7")
        .expects(ABORT_7)
        .or(ENDED)
        .why("FF 03 is no message type.")
        .proved("client.ignores"),
    derived("lcp/3.2.7.2/empty-data", "3.2.7.2", &["C-057"])
        .at(Lcp)
        .edits(&["lcp.configure-request#1 before 10 00 00 04"])
        .says("a data packet without a byte is dropped")
        .expects(LINKED)
        .why("PPP discards what it cannot read.")
        .proved("client.aborts-on-ppp"),
    derived("lcp/3.2.7.2/one-byte", "3.2.7.2", &["C-057"])
        .at(Lcp)
        .edits(&["lcp.configure-request#1 before 10 00 00 05 c0"])
        .says("half a protocol number is dropped")
        .expects(LINKED)
        .why("PPP discards what it cannot read.")
        .proved("client.aborts-on-ppp"),
    derived("lcp/3.2.7.2/lcp-without-length", "3.2.7.2", &["C-057"])
        .at(Lcp)
        .edits(&["lcp.configure-request#1 before 10 00 00 0a ff 03 c0 21 01 01"])
        .says("an LCP packet that ends before its length is dropped")
        .expects(LINKED)
        .why("PPP discards what it cannot read.")
        .proved("client.aborts-on-ppp"),
    interop("lcp/6.6/without-ff-03-to-client", "2.2.3", &["C-059"])
        .at(Lcp)
        .edits(&[r#"lcp.configure-request#1 splice 4..6 """#, "lcp.configure-request#1 set length=25"])
        .says("LCP without FF 03 is understood")
        .expects(Expect::Within("lcp.configure-ack", 0, 2000))
        .why("MS-SSTP does not ask for the two bytes.")
        .proved("client.no-lcp-replies"),
    derived("sstp/3.1.7.2/every-byte-alone", "3.1.7.2", &["C-013"])
        .at(Binding)
        .edits(&["*#* shred"])
        .says("a whole call byte by byte is a call")
        .expects(super::BOUND)
        .why("TLS keeps no borders.")
        .proved("client.one-read"),
    derived("sstp/3.1.7.2/ack-and-lcp-in-one", "3.1.7.2", &["C-013"])
        .at(Lcp)
        .edits(&["sstp.call-connect-ack#1 splice 9999..9999 10 00 00 10 ff 03 c0 21 01 55 00 08 01 04 05 78"])
        .says("LCP in one record with the Ack is read")
        .expects(Expect::Is("an answer to identifier 0x55", |view| {
            let answers = |event: &crate::transcript::Event| {
                super::looks::packet(event).is_some_and(|packet| packet.id == 0x55 && (2..=4).contains(&packet.code))
            };
            super::looks::must(view.after().any(answers), || "no answer to the second packet of the record".into())
        }))
        .why("TLS keeps no borders.")
        .proved("client.one-packet"),
    derived("data/3.1.7.2/three-echoes-in-one", "3.1.7.2", &["C-013", "C-112"])
        .at(Ncp)
        .within(3)
        .edits(&["sstp.call-disconnect#1 instead 10 01 00 08 00 08 00 00 10 01 00 08 00 08 00 00 10 01 00 08 00 08 00 00"])
        .says("three messages in one record are three messages")
        .expects(Expect::Count("sstp.echo-response", 3))
        .why("TLS keeps no borders.")
        .proved("client.one-packet"),
    should("sstp/2.2.1/announced-and-not-sent", "3.2.2.1", &["C-104"])
        .at(Lcp)
        .within(75)
        .edits(&["sstp.call-connect-ack#1 splice 16..48 \"\"", "lcp.*#* drop"])
        .says("an Ack of which the second half never comes is given up")
        .expects(ENDED)
        .why("The negotiation timer runs.")
        .proved("client.no-timers"),
];

/// Packets of the greatest length, which no row could hold.
pub(super) fn cases() -> Vec<Case> {
    let echo = hex(&[0x10, 1, 0, 8, 0, 8, 0, 0]);
    let mut whole = vec![0x10, 0, 0x0f, 0xff, 0xff, 0x03, 0, 0x21];
    whole.resize(4095, 0);
    let short = hex(&[0x10, 0, 0, 0x0a, 0xff, 0x03, 0, 0x21, 0x45, 0]);
    let flood = short.repeat(100);
    let rows = [
        ("data/2.2.1/4095-bytes", "a data packet of 4095 bytes is cut at its end", hex(&whole), "C-058"),
        ("data/2.2.1/echo-in-a-flood", "an Echo Request in the middle of two hundred data packets is answered", flood.clone(), "C-171"),
    ];
    let case = |(id, title, before, covers): (&'static str, &'static str, String, &'static str)| Case {
        id: id.into(),
        title: title.into(),
        why: "Data and control share one stream.".into(),
        spec: SpecRef::sstp("2.2.1"),
        level: Level::Derived,
        covers: vec![covers],
        edits: vec![format!("sstp.call-disconnect#1 instead {before}{echo}{}", if covers == "C-171" { flood.as_str() } else { "" }).into()],
        proved_by: "client.no-echo",
        base: Base { expect: Expect::Sends("sstp.echo-response"), within: Duration::from_secs(5), ..Base::new(Side::Client, Ncp) },
    };
    rows.map(case).to_vec()
}
