use super::*;
use crate::base::Layer;
use crate::capture::read;
use crate::cli::weigh::scales;
use crate::report::sessions::{Filter, Shape};
use crate::transcript::{ConnectFailure, Head, Reason, Source, Target, What};
use crate::wire::http;
use serde_json::Value;

const WEB: &str = "203.0.113.9:443";
const VPN: &str = "203.0.113.7:443";

fn seen(number: u64, server: &str) -> Seen {
    let client = "192.0.2.200:50123".parse().expect("an address");
    Seen { number, client, server: server.parse().expect("an address"), began_unix_us: 1_700_000_000_000_000, first_packet: number }
}

fn connection(number: u64, kind: Kind, server: &str) -> Connection {
    let client = Some(Side::Client);
    let to = server.parse().expect("an address");
    let failure = ConnectFailure::Refused;
    let events = match kind {
        Kind::Sstp => vec![Event::new(Micros(0), client, Layer::Http, What::Http(http::Head::sstp_request("vpn.example.test", "{0}")))],
        _ => vec![
            Event::new(Micros(0), client, Layer::Tcp, What::Began),
            Event::new(Micros(1), None, Layer::Tcp, What::NotConnected { to, failure, says: "RST".into(), took: Micros(1) }),
            Event::new(Micros(1), None, Layer::Tcp, What::Down(Reason::Refused("RST in answer to the SYN".into()))),
        ],
    };
    let source = Source::Capture { connection: number, first_packet: number };
    let target = Target { host: "vpn.example.test".into(), port: 443, ..Target::default() };
    let transcript = Transcript { head: Head { source, target, ..Head::default() }, events };
    Connection { seen: seen(number, server), kind, transcript, last_packet: number }
}

fn args() -> JudgedArgs {
    JudgedArgs { server: Vec::new(), ca: Vec::new(), trust: vec![crate::cli::args::TapRoots::None], session: Vec::new() }
}

fn bench(args: &JudgedArgs) -> Bench {
    Bench { scales: scales(args).expect("no roots"), gate: None, logs: None }
}

/// What a desk shows of these connections, as the JSON document, and how it ends.
fn told(name: &str, args: &JudgedArgs, filter: &[&str], connections: Vec<Connection>) -> (Value, Exit) {
    let path = std::env::temp_dir().join(format!("sstp-diag-desk-{}-{name}.json", std::process::id()));
    let terms = filter.iter().map(|term| crate::report::sessions::filter::Term::parse(term).expect("a condition")).collect();
    let looks = Looks { shape: Shape::Block, filter: Filter { terms }, ..Looks::default() };
    let sheets = Sheets::only("json", &looks, &path);
    let mut desk = Desk::new(Choice::of(args), bench(args), looks, sheets, Files::default()).expect("a thread");
    let count = |kind| connections.iter().filter(|connection| connection.kind == kind).count() as u64;
    let summary = Summary { sstp: count(Kind::Sstp), attempts: count(Kind::Attempt), packets: 9, ..Summary::default() };
    connections.into_iter().for_each(|connection| desk.over(connection));
    desk.captured(summary);
    let exit = desk.finish(false).expect("a temporary file takes everything");
    let text = std::fs::read_to_string(&path).expect("written");
    std::fs::remove_file(&path).expect("it was there");
    (serde_json::from_str(&text).expect("JSON"), exit)
}

fn numbers(document: &Value) -> Vec<u64> {
    document["sessions"].as_array().expect("a list").iter().filter_map(|session| session["number"].as_u64()).collect()
}

#[test]
fn attempts_are_shown_where_they_concern_a_server_of_sstp() {
    let mixed = || {
        vec![
            connection(1, Kind::Attempt, WEB),
            connection(2, Kind::Attempt, VPN),
            connection(3, Kind::Sstp, VPN),
            connection(4, Kind::Other, VPN),
            connection(5, Kind::Attempt, VPN),
        ]
    };
    let (document, exit) = told("mixed", &args(), &[], mixed());
    assert_eq!(numbers(&document), [3, 5, 2], "the one before is decided on at the end");
    assert_eq!((&document["not_shown"]["attempts"], exit), (&1.into(), Exit::Fails));
    let named = JudgedArgs { server: vec![ServerFilter { host: "203.0.113.9".into(), port: Some(443) }], ..args() };
    assert_eq!(numbers(&told("named", &named, &[], mixed()).0), [1, 3, 5, 2]);
    let other_port = JudgedArgs { server: vec![ServerFilter { host: "203.0.113.9".into(), port: Some(8443) }], ..args() };
    assert_eq!(numbers(&told("port", &other_port, &[], mixed()).0), [3, 5, 2]);
}

