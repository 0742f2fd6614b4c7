//! Fingerprints of hellos: JA3 and JA3S (MD5 over numbers in decimal), JA4 and JA4S.
//!
//! JA3 is under BSD-3-Clause. JA4, the fingerprint of TLS clients, is under BSD-3-Clause; JA4S is under the FoxIO License
//! 1.1, which allows inner use and research and asks for a licence where a product is sold on it.

use super::offer::{ALPN, Choice, Offer, SERVER_NAME, is_grease};
use super::{SSL30, TLS10, TLS11, TLS12, TLS13};
use crate::base::hex;
use aws_lc_rs::digest;
use md5::{Digest, Md5};
use std::fmt::Write;

/// JA3: version, suites, extensions, groups, point formats, without GREASE; 32 hexadecimal digits.
pub fn ja3(offer: &Offer) -> String {
    let points: Vec<u16> = offer.point_formats.iter().map(|format| u16::from(*format)).collect();
    let lists = [&offer.suites, &offer.extensions, &offer.groups, &points].map(|list| decimals(list));
    md5_of(&format!("{},{}", offer.legacy_version, lists.join(",")))
}

/// JA3S: version, suite, extensions; 32 hexadecimal digits.
pub fn ja3s(choice: &Choice) -> String {
    md5_of(&format!("{},{},{}", choice.legacy_version, choice.suite, decimals(&choice.extensions)))
}

/// JA4 of a ClientHello over TCP.
pub fn ja4(offer: &Offer) -> String {
    let version = offer.versions().into_iter().max().unwrap_or(offer.legacy_version);
    let name = if offer.extensions.contains(&SERVER_NAME) { 'd' } else { 'i' };
    let mut suites = plain(&offer.suites);
    let mut extensions = plain(&offer.extensions);
    let head = format!(
        "t{}{name}{:02}{:02}{}",
        version_digits(version),
        suites.len().min(MOST),
        extensions.len().min(MOST),
        ends(offer.alpn.first())
    );
    suites.sort_unstable();
    extensions.retain(|kind| ![SERVER_NAME, ALPN].contains(kind));
    extensions.sort_unstable();
    let schemes = hexadecimals(&plain(&offer.signature_schemes));
    let mut tail = hexadecimals(&extensions);
    if !schemes.is_empty() {
        tail = format!("{tail}_{schemes}");
    }
    format!("{head}_{}_{}", short_sha256(&hexadecimals(&suites)), short_sha256(if extensions.is_empty() { "" } else { &tail }))
}

/// JA4S of a ServerHello over TCP.
pub fn ja4s(choice: &Choice) -> String {
    let extensions = hexadecimals(&choice.extensions);
    format!(
        "t{}{:02}{}_{:04x}_{}",
        version_digits(choice.version),
        choice.extensions.len().min(MOST),
        ends(choice.alpn.as_ref()),
        choice.suite,
        short_sha256(&extensions)
    )
}

fn plain(numbers: &[u16]) -> Vec<u16> {
    numbers.iter().copied().filter(|number| !is_grease(*number)).collect()
}

fn decimals(numbers: &[u16]) -> String {
    joined(&plain(numbers), '-', |text, number| write!(text, "{number}"))
}

fn hexadecimals(numbers: &[u16]) -> String {
    joined(numbers, ',', |text, number| write!(text, "{number:04x}"))
}

fn joined(numbers: &[u16], between: char, one: fn(&mut String, u16) -> std::fmt::Result) -> String {
    let mut text = String::with_capacity(numbers.len() * 6);
    for (place, number) in numbers.iter().enumerate() {
        if place > 0 {
            text.push(between);
        }
        let _ = one(&mut text, *number);
    }
    text
}

fn version_digits(version: u16) -> &'static str {
    match version {
        TLS13 => "13",
        TLS12 => "12",
        TLS11 => "11",
        TLS10 => "10",
        SSL30 => "s3",
        0x0002 => "s2",
        _ => "00",
    }
}

