//! Arguments of `conformance`.

use super::probe::{Colour, LoginArgs, Roots, WayArgs};
use super::values;
use crate::base::Layer;
use crate::jobs::conformance::Level;
use crate::report::conformance::{PAPERS, Paper as Format};
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// Arguments of `conformance`.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct ConformanceArgs {
    /// What to do.
    #[command(subcommand)]
    pub what: ConformanceCommand,
}

/// What `conformance` can do.
#[derive(Subcommand)]
pub enum ConformanceCommand {
    /// Run the server cases against a live server
    Server(Box<ServerSuiteArgs>),
    /// Explain a case: what is required, what is sent, what is accepted, how to run it alone
    Show(ShowArgs),
    /// List every requirement with its cases, or with the reason why it has none
    Coverage(CoverageArgs),
    /// Hold saved JSON reports of several servers side by side
    Compare(CompareArgs),
}

/// Arguments of `conformance server`.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct ServerSuiteArgs {
    /// The server: host, host:port, [v6]:port, v6 or https://host:port/ (port 443 unless given)
    #[arg(conflicts_with = "lab")]
    pub target: Option<String>,
    #[command(flatten)]
    pub select: SelectArgs,
    #[command(flatten)]
    pub login: LoginArgs,
    #[command(flatten)]
    pub way: WayArgs,
    /// Trust the certificates in FILE too, PEM or DER (repeatable); PAP is only shown to a server that is trusted
    #[arg(long, value_name = "FILE", help_heading = "Certificate")]
    pub ca: Vec<PathBuf>,
    /// Trust these roots
    #[arg(long, value_enum, default_value_t = Roots::System, help_heading = "Certificate")]
    pub trust: Roots,
    /// Start the lab in this process and test it
    #[arg(long, help_heading = "Lab")]
    pub lab: bool,
    /// With the fault ID (repeatable; see `lab --list` and docs/faults.md)
    #[arg(long, value_name = "ID", requires = "lab", help_heading = "Lab")]
    pub fault: Vec<String>,
    /// Run so many cases at a time
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..=256), help_heading = "Run")]
    pub jobs: u16,
    /// Begin N cases in a second at most
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000), help_heading = "Run")]
    pub rate: Option<u32>,
    /// Run every case N times; different verdicts are `flaky`
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=100), help_heading = "Run")]
    pub repeat: u32,
    /// Run a case whose verdict is not the expected one again at the end, alone, N times at most; as expected then, it stands
    /// as expected [default: 2 with --expected, otherwise 0]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(0..=20), help_heading = "Run")]
    pub retries: Option<u32>,
    /// Keep a transcript and a pcapng with keys of every case in DIR
    #[arg(long, value_name = "DIR", help_heading = "Run")]
    pub artifacts: Option<PathBuf>,
    /// List the cases and end
    #[arg(long, help_heading = "Run")]
    pub list: bool,
    /// Show what would be sent and end
    #[arg(long, help_heading = "Run")]
    pub dry_run: bool,
    /// What a SHOULD asks for counts as well
    #[arg(long, help_heading = "Verdict")]
    pub strict: bool,
    /// Read known disagreements from FILE: the run fails on what changed only
    #[arg(long, value_name = "FILE", help_heading = "Verdict")]
    pub expected: Option<PathBuf>,
    /// Write what the run disagreed in to FILE, for --expected
    #[arg(long, value_name = "FILE", help_heading = "Verdict")]
    pub write_expected: Option<PathBuf>,
    /// Write the report as table, json, junit, tap, sarif or markdown, to standard output or into FILE (repeatable)
    #[arg(short, long = "output", value_name = "FORMAT[=FILE]", value_parser = paper, help_heading = "Output")]
    pub output: Vec<PaperTo>,
    /// Show the cases that passed as well
    #[arg(short, long, help_heading = "Output")]
    pub verbose: bool,
    /// Colour the table; NO_COLOR is understood too
    #[arg(long, value_enum, default_value_t = Colour::Auto, help_heading = "Output")]
    pub color: Colour,
}

/// Which cases.
#[derive(Args)]
#[command(next_help_heading = "Cases")]
pub struct SelectArgs {
    /// Run cases of this id only; `*` stands for any characters (repeatable)
    #[arg(long, value_name = "GLOB")]
    pub case: Vec<String>,
    /// Run cases of this section of their document only, such as 3.3.5.2.2 (repeatable)
    #[arg(long, value_name = "SECTION")]
    pub section: Vec<String>,
    /// Run cases of this level only: must, must*, should, may, interop (repeatable)
    #[arg(long, value_name = "LEVEL", value_parser = level)]
    pub level: Vec<Level>,
    /// Run cases of this layer only (repeatable)
    #[arg(long, value_name = "LAYER", value_parser = values::layer)]
    pub layer: Vec<Layer>,
    /// Leave out cases that wait for timers of more than 30 s
    #[arg(long)]
    pub quick: bool,
}

/// Arguments of `conformance show`.
#[derive(Args)]
pub struct ShowArgs {
    /// The id of a case, or a pattern with `*`
    pub case: String,
}

/// Arguments of `conformance coverage`.
#[derive(Args)]
pub struct CoverageArgs {
    /// List requirements without a case only
    #[arg(long)]
    pub untested: bool,
}

/// Arguments of `conformance compare`.
#[derive(Args)]
pub struct CompareArgs {
    /// JSON reports of `conformance server -o json=FILE`
    #[arg(required = true, num_args = 1.., value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Show cases in which all agree as well
    #[arg(short, long)]
    pub verbose: bool,
}

/// A report's format, and where it goes.
#[derive(Clone)]
pub struct PaperTo {
    /// The format.
    pub paper: Paper,
    /// `None`: standard output.
    pub file: Option<PathBuf>,
}

/// A format of conformance reports.
pub type Paper = &'static Format;

fn paper(text: &str) -> Result<PaperTo, String> {
    let (name, file) = text.split_once('=').map_or((text, None), |(name, file)| (name, Some(file)));
    let names = || crate::report::text::list(PAPERS.iter().map(|paper| paper.name));
    let paper = PAPERS.iter().find(|paper| paper.name == name).ok_or_else(|| format!("{name:?} is not a format; there are {}", names()))?;
    match file {
        Some("") => Err("a file name is missing after the equals sign".into()),
        Some("-") | None => Ok(PaperTo { paper, file: None }),
        Some(path) => Ok(PaperTo { paper, file: Some(path.into()) }),
    }
}

fn level(text: &str) -> Result<Level, String> {
    Level::from_name(text).ok_or_else(|| format!("{text:?} is not a level; there are must, must*, should, may and interop"))
}

const EXAMPLES: &str = "\
Examples:
  sstp-diag conformance server HOST --user alice --password-file pw    the whole suite
  sstp-diag conformance server HOST --quick -o junit=report.xml        in a build server
  sstp-diag conformance server HOST --expected known.toml              fails on change only
  sstp-diag conformance server HOST --case 'sstp/3.3.5.2/echo-*'       some cases alone
  sstp-diag conformance server --lab                                   try it without a server
  sstp-diag conformance show sstp/2.2.1/reserved-bits                  explain a case
  sstp-diag conformance coverage                                       requirement by requirement

Exit codes: 0 nothing new is wrong, 1 a disagreement that is not expected, 2 usage,
3 could not be run or the target went down, 130 interrupted.";
