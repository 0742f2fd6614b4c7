//! Built-in clients that break one rule each, so that a case can be seen to fail.

use crate::proto::edit::Edit;
use crate::proto::plan::ClientConfig;
use crate::proto::quirk::Quirk;

/// A client that breaks a rule.
#[derive(Clone, Copy, Debug)]
pub struct Mutant {
    /// `client.what-is-wrong`; never renamed.
    pub id: &'static str,
    /// What is wrong, for a person.
    pub title: &'static str,
    /// By what it does.
    pub quirks: &'static [Quirk],
    /// By edits of its messages.
    pub edits: &'static [&'static str],
    /// By its policy.
    pub policy: fn(&mut ClientConfig),
}

impl Mutant {
    /// The edits as they are carried out; a line that is no edit is left out, and a test finds it.
    pub fn parsed(&self) -> Vec<Edit> {
        self.edits.iter().filter_map(|line| Edit::parse(line).ok()).collect()
    }
}

/// The mutant of that id.
pub fn find(id: &str) -> Option<&'static Mutant> {
    MUTANTS.iter().find(|mutant| mutant.id == id)
}

const fn quirk(id: &'static str, title: &'static str, quirks: &'static [Quirk]) -> Mutant {
    Mutant { id, title, quirks, edits: &[], policy: |_| {} }
}

const fn edits(id: &'static str, title: &'static str, edits: &'static [&'static str]) -> Mutant {
    Mutant { id, title, quirks: &[], edits, policy: |_| {} }
}

/// Every mutant.
pub const MUTANTS: &[Mutant] = &[
    quirk("client.takes-missteps", "messages out of turn are passed over", &[Quirk::TakesMissteps]),
    quirk("client.takes-any-ack", "any Call Connect Ack will do", &[Quirk::TakesAnyAck]),
    edits("client.no-lcp", "LCP is not spoken", &["lcp.*#* drop"]),
    edits("client.no-disconnect-ack", "Call Disconnect is not acknowledged", &["sstp.call-disconnect-ack#* drop"]),
];
