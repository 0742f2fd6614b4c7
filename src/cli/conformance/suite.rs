//! From the arguments to the cases, and from the outcome to the report.

use super::pages::besides;
use crate::base::{Layer, Side};
use crate::cli::args::{SelectArgs, ServerSuiteArgs, Target};
use crate::cli::exit::Trouble;
use crate::diag;
use crate::jobs::conformance::again;
use crate::jobs::conformance::known::{self, Scale, Standing};
use crate::jobs::conformance::run::{Done, Outcome};
use crate::jobs::conformance::{Case, Grade};
use crate::live::clock::Clock;
use crate::live::trust::Store;
use crate::report::conformance::{Row, Suite};
use crate::report::{TOOL, VERSION};
use crate::transcript::facts::Facts;
use crate::transcript::{Head, Transcript};
use clap::ValueEnum;
use std::path::Path;

/// The cases that the arguments choose; none at all is an error.
pub fn chosen(select: &SelectArgs, cases: Vec<Case>, side: &str) -> Result<Vec<Case>, Trouble> {
    let of = |case: &Case| {
        let layers = || select.layer.iter().any(|layer| layer.name() == case.layer());
        (select.case.is_empty() || select.case.iter().any(|pattern| known::glob(pattern, &case.id)))
            && (select.section.is_empty() || select.section.iter().any(|section| lies_in(case.section(), section)))
            && (select.level.is_empty() || select.level.contains(&case.level))
            && (select.layer.is_empty() || layers())
            && !(select.quick && case.base.slow)
    };
    // A pattern that fits nothing is a slip of the pen, also beside one that does.
    if let Some(pattern) = select.case.iter().find(|pattern| !cases.iter().any(|case| known::glob(pattern, &case.id))) {
        return Err(Trouble::Usage(format!("--case {pattern} fits no case; `sstp-diag conformance {side} --list` lists them")));
    }
    let cases: Vec<Case> = cases.into_iter().filter(of).collect();
    if cases.is_empty() {
        return Err(Trouble::Usage(format!("no case is chosen; `sstp-diag conformance {side} --list` lists them")));
    }
    Ok(cases)
}

/// The section is that one, or lies in it: 3.3.5.2 in 3.3.5, but not 3.3.50.
fn lies_in(section: &str, of: &str) -> bool {
    section.strip_prefix(of.trim_end_matches('.')).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// The target; with `--lab` the lab fills it in.
pub fn target(args: &ServerSuiteArgs) -> Result<Target, Trouble> {
    match &args.server.target {
        None if args.lab => Ok(Target { host: String::new(), port: 0 }),
        None => Err(Trouble::Usage("TARGET is missing; without a server at hand try `sstp-diag conformance server --lab`".into())),
        Some(text) => Target::parse(text).map_err(Trouble::Usage),
    }
}

/// Who was tested.
pub struct Tested {
    side: Side,
    name: String,
    /// The arguments that lead there.
    how: String,
}

impl Tested {
    /// A server, and the arguments that lead to it.
    pub fn server(target: &str, how: String) -> Tested {
        Tested { side: Side::Server, name: target.into(), how }
    }

    /// A client, and the arguments that bring it.
    pub fn client(name: &str, how: String) -> Tested {
        Tested { side: Side::Client, name: name.into(), how }
    }
}

/// The report of a run.
pub fn report(outcome: &Outcome, scale: &Scale, tested: &Tested, clock: &Clock) -> Suite {
    let cases: Vec<Row> = outcome.done.iter().map(|done| row(done, scale, &tested.how)).collect();
    let failed = cases.iter().any(Row::counts);
    Suite {
        tool: TOOL.into(),
        version: VERSION.into(),
        tests: tested.side.to_string(),
        target: tested.name.clone(),
        began_unix_ms: clock.began_unix_ms(),
        took_ms: clock.now().0 / 1000,
        strict: scale.strict,
        outcome: ended(outcome).into(),
        unreachable: outcome.unreachable.as_ref().map(|why| format!("{why}{}", judged(outcome))),
        down_after: outcome.gone.as_ref().map(|gone| gone.after.clone()),
        down_why: outcome.gone.as_ref().map(|gone| gone.why.clone()),
        under_way: outcome.gone.iter().flat_map(|gone| gone.under_way.clone()).collect(),
        dropped: outcome.shaken.iter().flat_map(|gone| gone.under_way.clone()).collect(),
        interrupted: outcome.interrupted,
        failed,
        remarks: Vec::new(),
        cases,
    }
}

/// How the run ended.
fn ended(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome { unreachable: Some(_), .. } => "unreachable",
        Outcome { gone: Some(_), .. } => "target-down",
        Outcome { interrupted: true, .. } => "interrupted",
        _ => "complete",
    }
}

/// What a probe would say of the first honest call. It goes on with a certificate that it does not trust, so that this one is not why.
fn judged(outcome: &Outcome) -> String {
    let events = outcome.first.iter().filter(|event| event.layer != Layer::Cert).cloned().collect();
    let facts = Facts::of(&Transcript { head: Head::default(), events });
    let judgement = diag::judge(&facts, diag::all());
    let cause = judgement.findings.iter().find(|finding| finding.cause);
    cause.map_or_else(String::new, |finding| {
        format!(" ({}: {}; {})", finding.check.id, finding.check.title, crate::report::text::evidence(&finding.evidence.says))
    })
}

