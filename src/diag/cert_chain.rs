//! Where the chain ends, and what a client makes of it as a whole.

use super::cert::{CERT, CERT_DATES, REFUSED_BY_CLIENT, reason, wrong, wrong_end};
use super::cert_name::{CERT_NAME, dialled_name_is_known};
use super::cert_use::{CERT_SIGNATURE, CERT_USE};
use super::check::{Check, Evidence, Fix, Look, Need, Windows};
use crate::base::{Layer, SpecRef};
use crate::crypto::chain::Rule;
use crate::transcript::State;
use crate::transcript::facts::Facts;

/// Where the chain ends.
pub(super) const CERT_END: &[Check] = &[
    Check {
        id: "CERT-SELF-SIGNED",
        layer: Layer::Cert,
        title: "The certificate signed itself",
        means: "No CA stands behind it, so a client trusts it only when it was imported there.",
        fix: Fix {
            admin: "Use a certificate issued by a CA.",
            user: "Import it into the trusted roots of the local computer, if the administrator says so.",
        },
        windows: &[Windows::Hresult(0x800B_0109)],
        verified: true,
        spec: &[SpecRef::rfc(5280, "6.1")],
        needs: Need::Chain,
        explains: REFUSED_BY_CLIENT,
        look: Look::One(self_signed),
        ..Check::ROW
    },
    Check {
        id: "CERT-MISSING-INTERMEDIATE",
        layer: Layer::Cert,
        title: "The server does not send its intermediate certificate",
        means: "The chain does not reach a root. Some clients fetch the missing part themselves, others refuse. Where the issuer is a root \
                itself, as with a CA of one level of one's own, it is that root which the clients lack.",
        fix: Fix {
            admin: "Install the intermediate on the server or on the load balancer; a root of your own on the clients.",
            user: "Try again on an open network.",
        },
        windows: &[Windows::Hresult(0x800B_010A), Windows::Hresult(0x800B_0109)],
        spec: &[SpecRef::rfc(8446, "4.4.2")],
        needs: Need::Chain,
        explains: REFUSED_BY_CLIENT,
        look: Look::One(intermediate_missing),
        ..Check::ROW
    },
    Check {
        id: "CERT-UNTRUSTED-ROOT",
        layer: Layer::Cert,
        title: "The root of the certificate is not trusted here",
        means: "It ends at a private root, or at one that this computer does not know. Computers that have the root connect.",
        fix: Fix {
            admin: "Distribute the root by group policy or MDM, or use a public CA.",
            user: "Import the root into the trusted roots of the local computer (not of the current user).",
        },
        windows: &[Windows::Hresult(0x800B_0109)],
        verified: true,
        spec: &[SpecRef::rfc(5280, "6.1")],
        needs: Need::Chain,
        explains: REFUSED_BY_CLIENT,
        look: Look::One(untrusted_root),
        ..Check::ROW
    },
];

pub(super) const CERT_CHAIN: &[Check] = &[
    Check {
        id: "CERT-CRL-LDAP-ONLY",
        layer: Layer::Cert,
        title: "Revocation can be checked inside the domain only",
        means: "The only addresses for revocation lists are LDAP. A client outside cannot fetch them, and SSTP on Windows insists.",
        fix: Fix { admin: "Add an HTTP address for the CRL to the CA, publish the CRL there, reissue the certificate.", user: "" },
        windows: &[Windows::Hresult(0x8009_2013)],
        spec: &[SpecRef::rfc(5280, "4.2.1.13")],
        needs: Need::Chain,
        explains: REFUSED_BY_CLIENT,
        look: Look::One(crl_by_ldap_only),
        ..Check::ROW
    },
    Check {
        id: "CERT-KEY-NOT-PROVED",
        layer: Layer::Cert,
        title: "The server does not hold the key of its certificate",
        means: "The chain is trusted, but the signature in the handshake was made with another key: somebody shows a certificate that is not \
                theirs.",
        fix: Fix {
            admin: "Find out what answers at this address; pair key and certificate again.",
            user: "Do not log in; use another network.",
        },
        windows: &[Windows::Hresult(0x8009_0326)],
        spec: &[SpecRef::rfc(8446, "4.4.3")],
        needs: Need::Began(Layer::Cert),
        explains: REFUSED_BY_CLIENT,
        look: Look::One(key_not_proved),
        ..Check::ROW
    },
    Check {
        id: "CERT-NOT-TRUSTED",
        layer: Layer::Cert,
        title: "No trust source accepts the certificate",
        means: "Every trust source refuses it, each for a reason of its own.",
        fix: Fix { admin: "See the reasons in the evidence.", user: "" },
        spec: &[SpecRef::rfc(5280, "6.1")],
        needs: Need::Chain,
        explains: REFUSED_BY_CLIENT,
        look: Look::One(refused_by_all),
        ..Check::ROW
    },
];

