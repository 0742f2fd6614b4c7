//! Boxes on the way, one row each: what each does to connections, and what an investigation has to call it.

mod hellos;
mod lines;
mod papers;
mod proxies;
mod streets;
mod terminators;

pub use papers::Paper;
pub use streets::{CONTROL, Street};

use crate::live::listen::ProxyPolicy;
use crate::live::middlebox::Rule;
use crate::live::middlebox::names::Trouble;
use std::time::Duration;

/// One box.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    /// Never renamed.
    pub id: &'static str,
    /// What it does, for a person.
    pub title: &'static str,
    /// How it does it.
    pub makes: Makes,
    /// The number that a user may give with it, and its unit.
    pub value: Option<(u64, Unit)>,
    /// Findings of which an investigation has to name one as the cause; none: the box harms nobody, and nothing may fail.
    pub says: &'static [&'static str],
}

/// What a number counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Milliseconds.
    Millis,
    /// Bytes.
    Bytes,
    /// Bytes in a second.
    Rate,
    /// Connections.
    Connections,
    /// TLS records.
    Records,
}

impl Unit {
    /// In a word.
    pub fn name(self) -> &'static str {
        match self {
            Unit::Millis => "ms",
            Unit::Bytes => "bytes",
            Unit::Rate => "bytes/s",
            Unit::Connections => "connections",
            Unit::Records => "records",
        }
    }
}

/// How a box does it.
#[derive(Clone, Copy, Debug)]
pub enum Makes {
    /// By rules about connections; the argument is the number given with it.
    Rules(fn(u64) -> Vec<Rule>),
    /// By rules that count for the target only; the control server is left alone.
    RulesForTarget(fn(u64) -> Vec<Rule>),
    /// By ending TLS itself, with this certificate.
    Ends(Paper, fn(u64) -> Vec<Rule>),
    /// As a forward proxy.
    Proxy(ProxyPolicy),
    /// As a forward proxy behind which these rules count, and TLS is ended where they say so.
    ProxyWith(ProxyPolicy, fn(u64) -> Vec<Rule>),
    /// As the resolver of the network.
    Names(Lie),
    /// By rules for connections to the target, and other ones for plain HTTP.
    Portal(Paper, fn(u64) -> Vec<Rule>, fn(u64) -> Vec<Rule>),
}

/// How a resolver lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lie {
    /// It gives another address for the name.
    Elsewhere,
    /// It does not lie: the name has two addresses, and the first one is dead.
    DeadFirst,
    /// It says that the name does not exist.
    NoSuchName,
    /// It gives the address of a portal for every name.
    Everything,
    /// It gives the right address for the name, and one of its own for names that do not exist.
    Rewrites,
    /// It gives no answer.
    Fails(Trouble),
}

const TABLES: [&[Kind]; 4] = [lines::KINDS, hellos::KINDS, terminators::KINDS, proxies::KINDS];

/// Every box.
pub fn all() -> impl Iterator<Item = &'static Kind> {
    TABLES.into_iter().flatten()
}

/// The box of that id.
pub fn find(id: &str) -> Option<&'static Kind> {
    all().find(|kind| kind.id == id)
}

/// A box and the number that goes with it.
#[derive(Clone, Copy, Debug)]
pub struct Chosen {
    /// The box.
    pub kind: &'static Kind,
    /// Its number; 0 where it has none.
    pub value: u64,
}

impl Chosen {
    /// Reads `ID` or `ID=NUMBER`.
    pub fn parse(text: &str) -> Result<Chosen, String> {
        let (id, number) = text.split_once('=').map_or((text, None), |(id, number)| (id, Some(number)));
        let kind = find(id).ok_or_else(|| format!("{id:?} is no middlebox; `sstp-diag lab --list-middleboxes` lists them"))?;
        match (kind.value, number) {
            (None, Some(_)) => Err(format!("{id} takes no number")),
            (None, None) => Ok(Chosen { kind, value: 0 }),
            (Some((usual, _)), None) => Ok(Chosen { kind, value: usual }),
            (Some((_, unit)), Some(number)) => {
                let value = number.parse().ok().filter(|value| (1..=MOST).contains(value));
                let value = value.ok_or_else(|| format!("{number:?} is not a number of {} from 1 to {MOST}", unit.name()))?;
                Ok(Chosen { kind, value })
            }
        }
    }
}

const fn kind(id: &'static str, title: &'static str, makes: Makes, says: &'static [&'static str]) -> Kind {
    Kind { id, title, makes, value: None, says }
}

const fn counted(id: &'static str, title: &'static str, makes: Makes, value: (u64, Unit), says: &'static [&'static str]) -> Kind {
    Kind { id, title, makes, value: Some(value), says }
}

fn millis(value: u64) -> Duration {
    Duration::from_millis(value)
}

/// Ours: the largest number that goes with a box.
const MOST: u64 = 1_000_000_000;

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn ids_are_unique_and_titles_are_titles() {
        let mut seen = HashSet::new();
        for kind in all() {
            assert!(seen.insert(kind.id), "{} twice", kind.id);
            assert!(kind.id.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'), "{}", kind.id);
            assert!(!kind.title.ends_with('.') && kind.title.len() <= 78, "{}", kind.title);
        }
        assert!(seen.len() >= 45, "{} boxes", seen.len());
    }

    #[test]
    fn a_box_is_chosen_with_or_without_its_number() {
        let chosen = |text| Chosen::parse(text).map(|chosen| (chosen.kind.id, chosen.value));
        assert_eq!(chosen("clean"), Ok(("clean", 0)));
        assert_eq!(chosen("idle-drop"), Ok(("idle-drop", 20_000)));
        assert_eq!(chosen("idle-drop=1500"), Ok(("idle-drop", 1500)));
        assert!(chosen("idle-drop=0").expect_err("zero").contains("ms"));
        assert!(chosen("clean=1").expect_err("no number").contains("takes no number"));
        assert!(chosen("toaster").expect_err("unknown").contains("--list-middleboxes"));
    }
}
