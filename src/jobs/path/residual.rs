//! A block that outlasts what drew it: wait until the way is open, draw the block, look when it opens again.

use super::crew::Crew;
use crate::base::Layer;
use crate::transcript::trial::Arm;
use std::sync::Arc;
use std::time::Duration;

/// Looks for it where hellos with the name never come through and others do not always.
pub(super) async fn look(crew: &Arc<Crew>) {
    let named = crew.of(Arm::HelloNamed);
    let suspicious = !named.is_empty() && named.iter().all(|trial| !trial.passed() && trial.reached >= Some(Layer::Tcp));
    let others = crew.of(Arm::HelloNameless);
    if crew.config.gentle || !suspicious || others.is_empty() || others.iter().all(|trial| trial.passed()) {
        return;
    }
    for turn in 0..TURNS {
        let round = FIRST_ROUND + turn;
        if !opens(crew, round).await {
            return;
        }
        crew.one(round, Arm::HelloNamed, None).await;
        let at_once = crew.one(round, Arm::HelloNameless, None).await;
        if at_once.passed() {
            return;
        }
    }
    opens(crew, FIRST_ROUND + TURNS).await;
}

/// Waits until a hello without the name comes through.
async fn opens(crew: &Arc<Crew>, round: u16) -> bool {
    let began = crew.clock.now();
    while (crew.clock.now() - began).duration() < crew.config.residual {
        if crew.one(round, Arm::HelloNameless, None).await.passed() {
            return true;
        }
        tokio::time::sleep(PAUSE.max(crew.config.residual / LOOKS)).await;
    }
    false
}

/// Rounds of this search have numbers from here on.
pub const FIRST_ROUND: u16 = 1000;
/// Ours: so often it is drawn.
const TURNS: u16 = 2;
/// Ours: looks in one search at most.
const LOOKS: u32 = 20;
/// Connections at most.
pub(super) const MOST: usize = (TURNS as usize + 1) * (LOOKS as usize + 1) + TURNS as usize * 2;
/// Ours: time between two looks, at least.
const PAUSE: Duration = Duration::from_millis(300);
