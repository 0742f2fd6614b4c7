//! `mutate --self`: our own code, and the folders that it reads and feeds.

use crate::mutate::mutate;
use crate::scratch::Scratch;
use serde_json::Value;
use sstp_diag::jobs::mutate::rows;
use std::collections::HashSet;
use std::process::{Command, Stdio};
use std::time::Duration;

#[test]
fn inputs_that_show_something_new_are_kept_in_the_corpus_and_the_same_ones_every_time() {
    let scratch = Scratch::new("mutate-corpus");
    let run = |folder: &str, budget: &str| {
        let (code, out, err) = mutate(&["--self", "--budget", budget, "--corpus", folder, "-o", "json"]);
        assert_eq!(code, Some(0), "{out}{err}");
        serde_json::from_str::<Value>(&out).expect("JSON")
    };
    let files = |folder: &str| {
        let list = std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("a file").file_name());
        list.collect::<std::collections::BTreeSet<_>>()
    };
    let (one, two) = (scratch.path("one"), scratch.path("two"));
    let page = run(&one, "8000");
    run(&two, "8000");
    assert!(
        page["kept"].as_u64().is_some_and(|kept| kept > 20) && page["features"].as_u64().is_some_and(|features| features > 50),
        "{page:#}"
    );
    assert_eq!(files(&one), files(&two));
    // What is there is a seed, and not new.
    let again = run(&one, "8000");
    assert!(again["seeds"].as_u64() > page["seeds"].as_u64(), "{again:#}");
    assert!(again["features"].as_u64() > page["features"].as_u64(), "{again:#} {page:#}");
}

/// The mutators are those of a call: of each something is parsed, but for those of order and time, which are of several messages; and of
/// each a whole call is played to our own server or client.
#[test]
fn every_row_takes_part() {
    let run = || {
        let (code, out, err) = mutate(&["--self", "--budget", "20000", "-o", "json"]);
        assert_eq!(code, Some(0), "{out}{err}");
        serde_json::from_str::<Value>(&out).expect("JSON")
    };
    let page = run();
    let made = |id: &str, what: &str| page["rows"][id][what].as_u64().unwrap_or_default();
    let of_one = |row: &&rows::Mutator| !matches!(row.family, "order" | "timers");
    let unparsed: Vec<_> = rows::all().filter(of_one).map(|row| row.id).filter(|id| made(id, "messages") == 0).collect();
    assert_eq!(unparsed, Vec::<&str>::new(), "{page:#}");
    let unplayed: Vec<_> = rows::all().map(|row| row.id).filter(|id| made(id, "calls") == 0).collect();
    assert_eq!(unplayed, Vec::<&str>::new(), "{page:#}");
    let sum = |what| rows::all().map(|row| made(row.id, what)).sum::<u64>();
    assert!(sum("streams") > 0 && page["from_rows"] == sum("messages") && page["calls"] == sum("calls"), "{page:#}");
    assert_eq!(page["rows"], run()["rows"], "the same seed and budget");
    let (_, text, _) = mutate(&["--self", "--budget", "20000"]);
    assert!(text.contains(&format!("{0} of {0} rows took part", rows::all().count())), "{text}");
}

/// With a recording its messages are spoilt, of both sides, and our own server is one that is like the recorded one.
#[test]
fn both_sides_of_a_recorded_call_are_spoilt() {
    let capture = concat!(env!("CARGO_MANIFEST_DIR"), "/captures/sstpc-ok.pcapng");
    let run = |more: &[&str]| {
        let (code, out, err) = mutate(&[&["--self", "--budget", "16000", "-o", "json"], more].concat());
        assert_eq!(code, Some(0), "{out}{err}");
        serde_json::from_str::<Value>(&out).expect("JSON")
    };
    let (own, recorded) = (run(&[]), run(&[capture]));
    assert!(recorded["seeds"].as_u64() > own["seeds"].as_u64(), "{recorded:#}");
    assert_eq!(recorded["rows"].as_object().map(serde_json::Map::len), Some(rows::all().count()), "{recorded:#}");
}

