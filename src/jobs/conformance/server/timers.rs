//! What happens when nothing happens. MS-SSTP 3.1.2, 3.3.2.1, 3.3.6.1.

use super::{derived, must, should};
use crate::base::Layer::{Binding, Http, Lcp, Ncp, Sstp};
use crate::jobs::conformance::case::{Level, Row};
use crate::jobs::conformance::expect::Expect;

const ABORT_OR_CLOSE: Expect = Expect::Any(&[Expect::Within("sstp.call-abort", 50_000, 70_000), Expect::Within("closed", 55_000, 66_000)]);
const GONE: Expect = Expect::Any(&[Expect::Sends("sstp.call-abort"), Expect::Sends("sstp.call-disconnect"), Expect::Sends("closed")]);

pub(super) const ROWS: &[Row] = &[
    should("sstp/3.3.2.1/no-request", "3.3.2.1", &["S-152"])
        .at(Sstp)
        .within(70)
        .edits(&["sstp.call-connect-request#1 drop"])
        .says("no Call Connect Request for 60 s: the call is given up")
        .expects(ABORT_OR_CLOSE)
        .or(GONE)
        .why("Session slots must not be held for nothing.")
        .proved("sstp.mutant-no-timers"),
    must("sstp/3.3.2.1/no-connected", "3.3.2.1", &["S-153"])
        .at(Lcp)
        .within(75)
        .edits(&["sstp.call-disconnect#1 drop"])
        .says("no Call Connected for 60 s: Call Abort")
        .expects(Expect::Within("sstp.call-abort", 50_000, 70_000))
        .or(GONE)
        .why("Session slots must not be held for nothing.")
        .proved("sstp.mutant-no-timers"),
    must("sstp/2.2.8/negotiation-timeout-is-8", "2.2.8", &["S-154"])
        .at(Lcp)
        .within(75)
        .edits(&["sstp.call-disconnect#1 drop"])
        .says("the Abort of the negotiation timer has status 8")
        .expects(Expect::Status("sstp.call-abort", Some(2), &[8]))
        .or(GONE)
        .only_if(Expect::Any(&[Expect::Sends("sstp.call-abort"), Expect::Never("sstp.call-disconnect")]), "PPP ended the call first")
        .why("The client's log names the reason.")
        .proved("sstp.mutant-no-timers"),
    must("sstp/3.3.2.1/traffic-is-no-excuse", "3.3.2.1", &["S-153"])
        .at(Lcp)
        .within(75)
        .edits(&[
            "sstp.call-connect-request#1 split 3",
            "sstp.call-disconnect#1 instead 10 00 00 10 ff 03 c0 21 09 21 00 08 00 00 00 00",
            "sstp.call-disconnect#1 hold 40s",
        ])
        .says("PPP does not keep the negotiation timer from running out: Call Abort after 60 s")
        .expects(Expect::Within("sstp.call-abort", 50_000, 70_000))
        .or(GONE)
        .why("Whoever never binds must not hold a session by talking.")
        .proved("sstp.mutant-patience-renewed"),
    must("sstp/3.3.5.2.2/timer-starts-anew", "3.3.5.2.2", &["S-155"])
        .at(Lcp)
        .within(95)
        .edits(&["sstp.call-connect-request#1 hold 40s", "sstp.call-disconnect#1 drop"])
        .says("the negotiation timer starts anew with the request")
        .expects(Expect::All(&[Expect::Sends("sstp.call-connect-ack"), Expect::Never("sstp.call-abort"), Expect::Never("closed")]))
        .only_if(Expect::Sends("sstp.call-connect-ack"), "the server does not wait 40 s for the request")
        .why("A client on a slow line needs its time.")
        .proved("sstp.mutant-short-timer"),
    should("data/3.1.2.3/hello", "3.1.2.3", &["S-156"])
        .at(Ncp)
        .within(70)
        .edits(&["sstp.call-disconnect#1 drop", "sstp.echo-response#* drop"])
        .says("after 60 s of silence the server sends Echo Request")
        .expects(Expect::Within("sstp.echo-request", 55_000, 66_000))
        .why("Only so it learns that the client is gone.")
        .proved("sstp.mutant-no-timers"),
    must("data/3.1.2.3/second-hello-ends-the-call", "3.1.2.3", &["S-159"])
        .at(Ncp)
        .within(135)
        .edits(&["sstp.call-disconnect#1 drop", "sstp.echo-response#* drop"])
        .says("an Echo Request without an answer and another interval of silence end the call")
        .expects(Expect::Any(&[Expect::Sends("closed"), Expect::Sends("sstp.call-abort")]))
        .why("A dead client must not hold its session.")
        .proved("sstp.mutant-no-timers"),
    must("data/3.1.2.3/ends-without-abort", "3.1.2.3", &["S-160"])
        .at(Ncp)
        .within(135)
        .edits(&["sstp.call-disconnect#1 drop", "sstp.echo-response#* drop"])
        .says("and the connection goes with it: without a Call Abort, or, as in figure 5, after one")
        .expects(Expect::Sends("closed"))
        .or(Expect::Sends("sstp.call-abort"))
        .why("Nobody is there to hear it, but a socket is there to be closed.")
        .proved("sstp.mutant-no-timers"),
    derived("sstp/3.1.2.3/no-hello-before-connected", "3.1.2.3", &["S-166"])
        .at(Lcp)
        .within(55)
        .edits(&["sstp.call-disconnect#1 drop"])
        .says("no Echo Request before the call is connected")
        .expects(Expect::All(&[Expect::Never("sstp.echo-request"), Expect::Never("undecoded")]))
        .why("A client aborts on it.")
        .proved("auth.mutant-early-echo"),
    should("sstp/3.1.2.1/abort-unanswered", "3.1.2.1", &["S-167"])
        .edits(&["sstp.call-connect-request#1 instead 10 01 00 08 00 08 00 00", "sstp.call-abort#* drop"])
        .says("an Abort without an answer: closed after 3 s")
        .expects(Expect::Gap("sstp.call-abort", "closed", 2000, 4500))
        .why("Abort timer 1 is 3 s.")
        .proved("teardown.mutant-keeps-open"),
    must("sstp/3.1.2.1/abort-answered", "3.1.2.1", &["S-168"])
        .edits(&["sstp.call-connect-request#1 instead 10 01 00 08 00 08 00 00"])
        .says("an Abort that is answered: closed after 1 s")
        .expects(Expect::Gap("sstp.call-abort", "closed", 0, 2500))
        .why("Abort timer 2 is 1 s.")
        .proved("teardown.mutant-keeps-open"),
    should("sstp/3.1.2.1/their-abort", "3.1.2.1", &["S-169"])
        .at(Sstp)
        .edits(&["sstp.call-disconnect#1 instead 10 01 00 08 00 05 00 00"])
        .says("after answering our Abort the server closes within 1 s")
        .expects(Expect::Gap("sstp.call-abort", "closed", 0, 2500))
        .why("Abort timer 2 is 1 s.")
        .proved("teardown.mutant-keeps-open"),
    should("teardown/3.1.2.2/their-disconnect", "3.1.2.2", &["S-170", "S-289"])
        .at(Sstp)
        .edits(&["sstp.call-disconnect#1 split 4"])
        .says("after acknowledging our Disconnect the server closes within 1 s")
        .expects(Expect::Gap("sstp.call-disconnect-ack", "closed", 0, 2500))
        .why("Disconnect timer 2 is 1 s.")
        .proved("teardown.mutant-keeps-open"),
    should("teardown/3.1.2.2/disconnect-unanswered", "3.1.2.2", &["S-171"])
        .at(Lcp)
        .edits(&["sstp.call-disconnect#1 instead 10 00 00 0c ff 03 c0 21 05 09 00 04", "sstp.call-disconnect-ack#* drop"])
        .within(12)
        .says("a Disconnect without an answer: closed after 5 s")
        .expects(Expect::Gap("sstp.call-disconnect", "closed", 4000, 6500))
        .only_if(Expect::Sends("sstp.call-disconnect"), "the server does not disconnect after an LCP Terminate-Request")
        .why("Disconnect timer 1 is 5 s.")
        .proved("teardown.mutant-keeps-open"),
    must("data/3.1.2.3/echo-within-the-interval", "3.1.2.3", &["S-157"])
        .at(Ncp)
        .within(70)
        .edits(&["sstp.call-disconnect#1 instead 10 01 00 08 00 09 00 00", "sstp.call-disconnect#1 hold 40s"])
        .says("a control packet restarts the hello timer")
        .expects(Expect::All(&[Expect::Never("sstp.echo-request"), Expect::Never("sstp.call-abort"), Expect::Never("closed")]))
        .why("A live client need not be asked.")
        .proved("sstp.mutant-short-hello"),
    must("data/3.1.2.3/data-within-the-interval", "3.1.2.3", &["S-158"])
        .at(Ncp)
        .within(70)
        .edits(&["sstp.call-disconnect#1 instead 10 00 00 10 ff 03 c0 21 09 21 00 08 00 00 00 00", "sstp.call-disconnect#1 hold 40s"])
        .says("a data packet restarts the hello timer")
        .expects(Expect::All(&[Expect::Count("sstp.echo-request", 0), Expect::Sends("lcp.echo-reply")]))
        .why("A live client need not be asked.")
        .proved("sstp.mutant-short-hello"),
    must("data/3.1.2.3/data-after-the-hello", "3.1.2.3", &["S-161"])
        .at(Ncp)
        .within(128)
        .edits(&[
            "sstp.call-disconnect#1 instead 10 00 00 10 ff 03 c0 21 09 21 00 08 00 00 00 00",
            "sstp.call-disconnect#1 hold 70s",
            "sstp.echo-response#* drop",
        ])
        .only_if(Expect::Sends("sstp.echo-request"), "the server asks for no echo")
        .says("a data packet keeps the call whose Echo Request was not answered")
        .expects(Expect::All(&[Expect::Sends("lcp.echo-reply"), Expect::Never("sstp.call-abort"), Expect::Never("closed")]))
        .why("Whoever sends lives.")
        .proved("data.mutant-only-echo-keeps"),
    super::rfc(Level::Interop, "http/3.3.2.1/no-request", 9112, "9.5", &["S-051"])
        .at(Http)
        .within(125)
        .edits(&["http.request#1 drop"])
        .says("a connection without a request is dropped in bounded time")
        .expects(Expect::Sends("closed"))
        .why("Otherwise a few connections fill the server.")
        .proved("sstp.mutant-no-timers"),
    super::rfc(Level::Interop, "http/3.3.2.1/half-a-request", 9112, "9.5", &["S-051"])
        .at(Http)
        .within(125)
        .edits(&["http.request#1 instead \"SSTP_DUPLEX_POST /sra_\""])
        .says("half a request is dropped in bounded time")
        .expects(Expect::Sends("closed"))
        .why("Otherwise a few connections fill the server.")
        .proved("sstp.mutant-no-timers"),
    must("binding/3.3.2.1/login-without-connected", "3.3.2.1", &["S-153"])
        .at(Binding)
        .within(75)
        .edits(&["sstp.call-connected#1 drop", "sstp.echo-request#* drop", "ipcp.*#* drop", "sstp.call-disconnect#* drop"])
        .says("a login without Call Connected: Call Abort after 60 s")
        .expects(Expect::Within("sstp.call-abort", 50_000, 70_000))
        .or(GONE)
        .why("Session slots must not be held for nothing.")
        .proved("sstp.mutant-no-timers"),
];
