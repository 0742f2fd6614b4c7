//! Every capture in `captures/` decodes to its story: what was written down beside it, and what the client that was
//! recorded says it sent and received.

use crate::scratch::Scratch;
use sstp_diag::base::Side;
use sstp_diag::capture::read::{Connection, Kind, Listener, Options, Source, Summary, read};
use sstp_diag::capture::write::{Packets, Pcapng};
use sstp_diag::diag::{self, Severity, judge};
use sstp_diag::jobs::generate::spoil::{self, How};
use sstp_diag::jobs::weigh::Scales;
use sstp_diag::live::trust::{Store, Trust};
use sstp_diag::transcript::{Facts, Transcript, What};
use sstp_diag::wire::ppp::Body;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

/// Where the captures are.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("captures")
}

/// The names of all captures, in order.
pub fn names() -> Vec<String> {
    let entries = fs::read_dir(folder()).expect("captures is readable").map(|entry| entry.expect("an entry").path());
    let mut names: Vec<String> = entries
        .filter(|path| path.extension().is_some_and(|ext| ext == "pcapng"))
        .map(|path| path.file_stem().expect("a name").to_string_lossy().into_owned())
        .collect();
    names.sort();
    assert!(names.len() >= 40, "the captures are there");
    names
}

#[derive(Default)]
struct Kept(Vec<Connection>);

impl Listener for Kept {
    fn over(&mut self, connection: Connection) {
        self.0.push(connection);
    }
}

/// Reads one file.
pub fn decoded(path: &Path) -> (Vec<Connection>, Summary) {
    let mut kept = Kept::default();
    let options = Options { sources: vec![Source::Path(path.to_path_buf())], ..Options::default() };
    let summary = read(&options, &mut kept).expect("a capture");
    (kept.0, summary)
}

/// What the connections of a capture come to, a line each: judged as `diagnose` judges them where no roots are named.
fn told(connections: &[Connection]) -> String {
    let mut text = String::new();
    let mut scales = Scales::new(Some(Trust::of(Store::Mozilla, "test", &[])), false);
    for connection in connections {
        let mut transcript = connection.transcript.clone();
        scales.weigh(&mut transcript);
        let facts = Facts::of(&transcript);
        let judgement = judge(&facts, diag::all());
        let of = |severity| judgement.findings.iter().filter(move |finding| finding.severity == severity).map(|finding| finding.check.id);
        let ids = |severity| of(severity).collect::<Vec<_>>().join(" ");
        let reached = facts.layers.iter().filter(|entry| facts.reached(entry.layer)).map(|entry| entry.layer).max();
        writeln!(text, "{:?} #{}", connection.kind, connection.seen.number).expect("memory");
        writeln!(text, "  reached {}", reached.map_or("nothing", |layer| layer.name())).expect("memory");
        if let Some(stop) = &facts.stop {
            writeln!(text, "  stopped {}: {}", stop.layer, stop.reason).expect("memory");
        }
        writeln!(text, "  cause {}", judgement.cause().map_or("none", |cause| cause.check.id)).expect("memory");
        for severity in [Severity::Fail, Severity::Warn, Severity::Note] {
            writeln!(text, "  {} {}", severity.name(), ids(severity)).expect("memory");
        }
        for proof in &facts.proofs {
            writeln!(text, "  proof {:?} {}", proof.it.0, if proof.it.1 { "holds" } else { "fails" }).expect("memory");
        }
    }
    if connections.is_empty() {
        text.push_str("nothing that may be SSTP\n");
    }
    text.lines().map(|line| line.trim_end().to_string() + "\n").collect()
}

