//! Logins within EAP as a user meets them: the program against its own lab, its captures read again, and the matrix of methods.

use serde_json::Value;
use sstp_diag::jobs::lab::{Lab, LabConfig};
use sstp_diag::jobs::probe::{self, ProbeConfig};
use sstp_diag::live::clock::Clock;
use sstp_diag::live::dns::Override;
use sstp_diag::live::trust::{Store, Trust};
use sstp_diag::proto::plan::Method;
use sstp_diag::transcript::{Facts, Stand, Target};
use sstp_diag::wire::{chap, eap, pap, ppp};
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::time::Duration;

fn sstp_diag(args: &[&str]) -> (Option<i32>, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sstp-diag"));
    for name in ["https_proxy", "HTTPS_PROXY", "no_proxy", "NO_PROXY", "SSTP_DIAG_PASSWORD", "SSLKEYLOGFILE"] {
        command.env_remove(name);
    }
    let Output { status, stdout, stderr } = command.args(args).stdin(Stdio::null()).output().expect("the program runs");
    (status.code(), String::from_utf8(stdout).expect("UTF-8"), String::from_utf8(stderr).expect("UTF-8"))
}

/// A file of this test alone; it goes with the value.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Scratch {
        Scratch(std::env::temp_dir().join(format!("sstp-diag-auth-{}-{name}", std::process::id())))
    }

    fn path(&self) -> &str {
        self.0.to_str().expect("UTF-8")
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

fn failing(report: &Value) -> Vec<&str> {
    let findings = report["findings"].as_array().expect("findings");
    findings.iter().filter(|finding| finding["severity"] == "fail").filter_map(|finding| finding["id"].as_str()).collect()
}

#[test]
fn a_capture_of_a_login_within_eap_is_judged_like_the_probe_that_made_it() {
    for (name, args) in [
        ("peap", &["--auth", "peap"][..]),
        ("tls", &["--auth", "eap-tls"]),
        ("tls12", &["--auth", "eap-tls", "--eap-tls-version", "1.2"]),
        ("bare", &["--fault", "auth.eap-tls-ack-bare"]),
        ("unbound", &["--fault", "auth.peap-cryptobinding-missing"]),
    ] {
        let capture = Scratch::new(name);
        let probe: Vec<&str> = ["probe", "--lab", "-o", "json", "--pcap", capture.path()].iter().chain(args).copied().collect();
        let (code, report, _) = sstp_diag(&probe);
        let report: Value = serde_json::from_str(&report).expect("JSON");
        assert_eq!((code, failing(&report).is_empty()), (Some(0), true), "{name}: {:?}", failing(&report));
        let (code, decoded, _) = sstp_diag(&["decode", capture.path(), "-o", "json"]);
        let decoded: Value = serde_json::from_str(&decoded).expect("JSON");
        let sessions = decoded["sessions"].as_array().expect("sessions");
        // The lab is looked at on ::1 as well; the call is the session with PPP in it.
        let calls: Vec<&Value> = sessions.iter().filter(|session| session["reached"] == "teardown").collect();
        assert_eq!((code, calls.len()), (Some(0), 1), "{name}: {decoded:#}");
        assert!(failing(calls[0]).is_empty(), "{name}: {:?}", failing(calls[0]));
    }
}

#[test]
fn the_lab_behind_the_probe_names_the_roots_of_its_eap_server() {
    for fault in ["cert.sha1", "cert.ca-sha1", "cert.ca-key-1024", "cert.untrusted-root"] {
        for method in ["peap", "eap-tls"] {
            let (code, report, _) = sstp_diag(&["probe", "--lab", "--fault", fault, "--auth", method, "-o", "json"]);
            let report: Value = serde_json::from_str(&report).expect("JSON");
            let expected: &[&str] = if fault == "cert.untrusted-root" { &["CERT-UNTRUSTED-ROOT"] } else { &[] };
            assert_eq!((code, failing(&report)), (Some(i32::from(!expected.is_empty())), expected.to_vec()), "{fault}, {method}");
        }
    }
}

#[test]
fn a_refusal_within_eap_is_no_other_one_in_the_capture() {
    for (fault, in_the_capture) in [
        ("auth.eap-client-revoked", &["AUTH-EAP-FAILURE"][..]),
        ("auth.eap-stalled", &["AUTH-EAP-STALLED"]),
        ("auth.eap-nak-loop", &["AUTH-EAP-NAK-LOOP"]),
    ] {
        let capture = Scratch::new(fault);
        let times = ["--layer-timeout", "auth=6"];
        let args: Vec<&str> = ["probe", "--lab", "--fault", fault, "--pcap", capture.path()].into_iter().chain(times).collect();
        assert_eq!(sstp_diag(&args).0, Some(1), "{fault}");
        let (_, decoded, _) = sstp_diag(&["decode", capture.path(), "-o", "json"]);
        let decoded: Value = serde_json::from_str(&decoded).expect("JSON");
        let sessions = decoded["sessions"].as_array().expect("sessions");
        let found: Vec<&str> = sessions.iter().flat_map(failing).collect();
        assert_eq!(found, in_the_capture, "{fault}");
    }
}

#[test]
fn the_row_of_a_login_without_a_common_method_names_what_either_side_wants() {
    let row = |fault: &str, auth: &str| {
        let (_, table, _) = sstp_diag(&["probe", "--lab", "--fault", fault, "--auth", auth, "--width", "200", "--layer-timeout", "2"]);
        let row = table.lines().find(|line| line.starts_with("Authentication ")).unwrap_or_default().to_string();
        row.split("ms  ").nth(1).unwrap_or_default().to_string()
    };
    for fault in ["auth.eap-tls-rejected", "auth.eap-tls-only", "auth.eap-nak-loop"] {
        let says = row(fault, "eap-mschapv2");
        assert!(says.starts_with("EAP-TLS offered, EAP-MSCHAPv2 asked for, as alice"), "{fault}: {says}");
    }
    let agreed = row("auth.wrong-password", "eap-mschapv2");
    assert!(agreed.starts_with("EAP-MSCHAPv2 as alice"), "{agreed}");
}

/// The matrix of a lab, and everything that was sent to it.
fn matrix(methods: Vec<Method>, faults: &[&str]) -> (Vec<(String, Stand, String)>, Vec<ppp::Frame>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let faults = faults.iter().map(|id| id.to_string()).collect();
        let lab = Lab::start(LabConfig { methods: Some(methods), faults, ..LabConfig::default() }).await.expect("the lab starts");
        let dial = lab.dial().clone();
        let mut config = ProbeConfig::new(Target { host: dial.host.clone(), port: dial.port, ..Target::default() });
        config.trust = Arc::new(Trust::of(Store::Mozilla, "lab", &dial.ca_der));
        let over = dial.resolve.iter().map(|(host, addresses)| Override { host: host.clone(), addresses: addresses.clone() });
        config.resolver.overrides = over.collect();
        config.matrix = Some("alice".into());
        config.timers.layer = Duration::from_secs(2);
        let (_stop, stopped) = tokio::sync::watch::channel(false);
        let transcript = probe::run(&config, &Clock::start(), &mut Vec::new(), stopped).await;
        let facts = Facts::of(&transcript);
        let rows = facts.matrix.iter().map(|seen| (seen.it.method.clone(), seen.it.stand, seen.it.says.clone())).collect();
        let told = lab.transcripts().iter().flat_map(|transcript| Facts::of(transcript).ppp).map(|seen| seen.it).collect();
        lab.stop().await;
        (rows, told)
    })
}

