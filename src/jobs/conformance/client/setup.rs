//! Call setup: Call Connect Request, Ack and Nak. MS-SSTP 3.2.4.1, 3.2.5.3.2, 3.2.5.3.3.

use super::looks;
use super::{ABORT, ABORT_5, ENDED, GOES_ON, LINKED, derived, must, should};
use crate::base::Layer::{Binding, Lcp};
use crate::jobs::conformance::case::Row;
use crate::jobs::conformance::expect::{Expect, shown};
use crate::proto::plan::ServerConfig;
use crate::transcript::What;
use crate::wire::sstp::{Attribute, MessageType};

fn naks_once(server: &mut ServerConfig) {
    server.naks_first = 1;
}

fn naks_often(server: &mut ServerConfig) {
    server.naks_first = 20;
}

const NO_HASH: &str = "Without a hash there is no crypto binding.";
const RETRIES: Expect = Expect::Is("another Call Connect Request", |view| {
    let count = looks::all(view, view.peer, "sstp.call-connect-request").count();
    looks::must(count > 1, || format!("{count} requests"))
});

pub(super) const ROWS: &[Row] = &[
    must("sstp/3.2.5.3.2/ack", "3.2.5.3.2", &["C-064"])
        .at(Lcp)
        .says("a valid Ack starts PPP")
        .expects(GOES_ON)
        .why("Every call needs it.")
        .proved("client.no-lcp"),
    derived("sstp/3.2.2.1/one-request", "3.2.2.1", &["C-063"])
        .at(Lcp)
        .within(58)
        .edits(&["sstp.call-connect-ack#1 drop", "lcp.*#* drop", "sstp.call-abort#* drop"])
        .says("Call Connect Request is not repeated unless a Nak came")
        .expects(Expect::Count("sstp.call-connect-request", 1))
        .why("A second one is out of turn, and the server aborts.")
        .proved("client.two-requests"),
    derived("sstp/3.2.7.1/no-ppp-before-the-ack", "3.2.7.1", &["C-065"])
        .at(Lcp)
        .within(9)
        .edits(&["sstp.call-connect-ack#1 drop", "lcp.*#* drop"])
        .says("no PPP is sent before the Ack")
        .expects(Expect::Is("no PPP", |view| {
            let ppp = view.always().find_map(|event| looks::frame(event).map(|frame| frame.name()));
            ppp.map_or(Ok(()), |name| Err(format!("{name} came")))
        }))
        .why("The server drops it.")
        .proved("client.lcp-early"),
    must("sstp/3.2.5.3.2/no-attribute", "3.2.5.3.2", &["C-066"])
        .at(Lcp)
        .edits(&["sstp.call-connect-ack#1 instead 10 01 00 08 00 02 00 00"])
        .says("an Ack without Crypto Binding Request is answered by Abort")
        .expects(ABORT)
        .or(ENDED)
        .why(NO_HASH)
        .proved("client.takes-any-ack"),
    must("sstp/3.2.5.3.2/status-info-instead", "3.2.5.3.2", &["C-066"])
        .at(Lcp)
        .edits(&["sstp.call-connect-ack#1 instead 10 01 00 14 00 02 00 01 00 02 00 0c 00 00 00 00 00 00 00 00"])
        .says("an Ack with a Status Info in place of Crypto Binding Request is answered by Abort")
        .expects(ABORT)
        .or(ENDED)
        .why(NO_HASH)
        .proved("client.takes-any-ack"),
    must("sstp/3.2.5.3.2/empty-bitmask", "3.2.5.3.2", &["C-067"])
        .at(Lcp)
        .edits(&["sstp.call-connect-ack#1 splice 15..16 00"])
        .says("an Ack that offers no hash is answered by Abort")
        .expects(ABORT)
        .or(ENDED)
        .why(NO_HASH)
        .proved("client.takes-any-ack"),
    must("sstp/3.2.5.3.2/unknown-hash", "3.2.5.3.2", &["C-068"])
        .at(Lcp)
        .edits(&["sstp.call-connect-ack#1 splice 15..16 04"])
        .says("an Ack that offers a hash nobody knows is answered by Abort")
        .expects(ABORT)
        .or(ENDED)
        .why(NO_HASH)
        .proved("client.takes-any-ack"),
    must("sstp/3.2.5.3.2/attribute-of-36", "3.2.5.3.2", &["C-072"])
        .at(Lcp)
        .edits(&[
            "sstp.call-connect-ack#1 splice 44..48 \"\"",
            "sstp.call-connect-ack#1 splice 2..4 00 2c",
            "sstp.call-connect-ack#1 splice 10..12 00 24",
        ])
        .says("a Crypto Binding Request of 36 bytes is answered by Abort")
        .expects(ABORT)
        .or(ENDED)
        .why("Its nonce is too short.")
        .proved("client.takes-any-ack"),
    must("sstp/3.2.5.3.2/attribute-of-44", "3.2.5.3.2", &["C-072"])
        .at(Lcp)
        .edits(&[
            "sstp.call-connect-ack#1 splice 48..48 00 00 00 00",
            "sstp.call-connect-ack#1 splice 2..4 00 34",
            "sstp.call-connect-ack#1 splice 10..12 00 2c",
        ])
        .says("a Crypto Binding Request of 44 bytes is answered by Abort")
        .expects(ABORT)
        .or(ENDED)
        .why("Nobody knows what the rest means.")
        .proved("client.takes-any-ack"),
    must("sstp/3.2.5.3.2/two-announced", "3.2.5.3.1", &["C-056"])
        .at(Lcp)
        .edits(&["sstp.call-connect-ack#1 splice 7..8 02"])
        .says("an Ack that announces two attributes and holds one is answered by Abort")
        .expects(ABORT)
        .or(ENDED)
        .why("What is malformed must not be guessed at.")
        .proved("client.takes-malformed"),
    must("sstp/3.2.5.3.2/second-ack", "3.2.5.3.2", &["C-077"])
        .at(Lcp)
        .edits(&["sstp.call-connect-ack#1 repeat 2"])
        .says("a second Ack: Abort, status 5")
        .expects(ABORT_5)
        .or(ENDED)
        .why("Two nonces cannot both be right.")
        .proved("client.takes-missteps"),
    must("sstp/3.2.5.3.3/nak-behind-the-ack", "3.2.5.3.3", &["C-078"])
        .at(Lcp)
        .edits(&["sstp.call-connect-ack#1 splice 9999..9999 10 01 00 16 00 03 00 01 00 02 00 0e 00 00 00 01 00 00 00 04 00 01"])
        .says("a Nak in one record behind the Ack: Abort, status 5")
        .expects(ABORT_5)
        .or(ENDED)
        .why("The request was granted already.")
        .proved("client.takes-missteps"),
    should("sstp/3.2.5.3.3/retry", "3.2.5.3.3", &["C-073"])
        .at(Lcp)
        .with(naks_once)
        .says("a Nak is answered by another request")
        .expects(RETRIES)
        .why("The server may have been out of sorts.")
        .proved("client.no-retry"),
    should("sstp/3.2.5.3.3/retry-comes-through", "3.2.5.3.3", &["C-073", "C-064"])
        .at(Lcp)
        .with(naks_once)
        .says("an Ack after a Nak starts PPP as any other")
        .expects(LINKED)
        .why("The retry is a request like the first.")
        .proved("client.no-retry"),
    must("sstp/3.2.5.3.3/retry-is-the-same", "2.2.9", &["C-061", "C-073"])
        .at(Lcp)
        .with(naks_once)
        .only_if(RETRIES, "the client does not retry after a Nak")
        .says("the request that follows a Nak has the form of the first")
        .expects(Expect::Is("equal requests", |view| {
            let mut raws = looks::all(view, view.peer, "sstp.call-connect-request").map(|pair| &pair.1.raw);
            let first = raws.next().ok_or("no request")?;
            looks::must(raws.all(|raw| raw == first), || "the requests differ".into())
        }))
        .why("There is nothing else to ask for.")
        .proved("client.other-retry"),
    must("sstp/3.2.5.3.3/retries-end", "3.2.5.3.3", &["C-074"])
        .at(Lcp)
        .with(naks_often)
        .says("a client that is Naked again and again gives up")
        .expects(ABORT)
        .or(ENDED)
        .why("It would go round in a circle.")
        .proved("client.retries-for-ever"),
    must("sstp/2.2.8/retries-end-with-6", "2.2.8", &["C-075"])
        .at(Lcp)
        .with(naks_often)
        .says("the Abort after too many Naks has status 6")
        .expects(Expect::Status("sstp.call-abort", None, &[6]))
        .or(ENDED)
        .why("The server's log names the reason.")
        .proved("client.abort-status"),
    must("sstp/3.2.5.3.3/nak-restarts-the-timer", "3.2.5.3.3", &["C-076"])
        .at(Lcp)
        .within(105)
        .with(naks_once)
        .edits(&["sstp.call-connect-nak#1 hold 50s", "sstp.call-connect-ack#* drop", "lcp.*#* drop"])
        .only_if(RETRIES, "the client does not retry after a Nak")
        .says("a Nak restarts the negotiation timer")
        .expects(Expect::All(&[Expect::Never("sstp.call-abort"), Expect::Never("sstp.call-disconnect"), Expect::Never("closed")]))
        .why("The server has just shown that it lives.")
        .proved("client.one-timer"),
    must("sstp/3.2.7.2/ppp-before-the-ack", "3.2.7.2", &["C-083"])
        .at(Lcp)
        .edits(&["sstp.call-connect-ack#1 before 10 00 00 10 ff 03 c0 21 01 33 00 08 01 04 05 78"])
        .says("LCP before the Ack is dropped")
        .expects(LINKED)
        .why("The server may have been early.")
        .proved("client.minds-early-ppp"),
    must("data/3.2.7.2/data-before-connected", "3.2.7.2", &["C-166"])
        .at(Binding)
        .edits(&["lcp.configure-request#1 before 10 00 00 1c ff 03 00 21 45 00 00 14 00 01 00 00 40 01 f6 dc c0 00 02 01 c0 00 02 0a"])
        .says("an IPv4 packet before Call Connected is dropped")
        .expects(super::BOUND)
        .why("It may have been on its way.")
        .proved("client.minds-early-ppp"),
    must("sstp/2.2.13/abort-layout", "2.2.13", &["C-084"])
        .at(Lcp)
        .edits(&["sstp.call-connect-ack#1 splice 15..16 00"])
        .only_if(Expect::Sends("sstp.call-abort"), "the client sends no Abort")
        .says("an Abort has one Status Info at most")
        .expects(Expect::Is("no or one Status Info", |view| {
            let message = abort(view)?;
            let infos = message.iter().filter(|one| matches!(one, Attribute::StatusInfo { .. })).count();
            looks::must(infos == message.len() && infos <= 1, || format!("{} attributes, {infos} of them Status Info", message.len()))
        }))
        .why("The server reads the reason there.")
        .proved("client.abort-twice-info"),
    should("sstp/2.2.13/abort-has-a-status", "2.2.13", &["C-084"])
        .edits(&["sstp.call-connect-ack#1 splice 15..16 00"])
        .only_if(Expect::Sends("sstp.call-abort"), "the client sends no Abort")
        .says("an Abort says why")
        .expects(Expect::Is("a Status Info of a known status", |view| {
            let status =
                abort(view)?.into_iter().find_map(|one| if let Attribute::StatusInfo { status, .. } = one { Some(status) } else { None });
            looks::must(status.is_some_and(|status| (1..=11).contains(&status)), || format!("status {}", shown(status)))
        }))
        .why("The server's log names the reason.")
        .proved("client.bare-abort"),
];

/// The attributes of the client's Abort.
fn abort(view: &crate::jobs::conformance::expect::View<'_>) -> Result<Vec<Attribute>, String> {
    let event = view.after().find(|event| matches!(&event.what, What::Sstp(message) if message.kind == MessageType::CallAbort));
    match event.map(|event| &event.what) {
        Some(What::Sstp(message)) => Ok(message.attributes.clone()),
        _ => Err("no sstp.call-abort".into()),
    }
}
