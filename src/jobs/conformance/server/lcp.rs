//! Link negotiation. RFC 1661.

use super::rfc;
use crate::base::Layer::{Auth, Lcp, Sstp};
use crate::jobs::conformance::case::{Level, Row};
use crate::jobs::conformance::expect::{Expect, View, name, shown};
use crate::transcript::{Event, What};
use crate::wire::control::{self, Opt, Packet};
use crate::wire::ncp::{AUTH_PROTOCOL, MAGIC};
use crate::wire::ppp::{Body, Frame};

const ACK: Expect = Expect::Sends("lcp.configure-ack");
const REJECT: Expect = Expect::Sends("lcp.configure-reject");
/// What came before did no harm: the good request behind it is acknowledged. That LCP is given up later, since our end does not answer
/// the server's own request, is another matter.
pub(super) const ALIVE: Expect = Expect::All(&[
    ACK,
    Expect::Is("nothing ends before it", |view| {
        let ends = |name: &String| matches!(name.as_str(), "lcp.configure-ack" | "sstp.call-abort" | "closed");
        match view.after().filter_map(name).find(ends) {
            Some(end) if end != "lcp.configure-ack" => Err(format!("{end} came")),
            _ => Ok(()),
        }
    }),
]);

const OWN_MAGIC: (Expect, &str) = (
    Expect::Is("a magic number of its own", |view| {
        let own = requests(view).iter().flatten().any(|option| option.kind == MAGIC);
        if own { Ok(()) } else { Err(String::new()) }
    }),
    "the server sends no magic number",
);

/// RFC 1661 4.1: what acknowledges something else opens nothing. Whether the request is repeated is another case.
const NOT_OPENED: Expect = Expect::All(&[
    Expect::Is("no login is asked for before another Configure-Request", |view| {
        let logs_in = |name: &str| ["chap.challenge", "eap."].iter().any(|start| name.starts_with(start));
        let first = view.after().filter_map(name).find(|name| logs_in(name) || name == "lcp.configure-request");
        first.filter(|name| logs_in(name)).map_or(Ok(()), |name| Err(format!("{name} came")))
    }),
    // Nor is it a reason to hang up; a server that asks once only gives LCP up when its restart timer of 3 s has run out.
    Expect::Any(&[Expect::Never("closed"), Expect::Within("closed", 2_500, 60_000)]),
]);

