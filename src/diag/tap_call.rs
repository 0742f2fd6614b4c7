//! The client's side of the call, and rules that either end breaks: a probe is one of the ends, a tap sees both.

use super::check::{Check, Evidence, Fix, Look, Need, Severity, Windows};
use super::lcp::method_in;
use super::look::stop_within;
use crate::base::{Layer, Micros, Side, SpecRef};
use crate::transcript::facts::{Facts, Seen};

pub(super) const TAP_CALL: &[Check] = &[
    Check {
        id: "SSTP-CLIENT-DESYNC",
        layer: Layer::Sstp,
        title: "What the client sends is no SSTP stream",
        means: "Its packets cannot be cut or read: the client is defective, or a proxy alters the stream on its way to the server.",
        fix: Fix { admin: "Pass TCP through instead of proxying HTTP.", user: "Update the client." },
        windows: &[Windows::Event(5)],
        spec: &[SpecRef::sstp("2.2.1"), SpecRef::sstp("3.1.5.1")],
        needs: Need::Tap,
        explains: CLIENT_BROKEN,
        look: Look::One(client_stream_broken),
        ..Check::ROW
    },
    Check {
        id: "SSTP-CLIENT-OUT-OF-TURN",
        layer: Layer::Sstp,
        severity: Severity::Warn,
        title: "The client sent a message out of turn",
        means: "It is not allowed in the state of the call. A strict server aborts over it.",
        fix: Fix { admin: "", user: "Update the client." },
        spec: &[SpecRef::sstp("3.3.5"), SpecRef::sstp("1.4.4")],
        needs: Need::Tap,
        whole: true,
        look: Look::One(client_out_of_turn),
        ..Check::ROW
    },
    Check {
        id: "SSTP-RULE-BROKEN-SERVER",
        layer: Layer::Sstp,
        severity: Severity::Warn,
        title: "The server breaks a rule of SSTP",
        means: "A rule that is stated with MUST; the evidence names its section. Tolerant clients go on, strict ones abort.",
        fix: Fix { admin: "Update the server, or report it to its maker with the section.", user: "" },
        spec: &[SpecRef::sstp("2.2")],
        needs: Need::Tap,
        look: Look::One(server_breaks_rule),
        ..Check::ROW
    },
    Check {
        id: "SSTP-RULE-BROKEN-CLIENT",
        layer: Layer::Sstp,
        severity: Severity::Warn,
        title: "The client breaks a rule of SSTP",
        means: "A rule that is stated with MUST; the evidence names its section. Tolerant servers go on, strict ones abort.",
        fix: Fix { admin: "", user: "Update the client, or report it to its maker with the section." },
        spec: &[SpecRef::sstp("2.2")],
        needs: Need::Tap,
        look: Look::One(client_breaks_rule),
        ..Check::ROW
    },
    Check {
        id: "SSTP-RESERVED-BITS",
        layer: Layer::Sstp,
        severity: Severity::Note,
        title: "Reserved bits are set",
        means: "They must be zero when sent and must not be looked at when received. Readers that do not mask them lose the packet.",
        fix: Fix { admin: "Update the end that sets them.", user: "Update the client if it is the one." },
        spec: &[SpecRef::sstp("2.2.1")],
        needs: Need::Tap,
        look: Look::One(reserved_bits),
        ..Check::ROW
    },
    Check {
        id: "PPP-RULE-BROKEN",
        layer: Layer::Lcp,
        severity: Severity::Warn,
        title: "A rule of PPP, TLS or HTTP is broken",
        means: "A rule outside of MS-SSTP that is stated with MUST; the evidence names who broke it and its section.",
        fix: Fix { admin: "Update the end that breaks it.", user: "Update the client if it is the one." },
        spec: &[SpecRef::rfc(1661, "5")],
        needs: Need::Tap,
        look: Look::One(other_rule_broken),
        ..Check::ROW
    },
    Check {
        id: "LCP-CLIENT-NAK-LOOP",
        layer: Layer::Lcp,
        title: "The client refuses what the server proposes again and again",
        means: "The link never comes up, because the client Naks or Rejects the same option each time: most often the authentication method.",
        fix: Fix {
            admin: "Allow a method that the client has (RRAS: the server's properties and the network policy; SoftEther offers EAP first; RouterOS: \
                    authentication=; accel-ppp: the auth modules).",
            user: "Allow the server's method in the profile.",
        },
        windows: &[Windows::Ras(734)],
        spec: &[SpecRef::rfc(1661, "4.6"), SpecRef::rfc(1661, "5.3")],
        needs: Need::Tap,
        explains: CLIENT_LOOPS,
        look: Look::One(client_refuses),
        ..Check::ROW
    },
];

/// The last thing from the client: where it is read on, nothing is broken.
fn client_stream_broken(facts: &Facts) -> Option<Evidence> {
    stop_within(facts, Layer::Sstp..=Layer::Data)?;
    let seen = facts.undecoded.iter().rfind(|seen| seen.by == Some(Side::Client) && seen.it.layer == Layer::Sstp)?;
    let read_on = super::look::words(facts, Side::Client).any(|word| word.0 > seen.event);
    (!read_on).then(|| Evidence::at(seen.event, seen.it.to_string()))
}

