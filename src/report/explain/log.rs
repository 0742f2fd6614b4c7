//! What logs say: a timeline, then the causes.

use super::{Explanation, cause_rows, json, markdown, text};
use crate::diag::cause::Cause;
use crate::diag::log::{Log, LogLine, Outcome, Ranked};
use crate::report::document::tool;
use crate::report::table::{BOLD, GREEN, RED, paint};
use crate::report::text::{count, hanging, harmless};
use serde_json::{Value, json};
use std::io::{self, Write};

/// One log, read.
pub struct LogReport {
    /// The file, `-` for standard input.
    pub file: String,
    /// What it says.
    pub log: Log,
}

impl LogReport {
    /// What it comes to, in a sentence.
    fn verdict(&self) -> String {
        let Log { failures, attempts, successes, records, .. } = &self.log;
        let lines = told(*failures, "failing line", "failing lines");
        let failed = attempts.map_or(lines.clone(), |attempts| format!("{lines}, {}", told(attempts, "failed attempt", "failed attempts")));
        match self.cause() {
            Some(cause) => format!("{failed}: {} ({})", cause.title(), cause.id()),
            None if *failures > 0 => format!("{failed}, and nothing says why"),
            None if *successes > 0 => format!("No failure, {}", told(*successes, "success", "successes")),
            None if self.log.lines.is_empty() => {
                format!("Nothing in {} says anything about an SSTP call", told(*records, "record", "records"))
            }
            None => "Neither a success nor a failure".to_string(),
        }
    }

    fn cause(&self) -> Option<Cause> {
        self.log.causes.first().and_then(|ranked| Cause::by_id(ranked.id))
    }

    /// What was left out, if anything was.
    fn left_out(&self) -> Option<String> {
        let dropped = (self.log.dropped > 0).then(|| format!("{} older lines are not shown", self.log.dropped));
        let cut = (self.log.cut > 0)
            .then(|| format!("{} not whole: too long, or cut off where the file ends", told(self.log.cut, "record is", "records are")));
        let parts: Vec<String> = dropped.into_iter().chain(cut).collect();
        (!parts.is_empty()).then(|| parts.join("; "))
    }
}

fn told(number: u64, one: &str, many: &str) -> String {
    count(usize::try_from(number).unwrap_or(usize::MAX), one, many)
}

/// Writes the logs for people.
pub fn logs_text(logs: &[LogReport], explanation: &Explanation, out: &mut dyn Write) -> io::Result<()> {
    for (n, report) in logs.iter().enumerate() {
        if n > 0 {
            writeln!(out)?;
        }
        let style = &explanation.style;
        let tone = if report.log.failures > 0 { RED } else { GREEN };
        text::title(explanation, out, &report.verdict(), tone)?;
        text::line(
            explanation,
            out,
            &format!("{}, read as {}, {}", harmless(&report.file), report.log.format.name(), told(report.log.records, "record", "records")),
            2,
        )?;
        if !report.log.lines.is_empty() {
            writeln!(out, "\n{}", paint("What happened", BOLD, style.colour))?;
        }
        report.log.lines.iter().try_for_each(|line| entry(explanation, line, out))?;
        report.left_out().into_iter().try_for_each(|left| text::line(explanation, out, &format!("({left})"), 2))?;
        causes(explanation, report, out)?;
    }
    Ok(())
}

fn entry(explanation: &Explanation, line: &LogLine, out: &mut dyn Write) -> io::Result<()> {
    let (mark, tone) = match line.outcome {
        Outcome::Failure => ("✗", RED),
        Outcome::Success => ("✓", GREEN),
        Outcome::Note => ("·", ""),
    };
    let at = line.at.as_deref().map_or(String::new(), |at| format!("{}  ", harmless(at)));
    let times = if line.times > 1 { format!(" ({} times)", line.times) } else { String::new() };
    let head = format!("  {mark} {at}{}{times}", line.named());
    writeln!(out, "{}", paint(&hanging(&head, explanation.style.width, 4), tone, explanation.style.colour))?;
    writeln!(out, "{}", hanging(&format!("    {}", harmless(&line.says)), explanation.style.width, 4))?;
    if !line.quoted.is_empty() && explanation.style.verbose {
        writeln!(out, "{}", hanging(&format!("    > {}", harmless(&line.quoted)), explanation.style.width, 6))?;
    }
    Ok(())
}

