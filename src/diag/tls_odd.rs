//! Servers that speak TLS in a way that Windows and most other clients do not: what hand-made hellos tell when the handshake
//! failed, and keys that only some clients know.

use super::check::{Check, Evidence, Fix, Look, Need, Severity, Windows};
use super::clients::{spared, windows_in_words};
use super::tls::{failed, name};
use super::tls_scan::current_windows_left_out;
use crate::base::{Layer, SpecRef};
use crate::transcript::{Facts, ScanAnswer, TlsFailure};
use crate::wire::cert::Cert;
use crate::wire::tls::TLS13;
use crate::wire::tls::message::{group_name, scheme_name};
use crate::wire::tls::suite::Suite;

pub(super) const TLS_ODD: &[Check] = &[
    Check {
        id: "TLS-ANONYMOUS-ONLY",
        title: "The server offers only suites without a certificate",
        means: "Without a certificate SSTP has nothing to bind its keys to, and no client of Windows offers such suites.",
        fix: Fix { admin: "Bind a certificate to the listener, and take the aNULL suites out of its list.", user: "" },
        spec: &[SpecRef::rfc(5246, "A.5"), SpecRef::sstp("3.2.4.1")],
        look: Look::One(anonymous_only),
        ..ROW
    },
    Check {
        id: "TLS-NO-ENCRYPTION",
        title: "The server offers only suites without encryption",
        means: "Everything in the tunnel would be readable; no client offers these suites by itself.",
        fix: Fix { admin: "Take the eNULL suites out of the server's list and offer ECDHE with AES-GCM.", user: "" },
        spec: &[SpecRef::rfc(9325, "4.1")],
        look: Look::One(null_only),
        ..ROW
    },
    Check {
        id: "TLS-RARE-GROUP",
        title: "The server accepts only a key exchange group that most clients lack",
        means: "Windows offers X25519, P-256 and P-384 unless it is told otherwise; this server wants another one.",
        fix: Fix { admin: "Allow X25519 and P-256 (OpenSSL: Groups or -curves X25519:P-256:P-384).", user: "" },
        spec: &[SpecRef::rfc(8446, "9.1")],
        look: Look::One(rare_group),
        ..ROW
    },
    Check {
        id: "TLS-RARE-CIPHER",
        title: "The server accepts only cipher suites that most clients leave out",
        means: "Its suites are sound but rare (CCM, ARIA, Camellia and such); Windows offers none of them.",
        fix: Fix { admin: "Offer AES-GCM too: TLS_AES_256_GCM_SHA384, or ECDHE with AES-GCM in TLS 1.2.", user: "" },
        spec: &[SpecRef::rfc(8446, "9.1")],
        look: Look::One(rare_cipher),
        ..ROW
    },
    Check {
        id: "TCP-PROXYPROTO-MISMATCH",
        layer: Layer::Tls,
        title: "The server waits for a line of the PROXY protocol",
        means: "It hangs up on a ClientHello, and answers one that stands behind a line of the PROXY protocol: it is set up to be reached through a \
                balancer that sends this line, and the balancer does not send it, or clients come past it.",
        fix: Fix {
            admin: "Let the balancer send the line (HAProxy: send-proxy; nginx: proxy_protocol on), or let the server do without (accel-ppp: accept= \
                    without proxy; sstp-server: without --proxy-protocol; a front end: without accept-proxy).",
            user: "",
        },
        windows: &[Windows::Hresult(0x8007_2746)],
        needs: Need::Began(Layer::Tls),
        explains: &["TLS-RESET-IN-HANDSHAKE", "TCP-ACCEPT-NO-DATA", "TLS-HANDSHAKE-FAILED"],
        look: Look::One(waits_for_a_proxy_line),
        ..Check::ROW
    },
    Check {
        id: "TLS-CERT-KEY-TYPE",
        title: "Windows does not take the certificate's kind of key in TLS",
        means: "Schannel knows RSA and ECDSA over P-256, P-384 and P-521 only, and P-521 must be switched on; DSA went with Windows 10 1703, and up to \
                TLS 1.2 a key bound to RSASSA-PSS is of no use to most clients. With another key the handshake ends with an alert.",
        fix: Fix { admin: "Use a certificate with an RSA key of 2048 bits or more, or with an EC key on P-256 or P-384.", user: "" },
        spec: &[SpecRef::rfc(8446, "9.1")],
        needs: Need::Chain,
        explains: &["TLS-WINDOWS-SHARES-NOTHING", "TLS-NO-COMMON-CIPHER", "TLS-LEGACY-CIPHER", "TLS-HANDSHAKE-FAILED"],
        look: Look::One(unknown_key),
        ..ROW
    },
    Check {
        id: "TLS-WEAK-DH",
        severity: Severity::Warn,
        spares: None,
        title: "The server's Diffie-Hellman prime is short",
        means: "A prime below 2048 bits is refused by OpenSSL as Debian builds it, one below 1024 bits by Windows too.",
        fix: Fix { admin: "Give the server parameters of 2048 bits or more, or offer ECDHE alone.", user: "" },
        spec: &[SpecRef::rfc(9325, "4.4")],
        look: Look::One(short_prime),
        ..ROW
    },
    Check {
        id: "TLS-SIGNATURE-SHA1",
        severity: Severity::Warn,
        spares: None,
        windows: &[],
        title: "The server signs the handshake with SHA-1",
        means: "Its key is proved with a hash that has been broken. Windows still takes it; OpenSSL 3 and newer systems refuse.",
        fix: Fix { admin: "Update the server's TLS library, or allow SHA-256 in its list of signature algorithms.", user: "" },
        spec: &[SpecRef::rfc(9155, "4")],
        look: Look::One(signed_with_sha1),
        ..ROW
    },
];

