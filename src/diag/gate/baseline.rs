//! A former report: what stood in it is known.

use super::paper::Flaw;
use crate::diag::Severity;
use serde_json::Value;
use std::collections::BTreeSet;

/// What a former report found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Baseline {
    /// Its file.
    pub file: String,
    rows: Vec<Row>,
    /// The hosts that it is about.
    hosts: BTreeSet<String>,
    /// It is about one call, and compared by ids alone.
    single: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Row {
    host: String,
    id: String,
    severity: Severity,
    consequence: bool,
}

impl Baseline {
    /// Reads what `-o json` wrote.
    pub fn read(file: &str, text: &str) -> Result<Baseline, Flaw> {
        let flaw = |line, says: String| Flaw { file: file.to_string(), line, says };
        let right = "a baseline is what -o json=FILE of probe, decode or diagnose wrote";
        let value: Value =
            serde_json::from_str(text).map_err(|error| flaw(Some(error.line()), format!("it is not JSON ({error}); {right}")))?;
        let schema = value.get("schema").and_then(Value::as_str).unwrap_or_default();
        let mut baseline = Baseline { file: file.to_string(), ..Baseline::default() };
        let (kind, version) = schema.rsplit_once('/').unwrap_or((schema, ""));
        let whole = match kind {
            "sstp-diag/report" => Some("findings"),
            "sstp-diag/decode" => Some("sessions"),
            _ => None,
        };
        if whole.is_some() && version != VERSION {
            return Err(flaw(
                None,
                format!("its shape is {schema:?}, and this program reads {kind}/{VERSION}; write it anew with this version"),
            ));
        }
        if let Some(name) = whole.filter(|name| !value.get(name).is_some_and(Value::is_array)) {
            return Err(flaw(None, format!("it is cut or changed by hand: it has no list {name:?}; {right}")));
        }
        match kind {
            "sstp-diag/report" => {
                baseline.single = true;
                baseline.take(&value);
            }
            "sstp-diag/decode" => {
                for session in list(&value, "sessions") {
                    baseline.take(session);
                }
                baseline.findings(&value, "");
            }
            "" => return Err(flaw(None, format!("it is JSON, and no report of this program; {right}"))),
            _ => return Err(flaw(None, format!("it is {schema:?}, and no report of findings; {right}"))),
        }
        Ok(baseline)
    }

    /// One call.
    fn take(&mut self, call: &Value) {
        let host = call.pointer("/target/host").and_then(Value::as_str).unwrap_or_default().to_ascii_lowercase();
        self.findings(call, &host);
        self.hosts.insert(host);
    }

    fn findings(&mut self, value: &Value, host: &str) {
        for finding in list(value, "findings") {
            let text = |name| finding.get(name).and_then(Value::as_str);
            if let (Some(id), Some(severity)) = (text("id"), text("severity").and_then(Severity::from_name)) {
                let consequence = text("because_of").is_some();
                self.rows.push(Row { host: host.to_string(), id: id.to_string(), severity, consequence });
            }
        }
    }

    /// The matter was there before, and was no less bad.
    pub fn knows(&self, id: &str, severity: Severity, host: &str) -> bool {
        let same = |row: &Row| self.single || row.host.eq_ignore_ascii_case(host);
        self.rows.iter().any(|row| row.id == id && row.severity >= severity && same(row))
    }

    /// What was there before, was more than a note, and is not there now though it was looked for.
    pub fn gone(&self, found: &BTreeSet<(String, String)>, hosts: &BTreeSet<String>, looked: impl Fn(&str) -> bool) -> Vec<String> {
        let mut gone: Vec<String> = Vec::new();
        for row in self.rows.iter().filter(|row| row.severity > Severity::Note && !row.consequence && looked(&row.id)) {
            let there = found.iter().any(|(host, id)| *id == row.id && (self.single || *host == row.host));
            let asked = self.single || row.host.is_empty() || hosts.contains(&row.host);
            if !there && asked && !gone.contains(&row.id) {
                gone.push(row.id.clone());
            }
        }
        gone
    }

    /// That it is about another server, when it is.
    pub fn stranger(&self, hosts: &BTreeSet<String>) -> Option<String> {
        let names = |hosts: &BTreeSet<String>| hosts.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
        let apart = !hosts.is_empty() && !self.hosts.is_empty() && self.hosts.is_disjoint(hosts);
        apart.then(|| format!("{}: the baseline is about {}, and this about {}", self.file, names(&self.hosts), names(hosts)))
    }
}

/// The version of the shapes that are read.
const VERSION: &str = "1";

fn list<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value.get(name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}
