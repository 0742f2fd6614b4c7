//! Fronts that speak HTTP, certificates of strangers, proxies; and sentences that have to be true.

use super::*;
use crate::transcript::proxy::Greeting;

fn answered(arm: Arm) -> Vec<Trial> {
    ended(arm, Ending::Answered)
}

fn ended(arm: Arm, ending: Ending) -> Vec<Trial> {
    let reached = match (&ending, arm.layer()) {
        (Ending::Answered, layer) => layer,
        (_, Layer::Http) => Layer::Tls,
        _ => Layer::Tcp,
    };
    (1..=3).map(|round| Trial { reached: Some(reached), ..trial(arm, round, ending.clone(), Saw::default()) }).collect()
}

fn said(arm: Arm, status: u16, headers: &'static [(&'static str, &'static str)]) -> Vec<Trial> {
    let ending = || if arm.layer() == Layer::Proxy && status != 200 { Ending::Refused } else { Ending::Answered };
    let saw = || Saw { head: Some(Head::response(status, "as it is", headers)), ..Saw::default() };
    (1..=3).map(|round| Trial { reached: Some(arm.layer()), ..trial(arm, round, ending(), saw()) }).collect()
}

fn called() -> Vec<Trial> {
    answered(Arm::Call).into_iter().map(|trial| Trial { reached: Some(Layer::Lcp), ..trial }).collect()
}

fn shows(arm: Arm, shown: &Shown) -> Vec<Trial> {
    let saw = || Saw { cert: Some(shown.clone()), ..Saw::default() };
    (1..=3).map(|round| trial(arm, round, Ending::Answered, saw())).collect()
}

fn certificate(issuer: &str, trusted: bool) -> Shown {
    Shown { sha256: "bb".into(), issuer: issuer.into(), trusted, ..Shown::default() }
}

/// What SoftEther says without anybody in front of it: GET / 403, GET of the path 404, POST 403, another path 404, other methods 501.
const SOFTETHER: &[(Arm, u16)] = &[
    (Arm::Sstp, 200),
    (Arm::Get, 403),
    (Arm::GetPath, 404),
    (Arm::OddMethod, 501),
    (Arm::MethodAlone, 404),
    (Arm::PostMax, 403),
    (Arm::OtherPath, 404),
    (Arm::Escaped, 404),
    (Arm::LengthShort, 200),
    (Arm::LengthZero, 200),
    (Arm::LengthNone, 200),
    (Arm::Chunked, 200),
];

/// What a front answers to an arm.
type Front<'a> = &'a dyn Fn(Arm) -> Vec<Trial>;

/// SoftEther behind a front that answers these arms itself; nothing: it lets them end so.
fn behind(own: &[Arm], front: Front<'_>) -> Trail {
    let trusted = shows(Arm::Tls, &Shown { trusted: true, ..Shown::default() });
    let rows = SOFTETHER.iter().flat_map(|(arm, status)| if own.contains(arm) { front(*arm) } else { said(*arm, *status, &[]) });
    trail(trusted.into_iter().chain(rows).collect())
}

fn cause(trail: &Trail) -> Found {
    judge(trail).cause().cloned().unwrap_or_else(|| panic!("nothing was found: {:?}", judge(trail).findings))
}

