//! Sessions as one HTML page, an article each, written as they come.

use super::super::html::{article, closing, opening};
use super::super::model::Style;
use super::super::{TOOL, text};
use super::{End, Filter, Looks, Session, View, block, listing};
use maud::html;
use std::io::{self, Write};

/// Articles, written as they come, so that a capture of any length takes no memory.
pub struct Html {
    style: Style,
    filter: Filter,
    begun: bool,
}

impl Html {
    /// No article yet.
    pub fn new(looks: &Looks) -> Html {
        Html { style: Style { width: COLUMNS, ..Style::default() }, filter: looks.filter.clone(), begun: false }
    }

    fn begin(&mut self, out: &mut dyn Write) -> io::Result<()> {
        if std::mem::replace(&mut self.begun, true) { Ok(()) } else { write!(out, "{}", opening(&format!("{TOOL}: captured calls"))) }
    }
}

impl View for Html {
    fn session(&mut self, session: &Session, out: &mut dyn Write) -> io::Result<()> {
        self.begin(out)?;
        let mut messages = session.events(&self.filter).filter(|(_, event)| listing::is_listed(event));
        let shown: Vec<_> = messages.by_ref().take(MESSAGES).map(|(_, event)| listing::line(None, event, &self.style)).collect();
        let more = messages.count();
        let beneath = html! {
            details {
                summary { "Messages" }
                pre { (shown.join("\n")) }
                @if more > 0 { p class="quiet" { "and " (text::count(more, "more line", "more lines")) " (decode --listing shows them)" } }
            }
        };
        let heading = html! { h1 { "#" (session.number) " " (session.who()) } };
        let place = block::packets(session) + &block::file(session);
        write!(out, "{}", article(&session.report, &heading, &place, &beneath)?)
    }

    fn end(&mut self, end: &End, out: &mut dyn Write) -> io::Result<()> {
        self.begin(out)?;
        let all = end.text(COLUMNS);
        let markup = html! { @if !all.trim().is_empty() { h2 { "In all" } pre { (all.trim_end()) } } };
        write!(out, "{}\n{}", markup.into_string(), closing())
    }
}

/// Ours: columns of what stands there as text.
const COLUMNS: usize = 110;
/// Ours: more lines of messages than these make the page slow.
const MESSAGES: usize = 400;
