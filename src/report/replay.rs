//! What a replay came to: the verdict, the first divergence field by field, then both runs side by side.

mod json;
mod ladder;
mod load;

pub use load::{Load, Reason};

use super::Style;
use super::table::wrapped;
use super::text::{count, harmless};
use crate::base::Micros;
use serde::Serialize;
use std::fmt::Write as _;
use std::io::{self, Write};

/// What a replay came to.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Page {
    /// What was played, for a person.
    pub recording: String,
    /// Why the recording is not whole.
    pub cut: Option<String>,
    /// Every end that was played.
    pub ends: Vec<End>,
    /// What was asked for and is not compared, a sentence each.
    pub not_compared: Vec<String>,
    /// Patterns of what is not to be compared that no end had anything for.
    pub ignores_nothing: Vec<String>,
}

/// What one end that was played came to.
#[derive(Clone, Debug, Default, Serialize)]
pub struct End {
    /// `client` or `server`: the side that was played.
    pub side: String,
    /// Against whom.
    pub against: String,
    /// Everything came as recorded.
    pub equal: bool,
    /// The user stopped it.
    pub interrupted: bool,
    /// Why there was no connection.
    pub no_connection: Option<String>,
    /// Messages sent.
    pub said: u64,
    /// Messages that came and were compared.
    pub heard: u64,
    /// Messages that came and were not compared.
    pub passed_over: u64,
    /// Messages that came again.
    pub repeated: u64,
    /// Messages of a peer that floods, which are in the counts and were not kept.
    pub flooded: u64,
    /// How long it took.
    pub took: Micros,
    /// Where it differs; what comes first in the recording stands first.
    pub divergences: Vec<Divergence>,
    /// Divergences beyond those.
    pub more: u64,
    /// Fields that were sent otherwise than recorded.
    pub substituted: Vec<Substituted>,
    /// Edits that were applied.
    pub edited: Vec<String>,
    /// Edits that no message was there for, or no field.
    pub not_applied: Vec<NotApplied>,
    /// Patterns of what is not to be compared that had nothing here.
    #[serde(skip)]
    pub ignores_nothing: Vec<String>,
    /// Both runs, message by message.
    pub ladder: Vec<Row>,
}

/// An edit that was not applied.
#[derive(Clone, Debug, Default, Serialize)]
pub struct NotApplied {
    /// Its line.
    pub edit: String,
    /// Why, a clause.
    pub why: String,
}

/// A place where it differs.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Divergence {
    /// `fields`, `other-message`, `missing`, `extra`, `again`, `closed` or `stays-open`.
    pub kind: String,
    /// The message of the recording, `name#nth`.
    pub place: Option<String>,
    /// What is different, a sentence.
    pub says: String,
    /// Field by field: name, recorded, now.
    pub fields: Vec<(String, String, String)>,
}

/// A rule by which fields are made anew, and the fields.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Rule {
    /// Its id.
    pub id: String,
    /// What they are made from.
    pub made: String,
    /// Where the field is specified.
    pub spec: String,
    /// `message#nth field`.
    pub places: Vec<String>,
}

/// A field that was sent otherwise than recorded.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Substituted {
    /// The id of the rule.
    pub rule: String,
    /// `message field`.
    pub field: String,
    /// As recorded.
    pub recorded: String,
    /// As sent.
    pub sent: String,
}

/// One row of the ladder.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Row {
    /// The client says it.
    pub from_client: bool,
    /// In the recording, in words; `None`: it is not there.
    pub recorded: Option<String>,
    /// Now.
    pub live: Option<String>,
    /// How they stand to each other.
    pub mark: Mark,
}

/// How a recorded and a live message stand to each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mark {
    /// As recorded.
    #[default]
    Equal,
    /// Other fields, or another message.
    Different,
    /// It was awaited and did not come, or was not reached.
    Missing,
    /// The recording does not have it.
    Extra,
    /// Not compared.
    PassedOver,
}

