//! The matrix of the client suite: every case passes against the built-in client and fails against its mutant, in memory.

use crate::conformance::{cuts, lengths, until_we_leave};
use sstp_diag::base::{Layer, Micros, Side};
use sstp_diag::jobs::conformance::case::Base;
use sstp_diag::jobs::conformance::client::{self, OVER_SOCKETS, mutants};
use sstp_diag::jobs::conformance::coverage::{self, Coverage, UNTESTED};
use sstp_diag::jobs::conformance::{Case, Expect, Grade, Level, rehearse, server, verdict};
use sstp_diag::proto::edit::Edit;
use sstp_diag::proto::plan::Method;
use sstp_diag::transcript::{Event, What, tap};
use std::collections::HashSet;

fn wrong(case: &Case) -> Option<String> {
    let (clean, events) = rehearse::client_case(case, None);
    if clean.grade != Grade::Pass {
        let seen: Vec<String> =
            events.iter().rev().take(12).rev().map(|event| format!("    {:?} {:?} {:?}", event.at, event.by, event.what)).collect();
        return Some(format!("{}: clean client: {} {}\n{}", case.id, clean.grade.name(), clean.actual, seen.join("\n")));
    }
    let Some(mutant) = mutants::find(case.proved_by) else { return Some(format!("{}: no mutant {}", case.id, case.proved_by)) };
    let (spoilt, _) = rehearse::client_case(case, Some(mutant));
    (!spoilt.grade.is_held_against()).then(|| format!("{}: with {}: {} {}", case.id, case.proved_by, spoilt.grade.name(), spoilt.actual))
}

/// What the client says in a call like that of the case in which nothing is done to it.
fn calm(case: &Case, mutant: Option<&mutants::Mutant>) -> Vec<String> {
    let mut calm = case.clone();
    calm.edits.clear();
    calm.base = Base { expect: Expect::Nothing, policy: |_| {}, hangs_up: false, domain: None, ..calm.base };
    until_we_leave(&rehearse::client_case(&calm, mutant).1, Side::Client)
}

/// Mutations that a call shows in which nothing is done, and why no other proves what they prove.
const COARSE: &[(&str, &str)] = &[
    ("client.no-lcp-replies", "the case changes the one Configure-Request that there is"),
    ("client.no-ipcp-replies", "the case changes the one Configure-Request that there is"),
    ("client.ipcp-ack-altered", "the case changes the one Configure-Request that there is"),
    ("client.no-lcp", "the Ack in place of the Ack is one"),
    ("client.response-id", "the case changes the identifier that is to be repeated"),
    ("client.connected-nonce", "the case changes the nonce that is to be repeated"),
    ("client.no-connected", "the case takes away what else might draw it"),
    ("client.v6-silent", "an honest call speaks IPv6CP itself"),
    ("client.leaves-soon", "the client errs unasked, and the case makes time to see it"),
    ("client.lcp-early", "the client errs unasked, and the case makes time to see it"),
    ("client.early-ipv4", "the client errs unasked, and the case makes time to see it"),
    ("client.early-data", "the client errs unasked, and the case makes time to see it"),
    ("client.early-ncp", "the client errs unasked, and the case makes time to see it"),
    ("client.two-requests", "the client errs unasked, and the case makes time to see it"),
];

/// As for servers: a mutation shows when its case does something, and not in a call in which nothing is done.
#[test]
fn what_proves_a_client_case_shows_in_that_case_alone() {
    let cases: Vec<Case> = above_tls().into_iter().filter(|case| !case.edits.is_empty()).collect();
    let coarse: Vec<&Case> = cases.iter().filter(|case| calm(case, None) != calm(case, mutants::find(case.proved_by))).collect();
    let says: Vec<String> = coarse.iter().map(|case| format!("{} by {}", case.id, case.proved_by)).collect();
    let seen: HashSet<&str> = coarse.iter().map(|case| case.proved_by).collect();
    assert_eq!(seen, COARSE.iter().map(|row| row.0).collect::<HashSet<_>>(), "{}", says.join("\n"));
    assert!(coarse.len() * 20 <= cases.len(), "{} of {}:\n{}", coarse.len(), cases.len(), says.join("\n"));
}

