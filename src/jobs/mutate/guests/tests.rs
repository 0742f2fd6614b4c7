use super::*;
use crate::jobs::conformance::client::mutants::MUTANTS;
use crate::jobs::mutate::{Hunt, rows, spot, variant};
use std::task::{Context, Waker};

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
    for (_, variant) in variants.iter().enumerate().filter(|(nth, variant)| variant.slow || nth.is_multiple_of(step)) {
        ready(hunt.examine(&memory, variant));
        if enough && hunt.found() > 0 {
            break;
        }
    }
    hunt
}

fn told(hunt: &Hunt) -> Vec<String> {
    let one = |finding: &crate::jobs::mutate::Finding| {
        let line: String = finding.line().chars().take(110).collect();
        let (id, kind, says) = (&finding.id, finding.fault.kind.name(), &finding.fault.says);
        format!("{id} {kind}: {says}, {} also; {} | {line}", finding.also, finding.reaction)
    };
    hunt.findings().iter().map(one).collect()
}

#[test]
fn an_honest_client_gives_no_finding() {
    // A third of them in a test of every day.
    let hunt = hunt(None, if std::env::var_os("MUTATE_ALL").is_some() { 1 } else { 3 }, false);
    println!("{:?}", hunt.counts());
    assert_eq!(told(&hunt), Vec::<String>::new());
    let counts = hunt.counts();
    assert!(spot::PLACES.iter().all(|place| counts.places.get(place).is_some_and(|cases| *cases >= 5)), "{counts:?}");
    assert!(counts.unreached < counts.cases / 20 && counts.unconfirmed == 0, "{counts:?}");
}

/// What these do wrong an honest call does not show, so that only a spoilt one can.
const FOUND: &[&str] = &[];

#[test]
fn defects_of_a_client_are_found() {
    let (next, missed) = (AtomicU64::new(0), std::sync::Mutex::new(Vec::new()));
    let work = || {
        while let Some(mutant) =
            MUTANTS.iter().filter(|mutant| !mutant.quirks.is_empty()).nth(next.fetch_add(1, Ordering::Relaxed) as usize)
        {
            let hunt = hunt(Some(mutant), 1, true);
            match told(&hunt).first() {
                Some(says) => println!("{:30} {:5} {says}", mutant.id, hunt.counts().cases),
                None => {
                    println!("{:30} {:5} missed; honest {:?}", mutant.id, hunt.counts().cases, hunt.honest());
                    if FOUND.contains(&mutant.id) {
                        missed.lock().expect("a list").push(mutant.id);
                    }
                }
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
    let variants = [variant::all(&server, Side::Client, 5), variant::all(&client, Side::Server, 5)].concat();
    for mutator in rows::all() {
        assert!(variants.iter().any(|variant| variant.mutator == mutator.id), "{} makes nothing of an honest call", mutator.id);
    }
    assert!(variants.len() > 5_000, "{}", variants.len());
}
