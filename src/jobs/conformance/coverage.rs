//! The requirements, and which case covers which; what cannot be tested from outside stands here with the reason.

use super::case::{Case, Level};
use crate::base::Side;

/// A requirement of the catalogue `fixtures/conformance/requirements.tsv`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Requirement {
    /// `S-001` for servers, `C-001` for clients.
    pub id: &'static str,
    /// How binding it is.
    pub level: Level,
    /// Where it stands.
    pub section: &'static str,
    /// What it takes to test it.
    pub tags: &'static str,
    /// What it says, in our words.
    pub says: &'static str,
}

/// Every requirement for that side, in order.
pub fn requirements(side: Side) -> impl Iterator<Item = Requirement> {
    let letter = if side == Side::Server { "S-" } else { "C-" };
    CATALOGUE.lines().filter(move |line| line.starts_with(letter)).filter_map(parse)
}

fn parse(line: &'static str) -> Option<Requirement> {
    let mut cells = line.split('\t');
    let (id, level, section, tags, says) = (cells.next()?, cells.next()?, cells.next()?, cells.next()?, cells.next()?);
    Some(Requirement { id, level: Level::from_name(level)?, section, tags, says })
}

/// How a requirement stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Coverage {
    /// By the cases of these ids.
    Cases(Vec<String>),
    /// Not by a case, for this reason.
    Reason(&'static str),
    /// Neither: a gap in the suite.
    Gap,
}

/// How a requirement stands against these cases.
pub fn coverage(requirement: &Requirement, cases: &[Case]) -> Coverage {
    let ids: Vec<String> = cases.iter().filter(|case| case.covers.contains(&requirement.id)).map(|case| case.id.to_string()).collect();
    if !ids.is_empty() {
        return Coverage::Cases(ids);
    }
    UNTESTED.iter().find(|row| row.0.split(' ').any(|id| id == requirement.id)).map_or(Coverage::Gap, |row| Coverage::Reason(row.1))
}

const CATALOGUE: &str = include_str!("../../../fixtures/conformance/requirements.tsv");

/// Requirements that no case covers, and why.
pub const UNTESTED: &[(&str, &str)] = &[
    (
        "S-007",
        "every case comes without a client certificate: a server that insists on one fails the first honest call, and nothing is run",
    ),
    ("S-008", "needs a client certificate that the server trusts for TLS; `probe` notes whether one is asked for"),
    ("S-036", "needs the server's log"),
    ("S-043 S-044", "needs a server with authentication bypass configured"),
    ("S-045", "needs every session slot of the server taken"),
    ("S-295 S-296", "needs control over the server or its RADIUS"),
    ("C-005", "either answer is right: the text refuses, common TLS libraries accept"),
    ("C-007", "every case whose call comes about shows it: what is dialled stands in subjectAltName alone"),
    ("C-015", "what becomes of the interface is seen on the client's machine only"),
    ("C-017 C-018 C-019", "needs a client that is told of a proxy; `sstp-diag lab` has one to try it by hand"),
    ("C-099", "needs a client that holds a certificate; the lab's EAP-TLS server is there to try it by hand"),
    ("C-101", "needs a client with authentication bypass configured"),
    ("C-103", "every run shows a certificate of its own, so that a hash of an earlier run fails all cases of crypto binding"),
    ("C-124", "which methods the user of a client has disabled is not seen from outside"),
];
