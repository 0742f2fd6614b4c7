//! Causes of the failure catalogue that no check can prove: they lie on the user's PC, in the logs, the registry or the
//! accounts of the server, or on the way. Codes and log lines point to them all the same.
//!
//! A row goes when a check of its id comes; a test says which.

mod lower;
mod upper;
mod why;

pub use why::Why;

use super::check::Fix;
use crate::base::Layer;

/// One cause that is told, not seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unseen {
    /// The id of the failure catalogue, never renamed.
    pub id: &'static str,
    /// Its layer.
    pub layer: Layer,
    /// One line.
    pub title: &'static str,
    /// What it means.
    pub means: &'static str,
    /// How to tell it from other causes.
    pub tell: &'static str,
    /// How to mend it.
    pub fix: Fix,
    /// The cause was read, measured or follows from the protocol; otherwise it is shown as unverified. Catalogue 0, column Conf.
    pub verified: bool,
}

/// Every row, from the lowest layer to the highest.
pub fn all() -> impl Iterator<Item = &'static Unseen> {
    lower::LOWER.iter().chain(upper::UPPER)
}

/// The row of that id.
pub fn by_id(id: &str) -> Option<&'static Unseen> {
    all().find(|row| row.id == id)
}

impl Unseen {
    /// Why no check looks for it; a test says that every row has a reason.
    pub fn why(&self) -> Option<Why> {
        why::of(self.id)
    }
}

#[expect(clippy::too_many_arguments, reason = "one argument a column of the table")]
const fn row(
    id: &'static str,
    layer: Layer,
    title: &'static str,
    means: &'static str,
    tell: &'static str,
    admin: &'static str,
    user: &'static str,
    verified: bool,
) -> Unseen {
    Unseen { id, layer, title, means, tell, fix: Fix { admin, user }, verified }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag;
    use std::collections::HashSet;

    #[test]
    fn a_row_is_unique_complete_and_no_check_has_its_id() {
        let mut ids = HashSet::new();
        for row in all() {
            assert!(ids.insert(row.id), "twice: {}", row.id);
            assert!(diag::by_id(row.id).is_none(), "{} is a check now: its row in src/diag/unseen can go", row.id);
            assert!(row.title.len() <= 80 && !row.title.ends_with('.'), "{}", row.id);
            for text in [row.means, row.tell] {
                assert!(text.ends_with('.'), "{}: {text}", row.id);
            }
            for text in [row.fix.admin, row.fix.user] {
                assert!(text.is_empty() || text.ends_with('.'), "{}: {text}", row.id);
            }
        }
    }

    #[test]
    fn every_row_has_one_reason_and_every_reason_is_for_a_cause_that_exists() {
        let listed: Vec<&str> = why::WHY.iter().flat_map(|row| row.1.iter().copied()).collect();
        for row in all() {
            assert_eq!(listed.iter().filter(|id| **id == row.id).count(), 1, "{}", row.id);
        }
        for id in listed {
            assert!(diag::cause::Cause::by_id(id).is_some(), "{id}");
        }
        for (why, _) in why::WHY {
            let ids = match why {
                Why::As(id) => vec![*id],
                Why::By(ids) => ids.to_vec(),
                _ => Vec::new(),
            };
            assert!(ids.iter().all(|id| diag::by_id(id).is_some()), "{why:?}");
        }
    }

    #[test]
    fn rows_stand_in_the_order_of_a_dial() {
        assert!(all().map(|row| row.layer).is_sorted());
    }
}
