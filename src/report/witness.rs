//! What two ends saw, compared, as text.

use super::text::{hanging, harmless};
use crate::diag::witness::Comparison;
use std::io::{self, Write};

/// Writes every finding with its evidence and who can change it.
pub fn render(comparison: &Comparison, width: usize, out: &mut dyn Write) -> io::Result<()> {
    for told in &comparison.findings {
        writeln!(out, "{}", hanging(&format!("{}: {}", told.id, told.title), width, 2))?;
        for line in &told.evidence {
            writeln!(out, "{}", hanging(&format!("  - {}", harmless(line)), width, 4))?;
        }
        writeln!(out, "{}", hanging(&format!("  {}", told.remedy), width, 2))?;
    }
    Ok(())
}
