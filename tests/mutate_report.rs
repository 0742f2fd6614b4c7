//! What `mutate` tells: one document for several targets, why a target cannot be used, what is nobody's fault, and captures of one call.

use crate::captures::folder;
use crate::mutate::{Serving, mutate, page};
use crate::replay::connections;
use crate::scratch::Scratch;
use serde_json::{Value, json};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

#[test]
fn several_targets_are_one_document() {
    let labs: Vec<Serving> = [&[][..], &["--bug", "unknown-type-passed"]].iter().map(|args| Serving::start(args)).collect();
    let targets: Vec<&str> = labs.iter().map(|lab| lab.target.as_str()).collect();
    let select = ["--select", "out-of-turn/connected/type-", "--select", "echo/connected/plain"];
    let (code, all) = page(&[&["--lab-session", "--to", targets[0], "--to", targets[1]][..], &select].concat());
    assert_eq!(code, Some(1), "{all:#}");
    let pages = all["pages"].as_array().expect("a page for each");
    let against: Vec<Option<&str>> = pages.iter().map(|page| page["against"].as_str()).collect();
    assert_eq!(against, targets.iter().map(|target| Some(*target)).collect::<Vec<_>>());
    assert!(pages[0]["findings"] == json!([]) && pages[1]["findings"].as_array().is_some_and(|list| !list.is_empty()), "{all:#}");
    assert_eq!((&all["grid"]["targets"], &all["grid"]["cases"]), (&json!(targets), &json!(7)), "{all:#}");
    let row = all["grid"]["rows"].as_array().into_iter().flatten().find(|row| row["id"] == "out-of-turn/connected/type-65535");
    assert_eq!(row.map(|row| &row["reactions"]), Some(&json!(["abort", "goes on"])), "{all:#}");
}

#[test]
fn a_target_that_takes_no_connection_is_named_before_any_other_is_spoilt_for() {
    let lab = Serving::start(&[]);
    let scratch = Scratch::new("mutate-down");
    let password = scratch.path("password");
    std::fs::write(&password, "Passw0rd!\n").expect("written");
    let call = folder().join("softether-ok-tls12.pcapng").display().to_string();
    let login = ["--user", "alice", "--password-file", &password];
    let rows = [
        vec!["--lab-session", "--to", &lab.target, "--to", "127.0.0.1:1", "--select", "echo/connected/plain"],
        vec!["--lab-session", "--to", "127.0.0.1:1", "--select", "echo/connected/plain"],
        [&[call.as_str(), "--to", "127.0.0.1:1"][..], &login].concat(),
    ];
    for args in rows {
        let (code, out, err) = mutate(&args);
        assert_eq!((code, out.as_str()), (Some(3), ""), "{args:?}: {err}");
        assert!(err.contains("127.0.0.1:1 does not go through") && err.contains("takes no connection (TCP: "), "{args:?}: {err}");
        assert!(!err.contains("to play"), "{args:?}: {err}");
    }
}

#[test]
fn a_budget_of_nothing_is_refused() {
    let (code, out, err) = mutate(&["--lab", "--budget", "0"]);
    assert!(code == Some(2) && out.is_empty() && err.contains("--budget"), "{code:?} {out}{err}");
}

#[test]
fn a_command_that_does_not_start_the_target_again_is_named_with_its_code() {
    let run = |command: &str, more: &[&str]| {
        let lab = Serving::start(&["--bug", "largest-kills"]);
        let what = ["--lab-session", "--to", &lab.target, "--select", "size/connected/4095", "--restart-cmd", command];
        mutate(&[&what[..], more].concat())
    };
    let (code, out, err) = run("exit 7", &[]);
    assert_eq!(code, Some(1), "{out}{err}");
    assert!(out.contains("The target is dead") && out.contains("The command of --restart-cmd ended with 7."), "{out}{err}");
    let (_, out, err) = run("kill -9 $$", &["-o", "json"]);
    let page: Value = serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out}{err}"));
    let says = page["not_restarted"].as_str().unwrap_or_default();
    assert!(page["dead"] == true && says.contains("signal 9"), "{page:#}");
}

