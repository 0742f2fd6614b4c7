//! What the program writes as a capture is what tshark reads: `--pcap` and `generate`.

use crate::rig::{Probe, rig};
use std::path::PathBuf;
use std::process::Command;

/// A capture that goes when the test ends.
struct Capture(PathBuf);

impl Capture {
    fn new(name: &str) -> Capture {
        Capture(std::env::temp_dir().join(format!("sstp-diag-capture-{}-{name}.pcapng", std::process::id())))
    }

    fn path(&self) -> &str {
        self.0.to_str().expect("a plain name")
    }

    /// Runs the program with this file behind the last argument.
    fn made_by(name: &str, args: &[&str]) -> (Capture, String) {
        let capture = Capture::new(name);
        let run = Command::new(env!("CARGO_BIN_EXE_sstp-diag")).args(args).arg(capture.path()).output().expect("cargo has built it");
        (capture, String::from_utf8_lossy(&run.stdout).into_owned())
    }

    /// The lines that tshark prints.
    #[track_caller]
    fn read(&self, args: &[&str]) -> Vec<String> {
        let run = Command::new("tshark").args(["-r", self.path(), "-n"]).args(args).output().expect("tests/run.sh installed tshark");
        assert!(run.status.success(), "tshark {args:?}: {}", String::from_utf8_lossy(&run.stderr));
        String::from_utf8_lossy(&run.stdout).lines().map(str::to_string).collect()
    }

    /// SSTP packets: control and data.
    #[track_caller]
    fn sstp(&self) -> (usize, usize) {
        let rows = self.read(&["-o", "tcp.reassemble_out_of_order:TRUE", "-Y", "sstp", "-T", "fields", "-e", "sstp.iscontrol"]);
        let all: Vec<&str> = rows.iter().flat_map(|row| row.split(',')).collect();
        let control = all.iter().filter(|bit| **bit == "1" || **bit == "True").count();
        (control, all.len() - control)
    }

    /// Nothing is malformed, out of order, lost or sent twice, and every checksum is right.
    #[track_caller]
    fn is_sound(&self) {
        self.is_sound_but_for("frame.number == 0");
    }

    /// The same, and `known` is in it for a reason.
    fn is_sound_but_for(&self, known: &str) {
        let filter =
            "_ws.malformed or tcp.analysis.flags or tcp.checksum.status == 0 or ip.checksum.status == 0 or _ws.expert.group == 0x05000000";
        let found =
            self.read(&["-o", "tcp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE", "-Y", &format!("({filter}) and not ({known})")]);
        assert!(found.is_empty(), "{found:#?}");
    }
}

impl Drop for Capture {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// Control messages of a sound call: Request, Ack, Connected, two Echoes, Disconnect and its Ack.
const CONTROL: usize = 7;

#[test]
fn a_probe_of_the_lab_is_read_in_the_clear_in_both_families_and_through_a_proxy() {
    let rows: [&[&str]; 3] = [&["-4"], &["-6"], &["--fault", "proxy.open"]];
    for (number, row) in rows.into_iter().enumerate() {
        let args = [&["probe", "--lab"], row, &["--pcap"]].concat();
        let (capture, _) = Capture::made_by(&format!("lab-{number}"), &args);
        capture.is_sound();
        assert_eq!(capture.sstp().0, CONTROL);
        let types = capture.read(&["-Y", "sstp.messagetype", "-T", "fields", "-e", "sstp.messagetype"]).join(",");
        let numbers: Vec<&str> = types.split(',').map(|number| number.trim_start_matches("0x000").trim_start_matches("0x0")).collect();
        assert_eq!(numbers.first().zip(numbers.last()), Some((&"1", &"7")), "{types}");
    }
}

#[test]
fn calls_that_fail_are_seen_to_fail() {
    let rows: [(&str, &str, usize); 5] = [
        ("tcp.refused", "tcp.flags.reset == 1", 2),
        ("tcp.filtered", "tcp.flags.syn == 1", 2),
        ("tcp.accept-then-silence", "tls.handshake.type == 1", 1),
        ("tls.plain-http", "http.response.code == 400 or tcp contains \"400 Bad Request\"", 1),
        ("proxy.auth-required", "http.response.code == 407", 1),
    ];
    for (fault, filter, at_least) in rows {
        let args = ["probe", "--lab", "--fault", fault, "--layer-timeout", "1", "--pcap"];
        let (capture, _) = Capture::made_by(fault, &args);
        // A SYN that nobody answers is sent again.
        capture.is_sound_but_for("tcp.flags.syn == 1 and tcp.analysis.retransmission");
        assert!(capture.read(&["-Y", filter]).len() >= at_least, "{fault}: {:#?}", capture.read(&[]));
    }
}

#[test]
fn a_call_to_softether_is_read_in_the_clear_with_tls_1_2_and_through_a_proxy() {
    let capture = Capture::new("tls12");
    Probe::of("HAPROXY_TLS12").alice().arg("--pcap", capture.path()).run();
    capture.is_sound();
    assert!(capture.sstp().0 >= 5, "{:#?}", capture.read(&["-Y", "sstp"]));
    let capture = Capture::new("squid");
    let proxy = format!("http://{}", rig().at("SQUID_OPEN"));
    Probe::of("SOFTETHER").alice().arg("--proxy", &proxy).arg("--pcap", capture.path()).run();
    capture.is_sound();
    assert!(!capture.read(&["-Y", "http.request.method == CONNECT"]).is_empty());
    assert!(capture.sstp().0 >= 5, "{:#?}", capture.read(&["-Y", "sstp"]));
}

/// The counts that `generate` prints: control and data packets.
fn told(line: &str) -> (usize, usize) {
    let number = |what: &str| {
        let before = line.split(what).next().expect("something");
        before.trim_end().rsplit(' ').next().and_then(|number| number.parse().ok()).unwrap_or_else(|| panic!("{what} in {line}"))
    };
    (number("control packets"), number("data packets"))
}

#[test]
fn tshark_counts_what_was_generated() {
    let rows: [&[&str]; 10] = [
        &["sessions", "--count", "20"],
        &["sessions", "--count", "5", "--suite", "tls12-chacha20"],
        &["sessions", "--count", "5", "--key-update", "1"],
        &["sessions", "--count", "5", "--how", "reorder"],
        &["sessions", "--count", "5", "--how", "overlap", "--how", "pppoe"],
        &["sessions", "--count", "5", "--how", "overlap-conflict", "--how", "sll2"],
        &["sessions", "--count", "5", "--how", "fragment=64", "--how", "qinq"],
        &["sessions", "--count", "5", "--how", "wraparound=900", "--how", "duplicate"],
        &["split-every-byte"],
        &["bulk", "--packets", "500"],
    ];
    for (number, args) in rows.into_iter().enumerate() {
        let args = [&["generate"], args, &["-o"]].concat();
        let (capture, line) = Capture::made_by(&format!("generated-{number}"), &args);
        assert_eq!(capture.sstp(), told(&line), "{args:?}");
        if !args.contains(&"--how") {
            capture.is_sound();
        }
    }
}
