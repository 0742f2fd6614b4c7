//! A certificate chain judged certificate by certificate, since the library's own verdict names no culprit.
//! RFC 5280 6, with what a Windows client adds or leaves out.

mod constraints;
mod mend;
mod order;
mod path;
mod policy;
mod rsa;
mod rules;
pub(super) mod signature;

pub use mend::{Mended, mended};
pub use rules::{moment, span};

use crate::base::{WireError, hex};
use crate::wire::cert::{Cert, name_title};
use crate::wire::der::{SEQUENCE_OCTET, emit};
use rustls::pki_types::TrustAnchor;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use x509_parser::oid_registry::{OID_DOMAIN_COMPONENT, OID_X509_ORGANIZATION_NAME};
use x509_parser::prelude::FromDer;
use x509_parser::x509::X509Name;

/// A root that is trusted: a name and a key. RFC 5280 6.1.1 (d).
#[derive(Clone)]
pub struct Anchor {
    /// The subject as DER.
    pub name_der: Vec<u8>,
    /// The SubjectPublicKeyInfo as DER.
    pub spki_der: Vec<u8>,
    /// What to call it in a sentence.
    pub title: String,
    /// The whole root, where it is known: Windows holds its dates and constraints against a chain too. Mozilla's list leaves them out.
    pub cert: Option<Arc<Cert>>,
}

/// Two anchors trust the same: name and key. RFC 5280 6.1.1 (d).
impl PartialEq for Anchor {
    fn eq(&self, other: &Anchor) -> bool {
        (&self.name_der, &self.spki_der) == (&other.name_der, &other.spki_der)
    }
}

impl Eq for Anchor {}

impl Anchor {
    /// The anchor that a whole root certificate stands for.
    pub fn from_root(der: &[u8]) -> Result<Anchor, WireError> {
        let cert = Cert::parse(der)?;
        Ok(Anchor { cert: Some(Arc::new(cert.clone())), ..Anchor::of(&cert) })
    }

    /// Name and key of a certificate: what it is as an issuer.
    pub fn of(cert: &Cert) -> Anchor {
        Anchor { name_der: cert.subject_der.0.clone(), spki_der: cert.spki_der.to_vec(), title: cert.title().to_string(), cert: None }
    }

    /// The certificate is this root, or was before it was renewed, or will be: it names itself as its issuer, with the name and the key.
    fn is_kin_of(&self, cert: &Cert) -> bool {
        cert.self_issued() && self.name_der == *cert.subject_der && self.spki_der == *cert.spki_der
    }
}

impl From<&TrustAnchor<'_>> for Anchor {
    /// The anchor that webpki keeps as the contents of two SEQUENCEs.
    fn from(anchor: &TrustAnchor<'_>) -> Anchor {
        let name_der = emit(SEQUENCE_OCTET, &anchor.subject);
        let title = X509Name::from_der(&name_der).map_or_else(|_| hex(&name_der), |(_, name)| name_title(&name));
        Anchor { title, spki_der: emit(SEQUENCE_OCTET, &anchor.subject_public_key_info), name_der, cert: None }
    }
}

impl std::fmt::Debug for Anchor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Anchor({})", self.title)
    }
}

