//! A report as text; pure, writes to a `Write`.

pub mod model;
