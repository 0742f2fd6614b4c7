//! What a tap sees of hellos and certificates: what was agreed on, and what the client made of the certificate.

use super::cert::{DEAD_ENDS, problem, sentence};
use super::check::{Check, Evidence, Fix, Look, Need, Severity, Windows};
use super::look::{alert, date};
use crate::base::{Layer, Side, SpecRef};
use crate::transcript::CLIENT;
use crate::transcript::facts::{Facts, Seen};
use crate::wire::cert::{Cert, NameMatch};
use crate::wire::tls::{TLS10, TLS12, TLS13};

pub(super) const TAP_CERT: &[Check] = &[
    Check {
        id: "TLS-OLD-VERSION",
        layer: Layer::Tls,
        severity: Severity::Warn,
        title: "The call uses an outdated TLS version",
        means: "TLS 1.0 and 1.1 are withdrawn. The call works between these two, but current clients refuse them.",
        fix: Fix {
            admin: "Enable TLS 1.2 or newer on both ends (Windows: the SCHANNEL keys; SoftEther: a current build; RouterOS: tls-version; accel-ppp: \
                    ssl-protocol).",
            user: "Install the operating system's updates.",
        },
        spec: &[SpecRef::rfc(8996, "4")],
        needs: Need::Tap,
        look: Look::One(old_version),
        ..Check::ROW
    },
    Check {
        id: "TLS-WEAK-CIPHER",
        layer: Layer::Tls,
        severity: Severity::Warn,
        title: "The call uses a weak cipher suite",
        means: "RC4, DES, 3DES, export and NULL suites, and CBC suites in TLS 1.0, can be attacked. Current clients no longer offer them.",
        fix: Fix { admin: "Offer ECDHE suites with AES-GCM or ChaCha20 only.", user: "Install the operating system's updates." },
        spec: &[SpecRef::rfc(9325, "4.1"), SpecRef::rfc(7465, "2")],
        needs: Need::Tap,
        look: Look::One(weak_suite),
        ..Check::ROW
    },
    Check {
        id: "TLS-NO-FORWARD-SECRECY",
        layer: Layer::Tls,
        severity: Severity::Warn,
        title: "The call has no forward secrecy",
        means: "The session key was sent under the key of the certificate: who gets that key later can open every recorded call.",
        fix: Fix { admin: "Offer ECDHE suites (or TLS 1.3) and switch RSA key exchange off.", user: "" },
        spec: &[SpecRef::rfc(9325, "4.1")],
        needs: Need::Tap,
        look: Look::One(static_key_exchange),
        ..Check::ROW
    },
    Check {
        id: "VIS-CERT-TELL",
        layer: Layer::Tls,
        severity: Severity::Note,
        title: "The certificate in the clear names a VPN",
        means: "Up to TLS 1.2 everybody on the way reads the certificate, and this one bears a name that speaks of a VPN, or signed itself.",
        fix: Fix { admin: "Enable TLS 1.3 where both ends have it (Windows 11, Server 2022), or use a neutral name.", user: "" },
        spec: &[SpecRef::rfc(5246, "7.4.2")],
        needs: Need::Tap,
        look: Look::One(certificate_tells),
        ..Check::ROW
    },
    Check {
        id: "CERT-CLIENT-SAYS-EXPIRED",
        layer: Layer::Cert,
        title: "The client says that the certificate has expired",
        means: "It ended the handshake with that alert. Where the dates in the evidence are right, the clock of the client is wrong.",
        fix: Fix {
            admin: "Renew the certificate, select it for SSTP again (RRAS console, SoftEther ServerCertSet, RouterOS certificate=, accel-ppp ssl-pemfile), \
                    restart the service.",
            user: "Check date, time and time zone of the computer.",
        },
        windows: &[Windows::Hresult(0x800B_0101)],
        spec: &[SpecRef::rfc(8446, "6.2"), SpecRef::rfc(5280, "6.1.3")],
        needs: Need::Tap,
        explains: REFUSED,
        look: Look::One(says_expired),
        ..Check::ROW
    },
    Check {
        id: "CERT-CLIENT-SAYS-UNKNOWN-CA",
        layer: Layer::Cert,
        title: "The client does not know the issuer of the certificate",
        means: "It ended the handshake with the alert unknown_ca: the certificate signed itself, its root is private, an intermediate is not sent, or \
                somebody on the way opens TLS with a certificate of their own.",
        fix: Fix {
            admin: "Send the intermediates; use a public CA, or distribute the root to the computers' own store.",
            user: "Compare the issuer in the evidence with what the administrator names; import the root only if they are the same.",
        },
        windows: &[Windows::Hresult(0x800B_0109)],
        spec: &[SpecRef::rfc(8446, "6.2")],
        needs: Need::Tap,
        explains: REFUSED,
        look: Look::One(says_unknown_ca),
        ..Check::ROW
    },
    Check {
        id: "CERT-CLIENT-SAYS-BAD",
        layer: Layer::Cert,
        title: "The client refuses the certificate",
        means: "It ended the handshake with an alert about the certificate: most often the name that was dialled is not on it; otherwise it is \
                revoked, of a kind the client does not take, or for another purpose.",
        fix: Fix {
            admin: "Compare the names in the evidence with the name that clients dial; have the certificate reissued with it.",
            user: "Dial the name that is on the certificate.",
        },
        windows: &[Windows::Hresult(0x800B_010F)],
        spec: &[SpecRef::rfc(8446, "6.2"), SpecRef::rfc(9525, "6")],
        needs: Need::Tap,
        explains: REFUSED,
        look: Look::One(says_bad),
        ..Check::ROW
    },
    Check {
        id: "CERT-NAME-NOT-CHECKED",
        layer: Layer::Cert,
        severity: Severity::Warn,
        title: "The client goes on although the certificate is for another name",
        means: "Windows would refuse it. This client does not look at the name (sstpc does not, whatever CA it is given), so anyone with a \
                certificate of the same CA can pose as the server.",
        fix: Fix { admin: "Have the certificate reissued with the name that clients dial.", user: "Use a client that checks the name." },
        windows: &[Windows::Hresult(0x800B_010F)],
        spec: &[SpecRef::sstp("3.2.4.1"), SpecRef::rfc(9525, "6")],
        needs: Need::Tap,
        look: Look::One(name_not_checked),
        ..Check::ROW
    },
    Check {
        id: "CERT-CLIENT-TRUSTS-MORE",
        layer: Layer::Cert,
        severity: Severity::Note,
        title: "The client went on with a chain that leads to no root known here",
        means: "It has the root, fetched what is missing, or does not look (sstpc without a CA does not). Windows goes on only where the root is \
                in the store of the computer and the chain can be built; otherwise it shows the code below.",
        fix: Fix { admin: "Send the intermediates; use a public CA, or distribute the root to the computers' own store.", user: "" },
        windows: &[Windows::Hresult(0x800B_0109), Windows::Hresult(0x800B_010A)],
        spec: &[SpecRef::rfc(5280, "6.1")],
        needs: Need::Tap,
        look: Look::One(client_trusts_more),
        ..Check::ROW
    },
];

