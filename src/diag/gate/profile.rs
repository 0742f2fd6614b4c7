//! Profiles: how bad a finding is for those who ask, and what counts for them.

use super::paper::{Flaw, Paper};
use super::{FailOn, Pattern};
use crate::diag::Severity;

/// A profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// Its name, or its file.
    pub name: String,
    /// What it is for, in a line.
    pub title: String,
    /// What counts under it.
    pub fail_on: Vec<FailOn>,
    changes: Vec<(Pattern, Change)>,
}

/// What becomes of a severity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Change {
    To(Severity),
    AtMost(Severity),
    AtLeast(Severity),
}

impl Change {
    fn parse(text: &str) -> Option<Change> {
        if let Some(level) = text.strip_prefix("at-most-") {
            return Severity::from_name(level).map(Change::AtMost);
        }
        if let Some(level) = text.strip_prefix("at-least-") {
            return Severity::from_name(level).map(Change::AtLeast);
        }
        Severity::from_name(text).map(Change::To)
    }

    fn of(self, own: Severity) -> Severity {
        match self {
            Change::To(level) => level,
            Change::AtMost(level) => own.min(level),
            Change::AtLeast(level) => own.max(level),
        }
    }
}

/// The profiles that are built in: name and text.
pub const PROFILES: [(&str, &str); 3] = [
    ("windows-strict", include_str!("../../../fixtures/profiles/windows-strict.toml")),
    ("ci", include_str!("../../../fixtures/profiles/ci.toml")),
    ("lenient", include_str!("../../../fixtures/profiles/lenient.toml")),
];

impl Profile {
    /// Reads a profile. Ids have to be among those known.
    pub fn read<'a>(file: &str, text: &str, known: impl Iterator<Item = &'a str> + Clone) -> Result<Profile, Flaw> {
        let paper = Paper { file, text };
        let table = paper.table()?;
        paper.only(&table, &["title", "fail-on", "severity"])?;
        let title = table.get("title").map_or(Ok(""), |value| paper.string(value, "title"))?.to_string();
        let mut fail_on = Vec::new();
        for (text, span) in table.get("fail-on").map_or(Ok(Vec::new()), |value| paper.strings(value, "fail-on"))? {
            fail_on.push(FailOn::parse(text, known.clone()).map_err(|says| paper.flaw(Some(span), says))?);
        }
        let mut changes = Vec::new();
        if let Some(value) = table.get("severity") {
            let says = "severity must be a table: [severity], and lines such as CERT-EXPIRES-SOON = \"fail\" beneath it";
            let rows = value.get_ref().as_table().ok_or_else(|| paper.flaw(Some(value.span()), says))?;
            for (id, value) in rows {
                let pattern = Pattern::of_ids(id.get_ref(), known.clone()).map_err(|says| paper.flaw(Some(id.span()), says))?;
                let level = paper.string(value, "a severity")?;
                let says = || format!("{level:?} is not a severity; there are fail, warn, note, and at-most-warn, at-least-warn and so on");
                changes.push((pattern, Change::parse(level).ok_or_else(|| paper.flaw(Some(value.span()), says()))?));
            }
        }
        Ok(Profile { name: file.to_string(), title, fail_on, changes })
    }

    /// How bad a finding of that id is under it; the pattern that fixes most decides.
    pub fn severity(&self, id: &str, own: Severity) -> Severity {
        let change = self.changes.iter().filter(|row| row.0.fits(id)).max_by_key(|row| row.0.weight());
        change.map_or(own, |row| row.1.of(own))
    }
}
