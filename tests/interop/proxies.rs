//! squid between the program and SoftEther.

use crate::rig::{Probe, rig};

#[test]
fn an_open_proxy_carries_the_call() {
    let run = through("SQUID_OPEN", "").alice().run();
    run.is_whole();
    run.came_up("proxy");
}

#[test]
fn a_proxy_that_wants_credentials_and_gets_none_is_named() {
    let run = through("SQUID_BASIC", "").alice().run();
    assert_eq!(run.caused_by("PROXY-AUTH-REQUIRED").layer, "proxy", "{}", run.story);
    assert_eq!(run.report.stopped_at.as_deref(), Some("proxy"), "{}", run.story);
    assert_eq!(run.state("tls"), "not-reached", "{}", run.story);
}

#[test]
fn basic_credentials_open_the_proxy() {
    let run = through("SQUID_BASIC", "proxyuser@").arg("--proxy-password-file", rig().get("PROXY_PASSWORD")).alice().run();
    run.is_whole();
    run.came_up("proxy");
}

#[test]
fn wrong_basic_credentials_do_not() {
    let run = through("SQUID_BASIC", "proxyuser@").arg("--proxy-password-file", rig().get("WRONG_PASSWORD")).run();
    assert_eq!(run.caused_by("PROXY-AUTH-REQUIRED").layer, "proxy", "{}", run.story);
}

#[test]
fn a_host_the_proxy_denies_is_its_policy() {
    // 192.0.2.1 is a documentation address, RFC 5737; squid answers 403 before it would connect.
    let run = Probe::to("192.0.2.1:443").arg("--proxy", &proxy("SQUID_OPEN", "")).run();
    assert_eq!(run.caused_by("PROXY-CONNECT-DENIED").layer, "proxy", "{}", run.story);
}

#[test]
fn a_port_the_proxy_denies_is_its_policy() {
    let run = Probe::of("SQUID_REFUSES").arg("--proxy", &proxy("SQUID_OPEN", "")).run();
    assert_eq!(run.caused_by("PROXY-CONNECT-DENIED").layer, "proxy", "{}", run.story);
}

#[test]
fn a_server_the_proxy_cannot_reach_is_behind_it() {
    let run = Probe::of("CLOSED").arg("--proxy", &proxy("SQUID_OPEN", "")).run();
    assert_eq!(run.caused_by("PROXY-UPSTREAM-FAIL").layer, "proxy", "{}", run.story);
}

#[test]
fn a_proxy_that_is_not_there_is_named_instead_of_the_server() {
    let run = through("CLOSED", "").run();
    assert_eq!(run.caused_by("PROXY-UNREACHABLE").layer, "proxy", "{}", run.story);
}

/// A probe of SoftEther through the proxy of that name.
fn through(peer: &str, user: &str) -> Probe {
    Probe::of("SOFTETHER").arg("--proxy", &proxy(peer, user))
}

fn proxy(peer: &str, user: &str) -> String {
    format!("http://{user}{}", rig().at(peer))
}
