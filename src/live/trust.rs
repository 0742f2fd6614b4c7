//! Which roots are trusted, and the judgement on a served chain.

use super::LiveError;
use super::notes::Notes;
use super::tls::Signature;
use crate::base::{Bytes, Layer};
use crate::crypto::chain::{Anchor, ChainVerdict, Problem, Rule, judge};
use crate::proto::auth::Roots;
use crate::transcript::{Reason, What};
use crate::wire::cert::Cert;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::OnceLock;

/// A store of roots.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Store {
    /// The operating system's.
    #[default]
    System,
    /// Mozilla's, compiled in.
    Mozilla,
}

impl Store {
    /// The name in arguments and events.
    pub fn name(self) -> &'static str {
        match self {
            Store::System => "system",
            Store::Mozilla => "mozilla",
        }
    }

    /// The store of that name.
    pub fn from_name(name: &str) -> Option<Store> {
        [Store::System, Store::Mozilla].into_iter().find(|store| store.name() == name)
    }
}

/// What is trusted: the certificates of `--ca`, then stores, each read only when it is asked.
#[derive(Debug, Default)]
pub struct Trust {
    own: Option<(String, Vec<Anchor>)>,
    first: Store,
    /// Asked after the first.
    further: Option<Store>,
    /// Every source gives its verdict, though one before trusts the chain.
    every: bool,
    system: OnceLock<Vec<Anchor>>,
    mozilla: OnceLock<Vec<Anchor>>,
}

impl Trust {
    /// Reads the file of `--ca` (PEM or DER, several certificates), if there is one.
    pub fn open(store: Store, ca: Option<&Path>) -> Result<Trust, LiveError> {
        let own = match ca {
            Some(path) => Some((path.display().to_string(), read_anchors(path)?)),
            None => None,
        };
        Ok(Trust { own, first: store, ..Trust::default() })
    }

    /// Certificates at hand (DER) in place of a file; what is no certificate is left out.
    pub fn of(store: Store, source: impl Into<String>, ders: &[Vec<u8>]) -> Trust {
        let anchors = ders.iter().filter_map(|der| Anchor::from_root(der).ok()).collect();
        Trust { own: Some((source.into(), anchors)), first: store, ..Trust::default() }
    }

    /// The same roots, and those of another store behind them.
    pub fn and(self, store: Store) -> Trust {
        let further = if store == self.first { self.further } else { Some(store) };
        Trust { further, ..self }
    }

    /// The same roots, and every source gives its verdict, though one before trusts the chain.
    pub fn side_by_side(self) -> Trust {
        Trust { every: true, ..self }
    }

    /// The names of the sources that each give a verdict; none where they are asked in turn until one trusts.
    pub fn compared(&self) -> Vec<String> {
        let own = self.own.iter().map(|(source, _)| source.clone());
        let stores = self.stores().map(|store| store.name().to_string());
        own.chain(stores).filter(|_| self.every).collect()
    }

    /// Judges the chain for `name` at a moment (seconds since 1970-01-01 UTC) with every source, or with each until one trusts
    /// it: each verdict, and why the chain is not trusted in the end.
    pub fn judged(&self, certs: &[Bytes], name: &str, unix: i64) -> (Vec<(String, ChainVerdict)>, Option<String>) {
        let mut verdicts = Vec::new();
        let (mut refused, mut trusted): (Option<(bool, String)>, bool) = (None, false);
        let parsed = parsed(certs);
        for (source, anchors) in self.sources() {
            let verdict = match &parsed {
                Ok(chain) => judge(chain, anchors, name, unix),
                Err(unreadable) => unreadable.clone(),
            };
            let problem = refusal(&verdict);
            let reaches_root = verdict.anchor.is_some();
            verdicts.push((source.to_string(), verdict));
            let Some(says) = problem else {
                trusted = true;
                if self.every { continue } else { break }
            };
            // Of two refusals the one of the store that knows the root tells what is really wrong.
            if refused.as_ref().is_none_or(|(known, _)| reaches_root && !known) {
                refused = Some((reaches_root, says));
            }
        }
        (verdicts, refused.filter(|_| !trusted).map(|row| row.1))
    }

