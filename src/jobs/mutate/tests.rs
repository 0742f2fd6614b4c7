use super::*;
use crate::base::Side;
use crate::jobs::replay::Said;
use crate::proto::bug::{self, Bug};
use crate::proto::edit::Edit;
use crate::proto::plan::Method;
use std::collections::HashSet;
use std::time::Duration;

/// One in so many of the variants, and all that wait for timers, in a test of every day.
fn thinned(mut variants: Vec<Variant>, one_in: u32) -> Vec<Variant> {
    let mut nth = 0u32;
    variants.retain(|variant| {
        nth += 1;
        std::env::var_os("MUTATE_ALL").is_some() || variant.slow || nth.is_multiple_of(one_in)
    });
    variants
}

fn hunt(bugs: &[Bug], most: usize, seed: u64) -> Hunt {
    let script = arena::lab_script().expect("an honest call");
    let mut variants = variant::all(&script, Side::Client, seed);
    if bugs.is_empty() {
        variants = thinned(variants, 3);
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
    let places = || spot::PLACES.iter().filter(|place| **place != "in-login");
    assert!(places().all(|place| counts.places.get(place).is_some_and(|cases| *cases >= 5)), "{counts:?}");
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

const TUNNELS: [Method; 2] = [Method::EapTls, Method::Peap];

/// No recording has what the ends of TLS keep to themselves: our own end makes the login, honestly or spoilt.
#[test]
fn a_call_with_tls_inside_eap_is_spoilt_in_every_state_and_the_clean_lab_gives_no_finding() {
    for method in TUNNELS {
        let script = arena::login_script(method).expect("an honest call");
        let arena = Arena::like(&script, &[], 5).expect("the lab");
        let honest = arena.ride(&[], (5, 6));
        let verdict = honest.verdict(&World { tunnelled: true, ..World::default() });
        assert_eq!((verdict.reaction.as_str(), verdict.up, honest.key.is_some()), ("goes on", true, true), "{method:?}");
        let hunt = Hunt::new(2, Duration::from_millis(700));
        arena.hunt(&hunt, &thinned(variant::all(&script, Side::Client, 5), 5), &mut |_| false);
        assert_eq!(told(&hunt), Vec::<String>::new(), "{method:?}");
        let counts = hunt.counts();
        assert!(spot::PLACES.iter().all(|place| counts.places.contains_key(place)), "{counts:?}");
        assert!(counts.places["in-login"] > 100 && counts.unreached < 10, "{counts:?}");
        assert_eq!((counts.unconfirmed, counts.dead), (0, false), "{method:?}");
    }
}

/// In the login, and behind it.
#[test]
fn seeded_defects_are_found_in_a_call_with_tls_inside_eap() {
    let behind = [Bug::ShortAttributeEnds, Bug::BadPppEnds, Bug::ProtocolEnds, Bug::MacUnchecked, Bug::NonceReused, Bug::TerminateIgnored];
    for method in TUNNELS {
        let script = arena::login_script(method).expect("an honest call");
        let variants = variant::all(&script, Side::Client, 5);
        for bug in bug::LOGINS.iter().map(|row| row.bug).chain(behind) {
            let arena = Arena::like(&script, &[bug], 5).expect("the lab");
            let hunt = Hunt::new(2, Duration::from_millis(700));
            arena.hunt(&hunt, &variants, &mut |hunt| hunt.found() > 0);
            let found = hunt.findings();
            println!("{method:?} {bug:?} {} {:?}", hunt.counts().cases, told(&hunt));
            assert!(!found.is_empty(), "{method:?}: {bug:?}");
            let in_login = bug::LOGINS.iter().any(|row| row.bug == bug);
            assert!(!in_login || found.iter().all(|finding| finding.place.ends_with("-login")), "{method:?} {bug:?}: {:?}", told(&hunt));
        }
    }
}

/// TLS inside EAP draws for itself, and Call Connected is bound to its key: everything else is sent byte for byte as before.
#[test]
fn one_variant_of_a_call_with_tls_inside_eap_is_the_same_but_for_that_tls() {
    let script = arena::login_script(Method::EapTls).expect("an honest call");
    let arena = Arena::like(&script, &[], 3).expect("the lab");
    let plain = |ride: &Ride| {
        let ours = ride.passed.iter().filter(|one| one.by == Side::Client);
        let told = ours.map(|one| (Said::new(one.at, one.by, one.bytes.clone()).name, one.bytes.clone()));
        let fresh = ["eap.response-tls", "sstp.call-connected"];
        told.map(|(name, bytes)| if fresh.contains(&name.as_str()) { (name, Vec::new()) } else { (name, bytes) }).collect::<Vec<_>>()
    };
    let spoils = |variant: &Variant, name: &str| variant.edits.iter().any(|edit| edit.message == name);
    let all = variant::all(&script, Side::Client, 3);
    let rest = all.iter().filter(|variant| !spoils(variant, "eap.response-tls") && !spoils(variant, "sstp.call-connected"));
    for variant in rest.step_by(149) {
        let (one, two) = (arena.ride(&variant.edits, (3, 11)), arena.ride(&variant.edits, (3, 11)));
        let differs: Vec<_> = plain(&one).into_iter().zip(plain(&two)).filter(|pair| pair.0 != pair.1).collect();
        assert!(one.passed.len() == two.passed.len() && differs.is_empty(), "{}: {differs:?}", variant.id);
    }
}

/// What is moved before a message of the login is said there, and not before the login.
#[test]
fn a_message_that_overtakes_one_of_the_login_is_said_in_it() {
    let script = arena::login_script(Method::EapTls).expect("an honest call");
    let arena = Arena::like(&script, &[], 3).expect("the lab");
    let edits = vec![Edit::parse("sstp.call-connected#1 early eap.response-tls#2").expect("an edit")];
    let ride = arena.ride(&edits, (3, 4));
    let names = |ride: &Ride| {
        ride.passed
            .iter()
            .filter(|one| one.by == Side::Client)
            .map(|one| Said::new(one.at, one.by, one.bytes.clone()).name)
            .collect::<Vec<_>>()
    };
    let said = names(&ride);
    let at = said.iter().position(|name| name == "sstp.call-connected").expect("it is said");
    assert_eq!((said[at - 1].as_str(), ride.edited.len()), ("eap.response-tls", 1), "{said:?}");
    assert_eq!(ride.verdict(&World { tunnelled: true, ..World::default() }).reaction, "abort");
    let none = vec![Edit::parse("sstp.call-connected#1 early eap.response-tls#77").expect("an edit")];
    assert!(arena.ride(&none, (3, 4)).edited.is_empty(), "there is no such message");
}

/// A call that is made anew for every run has the same variants, however long its certificates and signatures are.
#[test]
fn variants_of_a_call_with_tls_inside_eap_have_the_same_ids_in_every_run() {
    let ids = |method| {
        let script = arena::login_script(method).expect("an honest call");
        variant::all(&script, Side::Client, 5).into_iter().map(|variant| variant.id).collect::<Vec<_>>()
    };
    for method in TUNNELS {
        let first = ids(method);
        // A signature of ECDSA has one length of three.
        assert!((0..6).all(|_| ids(method) == first), "{method:?}");
    }
}
