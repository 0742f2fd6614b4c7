//! One block a session: who, when, how far it got, the cause first, then the ladder, counts and times. After a number of
//! blocks they become a few lines each.

use super::super::learned::tapped::direction;
use super::super::model::{Standing, Style};
use super::super::text::{hanging, harmless, list, rfc3339_ms};
use super::super::{sentence, table};
use super::{End, Looks, Session, Shape, View, directions};
use crate::diag::Severity;
use std::io::{self, Write};

/// Blocks, and how many there were.
pub struct Blocks {
    style: Style,
    findings_only: bool,
    shown: usize,
}

impl Blocks {
    /// No block yet.
    pub fn new(looks: &Looks) -> Blocks {
        Blocks { style: looks.style.clone(), findings_only: looks.shape == Shape::Findings, shown: 0 }
    }
}

impl View for Blocks {
    fn session(&mut self, session: &Session, out: &mut dyn Write) -> io::Result<()> {
        let width = self.style.width;
        self.shown += 1;
        let heading = format!("#{} {}{}", session.number, session.who(), file(session));
        writeln!(out, "{}", table::bold(&hanging(&heading, width, 2), self.style.colour))?;
        writeln!(out, "{}", hanging(&format!("  {}", when(session)), width, 2))?;
        match (self.findings_only, self.shown > IN_FULL && !self.style.verbose) {
            (true, _) => {
                table::judgement(&session.report, out)?;
            }
            (false, true) => compact(session, width, out)?,
            (false, false) => {
                writeln!(out)?;
                table::render(&session.report, out)?;
                counts(session, width, out)?;
            }
        }
        if self.shown == IN_FULL && !self.style.verbose && !self.findings_only {
            writeln!(out, "{}\n", hanging("From here on shorter; --session N or -v shows a session in full.", width, 0))?;
        }
        Ok(())
    }

    fn end(&mut self, end: &End, out: &mut dyn Write) -> io::Result<()> {
        write!(out, "{}", end.text(self.style.width))
    }
}

/// Where there are several files, the one it was read from.
pub(super) fn file(session: &Session) -> String {
    session.file.as_ref().map_or(String::new(), |file| format!(" ({})", harmless(file)))
}

/// `2026-11-24T10:00:03.123Z, 4.20 s, packets 12 to 87`.
pub(super) fn when(session: &Session) -> String {
    let began = rfc3339_ms(session.report.transcript.head.began_unix_ms);
    format!("{began}, {}{}", session.report.facts.ended, packets(session))
}

/// `, packets 12 to 87`, where it comes from a capture.
pub(super) fn packets(session: &Session) -> String {
    session.packets.map_or(String::new(), |(first, last)| format!(", packets {first} to {last}"))
}

/// Verdict, ladder and findings in as few lines as will do.
fn compact(session: &Session, width: usize, out: &mut dyn Write) -> io::Result<()> {
    let report = &session.report;
    let known = report.layers.iter().filter(|row| !matches!(row.standing, Standing::NotReached | Standing::NotSeen | Standing::NotTried));
    let ladder = list(known.map(|row| format!("{} {}", row.layer.name(), row.standing.name())));
    let worth = report.judgement.findings.iter().filter(|finding| finding.severity > Severity::Note && finding.because_of.is_none());
    let findings = list(worth.map(|finding| format!("{} ({})", finding.check.id, finding.severity.name())));
    for line in [sentence::verdict(report), ladder, findings].iter().filter(|line| !line.is_empty()) {
        writeln!(out, "{}", hanging(&format!("  {line}"), width, 4))?;
    }
    writeln!(out)
}

/// Segments and bytes of both directions.
fn counts(session: &Session, width: usize, out: &mut dyn Write) -> io::Result<()> {
    let Some(flow) = session.flow() else { return Ok(()) };
    writeln!(out, "Counts")?;
    for (side, sent) in directions(flow) {
        writeln!(out, "{}", hanging(&format!("  {side}: {}", direction(sent)), width, 4))?;
    }
    writeln!(out)
}

/// Ours: so many sessions are shown in full before they become short.
const IN_FULL: usize = 10;
