//! The server looked at the credentials and said no, with a number where the method has one. Catalogue 3.3.

use super::auth::Proof;
use super::auth_eap;
use super::check::{Check, Evidence, Fix, Look, Need, Severity, Windows};
use super::look::{ENDINGS, endings_and, ras, stop, terminate, text};
use super::product::{self, Product};
use crate::base::{Layer, Micros, Side, SpecRef};
use crate::transcript::facts::Facts;
use crate::transcript::{Inner, Reason, tap};
use crate::wire::sstp::MessageType;
use crate::wire::{chap, eap, pap, ppp};

pub(super) const AUTH_REFUSED: &[Check] = &[
    Check {
        id: "AUTH-MSCHAP-691",
        layer: Layer::Auth,
        title: "User name or password is wrong",
        means: "The server refuses the credentials with 691. It says the same for a locked account, an unknown user and a missing policy.",
        fix: Fix {
            admin: "Check the account (locked, expired, dial-in right) and read the reason code in NPS event 6273, or the RADIUS log.",
            user: "Type name and password again, watch the keyboard layout, try the other form of the name (DOMAIN\\user or user@domain).",
        },
        windows: &[Windows::Ras(691)],
        verified: true,
        spec: &[SpecRef::rfc(2759, "6")],
        needs: Need::Began(Layer::Auth),
        explains: ENDINGS,
        look: Look::One(|facts| refused_with(facts, 691)),
        ..Check::ROW
    },
    Check {
        id: "AUTH-MSCHAP-646",
        layer: Layer::Auth,
        title: "The account may not log on at this hour",
        means: "The server refuses with 646: logon hours.",
        fix: Fix { admin: "Adjust the logon hours; check the server's clock and zone.", user: "Try again in the permitted hours." },
        windows: &[Windows::Ras(646)],
        verified: true,
        spec: &[SpecRef::rfc(2759, "6")],
        needs: Need::Began(Layer::Auth),
        explains: ENDINGS,
        look: Look::One(|facts| refused_with(facts, 646)),
        ..Check::ROW
    },
    Check {
        id: "AUTH-MSCHAP-647",
        layer: Layer::Auth,
        title: "The account is disabled",
        means: "The server refuses with 647.",
        fix: Fix { admin: "Enable the account.", user: "Call the helpdesk." },
        windows: &[Windows::Ras(647)],
        verified: true,
        spec: &[SpecRef::rfc(2759, "6")],
        needs: Need::Began(Layer::Auth),
        explains: ENDINGS,
        look: Look::One(|facts| refused_with(facts, 647)),
        ..Check::ROW
    },
    Check {
        id: "AUTH-MSCHAP-648",
        layer: Layer::Auth,
        title: "The password has expired",
        means: "The server refuses with 648: the password is too old or must be changed first.",
        fix: Fix { admin: "Reset the password; permit changing it in the NPS policy.", user: "Change the password." },
        windows: &[Windows::Ras(648)],
        verified: true,
        spec: &[SpecRef::rfc(2759, "6")],
        needs: Need::Began(Layer::Auth),
        explains: ENDINGS,
        look: Look::One(|facts| refused_with(facts, 648)),
        ..Check::ROW
    },
    Check {
        id: "AUTH-MSCHAP-649",
        layer: Layer::Auth,
        title: "The account has no permission to dial in",
        means: "The server refuses with 649.",
        fix: Fix { admin: "Grant the dial-in right or mend the network policy.", user: "Ask for VPN access." },
        windows: &[Windows::Ras(649)],
        verified: true,
        spec: &[SpecRef::rfc(2759, "6")],
        needs: Need::Began(Layer::Auth),
        explains: ENDINGS,
        look: Look::One(|facts| refused_with(facts, 649)),
        ..Check::ROW
    },
    Check {
        id: "AUTH-MSCHAP-709",
        layer: Layer::Auth,
        title: "The new password was refused",
        means: "The server refuses with 709: a change of password did not meet its rules.",
        fix: Fix { admin: "Check the rules for complexity, history and minimum age.", user: "Choose another password." },
        windows: &[Windows::Ras(709)],
        verified: true,
        spec: &[SpecRef::rfc(2759, "6")],
        needs: Need::Began(Layer::Auth),
        explains: ENDINGS,
        look: Look::One(|facts| refused_with(facts, 709)),
        ..Check::ROW
    },
    Check {
        id: "AUTH-ACCOUNT-EXPIRED",
        layer: Layer::Auth,
        title: "The account has expired",
        means: "The server refuses with 708.",
        fix: Fix { admin: "Extend the account.", user: "Call the helpdesk." },
        windows: &[Windows::Ras(708), Windows::Ras(691)],
        needs: Need::Began(Layer::Auth),
        explains: ENDINGS,
        look: Look::One(|facts| refused_with(facts, 708)),
        ..Check::ROW
    },
    Check {
        id: "AUTH-MSCHAP-OTHER",
        layer: Layer::Auth,
        title: "The server refuses the credentials with another code",
        means: "The code is none of those that MS-CHAPv2 defines; the evidence shows it.",
        fix: Fix { admin: "Look the number up (it is usually a RAS error) and read the server's log.", user: "Call the helpdesk." },
        spec: &[SpecRef::rfc(2759, "6")],
        needs: Need::Began(Layer::Auth),
        explains: ENDINGS,
        look: Look::One(refused_with_other_code),
        ..Check::ROW
    },
    Check {
        id: "AUTH-CHAP-FAILURE",
        layer: Layer::Auth,
        title: "User name or password is wrong (CHAP)",
        means: "The server answers with a failure that carries no number. Windows shows 691.",
        fix: Fix {
            admin: "Check the account and read the server's or the RADIUS log; only CHAP with MD5 needs the password stored so that it can be \
                    recovered.",
            user: "Type name and password again.",
        },
        windows: &[Windows::Ras(691)],
        spec: &[SpecRef::rfc(1994, "4.2")],
        needs: Need::Began(Layer::Auth),
        explains: ENDINGS,
        look: Look::One(refused_without_code),
        ..Check::ROW
    },
    Check {
        id: "AUTH-PAP-NAK",
        layer: Layer::Auth,
        title: "User name or password is wrong (PAP)",
        means: "The server refuses the name and the password. Windows shows 691.",
        fix: Fix { admin: "Check the account and read the server's or the RADIUS log.", user: "Type name and password again." },
        windows: &[Windows::Ras(691)],
        spec: &[SpecRef::rfc(1334, "2.2.2")],
        needs: Need::Began(Layer::Auth),
        explains: ENDINGS,
        look: Look::One(pap_refused),
        ..Check::ROW
    },
    Check {
        id: "AUTH-NPS-NO-POLICY",
        layer: Layer::Auth,
        title: "The server refuses the user before it asks for a password",
        means: "EAP fails right after the name: no policy matches, or the user is unknown.",
        fix: Fix {
            admin: "Check the conditions of the network and connection request policies (NPS event 6273, reason 48 or 49).",
            user: "Check the user name.",
        },
        windows: &[Windows::Ras(691), Windows::Ras(812)],
        verified: true,
        spec: &[SpecRef::rfc(3748, "4.2")],
        needs: Need::Began(Layer::Auth),
        explains: ENDINGS,
        look: Look::One(refused_by_name),
        ..Check::ROW
    },
    Check {
        id: "AUTH-EAP-FAILURE",
        layer: Layer::Auth,
        title: "The server refuses the login (EAP)",
        means: "EAP ended with a failure after a method had begun, and no number came with it.",
        fix: Fix { admin: "Read the reason code in NPS event 6273, or the RADIUS log.", user: "Type name and password again." },
        windows: &[Windows::Ras(691)],
        spec: &[SpecRef::rfc(3748, "4.2")],
        needs: Need::Began(Layer::Auth),
        explains: ENDINGS,
        look: Look::One(eap_failed),
        ..Check::ROW
    },
    Check {
        id: "AUTH-SERVER-PROOF-BAD",
        layer: Layer::Auth,
        title: "The server cannot prove that it knows the password",
        means: "It accepts the user, but its proof (S=) is missing or wrong. RADIUS does not pass it on, or someone poses as the server.",
        fix: Fix {
            admin: "Let RADIUS return MS-CHAP2-Success unchanged; update the PPP daemon.",
            user: "Report it: it may be an impostor.",
        },
        windows: &[Windows::Ras(778)],
        verified: true,
        spec: &[SpecRef::rfc(2759, "5"), SpecRef::rfc(2759, "8.7")],
        needs: Need::Began(Layer::Auth),
        explains: ENDINGS,
        look: Look::One(proof_wrong),
        ..Check::ROW
    },
    Check {
        id: "AUTH-USERNAME-FORMAT",
        layer: Layer::Auth,
        severity: Severity::Note,
        title: "The form of the user name may be the matter",
        means: "Client and server may use different parts of the name for the proof, or the server does not want a domain.",
        fix: Fix {
            admin: "Document the form; strip the domain on the server.",
            user: "Try the other form: user, DOMAIN\\user or user@domain.",
        },
        windows: &[Windows::Ras(691)],
        verified: true,
        spec: &[SpecRef::rfc(2759, "8.2")],
        needs: Need::Began(Layer::Auth),
        look: Look::One(name_has_a_domain),
        ..Check::ROW
    },
    Check {
        id: "AUTH-NON-ASCII",
        layer: Layer::Auth,
        severity: Severity::Note,
        title: "The user name has letters outside ASCII",
        means: "Client and server may write them differently.",
        fix: Fix { admin: "Use account names in ASCII.", user: "Use an alias in ASCII." },
        windows: &[Windows::Ras(691)],
        needs: Need::Began(Layer::Auth),
        look: Look::One(name_beyond_ascii),
        ..Check::ROW
    },
    Check {
        id: "AUTH-REFUSED-LATE",
        layer: Layer::Auth,
        severity: Severity::Note,
        title: "The refusal came late",
        means: "The server waited before it said no: the first RADIUS server does not answer, or a second factor was refused.",
        fix: Fix {
            admin: "Check the order and reach of the RADIUS servers, and whether a second factor was asked for.",
            user: "Confirm the prompt if there is one.",
        },
        needs: Need::Began(Layer::Auth),
        look: Look::One(refused_late),
        ..Check::ROW
    },
];

