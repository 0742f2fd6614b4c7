//! The rules that look at one certificate of the path, one row each.

use super::{Problem, Rule, constraints, path};
use crate::wire::cert::{Cert, NameMatch};
use time::OffsetDateTime;

/// Every rule at every certificate of the path; `root` is the trusted root that it leads to, where that is known as a whole.
pub(super) fn of(chain: &[Cert], path: &[usize], root: Option<&Cert>, name: &str, now: i64) -> Vec<Problem> {
    let mut certs: Vec<&Cert> = path.iter().filter_map(|index| chain.get(*index)).collect();
    let last_is_root =
        |root: &Cert| certs.last().is_some_and(|last| last.subject_der == root.subject_der && last.spki_der == root.spki_der);
    let unsent = root.filter(|root| !last_is_root(root));
    certs.extend(unsent);
    let mut problems = Vec::new();
    for (place, cert) in certs.iter().enumerate() {
        let view = View { cert, place, path: &certs, name, now, self_signed: path::is_self_signed(cert) };
        let index = path.get(place).copied();
        let of_row = |(rule, look): &(Rule, Look)| {
            let says = look(&view).filter(|_| index.is_some() || RULES_OF_THE_ROOT.contains(rule))?;
            let says = if index.is_some() { says } else { format!("the trusted root {} {says}", cert.title()) };
            Some(Problem { rule: *rule, cert: index, says })
        };
        problems.extend(ROWS.iter().filter_map(of_row));
    }
    problems
}

/// What counts of a trusted root that was not sent: Windows and OpenSSL look at it as at any other certificate of the chain.
const RULES_OF_THE_ROOT: &[Rule] = &[Rule::Expired, Rule::NotYetValid, Rule::DatesReversed, Rule::PathLength, Rule::WeakKey];

/// One certificate in its place.
struct View<'a> {
    cert: &'a Cert,
    /// 0 for the leaf.
    place: usize,
    path: &'a [&'a Cert],
    name: &'a str,
    now: i64,
    self_signed: bool,
}

impl View<'_> {
    fn is_leaf(&self) -> bool {
        self.place == 0
    }
}

