//! Arguments of `path`.

use super::parts::{RootArgs, TargetArgs};
use super::probe::{LoginArgs, WayArgs};
use super::target::Target;
use super::values;
use crate::jobs::middlebox::Chosen;
use clap::Args;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

/// Arguments of `path`.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct PathArgs {
    #[command(flatten)]
    pub server: TargetArgs,

    #[command(flatten)]
    pub compared: ComparedArgs,
    #[command(flatten)]
    pub pace: PaceArgs,
    /// In place of the experiments: how recognisable is this server, and to whom?
    #[arg(long, conflicts_with_all = ["witness", "max_idle", "reference", "pin", "control"], help_heading = "Output")]
    pub visibility: bool,
    #[command(flatten)]
    pub login: LoginArgs,
    #[command(flatten)]
    pub way: WayArgs,
    #[command(flatten, next_help_heading = "Certificate")]
    pub roots: RootArgs,
    /// Start the lab in this process, with a middlebox in front of it
    #[arg(long, help_heading = "Lab")]
    pub lab: bool,
    /// The middlebox: KIND or KIND=NUMBER, see `lab --list-middleboxes` [default: clean]
    #[arg(long, value_name = "KIND[=N]", requires = "lab", conflicts_with = "target", value_parser = Chosen::parse, help_heading = "Lab")]
    pub middlebox: Option<Chosen>,
    /// Write the report as table or json, to standard output or into FILE (repeatable)
    #[arg(short, long = "output", value_name = "FORMAT[=FILE]", value_parser = shape, help_heading = "Output")]
    pub output: Vec<PathOutput>,
    /// Show every trial
    #[arg(short, long, help_heading = "Output")]
    pub verbose: bool,
    /// Make the text N columns wide [default: the terminal's width, else 80]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(40..=1000), help_heading = "Output")]
    pub width: Option<u16>,
}

/// What the target is held against.
#[derive(Args)]
#[command(next_help_heading = "Compared with")]
pub struct ComparedArgs {
    /// A server of yours that works from here, on any port of TLS: the control
    #[arg(long, value_name = "HOST[:PORT]", value_parser = Target::place)]
    pub control: Option<Target>,
    /// What was seen of the target elsewhere: the JSON report of `probe` or `path`
    #[arg(long, value_name = "FILE")]
    pub reference: Option<PathBuf>,
    /// The reference was seen from this network, earlier
    #[arg(long, requires = "reference")]
    pub earlier: bool,
    /// The SHA-256 of the server's own certificate, hexadecimal, as its owner says
    #[arg(long, value_name = "HEX", value_parser = pin)]
    pub pin: Option<String>,
    /// The target is `lab --witness TOKEN` of yours: compare what both ends saw. TOKEN, or @FILE with it in its first line; with --lab none is needed
    #[arg(long, value_name = "TOKEN|@FILE", num_args = 0..=1, default_missing_value = "")]
    pub witness: Option<String>,
    /// Ask the witness for its record at this address, past what is measured
    #[arg(long, value_name = "ADDR[:PORT]", requires = "witness", value_parser = Target::place)]
    pub witness_at: Option<Target>,
    /// Ask this resolver too (repeatable) [default: those of this machine, one by one]
    #[arg(long, value_name = "ADDR")]
    pub resolver: Vec<IpAddr>,
    /// Other ports of the target to try (repeatable) [default: 80 and 8443]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub port: Vec<u16>,
}

/// How much, and how fast.
#[derive(Args)]
#[command(next_help_heading = "Extent")]
pub struct PaceArgs {
    /// Do only what an ordinary client does: no other names, methods, lengths, paths or record sizes
    #[arg(long)]
    pub gentle: bool,
    /// Look for the time after which quiet calls are forgotten, up to so many seconds
    #[arg(long, value_name = "SECONDS", value_parser = values::seconds)]
    pub max_idle: Option<Duration>,
    /// Repeat a contrast up to N times; where chance could deceive eight times at least
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..=100))]
    pub rounds: u16,
    /// Give a trial up after so many seconds without an answer [default: 5, on loopback 1.5]
    #[arg(long, value_name = "SECONDS", value_parser = values::seconds)]
    pub patience: Option<Duration>,
    /// Wait so many seconds between two connections [default: 0.25, on loopback none]
    #[arg(long, value_name = "SECONDS", value_parser = values::seconds)]
    pub pace: Option<Duration>,
    /// Send so many bytes at most in each of the experiments about bytes and speed, for no longer than 8 s, on loopback 2 s
    #[arg(long, value_name = "BYTES", value_parser = values::bytes, default_value = "256K")]
    pub bulk: u64,
    /// Walk at most N hops towards whatever cuts TLS
    #[arg(long, value_name = "N", default_value_t = 24, value_parser = clap::value_parser!(u8).range(1..=64))]
    pub hops: u8,
    /// Stop after so many seconds in all [default: 300, on loopback 120]
    #[arg(long, value_name = "SECONDS", value_parser = values::seconds)]
    pub timeout: Option<Duration>,
    /// Say what would be done, and end
    #[arg(long)]
    pub dry_run: bool,
}

/// Hexadecimal, colons between bytes allowed.
fn pin(text: &str) -> Result<String, String> {
    let plain: String = text.chars().filter(|c| *c != ':').flat_map(char::to_lowercase).collect();
    match crate::base::unhex(&plain).map(|bytes| bytes.len()) {
        Some(32) => Ok(plain),
        _ => Err("a SHA-256 has 64 hexadecimal digits, as `openssl x509 -fingerprint -sha256` prints them".into()),
    }
}

/// A report, and where it goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathOutput {
    /// JSON, else text.
    pub json: bool,
    /// `None`: standard output.
    pub file: Option<PathBuf>,
}

fn shape(text: &str) -> Result<PathOutput, String> {
    let (name, file) = text.split_once('=').map_or((text, None), |(name, file)| (name, Some(file)));
    let json = match name {
        "table" => false,
        "json" => true,
        _ => return Err(format!("{name:?} is not a format; there are table and json")),
    };
    match file {
        Some("") => Err("a file name is missing after the equals sign".into()),
        Some("-") | None => Ok(PathOutput { json, file: None }),
        Some(path) => Ok(PathOutput { json, file: Some(path.into()) }),
    }
}

const EXAMPLES: &str = "\
Examples:
  sstp-diag path vpn.example.com                                 what on the way breaks it?
  sstp-diag path HOST --control www.example.org --user alice     with a control, and crypto binding
  sstp-diag path HOST --reference home.json                      held against `probe -o json` at home
  sstp-diag path HOST --max-idle 600                             after how long are quiet calls forgotten?
  sstp-diag path HOST --witness @token                           with `lab --witness @token` on HOST: compare both ends
  sstp-diag path HOST --visibility                               how recognisable is it, and to whom?
  sstp-diag path --lab --middlebox sni-reset                     rehearse it

Exit codes: 0 no interference seen, 1 something breaks it, 2 usage,
3 could not be run, nothing can be said, or a witness told nothing, 130 interrupted.";
