//! What a person is told to run finds what it is recommended for, and the first line names the layer at which a Windows client fails.

use crate::lab::{block_on, each, judged, judged_up_to, soon, up_to};
use sstp_diag::base::Layer;
use sstp_diag::diag::cause::Cause;
use sstp_diag::diag::explain::of_cause;
use sstp_diag::diag::{Judgement, by_id};
use sstp_diag::jobs::lab::{Fault, clash, fault};
use sstp_diag::report::{Report, sentence};
use sstp_diag::transcript::{Facts, Transcript};

/// How far a command line climbs, and whether it logs in; every word of it is understood here.
fn read(line: &str) -> (Layer, bool) {
    let mut words = line.strip_prefix("sstp-diag probe HOST").expect("a probe").split_whitespace();
    let (mut until, mut login) = (Layer::Teardown, false);
    while let Some(word) = words.next() {
        match word {
            "-v" => {}
            "--user" => login = words.next() == Some("USER"),
            "--until" => until = words.next().and_then(Layer::from_name).expect("a layer"),
            // The lab brings its proxy along.
            "--proxy" => assert_eq!(words.next(), Some("http://PROXY:3128"), "{line}"),
            other => panic!("{line}: {other} is not played here"),
        }
    }
    (until, login)
}

/// The command line that is said to run the check which finds the fault.
fn recommended(fault: &Fault) -> Option<(Layer, bool)> {
    let lines = of_cause(Cause::Check(by_id(fault.found_by)?));
    lines.iter().find(|how| how.tells == "runs this check").map(|how| read(how.line))
}

fn is_found(fault: &Fault, judgement: &Judgement) -> bool {
    judgement.findings.iter().any(|finding| finding.check.id == fault.found_by)
}

#[test]
fn every_command_that_runs_a_check_finds_its_faults_above_tls() {
    let rows = fault::all().filter_map(|fault| Some((fault, recommended(fault)?)));
    let judged = rows.filter_map(|(fault, (until, login))| Some((fault, until, login, judged_up_to(until, fault, login)?)));
    let judged: Vec<_> = judged.collect();
    let wrong: Vec<String> = judged
        .iter()
        .filter(|(fault, _, _, judgement)| !is_found(fault, judgement))
        .map(|(fault, until, login, _)| format!("{}: not found with {} by --until {until}, login {login}", fault.found_by, fault.id))
        .collect();
    assert!(judged.len() >= 60, "{} faults", judged.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_command_that_runs_a_check_finds_its_faults_on_lower_layers() {
    let of = |fault: &&Fault| fault.layer < Layer::Sstp && recommended(fault).is_some();
    let runs = block_on(each(soon().filter(of).collect(), async |fault: &Fault| {
        let (until, login) = recommended(fault).expect("it was chosen for it");
        up_to(until, vec![fault.id.to_string()], login).await
    }));
    let wrong = runs.iter().filter(|(fault, transcript)| !is_found(fault, &self::judged(transcript)));
    let wrong: Vec<String> = wrong.map(|(fault, _)| format!("{}: not found with {}", fault.found_by, fault.id)).collect();
    assert!(runs.len() >= 80, "{} faults", runs.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn report(transcript: &Transcript) -> Report {
    Report::new(transcript.clone(), Facts::of(transcript), judged(transcript))
}

/// A probe gets past what stops Windows there, and is then stopped by something else.
#[test]
fn the_first_line_names_the_layer_at_which_windows_fails_and_not_where_the_probe_stopped() {
    const SECOND: &str = "auth.wrong-password";
    let free = |fault: &&Fault| fault.layer < Layer::Auth && clash::find(&[fault.id.to_string(), SECOND.to_string()]).is_none();
    let alone =
        block_on(each(soon().filter(free).collect(), async |fault: &Fault| up_to(Layer::Teardown, vec![fault.id.to_string()], true).await));
    let passed = alone.iter().filter_map(|(fault, transcript)| {
        let report = report(transcript);
        let cause = report.judgement.cause().filter(|_| report.facts.stop.is_none())?;
        Some((*fault, (cause.check.id, cause.check.layer)))
    });
    let passed: std::collections::HashMap<&str, _> = passed.map(|(fault, cause)| (fault.id, cause)).collect();
    let again = soon().filter(|fault| passed.contains_key(fault.id)).collect();
    let both =
        block_on(each(again, async |fault: &Fault| up_to(Layer::Teardown, vec![fault.id.to_string(), SECOND.to_string()], true).await));
    let mut wrong = Vec::new();
    for (fault, transcript) in &both {
        let (id, layer) = passed[fault.id];
        let report = report(transcript);
        assert!(report.facts.stop.is_some(), "{}: nothing stopped it", fault.id);
        let (says, begins) = (sentence::verdict(&report), format!("A Windows client fails at {}: ", sentence::stage(layer)));
        if !says.starts_with(&begins) || !says.contains(&format!("({id})")) {
            wrong.push(format!("{}: {says}", fault.id));
        }
    }
    assert!(passed.contains_key("tls.ed25519-key") && passed.len() >= 25, "{:?}", passed.keys());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn whatever_stops_the_probe_windows_fails_below_it() {
    for second in ["http.no-response", "auth.wrong-password", "ncp.no-address", "data.aborted"] {
        let says = |first: &str| sentence::verdict(&report(&block_on(up_to(Layer::Teardown, vec![first.into(), second.into()], true))));
        let tls = says("tls.ed25519-key");
        assert!(tls.starts_with("A Windows client fails at the TLS handshake: ") && tls.contains("(TLS-CERT-KEY-TYPE)"), "{second}: {tls}");
        let cert = says("cert.expired");
        assert!(cert.starts_with("A Windows client fails at the certificate: ") && cert.contains("(CERT-EXPIRED)"), "{second}: {cert}");
    }
}
