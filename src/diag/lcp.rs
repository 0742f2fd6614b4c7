//! The PPP link. RFC 1661; catalogue 3.5.

use super::check::{Check, Evidence, Fix, Look, Need, Severity, Windows};
use super::look::{
    self, BARE_ENDINGS, ENDINGS, SILENT_ENDINGS, endings_and, options, packet, protocol_reject, reason_of, terminate, undecoded, unnamed,
};
use crate::base::{Layer, Side, SpecRef};
use crate::proto::plan::Method;
use crate::transcript::facts::{Facts, Seen, Stop};
use crate::transcript::{How, Reason, Stand};
use crate::wire::control;
use crate::wire::ncp::{AUTH_PROTOCOL, AuthMethod, MAGIC, MRU};
use crate::wire::ppp::{self, Frame};

pub(super) const LCP: &[Check] = &[
    Check {
        id: "LCP-LOOPBACK",
        layer: Layer::Lcp,
        title: "The server sends the client's own PPP frames back",
        means: "Its Configure-Request is ours: a terminal in echo mode, or a PPP daemon that was never started behind it.",
        fix: Fix { admin: "Put the terminal (PTY) into raw mode; check how the PPP daemon is started.", user: "" },
        windows: &[Windows::Ras(737)],
        verified: true,
        spec: &[SpecRef::rfc(1661, "6.4")],
        needs: Need::Began(Layer::Lcp),
        explains: LOOPED,
        look: Look::One(looped_back),
        ..Check::ROW
    },
    Check {
        id: "LCP-REQUEST-FLOOD",
        layer: Layer::Lcp,
        title: "The server floods the link with Configure-Requests",
        means: "It repeats its request again and again without waiting for the answers.",
        fix: Fix { admin: "Update or restart the PPP daemon.", user: "" },
        spec: &[SpecRef::rfc(1661, "4.6")],
        needs: Need::Began(Layer::Lcp),
        explains: FLOODED,
        look: Look::One(flooded),
        ..Check::ROW
    },
    Check {
        id: "LCP-AUTH-NO-COMMON",
        layer: Layer::Lcp,
        title: "Client and server share no authentication method",
        means: "The server insists on methods that this client does not use, or accepts none.",
        fix: Fix {
            admin: "Enable a method that the clients have, such as MS-CHAPv2 or EAP.",
            user: "Select MS-CHAPv2 or EAP as you were told.",
        },
        windows: &[Windows::Ras(734), Windows::Ras(691), Windows::Ras(812)],
        verified: true,
        spec: &[SpecRef::rfc(1661, "6.2")],
        needs: Need::Began(Layer::Lcp),
        explains: endings_and!["AUTH-WEAK-OFFERED"],
        look: Look::One(no_common_method),
        ..Check::ROW
    },
    Check {
        id: "LCP-AUTH-NAK-LOOP",
        layer: Layer::Lcp,
        title: "The two ends never agree on an authentication method",
        means: "Each keeps proposing its own method to the other.",
        fix: Fix { admin: "Align the lists of allowed methods on both ends.", user: "" },
        windows: &[Windows::Ras(732)],
        verified: true,
        spec: &[SpecRef::rfc(1661, "4.6")],
        needs: Need::Began(Layer::Lcp),
        explains: ENDINGS,
        look: Look::One(method_loop),
        ..Check::ROW
    },
    Check {
        id: "LCP-NAK-LOOP",
        layer: Layer::Lcp,
        title: "The two ends never agree on the link options",
        means: "The server refuses the same options again and again, so the link does not come up.",
        fix: Fix { admin: "Look for the refused option in the PPP settings of the server.", user: "" },
        windows: &[Windows::Ras(732)],
        spec: &[SpecRef::rfc(1661, "4.6")],
        needs: Need::Began(Layer::Lcp),
        explains: ENDINGS,
        look: Look::One(option_loop),
        ..Check::ROW
    },
    Check {
        id: "LCP-PROTOCOL-REJECT",
        layer: Layer::Lcp,
        title: "The server rejects the authentication protocol",
        means: "It agreed on a method, or offered it, and then says that it does not know its protocol.",
        fix: Fix { admin: "Enable the protocol on the server.", user: "" },
        windows: &[Windows::Ras(733), Windows::Ras(720)],
        verified: true,
        spec: &[SpecRef::rfc(1661, "5.7")],
        needs: Need::Began(Layer::Lcp),
        explains: AUTH_SILENCE,
        look: Look::One(authentication_rejected),
        ..Check::ROW
    },
    Check {
        id: "LCP-NO-RESPONSE",
        layer: Layer::Lcp,
        title: "No PPP answers behind SSTP",
        means: "The SSTP call stands, but not one PPP frame comes: the PPP daemon is missing or stuck.",
        fix: Fix { admin: "Check the PPP daemon behind the SSTP server.", user: "Try again later." },
        windows: &[Windows::Ras(718), Windows::Ras(721)],
        spec: &[SpecRef::rfc(1661, "4.6")],
        needs: Need::Began(Layer::Lcp),
        explains: SILENT_ENDINGS,
        look: Look::One(no_response),
        ..Check::ROW
    },
    Check {
        id: "LCP-NO-ACK",
        layer: Layer::Lcp,
        title: "The server never answers the client's Configure-Request",
        means: "It sends requests of its own but does not answer the client's, so the link cannot come up.",
        fix: Fix { admin: "Update or restart the PPP daemon.", user: "Try again later." },
        spec: &[SpecRef::rfc(1661, "5.1")],
        needs: Need::Began(Layer::Lcp),
        explains: SILENT_ENDINGS,
        look: Look::One(request_unanswered),
        ..Check::ROW
    },
    Check {
        id: "LCP-NO-REQUEST",
        layer: Layer::Lcp,
        title: "The server never sends its own Configure-Request",
        means: "It answers ours but asks for nothing itself; both ends have to ask before the link comes up.",
        fix: Fix { admin: "Update or restart the PPP daemon.", user: "Try again later." },
        spec: &[SpecRef::rfc(1661, "4.1")],
        needs: Need::Began(Layer::Lcp),
        explains: SILENT_ENDINGS,
        look: Look::One(request_missing),
        ..Check::ROW
    },
    Check {
        id: "LCP-MALFORMED",
        layer: Layer::Lcp,
        title: "A PPP frame of the server cannot be read",
        means: "Lengths in it contradict each other, of the frame or of its options, or it is cut off.",
        fix: Fix { admin: "Update the server.", user: "" },
        spec: &[SpecRef::rfc(1661, "5")],
        needs: Need::Began(Layer::Lcp),
        explains: UNREAD,
        look: Look::One(unreadable),
        ..Check::ROW
    },
    Check {
        id: "LCP-TERMINATED-BY-PEER",
        layer: Layer::Lcp,
        title: "The server ends the PPP link",
        means: "LCP Terminate-Request: a policy, a licence, a full pool or a failed authentication. The text in it is the server's own reason.",
        fix: Fix { admin: "Read the server's log line of this moment.", user: "" },
        windows: &[Windows::Ras(734), Windows::Ras(629)],
        verified: true,
        spec: &[SpecRef::rfc(1661, "5.5")],
        needs: Need::Began(Layer::Lcp),
        explains: TERMINATED,
        look: Look::One(terminated),
        ..Check::ROW
    },
    Check {
        id: "LCP-EAP-ONLY",
        layer: Layer::Lcp,
        severity: Severity::Warn,
        title: "The server accepts EAP only",
        means: "Windows can be set up for it; many clients for Linux and Android cannot.",
        fix: Fix { admin: "Permit MS-CHAPv2 too, or give those users an EAP client.", user: "Use a client that speaks EAP." },
        verified: true,
        spec: &[SpecRef::rfc(1661, "6.2")],
        needs: Need::Began(Layer::Lcp),
        whole: true,
        look: Look::One(eap_only),
        ..Check::ROW
    },
    Check {
        id: "LCP-MRU-REJECT",
        layer: Layer::Lcp,
        severity: Severity::Note,
        title: "The server does not negotiate the packet size",
        means: "It rejects the MRU option. A client that needs packets smaller than 1500 bytes cannot say so.",
        fix: Fix { admin: "Let the server accept the MRU option.", user: "Set the client's MRU to 1500." },
        verified: true,
        spec: &[SpecRef::rfc(1661, "6.1")],
        needs: Need::Began(Layer::Lcp),
        look: Look::One(mru_rejected),
        ..Check::ROW
    },
    Check {
        id: "LCP-FAILED",
        layer: Layer::Lcp,
        title: "The PPP link did not come up",
        means: "It ended before LCP was open, in a way that fits no other check.",
        fix: Fix { admin: "Read the log of the server and of its PPP daemon.", user: "Try again later." },
        spec: &[SpecRef::rfc(1661, "4")],
        needs: Need::Began(Layer::Lcp),
        explains: BARE_ENDINGS,
        look: Look::One(failed_otherwise),
        ..Check::ROW
    },
];