#[test]
fn attempts_are_all_there_is_where_there_is_no_sstp() {
    let attempts = vec![connection(1, Kind::Attempt, WEB), connection(2, Kind::Other, WEB), connection(3, Kind::Attempt, VPN)];
    let (document, exit) = told("attempts", &args(), &[], attempts);
    assert_eq!((numbers(&document), exit), (vec![1, 3], Exit::Fails));
    assert_eq!(document["sessions"][0]["findings"][0]["id"], "TCP-REFUSED");
}

#[test]
fn too_many_attempts_are_counted_and_not_kept() {
    let attempts = (1..=HELD as u64 + 7).map(|number| connection(number, Kind::Attempt, WEB)).collect();
    let (document, _) = told("many", &args(), &[], attempts);
    assert_eq!((numbers(&document).len(), &document["not_shown"]["attempts"]), (HELD, &7.into()));
}

#[test]
fn sessions_are_chosen_by_number_and_by_address() {
    let all = || (1..=4).map(|number| connection(number, Kind::Sstp, if number == 3 { WEB } else { VPN })).collect();
    let chosen = JudgedArgs { session: vec![Numbers(vec![(2, 3)])], ..args() };
    let (document, _) = told("chosen", &chosen, &[], all());
    assert_eq!((numbers(&document), &document["not_shown"]["sessions"]), (vec![2, 3], &2.into()));
    assert_eq!(numbers(&told("address", &args(), &["addr=203.0.113.9"], all()).0), [3]);
    assert_eq!(numbers(&told("no-address", &args(), &["addr!=203.0.113.9"], all()).0), [1, 2, 4]);
}

#[test]
fn damage_has_an_exit_code_of_its_own_unless_something_fails() {
    let path = std::env::temp_dir().join(format!("sstp-diag-desk-{}-damage.json", std::process::id()));
    for (kind, wanted) in [(Kind::Sstp, Exit::Damaged), (Kind::Attempt, Exit::Fails)] {
        let looks = Looks::default();
        let sheets = Sheets::only("json", &looks, &path);
        let mut desk = Desk::new(Choice::of(&args()), bench(&args()), looks, sheets, Files::default()).expect("a thread");
        desk.over(connection(1, kind, VPN));
        let damage = read::Damage { file: "a.pcap".into(), packet: 7, offset: 4242, says: "cut".into() };
        desk.captured(Summary { damages: vec![damage], ..Summary::default() });
        assert_eq!(desk.finish(false).expect("written"), wanted);
        let text = std::fs::read_to_string(&path).expect("written");
        let document: Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(document["damages"][0]["place"], "packet 7, byte 4242");
    }
    std::fs::remove_file(&path).expect("it was there");
}

#[test]
fn reading_ends_when_it_is_told_to() {
    let path = std::env::temp_dir().join(format!("sstp-diag-desk-{}-halt.json", std::process::id()));
    let looks = Looks::default();
    let sheets = Sheets::only("json", &looks, &path);
    let desk = Desk::new(Choice::of(&args()), bench(&args()), looks, sheets, Files::default()).expect("a thread");
    assert!(!desk.stop());
    desk.halt().store(true, Ordering::Relaxed);
    assert!(desk.stop());
    assert_eq!(desk.finish(true).expect("written"), Exit::Interrupted);
    std::fs::remove_file(&path).expect("it was there");
}

#[test]
fn a_finding_over_several_sessions_names_them_once() {
    use crate::base::SpecRef;
    const CHECKS: &[Check] = &[
        Check {
            id: "TEAR-TWICE",
            look: Look::Across(|own, all| (all.len() > 2 && own.began > 1).then(|| Evidence::at(0, "twice"))),
            ..Check::ROW
        },
        Check { id: "TEAR-ALONE", look: Look::Across(|_, _| Some(Evidence::at(0, "always"))), spec: &[SpecRef::rfc(1, "")], ..Check::ROW },
    ];
    let facts: Vec<Facts> = (0..20).map(|began| Facts { began, ..Facts::default() }).collect();
    let numbers: Vec<u64> = (1..=20).collect();
    let found = across(&numbers, &facts, CHECKS.iter());
    assert_eq!(found.len(), 1, "what shows in one session alone stands there");
    assert_eq!(found[0].evidence.says, "#3: twice; so in #4, #5, #6, #7, #8, #9, #10, #11, #12, #13 and 7 more");
    assert!(across(&numbers[..1], &facts[..1], CHECKS.iter()).is_empty());
}
