//! A script as text that a person can edit, and back.
//!
//! ```text
//! sstp-diag script 1
//! from call.pcapng, session 1
//! leaf <SHA-1> <SHA-256>
//! 0.012837 client http.request#1 "SSTP_DUPLEX_POST ...\r\n\r\n"
//! 0.014253 client sstp.call-connect-request#1 1001000e 00010001 00010006 0001
//! compare
//! 2.351207 server close close-notify
//! sstp.call-connected#1 set version=0x20
//! ignore sstp.echo-*
//! ```

use super::message::Said;
use super::pattern::Pattern;
use super::script::{LONGEST, MOST_STEPS, NotPlayable, Script, Step};
use crate::base::{Micros, Side, hex, unhex};
use crate::proto::edit::{self, Edit};
use crate::proto::plan::CertHashes;
use crate::transcript::How;
use std::collections::HashMap;
use std::fmt::Write;

/// The first line of every script.
pub const FIRST_LINE: &str = "sstp-diag script 1";
/// The first line without its version.
pub const FIRST_WORDS: &str = "sstp-diag script ";
/// What editors of Windows put in front of a text: the byte order mark, in UTF-8.
pub const MARK: &str = "\u{feff}";

impl Script {
    /// The text.
    pub fn text(&self) -> String {
        let mut text = format!("{FIRST_LINE}\n");
        let mut line = |words: std::fmt::Arguments<'_>| {
            // A String takes everything.
            let _ = writeln!(text, "{words}");
        };
        if !self.from.is_empty() {
            line(format_args!("from {}", self.from));
        }
        if let Some(leaf) = &self.leaf {
            line(format_args!("leaf {} {}", hex(&leaf.sha1), hex(&leaf.sha256)));
        }
        let mut counts: HashMap<(Side, &str), u32> = HashMap::new();
        for (place, step) in self.steps.iter().enumerate() {
            if place == self.since && place > 0 {
                line(format_args!("compare"));
            }
            match step {
                Step::Says(said) => {
                    let nth = counts.entry((said.by, &said.name)).and_modify(|nth| *nth += 1).or_insert(1);
                    line(format_args!("{} {} {}#{nth} {}", seconds(said.at), said.by.name(), said.name, bytes(&said.raw)));
                }
                Step::Closes { at, by, how } => line(format_args!("{} {} close {}", seconds(*at), by.name(), how_name(*how))),
            }
        }
        if let Some(why) = &self.cut {
            line(format_args!("cut {why}"));
        }
        self.edits.iter().for_each(|edit| line(format_args!("{}", edit.line)));
        self.ignore.iter().for_each(|pattern| line(format_args!("ignore {pattern}")));
        text
    }

    /// Reads the text. The error names the line.
    pub fn parse(text: &str) -> Result<Script, NotPlayable> {
        let text = text.strip_prefix(MARK).unwrap_or(text);
        let mut lines = text.lines().enumerate().map(|(n, line)| (n + 1, line.trim()));
        let (_, first) = lines.next().unwrap_or_default();
        if first != FIRST_LINE {
            return Err(NotPlayable(format!("line 1: {}", unknown(first))));
        }
        let mut script = Script::default();
        let lines = lines.map(|(number, line)| (number, without_remark(line)));
        for (number, line) in lines.filter(|(_, line)| !line.is_empty()) {
            script.line(line).map_err(|says| NotPlayable(format!("line {number}: {says}")))?;
        }
        if script.steps.iter().all(|step| step.said().is_none()) {
            return Err(NotPlayable("there is no message in the script".into()));
        }
        Ok(script)
    }

    fn line(&mut self, line: &str) -> Result<(), String> {
        let (word, rest) = line.split_once(char::is_whitespace).map_or((line, ""), |(word, rest)| (word, rest.trim()));
        match word {
            "from" => self.from = rest.to_string(),
            "compare" if rest.is_empty() => self.since = self.steps.len(),
            "cut" => self.cut = Some(rest.to_string()),
            "leaf" => self.leaf = Some(leaf(rest).ok_or("leaf wants a SHA-1 and a SHA-256 in hexadecimal")?),
            "ignore" if self.ignore.len() < MOST_LINES => self.ignore.push(Pattern::parse(rest)?),
            _ if word.starts_with(|c: char| c.is_ascii_digit()) => {
                let at = micros(word).ok_or_else(|| format!("{word:?} is not a time such as 0.012837"))?;
                if self.steps.len() >= MOST_STEPS {
                    return Err(format!("a script has {MOST_STEPS} steps at most"));
                }
                self.steps.push(step(at, rest)?);
            }
            _ if self.edits.len() < MOST_LINES => self.edits.push(Edit::parse(line).map_err(|error| error.to_string())?),
            _ => return Err(format!("a script has {MOST_LINES} edits at most")),
        }
        Ok(())
    }
}

