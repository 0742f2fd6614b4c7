use super::*;

fn row(id: &str, verdict: &str, standing: &str) -> Row {
    Row {
        id: id.into(),
        title: "reserved bits are ignored".into(),
        spec: "MS-SSTP 2.2.1".into(),
        level: "MUST".into(),
        layer: id.split('/').next().unwrap_or_default().into(),
        verdict: verdict.into(),
        standing: standing.into(),
        expected: "sstp.call-connect-ack".into(),
        actual: if verdict == "pass" { String::new() } else { "no sstp.call-connect-ack".into() },
        known: (standing == "known").then(|| "as | seen".into()),
        ..Row::default()
    }
}

fn suite() -> Suite {
    let cases = vec![
        row("sstp/2.2.1/a", "pass", "fine"),
        row("sstp/2.2.1/b", "fail", "new"),
        row("lcp/5/c", "wrong-reason", "known"),
        row("lcp/5/d", "broken", "fine"),
        row("lcp/5/e", "unsupported", "fine"),
        row("lcp/5/f", "pass", "unexpected-pass"),
    ];
    Suite { tool: "sstp-diag".into(), tests: "server".into(), target: "vpn.example:443".into(), failed: true, cases, ..Suite::default() }
}

fn text(name: &str) -> String {
    let paper = PAPERS.iter().find(|paper| paper.name == name).expect("a format");
    let mut out = Vec::new();
    (paper.render)(&suite(), &Style::default(), &mut out).expect("memory");
    String::from_utf8(out).expect("text")
}

#[test]
fn junit_tells_failure_from_error_from_skipped() {
    let text = text("junit");
    assert_eq!((text.matches("<failure").count(), text.matches("<error").count(), text.matches("<skipped").count()), (2, 1, 2), "{text}");
    assert!(text.contains("tests=\"6\""), "{text}");
}

#[test]
fn tap_counts_what_counts() {
    let text = text("tap");
    assert!(text.starts_with("TAP version 13\n1..6\nok 1 - sstp/2.2.1/a\nnot ok 2 - sstp/2.2.1/b\n"), "{text}");
    assert!(text.contains("not ok 3 - lcp/5/c # TODO as | seen") && text.contains("ok 5 - lcp/5/e # SKIP"), "{text}");
}

#[test]
fn sarif_marks_what_is_known() {
    let value: serde_json::Value = serde_json::from_str(&text("sarif")).expect("JSON");
    let results = value["runs"][0]["results"].as_array().expect("results");
    assert_eq!(results.iter().map(|row| row["level"].as_str().unwrap_or_default()).collect::<Vec<_>>(), ["error", "note", "error"]);
    assert_eq!(results[1]["suppressions"][0]["justification"], "as | seen");
    assert!(results[0].get("suppressions").is_none() && results[2].get("suppressions").is_none(), "what counts is not suppressed");
    let places: Vec<_> = results.iter().map(|row| &row["locations"][0]["physicalLocation"]["region"]["startLine"]).collect();
    assert_eq!(places, [1, 1, 1]);
}

#[test]
fn the_table_shows_what_is_wrong_and_the_summary_last() {
    let text = text("table");
    assert!(
        text.contains("fail  sstp/2.2.1/b") && text.contains("wrong-reason (known)  lcp/5/c") && !text.contains("sstp/2.2.1/a\n"),
        "{text}"
    );
    assert!(
        text.ends_with("1 broken in 0.0 s; the longest case, lcp/5/f, took 0.0 s\n1 case is wrong that was not expected; 1 case passes that is listed as a disagreement: take its entry out of the file\n"),
        "{text}"
    );
    assert!(self::text("markdown").contains("as \\| seen"));
}

#[test]
fn what_was_run_again_is_told_in_every_report() {
    let mut late = row("sstp/2.2.1/late", "pass", "fine");
    late.attempts = vec!["fail".into(), "pass".into()];
    late.note = Some("passed at the 2nd attempt; before: fail: no answer".into());
    let suite = Suite { cases: vec![late], ..Suite::default() };
    for paper in PAPERS {
        let mut out = Vec::new();
        (paper.render)(&suite, &Style::default(), &mut out).expect("memory");
        let text = String::from_utf8(out).expect("text");
        assert!(text.contains("passed at the 2nd attempt"), "{}: {text}", paper.name);
        match paper.name {
            "junit" => assert!(text.contains("<flakyFailure") && !text.contains("<failure"), "{text}"),
            "tap" => assert!(text.contains("\nok 1 - sstp/2.2.1/late\n  ---\n"), "{text}"),
            "sarif" => assert!(text.contains("informational") && !text.contains("\"error\""), "{text}"),
            "table" | "markdown" => assert!(text.contains("1 case came as expected only when it was run again"), "{text}"),
            _ => {}
        }
    }
}

