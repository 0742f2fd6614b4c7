//! For tickets and wikis.

use super::{
    CHAP_TITLE, Explanation, ambiguous, cause_rows, causes, chap_rows, code_rows, code_title, fault_rows, fault_title, layer_how, on_layer,
};
use crate::diag::cause::Cause;
use crate::diag::codes::Code;
use crate::diag::explain::Meaning;
use crate::report::text::{harmless, list};
use std::io::{self, Write};

/// Writes the explanation.
pub fn render(explanation: &Explanation, out: &mut dyn Write) -> io::Result<()> {
    let mut blocks: Vec<String> = Vec::new();
    for subject in &explanation.explained.subjects {
        if ambiguous(&subject.meaning) {
            blocks.push(format!("{} stands in several families.\n", quoted(&subject.quoted)));
        }
        match &subject.meaning {
            Meaning::Codes(rows) => blocks.extend(rows.iter().map(|row| code(explanation, row))),
            Meaning::Cause(cause) => blocks.push(whole_cause(explanation, *cause)),
            Meaning::Chap(message) => {
                blocks.push(format!("## {CHAP_TITLE}\n\n{}", rows(&chap_rows(message))));
                blocks.extend(message.code().map(|row| code(explanation, row)));
            }
            Meaning::Fault(fault) => {
                blocks.push(format!("## {}\n\n{}", fault_title(fault), rows(&fault_rows(fault))));
                blocks.extend(Cause::by_id(fault.found_by).map(|cause| whole_cause(explanation, cause)));
            }
            Meaning::Layer(layer) => {
                let how = layer_how(*layer);
                let findings: String = on_layer(*layer).iter().map(|cause| format!("- {} - {}\n", cause.id(), cause.title())).collect();
                blocks.push(format!("## {} (layer {})\n\n`{}` {}.\n\n{findings}", layer.title(), layer.name(), how.line, how.tells));
            }
        }
    }
    for unknown in &explanation.explained.unknown {
        let says = if unknown.says.is_empty() { String::new() } else { format!(": {}", unknown.says) };
        let near = if unknown.near.is_empty() { String::new() } else { format!(" Near it: {}.", list(&unknown.near)) };
        blocks.push(format!("{} is not known{says}.{near}\n", quoted(&unknown.quoted)));
    }
    blocks.extend(explanation.explained.notes.iter().map(|note| format!("Note: {note}.\n")));
    write!(out, "{}", blocks.join("\n"))
}

fn whole_cause(explanation: &Explanation, cause: Cause) -> String {
    format!("## {} - {}\n\n{}", cause.id(), cause.title(), rows(&cause_rows(explanation, cause, true)))
}

fn code(explanation: &Explanation, row: &Code) -> String {
    let (first, rest) = causes(row);
    let mut block = format!("## {}\n\n{}", code_title(row), rows(&code_rows(row)));
    for (n, cause) in (1..).zip(&first) {
        block += &format!("\n### {n}. {} - {}\n\n{}", cause.id(), cause.title(), rows(&cause_rows(explanation, *cause, false)));
    }
    if !rest.is_empty() {
        block += &format!("\nAlso: {}\n", list(rest.iter().map(|cause| cause.id())));
    }
    block
}

/// Labels and values as a list; a command line stands in backticks.
pub fn rows(rows: &[(&str, String)]) -> String {
    let marked = |part: &str| if part.starts_with("sstp-diag ") { format!("`{part}`") } else { part.to_string() };
    let value = |value: &str| value.lines().map(marked).collect::<Vec<_>>().join(" ");
    rows.iter().filter(|row| !row.1.is_empty()).map(|row| format!("- {}: {}\n", row.0, value(&row.1))).collect()
}

/// What the user wrote, so that Markdown leaves it alone.
pub fn quoted(text: &str) -> String {
    format!("`{}`", harmless(text).replace('`', "'"))
}
