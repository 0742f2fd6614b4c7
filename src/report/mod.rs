//! A report as text; pure, writes to a `Write`.

pub mod conformance;
mod document;
pub mod explain;
mod html;
mod json;
mod junit;
mod learned;
mod matrix;
pub mod model;
pub mod mutate;
mod ndjson;
pub mod path;
pub mod progress;
pub mod replay;
mod scan;
pub mod sentence;
pub mod sessions;
mod table;
pub mod text;
mod trust;
pub mod visibility;
pub mod witness;

pub use model::{LayerReport, Report, Standing, Style};
pub use ndjson::{head_line, layer_line};
pub use table::{ladder_rows, wrapped};

use std::io;

/// One way to write a report.
pub struct Format {
    /// The name after `-o`.
    pub name: &'static str,
    /// What it is for.
    pub title: &'static str,
    /// Writes the whole report.
    pub render: fn(&Report, &mut dyn io::Write) -> io::Result<()>,
}

/// All formats, the default first.
pub const FORMATS: &[Format] = &[
    Format { name: "table", title: "for people: verdict and cause, the ladder, the findings", render: table::render },
    Format { name: "json", title: "one document, see docs/report.schema.json", render: json::render },
    Format { name: "ndjson", title: "one object a line: head, layers, findings, summary", render: ndjson::render },
    Format { name: "junit", title: "JUnit XML for build servers", render: junit::render },
    Format { name: "html", title: "one page to mail, to print or for a ticket", render: html::render },
];

/// The format of that name.
pub fn format(name: &str) -> Option<&'static Format> {
    FORMATS.iter().find(|format| format.name == name)
}

/// The name of the program in every report.
pub const TOOL: &str = "sstp-diag";
/// The version of the program in every report.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

#[cfg(test)]
mod tests;
