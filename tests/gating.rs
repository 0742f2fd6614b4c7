//! What makes a run fail, as its users meet it: profiles, levels, waivers, a former report; and logs beside the calls.

use crate::scratch::Scratch;
use serde_json::Value;
use std::fs;
use std::process::{Command, Output, Stdio};

fn run(args: &[&str]) -> (Option<i32>, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sstp-diag"));
    for name in ["SSTP_DIAG_PASSWORD", "SSLKEYLOGFILE", "HTTPS_PROXY", "https_proxy"] {
        command.env_remove(name);
    }
    let Output { status, stdout, stderr } = command.args(args).stdin(Stdio::null()).output().expect("the program runs");
    (status.code(), String::from_utf8(stdout).expect("UTF-8"), String::from_utf8(stderr).expect("UTF-8"))
}

fn probe(more: &[&str]) -> (Option<i32>, String, String) {
    run(&[&["probe", "--lab"], more].concat())
}

/// A file of waivers with one row.
fn waiver(folder: &Scratch, id: &str, expires: &str) -> String {
    let path = folder.path("waivers.toml");
    fs::write(&path, format!("[[waiver]]\nid = \"{id}\"\nreason = \"ticket 4711\"\nexpires = {expires}\n")).expect("it can be written");
    path
}

#[test]
fn a_waiver_lets_pass_what_it_names_until_it_expires_and_the_finding_stays_in_every_report() {
    let folder = Scratch::new("waived");
    let (junit, json) = (folder.path("junit.xml"), folder.path("report.json"));
    let held = waiver(&folder, "CERT-EXPIRED", "2999-12-31");
    let files = [format!("junit={junit}"), format!("json={json}")];
    let (code, out, err) = probe(&["--fault", "cert.expired", "--waivers", &held, "-o", &files[0], "-o", &files[1]]);
    assert_eq!((code, err.as_str()), (Some(0), ""), "{out}");
    assert!(out.contains("Cause: CERT-EXPIRED") && out.contains("Gate: passes") && out.contains("ticket 4711"), "{out}");
    let junit = fs::read_to_string(junit).expect("a report");
    assert!(junit.contains("failures=\"0\"") && junit.contains("is waived until 2999-12-31: ticket 4711"), "{junit}");
    let json: Value = serde_json::from_str(&fs::read_to_string(json).expect("a report")).expect("JSON");
    let finding = json["findings"].as_array().expect("findings").iter().find(|it| it["id"] == "CERT-EXPIRED").expect("it stays");
    assert_eq!((&finding["ruling"], &finding["waiver"]["reason"]), (&"waived".into(), &"ticket 4711".into()));
    assert_eq!((&json["gate"]["passed"], &json["verdict"]), (&true.into(), &"fail".into()));
    let expired = waiver(&folder, "CERT-*", "2020-01-31");
    let (code, out, _) = probe(&["--fault", "cert.expired", "--waivers", &expired]);
    assert!(code == Some(1) && out.contains("expired on 2020-01-31"), "{out}");
    let unused = waiver(&folder, "AUTH-MSCHAP-691", "2999-12-31");
    let (code, out, _) = probe(&["--waivers", &unused]);
    assert!(code == Some(0) && out.contains("was not needed"), "{out}");
}

#[test]
fn what_a_profile_raises_is_no_second_cause_of_the_same_stop() {
    let (code, out, _) = probe(&["--fault", "binding.hash-protocol", "--profile", "windows-strict", "-o", "json"]);
    let json: Value = serde_json::from_str(&out).expect("JSON");
    let findings = json["findings"].as_array().expect("findings");
    let failing = findings.iter().filter(|it| it["severity"] == "fail" && it["because_of"].is_null());
    let failing: Vec<&str> = failing.filter_map(|it| it["id"].as_str()).collect();
    assert_eq!((code, failing), (Some(1), vec!["BIND-REFUSED"]), "{out}");
    let raised = findings.iter().find(|it| it["id"] == "BIND-SHA1-ONLY").expect("it is still told");
    assert_eq!(raised["because_of"], "BIND-REFUSED");
    assert_eq!(json["gate"]["failing"], serde_json::json!(["BIND-REFUSED"]));
}