#[test]
fn a_length_that_is_refused_in_any_way_is_refused_for_its_length() {
    let long = [Arm::Sstp, Arm::PostMax, Arm::OtherPath, Arm::Escaped];
    let refusals: [(&str, Front<'_>); 5] = [
        ("400", &|arm| said(arm, 400, &[])),
        ("501", &|arm| said(arm, 501, &[])),
        ("closed", &|arm| ended(arm, Ending::Closed)),
        ("reset", &|arm| ended(arm, Ending::Reset)),
        ("silence", &|arm| ended(arm, Ending::Silence)),
    ];
    for (how, front) in refusals {
        let found = cause(&behind(&long, front));
        assert_eq!((found.row.id, found.culprit()), ("HTTP-400-CONTENT-LENGTH", Culprit::Server), "{how}: {}", found.hit.says);
        assert!(found.hit.level >= Level::Probable && found.hit.says.contains(how), "{how}: {}", found.hit.says);
    }
    // Silence to a short body too: that waits for its end.
    let every_body = [&long[..], &[Arm::LengthShort, Arm::Chunked]].concat();
    assert_eq!(cause(&behind(&every_body, &|arm| ended(arm, Ending::Silence))).row.id, "HTTP-REQUEST-BUFFERED");
    // The path is refused whatever the length.
    let path = [Arm::Sstp, Arm::PostMax, Arm::Escaped, Arm::LengthShort, Arm::LengthZero, Arm::LengthNone, Arm::Chunked, Arm::GetPath];
    assert_ne!(cause(&behind(&path, &|arm| said(arm, 501, &[]))).row.id, "HTTP-400-CONTENT-LENGTH");
}

/// Every arm of HTTP but these.
fn but(arms: &[Arm]) -> Vec<Arm> {
    SOFTETHER.iter().map(|row| row.0).filter(|arm| !arms.contains(arm)).collect()
}

#[test]
fn a_filter_of_methods_or_paths_is_known_beside_a_server_that_says_403_itself() {
    let mut methods = behind(&but(&[Arm::Get, Arm::GetPath, Arm::PostMax]), &|arm| said(arm, 403, &[]));
    let found = cause(&methods);
    assert_eq!(found.row.id, "HTTP-METHOD-REFUSED", "{}", found.hit.says);
    assert!(found.hit.says.contains("GET gets 404") && !found.hit.says.contains("every request"), "{}", found.hit.says);
    methods.head.reference = Some(Reference { reached: Some(Layer::Data), ..Reference::default() });
    assert_eq!((cause(&methods).row.id, cause(&methods).hit.level), ("HTTP-METHOD-REFUSED", Level::Probable));
    let path = behind(&but(&[Arm::Get, Arm::OddMethod, Arm::MethodAlone, Arm::OtherPath]), &|arm| said(arm, 403, &[]));
    let found = cause(&path);
    assert_eq!(found.row.id, "HTTP-WAF-BLOCK", "{}", found.hit.says);
    assert!(found.hit.says.contains("the path of SSTP") && found.hit.level == Level::Confirmed, "{}", found.hit.says);
}

#[test]
fn a_front_that_wants_a_login_is_no_block_page() {
    let led = behind(&but(&[]), &|arm| said(arm, 302, &[("Location", "https://sso.example/login?back=%2F")]));
    let found = cause(&led);
    assert_eq!(found.row.id, "HTTP-LOGIN-WANTED");
    assert!(found.hit.says.contains("https://sso.example/login") && found.mechanism().contains("login page"), "{}", found.hit.says);
    let elsewhere = cause(&behind(&but(&[]), &|arm| said(arm, 301, &[("Location", "https://www.example.org/")])));
    assert!(elsewhere.row.id == "HTTP-LOGIN-WANTED" && elsewhere.mechanism().contains("another address"), "{}", elsewhere.mechanism());
    let wanted = cause(&behind(&but(&[]), &|arm| said(arm, 401, &[("WWW-Authenticate", "Basic realm=\"office\"")])));
    assert_eq!(wanted.row.id, "HTTP-LOGIN-WANTED");
    assert!(wanted.hit.says.contains("Basic") && wanted.hit.says.contains("office"), "{}", wanted.hit.says);
    for found in [&found, &elsewhere, &wanted] {
        assert!(!found.fix().contains("reference number") && !found.mechanism().contains("block page"), "{}", found.fix());
    }
    let counted = cause(&behind(&but(&[]), &|arm| said(arm, 429, &[])));
    assert!(counted.row.id == "HTTP-REFUSED" && counted.mechanism().contains("counts requests"), "{}", counted.mechanism());
}

#[test]
fn a_path_that_is_not_found_may_have_been_rewritten() {
    let path = [Arm::Sstp, Arm::LengthShort, Arm::LengthZero, Arm::LengthNone, Arm::Chunked];
    let found = cause(&behind(&path, &|arm| said(arm, 404, &[])));
    assert_eq!((found.row.id, found.hit.level), ("HTTP-REFUSED", Level::Probable));
    let words = format!("{} {} {}", found.mechanism(), found.hit.says, found.hit.or_else.unwrap_or_default());
    assert!(words.contains("escaped") && words.contains("SSTP server"), "{words}");
    let mut known = behind(&path, &|arm| said(arm, 404, &[]));
    known.head.reference = Some(Reference { reached: Some(Layer::Data), ..Reference::default() });
    assert_eq!(cause(&known).row.id, "HTTP-URI-REWRITTEN");
}

#[test]
fn interception_leads_though_its_root_is_trusted_here() {
    let stores = || {
        let bodies =
            [Arm::Sstp, Arm::PostMax, Arm::OtherPath, Arm::Escaped, Arm::LengthShort, Arm::LengthZero, Arm::LengthNone, Arm::Chunked];
        behind(&bodies, &|arm| ended(arm, Ending::Silence)).trials.into_iter().filter(|trial| trial.arm != Arm::Tls).collect::<Vec<_>>()
    };
    let judged = |issuer: &str, reference: Option<&str>, proxy: bool| {
        let mut all = trail([shows(Arm::Tls, &certificate(issuer, true)), stores()].concat());
        let known = |issuer: &str| Reference {
            sha256: Some("aa".into()),
            issuer: Some(issuer.into()),
            reached: Some(Layer::Data),
            ..Reference::default()
        };
        all.head.reference = reference.map(known);
        all.head.proxy = proxy.then(|| "proxy.test:3128".into());
        let verdict = judge(&all);
        let follows = verdict.findings.iter().find(|found| found.row.id == "HTTP-RESPONSE-BUFFERED").expect("it is told").because_of;
        let found = verdict.cause().expect("a cause").clone();
        (found.row.id, found.culprit(), found.hit.level, follows)
    };
    let opened = Some("BIND-TLS-INSPECTION");
    assert_eq!(judged("CN=Office CA", Some("CN=Rig CA"), true), ("BIND-TLS-INSPECTION", Culprit::Proxy, Level::Probable, opened));
    assert_eq!(judged("CN=Office CA", Some("CN=Rig CA"), false), ("BIND-TLS-INSPECTION", Culprit::LocalNetwork, Level::Probable, opened));
    assert_eq!(judged("O=mitmproxy,CN=mitmproxy", None, true), ("BIND-TLS-INSPECTION", Culprit::Proxy, Level::Probable, opened));
    assert_eq!(judged("CN=Office CA", None, true).0, "HTTP-RESPONSE-BUFFERED", "a private CA alone is nobody's interception");
    assert_ne!(judged("CN=Rig CA", Some("CN=Rig CA"), true).0, "BIND-TLS-INSPECTION", "a new certificate of the same CA");
}

#[test]
fn a_private_ca_that_issues_for_hosts_that_have_nothing_in_common_opens_tls() {
    let judged = |control: &str, shown: Shown| {
        let mut all = trail([shows(Arm::Tls, &shown), shows(Arm::TlsControl, &shown), called()].concat());
        all.head.target.host = "vpn.example.com".into();
        all.head.control = Some(format!("{control}:443"));
        let verdict = judge(&all);
        verdict.cause().map(|found| (found.row.id, found.hit.level))
    };
    let private = certificate("CN=Office CA", true);
    assert_eq!(judged("www.example.org", private.clone()), Some(("TLS-INSPECTION-STREAMING", Level::Probable)));
    assert_eq!(judged("www.example.com", private.clone()), None, "one owner, one CA");
    assert_eq!(judged("www.example.org", Shown { public: true, ..private }), None, "a public CA issues for everybody");
}

#[test]
fn strangers_that_name_themselves_lead_over_what_they_do() {
    let judged = |shown: Shown, proxied: bool, via: &'static [(&'static str, &'static str)], reference: Option<&str>| {
        let bad = [Arm::Sstp, Arm::PostMax, Arm::OtherPath].into_iter().flat_map(|arm| said(arm, 411, via));
        let good = [Arm::Get, Arm::MethodAlone, Arm::LengthZero].into_iter().flat_map(|arm| said(arm, 200, via));
        let mut all = trail(shows(Arm::Tls, &shown).into_iter().chain(bad).chain(good).collect());
        all.head.proxy = proxied.then(|| "proxy.test:3128".into());
        all.head.reference = reference.map(|known| Reference { sha256: Some(known.into()), ..Reference::default() });
        (cause(&all).row.id, cause(&all).culprit())
    };
    let squid: &[(&str, &str)] = &[("Via", "1.1 squid-bump.rig.test (squid/5.7)")];
    let product = || certificate("O=mitmproxy,CN=mitmproxy", false);
    assert_eq!(judged(product(), true, &[], None), ("BIND-TLS-INSPECTION", Culprit::Proxy));
    assert_eq!(judged(product(), false, &[], None).0, "BIND-TLS-INSPECTION");
    assert_eq!(judged(product(), true, &[], Some("bb")).0, "HTTP-400-CONTENT-LENGTH", "the owner says that it is the server's");
    assert_eq!(judged(certificate("CN=Rig CA", false), true, squid, None), ("BIND-TLS-INSPECTION", Culprit::Proxy));
    assert_eq!(
        judged(certificate("CN=Rig CA", false), false, squid, None).0,
        "HTTP-400-CONTENT-LENGTH",
        "a front of the server's may be a squid"
    );
    assert_eq!(judged(certificate("CN=Rig CA", true), true, squid, None).0, "HTTP-400-CONTENT-LENGTH");
}

