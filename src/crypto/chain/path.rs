//! The path from the leaf to a trusted root through the served certificates, in whatever order they were sent.

use super::Anchor;
use super::signature::{self, Signature};
use crate::wire::cert::Cert;
use std::cmp::Reverse;
use x509_parser::prelude::{FromDer, X509Certificate};

/// The best path there is.
#[derive(Clone, Debug, Default)]
pub(super) struct Found {
    /// Indices of the served certificates, leaf first.
    pub path: Vec<usize>,
    /// Index of the trusted root it leads to.
    pub anchor: Option<usize>,
    /// Indices of the certificates in it whose signature their issuer in it did not make.
    pub bad_signatures: Vec<usize>,
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
    cert.self_issued() && signature::check(cert, spki_of(cert)) != Signature::Bad
}

/// The SubjectPublicKeyInfo of a certificate as DER.
pub(super) fn spki_of(cert: &Cert) -> &[u8] {
    X509Certificate::from_der(&cert.der).map(|(_, certificate)| certificate.tbs_certificate.subject_pki.raw).unwrap_or_default()
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
        if let Some(anchor) = self.anchor_of(cert) {
            return self.offer(found, Some(anchor));
        }
        let issuers = if is_self_signed(cert) { Vec::new() } else { self.issuers_of(cert, &found.path) };
        if issuers.is_empty() {
            return self.offer(found, None);
        }
        for issuer in issuers {
            if self.steps == 0 {
                return self.offer(found, None);
            }
            let bad = self.chain.get(issuer).is_some_and(|issuer| signature::check(cert, spki_of(issuer)) == Signature::Bad);
            found.path.push(issuer);
            found.bad_signatures.extend(bad.then_some(last));
            self.extend(found);
            found.path.pop();
            found.bad_signatures.retain(|index| *index != last);
        }
    }

    /// The certificate is a trusted root, or one issued it.
    fn anchor_of(&self, cert: &Cert) -> Option<usize> {
        let is = |anchor: &Anchor| anchor.name_der == *cert.subject_der && anchor.spki_der == spki_of(cert);
        let issued = |anchor: &Anchor| anchor.name_der == *cert.issuer_der && signature::check(cert, &anchor.spki_der) != Signature::Bad;
        self.anchors.iter().position(is).or_else(|| self.anchors.iter().position(issued))
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
            Reverse(found.bad_signatures.len()),
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
    let is_root = |cert: &Cert| cert.self_issued() && anchor.name_der == *cert.subject_der && anchor.spki_der == spki_of(cert);
    let root = chain.iter().position(is_root)?;
    (!found.path.contains(&root)).then_some(root)
}

/// Ours: certificates looked at in one search, against chains made to have very many paths.
const MAX_STEPS: usize = 200;
