//! `explain`: what a code, a sentence, an event, a finding, a layer or a log means.

use super::args::ExplainArgs;
use super::exit::{Exit, Trouble};
use super::logs;
use super::output::{looks, print};
use super::sniff;
use crate::diag::explain::{Explained, LabFault, MAX_TEXT, explain};
use crate::diag::log::{Reader, decoded};
use crate::jobs::lab::fault::{self, Fault};
use crate::report::explain::{Explanation, LogReport};
use std::io::{self, Read};

/// Explains what was given.
pub fn run(args: &ExplainArgs) -> Result<Exit, Trouble> {
    let uses_stdin =
        args.text.iter().filter(|text| *text == STDIN).count() + args.log.iter().filter(|path| path.as_os_str() == STDIN).count();
    if uses_stdin > 1 {
        return Err(Trouble::Usage("standard input can be read once only; give - once".into()));
    }
    if args.log.is_empty() && args.log_format.is_some() {
        return Err(Trouble::Usage("--log-format says what kind of log --log FILE is; without --log there is none".into()));
    }
    if args.log.is_empty() { text(args) } else { logs(args) }
}

fn text(args: &ExplainArgs) -> Result<Exit, Trouble> {
    let explained = explain(&given(&args.text)?, &faults());
    if explained.subjects.is_empty() && explained.unknown.is_empty() {
        return Err(Trouble::Usage("there is nothing to explain; give a code, an error sentence, a finding id or a layer".into()));
    }
    let exit = if explained.subjects.is_empty() { Exit::Fails } else { Exit::Works };
    let mut out = Vec::new();
    (args.output.render)(&explanation(args, &explained), &mut out)?;
    print(&out)?;
    Ok(exit)
}

/// The arguments as one text; `-` stands for what comes on standard input.
fn given(texts: &[String]) -> Result<String, Trouble> {
    let mut parts = Vec::new();
    for text in texts {
        if text == STDIN {
            let mut bytes = Vec::new();
            io::stdin()
                .lock()
                .take(MOST_BYTES)
                .read_to_end(&mut bytes)
                .map_err(|error| Trouble::Ours(format!("cannot read standard input: {error}")))?;
            if let Some(advice) = sniff::not_text(&bytes) {
                return Err(Trouble::Usage(format!("standard input is {advice}")));
            }
            parts.push(decoded(&bytes));
        } else {
            parts.push(text.clone());
        }
    }
    Ok(parts.join(" "))
}

/// What can be wrong in the lab.
fn faults() -> Vec<LabFault> {
    let told = |kind| move |row: &Fault| LabFault { id: row.id, layer: row.layer, title: row.title, kind, found_by: row.found_by };
    let faults = fault::all().map(told("fault"));
    faults.chain(fault::oddities().map(told("oddity"))).chain(fault::mutants().map(told("mutant"))).collect()
}

fn explanation<'a>(args: &ExplainArgs, explained: &'a Explained) -> Explanation<'a> {
    let style = looks(args.look.color, args.look.width, args.verbose);
    Explanation { explained, faults: &faults_found_by, style }
}

fn faults_found_by(id: &str) -> Vec<&'static str> {
    fault::all().filter(|row| row.found_by == id).map(|row| row.id).collect()
}

fn logs(args: &ExplainArgs) -> Result<Exit, Trouble> {
    let logs = logs::read(&args.log, || Reader::new(args.log_format))?;
    let reports: Vec<_> = logs.read.into_iter().map(|(path, log)| LogReport { file: path.display().to_string(), log }).collect();
    let failed = reports.iter().any(|report| report.log.failures > 0);
    let silent = reports.iter().all(|report| report.log.lines.is_empty());
    let mut out = Vec::new();
    (args.output.logs)(&reports, &explanation(args, &Explained::default()), &mut out)?;
    print(&out)?;
    if logs.interrupted {
        return Ok(Exit::Interrupted);
    }
    Ok(if failed || silent { Exit::Fails } else { Exit::Works })
}

/// What stands for standard input.
const STDIN: &str = "-";
/// Ours: text in UTF-16 has two bytes a character; one more shows that there is more.
const MOST_BYTES: u64 = 2 * MAX_TEXT as u64 + 3;
