//! `--expected`: known disagreements. A run fails on what changed, an unexpected pass included.
//!
//! ```toml
//! [cases]
//! "sstp/3.3.5.2/type-0-*" = { verdict = "fail", reason = "MS-SSTP 3.1.5.1: unknown types are ignored", until = "2027-06-30" }
//! "lcp/5.8/echo" = "a reason alone stands for any verdict that is no pass"
//! ```

use super::case::{Case, Level};
use super::verdict::Grade;
use std::fmt::Write;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// One line of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// Case id; `*` stands for any characters.
    pub pattern: String,
    /// The verdict; `None`: any that is held against the peer.
    pub verdict: Option<Grade>,
    /// Why it is so.
    pub reason: String,
    /// The last day on which it counts, `YYYY-MM-DD`.
    pub until: Option<String>,
}

/// Why a file cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotKnown {
    /// The line, counted from 1.
    pub line: usize,
    /// What was expected.
    pub expected: &'static str,
}

impl std::fmt::Display for NotKnown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "line {}: expected {}", self.line, self.expected)
    }
}

impl std::error::Error for NotKnown {}

/// Reads the entries of the table `[cases]`, in their order; other tables are somebody else's.
pub fn parse(text: &str) -> Result<Vec<Known>, NotKnown> {
    let flaw = |at: usize, expected| NotKnown { line: line(text, at), expected };
    let file = DeTable::parse(text).map_err(|error| flaw(error.span().map_or(0, |span| span.start), NO_TOML))?.into_inner();
    if let Some((key, _)) = file.iter().find(|row| row.1.get_ref().as_table().is_none()) {
        return Err(flaw(key.span().start, TABLE));
    }
    let Some(cases) = file.get("cases") else { return Ok(Vec::new()) };
    let table = cases.get_ref().as_table().ok_or_else(|| flaw(cases.span().start, FORM))?;
    let mut rows: Vec<_> = table.iter().collect();
    rows.sort_by_key(|row| row.0.span().start);
    rows.into_iter().map(|(key, value)| entry(key.get_ref(), value).map_err(|(at, expected)| flaw(at, expected))).collect()
}

fn entry(pattern: &str, value: &Spanned<DeValue<'_>>) -> Result<Known, (usize, &'static str)> {
    let mut known = Known { pattern: pattern.to_string(), verdict: None, reason: String::new(), until: None };
    let at = value.span().start;
    match value.get_ref() {
        DeValue::String(reason) => known.reason = reason.to_string(),
        DeValue::Table(table) => {
            for (key, value) in table {
                let at = value.span().start;
                let text = value.get_ref().as_str().ok_or((at, "text between quotation marks"))?;
                match key.get_ref().as_ref() {
                    "verdict" => known.verdict = Some(grade(text).ok_or((at, VERDICTS))?),
                    "reason" => known.reason = text.to_string(),
                    "until" if is_day(text) => known.until = Some(text.to_string()),
                    "until" => return Err((at, "a day as YYYY-MM-DD")),
                    _ => return Err((key.span().start, "verdict, reason or until")),
                }
            }
        }
        _ => return Err((at, FORM)),
    }
    if known.reason.is_empty() { Err((at, "a reason")) } else { Ok(known) }
}

fn line(text: &str, at: usize) -> usize {
    text.as_bytes().iter().take(at).filter(|byte| **byte == b'\n').count() + 1
}

const NO_TOML: &str = "TOML: each pattern once, names and texts between quotation marks";
const TABLE: &str = "a table: entries stand under [cases]";
const FORM: &str = "\"pattern\" = \"reason\", or \"pattern\" = { verdict = \"…\", reason = \"…\", until = \"YYYY-MM-DD\" }";
const VERDICTS: &str = "a verdict that is held against the server: lenient, wrong-reason, fail or flaky; or inconclusive";

fn grade(name: &str) -> Option<Grade> {
    Grade::ALL.iter().find(|row| row.1 == name && can_be_known(row.0)).map(|row| row.0)
}

fn can_be_known(grade: Grade) -> bool {
    grade.is_held_against() || grade == Grade::Inconclusive
}

