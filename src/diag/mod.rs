//! diag

pub mod codes;
