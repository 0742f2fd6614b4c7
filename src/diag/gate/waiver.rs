//! Waivers: what is let pass, why, and until when.

use super::Pattern;
use super::paper::{Flaw, Paper, Table, Value};
use std::fmt;
use std::ops::Range;

/// A day, counted from 1970-01-01.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day(pub i64);

impl Day {
    /// The day of a moment, milliseconds since 1970-01-01 UTC.
    pub fn of_unix_ms(unix_ms: i64) -> Day {
        Day(unix_ms.div_euclid(DAY_MS))
    }

    /// Reads `2026-12-31`.
    pub fn parse(text: &str) -> Option<Day> {
        let mut parts = text.splitn(3, '-');
        let mut next = |length: usize| parts.next().filter(|part| part.len() == length && part.bytes().all(|byte| byte.is_ascii_digit()));
        let (year, month, day) = (next(4)?.parse().ok()?, next(2)?.parse::<u8>().ok()?, next(2)?.parse().ok()?);
        Day::of(year, month, day)
    }

    fn of(year: i32, month: u8, day: u8) -> Option<Day> {
        let date = time::Date::from_calendar_date(year, time::Month::try_from(month).ok()?, day).ok()?;
        Some(Day(i64::from(date.to_julian_day() - JULIAN_1970)))
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let date = i32::try_from(self.0).ok().and_then(|day| time::Date::from_julian_day(day.checked_add(JULIAN_1970)?).ok());
        match date {
            Some(date) => write!(f, "{:04}-{:02}-{:02}", date.year(), u8::from(date.month()), date.day()),
            None => write!(f, "day {}", self.0),
        }
    }
}

/// One waiver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiver {
    /// The ids that it lets pass.
    pub pattern: Pattern,
    /// The hosts at which it does.
    pub host: Option<Pattern>,
    /// Why.
    pub reason: String,
    /// The last day on which it holds.
    pub expires: Day,
    file: String,
    line: usize,
}

impl Waiver {
    /// It is about that id at that host.
    pub fn fits(&self, id: &str, host: &str) -> bool {
        self.pattern.fits(id) && self.host.as_ref().is_none_or(|pattern| pattern.fits(host))
    }

    /// It has not expired.
    pub fn holds(&self, today: Day) -> bool {
        today <= self.expires
    }

    /// `waivers.toml, line 3`.
    pub fn place(&self) -> String {
        format!("{}, line {}", self.file, self.line)
    }
}

/// Reads a file of waivers. Ids have to be among those known.
pub fn waivers<'a>(file: &str, text: &str, known: impl Iterator<Item = &'a str> + Clone) -> Result<Vec<Waiver>, Flaw> {
    let paper = Paper { file, text };
    let table = paper.table()?;
    paper.only(&table, &["waiver"])?;
    let Some(list) = table.get("waiver") else {
        return Err(paper.flaw(None, format!("there is no waiver in it; one looks like this:\n{EXAMPLE}")));
    };
    let says = "waivers are a list: [[waiver]], with two brackets on each side, and lines such as id = \"CERT-SELF-SIGNED\" beneath it";
    let list = list.get_ref().as_array().ok_or_else(|| paper.flaw(Some(list.span()), says))?;
    let mut waivers = Vec::new();
    for item in list.iter() {
        let row = item.get_ref().as_table().ok_or_else(|| paper.flaw(Some(item.span()), says))?;
        waivers.push(waiver(paper, row, item.span(), known.clone())?);
    }
    Ok(waivers)
}

fn waiver<'a, 'k>(
    paper: Paper<'a>,
    row: &'a Table<'a>,
    span: Range<usize>,
    known: impl Iterator<Item = &'k str> + Clone,
) -> Result<Waiver, Flaw> {
    paper.only(row, &["id", "host", "reason", "expires"])?;
    let need =
        |name: &str, says: &str| row.get(name).ok_or_else(|| paper.flaw(Some(span.clone()), format!("this waiver has no {name}; {says}")));
    let id = need("id", "name what it is about, for example id = \"CERT-SELF-SIGNED\"")?;
    let pattern = Pattern::of_ids(paper.string(id, "id")?, known).map_err(|says| paper.flaw(Some(id.span()), says))?;
    let reason = need("reason", "say why, for example reason = \"the lab has no CA\"")?;
    let text = paper.string(reason, "reason")?.trim();
    if text.is_empty() {
        return Err(paper.flaw(Some(reason.span()), "the reason is empty; say why this may pass"));
    }
    let host = row.get("host").map(|value| paper.string(value, "host").map(Pattern::of)).transpose()?;
    let expires = day(paper, need("expires", "say until when, for example expires = 2026-12-31")?)?;
    Ok(Waiver { pattern, host, reason: text.to_string(), expires, file: paper.file.to_string(), line: paper.line(span.start) })
}

/// A day as TOML writes it, or as text.
fn day(paper: Paper, value: &Value) -> Result<Day, Flaw> {
    let date = value.get_ref().as_datetime().and_then(|moment| moment.date);
    let day = match date {
        Some(date) => Day::of(i32::from(date.year), date.month, date.day),
        None => value.get_ref().as_str().and_then(Day::parse),
    };
    day.ok_or_else(|| paper.flaw(Some(value.span()), "expires must be a day that exists, for example 2026-12-31"))
}

const EXAMPLE: &str = "[[waiver]]\nid = \"CERT-SELF-SIGNED\"\nreason = \"the lab has no CA\"\nexpires = 2026-12-31";
/// Milliseconds of a day.
const DAY_MS: i64 = 86_400_000;
/// The Julian day number of 1970-01-01.
const JULIAN_1970: i32 = 2_440_588;