/// What tells why a refusal came, where its number does not: it stands before the rows of the numbers.
pub(super) const AUTH_WAITED: &[Check] = &[Check {
    id: "AUTH-MFA-TIMEOUT",
    layer: Layer::Auth,
    title: "The second factor was not confirmed in time",
    means: "The server waited so long before it said no that it waited for a person: a second factor is asked for once the password was found right \
            (the extension of NPS does so), and nobody confirmed it, or only after the time of RADIUS was over. The number sent with it is that of a \
            wrong password.",
    fix: Fix {
        admin: "Raise the RADIUS timeout above the time for the second factor (60 s for the MFA extension of NPS); one server per try.",
        user: "Confirm the prompt quickly; look whether the telephone or the app gets it.",
    },
    windows: &[Windows::Ras(691), Windows::Ras(718)],
    verified: true,
    needs: Need::Began(Layer::Auth),
    explains: endings_and![
        "AUTH-MSCHAP-691",
        "AUTH-CHAP-FAILURE",
        "AUTH-PAP-NAK",
        "AUTH-EAP-FAILURE",
        "AUTH-PEAP-REFUSED",
        "AUTH-EAP-CERT-NO-ACCOUNT",
    ],
    look: Look::One(waited_for_a_person),
    ..Check::ROW
}];

