//! Spoilt calls to SoftEther: it survives them, and what it does otherwise than the tables want is known.

use crate::rig::rig;
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

/// How findings begin that a peer is known for.
fn known(text: &'static str) -> Vec<&'static str> {
    let rows = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    rows.map(|line| line.split_once('\t').filter(|row| !row.1.is_empty()).expect("what, and a reason").0).collect()
}

#[test]
fn spoilt_calls_do_not_bring_it_down_and_what_it_does_otherwise_is_known() {
    let target = format!("localhost:{}", rig().get("SOFTETHER"));
    let login = ["--user", "alice", "--password-file", rig().get("PASSWORD"), "--ca", rig().get("CA")];
    let call = std::env::temp_dir().join(format!("sstp-diag-mutate-{}.jsonl", std::process::id())).display().to_string();
    let run = |args: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sstp-diag"));
        command.args(args).args(login).stdin(Stdio::null()).output().expect("cargo has built the program")
    };
    run(&["probe", &target, "--save", &call]);
    let what = ["--select", "out-of-turn/", "--select", "type/sstp.call-connected", "--budget", "16", "--concurrency", "8", "-o", "json"];
    let output = run(&[&["mutate", &call, "--to", &target, "--seed", "1"], &what[..]].concat());
    let _ = std::fs::remove_file(&call);
    let story = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(matches!(output.status.code(), Some(0 | 1)), "{story}");
    let page: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!((page["cases"].as_u64(), page["dead"].as_bool()), (Some(16), Some(false)), "{story}");
    let known = known(include_str!("../../fixtures/known/softether-mutate.tsv"));
    for finding in page["findings"].as_array().expect("a list") {
        let says = finding["says"].as_str().unwrap_or_default();
        assert!(known.iter().any(|begins| says.starts_with(begins)), "not known: {finding:#}");
    }
}

/// What is spoilt is then a call that was made with this server first, as it wants it.
#[test]
fn without_a_recording_a_call_is_made_with_the_server_first() {
    let target = format!("localhost:{}", rig().get("SOFTETHER"));
    let login = ["--user", "alice", "--password-file", rig().get("PASSWORD"), "--ca", rig().get("CA")];
    let what = ["--lab-session", "--to", target.as_str(), "--only", "out-of-turn/after-ack/call-disconnect-ack", "-o", "json"];
    let mut command = Command::new(env!("CARGO_BIN_EXE_sstp-diag"));
    let output = command.arg("mutate").args(what).args(login).stdin(Stdio::null()).output().expect("cargo has built the program");
    let story = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(matches!(output.status.code(), Some(0 | 1)), "{story}");
    let page: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!((page["cases"].as_u64(), page["unreached"].as_u64()), (Some(1), Some(0)), "{story}");
}

/// Spoilt answers to sstp-client.
#[test]
fn sstpc_is_sent_spoilt_answers_and_what_it_does_otherwise_is_known() {
    let what =
        ["--select", "out-of-turn/after-ack", "--select", "ack-attributes/", "--select", "answer-line/", "--budget", "40", "-o", "json"];
    let mut command = Command::new(env!("CARGO_BIN_EXE_sstp-diag"));
    let args = [&["mutate", "--listen", "127.0.0.1:0", "--exec-sstpc"], &what[..]].concat();
    let output = command.args(args).stdin(Stdio::null()).output().expect("cargo has built the program");
    let story = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(matches!(output.status.code(), Some(0 | 1)), "{story}");
    let page: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(page["cases"].as_u64(), Some(40), "{story}");
    let known = known(include_str!("../../fixtures/known/sstpc-mutate.tsv"));
    for finding in page["findings"].as_array().expect("a list") {
        let says = finding["says"].as_str().unwrap_or_default();
        assert!(known.iter().any(|begins| says.starts_with(begins)), "not known: {finding:#}");
    }
}

/// Two servers that want a call otherwise: each is sent what is spoilt in a call of its own.
#[test]
fn softether_and_the_lab_are_held_side_by_side() {
    let mut lab = Command::new(env!("CARGO_BIN_EXE_sstp-diag"))
        .args(["lab", "--auth", "mschapv2"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("cargo has built the program");
    let mut line = String::new();
    BufReader::new(lab.stdout.take().expect("piped")).read_line(&mut line).expect("it says where");
    let at = line.split_whitespace().nth(1).expect("an address").trim_end_matches(',').to_string();
    let targets = [format!("localhost:{}", rig().get("SOFTETHER")), at];
    let login = ["--user", "alice", "--password-file", rig().get("PASSWORD"), "--ca", rig().get("CA")];
    let to = ["--lab-session", "--to", &targets[0], "--to", &targets[1]];
    let what = ["--select", "out-of-turn/after-ack/", "--select", "out-of-turn/connected/call-", "--budget", "12", "-o", "json"];
    let mut command = Command::new(env!("CARGO_BIN_EXE_sstp-diag"));
    let output = command.arg("mutate").args(to).args(what).args(login).stdin(Stdio::null()).output();
    let _ = (lab.kill(), lab.wait());
    let output = output.expect("it runs");
    let story = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(1), "{story}");
    let all: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let grid = &all["grid"];
    assert_eq!((grid["cases"].as_u64(), all["pages"][0]["unreached"].as_u64()), (Some(12), Some(0)), "{story}");
    let aborted = |row: &Value| row["reactions"][1] == "abort" && row["reactions"][0] != "abort";
    assert!(grid["rows"].as_array().is_some_and(|rows| rows.iter().any(aborted)), "what is out of turn SoftEther passes over: {grid:#}");
    for (page, target) in all["pages"].as_array().expect("a page for each").iter().zip(&targets) {
        assert_eq!(page["recording"].as_str(), Some(format!("an honest call with {target}").as_str()));
    }
}