pub(super) const ROWS: &[Row] = &[
    rfc(Level::Must, "lcp/5.1/sends-a-request", 1661, "5.1", &["S-173"])
        .at(Lcp)
        .says("the server sends Configure-Request")
        .expects(Expect::Sends("lcp.configure-request"))
        .why("Without it LCP does not open.")
        .proved("lcp.mutant-mute"),
    rfc(Level::Must, "lcp/3.5/demands-authentication", 1661, "3.5", &["S-174"])
        .at(Lcp)
        .says("the server demands authentication in LCP")
        .expects(Expect::Is("option 3 in a Configure-Request", |view| {
            let asks = requests(view).iter().any(|options| options.iter().any(|option| option.kind == AUTH_PROTOCOL));
            if asks { Ok(()) } else { Err("no Authentication-Protocol".to_string()) }
        }))
        .why("Otherwise anybody gets in.")
        .proved("auth.mutant-none"),
    rfc(Level::Must, "lcp/6.2/one-method-at-a-time", 1661, "6.2", &["S-175"])
        .at(Lcp)
        .says("a Configure-Request names one authentication protocol at most")
        .expects(Expect::All(&[Expect::Sends("lcp.configure-request"), Expect::Is("option 3 once at most", |view| {
            let twice = requests(view).iter().any(|options| options.iter().filter(|option| option.kind == AUTH_PROTOCOL).count() > 1);
            if twice { Err("Authentication-Protocol twice".to_string()) } else { Ok(()) }
        })]))
        .why("Nobody could say which one counts.")
        .proved("lcp.mutant-two-methods"),
    rfc(Level::Must, "lcp/5.1/request-is-answered", 1661, "5.1", &["S-177"])
        .edits(&["sstp.call-disconnect#1 instead 10 00 00 10 ff 03 c0 21 01 51 00 08 01 04 05 78"])
        .says("every Configure-Request is answered")
        .expects(Expect::Any(&[ACK, REJECT, Expect::Sends("lcp.configure-nak")]))
        .why("Silence costs 3 s each time.")
        .proved("lcp.mutant-no-replies"),
    rfc(Level::Must, "lcp/5.2/ack-is-a-copy", 1661, "5.2", &["S-178", "S-179"])
        .edits(&["sstp.call-disconnect#1 instead 10 00 00 16 ff 03 c0 21 01 52 00 0e 05 06 11 22 33 44 01 04 05 78"])
        .only_if(ACK, "the server does not take MRU and Magic-Number")
        .says("Configure-Ack repeats identifier and options byte for byte, in their order")
        .expects(Expect::Is("02 52 00 0e 05 06 11 22 33 44 01 04 05 78", |view| {
            let ack = view.named("lcp.configure-ack").next().ok_or("no Configure-Ack")?;
            let wanted = [2, 0x52, 0, 14, 5, 6, 0x11, 0x22, 0x33, 0x44, 1, 4, 5, 0x78];
            if ack.raw.ends_with(&wanted) { Ok(()) } else { Err(crate::base::hex(&ack.raw)) }
        }))
        .why("The client compares it.")
        .proved("lcp.mutant-ack-altered"),
    rfc(Level::Must, "lcp/5.4/unknown-option-alone", 1661, "5.4", &["S-180"])
        .edits(&["sstp.call-disconnect#1 instead 10 00 00 15 ff 03 c0 21 01 53 00 0d 01 04 05 78 fe 05 01 02 03"])
        .says("Configure-Reject lists the unknown option alone, as it was")
        .expects(Expect::Is("04 53 00 09 fe 05 01 02 03", |view| rejected(view, &[4, 0x53, 0, 9, 0xfe, 5, 1, 2, 3])))
        .why("What is listed is left out next time.")
        .proved("lcp.mutant-reject-altered"),
    rfc(Level::Must, "lcp/5.4/rejected-in-order", 1661, "5.4", &["S-181"])
        .edits(&["sstp.call-disconnect#1 instead 10 00 00 10 ff 03 c0 21 01 54 00 08 fe 02 fd 02"])
        .says("rejected options keep their order")
        .expects(Expect::Is("04 54 00 08 fe 02 fd 02", |view| rejected(view, &[4, 0x54, 0, 8, 0xfe, 2, 0xfd, 2])))
        .why("RFC 1661 5.4.")
        .proved("lcp.mutant-reject-altered"),
    rfc(Level::Must, "lcp/5.3/reject-before-nak", 1661, "5.3", &["S-182"])
        .edits(&["sstp.call-disconnect#1 instead 10 00 00 14 ff 03 c0 21 01 55 00 0c 05 06 00 00 00 00 fe 02"])
        .says("an unknown option is rejected before a bad value is naked")
        .expects(Expect::All(&[
            Expect::Never("lcp.configure-nak"),
            Expect::Is("fe 02 in a Configure-Reject with its identifier", |view| {
                let reject = view.named("lcp.configure-reject").next().ok_or("no Configure-Reject")?;
                let right = reject.raw.ends_with(&[0xfe, 2]) && reject.raw.get(9) == Some(&0x55);
                if right { Ok(()) } else { Err(crate::base::hex(&reject.raw)) }
            }),
        ]))
        .why("RFC 1661 5.3: a Nak may list nothing that is rejected.")
        .proved("lcp.mutant-reject-altered"),
    rfc(Level::Must, "lcp/5.3/flags-are-not-naked", 1661, "5.3", &["S-183"])
        .edits(&["sstp.call-disconnect#1 instead 10 00 00 10 ff 03 c0 21 01 56 00 08 07 02 08 02"])
        .says("PFC and ACFC are acknowledged or rejected, never naked")
        .expects(Expect::All(&[Expect::Any(&[ACK, REJECT]), Expect::Never("lcp.configure-nak")]))
        .why("They have no value to suggest.")
        .proved("lcp.mutant-naks-flags"),
    rfc(Level::Must, "lcp/5.2/ack-of-another-id", 1661, "5.2", &["S-184"])
        .at(Lcp)
        .edits(&["lcp.configure-ack#1 set identifier=0xee", "sstp.call-disconnect#* drop"])
        .says("a Configure-Ack with another identifier is discarded")
        .expects(NOT_OPENED)
        .why("It answers an older request.")
        .proved("lcp.mutant-any-ack"),
    rfc(Level::Must, "lcp/5.2/ack-of-other-options", 1661, "5.2", &["S-185"])
        .at(Lcp)
        .edits(&["lcp.configure-ack#1 flip magic-number.0", "sstp.call-disconnect#* drop"])
        .only_if(Expect::Is("a magic number asked for", |view| {
            let asked = requests(view).iter().any(|options| options.iter().any(|option| option.kind == 5));
            if asked { Ok(()) } else { Err(String::new()) }
        }), "the server asks for no magic number")
        .says("a Configure-Ack with other options is discarded")
        .expects(NOT_OPENED)
        .why("The ends would believe different things.")
        .proved("lcp.mutant-any-ack"),
    rfc(Level::Must, "lcp/5.4/rejected-is-not-offered-again", 1661, "5.4", &["S-186"])
        .at(Sstp)
        .edits(&["sstp.call-disconnect#1 instead 10 00 00 10 ff 03 c0 21 04 01 00 08 01 04 0f fb"])
        .only_if(Expect::Is("MRU 4091 asked for with identifier 1", asks_mru), "the server asks for no MRU of 4091")
        .says("an option that we reject is not asked for again")
        .expects(Expect::Is("a Configure-Request without MRU", |view| {
            let (seen, again) = later(view, |options| options.iter().any(|option| option.kind == 1));
            if seen && !again { Ok(()) } else { Err("MRU again, or no further request".to_string()) }
        }))
        .why("Otherwise LCP never converges.")
        .proved("lcp.mutant-deaf"),
    rfc(Level::Should, "lcp/5.3/nak-is-followed", 1661, "5.3", &["S-187", "S-190"])
        .at(Sstp)
        .edits(&["sstp.call-disconnect#1 instead 10 00 00 10 ff 03 c0 21 03 01 00 08 01 04 05 78"])
        .only_if(Expect::Is("MRU 4091 asked for with identifier 1", asks_mru), "the server asks for no MRU of 4091")
        .says("a Nak changes the next request, and its identifier")
        .expects(Expect::Is("a new identifier, and MRU 1400 or none", |view| {
            let asks = |packet: &&Packet| packet.code == control::CONFIGURE_REQUEST && packet.id != 1;
            let packet = view.after().filter_map(lcp).find(asks).ok_or("no request with a new identifier")?;
            let options = packet.options(crate::base::Layer::Lcp).unwrap_or_default();
            let mru = options.iter().find(|option| option.kind == 1).and_then(Opt::u16);
            if mru.is_none_or(|mru| mru == 1400) { Ok(()) } else { Err(format!("identifier {}, MRU {}", packet.id, shown(mru))) }
        }))
        .why("Otherwise LCP never converges.")
        .proved("lcp.mutant-deaf"),
    rfc(Level::Derived, "lcp/4.6/request-is-repeated", 1661, "4.6", &["S-188"])
        .at(Sstp)
        .within(8)
        .edits(&["sstp.call-disconnect#1 instead 10 00 00 10 ff 03 c0 21 01 51 00 08 01 04 05 78"])
        .says("a Configure-Request without an answer is sent again; the restart timer should be 3 s")
        .expects(Expect::Volunteers("lcp.configure-request", 2))
        .why("The first may be dropped by a client that is not ready.")
        .proved("lcp.mutant-asks-once"),
    rfc(Level::Derived, "lcp/4.6/gives-up", 1661, "4.6", &["S-189"])
        .at(Sstp)
        .within(70)
        .edits(&["sstp.call-disconnect#1 drop"])
        .says("LCP without any answer is given up within 60 s")
        .expects(super::ENDED)
        .why("Session slots must not be held for nothing.")
        .proved("lcp.mutant-patient"),
    rfc(Level::Must, "lcp/5/length-past-the-frame", 1661, "5", &["S-191"])
        .edits(&["sstp.call-disconnect#1 instead 10 00 00 10 ff 03 c0 21 01 57 00 30 01 04 05 78 10 00 00 10 ff 03 c0 21 01 58 00 08 01 04 05 78"])
        .says("a packet whose length runs past the frame is discarded")
        .expects(Expect::All(&[ALIVE, Expect::Is("the next one alone is answered", |view| answered_only(view, 0x58))]))
        .why("RFC 1661 5.")
        .proved("lcp.mutant-bad-frame-ends"),
    rfc(Level::Must, "lcp/5/echo-past-the-frame", 1661, "5", &["S-191"])
        .at(Lcp)
        .edits(&["sstp.call-disconnect#1 instead 10 00 00 10 ff 03 c0 21 09 71 00 40 00 00 00 00 10 00 00 10 ff 03 c0 21 09 72 00 08 00 00 00 00"])
        .says("an Echo-Request whose length runs past the frame is discarded, and not filled up")
        .expects(Expect::All(&[Expect::Is("the next one alone is answered", |view| {
            let wrong = echo_replies(view).find(|packet| packet.id == 0x71);
            wrong.map_or(Ok(()), |packet| Err(format!("identifier 0x71 was answered with {} bytes", packet.data.len() + 4)))
        }), super::ALIVE]))
        .why("What it is filled up with is memory of the server: Heartbleed was no other.")
        .proved("lcp.mutant-length-leaks"),
    rfc(Level::Must, "lcp/5/padding", 1661, "5", &["S-192"])
        .edits(&["sstp.call-disconnect#1 instead 10 00 00 18 ff 03 c0 21 01 59 00 08 01 04 05 78 aa bb cc dd aa bb cc dd"])
        .says("bytes behind the length are padding, and not echoed")
        .expects(Expect::Is("02 59 00 08 01 04 05 78", |view| {
            let ack = view.named("lcp.configure-ack").next().ok_or("no Configure-Ack")?;
            if ack.raw.ends_with(&[2, 0x59, 0, 8, 1, 4, 5, 0x78]) { Ok(()) } else { Err(crate::base::hex(&ack.raw)) }
        }))
        .why("RFC 1661 5.")
        .proved("lcp.mutant-padding-read"),
    rfc(Level::Must, "lcp/6/option-past-the-packet", 1661, "6", &["S-193"])
        .edits(&["sstp.call-disconnect#1 instead 10 00 00 10 ff 03 c0 21 01 5a 00 08 01 40 05 78 10 00 00 10 ff 03 c0 21 01 5b 00 08 01 04 05 78"])
        .says("an option that runs past the packet does no harm")
        .expects(ALIVE)
        .why("Reading on is reading foreign memory.")
        .proved("lcp.mutant-bad-option-ends"),
    rfc(Level::Must, "lcp/6/option-of-length-0", 1661, "6", &["S-194"])
        .edits(&["sstp.call-disconnect#1 instead 10 00 00 10 ff 03 c0 21 01 5c 00 08 01 00 01 01 10 00 00 10 ff 03 c0 21 01 5d 00 08 01 04 05 78"])
        .says("an option of length 0 does not loop the server")
        .expects(ALIVE)
        .why("A loop takes the server with it.")
        .proved("lcp.mutant-bad-option-ends"),
    rfc(Level::Derived, "lcp/6/bad-option-is-answered-once", 1661, "5.1", &["S-177", "S-193"])
        .edits(&["sstp.call-disconnect#1 instead 10 00 00 10 ff 03 c0 21 01 5c 00 08 01 ff 05 78 10 00 00 10 ff 03 c0 21 01 5d 00 08 01 04 05 78"])
        .says("a request with an option of a wrong length draws one answer at most")
        .expects(Expect::All(&[ACK, Expect::Is("one answer at most to 5c", |view| {
            let answers = view.after().filter_map(lcp).filter(|packet| packet.id == 0x5c && (2..=4).contains(&packet.code)).count();
            if answers <= 1 { Ok(()) } else { Err(format!("{answers} answers to one request")) }
        })]))
        .why("A small packet that draws many is a lever for whoever floods.")
        .proved("lcp.mutant-option-loops"),
    rfc(Level::Must, "lcp/5.6/unknown-code", 1661, "5.6", &["S-195"])
        .edits(&["sstp.call-disconnect#1 instead 10 00 00 10 ff 03 c0 21 20 5e 00 08 de ad be ef"])
        .says("an unknown code is answered by Code-Reject that quotes it")
        .expects(Expect::Is("Code-Reject with 20 5e 00 08 de ad be ef", |view| {
            let reject = view.named("lcp.code-reject").next().ok_or("no Code-Reject")?;
            if reject.raw.ends_with(&[0x20, 0x5e, 0, 8, 0xde, 0xad, 0xbe, 0xef]) { Ok(()) } else { Err(crate::base::hex(&reject.raw)) }
        }))
        .why("The client learns that the server is older.")
        .proved("lcp.mutant-no-code-reject"),
    rfc(Level::Must, "lcp/5.5/terminate", 1661, "5.5", &["S-196"])
        .edits(&["sstp.call-disconnect#1 instead 10 00 00 0c ff 03 c0 21 05 5f 00 04"])
        .says("Terminate-Request is acknowledged with its identifier")
        .expects(Expect::Is("06 5f 00 04", |view| {
            let ack = view.named("lcp.terminate-ack").next().ok_or("no Terminate-Ack")?;
            if ack.raw.get(8..10) == Some(&[6, 0x5f]) { Ok(()) } else { Err(crate::base::hex(&ack.raw)) }
        }))
        .why("The client waits for it.")
        .proved("lcp.mutant-no-terminate-ack"),
    rfc(Level::Must, "lcp/5.5/terminate-when-opened", 1661, "5.5", &["S-196"])
        .at(Lcp)
        .edits(&["sstp.call-disconnect#1 instead 10 00 00 0c ff 03 c0 21 05 60 00 04"])
        .says("Terminate-Request is acknowledged when LCP is open")
        .expects(Expect::Sends("lcp.terminate-ack"))
        .why("The client waits for it.")
        .proved("lcp.mutant-no-terminate-ack"),
    rfc(Level::Must, "lcp/5.8/echo", 1661, "5.8", &["S-197"])
        .at(Lcp)
        .edits(&["sstp.call-disconnect#1 instead 10 00 00 14 ff 03 c0 21 09 61 00 0c 00 00 00 00 ca fe ba be"])
        .says("Echo-Request is answered with its identifier and data")
        .expects(Expect::Is("0a 61 00 0c, a magic number, ca fe ba be", |view| {
            let reply = view.named("lcp.echo-reply").next().ok_or("no Echo-Reply")?;
            let right = reply.raw.get(8..10) == Some(&[10, 0x61]) && reply.raw.ends_with(&[0xca, 0xfe, 0xba, 0xbe]);
            if right { Ok(()) } else { Err(crate::base::hex(&reply.raw)) }
        }))
        .why("Clients measure the line by it.")
        .proved("lcp.mutant-no-echo"),
    rfc(Level::Must, "lcp/5.8/echo-with-a-high-identifier", 1661, "5.8", &["S-197"])
        .at(Lcp)
        .edits(&["sstp.call-disconnect#1 instead 10 00 00 10 ff 03 c0 21 09 e1 00 08 00 00 00 00"])
        .says("an identifier above 127 comes back whole in Echo-Reply")
        .expects(Expect::Is("identifier 0xe1", |view| {
            let reply = echo_replies(view).next().ok_or("no Echo-Reply")?;
            if reply.id == 0xe1 { Ok(()) } else { Err(format!("identifier 0x{:02x}", reply.id)) }
        }))
        .why("Half of all identifiers are as high; the client takes the answer for one to another request.")
        .proved("lcp.mutant-identifier-cut"),
    rfc(Level::Must, "lcp/6.4/echo-magic", 1661, "6.4", &["S-198"])
        .at(Lcp)
        .edits(&["sstp.call-disconnect#1 instead 10 00 00 10 ff 03 c0 21 09 62 00 08 12 34 56 78"])
        .says("Echo-Reply bears the server's own magic number, or zero")
        .expects(Expect::Is("its own magic number", |view| {
            let reply = view.named("lcp.echo-reply").next().ok_or("no Echo-Reply")?;
            let magic = reply.raw.get(12..16).unwrap_or_default();
            let own = requests(view).iter().flatten().any(|option| option.kind == 5 && option.value.0 == magic);
            if own || magic == [0; 4] { Ok(()) } else { Err(format!("magic number {}", crate::base::hex(magic))) }
        }))
        .why("The peer's own number coming back means a loop.")
        .proved("lcp.mutant-echo-magic"),
    rfc(Level::Must, "lcp/5.8/echo-too-early", 1661, "5.8", &["S-199"])
        .edits(&["sstp.call-disconnect#1 instead 10 00 00 10 ff 03 c0 21 09 63 00 08 00 00 00 00 10 00 00 10 ff 03 c0 21 01 64 00 08 01 04 05 78"])
        .says("Echo-Request before LCP is open is discarded")
        .expects(Expect::All(&[Expect::Never("lcp.echo-reply"), ALIVE]))
        .why("RFC 1661 5.8.")
        .proved("lcp.mutant-answers-early"),
    rfc(Level::Must, "lcp/5.9/discard", 1661, "5.9", &["S-200"])
        .at(Lcp)
        .edits(&["sstp.call-disconnect#1 instead 10 00 00 10 ff 03 c0 21 0b 65 00 08 00 00 00 00 10 00 00 10 ff 03 c0 21 09 66 00 08 00 00 00 00"])
        .says("Discard-Request is dropped")
        .expects(Expect::All(&[Expect::Sends("lcp.echo-reply"), Expect::Never("lcp.code-reject"), Expect::Never("closed")]))
        .why("RFC 1661 5.9.")
        .proved("lcp.mutant-discard-rejected"),
    rfc(Level::Must, "lcp/5.7/unknown-protocol", 1661, "5.7", &["S-201", "S-202"])
        .at(Auth)
        .edits(&["sstp.call-disconnect#1 instead 10 00 00 0a ff 03 c0 ff aa bb"])
        .says("an unknown protocol is answered by Protocol-Reject that quotes it")
        .expects(Expect::Is("Protocol-Reject with c0 ff aa bb", |view| {
            let reject = view.named("lcp.protocol-reject").next().ok_or("no Protocol-Reject")?;
            if reject.raw.ends_with(&[0xc0, 0xff, 0xaa, 0xbb]) { Ok(()) } else { Err(crate::base::hex(&reject.raw)) }
        }))
        .why("Otherwise the client asks for ever.")
        .proved("lcp.mutant-no-protocol-reject"),
    rfc(Level::Must, "lcp/5.7/unknown-protocol-too-early", 1661, "5.7", &["S-203"])
        .edits(&["sstp.call-disconnect#1 instead 10 00 00 0a ff 03 40 21 aa bb 10 00 00 10 ff 03 c0 21 01 67 00 08 01 04 05 78"])
        .says("no Protocol-Reject before LCP is open")
        .expects(Expect::All(&[Expect::Never("lcp.protocol-reject"), ALIVE]))
        .why("RFC 1661 5.7.")
        .proved("lcp.mutant-answers-early"),
    rfc(Level::Must, "lcp/3.4/pap-too-early", 1661, "3.4", &["S-204"])
        .edits(&["sstp.call-disconnect#1 instead 10 00 00 10 ff 03 c0 23 01 01 00 08 01 61 01 62 10 00 00 10 ff 03 c0 21 01 68 00 08 01 04 05 78"])
        .says("PAP before LCP is open is discarded")
        .expects(Expect::All(&[Expect::Never("pap.*"), ALIVE]))
        .why("RFC 1661 3.4.")
        .proved("lcp.mutant-answers-early"),
    rfc(Level::Must, "lcp/3.4/renegotiation", 1661, "3.4", &["S-205"])
        .at(Auth)
        .edits(&["sstp.call-disconnect#1 instead 10 00 00 10 ff 03 c0 21 01 69 00 08 01 04 05 78"])
        .says("Configure-Request when LCP is open begins the negotiation anew")
        .expects(Expect::Any(&[Expect::All(&[ACK, Expect::Sends("lcp.configure-request")]), super::ENDED]))
        .why("RFC 1661 4.3: the peer has started again.")
        .proved("lcp.mutant-no-second-ack"),
    rfc(Level::Must, "lcp/6.4/magic-zero", 1661, "6.4", &["S-206"])
        .edits(&["sstp.call-disconnect#1 instead 10 00 00 12 ff 03 c0 21 01 6a 00 0a 05 06 00 00 00 00"])
        .says("a magic number of zero is naked or rejected")
        .expects(Expect::Any(&[Expect::Sends("lcp.configure-nak"), REJECT]))
        .why("Zero is no magic number.")
        .proved("lcp.mutant-no-nak"),
    rfc(Level::Should, "lcp/6.4/magic-of-its-own", 1661, "6.4", &["S-207"])
        .at(Lcp)
        .edits(&["lcp.configure-request#2 copy magic-number", "lcp.configure-request#1 drop"])
        .only_if(OWN_MAGIC.0, OWN_MAGIC.1)
        .says("a request with the magic number of the server is naked")
        .expects(Expect::Sends("lcp.configure-nak"))
        .or(Expect::Any(&[REJECT, Expect::Sends("closed")]))
        .why("The line may be a loop.")
        .proved("lcp.mutant-no-nak"),
    rfc(Level::Must, "lcp/6.4/magic-is-not-rejected", 1661, "6.4", &["S-208"])
        .edits(&["sstp.call-disconnect#1 instead 10 00 00 12 ff 03 c0 21 01 6b 00 0a 05 06 12 34 56 78"])
        .only_if(OWN_MAGIC.0, OWN_MAGIC.1)
        .says("a server that sends a magic number takes one")
        .expects(Expect::Any(&[ACK, Expect::Sends("lcp.configure-nak")]))
        .why("RFC 1661 6.4.")
        .proved("lcp.mutant-rejects-all"),
    rfc(Level::Should, "lcp/6.1/mru-fits", 1661, "6.1", &["S-214"])
        .at(Lcp)
        .says("the MRU of the server is 4091 at most")
        .expects(Expect::All(&[Expect::Sends("lcp.configure-request"), Expect::Is("MRU 4091 at most", |view| {
            let mru = requests(view).iter().flatten().filter(|option| option.kind == 1).filter_map(Opt::u16).max();
            mru.filter(|mru| *mru > 4091).map_or(Ok(()), |mru| Err(format!("MRU {mru}")))
        })]))
        .why("No larger frame fits into a packet.")
        .proved("lcp.mutant-large-mru"),
    rfc(Level::Interop, "lcp/2.3/callback", 1570, "2.3", &["S-215"])
        .edits(&["sstp.call-disconnect#1 instead 10 00 00 0f ff 03 c0 21 01 6c 00 07 0d 03 06"])
        .says("the callback option of Windows clients is rejected")
        .expects(REJECT)
        .why("Windows asks for it in every call.")
        .proved("lcp.mutant-no-reject"),
    rfc(Level::Derived, "lcp/3.5/their-authentication", 1661, "3.5", &["S-242"])
        .edits(&["sstp.call-disconnect#1 instead 10 00 00 10 ff 03 c0 21 01 6d 00 08 03 04 c0 23"])
        .says("a demand that the server authenticates itself is answered")
        .expects(Expect::Any(&[ACK, REJECT, Expect::Sends("lcp.configure-nak")]))
        .why("pppd may ask for it.")
        .proved("lcp.mutant-no-replies"),
    rfc(Level::Derived, "lcp/6/empty-request", 1661, "5.1", &["S-177"])
        .edits(&["sstp.call-disconnect#1 instead 10 00 00 0c ff 03 c0 21 01 6e 00 04"])
        .says("a Configure-Request without options is acknowledged")
        .expects(ACK)
        .why("Nothing in it can be wrong.")
        .proved("lcp.mutant-no-ack"),
    rfc(Level::Derived, "lcp/5/repeated-request", 1661, "5.1", &["S-177"])
        .edits(&["sstp.call-disconnect#1 instead 10 00 00 10 ff 03 c0 21 01 6f 00 08 01 04 05 78", "sstp.call-disconnect#1 repeat 3"])
        .says("a repeated Configure-Request is acknowledged each time")
        .expects(Expect::Count("lcp.configure-ack", 3))
        .why("The first answer may be lost.")
        .proved("lcp.mutant-no-ack"),
    rfc(Level::Derived, "lcp/5.2/other-request-of-the-same-id", 1661, "5.2", &["S-178"])
        .edits(&["sstp.call-disconnect#1 instead 10 00 00 10 ff 03 c0 21 01 70 00 08 01 04 05 78 10 00 00 12 ff 03 c0 21 01 70 00 0a 05 06 12 34 56 78"])
        .says("a request is answered by what is in it, not by the answer to one of the same identifier")
        .expects(Expect::All(&[Expect::Any(&[ACK, REJECT, Expect::Sends("lcp.configure-nak")]), Expect::Is("no answer twice", |view| {
            let answers: Vec<&Packet> = view.after().filter_map(lcp).filter(|packet| packet.id == 0x70).collect();
            let twice = answers.windows(2).any(|pair| matches!(pair, [one, other] if one == other));
            if twice { Err("the first answer came again".to_string()) } else { Ok(()) }
        })]))
        .why("Identifiers come round; an Ack of options that were not asked for is discarded, and LCP never opens.")
        .proved("lcp.mutant-identifier-replays"),
];

