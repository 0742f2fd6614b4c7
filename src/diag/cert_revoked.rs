//! Whether certificates are revoked, and whether a client that is not yet connected can find out.

use super::check::{Check, Evidence, Fix, Look, Need, Severity, Windows};
use crate::base::{Layer, Micros, SpecRef};
use crate::crypto::revocation::Standing;
use crate::transcript::facts::{Facts, Seen};
use crate::transcript::{Means, Revocation};

pub(super) const CERT_REVOKED: &[Check] = &[
    Check {
        id: "CERT-REVOKED",
        layer: Layer::Cert,
        title: "A certificate of the server is revoked",
        means: "Its CA took it back: on a revocation list or by OCSP. Windows ends the call here.",
        fix: Fix { admin: "Have a new certificate issued with a new key, and select it for SSTP.", user: "Report it; do not log in." },
        windows: &[Windows::Hresult(0x8009_2010), Windows::Hresult(0x800B_010C)],
        spec: &[SpecRef::rfc(5280, "6.3.3"), SpecRef::rfc(6960, "2.2")],
        needs: Need::Revocation,
        look: Look::One(revoked),
        ..Check::ROW
    },
    Check {
        id: "CERT-CRL-EXPIRED",
        layer: Layer::Cert,
        title: "The revocation list has expired",
        means: "It can be fetched, but its next issue was due before now, so it proves nothing. Windows treats it as if it could not be fetched.",
        fix: Fix {
            admin: "Publish the CRL anew (certutil -crl on the CA) and watch its age; the job that copies it may have stopped.",
            user: "",
        },
        windows: OFFLINE,
        spec: &[SpecRef::rfc(5280, "6.3.3")],
        needs: Need::Revocation,
        look: Look::One(list_expired),
        ..Check::ROW
    },
    Check {
        id: "CERT-CRL-WRONG",
        layer: Layer::Cert,
        title: "What is served as the revocation list does not count",
        means: "Another CA signed it, its signature does not fit, it is about other certificates, or it is no list at all (the page of a \
                captive portal, an error page).",
        fix: Fix {
            admin: "Publish the CRL of the CA that issued the certificate at the address that the certificate names.",
            user: "On a guest network sign in on its portal first; try another network.",
        },
        windows: OFFLINE,
        spec: &[SpecRef::rfc(5280, "6.3.3")],
        needs: Need::Revocation,
        look: Look::One(list_wrong),
        ..Check::ROW
    },
    Check {
        id: "CERT-CRL-UNREACHABLE",
        layer: Layer::Cert,
        title: "The revocation list cannot be fetched without the tunnel",
        means: "The SSTP client of Windows checks revocation before it is connected, and insists. An address that only answers inside the \
                company network makes every call from outside fail; typical of a private CA.",
        fix: Fix {
            admin: "Publish the CRL on a web server that the internet reaches, or use a certificate of a public CA.",
            user: "Try another network. To prove the cause only: DWORD NoCertRevocationCheck = 1 in \
                   HKLM\\SYSTEM\\CurrentControlSet\\Services\\SstpSvc\\Parameters, and remove it again.",
        },
        windows: OFFLINE,
        verified: true,
        spec: &[SpecRef::rfc(5280, "4.2.1.13")],
        needs: Need::Revocation,
        look: Look::One(list_unreachable),
        ..Check::ROW
    },
    Check {
        id: "CERT-OCSP-DOWN",
        layer: Layer::Cert,
        title: "The OCSP responder gives no answer that counts",
        means: "It is the only place to check revocation, and it is not reachable, fails, or answers with something old or foreign.",
        fix: Fix { admin: "Mend the responder, staple its answers, and name a CRL address in certificates too.", user: "Try again later." },
        windows: OFFLINE,
        spec: &[SpecRef::rfc(6960, "3.2")],
        needs: Need::Revocation,
        look: Look::One(responder_down),
        ..Check::ROW
    },
    Check {
        id: "CERT-REVOCATION-PARTLY",
        layer: Layer::Cert,
        severity: Severity::Warn,
        title: "One way to check revocation does not work",
        means: "Another one answers, so clients connect, perhaps late. When that one fails too nobody will.",
        fix: Fix { admin: "Mend or remove the address in the evidence.", user: "" },
        windows: OFFLINE,
        spec: &[SpecRef::rfc(5280, "6.3.3")],
        needs: Need::Revocation,
        look: Look::One(partly),
        ..Check::ROW
    },
    Check {
        id: "CERT-REVOCATION-SLOW",
        layer: Layer::Cert,
        severity: Severity::Warn,
        title: "The revocation check takes long",
        means: "Every dial that has no fresh copy waits for it; Windows gives up after some 15 s.",
        fix: Fix { admin: "Serve revocation lists and OCSP answers from a faster place; staple OCSP.", user: "Wait and try again." },
        windows: OFFLINE,
        spec: &[SpecRef::rfc(5280, "6.3.3")],
        needs: Need::Revocation,
        look: Look::One(slow),
        ..Check::ROW
    },
    Check {
        id: "CERT-STAPLE-BAD",
        layer: Layer::Cert,
        severity: Severity::Warn,
        title: "The OCSP answer in the handshake does not count",
        means: "It is old, about another certificate, wrongly signed or an error. Clients that rely on it refuse; others ask themselves.",
        fix: Fix { admin: "Make the server refresh the answer that it staples; check its clock and its way to the responder.", user: "" },
        spec: &[SpecRef::rfc(6066, "8"), SpecRef::rfc(6960, "3.2")],
        needs: Need::Revocation,
        look: Look::One(staple_bad),
        ..Check::ROW
    },
    Check {
        id: "CERT-MUST-STAPLE",
        layer: Layer::Cert,
        severity: Severity::Warn,
        title: "The certificate demands an OCSP answer that the server does not send",
        means: "Clients that honour the demand refuse the server; Windows passes over it (unverified).",
        fix: Fix { admin: "Turn on OCSP stapling, or have the certificate reissued without the demand.", user: "" },
        spec: &[SpecRef::rfc(7633, "4.2.3.1")],
        needs: Need::Chain,
        look: Look::One(staple_missing),
        ..Check::ROW
    },
    Check {
        id: "CERT-AIA-UNREACHABLE",
        layer: Layer::Cert,
        severity: Severity::Warn,
        title: "The missing issuer cannot be fetched either",
        means: "The server does not send it, and the address in the certificate does not hand it out, so no client can complete the chain.",
        fix: Fix { admin: "Install the intermediate on the server, and mend the address.", user: "" },
        windows: &[Windows::Hresult(0x800B_010A)],
        spec: &[SpecRef::rfc(5280, "4.2.2.1")],
        needs: Need::Chain,
        look: Look::One(issuer_unreachable),
        ..Check::ROW
    },
];

