//! Reports of a conformance run: a model that says everything, and one file per format.

mod compare;
mod junit;
mod markdown;
mod sarif;
mod table;
mod tap;

pub use compare::{differ, matrix};

use super::Style;
use serde::{Deserialize, Serialize};
use std::io;

/// A run of a suite.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Suite {
    /// `sstp-diag`.
    pub tool: String,
    /// Of the program.
    pub version: String,
    /// Who was tested: `server` or `client`.
    pub tests: String,
    /// Whom.
    pub target: String,
    /// When it began, Unix milliseconds.
    pub began_unix_ms: i64,
    /// How long it took, milliseconds.
    pub took_ms: u64,
    /// What a SHOULD asks for counted as well; a MAY and good practice never do.
    pub strict: bool,
    /// How the run ended: `complete`, `target-down`, `unreachable` or `interrupted`; `failed` says nothing of cases that were not run.
    #[serde(default = "complete")]
    pub outcome: String,
    /// Why the first honest call failed, so that no case was run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unreachable: Option<String>,
    /// The case after which the target did not answer honest calls any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub down_after: Option<String>,
    /// How that showed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub down_why: Option<String>,
    /// The cases that were under way then, likeliest first; they have no verdict.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub under_way: Vec<String>,
    /// The cases that were under way when the target went away for a moment; they were run again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dropped: Vec<String>,
    /// The user stopped it.
    pub interrupted: bool,
    /// Something is wrong that was not expected.
    pub failed: bool,
    /// What is wrong with the file of known disagreements.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remarks: Vec<String>,
    /// The cases, in the order of the suite.
    pub cases: Vec<Row>,
}

fn complete() -> String {
    "complete".into()
}

/// A case and what it came to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// Id.
    pub id: String,
    /// What is required.
    pub title: String,
    /// Why it matters.
    pub why: String,
    /// Where it is required, such as `MS-SSTP 2.2.1`.
    pub spec: String,
    /// `MUST`, `MUST*`, `SHOULD`, `MAY` or `INTEROP`.
    pub level: String,
    /// Layer of the id.
    pub layer: String,
    /// `pass`, `lenient`, `wrong-reason`, `fail`, `unsupported`, `inconclusive`, `broken` or `flaky`.
    pub verdict: String,
    /// `fine`, `known`, `new` or `unexpected-pass`.
    pub standing: String,
    /// What must be seen.
    pub expected: String,
    /// What was seen instead.
    pub actual: String,
    /// The edits of our end.
    pub edits: Vec<String>,
    /// What our end does beside these.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub besides: Vec<String>,
    /// The reason in the file of known disagreements.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known: Option<String>,
    /// The reason in an entry of that file that counts no more: `known until 2026-01-31: ...`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lapsed: Option<String>,
    /// The verdict of every attempt, where the case was run again because its verdict was not the expected one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attempts: Vec<String>,
    /// What the attempts came to, such as `passed at the 2nd attempt`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// How long it took, milliseconds.
    pub took_ms: u64,
    /// The command that runs it alone.
    pub reproduce: String,
}

impl Row {
    /// It makes the run fail.
    pub fn counts(&self) -> bool {
        matches!(self.standing.as_str(), "new" | "unexpected-pass")
    }

    /// It came as expected, but not at once.
    pub fn late(&self) -> bool {
        self.note.is_some() && !self.counts()
    }

    /// What was seen, until when that was known, and what the attempts came to.
    pub fn seen(&self) -> String {
        joined([Some(self.actual.as_str()), self.lapsed.as_deref(), self.note.as_deref()])
    }

    /// What is wrong, in a line.
    pub fn says(&self) -> String {
        match self.standing.as_str() {
            "unexpected-pass" => "it passes, which is not expected".to_string(),
            _ => joined([Some(self.actual.as_str()), self.lapsed.as_deref(), None]),
        }
    }
}

fn joined(parts: [Option<&str>; 3]) -> String {
    parts.into_iter().flatten().filter(|text| !text.is_empty()).collect::<Vec<_>>().join(" | ")
}

/// The verdicts in the order of reports.
pub const VERDICTS: [&str; 8] = ["pass", "lenient", "wrong-reason", "fail", "flaky", "unsupported", "inconclusive", "broken"];

impl Suite {
    /// How many cases have that verdict.
    pub fn count(&self, verdict: &str) -> usize {
        self.cases.iter().filter(|row| row.verdict == verdict).count()
    }

    /// A verdict was reached on at least one case.
    pub fn judged(&self) -> bool {
        self.cases.iter().any(|row| !matches!(row.verdict.as_str(), "unsupported" | "inconclusive" | "broken"))
    }

