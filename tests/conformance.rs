//! The matrix: every case passes against the clean lab and fails against the lab with exactly its fault, in memory.

use sstp_diag::base::{Layer, Side, unhex};
use sstp_diag::jobs::conformance::again::Retries;
use sstp_diag::jobs::conformance::case::Base;
use sstp_diag::jobs::conformance::coverage::{self, Coverage, UNTESTED};
use sstp_diag::jobs::conformance::known::{self, Scale};
use sstp_diag::jobs::conformance::run::{self, Outcome, Peer, SuiteConfig};
use sstp_diag::jobs::conformance::{Case, Expect, Grade, Level, client, expect, honest, rehearse, server};
use sstp_diag::jobs::lab::{Lab, LabConfig, fault};
use sstp_diag::jobs::probe::ProbeConfig;
use sstp_diag::live::clock::Clock;
use sstp_diag::live::dns::Override;
use sstp_diag::live::trust::{Store, Trust};
use sstp_diag::proto::edit::Edit;
use sstp_diag::proto::plan::{BindingKey, Credentials};
use sstp_diag::transcript::{Event, Target};
use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinSet, LocalSet};

fn wrong(case: &Case) -> Option<String> {
    let (clean, events) = rehearse::server(case, &[]);
    if clean.grade != Grade::Pass {
        let seen: Vec<String> =
            events.iter().rev().take(6).rev().map(|event| format!("    {:?} {:?} {:?}", event.at, event.by, event.what)).collect();
        return Some(format!("{}: clean lab: {} {}\n{}", case.id, clean.grade.name(), clean.actual, seen.join("\n")));
    }
    let (spoilt, _) = rehearse::server(case, &[case.proved_by]);
    (!spoilt.grade.is_held_against()).then(|| format!("{}: with {}: {} {}", case.id, case.proved_by, spoilt.grade.name(), spoilt.actual))
}