fn revoked(facts: &Facts) -> Option<Evidence> {
    let found: Vec<_> = facts.revocation.iter().filter(|seen| matches!(seen.it.standing, Standing::Revoked { .. })).collect();
    let first = found.first()?;
    let same = found.iter().filter(|seen| seen.it.cert == first.it.cert);
    Evidence::of(same.clone().map(|seen| seen.event), said(first.it.cert, same.copied()))
}

fn list_expired(facts: &Facts) -> Option<Evidence> {
    undecided(facts, Trouble::Expired)
}

fn list_wrong(facts: &Facts) -> Option<Evidence> {
    undecided(facts, Trouble::Wrong)
}

fn list_unreachable(facts: &Facts) -> Option<Evidence> {
    undecided(facts, Trouble::Unreachable)
}

fn responder_down(facts: &Facts) -> Option<Evidence> {
    undecided(facts, Trouble::Responder)
}

/// Why nobody can say whether a certificate is revoked; what is most telling comes first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Trouble {
    Expired,
    Wrong,
    Unreachable,
    Responder,
}

impl Trouble {
    fn of(look: &Revocation) -> Trouble {
        match (look.means, &look.standing) {
            (Means::Ocsp | Means::Staple, _) => Trouble::Responder,
            (Means::Crl, Standing::Stale { .. }) => Trouble::Expired,
            (Means::Crl, Standing::Unreachable(_)) => Trouble::Unreachable,
            (Means::Crl, _) => Trouble::Wrong,
        }
    }
}

/// The first certificate of which nothing that was fetched tells whether it is revoked, when that is for this reason. One
/// that is known to be revoked leaves nothing to ask.
fn undecided(facts: &Facts, trouble: Trouble) -> Option<Evidence> {
    if revoked(facts).is_some() {
        return None;
    }
    let cert = asked(facts).find(|cert| !of(facts, *cert).any(|seen| seen.it.standing.decides()))?;
    let why = of(facts, cert).map(|seen| Trouble::of(&seen.it)).min()?;
    (why == trouble).then(|| Evidence::of(of(facts, cert).map(|seen| seen.event), said(cert, of(facts, cert))))?
}

