//! What a survey of the server's TLS (`--scan`) shows.

use super::check::{Check, Evidence, Fix, Look, Need, Severity, Windows};
use super::clients::{Outcome, answers_a_client, outcome};
use super::tls::{accepted, name};
use crate::base::{Layer, SpecRef};
use crate::transcript::Facts;
use crate::transcript::facts::Seen;
use crate::transcript::scan::{Traits, Version};
use crate::wire::tls::TLS12;
use crate::wire::tls::clients::{Client, Kind};
use crate::wire::tls::suite::Suite;
use std::collections::BTreeMap;

pub(super) const TLS_SCAN: &[Check] = &[
    Check {
        id: "TLS-WINDOWS-SHARES-NOTHING",
        severity: Severity::Fail,
        title: "A current Windows shares no version and cipher suite with the server",
        means: "The server refuses a hello like that of this Windows, or answers with what it does not take.",
        fix: Fix {
            admin: "Enable TLS 1.2 with ECDHE and AES-GCM suites for the key of the certificate, and the groups X25519 and P-256.",
            user: "Undo changes to Windows' cipher suite order (`Get-TlsCipherSuite`), if there are any.",
        },
        windows: &[Windows::Hresult(0x8009_0326), Windows::Hresult(0x8009_0331), Windows::Hresult(0x8007_2F7D)],
        spec: &[SpecRef::rfc(8446, "4.1.1")],
        look: Look::One(current_windows_left_out),
        ..ROW
    },
    Check {
        id: "TLS-CLIENTS-LEFT-OUT",
        severity: Severity::Note,
        title: "Some clients share no version and cipher suite with the server",
        means: "They cannot connect as they come; for a Windows whose support has ended that is as it should be.",
        fix: Fix { admin: "Nothing, unless these clients are in use; then update them.", user: "" },
        spec: &[SpecRef::rfc(8446, "4.1.1")],
        look: Look::One(others_left_out),
        ..ROW
    },
    Check {
        id: "TLS-OLD-VERSION-ACCEPTED",
        title: "The server still accepts versions before TLS 1.2",
        means: "They are broken in known ways and no current client needs them.",
        fix: Fix { admin: "Switch SSL 3.0, TLS 1.0 and TLS 1.1 off, unless Windows 7 has to connect.", user: "" },
        spec: &[SpecRef::rfc(8996, "4")],
        look: Look::One(old_versions),
        ..ROW
    },
    Check {
        id: "TLS-WEAK-CIPHER-ACCEPTED",
        title: "The server accepts weak cipher suites",
        means: "RC4, 3DES, DES, export suites, and those without encryption or certificate can be broken or do not protect at all.",
        fix: Fix { admin: "Take them out of the list of suites (Windows: Disable-TlsCipherSuite).", user: "" },
        spec: &[SpecRef::rfc(9325, "4.1")],
        look: Look::One(weak_suites),
        ..ROW
    },
    Check {
        id: "TLS-NO-SECURE-RENEGOTIATION",
        title: "The server does not know secure renegotiation",
        means: "Clients that insist on it refuse the handshake: Windows when told to, OpenSSL 3 always.",
        fix: Fix { admin: "Update the server's TLS library; this extension came in 2010.", user: "" },
        spec: &[SpecRef::rfc(5746, "3.6")],
        look: Look::One(|facts| without(facts, |traits| traits.secure_renegotiation, "the ServerHello has no renegotiation_info")),
        ..ROW
    },
    Check {
        id: "TLS-COMPRESSION",
        title: "The server compresses inside TLS",
        means: "What is secret can be guessed from lengths (CRIME); clients no longer offer it.",
        fix: Fix { admin: "Switch TLS compression off.", user: "" },
        spec: &[SpecRef::rfc(9325, "3.3")],
        look: Look::One(|facts| without(facts, |traits| traits.compression.map(|on| !on), "it chose compression when it was offered")),
        ..ROW
    },
    Check {
        id: "TLS-SCAN-PARTIAL",
        severity: Severity::Note,
        title: "The TLS scan is not whole",
        means: "What it did not find may still be there.",
        fix: Fix { admin: "Scan again with --scan-parallel 1, or with a longer --scan-timeout.", user: "" },
        look: Look::One(cut_short),
        ..ROW
    },
];

