//! The certificate that a server shows, as its clients must judge it. MS-SSTP 3.2.4.1; RFC 5280.
//! Whom the one who asks trusts is no matter of the server's.

use super::{derived, rfc, should};
use crate::base::Layer::Sstp;
use crate::crypto::chain::Rule;
use crate::jobs::conformance::case::{Level, Row};
use crate::jobs::conformance::expect::{Expect, View};
use crate::transcript::What;

pub(super) const ROWS: &[Row] = &[
    derived("cert/3.2.4.1/purpose", "3.2.4.1", &["S-003"])
        .at(Sstp)
        .says("the certificate is for servers, or for any purpose")
        .expects(Expect::Is("serverAuth or anyExtendedKeyUsage, where there are purposes", |view| without(view, &[Rule::EkuMissing])))
        .why("Clients have to refuse any other.")
        .proved("cert.no-server-auth"),
    should("cert/3.2.4.1/name", "3.2.4.1", &["S-004"])
        .at(Sstp)
        .says("the certificate bears the name that is dialled")
        .expects(Expect::Is("the name or address that is dialled", |view| {
            without(view, &[Rule::NameMismatch, Rule::WildcardDepth, Rule::IdnNotEncoded, Rule::IpNotInSan])
        }))
        .why("Clients refuse any other.")
        .proved("cert.wrong-name"),
    rfc(Level::Derived, "cert/6.1.3/validity", 5280, "6.1.3", &["S-005"])
        .at(Sstp)
        .says("the certificates are valid today")
        .expects(Expect::Is("no certificate that has ended or not begun", |view| {
            without(view, &[Rule::Expired, Rule::NotYetValid, Rule::DatesReversed])
        }))
        .why("Clients refuse what has ended.")
        .proved("cert.expired"),
    rfc(Level::Derived, "cert/6.1.3/chain", 5280, "6.1.3", &["S-005"])
        .at(Sstp)
        .says("every certificate but the root is sent, and issued by the next")
        .expects(Expect::Is("a chain that holds together", |view| without(view, &BROKEN)))
        .why("Clients do not look for what is missing, or not all of them.")
        .proved("cert.missing-intermediate"),
    rfc(Level::Derived, "cert/4.4.2/order", 8446, "4.4.2", &["S-005"])
        .at(Sstp)
        .says("the server's own certificate comes first, then its issuers in order")
        .expects(Expect::Is("the order from leaf to root", |view| without(view, &[Rule::WrongOrder])))
        .why("The first certificate is the one that crypto binding hashes.")
        .proved("cert.ca-first"),
];

const BROKEN: [Rule; 6] =
    [Rule::MissingIntermediate, Rule::BadSignature, Rule::BasicConstraints, Rule::PathLength, Rule::NameConstraints, Rule::Unparsable];

/// Whether the chain was weighed and is free of these problems.
fn without(view: &View<'_>, rules: &[Rule]) -> Result<(), String> {
    let mut verdicts =
        view.events.iter().filter_map(|event| if let What::Trust { verdict, .. } = &event.what { Some(verdict) } else { None });
    let verdict = verdicts.next_back().ok_or("no certificate was judged")?;
    match verdict.problems.iter().find(|problem| rules.contains(&problem.rule)) {
        None => Ok(()),
        Some(problem) => Err(format!("certificate {}: {}", problem.cert.map_or(0, |index| index + 1), problem.says)),
    }
}
