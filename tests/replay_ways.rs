//! `replay` from standard input, with little patience, on a terminal, as a server, and with a login that has TLS inside EAP.

use crate::captures::folder;
use crate::replay::{scripts, sstp_diag};
use crate::scratch::Scratch;
use sstp_diag::base::{Micros, Secret, Side};
use sstp_diag::jobs::replay::{self, Outcome, Present, Script, Step, Timing};
use sstp_diag::proto::plan::{Credentials, Mind, Plan};
use std::io::{BufRead, BufReader, Read};
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

/// Wherever a recording ends, the server that is made like it says what came until then.
#[test]
fn a_recording_may_end_anywhere() {
    let scratch = Scratch::new("replay-cut");
    let (script, own) = (scratch.path("call.txt"), scratch.path("own.pcapng"));
    assert_eq!(sstp_diag(&["probe", "--lab", "--pcap", &own]).0, Some(0));
    let other = folder().join("softether-ok-tls12.pcapng").display().to_string();
    for call in [own, other] {
        assert_eq!(sstp_diag(&["replay", &call, "--export-script", &script]).0, Some(0));
        let text = std::fs::read_to_string(&script).expect("written");
        let says = |line: &str| line.split(' ').nth(2).filter(|name| name.contains('#')).map(str::to_string);
        let ends: Vec<String> = text.lines().filter_map(says).collect();
        let play = |until: &String| sstp_diag(&["replay", &call, "--lab", "--until", until, "--patience", "3"]);
        let runs = ends.iter().map(|until| (until, play(until))).filter(|run| run.1.0 != Some(0));
        let wrong: Vec<String> = runs.map(|(until, (_, stdout, stderr))| format!("{until}: {stdout}{stderr}")).collect();
        assert!(ends.len() >= 20 && wrong.is_empty(), "{}: {}", ends.len(), wrong.join("\n"));
    }
}

/// Somebody who takes four seconds for every message is no other client: what the server sends again meanwhile is answered again.
#[test]
fn a_person_takes_time_from_one_message_to_the_next() {
    let (mut wrong, mut played) = (Vec::new(), 0);
    for (name, mut script) in scripts().0 {
        let through = script.says(Side::Client).any(|said| said.name == "ipcp.configure-ack");
        if !through {
            continue;
        }
        let mut at = Micros::ZERO;
        for step in &mut script.steps {
            at = at + Duration::from_secs(4);
            match step {
                Step::Says(said) => said.at = at,
                Step::Closes { at: closes, .. } => *closes = at,
            }
        }
        let outcome = against_its_like(&script, Timing::Original(1.0));
        played += 1;
        if !outcome.is_equal() {
            let kinds: Vec<String> = outcome.divergences.iter().map(|divergence| divergence.kind.to_string()).collect();
            wrong.push(format!("{name}: through {} {kinds:?}", outcome.through));
        }
    }
    assert!(played >= 8 && wrong.is_empty(), "{played}\n{}", wrong.join("\n"));
}

/// SoftEther says nothing to protocols that it does not speak; neither does the lab in its place.
#[test]
fn a_server_that_passes_over_a_protocol_is_played_as_one() {
    let scratch = Scratch::new("replay-silent-protocol");
    let (own, script) = (scratch.path("own.pcapng"), scratch.path("call.txt"));
    assert_eq!(sstp_diag(&["probe", "--lab", "--pcap", &own]).0, Some(0));
    assert_eq!(sstp_diag(&["replay", &own, "--export-script", &script]).0, Some(0));
    let text = std::fs::read_to_string(&script).expect("written");
    let goes = |line: &&str| line.contains(" server ipv6cp.") || line.contains(" client ipv6cp.configure-ack");
    let kept: String = text.lines().filter(|line| !goes(line)).map(|line| format!("{line}\n")).collect();
    assert!(kept.contains(" client ipv6cp.configure-request#1"), "{kept}");
    std::fs::write(&script, kept).expect("written");
    let (code, stdout, _) = sstp_diag(&["replay", &script, "--lab"]);
    assert!(code == Some(0) && stdout.contains("Equal"), "{stdout}");
}

/// A server that a replay plays, and the port that it listens on.
struct Listening {
    child: std::process::Child,
    stderr: BufReader<std::process::ChildStderr>,
    port: String,
}

impl Listening {
    fn start(args: &[&str]) -> Listening {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sstp-diag"));
        command.args(["replay"]).args(args).args(["--listen", "127.0.0.1:0"]).env_remove("SSTP_DIAG_PASSWORD");
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it runs");
        let mut stderr = BufReader::new(child.stderr.take().expect("piped"));
        let mut line = String::new();
        stderr.read_line(&mut line).expect("UTF-8");
        let (_, port) = line.trim().rsplit_once(':').unwrap_or_else(|| panic!("{line}"));
        Listening { child, stderr, port: port.to_string() }
    }