fn client_out_of_turn(facts: &Facts) -> Option<Evidence> {
    let seen = facts.missteps.iter().find(|seen| seen.by == Some(Side::Client))?;
    let (message, state, allowed) = &seen.it;
    let allowed = if allowed.is_empty() { "nothing".into() } else { allowed.join(", ") };
    Some(Evidence::at(seen.event, format!("the client sent {message} in state {state}, where {allowed} is allowed")))
}

fn server_breaks_rule(facts: &Facts) -> Option<Evidence> {
    broken_rules(facts, false, |seen| of_sstp(seen) && seen.by == Some(Side::Server) && !reserved(seen))
}

fn client_breaks_rule(facts: &Facts) -> Option<Evidence> {
    broken_rules(facts, false, |seen| of_sstp(seen) && seen.by != Some(Side::Server) && !reserved(seen))
}

fn reserved_bits(facts: &Facts) -> Option<Evidence> {
    broken_rules(facts, true, |seen| of_sstp(seen) && reserved(seen))
}

fn other_rule_broken(facts: &Facts) -> Option<Evidence> {
    broken_rules(facts, true, |seen| !of_sstp(seen))
}

type Violation = Seen<(String, String)>;

fn of_sstp(seen: &Violation) -> bool {
    seen.it.0.starts_with("MS-SSTP")
}

fn reserved(seen: &Violation) -> bool {
    seen.it.1.to_ascii_lowercase().contains("reserved")
}

/// What was answered may lie in a hole of the capture. The hole shows when what lies behind it is given up for lost, later.
fn doubtful(facts: &Facts, seen: &Violation) -> bool {
    let near = |at: Micros| at.max(seen.at) - at.min(seen.at) <= HOLE;
    seen.it.1.contains("answers no request") && facts.gaps.iter().any(|gap| gap.by != seen.by && near(gap.at))
}

/// Each rule once, with who broke it where the title does not say so, what was seen first, and how often.
fn broken_rules(facts: &Facts, names_side: bool, which: impl Fn(&Violation) -> bool) -> Option<Evidence> {
    let mut rules: Vec<(&Violation, usize)> = Vec::new();
    for seen in facts.violations.iter().filter(|seen| which(seen) && !doubtful(facts, seen)) {
        match rules.iter_mut().find(|row| row.0.it.0 == seen.it.0 && row.0.by == seen.by) {
            Some(row) => row.1 += 1,
            None => rules.push((seen, 1)),
        }
    }
    let say = |(seen, times): &(&Violation, usize)| {
        let by = seen.by.filter(|_| names_side).map_or(String::new(), |by| format!(" (the {by})"));
        let times = if *times > 1 { format!(", {times} times") } else { String::new() };
        format!("{}: {}{by}{times}", seen.it.0, seen.it.1)
    };
    let says: Vec<String> = rules.iter().take(RULES).map(say).collect();
    Evidence::of(rules.iter().take(RULES).map(|row| row.0.event), says.join("; "))
}

fn client_refuses(facts: &Facts) -> Option<Evidence> {
    let stop = super::look::stop_at(facts, Layer::Lcp)?;
    let refusals = || facts.frames(Side::Client, "lcp.configure-nak").chain(facts.frames(Side::Client, "lcp.configure-reject"));
    let events: Vec<usize> = refusals().map(|seen| seen.event).collect();
    let wanted = refusals().last().and_then(|seen| method_in(&seen.it)).map(|method| format!("the client wants {method}"));
    let evidence =
        Evidence::of(events.iter().copied().take(RULES).chain([stop.event]), format!("{} Naks and Rejects of the client", events.len()));
    evidence.filter(|_| events.len() >= LOOP).map(|evidence| evidence.and(&wanted.unwrap_or_default()))
}

/// What the server does when it cannot read the client, and what both do then.
const CLIENT_BROKEN: &[&str] = super::look::endings_and![
    "SSTP-CLOSE-AFTER-REQUEST",
    "SSTP-NO-ACK",
    "SSTP-CALL-FAILED",
    "SSTP-CLIENT-LEFT",
    "LCP-NO-RESPONSE",
    "LCP-NO-ACK",
    "LCP-NO-REQUEST",
    "LCP-FAILED",
    "LCP-CLIENT-LEFT",
    "AUTH-SILENT",
    "AUTH-RADIUS-TIMEOUT",
    "AUTH-FAILED",
    "AUTH-CLIENT-LEFT",
    "BIND-CLOSED",
    "BIND-FAILED",
    "BIND-CLIENT-LEFT",
    "IPCP-NO-ADDRESS",
    "IPCP-FAILED",
    "IPCP-CLIENT-LEFT",
    "DATA-DEAD",
    "DATA-FAILED"
];

/// What a client that never agrees leads to.
const CLIENT_LOOPS: &[&str] =
    super::look::endings_and!["LCP-CLIENT-LEFT", "LCP-FAILED", "LCP-NO-ACK", "LCP-NO-REQUEST", "LCP-REQUEST-FLOOD"];

/// Ours: a hole and the answer to what lies in it are not further apart.
const HOLE: Micros = Micros(5_000_000);
/// Ours: so many rules are named in one finding.
const RULES: usize = 8;
/// RFC 1661 4.6: Max-Failure, 5.
const LOOP: usize = 5;
