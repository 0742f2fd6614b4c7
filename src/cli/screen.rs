//! The ladder as it is being climbed, a row as soon as a layer came up or went down.

use super::output::{Outputs, print};
use crate::report::progress::Progress;
use crate::report::text::harmless;
use crate::report::{LayerReport, Style, head_line, ladder_rows, layer_line, wrapped};
use crate::transcript::{Event, Head, Sink, Transcript};

/// Hears of every event and shows what is to be shown of it.
pub struct Screen {
    progress: Progress,
    mode: Mode,
    style: Style,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Silent,
    Rows,
    Lines,
}

impl Screen {
    /// A screen for the run that `head` describes; the heading is printed.
    pub fn new(outputs: &Outputs, head: Head) -> Screen {
        let mode = match outputs.stdout.name {
            _ if !outputs.is_live() => Mode::Silent,
            "ndjson" => Mode::Lines,
            _ => Mode::Rows,
        };
        let heading = match mode {
            Mode::Silent => String::new(),
            Mode::Lines => head_line(&head),
            Mode::Rows => {
                let title = ladder_rows(&[], outputs.style.width, outputs.style.colour, true);
                let heading = wrapped(&format!("Probing {}", harmless(&head.target.authority())), outputs.style.width);
                format!("{heading}\n\n{title}")
            }
        };
        let screen = Screen { progress: Progress::new(head), mode, style: outputs.style.clone() };
        screen.show(&heading);
        screen
    }

    /// What was shown, and everything that happened so far.
    pub fn finish(self) -> (Vec<LayerReport>, Transcript) {
        self.progress.finish()
    }

    fn show(&self, text: &str) {
        // Trouble with standard output comes again, and is reported, when the report is written.
        let _ = print(text.as_bytes());
    }
}

impl Sink for Screen {
    fn event(&mut self, event: &Event) {
        if self.mode == Mode::Silent {
            return self.progress.note(event);
        }
        let rows = self.progress.event(event);
        let text = match self.mode {
            Mode::Rows => ladder_rows(&rows.iter().collect::<Vec<_>>(), self.style.width, self.style.colour, false),
            Mode::Silent | Mode::Lines => rows.iter().map(layer_line).collect(),
        };
        if !text.is_empty() {
            self.show(&text);
        }
    }
}
