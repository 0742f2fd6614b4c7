//! What the certificates of the chain may not be used for, and keys and signatures that no client takes.

use super::cert::{REFUSED_BY_CLIENT, sentence, wrong};
use super::check::{Check, Evidence, Fix, Look, Need, Windows};
use crate::base::{Layer, SpecRef};
use crate::crypto::chain::{ChainVerdict, Rule};
use crate::transcript::facts::Facts;
use crate::wire::cert::Cert;

/// Signatures and keys that no client takes.
pub(super) const CERT_SIGNATURE: &[Check] = &[
    Check {
        id: "CERT-SIGNATURE-UNKNOWN",
        layer: Layer::Cert,
        title: "A certificate is signed in a way that Windows does not know",
        means: "Windows has RSA and ECDSA signatures with SHA-256, SHA-384 and SHA-512. It has no SHA-224, RIPEMD-160, Ed25519, Ed448, GOST or SM2 for \
               certificates, and SHA-3 at most since Windows 11 24H2: to it the signature counts as wrong, whoever made it.",
        fix: Fix {
            admin: "Have the certificate reissued with RSA or ECDSA and SHA-256; set the CA to it (signature algorithm).",
            user: "",
        },
        windows: &[Windows::Hresult(0x8009_6004)],
        spec: &[SpecRef::rfc(5280, "4.1.1.2")],
        needs: Need::Chain,
        explains: &["CERT-UNCHECKED", "CERT-CLIENT-SAYS-BAD", "CERT-CLIENT-SAYS-UNKNOWN-CA", "TLS-CLIENT-LEFT", "HTTP-CLIENT-LEFT"],
        look: Look::One(|facts| wrong(facts, &[Rule::ForeignSignature])),
        ..Check::ROW
    },
    Check {
        id: "CERT-MD5",
        layer: Layer::Cert,
        title: "A certificate is signed with MD5, MD4 or MD2",
        means: "Such signatures have been forged for years. No current client accepts them, and nothing here checks them.",
        fix: Fix { admin: "Have the certificates reissued with SHA-256.", user: "" },
        spec: &[SpecRef::rfc(6151, "2")],
        needs: Need::Chain,
        explains: &["CERT-UNCHECKED"],
        look: Look::One(signed_with_md5),
        ..Check::ROW
    },
    Check {
        id: "CERT-KEY-BLOCKED",
        layer: Layer::Cert,
        title: "The key of a certificate is so short that Windows blocks it",
        means: "Windows accepts no RSA key below 1024 bits, whoever signed it.",
        fix: Fix { admin: "Make a new key of at least 2048 bits and have the certificate reissued.", user: "" },
        windows: &[Windows::Hresult(0x800B_0109)],
        spec: &[SpecRef::rfc(9325, "4.5")],
        needs: Need::Chain,
        explains: &[
            "CERT-WEAK-KEY",
            "CERT-KEY-NOT-PROVED",
            "CERT-UNCHECKED",
            // Newer signatures are longer than so short a key.
            "TLS-NO-COMMON-CIPHER",
            "TLS-WINDOWS-SHARES-NOTHING",
        ],
        look: Look::One(key_blocked),
        ..Check::ROW
    },
];

