use super::*;
use crate::base::Micros;
use crate::transcript::trial::{Arm, Ending, Reference, Saw, Shown, Trial};
use crate::transcript::witness::{Ours, Record, Sides, Stream, Wire};
use crate::wire::http::Head;
use std::collections::HashSet;

#[test]
fn rows_are_whole_and_what_they_explain_exists() {
    let ids: HashSet<&str> = all().map(|row| row.id).collect();
    assert_eq!(ids.len(), all().count());
    assert!(ids.len() >= 46, "{} findings", ids.len());
    for row in all() {
        assert!(!row.title.is_empty() && row.title.len() <= 80 && !row.title.ends_with('.'), "{}", row.id);
        assert!(![row.mechanism, row.evidence, row.raise, row.fix].contains(&""), "{} lacks words", row.id);
        for other in row.explains {
            assert!(ids.contains(other), "{} explains {other}, which is no finding", row.id);
        }
    }
}

fn trial(arm: Arm, round: u16, ending: Ending, saw: Saw) -> Trial {
    let reached = (ending == Ending::Answered).then_some(arm.layer());
    Trial { arm, round, at: Micros(0), took: Micros(0), reached, ending, saw }
}

fn trail(trials: Vec<Trial>) -> Trail {
    Trail { trials, ..Trail::default() }
}

#[test]
fn a_refused_port_is_surer_when_a_neighbour_or_the_control_connects() {
    let refused = |round| trial(Arm::Tcp, round, Ending::Refused, Saw { connect: Some(Micros(700)), ..Saw::default() });
    let other = |ending| trial(Arm::TcpOtherPort, 1, ending, Saw { value: Some(80), ..Saw::default() });
    let judged = |more: Vec<Trial>| {
        let verdict = judge(&trail([vec![refused(1), refused(2), refused(3)], more].concat()));
        let cause = verdict.cause().expect("a cause");
        (cause.row.id, cause.hit.level, cause.hit.says.clone(), verdict.culprit())
    };
    let (id, level, says, culprit) = judged(vec![other(Ending::Refused)]);
    assert_eq!((id, level, culprit), ("TCP-REFUSED", Level::Suspected, Culprit::Server));
    assert!(says.contains("3 of 3 SYNs were answered with RST, after 0.7 ms") && says.contains("port 80 is refused as well"), "{says}");
    assert_eq!(judged(vec![other(Ending::Answered)]).1, Level::Probable);
    assert_eq!(judged(vec![trial(Arm::TcpControl, 1, Ending::Answered, Saw::default())]).1, Level::Probable);
    assert!(judged(vec![other(Ending::Silence)]).2.contains("port 80 is silent"));
    // Silence is no refusal.
    let silent =
        judge(&trail(vec![trial(Arm::Tcp, 1, Ending::Silence, Saw::default()), trial(Arm::Tcp, 2, Ending::Silence, Saw::default())]));
    assert!(silent.findings.iter().all(|found| found.row.id != "TCP-REFUSED"));
    // From elsewhere it works: then it is this way, and the other finding follows.
    let mut known = trail(vec![refused(1), refused(2)]);
    known.head.reference = Some(Reference { reached: Some(Layer::Data), ..Reference::default() });
    let verdict = judge(&known);
    assert_eq!(verdict.cause().map(|cause| cause.row.id), Some("TCP-REFUSED-HERE"));
    assert!(verdict.findings.iter().any(|found| found.row.id == "TCP-REFUSED" && found.because_of == Some("TCP-REFUSED-HERE")));
}

