//! Sessions as JUnit XML: a suite for each.

use super::super::{TOOL, junit};
use super::{End, Session, View};
use crate::diag::gate::Ruling;
use crate::diag::{Finding, Severity};
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};
use std::io::{self, Write};

/// Suites, written as they come, so that a capture of any length takes no memory. The totals of the document, which JUnit lets be absent,
/// would have to stand in front of them.
#[derive(Default)]
pub struct Junit {
    begun: bool,
}

impl View for Junit {
    fn session(&mut self, session: &Session, out: &mut dyn Write) -> io::Result<()> {
        self.put(junit::suite(&session.report, &format!("#{} {}", session.number, session.who())), out)
    }

    fn end(&mut self, end: &End, out: &mut dyn Write) -> io::Result<()> {
        match across(end) {
            Some(suite) => self.put(suite, out)?,
            None => self.begin(out)?,
        }
        writeln!(out, "{CLOSE}")
    }
}

impl Junit {
    fn begin(&mut self, out: &mut dyn Write) -> io::Result<()> {
        if std::mem::replace(&mut self.begun, true) {
            return Ok(());
        }
        writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"{TOOL}\">")
    }

    /// Writes one suite: what a document of this suite alone has between its own tags.
    fn put(&mut self, suite: TestSuite, out: &mut dyn Write) -> io::Result<()> {
        self.begin(out)?;
        let mut document = Report::new(TOOL);
        document.add_test_suite(suite);
        let text = document.to_string().map_err(io::Error::other)?;
        let inside = text.split_once("<testsuite ").and_then(|(_, rest)| rest.rsplit_once(CLOSE));
        let (inside, _) = inside.ok_or_else(|| io::Error::other("a JUnit document without a suite"))?;
        writeln!(out, "    <testsuite {}", inside.trim_end())
    }
}

/// The end of a document.
const CLOSE: &str = "</testsuites>";

/// Failing findings over several connections, and files that are damaged or could not be read, which is trouble with the input.
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
    let unread = end.unread.iter().map(|unread| case("not read", NonSuccessKind::Error, super::capture::not_read(unread)));
    let cases: Vec<_> = findings.chain(unread).chain(damages).collect();
    let mut suite = TestSuite::new("capture");
    suite.add_test_cases(cases.iter().cloned());
    (!cases.is_empty()).then_some(suite)
}
