//! Call Connect Request and its answers. MS-SSTP 3.2.5.3.

use super::check::{Check, Evidence, Fix, Look, Need, Severity, Windows};
use super::look::{BROKEN_STREAM, closed, reason_of, server_abort, status, stop, stop_at, stop_within, timed_out, undecoded, unnamed};
use crate::base::{Layer, Side, SpecRef};
use crate::transcript::facts::{Facts, Seen};
use crate::transcript::{How, Reason};
use crate::wire::ppp;
use crate::wire::sstp::{Attribute, Message, MessageType};

pub(super) const SSTP: &[Check] = &[
    Check {
        id: "SSTP-NAK",
        layer: Layer::Sstp,
        title: "The server refuses the call",
        means: "Call Connect Nak: the server does not accept the protocol or an attribute of the request.",
        fix: Fix { admin: "Update the server; look for the refused attribute in its log.", user: "Update the client." },
        windows: &[Windows::Event(5)],
        verified: true,
        spec: &[SpecRef::sstp("2.2.12"), SpecRef::sstp("3.2.5.3")],
        needs: Need::Began(Layer::Sstp),
        explains: &["SSTP-RETRY-EXCEEDED", "SSTP-NO-ACK", "SSTP-CLOSE-AFTER-REQUEST", "SSTP-ABORT-NO-STATUS", "SSTP-ABORT-STATUS7"],
        look: Look::One(refused),
        ..Check::ROW
    },
    Check {
        id: "SSTP-HASH-BITMASK-UNKNOWN",
        layer: Layer::Sstp,
        title: "The server has no certificate hash for crypto binding",
        means: "Call Connect Ack offers neither SHA-1 nor SHA-256, so no client can bind the call to the certificate.",
        fix: Fix { admin: "Configure the certificate hash on the server.", user: "" },
        verified: true,
        spec: &[SpecRef::sstp("2.2.6")],
        needs: Need::Began(Layer::Sstp),
        explains: &["SSTP-CALL-FAILED", "BIND-FAILED"],
        look: Look::One(no_usable_hash),
        ..Check::ROW
    },
    Check {
        id: "SSTP-ACK-NO-BINDING",
        layer: Layer::Sstp,
        title: "The server's Ack asks for no crypto binding",
        means: "Call Connect Ack lacks the Crypto Binding Request that it must carry. Windows ends the call.",
        fix: Fix { admin: "Update the server.", user: "" },
        windows: &[Windows::Event(5)],
        verified: true,
        spec: &[SpecRef::sstp("2.2.10")],
        needs: Need::Began(Layer::Sstp),
        explains: &["SSTP-CALL-FAILED", "BIND-FAILED"],
        look: Look::One(ack_without_binding),
        ..Check::ROW
    },
    Check {
        id: "SSTP-VERSION",
        layer: Layer::Sstp,
        title: "The server speaks another version of SSTP, or none",
        means: "A packet does not begin with version 1.0 (0x10), so the stream cannot be cut into packets.",
        fix: Fix { admin: "Update the server; check that no proxy writes into the stream.", user: "" },
        windows: &[Windows::Event(5)],
        verified: true,
        spec: &[SpecRef::sstp("2.2.1"), SpecRef::sstp("3.1.5.1")],
        needs: Need::Began(Layer::Sstp),
        explains: BROKEN_STREAM,
        look: Look::One(other_version),
        ..Check::ROW
    },
    Check {
        id: "SSTP-DESYNC",
        layer: Layer::Sstp,
        title: "The SSTP stream falls apart",
        means: "Lengths inside the stream contradict each other: a proxy alters it, or the server is defective.",
        fix: Fix { admin: "Check proxies that open or rewrite TLS; update the server.", user: "Try again." },
        spec: &[SpecRef::sstp("3.1.5.1"), SpecRef::sstp("2.2.4")],
        needs: Need::Began(Layer::Sstp),
        explains: BROKEN_STREAM,
        look: Look::One(stream_broken),
        ..Check::ROW
    },
    Check {
        id: "SSTP-RETRY-EXCEEDED",
        layer: Layer::Sstp,
        title: "The server gave up after too many attempts",
        means: "Call Abort with status 6: the server had refused the request several times. Windows allows three.",
        fix: Fix { admin: "Mend what the server refused before.", user: "" },
        windows: &[Windows::Event(5)],
        verified: true,
        spec: &[SpecRef::sstp("2.2.8")],
        needs: Need::Began(Layer::Sstp),
        look: Look::One(too_many_attempts),
        ..Check::ROW
    },
    Check {
        id: "SSTP-UNEXPECTED-MESSAGE",
        layer: Layer::Sstp,
        title: "A message came out of turn",
        means: "One end sent a message that is not allowed in this state: a defect of client or server.",
        fix: Fix { admin: "Update the server.", user: "Update the client." },
        windows: &[Windows::Event(5)],
        spec: &[SpecRef::sstp("2.2.8"), SpecRef::sstp("3.2.5")],
        needs: Need::Began(Layer::Sstp),
        look: Look::One(out_of_turn),
        ..Check::ROW
    },
    Check {
        id: "SSTP-NEGOTIATION-TIMEOUT",
        layer: Layer::Sstp,
        title: "The server waited too long for the call to come about",
        means: "Call Abort with status 8: the call did not come about in time. The evidence names the layer where it was stuck.",
        fix: Fix {
            admin: "Look at the layer where it was stuck (authentication: RADIUS, plug-in), then at the server's negotiation timer.",
            user: "Update the client.",
        },
        verified: true,
        spec: &[SpecRef::sstp("2.2.8"), SpecRef::sstp("3.3.2.1")],
        needs: Need::Began(Layer::Sstp),
        explains: &["LCP-FAILED", "LCP-TERMINATED-BY-PEER", "AUTH-FAILED", "BIND-FAILED", "IPCP-FAILED", "DATA-FAILED", "TEAR-REMOTE"],
        look: Look::One(server_timer_ended),
        ..Check::ROW
    },
    Check {
        id: "SSTP-FLOOD",
        layer: Layer::Sstp,
        title: "The server floods the call with packets",
        means: "It sends packet after packet and the call gets no further; the evidence names what came and on which layer.",
        fix: Fix { admin: "Update or restart the server and its PPP daemon.", user: "" },
        spec: &[SpecRef::sstp("3.1.5"), SpecRef::rfc(1661, "4.6")],
        needs: Need::Began(Layer::Sstp),
        explains: FLOODED,
        look: Look::One(flooded),
        ..Check::ROW
    },
    Check {
        id: "SSTP-ABORT-STATUS7",
        layer: Layer::Sstp,
        title: "The server aborts the call with status 7",
        means: "The status says \"invalid frame\", but some servers send it for every reason (accel-ppp), so the moment of the abort decides.",
        fix: Fix { admin: "Read the server's log line of this moment.", user: "" },
        windows: &[Windows::Event(5)],
        verified: true,
        spec: &[SpecRef::sstp("2.2.8"), SpecRef::sstp("2.2.13")],
        needs: Need::Began(Layer::Sstp),
        look: Look::One(aborted_with_7),
        ..Check::ROW
    },
    Check {
        id: "SSTP-ABORT-NO-STATUS",
        layer: Layer::Sstp,
        title: "The server aborts the call without a reason",
        means: "Call Abort carries no status, as SoftEther sends it, and other servers whose address pool is full.",
        fix: Fix { admin: "Read the server's log line of this moment.", user: "" },
        windows: &[Windows::Event(5)],
        verified: true,
        spec: &[SpecRef::sstp("2.2.13")],
        needs: Need::Began(Layer::Sstp),
        look: Look::One(aborted_without_status),
        ..Check::ROW
    },
    Check {
        id: "SSTP-ABORT-STATUS",
        layer: Layer::Sstp,
        title: "The server aborts the call with a reason",
        means: "Call Abort carries a status; the evidence names it.",
        fix: Fix { admin: "Read the server's log line of this moment.", user: "" },
        windows: &[Windows::Event(5)],
        verified: true,
        spec: &[SpecRef::sstp("2.2.8"), SpecRef::sstp("2.2.13")],
        needs: Need::Began(Layer::Sstp),
        look: Look::One(aborted_with_other_status),
        ..Check::ROW
    },
    Check {
        id: "SSTP-CLOSE-AFTER-REQUEST",
        layer: Layer::Sstp,
        title: "The server closes after the first SSTP message",
        means: "HTTP was accepted, then Call Connect Request is answered by the end of the connection: a fault of a relay or of the server.",
        fix: Fix { admin: "Update the server; check the relay in front of it.", user: "Try again, or connect without the relay." },
        windows: &[Windows::Event(5)],
        verified: true,
        spec: &[SpecRef::sstp("3.2.5.3")],
        needs: Need::Began(Layer::Sstp),
        look: Look::One(closed_after_request),
        ..Check::ROW
    },
    Check {
        id: "SSTP-NO-ACK",
        layer: Layer::Sstp,
        title: "The server does not answer Call Connect Request",
        means: "HTTP was accepted, then SSTP stays silent: a proxy holds the stream back, or the service behind is stuck.",
        fix: Fix { admin: "Switch buffering off on the proxy; check the back end.", user: "Try again later." },
        windows: &[Windows::Event(5)],
        verified: true,
        spec: &[SpecRef::sstp("3.2.2.1")],
        needs: Need::Began(Layer::Sstp),
        look: Look::One(no_ack),
        ..Check::ROW
    },
    Check {
        id: "SSTP-UNKNOWN-TYPE",
        layer: Layer::Sstp,
        severity: Severity::Note,
        title: "The server sends messages of an unknown type",
        means: "MS-SSTP knows nine message types; this is none of them. Windows would abort the call with status 7.",
        fix: Fix { admin: "Update the server.", user: "" },
        spec: &[SpecRef::sstp("2.2.2")],
        needs: Need::Began(Layer::Sstp),
        look: Look::One(unknown_type),
        ..Check::ROW
    },
    Check {
        id: "SSTP-CALL-FAILED",
        layer: Layer::Sstp,
        title: "The SSTP call did not come about",
        means: "It ended before Call Connect Ack, in a way that fits no other check.",
        fix: Fix { admin: "Read the server's log line of this moment.", user: "" },
        windows: &[Windows::Event(5)],
        verified: true,
        spec: &[SpecRef::sstp("3.2.5.3")],
        needs: Need::Began(Layer::Sstp),
        explains: &["TEAR-REMOTE"],
        look: Look::One(failed_otherwise),
        ..Check::ROW
    },
];