/// Version and suite that were agreed on, with the event.
fn chosen(facts: &Facts) -> Option<(usize, u16, u16)> {
    facts.server_hellos.iter().rfind(|seen| !seen.it.retry).map(|seen| (seen.event, seen.it.version, seen.it.suite))
}

/// The same, unless the handshake came to nothing over it.
fn agreed(facts: &Facts) -> Option<(usize, u16, u16)> {
    chosen(facts).filter(|_| facts.stopped_at(Layer::Tls).is_none())
}

fn old_version(facts: &Facts) -> Option<Evidence> {
    let (event, version, _) = agreed(facts).filter(|row| row.1 < TLS12)?;
    let offered = facts.client_hellos.last().and_then(|hello| hello.it.versions.iter().max().copied());
    let offered = offered.map(|newest| format!("the client offered up to {}", super::tls::name(newest)));
    Some(Evidence::at(event, format!("the server chose {}", super::tls::name(version))).and(&offered.unwrap_or_default()))
}

fn weak_suite(facts: &Facts) -> Option<Evidence> {
    let (event, version, suite) = agreed(facts)?;
    let why = match suite {
        0x0000..=0x0002 | 0x003b | 0xc001 | 0xc006 | 0xc00b | 0xc010 => "it does not encrypt",
        0x0003 | 0x0006 | 0x0008 | 0x000b | 0x000e | 0x0011 | 0x0014 | 0x0017 | 0x0019 => "it is an export suite",
        0x0004 | 0x0005 | 0x0018 | 0xc002 | 0xc007 | 0xc00c | 0xc011 | 0xc016 => "it is RC4",
        0x0009 | 0x000c | 0x000f | 0x0012 | 0x0015 | 0x001a => "it is DES",
        0x000a | 0x000d | 0x0010 | 0x0013 | 0x0016 | 0x001b | 0xc003 | 0xc008 | 0xc00d | 0xc012 | 0xc017 => "it is 3DES",
        _ if version <= TLS10 => "it is CBC in TLS 1.0",
        _ => return None,
    };
    Some(Evidence::at(event, format!("the server chose suite 0x{suite:04X}: {why}")))
}