fn causes(explanation: &Explanation, report: &LogReport, out: &mut dyn Write) -> io::Result<()> {
    let (first, rest) = report.log.causes.split_at(report.log.causes.len().min(super::IN_FULL));
    if !first.is_empty() {
        writeln!(out, "\n{}", paint("Likely causes, likeliest first", BOLD, explanation.style.colour))?;
    }
    for (n, (ranked, cause)) in (1..).zip(known(first)) {
        text::line(explanation, out, &format!("{n}. {} - {} ({})", cause.id(), cause.title(), evidence(ranked)), 3)?;
        text::rows(explanation, out, &cause_rows(explanation, cause, false))?;
    }
    if !rest.is_empty() {
        let ids: Vec<&str> = rest.iter().map(|ranked| ranked.id).collect();
        text::line(explanation, out, &format!("Also: {}", ids.join(", ")), 3)?;
    }
    Ok(())
}

fn known(causes: &[Ranked]) -> impl Iterator<Item = (&Ranked, Cause)> {
    causes.iter().filter_map(|ranked| Some((ranked, Cause::by_id(ranked.id)?)))
}

fn evidence(ranked: &Ranked) -> String {
    match ranked.lines {
        1 => format!("line {}", ranked.first),
        lines => format!("{lines} lines, the first is {}", ranked.first),
    }
}

/// Writes the logs for programs.
pub fn logs_json(logs: &[LogReport], explanation: &Explanation, out: &mut dyn Write) -> io::Result<()> {
    let logs: Vec<Value> = logs.iter().map(|report| log_value(explanation, report)).collect();
    json::document(json!({ "schema": SCHEMA, "tool": tool(), "logs": logs }), out)
}

/// The name of the shape; it changes when a reader of the old one would go wrong.
const SCHEMA: &str = "sstp-diag/explain-log/1";

fn log_value(explanation: &Explanation, report: &LogReport) -> Value {
    let log = &report.log;
    let line = |line: &LogLine| {
        json!({
            "line": line.line,
            "at": line.at.as_deref().map(harmless),
            "source": line.source,
            "event": line.event,
            "outcome": line.outcome.name(),
            "says": harmless(&line.says),
            "quoted": harmless(&line.quoted),
            "codes": line.codes.iter().copied().map(json::short).collect::<Vec<_>>(),
            "checks": line.checks,
            "times": line.times,
            "attempt": line.attempt,
        })
    };
    let cause = |(ranked, cause): (&Ranked, Cause)| json!({ "lines": ranked.lines, "first_line": ranked.first, "finding": json::finding(explanation, cause) });
    json!({
        "file": harmless(&report.file),
        "format": log.format.name(),
        "verdict": report.verdict(),
        "records": log.records,
        "failures": log.failures,
        "attempts": log.attempts,
        "successes": log.successes,
        "dropped": log.dropped,
        "cut": log.cut,
        "lines": log.lines.iter().map(line).collect::<Vec<_>>(),
        "causes": known(&log.causes).map(cause).collect::<Vec<_>>(),
    })
}

/// Writes the logs for tickets and wikis.
pub fn logs_markdown(logs: &[LogReport], explanation: &Explanation, out: &mut dyn Write) -> io::Result<()> {
    for (n, report) in logs.iter().enumerate() {
        if n > 0 {
            writeln!(out)?;
        }
        writeln!(out, "## {}\n\n{}, read as {}.\n", report.verdict(), markdown::quoted(&report.file), report.log.format.name())?;
        if !report.log.lines.is_empty() {
            writeln!(out, "| time | line | says |\n|---|---|---|")?;
        }
        for line in &report.log.lines {
            let at = harmless(line.at.as_deref().unwrap_or_default());
            let cells = [at, format!("{} ({})", line.named(), line.outcome.name()), harmless(&line.says)];
            writeln!(out, "| {} |", cells.map(|cell| cell.replace('|', "\\|")).join(" | "))?;
        }
        report.left_out().into_iter().try_for_each(|left| writeln!(out, "\n({left})"))?;
        for (n, (ranked, cause)) in (1..).zip(known(&report.log.causes)).take(super::IN_FULL) {
            writeln!(out, "\n### {n}. {} - {} ({})\n", cause.id(), cause.title(), evidence(ranked))?;
            write!(out, "{}", markdown::rows(&cause_rows(explanation, cause, false)))?;
        }
    }
    Ok(())
}
