//! What makes a Windows client refuse the server's certificate: what is missing, unreadable, out of its dates or forged.
//! Names, what a certificate may be used for, and where a chain ends stand in files of their own.
//!
//! The order of the tables and in them decides which finding is named first. It is that of Windows' chain policy as Wine reads it
//! (`dlls/crypt32/chain.c`; unverified on Windows): signatures, the end of the chain, dates, purposes and constraints, and names last,
//! which are looked at only where the rest is right.

use super::check::{Check, Evidence, Fix, Look, Need, Windows};
use super::look::{answer, date, observer};
use crate::base::{Layer, SpecRef};
use crate::crypto::chain::{ChainVerdict, Problem, Rule};
use crate::transcript::TlsFailure;
use crate::transcript::facts::{Facts, Seen};
use crate::wire::cert::Cert;

pub(super) const CERT: &[Check] = &[
    Check {
        id: "CERT-NONE-SENT",
        layer: Layer::Cert,
        title: "The server sent no certificate",
        means: "Without a certificate a client cannot tell whom it talks to, and crypto binding has nothing to bind to.",
        fix: Fix { admin: "Bind a certificate to the SSTP listener.", user: "" },
        spec: &[SpecRef::rfc(8446, "4.4.2.4")],
        needs: Need::Began(Layer::Tls),
        explains: &["TLS-HANDSHAKE-FAILED", "TLS-CLIENT-LEFT"],
        look: Look::One(no_certificate),
        ..Check::ROW
    },
    Check {
        id: "CERT-UNREADABLE",
        layer: Layer::Cert,
        title: "A certificate of the server cannot be read",
        means: "It is damaged, or not made by the rules, in a part that decides about trust.",
        fix: Fix { admin: "Have the certificate reissued.", user: "" },
        spec: &[SpecRef::rfc(5280, "4.1")],
        needs: Need::Chain,
        explains: REFUSED_BY_CLIENT,
        look: Look::One(unreadable),
        ..Check::ROW
    },
    Check {
        id: "CERT-BAD-SIGNATURE",
        layer: Layer::Cert,
        title: "A signature in the chain is wrong",
        means: "A certificate was not signed with the key of the issuer it names: the chain is put together from different renewals, or forged.",
        fix: Fix { admin: "Install leaf and intermediate certificates that belong together.", user: "" },
        spec: &[SpecRef::rfc(5280, "6.1.3")],
        needs: Need::Chain,
        explains: REFUSED_BY_CLIENT,
        look: Look::One(bad_signature),
        ..Check::ROW
    },
];

/// A clock or a date.
pub(super) const CERT_DATES: &[Check] = &[
    Check {
        id: "CERT-CLIENT-CLOCK",
        layer: Layer::Cert,
        title: "The clock of this computer is wrong",
        means: "The certificate is valid by the server's clock but not by this computer's, so only this computer refuses it.",
        fix: Fix { admin: "Enable time synchronisation.", user: "Correct date, time and time zone." },
        windows: &[Windows::Hresult(0x800B_0101)],
        spec: &[SpecRef::rfc(5280, "6.1.3"), SpecRef::rfc(9110, "6.6.1")],
        explains: &["CERT-EXPIRED", "CERT-NOT-YET-VALID", "CERT-CLOCK-SKEW"],
        needs: Need::Began(Layer::Http),
        look: Look::One(own_clock_wrong),
        ..Check::ROW
    },
    Check {
        id: "CERT-EXPIRED",
        layer: Layer::Cert,
        title: "The certificate has expired",
        means: "A certificate of the server is past its end, and Windows ends the call here.",
        fix: Fix {
            admin: "Renew the certificate, select it for SSTP again, update its hash where TLS ends elsewhere, restart the service. \
                    If it was renewed already, the old one is still served.",
            user: "Check the clock of the computer, then report it.",
        },
        windows: &[Windows::Hresult(0x800B_0101)],
        verified: true,
        spec: &[SpecRef::rfc(5280, "6.1.3")],
        needs: Need::Chain,
        explains: REFUSED_BY_CLIENT,
        look: Look::One(expired),
        ..Check::ROW
    },
    Check {
        id: "CERT-NOT-YET-VALID",
        layer: Layer::Cert,
        title: "The certificate is not valid yet",
        means: "It begins in the future: a fresh certificate and a clock that is wrong here, on the server, or at the CA.",
        fix: Fix {
            admin: "Correct the clock of the server and the CA; have it reissued if need be.",
            user: "Correct the clock of the computer.",
        },
        windows: &[Windows::Hresult(0x800B_0101)],
        spec: &[SpecRef::rfc(5280, "6.1.3")],
        needs: Need::Chain,
        explains: REFUSED_BY_CLIENT,
        look: Look::One(not_yet_valid),
        ..Check::ROW
    },
    Check {
        id: "CERT-DATES-REVERSED",
        layer: Layer::Cert,
        title: "The certificate ends before it begins",
        means: "Its two dates are the wrong way round, so that it is valid at no time. It is no matter of a clock: whoever issued it made a mistake.",
        fix: Fix { admin: "Have the certificate reissued, and look at the dates (notBefore, notAfter) before it is installed.", user: "" },
        windows: &[Windows::Hresult(0x800B_0101)],
        spec: &[SpecRef::rfc(5280, "4.1.2.5")],
        needs: Need::Chain,
        explains: REFUSED_BY_CLIENT,
        look: Look::One(dates_reversed),
        ..Check::ROW
    },
];

