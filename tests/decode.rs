//! `decode` and `diagnose` as their users meet them: arguments, exit codes, files. Saved transcripts stand in for captures.

use crate::scratch::Scratch;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Command, Output, Stdio};

fn sstp_diag(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sstp-diag"));
    for name in ["SSTP_DIAG_PASSWORD", "SSLKEYLOGFILE", "HTTPS_PROXY", "https_proxy"] {
        command.env_remove(name);
    }
    command.args(args).stdin(Stdio::null());
    command
}

fn run(args: &[&str]) -> (Option<i32>, String, String) {
    let Output { status, stdout, stderr } = sstp_diag(args).output().expect("the program runs");
    (status.code(), String::from_utf8(stdout).expect("UTF-8"), String::from_utf8(stderr).expect("UTF-8"))
}

impl Scratch {
    /// The transcript of a call to the lab.
    fn call(&self, name: &str, more: &[&str]) -> String {
        let path = self.path(name);
        let args = [&["probe", "--lab", "--save", path.as_str(), "-o", "json"], more].concat();
        let (code, _, stderr) = run(&args);
        assert!(matches!(code, Some(0 | 1)), "{stderr}");
        path
    }
}

#[test]
fn arguments_that_make_no_sense_end_with_2_and_say_why() {
    let scratch = Scratch::new("usage");
    let file = scratch.path("call.jsonl");
    fs::write(&file, "{}").expect("written");
    let (x, own) = (file.as_str(), format!("json={file}"));
    let rows: &[(&[&str], &str)] = &[
        (&["decode"], "sstp-diag decode call.pcapng --keylog keys.txt"),
        (&["diagnose"], "sstp-diag diagnose call.pcapng"),
        (&["decode", x, "--listing", "--hex"], "cannot be used with"),
        (&["decode", x, "--ladder", "--listing"], "cannot be used with"),
        (&["decode", x, "--hex", "-o", "json"], "views for people"),
        (&["decode", x, "--session", "0"], "numbers from 1 on"),
        (&["decode", x, "--session", "7-3"], "numbers from 1 on"),
        (&["decode", x, "--filter", "lcp"], "KEY=VALUE"),
        (&["decode", x, "--filter", "layer=lpc"], "dns, tcp"),
        (&["decode", x, "--filter", "addr=vpn"], "not an IP address"),
        (&["decode", x, "--server", "vpn:0"], "not a port"),
        (&["decode", x, "-o", "xml"], "table, json, ndjson, junit"),
        (&["decode", x, "-o", "json", "-o", "ndjson"], "both json and ndjson"),
        (&["decode", x, "-o", own.as_str()], "cannot be written into"),
        (&["decode", x, "--save", x], "cannot be written into"),
        (&["decode", x, "--save", "/nonexistent/a", "--export-inner", "/nonexistent/a"], "two reports"),
        (&["decode", x, "--user", "alice"], "SSTP_DIAG_PASSWORD"),
        (&["decode", x, "--password-file", "/dev/null"], "--user"),
        (&["decode", x, "--user", "alice", "--password-file", "/dev/null", "--nt-hash-file", "/dev/null"], "cannot be used with"),
        (&["decode", x, "--nt-hash-file", x], "32 hexadecimal digits"),
        (&["decode", "-", "-"], "one thing only"),
        (&["decode", "-", "--user", "alice", "--password-file", "-"], "one thing only"),
        (&["decode", x, "--ca", "/dev/null", "--trust", "none"], "--trust none"),
        (&["diagnose", x, "--listing"], "unexpected argument"),
    ];
    for (args, says) in rows {
        let (code, stdout, stderr) = run(args);
        assert_eq!((code, stdout.as_str()), (Some(2), ""), "{args:?}: {stderr}");
        assert!(stderr.contains(says), "{args:?}: {stderr}");
    }
    assert_eq!(fs::read_to_string(&file).expect("readable"), "{}", "no input was overwritten");
}

