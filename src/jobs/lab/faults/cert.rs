//! Certificates that Windows would not take, or that people trip over.

use crate::base::Layer::Cert;
use crate::jobs::lab::fault::{Fault, Makes, fault};
use crate::jobs::lab::pki::PkiKind;
use crate::jobs::lab::pki::fixed;
use crate::jobs::lab::pki::papers::{Crl, IssuerPage, Ocsp, Papers};

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
    fault("cert.dates-reversed", Cert, "the leaf ends before it begins", Makes::Pki(PkiKind::DatesReversed), "CERT-DATES-REVERSED"),
    fault("cert.leaf-is-ca", Cert, "the leaf is a CA", Makes::Pki(PkiKind::LeafIsCa), "CERT-LEAF-IS-CA"),
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
    fault("cert.ca-first", Cert, "the intermediate is sent before the leaf", Makes::Pki(PkiKind::CaFirst), "CERT-CA-FIRST"),
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
        "CERT-NAME-CONSTRAINTS",
    ),
    fault(
        "cert.unknown-critical",
        Cert,
        "the leaf has a critical extension that nobody knows",
        Makes::Pki(PkiKind::UnknownCritical),
        "CERT-CRITICAL-UNKNOWN",
    ),
    fault("cert.v4-v6-differ", Cert, "the IPv6 address shows another certificate", Makes::PkiV6(PkiKind::DnsOnly), "CERT-V4-V6-DIFFER"),
    fault(
        "cert.v6-self-signed",
        Cert,
        "the IPv6 address shows a certificate that signed itself",
        Makes::PkiV6(PkiKind::SelfSigned),
        "CERT-V4-V6-DIFFER",
    ),
    fault("cert.v6-wrong-name", Cert, "the IPv6 address shows another name", Makes::PkiV6(PkiKind::WrongName), "CERT-V4-V6-DIFFER"),
    fault("cert.v6-expired", Cert, "the IPv6 address shows an old certificate", Makes::PkiV6(PkiKind::ExpiredLeaf), "CERT-V4-V6-DIFFER"),
    fault("cert.none-sent", Cert, "the server sends no certificate", Makes::Pki(PkiKind::NoneSent), "CERT-NONE-SENT"),
    fault("cert.damaged", Cert, "the key usage of the leaf cannot be read", Makes::Pki(PkiKind::Damaged), "CERT-UNREADABLE"),
    fault("cert.forged", Cert, "the signature on the leaf is not the intermediate's", Makes::Pki(PkiKind::Forged), "CERT-BAD-SIGNATURE"),
    fault("cert.key-usage", Cert, "the key of the leaf may only sign CRLs", Makes::Pki(PkiKind::WrongKeyUsage), "CERT-KEY-USAGE"),
    fault(
        "cert.odd-signature",
        Cert,
        "the leaf is signed in a way that we cannot check (an algorithm without a name)",
        Makes::Pki(PkiKind::OddSignature),
        "CERT-UNCHECKED",
    ),
    fault("cert.ends-this-week", Cert, "the leaf ends in 5 days", Makes::Pki(PkiKind::EndsIn5Days), "CERT-EXPIRES-SOON"),
    fault("cert.ends-this-month", Cert, "the leaf ends in 20 days", Makes::Pki(PkiKind::EndsIn20Days), "CERT-EXPIRES-30-DAYS"),
    fault("cert.three-years", Cert, "the leaf is valid for three years", Makes::Pki(PkiKind::ThreeYears), "CERT-VALIDITY-TOO-LONG"),
    fault("cert.sha1", Cert, "the leaf is signed with SHA-1", Makes::Fixed(&fixed::SHA1_LEAF), "CERT-SHA1"),
    fault("cert.ca-sha1", Cert, "the intermediate is signed with SHA-1", Makes::Fixed(&fixed::SHA1_CA), "CERT-SHA1"),
    fault("cert.md5", Cert, "the leaf is signed with MD5", Makes::Fixed(&fixed::MD5_LEAF), "CERT-MD5"),
    fault(
        "cert.signature-unknown",
        Cert,
        "the leaf is signed with RSA and SHA-3, which Windows does not know",
        Makes::Fixed(&fixed::SHA3_LEAF),
        "CERT-SIGNATURE-UNKNOWN",
    ),
    fault(
        "cert.policy-demanded",
        Cert,
        "the intermediate demands a certificate policy, and the leaf names none",
        Makes::Pki(PkiKind::PolicyDemanded),
        "CERT-POLICY-CONSTRAINTS",
    ),
    fault("cert.ca-key-1024", Cert, "the intermediate has an RSA key of 1024 bits", Makes::Fixed(&fixed::KEY_1024), "CERT-WEAK-KEY"),
    fault("cert.ca-key-512", Cert, "the intermediate has an RSA key of 512 bits", Makes::Fixed(&fixed::KEY_512), "CERT-KEY-BLOCKED"),
    looked_up(
        "cert.other-without-sni",
        "without SNI the server shows another certificate",
        &[Makes::PkiWithoutSni(PkiKind::WrongName), Makes::Dial(|dial| dial.wish.nameless = true)],
        "TLS-SNI-DEFAULT-CERT",
    ),
    looked_up("cert.revoked-leaf", "the leaf is on the revocation list", &[LIST_WITH_LEAF, LOOK], "CERT-REVOKED"),
    looked_up("cert.revoked-intermediate", "the intermediate is on the revocation list", &[LIST_WITH_CA, LOOK], "CERT-REVOKED"),
    looked_up("cert.revoked-ocsp", "the responder says that the leaf is revoked", &[SAYS_REVOKED, LOOK], "CERT-REVOKED"),
    looked_up("cert.revoked-staple", "the OCSP answer in the handshake says revoked", &[STAPLES_REVOKED], "CERT-REVOKED"),
    looked_up("cert.crl-refused", "nobody listens where the revocation list should be", &[LIST_REFUSED, LOOK], "CERT-CRL-UNREACHABLE"),
    looked_up("cert.crl-gone", "the revocation list is not found (404)", &[LIST_GONE, LOOK], "CERT-CRL-UNREACHABLE"),
    looked_up("cert.crl-silent", "the server of the revocation list says nothing", &[LIST_SILENT, LOOK], "CERT-CRL-UNREACHABLE"),
    looked_up("cert.crl-expired", "the next revocation list was due a week ago", &[LIST_EXPIRED, LOOK], "CERT-CRL-EXPIRED"),
    looked_up("cert.crl-foreign", "the revocation list is that of another CA", &[LIST_FOREIGN, LOOK], "CERT-CRL-WRONG"),
    looked_up("cert.crl-forged", "another key signed the revocation list", &[LIST_FORGED, LOOK], "CERT-CRL-WRONG"),
    looked_up("cert.crl-portal", "a web page comes in place of the revocation list", &[LIST_GARBAGE, LOOK], "CERT-CRL-WRONG"),
    looked_up("cert.crl-slow", "the revocation list takes 4 s", &[LIST_LATE, LOOK], "CERT-REVOCATION-SLOW"),
    looked_up("cert.ocsp-try-later", "the only responder says tryLater", &[OCSP_TRY_LATER, LOOK], "CERT-OCSP-DOWN"),
    looked_up("cert.ocsp-gone", "the only responder is not found (404)", &[OCSP_GONE, LOOK], "CERT-OCSP-DOWN"),
    looked_up("cert.ocsp-stale", "the only responder answers with something old", &[OCSP_STALE, LOOK], "CERT-OCSP-DOWN"),
    looked_up("cert.ocsp-unknown", "the only responder does not know the leaf", &[OCSP_UNKNOWN, LOOK], "CERT-OCSP-DOWN"),
    looked_up("cert.ocsp-stranger", "the answer of the only responder is not signed by the CA", &[OCSP_STRANGER, LOOK], "CERT-OCSP-DOWN"),
    looked_up(
        "cert.ocsp-unappointed",
        "a certificate that is not for OCSP signed the answer of the only responder",
        &[OCSP_UNAPPOINTED, LOOK],
        "CERT-OCSP-DOWN",
    ),
    looked_up("cert.ocsp-other", "the only responder answers about another certificate", &[OCSP_OTHER, LOOK], "CERT-OCSP-DOWN"),
    looked_up("cert.ocsp-broken-beside-crl", "the responder fails, the list can be had", &[OCSP_BESIDE, LOOK], "CERT-REVOCATION-PARTLY"),
    looked_up("cert.staple-stale", "the OCSP answer in the handshake is old", &[STAPLES_STALE], "CERT-STAPLE-BAD"),
    looked_up("cert.staple-other", "the OCSP answer in the handshake is about another certificate", &[STAPLES_OTHER], "CERT-STAPLE-BAD"),
    looked_up("cert.must-staple", "the leaf demands an OCSP answer and none is sent", &[MUST_STAPLE], "CERT-MUST-STAPLE"),
    looked_up(
        "cert.issuer-fetched",
        "the intermediate is not sent and can be fetched",
        &[Makes::Pki(PkiKind::MissingIntermediate), ISSUER_DER, LOOK],
        "CERT-MISSING-INTERMEDIATE",
    ),
    looked_up(
        "cert.issuer-gone",
        "the intermediate is not sent and cannot be fetched",
        &[Makes::Pki(PkiKind::MissingIntermediate), ISSUER_GONE, LOOK],
        "CERT-AIA-UNREACHABLE",
    ),
    looked_up(
        "cert.issuer-other",
        "the intermediate is not sent, and another certificate is where it should be",
        &[Makes::Pki(PkiKind::MissingIntermediate), ISSUER_OTHER, LOOK],
        "CERT-AIA-UNREACHABLE",
    ),
];

