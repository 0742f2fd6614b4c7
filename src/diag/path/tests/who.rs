//! Whose business it is, and what must not be passed over.

use super::*;
use crate::transcript::proxy::Greeting;

/// What every judgement here asks of a trail: the finding, how sure, whose it is, and what was seen.
fn cause(trail: &Trail) -> Option<(&'static str, Level, Culprit, String)> {
    let verdict = judge(trail);
    let cause = verdict.cause()?;
    Some((cause.row.id, cause.hit.level, cause.culprit(), cause.hit.says.clone()))
}

fn id(trail: &Trail) -> Option<&'static str> {
    cause(trail).map(|cause| cause.0)
}

fn answered(arm: Arm) -> Vec<Trial> {
    ended(arm, Ending::Answered)
}

fn ended(arm: Arm, ending: Ending) -> Vec<Trial> {
    (1..=3).map(|round| trial(arm, round, ending.clone(), Saw::default())).collect()
}

/// Calls up to LCP.
fn called() -> Vec<Trial> {
    answered(Arm::Call).into_iter().map(|trial| Trial { reached: Some(Layer::Lcp), ..trial }).collect()
}

fn certified(arm: Arm, sha256: &str, trusted: bool) -> Vec<Trial> {
    let shown = Shown { sha256: sha256.into(), issuer: "CN=somebody".into(), trusted, ..Shown::default() };
    (1..=3).map(|round| trial(arm, round, Ending::Answered, Saw { cert: Some(shown.clone()), ..Saw::default() })).collect()
}

fn status(arm: Arm, status: u16, via: &'static str) -> Vec<Trial> {
    let head = || Head::response(status, "as it is", &[("Via", via)]);
    (1..=3).map(|round| trial(arm, round, Ending::Answered, Saw { head: Some(head()), ..Saw::default() })).collect()
}

#[test]
fn a_stranger_in_tls_fails_by_the_witness_alone() {
    let own = |leaf: &str| {
        let ours = Ours { leaf_sha256: Some("aa".into()), ..Ours::default() };
        let theirs = Record { leaf_sha256: leaf.into(), ..Record::default() };
        let trials = [certified(Arm::Tls, "aa", false), called()].concat();
        judge(&Trail { witness: Some(Sides { ours, theirs: Ok(theirs) }), ..trail(trials) })
    };
    let opened = own("bb");
    assert_eq!(opened.cause().map(|cause| cause.row.id), Some("WITNESS-TLS-OPENED"));
    assert!(opened.fails(), "somebody else's certificate is no mere warning");
    assert!(!own("aa").fails());
    // What a stranger holds back does not arrive, and that follows.
    let ours = Ours { leaf_sha256: Some("aa".into()), wires: vec![wire(None)], ..Ours::default() };
    let theirs = Record { leaf_sha256: "bb".into(), ..Record::default() };
    let held = judge(&Trail { witness: Some(Sides { ours, theirs: Ok(theirs) }), ..trail(certified(Arm::Tls, "aa", false)) });
    assert_eq!(held.cause().map(|cause| cause.row.id), Some("WITNESS-TLS-OPENED"));
    let follows = held.findings.iter().find(|found| found.row.id == "WITNESS-NOT-ARRIVED").expect("it is told");
    assert_eq!(follows.because_of, Some("WITNESS-TLS-OPENED"));
}

fn wire(failed: Option<&str>) -> Wire {
    Wire {
        began_unix_us: 0,
        client: ([127, 0, 0, 1], 1).into(),
        server: ([127, 0, 0, 1], 2).into(),
        failed: failed.map(String::from),
        mark: Some("run-1".into()),
        asked: None,
        up: Stream::default(),
        down: Stream::default(),
    }
}

#[test]
fn an_icmp_error_of_our_own_is_our_own_firewalls() {
    let rejected = |by: &str| {
        let mut all = trail(ended(Arm::Tcp, Ending::Unreachable));
        all.rejecters = vec![by.parse().expect("an address")];
        all.head.ours = vec!["10.77.1.2".parse().expect("an address")];
        let verdict = judge(&all);
        let cause = verdict.cause().expect("a cause");
        (cause.row.id, cause.culprit(), cause.fix().contains("own firewall"))
    };
    assert_eq!(rejected("10.77.1.2"), ("TCP-ICMP-REJECT", Culprit::Endpoint, true));
    assert_eq!(rejected("10.77.1.1").1, Culprit::Way);
}

