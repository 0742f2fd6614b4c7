//! Whether the target lives, and what is done when it does not.

use super::{Finding, Hunt, Kind, NOBODY, Ride, SpecRef, Suspect, Target, fault, goes_through, same};

/// Whether the target lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Life {
    /// It serves an honest call.
    Lives,
    /// It was started again meanwhile: what was under way shows nothing.
    Anew,
    /// It has died of something that was sent, or the user stops it.
    Died,
    /// It was dead before: what was sent shows nothing.
    Gone,
}

impl Hunt {
    /// Whether the target still serves an honest call; where it does not, that is a finding, and it is started again.
    pub async fn check_life<T: Target>(&self, target: &T) -> bool {
        let life = *self.gate.read().await;
        self.life(target, life).await == Life::Lives
    }

    /// `life`: how often the target had been started again when the ride in question began.
    pub(super) async fn life<T: Target>(&self, target: &T, life: u64) -> Life {
        for _ in 0..LIVES {
            if self.counts().dead {
                return Life::Gone;
            }
            if self.is_alive(target).await {
                let anew = *self.gate.read().await != life;
                return if anew { Life::Anew } else { Life::Lives };
            }
            if target.is_stopping() {
                return Life::Died;
            }
        }
        // Nobody rides while it is started again; who comes second finds it done.
        let mut gate = self.gate.write().await;
        match () {
            () if *gate != life => return Life::Anew,
            () if self.counts().dead => return Life::Gone,
            () if self.lives_alone(target, *gate).await => return Life::Lives,
            () if target.is_stopping() => return Life::Died,
            () => {}
        }
        let mut is_back = self.bring_back(target, &mut gate).await;
        let suspects = self.on_state(|state| std::mem::take(&mut state.suspects));
        let (tried, mut culprit) = (is_back, None);
        // It is one that ends the target alone.
        for suspect in suspects.iter().filter(|_| tried) {
            self.look_alone(target, &suspect.variant.edits, *gate).await;
            if target.is_stopping() {
                break;
            }
            if !self.lives_alone(target, *gate).await {
                culprit = Some(suspect);
                is_back = self.bring_back(target, &mut gate).await;
                break;
            }
        }
        let found = match (culprit, suspects.as_slice()) {
            (Some(culprit), _) => Some(death(culprit, "died".into(), (2, 2))),
            (None, all) if tried && !target.is_stopping() => Some(nobodys(all)),
            // Which of several it was, nobody can find out from a target that stays dead.
            (None, []) => None,
            (None, [one]) => Some(death(one, "died".into(), (1, 1))),
            (None, [first, more @ ..]) => Some(death(first, format!("died, it or one of {} more that were under way", more.len()), (1, 1))),
        };
        self.on_state(|state| {
            state.counts.dead |= !is_back;
            // What was sent to find out is suspect no more.
            state.suspects.clear();
            if let Some(found) = found {
                match state.findings.iter_mut().find(|other| same(&other.fault, &found.fault)) {
                    Some(other) => other.also += 1,
                    None => state.findings.push(found),
                }
            }
        });
        Life::Died
    }

    /// Starts the target until it serves an honest call again; says whether it does. For who holds the gate, which counts.
    async fn bring_back<T: Target>(&self, target: &T, gate: &mut u64) -> bool {
        for _ in 0..RESTARTS {
            if !target.restart().await {
                return false;
            }
            *gate += 1;
            // Who stops the run cuts the honest call as well.
            if self.lives_alone(target, *gate).await || target.is_stopping() {
                return true;
            }
        }
        self.on_state(|state| state.counts.not_back = true);
        false
    }

    /// An honest call goes through; for who holds the gate.
    async fn lives_alone<T: Target>(&self, target: &T, life: u64) -> bool {
        for _ in 0..LIVES {
            if goes_through(target, &self.look_alone(target, &[], life).await) {
                return true;
            }
        }
        false
    }

    /// An honest call goes through.
    pub async fn is_alive<T: Target>(&self, target: &T) -> bool {
        let look = self.look(target, &[]).await;
        goes_through(target, &look)
    }
}

/// The end of the target, blamed on a variant.
fn death(culprit: &Suspect, reaction: String, seen: (u32, u32)) -> Finding {
    let fault = fault(Kind::Died, "the target serves no honest call any more".into(), SpecRef::sstp("3.3"));
    let (id, place, edits) = (culprit.variant.id.clone(), culprit.variant.place, culprit.variant.edits.clone());
    Finding { id, place, fault, edits, reaction, seen, also: 0, ride: culprit.ride.clone() }
}

/// The end of the target, when it was started again and none of those that were under way ends it alone.
fn nobodys(suspects: &[Suspect]) -> Finding {
    let fault = fault(Kind::Died, "the target died, and no variant is known to end it".into(), SpecRef::sstp("3.3"));
    let reaction = match suspects.len() {
        0 => "no variant was under way that could have ended it".to_string(),
        1 => "one was under way, and does not end it when it is sent alone".into(),
        all => format!("{all} were under way, and none of them ends it when it is sent alone"),
    };
    Finding { id: NOBODY.into(), place: "", fault, edits: Vec::new(), reaction, seen: (1, 1), also: 0, ride: Ride::default() }
}

/// Ours: a target that fails so many honest calls in a row is dead.
const LIVES: u32 = 3;
/// Ours: a target that serves no honest call after it was started so often stays dead.
const RESTARTS: u32 = 3;
