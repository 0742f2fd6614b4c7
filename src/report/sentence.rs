//! The sentences of a report: the verdict, and the Windows codes as people read them.

use super::learned::tapped::inferred;
use super::model::{Report, Standing};
use super::text::{count, harmless, peer};
use crate::base::{Layer, Side};
use crate::diag::codes::{Code, Family};
use crate::diag::gate::Ruling;
use crate::diag::join::Told;
use crate::diag::{Finding, Severity, Windows};
use crate::transcript::facts::Stop;
use crate::transcript::tap::Opening;
use crate::transcript::{Opaqueness, Reason};

/// The verdict in one or two sentences, the cause in it: what a helpdesk reads out.
pub fn verdict(report: &Report) -> String {
    let target = harmless(&report.transcript.head.target.authority());
    if report.interrupted {
        return format!("Interrupted: {}", scope(report, &target));
    }
    if let Some(finding) = report.spared().filter(|_| report.ours().is_some()) {
        let (says, at) = (decapitalised(finding.check.title), stage(finding.check.layer));
        return format!("Could not be tested beyond {at}: {says} ({}), which stops this program and no current Windows.", finding.check.id);
    }
    if let Some(why) = report.ours() {
        return format!("Could not be tested: {}", full_stop(&decapitalised(&peer(&harmless(why)))));
    }
    if let Some(sealed) = sealed(report, &target) {
        return sealed;
    }
    if let Some(Stop { reason: Reason::Unseen(why), layer, .. }) = report.facts.stop.as_ref().filter(|_| !report.failed()) {
        return format!("Not seen to its end, at {}: {}", stage(*layer), full_stop(&decapitalised(&peer(&harmless(why)))));
    }
    if tells_nothing(report) {
        if began_behind_hello(report) {
            return format!(
                "Cannot be told: the capture begins inside the connection to {target}; no key can be found for it, because its ClientHello is missing."
            );
        }
        let reached = report.reached().map_or("its packets", stage);
        return format!("Cannot be told: the capture shows {reached} of the connection to {target}, and not what came of it.");
    }
    match (report.verdict(), report.judgement.cause(), report.stopped_at()) {
        (Standing::Fail, Some(cause), _) => failing(report, cause),
        (Standing::Fail, None, Some(layer)) => {
            let why = report.layers.iter().find(|entry| entry.layer == layer).and_then(|entry| entry.reason.clone());
            format!(
                "{} at {}: {}",
                fails(report, layer),
                stage(layer),
                full_stop(&decapitalised(&peer(why.as_deref().unwrap_or("no reason known"))))
            )
        }
        (Standing::Fail, None, None) => format!("{target} does not work."),
        (Standing::Warn, ..) => {
            let warnings = report.judgement.findings.iter().filter(|finding| finding.severity == Severity::Warn).count();
            format!("Works, with {}: {}", count(warnings, "warning", "warnings"), scope(report, &target))
        }
        _ => format!("Works: {}", scope(report, &target)),
    }
}

/// The capture shows neither an answer nor an end.
fn tells_nothing(report: &Report) -> bool {
    let facts = &report.facts;
    facts.tapped() && facts.stop.is_none() && !report.failed() && facts.sstp.is_empty() && facts.responses.is_empty()
}

/// Whether it works cannot be told: the verdict neither praises nor blames.
pub fn is_open(report: &Report) -> bool {
    !report.interrupted && report.ours().is_none() && (tells_nothing(report) || sealed(report, "").is_some())
}

/// A captured connection that nobody could look into: what can be told without a key.
fn sealed(report: &Report, target: &str) -> Option<String> {
    let facts = &report.facts;
    let hello = facts.secured.is_some() || !facts.server_hellos.is_empty();
    let open = !facts.requests.is_empty() || !facts.responses.is_empty() || !facts.sstp.is_empty();
    if !facts.tapped() || open || !hello || report.failed() {
        return None;
    }
    let tells = facts.inference.as_ref().map_or("nothing is known of what is in it".to_string(), |seen| inferred(&seen.it));
    let unable = facts.opaque.iter().any(|seen| seen.it.1 == Opaqueness::Unsupported);
    let why = match unable {
        true => "its version or cipher suite is not opened here",
        false if began_behind_hello(report) => "its ClientHello, which names its keys, is missing from the capture",
        false => "there is no key",
    };
    Some(format!("Not opened, {why}: the connection to {target} {tells}."))
}

