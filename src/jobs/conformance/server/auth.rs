//! Authentication. RFC 1334, RFC 1994, RFC 2759, RFC 3748.

use super::{derived, must, rfc};
use crate::base::Layer::{Auth, Lcp, Ncp};
use crate::jobs::conformance::case::{Level, Row};
use crate::jobs::conformance::expect::{Expect, View, name};
use crate::proto::plan::Method;
use crate::proto::quirk::Quirk;
use crate::transcript::{Event, What};
use crate::wire::ppp::{Body, Frame};
use crate::wire::{chap, pap};

const CHAP: &[Method] = &[Method::MsChapV2];
const MD5: &[Method] = &[Method::ChapMd5];
const PAP: &[Method] = &[Method::Pap];
const EAP: &[Method] = &[Method::EapMsChapV2];
const SUCCESS: Expect = Expect::Sends("chap.success");
const LOST: Expect = Expect::All(&[
    Expect::Any(&[Expect::Sends("chap.failure"), Expect::Sends("lcp.terminate-request"), super::ENDED]),
    Expect::Never("chap.success"),
]);
const NEEDS_CHAP: (Expect, &str) = (Expect::Sends("chap.challenge"), "the server does not challenge with MS-CHAPv2");

pub(super) const ROWS: &[Row] = &[
    rfc(Level::Must, "auth/3.5/no-network-before-login", 1661, "3.5", &["S-216"])
        .at(Lcp)
        .within(5)
        .edits(&["sstp.call-disconnect#1 instead 10 00 00 12 ff 03 80 21 01 01 00 0a 03 06 00 00 00 00"])
        .says("IPCP before the login is not answered")
        .expects(Expect::All(&[Expect::Never("ipcp.configure-ack"), Expect::Never("ipcp.configure-nak"), Expect::Never("ipcp.configure-reject")]))
        .why("Whoever skips the login must not get an address.")
        .proved("auth.mutant-ipcp-early"),
    must("auth/2.1/refusing-everything", "2.1", &["S-217"])
        .at(Lcp)
        .edits(&["lcp.configure-nak#1 instead 10 00 00 11 ff 03 c0 21 04 01 00 09 03 05 c2 23 81", "lcp.configure-ack#* instead 10 00 00 11 ff 03 c0 21 04 01 00 09 03 05 c2 23 81", "sstp.call-disconnect#* drop"])
        .methods(MD5)
        .within(30)
        .only_if(
            Expect::Is("MS-CHAPv2 demanded first, with identifier 1", demands_mschapv2),
            "the server does not demand MS-CHAPv2 first, so that our Reject is none",
        )
        .says("a client that rejects authentication does not get on")
        .expects(Expect::All(&[super::ENDED, Expect::Never("ipcp.*")]))
        .why("Otherwise anybody gets in.")
        .proved("teardown.mutant-no-disconnect"),
    rfc(Level::Must, "auth/3.5/failure-ends-the-link", 1661, "3.5", &["S-218"])
        .at(Auth)
        .methods(CHAP)
        .edits(&["chap.response#1 flip nt-response.0", "sstp.call-disconnect#* drop"])
        .within(30)
        .says("a failed login ends the link")
        .expects(Expect::All(&[Expect::Sends("chap.failure"), Expect::Any(&[Expect::Sends("lcp.terminate-request"), super::ENDED])]))
        .why("A client without a login must not hold a session.")
        .proved("auth.mutant-no-failure"),
    derived("auth/3.3.7.1/failure-disconnects", "3.3.7.1", &["S-219"])
        .at(Auth)
        .methods(CHAP)
        .edits(&["chap.response#1 flip nt-response.0", "sstp.call-disconnect#* drop"])
        .within(30)
        .says("after a failed login SSTP ends by Call Disconnect, not Abort")
        .expects(Expect::Sends("sstp.call-disconnect"))
        .or(super::ENDED)
        .why("Nothing is wrong with SSTP.")
        .proved("teardown.mutant-no-disconnect"),
    rfc(Level::Must, "auth/2.2.1/pap-answer", 1334, "2.2.1", &["S-220", "S-222"])
        .at(Auth)
        .methods(PAP)
        .edits(&["pap.authenticate-request#1 set identifier=0x77"])
        .says("PAP is answered with the request's identifier, and Msg-Length fits")
        .expects(Expect::Is("Authenticate-Ack with 0x77", |view| {
            let event = view.named("pap.authenticate-ack").next().ok_or("no Authenticate-Ack")?;
            match &event.what {
                What::Ppp(Frame { body: Body::Pap(pap::Packet { id: 0x77, .. }), .. }) => fits_pap(event),
                _ => Err(crate::base::hex(&event.raw)),
            }
        }))
        .why("The client compares it.")
        .proved("auth.mutant-pap-id"),
    rfc(Level::Must, "auth/2.2.1/pap-twice", 1334, "2.2.1", &["S-221"])
        .at(Auth)
        .methods(PAP)
        .edits(&["pap.authenticate-request#1 repeat 2", "sstp.call-disconnect#* drop"])
        .says("a repeated PAP request gets the same answer")
        .expects(Expect::All(&[Expect::Count("pap.authenticate-ack", 2), Expect::Never("pap.authenticate-nak")]))
        .why("The first answer may be lost.")
        .proved("auth.mutant-pap-once"),
    rfc(Level::Must, "auth/2.3/challenges-differ", 1994, "2.3", &["S-224", "S-235"])
        .at(Lcp)
        .edits(&["sstp.call-disconnect#1 drop"])
        .methods(CHAP)
        .times(4)
        .within(7)
        .only_if(NEEDS_CHAP.0, NEEDS_CHAP.1)
        .says("the challenge is another on every connection")
        .expects(Expect::All(&[NEEDS_CHAP.0, Expect::Is("challenges that differ", challenges_differ)]))
        .why("An old response must not be good for a new call.")
        .proved("auth.mutant-fixed-challenge"),
    rfc(Level::Must, "auth/4.1/every-challenge-its-identifier", 1994, "4.1", &["S-223"])
        .at(Ncp)
        .methods(CHAP)
        .edits(&["ipcp.configure-request#1 before 10 00 00 10 ff 03 c0 21 01 61 00 08 01 04 05 78"])
        .only_if(
            Expect::Is("two challenges of different values", |view| match numbered_challenges(view).len() {
                0 | 1 => Err("fewer than two".into()),
                _ => Ok(()),
            }),
            "the server does not challenge anew when LCP is agreed on anew",
        )
        .says("another challenge of the same call has another identifier")
        .expects(Expect::Is("identifiers that differ", |view| {
            let all = numbered_challenges(view);
            let same = all.windows(2).find(|pair| matches!(pair, [one, other] if one.0 == other.0));
            same.and_then(|pair| pair.first()).map_or(Ok(()), |one| Err(format!("two challenges with identifier {}", one.0)))
        }))
        .why("A late response to the first would be taken for one to the second.")
        .proved("auth.mutant-one-identifier"),
    rfc(Level::Should, "auth/3.5/strongest-first", 1661, "3.5", &["S-176"])
        .at(Auth)
        .methods(CHAP)
        .says("a server that does MS-CHAPv2 does not ask for a weaker method first")
        .expects(Expect::Is("offers that do not grow stronger", |view| {
            let offers: Vec<u8> = view.always().filter_map(strength).collect();
            let grows = offers.windows(2).any(|pair| matches!(pair, [one, other] if one < other));
            if grows { Err(format!("strengths {offers:?}, PAP being 1, MD5 2, MS-CHAPv2 3, EAP 4")) } else { Ok(()) }
        }))
        .only_if(NEEDS_CHAP.0, NEEDS_CHAP.1)
        .why("A client that takes what comes first shows its password.")
        .proved("auth.mutant-weakest-first"),
    rfc(Level::Must, "auth/4/domain-in-the-name", 2759, "4", &["S-233"])
        .at(Auth)
        .methods(CHAP)
        .domain("LAB")
        .edits(&["chap.response#1 split 4"])
        .says("a name with a domain is accepted, or refused in order: the domain is no part of the hash")
        .expects(Expect::Any(&[SUCCESS, Expect::Sends("chap.failure")]))
        .why("Windows sends the domain.")
        .proved("sstp.mutant-one-read"),
    rfc(Level::Must, "auth/4/domain-in-the-hash", 2759, "4", &["S-233"])
        .at(Auth)
        .methods(CHAP)
        .domain("LAB")
        .quirks(&[Quirk::HashesDomain])
        .says("a response whose hash has the domain in it is refused")
        .expects(LOST)
        .why("It is none that any other server takes.")
        .proved("auth.mutant-takes-any"),
    rfc(Level::Must, "auth/3/challenge-of-16", 2759, "3", &["S-225"])
        .at(Lcp)
        .edits(&["sstp.call-disconnect#1 drop"])
        .methods(CHAP)
        .only_if(NEEDS_CHAP.0, NEEDS_CHAP.1)
        .says("the challenge of MS-CHAPv2 has 16 bytes")
        .expects(Expect::All(&[NEEDS_CHAP.0, Expect::Is("Value-Size 16", |view| {
            let size = challenges(view).first().map_or(0, Vec::len);
            if size == 16 { Ok(()) } else { Err(format!("a challenge of {size} bytes")) }
        })]))
        .why("Clients take no other.")
        .proved("auth.mutant-short-challenge"),
    rfc(Level::Must, "auth/4.1/response-of-another-id", 1994, "4.1", &["S-226"])
        .at(Auth)
        .methods(CHAP)
        .within(5)
        .edits(&["chap.response#1 set identifier=0xee", "chap.response#2 drop"])
        .says("a response with another identifier is discarded")
        .expects(Expect::All(&[Expect::Never("chap.success"), Expect::Never("chap.failure")]))
        .why("It answers an older challenge.")
        .proved("auth.mutant-takes-any"),
    rfc(Level::Must, "auth/4.2/response-twice", 1994, "4.2", &["S-227"])
        .at(Auth)
        .methods(CHAP)
        .edits(&["chap.response#1 repeat 2", "sstp.call-disconnect#* drop"])
        .says("a repeated response is not refused")
        .expects(Expect::All(&[SUCCESS, Expect::Never("chap.failure")]))
        .why("The Success may be lost.")
        .proved("auth.mutant-second-fails"),
    rfc(Level::Must, "auth/4.2/success-copies-the-id", 1994, "4.2", &["S-228"])
        .at(Auth)
        .methods(CHAP)
        .says("Success bears the identifier of the response")
        .expects(Expect::Is("equal identifiers", |view| {
            let success = chap_ids(view, "chap.success", true).ok_or("no Success")?;
            let response = chap_ids(view, "chap.response", false).ok_or("no Response")?;
            if success == response { Ok(()) } else { Err(format!("response {response}, success {success}")) }
        }))
        .why("The client compares it.")
        .proved("auth.mutant-success-id"),
    rfc(Level::Must, "auth/5/success-text", 2759, "5", &["S-229"])
        .at(Auth)
        .methods(CHAP)
        .only_if(NEEDS_CHAP.0, NEEDS_CHAP.1)
        .says("the text of Success is S= and 40 hexadecimal digits in capitals")
        .expects(Expect::Is("S= and 40 digits", |view| {
            let text = text_of(view, "chap.success")?;
            let digits = text.strip_prefix("S=").and_then(|rest| rest.get(..40)).unwrap_or_default();
            let right = digits.len() == 40 && digits.bytes().all(|byte| byte.is_ascii_digit() || (b'A'..=b'F').contains(&byte));
            if right { Ok(()) } else { Err(format!("{text:?}")) }
        }))
        .why("Clients compare the text.")
        .proved("auth.mutant-success-text"),
    rfc(Level::Must, "auth/8.7/proof-is-right", 2759, "8.7", &["S-230"])
        .at(Auth)
        .methods(CHAP)
        .only_if(NEEDS_CHAP.0, NEEDS_CHAP.1)
        .says("the server proves that it knows the password")
        .expects(Expect::Up(Auth))
        .why("Otherwise a false server goes unnoticed.")
        .proved("auth.mutant-no-proof"),
    rfc(Level::Must, "auth/6/failure-text", 2759, "6", &["S-231"])
        .at(Auth)
        .methods(CHAP)
        .edits(&["chap.response#1 flip nt-response.0"])
        .says("the text of Failure has E=, R=, C= with 32 digits, and V=3")
        .expects(Expect::Is("E= R= C= V=3", |view| {
            let text = text_of(view, "chap.failure")?;
            let failure = chap::MsChapFailure::parse(text.as_bytes());
            let challenge = failure.challenge.as_ref().map(|challenge| challenge.len());
            let right = failure.error.is_some() && failure.retry.is_some() && challenge == Some(16) && failure.version == Some(3);
            if right { Ok(()) } else { Err(format!("{text:?}")) }
        }))
        .why("The client shows the number and tries again by R.")
        .proved("auth.mutant-failure-text"),
    rfc(Level::Derived, "auth/6/retry-is-taken", 2759, "6", &["S-232"])
        .at(Auth)
        .methods(CHAP)
        .lab("auth.retry-allowed")
        .quirks(&[Quirk::TriesAgain])
        .edits(&["chap.response#1 flip nt-response.0"])
        .only_if(Expect::Is("a Failure with R=1", allows_a_retry), "the server does not offer to try again (R=0)")
        .says("where Failure says R=1 the right answer to the challenge in it is taken")
        .expects(SUCCESS)
        .why("A user who mistyped once is otherwise told to try again in vain.")
        .proved("auth.mutant-retry-refused"),
    rfc(Level::Must, "auth/4/short-response", 2759, "4", &["S-234"])
        .at(Auth)
        .methods(CHAP)
        .within(5)
        .edits(&["chap.response#1 set value-size=48"])
        .says("a response of another size is not taken")
        .expects(Expect::Never("chap.success"))
        .why("It proves nothing.")
        .proved("auth.mutant-takes-any"),
    rfc(Level::Derived, "auth/8/flipped-response", 2759, "8", &["S-235"])
        .at(Auth)
        .methods(CHAP)
        .edits(&["chap.response#1 flip nt-response.191"])
        .says("the last bit of the response counts as well")
        .expects(LOST)
        .why("A comparison may stop too early.")
        .proved("auth.mutant-takes-any"),
    rfc(Level::Derived, "auth/8/other-peer-challenge", 2759, "8", &["S-235"])
        .at(Auth)
        .methods(CHAP)
        .edits(&["chap.response#1 flip peer-challenge.0"])
        .says("the peer challenge is part of the proof")
        .expects(LOST)
        .why("RFC 2759 8.2.")
        .proved("auth.mutant-takes-any"),
    rfc(Level::Derived, "auth/8/zero-response", 2759, "8", &["S-235"])
        .at(Auth)
        .methods(CHAP)
        .edits(&["chap.response#1 set nt-response=hex:000000000000000000000000000000000000000000000000"])
        .says("a response of zeros is refused")
        .expects(LOST)
        .why("A server without the password compares with zeros.")
        .proved("auth.mutant-takes-any"),
    rfc(Level::Derived, "auth/2.3/reflected-challenge", 1994, "2.3", &["S-236"])
        .at(Lcp)
        .within(5)
        .edits(&["sstp.call-disconnect#1 instead 10 00 00 22 ff 03 c2 23 01 31 00 1a 10 00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f 61 6c 69 63 65"])
        .says("a challenge of the client is not answered")
        .expects(Expect::Never("chap.response"))
        .why("The server would answer its own challenge.")
        .proved("auth.mutant-reflects"),
    rfc(Level::Should, "auth/4.1/challenge-is-repeated", 1994, "4.1", &["S-237"])
        .at(Lcp)
        .methods(CHAP)
        .within(12)
        .edits(&["sstp.call-disconnect#1 drop"])
        .only_if(NEEDS_CHAP.0, NEEDS_CHAP.1)
        .says("a challenge without an answer is sent again")
        .expects(Expect::Volunteers("chap.challenge", 2))
        .why("The first may be lost.")
        .proved("auth.mutant-asks-once"),
    rfc(Level::Must, "auth/4.1/eap-request-is-repeated", 3748, "4.1", &["S-238"])
        .at(Auth)
        .methods(EAP)
        .within(12)
        .edits(&["eap.response-identity#1 drop", "eap.*#* drop"])
        .only_if(
            Expect::Is("an EAP Request sent again", |view| if eap_ids(view).len() > 1 { Ok(()) } else { Err(String::new()) }),
            "the server sends no EAP Request again, as RFC 3748 4.3 has it above a reliable transport",
        )
        .says("an EAP Request that is sent again keeps its identifier")
        .expects(Expect::Is("the same identifier again", |view| {
            let ids = eap_ids(view);
            if ids.first() == ids.get(1) { Ok(()) } else { Err(format!("identifiers {ids:?}")) }
        }))
        .why("An answer to the first that comes late would be discarded.")
        .proved("auth.mutant-eap-renumbers"),
    rfc(Level::Must, "auth/4.2/eap-success-of-4", 3748, "4.2", &["S-240"])
        .at(Auth)
        .methods(EAP)
        .says("EAP Success is 4 bytes")
        .expects(Expect::Is("03, identifier, 00 04", |view| {
            let success = view.named("eap.success").next().ok_or("no EAP Success")?;
            if success.raw.len() == 12 && success.raw.get(10..12) == Some(&[0, 4]) { Ok(()) } else { Err(crate::base::hex(&success.raw)) }
        }))
        .why("RFC 3748 4.2: it has no data.")
        .proved("auth.mutant-eap-success"),
    rfc(Level::Must, "auth/5.3.1/eap-nak-is-heeded", 3748, "5.3.1", &["S-239"])
        .at(Auth)
        .methods(EAP)
        .edits(&["eap.response-mschapv2#1 splice 10..9999 00 06 03 04", "eap.response-mschapv2#1 set length=14"])
        .says("an EAP Nak that names MD5 is followed by MD5, or by a failure")
        .expects(Expect::Is("eap.request-md5, a failure, or the end of the call", |view| {
            let first = view.after().filter_map(name).find(|name| !name.starts_with("ip") && name != "lcp.echo-request");
            match first.as_deref() {
                None => Err("nothing".into()),
                Some("eap.request-md5") => Ok(()),
                Some(other) if other.starts_with("eap.request") => Err(format!("{other} came")),
                Some(_) => Ok(()),
            }
        }))
        .why("Otherwise both wait for each other.")
        .proved("auth.mutant-eap-deaf"),
    rfc(Level::Must, "auth/2/eap-response-of-another-id", 3748, "2", &["S-241"])
        .at(Auth)
        .methods(EAP)
        .within(5)
        .edits(&["eap.response-identity#1 set identifier=0xee", "eap.response-identity#2 drop"])
        .says("an EAP Response with another identifier is discarded")
        .expects(Expect::Is("the same Request or nothing", |view| {
            let wrong = view.after().find(|event| is_eap(event) && event.raw.get(12) != Some(&1));
            wrong.map_or(Ok(()), |event| Err(crate::base::hex(&event.raw)))
        }))
        .why("It answers an older Request.")
        .proved("auth.mutant-eap-any"),
    rfc(Level::Interop, "auth/1/a-method-that-makes-keys", 3748, "1", &["S-243"])
        .at(Lcp)
        .methods(CHAP)
        .says("MS-CHAPv2 or EAP is among the methods")
        .edits(&["sstp.call-disconnect#1 drop"])
        .expects(Expect::Is("chap.challenge or EAP", |view| {
            let keyed = view.always().any(is_eap) || !challenges(view).is_empty();
            if keyed { Ok(()) } else { Err("no challenge, no EAP".to_string()) }
        }))
        .why("PAP and MD5 leave crypto binding without a key.")
        .proved("auth.mutant-pap-only"),
    rfc(Level::Must, "auth/2.1/md5-login", 1994, "2.1", &["S-142"])
        .at(Auth)
        .methods(MD5)
        .says("a login by CHAP-MD5 works where it is offered")
        .expects(SUCCESS)
        .why("What is offered must work.")
        .proved("auth.mutant-no-md5"),
];

