//! What makes a Windows client refuse the server's certificate.
//!
//! The order decides which finding is named first: what is wrong for every client stands before what depends on the
//! roots that a client trusts.

use super::check::{Check, Evidence, Fix, Look, Need, Windows};
use super::look::{answer, date, observer};
use crate::base::{Layer, SpecRef};
use crate::crypto::chain::{ChainVerdict, Problem, Rule};
use crate::transcript::facts::{Facts, Seen};
use crate::transcript::{State, TlsFailure};
use crate::wire::cert::Cert;
use crate::wire::http;

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
        id: "CERT-CLIENT-CLOCK",
        layer: Layer::Cert,
        title: "The clock of this computer is wrong",
        means: "The certificate is valid by the server's clock but not by this computer's, so only this computer refuses it.",
        fix: Fix { admin: "Enable time synchronisation.", user: "Correct date, time and time zone." },
        windows: &[Windows::Hresult(0x800B_0101)],
        spec: &[SpecRef::rfc(5280, "6.1.3"), SpecRef::rfc(9110, "6.6.1")],
        explains: &["CERT-EXPIRED", "CERT-NOT-YET-VALID", "CERT-CLOCK-SKEW"],
        needs: Need::Chain,
        look: Look::One(own_clock_wrong),
        ..Check::ROW
    },
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
    Check {
        id: "CERT-EKU-MISSING",
        layer: Layer::Cert,
        title: "The certificate is not for servers",
        means: "Its extended key usage names neither Server Authentication nor any purpose.",
        fix: Fix { admin: "Have it reissued from a template for servers.", user: "Report it." },
        windows: &[Windows::Event(16), Windows::Hresult(0x8007_0040)],
        verified: true,
        spec: &[SpecRef::sstp("3.2.4.1"), SpecRef::rfc(5280, "4.2.1.12")],
        needs: Need::Chain,
        explains: REFUSED_BY_CLIENT,
        look: Look::One(purpose_missing),
        ..Check::ROW
    },
    Check {
        id: "CERT-KEY-USAGE",
        layer: Layer::Cert,
        title: "The key of a certificate may not be used for this",
        means: "The key usage of a certificate forbids what TLS does with it.",
        fix: Fix { admin: "Have it reissued with the right key usage.", user: "" },
        spec: &[SpecRef::rfc(5280, "4.2.1.3")],
        needs: Need::Chain,
        explains: REFUSED_BY_CLIENT,
        look: Look::One(key_usage_wrong),
        ..Check::ROW
    },
    Check {
        id: "CERT-CONSTRAINTS",
        layer: Layer::Cert,
        title: "A rule of an issuing CA is broken",
        means: "An issuer is no CA, has too many CAs below it, does not allow the name, or demands something clients do not know.",
        fix: Fix { admin: "Mend the profile of the CA and have the certificate reissued.", user: "" },
        windows: &[Windows::Hresult(0x8009_6019), Windows::Hresult(0x800B_0113), Windows::Hresult(0x800B_0114)],
        spec: &[SpecRef::rfc(5280, "6.1.4")],
        needs: Need::Chain,
        explains: &[
            "CERT-KEY-USAGE",
            "CERT-CLIENT-SAYS-BAD",
            "CERT-CLIENT-SAYS-UNKNOWN-CA",
            "TLS-CLIENT-LEFT",
            "HTTP-CLIENT-LEFT",
            // What is no CA has no revocation list either.
            "CERT-CRL-UNREACHABLE",
            "CERT-CRL-WRONG",
        ],
        look: Look::One(constraint_broken),
        ..Check::ROW
    },
    Check {
        id: "CERT-MD5",
        layer: Layer::Cert,
        title: "A certificate is signed with MD5 or MD2",
        means: "Such signatures have been forged for years. No current client accepts them, and nothing here checks them.",
        fix: Fix { admin: "Have the certificates reissued with SHA-256.", user: "" },
        spec: &[SpecRef::rfc(6151, "2")],
        needs: Need::Chain,
        explains: &["CERT-UNCHECKED"],
        look: Look::One(signed_with_md5),
        ..Check::ROW
    },
    Check {
        id: "CERT-KEY-BLOCKED",
        layer: Layer::Cert,
        title: "The key of a certificate is so short that Windows blocks it",
        means: "Windows accepts no RSA key below 1024 bits, whoever signed it.",
        fix: Fix { admin: "Make a new key of at least 2048 bits and have the certificate reissued.", user: "" },
        windows: &[Windows::Hresult(0x800B_0109)],
        spec: &[SpecRef::rfc(9325, "4.5")],
        needs: Need::Chain,
        explains: &["CERT-WEAK-KEY", "CERT-KEY-NOT-PROVED", "CERT-UNCHECKED"],
        look: Look::One(key_blocked),
        ..Check::ROW
    },
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

