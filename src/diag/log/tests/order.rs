//! Which of several failing lines is the cause, and which only what it came to.

use super::*;

fn sstpc(lines: &[&str]) -> Log {
    read(lines.iter().map(|line| format!("Nov 20 08:01:02 lap {line}\n")).collect::<String>().as_bytes(), None)
}

#[test]
fn an_exact_error_of_the_login_comes_before_the_abort_that_follows_and_rules_691_out() {
    let run = [
        "sstpc[3003]: Started PPP Link Negotiation",
        "pppd[3001]: MS-CHAP authentication failed: E=648 Password expired",
        "pppd[3001]: CHAP authentication failed",
        "pppd[3001]: Connection terminated.",
        "sstpc[3003]: Connection was aborted, reason unknown",
    ];
    let log = sstpc(&run);
    assert_eq!(causes(&log), ["AUTH-MSCHAP-648", "SSTP-ABORT-STATUS7", "TEAR-REMOTE"], "{:#?}", log.causes);
    assert_eq!((log.failures, log.attempts), (3, Some(1)));
    let without_the_end = sstpc(&run[..4]);
    assert_eq!(causes(&without_the_end), ["AUTH-MSCHAP-648"]);
    // With no better reason the abort is the cause, and 691 is as exact as its server is.
    assert_eq!(causes(&sstpc(&[run[0], run[4]])).first(), Some(&"SSTP-ABORT-STATUS7"));
    let wrong = run.map(|line| line.replace("E=648 Password expired", "E=691 Authentication failure"));
    assert_eq!(causes(&sstpc(&wrong.each_ref().map(String::as_str))).first(), Some(&"AUTH-MSCHAP-691"));
    // Another run says nothing about this one.
    let other = ["sstpc[4003]: Started PPP Link Negotiation", "pppd[4001]: CHAP authentication failed"];
    let two = sstpc(&[&run[..], &other].concat());
    assert!(causes(&two).contains(&"AUTH-MSCHAP-691") && two.attempts == Some(2), "{:?}", causes(&two));
}

#[test]
fn a_server_that_passes_the_exact_error_on_after_the_login_failed_rules_691_out_too() {
    let log = read(
        b"[2026-11-20 08:01:02.001]:  info: sstp: new connection from 192.0.2.7:51001\n\
          [2026-11-20 08:01:02.210]:  info: ppp0:bob: bob: authentication failed\n\
          [2026-11-20 08:01:02.211]:  info: ppp0:bob: send [MSCHAP-v2 Failure id=1 \"E=648 R=0 C=12 V=3 M=Expired\"]\n",
        None,
    );
    assert_eq!((log.format, causes(&log).first().copied()), (LogFormat::AccelPpp, Some("AUTH-MSCHAP-648")), "{:#?}", log.causes);
    assert!(!causes(&log).contains(&"AUTH-MSCHAP-691"));
}

#[test]
fn the_end_of_a_connection_of_softether_is_told_with_its_reason_and_below_a_failed_login() {
    let log = read(
        b"2026-11-20 08:01:02.400 [HUB \"VPN\"] Connection \"CID-12\": User authentication failed. The user name that has been provided was \"bob\", from 192.0.2.7.\n\
          2026-11-20 08:01:02.500 Connection \"CID-12\" terminated by the cause \"User authentication failed.\" (code 9).\n\
          2026-11-20 08:05:02.500 Connection \"CID-14\" terminated by the cause \"There are too many VPN sessions on the Virtual Hub.\" (code 44).\n\
          2026-11-20 08:06:02.500 Connection \"CID-15\" terminated by the cause \"Access to the Virtual Hub has been denied.\" (code 8).\n\
          2026-11-20 08:06:03.500 Connection \"CID-16\" terminated by the cause \"Access to the Virtual Hub has been denied.\" (code 8).\n",
        None,
    );
    let ids = causes(&log);
    assert_eq!(
        (log.format, ids.first().copied(), log.attempts),
        (LogFormat::SoftEther, Some("AUTH-MSCHAP-691"), Some(4)),
        "{:#?}",
        log.causes
    );
    assert!(ids.contains(&"TEAR-REMOTE"), "{ids:?}");
    let ends: Vec<(String, u64)> =
        log.lines.iter().filter(|line| line.checks == ["TEAR-REMOTE"]).map(|line| (line.says.clone(), line.times)).collect();
    assert_eq!(
        ends,
        [
            ("The connection ended with an error: \"There are too many VPN sessions on the Virtual Hub.\" (code 44)".to_string(), 1),
            ("The connection ended with an error: \"Access to the Virtual Hub has been denied.\" (code 8)".to_string(), 2),
        ]
    );
}

