//! Where reports go: standard output and files, and how they look there.

use super::args::{Colour, OutputTo, ShownArgs};
use super::exit::Trouble;
use crate::report::{self, Format, Report, Style};
use std::fs::{File, OpenOptions};
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};

/// Everything that the report is written to.
pub struct Outputs {
    /// The format on standard output.
    pub stdout: &'static Format,
    /// The style on standard output.
    pub style: Style,
    files: Vec<OpenFile>,
}

impl Outputs {
    /// Opens the files, so that a wrong path shows before the work and not after it.
    pub fn open(shown: &ShownArgs) -> Result<Outputs, Trouble> {
        let stdout = on_stdout(shown)?;
        let files = files(shown)?;
        Ok(Outputs { stdout, style: style(shown), files })
    }

    /// Writes the report everywhere.
    pub fn write(self, report: &Report) -> Result<(), Trouble> {
        print(&rendered(self.stdout, &report.clone().styled(self.style.clone()))?)?;
        let plain = report.clone().styled(Style { verbose: self.style.verbose, ..Style::default() });
        for (format, path, mut file) in self.files {
            let text = rendered(format, &plain)?;
            file.write_all(&text).and_then(|()| file.flush()).map_err(|error| Trouble::file("write", &path, &error))?;
        }
        Ok(())
    }

    /// Rows of the ladder may be shown while they happen: lines of JSON always, the table on a terminal.
    pub fn is_live(&self) -> bool {
        self.stdout.name == "ndjson" || self.stdout.name == "table" && io::stdout().is_terminal()
    }
}

/// The format on standard output.
pub fn on_stdout(shown: &ShownArgs) -> Result<&'static Format, Trouble> {
    let on_stdout: Vec<_> = shown.output.iter().filter(|output| output.file.is_none()).collect();
    if let [first, second, ..] = on_stdout.as_slice() {
        let names = format!("{} and {}", first.format.name, second.format.name);
        return Err(Trouble::Usage(format!("standard output cannot hold both {names}; use -o FORMAT=FILE for all but one")));
    }
    Ok(on_stdout.first().map_or(&report::FORMATS[0], |output| output.format))
}

/// The files to write reports into, opened.
pub fn files(shown: &ShownArgs) -> Result<Vec<OpenFile>, Trouble> {
    shown.output.iter().filter_map(open).collect()
}

/// A format, and the file that it goes into.
pub type OpenFile = (&'static Format, PathBuf, Sheaf);

/// A file for a report. What stood in it is gone only once there is something to write.
#[derive(Debug)]
pub struct Sheaf {
    file: File,
    fresh: bool,
}

impl Sheaf {
    /// Opens it for writing, and leaves what is in it.
    pub fn open(path: &Path) -> io::Result<Sheaf> {
        let file = OpenOptions::new().write(true).create(true).truncate(false).open(path)?;
        Ok(Sheaf { file, fresh: true })
    }
}

impl Write for Sheaf {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // A terminal or a pipe has no length.
        if std::mem::take(&mut self.fresh) && self.file.metadata()?.is_file() {
            self.file.set_len(0)?;
        }
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

fn open(output: &OutputTo) -> Option<Result<OpenFile, Trouble>> {
    let path = output.file.clone()?;
    let file = Sheaf::open(&path).map_err(|error| Trouble::file("create", &path, &error));
    Some(file.map(|file| (output.format, path, file)))
}

fn rendered(format: &Format, report: &Report) -> Result<Vec<u8>, Trouble> {
    let mut text = Vec::new();
    (format.render)(report, &mut text)?;
    Ok(text)
}

/// How the report looks on standard output.
pub fn style(shown: &ShownArgs) -> Style {
    looks(shown.look.color, shown.look.width, shown.verbose)
}

/// How anything looks on standard output.
pub fn looks(colour: Colour, width: Option<u16>, verbose: bool) -> Style {
    let terminal = io::stdout().is_terminal();
    let colour = match colour {
        Colour::Always => true,
        Colour::Never => false,
        Colour::Auto => terminal && !is_set("NO_COLOR") && std::env::var_os("TERM").is_none_or(|term| term != "dumb"),
    };
    let wide = || terminal_size::terminal_size().map(|(width, _)| usize::from(width.0).clamp(NARROWEST, WIDEST));
    let width = width.map(usize::from).or_else(|| terminal.then(wide).flatten());
    Style { width: width.unwrap_or(Style::default().width), colour, verbose, shown: Vec::new() }
}

fn is_set(name: &str) -> bool {
    std::env::var_os(name).is_some_and(|value| !value.is_empty())
}

/// Writes to standard output. A reader that has gone away (`| head`) is no trouble: what it did not want is dropped.
pub fn print(text: &[u8]) -> Result<(), Trouble> {
    print_if_heard(text).map(|_heard| ())
}

/// The same; whether the reader is there still.
pub fn print_if_heard(text: &[u8]) -> Result<bool, Trouble> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Trouble::Ours(format!("cannot write to standard output: {error}"))),
        result => Ok(result.is_ok()),
    }
}

/// Writes a line to standard error; a closed one is no trouble.
pub fn complain(text: &str) {
    let _ = writeln!(io::stderr().lock(), "sstp-diag: {text}");
}

/// Ours: on a narrower terminal the table is this wide and the terminal wraps it.
const NARROWEST: usize = 40;
/// Ours: longer lines are hard to read.
const WIDEST: usize = 120;