#[test]
fn only_what_is_new_fails_and_a_baseline_may_be_replaced_in_the_same_run() {
    let folder = Scratch::new("baseline");
    let before = folder.path("before.json");
    let into = format!("json={before}");
    assert_eq!(probe(&["--fault", "auth.disabled", "-o", &into]).0, Some(1));
    let (code, out, _) = probe(&["--fault", "auth.disabled", "--baseline", &before, "-o", &into]);
    assert!(code == Some(0) && out.contains("known from"), "{out}");
    let (code, out, _) = probe(&["--fault", "cert.expired", "--baseline", &before]);
    assert!(code == Some(1) && out.contains("counts: CERT-EXPIRED") && out.contains("gone since"), "{out}");
    // A shell of Windows may have written it in UTF-16.
    let text = fs::read_to_string(&before).expect("a report");
    let wide: Vec<u8> = std::iter::once(0xFEFF).chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    fs::write(&before, wide).expect("it can be written");
    assert_eq!(probe(&["--fault", "auth.disabled", "--baseline", &before]).0, Some(0));
}

#[test]
fn levels_ids_and_profiles_decide_what_counts() {
    let (expired, note) = (["--fault", "cert.expired"], ["--fail-on", "note"]);
    assert_eq!(probe(&[&expired[..], &["--fail-on", "never"]].concat()).0, Some(0));
    assert_eq!(probe(&[&expired[..], &["--fail-on", "AUTH-*"]].concat()).0, Some(0));
    assert_eq!(probe(&[&expired[..], &["--fail-on", "AUTH-*", "--fail-on", "CERT-EXPIRED"]].concat()).0, Some(1));
    let (code, out, _) = probe(&[&expired[..], &["--profile", "lenient"]].concat());
    assert!(code == Some(0) && out.starts_with("Works, with 1 warning"), "{out}");
    let climbed = [&expired[..], &["--until", "cert", "--profile", "lenient"]].concat();
    let out = probe(&climbed).1;
    assert!(out.starts_with("Works, with 1 warning: ") && out.contains("answers up to the certificate."), "{out}");
    let json: serde_json::Value = serde_json::from_str(&probe(&[&climbed[..], &["-o", "json"]].concat()).1).expect("JSON");
    assert_eq!((&json["reached"], &json["stopped_at"]), (&"cert".into(), &serde_json::Value::Null));
    assert_eq!(probe(&[&["--fault", "auth.pap-only"], &["--profile", "windows-strict"][..]].concat()).0, Some(1));
    assert_eq!(probe(&["--fault", "auth.pap-only"]).0, Some(0));
    assert_eq!(probe(&[&["--fault", "tcp.refused"][..], &note].concat()).0, Some(1));
}

