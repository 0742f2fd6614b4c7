//! Arguments of `conformance`.

use super::parts::{AccountArgs, Colour, RootArgs, TargetArgs};
use super::probe::{LoginArgs, WayArgs};
use super::values;
use crate::base::Layer;
use crate::jobs::conformance::Level;
use crate::report::conformance::{PAPERS, Paper as Format};
use clap::{Args, Subcommand, ValueEnum};
use std::net::SocketAddr;
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
    /// Walk a client through the client cases: launched for every case, or brought by hand
    Client(Box<ClientSuiteArgs>),
    /// Explain a case: what is required, what is sent, what is accepted, how to run it alone
    Show(ShowArgs),
    /// List every requirement with its cases, or with the reason why it has none
    Coverage(CoverageArgs),
    /// Hold saved JSON reports of several servers side by side
    Compare(CompareArgs),
}

/// Arguments of `conformance server`.
#[derive(Args)]
#[command(after_help = EXAMPLES, mut_arg("ca", |arg| arg.help(CA)), mut_arg("auth", |arg| arg.help(AUTH)), mut_arg("auth_matrix", |arg| arg.hide(true)))]
pub struct ServerSuiteArgs {
    #[command(flatten)]
    pub server: TargetArgs,
    #[command(flatten)]
    pub select: SelectArgs,
    #[command(flatten)]
    pub login: LoginArgs,
    #[command(flatten)]
    pub way: WayArgs,
    #[command(flatten, next_help_heading = "Certificate")]
    pub roots: RootArgs,
    /// Start the lab in this process and test it
    #[arg(long, help_heading = "Lab")]
    pub lab: bool,
    /// With the fault ID (repeatable; see `lab --list` and docs/faults.md)
    #[arg(long, value_name = "ID", requires = "lab", conflicts_with = "target", help_heading = "Lab")]
    pub fault: Vec<String>,
    /// Work on so many cases at a time; cases that only wait stay open beside them, up to 128 in all, but none with 1
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..=256), help_heading = "Run")]
    pub jobs: u16,
    /// Begin N cases in a second at most
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000), help_heading = "Run")]
    pub rate: Option<u32>,
    #[command(flatten)]
    pub suite: SuiteArgs,
}

/// Arguments of `conformance client`.
#[derive(Args)]
#[command(after_help = CLIENT_EXAMPLES, mut_arg("user", |arg| arg.help("The account of the client; without it the lab's: alice")))]
pub struct ClientSuiteArgs {
    #[command(flatten)]
    pub select: SelectArgs,
    #[command(flatten)]
    pub client: ClientArgs,
    /// Wait for clients at ADDR, address:port; the port is the first of several, 0 takes any
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0", help_heading = "Server")]
    pub listen: SocketAddr,
    /// The name that clients dial; it stands on the certificates [default: localhost on loopback, else the address]
    #[arg(long, value_name = "NAME", value_parser = values::server_name, help_heading = "Server")]
    pub host: Option<String>,
    /// Hold every write back for MS milliseconds [default: 25 with --exec-sstpc, else 0]
    #[arg(long, value_name = "MS", value_parser = clap::value_parser!(u64).range(0..=1000), help_heading = "Server")]
    pub hold: Option<u64>,
    #[command(flatten, next_help_heading = "Server")]
    pub account: AccountArgs,
    /// Work on so many cases at a time; up to 48 that only wait stay open beside them, but none with 1
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=256), help_heading = "Run")]
    pub jobs: u16,
    /// Keep a list of all cases, where their client is to go and what they came to in FILE
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub status: Option<PathBuf>,
    #[command(flatten)]
    pub suite: SuiteArgs,
}

/// Who is tested.
#[derive(Args)]
#[command(next_help_heading = "Client")]
pub struct ClientArgs {
    /// Launch CMD with the shell for every connection; in it {host}, {port}, {ca}, {user}, {password_file}, {password} and
    /// {case} are filled in; exit codes 89 and 127 mean unsupported
    #[arg(long, value_name = "CMD", conflicts_with_all = ["exec_sstpc", "lab", "by"])]
    pub exec: Option<String>,
    /// Launch sstpc (sstp-client) for every connection and play pppd for it; needs root
    #[arg(long, value_name = "PROGRAM", num_args = 0..=1, default_missing_value = "sstpc", conflicts_with_all = ["lab", "by"])]
    pub exec_sstpc: Option<String>,
    /// Test the client within this program
    #[arg(long, conflicts_with = "by")]
    pub lab: bool,
    /// With the mutation ID, which a case is proved by
    #[arg(long, value_name = "ID", requires = "lab", conflicts_with_all = ["exec", "exec_sstpc", "by"])]
    pub fault: Option<String>,
    /// Somebody brings a client by hand, and it finds its case by this [default: port]
    #[arg(long, value_enum)]
    pub by: Option<LedBy>,
}

