//! What a survey of the server's TLS brought: a section of the table, and an object in JSON.

use super::learned::net::{alert, version};
use super::model::Report;
use super::text::{count, cut, hanging, harmless, list};
use crate::diag::clients::{Outcome, outcome};
use crate::transcript::ScanAnswer;
use crate::transcript::scan::{Order, Suite, Traits, Version};
use crate::wire::tls::clients::Client;
use crate::wire::tls::message::group_name;
use crate::wire::tls::suite;
use serde_json::{Value, json};
use std::io::{self, Write};

/// The section; nothing where there was no survey.
pub fn render(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let (survey, width) = (&report.facts.survey, report.style.width);
    if !survey.was_made() {
        return Ok(());
    }
    writeln!(out, "{}", super::table::bold(&heading(report), report.style.colour))?;
    if let Some(why) = survey.effort.as_ref().and_then(|seen| seen.it.cut.as_deref()) {
        writeln!(out, "{}", hanging(&format!("  Not whole: {}", harmless(why)), width, 4))?;
    }
    for (place, seen) in survey.versions.iter().enumerate() {
        let twin =
            survey.versions.iter().take(place).find(|other| seen.it.accepted() && other.it.suites == seen.it.suites && other.it.accepted());
        of_version(&seen.it, twin.map(|seen| seen.it.version), width, out)?;
    }
    if let Some(seen) = &survey.traits {
        writeln!(out, "{}", hanging(&format!("  Also: {}", list(traits(&seen.it))), width, 4))?;
    }
    let clients: Vec<(&Client, Outcome)> = survey.posed.iter().filter_map(|seen| outcome(&seen.it)).collect();
    match clients.iter().all(|row| matches!(row.1, Outcome::Untold(_))) {
        true if clients.is_empty() => {}
        true => writeln!(out, "  What clients would get is not told: none of their hellos was answered.")?,
        false => {
            writeln!(out, "  What clients would get ({UNVERIFIED} their defaults are in part a guess):")?;
            for (client, outcome) in &clients {
                of_client(client, outcome, width, out)?;
            }
        }
    }
    writeln!(out)
}

fn heading(report: &Report) -> String {
    let effort = report.facts.survey.effort.as_ref();
    let took =
        effort.map_or(String::new(), |seen| format!(" ({}, {})", count(seen.it.connections, "connection", "connections"), seen.it.took));
    format!("TLS scan{took}")
}

/// `twin` is an older version with the same suites.
fn of_version(found: &Version, twin: Option<u16>, width: usize, out: &mut dyn Write) -> io::Result<()> {
    let label = format!("  {}: ", version(found.version));
    let partly = if found.whole { "" } else { ", not whole" };
    if !found.accepted() {
        let says = answer(&found.answer) + partly;
        return writeln!(out, "{}", hanging(&(label + &says), width, 4));
    }
    let suites = match twin {
        Some(twin) => format!("the {} of {}", count(found.suites.len(), "suite", "suites"), version(twin)),
        None => count(found.suites.len(), "suite", "suites"),
    };
    let mut says = format!("{suites}{}{partly}", order(found));
    if !found.groups.is_empty() {
        says += &format!("; groups {}", list(found.groups.iter().map(|group| group_name(*group))));
    }
    writeln!(out, "{}", hanging(&(label + &says), width, 4))?;
    for row in found.suites.iter().filter(|_| twin.is_none()) {
        writeln!(out, "{}", cut(&format!("    {}", suite_words(row)), width.max(40)))?;
    }
    Ok(())
}

fn order(found: &Version) -> &'static str {
    match found.order {
        Order::Server => " in the server's order",
        Order::Client => "; the client's order decides",
        Order::Unknown => "",
    }
}

/// `TLS_DHE_RSA_WITH_AES_128_GCM_SHA256, DH 2048`.
fn suite_words(row: &Suite) -> String {
    let named = suite::Suite::of(row.cipher);
    let weak = named.and_then(|suite| suite.weakness()).map(|why| format!("weak: {why}"));
    let bits = row.bits.map(|bits| {
        if named.is_some_and(|suite| suite.name.starts_with("TLS_RSA")) { format!("RSA {bits}") } else { format!("DH {bits}") }
    });
    let group = row.group.map(group_name);
    list([Some(suite::Suite::name_of(row.cipher)), group, bits, weak].into_iter().flatten())
}

fn answer(answer: &ScanAnswer) -> String {
    match answer {
        ScanAnswer::Accepted { version: chosen, .. } => format!("no; the server answers with {}", version(*chosen)),
        ScanAnswer::Alert(number) => format!("no: alert {}", alert(*number)),
        ScanAnswer::Closed(how) => format!("no: {how}"),
        ScanAnswer::Silence => "no answer".into(),
        ScanAnswer::NotTls => "no TLS".into(),
    }
}