/// The server said no to the credentials.
pub(super) fn said_no(facts: &Facts) -> bool {
    AUTH_REFUSED.iter().any(|check| check.severity == Severity::Fail && check.hits(facts).is_some())
}

fn refused_with(facts: &Facts, code: u32) -> Option<Evidence> {
    refusal(facts).filter(|no| no.code == Some(code)).map(Refusal::evidence)
}

fn refused_with_other_code(facts: &Facts) -> Option<Evidence> {
    refusal(facts).filter(|no| no.code.is_some_and(|code| !KNOWN_CODES.contains(&code))).map(Refusal::evidence)
}

fn refused_without_code(facts: &Facts) -> Option<Evidence> {
    let evidence = refusal(facts).filter(|no| no.code.is_none()).map(Refusal::evidence)?;
    let numbered = matches!(super::auth::proof(facts), Some(Proof::MsChapV2 | Proof::EapMsChapV2));
    Some(evidence.and(if numbered { "the method was MS-CHAPv2, whose failures should carry a number that can be read" } else { "" }))
}

fn pap_refused(facts: &Facts) -> Option<Evidence> {
    stop(facts).filter(|_| !facts.reached(Layer::Auth))?;
    let Some(seen) = facts.frames(Side::Server, "pap.authenticate-nak").last() else { return pap_refused_by_softether(facts) };
    let ppp::Body::Pap(pap::Packet { body: pap::Body::AuthenticateNak { message }, .. }) = &seen.it.body else { return None };
    Some(Evidence::at(seen.event, format!("PAP Authenticate-Nak, text {}", text(message))))
}