#[test]
fn json_is_read_back_and_compared() {
    let first: Suite = serde_json::from_str(&text("json")).expect("its own");
    assert_eq!(first, suite());
    let mut second = suite();
    second.target = "other".into();
    second.cases[1].verdict = "pass".into();
    let matrix = matrix(&[("old".into(), first), ("new".into(), second)], false);
    assert!(matrix.contains("| sstp/2.2.1/b | fail | pass |") && !matrix.contains("| sstp/2.2.1/a |"), "{matrix}");
    assert!(
        matrix.starts_with("| case | old: vpn.example:443 | new: other |\n") && matrix.contains("\nnew: the server other, "),
        "{matrix}"
    );
}

#[test]
fn runs_differ_when_a_verdict_does() {
    let (one, mut other) = (("a".to_string(), suite()), ("b".to_string(), suite()));
    other.1.target = "other".into();
    assert!(!differ(&[one.clone(), other.clone()]));
    other.1.cases[1].verdict = "pass".into();
    assert!(differ(&[one.clone(), other.clone()]));
    other.1.cases.pop();
    assert!(differ(&[one.clone(), one, other]));
}

#[test]
fn ids_under_way_are_whole_and_not_too_many() {
    let under_way: Vec<String> = (0..40).map(|number| format!("sstp/3.3.5.2.2/a-case-with-a-long-name-{number}")).collect();
    let down = Suite { down_after: Some("x".into()), under_way: under_way.clone(), ..suite() };
    let mut out = Vec::new();
    table::render(&down, &Style { width: 80, ..Style::default() }, &mut out).expect("memory");
    let text = String::from_utf8(out).expect("text");
    let shown = under_way.iter().filter(|id| text.contains(&format!("{id},"))).count();
    assert!(shown == 16 && text.contains("and 24 more; -o json has them all"), "{shown}: {text}");
}

#[test]
fn a_run_says_how_long_it_was_and_which_case_was_the_longest() {
    let mut suite = Suite { took_ms: 121_450, ..suite() };
    suite.cases[2].took_ms = 120_111;
    assert_eq!(suite.times().as_deref(), Some("in 121.4 s; the longest case, lcp/5/c, took 120.1 s"));
}

#[test]
fn a_target_that_went_down_names_what_was_under_way() {
    let under_way = vec!["sstp/2.2.1/x".to_string(), "sstp/2.2.1/y".to_string()];
    let down = Suite { down_after: Some("sstp/2.2.1/x".into()), down_why: Some("refused".into()), under_way, ..suite() };
    let mut out = Vec::new();
    table::render(&down, &Style::default(), &mut out).expect("memory");
    let text = String::from_utf8(out).expect("text");
    assert!(
        text.contains("under way sstp/2.2.1/x, sstp/2.2.1/y") && text.ends_with("target down after case sstp/2.2.1/x (refused)\n"),
        "{text}"
    );
    let mut out = Vec::new();
    junit::render(&down, &Style::default(), &mut out).expect("memory");
    assert!(String::from_utf8(out).expect("text").contains("under way, likeliest first: sstp/2.2.1/x, sstp/2.2.1/y"));
}

/// The attributes that junit-10.xsd of the xUnit plug-in of Jenkins has, element by element.
const ALLOWED: &[(&str, &[&str])] = &[
    ("testsuites", &["name", "time", "tests", "failures", "errors"]),
    (
        "testsuite",
        &[
            "name",
            "tests",
            "failures",
            "errors",
            "group",
            "time",
            "skipped",
            "timestamp",
            "hostname",
            "id",
            "package",
            "file",
            "log",
            "url",
        ],
    ),
    ("properties", &[]),
    ("property", &["name", "value"]),
    ("testcase", &["name", "time", "classname", "group"]),
    ("failure", &["type", "message"]),
    ("error", &["type", "message"]),
    ("skipped", &["type", "message"]),
    ("rerunFailure", &["type", "message"]),
    ("rerunError", &["type", "message"]),
    ("flakyFailure", &["type", "message"]),
    ("flakyError", &["type", "message"]),
    ("system-out", &[]),
    ("system-err", &[]),
    ("stackTrace", &[]),
];

