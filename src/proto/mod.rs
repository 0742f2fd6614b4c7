//! The two ends of an SSTP call above TLS, without sockets and without a clock.

pub mod edit;
pub mod plan;
mod session;

pub use session::{Input, Output, Session};
