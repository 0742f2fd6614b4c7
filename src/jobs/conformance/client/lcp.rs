//! The link: RFC 1661 as a client has to speak it.

use super::looks::{self, Seen};
use super::{ENDED, LINKED, rfc};
use crate::base::Layer::{Data, Lcp, Ncp};
use crate::base::{Side, SpecRef};
use crate::jobs::conformance::case::Level::{Derived, Interop, Must, Should};
use crate::jobs::conformance::case::{Base, Case, Row};
use crate::jobs::conformance::expect::{Expect, View, shown};
use crate::wire::control::{CONFIGURE_ACK, CONFIGURE_REJECT};
use crate::wire::ncp::{AUTH_PROTOCOL, MAGIC, MRU};
use std::time::Duration;

const REPLY: Expect =
    Expect::Any(&[Expect::Sends("lcp.configure-ack"), Expect::Sends("lcp.configure-nak"), Expect::Sends("lcp.configure-reject")]);

pub(super) const ROWS: &[Row] = &[
    rfc(Must, "lcp/5.1/request-after-the-ack", 1661, "5.1", &["C-120"])
        .at(Lcp)
        .says("Configure-Request follows the Ack")
        .expects(Expect::Sends("lcp.configure-request"))
        .why("Both ends have to ask.")
        .proved("client.lcp-mute"),
    rfc(Must, "lcp/5.2/ack-repeats-the-request", 1661, "5.2", &["C-121"])
        .at(Lcp)
        .says("Configure-Ack repeats the options byte for byte")
        .expects(Expect::Is("an Ack equal to the request", |view| {
            let mut asked = looks::all(view, Side::Server, "lcp.configure-request").filter_map(|pair| looks::went_out(pair.1));
            let ack = looks::packet(looks::first(view, "lcp.configure-ack")?).ok_or("no packet")?;
            looks::must(asked.any(|asked| asked.id == ack.id && asked.data == ack.data), || crate::base::hex(&ack.data))
        }))
        .why("The server may compare.")
        .proved("client.lcp-ack-altered"),
    rfc(Must, "lcp/5.4/unknown-options", 1661, "5.4", &["C-122"])
        .at(Lcp)
        .edits(&["lcp.configure-request#1 instead 10 00 00 22 ff 03 c0 21 01 01 00 1a 01 04 0f fb fe 04 00 01 03 05 c2 23 81 fd 03 07 05 06 81 22 33 44"])
        .says("unknown options are rejected, only they, and in their order")
        .expects(Expect::Is("a Reject of FE and FD", |view| {
            let reject = looks::packet(looks::first(view, "lcp.configure-reject")?).ok_or("no packet")?;
            looks::must(reject.data.0 == [0xfe, 4, 0, 1, 0xfd, 3, 7], || crate::base::hex(&reject.data))
        }))
        .why("What is not rejected is agreed on.")
        .proved("client.acks-all"),
    rfc(Must, "lcp/5.3/unwanted-method", 1661, "5.3", &["C-123"])
        .at(Lcp)
        .edits(&["lcp.configure-request#1 set authentication-protocol=0xc22380"])
        .says("a method that the client does not want is Naked with one that it does")
        .expects(Expect::Is("a Nak with another method", |view| {
            let nak = looks::packet(looks::first(view, "lcp.configure-nak")?).ok_or("no packet")?;
            let wish = looks::options(nak).into_iter().find(|option| option.kind == AUTH_PROTOCOL).ok_or("a Nak of something else")?;
            looks::must(wish.value.0 != [0xc2, 0x23, 0x80], || "the same method".into())
        }))
        .or(Expect::Sends("lcp.configure-reject"))
        .why("MS-CHAPv1 has been broken for long.")
        .proved("client.acks-all"),
    rfc(Must, "lcp/5.2/stale-ack", 1661, "5.2", &["C-125"])
        .at(Data)
        .edits(&["lcp.configure-ack#1 set identifier=0xe7"])
        .says("an Ack with another identifier is discarded, and the request repeated")
        .expects(Expect::Sends("lcp.configure-request"))
        .why("It answers something else.")
        .proved("client.takes-stale"),
    rfc(Must, "lcp/5.3/stale-nak", 1661, "5.3", &["C-125"])
        .at(Data)
        .edits(&["lcp.configure-ack#1 instead 10 00 00 10 ff 03 c0 21 03 e7 00 08 01 04 05 78"])
        .says("a Nak with another identifier is discarded")
        .expects(Expect::Is("a request that does not follow it", |view| {
            let asked = view.named("lcp.configure-request").next().and_then(looks::packet).ok_or("no request")?;
            let mru = looks::options(asked).iter().find(|option| option.kind == MRU).and_then(|option| option.u16());
            looks::must(mru != Some(1400), || "MRU 1400".into())
        }))
        .why("It answers something else.")
        .proved("client.takes-stale"),
    rfc(Must, "lcp/5.4/stale-reject", 1661, "5.4", &["C-125"])
        .at(Data)
        .edits(&["lcp.configure-ack#1 instead 10 00 00 12 ff 03 c0 21 04 e7 00 0a 05 06 81 22 33 44"])
        .says("a Reject with another identifier is discarded")
        .expects(Expect::Is("a request with all that was asked for before", |view| {
            let kinds = |event| looks::packet(event).map(|packet| looks::options(packet).iter().map(|option| option.kind).collect::<Vec<u8>>());
            let before = kinds(looks::first(view, "lcp.configure-request")?).unwrap_or_default();
            let after = view.named("lcp.configure-request").next().and_then(kinds).ok_or("no other request")?;
            looks::must(before == after, || format!("options {after:?} in place of {before:?}"))
        }))
        .why("It answers something else.")
        .proved("client.takes-stale"),
    rfc(Must, "lcp/5.4/rejected-mru", 1661, "5.4", &["C-126"])
        .at(Lcp)
        .with(|server| server.lcp_rejects = vec![MRU])
        .only_if(Expect::Is("MRU asked for", |view| asks_for(view, MRU)), "the client asks for no MRU")
        .says("an MRU that was rejected is left out afterwards")
        .expects(Expect::All(&[LINKED, Expect::Is("a request without MRU", |view| left_out(view, MRU))]))
        .why("Otherwise the two never agree.")
        .proved("client.deaf"),
    rfc(Must, "lcp/5.4/rejected-magic", 1661, "5.4", &["C-126"])
        .at(Lcp)
        .with(|server| server.lcp_rejects = vec![MAGIC])
        .only_if(Expect::Is("magic number asked for", |view| asks_for(view, MAGIC)), "the client asks for no magic number")
        .says("a magic number that was rejected is left out afterwards")
        .expects(Expect::All(&[LINKED, Expect::Is("a request without magic number", |view| left_out(view, MAGIC))]))
        .why("Otherwise the two never agree.")
        .proved("client.deaf"),
    rfc(Must, "lcp/5.4/everything-rejected", 1661, "5.4", &["C-126"])
        .at(Lcp)
        .with(|server| server.lcp_rejects = (0..=255).collect())
        .says("LCP comes up without a single option of the client's")
        .expects(LINKED)
        .why("Every option has a default.")
        .proved("client.deaf"),
    rfc(Should, "lcp/5.3/follows-a-nak", 1661, "5.3", &["C-127"])
        .at(Lcp)
        .with(|server| server.lcp_mru = Some(1400))
        .only_if(Expect::Is("MRU asked for", |view| asks_for(view, MRU)), "the client asks for no MRU")
        .says("an MRU that was Naked is taken over, or not asked for again")
        .expects(Expect::Is("MRU 1400 or none", |view| {
            let nak = looks::all(view, Side::Server, "lcp.configure-nak").next().map(|pair| pair.0).ok_or("our Nak never went out")?;
            let next = looks::all(view, Side::Client, "lcp.configure-request").find(|pair| pair.0 > nak).ok_or("no request behind the Nak")?;
            let asked = looks::packet(next.1).map(looks::options).unwrap_or_default();
            let mru = asked.iter().find(|option| option.kind == MRU).and_then(|option| option.u16());
            looks::must(mru.is_none_or(|mru| mru == 1400), || format!("MRU {}", shown(mru)))
        }))
        .why("Otherwise the two never agree.")
        .proved("client.deaf"),
    rfc(Derived, "lcp/4.6/repeats-its-request", 1661, "4.6", &["C-128"])
        .at(Lcp)
        .within(12)
        .edits(&["lcp.*#* drop"])
        .says("an unanswered Configure-Request is repeated")
        .expects(Expect::Is("three requests in 12 s", |view| {
            let count = looks::all(view, view.peer, "lcp.configure-request").count();
            looks::must(count >= 3, || format!("{count} requests"))
        }))
        .why("The server may not have been ready.")
        .proved("client.lcp-once"),
    rfc(Derived, "lcp/4.6/gives-up-asking", 1661, "4.6", &["C-128"])
        .at(Lcp)
        .within(75)
        .edits(&["lcp.*#* drop"])
        .says("a client whose Configure-Requests nobody answers gives up")
        .expects(ENDED)
        .why("The user waits.")
        .proved("client.no-timers"),
    rfc(Must, "lcp/5.6/code-reject-quotes", 1661, "5.6", &["C-129"])
        .at(Lcp)
        .edits(&["sstp.call-disconnect#1 instead 10 00 00 0e ff 03 c0 21 20 55 00 06 be ef"])
        .says("Code-Reject quotes the packet that it rejects")
        .expects(Expect::Is("a copy of the packet", |view| {
            let reject = view.named("lcp.code-reject").next().and_then(looks::packet).ok_or("no lcp.code-reject")?;
            looks::must(reject.data.starts_with(&[0x20, 0x55, 0, 6]), || crate::base::hex(&reject.data))
        }))
        .why("The server finds out what is not spoken.")
        .proved("client.code-reject-empty"),
    rfc(Must, "lcp/5.8/echo-to-client", 1661, "5.8", &["C-130"])
        .at(Lcp)
        .edits(&["sstp.call-disconnect#1 instead 10 00 00 12 ff 03 c0 21 09 21 00 0a 00 00 00 00 ab cd"])
        .says("LCP Echo-Request is answered when LCP is open")
        .expects(Expect::Is("an Echo-Reply with that identifier", |view| {
            let reply = view.named("lcp.echo-reply").next().and_then(looks::packet).ok_or("no lcp.echo-reply")?;
            looks::must(reply.id == 0x21, || format!("identifier {}", reply.id))
        }))
        .why("Servers end calls that are silent.")
        .proved("client.no-lcp-echo"),
    rfc(Must, "lcp/5.8/echo-magic", 1661, "5.8", &["C-130"])
        .at(Lcp)
        .edits(&["sstp.call-disconnect#1 instead 10 00 00 10 ff 03 c0 21 09 22 00 08 00 00 00 00"])
        .only_if(Expect::Any(&[Expect::Sends("lcp.echo-reply"), Expect::Never("sstp.call-disconnect-ack")]), "no Echo-Reply comes")
        .says("Echo-Reply has the client's own magic number, or zero")
        .expects(Expect::Is("the magic number asked for", |view| {
            let reply = view.named("lcp.echo-reply").next().and_then(looks::packet).ok_or("no lcp.echo-reply")?;
            let asked = looks::all(view, view.peer, "lcp.configure-request").last().and_then(|pair| looks::packet(pair.1)).map(looks::options);
            let magic = asked.unwrap_or_default().into_iter().find(|option| option.kind == MAGIC).map_or_else(|| vec![0; 4], |option| option.value.0);
            let replied = reply.data.get(..4).unwrap_or_default();
            looks::must(replied == magic || replied == [0; 4], || crate::base::hex(replied))
        }))
        .why("A looped link is found by it.")
        .proved("client.lcp-echo-magic"),
    rfc(Must, "lcp/5.9/discard-to-client", 1661, "5.9", &["C-131"])
        .at(Lcp)
        .within(3)
        .edits(&["sstp.call-disconnect#1 instead 10 00 00 10 ff 03 c0 21 0b 23 00 08 00 00 00 00 10 00 00 10 ff 03 c0 21 09 24 00 08 00 00 00 00"])
        .says("Discard-Request is passed over")
        .expects(Expect::All(&[Expect::Sends("lcp.echo-reply"), Expect::Never("lcp.code-reject"), Expect::Never("sstp.call-abort")]))
        .why("That is what it is for.")
        .proved("client.rejects-discard"),
    rfc(Must, "lcp/5.7/protocol-reject", 1661, "5.7", &["C-132"])
        .at(Ncp)
        .edits(&["sstp.call-disconnect#1 instead 10 00 00 0c ff 03 40 21 01 01 00 04"])
        .says("an unknown protocol draws Protocol-Reject")
        .expects(Expect::Is("a Protocol-Reject of 4021", |view| rejects(view, [0x40, 0x21])))
        .why("The server finds out what is not spoken.")
        .proved("client.no-protocol-reject"),
    rfc(Must, "lcp/5.7/protocol-reject-of-a-control-protocol", 1661, "5.7", &["C-132"])
        .at(Ncp)
        .edits(&["sstp.call-disconnect#1 instead 10 00 00 0c ff 03 82 81 01 01 00 04"])
        .says("an unknown network control protocol draws Protocol-Reject")
        .expects(Expect::Is("a Protocol-Reject of 8281", |view| rejects(view, [0x82, 0x81])))
        .why("The server would ask for ever.")
        .proved("client.no-protocol-reject"),
    rfc(Must, "lcp/5.7/ccp", 1661, "5.7", &["C-132"])
        .at(Ncp)
        .edits(&["sstp.call-disconnect#1 instead 10 00 00 12 ff 03 80 fd 01 01 00 0a 12 06 01 00 00 60"])
        .says("compression is negotiated or rejected")
        .expects(Expect::Any(&[Expect::Sends("lcp.protocol-reject"), Expect::Sends("ccp.*")]))
        .why("Windows servers ask for it in every call.")
        .proved("client.no-protocol-reject"),
    rfc(Must, "lcp/5.5/terminate-to-client", 1661, "5.5", &["C-133"])
        .at(Ncp)
        .edits(&["sstp.call-disconnect#1 instead 10 00 00 0c ff 03 c0 21 05 31 00 04"])
        .says("Terminate-Request is acknowledged")
        .expects(Expect::Sends("lcp.terminate-ack"))
        .why("The server waits for it.")
        .proved("client.no-terminate-ack"),
    rfc(Must, "lcp/5.5/terminate-before-login", 1661, "5.5", &["C-133"])
        .at(Lcp)
        .edits(&["sstp.call-disconnect#1 instead 10 00 00 0c ff 03 c0 21 05 32 00 04"])
        .says("Terminate-Request is acknowledged before the login, too")
        .expects(Expect::Sends("lcp.terminate-ack"))
        .why("The server waits for it.")
        .proved("client.no-terminate-ack"),
    rfc(Must, "lcp/5/length-too-large", 1661, "5", &["C-134"])
        .at(Lcp)
        .edits(&["lcp.configure-request#1 set packet-length=0x27"])
        .says("a packet whose length lies beyond its frame is discarded")
        .expects(Expect::Within("lcp.configure-ack", 2000, 7000))
        .why("What is not there must not be read.")
        .proved("client.no-lcp-replies"),
    rfc(Must, "lcp/5/padding-to-client", 1661, "5", &["C-134"])
        .at(Lcp)
        .edits(&["lcp.configure-request#1 splice 9999..9999 00 00 00", "lcp.configure-request#1 set length=30"])
        .says("padding behind a packet does not matter")
        .expects(Expect::Within("lcp.configure-ack", 0, 2000))
        .why("A link may pad.")
        .proved("client.no-lcp-replies"),
    rfc(Must, "lcp/6/option-length-lies", 1661, "6", &["C-134"])
        .at(Lcp)
        .edits(&["lcp.configure-request#1 set mru.length=0x30"])
        .says("an option that ends beyond its packet is not agreed on")
        .expects(Expect::Is("no Ack of it", |view| unacked(view, 1)))
        .why("What is not there must not be read.")
        .proved("client.acks-first"),
    rfc(Must, "lcp/6/option-length-0", 1661, "6", &["C-134"])
        .at(Lcp)
        .edits(&["lcp.configure-request#1 set mru.length=0"])
        .says("an option of length 0 is not agreed on, and nobody walks in a circle")
        .expects(Expect::All(&[LINKED, Expect::Is("no Ack of it", |view| unacked(view, 1))]))
        .why("A walk that does not advance never ends.")
        .proved("client.acks-first"),
    rfc(Must, "lcp/4.3/renegotiates", 1661, "4.3", &["C-135"])
        .at(Ncp)
        .edits(&["sstp.call-disconnect#1 instead 10 00 00 10 ff 03 c0 21 01 77 00 08 01 04 05 78"])
        .says("Configure-Request in an open link is answered, and the client asks too")
        .expects(Expect::All(&[REPLY, Expect::Sends("lcp.configure-request")]))
        .why("A server negotiates anew what it has forgotten.")
        .proved("client.lcp-first-only"),
    rfc(Must, "lcp/6.4/zero-magic", 1661, "6.4", &["C-137"])
        .at(Lcp)
        .edits(&["lcp.configure-request#1 set magic-number=0"])
        .says("a magic number of zero is not agreed on")
        .expects(Expect::Is("no Ack of it", |view| unacked(view, 1)))
        .why("Zero means that there is none.")
        .proved("client.acks-all"),
    rfc(Interop, "lcp/6.1/small-mru", 1661, "6.1", &["C-168"])
        .at(Lcp)
        .edits(&["lcp.configure-request#1 set mru=600"])
        .says("an MRU of 600 is agreed on")
        .expects(LINKED)
        .why("The default is only a default.")
        .proved("client.no-lcp-replies"),
];

