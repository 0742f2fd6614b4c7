//! Arguments of `catalogue`.

use clap::{Args, ValueEnum};

/// Arguments of `catalogue`.
#[derive(Args)]
pub struct CatalogueArgs {
    /// What to print
    #[arg(value_enum)]
    pub what: What,
    /// How to print it
    #[arg(short, long = "output", value_enum, default_value_t = Shape::Table)]
    pub output: Shape,
}

/// What there is to print.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum What {
    /// What this program can find
    Checks,
    /// What the lab can do wrong
    Faults,
    /// The numbers that a Windows user can quote
    Codes,
    /// What a server is tested for
    Cases,
}

/// How to print it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Shape {
    /// A row a line, the id first
    Table,
    /// One JSON array
    Json,
    /// The page under docs/
    Markdown,
}
