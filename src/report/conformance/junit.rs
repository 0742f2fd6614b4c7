//! JUnit XML: what the peer did wrong is a failure, what we could not do an error, what was not judged skipped.

use super::{Row, Suite};
use crate::report::junit::xml;
use crate::report::{Style, TOOL};
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestRerun, TestSuite};
use std::io::{self, Write};
use std::time::Duration;

/// Writes the report: a suite for every layer.
pub fn render(suite: &Suite, _: &Style, out: &mut dyn Write) -> io::Result<()> {
    let mut document = Report::new(format!("{TOOL} conformance {}", suite.tests));
    document.set_time(Duration::from_millis(suite.took_ms));
    let mut suites: Vec<TestSuite> = Vec::new();
    for row in &suite.cases {
        let case = case(row);
        match suites.iter_mut().find(|suite| suite.name.as_str() == row.layer) {
            Some(suite) => drop(suite.add_test_case(case)),
            None => {
                let mut fresh = TestSuite::new(row.layer.as_str());
                fresh.add_property(("target", suite.target.as_str()));
                fresh.add_test_case(case);
                suites.push(fresh);
            }
        }
    }
    if suite.unreachable.is_some() || suite.down_after.is_some() || suite.interrupted || !suite.judged() {
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
        status.set_message(suite.summary());
        if !suite.under_way.is_empty() {
            status.set_description(format!("under way, likeliest first: {}", suite.under_way.join(", ")));
        }
        let mut fresh = TestSuite::new("target");
        fresh.add_test_case(TestCase::new("the run goes through", status));
        suites.push(fresh);
    }
    if let Some(first) = suites.first_mut() {
        first.add_properties(suite.remarks.iter().map(|text| ("remark", text.as_str())));
    }
    document.add_test_suites(suites);
    out.write_all(xml(&document)?.as_bytes())
}

fn case(row: &Row) -> TestCase {
    let mut status = match (row.verdict.as_str(), row.standing.as_str()) {
        ("broken", _) | ("inconclusive", "new") => non_success(NonSuccessKind::Error, row),
        (_, "new" | "unexpected-pass") => non_success(NonSuccessKind::Failure, row),
        ("pass" | "lenient", _) => TestCaseStatus::success(),
        _ => {
            let mut status = TestCaseStatus::skipped();
            let why = row.known.as_deref().unwrap_or(&row.actual);
            status.set_message(format!("{}: {why}", row.verdict));
            status
        }
    };
    reruns(row, &mut status);
    let mut case = TestCase::new(row.id.as_str(), status);
    case.set_classname(format!("{} {}", row.level, row.spec));
    case.set_time(Duration::from_millis(row.took_ms));
    case
}

/// What came before the last attempt: build servers show a case that passed at last as flaky.
fn reruns(row: &Row, status: &mut TestCaseStatus) {
    let before = row.attempts.len().saturating_sub(1);
    for verdict in row.attempts.iter().take(before) {
        let mut rerun = TestRerun::new(NonSuccessKind::Failure);
        rerun.set_type(verdict.as_str());
        rerun.set_message(row.note.as_deref().unwrap_or_default());
        status.add_rerun(rerun);
    }
}

fn non_success(kind: NonSuccessKind, row: &Row) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(kind);
    status.set_type(row.verdict.as_str());
    status.set_message(row.says());
    let text = format!(
        "{}\nexpected: {}\nseen: {}\nedits: {}\nalone: {}",
        row.title,
        row.expected,
        row.seen(),
        row.besides.iter().chain(&row.edits).map(String::as_str).collect::<Vec<_>>().join("; "),
        row.reproduce
    );
    status.set_description(text);
    status
}
