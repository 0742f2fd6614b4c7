//! The whole server suite against SoftEther, the whole client suite against sstp-client: nothing but what `fixtures/known` lists.

use crate::rig::rig;
use serde_json::Value;
use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::process::Command;

#[test]
fn softether_disagrees_where_it_is_known_to() {
    let rig = rig();
    let target = rig.at("SOFTETHER");
    let login = ["--user", "alice", "--password-file", rig.get("PASSWORD"), "--ca", rig.get("CA")];
    nothing_new(&[&["server", &target][..], &login].concat(), "softether", 200);
}

#[test]
fn sstpc_disagrees_where_it_is_known_to() {
    nothing_new(&["client", "--exec-sstpc"], "sstpc", 200);
}

/// Runs a suite against what is known of that peer, of which at least so many cases must be seen again.
fn nothing_new(args: &[&str], peer: &str, least: usize) {
    let known = format!("{}/fixtures/known/{peer}.toml", env!("CARGO_MANIFEST_DIR"));
    let folder = std::env::temp_dir().join(format!("sstp-diag-conformance-{peer}-{}", std::process::id()));
    let artifacts = folder.display().to_string();
    // What is not expected is run again by itself before it counts: --retries is 2 beside --expected.
    let run = Command::new(env!("CARGO_BIN_EXE_sstp-diag"))
        .arg("conformance")
        .args(args)
        .args(["--expected", &known, "-o", "json", "--artifacts", &artifacts])
        .output()
        .expect("it runs");
    let says = String::from_utf8_lossy(&run.stderr);
    let report: Value = serde_json::from_slice(&run.stdout).unwrap_or_else(|error| panic!("stdout is no report: {error}\n{says}"));
    let cases = report["cases"].as_array().expect("cases");
    let surprises: String =
        cases.iter().filter(|row| ["new", "unexpected-pass"].contains(&text(row, "standing"))).map(|row| story(row, &folder)).collect();
    let _ = fs::remove_dir_all(&folder);
    for row in cases.iter().filter(|row| row["note"].is_string()) {
        println!("{}: {}", text(row, "id"), text(row, "note"));
    }
    assert_eq!(run.status.code(), Some(0), "down after {}\n{says}\n{surprises}", report["down_after"]);
    let known = cases.iter().filter(|row| text(row, "standing") == "known").count();
    assert!(known > least, "{known} known disagreements are seen");
}

fn text<'a>(row: &'a Value, key: &str) -> &'a str {
    row[key].as_str().unwrap_or_default()
}

/// A surprise, so that a person who only has this text can tell what happened.
fn story(row: &Value, folder: &Path) -> String {
    let id = text(row, "id");
    let mut story = format!(
        "{id}: {} ({})\n  expected: {}\n  seen: {}\n",
        text(row, "verdict"),
        text(row, "standing"),
        text(row, "expected"),
        text(row, "actual")
    );
    for (name, key) in [("listed", "known"), ("attempts", "note")] {
        if row[key].is_string() {
            let _ = writeln!(story, "  {name}: {}", text(row, key));
        }
    }
    // The first attempt is the one made beside the others; what came after has a number.
    for ending in ["jsonl", "2.jsonl", "3.jsonl"] {
        let path = folder.join(format!("{}.{ending}", id.replace('/', "_")));
        let Ok(events) = fs::read_to_string(&path) else { continue };
        let lines: Vec<&str> = events.lines().collect();
        let _ = writeln!(story, "  {ending}, the last of {} lines:", lines.len());
        for line in lines.iter().skip(lines.len().saturating_sub(TAIL)) {
            let _ = writeln!(story, "    {}", line.chars().take(WIDTH).collect::<String>());
        }
    }
    story
}

const TAIL: usize = 16;
const WIDTH: usize = 260;