fn refused(facts: &Facts) -> Option<Evidence> {
    stop_at(facts, Layer::Sstp)?;
    let naks: Vec<_> = facts.messages(Side::Server, MessageType::CallConnectNak).collect();
    let statuses: Vec<String> = naks.iter().map(|seen| status_of(&seen.it)).collect();
    Evidence::of(naks.iter().map(|seen| seen.event), format!("Call Connect Nak with {}", statuses.join(", then ")))
}

fn no_usable_hash(facts: &Facts) -> Option<Evidence> {
    let (event, mask) = hash_mask(facts)?;
    (mask & KNOWN_HASHES == 0).then(|| Evidence::at(event, format!("the hash bitmask of Call Connect Ack is 0x{mask:02X}")))
}

fn ack_without_binding(facts: &Facts) -> Option<Evidence> {
    let ack = facts.messages(Side::Server, MessageType::CallConnectAck).next().filter(|_| hash_mask(facts).is_none())?;
    let ids: Vec<String> = ack.it.attributes.iter().map(|attribute| Attribute::name_of(attribute.id()).to_string()).collect();
    let has = if ids.is_empty() { "no attribute".into() } else { format!("only {} in a form that is no binding request", ids.join(", ")) };
    Some(Evidence::at(ack.event, format!("Call Connect Ack carries {has}")))
}

