//! What happens when nothing happens. MS-SSTP 3.1.2, 3.2.2.1, 3.2.6.1.

use super::{ENDED, HANGS_UP, must, should};
use crate::base::Layer::{Data, Lcp, Ncp, Sstp};
use crate::jobs::conformance::case::Row;
use crate::jobs::conformance::expect::Expect;
use crate::proto::plan::Method;

const SILENT: &[&str] = &["sstp.call-disconnect#1 drop"];
/// An Ack that must be answered by Abort.
const PROVOKES: &str = "sstp.call-connect-ack#1 splice 15..16 00";

pub(super) const ROWS: &[Row] = &[
    should("sstp/3.2.2.1/no-ack", "3.2.2.1", &["C-104"])
        .at(Lcp)
        .within(75)
        .edits(&["sstp.call-connect-ack#1 drop", "lcp.*#* drop"])
        .says("no Ack for 60 s: Call Abort")
        .expects(Expect::Within("sstp.call-abort", 54_000, 68_000))
        .or(ENDED)
        .why("The user waits.")
        .proved("client.no-timers"),
    must("sstp/2.2.8/no-ack-is-8", "2.2.8", &["C-105"])
        .at(Lcp)
        .within(75)
        .edits(&["sstp.call-connect-ack#1 drop", "lcp.*#* drop"])
        .says("the Abort of the negotiation timer has status 8")
        .expects(Expect::Status("sstp.call-abort", None, &[8]))
        .or(ENDED)
        .why("The server's log names the reason.")
        .proved("client.abort-status"),
    should("sstp/3.2.2.1/ack-without-login", "3.2.2.1", &["C-106"])
        .at(Data)
        .within(125)
        .methods(&[Method::MsChapV2])
        .edits(&["sstp.call-connect-ack#1 hold 50s", "chap.challenge#* drop"])
        .says("60 s after an Ack without a login the client aborts, and not 60 s after its request")
        .expects(Expect::Within("sstp.call-abort", 102_000, 120_000))
        .or(Expect::Any(&[Expect::Within("sstp.call-disconnect", 75_000, 125_000), Expect::Within("closed", 75_000, 125_000)]))
        .why("The timer starts anew with the Ack.")
        .proved("client.no-timers"),
    should("data/3.1.2.3/hello-of-client", "3.1.2.3", &["C-107"])
        .at(Ncp)
        .within(72)
        .edits(SILENT)
        .says("after 60 s of silence the client sends Echo Request")
        .expects(Expect::Within("sstp.echo-request", 54_000, 68_000))
        .why("Only so it learns that the server is gone.")
        .proved("client.no-timers"),
    must("data/3.1.2.3/data-restarts-hello", "3.1.2.3", &["C-108"])
        .at(Ncp)
        .within(95)
        .edits(&["sstp.call-disconnect#1 instead 10 00 00 10 ff 03 c0 21 09 21 00 08 00 00 00 00", "sstp.call-disconnect#1 hold 40s"])
        .says("a data packet restarts the hello timer")
        .expects(Expect::All(&[Expect::Sends("lcp.echo-reply"), Expect::Never("sstp.echo-request")]))
        .why("A live server need not be asked.")
        .proved("client.hears-nothing"),
    must("data/3.1.2.3/control-restarts-hello", "3.1.2.3", &["C-108"])
        .at(Ncp)
        .within(95)
        .edits(&["sstp.call-disconnect#1 instead 10 01 00 08 00 08 00 00", "sstp.call-disconnect#1 hold 40s"])
        .says("a control packet restarts the hello timer")
        .expects(Expect::All(&[Expect::Sends("sstp.echo-response"), Expect::Never("sstp.echo-request")]))
        .why("A live server need not be asked.")
        .proved("client.hears-nothing"),
    must("data/3.1.2.3/second-hello-of-client", "3.1.2.3", &["C-109", "C-110"])
        .at(Ncp)
        .within(140)
        .edits(SILENT)
        .says("an Echo Request without an answer and another minute of silence end the call, at best without an Abort")
        .expects(Expect::Any(&[Expect::Within("closed", 108_000, 132_000), Expect::Within("sstp.call-abort", 108_000, 132_000)]))
        .or(ENDED)
        .why("A dead server must not be taken for a live one.")
        .proved("client.no-timers"),
    should("teardown/3.1.2.1/own-abort-unanswered", "3.1.2.1", &["C-114"])
        .at(Lcp)
        .edits(&[PROVOKES, "sstp.call-abort#* drop"])
        .only_if(Expect::Sends("sstp.call-abort"), "the client sends no Abort")
        .says("an Abort without an answer: closed after 3 s")
        .expects(Expect::Gap("sstp.call-abort", "closed", 2000, 4500))
        .why("Abort timer 1 is 3 s.")
        .proved("client.keeps-open"),
    must("teardown/3.1.2.1/own-abort-answered", "3.1.2.1", &["C-115"])
        .at(Lcp)
        .edits(&[PROVOKES])
        .only_if(Expect::Sends("sstp.call-abort"), "the client sends no Abort")
        .says("an Abort that is answered: closed within 2 s")
        .expects(Expect::Gap("sstp.call-abort", "closed", 0, 2500))
        .why("Abort timer 2 is 1 s.")
        .proved("client.keeps-open"),
    should("teardown/3.1.2.1/our-abort", "3.1.2.1", &["C-116"])
        .at(Sstp)
        .edits(&["sstp.call-disconnect#1 instead 10 01 00 14 00 05 00 01 00 02 00 0c 00 00 00 02 00 00 00 05", "sstp.call-abort#* drop"])
        .says("an Abort of ours is answered, and the connection closed after 1 s")
        .expects(Expect::Gap("sstp.call-abort", "closed", 0, 2500))
        .or(Expect::Sends("closed"))
        .why("Abort timer 2 is 1 s.")
        .proved("client.keeps-open"),
    should("teardown/3.1.2.2/our-disconnect", "3.1.2.2", &["C-117"])
        .at(Sstp)
        .edits(&["sstp.call-disconnect#1 split 4"])
        .says("a Disconnect of ours is acknowledged, and the connection closed after 1 s")
        .expects(Expect::Gap("sstp.call-disconnect-ack", "closed", 0, 2500))
        .or(Expect::Sends("closed"))
        .why("Disconnect timer 2 is 1 s.")
        .proved("client.keeps-open"),
    should("teardown/3.1.2.2/our-disconnect-in-a-call", "3.1.2.2", &["C-117"])
        .at(Ncp)
        .edits(&["sstp.call-disconnect#1 split 4"])
        .says("the same in a call that stands")
        .expects(Expect::Gap("sstp.call-disconnect-ack", "closed", 0, 2500))
        .or(Expect::Sends("closed"))
        .why("Disconnect timer 2 is 1 s.")
        .proved("client.keeps-open"),
    should("teardown/3.1.2.2/own-disconnect-unanswered", "3.1.2.2", &["C-118"])
        .at(Data)
        .hung_up()
        .within(14)
        .edits(&["sstp.call-disconnect-ack#* drop"])
        .only_if(HANGS_UP.0, HANGS_UP.1)
        .says("a Disconnect without an answer: closed after 5 s")
        .expects(Expect::Within("closed", 3800, 6500))
        .why("Disconnect timer 1 is 5 s.")
        .proved("client.keeps-open"),
];
