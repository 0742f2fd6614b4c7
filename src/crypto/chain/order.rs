//! What the server sent beside the path, and in what order.

use super::signature::{self, Signature};
use super::{Anchor, Problem, Rule};
use crate::wire::cert::Cert;

/// `anchor` is the trusted root that the path leads to.
pub(super) fn of(chain: &[Cert], path: &[usize], anchor: Option<&Anchor>, now: i64) -> Vec<Problem> {
    let duplicates = duplicates(chain);
    let mut problems: Vec<Problem> = duplicates
        .iter()
        .map(|(again, first)| Problem {
            rule: Rule::Duplicate,
            cert: Some(*again),
            says: format!("is the same as certificate {}", first + 1),
        })
        .collect();
    problems.extend(leaf_behind_its_issuer(chain).or_else(|| wrong_order(path)));
    let relatives = relatives(chain, path);
    let extra = |index: &usize| !relatives.get(*index).copied().unwrap_or(true) && !duplicates.iter().any(|(again, _)| again == index);
    problems.extend((0..chain.len()).filter(extra).map(|index| Problem {
        rule: Rule::ExtraCertificate,
        cert: Some(index),
        says: "has no part in the chain of the first certificate".into(),
    }));
    let doubles = (0..chain.len()).filter(|index| !duplicates.iter().any(|(again, _)| again == index));
    problems.extend(doubles.clone().filter_map(|index| double(chain, path, index, now)));
    problems.extend(doubles.filter_map(|index| old_root(chain, path, index, anchor?, now)));
    problems
}

/// The trusted root as it was before it was renewed with the same key.
fn old_root(chain: &[Cert], path: &[usize], index: usize, anchor: &Anchor, now: i64) -> Option<Problem> {
    let cert = chain.get(index).filter(|cert| !path.contains(&index) && anchor.is_kin_of(cert) && cert.not_after < now)?;
    let says = format!("is an old certificate of the trusted root {} and has expired; clients have a newer one", cert.title());
    Some(Problem { rule: Rule::ExtraCertificate, cert: Some(index), says })
}

/// A certificate beside the path with the name of a CA in it that helps nobody: with another key, or with the same one and out of its dates.
fn double(chain: &[Cert], path: &[usize], index: usize, now: i64) -> Option<Problem> {
    let cert = chain.get(index).filter(|_| !path.contains(&index))?;
    let namesake = |other: &&usize| chain.get(**other).is_some_and(|other| other.subject_der == cert.subject_der);
    let beside = *path.iter().skip(1).find(namesake)?;
    let same_key = chain.get(beside).is_some_and(|other| other.spki_der == cert.spki_der);
    let why = match same_key {
        false => "another key",
        true if cert.not_after < now => "the same key, and has expired",
        true if now < cert.not_before => "the same key, and is not valid yet",
        true => return None,
    };
    let says = format!("bears the name of certificate {} with {why}; clients that take it for the issuer stumble over it", beside + 1);
    Some(Problem { rule: Rule::ExtraCertificate, cert: Some(index), says })
}

/// Certificates sent again, each with the index of the first of its kind.
fn duplicates(chain: &[Cert]) -> Vec<(usize, usize)> {
    let first_of = |cert: &Cert| chain.iter().position(|other| other.der == cert.der);
    chain.iter().enumerate().filter_map(|(index, cert)| first_of(cert).filter(|first| *first < index).map(|first| (index, first))).collect()
}

/// The first certificate is a CA that issued one behind it: the server's own has to be first.
fn leaf_behind_its_issuer(chain: &[Cert]) -> Option<Problem> {
    let (first, others) = chain.split_first()?;
    let issued_by_first = |cert: &Cert| {
        cert.issuer_der == first.subject_der && cert.der != first.der && signature::check(cert, &first.spki_der) == Signature::Good
    };
    let leaf = others.iter().position(issued_by_first).filter(|_| first.is_ca == Some(true))? + 1;
    let says = format!("stands first but issued certificate {}; the server's own certificate has to be first", leaf + 1);
    Some(Problem { rule: Rule::WrongOrder, cert: Some(0), says })
}

fn wrong_order(path: &[usize]) -> Option<Problem> {
    let (below, above) = path.iter().zip(path.iter().skip(1)).find(|(below, above)| above < below)?;
    let says = format!("stands before certificate {}, which it issued", below + 1);
    Some(Problem { rule: Rule::WrongOrder, cert: Some(*above), says })
}

/// For every certificate: is it in the path, a possible issuer of something in it, or below its first certificate.
fn relatives(chain: &[Cert], path: &[usize]) -> Vec<bool> {
    let mut related: Vec<bool> = (0..chain.len()).map(|index| path.contains(&index)).collect();
    let mut above: Vec<usize> = path.to_vec();
    let mut below: Vec<usize> = path.first().copied().into_iter().collect();
    let mut mark = |index: usize| related.get_mut(index).is_some_and(|seen| !std::mem::replace(seen, true));
    while let Some(cert) = above.pop().and_then(|index| chain.get(index)) {
        above.extend((0..chain.len()).filter(|i| chain.get(*i).is_some_and(|other| other.subject_der == cert.issuer_der) && mark(*i)));
    }
    while let Some(cert) = below.pop().and_then(|index| chain.get(index)) {
        below.extend((0..chain.len()).filter(|i| chain.get(*i).is_some_and(|other| other.issuer_der == cert.subject_der) && mark(*i)));
    }
    related
}