/// SoftEther knows no Authenticate-Nak: it ends the link on a wrong password. Measured with 5.01 (build 9674).
fn pap_refused_by_softether(facts: &Facts) -> Option<Evidence> {
    let asked = facts.frames(Side::Client, "pap.authenticate-request").last()?;
    let (event, says) = terminate(facts).filter(|row| row.0 > asked.event)?;
    product::of(facts).filter(|row| row.0 == Product::SoftEther)?;
    let says = format!("LCP Terminate-Request in place of an answer to PAP ({says}), as SoftEther refuses a wrong password");
    Evidence::of([asked.event, event], says).filter(|_| facts.frames(Side::Server, "pap.authenticate-ack").next().is_none())
}

fn refused_by_name(facts: &Facts) -> Option<Evidence> {
    let event = eap_failure(facts)?;
    let answered: Vec<u8> = eap_responses(facts).collect();
    let only_the_name = !answered.is_empty() && answered.iter().all(|kind| *kind == eap::IDENTITY);
    only_the_name.then(|| Evidence::at(event, "EAP Failure right after the identity"))
}

fn eap_failed(facts: &Facts) -> Option<Evidence> {
    let event = eap_failure(facts).filter(|_| refusal(facts).is_none() && refused_by_name(facts).is_none())?;
    // A failure that comes after our own end of it answers that.
    let first = stop(facts).is_some_and(|stop| event < stop.event);
    let event = Some(event).filter(|_| first && !auth_eap::names_it(facts))?;
    // A Nak before is no refusal when the server went on with what it proposed.
    let agreed = eap_responses(facts).last() != Some(eap::NAK);
    let method = eap_responses(facts).last().map_or("no method".into(), eap::type_title);
    agreed.then(|| Evidence::at(event, format!("EAP Failure after {method}")))
}

fn proof_wrong(facts: &Facts) -> Option<Evidence> {
    if let Some(evidence) = proof_is_false(facts) {
        return (!went_on(facts)).then_some(evidence);
    }
    let stop = stop(facts).filter(|stop| stop.layer == Layer::Auth)?;
    let about_proof = matches!(&stop.reason, Reason::Violated(says) if says.contains("authenticator response"));
    about_proof.then(|| super::look::reason_of(stop))
}

