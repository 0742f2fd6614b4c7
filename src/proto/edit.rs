//! The edit language: one line spoils one outgoing message.
//!
//! `layer.message#nth operation`; `#*` means every one, `layer.*` every message of the layer.

use crate::base::unhex;
use std::time::Duration;

/// One edit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// The line it was read from.
    pub line: String,
    /// `layer.message`, `layer.*` or `*`.
    pub message: String,
    /// Which occurrence, counted from 1; `None` every one.
    pub nth: Option<u32>,
    /// What to do.
    pub operation: Operation,
}

/// What an edit does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operation {
    /// `set field=value`: a number (decimal or 0x) or, for wider fields, hexadecimal bytes after `hex:`.
    Set(String, Value),
    /// `flip field.bit`: bit 0 is the field's first.
    Flip(String, usize),
    /// `drop`: the message is not sent.
    Drop,
    /// `drop name`: the attribute or option is taken out and the lengths around it are mended.
    DropPart(String),
    /// `repeat n`: sent n times in all.
    Repeat(u32),
    /// `before bytes`: these bytes go out first.
    Before(Vec<u8>),
    /// `hold duration`: sent that much later; what follows waits too.
    Hold(Duration),
    /// `splice a..b "text"` or `splice a..b hex`: those bytes are replaced; no length is mended.
    Splice(usize, usize, Vec<u8>),
    /// `split n`: written in two pieces, n bytes first; `split -n`: n bytes last.
    Split(isize),
    /// `shred`: every byte is written on its own.
    Shred,
    /// `close`: the message is not sent, and the connection is closed in its place.
    Close,
    /// `copy field`: the value that the field had in the peer's last message of the same name.
    Copy(String),
    /// `instead bytes`: these bytes go out in its place.
    Instead(Vec<u8>),
    /// `extra operation`: a copy, changed by that operation, goes out first.
    Extra(Box<Operation>),
    /// `early layer.message#nth`: sent before that message of the same side. A script that is played knows how to; a live mind,
    /// which has not made the message yet, does not.
    Early(String, u32),
}

/// The value of a `set`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// A number.
    Number(u64),
    /// Bytes for a field wider than 64 bits.
    Bytes(Vec<u8>),
}

/// Why a line is no edit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EditError {
    /// The line.
    pub line: String,
    /// What was expected.
    pub expected: &'static str,
}

impl std::fmt::Display for EditError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "not an edit: {:?}: expected {}", self.line, self.expected)
    }
}

impl std::error::Error for EditError {}

impl Edit {
    /// Reads one line.
    pub fn parse(line: &str) -> Result<Edit, EditError> {
        let fail = |expected| EditError { line: line.to_string(), expected };
        let mut words = line.split_whitespace();
        let target = words.next().ok_or_else(|| fail("layer.message#nth"))?;
        let (message, nth) = target.split_once('#').unwrap_or((target, "1"));
        let nth = match nth {
            "*" => None,
            number => Some(number.parse().map_err(|_| fail("a number or * after #"))?),
        };
        let verb = words
            .next()
            .ok_or_else(|| fail("an operation: set flip drop close repeat before hold splice split shred instead copy extra early"))?;
        let rest = line.split_once(verb).map_or("", |pair| pair.1).trim();
        let operation = operation(verb, rest).map_err(fail)?;
        Ok(Edit { line: line.trim().to_string(), message: message.to_string(), nth, operation })
    }

    /// Whether it is for the `nth` message of that name.
    pub fn matches(&self, name: &str, nth: u32) -> bool {
        let named = match self.message.strip_suffix('*') {
            Some(prefix) => name.starts_with(prefix),
            None => self.message == name,
        };
        named && self.nth.is_none_or(|wanted| wanted == nth)
    }
}