#[test]
fn files_that_cannot_be_used_end_with_3_and_are_named() {
    let scratch = Scratch::new("trouble");
    let folder = scratch.path("");
    let call = scratch.path("call.jsonl");
    fs::write(&call, "{}").expect("written");
    let rows: &[(&[&str], &str)] = &[
        (&["decode", "/nonexistent/call.pcapng"], "/nonexistent/call.pcapng: No such file"),
        (&["diagnose", "/nonexistent/call.pcapng"], "/nonexistent/call.pcapng: No such file"),
        (&["decode", &folder], "it is a directory"),
        (&["decode", &call, "--keylog", "/nonexistent/keys"], "/nonexistent/keys"),
        (&["decode", &call, "--rsa-key", "/nonexistent/key.pem"], "/nonexistent/key.pem"),
        (&["decode", &call, "--ca", "/nonexistent/ca.pem"], "/nonexistent/ca.pem"),
        (&["decode", &call, "--save", "/nonexistent/out.jsonl"], "/nonexistent/out.jsonl"),
        (&["decode", &call, "--export-inner", "/nonexistent/inner.pcapng"], "/nonexistent/inner.pcapng"),
        (&["decode", &call, "-o", "json=/nonexistent/report.json"], "/nonexistent/report.json"),
    ];
    for (args, says) in rows {
        let (code, stdout, stderr) = run(args);
        assert_eq!((code, stdout.as_str()), (Some(3), ""), "{args:?}: {stderr}");
        assert!(stderr.starts_with("sstp-diag: cannot ") && stderr.contains(says), "{args:?}: {stderr}");
    }
}