fn traits(traits: &Traits) -> Vec<String> {
    let yes = |name: &str, it: Option<bool>| it.map(|it| format!("{name} {}", if it { "yes" } else { "no" }));
    let alpn = traits.alpn.as_deref().map(|name| format!("ALPN {}", harmless(name)));
    [
        yes("secure renegotiation", traits.secure_renegotiation),
        yes("extended master secret", traits.extended_master_secret),
        yes("encrypt-then-MAC", traits.encrypt_then_mac),
        yes("session tickets", traits.session_tickets),
        yes("compression", traits.compression),
        yes("fallback refused", traits.fallback_refused),
        yes("client certificate asked for", traits.asks_for_certificate),
        alpn,
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn of_client(client: &Client, outcome: &Outcome, width: usize, out: &mut dyn Write) -> io::Result<()> {
    let mark = if client.verified { "" } else { UNVERIFIED };
    let says = match outcome {
        Outcome::Shares { version: chosen, cipher, group, bits } => {
            let name = suite::Suite::name_of(*cipher);
            let group = group.map(group_name);
            let bits = bits.map(|bits| format!("DH {bits}"));
            list([Some(version(*chosen)), Some(name), group, bits].into_iter().flatten())
        }
        Outcome::Nothing(why) => format!("nothing: {why}"),
        Outcome::Untold(why) => format!("not told: {why}"),
    };
    writeln!(out, "{}", hanging(&format!("    {}{mark}: {says}", client.title), width, 6))
}

/// The survey as JSON; null where there was none.
pub fn value(report: &Report) -> Value {
    let survey = &report.facts.survey;
    if !survey.was_made() {
        return Value::Null;
    }
    let effort = survey.effort.as_ref().map(|seen| &seen.it);
    json!({
        "whole": survey.whole(),
        "cut": effort.and_then(|effort| effort.cut.as_deref()).map(harmless),
        "connections": effort.map(|effort| effort.connections),
        "ms": effort.map(|effort| effort.took.millis()),
        "versions": survey.versions.iter().map(|seen| version_value(&seen.it)).collect::<Vec<_>>(),
        "traits": survey.traits.as_ref().map(|seen| traits_value(&seen.it)),
        "clients": survey.posed.iter().filter_map(|seen| outcome(&seen.it)).map(|(client, outcome)| client_value(client, &outcome)).collect::<Vec<_>>(),
    })
}

fn version_value(found: &Version) -> Value {
    json!({
        "version": version(found.version),
        "accepted": found.accepted(),
        "answer": if found.accepted() { Value::Null } else { answer(&found.answer).into() },
        "order": match found.order { Order::Server => Some("server"), Order::Client => Some("client"), Order::Unknown => None },
        "whole": found.whole,
        "groups": found.groups.iter().map(|group| group_name(*group)).collect::<Vec<_>>(),
        "suites": found.suites.iter().map(suite_value).collect::<Vec<_>>(),
    })
}

fn suite_value(row: &Suite) -> Value {
    json!({
        "number": format!("0x{:04X}", row.cipher),
        "name": suite::Suite::name_of(row.cipher),
        "group": row.group.map(group_name),
        "bits": row.bits,
        "weakness": suite::Suite::of(row.cipher).and_then(|suite| suite.weakness()),
    })
}

fn traits_value(traits: &Traits) -> Value {
    json!({
        "secure_renegotiation": traits.secure_renegotiation,
        "extended_master_secret": traits.extended_master_secret,
        "encrypt_then_mac": traits.encrypt_then_mac,
        "session_tickets": traits.session_tickets,
        "compression": traits.compression,
        "fallback_refused": traits.fallback_refused,
        "asks_for_certificate": traits.asks_for_certificate,
        "alpn": traits.alpn.as_deref().map(harmless),
    })
}

fn client_value(client: &Client, outcome: &Outcome) -> Value {
    let (shares, chosen, why) = match outcome {
        Outcome::Shares { version: number, cipher, group, .. } => {
            let chosen = json!({
                "version": version(*number),
                "suite": suite::Suite::name_of(*cipher),
                "group": group.map(group_name),
            });
            (Some(true), chosen, None)
        }
        Outcome::Nothing(why) => (Some(false), Value::Null, Some(why.as_str())),
        Outcome::Untold(why) => (None, Value::Null, Some(*why)),
    };
    json!({
        "id": client.id,
        "title": client.title,
        "shares": shares,
        "chosen": chosen,
        "why": why,
        "source": client.source,
        "verified": client.verified,
    })
}

/// Behind clients whose row nobody has read in full.
const UNVERIFIED: &str = "(?)";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{Layer, Micros};
    use crate::diag;
    use crate::report::format;
    use crate::transcript::scan::{Effort, Posed};
    use crate::transcript::{Event, Facts, Head, How, Transcript, What};

    fn accepted(version: u16, cipher: u16) -> ScanAnswer {
        ScanAnswer::Accepted { version, cipher, group: Some(0x17), bits: None, asks_for_certificate: false }
    }

    fn version_of(version: u16, answer: ScanAnswer, suites: &[(u16, Option<u16>)], whole: bool) -> What {
        let suites = suites.iter().map(|(cipher, bits)| Suite { cipher: *cipher, group: None, bits: *bits }).collect();
        What::VersionScanned(Box::new(Version { version, answer, suites, order: Order::Server, groups: vec![0x1d, 0x17], whole }))
    }

    fn report(cut: Option<&str>) -> Report {
        let old: &[(u16, Option<u16>)] = &[(0xc014, None), (0x0039, Some(1024)), (0xc019, None)];
        let posed = |client: &str, answer| What::Posed(Box::new(Posed { client: client.into(), answer }));
        let whats = [
            What::Began,
            version_of(0x0300, ScanAnswer::Closed(How::Reset), &[], false),
            version_of(0x0301, accepted(0x0301, 0xc014), old, true),
            version_of(0x0302, accepted(0x0302, 0xc014), old, true),
            version_of(0x0304, ScanAnswer::Alert(70), &[], true),
            What::Traits(Box::new(Traits { secure_renegotiation: Some(true), alpn: Some("h\u{1b}2".into()), ..Traits::default() })),
            posed("windows-7", accepted(0x0301, 0xc014)),
            posed("windows-11-24h2", ScanAnswer::Alert(70)),
            posed("routeros-7", ScanAnswer::Silence),
            What::ScanEnded(Effort { connections: 31, took: Micros(142_000), cut: cut.map(str::to_string) }),
        ];
        let events = whats.into_iter().map(|what| Event::new(Micros(1), None, Layer::Tls, what)).collect();
        let transcript = Transcript { head: Head::default(), events };
        let facts = Facts::of(&transcript);
        let judgement = diag::judge(&facts, diag::all());
        Report::new(transcript, facts, judgement)
    }

    fn rendered(name: &str, report: &Report) -> String {
        let mut out = Vec::new();
        (format(name).expect("a format").render)(report, &mut out).expect("into memory");
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn the_section_says_what_was_found_in_eighty_columns() {
        let text = rendered("table", &report(Some("the server stopped answering within 31 connections")));
        let section = text.split_once("TLS scan (31 connections, 142.0 ms)\n").expect("a section").1;
        let expected = "  Not whole: the server stopped answering within 31 connections
  SSL 3.0: no: the peer reset the connection (RST), not whole
  TLS 1.0: 3 suites in the server's order; groups X25519, secp256r1
    TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA
    TLS_DHE_RSA_WITH_AES_256_CBC_SHA, DH 1024
    TLS_ECDH_anon_WITH_AES_256_CBC_SHA, weak: no certificate
  TLS 1.1: the 3 suites of TLS 1.0 in the server's order; groups X25519,
    secp256r1
  TLS 1.3: no: alert 70 protocol_version
  Also: secure renegotiation yes, ALPN h\\u{1b}2
  What clients would get ((?) their defaults are in part a guess):
    Windows 7, Server 2008 R2: TLS 1.0, TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA,
      secp256r1
    Windows 11 24H2(?): nothing: alert 70 protocol_version
    RouterOS 7(?): not told: no answer

";
        assert_eq!(section, expected);
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
        assert!(!rendered("table", &report(None)).contains("Not whole"));
    }

    #[test]
    fn json_with_a_scan_is_what_the_schema_says_and_ndjson_has_a_line_for_it() {
        let schema: Value = serde_json::from_str(include_str!("../../docs/report.schema.json")).expect("JSON");
        let validator = jsonschema::draft202012::new(&schema).expect("a schema");
        let value: Value = serde_json::from_str(&rendered("json", &report(None))).expect("JSON");
        let errors: Vec<_> = validator.iter_errors(&value).map(|error| format!("{}: {error}", error.instance_path)).collect();
        assert_eq!(errors, Vec::<String>::new());
        let scan = &value["tls_scan"];
        assert_eq!((&scan["whole"], &scan["versions"][1]["suites"][1]["bits"]), (&true.into(), &1024.into()));
        let shares: Vec<&Value> = scan["clients"].as_array().expect("clients").iter().map(|client| &client["shares"]).collect();
        assert_eq!(shares, [&Value::from(true), &Value::from(false), &Value::Null]);
        let lines = rendered("ndjson", &report(None));
        assert_eq!(lines.lines().filter(|line| line.starts_with("{\"type\":\"tls_scan\",\"whole\":true")).count(), 1);
    }
}