#[test]
fn a_server_that_answers_get_alone_does_not_answer_sstp() {
    let silent = [Arm::Sstp, Arm::MethodAlone, Arm::LengthZero, Arm::OtherPath, Arm::OddMethod, Arm::PostMax];
    let mut trials = [certified(Arm::Tls, "aa", true), status(Arm::Get, 200, ""), answered(Arm::HelloNamed)].concat();
    trials.extend(silent.into_iter().flat_map(|arm| ended(arm, Ending::Silence)));
    trials.extend(ended(Arm::Together, Ending::Reset));
    let mut seen = trail(trials);
    let (id, level, culprit, _) = cause(&seen).expect("a cause");
    assert_eq!((id, level, culprit), ("HTTP-NO-SSTP", Level::Probable, Culprit::Server));
    let mut waiting = seen.clone();
    let get = waiting.trials.iter_mut().filter(|trial| trial.arm == Arm::Get);
    get.for_each(|trial| (trial.ending, trial.saw) = (Ending::Silence, Saw::default()));
    waiting.trials.retain(|trial| trial.arm != Arm::Together);
    let silent = waiting.trials.iter().find(|trial| trial.arm == Arm::Get).cloned().expect("one");
    waiting.trials.push(Trial { arm: Arm::GetPath, ..silent });
    let (id, level, _, says) = cause(&waiting).expect("a cause");
    assert_eq!((id, level), ("HTTP-NO-SSTP", Level::Suspected), "{says}");
    waiting.trials.retain(|trial| trial.arm != Arm::GetPath);
    waiting.trials.extend(status(Arm::GetPath, 200, "").into_iter().take(1));
    assert_eq!(self::id(&waiting), Some("HTTP-NO-SSTP"), "one at a time: GET waits behind what is never answered");
    seen.head.reference = Some(Reference { reached: Some(Layer::Data), ..Reference::default() });
    assert_ne!(self::id(&seen), Some("HTTP-NO-SSTP"), "from elsewhere it does");
}

#[test]
fn http_within_a_certificate_that_nobody_vouches_for_is_not_laid_at_the_servers_door_alone() {
    let refused = |trusted: bool, proxy: Option<&str>| {
        let bad = [Arm::Sstp, Arm::PostMax, Arm::OtherPath].into_iter().flat_map(|arm| status(arm, 400, "1.1 box"));
        let good = [Arm::Get, Arm::MethodAlone, Arm::LengthZero].into_iter().flat_map(|arm| status(arm, 200, "1.1 box"));
        let mut all = trail(certified(Arm::Tls, "aa", trusted).into_iter().chain(bad).chain(good).collect());
        all.head.proxy = proxy.map(String::from);
        let verdict = judge(&all);
        let found = verdict.cause().expect("a cause").clone();
        assert_eq!(found.row.id, "HTTP-400-CONTENT-LENGTH");
        (found.hit.level, found.culprit(), found.hit.says.contains("does not verify"), found.hit.or_else.is_some())
    };
    assert_eq!(refused(true, None), (Level::Confirmed, Culprit::Server, false, false));
    assert_eq!(refused(false, None), (Level::Probable, Culprit::Server, true, true));
    assert_eq!(refused(false, Some("proxy.test:3128")), (Level::Probable, Culprit::Proxy, true, true));
}

#[test]
fn a_proxy_that_refuses_every_unknown_header_has_no_rule_against_sstp() {
    let refused = |odd: Ending| {
        let mut all =
            trail([ended(Arm::Connect, Ending::Refused), answered(Arm::ConnectPlain), ended(Arm::ConnectOddHeader, odd)].concat());
        all.head.proxy = Some("proxy.test:3128".into());
        id(&all)
    };
    assert_eq!(refused(Ending::Answered), Some("PROXY-SSTPVERSION-FILTER"));
    assert_eq!(refused(Ending::Refused), Some("PROXY-HEADER-FILTER"));
}

#[test]
fn whatever_a_socks_proxy_replies_is_told() {
    let replied = |code: u8| {
        let saw = || Saw { socks: Some((Greeting::Connect, code)), ..Saw::default() };
        let mut all = trail((1..=3).map(|round| trial(Arm::Connect, round, Ending::Refused, saw())).collect());
        all.head.proxy = Some("proxy.test:1080".into());
        id(&all)
    };
    let told: Vec<_> = [1, 2, 3, 5, 7, 8].into_iter().map(replied).collect();
    let (fail, denied) = (Some("PROXY-UPSTREAM-FAIL"), Some("PROXY-CONNECT-DENIED"));
    assert_eq!(told, [fail, denied, fail, fail, denied, denied]);
}