#[test]
fn a_family_that_leads_nowhere_leads_over_what_its_connections_do() {
    let dead = |ending: Ending| {
        let saw = Saw { to: "[2001:db8::7]:443".parse().ok(), ..Saw::default() };
        let tcp = ended(Arm::Tcp, ending).into_iter().map(|trial| Trial { reached: None, saw: saw.clone(), ..trial });
        let all = tcp.chain(answered(Arm::TcpOtherFamily)).chain(answered(Arm::TcpControl)).collect();
        let verdict = judge(&trail(all));
        (verdict.cause().expect("a cause").row.id, verdict.culprit())
    };
    for (ending, culprit) in [(Ending::Silence, Culprit::Way), (Ending::Refused, Culprit::Server), (Ending::Unreachable, Culprit::Way)] {
        assert_eq!(dead(ending.clone()), ("TCP-ONE-FAMILY-BROKEN", culprit), "{ending:?}");
    }
}

fn through(mut trail: Trail) -> Trail {
    trail.head.proxy = Some("proxy.test:3128".into());
    trail
}

#[test]
fn a_proxy_that_answers_late_or_not_at_all_is_the_proxys_business() {
    let mut connects = ended(Arm::Connect, Ending::Silence);
    let late = said(Arm::Connect, 403, &[]).remove(0);
    connects.push(Trial { round: crate::transcript::trial::PATIENT, ..late });
    let found = cause(&through(trail([answered(Arm::Tcp), connects, ended(Arm::ConnectPlain, Ending::Silence)].concat())));
    assert_eq!((found.row.id, found.culprit()), ("PROXY-NO-RESPONSE", Culprit::Proxy));
    assert!(found.hit.says.contains("403") && found.fix().contains("DNS"), "{} {}", found.hit.says, found.fix());
}

