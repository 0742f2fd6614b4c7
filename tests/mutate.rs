//! `mutate` over sockets: seeded defects are found, a sound lab is quiet, the rails hold, and a run can be repeated. That every
//! defect is found, and that no variant is held against a sound server, is tested in memory (`src/jobs/mutate/tests.rs`).

use crate::scratch::Scratch;
use serde_json::Value;
use sstp_diag::base::Side;
use sstp_diag::jobs::mutate::{Arena, Hunt, World, rows, variant};
use sstp_diag::proto::bug;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

/// Exit code, standard output, standard error.
pub fn mutate(args: &[&str]) -> (Option<i32>, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sstp-diag"));
    let output = command.arg("mutate").args(args).env("NO_COLOR", "1").stdin(Stdio::null()).output().expect("it runs");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    (output.status.code(), text(output.stdout), text(output.stderr))
}

/// The report of a run against a lab.
pub fn page(args: &[&str]) -> (Option<i32>, Value) {
    let (code, out, err) = mutate(&[args, &["-o", "json"]].concat());
    (code, serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out}{err}")))
}

#[test]
fn seeded_defects_are_found_over_sockets_and_the_command_repeats_the_finding() {
    let rows = [
        ("connected-early", "early/sstp.call-connected#1/", "accepted"),
        ("short-attribute-ends", "cut/sstp.call-disconnect#1/", "wrong-reaction"),
        ("echo-early", "out-of-turn/after-ack/echo", "accepted"),
        ("nonce-reused", "echo/connected/plain", "leak"),
        ("ppp-length-leaks", "lcp-length/connected/says-64", "leak"),
    ];
    for (bug, select, kind) in rows {
        let (code, page) = page(&["--lab", "--bug", bug, "--select", select]);
        let finding = &page["findings"][0];
        assert_eq!((code, finding["kind"].as_str()), (Some(1), Some(kind)), "{bug}: {page:#}");
        assert_eq!(finding["seen"], serde_json::json!([3, 3]), "{bug}");
        let command = finding["command"].as_str().expect("a command");
        let words: Vec<&str> = command.strip_prefix("sstp-diag mutate ").expect("it is ours").split(' ').collect();
        let (code, again) = self::page(&words.iter().map(|word| word.trim_matches('\'')).collect::<Vec<_>>());
        assert_eq!((code, &again["findings"][0]["says"]), (Some(1), &finding["says"]), "{command}");
    }
}

#[test]
fn a_sound_lab_is_quiet_over_sockets_alone_and_in_one_session() {
    let (code, alone) = page(&["--lab", "--budget", "150", "--concurrency", "4"]);
    assert_eq!((code, alone["cases"].as_u64()), (Some(0), Some(150)), "{alone:#}");
    assert!(alone["states"].as_array().is_some_and(|states| states.len() >= 8), "{alone:#}");
    let (code, session) = page(&["--lab", "--in-session", "--budget", "3000"]);
    assert_eq!((code, session["cases"].as_u64()), (Some(0), Some(3_000)), "{session:#}");
    assert!(session["connections"].as_u64().is_some_and(|connections| connections < 5), "{session:#}");
}

#[test]
fn what_leaves_the_session_open_finds_a_defect_too() {
    let (code, page) = page(&["--lab", "--bug", "bad-ppp-ends", "--in-session", "--budget", "200"]);
    let id = page["findings"][0]["id"].as_str().unwrap_or_default();
    assert_eq!((code, id.starts_with("open/")), (Some(1), true), "{page:#}");
}

/// A server that has let us go closes within its timer; that is looked at where Call Disconnect is not the honest one.
#[test]
fn a_server_that_stays_behind_call_disconnect_is_found() {
    let id = "status/sstp.call-disconnect#1/disconnect-bare";
    let (code, page) = page(&["--lab", "--bug", "disconnect-stays", "--only", id]);
    let finding = &page["findings"][0];
    assert_eq!((code, finding["kind"].as_str(), finding["spec"].as_str()), (Some(1), Some("hang"), Some("MS-SSTP 3.1.2.2")), "{page:#}");
    let (code, page) = self::page(&["--lab", "--select", "status/sstp.call-disconnect#1/"]);
    assert!(code == Some(0) && page["cases"].as_u64().is_some_and(|cases| cases > 5), "{page:#}");
}

