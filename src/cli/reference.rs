//! What was seen of a server elsewhere: reports of `probe` and `path` in JSON.

use crate::base::Layer;
use crate::transcript::trial::Reference;
use serde_json::Value;
use std::net::{IpAddr, SocketAddr};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Reads a report; the error says what would be right.
pub fn read(text: &str, source: &str) -> Result<Reference, String> {
    let wrong = || format!("{source} is no JSON report of `sstp-diag probe` or `sstp-diag path`");
    let value: Value = serde_json::from_str(text).map_err(|error| format!("{}: {error}", wrong()))?;
    let reference = match value.get("report").and_then(Value::as_str) {
        Some("path") => of_path(&value),
        _ if value.get("layers").is_some() => of_probe(&value),
        _ => None,
    };
    reference.map(|reference| Reference { source: source.to_string(), ..reference }).ok_or_else(wrong)
}

fn of_probe(value: &Value) -> Option<Reference> {
    let leaf = value.get("certificates").and_then(|all| all.get(0));
    let text = |value: Option<&Value>, name: &str| value?.get(name)?.as_str().map(str::to_string);
    let addresses = value.get("addresses").and_then(Value::as_array).into_iter().flatten();
    let address = |row: &Value| row.get("address")?.as_str()?.parse::<SocketAddr>().ok().map(|at| at.ip());
    let began = text(Some(value), "began").and_then(|at| OffsetDateTime::parse(&at, &Rfc3339).ok());
    Some(Reference {
        sha256: text(leaf, "sha256"),
        issuer: text(leaf, "issuer"),
        addresses: addresses.filter_map(address).collect::<Vec<IpAddr>>(),
        reached: value.get("reached").and_then(Value::as_str).and_then(Layer::from_name),
        at_unix_ms: began.and_then(|at| i64::try_from(at.unix_timestamp_nanos() / 1_000_000).ok()),
        ..Reference::default()
    })
}

fn of_path(value: &Value) -> Option<Reference> {
    let trials = value.get("trials")?.as_array()?;
    let own = |trial: &&Value| trial.get("arm").and_then(Value::as_str) == Some("tls");
    let cert = trials.iter().filter(own).find_map(|trial| trial.get("saw")?.get("cert"));
    let text = |name: &str| cert?.get(name)?.as_str().map(str::to_string);
    let to = |trial: &Value| trial.get("saw")?.get("to")?.as_str()?.parse::<SocketAddr>().ok().map(|at| at.ip());
    let mut addresses: Vec<IpAddr> = trials.iter().filter(own).filter_map(to).collect();
    addresses.dedup();
    let reached = value.get("verdict")?.get("reached").and_then(Value::as_str).and_then(Layer::from_name);
    let at_unix_ms = value.get("head")?.get("began_unix_ms").and_then(Value::as_i64);
    Some(Reference { sha256: text("sha256"), issuer: text("issuer"), addresses, reached, at_unix_ms, ..Reference::default() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_kinds_of_report_are_read_and_nothing_else() {
        let probe = r#"{"layers":[],"reached":"teardown","began":"2026-11-26T08:00:00Z","addresses":[{"address":"192.0.2.7:443"}],
            "certificates":[{"sha256":"ab","issuer":"CN=x"}]}"#;
        let reference = read(probe, "home.json").expect("a report");
        assert_eq!((reference.sha256.as_deref(), reference.reached, reference.addresses.len()), (Some("ab"), Some(Layer::Teardown), 1));
        let path = r#"{"report":"path","head":{"began_unix_ms":7},"verdict":{"reached":"lcp"},
            "trials":[{"arm":"tls","saw":{"to":"192.0.2.7:443","cert":{"sha256":"cd","issuer":"CN=y"}}}]}"#;
        let reference = read(path, "earlier.json").expect("a report");
        assert_eq!((reference.sha256.as_deref(), reference.reached, reference.at_unix_ms), (Some("cd"), Some(Layer::Lcp), Some(7)));
        assert!(read("{}", "x.json").expect_err("no report").contains("x.json is no JSON report"));
        assert!(read("{", "x.json").is_err());
    }
}