fn other_version(facts: &Facts) -> Option<Evidence> {
    let seen = broken(facts).filter(|seen| seen.it.what == "version")?;
    Some(Evidence::at(seen.event, format!("a packet begins with 0x{:02X} instead of 0x10", seen.it.have)))
}

fn stream_broken(facts: &Facts) -> Option<Evidence> {
    broken(facts).filter(|seen| seen.it.what != "version").map(|seen| Evidence::at(seen.event, seen.it.to_string()))
}

fn too_many_attempts(facts: &Facts) -> Option<Evidence> {
    aborted(facts, |status| status == Some(RETRY_COUNT_EXCEEDED))
}

fn out_of_turn(facts: &Facts) -> Option<Evidence> {
    aborted(facts, |status| status == Some(UNACCEPTED_FRAME_RECEIVED)).or_else(|| {
        let stop = stop_within(facts, Layer::Sstp..=Layer::Data).filter(|stop| matches!(stop.reason, Reason::Violated(_)))?;
        let seen = facts.missteps.iter().rfind(|seen| seen.by == Some(Side::Server) && server_abort(facts).is_none())?;
        let (message, state, allowed) = &seen.it;
        let allowed = if allowed.is_empty() { "nothing".into() } else { allowed.join(", ") };
        Evidence::of([seen.event, stop.event], format!("the server sent {message} in state {state}, where {allowed} is allowed"))
    })
}