fn looped_back(facts: &Facts) -> Option<Evidence> {
    look::stop_within(facts, Layer::Lcp..=Layer::Auth)?;
    let magic = |seen: &Seen<Frame>| options(&seen.it).iter().find(|option| option.kind == MAGIC)?.u32().filter(|magic| *magic != 0);
    let ours: Vec<u32> = facts.frames(Side::Client, REQUEST).filter_map(magic).collect();
    let echo = facts.frames(Side::Server, REQUEST).find(|seen| magic(seen).is_some_and(|magic| ours.contains(&magic)))?;
    Some(Evidence::at(echo.event, format!("the server's Configure-Request carries the client's magic number 0x{:08x}", magic(echo)?)))
}

fn flooded(facts: &Facts) -> Option<Evidence> {
    let stop = look::stop_within(facts, Layer::Lcp..=Layer::Ncp)
        .filter(|stop| !matches!(stop.reason, Reason::Unwilling(_) | Reason::Refused(_)))?;
    let requests: Vec<usize> = facts.frames(Side::Server, REQUEST).map(|seen| seen.event).collect();
    let written = u64::try_from(requests.len()).unwrap_or(u64::MAX);
    let many = written > FLOOD || written > 1 && written.saturating_add(facts.omitted) > FLOOD;
    let says = format!("{} Configure-Requests came before the call stopped: {}", written.saturating_add(facts.omitted), stop.reason);
    many.then(|| Evidence::of([requests.first().copied(), requests.last().copied(), Some(stop.event)].into_iter().flatten(), says))?
}