    /// The chain leads to a root of Mozilla's store, whatever is trusted here.
    pub fn is_public(&self, certs: &[Bytes], name: &str, unix: i64) -> bool {
        parsed(certs).is_ok_and(|chain| judge(&chain, self.roots(Store::Mozilla), name, unix).anchor.is_some())
    }

    /// The certificates of one file and nothing else, by name: for EAP, where a profile names its roots one by one.
    pub fn file_only(path: &Path) -> Result<Vec<(String, Vec<Anchor>)>, LiveError> {
        Ok(vec![(path.display().to_string(), read_anchors(path)?)])
    }

    /// The judgement of the source that trusts the chain, else of one that knows its root, else of the first; and the roots
    /// of that source.
    pub fn best(&self, chain: &[Cert], name: &str, unix: i64) -> (ChainVerdict, &[Anchor]) {
        let mut best: Option<(ChainVerdict, &[Anchor])> = None;
        for (_, anchors) in self.sources() {
            let verdict = judge(chain, anchors, name, unix);
            if verdict.is_trusted() {
                return (verdict, anchors);
            }
            if best.as_ref().is_none_or(|(known, _)| known.anchor.is_none() && verdict.anchor.is_some()) {
                best = Some((verdict, anchors));
            }
        }
        best.unwrap_or_default()
    }

    /// The sources in the order in which they are asked.
    fn sources(&self) -> impl Iterator<Item = (&str, &[Anchor])> {
        let own = self.own.iter().map(|(source, anchors)| (source.as_str(), anchors.as_slice()));
        own.chain(self.stores().map(|store| (store.name(), self.roots(store))))
    }

    fn stores(&self) -> impl Iterator<Item = Store> {
        std::iter::once(self.first).chain(self.further)
    }

    fn roots(&self, store: Store) -> &[Anchor] {
        let kept = match store {
            Store::System => &self.system,
            Store::Mozilla => &self.mozilla,
        };
        kept.get_or_init(|| load(store))
    }
}

impl Roots for Trust {
    fn each(&self, judge: &mut dyn FnMut(&str, &[Anchor]) -> bool) {
        let _ = self.sources().any(|(source, anchors)| judge(source, anchors));
    }
}

fn load(store: Store) -> Vec<Anchor> {
    match store {
        Store::Mozilla => webpki_roots::TLS_SERVER_ROOTS.iter().map(Anchor::from).collect(),
        Store::System => {
            let found = rustls_native_certs::load_native_certs();
            found.certs.iter().filter_map(|der| Anchor::from_root(der).ok()).collect()
        }
    }
}

fn read_anchors(path: &Path) -> Result<Vec<Anchor>, LiveError> {
    let trouble = |error| LiveError::file("read the CA file", path, error);
    let invalid = |why: String| trouble(io::Error::new(io::ErrorKind::InvalidData, why));
    let bytes = std::fs::read(path).map_err(trouble)?;
    let ders = match bytes.windows(PEM.len()).any(|window| window == PEM) {
        true => CertificateDer::pem_slice_iter(&bytes)
            .map(|der| der.map(|der| der.to_vec()).map_err(|error| invalid(format!("not PEM: {error}"))))
            .collect::<Result<Vec<_>, _>>()?,
        false => der_values(&bytes).ok_or_else(|| invalid("neither PEM nor DER".into()))?,
    };
    if ders.is_empty() {
        return Err(invalid("no certificate in it".into()));
    }
    ders.iter().map(|der| Anchor::from_root(der).map_err(|error| invalid(error.to_string()))).collect()
}

/// DER certificates one behind the other. X.690 8.1.
fn der_values(mut bytes: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut all = Vec::new();
    while !bytes.is_empty() {
        let (rest, _) = x509_parser::parse_x509_certificate(bytes).ok()?;
        all.push(bytes.get(..bytes.len() - rest.len())?.to_vec());
        bytes = rest;
    }
    Some(all)
}

