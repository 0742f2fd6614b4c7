//! The rows: badssl's set, and what SSTP adds.

use super::recipe::{HOST, Part, ca_params, crl, days, extension, names};
use super::{Make, Row};
use rcgen::{
    BasicConstraints, CidrSubnet, DistinguishedName, DnType, ExtendedKeyUsagePurpose as Eku, GeneralSubtree, IsCa, KeyUsagePurpose as Ku,
    NameConstraints,
};
use time::Duration;

macro_rules! file {
    ($name:literal) => {
        include_bytes!(concat!("../../fixtures/chains/", $name))
    };
}

const fn row(name: &'static str, finds: &'static str, change: fn(&mut super::Recipe)) -> Row {
    Row { name, make: Make::Of(change), finds }
}

const fn files(name: &'static str, finds: &'static str, certs: &'static [&'static [u8]], key: &'static [u8]) -> Row {
    Row { name, make: Make::Files(certs, key, file!("old-root.der")), finds }
}

const fn odd(name: &'static str, finds: &'static str, certs: &'static [&'static [u8]]) -> Row {
    Row { name, make: Make::Files(certs, file!("odd-leaf.p8"), file!("odd-root.der")), finds }
}

pub const ROWS: &[Row] = &[
    // Names.
    row("the name as it is", "", |_| ()),
    row("the name in capitals", "", |r| r.leaf.subject_alt_names = names(&["VPN.Lab.Example"])),
    row("the second of three names", "", |r| r.leaf.subject_alt_names = names(&["a.example", HOST, "b.example"])),
    row("a wildcard for one label", "", |r| r.leaf.subject_alt_names = names(&["*.lab.example"])),
    row("an internationalised name, encoded", "", |r| {
        (r.leaf.subject_alt_names, r.dialled) = (names(&["xn--bcher-kva.example"]), "xn--bcher-kva.example");
    }),
    row("an address that is named", "", |r| (r.leaf.subject_alt_names, r.dialled) = (names(&["127.0.0.1"]), "127.0.0.1")),
    row("an IPv6 address that is named", "", |r| (r.leaf.subject_alt_names, r.dialled) = (names(&["::1"]), "::1")),
    row("another name", "CERT-NAME-MISMATCH", |r| r.leaf.subject_alt_names = names(&["mail.lab.example"])),
    row("a longer name", "CERT-NAME-MISMATCH", |r| r.leaf.subject_alt_names = names(&["xvpn.lab.example"])),
    row("the name only in the subject beside others", "CERT-NAME-MISMATCH", |r| r.leaf.subject_alt_names = names(&["other.example"])),
    row("no name at all", "CERT-NAME-MISMATCH", |r| {
        r.leaf.subject_alt_names.clear();
        common_name(r, "RRAS");
    }),
    row("a wildcard within a label", "CERT-NAME-MISMATCH", |r| r.leaf.subject_alt_names = names(&["v*.lab.example"])),
    row("a wildcard for everything", "CERT-NAME-MISMATCH", |r| r.leaf.subject_alt_names = names(&["*"])),
    row("a wildcard of another domain", "CERT-NAME-MISMATCH", |r| r.leaf.subject_alt_names = names(&["*.lib.example"])),
    row("an internationalised name in Unicode", "CERT-NAME-MISMATCH", |r| {
        r.leaf.subject_alt_names.clear();
        common_name(r, "bücher.example");
        r.dialled = "xn--bcher-kva.example";
    }),
    row("a wildcard one label short", "CERT-WILDCARD-DEPTH", |r| r.leaf.subject_alt_names = names(&["*.example"])),
    row("a wildcard for what lies below", "CERT-WILDCARD-DEPTH", |r| r.leaf.subject_alt_names = names(&["*.vpn.lab.example"])),
    row("a wildcard dialled without its label", "CERT-WILDCARD-DEPTH", |r| {
        (r.leaf.subject_alt_names, r.dialled) = (names(&["*.lab.example"]), "lab.example");
    }),
    row("the name in the subject alone", "CERT-CN-ONLY", |r| r.leaf.subject_alt_names.clear()),
    row("an address that is named as a DNS name", "DNS-CONNECT-BY-IP", |r| {
        r.leaf.subject_alt_names = vec![rcgen::SanType::DnsName("127.0.0.1".try_into().expect("ASCII"))];
        r.dialled = "127.0.0.1";
    }),
    row("an address in the subject alone", "CERT-CN-ONLY", |r| {
        r.leaf.subject_alt_names.clear();
        common_name(r, "127.0.0.1");
        r.dialled = "127.0.0.1";
    }),
    row("an address that is not named", "DNS-CONNECT-BY-IP", |r| r.dialled = "127.0.0.1"),
    row("another address", "DNS-CONNECT-BY-IP", |r| (r.leaf.subject_alt_names, r.dialled) = (names(&[HOST, "192.0.2.1"]), "127.0.0.1")),
    row("an address written as a DNS name", "DNS-CONNECT-BY-IP", |r| {
        r.leaf.subject_alt_names = vec![rcgen::SanType::DnsName("127.0.0.1".try_into().expect("ASCII"))];
        r.dialled = "127.0.0.1";
    }),
    // Dates.
    row("ended a month ago", "CERT-EXPIRED", |r| (r.leaf.not_before, r.leaf.not_after) = (days(-120), days(-30))),
    row("ended a minute ago", "CERT-EXPIRED", |r| (r.leaf.not_before, r.leaf.not_after) = (days(-90), days(0) - Duration::minutes(1))),
    row("the CA ended", "CERT-EXPIRED", |r| r.ca.not_after = days(-1)),
    row("the root ended, and is sent", "CERT-EXPIRED", |r| {
        r.root.not_after = days(-1);
        r.sends.push(Part::Root);
    }),
    row("the root ended, and is not sent", "CERT-EXPIRED", |r| r.root.not_after = days(-1)),
    row("the root was renewed with its key, and the old one is sent", "CERT-EXTRA", |r| r.sends.push(Part::OldRoot)),
    row("the root begins tomorrow, and is not sent", "CERT-NOT-YET-VALID", |r| r.root.not_before = days(1)),
    row("begins in a month", "CERT-NOT-YET-VALID", |r| r.leaf.not_before = days(30)),
    row("begins in an hour", "CERT-NOT-YET-VALID", |r| r.leaf.not_before = days(0) + Duration::hours(1)),
    row("the CA begins tomorrow", "CERT-NOT-YET-VALID", |r| r.ca.not_before = days(1)),
    row("ends before it begins, both in the past", "CERT-DATES-REVERSED", |r| {
        (r.leaf.not_before, r.leaf.not_after) = (days(-30), days(-120))
    }),
    row("ends before it begins, today in between", "CERT-DATES-REVERSED", |r| {
        (r.leaf.not_before, r.leaf.not_after) = (days(30), days(-30))
    }),
    row("ends before it begins, both in the future", "CERT-DATES-REVERSED", |r| {
        (r.leaf.not_before, r.leaf.not_after) = (days(60), days(30))
    }),
    row("the CA ends before it begins", "CERT-DATES-REVERSED", |r| (r.ca.not_before, r.ca.not_after) = (days(30), days(-30))),
    row("the root ends before it begins, and is not sent", "CERT-DATES-REVERSED", |r| {
        (r.root.not_before, r.root.not_after) = (days(30), days(-30));
    }),
    row("ends in three days", "CERT-EXPIRES-SOON", |r| (r.leaf.not_before, r.leaf.not_after) = (days(-87), days(3))),
    row("ends in three weeks", "CERT-EXPIRES-30-DAYS", |r| (r.leaf.not_before, r.leaf.not_after) = (days(-340), days(21))),
    row("valid for three years", "CERT-VALIDITY-TOO-LONG", |r| r.leaf.not_after = days(1095)),
    row("valid for 825 days", "", |r| r.leaf.not_after = days(823)),
    row("valid for six days, in its middle", "", |r| {
        (r.leaf.not_before, r.leaf.not_after) = (days(-2), days(4));
        r.leaf.crl_distribution_points.clear();
    }),
    // Trust.
    row("the root is sent too", "", |r| r.sends.push(Part::Root)),
    row("the root issued the leaf", "", |r| (r.leaf_by, r.sends) = (Part::Root, vec![Part::Leaf])),
    row("two CAs", "", |r| {
        r.upper = Some(ca_params("Upper"));
        r.sends.push(Part::Upper);
    }),
    row("signed itself, and is trusted", "", |r| (r.leaf_by, r.sends, r.trusts) = (Part::Leaf, vec![Part::Leaf], Some(Part::Leaf))),
    row("signed itself", "CERT-SELF-SIGNED", |r| (r.leaf_by, r.sends) = (Part::Leaf, vec![Part::Leaf])),
    row("the root is unknown", "CERT-UNTRUSTED-ROOT", |r| r.trusts = None),
    row("the root is unknown and sent", "CERT-UNTRUSTED-ROOT", |r| {
        r.trusts = None;
        r.sends.push(Part::Root);
    }),
    row("the root was made anew under its name", "CERT-UNTRUSTED-ROOT", |r| r.trusts = Some(Part::Namesake)),
    row("the CA is not sent", "CERT-MISSING-INTERMEDIATE", |r| r.sends = vec![Part::Leaf]),
    row("another CA is sent in its place", "CERT-MISSING-INTERMEDIATE", |r| r.sends = vec![Part::Leaf, Part::Stranger]),
    row("the upper of two CAs is not sent", "CERT-UNTRUSTED-ROOT", |r| r.upper = Some(ca_params("Upper"))),
    row("the CA was made anew under its name", "CERT-BAD-SIGNATURE", |r| r.sends = vec![Part::Leaf, Part::CaAgain]),
    row("the CA has a second certificate of an unknown root", "", |r| r.sends = vec![Part::Leaf, Part::Cross, Part::Ca]),
    row("the leaf is a CA", "CERT-LEAF-IS-CA", |r| r.leaf.is_ca = IsCa::Ca(BasicConstraints::Unconstrained)),
    row("the leaf is a CA and signed itself, and is trusted", "CERT-LEAF-IS-CA", |r| {
        r.leaf.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        (r.leaf_by, r.sends, r.trusts) = (Part::Leaf, vec![Part::Leaf], Some(Part::Leaf));
    }),
    // Order and company.
    row("the root stands between", "CERT-WRONG-ORDER", |r| r.sends = vec![Part::Leaf, Part::Root, Part::Ca]),
    row("two CAs the wrong way round", "CERT-WRONG-ORDER", |r| {
        r.upper = Some(ca_params("Upper"));
        r.sends = vec![Part::Leaf, Part::Upper, Part::Ca];
    }),
    row("the CA stands before the leaf", "CERT-CA-FIRST", |r| r.sends = vec![Part::Ca, Part::Leaf]),
    row("somebody else's certificate too", "CERT-EXTRA", |r| r.sends.push(Part::Stranger)),
    row("the CA twice", "CERT-EXTRA", |r| r.sends.push(Part::Ca)),
    row("another CA of the same name too", "CERT-EXTRA", |r| r.sends.push(Part::CaAgain)),
    row("the leaf twice", "CERT-EXTRA", |r| r.sends.push(Part::Leaf)),
    row("no certificate", "CERT-NONE-SENT", |r| r.sends.clear()),
    row("the second is no certificate", "CERT-UNREADABLE", |r| r.sends.push(Part::Garbage)),
    // Purposes.
    row("for any purpose", "", |r| r.leaf.extended_key_usages = vec![Eku::Any]),
    row("for servers and clients", "", |r| r.leaf.extended_key_usages = vec![Eku::ClientAuth, Eku::ServerAuth]),
    row("for IPsec too", "", |r| r.leaf.extended_key_usages.push(Eku::Other(vec![1, 3, 6, 1, 5, 5, 8, 2, 2]))),
    row("no purpose named", "CERT-EKU-ABSENT", |r| r.leaf.extended_key_usages.clear()),
    row("for clients only", "CERT-EKU-MISSING", |r| r.leaf.extended_key_usages = vec![Eku::ClientAuth]),
    row("for IKE only", "CERT-EKU-MISSING", |r| r.leaf.extended_key_usages = vec![Eku::Other(vec![1, 3, 6, 1, 5, 5, 8, 2, 2])]),
    row("the CA issues for clients only", "CERT-EKU-MISSING", |r| r.ca.extended_key_usages = vec![Eku::ClientAuth]),
    row("no key usage", "", |r| r.leaf.key_usages.clear()),
    row("a key that may only sign lists", "CERT-KEY-USAGE", |r| r.leaf.key_usages = vec![Ku::CrlSign]),
    row("an EC key that may only encipher", "CERT-KEY-USAGE", |r| r.leaf.key_usages = vec![Ku::KeyEncipherment]),
    row("a CA key that may not sign certificates", "CERT-CONSTRAINTS", |r| r.ca.key_usages = vec![Ku::DigitalSignature]),
    // Constraints.
    row("the CA is none", "CERT-CONSTRAINTS", |r| r.ca.is_ca = IsCa::ExplicitNoCa),
    row("the CA does not say that it is one", "CERT-CONSTRAINTS", |r| r.ca.is_ca = IsCa::NoCa),
    row("a path as long as allowed", "", |r| r.ca.is_ca = IsCa::Ca(BasicConstraints::Constrained(0))),
    row("a path too long", "CERT-CONSTRAINTS", |r| {
        let mut upper = ca_params("Upper");
        upper.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        r.upper = Some(upper);
        r.sends.push(Part::Upper);
    }),
    row("a path as long as the root allows", "", |r| r.root.is_ca = IsCa::Ca(BasicConstraints::Constrained(1))),
    row("a path longer than the root allows", "CERT-CONSTRAINTS", |r| r.root.is_ca = IsCa::Ca(BasicConstraints::Constrained(0))),
    row("a name that the root may not issue for", "CERT-NAME-CONSTRAINTS", |r| {
        let permitted_subtrees = vec![GeneralSubtree::DnsName("corp.example".into())];
        r.root.name_constraints = Some(NameConstraints { permitted_subtrees, excluded_subtrees: Vec::new() });
    }),
    row("a name that the CA may issue for", "", |r| permit(r, GeneralSubtree::DnsName("lab.example".into()))),
    row("a name that the CA may not issue for", "CERT-NAME-CONSTRAINTS", |r| permit(r, GeneralSubtree::DnsName("corp.example".into()))),
    row("a name that is excluded", "CERT-NAME-CONSTRAINTS", |r| exclude(r, GeneralSubtree::DnsName("lab.example".into()))),
    row("an address that is excluded", "CERT-NAME-CONSTRAINTS", |r| {
        r.leaf.subject_alt_names = names(&[HOST, "192.0.2.7"]);
        exclude(r, GeneralSubtree::IpAddress(CidrSubnet::from_v4_prefix([192, 0, 2, 0], 24)));
    }),
    row("a subject that the CA may not issue for", "CERT-NAME-CONSTRAINTS", |r| {
        let mut subject = DistinguishedName::new();
        subject.push(DnType::OrganizationName, "Corp");
        permit(r, GeneralSubtree::DirectoryName(subject));
    }),
    row("a policy demanded by the CA and named by both", "", |r| {
        r.ca.custom_extensions = vec![extension(POLICIES, POLICY_A, false), extension(POLICY_CONSTRAINTS, EXPLICIT, true)];
        r.leaf.custom_extensions.push(extension(POLICIES, POLICY_A, false));
    }),
    row("a policy demanded by the CA and not named by the leaf", "CERT-POLICY-CONSTRAINTS", |r| {
        r.ca.custom_extensions = vec![extension(POLICIES, POLICY_A, false), extension(POLICY_CONSTRAINTS, EXPLICIT, true)];
    }),
    row("a policy demanded, and another one named", "CERT-POLICY-CONSTRAINTS", |r| {
        r.ca.custom_extensions = vec![extension(POLICIES, POLICY_A, false), extension(POLICY_CONSTRAINTS, EXPLICIT, true)];
        r.leaf.custom_extensions.push(extension(POLICIES, POLICY_B, false));
    }),
    row("a policy demanded by the upper CA, and any policy inhibited that the lower one names", "CERT-POLICY-CONSTRAINTS", |r| {
        let mut upper = ca_params("Upper");
        let demands = [extension(POLICY_CONSTRAINTS, EXPLICIT, true), extension(INHIBIT_ANY, &[2, 1, 0], true)];
        upper.custom_extensions = std::iter::once(extension(POLICIES, POLICY_A, false)).chain(demands).collect();
        r.upper = Some(upper);
        r.ca.custom_extensions = vec![extension(POLICIES, ANY_POLICY, false)];
        r.leaf.custom_extensions.push(extension(POLICIES, POLICY_A, false));
        r.sends.push(Part::Upper);
    }),
    row("a policy mapped to that of the leaf", "", |r| {
        let mut upper = ca_params("Upper");
        upper.custom_extensions = vec![extension(POLICIES, POLICY_A, false), extension(POLICY_CONSTRAINTS, EXPLICIT, true)];
        r.upper = Some(upper);
        r.ca.custom_extensions = vec![extension(POLICIES, POLICY_A, false), extension(POLICY_MAPPINGS, A_TO_B, true)];
        r.leaf.custom_extensions.push(extension(POLICIES, POLICY_B, false));
        r.sends.push(Part::Upper);
    }),
    row("a policy mapped where the CA above forbids it", "CERT-POLICY-CONSTRAINTS", |r| {
        let mut upper = ca_params("Upper");
        upper.custom_extensions = vec![extension(POLICIES, POLICY_A, false), extension(POLICY_CONSTRAINTS, NO_MAPPING, true)];
        r.upper = Some(upper);
        r.ca.custom_extensions = vec![extension(POLICIES, POLICY_A, false), extension(POLICY_MAPPINGS, A_TO_B, true)];
        r.leaf.custom_extensions.push(extension(POLICIES, POLICY_B, false));
        r.sends.push(Part::Upper);
    }),
    row("an unknown critical extension", "CERT-CRITICAL-UNKNOWN", |r| r.leaf.custom_extensions.push(extension(UNKNOWN, &[5, 0], true))),
    row("an unknown extension", "", |r| r.leaf.custom_extensions.push(extension(UNKNOWN, &[5, 0], false))),
    // Damage.
    row("a key usage that cannot be read", "CERT-UNREADABLE", |r| {
        r.leaf.key_usages.clear();
        r.leaf.custom_extensions.push(extension(KEY_USAGE, &[0xff], false));
    }),
    row("policies that cannot be read", "", |r| r.leaf.custom_extensions.push(extension(POLICIES, &[0xff], false))),
    row("a name changed after it was signed", "CERT-BAD-SIGNATURE", |r| {
        r.leaf.subject_alt_names = names(&["vpn.lab.exampla"]);
        r.splice = Some((b"vpn.lab.exampla".to_vec(), HOST.as_bytes().to_vec()));
    }),
    // Keys and signatures.
    row("a CA key on P-384", "", |r| r.keys.0 = &rcgen::PKCS_ECDSA_P384_SHA384),
    row("a leaf key on P-384", "", |r| r.keys.1 = &rcgen::PKCS_ECDSA_P384_SHA384),
    row("an Ed25519 key", "TLS-CERT-KEY-TYPE", |r| r.keys.1 = &rcgen::PKCS_ED25519),
    row("an RSA key", "", |r| r.keys.1 = &rcgen::PKCS_RSA_SHA256),
    row("an RSA CA that signs with SHA-512", "", |r| r.keys.0 = &rcgen::PKCS_RSA_SHA512),
    row("signed with ECDSA and SHA-224", "CERT-SIGNATURE-UNKNOWN", |r| r.splice = Some((ECDSA_SHA256.to_vec(), ECDSA_SHA224.to_vec()))),
    row("signed with an algorithm without a name", "CERT-UNCHECKED", |r| {
        r.splice = Some((ECDSA_SHA256.to_vec(), ECDSA_UNDEFINED.to_vec()))
    }),
    row("signed by a CA with an Ed25519 key", "CERT-SIGNATURE-UNKNOWN", |r| r.keys.0 = &rcgen::PKCS_ED25519),
    odd("signed with RSA and SHA-224", "CERT-SIGNATURE-UNKNOWN", &[file!("leaf-sha224.der")]),
    odd("signed with RSA and SHA-512/256", "CERT-SIGNATURE-UNKNOWN", &[file!("leaf-sha512-256.der")]),
    odd("signed with RSA and SHA-3", "CERT-SIGNATURE-UNKNOWN", &[file!("leaf-sha3-256.der")]),
    odd("signed with RSA and RIPEMD-160", "CERT-SIGNATURE-UNKNOWN", &[file!("leaf-ripemd160.der")]),
    odd("signed with ECDSA and SHA-3", "CERT-SIGNATURE-UNKNOWN", &[file!("leaf-ecdsa-sha3-256.der"), file!("ca-ec.der")]),
    odd("signed by a CA with an Ed448 key", "CERT-SIGNATURE-UNKNOWN", &[file!("leaf-below-ca-ed448.der"), file!("ca-ed448.der")]),
    odd("signed by a CA with a DSA key", "CERT-UNCHECKED", &[file!("leaf-below-ca-dsa.der"), file!("ca-dsa.der")]),
    row("signed with MD5", "CERT-MD5", |r| {
        r.keys.0 = &rcgen::PKCS_RSA_SHA256;
        r.splice = Some((RSA_SHA256.to_vec(), RSA_MD5.to_vec()));
    }),
    row("signed with MD2", "CERT-MD5", |r| {
        r.keys.0 = &rcgen::PKCS_RSA_SHA256;
        r.splice = Some((RSA_SHA256.to_vec(), RSA_MD2.to_vec()));
    }),
    files("signed with SHA-1", "CERT-SHA1", &[file!("leaf-sha1.der")], file!("leaf-sha1.p8")),
    files(
        "the CA is signed with SHA-1",
        "CERT-SHA1",
        &[file!("leaf-below-ca-sha1.der"), file!("ca-sha1.der")],
        file!("leaf-below-ca-sha1.p8"),
    ),
    files(
        "a CA key of 1024 bits",
        "CERT-WEAK-KEY",
        &[file!("leaf-below-ca-1024.der"), file!("ca-1024.der")],
        file!("leaf-below-ca-1024.p8"),
    ),
    files(
        "a CA key of 512 bits",
        "CERT-KEY-BLOCKED",
        &[file!("leaf-below-ca-512.der"), file!("ca-512.der")],
        file!("leaf-below-ca-512.p8"),
    ),
    // Revocation addresses.
    row("no place to check revocation", "CERT-NO-REVOCATION-INFO", |r| r.leaf.crl_distribution_points.clear()),
    row("no place to check the CA's revocation", "CERT-NO-REVOCATION-INFO", |r| r.ca.crl_distribution_points.clear()),
    row("a list in LDAP only", "CERT-CRL-LDAP-ONLY", |r| r.leaf.crl_distribution_points = crl("ldap:///CN=CA,DC=corp")),
    row("a list in LDAP and on the web", "", |r| r.leaf.crl_distribution_points.extend(crl("ldap:///CN=CA,DC=corp"))),
    row("an OCSP answer demanded and not sent", "CERT-MUST-STAPLE", |r| {
        r.leaf.custom_extensions.push(extension(TLS_FEATURE, &[0x30, 3, 2, 1, 5], false));
    }),
];

