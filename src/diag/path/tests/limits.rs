//! Whoever counts connections or requests, and who goes away.

use super::*;
use crate::transcript::trial::ALONE;

/// Three rounds of a dozen at the same time that ended so.
fn crowd(ending: Ending) -> Vec<Trial> {
    rounds(Arm::Together, ending, Some(Layer::Tls), &Saw { says: Some("4 of 12".into()), ..Saw::default() })
}

/// A dozen one at a time, of which the last so many failed, and a dozen made as slowly and held.
fn alone(failed: u16, held: Ending) -> Vec<Trial> {
    let one = |nth: u16| {
        let ending = if nth < 12 - failed { Ending::Answered } else { Ending::Reset };
        trial(Arm::Tls, ALONE + nth, ending, Saw::default())
    };
    let held = trial(Arm::Together, ALONE, held, Saw { says: Some("4 of 12".into()), ..Saw::default() });
    (0..12).map(one).chain([held]).collect()
}

/// Hellos of several kinds that came through at times.
fn erratic() -> Vec<Trial> {
    let arms = [Arm::HelloNameless, Arm::HelloOtherName, Arm::HelloSplit, Arm::HelloAlpn];
    let row = |arm, round| match round % 2 {
        0 => Trial { reached: Some(Layer::Tcp), ..trial(arm, round, Ending::Reset, Saw::default()) },
        _ => trial(arm, round, Ending::Answered, Saw::default()),
    };
    arms.into_iter().flat_map(|arm| (1..=4).map(move |round| row(arm, round))).collect()
}

fn ids(trials: Vec<Trial>) -> Vec<&'static str> {
    judge(&trail(trials)).findings.iter().map(|found| found.row.id).collect()
}

#[test]
fn a_crowd_whose_syns_are_refused_is_a_limit_like_any_other() {
    let verdict = judge(&trail([sound_up_to_the_call(), crowd(Ending::Refused)].concat()));
    let cause = verdict.cause().expect("a cause");
    assert_eq!((cause.row.id, cause.hit.level, verdict.culprit()), ("PATH-CONNECTION-LIMIT", Level::Probable, Culprit::Way));
    assert!(cause.hit.says.contains("4 of 12"), "{}", cause.hit.says);
}

#[test]
fn what_is_refused_every_time_is_never_clean() {
    for arm in [Arm::Together, Arm::HelloWindows, Arm::HelloSplit, Arm::CallSplit, Arm::EchoMany, Arm::BulkSplit, Arm::Bulk] {
        let refused = rounds(arm, Ending::Refused, None, &Saw::default());
        let verdict = judge(&trail([sound_up_to_the_call(), passing(Arm::Echo), refused].concat()));
        assert!(verdict.has_cause, "{arm:?} was called clean");
    }
}

#[test]
fn a_number_at_a_time_is_told_from_chance_and_from_a_rate() {
    let base = || [sound_up_to_the_call(), crowd(Ending::Reset)].concat();
    let counted = ids([base(), erratic(), alone(0, Ending::Reset)].concat());
    assert_eq!(counted.first(), Some(&"PATH-CONNECTION-LIMIT"), "{counted:?}");
    assert!(!counted.contains(&"PATH-ERRATIC"), "{counted:?}");
    let by_chance = ids([base(), erratic(), alone(3, Ending::Reset)].concat());
    assert_eq!(by_chance.first(), Some(&"PATH-ERRATIC"), "{by_chance:?}");
    assert!(!by_chance.contains(&"PATH-CONNECTION-LIMIT"), "{by_chance:?}");
    // A dozen in a row overlap as well.
    let row = || rounds(Arm::InARow, Ending::Silence, Some(Layer::Tcp), &Saw { says: Some("4 of 12".into()), ..Saw::default() });
    let counted = ids([base(), row(), alone(0, Ending::Reset)].concat());
    assert_eq!(counted, ["PATH-CONNECTION-LIMIT"]);
    // So many come through where they are made slowly: whoever counts counts those in a time.
    let by_rate = ids([base(), row(), alone(0, Ending::Answered)].concat());
    assert_eq!(by_rate, ["PATH-CONNECTION-RATE"]);
    let verdict = judge(&trail([base(), alone(0, Ending::Reset)].concat()));
    assert!(verdict.cause().is_some_and(|cause| cause.hit.says.contains("kept open 4 of 12")));
}

