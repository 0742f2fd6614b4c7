//! What about the certificate works today, but not for everyone or not for long.

use super::cert::{ca_first, problem, reason, sentence, server_clock};
use super::cert_use::is_older_than_sha1;
use super::check::{Check, Evidence, Fix, Look, Need, Severity, Windows};
use super::look::{date, observer};
use super::other_node;
use crate::base::{Layer, SpecRef};
use crate::crypto::chain::{ChainVerdict, Problem, Rule, moment, span};
use crate::transcript::facts::{Facts, Seen};
use crate::transcript::{CLIENT, OtherLeaf};
use crate::wire::cert::Cert;

pub(super) const CERT_ADVICE: &[Check] = &[
    Check {
        id: "CERT-CN-ONLY",
        layer: Layer::Cert,
        severity: Severity::Warn,
        title: "The name stands in the common name only",
        means: "Windows may accept that; Android and newer programs look at the subject alternative names alone.",
        fix: Fix { admin: "Have the certificate reissued with a subject alternative name.", user: "" },
        spec: &[SpecRef::rfc(9525, "6.3")],
        needs: Need::Chain,
        look: Look::One(common_name_only),
        ..Check::ROW
    },
    Check {
        id: "CERT-SHA1",
        layer: Layer::Cert,
        severity: Severity::Warn,
        title: "A certificate is signed with SHA-1",
        means: "Signatures with SHA-1 have been forged. Clients refuse them below public roots.",
        fix: Fix { admin: "Have the certificates reissued with SHA-256.", user: "" },
        spec: &[SpecRef::rfc(9155, "2")],
        needs: Need::Chain,
        look: Look::One(weak_signature),
        ..Check::ROW
    },
    Check {
        id: "CERT-UNCHECKED",
        layer: Layer::Cert,
        severity: Severity::Warn,
        title: "A signature in the chain could not be checked here",
        means: "It is made in a way that this program cannot check; clients may well be able to. Nothing else speaks against the chain, but \
                a name alone proves nothing, so no password was shown to it in the clear.",
        fix: Fix {
            admin: "Check the chain with another tool (openssl verify); RSA and ECDSA with SHA-256 are checked by everybody.",
            user: "",
        },
        spec: &[SpecRef::rfc(5280, "6.1.3")],
        needs: Need::Chain,
        look: Look::One(unchecked_signature),
        ..Check::ROW
    },
    Check {
        id: "CERT-WEAK-KEY",
        layer: Layer::Cert,
        severity: Severity::Warn,
        title: "The key of a certificate is too short",
        means: "Clients with a stricter policy refuse it.",
        fix: Fix { admin: "Make a new key of at least 2048 bits (RSA) and have the certificate reissued.", user: "" },
        windows: &[Windows::Hresult(0x800B_0109)],
        spec: &[SpecRef::rfc(9325, "4.5")],
        needs: Need::Chain,
        look: Look::One(weak_key),
        ..Check::ROW
    },
    Check {
        id: "CERT-EXPIRES-SOON",
        layer: Layer::Cert,
        severity: Severity::Warn,
        title: "The certificate ends within a week",
        means: "After that no Windows client will connect. It is said when two thirds of the validity are over: certificates that live for a week are \
                renewed late.",
        fix: Fix { admin: "Renew the certificate now, select it for SSTP and restart the service.", user: "" },
        spec: &[SpecRef::rfc(5280, "4.1.2.5")],
        needs: Need::Chain,
        look: Look::One(ends_within_a_week),
        ..Check::ROW
    },
    Check {
        id: "CERT-V4-V6-DIFFER",
        layer: Layer::Cert,
        severity: Severity::Warn,
        title: "IPv4 and IPv6 show different certificates",
        means: "Crypto binding compares with one certificate, so calls over the other address family fail. The other certificate is judged like \
                that of the call.",
        fix: Fix { admin: "Bind the same certificate to 0.0.0.0:443 and [::]:443.", user: "" },
        windows: &[Windows::Event(24)],
        verified: true,
        spec: &[SpecRef::sstp("3.3.3")],
        needs: Need::Chain,
        look: Look::One(families_differ),
        ..Check::ROW
    },
    Check {
        id: "TLS-SNI-DEFAULT-CERT",
        layer: Layer::Cert,
        severity: Severity::Note,
        title: "Without SNI the server shows another certificate",
        means: "Several sites share the address. Windows sends SNI and is served well; clients, proxies and monitors that do not, or \
                dial by address, get the other certificate, and crypto binding compares with the one on record.",
        fix: Fix { admin: "Make the certificate of the VPN the default one of the front end.", user: "Dial the exact name of the server." },
        spec: &[SpecRef::rfc(6066, "3")],
        needs: Need::Chain,
        look: Look::One(other_without_sni),
        ..Check::ROW
    },
    Check {
        id: "CERT-LEAF-IS-CA",
        layer: Layer::Cert,
        severity: Severity::Note,
        title: "The server's certificate is one of a CA",
        means: "Its basic constraints say CA:TRUE. Windows and most clients take it all the same, some refuse it; and whoever gets hold of the server's \
                key can issue certificates that every client believes.",
        fix: Fix { admin: "Have the certificate reissued without CA:TRUE, from the template for web servers.", user: "" },
        spec: &[SpecRef::rfc(5280, "4.2.1.9")],
        needs: Need::Chain,
        look: Look::One(leaf_is_a_ca),
        ..Check::ROW
    },
    Check {
        id: "CERT-EXPIRES-30-DAYS",
        layer: Layer::Cert,
        severity: Severity::Note,
        title: "The certificate ends within 30 days",
        means: "It is time to renew it. With SSTP a renewal must also be made known to the service. It is said when two thirds of the validity are \
                over, and within the last 48 hours of every certificate.",
        fix: Fix { admin: "Renew the certificate, select it for SSTP and restart the service.", user: "" },
        spec: &[SpecRef::rfc(5280, "4.1.2.5")],
        needs: Need::Chain,
        look: Look::One(ends_within_a_month),
        ..Check::ROW
    },
    Check {
        id: "CERT-TRUST-DIFFERS",
        layer: Layer::Cert,
        severity: Severity::Note,
        title: "Some trust sources accept the certificate, others do not",
        means: "Whether a client connects depends on the roots it trusts.",
        fix: Fix { admin: "Make sure that every client has the root.", user: "" },
        spec: &[SpecRef::rfc(5280, "6.1")],
        needs: Need::Chain,
        look: Look::One(sources_disagree),
        ..Check::ROW
    },
    Check {
        id: "CERT-NO-REVOCATION-INFO",
        layer: Layer::Cert,
        severity: Severity::Note,
        title: "A certificate names no place to check revocation",
        means: "Neither a CRL nor an OCSP address is in it. Windows usually accepts that for private CAs.",
        fix: Fix { admin: "Add a CRL address to the CA, or accept it knowingly.", user: "" },
        windows: &[Windows::Hresult(0x8009_2012)],
        spec: &[SpecRef::rfc(5280, "4.2.1.13")],
        needs: Need::Chain,
        look: Look::One(revocation_not_named),
        ..Check::ROW
    },
    Check {
        id: "CERT-EKU-ABSENT",
        layer: Layer::Cert,
        severity: Severity::Note,
        title: "The certificate does not say what it is for",
        means: "MS-SSTP asks for the Server Authentication purpose by name; clients accept a certificate without any.",
        fix: Fix { admin: "Add the Server Authentication purpose at the next renewal.", user: "" },
        spec: &[SpecRef::sstp("3.2.4.1")],
        needs: Need::Chain,
        look: Look::One(purpose_not_said),
        ..Check::ROW
    },
    Check {
        id: "CERT-WRONG-ORDER",
        layer: Layer::Cert,
        severity: Severity::Note,
        title: "The certificates are sent in the wrong order",
        means: "Each certificate should be followed by its issuer. Most clients sort them out, old ones do not.",
        fix: Fix { admin: "Put the leaf first, then its issuer, and so on.", user: "" },
        spec: &[SpecRef::rfc(8446, "4.4.2")],
        needs: Need::Chain,
        look: Look::One(wrong_order),
        ..Check::ROW
    },
    Check {
        id: "CERT-EXTRA",
        layer: Layer::Cert,
        severity: Severity::Note,
        title: "Certificates are sent that are not needed",
        means: "A certificate has no part in the chain or is there twice. It costs time and hides mistakes.",
        fix: Fix { admin: "Send the leaf and its intermediates only.", user: "" },
        spec: &[SpecRef::rfc(8446, "4.4.2")],
        needs: Need::Chain,
        look: Look::One(needless_certificate),
        ..Check::ROW
    },
    Check {
        id: "CERT-VALIDITY-TOO-LONG",
        layer: Layer::Cert,
        severity: Severity::Note,
        title: "The certificate is valid for longer than some clients accept",
        means: "Apple systems refuse server certificates that are valid for more than 825 days. Windows accepts them.",
        fix: Fix { admin: "Use a shorter validity at the next renewal if Apple devices connect.", user: "" },
        spec: &[SpecRef::rfc(5280, "4.1.2.5")],
        needs: Need::Chain,
        look: Look::One(valid_too_long),
        ..Check::ROW
    },
    Check {
        id: "CERT-CLOCK-SKEW",
        layer: Layer::Cert,
        severity: Severity::Note,
        title: "The clocks of this computer and the server differ",
        means: "By the Date of the HTTP answer one of them is wrong. Near the ends of a certificate that decides about trust.",
        fix: Fix { admin: "Enable time synchronisation on the server.", user: "Check date, time and time zone." },
        spec: &[SpecRef::rfc(9110, "6.6.1")],
        needs: Need::Chain,
        look: Look::One(clocks_differ),
        ..Check::ROW
    },
];