fn allows_a_retry(view: &View<'_>) -> Result<(), String> {
    let text = text_of(view, "chap.failure")?;
    if chap::MsChapFailure::parse(text.as_bytes()).retry == Some(true) { Ok(()) } else { Err(format!("{text:?}")) }
}

fn demands_mschapv2(view: &View<'_>) -> Result<(), String> {
    let first = view.always().find(|event| event.raw.get(6..9) == Some(&[0xc0, 0x21, 1]));
    let raw = first.map(|event| event.raw.0.as_slice()).unwrap_or_default();
    let right = raw.get(9) == Some(&1) && raw.windows(5).any(|option| option == [3, 5, 0xc2, 0x23, 0x81]);
    if right { Ok(()) } else { Err(String::new()) }
}

fn is_eap(event: &Event) -> bool {
    matches!(&event.what, What::Ppp(Frame { body: Body::Eap(_), .. }))
}

/// The identifiers of the EAP packets of the server.
fn eap_ids(view: &View<'_>) -> Vec<u8> {
    view.always().filter(|event| is_eap(event)).filter_map(|event| event.raw.get(9).copied()).collect()
}

fn fits_pap(event: &Event) -> Result<(), String> {
    let (length, text) = (event.raw.get(11).copied().unwrap_or(0), event.raw.get(12).copied().unwrap_or(0));
    if u16::from(length) == 5 + u16::from(text) { Ok(()) } else { Err(crate::base::hex(&event.raw)) }
}

