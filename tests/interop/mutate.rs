//! Spoilt calls to SoftEther: it survives them, and what it does otherwise than the tables want is known.

use crate::rig::rig;
use serde_json::Value;
use std::process::{Command, Stdio};

/// What SoftEther is known to do: kind and what, numbers aside.
fn known() -> Vec<(String, String)> {
    let text = include_str!("../../fixtures/known/softether-mutate.tsv");
    let rows = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    rows.map(|line| {
        let mut cells = line.split('\t');
        let row = (cells.next().unwrap_or_default().to_string(), plain(cells.next().unwrap_or_default()));
        assert!(cells.next().is_some_and(|reason| !reason.is_empty()), "without a reason: {line}");
        row
    })
    .collect()
}

fn plain(text: &str) -> String {
    text.chars().filter(|c| !c.is_ascii_digit()).collect()
}

#[test]
fn spoilt_calls_do_not_bring_it_down_and_what_it_does_otherwise_is_known() {
    let target = format!("localhost:{}", rig().get("SOFTETHER"));
    let login = ["--user", "alice", "--password-file", rig().get("PASSWORD"), "--ca", rig().get("CA")];
    let what = ["--select", "out-of-turn/", "--select", "attributes/", "--select", "binding/", "--select", "reserved/sstp.call-connect"];
    let args = [&["mutate", "--lab-session", "--to", &target, "--seed", "1", "--budget", "60", "-o", "json"], &login[..], &what].concat();
    let mut command = Command::new(env!("CARGO_BIN_EXE_sstp-diag"));
    let output = command.args(&args).stdin(Stdio::null()).output().expect("cargo has built the program");
    let story = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(matches!(output.status.code(), Some(0 | 1)), "{story}");
    let page: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!((page["cases"].as_u64(), page["dead"].as_bool()), (Some(60), Some(false)), "{story}");
    let known = known();
    for finding in page["findings"].as_array().expect("a list") {
        let row = (finding["kind"].as_str().unwrap_or_default().to_string(), plain(finding["says"].as_str().unwrap_or_default()));
        assert!(known.contains(&row), "not known: {finding:#}");
    }
}
