//! For people: what is wrong, then every section in a line.

use super::{Row, Suite, VERDICTS};
use crate::report::{Style, wrapped};
use std::io::{self, Write};

/// Writes the report.
pub fn render(suite: &Suite, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{} {} against MS-SSTP and the protocols in it\n", suite.tests, suite.target)?;
    let unjudged = |row: &Row| matches!(row.verdict.as_str(), "broken" | "inconclusive");
    for row in suite.cases.iter().filter(|row| style.verbose || row.standing != "fine" || unjudged(row) || row.note.is_some()) {
        case(row, style, out)?;
    }
    if !suite.cases.is_empty() {
        sections(suite, out)?;
        writeln!(out, "\n{} {}", suite.counts(), suite.times().unwrap_or_default())?;
    }
    let lenient = suite.cases.iter().filter(|row| row.verdict == "lenient" && row.standing == "fine" && row.note.is_none());
    let lenient: Vec<&str> = lenient.filter(|_| !style.verbose).map(|row| row.id.as_str()).collect();
    if !lenient.is_empty() {
        ids("lenient", &lenient, (LENIENT_SHOWN, "-v shows them all"), style, out)?;
    }
    suite.remarks.iter().try_for_each(|text| writeln!(out, "{text}"))?;
    away(suite, style, out)?;
    let colour = if suite.failed || suite.unreachable.is_some() || suite.down_after.is_some() || suite.interrupted { RED } else { GREEN };
    writeln!(out, "{}", painted(style, colour, &suite.summary()))
}

/// What was under way when the target went away.
fn away(suite: &Suite, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    if !suite.dropped.is_empty() {
        writeln!(out, "the target went away for a moment; what was under way was run again, what is fast alone:")?;
        ids("dropped", &names(&suite.dropped), (IDS_SHOWN, "-o json has them all"), style, out)?;
    }
    if suite.under_way.len() > 1 {
        writeln!(out, "cases that were under way and have no verdict, likeliest first; with --jobs 1 and these it shows which it was:")?;
        ids("under way", &names(&suite.under_way), (IDS_SHOWN, "-o json has them all"), style, out)?;
    }
    Ok(())
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
        told("attempts", note, style, out)?;
    }
    if let Some(lapsed) = &row.lapsed {
        told("expired", lapsed, style, out)?;
    }
    if row.verdict == "pass" && row.standing == "fine" {
        return Ok(());
    }
    told("required", &format!("{} {}: {}", row.level, row.spec, row.title), style, out)?;
    if !row.actual.is_empty() {
        told("expected", &row.expected, style, out)?;
        told("seen", &row.actual, style, out)?;
    }
    match &row.known {
        Some(reason) => told("known", reason, style, out),
        // A command is copied, so that it stays in one line.
        None => writeln!(out, "    alone     {}", row.reproduce),
    }
}

/// A line under a case, cut up where the terminal ends.
fn told(label: &str, text: &str, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let wrapped = wrapped(text, style.width.saturating_sub(INDENT).max(NARROWEST));
    let mut lines = wrapped.lines().map(str::trim_end);
    writeln!(out, "    {label:<10}{}", lines.next().unwrap_or_default())?;
    lines.try_for_each(|line| writeln!(out, "{:INDENT$}{line}", ""))
}

fn names(ids: &[String]) -> Vec<&str> {
    ids.iter().map(String::as_str).collect()
}

/// The first of these ids, each whole, and where the others are.
fn ids(label: &str, ids: &[&str], (most, elsewhere): (usize, &str), style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let width = style.width.saturating_sub(INDENT).max(NARROWEST);
    let (mut lines, mut line) = (Vec::new(), String::new());
    let shown = ids.iter().take(most);
    for (place, id) in shown.enumerate() {
        let comma = if place + 1 < ids.len() { "," } else { "" };
        if !line.is_empty() && line.len() + id.len() + 2 > width {
            lines.push(std::mem::take(&mut line));
        }
        let gap = if line.is_empty() { "" } else { " " };
        line += &format!("{gap}{id}{comma}");
    }
    lines.push(line);
    if let Some(more) = ids.len().checked_sub(most).filter(|more| *more > 0) {
        lines.push(format!("and {more} more; {elsewhere}"));
    }
    for (place, line) in lines.iter().enumerate() {
        writeln!(out, "    {:<10}{line}", if place == 0 { label } else { "" })?;
    }
    Ok(())
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
    used.iter().try_for_each(|verdict| write!(out, "  {verdict}"))?;
    writeln!(out)?;
    for layer in layers {
        write!(out, "{layer:<10}")?;
        for verdict in &used {
            let count = suite.cases.iter().filter(|row| row.layer == layer && row.verdict == *verdict).count();
            write!(out, "  {:>1$}", if count == 0 { "-".to_string() } else { count.to_string() }, verdict.len())?;
        }
        writeln!(out)?;
    }
    Ok(())
}

fn painted(style: &Style, colour: &str, text: &str) -> String {
    if style.colour { format!("\x1b[{colour}m{text}\x1b[0m") } else { text.to_string() }
}

/// Columns in front of the text under a case.
const INDENT: usize = 14;
/// Ours: the likeliest come first, and nobody runs more by hand.
const IDS_SHOWN: usize = 16;
/// Ours: of what does not count a handful is read.
const LENIENT_SHOWN: usize = 20;
/// Ours: text is never narrower.
const NARROWEST: usize = 30;
const RED: &str = "31";
const GREEN: &str = "32";
const YELLOW: &str = "33";