/// Something by which a server could count a login as failed, or learn a password.
fn proves(frame: &ppp::Frame) -> bool {
    match &frame.body {
        ppp::Body::Chap(packet) => matches!(packet.body, chap::Body::Response { .. }),
        ppp::Body::Pap(packet) => matches!(packet.body, pap::Body::AuthenticateRequest { .. }),
        ppp::Body::Eap(packet) => packet.code == 2 && packet.kind.is_some_and(|kind| kind > eap::NAK),
        _ => false,
    }
}

#[test]
fn the_matrix_tells_offered_accepted_and_refused_and_proves_nothing() {
    let cases: [(Vec<Method>, &[&str], &[&str]); 4] = [
        (
            vec![Method::MsChapV2, Method::EapMsChapV2, Method::Peap, Method::EapTls, Method::ChapMd5, Method::EapMd5, Method::Pap],
            &["mschapv2"],
            &["eap-mschapv2", "peap", "eap-tls", "chap-md5", "eap-md5", "pap"],
        ),
        (vec![Method::Peap, Method::EapTls], &["peap"], &["eap-tls"]),
        (vec![Method::Pap], &["pap"], &[]),
        (vec![Method::EapTls, Method::MsChapV2], &["eap-tls"], &["mschapv2"]),
    ];
    for (methods, offered, accepted) in cases {
        let (rows, told) = matrix(methods.clone(), &[]);
        assert_eq!(rows.len(), Method::ALL.len());
        let of = |stand| -> Vec<&str> { rows.iter().filter(|row| row.1 == stand).map(|row| row.0.as_str()).collect() };
        assert_eq!((of(Stand::Offered), of(Stand::Accepted)), (offered.to_vec(), accepted.to_vec()), "{methods:?}: {rows:?}");
        assert_eq!(of(Stand::Refused).len(), Method::ALL.len() - methods.len(), "{rows:?}");
        let proofs: Vec<String> = told.iter().filter(|frame| proves(frame)).map(ppp::Frame::name).collect();
        assert!(!told.is_empty() && proofs.is_empty(), "{methods:?}: {proofs:?}");
    }
}

