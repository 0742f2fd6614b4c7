//! Arguments that several subcommands have in the same words. Where one says something else of an argument, it changes the help
//! of that argument only; the heading is that of whoever takes the part in.

use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// The server to call, where the lab can stand in for it.
#[derive(Args)]
pub struct TargetArgs {
    /// The server: host, host:port, [v6]:port, v6 or https://host:port/ (port 443 unless given)
    // Read later: clap would repeat a URL with a password in it when it refuses one.
    #[arg(conflicts_with = "lab")]
    pub target: Option<String>,
}

/// An account, and where its password comes from.
#[derive(Args, Default)]
pub struct AccountArgs {
    /// Log in as USER in place of who was recorded
    #[arg(long)]
    pub user: Option<String>,
    /// Read the password from the first line of FILE (- for standard input)
    #[arg(long, value_name = "FILE", requires = "user", conflicts_with = "password_env")]
    pub password_file: Option<PathBuf>,
    /// Take the password from the environment variable NAME [default: SSTP_DIAG_PASSWORD]
    #[arg(long, value_name = "NAME", requires = "user")]
    pub password_env: Option<String>,
}

/// Whose certificates are trusted.
#[derive(Args)]
pub struct RootArgs {
    /// Trust the certificates in FILE too, PEM or DER (repeatable)
    #[arg(long, value_name = "FILE")]
    pub ca: Vec<PathBuf>,
    /// Trust these roots; of several (repeatable, or with commas; those of --ca count as one more) each gives its verdict [default: system]
    #[arg(long, value_enum, value_delimiter = ',')]
    pub trust: Vec<Roots>,
}

impl RootArgs {
    /// The stores alone, when no file was named: then a lab is trusted beside them.
    pub fn without_files(&self) -> Option<&[Roots]> {
        self.ca.is_empty().then_some(&self.trust)
    }
}

/// What a table looks like.
#[derive(Args)]
pub struct LookArgs {
    /// Colour the table; NO_COLOR is understood too
    #[arg(long, value_enum, default_value_t = Colour::Auto)]
    pub color: Colour,
    /// Make the table N columns wide [default: the terminal's width, else 80]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(40..=1000))]
    pub width: Option<u16>,
}

/// A store of roots.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Roots {
    /// Those of the operating system
    System,
    /// Mozilla's, compiled in
    Mozilla,
}

/// When to colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Colour {
    /// On a terminal, unless NO_COLOR is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}
