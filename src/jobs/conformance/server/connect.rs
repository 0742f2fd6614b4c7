//! Call Connect Request and its answers. MS-SSTP 3.3.5.2.2, 2.2.8, 2.2.10, 2.2.12.

use super::{ACKED, REFUSED, derived, must, should};
use crate::base::Layer::{Lcp, Sstp};
use crate::base::{Side, SpecRef};
use crate::jobs::conformance::case::{Level, Row};
use crate::jobs::conformance::expect::{Expect, View, name};
use crate::transcript::{Event, What};
use crate::wire::sstp::{Attribute, MessageType};

const fn nak(about: Option<u8>, status: &'static [u32]) -> Expect {
    Expect::Status("sstp.call-connect-nak", about, status)
}

/// Our own end gives a refused call up with an Abort, which a server answers: what counts is who was first.
const ENDS_THE_LOOP: Expect = Expect::Is("sstp.call-abort, or the connection is closed, before our own end gives up", |view| {
    let ends = |event: &&Event| matches!(name(event).as_deref(), Some("sstp.call-abort" | "closed"));
    match view.events.iter().skip(view.from).find(ends) {
        Some(event) if event.by == Some(view.peer) => Ok(()),
        Some(_) => Err("our own end gave up first".to_string()),
        None => Err("nobody ended it".to_string()),
    }
});

/// A request that is not acceptable is acknowledged: which Nak it should have had is the lesser question.
const TAKEN: &str = "the request was acknowledged, so that no Nak came";
const NAKED: Expect = Expect::Any(&[Expect::Sends("sstp.call-connect-nak"), REFUSED]);