/// What can be wrong with a chain; the names are the ids of the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rule {
    /// The server sent no certificate. RFC 5246 7.4.2, RFC 8446 4.4.2.4.
    Empty,
    /// A part of the certificate that decides about trust cannot be read. RFC 5280 4.1.
    Unparsable,
    /// Past its last second. RFC 5280 6.1.3 (a)(2); Windows: CERT_E_EXPIRED.
    Expired,
    /// Before its first second. RFC 5280 6.1.3 (a)(2); Windows: CERT_E_EXPIRED too.
    NotYetValid,
    /// It ends before it begins, so that there is no moment at which it is valid. RFC 5280 4.1.2.5; Windows: CERT_E_EXPIRED (unverified).
    DatesReversed,
    /// The dialled name is not on the leaf. RFC 9525 6; Windows: CERT_E_CN_NO_MATCH.
    NameMismatch,
    /// A wildcard covers exactly one label. RFC 6125 6.4.3; Windows: CERT_E_CN_NO_MATCH.
    WildcardDepth,
    /// Only the common name matches: Windows may accept that, newer stacks do not. RFC 9525 6.3.
    CnOnly,
    /// The name stands on the leaf in Unicode, not as DNS carries it. RFC 5280 7.2; Windows: CERT_E_CN_NO_MATCH (unverified).
    IdnNotEncoded,
    /// An address was dialled that the leaf does not name. RFC 9525 6.5; Windows: CERT_E_CN_NO_MATCH.
    IpNotInSan,
    /// The leaf signed itself and is not trusted. Windows: CERT_E_UNTRUSTEDROOT.
    SelfSigned,
    /// The chain ends at a root that is not trusted. Windows: CERT_E_UNTRUSTEDROOT.
    UntrustedRoot,
    /// The leaf's issuer was not sent. RFC 5246 7.4.2; Windows: CERT_E_CHAINING unless it can fetch the issuer.
    MissingIntermediate,
    /// An issuer stands before what it issued. RFC 5246 7.4.2; RFC 8446 4.4.2 lets clients cope, and they do.
    WrongOrder,
    /// A certificate that has no part in the chain. RFC 8446 4.4.2.
    ExtraCertificate,
    /// The same certificate twice.
    Duplicate,
    /// extKeyUsage is there without serverAuth or anyExtendedKeyUsage. MS-SSTP 3.2.4.1; Windows: event 16.
    EkuMissing,
    /// No extKeyUsage at all: MS-SSTP 3.2.4.1 read by the letter wants it, clients accept it.
    EkuAbsent,
    /// keyUsage forbids what the certificate is used for. RFC 5280 4.2.1.3.
    KeyUsage,
    /// An issuer that is no CA. RFC 5280 6.1.4 (k); Windows: TRUST_E_BASIC_CONSTRAINTS.
    BasicConstraints,
    /// More CA certificates below than pathLenConstraint allows. RFC 5280 6.1.4 (m).
    PathLength,
    /// A CA above does not allow the names of the leaf. RFC 5280 6.1.3 (b) and (c); Windows: CERT_E_INVALID_NAME.
    NameConstraints,
    /// A CA demands a policy that holds through the whole chain, and none does, or maps what may not be mapped. RFC 5280 6.1.3 (f);
    /// Windows: CERT_E_INVALID_POLICY.
    PolicyConstraints,
    /// A key below 2048 bits (RSA, DSA) or 224 bits (EC). Windows refuses RSA only below 1024 bits unless set otherwise.
    WeakKey,
    /// Signed in a way that Windows does not know. CNG has no SHA-224, SHA-512/224, SHA-512/256, RIPEMD-160, EdDSA, GOST R 34.10 and SM2, and SHA-3
    /// since Windows 11 24H2 only (CNG algorithm identifiers); Windows: TRUST_E_CERT_SIGNATURE (unverified).
    ForeignSignature,
    /// Signed with SHA-1, MD5, MD4 or MD2. Windows refuses these below public roots only.
    WeakSignature,
    /// The signature was not made with the issuer's key. RFC 5280 6.1.3 (a)(1); Windows: TRUST_E_CERT_SIGNATURE.
    BadSignature,
    /// Signed in a way that nothing here can check, so that nothing is proved. Windows may well check it.
    UncheckedSignature,
    /// A critical extension that clients do not know. RFC 5280 4.2; Windows: CERT_E_CRITICAL.
    UnknownCritical,
    /// Valid for more than 825 days, which Apple systems refuse (HT210176); Windows does not.
    ValidityTooLong,
    /// Neither a CRL nor an OCSP address: revocation cannot be checked. Windows: CRYPT_E_NO_REVOCATION_CHECK at worst.
    NoRevocationInfo,
    /// Every revocation address is LDAP, unreachable from outside the domain. Windows: CRYPT_E_REVOCATION_OFFLINE.
    CrlLdapOnly,
    /// Valid now, but not for long.
    ExpiresSoon,
}

