//! squid and microsocks between the program and SoftEther.

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
    run.came_up("proxy");
    run.came_up("auth");
}

#[test]
fn wrong_credentials_do_not() {
    for peer in ["SQUID_BASIC", "SQUID_DIGEST"] {
        let run = through(peer, "proxyuser@").arg("--proxy-password-file", rig().get("WRONG_PASSWORD")).run();
        assert_eq!(run.caused_by("PROXY-CREDENTIALS-REFUSED").layer, "proxy", "{}", run.story);
    }
    let run = Probe::of("SOFTETHER").arg("--proxy", &socks("SOCKS_LOGIN")).arg("--proxy-user", "proxyuser");
    let run = run.arg("--proxy-password-file", rig().get("WRONG_PASSWORD")).run();
    assert_eq!(run.caused_by("PROXY-CREDENTIALS-REFUSED").layer, "proxy", "{}", run.story);
}

#[test]
fn digest_and_ntlm_open_the_proxy_and_windows_is_told_not_to_be_able() {
    for peer in ["SQUID_BASIC", "SQUID_DIGEST", "SQUID_NTLM"] {
        let user = if peer == "SQUID_NTLM" { "RIG\\proxyuser" } else { "proxyuser" };
        let run = through(peer, "").arg("--proxy-user", user).arg("--proxy-password-file", rig().get("PROXY_PASSWORD")).alice().run();
        run.came_up("proxy");
        run.came_up("auth");
        run.found("PROXY-LOGIN-NOT-WINDOWS");
    }
}

#[test]
fn a_login_that_is_not_given_is_named_by_its_scheme() {
    for (peer, check) in
        [("SQUID_DIGEST", "PROXY-AUTH-SCHEME"), ("SQUID_NTLM", "PROXY-AUTH-SCHEME"), ("SQUID_BASIC", "PROXY-AUTH-REQUIRED")]
    {
        let run = through(peer, "").run();
        assert_eq!(run.caused_by(check).layer, "proxy", "{}", run.story);
    }
}

#[test]
fn a_proxy_that_knows_sstp_by_its_header_is_told_from_one_that_denies_the_host() {
    let run = through("SQUID_NO_SSTP", "").run();
    assert_eq!(run.caused_by("PROXY-SSTPVERSION-FILTER").layer, "proxy", "{}", run.story);
}

#[test]
fn a_socks_proxy_carries_the_call() {
    let run = Probe::of("SOFTETHER").arg("--proxy", &socks("SOCKS_OPEN")).alice().run();
    run.came_up("proxy");
    run.came_up("auth");
    run.found("PROXY-SOCKS-NOT-WINDOWS");
    let run = Probe::of("SOFTETHER").arg("--proxy", &socks("SOCKS_LOGIN")).arg("--proxy-user", "proxyuser");
    let run = run.arg("--proxy-password-file", rig().get("PROXY_PASSWORD")).alice().run();
    run.came_up("auth");
    let run = Probe::of("SOFTETHER").arg("--proxy", &socks("SOCKS_LOGIN")).run();
    assert_eq!(run.caused_by("PROXY-SOCKS-LOGIN").layer, "proxy", "{}", run.story);
    let run = Probe::of("CLOSED").arg("--proxy", &socks("SOCKS_OPEN")).run();
    assert_eq!(run.caused_by("PROXY-SOCKS-REFUSED").layer, "proxy", "{}", run.story);
}

fn socks(peer: &str) -> String {
    format!("socks5://{}", rig().at(peer))
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
    assert_eq!(run.caused_by("PROXY-PORT-NOT-ALLOWED").layer, "proxy", "{}", run.story);
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
