//! The certificates as the server should send them: the leaf, then each issuer, without the root. RFC 8446 4.4.2.

use super::{Anchor, path, signature};
use crate::wire::cert::Cert;

/// A chain put right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mended {
    /// The certificates in the order in which they are to be sent.
    pub certs: Vec<Cert>,
    /// The trusted root that they lead to; nothing where something is still missing.
    pub root: Option<String>,
    /// What was changed, each as a sentence without its full stop; empty when the server does it right.
    pub changes: Vec<String>,
}

/// Puts the chain right with what was served and what was fetched. Nothing when no certificate was served.
pub fn mended(served: &[Cert], fetched: &[Cert], anchors: &[Anchor], now_unix: i64) -> Option<Mended> {
    let leaf = leaf_of(served)?;
    let others = served.iter().enumerate().filter(|(index, _)| *index != leaf).map(|(_, cert)| cert);
    let all: Vec<Cert> = served.get(leaf).into_iter().chain(others).chain(fetched).cloned().collect();
    let found = path::find(&all, anchors, now_unix);
    let in_path = found.path.iter().enumerate().filter_map(|(place, index)| Some((place, all.get(*index)?)));
    let certs: Vec<Cert> =
        in_path.filter(|(place, cert)| *place == 0 || !path::is_self_signed(cert)).map(|(_, cert)| cert.clone()).collect();
    let changes = changes(served, &certs);
    let root = found.anchor.and_then(|index| anchors.get(index)).map(|anchor| anchor.title.clone());
    Some(Mended { certs, root, changes })
}

/// The server's own certificate: the first, unless that is a CA and one that it does not issue from stands behind it.
fn leaf_of(served: &[Cert]) -> Option<usize> {
    let issues = |cert: &Cert| {
        let key = &cert.spki_der;
        let below = |other: &Cert| other.issuer_der == cert.subject_der && other.der != cert.der;
        served.iter().any(|other| below(other) && signature::check(other, key) == signature::Signature::Good)
    };
    let first = served.first()?;
    let leaf = served.iter().position(|cert| !issues(cert) && cert.is_ca != Some(true)).filter(|_| issues(first));
    Some(leaf.unwrap_or(0))
}

fn changes(served: &[Cert], certs: &[Cert]) -> Vec<String> {
    let is_in = |cert: &Cert, among: &[Cert]| among.iter().any(|other| other.der == cert.der);
    let added = certs.iter().filter(|cert| !is_in(cert, served)).map(|cert| format!("{} was missing and is added", cert.title()));
    let ends = |cert: &Cert| certs.last().is_some_and(|last| last.issuer_der == cert.subject_der);
    let is_root = |cert: &Cert| ends(cert) && path::is_self_signed(cert);
    let left_out = served.iter().filter(|cert| !is_in(cert, certs)).map(|cert| match is_root(cert) {
        true => format!("the root {} is left out, clients have it", cert.title()),
        false => format!("{} is left out, it has no part in the chain", cert.title()),
    });
    let kept: Vec<&Cert> = served.iter().filter(|cert| is_in(cert, certs)).collect();
    let again = kept.iter().enumerate().any(|(at, cert)| kept.iter().take(at).any(|earlier| earlier.der == cert.der));
    // A root that is left out has its place at the end all the same.
    let root = |cert: &&Cert| is_root(cert) && !is_in(cert, certs);
    let in_order: Vec<&Cert> = certs.iter().filter(|cert| is_in(cert, served)).chain(served.iter().filter(root)).collect();
    let came: Vec<&Cert> = served.iter().filter(|cert| is_in(cert, certs) || root(cert)).collect();
    let moved = !again && came != in_order;
    let again = again.then(|| "a certificate was sent twice and is sent once".to_string());
    let moved = moved.then(|| "the order is changed: each certificate is followed by its issuer".to_string());
    added.chain(left_out).chain(again).chain(moved).collect()
}
