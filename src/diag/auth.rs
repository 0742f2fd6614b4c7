//! Authentication that did not come to a yes or no, and which methods were used or offered. Catalogue 3.3 to 3.5.

use super::auth_eap;
use super::auth_refused::{eap_failure, eap_responses, said_no};
use super::check::{Check, Evidence, Fix, Look, Need, Severity, Windows};
use super::lcp::{REQUEST, demanded, method_in};
use super::look::{
    BARE_ENDINGS, ENDINGS, SILENT_ENDINGS, endings_and, protocol_reject, reason_of, stop, stop_at, stop_within, terminate, timed_out,
    unnamed,
};
use crate::base::{Layer, Micros, Side, SpecRef};
use crate::transcript::Reason;
use crate::transcript::facts::{Facts, Seen};
use crate::wire::ncp::AuthMethod;
use crate::wire::ppp::{self, Frame};
use crate::wire::{chap, eap};

pub(super) const AUTH: &[Check] = &[
    Check {
        id: "AUTH-PAP-ONLY-WORKS",
        layer: Layer::Auth,
        title: "The server accepts PAP only",
        means: "It cannot or may not check anything stronger, often because passwords are stored as hashes. Windows offers MS-CHAPv2 or EAP unless \
                set otherwise.",
        fix: Fix {
            admin: "Store secrets in a form that MS-CHAPv2 can use, or use EAP; then switch PAP off.",
            user: "Allow PAP in the profile only if the administrator says so and the certificate is valid.",
        },
        windows: &[Windows::Ras(734)],
        verified: true,
        spec: &[SpecRef::rfc(1661, "6.2"), SpecRef::rfc(1334, "2")],
        explains: PAP_ONLY,
        look: Look::One(pap_only),
        ..Check::ROW
    },
    Check {
        id: "AUTH-EAP-METHOD-MISMATCH",
        layer: Layer::Auth,
        title: "Client and server share no EAP method",
        means: "The server asks for an EAP method that the client does not use, and takes none of those the client proposes.",
        fix: Fix { admin: "Align the EAP types of policy and profile.", user: "Import the VPN profile again." },
        windows: &[Windows::Ras(812), Windows::Ras(850), Windows::Ras(852)],
        spec: &[SpecRef::rfc(3748, "5.3.1")],
        needs: Need::Began(Layer::Auth),
        explains: EAP_MISMATCH,
        look: Look::One(eap_methods_differ),
        ..Check::ROW
    },
    Check {
        id: "AUTH-RADIUS-TIMEOUT",
        layer: Layer::Auth,
        title: "The server does not answer the login",
        means: "It asked, got the answer, and then stays silent: it waits for a RADIUS server that does not answer. The password is not the matter.",
        fix: Fix {
            admin: "Check that the RADIUS server can be reached, its shared secret and UDP ports; with a second factor, its timeout.",
            user: "Try again; confirm the second factor if one is asked for.",
        },
        windows: &[Windows::Ras(718), Windows::Ras(691)],
        verified: true,
        spec: &[SpecRef::rfc(2865, "2.4")],
        needs: Need::Began(Layer::Auth),
        explains: SILENT_ENDINGS,
        look: Look::One(login_unanswered),
        ..Check::ROW
    },
    Check {
        id: "AUTH-SILENT",
        layer: Layer::Auth,
        title: "The server never begins authentication",
        means: "The link is up and a method agreed on, but no challenge and no request comes.",
        fix: Fix { admin: "Check the authentication part of the PPP daemon and its plug-ins.", user: "Try again later." },
        windows: &[Windows::Ras(718)],
        spec: &[SpecRef::rfc(1661, "3.5")],
        needs: Need::Began(Layer::Auth),
        explains: SILENT_ENDINGS,
        look: Look::One(no_challenge),
        ..Check::ROW
    },
    Check {
        id: "AUTH-TERMINATED",
        layer: Layer::Auth,
        title: "The server ends the link during authentication",
        means: "LCP Terminate-Request came before a yes or no: a policy, a licence, or a refusal without words.",
        fix: Fix { admin: "Read the server's and the RADIUS log of this moment.", user: "Type name and password again." },
        spec: &[SpecRef::rfc(1661, "3.7")],
        needs: Need::Began(Layer::Auth),
        explains: ENDINGS,
        look: Look::One(link_ended),
        ..Check::ROW
    },
    Check {
        id: "AUTH-NOT-DEMANDED",
        layer: Layer::Auth,
        severity: Severity::Warn,
        title: "The server demands no authentication",
        means: "The link came up without any method agreed on: anyone may connect, and crypto binding has no key to rest on.",
        fix: Fix { admin: "Require an authentication method for the SSTP ports.", user: "" },
        spec: &[SpecRef::rfc(1661, "6.2")],
        needs: Need::Began(Layer::Lcp),
        look: Look::One(not_demanded),
        ..Check::ROW
    },
    Check {
        id: "AUTH-PAP-USED",
        layer: Layer::Auth,
        severity: Severity::Warn,
        title: "The password was sent with PAP",
        means: "The password travels in clear inside TLS, and crypto binding has no key. Windows does not offer PAP unless told to.",
        fix: Fix { admin: "Enable MS-CHAPv2 or EAP and switch PAP off.", user: "" },
        spec: &[SpecRef::rfc(1334, "2"), SpecRef::sstp("3.2.5.2")],
        needs: Need::Began(Layer::Auth),
        look: Look::One(pap_used),
        ..Check::ROW
    },
    Check {
        id: "AUTH-WEAK-OFFERED",
        layer: Layer::Auth,
        severity: Severity::Note,
        title: "The server accepts weak methods too",
        means: "PAP, CHAP-MD5 and MS-CHAPv1 give crypto binding no key, so TLS interception would go unnoticed.",
        fix: Fix { admin: "Switch off the methods that no client needs.", user: "" },
        spec: &[SpecRef::sstp("3.2.5.2")],
        needs: Need::Began(Layer::Lcp),
        look: Look::One(weak_methods_accepted),
        ..Check::ROW
    },
    Check {
        id: "AUTH-FAILED",
        layer: Layer::Auth,
        title: "Authentication ended without a result",
        means: "The call ended during authentication, in a way that fits no other check.",
        fix: Fix { admin: "Read the server's and the RADIUS log of this moment.", user: "Try again later." },
        spec: &[SpecRef::rfc(1661, "3.5")],
        needs: Need::Began(Layer::Auth),
        explains: BARE_ENDINGS,
        look: Look::One(failed_otherwise),
        ..Check::ROW
    },
];

