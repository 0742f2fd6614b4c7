//! All sessions as one JSON document, written session by session. `docs/decode.schema.json` describes it.

use super::super::document::{self, began, quiet};
use super::super::json;
use super::super::text::harmless;
use super::{Capture, Damage, End, Filter, Looks, Session, View, directions, is_bulk, user, words};
use crate::diag::join::LogUse;
use crate::transcript::{Event, What};
use crate::wire::{http, layout, sstp};
use serde_json::{Map, Value, json};
use std::io::{self, Write};

/// The name of the shape; it changes when a reader of the old one would go wrong.
pub const SCHEMA: &str = "sstp-diag/decode/1";

/// The document in the making.
pub struct Json {
    filter: Filter,
    messages: bool,
    began: bool,
}

impl Json {
    /// Nothing written yet.
    pub fn new(looks: &Looks) -> Json {
        Json { filter: looks.filter.clone(), messages: looks.shape != super::Shape::Findings, began: false }
    }

    /// What stands in front of a session, or of the end of the list.
    fn open(&mut self, out: &mut dyn Write) -> io::Result<()> {
        if !self.began {
            self.began = true;
            return write!(out, "{{\n\"schema\": {},\n\"tool\": {},\n\"sessions\": [\n", json!(SCHEMA), document::tool());
        }
        Ok(())
    }
}

impl View for Json {
    fn session(&mut self, session: &Session, out: &mut dyn Write) -> io::Result<()> {
        let comma = if self.began { ",\n" } else { "" };
        self.open(out)?;
        let mut value = head(session);
        value.extend(json::members(&session.report).map(|(name, value)| (name.to_string(), value)));
        if self.messages {
            let messages: Vec<Value> = session.events(&self.filter).filter(|(_, event)| is_told(event)).map(message).collect();
            value.insert("messages".into(), messages.into());
        }
        write!(out, "{comma}{}", quiet(&serde_json::to_string_pretty(&Value::Object(value))?))
    }

    fn end(&mut self, end: &End, out: &mut dyn Write) -> io::Result<()> {
        self.open(out)?;
        write!(out, "\n]")?;
        for (name, value) in closing(end) {
            write!(out, ",\n{}: {}", json!(name), quiet(&serde_json::to_string_pretty(&value)?))?;
        }
        writeln!(out, "\n}}")
    }
}

/// What a session has besides what every report has.
pub(super) fn head(session: &Session) -> Map<String, Value> {
    let counts = session.flow().map(|flow| {
        let both = directions(flow).map(|(side, sent)| (side.to_string(), json!(sent)));
        Value::Object(both.into_iter().collect())
    });
    let traffic = session.report.facts.traffic.iter().filter_map(|seen| Some((seen.by?.name().to_string(), json!(seen.it))));
    let members = [
        ("number", json!(session.number)),
        ("kind", json!(session.kind.name())),
        ("client", json!(session.ends.client)),
        ("server", json!(session.ends.server)),
        ("user", json!(user(&session.report.facts).map(|user| harmless(&user)))),
        ("file", json!(session.file.as_deref().map(harmless))),
        ("packets", json!(session.packets.map(|(first, last)| json!({ "first": first, "last": last })))),
        ("counts", json!(counts)),
        ("traffic", Value::Object(traffic.collect())),
        ("log", document::log(&session.report).into()),
    ];
    members.into_iter().map(|(name, value)| (name.to_string(), value)).collect()
}