fn no_certificate(facts: &Facts) -> Option<Evidence> {
    wrong(facts, &[Rule::Empty]).or_else(|| {
        let seen = facts.unsecured.as_ref().filter(|seen| seen.it.0 == TlsFailure::NoCertificate)?;
        Some(Evidence::at(seen.event, seen.it.1.clone()))
    })
}

fn unreadable(facts: &Facts) -> Option<Evidence> {
    wrong(facts, &[Rule::Unparsable]).or_else(|| {
        let (index, why) = facts.bad_certs.first()?;
        Some(Evidence::at(facts.chain_event?, format!("certificate {index} of the chain: {why}")))
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
    // RFC 9110 5.6.7: an HTTP date has the form of RFC 5322 with the zone GMT.
    let date = time::OffsetDateTime::parse(seen.it.header("date")?, &time::format_description::well_known::Rfc2822).ok()?;
    let since_began = i64::try_from(seen.at.duration().as_secs()).ok()?;
    Some((seen.event, date.unix_timestamp() - since_began))
}

fn expired(facts: &Facts) -> Option<Evidence> {
    wrong(facts, &[Rule::Expired])
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

fn ca_first(facts: &Facts) -> Option<Evidence> {
    let seen = facts.trust.first().filter(|_| facts.leaf().is_some_and(|first| first.is_ca == Some(true)))?;
    let problem = seen.it.1.problems.iter().find(|problem| problem.rule == Rule::WrongOrder && problem.cert == Some(0))?;
    Some(Evidence::at(seen.event, sentence(facts, problem)))
}

fn bad_signature(facts: &Facts) -> Option<Evidence> {
    wrong_end(facts, Rule::BadSignature)
}

fn address_not_named(facts: &Facts) -> Option<Evidence> {
    wrong(facts, &[Rule::IpNotInSan]).filter(|_| dialled_name_is_known(facts))
}

/// A tap sees what was dialled only in what the client says of it: an address that it merely connects to says nothing.
fn dialled_name_is_known(facts: &Facts) -> bool {
    let names_it = |head: &http::Head| head.header("host").is_some_and(|host| host.contains(facts.target.name()));
    !facts.tapped() || facts.requests.iter().any(|request| names_it(&request.it))
}

fn wildcard_too_short(facts: &Facts) -> Option<Evidence> {
    wrong(facts, &[Rule::WildcardDepth])
}

fn name_mismatch(facts: &Facts) -> Option<Evidence> {
    wrong(facts, &[Rule::NameMismatch, Rule::IdnNotEncoded])
}

fn purpose_missing(facts: &Facts) -> Option<Evidence> {
    wrong(facts, &[Rule::EkuMissing])
}

fn key_usage_wrong(facts: &Facts) -> Option<Evidence> {
    wrong(facts, &[Rule::KeyUsage]).filter(|_| facts.trust.iter().any(|seen| broken_at_leaf(&seen.it.1)))
}

/// An issuer without the right to sign certificates is a matter of the CA, not of the server's key.
fn broken_at_leaf(verdict: &ChainVerdict) -> bool {
    verdict.problems.iter().any(|problem| problem.rule == Rule::KeyUsage && problem.cert == Some(0))
}

fn constraint_broken(facts: &Facts) -> Option<Evidence> {
    let ca_rules = [Rule::BasicConstraints, Rule::PathLength, Rule::NameConstraints, Rule::UnknownCritical];
    wrong(facts, &ca_rules).or_else(|| wrong(facts, &[Rule::KeyUsage]).filter(|_| key_usage_wrong(facts).is_none()))
}

fn signed_with_md5(facts: &Facts) -> Option<Evidence> {
    weak(facts, Rule::WeakSignature, is_older_than_sha1)
}

/// Signed with MD5 or MD2.
pub(super) fn is_older_than_sha1(cert: &Cert) -> bool {
    cert.signature.starts_with("md5") || cert.signature.starts_with("md2")
}

fn key_blocked(facts: &Facts) -> Option<Evidence> {
    weak(facts, Rule::WeakKey, |cert| cert.key_algorithm.starts_with("RSA") && (1..LEAST_BITS).contains(&cert.key_bits))
}

/// Every source finds a certificate weak by the rule, and one of these is so bad.
fn weak(facts: &Facts, rule: Rule, bad: impl Fn(&Cert) -> bool) -> Option<Evidence> {
    let verdict = &facts.trust.first()?.it.1;
    let of_rule = verdict.problems.iter().filter(|problem| problem.rule == rule);
    let problem = of_rule.clone().find(|problem| problem.cert.and_then(|index| facts.chain.get(index)).is_some_and(&bad))?;
    Evidence::of(facts.trust.iter().map(|seen| seen.event), sentence(facts, problem))
}

fn crl_by_ldap_only(facts: &Facts) -> Option<Evidence> {
    wrong(facts, &[Rule::CrlLdapOnly])
}

fn self_signed(facts: &Facts) -> Option<Evidence> {
    wrong_end(facts, Rule::SelfSigned)
}

fn intermediate_missing(facts: &Facts) -> Option<Evidence> {
    let below_a_root = wrong_end(facts, Rule::UntrustedRoot).filter(|_| fetched_below_a_root(facts));
    let evidence = wrong_end(facts, Rule::MissingIntermediate).or(below_a_root)?;
    let fetched = facts.issuers.iter().find(|seen| seen.it.cert.is_some());
    let says = fetched.map(|seen| match &seen.it.root {
        Some(root) => format!("fetched from {}, and with it the chain leads to {root}, so clients that fetch connect", seen.it.url),
        None => format!("fetched from {}, but even so the chain leads to no trusted root", seen.it.url),
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

fn refused_by_all(facts: &Facts) -> Option<Evidence> {
    let reasons: Vec<String> = facts.trust.iter().filter_map(|seen| reason(facts, seen)).collect();
    let counts = dialled_name_is_known(facts) || wrong(facts, &[Rule::IpNotInSan]).is_none();
    let all_refuse = counts && !reasons.is_empty() && reasons.len() == facts.trust.len();
    let named = || CERT.iter().any(|check| check.id != "CERT-NOT-TRUSTED" && check.hits(facts).is_some());
    (all_refuse && !named()).then(|| Evidence::of(facts.trust.iter().map(|seen| seen.event), reasons.join(", ")))?
}

/// A source trusts the chain, and the layer is down all the same: the only other thing weighed is the handshake's signature.
fn key_not_proved(facts: &Facts) -> Option<Evidence> {
    let down = facts.layer(Layer::Cert).filter(|layer| layer.state == State::Down)?;
    let trusted = facts.trust.iter().find(|seen| seen.it.1.is_trusted())?;
    Evidence::of([trusted.event, down.event?], down.reason.as_ref()?.to_string())
}

/// Why a trust source refuses the chain; nothing when it does not.
pub(super) fn reason(facts: &Facts, seen: &Seen<(String, ChainVerdict)>) -> Option<String> {
    let (source, verdict) = &seen.it;
    let problem = verdict.problems.iter().find(|problem| problem.rule.trust_breaking())?;
    Some(format!("{source}: {}", sentence(facts, problem)))
}

/// Every trust source asked finds the chain broken by one of the rules.
fn wrong(facts: &Facts, rules: &[Rule]) -> Option<Evidence> {
    let found: Vec<_> = facts.trust.iter().filter_map(|seen| Some((seen, problem(&seen.it.1, rules)?))).collect();
    let (_, problem) = *found.first().filter(|_| found.len() == facts.trust.len())?;
    Evidence::of(found.iter().map(|(seen, _)| seen.event), sentence(facts, problem))
}

/// Every trust source finds the chain without a trusted end, and the first names `rule` as what is missing there.
fn wrong_end(facts: &Facts, rule: Rule) -> Option<Evidence> {
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
    let Some(index) = problem.cert else { return problem.says.clone() };
    match facts.chain.get(index) {
        Some(cert) if index == 0 => format!("the server certificate {} {}", cert.title(), problem.says),
        Some(cert) => format!("the certificate {} {}", cert.title(), problem.says),
        None => format!("certificate {index} of the chain {}", problem.says),
    }
}

/// Rules about where the chain ends; a chain has one end, and which rule it is depends on the trust source.
const DEAD_ENDS: &[Rule] = &[Rule::SelfSigned, Rule::UntrustedRoot, Rule::MissingIntermediate, Rule::BadSignature];

/// How a client that looks at the certificate refuses it, as a tap sees it.
const REFUSED_BY_CLIENT: &[&str] =
    &["CERT-CLIENT-SAYS-EXPIRED", "CERT-CLIENT-SAYS-UNKNOWN-CA", "CERT-CLIENT-SAYS-BAD", "TLS-CLIENT-LEFT", "HTTP-CLIENT-LEFT"];

/// KB 2661254: the shortest RSA key that Windows accepts, in bits (unverified here).
const LEAST_BITS: u32 = 1024;
/// Seconds of a day.
const DAY: i64 = 86_400;
