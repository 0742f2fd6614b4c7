//! What both ends saw above TLS, beside the bytes: when the halves of a body came, and whether the request of SSTP came at all.

use super::{Comparison, Way};
use crate::transcript::witness::{Ours, Record, Request};
use crate::wire::http::{METHOD, PATH};

/// Fills in what the requests tell.
pub(super) fn look(comparison: &mut Comparison, ours: &Ours, theirs: &Record) {
    comparison.held = held(&ours.requests);
    let asked: Vec<&str> = theirs.wires.iter().filter_map(|wire| wire.asked.as_deref()).collect();
    let call = asked.iter().find(|line| line.starts_with(METHOD));
    match call {
        Some(line) if line.split(' ').nth(1) != Some(PATH) => {
            comparison.rewritten.push(("the SSTP call".into(), format!("the path {PATH} arrived in {line:?}")));
        }
        Some(_) => {}
        None => {
            comparison.swallowed = swallowed(ours, theirs);
            // That says more than that its connection is not known there.
            if let (Some(_), Some(run)) = (&comparison.swallowed, run(ours)) {
                comparison.not_arrived.retain(|row| row.0 != run);
            }
        }
    }
}

/// Every request in halves came in one go.
fn held(requests: &[Request]) -> Vec<(Way, String)> {
    let halves: Vec<_> = requests.iter().filter_map(|request| Some((request, request.halves?))).collect();
    let mut all = Vec::new();
    for way in [Way::Up, Way::Down] {
        let times: Vec<Option<u64>> = halves
            .iter()
            .map(|(request, halves)| match way {
                Way::Up => request.heard.as_ref().map(|heard| heard.body_us),
                Way::Down => halves.answer_us,
            })
            .collect();
        let pause = halves.iter().map(|(_, halves)| halves.pause_us).min().unwrap_or(0);
        // Where no answer came at all nothing is known of either.
        let known: Vec<u64> = times.iter().flatten().copied().collect();
        if !known.is_empty() && known.len() == times.len() && known.iter().all(|time| time * SHRUNK < pause) {
            let longest = known.iter().max().copied().unwrap_or(0);
            let says = format!(
                "{} bodies were said in two halves, {} ms apart, and arrived {} ms apart at most",
                known.len(),
                pause / 1000,
                longest / 1000
            );
            all.push((way, says));
        }
    }
    all
}

fn run(ours: &Ours) -> Option<&str> {
    ours.requests.first()?.mark.rsplit_once('-').map(|parts| parts.0)
}

/// The call was made and answered here, and the server was not asked. What the witness can tell by: it knows other requests of the run.
fn swallowed(ours: &Ours, theirs: &Record) -> Option<String> {
    let run = run(ours)?;
    let call = ours.wires.iter().find(|wire| wire.mark.as_deref() == Some(run))?;
    let knows = theirs.wires.iter().any(|wire| wire.asked.is_some());
    let data = call.down.records.iter().filter(|record| record.0 == APPLICATION_DATA).count();
    (knows && call.failed.is_none()).then(|| match data {
        0 => format!("{METHOD} was sent, nothing came back, and the server was not asked"),
        _ => format!("{METHOD} was answered within {data} TLS records, and the server was not asked"),
    })
}

/// Ours: halves that came so many times closer to each other than they were said came in one go.
const SHRUNK: u64 = 4;
/// RFC 8446 5.1.
const APPLICATION_DATA: u8 = 23;
