//! What the cases are, printed from the rows.

use super::suite::alone;
use crate::base::Side;
use crate::cli::args::SuiteArgs;
use crate::jobs::conformance::client::{self, mutants};
use crate::jobs::conformance::coverage::{self, Coverage};
use crate::jobs::conformance::{Case, Level, server};
use crate::proto::plan::{BindingKey, Method, ServerConfig};
use crate::proto::quirk::Quirk;
use serde_json::{Value, json};
use std::fmt::Write;

/// What is shown in place of a run, where that is wanted.
pub fn asked_for(args: &SuiteArgs, cases: &[Case]) -> Option<String> {
    match args {
        SuiteArgs { list: true, .. } => Some(list(cases)),
        SuiteArgs { dry_run: true, .. } => Some(dry(cases)),
        _ => None,
    }
}

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
        besides(case).iter().for_each(|line| text += &format!("    {line}\n"));
        case.edits.iter().for_each(|edit| text += &format!("    {edit}\n"));
        let _ = writeln!(text, "    expects {}", case.base.expect);
    }
    text
}

/// What our end does that is no edit.
pub fn besides(case: &Case) -> Vec<String> {
    let below = case.base.below.map(|pair| pair.1.to_string());
    let meanwhile = case.base.meanwhile.map(|other| format!("meanwhile another call {}", other.says));
    let quirks = [
        (Quirk::SmallMru, "asks for an MRU of 576"),
        (Quirk::LargePackets, "pings with 1500 bytes"),
        (Quirk::HashesDomain, "hashes the domain with the user name"),
    ];
    let quirks = quirks.iter().filter(|row| case.base.quirks.contains(&row.0)).map(|row| row.1.to_string());
    let named = |method: &Method| method.name();
    let methods = case.base.methods.map(|methods| format!("uses {} only", methods.iter().map(named).collect::<Vec<_>>().join(", ")));
    let hash = case.base.hash.map(|hash| format!("binds with {}", hash.name()));
    let key = match case.base.key {
        BindingKey::Right => None,
        BindingKey::Zero => Some("binds with a key of zeros".to_string()),
        BindingKey::Swapped => Some("binds with the send key and the receive key in the wrong order".to_string()),
    };
    let replays = case.base.replays.map(|name| format!("sends on the last connection the {name} of the first, byte by byte"));
    let domain = case.base.domain.map(|domain| format!("the user name has {domain}\\ in front"));
    let hung_up = case.base.hangs_up.then(|| "the client is made to hang up 3 s after the start".to_string());
    let shown = case.base.lab.map(|lab| format!("the lab's {lab}"));
    let says = [below, meanwhile, methods, hash, key, replays, domain, hung_up, shown];
    says.into_iter().flatten().chain(quirks).chain(policy(case)).collect()
}

/// In what the server of a client case is special, as its configuration has it.
fn policy(case: &Case) -> Vec<String> {
    if case.base.tests == Side::Server {
        return Vec::new();
    }
    let plain = ServerConfig::default();
    let mut special = plain.clone();
    (case.base.policy)(&mut special);
    let (plain, special) = (fields(&format!("{plain:#?}")), fields(&format!("{special:#?}")));
    let differs = special.iter().filter(|field| !plain.contains(field));
    differs.map(|(name, value)| format!("our server has {}: {value}", name.replace('_', " "))).collect()
}

/// The fields of a structure that is printed over several lines, each with its value in one.
fn fields(printed: &str) -> Vec<(String, String)> {
    let mut fields: Vec<(String, String)> = Vec::new();
    for line in printed.lines() {
        let outer = line.strip_prefix("    ").filter(|line| !line.starts_with([' ', ']', '}', ')']));
        match (outer.and_then(|line| line.split_once(": ")), fields.last_mut()) {
            (Some((name, value)), _) => fields.push((name.to_string(), value.to_string())),
            (None, Some((_, value))) if line.starts_with(' ') => value.push_str(line.trim_start()),
            _ => {}
        }
    }
    fields.into_iter().map(|(name, value)| (name, plainly(value.trim_end_matches(',')))).collect()
}

/// A value without the dress of the language, and what follows on each other in a list as `1 to 9`.
fn plainly(value: &str) -> String {
    let bare = value.strip_prefix("Some(").and_then(|value| value.strip_suffix(')')).unwrap_or(value).trim_end_matches(',');
    let Some(list) = bare.strip_prefix('[').and_then(|value| value.strip_suffix(']')) else {
        return if bare == "None" { "none".to_string() } else { bare.to_string() };
    };
    let numbers: Option<Vec<u64>> = list.split(',').filter(|it| !it.is_empty()).map(|it| it.trim().parse().ok()).collect();
    let Some(numbers) = numbers else { return list.trim_end_matches(',').replace(',', ", ") };
    let mut runs: Vec<(u64, u64)> = Vec::new();
    for number in numbers {
        match runs.last_mut() {
            Some((_, last)) if last.checked_add(1) == Some(number) => *last = number,
            _ => runs.push((number, number)),
        }
    }
    let run = |(first, last): &(u64, u64)| if first == last { first.to_string() } else { format!("{first} to {last}") };
    if runs.is_empty() { "none".to_string() } else { runs.iter().map(run).collect::<Vec<_>>().join(", ") }
}

