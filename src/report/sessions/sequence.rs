//! Two lifelines with the messages between them, as text.

use super::super::model::Style;
use super::super::text::cut;
use super::{End, Filter, Looks, Session, View, listing, words};
use crate::base::Side;
use crate::transcript::{Event, What};
use std::io::{self, Write};

/// Sequence diagrams.
pub struct Sequence {
    style: Style,
    filter: Filter,
}

impl Sequence {
    /// Nothing drawn yet.
    pub fn new(looks: &Looks) -> Sequence {
        Sequence { style: looks.style.clone(), filter: looks.filter.clone() }
    }
}

impl View for Sequence {
    fn session(&mut self, session: &Session, out: &mut dyn Write) -> io::Result<()> {
        listing::heading(session, &self.style, out)?;
        let width = self.style.width.clamp(NARROWEST, WIDEST);
        let time = if width < ROOMY { SHORT_TIME } else { TIME };
        let span = width - time - 2;
        let ends = [session.ends.client, session.ends.server].map(|end| end.map_or(String::new(), |end| end.ip().to_string()));
        writeln!(out)?;
        writeln!(out, "{:time$}{}", "", between("client", "server", span + 2))?;
        if ends.iter().any(|end| !end.is_empty()) {
            writeln!(out, "{:time$}{}", "", between(&ends[0], &ends[1], span + 2))?;
        }
        for (_, event) in session.events(&self.filter).filter(|(_, event)| is_drawn(event)) {
            let at = listing::seconds(event.at);
            // Microseconds are for those who have the room.
            let at = if time < TIME { at.get(..at.len() - 3).unwrap_or(&at) } else { &at };
            writeln!(out, "{at:>at_wide$} |{}|", drawn(event, span), at_wide = time - 1)?;
        }
        writeln!(out)
    }

    fn end(&mut self, end: &End, out: &mut dyn Write) -> io::Result<()> {
        write!(out, "{}", end.text(self.style.width.min(WIDEST)))
    }
}

/// Totals have no place between two ends, and what a layer says of itself is shown when it stands.
fn is_drawn(event: &Event) -> bool {
    !matches!(event.what, What::Began | What::Flow(_) | What::Traffic(_) | What::Inferred(_))
}

/// What stands between the lifelines: an arrow with a message on it, or a remark in the middle.
fn drawn(event: &Event, span: usize) -> String {
    let words = words::of(event);
    let text = if words.says.is_empty() { words.name } else { format!("{}: {}", words.name, words.says) };
    match event.by.filter(|_| words::is_message(event)) {
        Some(Side::Client) => {
            let text = cut(&text, span - ARROW);
            format!("-- {text} {}>", "-".repeat((span - ARROW) - text.chars().count() + 1))
        }
        Some(Side::Server) => {
            let text = cut(&text, span - ARROW);
            format!("<{} {text} --", "-".repeat((span - ARROW) - text.chars().count() + 1))
        }
        None => {
            let text = cut(&format!("({text})"), span - 2);
            format!("{text:^span$}")
        }
    }
}

/// Two words at the two ends of a line; what does not fit is cut.
fn between(left: &str, right: &str, width: usize) -> String {
    let right = cut(right, width / 2);
    let left = cut(left, width - right.chars().count() - 1);
    format!("{left}{right:>rest$}", rest = width - left.chars().count())
}

/// Ours: with fewer columns the time has milliseconds only.
const ROOMY: usize = 60;
/// Columns of a short time and the blank behind it.
const SHORT_TIME: usize = 9;
/// Columns of the time and the blank behind it: a day has 86,400 seconds.
const TIME: usize = 13;
/// Columns of an arrow besides the text: `-- `, ` `, at least one dash and the head.
const ARROW: usize = 6;
/// Ours: with fewer columns nothing can be told.
const NARROWEST: usize = 40;
/// Ours: longer arrows are hard to follow.
const WIDEST: usize = 120;
