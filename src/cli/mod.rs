//! Arguments in, exit code out; the only place that prints.

mod args;
mod bundle;
mod catalogue;
mod clerk;
mod conformance;
mod decode;
mod desk;
mod eap;
mod exit;
mod explain;
mod exposure;
mod gate;
mod generate;
mod intake;
mod known;
mod lab;
mod logs;
mod man;
mod mutate;
mod output;
mod password;
mod path;
mod pcap;
mod probe;
mod prompt;
mod proxy;
mod reference;
mod replay;
mod screen;
mod sense;
mod sheets;
mod sniff;
mod trust;
mod weigh;

pub use args::{Cli, Target};
pub use exit::Exit;

use args::Command;
use clap::Parser;
use std::ffi::OsString;
use std::process::ExitCode;

/// Does what the arguments ask for.
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) => return refused(&error),
    };
    let result = match cli.command {
        Command::Probe(args) => probe::run(&args),
        Command::Decode(args) => decode::decode(&args),
        Command::Diagnose(args) => decode::diagnose(&args),
        Command::Explain(args) => explain::run(&args),
        Command::Lab(args) => lab::run(&args),
        Command::Conformance(args) => conformance::run(&args),
        Command::Replay(args) => replay::run(&args),
        Command::Path(args) => path::run(&args),
        Command::Mutate(args) => mutate::run(&args),
        Command::Catalogue(args) => catalogue::run(&args),
        Command::Generate(args) => generate::run(&args),
        Command::Man => man::run(),
    };
    let exit = result.unwrap_or_else(|trouble| {
        output::complain(&trouble.to_string());
        trouble.exit()
    });
    exit.into()
}

/// `--help` and `--version` come here too; they are no failure.
fn refused(error: &clap::Error) -> ExitCode {
    // A closed pipe behind `--help | head` is nothing to report.
    let _ = error.print();
    if error.use_stderr() { Exit::Usage.into() } else { Exit::Works.into() }
}
