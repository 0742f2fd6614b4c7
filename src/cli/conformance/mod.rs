//! `conformance`: a server or a client against the cases, and what the cases are.

mod course;
mod pages;
mod suite;
mod walk;

pub use pages::{all, case_json, cases_page, list};

use super::args::{CompareArgs, ConformanceArgs, ConformanceCommand, CoverageArgs, ServerSuiteArgs, ShowArgs};
use super::exit::{Exit, Trouble};
use super::output::{complain, print};
use crate::jobs::conformance::known;
use crate::jobs::conformance::run::{self, Outcome, Peer, SuiteConfig};
use crate::jobs::conformance::{Case, server};
use crate::jobs::lab::{Lab, LabConfig};
use crate::jobs::probe::ProbeConfig;
use crate::live::runtime::{self, Ended};
use crate::report::conformance::{Suite, differ, matrix};
use course::Course;
use std::fs;
use suite::Tested;
use tokio::sync::watch::Receiver;

/// Does what the arguments ask for.
pub fn run(args: &ConformanceArgs) -> Result<Exit, Trouble> {
    match &args.what {
        ConformanceCommand::Server(args) => server_suite(args),
        ConformanceCommand::Client(args) => walk::run(args),
        ConformanceCommand::Show(args) => show(args),
        ConformanceCommand::Coverage(args) => coverage(args),
        ConformanceCommand::Compare(args) => compare(args),
    }
}

fn server_suite(args: &ServerSuiteArgs) -> Result<Exit, Trouble> {
    let cases = suite::chosen(&args.select, server::all(), "server")?;
    if let Some(page) = pages::asked_for(&args.suite, &cases) {
        return print(page.as_bytes()).map(|()| Exit::Works);
    }
    super::proxy::no_script(&args.way)?;
    if args.login.auth_matrix {
        return Err(Trouble::Usage("--auth-matrix belongs to `probe`; here --auth METHOD has every call log in that way".into()));
    }
    let named = suite::target(args)?;
    let course = Course::begin(&args.suite)?;
    let mut probe = super::probe::basis(&args.login, &args.way, super::trust::roots(&args.roots)?, args.lab, &named)?;
    // A certificate alone is for the cases that are about one.
    probe.methods = Some(args.login.auth.clone()).filter(|methods| !methods.is_empty());
    let ended = runtime::run(|stop| through(args, probe, cases, &course, stop))?;
    let (outcome, target) = match ended {
        Ended::Through(result) | Ended::Interrupted(result) => result?,
        Ended::Abandoned => return Ok(Exit::Interrupted),
    };
    course.finish(&outcome, &Tested::server(&target, suite::way_there(args, &target)))
}

async fn through(
    args: &ServerSuiteArgs,
    mut probe: ProbeConfig,
    cases: Vec<Case>,
    course: &Course<'_>,
    stop: Receiver<bool>,
) -> Result<(Outcome, String), Trouble> {
    let lab = if args.lab { Some(lab(args, &mut probe).await?) } else { None };
    let target = probe.target.authority();
    let mut line = course.progress(cases.len());
    let config = SuiteConfig { rate: args.rate, ..course.suite(Peer::Server(Box::new(probe)), cases, args.jobs.into()) };
    let outcome = run::run(config, &course.clock, stop, &mut |done, count| line.tell(done, count)).await;
    line.end();
    if let Some(lab) = lab {
        lab.stop().await;
    }
    Ok((outcome, target))
}

async fn lab(args: &ServerSuiteArgs, probe: &mut ProbeConfig) -> Result<Lab, Trouble> {
    super::lab::known(&args.fault)?;
    let lab = Lab::start(LabConfig { faults: args.fault.clone(), seed: probe.seed, ..LabConfig::default() }).await?;
    super::lab::dial(probe, lab.dial(), &args.way, args.roots.without_files())?;
    probe.eap.identity = probe.eap.identity.take().or_else(|| lab.dial().certificate.clone());
    Ok(lab)
}

fn show(args: &ShowArgs) -> Result<Exit, Trouble> {
    let cases: Vec<Case> = all().into_iter().filter(|case| known::glob(&args.case, &case.id)).collect();
    if cases.is_empty() {
        return Err(Trouble::Usage(format!(
            "{:?} is no case; `sstp-diag conformance server --list` and `conformance client --list` list them",
            args.case
        )));
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
    if let Some((first, other)) =
        suites.first().and_then(|first| Some((first, suites.iter().find(|suite| suite.1.tests != first.1.tests)?)))
    {
        return Err(Trouble::Usage(format!(
            "{} is the report of a {}, and {} that of a {}: their cases are not the same, and cannot stand side by side",
            first.0, first.1.tests, other.0, other.1.tests
        )));
    }
    if suites.iter().any(|suite| suite.1.down_after.is_some() || suite.1.unreachable.is_some()) {
        complain("a run ended before its time; its cases are missing");
    }
    print(matrix(&suites, args.verbose).as_bytes())?;
    Ok(if args.fail_on_change && differ(&suites) { Exit::Fails } else { Exit::Works })
}