fn asks_for(view: &View<'_>, kind: u8) -> Seen {
    let asked = looks::packet(looks::first(view, "lcp.configure-request")?).map(looks::options).unwrap_or_default();
    looks::must(asked.iter().any(|option| option.kind == kind), || "it is not asked for".into())
}

/// The request behind our Reject is without that option.
fn left_out(view: &View<'_>, kind: u8) -> Seen {
    let reject = looks::all(view, Side::Server, "lcp.configure-reject").next().map(|pair| pair.0).ok_or("our Reject never went out")?;
    let mut later = looks::all(view, Side::Client, "lcp.configure-request").filter(|pair| pair.0 > reject);
    let next = later.next().and_then(|pair| looks::packet(pair.1)).map(looks::options).ok_or("no request behind the Reject")?;
    looks::must(next.iter().all(|option| option.kind != kind), || "it is asked for again".into())
}

fn rejects(view: &View<'_>, protocol: [u8; 2]) -> Seen {
    let mut rejects = view.named("lcp.protocol-reject").filter_map(looks::packet);
    looks::must(rejects.any(|packet| packet.data.starts_with(&protocol)), || "no such Protocol-Reject".into())
}

/// What our request with that identifier asked for was not acknowledged.
fn unacked(view: &View<'_>, id: u8) -> Seen {
    let reply = view.after().filter_map(looks::packet).find(|packet| (CONFIGURE_ACK..=CONFIGURE_REJECT).contains(&packet.code));
    looks::must(!reply.is_some_and(|packet| packet.code == CONFIGURE_ACK && packet.id == id), || "it was acknowledged".into())
}

