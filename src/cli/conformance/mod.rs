//! `conformance`: a server against the cases, and what the cases are.

mod pages;
mod suite;

pub use pages::{case_json, cases_page, list};

use super::args::{CompareArgs, ConformanceArgs, ConformanceCommand, CoverageArgs, ServerSuiteArgs, ShowArgs};
use super::exit::{Exit, Trouble};
use super::output::{self, complain, print};
use crate::jobs::conformance::again::Retries;
use crate::jobs::conformance::known::{self, Known, Scale};
use crate::jobs::conformance::run::{self, Outcome, SuiteConfig};
use crate::jobs::conformance::{Case, server};
use crate::jobs::lab::{Lab, LabConfig};
use crate::jobs::probe::ProbeConfig;
use crate::live::clock::Clock;
use crate::live::runtime::{self, Ended};
use crate::report::Style;
use crate::report::conformance::{PAPERS, Suite, matrix};
use std::fs::{self, File};
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use tokio::sync::watch::Receiver;

/// Does what the arguments ask for.
pub fn run(args: &ConformanceArgs) -> Result<Exit, Trouble> {
    match &args.what {
        ConformanceCommand::Server(args) => server_suite(args),
        ConformanceCommand::Show(args) => show(args),
        ConformanceCommand::Coverage(args) => coverage(args),
        ConformanceCommand::Compare(args) => compare(args),
    }
}

fn server_suite(args: &ServerSuiteArgs) -> Result<Exit, Trouble> {
    let cases = suite::chosen(&args.select, server::all())?;
    if args.list {
        print(pages::list(&cases).as_bytes())?;
        return Ok(Exit::Works);
    }
    if args.dry_run {
        print(pages::dry(&cases).as_bytes())?;
        return Ok(Exit::Works);
    }
    let named = suite::target(args)?;
    let known = expected(args.expected.as_deref())?;
    let clock = Clock::start();
    let scale = Scale { known, strict: args.strict, today: known::day(clock.unix_ms()) };
    let retries = retries(args, &scale);
    let mut sheets = Sheets::open(args)?;
    let probe =
        super::probe::basis(&args.login, &args.way, super::trust::of(super::trust::store(args.trust), &args.ca)?, args.lab, &named)?;
    if let Some(folder) = &args.artifacts {
        fs::create_dir_all(folder).map_err(|error| Trouble::file("create", folder, &error))?;
    }
    let ended = runtime::run(|stop| through(args, probe, cases, retries, &clock, stop))?;
    let (outcome, target) = match ended {
        Ended::Through(result) | Ended::Interrupted(result) => result?,
        Ended::Abandoned => return Ok(Exit::Interrupted),
    };
    let how = suite::way_there(args, &target);
    let report = suite::report(&outcome, &scale, (&target, &how), &clock);
    if let Some(path) = &args.write_expected {
        // A reason that a person wrote stays with its case.
        let reason = |done: &run::Done| {
            let old = scale.entry(&done.case.id).filter(|old| old.verdict == Some(done.verdict.grade));
            old.map_or_else(|| done.verdict.actual.clone(), |old| old.reason.clone())
        };
        let reasons: Vec<String> = outcome.done.iter().map(reason).collect();
        let rows = outcome.done.iter().zip(&reasons).map(|(done, reason)| (done.case.id.as_ref(), done.verdict.grade, reason.as_str()));
        let rows: Vec<_> = rows.collect();
        fs::write(path, known::write(&rows)).map_err(|error| Trouble::file("write", path, &error))?;
    }
    sheets.write(&report)?;
    Ok(exit(&report))
}