fn no_common_method(facts: &Facts) -> Option<Evidence> {
    insisted_on_another(facts).or_else(|| nothing_for_windows_learned(facts)).or_else(|| nothing_for_windows_in_the_matrix(facts))
}

/// Learned by asking, without a user: what the server accepts is nothing that Windows has.
fn nothing_for_windows_learned(facts: &Facts) -> Option<Evidence> {
    let names = |accepted: bool| facts.methods.iter().filter(move |seen| seen.it.1 == accepted).map(|seen| seen.it.0);
    let list = |accepted: bool| names(accepted).map(|method| method.to_string()).collect::<Vec<_>>().join(", ");
    let alien = names(true).next().is_some() && names(true).all(|method| !WINDOWS_METHODS.contains(&method));
    let says = format!("accepted: {}; refused: {}", list(true), list(false));
    (alien && names(false).next().is_some()).then(|| Evidence::of(facts.methods.iter().map(|seen| seen.event), says))?
}

/// The server refused every method of the matrix that Windows has.
fn nothing_for_windows_in_the_matrix(facts: &Facts) -> Option<Evidence> {
    // RFC 3748 5.4: Windows has had no EAP-MD5 since Vista.
    let rows = facts.matrix.iter().filter(|seen| seen.it.method != Method::EapMd5.name());
    let says: Vec<String> = rows.clone().map(|seen| format!("{}: {}", seen.it.method, seen.it.says)).collect();
    let evidence = Evidence::of(rows.clone().map(|seen| seen.event), says.join(", "))?;
    rows.into_iter().all(|seen| seen.it.stand == Stand::Refused).then_some(evidence)
}