/// Judges the chain for `name` with every source until one trusts it, notes each verdict and the state of
/// [`Layer::Cert`]; whether it is trusted, and that by signatures that were all checked.
pub fn weigh(certs: &[Bytes], signature: &Signature, trust: &Trust, name: &str, notes: &mut Notes<'_>) -> bool {
    notes.began(Layer::Cert);
    let (proven, mut refused) = judge_and_note(certs, trust, name, notes);
    if *signature == Signature::Forged {
        refused = Some("the server's signature in the handshake was not made with the certificate's key".into());
    }
    match refused {
        None => notes.up(Layer::Cert),
        Some(ref says) => notes.down(Layer::Cert, Reason::Untrusted(says.clone())),
    }
    refused.is_none() && proven
}

/// Judges a chain of which only a hand-made hello knows: the layer was not reached, and its state is not noted.
pub fn weigh_aside(certs: &[Bytes], trust: &Trust, name: &str, notes: &mut Notes<'_>) {
    judge_and_note(certs, trust, name, notes);
}

/// Judges the chain that another address showed, by the same rules and for the same name.
pub fn weigh_other(certs: &[Bytes], from: SocketAddr, trust: &Trust, name: &str, notes: &mut Notes<'_>) {
    let (verdicts, _) = trust.judged(certs, name, notes.clock.unix_ms().div_euclid(1000));
    for (source, verdict) in verdicts {
        notes.note(None, Layer::Cert, What::OtherTrust { from, source, verdict });
    }
}

/// Notes each verdict; whether one is proven, and why none trusts the chain.
fn judge_and_note(certs: &[Bytes], trust: &Trust, name: &str, notes: &mut Notes<'_>) -> (bool, Option<String>) {
    let (verdicts, refused) = trust.judged(certs, name, notes.clock.unix_ms().div_euclid(1000));
    let proven = verdicts.iter().any(|(_, verdict)| verdict.is_proven());
    for (source, verdict) in verdicts {
        notes.note(None, Layer::Cert, What::Trust { source, verdict });
    }
    (proven, refused)
}

/// The certificates; those that cannot be read are left out, as the facts do, so that the indices fit. Without the first
/// there is nothing to judge.
fn parsed(certs: &[Bytes]) -> Result<Vec<Cert>, ChainVerdict> {
    let mut parsed = certs.iter().map(|der| Cert::parse(der));
    match parsed.next() {
        Some(Err(error)) => {
            let problem = Problem { rule: Rule::Unparsable, cert: Some(0), says: format!("cannot be read: {error}") };
            Err(ChainVerdict { problems: vec![problem], ..ChainVerdict::default() })
        }
        first => Ok(first.into_iter().chain(parsed).flatten().collect()),
    }
}

/// Why a chain is not trusted, in words.
pub fn refusal(verdict: &ChainVerdict) -> Option<String> {
    verdict.problems.iter().find(|problem| problem.rule.trust_breaking()).map(in_words)
}

/// `the server's certificate ended 2025-01-01, 3 days ago`.
fn in_words(problem: &Problem) -> String {
    match problem.cert {
        None => problem.says.clone(),
        Some(0) => format!("the server's certificate {}", problem.says),
        Some(index) => format!("certificate {} of the chain {}", index + 1, problem.says),
    }
}

