//! A transcript as text: one JSON object a line, the head first.

use super::{Event, Head, Transcript};
use std::io::{self, BufRead, Write};

impl Transcript {
    /// Writes the head and every event, a line each. Fields marked secret are the caller's to scrub first.
    pub fn write_jsonl(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "{}", serde_json::to_string(&self.head)?)?;
        for event in &self.events {
            writeln!(out, "{}", serde_json::to_string(event)?)?;
        }
        Ok(())
    }

    /// Reads what [`Transcript::write_jsonl`] wrote. The error names the line.
    pub fn read_jsonl(input: &mut dyn BufRead) -> io::Result<Transcript> {
        let mut lines = input.lines().enumerate();
        let bad = |line: usize, error: serde_json::Error| io::Error::new(io::ErrorKind::InvalidData, format!("line {}: {error}", line + 1));
        let Some((_, first)) = lines.next() else {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "line 1: a head was expected"));
        };
        let head: Head = serde_json::from_str(&first?).map_err(|error| bad(0, error))?;
        let mut events = Vec::new();
        for (number, line) in lines {
            let line = line?;
            if !line.trim().is_empty() {
                events.push(serde_json::from_str::<Event>(&line).map_err(|error| bad(number, error))?);
            }
        }
        Ok(Transcript { head, events })
    }
}