#[test]
fn a_late_answer_is_no_box_nearer_than_the_server_where_others_come_at_once() {
    let timed = |arm: Arm, first: u64| {
        let saw = Saw { to: "192.0.2.7:443".parse().ok(), connect: Some(Micros(100)), first: Some(Micros(first)), ..Saw::default() };
        trial(arm, 1, Ending::Answered, saw)
    };
    let nearer = |other: u64| {
        let verdict = judge(&trail(vec![timed(Arm::HelloNamed, 240_000), timed(Arm::HelloNameless, other)]));
        verdict.findings.iter().any(|found| found.row.id == "PATH-TLS-PROXY")
    };
    assert!(nearer(90_000) && !nearer(300), "lost packets come again late");
}

#[test]
fn a_control_that_is_not_there_is_told() {
    let judged = |ending: Ending| {
        let verdict = judge(&trail([answered(Arm::Tcp), called(), ended(Arm::TcpControl, ending)].concat()));
        assert!(!verdict.has_cause);
        verdict.findings.iter().any(|found| found.row.id == "NET-CONTROL-DEAD")
    };
    assert!(judged(Ending::NoSuchName) && judged(Ending::Silence) && !judged(Ending::Answered));
}

#[test]
fn a_web_server_in_place_of_a_proxy_is_not_excluded() {
    let refused = |status: u16, via: &'static str| {
        let head = || Head::response(status, "no", if via.is_empty() { &[] } else { &[("Via", "1.1 squid")] });
        let says = (1..=3).map(|round| trial(Arm::Connect, round, Ending::Refused, Saw { head: Some(head()), ..Saw::default() }));
        let mut all = trail(says.collect());
        all.head.proxy = Some("proxy.test:3128".into());
        let cause = judge(&all).cause().expect("a cause").clone();
        (cause.row.id, cause.hit.level, cause.hit.or_else.is_some())
    };
    assert_eq!(refused(405, ""), ("PROXY-CONNECT-DENIED", Level::Probable, true));
    assert_eq!(refused(405, "squid"), ("PROXY-CONNECT-DENIED", Level::Confirmed, false));
    assert_eq!(refused(403, ""), ("PROXY-CONNECT-DENIED", Level::Confirmed, false));
}

#[test]
fn a_socks_login_that_is_refused_is_told() {
    let said = |arm: Arm, to: Greeting, code: u8| {
        (1..=3).map(move |round| trial(arm, round, Ending::Refused, Saw { socks: Some((to, code)), ..Saw::default() }))
    };
    let wanted = said(Arm::Connect, Greeting::Methods, 0xff);
    let mut all = trail(wanted.chain(said(Arm::ConnectLogin, Greeting::Login, 1)).collect());
    all.head.proxy = Some("proxy.test:1080".into());
    let verdict = judge(&all);
    let cause = verdict.cause().expect("a cause");
    assert_eq!(cause.row.id, "PROXY-AUTH-REQUIRED");
    assert!(cause.hit.says.contains("the login that was given is refused"), "{}", cause.hit.says);
    assert!(cause.fix().contains("check user and password"), "{}", cause.fix());
}

#[test]
fn a_resolver_that_rewrites_what_does_not_exist_is_no_portal_where_the_name_is_right() {
    let named = |arm: Arm, address: &str| {
        trial(arm, 1, Ending::Answered, Saw { addresses: vec![address.parse().expect("an address")], ..Saw::default() })
    };
    let mut right = vec![named(Arm::DnsSystem, "192.0.2.7"), named(Arm::DnsRandom, "198.51.100.9")];
    right.extend([certified(Arm::Tls, "aa", true), called()].concat());
    let verdict = judge(&trail(right));
    let ids: Vec<&str> = verdict.findings.iter().map(|found| found.row.id).collect();
    assert!(!verdict.has_cause && ids.contains(&"DNS-NXDOMAIN-REWRITTEN") && !ids.contains(&"DNS-CAPTIVE-HIJACK"), "{ids:?}");
    let mut shared = vec![named(Arm::DnsSystem, "198.51.100.9"), named(Arm::DnsRandom, "198.51.100.9")];
    shared.extend([certified(Arm::Tls, "aa", true), called()].concat());
    let verdict = judge(&trail(shared));
    let note = verdict.findings.iter().find(|found| found.row.id == "DNS-NXDOMAIN-REWRITTEN").expect("a note");
    assert_eq!(
        note.hit.says,
        "a name that nobody can have has the address 198.51.100.9; the server's name has it too, and the server is there"
    );
    let mut wrong = vec![named(Arm::DnsSystem, "198.51.100.9"), named(Arm::DnsRandom, "198.51.100.9")];
    wrong.extend(ended(Arm::Tcp, Ending::Refused));
    assert_eq!(id(&trail(wrong)), Some("DNS-CAPTIVE-HIJACK"));
}

