//! What a run of spoilt variants came to.

use super::table::wrapped;
use super::text::{count, harmless};
use serde::{Deserialize, Serialize};
use std::fmt::Write as _;
use std::io::{self, Write};

/// What a run came to.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Page {
    /// What was spoilt, for a person.
    pub recording: String,
    /// Against whom.
    pub against: String,
    /// The seed of everything random.
    pub seed: u64,
    /// Variants sent.
    pub cases: u64,
    /// Variants that an earlier run has sent, from whose state this one went on.
    pub before: u64,
    /// Connections made.
    pub connections: u64,
    /// How long it took, s.
    pub seconds: f64,
    /// Variants of each state.
    pub states: Vec<(String, u64)>,
    /// Variants whose place was not reached.
    pub unreached: u64,
    /// Oddities that did not come again.
    pub unconfirmed: u64,
    /// Calls that hung before anything was spoilt in them, of variants that got to their place when they were sent again.
    pub hung: u64,
    /// Clients that have hung up for reasons of their own.
    pub left: u64,
    /// Variants in an open session that were not sent, as others of their kind had shown a defect.
    pub spared: u64,
    /// How long it took with the honest calls before and behind, s.
    pub in_all: f64,
    /// Where the target has turned calls away: how many at a time it got in the end.
    pub room: Option<u64>,
    /// The target is dead, and the run ended there.
    pub dead: bool,
    /// Why it could not be started again, a clause about the command of `--restart-cmd`.
    pub not_restarted: Option<String>,
    /// What it did not look at, phrases with the option that does.
    pub left_out: Vec<String>,
    /// The user stopped it.
    pub interrupted: bool,
    /// What an honest call shows already; it is not held against variants.
    pub honest: Vec<String>,
    /// What is wrong.
    pub findings: Vec<Finding>,
}

/// One finding.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// `accepted`, `hang`, ...
    pub kind: String,
    /// What, a sentence without its end.
    pub says: String,
    /// The rule.
    pub spec: String,
    /// The variant; `honest`: an honest call shows it as well, and no variant is to blame; `none`: nobody knows what has shown it.
    pub id: String,
    /// The state that it was sent in.
    pub state: String,
    /// What the target did.
    pub reaction: String,
    /// The fewest edits, in one line.
    pub edits: String,
    /// So often out of so many.
    pub seen: (u32, u32),
    /// Other variants that show the same.
    pub also: u64,
    /// What repeats it; empty: nothing is known to.
    pub command: String,
    /// Files that were written.
    pub files: Vec<String>,
}

impl Page {
    /// The report for people.
    pub fn table(&self, width: usize, out: &mut dyn Write) -> io::Result<()> {
        let mut text = format!("Spoils {}\n", harmless(&self.recording));
        let rate = rate(self.cases, self.seconds);
        let (cases, connections) = (count(self.cases, "variant", "variants"), count(self.connections, "connection", "connections"));
        let _ = writeln!(text, "\n{cases} sent to {}: {connections}, {:.1} s, {rate} variants/s.", harmless(&self.against), self.seconds);
        if self.before > 0 {
            let _ = writeln!(text, "{} sent by the run before, from where this one went on.", count(self.before, "variant", "variants"));
        }
        let states: Vec<String> = self.states.iter().map(|(name, cases)| format!("{name} {cases}")).collect();
        if !states.is_empty() {
            text += &indented(&format!("States: {}.", states.join(", ")), 0, width);
        }
        if self.unreached > 0 {
            let _ = writeln!(text, "{} did not get to their place.", count(self.unreached, "variant", "variants"));
        }
        if self.hung > 0 {
            let says = format!(
                "The target hung in {} before anything was spoilt; what they were for was sent again.",
                count(self.hung, "call", "calls")
            );
            text += &indented(&says, 0, width);
        }
        if self.left > 0 {
            let says = format!(
                "In {} the client has hung up by itself; what it had not answered then is not held against it.",
                count(self.left, "call", "calls")
            );
            text += &indented(&says, 0, width);
        }
        if self.spared > 0 {
            let says = format!(
                "{} not sent in the open session: others of the kind had shown a defect often enough.",
                count(self.spared, "variant was", "variants were")
            );
            text += &indented(&says, 0, width);
        }
        if self.in_all - self.seconds >= 1.0 {
            let _ = writeln!(text, "With the honest calls before and behind it took {:.1} s.", self.in_all);
        }
        if self.unconfirmed > 0 {
            let _ = writeln!(text, "{} did not come again, and count for nothing.", count(self.unconfirmed, "oddity", "oddities"));
        }
        for says in &self.honest {
            text += &indented(&format!("An honest call shows already: {}.", harmless(says)), 0, width);
        }
        if let Some(room) = self.room {
            let _ = writeln!(text, "The target turned calls away: in the end it got {} at a time.", count(room, "call", "calls"));
        }
        if self.dead {
            text += "The target is dead; the run ended there.\n";
        }
        if let Some(why) = &self.not_restarted {
            text += &indented(&format!("The command of --restart-cmd {}.", harmless(why)), 0, width);
        }
        if self.interrupted {
            text += "Stopped before its end.\n";
        }
        let found = self.findings.len() as u64;
        let _ = match found {
            0 if self.hung > 0 => writeln!(text, "\nNothing else is wrong."),
            0 => writeln!(text, "\nNothing is wrong."),
            _ => writeln!(text, "\n{}", count(found, "finding", "findings")),
        };
        if found == 0 && !self.left_out.is_empty() {
            text += &indented(&format!("Left out: {}.", harmless(&self.left_out.join("; "))), 0, width);
        }
        for finding in &self.findings {
            finding.show(width, &mut text);
        }
        out.write_all(text.as_bytes())
    }