/// A report for people.
pub fn table(page: &Page, style: &Style, explain: bool, out: &mut dyn Write) -> io::Result<()> {
    let width = style.width.min(WIDEST);
    let mut text = wrapped(&format!("Replays {}", harmless(&page.recording)), width) + "\n";
    if let Some(cut) = &page.cut {
        text += &wrapped(&format!("The recording is not whole: {}.", harmless(cut)), width);
        text.push('\n');
    }
    for end in &page.ends {
        text.push('\n');
        one(end, style, explain, &mut text);
    }
    if page.ends.iter().any(|end| end.no_connection.is_none()) {
        page.not_compared.iter().for_each(|says| text += &format!("\n{}\n", wrapped(&format!("Not compared: {}.", harmless(says)), width)));
    }
    if !page.ignores_nothing.is_empty() {
        text += "\nIgnores nothing: no such message or field was recorded or came\n";
        page.ignores_nothing.iter().for_each(|pattern| text += &format!("  {}\n", harmless(pattern)));
    }
    out.write_all(text.as_bytes())
}

/// One document.
pub fn json(page: &Page, out: &mut dyn Write) -> io::Result<()> {
    json::render(page, out)
}

fn one(end: &End, style: &Style, explain: bool, text: &mut String) {
    let width = style.width.min(WIDEST);
    let mut line = |words: &str| *text += &(wrapped(words, width) + "\n");
    line(&format!("The {} was played against {}.", end.side, harmless(&end.against)));
    line(&verdict(end));
    line(&counts(end));
    if end.flooded > 0 {
        line(&format!(
            "The peer floods: {} came beyond what can be kept, and were only counted.",
            count(end.flooded, "message", "messages")
        ));
    }
    if let Some(first) = end.divergences.first() {
        if !first.fields.is_empty() {
            text.push('\n');
        }
        divergence(first, width, text);
        for other in end.divergences.iter().skip(1).take(if style.verbose { usize::MAX } else { SHOWN }) {
            *text += &hanging(&format!("also {}", harmless(&sentence(other))), width);
        }
        let left = end.divergences.len().saturating_sub(1 + SHOWN) as u64;
        let left = end.more + if style.verbose { 0 } else { left };
        if left > 0 {
            *text += &format!("  and {} more\n", count(left, "divergence", "divergences"));
        }
    }
    if !end.edited.is_empty() {
        text.push_str("\nEdited\n");
        end.edited.iter().for_each(|edit| *text += &format!("  {}\n", harmless(edit)));
    }
    if !end.not_applied.is_empty() {
        text.push_str("\nNot applied\n");
        for row in &end.not_applied {
            *text += &format!("  {}\n{}\n", harmless(&row.edit), super::text::hanging(&format!("      {}", harmless(&row.why)), width, 6));
        }
    }
    if explain {
        text.push('\n');
        substituted(&end.substituted, width, text);
    }
    if style.verbose || !end.equal && end.no_connection.is_none() {
        text.push('\n');
        ladder::draw(&end.ladder, width, style, text);
    }
}

fn verdict(end: &End) -> String {
    match &end.no_connection {
        Some(why) => format!("No connection: {}.", harmless(why)),
        None if end.equal => "Equal: everything came as it was recorded.".into(),
        None if end.interrupted => "Interrupted; this is what came until then.".into(),
        None => match end.divergences.first() {
            Some(first) => format!("Differs: {}.", harmless(&sentence(first))),
            None => "It did not come to its end.".into(),
        },
    }
}

fn counts(end: &End) -> String {
    let mut parts = vec![format!("{} sent", count(end.said, "message", "messages")), format!("{} compared", end.heard)];
    if end.passed_over > 0 {
        parts.push(format!("{} not compared", end.passed_over));
    }
    if end.repeated > 0 {
        parts.push(format!("{} sent again by the peer", end.repeated));
    }
    parts.push(format!("{} made anew", count(end.substituted.len() as u64, "field", "fields")));
    parts.join(", ") + "."
}

fn sentence(divergence: &Divergence) -> String {
    match &divergence.place {
        Some(place) => format!("at {place}: {}", divergence.says),
        None => divergence.says.clone(),
    }
}

