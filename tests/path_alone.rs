//! `path` without a look from elsewhere: what can only be the server's is the server's, and a slow line is nobody's doing.

use crate::lab::block_on;
use crate::path::{all_by, investigated_with, listing};
use sstp_diag::diag::path::{self, Culprit, Level};
use sstp_diag::jobs::middlebox::Chosen;
use sstp_diag::transcript::trial::Trail;

/// Nothing is known from elsewhere; there is a control server.
async fn alone(chosen: Chosen, seed: u64) -> Trail {
    investigated_with(chosen, seed, |config| config.reference = None).await
}

/// The box, what it has to be called, how surely at least, and whose it is.
const ALONE: &[(&str, &str, Level, Culprit)] = &[
    ("reset-at-once", "TCP-ENDED-UNASKED", Level::Probable, Culprit::Server),
    ("close-at-once", "TCP-ENDED-UNASKED", Level::Probable, Culprit::Server),
    ("rate-reset", "PATH-CONNECTION-RATE", Level::Probable, Culprit::Server),
    ("front-closes-name", "TLS-SNI-FILTER", Level::Probable, Culprit::Server),
    ("front-closes", "TLS-DPI-BLOCK", Level::Suspected, Culprit::Server),
    ("front-alerts", "TLS-ALERTED", Level::Probable, Culprit::Server),
    ("at-once=2", "PATH-CONNECTION-LIMIT", Level::Probable, Culprit::Server),
    ("at-once=3", "PATH-CONNECTION-LIMIT", Level::Probable, Culprit::Server),
    ("at-once=4", "PATH-CONNECTION-LIMIT", Level::Probable, Culprit::Server),
    ("at-once=5", "PATH-CONNECTION-LIMIT", Level::Probable, Culprit::Server),
    ("at-once=6", "PATH-CONNECTION-LIMIT", Level::Probable, Culprit::Server),
    ("at-once=7", "PATH-CONNECTION-LIMIT", Level::Probable, Culprit::Server),
    ("at-once=8", "PATH-CONNECTION-LIMIT", Level::Probable, Culprit::Server),
    ("at-once", "PATH-CONNECTION-LIMIT", Level::Probable, Culprit::Server),
    ("at-once=10", "PATH-CONNECTION-LIMIT", Level::Probable, Culprit::Server),
    ("every-other=3", "PATH-ERRATIC", Level::Suspected, Culprit::Way),
    ("proxy-quota", "PATH-REQUEST-LIMIT", Level::Confirmed, Culprit::Proxy),
    ("front-quota", "PATH-REQUEST-LIMIT", Level::Confirmed, Culprit::Server),
    ("sni-reset", "TLS-SNI-FILTER", Level::Confirmed, Culprit::Way),
    ("byte-cap-close", "DATA-BYTE-CAP", Level::Probable, Culprit::Way),
    ("shape=20000", "DATA-RATE-LIMITED", Level::Probable, Culprit::Way),
    ("shape=30000", "DATA-RATE-LIMITED", Level::Probable, Culprit::Way),
    ("shape=50000", "DATA-RATE-LIMITED", Level::Probable, Culprit::Way),
    ("throttle-tunnels", "DATA-THROTTLED", Level::Probable, Culprit::Way),
    ("throttle-tunnels=25000", "DATA-THROTTLED", Level::Probable, Culprit::Way),
    ("throttle-tunnels=40000", "DATA-THROTTLED", Level::Probable, Culprit::Way),
    ("throttle-sstp=30000", "DATA-THROTTLED", Level::Probable, Culprit::Way),
];

#[test]
fn what_a_front_of_the_server_does_is_the_servers_and_what_a_slow_line_does_is_nobodys() {
    let chosen = |row: &(&str, &str, Level, Culprit)| (Chosen::parse(row.0).expect("a box"), 11);
    let runs = block_on(all_by(ALONE.iter().map(chosen).collect(), alone));
    let mut wrong = Vec::new();
    for ((id, cause, level, culprit), (_, trail)) in ALONE.iter().zip(&runs) {
        let verdict = path::judge(trail);
        let said = verdict.cause().map(|found| (found.row.id, found.hit.level >= *level, verdict.culprit()));
        if said != Some((*cause, true, *culprit)) {
            wrong.push(format!("{id}: {said:?}\n{}", listing(&verdict, trail)));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), runs.len(), wrong.join("\n"));
}
