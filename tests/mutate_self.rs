//! `mutate --self`: our own code, and the folders that it reads and feeds.

use crate::mutate::mutate;
use crate::scratch::Scratch;
use serde_json::Value;
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
    assert_eq!(seeds(&second), seeds(&first) + (wire.len() + http.len() + session.len() / 2 + 1) as u64, "{second:#}");
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
