//! A target that goes away while cases run: for good, or for a moment. Never is that a verdict.

use crate::conformance::{lab_with, run_through, sample};
use sstp_diag::jobs::conformance::{Case, Grade};
use sstp_diag::jobs::conformance::again::Retries;
use std::collections::HashSet;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// The way to a sound lab, which cuts all its connections at the `fall`th, and listens again so much later, or never.
async fn that_falls(lab: SocketAddr, fall: usize, back: Option<Duration>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    tokio::spawn(async move {
        let (cut, _) = watch::channel(false);
        let mut listener = Some(listener);
        for count in 1.. {
            let Some(open) = &listener else { return };
            let Ok((mut near, _)) = open.accept().await else { return };
            if count == fall {
                listener = None;
                let _ = cut.send(true);
                drop(near);
                if let Some(away) = back {
                    tokio::time::sleep(away).await;
                    listener = TcpListener::bind(address).await.ok();
                }
                continue;
            }
            let mut fell = cut.subscribe();
            fell.mark_unchanged();
            tokio::spawn(async move {
                let mut far = TcpStream::connect(lab).await.expect("the lab listens");
                tokio::select! {
                    _ = tokio::io::copy_bidirectional(&mut near, &mut far) => {}
                    _ = fell.changed() => {}
                }
            });
        }
    });
    address
}

#[tokio::test]
async fn a_target_that_goes_down_leaves_what_was_proven_and_names_what_was_under_way() {
    let lab = lab_with(&[]).await;
    let at = lab.dial().resolve.first().map(|row| SocketAddr::new(row.1[0], lab.dial().port)).expect("an address");
    let cases = sample(9);
    let count = cases.len();
    let outcome = run_through(&lab, that_falls(at, 60, None).await, cases, Retries::default()).await;
    let gone = outcome.gone.expect("down");
    assert!(!outcome.done.is_empty() && outcome.done.len() < count, "{} of {count}", outcome.done.len());
    assert!(outcome.done.iter().all(|done| done.verdict.grade == Grade::Pass), "what stands was judged while it lived");
    assert_eq!(gone.under_way.first(), Some(&gone.after), "{gone:?}");
    let void: HashSet<&str> = gone.under_way.iter().map(String::as_str).collect();
    assert!(void.len() > 3 && outcome.done.iter().all(|done| !void.contains(done.case.id.as_ref())), "{gone:?}");
}

#[tokio::test]
async fn what_was_under_way_when_the_target_went_away_for_a_moment_is_run_again() {
    let lab = lab_with(&[]).await;
    let at = lab.dial().resolve.first().map(|row| SocketAddr::new(row.1[0], lab.dial().port)).expect("an address");
    let cases = sample(9);
    let count = cases.len();
    let outcome = run_through(&lab, that_falls(at, 60, Some(Duration::from_millis(700))).await, cases, Retries::default()).await;
    assert_eq!(outcome.gone, None);
    let shaken = outcome.shaken.expect("it was away");
    assert!(!shaken.under_way.is_empty());
    let wrong: Vec<_> =
        outcome.done.iter().filter(|done| done.verdict.grade != Grade::Pass).map(|done| (&done.case.id, &done.verdict)).collect();
    assert!(wrong.is_empty() && outcome.done.len() == count, "{} of {count}: {wrong:?}", outcome.done.len());
}

/// A supervisor is quicker than any look whether the target lives: what is seen is that all connections end at once.
#[tokio::test]
async fn an_outage_that_is_over_before_anybody_looks_leaves_no_verdict_either() {
    let watches = |case: &Case| case.base.within >= Duration::from_secs(5);
    for away in [30, 100, 300, 500] {
        let lab = lab_with(&[]).await;
        let at = lab.dial().resolve.first().map(|row| SocketAddr::new(row.1[0], lab.dial().port)).expect("an address");
        let cases: Vec<Case> = sample(7).into_iter().filter(watches).collect();
        let count = cases.len();
        let gap = Duration::from_millis(away);
        let outcome = run_through(&lab, that_falls(at, 45, Some(gap)).await, cases, Retries::default()).await;
        assert_eq!(outcome.gone, None, "{away} ms");
        assert!(outcome.shaken.is_some_and(|shaken| !shaken.under_way.is_empty()), "{away} ms: it was not noticed");
        let wrong: Vec<_> =
            outcome.done.iter().filter(|done| done.verdict.grade != Grade::Pass).map(|done| (&done.case.id, &done.verdict)).collect();
        assert!(wrong.is_empty() && outcome.done.len() == count, "{away} ms: {} of {count}: {wrong:?}", outcome.done.len());
    }
}
