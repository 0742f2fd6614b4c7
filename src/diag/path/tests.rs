use super::*;
use crate::base::Micros;
use crate::transcript::trial::{Arm, Ending, Saw, Trial};
use std::collections::HashSet;

#[test]
fn rows_are_whole_and_what_they_explain_exists() {
    let ids: HashSet<&str> = all().map(|row| row.id).collect();
    assert_eq!(ids.len(), all().count());
    assert!(ids.len() >= 46, "{} findings", ids.len());
    for row in all() {
        assert!(!row.title.is_empty() && row.title.len() <= 80 && !row.title.ends_with('.'), "{}", row.id);
        assert!(![row.mechanism, row.evidence, row.raise, row.fix].contains(&""), "{} lacks words", row.id);
        for other in row.explains {
            assert!(ids.contains(other), "{} explains {other}, which is no finding", row.id);
        }
    }
}

fn trial(arm: Arm, round: u16, ending: Ending, saw: Saw) -> Trial {
    Trial { arm, round, at: Micros(0), took: Micros(1), reached: Some(Layer::Lcp), ending, saw }
}

/// Eight rounds of the three transfers at these speeds in kB/s; a short echo takes a millisecond.
fn transfers(tunnel: u64, split: u64, pages: Option<u64>) -> Trail {
    let carried = |kilobytes: u64| Saw {
        bytes: Some(100_000),
        within: Some(Micros(100_000_000 / kilobytes)),
        beat: Some(Micros(1000)),
        gap: Some(Micros(1)),
        ..Saw::default()
    };
    let arms = [(Arm::Bulk, Some(tunnel)), (Arm::BulkSplit, Some(split)), (Arm::BulkPlain, pages)];
    let rows = arms.into_iter().filter_map(|(arm, speed)| Some((arm, speed?)));
    let trials = rows.flat_map(|(arm, speed)| (1..=8).map(move |round| trial(arm, round, Ending::Answered, carried(speed))));
    let mut trials: Vec<Trial> = trials.collect();
    trials.push(trial(Arm::Call, 1, Ending::Answered, Saw::default()));
    Trail { trials, ..Trail::default() }
}

#[test]
fn a_slow_tunnel_beside_quick_pages_is_a_class_of_traffic_and_slow_pages_are_the_line() {
    let cause = |trail: &Trail| judge(trail).cause().map(|found| (found.row.id, found.hit.says.clone()));
    let (id, says) = cause(&transfers(50, 50, Some(900))).expect("a cause");
    assert_eq!(id, "DATA-THROTTLED");
    assert!(says.contains("pages over TLS from the same server"), "{says}");
    let (id, says) = cause(&transfers(50, 900, Some(900))).expect("a cause");
    assert_eq!(id, "DATA-THROTTLED");
    assert!(says.contains("does not look like SSTP"), "{says}");
    let (id, says) = cause(&transfers(50, 50, Some(60))).expect("a cause");
    assert_eq!(id, "DATA-RATE-LIMITED");
    assert!(says.contains("pages over TLS 60 kB/s"), "{says}");
    assert_eq!(cause(&transfers(50, 50, None)).expect("a cause").0, "DATA-RATE-LIMITED", "without pages the echoes alone tell");
    // 900 kB/s of echoes are the server's business, however fast its pages are; so is a pace of one short echo.
    assert_eq!(cause(&transfers(900, 900, Some(9000))), None);
    assert_eq!(cause(&transfers(600, 600, Some(9000))), None);
}

#[test]
fn the_length_that_the_path_carries_is_named() {
    let segment = |value: u64, ending: Ending| trial(Arm::TlsSegment, 1, ending, Saw { value: Some(value), ..Saw::default() });
    let mut trials: Vec<Trial> = (1..=3)
        .flat_map(|round| {
            [(Arm::Tls, Ending::Silence), (Arm::TlsShort, Ending::Answered)].map(|(arm, ending)| trial(arm, round, ending, Saw::default()))
        })
        .collect();
    let says = |trials: &[Trial]| judge(&Trail { trials: trials.to_vec(), ..Trail::default() }).cause().map(|found| found.hit.says.clone());
    assert!(!says(&trials).expect("a black hole").contains("carries"), "it was not searched for");
    trials.extend([
        segment(800, Ending::Answered),
        segment(1160, Ending::Answered),
        segment(1161, Ending::Silence),
        segment(1400, Ending::Silence),
    ]);
    let with_size = says(&trials).expect("a black hole");
    assert!(with_size.contains("packets of 1200 bytes come through and those of 1201 do not"), "{with_size}");
    assert!(with_size.contains("an MSS of 1160"), "{with_size}");
}