#[test]
fn what_would_be_ignored_is_refused() {
    for args in [
        &["--self", "--only", "drop/sstp.call-connected#1"][..],
        &["--self", "--dry-run"],
        &["--self", "--budget", "1", "--pid", "1"],
        &["--self", "--budget", "1", "--resume", "state"],
        &["--self", "--budget", "1", "--concurrency", "2"],
        &["--in-session", "--dry-run"],
        &["--lab", "--pid", "4194305"],
    ] {
        let (code, out, err) = mutate(args);
        assert!(code == Some(2) && out.is_empty() && err.starts_with("sstp-diag: "), "{args:?}: {code:?} {out}{err}");
    }
}

/// Calls that the interruption cuts are nobody's fault.
#[test]
fn an_interrupted_run_accuses_nobody_of_what_it_cut_itself() {
    for seed in ["2", "3", "4"] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sstp-diag"));
        command.args(["mutate", "--lab", "--seed", seed, "-o", "json"]).stdout(Stdio::piped()).stderr(Stdio::null());
        let child = command.spawn().expect("it runs");
        std::thread::sleep(Duration::from_secs(3));
        let _ = Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill runs");
        let output = child.wait_with_output().expect("it ends");
        let page: Value = serde_json::from_slice(&output.stdout).expect("what was gathered is told");
        assert_eq!(output.status.code(), Some(130), "{page}");
        assert!(page["interrupted"] == true && page["dead"] == false, "{page}");
        assert_eq!(page["findings"].as_array().map(Vec::len), Some(0), "{page}");
        let left = page["left_out"].to_string();
        assert!(left.contains("of the list, before which it ended") && !left.contains("--budget"), "{left}");
    }
}

#[test]
fn nobody_is_sent_spoilt_calls_who_has_not_asked_for_it() {
    let wanted = |args: &[&str]| mutate(&[&["--lab-session", "--budget", "1"], args].concat());
    for args in [
        &["--to", "vpn.example.test"][..],
        &["--to", "192.0.2.7:443"],
        &["--to", "vpn.example.test", "--i-am-authorised", "other.example.test"],
        &["--to", "127.0.0.1:1", "--to", "192.0.2.7"],
        &["--to", "localhost:1", "--connect", "192.0.2.7:1"],
        &["--to", "localhost:1", "--resolve", "localhost:192.0.2.7"],
        // A proxy elsewhere dials a localhost of its own.
        &["--to", "localhost:1", "--proxy", "http://192.0.2.7:3128"],
    ] {
        let (code, _, err) = wanted(args);
        assert_eq!(code, Some(2), "{args:?}: {err}");
        assert!(err.contains("--i-am-authorised") || args.contains(&"--resolve"), "{args:?}: {err}");
    }
    // Authorised, and nobody is there: our side could not run.
    let (code, _, err) = wanted(&["--to", "127.0.0.1:1"]);
    assert_eq!(code, Some(3), "{err}");
    assert!(err.contains("does not go through"), "{err}");
    for args in [&["--lab-session"][..], &["--to", "127.0.0.1:1"], &["--lab", "--only", "no/such/variant"], &["--lab", "--bug", "x"]] {
        assert_eq!(mutate(args).0, Some(2), "{args:?}");
    }
}

#[test]
fn variants_can_be_listed_and_are_the_same_every_time() {
    let list = |seed: &str| mutate(&["--lab", "--dry-run", "--slow", "--seed", seed]).1;
    let (one, two) = (list("9"), list("9"));
    assert!(one == two && one != list("10"));
    let lines: Vec<&str> = one.lines().collect();
    assert!(lines.len() > 3_000, "{}", lines.len());
    let id = lines[0].split_once("  ").expect("id and edits").0;
    let (_, only, _) = mutate(&["--lab", "--dry-run", "--slow", "--seed", "9", "--only", id]);
    assert_eq!(only.trim_end(), lines[0]);
    let (_, json, _) = mutate(&["--lab", "--dry-run", "--seed", "9", "--budget", "2", "-o", "json"]);
    assert_eq!(json.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()).count(), 2);
}

