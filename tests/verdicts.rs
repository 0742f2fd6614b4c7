//! Verdicts that are fair whatever the reads of a connection are, and say what was seen in words. What a peer says by itself may come in the same read as what our end answers, or in a later one: the verdict is the same.

use sstp_diag::base::{Layer, Side};
use sstp_diag::jobs::conformance::client::{self, mutants};
use sstp_diag::jobs::conformance::{Case, Grade, Verdict, expect, rehearse, server, verdict};
use sstp_diag::transcript::{Event, What};
use sstp_diag::wire::sstp::{Attribute, Message};
use std::net::TcpListener;
use std::process::Command;
use std::time::Duration;

/// What happens so soon after each other may come in one read.
const NEAR: Duration = Duration::from_millis(200);

/// The events, with the stimulus behind every message of the peer that came soon after it, and before every one soon before it.
fn other_orders(case: &Case, events: &[Event]) -> Vec<Vec<Event>> {
    let Some(after) = verdict::stimulus(case, events).filter(|after| *after > 0) else { return Vec::new() };
    let place = after - 1;
    let near = |other: &Event| other.at.since(events[place].at).max(events[place].at.since(other.at)) <= NEAR;
    let theirs =
        |other: &Event| near(other) && other.by == Some(case.base.tests) && expect::name(other).is_some_and(|name| name != "closed");
    let moved = |to: usize| {
        let mut order = events.to_vec();
        let mut stimulus = order.remove(place);
        stimulus.at = events[to].at;
        order.insert(to, stimulus);
        order
    };
    (0..events.len()).filter(|to| *to != place && theirs(&events[*to])).map(moved).collect()
}

fn disagreements(cases: &[Case], run: impl Fn(&Case, bool) -> (Verdict, Vec<Event>)) -> (usize, Vec<String>) {
    let (mut seen, mut wrong) = (0, Vec::new());
    for case in cases.iter().filter(|case| case.withholds()) {
        for spoilt in [false, true] {
            let (verdict, events) = run(case, spoilt);
            for order in other_orders(case, &events) {
                seen += 1;
                let other = verdict::judge(case, &order);
                if other.grade.is_held_against() != verdict.grade.is_held_against() {
                    let near: Vec<String> = order
                        .iter()
                        .filter(|event| matches!(event.what, What::Edited { .. }))
                        .map(|event| format!("{:?}", event.at))
                        .collect();
                    wrong.push(format!(
                        "{}, spoilt {spoilt}: {} and {} {} {near:?}",
                        case.id,
                        verdict.grade.name(),
                        other.grade.name(),
                        other.actual
                    ));
                }
            }
        }
    }
    wrong.dedup_by(|one, other| one.split(':').next() == other.split(':').next());
    (seen, wrong)
}