#[test]
fn a_failed_authentication_attempt_of_rras_gives_its_own_reason() {
    let event = |reason: &str, number: &str| {
        let xml = format!(
            "<Events><Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><Provider Name='RemoteAccess'/><EventID>20271</EventID>\
             <TimeCreated SystemTime='2026-11-20T08:01:04Z'/></System><EventData><Data>{{5F1E3C7A-2B60-4D1F-9C6E-7A1B0C2D3E4F}}</Data><Data>CORP\\bob</Data>\
             <Data>192.0.2.7</Data><Data>{reason}</Data>{number}</EventData></Event></Events>"
        );
        causes(&read(xml.as_bytes(), None))
    };
    let radius =
        "The user authentication failed because of: Remote RADIUS (Network Policy) server did not process the authentication request.";
    let wrong = "Authentication was not successful because an unknown user name or incorrect password was used.";
    assert_eq!(event(radius, "<Data>0x75</Data>"), ["AUTH-RADIUS-TIMEOUT"]);
    assert_eq!(event(radius, ""), ["AUTH-RADIUS-TIMEOUT"]);
    assert_eq!(event("in another language", "<Data>0x75</Data>"), ["AUTH-RADIUS-TIMEOUT"]);
    assert_eq!(event(wrong, "<Data>0x10</Data>").first(), Some(&"AUTH-MSCHAP-691"));
    assert_eq!(event("for no reason", "").first(), Some(&"AUTH-MSCHAP-691"));
}

#[test]
fn a_small_number_of_another_program_comes_last() {
    let foreign = "2026-11-20T08:01:02Z openvpn something error 5\n";
    let own = "08:01 user called: error 809 then error 868\nPassword=x error 691\n";
    let log = read([foreign, own].concat().as_bytes(), None);
    let ids = causes(&log);
    let at = |id: &str| ids.iter().position(|it| *it == id).unwrap_or_else(|| panic!("{id} of {ids:?}"));
    assert_eq!((log.format, ids.first().copied()), (LogFormat::Plain, Some("TCP-FILTERED")), "{:#?}", log.causes);
    assert!(at("AUTH-MSCHAP-691") < at("PROXY-AUTH-REQUIRED"), "{ids:?}");
    assert_eq!(causes(&read(foreign.as_bytes(), None)).first(), Some(&"PROXY-AUTH-REQUIRED"));
}

#[test]
fn a_pppd_that_wants_the_server_to_log_in_is_named() {
    let log = sstpc(&["pppd[3001]: peer refused to authenticate: terminating link", "pppd[3001]: Connection terminated."]);
    assert_eq!((log.failures, causes(&log)), (1, vec!["LCP-AUTH-NO-COMMON"]));
}

#[test]
fn a_pppd_that_hears_nothing_comes_after_the_certificate_that_sstpc_refused() {
    let log = read(
        b"Nov 20 08:01:02 lap NetworkManager[901]: sstpc: SSL_connect error: error:0A000086:SSL routines::certificate verify failed\n\
          Nov 20 08:01:03 lap pppd[3001]: LCP: timeout sending Config-Requests\nNov 20 08:01:03 lap pppd[3001]: Connection terminated.\n",
        None,
    );
    let ids = causes(&log);
    assert_eq!(
        (log.attempts, ids.first().copied(), ids.last().copied()),
        (Some(1), Some("CERT-UNTRUSTED-ROOT"), Some("CERT-NAME-MISMATCH")),
        "{:#?}",
        log.causes
    );
    assert!(ids.contains(&"LCP-NO-RESPONSE"));
}
