//! Sessions as one HTML page, an article each, written as they come.

use super::super::html::{Place, article, closing, mark, opening};
use super::super::model::Style;
use super::super::{TOOL, sentence, text};
use super::{End, Filter, Looks, Session, View, block, listing};
use maud::{Markup, html};
use std::io::{self, Write};

/// Articles, written as they come, so that a capture of any length takes no memory.
pub struct Html {
    style: Style,
    filter: Filter,
    rows: Vec<Row>,
    articles: usize,
}

/// A line of the overview.
struct Row {
    who: String,
    mark: (&'static str, &'static str),
    verdict: String,
}

impl Html {
    /// No article yet.
    pub fn new(looks: &Looks) -> Html {
        Html { style: Style { width: COLUMNS, ..Style::default() }, filter: looks.filter.clone(), rows: Vec::new(), articles: 0 }
    }

    fn begin(&mut self, out: &mut dyn Write) -> io::Result<()> {
        if self.articles == 0 { write!(out, "{}", opening(&format!("{TOOL}: captured calls"))) } else { Ok(()) }
    }

    /// Where there are several: which, and what came of each. It stands behind the articles and is shown in front of them, so that
    /// they can be written as they come.
    fn overview(&self) -> Markup {
        let anchored = self.rows.iter().enumerate();
        let more = self.articles.saturating_sub(self.rows.len());
        html! {
            @if self.articles > 1 {
                nav class="overview" {
                    h1 { (text::count(self.articles, "connection", "connections")) }
                    table {
                        tbody {
                            @for (n, row) in anchored {
                                tr {
                                    td class={ "state " (row.mark.0) } { (row.mark.1) }
                                    td { a href={ "#" (anchor(n + 1)) } { (row.who) } }
                                    td { (row.verdict) }
                                }
                            }
                        }
                    }
                    @if more > 0 { p class="quiet" { "and " (text::count(more, "more", "more")) } }
                }
            }
        }
    }
}

impl View for Html {
    fn session(&mut self, session: &Session, out: &mut dyn Write) -> io::Result<()> {
        self.begin(out)?;
        self.articles += 1;
        let who = format!("#{} {}{}", session.number, session.who(), block::file(session));
        if self.rows.len() < OVERVIEW {
            self.rows.push(Row { who, mark: mark(&session.report), verdict: sentence::verdict(&session.report) });
        }
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
        let place = Place { anchor: anchor(self.articles), says: block::packets(session) + &block::file(session) };
        write!(out, "{}", article(&session.report, &place, &heading, &beneath)?)
    }

    fn end(&mut self, end: &End, out: &mut dyn Write) -> io::Result<()> {
        self.begin(out)?;
        let all = end.text(COLUMNS);
        let markup = html! { @if !all.trim().is_empty() { h2 { "In all" } pre { (all.trim_end()) } } };
        write!(out, "{}{}\n{}", self.overview().into_string(), markup.into_string(), closing())
    }
}

/// The anchor of the nth article.
fn anchor(n: usize) -> String {
    format!("call-{n}-")
}

/// Ours: more connections than these make no overview.
const OVERVIEW: usize = 2_000;
/// Ours: columns of what stands there as text.
const COLUMNS: usize = 110;
/// Ours: more lines of messages than these make the page slow.
const MESSAGES: usize = 400;
