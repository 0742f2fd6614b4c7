//! Sessions as JUnit XML: a suite for each.

use super::super::{TOOL, junit};
use super::{End, Session, View};
use crate::diag::gate::Ruling;
use crate::diag::{Finding, Severity};
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};
use std::io::{self, Write};

/// Suites in the making: JUnit wants their number in front.
#[derive(Default)]
pub struct Junit {
    suites: Vec<TestSuite>,
}

impl View for Junit {
    fn session(&mut self, session: &Session, _out: &mut dyn Write) -> io::Result<()> {
        self.suites.push(junit::suite(&session.report, &format!("#{} {}", session.number, session.who())));
        Ok(())
    }

    fn end(&mut self, end: &End, out: &mut dyn Write) -> io::Result<()> {
        let mut document = Report::new(TOOL);
        document.add_test_suites(std::mem::take(&mut self.suites));
        if let Some(suite) = across(end) {
            document.add_test_suite(suite);
        }
        out.write_all(document.to_string().map_err(io::Error::other)?.as_bytes())
    }
}

/// Failing findings over several connections, and damage, which is trouble with the input.
fn across(end: &End) -> Option<TestSuite> {
    let case = |name: &str, kind, message: String| {
        let mut status = TestCaseStatus::non_success(kind);
        status.set_message(message);
        TestCase::new(name, status)
    };
    let told = |finding: &&Finding| finding.severity == Severity::Fail || finding.ruling != Ruling::Passes;
    let findings = end.across.iter().filter(told).map(|finding| {
        let says = super::super::text::harmless(&finding.evidence.says);
        TestCase::new(finding.check.id, junit::finding_status(finding.check, &finding.ruling, says))
    });
    let damages = end.damages.iter().map(|damage| case("damaged", NonSuccessKind::Error, super::capture::damaged(damage)));
    let cases: Vec<_> = findings.chain(damages).collect();
    let mut suite = TestSuite::new("capture");
    suite.add_test_cases(cases.iter().cloned());
    (!cases.is_empty()).then_some(suite)
}