fn row(done: &Done, scale: &Scale, how: &str) -> Row {
    let (case, grade) = (&done.case, done.verdict.grade);
    let (known, standing) = (scale.entry(&case.id), scale.standing(case, grade));
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
        besides: besides(case),
        lapsed: scale.lapsed(&case.id).filter(|_| grade.is_held_against() || grade == Grade::Inconclusive),
        known: known.filter(|_| grade != Grade::Pass || standing == "unexpected-pass").map(|known| known.reason.clone()),
        attempts: done.attempts.iter().filter(|_| note.is_some()).map(|verdict| verdict.grade.name().to_string()).collect(),
        note,
        took_ms: done.took.0 / 1000,
        reproduce: alone(case, how),
    }
}

/// The command that runs a case alone; `how` leads to the one who is tested.
pub fn alone(case: &Case, how: &str) -> String {
    let has_login = how.contains("--user ") || how.starts_with("--lab");
    let login = if case.needs_account() && !has_login { " --user USER --password-file FILE" } else { "" };
    format!("sstp-diag conformance {} {how}{login} --case {}", case.base.tests, case.id)
}

/// The arguments that lead to the target of this run once more.
pub fn way_there(args: &ServerSuiteArgs, target: &str) -> String {
    let (login, way) = (&args.login, &args.way);
    let mut words: Vec<String> = vec![if args.lab { "--lab".into() } else { target.into() }];
    let mut option = |name: &str, value: Option<String>| words.extend(value.map(|value| format!("--{name} {}", for_a_shell(&value))));
    let path = |path: &Path| path.display().to_string();
    args.fault.iter().for_each(|id| option("fault", Some(id.clone())));
    option("user", login.account.user.clone());
    option("password-file", login.account.password_file.as_deref().map(path));
    option("password-env", login.account.password_env.clone());
    login.auth.iter().for_each(|method| option("auth", Some(method.name().into())));
    option("cert", login.cert.as_deref().map(path));
    option("key", login.key.as_deref().map(path));
    option("anonymous-identity", login.anonymous_identity.clone());
    option("eap-ca", login.eap_ca.as_deref().map(path));
    option("eap-server-name", login.eap_server_name.clone());
    option(
        "eap-tls-version",
        login.eap_tls_version.and_then(|version| version.to_possible_value()).map(|value| value.get_name().to_string()),
    );
    option("proxy", way.proxy.clone());
    option("proxy-user", way.proxy_user.clone());
    option("proxy-password-file", way.proxy_password_file.as_deref().map(path));
    option("connect", way.connect.as_ref().map(|at| if at.port == 0 { at.host.clone() } else { at.authority() }));
    option("server-name", way.server_name.clone());
    for over in &way.resolve {
        let addresses: Vec<String> = over.addresses.iter().map(ToString::to_string).collect();
        option("resolve", Some(format!("{}:{}", over.host, addresses.join(","))));
    }
    args.roots.ca.iter().for_each(|file| option("ca", Some(path(file))));
    let stores = super::super::trust::stores(&args.roots.trust);
    let named = stores.iter().map(|store| store.name()).collect::<Vec<_>>().join(",");
    option("trust", Some(named).filter(|_| !matches!(stores[..], [] | [Store::System])));
    if args.suite.repeat > 1 {
        option("repeat", Some(args.suite.repeat.to_string()));
    }
    words.extend(way.no_proxy.then(|| "--no-proxy".to_string()));
    words.extend(way.v4.then(|| "-4".to_string()));
    words.extend(way.v6.then(|| "-6".to_string()));
    words.join(" ")
}

/// A word as a POSIX shell reads it.
pub fn for_a_shell(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@,=+%".contains(c);
    if !word.is_empty() && word.chars().all(plain) { word.to_string() } else { format!("'{}'", word.replace('\'', "'\\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::args::{Cli, Command, ConformanceCommand};
    use clap::Parser;

    #[test]
    fn a_section_takes_in_what_lies_in_it() {
        for (section, of, expected) in [
            ("3.3.5.2", "3.3.5", true),
            ("3.3.5", "3.3.5", true),
            ("3.3.5.2", "3.3.5.", true),
            ("3.3.50", "3.3.5", false),
            ("3.3", "3.3.5", false),
        ] {
            assert_eq!(lies_in(section, of), expected, "{section} in {of}");
        }
    }

    #[test]
    fn the_way_to_the_target_is_told_so_that_it_can_be_gone_again() {
        let line = "vpn.example --user DOM\\a --password-file pw --auth pap --eap-tls-version 1.2 --server-name other.example --ca rig/root.pem -4";
        let words = ["sstp-diag", "conformance", "server"].into_iter().chain(line.split(' '));
        let cli = Cli::try_parse_from(words).unwrap_or_else(|error| panic!("{error}"));
        let Command::Conformance(args) = cli.command else { panic!("another command") };
        let ConformanceCommand::Server(args) = args.what else { panic!("another suite") };
        let expected = "vpn.example:443 --user 'DOM\\a' --password-file pw --auth pap --eap-tls-version 1.2 --server-name other.example --ca rig/root.pem -4";
        assert_eq!(way_there(&args, "vpn.example:443"), expected);
        assert_eq!(for_a_shell("it's"), "'it'\\''s'");
    }
}
