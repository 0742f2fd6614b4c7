//! Conformance: an honest end with the edits of a case, a peer under test, and a verdict on what it did.

pub mod again;
mod caller;
pub mod case;
pub mod client;
pub mod coverage;
mod evidence;
pub mod expect;
mod floor;
pub mod honest;
pub mod known;
pub mod outage;
pub mod pulse;
pub mod rehearse;
pub mod run;
pub mod server;
pub mod stand;
mod tester;
mod turns;
pub mod verdict;

pub use case::{Case, Level};
pub use expect::{Expect, View};
pub use tester::Tester;
pub use verdict::{Grade, Verdict};
