//! Many sessions of one course: so many, so many at once, so many a second.

use super::run::{self, Played, ReplayConfig};
use crate::base::Micros;
use crate::live::clock::Clock;
use crate::transcript::{Event, Sink};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::{JoinSet, LocalSet};

/// How many.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    /// Sessions in all.
    pub count: u64,
    /// Sessions begun in a second at most.
    pub rate: Option<f64>,
    /// Sessions at a time.
    pub concurrency: usize,
}

/// What so many sessions came to.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Sessions that went as recorded.
    pub equal: u64,
    /// Sessions that diverged, by their first divergence.
    pub diverged: BTreeMap<String, u64>,
    /// Sessions that had no connection, by the reason.
    pub unconnected: BTreeMap<String, u64>,
    /// How long sessions took from the first packet to the end; those that had a connection.
    pub latencies: Vec<Micros>,
    /// How long all took.
    pub took: Micros,
    /// The user wanted to stop.
    pub interrupted: bool,
}

impl Tally {
    /// Sessions that are over.
    pub fn done(&self) -> u64 {
        self.equal + self.diverged.values().sum::<u64>() + self.unconnected.values().sum::<u64>()
    }

    fn add(&mut self, played: Played, took: Micros) {
        if played.outcome.is_some() && self.latencies.len() < MOST_LATENCIES {
            self.latencies.push(took);
        }
        match (played.outcome, played.no_connection) {
            (Some(outcome), _) if outcome.is_equal() => self.equal += 1,
            (Some(outcome), _) => {
                let says = outcome.first().map_or_else(|| "it did not come to its end".to_string(), |first| first.kind.to_string());
                count(&mut self.diverged, says);
            }
            (None, why) => count(&mut self.unconnected, why.unwrap_or_default()),
        }
    }
}

/// A peer may word every refusal otherwise: beyond so many reasons they are counted together.
fn count(reasons: &mut BTreeMap<String, u64>, says: String) {
    let known = reasons.contains_key(&says) || reasons.len() < MOST_REASONS;
    *reasons.entry(if known { says } else { "other reasons".into() }).or_default() += 1;
}

/// Plays them all; `tell` hears of the state after every session.
pub async fn run(config: ReplayConfig, load: Load, clock: &Clock, stop: watch::Receiver<bool>, tell: &mut dyn FnMut(&Tally)) -> Tally {
    LocalSet::new().run_until(all(Rc::new(config), load, clock, stop, tell)).await
}

async fn all(config: Rc<ReplayConfig>, load: Load, clock: &Clock, mut stop: watch::Receiver<bool>, tell: &mut dyn FnMut(&Tally)) -> Tally {
    let (mut tally, mut running, mut begun) = (Tally::default(), JoinSet::new(), 0);
    let (start, stopping) = (clock.now(), stop.clone());
    while !tally.interrupted {
        let due = load.rate.map_or(start, |rate| start + Duration::from_secs_f64(begun as f64 / rate));
        let free = begun < load.count && running.len() < load.concurrency.max(1);
        tokio::select! {
            biased;
            _ = stop.wait_for(|stop| *stop) => tally.interrupted = true,
            Some(joined) = running.join_next() => {
                if let Ok((played, took)) = joined {
                    tally.add(played, took);
                    tally.took = clock.now() - start;
                    tell(&tally);
                }
            }
            () = tokio::time::sleep_until(clock.instant(due)), if free => {
                running.spawn_local(one(config.clone(), begun, *clock, stopping.clone()));
                begun += 1;
            }
            else => break,
        }
        if begun >= load.count && running.is_empty() {
            break;
        }
    }
    running.abort_all();
    tally.took = clock.now() - start;
    tally
}

async fn one(config: Rc<ReplayConfig>, number: u64, clock: Clock, mut stop: watch::Receiver<bool>) -> (Played, Micros) {
    let began = clock.now();
    let played = run::once(&config, config.probe.seed.wrapping_add(number), &clock, &mut Nobody, &mut stop).await;
    (played, clock.now() - began)
}

struct Nobody;

impl Sink for Nobody {
    fn event(&mut self, _: &Event) {}
}

/// Ours: latencies kept.
const MOST_LATENCIES: usize = 1_000_000;
/// Ours: reasons told apart.
const MOST_REASONS: usize = 100;
