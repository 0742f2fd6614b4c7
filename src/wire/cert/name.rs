//! Names in certificates: as text, and against the name that was dialled.

use super::Cert;
use serde::{Deserialize, Serialize};
use std::fmt::Write;
use std::net::IpAddr;
use x509_parser::asn1_rs::{Any, Tag};
use x509_parser::oid_registry::Oid;
use x509_parser::x509::{AttributeTypeAndValue, X509Name};

/// How the dialled name and a certificate go together. RFC 6125 6.4, RFC 9525 6.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NameMatch {
    /// The name is on the certificate.
    Ok,
    /// The name is not on the certificate.
    Mismatch,
    /// A wildcard for the same domain is there, but it stands for exactly one label. RFC 6125 6.4.3.
    WildcardDepth,
    /// Only the common name matches and subjectAltName names no host; RFC 9525 6.3 no longer allows that.
    CnOnly,
    /// The name is there, in Unicode; it has to be there as DNS carries it (`xn--`). RFC 5280 7.2, RFC 9525 6.3.
    IdnNotEncoded,
    /// An address was dialled that is no iPAddress entry. RFC 9525 6.5.
    IpNotInSan,
}

pub(super) fn judge(cert: &Cert, name: &str) -> NameMatch {
    let name = name.trim_start_matches('[').trim_end_matches(']').trim_end_matches('.');
    if let Ok(address) = name.parse::<IpAddr>() {
        return judge_address(cert, address);
    }
    let against = |patterns: &[&str]| patterns.iter().map(|pattern| against(pattern, name)).max().unwrap_or(Fit::None);
    let dns_names: Vec<&str> = cert.dns_names.iter().map(String::as_str).collect();
    match against(&dns_names) {
        Fit::Whole => NameMatch::Ok,
        Fit::WrongDepth => NameMatch::WildcardDepth,
        Fit::None if in_unicode(cert, name) => NameMatch::IdnNotEncoded,
        Fit::None if !cert.dns_names.is_empty() || !cert.ip_addresses.is_empty() => NameMatch::Mismatch,
        Fit::None => match against(&cert.common_name.iter().map(String::as_str).collect::<Vec<_>>()) {
            Fit::Whole => NameMatch::CnOnly,
            Fit::WrongDepth => NameMatch::WildcardDepth,
            Fit::None => NameMatch::Mismatch,
        },
    }
}

/// An internationalised name stands on the certificate as people write it.
fn in_unicode(cert: &Cert, name: &str) -> bool {
    let readable = super::idn::readable(name);
    let mut names = cert.dns_names.iter().chain(&cert.common_name);
    readable != name && names.any(|other| other.to_lowercase() == readable.to_lowercase())
}

fn judge_address(cert: &Cert, address: IpAddr) -> NameMatch {
    let no_hosts = cert.dns_names.is_empty() && cert.ip_addresses.is_empty();
    let in_common_name = || cert.common_name.as_ref().and_then(|name| name.parse().ok()) == Some(address);
    match cert.ip_addresses.contains(&address) {
        true => NameMatch::Ok,
        false if no_hosts && in_common_name() => NameMatch::CnOnly,
        false => NameMatch::IpNotInSan,
    }
}

/// How one pattern fits one name, worst first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    None,
    WrongDepth,
    Whole,
}

/// RFC 9525 6.3: the wildcard is the whole left-most label and stands for exactly one label.
fn against(pattern: &str, name: &str) -> Fit {
    let pattern = pattern.trim_end_matches('.');
    let Some(domain) = pattern.strip_prefix("*.") else {
        return if !pattern.is_empty() && pattern.eq_ignore_ascii_case(name) { Fit::Whole } else { Fit::None };
    };
    match name.split_once('.') {
        _ if domain.is_empty() => Fit::None,
        Some((label, rest)) if !label.is_empty() && rest.eq_ignore_ascii_case(domain) => Fit::Whole,
        _ if is_in_domain(name, domain) => Fit::WrongDepth,
        _ => Fit::None,
    }
}

