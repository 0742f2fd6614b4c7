//! Chains with more than one fault: what Windows names first stands first, and the other beside it.

use super::recipe::{Part, Recipe, days, names};
use rcgen::ExtendedKeyUsagePurpose as Eku;

/// A chain, and the failing findings in the order in which they are to stand.
pub struct Pair {
    pub name: &'static str,
    pub make: fn(&mut Recipe),
    pub finds: &'static [&'static str],
}

const fn pair(name: &'static str, finds: &'static [&'static str], make: fn(&mut Recipe)) -> Pair {
    Pair { name, make, finds }
}

pub const PAIRS: &[Pair] = &[
    pair("signed itself, and expired", &["CERT-SELF-SIGNED", "CERT-EXPIRED"], |r| {
        self_signed(r);
        expired(r);
    }),
    pair("signed itself, for another name", &["CERT-SELF-SIGNED", "CERT-NAME-MISMATCH"], |r| {
        self_signed(r);
        r.leaf.subject_alt_names = names(&["mail.lab.example"]);
    }),
    pair("signed itself, and dialled by address", &["CERT-SELF-SIGNED", "DNS-CONNECT-BY-IP"], |r| {
        self_signed(r);
        r.dialled = "127.0.0.1";
    }),
    pair("an unknown root, and expired", &["CERT-UNTRUSTED-ROOT", "CERT-EXPIRED"], |r| {
        unknown(r);
        expired(r);
    }),
    pair("an unknown root, for another name", &["CERT-UNTRUSTED-ROOT", "CERT-NAME-MISMATCH"], |r| {
        unknown(r);
        r.leaf.subject_alt_names = names(&["mail.lab.example"]);
    }),
    pair("an unknown root, for clients", &["CERT-UNTRUSTED-ROOT", "CERT-EKU-MISSING"], |r| {
        unknown(r);
        r.leaf.extended_key_usages = vec![Eku::ClientAuth];
    }),
    pair("an unknown root, and dialled by address", &["CERT-UNTRUSTED-ROOT", "DNS-CONNECT-BY-IP"], |r| {
        unknown(r);
        r.dialled = "127.0.0.1";
    }),
    pair("a wrong signature, and expired", &["CERT-BAD-SIGNATURE", "CERT-EXPIRED"], |r| {
        r.sends = vec![Part::Leaf, Part::CaAgain];
        expired(r);
    }),
    pair("the CA is not sent, and expired", &["CERT-MISSING-INTERMEDIATE", "CERT-EXPIRED"], |r| {
        r.sends = vec![Part::Leaf];
        expired(r);
    }),
    pair("expired, for clients", &["CERT-EXPIRED", "CERT-EKU-MISSING"], |r| {
        r.leaf.extended_key_usages = vec![Eku::ClientAuth];
        expired(r);
    }),
    pair("expired, for another name", &["CERT-EXPIRED", "CERT-NAME-MISMATCH"], |r| {
        r.leaf.subject_alt_names = names(&["mail.lab.example"]);
        expired(r);
    }),
    pair("for clients, for another name", &["CERT-EKU-MISSING", "CERT-NAME-MISMATCH"], |r| {
        r.leaf.extended_key_usages = vec![Eku::ClientAuth];
        r.leaf.subject_alt_names = names(&["mail.lab.example"]);
    }),
    pair("an unknown root, expired, for another name", &["CERT-UNTRUSTED-ROOT", "CERT-EXPIRED", "CERT-NAME-MISMATCH"], |r| {
        unknown(r);
        expired(r);
        r.leaf.subject_alt_names = names(&["mail.lab.example"]);
    }),
];

fn self_signed(recipe: &mut Recipe) {
    (recipe.leaf_by, recipe.sends) = (Part::Leaf, vec![Part::Leaf]);
}

fn unknown(recipe: &mut Recipe) {
    recipe.trusts = None;
    recipe.sends.push(Part::Root);
}

fn expired(recipe: &mut Recipe) {
    (recipe.leaf.not_before, recipe.leaf.not_after) = (days(-120), days(-30));
}