    fn end(mut self) -> (Option<i32>, String) {
        let (mut stdout, mut stderr) = (String::new(), String::new());
        self.child.stdout.take().expect("piped").read_to_string(&mut stdout).expect("UTF-8");
        self.stderr.read_to_string(&mut stderr).expect("UTF-8");
        let code = self.child.wait().expect("it ends").code();
        (code, stdout + &stderr)
    }
}

#[test]
fn the_recorded_server_is_played_to_a_live_client() {
    let scratch = Scratch::new("replay-listen");
    let (call, ca, password) = (scratch.path("call.pcapng"), scratch.path("ca.pem"), scratch.path("password"));
    assert_eq!(sstp_diag(&["probe", "--lab", "--pcap", &call]).0, Some(0));
    std::fs::write(&password, "secret\n").expect("written");
    let login = ["--user", "alice", "--password-file", &password];
    let client = |port: &str, ca: &str| {
        let target = format!("vpn.lab.example:{port}");
        let connect = ["probe", &target, "--connect", "127.0.0.1", "--ca", ca];
        sstp_diag(&[&connect[..], &login].concat())
    };
    // The same client: everything comes as it was recorded, and the client finds a server that knows the password.
    let server = Listening::start(&[&[call.as_str(), "--ca-out", &ca], &login[..]].concat());
    let (code, stdout, _) = client(&server.port, &ca);
    assert_eq!(code, Some(0), "{stdout}");
    let (code, told) = server.end();
    assert_eq!(code, Some(0), "{told}");
    assert!(told.contains("The server was played against a client.") && told.contains("Equal"), "{told}");
    // What it writes may be held back, for clients that want it so.
    let began = std::time::Instant::now();
    let server = Listening::start(&[&[call.as_str(), "--ca-out", &ca, "--hold", "300"], &login[..]].concat());
    let (code, stdout, _) = client(&server.port, &ca);
    assert!(code == Some(0) && began.elapsed() > Duration::from_millis(1_500), "{:?}: {stdout}", began.elapsed());
    let (code, told) = server.end();
    assert_eq!(code, Some(0), "{told}");
    // Without the password the server's proof cannot be made.
    let (code, _, stderr) = sstp_diag(&["replay", &call, "--listen", "127.0.0.1:0"]);
    assert!(code == Some(2) && stderr.contains("--password-file"), "{stderr}");
    // A certificate of one's own.
    let key = rcgen::KeyPair::generate().expect("a key");
    let made = rcgen::CertificateParams::new(vec!["vpn.lab.example".to_string()]).expect("a name").self_signed(&key).expect("signed");
    let (cert, key_file) = (scratch.path("own.pem"), scratch.path("own.key"));
    std::fs::write(&cert, made.pem()).expect("written");
    std::fs::write(&key_file, key.serialize_pem()).expect("written");
    let server = Listening::start(&[&[call.as_str(), "--server-cert", &cert, "--server-key", &key_file], &login[..]].concat());
    let (_, stdout, _) = client(&server.port, &cert);
    assert!(!stdout.contains("CERT-UNTRUSTED-ROOT") && !stdout.contains("DATA-DEAD"), "{stdout}");
    let (code, told) = server.end();
    assert_eq!(code, Some(0), "the certificate hash is made anew: {told}");
}

/// Ends with whoever has it, a test that fails included.
pub struct Lab(std::process::Child);

