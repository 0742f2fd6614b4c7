//! The running peers, and the program run against them.

use serde::Deserialize;
use serde_json::Value;
use std::collections::HashMap;
use std::env;
use std::fs;
use std::io::Read;
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

/// What `tests/peers/up.sh` wrote: the peers' ports and the files with certificates and passwords.
pub struct Rig(HashMap<String, String>);

/// The rig, which has to be up.
pub fn rig() -> &'static Rig {
    static RIG: OnceLock<Rig> = OnceLock::new();
    RIG.get_or_init(|| {
        let path = directory().join("env");
        let text = fs::read_to_string(&path).unwrap_or_else(|error| {
            panic!("the real peers are not up ({}: {error}); run tests/run.sh, or tests/peers/up.sh before this", path.display())
        });
        let rig = Rig(text.lines().filter_map(|line| line.split_once('=')).map(|(k, v)| (k.into(), v.into())).collect());
        if let Err(error) = TcpStream::connect(rig.at("SOFTETHER")) {
            panic!("{} says the real peers are up, but SoftEther is not ({error}); run tests/run.sh", path.display());
        }
        rig
    })
}

impl Rig {
    /// The value up.sh wrote under that name.
    pub fn get(&self, name: &str) -> &str {
        self.0.get(name).unwrap_or_else(|| panic!("tests/peers/up.sh wrote no {name}"))
    }

    /// `127.0.0.1:port` of the peer of that name.
    pub fn at(&self, peer: &str) -> String {
        format!("127.0.0.1:{}", self.get(peer))
    }
}

/// One run of `sstp-diag probe -o json`, trusting the rig's root unless told otherwise.
pub struct Probe {
    target: String,
    trust: bool,
    args: Vec<String>,
}

impl Probe {
    /// Of the peer of that name, without credentials.
    pub fn of(peer: &str) -> Probe {
        Probe::to(&rig().at(peer))
    }

    /// Of any target.
    pub fn to(target: &str) -> Probe {
        Probe { target: target.into(), trust: true, args: Vec::new() }
    }

    /// As alice with her password.
    pub fn alice(self) -> Probe {
        self.arg("--user", "alice").arg("--password-file", rig().get("PASSWORD"))
    }

    /// Only the public roots are trusted.
    pub fn without_ca(self) -> Probe {
        Probe { trust: false, ..self }
    }

    /// One more option with a value.
    pub fn arg(mut self, name: &str, value: &str) -> Probe {
        self.args.extend([name.into(), value.into()]);
        self
    }

    /// One more option without a value.
    pub fn flag(mut self, name: &str) -> Probe {
        self.args.push(name.into());
        self
    }

    /// Runs it and reads its report, whatever the exit code.
    pub fn run(self) -> Run {
        let mut args = vec!["probe".to_string(), self.target, "-o".into(), "json".into()];
        if self.trust {
            args.extend(["--ca".into(), rig().get("CA").into()]);
        }
        args.extend(self.args);
        execute(&args)
    }
}

/// The ids under `[findings]` in `fixtures/known/softether.toml`.
fn known_of_softether() -> Vec<&'static str> {
    let lines = include_str!("../../fixtures/known/softether.toml").lines();
    lines.filter_map(|line| line.strip_prefix('"')?.split_once("\" = \"").map(|pair| pair.0)).collect()
}

/// How a run ended. The report's fields are used directly.
pub struct Run {
    pub code: i32,
    pub took: Duration,
    pub report: Report,
    /// The command line and all it printed, for the message of a failed assertion.
    pub story: String,
}

/// The parts of the JSON report the tests look at.
#[derive(Deserialize)]
pub struct Report {
    pub verdict: String,
    pub reached: Option<String>,
    pub stopped_at: Option<String>,
    pub layers: Vec<LayerRow>,
    pub certificates: Vec<Value>,
    pub tls_scan: Value,
    pub findings: Vec<Finding>,
}

/// One row of the report's ladder.
#[derive(Deserialize)]
pub struct LayerRow {
    pub layer: String,
    pub state: String,
    #[serde(default)]
    pub learned: Vec<Value>,
}

/// One finding.
#[derive(Deserialize)]
pub struct Finding {
    pub id: String,
    pub severity: String,
    pub layer: String,
    pub evidence: Evidence,
    #[serde(default)]
    pub windows: Vec<Value>,
    pub cause: bool,
}

/// What a finding rests on.
#[derive(Deserialize)]
pub struct Evidence {
    pub says: String,
}

impl Run {
    /// The call to SoftEther went the whole way and drew what is known of it, no more and no less.
    #[track_caller]
    pub fn is_whole(&self) {
        let loud: Vec<&str> =
            self.report.findings.iter().filter(|finding| finding.severity != "note").map(|finding| finding.id.as_str()).collect();
        assert_eq!(loud, known_of_softether(), "findings above a note\n{}", self.story);
        assert_eq!(self.code, 0, "exit code\n{}", self.story);
        assert_eq!(self.report.verdict, "ok", "{}", self.story);
        // SoftEther never answers the echo that is sent at the end, and a call that ends well behind it is a sound one.
        assert!(self.report.findings.iter().any(|finding| finding.id == "TEAR-ECHO-LOST"), "the echo\n{}", self.story);
        assert_eq!(self.report.reached.as_deref(), Some("teardown"), "{}", self.story);
        assert_eq!(self.report.stopped_at, None, "{}", self.story);
    }