#[test]
fn a_run_goes_on_where_it_stood_and_keeps_what_it_found() {
    let scratch = Scratch::new("mutate-keeps");
    let (state, found) = (scratch.path("state.json"), scratch.path("found"));
    let (state, found) = (state.as_str(), found.as_str());
    let part = |budget: &str| page(&["--lab", "--budget", budget, "--resume", state]).1["cases"].as_u64();
    assert_eq!((part("6"), part("10"), part("10")), (Some(6), Some(4), Some(0)));
    assert_eq!(mutate(&["--lab", "--budget", "9", "--resume", state, "--seed", "2"]).0, Some(2));
    // A state of other variants, or one that says nonsense, is not gone on from.
    assert_eq!(mutate(&["--lab", "--select", "split/", "--resume", state]).0, Some(2));
    let nonsense = scratch.path("nonsense.json");
    let text = std::fs::read_to_string(state).expect("written").replace("\"listed\": 10", "\"listed\": 99999999");
    std::fs::write(&nonsense, text).expect("written");
    assert_eq!(mutate(&["--lab", "--resume", &nonsense]).0, Some(3));
    // What was found before is told again.
    let kept = scratch.path("kept.json");
    let part =
        |budget: &str| page(&["--lab", "--bug", "missteps-passed", "--select", "out-of-turn/", "--budget", budget, "--resume", &kept]);
    let ((_, first), (code, second)) = (part("12"), part("12"));
    assert!(first["findings"].as_array().is_some_and(|list| !list.is_empty()), "{first:#}");
    assert_eq!((code, &second["findings"], second["before"].as_u64()), (Some(1), &first["findings"], Some(12)), "{second:#}");
    let (code, page) = page(&["--lab", "--bug", "echo-early", "--select", "out-of-turn/after-ack/echo-request", "--corpus", found]);
    assert_eq!(code, Some(1), "{page:#}");
    let files: Vec<&str> = page["findings"][0]["files"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    assert_eq!(files.len(), 2, "{page:#}");
    assert!(files.iter().all(|file| std::fs::metadata(file).is_ok_and(|about| about.len() > 500)), "{files:?}");
    let run = |args: &[&str]| Command::new(env!("CARGO_BIN_EXE_sstp-diag")).args(args).output().expect("it runs");
    let decoded = run(&["decode", files[1], "-v"]);
    assert!(String::from_utf8_lossy(&decoded.stdout).contains("echo-request"), "{}", String::from_utf8_lossy(&decoded.stdout));
    let replayed = run(&["replay", files[0], "--lab"]);
    assert_eq!(replayed.status.code(), Some(1), "the sound lab aborts the call: {}", String::from_utf8_lossy(&replayed.stdout));
}

/// Each run has a call of its own, with numbers of its own; the names of the variants and their order are those of every call.
#[test]
fn a_run_with_a_call_of_its_own_goes_on_too() {
    let scratch = Scratch::new("mutate-own-call");
    let (state, lab) = (scratch.path("state.json"), Serving::start(&[]));
    let what = ["--lab-session", "--to", lab.target.as_str(), "--select", "boundary/lcp", "--select", "boundary/ipv6cp"];
    let part = |budget: &str| page(&[&what[..], &["--budget", budget, "--resume", &state]].concat());
    let (first, second) = (part("4"), part("9"));
    assert_eq!((first.0, first.1["cases"].as_u64()), (Some(0), Some(4)), "{:#}", first.1);
    assert_eq!((second.0, second.1["cases"].as_u64()), (Some(0), Some(5)), "{:#}", second.1);
    let only = "boundary/lcp.configure-ack#1/magic-number=recorded+1";
    let (code, page) = page(&["--lab-session", "--to", &lab.target, "--only", only]);
    assert_eq!((code, page["cases"].as_u64()), (Some(0), Some(1)), "{page:#}");
}

#[test]
fn memory_that_grows_is_seen_from_outside_and_a_death_ends_the_run() {
    let leaky = Serving::start(&["--bug", "frame-leak"]);
    let pid = leaky.child.id().to_string();
    let args = ["--lab-session", "--to", &leaky.target, "--pid", &pid, "--select", "flood/connected/unknown-protocol-20"];
    let (code, page) = page(&args);
    assert_eq!((code, page["findings"][0]["kind"].as_str()), (Some(1), Some("memory")), "{page:#}");
    let (code, page) = self::page(&["--lab", "--bug", "largest-kills", "--select", "size/connected/"]);
    let died = page["findings"]
        .as_array()
        .into_iter()
        .flatten()
        .any(|finding| finding["kind"] == "died" && finding["id"] == "size/connected/4095");
    assert_eq!((code, died, page["dead"].as_bool()), (Some(1), true, Some(true)), "{page:#}");
}

#[test]
fn two_servers_are_held_side_by_side() {
    let labs: Vec<Serving> = [&[][..], &["--bug", "unknown-type-passed"]].iter().map(|args| Serving::start(args)).collect();
    let targets: Vec<String> = labs.iter().map(|lab| lab.target.clone()).collect();
    let select = ["--select", "out-of-turn/connected/type-", "--select", "echo/connected/plain"];
    let args = [&["--lab-session", "--to", &targets[0], "--to", &targets[1]][..], &select].concat();
    let (code, out, err) = mutate(&args);
    assert_eq!(code, Some(1), "{out}{err}");
    assert!(out.contains("7 variants sent to every target, 6 not answered alike"), "{out}");
    assert!(out.lines().any(|line| line.contains("type-65535") && line.contains("abort")), "{out}");
}

/// The referee was made with the lab at hand: calls of other clients, with other logins, must not make it see things.
#[test]
fn calls_of_other_clients_are_spoilt_too_and_a_sound_server_is_not_accused() {
    let wanted = ["softether-ok-tls12#1", "softether-pap#1", "sstpc-ok#1"];
    let mut tried = Vec::new();
    for (name, script) in crate::replay::scripts().0.into_iter().filter(|row| wanted.contains(&row.0.as_str())) {
        let script = variant::to_its_end(script);
        let Some(arena) = Arena::like(&script, &[], 5) else { continue };
        let honest = arena.ride(&[], (5, 6));
        assert_eq!(honest.verdict(&World::default()).reaction, "goes on", "{name}");
        let hunt = Hunt::new(1, Duration::from_millis(700));
        let variants = variant::all(&script, Side::Client, 5);
        arena.hunt(&hunt, &variants[..variants.len().min(250)], &mut |_| false);
        let says: Vec<String> =
            hunt.findings().iter().map(|finding| format!("{}: {} | {}", finding.id, finding.fault.says, finding.line())).collect();
        assert!(says.is_empty(), "{name}: {says:#?}");
        let unreached = hunt.counts().unreached;
        assert!(unreached < 100, "{name}: {unreached}");
        tried.push(name);
    }
    assert_eq!(tried.len(), 3, "{tried:?}");
}

/// A lab in a process of its own.
pub struct Serving {
    child: std::process::Child,
    /// Where it is met.
    pub target: String,
}

impl Serving {
    pub fn start(args: &[&str]) -> Serving {
        use std::io::{BufRead, BufReader};
        let mut child =
            Command::new(env!("CARGO_BIN_EXE_sstp-diag")).arg("lab").args(args).stdout(Stdio::piped()).spawn().expect("it runs");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("piped")).read_line(&mut line).expect("it says where");
        let target = line.split_whitespace().nth(1).expect("an address").trim_end_matches(',').to_string();
        Serving { child, target }
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A free port that no connection is given while nobody listens on it: below those that Linux gives out (ip_local_port_range).
fn steady_port() -> u16 {
    static TRIED: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
    let next = || std::process::id() * 7 + TRIED.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    let mut ports = std::iter::repeat_with(|| u16::try_from(21_000 + next() % 8_000).expect("below 29000"));
    ports.find(|port| std::net::TcpListener::bind(("127.0.0.1", *port)).is_ok()).expect("a free port")
}

/// Words of a printed command, as the shell would have them.
fn words(command: &str) -> Vec<String> {
    let line = command.strip_prefix("sstp-diag mutate ").expect("it is ours");
    let split = Command::new("sh").args(["-c", &format!("printf '%s\\n' {line}")]).output().expect("a shell");
    String::from_utf8(split.stdout).expect("UTF-8").lines().map(str::to_string).collect()
}

#[test]
fn defects_of_a_client_are_found_over_sockets_and_the_command_repeats_the_finding() {
    let rows = [
        ("client.takes-missteps", "out-of-turn/after-ack/", "accepted"),
        ("client.minds-echoes", "echo/after-connected/response", "wrong-reaction"),
        ("client.takes-any-status", "answer-line/", "accepted"),
        ("client.minds-reserved", "reserved/sstp.call-connect-ack#1/", "wrong-reaction"),
    ];
    for (fault, select, kind) in rows {
        let (code, page) = page(&["--listen", "127.0.0.1:0", "--built-in", "--fault", fault, "--select", select]);
        let found = page["findings"].as_array().into_iter().flatten().find(|finding| finding["kind"] == kind);
        let finding = found.unwrap_or_else(|| panic!("{fault}: {page:#}"));
        assert_eq!((code, &finding["seen"]), (Some(1), &serde_json::json!([3, 3])), "{fault}");
        let command = words(finding["command"].as_str().expect("a command"));
        let (code, again) = self::page(&command.iter().map(String::as_str).collect::<Vec<_>>());
        assert_eq!((code, &again["findings"][0]["says"]), (Some(1), &finding["says"]), "{command:?}");
    }
}

#[test]
fn a_sound_client_is_quiet_started_by_a_command_too() {
    let (code, built_in) = page(&["--listen", "127.0.0.1:0", "--built-in", "--budget", "60", "--concurrency", "8"]);
    assert_eq!((code, built_in["cases"].as_u64()), (Some(0), Some(60)), "{built_in:#}");
    assert!(built_in["states"].as_array().is_some_and(|states| states.len() >= 8), "{built_in:#}");
    let probe = env!("CARGO_BIN_EXE_sstp-diag");
    let command = format!("{probe} probe {{host}}:{{port}} --ca {{ca}} --user {{user}} --password-file {{password_file}}");
    let select = ["--select", "out-of-turn/after-ack/", "--select", "answer-line/"];
    let (code, started) = page(&[&["--listen", "127.0.0.1:0", "--exec", &command], &select[..]].concat());
    assert_eq!((code, started["cases"].as_u64()), (Some(0), Some(34)), "{started:#}");
}

#[test]
fn a_client_that_dies_of_a_variant_is_a_finding_and_is_written_down() {
    let scratch = Scratch::new("mutate-guest");
    let found = scratch.path("found");
    let probe = env!("CARGO_BIN_EXE_sstp-diag");
    // It dies when it is refused.
    let command = format!(
        "{probe} probe {{host}}:{{port}} --ca {{ca}} --user {{user}} --password-file {{password_file}} | grep -q 'HTTP/1.1 403' && kill -SEGV $$"
    );
    let only = "answer-line/http.response#1/HTTP-1.1-403";
    let (code, page) = page(&["--listen", "127.0.0.1:0", "--exec", &command, "--only", only, "--corpus", &found]);
    let finding = &page["findings"][0];
    assert_eq!((code, finding["kind"].as_str()), (Some(1), Some("died")), "{page:#}");
    assert!(finding["says"].as_str().is_some_and(|says| says.contains("signal 11")), "{page:#}");
    let files: Vec<&str> = finding["files"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let run = |args: &[&str]| Command::new(probe).args(args).output().expect("it runs");
    let decoded = run(&["decode", files[1]]);
    assert!(String::from_utf8_lossy(&decoded.stdout).contains("403"), "{}", String::from_utf8_lossy(&decoded.stdout));
    assert!(std::fs::read_to_string(files[0]).is_ok_and(|script| script.contains("instead \"HTTP/1.1 403")), "{files:?}");
}

#[test]
fn a_client_that_is_brought_by_hand_is_met_again_and_again() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a port").port().to_string();
    let scratch = Scratch::new("mutate-hand");
    let (at, ca, password) = (format!("127.0.0.1:{port}"), scratch.path("root.pem"), scratch.path("password"));
    std::fs::write(&password, "Passw0rd!\n").expect("a file");
    let over = std::sync::atomic::AtomicBool::new(false);
    let (code, page) = std::thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(std::sync::atomic::Ordering::Relaxed) {
                let login = ["--user", "alice", "--password-file", &password];
                let to = format!("localhost:{port}");
                let args = [&["probe", to.as_str(), "--ca", &ca], &login[..]].concat();
                let _ = Command::new(env!("CARGO_BIN_EXE_sstp-diag")).args(args).output();
                std::thread::sleep(Duration::from_millis(50));
            }
        });
        let said = self::page(&["--listen", &at, "--ca-out", &ca, "--select", "naks/sstp.call-connect-ack#1/"]);
        over.store(true, std::sync::atomic::Ordering::Relaxed);
        said
    });
    assert_eq!((code, page["cases"].as_u64()), (Some(0), Some(7)), "{page:#}");
}

