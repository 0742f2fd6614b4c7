//! The certificate that a server shows, as its clients must judge it. MS-SSTP 3.2.4.1; RFC 5280.
//! Whom the one who asks trusts is no matter of the server's.

use super::{derived, rfc, should};
use crate::base::Layer::Sstp;
use crate::crypto::chain::{ChainVerdict, Rule};
use crate::jobs::conformance::case::{Level, Row};
use crate::jobs::conformance::expect::{Expect, View};
use crate::live::trust::Store;
use crate::transcript::What;
use crate::wire::cert::Cert;

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
        .only_if(Expect::Is("a chain of which can be told where it ends", end_can_be_told), ONE_MISSING)
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

const ONE_MISSING: &str = "the issuer of the server's certificate was not sent, and no source of trust has it: whether that is a private root, \
    which is not to be sent, or an intermediate, which is, cannot be told from outside; give --ca FILE with the root";

/// A lone certificate whose issuer nobody knows may lie right below a private root. It does not where the root was given and did not
/// issue it, or where the certificate says at which http:// address its issuer is: whoever has the root needs none.
fn end_can_be_told(view: &View<'_>) -> Result<(), String> {
    let lone = without(view, &[Rule::MissingIntermediate]).is_err();
    let given = trusts(view).any(|(source, _)| Store::from_name(source).is_none());
    let leaf = view.events.iter().rev().find_map(|event| match &event.what {
        What::Chain { certs, aside: false, .. } => Cert::parse(&certs.first()?.0).ok(),
        _ => None,
    });
    let is_http = |url: &String| url.get(..7).is_some_and(|start| start.eq_ignore_ascii_case("http://"));
    let fetched = leaf.is_some_and(|leaf| leaf.ca_issuers_urls.iter().any(is_http));
    if !lone || given || fetched { Ok(()) } else { Err("it ends at a certificate whose issuer nobody knows".into()) }
}

fn trusts<'a>(view: &View<'a>) -> impl Iterator<Item = (&'a str, &'a ChainVerdict)> + use<'a> {
    view.events.iter().filter_map(|event| match &event.what {
        What::Trust { source, verdict } => Some((source.as_str(), verdict)),
        _ => None,
    })
}

/// Whether the chain was weighed and is free of these problems: by the source that knows its root, or else by the last.
fn without(view: &View<'_>, rules: &[Rule]) -> Result<(), String> {
    let known = trusts(view).find(|row| row.1.anchor.is_some());
    let verdict = known.or_else(|| trusts(view).last()).ok_or("no certificate was judged")?.1;
    match verdict.problems.iter().find(|problem| rules.contains(&problem.rule)) {
        None => Ok(()),
        Some(problem) => Err(format!("certificate {}: {}", problem.cert.map_or(0, |index| index + 1), problem.says)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{Bytes, Micros};
    use crate::crypto::chain::Problem;
    use crate::jobs::conformance::case::Case;
    use crate::jobs::conformance::verdict::{Grade, judge};
    use crate::jobs::lab::pki::papers::{IssuerPage, Papers};
    use crate::jobs::lab::pki::{Authority, PkiKind};
    use crate::transcript::Event;

    /// The verdict on a chain, where this source of trust finds that in it.
    fn verdict(certs: &[Vec<u8>], source: &str, found: Option<Rule>) -> (Grade, String) {
        let case = ROWS.iter().map(Case::from).find(|case| case.id == "cert/6.1.3/chain").expect("it is there");
        let problems = found.map(|rule| Problem { rule, cert: Some(0), says: "was issued by X, which was not sent".into() });
        let verdict = ChainVerdict { path: vec![0], anchor: None, problems: problems.into_iter().collect() };
        let whats = [
            What::Chain { from: None, certs: certs.iter().cloned().map(Bytes).collect(), aside: false },
            What::Trust { source: source.into(), verdict },
        ];
        let event = |what| Event { at: Micros::ZERO, by: None, layer: crate::base::Layer::Cert, what, raw: Bytes::default() };
        let verdict = judge(&case, &whats.map(event));
        (verdict.grade, verdict.actual)
    }

    /// A sound chain right below a private root is no failure of the server, and a missing intermediate is one where that shows.
    #[test]
    fn a_chain_that_lacks_its_private_root_alone_is_not_failed() {
        let authority = Authority::new(1_800_000_000_000, "http://127.0.0.1:1").expect("keys");
        let leaf = |issuer| {
            let papers = Papers { issuer, ..Papers::CLEAN };
            authority.chain(PkiKind::MissingIntermediate, papers).expect("a chain").identity.chain
        };
        let (mute, telling) = (leaf(None), leaf(Some(IssuerPage::Der)));
        let missing = Some(Rule::MissingIntermediate);
        let (grade, says) = verdict(&mute, "system", missing);
        assert!(grade == Grade::Unsupported && says.contains("give --ca"), "{grade:?} {says}");
        assert_eq!(verdict(&mute, "root.pem", missing).0, Grade::Fail, "the root was given, and did not issue it");
        assert_eq!(verdict(&telling, "system", missing).0, Grade::Fail, "the certificate says where its issuer is");
        assert_eq!(verdict(&mute, "system", Some(Rule::BadSignature)).0, Grade::Fail);
        assert_eq!(verdict(&mute, "system", Some(Rule::UntrustedRoot)).0, Grade::Pass, "the next one up would be the root");
    }
}
