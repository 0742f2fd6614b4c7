//! Markdown, for pull requests and wikis.

use super::{Suite, VERDICTS};
use crate::report::Style;
use std::io::{self, Write};

/// Writes the report.
pub fn render(suite: &Suite, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "# Conformance of the {} {}\n\n{}: {}.\n", suite.tests, cell(&suite.target), cell(&suite.summary()), suite.counts())?;
    writeln!(out, "| verdict | cases |\n|---|---|")?;
    for verdict in VERDICTS.iter().filter(|verdict| suite.count(verdict) > 0) {
        writeln!(out, "| {verdict} | {} |", suite.count(verdict))?;
    }
    if !suite.remarks.is_empty() {
        writeln!(out)?;
        suite.remarks.iter().try_for_each(|text| writeln!(out, "- {}", cell(text)))?;
    }
    let shown: Vec<_> = suite.cases.iter().filter(|row| style.verbose || row.standing != "fine" || row.note.is_some()).collect();
    if shown.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n| case | verdict | requirement | expected | seen | known |\n|---|---|---|---|---|---|")?;
    for row in shown {
        let requirement = format!("{} {}: {}", row.level, row.spec, row.title);
        let cells = [&row.id, &row.verdict, &requirement, &row.expected, &row.seen(), row.known.as_ref().unwrap_or(&NONE)];
        writeln!(out, "| {} |", cells.map(|text| cell(text)).join(" | "))?;
    }
    Ok(())
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

static NONE: String = String::new();
