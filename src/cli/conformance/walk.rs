//! `conformance client`: a client is walked through the cases.

use super::course::Course;
use super::pages;
use super::suite::{self, Tested};
use crate::base::Micros;
use crate::base::Secret;
use crate::cli::args::{ClientSuiteArgs, LedBy};
use crate::cli::exit::{Exit, Trouble};
use crate::cli::output::{complain, print};
use crate::cli::password;
use crate::jobs::conformance::again::Retries;
use crate::jobs::conformance::client::{self, mutants};
use crate::jobs::conformance::run::{self, Done, Outcome, Peer};
use crate::jobs::conformance::stand::{By, NAMES, Stand, StandConfig, Subject, unknown_names};
use crate::jobs::conformance::{Case, Grade, Verdict};
use crate::jobs::lab;
use crate::live::listen;
use crate::live::runtime::{self, Ended};
use crate::proto::plan::Credentials;
use clap::ValueEnum;
use std::fmt::Write;
use std::fs;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;
use tokio::sync::watch::Receiver;
use tokio::task::LocalSet;

/// Does what the arguments ask for.
pub fn run(args: &ClientSuiteArgs) -> Result<Exit, Trouble> {
    let cases = suite::chosen(&args.select, client::all(), "client")?;
    if let Some(page) = pages::asked_for(&args.suite, &cases) {
        return print(page.as_bytes()).map(|()| Exit::Works);
    }
    let config = config(args, cases.len())?;
    let tested = Tested::client(config.subject.name(), how(args));
    let course = Course::begin(&args.suite)?;
    let ended = runtime::run(|stop| async { LocalSet::new().run_until(through(args, config, cases, &course, stop)).await })?;
    let outcome = match ended {
        Ended::Through(result) | Ended::Interrupted(result) => result?,
        Ended::Abandoned => return Ok(Exit::Interrupted),
    };
    course.finish(&outcome, &tested)
}

fn config(args: &ClientSuiteArgs, cases: usize) -> Result<StandConfig, Trouble> {
    let subject = subject(args)?;
    let (at, port) = (args.listen, usize::from(args.listen.port()));
    let ports = if matches!(subject, Subject::Hand(By::Port)) { cases } else { usize::from(args.jobs) + SLOW_BESIDE };
    if matches!(subject, Subject::Hand(_)) && port == 0 {
        return Err(Trouble::Usage("a client that is brought by hand needs a port: --listen ADDRESS:PORT".into()));
    }
    if port != 0 && port + ports > usize::from(u16::MAX) {
        return Err(Trouble::Usage(format!(
            "{cases} cases need {ports} ports from {port} on, and there are not so many; give a lower one"
        )));
    }
    let own = if matches!(subject, Subject::Hand(By::Sni | By::User)) || port == 0 { 1 } else { ports };
    listen::are_free(at, own).map_err(|error| Trouble::Usage(format!("--listen {at}: {error}")))?;
    let host = match &args.host {
        Some(host) => host.clone(),
        None if at.ip().is_loopback() => "localhost".into(),
        None if at.ip().is_unspecified() => return Err(Trouble::Usage(format!("what do clients dial at {}? say --host NAME", at.ip()))),
        None => at.ip().to_string(),
    };
    let given = password::given(&args.account)?;
    let (user, password) = lab::USERS[0];
    let credentials = given.unwrap_or_else(|| Credentials { user: user.into(), password: Secret::new(password.into()) });
    let unasked = if args.client.exec_sstpc.is_some() { SSTPC_HOLD } else { 0 };
    let hold = Duration::from_millis(args.hold.unwrap_or(unasked));
    Ok(StandConfig { at, host, credentials, hold, subject, login: None, client_roots: Vec::new() })
}

fn subject(args: &ClientSuiteArgs) -> Result<Subject, Trouble> {
    let who = &args.client;
    if let Some(command) = &who.exec {
        if command.trim().is_empty() {
            return Err(Trouble::Usage("--exec needs a command that launches the client".into()));
        }
        for name in unknown_names(command) {
            complain(&format!("--exec: nothing is filled in for {{{name}}}, only for {{{}}}", NAMES.join("}, {")));
        }
        return Ok(Subject::Exec(command.clone()));
    }
    if let Some(program) = &who.exec_sstpc {
        return Ok(Subject::Sstpc { program: program.clone() });
    }
    if who.lab {
        let unknown = |id: &String| Trouble::Usage(format!("{id:?} is no mutation; `sstp-diag conformance show CASE` names them"));
        let found = who.fault.as_ref().map(|id| mutants::find(id).ok_or_else(|| unknown(id))).transpose()?;
        return Ok(Subject::BuiltIn(found));
    }
    Ok(Subject::Hand(match who.by.unwrap_or(LedBy::Port) {
        LedBy::Port => By::Port,
        LedBy::Sni => By::Sni,
        LedBy::User => By::User,
    }))
}

/// The arguments that bring the client.
fn how(args: &ClientSuiteArgs) -> String {
    let who = &args.client;
    let mut words = vec![brought(args)];
    let mut option =
        |name: &str, value: Option<String>| words.extend(value.map(|value| format!("--{name} {}", suite::for_a_shell(&value))));
    option("by", who.by.and_then(|by| by.to_possible_value()).map(|by| by.get_name().to_string()));
    option("host", args.host.clone());
    option("hold", args.hold.map(|hold| hold.to_string()));
    option("user", args.account.user.clone());
    option("password-file", args.account.password_file.as_ref().map(|path| path.display().to_string()));
    option("password-env", args.account.password_env.clone());
    option("repeat", Some(args.suite.repeat).filter(|times| *times > 1).map(|times| times.to_string()));
    words.join(" ")
}