/// A day that there is: it comes back when it is counted.
fn is_day(text: &str) -> bool {
    let form = text.len() == 10
        && text.bytes().enumerate().all(|(at, byte)| if at == 4 || at == 7 { byte == b'-' } else { byte.is_ascii_digit() });
    let number = |from: usize, to: usize| text.get(from..to).and_then(|digits| digits.parse::<i64>().ok());
    let (Some(year), Some(month), Some(date)) = (number(0, 4), number(5, 7), number(8, 10)) else { return false };
    // Somewhere within four weeks of the day that is meant, by months of 30.44 days from 1970 on.
    let near = (year - 1970) * 365_243 / 1000 + (month - 1) * 3_044 / 100 + date;
    form && (near - 28..near + 28).any(|days| day(days * 86_400_000) == text)
}

/// Whether the pattern, in which `*` stands for any characters, is about this id.
pub fn glob(pattern: &str, id: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == id,
        Some((head, rest)) => match id.strip_prefix(head) {
            None => false,
            Some(left) => (0..=left.len()).filter_map(|at| left.get(at..)).any(|tail| glob(rest, tail)),
        },
    }
}

/// The entry for this case that counts today (`YYYY-MM-DD`); the first wins.
pub fn about<'a>(known: &'a [Known], id: &str, today: &str) -> Option<&'a Known> {
    known.iter().find(|row| glob(&row.pattern, id) && row.until.as_deref().is_none_or(|until| today <= until))
}

/// How a verdict stands to what is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Nothing is known, and nothing is wrong.
    Fine,
    /// Wrong, and known.
    Known,
    /// Wrong, and new.
    New,
    /// Known as wrong, and right now.
    UnexpectedPass,
}

/// Weighs a verdict; `strict`: a requirement that does not bind counts as well.
pub fn weigh(grade: Grade, strict: bool, known: Option<&Known>) -> Standing {
    let counts = grade.is_held_against() && (strict || grade != Grade::Lenient);
    match known {
        // Known to come out now this way, now that.
        Some(known) if known.verdict == Some(Grade::Flaky) && grade == Grade::Pass => Standing::Fine,
        Some(known) if known.verdict == Some(Grade::Flaky) && grade.is_held_against() => Standing::Known,
        Some(known) if known.verdict == Some(grade) && grade.is_held_against() => Standing::Known,
        Some(known) if known.verdict.is_none() && grade.is_held_against() => Standing::Known,
        Some(_) if grade == Grade::Pass => Standing::UnexpectedPass,
        Some(Known { verdict: None | Some(Grade::Inconclusive), .. }) if grade == Grade::Inconclusive => Standing::Known,
        // What was wrong and can no longer be told is a change too.
        Some(Known { verdict: Some(_), .. }) if matches!(grade, Grade::Inconclusive | Grade::Unsupported) => Standing::New,
        // A case that comes to no verdict proves nothing: silence must not pass.
        _ if counts || grade == Grade::Inconclusive => Standing::New,
        _ => Standing::Fine,
    }
}

impl Standing {
    /// It makes a run fail.
    pub fn counts(self) -> bool {
        matches!(self, Standing::New | Standing::UnexpectedPass)
    }
}

/// What verdicts are weighed with.
#[derive(Clone, Debug, Default)]
pub struct Scale {
    /// Known disagreements.
    pub known: Vec<Known>,
    /// A SHOULD counts as well; a MAY and good practice never do.
    pub strict: bool,
    /// `YYYY-MM-DD`.
    pub today: String,
}

impl Scale {
    /// The entry for this case that counts today.
    pub fn entry(&self, id: &str) -> Option<&Known> {
        about(&self.known, id, &self.today)
    }

    /// What an entry says for this case that counts no more, where none does that counts today.
    pub fn lapsed(&self, id: &str) -> Option<String> {
        if self.entry(id).is_some() {
            return None;
        }
        let (entry, until) = self.known.iter().filter(|row| glob(&row.pattern, id)).find_map(|row| Some((row, row.until.as_deref()?)))?;
        Some(format!("known until {until}: {}", entry.reason))
    }

    /// How that verdict on that case stands.
    pub fn standing(&self, case: &Case, grade: Grade) -> Standing {
        weigh(grade, self.strict && case.level == Level::Should, self.entry(&case.id))
    }
}

/// A file of what a run disagreed in, to be given reasons by a person.
pub fn write(rows: &[(&str, Grade, &str, Option<&str>)]) -> String {
    let mut text = String::from("[cases]\n");
    for (id, grade, actual, until) in rows.iter().filter(|row| can_be_known(row.1)) {
        let says: String = actual.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let says = says.replace('\\', "\\\\").replace('"', "\\\"");
        let until = until.map_or(String::new(), |until| format!(", until = \"{until}\""));
        let _ = writeln!(text, "\"{id}\" = {{ verdict = \"{}\", reason = \"{says}\"{until} }}", grade.name());
    }
    text
}