fn common_name_only(facts: &Facts) -> Option<Evidence> {
    found(facts, &[Rule::CnOnly])
}

fn weak_signature(facts: &Facts) -> Option<Evidence> {
    let of = |seen: &Seen<(String, ChainVerdict)>| {
        let mut weak = seen.it.1.problems.iter().filter(|problem| problem.rule == Rule::WeakSignature);
        // What is older still has a row of its own.
        let older = |problem: &&Problem| problem.cert.and_then(|index| facts.chain.get(index)).is_some_and(is_older_than_sha1);
        weak.find(|problem| !older(problem)).cloned()
    };
    let (seen, problem) = facts.trust.iter().find_map(|seen| Some((seen, of(seen)?)))?;
    Some(Evidence::at(seen.event, sentence(facts, &problem)))
}

fn unchecked_signature(facts: &Facts) -> Option<Evidence> {
    let proven = facts.trust.iter().any(|seen| seen.it.1.is_proven());
    found(facts, &[Rule::UncheckedSignature]).filter(|_| !proven)
}

fn weak_key(facts: &Facts) -> Option<Evidence> {
    found(facts, &[Rule::WeakKey])
}

fn ends_within_a_week(facts: &Facts) -> Option<Evidence> {
    ends_within(facts, 0..7 * DAY).filter(|end| end.due).map(|end| end.evidence)
}

