//! Certificates that Windows would not take, or that people trip over.

use crate::base::Layer::Cert;
use crate::jobs::lab::fault::{Fault, Makes, fault};
use crate::jobs::lab::pki::PkiKind;

pub(in crate::jobs::lab) const FAULTS: &[Fault] = &[
    fault("cert.expired", Cert, "the leaf ended 30 days ago", Makes::Pki(PkiKind::ExpiredLeaf), "CERT-EXPIRED"),
    fault(
        "cert.intermediate-expired",
        Cert,
        "the intermediate ended 30 days ago",
        Makes::Pki(PkiKind::ExpiredIntermediate),
        "CERT-EXPIRED",
    ),
    fault("cert.not-yet-valid", Cert, "the leaf begins in 30 days", Makes::Pki(PkiKind::NotYetValid), "CERT-NOT-YET-VALID"),
    fault(
        "cert.client-clock",
        Cert,
        "the leaf is of 2049, and so is the server's clock: it is the client's that is wrong",
        Makes::Many(&[Makes::Pki(PkiKind::Of2049), Makes::Edits(&[IN_2049])]),
        "CERT-CLIENT-CLOCK",
    ),
    fault("cert.wrong-name", Cert, "the leaf bears another name", Makes::Pki(PkiKind::WrongName), "CERT-NAME-MISMATCH"),
    fault("cert.cn-only", Cert, "the name stands only in the subject", Makes::Pki(PkiKind::CnOnly), "CERT-CN-ONLY"),
    fault(
        "cert.wildcard-depth",
        Cert,
        "the wildcard is one label short of the name",
        Makes::Pki(PkiKind::WildcardDepth),
        "CERT-WILDCARD-DEPTH",
    ),
    fault("cert.untrusted-root", Cert, "the client does not know the root", Makes::Dial(|dial| dial.ca_der.clear()), "CERT-UNTRUSTED-ROOT"),
    fault("cert.self-signed", Cert, "the leaf is its own issuer", Makes::Pki(PkiKind::SelfSigned), "CERT-SELF-SIGNED"),
    fault(
        "cert.missing-intermediate",
        Cert,
        "the intermediate is not sent",
        Makes::Pki(PkiKind::MissingIntermediate),
        "CERT-MISSING-INTERMEDIATE",
    ),
    fault("cert.no-server-auth", Cert, "the leaf is only for clients", Makes::Pki(PkiKind::ClientAuthOnly), "CERT-EKU-MISSING"),
    fault("cert.no-revocation", Cert, "neither CRL nor OCSP is named", Makes::Pki(PkiKind::NoRevocation), "CERT-NO-REVOCATION-INFO"),
    fault("cert.crl-in-ldap", Cert, "the CRL is only in the directory of a domain", Makes::Pki(PkiKind::LdapCrl), "CERT-CRL-LDAP-ONLY"),
    fault("cert.intermediate-no-ca", Cert, "the intermediate is no CA", Makes::Pki(PkiKind::NonCaIntermediate), "CERT-CONSTRAINTS"),
    fault("cert.path-too-long", Cert, "the path is longer than a CA of it allows", Makes::Pki(PkiKind::PathTooLong), "CERT-CONSTRAINTS"),
    fault(
        "cert.name-constraint",
        Cert,
        "the intermediate may only issue for another domain",
        Makes::Pki(PkiKind::NameConstrained),
        "CERT-CONSTRAINTS",
    ),
    fault("cert.v4-v6-differ", Cert, "the IPv6 address shows another certificate", Makes::PkiV6(PkiKind::DnsOnly), "CERT-V4-V6-DIFFER"),
    fault("cert.none-sent", Cert, "the server sends no certificate", Makes::Pki(PkiKind::NoneSent), "CERT-NONE-SENT"),
    fault("cert.damaged", Cert, "the key usage of the leaf cannot be read", Makes::Pki(PkiKind::Damaged), "CERT-UNREADABLE"),
    fault("cert.forged", Cert, "the signature on the leaf is not the intermediate's", Makes::Pki(PkiKind::Forged), "CERT-BAD-SIGNATURE"),
    fault("cert.key-usage", Cert, "the key of the leaf may only sign CRLs", Makes::Pki(PkiKind::WrongKeyUsage), "CERT-KEY-USAGE"),
    fault(
        "cert.odd-signature",
        Cert,
        "the leaf is signed in a way that nobody can check (ECDSA with SHA-224)",
        Makes::Pki(PkiKind::OddSignature),
        "CERT-NOT-TRUSTED",
    ),
    fault("cert.ends-this-week", Cert, "the leaf ends in 5 days", Makes::Pki(PkiKind::EndsIn5Days), "CERT-EXPIRES-SOON"),
    fault("cert.ends-this-month", Cert, "the leaf ends in 20 days", Makes::Pki(PkiKind::EndsIn20Days), "CERT-EXPIRES-30-DAYS"),
    fault("cert.three-years", Cert, "the leaf is valid for three years", Makes::Pki(PkiKind::ThreeYears), "CERT-VALIDITY-TOO-LONG"),
];

/// RFC 9110 6.6.1: Date.
const IN_2049: &str = r#"http.response#1 instead "HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551615\r\nServer: sstp-diag-lab\r\nDate: Tue, 01 Jun 2049 12:00:00 GMT\r\n\r\n""#;
