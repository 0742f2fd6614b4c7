//! `replay` from standard input, with little patience, on a terminal, and with a login that has TLS inside EAP.

use crate::captures::folder;
use crate::replay::sstp_diag;
use crate::scratch::Scratch;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

#[test]
fn a_recording_may_come_on_standard_input() {
    let call = folder().join("softether-ok-tls12.pcapng");
    let scratch = Scratch::new("replay-stdin");
    let script = scratch.path("call.txt");
    let (code, ..) = sstp_diag(&["replay", &call.display().to_string(), "--export-script", &script]);
    assert_eq!(code, Some(0));
    for path in [call.as_path(), Path::new(&script)] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sstp-diag"));
        let file = std::fs::File::open(path).expect("a file");
        let output = command.args(["replay", "-", "--both"]).env("NO_COLOR", "1").stdin(file).output().expect("it runs");
        let says = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert_eq!(output.status.code(), Some(0), "{says}");
        assert!(!says.contains("sstp-diag-stdin"), "{says}");
    }
}

#[test]
fn patience_holds_below_sstp_too() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let call = folder().join("softether-ok-tls12.pcapng").display().to_string();
    let (target, began) = (silent.local_addr().expect("an address").to_string(), std::time::Instant::now());
    let (code, stdout, stderr) = sstp_diag(&["replay", &call, "--to", &target, "--until", "lcp", "--patience", "1"]);
    assert_eq!(code, Some(3), "{stdout}{stderr}");
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
}

/// On a terminal many sessions have a bar.
#[test]
fn many_sessions_show_how_far_they_are_on_a_terminal() {
    let script = "import os, pty, sys\n\
                  pid, fd = pty.fork()\n\
                  if pid == 0: os.execv(sys.argv[1], sys.argv[1:])\n\
                  said = b''\n\
                  while True:\n\
                  \x20   try: part = os.read(fd, 4096)\n\
                  \x20   except OSError: break\n\
                  \x20   if not part: break\n\
                  \x20   said += part\n\
                  sys.stdout.buffer.write(said)\n\
                  sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))\n";
    let call = folder().join("softether-ok-tls12.pcapng").display().to_string();
    let program = env!("CARGO_BIN_EXE_sstp-diag");
    let output =
        Command::new("python3").args(["-c", script, program, "replay", &call, "--lab", "--count", "12"]).output().expect("python3");
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(said.contains("\r[##") && said.contains("] 12/12, 0 not as recorded, "), "{said}");
}

/// A lab of its own with these methods, and what `probe` needs to get in.
fn lab_of(methods: &[&str]) -> (std::process::Child, String, Vec<String>) {
    let auth = methods.iter().flat_map(|method| ["--auth", method]);
    let mut child = Command::new(env!("CARGO_BIN_EXE_sstp-diag")).arg("lab").args(auth).stdout(Stdio::piped()).spawn().expect("it runs");
    let lines = BufReader::new(child.stdout.take().expect("piped")).lines().take(4).map(|line| line.expect("UTF-8"));
    let says: Vec<String> = lines.collect();
    let word = |nth: usize, at: usize| says[nth].split_whitespace().nth(at).expect("a word").trim_end_matches(',').to_string();
    let port = word(0, 1).rsplit(':').next().expect("a port").to_string();
    (child, format!("localhost:{port}"), vec![word(1, 1), word(2, 2), word(3, 1)])
}

#[test]
fn a_login_with_tls_inside_eap_is_made_anew_as_a_whole() {
    let scratch = Scratch::new("replay-eap");
    for (method, count) in [("eap-tls", 3), ("peap", 3)] {
        let (mut child, target, files) = lab_of(&[method]);
        let saved = scratch.path(&format!("{method}.jsonl"));
        let (ca, password, certificate) = (files[0].as_str(), files[1].as_str(), files[2].as_str());
        let login: &[&str] = match method {
            "eap-tls" => &["--cert", certificate],
            _ => &["--user", "alice", "--password-file", password],
        };
        let record = [&["probe", &target, "--ca", ca, "--auth", method, "--save", &saved], login].concat();
        let (code, stdout, stderr) = sstp_diag(&record);
        assert_eq!(code, Some(0), "{stdout}{stderr}");
        // To the server that it was recorded from, with the login given; and to the lab that is made like it, which brings its own.
        let (code, stdout, stderr) = sstp_diag(&[&["replay", &saved, "--to", &target, "--ca", ca, "--seed", "3"], login].concat());
        assert_eq!(code, Some(0), "{method}: {stdout}{stderr}");
        assert!(stdout.contains("Equal"), "{stdout}");
        let (code, stdout, stderr) = sstp_diag(&["replay", &saved, "--lab", "--count", &count.to_string()]);
        assert_eq!(code, Some(0), "{method}: {stdout}{stderr}");
        // Without what it takes nothing is sent.
        let (code, _, stderr) = sstp_diag(&["replay", &saved, "--to", &target, "--ca", ca]);
        assert!(code == Some(2) && stderr.contains("or end before it with --until lcp"), "{method}: {stderr}");
        let _ = child.kill();
        let _ = child.wait();
    }
}
