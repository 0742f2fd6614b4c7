//! The one clock: microseconds since the transcript began, and the calendar time it began at.

use crate::base::Micros;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;

/// The clock of one transcript. All times in its events are relative to its start.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    start: Instant,
    unix_us: i64,
}

impl Clock {
    /// A clock that starts now.
    pub fn start() -> Clock {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Clock { start: Instant::now(), unix_us: i64::try_from(since_epoch.as_micros()).unwrap_or(i64::MAX) }
    }

    /// Time since the start.
    pub fn now(&self) -> Micros {
        Micros::from(self.start.elapsed())
    }

    /// The start in milliseconds since 1970-01-01 UTC.
    pub fn began_unix_ms(&self) -> i64 {
        self.unix_us.div_euclid(1000)
    }

    /// The present time in milliseconds since 1970-01-01 UTC; never goes backwards within a transcript.
    pub fn unix_ms(&self) -> i64 {
        self.unix_us().div_euclid(1000)
    }

    /// The present time in microseconds since 1970-01-01 UTC; never goes backwards within a transcript.
    pub fn unix_us(&self) -> i64 {
        let elapsed = i64::try_from(self.start.elapsed().as_micros()).unwrap_or(i64::MAX);
        self.unix_us.saturating_add(elapsed)
    }

    /// The present time as HTTP has it. RFC 9110 5.6.7.
    pub fn http_date(&self) -> String {
        let now = OffsetDateTime::from_unix_timestamp(self.unix_ms().div_euclid(1000)).unwrap_or(OffsetDateTime::UNIX_EPOCH);
        now.format(&Rfc2822).unwrap_or_default().replace("+0000", "GMT")
    }

    /// The moment `at` as tokio's timers want it; a moment too far off to be told is put at 30 years.
    pub fn instant(&self, at: Micros) -> tokio::time::Instant {
        let far = Duration::from_secs(30 * 365 * 86_400);
        let offset = at.duration().min(far);
        self.start.checked_add(offset).unwrap_or(self.start).into()
    }
}

/// For the TLS library.
impl rustls::time_provider::TimeProvider for Clock {
    fn current_time(&self) -> Option<rustls::pki_types::UnixTime> {
        let since = Duration::from_micros(u64::try_from(self.unix_us()).ok()?);
        Some(rustls::pki_types::UnixTime::since_unix_epoch(since))
    }
}

impl Default for Clock {
    fn default() -> Self {
        Clock::start()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_reads_as_in_http() {
        let clock = Clock { start: Instant::now(), unix_us: 784_111_777_000_000 };
        assert_eq!(clock.http_date(), "Sun, 06 Nov 1994 08:49:37 GMT");
    }

    #[test]
    fn time_goes_forward_and_the_far_future_is_bounded() {
        let clock = Clock::start();
        assert!(clock.now() <= clock.now());
        assert!(clock.unix_ms() >= clock.began_unix_ms());
        assert!(clock.instant(Micros::MAX) > clock.instant(Micros(1)));
    }
}