/// TCP and TLS are still taken, so that only an honest call shows that it is dead.
#[test]
fn a_command_that_does_not_bring_the_target_back_ends_the_run() {
    let lab = Serving::start(&["--bug", "largest-kills"]);
    let scratch = Scratch::new("mutate-not-back");
    let count = scratch.path("count");
    let command = format!("echo again >>{count}");
    let what = ["--select", "size/", "--select", "echo/", "--select", "boundary/lcp", "--restart-cmd", &command, "-o", "json"];
    let (code, out, err) = mutate(&[&["--lab-session", "--to", &lab.target][..], &what].concat());
    let page: Value = serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out}{err}"));
    let restarts = std::fs::read_to_string(&count).expect("it ran").lines().count();
    assert_eq!((code, page["dead"].as_bool(), restarts), (Some(1), Some(true), 3), "{page:#}");
    assert!(page["not_restarted"].as_str().is_some_and(|says| says.starts_with("does not bring it back")), "{page:#}");
    let died: Vec<&Value> = page["findings"].as_array().into_iter().flatten().filter(|finding| finding["kind"] == "died").collect();
    assert!(died.len() == 1 && died[0]["also"] == 0, "{page:#}");
    assert_eq!(page["findings"].as_array().map(Vec::len), Some(1), "nothing is held against a dead target: {page:#}");
}

/// TLS comes up, and nothing more.
#[test]
fn a_server_that_says_nothing_is_told_of_with_what_was_waited_for() {
    let lab = Serving::start(&["--fault", "http.no-response"]);
    let (code, out, err) = mutate(&["--lab-session", "--to", &lab.target]);
    assert_eq!((code, out.as_str()), (Some(3), ""), "{err}");
    assert!(err.contains("is not through after 3 s"), "{err}");
    assert!(err.contains("does not go through, so nothing can be said about spoilt ones: nothing came (HTTP: "), "{err}");
}

#[test]
fn a_capture_in_the_corpus_has_one_connection() {
    let scratch = Scratch::new("mutate-one");
    let found = scratch.path("found");
    let (code, page) = page(&["--lab", "--bug", "echo-early", "--select", "out-of-turn/after-ack/echo-request", "--corpus", &found]);
    assert_eq!(code, Some(1), "{page:#}");
    let capture = page["findings"][0]["files"][1].as_str().expect("a capture");
    let seen: Vec<String> = connections(Path::new(capture)).iter().map(|connection| format!("{:?}", connection.seen)).collect();
    assert_eq!(seen.len(), 1, "{}", seen.join("\n"));
}

#[test]
fn what_an_honest_call_shows_too_is_blamed_on_no_variant() {
    let args = ["--lab", "--bug", "nonce-reused", "--select", "echo/connected/"];
    let (code, page) = page(&args);
    let finding = &page["findings"][0];
    assert_eq!((code, finding["kind"].as_str(), finding["id"].as_str()), (Some(1), Some("leak"), Some("honest")), "{page:#}");
    assert_eq!((finding["edits"].as_str(), finding["seen"].clone()), (Some(""), json!([3, 3])), "{page:#}");
    let cases = page["cases"].as_u64().expect("a number");
    assert!(finding["also"].as_u64().is_some_and(|also| also > 0 && also <= cases), "{page:#}");
    let (_, out, _) = mutate(&args);
    assert!(out.contains("Also without any edit: an honest call shows it, so no variant is to blame."), "{out}");
    let (code, out, _) = mutate(&["--lab", "--bug", "nonce-reused", "--only", "honest"]);
    assert!(code == Some(1) && out.contains("the nonce of an earlier call comes again"), "{out}");
    assert_eq!(mutate(&["--lab", "--only", "honest"]).0, Some(0));
}

/// The list in the page is how the real one begins and as long.
#[test]
fn the_page_shows_the_list_of_variants_as_it_is() {
    let doc = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/mutate.md")).expect("it is there");
    let (_, shown) = doc.split_once("    $ sstp-diag mutate --lab --dry-run\n").expect("the example");
    let shown: Vec<&str> = shown.lines().map_while(|line| line.strip_prefix("    ")).collect();
    let list = mutate(&["--lab", "--dry-run"]).1;
    let all: Vec<&str> = list.lines().collect();
    let (last, first) = shown.split_last().expect("lines");
    assert!(first.len() >= 3 && all.starts_with(first), "{first:#?}\n{:#?}", &all[..first.len().min(all.len())]);
    assert_eq!(*last, format!("... ({} lines)", sstp_diag::report::text::grouped(all.len() as u64)));
}

