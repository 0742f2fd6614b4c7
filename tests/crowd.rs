//! Cases that only wait do so beside each other, and a server that has room for few is not asked for more.

use crate::conformance::{lab_with, run_through};
use sstp_diag::jobs::conformance::again::Retries;
use sstp_diag::jobs::conformance::known::Scale;
use sstp_diag::jobs::conformance::{Case, Grade, server};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::net::{TcpListener, TcpStream};

/// The way to a lab, with so many connections open at a time at most; further ones are closed at once.
struct Narrow {
    address: SocketAddr,
    most: Arc<AtomicUsize>,
    refused: Arc<AtomicUsize>,
}

async fn narrow(lab: SocketAddr, limit: usize) -> Narrow {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    let [open, most, refused] = [0; 3].map(|zero| Arc::new(AtomicUsize::new(zero)));
    let counters = (open, most.clone(), refused.clone());
    tokio::spawn(async move {
        let (open, most, refused) = counters;
        while let Ok((mut near, _)) = listener.accept().await {
            if open.load(Ordering::SeqCst) >= limit {
                refused.fetch_add(1, Ordering::SeqCst);
                continue;
            }
            let now = open.fetch_add(1, Ordering::SeqCst) + 1;
            most.fetch_max(now, Ordering::SeqCst);
            let open = open.clone();
            tokio::spawn(async move {
                if let Ok(mut far) = TcpStream::connect(lab).await {
                    let _ = tokio::io::copy_bidirectional(&mut near, &mut far).await;
                }
                open.fetch_sub(1, Ordering::SeqCst);
            });
        }
    });
    Narrow { address, most, refused }
}

/// Cases that wait to their end against a lab that ignores what is wrong.
fn waiting(count: usize) -> Vec<Case> {
    let waits =
        |case: &Case| case.proved_by == FAULT && case.level.binds() && !case.base.slow && case.base.lab.is_none() && !case.needs_account();
    let cases: Vec<Case> = server::all().into_iter().filter(waits).take(count).collect();
    assert_eq!(cases.len(), count);
    cases
}

const FAULT: &str = "sstp.mutant-ignores";

#[tokio::test]
async fn what_only_waits_takes_no_place_from_what_works() {
    let lab = lab_with(&[FAULT]).await;
    let at = lab.dial().resolve.first().map(|row| SocketAddr::new(row.1[0], lab.dial().port)).expect("an address");
    let way = narrow(at, usize::MAX).await;
    let (cases, began) = (waiting(120), Instant::now());
    let longest = cases.iter().map(|case| case.base.within).max().expect("cases");
    let outcome = run_through(&lab, way.address, cases, Retries::default()).await;
    assert!(outcome.done.iter().all(|done| done.verdict.grade == Grade::Fail) && outcome.done.len() == 120, "{:?}", outcome.gone);
    let most = way.most.load(Ordering::SeqCst);
    assert!(most > 64, "{most} waited at a time");
    assert!(began.elapsed() < longest + Duration::from_secs(10), "{:?} where the longest takes {longest:?}", began.elapsed());
}

#[tokio::test]
async fn a_server_with_room_for_few_is_no_server_that_is_down() {
    let lab = lab_with(&[FAULT]).await;
    let at = lab.dial().resolve.first().map(|row| SocketAddr::new(row.1[0], lab.dial().port)).expect("an address");
    let way = narrow(at, 24).await;
    let outcome = run_through(&lab, way.address, waiting(40), Retries::default()).await;
    let refused = way.refused.load(Ordering::SeqCst);
    assert!(outcome.gone.is_none() && outcome.shaken.is_none(), "{:?} {:?}, {refused} refused", outcome.gone, outcome.shaken);
    let wrong: Vec<_> =
        outcome.done.iter().filter(|done| done.verdict.grade != Grade::Fail).map(|done| (&done.case.id, &done.verdict)).collect();
    assert!(wrong.is_empty() && outcome.done.len() == 40, "{} of 40, {refused} refused: {wrong:?}", outcome.done.len());
    assert!(refused > 0, "the limit was met");
}

#[tokio::test]
async fn what_is_run_again_is_so_beside_others() {
    let lab = lab_with(&[FAULT]).await;
    let at = lab.dial().resolve.first().map(|row| SocketAddr::new(row.1[0], lab.dial().port)).expect("an address");
    let retries = Retries { times: 1, most: None, scale: Scale { today: "2026-01-01".into(), ..Scale::default() } };
    let (cases, began) = (waiting(12), Instant::now());
    let longest = cases.iter().map(|case| case.base.within).max().expect("cases");
    let outcome = run_through(&lab, at, cases, retries).await;
    assert!(outcome.done.len() == 12 && outcome.done.iter().all(|done| done.attempts.len() == 2), "{:?}", outcome.gone);
    assert!(began.elapsed() < longest * 2 + Duration::from_secs(15), "{:?}", began.elapsed());
}