fn insisted_on_another(facts: &Facts) -> Option<Evidence> {
    let stop = unlearned_stop(facts).filter(|_| super::auth::pap_only(facts).is_none())?;
    let ours: Vec<_> = facts.frames(Side::Client, "lcp.configure-nak").chain(facts.frames(Side::Client, "lcp.configure-reject")).collect();
    let objected = ours.iter().any(|seen| options(&seen.it).iter().any(|option| option.kind == AUTH_PROTOCOL));
    let gave_up = objected && (terminate(facts).is_some() || look::server_abort(facts).is_some()) && method_loop(facts).is_none();
    let hit = matches!(stop.reason, Reason::Unwilling(_)) || gave_up;
    hit.then(|| reason_of(stop).and(&format!("the server asked for {}", asked_for(facts))))
}

fn method_loop(facts: &Facts) -> Option<Evidence> {
    unlearned_stop(facts)
        .and_then(|stop| naks(facts, stop, |kind| kind == AUTH_PROTOCOL, "an authentication method"))
        .or_else(|| repeated_demand(facts).filter(|_| super::auth::pap_only(facts).is_none()))
}

/// The server asks for the same method again and again although the client proposes another.
fn repeated_demand(facts: &Facts) -> Option<Evidence> {
    let stop = unlearned_stop(facts).filter(|stop| !matches!(stop.reason, Reason::Unwilling(_)))?;
    let proposals = facts.frames(Side::Client, "lcp.configure-nak").filter(|seen| method_in(&seen.it).is_some()).count();
    let demands: Vec<_> = facts.frames(Side::Server, REQUEST).filter_map(|seen| Some((seen.event, method_in(&seen.it)?))).collect();
    let same = demands.iter().filter(|row| Some(row.1) == demands.last().map(|last| last.1)).count();
    let says = format!("{same} demands for {} against {proposals} proposals of other methods", asked_for(facts));
    (proposals >= LOOP && same >= LOOP).then(|| Evidence::of(demands.iter().map(|row| row.0).chain([stop.event]), says))?
}

fn option_loop(facts: &Facts) -> Option<Evidence> {
    // Whoever only learns the methods needs an agreement on the rest too.
    naks(facts, look::stop_at(facts, Layer::Lcp)?, |kind| kind != AUTH_PROTOCOL, "options of the client")
}

fn authentication_rejected(facts: &Facts) -> Option<Evidence> {
    look::stop_within(facts, Layer::Lcp..=Layer::Auth).filter(|_| !super::auth_refused::said_no(facts))?;
    let (event, name) = [(ppp::EAP, "EAP"), (ppp::CHAP, "CHAP"), (ppp::PAP, "PAP")]
        .into_iter()
        .find_map(|(protocol, name)| Some((protocol_reject(facts, protocol)?, name)))?;
    Some(Evidence::at(event, format!("LCP Protocol-Reject names {name}")))
}

fn no_response(facts: &Facts) -> Option<Evidence> {
    look::timed_out(facts, Layer::Lcp).filter(|_| !heard(facts, |_| true) && unread(facts).is_none()).map(reason_of)
}

fn request_unanswered(facts: &Facts) -> Option<Evidence> {
    let stop = look::timed_out(facts, Layer::Lcp)?;
    let answers = |name: &str| name.starts_with("lcp.configure-") && name != REQUEST;
    (heard(facts, |_| true) && !heard(facts, answers)).then(|| reason_of(stop))
}