fn families_differ(facts: &Facts) -> Option<Evidence> {
    let (chosen, leaf) = (facts.chosen?, facts.leaf()?);
    // Where a node of the other family shows the same, the nodes differ and not the families.
    let same = |seen: &Seen<OtherLeaf>| seen.it.from.is_ipv6() != chosen.is_ipv6() && seen.it.sha256 == leaf.sha256;
    if facts.other_leaves.iter().any(same) {
        return None;
    }
    let other = facts.other_leaves.iter().find(|seen| seen.it.from.is_ipv6() != chosen.is_ipv6() && seen.it.sha256 != leaf.sha256)?;
    let says = format!("{chosen} shows the leaf with SHA-256 {}, {} the one with {}", leaf.sha256, other.it.from, other.it.sha256);
    Some(Evidence::of(facts.chain_event.into_iter().chain([other.event]), says)?.and(&other_node::judgement(facts, &other.it)))
}

fn other_without_sni(facts: &Facts) -> Option<Evidence> {
    let (leaf, seen) = (facts.leaf()?, facts.nameless.as_ref()?);
    let other = seen.it.0.as_ref().filter(|other| other.sha256 != leaf.sha256)?;
    let says = format!("with the name: {} (SHA-256 {}); without: {} (SHA-256 {})", leaf.title(), leaf.sha256, other.title(), other.sha256);
    Evidence::of(facts.chain_event.into_iter().chain([seen.event]), says)
}