/// What these rows have in common.
const ROW: Check = Check { layer: Layer::Tls, severity: Severity::Warn, needs: Need::Began(Layer::Tls), ..Check::ROW };

/// Current Windows that gets nothing.
pub(super) fn current_windows_left_out(facts: &Facts) -> Option<Evidence> {
    left_out(facts, |kind| kind == Kind::CurrentWindows)
}

fn others_left_out(facts: &Facts) -> Option<Evidence> {
    left_out(facts, |kind| kind != Kind::CurrentWindows)
}

/// Clients of those kinds that get nothing, with the reason of each; none where the server speaks to nobody, which other rows tell.
fn left_out(facts: &Facts, kind: impl Fn(Kind) -> bool) -> Option<Evidence> {
    let surveyed = facts.survey.versions.iter().any(|seen| seen.it.accepted());
    let speaks = surveyed || facts.secured.is_some() || accepted(facts).next().is_some() || answers_a_client(facts);
    if !speaks {
        return None;
    }
    let of_kind = |(client, _): &(&Client, Outcome)| kind(client.kind);
    let all = facts.survey.posed.iter().filter_map(|seen| Some((seen.event, outcome(&seen.it).filter(&of_kind)?)));
    let nothing = |(event, (client, outcome)): (usize, (&'static Client, Outcome))| match outcome {
        Outcome::Nothing(why) => Some((event, client.title, why)),
        Outcome::Shares { .. } | Outcome::Untold(_) => None,
    };
    let rows: Vec<(usize, &str, String)> = all.filter_map(nothing).collect();
    let mut by_reason: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    rows.iter().for_each(|(_, title, why)| by_reason.entry(why).or_default().push(title));
    let says: Vec<String> = by_reason.iter().map(|(why, titles)| format!("{}: {why}", titles.join(", "))).collect();
    Evidence::of(rows.iter().map(|row| row.0), says.join("; "))
}

fn old_versions(facts: &Facts) -> Option<Evidence> {
    let accepted = || facts.survey.versions.iter().filter(|seen| seen.it.accepted());
    // A server that has nothing newer is told so by another check.
    accepted().find(|seen| seen.it.version >= TLS12)?;
    let old: Vec<&Seen<Version>> = accepted().filter(|seen| seen.it.version < TLS12).collect();
    let names: Vec<String> = old.iter().map(|seen| name(seen.it.version)).collect();
    Evidence::of(old.iter().map(|seen| seen.event), format!("it accepts {}", names.join(", ")))
}

fn weak_suites(facts: &Facts) -> Option<Evidence> {
    let mut weak: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut events = Vec::new();
    for seen in &facts.survey.versions {
        let rows = seen.it.suites.iter().filter_map(|suite| Suite::of(suite.cipher));
        for (suite, why) in rows.filter_map(|suite| Some((suite, suite.weakness()?))) {
            let names = weak.entry(why).or_default();
            if !names.contains(&suite.name) {
                names.push(suite.name);
            }
            events.push(seen.event);
        }
    }
    events.dedup();
    let more = |names: &[&str]| if names.len() > 1 { format!(" and {} more", names.len() - 1) } else { String::new() };
    let says: Vec<String> = weak.iter().filter_map(|(why, names)| Some(format!("{why}: {}{}", names.first()?, more(names)))).collect();
    Evidence::of(events, says.join("; "))
}

fn without(facts: &Facts, of: impl Fn(&Traits) -> Option<bool>, says: &str) -> Option<Evidence> {
    let seen = facts.survey.traits.as_ref().filter(|seen| of(&seen.it) == Some(false))?;
    Some(Evidence::at(seen.event, says))
}

fn cut_short(facts: &Facts) -> Option<Evidence> {
    let seen = facts.survey.effort.as_ref()?;
    Some(Evidence::at(seen.event, seen.it.cut.clone()?))
}