/// What these rows have in common.
const ROW: Check = Check {
    layer: Layer::Tls,
    windows: &[Windows::Hresult(0x8009_0326), Windows::Hresult(0x8009_0331)],
    needs: Need::Began(Layer::Tls),
    spares: Some(spared),
    ..Check::ROW
};

fn anonymous_only(facts: &Facts) -> Option<Evidence> {
    told(facts, |it| it.is_suite(Suite::is_anonymous))
}

fn null_only(facts: &Facts) -> Option<Evidence> {
    told(facts, |it| it.is_suite(|suite| suite.is_null() && !suite.is_anonymous()))
}

fn rare_group(facts: &Facts) -> Option<Evidence> {
    told(facts, |it| it.group.is_some_and(|group| !USUAL_GROUPS.contains(&group)) && (it.version >= TLS13 || it.is_suite(is_ecdhe)))
}

fn rare_cipher(facts: &Facts) -> Option<Evidence> {
    let rare = ["_CCM", "_ARIA_", "_CAMELLIA_", "_SEED_", "_IDEA_", "TLS_SHA"];
    told(facts, |it| it.is_suite(|suite| rare.iter().any(|part| suite.name.contains(part)) && !suite.is_anonymous()))
}

/// One of the rows above tells what the server wants: its suites are neither outdated nor all unknown.
pub(super) fn chose_oddly(facts: &Facts) -> bool {
    [anonymous_only, null_only, rare_group, rare_cipher].iter().any(|look| look(facts).is_some())
}

fn waits_for_a_proxy_line(facts: &Facts) -> Option<Evidence> {
    // An alert may be all that a TLS library has to say to such a line, and who answers our hello with one waits for none.
    let understood = |answer: &ScanAnswer| match answer {
        ScanAnswer::Accepted { .. } => true,
        ScanAnswer::Alert(description) => !NOT_TLS.contains(description),
        _ => false,
    };
    let answered = facts.behind_line.as_ref().filter(|seen| understood(&seen.it))?;
    let evidence = failed(facts, |failure| !matches!(failure, TlsFailure::Alert(_)))?;
    let says = "a hello behind PROXY UNKNOWN, on a connection of its own, was answered with TLS";
    Some(Evidence { events: evidence.events.iter().copied().chain([answered.event]).collect(), ..evidence }.and(says))
}

fn unknown_key(facts: &Facts) -> Option<Evidence> {
    let refused = || failed(facts, |_| true).is_some() || facts.secured.is_some() && current_windows_left_out(facts).is_some();
    let unknown = |leaf: &&Cert| UNKNOWN_KEYS.iter().any(|kind| leaf.key_algorithm.starts_with(kind)) || is_unusual(leaf) && refused();
    let leaf = facts.leaf().filter(unknown)?;
    // Where the handshake failed for another reason than the key, that reason is the matter.
    let ours = facts.secured.is_some() || facts.stopped_at(Layer::Tls).is_some();
    let evidence = Evidence::at(facts.chain_event?, format!("the key of the certificate is {}", leaf.key));
    ours.then(|| evidence.and(&windows_in_words(facts)))
}