#[test]
fn a_server_that_refuses_the_name_says_nothing_about_its_methods_within_eap() {
    let (rows, _) = matrix(vec![Method::EapMsChapV2], &["auth.no-policy"]);
    let stands: Vec<Stand> = rows.iter().filter(|row| row.0.contains("eap")).map(|row| row.1).collect();
    assert!(!stands.is_empty() && stands.iter().all(|stand| *stand == Stand::Unknown), "{rows:?}");
    let refused: Vec<&str> = rows.iter().filter(|row| row.1 == Stand::Refused).map(|row| row.0.as_str()).collect();
    assert_eq!(refused, ["mschapv2", "chap-md5", "pap"]);
}

#[test]
fn a_link_that_does_not_come_up_is_no_refusal_of_a_method() {
    let all = || Method::ALL.iter().map(|row| row.0).collect();
    let (rows, _) = matrix(all(), &["lcp.nak-loop"]);
    assert!(rows.len() == 7 && rows.iter().all(|row| row.1 == Stand::Unknown && row.2.contains("21 Configure-Naks")), "{rows:?}");
    let (rows, _) = matrix(all(), &["lcp.silent"]);
    let told: Vec<Stand> = rows.iter().map(|row| row.1).collect();
    assert_eq!(told, [&[Stand::Unknown][..], &[Stand::NotAsked; 6]].concat(), "{rows:?}");
    let (rows, _) = matrix(all(), &["lcp.only-mschapv1"]);
    assert!(rows.iter().all(|row| row.1 == Stand::Refused && row.2 == "the server insists on MS-CHAPv1"), "{rows:?}");
    let (code, table, _) = sstp_diag(&["probe", "--lab", "--auth-matrix", "--fault", "lcp.only-mschapv1", "--width", "200"]);
    assert!(
        code == Some(1) && table.starts_with("A Windows client fails at PPP link negotiation: ") && table.contains("(LCP-AUTH-NO-COMMON)"),
        "{table}"
    );
    assert!(table.contains("the server asks for MS-CHAPv1, which Windows has no longer"), "{table}");
}