#[test]
fn a_limit_for_requests_is_named_with_its_time_and_by_whom() {
    let counted = |proxied: bool| {
        let head = Head::response(429, "Too Many Requests", &[("Retry-After", "600")]);
        let reached = Some(if proxied { Layer::Tcp } else { Layer::Tls });
        let ending = Ending::Ours("too many".into());
        let last = Trial { reached, ..trial(Arm::Tls, 2, ending, Saw { head: Some(head), ..Saw::default() }) };
        let mut all = trail([passing(Arm::Tcp), passing(Arm::Tls), vec![last]].concat());
        all.head.proxy = proxied.then(|| "proxy.test:3128".into());
        all.sent_away = Some(Micros(600_000_000));
        let verdict = judge(&all);
        let cause = verdict.cause().expect("a cause");
        assert_eq!((cause.row.id, cause.hit.level), ("PATH-REQUEST-LIMIT", Level::Confirmed));
        assert!(cause.hit.says.contains("600 s") && verdict.undecided.is_none() && verdict.stops_calls(), "{}", cause.hit.says);
        (verdict.culprit(), cause.layer())
    };
    assert_eq!(counted(true), (Culprit::Proxy, Layer::Proxy));
    assert_eq!(counted(false), (Culprit::Server, Layer::Http));
}

#[test]
fn a_server_that_goes_away_is_told() {
    let arms = [Arm::Sstp, Arm::Get, Arm::MethodAlone];
    let refused = |arm| rounds(arm, Ending::Refused, None, &Saw::default());
    let late = |trial: Trial| Trial { at: Micros(2_500_000), ..trial };
    let before: Vec<Trial> = [Arm::Tcp, Arm::Tls, Arm::HelloNamed].into_iter().flat_map(passing).collect();
    let after: Vec<Trial> = arms.into_iter().flat_map(refused).map(late).collect();
    let verdict = judge(&trail([before.clone(), after.clone()].concat()));
    let cause = verdict.cause().expect("a cause");
    assert_eq!((cause.row.id, verdict.culprit()), ("PATH-GONE-MEANWHILE", Culprit::Server));
    assert!(cause.hit.says.contains("from 2.5 s on all 9") && verdict.undecided.is_none(), "{}", cause.hit.says);
    let again = Trial { at: Micros(2_600_000), ..trial(Arm::Get, 4, Ending::Answered, Saw::default()) };
    let back = ids([before, after, vec![again]].concat());
    assert!(!back.contains(&"PATH-GONE-MEANWHILE"), "{back:?}");
}

#[test]
fn idle_timers_without_a_control_are_called_so() {
    let judged = |busy: Ending| {
        let quiet = rounds(Arm::Idle, Ending::Answered, Some(Layer::Lcp), &Saw { value: Some(4_000), ..Saw::default() });
        let busy = trial(Arm::Busy, 1, busy, Saw { value: Some(4_000), ..Saw::default() });
        let mut all = trail([sound_up_to_the_call(), passing(Arm::Login), quiet, vec![busy]].concat());
        all.head.max_idle = Some(Micros(4_000_000));
        judge(&all).findings.first().map(|found| found.hit.says.clone()).unwrap_or_default()
    };
    assert!(judged(Ending::Silence).contains("rests on no control"), "{}", judged(Ending::Silence));
    assert!(!judged(Ending::Answered).contains("no control"), "{}", judged(Ending::Answered));
}

#[test]
fn nearly_all_syns_lost_are_a_limit_and_some_of_them_may_be_the_line() {
    let judged = |lost: u64, all: u64| {
        let one = |nth: u64| {
            let connect = Some(Micros(if nth < lost { 1_001_000 } else { 1_000 }));
            trial(Arm::HelloNamed, nth as u16 + 1, Ending::Answered, Saw { connect, ..Saw::default() })
        };
        let verdict = judge(&trail([sound_up_to_the_call(), (0..all).map(one).collect()].concat()));
        verdict.cause().map(|cause| (cause.row.id, cause.hit.level))
    };
    assert_eq!(judged(126, 135), Some(("PATH-CONNECTION-RATE", Level::Probable)));
    assert_eq!(judged(12, 38), Some(("PATH-CONNECTION-RATE", Level::Suspected)));
}