/// Known, but in no usual hello up to TLS 1.2: the curve of the key has to be among the groups offered (RFC 8422 5.1), and a
/// key that is bound to RSASSA-PSS needs the schemes of RFC 8446 4.2.3. Of DSA the old Windows have suites, the current ones none.
fn is_unusual(leaf: &Cert) -> bool {
    ["RSA-PSS", "DSA"].contains(&leaf.key_algorithm.as_str()) || leaf.key_algorithm == "EC" && !USUAL_CURVES.contains(&leaf.key.as_str())
}

fn short_prime(facts: &Facts) -> Option<Evidence> {
    let scanned = facts.scans.iter().filter_map(|seen| match seen.it.1 {
        ScanAnswer::Accepted { cipher, bits, .. } => Some((seen.event, cipher, bits?)),
        _ => None,
    });
    let surveyed = facts
        .survey
        .versions
        .iter()
        .flat_map(|seen| seen.it.suites.iter().filter_map(move |suite| Some((seen.event, suite.cipher, suite.bits?))));
    let dhe = |row: &(usize, u16, u16)| Suite::of(row.1).is_some_and(|suite| suite.name.contains("_DHE_"));
    let (event, cipher, bits) = scanned.chain(surveyed).filter(dhe).min_by_key(|row| row.2).filter(|row| row.2 < LEAST_BITS)?;
    Some(Evidence::at(event, format!("with {} the prime has {bits} bits", Suite::name_of(cipher))))
}

fn signed_with_sha1(facts: &Facts) -> Option<Evidence> {
    let seen = facts.secured.as_ref()?;
    let scheme = seen.it.signed_with.filter(|scheme| SHA1_SCHEMES.contains(scheme))?;
    Some(Evidence::at(seen.event, format!("the signature scheme is {}", scheme_name(scheme))))
}

fn is_ecdhe(suite: &Suite) -> bool {
    suite.name.starts_with("TLS_ECDH")
}

/// What the server chose of everything there is.
struct Chosen {
    version: u16,
    cipher: u16,
    group: Option<u16>,
}

impl Chosen {
    fn is_suite(&self, kind: impl Fn(&Suite) -> bool) -> bool {
        Suite::of(self.cipher).is_some_and(kind)
    }
}

/// The handshake failed, and a hello that offered everything, the usual first, was answered with that in the newest version.
fn told(facts: &Facts, kind: impl Fn(&Chosen) -> bool) -> Option<Evidence> {
    let failure = failed(facts, |_| true)?;
    let chosen = facts.scans.iter().filter_map(|seen| match seen.it.1 {
        ScanAnswer::Accepted { version, cipher, group, .. } => Some((seen.event, Chosen { version, cipher, group })),
        _ => None,
    });
    let (event, chosen) = chosen.max_by_key(|row| row.1.version).filter(|row| kind(&row.1))?;
    let group = chosen.group.map_or(String::new(), |group| format!(" and group {}", group_name(group)));
    let says = format!("of everything there is it chose {} with {}{group}", name(chosen.version), Suite::name_of(chosen.cipher));
    let events = failure.events.iter().copied().chain([event]).collect();
    Some(Evidence { events, ..failure.and(&says).and(&windows_in_words(facts)) })
}

/// RFC 8446 6.2: unexpected_message, record_overflow, decode_error and protocol_version, which what is no TLS draws.
const NOT_TLS: [u8; 4] = [10, 22, 50, 70];
/// X25519, P-256, P-384, and the hybrids over them, which come beside them and never alone.
const USUAL_GROUPS: [u16; 6] = [0x001d, 0x0017, 0x0018, 0x11eb, 0x11ec, 0x11ed];
/// Keys as `Cert` names them.
const USUAL_CURVES: [&str; 2] = ["EC P-256", "EC P-384"];
/// Kinds of keys that the list of signature schemes of Schannel has no scheme for.
const UNKNOWN_KEYS: [&str; 4] = ["Ed25519", "Ed448", "ML-DSA", "SLH-DSA"];
/// RFC 8446 4.2.3: rsa_pkcs1_sha1, ecdsa_sha1; RFC 5246 7.4.1.4.1: DSA with SHA-1.
const SHA1_SCHEMES: [u16; 3] = [0x0201, 0x0202, 0x0203];
/// RFC 9325 4.4, bits.
const LEAST_BITS: u16 = 2048;