/// Where disagreements are listed a run fails on change, and a change is confirmed; without a list everything wrong would be
/// run again, which takes too long to be done unasked.
fn retries(args: &ServerSuiteArgs, scale: &Scale) -> Retries {
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

async fn through(
    args: &ServerSuiteArgs,
    mut probe: ProbeConfig,
    cases: Vec<Case>,
    retries: Retries,
    clock: &Clock,
    stop: Receiver<bool>,
) -> Result<(Outcome, String), Trouble> {
    let lab = if args.lab { Some(lab(args, &mut probe).await?) } else { None };
    let target = probe.target.authority();
    let all = cases.len();
    let mut line = Progress::new(all);
    let (jobs, artifacts) = (args.jobs.into(), args.artifacts.clone());
    let config = SuiteConfig { probe, cases, jobs, rate: args.rate, repeat: args.repeat, retries, artifacts };
    let outcome = run::run(config, clock, stop, &mut |done, count| line.tell(done, count)).await;
    line.end();
    if let Some(lab) = lab {
        lab.stop().await;
    }
    Ok((outcome, target))
}

async fn lab(args: &ServerSuiteArgs, probe: &mut ProbeConfig) -> Result<Lab, Trouble> {
    super::lab::known(&args.fault)?;
    let lab = Lab::start(LabConfig { faults: args.fault.clone(), seed: probe.seed, ..LabConfig::default() }).await?;
    super::lab::dial(probe, lab.dial(), &args.way, args.ca.is_empty().then_some(args.trust))?;
    Ok(lab)
}

/// A line on the terminal that says how far it is.
struct Progress {
    all: usize,
    wrong: usize,
    shown: bool,
}

impl Progress {
    fn new(all: usize) -> Progress {
        Progress { all, wrong: 0, shown: std::io::stderr().is_terminal() }
    }

    fn tell(&mut self, done: &run::Done, count: usize) {
        let again = if done.attempts.len() > 1 { "again: " } else { "" };
        self.wrong += usize::from(again.is_empty() && done.verdict.grade.is_held_against());
        if self.shown {
            let id: String = done.case.id.chars().take(ID_SHOWN).collect();
            let _ = write!(std::io::stderr(), "\r{count}/{} cases, {} wrong  {again}{id:<ID_SHOWN$}", self.all, self.wrong);
        }
    }

    fn end(&self) {
        if self.shown {
            let _ = write!(std::io::stderr(), "\r{:width$}\r", "", width = ID_SHOWN + 30);
        }
    }
}

fn expected(path: Option<&Path>) -> Result<Vec<Known>, Trouble> {
    let Some(path) = path else { return Ok(Vec::new()) };
    let text = fs::read_to_string(path).map_err(|error| Trouble::file("read", path, &error))?;
    known::parse(&text).map_err(|error| Trouble::Usage(format!("{}: {error}", path.display())))
}

/// Where reports go, opened before the work.
struct Sheets {
    stdout: super::args::Paper,
    style: Style,
    files: Vec<(super::args::Paper, PathBuf, File)>,
}

impl Sheets {
    fn open(args: &ServerSuiteArgs) -> Result<Sheets, Trouble> {
        let on_stdout: Vec<_> = args.output.iter().filter(|output| output.file.is_none()).collect();
        if on_stdout.len() > 1 {
            return Err(Trouble::Usage("standard output cannot hold two reports; use -o FORMAT=FILE for all but one".into()));
        }
        let mut files = Vec::new();
        for output in &args.output {
            if let Some(path) = &output.file {
                files.push((output.paper, path.clone(), File::create(path).map_err(|error| Trouble::file("create", path, &error))?));
            }
        }
        let stdout = on_stdout.first().map_or(&PAPERS[0], |output| output.paper);
        Ok(Sheets { stdout, style: output::looks(args.color, None, args.verbose), files })
    }

    fn write(&mut self, report: &Suite) -> Result<(), Trouble> {
        let mut text = Vec::new();
        (self.stdout.render)(report, &self.style, &mut text)?;
        print(&text)?;
        let plain = Style { verbose: self.style.verbose, ..Style::default() };
        for (paper, path, file) in &mut self.files {
            (paper.render)(report, &plain, file).and_then(|()| file.flush()).map_err(|error| Trouble::file("write", path, &error))?;
        }
        Ok(())
    }
}

fn show(args: &ShowArgs) -> Result<Exit, Trouble> {
    let cases: Vec<Case> = server::all().into_iter().filter(|case| known::glob(&args.case, &case.id)).collect();
    if cases.is_empty() {
        return Err(Trouble::Usage(format!("{:?} is no case; `sstp-diag conformance server --list` lists them", args.case)));
    }
    let text: Vec<String> = cases.iter().map(pages::in_full).collect();
    print(text.join("\n").as_bytes())?;
    Ok(Exit::Works)
}

fn coverage(args: &CoverageArgs) -> Result<Exit, Trouble> {
    print(pages::coverage(args.untested).as_bytes())?;
    Ok(Exit::Works)
}

fn compare(args: &CompareArgs) -> Result<Exit, Trouble> {
    let mut suites = Vec::new();
    for path in &args.files {
        let text = fs::read(path).map_err(|error| Trouble::file("read", path, &error))?;
        let suite: Suite = serde_json::from_slice(&text).map_err(|error| {
            Trouble::Usage(format!("{}: {error}; expected a report of `conformance server -o json=FILE`", path.display()))
        })?;
        // Runs of one target differ in the files only.
        let name = path.file_stem().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        suites.push((name, suite));
    }
    if suites.iter().any(|suite| suite.1.down_after.is_some() || suite.1.unreachable.is_some()) {
        complain("a run ended before its time; its cases are missing");
    }
    print(matrix(&suites, args.verbose).as_bytes())?;
    Ok(Exit::Works)
}

/// Ours: characters of an id in the line of progress.
const ID_SHOWN: usize = 48;
/// How often what is not expected is run again where nobody says how often.
const RETRIES: u32 = 2;
/// Ours: more changes than this are no accidents of one run.
const MOST_AGAIN: usize = 20;
