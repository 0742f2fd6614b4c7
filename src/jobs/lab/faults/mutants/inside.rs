//! Mutants that are built into the server: what no edit of its messages can bring about without harm to an honest call.

use crate::base::Layer::{self, Auth, Data, Http, Lcp, Sstp, Teardown};
use crate::jobs::lab::fault::{Fault, Makes, fault};
use crate::proto::bug::Bug;
use crate::proto::plan::ServerConfig;

pub(in crate::jobs::lab) const MUTANTS: &[Fault] = &[
    inside("http.mutant-unusual-refused", Http, "a request that looks unlike others is refused", |server| {
        server.bugs.add(Bug::UnusualRefused)
    }),
    inside("http.mutant-other-length", Http, "a request with another Content-Length is not answered", |server| {
        server.bugs.add(Bug::OtherLengthSilent)
    }),
    inside("http.mutant-one-read", Http, "a head that comes in two reads ends the connection", |server| {
        server.bugs.add(Bug::HeadInOneRead)
    }),
    inside("http.mutant-behind-head", Http, "what comes in one read with the request is lost", |server| {
        server.bugs.add(Bug::BehindHeadLost)
    }),
    inside("sstp.mutant-one-read", Sstp, "a packet that comes in two reads is lost", |server| server.bugs.add(Bug::SplitLost)),
    inside("sstp.mutant-one-of-two", Sstp, "of two requests or IP packets in one read the second is lost", |server| {
        server.bugs.add(Bug::SecondAskLost)
    }),
    inside("sstp.mutant-patience-renewed", Sstp, "every message restarts the negotiation timer", |server| {
        server.bugs.add(Bug::NegotiationRestarts)
    }),
    inside("lcp.mutant-any-ack", Lcp, "a Configure-Ack is taken that does not answer the last request", |server| {
        server.bugs.add(Bug::AnyAckTaken)
    }),
    inside("lcp.mutant-option-loops", Lcp, "an option of a wrong length is rejected over and over", |server| {
        server.bugs.add(Bug::OptionLoops)
    }),
    inside("lcp.mutant-identifier-cut", Lcp, "the highest bit of an identifier is lost in Echo-Reply", |server| {
        server.bugs.add(Bug::IdentifierCut)
    }),
    inside("lcp.mutant-identifier-replays", Lcp, "a request with the identifier of the last gets the answer to that", |server| {
        server.bugs.add(Bug::IdentifierReplays)
    }),
    inside("lcp.mutant-length-leaks", Lcp, "an Echo-Request that says to be longer is filled up from memory", |server| {
        server.bugs.add(Bug::PppLengthLeaks)
    }),
    inside("data.mutant-echo-leaks", Data, "the answer to an Echo Request with data repeats bytes of an earlier packet", |server| {
        server.bugs.add(Bug::EchoLeaks)
    }),
    by_turns(
        "http.mutant-503",
        Http,
        "every second call is answered by 503",
        &[Makes::Edits(&[r#"http.response#1 instead "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n""#])],
    ),
    by_turns(
        "http.mutant-version",
        Http,
        "the status line of every second call says HTTP/1.0",
        &[Makes::Edits(&[r#"http.response#1 splice 0..8 "HTTP/1.0""#])],
    ),
    by_turns(
        "http.mutant-length",
        Http,
        "the 200 of every second call has a Content-Length of 0",
        &[Makes::Edits(&[r#"http.response#1 instead "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n""#])],
    ),
    by_turns(
        "http.mutant-chunked",
        Http,
        "the 200 of every second call is chunked",
        &[Makes::Edits(&[
            r#"http.response#1 instead "HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551615\r\nTransfer-Encoding: chunked\r\n\r\n""#,
        ])],
    ),
    by_turns(
        "sstp.mutant-no-ack",
        Sstp,
        "every second Call Connect Request is not answered",
        &[Makes::Edits(&["sstp.call-connect-ack#* drop"])],
    ),
    by_turns("auth.mutant-no-accounts", Auth, "no login of every second call is right", &[Makes::Server(|server| server.accounts.clear())]),
    by_turns(
        "auth.mutant-no-proof",
        Auth,
        "in every second call the server does not know the password",
        &[Makes::Server(|server| server.knows_password = false)],
    ),
    inside("sstp.mutant-empty-ends", Sstp, "a data packet without a frame ends the connection", |server| server.bugs.add(Bug::EmptyEnds)),
    inside("lcp.mutant-bad-frame-ends", Lcp, "a PPP frame that means nothing to it ends the connection", |server| {
        [Bug::BadPppEnds, Bug::ProtocolEnds].into_iter().for_each(|bug| server.bugs.add(bug))
    }),
    inside("lcp.mutant-needs-ff-03", Lcp, "a frame without FF 03 is lost", |server| server.bugs.add(Bug::BareFrameLost)),
    inside("lcp.mutant-answers-early", Lcp, "what may only come when LCP is open is answered before", |server| {
        server.bugs.add(Bug::LcpAnswersEarly)
    }),
    inside("lcp.mutant-discard-rejected", Lcp, "a Discard-Request is answered by Code-Reject", |server| {
        server.bugs.add(Bug::DiscardRejected)
    }),
    inside("lcp.mutant-padding-read", Lcp, "bytes behind the length of an LCP packet are read like options", |server| {
        server.bugs.add(Bug::PaddingRead)
    }),
    inside("lcp.mutant-bad-option-ends", Lcp, "an LCP option whose length cannot be ends the connection", |server| {
        server.bugs.add(Bug::BadOptionEnds)
    }),
    inside("data.mutant-full-ends", Data, "a packet of more than 1,400 bytes ends the connection", |server| server.bugs.add(Bug::FullEnds)),
    inside("data.mutant-unasked-echo-ends", Data, "an Echo Response that nobody asked for ends the connection", |server| {
        server.bugs.add(Bug::UnaskedEchoEnds)
    }),
    inside("data.mutant-only-echo-keeps", Data, "a call whose Echo Request is not answered ends, whatever else comes", |server| {
        server.bugs.add(Bug::OnlyEchoKeeps)
    }),
    inside("data.mutant-early-ends", Data, "a network packet that comes too early ends the connection", |server| {
        server.bugs.add(Bug::EarlyDataEnds)
    }),
    inside("data.mutant-strange-ip-ends", Data, "an IP packet that is cut short or from another address ends the connection", |server| {
        server.bugs.add(Bug::StrangeIpEnds)
    }),
    inside("sstp.mutant-minds-reserved", Sstp, "a reserved bit ends the call", |server| {
        [Bug::ReservedRefused, Bug::LengthUnmasked, Bug::ReservedAttributeEnds].into_iter().for_each(|bug| server.bugs.add(bug))
    }),
    inside("sstp.mutant-nak-is-final", Sstp, "after a Nak no request is good enough", |server| server.bugs.add(Bug::NakIsFinal)),
    inside("sstp.mutant-minds-early-ppp", Sstp, "PPP before Call Connect Request ends the connection", |server| {
        server.bugs.add(Bug::EarlyPppEnds)
    }),
    inside("http.mutant-cookie-opens", Http, "a request with a cookie needs no login", |server| server.bugs.add(Bug::CookieOpens)),
    inside("data.mutant-unbound", Data, "network packets pass before Call Connected", |server| server.bugs.add(Bug::DataUnbound)),
    inside("auth.mutant-no-md5", Auth, "no proof by MD5 is right", |server| server.bugs.add(Bug::Md5Refused)),
    inside("auth.mutant-eap-deaf", Auth, "an EAP Nak is not heeded", |server| server.heeds_nak = false),
    inside("data.mutant-large", Data, "the MRU of the client is not heeded", |server| server.bugs.add(Bug::LargeReplies)),
    inside("teardown.mutant-one-ends-all", Teardown, "a call that ends ends all others", |server| server.bugs.add(Bug::OneEndsAll)),
    inside("http.mutant-endless-head", Http, "a head is collected however long it grows", |server| server.bugs.add(Bug::HeadWithoutEnd)),
    inside("teardown.mutant-fourth-lost", Teardown, "every fourth connection is closed", |server| server.bugs.add(Bug::FourthCallLost)),
];

/// What an honest call cannot but notice: it shows in every second call only, so that the honest call before a case is spared.
const fn by_turns(id: &'static str, layer: Layer, title: &'static str, makes: &'static [Makes]) -> Fault {
    fault(id, layer, title, Makes::ByTurns(makes), "")
}

const fn inside(id: &'static str, layer: Layer, title: &'static str, change: fn(&mut ServerConfig)) -> Fault {
    fault(id, layer, title, Makes::Server(change), "")
}
