//! Recordings of other clients and servers are played again: against themselves, against the lab configured like their server,
//! and against a lab with one fault.

use crate::captures::{folder, names};
use crate::scratch::Scratch;
use sstp_diag::base::{Layer, Micros, Secret, Side};
use sstp_diag::capture::read::{Connection, Kind, Listener, Options, Source, read};
use sstp_diag::jobs::lab::{Fault, Lab, LabConfig, Makes, fault};
use sstp_diag::jobs::probe::ProbeConfig;
use sstp_diag::jobs::replay::run::{self, Played, ReplayConfig};
use sstp_diag::jobs::replay::{self, Course, Manner, Present, Said, Script, Step, Timing};
use sstp_diag::live::clock::Clock;
use sstp_diag::live::dns::Override;
use sstp_diag::live::trust::{Store, Trust};
use sstp_diag::proto::plan::{Credentials, Timers};
use sstp_diag::proto::watch::WatchConfig;
use sstp_diag::transcript::{Event, Target, Transcript};
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

#[derive(Default)]
struct Kept(Vec<Connection>);

impl Listener for Kept {
    fn over(&mut self, connection: Connection) {
        self.0.push(connection);
    }
}

/// The connections of a capture, with the packets in their tunnels.
pub fn connections(path: &Path) -> Vec<Connection> {
    let mut kept = Kept::default();
    let watch = WatchConfig { packets: true, ..WatchConfig::default() };
    read(&Options { sources: vec![Source::Path(path.to_path_buf())], watch, ..Options::default() }, &mut kept).expect("a capture");
    kept.0
}

/// Every call of every capture that said anything above TLS, and how many connections said nothing.
pub fn scripts() -> (Vec<(String, Script)>, usize) {
    let (mut scripts, mut silent) = (Vec::new(), 0);
    for name in names() {
        for connection in connections(&folder().join(format!("{name}.pcapng"))) {
            if connection.kind == Kind::Other {
                continue;
            }
            let from = format!("{name}#{}", connection.seen.number);
            match Script::of(&connection.transcript, &from) {
                Ok(script) => scripts.push((from, script)),
                Err(_) => silent += 1,
            }
        }
    }
    (scripts, silent)
}

fn alice() -> Option<Credentials> {
    Some(Credentials { user: "alice".into(), password: Secret::new("Passw0rd!".into()) })
}