fn echo_replies<'a>(view: &View<'a>) -> impl Iterator<Item = &'a Packet> + use<'a> {
    view.after().filter_map(lcp).filter(|packet| packet.code == control::ECHO_REPLY)
}

fn lcp(event: &Event) -> Option<&Packet> {
    match &event.what {
        What::Ppp(Frame { body: Body::Lcp(packet), .. }) => Some(packet),
        _ => None,
    }
}

/// The options of every Configure-Request of the server.
fn requests(view: &View<'_>) -> Vec<Vec<Opt>> {
    let packets = view.always().filter_map(lcp).filter(|packet| packet.code == control::CONFIGURE_REQUEST);
    packets.map(|packet| packet.options(crate::base::Layer::Lcp).unwrap_or_default()).collect()
}

/// Whether a request followed the stimulus, and whether any of them is as `like` says. The one with identifier 1 crossed it.
fn later(view: &View<'_>, like: fn(&[Opt]) -> bool) -> (bool, bool) {
    let packets: Vec<Vec<Opt>> = view
        .after()
        .filter_map(lcp)
        .filter(|packet| packet.code == control::CONFIGURE_REQUEST && packet.id != 1)
        .map(|packet| packet.options(crate::base::Layer::Lcp).unwrap_or_default())
        .collect();
    (!packets.is_empty(), packets.iter().any(|options| like(options)))
}

fn asks_mru(view: &View<'_>) -> Result<(), String> {
    let first = view.always().filter_map(lcp).find(|packet| packet.code == control::CONFIGURE_REQUEST);
    let asked = first.is_some_and(|packet| {
        packet.id == 1 && packet.options(crate::base::Layer::Lcp).is_ok_and(|options| options.contains(&Opt::new(1, [0x0f, 0xfb])))
    });
    if asked { Ok(()) } else { Err(String::new()) }
}

fn rejected(view: &View<'_>, wanted: &[u8]) -> Result<(), String> {
    let reject = view.named("lcp.configure-reject").next().ok_or("no Configure-Reject")?;
    if reject.raw.ends_with(wanted) { Ok(()) } else { Err(crate::base::hex(&reject.raw)) }
}

fn answered_only(view: &View<'_>, id: u8) -> Result<(), String> {
    let other =
        view.after().filter(|event| name(event).is_some_and(|name| name == "lcp.configure-ack")).filter_map(lcp).find(|p| p.id != id);
    other.map_or(Ok(()), |packet| Err(format!("identifier 0x{:02x} was answered", packet.id)))
}
