//! From the arguments to the cases, and from the outcome to the report.

use crate::cli::args::{SelectArgs, ServerSuiteArgs, Target};
use crate::cli::exit::Trouble;
use crate::jobs::conformance::again;
use crate::jobs::conformance::known::{self, Scale, Standing};
use crate::jobs::conformance::run::{Done, Outcome};
use crate::jobs::conformance::{Case, Grade};
use crate::live::clock::Clock;
use crate::report::conformance::{Row, Suite};
use crate::report::{TOOL, VERSION};

/// The cases that the arguments choose; none at all is an error.
pub fn chosen(select: &SelectArgs, cases: Vec<Case>) -> Result<Vec<Case>, Trouble> {
    let of = |case: &Case| {
        let layers = || select.layer.iter().any(|layer| layer.name() == case.layer());
        (select.case.is_empty() || select.case.iter().any(|pattern| known::glob(pattern, &case.id)))
            && (select.section.is_empty() || select.section.iter().any(|section| section == case.section()))
            && (select.level.is_empty() || select.level.contains(&case.level))
            && (select.layer.is_empty() || layers())
            && !(select.quick && case.base.slow)
    };
    let cases: Vec<Case> = cases.into_iter().filter(of).collect();
    if cases.is_empty() {
        return Err(Trouble::Usage("no case is chosen; `sstp-diag conformance server --list` lists them".into()));
    }
    Ok(cases)
}

/// The target; with `--lab` the lab fills it in.
pub fn target(args: &ServerSuiteArgs) -> Result<Target, Trouble> {
    match &args.target {
        None if args.lab => Ok(Target { host: String::new(), port: 0 }),
        None => Err(Trouble::Usage("TARGET is missing; without a server at hand try `sstp-diag conformance server --lab`".into())),
        Some(text) => Target::parse(text).map_err(Trouble::Usage),
    }
}

/// The report of a run.
pub fn report(outcome: &Outcome, scale: &Scale, target: &str, clock: &Clock) -> Suite {
    let cases: Vec<Row> = outcome.done.iter().map(|done| row(done, scale, target)).collect();
    let failed = cases.iter().any(Row::counts);
    Suite {
        tool: TOOL.into(),
        version: VERSION.into(),
        tests: "server".into(),
        target: target.into(),
        began_unix_ms: clock.began_unix_ms(),
        took_ms: clock.now().0 / 1000,
        strict: scale.strict,
        down_after: outcome.down_after.clone(),
        interrupted: outcome.interrupted,
        failed,
        cases,
    }
}

fn row(done: &Done, scale: &Scale, target: &str) -> Row {
    let (case, grade) = (&done.case, done.verdict.grade);
    let (known, standing) = (scale.entry(&case.id), scale.standing(&case.id, grade));
    let note = again::note(&done.attempts, !standing.counts());
    let standing = match standing {
        Standing::Fine => "fine",
        Standing::Known => "known",
        Standing::New => "new",
        Standing::UnexpectedPass => "unexpected-pass",
    };
    Row {
        id: case.id.to_string(),
        title: case.title.to_string(),
        why: case.why.to_string(),
        spec: case.spec.to_string(),
        level: case.level.name().into(),
        layer: case.layer().into(),
        verdict: grade.name().into(),
        standing: standing.into(),
        expected: case.base.expect.to_string(),
        actual: done.verdict.actual.clone(),
        edits: case.edits.iter().map(ToString::to_string).collect(),
        known: known.filter(|_| grade != Grade::Pass || standing == "unexpected-pass").map(|known| known.reason.clone()),
        attempts: done.attempts.iter().filter(|_| note.is_some()).map(|verdict| verdict.grade.name().to_string()).collect(),
        note,
        took_ms: done.took.0 / 1000,
        reproduce: alone(case, target),
    }
}

/// The command that runs a case alone.
pub fn alone(case: &Case, target: &str) -> String {
    let login = if case.needs_account() { " --user USER --password-file FILE" } else { "" };
    format!("sstp-diag conformance server {target}{login} --case {}", case.id)
}
