//! What `explain` found, as text, JSON and Markdown; pure, writes to a `Write`.

mod json;
mod log;
mod markdown;
mod text;

pub use log::{LogReport, logs_json, logs_markdown, logs_text};

use super::Style;
use super::sentence::{code_in_full, row_in_full};
use super::text::{harmless, list};
use crate::base::Layer;
use crate::diag::cause::{self, Cause};
use crate::diag::codes::{Basis, Code};
use crate::diag::explain::{ChapMessage, Explained, How, LabFault, Meaning, of_cause, of_fault, of_layer};
use crate::diag::unseen::Why;
use std::io;

/// What is rendered: the findings of `explain`, and the lab faults that show a cause.
pub struct Explanation<'a> {
    /// What the text names.
    pub explained: &'a Explained,
    /// The faults of the lab that a check of that id finds.
    pub faults: &'a dyn Fn(&str) -> Vec<&'static str>,
    /// How it is to look.
    pub style: Style,
}

/// One way to write it.
pub struct ExplainFormat {
    /// The name after `-o`.
    pub name: &'static str,
    /// Writes explanations.
    pub render: fn(&Explanation, &mut dyn io::Write) -> io::Result<()>,
    /// Writes logs.
    pub logs: fn(&[LogReport], &Explanation, &mut dyn io::Write) -> io::Result<()>,
}

/// All ways, the default first.
pub const EXPLAIN_FORMATS: &[ExplainFormat] = &[
    ExplainFormat { name: "text", render: text::render, logs: logs_text },
    ExplainFormat { name: "json", render: json::render, logs: logs_json },
    ExplainFormat { name: "markdown", render: markdown::render, logs: logs_markdown },
];

/// What is said about a code, label by label.
fn code_rows(code: &Code) -> Vec<(&'static str, String)> {
    let word = code.signed().map(|signed| format!("0x{:08X}, {signed}, {}", signed.cast_unsigned(), signed.cast_unsigned()));
    let dresses = match (code.family.is_plain(), word) {
        (true, Some(word)) => format!("{}, {word}", code.number),
        (true, None) => String::new(),
        (false, word) => word.unwrap_or_default(),
    };
    let basis = match code.basis {
        Basis::Read(source) => format!("read in {source}"),
        Basis::Inferred => "unverified: follows from the plain meaning of the code".to_string(),
    };
    vec![
        ("Meaning", code.means.to_string()),
        ("Points to", code.cause.to_string()),
        ("Basis", basis),
        ("Written", dresses),
        ("Seen in", code.family.seen().to_string()),
    ]
}

/// What is said about a cause, label by label.
fn cause_rows(explanation: &Explanation, cause: Cause, alone: bool) -> Vec<(&'static str, String)> {
    let doubt = if cause.verified() { "" } else { " - unverified" };
    let windows = || cause.windows().iter().map(|code| code_in_full(*code) + doubt).collect::<Vec<_>>().join("\n");
    let fix = cause.fix();
    let mut rows = vec![
        ("Meaning", cause.means().to_string()),
        ("Tell", cause.tell().unwrap_or_default().to_string()),
        ("Check", hows(explanation, cause).iter().map(|(line, tells)| format!("{line}\n({tells})")).collect::<Vec<_>>().join("\n")),
        ("Admin", fix.admin.to_string()),
        ("User", fix.user.to_string()),
    ];
    if alone {
        rows.insert(1, ("Layer", cause.layer().title().to_string()));
        rows.insert(
            2,
            ("Severity", cause.severity().map_or_else(|| "not looked for by a check".to_string(), |severity| severity.name().to_string())),
        );
        rows.insert(3, ("Windows", windows()));
    }
    if alone {
        rows.extend(cause.remedies().map(|(product, says)| (product.name(), says.to_string())));
    }
    if let (true, Cause::Unseen(row)) = (alone, cause) {
        rows.push(("No check", row.why().map(Why::says).unwrap_or_default()));
    }
    rows.push(("Spec", list(cause.spec())));
    if alone {
        rows.push(("Hence", list(explains(cause))));
        rows.push(("Basis", if cause.verified() { "" } else { "unverified" }.to_string()));
    }
    rows.into_iter().filter(|row| !row.1.is_empty()).collect()
}