/// How a client that is brought by hand finds its case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LedBy {
    /// Every case has a port of its own
    Port,
    /// By the name that it dials: case-N.NAME
    Sni,
    /// By the user name of the call before: case-N
    User,
}

/// How a suite is run and told.
#[derive(Args)]
pub struct SuiteArgs {
    /// Run every case N times; different verdicts are `flaky`
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=100), help_heading = "Run")]
    pub repeat: u32,
    /// Run a case whose verdict is not the expected one again at the end, beside few others, N times at most; as expected
    /// then, it stands as expected [default: 2 with --expected, otherwise 0]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(0..=20), help_heading = "Run")]
    pub retries: Option<u32>,
    /// Keep a transcript and a pcapng with keys of every case in DIR
    #[arg(long, value_name = "DIR", help_heading = "Run")]
    pub artifacts: Option<PathBuf>,
    /// List the cases and end: id, level and what is required
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
    /// Run cases of this section of their document only, and of those within it, such as 3.3.5 (repeatable)
    #[arg(long, value_name = "SECTION")]
    pub section: Vec<String>,
    /// Run cases of this level only (repeatable): must; must*, said in plain words or following from the formats; should; may;
    /// interop, good practice beside MS-SSTP
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
    /// End with 1 when the runs have not all the same verdicts
    #[arg(long)]
    pub fail_on_change: bool,
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

const CA: &str = "Trust the certificates in FILE too, PEM or DER (repeatable); PAP is only shown to a server that is trusted";

const AUTH: &str = "Log in by METHOD only (repeatable): mschapv2, eap-mschapv2, peap, eap-tls, chap-md5, eap-md5, pap; cases that need another are unsupported";

const EXAMPLES: &str = "\
Examples:
  sstp-diag conformance server HOST --user alice --password-file pw    the whole suite
  sstp-diag conformance server HOST --quick -o junit=report.xml        in a build server
  sstp-diag conformance server HOST --expected known.toml              fails on change only
  sstp-diag conformance server HOST --case 'sstp/3.3.5.2/echo-*'       some cases alone
  sstp-diag conformance server --lab                                   try it without a server
  sstp-diag conformance client --exec 'CLIENT {host} {port}'           a client of yours
  sstp-diag conformance show sstp/2.2.1/reserved-bits                  explain a case
  sstp-diag conformance coverage                                       requirement by requirement

Levels: MUST the specification says so; MUST* it says so in plain words or a figure, or it follows from the formats: what
does not meet these fails. SHOULD lenient, and counts with --strict. MAY and INTEROP are told and never count.

Exit codes: 0 nothing new is wrong, 1 a disagreement that is not expected, 2 usage,
3 could not be run or the target went down, 130 interrupted.";

const CLIENT_EXAMPLES: &str = "\
Examples:
  sstp-diag conformance client --exec 'CLIENT {host}:{port} --ca {ca} --user {user} --password-file {password_file}'
  sstp-diag conformance client --exec-sstpc --quick                 sstp-client, without pppd
  sstp-diag conformance client --lab                                try it without a client
  sstp-diag conformance client --listen 192.0.2.1:8400 --quick      by hand: case N on port 8399 + N

A command is started for every connection of a case and ended with all that it started when the case is over: SIGTERM,
then SIGKILL. {password_file} keeps the password out of the list of processes. The same values are in its environment:
SSTP_HOST, SSTP_PORT, SSTP_CA, SSTP_USER, SSTP_PASSWORD_FILE, SSTP_CASE.

Levels: MUST the specification says so; MUST* it says so in plain words or a figure, or it follows from the formats: what
does not meet these fails. SHOULD lenient, and counts with --strict. MAY and INTEROP are told and never count.

Exit codes: 0 nothing new is wrong, 1 a disagreement that is not expected, 2 usage,
3 could not be run or the client went down, 130 interrupted.";