/// PAP was the only method the server would take, and we did not use it.
pub(super) fn pap_only(facts: &Facts) -> Option<Evidence> {
    pap_insisted_on(facts).or_else(|| only_pap_accepted(facts).filter(|_| !facts.reached(Layer::Auth)))
}

fn pap_insisted_on(facts: &Facts) -> Option<Evidence> {
    let stop =
        stop_within(facts, Layer::Lcp..=Layer::Auth).filter(|stop| matches!(stop.reason, Reason::Unwilling(_) | Reason::Untrusted(_)))?;
    let request = facts.frames(Side::Server, REQUEST).filter(|seen| method_in(&seen.it) == Some(AuthMethod::Pap)).last();
    // Who proposes EAP alone has not asked for MS-CHAPv2, so that nothing is known of it.
    let proposed: Vec<_> = facts.frames(Side::Client, "lcp.configure-nak").filter_map(|seen| method_in(&seen.it)).collect();
    if !proposed.is_empty() && !proposed.contains(&AuthMethod::MsChapV2) {
        return None;
    }
    let insisted = request.is_some() && demanded(facts) == [AuthMethod::Pap];
    let said = matches!(&stop.reason, Reason::Unwilling(says) | Reason::Untrusted(says) if says.contains("PAP"));
    let evidence = Evidence::of(request.map(|seen| seen.event).into_iter().chain([stop.event]), stop.reason.to_string())?;
    let withheld = if !facts.tapped() && unproved(facts).is_some() {
        "this tool does not send a password in clear to a server whose certificate it does not trust"
    } else {
        ""
    };
    (insisted || said).then(|| evidence.and(withheld))
}