/// Where the file is in the wrong order it is the CA itself that stands first, which has a row of its own.
fn leaf_is_a_ca(facts: &Facts) -> Option<Evidence> {
    let leaf = facts.leaf().filter(|leaf| leaf.is_ca == Some(true) && ca_first(facts).is_none())?;
    let length = leaf.path_len.map_or(String::new(), |length| format!(", pathLenConstraint {length}"));
    Some(Evidence::at(facts.chain_event?, format!("the server certificate {} has basicConstraints CA:TRUE{length}", leaf.title())))
}

fn ends_within_a_month(facts: &Facts) -> Option<Evidence> {
    let soon = ends_within(facts, 0..2 * DAY).filter(|end| !end.due);
    soon.or_else(|| ends_within(facts, 7 * DAY..30 * DAY).filter(|end| end.due)).map(|end| end.evidence)
}

fn sources_disagree(facts: &Facts) -> Option<Evidence> {
    let (refusing, trusting): (Vec<_>, Vec<_>) = facts.trust.iter().partition(|seen| reason(facts, seen).is_some());
    // What a client went on with in spite of our roots is told of by a row of its own.
    if trusting.iter().any(|seen| seen.it.0 == CLIENT) {
        return None;
    }
    let trusting: Vec<&str> = trusting.iter().map(|seen| seen.it.0.as_str()).collect();
    let reasons: Vec<String> = refusing.iter().filter_map(|seen| reason(facts, seen)).collect();
    let says = format!("{} accepts it; {}", trusting.join(" and "), reasons.join(", "));
    Evidence::of(refusing.iter().map(|seen| seen.event), says).filter(|_| !trusting.is_empty())
}

fn revocation_not_named(facts: &Facts) -> Option<Evidence> {
    found(facts, &[Rule::NoRevocationInfo])
}

fn purpose_not_said(facts: &Facts) -> Option<Evidence> {
    found(facts, &[Rule::EkuAbsent])
}

fn wrong_order(facts: &Facts) -> Option<Evidence> {
    found(facts, &[Rule::WrongOrder])
}

fn needless_certificate(facts: &Facts) -> Option<Evidence> {
    found(facts, &[Rule::ExtraCertificate, Rule::Duplicate])
}

fn valid_too_long(facts: &Facts) -> Option<Evidence> {
    found(facts, &[Rule::ValidityTooLong])
}

fn clocks_differ(facts: &Facts) -> Option<Evidence> {
    let (event, theirs) = server_clock(facts)?;
    let says = format!("{} says {}, the server says {}", observer(facts), date(facts.began), date(theirs));
    (theirs.abs_diff(facts.began) > CLOCK_TOLERANCE).then(|| Evidence::at(event, says))
}

/// Some trust source met one of the rules.
fn found(facts: &Facts, rules: &[Rule]) -> Option<Evidence> {
    let (seen, problem) = facts.trust.iter().find_map(|seen| Some((seen, problem(&seen.it.1, rules)?)))?;
    Some(Evidence::at(seen.event, sentence(facts, problem)))
}

/// The end of the first certificate of the chain (roots aside) to end.
struct Ending {
    evidence: Evidence,
    /// Two thirds of its life are over: certificates that live for a week are renewed every few days.
    due: bool,
}

/// The first certificate of the chain (roots aside) to end, when it ends in so many seconds.
fn ends_within(facts: &Facts, seconds: std::ops::Range<i64>) -> Option<Ending> {
    let left = |cert: &Cert| cert.not_after - facts.began;
    let first = facts.chain.iter().filter(|cert| !cert.self_issued() || facts.chain.len() == 1).min_by_key(|cert| cert.not_after)?;
    let event = facts.chain_event.filter(|_| seconds.contains(&left(first)))?;
    let due = left(first) < (first.not_after - first.not_before) / 3;
    let says = format!("{} ends {}, in {}", first.title(), moment(first.not_after, facts.began), span(left(first)));
    let today = left(first) < DAY;
    let hint = if today { "a client whose clock or time zone is ahead refuses it already" } else { "" };
    Some(Ending { evidence: Evidence::at(event, says).and(hint), due })
}

/// Seconds of a day.
const DAY: i64 = 86_400;
/// Ours: clocks that differ by no more than so many seconds count as equal; Kerberos allows five minutes too.
const CLOCK_TOLERANCE: u64 = 300;