fn no_certificate(facts: &Facts) -> Option<Evidence> {
    wrong(facts, &[Rule::Empty]).or_else(|| {
        let seen = facts.unsecured.as_ref().filter(|seen| seen.it.0 == TlsFailure::NoCertificate)?;
        Some(Evidence::at(seen.event, seen.it.1.clone()))
    })
}

fn unreadable(facts: &Facts) -> Option<Evidence> {
    wrong(facts, &[Rule::Unparsable]).or_else(|| {
        let (index, why) = facts.bad_certs.first()?;
        Some(Evidence::at(facts.chain_event?, format!("certificate {} of the chain: {why}", index + 1)))
    })
}

/// Some certificates are outside their dates by our clock, and all of these are inside by the server's.
fn own_clock_wrong(facts: &Facts) -> Option<Evidence> {
    expired(facts).or_else(|| not_yet_valid(facts))?;
    let (event, theirs) = server_clock(facts)?;
    let path = &facts.trust.first()?.it.1.path;
    let valid = |cert: &Cert, moment: i64| (cert.not_before..=cert.not_after).contains(&moment);
    let path = path.iter().filter_map(|index| facts.chain.get(*index));
    let mut wrong = path.filter(|cert| !valid(cert, facts.began)).peekable();
    let inside = wrong.peek().is_some() && wrong.all(|cert| valid(cert, theirs));
    let says = format!("{} says {}, the server says {}", observer(facts), date(facts.began), date(theirs));
    inside.then(|| Evidence::of(facts.trust.iter().map(|seen| seen.event).chain([event]), says))?
}

/// The server's clock in its HTTP answer: the event, and the time when the transcript began. RFC 9110 6.6.1.
pub(super) fn server_clock(facts: &Facts) -> Option<(usize, i64)> {
    let seen = answer(facts)?;
    let since_began = i64::try_from(seen.at.duration().as_secs()).ok()?;
    Some((seen.event, seen.it.date("date")? - since_began))
}

/// With every certificate that has: who renews the first alone is no further.
fn expired(facts: &Facts) -> Option<Evidence> {
    let evidence = wrong(facts, &[Rule::Expired])?;
    let of_one = facts.trust.iter().find(|seen| problem(&seen.it.1, &[Rule::Expired]).is_some())?;
    let all = || of_one.it.1.problems.iter().filter(|problem| problem.rule == Rule::Expired);
    let evidence = all().skip(1).fold(evidence, |evidence, problem| evidence.and(&sentence(facts, problem)));
    let over = all().filter_map(|problem| Some(facts.began - facts.chain.get(problem.cert?)?.not_after)).max();
    let fresh = over.is_some_and(|over| (0..DAY).contains(&over));
    Some(evidence.and(if fresh { "it ended within a day, so a wrong clock or time zone is possible" } else { "" }))
}

fn not_yet_valid(facts: &Facts) -> Option<Evidence> {
    let evidence = wrong(facts, &[Rule::NotYetValid])?;
    let ahead = facts.chain.iter().map(|cert| cert.not_before - facts.began).max();
    let hint = if ahead.is_some_and(|ahead| (0..DAY).contains(&ahead)) {
        "it begins within a day, so a wrong clock or time zone is likely"
    } else {
        ""
    };
    Some(evidence.and(hint))
}

