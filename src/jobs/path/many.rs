//! Several connections in one trial: in a row, and at the same time.

use super::arms::{nowhere, whom};
use super::crew::{Brought, Crew, Ground, RESENT};
use crate::base::Layer;
use crate::live::shots::{self, Knobs};
use crate::transcript::trial::{Arm, Ending, Saw};
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
    // Those that are through are kept until the last one is.
    let (mut held, mut worst) = (Vec::new(), None);
    while let Some(joined) = under_way.join_next().await {
        match joined {
            Ok(Ok((secure, _))) => held.push(secure),
            Ok(Err(missed)) => worst = Some(missed.ending),
            Err(error) => worst = Some(Ending::Ours(error.to_string())),
        }
    }
    let made = held.len();
    let saw = Saw {
        to: Some(route.to),
        value: Some(TOGETHER as u64),
        bytes: None,
        says: Some(format!("{made} of {TOGETHER}")),
        ..Saw::default()
    };
    for secure in held {
        secure.close().await;
    }
    // One that is cut among them is cut when it is alone, too, where connections are cut at random.
    let ending = worst.filter(|_| TOGETHER - made >= SEVERAL).unwrap_or(Ending::Answered);
    Brought { reached: Some(Layer::Tls), ending, saw }
}

/// The arm is several connections.
pub(super) fn is_crowd(arm: Arm) -> bool {
    matches!(arm, Arm::Together | Arm::InARow)
}

/// Ours: time between two connections in a row.
const CLOSE: Duration = Duration::from_millis(2);
/// Ours: so many of them fail by chance in one of 250 runs where one in ten does.
const MANY_LOST: u64 = 5;
/// Ours: so many of them that are cut are no accident, when it happens in every round.
const SEVERAL: usize = 3;
/// Ours: connections that are held at the same time, or made in a row.
pub(super) const TOGETHER: usize = 12;