pub(super) const ROWS: &[Row] = &[
    must("sstp/3.3.5.2.2/good-request", "3.3.5.2.2", &["S-084"])
        .says("a good Call Connect Request is answered by an Ack")
        .expects(ACKED)
        .why("Without it there is no call.")
        .proved("sstp.mutant-no-ack"),
    must("sstp/2.2.10/ack-length", "2.2.10", &["S-085"])
        .says("the Ack is 48 bytes long")
        .expects(Expect::Is("an Ack of 48 bytes", |view| ack(view, |raw| raw.len() == 48)))
        .why("A client reads the nonce at fixed places.")
        .proved("sstp.mutant-long-ack"),
    must("sstp/2.2.10/ack-one-attribute", "2.2.10", &["S-086"])
        .says("the Ack has one attribute, Crypto Binding Request")
        .expects(Expect::Is("one attribute of id 4", |view| ack(view, |raw| raw.get(6..10).is_some_and(|at| at[0] == 0 && at[1] == 1 && at[3] == 4))))
        .why("Without it the client cannot bind.")
        .proved("sstp.no-binding-request"),
    must("sstp/2.2.6/ack-attribute-length", "2.2.6", &["S-087"])
        .says("Crypto Binding Request is 40 bytes long")
        .expects(Expect::Is("an attribute of 40 bytes", |view| ack(view, |raw| raw.get(10..12) == Some(&[0, 40]))))
        .why("A client reads the nonce at fixed places.")
        .proved("sstp.mutant-long-ack"),
    must("sstp/2.2.6/ack-reserved1", "2.2.6", &["S-088"])
        .says("Reserved1 of the Ack is zero")
        .expects(Expect::Is("bytes 12 to 14 zero", |view| ack(view, |raw| raw.get(12..15) == Some(&[0; 3]))))
        .why("A later version may use it.")
        .proved("sstp.mutant-reserved1"),
    must("sstp/2.2.6/a-hash-is-offered", "2.2.6", &["S-089"])
        .says("at least one hash is offered")
        .expects(Expect::Is("bit 0 or 1 of the hash bitmask", |view| mask(view, |mask| mask & 3 != 0)))
        .why("Without a hash there is no crypto binding.")
        .proved("sstp.no-hash"),
    derived("sstp/2.2.6/no-unknown-hash", "2.2.6", &["S-090"])
        .says("no hash is offered that is not defined")
        .expects(Expect::Is("bits 2 to 7 of the hash bitmask zero", |view| mask(view, |mask| mask & 0xfc == 0)))
        .why("A later version may define one.")
        .proved("sstp.mutant-unknown-hash"),
    Row::new(Side::Server, Level::Interop, "sstp/2.2.6/sha-256-is-offered", SpecRef::sstp("2.2.6"), &["S-093"])
        .says("SHA-256 is offered")
        .expects(Expect::Is("bit 1 of the hash bitmask", |view| mask(view, |mask| mask & 2 != 0)))
        .why("SHA-1 alone is weak.")
        .proved("binding.sha1-only"),
    derived("sstp/2.2.6/fresh-nonces", "2.2.6", &["S-091", "S-012"])
        .times(20)
        .edits(&["sstp.call-disconnect#1 close"])
        .says("the nonce is another on each of 20 connections, the ones before having been lost without a farewell")
        .expects(Expect::Is("nonces that differ", nonces_differ))
        .why("An old Call Connected must not be good for a new call.")
        .proved("sstp.mutant-fixed-nonce"),
    should("sstp/2.2.6/no-pattern-in-nonces", "2.2.6", &["S-092"])
        .times(60)
        .edits(&["sstp.call-disconnect#1 close"])
        .says("the nonces show no pattern")
        .expects(Expect::Is("no byte that stands still, no counter, no block of 8 bytes twice", no_pattern))
        .why("What can be foretold can be prepared: RFC 1750.")
        .proved("sstp.mutant-fixed-nonce"),
    derived("sstp/3.3.5.2.2/one-ack", "3.3.5.2.2", &["S-094"])
        .at(Sstp)
        .says("there is one Ack to a call")
        .expects(Expect::Count("sstp.call-connect-ack", 1))
        .why("A second one ends the call at the client.")
        .proved("sstp.mutant-two-acks"),
    should("sstp/3.3.5.2.2/starts-ppp", "3.3.5.2.2", &["S-095"])
        .at(Sstp)
        .edits(&["sstp.call-disconnect#* drop"])
        .within(10)
        .says("the server begins LCP by itself")
        .expects(Expect::Volunteers("lcp.configure-request", 1))
        .why("A client may wait for it.")
        .proved("lcp.mutant-mute"),
    derived("sstp/3.3.7.1/ack-comes-first", "3.3.7.1", &["S-096"])
        .at(Lcp)
        .says("the Ack is the first thing the client hears")
        .expects(Expect::Is("Call Connect Ack first", |view| {
            let first = view.always().find(|event| !matches!(event.what, What::Http(_))).and_then(crate::jobs::conformance::expect::name);
            if first.as_deref() == Some("sstp.call-connect-ack") { Ok(()) } else { Err(format!("first came {}", first.unwrap_or_default())) }
        }))
        .why("A frame before it is dropped.")
        .proved("sstp.mutant-lcp-first"),
    should("sstp/3.3.5.2.2/takes-ppp-after-the-ack", "3.3.5.2.2", &["S-097"])
        .at(Sstp)
        .edits(&["sstp.call-disconnect#1 instead 10 00 00 10 ff 03 c0 21 01 51 00 08 01 04 05 78"])
        .says("PPP of the client is taken right after the Ack")
        .expects(Expect::Sends("lcp.configure-ack"))
        .why("Call Connected comes after authentication only.")
        .proved("lcp.mutant-no-ack"),
    must("sstp/3.3.5.2.2/protocol-2", "3.3.5.2.2", &["S-098"])
        .edits(&["sstp.call-connect-request#1 set encapsulated-protocol.protocol-id=2"])
        .says("another encapsulated protocol: Nak, attribute 1, status 4")
        .expects(nak(Some(1), &[4]))
        .or(REFUSED)
        .why("The client learns what it may not ask for.")
        .proved("sstp.mutant-nak-status"),
    must("sstp/2.2.8/nak-quotes-the-value", "2.2.8", &["S-099"])
        .edits(&["sstp.call-connect-request#1 set encapsulated-protocol.protocol-id=0x1234"])
        .says("the Nak quotes the value that it refuses")
        .judges(NAKED, TAKEN)
        .expects(Expect::Is("12 34 in the Nak", |view| nak_value(view, |value| value.ends_with(&[0x12, 0x34]))))
        .or(REFUSED)
        .why("The client learns what was wrong.")
        .proved("sstp.mutant-nak-status"),
    must("sstp/2.2.12/nak-has-status-infos-only", "2.2.12", &["S-100"])
        .edits(&["sstp.call-connect-request#1 set encapsulated-protocol.protocol-id=2"])
        .says("a Nak consists of Status Info attributes")
        .judges(NAKED, TAKEN)
        .expects(Expect::Is("Status Infos only, one at least", |view| {
            let message = first_nak(view)?;
            let all = message.iter().all(|attribute| matches!(attribute, Attribute::StatusInfo { .. }));
            if all && !message.is_empty() { Ok(()) } else { Err("other attributes, or none".to_string()) }
        }))
        .or(REFUSED)
        .why("A client reads nothing else.")
        .proved("sstp.mutant-nak-bare"),
    must("sstp/3.3.5.2.2/no-attribute", "3.3.5.2.2", &["S-101"])
        .edits(&["sstp.call-connect-request#1 instead 10 01 00 08 00 01 00 00"])
        .says("Encapsulated Protocol ID is missing: Nak, status 10")
        .expects(nak(None, &[10]))
        .or(REFUSED)
        .why("The client learns what is missing.")
        .proved("sstp.mutant-nak-status"),
    must("sstp/2.2.8/no-value-for-a-missing-attribute", "2.2.8", &["S-102"])
        .edits(&["sstp.call-connect-request#1 instead 10 01 00 08 00 01 00 00"])
        .says("the Nak for a missing attribute quotes nothing")
        .judges(NAKED, TAKEN)
        .expects(Expect::Is("an empty value", |view| nak_value(view, <[u8]>::is_empty)))
        .or(REFUSED)
        .why("There is nothing to quote.")
        .proved("sstp.mutant-nak-bare"),
    must("sstp/3.3.5.2.2/duplicate", "3.3.5.2.2", &["S-103"])
        .edits(&["sstp.call-connect-request#1 instead 10 01 00 14 00 01 00 02 00 01 00 06 00 01 00 01 00 06 00 01"])
        .says("an attribute twice: Nak, status 1")
        .expects(nak(Some(1), &[1]))
        .or(REFUSED)
        .why("Nobody could say which of the two counts.")
        .proved("sstp.mutant-nak-status"),
    must("sstp/3.3.5.2.2/unknown-attribute", "3.3.5.2.2", &["S-104"])
        .edits(&["sstp.call-connect-request#1 instead 10 01 00 14 00 01 00 02 00 01 00 06 00 01 00 7f 00 06 00 01"])
        .says("an unknown attribute: Nak, its id, status 2")
        .expects(nak(Some(0x7f), &[2]))
        .or(REFUSED)
        .why("A later client learns what this server does not know.")
        .proved("sstp.mutant-nak-status"),
    must("sstp/2.2.8/no-value-for-an-unknown-attribute", "2.2.8", &["S-105"])
        .edits(&["sstp.call-connect-request#1 instead 10 01 00 14 00 01 00 02 00 01 00 06 00 01 00 7f 00 06 00 01"])
        .says("the Nak for an unknown attribute quotes nothing")
        .judges(NAKED, TAKEN)
        .expects(Expect::Is("an empty value", |view| nak_value(view, <[u8]>::is_empty)))
        .or(REFUSED)
        .why("The table of MS-SSTP 2.2.8 says so.")
        .proved("sstp.mutant-nak-bare"),
    must("sstp/3.3.5.2.2/attribute-too-long", "3.3.5.2.2", &["S-106"])
        .edits(&["sstp.call-connect-request#1 instead 10 01 00 10 00 01 00 01 00 01 00 08 00 01 00 00"])
        .says("an attribute of the wrong length: Nak, attribute 1, status 3")
        .expects(nak(Some(1), &[3]))
        .or(REFUSED)
        .why("The client learns what was wrong.")
        .proved("sstp.mutant-nak-status"),
    must("sstp/3.3.5.2.2/attribute-too-short", "3.3.5.2.2", &["S-106"])
        .edits(&["sstp.call-connect-request#1 instead 10 01 00 0d 00 01 00 01 00 01 00 05 01"])
        .says("an attribute of one byte: Nak, attribute 1, status 3")
        .expects(nak(Some(1), &[3]))
        .or(REFUSED)
        .why("The client learns what was wrong.")
        .proved("sstp.mutant-nak-status"),
    must("sstp/3.3.5.2.2/status-in-the-request", "3.3.5.2.2", &["S-107"])
        .edits(&["sstp.call-connect-request#1 instead 10 01 00 1a 00 01 00 02 00 01 00 06 00 01 00 02 00 0c 00 00 00 01 00 00 00 05"])
        .says("a Status Info with a status in the request: Nak, attribute 2, status 11")
        .expects(nak(Some(2), &[11]))
        .or(REFUSED)
        .why("A request reports nothing.")
        .proved("sstp.mutant-nak-status"),
    must("sstp/3.3.5.2.2/every-fault-is-listed", "3.3.5.2.2", &["S-108"])
        .edits(&["sstp.call-connect-request#1 instead 10 01 00 14 00 01 00 02 00 01 00 06 00 02 00 7f 00 06 00 01"])
        .says("one Nak lists every attribute that is not acceptable")
        .expects(Expect::All(&[nak(Some(1), &[4]), nak(Some(0x7f), &[2])]))
        .or(REFUSED)
        .why("A client mends everything in one round.")
        .proved("sstp.mutant-nak-status"),
    derived("sstp/2.2.4/binding-request-in-the-request", "2.2.4", &["S-109"])
        .edits(&["sstp.call-connect-request#* instead 10 01 00 36 00 01 00 02 00 01 00 06 00 01 00 04 00 28 00 00 00 03 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00"])
        .says("Crypto Binding Request in a request is not acceptable")
        .expects(Expect::All(&[REFUSED, Expect::Never("sstp.call-connect-ack")]))
        .why("It goes the other way.")
        .proved("sstp.mutant-nak-is-ack"),
    must("sstp/2.2.8/no-more-than-64-bytes", "2.2.8", &["S-110"])
        .edits(&["sstp.call-connect-request#1 instead 10 01 00 5c 00 01 00 01 00 01 00 54 aa aa aa aa aa aa aa aa aa aa aa aa aa aa aa aa aa aa aa aa aa aa aa aa aa aa aa aa aa aa aa aa aa aa aa aa aa aa aa aa aa aa aa aa aa aa aa aa aa aa aa aa aa aa aa aa aa aa aa aa aa aa aa aa aa aa aa aa aa aa aa aa aa aa aa aa aa aa aa aa"])
        .says("a Nak quotes 64 bytes at most")
        .judges(NAKED, TAKEN)
        .expects(Expect::Is("a value of 64 bytes at most", |view| nak_value(view, |value| value.len() <= 64)))
        .or(REFUSED)
        .why("The client's buffer may be no larger.")
        .proved("sstp.mutant-nak-bare"),
    derived("sstp/3.3.1.1.1/a-good-request-after-a-nak", "3.3.1.1.1", &["S-111"])
        .edits(&["sstp.call-connect-request#1 set encapsulated-protocol.protocol-id=2"])
        .says("after a Nak a good request is taken")
        .judges(NAKED, TAKEN)
        .expects(Expect::All(&[Expect::Sends("sstp.call-connect-nak"), ACKED]))
        .why("That is what a Nak is for.")
        .proved("sstp.mutant-nak-is-final"),
    should("sstp/3.3.5.2.2/naks-are-limited", "3.3.5.2.2", &["S-112"])
        .edits(&["sstp.call-connect-request#1 set encapsulated-protocol.protocol-id=2", "sstp.call-connect-request#1 repeat 10"])
        .says("ten bad requests are not all answered by Naks")
        .expects(ENDS_THE_LOOP)
        .why("A loop has to end.")
        .proved("sstp.mutant-ignores"),
    must("sstp/3.3.5.2.2/abort-6-at-the-limit", "3.3.5.2.2", &["S-113"])
        .edits(&["sstp.call-connect-request#1 set encapsulated-protocol.protocol-id=2", "sstp.call-connect-request#1 repeat 10"])
        .says("at the limit of Naks: Abort, attribute 2, status 6")
        .judges(Expect::Any(&[Expect::Sends("sstp.call-connect-nak"), Expect::Never("sstp.call-connect-ack")]), TAKEN)
        .expects(Expect::Status("sstp.call-abort", Some(2), &[6]))
        .or(super::ENDED)
        .only_if(ENDS_THE_LOOP, "the server has no limit of Naks")
        .why("The client learns why.")
        .proved("sstp.mutant-abort-status"),
    must("sstp/3.3.7.2/data-before-the-request", "3.3.7.2", &["S-124"])
        .edits(&["sstp.call-connect-request#1 before 10 00 00 10 ff 03 c0 21 01 51 00 08 01 04 05 78"])
        .says("a PPP frame before the request is dropped, and not fatal")
        .expects(Expect::All(&[ACKED, Expect::Never("lcp.configure-ack")]))
        .why("There is no call yet.")
        .proved("sstp.mutant-minds-early-ppp"),
];

