//! Names that the server's certificate does not bear, or a certificate that is not the server's.

use super::cert::{REFUSED_BY_CLIENT, ca_first, wrong};
use super::check::{Check, Evidence, Fix, Look, Need, Windows};
use crate::base::{Layer, SpecRef};
use crate::crypto::chain::Rule;
use crate::transcript::facts::Facts;
use crate::wire::http;

pub(super) const CERT_NAME: &[Check] = &[
    Check {
        id: "CERT-CA-FIRST",
        layer: Layer::Cert,
        title: "The server sends a CA certificate in the place of its own",
        means: "The first certificate counts as the server's, and it is that of a CA which issued one behind it: the file is in the wrong order.",
        fix: Fix { admin: "Put the server's own certificate first (--fix-chain writes the file), then its issuer, and so on.", user: "" },
        windows: &[Windows::Hresult(0x800B_010F)],
        spec: &[SpecRef::rfc(8446, "4.4.2")],
        needs: Need::Chain,
        explains: &[
            "CERT-NAME-MISMATCH",
            "DNS-CONNECT-BY-IP",
            "CERT-KEY-USAGE",
            "CERT-EKU-MISSING",
            "CERT-KEY-NOT-PROVED",
            // Crypto binding carries the hash of whichever certificate came first.
            "BIND-REFUSED",
            "BIND-CERTHASH-LB",
            "CERT-CLIENT-SAYS-BAD",
            "CERT-CLIENT-SAYS-UNKNOWN-CA",
        ],
        look: Look::One(ca_first),
        ..Check::ROW
    },
    Check {
        id: "DNS-CONNECT-BY-IP",
        layer: Layer::Cert,
        title: "An address was dialled that the certificate does not name",
        means: "The profile holds an IP address, the certificate only DNS names.",
        fix: Fix {
            admin: "Publish a name, or have the address put into the certificate.",
            user: "Put the server's DNS name into the profile.",
        },
        windows: &[Windows::Hresult(0x800B_010F)],
        spec: &[SpecRef::rfc(9525, "6.5")],
        needs: Need::Chain,
        explains: REFUSED_BY_CLIENT,
        look: Look::One(address_not_named),
        ..Check::ROW
    },
    Check {
        id: "CERT-WILDCARD-DEPTH",
        layer: Layer::Cert,
        title: "The wildcard of the certificate does not reach this name",
        means: "A wildcard stands for exactly one label: *.example.com is not for a.b.example.com.",
        fix: Fix { admin: "Have the exact name put into the certificate.", user: "" },
        windows: &[Windows::Hresult(0x800B_010F)],
        spec: &[SpecRef::rfc(9525, "6.3")],
        needs: Need::Chain,
        explains: REFUSED_BY_CLIENT,
        look: Look::One(wildcard_too_short),
        ..Check::ROW
    },
    Check {
        id: "CERT-NAME-MISMATCH",
        layer: Layer::Cert,
        title: "The certificate is for another name",
        means: "The dialled name is not on the certificate: a wrong profile, the default certificate of a front end, or another server.",
        fix: Fix {
            admin: "Have the certificate reissued with the name that clients dial, or bind the right one.",
            user: "Dial the name that is on the certificate.",
        },
        windows: &[Windows::Hresult(0x800B_010F)],
        spec: &[SpecRef::sstp("3.2.4.1"), SpecRef::rfc(9525, "6")],
        needs: Need::Chain,
        explains: REFUSED_BY_CLIENT,
        look: Look::One(name_mismatch),
        ..Check::ROW
    },
];

fn address_not_named(facts: &Facts) -> Option<Evidence> {
    wrong(facts, &[Rule::IpNotInSan]).filter(|_| dialled_name_is_known(facts))
}

/// A tap sees what was dialled only in what the client says of it: an address that it merely connects to says nothing.
pub(super) fn dialled_name_is_known(facts: &Facts) -> bool {
    let names_it = |head: &http::Head| head.header("host").is_some_and(|host| host.contains(facts.target.name()));
    !facts.tapped() || facts.requests.iter().any(|request| names_it(&request.it))
}

fn wildcard_too_short(facts: &Facts) -> Option<Evidence> {
    wrong(facts, &[Rule::WildcardDepth])
}

fn name_mismatch(facts: &Facts) -> Option<Evidence> {
    wrong(facts, &[Rule::NameMismatch, Rule::IdnNotEncoded])
}