/// What the server sent as its proof is wrong for the password given, which is the one that the client used.
pub(super) fn proof_is_false(facts: &Facts) -> Option<Evidence> {
    let seen = facts.proofs.iter().find(|seen| seen.it.0 == tap::Proof::AuthenticatorResponse && !seen.it.1)?;
    let same_password = super::binding::holds(facts, tap::Proof::Response) != Some(false);
    same_password.then(|| Evidence::at(seen.event, seen.it.2.clone()))
}

/// The client took the login as done.
pub(super) fn went_on(facts: &Facts) -> bool {
    facts.messages(Side::Client, MessageType::CallConnected).next().is_some()
}

fn name_has_a_domain(facts: &Facts) -> Option<Evidence> {
    let no = refusal(facts).filter(|no| no.code == Some(691))?;
    let user = user(facts).filter(|user| user.contains(['\\', '@']))?;
    Some(Evidence::at(no.event, format!("the name given was {user}")))
}

fn name_beyond_ascii(facts: &Facts) -> Option<Evidence> {
    let no = refusal(facts).filter(|no| no.code == Some(691))?;
    let user = user(facts).filter(|user| !user.is_ascii())?;
    Some(Evidence::at(no.event, format!("the name given was {user}")))
}

/// The user's name as it was given, or as the client sends it.
pub(super) fn user(facts: &Facts) -> Option<String> {
    let sent = |frame: &ppp::Frame| match &frame.body {
        ppp::Body::Chap(chap::Packet { body: chap::Body::Response { name, .. }, .. }) => Some(name.to_vec()),
        ppp::Body::Pap(pap::Packet { body: pap::Body::AuthenticateRequest { peer_id, .. }, .. }) => Some(peer_id.to_vec()),
        ppp::Body::Eap(eap::Packet { code: 2, kind: Some(eap::IDENTITY), data, .. }) => Some(data.to_vec()),
        _ => None,
    };
    let seen = || facts.ppp.iter().filter(|seen| seen.by == Some(Side::Client)).find_map(|seen| sent(&seen.it));
    facts.asked.user.clone().or_else(|| Some(String::from_utf8_lossy(&seen()?).into_owned()))
}

/// The refusal, and the longest time that the server took over a proof before it.
fn wait_before_no(facts: &Facts) -> Option<(usize, Micros)> {
    let of_pap = || pap_refused(facts)?.events.last().copied();
    let event = refusal(facts).map(|no| no.event).or_else(|| eap_failure(facts)).or_else(of_pap)?;
    Some((event, super::auth::longest_wait(facts, event)?))
}

fn refused_late(facts: &Facts) -> Option<Evidence> {
    let (event, waited) = wait_before_no(facts).filter(|_| waited_for_a_person(facts).is_none())?;
    (waited >= LATE).then(|| Evidence::at(event, format!("the answer came {waited} after the response")))
}

/// A number that tells something else counts for more than the time; a name alone is no proof that a second factor could follow.
fn waited_for_a_person(facts: &Facts) -> Option<Evidence> {
    let (event, waited) = wait_before_no(facts)?;
    let silent = refusal(facts).is_none_or(|no| no.code.is_none_or(|code| code == 691));
    let proved = super::auth::proof(facts).is_some();
    (waited >= LIKE_A_SECOND_FACTOR && silent && proved)
        .then(|| Evidence::at(event, format!("the refusal came {waited} after the response")))
}

/// A failure that MS-CHAPv2, plain or within EAP, or CHAP carries.
struct Refusal {
    event: usize,
    code: Option<u32>,
    says: String,
}

impl Refusal {
    fn evidence(self) -> Evidence {
        Evidence::at(self.event, self.says)
    }
}

/// The server said no in a method that has words for it.
pub(super) fn is_refused(facts: &Facts) -> bool {
    refusal(facts).is_some() || pap_refused(facts).is_some()
}

