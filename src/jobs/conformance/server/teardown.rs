//! How calls end. MS-SSTP 3.1.1.1, 3.1.1.2, 3.3.5.2.4 to 3.3.5.2.6.

use super::{ENDED, derived, must, should};
use crate::base::Layer::{Lcp, Ncp};
use crate::jobs::conformance::case::Row;
use crate::jobs::conformance::expect::{Expect, View, described};
use crate::transcript::What;
use crate::wire::sstp::{Attribute, MessageType};

const ACK: Expect = Expect::Sends("sstp.call-disconnect-ack");
/// Makes a server disconnect: LCP Terminate-Request.
pub(super) const TERMINATE: &str = "sstp.call-disconnect#1 instead 10 00 00 0c ff 03 c0 21 05 09 00 04";
pub(super) const DISCONNECTS: (Expect, &str) =
    (Expect::Sends("sstp.call-disconnect"), "the server does not disconnect after an LCP Terminate-Request");

pub(super) const ROWS: &[Row] = &[
    must("teardown/2.2.14/bare-disconnect", "2.2.14", &["S-272"])
        .edits(&["sstp.call-disconnect#1 instead 10 01 00 08 00 06 00 00"])
        .says("a Disconnect without Status Info is acknowledged")
        .expects(ACK)
        .why("Status Info is optional.")
        .proved("teardown.no-ack"),
    must("teardown/2.2.15/ack-layout", "2.2.15", &["S-273"])
        .edits(&["sstp.call-disconnect#1 split 4"])
        .says("Disconnect Ack is 8 bytes without attributes")
        .expects(Expect::Is("10 01 00 08 00 07 00 00", |view| {
            layout(view, MessageType::CallDisconnectAck, |raw| raw == [0x10, 1, 0, 8, 0, 7, 0, 0])
        }))
        .why("A client may compare it byte by byte.")
        .proved("teardown.mutant-ack-layout"),
    must("teardown/2.2.13/bare-abort", "2.2.13", &["S-277"])
        .edits(&["sstp.call-disconnect#1 instead 10 01 00 08 00 05 00 00"])
        .says("an Abort without Status Info is an Abort")
        .expects(Expect::Sends("sstp.call-abort"))
        .or(ENDED)
        .why("Status Info is optional.")
        .proved("sstp.mutant-no-abort"),
    should("sstp/2.2.13/abort-says-why", "2.2.13", &["S-278"])
        .edits(&["sstp.call-connect-request#1 instead 10 01 00 08 00 08 00 00"])
        .says("an Abort of its own carries one Status Info")
        .expects(Expect::Is("one Status Info", |view| infos(view, MessageType::CallAbort, |infos| infos.len() == 1)))
        .why("The client's log names the reason.")
        .proved("sstp.mutant-bare-abort"),
    must("sstp/2.2.13/abort-attribute-id", "2.2.13", &["S-281", "S-123", "S-063"])
        .edits(&["sstp.call-connect-request#1 instead 10 01 00 08 00 08 00 00"])
        .says("the Status Info of an Abort is about attribute 1 to 4 and has status 4 to 9")
        .expects(Expect::Is("attribute 1 to 4, status 4 to 9", |view| {
            infos(view, MessageType::CallAbort, |infos| {
                infos.iter().all(|(about, status)| (1..=4).contains(about) && (4..=9).contains(status))
            })
        }))
        .or(ENDED)
        .why("The table of MS-SSTP 2.2.13.")
        .proved("sstp.mutant-abort-status"),
    should("teardown/2.2.14/disconnect-says-why", "2.2.14", &["S-279"])
        .at(Lcp)
        .edits(&[TERMINATE])
        .only_if(DISCONNECTS.0, DISCONNECTS.1)
        .says("a Disconnect of its own carries one Status Info")
        .expects(Expect::Is("one Status Info", |view| infos(view, MessageType::CallDisconnect, |infos| infos.len() == 1)))
        .why("The client's log names the reason.")
        .proved("teardown.mutant-bare-disconnect"),
    must("teardown/2.2.14/disconnect-status-0", "2.2.14", &["S-280"])
        .at(Lcp)
        .edits(&[TERMINATE])
        .only_if(DISCONNECTS.0, DISCONNECTS.1)
        .says("the Status Info of a Disconnect is attribute 0, status 0")
        .expects(Expect::Is("attribute 0, status 0", |view| {
            infos(view, MessageType::CallDisconnect, |infos| infos.iter().all(|info| *info == (0, 0)))
        }))
        .why("A Disconnect is no error.")
        .proved("teardown.mutant-disconnect-status"),
    must("teardown/3.3.5.2.6/closes-at-the-ack", "3.3.5.2.6", &["S-172"])
        .at(Lcp)
        .edits(&[TERMINATE])
        .only_if(DISCONNECTS.0, DISCONNECTS.1)
        .says("when its Disconnect is acknowledged the server closes at once")
        .expects(Expect::Gap("sstp.call-disconnect", "closed", 0, 3500))
        .why("There is nothing left to wait for.")
        .proved("teardown.mutant-keeps-open"),
    must("teardown/3.3.5.2.5/collision", "3.3.5.2.5", &["S-286"])
        .at(Lcp)
        .edits(&[TERMINATE, "sstp.call-disconnect-ack#1 instead 10 01 00 08 00 06 00 00"])
        .only_if(DISCONNECTS.0, DISCONNECTS.1)
        .says("Disconnects that cross are both acknowledged, and the server closes after 1 s")
        .expects(Expect::All(&[ACK, Expect::Gap("sstp.call-disconnect-ack", "closed", 0, 2500)]))
        .why("Both ends may leave at the same time.")
        .proved("teardown.no-ack"),
    must("teardown/3.3.5.2.4/abort-for-a-disconnect", "3.3.5.2.4", &["S-287"])
        .at(Lcp)
        .edits(&[TERMINATE, "sstp.call-disconnect-ack#1 instead 10 01 00 08 00 05 00 00"])
        .only_if(DISCONNECTS.0, DISCONNECTS.1)
        .says("an Abort in place of the Disconnect Ack is answered by Abort")
        .expects(Expect::All(&[Expect::Sends("sstp.call-abort"), Expect::Sends("closed")]))
        .or(Expect::Sends("closed"))
        .why("Figure 2.")
        .proved("sstp.mutant-no-abort"),
    must("teardown/3.3.5.2.7/echo-while-leaving", "3.3.5.2.7", &["S-288"])
        .at(Lcp)
        .within(3)
        .edits(&[TERMINATE, "sstp.call-disconnect-ack#1 instead 10 01 00 08 00 08 00 00"])
        .only_if(DISCONNECTS.0, DISCONNECTS.1)
        .says("an Echo Request while the server waits for Disconnect Ack is ignored")
        .expects(Expect::All(&[
            Expect::Never("sstp.echo-response"),
            Expect::Never("sstp.call-abort"),
            Expect::Count("sstp.call-disconnect", 1),
        ]))
        .why("It may have been on its way.")
        .proved("teardown.mutant-echoes-late"),
    derived("teardown/4.2/no-second-use", "4.2", &["S-290"])
        .edits(&["sstp.call-disconnect#1 before 10 01 00 08 00 06 00 00", r#"sstp.call-disconnect#1 instead "GET / HTTP/1.1\r\n\r\n""#])
        .says("after the call the connection serves nothing else")
        .expects(Expect::All(&[ACK, Expect::Sends("closed"), Expect::Never("http.response"), Expect::Never("undecoded")]))
        .why("The stream is no HTTP any more.")
        .proved("teardown.mutant-keeps-open"),
    derived("teardown/3.7/terminate-request", "3.2.4.2", &["S-291"])
        .at(Ncp)
        .edits(&[TERMINATE])
        .says("LCP Terminate-Request is acknowledged, and SSTP ends after it")
        .expects(Expect::All(&[
            Expect::Sends("lcp.terminate-ack"),
            Expect::Any(&[Expect::Sends("sstp.call-disconnect"), Expect::Never("closed")]),
        ]))
        .why("PPP ends in order first.")
        .proved("lcp.mutant-no-terminate-ack"),
    must("teardown/5.5/stays-after-terminate-ack", "3.3.5.2.5", &["S-292"])
        .at(Ncp)
        .edits(&[TERMINATE, "sstp.call-disconnect-ack#* drop"])
        .says("the server does not close in the moment of its Terminate-Ack")
        .within(9)
        .expects(Expect::All(&[
            Expect::Sends("lcp.terminate-ack"),
            Expect::Is("open for half a second more", |view| {
                let at = |wanted| view.named(wanted).next().map(|event| event.at);
                match (at("lcp.terminate-ack"), at("closed")) {
                    (Some(ack), Some(closed)) if (closed - ack).0 < 500_000 => Err(format!("closed {} later", closed - ack)),
                    _ => Ok(()),
                }
            }),
        ]))
        .why("RFC 1661 3.7: the ack may get lost.")
        .proved("teardown.mutant-hasty"),
    must("teardown/3.3.5.2.5/listener-survives", "3.3.5.2.5", &["S-293"])
        .times(4)
        .within(7)
        .says("new calls are taken after calls that were disconnected")
        .expects(Expect::Is("an Ack on every connection", |view| {
            let acks = view.always().filter(|event| matches!(&event.what, What::Sstp(m) if m.kind == MessageType::CallConnectAck)).count();
            if acks >= 4 { Ok(()) } else { Err(format!("{acks} Acks on 4 connections")) }
        }))
        .why("Cleaning up must not harm the listener.")
        .proved("teardown.mutant-fourth-lost"),
    must("teardown/3.3.5.2.5/disconnect-in-network", "3.3.5.2.5", &["S-271"])
        .at(Ncp)
        .edits(&["sstp.call-disconnect#1 split 1"])
        .says("a Disconnect in two pieces is acknowledged in a connected call")
        .expects(ACK)
        .why("This is how most calls end.")
        .proved("sstp.mutant-one-read"),
];

fn layout(view: &View<'_>, kind: MessageType, right: fn(&[u8]) -> bool) -> Result<(), String> {
    let event = view.after().find(|event| matches!(&event.what, What::Sstp(message) if message.kind == kind));
    let raw = &event.ok_or_else(|| format!("no {}", kind.name()))?.raw;
    if right(raw) { Ok(()) } else { Err(crate::base::hex(raw)) }
}

fn infos(view: &View<'_>, kind: MessageType, right: fn(&[(u8, u32)]) -> bool) -> Result<(), String> {
    let message = view.after().find_map(|event| match &event.what {
        What::Sstp(message) if message.kind == kind => Some(message),
        _ => None,
    });
    let attributes = &message.ok_or_else(|| format!("no {}", kind.name()))?.attributes;
    let infos: Vec<(u8, u32)> = attributes
        .iter()
        .filter_map(|attribute| match attribute {
            Attribute::StatusInfo { about, status, .. } => Some((*about, *status)),
            _ => None,
        })
        .collect();
    if infos.len() == attributes.len() && right(&infos) { Ok(()) } else { Err(format!("{} with {}", kind.name(), described(&infos))) }
}
