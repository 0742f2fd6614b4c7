//! A transcript as text: one JSON object a line, the head first. One file may hold several, one behind the other.

use super::{Event, Head, Transcript};
use std::io::{self, BufRead, Read, Write};

impl Transcript {
    /// Writes the head and every event, a line each. Secrets are the caller's to scrub first.
    pub fn write_jsonl(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "{}", serde_json::to_string(&self.head)?)?;
        for event in &self.events {
            writeln!(out, "{}", serde_json::to_string(event)?)?;
        }
        Ok(())
    }

    /// Reads what [`Transcript::write_jsonl`] wrote, once. The error names the line.
    pub fn read_jsonl(input: &mut dyn BufRead) -> io::Result<Transcript> {
        let mut first = None;
        Transcript::read_each_jsonl(input, &mut |transcript| {
            first.get_or_insert(transcript);
        })?;
        first.ok_or_else(|| bad(1, "a head was expected"))
    }

    /// Reads several transcripts one behind the other; every head begins a new one. What stands before a line that cannot
    /// be read is handed out all the same. The error names the line.
    pub fn read_each_jsonl(input: &mut dyn BufRead, each: &mut dyn FnMut(Transcript)) -> io::Result<()> {
        let mut reading = None;
        let result = read_lines(input, &mut reading, each);
        reading.into_iter().for_each(each);
        result
    }
}

fn read_lines(input: &mut dyn BufRead, reading: &mut Option<Transcript>, each: &mut dyn FnMut(Transcript)) -> io::Result<()> {
    let mut line = String::new();
    for number in 1.. {
        line.clear();
        let place = |error: io::Error| io::Error::new(error.kind(), format!("line {number}: {error}"));
        if Read::take(&mut *input, LONGEST).read_line(&mut line).map_err(place)? == 0 {
            break;
        }
        if line.len() as u64 == LONGEST {
            return Err(bad(number, "longer than any event"));
        }
        let text = line.trim();
        // Editors of Windows put a byte order mark in front.
        let text = if number == 1 { text.trim_start_matches('\u{feff}') } else { text };
        match (serde_json::from_str::<Event>(text), &mut *reading) {
            _ if text.is_empty() => {}
            (Ok(event), Some(transcript)) => transcript.events.push(event),
            (Ok(_), None) => return Err(bad(number, "an event, where a head was expected")),
            (Err(error), _) => match serde_json::from_str::<Head>(text) {
                Ok(head) => reading.replace(Transcript { head, events: Vec::new() }).into_iter().for_each(&mut *each),
                Err(of_head) => return Err(bad(number, within(if reading.is_some() { &error } else { &of_head }))),
            },
        }
    }
    Ok(())
}

/// What is wrong in one line: the parser counts lines for itself, and has seen but this one.
fn within(error: &serde_json::Error) -> String {
    let says = error.to_string();
    match says.strip_suffix(&format!(" at line {} column {}", error.line(), error.column())) {
        Some(says) => format!("{says}, column {}", error.column()),
        None => says,
    }
}

fn bad(line: usize, says: impl std::fmt::Display) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("line {line}: {says}"))
}

/// Ours: a longer line is no event, bytes.
const LONGEST: u64 = 64 << 20;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{Layer, Micros};
    use crate::transcript::What;

    fn read(text: &str) -> (Vec<usize>, Option<String>) {
        let mut counts = Vec::new();
        let result = Transcript::read_each_jsonl(&mut text.as_bytes(), &mut |transcript| counts.push(transcript.events.len()));
        (counts, result.err().map(|error| error.to_string()))
    }

    #[test]
    fn several_transcripts_stand_in_one_file_and_damage_costs_only_what_follows() {
        let event = Event::new(Micros(1), None, Layer::Tls, What::Began);
        let mut text = Vec::new();
        for count in [2, 0, 1] {
            let transcript = Transcript { head: Head::default(), events: vec![event.clone(); count] };
            transcript.write_jsonl(&mut text).expect("a Vec takes everything");
        }
        let text = String::from_utf8(text).expect("text");
        assert_eq!(read(&text), (vec![2, 0, 1], None));
        let (counts, error) = read(&format!("{text}{{\"at\":1"));
        let error = error.expect("line 7 is cut");
        assert_eq!((counts, error.starts_with("line 7: EOF")), (vec![2, 0, 1], true));
        assert_eq!((error.matches("line").count(), error.ends_with(", column 7")), (1, true), "{error}");
        assert_eq!(read(&format!("\u{feff}{text}")), (vec![2, 0, 1], None));
        assert_eq!(read(""), (vec![], None));
        assert!(read("hello\n").1.expect("no transcript").starts_with("line 1: "));
        assert!(read(&serde_json::to_string(&event).expect("JSON")).1.expect("no head").contains("a head was expected"));
    }
}