/// Learned by asking, without credentials.
fn only_pap_accepted(facts: &Facts) -> Option<Evidence> {
    let stand = |accepted: bool| facts.methods.iter().filter(move |seen| seen.it.1 == accepted);
    let only = stand(true).next().is_some() && stand(true).all(|seen| seen.it.0 == AuthMethod::Pap);
    let refused: Vec<String> = stand(false).map(|seen| seen.it.0.to_string()).collect();
    let says = format!("PAP is accepted; refused: {}", refused.join(", "));
    (only && !refused.is_empty()).then(|| Evidence::of(facts.methods.iter().map(|seen| seen.event), says))?
}

fn eap_methods_differ(facts: &Facts) -> Option<Evidence> {
    let looped = auth_eap::asked_again_and_again(facts).is_some();
    let stop = stop(facts).filter(|_| !facts.reached(Layer::Auth) && pap_only(facts).is_none() && !looped)?;
    let naks = facts.frames(Side::Client, "eap.response-nak").map(|seen| seen.event);
    let unwilling = (stop.layer == Layer::Auth && matches!(stop.reason, Reason::Unwilling(_))).then_some(stop.event);
    // A Nak of ours that no other method followed: whatever the server did then, it was the answer to it.
    let last = facts.ppp.iter().rfind(|seen| seen.by == Some(Side::Client) && seen.it.protocol == ppp::EAP);
    let naked_last = last.is_some_and(|seen| seen.it.name() == "eap.response-nak");
    let dropped = naked_last && stop.layer <= Layer::Auth;
    // A method that was gone on with after the Nak is one that both have.
    let ended = eap_failure(facts).into_iter().chain(terminate(facts).map(|row| row.0)).chain(protocol_reject(facts, ppp::EAP));
    let refused = unwilling.into_iter().chain(ended.filter(|_| naked_last)).chain(dropped.then_some(stop.event)).next();
    let wanted: Vec<String> = requested_types(facts).into_iter().map(eap::type_title).collect();
    let ours = naks.last();
    let events = ours.filter(|_| refused.is_some()).into_iter().chain(unwilling);
    let wanted = if wanted.is_empty() { "no method".into() } else { wanted.join(", then ") };
    let proposed: Vec<String> = proposed_types(facts).into_iter().map(eap::type_title).collect();
    let asked = if proposed.is_empty() { String::new() } else { format!("the client asked for {}", proposed.join(", ")) };
    // No Windows is set up for EAP-MD5, and what the client did not ask for the server may well take.
    let hint = if requested_types(facts) == [eap::MD5] {
        "--auth-matrix asks for every method"
    } else {
        "a Windows client that is set up for it may get through"
    };
    Some(Evidence::of(events, format!("the server offers {wanted}"))?.and(&asked).and(&stop.reason.to_string()).and(hint))
}

fn login_unanswered(facts: &Facts) -> Option<Evidence> {
    let proof = proofs(facts).last().filter(|_| !auth_eap::names_it(facts))?;
    match timed_out(facts, Layer::Auth) {
        Some(stop) => Evidence::of([proof.event, stop.event], format!("{} after {}", stop.reason, proof.it.name())),
        None => given_up(facts, proof),
    }
}

/// The server was silent for as long as it tries its RADIUS server, and then ended the link without a yes or no.
fn given_up(facts: &Facts, proof: &Seen<Frame>) -> Option<Evidence> {
    let stop = stop_at(facts, Layer::Auth).filter(|stop| !matches!(stop.reason, Reason::ClientLeft(_)))?;
    let of_auth = |frame: &Frame| matches!(frame.body, ppp::Body::Chap(_) | ppp::Body::Eap(_) | ppp::Body::Pap(_));
    let answered = facts.ppp.iter().any(|seen| seen.by == Some(Side::Server) && seen.event > proof.event && of_auth(&seen.it));
    let ended = terminate(facts).and_then(|(event, says)| {
        let at = facts.ppp.iter().find(|seen| seen.event == event)?.at;
        Some((event, at, format!("LCP Terminate-Request: {says}")))
    });
    let (event, at, how) = ended.unwrap_or_else(|| (stop.event, stop.at, stop.reason.to_string()));
    let silent = at - proof.at;
    let says = format!("{silent} of silence after {}, then {how}", proof.it.name());
    Evidence::of([proof.event, event], says).filter(|_| !answered && silent >= RADIUS_TRIES)
}

