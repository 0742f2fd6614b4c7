//! Several connections in one trial: in a row, and at the same time.

use super::arms::{nowhere, whom};
use super::crew::{Brought, Crew, Ground, RESENT};
use crate::base::Layer;
use crate::live::route::Route;
use crate::live::shots::{self, Knobs, Missed};
use crate::live::tls::Secure;
use crate::transcript::trial::{ALONE, Arm, Ending, Saw, Trial};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;

/// Connections one right behind the other, each closed at once: how many were made before a SYN is sent again.
pub(super) async fn in_a_row(crew: &Crew, ground: &Ground) -> Brought {
    let Some(route) = &ground.route else { return nowhere() };
    let usual = crew.of(Arm::Tcp).into_iter().filter_map(|trial| trial.saw.connect.filter(|_| trial.passed())).min().unwrap_or_default();
    let within = (usual.duration() + RESENT).min(crew.patience());
    let mut under_way = JoinSet::new();
    for _ in 0..TOGETHER {
        let (to, ear) = (route.to, route.ear.clone());
        under_way.spawn(async move { shots::tcp(to, Knobs::default(), &ear, within).await.map(|_| ()).map_err(|missed| missed.ending) });
        tokio::time::sleep(CLOSE).await;
    }
    let (mut made, mut worst) = (0, None);
    while let Some(joined) = under_way.join_next().await {
        match joined {
            Ok(Ok(())) => made += 1,
            Ok(Err(ending)) => worst = Some(ending),
            Err(error) => worst = Some(Ending::Ours(error.to_string())),
        }
    }
    let saw = Saw { to: Some(route.to), value: Some(made), says: Some(format!("{made} of {TOGETHER}")), ..Saw::default() };
    // One packet in ten may be lost without anybody's doing.
    let ending = worst.filter(|_| TOGETHER as u64 - made >= MANY_LOST).unwrap_or(Ending::Answered);
    Brought { reached: Some(Layer::Tcp), ending, saw }
}

/// Several hellos while all connections are open.
pub(super) async fn together(crew: &Crew, ground: &Ground) -> Brought {
    let Some(route) = &ground.route else { return nowhere() };
    let mut under_way = JoinSet::new();
    for _ in 0..TOGETHER {
        let (route, whom, within) = (route.clone(), whom(crew, false), crew.patience());
        under_way.spawn(async move { shots::secure(&route, &whom, Knobs::default(), within).await });
    }
    let mut all = Vec::new();
    while let Some(joined) = under_way.join_next().await {
        all.extend(joined.ok());
    }
    crowd(route, all).await
}

/// The same, one connection behind the other: each is made when the one before is through, and all are held.
pub(super) async fn one_more_each(crew: &Crew, ground: &Ground) -> Brought {
    let Some(route) = &ground.route else { return nowhere() };
    let mut all = Vec::new();
    for _ in 0..TOGETHER {
        crew.wait_a_little().await;
        all.push(shots::secure(route, &whom(crew, false), Knobs::default(), crew.patience()).await);
    }
    crowd(route, all).await
}

/// What came of connections that were held until the last one was through.
async fn crowd(route: &Route, all: Vec<Result<(Secure, Saw), Box<Missed>>>) -> Brought {
    let (mut held, mut worst, mut counted) = (Vec::new(), None, None);
    for one in all {
        match one {
            Ok((secure, _)) => held.push(secure),
            Err(missed) => {
                counted = counted.or(missed.saw.head.filter(|head| head.status == Some(TOO_MANY)));
                worst = Some(missed.ending);
            }
        }
    }
    let made = held.len();
    let says = Some(format!("{made} of {TOGETHER}"));
    let saw = Saw { to: Some(route.to), value: Some(TOGETHER as u64), head: counted, says, ..Saw::default() };
    for secure in held {
        secure.close().await;
    }
    // One that is cut among them is cut when it is alone, too, where connections are cut at random.
    let ending = worst.filter(|_| TOGETHER - made >= SEVERAL).unwrap_or(Ending::Answered);
    Brought { reached: Some(Layer::Tls), ending, saw }
}

/// Where several at the same time fail: whether one at a time comes through, again and again, and whether it is still the number that
/// counts when they are made as slowly. If both are so, what met the limit before is forgotten and tried again, one at a time.
pub(super) async fn look_alone(crew: &Arc<Crew>, layer: Layer) -> bool {
    let crowds = crew.of(Arm::Together);
    let fails = |trial: &Trial| !trial.passed() && !matches!(trial.ending, Ending::Ours(_));
    let some_pass = Arm::all().any(|arm| arm.layer() == layer && !is_crowd(arm) && crew.passed(arm));
    if crowds.is_empty() || !crowds.iter().all(fails) || !some_pass || crew.is_sent_away() {
        return false;
    }
    tokio::time::sleep(SETTLED).await;
    let mut lost = 0;
    for nth in 0..TOGETHER as u16 {
        tokio::time::sleep(CLOSED).await;
        let trial = crew.one(ALONE + nth, Arm::Tls, None).await;
        lost += usize::from(trial.ending == Ending::Silence);
        // What fails alone is not the number's doing; one packet may be lost behind the first.
        if lost > usize::from(nth > 0) || fails(&trial) && trial.ending != Ending::Silence {
            return false;
        }
    }
    if crew.is_sent_away() {
        return false;
    }
    let at = crew.clock.now();
    let Brought { reached, ending, saw } = one_more_each(crew, &crew.ground()).await;
    let held = Trial { arm: Arm::Together, round: ALONE, at, took: crew.clock.now() - at, reached, ending, saw };
    crew.note(held.clone());
    if held.passed() {
        return false;
    }
    let made = |trial: &Trial| trial.saw.says.as_ref()?.split(' ').next()?.parse().ok();
    crew.one_at_a_time(crowds.iter().chain([&held]).filter_map(made).min().unwrap_or(1));
    tokio::time::sleep(SETTLED).await;
    let arms: Vec<Arm> = Arm::all().filter(|arm| arm.layer() == layer && !is_crowd(*arm)).collect();
    crew.forget(&arms, |ending| ending.is_wordless() || *ending == Ending::Refused, "it met a limit on connections at the same time") > 0
}

/// Connections that the look makes.
pub(super) const MOST_ALONE: usize = 2 * TOGETHER;

/// The arm is several connections.
pub(super) fn is_crowd(arm: Arm) -> bool {
    matches!(arm, Arm::Together | Arm::InARow)
}

/// RFC 6585 4.
const TOO_MANY: u16 = 429;
/// Ours: connections that were closed are gone everywhere after so long, and nobody waits for a place.
const SETTLED: Duration = Duration::from_millis(200);
/// Ours: and one of them after so long.
const CLOSED: Duration = Duration::from_millis(30);
/// Ours: time between two connections in a row.
const CLOSE: Duration = Duration::from_millis(2);
/// Ours: so many of them fail by chance in one of 250 runs where one in ten does.
const MANY_LOST: u64 = 5;
/// Ours: so many of them that are cut are no accident, when it happens in every round.
const SEVERAL: usize = 2;
/// Ours: connections that are held at the same time, or made in a row.
pub(super) const TOGETHER: usize = 12;
