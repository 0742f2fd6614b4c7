//! Chains of every kind, each served behind the lab: the check that a row names finds it, and no other failing finding
//! stands beside it.

mod pairs;
mod recipe;
mod rows;

use recipe::Recipe;
use sstp_diag::base::{Layer, Secret};
use sstp_diag::diag::{self, Finding, Judgement, Severity, judge};
use sstp_diag::jobs::lab::{Lab, LabConfig, OwnChain, pki};
use sstp_diag::jobs::probe::{self, ProbeConfig};
use sstp_diag::live::clock::Clock;
use sstp_diag::live::dns::Override;
use sstp_diag::live::trust::{Store, Trust};
use sstp_diag::transcript::{Facts, Target};
use std::collections::BTreeSet;
use std::sync::Arc;

/// One chain.
pub struct Row {
    /// What it is.
    pub name: &'static str,
    /// How it comes about.
    pub make: Make,
    /// The check that must find it; empty: nothing above a note is found.
    pub finds: &'static str,
}

/// How a chain comes about.
pub enum Make {
    /// By a change of a good one.
    Of(fn(&mut Recipe)),
    /// From files: certificates as sent, key, root.
    Files(&'static [&'static [u8]], &'static [u8], &'static [u8]),
}

impl Make {
    /// The chain and the name that is dialled.
    fn chain(&self) -> (OwnChain, &'static str) {
        match self {
            Make::Of(change) => {
                let mut recipe = Recipe::new();
                change(&mut recipe);
                let dialled = recipe.dialled;
                (recipe.chain(), dialled)
            }
            Make::Files(certs, key, root) => {
                let certs = certs.iter().map(|der| der.to_vec()).collect();
                (OwnChain { certs, key: Secret::new(key.to_vec()), root: Some(root.to_vec()), pages: Vec::new() }, recipe::HOST)
            }
        }
    }
}

async fn judged((own, dialled): (OwnChain, &'static str)) -> Judgement {
    let lab = Lab::start(LabConfig { own: Some(own), ..LabConfig::default() }).await.expect("the lab starts");
    let dial = lab.dial().clone();
    let server_name = (dialled != pki::NAME).then(|| dialled.to_string());
    let mut config = ProbeConfig::new(Target { host: dial.host.clone(), port: dial.port, server_name, ..Target::default() });
    config.trust = Arc::new(Trust::of(Store::Mozilla, "lab", &dial.ca_der));
    let over = dial.resolve.iter().map(|(host, addresses)| Override { host: host.clone(), addresses: addresses.clone() });
    config.resolver.overrides = over.collect();
    config.asked.until = Layer::Cert;
    let (_stop, stopped) = tokio::sync::watch::channel(false);
    let transcript = probe::run(&config, &Clock::start(), &mut Vec::new(), stopped).await;
    lab.stop().await;
    judge(&Facts::of(&transcript), diag::all())
}

/// What is wrong with the judgement of a row.
fn wrong(row: &Row, judgement: &Judgement) -> Option<String> {
    let failing = |finding: &&Finding| finding.severity == Severity::Fail && finding.because_of.is_none();
    let failing: Vec<&str> = judgement.findings.iter().filter(failing).map(|finding| finding.check.id).collect();
    let loud = judgement.findings.iter().any(|finding| finding.severity > Severity::Note);
    let found = judgement.findings.iter().any(|finding| finding.check.id == row.finds);
    let right = match diag::by_id(row.finds).map(|check| check.severity) {
        Some(Severity::Fail) => failing == [row.finds] && judgement.cause().is_some_and(|cause| cause.check.id == row.finds),
        Some(_) => found && failing.is_empty(),
        None => row.finds.is_empty() && !loud,
    };
    let listing: Vec<String> = judgement
        .findings
        .iter()
        .map(|finding| format!("      {} {}: {}", finding.severity.name(), finding.check.id, finding.evidence.says))
        .collect();
    (!right).then(|| format!("{}: expected {:?}\n{}", row.name, row.finds, listing.join("\n")))
}

#[test]
fn every_chain_is_found_by_the_right_check_and_by_no_second_failing_one() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let all = async {
        let mut running = tokio::task::JoinSet::new();
        let mut wrongs = Vec::new();
        for row in rows::ROWS {
            while running.len() >= AT_ONCE {
                wrongs.extend(running.join_next().await.and_then(|joined| joined.expect("no run panics")));
            }
            running.spawn_local(async move { wrong(row, &judged(row.make.chain()).await) });
        }
        while let Some(joined) = running.join_next().await {
            wrongs.extend(joined.expect("no run panics"));
        }
        wrongs
    };
    let wrongs = tokio::task::LocalSet::new().block_on(&runtime, all);
    runtime.shutdown_background();
    assert!(wrongs.is_empty(), "{} of {} chains:\n{}", wrongs.len(), rows::ROWS.len(), wrongs.join("\n"));
}

#[test]
fn of_several_faults_the_one_that_windows_names_stands_first() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let of = |pair: &'static pairs::Pair| async move {
        let judgement = judged(Make::Of(pair.make).chain()).await;
        let failing = judgement.findings.iter().filter(|finding| finding.severity == Severity::Fail);
        let failing: Vec<&str> = failing.map(|finding| finding.check.id).collect();
        let cause = judgement.cause().map(|cause| cause.check.id);
        (failing != pair.finds || cause != pair.finds.first().copied()).then(|| format!("{}: {failing:?}", pair.name))
    };
    let all = async { futures_of(pairs::PAIRS.iter().map(of)).await };
    let wrongs: Vec<String> = tokio::task::LocalSet::new().block_on(&runtime, all).into_iter().flatten().collect();
    runtime.shutdown_background();
    assert!(wrongs.is_empty(), "{} of {} chains:\n{}", wrongs.len(), pairs::PAIRS.len(), wrongs.join("\n"));
}

/// One after the other: they are few.
async fn futures_of<T>(all: impl Iterator<Item = impl Future<Output = T>>) -> Vec<T> {
    let mut done = Vec::new();
    for one in all {
        done.push(one.await);
    }
    done
}

#[test]
fn the_rows_are_many_and_each_is_named_once() {
    let names: BTreeSet<&str> = rows::ROWS.iter().map(|row| row.name).collect();
    assert_eq!(names.len(), rows::ROWS.len());
    assert!(names.len() >= 60, "{}", names.len());
    assert!(rows::ROWS.iter().filter(|row| row.finds.is_empty()).count() >= 15, "sound chains too");
    assert!(rows::ROWS.iter().all(|row| row.finds.is_empty() || diag::by_id(row.finds).is_some()));
}

/// Labs at a time.
const AT_ONCE: usize = 16;