fn challenges(view: &View<'_>) -> Vec<Vec<u8>> {
    let of = |event: &Event| match &event.what {
        What::Ppp(Frame { body: Body::Chap(chap::Packet { body: chap::Body::Challenge { value, .. }, .. }), .. }) => Some(value.0.clone()),
        _ => None,
    };
    view.always().filter_map(of).collect()
}

/// Challenges of different values, each with its identifier; one that is sent again counts once.
fn numbered_challenges(view: &View<'_>) -> Vec<(u8, Vec<u8>)> {
    let of = |event: &Event| match &event.what {
        What::Ppp(Frame { body: Body::Chap(chap::Packet { id, body: chap::Body::Challenge { value, .. }, .. }), .. }) => {
            Some((*id, value.0.clone()))
        }
        _ => None,
    };
    let mut all: Vec<(u8, Vec<u8>)> = view.always().filter_map(of).collect();
    all.dedup_by(|one, other| one.1 == other.1);
    all
}

/// LCP of the server names a method.
pub(super) fn asks_for_a_login(view: &View<'_>) -> Result<(), String> {
    if view.always().any(|event| strength(event).is_some()) { Ok(()) } else { Err("no method of authentication was asked for".into()) }
}

/// How strong the method is that a Configure-Request of the server asks for.
fn strength(event: &Event) -> Option<u8> {
    let raw = Some(event.raw.0.as_slice()).filter(|raw| raw.get(6..9) == Some(&[0xc0, 0x21, 1]))?;
    let mut options = raw.get(12..)?;
    while let [kind, length, ..] = options {
        let option = options.get(..usize::from(*length)).filter(|option| option.len() >= 2)?;
        match (kind, option.get(2..)?) {
            (3, [0xc0, 0x23]) => return Some(1),
            (3, [0xc2, 0x23, 5]) => return Some(2),
            (3, [0xc2, 0x23, 0x81]) => return Some(3),
            (3, [0xc2, 0x27]) => return Some(4),
            _ => options = options.get(option.len()..)?,
        }
    }
    None
}

fn challenges_differ(view: &View<'_>) -> Result<(), String> {
    let mut once = challenges(view);
    once.sort();
    once.dedup();
    if once.len() >= 4 { Ok(()) } else { Err(format!("{} challenges on 4 connections", once.len())) }
}

/// The identifier of the first CHAP message of that name, by the peer or by us.
fn chap_ids(view: &View<'_>, wanted: &str, peer: bool) -> Option<u8> {
    let by = if peer { view.peer } else { view.peer.other() };
    let named = |event: &&Event| event.by == Some(by) && crate::jobs::conformance::expect::name(event).as_deref() == Some(wanted);
    view.events.iter().find(named).and_then(|event| event.raw.get(9).copied())
}

fn text_of(view: &View<'_>, wanted: &'static str) -> Result<String, String> {
    let event = view.named(wanted).next().ok_or_else(|| format!("no {wanted}"))?;
    Ok(String::from_utf8_lossy(event.raw.get(12..).unwrap_or_default()).into_owned())
}
