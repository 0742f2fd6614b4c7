//! Servers that break one rule each, so that a conformance case can be seen to fail. An honest call need not notice.

mod lower;
mod upper;

use crate::jobs::lab::fault::Fault;

/// Every mutant.
pub(in crate::jobs::lab) fn all() -> impl Iterator<Item = &'static Fault> {
    lower::MUTANTS.iter().chain(upper::MUTANTS)
}
