//! A target that goes away while cases run: for good, or for a moment. Never is that a verdict.

use crate::conformance::{lab_with, run_through, sample};
use sstp_diag::jobs::conformance::again::Retries;
use sstp_diag::jobs::conformance::{Case, Grade};
use std::collections::HashSet;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
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
    for away in [40, 300] {
        let lab = lab_with(&[]).await;
        let at = lab.dial().resolve.first().map(|row| SocketAddr::new(row.1[0], lab.dial().port)).expect("an address");
        let cases: Vec<Case> = sample(20).into_iter().filter(watches).collect();
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

/// The program's own lab at that port.
fn lab_at(port: u16) -> Child {
    let mut lab = Command::new(env!("CARGO_BIN_EXE_sstp-diag"))
        .args(["lab", "--listen", &format!("127.0.0.1:{port}")])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("it runs");
    let mut line = String::new();
    BufReader::new(lab.stdout.take().expect("piped")).read_line(&mut line).expect("it speaks");
    assert!(line.starts_with("Listening"), "{line}");
    lab
}

/// kill -9 is what a supervisor, or whoever is out of memory, does; the kernel then ends all connections at once.
#[test]
fn a_lab_that_is_killed_and_back_at_once_leaves_no_verdict_of_that_moment() {
    let folder = std::env::temp_dir().join(format!("sstp-diag-outage-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a temporary folder");
    let password = folder.join("password");
    std::fs::write(&password, "Passw0rd!").expect("written");
    std::thread::scope(|scope| {
        for away in [60, 150, 250] {
            let password = &password;
            scope.spawn(move || killed_and_back(password, away));
        }
    });
    let _ = std::fs::remove_dir_all(&folder);
}

/// A run against a lab that is killed 1.5 s after its begin, and is there again so many milliseconds later.
fn killed_and_back(password: &Path, away: u64) {
    let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = free.local_addr().expect("bound").port();
    drop(free);
    let mut lab = lab_at(port);
    let run = Command::new(env!("CARGO_BIN_EXE_sstp-diag"))
        .args(["conformance", "server", &format!("127.0.0.1:{port}"), "--user", "alice", "--password-file"])
        .arg(password)
        .args(["--quick", "--layer", "lcp", "--layer", "teardown", "--layer", "auth", "-o", "json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("it runs");
    std::thread::sleep(Duration::from_millis(1500));
    lab.kill().expect("it ran");
    let _ = lab.wait();
    std::thread::sleep(Duration::from_millis(away));
    let mut again = lab_at(port);
    let report = run.wait_with_output().expect("it ends").stdout;
    let _ = again.kill();
    let _ = again.wait();
    let report: serde_json::Value = serde_json::from_slice(&report).expect("JSON");
    let count = report["cases"].as_array().map_or(0, Vec::len);
    let passed = |row: &&serde_json::Value| !["pass", "unsupported"].contains(&row["verdict"].as_str().unwrap_or_default());
    let wrong: Vec<String> = report["cases"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(passed)
        .map(|row| format!("{} {} {}", row["verdict"], row["id"], row["actual"]))
        .collect();
    assert!(wrong.is_empty() && count > 300, "{away} ms: {count} cases, {wrong:#?}");
    assert!(report["dropped"].as_array().is_some_and(|ids| !ids.is_empty()), "{away} ms: it was not noticed");
    assert_eq!((report["outcome"].as_str(), report["failed"].as_bool()), (Some("complete"), Some(false)), "{away} ms");
}