#[test]
fn private_addresses_that_only_some_resolvers_give_are_told() {
    let answer = |arm, address: &str| {
        let addresses = address.split(',').filter_map(|one| one.parse().ok()).collect::<Vec<_>>();
        let ending = if addresses.is_empty() { Ending::NoSuchName } else { Ending::Answered };
        trial(arm, 1, ending, Saw { addresses, ..Saw::default() })
    };
    let named = |system, other| {
        let refused = |round| trial(Arm::Tcp, round, Ending::Silence, Saw::default());
        let verdict = judge(&trail(vec![answer(Arm::DnsSystem, system), answer(Arm::DnsResolver, other), refused(1), refused(2)]));
        verdict.cause().map(|cause| cause.row.id)
    };
    assert_eq!(named("10.1.2.3", "192.0.2.7"), Some("DNS-PRIVATE-ADDRESS"));
    assert_eq!(named("", "fd00::7"), Some("DNS-PRIVATE-ADDRESS"));
    assert_eq!(named("192.0.2.7", "192.0.2.7"), Some("TCP-FILTERED"));
    assert_eq!(named("10.1.2.3", "10.1.2.3"), Some("TCP-FILTERED"), "an address that all give is the zone's");
    assert_eq!(named("127.0.0.1", "192.0.2.7"), Some("TCP-FILTERED"));
    // Where the server proves its name, split DNS is meant.
    let shown = Shown { trusted: true, ..Shown::default() };
    let tls = trial(Arm::Tls, 1, Ending::Answered, Saw { cert: Some(shown), ..Saw::default() });
    let verdict = judge(&trail(vec![answer(Arm::DnsSystem, "10.1.2.3"), answer(Arm::DnsResolver, "192.0.2.7"), tls]));
    assert!(verdict.findings.iter().all(|found| found.row.id != "DNS-PRIVATE-ADDRESS"));
}

#[test]
fn a_proxy_login_that_helps_is_a_warning_and_one_that_does_not_is_a_failure() {
    let wants = |arm, round| {
        let head = Head::response(407, "Proxy Authentication Required", &[("Proxy-Authenticate", "NTLM")]);
        trial(arm, round, Ending::Refused, Saw { head: Some(head), ..Saw::default() })
    };
    let judged = |login: Trial| {
        let mut all = trail(vec![wants(Arm::Connect, 1), wants(Arm::ConnectPlain, 1), login]);
        all.head.proxy = Some("proxy.test:3128".into());
        let verdict = judge(&all);
        (verdict.cause().map(|cause| cause.row.id), verdict.fails())
    };
    assert_eq!(judged(trial(Arm::ConnectLogin, 1, Ending::Answered, Saw::default())), (Some("PROXY-AUTH-WINDOWS"), false));
    assert_eq!(judged(wants(Arm::ConnectLogin, 1)), (Some("PROXY-AUTH-SCHEME"), true));
}

#[test]
fn a_witness_bears_a_finding_out_or_speaks_for_itself() {
    let wire = |mark: &str| Wire {
        began_unix_us: 0,
        client: ([127, 0, 0, 1], 1).into(),
        server: ([127, 0, 0, 1], 2).into(),
        failed: None,
        mark: Some(mark.into()),
        asked: None,
        up: Stream::default(),
        down: Stream::default(),
    };
    let lost = Ours { wires: vec![wire("run-1")], ..Ours::default() };
    let told = |trials: Vec<Trial>, theirs: Result<Record, String>| {
        judge(&Trail { witness: Some(Sides { ours: lost.clone(), theirs }), ..trail(trials) })
    };
    let alone = told(Vec::new(), Ok(Record::default()));
    assert_eq!(alone.cause().map(|cause| (cause.row.id, cause.hit.level)), Some(("WITNESS-NOT-ARRIVED", Level::Confirmed)));
    let vanished: Vec<Trial> = (1..=3).map(|round| trial(Arm::Tcp, round, Ending::Silence, Saw::default())).collect();
    let unaided = judge(&trail(vanished.clone()));
    assert_eq!(unaided.cause().map(|cause| cause.hit.level), Some(Level::Suspected));
    let aided = told(vanished.clone(), Ok(Record::default()));
    let cause = aided.cause().expect("a cause");
    assert_eq!((cause.row.id, cause.hit.level, cause.hit.or_else), ("TCP-FILTERED", Level::Confirmed, None));
    assert!(cause.hit.says.contains("; the witness: run-1: "), "{}", cause.hit.says);
    let mute = told(vanished, Err("no connection".into()));
    assert_eq!((mute.cause().map(|cause| cause.hit.level), mute.witness.is_none()), (Some(Level::Suspected), true));
}