fn above_tls() -> Vec<Case> {
    client::all().into_iter().filter(rehearse::can_be_rehearsed).collect()
}

/// A share of the matrix, so that shares run beside each other.
fn matrix(share: usize, of: usize) {
    let cases = above_tls();
    let wrong: Vec<String> = cases.iter().skip(share).step_by(of).filter_map(wrong).collect();
    assert!(wrong.is_empty(), "{} are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn every_client_case_passes_the_clean_client_and_fails_its_mutant() {
    matrix(0, 2);
}

#[test]
fn every_other_client_case_passes_the_clean_client_and_fails_its_mutant() {
    matrix(1, 2);
}

#[test]
fn every_message_of_a_server_is_cut_at_every_byte() {
    let mut honest = above_tls().into_iter().find(|case| case.base.until == Layer::Data && case.base.methods.is_none()).expect("a case");
    (honest.edits, honest.base.hangs_up) = (Vec::new(), false);
    honest.base.policy = |_| {};
    honest.base.methods = Some(&[Method::MsChapV2]);
    let (_, events) = rehearse::client_case(&honest, None);
    let (sent, cuts) = (lengths(&events, Side::Server), cuts(&client::all(), "-to-client"));
    for name in
        ["http-response", "sstp-call-connect-ack", "lcp-configure-request", "chap-challenge", "chap-success", "ipcp-configure-request"]
    {
        let missing: Vec<usize> = (1..sent[name]).filter(|at| !cuts[name].contains(at)).collect();
        assert!(missing.is_empty(), "{name} of {} bytes is not cut after {missing:?}", sent[name]);
    }
    for (name, length) in [
        ("sstp-call-connect-nak", 22),
        ("sstp-call-disconnect", 20),
        ("sstp-call-abort", 20),
        ("sstp-echo-request", 8),
        ("sstp-echo-response", 8),
        // An IP header, an ICMP header, and what SSTP and PPP put in front.
        ("ipv4-packet", 36),
    ] {
        assert_eq!(cuts[name].len(), length - 1, "{name}");
    }
}

#[test]
fn the_rows_of_the_client_suite_are_well_formed() {
    let cases = client::all();
    assert!(cases.len() >= 280, "{} cases", cases.len());
    let mut seen: HashSet<String> = server::all().into_iter().map(|case| case.id.to_string()).collect();
    let kebab = |text: &str| text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
    for case in &cases {
        assert!(seen.insert(case.id.to_string()), "{} stands twice", case.id);
        let parts: Vec<&str> = case.id.split('/').collect();
        assert!(matches!(parts.as_slice(), [layer, _, what] if Layer::from_name(layer).is_some() && kebab(what)), "{}", case.id);
        assert!(!case.title.is_empty() && !case.title.ends_with('.') && case.why.ends_with('.'), "{}", case.id);
        assert!(case.base.tests == Side::Client && !case.covers.is_empty(), "{}", case.id);
        for line in &case.edits {
            Edit::parse(line).unwrap_or_else(|error| panic!("{}: {error}", case.id));
        }
    }
}

/// TLS is not on the pretend wire: what lies there is proved over sockets (`tests/clients.rs`), and what a ClientHello says below.
#[test]
fn few_cases_are_not_proved_in_memory_and_all_of_them_are_about_tls() {
    let cases = client::all();
    let unproved: Vec<&Case> = cases.iter().filter(|case| mutants::find(case.proved_by).is_none()).collect();
    for case in &unproved {
        assert!(case.proved_by == OVER_SOCKETS && !rehearse::can_be_rehearsed(case), "{}: no mutant {}", case.id, case.proved_by);
    }
    assert!(unproved.len() * 20 <= cases.len(), "{} of {} without a proof", unproved.len(), cases.len());
}

#[test]
fn every_mutant_proves_a_case_and_is_well_formed() {
    let proved: HashSet<&str> = client::all().iter().map(|case| case.proved_by).collect();
    let mut seen = HashSet::new();
    for mutant in mutants::MUTANTS {
        assert!(seen.insert(mutant.id) && mutant.id.starts_with("client.") && !mutant.title.ends_with('.'), "{}", mutant.id);
        assert_eq!(mutant.parsed().len(), mutant.edits.len(), "{}: an edit that is none", mutant.id);
        assert!(proved.contains(mutant.id), "{} proves nothing", mutant.id);
    }
}

#[test]
fn every_client_requirement_has_a_case_or_a_reason() {
    let cases = client::all();
    let all: Vec<_> = coverage::requirements(Side::Client).collect();
    assert_eq!(all.len(), 185);
    let gaps: Vec<&str> = all.iter().filter(|one| coverage::coverage(one, &cases) == Coverage::Gap).map(|one| one.id).collect();
    assert!(gaps.is_empty(), "neither case nor reason: {gaps:?}");
    let known: HashSet<&str> = all.iter().map(|one| one.id).collect();
    for id in cases.iter().flat_map(|case| case.covers.iter().copied()) {
        assert!(known.contains(id), "{id} is no client requirement");
    }
    let excused = UNTESTED.iter().flat_map(|row| row.0.split(' ')).filter(|id| id.starts_with("C-"));
    for id in excused {
        let both = cases.iter().find(|case| case.covers.contains(&id));
        assert!(known.contains(id) && both.is_none(), "{id} has a reason and a case");
    }
}

#[test]
fn a_client_case_binds_no_more_than_what_it_covers() {
    let all: Vec<_> = coverage::requirements(Side::Client).collect();
    let wrong: Vec<String> = client::all()
        .iter()
        .filter(|case| {
            let covered: Vec<Level> = all.iter().filter(|one| case.covers.contains(&one.id)).map(|one| one.level).collect();
            case.level == Level::Must && covered.iter().all(|level| *level != Level::Must)
        })
        .map(|case| format!("{} covers {:?}", case.id, case.covers))
        .collect();
    assert!(wrong.is_empty(), "{} are no MUST of the text:\n{}", wrong.len(), wrong.join("\n"));
}

/// What the case of that id makes of a ClientHello.
fn of_hello(id: &str, hello: tap::ClientHello) -> Grade {
    let case = client::all().into_iter().find(|case| case.id == id).expect("a case");
    let event = Event::new(Micros::ZERO, Some(Side::Client), Layer::Tls, What::ClientHello(Box::new(hello)));
    verdict::judge(&case, &[event]).grade
}

#[test]
fn a_client_hello_is_judged() {
    let hello = |versions: &[u16], sni: Option<&str>, alpn: &[&str]| tap::ClientHello {
        versions: versions.to_vec(),
        sni: sni.map(Into::into),
        alpn: alpn.iter().map(ToString::to_string).collect(),
        ..tap::ClientHello::default()
    };
    for (id, right, wrong) in [
        ("tls/3/no-old-versions", hello(&[0x0304, 0x0303], None, &[]), hello(&[0x0303, 0x0302, 0x0301], None, &[])),
        ("tls/3/server-name", hello(&[0x0303], Some("vpn.example"), &[]), hello(&[0x0303], Some("192.0.2.1"), &[])),
        ("tls/3.1/alpn", hello(&[0x0303], None, &["h2", "http/1.1"]), hello(&[0x0303], None, &["h2"])),
    ] {
        assert_eq!((of_hello(id, right), of_hello(id, wrong)), (Grade::Pass, Grade::Lenient), "{id}");
    }
    let case = client::all().into_iter().find(|case| case.id == "tls/2.1/begins-with-tls").expect("a case");
    assert_eq!(verdict::judge(&case, &[]).grade, Grade::Fail);
}