#[test]
fn a_dead_resolver_is_the_local_networks() {
    let asked = |ending: Ending, other: Ending| {
        let mut trials = ended(Arm::DnsSystem, ending);
        let given = Saw { addresses: vec!["192.0.2.7".parse().expect("an address")], ..Saw::default() };
        let saw = if other == Ending::Answered { given } else { Saw::default() };
        trials.extend(ended(Arm::DnsResolver, other).into_iter().map(|trial| Trial { saw: saw.clone(), ..trial }));
        trials.extend([certified(Arm::Tls, "aa", true), called()].concat());
        cause(&trail(trials)).map(|cause| (cause.0, cause.1, cause.2))
    };
    for ending in [Ending::Silence, Ending::by_server("answered with SERVFAIL"), Ending::Refused] {
        let told = Some(("DNS-RESOLVER-FAILS", Level::Probable, Culprit::LocalNetwork));
        assert_eq!(asked(ending, Ending::Answered), told);
    }
    assert_eq!(asked(Ending::NoSuchName, Ending::NoSuchName).map(|cause| cause.0), Some("DNS-NXDOMAIN"));
}

#[test]
fn alerts_to_the_name_alone_are_somebodys_on_the_way_where_the_server_is_known_to_take_it() {
    let named = [Arm::HelloNamed, Arm::HelloSplit, Arm::Tls].into_iter().flat_map(|arm| ended(arm, Ending::Alert(40)));
    let others = [Arm::HelloNameless, Arm::HelloOtherName, Arm::TlsControl].into_iter().flat_map(answered);
    let mut all = trail(named.chain(others).collect());
    let (id, level, culprit, _) = cause(&all).expect("a cause");
    assert_eq!((id, level, culprit), ("TLS-SNI-ALERTED", Level::Suspected, Culprit::Server));
    all.head.reference = Some(Reference { reached: Some(Layer::Data), ..Reference::default() });
    let (id, level, culprit, says) = cause(&all).expect("a cause");
    assert_eq!((id, level, culprit), ("TLS-SNI-ALERTED", Level::Probable, Culprit::Way), "{says}");
    assert!(says.contains("alert 40"), "{says}");
}

#[test]
fn a_refused_connection_never_came_to_the_witness_and_that_raises_nothing() {
    let sides = Sides {
        ours: Ours { wires: vec![wire(Some("Connection refused (os error 111)"))], ..Ours::default() },
        theirs: Ok(Record::default()),
    };
    let verdict = judge(&Trail { witness: Some(sides), ..trail(ended(Arm::Tcp, Ending::Refused)) });
    let cause = verdict.cause().expect("a cause");
    assert_eq!((cause.row.id, cause.hit.level), ("TCP-REFUSED", Level::Suspected));
}

#[test]
fn a_family_that_this_machine_has_no_way_for_is_this_machines() {
    let local = Saw { icmp: Some(false), to: Some("[2001:db8::7]:443".parse().expect("an address")), ..Saw::default() };
    let mut trials: Vec<Trial> = (1..=3).map(|round| trial(Arm::TcpOtherFamily, round, Ending::Unreachable, local.clone())).collect();
    trials.extend([answered(Arm::Tcp), called()].concat());
    let verdict = judge(&trail(trials.clone()));
    let found = verdict.findings.iter().find(|found| found.row.id == "TCP-ONE-FAMILY-BROKEN").expect("it is told");
    assert_eq!((found.culprit(), found.severity()), (Culprit::Endpoint, Severity::Note));
    trials.iter_mut().for_each(|trial| trial.saw.icmp = None);
    assert_eq!(cause(&trail(trials)).map(|cause| (cause.0, cause.2)), Some(("TCP-ONE-FAMILY-BROKEN", Culprit::Way)));
}
