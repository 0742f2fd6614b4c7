//! `--timing step`: every message is shown, and waits for Enter.

use super::super::output::complain;
use crate::base::Side;
use crate::jobs::replay::{Gate, Said};
use crate::report::sessions::words;
use crate::transcript::{Event, scrub};
use std::io::{self, BufRead};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Lets one message go for every line on standard input.
pub struct Enter {
    allowed: Arc<AtomicUsize>,
    /// Messages that were shown.
    shown: AtomicUsize,
}

impl Enter {
    /// Listens on a thread of its own. The end of the input lets everything go.
    pub fn listen() -> io::Result<Enter> {
        let allowed = Arc::new(AtomicUsize::new(0));
        let counter = allowed.clone();
        std::thread::Builder::new().name("enter".into()).spawn(move || {
            for line in io::stdin().lock().lines() {
                if line.is_err() {
                    break;
                }
                counter.fetch_add(1, Ordering::Relaxed);
            }
            complain("standard input has ended: the rest is sent without asking");
            counter.store(usize::MAX, Ordering::Relaxed);
        })?;
        Ok(Enter { allowed, shown: AtomicUsize::new(0) })
    }
}

impl Gate for Enter {
    fn opens(&self, number: usize, said: &Said) -> bool {
        if self.shown.load(Ordering::Relaxed) <= number {
            self.shown.store(number + 1, Ordering::Relaxed);
            let arrow = if said.by == Side::Client { "->" } else { "<-" };
            let says = said.what().map(|(layer, what)| {
                let mut event = Event::new(said.at, Some(said.by), layer, what);
                scrub::scrub(&mut event);
                words::of(&event).says
            });
            complain(&format!("next {arrow} {} {}  (as recorded; Enter sends it)", said.name, says.unwrap_or_default()));
        }
        self.allowed.load(Ordering::Relaxed) > number
    }
}
