//! Exit codes, and the trouble that ends a run before there is a report.

use crate::live::LiveError;
use std::process::ExitCode;

/// How the program ends. Documented in `docs/cli.md`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// All that was asked for works.
    Works,
    /// A finding of severity fail.
    Fails,
    /// The arguments make no sense.
    Usage,
    /// It could not be run: our side.
    CouldNotRun,
    /// A file is damaged; what could be read of it was shown, and nothing in it fails.
    Damaged,
    /// Ctrl-C, after printing what is known.
    Interrupted,
}

impl Exit {
    /// The number: 0, 1, 2, 3, 4 or 130.
    pub fn code(self) -> u8 {
        match self {
            Exit::Works => 0,
            Exit::Fails => 1,
            Exit::Usage => 2,
            Exit::CouldNotRun => 3,
            Exit::Damaged => 4,
            Exit::Interrupted => 130,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit.code())
    }
}

/// Why there is no report.
#[derive(Debug)]
pub enum Trouble {
    /// The user asked for something that makes no sense.
    Usage(String),
    /// Our own machine failed.
    Ours(String),
    /// The user stopped it before it began.
    Interrupted,
}

impl Trouble {
    /// The exit code.
    pub fn exit(&self) -> Exit {
        match self {
            Trouble::Usage(_) => Exit::Usage,
            Trouble::Ours(_) => Exit::CouldNotRun,
            Trouble::Interrupted => Exit::Interrupted,
        }
    }

    /// A file that could not be used.
    pub fn file(doing: &str, path: &std::path::Path, error: &std::io::Error) -> Trouble {
        Trouble::Ours(format!("cannot {doing} {}: {error}", path.display()))
    }
}

impl From<LiveError> for Trouble {
    fn from(error: LiveError) -> Trouble {
        Trouble::Ours(error.to_string())
    }
}

impl From<std::io::Error> for Trouble {
    fn from(error: std::io::Error) -> Trouble {
        Trouble::Ours(error.to_string())
    }
}

impl std::fmt::Display for Trouble {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Trouble::Usage(says) | Trouble::Ours(says) => f.write_str(says),
            Trouble::Interrupted => f.write_str("interrupted; nothing was done"),
        }
    }
}