fn no_challenge(facts: &Facts) -> Option<Evidence> {
    timed_out(facts, Layer::Auth).filter(|_| proofs(facts).next().is_none()).map(reason_of)
}

fn link_ended(facts: &Facts) -> Option<Evidence> {
    stop_at(facts, Layer::Auth)?;
    let (event, says) = terminate(facts)?;
    let ours = facts.frames(Side::Client, "lcp.terminate-request").next();
    let first =
        ours.is_none_or(|ours| event < ours.event) && !said_no(facts) && eap_methods_differ(facts).is_none() && pap_only(facts).is_none();
    first.then(|| Evidence::at(event, format!("LCP Terminate-Request: {says}")))
}

fn not_demanded(facts: &Facts) -> Option<Evidence> {
    let up = facts.layer(Layer::Lcp).filter(|_| facts.reached(Layer::Lcp))?.event?;
    let request = facts.frames(Side::Server, REQUEST).filter(|seen| seen.event < up).last()?;
    let asked = facts.methods.iter().any(|seen| seen.it.1) || !demanded(facts).is_empty();
    (!asked).then(|| Evidence::at(request.event, "no Configure-Request of the server names an authentication protocol"))
}

fn pap_used(facts: &Facts) -> Option<Evidence> {
    let ack = facts.frames(Side::Server, "pap.authenticate-ack").last().filter(|_| facts.reached(Layer::Auth));
    let sent = facts.frames(Side::Client, "pap.authenticate-request").last();
    let only = only_pap_accepted(facts).filter(|_| ack.is_some()).map(|evidence| evidence.says).unwrap_or_default();
    let evidence = match (ack, sent, unproved(facts)) {
        (_, Some(sent), Some(event)) => {
            Evidence::of([sent.event, event], "the password went in clear to a server that did not prove itself")?
        }
        (Some(ack), _, _) => Evidence::at(ack.event, "PAP Authenticate-Ack"),
        _ => return None,
    };
    Some(evidence.and(&only))
}

/// The event that says that the certificate is not trusted.
fn unproved(facts: &Facts) -> Option<usize> {
    facts.layer(Layer::Cert).filter(|entry| entry.reason.is_some())?.event
}

fn weak_methods_accepted(facts: &Facts) -> Option<Evidence> {
    let weak = [AuthMethod::Pap, AuthMethod::ChapMd5, AuthMethod::MsChapV1];
    // Where nothing else is accepted, or PAP was used, a row of its own says so.
    let named = pap_only(facts).is_some() || pap_used(facts).is_some() || only_pap_accepted(facts).is_some();
    let found: Vec<_> = facts.methods.iter().filter(|seen| !named && seen.it.1 && weak.contains(&seen.it.0)).collect();
    let names: Vec<String> = found.iter().map(|seen| seen.it.0.to_string()).collect();
    Evidence::of(found.iter().map(|seen| seen.event), format!("accepted: {}", names.join(", ")))
}

fn failed_otherwise(facts: &Facts) -> Option<Evidence> {
    unnamed(facts, Layer::Auth, "AUTH-FAILED")
}

/// What the client sent to prove itself: a name alone is no proof, but a RADIUS server may already be asked with it.
pub(super) fn proofs(facts: &Facts) -> impl DoubleEndedIterator<Item = &Seen<Frame>> {
    let sends_proof = |frame: &Frame| match &frame.body {
        ppp::Body::Chap(packet) => matches!(packet.body, chap::Body::Response { .. }),
        ppp::Body::Pap(_) => true,
        ppp::Body::Eap(packet) => packet.code == 2,
        _ => false,
    };
    facts.ppp.iter().filter(move |seen| seen.by == Some(Side::Client) && sends_proof(&seen.it))
}

