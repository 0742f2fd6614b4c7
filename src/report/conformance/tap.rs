//! Test Anything Protocol, version 13.

use super::Suite;
use crate::report::Style;
use std::io::{self, Write};

/// Writes the report.
pub fn render(suite: &Suite, _: &Style, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "TAP version 13\n1..{}", suite.cases.len())?;
    suite.remarks.iter().try_for_each(|text| writeln!(out, "# {}", line(text)))?;
    for (number, row) in suite.cases.iter().enumerate() {
        let bad = row.counts() || row.verdict == "broken";
        let directive = match (row.verdict.as_str(), row.standing.as_str()) {
            ("unsupported" | "inconclusive", _) if !bad => format!(" # SKIP {}", line(&row.actual)),
            (_, "known") => format!(" # TODO {}", line(row.known.as_deref().unwrap_or_default())),
            _ => String::new(),
        };
        // A known disagreement is `not ok` with TODO: that is how TAP says that it does not count.
        let word = if bad || row.standing == "known" { "not ok" } else { "ok" };
        writeln!(out, "{word} {} - {}{directive}", number + 1, row.id)?;
        let text = |text: &str| serde_json::Value::from(text).to_string();
        if let Some(note) = row.note.as_deref().filter(|_| !bad) {
            writeln!(out, "  ---\n  attempts: {}\n  ...", text(note))?;
        }
        if bad {
            writeln!(
                out,
                "  ---\n  verdict: {}\n  requirement: {}",
                row.verdict,
                text(&format!("{} {}: {}", row.level, row.spec, row.title))
            )?;
            writeln!(out, "  expected: {}\n  seen: {}\n  ...", text(&row.expected), text(&row.seen()))?;
        }
    }
    match &suite.down_after {
        _ if suite.unreachable.is_some() => writeln!(out, "Bail out! {}", line(&suite.summary())),
        Some(after) => writeln!(out, "Bail out! target down after case {}", line(after)),
        None if suite.interrupted => writeln!(out, "Bail out! interrupted"),
        None if !suite.judged() => writeln!(out, "Bail out! {}", line(&suite.summary())),
        None => Ok(()),
    }
}

fn line(text: &str) -> String {
    text.replace(['\n', '#'], " ")
}