fn request_missing(facts: &Facts) -> Option<Evidence> {
    let stop = look::timed_out(facts, Layer::Lcp)?;
    (heard(facts, |name| name == "lcp.configure-ack") && !heard(facts, |name| name == REQUEST)).then(|| reason_of(stop))
}

fn unreadable(facts: &Facts) -> Option<Evidence> {
    let (event, says) = unread(facts)?;
    let stop = look::stop_at(facts, Layer::Lcp).filter(|stop| !matches!(stop.reason, Reason::Unwilling(_)))?;
    let named = looped_back(facts).or_else(|| flooded(facts)).or_else(|| terminated(facts));
    named.is_none().then(|| Evidence::of([event, stop.event], says))?
}

/// The last frame of the server that cannot be read, or a Configure packet of it whose options cannot be walked.
fn unread(facts: &Facts) -> Option<(usize, String)> {
    let options = facts.ppp.iter().rev().filter(|seen| seen.by == Some(Side::Server) && seen.it.protocol == ppp::LCP).find_map(|seen| {
        let packet = packet(&seen.it).filter(|packet| (control::CONFIGURE_REQUEST..=control::CONFIGURE_REJECT).contains(&packet.code))?;
        let error = packet.options(Layer::Lcp).err()?;
        Some((seen.event, format!("the options of {} cannot be read: {error}", seen.it.name())))
    });
    undecoded(facts, Layer::Lcp).map(|seen| (seen.event, seen.it.to_string())).or(options)
}

fn terminated(facts: &Facts) -> Option<Evidence> {
    let stop = look::stop_within(facts, Layer::Lcp..=Layer::Data).filter(|_| !learned(facts))?;
    let (event, says) = terminate(facts)?;
    let ours = facts.frames(Side::Client, "lcp.terminate-request").next();
    let first = ours.is_none_or(|ours| event < ours.event);
    first.then(|| Evidence::at(event, format!("LCP Terminate-Request during {}: {says}", stop.layer.title())))
}

fn eap_only(facts: &Facts) -> Option<Evidence> {
    let stand = |accepted: bool| facts.methods.iter().filter(move |seen| seen.it.1 == accepted);
    let only = stand(true).next().is_some() && stand(true).all(|seen| seen.it.0 == AuthMethod::Eap);
    let refused = stand(false).any(|seen| seen.it.0 == AuthMethod::MsChapV2);
    (only && refused).then(|| Evidence::of(facts.methods.iter().map(|seen| seen.event), "EAP is accepted, MS-CHAPv2 is not"))?
}

fn mru_rejected(facts: &Facts) -> Option<Evidence> {
    let seen = facts.frames(Side::Server, "lcp.configure-reject").find(|seen| options(&seen.it).iter().any(|option| option.kind == MRU))?;
    Some(Evidence::at(seen.event, "Configure-Reject names option 1 (MRU)"))
}

fn failed_otherwise(facts: &Facts) -> Option<Evidence> {
    unnamed(facts, Layer::Lcp, "LCP-FAILED").filter(|_| !learned(facts))
}

/// Without credentials the call is over once the methods are known, however the server takes that. A tap does not know
/// what a client was after.
fn learned(facts: &Facts) -> bool {
    if facts.tapped() {
        return false;
    }
    let by_us = || facts.stop.as_ref().is_some_and(|stop| matches!(stop.reason, Reason::Closed(How::Ours)));
    !facts.asked.credentials && (facts.methods.iter().any(|seen| seen.it.1) || by_us())
}

fn unlearned_stop(facts: &Facts) -> Option<&Stop> {
    look::stop_at(facts, Layer::Lcp).filter(|_| !learned(facts))
}

