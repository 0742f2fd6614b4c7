//! What was seen of a server elsewhere: reports of `probe` and `path` in JSON.

use crate::base::Layer;
use crate::transcript::Target;
use crate::transcript::trial::Reference;
use serde_json::Value;
use std::net::{IpAddr, SocketAddr};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Reads a report, and which server it is about; the error says what would be right.
pub fn read(text: &str, source: &str) -> Result<(Reference, Of), String> {
    let wrong = || format!("{source} is no JSON report of `sstp-diag probe` or `sstp-diag path`");
    let value: Value = serde_json::from_str(text).map_err(|error| format!("{}: {error}", wrong()))?;
    let (reference, target) = match value.get("report").and_then(Value::as_str) {
        Some("path") => (of_path(&value), value.get("head").and_then(|head| head.get("target"))),
        _ if value.get("layers").is_some() => (of_probe(&value), value.get("target")),
        _ => (None, None),
    };
    let reference = reference.ok_or_else(wrong)?;
    let text = |name: &str| target?.get(name)?.as_str().map(str::to_string);
    let port = target.and_then(|target| target.get("port")?.as_u64()).and_then(|port| u16::try_from(port).ok());
    let of = Of { host: text("host"), server_name: text("server_name"), port };
    Ok((Reference { source: source.to_string(), ..reference }, of))
}

/// Which server a report is about, as far as it says so.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Of {
    /// The host that was named.
    pub host: Option<String>,
    /// The name in TLS, where it is another one.
    pub server_name: Option<String>,
    /// The port.
    pub port: Option<u16>,
}

/// What of the reference counts for the target, and what differs. The error names both servers where they are not the same.
pub fn fitting(reference: Reference, of: &Of, target: &Target) -> Result<(Reference, Option<String>), String> {
    let plain = |name: &str| name.trim_end_matches('.').to_ascii_lowercase();
    let theirs: Vec<String> = of.host.iter().chain(&of.server_name).map(|name| plain(name)).collect();
    let same = [target.host.as_str(), target.name()].iter().any(|ours| theirs.contains(&plain(ours)));
    if !theirs.is_empty() && !same {
        let (source, theirs) = (&reference.source, theirs.join(", "));
        return Err(format!("{source} is about {theirs}, and the target is {}; a reference is a look at the same server", target.host));
    }
    match of.port.filter(|port| *port != target.port) {
        Some(port) => {
            let says = format!(
                "{} was seen at port {port}, the target is at port {}: its certificate and addresses count, and not that it worked",
                reference.source, target.port
            );
            Ok((Reference { reached: None, ..reference }, Some(says)))
        }
        None => Ok((reference, None)),
    }
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
        let probe = r#"{"layers":[],"target":{"host":"vpn.example.test","port":443},"reached":"teardown","began":"2026-11-26T08:00:00Z","addresses":[{"address":"192.0.2.7:443"}],
            "certificates":[{"sha256":"ab","issuer":"CN=x"}]}"#;
        let (reference, of) = read(probe, "home.json").expect("a report");
        assert_eq!((of.host.as_deref(), of.port), (Some("vpn.example.test"), Some(443)));
        assert_eq!((reference.sha256.as_deref(), reference.reached, reference.addresses.len()), (Some("ab"), Some(Layer::Teardown), 1));
        let path = r#"{"report":"path","head":{"began_unix_ms":7},"verdict":{"reached":"lcp"},
            "trials":[{"arm":"tls","saw":{"to":"192.0.2.7:443","cert":{"sha256":"cd","issuer":"CN=y"}}}]}"#;
        let (reference, of) = read(path, "earlier.json").expect("a report");
        assert_eq!((reference.sha256.as_deref(), reference.reached, reference.at_unix_ms), (Some("cd"), Some(Layer::Lcp), Some(7)));
        assert_eq!(of, Of::default());
        assert!(read("{}", "x.json").expect_err("no report").contains("x.json is no JSON report"));
        assert!(read("{", "x.json").is_err());
    }

    #[test]
    fn a_look_at_another_server_is_no_reference_and_one_at_another_port_is_half_of_one() {
        let of = |host: &str, port| Of { host: Some(host.into()), server_name: Some("inner.example.test".into()), port: Some(port) };
        let seen =
            || Reference { source: "home.json".into(), reached: Some(Layer::Data), sha256: Some("ab".into()), ..Reference::default() };
        let target = |host: &str| Target { host: host.into(), port: 443, ..Target::default() };
        let error = fitting(seen(), &of("other.example.test", 443), &target("vpn.example.test")).expect_err("another server");
        assert!(["home.json", "other.example.test", "vpn.example.test"].iter().all(|part| error.contains(part)), "{error}");
        assert_eq!(fitting(seen(), &of("VPN.example.test.", 443), &target("vpn.example.test")), Ok((seen(), None)));
        assert_eq!(fitting(seen(), &of("192.0.2.7", 443), &target("inner.example.test")), Ok((seen(), None)), "by its name in TLS");
        assert_eq!(fitting(seen(), &Of::default(), &target("vpn.example.test")), Ok((seen(), None)), "nothing says that it is another");
        let (half, says) = fitting(seen(), &of("vpn.example.test", 8443), &target("vpn.example.test")).expect("the same name");
        assert_eq!((half.reached, half.sha256.as_deref()), (None, Some("ab")));
        assert!(says.is_some_and(|says| says.contains("port 8443") && says.contains("port 443")));
    }
}
