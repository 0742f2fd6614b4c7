//! SoftEther VPN Server itself.

use crate::rig::{Probe, rig};
use std::time::Duration;

#[test]
fn the_right_password_goes_the_whole_way() {
    let run = Probe::of("SOFTETHER").alice().run();
    run.is_whole();
    for layer in ["tcp", "tls", "cert", "http", "sstp", "lcp", "auth", "binding", "ncp", "data", "teardown"] {
        run.came_up(layer);
    }
    let ncp = serde_json::to_string(&run.report.layers.iter().find(|row| row.layer == "ncp").map(|row| &row.learned));
    assert!(ncp.is_ok_and(|ncp| ncp.contains("192.168.30.")), "no address of SecureNAT's pool\n{}", run.story);
    run.learned("binding", &["SHA-256"]);
    run.learned("auth", &["MS-CHAPv2"]);
}

#[test]
fn a_wrong_password_stops_in_authentication_with_691() {
    let run = Probe::of("SOFTETHER").arg("--user", "alice").arg("--password-file", rig().get("WRONG_PASSWORD")).run();
    let cause = run.caused_by("AUTH-MSCHAP-691");
    assert_eq!(cause.layer, "auth", "{}", run.story);
    assert!(cause.shows_windows("691"), "{}", run.story);
    assert_eq!(run.report.stopped_at.as_deref(), Some("auth"), "{}", run.story);
    assert_eq!(run.state("auth"), "fail", "{}", run.story);
    run.came_up("lcp");
    assert_eq!(run.state("ncp"), "not-reached", "{}", run.story);
}

#[test]
fn an_unknown_user_is_told_the_same_as_a_wrong_password() {
    let run = Probe::of("SOFTETHER").arg("--user", "nobody").arg("--password-file", rig().get("PASSWORD")).run();
    assert_eq!(run.caused_by("AUTH-MSCHAP-691").layer, "auth", "{}", run.story);
}

#[test]
fn without_credentials_the_methods_are_still_learned() {
    let run = Probe::of("SOFTETHER").run();
    assert_eq!(run.failing(), Vec::<&str>::new(), "{}", run.story);
    assert_eq!(run.code, 0, "{}", run.story);
    assert_eq!(run.state("auth"), "not-tried", "{}", run.story);
    assert_eq!(run.report.stopped_at, None, "{}", run.story);
    run.came_up("sstp");
    let listed = ["lcp", "auth"].iter().any(|layer| {
        let row = run.report.layers.iter().find(|row| row.layer == *layer);
        let text = row.map(|row| serde_json::Value::from(row.learned.clone()).to_string()).unwrap_or_default();
        ["CHAPv2", "EAP", "PAP"].iter().all(|method| words(&text).any(|word| word.eq_ignore_ascii_case(method)))
    });
    assert!(listed, "MS-CHAPv2, EAP and PAP are not all listed\n{}", run.story);
}

#[test]
fn a_name_can_be_sent_to_an_address() {
    let target = format!("vpn.example.test:{}", rig().get("SOFTETHER"));
    let run = Probe::to(&target).arg("--connect", &rig().at("SOFTETHER")).alice().run();
    run.is_whole();
}

#[test]
fn another_name_is_looked_for_in_the_certificate() {
    let run = Probe::of("SOFTETHER").arg("--server-name", "elsewhere.example.test").run();
    assert_eq!(run.caused_by("CERT-NAME-MISMATCH").layer, "cert", "{}", run.story);
}

#[test]
fn until_tls_asks_nothing_above() {
    let run = Probe::of("SOFTETHER").arg("--until", "tls").run();
    assert_eq!(run.code, 0, "{}", run.story);
    run.came_up("tls");
    for layer in ["http", "sstp", "lcp", "auth", "binding", "ncp", "data"] {
        assert_eq!(run.state(layer), "not-tried", "{layer}\n{}", run.story);
    }
}

#[test]
fn a_closed_port_is_refused_at_once() {
    let run = Probe::of("CLOSED").alice().run();
    assert_eq!(run.caused_by("TCP-REFUSED").layer, "tcp", "{}", run.story);
    assert_eq!(run.report.stopped_at.as_deref(), Some("tcp"), "{}", run.story);
    assert_eq!(run.state("tls"), "not-reached", "{}", run.story);
    assert!(run.took < Duration::from_secs(5), "{}", run.story);
}

/// The words of a text; `MS-CHAPv2` is two of them, so that `PAP` is not found inside another one.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_ascii_alphanumeric())
}

#[test]
fn a_scan_after_the_call_shows_what_clients_get() {
    let run = Probe::of("SOFTETHER").alice().flag("--scan").run();
    run.is_whole();
    let scan = &run.report.tls_scan;
    assert_eq!((&scan["whole"], &scan["cut"]), (&true.into(), &serde_json::Value::Null), "{}", run.story);
    let clients = scan["clients"].as_array().expect("clients");
    let shares = |id: &str| clients.iter().find(|row| row["id"] == id).map(|row| row["shares"].clone());
    assert_eq!(shares("windows-11-24h2"), Some(true.into()), "{}", run.story);
    assert_eq!(shares("windows-10-22h2"), Some(true.into()), "{}", run.story);
    assert_eq!(shares("windows-7"), Some(false.into()), "{}", run.story);
}