fn acks<'a>(view: &View<'a>) -> impl Iterator<Item = &'a crate::transcript::Event> + use<'a> {
    view.always().filter(|event| matches!(&event.what, What::Sstp(message) if message.kind == MessageType::CallConnectAck))
}

fn ack(view: &View<'_>, right: fn(&[u8]) -> bool) -> Result<(), String> {
    let event = acks(view).next().ok_or("no Call Connect Ack")?;
    if right(&event.raw) { Ok(()) } else { Err(format!("the Ack is {}", crate::base::hex(&event.raw))) }
}

fn mask(view: &View<'_>, right: fn(u8) -> bool) -> Result<(), String> {
    let event = acks(view).next().ok_or("no Call Connect Ack")?;
    let mask = event.raw.get(15).copied().unwrap_or_default();
    if right(mask) { Ok(()) } else { Err(format!("the hash bitmask is 0x{mask:02x}")) }
}

fn nonces(view: &View<'_>) -> Vec<Vec<u8>> {
    acks(view).filter_map(|event| event.raw.get(16..48).map(<[u8]>::to_vec)).collect()
}

fn nonces_differ(view: &View<'_>) -> Result<(), String> {
    let nonces = nonces(view);
    let mut once = nonces.clone();
    once.sort();
    once.dedup();
    match (nonces.len(), once.len()) {
        (0 | 1, _) => Err("fewer than two Acks came".to_string()),
        (all, different) if all == different => Ok(()),
        (all, different) => Err(format!("{all} connections, {different} nonces")),
    }
}

