//! What the suites have in common: known disagreements, reports, the line of progress, the exit code.

use super::suite::{self, Tested};
use crate::cli::args::{Paper, SuiteArgs};
use crate::cli::exit::{Exit, Trouble};
use crate::cli::output::{self, complain, print};
use crate::jobs::conformance::again::Retries;
use crate::jobs::conformance::known::{self, Known, Scale, Standing};
use crate::jobs::conformance::run::{self, Outcome, Peer, SuiteConfig};
use crate::jobs::conformance::{Case, client, server};
use crate::live::clock::Clock;
use crate::report::Style;
use crate::report::conformance::{PAPERS, Suite};
use std::fs::{self, File};
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};

/// A run, from the arguments to the reports.
pub struct Course<'a> {
    args: &'a SuiteArgs,
    /// Began with the run.
    pub clock: Clock,
    scale: Scale,
    /// What is wrong with the file of known disagreements.
    remarks: Vec<String>,
    sheets: Sheets,
}

impl<'a> Course<'a> {
    /// Reads and opens everything, so that a wrong path shows before the work.
    pub fn begin(args: &'a SuiteArgs) -> Result<Course<'a>, Trouble> {
        let (known, mut remarks) = expected(args.expected.as_deref())?;
        let clock = Clock::start();
        let today = known::day(clock.unix_ms());
        for (entry, until) in known.iter().filter_map(|entry| Some((entry, entry.until.as_deref()?))).filter(|row| row.1 < today.as_str()) {
            remarks.push(format!("the entry for {:?} counts no more: it ended on {until}", entry.pattern));
        }
        remarks.iter().for_each(|text| complain(text));
        let scale = Scale { known, strict: args.strict, today };
        let sheets = Sheets::open(args)?;
        if let Some(path) = &args.write_expected {
            can_be_written(path).map_err(|error| Trouble::file("write", path, &error))?;
        }
        if let Some(folder) = &args.artifacts {
            fs::create_dir_all(folder).map_err(|error| Trouble::file("create", folder, &error))?;
        }
        Ok(Course { args, clock, scale, remarks, sheets })
    }

    /// What to run.
    pub fn suite(&self, peer: Peer, cases: Vec<Case>, jobs: usize) -> SuiteConfig {
        let (retries, artifacts) = (retries(self.args, &self.scale), self.args.artifacts.clone());
        SuiteConfig { peer, cases, jobs, rate: None, repeat: self.args.repeat, retries, artifacts }
    }

    /// The line on the terminal.
    pub fn progress(&self, all: usize) -> Progress {
        Progress { all, wrong: 0, known: 0, scale: self.scale.clone(), shown: std::io::stderr().is_terminal() }
    }

    /// Writes what came of it.
    pub fn finish(self, outcome: &Outcome, tested: &Tested) -> Result<Exit, Trouble> {
        let report = Suite { remarks: self.remarks, ..suite::report(outcome, &self.scale, tested, &self.clock) };
        self.sheets.write(&report)?;
        let exit = exit(&report);
        if let Some(path) = &self.args.write_expected {
            match exit {
                // What is known of a peer is not given up for a run that did not come to its end.
                Exit::CouldNotRun | Exit::Interrupted if path.exists() => {
                    complain(&format!("{} stays as it is: the run is not whole", path.display()));
                }
                Exit::CouldNotRun | Exit::Interrupted => complain(&format!("{} is not written: the run is not whole", path.display())),
                _ => write_expected(path, outcome, &self.scale)?,
            }
        }
        Ok(exit)
    }
}

fn write_expected(path: &Path, outcome: &Outcome, scale: &Scale) -> Result<(), Trouble> {
    // A reason that a person wrote stays with its case, and so does the day on which it ends.
    let row = |done: &'_ run::Done| {
        let old = scale.entry(&done.case.id).filter(|old| old.verdict == Some(done.verdict.grade));
        let reason = old.map_or_else(|| done.verdict.actual.clone(), |old| old.reason.clone());
        (reason, old.and_then(|old| old.until.clone()))
    };
    let kept: Vec<(String, Option<String>)> = outcome.done.iter().map(row).collect();
    let rows = outcome.done.iter().zip(&kept);
    let rows: Vec<_> = rows.map(|(done, kept)| (done.case.id.as_ref(), done.verdict.grade, kept.0.as_str(), kept.1.as_deref())).collect();
    fs::write(path, known::write(&rows)).map_err(|error| Trouble::file("write", path, &error))
}

/// Where disagreements are listed a run fails on change, and a change is confirmed; without a list everything wrong would be
/// run again, which takes too long to be done unasked.
fn retries(args: &SuiteArgs, scale: &Scale) -> Retries {
    let unasked = if args.expected.is_some() { RETRIES } else { 0 };
    let most = if args.retries.is_some() { None } else { Some(MOST_AGAIN) };
    Retries { times: args.retries.unwrap_or(unasked), most, scale: scale.clone() }
}

