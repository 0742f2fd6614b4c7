//! Logs of Windows, Linux clients and servers: bytes in, lines that mean something out; pure.
//!
//! `text` makes characters of bytes, `split` makes records of them, `detect` tells the format. Windows events come from
//! `xml`, `csv` or `keyed` and are read by `event`; lines of text logs are read by `phrase`. `attempt` tells to which
//! attempt to connect a line belongs, and `rank` weighs the causes.
//! A log of any size takes bounded memory: a record is cut at [`RECORD_MAX`], and of the lines the last [`LINES_MAX`] stay.

mod attempt;
mod csv;
mod detect;
mod event;
mod haggle;
mod keyed;
mod marks;
mod phrase;
mod rank;
mod split;
mod text;
mod xml;

pub use detect::{LogFormat, pasted_event};
pub use marks::{Marks, Stamp, offset, plain_user};
pub use rank::Ranked;

use super::codes::Code;
use crate::base::Layer;
use split::{Record, Splitter};
use std::collections::VecDeque;

/// What a line of a log says about the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// On the way, or an orderly end.
    Note,
    /// Something worked.
    Success,
    /// Something failed.
    Failure,
}

impl Outcome {
    /// `note`, `success` or `failure`.
    pub fn name(self) -> &'static str {
        match self {
            Outcome::Note => "note",
            Outcome::Success => "success",
            Outcome::Failure => "failure",
        }
    }
}

/// How much a failing line says about the cause.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tells {
    /// It names the cause.
    Cause,
    /// It names a cause when it stands alone; beside another failure of the attempt it says what that came to.
    End,
    /// That something failed, and no more.
    Failure,
}

/// A line or an event that means something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// The line on which it begins, from 1.
    pub line: u64,
    /// Its time as the log writes it.
    pub at: Option<String>,
    /// Who wrote it: `RasClient`, `sstpc`, `accel-ppp`.
    pub source: &'static str,
    /// The id of a Windows event.
    pub event: Option<u32>,
    /// Success, failure or neither.
    pub outcome: Outcome,
    /// What it means.
    pub says: String,
    /// The beginning of the line itself; empty for Windows events, whose text is in `says`. What may be a password is left out.
    pub quoted: String,
    /// The codes in it, the most telling first.
    pub codes: Vec<&'static Code>,
    /// The causes it points to, likeliest first: ids that `Cause::by_id` knows.
    pub checks: Vec<&'static str>,
    /// The highest layer that it shows to have come up.
    pub shows: Option<Layer>,
    /// How many lines in a row say the same.
    pub times: u64,
    /// By what it can be told to belong to a call.
    pub marks: Marks,
    /// The attempt to connect that it belongs to, numbered from 1, where the log form shows it.
    pub attempt: Option<u64>,
    /// How much it says about the cause.
    pub tells: Tells,
}

impl LogLine {
    /// Source, event id and line: `RasClient event 20227, line 4`.
    pub fn named(&self) -> String {
        match self.event {
            Some(id) => format!("{} event {id}, line {}", self.source, self.line),
            None => format!("{}, line {}", self.source, self.line),
        }
    }

    fn says_the_same(&self, other: &LogLine) -> bool {
        (self.source, self.event, &self.says, &self.codes) == (other.source, other.event, &other.says, &other.codes)
    }
}

/// A whole log, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    /// What it was read as.
    pub format: LogFormat,
    /// The lines that mean something, the oldest first.
    pub lines: Vec<LogLine>,
    /// The causes its failures point to, likeliest first.
    pub causes: Vec<Ranked>,
    /// All records in it, with those that mean nothing here.
    pub records: u64,
    /// Lines that mean something and were dropped because there were too many: the oldest.
    pub dropped: u64,
    /// Records that were longer than [`RECORD_MAX`] and were cut, and an event whose end the file does not have.
    pub cut: u64,
    /// Lines that tell of a failure, dropped ones included.
    pub failures: u64,
    /// Attempts to connect in which something failed, where the log form shows attempts.
    pub attempts: Option<u64>,
    /// Lines that tell of a success, dropped ones included.
    pub successes: u64,
}

/// Reads a whole log; its format is found out unless it is given.
pub fn read(bytes: &[u8], format: Option<LogFormat>) -> Log {
    let mut reader = Reader::new(format);
    reader.feed(bytes);
    reader.finish()
}

/// The characters of a file of which nobody knows the encoding: UTF-8 or UTF-16, with a byte order mark or without.
pub fn decoded(bytes: &[u8]) -> String {
    let (mut decoder, mut text) = (text::Decoder::default(), String::new());
    decoder.decode(bytes, &mut text);
    decoder.finish(&mut text);
    text
}

/// Reads a log piece by piece.
pub struct Reader {
    decoder: text::Decoder,
    /// The beginning of the log, until the format is known.
    head: String,
    at_work: Option<Work>,
    apart: bool,
}

impl Reader {
    /// A reader of a log of that format, or of one that is found out.
    pub fn new(format: Option<LogFormat>) -> Reader {
        Reader { decoder: text::Decoder::default(), head: String::new(), at_work: format.map(Work::new), apart: false }
    }

    /// The same, and lines that say the same stay apart: each may belong to another call.
    pub fn apart(mut self) -> Reader {
        self.apart = true;
        if let Some(work) = &mut self.at_work {
            work.apart = true;
        }
        self
    }