impl Rule {
    /// The name of the report: `untrusted-root`.
    pub fn name(self) -> String {
        serde_json::to_value(self).ok().and_then(|name| name.as_str().map(str::to_string)).unwrap_or_default()
    }

    /// Whether a Windows client outside the server's domain refuses the server for it.
    pub fn trust_breaking(self) -> bool {
        match self {
            Rule::Empty | Rule::Unparsable | Rule::Expired | Rule::NotYetValid | Rule::DatesReversed => true,
            Rule::NameMismatch | Rule::WildcardDepth | Rule::IdnNotEncoded | Rule::IpNotInSan => true,
            Rule::SelfSigned | Rule::UntrustedRoot | Rule::MissingIntermediate => true,
            Rule::BadSignature => true,
            Rule::EkuMissing
            | Rule::KeyUsage
            | Rule::BasicConstraints
            | Rule::PathLength
            | Rule::NameConstraints
            | Rule::PolicyConstraints => true,
            Rule::ForeignSignature | Rule::UnknownCritical | Rule::CrlLdapOnly => true,
            // That we cannot check it is no fault of the server; what it takes to trust is `ChainVerdict::is_proven`.
            Rule::UncheckedSignature => false,
            Rule::CnOnly | Rule::EkuAbsent | Rule::WeakKey | Rule::WeakSignature => false,
            Rule::WrongOrder | Rule::ExtraCertificate | Rule::Duplicate => false,
            Rule::ValidityTooLong | Rule::NoRevocationInfo | Rule::ExpiresSoon => false,
        }
    }
}

impl Rule {
    /// The order in which Windows names what is wrong, as Wine reads it (`dlls/crypt32/chain.c`, `verify_ssl_policy`; unverified on Windows):
    /// signatures, the end of the chain, dates, purposes and constraints, names. What breaks no trust comes last.
    fn rank(self) -> u8 {
        match self {
            _ if !self.trust_breaking() => 9,
            Rule::Empty | Rule::Unparsable => 0,
            Rule::BadSignature | Rule::ForeignSignature => 1,
            Rule::SelfSigned | Rule::UntrustedRoot | Rule::MissingIntermediate => 2,
            Rule::Expired | Rule::NotYetValid | Rule::DatesReversed => 3,
            Rule::NameMismatch | Rule::WildcardDepth | Rule::IdnNotEncoded | Rule::IpNotInSan => 5,
            Rule::CrlLdapOnly => 6,
            _ => 4,
        }
    }
}

/// One thing that is wrong, on the certificate it is wrong with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// What rule says so.
    pub rule: Rule,
    /// Index of the served certificate, from 0; `None` when it is the chain as a whole.
    pub cert: Option<usize>,
    /// The rest of a sentence that begins with the certificate: `ended 2025-01-01, 3 days ago`.
    pub says: String,
}

/// The chain that a client would build, and everything wrong with it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChainVerdict {
    /// Indices of the served certificates that make up the chain, leaf first.
    pub path: Vec<usize>,
    /// The trusted root that the chain leads to, where it leads to one.
    pub anchor: Option<String>,
    /// What is wrong; what breaks trust comes first, what Windows names first before the rest, then by certificate.
    pub problems: Vec<Problem>,
}

impl ChainVerdict {
    /// Nothing is wrong that a Windows client refuses the server for.
    pub fn is_trusted(&self) -> bool {
        !self.problems.iter().any(|problem| problem.rule.trust_breaking())
    }

    /// It is trusted, and every signature in it was checked: a password may go to whoever has the key.
    pub fn is_proven(&self) -> bool {
        self.is_trusted() && self.problem(Rule::UncheckedSignature).is_none()
    }

    /// What keeps the chain from being proven, worst first.
    pub fn in_the_way(&self) -> Option<&Problem> {
        let breaking = self.problems.iter().find(|problem| problem.rule.trust_breaking());
        breaking.or_else(|| self.problem(Rule::UncheckedSignature))
    }

    /// The first problem of that rule.
    pub fn problem(&self, rule: Rule) -> Option<&Problem> {
        self.problems.iter().find(|problem| problem.rule == rule)
    }
}

