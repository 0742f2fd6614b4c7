//! How recognisable each session is.

use super::super::model::Style;
use super::super::visibility;
use super::{End, Looks, Session, View, listing};
use crate::diag::visibility::of;
use std::io::{self, Write};

/// One table a session.
pub struct Visible {
    style: Style,
}

impl Visible {
    /// Nothing shown yet.
    pub fn new(looks: &Looks) -> Visible {
        Visible { style: looks.style.clone() }
    }
}

impl View for Visible {
    fn session(&mut self, session: &Session, out: &mut dyn Write) -> io::Result<()> {
        listing::heading(session, &self.style, out)?;
        visibility::render(&of(&session.report.facts), listing::wrap(&self.style), out)?;
        writeln!(out)
    }

    fn end(&mut self, end: &End, out: &mut dyn Write) -> io::Result<()> {
        write!(out, "{}", end.text(listing::wrap(&self.style)))
    }
}
