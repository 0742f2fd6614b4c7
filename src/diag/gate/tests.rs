use super::*;
use crate::diag::story::{NOW, Story};
use crate::diag::{all, by_id};
use crate::wire::ncp::AuthMethod;

fn known() -> impl Iterator<Item = &'static str> + Clone {
    all().map(|check| check.id).collect::<Vec<_>>().into_iter()
}

fn profile(text: &str) -> Result<Profile, Flaw> {
    Profile::read("mine.toml", text, known())
}

fn held(text: &str) -> Result<Vec<Waiver>, Flaw> {
    waivers("waivers.toml", text, known())
}

fn says<T: std::fmt::Debug>(result: Result<T, Flaw>) -> String {
    result.expect_err("a flaw").to_string()
}

fn today() -> Day {
    Day::of_unix_ms(NOW * 1000)
}

/// A call that is refused at the login.
fn call() -> Story {
    let story = Story::new().tls().sstp_up();
    story.lcp_up(AuthMethod::MsChapV2).responded(49).refused("E=691 R=0")
}

/// The call, and what the gate makes of it.
fn judged(gate: &mut Gate) -> Judgement {
    let mut judgement = call().judged();
    gate.judge("vpn.example.test", Some(Layer::Auth), &mut judgement);
    judgement
}

#[test]
fn the_built_in_profiles_can_be_read_and_say_what_they_are_for() {
    for (name, text) in PROFILES {
        let profile = Profile::read(name, text, known()).unwrap_or_else(|flaw| panic!("{flaw}"));
        assert!(!profile.title.is_empty() && !profile.fail_on.is_empty(), "{name}");
    }
}

#[test]
fn the_pattern_that_fixes_most_decides_and_bounds_only_bound() {
    let profile = profile("[severity]\n\"CERT-*\" = \"at-most-warn\"\n\"CERT-EXP*\" = \"at-least-warn\"\nCERT-EXPIRED = \"note\"")
        .expect("a profile");
    assert_eq!(profile.severity("CERT-EXPIRED", Severity::Fail), Severity::Note);
    assert_eq!(profile.severity("CERT-EXPIRES-30-DAYS", Severity::Note), Severity::Warn);
    assert_eq!(profile.severity("CERT-NAME-MISMATCH", Severity::Fail), Severity::Warn);
    assert_eq!(profile.severity("CERT-EXTRA", Severity::Note), Severity::Note);
    assert_eq!(profile.severity("TLS-OLD-VERSION", Severity::Warn), Severity::Warn);
}

#[test]
fn what_is_wrong_with_a_profile_is_said_with_its_line() {
    assert_eq!(
        says(profile("title = \"x\"\n[severity]\nCERT-EXPIERD = \"fail\"")),
        "mine.toml, line 3: \"CERT-EXPIERD\" is not the id of a finding; did you mean CERT-EXPIRED?"
    );
    assert!(says(profile("[severity]\nCERT-EXPIRED = \"bad\"")).contains("line 2: \"bad\" is not a severity"));
    assert!(says(profile("[severity]\nCERT-EXPIRED = 3")).contains("must be text between quotation marks, not a number"));
    assert!(says(profile("\nseverities = 1")).contains("line 2: \"severities\" is not known here; there are title, fail-on, severity"));
    assert!(says(profile("fail-on = \"CRT-*\"")).contains("line 1: \"CRT-*\" fits the id of no finding"));
    assert!(says(profile("title = \"x\"\n[severity")).contains("line 2: it is not TOML"));
    assert!(says(profile("severity = 1")).contains("[severity]"));
}

#[test]
fn what_is_wrong_with_a_waiver_is_said_with_its_line() {
    let row = |rest: &str| format!("# ours\n[[waiver]]\nid = \"CERT-SELF-SIGNED\"\n{rest}");
    assert!(says(held(&row("expires = 2026-12-31"))).contains("line 2: this waiver has no reason"));
    assert!(says(held(&row("reason = \"x\""))).contains("line 2: this waiver has no expires"));
    assert!(says(held(&row("reason = \" \"\nexpires = 2026-12-31"))).contains("line 4: the reason is empty"));
    assert!(says(held(&row("reason = \"x\"\nexpires = \"soon\""))).contains("line 5: expires must be a day"));
    assert!(says(held(&row("reason = \"x\"\nexpires = 2026-02-30"))).contains("line 5"));
    assert!(says(held(&row("until = 2026-12-31"))).contains("\"until\" is not known here; there are id, host, reason, expires"));
    assert!(says(held("[waiver]\nid = \"x\"")).contains("[[waiver]]"));
    assert!(says(held("")).contains("there is no waiver in it"));
    assert_eq!(held(&row("reason = \"x\"\nexpires = \"2026-12-31\"")).map(|waivers| waivers.len()), Ok(1));
}