#[test]
fn what_nobody_can_explain_behind_a_proxy_is_not_laid_at_the_isps_door() {
    let cut = || ended(Arm::Echo, Ending::Closed).into_iter().map(|trial| Trial { reached: Some(Layer::Lcp), ..trial }).collect::<Vec<_>>();
    let all = || trail([answered(Arm::Tcp), answered(Arm::Connect), answered(Arm::Tls), called(), cut()].concat());
    let found = cause(&through(all()));
    assert_eq!((found.row.id, found.culprit()), ("PATH-UNEXPLAINED", Culprit::Proxy));
    assert!(found.fix().contains("proxy's owner"), "{}", found.fix());
    assert_eq!(cause(&all()).culprit(), Culprit::Way);
}

#[test]
fn a_proxy_that_counts_requests_has_no_rule_against_the_host() {
    let found = cause(&through(trail([answered(Arm::Tcp), said(Arm::Connect, 429, &[("Retry-After", "7")])].concat())));
    assert_eq!((found.row.id, found.culprit()), ("PROXY-CONNECT-DENIED", Culprit::Proxy));
    assert!(found.mechanism().contains("limit") && found.hit.says.contains("Retry-After 7"), "{} {}", found.mechanism(), found.hit.says);
}

#[test]
fn a_login_that_the_proxy_refuses_comes_first() {
    let rows =
        [("Digest realm=\"a\", nonce=\"b\"", "Digest MD5", "PROXY-AUTH-SCHEME"), ("Basic realm=\"a\"", "Basic", "PROXY-AUTH-REQUIRED")];
    for (scheme, by, id) in rows {
        let wants = |arm| {
            let says = (arm == Arm::ConnectLogin).then(|| by.to_string());
            let saw = Saw { head: Some(Head::response(407, "no", &[("Proxy-Authenticate", scheme)])), says, ..Saw::default() };
            (1..=3).map(move |round| trial(arm, round, Ending::Refused, saw.clone()))
        };
        let found = cause(&through(trail(wants(Arm::Connect).chain(wants(Arm::ConnectLogin)).collect())));
        assert_eq!(found.row.id, id);
        assert!(found.hit.says.starts_with("the login that was given is refused"), "{}", found.hit.says);
        assert!(found.fix().contains("check user and password"), "{}", found.fix());
    }
    // Without one there is nothing to check.
    let socks = Saw { socks: Some((Greeting::Methods, 0xff)), ..Saw::default() };
    let found = cause(&through(trail((1..=3).map(|round| trial(Arm::Connect, round, Ending::Refused, socks.clone())).collect())));
    assert!(!found.fix().contains("check user"), "{}", found.fix());
}