/// RFC 7468 2.
const PEM: &[u8] = b"-----BEGIN ";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::clock::Clock;
    use crate::transcript::Event;

    struct Pki {
        root: Vec<u8>,
        leaf: Vec<u8>,
    }

    fn pki() -> Pki {
        let mut params = rcgen::CertificateParams::new(Vec::new()).expect("no names");
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        params.distinguished_name.push(rcgen::DnType::CommonName, "Test Root");
        let key = rcgen::KeyPair::generate().expect("a key");
        let root = params.self_signed(&key).expect("a root").der().to_vec();
        let issuer = rcgen::Issuer::new(params, key);
        let mut params = rcgen::CertificateParams::new(vec!["vpn.example.test".into()]).expect("a name");
        params.extended_key_usages.push(rcgen::ExtendedKeyUsagePurpose::ServerAuth);
        let leaf = params.signed_by(&rcgen::KeyPair::generate().expect("a key"), &issuer).expect("a leaf").der().to_vec();
        Pki { root, leaf }
    }

    fn weighed(certs: &[Bytes], signature: &Signature, trust: &Trust, name: &str) -> (bool, Vec<Event>) {
        let (clock, mut events) = (Clock::start(), Vec::new());
        let trusted = weigh(certs, signature, trust, name, &mut Notes::new(&clock, &mut events));
        (trusted, events)
    }

    #[test]
    fn the_own_root_is_asked_first_and_the_store_only_when_it_does_not_do() {
        let pki = pki();
        let trust = Trust::of(Store::Mozilla, "lab", &[pki.root]);
        let certs = [Bytes::from(pki.leaf)];
        let (trusted, events) = weighed(&certs, &Signature::Good, &trust, "vpn.example.test");
        assert!(trusted, "{events:?}");
        assert!(trust.mozilla.get().is_none(), "the store was not needed");
        let (trusted, events) = weighed(&certs, &Signature::Good, &trust, "other.example.test");
        let verdicts = events.iter().filter(|event| matches!(event.what, What::Trust { .. })).count();
        assert_eq!((trusted, verdicts), (false, 2));
        assert!(matches!(events.last().map(|event| &event.what), Some(What::Down(Reason::Untrusted(_)))));
    }

    #[test]
    fn sources_side_by_side_each_give_a_verdict_and_one_that_trusts_is_enough() {
        let pki = pki();
        let certs = [Bytes::from(pki.leaf)];
        let trust = |ders: &[Vec<u8>]| Trust::of(Store::Mozilla, "corp.pem", ders).and(Store::System).and(Store::Mozilla);
        let sources = |trust: &Trust, name: &str| {
            let (verdicts, refused) = trust.judged(&certs, name, Clock::start().unix_ms() / 1000);
            let rows = verdicts.into_iter().map(|(source, verdict)| (source, verdict.is_trusted())).collect::<Vec<_>>();
            (rows, refused.is_some())
        };
        let row = |source: &str, trusted| (source.to_string(), trusted);
        let every = Trust::of(Store::Mozilla, "corp.pem", std::slice::from_ref(&pki.root)).and(Store::System).side_by_side();
        assert_eq!(every.compared(), ["corp.pem", "mozilla", "system"]);
        let told = sources(&every, "vpn.example.test");
        assert_eq!(told, (vec![row("corp.pem", true), row("mozilla", false), row("system", false)], false));
        assert!(sources(&every, "other.example.test").1, "a name that nobody accepts");
        let in_turn = trust(std::slice::from_ref(&pki.root));
        assert_eq!((sources(&in_turn, "vpn.example.test"), in_turn.compared()), ((vec![row("corp.pem", true)], false), vec![]));
        assert_eq!(Trust::open(Store::System, None).expect("no file").and(Store::System).side_by_side().compared(), ["system"], "once");
    }

    #[test]
    fn a_forged_handshake_and_an_unreadable_leaf_are_not_trusted() {
        let pki = pki();
        let trust = Trust::of(Store::Mozilla, "lab", std::slice::from_ref(&pki.root));
        assert!(!weighed(&[Bytes::from(pki.leaf)], &Signature::Forged, &trust, "vpn.example.test").0);
        let (trusted, events) = weighed(&[Bytes::from(vec![1, 2, 3]), Bytes::from(pki.root)], &Signature::None, &trust, "vpn.example.test");
        assert!(!trusted);
        assert!(matches!(&events[1].what, What::Trust { verdict, .. } if verdict.problem(Rule::Unparsable).is_some()));
    }

    #[test]
    fn a_ca_file_is_pem_or_der_with_several_certificates() {
        let pki = pki();
        let path = std::env::temp_dir().join(format!("sstp-diag-trust-{}", std::process::id()));
        std::fs::write(&path, [pki.root.clone(), pki.root.clone()].concat()).expect("written");
        assert_eq!(read_anchors(&path).expect("two of DER").len(), 2);
        std::fs::write(&path, b"-----BEGIN CERTIFICATE-----\nMAMCAQA=\n-----END CERTIFICATE-----\n").expect("written");
        assert!(read_anchors(&path).is_err(), "PEM without a certificate inside");
        std::fs::write(&path, b"hello").expect("written");
        assert!(Trust::open(Store::System, Some(&path)).expect_err("no certificate").to_string().contains("neither PEM nor DER"));
        let _ = std::fs::remove_file(&path);
    }
}