#[test]
fn days_are_days() {
    assert_eq!((Day::parse("1970-01-01"), Day::parse("2026-01-15")), (Some(Day(0)), Some(today())));
    assert_eq!(Day::parse("2024-02-29").map(|day| day.to_string()), Some("2024-02-29".into()));
    for wrong in ["2023-02-29", "2026-1-5", "26-01-05", "2026-01-05x", "", "2026-13-01"] {
        assert_eq!(Day::parse(wrong), None, "{wrong}");
    }
}

#[test]
fn without_rules_a_gate_says_what_holds_without_one() {
    let mut gate = Gate::new(Rules::default());
    let judgement = judged(&mut gate);
    let plain = call().judged();
    let shown =
        |judgement: &Judgement| judgement.findings.iter().map(|f| (f.check.id, f.severity, f.cause, f.ruling.clone())).collect::<Vec<_>>();
    assert_eq!(shown(&judgement), shown(&plain));
    assert!(!gate.summary(false).passed && gate.summary(false).failing == ["AUTH-MSCHAP-691"]);
}

#[test]
fn a_waiver_holds_through_its_last_day_and_is_told_of_after_it() {
    let text = |day: Day| {
        let row = |id: &str| format!("[[waiver]]\nid = \"{id}\"\nreason = \"known\"\nexpires = {day}\n");
        row("AUTH-MSCHAP-*") + &row("CERT-EXPIRED")
    };
    for (day, passed) in [(today(), true), (Day(today().0 - 1), false)] {
        let waivers = held(&text(day)).expect("waivers");
        let mut gate = Gate::new(Rules { waivers, today: today(), ..Rules::default() });
        let judgement = judged(&mut gate);
        let cause = judgement.cause().expect("a cause");
        assert_eq!(matches!(cause.ruling, Ruling::Waived { .. }), passed);
        let summary = gate.summary(false);
        assert_eq!((summary.passed, summary.waived.len()), (passed, usize::from(passed)));
        let told = summary.remarks.join("\n");
        if passed {
            assert_eq!(told, "waivers.toml, line 5: the waiver for CERT-EXPIRED was not needed");
        } else {
            assert!(told.contains("line 1: the waiver for AUTH-MSCHAP-* expired on 2026-01-14 and waives nothing"), "{told}");
        }
        assert!(!gate.summary(true).passed, "what no finding tells of cannot be waived");
    }
}

#[test]
fn a_waiver_for_another_host_waives_nothing_here() {
    let text = "[[waiver]]\nid = \"AUTH-*\"\nhost = \"*.lab.test\"\nreason = \"x\"\nexpires = 2030-01-01";
    let mut gate = Gate::new(Rules { waivers: held(text).expect("waivers"), today: today(), ..Rules::default() });
    judged(&mut gate);
    assert!(!gate.summary(false).passed);
}

#[test]
fn what_excuses_a_cause_excuses_its_consequences() {
    let matter = |because_of| Matter { id: "TEAR-REMOTE", severity: Severity::Note, host: "", because_of };
    let text = "[[waiver]]\nid = \"AUTH-*\"\nreason = \"x\"\nexpires = 2030-01-01";
    let fail_on = vec![FailOn::Level(Severity::Note)];
    let mut gate = Gate::new(Rules { waivers: held(text).expect("waivers"), fail_on, today: today(), ..Rules::default() });
    assert!(matches!(gate.rule(matter(Some("AUTH-MSCHAP-691"))), Ruling::Waived { .. }));
    assert_eq!(gate.rule(matter(None)), Ruling::Fails);
}

#[test]
fn a_lowered_cause_stays_the_cause_of_a_call_that_stopped_and_of_no_other() {
    let rules = || Rules { profile: Some(profile("[severity]\n\"AUTH-*\" = \"warn\"").expect("a profile")), ..Rules::default() };
    for stopped in [true, false] {
        let mut judgement = call().judged();
        let mut gate = Gate::new(rules());
        gate.judge("vpn.example.test", stopped.then_some(Layer::Auth), &mut judgement);
        assert_eq!(judgement.cause().is_some(), stopped);
        assert!(gate.summary(false).passed);
    }
}

