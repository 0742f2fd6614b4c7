//! When quiet calls are forgotten: calls of several ages side by side, then between the last that lived and the first that did not.

use super::arms;
use super::crew::{Brought, Crew};
use crate::base::Layer;
use crate::jobs::probe;
use crate::transcript::facts::State;
use crate::transcript::trial::{Arm, Ending, Saw, Trial};
use crate::transcript::{Facts, How, Reason};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::{JoinSet, LocalSet};

/// Searches up to the bound that the user gave.
pub(super) async fn search(crew: &Arc<Crew>) {
    let Some(most) = crew.config.max_idle.filter(|_| crew.passed(Arm::Echo)) else { return };
    let (mut lives, mut dies) = (Duration::ZERO, most);
    // Where somebody counts connections there is room for so many, and a busy one.
    let at_once = crew.room().map_or(AT_ONCE, |room| (room as u32).saturating_sub(1).clamp(1, AT_ONCE));
    for round in 1..=ROUNDS {
        let step = (dies - lives) / at_once;
        let times: Vec<Duration> = (1..=at_once).map(|nth| lives + step * nth).collect();
        let trials = side_by_side(crew, round, &times).await;
        let died = |trial: &&Trial| trial.arm == Arm::Idle && !trial.passed();
        let Some(first) = trials.iter().filter(died).filter_map(|trial| trial.saw.value).min() else { return };
        let last = trials
            .iter()
            .filter(|trial| trial.arm == Arm::Idle && trial.passed())
            .filter_map(|trial| trial.saw.value)
            .filter(|time| *time < first)
            .max();
        (lives, dies) = (last.map_or(lives, Duration::from_millis), Duration::from_millis(first));
        if dies - lives < FINE.max(dies / 10) && round > 1 {
            return;
        }
    }
}

/// Quiet calls of these ages, and a busy one as old as the oldest. Where a login works they are logged in: servers end others after a while.
async fn side_by_side(crew: &Arc<Crew>, round: u16, times: &[Duration]) -> Vec<Trial> {
    let oldest = times.iter().max().copied().unwrap_or_default();
    let with_login = crew.passed(Arm::Login);
    // What plays the client of a login stays on one thread.
    let one_thread = LocalSet::new();
    let mut under_way = JoinSet::new();
    for (arm, time) in times.iter().map(|time| (Arm::Idle, *time)).chain([(Arm::Busy, oldest)]) {
        let crew = crew.clone();
        let tried = async move {
            let at = crew.clock.now();
            let brought = match arm {
                _ if with_login => logged_in(&crew, arm, time).await,
                Arm::Busy => busy(&crew, time).await,
                _ => quiet(&crew, time).await,
            };
            let Brought { reached, ending, saw } = brought;
            Trial { arm, round, at, took: crew.clock.now() - at, reached, ending, saw }
        };
        under_way.spawn_local_on(tried, &one_thread);
    }
    let mut trials = Vec::new();
    let all = async {
        while let Some(joined) = under_way.join_next().await {
            trials.extend(joined.ok());
        }
    };
    one_thread.run_until(all).await;
    trials.iter().for_each(|trial| crew.note(trial.clone()));
    trials
}