/// What is seen only when it is looked up.
const fn looked_up(id: &'static str, title: &'static str, makes: &'static [Makes], found_by: &'static str) -> Fault {
    fault(id, Cert, title, Makes::Many(makes), found_by)
}

/// With a list of this kind.
const fn list(crl: Crl) -> Makes {
    Makes::Papers(Papers { crl: Some(crl), ..Papers::CLEAN })
}

/// With a responder of this kind and no list.
const fn responder(ocsp: Ocsp) -> Makes {
    Makes::Papers(Papers { crl: None, ocsp: Some(ocsp), ..Papers::CLEAN })
}

/// With an OCSP answer of this kind in the handshake.
const fn staple(ocsp: Ocsp) -> Makes {
    Makes::Papers(Papers { staple: Some(ocsp), ..Papers::CLEAN })
}

/// With the issuer for download.
const fn issuer(page: IssuerPage) -> Makes {
    Makes::Papers(Papers { issuer: Some(page), ..Papers::CLEAN })
}

const LOOK: Makes = Makes::Dial(|dial| dial.wish.revocation = true);
const LIST_WITH_LEAF: Makes = list(Crl::Leaf);
const LIST_WITH_CA: Makes = list(Crl::Intermediate);
const LIST_REFUSED: Makes = list(Crl::Refused);
const LIST_GONE: Makes = list(Crl::Gone);
const LIST_SILENT: Makes = list(Crl::Silent);
const LIST_EXPIRED: Makes = list(Crl::Expired);
const LIST_FOREIGN: Makes = list(Crl::Foreign);
const LIST_FORGED: Makes = list(Crl::Forged);
const LIST_GARBAGE: Makes = list(Crl::Garbage);
const LIST_LATE: Makes = list(Crl::Late(4));
const SAYS_REVOKED: Makes = responder(Ocsp::Revoked);
const OCSP_TRY_LATER: Makes = responder(Ocsp::TryLater);
const OCSP_GONE: Makes = responder(Ocsp::Gone);
const OCSP_STALE: Makes = responder(Ocsp::Stale);
const OCSP_UNKNOWN: Makes = responder(Ocsp::Unknown);
const OCSP_STRANGER: Makes = responder(Ocsp::Stranger);
const OCSP_UNAPPOINTED: Makes = responder(Ocsp::Unappointed);
const OCSP_OTHER: Makes = responder(Ocsp::Other);
const OCSP_BESIDE: Makes = Makes::Papers(Papers { ocsp: Some(Ocsp::TryLater), ..Papers::CLEAN });
const STAPLES_REVOKED: Makes = staple(Ocsp::Revoked);
const STAPLES_STALE: Makes = staple(Ocsp::Stale);
const STAPLES_OTHER: Makes = staple(Ocsp::Other);
const MUST_STAPLE: Makes = Makes::Papers(Papers { must_staple: true, ..Papers::CLEAN });
const ISSUER_DER: Makes = issuer(IssuerPage::Der);
const ISSUER_GONE: Makes = issuer(IssuerPage::Gone);
const ISSUER_OTHER: Makes = issuer(IssuerPage::Other);

/// RFC 9110 6.6.1: Date.
const IN_2049: &str = r#"http.response#1 instead "HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551615\r\nServer: sstp-diag-lab\r\nDate: Tue, 01 Jun 2049 12:00:00 GMT\r\n\r\n""#;
