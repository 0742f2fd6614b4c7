//! Clients as targets in memory, what a run over sockets waits for, and inputs that `--self` keeps.

use sstp_diag::base::Side;
use sstp_diag::jobs::conformance::client::mutants::{MUTANTS, Mutant};
use sstp_diag::jobs::mutate::guests::{Memory, script};
use sstp_diag::jobs::mutate::{Arena, Finding, Hunt, Patience, arena, inward, rows, spot, variant};
use sstp_diag::proto::plan::Method;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Waker};
use std::time::Duration;

/// In memory everything is ready at once.
fn ready<T>(work: impl Future<Output = T>) {
    let mut work = std::pin::pin!(work);
    let _ = work.as_mut().poll(&mut Context::from_waker(Waker::noop()));
}

fn hunt(mutant: Option<&'static Mutant>, step: usize, enough: bool) -> Hunt {
    let script = script().expect("an honest call");
    let variants = variant::all(&script, Side::Server, 1);
    let memory = Memory::new(mutant, 1);
    let hunt = Hunt::new(2, Duration::from_millis(700));
    ready(hunt.learn(&memory));
    // Of every state so many, and five at least: some have few.
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for variant in &variants {
        let nth = seen.entry(variant.place).or_default();
        *nth += 1;
        if !variant.slow && *nth > 5 && !nth.is_multiple_of(step) {
            continue;
        }
        ready(hunt.examine(&memory, variant));
        if enough && hunt.found() > 0 {
            break;
        }
    }
    hunt
}

fn told(hunt: &Hunt) -> Vec<String> {
    let one = |finding: &Finding| {
        let line: String = finding.line().chars().take(110).collect();
        let (id, kind, says) = (&finding.id, finding.fault.kind.name(), &finding.fault.says);
        format!("{id} {kind}: {says}, {} also; {} | {line}", finding.also, finding.reaction)
    };
    hunt.findings().iter().map(one).collect()
}

#[test]
fn an_honest_client_gives_no_finding() {
    // A quarter of them, and all that wait for timers, in a test of every day.
    let hunt = hunt(None, if std::env::var_os("MUTATE_ALL").is_some() { 1 } else { 4 }, false);
    println!("{:?}", hunt.counts());
    assert_eq!(told(&hunt), Vec::<String>::new());
    let counts = hunt.counts();
    // It logs in without TLS inside EAP.
    let mut places = spot::PLACES.iter().filter(|place| **place != "in-login");
    assert!(places.all(|place| counts.places.get(place).is_some_and(|cases| *cases >= 5)), "{counts:?}");
    assert!(counts.unreached < counts.cases / 20 && counts.unconfirmed == 0, "{counts:?}");
}

/// What these do wrong an honest call does not show, so that only a spoilt one can.
const FOUND: &[&str] = &[
    "client.takes-missteps",
    "client.takes-malformed",
    "client.takes-everything",
    "client.takes-any-ack",
    "client.ignores",
    "client.keeps-open",
    "client.takes-any-status",
    "client.takes-any-proof",
    "client.answers-when-over",
    "client.retries-for-ever",
    "client.minds-reserved",
    "client.minds-reserved-silently",
    "client.minds-http",
    "client.minds-early-ppp",
    "client.aborts-on-ppp",
    "client.one-read",
    "client.one-packet",
    "client.binds-early",
    "client.minds-echoes",
];

#[test]
fn defects_of_a_client_are_found() {
    let (next, missed) = (AtomicUsize::new(0), std::sync::Mutex::new(Vec::new()));
    let work = || {
        while let Some(id) = FOUND.get(next.fetch_add(1, Ordering::Relaxed)) {
            let mutant = MUTANTS.iter().find(|mutant| mutant.id == *id).expect("a mutant");
            let hunt = hunt(Some(mutant), 1, true);
            match told(&hunt).first() {
                Some(says) => println!("{:30} {:5} {says}", mutant.id, hunt.counts().cases),
                None => missed.lock().expect("a list").push(mutant.id),
            }
        }
    };
    std::thread::scope(|scope| [0, 1].map(|_| scope.spawn(work)).map(|thread| thread.join().expect("a thread")));
    let missed = missed.into_inner().expect("a list");
    assert!(missed.is_empty(), "{missed:?}");
}

#[test]
fn every_row_makes_variants_for_a_server_or_for_a_client() {
    let (server, client) = (arena::lab_script().expect("a call"), script().expect("a call"));
    let tunnel = arena::login_script(Method::Peap).expect("a call");
    let of_plain = [variant::all(&server, Side::Client, 5), variant::all(&client, Side::Server, 5)].concat();
    let variants = [&of_plain[..], &variant::all(&tunnel, Side::Client, 5)].concat();
    for mutator in rows::all() {
        assert!(variants.iter().any(|variant| variant.mutator == mutator.id), "{} makes nothing of an honest call", mutator.id);
    }
    assert!(of_plain.len() > 5_000, "{}", of_plain.len());
}

/// What a run over sockets waits for, by the pretended clock: what must not come may cost little.
#[test]
fn variants_do_not_wait_for_long() {
    let script = arena::lab_script().expect("an honest call");
    let arena = Arena::new(&script, &[], 3).expect("the lab").patient(Patience::REAL);
    let variants = variant::all(&script, Side::Client, 3);
    let fast: Vec<_> = variants.iter().filter(|variant| !variant.slow).step_by(4).collect();
    let waits = fast.iter().map(|variant| {
        let ride = arena.ride(&variant.edits, (3, 11));
        ride.over.since(ride.began)
    });
    let all: Duration = waits.sum();
    assert!(all < Duration::from_millis(110) * fast.len() as u32, "{} variants wait {all:?}", fast.len());
}

fn seeds() -> Vec<Vec<u8>> {
    spot::spots(&script().expect("a call"), Side::Server).into_iter().map(|spot| spot.raw).collect()
}

/// Without a call: rows make what they make of the inputs.
fn inward(seeds: &[Vec<u8>], seed: u64, cases: u64) -> inward::Inward {
    inward::run(&inward::Task { seeds, drill: None, lane: (0, 1), seed, cases }, &|| false)
}

#[test]
fn what_shows_something_new_is_kept_and_leads_on_and_all_of_it_again() {
    let run = |cases| inward(&seeds(), 3, cases);
    let (short, long) = (run(2_000), run(20_000));
    assert!(!short.kept.is_empty() && long.kept.len() > short.kept.len() && long.features.len() > short.features.len());
    assert!(long.kept == run(20_000).kept && long.panics.is_empty() && long.sessions > 0);
    // As seeds they reach what a fresh run of that length does not.
    let guided = inward(&[seeds(), long.kept].concat(), 4, 10_000);
    let fresh = inward(&seeds(), 4, 10_000);
    assert!(guided.features.len() > fresh.features.len(), "{} {}", guided.features.len(), fresh.features.len());
}
