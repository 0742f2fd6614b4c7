//! When the next message is due.

use super::message::Said;
use crate::base::Micros;
use std::time::Duration;

/// When the next message is due, once all that it answers has come.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Timing {
    /// After as much time as in the recording, divided by this.
    Original(f64),
    /// At once.
    Asap,
    /// When somebody lets it go.
    Step,
}

impl Timing {
    /// Reads `original`, `x10`, `asap` or `step`.
    pub fn parse(text: &str) -> Result<Timing, String> {
        match text {
            "original" => Ok(Timing::Original(1.0)),
            "asap" => Ok(Timing::Asap),
            "step" => Ok(Timing::Step),
            _ => {
                let factor = text.strip_prefix('x').and_then(|number| number.parse::<f64>().ok());
                let factor = factor.filter(|factor| (LEAST..=MOST).contains(factor)).map(Timing::Original);
                factor.ok_or_else(|| format!("{text:?} is not a timing; there are original, x10 (ten times as fast), asap and step"))
            }
        }
    }

    /// How long to wait where the recording waited for `recorded`.
    pub fn wait(self, recorded: Micros) -> Duration {
        match self {
            // The factor is at least 0.001, so that a day becomes three years and not more.
            Timing::Original(factor) => Duration::from_secs_f64(recorded.duration().min(LONGEST).as_secs_f64() / factor),
            Timing::Asap | Timing::Step => Duration::ZERO,
        }
    }
}

/// Lets messages go one by one.
pub trait Gate: Send + Sync {
    /// Whether the message of this number, from 0, may go; asked again and again until it may.
    fn opens(&self, number: usize, said: &Said) -> bool;
}

/// Ours: a thousand times slower.
const LEAST: f64 = 0.001;
/// Ours: a million times faster.
const MOST: f64 = 1e6;
/// Ours: a recording with longer silence is not waited for.
const LONGEST: Duration = Duration::from_secs(86_400);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timing_is_read_and_kept() {
        let wait = |text: &str| Timing::parse(text).map(|timing| timing.wait(Micros(2_000_000)));
        assert_eq!(wait("original"), Ok(Duration::from_secs(2)));
        assert_eq!(wait("x4"), Ok(Duration::from_millis(500)));
        assert_eq!(wait("x0.5"), Ok(Duration::from_secs(4)));
        assert_eq!((wait("asap"), wait("step")), (Ok(Duration::ZERO), Ok(Duration::ZERO)));
        for wrong in ["", "x", "x0", "x-1", "xnan", "xinf", "fast", "10"] {
            assert!(Timing::parse(wrong).is_err(), "{wrong}");
        }
        assert!(Timing::Original(LEAST).wait(Micros::MAX) < Duration::from_secs(100_000_000));
    }
}