#[test]
fn a_file_that_cannot_be_read_stands_in_every_report() {
    let scratch = Scratch::new("unread");
    let call = scratch.call("call.jsonl", &[]);
    let reports = ["json", "ndjson", "junit", "html", "table"].map(|format| (format, scratch.path(format)));
    let outputs = reports.iter().flat_map(|(format, path)| ["-o".to_string(), format!("{format}={path}")]);
    let args: Vec<String> = ["diagnose", "nosuch.pcapng", &call].map(str::to_string).into_iter().chain(outputs).collect();
    let (code, _, stderr) = run(&args.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(code, Some(3), "{stderr}");
    for (format, path) in &reports {
        let report = fs::read_to_string(path).expect("written");
        assert!(report.contains("cannot read nosuch.pcapng"), "{format}: {report}");
    }
}

#[test]
fn saved_probes_are_judged_as_they_were_live() {
    let scratch = Scratch::new("judged");
    let (good, bad) = (scratch.call("good.jsonl", &[]), scratch.call("bad.jsonl", &["--fault", "auth.wrong-password"]));
    let (code, stdout, stderr) = run(&["diagnose", &good]);
    assert_eq!((code, stderr.as_str()), (Some(0), ""), "{stdout}");
    assert!(stdout.contains("Works: a call to vpn.lab.example"), "{stdout}");
    let (code, stdout, _) = run(&["diagnose", &good, &bad]);
    assert_eq!(code, Some(1));
    assert_eq!(stdout.matches("Cause: AUTH-MSCHAP-691").count(), 1, "{stdout}");
    assert!(stdout.contains("good.jsonl)") && stdout.contains("bad.jsonl)"), "several files are named: {stdout}");
    let both = scratch.path("both.jsonl");
    fs::write(&both, [fs::read(&good).expect("written"), fs::read(&bad).expect("written")].concat()).expect("written");
    let (code, stdout, _) = run(&["diagnose", &both, "-o", "json"]);
    let document: serde_json::Value = serde_json::from_str(&stdout).expect("JSON");
    let verdicts: Vec<_> =
        document["sessions"].as_array().expect("a list").iter().filter_map(|session| session["verdict"].as_str()).collect();
    assert_eq!((code, verdicts), (Some(1), vec!["ok", "fail"]));
    assert_eq!(run(&["diagnose", &both, "--session", "1"]).0, Some(0), "only what is looked at counts");
}

#[test]
fn damage_costs_what_follows_it_and_ends_with_4() {
    let scratch = Scratch::new("damage");
    let good = scratch.call("good.jsonl", &[]);
    let text = fs::read_to_string(&good).expect("written");
    let cut = scratch.path("cut.jsonl");
    fs::write(&cut, &text[..text.len() - 20]).expect("written");
    let (code, stdout, _) = run(&["diagnose", &cut]);
    assert_eq!(code, Some(4), "{stdout}");
    let flat = stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(flat.contains("cut.jsonl at line ") && flat.contains("what could be read is shown"), "{stdout}");
    assert!(stdout.contains("Works"), "{stdout}");
}

#[test]
fn what_is_saved_has_no_secrets_unless_they_are_asked_for() {
    let scratch = Scratch::new("secrets");
    let call = scratch.call("call.jsonl", &["--auth", "pap"]);
    let text = fs::read_to_string(&call).expect("written");
    let password = |text: &str| text.contains(&"Passw0rd!".bytes().map(|byte| format!("{byte:02x}")).collect::<String>());
    assert!(text.contains("pap") && !password(&text) && !text.contains("with_secrets"), "{text}");
    let again = scratch.path("again.jsonl");
    let (code, stdout, _) = run(&["decode", &call, "--with-secrets", "--save", &again, "--hex", "--filter", "type=pap.*"]);
    assert_eq!(code, Some(0), "{stdout}");
    assert!(stdout.contains("Passwords, responses and other secrets are shown") && stdout.contains("password"), "{stdout}");
    assert!(fs::read_to_string(&again).expect("written").lines().next().expect("a head").contains("\"with_secrets\":true"));
}

#[test]
fn a_report_stays_until_there_is_another_one() {
    let scratch = Scratch::new("kept");
    let call = scratch.call("call.jsonl", &[]);
    let (empty, report) = (scratch.path("empty.pcapng"), scratch.path("report.html"));
    fs::write(&empty, "").expect("written");
    let to = format!("html={report}");
    assert_eq!(run(&["diagnose", &call, "-o", &to]).0, Some(0));
    let page = fs::read_to_string(&report).expect("a page");
    assert!(page.contains("<h1>#1 "), "{page}");
    fs::write(&report, page.clone() + &" ".repeat(100_000)).expect("written");
    let (code, _, stderr) = run(&["diagnose", &empty, "-o", &to]);
    assert_eq!(code, Some(3), "{stderr}");
    assert_eq!(fs::read_to_string(&report).expect("a page").trim_end(), page.trim_end());
    assert_eq!(run(&["diagnose", &call, "-o", &to]).0, Some(0));
    assert!(fs::metadata(&report).expect("a page").len() < 100_000, "nothing of the old one is left");
}

#[test]
fn every_view_shows_the_call_and_the_sum() {
    let scratch = Scratch::new("views");
    let call = scratch.call("call.jsonl", &[]);
    for (view, wants) in [
        (&[][..], "✓ ok"),
        (&["--listing"], "-> sstp.call-connect-request  protocol PPP\n"),
        (&["--hex"], "  000c  00 01                    encapsulated-protocol.protocol-id 0x0001\n"),
        (&["--ladder"], "|-- sstp.echo-request -"),
        (&["-o", "ndjson"], "\"name\":\"sstp.call-connect-request\""),
        (&["-o", "junit"], "<testsuite name=\"#1 "),
        (&["-o", "html"], "<h1>#1 "),
    ] {
        let (code, stdout, stderr) = run(&[&["decode", call.as_str()], view].concat());
        assert_eq!((code, stderr.as_str()), (Some(0), ""), "{view:?}");
        assert!(stdout.contains(wants), "{view:?}: {stdout}");
    }
    let (_, stdout, _) = run(&["decode", &call, "--listing", "--filter", "side=server", "--filter", "type=ipcp.*"]);
    let lines: Vec<_> = stdout.lines().filter(|line| line.contains("ipcp.")).collect();
    assert!(lines.len() >= 3 && lines.iter().all(|line| line.contains("<- ipcp.")) && !stdout.contains("lcp.configure"), "{stdout}");
}

#[test]
fn a_reader_that_goes_away_is_no_trouble() {
    let scratch = Scratch::new("pipe");
    let call = scratch.call("call.jsonl", &[]);
    let mut child = sstp_diag(&["decode", &call, "--hex"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it runs");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("it ends");
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]));
}

#[test]
fn nothing_is_wider_than_the_width() {
    let scratch = Scratch::new("width");
    let call = scratch.call("call.jsonl", &["--fault", "auth.wrong-password"]);
    for width in [40, 59, 60, 70, 100] {
        for view in [&[][..], &["-v"], &["--listing"], &["--hex"], &["--ladder"]] {
            let number = width.to_string();
            let (_, stdout, _) = run(&[&["decode", call.as_str(), "--width", &number], view].concat());
            let wide: Vec<_> = stdout.lines().filter(|line| line.chars().count() > width).collect();
            assert!(wide.is_empty() && !stdout.is_empty(), "{view:?} {width}: {wide:#?}");
        }
    }
}