#[test]
fn quiet_calls_that_end_at_one_age_are_forgotten_though_some_were_kept_awake() {
    let idle = |asked: u64, gone: Option<u64>| {
        let saw = Saw { value: Some(asked), within: gone.map(|ms| Micros(ms * 1000)), ..Saw::default() };
        let ending = if gone.is_some() { Ending::Closed } else { Ending::Answered };
        Trial { reached: Some(Layer::Lcp), ..trial(Arm::Idle, 1, ending, saw) }
    };
    let busy = |lived: u64| {
        let saw = Saw { value: Some(lived), within: Some(Micros(lived * 1000)), ..Saw::default() };
        Trial { reached: Some(Layer::Lcp), ..trial(Arm::Busy, 1, Ending::Answered, saw) }
    };
    let judged = |proxied: bool, rows: Vec<Trial>| {
        let all = trail([called(), answered(Arm::Echo), rows].concat());
        judge(&if proxied { through(all) } else { all }).cause().map(|found| (found.row.id, found.culprit(), found.hit.says.clone()))
    };
    // What squid with a timer of 3 s did: SoftEther asks for a login now and then.
    let gone = [(6000, 3308), (8000, 2605), (10_000, 3307), (12_000, 3002), (4333, 2604), (4999, 3305)];
    let rows = || gone.iter().map(|row| idle(row.0, Some(row.1))).chain([idle(2000, None), idle(4666, None)]).collect::<Vec<_>>();
    let (id, culprit, says) = judged(true, [rows(), vec![busy(12_000)]].concat()).expect("a cause");
    assert_eq!((id, culprit), ("TEAR-IDLE-MIDDLEBOX", Culprit::Proxy));
    assert!(says.contains("2.6 to 3.3 s"), "{says}");
    assert_eq!(judged(false, [rows(), vec![busy(12_000)]].concat()).map(|found| found.0), Some("TEAR-IDLE-MIDDLEBOX"));
    // One that was woken at 9 s, and a timer that is looked at now and then: 15 of 18 with a longer search.
    let long = [(4000, 3317), (8000, 3608), (12_000, 2913), (16_000, 12_627), (20_000, 3608), (24_000, 2909), (3333, 2809), (2777, 2512)];
    let woken = long.iter().map(|row| idle(row.0, Some(row.1))).chain([idle(2666, None), idle(3332, None)]);
    let (id, culprit, says) = judged(true, woken.chain([busy(24_000)]).collect()).expect("a cause");
    assert_eq!((id, culprit), ("TEAR-IDLE-MIDDLEBOX", Culprit::Proxy));
    assert!(says.contains("2.5 to 3.6 s"), "{says}");
    // Busy ones that were not kept for as long tell nothing.
    assert_ne!(judged(true, [rows(), vec![busy(2_500)]].concat()).map(|found| found.0), Some("TEAR-IDLE-MIDDLEBOX"));
    // At any age: that is no timer.
    let any = [(6000, 308), (8000, 5605), (10_000, 3307), (4333, 604)].iter().map(|row| idle(row.0, Some(row.1)));
    let all: Vec<Trial> = any.chain([idle(9000, None), busy(12_000)]).collect();
    assert_ne!(judged(true, all).map(|found| found.0), Some("TEAR-IDLE-MIDDLEBOX"));
}