/// The same variant shows something in both: each has files of its own.
#[test]
fn findings_of_several_targets_are_named_by_target() {
    let labs: Vec<Serving> = [&["--bug", "echo-early"]; 2].iter().map(|args| Serving::start(*args)).collect();
    let (scratch, select) = (Scratch::new("mutate-names"), "out-of-turn/after-ack/echo-request");
    let found = scratch.path("found");
    let (code, all) = page(&["--lab-session", "--to", &labs[0].target, "--to", &labs[1].target, "--select", select, "--corpus", &found]);
    assert_eq!(code, Some(1), "{all:#}");
    let files: std::collections::BTreeSet<String> = (0..2)
        .flat_map(|nth| all["pages"][nth]["findings"][0]["files"].as_array().cloned().unwrap_or_default())
        .filter_map(|file| Some(file.as_str()?.to_string()))
        .collect();
    assert_eq!(files.len(), 4, "{files:#?}");
    assert!(files.iter().all(|file| std::fs::metadata(file).is_ok_and(|about| about.len() > 500)), "{files:#?}");
    let port = |nth: usize| labs[nth].target.rsplit(':').next().expect("a port");
    assert!((0..2).all(|nth| files.iter().filter(|file| file.contains(port(nth))).count() == 2), "{files:#?}");
}

