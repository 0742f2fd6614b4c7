//! What two ends of the same connections saw, laid beside each other: which bytes were changed, lost or injected, and in which
//! direction. Pure; nothing is inferred that the bytes do not prove.

mod above;
mod compare;
mod rows;

pub use compare::{Change, compare};
pub use rows::{FINDINGS, Finding};

use crate::transcript::witness::{Ours, Record};
use serde::Serialize;

/// Which way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Way {
    /// From the client to the server.
    Up,
    /// From the server to the client.
    Down,
}

impl Way {
    /// In words.
    pub fn name(self) -> &'static str {
        match self {
            Way::Up => "from the client to the server",
            Way::Down => "from the server to the client",
        }
    }
}

/// One connection at both ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Pair {
    /// Its mark, or its number here.
    pub name: String,
    /// What became of the bytes from the client.
    pub up: Change,
    /// What became of the bytes from the server.
    pub down: Change,
    /// SNI as it was sent and as it arrived.
    pub sni: (Option<String>, Option<String>),
    /// JA4 of the ClientHello as it was sent and as it arrived.
    pub ja4: (Option<String>, Option<String>),
    /// A reset arrived here that the other end did not send, or the other way round.
    pub forged_reset: Vec<Way>,
    /// A connection was closed here in the other end's name, or there in ours.
    pub forged_close: Vec<Way>,
    /// The server itself reset the connection.
    pub server_reset: bool,
    /// The ClientHello that arrived is another one: somebody ends TLS on the way.
    pub other_hello: bool,
    /// TLS records sent and arrived, from the client.
    pub records_up: (usize, usize),
    /// And from the server.
    pub records_down: (usize, usize),
    /// The record that was under way longest: direction, its number from 1, and how much longer than the quickest one, microseconds.
    pub slowest: Option<(Way, usize, u64)>,
}

/// Both ends compared.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Comparison {
    /// Connections that both ends know.
    pub pairs: Vec<Pair>,
    /// Those of ours of which nothing arrived: name and what we saw.
    pub not_arrived: Vec<(String, String)>,
    /// The certificate as we were shown it and as the witness serves it, where they differ.
    pub other_certificate: Option<(String, String)>,
    /// What of the requests above TLS arrived otherwise: mark and what changed.
    pub rewritten: Vec<(String, String)>,
    /// Bodies that were held back until they were whole: direction and what was seen.
    pub held: Vec<(Way, String)>,
    /// The request of SSTP was answered here, and the server knows of none; what it was asked for.
    pub swallowed: Option<String>,
    /// What follows, the most telling first; nothing where every connection was refused.
    pub findings: Vec<Told>,
}

/// A finding and what it rests on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Told {
    /// Id of the row.
    pub id: &'static str,
    /// What it means.
    pub title: &'static str,
    /// Who can change it, and what.
    pub remedy: &'static str,
    /// What was seen, with its values.
    pub evidence: Vec<String>,
}

impl Comparison {
    /// Nothing was changed, lost or injected.
    pub fn is_clean(&self) -> bool {
        !self.findings.is_empty() && self.findings.iter().all(|told| [rows::CLEAN, rows::LATE, rows::SERVER].contains(&told.id))
    }

    /// The finding of that id.
    pub fn finding(&self, id: &str) -> Option<&Told> {
        self.findings.iter().find(|told| told.id == id)
    }
}

/// Lays both ends beside each other.
pub fn judge(ours: &Ours, theirs: &Record) -> Comparison {
    let mut comparison = compare::pairs(&ours.wires, &theirs.wires);
    comparison.other_certificate =
        ours.leaf_sha256.as_ref().filter(|leaf| **leaf != theirs.leaf_sha256).map(|leaf| (leaf.clone(), theirs.leaf_sha256.clone()));
    comparison.rewritten = ours.requests.iter().flat_map(compare::rewritten).collect();
    above::look(&mut comparison, ours, theirs);
    comparison.findings = rows::of(&comparison);
    comparison
}

#[cfg(test)]
mod tests;
