//! Plays one side of a recorded connection again, with what binds it to its moment made anew, and holds the answers against the
//! recording.

mod asked;
pub mod both;
pub mod bound;
pub mod compare;
pub mod course;
mod ip;
pub mod like;
pub mod listen;
pub mod load;
pub mod message;
pub mod moment;
pub mod outcome;
pub mod pace;
pub mod pattern;
pub mod player;
pub(in crate::jobs) mod proof;
pub mod run;
pub mod script;
mod seen;
mod text;
mod values;

pub use course::Course;
pub use message::{Lane, Said};
pub use moment::{Present, Substituted};
pub use outcome::{Divergence, Kind, Outcome};
pub use pace::{Gate, Timing};
pub use pattern::Pattern;
pub use player::{Manner, Player};
pub use script::{NotPlayable, Script, Step};
pub use seen::seen;
pub use text::{FIRST_LINE, FIRST_WORDS, MARK};

use time::OffsetDateTime;

/// The time in the form of HTTP, such as `Sun, 22 Nov 2026 17:47:42 GMT`. RFC 9110 5.6.7.
fn date(unix_ms: i64) -> String {
    let Ok(time) = OffsetDateTime::from_unix_timestamp(unix_ms.div_euclid(1000)) else { return String::new() };
    let short = |name: String| name.chars().take(3).collect::<String>();
    let (weekday, month) = (short(time.weekday().to_string()), short(time.month().to_string()));
    format!("{weekday}, {:02} {month} {:04} {:02}:{:02}:{:02} GMT", time.day(), time.year(), time.hour(), time.minute(), time.second())
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_date_has_the_form_of_http() {
        assert_eq!(super::date(1_795_369_662_718), "Sun, 22 Nov 2026 17:47:42 GMT");
        assert_eq!(super::date(i64::MAX), "");
    }
}