/// What stands behind the sessions.
pub(super) fn closing(end: &End) -> [(&'static str, Value); 10] {
    [
        ("findings", end.across.iter().map(document::finding_across).collect()),
        ("files", json!(end.files.iter().map(|file| harmless(file)).collect::<Vec<_>>())),
        ("unread", end.unread.iter().map(|unread| json!({ "file": harmless(&unread.file), "says": harmless(&unread.says) })).collect()),
        ("capture", json!(end.capture.as_ref().map(capture))),
        ("damages", end.damages.iter().map(damage).collect()),
        ("not_shown", json!({ "sessions": end.left_out, "attempts": end.attempts_not_shown })),
        ("logs", end.logs.iter().map(log).collect()),
        ("gate", document::gate(end.gate.as_ref())),
        ("with_secrets", json!(end.with_secrets)),
        ("interrupted", json!(end.interrupted)),
    ]
}

fn log(log: &LogUse) -> Value {
    let left = log.left.iter().map(document::log_line);
    json!({
        "file": harmless(&log.file),
        "format": log.format.name(),
        "lines": log.lines,
        "used": log.used,
        "zone_minutes": log.zone,
        "failures_left": left.collect::<Vec<_>>(),
    })
}

fn capture(capture: &Capture) -> Value {
    let moment = |unix_ms: Option<i64>| unix_ms.map(super::super::text::rfc3339_ms);
    let links = capture.undecodable_links.iter().map(|(link, packets)| json!({ "link_type": link, "packets": packets }));
    json!({
        "packets": capture.packets,
        "bytes": capture.bytes,
        "first": moment(capture.first_unix_ms),
        "last": moment(capture.last_unix_ms),
        "packets_out_of_time_order": capture.backwards,
        "tcp_connections": capture.tcp_connections,
        "sstp": capture.sstp,
        "likely_sstp": capture.likely,
        "attempts": capture.attempts,
        "other": capture.other,
        "links_not_understood": links.collect::<Vec<_>>(),
        "key_lines_bad": capture.key_lines_bad.iter().map(|line| harmless(line)).collect::<Vec<_>>(),
        "without_key": capture.sessions_without_key,
        "given_up": capture.given_up,
    })
}

fn damage(damage: &Damage) -> Value {
    json!({ "file": harmless(&damage.file), "place": damage.place, "says": harmless(&damage.says) })
}

/// Layers tell themselves that they came up, and counts have a place of their own.
pub(super) fn is_told(event: &Event) -> bool {
    !matches!(event.what, What::Began | What::Up | What::Down(_) | What::Flow(_) | What::Traffic(_))
}

/// One message: when, who, what, and its fields as far as they are read.
pub(super) fn message((index, event): (usize, &Event)) -> Value {
    let words = words::of(event);
    let mut value = json!({
        "event": index,
        "at_us": event.at,
        "by": event.by,
        "layer": event.layer,
        "name": words.name,
        "says": words.says,
    });
    if let (Some(fields), Some(members)) = (fields(event), value.as_object_mut()) {
        members.insert("fields".into(), fields);
    }
    value
}

/// The fields of a message, as they lie in it; those that are as they must be are left out, and secrets are asterisks.
fn fields(event: &Event) -> Option<Value> {
    match &event.what {
        What::Http(head) | What::ProxyReply(head) => Some(head_fields(head)),
        What::Sstp(_) | What::Ppp(_) if !is_bulk(event) => {
            let fields = layout::fields(&event.raw).into_iter().filter(|field| !DULL.contains(&field.name.as_str()));
            let fields = fields.filter(|field| field.must.is_none() || field.read(&event.raw) != field.must);
            let value = |field: &crate::base::Field| match field.read(&event.raw) {
                Some(value) if field.bits <= 32 => json!(value),
                _ => json!(crate::base::hex(event.raw.get(field.byte_range()).unwrap_or_default())),
            };
            let members: Map<String, Value> = fields.map(|field| (field.name.clone(), value(&field))).collect();
            (!members.is_empty()).then_some(Value::Object(members))
        }
        What::ClientHello(hello) => Some(json!(hello)),
        What::ServerHello(hello) => Some(json!(hello)),
        _ => None,
    }
}

fn head_fields(head: &http::Head) -> Value {
    let headers = head.headers.iter().map(|(name, value)| json!([harmless(name), harmless(value)]));
    json!({ "start": harmless(&head.start), "headers": headers.collect::<Vec<_>>() })
}

/// The header of every packet tells nothing that the name of the message does not.
const DULL: [&str; 4] = ["version", "c", "message-type", "protocol"];
const _: () = assert!(sstp::VERSION == 0x10, "a packet of another version cannot be cut, so that leaving the version out loses nothing");

/// When a session began.
pub(super) fn began_of(session: &Session) -> String {
    began(&session.report.transcript.head)
}