    /// The program failed the peer, and the first failing finding, its cause, is this one.
    #[track_caller]
    pub fn caused_by(&self, id: &str) -> &Finding {
        let cause = self.report.findings.iter().find(|finding| finding.severity == "fail");
        let cause = cause.unwrap_or_else(|| panic!("expected {id}, but nothing failing was found\n{}", self.story));
        assert_eq!(cause.id, id, "the first failing finding\n{}", self.story);
        assert!(cause.cause, "{id} is not marked as the cause\n{}", self.story);
        assert!(!cause.evidence.says.is_empty(), "{id} has no evidence\n{}", self.story);
        assert_eq!(self.code, 1, "exit code\n{}", self.story);
        assert_eq!(self.report.verdict, "fail", "{}", self.story);
        cause
    }

    /// Such a finding is there, whatever its severity.
    #[track_caller]
    pub fn found(&self, id: &str) {
        assert!(self.report.findings.iter().any(|finding| finding.id == id), "{id} is not among the findings\n{}", self.story);
    }

    /// The ids of all failing findings.
    pub fn failing(&self) -> Vec<&str> {
        self.report.findings.iter().filter(|finding| finding.severity == "fail").map(|finding| finding.id.as_str()).collect()
    }

    /// What the report says of that layer: `ok`, `warn`, `fail`, `not-reached` or `not-tried`.
    #[track_caller]
    pub fn state(&self, layer: &str) -> &str {
        &self.row(layer).state
    }

    /// The layer in question came about, with or without a warning.
    #[track_caller]
    pub fn came_up(&self, layer: &str) {
        assert!(["ok", "warn"].contains(&self.state(layer)), "{layer} is {}\n{}", self.state(layer), self.story);
    }

    /// What was learned in that layer speaks of all these; blanks, case and punctuation do not count, so that `SHA-256` is `sha256`.
    #[track_caller]
    pub fn learned(&self, layer: &str, words: &[&str]) {
        let all = plain(&Value::from(self.row(layer).learned.clone()).to_string());
        for word in words {
            assert!(all.contains(&plain(word)), "nothing about {word} was learned in {layer}\n{}", self.story);
        }
    }

    #[track_caller]
    fn row(&self, layer: &str) -> &LayerRow {
        let row = self.report.layers.iter().find(|row| row.layer == layer);
        row.unwrap_or_else(|| panic!("the report has no layer {layer}\n{}", self.story))
    }
}

impl Finding {
    /// One of the Windows codes is this number, as a number of its own in the text.
    pub fn shows_windows(&self, code: &str) -> bool {
        let text = Value::from(self.windows.clone()).to_string();
        text.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| word == code)
    }
}

/// Runs the program, at most [`LIMIT`].
fn execute(args: &[String]) -> Run {
    let command_line = format!("sstp-diag {}", args.join(" "));
    let began = Instant::now();
    let mut child = Command::new(env!("CARGO_BIN_EXE_sstp-diag"))
        .args(args)
        .env("NO_COLOR", "1")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("cargo has built the program");
    let stdout = reader(child.stdout.take().expect("stdout is a pipe"));
    let stderr = reader(child.stderr.take().expect("stderr is a pipe"));
    let deadline = began + LIMIT;
    let output = rest(&stdout, deadline).and_then(|out| Some((out, rest(&stderr, deadline)?)));
    let Some((stdout, stderr)) = output else {
        // It may have ended this very moment; the test fails either way.
        let _ = child.kill();
        let _ = child.wait();
        panic!("{command_line}\nstill ran after {} s and was killed", LIMIT.as_secs());
    };
    let status = child.wait().expect("a child can be waited for once");
    let took = began.elapsed();
    let story = format!("$ {command_line}\n{status}, {:.1} s\n--- stdout\n{stdout}\n--- stderr\n{stderr}", took.as_secs_f64());
    let report = serde_json::from_str(&stdout).unwrap_or_else(|error| panic!("stdout is no report: {error}\n{story}"));
    let code = status.code().unwrap_or_else(|| panic!("died of a signal\n{story}"));
    Run { code, took, report, story }
}

/// All that comes out of a pipe, sent once it has ended.
fn reader(mut pipe: impl Read + Send + 'static) -> Receiver<String> {
    let (send, receive) = channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = pipe.read_to_end(&mut bytes);
        let _ = send.send(String::from_utf8_lossy(&bytes).into_owned());
    });
    receive
}

fn rest(pipe: &Receiver<String>, deadline: Instant) -> Option<String> {
    pipe.recv_timeout(deadline.saturating_duration_since(Instant::now())).ok()
}

/// The same place as in `tests/peers/common.sh`.
fn directory() -> PathBuf {
    if let Some(given) = env::var_os("RIG_DIR").filter(|given| !given.is_empty()) {
        return given.into();
    }
    let base = env::var("RIG_BASE").unwrap_or_else(|_| "18400".into());
    env::temp_dir().join(format!("sstp-diag-rig-{base}"))
}

fn plain(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// How long one run of the program may take: 60 s.
const LIMIT: Duration = Duration::from_secs(60);