#[test]
fn junit_has_the_attributes_of_its_schema_and_no_others() {
    let mut late = row("sstp/2.2.1/late", "pass", "fine");
    late.attempts = vec!["fail".into(), "pass".into()];
    late.note = Some("passed at the 2nd attempt; before: fail: no \"answer\" > 3 s".into());
    let mut suite = Suite { remarks: vec!["no case is called \"x\"".into()], down_after: Some("x".into()), ..suite() };
    suite.cases.push(late);
    let mut out = Vec::new();
    junit::render(&suite, &Style::default(), &mut out).expect("memory");
    let text = String::from_utf8(out).expect("text");
    let mut seen = 0;
    for tag in text.split('<').skip(1).filter(|tag| !tag.starts_with(['?', '/'])) {
        let inside = tag.split_once('>').map_or(tag, |pair| pair.0).trim_end_matches('/');
        let (name, mut rest) = inside.split_once(' ').unwrap_or((inside, ""));
        let allowed = ALLOWED.iter().find(|row| row.0 == name).unwrap_or_else(|| panic!("<{name}>")).1;
        while let Some((attribute, after)) = rest.split_once("=\"") {
            assert!(allowed.contains(&attribute.trim()), "{name} {attribute}");
            rest = after.split_once('"').expect("an end").1;
            seen += 1;
        }
    }
    assert!(seen > 40 && text.contains("name=\"remark\"") && text.contains("<flakyFailure"), "{seen}: {text}");
}

#[test]
fn an_entry_that_counts_no_more_and_a_pattern_that_fits_nothing_are_told_in_every_report() {
    let lapsed = Some("known until 2026-01-31: MS-SSTP 9.9, ticket 7".to_string());
    let case = Row { lapsed, ..row("sstp/2.2.1/b", "fail", "new") };
    let suite = Suite { cases: vec![case], remarks: vec!["known.toml: no case is called \"x/y\"".into()], ..suite() };
    for paper in PAPERS {
        let mut out = Vec::new();
        (paper.render)(&suite, &Style { width: 200, ..Style::default() }, &mut out).expect("memory");
        let text = String::from_utf8(out).expect("text");
        assert!(text.contains("known until 2026-01-31: MS-SSTP 9.9, ticket 7"), "{}: {text}", paper.name);
        assert!(text.contains("known.toml: no case is called"), "{}: {text}", paper.name);
    }
}

#[test]
fn what_kept_every_case_from_a_verdict_is_said() {
    let broken = |id: &str, says: &str| Row { actual: says.into(), ..row(id, "broken", "fine") };
    let mute = row("sstp/2.2.1/a", "inconclusive", "new");
    let cases = vec![mute, broken("sstp/2.2.1/b", "disk full"), broken("sstp/2.2.1/c", "port taken"), broken("sstp/2.2.1/d", "port taken")];
    let suite = Suite { cases, ..suite() };
    assert_eq!(suite.summary(), "no case could be judged: port taken (2 of 4)");
    let mut out = Vec::new();
    tap::render(&suite, &Style::default(), &mut out).expect("memory");
    assert!(String::from_utf8(out).expect("text").ends_with("Bail out! no case could be judged: port taken (2 of 4)\n"));
}

#[test]
fn what_is_lenient_is_named_and_not_too_much_of_it() {
    let cases = (0..23).map(|number| row(&format!("sstp/2.2.1/lenient-{number}"), "lenient", "fine")).collect();
    let suite = Suite { cases, failed: false, ..suite() };
    let text = |verbose| {
        let mut out = Vec::new();
        table::render(&suite, &Style { width: 80, verbose, ..Style::default() }, &mut out).expect("memory");
        String::from_utf8(out).expect("text")
    };
    let short = text(false);
    assert!(short.contains("    lenient   sstp/2.2.1/lenient-0,") && short.contains("sstp/2.2.1/lenient-19,"), "{short}");
    assert!(!short.contains("lenient-20") && short.contains("and 3 more; -v shows them all"), "{short}");
    assert!(!text(true).contains("more; -v"), "they are all there");
}