fn dates_reversed(facts: &Facts) -> Option<Evidence> {
    wrong(facts, &[Rule::DatesReversed])
}

pub(super) fn ca_first(facts: &Facts) -> Option<Evidence> {
    let seen = facts.trust.first().filter(|_| facts.leaf().is_some_and(|first| first.is_ca == Some(true)))?;
    let problem = seen.it.1.problems.iter().find(|problem| problem.rule == Rule::WrongOrder && problem.cert == Some(0))?;
    Some(Evidence::at(seen.event, sentence(facts, problem)))
}

fn bad_signature(facts: &Facts) -> Option<Evidence> {
    wrong_end(facts, Rule::BadSignature)
}

/// Why a trust source refuses the chain; nothing when it does not.
pub(super) fn reason(facts: &Facts, seen: &Seen<(String, ChainVerdict)>) -> Option<String> {
    let (source, verdict) = &seen.it;
    let problem = verdict.problems.iter().find(|problem| problem.rule.trust_breaking())?;
    Some(format!("{source}: {}", sentence(facts, problem)))
}

/// What keeps a source from trusting the chain, and the whole sentence; an unchecked signature counts, since it proves nothing.
pub fn objection<'a>(facts: &Facts, verdict: &'a ChainVerdict) -> Option<(&'a Problem, String)> {
    let problem = verdict.in_the_way()?;
    Some((problem, sentence(facts, problem)))
}

/// Every trust source that counts finds the chain broken by one of the rules: those that know its root, which may be what is wrong, or all
/// where none does.
pub(super) fn wrong(facts: &Facts, rules: &[Rule]) -> Option<Evidence> {
    let knows = |seen: &&Seen<(String, ChainVerdict)>| seen.it.1.anchor.is_some();
    let known = facts.trust.iter().any(|seen| knows(&seen));
    let sources: Vec<_> = facts.trust.iter().filter(|seen| !known || knows(seen)).collect();
    let found: Vec<_> = sources.iter().filter_map(|seen| Some((seen, problem(&seen.it.1, rules)?))).collect();
    let (_, problem) = *found.first().filter(|_| found.len() == sources.len())?;
    Evidence::of(found.iter().map(|(seen, _)| seen.event), sentence(facts, problem))
}

/// Every trust source finds the chain without a trusted end, and the first names `rule` as what is missing there.
pub(super) fn wrong_end(facts: &Facts, rule: Rule) -> Option<Evidence> {
    let evidence = wrong(facts, DEAD_ENDS)?;
    let first = problem(&facts.trust.first()?.it.1, DEAD_ENDS)?;
    let sources: Vec<&str> = facts.trust.iter().map(|seen| seen.it.0.as_str()).collect();
    (first.rule == rule).then(|| evidence.and(&format!("trust asked: {}", sources.join(", "))))
}

pub(super) fn problem<'a>(verdict: &'a ChainVerdict, rules: &[Rule]) -> Option<&'a Problem> {
    verdict.problems.iter().find(|problem| rules.contains(&problem.rule))
}

/// A problem as a whole sentence: the certificate it is about, then what is wrong.
pub(super) fn sentence(facts: &Facts, problem: &Problem) -> String {
    sentence_of(&facts.chain, problem)
}

/// The same of another chain.
pub(super) fn sentence_of(chain: &[Cert], problem: &Problem) -> String {
    let Some(index) = problem.cert else { return problem.says.clone() };
    match chain.get(index) {
        Some(cert) if index == 0 => format!("the server certificate {} {}", cert.title(), problem.says),
        Some(cert) => format!("the certificate {} {}", cert.title(), problem.says),
        None => format!("certificate {} of the chain {}", index + 1, problem.says),
    }
}

/// Rules about where the chain ends; a chain has one end, and which rule it is depends on the trust source.
pub(super) const DEAD_ENDS: &[Rule] = &[Rule::SelfSigned, Rule::UntrustedRoot, Rule::MissingIntermediate, Rule::BadSignature];

/// How a client that looks at the certificate refuses it, as a tap sees it.
pub(super) const REFUSED_BY_CLIENT: &[&str] =
    &["CERT-CLIENT-SAYS-EXPIRED", "CERT-CLIENT-SAYS-UNKNOWN-CA", "CERT-CLIENT-SAYS-BAD", "TLS-CLIENT-LEFT", "HTTP-CLIENT-LEFT"];

/// Seconds of a day.
const DAY: i64 = 86_400;
