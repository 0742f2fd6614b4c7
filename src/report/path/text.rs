//! The report as text.

use super::{PathReport, word};
use crate::diag::path::{Culprit, Found, Level};
use crate::report::text::{cut, hanging, harmless, rfc3339_ms};
use crate::transcript::trial::{Arm, Trial};
use std::fmt::Write;

/// The whole report; `verbose`: every trial too.
pub fn render(report: &PathReport, width: usize, verbose: bool) -> String {
    let head = &report.trail.head;
    let mut page = String::new();
    let behind = head.middlebox.as_ref().map_or(String::new(), |kind| format!(" behind {kind}"));
    let _ = writeln!(page, "{}{behind}  {}", harmless(&head.target.authority()), rfc3339_ms(head.began_unix_ms));
    let trials = report.trail.trials.len();
    let _ = writeln!(
        page,
        "{trials} trials in {:.1} s{}\n",
        report.trail.took.duration().as_secs_f64(),
        match (report.trail.interrupted, report.trail.time_up) {
            (_, true) => ", and the time was over",
            (true, false) => ", interrupted",
            (false, false) => "",
        }
    );
    if let Some(proxy) = &head.proxy {
        labelled(&mut page, "through", &harmless(&format!("the proxy {proxy}")), width, 16);
    }
    for (from, says) in &head.scripts {
        labelled(&mut page, "proxy script", &harmless(&format!("{from}: {says}")), width, 16);
    }
    experiments(&mut page, report, width);
    if verbose {
        page.push('\n');
        report.trail.trials.iter().for_each(|trial| page += &format!("  {}\n", line(trial, width.saturating_sub(2))));
    }
    verdict(&mut page, report, width);
    witness(&mut page, report, width);
    page
}

/// What both ends saw, or why the witness told nothing.
fn witness(page: &mut String, report: &PathReport, width: usize) {
    let Some(sides) = &report.trail.witness else { return };
    let _ = writeln!(page, "\nThe witness");
    if let Err(why) = &sides.theirs {
        let _ = writeln!(page, "{}", hanging(&format!("  told nothing: {}; --witness-at asks it by another way", harmless(why)), width, 4));
    }
    if let Some(comparison) = &report.verdict.witness {
        let mut lines = Vec::new();
        // Memory takes everything.
        let _ = crate::report::witness::render(comparison, width.saturating_sub(2), &mut lines);
        String::from_utf8_lossy(&lines).lines().for_each(|line| *page += &format!("  {line}\n"));
    }
}

fn experiments(page: &mut String, report: &PathReport, width: usize) {
    for tried in &report.tried {
        let mut groups: Vec<(String, Vec<&str>)> = Vec::new();
        for arm in std::iter::once(tried.control).chain(tried.treatments.iter().copied()) {
            let Some(outcome) = report.outcome(arm) else { continue };
            match groups.iter_mut().find(|row| row.0 == outcome) {
                Some(row) => row.1.push(arm.id()),
                None => groups.push((outcome, vec![arm.id()])),
            }
        }
        if groups.iter().map(|row| row.1.len()).sum::<usize>() < 2 {
            continue;
        }
        let parts: Vec<String> = groups.iter().map(|(outcome, arms)| format!("{}: {outcome}", arms.join(", "))).collect();
        labelled(page, tried.id, &parts.join("; "), width, 16);
    }
}

fn verdict(page: &mut String, report: &PathReport, width: usize) {
    let (verdict, head) = (&report.verdict, &report.trail.head);
    page.push('\n');
    let mut row = |name: &str, text: &str| {
        if !text.is_empty() {
            labelled(page, name, &harmless(text), width, 13);
        }
    };
    match verdict.findings.first().filter(|_| verdict.undecided.is_none()) {
        None => {
            row("Verdict", "nothing can be said");
            row("because", verdict.undecided.as_deref().unwrap_or("nothing was tried"));
        }
        Some(found) => {
            row("Verdict", &format!("{} ({})", found.row.title, found.row.id));
            row("culprit", verdict.culprit().name());
            row("where", &verdict.place.map_or(String::new(), |place| format!("at {place}")));
            row("layer", found.layer().name());
            let blind = verdict.place.is_none() && verdict.culprit() == Culprit::Way;
            row("unseen", head.no_raw.as_deref().filter(|_| blind && verdict.has_cause).unwrap_or_default());
            row("mechanism", found.mechanism());
            row("confidence", found.hit.level.name());
            row("because", &found.hit.says);
            row("or else", found.hit.or_else.unwrap_or_default());
            row("to be surer", if found.hit.level < Level::Confirmed { found.raise() } else { "" });
            row("to do", found.fix());
        }
    }
    let more: Vec<&Found> = verdict.findings.iter().skip(usize::from(verdict.undecided.is_none())).collect();
    if !more.is_empty() {
        let _ = writeln!(page, "\nBeside it");
    }
    for found in more {
        let because = found.because_of.map_or(String::new(), |id| format!("; follows from {id}"));
        let says =
            format!("  {} {} ({}): {}{because}", found.severity().name(), found.row.id, found.hit.level.name(), harmless(&found.hit.says));
        let _ = writeln!(page, "{}", hanging(&says, width, 4));
    }
}

/// A label, and text beside it in a column of its own.
fn labelled(page: &mut String, label: &str, text: &str, width: usize, column: usize) {
    for (place, line) in hanging(text, width.saturating_sub(column), 0).lines().enumerate() {
        let _ = writeln!(page, "{:column$}{line}", if place == 0 { label } else { "" });
    }
}

/// One trial on a line.
pub fn line(trial: &Trial, width: usize) -> String {
    let value = trial.saw.value.map_or(String::new(), |value| format!(" {value}"));
    let arm = format!("{}{value}", trial.arm.id());
    let sends = if trial.arm == Arm::DnsResolver { trial.saw.resolver.clone().unwrap_or_default() } else { trial.arm.sends().to_string() };
    cut(&format!("{:7.3} s  {arm:22} {:12} {}", trial.at.duration().as_secs_f64(), word(trial), harmless(&sends)), width)
}