    /// One document.
    pub fn json(&self, out: &mut dyn Write) -> io::Result<()> {
        serde_json::to_writer_pretty(&mut *out, self)?;
        out.write_all(b"\n")
    }
}

impl Finding {
    fn show(&self, width: usize, text: &mut String) {
        if self.command.is_empty() {
            let times = if self.also > 0 { format!("; {} more", count(self.also, "time", "times")) } else { String::new() };
            *text += &format!("\n{}", indented(&format!("{}: {} ({}){times}.", self.kind, harmless(&self.says), self.spec), 2, width));
            *text += &indented(&format!("{}.", harmless(&self.reaction)), 4, width);
            return;
        }
        // Only an honest call has none.
        let honest = self.edits.is_empty();
        let also = match (self.also, honest) {
            (0, _) => String::new(),
            (also, false) => format!("; {also} more show it"),
            (also, true) => format!("; {} it", count(also, "variant shows", "variants show")),
        };
        *text += &format!("\n{}", indented(&format!("{}: {} ({}).", self.kind, harmless(&self.says), self.spec), 2, width));
        let sent = if honest { "an honest call".into() } else { format!("{}, in {}", self.id, self.state) };
        let line = format!("{sent}: {}; {} of {} times{also}.", harmless(&self.reaction), self.seen.0, self.seen.1);
        let without = "Also without any edit: an honest call shows it, so no variant is to blame.";
        *text += &indented(&line, 4, width);
        *text += &indented(&if honest { without.into() } else { short(&self.edits) }, 4, width);
        let _ = writeln!(text, "    again: {}", self.command);
        for file in &self.files {
            let _ = writeln!(text, "    {}", harmless(file));
        }
    }
}

/// A variant on several targets.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Grid {
    /// The targets.
    pub targets: Vec<String>,
    /// Variants that were sent to all.
    pub cases: u64,
    /// Variants of the call with each that are not in the calls with all others, and were sent to nobody.
    pub alone: Vec<u64>,
    /// Those that were not answered alike.
    pub rows: Vec<Row>,
}

/// A variant that was not answered alike.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Row {
    /// The variant.
    pub id: String,
    /// The reaction of every target, in their order.
    pub reactions: Vec<String>,
}

/// What a run against several targets came to.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Several {
    /// What each came to, in the order in which they were named.
    pub pages: Vec<Page>,
    /// The targets side by side; `None`: not all had their turn.
    pub grid: Option<Grid>,
}

impl Several {
    /// One document.
    pub fn json(&self, out: &mut dyn Write) -> io::Result<()> {
        serde_json::to_writer_pretty(&mut *out, self)?;
        out.write_all(b"\n")
    }
}

impl Grid {
    /// The grid for people.
    pub fn table(&self, width: usize, out: &mut dyn Write) -> io::Result<()> {
        let first = self.rows.iter().map(|row| row.id.chars().count()).max().unwrap_or(0).clamp(8, MOST_ID);
        let columns: Vec<usize> = (0..self.targets.len())
            .map(|at| {
                let cells = self.rows.iter().filter_map(|row| row.reactions.get(at)).chain(self.targets.get(at));
                cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
            })
            .collect();
        let line = |id: &str, cells: &[String]| {
            let id: String = id.chars().take(first).collect();
            let cells: Vec<String> = cells.iter().zip(&columns).map(|(cell, width)| format!("{:width$}", harmless(cell))).collect();
            format!("{}\n", format!("{id:first$}  {}", cells.join("  ")).trim_end())
        };
        let (all, other) = (count(self.cases, "variant", "variants"), self.rows.len());
        let mut text = format!("\n{all} sent to every target, {other} not answered alike\n");
        let alone = self.targets.iter().zip(&self.alone).filter(|row| *row.1 > 0);
        let alone: Vec<String> = alone.map(|(target, variants)| format!("{variants} of {}", harmless(target))).collect();
        if !alone.is_empty() {
            text += &indented(&format!("Not sent, as other calls do not have them: {}.", alone.join(", ")), 0, width);
        }
        if !self.rows.is_empty() {
            text += &line("variant", &self.targets);
        }
        for row in &self.rows {
            text += &line(&row.id, &row.reactions);
        }
        out.write_all(text.as_bytes())
    }
}

/// How many in a second, with one decimal where they are few.
pub fn rate(cases: u64, seconds: f64) -> String {
    let rate = cases as f64 / seconds.max(0.001);
    format!("{rate:.*}", usize::from(rate < FEW))
}

/// Lines of that indent, two more from the second on.
fn indented(text: &str, indent: usize, width: usize) -> String {
    let lines = wrapped(text, width.saturating_sub(indent + 2).max(20));
    let shown = lines.lines().enumerate().map(|(at, line)| format!("{}{line}\n", " ".repeat(indent + if at > 0 { 2 } else { 0 })));
    shown.collect()
}

/// A flood need not be shown whole.
fn short(edits: &str) -> String {
    let line = harmless(edits);
    match line.char_indices().nth(MOST_LINE) {
        Some((at, _)) => format!("{}… ({} characters)", line.get(..at).unwrap_or_default(), line.chars().count()),
        None => line.to_string(),
    }
}

/// Ours: characters of edits that are shown.
const MOST_LINE: usize = 240;
/// Ours: below it a rate has a decimal.
const FEW: f64 = 9.95;
/// Ours: columns of an id in the grid.
const MOST_ID: usize = 60;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slow_run_has_a_rate_too() {
        assert_eq!([rate(3, 10.0), rate(99, 10.0), rate(720, 10.0), rate(0, 0.0)], ["0.3", "9.9", "72", "0.0"]);
    }
}
