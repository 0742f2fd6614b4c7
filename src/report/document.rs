//! The parts of a report as JSON, shared by the document and the lines. `docs/report.schema.json` describes them.

use super::learned;
use super::model::{LayerReport, Report};
use super::text::{harmless, rfc3339, rfc3339_ms};
use super::{TOOL, VERSION};
use crate::diag::gate::{GateSummary, Ruling};
use crate::diag::join::{Role, Told};
use crate::diag::log::LogLine;
use crate::diag::product::{self, Product};
use crate::diag::{Finding, Windows};
use crate::transcript::Head;
use crate::wire::cert::Cert;
use serde_json::{Value, json};

/// The name of the shape; it changes when a reader of the old one would go wrong.
pub const SCHEMA: &str = "sstp-diag/report/1";

/// The program.
pub fn tool() -> Value {
    json!({ "name": TOOL, "version": VERSION })
}

/// The server as the user named it.
pub fn target(head: &Head) -> Value {
    let target = &head.target;
    json!({ "host": harmless(&target.host), "port": target.port, "server_name": target.server_name.as_deref().map(harmless), "connect": target.connect })
}

/// When it began.
pub fn began(head: &Head) -> String {
    rfc3339_ms(head.began_unix_ms)
}

/// One layer.
pub fn layer(row: &LayerReport) -> Value {
    let learned: Vec<Value> = row.learned.iter().map(|(name, value)| json!({ "name": name, "value": value })).collect();
    json!({
        "layer": row.layer.name(),
        "title": row.layer.title(),
        "state": row.standing.name(),
        "ms": row.took.map(|took| took.millis()),
        "reason": row.reason,
        "learned": learned,
    })
}

/// Every certificate that could be read, leaf first.
pub fn certificates(report: &Report) -> Vec<Value> {
    report.facts.chain.iter().map(certificate).collect()
}

fn certificate(cert: &Cert) -> Value {
    json!({
        "subject": harmless(&cert.subject),
        "issuer": harmless(&cert.issuer),
        "dns_names": all_harmless(&cert.dns_names),
        "ip_addresses": cert.ip_addresses,
        "serial": cert.serial,
        "not_before": rfc3339(cert.not_before),
        "not_after": rfc3339(cert.not_after),
        "key": cert.key,
        "signature": cert.signature,
        "is_ca": cert.is_ca,
        "eku": cert.eku,
        "sha1": cert.sha1,
        "sha256": cert.sha256,
        "crl_urls": all_harmless(&cert.crl_urls),
        "ocsp_urls": all_harmless(&cert.ocsp_urls),
        "ca_issuers_urls": all_harmless(&cert.ca_issuers_urls),
    })
}

fn all_harmless(texts: &[String]) -> Vec<String> {
    texts.iter().map(|text| harmless(text)).collect()
}

/// Every address tried.
pub fn addresses(report: &Report) -> Vec<Value> {
    let facts = &report.facts;
    let of = |seen: &crate::transcript::facts::Seen<crate::transcript::facts::Attempt>| {
        let attempt = &seen.it;
        let leaf = facts.other_leaves.iter().find(|other| other.it.from == attempt.to).map(|other| other.it.sha256.as_str());
        let own = facts.leaf().filter(|_| facts.chosen == Some(attempt.to)).map(|leaf| leaf.sha256.as_str());
        json!({
            "address": attempt.to.to_string(),
            "outcome": attempt.failure.map_or("connected", learned::no_connection),
            "ms": attempt.took.millis(),
            "chosen": facts.chosen == Some(attempt.to),
            "leaf_sha256": own.or(leaf),
        })
    };
    facts.attempts.iter().map(of).collect()
}

/// The product that answers, and by what it is known.
pub fn server_product(report: &Report) -> Value {
    let found = product::of(&report.facts);
    json!(found.map(|(product, evidence)| json!({ "name": product.name(), "by": evidence.says })))
}

/// One finding.
pub fn finding(report: &Report, finding: &Finding) -> Value {
    finding_with(finding, report.windows(finding), &report.remedies(finding))
}