pub(super) const CERT_USE: &[Check] = &[
    Check {
        id: "CERT-EKU-MISSING",
        layer: Layer::Cert,
        title: "The certificate is not for servers",
        means: "Its extended key usage names neither Server Authentication nor any purpose.",
        fix: Fix { admin: "Have it reissued from a template for servers.", user: "Report it." },
        windows: &[Windows::Event(16), Windows::Hresult(0x8007_0040)],
        verified: true,
        spec: &[SpecRef::sstp("3.2.4.1"), SpecRef::rfc(5280, "4.2.1.12")],
        needs: Need::Chain,
        explains: REFUSED_BY_CLIENT,
        look: Look::One(purpose_missing),
        ..Check::ROW
    },
    Check {
        id: "CERT-KEY-USAGE",
        layer: Layer::Cert,
        title: "The key of a certificate may not be used for this",
        means: "The key usage of a certificate forbids what TLS does with it.",
        fix: Fix { admin: "Have it reissued with the right key usage.", user: "" },
        spec: &[SpecRef::rfc(5280, "4.2.1.3")],
        needs: Need::Chain,
        explains: REFUSED_BY_CLIENT,
        look: Look::One(key_usage_wrong),
        ..Check::ROW
    },
    Check {
        id: "CERT-CRITICAL-UNKNOWN",
        layer: Layer::Cert,
        title: "A certificate demands something that clients do not know",
        means: "It bears an extension that is marked critical and that no usual client understands; whoever does not must refuse it.",
        fix: Fix { admin: "Have the certificate reissued without the extension, or with the extension not critical.", user: "" },
        windows: &[Windows::Hresult(0x800B_0105)],
        spec: &[SpecRef::rfc(5280, "4.2")],
        needs: Need::Chain,
        explains: OF_THE_CA,
        look: Look::One(|facts| wrong(facts, &[Rule::UnknownCritical])),
        ..Check::ROW
    },
    Check {
        id: "CERT-NAME-CONSTRAINTS",
        layer: Layer::Cert,
        title: "The CA may not issue for this name",
        means: "A CA certificate of the chain permits other names only, or excludes this one.",
        fix: Fix { admin: "Have the certificate issued by a CA that may, or widen the name constraints of this one.", user: "" },
        windows: &[Windows::Hresult(0x800B_0114)],
        spec: &[SpecRef::rfc(5280, "4.2.1.10")],
        needs: Need::Chain,
        explains: OF_THE_CA,
        look: Look::One(|facts| wrong(facts, &[Rule::NameConstraints])),
        ..Check::ROW
    },
    Check {
        id: "CERT-CONSTRAINTS",
        layer: Layer::Cert,
        title: "A rule of an issuing CA is broken",
        means: "An issuer is no CA, may not sign certificates, or has more CAs below it than it allows.",
        fix: Fix { admin: "Mend the profile of the CA and have the certificate reissued.", user: "" },
        windows: &[Windows::Hresult(0x8009_6019)],
        spec: &[SpecRef::rfc(5280, "6.1.4")],
        needs: Need::Chain,
        explains: OF_THE_CA,
        look: Look::One(constraint_broken),
        ..Check::ROW
    },
    Check {
        id: "CERT-POLICY-CONSTRAINTS",
        layer: Layer::Cert,
        title: "A CA demands a certificate policy that the chain does not keep",
        means: "A CA certificate of the chain bears policy constraints: what is issued below it must name a policy that holds from there to the \
               server's certificate. None does, or policies are mapped where that is forbidden.",
        fix: Fix {
            admin: "Have the certificates reissued with the policies that the CA asks for (CAPolicy.inf and the issuance policies of the template), \
                   or have the constraint taken out of the CA certificate.",
            user: "",
        },
        windows: &[Windows::Hresult(0x800B_0113)],
        spec: &[SpecRef::rfc(5280, "4.2.1.11"), SpecRef::rfc(5280, "6.1.3")],
        needs: Need::Chain,
        explains: OF_THE_CA,
        look: Look::One(|facts| wrong(facts, &[Rule::PolicyConstraints])),
        ..Check::ROW
    },
];

fn purpose_missing(facts: &Facts) -> Option<Evidence> {
    wrong(facts, &[Rule::EkuMissing])
}

fn key_usage_wrong(facts: &Facts) -> Option<Evidence> {
    wrong(facts, &[Rule::KeyUsage]).filter(|_| facts.trust.iter().any(|seen| broken_at_leaf(&seen.it.1)))
}

/// An issuer without the right to sign certificates is a matter of the CA, not of the server's key.
fn broken_at_leaf(verdict: &ChainVerdict) -> bool {
    verdict.problems.iter().any(|problem| problem.rule == Rule::KeyUsage && problem.cert == Some(0))
}

fn constraint_broken(facts: &Facts) -> Option<Evidence> {
    let ca_rules = [Rule::BasicConstraints, Rule::PathLength];
    wrong(facts, &ca_rules).or_else(|| wrong(facts, &[Rule::KeyUsage]).filter(|_| key_usage_wrong(facts).is_none()))
}

fn signed_with_md5(facts: &Facts) -> Option<Evidence> {
    weak(facts, Rule::WeakSignature, is_older_than_sha1)
}

/// Signed with MD5, MD4 or MD2.
pub(super) fn is_older_than_sha1(cert: &Cert) -> bool {
    let hash = cert.signature.strip_prefix("rsassaPss-").unwrap_or(&cert.signature);
    ["md5", "md4", "md2"].iter().any(|old| hash.starts_with(old))
}

fn key_blocked(facts: &Facts) -> Option<Evidence> {
    weak(facts, Rule::WeakKey, |cert| cert.key_algorithm.starts_with("RSA") && (1..LEAST_BITS).contains(&cert.key_bits))
}

/// Every source finds a certificate weak by the rule, and one of these is so bad.
fn weak(facts: &Facts, rule: Rule, bad: impl Fn(&Cert) -> bool) -> Option<Evidence> {
    let verdict = &facts.trust.first()?.it.1;
    let of_rule = verdict.problems.iter().filter(|problem| problem.rule == rule);
    let problem = of_rule.clone().find(|problem| problem.cert.and_then(|index| facts.chain.get(index)).is_some_and(&bad))?;
    Evidence::of(facts.trust.iter().map(|seen| seen.event), sentence(facts, problem))
}

/// What follows where a CA of the chain counts for nothing.
const OF_THE_CA: &[&str] = &[
    "CERT-KEY-USAGE",
    "CERT-CLIENT-SAYS-BAD",
    "CERT-CLIENT-SAYS-UNKNOWN-CA",
    "TLS-CLIENT-LEFT",
    "HTTP-CLIENT-LEFT",
    // What is no CA has no revocation list either.
    "CERT-CRL-UNREACHABLE",
    "CERT-CRL-WRONG",
];
/// KB 2661254: the shortest RSA key that Windows accepts, in bits (unverified here).
const LEAST_BITS: u32 = 1024;
