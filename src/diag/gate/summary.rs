//! What came of a gate, as plain values.

use super::Day;

/// A matter that a waiver let pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waived {
    /// Its id.
    pub id: String,
    /// Why.
    pub reason: String,
    /// The last day on which the waiver holds.
    pub expires: Day,
}

/// What came of it all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GateSummary {
    /// Nothing that counts was found.
    pub passed: bool,
    /// The profile.
    pub profile: Option<String>,
    /// What counts.
    pub fail_on: Vec<String>,
    /// The file of the former report.
    pub baseline: Option<String>,
    /// Ids that make the run fail, each once.
    pub failing: Vec<String>,
    /// What waivers let pass.
    pub waived: Vec<Waived>,
    /// Ids that stood in the former report already.
    pub known: Vec<String>,
    /// Ids that stood in the former report and were not found any more.
    pub gone: Vec<String>,
    /// Waivers that have expired or were not needed, and a former report about another server.
    pub remarks: Vec<String>,
}

impl GateSummary {
    /// It for people: the verdict, then line by line why.
    pub fn lines(&self) -> Vec<String> {
        let profile = self.profile.as_ref().map_or(String::new(), |profile| format!(", profile {profile}"));
        let word = if self.passed { "passes" } else { "fails" };
        let mut lines = vec![format!("Gate: {word} (what counts: {}{profile}).", self.fail_on.join(", "))];
        let mut told = |label: &str, text: String| {
            if !text.is_empty() {
                lines.push(format!("  {label}: {text}"));
            }
        };
        let baseline = self.baseline.as_deref().unwrap_or_default();
        told("counts", self.failing.join(", "));
        for waived in &self.waived {
            told("waived", format!("{} until {}: {}", waived.id, waived.expires, waived.reason));
        }
        told(&format!("known from {baseline}"), self.known.join(", "));
        told(&format!("gone since {baseline}"), self.gone.join(", "));
        self.remarks.iter().for_each(|remark| told("note", remark.clone()));
        lines
    }
}