/// The last failure of a CHAP method, unless authentication came up afterwards.
fn refusal(facts: &Facts) -> Option<Refusal> {
    stop(facts).filter(|_| !facts.reached(Layer::Auth))?;
    let theirs = facts.ppp.iter().filter(|seen| seen.by == Some(Side::Server));
    let outside = theirs.filter_map(|seen| Some((seen.event, failure_text(&seen.it)?, seen.it.protocol))).next_back();
    let (event, message, within) = outside.or_else(|| failure_inside(facts))?;
    let failure = chap::MsChapFailure::parse(&message);
    let code = failure.error.map(|code| format!("; {}", ras(code))).unwrap_or_default();
    let retry = match failure.retry {
        Some(true) if failure.challenge.is_some() => "; another try is allowed, with a new challenge",
        Some(true) => "; another try is allowed",
        Some(false) => "; no further try is allowed",
        None => "",
    };
    let method = match within {
        ppp::EAP if outside_eap(facts, event) => "EAP-MSCHAPv2",
        ppp::EAP => "EAP-MSCHAPv2 inside PEAP:",
        _ => "CHAP",
    };
    Some(Refusal { event, code: failure.error, says: format!("{method} Failure {}{code}{retry}", text(&without_challenge(&message))) })
}

/// The failure of a login inside PEAP.
pub(super) fn failure_inside(facts: &Facts) -> Option<(usize, Vec<u8>, ppp::Protocol)> {
    let text = |inner: &Inner| match inner {
        Inner::Packet(packet) => failure_text(&ppp::Frame { protocol: ppp::EAP, body: ppp::Body::Eap(packet.clone()) }),
        _ => None,
    };
    let theirs = facts.inner.iter().filter(|seen| seen.by == Some(Side::Server));
    theirs.filter_map(|seen| Some((seen.event, text(&seen.it)?, ppp::EAP))).next_back()
}

fn outside_eap(facts: &Facts, event: usize) -> bool {
    facts.ppp.iter().any(|seen| seen.event == event)
}

fn failure_text(frame: &ppp::Frame) -> Option<Vec<u8>> {
    match &frame.body {
        ppp::Body::Chap(chap::Packet { body: chap::Body::Failure { message }, .. }) => Some(message.to_vec()),
        ppp::Body::Eap(packet) if packet.code == 1 && packet.kind == Some(eap::MSCHAPV2) => {
            match eap::MsChapV2::parse(&packet.data).ok()?.body {
                chap::Body::Failure { message } => Some(message.to_vec()),
                _ => None,
            }
        }
        _ => None,
    }
}

/// The text without `C=`: a challenge says nothing to a person.
fn without_challenge(message: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(message);
    let (head, rest) = text.split_once("M=").map_or((text.as_ref(), None), |(head, rest)| (head, Some(rest)));
    let parts = head.split_ascii_whitespace().filter(|part| !part.starts_with("C=")).map(str::to_string);
    parts.chain(rest.map(|rest| format!("M={rest}"))).collect::<Vec<_>>().join(" ").into_bytes()
}

/// The server's EAP Failure, unless authentication came up afterwards.
pub(super) fn eap_failure(facts: &Facts) -> Option<usize> {
    stop(facts).filter(|_| !facts.reached(Layer::Auth))?;
    facts.frames(Side::Server, "eap.failure").last().map(|seen| seen.event)
}

/// The types of the client's EAP responses.
pub(super) fn eap_responses(facts: &Facts) -> impl Iterator<Item = u8> {
    facts.ppp.iter().filter(|seen| seen.by == Some(Side::Client)).filter_map(|seen| match &seen.it.body {
        ppp::Body::Eap(packet) if packet.code == 2 => packet.kind,
        _ => None,
    })
}

/// Codes that rows of their own stand for.
const KNOWN_CODES: [u32; 7] = [646, 647, 648, 649, 691, 708, 709];
/// Ours: a RADIUS server that does not answer costs at least one try of 5 s; a refusal on purpose is delayed by less.
const LATE: Micros = Micros(4_900_000);
/// Catalogue, `AUTH-MFA-TIMEOUT`: such waits take 30 to 60 s; from here on a second factor is the likelier.
const LIKE_A_SECOND_FACTOR: Micros = Micros(25_000_000);
