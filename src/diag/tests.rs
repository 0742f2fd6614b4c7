//! Tests of the judgement.

mod lower;
mod random;
mod rows;
mod stories;
mod tap_across;
mod tap_compared;
mod tap_lower;
mod tap_upper;
mod tls_scan;
mod upper;
