use super::*;
use crate::base::Side;
use crate::proto::bug::{self, Bug};
use std::collections::HashSet;
use std::time::Duration;

fn hunt(bugs: &[Bug], most: usize, seed: u64) -> Hunt {
    let script = arena::lab_script().expect("an honest call");
    let mut variants = variant::all(&script, Side::Client, seed);
    if bugs.is_empty() && std::env::var_os("MUTATE_ALL").is_none() {
        // A third of them, and all that wait for timers, in a test of every day.
        let mut nth = 0u32;
        variants.retain(|variant| {
            nth += 1;
            variant.slow || nth.is_multiple_of(3)
        });
    }
    let arena = Arena::new(&script, bugs, seed).expect("the lab");
    let hunt = Hunt::new(2, Duration::from_millis(700));
    arena.hunt(&hunt, &variants[..most.min(variants.len())], &mut |hunt| !bugs.is_empty() && hunt.found() > 0);
    hunt
}

fn told(hunt: &Hunt) -> Vec<String> {
    let one = |finding: &Finding| {
        let line: String = finding.line().chars().take(150).collect();
        format!(
            "{} {}: {}, {} also; {} | {line}",
            finding.id,
            finding.fault.kind.name(),
            finding.fault.says,
            finding.also,
            finding.reaction
        )
    };
    hunt.findings().iter().map(one).collect()
}

#[test]
fn the_clean_lab_gives_no_finding() {
    let hunt = hunt(&[], usize::MAX, 1);
    println!("{:?}", hunt.counts());
    assert_eq!(told(&hunt), Vec::<String>::new());
    let counts = hunt.counts();
    assert!(spot::PLACES.iter().all(|place| counts.places.get(place).is_some_and(|cases| *cases >= 5)), "{counts:?}");
    assert_eq!((counts.unconfirmed, counts.dead), (0, false));
}

#[test]
fn every_seeded_defect_is_found() {
    let (next, missed) = (std::sync::atomic::AtomicUsize::new(0), std::sync::Mutex::new(Vec::new()));
    let work = || {
        while let Some(row) = bug::ROWS.get(next.fetch_add(1, std::sync::atomic::Ordering::Relaxed)) {
            let hunt = hunt(&[row.bug], 5_000, 1);
            match told(&hunt).first() {
                Some(says) => println!("{:26} {:5} {says}", row.id, hunt.counts().cases),
                None => missed.lock().expect("a list").push(row.id),
            }
        }
    };
    std::thread::scope(|scope| [0, 1].map(|_| scope.spawn(work)).map(|thread| thread.join().expect("a thread")));
    let missed = missed.into_inner().expect("a list");
    assert!(missed.is_empty(), "{missed:?}");
}

#[test]
fn variants_are_the_same_from_the_same_seed() {
    let script = arena::lab_script().expect("an honest call");
    let ids = |seed| {
        variant::all(&script, Side::Client, seed).into_iter().map(|variant| (variant.id.clone(), variant.line())).collect::<Vec<_>>()
    };
    assert_eq!(ids(5), ids(5));
    let (five, six) = (ids(5), ids(6));
    assert_ne!(five, six);
    let systematic = |list: &[(String, String)]| list.iter().filter(|row| !row.0.starts_with("havoc/")).cloned().collect::<HashSet<_>>();
    assert_eq!(systematic(&five), systematic(&six), "only what is random depends on the seed");
    let variants = variant::all(&script, Side::Client, 5);
    let early = variants.iter().find(|variant| variant.id == "early/sstp.echo-request#1/sstp.call-connect-request#1");
    assert_eq!(early.map(|variant| variant.place), Some("after-200"), "it is sent before what it overtakes");
    let unique: HashSet<_> = rows::all().map(|mutator| mutator.id).collect();
    assert_eq!(unique.len(), rows::all().count());
    assert!(variants.len() > 3_000, "{}", variants.len());
    let ids: HashSet<_> = variants.iter().map(|variant| &variant.id).collect();
    assert!(ids.len() == variants.len() && ids.iter().all(|id| !id.contains(' ')));
}

#[test]
fn a_train_goes_through_one_session_and_stops_at_a_defect() {
    let script = arena::lab_script().expect("an honest call");
    let ride = |bugs: &[Bug]| Arena::new(&script, bugs, 3).expect("the lab").train((0, 1_000));
    let sound = ride(&[]);
    assert_eq!((sound.through, sound.up, sound.why.as_str(), sound.suspects.len()), (1_000, true, "", 0));
    for bug in [Bug::BadPppEnds, Bug::ProtocolEnds, Bug::CodeUnanswered, Bug::EmptyEnds, Bug::LengthUnmasked, Bug::PppLengthLeaks] {
        let journey = ride(&[bug]);
        assert!(journey.up && journey.through < 1_000 && !journey.suspects.is_empty(), "{bug:?}: {journey:?}");
    }
}

#[test]
fn one_variant_is_sent_byte_for_byte_as_before() {
    let script = arena::lab_script().expect("an honest call");
    let arena = Arena::new(&script, &[], 3).expect("the lab");
    for variant in variant::all(&script, Side::Client, 3).iter().step_by(97) {
        let (one, two) = (arena.ride(&variant.edits, (3, 11)), arena.ride(&variant.edits, (3, 11)));
        assert_eq!(one.sent(), two.sent(), "{}", variant.id);
        assert!(!one.edited.is_empty(), "{} is not carried out", variant.id);
    }
}
