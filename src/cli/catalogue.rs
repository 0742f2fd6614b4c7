//! `catalogue`: the rows that this program knows, the id first.

mod pages;

use super::args::{CatalogueArgs, Shape, What};
use super::conformance;
use super::exit::{Exit, Trouble};
use super::output::print;
use crate::diag::codes::{self, Code};
use crate::diag::{self, Check};
use crate::jobs::lab::fault::{self, Fault};
use crate::report::sentence::{code_in_full, numbers};
use serde_json::{Value, json};

/// Prints rows.
pub fn run(args: &CatalogueArgs) -> Result<Exit, Trouble> {
    let text = match (args.what, args.output) {
        (What::Checks, Shape::Table) => aligned(diag::all().map(check_row)),
        (What::Faults, Shape::Table) => aligned(fault::all().map(fault_row)),
        (What::Codes, Shape::Table) => aligned(codes::all().map(code_row)),
        (What::Cases, Shape::Table) => conformance::list(&conformance::all()),
        (What::Cases, Shape::Json) => array(conformance::all().iter().map(conformance::case_json)),
        (What::Cases, Shape::Markdown) => conformance::cases_page(),
        (What::Checks, Shape::Json) => array(diag::all().map(check_json)),
        (What::Faults, Shape::Json) => array(fault::all().map(fault_json)),
        (What::Codes, Shape::Json) => array(codes::all().map(code_json)),
        (What::Checks, Shape::Markdown) => pages::checks(),
        (What::Faults, Shape::Markdown) => pages::faults(),
        (What::Codes, Shape::Markdown) => pages::codes(),
    };
    print(text.as_bytes())?;
    Ok(Exit::Works)
}

fn check_row(check: &Check) -> [String; 4] {
    [check.id, check.layer.name(), check.severity.name(), check.title].map(str::to_string)
}

fn fault_row(fault: &Fault) -> [String; 4] {
    [fault.id, fault.layer.name(), fault.found_by, fault.title].map(str::to_string)
}

fn code_row(code: &Code) -> [String; 4] {
    [code.name.to_string(), code.family.name().to_string(), numbers(code), code.means.to_string()]
}

fn check_json(check: &Check) -> Value {
    json!({
        "id": check.id,
        "layer": check.layer,
        "severity": check.severity.name(),
        "title": check.title,
        "means": check.means,
        "fix": { "admin": check.fix.admin, "user": check.fix.user },
        "windows": check.windows.iter().map(|code| code_in_full(*code)).collect::<Vec<_>>(),
        "verified": check.verified,
        "spec": check.spec.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "explains": check.explains,
    })
}

fn fault_json(fault: &Fault) -> Value {
    json!({ "id": fault.id, "layer": fault.layer, "title": fault.title, "found_by": fault.found_by })
}

fn code_json(code: &Code) -> Value {
    json!({
        "id": code.name,
        "family": code.family.name(),
        "number": code.number,
        "hresult": code.hresult().map(|word| format!("0x{word:08X}")),
        "signed": code.signed(),
        "means": code.means,
        "cause": code.cause,
        "verified": matches!(code.basis, codes::Basis::Read(_)),
        "checks": code.checks,
    })
}

fn array(rows: impl Iterator<Item = Value>) -> String {
    let rows: Vec<_> = rows.map(|row| format!("  {row}")).collect();
    format!("[\n{}\n]\n", rows.join(",\n"))
}

fn aligned(rows: impl Iterator<Item = [String; 4]>) -> String {
    let rows: Vec<_> = rows.collect();
    let widths = [0, 1, 2].map(|column| rows.iter().map(|row: &[String; 4]| row[column].chars().count()).max().unwrap_or(0));
    let line = |[id, second, third, last]: &[String; 4]| {
        let [a, b, c] = widths;
        format!("{id:a$}  {second:b$}  {third:c$}  {last}\n")
    };
    rows.iter().map(line).collect()
}