#[test]
fn a_raised_finding_becomes_the_cause_where_there_is_none() {
    let check = by_id("CERT-EXPIRES-SOON").expect("a check");
    let mut judgement =
        Judgement { findings: vec![Finding::new(check, crate::diag::Evidence::at(0, "in 3 days"))], ..Judgement::default() };
    let rules = Rules { profile: Some(Profile::read("ci", PROFILES[1].1, known()).expect("built in")), ..Rules::default() };
    let mut gate = Gate::new(rules);
    gate.judge("vpn.example.test", None, &mut judgement);
    assert_eq!(judgement.cause().map(|finding| (finding.check.id, finding.severity)), Some(("CERT-EXPIRES-SOON", Severity::Fail)));
    assert!(!gate.summary(false).passed);
}

fn report(host: &str, findings: &[(&str, &str)]) -> String {
    let findings: Vec<_> =
        findings.iter().map(|(id, severity)| serde_json::json!({ "id": id, "severity": severity, "because_of": null })).collect();
    serde_json::json!({ "schema": "sstp-diag/report/1", "target": { "host": host }, "findings": findings }).to_string()
}

#[test]
fn only_what_is_new_fails_against_a_former_report_and_what_is_gone_is_said() {
    let rules = |text: &str| Rules { baseline: Some(Baseline::read("before.json", text).expect("a report")), ..Rules::default() };
    let mut gate =
        Gate::new(rules(&report("vpn.example.test", &[("AUTH-MSCHAP-691", "fail"), ("TCP-REFUSED", "fail"), ("CERT-EXTRA", "note")])));
    assert_eq!(judged(&mut gate).cause().map(|finding| finding.ruling.clone()), Some(Ruling::Known));
    let summary = gate.summary(false);
    assert_eq!((summary.passed, summary.known, summary.gone), (true, vec!["AUTH-MSCHAP-691".into()], vec!["TCP-REFUSED".into()]));
    let mut gate = Gate::new(rules(&report("other.example", &[("AUTH-MSCHAP-691", "warn"), ("IPCP-NO-ADDRESS", "fail")])));
    assert_eq!(judged(&mut gate).cause().map(|finding| finding.ruling.clone()), Some(Ruling::Fails), "it is worse than it was");
    let summary = gate.summary(false);
    assert!(summary.remarks.join("").contains("about other.example, and this about vpn.example.test"), "{:?}", summary.remarks);
    assert_eq!(summary.gone, Vec::<String>::new(), "what could not be looked for is not gone");
}

#[test]
fn calls_of_a_capture_are_compared_by_their_server() {
    let call = |host: &str| serde_json::from_str::<serde_json::Value>(&report(host, &[("AUTH-MSCHAP-691", "fail")])).expect("JSON");
    let text =
        serde_json::json!({ "schema": "sstp-diag/decode/1", "sessions": [call("a.test"), call("b.test")], "findings": [] }).to_string();
    let baseline = Baseline::read("before.json", &text).expect("a report");
    assert!(baseline.knows("AUTH-MSCHAP-691", Severity::Fail, "A.test") && !baseline.knows("AUTH-MSCHAP-691", Severity::Fail, "c.test"));
    assert!(says(Baseline::read("x", "{}")).contains("it is JSON, and no report of this program"));
    assert!(says(Baseline::read("x", "{\n!")).starts_with("x, line 2: it is not JSON"));
}

#[test]
fn no_profile_makes_worse_what_its_check_calls_harmless() {
    let check = crate::diag::by_id("TEAR-ECHO-LOST").expect("a check");
    let judged = |severity: Severity| {
        let finding = Finding { severity, ..Finding::new(check, crate::diag::Evidence { says: "one of 1".into(), events: vec![0] }) };
        let mut judgement = Judgement { findings: vec![finding], ..Judgement::default() };
        let rules = Rules { profile: Some(profile("[severity]\nTEAR-ECHO-LOST = \"fail\"").expect("a profile")), ..Rules::default() };
        Gate::new(rules).judge("vpn.example.test", None, &mut judgement);
        judgement.findings[0].severity
    };
    assert_eq!((judged(Severity::Note), judged(Severity::Warn)), (Severity::Note, Severity::Fail));
}