/// Who issued the certificate at a place of the path: the next one in it, or a trusted root whose key made its signature.
pub fn issuer(chain: &[Cert], path: &[usize], place: usize, anchors: &[Anchor]) -> Option<Anchor> {
    let cert = chain.get(*path.get(place)?)?;
    if let Some(next) = path.get(place + 1).and_then(|index| chain.get(*index)) {
        return Some(Anchor::of(next));
    }
    anchors.iter().find(|anchor| issued_by(cert, anchor)).cloned()
}

/// Whether the issuer has the name that the certificate gives, and its key made the certificate's signature.
pub fn issued_by(cert: &Cert, issuer: &Anchor) -> bool {
    issuer.name_der[..] == cert.issuer_der[..] && signature::check(cert, &issuer.spki_der) == signature::Signature::Good
}

/// Judges the served certificates, leaf first as sent, for a client that trusts `anchors`, dialled `name` and reads
/// `now_unix` (seconds since 1970-01-01 UTC) from its clock.
pub fn judge(chain: &[Cert], anchors: &[Anchor], name: &str, now_unix: i64) -> ChainVerdict {
    if chain.is_empty() {
        let says = "the server sent no certificate".to_string();
        return ChainVerdict { problems: vec![Problem { rule: Rule::Empty, cert: None, says }], ..ChainVerdict::default() };
    }
    let found = path::find(chain, anchors, now_unix);
    let mut problems = trust(chain, anchors, &found);
    let anchor = found.anchor.and_then(|index| anchors.get(index));
    problems.extend(order::of(chain, &found.path, anchor, now_unix));
    let root = anchor.and_then(|anchor| anchor.cert.as_deref());
    problems.extend(rules::of(chain, &found.path, root, name, now_unix));
    problems.extend(policy::violation(chain, &found.path));
    problems.sort_by_key(|problem| (problem.rule.rank(), problem.cert, problem.rule));
    let anchor = anchor.map(|anchor| anchor.title.clone());
    ChainVerdict { path: found.path, anchor, problems }
}

/// Bad signatures on the way, and where the way ends.
fn trust(chain: &[Cert], anchors: &[Anchor], found: &path::Found) -> Vec<Problem> {
    let mut problems: Vec<Problem> = found.bad_signatures.iter().map(|index| bad_signature(chain, *index)).collect();
    problems.extend(found.unchecked.iter().map(|index| unchecked_signature(chain, *index)));
    if found.anchor.is_none() {
        let circle = || circle(chain, &found.path);
        problems.extend(found.path.last().and_then(|last| {
            let cert = chain.get(*last)?;
            Some(circle().unwrap_or_else(|| dead_end(*last, cert, anchors, found.path.len())))
        }));
    }
    problems
}

fn bad_signature(chain: &[Cert], index: usize) -> Problem {
    let issuer = chain.get(index).map_or("", |cert| cert.issuer.as_str());
    let says = format!("names {issuer} as its issuer, and a certificate of that name was sent, but its key did not make the signature");
    Problem { rule: Rule::BadSignature, cert: Some(index), says }
}

fn unchecked_signature(chain: &[Cert], index: usize) -> Problem {
    let signature = chain.get(index).map_or("", |cert| cert.signature.as_str());
    let says = format!("is signed with {signature}, which this program cannot check with its issuer's key; a name alone proves nothing");
    Problem { rule: Rule::UncheckedSignature, cert: Some(index), says }
}

/// The last certificate of the path was issued by one that stands below it.
fn circle(chain: &[Cert], path: &[usize]) -> Option<Problem> {
    let (last, below) = path.split_last()?;
    let cert = chain.get(*last).filter(|cert| !path::is_self_signed(cert))?;
    let place = below.iter().position(|index| chain.get(*index).is_some_and(|other| issued_by(cert, &Anchor::of(other))))?;
    let issuer = &cert.issuer;
    let says = match below.len() - place {
        1 => format!("was issued by {issuer}, which it issued in turn: the two lead round in a circle and to no root"),
        _ => format!("was issued by {issuer}, which stands below it in the chain: they lead round in a circle and to no root"),
    };
    Some(Problem { rule: Rule::UntrustedRoot, cert: Some(*last), says })
}