/// The server's Naks and Rejects of such options, when there are too many of them.
fn naks(facts: &Facts, stop: &Stop, of: impl Fn(u8) -> bool, what: &str) -> Option<Evidence> {
    let answers = facts.frames(Side::Server, "lcp.configure-nak").chain(facts.frames(Side::Server, "lcp.configure-reject"));
    let events: Vec<usize> = answers.filter(|seen| options(&seen.it).iter().any(|option| of(option.kind))).map(|seen| seen.event).collect();
    let says = format!("the server refused {what} {} times", events.len());
    (events.len() >= LOOP).then(|| Evidence::of(events.into_iter().chain([stop.event]), says))?
}

/// The server sent an LCP frame of such a name.
fn heard(facts: &Facts, name: impl Fn(&str) -> bool) -> bool {
    facts.ppp.iter().any(|seen| seen.by == Some(Side::Server) && seen.it.protocol == ppp::LCP && name(&seen.it.name()))
}

/// The authentication method that a Configure frame names.
pub(super) fn method_in(frame: &Frame) -> Option<AuthMethod> {
    packet(frame)?;
    options(frame).iter().find(|option| option.kind == AUTH_PROTOCOL).and_then(|option| AuthMethod::from_option(&option.value))
}

/// The methods that the server asked for, in their order, each once.
pub(super) fn demanded(facts: &Facts) -> Vec<AuthMethod> {
    let mut methods = Vec::new();
    for method in facts.frames(Side::Server, REQUEST).filter_map(|seen| method_in(&seen.it)) {
        if !methods.contains(&method) {
            methods.push(method);
        }
    }
    methods
}

fn asked_for(facts: &Facts) -> String {
    let names: Vec<String> = demanded(facts).iter().map(ToString::to_string).collect();
    if names.is_empty() { "no method".into() } else { names.join(", then ") }
}

pub(super) const REQUEST: &str = "lcp.configure-request";

/// What follows when the server does not know the protocol it is to authenticate with.
const AUTH_SILENCE: &[&str] = endings_and!["AUTH-SILENT", "AUTH-RADIUS-TIMEOUT", "AUTH-TERMINATED", "AUTH-FAILED", "LCP-FAILED"];

/// What else is seen when the server ends the link, on which layer ever.
const TERMINATED: &[&str] = &[
    "SSTP-ABORT-STATUS7",
    "SSTP-ABORT-NO-STATUS",
    "SSTP-ABORT-STATUS",
    "SSTP-RETRY-EXCEEDED",
    "SSTP-UNEXPECTED-MESSAGE",
    "DATA-FAILED",
    "TEAR-REMOTE",
];

/// What cannot be read is no answer and no request.
const UNREAD: &[&str] = endings_and!["LCP-NO-RESPONSE", "LCP-NO-ACK", "LCP-NO-REQUEST"];

/// What follows on higher layers when we talk to ourselves.
const LOOPED: &[&str] = endings_and![
    "LCP-REQUEST-FLOOD",
    "AUTH-PAP-ONLY-WORKS",
    "LCP-PROTOCOL-REJECT",
    "AUTH-SILENT",
    "AUTH-RADIUS-TIMEOUT",
    "AUTH-TERMINATED",
    "AUTH-FAILED"
];

/// What a flood drowns on higher layers.
const FLOODED: &[&str] = endings_and!["AUTH-SILENT", "AUTH-RADIUS-TIMEOUT", "AUTH-FAILED", "BIND-FAILED", "IPCP-NO-ADDRESS", "IPCP-FAILED"];

/// What the network connections of Windows can be set to.
const WINDOWS_METHODS: &[AuthMethod] = &[AuthMethod::MsChapV2, AuthMethod::Eap, AuthMethod::ChapMd5, AuthMethod::Pap];
/// Ours: more Configure-Requests of the server than this are a flood. RFC 1661 4.6 sends at most 10.
const FLOOD: u64 = 20;
/// Ours: as many refusals of one thing are a loop. RFC 1661 4.6: Max-Failure, 5.
const LOOP: usize = 5;