/// What is wrong with a first line.
fn unknown(first: &str) -> String {
    let version =
        |line: &str| line.strip_prefix(FIRST_WORDS).map(|version| version.chars().filter(char::is_ascii_graphic).take(16).collect());
    match (version(first), version(FIRST_LINE)) {
        (Some::<String>(theirs), Some(ours)) => format!("a script of version {theirs}, and this program reads version {ours}"),
        _ => format!("{FIRST_LINE:?} was expected"),
    }
}

/// A remark begins with `#` at the start of a line or behind a space, outside quotes. Names of files may have one.
fn without_remark(line: &str) -> &str {
    if line.starts_with("from ") || line.starts_with("cut ") {
        return line;
    }
    let (mut quoted, mut escaped, mut space) = (false, false, true);
    for (at, c) in line.char_indices() {
        match c {
            '#' if space && !quoted => return line.get(..at).unwrap_or_default().trim_end(),
            '"' if !escaped => quoted = !quoted,
            _ => {}
        }
        escaped = c == '\\' && !escaped;
        space = c.is_whitespace();
    }
    line
}

fn step(at: Micros, rest: &str) -> Result<Step, String> {
    let expected = "a message is TIME client|server NAME#NTH BYTES, an end TIME client|server close HOW";
    let (side, rest) = rest.split_once(char::is_whitespace).ok_or(expected)?;
    let by = [Side::Client, Side::Server].into_iter().find(|by| by.name() == side).ok_or(expected)?;
    // The name is there for who reads it; what a message is, its bytes say.
    let (name, rest) = rest.trim().split_once(char::is_whitespace).ok_or(expected)?;
    if name == "close" {
        let how = HOWS.iter().find(|row| row.1 == rest.trim()).ok_or("close wants close-notify, fin, reset or ours")?;
        return Ok(Step::Closes { at, by, how: how.0 });
    }
    let raw = edit::bytes(rest).ok_or("bytes are hexadecimal, or \"text\"")?;
    match raw.len() {
        0 => Err("a message without bytes".into()),
        1..=LONGEST => Ok(Step::Says(Said::new(at, by, raw))),
        len => Err(format!("a message of {len} bytes; {LONGEST} is the most")),
    }
}

fn leaf(text: &str) -> Option<CertHashes> {
    let (sha1, sha256) = text.split_once(char::is_whitespace)?;
    Some(CertHashes { sha1: unhex(sha1)?.try_into().ok()?, sha256: unhex(sha256)?.try_into().ok()? })
}

/// Text where all of it can be written so, else hexadecimal in groups of four bytes.
fn bytes(raw: &[u8]) -> String {
    let plain = |byte: &u8| matches!(byte, b' '..=b'~' | b'\r' | b'\n') && *byte != b'\\';
    match std::str::from_utf8(raw).ok().filter(|_| raw.iter().all(plain)) {
        Some(text) => format!("\"{}\"", text.replace('"', "\\\"").replace('\r', "\\r").replace('\n', "\\n")),
        None => raw.chunks(4).map(hex).collect::<Vec<_>>().join(" "),
    }
}

fn seconds(at: Micros) -> String {
    format!("{}.{:06}", at.0 / 1_000_000, at.0 % 1_000_000)
}

/// Seconds with up to six places.
fn micros(text: &str) -> Option<Micros> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(part) || part.len() > 6 {
        return None;
    }
    let part: u64 = format!("{part:0<6}").parse().ok()?;
    Some(Micros(whole.parse::<u64>().ok()?.checked_mul(1_000_000)?.checked_add(part)?))
}

fn how_name(how: How) -> &'static str {
    HOWS.iter().find(|row| row.0 == how).map_or("", |row| row.1)
}