fn no_pattern(view: &View<'_>) -> Result<(), String> {
    let nonces = nonces(view);
    if nonces.len() < 8 {
        return Err(format!("{} Acks came", nonces.len()));
    }
    let mut blocks: Vec<&[u8]> = nonces.iter().flat_map(|nonce| nonce.chunks(8)).collect();
    let all = blocks.len();
    blocks.sort_unstable();
    blocks.dedup();
    if blocks.len() < all {
        return Err(format!("of {all} blocks of 8 bytes {} differ", blocks.len()));
    }
    let pairs = || nonces.iter().zip(nonces.iter().skip(1));
    for at in 0..32 {
        let byte = |nonce: &Vec<u8>| nonce.get(at).copied().unwrap_or_default();
        let step = |pair: (&Vec<u8>, &Vec<u8>)| byte(pair.1).wrapping_sub(byte(pair.0));
        let first = pairs().next().map(step);
        // The same step every time: 0 is a byte that stands still, 1 a counter.
        if pairs().all(|pair| Some(step(pair)) == first) {
            return Err(format!("byte {at} goes on by {} from call to call", first.unwrap_or_default()));
        }
    }
    Ok(())
}

fn first_nak(view: &View<'_>) -> Result<Vec<Attribute>, String> {
    let nak = view.after().find_map(|event| match &event.what {
        What::Sstp(message) if message.kind == MessageType::CallConnectNak => Some(message.attributes.clone()),
        _ => None,
    });
    nak.ok_or_else(|| "no Call Connect Nak".to_string())
}

fn nak_value(view: &View<'_>, right: fn(&[u8]) -> bool) -> Result<(), String> {
    let nak = first_nak(view)?;
    let value = nak.iter().find_map(|attribute| match attribute {
        Attribute::StatusInfo { value, .. } => Some(value.0.clone()),
        _ => None,
    });
    let value = value.ok_or("no Status Info in the Nak")?;
    if right(&value) { Ok(()) } else { Err(format!("the Nak quotes {}", crate::base::hex(&value))) }
}
