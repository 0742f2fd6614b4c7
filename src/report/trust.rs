//! What each trust source says of the chain.

use super::document::quiet;
use super::model::Report;
use super::table::{bold, grid, lines};
use super::text::harmless;
use crate::crypto::chain::ChainVerdict;
use crate::diag::objection;
use crate::transcript::Facts;
use serde_json::{Value, json};
use std::io::{self, Write};

/// The verdicts side by side for a person, where several sources were asked for.
pub(super) fn render(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let (facts, style) = (&report.facts, &report.style);
    if facts.asked.sources.len() < 2 || facts.trust.is_empty() {
        return Ok(());
    }
    let width = style.width.max(LEAST);
    let longest = facts.trust.iter().map(|seen| seen.it.0.chars().count() + 1).max().unwrap_or(0);
    let source = longest.clamp(SOURCE, width / 4);
    let mut table = grid(&[2, source, VERDICT, width - 2 - source - VERDICT]);
    for (name, verdict) in facts.trust.iter().map(|seen| &seen.it) {
        let (short, says) = in_words(facts, verdict);
        table.add_row(["", harmless(name).as_str(), short.as_str(), harmless(&says).as_str()]);
    }
    writeln!(out, "{}", bold("Certificate judged by", style.colour))?;
    lines(&table).try_for_each(|line| writeln!(out, "{line}"))?;
    writeln!(out)
}

/// The rule in the way and what it says, or how far the chain is good.
fn in_words(facts: &Facts, verdict: &ChainVerdict) -> (String, String) {
    match objection(facts, verdict) {
        Some((problem, says)) => (problem.rule.name(), says),
        None => ("good".into(), format!("up to {}", verdict.anchor.as_deref().unwrap_or("a root"))),
    }
}

/// Every verdict for a program; nothing where no chain was judged.
pub(super) fn json(report: &Report) -> Option<Value> {
    let rows = rows(report);
    (!rows.is_empty()).then(|| rows.into())
}

/// A row for each source, in the order in which they were asked.
pub(super) fn rows(report: &Report) -> Vec<Value> {
    let facts = &report.facts;
    let row = |(source, verdict): &(String, ChainVerdict)| {
        let objection = objection(facts, verdict);
        json!({
            "source": quiet(&harmless(source)),
            "trusted": verdict.is_trusted(),
            "root": verdict.anchor.as_deref().map(harmless),
            "rule": objection.as_ref().map(|(problem, _)| problem.rule.name()),
            "certificate": objection.as_ref().and_then(|(problem, _)| problem.cert),
            "says": objection.map(|(_, says)| quiet(&harmless(&says))),
        })
    };
    facts.trust.iter().map(|seen| row(&seen.it)).collect()
}

/// Columns of a source's name at least.
const SOURCE: usize = 10;
/// Columns of the rule: `missing-intermediate` and a space.
const VERDICT: usize = 21;
/// Ours: with fewer columns the table is cut by the terminal.
const LEAST: usize = 60;