/// Ctrl-C ends the run, and what was found until then is kept as a capture too.
#[test]
fn an_interrupted_run_keeps_captures_too() {
    let scratch = Scratch::new("mutate-stopped");
    let found = scratch.path("found");
    let mut command = Command::new(env!("CARGO_BIN_EXE_sstp-diag"));
    command.args(["mutate", "--lab", "--bug", "missteps-passed", "--select", "out-of-turn/", "--rate", "20", "--corpus", &found]);
    let child = command.args(["-o", "json"]).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("it runs");
    std::thread::sleep(Duration::from_secs(5));
    let _ = Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill runs");
    let output = child.wait_with_output().expect("it ends");
    let page: Value = serde_json::from_slice(&output.stdout).expect("what was gathered is told");
    assert!(output.status.code() == Some(130) && page["interrupted"] == true, "{page:#}");
    let findings = page["findings"].as_array().expect("a list");
    assert!(!findings.is_empty(), "{page:#}");
    for finding in findings {
        let files: Vec<&str> = finding["files"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        assert_eq!(files.len(), 2, "{finding:#}");
        let seen = connections(Path::new(files[1]));
        assert!(seen.len() == 1 && seen[0].transcript.events.len() > 20, "{finding:#}");
    }
}

#[test]
fn what_cannot_be_kept_is_said_before_anything_is_sent_and_costs_no_finding() {
    let scratch = Scratch::new("mutate-cannot");
    let file = scratch.path("file");
    std::fs::write(&file, "taken").expect("written");
    let (code, out, err) = mutate(&["--lab-session", "--to", "127.0.0.1:1", "--corpus", &file]);
    assert!(code == Some(3) && out.is_empty() && err.contains(&format!("cannot create {file}")), "{out}{err}");
    let (code, out, err) = mutate(&["--lab", "--budget", "1", "--resume", "/proc/none/state"]);
    assert!(code == Some(3) && out.is_empty() && err.contains("cannot write /proc/none/state"), "{out}{err}");
    // A script that cannot be written behind the run: the report comes all the same.
    let select = "out-of-turn/after-ack/echo-request";
    let found = scratch.path("found");
    std::fs::create_dir_all(format!("{found}/{}.txt", select.replace('/', "_"))).expect("made");
    let (code, out, err) = mutate(&["--lab", "--bug", "echo-early", "--select", select, "--corpus", &found]);
    assert!(code == Some(3) && out.contains("1 finding") && err.contains("cannot write"), "{out}{err}");
}

/// In front of a lab: of more than eight calls at a time each further one is turned away.
fn crowded(lab: &Serving) -> String {
    use std::net::{TcpListener, TcpStream};
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
    static INSIDE: AtomicUsize = AtomicUsize::new(0);
    let front = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = front.local_addr().expect("an address").port();
    let behind = lab.target.clone();
    std::thread::spawn(move || {
        for near in front.incoming().map_while(Result::ok) {
            if INSIDE.load(SeqCst) >= 8 {
                continue;
            }
            INSIDE.fetch_add(1, SeqCst);
            let behind = behind.clone();
            std::thread::spawn(move || {
                if let Ok(far) = TcpStream::connect(behind) {
                    let (mut a, mut b) = (near.try_clone().expect("a socket"), far.try_clone().expect("a socket"));
                    let back = std::thread::spawn(move || {
                        let _ = std::io::copy(&mut b, &mut a);
                        let _ = a.shutdown(std::net::Shutdown::Write);
                    });
                    let (mut a, mut b) = (&near, &far);
                    let _ = std::io::copy(&mut a, &mut b);
                    let _ = far.shutdown(std::net::Shutdown::Write);
                    let _ = back.join();
                }
                INSIDE.fetch_sub(1, SeqCst);
            });
        }
    });
    format!("localhost:{port}")
}

/// What was turned away was not sent, and is sent again when there is room.
#[test]
fn a_server_with_no_room_for_so_many_calls_gets_fewer_at_a_time() {
    let lab = Serving::start(&[]);
    let target = crowded(&lab);
    let (code, page) = page(&["--lab-session", "--to", &target, "--select", "echo/", "--select", "reserved/", "--budget", "80"]);
    assert_eq!((code, page["cases"].as_u64(), page["unreached"].as_u64()), (Some(0), Some(80), Some(0)), "{page:#}");
    assert!(page["dead"] == false && page["connections"].as_u64() > Some(80), "{page:#}");
    assert!(page["room"].as_u64().is_some_and(|room| (1..=32).contains(&room)), "{page:#}");
    let mut text = Vec::new();
    let page = sstp_diag::report::mutate::Page { room: Some(4), ..Default::default() };
    page.table(80, &mut text).expect("written");
    assert!(String::from_utf8_lossy(&text).contains("The target turned calls away: in the end it got 4 calls at a time.\n"));
}

/// What `replay --export-script` masks is masked in the script of a finding, and nobody else can read it.
#[test]
fn the_script_of_a_finding_shows_no_secret_of_the_recording() {
    use std::os::unix::fs::PermissionsExt;
    for (name, login) in [("softether-pap", "pap.authenticate-request#1"), ("softether-ok-tls12", "chap.response#1")] {
        let call = folder().join(format!("{name}.pcapng")).display().to_string();
        let scratch = Scratch::new(name);
        let (masked, whole, found) = (scratch.path("masked.txt"), scratch.path("whole.txt"), scratch.path("found"));
        for args in [&["replay", &call, "--export-script", &masked][..], &["replay", &call, "--with-secrets", "--export-script", &whole]] {
            let run = Command::new(env!("CARGO_BIN_EXE_sstp-diag")).args(args).output().expect("it runs");
            assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
        }
        let select = ["--bug", "echo-early", "--select", "out-of-turn/after-ack/echo-request", "--corpus", &found];
        let (code, page) = page(&[&[call.as_str(), "--lab"][..], &select].concat());
        assert_eq!(code, Some(1), "{page:#}");
        let script = page["findings"][0]["files"][0].as_str().expect("a script");
        assert_eq!(std::fs::metadata(script).expect("there").permissions().mode() & 0o777, 0o600, "{script}");
        let line = |path: &str| {
            let text = std::fs::read_to_string(path).expect("written");
            text.lines().find(|line| line.contains(login)).map(String::from).unwrap_or_else(|| panic!("no {login}: {text}"))
        };
        assert!(line(script) == line(&masked) && line(script) != line(&whole), "{}", line(script));
    }
}

/// Other clients, other servers: the lab is made like the recorded one, and its account is the one that logs in.
#[test]
fn a_recording_is_spoilt_against_a_lab_like_its_server() {
    for name in ["sstpc-ok", "softether-ok-tls12", "softether-pap"] {
        let call = folder().join(format!("{name}.pcapng")).display().to_string();
        let (code, page) = page(&[&call, "--lab", "--budget", "30"]);
        assert_eq!((code, page["cases"].as_u64(), page["unreached"].as_u64()), (Some(0), Some(30), Some(0)), "{name}: {page:#}");
    }
}

#[test]
fn an_honest_call_that_meets_the_defect_is_told_at_once() {
    let began = std::time::Instant::now();
    let (code, out, err) = mutate(&["--lab", "--bug", "one-of-two", "--budget", "20"]);
    assert_eq!((code, out.as_str()), (Some(3), ""), "{err}");
    let first = err.lines().next().unwrap_or_default();
    assert!(first.contains("has the defect one-of-two") && first.contains("not over after 3 s, and the last that came was lcp."), "{err}");
    assert!(err.contains("nothing can be said about spoilt ones") && began.elapsed() < Duration::from_secs(30), "{err}");
}

#[test]
fn a_run_that_finds_nothing_says_what_it_left_out() {
    let (code, out, err) = mutate(&["--lab", "--bug", "hello-never-ends", "--budget", "40", "--width", "200"]);
    assert_eq!(code, Some(0), "{out}{err}");
    let left = out.lines().find(|line| line.starts_with("Left out: ")).unwrap_or_else(|| panic!("{out}"));
    assert!(["for timers (--slow)", "of the list (--budget)", "memory that grows (--pid"].iter().all(|what| left.contains(what)), "{left}");
    let (code, page) = page(&["--lab", "--select", "echo/connected/plain"]);
    assert_eq!(code, Some(0), "{page:#}");
    assert_eq!(page["left_out"], json!(["memory that grows (--pid, with a lab of its own process)"]), "{page:#}");
}

/// Servers that want a call otherwise get a call of their own each, and what is spoilt in both is compared.
#[test]
fn servers_that_want_another_call_are_held_side_by_side() {
    let labs: Vec<Serving> = ["mschapv2", "pap"].iter().map(|method| Serving::start(&["--auth", method])).collect();
    let targets: Vec<&str> = labs.iter().map(|lab| lab.target.as_str()).collect();
    let what = ["--select", "out-of-turn/connected/type-", "--select", "repeat/chap.response#1/", "--to", targets[0], "--to", targets[1]];
    let (code, all) = page(&[&["--lab-session"][..], &what].concat());
    assert_eq!(code, Some(0), "{all:#}");
    let (grid, pages) = (&all["grid"], all["pages"].as_array().expect("a page for each"));
    let spoilt: Vec<Option<&str>> = pages.iter().map(|page| page["recording"].as_str()).collect();
    let calls: Vec<String> = targets.iter().map(|target| format!("an honest call with {target}")).collect();
    assert_eq!(spoilt, calls.iter().map(|call| Some(call.as_str())).collect::<Vec<_>>());
    assert_eq!((grid["cases"].as_u64(), &grid["rows"]), (Some(6), &json!([])), "{all:#}");
    let alone = |at: usize| grid["alone"][at].as_u64();
    assert!(alone(0).is_some_and(|alone| alone > 0) && alone(1) == Some(0), "only the first has a response of CHAP: {grid:#}");
    let (_, out, err) = mutate(&[&["--lab-session", "--width", "300"][..], &what].concat());
    assert!(
        out.contains(&format!("Not sent, as other calls do not have them: {} of {}.", alone(0).unwrap_or(0), targets[0])),
        "{out}{err}"
    );
}

/// A recording that one of them does not answer as it was recorded, which another kind of server did.
#[test]
fn a_server_that_does_not_answer_the_recording_gets_a_call_of_its_own() {
    let labs: Vec<Serving> = ["mschapv2", "pap"].iter().map(|method| Serving::start(&["--auth", method])).collect();
    let targets: Vec<&str> = labs.iter().map(|lab| lab.target.as_str()).collect();
    let scratch = Scratch::new("mutate-own-call");
    let (password, call) = (scratch.path("password"), scratch.path("call.jsonl"));
    std::fs::write(&password, "Passw0rd!\n").expect("written");
    let login = ["--user", "alice", "--password-file", password.as_str()];
    let mut probe = Command::new(env!("CARGO_BIN_EXE_sstp-diag"));
    probe.args(["probe", targets[0], "--save", &call]).args(login).stdout(Stdio::null()).stderr(Stdio::null());
    probe.status().expect("it runs");
    let what = ["--select", "out-of-turn/connected/type-", "--to", targets[0], "--to", targets[1], "-o", "json"];
    let (code, out, err) = mutate(&[&[call.as_str()][..], &what, &login].concat());
    assert_eq!(code, Some(0), "{out}{err}");
    assert!(err.contains(&format!("does not go through with {}: a call is made with it", targets[1])), "{err}");
    let all: Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!((all["grid"]["cases"].as_u64(), &all["grid"]["rows"]), (Some(6), &json!([])), "{all:#}");
    let spoilt = all["pages"][1]["recording"].as_str().unwrap_or_default();
    assert_eq!(spoilt, format!("an honest call with {}", targets[1]));
}
