//! How a run of the suites begins and ends: without an account, interrupted, at a target that is none, and with strangers at the
//! port of a client that is brought by hand.

use crate::scratch::Scratch;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, Stream};
use sstp_diag::base::Layer;
use sstp_diag::jobs::conformance::{Case, Grade, rehearse, server};
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, ChildStderr, Command, Output, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sstp-diag"));
    command.arg("conformance").args(args);
    command
}

fn program(args: &[&str]) -> (Option<i32>, String, String) {
    let Output { status, stdout, stderr } = command(args).output().expect("it runs");
    (status.code(), String::from_utf8(stdout).expect("text"), String::from_utf8(stderr).expect("text"))
}

fn interrupt(child: &Child) {
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill is there").success());
}

/// What needs no account comes to the same without one: nobody is asked for another method than the case is about.
#[test]
fn a_case_that_needs_no_account_says_the_same_without_one() {
    // Below LCP nothing is asked.
    let cases: Vec<Case> =
        server::all().into_iter().filter(|case| case.base.until == Layer::Lcp && rehearse::can_be_rehearsed(case)).collect();
    assert!(cases.len() > 60, "{}", cases.len());
    let mut wrong = Vec::new();
    for case in &cases {
        let (sound, spoilt) = (rehearse::server_to_a_stranger(case, &[]).0, rehearse::server_to_a_stranger(case, &[case.proved_by]).0);
        if sound.grade != Grade::Pass || !spoilt.grade.is_held_against() {
            wrong.push(format!("{}: {} {}; with {} {}", case.id, sound.grade.name(), sound.actual, case.proved_by, spoilt.grade.name()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Whoever says stop while the first honest call waits does not wait for it.
#[test]
fn an_interrupt_in_the_first_honest_call_ends_the_run_at_once() {
    let silent = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let target = silent.local_addr().expect("bound").to_string();
    for args in
        [&["server", &target, "--case", "sstp/2.2.1/reserved-bits"][..], &["client", "--exec", "sleep 555", "--case", "sstp/3.2.5.3.2/ack"]]
    {
        let child = command(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it runs");
        std::thread::sleep(Duration::from_secs(2));
        let began = Instant::now();
        interrupt(&child);
        let Output { status, stdout, .. } = child.wait_with_output().expect("it ends");
        let text = String::from_utf8(stdout).expect("text");
        assert!(began.elapsed() < Duration::from_secs(3), "{args:?} went on for {:?}", began.elapsed());
        assert_eq!(status.code(), Some(130), "{text}");
        assert!(text.ends_with("interrupted; no case is through\n"), "{text}");
    }
}

/// The run goes on with a certificate that it does not trust, so that this one is not why a call fails.
#[test]
fn a_run_that_cannot_begin_is_not_put_down_to_a_certificate_that_is_tolerated() {
    let untrusted = ["server", "--lab", "--fault", "cert.self-signed", "--case", "auth/5/success-text"];
    for (fault, says) in [
        ("auth.refused", "the honest call was refused: 691; check --user and --password-file (AUTH-MSCHAP-691"),
        ("http.404", "the honest call stopped in HTTP: HTTP/1.1 404 Not Found; seen: http.response 404"),
    ] {
        let (code, text, _) = program(&[&untrusted[..], &["--fault", fault]].concat());
        assert!(code == Some(3) && text.contains(says) && !text.contains("CERT-"), "{fault}: {text}");
        assert!(text.contains("(AUTH-MSCHAP-691: ") || text.contains("(HTTP-404: "), "{fault}: {text}");
    }
}

/// What was not there before a run that came to nothing is not there after it: an empty list would say that nothing is known.
#[test]
fn a_run_that_comes_to_nothing_leaves_no_empty_list_behind() {
    let folder = Scratch::new("no-list");
    let known = folder.path("known.toml");
    let (code, _, says) = program(&["server", "127.0.0.1:1", "--write-expected", &known]);
    assert!(code == Some(3) && says.contains("is not written"), "{says}");
    assert!(fs::metadata(&known).is_err(), "it was made");
    let (code, _, says) = program(&["server", "127.0.0.1:1", "--write-expected", &folder.path("no/such/folder")]);
    assert!(code == Some(3) && says.contains("cannot write"), "{code:?} {says}");
}

/// A stand that waits for people.
struct Stand {
    child: Child,
    said: BufReader<ChildStderr>,
    port: u16,
    ca: String,
    password: String,
}

impl Stand {
    fn open(more: &[&str]) -> Stand {
        let port = TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a port").port();
        let mut child = command(&["client", "--listen", &format!("127.0.0.1:{port}")])
            .args(more)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it runs");
        let mut said = BufReader::new(child.stderr.take().expect("a pipe"));
        let mut greeting = String::new();
        while !greeting.contains("Ctrl-C") {
            assert_ne!(said.read_line(&mut greeting).expect("text"), 0, "{greeting}");
        }
        let line =
            |name: &str| greeting.lines().find_map(|line| line.split_once(name)).map(|row| row.1.trim().to_string()).expect("a line");
        let (ca, password) = (line("Root"), line("Password    in"));
        Stand { child, said, port, ca, password }
    }

    /// What a browser or a scanner is told that asks for this within TLS.
    fn asked(&self, request: &str) -> String {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(&self.ca).expect("a root")).expect("a root");
        let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
        let name = ServerName::try_from("localhost").expect("a name");
        let mut tls = ClientConnection::new(Arc::new(config), name).expect("a client");
        let mut tcp = self.connected();
        let mut stream = Stream::new(&mut tls, &mut tcp);
        stream.write_all(request.as_bytes()).expect("it reads");
        let mut answer = Vec::new();
        // How it ends is not what is asked.
        let _ = stream.read_to_end(&mut answer);
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// The ports of the cases are opened as the run begins, which is after the greeting.
    fn connected(&self) -> TcpStream {
        let until = Instant::now() + Duration::from_secs(20);
        loop {
            match TcpStream::connect(("127.0.0.1", self.port)) {
                Ok(stream) => return stream,
                Err(error) => assert!(Instant::now() < until, "{error}"),
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// A probe, as the client under test.
    fn probed(&self, host: &str, more: &[&str]) -> String {
        let target = format!("{host}:{}", self.port);
        let call = ["probe", &target, "--ca", &self.ca, "--user", "alice", "--password-file", &self.password];
        let run = Command::new(env!("CARGO_BIN_EXE_sstp-diag")).args(call).args(more).output().expect("it runs");
        String::from_utf8(run.stdout).expect("text")
    }

    fn says(&mut self) -> String {
        let mut line = String::new();
        self.said.read_line(&mut line).expect("text");
        line
    }

    fn end(self) -> String {
        interrupt(&self.child);
        let Output { status, stdout, .. } = self.child.wait_with_output().expect("it ends");
        assert!(status.code().is_some());
        String::from_utf8(stdout).expect("text")
    }
}

#[test]
fn a_browser_at_the_port_of_a_case_does_not_spend_it() {
    let mut stand = Stand::open(&["--case", "sstp/3.2.5.3.2/ack"]);
    let began = Instant::now();
    for line in ["GET / HTTP/1.1", "POST /login HTTP/1.1"] {
        let answer = stand.asked(&format!("{line}\r\nHost: localhost\r\n\r\n"));
        assert!(answer.starts_with("HTTP/1.1 4"), "{answer}");
    }
    assert!(began.elapsed() < Duration::from_secs(5), "whoever comes next waits");
    stand.probed("localhost", &[]);
    assert_eq!(stand.says(), "sstp-diag: sstp/3.2.5.3.2/ack: pass\n");
    stand.end();
}

/// A request that errs in one of the two is that of a client under test; what it does behind its request cannot be seen.
#[test]
fn a_client_that_is_turned_away_says_nothing_of_what_comes_behind() {
    let mut stand = Stand::open(&["--case", "sstp/3.2.5.3.2/ack"]);
    stand.asked("SSTP_DUPLEX_POST / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    let line = stand.says();
    assert!(line.starts_with("sstp-diag: sstp/3.2.5.3.2/ack: inconclusive the call stopped in HTTP"), "{line}");
    stand.end();
}

#[test]
fn nobody_waits_for_ever_behind_strangers() {
    let mut stand = Stand::open(&["--case", "sstp/3.2.5.3.2/ack"]);
    (0..17).for_each(|_| drop(stand.asked("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")));
    assert_eq!(stand.says(), "sstp-diag: sstp/3.2.5.3.2/ack: inconclusive no SSTP request came, but GET / HTTP/1.1\n");
    stand.end();
}

/// Who mistypes the number of a case is told that there is none of that name.
#[test]
fn a_name_that_leads_to_no_case_is_answered_with_an_alert() {
    let stand = Stand::open(&["--by", "sni", "--case", "sstp/3.2.5.3.2/ack"]);
    let text = stand.probed("case-99.localhost", &["--resolve", "case-99.localhost:127.0.0.1"]);
    assert!(text.contains("112") && !text.contains("PROXY"), "{text}");
    stand.end();
}

/// What docs/ci.md says of `--quick`.
#[test]
fn no_quick_case_is_watched_for_more_than_30_s() {
    // A connection that our end closes where it is spoilt is not watched.
    let closes = |case: &Case| case.edits.iter().any(|line| line.ends_with(" close"));
    let long = |case: &&Case| !case.base.slow && !closes(case) && case.base.within * case.base.times > Duration::from_secs(30);
    let all: Vec<Case> = server::all().into_iter().chain(sstp_diag::jobs::conformance::client::all()).collect();
    let long: Vec<&str> = all.iter().filter(long).map(|case| case.id.as_ref()).collect();
    assert!(long.is_empty(), "{long:?}");
}

#[test]
fn what_is_misspelt_in_exec_is_said() {
    let (_, _, says) = program(&["client", "--exec", "exit 3 # {prot}", "--case", "sstp/3.2.5.3.2/ack"]);
    assert!(says.contains("nothing is filled in for {prot}, only for {host}, {port}, {ca}"), "{says}");
}

/// The line of a case that only counts with `--strict` ends as it says.
#[test]
fn the_command_that_fails_a_should_is_strict() {
    let (_, text, _) = program(&["show", "data/3.3.5.2.3/carries-traffic"]);
    assert!(text.contains("Failing      sstp-diag conformance server --lab --fault teardown.dead-tunnel --strict --case data/"), "{text}");
}