/// Why the chain ends at this certificate without a trusted root.
fn dead_end(index: usize, last: &Cert, anchors: &[Anchor], length: usize) -> Problem {
    let problem = |rule, says| Problem { rule, cert: Some(index), says };
    let issuer = &last.issuer;
    let fetch = where_to_fetch(&last.ca_issuers_urls);
    if path::is_self_signed(last) {
        return match length {
            1 => problem(Rule::SelfSigned, "is signed with its own key and is not trusted here".into()),
            _ => problem(Rule::UntrustedRoot, "is a root that is not trusted here".into()),
        };
    }
    if let Some(anchor) = anchors.iter().find(|anchor| anchor.name_der == *last.issuer_der) {
        let title = &anchor.title;
        if let Some((named, own)) = other_key(last, anchor) {
            let says = format!(
                "was issued by another {title} than the root of that name that is trusted here: it names the key {named}, the trusted one has {own}"
            );
            return problem(Rule::UntrustedRoot, says);
        }
        return problem(
            Rule::BadSignature,
            format!("names the trusted root {title} as its issuer, but that root's key did not make the signature"),
        );
    }
    if let Some(kin) = anchors.iter().find(|anchor| same_house(&anchor.name_der, &last.issuer_der)).filter(|_| length > 1) {
        let title = &kin.title;
        let says = format!("was issued by {issuer}, which was not sent; a root of the same organisation is trusted ({title}); {fetch}");
        return problem(Rule::MissingIntermediate, says);
    }
    match length {
        1 => problem(Rule::MissingIntermediate, format!("was issued by {issuer}, which was not sent and is no trusted root; {fetch}")),
        _ => problem(
            Rule::UntrustedRoot,
            format!(
                "was issued by {issuer}, which is no trusted root here (if it is a further intermediate, the server has to send it; {fetch})"
            ),
        ),
    }
}

/// What the caIssuers addresses of a certificate are worth to a client outside. RFC 5280 4.2.2.1.
fn where_to_fetch(urls: &[String]) -> String {
    let by = |scheme: &str| urls.iter().find(|url| url.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme)));
    match (by("http://"), by("ldap"), urls.first()) {
        (Some(url), ..) => format!("it can be fetched from {url}"),
        (None, Some(url), _) => {
            format!("the certificate names it only in a directory ({url}), which clients outside the domain do not reach")
        }
        (None, None, Some(url)) => format!("the certificate names it only at {url}, and only http:// is fetched"),
        (None, None, None) => "the certificate does not say where to fetch it".to_string(),
    }
}

/// The key identifiers of the issuer that the certificate names and of the root, where these differ: the CA has a new key under its old name.
/// RFC 5280 4.2.1.1, 4.2.1.2.
fn other_key<'a>(cert: &'a Cert, root: &'a Anchor) -> Option<(&'a str, &'a str)> {
    let (named, own) = (cert.aki.as_deref()?, root.cert.as_ref()?.ski.as_deref()?);
    (named != own).then_some((named, own))
}

/// Both names bear the same organisation, or else the same domain: CAs of one house. RFC 4519 2.19, RFC 2247 2.
fn same_house(one: &[u8], other: &[u8]) -> bool {
    let parts = |der: &[u8]| {
        let (_, name) = X509Name::from_der(der).ok()?;
        let texts = |oid| name.iter_by_oid(oid).filter_map(|it| it.as_str().ok()).map(str::to_lowercase).collect::<Vec<_>>();
        Some((texts(&OID_X509_ORGANIZATION_NAME), texts(&OID_DOMAIN_COMPONENT)))
    };
    let (Some((organisation, domain)), Some((organisation_too, domain_too))) = (parts(one), parts(other)) else { return false };
    match (organisation.is_empty(), organisation_too.is_empty()) {
        (true, true) => !domain.is_empty() && domain == domain_too,
        _ => organisation == organisation_too,
    }
}

#[cfg(test)]
mod tests;