/// The capture began late, so that not even the key of the connection can be looked up.
fn began_behind_hello(report: &Report) -> bool {
    let midstream = report.facts.flow.as_ref().is_some_and(|seen| seen.it.opening == Opening::Midstream);
    midstream && report.facts.client_hellos.is_empty()
}

fn scope(report: &Report, target: &str) -> String {
    let carried = |side| report.facts.traffic.iter().any(|seen| seen.by == Some(side) && seen.it.packets > 0);
    if report.facts.pings.iter().any(|seen| seen.it.is_some()) || carried(Side::Client) && carried(Side::Server) {
        return format!("a call to {target} comes up and carries traffic.");
    }
    if report.facts.reached(Layer::Ncp) {
        return format!("a call to {target} comes up.");
    }
    let reached = report.reached_before(Layer::Teardown).map_or("nothing", stage);
    let asked = !report.facts.tapped() && report.facts.asked.until >= Layer::Auth && !report.facts.asked.credentials;
    let rest = if asked { " Without a user name, authentication and what follows were not tried." } else { "" };
    format!("{target} answers up to {reached}.{rest}")
}

fn failing(report: &Report, cause: &Finding) -> String {
    let says = decapitalised(cause.check.title);
    // A probe passes over what stops a Windows client, such as a certificate; any other cause is told where it took effect.
    let stop = report.facts.stop.as_ref().map(|stop| stop.layer).filter(|_| !report.passed_over(cause));
    // A connection that breaks takes down what had come up above it.
    let stood = || report.reached().filter(|reached| report.facts.tapped() && cause.check.layer == Layer::Tcp && *reached > Layer::Tcp);
    let stood = stop.is_none().then(stood).flatten();
    let layer = stop.or(stood).unwrap_or(cause.check.layer);
    let (at, verb) = (stage(layer), if stood.is_some() { "Fails" } else { fails(report, layer) });
    let windows = report.windows(cause).first().map_or(String::new(), |code| {
        let sure = if cause.check.verified { "shows" } else { "probably shows" };
        format!(" Windows {sure} {}.", shown(*code))
    });
    format!("{verb} at {at}: {says} ({}).{windows}", cause.check.id)
}

/// What stops a Windows client, and not the probe: that stopped higher up, or nowhere.
fn fails(report: &Report, layer: Layer) -> &'static str {
    let beyond = |stop: &Stop| stop.layer > layer;
    let passes = report.facts.stop.as_ref().is_none_or(beyond) || report.spared().is_some();
    if passes && layer < Layer::Teardown { "A Windows client fails" } else { "Fails" }
}

/// A layer within a sentence.
pub fn stage(layer: Layer) -> &'static str {
    match layer {
        Layer::Dns => "name resolution",
        Layer::Tcp => "the TCP connection",
        Layer::Proxy => "the proxy",
        Layer::Tls => "the TLS handshake",
        Layer::Cert => "the certificate",
        Layer::Http => "the HTTP request",
        Layer::Sstp => "the SSTP call",
        Layer::Lcp => "PPP link negotiation",
        Layer::Auth => "authentication",
        Layer::Binding => "crypto binding",
        Layer::Ncp => "IP configuration",
        Layer::Data => "traffic in the tunnel",
        Layer::Teardown => "teardown",
    }
}

/// A Windows code in a sentence: `691`, `0x800B0101 CERT_E_EXPIRED`.
fn shown(code: Windows) -> String {
    match (code, code.code()) {
        (Windows::Ras(number), _) => format!("error {number}"),
        (Windows::Hresult(number), Some(row)) => format!("0x{number:08X} ({})", row.name),
        (Windows::Hresult(number), None) => format!("0x{number:08X}"),
        (Windows::Event(number), _) => format!("RasSstp event {number}"),
    }
}

