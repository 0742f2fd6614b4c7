//! Sends spoilt variants of a recorded call, past the point that is reached honestly, and holds what the server does against what
//! the state tables allow it.

pub mod arena;
mod cars;
pub mod drill;
pub mod fault;
pub mod guests;
pub mod host;
pub mod hunt;
pub mod inward;
pub mod referee;
pub mod ride;
mod room;
pub mod rows;
pub mod run;
mod seat;
pub mod spoil;
pub mod spot;
pub mod train;
pub mod variant;

pub use arena::Arena;
pub use fault::{Fault, Kind};
pub use hunt::{Finding, Hunt};
pub use referee::World;
pub use ride::{Patience, Ride};
pub use rows::Mutator;
pub use variant::Variant;

#[cfg(test)]
mod tests;
