//! Records out of text: lines, rows of a CSV table, events.

use super::detect::LogFormat;
use super::{RECORD_MAX, keyed};

/// One record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Its text, cut at [`RECORD_MAX`].
    pub text: String,
    /// The line on which it begins, from 1.
    pub line: u64,
    /// It was longer, or it is an event without its end.
    pub cut: bool,
}

/// Splits a stream of text into records.
pub struct Splitter {
    way: Way,
    record: String,
    cut: bool,
    /// The line that is being read.
    line: u64,
    /// The line on which the record began.
    began: u64,
}

/// Where a record ends.
enum Way {
    /// At the end of the line.
    Lines,
    /// At the end of a line outside quotation marks.
    Rows {
        /// Within quotation marks.
        quoted: bool,
    },
    /// Between `<Event` and `</Event>`; what stands around them is dropped.
    Events {
        /// Within an event.
        inside: bool,
        /// The last bytes, in which a tag may be hidden.
        tail: String,
    },
    /// In front of a line whose key the record has already.
    Keyed {
        /// Keys that begin a record and were met in it.
        seen: Vec<String>,
        /// The line that is being read.
        current: String,
    },
}

type Out<'a> = &'a mut dyn FnMut(Record);

impl Splitter {
    /// A splitter for that format.
    pub fn new(format: LogFormat) -> Splitter {
        let way = match format {
            LogFormat::WindowsXml => Way::Events { inside: false, tail: String::new() },
            LogFormat::WindowsCsv => Way::Rows { quoted: false },
            LogFormat::WindowsText => Way::Keyed { seen: Vec::new(), current: String::new() },
            _ => Way::Lines,
        };
        Splitter { way, record: String::new(), cut: false, line: 1, began: 1 }
    }

    /// Takes the next piece of text.
    pub fn push(&mut self, text: &str, out: Out) {
        text.chars().for_each(|c| self.take(c, out));
    }

    /// Gives what is left when no more text comes.
    pub fn finish(&mut self, out: Out) {
        if let Way::Keyed { current, .. } = &mut self.way {
            let last = std::mem::take(current);
            self.keep(&last);
        }
        // An event without its end is one of a file that was cut off.
        self.cut |= matches!(self.way, Way::Events { inside: true, .. });
        if !matches!(self.way, Way::Events { inside: false, .. }) {
            self.end(out);
        }
    }

    fn take(&mut self, c: char, out: Out) {
        match &mut self.way {
            Way::Lines if c == '\n' => self.end(out),
            Way::Lines => self.put(c),
            Way::Rows { quoted } => {
                *quoted ^= c == '"';
                // A quotation mark that never closes would swallow the rest of the file.
                let lost = *quoted && self.cut;
                if c == '\n' && (!*quoted || lost) {
                    *quoted = false;
                    self.end(out);
                } else {
                    self.put(c);
                }
            }
            Way::Events { .. } => self.tag(c, out),
            Way::Keyed { .. } => self.keyed(c, out),
        }
        self.line += u64::from(c == '\n');
        if self.record.is_empty() {
            self.began = self.line;
        }
    }

    fn tag(&mut self, c: char, out: Out) {
        let Way::Events { inside, tail } = &mut self.way else { return };
        tail.push(c);
        if *inside {
            let ended = tail.ends_with(END);
            *inside = !ended;
            trim(tail);
            self.put(c);
            if ended {
                // The end counts even where the middle was cut.
                self.end(out);
            }
        } else {
            let begun = c.is_whitespace() || c == '>';
            *inside = begun && tail.strip_suffix(c).is_some_and(|head| head.ends_with(BEGIN));
            trim(tail);
            if *inside {
                self.record = BEGIN.to_string();
                self.began = self.line;
                self.put(c);
            }
        }
    }

    fn keyed(&mut self, c: char, out: Out) {
        let Way::Keyed { seen, current } = &mut self.way else { return };
        if current.len() < RECORD_MAX {
            current.push(c);
        }
        if c != '\n' {
            return;
        }
        let line = std::mem::take(current);
        let start = keyed::start(&line);
        let again = start.as_ref().is_some_and(|key| seen.contains(key));
        if again {
            seen.clear();
        }
        seen.extend(start);
        if again {
            self.end(out);
            self.began = self.line;
        }
        self.keep(&line);
    }

    fn keep(&mut self, text: &str) {
        text.chars().for_each(|c| self.put(c));
    }

    fn put(&mut self, c: char) {
        if self.record.len() < RECORD_MAX {
            self.record.push(c);
        } else {
            self.cut = true;
        }
    }

    fn end(&mut self, out: Out) {
        let text = std::mem::take(&mut self.record);
        if !text.trim().is_empty() {
            out(Record { text, line: self.began, cut: self.cut });
        }
        self.cut = false;
    }
}

/// Keeps the end of a text that is long enough for the tags looked for.
fn trim(tail: &mut String) {
    if tail.len() > 4 * END.len() {
        let from = (tail.len() - END.len()..tail.len()).find(|at| tail.is_char_boundary(*at)).unwrap_or(tail.len());
        tail.drain(..from);
    }
}

/// How an event begins in XML, without what ends the tag.
const BEGIN: &str = "<Event";
/// How it ends.
const END: &str = "</Event>";

#[cfg(test)]
mod tests {
    use super::*;

    fn split(format: LogFormat, text: &str) -> Vec<(u64, String)> {
        let (mut splitter, mut records) = (Splitter::new(format), Vec::new());
        splitter.push(text, &mut |record| records.push((record.line, record.text)));
        splitter.finish(&mut |record| records.push((record.line, record.text)));
        records
    }

    #[test]
    fn lines_are_numbered() {
        assert_eq!(split(LogFormat::Plain, "a\n\nb"), [(1, "a".to_string()), (3, "b".to_string())]);
    }

    #[test]
    fn a_row_goes_on_within_quotation_marks() {
        let rows = split(LogFormat::WindowsCsv, "a,\"b\n\"\"c\"\"\",d\ne\n");
        assert_eq!(rows, [(1, "a,\"b\n\"\"c\"\"\",d".to_string()), (3, "e".to_string())]);
    }

    #[test]
    fn events_are_cut_out_of_what_stands_around_them() {
        let text = "<?xml?><Events>\n<Event xmlns='x'><EventData/></Event><Event>\n</Event></Events>";
        let events = split(LogFormat::WindowsXml, text);
        assert_eq!(events, [(2, "<Event xmlns='x'><EventData/></Event>".to_string()), (2, "<Event>\n</Event>".to_string())]);
    }

    #[test]
    fn a_record_that_never_ends_is_cut_and_the_next_one_is_found() {
        let text = format!("<Event>{}</Event><Event>b</Event>", "x".repeat(3 * RECORD_MAX));
        let events = split(LogFormat::WindowsXml, &text);
        assert_eq!(events.iter().map(|event| event.1.len()).collect::<Vec<_>>(), [RECORD_MAX, 16]);
        let rows = split(LogFormat::WindowsCsv, &format!("a,\"{}\nb\n", "x".repeat(2 * RECORD_MAX)));
        assert_eq!(rows.len(), 2);
    }
}
