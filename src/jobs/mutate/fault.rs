//! What a target can do wrong.

use crate::base::SpecRef;

/// What kind of wrong it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// The target serves nobody any more.
    Died,
    /// What must come does not come, or a timer does not end what it must end.
    Hang,
    /// Something was taken, or answered, that must not be.
    Accepted,
    /// Another reaction than those that are allowed.
    Wrong,
    /// Bytes came that are no part of the answer.
    Leak,
    /// The target's memory grows with every variant.
    Memory,
    /// The answer takes much longer than to anything else.
    Slow,
    /// The same variant is answered now so, now otherwise.
    Flaky,
}

impl Kind {
    /// Every kind, its name and what it means.
    pub const ALL: [(Kind, &'static str, &'static str); 8] = [
        (Kind::Died, "died", "the target serves nobody any more"),
        (Kind::Hang, "hang", "what must come does not come, or a timer does not end what it must end"),
        (Kind::Accepted, "accepted", "something was taken, or answered, that must not be"),
        (Kind::Wrong, "wrong-reaction", "another reaction than those that are allowed"),
        (Kind::Leak, "leak", "bytes came that are no part of the answer, or a nonce came twice"),
        (Kind::Memory, "memory", "the target's memory grows with every variant"),
        (Kind::Slow, "slow", "the answer takes much longer than to anything else"),
        (Kind::Flaky, "flaky", "the same variant is answered now so, now otherwise"),
    ];

    /// The name in reports.
    pub fn name(self) -> &'static str {
        Kind::ALL.iter().find(|row| row.0 == self).map_or("", |row| row.1)
    }
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Its kind.
    pub kind: Kind,
    /// What, for a person.
    pub says: String,
    /// The rule.
    pub spec: SpecRef,
}

/// The same thing, numbers aside.
pub(super) fn same(one: &Fault, other: &Fault) -> bool {
    one.kind == other.kind && plain(&one.says) == plain(&other.says)
}

/// What a fault says without its numbers: two that say the same but for these are the same thing.
pub fn plain(says: &str) -> String {
    says.chars().filter(|c| !c.is_ascii_digit()).collect()
}
