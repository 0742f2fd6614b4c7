//! What the cases are, printed from the rows.

use super::suite::alone;
use crate::base::Side;
use crate::jobs::conformance::coverage::{self, Coverage};
use crate::jobs::conformance::{Case, server};
use serde_json::{Value, json};
use std::fmt::Write;

/// A line for every case.
pub fn list(cases: &[Case]) -> String {
    let width = cases.iter().map(|case| case.id.len()).max().unwrap_or(0);
    let line = |case: &Case| format!("{:width$}  {:7}  {}\n", case.id, case.level.name(), case.title);
    cases.iter().map(line).collect()
}

/// What would be sent.
pub fn dry(cases: &[Case]) -> String {
    let mut text = String::new();
    for case in cases {
        let times = if case.base.times > 1 { format!(", {} connections", case.base.times) } else { String::new() };
        let _ = writeln!(text, "{}  climbs to {}{times}", case.id, case.base.until);
        case.edits.iter().for_each(|edit| text += &format!("    {edit}\n"));
        let _ = writeln!(text, "    expects {}", case.base.expect);
    }
    text
}

/// A case in full.
pub fn in_full(case: &Case) -> String {
    let mut text = format!("{}\n\n{} {}: {}\n{}\n\n", case.id, case.level.name(), case.spec, case.title, case.why);
    let _ = writeln!(text, "Our end      an honest {}, as far as {}", case.base.tests.other(), case.base.until.title());
    if case.edits.is_empty() {
        text += "Edits        none\n";
    }
    case.edits.iter().for_each(|edit| text += &format!("Edit         {edit}\n"));
    let _ = writeln!(text, "Accepted     {}", case.base.expect);
    if let Some(otherwise) = case.base.otherwise {
        let _ = writeln!(text, "Wrong reason {otherwise}");
    }
    if let Some((feature, lacks)) = case.base.only_if {
        let _ = writeln!(text, "Only if      {feature}; otherwise unsupported: {lacks}");
    }
    let _ = writeln!(text, "Watched      {} s after the first edit at most", case.base.within.as_secs());
    let _ = writeln!(text, "Covers       {}", case.covers.join(" "));
    let _ = writeln!(text, "Proved by    the lab fault {}", case.proved_by);
    let _ = writeln!(text, "Alone        {}", alone(case, "TARGET"));
    let _ = writeln!(text, "Failing      sstp-diag conformance server --lab --fault {} --case {}", case.proved_by, case.id);
    text
}

/// Every requirement with its cases, or why it has none.
pub fn coverage(untested: bool) -> String {
    let (cases, mut text) = (server::all(), String::new());
    let (mut covered, mut excused, mut gaps) = (0, 0, 0);
    for requirement in coverage::requirements(Side::Server) {
        let says = format!("{}  {:7}  [{}] {}\n", requirement.id, requirement.level.name(), requirement.section, requirement.says);
        let (count, how) = match coverage::coverage(&requirement, &cases) {
            Coverage::Cases(ids) => (&mut covered, ids.join(" ")),
            Coverage::Reason(reason) => (&mut excused, format!("not tested: {reason}")),
            Coverage::Gap => (&mut gaps, "not tested yet".to_string()),
        };
        *count += 1;
        if !untested || how.starts_with("not tested") {
            let _ = writeln!(text, "{says}    {how}");
        }
    }
    let _ = writeln!(text, "\n{covered} requirements have cases, {excused} a reason, {gaps} neither; {} cases.", cases.len());
    text
}

/// A case as a row of `catalogue cases -o json`.
pub fn case_json(case: &Case) -> Value {
    json!({
        "id": case.id,
        "level": case.level.name(),
        "spec": case.spec.to_string(),
        "title": case.title,
        "why": case.why,
        "covers": case.covers,
        "until": case.base.until,
        "edits": case.edits,
        "expects": case.base.expect.to_string(),
        "proved_by": case.proved_by,
        "slow": case.base.slow,
        "needs_account": case.needs_account(),
    })
}

/// `docs/cases.md`.
pub fn cases_page() -> String {
    let cases = server::all();
    let mut page = format!(
        "# Conformance cases\n\n{} rows, printed by `sstp-diag catalogue cases -o markdown`; `tests/catalogue.rs` compares.\n",
        cases.len()
    );
    let _ =
        writeln!(page, "\nEach passes against the sound lab and fails against the fault beside it; `tests/conformance.rs` runs them all.");
    let mut layer = String::new();
    for case in &cases {
        if case.layer() != layer && !page.contains(&format!("\n## {}\n", case.layer())) {
            layer = case.layer().to_string();
            let _ =
                writeln!(page, "\n## {layer}\n\n| case | level | source | requirement | expects | proved by |\n|---|---|---|---|---|---|");
            for case in cases.iter().filter(|case| case.layer() == layer) {
                let cells = [case.id.to_string(), case.level.name().into(), case.spec.to_string(), case.title.to_string()];
                let rest = [case.base.expect.to_string(), case.proved_by.to_string()];
                let cells: Vec<String> = cells.into_iter().chain(rest).map(|cell| cell.replace('|', "\\|")).collect();
                let _ = writeln!(page, "| {} |", cells.join(" | "));
            }
        }
    }
    page
}