/// A call with a login that says nothing for so long, or sends an LCP echo now and then, and hangs up in order then. SoftEther answers no
/// echo of SSTP, so that only a busy call in which nothing at all comes is asked by one.
async fn logged_in(crew: &Crew, arm: Arm, time: Duration) -> Brought {
    let mut config = crew.config.probe.clone();
    (config.scan, config.matrix, config.pings, config.stays) = (None, None, 0, Some(time));
    let patience = crew.patience();
    let timers = &mut config.timers;
    timers.layer = timers.layer.min(patience * 2);
    // A goodbye that is not answered is asked for twice.
    (timers.restart, timers.disconnect_1) = (timers.restart.min(patience / 2), timers.disconnect_1.min(patience));
    let beat = (time / BEATS).min(BEAT);
    timers.hello = if arm == Arm::Busy { (beat * 4).max(BEAT) } else { time * 2 + BEAT };
    config.echoes = (arm == Arm::Busy).then_some(beat);
    config.total = time + patience * 8;
    let (_keep, stop) = tokio::sync::watch::channel(false);
    let began = crew.clock.now();
    let facts = Facts::of(&probe::run(&config, &crew.clock, &mut Vec::new(), stop).await);
    let stood = facts.layers.iter().any(|entry| entry.layer == Layer::Ncp && entry.state == State::Up);
    let ending = match &facts.stop {
        // All of it, and the goodbye was answered.
        None => Ending::Answered,
        Some(stop) if !stood => Ending::Ours(format!("the login came as far as {}", stop.layer)),
        Some(stop) => match &stop.reason {
            Reason::TimedOut { .. } | Reason::TimeUp { .. } => Ending::Silence,
            Reason::Closed(How::Reset) => Ending::Reset,
            Reason::Closed(_) => Ending::Closed,
            reason => Ending::by_server(&format!("or we ended it: {reason}")),
        },
    };
    // When a quiet call ended is known where it was told; a busy one finds out.
    let told = arm == Arm::Busy || matches!(ending, Ending::Reset | Ending::Closed);
    let within = told.then(|| crew.clock.now() - began);
    let saw = Saw { value: u64::try_from(time.as_millis()).ok(), within, ..Saw::default() };
    Brought { reached: Some(Layer::Lcp), ending, saw }
}

/// Says nothing for so long, then asks.
async fn quiet(crew: &Crew, time: Duration) -> Brought {
    let (mut walk, mut saw) = match arms::opened(crew, &crew.ground(), false, None).await {
        Ok(made) => made,
        Err(brought) => return brought,
    };
    let began = crew.clock.now();
    saw.value = u64::try_from(time.as_millis()).ok();
    let ended = match walk.quiet(time).await {
        Some(ending) => {
            // It was told when the call ended, so that is known better.
            saw.within = Some(crew.clock.now() - began);
            Some(ending)
        }
        None => walk.echoes(ECHO, 1, 1).await.1,
    };
    if ended.is_none() {
        walk.leave().await;
    }
    Brought { reached: Some(Layer::Lcp), ending: ended.unwrap_or(Ending::Answered), saw }
}

/// Says something all the time, for so long.
async fn busy(crew: &Crew, time: Duration) -> Brought {
    let (mut walk, mut saw) = match arms::opened(crew, &crew.ground(), false, None).await {
        Ok(made) => made,
        Err(brought) => return brought,
    };
    let began = crew.clock.now();
    saw.value = u64::try_from(time.as_millis()).ok();
    let every = (time / BEATS).min(BEAT);
    let mut ended = None;
    while ended.is_none() && (crew.clock.now() - began).duration() < time {
        ended = walk.echoes(ECHO, 1, 1).await.1;
        if ended.is_none() {
            ended = walk.quiet(every).await;
        }
    }
    saw.within = Some(crew.clock.now() - began);
    if ended.is_none() {
        walk.leave().await;
    }
    Brought { reached: Some(Layer::Lcp), ending: ended.unwrap_or(Ending::Answered), saw }
}

/// Connections at most: the quiet ones and a busy one, in every round.
pub(super) const MOST: usize = (AT_ONCE as usize + 1) * ROUNDS as usize;
/// Ours: quiet calls at a time.
const AT_ONCE: u32 = 6;
/// Ours: rounds of the search.
const ROUNDS: u16 = 3;
/// Ours: closer is close enough.
const FINE: Duration = Duration::from_millis(200);
/// Ours: a busy call says something so often.
const BEATS: u32 = 24;
/// Ours: at least so often; shorter than any idle timer that is in use.
const BEAT: Duration = Duration::from_secs(5);
/// RFC 1661 5.8: an echo of this length has a magic number and little else.
const ECHO: usize = 16;
