//! SARIF 2.1.0, for code-scanning pages: a rule for every case that was wrong, a result for each.

use super::{Row, Suite};
use crate::report::{Style, TOOL};
use serde_json::{Value, json};
use std::io::{self, Write};

/// Writes the report.
pub fn render(suite: &Suite, _: &Style, out: &mut dyn Write) -> io::Result<()> {
    let wrong: Vec<&Row> = suite.cases.iter().filter(|row| row.standing != "fine" || row.note.is_some()).collect();
    let document = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": { "name": TOOL, "version": suite.version, "rules": wrong.iter().map(|row| rule(row)).collect::<Vec<_>>() } },
            "results": wrong.iter().map(|row| result(row, suite)).collect::<Vec<_>>(),
            "invocations": [{
                "executionSuccessful": suite.unreachable.is_none() && suite.down_after.is_none() && !suite.interrupted,
                "toolConfigurationNotifications": suite.remarks.iter().map(|text| json!({ "level": "warning", "message": { "text": text } })).collect::<Vec<_>>(),
            }],
        }],
    });
    serde_json::to_writer_pretty(&mut *out, &document)?;
    writeln!(out)
}

fn rule(row: &Row) -> Value {
    json!({
        "id": row.id,
        "shortDescription": { "text": row.title },
        "fullDescription": { "text": format!("{} {}. {}", row.level, row.spec, row.why) },
    })
}

fn result(row: &Row, suite: &Suite) -> Value {
    let level = match (row.standing.as_str(), row.verdict.as_str()) {
        ("fine", _) => "none",
        ("known", _) => "note",
        (_, "lenient") => "warning",
        _ => "error",
    };
    let says = row.says();
    let says =
        [Some(says.as_str()).filter(|text| !text.is_empty()), row.note.as_deref()].into_iter().flatten().collect::<Vec<_>>().join(" | ");
    let kind = if level == "none" { "informational" } else { "fail" };
    let mut result = json!({
        "ruleId": row.id,
        "kind": kind,
        "level": level,
        "message": { "text": format!("{}: {says}", row.verdict) },
        // Code-scanning pages refuse results without a file and a line; a case has none, so that its id stands for one.
        "locations": [{
            "physicalLocation": { "artifactLocation": { "uri": format!("conformance/{}/{}", suite.tests, row.id) }, "region": { "startLine": 1 } },
            "logicalLocations": [{ "fullyQualifiedName": format!("{}/{}", suite.target, row.id), "kind": "member" }],
        }],
    });
    if let (Some(reason), Some(object)) = (row.known.as_ref().filter(|_| row.standing == "known"), result.as_object_mut()) {
        object.insert("suppressions".into(), json!([{ "kind": "external", "justification": reason }]));
    }
    result
}
