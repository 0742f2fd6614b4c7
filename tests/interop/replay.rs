//! Recordings played again to SoftEther: our own, and those of other clients.

use crate::rig::rig;
use std::path::Path;
use std::process::{Command, Stdio};

/// Runs the program; exit code and what it printed.
fn run(args: &[&str]) -> (Option<i32>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_sstp-diag"))
        .args(args)
        .env("NO_COLOR", "1")
        .stdin(Stdio::null())
        .output()
        .expect("cargo has built the program");
    let story =
        format!("$ sstp-diag {}\n{}{}", args.join(" "), String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    (output.status.code(), story)
}

fn as_alice<'a>(args: &[&'a str], target: &'a str) -> Vec<&'a str> {
    let login = ["--user", "alice", "--password-file", rig().get("PASSWORD"), "--ca", rig().get("CA")];
    [&["replay"], args, &["--to", target], &login].concat()
}

fn capture(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("captures").join(name).display().to_string()
}

#[test]
fn a_probe_that_was_recorded_plays_again_and_nothing_differs() {
    let target = format!("localhost:{}", rig().get("SOFTETHER"));
    let folder = std::env::temp_dir();
    let path = |end: &str| folder.join(format!("sstp-diag-replay-{}.{end}", std::process::id())).display().to_string();
    let (pcap, saved, script) = (path("pcapng"), path("jsonl"), path("txt"));
    let login = ["--user", "alice", "--password-file", rig().get("PASSWORD"), "--ca", rig().get("CA")];
    let (code, story) = run(&[&["probe", target.as_str()], &login[..], &["--pcap", &pcap, "--save", &saved]].concat());
    assert_eq!(code, Some(0), "{story}");
    for from in [&pcap, &saved] {
        let (code, story) = run(&as_alice(&[from.as_str(), "--export-script", &script], &target));
        assert_eq!(code, Some(0), "{story}");
        let (code, story) = run(&as_alice(&[script.as_str()], &target));
        assert_eq!(code, Some(0), "{story}");
    }
    for file in [pcap, saved, script] {
        let _ = std::fs::remove_file(file);
    }
}

/// Recorded by sstpc and by another client, against another SoftEther.
#[test]
fn sessions_of_other_clients_play_again() {
    let target = format!("localhost:{}", rig().get("SOFTETHER"));
    for name in ["sstpc-ok", "sstpc-no-keys", "sstpc-lcp-terminate", "softether-ok-tls13", "softether-pap", "softether-sha1-binding"] {
        let (code, story) = run(&as_alice(&[capture(&format!("{name}.pcapng")).as_str()], &target));
        assert_eq!(code, Some(0), "{story}");
    }
}

#[test]
fn a_wrong_password_shows_at_the_result() {
    let target = format!("localhost:{}", rig().get("SOFTETHER"));
    let file = capture("softether-ok-tls12.pcapng");
    let login = ["--user", "alice", "--password-file", rig().get("WRONG_PASSWORD"), "--ca", rig().get("CA")];
    let (code, story) = run(&[&["replay", file.as_str(), "--to", target.as_str()], &login[..]].concat());
    assert_eq!(code, Some(1), "{story}");
    let flat = story.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(flat.contains("at chap.success#1: chap.failure came where the recording has chap.success"), "{story}");
}

#[test]
fn a_recorded_refusal_is_one_again() {
    let target = format!("localhost:{}", rig().get("SOFTETHER"));
    let file = capture("softether-bad-password.pcapng");
    let login = ["--user", "alice", "--password-file", rig().get("WRONG_PASSWORD"), "--ca", rig().get("CA")];
    let (code, story) = run(&[&["replay", file.as_str(), "--to", target.as_str()], &login[..]].concat());
    assert_eq!(code, Some(0), "{story}");
}

/// A server that is no SoftEther: the recording of one differs at the first word.
#[test]
fn another_server_differs_at_once() {
    let target = format!("localhost:{}", rig().get("NGINX_STATIC"));
    let file = capture("softether-ok-tls12.pcapng");
    let (code, story) = run(&as_alice(&[file.as_str()], &target));
    assert_eq!(code, Some(1), "{story}");
    assert!(story.contains("at http.response#1"), "{story}");
}
