//! Whether a case still does something, or only waits for what may come.

use crate::base::Micros;
use crate::live::clock::Clock;
use crate::transcript::{Event, Sink};
use std::cell::Cell;
use std::time::Duration;

/// When something last happened in a case.
#[derive(Debug)]
pub struct Pulse {
    clock: Clock,
    last: Cell<Micros>,
}

impl Pulse {
    /// Of a case that begins now.
    pub fn new(clock: Clock) -> Pulse {
        Pulse { clock, last: Cell::new(clock.now()) }
    }

    /// Something happened.
    pub fn beat(&self) {
        self.last.set(self.clock.now());
    }

    /// Waits until nothing has happened for [`CALM`].
    pub async fn rests(&self) {
        loop {
            let calm = self.clock.now().since(self.last.get());
            let Some(more) = CALM.checked_sub(calm).filter(|more| !more.is_zero()) else { return };
            tokio::time::sleep(more).await;
        }
    }
}

/// A sink whose events are heard.
pub(super) struct Heard<'a, S> {
    /// Where they go.
    pub sink: &'a mut S,
    /// Who hears of them.
    pub pulse: &'a Pulse,
}

impl<S: Sink> Sink for Heard<'_, S> {
    fn event(&mut self, event: &Event) {
        self.pulse.beat();
        self.sink.event(event);
    }
}

/// Ours: a case in which nothing happened for so long only waits, and takes none of the places where work is done.
const CALM: Duration = Duration::from_millis(400);

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_pulse_rests_when_nothing_has_happened_for_a_while() {
        let clock = Clock::start();
        let pulse = Pulse::new(clock);
        let beats = async {
            for _ in 0..3 {
                tokio::time::sleep(CALM / 2).await;
                pulse.beat();
            }
        };
        tokio::join!(beats, pulse.rests());
        assert!(clock.now().duration() >= CALM * 5 / 2, "{}", clock.now());
    }
}
