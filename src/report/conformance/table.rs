//! For people: what is wrong, then every section in a line.

use super::{Row, Suite, VERDICTS};
use crate::report::Style;
use std::io::{self, Write};

/// Writes the report.
pub fn render(suite: &Suite, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{} {} against MS-SSTP and the protocols in it\n", suite.tests, suite.target)?;
    for row in suite.cases.iter().filter(|row| style.verbose || row.standing != "fine" || row.verdict == "broken" || row.note.is_some()) {
        case(row, style, out)?;
    }
    if !suite.cases.is_empty() {
        sections(suite, out)?;
        writeln!(out, "\n{}", suite.counts())?;
    }
    let colour = if suite.failed || suite.unreachable.is_some() || suite.down_after.is_some() || suite.interrupted { RED } else { GREEN };
    writeln!(out, "{}", painted(style, colour, &suite.summary()))
}

fn case(row: &Row, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let colour = match row.verdict.as_str() {
        "pass" => GREEN,
        "fail" | "flaky" | "broken" | "wrong-reason" => RED,
        _ => YELLOW,
    };
    let standing = match row.standing.as_str() {
        "known" => " (known)",
        "unexpected-pass" => " (unexpected)",
        _ => "",
    };
    writeln!(out, "{}{standing}  {}", painted(style, colour, &row.verdict), row.id)?;
    if let Some(note) = &row.note {
        writeln!(out, "    attempts  {note}")?;
    }
    if row.verdict == "pass" && row.standing == "fine" {
        return Ok(());
    }
    writeln!(out, "    {} {}: {}", row.level, row.spec, row.title)?;
    if !row.actual.is_empty() {
        writeln!(out, "    expected  {}\n    seen      {}", row.expected, row.actual)?;
    }
    match &row.known {
        Some(reason) => writeln!(out, "    known     {reason}"),
        None => writeln!(out, "    alone     {}", row.reproduce),
    }
}

fn sections(suite: &Suite, out: &mut dyn Write) -> io::Result<()> {
    let mut layers: Vec<&str> = Vec::new();
    for row in &suite.cases {
        if !layers.contains(&row.layer.as_str()) {
            layers.push(&row.layer);
        }
    }
    write!(out, "{:<10}", "")?;
    let used: Vec<&str> = VERDICTS.into_iter().filter(|verdict| suite.count(verdict) > 0).collect();
    used.iter().try_for_each(|verdict| write!(out, "{verdict:>14}"))?;
    writeln!(out)?;
    for layer in layers {
        write!(out, "{layer:<10}")?;
        for verdict in &used {
            let count = suite.cases.iter().filter(|row| row.layer == layer && row.verdict == *verdict).count();
            write!(out, "{:>14}", if count == 0 { "-".to_string() } else { count.to_string() })?;
        }
        writeln!(out)?;
    }
    Ok(())
}

fn painted(style: &Style, colour: &str, text: &str) -> String {
    if style.colour { format!("\x1b[{colour}m{text}\x1b[0m") } else { text.to_string() }
}

const RED: &str = "31";
const GREEN: &str = "32";
const YELLOW: &str = "33";