/// The command lines for a cause, and what they tell.
fn hows(explanation: &Explanation, cause: Cause) -> Vec<(String, String)> {
    let lines = of_cause(cause).into_iter().map(|How { line, tells }| (line.to_string(), tells.to_string()));
    let faults = (explanation.faults)(cause.id()).into_iter().take(1);
    lines.chain(faults.map(|fault| (of_fault(fault), "shows what it looks like".to_string()))).collect()
}

/// The findings that follow from a check.
fn explains(cause: Cause) -> Vec<&'static str> {
    match cause {
        Cause::Check(check) => check.explains.to_vec(),
        Cause::Unseen(_) => Vec::new(),
        Cause::Way(row) => row.explains.to_vec(),
    }
}

/// The causes of a code: those told in full, and the rest.
fn causes(code: &Code) -> (Vec<Cause>, Vec<Cause>) {
    let mut causes = cause::of_code(code);
    let rest = causes.split_off(causes.len().min(IN_FULL));
    (causes, rest)
}

/// What a layer can go wrong with: checks, then causes that no check sees.
fn on_layer(layer: Layer) -> Vec<Cause> {
    cause::all().filter(|cause| cause.layer() == layer && !matches!(cause, Cause::Way(_))).collect()
}

/// The heading of a failure message of MS-CHAPv2.
const CHAP_TITLE: &str = "The message of an MS-CHAPv2 failure";

/// What is said about such a message, field by field; the code in it is told after it.
fn chap_rows(message: &ChapMessage) -> Vec<(&'static str, String)> {
    let mut rows = vec![("Meaning", "The server refuses the login; the fields say why, and whether to try again".to_string())];
    rows.extend(message.fields().into_iter().map(|(name, says)| (name, harmless(&says))));
    rows.push(("Spec", "RFC 2759 6".to_string()));
    rows
}

/// The heading of a fault of the lab.
fn fault_title(fault: &LabFault) -> String {
    format!("{} ({} of the lab)", fault.id, fault.kind)
}

/// What is said about a fault of the lab.
fn fault_rows(fault: &LabFault) -> Vec<(&'static str, String)> {
    let id = fault.id;
    let draws = match (Cause::by_id(fault.found_by), fault.kind) {
        (Some(cause), _) => format!("{} - {}", cause.id(), cause.title()),
        (None, "mutant") => "nothing: an honest call need not notice; a case of the conformance suite fails".to_string(),
        (None, _) => "nothing above a note: it is unusual and harmless".to_string(),
    };
    let lines = [
        format!("{}\n(shows what it looks like)", of_fault(id)),
        format!("sstp-diag lab --fault {id}\n(a server that behaves so, for any client to dial)"),
        format!("sstp-diag conformance server --lab --fault {id}\n(shows the cases that fail)"),
    ];
    let shown = if fault.kind == "mutant" { lines.get(1..) } else { lines.get(..2) };
    vec![
        ("Does", fault.title.to_string()),
        ("Layer", fault.layer.title().to_string()),
        ("Draws", draws),
        ("Check", shown.unwrap_or_default().join("\n")),
    ]
}

/// The heading of a code.
fn code_title(code: &Code) -> String {
    format!("{} ({})", row_in_full(code), code.family.name())
}

/// How often a number stands in several families.
fn ambiguous(meaning: &Meaning) -> bool {
    matches!(meaning, Meaning::Codes(rows) if rows.len() > 1)
}

fn layer_how(layer: Layer) -> How {
    of_layer(layer)
}

/// Ours: so many causes of a code are told in full; the others by their titles.
const IN_FULL: usize = 3;

#[cfg(test)]
mod tests;