#[test]
fn what_was_given_is_not_asked_for_again() {
    let raise = |change: &dyn Fn(&mut Trail)| {
        let mut all = trail([shows(Arm::Tls, &Shown { trusted: true, ..Shown::default() }), called()].concat());
        change(&mut all);
        judge(&all).findings.first().expect("that nothing was found").raise().to_string()
    };
    let options = ["--max-idle", "--user", "--control", "--reference", "--gentle"];
    let named = |text: &str| options.into_iter().filter(|option| text.contains(option)).collect::<Vec<_>>();
    assert_eq!(named(&raise(&|_| ())), ["--max-idle", "--user", "--control", "--reference"]);
    assert_eq!(named(&raise(&|all| all.head.max_idle = Some(Micros(1)))), ["--user", "--control", "--reference"]);
    assert_eq!(named(&raise(&|all| all.head.gentle = true)), ["--max-idle", "--user", "--control", "--reference", "--gentle"]);
    let all_given = raise(&|all| {
        (all.head.max_idle, all.head.logs_in, all.head.control) = (Some(Micros(1)), true, Some("c:443".into()));
        all.head.reference = Some(Reference::default());
    });
    assert!(named(&all_given).is_empty() && !all_given.is_empty(), "{all_given}");
}

#[test]
fn what_would_make_a_finding_surer_leaves_out_what_was_given() {
    let raise = |id: &str, change: &dyn Fn(&mut Trail)| {
        let gone = trail([ended(Arm::Tcp, Ending::Silence), answered(Arm::TcpControl)].concat());
        let untrusted = trail([shows(Arm::Tls, &certificate("O=mitmproxy", false)), called()].concat());
        let mut all = if id == "TCP-FILTERED" { gone } else { untrusted };
        change(&mut all);
        let verdict = judge(&all);
        verdict.findings.iter().find(|found| found.row.id == id).expect("it is told").raise().to_string()
    };
    let control: &dyn Fn(&mut Trail) = &|all| all.head.control = Some("www.example.org:443".into());
    assert_eq!(raise("TCP-FILTERED", &|_| ()), "a look from elsewhere with --reference, and a control server with --control");
    assert_eq!(raise("TCP-FILTERED", control), "a look from elsewhere with --reference");
    let opened = raise("BIND-TLS-INSPECTION", &|all| {
        (all.head.control, all.head.logs_in) = (Some("www.example.org:443".into()), true);
    });
    assert_eq!(opened, "a look from elsewhere with --reference");
    let all = raise("TLS-INSPECTION-STREAMING", &|all| {
        (all.head.control, all.head.reference) = (Some("www.example.org:443".into()), Some(Reference::default()));
    });
    assert!(!all.contains("--") && !all.is_empty(), "{all}");
}

