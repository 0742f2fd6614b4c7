//! Servers that break one rule each, so that a conformance case can be seen to fail. An honest call need not notice.

mod below;
mod inside;
mod lower;
mod upper;

use crate::jobs::lab::fault::Fault;

/// Every mutant.
pub(in crate::jobs::lab) fn all() -> impl Iterator<Item = &'static Fault> {
    below::MUTANTS.iter().chain(inside::MUTANTS).chain(lower::MUTANTS).chain(upper::MUTANTS)
}