fn self_signed(facts: &Facts) -> Option<Evidence> {
    wrong_end(facts, Rule::SelfSigned)
}

fn intermediate_missing(facts: &Facts) -> Option<Evidence> {
    let below_a_root = wrong_end(facts, Rule::UntrustedRoot).filter(|_| fetched_below_a_root(facts));
    // One that was sent and cannot be read may be the one.
    let evidence = wrong_end(facts, Rule::MissingIntermediate).or(below_a_root).filter(|_| facts.bad_certs.is_empty())?;
    let fetched: Vec<_> = facts.issuers.iter().filter(|seen| seen.it.cert.is_some()).collect();
    let urls = fetched.iter().map(|seen| seen.it.url.as_str()).collect::<Vec<_>>().join(" and ");
    let with = if fetched.len() > 1 { "them" } else { "it" };
    let says = fetched.last().map(|last| match &last.it.root {
        Some(root) => format!("fetched from {urls}, and with {with} the chain leads to {root}, so clients that fetch connect"),
        None => format!("fetched from {urls}, but even so the chain leads to no trusted root"),
    });
    Some(evidence.and(says.as_deref().unwrap_or_default()))
}

fn untrusted_root(facts: &Facts) -> Option<Evidence> {
    wrong_end(facts, Rule::UntrustedRoot).filter(|_| !fetched_below_a_root(facts))
}

/// What the chain seemed to end below is no root: it could be fetched, and leads on to a root that is trusted.
fn fetched_below_a_root(facts: &Facts) -> bool {
    facts.issuers.iter().any(|seen| seen.it.cert.is_some() && seen.it.root.is_some())
}

fn crl_by_ldap_only(facts: &Facts) -> Option<Evidence> {
    wrong(facts, &[Rule::CrlLdapOnly])
}

/// A source trusts the chain, and the layer is down all the same: the only other thing weighed is the handshake's signature.
fn key_not_proved(facts: &Facts) -> Option<Evidence> {
    let down = facts.layer(Layer::Cert).filter(|layer| layer.state == State::Down)?;
    let trusted = facts.trust.iter().find(|seen| seen.it.1.is_trusted())?;
    Evidence::of([trusted.event, down.event?], down.reason.as_ref()?.to_string())
}

fn refused_by_all(facts: &Facts) -> Option<Evidence> {
    let reasons: Vec<String> = facts.trust.iter().filter_map(|seen| reason(facts, seen)).collect();
    let counts = dialled_name_is_known(facts) || wrong(facts, &[Rule::IpNotInSan]).is_none();
    let all_refuse = counts && !reasons.is_empty() && reasons.len() == facts.trust.len();
    let named = || {
        [CERT, CERT_SIGNATURE, CERT_END, CERT_DATES, CERT_USE, CERT_NAME, CERT_CHAIN]
            .into_iter()
            .flatten()
            .any(|check| check.id != "CERT-NOT-TRUSTED" && check.hits(facts).is_some())
    };
    (all_refuse && !named()).then(|| Evidence::of(facts.trust.iter().map(|seen| seen.event), reasons.join(", ")))?
}