    /// What is said of most cases that came to no verdict, those first in which something failed on our side.
    fn mostly(&self) -> String {
        let Some(verdict) = ["broken", "inconclusive", "unsupported"].into_iter().find(|verdict| self.count(verdict) > 0) else {
            return "none was run".to_string();
        };
        let mut said: Vec<(&str, usize)> = Vec::new();
        for row in self.cases.iter().filter(|row| row.verdict == verdict) {
            match said.iter_mut().find(|other| other.0 == row.actual) {
                Some(other) => other.1 += 1,
                None => said.push((&row.actual, 1)),
            }
        }
        let most = said.iter().map(|row| row.1).max().unwrap_or_default();
        let text = said.iter().find(|row| row.1 == most).map_or("", |row| row.0);
        if self.cases.len() == 1 { text.to_string() } else { format!("{text} ({most} of {})", self.cases.len()) }
    }

    /// `649 pass, 3 fail, ...`; verdicts that nobody has are left out.
    pub fn counts(&self) -> String {
        let each = VERDICTS.iter().map(|verdict| (self.count(verdict), verdict)).filter(|row| row.0 > 0);
        let text: Vec<String> = each.map(|(count, verdict)| format!("{count} {verdict}")).collect();
        if text.is_empty() { "no case was run".to_string() } else { text.join(", ") }
    }

    /// How long the run took, and its longest case: its timers lie beside each other, so that the one follows from the other.
    pub fn times(&self) -> Option<String> {
        let longest = self.cases.iter().max_by_key(|row| row.took_ms)?;
        let seconds = |ms: u64| format!("{}.{} s", ms / 1000, ms % 1000 / 100);
        Some(format!("in {}; the longest case, {}, took {}", seconds(self.took_ms), longest.id, seconds(longest.took_ms)))
    }

    /// One sentence.
    pub fn summary(&self) -> String {
        let new = self.cases.iter().filter(|row| row.counts()).count();
        if let Some(why) = &self.unreachable {
            let see = if self.tests == "server" { format!("; `sstp-diag probe {}` looks into it", self.target) } else { String::new() };
            let since = if why.starts_with("the honest call") { ":" } else { ", since the first honest call failed:" };
            return format!("no case was run{since} {why}{see}");
        }
        match (&self.down_after, self.interrupted, new) {
            (Some(case), ..) => {
                let why = self.down_why.as_deref().map_or(String::new(), |why| format!(" ({why})"));
                format!("target down after case {case}{why}")
            }
            (None, false, _) if !self.judged() => format!("no case could be judged: {}", self.mostly()),
            (None, true, _) if self.cases.is_empty() => "interrupted; no case is through".to_string(),
            (None, true, _) => "interrupted; this is what is known".to_string(),
            (None, false, 0) => match self.cases.iter().filter(|row| row.late()).count() {
                0 => "nothing is wrong that was not expected".to_string(),
                1 => "nothing is wrong that was not expected; 1 case came as expected only when it was run again".to_string(),
                late => format!("nothing is wrong that was not expected; {late} cases came as expected only when they were run again"),
            },
            (None, false, new) => {
                let mute = self.cases.iter().filter(|row| row.counts() && row.verdict == "inconclusive").count();
                let cases = |count: usize| if count == 1 { "1 case".to_string() } else { format!("{count} cases") };
                let passes = self.cases.iter().filter(|row| row.standing == "unexpected-pass").count();
                let wrong = new - mute - passes;
                let right = match passes {
                    0 => String::new(),
                    1 => "1 case passes that is listed as a disagreement: take its entry out of the file".to_string(),
                    passes => format!("{passes} cases pass that are listed as disagreements: take their entries out of the file"),
                };
                if wrong + mute == 0 {
                    return right;
                }
                let and = if right.is_empty() { right } else { format!("; {right}") };
                let wrong = match (wrong, mute) {
                    (0, mute) => format!("{} came to no verdict, which was not expected", cases(mute)),
                    (1, 0) => "1 case is wrong that was not expected".to_string(),
                    (wrong, 0) => format!("{wrong} cases are wrong that were not expected"),
                    (wrong, mute) => format!("{} wrong and {mute} without a verdict that were not expected", cases(wrong)),
                };
                wrong + &and
            }
        }
    }
}

/// A format.
pub struct Paper {
    /// The name after `-o`.
    pub name: &'static str,
    /// Writes the whole report.
    pub render: fn(&Suite, &Style, &mut dyn io::Write) -> io::Result<()>,
}

/// All formats, the default first.
pub const PAPERS: &[Paper] = &[
    Paper { name: "table", render: table::render },
    Paper { name: "json", render: json },
    Paper { name: "junit", render: junit::render },
    Paper { name: "tap", render: tap::render },
    Paper { name: "sarif", render: sarif::render },
    Paper { name: "markdown", render: markdown::render },
];

fn json(suite: &Suite, _: &Style, out: &mut dyn io::Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, suite)?;
    writeln!(out)
}

#[cfg(test)]
mod tests;
