//! Arguments of `explain`.

use super::parts::LookArgs;
use crate::diag::log::LogFormat;
use crate::report::explain::{EXPLAIN_FORMATS, ExplainFormat};
use crate::report::text::list;
use clap::Args;
use std::path::PathBuf;

/// Arguments of `explain`.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
#[command(mut_arg("color", |arg| arg.help("Colour the text; NO_COLOR is understood too")))]
#[command(mut_arg("width", |arg| arg.help("Make the text N columns wide [default: the terminal's width, else 80]")))]
pub struct ExplainArgs {
    /// Codes in any form, error sentences, a pasted event, finding ids, layers; - for text on standard input
    #[arg(value_name = "X", required_unless_present = "log", allow_negative_numbers = true)]
    pub text: Vec<String>,
    /// Read the log in FILE (repeatable; - for standard input): a Windows event export as XML, CSV or text, the log of sstpc, SoftEther or accel-ppp
    #[arg(long, value_name = "FILE", conflicts_with = "text")]
    pub log: Vec<PathBuf>,
    /// Take the logs for windows-xml, windows-csv, windows-text, sstpc, softether, accel-ppp or plain [default: found out]
    #[arg(long, value_name = "FORMAT", value_parser = log_format)]
    pub log_format: Option<LogFormat>,
    /// Write text, json or markdown
    #[arg(short, long = "output", value_name = "FORMAT", value_parser = format, default_value = "text")]
    pub output: &'static ExplainFormat,
    /// Quote the lines of a log too
    #[arg(short, long)]
    pub verbose: bool,
    #[command(flatten)]
    pub look: LookArgs,
}

fn format(name: &str) -> Result<&'static ExplainFormat, String> {
    let names = || list(EXPLAIN_FORMATS.iter().map(|format| format.name));
    EXPLAIN_FORMATS.iter().find(|format| format.name == name).ok_or_else(|| format!("{name:?} is not a format; there are {}", names()))
}

/// Reads the name of a kind of log.
pub fn log_format(name: &str) -> Result<LogFormat, String> {
    let names = || list(LogFormat::ALL.map(LogFormat::name));
    LogFormat::from_name(name).ok_or_else(|| format!("{name:?} is not a kind of log; there are {}", names()))
}

const EXAMPLES: &str = "\
Examples:
  sstp-diag explain 691                          every family that has this number
  sstp-diag explain 0x800B0101 -2146762495       hexadecimal, signed, unsigned, by name
  sstp-diag explain RasSstp 6 'NPS 16' alert 48  a word in front chooses the family
  sstp-diag explain 'Error 800: The remote connection was not made because ...'
  sstp-diag explain CERT-EXPIRED tls             a finding, a layer
  wevtutil qe Application /q:\"*[System[Provider[@Name='RasClient']]]\" /f:xml > events.xml
  sstp-diag explain --log events.xml             what happened, and why
  journalctl -t sstpc -t pppd | sstp-diag explain --log -

Exit codes: 0 all is known, or the logs tell of no failure; 1 something is not known, or a log tells
of a failure or says nothing; 2 usage; 3 could not be run.";