/// What is new goes to the fuzz targets as each of them takes it, and comes back from them.
#[test]
fn the_corpus_of_the_fuzz_targets_is_fed_and_read() {
    let scratch = Scratch::new("mutate-fuzz");
    let corpus = scratch.path("fuzz/corpus");
    std::fs::create_dir_all(scratch.path("fuzz/fuzz_targets")).expect("made");
    let run = |folder: &str| {
        let (code, out, err) = mutate(&["--self", "--budget", "20000", "--corpus", folder, "-o", "json"]);
        assert_eq!(code, Some(0), "{out}{err}");
        serde_json::from_str::<Value>(&out).expect("JSON")
    };
    let files = |target: &str| {
        let list = std::fs::read_dir(format!("{corpus}/{target}")).expect("a folder");
        list.map(|entry| std::fs::read(entry.expect("a file").path()).expect("read")).collect::<Vec<_>>()
    };
    let first = run(&corpus);
    let (wire, http, session) = (files("wire"), files("http"), files("session"));
    assert!(wire.len() > 20 && http.len() > 3 && session.len() > 3, "{} {} {}", wire.len(), http.len(), session.len());
    assert!(wire.iter().any(|bytes| bytes.starts_with(&[0xff, 3])) && wire.iter().any(|bytes| bytes.starts_with(&[0x10, 1])));
    assert!(http.iter().all(|bytes| bytes.first() != Some(&0x10)));
    assert!(session.iter().all(|bytes| matches!(bytes.as_slice(), [0 | 1, 0xff, _, ..])));
    assert!(std::fs::read_dir(&corpus).expect("there").all(|entry| entry.expect("an entry").path().is_dir()));
    // A target's own input is a seed the next time; a session's is one, whichever end it was for.
    std::fs::write(format!("{corpus}/wire/own"), [0xff, 3, 0xc0, 0x21, 200, 1, 0, 4]).expect("written");
    let second = run(&corpus);
    let seeds = |page: &Value| page["seeds"].as_u64().expect("a number");
    // What a session was fed may be a single message, which is no other seed.
    let with_header = |frame: &[u8]| [&[0x10, 0], &u16::try_from(frame.len() + 4).expect("short").to_be_bytes()[..], frame].concat();
    let packets = wire.iter().map(|bytes| if bytes.starts_with(&[0xff, 3]) { with_header(bytes) } else { bytes.clone() });
    let inputs: HashSet<Vec<u8>> = packets.chain(http.clone()).chain(session.iter().map(|bytes| bytes[2..].to_vec())).collect();
    assert!(inputs.len() * 10 > (wire.len() + http.len() + session.len() / 2) * 9);
    assert_eq!(seeds(&second), seeds(&first) + inputs.len() as u64 + 1, "{second:#}");
    // The folder of one target takes what is for that one.
    std::fs::create_dir_all(scratch.path("alone/http")).expect("made");
    run(&scratch.path("alone/http"));
    let alone = std::fs::read_dir(scratch.path("alone/http")).expect("there").map(|entry| entry.expect("a file").path());
    let alone: Vec<_> = alone.map(|path| std::fs::read(path).expect("a file")).collect();
    assert!(!alone.is_empty() && alone.iter().all(|bytes| bytes.first() != Some(&0x10)));
}

#[test]
fn what_was_found_in_our_own_code_until_ctrl_c_is_told_and_kept() {
    let scratch = Scratch::new("mutate-self-stopped");
    let folder = scratch.path("corpus");
    let mut command = Command::new(env!("CARGO_BIN_EXE_sstp-diag"));
    command.args(["mutate", "--self", "--budget", "100000000000", "--corpus", &folder, "-o", "json"]);
    let child = command.stdout(Stdio::piped()).spawn().expect("it runs");
    std::thread::sleep(Duration::from_secs(2));
    let _ = Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill runs");
    let output = child.wait_with_output().expect("it ends");
    let page: Value = serde_json::from_slice(&output.stdout).expect("what was gathered is told");
    assert!(output.status.code() == Some(130) && page["parses"].as_u64().is_some_and(|parses| parses > 0), "{page:#}");
    assert!(std::fs::read_dir(&folder).is_ok_and(|mut files| files.next().is_some()));
}

#[test]
fn our_own_code_stands_what_others_are_sent() {
    let (code, out, err) = mutate(&["--self", "--budget", "30000"]);
    assert_eq!(code, Some(0), "{out}{err}");
    assert!(out.contains("Nothing is wrong.") && out.contains("parses/s"), "{out}");
}