#[test]
fn a_capture_that_is_still_being_written_is_shown_as_it_comes_and_ctrl_c_ends_it() {
    let capture = concat!(env!("CARGO_MANIFEST_DIR"), "/captures/softether-ok-tls13.pcapng");
    let mut child = sstp_diag(&["decode", "-", "--listing"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program runs");
    let mut pipe = child.stdin.take().expect("piped");
    pipe.write_all(&fs::read(capture).expect("it is there")).expect("it reads");
    let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines().map(|line| line.expect("UTF-8"));
    let last = lines.find(|line| line.contains("sstp.call-disconnect"));
    assert!(last.is_some(), "the message is shown while the pipe is open");
    let interrupted = Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill runs");
    assert!(interrupted.success());
    let rest: Vec<String> = lines.collect();
    assert_eq!(child.wait().expect("it ends").code(), Some(130));
    assert!(rest.iter().any(|line| line.contains("95 packets")), "what was gathered is told: {rest:?}");
    let mut said = String::new();
    child.stderr.take().expect("piped").read_to_string(&mut said).expect("UTF-8");
    assert!(said.contains("interrupted"), "{said}");
    drop(pipe);
}

#[test]
fn a_call_that_is_over_is_shown_while_the_pipe_is_still_open() {
    let mut child = sstp_diag(&["decode", "-", "-o", "ndjson"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("it runs");
    let mut pipe = child.stdin.take().expect("piped");
    pipe.write_all(include_bytes!("../captures/sstpc-lcp-terminate.pcapng")).expect("it reads");
    pipe.flush().expect("it reads");
    let (told, heard) = std::sync::mpsc::channel();
    let lines = BufReader::new(child.stdout.take().expect("piped")).lines().map(|line| line.expect("UTF-8"));
    let reader = std::thread::spawn(move || lines.for_each(|line| drop(told.send(line))));
    let wait = || heard.recv_timeout(std::time::Duration::from_secs(20)).expect("the pipe is silent, and the call was over");
    while !wait().contains("\"type\":\"verdict\"") {}
    drop(pipe);
    while !wait().contains("\"type\":\"summary\"") {}
    reader.join().expect("no panic");
    assert_eq!(child.wait().expect("it ends").code(), Some(0));
}

#[test]
fn a_capture_that_began_behind_the_hello_says_why_its_key_is_of_no_use() {
    let scratch = Scratch::new("behind-hello");
    let late = scratch.path("late.pcapng");
    let whole = format!("{}/captures/softether-ok-tls13.pcapng", env!("CARGO_MANIFEST_DIR"));
    for (packets, says) in [
        (0, "Works"),
        (4, "Not opened, its ClientHello, which names its keys, is missing from the capture"),
        (14, "no key can be found for it, because its ClientHello is missing"),
    ] {
        let how = format!("midstream={packets}");
        let spoil: &[&str] = if packets == 0 { &["--how", "ethernet"] } else { &["--how", &how] };
        let made = run(&[&["generate", "spoil", &whole, "-o", &late], spoil].concat());
        assert_eq!(made.0, Some(0), "{made:?}");
        let (_, stdout, _) = run(&["decode", &late, "--trust", "none"]);
        let flat = stdout.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(flat.contains(says), "{packets}: {stdout}");
    }
}

#[test]
fn a_named_pipe_is_read_once_and_ends_with_its_writer() {
    let scratch = Scratch::new("named-pipe");
    let pipe = scratch.path("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().expect("mkfifo is there").success());
    let reader = Command::new(env!("CARGO_BIN_EXE_sstp-diag")).args(["decode", &pipe, "--trust", "none"]).stdout(Stdio::piped()).spawn();
    let reader = reader.expect("it starts");
    fs::write(&pipe, fs::read("captures/softether-ok-tls13.pcapng").expect("a capture")).expect("it is read");
    let read = reader.wait_with_output().expect("it ends");
    let said = String::from_utf8_lossy(&read.stdout);
    assert!(read.status.success() && said.contains("Works"), "{said}");
}