/// A case in full.
pub fn in_full(case: &Case) -> String {
    let mut text = format!("{}\n\n{} {}: {}\n{}\n\n", case.id, case.level.name(), case.spec, case.title, case.why);
    let _ = writeln!(text, "Level        {}: {}", case.level.name(), case.level.means());
    let _ = writeln!(text, "Our end      an honest {}, as far as {}", case.base.tests.other(), case.base.until.title());
    besides(case).iter().for_each(|line| text += &format!("Besides      {line}\n"));
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
    if let Some((what, missing)) = case.base.needs {
        let _ = writeln!(text, "Judges       {what}; otherwise inconclusive: {missing}");
    }
    let _ = writeln!(text, "Watched      {} s after the first edit at most", case.base.within.as_secs());
    if !case.covers.is_empty() {
        let _ = writeln!(text, "Covers       {}", case.covers.join(" "));
    }
    let (prover, how) = match case.base.tests {
        Side::Server => ("the lab fault", "TARGET"),
        Side::Client => ("the client mutation", "--exec 'CLIENT {host} {port}'"),
    };
    let failing = match (case.base.tests, mutants::find(case.proved_by)) {
        // What lies below SSTP is proved by a client that does not look.
        (Side::Client, None) => ("a client that goes on whatever it is shown", CARELESS.to_string()),
        (Side::Client, _) => (prover, format!("--lab --fault {}", case.proved_by)),
        // What the sound lab needs for the case to say anything, the spoilt one needs too.
        (Side::Server, _) => (
            prover,
            ["--lab"]
                .into_iter()
                .chain(case.base.lab.into_iter().chain([case.proved_by]).flat_map(|id| ["--fault", id]))
                .collect::<Vec<_>>()
                .join(" "),
        ),
    };
    let name = if failing.0 == prover { format!("{prover} {}", case.proved_by) } else { failing.0.to_string() };
    let _ = writeln!(text, "Proved by    {name}");
    let _ = writeln!(text, "Alone        {}", alone(case, how));
    let strict = if case.level == Level::Should { " --strict" } else { "" };
    let _ = writeln!(text, "Failing      sstp-diag conformance {} {}{strict} --case {}", case.base.tests, failing.1, case.id);
    text
}

/// Every requirement of both sides with its cases, or why it has none.
pub fn coverage(untested: bool) -> String {
    [Side::Server, Side::Client].map(|side| covered(side, untested)).join("\n")
}

fn covered(side: Side, untested: bool) -> String {
    let (cases, mut text) = (of(side), String::new());
    let (mut covered, mut excused, mut gaps) = (0, 0, 0);
    for requirement in coverage::requirements(side) {
        let says = format!("{}  {:7}  [{}] {}\n", requirement.id, requirement.level.name(), requirement.section, requirement.says);
        let (count, how) = match coverage::coverage(&requirement, &cases) {
            Coverage::Cases(ids) => (&mut covered, folded(&ids)),
            Coverage::Reason(reason) => (&mut excused, format!("not tested: {reason}")),
            Coverage::Gap => (&mut gaps, "not tested yet".to_string()),
        };
        *count += 1;
        if !untested || how.starts_with("not tested") {
            let _ = writeln!(text, "{says}    {how}");
        }
    }
    let count = cases.len();
    let _ = writeln!(text, "\n{side}: {covered} requirements have cases, {excused} a reason, {gaps} neither; {count} cases.");
    text
}

/// Ids in a line; where three or more differ in a number that counts on they are one word, `…-split-{1..13}`, as shells spell it.
fn folded(ids: &[String]) -> String {
    let (mut words, mut left) = (Vec::new(), ids);
    while let Some(first) = left.first() {
        let (up, down) = (counted(left, 1), counted(left, -1));
        let count = up.max(down);
        match (numbered(first), left.get(count - 1).and_then(|id| numbered(id))) {
            (Some((stem, from)), Some((_, to))) if count > 2 => words.push(format!("{stem}-{{{from}..{to}}}")),
            _ => words.extend(left.iter().take(count).cloned()),
        }
        left = left.get(count..).unwrap_or_default();
    }
    words.join(" ")
}

/// How many of the ids in front differ in a number only that grows by `step`; one at least.
fn counted(ids: &[String], step: i64) -> usize {
    let Some((stem, from)) = ids.first().and_then(|id| numbered(id)) else { return 1 };
    let expected = std::iter::successors(Some(from), |number| Some(number + step));
    let goes_on = |pair: &(&String, i64)| numbered(pair.0) == Some((stem, pair.1));
    ids.iter().zip(expected).take_while(goes_on).count().max(1)
}