fn static_key_exchange(facts: &Facts) -> Option<Evidence> {
    let (event, version, suite) = agreed(facts)?;
    (version < TLS13 && static_rsa(suite))
        .then(|| Evidence::at(event, format!("the server chose suite 0x{suite:04X}, whose key exchange is RSA")))
}

/// The suites of IANA's list named TLS_RSA_.
fn static_rsa(suite: u16) -> bool {
    matches!(
        suite,
        0x0001..=0x000a
            | 0x002f
            | 0x0035
            | 0x003b..=0x003d
            | 0x0041
            | 0x0084
            | 0x0096
            | 0x009c
            | 0x009d
            | 0x00ba
            | 0x00c0
            | 0xc03c
            | 0xc03d
            | 0xc050
            | 0xc051
            | 0xc07a
            | 0xc07b
            | 0xc09c
            | 0xc09d
            | 0xc0a0
            | 0xc0a1
    )
}

fn certificate_tells(facts: &Facts) -> Option<Evidence> {
    let (event, leaf) = (facts.chain_event?, facts.leaf()?);
    chosen(facts).filter(|row| row.1 < TLS13)?;
    let names = || leaf.dns_names.iter().chain(leaf.common_name.as_ref());
    let speaks = |name: &&String| TELLING.iter().any(|word| name.to_ascii_lowercase().contains(word));
    match names().find(speaks) {
        Some(name) => Some(Evidence::at(event, format!("it names {name}"))),
        None => leaf.self_issued().then(|| Evidence::at(event, format!("{} signed itself", leaf.title()))),
    }
}

fn says_expired(facts: &Facts) -> Option<Evidence> {
    let evidence = says(facts, &[CERTIFICATE_EXPIRED])?;
    let valid = |leaf: &Cert| (leaf.not_before..=leaf.not_after).contains(&facts.began);
    let clock = match facts.leaf().map(valid) {
        Some(true) => {
            "by the clock of the capture it is valid, so the clock of the client is wrong or another certificate of the chain has ended"
        }
        _ => "",
    };
    Some(evidence.and(clock))
}

fn says_unknown_ca(facts: &Facts) -> Option<Evidence> {
    says(facts, &[UNKNOWN_CA])
}

fn says_bad(facts: &Facts) -> Option<Evidence> {
    let others: Vec<u8> = CERTIFICATE_ALERTS.iter().copied().filter(|one| ![CERTIFICATE_EXPIRED, UNKNOWN_CA].contains(one)).collect();
    let evidence = says(facts, &others)?;
    let asked = dialled(facts).map(|name| format!("the name asked for was {name}"));
    Some(evidence.and(&asked.unwrap_or_default()))
}

