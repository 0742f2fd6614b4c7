//! Plays one side of a recorded connection again, with what binds it to its moment made anew, and holds the answers against the
//! recording.

pub mod both;
pub mod bound;
pub mod compare;
pub mod course;
mod ip;
pub mod like;
pub mod message;
pub mod moment;
pub mod outcome;
pub mod pace;
pub mod pattern;
pub mod player;
mod proof;
pub mod run;
pub mod script;
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
pub use text::FIRST_LINE;