#[test]
fn arguments_for_clients_that_make_no_sense_are_refused() {
    for args in [
        &["--listen", "127.0.0.1:0"][..],
        &["--listen", "0.0.0.0:4443", "--exec", "true"],
        &["--listen", "127.0.0.1:0", "--built-in", "--fault", "no.such"],
        &["--listen", "127.0.0.1:0", "--built-in", "--restart-cmd", "true"],
        &["--listen", "127.0.0.1:0", "--built-in", "--in-session"],
        &["--listen", "127.0.0.1:0", "--lab"],
        &["--exec", "true"],
    ] {
        assert_eq!(mutate(args).0, Some(2), "{args:?}");
    }
    // A client that never comes: our side could not run.
    let (code, _, err) = mutate(&["--listen", "127.0.0.1:0", "--exec", "false"]);
    assert_eq!(code, Some(3), "{err}");
    assert!(err.contains("does not go through"), "{err}");
}

/// A server process that is killed in the middle of the run, and started again by the command.
#[test]
fn a_server_that_dies_is_started_again_and_the_run_goes_on() {
    use std::net::{TcpListener, TcpStream};
    let port = steady_port();
    let mut lab = Serving::start(&["--listen", &format!("127.0.0.1:{port}")]);
    // In front of it: the fifteenth connection kills the server.
    let front = TcpListener::bind("127.0.0.1:0").expect("a port");
    let target = front.local_addr().expect("an address").to_string();
    std::thread::spawn(move || {
        for (nth, near) in front.incoming().enumerate() {
            let Ok(mut near) = near else { return };
            if nth == 14 {
                let _ = lab.child.kill();
                let _ = lab.child.wait();
            }
            let Ok(mut far) = TcpStream::connect(("127.0.0.1", port)) else { continue };
            let (mut back, mut forth) = (near.try_clone().expect("a socket"), far.try_clone().expect("a socket"));
            std::thread::spawn(move || {
                let _ = std::io::copy(&mut near, &mut far);
                let _ = far.shutdown(std::net::Shutdown::Write);
            });
            std::thread::spawn(move || {
                let _ = std::io::copy(&mut forth, &mut back);
                let _ = back.shutdown(std::net::Shutdown::Both);
            });
        }
    });
    let scratch = Scratch::new("mutate-restart");
    let pid = scratch.path("pid");
    let lab = env!("CARGO_BIN_EXE_sstp-diag");
    let restart = format!("setsid {lab} lab --listen 127.0.0.1:{port} >/dev/null 2>&1 & echo $! >{pid}; sleep 0.3");
    let what = ["--select", "split/", "--budget", "25", "--concurrency", "1"];
    let (code, page) = page(&[&["--lab-session", "--to", &target, "--restart-cmd", &restart], &what[..]].concat());
    if let Ok(pid) = std::fs::read_to_string(&pid) {
        let _ = Command::new("kill").arg(pid.trim()).status();
    }
    assert_eq!((code, page["findings"][0]["kind"].as_str(), page["dead"].as_bool()), (Some(1), Some("died"), Some(false)), "{page:#}");
    assert_eq!(page["cases"].as_u64(), Some(25), "{page:#}");
}

