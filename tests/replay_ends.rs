//! What a replay tells of a peer that ends early, says something else, or floods; and what it writes down of it.

use crate::captures::folder;
use crate::replay::{scripts, sstp_diag};
use crate::scratch::Scratch;
use serde_json::Value;
use sstp_diag::base::{Micros, Side};
use sstp_diag::jobs::replay::player::{Player, Shared};
use sstp_diag::jobs::replay::{Course, Manner, Present, Timing, moment::Moment};
use sstp_diag::proto::{Input, Machine, Output};
use sstp_diag::transcript::What;
use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

fn capture(name: &str) -> String {
    folder().join(format!("{name}.pcapng")).display().to_string()
}

/// The end that is reported of a run against the lab with this fault.
fn end(name: &str, fault: &str) -> Value {
    let (code, out, err) =
        sstp_diag(&["replay", &capture(name), "--lab", "--seed", "1", "--fault", fault, "--patience", "3", "-o", "json"]);
    assert_eq!(code, Some(1), "{name} {fault}: {out}{err}");
    serde_json::from_str::<Value>(&out).unwrap_or_else(|error| panic!("{error}: {out}"))["ends"][0].clone()
}

/// Whether the recorded client said goodbye or not makes no difference to where the server has left the recording.
#[test]
fn a_server_that_ends_early_does_so_at_what_was_awaited() {
    for name in ["softether-ok-tls12", "softether-ok-tls13", "sstpc-ok"] {
        for (fault, came) in [("binding.other-certificate", "sstp.call-abort"), ("auth.disconnected", "sstp.call-disconnect")] {
            let end = end(name, fault);
            let first = &end["divergences"][0];
            let (place, says) = (first["place"].as_str().unwrap_or_default(), first["says"].as_str().unwrap_or_default());
            assert!(says.starts_with(&format!("{came} came, ")) && !place.starts_with("sstp."), "{name} {fault}: {first:#}");
            if came == "sstp.call-abort" {
                assert_eq!(place, "ipcp.configure-reject#1", "{name}: {first:#}");
            }
            let rows = end["ladder"].as_array().expect("a ladder");
            let is_there =
                |row: &Value, side: &str, name: &str| row[side].as_str().is_some_and(|words| words.split(' ').next() == Some(name));
            let at = rows.iter().position(|row| is_there(row, "live", came)).expect("it came");
            assert!(rows[at]["recorded"].is_null() && rows.len() - at > 8, "{name} {fault}: it stands where it came: {rows:#?}");
        }
    }
}

#[test]
fn whatever_came_too_much_has_a_place() {
    for (name, fault) in
        [("softether-ok-tls12", "lcp.half-everything"), ("sstpc-ok", "lcp.disconnected"), ("sstpc-ok", "lcp.half-everything")]
    {
        let end = end(name, fault);
        let first = &end["divergences"][0];
        assert_eq!(first["place"].as_str(), Some("lcp.configure-request#1"), "{name} {fault}: {first:#}");
        assert!(first["says"].as_str().is_some_and(|says| says.ends_with("lcp.configure-request was to be sent next")), "{first:#}");
    }
}

/// The lanes of a player hold back nothing: what floods it is counted, and a bounded part of it is told.
#[test]
fn of_a_peer_that_floods_a_bounded_part_is_kept() {
    let script = scripts().0.into_iter().find(|row| row.0 == "sstpc-ok#1").expect("it is there").1;
    let echo: &[u8] = &[0x10, 1, 0, 8, 0, 8, 0, 0];
    let data = [&[0x10, 0, 0x0f, 0xff, 0xff, 3, 0, 0x21][..], &[0x45; 4087]].concat();
    for (packet, most) in [(echo, 5_000), (&data, 1_200)] {
        let (course, outcome) = (Arc::new(Course::of(&script, Side::Client)), Shared::default());
        let manner = Manner { timing: Timing::Asap, patience: Duration::from_secs(3), gate: None, notes: true };
        let moment = Moment::new(Side::Client, Present { host: "h".into(), seed: 1, ..Present::default() }, None, false);
        let mut player = Player::new(course, manner, moment, outcome.clone(), Micros::ZERO);
        let (mut told, mut omitted, mut now) = (0, 0, Micros::ZERO);
        let mut drain = |player: &mut Player| loop {
            match player.poll() {
                Output::Event(event) => match event.what {
                    What::Omitted { count } => omitted += count,
                    _ => told += 1,
                },
                Output::Wait(_) | Output::Done => return,
                Output::Send(_) | Output::Close => {}
            }
        };
        drain(&mut player);
        player.handle(now, Input::Bytes { from: Side::Server, bytes: b"HTTP/1.1 200 OK\r\n\r\n" });
        for _ in 0..200 {
            now = now + Duration::from_millis(10);
            player.handle(now, Input::Bytes { from: Side::Server, bytes: &packet.repeat(100) });
            drain(&mut player);
        }
        player.handle(now + Duration::from_secs(10), Input::Tick);
        drain(&mut player);
        let flooded = outcome.lock().expect("nobody panics").flooded;
        assert!(told < most && told > 1_000, "{told} are told");
        assert!(omitted == flooded && omitted + told as u64 > 20_000, "{omitted} {flooded} {told}");
    }
}

