//! Tests of the judgement.

mod lower;
mod random;
mod rows;
mod stories;
mod upper;
