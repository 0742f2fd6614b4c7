//! The pages `docs/checks.md`, `docs/faults.md` and `docs/codes.md`, printed from the rows.

use crate::base::Layer;
use crate::diag::codes::{self, Basis};
use crate::diag::unseen::{self, Why};
use crate::diag::{self, Check};
use crate::jobs::lab::fault;
use crate::report::sentence::{code_in_full, row_in_full};
use std::fmt::Write;

/// `docs/checks.md`.
pub fn checks() -> String {
    let mut page = head("Checks", "checks", diag::all().count());
    for layer in Layer::ALL {
        let rows: Vec<_> = diag::all().filter(|check| check.layer == layer).collect();
        if !rows.is_empty() {
            let _ = writeln!(page, "\n## {}", layer.title());
        }
        rows.into_iter().for_each(|row| check(&mut page, row));
    }
    page
}

fn check(page: &mut String, check: &Check) {
    let _ = writeln!(page, "\n### {}\n\n{} ({}). {}\n", check.id, check.title, severity(check), check.means);
    let windows: Vec<String> = check.windows.iter().map(|code| code_in_full(*code)).collect();
    if !windows.is_empty() {
        let doubt = if check.verified { "" } else { " (unverified)" };
        let _ = writeln!(page, "- Windows{doubt}: {}", windows.join("; "));
    }
    if !check.fix.admin.is_empty() {
        let _ = writeln!(page, "- Admin: {}", check.fix.admin);
    }
    if !check.fix.user.is_empty() {
        let _ = writeln!(page, "- User: {}", check.fix.user);
    }
    for (product, says) in check.remedies() {
        let _ = writeln!(page, "- {}: {says}", product.name());
    }
    let spec: Vec<String> = check.spec.iter().map(ToString::to_string).collect();
    if !spec.is_empty() {
        let _ = writeln!(page, "- Source: {}", spec.join(", "));
    }
}

fn severity(check: &Check) -> String {
    let warns = if check.spares.is_some() { "; warn where every current Windows goes on" } else { "" };
    let notes = if check.harmless.is_some() { "; note where nothing came of it" } else { "" };
    format!("{}{warns}{notes}", check.severity.name())
}

/// `docs/faults.md`.
pub fn faults() -> String {
    let mut page = head("Lab faults", "faults", fault::all().count());
    let _ = writeln!(page, "\nEach is found by the check named beside it; `tests/lab.rs` runs them all.");
    table(&mut page, ["fault", "what is wrong", "found by"], fault::all().map(|row| [row.id, row.title, row.found_by]));
    let _ = writeln!(page, "\nUnusual and harmless: with these the call works and nothing above a note is found.");
    table(&mut page, ["oddity", "what is unusual", ""], fault::oddities().map(|row| [row.id, row.title, ""]));
    let _ = writeln!(page, "\nMutants break one rule that an honest call need not notice; conformance cases fail against them.");
    table(&mut page, ["mutant", "what is wrong", ""], fault::mutants().map(|row| [row.id, row.title, ""]));
    page
}

/// `docs/codes.md`.
pub fn codes() -> String {
    let mut page = head("Codes", "codes", codes::all().count());
    let _ = writeln!(page, "\nThe link of a code to a cause in an SSTP dial is unverified unless a source is named.");
    let mut family = None;
    for code in codes::all() {
        if family != Some(code.family) {
            family = Some(code.family);
            let _ = writeln!(page, "\n## {}\n\nSeen in {}.", code.family.name(), code.family.seen());
            let _ = writeln!(page, "\n| code | meaning | likely cause | source | checks |\n|---|---|---|---|---|");
        }
        let basis = match code.basis {
            Basis::Read(source) => source,
            Basis::Inferred => "unverified",
        };
        let cells = [row_in_full(code), code.means.to_string(), code.cause.to_string(), basis.to_string(), code.checks.join(" ")];
        let _ = writeln!(page, "| {} |", cells.map(|cell| cell.replace('|', "\\|")).join(" | "));
    }
    page + &unseen_causes()
}

/// What codes point to and no check sees.
fn unseen_causes() -> String {
    let mut page =
        String::from("\n## Causes that no check sees\n\nCodes and logs point to them; `sstp-diag explain` tells how to mend them.\n");
    let _ = writeln!(page, "\n| cause | layer | what it is | how to tell | why no check looks for it | basis |\n|---|---|---|---|---|---|");
    for row in unseen::all() {
        let basis = if row.verified { "read, measured or by the protocol" } else { "unverified" };
        let why = row.why().map(Why::says).unwrap_or_default();
        let cells = [row.id, row.layer.name(), row.title, row.tell, why.as_str(), basis];
        let _ = writeln!(page, "| {} |", cells.map(|cell| cell.replace('|', "\\|")).join(" | "));
    }
    page
}

fn head(title: &str, what: &str, count: usize) -> String {
    format!("# {title}\n\n{count} rows, printed by `sstp-diag catalogue {what} -o markdown`; `tests/catalogue.rs` compares.\n")
}

fn table<'a>(page: &mut String, heads: [&str; 3], rows: impl Iterator<Item = [&'a str; 3]>) {
    let _ = writeln!(page, "\n| {} |\n|---|---|---|", heads.join(" | "));
    for row in rows {
        let _ = writeln!(page, "| {} |", row.join(" | "));
    }
}
