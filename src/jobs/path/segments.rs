//! Which length of packet the way carries, where longer ones vanish: the same thing in TCP segments of several lengths side by side,
//! then between the longest that came through and the shortest that did not. TCP sets DF on what it sends, RFC 1191 6.5.

use super::crew::{Brought, Crew};
use super::transfers;
use crate::base::Layer;
use crate::transcript::trial::{Arm, Ending, Trial};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;

/// Searches where only short segments come through.
pub(super) async fn sweep(crew: &Arc<Crew>, arm: Arm) {
    let (usual, short) = if arm == Arm::TlsSegment { (Arm::Tls, Arm::TlsShort) } else { (Arm::Echo, Arm::EchoShortSegments) };
    let silent = |trial: &Trial| trial.ending == Ending::Silence;
    let black_hole = crew.of(usual).iter().all(silent) && !crew.of(usual).is_empty();
    let Some(quickest) = crew.of(short).into_iter().filter(Trial::passed).map(|trial| trial.took.duration()).min() else { return };
    if !black_hole {
        return;
    }
    let within = (quickest * 4).clamp(LEAST.min(crew.patience()), crew.patience());
    let (mut passes, mut fails) = (u64::from(transfers::SHORT), LONGEST);
    for round in 1..=ROUNDS {
        let step = (fails - passes).div_ceil(AT_ONCE + 1);
        let lengths: Vec<u64> = (1..=AT_ONCE).map(|nth| passes + step * nth).filter(|length| *length < fails).collect();
        if lengths.is_empty() {
            return;
        }
        let trials = side_by_side(crew, arm, round, &lengths, within).await;
        let of = |passed: bool| trials.iter().filter(move |trial| trial.passed() == passed).filter_map(|trial| trial.saw.value);
        fails = of(false).min().unwrap_or(fails);
        // What a lost packet spoilt is not held against longer ones that came through.
        passes = of(true).filter(|length| *length < fails).max().unwrap_or(passes);
    }
}

async fn side_by_side(crew: &Arc<Crew>, arm: Arm, round: u16, lengths: &[u64], within: Duration) -> Vec<Trial> {
    let mut under_way = JoinSet::new();
    for length in lengths.iter().copied() {
        crew.wait_a_little().await;
        let crew = crew.clone();
        under_way.spawn(async move {
            let at = crew.clock.now();
            let tried = tokio::time::timeout(within, transfers::in_segments(&crew, arm, length as u32)).await;
            let Brought { reached, ending, mut saw } =
                tried.unwrap_or_else(|_| Brought { reached: Some(Layer::Tcp), ending: Ending::Silence, saw: Default::default() });
            saw.value = Some(length);
            Trial { arm, round, at, took: crew.clock.now() - at, reached, ending, saw }
        });
    }
    let mut trials = Vec::new();
    while let Some(joined) = under_way.join_next().await {
        trials.extend(joined.ok());
    }
    trials.iter().for_each(|trial| crew.note(trial.clone()));
    trials
}

/// Connections at most, in one search; there is one of them, for handshakes or for echoes.
pub(super) const MOST: usize = (AT_ONCE * ROUNDS as u64) as usize;
/// Ours: lengths at a time.
const AT_ONCE: u64 = 4;
/// Ours: after so many rounds 924 lengths are down to one.
const ROUNDS: u16 = 5;
/// The longest segment that Ethernet carries over IPv4: 1500 bytes without the two headers. RFC 894, RFC 9293 3.7.1.
const LONGEST: u64 = 1460;
/// Ours: nothing is called lost in less time.
const LEAST: Duration = Duration::from_millis(1200);
