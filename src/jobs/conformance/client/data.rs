//! Echoes and traffic in a call that stands. MS-SSTP 2.2.16, 3.2.5.3.7, 3.2.5.3.8, 3.2.7.

use super::looks;
use super::{derived, must};
use crate::base::Layer::{Data, Ncp};
use crate::jobs::conformance::case::Row;
use crate::jobs::conformance::expect::Expect;

const LIVES: Expect = Expect::All(&[
    Expect::Count("sstp.echo-response", 1),
    Expect::Never("sstp.call-abort"),
    Expect::Never("sstp.call-disconnect"),
    Expect::Never("closed"),
]);

pub(super) const ROWS: &[Row] = &[
    must("data/3.2.5.3.7/echo-is-answered", "3.2.5.3.7", &["C-111"])
        .at(Ncp)
        .edits(&["sstp.call-disconnect#1 instead 10 01 00 08 00 08 00 00"])
        .says("an Echo Request in a connected call is answered within 2 s")
        .expects(Expect::Within("sstp.echo-response", 0, 2000))
        .why("A server that hears no echo gives the call up.")
        .proved("client.no-echo"),
    must("data/2.2.17/echo-response-layout-sent", "2.2.17", &["C-111"])
        .at(Ncp)
        .edits(&["sstp.call-disconnect#1 instead 10 01 00 08 00 08 00 00"])
        .says("an Echo Response is 8 bytes without attributes")
        .expects(Expect::Is("10 01 00 08 00 09 00 00", |view| {
            let raw = &looks::first(view, "sstp.echo-response")?.raw;
            looks::must(raw.0 == [0x10, 1, 0, 8, 0, 9, 0, 0], || crate::base::hex(raw))
        }))
        .why("A server may compare it byte by byte.")
        .proved("client.echo-layout"),
    derived("data/3.2.5.3.7/twenty-echoes", "3.2.5.3.7", &["C-112"])
        .at(Ncp)
        .within(3)
        .edits(&["sstp.call-disconnect#1 instead 10 01 00 08 00 08 00 00", "sstp.call-disconnect#1 repeat 20"])
        .says("twenty Echo Requests draw twenty Responses")
        .expects(Expect::Count("sstp.echo-response", 20))
        .why("One Response to each Request.")
        .proved("client.two-echoes"),
    must("data/3.2.5.3.8/unasked-response-to-client", "3.2.5.3.8", &["C-113"])
        .at(Ncp)
        .within(3)
        .edits(&["sstp.call-disconnect#1 instead 10 01 00 08 00 09 00 00 10 01 00 08 00 08 00 00"])
        .says("an Echo Response that nobody asked for does no harm")
        .expects(LIVES)
        .why("It may have been on its way.")
        .proved("client.minds-echoes"),
    derived("data/3.2.7.2/short-ip-to-client", "3.2.7.2", &["C-171"])
        .at(Ncp)
        .within(3)
        .edits(&["sstp.call-disconnect#1 instead 10 00 00 0a ff 03 00 21 45 00 10 01 00 08 00 08 00 00"])
        .says("a broken IP packet does not end the call")
        .expects(LIVES)
        .why("What is inside is not SSTP's business.")
        .proved("client.no-echo"),
    derived("data/3.2.7.2/empty-data-in-a-call", "3.2.7.2", &["C-057"])
        .at(Ncp)
        .within(3)
        .edits(&["sstp.call-disconnect#1 instead 10 00 00 04 10 01 00 08 00 08 00 00"])
        .says("an empty data packet does not end a call that stands")
        .expects(LIVES)
        .why("PPP discards what it cannot read.")
        .proved("client.aborts-on-ppp"),
    derived("data/2.2.1/data-between-echoes", "2.2.1", &["C-171", "C-112"])
        .at(Ncp)
        .within(3)
        .edits(&["sstp.call-disconnect#1 instead 10 01 00 08 00 08 00 00 10 00 00 0a ff 03 00 21 45 00 10 01 00 08 00 08 00 00"])
        .says("data between two Echo Requests takes nothing from either")
        .expects(Expect::Count("sstp.echo-response", 2))
        .why("Data and control share one stream.")
        .proved("client.two-echoes"),
    derived("data/3.2.7.1/stays-in-the-call", "3.2.7.1", &["C-169"])
        .at(Data)
        .within(10)
        .edits(super::WATCHED)
        .says("nothing ends a call that nobody ends")
        .expects(Expect::All(&[Expect::Never("sstp.call-abort"), Expect::Never("sstp.call-disconnect"), Expect::Never("closed")]))
        .why("The tunnel is for use.")
        .proved("client.leaves-soon"),
];