/// With many calls at a time the death cuts them all: the target is started again once, and the one that it died of is named.
#[test]
fn a_death_among_many_calls_is_one_death() {
    let port = steady_port();
    let scratch = Scratch::new("mutate-deaths");
    let (pid, count, lab) = (scratch.path("pid"), scratch.path("count"), env!("CARGO_BIN_EXE_sstp-diag"));
    // The port is free when the one that was killed is gone; until then the next cannot listen, says so, and is started once more.
    let start = format!(
        "echo again >>{count}; kill -9 $(cat {pid}) 2>/dev/null; \
         for i in 1 2 3 4 5 6 7 8 9; do \
           rm -f {pid}.says; \
           setsid {lab} lab --bug largest-kills --listen 127.0.0.1:{port} >{pid}.says 2>&1 & echo $! >{pid}; \
           until grep -qs . {pid}.says; do sleep 0.1; done; \
           grep -q Listening {pid}.says && exit 0; sleep 0.2; \
         done; exit 1"
    );
    assert!(Command::new("sh").args(["-c", &start]).status().expect("a shell").success());
    let target = format!("localhost:{port}");
    let run = ["--lab-session", "--to", &target, "--restart-cmd", &start, "--select", "size/", "--select", "echo/"];
    let (code, page) = page(&run);
    let _ = Command::new("sh").args(["-c", &format!("kill -9 $(cat {pid})")]).status();
    let restarts = std::fs::read_to_string(&count).expect("it was started").lines().count();
    let findings = page["findings"].as_array().expect("a list");
    assert_eq!((code, findings.len(), page["dead"].as_bool()), (Some(1), 1, Some(false)), "{page:#}");
    assert!(findings[0]["kind"] == "died" && findings[0]["id"].as_str().is_some_and(|id| id.starts_with("size/")), "{page:#}");
    assert!(page["unreached"] == 0 && restarts <= 20, "{restarts}: {page:#}");
}