#[test]
fn a_search_for_idle_timers_that_could_hold_nothing_open_says_so() {
    let says = |idle: Option<Trial>| {
        let mut all = trail([shows(Arm::Tls, &Shown { trusted: true, ..Shown::default() }), called(), idle.into_iter().collect()].concat());
        all.head.max_idle = Some(Micros(15_000_000));
        judge(&all).findings.first().expect("that nothing was found").hit.says.clone()
    };
    let quiet = |ending: Ending, value: u64| {
        let saw = Saw { value: Some(value), ..Saw::default() };
        Trial { reached: Some(Layer::Lcp), ..trial(Arm::Idle, 1, ending, saw) }
    };
    assert!(says(None).contains("idle timers were not looked for"), "{}", says(None));
    let ended = says(Some(quiet(Ending::by_server("ended LCP"), 15_000)));
    assert!(ended.contains("idle timers were not looked for") && ended.contains("--user"), "{ended}");
    let woken = says(Some(quiet(Ending::Answered, 15_000)));
    assert!(woken.contains("without a login") && woken.contains("--user"), "{woken}");
}

#[test]
fn a_certificate_that_fails_says_by_which_rule_and_who_tells_more() {
    let why = "the server's certificate ended 2025-01-01, 3 days ago";
    let shown = Shown { fails: Some(why.into()), ..certificate("CN=Rig CA", false) };
    let verdict = judge(&trail([shows(Arm::Tls, &shown), called()].concat()));
    let first = verdict.findings.first().expect("that nothing was found");
    assert_eq!(first.row.id, "NET-NO-INTERFERENCE-SEEN");
    assert!(first.hit.says.contains(why), "{}", first.hit.says);
    assert!(first.fix().contains("sstp-diag probe") && !first.fix().contains("Nobody has to change"), "{}", first.fix());
}

#[test]
fn time_that_is_over_is_no_interruption() {
    let judged = |time_up: bool| {
        let took = Micros(12_000_000);
        judge(&Trail { interrupted: true, time_up, took, ..trail(answered(Arm::Tcp)) }).undecided.expect("nothing can be said")
    };
    assert!(judged(false).contains("interrupted"), "{}", judged(false));
    assert!(judged(true).contains("the time of 12 s was over") && !judged(true).contains("interrupted"), "{}", judged(true));
}

#[test]
fn connections_that_come_and_go_are_counted_where_they_did() {
    let mixed = |arm| {
        let row = |round| trial(arm, round, if round % 2 == 0 { Ending::Reset } else { Ending::Answered }, Saw::default());
        (1..=4).map(row).collect::<Vec<_>>()
    };
    let arms = [Arm::HelloNameless, Arm::HelloOtherName, Arm::HelloSplit, Arm::HelloAlpn];
    let verdict = judge(&trail(arms.into_iter().flat_map(mixed).chain(answered(Arm::HelloNamed)).collect()));
    let found = verdict.findings.iter().find(|found| found.row.id == "PATH-ERRATIC").expect("it is told");
    assert!(found.hit.says.contains("2 of 4") && !found.hit.says.contains(" 0 of "), "{}", found.hit.says);
}

#[test]
fn a_front_that_wants_a_pause_or_has_nobody_behind_it_has_sstp_all_the_same() {
    for status in [429, 503] {
        let found = cause(&trail([answered(Arm::Tls), said(Arm::Sstp, status, &[]), said(Arm::Get, status, &[])].concat()));
        assert_eq!((found.row.id, found.hit.or_else), ("HTTP-REFUSED", None), "{status}");
    }
    let found = cause(&trail([answered(Arm::Tls), said(Arm::Sstp, 400, &[]), said(Arm::Get, 200, &[])].concat()));
    assert_eq!((found.row.id, found.hit.or_else), ("HTTP-REFUSED", Some("a server without SSTP")));
}
