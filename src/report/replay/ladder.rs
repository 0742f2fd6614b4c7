//! The recording and what came now, side by side.

use super::{Mark, Row};
use crate::report::Style;
use crate::report::text::{count, cut, harmless};
use std::fmt::Write;

/// Draws the rows; unless everything is to be shown, those around the first that differs.
pub fn draw(rows: &[Row], width: usize, style: &Style, text: &mut String) {
    let column = (width.saturating_sub(MIDDLE + 2) / 2).max(NARROWEST);
    // A String takes everything.
    let _ = writeln!(text, "  {:column$}   now", "recorded");
    let differs = |row: &Row| matches!(row.mark, Mark::Different | Mark::Missing | Mark::Extra);
    let first = rows.iter().position(differs).unwrap_or(rows.len());
    let (from, to) = match style.verbose {
        true => (0, rows.len()),
        false => (first.saturating_sub(BEFORE), (first + BEHIND).min(rows.len())),
    };
    skipped(from, text);
    for row in rows.get(from..to).unwrap_or_default() {
        let side = |words: &Option<String>| match words {
            Some(words) => cut(&format!("{} {}", if row.from_client { "->" } else { "<-" }, harmless(words)), column),
            None => String::new(),
        };
        let line = format!("  {:column$} {} {}", side(&row.recorded), sign(row.mark), side(&row.live));
        let line = line.trim_end();
        let _ = match style.colour && differs(row) {
            true => writeln!(text, "\x1b[31m{line}\x1b[0m"),
            false => writeln!(text, "{line}"),
        };
    }
    skipped(rows.len() - to, text);
}

fn skipped(rows: usize, text: &mut String) {
    if rows > 0 {
        let _ = writeln!(text, "  ... {} (-v shows them)", count(rows as u64, "row", "rows"));
    }
}

fn sign(mark: Mark) -> char {
    match mark {
        Mark::Equal => '=',
        Mark::Different => '!',
        Mark::Missing => '<',
        Mark::Extra => '>',
        Mark::PassedOver => '.',
    }
}

/// Columns between the two runs.
const MIDDLE: usize = 3;
/// Ours: with fewer columns nothing can be told.
const NARROWEST: usize = 17;
/// Ours: rows shown before the first that differs.
const BEFORE: usize = 8;
/// Ours: rows shown from there on.
const BEHIND: usize = 8;
