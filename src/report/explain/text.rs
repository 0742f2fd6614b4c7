//! For people: a block for everything that was named.

use super::{
    CHAP_TITLE, Explanation, ambiguous, cause_rows, causes, chap_rows, code_rows, code_title, fault_rows, fault_title, layer_how, on_layer,
};
use crate::base::Layer;
use crate::diag::Severity;
use crate::diag::cause::Cause;
use crate::diag::codes::Code;
use crate::diag::explain::{LabFault, Meaning, Unknown};
use crate::report::table::{BOLD, RED, YELLOW, paint};
use crate::report::text::{hanging, harmless, list};
use std::io::{self, Write};

/// Writes the explanation.
pub fn render(explanation: &Explanation, out: &mut dyn Write) -> io::Result<()> {
    let explained = explanation.explained;
    let mut told = Vec::new();
    for (n, subject) in explained.subjects.iter().enumerate() {
        if n > 0 {
            writeln!(out)?;
        }
        if ambiguous(&subject.meaning) {
            let quoted = harmless(&subject.quoted);
            line(
                explanation,
                out,
                &format!(
                    "{quoted:?} stands in several families; a word in front of it chooses one (RAS, event, NPS, alert, status, verify, E=)."
                ),
                0,
            )?;
            writeln!(out)?;
        }
        match &subject.meaning {
            Meaning::Codes(rows) => {
                rows.iter().enumerate().try_for_each(|(n, row)| spaced(n, out).and_then(|()| code(explanation, row, &mut told, out)))?
            }
            Meaning::Cause(cause) => alone(explanation, *cause, out)?,
            Meaning::Chap(message) => {
                title(explanation, out, CHAP_TITLE, BOLD)?;
                rows(explanation, out, &chap_rows(message))?;
                message.code().map_or(Ok(()), |row| spaced(1, out).and_then(|()| code(explanation, row, &mut told, out)))?;
            }
            Meaning::Fault(fault) => whole_fault(explanation, fault, out)?,
            Meaning::Layer(layer) => whole_layer(explanation, *layer, out)?,
        }
    }
    for (n, unknown) in explained.unknown.iter().enumerate() {
        spaced(n + explained.subjects.len(), out)?;
        lost(explanation, unknown, out)?;
    }
    for (n, note) in explained.notes.iter().enumerate() {
        spaced(n + explained.subjects.len() + explained.unknown.len(), out)?;
        line(explanation, out, &format!("Note: {note}."), 2)?;
    }
    Ok(())
}

fn spaced(n: usize, out: &mut dyn Write) -> io::Result<()> {
    if n > 0 { writeln!(out) } else { Ok(()) }
}

/// A code; causes in `told` stand further up already.
fn code(explanation: &Explanation, row: &Code, told: &mut Vec<&'static str>, out: &mut dyn Write) -> io::Result<()> {
    title(explanation, out, &code_title(row), BOLD)?;
    rows(explanation, out, &code_rows(row))?;
    let (first, rest) = causes(row);
    if !first.is_empty() {
        writeln!(out)?;
        title(explanation, out, "Likely causes, likeliest first", BOLD)?;
    }
    for (n, cause) in (1..).zip(&first) {
        let above = told.contains(&cause.id());
        let place = if above { "see above" } else { cause.layer().title() };
        line(explanation, out, &format!("{n}. {} - {} ({place})", cause.id(), cause.title()), 3)?;
        if !above {
            told.push(cause.id());
            rows(explanation, out, &cause_rows(explanation, *cause, false))?;
        }
    }
    if !rest.is_empty() {
        line(explanation, out, &format!("Also: {}", list(rest.iter().map(|cause| cause.id()))), 3)?;
    }
    Ok(())
}

fn alone(explanation: &Explanation, cause: Cause, out: &mut dyn Write) -> io::Result<()> {
    title(explanation, out, &format!("{} - {}", cause.id(), cause.title()), BOLD)?;
    rows(explanation, out, &cause_rows(explanation, cause, true))
}

fn whole_fault(explanation: &Explanation, fault: &LabFault, out: &mut dyn Write) -> io::Result<()> {
    title(explanation, out, &fault_title(fault), BOLD)?;
    rows(explanation, out, &fault_rows(fault))?;
    match Cause::by_id(fault.found_by) {
        Some(cause) => spaced(1, out).and_then(|()| alone(explanation, cause, out)),
        None => Ok(()),
    }
}

fn whole_layer(explanation: &Explanation, layer: Layer, out: &mut dyn Write) -> io::Result<()> {
    title(explanation, out, &format!("{} (layer {})", layer.title(), layer.name()), BOLD)?;
    let how = layer_how(layer);
    rows(explanation, out, &[("Check", format!("{}\n({})", how.line, how.tells))])?;
    let checks = on_layer(layer);
    for (heading, severity) in [
        ("Failures", Some(Severity::Fail)),
        ("Warnings", Some(Severity::Warn)),
        ("Notes", Some(Severity::Note)),
        ("Causes that no check sees", None),
    ] {
        let mut these = checks.iter().filter(|cause| cause.severity() == severity).peekable();
        if these.peek().is_some() {
            writeln!(out)?;
            title(explanation, out, heading, BOLD)?;
        }
        these.try_for_each(|cause| line(explanation, out, &format!("  {} - {}", cause.id(), cause.title()), 4))?;
    }
    Ok(())
}

fn lost(explanation: &Explanation, unknown: &Unknown, out: &mut dyn Write) -> io::Result<()> {
    let quoted = harmless(&unknown.quoted);
    let says = if unknown.says.is_empty() { String::new() } else { format!(": {}", unknown.says) };
    title(explanation, out, &format!("{quoted:?} is not known{says}"), RED)?;
    if unknown.near.is_empty() {
        return Ok(());
    }
    line(explanation, out, "Was one of these meant?", 0)?;
    unknown.near.iter().try_for_each(|near| line(explanation, out, &format!("  {near}"), 4))
}

/// Labels and values; a value of several lines goes on under itself.
pub fn rows(explanation: &Explanation, out: &mut dyn Write, rows: &[(&str, String)]) -> io::Result<()> {
    for (label, value) in rows.iter().filter(|row| !row.1.is_empty()) {
        for (n, part) in value.lines().enumerate() {
            let label = if n == 0 { label } else { "" };
            let doubtful = explanation.style.colour && part.starts_with("unverified");
            let part = hanging(&format!("{}{part}", " ".repeat(LABEL)), explanation.style.width, LABEL);
            let part = part.get(LABEL..).unwrap_or_default();
            let part = if doubtful { paint(part, YELLOW, true) } else { part.to_string() };
            writeln!(out, "{:<LABEL$}{part}", format!("  {label}"))?;
        }
    }
    Ok(())
}

/// A line of text, broken where it must be.
pub fn line(explanation: &Explanation, out: &mut dyn Write, text: &str, indent: usize) -> io::Result<()> {
    writeln!(out, "{}", hanging(text, explanation.style.width, indent))
}

/// A heading.
pub fn title(explanation: &Explanation, out: &mut dyn Write, text: &str, tone: &str) -> io::Result<()> {
    for line in hanging(text, explanation.style.width, 2).lines() {
        writeln!(out, "{}", paint(line, tone, explanation.style.colour))?;
    }
    Ok(())
}

/// Columns of a label.
const LABEL: usize = 12;