/// One finding over several connections.
pub fn finding_across(finding: &Finding) -> Value {
    finding_with(finding, finding.check.windows, &finding.check.remedies().collect::<Vec<_>>())
}

fn finding_with(finding: &Finding, codes: &[Windows], remedies: &[(Product, &str)]) -> Value {
    let check = finding.check;
    let products: Vec<Value> = remedies.iter().map(|(product, says)| json!({ "product": product.name(), "says": says })).collect();
    let windows: Vec<Value> = codes.iter().map(|code| windows(*code, check.verified)).collect();
    json!({
        "id": check.id,
        "severity": finding.severity.name(),
        "layer": check.layer.name(),
        "title": check.title,
        "means": check.means,
        "fix": { "admin": check.fix.admin, "user": check.fix.user, "products": products },
        "evidence": { "says": harmless(&finding.evidence.says), "events": finding.evidence.events },
        "windows": windows,
        "spec": check.spec.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "cause": finding.cause,
        "because_of": finding.because_of,
        "ruling": finding.ruling.name(),
        "waiver": waiver(&finding.ruling),
    })
}

/// Lines of logs that belong to a call.
pub fn log(report: &Report) -> Vec<Value> {
    let of = |told: &Told| {
        let contradicts = if let Role::Contradicts(says) = &told.role { Some(says) } else { None };
        json!({
            "file": harmless(&told.file),
            "line": log_line(&told.line),
            "by": told.by.name(),
            "role": told.role.name(),
            "finding": told.role.finding(),
            "but": contradicts,
        })
    };
    report.told.iter().map(of).collect()
}

/// One line of a log.
pub fn log_line(line: &LogLine) -> Value {
    json!({
        "line": line.line,
        "at": line.at.as_deref().map(harmless),
        "source": line.source,
        "event": line.event,
        "outcome": line.outcome.name(),
        "says": harmless(&line.says),
        "times": line.times,
        "causes": line.checks,
    })
}

fn waiver(ruling: &Ruling) -> Value {
    match ruling {
        Ruling::Waived { reason, expires } => json!({ "reason": harmless(reason), "expires": expires.to_string() }),
        _ => Value::Null,
    }
}

/// What a gate makes of it all; null where none was asked for.
pub fn gate(summary: Option<&GateSummary>) -> Value {
    let Some(gate) = summary else { return Value::Null };
    let waived = gate.waived.iter();
    let waived = waived.map(|row| json!({ "id": row.id, "reason": harmless(&row.reason), "expires": row.expires.to_string() }));
    json!({
        "passed": gate.passed,
        "profile": gate.profile.as_deref().map(harmless),
        "fail_on": gate.fail_on,
        "baseline": gate.baseline.as_deref().map(harmless),
        "failing": gate.failing,
        "waived": waived.collect::<Vec<_>>(),
        "known": gate.known,
        "gone": gate.gone,
        "remarks": all_harmless(&gate.remarks),
    })
}

fn windows(code: Windows, verified: bool) -> Value {
    let row = code.code();
    let (kind, number) = match code {
        Windows::Ras(number) => ("ras", json!(number)),
        Windows::Hresult(number) => ("hresult", json!(format!("0x{number:08X}"))),
        Windows::Event(number) => ("event", json!(number)),
    };
    let signed = match code {
        Windows::Hresult(number) => Some(number.cast_signed()),
        _ => row.and_then(crate::diag::codes::Code::signed),
    };
    json!({ "kind": kind, "code": number, "signed": signed, "name": row.map(|row| row.name), "verified": verified })
}

/// Checks that could not look.
pub fn not_judged(report: &Report) -> Vec<Value> {
    report.judgement.blind.iter().map(|(id, why)| json!({ "id": id, "why": harmless(why) })).collect()
}

/// JSON text in which no character can disturb a terminal: what JSON leaves as it is beyond U+007E is escaped too.
pub fn quiet(text: &str) -> String {
    let mut units = [0; 2];
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if super::text::is_harmful(c) && c != '\n' {
            shown.extend(c.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")));
        } else {
            shown.push(c);
        }
    }
    shown
}
