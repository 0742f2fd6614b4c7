//! The path from the leaf to a trusted root through the served certificates, in whatever order they were sent.

use super::Anchor;
use super::signature::{self, Signature};
use crate::wire::cert::Cert;
use std::cmp::Reverse;

/// The best path there is.
#[derive(Clone, Debug, Default)]
pub(super) struct Found {
    /// Indices of the served certificates, leaf first.
    pub path: Vec<usize>,
    /// Index of the trusted root it leads to.
    pub anchor: Option<usize>,
    /// Indices of the certificates in it whose signature their issuer in it did not make.
    pub bad_signatures: Vec<usize>,
    /// Indices of the certificates in it whose signature nothing here can check.
    pub unchecked: Vec<usize>,
}

/// The path that a client would build. Better is: trusted, then fewer bad signatures, then fewer certificates outside
/// their dates, then shorter when trusted and longer when not.
pub(super) fn find(chain: &[Cert], anchors: &[Anchor], now: i64) -> Found {
    let mut search = Search { chain, anchors, now, steps: MAX_STEPS, best: None };
    search.extend(&mut Found { path: vec![0], ..Found::default() });
    let mut found = search.best.map(|(_, found)| found).unwrap_or_default();
    if let Some(root) = served_root(chain, anchors, &found) {
        found.path.push(root);
    }
    found
}

/// The certificate signed itself; also when nothing here can check its signature.
pub(super) fn is_self_signed(cert: &Cert) -> bool {
    cert.self_issued() && signature::check(cert, &cert.spki_der) != Signature::Bad
}

struct Search<'a> {
    chain: &'a [Cert],
    anchors: &'a [Anchor],
    now: i64,
    steps: usize,
    best: Option<(Score, Found)>,
}

type Score = (bool, Reverse<usize>, Reverse<usize>, isize);

impl Search<'_> {
    fn extend(&mut self, found: &mut Found) {
        let Some(last) = found.path.last().copied() else { return };
        let Some(cert) = self.chain.get(last) else { return };
        if self.steps == 0 {
            return self.offer(found, None);
        }
        self.steps -= 1;
        if let Some((anchor, checked)) = self.anchor_of(cert) {
            found.unchecked.extend((!checked).then_some(last));
            self.offer(found, Some(anchor));
            return found.unchecked.retain(|index| *index != last);
        }
        let issuers = if is_self_signed(cert) { Vec::new() } else { self.issuers_of(cert, &found.path) };
        if issuers.is_empty() {
            return self.offer(found, None);
        }
        for issuer in issuers {
            if self.steps == 0 {
                return self.offer(found, None);
            }
            let signature = self.chain.get(issuer).map(|issuer| signature::check(cert, &issuer.spki_der));
            found.path.push(issuer);
            found.bad_signatures.extend((signature == Some(Signature::Bad)).then_some(last));
            found.unchecked.extend((signature == Some(Signature::Unchecked)).then_some(last));
            self.extend(found);
            found.path.pop();
            found.bad_signatures.retain(|index| *index != last);
            found.unchecked.retain(|index| *index != last);
        }
    }

    /// The trusted root that the certificate is, or that issued it, and whether that is proved: a name alone is not.
    fn anchor_of(&self, cert: &Cert) -> Option<(usize, bool)> {
        let anchors = || self.anchors.iter().enumerate();
        let is = |(_, anchor): &(usize, &Anchor)| anchor.name_der == *cert.subject_der && anchor.spki_der == *cert.spki_der;
        if let Some((index, _)) = anchors().filter(is).min_by_key(|(_, anchor)| self.is_stale(anchor)) {
            return Some((index, true));
        }
        let named = anchors().filter(|(_, anchor)| anchor.name_der == *cert.issuer_der);
        let checked = named.map(|(index, anchor)| (index, signature::check(cert, &anchor.spki_der), self.is_stale(anchor)));
        let best = checked.filter(|row| row.1 != Signature::Bad).min_by_key(|row| (row.1 != Signature::Good, row.2));
        best.map(|(index, signature, _)| (index, signature == Signature::Good))
    }

    /// The root is outside its dates, as far as they are known.
    fn is_stale(&self, anchor: &Anchor) -> bool {
        anchor.cert.as_ref().is_some_and(|root| !(root.not_before..=root.not_after).contains(&self.now))
    }

    /// Served certificates with the issuer's name that are not in the path yet.
    fn issuers_of(&self, cert: &Cert, path: &[usize]) -> Vec<usize> {
        let in_path = |candidate: &Cert| path.iter().filter_map(|index| self.chain.get(*index)).any(|used| used.der == candidate.der);
        let named = self.chain.iter().enumerate().filter(|(_, candidate)| candidate.subject_der == cert.issuer_der);
        named.filter(|(_, candidate)| !in_path(candidate)).map(|(index, _)| index).collect()
    }

    fn offer(&mut self, found: &Found, anchor: Option<usize>) {
        let stale = |index: &&usize| self.chain.get(**index).is_some_and(|cert| !(cert.not_before..=cert.not_after).contains(&self.now));
        let length = isize::try_from(found.path.len()).unwrap_or(isize::MAX);
        let score = (
            anchor.is_some(),
            Reverse(found.bad_signatures.len() + found.unchecked.len()),
            Reverse(found.path.iter().filter(stale).count()),
            if anchor.is_some() { -length } else { length },
        );
        if self.best.as_ref().is_none_or(|(best, _)| score > *best) {
            self.best = Some((score, Found { anchor, ..found.clone() }));
        }
    }
}

/// The trusted root itself, where the server sent it although the path is complete without it.
fn served_root(chain: &[Cert], anchors: &[Anchor], found: &Found) -> Option<usize> {
    let anchor = anchors.get(found.anchor?)?;
    let is_root = |cert: &Cert| cert.self_issued() && anchor.name_der == *cert.subject_der && anchor.spki_der == *cert.spki_der;
    let root = chain.iter().position(is_root)?;
    (!found.path.contains(&root)).then_some(root)
}

/// Ours: certificates looked at in one search, against chains made to have very many paths.
const MAX_STEPS: usize = 200;
