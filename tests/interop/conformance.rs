//! The whole server suite against SoftEther: nothing but what `fixtures/known/softether.toml` lists.

use crate::rig::rig;
use std::process::Command;

#[test]
fn softether_disagrees_where_it_is_known_to() {
    let rig = rig();
    let known = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/known/softether.toml");
    let run = Command::new(env!("CARGO_BIN_EXE_sstp-diag"))
        .args(["conformance", "server", &rig.at("SOFTETHER"), "--user", "alice", "--password-file", rig.get("PASSWORD")])
        .args(["--ca", rig.get("CA"), "--expected", known, "-o", "tap"])
        .output()
        .expect("it runs");
    let (text, says) = (String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
    let new: Vec<&str> = text.lines().filter(|line| line.starts_with("not ok") && !line.contains("# TODO")).collect();
    assert_eq!(run.status.code(), Some(0), "{}\n{says}\n{}", new.join("\n"), text.lines().last().unwrap_or_default());
    assert!(text.matches("# TODO").count() > 200, "the known disagreements are seen");
}