fn exit(report: &Suite) -> Exit {
    let broken = report.cases.iter().any(|row| row.verdict == "broken");
    match () {
        () if report.interrupted => Exit::Interrupted,
        () if report.down_after.is_some() || report.unreachable.is_some() || broken || !report.judged() => Exit::CouldNotRun,
        () if report.failed => Exit::Fails,
        () => Exit::Works,
    }
}

/// A line on the terminal that says how far it is.
pub struct Progress {
    all: usize,
    wrong: usize,
    known: usize,
    scale: Scale,
    shown: bool,
}

impl Progress {
    /// A case is through.
    pub fn tell(&mut self, done: &run::Done, count: usize) {
        let again = if done.attempts.len() > 1 { "again: " } else { "" };
        if again.is_empty() {
            match self.scale.standing(&done.case, done.verdict.grade) {
                Standing::Known => self.known += 1,
                standing => self.wrong += usize::from(standing.counts()),
            }
        }
        if self.shown {
            let known = if self.known > 0 { format!(", {} known", self.known) } else { String::new() };
            let id: String = done.case.id.chars().take(ID_SHOWN).collect();
            let _ = write!(std::io::stderr(), "\r{count}/{} cases, {} wrong{known}  {again}{id:<ID_SHOWN$}", self.all, self.wrong);
        }
    }

    /// The line goes.
    pub fn end(&self) {
        if self.shown {
            let _ = write!(std::io::stderr(), "\r{:width$}\r", "", width = ID_SHOWN + 42);
        }
    }
}

/// Known disagreements, and what is wrong with them.
fn expected(path: Option<&Path>) -> Result<(Vec<Known>, Vec<String>), Trouble> {
    let Some(path) = path else { return Ok((Vec::new(), Vec::new())) };
    let text = fs::read_to_string(path).map_err(|error| Trouble::file("read", path, &error))?;
    let known = known::parse(&text).map_err(|error| Trouble::Usage(format!("{}: {error}", path.display())))?;
    let cases: Vec<Case> = server::all().into_iter().chain(client::all()).collect();
    let lost = known.iter().filter(|entry| !cases.iter().any(|case| known::glob(&entry.pattern, &case.id)));
    let remarks = lost.map(|entry| format!("{}: no case is called {:?}", path.display(), entry.pattern)).collect();
    Ok((known, remarks))
}

/// Where reports go, opened before the work.
struct Sheets {
    stdout: Paper,
    style: Style,
    files: Vec<(Paper, PathBuf)>,
}

impl Sheets {
    fn open(args: &SuiteArgs) -> Result<Sheets, Trouble> {
        let on_stdout: Vec<_> = args.output.iter().filter(|output| output.file.is_none()).collect();
        if on_stdout.len() > 1 {
            return Err(Trouble::Usage("standard output cannot hold two reports; use -o FORMAT=FILE for all but one".into()));
        }
        let mut files = Vec::new();
        for output in &args.output {
            if let Some(path) = &output.file {
                // What is there stays until there is something to put in its place.
                File::options().append(true).create(true).open(path).map_err(|error| Trouble::file("create", path, &error))?;
                files.push((output.paper, path.clone()));
            }
        }
        let stdout = on_stdout.first().map_or(&PAPERS[0], |output| output.paper);
        Ok(Sheets { stdout, style: output::looks(args.color, None, args.verbose), files })
    }

    fn write(&self, report: &Suite) -> Result<(), Trouble> {
        let mut text = Vec::new();
        (self.stdout.render)(report, &self.style, &mut text)?;
        print(&text)?;
        let plain = Style { verbose: self.style.verbose, ..Style::default() };
        for (paper, path) in &self.files {
            let mut text = Vec::new();
            (paper.render)(report, &plain, &mut text)?;
            replace(path, &text).map_err(|error| Trouble::file("write", path, &error))?;
        }
        Ok(())
    }
}

/// What is there stays until there is something to put in its place, and what is not there is not made before.
fn can_be_written(path: &Path) -> io::Result<()> {
    let is_new = fs::symlink_metadata(path).is_err();
    File::options().append(true).create(true).open(path)?;
    if is_new { fs::remove_file(path) } else { Ok(()) }
}

/// Puts a whole text in the place of a file at once; what is no file, such as a pipe, is written to.
fn replace(path: &Path, text: &[u8]) -> io::Result<()> {
    if !fs::metadata(path)?.is_file() {
        return File::options().append(true).open(path)?.write_all(text);
    }
    // A link stays one.
    let path = fs::canonicalize(path)?;
    let mut beside = path.clone().into_os_string();
    beside.push(format!(".{}.part", std::process::id()));
    let beside = PathBuf::from(beside);
    let written = fs::write(&beside, text).and_then(|()| fs::rename(&beside, &path));
    // A folder in which nothing can be made, or a file that must stay where it is.
    written.or_else(|_| {
        let _ = fs::remove_file(&beside);
        fs::write(&path, text)
    })
}

/// Ours: characters of an id in the line of progress.
const ID_SHOWN: usize = 48;
/// How often what is not expected is run again where nobody says how often.
const RETRIES: u32 = 2;
/// Ours: more changes than this are no accidents of one run.
const MOST_AGAIN: usize = 20;
