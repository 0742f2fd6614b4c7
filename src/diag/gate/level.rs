//! What counts: a level and all above it, or ids.

use super::Pattern;
use crate::diag::Severity;

/// One thing that makes a run fail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FailOn {
    /// Whatever is at least as bad.
    Level(Severity),
    /// Whatever has such an id and is at least as bad.
    Ids(Pattern, Severity),
    /// Nothing.
    Never,
}

impl FailOn {
    /// Reads `fail`, `warn`, `note`, `never`, an id, a pattern, or either with a level behind an equals sign.
    pub fn parse<'a>(text: &str, known: impl Iterator<Item = &'a str> + Clone) -> Result<FailOn, String> {
        if text == NEVER {
            return Ok(FailOn::Never);
        }
        if let Some(level) = Severity::from_name(text) {
            return Ok(FailOn::Level(level));
        }
        let (ids, level) = text.split_once('=').unwrap_or((text, Severity::Note.name()));
        let level = Severity::from_name(level).ok_or_else(|| format!("{level:?} is not a level; there are fail, warn and note"))?;
        // Ids have capitals and hyphens: any other word is a level with a slip in it.
        if !ids.contains(['-', '*', '?']) {
            return Err(format!(
                "{text:?} is neither a level (fail, warn, note, never) nor the id of a finding such as CERT-EXPIRED or CERT-*"
            ));
        }
        Ok(FailOn::Ids(Pattern::of_ids(ids, known)?, level))
    }

    /// A matter of that id and severity counts.
    pub fn takes(&self, id: &str, severity: Severity) -> bool {
        match self {
            FailOn::Level(level) => severity >= *level,
            FailOn::Ids(pattern, level) => severity >= *level && pattern.fits(id),
            FailOn::Never => false,
        }
    }
}

impl std::fmt::Display for FailOn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            FailOn::Level(level) => f.write_str(level.name()),
            FailOn::Ids(pattern, Severity::Note) => write!(f, "{pattern}"),
            FailOn::Ids(pattern, level) => write!(f, "{pattern}={}", level.name()),
            FailOn::Never => f.write_str(NEVER),
        }
    }
}

/// The word for: whatever is found, the run does not fail.
const NEVER: &str = "never";

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<FailOn, String> {
        FailOn::parse(text, ["CERT-EXPIRED", "CERT-CN-ONLY"].into_iter())
    }

    #[test]
    fn levels_ids_and_patterns_are_told_apart() {
        for text in ["fail", "warn", "note", "never", "CERT-EXPIRED", "CERT-*", "CERT-*=warn"] {
            assert_eq!(read(text).map(|on| on.to_string()), Ok(text.to_string()));
        }
        assert!(read("CERT-*=warn").is_ok_and(|on| on.takes("CERT-X", Severity::Warn) && !on.takes("CERT-X", Severity::Note)));
        assert!(read("warn").is_ok_and(|on| on.takes("TLS-X", Severity::Fail) && !on.takes("TLS-X", Severity::Note)));
        assert!(read("never").is_ok_and(|on| !on.takes("TLS-X", Severity::Fail)));
        assert!(read("wrn").is_err_and(|says| says.contains("fail, warn, note, never")));
        assert!(read("CERT-*=bad").is_err_and(|says| says.contains("is not a level")));
        assert!(read("CERT-CN-ONYL").is_err_and(|says| says.contains("did you mean CERT-CN-ONLY?")));
    }
}
