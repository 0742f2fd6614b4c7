//! The report as one JSON document.

use super::document::{self, SCHEMA, quiet};
use super::matrix;
use super::model::Report;
use super::scan;
use super::trust;
use serde_json::{Map, Value, json};
use std::io::{self, Write};

/// Writes the report.
pub fn render(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let opening = [("schema", json!(SCHEMA)), ("tool", document::tool())];
    let rest = [("tls_scan", scan::value(report)), ("gate", document::gate(report.gate.as_ref()))];
    let members = opening.into_iter().chain(members(report)).chain(rest).map(|(name, value)| (name.to_string(), value));
    let text = serde_json::to_string_pretty(&Value::Object(members.collect::<Map<_, _>>()))?;
    writeln!(out, "{}", quiet(&text))
}

/// What is told of one connection.
pub(super) fn members(report: &Report) -> impl Iterator<Item = (&'static str, Value)> {
    let head = &report.transcript.head;
    let findings: Vec<Value> = report.judgement.findings.iter().map(|finding| document::finding(report, finding)).collect();
    let members = [
        ("target", document::target(head)),
        ("began", json!(document::began(head))),
        ("took_ms", json!(report.facts.ended.millis())),
        ("verdict", json!(report.verdict().name())),
        ("reached", json!(report.reached())),
        ("stopped_at", json!(report.stopped_at())),
        ("layers", report.layers.iter().map(document::layer).collect()),
        ("certificates", document::certificates(report).into()),
        ("addresses", document::addresses(report).into()),
        ("product", document::server_product(report)),
        ("findings", findings.into()),
        ("not_judged", document::not_judged(report).into()),
    ];
    members
        .into_iter()
        .chain(matrix::json(report).map(|rows| ("auth_methods", rows)))
        .chain(trust::json(report).map(|rows| ("trust", rows)))
}
