//! The path from the leaf to a trusted root through the served certificates, in whatever order they were sent.

use super::signature::{self, Signature};
use super::{Anchor, policy, rules};
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

/// The path that a client would build. Better is: trusted, then fewer bad signatures, then where trusted fewer broken rules, then
/// fewer certificates outside their dates, then shorter when trusted and longer when not.
pub(super) fn find(chain: &[Cert], anchors: &[Anchor], now: i64) -> Found {
    let mut search = Search { chain, anchors, now, steps: MAX_STEPS, best: None };
    search.extend(&mut Found { path: vec![0], ..Found::default() });
    let mut found = search.best.map(|best| best.found).unwrap_or_default();
    if let Some(root) = served_root(chain, anchors, &found, now) {
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
    best: Option<Best>,
}

/// The best path so far.
struct Best {
    proved: Proved,
    /// Rules that a trusted path breaks; counted once there is another to hold it against.
    faults: Option<usize>,
    rest: Rest,
    found: Found,
}

/// Trusted, and signatures that are bad or cannot be checked.
type Proved = (bool, Reverse<usize>);
/// Certificates outside their dates, and the length.
type Rest = (Reverse<usize>, isize);

impl Search<'_> {
    fn extend(&mut self, found: &mut Found) {
        let Some(last) = found.path.last().copied() else { return };
        let Some(cert) = self.chain.get(last) else { return };
        if self.steps == 0 {
            return self.offer(found, None);
        }
        self.steps -= 1;
        let anchors = self.anchors_of(cert, found.path.len() == 1);
        for (anchor, checked) in &anchors {
            found.unchecked.extend((!checked).then_some(last));
            self.offer(found, Some(*anchor));
            found.unchecked.retain(|index| *index != last);
        }
        let issuers = if is_self_signed(cert) { Vec::new() } else { self.issuers_of(cert, &found.path) };
        if !anchors.is_empty() && (issuers.is_empty() || self.is_sound()) {
            return;
        }
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

    /// The trusted roots that the certificate is, or that issued it, best first, and whether that is proved: a name alone is not. A leaf is
    /// one by name and key; an issuer that was sent only as what it is, since a root that was renewed has other dates and other rules.
    fn anchors_of(&self, cert: &Cert, leaf: bool) -> Vec<(usize, bool)> {
        let anchors = || self.anchors.iter().enumerate();
        let same = |anchor: &Anchor| leaf || anchor.cert.as_ref().is_none_or(|root| root.der == cert.der);
        let is = |anchor: &Anchor| anchor.name_der == *cert.subject_der && anchor.spki_der == *cert.spki_der && same(anchor);
        let own: Vec<usize> = anchors().filter(|(_, anchor)| is(anchor)).map(|(index, _)| index).collect();
        if let Some(index) = own.iter().copied().min_by_key(|index| self.anchors.get(*index).is_some_and(|anchor| self.is_stale(anchor))) {
            return vec![(index, true)];
        }
        let named = anchors().filter(|(_, anchor)| anchor.name_der == *cert.issuer_der);
        let checked = named.map(|(index, anchor)| (index, signature::check(cert, &anchor.spki_der), self.is_stale(anchor)));
        let mut rows: Vec<_> = checked.filter(|row| row.1 != Signature::Bad).collect();
        rows.sort_by_key(|row| (row.1 != Signature::Good, row.2));
        rows.into_iter().map(|(index, signature, _)| (index, signature == Signature::Good)).collect()
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
        let length = if anchor.is_some() { -length } else { length };
        let proved = (anchor.is_some(), Reverse(found.bad_signatures.len() + found.unchecked.len()));
        let rest = (Reverse(found.path.iter().filter(stale).count()), length);
        let candidate = Found { anchor, ..found.clone() };
        let (better, faults) = match &self.best {
            None => (true, None),
            Some(best) if proved != best.proved => (proved > best.proved, None),
            Some(best) if anchor.is_none() => (rest > best.rest, None),
            Some(best) => {
                let known = best.faults.unwrap_or_else(|| self.faults(&best.found));
                let faults = self.faults(&candidate);
                ((Reverse(faults), rest) > (Reverse(known), best.rest), Some(faults))
            }
        };
        if better {
            self.best = Some(Best { proved, faults, rest, found: candidate });
        }
    }

    /// The best path so far is trusted and breaks no rule.
    fn is_sound(&mut self) -> bool {
        let Some(best) = &self.best else { return false };
        let faults = best.faults.unwrap_or_else(|| self.faults(&best.found));
        let sound = faults == 0 && best.proved == (true, Reverse(0));
        if let Some(best) = &mut self.best {
            best.faults = Some(faults);
        }
        sound
    }

    /// Rules that a path breaks. The name that was dialled is a matter of the leaf, which all paths have in common.
    fn faults(&self, found: &Found) -> usize {
        let root = found.anchor.and_then(|index| self.anchors.get(index)).and_then(|anchor| anchor.cert.as_deref());
        let broken = rules::of(self.chain, &found.path, root, "", self.now);
        broken.iter().filter(|problem| problem.rule.trust_breaking()).count()
            + usize::from(policy::violation(self.chain, &found.path).is_some())
    }
}

/// The trusted root itself, where the server sent it although the path is complete without it. An old or otherwise different certificate with
/// its name and key is not it: that counts which the client has.
fn served_root(chain: &[Cert], anchors: &[Anchor], found: &Found, now: i64) -> Option<usize> {
    let anchor = anchors.get(found.anchor?)?;
    let valid = |cert: &Cert| (cert.not_before..=cert.not_after).contains(&now);
    let is_root = |cert: &Cert| anchor.is_kin_of(cert) && anchor.cert.as_ref().map_or(valid(cert), |root| root.der == cert.der);
    let root = chain.iter().position(is_root)?;
    (!found.path.contains(&root)).then_some(root)
}

/// Ours: certificates looked at in one search, against chains made to have very many paths.
const MAX_STEPS: usize = 200;
