//! crypto
pub mod chain;