/// An id that ends in a number: what stands before it, and the number.
fn numbered(id: &str) -> Option<(&str, i64)> {
    let (stem, number) = id.rsplit_once('-')?;
    let parsed = number.parse::<u32>().ok().filter(|parsed| parsed.to_string() == number)?;
    Some((stem, i64::from(parsed)))
}

/// All cases for a side.
fn of(side: Side) -> Vec<Case> {
    match side {
        Side::Server => server::all(),
        Side::Client => client::all(),
    }
}

/// All cases for both sides.
pub fn all() -> Vec<Case> {
    server::all().into_iter().chain(client::all()).collect()
}

/// A case as a row of `catalogue cases -o json`.
pub fn case_json(case: &Case) -> Value {
    json!({
        "id": case.id,
        "tests": case.base.tests,
        "level": case.level.name(),
        "spec": case.spec.to_string(),
        "title": case.title,
        "why": case.why,
        "covers": case.covers,
        "until": case.base.until,
        "besides": besides(case),
        "edits": case.edits,
        "expects": case.base.expect.to_string(),
        "proved_by": case.proved_by,
        "slow": case.base.slow,
        "needs_account": case.needs_account(),
    })
}

/// `docs/cases.md`.
pub fn cases_page() -> String {
    let mut page = String::from(CASES_HEAD);
    for side in [Side::Server, Side::Client] {
        let cases = of(side);
        let _ = writeln!(page, "\n# Cases for a {side}: {}", cases.len());
        let mut layers: Vec<&str> = Vec::new();
        cases.iter().for_each(|case| {
            if !layers.contains(&case.layer()) {
                layers.push(case.layer())
            }
        });
        layers.into_iter().for_each(|layer| page += &layer_page(side, layer, &cases));
    }
    page
}

fn layer_page(side: Side, layer: &str, cases: &[Case]) -> String {
    let mut page = format!("\n## {side}: {layer}\n\n{CASES_TABLE}");
    for case in cases.iter().filter(|case| case.layer() == layer) {
        let cells = [case.id.to_string(), case.level.name().into(), case.spec.to_string(), case.title.to_string()];
        let rest = [case.base.expect.to_string(), case.proved_by.to_string()];
        let cells: Vec<String> = cells.into_iter().chain(rest).map(|cell| cell.replace('|', "\\|")).collect();
        let _ = writeln!(page, "| {} |", cells.join(" | "));
    }
    page
}

/// A client that no certificate keeps from going on.
const CARELESS: &str = "--exec 'sstp-diag probe {host}:{port} --user {user} --password-file {password_file}'";
const CASES_HEAD: &str = "# Conformance cases\n\nPrinted by `sstp-diag catalogue cases -o markdown`; `tests/catalogue.rs` compares.\n\n\
Each case for a server passes against the sound lab and fails against the lab fault beside it; each case for a client passes against the \
built-in client and fails against the mutation of it beside it; `tests/conformance.rs` runs them all.\n";
const CASES_TABLE: &str = "| case | level | source | requirement | expects | proved by |\n|---|---|---|---|---|---|\n";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_our_end_does_besides_is_said_in_words() {
        let (mut said, mut lines) = (0, Vec::new());
        for case in server::all().iter().chain(&client::all()) {
            lines.extend(besides(case));
            said += policy(case).len();
        }
        let odd: Vec<&String> = lines.iter().filter(|line| line.contains(['[', ']', '(', '"', '_']) || line.contains("Sha")).collect();
        assert!(said > 60 && odd.is_empty(), "{said} {odd:?}");
        let printed =
            "It {\n    one: Some(\n        1400,\n    ),\n    two: [\n        0,\n        1,\n        7,\n    ],\n    three: None,\n}";
        let fields = fields(printed);
        let rows: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(rows, [("one", "1400"), ("two", "0 to 1, 7"), ("three", "none")]);
    }

    #[test]
    fn families_are_one_word() {
        let folded = |ids: &str| folded(&ids.split(' ').map(String::from).collect::<Vec<_>>());
        assert_eq!(folded("a/b/c a/b/x-1 a/b/x-2 a/b/x-3 a/b/y-3"), "a/b/c a/b/x-{1..3} a/b/y-3");
        assert_eq!(folded("a/b/x-9 a/b/x-8 a/b/x-7 a/b/x-5 a/b/x-4"), "a/b/x-{9..7} a/b/x-5 a/b/x-4");
        assert_eq!(folded("a/b/x-01 a/b/x-2 a/b/x-4"), "a/b/x-01 a/b/x-2 a/b/x-4");
        assert_eq!(folded(""), "");
    }
}