/// A Windows code in full: hexadecimal, signed decimal, symbolic name.
pub fn code_in_full(code: Windows) -> String {
    match (code, code.code()) {
        (Windows::Hresult(word), row) => {
            let name = row.map_or(String::new(), |row| format!(" {}", row.name));
            format!("0x{word:08X} ({}){name}", word.cast_signed())
        }
        (Windows::Ras(_), Some(row)) => row_in_full(row),
        (Windows::Ras(_) | Windows::Event(_), _) => shown(code),
    }
}

/// A row of the code table in full: the number of its family, the name, and the HRESULT around a plain number.
pub fn row_in_full(row: &Code) -> String {
    match (row.hresult(), row.signed()) {
        (Some(word), Some(signed)) if is_plain(row) => format!("{} {} (0x{word:08X}, {signed})", row.number, row.name),
        _ => row.shown(),
    }
}

/// A row's numbers without its name: `691 (0x800702B3, -2147024205)`, `0x800B0101 (-2146762495)`, `5`.
pub fn numbers(row: &Code) -> String {
    match (row.hresult(), row.signed()) {
        (Some(word), Some(signed)) if is_plain(row) => format!("{} (0x{word:08X}, {signed})", row.number),
        (word, Some(signed)) => format!("0x{:08X} ({signed})", word.unwrap_or(row.number)),
        (_, None) => row.number.to_string(),
    }
}

/// The family writes plain numbers, and Windows wraps them.
fn is_plain(row: &Code) -> bool {
    matches!(row.family, Family::Ras | Family::Win32 | Family::Winsock | Family::WinHttp)
}

/// All codes of a finding, each with a mark when its link to this cause is not sure.
pub fn codes(report: &Report, finding: &Finding) -> Vec<String> {
    let mark = if finding.check.verified { "" } else { " - unverified" };
    report.windows(finding).iter().map(|code| code_in_full(*code) + mark).collect()
}

/// A line of a log in a sentence: where it stands, when it was written, what it says.
pub fn told(told: &Told) -> String {
    let line = &told.line;
    let at = line.at.as_deref().map_or(String::new(), |at| format!(", {}", harmless(at)));
    let times = if line.times > 1 { format!(", {} times", line.times) } else { String::new() };
    format!("{} of {}{at}{times}: {}", line.named(), harmless(&told.file), harmless(&line.says))
}

/// What a gate ruled, behind the id of a finding.
pub fn ruling(ruling: &Ruling) -> String {
    match ruling {
        Ruling::Fails => "counts".into(),
        Ruling::Passes => "does not count".into(),
        Ruling::Known => "is known from the baseline".into(),
        Ruling::Waived { reason, expires } => format!("is waived until {expires}: {}", harmless(reason)),
    }
}

fn full_stop(text: &str) -> String {
    let text = text.trim_end();
    if text.ends_with(['.', '!', '?']) { text.to_string() } else { format!("{text}.") }
}

/// The first letter small, unless the first word is a name or an abbreviation; no full stop at the end.
fn decapitalised(text: &str) -> String {
    let text = text.trim_end_matches('.');
    let word = text.split_whitespace().next().unwrap_or_default();
    let mut chars = text.chars();
    match chars.next() {
        Some(first) if word == "A" || !NAMES.contains(&word) && is_plain_word(word) => first.to_lowercase().chain(chars).collect(),
        _ => text.to_string(),
    }
}

/// One capital letter at the beginning and only small ones behind it.
fn is_plain_word(word: &str) -> bool {
    let mut chars = word.trim_end_matches([',', ':', ';']).chars();
    let first = chars.next().is_some_and(char::is_uppercase);
    let mut rest = chars.peekable();
    first && rest.peek().is_some() && rest.all(|c| c.is_lowercase() || "-'".contains(c))
}

/// Words that keep their capital letter within a sentence: names, and the first words of message names.
const NAMES: [&str; 8] = ["Windows", "Microsoft", "Call", "Configure-Request", "Configure-Nak", "Challenge", "Echo", "Terminate-Request"];