/// The page of the rows; with UPDATE it becomes what they say.
#[test]
fn the_pages_of_mutators_and_defects_are_up_to_date() {
    let mut page = String::from(
        "# Mutators and seeded defects\n\nPrinted by `UPDATE=1 cargo test --test all mutate`.\n\n## Mutators\n\nEach is a row in \
         `src/jobs/mutate/rows/`.\n\n| id | family | what it does |\n|---|---|---|\n",
    );
    for row in rows::all() {
        let slow = if row.slow { " (with `--slow`)" } else { "" };
        page += &format!("| {} | {} | {}{slow} |\n", row.id, row.family, row.title);
    }
    page += "\n## Seeded defects\n\nEach is a row in `src/proto/bug.rs`, and `lab --bug ID` has it. An honest call does not meet it, but for \
             `one-of-two`: where two packets come in one read, an honest call loses one as well.\n\n\
             | id | what the server does | what it breaks |\n|---|---|---|\n";
    let defects =
        |rows: &[bug::Row]| rows.iter().map(|row| format!("| {} | {} | {} |\n", row.id, row.title, row.breaks)).collect::<String>();
    page += &defects(bug::ROWS);
    page += "\nOf a login with TLS inside EAP, which a recording of one finds, or `--auth eap-tls` or `--auth peap`:\n\n\
             | id | what the server does | what it breaks |\n|---|---|---|\n";
    page += &defects(bug::LOGINS);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/mutators.md");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &page).expect("docs can be written");
    }
    assert!(std::fs::read_to_string(&path).unwrap_or_default() == page, "docs/mutators.md is not what the rows say");
}