/// The longest time in which the server left a proof without a word, up to that event: it waits there for RADIUS or a second factor. What is
/// said again meanwhile does not begin it anew.
pub(super) fn longest_wait(facts: &Facts, until: usize) -> Option<Micros> {
    let proofs: Vec<usize> = proofs(facts).map(|seen| seen.event).collect();
    let of_auth = |frame: &Frame| matches!(frame.body, ppp::Body::Chap(_) | ppp::Body::Eap(_) | ppp::Body::Pap(_));
    let (mut open, mut longest) = (None, None);
    for seen in facts.ppp.iter().filter(|seen| seen.event <= until && of_auth(&seen.it)) {
        if seen.by == Some(Side::Server) {
            longest = longest.max(open.take().map(|at| seen.at - at));
        } else if proofs.contains(&seen.event) {
            open.get_or_insert(seen.at);
        }
    }
    longest
}

/// The EAP types that the server asked for, without those that are no method, each once.
pub(super) fn requested_types(facts: &Facts) -> Vec<u8> {
    let mut types = Vec::new();
    for seen in facts.ppp.iter().filter(|seen| seen.by == Some(Side::Server)) {
        if let ppp::Body::Eap(eap::Packet { code: 1, kind: Some(kind @ eap::MD5..), .. }) = &seen.it.body
            && !types.contains(kind)
        {
            types.push(*kind);
        }
    }
    types
}

/// The EAP types that the client named in its Naks, each once. RFC 3748 5.3.1.
pub(super) fn proposed_types(facts: &Facts) -> Vec<u8> {
    let mut types = Vec::new();
    for seen in facts.ppp.iter().filter(|seen| seen.by == Some(Side::Client)) {
        if let ppp::Body::Eap(eap::Packet { code: 2, kind: Some(eap::NAK), data, .. }) = &seen.it.body {
            types.extend(data.0.iter().filter(|kind| **kind >= eap::MD5));
        }
    }
    let mut met = [false; 256];
    types.retain(|kind| !met.get_mut(usize::from(*kind)).is_some_and(|met| std::mem::replace(met, true)));
    types
}

/// How the client proved itself last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Proof {
    /// A method without keys: crypto binding uses 32 zero bytes. MS-SSTP 3.2.5.2.
    Keyless(&'static str),
    /// MS-CHAPv2.
    MsChapV2,
    /// MS-CHAPv2 within EAP.
    EapMsChapV2,
    /// A method that carries TLS and yields an MSK.
    Tunnel,
}

pub(super) fn proof(facts: &Facts) -> Option<Proof> {
    match &proofs(facts).last()?.it.body {
        ppp::Body::Pap(_) => Some(Proof::Keyless("PAP")),
        ppp::Body::Chap(chap::Packet { body: chap::Body::Response { value, .. }, .. }) if value.len() == MSCHAPV2_RESPONSE => {
            Some(Proof::MsChapV2)
        }
        ppp::Body::Chap(_) => Some(Proof::Keyless("CHAP-MD5")),
        ppp::Body::Eap(_) => match eap_responses(facts).filter(|kind| *kind >= eap::MD5).last()? {
            eap::MSCHAPV2 => Some(Proof::EapMsChapV2),
            eap::MD5 => Some(Proof::Keyless("EAP-MD5")),
            eap::TLS | eap::PEAP | eap::TTLS | eap::FAST => Some(Proof::Tunnel),
            _ => None,
        },
        _ => None,
    }
}

/// What a server does when its EAP method is refused: it may stay silent, end the link, or reject EAP altogether.
pub(super) const EAP_MISMATCH: &[&str] =
    endings_and!["LCP-PROTOCOL-REJECT", "LCP-FAILED", "AUTH-SILENT", "AUTH-RADIUS-TIMEOUT", "AUTH-TERMINATED", "AUTH-FAILED"];

/// Ours: RADIUS clients wait 3 to 5 s for an answer and try again up to 10 times; nothing else in a login takes so long.
const RADIUS_TRIES: Micros = Micros(4_500_000);

/// What the refusal of PAP leads to.
const PAP_ONLY: &[&str] = endings_and![
    "LCP-AUTH-NO-COMMON",
    "LCP-PROTOCOL-REJECT",
    "LCP-NAK-LOOP",
    "LCP-MALFORMED",
    "LCP-REQUEST-FLOOD",
    "LCP-AUTH-NAK-LOOP",
    "LCP-FAILED",
    "AUTH-TERMINATED",
    "AUTH-FAILED"
];

/// RFC 2759 4: bytes in the value of an MS-CHAPv2 Response.
const MSCHAPV2_RESPONSE: usize = 49;
