//! Sessions as lines of JSON, each with a `type`: head, session, message, layer, certificate, finding, verdict; summary last.
//! A session is written when it is over, so that nothing has to be kept.

use super::super::document;
use super::super::ndjson::{line, typed};
use super::{End, Filter, Looks, Session, Shape, View, json};
use serde_json::{Map, Value, json};
use std::io::{self, Write};

/// Lines of JSON.
pub struct Ndjson {
    filter: Filter,
    messages: bool,
    began: bool,
}

impl Ndjson {
    /// Nothing written yet.
    pub fn new(looks: &Looks) -> Ndjson {
        Ndjson { filter: looks.filter.clone(), messages: looks.shape != Shape::Findings, began: false }
    }

    fn open(&mut self, out: &mut dyn Write) -> io::Result<()> {
        if std::mem::replace(&mut self.began, true) {
            return Ok(());
        }
        write!(out, "{}", line(&typed("head", json!({ "schema": json::SCHEMA, "tool": document::tool() }))))
    }
}

impl View for Ndjson {
    fn session(&mut self, session: &Session, out: &mut dyn Write) -> io::Result<()> {
        self.open(out)?;
        let report = &session.report;
        let mut put = |kind: &str, value: Value| write!(out, "{}", line(&typed(kind, numbered(session.number, value))));
        let mut head = json::head(session);
        head.insert("target".into(), document::target(&report.transcript.head));
        head.insert("began".into(), json!(json::began_of(session)));
        put("session", head.into())?;
        if self.messages {
            for (index, event) in session.events(&self.filter).filter(|(_, event)| json::is_told(event)) {
                put("message", json::message((index, event)))?;
            }
        }
        for row in &report.layers {
            put("layer", document::layer(row))?;
        }
        for certificate in document::certificates(report) {
            put("certificate", certificate)?;
        }
        for finding in &report.judgement.findings {
            put("finding", document::finding(report, finding))?;
        }
        let verdict = json!({
            "took_ms": report.facts.ended.millis(),
            "verdict": report.verdict().name(),
            "reached": report.reached(),
            "stopped_at": report.stopped_at(),
            "not_judged": report.judgement.blind.len(),
        });
        put("verdict", verdict)
    }

    fn end(&mut self, end: &End, out: &mut dyn Write) -> io::Result<()> {
        self.open(out)?;
        let members = json::closing(end).into_iter().map(|(name, value)| (name.to_string(), value));
        write!(out, "{}", line(&typed("summary", Value::Object(members.collect()))))
    }
}

/// The object with the number of its session in front.
fn numbered(session: u64, value: Value) -> Value {
    let number = std::iter::once(("session".to_string(), json!(session)));
    match value {
        Value::Object(mut members) => {
            members.shift_remove("number");
            number.chain(members).collect::<Map<_, _>>().into()
        }
        other => other,
    }
}
