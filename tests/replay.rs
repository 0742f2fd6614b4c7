//! Recordings of other clients and servers are played again: against themselves, against the lab configured like their server,
//! and against a lab with one fault.

use crate::captures::{folder, names};
use sstp_diag::base::{Secret, Side};
use sstp_diag::capture::read::{Connection, Kind, Listener, Options, Source, read};
use sstp_diag::jobs::replay::{self, Present, Script, Timing};
use sstp_diag::proto::plan::Credentials;
use sstp_diag::proto::watch::WatchConfig;
use std::path::Path;

#[derive(Default)]
struct Kept(Vec<Connection>);

impl Listener for Kept {
    fn over(&mut self, connection: Connection) {
        self.0.push(connection);
    }
}

/// The connections of a capture, with the packets in their tunnels.
fn connections(path: &Path) -> Vec<Connection> {
    let mut kept = Kept::default();
    let watch = WatchConfig { packets: true, ..WatchConfig::default() };
    read(&Options { sources: vec![Source::Path(path.to_path_buf())], watch, ..Options::default() }, &mut kept).expect("a capture");
    kept.0
}

/// Every call of every capture that said anything above TLS, and how many connections said nothing.
fn scripts() -> (Vec<(String, Script)>, usize) {
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

#[test]
fn every_capture_plays_against_the_lab_in_memory() {
    let mut wrong = Vec::new();
    for (name, script) in &scripts().0 {
        let credentials = alice().expect("somebody");
        let leaf = sstp_diag::proto::plan::CertHashes { sha1: [1; 20], sha256: [2; 32] };
        let config = sstp_diag::proto::plan::ServerConfig { cert: leaf, ..replay::like::server(script, &credentials) };
        let plan = sstp_diag::proto::plan::Plan { mind: sstp_diag::proto::plan::Mind::Server(config), edits: Vec::new(), toxics: Vec::new(), seed: 3 };
        let present = Present { host: "vpn.lab.example".into(), credentials: alice(), seed: 5, leaf: Some(leaf), ..Present::default() };
        let outcome = replay::both::against(script, &present, Timing::Asap, plan);
        if !outcome.is_equal() {
            wrong.push(format!("{name}: through {} {:?}", outcome.through, outcome.divergences));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