const HOWS: [(How, &str); 4] = [(How::CloseNotify, "close-notify"), (How::Fin, "fin"), (How::Reset, "reset"), (How::Ours, "ours")];
/// Ours: edits, and patterns, of one script.
const MOST_LINES: usize = 1_000;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn says(at: u64, by: Side, raw: &[u8]) -> Step {
        Step::Says(Said::new(Micros(at), by, raw.to_vec()))
    }

    #[test]
    fn a_script_is_written_as_shown_and_read_back_without_loss() {
        let request = unhex("1001000e00010001000100060001").expect("hexadecimal");
        let script = Script {
            from: "call.pcapng, session 1".into(),
            leaf: Some(CertHashes { sha1: [1; 20], sha256: [2; 32] }),
            steps: vec![
                says(12_837, Side::Client, b"SSTP_DUPLEX_POST / HTTP/1.1\r\nX: \"y\"\r\n\r\n"),
                says(1_014_253, Side::Client, &request),
                says(1_014_300, Side::Server, b"back\\slash"),
                Step::Closes { at: Micros(2_000_000), by: Side::Server, how: How::CloseNotify },
            ],
            edits: vec![Edit::parse("sstp.call-connected#1 set version=0x20").expect("an edit")],
            ignore: vec![Pattern::parse("sstp.echo-*").expect("a pattern")],
            since: 1,
            cut: Some("3 bytes are missing from the capture".into()),
        };
        let text = script.text();
        assert_eq!(Script::parse(&text), Ok(script));
        assert!(
            text.contains("\n0.012837 client http.request#1 \"SSTP_DUPLEX_POST / HTTP/1.1\\r\\nX: \\\"y\\\"\\r\\n\\r\\n\"\n"),
            "{text}"
        );
        assert!(text.contains("\n1.014253 client sstp.call-connect-request#1 1001000e 00010001 00010006 0001\n"), "{text}");
        assert!(text.contains("\n1.014300 server bytes.unreadable#1 6261636b 5c736c61 7368\n"), "{text}");
    }

    #[test]
    fn a_remark_may_stand_behind_anything() {
        let text = format!(
            "{FIRST_LINE}\n # alone\nfrom a #1.pcapng, session 1\n1.0 client http.request#1 \"a # \\\" # b\"  # the request\n2.0 server close fin # the end\n\
             http.request#1 splice 0..1 \"#\" # not this one\nignore sstp.echo-* # nor these\n"
        );
        let script = Script::parse(&text).expect("a script");
        assert_eq!(script.from, "a #1.pcapng, session 1");
        assert_eq!(
            script.steps,
            [says(1_000_000, Side::Client, b"a # \" # b"), Step::Closes { at: Micros(2_000_000), by: Side::Server, how: How::Fin }]
        );
        assert_eq!(script.edits[0].line, "http.request#1 splice 0..1 \"#\"");
        assert_eq!(Script::parse(&script.text()), Ok(script));
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        for (body, says) in [
            ("", "no message"),
            ("x", "line 2: not an edit"),
            ("1.0 nobody a#1 00", "line 2: a message is"),
            ("1.0 client a#1", "line 2: a message is"),
            ("1.0 client a#1 0", "line 2: bytes are"),
            ("1.0 client a#1 \"\"", "line 2: a message without"),
            ("1.0000001 client a#1 00", "line 2: \"1.0000001\" is not a time"),
            ("99999999999999999999 client a#1 00", "is not a time"),
            ("1.0 client close gently", "close-notify, fin"),
            ("leaf 00 00", "SHA-1"),
            ("ignore", "neither a message"),
            ("# a note\n\n1.0 client close fin", "no message"),
        ] {
            let error = Script::parse(&format!("{FIRST_LINE}\n{body}\n")).expect_err(body);
            assert!(error.0.contains(says), "{body}: {error}");
        }
        assert!(Script::parse("").expect_err("empty").0.contains("line 1"));
        assert_eq!(
            Script::parse("sstp-diag script 2\n").expect_err("newer").0,
            "line 1: a script of version 2, and this program reads version 1"
        );
        assert!(Script::parse(&format!("{MARK}{FIRST_LINE}\r\n1.0 client a#1 00\r\n")).is_ok());
        let long = format!("{FIRST_LINE}\n1.0 client a#1 {}\n", "00".repeat(LONGEST + 1));
        assert!(Script::parse(&long).expect_err("too long").0.contains("16384 is the most"));
    }

    proptest! {
        #[test]
        fn any_bytes_at_any_time_come_back(raws in prop::collection::vec((any::<u32>(), any::<bool>(), prop::collection::vec(any::<u8>(), 1..80)), 1..20)) {
            let steps = raws.iter().map(|(at, client, raw)| says(u64::from(*at), if *client { Side::Client } else { Side::Server }, raw));
            let script = Script { steps: steps.collect(), ..Script::default() };
            let text = script.text();
            let again = Script::parse(&text);
            prop_assert_eq!(again.as_ref(), Ok(&script));
            prop_assert_eq!(again.map(|script| script.text()), Ok(text));
        }

        #[test]
        fn any_text_is_read_or_refused(text in ".{0,300}") {
            let _ = Script::parse(&format!("{FIRST_LINE}\n{text}"));
        }
    }
}
