//! What is to be said of the certificate that another address of the name shows: the same judgement as on that of the call.

use super::cert::sentence_of;
use super::look::date;
use crate::crypto::chain::{ChainVerdict, Problem};
use crate::transcript::OtherLeaf;
use crate::transcript::facts::Facts;

/// `the one of 192.0.2.2:443 is refused: the server certificate gw is signed with its own key and is not trusted here`.
pub(super) fn judgement(facts: &Facts, other: &OtherLeaf) -> String {
    let from = other.from;
    match refusal(other) {
        Some(says) => format!("the one of {from} is refused: {says}"),
        None if other.verdicts.is_empty() => outside_dates(other, facts.began),
        None if is_trusted(facts) => format!("the one of {from} is another, and it is trusted too"),
        None => format!("the one of {from} is trusted"),
    }
}

/// The chain of the call is trusted by a source.
pub(super) fn is_trusted(facts: &Facts) -> bool {
    facts.trust.iter().any(|seen| seen.it.1.is_trusted())
}

/// Everything for which no source trusts the chain, by the source that knows its root, or else the first.
pub(super) fn refusal(other: &OtherLeaf) -> Option<String> {
    if other.verdicts.iter().any(|(_, verdict)| verdict.is_trusted()) {
        return None;
    }
    let knows = |(_, verdict): &&(String, ChainVerdict)| verdict.anchor.is_some();
    let (_, verdict) = other.verdicts.iter().find(knows).or(other.verdicts.first())?;
    let breaking = verdict.problems.iter().filter(|problem: &&Problem| problem.rule.trust_breaking());
    let says: Vec<String> = breaking.map(|problem| sentence_of(&other.chain, problem)).collect();
    Some(says.join(", and "))
}

/// That the leaf is past its end or before its beginning, for transcripts in which nobody judged it; nothing said where it is neither.
fn outside_dates(other: &OtherLeaf, now: i64) -> String {
    match other.chain.first() {
        Some(leaf) if leaf.not_after < now => format!("the one of {} ended {}", other.from, date(leaf.not_after)),
        Some(leaf) if now < leaf.not_before => format!("the one of {} begins only {}", other.from, date(leaf.not_before)),
        _ => String::new(),
    }
}
