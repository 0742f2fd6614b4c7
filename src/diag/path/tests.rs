use super::*;
use crate::base::Micros;
use crate::transcript::trial::{Arm, Ending, Reference, Saw, Shown, Trial};
use crate::transcript::witness::{Ours, Record, Sides, Stream, Wire};
use crate::wire::http::Head;
use std::collections::HashSet;

mod fronts;
mod limits;
mod server;
mod stops;
mod who;

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

/// Eight rounds of the three transfers at these speeds in kB/s; a short echo takes a millisecond.
fn transfers(tunnel: u64, split: u64, pages: Option<u64>) -> Trail {
    let carried = |kilobytes: u64| Saw {
        bytes: Some(100_000),
        within: Some(Micros(100_000_000 / kilobytes)),
        beat: Some(Micros(1000)),
        gap: Some(Micros(1)),
        ..Saw::default()
    };
    let arms = [(Arm::Bulk, Some(tunnel)), (Arm::BulkSplit, Some(split)), (Arm::BulkPlain, pages)];
    let rows = arms.into_iter().filter_map(|(arm, speed)| Some((arm, speed?)));
    let trials = rows.flat_map(|(arm, speed)| (1..=8).map(move |round| trial(arm, round, Ending::Answered, carried(speed))));
    let mut trials: Vec<Trial> = trials.collect();
    trials.push(trial(Arm::Call, 1, Ending::Answered, Saw::default()));
    Trail { trials, ..Trail::default() }
}

#[test]
fn a_slow_tunnel_beside_quick_pages_is_a_class_of_traffic_and_slow_pages_are_the_line() {
    let cause = |trail: &Trail| judge(trail).cause().map(|found| (found.row.id, found.hit.says.clone()));
    let (id, says) = cause(&transfers(50, 50, Some(900))).expect("a cause");
    assert_eq!(id, "DATA-THROTTLED");
    assert!(says.contains("pages over TLS from the same server"), "{says}");
    let (id, says) = cause(&transfers(50, 900, Some(900))).expect("a cause");
    assert_eq!(id, "DATA-THROTTLED");
    assert!(says.contains("does not look like SSTP"), "{says}");
    // One round in which it is the faster one: that is chance, as where packets are lost.
    let mut once = transfers(50, 900, Some(900));
    let fast = once.trials.iter_mut().find(|trial| trial.arm == Arm::Bulk).expect("a transfer");
    fast.saw.within = Some(Micros(1_000));
    assert_ne!(cause(&once).map(|found| found.0), Some("DATA-THROTTLED"));
    let (id, says) = cause(&transfers(50, 50, Some(60))).expect("a cause");
    assert_eq!(id, "DATA-RATE-LIMITED");
    assert!(says.contains("pages over TLS 60 kB/s"), "{says}");
    assert_eq!(cause(&transfers(50, 50, None)).expect("a cause").0, "DATA-RATE-LIMITED", "without pages the echoes alone tell");
    // 900 kB/s of echoes are the server's business, however fast its pages are; so is a pace of one short echo.
    assert_eq!(cause(&transfers(900, 900, Some(9000))), None);
    assert_eq!(cause(&transfers(600, 600, Some(9000))), None);
}

