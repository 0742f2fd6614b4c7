//! Who the client is, and who the server is. RFC 1334, 1994, 2759, 3748; MS-SSTP 3.2.7.1.

use super::looks;
use super::{ENDED, LEFT_UNBOUND, LOGGED_IN, interop, must, rfc};
use crate::base::Layer::{Auth, Binding, Data, Ncp};
use crate::base::{Side, SpecRef};
use crate::jobs::conformance::case::Level::{Derived, Must};
use crate::jobs::conformance::case::{Base, Case, Row};
use crate::jobs::conformance::expect::{Expect, shown};
use crate::proto::plan::Method;
use std::time::Duration;

const MSCHAP: &[Method] = &[Method::MsChapV2];
const EAP: &[Method] = &[Method::EapMsChapV2];
const PAP: &[Method] = &[Method::Pap];
const NO_CONNECTED: Expect = Expect::Never("sstp.call-connected");
const FOREIGN: &str = "Whoever sits in between does not know the password.";

pub(super) const ROWS: &[Row] = &[
    rfc(Must, "auth/3.5/no-ncp-before-login", 1661, "3.5", &["C-139"])
        .at(Auth)
        .methods(MSCHAP)
        .within(5)
        .edits(&["chap.challenge#* drop"])
        .says("no IPCP and no IPv6CP before the login is complete")
        .expects(Expect::Is("no network control protocol", |view| {
            let early = view.always().filter_map(looks::frame).find(|frame| (0x8000..0xc000).contains(&frame.protocol));
            early.map_or(Ok(()), |frame| Err(format!("{} came", frame.name())))
        }))
        .why("The server discards it.")
        .proved("client.early-ncp"),
    rfc(Must, "auth/4.1/identifier", 1994, "4.1", &["C-140"])
        .at(Auth)
        .methods(MSCHAP)
        .says("the response has the identifier of the challenge")
        .expects(Expect::Is("equal identifiers", answers_the_challenge))
        .why("The server finds its challenge by it.")
        .proved("client.response-id"),
    rfc(Must, "auth/4/response-layout", 2759, "4", &["C-141"])
        .at(Auth)
        .methods(MSCHAP)
        .says("the MS-CHAPv2 response is 49 bytes with zeros where they belong")
        .expects(Expect::Is("Value-Size 49, eight zero bytes, flags 0", |view| {
            let response = looks::information(looks::first(view, "chap.response")?);
            let right = response.get(4) == Some(&49) && response.get(21..29) == Some(&[0; 8]) && response.get(53) == Some(&0);
            looks::must(right, || crate::base::hex(response.get(21..29).unwrap_or_default()))
        }))
        .why("A server may refuse what it does not know.")
        .proved("client.response-reserved"),
    rfc(Must, "auth/4/fresh-peer-challenge", 2759, "4", &["C-142"])
        .at(Auth)
        .methods(MSCHAP)
        .times(3)
        .says("every login has another peer challenge")
        .expects(Expect::Is("three peer challenges", |view| {
            let values = looks::all(view, view.peer, "chap.response").map(|pair| looks::information(pair.1).get(5..21));
            let mut values: Vec<_> = values.collect();
            values.sort_unstable();
            values.dedup();
            looks::must(values.len() == 3, || format!("{} peer challenges in three logins", values.len()))
        }))
        .why("A recorded answer of the server must not be good again.")
        .proved("client.one-challenge"),
    rfc(Must, "auth/8/nt-response", 2759, "8", &["C-143"])
        .at(Auth)
        .methods(MSCHAP)
        .says("the NT-Response is that of the password")
        .expects(LOGGED_IN)
        .why("It is the login.")
        .proved("client.wrong-response"),
    rfc(Must, "auth/4/domain-is-not-hashed", 2759, "4", &["C-144"])
        .at(Auth)
        .methods(MSCHAP)
        .domain("LAB")
        .says("of DOMAIN\\user only the user is hashed")
        .expects(LOGGED_IN)
        .why("The server hashes the bare name.")
        .proved("client.hashes-domain"),
    rfc(Must, "auth/5/wrong-proof", 2759, "5", &["C-145"])
        .at(Binding)
        .methods(MSCHAP)
        .edits(&["chap.success#1 flip data.23"])
        .says("a Success with one digit of S= changed ends the session")
        .expects(LEFT_UNBOUND)
        .why(FOREIGN)
        .proved("client.takes-any-proof"),
    rfc(Must, "auth/5/wrong-proof-throughout", 2759, "5", &["C-145"])
        .at(Binding)
        .methods(MSCHAP)
        .edits(&[r#"chap.success#1 splice 14..54 "0000000000000000000000000000000000000000""#])
        .says("a Success whose S= is zeros ends the session")
        .expects(LEFT_UNBOUND)
        .why(FOREIGN)
        .proved("client.takes-any-proof"),
    rfc(Must, "auth/5/cut-proof", 2759, "5", &["C-145"])
        .at(Binding)
        .methods(MSCHAP)
        .edits(&["chap.success#1 splice 30..64 \"\"", "chap.success#1 set packet-length=0x16", "chap.success#1 set length=0x1e"])
        .says("a Success whose S= is too short ends the session")
        .expects(LEFT_UNBOUND)
        .why("A comparison of as much as came is none.")
        .proved("client.takes-any-proof"),
    rfc(Must, "auth/5/no-proof", 2759, "5", &["C-146"])
        .at(Binding)
        .methods(MSCHAP)
        .edits(&["chap.success#1 instead 10 00 00 0e ff 03 c2 23 03 01 00 06 4f 4b"])
        .says("a Success without S= ends the session")
        .expects(LEFT_UNBOUND)
        .why(FOREIGN)
        .proved("client.takes-any-proof"),
    rfc(Must, "auth/5/empty-success", 2759, "5", &["C-146"])
        .at(Binding)
        .methods(MSCHAP)
        .edits(&["chap.success#1 instead 10 00 00 0c ff 03 c2 23 03 01 00 04"])
        .says("a Success without a message ends the session")
        .expects(LEFT_UNBOUND)
        .why(FOREIGN)
        .proved("client.takes-any-proof"),
    rfc(Must, "auth/5/success-without-challenge", 2759, "5", &["C-147"])
        .at(Binding)
        .methods(MSCHAP)
        .within(4)
        .edits(&["chap.challenge#* instead 10 00 00 36 ff 03 c2 23 03 01 00 2e 53 3d 30 30 30 30 30 30 30 30 30 30 30 30 30 30 30 30 30 30 30 30 30 30 30 30 30 30 30 30 30 30 30 30 30 30 30 30 30 30 30 30"])
        .says("a Success in place of the challenge is not accepted")
        .expects(NO_CONNECTED)
        .why(FOREIGN)
        .proved("client.takes-any-proof"),
    rfc(Must, "auth/4.1/success-without-challenge-md5", 1994, "4.1", &["C-147"])
        .at(Binding)
        .methods(&[Method::ChapMd5])
        .within(4)
        .edits(&["chap.challenge#* instead 10 00 00 0c ff 03 c2 23 03 01 00 04"])
        .says("a Success of CHAP-MD5 in place of the challenge is not accepted")
        .expects(NO_CONNECTED)
        .why("Nothing has been proved to anybody.")
        .proved("client.takes-any-proof"),
    rfc(Derived, "auth/5/success-without-message", 2759, "5", &["C-148"])
        .at(Binding)
        .methods(MSCHAP)
        .edits(&["chap.success#1 splice 54..64 \"\"", "chap.success#1 set packet-length=0x2e", "chap.success#1 set length=0x36"])
        .says("a Success that ends behind S= is accepted")
        .expects(Expect::Sends("sstp.call-connected"))
        .why("Servers differ in what they add.")
        .proved("client.no-connected"),
    rfc(Must, "auth/4.1/challenged-again", 1994, "4.1", &["C-149"])
        .at(Ncp)
        .methods(MSCHAP)
        .edits(&["sstp.call-disconnect#1 instead 10 00 00 1d ff 03 c2 23 01 09 00 15 10 00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f"])
        .says("a challenge in a call that stands is answered")
        .expects(Expect::Is("a response with its identifier", |view| {
            let response = view.named("chap.response").next().ok_or("no chap.response")?;
            looks::must(looks::information(response).get(1) == Some(&9), || "another identifier".into())
        }))
        .why("Servers ask from time to time.")
        .proved("client.proves-once"),
    must("auth/3.2.7.1/failure", "3.2.7.1", &["C-150"])
        .at(Binding)
        .methods(MSCHAP)
        .edits(&[r#"chap.success#1 instead 10 00 00 19 ff 03 c2 23 04 01 00 11 45 3d 36 39 31 20 52 3d 30 20 56 3d 33"#])
        .says("a Failure that allows no retry ends the call by Disconnect")
        .expects(Expect::All(&[Expect::Sends("sstp.call-disconnect"), NO_CONNECTED]))
        .or(LEFT_UNBOUND)
        .why("There is no login any more.")
        .proved("client.ignores"),
    must("auth/3.2.7.1/failure-with-retry", "3.2.7.1", &["C-150"])
        .at(Binding)
        .methods(MSCHAP)
        .edits(&[r#"chap.success#1 instead 10 00 00 3d ff 03 c2 23 04 01 00 35 45 3d 36 39 31 20 52 3d 31 20 43 3d 30 30 31 31 32 32 33 33 34 34 35 35 36 36 37 37 38 38 39 39 61 61 62 62 63 63 64 64 65 65 66 66 20 56 3d 33"#])
        .says("a Failure that allows a retry is followed by one, or by the end")
        .expects(Expect::All(&[Expect::Any(&[ENDED, Expect::Sends("chap.response")]), NO_CONNECTED]))
        .why("The user may type again.")
        .proved("client.ignores"),
    rfc(Must, "auth/2.2.1/pap-is-repeated", 1334, "2.2.1", &["C-151"])
        .at(Data)
        .methods(PAP)
        .edits(&["pap.*#* drop"])
        .says("an unanswered Authenticate-Request of PAP is repeated")
        .expects(Expect::Volunteers("pap.authenticate-request", 2))
        .why("The server may not have been ready.")
        .proved("client.pap-once"),
    rfc(Must, "auth/2.2.2/pap-nak", 1334, "2.2.2", &["C-152"])
        .at(Binding)
        .methods(PAP)
        .edits(&["pap.authenticate-ack#1 instead 10 00 00 0d ff 03 c0 23 03 01 00 05 00"])
        .says("Authenticate-Nak of PAP ends the call")
        .expects(LEFT_UNBOUND)
        .why("There is no login any more.")
        .proved("client.ignores"),
    rfc(Must, "auth/4.1/eap-identifier", 3748, "4.1", &["C-153"])
        .at(Auth)
        .methods(EAP)
        .says("an EAP response has the identifier of its request")
        .expects(Expect::All(&[
            Expect::Is("equal identifiers for the identity", |view| same_id(view, "eap.request-identity", "eap.response-identity")),
            Expect::Is("equal identifiers for MS-CHAPv2", |view| same_id(view, "eap.request-mschapv2", "eap.response-mschapv2")),
        ]))
        .why("The server finds its request by it.")
        .proved("client.eap-id"),
    rfc(Must, "auth/5.2/eap-notification", 3748, "5.2", &["C-153"])
        .at(Auth)
        .methods(EAP)
        .edits(&["eap.request-mschapv2#1 before 10 00 00 0f ff 03 c2 27 01 77 00 07 02 68 69"])
        .says("an EAP notification is answered")
        .expects(Expect::Sends("eap.response-notification"))
        .why("The server waits before it goes on.")
        .proved("client.no-eap-notification"),
    rfc(Must, "auth/5.3.1/eap-nak", 3748, "5.3.1", &["C-154"])
        .at(Auth)
        .methods(EAP)
        .edits(&["eap.request-mschapv2#1 instead 10 00 00 0f ff 03 c2 27 01 02 00 07 06 68 69"])
        .says("a type that the client does not want is answered by Nak with one that it does")
        .expects(Expect::Is("a Nak with a type", |view| {
            let nak = view.named("eap.response-nak").next().ok_or("no eap.response-nak")?;
            let types = looks::information(nak).get(5..).unwrap_or_default();
            looks::must(!types.is_empty() && !types.contains(&6), || crate::base::hex(types))
        }))
        .why("The server may have what is wanted.")
        .proved("client.no-eap-nak"),
    rfc(Must, "auth/4.1/eap-identity-again", 3748, "4.1", &["C-155"])
        .at(Auth)
        .methods(EAP)
        .edits(&["eap.request-identity#1 repeat 2"])
        .says("an Identity request that comes again is answered again")
        .expects(Expect::Is("two equal responses", |view| equal(view, "eap.response-identity")))
        .why("The first answer may be lost inside the server.")
        .proved("client.eap-once"),
    rfc(Must, "auth/4.1/eap-request-again", 3748, "4.1", &["C-155"])
        .at(Auth)
        .methods(EAP)
        .edits(&["eap.request-mschapv2#1 repeat 2"])
        .says("a challenge within EAP that comes again gets the same response")
        .expects(Expect::Is("two equal responses", |view| equal(view, "eap.response-mschapv2")))
        .why("With another one the proof of the server would not fit.")
        .proved("client.answers-anew"),
    rfc(Must, "auth/4.2/eap-success-after-identity", 3748, "4.2", &["C-156"])
        .at(Binding)
        .methods(EAP)
        .within(4)
        .edits(&["eap.request-mschapv2#* instead 10 00 00 0c ff 03 c2 27 03 02 00 04"])
        .says("EAP-Success right after the identity is not taken for success")
        .expects(NO_CONNECTED)
        .why("Nothing has been proved to anybody.")
        .proved("client.takes-any-proof"),
    rfc(Must, "auth/4.2/eap-success-at-once", 3748, "4.2", &["C-156"])
        .at(Binding)
        .methods(EAP)
        .within(4)
        .edits(&["eap.request-identity#* instead 10 00 00 0c ff 03 c2 27 03 01 00 04"])
        .says("EAP-Success before any request is not taken for success")
        .expects(NO_CONNECTED)
        .why("Nothing has been proved to anybody.")
        .proved("client.takes-any-proof"),
    rfc(Must, "auth/4.2/eap-failure", 3748, "4.2", &["C-156"])
        .at(Binding)
        .methods(EAP)
        .edits(&["eap.success#1 instead 10 00 00 0c ff 03 c2 27 04 03 00 04", "eap.request-mschapv2#2 drop"])
        .says("EAP-Failure at the end of a right login ends the call")
        .expects(LEFT_UNBOUND)
        .why("The server has the last word.")
        .proved("client.ignores"),
    interop("auth/3.5/no-login-asked-for", "3.2.5.2", &["C-157"])
        .at(Binding)
        .with(|server| server.methods.clear())
        .says("a server that wants no login is refused or taken, but the client does not hang")
        .expects(Expect::Any(&[ENDED, Expect::Sends("sstp.call-connected")]))
        .why("Whoever sits in between would ask for none.")
        .proved("client.hangs-without-login"),
];

/// The response that went out has the identifier of the challenge as it went out.
fn answers_the_challenge(view: &crate::jobs::conformance::expect::View<'_>) -> looks::Seen {
    same_id(view, "chap.challenge", "chap.response")
}

fn same_id(view: &crate::jobs::conformance::expect::View<'_>, request: &'static str, response: &'static str) -> looks::Seen {
    let asked = looks::information(looks::ours(view, request)?).get(1).copied();
    let answered = looks::information(looks::first(view, response)?).get(1).copied();
    looks::must(asked == answered, || format!("identifier {} in place of {}", shown(answered), shown(asked)))
}

fn equal(view: &crate::jobs::conformance::expect::View<'_>, wanted: &'static str) -> looks::Seen {
    let mut raws = looks::all(view, view.peer, wanted).map(|pair| &pair.1.raw);
    let pair = raws.next().zip(raws.next()).ok_or("fewer than two responses")?;
    looks::must(pair.0 == pair.1, || "the responses differ".into())
}

/// Errors of RFC 2759 section 6 and of Windows beside it.
const ERRORS: [(u32, &str); 6] = [
    (646, "restricted logon hours"),
    (647, "account disabled"),
    (648, "password expired"),
    (649, "no dial-in permission"),
    (691, "wrong name or password"),
    (709, "password could not be changed"),
];
/// Identifiers that a challenge may have.
const IDENTIFIERS: [u8; 4] = [0, 0x7f, 0x80, 0xff];

/// Every error that MS-CHAPv2 knows, and identifiers at their limits.
pub(super) fn cases() -> Vec<Case> {
    let base = |expect| Base { expect, methods: Some(MSCHAP), within: Duration::from_secs(6), ..Base::new(Side::Client, Binding) };
    let errors = ERRORS.iter().map(|(number, title)| {
        let message = format!("E={number} R=0 C=00112233445566778899AABBCCDDEEFF V=3 M=no");
        let mut packet = vec![0x10, 0, 0, 0, 0xff, 3, 0xc2, 0x23, 4, 1, 0, 0];
        packet.extend(message.as_bytes());
        let length = u8::try_from(packet.len()).unwrap_or_default();
        if let Some(at) = packet.get_mut(3) {
            *at = length;
        }
        if let Some(at) = packet.get_mut(11) {
            *at = length.saturating_sub(8);
        }
        Case {
            id: format!("auth/6/failure-{number}").into(),
            title: format!("a Failure with E={number}, {title}, does not end in Call Connected").into(),
            why: "There is no login any more.".into(),
            spec: SpecRef::rfc(2759, "6"),
            level: Must,
            covers: vec!["C-150"],
            edits: vec![format!("chap.success#1 instead {}", crate::base::hex(&packet)).into()],
            proved_by: "client.ignores",
            base: base(Expect::All(&[Expect::Any(&[ENDED, Expect::Sends("chap.*")]), NO_CONNECTED])),
        }
    });
    let identifiers = IDENTIFIERS.into_iter().map(|id| Case {
        id: format!("auth/4.1/identifier-{id}").into(),
        title: format!("a challenge with identifier {id} is answered with that identifier").into(),
        why: "The server finds its challenge by it.".into(),
        spec: SpecRef::rfc(1994, "4.1"),
        level: Must,
        covers: vec!["C-140"],
        edits: vec![format!("chap.challenge#1 set identifier={id}").into()],
        proved_by: "client.response-id",
        base: Base { until: Auth, ..base(Expect::Is("equal identifiers", answers_the_challenge)) },
    });
    errors.chain(identifiers).collect()
}
