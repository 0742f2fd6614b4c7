//! What stands in front of SoftEther, or where SoftEther was expected: web servers and load balancers.

use crate::rig::Probe;
use std::time::Duration;

#[test]
fn nginx_with_a_web_site_refuses_the_length() {
    let run = Probe::of("NGINX_STATIC").alice().run();
    assert_eq!(run.caused_by("HTTP-400-CONTENT-LENGTH").layer, "http", "{}", run.story);
    assert_eq!(run.report.stopped_at.as_deref(), Some("http"), "{}", run.story);
    run.came_up("tls");
    run.came_up("cert");
    assert_eq!(run.state("sstp"), "not-reached", "{}", run.story);
}

#[test]
fn nginx_as_a_reverse_proxy_refuses_the_length() {
    let run = Probe::of("NGINX_PROXY").alice().run();
    assert_eq!(run.caused_by("HTTP-400-CONTENT-LENGTH").layer, "http", "{}", run.story);
}

#[test]
fn haproxy_in_http_mode_carries_the_call() {
    let run = Probe::of("HAPROXY_HTTP").alice().run();
    run.is_whole();
}

#[test]
fn haproxy_passing_tls_through_carries_the_call() {
    let run = Probe::of("HAPROXY_PASS").alice().run();
    run.is_whole();
}

#[test]
fn haproxy_ending_tls_with_another_certificate_carries_the_call() {
    // SoftEther does not hold the certificate's hash in Call Connected against its own.
    let run = Probe::of("HAPROXY_OTHER_CERT").alice().run();
    run.is_whole();
    run.came_up("binding");
}

#[test]
fn haproxy_with_a_method_filter_refuses_the_method() {
    let run = Probe::of("HAPROXY_METHODS").alice().run();
    assert_eq!(run.caused_by("HTTP-METHOD-REFUSED").layer, "http", "{}", run.story);
    assert!(run.story.contains("405"), "{}", run.story);
}

#[test]
fn a_web_server_that_answers_200_is_no_sstp_server() {
    let run = Probe::of("HAPROXY_ANSWERS_200").alice().run();
    assert_eq!(run.caused_by("HTTP-200-NOT-SSTP").layer, "http", "{}", run.story);
    assert_eq!(run.state("lcp"), "not-reached", "{}", run.story);
}

#[test]
fn a_server_that_ignores_the_request_is_given_up() {
    // openssl s_server -www answers GET only, and waits for ever on any other method.
    let run = Probe::of("OPENSSL_WWW").arg("--layer-timeout", "3").run();
    assert_eq!(run.caused_by("HTTP-NO-RESPONSE").layer, "http", "{}", run.story);
    run.came_up("tls");
    assert!(run.took < Duration::from_secs(20), "{}", run.story);
}