impl Drop for Lab {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A lab of its own with these methods, and what `probe` needs to get in.
pub fn lab_of(methods: &[&str]) -> (Lab, String, Vec<String>) {
    let auth = methods.iter().flat_map(|method| ["--auth", method]);
    let mut child = Command::new(env!("CARGO_BIN_EXE_sstp-diag")).arg("lab").args(auth).stdout(Stdio::piped()).spawn().expect("it runs");
    let lines = BufReader::new(child.stdout.take().expect("piped")).lines().take(4).map(|line| line.expect("UTF-8"));
    let says: Vec<String> = lines.collect();
    let word = |nth: usize, at: usize| says[nth].split_whitespace().nth(at).expect("a word").trim_end_matches(',').to_string();
    let port = word(0, 1).rsplit(':').next().expect("a port").to_string();
    (Lab(child), format!("localhost:{port}"), vec![word(1, 1), word(2, 2), word(3, 1)])
}

#[test]
fn a_login_with_tls_inside_eap_is_made_anew_as_a_whole() {
    let scratch = Scratch::new("replay-eap");
    // The server may offer another method first, which the client refuses.
    let rows: [(&[&str], &str, u32); 4] = [
        (&["eap-tls"], "eap-tls", 3),
        (&["peap"], "peap", 3),
        (&["eap-mschapv2", "eap-tls"], "eap-tls", 1),
        (&["eap-mschapv2", "peap"], "peap", 1),
    ];
    for (offers, method, count) in rows {
        let (lab, target, files) = lab_of(offers);
        let saved = scratch.path(&format!("{method}-{}.jsonl", offers.len()));
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
        assert!(
            code == Some(2) && stderr.contains("end before it with --until lcp, or send what was recorded with --verbatim"),
            "{method}: {stderr}"
        );
        drop(lab);
    }
}

#[test]
fn a_method_within_eap_that_the_client_refused_is_offered_and_refused_again() {
    let scratch = Scratch::new("replay-eap-nak");
    let (lab, target, files) = lab_of(&["eap-mschapv2", "eap-md5"]);
    let saved = scratch.path("md5.jsonl");
    let login = ["--user", "alice", "--password-file", files[1].as_str()];
    let record = [&["probe", target.as_str(), "--ca", &files[0], "--auth", "eap-md5", "--save", &saved], &login[..]].concat();
    let (code, stdout, stderr) = sstp_diag(&record);
    assert_eq!(code, Some(0), "{stdout}{stderr}");
    assert!(std::fs::read_to_string(&saved).is_ok_and(|text| text.contains(r#""code":2,"id":2,"kind":3,"#)), "the client refused one");
    for to in [&["--lab"][..], &["--to", &target, "--ca", &files[0], login[0], login[1], login[2], login[3]]] {
        let (code, stdout, stderr) = sstp_diag(&[&["replay", saved.as_str()], to].concat());
        assert!(code == Some(0) && stdout.contains("Equal"), "{stdout}{stderr}");
    }
    drop(lab);
}

#[test]
fn the_server_of_a_login_with_tls_inside_eap_is_played_with_an_end_of_our_own() {
    let scratch = Scratch::new("replay-eap-listen");
    let wrong = scratch.path("wrong");
    std::fs::write(&wrong, "not it\n").expect("written");
    let (_stranger, _, strange) = lab_of(&["eap-tls"]);
    let rows: [(&[&str], &str); 3] = [(&["eap-tls"], "eap-tls"), (&["peap"], "peap"), (&["eap-mschapv2", "peap"], "peap")];
    for (offers, method) in rows {
        let (lab, target, files) = lab_of(offers);
        let name = format!("{method}-{}", offers.len());
        let (saved, own) = (scratch.path(&format!("{name}.jsonl")), scratch.path(&format!("{name}.pem")));
        let (root, password, certificate) = (files[0].as_str(), files[1].as_str(), files[2].as_str());
        let user = ["--user", "alice", "--password-file", password];
        // Who logs in, what the server needs, who is not let in, and what is told of that.
        let (login, server, intruder, told_of_it): (&[&str], &[&str], &[&str], &str) = match method {
            "eap-tls" => (&["--cert", certificate], &["--eap-ca", root], &["--cert", &strange[2]], "did not prove itself"),
            _ => (&user, &user, &["--user", "alice", "--password-file", &wrong], "sstp.call-disconnect came"),
        };
        let (code, stdout, _) = sstp_diag(&[&["probe", &target, "--ca", root, "--auth", method, "--save", &saved], login].concat());
        assert_eq!(code, Some(0), "{stdout}");
        drop(lab);
        let client = |port: &str, login: &[&str]| {
            let target = format!("localhost:{port}");
            sstp_diag(&[&["probe", &target, "--connect", "127.0.0.1", "--ca", &own, "--auth", method], login].concat())
        };
        let server = [&[saved.as_str(), "--ca-out", &own], server].concat();
        let listening = Listening::start(&server);
        let (code, stdout, _) = client(&listening.port, login);
        assert_eq!(code, Some(0), "{method}: {stdout}");
        let (code, told) = listening.end();
        assert!(code == Some(0) && told.contains("Equal"), "{method}: {told}");
        // Who does not prove himself is not let in, though the recorded client was; and that is told.
        let listening = Listening::start(&server);
        let (code, stdout, _) = client(&listening.port, intruder);
        assert_eq!(code, Some(1), "{method}: {stdout}");
        let (code, told) = listening.end();
        assert!(code == Some(1) && told.contains(told_of_it), "{method}: {told}");
        // Without what it takes nobody is listened for.
        let (code, _, stderr) = sstp_diag(&["replay", &saved, "--listen", "127.0.0.1:0"]);
        let wants = if method == "peap" { "--password-file" } else { "--eap-ca" };
        assert!(code == Some(2) && stderr.contains(wants), "{method}: {stderr}");
    }
}

/// How a server in memory that is made like the recorded one plays the script.
fn against_its_like(script: &Script, timing: Timing) -> Outcome {
    let credentials = Credentials { user: "alice".into(), password: Secret::new("Passw0rd!".into()) };
    let server = replay::like::server(script, &credentials);
    let leaf = Some(server.cert);
    let present = Present { host: "vpn.example.test".into(), leaf, credentials: Some(credentials), seed: 5, ..Present::default() };
    let plan = Plan { mind: Mind::Server(server), edits: Vec::new(), toxics: Vec::new(), seed: 3 };
    replay::both::against(script, &present, timing, plan)
}

/// A Call Disconnect that crosses the server's own is not acknowledged; addresses are refused one request after the other; the path
/// between the ends is cut.
#[test]
fn a_server_with_ways_of_its_own_is_played_as_one() {
    let scripts = scripts().0;
    for name in ["softether-kick#1", "softether-no-address#1", "softether-path-cut-late#1"] {
        let script = &scripts.iter().find(|row| row.0 == name).expect("it is there").1;
        for timing in [Timing::Asap, Timing::Original(1.0)] {
            let outcome = against_its_like(script, timing);
            let kinds: Vec<String> = outcome.divergences.iter().map(|divergence| divergence.kind.to_string()).collect();
            assert!(outcome.is_equal(), "{name} {timing:?}: through {} {kinds:?}", outcome.through);
        }
    }
}

/// The same recordings without what gives those ways away: the server is an ordinary one.
#[test]
fn an_ordinary_server_has_none_of_those_ways() {
    for (name, script) in scripts().0 {
        let credentials = Credentials { user: "alice".into(), password: Secret::new("Passw0rd!".into()) };
        let style = replay::like::server(&script, &credentials).style.expect("a style");
        let ways = (style.closes_on_crossing, style.refuses_addresses.is_some(), !style.last_words.are_none());
        let expected = match name.as_str() {
            "softether-kick#1" => (true, false, false),
            "softether-no-address#1" => (false, true, false),
            "softether-path-cut-late#1" => (false, false, true),
            _ => (false, false, false),
        };
        assert_eq!(ways, expected, "{name}");
        let lasting = replay::like::lasting(&script, &credentials).style.expect("a style");
        assert!(lasting.last_words.are_none(), "{name}: whoever is spoilt for goes on");
    }
}

/// A saved probe can be played as well as its capture: pings too.
#[test]
fn what_a_probe_saves_is_as_whole_as_its_capture() {
    let scratch = Scratch::new("replay-saved");
    let (saved, capture) = (scratch.path("own.jsonl"), scratch.path("own.pcapng"));
    assert_eq!(sstp_diag(&["probe", "--lab", "--save", &saved, "--pcap", &capture]).0, Some(0));
    let said = |from: &str| {
        let (code, text, stderr) = sstp_diag(&["replay", from, "--export-script", "-"]);
        assert_eq!(code, Some(0), "{stderr}");
        let words = |line: &str| line.split(' ').skip(1).take(2).collect::<Vec<_>>().join(" ");
        let mut said: Vec<String> = text.lines().filter(|line| line.contains('#')).map(words).collect();
        // Between two exchanges the order in which both were seen may differ.
        said.sort();
        said
    };
    let (of_saved, of_capture) = (said(&saved), said(&capture));
    assert_eq!(of_saved, of_capture);
    assert_eq!(of_saved.iter().filter(|said| said.contains("ipv4.packet")).count(), 2, "{of_saved:#?}");
    for way in ["--both", "--lab"] {
        let (code, stdout, stderr) = sstp_diag(&["replay", &saved, way]);
        assert!(code == Some(0) && stdout.contains("Equal"), "{way}: {stdout}{stderr}");
    }
}

/// In memory the edits are those of the side that says the message.
#[test]
fn with_both_ends_an_edit_is_made_by_the_one_whose_message_it_is() {
    for edit in
        ["sstp.call-connect-ack#1 repeat 2", "chap.challenge#1 drop", "sstp.call-connect-request#1 set encapsulated-protocol.protocol-id=2"]
    {
        let (code, stdout, stderr) = sstp_diag(&["replay", "captures/softether-ok-tls12.pcapng", "--both", "--edit", edit]);
        assert!(code == Some(1) && stdout.contains("Differs") && !stdout.contains("Not applied"), "{edit}: {code:?} {stdout}{stderr}");
    }
}
