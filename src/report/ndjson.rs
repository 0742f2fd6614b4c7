//! The report as lines, each a JSON object with a `type`: head, layers, addresses, certificates, findings, summary.

use super::document::{self, SCHEMA, quiet};
use super::matrix;
use super::model::{LayerReport, Report};
use super::scan;
use super::trust;
use crate::transcript::Head;
use serde_json::{Map, Value, json};
use std::io::{self, Write};

/// Writes the report; layers that were written while they happened, and stand as they did, are not written again.
pub fn render(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    if report.style.shown.is_empty() {
        write!(out, "{}", head_line(&report.transcript.head))?;
    }
    for row in report.unseen_layers() {
        write!(out, "{}", layer_line(row))?;
    }
    let addresses = document::addresses(report).into_iter().map(|value| typed("address", value));
    let certificates = document::certificates(report).into_iter().map(|value| typed("certificate", value));
    let findings = report.judgement.findings.iter().map(|finding| typed("finding", document::finding(report, finding)));
    let scan = Some(scan::value(report)).filter(|value| !value.is_null()).map(|value| typed("tls_scan", value));
    let methods = report.facts.matrix.iter().map(|seen| typed("auth-method", matrix::row(&seen.it)));
    let verdicts = trust::rows(report).into_iter().map(|value| typed("trust", value));
    for value in addresses.chain(certificates).chain(verdicts).chain(scan).chain(methods).chain(findings) {
        write!(out, "{}", line(&value))?;
    }
    write!(out, "{}", line(&summary(report)))
}

/// The first line.
pub fn head_line(head: &Head) -> String {
    let value = json!({ "schema": SCHEMA, "tool": document::tool(), "target": document::target(head), "began": document::began(head) });
    line(&typed("head", value))
}

/// The line of one layer; the last line about a layer counts.
pub fn layer_line(row: &LayerReport) -> String {
    line(&typed("layer", document::layer(row)))
}

fn summary(report: &Report) -> Value {
    let value = json!({
        "took_ms": report.facts.ended.millis(),
        "verdict": report.verdict().name(),
        "reached": report.reached(),
        "stopped_at": report.stopped_at(),
        "not_judged": document::not_judged(report),
        "gate": document::gate(report.gate.as_ref()),
    });
    typed("summary", value)
}

/// The object with its type in front.
pub(super) fn typed(kind: &str, value: Value) -> Value {
    let kind = std::iter::once(("type".to_string(), kind.into()));
    match value {
        Value::Object(members) => kind.chain(members).collect::<Map<_, _>>().into(),
        other => other,
    }
}

/// One line.
pub(super) fn line(value: &Value) -> String {
    quiet(&value.to_string()) + "\n"
}
