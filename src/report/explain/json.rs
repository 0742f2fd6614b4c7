//! For programs: one document.

use super::{Explanation, hows, layer_how, on_layer};
use crate::diag::cause::{self, Cause};
use crate::diag::codes::{Basis, Code};
use crate::diag::explain::{Meaning, Subject};
use crate::report::document::{quiet, tool};
use crate::report::sentence::code_in_full;
use crate::report::text::harmless;
use serde_json::{Value, json};
use std::io::{self, Write};

/// The name of the shape; it changes when a reader of the old one would go wrong.
pub const SCHEMA: &str = "sstp-diag/explain/1";

/// Writes the explanation.
pub fn render(explanation: &Explanation, out: &mut dyn Write) -> io::Result<()> {
    let explained = explanation.explained;
    let subjects: Vec<Value> = explained.subjects.iter().map(|it| subject(explanation, it)).collect();
    let unknown = explained.unknown.iter();
    let unknown: Vec<Value> = unknown.map(|it| json!({ "quoted": harmless(&it.quoted), "says": it.says, "near": it.near })).collect();
    document(json!({ "schema": SCHEMA, "tool": tool(), "subjects": subjects, "unknown": unknown, "notes": explained.notes }), out)
}

/// Writes a document so that no character in it disturbs a terminal.
pub fn document(value: Value, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}", quiet(&serde_json::to_string_pretty(&value)?))
}

fn subject(explanation: &Explanation, subject: &Subject) -> Value {
    let quoted = harmless(&subject.quoted);
    match &subject.meaning {
        Meaning::Codes(rows) => {
            json!({ "quoted": quoted, "kind": "code", "codes": rows.iter().map(|row| code(explanation, row)).collect::<Vec<_>>() })
        }
        Meaning::Cause(it) => json!({ "quoted": quoted, "kind": "finding", "finding": finding(explanation, *it) }),
        Meaning::Chap(message) => {
            let fields: serde_json::Map<String, Value> =
                message.fields().into_iter().map(|(name, says)| (name.to_string(), json!(harmless(&says)))).collect();
            let code = message.code().map(|row| code(explanation, row));
            json!({ "quoted": quoted, "kind": "mschap-failure", "fields": fields, "codes": code.into_iter().collect::<Vec<_>>() })
        }
        Meaning::Fault(it) => {
            json!({ "quoted": quoted, "kind": it.kind, "id": it.id, "layer": it.layer.name(), "title": it.title,
                    "finding": Cause::by_id(it.found_by).map(|cause| finding(explanation, cause)) })
        }
        Meaning::Layer(layer) => {
            let how = layer_how(*layer);
            let findings: Vec<Value> = on_layer(*layer).into_iter().map(brief).collect();
            json!({ "quoted": quoted, "kind": "layer", "layer": layer.name(), "title": layer.title(),
                    "check_with": [{ "command": how.line, "tells": how.tells }], "findings": findings })
        }
    }
}

fn code(explanation: &Explanation, row: &Code) -> Value {
    let basis = match row.basis {
        Basis::Read(source) => Some(source),
        Basis::Inferred => None,
    };
    let mut value = short(row);
    if let Some(members) = value.as_object_mut() {
        members.insert("cause".into(), json!(row.cause));
        members.insert("source".into(), json!(basis));
        members.insert("verified".into(), json!(basis.is_some()));
        members.insert("seen_in".into(), json!(row.family.seen()));
        members.insert("causes".into(), cause::of_code(row).into_iter().map(|it| finding(explanation, it)).collect());
    }
    value
}

/// A code in a few members.
pub fn short(row: &Code) -> Value {
    json!({ "family": row.family.name(), "number": row.number, "name": row.name,
            "hresult": row.hresult().map(|word| format!("0x{word:08X}")), "signed": row.signed(), "means": row.means })
}

fn brief(it: Cause) -> Value {
    json!({ "id": it.id(), "title": it.title(), "severity": it.severity().map(crate::diag::Severity::name) })
}

/// A cause with everything that is known about it.
pub fn finding(explanation: &Explanation, it: Cause) -> Value {
    let check_with: Vec<Value> =
        hows(explanation, it).into_iter().map(|(command, tells)| json!({ "command": command, "tells": tells })).collect();
    json!({
        "id": it.id(),
        "layer": it.layer().name(),
        "severity": it.severity().map(crate::diag::Severity::name),
        "title": it.title(),
        "means": it.means(),
        "tell": it.tell(),
        "check_with": check_with,
        "fix": { "admin": it.fix().admin, "user": it.fix().user },
        "windows": it.windows().iter().map(|code| code_in_full(*code)).collect::<Vec<_>>(),
        "verified": it.verified(),
        "spec": it.spec().iter().map(ToString::to_string).collect::<Vec<_>>(),
    })
}
