//! How recognisable a call is, as text.

use super::text::{hanging, harmless};
use crate::diag::visibility::{Row, Visibility};
use std::fmt;
use std::io::{self, Write};

/// Writes the grade and a few lines for each technique, what is seen first.
pub fn render(visibility: &Visibility, width: usize, out: &mut dyn Write) -> io::Result<()> {
    let grade = format!("{} (score {} of 100)", visibility.grade.says(), visibility.score);
    beside(out, "  Visibility: ", &grade, width)?;
    let mut rows: Vec<&Row> = visibility.rows.iter().collect();
    rows.sort_by_key(|row| (std::cmp::Reverse(row.score), row.sight.name() == "no"));
    for row in rows {
        let finding = if row.finding.is_empty() { String::new() } else { format!(" ({})", row.finding) };
        let label = format!("  {:>3}  {:<5}{:<17}", row.score, row.sight.name(), row.id);
        beside(out, &label, &format!("{}{finding}", row.title), width)?;
        beside(out, INSET, &format!("{}: {}", row.observer.name(), harmless(row.sight.says())), width)?;
        if row.score > 0 {
            beside(out, INSET, &format!("{}; source: {}", row.strength.name(), row.source), width)?;
        }
    }
    Ok(())
}

/// A label, and text in a column of its own beside it.
fn beside(out: &mut dyn Write, label: &str, text: &str, width: usize) -> io::Result<()> {
    let column = label.chars().count();
    let mut label: &dyn fmt::Display = &label;
    for line in hanging(text, width.saturating_sub(column).max(NARROWEST), 0).lines() {
        writeln!(out, "{label:column$}{line}")?;
        label = &"";
    }
    Ok(())
}

/// Under the id of a technique.
const INSET: &str = "       ";
/// Ours: a column that is narrower is hard to read.
const NARROWEST: usize = 20;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transcript::Facts;

    #[test]
    fn columns_stand_below_each_other_at_every_width() {
        let visibility = crate::diag::visibility::of(&Facts::default());
        for width in [60, 80, 120] {
            let mut page = Vec::new();
            render(&visibility, width, &mut page).expect("memory");
            let page = String::from_utf8(page).expect("text");
            for row in &visibility.rows {
                let line = page.lines().find(|line| line.contains(&format!("{} ", row.id))).expect(row.id);
                assert_eq!((line.find(row.id), line.find(&row.title[..8])), (Some(12), Some(29)), "{width}: {line}");
            }
            assert!(page.lines().all(|line| line.chars().count() <= width), "{width}:\n{page}");
        }
    }
}
