//! Arguments that say what makes a run fail.

use crate::diag::gate::{FailOn, finding_ids};
use clap::Args;
use std::path::PathBuf;

/// What makes the run fail.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "What counts")]
pub struct GateArgs {
    /// Judge by a profile: windows-strict, ci, lenient, or a TOML file of your own
    #[arg(long, value_name = "NAME|FILE")]
    pub profile: Option<String>,
    /// Fail on findings at least this bad (fail, warn, note, never), or with this id: CERT-EXPIRED, CERT-*, CERT-*=warn (repeatable) [default: fail]
    #[arg(long, value_name = "LEVEL|ID", value_parser = fail_on)]
    pub fail_on: Vec<FailOn>,
    /// Let the findings pass that are listed in FILE (TOML), each with its reason and the day it expires (repeatable)
    #[arg(long, value_name = "FILE")]
    pub waivers: Vec<PathBuf>,
    /// Fail only on what is not in FILE already, a former report (-o json=FILE)
    #[arg(long, value_name = "FILE")]
    pub baseline: Option<PathBuf>,
}

fn fail_on(text: &str) -> Result<FailOn, String> {
    FailOn::parse(text, finding_ids())
}