/// Certificates about which something was fetched, the leaf first.
fn asked(facts: &Facts) -> impl Iterator<Item = usize> {
    let fetched = facts.revocation.iter().filter(|seen| seen.it.means != Means::Staple).map(|seen| seen.it.cert);
    fetched.collect::<std::collections::BTreeSet<_>>().into_iter()
}

fn of(facts: &Facts, cert: usize) -> impl Iterator<Item = &Seen<Revocation>> {
    facts.revocation.iter().filter(move |seen| seen.it.cert == cert)
}

fn partly(facts: &Facts) -> Option<Evidence> {
    let broken = |seen: &&Seen<Revocation>| seen.it.means != Means::Staple && !seen.it.standing.decides();
    let decided = |cert: usize| of(facts, cert).any(|seen| matches!(seen.it.standing, Standing::Good { .. }));
    let cert = asked(facts).find(|cert| decided(*cert) && of(facts, *cert).any(|seen| broken(&seen)))?;
    let broken: Vec<_> = of(facts, cert).filter(broken).collect();
    Evidence::of(broken.iter().map(|seen| seen.event), said(cert, broken.iter().copied()))
}

fn slow(facts: &Facts) -> Option<Evidence> {
    let slow: Vec<_> = facts.revocation.iter().filter(|seen| seen.it.took > SLOW && seen.it.standing.decides()).collect();
    let says = |seen: &&Seen<Revocation>| format!("{} {} took {}", seen.it.means.name(), place(&seen.it), seen.it.took);
    Evidence::of(slow.iter().map(|seen| seen.event), slow.iter().map(says).collect::<Vec<_>>().join(", "))
}

fn staple_bad(facts: &Facts) -> Option<Evidence> {
    let seen = facts.revocation.iter().find(|seen| seen.it.means == Means::Staple && !seen.it.standing.decides())?;
    Some(Evidence::at(seen.event, said(seen.it.cert, [seen].into_iter())))
}

/// A tap may have come too late for the answer, or not be able to see it.
fn staple_missing(facts: &Facts) -> Option<Evidence> {
    let leaf = facts.leaf().filter(|leaf| leaf.must_staple && !facts.tapped())?;
    let secured = facts.secured.as_ref().filter(|seen| seen.it.ocsp_stapled.is_none())?;
    let says = format!("the server certificate {} demands it; the server was asked for one and sent none", leaf.title());
    Some(Evidence::at(secured.event, says))
}

fn issuer_unreachable(facts: &Facts) -> Option<Evidence> {
    let none_came = facts.issuers.iter().all(|seen| seen.it.cert.is_none());
    let says = |seen: &Seen<crate::transcript::Issuer>| {
        let why = seen.it.failure.as_deref().unwrap_or("nothing came");
        format!("the issuer of {} from {}: {why}", seen.it.of, seen.it.url)
    };
    let all: Vec<String> = facts.issuers.iter().map(says).collect();
    Evidence::of(facts.issuers.iter().map(|seen| seen.event), all.join(", ")).filter(|_| none_came)
}

/// Everything that was learned of one certificate, in a sentence.
fn said<'a>(cert: usize, looks: impl Iterator<Item = &'a Seen<Revocation>>) -> String {
    let looks: Vec<&Revocation> = looks.map(|seen| &seen.it).collect();
    let (title, serial) = looks.first().map_or(("", ""), |look| (look.title.as_str(), look.serial.as_str()));
    let who = if cert == 0 { "server certificate" } else { "certificate" };
    let each: Vec<String> = looks.iter().map(|look| format!("{} {}: {}", look.means.name(), place(look), look.standing)).collect();
    format!("the {who} {title} (serial {serial}); {}", each.join("; "))
}

fn place(look: &Revocation) -> &str {
    look.url.as_deref().unwrap_or("in the handshake")
}

/// CRYPT_E_REVOCATION_OFFLINE.
const OFFLINE: &[Windows] = &[Windows::Hresult(0x8009_2013)];
/// Ours: a fetch that takes longer is worth a word. Windows gives all fetches of a chain some 15 to 20 s.
const SLOW: Micros = Micros(3_000_000);