/// Codes that LCP does not have.
const CODES: [u8; 4] = [14, 32, 128, 255];
/// Methods that no client should want, as LCP option 3: name, how it is said, value.
const METHODS: [(&str, &str, &str); 5] = [
    ("mschapv1", "MS-CHAPv1", "c22380"),
    ("chap-unknown", "CHAP with an unknown algorithm", "c2237f"),
    ("spap", "Shiva PAP", "c02700"),
    ("unknown", "an unknown protocol", "c0ff00"),
    ("ipcp", "IPCP as authentication", "802100"),
];

/// Unknown codes, before and after LCP is open; methods that nobody wants; cut options.
pub(super) fn cases() -> Vec<Case> {
    let case = |id: String, title: String, why: &'static str, covers: &'static str, edit: String, expect, proved_by| Case {
        id: id.into(),
        title: title.into(),
        why: why.into(),
        spec: SpecRef::rfc(1661, if covers == "C-129" { "5.6" } else { "5.3" }),
        level: Must,
        covers: vec![covers],
        edits: vec![edit.into()],
        proved_by,
        base: Base { expect, within: Duration::from_secs(5), ..Base::new(Side::Client, Lcp) },
    };
    let codes = CODES.into_iter().flat_map(|code| {
        let packet = format!("10 00 00 0c ff 03 c0 21 {code:02x} 55 00 04");
        [("before-open", format!("lcp.configure-request#1 before {packet}")), ("open", format!("sstp.call-disconnect#1 instead {packet}"))]
            .map(|(when, edit)| (code, when, edit))
    });
    let codes = codes.map(|(code, when, edit)| {
        let title =
            format!("LCP code {code} {} draws Code-Reject", if when == "open" { "in an open link" } else { "before the link is open" });
        let why = "The server finds out what is not spoken.";
        case(format!("lcp/5.6/code-{code}-{when}"), title, why, "C-129", edit, Expect::Sends("lcp.code-reject"), "client.no-code-reject")
    });
    let refused = Expect::Any(&[Expect::Sends("lcp.configure-nak"), Expect::Sends("lcp.configure-reject"), ENDED]);
    let methods = METHODS.iter().map(|(name, said, value)| {
        let edit = format!("lcp.configure-request#1 set authentication-protocol=0x{value}");
        let title = format!("{said} is Naked or rejected");
        case(format!("lcp/5.3/method-{name}"), title, "The client would not do it.", "C-123", edit, refused, "client.acks-all")
    });
    codes.chain(methods).collect()
}
