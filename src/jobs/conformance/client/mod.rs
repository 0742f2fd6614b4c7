//! What a client is tested for: an honest server of ours, spoilt by the edits of a case, walks it through the call.

pub mod mutants;
mod setup;

use super::case::{Case, Level, Row};
use super::expect::Expect;
use crate::base::{Side, SpecRef};

const TABLES: [&[Row]; 1] = [setup::ROWS];

/// Every client case, in the order of the topics; the families stand behind the rows.
pub fn all() -> Vec<Case> {
    TABLES.into_iter().flatten().map(Case::from).collect()
}

const fn must(id: &'static str, section: &'static str, covers: &'static [&'static str]) -> Row {
    Row::new(Side::Client, Level::Must, id, SpecRef::sstp(section), covers)
}

/// Ended somehow.
const ENDED: Expect = Expect::Any(&[Expect::Sends("sstp.call-abort"), Expect::Sends("sstp.call-disconnect"), Expect::Sends("closed")]);
/// The call goes on: LCP.
const GOES_ON: Expect = Expect::Sends("lcp.configure-request");