fn divergence(first: &Divergence, width: usize, text: &mut String) {
    if first.fields.is_empty() {
        return;
    }
    let widest = |of: fn(&(String, String, String)) -> &String, title: &str| {
        first.fields.iter().map(|row| of(row).chars().count()).chain([title.len()]).max().unwrap_or_default()
    };
    let (field, recorded) = (widest(|row| &row.0, "field").min(width / 2), widest(|row| &row.1, "recorded").min(width / 3));
    // A String takes everything.
    let _ = writeln!(text, "  {:field$}  {:recorded$}  now", "field", "recorded");
    for (name, old, new) in &first.fields {
        let (name, old) = (cell(&harmless(name), 2, field), cell(&harmless(old), 4 + field, recorded));
        let _ = writeln!(text, "  {name}  {old}  {}", harmless(new));
    }
}

/// A cell that begins at `left`; behind one that is wider than its column the next begins on a line of its own, in its place.
fn cell(words: &str, left: usize, width: usize) -> String {
    match words.chars().count() > width {
        true => format!("{words}\n{:1$}", "", left + width),
        false => format!("{words:width$}"),
    }
}

/// Every field that was made anew.
fn substituted(rows: &[Substituted], width: usize, text: &mut String) {
    text.push_str("Made anew\n");
    let widest = rows.iter().map(|row| row.rule.chars().count()).max().unwrap_or_default();
    for row in rows {
        let head = format!("  {:widest$}  {}:", row.rule, harmless(&row.field));
        let line = format!("{head} {} -> {}", harmless(&row.recorded), harmless(&row.sent));
        let head = if head.chars().count() > width { super::text::hanging(&head, width, 4) } else { head };
        match line.chars().count() <= width {
            true => *text += &format!("{line}\n"),
            false => *text += &format!("{head}\n{}{}", whole("recorded", &row.recorded, width), whole("sent", &row.sent, width)),
        }
    }
    if rows.is_empty() {
        text.push_str("  nothing\n");
    }
}

/// A value from the first character to the last, in as many lines as it takes.
fn whole(title: &str, value: &str, width: usize) -> String {
    let letters: Vec<char> = harmless(value).chars().collect();
    let lines = letters.chunks(width.saturating_sub(VALUE).max(1)).enumerate();
    let lines: String = lines.map(|(n, part)| format!("{:VALUE$}{}\n", title_of(n, title), part.iter().collect::<String>())).collect();
    if lines.is_empty() { format!("{}\n", title_of(0, title)) } else { lines }
}

fn title_of(line: usize, title: &str) -> String {
    if line == 0 { format!("      {title}") } else { String::new() }
}

/// The rules by which one side's fields would be made anew.
pub fn rules(side: &str, rules: &[Rule], width: usize) -> String {
    let width = width.min(WIDEST);
    let mut text = format!("Played as the {side}, these are made anew\n");
    for rule in rules {
        text += &hanging(&format!("{}: {} ({})", rule.id, rule.made, rule.spec), width);
        let places: Vec<_> = rule.places.iter().map(|place| harmless(place)).collect();
        text += &(super::text::hanging(&format!("      {}", places.join(", ")), width, 6) + "\n");
    }
    if rules.is_empty() {
        text.push_str("  nothing\n");
    }
    text
}

fn hanging(words: &str, width: usize) -> String {
    super::text::hanging(&format!("  {words}"), width, 4) + "\n"
}

/// Ours: the column in which values begin.
const VALUE: usize = 16;
/// Ours: longer lines are hard to follow.
const WIDEST: usize = 140;
/// Ours: divergences named beside the first, unless everything is to be shown.
const SHOWN: usize = 5;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_columns_of_fields_stand_below_one_another() {
        let row = |name: &str, old: &str| (name.to_string(), old.to_string(), "new".to_string());
        let table = |fields| {
            let mut text = String::new();
            divergence(&Divergence { fields, ..Divergence::default() }, 80, &mut text);
            text
        };
        let long = "authentication-protocol.length";
        let text = table(vec![row("code", "1"), row(long, "5")]);
        assert_eq!(text, format!("  {:30}  recorded  now\n  {:30}  1         new\n  {long}  5         new\n", "field", "code"), "{text}");
        // What is wider than its column has a line of its own.
        let text = table(vec![row(&"n".repeat(60), "1"), row("code", &"0".repeat(50))]);
        let places: Vec<Option<usize>> = text.lines().map(|line| line.find("now").or(line.find("new"))).collect();
        assert_eq!(places, [Some(72), None, Some(72), None, Some(72)], "{text}");
    }
}
