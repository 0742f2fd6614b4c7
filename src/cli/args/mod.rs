//! The arguments: one file for every subcommand, one for the target, one for the parts they share, one for the values.

mod catalogue;
mod conformance;
mod decode;
mod explain;
mod gate;
mod generate;
mod lab;
mod mutate;
mod parts;
mod path;
mod probe;
mod replay;
mod target;
mod values;

pub use catalogue::{CatalogueArgs, Shape, What};
pub use conformance::{
    ClientSuiteArgs, CompareArgs, ConformanceArgs, ConformanceCommand, CoverageArgs, LedBy, Paper, SelectArgs, ServerSuiteArgs, ShowArgs,
    SuiteArgs,
};
pub use decode::{DecodeArgs, DiagnoseArgs, JudgedArgs, KeyArgs, LogArgs, ProofArgs, TapRoots, ViewArgs};
pub use explain::ExplainArgs;
pub use gate::GateArgs;
pub use generate::{CutArgs, GenerateArgs, Made, ToArgs};
pub use lab::LabArgs;
pub use mutate::{Budget, MutateArgs};
pub use parts::{AccountArgs, Colour, RootArgs, Roots};
pub use path::{PathArgs, PathOutput};
pub use probe::{EapTlsVersion, ExtentArgs, LoginArgs, ProbeArgs, ScanArgs, ShownArgs, WayArgs};
pub use replay::{EapArgs, Form, ReplayArgs};
pub use target::Target;
pub use values::{LayerTime, Numbers, OutputTo};

use clap::{Parser, Subcommand};

/// Diagnoses Microsoft SSTP connections: where a call stops, what Windows would show, why, and how to mend it.
#[derive(Parser)]
#[command(name = "sstp-diag", version, max_term_width = 100, after_help = EXAMPLES, disable_help_subcommand = true)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub(super) command: Command,
}

/// What the program can do.
#[derive(Subcommand)]
pub(super) enum Command {
    /// Dial a server as a client would and tell how far it gets
    Probe(Box<ProbeArgs>),
    /// Show what happened in a capture: who, how far, why it stopped, and every message
    Decode(Box<DecodeArgs>),
    /// Judge captures and saved transcripts: findings only
    Diagnose(Box<DiagnoseArgs>),
    /// Explain a code, an error sentence, an event, a finding or a layer; read logs
    Explain(ExplainArgs),
    /// Run a complete SSTP server on this machine, sound or with chosen faults
    Lab(LabArgs),
    /// Test a server against MS-SSTP and the protocols in it, case by case
    Conformance(Box<ConformanceArgs>),
    /// Play a recorded connection again and hold the answers against the recording
    Replay(Box<ReplayArgs>),
    /// Find what on the way to a server breaks SSTP, by experiments
    Path(Box<PathArgs>),
    /// Send spoilt variants of a call to a server, in every state, and hold what it does against the state tables
    Mutate(Box<MutateArgs>),
    /// Print the checks, the faults or the codes that this program knows
    Catalogue(CatalogueArgs),
    /// Make captures for tests and benchmarks
    #[command(hide = true)]
    Generate(Box<GenerateArgs>),
    /// Print the manual page
    #[command(hide = true)]
    Man,
}

/// Shown beneath `--help`.
pub(super) const EXAMPLES: &str = "\
Examples:
  sstp-diag probe vpn.example.com               how far does a call get?
  sstp-diag probe vpn.example.com --user alice  log in, ping, leave; asks for the password
  sstp-diag probe HOST --connect 10.0.0.12:443  one node behind a balancer
  sstp-diag probe HOST --scan                   TLS versions, suites, and what Windows would get
  sstp-diag probe HOST -o json=report.json      the table here, JSON in a file
  sstp-diag probe HOST --profile ci --baseline report.json
  sstp-diag probe --lab                         try it without a server
  sstp-diag decode call.pcapng --keylog keys    what happened in a capture
  sstp-diag diagnose captures/*.pcapng          findings only, many at once
  sstp-diag explain 0x800B0101                  what does this number mean?
  sstp-diag explain --log events.xml            what went wrong in a log
  sstp-diag lab --fault cert.expired            a server with a fault
  sstp-diag conformance server HOST --user u    does a server do as MS-SSTP says?
  sstp-diag replay call.pcapng --to HOST        does it still answer as it did?
  sstp-diag path HOST                           what on the way breaks it?

Exit codes: 0 all asked for works, 1 a failing finding, 2 usage,
3 could not be run, 4 damaged input, 130 interrupted.";