    /// Takes the next piece.
    pub fn feed(&mut self, bytes: &[u8]) {
        let mut text = String::new();
        for piece in bytes.chunks(PIECE) {
            text.clear();
            self.decoder.decode(piece, &mut text);
            self.take(&text);
        }
    }

    /// Takes note that there is no more, and tells what it all means.
    pub fn finish(mut self) -> Log {
        let mut rest = String::new();
        self.decoder.finish(&mut rest);
        self.take(&rest);
        self.begin().finish()
    }

    fn take(&mut self, text: &str) {
        match &mut self.at_work {
            Some(work) => work.push(text),
            None => {
                self.head.push_str(text);
                if self.head.len() >= HEAD {
                    let work = self.begin();
                    self.at_work = Some(work);
                }
            }
        }
    }

    /// The work so far; the head decides the format when nothing has yet.
    fn begin(&mut self) -> Work {
        self.at_work.take().unwrap_or_else(|| {
            let mut work = Work { apart: self.apart, ..Work::new(detect::format(&self.head)) };
            work.push(&std::mem::take(&mut self.head));
            work
        })
    }
}

/// A reader whose format is known.
struct Work {
    format: LogFormat,
    splitter: Splitter,
    table: csv::Table,
    lines: VecDeque<LogLine>,
    tally: rank::Tally,
    haggle: haggle::Haggle,
    attempts: attempt::Attempts,
    records: u64,
    dropped: u64,
    cut: u64,
    failures: u64,
    successes: u64,
    apart: bool,
}

impl Work {
    fn new(format: LogFormat) -> Work {
        let splitter = Splitter::new(format);
        let (table, tally) = (csv::Table::default(), rank::Tally::default());
        Work {
            format,
            splitter,
            table,
            lines: VecDeque::new(),
            tally,
            haggle: haggle::Haggle::default(),
            attempts: attempt::Attempts::default(),
            records: 0,
            dropped: 0,
            cut: 0,
            failures: 0,
            successes: 0,
            apart: false,
        }
    }

    fn push(&mut self, text: &str) {
        let mut records = Vec::new();
        self.splitter.push(text, &mut |record| records.push(record));
        records.into_iter().for_each(|record| self.record(&record));
    }

    fn record(&mut self, record: &Record) {
        self.records += 1;
        self.cut += u64::from(record.cut);
        let attempt = self.attempts.of(self.format, &record.text);
        if let Some(line) = self.haggle.note(self.format, &record.text, record.line) {
            self.keep_marked(LogLine { attempt, ..line });
        }
        let line = match self.format {
            LogFormat::WindowsXml => xml::event(&record.text).and_then(|event| event.line(record.line)),
            LogFormat::WindowsCsv => self.table.event(&record.text).and_then(|event| event.line(record.line)),
            LogFormat::WindowsText => keyed::event(&record.text).and_then(|event| event.line(record.line)),
            format => phrase::line(format, &record.text, record.line),
        };
        if let Some(line) = line {
            let marks = Marks::of(&record.text, line.at.as_deref());
            self.keep(LogLine { marks, attempt, ..line });
        }
    }

    /// A line that several together make: it names what the last of them names.
    fn keep_marked(&mut self, line: LogLine) {
        let marks = Marks::of(&line.quoted, line.at.as_deref());
        self.keep(LogLine { marks, ..line });
    }

    fn keep(&mut self, line: LogLine) {
        self.successes += u64::from(line.outcome == Outcome::Success);
        if line.outcome == Outcome::Failure {
            self.failures += 1;
            self.attempts.fails(line.attempt);
        }
        if let Some(last) = self.lines.back_mut().filter(|last| !self.apart && last.says_the_same(&line)) {
            last.times += 1;
            return;
        }
        self.lines.push_back(line);
        if self.lines.len() > LINES_MAX
            && let Some(oldest) = self.lines.pop_front()
        {
            self.tally.note(&oldest);
            self.dropped += 1;
        }
    }

    fn finish(mut self) -> Log {
        let mut records = Vec::new();
        self.splitter.finish(&mut |record| records.push(record));
        records.into_iter().for_each(|record| self.record(&record));
        if let Some(line) = std::mem::take(&mut self.haggle).finish() {
            self.keep_marked(line);
        }
        let Work { format, dropped, cut, failures, successes, .. } = self;
        let mut lines: Vec<LogLine> = self.lines.into();
        if newest_first(&lines) {
            lines.reverse();
        }
        let causes = self.tally.ranked(&mut lines);
        Log { format, causes, lines, records: self.records, dropped, cut, failures, attempts: self.attempts.failed(), successes }
    }
}

/// Event Viewer writes the newest event first.
fn newest_first(lines: &[LogLine]) -> bool {
    let mut times = lines.iter().filter(|line| line.event.is_some()).filter_map(|line| match Stamp::parse(line.at.as_deref()?)? {
        Stamp::Utc(ms) | Stamp::Local(ms) => Some(ms),
        Stamp::NoYear(..) => None,
    });
    let first = times.next();
    first.zip(times.next_back()).is_some_and(|(first, last)| first > last)
}

/// Ours: what is decoded at once.
const PIECE: usize = 16 * 1024;
/// Ours: the format must show in the first 8 KiB.
const HEAD: usize = 8 * 1024;
/// Ours: a record is cut there. Windows limits the text of an event to 31,839 characters.
pub const RECORD_MAX: usize = 64 * 1024;
/// Ours: more lines than these nobody reads; the newest are kept.
pub const LINES_MAX: usize = 5_000;

#[cfg(test)]
mod tests;