#[test]
fn a_server_with_eap_md5_alone_is_no_server_for_windows_however_it_is_probed() {
    let ways: [&[&str]; 2] = [&[], &["--auth-matrix"]];
    for way in ways {
        let args: Vec<&str> =
            ["probe", "--lab", "--fault", "auth.eap-md5-only", "--width", "1000"].into_iter().chain(way.iter().copied()).collect();
        let (code, table, _) = sstp_diag(&args);
        let first = "A Windows client fails at authentication: the server takes EAP-MD5 only, which no Windows has (AUTH-EAP-MD5-ONLY)";
        assert!(code == Some(1) && table.starts_with(first), "{way:?}: {table}");
        let (_, json, _) = sstp_diag(&[&args[..], &["-o", "json"]].concat());
        let report: Value = serde_json::from_str(&json).expect("JSON");
        assert_eq!(failing(&report), ["AUTH-EAP-MD5-ONLY"], "{way:?}");
        assert!(table.contains("No setting of a Windows profile is known to get through: the server takes EAP-MD5, which"), "{table}");
    }
    // Who asks for one method alone learns nothing of the others.
    for (fault, method) in [("auth.eap-md5-first", "peap"), ("auth.eap-md5-only", "eap-mschapv2")] {
        let (code, json, _) = sstp_diag(&["probe", "--lab", "--fault", fault, "--auth", method, "-o", "json"]);
        let report: Value = serde_json::from_str(&json).expect("JSON");
        assert_eq!((code, failing(&report)), (Some(1), vec!["AUTH-EAP-METHOD-MISMATCH"]), "{fault}, {method}");
    }
    let (code, table, _) = sstp_diag(&["probe", "--lab", "--fault", "auth.eap-md5-first", "--width", "1000"]);
    assert!(code == Some(0) && table.contains("AUTH-EAP-MD5-USED") && table.contains("eap-mschapv2"), "{table}");
}

#[test]
fn the_matrix_is_shown_to_people_and_to_programs() {
    let (code, table, _) = sstp_diag(&["probe", "--lab", "--auth-matrix", "--width", "80"]);
    assert_eq!(code, Some(0), "{table}");
    for words in ["Authentication methods", "A Windows profile gets through with", "Microsoft: Protected EAP (PEAP)", "MSChapv2"] {
        assert!(table.contains(words), "{words}: {table}");
    }
    assert!(table.lines().all(|line| line.chars().count() <= 80), "{table}");
    let schema: Value = serde_json::from_str(include_str!("../docs/report.schema.json")).expect("JSON");
    let validator = jsonschema::draft202012::new(&schema).expect("a schema");
    let (_, json, _) = sstp_diag(&["probe", "--lab", "--auth-matrix", "-o", "json"]);
    let report: Value = serde_json::from_str(&json).expect("JSON");
    let errors: Vec<String> = validator.iter_errors(&report).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:?}");
    assert_eq!(report["auth_methods"].as_array().map(Vec::len), Some(Method::ALL.len()));
    let (_, lines, _) = sstp_diag(&["probe", "--lab", "--auth-matrix", "-o", "ndjson"]);
    assert_eq!(lines.matches("\"type\":\"auth-method\"").count(), Method::ALL.len());
}

#[test]
fn a_password_inside_peap_is_in_no_saved_transcript_nor_what_gives_it_away() {
    let saved = Scratch::new("saved");
    assert_eq!(sstp_diag(&["probe", "--lab", "--auth", "peap", "--save", saved.path()]).0, Some(0));
    let text = std::fs::read_to_string(saved.path()).expect("saved");
    let responses: Vec<Value> = text
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|event| event["by"] == "client" && event["what"]["inner"]["packet"]["kind"] == 26)
        .collect();
    let response = responses.first().expect("the response inside PEAP");
    let data = response["what"]["inner"]["packet"]["data"].to_string();
    assert!(data.contains(&"2a".repeat(24)), "masked: {data}");
}