#[test]
fn what_a_server_volunteers_counts_before_the_stimulus_and_behind_it() {
    let cases: Vec<Case> = server::all().into_iter().filter(rehearse::can_be_rehearsed).collect();
    let (seen, wrong) = disagreements(&cases, |case, spoilt| {
        let faults: &[&str] = if spoilt { &[case.proved_by] } else { &[] };
        rehearse::server(case, faults)
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(seen > 40, "{seen} orders");
}

#[test]
fn what_a_client_volunteers_counts_before_the_stimulus_and_behind_it() {
    let cases: Vec<Case> = client::all().into_iter().filter(|case| mutants::find(case.proved_by).is_some()).collect();
    let (seen, wrong) = disagreements(&cases, |case, spoilt| rehearse::client_case(case, mutants::find(case.proved_by).filter(|_| spoilt)));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(seen > 20, "{seen} orders");
}

/// What is expected of a peer after something was withheld is no answer to it: that it comes again is counted, not waited for.
#[test]
fn no_row_takes_what_came_first_for_what_came_again() {
    let again = |case: &&Case| case.title.contains("again") || case.title.contains("repeated");
    let counted: Vec<String> = server::all()
        .iter()
        .chain(&client::all())
        .filter(|case| case.withholds())
        .filter(again)
        .map(|case| case.base.expect.to_string())
        .filter(|says| !(says.contains("times") || says.contains("again") || says.contains("once") || says.contains("three")))
        .collect();
    assert_eq!(counted, Vec::<String>::new());
}

/// What was seen is read by people: no value as the program writes it down for itself.
#[test]
fn what_was_seen_is_said_in_words() {
    let servers = server::all().into_iter().filter(rehearse::can_be_rehearsed).map(|case| {
        let (verdict, _) = rehearse::server(&case, &[case.proved_by]);
        (case, verdict)
    });
    let clients = client::all().into_iter().filter_map(|case| {
        let (verdict, _) = rehearse::client_case(&case, Some(mutants::find(case.proved_by)?));
        Some((case, verdict))
    });
    let odd = |text: &str| text.contains("Some(") || text.contains("None");
    let wrong: Vec<String> = servers
        .chain(clients)
        .filter(|(_, verdict)| odd(&verdict.actual))
        .map(|(case, verdict)| format!("{}: {}", case.id, verdict.actual))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Before the login a Call Connected is out of turn as well as wrong, and nothing says which is looked at first.
#[test]
fn a_server_may_look_at_the_state_before_it_looks_at_the_attributes() {
    for id in ["binding/3.3.5.2.3/no-attribute", "binding/3.3.5.2.3/status-info"] {
        let case = server::all().into_iter().find(|case| case.id == id).expect("it is there");
        let (_, mut events) = rehearse::server(&case, &[]);
        let mut changed = 0;
        for event in &mut events {
            let What::Sstp(message) = &mut event.what else { continue };
            for attribute in &mut message.attributes {
                if let Attribute::StatusInfo { status, .. } = attribute {
                    (*status, changed) = (5, changed + 1);
                }
            }
        }
        assert!(changed > 0, "{id}");
        assert_eq!(verdict::judge(&case, &events).grade, Grade::Pass, "{id}");
    }
}

fn program(args: &[&str]) -> (i32, String, String) {
    let run = Command::new(env!("CARGO_BIN_EXE_sstp-diag")).arg("conformance").args(args).output().expect("it runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    (run.status.code().unwrap_or(-1), text(run.stdout), text(run.stderr))
}

#[test]
fn the_methods_that_the_user_names_are_the_only_ones() {
    let cases = ["--case", "auth/2.2.1/pap-answer", "--case", "auth/4.2/success-copies-the-id", "--case", "lcp/5.8/*", "-v"];
    let (code, text, says) = program(&[&["server", "--lab", "--auth", "pap"][..], &cases].concat());
    assert_eq!(code, 0, "{text}{says}");
    assert!(text.contains("pass  auth/2.2.1/pap-answer") && text.contains("unsupported  auth/4.2/success-copies-the-id"), "{text}");
    assert!(text.contains("needs mschapv2, which --auth leaves out"), "{text}");
    let (code, out, says) = program(&["server", "--lab", "--auth-matrix"]);
    assert!(code == 2 && out.is_empty() && says.contains("--auth-matrix belongs to `probe`"), "{says}");
}

#[test]
fn honest_calls_use_the_method_that_the_user_names() {
    let (code, text, _) =
        program(&["server", "--lab", "--fault", "auth.mutant-pap-only", "--auth", "mschapv2", "--case", "auth/5/success-text"]);
    assert!(code == 3 && text.contains("no case was run"), "{text}");
    let (code, text, says) =
        program(&["server", "--lab", "--fault", "auth.mutant-pap-only", "--auth", "pap", "--case", "auth/2.2.1/pap-answer"]);
    assert_eq!(code, 0, "{text}{says}");
}

#[test]
fn a_section_of_the_command_takes_in_what_lies_in_it() {
    let (code, all, _) = program(&["server", "--list", "--section", "3.3.5"]);
    let (_, one, _) = program(&["server", "--list", "--section", "3.3.5.2.3"]);
    assert!(code == 0 && all.contains("sstp/3.3.5.2/") && all.contains("binding/3.3.5.2.3/"), "{all}");
    assert!(
        one.lines().count() < all.lines().count()
            && one.contains("binding/3.3.5.2.3/")
            && one.lines().all(|line| line.contains("/3.3.5.2.3/")),
        "{one}"
    );
}

#[test]
fn what_cannot_run_at_all_is_refused_before_it_begins() {
    let (code, out, says) = program(&["client", "--exec", " "]);
    assert!(code == 2 && out.is_empty() && says.contains("--exec needs a command"), "{says}");
    // RFC 5737: an address for documents, which no machine has.
    let (code, out, says) = program(&["client", "--exec", "true", "--listen", "192.0.2.77:0", "--host", "x"]);
    assert!(code == 2 && out.is_empty() && says.contains("cannot listen at 192.0.2.77:0"), "{says}");
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let at = taken.local_addr().expect("bound").to_string();
    let (code, out, says) = program(&["client", "--exec", "true", "--listen", &at]);
    assert!(code == 2 && out.is_empty() && says.contains(&format!("cannot listen at {at}")), "{says}");
}

#[test]
fn an_expired_entry_and_a_lost_pattern_stand_in_the_reports() {
    let path = std::env::temp_dir().join(format!("sstp-diag-lapsed-{}.toml", std::process::id()));
    let text = "[cases]\n\"data/*\" = { reason = \"ticket 7\", until = \"2026-01-31\" }\n\"no/such/*\" = \"why\"\n";
    std::fs::write(&path, text).expect("written");
    let known = path.display().to_string();
    let run = ["server", "--lab", "--fault", "teardown.echo-lost", "--case", "data/3.3.5.2.7/echo-is-answered", "--retries", "0"];
    let (code, json, says) = program(&[&run[..], &["--expected", &known, "-o", "json"]].concat());
    let _ = std::fs::remove_file(&path);
    assert_eq!(code, 1, "{json}{says}");
    let report: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(report["cases"][0]["lapsed"], "known until 2026-01-31: ticket 7");
    let remarks: Vec<&str> = report["remarks"].as_array().expect("remarks").iter().filter_map(|text| text.as_str()).collect();
    assert!(remarks.len() == 2 && remarks.iter().all(|text| says.contains(text)), "{remarks:?} {says}");
    assert!(remarks[0].contains("no case is called \"no/such/*\""), "{remarks:?}");
    let schema: serde_json::Value = serde_json::from_str(include_str!("../docs/conformance.schema.json")).expect("JSON");
    let validator = jsonschema::draft202012::new(&schema).expect("a schema");
    let errors: Vec<String> = validator.iter_errors(&report).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:?}");
}

/// A family asks for what the requirement asks for that it claims: where that is an Abort, or a Nak with a number, who only closes, or
/// says another number, does not pass.
#[test]
fn what_claims_an_abort_or_a_number_is_not_content_with_less() {
    const ABORTS: [&str; 8] = ["S-072", "S-073", "S-074", "S-131", "S-133", "S-134", "S-136", "S-138"];
    const NUMBERS: [&str; 4] = ["S-098", "S-101", "S-103", "S-104"];
    for (claimed, fault, least) in [(&ABORTS[..], "sstp.mutant-no-abort", 150), (&NUMBERS[..], "sstp.mutant-nak-status", 16)] {
        let claims = |case: &&Case| rehearse::can_be_rehearsed(case) && case.covers.iter().all(|id| claimed.contains(id));
        let cases: Vec<Case> = server::all().iter().filter(claims).cloned().collect();
        let content: Vec<&str> =
            cases.iter().filter(|case| !rehearse::server(case, &[fault]).0.grade.is_held_against()).map(|case| case.id.as_ref()).collect();
        assert!(cases.len() >= least && content.is_empty(), "{fault}: of {}: {content:?}", cases.len());
    }
}

/// MS-SSTP 3.1.5.1: where the stream cannot be cut any more no message is sent, by either end.
#[test]
fn an_abort_is_one_message_too_many_where_a_length_is_none() {
    let abort = Message::parse(&[0x10, 1, 0, 8, 0, 5, 0, 0]).expect("a message");
    let mut seen = 0;
    for case in server::all().iter().chain(&client::all()).filter(|case| case.covers.iter().any(|id| ["S-069", "C-052"].contains(id))) {
        let (verdict, mut events) =
            if case.base.tests == Side::Server { rehearse::server(case, &[]) } else { rehearse::client_case(case, None) };
        assert_eq!(verdict.grade, Grade::Pass, "{}", case.id);
        let closed = events.iter().rposition(|event| matches!(event.what, What::Closed(_))).expect("it is closed");
        let said = Event { by: Some(case.base.tests), layer: Layer::Sstp, what: What::Sstp(abort.clone()), ..events[closed].clone() };
        events.insert(closed, said);
        assert_eq!(verdict::judge(case, &events).grade, Grade::WrongReason, "{}", case.id);
        seen += 1;
    }
    assert!(seen > 40, "{seen}");
}