/// The name is the domain itself or lies anywhere below it.
fn is_in_domain(name: &str, domain: &str) -> bool {
    let (name, domain) = (name.to_ascii_lowercase(), domain.to_ascii_lowercase());
    name.strip_suffix(&domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

/// What to call a directory name in a sentence: its last common name, else the whole of it.
pub(crate) fn name_title(name: &X509Name<'_>) -> String {
    name.iter_common_name().last().and_then(|name| text(name.attr_value())).unwrap_or_else(|| directory_name(name))
}

/// A directory name as text, most specific part first; `+` joins the parts of one step. RFC 4514 2.
pub(crate) fn directory_name(name: &X509Name<'_>) -> String {
    let steps: Vec<String> = name.iter_rdn().map(|rdn| rdn.iter().map(attribute).collect::<Vec<_>>().join("+")).collect();
    steps.into_iter().rev().collect::<Vec<_>>().join(",")
}

/// `CN=vpn.example.com`. RFC 4514 2.3.
fn attribute(attribute: &AttributeTypeAndValue<'_>) -> String {
    let short = short_name(attribute.attr_type());
    match text(attribute.attr_value()) {
        Some(value) => format!("{short}={}", escaped(&value)),
        None => format!("{short}=#{}", crate::base::hex(attribute.attr_value().data)),
    }
}

/// The value of an attribute as text, whichever of the string types of RFC 5280 4.1.2.4 it has.
pub(super) fn text(value: &Any<'_>) -> Option<String> {
    match value.tag() {
        Tag::BmpString => {
            let units: Vec<u16> =
                value.data.chunks_exact(2).map(|pair| pair.iter().fold(0, |unit, byte| unit << 8 | u16::from(*byte))).collect();
            Some(String::from_utf16_lossy(&units))
        }
        Tag::T61String => Some(value.data.iter().map(|byte| char::from(*byte)).collect()),
        Tag::Utf8String | Tag::PrintableString | Tag::Ia5String | Tag::NumericString | Tag::VisibleString => {
            Some(String::from_utf8_lossy(value.data).into_owned())
        }
        _ => None,
    }
}

/// RFC 4514 2.4.
fn escaped(value: &str) -> String {
    let last = value.chars().count().saturating_sub(1);
    value.chars().enumerate().fold(String::new(), |mut text, (i, c)| {
        match c {
            '"' | '+' | ',' | ';' | '<' | '>' | '\\' => text.extend(['\\', c]),
            '#' if i == 0 => text.push_str("\\#"),
            ' ' if i == 0 || i == last => text.push_str("\\ "),
            c if c.is_control() => {
                for byte in c.to_string().bytes() {
                    let _ = write!(text, "\\{byte:02X}");
                }
            }
            c => text.push(c),
        }
        text
    })
}

fn short_name(oid: &Oid<'_>) -> String {
    let oid = oid.to_id_string();
    SHORT_NAMES.iter().find(|(id, _)| *id == oid).map_or(oid, |(_, short)| short.to_string())
}

/// RFC 4514 3, and the names in common use for RFC 4519 and RFC 2985 attributes.
const SHORT_NAMES: &[(&str, &str)] = &[
    ("2.5.4.3", "CN"),
    ("2.5.4.4", "SN"),
    ("2.5.4.5", "serialNumber"),
    ("2.5.4.6", "C"),
    ("2.5.4.7", "L"),
    ("2.5.4.8", "ST"),
    ("2.5.4.9", "STREET"),
    ("2.5.4.10", "O"),
    ("2.5.4.11", "OU"),
    ("2.5.4.12", "title"),
    ("2.5.4.15", "businessCategory"),
    ("2.5.4.17", "postalCode"),
    ("2.5.4.42", "GN"),
    ("2.5.4.97", "organizationIdentifier"),
    ("0.9.2342.19200300.100.1.1", "UID"),
    ("0.9.2342.19200300.100.1.25", "DC"),
    ("1.2.840.113549.1.9.1", "emailAddress"),
];
