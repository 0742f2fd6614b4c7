//! Every message with its bytes, and beside them the names and values of its fields.

use super::super::model::Style;
use super::super::text::{cut, grouped, hanging, harmless, lossy};
use super::{End, Filter, Looks, Session, View, listing};
use crate::base::Field;
use crate::transcript::Event;
use crate::transcript::scrub;
use crate::wire::{layout, sstp};
use std::io::{self, Write};
use std::ops::Range;

/// Bytes and fields.
pub struct Hexdump {
    style: Style,
    filter: Filter,
    with_secrets: bool,
}

impl Hexdump {
    /// Nothing dumped yet.
    pub fn new(looks: &Looks) -> Hexdump {
        Hexdump { style: looks.style.clone(), filter: looks.filter.clone(), with_secrets: looks.with_secrets }
    }
}

impl View for Hexdump {
    fn session(&mut self, session: &Session, out: &mut dyn Write) -> io::Result<()> {
        listing::heading(session, &self.style, out)?;
        for (_, event) in session.events(&self.filter).filter(|(_, event)| !event.raw.is_empty()) {
            writeln!(out, "\n{}", listing::line(None, event, &self.style))?;
            for row in rows(event, self.with_secrets, self.style.width) {
                writeln!(out, "{row}")?;
            }
        }
        writeln!(out)
    }

    fn end(&mut self, end: &End, out: &mut dyn Write) -> io::Result<()> {
        write!(out, "{}", end.text(self.style.width.min(WIDEST)))
    }
}

/// The rows beneath one message.
pub(super) fn rows(event: &Event, with_secrets: bool, width: usize) -> Vec<String> {
    let per_row = if width < ROOMY { 4 } else { 8 };
    let raw = &event.raw;
    let secret = if with_secrets { Vec::new() } else { scrub::secrets(event) };
    let row = |range: Range<usize>, label: &str| {
        let pairs = bytes(raw, range.clone(), &secret);
        cut(format!("  {:04x}  {pairs:pairs_wide$}  {label}", range.start, pairs_wide = per_row * 3 - 1).trim_end(), width)
    };
    let pieces = |range: Range<usize>| range.clone().step_by(per_row).map(move |at| at..(at + per_row).min(range.end));
    if sstp::Header::parse(raw).is_none_or(|header| header.length != raw.len()) {
        return pieces(0..raw.len()).map(|range| row(range.clone(), &printable(raw, range, &secret))).collect();
    }
    let mut rows = Vec::new();
    for group in groups(&layout::fields(raw), raw.len()) {
        let label = hanging(&label(&group, raw, &secret, width < ROOMY), width.saturating_sub(per_row * 3 + 9), 0);
        let mut words = label.lines();
        rows.extend(pieces(group.bytes).map(|range| row(range, words.next().unwrap_or_default())));
        rows.extend(words.map(|words| cut(&format!("{:indent$}{words}", "", indent = per_row * 3 + 9), width)));
    }
    rows
}

/// Fields that share their bytes, one behind the other. The attribute or option that they lie in is said once, and not at
/// all where there is no room: the fields before tell it.
fn label(group: &Group, raw: &[u8], secret: &[Range<usize>], narrow: bool) -> String {
    let common = group.fields.first().and_then(|field| field.name.rsplit_once('.')).map(|parts| format!("{}.", parts.0));
    let said = |(n, field): (usize, &Field)| {
        let text = described(field, raw, secret);
        let short = common.as_deref().filter(|_| narrow || n > 0).and_then(|common| text.strip_prefix(common));
        short.map_or(text.clone(), str::to_string)
    };
    group.fields.iter().enumerate().map(said).collect::<Vec<_>>().join(", ")
}

/// Fields that share their bytes, and bytes that no field claims.
struct Group {
    bytes: Range<usize>,
    fields: Vec<Field>,
}

fn groups(fields: &[Field], len: usize) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for field in fields {
        let range = field.byte_range();
        let end = groups.last().map_or(0, |group| group.bytes.end);
        match groups.last_mut() {
            Some(group) if range.start < end => {
                group.bytes.end = range.end.max(end);
                group.fields.push(field.clone());
            }
            _ => {
                if range.start > end {
                    groups.push(Group { bytes: end..range.start, fields: Vec::new() });
                }
                groups.push(Group { bytes: range, fields: vec![field.clone()] });
            }
        }
    }
    let end = groups.last().map_or(0, |group| group.bytes.end);
    if end < len {
        groups.push(Group { bytes: end..len, fields: Vec::new() });
    }
    groups
}

/// Hexadecimal pairs, secret ones as asterisks.
fn bytes(raw: &[u8], range: Range<usize>, secret: &[Range<usize>]) -> String {
    let pair = |at: usize| match raw.get(at) {
        Some(_) if is_in(secret, at) => "**".to_string(),
        Some(byte) => format!("{byte:02x}"),
        None => "  ".to_string(),
    };
    range.map(pair).collect::<Vec<_>>().join(" ")
}

fn printable(raw: &[u8], range: Range<usize>, secret: &[Range<usize>]) -> String {
    let letter = |at: usize| match raw.get(at) {
        Some(_) if is_in(secret, at) => '*',
        Some(byte) if byte.is_ascii_graphic() || *byte == b' ' => char::from(*byte),
        _ => '.',
    };
    range.map(letter).collect()
}

fn is_in(ranges: &[Range<usize>], at: usize) -> bool {
    ranges.iter().any(|range| range.contains(&at))
}

/// Name and value of a field, and what the value must be where it is not.
fn described(field: &Field, raw: &[u8], secret: &[Range<usize>]) -> String {
    let range = field.byte_range();
    if is_in(secret, range.start) {
        return format!("{} ** (secret, {} bytes)", field.name, range.len());
    }
    let value = match field.read(raw) {
        Some(value) if is_length(&field.name) => grouped(value),
        Some(value) if field.bits <= 32 => format!("0x{value:0digits$x}", digits = field.bits.div_ceil(4)),
        _ => text(raw.get(range).unwrap_or_default()),
    };
    let wrong = field.must.filter(|must| field.read(raw).is_some_and(|value| value != *must));
    let wrong = wrong.map_or(String::new(), |must| format!(" (must be 0x{must:x}, {})", field.spec));
    format!("{} {value}{wrong}", field.name).trim_end().to_string()
}

/// Lengths and counts are read as decimal numbers.
fn is_length(name: &str) -> bool {
    ["length", "size", "num-attributes"].iter().any(|end| name.ends_with(end))
}

/// Bytes that are plainly text, quoted.
fn text(bytes: &[u8]) -> String {
    let plain = !bytes.is_empty() && bytes.iter().all(|byte| byte.is_ascii_graphic() || *byte == b' ');
    if plain { format!("\"{}\"", harmless(&lossy(bytes))) } else { String::new() }
}

/// Ours: with fewer columns a row has four bytes and not eight.
const ROOMY: usize = 70;
/// Ours: longer sentences are hard to read.
const WIDEST: usize = 120;
