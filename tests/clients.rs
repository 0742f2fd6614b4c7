//! The client suite over sockets: clients that are launched, and what is told of them.

use serde_json::Value;
use std::process::{Command, Output};

fn run(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_sstp-diag")).args(["conformance", "client"]).args(args).output().expect("it runs")
}

/// Exit code, report, and what was said beside it.
fn report(args: &[&str]) -> (Option<i32>, Value, String) {
    let run = run(&[args, &["-o", "json"]].concat());
    let says = String::from_utf8_lossy(&run.stderr).into_owned();
    let report = serde_json::from_slice(&run.stdout).unwrap_or_else(|error| panic!("no report: {error}\n{says}"));
    (run.status.code(), report, says)
}

fn rows(report: &Value) -> Vec<(&str, &str, &str)> {
    let cases = report["cases"].as_array().expect("cases");
    cases
        .iter()
        .map(|row| ["id", "verdict", "actual"].map(|key| row[key].as_str().unwrap_or_default()))
        .map(|[a, b, c]| (a, b, c))
        .collect()
}

/// A probe as a client under test.
fn probe(more: &str) -> String {
    let program = env!("CARGO_BIN_EXE_sstp-diag");
    format!("{program} probe {{host}}:{{port}} --ca {{ca}} --user {{user}} --password-file {{password_file}} {more}")
}

#[test]
fn the_built_in_client_passes_over_sockets() {
    let (code, report, says) = report(&["--lab", "--quick", "--jobs", "32"]);
    let wrong: Vec<_> = rows(&report).into_iter().filter(|row| !["pass", "unsupported"].contains(&row.1)).collect();
    assert_eq!((code, wrong), (Some(0), vec![]), "{says}");
    assert!(rows(&report).len() > 200);
}

#[test]
fn a_mutation_of_it_fails_over_sockets_too() {
    let sample = ["sstp/3.2.5.3.2/empty-bitmask", "sstp/3.2.5.3.2/second-ack", "http/3.2.4.1/method"];
    for id in sample {
        let case = sstp_diag::jobs::conformance::client::all().into_iter().find(|case| case.id == id).expect("a case");
        let (code, report, says) = report(&["--lab", "--fault", case.proved_by, "--case", id]);
        assert_eq!(code, Some(1), "{id} {:?}\n{says}", rows(&report));
    }
}

#[test]
fn a_client_that_takes_any_certificate_fails_and_a_strict_one_passes() {
    let (code, report_of, says) = report(&["--exec", &probe(""), "--layer", "cert"]);
    assert_eq!(code, Some(1), "{says}");
    for (id, verdict, actual) in rows(&report_of) {
        // The one about a certificate that is to be taken.
        let right = if id == "cert/3.2.4.1/any-purpose" { &["pass"][..] } else { &["fail", "lenient"] };
        assert!(right.contains(&verdict), "{id} is {verdict}: {actual}");
    }
    let (code, report_of, says) = report(&["--exec", &probe("--strict"), "--layer", "cert"]);
    assert_eq!(code, Some(0), "{:?}\n{says}", rows(&report_of));
    assert!(rows(&report_of).iter().all(|row| row.1 == "pass"));
}

#[test]
fn a_client_that_is_down_is_no_failing_client() {
    let (code, report_of, says) = report(&["--exec", "echo no licence >&2; exit 4", "--case", "sstp/3.2.5.3.2/*"]);
    assert_eq!(code, Some(3), "{says}");
    let down = report_of["unreachable"].as_str().unwrap_or_default();
    assert!(down.contains("exit code 4") && down.contains("no licence"), "{down}");
    assert!(rows(&report_of).is_empty());
}

#[test]
fn a_client_may_decline_a_case() {
    let decline = format!("case {{case}} in */second-ack) echo not this one; exit 89;; esac; {}", probe(""));
    let (code, report_of, says) = report(&["--exec", &decline, "--case", "sstp/3.2.5.3.2/ack", "--case", "sstp/3.2.5.3.2/second-ack"]);
    assert_eq!(code, Some(0), "{:?}\n{says}", rows(&report_of));
    let verdicts: Vec<&str> = rows(&report_of).iter().map(|row| row.1).collect();
    assert_eq!(verdicts, ["pass", "unsupported"]);
}

#[test]
fn what_cannot_be_is_said_before_anything_is_started() {
    for (args, says) in [
        (&["--listen", "127.0.0.1:0"][..], "needs a port"),
        (&["--listen", "0.0.0.0:8400", "--exec", "x"], "--host"),
        (&["--listen", "127.0.0.1:65500", "--case", "*"], "ports"),
        (&["--lab", "--fault", "client.no-such"], "no mutation"),
        (&["--lab", "--case", "no/such/case"], "conformance client --list"),
        (&["--exec", "x", "--lab"], "cannot be used with"),
    ] {
        let run = run(args);
        let text = String::from_utf8_lossy(&run.stderr);
        assert!(run.status.code() == Some(2) && text.contains(says), "{args:?}: {:?} {text}", run.status);
    }
}

#[test]
fn people_are_told_where_to_go_and_ctrl_c_ends_the_run_with_a_report() {
    let folder = std::env::temp_dir().join(format!("sstp-diag-by-hand-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let (status, report) = (folder.join("status"), folder.join("report.json"));
    let port = std::net::TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a port").port();
    let mut child = Command::new(env!("CARGO_BIN_EXE_sstp-diag"))
        .args(["conformance", "client", "--listen", &format!("127.0.0.1:{port}"), "--by", "user", "--case", "sstp/3.2.5.3.2/*"])
        .args(["--status", &status.display().to_string(), "-o", &format!("json={}", report.display())])
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("it runs");
    let mut said = std::io::BufReader::new(child.stderr.take().expect("a pipe"));
    let mut greeting = String::new();
    while !greeting.contains("Ctrl-C") {
        assert_ne!(std::io::BufRead::read_line(&mut said, &mut greeting).expect("text"), 0, "{greeting}");
    }
    assert!(greeting.contains("case-1") && greeting.contains(&format!("localhost:{port}")), "{greeting}");
    let line = |name: &str| greeting.lines().find_map(|line| line.split_once(name)).map(|row| row.1.trim().to_string()).expect("a line");
    let (ca, password) = (line("Root"), line("Password    in"));
    let listed = std::fs::read_to_string(&status).expect("a list");
    let place = listed.lines().position(|line| line.contains("sstp/3.2.5.3.2/ack ")).expect("the case") + 1;
    for _ in 0..2 {
        let target = format!("localhost:{port}");
        let user = format!("case-{place}");
        let call = ["probe", &target, "--ca", &ca, "--user", &user, "--password-file", &password];
        Command::new(env!("CARGO_BIN_EXE_sstp-diag")).args(call).output().expect("it runs");
    }
    let mut line = String::new();
    std::io::BufRead::read_line(&mut said, &mut line).expect("text");
    assert!(line.contains("sstp/3.2.5.3.2/ack: pass"), "{line}");
    let interrupt = Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill is there");
    assert!(interrupt.success());
    assert_eq!(child.wait().expect("it ends").code(), Some(130), "that not all cases were through must be told");
    let listed = std::fs::read_to_string(&status).expect("a list");
    assert!(listed.lines().any(|line| line.contains("/ack ") && line.ends_with(" pass")), "{listed}");
    let text = std::fs::read_to_string(&report).expect("a report");
    let _ = std::fs::remove_dir_all(&folder);
    let report: Value = serde_json::from_str(&text).expect("JSON");
    assert!(rows(&report).iter().any(|row| row.1 == "inconclusive" && row.2 == "no client came") && report["interrupted"] == true);
}
