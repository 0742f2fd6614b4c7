//! The matrix: every case passes against the clean lab and fails against the lab with exactly its fault, in memory.

use sstp_diag::base::{Layer, Side};
use sstp_diag::jobs::conformance::coverage::{self, Coverage, UNTESTED};
use sstp_diag::jobs::conformance::{Case, Grade, rehearse, server};
use sstp_diag::jobs::lab::fault;
use sstp_diag::proto::edit::Edit;
use std::collections::HashSet;

fn wrong(case: &Case) -> Option<String> {
    let (clean, events) = rehearse::server(case, &[]);
    if clean.grade != Grade::Pass {
        let seen: Vec<String> =
            events.iter().rev().take(6).rev().map(|event| format!("    {:?} {:?} {:?}", event.at, event.by, event.what)).collect();
        return Some(format!("{}: clean lab: {} {}\n{}", case.id, clean.grade.name(), clean.actual, seen.join("\n")));
    }
    let (spoilt, _) = rehearse::server(case, &[case.proved_by]);
    (!spoilt.grade.is_held_against()).then(|| format!("{}: with {}: {} {}", case.id, case.proved_by, spoilt.grade.name(), spoilt.actual))
}

#[test]
fn every_server_case_passes_the_clean_lab_and_fails_its_mutant() {
    let cases = server::all();
    let wrong: Vec<String> = cases.iter().filter_map(wrong).collect();
    assert!(wrong.is_empty(), "{} of {} are wrong:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

#[test]
fn the_rows_are_well_formed() {
    let cases = server::all();
    assert!(cases.len() >= 450, "{} cases", cases.len());
    let mut seen = HashSet::new();
    for case in &cases {
        assert!(seen.insert(case.id.clone()), "{} stands twice", case.id);
        let parts: Vec<&str> = case.id.split('/').collect();
        let kebab = |text: &str| text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
        assert!(matches!(parts.as_slice(), [layer, _, what] if Layer::from_name(layer).is_some() && kebab(what)), "{}", case.id);
        assert!(!case.title.is_empty() && !case.title.ends_with('.') && case.why.ends_with('.'), "{}", case.id);
        for line in &case.edits {
            Edit::parse(line).unwrap_or_else(|error| panic!("{}: {error}", case.id));
        }
        assert!(fault::find(case.proved_by).is_some(), "{}: no fault {}", case.id, case.proved_by);
    }
}

#[test]
fn every_requirement_has_a_case_or_a_reason() {
    let cases = server::all();
    let all: Vec<_> = coverage::requirements(Side::Server).collect();
    assert_eq!(all.len(), 296);
    let gaps: Vec<&str> = all.iter().filter(|one| coverage::coverage(one, &cases) == Coverage::Gap).map(|one| one.id).collect();
    assert!(gaps.is_empty(), "neither case nor reason: {gaps:?}");
    let known: HashSet<&str> = all.iter().map(|one| one.id).collect();
    for id in cases.iter().flat_map(|case| case.covers.iter().copied()).chain(UNTESTED.iter().flat_map(|row| row.0.split(' '))) {
        assert!(known.contains(id) || id.starts_with('C'), "{id} is no requirement");
    }
}