/// First and last character of a protocol's name, of its hexadecimal digits where they are no letters or digits.
fn ends(name: Option<&Vec<u8>>) -> String {
    let Some((first, last)) = name.and_then(|name| name.first().zip(name.last())) else { return "00".into() };
    if first.is_ascii_alphanumeric() && last.is_ascii_alphanumeric() {
        return [char::from(*first), char::from(*last)].iter().collect();
    }
    let (first, last) = (format!("{first:02x}"), format!("{last:02x}"));
    first.chars().take(1).chain(last.chars().skip(1)).collect()
}

fn md5_of(text: &str) -> String {
    hex(&Md5::digest(text.as_bytes()))
}

/// The first twelve hexadecimal digits of SHA-256; zeros for nothing.
fn short_sha256(text: &str) -> String {
    if text.is_empty() {
        return "0".repeat(SHORT);
    }
    let mut digits = hex(digest::digest(&digest::SHA256, text.as_bytes()).as_ref());
    digits.truncate(SHORT);
    digits
}

/// JA4 technical details: counts have two digits.
const MOST: usize = 99;
/// JA4 technical details: hashes are cut to twelve digits.
const SHORT: usize = 12;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ja3_of_its_own_documentation() {
        let offer = Offer {
            legacy_version: 769,
            suites: vec![47, 53, 5, 10, 49161, 49162, 49171, 49172, 50, 56, 19, 4],
            extensions: vec![0, 10, 11],
            groups: vec![23, 24, 25],
            point_formats: vec![0],
            ..Offer::default()
        };
        assert_eq!(ja3(&offer), "ada70206e40642a3e4461f35503241d5");
        let bare = Offer { legacy_version: 769, suites: vec![4, 5, 10, 9, 100, 98, 3, 6, 19, 18, 99], ..Offer::default() };
        assert_eq!(ja3(&bare), "de350869b8c85de67a350c8d186f11e6");
        let greased = Offer { suites: [&[0x0a0a], &bare.suites[..], &[0xfafa]].concat(), extensions: vec![0x2a2a], ..bare };
        assert_eq!(ja3(&greased), "de350869b8c85de67a350c8d186f11e6");
    }

    /// The example of JA4's technical details, a browser with GREASE.
    #[test]
    fn ja4_of_its_own_documentation() {
        let mut offer = Offer {
            legacy_version: TLS12,
            supported_versions: vec![0x1a1a, TLS13, TLS12],
            suites: vec![
                0x2a2a, 0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc013, 0xc014, 0x009c, 0x009d, 0x002f,
                0x0035,
            ],
            extensions: vec![
                0x3a3a, 0x001b, 0x0000, 0x0033, 0x0010, 0x4469, 0x0017, 0x002d, 0x000d, 0x0005, 0x0023, 0x0012, 0x002b, 0xff01, 0x000b,
                0x000a, 0x0015,
            ],
            signature_schemes: vec![0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601],
            alpn: vec![b"h2".to_vec(), b"http/1.1".to_vec()],
            ..Offer::default()
        };
        assert_eq!(ja4(&offer), "t13d1516h2_8daaf6152771_e5627efa2ab1");
        offer.alpn = vec![vec![0xab, 0xcd]];
        assert!(ja4(&offer).starts_with("t13d1516ad_"));
        assert_eq!(ja4(&Offer { legacy_version: TLS12, ..Offer::default() }), "t12i000000_000000000000_000000000000");
    }

    /// Published for SoftEther's own client: AES-256-GCM, supported_versions and key_share.
    #[test]
    fn ja4s_as_published() {
        let choice = Choice { legacy_version: TLS12, version: TLS13, suite: 0x1302, extensions: vec![0x002b, 0x0033], ..Choice::default() };
        assert_eq!(ja4s(&choice), "t130200_1302_a56c5b993250");
        assert_eq!(ja3s(&choice), md5_of("771,4866,43-51"));
    }
}
