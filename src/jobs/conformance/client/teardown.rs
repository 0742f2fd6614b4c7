//! How a client leaves, and how it is left. MS-SSTP 3.1.1.1, 3.1.1.2, 3.2.4.2, 3.2.5.3.4 to 3.2.5.3.6.

use super::looks;
use super::{HANGS_UP, must};
use crate::base::Layer::{Data, Lcp, Sstp};
use crate::jobs::conformance::case::Row;
use crate::jobs::conformance::expect::{Expect, described};
use crate::transcript::What;
use crate::wire::sstp::Attribute;

pub(super) const ROWS: &[Row] = &[
    must("teardown/3.2.4.2/cancelled-before-the-ack", "3.2.4.2", &["C-177"])
        .at(Lcp)
        .hung_up()
        .edits(&["sstp.call-connect-ack#* drop", "lcp.*#* drop"])
        .says("a call that is cancelled before the Ack ends with Call Disconnect")
        .expects(Expect::Sends("sstp.call-disconnect"))
        .why("The server's session is freed.")
        .proved("client.no-disconnect"),
    must("teardown/3.2.4.2/cancelled-before-the-login", "3.2.4.2", &["C-177"])
        .at(Lcp)
        .hung_up()
        .edits(&["sstp.call-disconnect#1 drop", "lcp.terminate-ack#* drop"])
        .says("a call that is cancelled before the login ends with Call Disconnect")
        .expects(Expect::Sends("sstp.call-disconnect"))
        .why("The server's session is freed.")
        .proved("client.no-disconnect"),
    must("teardown/3.2.4.2/hung-up", "3.2.4.2", &["C-178"])
        .at(Data)
        .hung_up()
        .only_if(HANGS_UP.0, HANGS_UP.1)
        .says("whoever hangs up ends PPP first, and then sends Call Disconnect")
        .expects(Expect::Is("Terminate-Request, then Call Disconnect", |view| {
            let place = |wanted| looks::all(view, view.peer, wanted).next().map(|pair| pair.0);
            let terminate = place("lcp.terminate-request").ok_or("no lcp.terminate-request")?;
            looks::must(place("sstp.call-disconnect").is_some_and(|place| terminate < place), || "Call Disconnect came first".into())
        }))
        .why("PPP of the server says goodbye in order.")
        .proved("client.leaves-ppp"),
    must("teardown/2.2.14/disconnect-status", "2.2.14", &["C-179"])
        .at(Data)
        .hung_up()
        .only_if(HANGS_UP.0, HANGS_UP.1)
        .says("a Disconnect has attribute 0 and status 0, where it has a Status Info")
        .expects(Expect::Is("attribute 0, status 0", |view| {
            let event = looks::first(view, "sstp.call-disconnect")?;
            let What::Sstp(message) = &event.what else { return Err("no message".into()) };
            let right = |one: &Attribute| matches!(one, Attribute::StatusInfo { about: 0, status: 0, .. });
            looks::must(message.attributes.iter().all(right), || described(message.status_info().as_slice()))
        }))
        .why("Nothing went wrong.")
        .proved("client.disconnect-status"),
    must("teardown/3.2.5.3.6/acknowledged", "3.2.5.3.6", &["C-119", "C-185"])
        .at(Data)
        .hung_up()
        .edits(&["sstp.call-disconnect-ack#1 split 4"])
        .only_if(HANGS_UP.0, HANGS_UP.1)
        .says("a Disconnect that is acknowledged: closed at once")
        .expects(Expect::Within("closed", 0, 2000))
        .or(Expect::Sends("closed"))
        .why("Nothing is left to say.")
        .proved("client.keeps-open"),
    must("teardown/3.2.5.3.5/collision", "3.2.5.3.5", &["C-183"])
        .at(Data)
        .hung_up()
        .edits(&["sstp.call-disconnect-ack#1 instead 10 01 00 14 00 06 00 01 00 02 00 0c 00 00 00 00 00 00 00 00"])
        .only_if(HANGS_UP.0, HANGS_UP.1)
        .says("a Disconnect that meets the client's own is acknowledged")
        .expects(Expect::Sends("sstp.call-disconnect-ack"))
        .why("Both ends wait for it.")
        .proved("client.no-disconnect-ack"),
    must("teardown/3.2.5.3.5/collision-closes", "3.2.5.3.5", &["C-183"])
        .at(Data)
        .hung_up()
        .edits(&["sstp.call-disconnect-ack#1 instead 10 01 00 14 00 06 00 01 00 02 00 0c 00 00 00 00 00 00 00 00"])
        .only_if(HANGS_UP.0, HANGS_UP.1)
        .says("and the connection closed about 1 s later")
        .expects(Expect::Within("closed", 0, 2500))
        .or(Expect::Sends("closed"))
        .why("Disconnect timer 2 is 1 s.")
        .proved("client.keeps-open"),
    must("teardown/3.2.5.3.4/abort-meets-disconnect", "3.2.5.3.4", &["C-184"])
        .at(Data)
        .hung_up()
        .edits(&[
            "sstp.call-disconnect-ack#1 instead 10 01 00 14 00 05 00 01 00 02 00 0c 00 00 00 02 00 00 00 05",
            "sstp.call-abort#* drop",
        ])
        .only_if(HANGS_UP.0, HANGS_UP.1)
        .says("an Abort in answer to a Disconnect is answered by Abort")
        .expects(Expect::Sends("sstp.call-abort"))
        .why("The server waits for it.")
        .proved("client.no-abort"),
    must("teardown/3.2.5.3.5/two-disconnects", "3.2.5.3.5", &["C-182"])
        .at(Sstp)
        .within(4)
        .edits(&["sstp.call-disconnect#1 repeat 2"])
        .says("a second Disconnect is passed over")
        .expects(Expect::Count("sstp.call-disconnect-ack", 1))
        .why("The first was acknowledged.")
        .proved("client.answers-when-over"),
    must("teardown/3.1.2.1/abort-pending-ignores", "3.1.2.1", &["C-180"])
        .at(Lcp)
        .within(5)
        .edits(&[
            "sstp.call-connect-ack#1 splice 9999..9999 10 01 00 08 00 08 00 00 10 01 00 08 00 06 00 00 10 01 00 08 00 08 00 00",
            "sstp.call-abort#* drop",
        ])
        .only_if(Expect::Sends("sstp.call-abort"), "the client sends no Abort")
        .says("while its own Abort is unanswered a client says nothing to Disconnect and Echo Request")
        .expects(Expect::All(&[Expect::Count("sstp.call-abort", 1), Expect::Count("sstp.*", 1)]))
        .why("Only an Abort counts in that state.")
        .proved("client.answers-when-over"),
];