fn server_timer_ended(facts: &Facts) -> Option<Evidence> {
    let stuck = stop(facts)?.layer.title();
    Some(aborted(facts, |status| status == Some(NEGOTIATION_TIMEOUT))?.and(&format!("the call was stuck at {stuck}")))
}

/// The client gave up for too many packets, and no row of the layer names them.
fn flooded(facts: &Facts) -> Option<Evidence> {
    let stop = stop_within(facts, Layer::Sstp..=Layer::Ncp).filter(|_| server_abort(facts).is_none())?;
    let gave_up = matches!(&stop.reason, Reason::Violated(says) if says.contains(NO_PROGRESS));
    // The fallback rows ask for this one, so they are not asked here.
    let names_it = |check: &&Check| check.id == "LCP-REQUEST-FLOOD" || check.layer == stop.layer && !check.id.ends_with("-FAILED");
    let mut rows =
        super::all().filter(|check| check.severity == Severity::Fail && !FLOODED.contains(&check.id) && check.id != "SSTP-FLOOD");
    if !gave_up || rows.any(|check| names_it(&check) && check.hits(facts).is_some()) {
        return None;
    }
    let mut counts = std::collections::BTreeMap::<String, usize>::new();
    let theirs = facts.ppp.iter().filter(|seen| seen.by == Some(Side::Server) && ppp::layer_of(seen.it.protocol) == stop.layer);
    theirs.for_each(|seen| *counts.entry(seen.it.name()).or_default() += 1);
    let most = counts
        .into_iter()
        .max_by_key(|row| row.1)
        .filter(|row| row.1 >= MANY)
        .map_or("of no negotiation, such as data".into(), |row| row.0);
    Some(Evidence::at(stop.event, format!("{} during {}, most of them {most}", stop.reason, stop.layer.title())))
}

fn aborted_with_7(facts: &Facts) -> Option<Evidence> {
    aborted(facts, |status| status == Some(INVALID_FRAME_RECEIVED))
}

fn aborted_without_status(facts: &Facts) -> Option<Evidence> {
    aborted(facts, |status| status.is_none())
}

fn aborted_with_other_status(facts: &Facts) -> Option<Evidence> {
    aborted(facts, |status| status.is_some_and(|status| !(UNACCEPTED_FRAME_RECEIVED..=NEGOTIATION_TIMEOUT).contains(&status)))
}

fn closed_after_request(facts: &Facts) -> Option<Evidence> {
    let (stop, _) = closed(facts, Layer::Sstp).filter(|(_, how)| *how != How::Ours)?;
    quiet(facts).then(|| reason_of(stop))
}

fn no_ack(facts: &Facts) -> Option<Evidence> {
    timed_out(facts, Layer::Sstp).filter(|_| quiet(facts)).map(reason_of)
}