#[test]
fn every_server_case_passes_the_clean_lab_and_fails_its_mutant() {
    let cases: Vec<Case> = server::all().into_iter().filter(rehearse::can_be_rehearsed).collect();
    let wrong: Vec<String> = cases.iter().filter_map(wrong).collect();
    assert!(wrong.is_empty(), "{} of {} are wrong:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

/// What the peer says in a call like that of the case in which nothing is done to it.
fn calm(case: &Case, faults: &[&str]) -> Vec<String> {
    let mut calm = case.clone();
    calm.edits.clear();
    calm.base = Base { expect: Expect::Nothing, key: BindingKey::Right, hash: None, quirks: &[], replays: None, ..calm.base };
    let (_, events) = rehearse::server(&calm, faults);
    until_we_leave(&events, Side::Server)
}

/// What that peer says until the other end takes its leave.
pub fn until_we_leave(events: &[Event], peer: Side) -> Vec<String> {
    let leaves = |event: &&Event| event.by == Some(peer.other()) && expect::name(event).as_deref() == Some("sstp.call-disconnect");
    let before = events.iter().take_while(|event| !leaves(event));
    before.filter(|event| event.by == Some(peer)).filter_map(expect::name).collect()
}

/// Nothing is done in the case: it looks at what the peer does by itself.
fn only_looks(case: &Case) -> bool {
    let base = &case.base;
    case.edits.is_empty() && base.key == BindingKey::Right && base.hash.is_none() && base.quirks.is_empty() && base.replays.is_none()
}

/// Faults that a call shows in which nothing is done, and why no other proves what they prove.
const COARSE: &[(&str, &str)] = &[
    ("ncp.mutant-no-reject", "an honest call draws a Configure-Reject itself"),
    ("ncp.mutant-no-nak", "an honest call needs a Configure-Nak for its address"),
    ("ncp.mutant-silent", "whether a request is acknowledged or naked is left open"),
    ("ncp.mutant-ack-id", "an honest call draws a Configure-Ack itself"),
    ("ncp.mutant-v6-silent", "an honest call speaks IPv6CP itself"),
    ("sstp.mutant-no-timers", "our end stays until it is thrown out"),
    ("binding.other-certificate", "the case is an honest call with a hash of its own"),
    ("teardown.echo-lost", "an honest call asks for an echo itself"),
    ("http.mutant-early-echo", "the server errs unasked, and the case makes time to see it"),
    ("auth.mutant-pap-only", "the server errs unasked, and the case makes time to see it"),
    ("lcp.mutant-mute", "the server errs unasked, and the case makes time to see it"),
    ("sstp.mutant-no-ack", "the message in place of the request is the request"),
];

/// A case says what it is about: its fault shows when the case does something, and not in a call in which nothing is done.
#[test]
fn what_proves_a_case_shows_in_that_case_alone() {
    let cases: Vec<Case> = server::all().into_iter().filter(rehearse::can_be_rehearsed).filter(|case| !only_looks(case)).collect();
    let coarse: Vec<&Case> = cases.iter().filter(|case| calm(case, &[]) != calm(case, &[case.proved_by])).collect();
    let says: Vec<String> = coarse.iter().map(|case| format!("{} by {}", case.id, case.proved_by)).collect();
    let faults: HashSet<&str> = coarse.iter().map(|case| case.proved_by).collect();
    assert_eq!(faults, COARSE.iter().map(|row| row.0).collect::<HashSet<_>>(), "{}", says.join("\n"));
    assert!(coarse.len() * 20 <= cases.len(), "{} of {}:\n{}", coarse.len(), cases.len(), says.join("\n"));
}

/// What a peer is known to do otherwise is a claim against it: where it stands what is required, and what was seen.
#[test]
fn every_known_disagreement_cites_what_is_required() {
    let files = [("softether", include_str!("../fixtures/known/softether.toml")), ("sstpc", include_str!("../fixtures/known/sstpc.toml"))];
    for (peer, text) in files {
        for entry in known::parse(text).expect("well formed") {
            let (source, seen) = entry.reason.split_once(": ").unwrap_or_default();
            let section = |word: &str| {
                word.starts_with(|c: char| c.is_ascii_digit()) && word.trim_end_matches(',').contains(|c: char| c.is_ascii_digit())
            };
            let mut words = source.split(' ');
            let cites = match words.next() {
                Some("MS-SSTP") => true,
                Some("RFC") => words.next().is_some_and(section),
                _ => false,
            };
            assert!(cites && words.next().is_some_and(section) && seen.len() > 10, "{peer}: {}: {}", entry.pattern, entry.reason);
            assert!(entry.verdict.is_some(), "{peer}: {} says no verdict", entry.pattern);
        }
    }
}

/// Over sockets an honest call comes first: whatever `show` names as failing a case must spare that one, so that the run begins.
#[test]
fn what_proves_a_case_leaves_an_honest_call_alone() {
    let cases: Vec<Case> = server::all().into_iter().filter(rehearse::can_be_rehearsed).collect();
    let spared = |case: &Case| rehearse::first_call(&honest::honest(case.needs_account()), &[case.proved_by]).grade == Grade::Pass;
    let mut seen: HashMap<(&str, bool), bool> = HashMap::new();
    let breaks: Vec<&str> = cases
        .iter()
        .filter(|case| !*seen.entry((case.proved_by, case.needs_account())).or_insert_with(|| spared(case)))
        .map(|case| case.id.as_ref())
        .collect();
    assert!(breaks.is_empty(), "{breaks:?}");
}

#[test]
fn the_rows_are_well_formed() {
    let cases = server::all();
    assert!(cases.len() >= 450, "{} cases", cases.len());
    let mut seen = HashSet::new();
    for case in &cases {
        assert!(seen.insert(case.id.clone()), "{} stands twice", case.id);
        let parts: Vec<&str> = case.id.split('/').collect();
        let kebab = |text: &str| text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
        assert!(matches!(parts.as_slice(), [layer, _, what] if Layer::from_name(layer).is_some() && kebab(what)), "{}", case.id);
        assert!(!case.title.is_empty() && !case.title.ends_with('.') && case.why.ends_with('.'), "{}", case.id);
        for line in &case.edits {
            Edit::parse(line).unwrap_or_else(|error| panic!("{}: {error}", case.id));
        }
        assert!(fault::find(case.proved_by).is_some(), "{}: no fault {}", case.id, case.proved_by);
    }
}

/// Whoever drops an IPv4 packet for its header drops it before the case could show anything. RFC 791 3.1, RFC 1071.
#[test]
fn ipv4_headers_in_the_rows_are_sound() {
    const FRAMED: &str = "ff03002145";
    let mut seen = 0;
    for case in server::all().into_iter().chain(client::all()) {
        for line in &case.edits {
            let digits: String = line.split_once(' ').map_or("", |pair| pair.1).chars().filter(char::is_ascii_hexdigit).collect();
            for (at, _) in digits.match_indices(FRAMED) {
                let Some(header) = digits.get(at + 8..at + 48).and_then(unhex) else { continue };
                // What is cut short is so on purpose.
                if at + 8 + 2 * usize::from(u16::from_be_bytes([header[2], header[3]])) > digits.len() {
                    continue;
                }
                let sum: u32 = header.chunks(2).map(|pair| u32::from(u16::from_be_bytes([pair[0], pair[1]]))).sum();
                assert_eq!((sum & 0xffff) + (sum >> 16), 0xffff, "{}: {line}", case.id);
                seen += 1;
            }
        }
    }
    assert!(seen > 5, "{seen}");
}

/// Where each message of the honest end is cut by a family of splits, under the names of ids: bytes of the first piece.
pub fn cuts(cases: &[Case], ending: &str) -> HashMap<String, HashSet<usize>> {
    let mut cuts: HashMap<String, HashSet<usize>> = HashMap::new();
    for case in cases {
        let what = case.id.rsplit('/').next().unwrap_or_default();
        let Some((name, at)) = what.split_once("-split-") else { continue };
        cuts.entry(name.trim_end_matches(ending).to_string()).or_default().insert(at.parse().expect("a number"));
    }
    cuts
}

/// Bytes of every message that this side sent, by the names of ids.
pub fn lengths(events: &[Event], side: Side) -> HashMap<String, usize> {
    let ours = events.iter().filter(|event| event.by == Some(side) && !event.raw.is_empty());
    ours.filter_map(|event| Some((expect::name(event)?.replace('.', "-"), event.raw.len()))).collect()
}

#[test]
fn every_message_of_a_client_is_cut_at_every_byte() {
    const NAMES: [&str; 5] =
        ["sstp-call-connect-request", "sstp-call-connected", "lcp-configure-request", "chap-response", "ipcp-configure-request"];
    let cuts = cuts(&server::all(), "");
    for name in NAMES {
        // The call of the family itself, before anything is cut.
        let mut whole = server::all().into_iter().find(|case| case.id.contains(&format!("/{name}-split-"))).expect("a family");
        whole.edits.clear();
        let sent = lengths(&rehearse::server(&whole, &[]).1, Side::Client);
        let unfixed = if name == "chap-response" { "alice".len() } else { 0 };
        let missing: Vec<usize> = (1..sent[name] - unfixed).filter(|at| !cuts[name].contains(at)).collect();
        assert!(missing.is_empty(), "{name} of {} bytes is not cut after {missing:?}", sent[name]);
    }
    // MS-SSTP 2.2.9 to 2.2.14: messages of a fixed length that a call like this one does not have.
    for (name, length) in [
        ("sstp-call-disconnect", 20),
        ("sstp-call-abort", 20),
        ("sstp-call-disconnect-ack", 8),
        ("sstp-echo-request", 8),
        ("sstp-echo-response", 8),
        // SSTP, PPP, IP and ICMP headers, and what a ping of ours holds.
        ("ipv4-packet", 4 + 4 + 20 + 8 + b"sstp-diag".len()),
    ] {
        assert_eq!(cuts[name].len(), length - 1, "{name}");
    }
    let head = lengths(&rehearse::server(&honest::honest(true), &[]).1, Side::Client)["http-request"];
    for name in 1..=40 {
        let length = head - "vpn.lab.example".len() + name;
        let cut = |at: &usize| cuts["http-request"].contains(at) || cuts["http-request-end"].contains(&(length - at));
        assert!((1..length).all(|at| cut(&at)), "a host of {name} characters");
    }
}

#[test]
fn every_requirement_has_a_case_or_a_reason() {
    let cases = server::all();
    let all: Vec<_> = coverage::requirements(Side::Server).collect();
    assert_eq!(all.len(), 296);
    let gaps: Vec<&str> = all.iter().filter(|one| coverage::coverage(one, &cases) == Coverage::Gap).map(|one| one.id).collect();
    assert!(gaps.is_empty(), "neither case nor reason: {gaps:?}");
    let known: HashSet<&str> = all.iter().map(|one| one.id).collect();
    for id in cases.iter().flat_map(|case| case.covers.iter().copied()).chain(UNTESTED.iter().flat_map(|row| row.0.split(' '))) {
        assert!(known.contains(id) || id.starts_with('C'), "{id} is no requirement");
    }
}

pub async fn lab_with(faults: &[&str]) -> Lab {
    let config = LabConfig { faults: faults.iter().map(ToString::to_string).collect(), ..LabConfig::default() };
    Lab::start(config).await.expect("the lab starts")
}

/// The suite over sockets against a lab with these faults.
async fn over_sockets(cases: Vec<Case>, faults: &[&str]) -> Outcome {
    let lab = lab_with(faults).await;
    let outcome = run_against(&lab, cases, Retries::default()).await;
    lab.stop().await;
    outcome
}

async fn run_against(lab: &Lab, cases: Vec<Case>, retries: Retries) -> Outcome {
    let ip = lab.dial().resolve.first().and_then(|row| row.1.first()).expect("the lab's address");
    run_through(lab, SocketAddr::new(*ip, lab.dial().port), cases, retries).await
}

/// The suite for this lab's accounts at that address.
pub async fn run_through(lab: &Lab, at: SocketAddr, cases: Vec<Case>, retries: Retries) -> Outcome {
    let dial = lab.dial().clone();
    let mut probe = ProbeConfig::new(Target { host: dial.host.clone(), port: at.port(), ..Target::default() });
    probe.credentials = dial.user.clone().zip(dial.password.clone()).map(|(user, password)| Credentials { user, password });
    probe.trust = Arc::new(Trust::of(Store::Mozilla, "lab", &dial.ca_der));
    (probe.eap.identity, probe.eap.server_name) = (dial.certificate.clone(), dial.eap_server_name.clone());
    probe.resolver.overrides = vec![Override { host: dial.host.clone(), addresses: vec![at.ip()] }];
    let (_stop, stopped) = tokio::sync::watch::channel(false);
    let suite = SuiteConfig { peer: Peer::Server(Box::new(probe)), cases, jobs: 16, rate: None, repeat: 1, retries, artifacts: None };
    run::run(suite, &Clock::start(), stopped, &mut |_, _| {}).await
}

pub fn sample(every: usize) -> Vec<Case> {
    server::all().into_iter().filter(|case| !case.base.slow && case.base.lab.is_none()).step_by(every).collect()
}

#[tokio::test]
async fn a_sample_passes_over_sockets() {
    let cases = sample(9);
    let count = cases.len();
    let outcome = over_sockets(cases, &[]).await;
    let wrong: Vec<String> = outcome
        .done
        .iter()
        .filter(|done| done.verdict.grade != Grade::Pass)
        .map(|done| format!("{}: {} {}", done.case.id, done.verdict.grade.name(), done.verdict.actual))
        .collect();
    assert!(wrong.is_empty() && outcome.gone.is_none(), "{:?}\n{}", outcome.gone, wrong.join("\n"));
    assert_eq!(outcome.done.len(), count);
}

#[tokio::test]
async fn what_is_proved_by_a_fault_fails_against_it_over_sockets() {
    for fault in ["teardown.no-ack", "binding.mutant-unchecked", "lcp.mutant-no-reject"] {
        let cases: Vec<Case> = server::all()
            .into_iter()
            .filter(|case| case.proved_by == fault && !case.base.slow && case.base.lab.is_none())
            .step_by(4)
            .collect();
        assert!(cases.len() > 2, "{fault}");
        let outcome = over_sockets(cases, &[fault]).await;
        assert!(outcome.gone.is_none() && !outcome.done.is_empty(), "{fault}: {:?}", outcome.gone);
        for done in outcome.done {
            assert!(done.verdict.grade.is_held_against(), "{fault}: {}: {}", done.case.id, done.verdict.grade.name());
        }
    }
}

/// TLS is not on the pretend wire.
#[tokio::test]
async fn what_lies_below_http_passes_and_fails_over_sockets() {
    let cases: Vec<Case> = server::all().into_iter().filter(|case| !rehearse::can_be_rehearsed(case)).collect();
    assert!((20..30).contains(&cases.len()), "{} cases", cases.len());
    let sound = over_sockets(cases.clone(), &[]).await;
    let wrong: Vec<_> = sound.done.iter().filter(|done| done.verdict.grade != Grade::Pass).collect();
    assert!(wrong.is_empty() && sound.done.len() == cases.len(), "{wrong:?} {:?} {:?}", sound.unreachable, sound.gone);
    // Labs of their own for cases that would disturb each other.
    let at_once = async || {
        let mut set = JoinSet::new();
        cases.into_iter().for_each(|case| drop(set.spawn_local(fails_its_mutant(case))));
        set.join_all().await;
    };
    LocalSet::new().run_until(at_once()).await;
}

async fn fails_its_mutant(case: Case) {
    let outcome = over_sockets(vec![case.clone()], &[case.proved_by]).await;
    let [done] = outcome.done.as_slice() else { panic!("{}: {outcome:?}", case.id) };
    assert!(outcome.gone.is_none(), "{}: {:?}", case.id, outcome.gone);
    assert!(done.verdict.grade.is_held_against(), "{}: {:?}", case.id, done.verdict);
}

#[tokio::test]
async fn a_target_that_is_down_has_no_verdicts() {
    let outcome = over_sockets(sample(40), &["sstp.no-ack"]).await;
    assert!(outcome.unreachable.is_some() && outcome.done.is_empty());
}

#[test]
fn a_case_binds_no_more_than_what_it_covers() {
    let all: Vec<_> = coverage::requirements(Side::Server).collect();
    let rank = |level: Level| match level {
        Level::Must | Level::Derived => 2,
        Level::Should => 1,
        Level::May | Level::Interop => 0,
    };
    for case in server::all() {
        let covered: Vec<Level> = all.iter().filter(|one| case.covers.contains(&one.id)).map(|one| one.level).collect();
        assert!(!covered.is_empty(), "{} covers nothing", case.id);
        let most = covered.iter().map(|level| rank(*level)).max();
        assert!(Some(rank(case.level)) <= most, "{} is {}, and covers {covered:?}", case.id, case.level.name());
        let derived_alone = covered.iter().all(|level| *level == Level::Derived);
        assert!(!(case.level == Level::Must && derived_alone), "{} is no MUST of the text", case.id);
    }
}

/// A lab that has the fault until so many connections were made, and is sound from then on.
async fn that_recovers(fault: &str, after: usize) -> SocketAddr {
    let (spoilt, sound) = (lab_with(&[fault]).await, lab_with(&[]).await);
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    tokio::spawn(async move {
        for count in 0.. {
            let Ok((mut near, _)) = listener.accept().await else { return };
            let lab = if count < after { &spoilt } else { &sound };
            let to = lab.dial().resolve.first().and_then(|row| row.1.first()).map(|ip| SocketAddr::new(*ip, lab.dial().port));
            let mut far = TcpStream::connect(to.expect("the lab's address")).await.expect("the lab listens");
            tokio::spawn(async move { tokio::io::copy_bidirectional(&mut near, &mut far).await });
        }
    });
    address
}

#[tokio::test]
async fn an_unexpected_verdict_is_confirmed_before_it_counts() {
    let mut case: Vec<Case> = server::all().into_iter().filter(|case| case.id == "data/3.3.5.2.7/echo-is-answered").collect();
    case[0].base.within = Duration::from_secs(2);
    let listed = known::parse("[cases]\n\"data/*\" = { verdict = \"fail\", reason = \"r\" }").expect("well formed");
    // An honest call, the case, an honest call: the first three connections.
    for (after, known, grades) in [
        (3, vec![], vec![Grade::Fail, Grade::Pass]),
        (4, vec![], vec![Grade::Fail, Grade::Fail, Grade::Pass]),
        (9, vec![], vec![Grade::Fail, Grade::Fail, Grade::Fail]),
        (9, listed.clone(), vec![Grade::Fail]),
        (0, listed, vec![Grade::Pass, Grade::Pass, Grade::Pass]),
    ] {
        let address = that_recovers("teardown.echo-lost", after).await;
        let sound = lab_with(&[]).await;
        let retries = Retries { times: 2, most: None, scale: Scale { known, ..Scale::default() } };
        let outcome = run_through(&sound, address, case.clone(), retries).await;
        let [done] = outcome.done.as_slice() else { panic!("one case is through: {outcome:?}") };
        assert_eq!(done.attempts.iter().map(|verdict| verdict.grade).collect::<Vec<_>>(), grades, "{after}");
        assert_eq!(done.verdict.grade, grades[grades.len() - 1], "{after}");
    }
}

fn program(args: &[&str]) -> (i32, String, String) {
    let run = Command::new(env!("CARGO_BIN_EXE_sstp-diag")).arg("conformance").args(args).output().expect("it runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    (run.status.code().unwrap_or(-1), text(run.stdout), text(run.stderr))
}

#[test]
fn the_command_tests_the_lab_and_fails_on_change_only() {
    let folder = std::env::temp_dir().join(format!("sstp-diag-conformance-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a temporary folder");
    let path = |name: &str| folder.join(name).display().to_string();
    let some = ["server", "--lab", "--case", "data/3.3.5.2.7/*", "--case", "sstp/2.2.1/reserved-bits"];
    let spoilt = [&some[..], &["--fault", "teardown.echo-lost"]].concat();
    let (code, text, _) = program(&some);
    assert_eq!(code, 0, "{text}");
    assert!(text.ends_with("nothing is wrong that was not expected\n"), "{text}");
    let (json, known, evidence) = (format!("json={}", path("a.json")), path("known.toml"), path("evidence"));
    let (code, text, _) = program(&[&spoilt[..], &["--write-expected", &known, "-o", &json, "--artifacts", &evidence]].concat());
    assert_eq!(code, 1, "{text}");
    let (code, text, _) = program(&[&spoilt[..], &["--expected", &known, "-o", "tap"]].concat());
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("# TODO"), "{text}");
    let (code, text, _) = program(&[&some[..], &["--expected", &known]].concat());
    assert_eq!(code, 1, "an unexpected pass is a change\n{text}");
    let report = std::fs::read_to_string(path("a.json")).expect("written");
    let value: serde_json::Value = serde_json::from_str(&report).expect("JSON");
    let schema: serde_json::Value = serde_json::from_str(include_str!("../docs/conformance.schema.json")).expect("JSON");
    let validator = jsonschema::draft202012::new(&schema).expect("a schema");
    let errors: Vec<String> = validator.iter_errors(&value).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:?}");
    for ending in ["jsonl", "pcapng"] {
        let kept = folder.join("evidence").join(format!("sstp_2.2.1_reserved-bits.{ending}"));
        let owner_only = |meta: std::fs::Metadata| meta.len() > 200 && meta.permissions().mode() & 0o777 == 0o600;
        assert!(std::fs::metadata(&kept).is_ok_and(owner_only), "{}", kept.display());
    }
    // What is known is not given up for a run that came to nothing.
    let before = std::fs::read_to_string(&known).expect("written");
    let (code, _, says) = program(&["server", "127.0.0.1:1", "--write-expected", &known]);
    assert!(code == 3 && says.contains("stays as it is"), "{says}");
    assert_eq!(std::fs::read_to_string(&known).expect("there"), before);
    // An entry that has ended counts no more, and that is said; a pattern that fits nothing is a slip of the pen.
    std::fs::write(&known, "[cases]\n\"data/*\" = { reason = \"MS-SSTP 3.3.5.2.7\", until = \"2026-01-31\" }\n").expect("written");
    let (code, _, says) = program(&[&spoilt[..], &["--expected", &known]].concat());
    assert!(code == 1 && says.contains("it ended on 2026-01-31"), "{says}");
    let (code, _, says) = program(&[&some[..], &["--case", "no/such/*"]].concat());
    assert!(code == 2 && says.contains("no/such/*"), "{says}");
    let (code, text, _) = program(&["compare", "--fail-on-change", &path("a.json"), &path("a.json")]);
    assert!(code == 0 && text.contains("The same verdict from all"), "{text}");
    let other = report.replace("\"verdict\": \"fail\"", "\"verdict\": \"pass\"");
    std::fs::write(path("b.json"), &other).expect("written");
    assert_ne!(other, report);
    let (code, text, _) = program(&["compare", "--fail-on-change", &path("a.json"), &path("b.json")]);
    assert!(code == 1 && text.starts_with("| case | a: vpn.lab.example:"), "{text}");
    assert_eq!(program(&["compare", &path("a.json"), &path("b.json")]).0, 0);
    let _ = std::fs::remove_dir_all(&folder);
}

#[test]
fn cases_can_be_listed_shown_and_counted() {
    let (code, text, _) = program(&["server", "--list", "--layer", "binding"]);
    assert!(code == 0 && text.lines().count() > 50 && text.lines().all(|line| line.starts_with("binding/")), "{text}");
    let (_, quick, _) = program(&["server", "--list", "--quick"]);
    let (_, all, _) = program(&["server", "--list"]);
    assert!(quick.lines().count() < all.lines().count() && all.lines().count() == server::all().len());
    let (code, text, _) = program(&["show", "sstp/2.2.1/reserved-bits"]);
    assert!(code == 0 && text.contains("set reserved=0x7f") && text.contains("S-064"), "{text}");
    assert!(text.contains("Level        MUST: the specification says MUST"), "{text}");
    let (_, text, _) = program(&["show", "auth/6/retry-is-taken"]);
    assert!(text.contains("--lab --fault auth.retry-allowed --fault auth.mutant-retry-refused --case"), "{text}");
    // Every command that is said to fail a case names what the lab has.
    let (_, text, _) = program(&["show", "*"]);
    let failing: Vec<&str> = text.lines().filter(|line| line.starts_with("Failing      sstp-diag conformance server ")).collect();
    assert_eq!(failing.len(), server::all().len());
    for line in failing {
        let faults: Vec<&str> = line.split("--fault ").skip(1).filter_map(|rest| rest.split(' ').next()).collect();
        assert!(!faults.is_empty() && faults.iter().all(|id| fault::find(id).is_some()), "{line}");
    }
    let (code, text, _) = program(&["coverage"]);
    assert!(code == 0 && text.contains(" 0 neither;"), "{text}");
    for wrong in [&["show", "no/such/case"][..], &["server", "--list", "--case", "nothing"], &["server"], &["compare", "/nonexistent"]] {
        let (code, out, says) = program(wrong);
        assert!(code >= 2 && out.is_empty() && says.starts_with("sstp-diag: "), "{wrong:?}: {code} {out} {says}");
    }
}

#[test]
fn a_run_that_cannot_begin_says_what_is_in_its_way() {
    let some = ["server", "--lab", "--case", "auth/5/success-text"];
    let (code, text, _) = program(&[&some[..], &["--fault", "auth.refused"]].concat());
    assert!(
        code == 3 && text.contains("no case was run: the honest call was refused: 691; check --user and --password-file (AUTH-"),
        "{text}"
    );
    let (code, text, _) = program(&[&some[..], &["--fault", "http.503"]].concat());
    assert!(code == 3 && text.contains("http.response 503 (HTTP-"), "{text}");
    let (code, json, _) = program(&[&some[..], &["--fault", "http.503", "-o", "json"]].concat());
    let report: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!((code, report["outcome"].as_str(), report["failed"].as_bool()), (3, Some("unreachable"), Some(false)));
}

/// A report that is watched by others, or that a run does not come to, is not emptied for hours.
#[test]
fn a_report_takes_the_place_of_the_last_one_at_the_end() {
    let path = std::env::temp_dir().join(format!("sstp-diag-report-{}.tap", std::process::id()));
    std::fs::write(&path, "the last report").expect("written");
    let output = format!("tap={}", path.display());
    let mut run = Command::new(env!("CARGO_BIN_EXE_sstp-diag"))
        .args(["conformance", "server", "--lab", "--case", "sstp/3.1.7.2/rest-later", "-o", &output])
        .spawn()
        .expect("it runs");
    std::thread::sleep(Duration::from_secs(2));
    assert_eq!(run.try_wait().expect("it runs"), None, "the case takes 3 s");
    assert_eq!(std::fs::read_to_string(&path).expect("there"), "the last report");
    assert!(run.wait().expect("it ends").success());
    assert!(std::fs::read_to_string(&path).expect("there").starts_with("TAP version 13\n1..1\nok 1"));
    let _ = std::fs::remove_file(&path);
}