#[test]
fn every_capture_decodes_to_what_is_told_beside_it() {
    let mut wrong = Vec::new();
    for name in names() {
        let (connections, summary) = decoded(&folder().join(format!("{name}.pcapng")));
        assert!(summary.damages.is_empty() && summary.bad_packets.is_empty(), "{name}: {summary:?}");
        let told = told(&connections);
        let path = folder().join(format!("{name}.told"));
        if std::env::var_os("UPDATE").is_some() {
            fs::write(&path, &told).expect("captures can be written");
        }
        let kept = fs::read_to_string(&path).unwrap_or_default();
        if kept != told {
            wrong.push(format!("{name}: kept\n{kept}now\n{told}"));
        }
        assert!(folder().join(format!("{name}.toml")).exists(), "{name} has no story");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Both sides' messages as the recorded client writes them into its own log.
/// The same pcapng file (little-endian) with its secrets behind everything else. Block type 10: Decryption Secrets Block.
fn secrets_last(file: &[u8]) -> Vec<u8> {
    let (mut front, mut back, mut rest) = (Vec::new(), Vec::new(), file);
    while let Some(head) = rest.first_chunk::<8>() {
        let number = |at: usize| u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
        let (block, behind) = rest.split_at(number(4) as usize);
        if number(0) == 10 { &mut back } else { &mut front }.extend_from_slice(block);
        rest = behind;
    }
    front.extend_from_slice(&back);
    front
}

#[test]
fn keys_that_come_last_change_nothing_for_a_call_that_is_not_handed_over_yet() {
    let scratch = Scratch::new("keys-last");
    let mut held = 0;
    for name in names() {
        let path = folder().join(name.clone() + ".pcapng");
        let (before, _) = decoded(&path);
        // Of several connections those that ended earlier are handed over, and nobody waits for keys then.
        if before.len() != 1 {
            continue;
        }
        let late = PathBuf::from(scratch.path(&(name.clone() + ".pcapng")));
        fs::write(&late, secrets_last(&fs::read(&path).expect("a capture"))).expect("it can be written");
        assert_eq!(told(&decoded(&late).0), told(&before), "{name}");
        held += 1;
    }
    assert!(held > 25, "{held} captures were compared");
}

/// The capture as a tap with several queues would have recorded it.
fn reordered(path: &Path, into: &Path, seed: u64) {
    spoilt(path, into, "reorder=3", seed);
}

/// The capture with one thing changed.
fn spoilt(path: &Path, into: &Path, how: &str, seed: u64) {
    let how = How::parse(&[how]).expect("a way to spoil");
    let file = Pcapng::new(fs::File::create(into).expect("a file"), how.link, "test").expect("it can be written");
    let mut chain = how.in_front_of(file, seed);
    spoil::packets(fs::File::open(path).expect("a capture"), &mut chain as &mut dyn Packets).expect("it can be spoilt");
    chain.finish().expect("written").finish().expect("written");
}

#[test]
fn a_tap_that_records_out_of_order_changes_no_judgement() {
    let scratch = Scratch::new("reordered");
    let mut changed = 0;
    for name in names() {
        let path = folder().join(name.clone() + ".pcapng");
        let late = PathBuf::from(scratch.path(&(name.clone() + ".pcapng")));
        let before = told(&decoded(&path).0);
        for seed in 1..=2 {
            reordered(&path, &late, seed);
            let after = decoded(&late).0;
            assert_eq!(told(&after), before, "{name}, seed {seed}");
            let disorder = |one: &Connection| {
                Facts::of(&one.transcript).flow.is_some_and(|flow| flow.it.from_client.out_of_order + flow.it.from_server.out_of_order > 0)
            };
            changed += usize::from(after.iter().any(disorder));
        }
    }
    // Where a segment waited for the other side it is not counted: it came in order then.
    assert!(changed > 15, "{changed} captures had segments of one side out of order");
}

/// Failing findings, warnings and notes of all connections.
fn found(connections: &[Connection]) -> [BTreeSet<&'static str>; 3] {
    let judged = connections.iter().map(|connection| judge(&Facts::of(&connection.transcript), diag::all()));
    let findings: Vec<_> = judged.flat_map(|judgement| judgement.findings).collect();
    let of = |severity| findings.iter().filter(|finding| finding.severity == severity).map(|finding| finding.check.id).collect();
    [of(Severity::Fail), of(Severity::Warn), of(Severity::Note)]
}

/// Findings of a capture with holes that the whole capture does not have. That the client or the server left stays true where the
/// reason that it gave is what was lost, and a note on a consequence is a warning where its cause is what was lost.
fn new_ones([fails, warns, notes]: &[BTreeSet<&'static str>; 3], after: &[Connection]) -> Vec<&'static str> {
    let [now_fails, now_warns, _] = found(after);
    let left = |id: &&str| !fails.is_empty() && (id.ends_with("-CLIENT-LEFT") || ["AUTH-TERMINATED", "SSTP-ABORT-NO-STATUS"].contains(id));
    let louder = now_fails.difference(fails).copied().filter(|id| !left(id));
    let known = |id: &str| [fails, warns, notes].iter().any(|ids| ids.contains(id)) || id.starts_with("CAP-");
    let warned = now_warns.iter().copied().filter(|id| !known(id));
    louder.chain(warned).collect()
}

/// What the capture does not show, nobody is accused of.
#[test]
fn a_segment_that_the_capture_lost_is_nobodys_failure() {
    let scratch = Scratch::new("without");
    let (mut wrong, mut kept, mut undecided) = (Vec::new(), 0, 0);
    for name in names() {
        let path = folder().join(name.clone() + ".pcapng");
        let holed = PathBuf::from(scratch.path("holed.pcapng"));
        let (whole, before) = decoded(&path);
        let base = found(&whole);
        for n in 1..=MOST {
            spoilt(&path, &holed, &format!("without={n}"), 1);
            let (after, summary) = decoded(&holed);
            if summary.packets == before.packets {
                break;
            }
            let new = new_ones(&base, &after);
            if !new.is_empty() {
                wrong.push(format!("{name} without {n}: {}", new.join(" ")));
            }
            let [now_fails, ..] = found(&after);
            kept += usize::from(now_fails == base[0]);
            undecided += usize::from(now_fails != base[0]);
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), kept + undecided, wrong.join("\n"));
    assert!(kept > 9 * undecided, "{kept} were judged as before, {undecided} not");
}

#[test]
fn many_segments_that_the_capture_lost_are_nobodys_failure() {
    let scratch = Scratch::new("lossy");
    let mut wrong = Vec::new();
    for name in names() {
        let path = folder().join(name.clone() + ".pcapng");
        let holed = PathBuf::from(scratch.path("holed.pcapng"));
        let base = found(&decoded(&path).0);
        for (one_in, seed) in (0..12).map(|n| ([12, 6, 3][n % 3], n as u64 + 100)) {
            spoilt(&path, &holed, &format!("lossy={one_in}"), seed);
            let new = new_ones(&base, &decoded(&holed).0);
            if !new.is_empty() {
                wrong.push(format!("{name} lossy={one_in}, seed {seed}: {}", new.join(" ")));
            }
        }
    }
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
}

/// Ours: data segments tried of each capture.
const MOST: usize = 120;

fn said(transcript: &Transcript) -> BTreeMap<Side, Vec<String>> {
    let mut all = BTreeMap::<Side, Vec<String>>::new();
    for event in &transcript.events {
        let (Some(by), Some(line)) = (event.by, line(&event.what)) else { continue };
        all.entry(by).or_default().push(line);
    }
    all
}

fn line(what: &What) -> Option<String> {
    let codes = ["", "ConfReq", "ConfAck", "ConfNak", "ConfRej", "TermReq", "TermAck", "CodeRej", "ProtRej", "EchoReq", "EchoRep"];
    let control = |name: &str, packet: &sstp_diag::wire::control::Packet| {
        format!("{name} {} id={} len={}", codes[usize::from(packet.code)], packet.id, packet.data.len() + 4)
    };
    match what {
        What::Sstp(message) => Some(format!("SSTP {}", message.kind.name().to_uppercase().replace('-', "_"))),
        What::Ppp(frame) => match &frame.body {
            Body::Lcp(packet) => Some(control("LCP", packet)),
            Body::Ipcp(packet) => Some(control("IPCP", packet)),
            Body::Chap(packet) => {
                let bytes = packet.emit();
                Some(format!(
                    "CHAP {} id={} len={}",
                    ["", "Challenge", "Response", "Success", "Failure"][usize::from(bytes[0])],
                    packet.id,
                    bytes.len()
                ))
            }
            _ => None,
        },
        _ => None,
    }
}

/// The client's log in the same form. What it left out by design is left out on our side too: `only` names the protocols.
fn logged(text: &str) -> BTreeMap<Side, Vec<String>> {
    let mut all = BTreeMap::<Side, Vec<String>>::new();
    for row in text.lines() {
        let (arrow, rest) = row.split_once(' ').expect("an arrow");
        let by = if arrow == "->" { Side::Client } else { Side::Server };
        if !rest.starts_with("PAP") {
            all.entry(by).or_default().push(rest.to_string());
        }
    }
    all
}

/// Where the last message of the log is not in the capture: the path was dead when it was written.
const UNSENT: [(&str, Side); 1] = [("softether-path-lost", Side::Client)];

#[test]
fn every_message_that_the_recorded_client_logged_is_decoded_and_no_other() {
    let mut compared = 0;
    for name in names() {
        let Ok(text) = fs::read_to_string(folder().join(format!("{name}.log"))) else { continue };
        let (logged, with_sstp) = (logged(&text), text.contains(" SSTP "));
        let (connections, _) = decoded(&folder().join(format!("{name}.pcapng")));
        // A proxy that refuses lets no call begin.
        let begun = |connection: &&Connection| connection.transcript.events.iter().any(|event| matches!(event.what, What::Http(_)));
        let calls: Vec<_> = connections.iter().filter(|connection| connection.kind == Kind::Sstp).filter(begun).collect();
        assert!(!calls.is_empty(), "{name}: no call");
        for call in calls {
            let mut said = said(&call.transcript);
            if !with_sstp {
                said.values_mut().for_each(|lines| lines.retain(|line| !line.starts_with("SSTP")));
            }
            for side in [Side::Client, Side::Server] {
                let (ours, theirs) = (said.remove(&side).unwrap_or_default(), logged.get(&side).cloned().unwrap_or_default());
                // The client stops logging when it leaves; what was still on its way is in the capture only. What it wrote
                // into a path that was dead never left its machine.
                let more = ours.len().saturating_sub(theirs.len());
                let sent = theirs.len() - usize::from(UNSENT.contains(&(name.as_str(), side)));
                assert_eq!(ours.get(..sent.min(ours.len())), Some(&theirs[..sent]), "{name}, {side}");
                assert!(more <= 2, "{name}, {side}: {:?}", &ours[theirs.len()..]);
                compared += theirs.len();
            }
        }
    }
    assert!(compared > 700, "{compared} messages compared");
}