fn operation(verb: &str, rest: &str) -> Result<Operation, &'static str> {
    Ok(match verb {
        "set" => {
            let (field, value) = rest.split_once('=').ok_or("set field=value")?;
            Operation::Set(field.trim().to_string(), value_of(value.trim()).ok_or("a number, or hex: and hexadecimal digits")?)
        }
        "flip" => {
            let (field, bit) = rest.rsplit_once('.').ok_or("flip field.bit")?;
            Operation::Flip(field.to_string(), bit.parse().map_err(|_| "flip field.bit")?)
        }
        "extra" => {
            let (verb, rest) = rest.split_once(' ').unwrap_or((rest, ""));
            match self::operation(verb, rest.trim())? {
                Operation::Extra(_) | Operation::Early(..) => return Err("extra and an operation that changes bytes"),
                other => Operation::Extra(Box::new(other)),
            }
        }
        "early" => {
            let (name, nth) = rest.split_once('#').unwrap_or((rest, "1"));
            let nth = nth.parse().map_err(|_| "early layer.message#nth")?;
            Operation::Early(Some(name).filter(|name| name.contains('.')).ok_or("early layer.message#nth")?.to_string(), nth)
        }
        "close" if rest.is_empty() => Operation::Close,
        "shred" if rest.is_empty() => Operation::Shred,
        "drop" if rest.is_empty() => Operation::Drop,
        "drop" => Operation::DropPart(rest.to_string()),
        "repeat" => Operation::Repeat(rest.parse().ok().filter(|n| (1..=100_000).contains(n)).ok_or("repeat n, 1 to 100000")?),
        "before" => Operation::Before(bytes(rest).ok_or("bytes: hexadecimal, or \"text\"")?),
        "instead" => Operation::Instead(bytes(rest).ok_or("bytes: hexadecimal, or \"text\"")?),
        "hold" => Operation::Hold(duration(rest).ok_or("a duration such as 70s or 250ms")?),
        "splice" => {
            let (range, text) = rest.split_once(' ').unwrap_or((rest, ""));
            let (from, to) = range.split_once("..").ok_or("splice a..b bytes")?;
            let place = |text: &str| text.parse::<usize>().map_err(|_| "splice a..b bytes");
            let (from, to) = (place(from)?, place(to)?);
            if from > to {
                return Err("splice a..b with a not above b");
            }
            Operation::Splice(from, to, bytes(text).ok_or("bytes: hexadecimal, or \"text\"")?)
        }
        "copy" if !rest.is_empty() => Operation::Copy(rest.to_string()),
        "split" => Operation::Split(rest.parse().map_err(|_| "split n or split -n")?),
        _ => return Err("an operation: set flip drop close repeat before hold splice split shred instead copy extra early"),
    })
}

fn value_of(text: &str) -> Option<Value> {
    if let Some(digits) = text.strip_prefix("hex:") {
        return unhex(digits).map(Value::Bytes);
    }
    match text.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
    .map(Value::Number)
}

/// Hexadecimal, or text in double quotes with `\r`, `\n`, `\0` and `\"`.
pub fn bytes(text: &str) -> Option<Vec<u8>> {
    let text = text.trim();
    match text.strip_prefix('"').and_then(|text| text.strip_suffix('"')) {
        Some(quoted) => Some(quoted.replace("\\r", "\r").replace("\\n", "\n").replace("\\0", "\0").replace("\\\"", "\"").into_bytes()),
        None => unhex(text),
    }
}

fn duration(text: &str) -> Option<Duration> {
    match text.strip_suffix("ms") {
        Some(number) => number.parse().ok().map(Duration::from_millis),
        None => text.strip_suffix('s')?.parse().ok().map(Duration::from_secs),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_of_the_design_is_read() {
        let edit = |line: &str| Edit::parse(line).map(|edit| edit.operation);
        assert_eq!(edit("sstp.call-connect-request#1 set version=0x20"), Ok(Operation::Set("version".into(), Value::Number(0x20))));
        assert_eq!(edit("sstp.call-connected#1 flip crypto-binding.nonce.0"), Ok(Operation::Flip("crypto-binding.nonce".into(), 0)));
        assert_eq!(edit("sstp.call-connect-ack#1 drop crypto-binding-request"), Ok(Operation::DropPart("crypto-binding-request".into())));
        assert_eq!(edit("lcp.configure-request#2 drop"), Ok(Operation::Drop));
        assert_eq!(edit("sstp.call-connect-ack#1 repeat 2"), Ok(Operation::Repeat(2)));
        assert_eq!(
            edit("sstp.call-connected#1 before 10 01 00 08 00 08 00 00").map(|op| matches!(op, Operation::Before(b) if b.len() == 8)),
            Ok(true)
        );
        assert_eq!(edit("chap.success#1 hold 70s"), Ok(Operation::Hold(Duration::from_secs(70))));
        assert_eq!(edit("http.response#1 splice 9..12 \"503\""), Ok(Operation::Splice(9, 12, b"503".to_vec())));
        assert_eq!(edit("sstp.call-connected#1 split 5"), Ok(Operation::Split(5)));
        assert_eq!(edit("http.request#1 split -4"), Ok(Operation::Split(-4)));
        assert_eq!(edit("sstp.a extra set version=1"), Ok(Operation::Extra(Box::new(Operation::Set("version".into(), Value::Number(1))))));
        assert_eq!(edit("sstp.b#1 early sstp.a#2"), Ok(Operation::Early("sstp.a".into(), 2)));
    }

    #[test]
    fn a_line_that_is_no_edit_says_what_was_expected() {
        for line in [
            "",
            "sstp.x#1",
            "sstp.x#y drop",
            "sstp.x#1 set version",
            "sstp.x#1 hold 5",
            "sstp.x#1 burn",
            "sstp.x splice 9..3 00",
            "a.x extra burn",
            "a.x early a",
        ] {
            assert!(Edit::parse(line).is_err(), "{line}");
        }
    }

    #[test]
    fn a_target_matches_by_name_and_count() {
        let every = Edit::parse("lcp.*#* drop").expect("an edit");
        assert!(every.matches("lcp.configure-request", 7) && !every.matches("ipcp.configure-request", 1));
        let second = Edit::parse("lcp.configure-request#2 drop").expect("an edit");
        assert!(second.matches("lcp.configure-request", 2) && !second.matches("lcp.configure-request", 1));
    }
}