/// The day of a time in Unix milliseconds, `YYYY-MM-DD`, UTC.
pub fn day(unix_ms: i64) -> String {
    // Days since 1970 to a date of the Gregorian calendar: years begin in March, eras have 400 years.
    let days = unix_ms.div_euclid(86_400_000) + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let (month, year) = if month < 10 { (month + 3, year) } else { (month - 9, year + 1) };
    format!("{:04}-{month:02}-{day:02}", year + era * 400)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_read_and_written() {
        let text = "# x\n[findings]\n\"A\" = \"b\"\n[cases]\n\"lcp/*\" = { verdict = \"fail\", reason = \"it, \\\"says\\\"\", until = \"2027-01-31\" }\n\"a/b/c\" = \"why\"\n";
        let known = parse(text).expect("well formed");
        assert_eq!(known.len(), 2);
        assert_eq!(
            (known[0].verdict, known[0].reason.as_str(), known[0].until.as_deref()),
            (Some(Grade::Fail), "it, \"says\"", Some("2027-01-31"))
        );
        assert!(about(&known, "lcp/5/x", "2027-01-31").is_some() && about(&known, "lcp/5/x", "2027-02-01").is_none());
        let written = write(&[("a/b/c", Grade::Fail, "says \"x\"", Some("2027-01-31")), ("d/e/f", Grade::Pass, "", None)]);
        let read = parse(&written).expect("its own");
        assert_eq!((read.len(), read[0].reason.as_str(), read[0].until.as_deref()), (1, "says \"x\"", Some("2027-01-31")));
    }

    #[test]
    fn what_is_no_entry_says_where() {
        for (text, line) in [
            ("[cases]\nx = 1", 2),
            ("[cases]\n\"a\" = { until = \"soon\", reason = \"r\" }", 2),
            ("[cases]\n\"a\" = {}", 2),
            ("[cases]\n\n\"a", 3),
            ("[cases]\n\"a\" = { verdict = \"pass\", reason = \"r\" }", 2),
            ("[cases]\n\"a\" = \"b\"\n\"a\" = \"b\"", 3),
            ("cases = 1", 1),
            ("\"a\" = \"b\"", 1),
            ("[cases]\n\"a\" = { until = \"2027-13-01\", reason = \"r\" }", 2),
            ("[cases]\n\"a\" = { until = \"2026-02-31\", reason = \"r\" }", 2),
        ] {
            assert_eq!(parse(text).expect_err(text).line, line, "{text}");
        }
    }

    #[test]
    fn only_change_counts() {
        let known = parse("[cases]\n\"x\" = { verdict = \"fail\", reason = \"r\" }").expect("well formed");
        let known = known.first();
        assert_eq!(weigh(Grade::Fail, false, known), Standing::Known);
        assert_eq!(weigh(Grade::Pass, false, known), Standing::UnexpectedPass);
        assert_eq!(weigh(Grade::WrongReason, false, known), Standing::New);
        assert_eq!(weigh(Grade::Unsupported, false, known), Standing::New, "what was wrong and is no longer seen");
        let flaky = parse("[cases]\n\"x\" = { verdict = \"flaky\", reason = \"r\" }").expect("well formed");
        let both = [Grade::Pass, Grade::Fail].map(|grade| weigh(grade, false, flaky.first()));
        assert_eq!(both, [Standing::Fine, Standing::Known]);
        let silent = parse("[cases]\n\"x\" = { verdict = \"inconclusive\", reason = \"r\" }").expect("well formed");
        let known = [Grade::Inconclusive, Grade::Pass, Grade::Fail].map(|grade| weigh(grade, false, silent.first()));
        assert_eq!(known, [Standing::Known, Standing::UnexpectedPass, Standing::New]);
        assert_eq!(weigh(Grade::Inconclusive, false, None), Standing::New, "silence does not pass");
        assert_eq!((weigh(Grade::Lenient, false, None), weigh(Grade::Lenient, true, None)), (Standing::Fine, Standing::New));
    }

    #[test]
    fn patterns_and_days() {
        assert!(glob("sstp/*/type-*", "sstp/3.3.5.2/type-0-x") && !glob("sstp/*", "lcp/1/x") && glob("*", "") && !glob("a*b", "a"));
        assert_eq!((day(0), day(951_782_400_000), day(1_798_761_599_999)), ("1970-01-01".into(), "2000-02-29".into(), "2026-12-31".into()));
    }
}