/// The client sent one of the alerts before it asked for anything; with what the certificate shows.
fn says(facts: &Facts, alerts: &[u8]) -> Option<Evidence> {
    let first_request = facts.requests.first().map_or(usize::MAX, |seen| seen.event);
    let theirs = |seen: &&Seen<u8>| seen.by == Some(Side::Client) && seen.event < first_request && alerts.contains(&seen.it);
    let seen = facts.alerts.iter().find(theirs)?;
    let leaf = facts
        .leaf()
        .map_or_else(|| "the certificate is not readable in this capture".into(), |leaf| format!("the certificate is {}", shown(leaf)));
    Some(Evidence::at(seen.event, format!("the client sent alert {}", alert(seen.it))).and(&leaf))
}

/// What a certificate shows, in one line.
pub(super) fn shown(leaf: &Cert) -> String {
    let names = if leaf.dns_names.is_empty() { "no DNS name".into() } else { leaf.dns_names.join(", ") };
    let issuer = if leaf.self_issued() { "by itself".into() } else { format!("by {}", leaf.issuer) };
    format!("{} for {names}, issued {issuer}, valid {} to {}", leaf.title(), date(leaf.not_before), date(leaf.not_after))
}

/// The name that the client says it dialled: SNI, or Host of its request.
fn dialled(facts: &Facts) -> Option<String> {
    let sni = facts.client_hellos.iter().find_map(|seen| seen.it.sni.as_deref());
    let named = sni.or_else(|| facts.requests.first()?.it.header("host"))?.trim();
    // sstpc puts the port into SNI too, against RFC 6066 3.
    let name = named.rsplit_once(':').filter(|(_, port)| port.chars().all(|c| c.is_ascii_digit())).map_or(named, |row| row.0);
    (!name.is_empty()).then(|| name.to_string())
}

/// What the client accepted by roots of its own, no source known here accepts, for want of an end to the chain.
fn client_trusts_more(facts: &Facts) -> Option<Evidence> {
    let (clients, ours): (Vec<_>, Vec<_>) = facts.trust.iter().partition(|seen| seen.it.0 == CLIENT);
    clients.first()?;
    let ends: Vec<_> = ours.iter().filter_map(|seen| Some((seen, problem(&seen.it.1, DEAD_ENDS)?))).collect();
    let says: Vec<String> = ends.iter().map(|(seen, problem)| format!("{}: {}", seen.it.0, sentence(facts, problem))).collect();
    Evidence::of(ends.iter().map(|(seen, _)| seen.event), says.join("; ")).filter(|_| ends.len() == ours.len())
}

fn name_not_checked(facts: &Facts) -> Option<Evidence> {
    let (leaf, name) = (facts.leaf()?, dialled(facts)?);
    let request = facts.requests.first()?;
    let fits = matches!(leaf.matches_name(&name), NameMatch::Ok | NameMatch::CnOnly);
    let says = || format!("the client asked for {name}, and went on with {}", shown(leaf));
    (!fits).then(|| Evidence::of(facts.chain_event.into_iter().chain([request.event]), says()))?
}

/// What else is seen when the client refuses the certificate.
const REFUSED: &[&str] = &[
    "TLS-CLIENT-LEFT",
    "TLS-CLIENT-ALERT",
    "TLS-HANDSHAKE-FAILED",
    "TLS-RESET-IN-HANDSHAKE",
    "TLS-CLIENT-CERT-REQUESTED",
    "TCP-ACCEPT-NO-DATA",
    "TCP-PMTU-BLACKHOLE",
    "HTTP-CLIENT-LEFT",
    "HTTP-NO-RESPONSE",
    "HTTP-SILENT-CLOSE",
    "HTTP-UNEXPECTED-STATUS",
];

/// RFC 8446 6.2: bad, unsupported, revoked, expired, unknown certificate; unknown CA.
pub(super) const CERTIFICATE_ALERTS: [u8; 6] = [42, 43, 44, CERTIFICATE_EXPIRED, 46, UNKNOWN_CA];
const CERTIFICATE_EXPIRED: u8 = 45;
const UNKNOWN_CA: u8 = 48;
/// Ours: words that give a VPN away in a name, in lower case.
const TELLING: [&str; 5] = ["vpn", "sstp", "remote", "rras", "tunnel"];