fn unknown_type(facts: &Facts) -> Option<Evidence> {
    let unknown = |seen: &&Seen<Message>| seen.by == Some(Side::Server) && matches!(seen.it.kind, MessageType::Unknown(_));
    let found: Vec<_> = facts.sstp.iter().filter(unknown).collect();
    let types: Vec<String> = found.iter().map(|seen| format!("0x{:04X}", seen.it.kind.number())).collect();
    Evidence::of(found.iter().map(|seen| seen.event), format!("message type {}", types.join(", ")))
}

fn failed_otherwise(facts: &Facts) -> Option<Evidence> {
    unnamed(facts, Layer::Sstp, "SSTP-CALL-FAILED")
}

/// The call stopped and the server had aborted it with such a status; once the client leaves, `TEAR-FAILED` says so.
fn aborted(facts: &Facts, with: impl Fn(Option<u32>) -> bool) -> Option<Evidence> {
    let stop = stop(facts).filter(|stop| stop.layer < Layer::Teardown)?;
    let seen = server_abort(facts).filter(|seen| with(seen.it.status_info().map(|info| info.1)))?;
    Some(Evidence::at(seen.event, format!("Call Abort from the server with {}, during {}", status_of(&seen.it), stop.layer.title())))
}

/// `status 0x04 NAME about encapsulated-protocol`, or that there is none.
pub(super) fn status_of(message: &Message) -> String {
    match message.status_info() {
        Some((0, number)) => format!("status {} about no attribute", status(number)),
        Some((about, number)) => format!("status {} about {}", status(number), Attribute::name_of(about)),
        None => "no readable status".into(),
    }
}

/// Event and hash bitmask of the Crypto Binding Request in Call Connect Ack.
pub(super) fn hash_mask(facts: &Facts) -> Option<(usize, u8)> {
    let ack = facts.messages(Side::Server, MessageType::CallConnectAck).next()?;
    ack.it.attributes.iter().find_map(|attribute| match attribute {
        Attribute::CryptoBindingRequest { hash_mask, .. } => Some((ack.event, *hash_mask)),
        _ => None,
    })
}

/// What could not be read, as the last thing the server sent; behind an Abort nothing counts.
fn broken(facts: &Facts) -> Option<&Seen<crate::base::WireError>> {
    stop(facts).filter(|stop| stop.layer >= Layer::Sstp && !matches!(stop.reason, Reason::Unwilling(_)))?;
    let seen = undecoded(facts, Layer::Sstp)?;
    let later = |event: usize, by: Option<Side>| event > seen.event && by == Some(Side::Server);
    let read_on = facts.sstp.iter().any(|it| later(it.event, it.by)) || facts.ppp.iter().any(|it| later(it.event, it.by));
    (!read_on && server_abort(facts).is_none()).then_some(seen)
}

/// The server had said nothing readable or unreadable in SSTP when the call stopped.
fn quiet(facts: &Facts) -> bool {
    let stop = facts.stop.as_ref().map_or(usize::MAX, |stop| stop.event);
    undecoded(facts, Layer::Sstp).is_none() && !facts.sstp.iter().any(|seen| seen.by == Some(Side::Server) && seen.event < stop)
}

/// What a flood leads to.
const FLOODED: &[&str] = &[
    "SSTP-CALL-FAILED",
    "SSTP-UNEXPECTED-MESSAGE",
    "LCP-FAILED",
    "LCP-TERMINATED-BY-PEER",
    "AUTH-FAILED",
    "BIND-FAILED",
    "IPCP-FAILED",
    "TEAR-REMOTE",
];

/// What the client says when it gives up for too many packets.
const NO_PROGRESS: &str = "packets and no progress";
/// Ours: so many packets of one name are named as what the flood was made of.
const MANY: usize = 20;
/// MS-SSTP 2.2.6: SHA-1 and SHA-256.
const KNOWN_HASHES: u8 = 3;
/// MS-SSTP 2.2.8: status values.
const UNACCEPTED_FRAME_RECEIVED: u32 = 5;
const RETRY_COUNT_EXCEEDED: u32 = 6;
const INVALID_FRAME_RECEIVED: u32 = 7;
const NEGOTIATION_TIMEOUT: u32 = 8;