#[test]
fn the_length_that_the_path_carries_is_named() {
    let segment = |value: u64, ending: Ending| trial(Arm::TlsSegment, 1, ending, Saw { value: Some(value), ..Saw::default() });
    let mut trials: Vec<Trial> = (1..=3)
        .flat_map(|round| {
            [(Arm::Tls, Ending::Silence), (Arm::TlsShort, Ending::Answered)].map(|(arm, ending)| trial(arm, round, ending, Saw::default()))
        })
        .collect();
    let says = |trials: &[Trial]| judge(&Trail { trials: trials.to_vec(), ..Trail::default() }).cause().map(|found| found.hit.says.clone());
    assert!(!says(&trials).expect("a black hole").contains("carries"), "it was not searched for");
    trials.extend([
        segment(800, Ending::Answered),
        segment(1160, Ending::Answered),
        segment(1161, Ending::Silence),
        segment(1400, Ending::Silence),
    ]);
    let with_size = says(&trials).expect("a black hole");
    assert!(with_size.contains("packets of 1200 bytes come through and those of 1201 do not"), "{with_size}");
    assert!(with_size.contains("an MSS of 1160"), "{with_size}");
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
    let withheld = judge(&trail(vec![answer(Arm::DnsSystem, ""), answer(Arm::DnsResolver, "fd00::7")]));
    let fix = withheld.cause().map(Found::fix).unwrap_or_default();
    assert!(!fix.contains("take the answer out") && fix.contains("withholds"), "there is no answer to take out: {fix}");
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

#[test]
fn a_certificate_that_the_servers_owner_did_not_name_is_somebody_elses() {
    let cause = |pinned: bool, sha256: &str| {
        let shown = Shown { sha256: "bb".into(), trusted: true, ..Shown::default() };
        let tls = trial(Arm::Tls, 1, Ending::Answered, Saw { cert: Some(shown), ..Saw::default() });
        let mut seen = trail(vec![tls, trial(Arm::Call, 1, Ending::Answered, Saw::default())]);
        seen.head.reference = Some(Reference { sha256: Some(sha256.into()), pinned, ..Reference::default() });
        judge(&seen).cause().map(|found| (found.row.id, found.hit.level))
    };
    assert_eq!(cause(true, "aa"), Some(("BIND-TLS-INSPECTION", Level::Probable)));
    assert_eq!(cause(false, "aa"), Some(("CERT-VANTAGE-DIFF", Level::Suspected)), "several nodes with one each");
    assert_eq!(cause(true, "bb"), None);
}

/// As many trials of an arm as rounds, all with this ending, as far as it says.
fn rounds(arm: Arm, ending: Ending, reached: Option<Layer>, saw: &Saw) -> Vec<Trial> {
    (1..=3).map(|round| Trial { reached, saw: saw.clone(), ..trial(arm, round, ending.clone(), Saw::default()) }).collect()
}

fn passing(arm: Arm) -> Vec<Trial> {
    let head = (arm == Arm::Sstp).then(|| Head::response(200, "OK", &[("Content-Length", "18446744073709551615")]));
    let reached = if arm == Arm::Call { Layer::Lcp } else { arm.layer() };
    rounds(arm, Ending::Answered, Some(reached), &Saw { head, ..Saw::default() })
}

/// A way on which everything up to the call works.
fn sound_up_to_the_call() -> Vec<Trial> {
    [Arm::Tcp, Arm::Tls, Arm::HelloNamed, Arm::Sstp, Arm::Call, Arm::CallSplit].into_iter().flat_map(passing).collect()
}

#[test]
fn what_no_rule_explains_is_never_called_clean() {
    let judged = |more: Vec<Trial>| judge(&trail([sound_up_to_the_call(), more].concat()));
    assert_eq!(judged(Vec::new()).cause().map(|found| found.row.id), None, "everything came through");
    let broken = |arm, ending, reached| rounds(arm, ending, Some(reached), &Saw::default());
    // (what failed, what came through beside it, the layer)
    let rows = [
        (broken(Arm::Login, Ending::Silence, Layer::Auth), Vec::new(), Layer::Binding),
        (broken(Arm::Login, Ending::Reset, Layer::Ncp), Vec::new(), Layer::Data),
        (broken(Arm::Bulk, Ending::Reset, Layer::Lcp), passing(Arm::Echo), Layer::Data),
        (broken(Arm::Echo, Ending::Closed, Layer::Lcp), Vec::new(), Layer::Lcp),
        (broken(Arm::BulkSplit, Ending::Reset, Layer::Lcp), [passing(Arm::Echo), passing(Arm::Bulk)].concat(), Layer::Data),
        (broken(Arm::Busy, Ending::Reset, Layer::Lcp), passing(Arm::Echo), Layer::Data),
    ];
    for (failed, beside, layer) in rows {
        let (arm, ending) = (failed[0].arm, failed[0].ending.clone());
        let verdict = judged([failed, beside].concat());
        let cause = verdict.cause().unwrap_or_else(|| panic!("{arm:?} {ending:?} was called clean"));
        assert_eq!(cause.row.id, "PATH-UNEXPLAINED", "{arm:?}");
        assert_eq!(cause.layer(), layer, "{arm:?}");
        assert!(cause.hit.says.contains(&told::sent(arm)) && cause.hit.says.contains("3 of 3"), "{}", cause.hit.says);
        assert!(!cause.row.raise.is_empty() && cause.hit.or_else.is_some());
        assert!(verdict.findings.iter().all(|found| found.row.id != "NET-NO-INTERFERENCE-SEEN"));
    }
    // A call that is up and whose LCP nobody ever answers.
    let mute = rounds(Arm::Call, Ending::Answered, Some(Layer::Sstp), &Saw::default());
    let verdict = judge(&trail([passing(Arm::Tcp), passing(Arm::Tls), passing(Arm::Sstp), mute].concat()));
    assert_eq!(verdict.cause().map(|found| (found.row.id, found.layer())), Some(("PATH-UNEXPLAINED", Layer::Lcp)));
    // Web servers end a connection behind some pages.
    assert!(judged(broken(Arm::BulkPlain, Ending::Reset, Layer::Http)).cause().is_none());
    // A server's own word about a login is none of the way's doing, nor is one lost packet.
    let refused = broken(Arm::Login, Ending::Broken("auth failed".into()), Layer::Lcp);
    assert!(judged(refused).cause().is_none());
    let once = [passing(Arm::Echo), vec![trial(Arm::Echo, 4, Ending::Silence, Saw::default())]].concat();
    assert!(judged(once).cause().is_none());
}

#[test]
fn lost_answers_of_a_resolver_are_no_answer_about_the_address() {
    let private = Saw { addresses: vec!["10.1.2.3".parse().expect("v4")], ..Saw::default() };
    let lost = rounds(Arm::DnsSystem, Ending::Silence, None, &Saw::default());
    let other = rounds(Arm::DnsResolver, Ending::Answered, Some(Layer::Dns), &private);
    let verdict = judge(&trail([lost, other, sound_up_to_the_call()].concat()));
    let ids: Vec<&str> = verdict.findings.iter().map(|found| found.row.id).collect();
    assert!(!ids.contains(&"DNS-PRIVATE-ADDRESS") && !ids.contains(&"DNS-TAMPERED"), "{ids:?}");
    assert_eq!(verdict.cause().map(|found| (found.row.id, found.layer())), Some(("DNS-RESOLVER-FAILS", Layer::Dns)));
}

#[test]
fn on_loopback_nobody_is_nearer_than_the_server() {
    let timed = |to: &str| {
        let saw = Saw { to: to.parse().ok(), connect: Some(Micros(100)), first: Some(Micros(40_000)), ..Saw::default() };
        let verdict = judge(&trail(rounds(Arm::HelloNamed, Ending::Answered, Some(Layer::Tls), &saw)));
        verdict.findings.iter().any(|found| found.row.id == "PATH-TLS-PROXY")
    };
    assert!(timed("192.0.2.7:443"));
    assert!(!timed("127.0.0.1:443") && !timed("[::1]:443"), "a busy machine is no proxy");
}

#[test]
fn a_port_that_speaks_no_tls_is_the_servers_business() {
    let page = Saw { body: Some("HTTP/1.1 400 Bad Request\r\nServer: nginx".into()), ..Saw::default() };
    let plain = |arm| rounds(arm, Ending::NotTls, Some(Layer::Tcp), &page);
    let hellos = [Arm::Tls, Arm::HelloNamed, Arm::HelloNameless, Arm::HelloOtherName, Arm::Hello12, Arm::HelloBrowser];
    let all: Vec<Trial> = passing(Arm::Tcp).into_iter().chain(hellos.into_iter().flat_map(plain)).collect();
    let with_control = [all.clone(), passing(Arm::TlsControl)].concat();
    for trials in [all.clone(), with_control] {
        let verdict = judge(&trail(trials));
        let cause = verdict.cause().expect("a cause");
        assert_eq!((cause.row.id, verdict.culprit()), ("TLS-PLAINTEXT-PORT", Culprit::Server));
        assert!(cause.hit.says.contains("HTTP/1.1 400 Bad Request") && cause.hit.level == Level::Probable, "{}", cause.hit.says);
        assert!(verdict.findings.iter().all(|found| found.row.id != "TLS-DPI-BLOCK"));
    }
    // From elsewhere TLS works, or everybody is answered so: somebody on the way does it.
    let mut known = trail(all.clone());
    known.head.reference = Some(Reference { reached: Some(Layer::Data), ..Reference::default() });
    assert_eq!(judge(&known).cause().map(|cause| cause.row.id), Some("TLS-PLAIN-ANSWER"));
    let everybody = judge(&trail([all, plain(Arm::TlsControl)].concat()));
    assert_eq!(everybody.cause().map(|cause| cause.row.id), Some("TLS-PLAIN-ANSWER"));
}

#[test]
fn a_socks_proxy_is_not_told_in_the_words_of_http() {
    use crate::transcript::proxy::Greeting;
    for (said, id, part) in [
        ((Greeting::Connect, 2), "PROXY-CONNECT-DENIED", "reply 2: not allowed by the rules"),
        ((Greeting::Connect, 5), "PROXY-UPSTREAM-FAIL", "reply 5: connection refused"),
        ((Greeting::Methods, 0xff), "PROXY-AUTH-REQUIRED", "without a login"),
    ] {
        let saw = Saw { socks: Some(said), ..Saw::default() };
        let mut all = trail([passing(Arm::Tcp), rounds(Arm::Connect, Ending::Refused, Some(Layer::Tcp), &saw)].concat());
        all.head.proxy = Some("proxy.test:1080".into());
        let verdict = judge(&all);
        let cause = verdict.cause().expect("a cause");
        assert_eq!(cause.row.id, id);
        assert!(cause.hit.says.contains(part), "{id}: {}", cause.hit.says);
        let words = format!("{} {} {}", cause.hit.says, cause.mechanism(), cause.fix());
        for http in ["407", "403", "502", "503", "504", "405", "event 23"] {
            assert!(!words.contains(http), "{id} speaks of {http}: {words}");
        }
        assert!(words.contains("SOCKS"), "{words}");
    }
}

#[test]
fn connections_that_fail_before_a_hello_was_sent_say_nothing_of_hellos() {
    // The first few connect; from then on no SYN is answered.
    let mut all = passing(Arm::Tcp);
    for arm in [Arm::Tls, Arm::HelloNamed, Arm::HelloNameless, Arm::HelloOtherName, Arm::Hello12, Arm::HelloBrowser] {
        all.extend(rounds(arm, Ending::Silence, None, &Saw { connect: Some(Micros(3_000_000)), ..Saw::default() }));
    }
    all.iter_mut().filter(|trial| trial.arm == Arm::Tcp).for_each(|trial| trial.saw.connect = Some(Micros(2_000)));
    let mut known = trail(all);
    known.head.reference = Some(Reference { reached: Some(Layer::Data), ..Reference::default() });
    let verdict = judge(&known);
    let cause = verdict.cause().expect("a cause");
    assert_eq!(cause.row.id, "PATH-CONNECTION-RATE", "{}", cause.hit.says);
    assert!(verdict.findings.iter().all(|found| found.row.id != "TLS-DPI-BLOCK"));
    assert!(cause.hit.says.contains("18 of 18 connections behind the first"), "{}", cause.hit.says);
}

#[test]
fn a_server_without_tls_13_may_end_hellos_that_offer_nothing_else_as_it_likes() {
    let judged = |version: u16| {
        let mut trials = vec![trial(Arm::Tls, 1, Ending::Answered, Saw::default()), trial(Arm::Call, 1, Ending::Answered, Saw::default())];
        for round in 1..=8 {
            let shapes = [Arm::HelloNamed, Arm::Hello12, Arm::HelloAlpn, Arm::HelloWindows, Arm::HelloBrowser];
            let spoken = Saw { version: Some(version), ..Saw::default() };
            trials.extend(shapes.map(|arm| trial(arm, round, Ending::Answered, spoken.clone())));
            trials.push(Trial { reached: Some(Layer::Tcp), ..trial(Arm::Hello13, round, Ending::Closed, Saw::default()) });
        }
        judge(&trail(trials)).cause().map(|found| found.row.id)
    };
    assert_eq!(judged(0x0303), None);
    assert_eq!(judged(0x0304), Some("TLS-FINGERPRINT-FILTER"), "where TLS 1.3 is spoken the hello had an answer");
}

#[test]
fn what_was_stopped_before_its_end_is_not_clean() {
    let trials = vec![trial(Arm::Tls, 1, Ending::Answered, Saw::default()), trial(Arm::Call, 1, Ending::Answered, Saw::default())];
    assert!(judge(&trail(trials.clone())).undecided.is_none());
    let verdict = judge(&Trail { interrupted: true, took: Micros(300_000_000), ..trail(trials) });
    assert!(verdict.undecided.expect("nothing is certain").contains("stopped after 300 s"));
    assert!(verdict.findings.is_empty(), "{:?}", verdict.findings);
}

#[test]
fn what_comes_late_is_slow_and_cuts_nothing() {
    let late = Trial { took: Micros(6_000_000), ..trial(Arm::Sstp, crate::transcript::trial::PATIENT, Ending::Answered, Saw::default()) };
    let outwaited = Trial { round: 501, ..trial(Arm::Sstp, 501, Ending::Ours("it was not waited for long enough".into()), Saw::default()) };
    let trials =
        vec![outwaited, late, trial(Arm::Tls, 1, Ending::Answered, Saw::default()), trial(Arm::Call, 1, Ending::Answered, Saw::default())];
    let verdict = judge(&trail(trials));
    assert!(!verdict.has_cause);
    let slow = verdict.findings.iter().find(|found| found.row.id == "PATH-SLOW").expect("it is told");
    assert!(slow.hit.says.contains("sstp was answered after 6.0 s"), "{}", slow.hit.says);
}

#[test]
fn behind_a_proxy_what_cuts_is_the_proxy_until_somebody_shows_otherwise() {
    let judged = |proxy: Option<&str>| {
        let cut = |arm, round| Trial { reached: Some(Layer::Tcp), ..trial(arm, round, Ending::Closed, Saw::default()) };
        let mut trials =
            vec![trial(Arm::Tcp, 1, Ending::Answered, Saw::default()), trial(Arm::Connect, 1, Ending::Answered, Saw::default())];
        for round in 1..=3 {
            trials.extend([Arm::Tls, Arm::HelloNamed, Arm::HelloNameless, Arm::Hello12, Arm::HelloBrowser].map(|arm| cut(arm, round)));
        }
        let mut trail = trail(trials);
        trail.head.proxy = proxy.map(str::to_string);
        let verdict = judge(&trail);
        (verdict.cause().map(|found| found.row.id), verdict.culprit())
    };
    assert_eq!(judged(Some("proxy.example:3128")), (Some("TLS-DPI-BLOCK"), Culprit::Proxy));
    assert_eq!(judged(None), (Some("TLS-DPI-BLOCK"), Culprit::Way));
}

#[test]
fn a_status_tells_who_has_to_look() {
    let judged = |status: u16| {
        let answer = |status: u16| Saw { head: Some(Head::response(status, "x", &[("Server", "front")])), ..Saw::default() };
        let sstp = (1..=3).map(|round| trial(Arm::Sstp, round, Ending::Answered, answer(status)));
        let get = (1..=3).map(|round| trial(Arm::Get, round, Ending::Answered, answer(200)));
        let verdict = judge(&trail([trial(Arm::Tls, 1, Ending::Answered, Saw::default())].into_iter().chain(sstp).chain(get).collect()));
        let cause = verdict.cause().expect("a cause");
        (cause.row.id, cause.mechanism())
    };
    for status in [100, 404, 426, 429, 500, 502, 503, 504, 520] {
        assert_eq!(judged(status).0, "HTTP-REFUSED", "{status}");
    }
    assert!(judged(503).1.contains("behind it") && judged(429).1.contains("counts requests") && judged(520).1.contains("says no"));
}

#[test]
fn no_version_is_blamed_and_no_number_where_no_whole_handshake_comes_through() {
    let judged = |tls: Ending, together: Ending| {
        let mut trials = Vec::new();
        for round in 1..=3 {
            for arm in [Arm::HelloNamed, Arm::Hello13, Arm::HelloAlpn, Arm::HelloWindows, Arm::HelloBrowser, Arm::HelloPadded, Arm::Tcp] {
                trials.push(trial(arm, round, Ending::Answered, Saw::default()));
            }
            for (arm, ending) in [(Arm::Tls, &tls), (Arm::Hello12, &Ending::Reset), (Arm::Together, &together)] {
                trials.push(Trial { reached: Some(Layer::Tcp), ..trial(arm, round, ending.clone(), Saw::default()) });
            }
        }
        let verdict = judge(&trail(trials));
        verdict.findings.iter().map(|found| found.row.id).collect::<Vec<_>>()
    };
    let broken = judged(Ending::Reset, Ending::Reset);
    assert!(!broken.contains(&"TLS-VERSION-FILTER") && !broken.contains(&"PATH-CONNECTION-LIMIT"), "{broken:?}");
    let sound = judged(Ending::Answered, Ending::Reset);
    assert!(sound.contains(&"TLS-VERSION-FILTER") && sound.contains(&"PATH-CONNECTION-LIMIT"), "{sound:?}");
}

#[test]
fn a_length_is_told_from_a_number_of_bytes_by_many_short_echoes() {
    let judged = |many: Option<Ending>| {
        let at = |arm, round, ending, value, bytes| Trial {
            reached: Some(Layer::Lcp),
            ..trial(arm, round, ending, Saw { value, bytes, ..Saw::default() })
        };
        let mut trials = Vec::new();
        for round in 1..=3 {
            trials.push(at(Arm::Echo, round, Ending::Silence, Some(1200), None));
            trials.push(at(Arm::EchoShortSegments, round, Ending::Silence, Some(1200), None));
            trials.push(at(Arm::Bulk, round, Ending::Silence, None, Some(4256)));
            trials.push(at(Arm::BulkSplit, round, Ending::Silence, None, Some(4256)));
            trials.extend(many.clone().map(|ending| at(Arm::EchoMany, round, ending, None, Some(4096))));
        }
        for one in trials.iter_mut().filter(|one| one.arm == Arm::Bulk) {
            one.saw.beat = Some(Micros(100));
        }
        let verdict = judge(&trail(trials));
        let cause = verdict.cause().expect("a cause");
        (cause.row.id, cause.hit.level)
    };
    assert_eq!(judged(Some(Ending::Answered)), ("DATA-RECORD-SIZE-FILTER", Level::Probable));
    assert_eq!(judged(Some(Ending::Silence)), ("DATA-BYTE-CAP", Level::Probable));
    assert_eq!(judged(None), ("DATA-RECORD-SIZE-FILTER", Level::Suspected), "without the contrast it is a guess");
}

#[test]
fn hellos_that_are_cut_by_their_length_are_told_from_a_clients_own_ways() {
    let says = |padded: Ending| {
        let mut trials = Vec::new();
        for round in 1..=8 {
            for arm in [Arm::HelloNamed, Arm::Hello12, Arm::Hello13, Arm::HelloAlpn, Arm::HelloWindows, Arm::HelloSplit, Arm::Tls] {
                trials.push(trial(arm, round, Ending::Answered, Saw::default()));
            }
            for (arm, ending) in [(Arm::HelloBrowser, &Ending::Reset), (Arm::HelloPadded, &padded)] {
                let saw = Saw { value: Some(1790), ..Saw::default() };
                trials.push(Trial { reached: Some(Layer::Tcp), ..trial(arm, round, ending.clone(), saw) });
            }
        }
        let verdict = judge(&trail(trials));
        let cause = verdict.cause().expect("a cause");
        (cause.row.id, cause.mechanism().to_string(), cause.hit.says.clone())
    };
    let (id, mechanism, text) = says(Ending::Reset);
    assert!(id == "TLS-FINGERPRINT-FILTER" && mechanism.contains("long hellos") && text.contains("padded to 1790 bytes"), "{text}");
    let (id, mechanism, _) = says(Ending::Answered);
    assert!(id == "TLS-FINGERPRINT-FILTER" && !mechanism.contains("long hellos"));
}