fn brought(args: &ClientSuiteArgs) -> String {
    let who = &args.client;
    match (&who.exec, &who.exec_sstpc, &who.fault) {
        (Some(command), ..) => format!("--exec '{}'", command.replace('\'', "'\\''")),
        (None, Some(_), _) => "--exec-sstpc".into(),
        (None, None, Some(fault)) => format!("--lab --fault {fault}"),
        (None, None, None) if who.lab => "--lab".into(),
        _ => format!("--listen {}", args.listen),
    }
}

async fn through(
    args: &ClientSuiteArgs,
    config: StandConfig,
    cases: Vec<Case>,
    course: &Course<'_>,
    stop: Receiver<bool>,
) -> Result<Outcome, Trouble> {
    let by_hand = matches!(config.subject, Subject::Hand(_));
    let stand = Rc::new(Stand::set(config, &cases)?);
    let mut status = Status::new(args.status.clone(), &stand, &cases);
    status.write()?;
    if by_hand {
        complain(status.greeting(&stand).trim_end());
    }
    let mut line = course.progress(cases.len());
    // People take their time, so that every case waits from the start.
    let jobs = if by_hand { cases.len() } else { args.jobs.into() };
    let mut suite = course.suite(Peer::Client(stand.clone()), cases.clone(), jobs);
    if by_hand {
        suite.retries = Retries::default();
    }
    let mut tell = |done: &Done, count| {
        status.tell(done);
        line.tell(done, count);
        if by_hand {
            complain(format!("{}: {} {}", done.case.id, done.verdict.grade.name(), done.verdict.actual).trim_end());
        }
    };
    let outcome = run::run(suite, &course.clock, stop, &mut tell).await;
    line.end();
    status.write()?;
    Ok(if by_hand { closed(outcome, &cases) } else { outcome })
}

/// People say with Ctrl-C that no more clients will come: the cases that none came to are told too.
fn closed(outcome: Outcome, cases: &[Case]) -> Outcome {
    let done = cases.iter().map(|case| {
        let came = outcome.done.iter().find(|done| done.case.id == case.id).cloned();
        came.unwrap_or_else(|| Done::new(case.clone(), Verdict::new(Grade::Inconclusive, "no client came"), Micros::ZERO, Vec::new()))
    });
    Outcome { done: done.collect(), ..outcome }
}

/// `--status`: where the client of every case is to go, and what it came to.
struct Status {
    path: Option<PathBuf>,
    /// Where to go, the case, and how it stands.
    rows: Vec<(String, String, String)>,
}

impl Status {
    fn new(path: Option<PathBuf>, stand: &Stand, cases: &[Case]) -> Status {
        let by_hand = matches!(stand.subject(), Subject::Hand(_));
        let row = |(place, case): (usize, &Case)| {
            let dialling = stand.dial(place);
            let user = case.login_name(&dialling.user);
            let way = if by_hand { format!("{}:{} as {user}", dialling.host, dialling.port) } else { "-".into() };
            let state = if by_hand && case.base.hangs_up { "waits; hang up 3 s after it connects" } else { "waits" };
            (way, case.id.to_string(), state.to_string())
        };
        Status { path, rows: cases.iter().enumerate().map(row).collect() }
    }

    fn tell(&mut self, done: &Done) {
        let row = self.rows.iter_mut().find(|row| row.1 == done.case.id);
        row.into_iter().for_each(|row| row.2 = format!("{} {}", done.verdict.grade.name(), done.verdict.actual).trim_end().to_string());
        // The list is a convenience; the report is what counts.
        let _ = self.write();
    }

    fn listing(&self) -> String {
        let (ways, ids) = (self.rows.iter().map(|row| row.0.len()).max(), self.rows.iter().map(|row| row.1.len()).max());
        let (ways, ids) = (ways.unwrap_or_default(), ids.unwrap_or_default());
        self.rows.iter().fold(String::new(), |mut text, (way, id, state)| {
            let _ = writeln!(text, "{way:ways$}  {id:ids$}  {state}");
            text
        })
    }

    fn write(&self) -> Result<(), Trouble> {
        let Some(path) = &self.path else { return Ok(()) };
        fs::write(path, self.listing()).map_err(|error| Trouble::file("write", path, &error))
    }

    fn greeting(&self, stand: &Stand) -> String {
        format!(
            "Root        {}\nPassword    in {}\n\n{}\nCtrl-C ends it and writes the report.\n",
            stand.ca().display(),
            stand.password().display(),
            self.listing()
        )
    }
}

/// Ours: sstp-client 1.0.18 hangs when a flight of the server is there before it looks; 5 to 8 ms cure it where nobody else works.
const SSTPC_HOLD: u64 = 25;
/// Slow cases that run beside the others.
const SLOW_BESIDE: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::args::{Cli, Command, ConformanceCommand};
    use clap::Parser;

    #[test]
    fn the_command_that_runs_a_case_alone_leads_the_client_the_same_way() {
        let line = "--listen 192.0.2.1:8400 --by sni --host vpn.example --user alice --repeat 3";
        let words = ["sstp-diag", "conformance", "client"].into_iter().chain(line.split(' '));
        let cli = Cli::try_parse_from(words).unwrap_or_else(|error| panic!("{error}"));
        let Command::Conformance(args) = cli.command else { panic!("another command") };
        let ConformanceCommand::Client(args) = args.what else { panic!("another suite") };
        assert_eq!(how(&args), line);
    }
}