#[test]
fn what_is_saved_of_a_replay_reads_as_the_call_that_it_was() {
    let (scratch, call) = (Scratch::new("replay-saved"), capture("softether-ok-tls12"));
    let path = scratch.path("now.jsonl");
    for against in ["--lab", "--both"] {
        let (code, out, err) = sstp_diag(&["replay", &call, against, "--save", &path]);
        assert_eq!(code, Some(0), "{out}{err}");
        let (_, out, err) = sstp_diag(&["decode", &path]);
        assert!(out.contains("comes up and carries traffic") && !out.contains("not reached"), "{against}: {out}{err}");
        let head: Value =
            serde_json::from_str(std::fs::read_to_string(&path).expect("it was written").lines().next().expect("a head")).expect("JSON");
        assert!(head["target"]["host"] != "" && head["target"]["port"] != 0 && head["asked"]["credentials"] == true, "{head:#}");
        let (code, out, err) = sstp_diag(&["replay", &path, "--lab"]);
        assert!(code == Some(0) && out.contains("Equal"), "{against}: {out}{err}");
    }
    let (code, _, err) = sstp_diag(&["replay", &call, "--lab", "--count", "3", "--save", &path]);
    assert!(code == Some(2) && err.contains("--save is for one session"), "{err}");
}

#[test]
fn a_script_that_says_not_what_it_comes_from_is_named_after_its_file() {
    let scratch = Scratch::new("replay-unnamed");
    let path = scratch.path("call.txt");
    let (code, text, err) = sstp_diag(&["replay", &capture("softether-ok-tls12"), "--export-script", "-"]);
    assert_eq!(code, Some(0), "{err}");
    let text: String = text.lines().filter(|line| !line.starts_with("from ")).map(|line| format!("{line}\n")).collect();
    std::fs::write(&path, text).expect("written");
    let (_, out, err) = sstp_diag(&["replay", &path, "--both"]);
    assert!(out.starts_with("Replays call.txt\n"), "{out}{err}");
}

#[test]
fn one_standard_input_is_not_read_for_two_things() {
    for command in ["replay", "mutate"] {
        let args = [command, "-", "--to", "127.0.0.1:1", "--user", "a", "--password-file", "-"];
        let mut child = Command::new(env!("CARGO_BIN_EXE_sstp-diag"));
        let mut child = child.args(args).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("it runs");
        let _ = child.stdin.take().expect("a pipe").write_all(b"\n");
        let output = child.wait_with_output().expect("it ends");
        let err = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(2) && err.contains("one thing only"), "{command}: {err}");
    }
}

/// What ends a call in place of an Echo Response says so: a recording that asks for none does not meet it.
#[test]
fn what_waits_for_an_echo_request_is_said_to() {
    let (_, list, _) = sstp_diag(&["lab", "--list"]);
    for (fault, verb) in [("data.aborted", "aborts"), ("teardown.by-server", "disconnects"), ("teardown.closed-by-server", "closes")] {
        let line = list.lines().find(|line| line.split_whitespace().next() == Some(fault)).unwrap_or_default();
        assert!(line.ends_with(&format!("the server {verb} in place of its first Echo Response")), "{fault}: {line}");
        let (code, out, _) = sstp_diag(&["replay", &capture("softether-ok-tls12"), "--lab", "--fault", fault]);
        assert!(code == Some(0) && out.contains("Equal"), "{fault}: {out}");
        assert!(end("softether-ok-tls13", fault)["divergences"][0]["place"].is_string(), "{fault}");
    }
}