#[test]
fn what_is_wrong_with_the_files_is_said_before_anything_is_done() {
    let folder = Scratch::new("wrong");
    let typo = waiver(&folder, "CERT-EXPIERD", "2999-12-31");
    let file = |name: &str, bytes: &[u8]| {
        fs::write(folder.path(name), bytes).expect("it can be written");
        folder.path(name)
    };
    let other = file("explain.json", br#"{"schema":"sstp-diag/explain/1","subjects":[]}"#);
    let (alien, newer) =
        (file("alien.json", br#"{"findings":[]}"#), file("newer.json", br#"{"schema":"sstp-diag/report/9","findings":[]}"#));
    let (cut, picture) = (file("cut.json", br#"{"schema":"sstp-diag/report/1"}"#), file("shot.png", b"\x89PNG\r\n\x1a\n"));
    let folder_itself = std::path::Path::new(&typo).parent().expect("a folder").display().to_string();
    let rows: &[(&[&str], i32, &str)] = &[
        (&["--waivers", &typo], 2, "line 2: \"CERT-EXPIERD\" is not the id of a finding; did you mean CERT-EXPIRED?"),
        (&["--waivers", "/nonexistent/w.toml"], 3, "cannot read the waivers"),
        (&["--profile", "cii"], 2, "windows-strict, ci, lenient"),
        (&["--profile", &typo], 2, "\"waiver\" is not known here"),
        (&["--baseline", &typo], 2, "it is not JSON"),
        (&["--baseline", "/nonexistent/b.json"], 3, "cannot read the baseline"),
        (&["--baseline", &folder_itself], 3, "cannot read the baseline"),
        (&["--baseline", REFUSED], 2, "it is a capture; sstp-diag diagnose"),
        (&["--baseline", &picture], 2, "it is a picture"),
        (&["--baseline", &other], 2, "\"sstp-diag/explain/1\", and no report of findings; a baseline is what -o json=FILE"),
        (&["--baseline", &alien], 2, "it is JSON, and no report of this program"),
        (&["--baseline", &newer], 2, "this program reads sstp-diag/report/1"),
        (&["--baseline", &cut], 2, "no list \"findings\""),
        (&["--fail-on", "bad"], 2, "fail, warn, note, never"),
        (&["--fail-on", "CRT-*"], 2, "fits the id of no finding"),
    ];
    for (args, code, says) in rows {
        let (status, out, err) = probe(args);
        assert!(status == Some(*code) && out.is_empty() && err.contains(says), "{args:?}: {status:?} {err}");
    }
}

/// A capture of a refused login whose call began at 2026-11-22 17:47:59 UTC, from port 48912.
const REFUSED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/captures/softether-bad-password.pcapng");

#[test]
fn lines_of_a_log_stand_with_the_finding_they_confirm_and_contradictions_are_said() {
    let folder = Scratch::new("logs");
    let (softether, windows) = (folder.path("server.log"), folder.path("events.xml"));
    // The clock of the server is an hour before UTC and does not say so; the port of the client tells.
    let lines = "2026-11-22 18:47:59.528 On the TCP Listener (Port 8443), a Client (IP address 127.0.0.1, Host name \"localhost\", Port number 48912) has connected.\n\
                 2026-11-22 18:48:00.110 [HUB \"DEFAULT\"] Connection \"CID-4\": User authentication failed. The user name that has been provided was \"alice\", from 127.0.0.1.\n\
                 2026-11-22 18:48:00.310 [HUB \"DEFAULT\"] Connection \"CID-5\": User authentication failed. The user name that has been provided was \"mallory\", from 192.0.2.66.\n";
    fs::write(&softether, lines).expect("it can be written");
    let event = "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><Provider Name='RasClient'/><EventID>20227</EventID>\
                 <TimeCreated SystemTime='2026-11-22T17:48:01Z'/></System><EventData><Data>-2146762495</Data></EventData></Event>\n";
    fs::write(&windows, event).expect("it can be written");
    let (code, out, err) = run(&["diagnose", REFUSED, "--log", &softether, "--log", &windows]);
    assert_eq!((code, err.as_str()), (Some(1), ""), "{out}");
    let plain = out.split_whitespace().collect::<Vec<_>>().join(" ");
    for says in [
        "confirmed by SoftEther, line 2 of",
        "The log contradicts RasClient event 20227, line 1",
        "but Certificate came up in this call",
        "its clock taken for UTC+01:00",
        "not seen above: SoftEther, line 3",
    ] {
        assert!(plain.contains(says), "{says}\n{out}");
    }
    let (_, out, _) = run(&["decode", REFUSED, "--log", &softether, "-o", "json"]);
    let json: Value = serde_json::from_str(&out).expect("JSON");
    let lines = json["sessions"][0]["log"].as_array().expect("a log");
    assert!(lines.iter().any(|line| line["role"] == "confirms" && line["finding"] == "AUTH-MSCHAP-691"), "{lines:?}");
    assert_eq!((&json["logs"][0]["used"], &json["logs"][0]["zone_minutes"]), (&2.into(), &60.into()));
}

#[test]
fn a_log_that_cannot_be_used_is_said() {
    assert_eq!(run(&["diagnose", REFUSED, "--log", "/nonexistent/log"]).0, Some(3));
    let (code, out, err) = run(&["diagnose", REFUSED, "--log", REFUSED]);
    assert!(code == Some(2) && out.is_empty() && err.contains("is a capture"), "{err}");
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/LICENSE");
    let (code, out, _) = run(&["diagnose", REFUSED, "--log", page]);
    assert!(
        code == Some(1) && out.split_whitespace().collect::<Vec<_>>().join(" ").contains("nothing in it tells of an SSTP call"),
        "{out}"
    );
    assert_eq!(run(&["diagnose", REFUSED, "--log-zone", "+01:00"]).0, Some(2));
}
