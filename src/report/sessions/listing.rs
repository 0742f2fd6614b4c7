//! One line a message: time, direction, name, and the most telling fields.

use super::super::sentence;
use super::super::text::{cut, hanging};
use super::super::{model::Style, table};
use super::{End, Filter, Looks, Session, View, block, words};
use crate::base::{Micros, Side};
use crate::transcript::{Event, What};
use std::io::{self, Write};

/// Messages line by line.
pub struct Listing {
    style: Style,
    filter: Filter,
    listed: bool,
}

impl Listing {
    /// Nothing listed yet.
    pub fn new(looks: &Looks) -> Listing {
        Listing { style: looks.style.clone(), filter: looks.filter.clone(), listed: looks.listed }
    }
}

impl View for Listing {
    fn session(&mut self, session: &Session, out: &mut dyn Write) -> io::Result<()> {
        heading(session, &self.style, out)?;
        if !self.listed {
            for (_, event) in session.events(&self.filter).filter(|(_, event)| is_listed(event)) {
                writeln!(out, "{}", line(None, event, &self.style))?;
            }
            writeln!(out)?;
        }
        Ok(())
    }

    fn end(&mut self, end: &End, out: &mut dyn Write) -> io::Result<()> {
        write!(out, "{}", end.text(wrap(&self.style)))
    }
}

/// Who, when, and the verdict: what stands above every list of messages.
pub(super) fn heading(session: &Session, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let width = wrap(style);
    writeln!(out, "{}", table::bold(&hanging(&format!("#{} {}", session.number, session.who()), width, 2), style.colour))?;
    writeln!(out, "{}", hanging(&format!("  {}", block::when(session)), width, 2))?;
    writeln!(out, "{}", hanging(&format!("  {}", sentence::verdict(&session.report)), width, 2))
}

/// Sentences are wrapped even where lines of messages may be as long as they like.
pub(super) fn wrap(style: &Style) -> usize {
    style.width.min(WIDEST)
}

/// That work on a layer began is told by what follows.
pub(super) fn is_listed(event: &Event) -> bool {
    !matches!(event.what, What::Began)
}

/// One event in one line; the number of its session in front where lines of several may be mixed.
pub(super) fn line(number: Option<u64>, event: &Event, style: &Style) -> String {
    let words = words::of(event);
    let number = number.map_or(String::new(), |number| format!("#{number:<4} "));
    let text = match style.width {
        0..ROOMY => format!("{number}{} {} {}", seconds(event.at), arrow(event.by), words.name),
        _ => format!("{number}{:>11} {} {:26} {}", seconds(event.at), arrow(event.by), words.name, words.says),
    };
    let text = match (style.width, words.says.is_empty()) {
        (0..ROOMY, false) => format!("{}\n{}", cut(&text, style.width), cut(&format!("    {}", words.says), style.width)),
        (width, _) => cut(text.trim_end(), width),
    };
    table::toned(&text, &event.what, style.colour)
}

/// `12.345678`, seconds since the connection began.
pub(super) fn seconds(at: Micros) -> String {
    format!("{}.{:06}", at.0 / 1_000_000, at.0 % 1_000_000)
}

/// Which way it went.
pub(super) fn arrow(by: Option<Side>) -> &'static str {
    match by {
        Some(Side::Client) => "->",
        Some(Side::Server) => "<-",
        None => "  ",
    }
}

/// Ours: with fewer columns a message takes two lines.
const ROOMY: usize = 60;
/// Ours: longer sentences are hard to read.
const WIDEST: usize = 120;