#[test]
fn every_capture_plays_against_itself_in_memory() {
    let (scripts, silent) = scripts();
    assert!(scripts.len() >= 30 && silent >= 8, "{} {silent}", scripts.len());
    let mut wrong = Vec::new();
    for (name, script) in &scripts {
        for timing in [Timing::Asap, Timing::Original(1.0)] {
            let present = Present { host: "vpn.example.test".into(), credentials: alice(), seed: 5, ..Present::default() };
            let both = replay::both::run(script, &present, timing, false, Side::Client);
            for (side, outcome) in [("client", &both.client), ("server", &both.server)] {
                if !outcome.is_equal() {
                    let kinds: Vec<String> = outcome.divergences.iter().map(|divergence| divergence.kind.to_string()).collect();
                    wrong.push(format!("{name} {side} {timing:?}: through {} {kinds:?}", outcome.through));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_script_of_every_capture_comes_back_from_its_text() {
    for (name, script) in scripts().0 {
        let text = script.text();
        assert_eq!(Script::parse(&text).as_ref(), Ok(&script), "{name}");
    }
}

fn block_on<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let result = tokio::task::LocalSet::new().block_on(&runtime, work);
    runtime.shutdown_background();
    result
}

/// Plays the client's side over loopback to a lab that is configured like the recorded server, with these faults.
async fn against_lab(script: Script, faults: &[&str], patience: Duration) -> Played {
    let credentials = alice().expect("somebody");
    let server = Some(replay::like::server(&script, &credentials));
    let timers = Timers { restart: Duration::from_millis(500), ..Timers::default() };
    let faults = faults.iter().map(ToString::to_string).collect();
    let lab = Lab::start(LabConfig { faults, server, timers, ..LabConfig::default() }).await.expect("the lab starts");
    let dial = lab.dial().clone();
    let mut probe = ProbeConfig::new(Target { host: dial.host.clone(), port: dial.port, ..Target::default() });
    probe.credentials = Some(credentials);
    probe.trust = Arc::new(Trust::of(Store::Mozilla, "lab", &dial.ca_der));
    let over = dial.resolve.iter().map(|(host, addresses)| Override { host: host.clone(), addresses: addresses.clone() });
    probe.resolver.overrides = over.collect();
    let manner = Manner { timing: Timing::Asap, patience, gate: None, notes: true };
    let course = Course::of(&script, Side::Client);
    let login = course.is_tunnelled().then(|| replay::like::eap_method(&script));
    let course = Arc::new(if login.is_some() { course.without_login() } else { course });
    if login.is_some() {
        probe.eap.trust = Some(probe.trust.clone());
        probe.eap.identity = dial.certificate.clone();
        probe.eap.server_name = dial.eap_server_name.clone();
    }
    let config = ReplayConfig { probe, course, manner, verbatim: false, login };
    let (_halt, mut stop) = tokio::sync::watch::channel(false);
    let played = run::once(&config, 7, &Clock::start(), &mut Vec::<Event>::new(), &mut stop).await;
    lab.stop().await;
    played
}

/// Runs so many at a time; most of a run is waiting.
async fn side_by_side<T: 'static>(jobs: Vec<impl Future<Output = T> + 'static>, at_once: usize) -> Vec<T> {
    let (mut waiting, mut running, mut done) = (jobs.into_iter(), tokio::task::JoinSet::new(), Vec::new());
    loop {
        while running.len() < at_once
            && let Some(job) = waiting.next()
        {
            running.spawn_local(job);
        }
        match running.join_next().await {
            Some(result) => done.push(result.expect("no run panics")),
            None => return done,
        }
    }
}

#[test]
fn every_capture_plays_against_the_lab_configured_like_its_server() {
    let jobs = scripts().0.into_iter().map(|(name, script)| async move {
        let played = against_lab(script, &[], Duration::from_secs(8)).await;
        (name, played)
    });
    let (mut wrong, mut played_in_all) = (Vec::new(), 0);
    for (name, played) in block_on(side_by_side(jobs.collect(), 8)) {
        let outcome = played.outcome.unwrap_or_else(|| panic!("{name}: {:?}", played.no_connection));
        played_in_all += 1;
        if !outcome.is_equal() {
            let kinds: Vec<String> = outcome.divergences.iter().map(|divergence| divergence.kind.to_string()).collect();
            wrong.push(format!("{name}: through {}, {kinds:?}", outcome.through));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(played_in_all >= 31, "{played_in_all}");
}

/// Faults that this recording does not meet, and why.
const NOT_MET: &[(&str, &str)] = &[
    ("data.aborted", "the recorded client sends no Echo Request of SSTP"),
    ("ncp.no-ipv6", "neither does the recorded server speak IPv6"),
    ("teardown.by-server", "the recorded client sends no Echo Request of SSTP"),
    ("teardown.closed-by-server", "the recorded client sends no Echo Request of SSTP"),
    ("teardown.echo-lost", "the recorded client sends no Echo Request of SSTP"),
];

/// `name#nth` of the recorded message at which the first divergence is, and its kind.
fn first(script: &Script, played: &Played) -> String {
    let Some(outcome) = &played.outcome else { return "no connection".into() };
    let Some(first) = outcome.first() else { return if outcome.is_equal() { "equal" } else { "not through" }.into() };
    let place = first.step.and_then(|step| Some((step, script.steps.get(step)?.said()?))).map(|(step, said)| {
        let same = |other: &&Step| other.said().is_some_and(|other| other.name == said.name && other.by == said.by);
        format!("{}#{}", said.name, script.steps[..=step].iter().filter(same).count())
    });
    format!("{} {}", first.kind.name(), place.unwrap_or_else(|| "at the end".into()))
}

#[test]
fn a_fault_of_the_lab_shows_at_its_message() {
    let script = scripts().0.into_iter().find(|row| row.0 == "softether-ok-tls12#1").expect("it is there").1;
    let above_tls = |fault: &&Fault| {
        let made = |part: &&Makes| matches!(part, Makes::Server(_) | Makes::Edits(_) | Makes::Toxics(_) | Makes::ToxicsAboveTls(_));
        // A flood is a race against the patience, and so is what is held back.
        let race = fault.id.ends_with("-flood") || fault.holds() > Duration::ZERO;
        fault.layer >= Layer::Http && !race && fault.makes.parts().iter().all(made)
    };
    let jobs = fault::all().filter(above_tls).map(|fault| {
        let script = script.clone();
        async move {
            let played = against_lab(script.clone(), &[fault.id], Duration::from_secs(3)).await;
            format!("{} {}", fault.id, first(&script, &played))
        }
    });
    let mut lines = block_on(side_by_side(jobs.collect(), 12));
    lines.sort();
    let now = lines.join("\n") + "\n";
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/replay/faults.txt");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &now).expect("fixtures can be written");
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(kept, now, "UPDATE=1 writes it anew; then read it");
    assert!(lines.len() >= 70, "{}", lines.len());
    for line in &lines {
        let id = line.split(' ').next().unwrap_or_default();
        assert_eq!(line.ends_with(" equal"), NOT_MET.iter().any(|row| row.0 == id), "{line}");
    }
}

/// What is saved without secrets plays as well: a login is made anew.
#[test]
fn a_transcript_without_secrets_plays_as_well() {
    for name in ["softether-ok-tls13", "sstpc-ok", "softether-pap"] {
        let mut transcript = connections(&folder().join(format!("{name}.pcapng"))).remove(0).transcript;
        transcript.scrub();
        let mut lines = Vec::new();
        transcript.write_jsonl(&mut lines).expect("memory");
        let transcript = Transcript::read_jsonl(&mut lines.as_slice()).expect("just written");
        let script = Script::of(&transcript, name).expect("it says something");
        let played = block_on(against_lab(script, &[], Duration::from_secs(8)));
        assert!(played.outcome.is_some_and(|outcome| outcome.is_equal()), "{name}");
    }
}

mod hostile {
    use super::*;
    use proptest::prelude::*;

    fn plays(script: &Script) {
        for timing in [Timing::Asap, Timing::Original(1000.0)] {
            let present = Present { host: "h".into(), credentials: alice(), seed: 1, ..Present::default() };
            replay::both::run(script, &present, timing, false, Side::Client);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]
        /// A script whose messages were spoilt anywhere ends, and panics nowhere.
        #[test]
        fn a_spoilt_script_comes_to_an_end(spoils in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), any::<u8>(), any::<u64>()), 1..12)) {
            static SCRIPT: std::sync::OnceLock<Script> = std::sync::OnceLock::new();
            let script = SCRIPT.get_or_init(|| scripts().0.into_iter().find(|row| row.0 == "softether-ok-tls12#1").expect("it is there").1);
            let mut steps = script.steps.clone();
            for (step, byte, value, at) in spoils {
                let place = step.index(steps.len());
                let Some(said) = steps[place].said().cloned() else { continue };
                let mut raw = said.raw;
                match value % 4 {
                    0 => raw.truncate(byte.index(raw.len()).max(1)),
                    1 => raw.extend_from_within(..byte.index(raw.len())),
                    _ => {
                        let at = byte.index(raw.len());
                        raw[at] = value;
                    }
                }
                let when = if value & 16 == 0 { said.at } else { Micros(at) };
                steps[place] = Step::Says(Said::new(when, if value & 32 == 0 { said.by } else { said.by.other() }, raw));
            }
            plays(&Script { steps, ..script.clone() });
        }
    }

    #[test]
    fn a_peer_that_floods_or_never_answers_is_left() {
        let flood = |raw: &[u8], by, count| (0..count).map(|n| Step::Says(Said::new(Micros(n), by, raw.to_vec()))).collect::<Vec<_>>();
        let echo = [0x10, 1, 0, 8, 0, 8, 0, 0];
        let mut steps = flood(&echo, Side::Server, 15_000);
        steps.extend(flood(&echo, Side::Client, 4_000));
        plays(&Script { steps, ..Script::default() });
        let waits = [
            Step::Says(Said::new(Micros(u64::MAX - 1), Side::Server, echo[..7].to_vec())),
            Step::Says(Said::new(Micros(0), Side::Client, echo.to_vec())),
        ];
        plays(&Script { steps: waits.to_vec(), ..Script::default() });
    }
}

pub fn sstp_diag(args: &[&str]) -> (Option<i32>, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sstp-diag"));
    for name in ["https_proxy", "HTTPS_PROXY", "SSTP_DIAG_PASSWORD", "SSLKEYLOGFILE"] {
        command.env_remove(name);
    }
    let output = command.args(args).stdin(Stdio::null()).output().expect("the program runs");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[test]
fn arguments_that_make_no_sense_end_with_2_or_3_and_say_why() {
    let call = folder().join("softether-ok-tls12.pcapng").display().to_string();
    let silent = folder().join("none-tcp-refused.pcapng").display().to_string();
    let scratch = Scratch::new("replay-usage");
    let script = scratch.path("bad.txt");
    std::fs::write(&script, "sstp-diag script 1\n1.0 client x#1 zz\n").expect("written");
    let c = call.as_str();
    let rows: &[(i32, &[&str], &str)] = &[
        (2, &["replay"], "FILE is missing"),
        (2, &["replay", c], "against whom?"),
        (2, &["replay", c, "--to", "x", "--both"], "cannot be used with"),
        (2, &["replay", c, "--to", "192.0.2.1"], "give --user and --password-file, end before it with --until lcp, or send"),
        (2, &["replay", c, "--to", "192.0.2.1"], "what was recorded with --verbatim"),
        (2, &["replay", c, "--to", "192.0.2.1", "--until", "lcp", "--count", "2"], "--i-am-authorised 192.0.2.1"),
        (2, &["replay", c, "--to", "localhost", "--connect", "192.0.2.1", "--until", "lcp", "--count", "2"], "--i-am-authorised 192.0.2.1"),
        (
            2,
            &["replay", c, "--to", "a.example", "--until", "lcp", "--count", "2", "--i-am-authorised", "b.example"],
            "a.example is not this",
        ),
        (2, &["replay", c, "--both", "--until", "sstp.nonsense"], "there is no sstp.nonsense"),
        (2, &["replay", c, "--both", "--from", "lcp.configure-request#99"], "there is no lcp.configure-request#99"),
        (2, &["replay", c, "--both", "--timing", "fast"], "x10"),
        (2, &["replay", c, "--both", "--edit", "burn"], "not an edit"),
        (2, &["replay", c, "--both", "--ignore", "a b"], "neither a message"),
        (2, &["replay", c, "--both", "--session", "7"], "no SSTP session 7"),
        (2, &["replay", c, "--lab", "--fault", "no.such"], "lab --list"),
        (2, &["replay", c, "--both", "--fault", "http.404"], "--lab"),
        (2, &["replay", c, "--lab", "--timing", "step", "--count", "2"], "for one session"),
        (2, &["replay", c, "--lab", "--fault", "auth.wrong-password"], "here that is the recorded one"),
        (2, &["replay", c, "--lab", "--fault", "cert.untrusted-root"], "here that is the recorded one"),
        (2, &["replay", c, "--both", "--timing", "original"], "--timing is for a peer over the network"),
        (2, &["replay", c, "--both", "--count", "2"], "--count is for a peer over the network"),
        (2, &["replay", c, "--both", "--patience", "2"], "--patience is for a peer over the network"),
        (3, &["replay", silent.as_str(), "--both"], "nothing was said above TLS"),
        (3, &["replay", "/nonexistent/x", "--both"], "No such file"),
        (3, &["replay", script.as_str(), "--both"], "line 2: bytes are"),
    ];
    for (exit, args, says) in rows {
        let (code, stdout, stderr) = sstp_diag(args);
        assert_eq!((code, stdout.as_str()), (Some(*exit), ""), "{args:?}: {stderr}");
        assert!(stderr.contains(says), "{args:?}: {stderr}");
    }
}

#[test]
fn a_capture_becomes_a_regression_test_that_can_be_edited() {
    let call = folder().join("softether-ok-tls12.pcapng").display().to_string();
    let scratch = Scratch::new("replay-script");
    let (script, again) = (scratch.path("call.txt"), scratch.path("again.txt"));
    let (code, stdout, stderr) = sstp_diag(&["replay", &call, "--lab", "--export-script", &script]);
    assert_eq!((code, stderr.as_str()), (Some(0), ""), "{stdout}");
    assert!(stdout.contains("Equal: everything came as it was recorded."), "{stdout}");
    let (code, stdout, _) = sstp_diag(&["replay", &script, "--lab", "--export-script", &again, "--ignore", "ipv4.*"]);
    assert_eq!(code, Some(0), "{stdout}");
    let text = std::fs::read_to_string(&script).expect("written");
    assert_eq!(std::fs::read_to_string(&again).expect("written"), text.clone() + "ignore ipv4.*\n");
    std::fs::write(&script, text + "sstp.call-connect-request#1 set encapsulated-protocol.protocol-id=2\n").expect("written");
    let (code, stdout, _) = sstp_diag(&["replay", &script, "--lab"]);
    assert_eq!(code, Some(1), "{stdout}");
    let flat = stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(flat.contains("sstp.call-connect-nak came where the recording has sstp.call-connect-ack"), "{stdout}");
    assert!(flat.contains("Edited sstp.call-connect-request#1 set encapsulated-protocol.protocol-id=2"), "{stdout}");
    let (code, stdout, _) = sstp_diag(&["replay", &call, "--lab", "--fault", "auth.impostor", "-o", "json"]);
    let document: serde_json::Value = serde_json::from_str(&stdout).expect("JSON");
    assert_eq!((code, &document["equal"]), (Some(1), &false.into()));
    assert_eq!(document["ends"][0]["divergences"][0]["place"], "chap.success#1", "{stdout}");
}

#[test]
fn verbatim_sends_what_was_recorded_and_a_server_that_looks_refuses_it() {
    let call = folder().join("softether-ok-tls12.pcapng").display().to_string();
    let (code, stdout, _) = sstp_diag(&["replay", &call, "--lab", "--verbatim", "--patience", "3"]);
    assert_eq!(code, Some(1), "{stdout}");
    assert!(stdout.contains("0 fields made anew"), "{stdout}");
    let scratch = Scratch::new("replay-verbatim");
    let saved = scratch.path("call.jsonl");
    assert_eq!(sstp_diag(&["decode", &call, "--save", &saved]).0, Some(0));
    let (code, _, stderr) = sstp_diag(&["replay", &saved, "--lab", "--verbatim"]);
    assert!(code == Some(2) && stderr.contains("asterisks"), "{stderr}");
}

#[test]
fn many_sessions_are_counted_with_their_times() {
    let call = folder().join("softether-ok-tls12.pcapng").display().to_string();
    let (code, stdout, stderr) = sstp_diag(&["replay", &call, "--lab", "--count", "20", "--concurrency", "5", "--rate", "200"]);
    assert_eq!((code, stderr.as_str()), (Some(0), ""), "{stdout}");
    assert!(stdout.starts_with("20 sessions in ") && stdout.contains(": 20 as recorded, 0 not\n") && stdout.contains("99 %"), "{stdout}");
    let (code, stdout, _) = sstp_diag(&["replay", &call, "--lab", "--fault", "sstp.nak", "--count", "3", "-o", "json"]);
    let document: serde_json::Value = serde_json::from_str(&stdout).expect("JSON");
    assert_eq!((code, &document["equal"], &document["reasons"][0]["count"]), (Some(1), &0.into(), &3.into()), "{stdout}");
    let times: u64 = document["histogram"].as_array().into_iter().flatten().filter_map(|bin| bin["count"].as_u64()).sum();
    assert_eq!(times, 3, "sessions that differ take their time too: {stdout}");
}

#[test]
fn step_by_step_every_message_waits_for_enter() {
    let call = folder().join("softether-ok-tls12.pcapng").display().to_string();
    let mut command = Command::new(env!("CARGO_BIN_EXE_sstp-diag"));
    command.args(["replay", &call, "--lab", "--timing", "step", "--until", "sstp.call-connect-request"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it runs");
    let mut enter = child.stdin.take().expect("piped");
    let (told, heard) = std::sync::mpsc::channel();
    let lines = BufReader::new(child.stderr.take().expect("piped")).lines().map(|line| line.expect("UTF-8"));
    std::thread::spawn(move || lines.for_each(|line| drop(told.send(line))));
    let next = || heard.recv_timeout(Duration::from_secs(20)).expect("the next message is shown");
    let first = next();
    assert!(first.contains("next -> http.request") && first.contains("Enter sends it"), "{first}");
    // As long as nobody presses Enter nothing more is shown.
    assert!(heard.recv_timeout(Duration::from_millis(700)).is_err());
    enter.write_all(b"\n").expect("it reads");
    let second = next();
    assert!(second.contains("next -> sstp.call-connect-request"), "{second}");
    enter.write_all(b"\n").expect("it reads");
    drop(enter);
    let mut stdout = String::new();
    child.stdout.take().expect("piped").read_to_string(&mut stdout).expect("UTF-8");
    assert_eq!(child.wait().expect("it ends").code(), Some(0), "{stdout}");
    assert!(stdout.contains("2 messages sent"), "{stdout}");
}

#[test]
fn what_is_ignored_is_taken_in_all_the_same() {
    let call = folder().join("softether-ok-tls12.pcapng").display().to_string();
    for pattern in ["ipcp.*", "lcp.*", "chap.*", "*.configure-*"] {
        let (code, stdout, _) = sstp_diag(&["replay", &call, "--lab", "--ignore", pattern]);
        assert_eq!(code, Some(0), "{pattern}: {stdout}");
    }
    // What is different in it does not count, and what comes otherwise is not missed.
    let (code, stdout, _) = sstp_diag(&["replay", &call, "--lab", "--fault", "ncp.no-dns", "--until", "ncp"]);
    assert_eq!(code, Some(1), "{stdout}");
    let (code, stdout, _) = sstp_diag(&["replay", &call, "--lab", "--fault", "ncp.no-dns", "--until", "ncp", "--ignore", "ipcp.*"]);
    assert_eq!(code, Some(0), "{stdout}");
}

#[test]
fn what_comes_before_the_beginning_is_played_and_not_compared() {
    let call = folder().join("softether-ok-tls12.pcapng").display().to_string();
    for from in ["lcp", "auth", "ncp", "lcp.configure-request#2"] {
        let (code, stdout, _) = sstp_diag(&["replay", &call, "--lab", "--from", from]);
        assert_eq!(code, Some(0), "{from}: {stdout}");
    }
    let scratch = Scratch::new("replay-from");
    let script = scratch.path("call.txt");
    assert_eq!(sstp_diag(&["replay", &call, "--export-script", &script, "--from", "ncp"]).0, Some(0));
    let text = std::fs::read_to_string(&script).expect("written");
    assert!(text.lines().any(|line| line == "compare"), "{text}");
    let (code, stdout, _) = sstp_diag(&["replay", &script, "--lab"]);
    assert_eq!(code, Some(0), "{stdout}");
}

#[test]
fn a_script_has_no_secrets_unless_they_are_asked_for() {
    let call = folder().join("softether-pap.pcapng").display().to_string();
    let scratch = Scratch::new("replay-secrets");
    let (plain, whole) = (scratch.path("plain.txt"), scratch.path("whole.txt"));
    assert_eq!(sstp_diag(&["replay", &call, "--export-script", &plain]).0, Some(0));
    assert_eq!(sstp_diag(&["replay", &call, "--export-script", &whole, "--with-secrets"]).0, Some(0));
    let read = |path: &str| std::fs::read_to_string(path).expect("written").replace([' ', '\n'], "");
    let password: String = "Passw0rd!".bytes().map(|byte| format!("{byte:02x}")).collect();
    assert!(read(&whole).contains(&password) && !read(&plain).contains(&password));
    use std::os::unix::fs::PermissionsExt;
    for path in [&plain, &whole] {
        assert_eq!(std::fs::metadata(path).expect("there").permissions().mode() & 0o777, 0o600);
    }
    let (code, stdout, _) = sstp_diag(&["replay", &plain, "--lab"]);
    assert_eq!(code, Some(0), "{stdout}");
}

#[test]
fn an_edit_that_hits_nothing_is_not_a_pass() {
    let call = folder().join("softether-ok-tls12.pcapng").display().to_string();
    for edit in ["lcp.nosuch set x=1", "lcp.configure-request#1 set nosuch=1"] {
        let (code, stdout, _) = sstp_diag(&["replay", &call, "--lab", "--until", "lcp", "--edit", edit]);
        assert!(code == Some(3) && stdout.contains("Not applied"), "{edit}: {stdout}");
    }
}

#[test]
fn a_load_that_a_proxy_would_bear_is_refused_too() {
    let call = folder().join("softether-ok-tls12.pcapng").display().to_string();
    let proxied = ["replay", &call, "--to", "localhost", "--proxy", "http://192.0.2.1:3128", "--until", "lcp", "--count", "2"];
    let (code, _, stderr) = sstp_diag(&proxied);
    assert!(code == Some(2) && stderr.contains("--i-am-authorised 192.0.2.1"), "{stderr}");
}

#[test]
fn a_recording_that_is_damaged_is_said_to_be_not_whole() {
    let scratch = Scratch::new("replay-damaged");
    let cut = scratch.path("cut.pcapng");
    let whole = std::fs::read(folder().join("softether-ok-tls12.pcapng")).expect("a capture");
    let mut held = 0;
    for len in (4_500..whole.len()).step_by(1_500) {
        std::fs::write(&cut, &whole[..len]).expect("written");
        let (code, stdout, stderr) = sstp_diag(&["replay", &cut, "--lab"]);
        if code == Some(3) {
            continue; // nothing to play yet
        }
        assert_eq!(code, Some(0), "{len}: {stdout}{stderr}");
        held += usize::from(stdout.contains("The recording is not whole"));
    }
    assert!(held > 2, "{held}");
}
