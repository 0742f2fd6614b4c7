//! Echo Request and Response. MS-SSTP 3.1.5.2, 3.3.5.2.7, 3.3.5.2.8.

use super::{derived, must};
use crate::base::Layer::{Binding, Ncp};
use crate::jobs::conformance::case::Row;
use crate::jobs::conformance::expect::Expect;
use crate::transcript::What;
use crate::wire::sstp::MessageType;

pub(super) const ROWS: &[Row] = &[
    must("data/3.3.5.2.7/echo-is-answered", "3.3.5.2.7", &["S-162"])
        .at(Ncp)
        .edits(&["sstp.call-disconnect#1 instead 10 01 00 08 00 08 00 00"])
        .says("an Echo Request in a connected call is answered")
        .expects(Expect::Sends("sstp.echo-response"))
        .why("A client that hears no echo gives the call up.")
        .proved("teardown.echo-lost"),
    must("data/2.2.15/echo-response-layout", "2.2.15", &["S-163"])
        .at(Ncp)
        .edits(&["sstp.call-disconnect#1 instead 10 01 00 08 00 08 00 00"])
        .says("an Echo Response is 8 bytes without attributes")
        .expects(Expect::Is("10 01 00 08 00 09 00 00", |view| {
            let echo = view.after().find(|event| matches!(&event.what, What::Sstp(m) if m.kind == MessageType::EchoResponse));
            let raw = &echo.ok_or("no Echo Response")?.raw;
            if raw.0 == [0x10, 1, 0, 8, 0, 9, 0, 0] { Ok(()) } else { Err(crate::base::hex(raw)) }
        }))
        .why("A client may compare it byte by byte.")
        .proved("data.mutant-echo-layout"),
    must("data/2.2.15/echo-request-with-data", "2.2.15", &["S-163"])
        .at(Ncp)
        .edits(&["sstp.call-disconnect#1 instead 10 01 00 18 00 08 00 01 00 7f 00 10 00 00 00 00 00 00 00 00 00 00 00 00"])
        .only_if(super::ANSWERS_ECHOES.0, super::ANSWERS_ECHOES.1)
        .says("an Echo Request with an attribute draws no data: the Response, where one comes, is 8 bytes")
        .expects(Expect::Is("10 01 00 08 00 09 00 00, or none", |view| {
            let echoes = view.after().filter(|event| matches!(&event.what, What::Sstp(m) if m.kind == MessageType::EchoResponse));
            let other = echoes.into_iter().find(|event| event.raw.0 != [0x10, 1, 0, 8, 0, 9, 0, 0]);
            other.map_or(Ok(()), |event| Err(crate::base::hex(&event.raw)))
        }))
        .why("What is in it may be what another call said.")
        .proved("data.mutant-echo-leaks"),
    derived("data/3.3.5.2.7/fifty-echoes", "3.3.5.2.7", &["S-164"])
        .at(Ncp)
        .within(10)
        .edits(&["sstp.call-disconnect#1 instead 10 01 00 08 00 08 00 00", "sstp.call-disconnect#1 repeat 50"])
        .says("fifty Echo Requests draw fifty Responses")
        .expects(Expect::Count("sstp.echo-response", 50))
        .why("One Response to each Request.")
        .proved("data.mutant-echo-twice"),
    must("data/3.3.5.2.8/unasked-response", "3.3.5.2.8", &["S-165"])
        .at(Ncp)
        .edits(&["sstp.call-disconnect#1 instead 10 01 00 08 00 09 00 00 10 00 00 10 ff 03 c0 21 09 21 00 08 00 00 00 00"])
        .says("an Echo Response that nobody asked for does no harm")
        .expects(Expect::All(&[super::ALIVE, Expect::Never("sstp.echo-response")]))
        .why("It may have been on its way.")
        .proved("data.mutant-unasked-echo-ends"),
    must("data/3.3.5.2.7/echo-right-after-connected", "3.3.5.2.7", &["S-162"])
        .at(Binding)
        .edits(&["sstp.echo-request#1 split 3"])
        .says("an Echo Request right behind Call Connected is answered")
        .expects(Expect::Sends("sstp.echo-response"))
        .why("The call is connected from then on.")
        .proved("teardown.echo-lost"),
    derived("data/2.2.1/echo-among-data", "2.2.1", &["S-267"])
        .at(Ncp)
        .edits(&["sstp.call-disconnect#1 instead 10 00 00 0a ff 03 00 21 45 00 10 01 00 08 00 06 00 00 10 00 00 0a ff 03 00 21 45 00"])
        .says("a control packet between data packets is answered: Call Disconnect")
        .expects(Expect::Sends("sstp.call-disconnect-ack"))
        .why("Data and control share one stream.")
        .proved("teardown.no-ack"),
];
