//! The report as JUnit XML: a suite for the target, a case for every layer and for every failing finding.

use super::model::{LayerReport, Report, Standing};
use super::text::harmless;
use super::{TOOL, sentence, text};
use crate::diag::gate::Ruling;
use crate::diag::{Check, Finding, Severity};
use quick_junit::{NonSuccessKind, TestCase, TestCaseStatus, TestSuite};
use std::io::{self, Write};

/// Writes the report.
pub fn render(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let mut document = quick_junit::Report::new(TOOL);
    document.set_time(report.facts.ended.duration());
    document.add_test_suite(suite(report, &harmless(&report.transcript.head.target.authority())));
    out.write_all(xml(&document)?.as_bytes())
}

/// The document. Jenkins takes no `skipped` on the outermost element: junit-10.xsd has it on suites alone.
pub(super) fn xml(document: &quick_junit::Report) -> io::Result<String> {
    let text = document.to_string().map_err(io::Error::other)?;
    let at = text.find("<testsuites").unwrap_or_default();
    let (head, rest) = text.split_at(at);
    let (tag, rest) = rest.split_at(rest.find('>').unwrap_or_default());
    let kept = match tag.split_once(SKIPPED) {
        Some((before, after)) => before.to_string() + after.split_once('"').map_or("", |pair| pair.1),
        None => tag.to_string(),
    };
    Ok([head, &kept, rest].concat())
}

const SKIPPED: &str = " skipped=\"";

/// The suite of one connection.
pub(super) fn suite(report: &Report, name: &str) -> TestSuite {
    let mut suite = TestSuite::new(name);
    suite.set_time(report.facts.ended.duration());
    suite.add_property(("verdict", report.verdict().name()));
    suite.add_property(("summary", sentence::verdict(report).as_str()));
    suite.add_test_cases(report.layers.iter().map(|row| layer_case(report, row)));
    if let Some(gate) = &report.gate {
        suite.add_property(("gate", gate.lines().join("\n").as_str()));
    }
    let told = |finding: &&Finding| finding.severity == Severity::Fail || finding.ruling != Ruling::Passes;
    let failing = report.judgement.findings.iter().filter(told);
    suite.add_test_cases(failing.map(|finding| finding_case(report, finding)));
    suite
}

fn layer_case(report: &Report, row: &LayerReport) -> TestCase {
    let mut case = TestCase::new(row.layer.name(), status(report, row));
    case.set_classname("layer");
    if let Some(took) = row.took {
        case.set_time(took.duration());
    }
    if !row.learned.is_empty() {
        case.set_system_out(row.learned.iter().map(|(name, value)| format!("{name}: {value}\n")).collect::<String>());
    }
    case
}

fn status(report: &Report, row: &LayerReport) -> TestCaseStatus {
    if let (Standing::Fail, false, Some(excuse)) = (row.standing, row.ours, report.excuse(row.layer)) {
        return skipped(excuse);
    }
    let mut status = match row.standing {
        Standing::Warn if row.ours => TestCaseStatus::non_success(NonSuccessKind::Error),
        Standing::Ok | Standing::Warn => return TestCaseStatus::success(),
        Standing::Interrupted | Standing::NotReached | Standing::NotSeen | Standing::NotTried => TestCaseStatus::skipped(),
        Standing::Fail if row.ours => TestCaseStatus::non_success(NonSuccessKind::Error),
        Standing::Fail => TestCaseStatus::non_success(NonSuccessKind::Failure),
    };
    let message = row.reason.clone().unwrap_or_else(|| row.standing.name().replace('-', " "));
    status.set_message(message);
    status
}

fn finding_case(report: &Report, finding: &Finding) -> TestCase {
    let check = finding.check;
    let mut case = TestCase::new(check.id, finding_status(check, &finding.ruling, description(report, finding)));
    case.set_classname(format!("finding.{}", check.layer));
    case
}

/// What counts is a failure; what a gate lets pass is skipped and says why.
pub(super) fn finding_status(check: &Check, ruling: &Ruling, description: String) -> TestCaseStatus {
    if *ruling != Ruling::Fails {
        return skipped(format!("{}; it {}", check.title, sentence::ruling(ruling)));
    }
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
    status.set_type(check.id).set_message(check.title).set_description(description);
    status
}

fn skipped(says: String) -> TestCaseStatus {
    let mut status = TestCaseStatus::skipped();
    status.set_message(says);
    status
}

fn description(report: &Report, finding: &Finding) -> String {
    let check = finding.check;
    let on: String = report.remedies(finding).iter().map(|(product, says)| format!("{}: {says}\n", product.name())).collect();
    let log: String = report.told_of(check.id).map(|told| format!("Log: {}\n", sentence::told(told))).collect();
    let because = finding.because_of.map_or(String::new(), |id| format!("A consequence of {id}.\n"));
    format!(
        "{}\n{because}Evidence: {}\n{log}Windows: {}\nAdmin: {}\n{on}User: {}\n",
        check.means,
        text::evidence(&harmless(&finding.evidence.says)),
        sentence::codes(report, finding).join(", "),
        check.fix.admin,
        check.fix.user
    )
}
