//! Time as an argument: microseconds since the transcript began.

use serde::{Deserialize, Serialize};
use std::ops::{Add, Sub};
use std::time::Duration;

/// Microseconds since the start of a transcript.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Micros(pub u64);

impl Micros {
    /// The start.
    pub const ZERO: Micros = Micros(0);
    /// Later than everything.
    pub const MAX: Micros = Micros(u64::MAX);

    /// The same as a [`Duration`].
    pub fn duration(self) -> Duration {
        Duration::from_micros(self.0)
    }

    /// The time that has gone by since an earlier moment; zero when it is a later one.
    pub fn since(self, earlier: Micros) -> Duration {
        (self - earlier).duration()
    }

    /// Milliseconds with fractions, for showing.
    pub fn millis(self) -> f64 {
        self.0 as f64 / 1000.0
    }
}

impl From<Duration> for Micros {
    fn from(duration: Duration) -> Self {
        Micros(u64::try_from(duration.as_micros()).unwrap_or(u64::MAX))
    }
}

impl Add<Duration> for Micros {
    type Output = Micros;
    fn add(self, duration: Duration) -> Micros {
        Micros(self.0.saturating_add(Micros::from(duration).0))
    }
}

impl Sub for Micros {
    type Output = Micros;
    fn sub(self, earlier: Micros) -> Micros {
        Micros(self.0.saturating_sub(earlier.0))
    }
}

impl std::fmt::Display for Micros {
    /// `0.123 ms`, `12.3 ms` or `1.23 s`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = match self.0 {
            0..1_000 => format!("{:.3} ms", self.millis()),
            1_000..1_000_000 => format!("{:.1} ms", self.millis()),
            _ => format!("{:.2} s", self.millis() / 1000.0),
        };
        f.pad(&text)
    }
}
