//! How recognisable a call is, as text.

use super::text::{hanging, harmless};
use crate::diag::visibility::Visibility;
use std::io::{self, Write};

/// Writes the grade and a line or two for each technique, what is seen first.
pub fn render(visibility: &Visibility, width: usize, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}", hanging(&format!("  Visibility: {} (score {} of 100)", visibility.grade.says(), visibility.score), width, 4))?;
    let mut rows: Vec<_> = visibility.rows.iter().collect();
    rows.sort_by_key(|row| (std::cmp::Reverse(row.score), row.sight.name() == "no"));
    for row in rows {
        let head = format!("  {:>3}  {:4}{:16}{}", row.score, row.sight.name(), row.id, row.title);
        writeln!(out, "{}", hanging(&head, width, 25))?;
        let seen = format!("       {}: {}", row.observer.name(), harmless(row.sight.says()));
        writeln!(out, "{}", hanging(&seen, width, 9))?;
        if row.score > 0 {
            writeln!(out, "{}", hanging(&format!("       {}; source: {}", row.strength.name(), row.source), width, 9))?;
        }
    }
    Ok(())
}