fn common_name(recipe: &mut super::Recipe, name: &str) {
    recipe.leaf.distinguished_name = DistinguishedName::new();
    recipe.leaf.distinguished_name.push(DnType::CommonName, name);
}

fn permit(recipe: &mut super::Recipe, subtree: GeneralSubtree) {
    recipe.ca.name_constraints = Some(NameConstraints { permitted_subtrees: vec![subtree], excluded_subtrees: Vec::new() });
}

fn exclude(recipe: &mut super::Recipe, subtree: GeneralSubtree) {
    recipe.ca.name_constraints = Some(NameConstraints { permitted_subtrees: Vec::new(), excluded_subtrees: vec![subtree] });
}

/// Nobody's.
const UNKNOWN: &[u64] = &[1, 2, 3, 4];
/// RFC 5280 4.2.1.3.
const KEY_USAGE: &[u64] = &[2, 5, 29, 15];
/// RFC 5280 4.2.1.4.
const POLICIES: &[u64] = &[2, 5, 29, 32];
/// RFC 5280 4.2.1.5, 4.2.1.11, 4.2.1.14.
const POLICY_MAPPINGS: &[u64] = &[2, 5, 29, 33];
const POLICY_CONSTRAINTS: &[u64] = &[2, 5, 29, 36];
const INHIBIT_ANY: &[u64] = &[2, 5, 29, 54];
/// The policies 1.2.3.4, 1.2.3.5 and anyPolicy; the first mapped to the second; requireExplicitPolicy 0, and with it inhibitPolicyMapping 0.
const POLICY_A: &[u8] = &[0x30, 7, 0x30, 5, 6, 3, 0x2a, 3, 4];
const POLICY_B: &[u8] = &[0x30, 7, 0x30, 5, 6, 3, 0x2a, 3, 5];
const ANY_POLICY: &[u8] = &[0x30, 8, 0x30, 6, 6, 4, 0x55, 0x1d, 0x20, 0];
const A_TO_B: &[u8] = &[0x30, 12, 0x30, 10, 6, 3, 0x2a, 3, 4, 6, 3, 0x2a, 3, 5];
const EXPLICIT: &[u8] = &[0x30, 3, 0x80, 1, 0];
const NO_MAPPING: &[u8] = &[0x30, 6, 0x80, 1, 0, 0x81, 1, 0];
/// RFC 7633 6.
const TLS_FEATURE: &[u64] = &[1, 3, 6, 1, 5, 5, 7, 1, 24];
/// RFC 5758 3.2, DER.
const ECDSA_SHA256: [u8; 8] = [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02];
/// RFC 5758 3.2, DER.
const ECDSA_SHA224: [u8; 8] = [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x01];
/// Behind the numbers of RFC 5758 3.2, and nobody's.
const ECDSA_UNDEFINED: [u8; 8] = [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x7f];
/// RFC 4055 5, DER.
const RSA_SHA256: [u8; 9] = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b];
/// RFC 3279 2.2.1, DER.
const RSA_MD5: [u8; 9] = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x04];
/// RFC 3279 2.2.1, DER.
const RSA_MD2: [u8; 9] = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x02];