/// What the rule finds wrong, as the rest of a sentence.
type Look = fn(&View<'_>) -> Option<String>;

const ROWS: &[(Rule, Look)] = &[
    (Rule::Unparsable, unparsable),
    (Rule::Expired, expired),
    (Rule::NotYetValid, not_yet_valid),
    (Rule::DatesReversed, dates_reversed),
    (Rule::ExpiresSoon, expires_soon),
    (Rule::NameMismatch, |view| name(view, NameMatch::Mismatch, "not for")),
    (Rule::WildcardDepth, |view| name(view, NameMatch::WildcardDepth, "and a wildcard stands for exactly one label, so not for")),
    (Rule::CnOnly, cn_only),
    (Rule::IdnNotEncoded, |view| name(view, NameMatch::IdnNotEncoded, "in Unicode, where DNS and clients have")),
    (Rule::IpNotInSan, ip_not_in_san),
    (Rule::EkuMissing, eku_missing),
    (Rule::EkuAbsent, eku_absent),
    (Rule::KeyUsage, key_usage),
    (Rule::BasicConstraints, basic_constraints),
    (Rule::PathLength, path_length),
    (Rule::NameConstraints, name_constraints),
    (Rule::WeakKey, weak_key),
    (Rule::ForeignSignature, foreign_signature),
    (Rule::WeakSignature, weak_signature),
    (Rule::UnknownCritical, unknown_critical),
    (Rule::ValidityTooLong, validity_too_long),
    (Rule::NoRevocationInfo, no_revocation_info),
    (Rule::CrlLdapOnly, crl_ldap_only),
];

fn unparsable(view: &View<'_>) -> Option<String> {
    let unreadable: Vec<&String> = view.cert.unreadable.iter().filter(|part| !IDLE_EXTENSIONS.contains(&part.as_str())).collect();
    (!unreadable.is_empty()).then(|| format!("has parts that cannot be read: {}", list(&unreadable)))
}

fn expired(view: &View<'_>) -> Option<String> {
    let ended = view.cert.not_after;
    (ended < view.now && !is_reversed(view.cert))
        .then(|| format!("ended {}, {} ago", moment(ended, view.now), span(view.now.saturating_sub(ended))))
}

fn not_yet_valid(view: &View<'_>) -> Option<String> {
    let begins = view.cert.not_before;
    (view.now < begins && !is_reversed(view.cert))
        .then(|| format!("begins {}, in {}", moment(begins, view.now), span(begins.saturating_sub(view.now))))
}

fn dates_reversed(view: &View<'_>) -> Option<String> {
    let (begins, ends) = (date(view.cert.not_before), date(view.cert.not_after));
    is_reversed(view.cert).then(|| format!("ends {ends}, before it begins ({begins}): it is valid at no time"))
}

/// RFC 5280 4.1.2.5: the validity period runs from notBefore through notAfter.
fn is_reversed(cert: &Cert) -> bool {
    cert.not_after < cert.not_before
}

fn expires_soon(view: &View<'_>) -> Option<String> {
    let left = view.cert.not_after.saturating_sub(view.now);
    let lifetime = view.cert.not_after.saturating_sub(view.cert.not_before);
    let soon = 0 <= left && left < (EXPIRES_SOON_DAYS * DAY).min(lifetime / 3) && view.cert.not_before <= view.now;
    (soon && (view.is_leaf() || !view.self_signed)).then(|| format!("ends {}, in {}", moment(view.cert.not_after, view.now), span(left)))
}

fn name(view: &View<'_>, verdict: NameMatch, but: &str) -> Option<String> {
    let wrong = view.is_leaf() && view.cert.matches_name(view.name) == verdict;
    wrong.then(|| {
        let ignored = view.cert.common_name.as_ref().filter(|name| !view.cert.dns_names.is_empty() && name.eq_ignore_ascii_case(view.name));
        let ignored = if ignored.is_some() { " (its common name counts only where no alternative name is)" } else { "" };
        format!("is for {}, {but} {}{ignored}", names_of(view.cert), view.name)
    })
}

fn ip_not_in_san(view: &View<'_>) -> Option<String> {
    let says = name(view, NameMatch::IpNotInSan, "not for the address")?;
    let dialled = view.name.trim_start_matches('[').trim_end_matches(']');
    let in_words = view.cert.dns_names.iter().any(|name| name.eq_ignore_ascii_case(dialled));
    let entry = || format!("bears {dialled} as a DNS name, and an address counts only where it stands as an IP address");
    Some(if in_words { entry() } else { says })
}

fn cn_only(view: &View<'_>) -> Option<String> {
    let wrong = view.is_leaf() && view.cert.matches_name(view.name) == NameMatch::CnOnly;
    wrong.then(|| format!("names {} only as its common name, not as a subject alternative name", view.name))
}

fn eku_missing(view: &View<'_>) -> Option<String> {
    let usages = view.cert.eku.as_ref()?;
    let allowed = |oid: &String| SERVER_USAGES.contains(&oid.as_str()) || !view.is_leaf() && GATED_USAGES.contains(&oid.as_str());
    let wrong = (view.is_leaf() || !view.self_signed) && !usages.iter().any(allowed);
    wrong.then(|| format!("may be used for {}, not for server authentication", list(&usages.iter().map(usage_name).collect::<Vec<_>>())))
}

fn eku_absent(view: &View<'_>) -> Option<String> {
    (view.is_leaf() && view.cert.eku.is_none()).then(|| "does not say what it may be used for (no extended key usage)".into())
}

fn key_usage(view: &View<'_>) -> Option<String> {
    let usages = view.cert.key_usage.as_ref()?;
    let needed: &[&str] = match (view.is_leaf(), view.cert.key_algorithm.as_str()) {
        (false, _) => &["keyCertSign"],
        (true, "RSA") => &["digitalSignature", "keyEncipherment"],
        (true, "EC") => &["digitalSignature", "keyAgreement"],
        (true, _) => &["digitalSignature"],
    };
    let wrong = !usages.iter().any(|usage| needed.contains(&usage.as_str()));
    wrong.then(|| format!("has a key for {}, but would need {}", list(usages), needed.join(" or ")))
}

fn basic_constraints(view: &View<'_>) -> Option<String> {
    // A version 1 root cannot say that it is a CA; being trusted says it. RFC 5280 6.1.4 (k).
    let may_be_silent = view.self_signed && view.cert.version < 3;
    let wrong = !view.is_leaf() && view.cert.is_ca != Some(true) && !may_be_silent;
    wrong.then(|| "issued a certificate of the chain but is no CA certificate".into())
}

fn path_length(view: &View<'_>) -> Option<String> {
    let allowed = usize::try_from(view.cert.path_len?).unwrap_or(usize::MAX);
    let below = view.path.iter().take(view.place).skip(1).filter(|cert| !cert.self_issued()).count();
    (!view.is_leaf() && below > allowed).then(|| format!("allows {allowed} CA certificates below it, there are {below}"))
}

fn name_constraints(view: &View<'_>) -> Option<String> {
    let above = view.path.iter().skip(1).filter(|_| view.is_leaf());
    above.filter_map(|ca| constraints::violation(view.cert, ca)).next()
}

fn weak_key(view: &View<'_>) -> Option<String> {
    let least = match view.cert.key_algorithm.as_str() {
        "RSA" | "RSA-PSS" | "DSA" => LEAST_RSA_BITS,
        "EC" => LEAST_EC_BITS,
        _ => return None,
    };
    (view.cert.key_bits < least).then(|| format!("has a key of {} ({least} bits are the least today)", view.cert.key))
}

fn foreign_signature(view: &View<'_>) -> Option<String> {
    let signature = view.cert.signature.to_ascii_lowercase();
    let foreign = !view.self_signed && FOREIGN.iter().any(|part| signature.contains(part));
    foreign.then(|| format!("is signed with {}, which Windows does not know", view.cert.signature))
}

fn weak_signature(view: &View<'_>) -> Option<String> {
    let signature = view.cert.signature.to_ascii_lowercase();
    let hash = signature.strip_prefix("rsassapss-").unwrap_or(&signature);
    let weak = !view.self_signed && (["md2", "md4", "md5"].iter().any(|old| hash.starts_with(old)) || hash.contains("sha1"));
    weak.then(|| format!("is signed with {}", view.cert.signature))
}

fn unknown_critical(view: &View<'_>) -> Option<String> {
    let unknown = &view.cert.critical_unknown;
    (!unknown.is_empty()).then(|| format!("has critical extensions that clients do not know: {}", list(unknown)))
}

fn validity_too_long(view: &View<'_>) -> Option<String> {
    let days = view.cert.days();
    (view.is_leaf() && days > MOST_DAYS).then(|| format!("is valid for {days} days; Apple systems refuse more than {MOST_DAYS}"))
}

fn no_revocation_info(view: &View<'_>) -> Option<String> {
    let cert = view.cert;
    let missing = !view.self_signed && cert.days() > SHORT_LIVED_DAYS && cert.crl_urls.is_empty() && cert.ocsp_urls.is_empty();
    missing.then(|| "names no address to check its revocation at (no CRL, no OCSP)".into())
}

fn crl_ldap_only(view: &View<'_>) -> Option<String> {
    let mut urls = view.cert.crl_urls.iter().chain(&view.cert.ocsp_urls);
    let wrong = !view.self_signed && !view.cert.crl_urls.is_empty() && !urls.any(|url| url.to_ascii_lowercase().starts_with("http"));
    wrong.then(|| format!("can be checked for revocation only inside its own domain: {}", list(&view.cert.crl_urls)))
}

/// The names of the leaf for a sentence.
fn names_of(cert: &Cert) -> String {
    let addresses = cert.ip_addresses.iter().map(ToString::to_string);
    let names: Vec<String> = cert.dns_names.iter().cloned().chain(addresses).collect();
    match (names.is_empty(), &cert.common_name) {
        (false, _) => list(&names),
        (true, Some(name)) => name.clone(),
        (true, None) => "no name at all".into(),
    }
}

/// The first few of them, and how many more.
fn list<T: AsRef<str>>(texts: &[T]) -> String {
    let shown = texts.iter().take(MOST_LISTED).map(AsRef::as_ref).collect::<Vec<_>>().join(", ");
    match texts.len().saturating_sub(MOST_LISTED) {
        _ if texts.is_empty() => "nothing".into(),
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

fn usage_name(oid: &String) -> String {
    USAGE_NAMES.iter().find(|(id, _)| id == oid).map_or(oid.clone(), |(_, name)| name.to_string())
}

/// `2025-01-01`, in UTC.
fn date(unix: i64) -> String {
    OffsetDateTime::from_unix_timestamp(unix).map_or(format!("{unix} s after 1970"), |time| time.date().to_string())
}

/// The date, and where it is less than a day from now the minute too: `2025-01-01 09:30 UTC`.
pub fn moment(unix: i64, now: i64) -> String {
    let minute = |time: OffsetDateTime| format!("{} {:02}:{:02} UTC", time.date(), time.hour(), time.minute());
    let near = OffsetDateTime::from_unix_timestamp(unix).ok().filter(|_| unix.abs_diff(now) < DAY.unsigned_abs());
    near.map_or_else(|| date(unix), minute)
}

/// A stretch of time in seconds, for people: `3 days`, `1 day`, `5 hours`, `less than an hour`.
pub fn span(seconds: i64) -> String {
    let count = |n: i64, unit: &str| format!("{n} {unit}{}", if n == 1 { "" } else { "s" });
    match seconds {
        ..HOUR => "less than an hour".into(),
        HOUR..DAY => count(seconds / HOUR, "hour"),
        _ => count(seconds / DAY, "day"),
    }
}

/// Seconds of an hour.
const HOUR: i64 = 3_600;
/// Seconds of a day.
const DAY: i64 = 86_400;
/// Ours: days before the end from which it is worth a word; a third of the lifetime where that is shorter.
const EXPIRES_SOON_DAYS: i64 = 14;
/// Apple HT210176: most days of a server's certificate.
const MOST_DAYS: i64 = 825;
/// CA/Browser Forum Baseline Requirements 7.1.2.11.2: a certificate this short needs no revocation address, in days.
const SHORT_LIVED_DAYS: i64 = 10;
/// CA/Browser Forum Baseline Requirements 6.1.5: least size of an RSA key in bits.
const LEAST_RSA_BITS: u32 = 2048;
/// NIST SP 800-131A 3: least size of an EC key in bits.
const LEAST_EC_BITS: u32 = 224;
/// Ours: most names in one sentence.
const MOST_LISTED: usize = 5;

/// MS-SSTP 3.2.4.1, RFC 5280 4.2.1.12: id-kp-serverAuth and anyExtendedKeyUsage.
const SERVER_USAGES: [&str; 2] = ["1.3.6.1.5.5.7.3.1", "2.5.29.37.0"];
/// Old CA certificates carry Microsoft's and Netscape's server gated cryptography in place of serverAuth.
const GATED_USAGES: [&str; 2] = ["1.3.6.1.4.1.311.10.3.3", "2.16.840.1.113730.4.1"];

/// RFC 5280 4.2.1.12 and Microsoft's registry: usages by name.
const USAGE_NAMES: &[(&str, &str)] = &[
    ("1.3.6.1.5.5.7.3.1", "server authentication"),
    ("1.3.6.1.5.5.7.3.2", "client authentication"),
    ("1.3.6.1.5.5.7.3.3", "code signing"),
    ("1.3.6.1.5.5.7.3.4", "e-mail"),
    ("1.3.6.1.5.5.7.3.8", "time stamping"),
    ("1.3.6.1.5.5.7.3.9", "OCSP signing"),
    ("1.3.6.1.5.5.7.3.17", "IPsec IKE"),
    ("1.3.6.1.5.5.8.2.2", "IKE intermediate"),
    ("1.3.6.1.4.1.311.20.2.2", "smart card logon"),
    ("1.3.6.1.4.1.311.54.1.2", "remote desktop"),
];

/// Parts of the names of signatures that Windows does not know: CNG algorithm identifiers.
const FOREIGN: [&str; 8] = ["sha224", "sha512-2", "sha3-", "ripemd", "ed25519", "ed448", "gost", "sm2"];

/// Extensions that decide nothing about trust here: what cannot be read in them is passed over. RFC 5280 4.2, RFC 6962.
const IDLE_EXTENSIONS: &[&str] = &[
    "2.5.29.14",
    "2.5.29.18",
    "2.5.29.31",
    "2.5.29.32",
    "2.5.29.33",
    "2.5.29.35",
    "2.5.29.36",
    "2.5.29.46",
    "2.5.29.54",
    "1.3.6.1.5.5.7.1.1",
    "1.3.6.1.5.5.7.1.11",
    "1.3.6.1.4.1.11129.2.4.2",
    "2.16.840.1.113730.1.1",
    "2.16.840.1.113730.1.13",
];
