//! TLS versions and certificates, by haproxy and openssl s_server in front of SoftEther.

use crate::rig::{Probe, Run, rig};
use std::time::Duration;

#[test]
fn tls_1_2_alone_is_enough() {
    let run = Probe::of("HAPROXY_TLS12").alice().run();
    run.is_whole();
    run.learned("tls", &["1.2"]);
    run.learned("binding", &["SHA-256"]);
}

#[test]
fn tls_1_0_alone_is_too_old() {
    let run = Probe::of("HAPROXY_TLS10").alice().run();
    assert_eq!(run.caused_by("TLS-SERVER-TOO-OLD").layer, "tls", "{}", run.story);
    assert_eq!(run.report.stopped_at.as_deref(), Some("tls"), "{}", run.story);
}

#[test]
fn openssl_with_tls_1_0_alone_is_too_old() {
    let run = Probe::of("OPENSSL_TLS10").run();
    assert_eq!(run.caused_by("TLS-SERVER-TOO-OLD").layer, "tls", "{}", run.story);
}

#[test]
fn a_port_without_tls_is_recognised() {
    let run = Probe::of("NGINX_PLAIN").run();
    assert_eq!(run.caused_by("TLS-PLAINTEXT-PORT").layer, "tls", "{}", run.story);
}

#[test]
fn a_server_that_wants_a_client_certificate_is_named() {
    let run = Probe::of("HAPROXY_CLIENT_CERT").run();
    assert_eq!(run.caused_by("TLS-CLIENT-CERT-REQUESTED").layer, "tls", "{}", run.story);
}

#[test]
fn silence_after_the_client_hello_ends_with_the_timeout() {
    let run = Probe::of("HAPROXY_SILENT").arg("--layer-timeout", "3").run();
    run.came_up("tcp");
    assert_eq!(run.state("tls"), "fail", "{}", run.story);
    assert_eq!(run.report.stopped_at.as_deref(), Some("tls"), "{}", run.story);
    assert_eq!(run.code, 1, "{}", run.story);
    assert!(!run.failing().is_empty(), "{}", run.story);
    assert!(run.took < Duration::from_secs(20), "{}", run.story);
}

#[test]
fn a_certificate_for_another_name_fails_and_the_rest_is_still_tested() {
    fails_but_goes_on("HAPROXY_WRONG_NAME", "CERT-NAME-MISMATCH");
}

#[test]
fn an_expired_certificate_fails_and_the_rest_is_still_tested() {
    fails_but_goes_on("HAPROXY_EXPIRED", "CERT-EXPIRED");
}

#[test]
fn a_self_signed_certificate_fails_and_the_rest_is_still_tested() {
    fails_but_goes_on("HAPROXY_SELF_SIGNED", "CERT-SELF-SIGNED");
}

#[test]
fn a_missing_intermediate_fails_and_the_rest_is_still_tested() {
    fails_but_goes_on("HAPROXY_NO_INTERMEDIATE", "CERT-MISSING-INTERMEDIATE");
}

#[test]
fn a_root_nobody_trusts_fails_and_the_rest_is_still_tested() {
    goes_on(&Probe::of("SOFTETHER").without_ca().alice().run(), "CERT-UNTRUSTED-ROOT");
}

#[test]
fn strict_stops_at_a_certificate_for_another_name() {
    stops_when_strict("HAPROXY_WRONG_NAME", "CERT-NAME-MISMATCH");
}

#[test]
fn strict_stops_at_an_expired_certificate() {
    stops_when_strict("HAPROXY_EXPIRED", "CERT-EXPIRED");
}

#[test]
fn strict_stops_at_a_self_signed_certificate() {
    stops_when_strict("HAPROXY_SELF_SIGNED", "CERT-SELF-SIGNED");
}

/// Dialled by a name that the sound certificate bears, since a target by address is a matter of its own.
fn by_name(peer: &str) -> Probe {
    Probe::to(&format!("localhost:{}", rig().get(peer)))
}

#[track_caller]
fn fails_but_goes_on(peer: &str, id: &str) {
    goes_on(&by_name(peer).alice().run(), id);
}

#[track_caller]
fn goes_on(run: &Run, id: &str) {
    assert_eq!(run.caused_by(id).layer, "cert", "{}", run.story);
    assert_eq!(run.state("cert"), "fail", "{}", run.story);
    for layer in ["http", "sstp", "lcp", "auth", "ncp", "teardown"] {
        run.came_up(layer);
    }
}

#[track_caller]
fn stops_when_strict(peer: &str, id: &str) {
    let run = by_name(peer).alice().flag("--strict").run();
    assert_eq!(run.caused_by(id).layer, "cert", "{}", run.story);
    assert_eq!(run.report.stopped_at.as_deref(), Some("cert"), "{}", run.story);
    for layer in ["http", "sstp", "lcp", "auth", "ncp"] {
        assert_eq!(run.state(layer), "not-reached", "{layer}\n{}", run.story);
    }
}
