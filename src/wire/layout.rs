//! Where every field of a message lies: one walk, read by edits, listings and scrubbers.

use super::ppp::{self, Frame};
use super::sstp::{Attribute, HEADER_LEN, Header};
use super::{control, eap, ncp};
use crate::base::{Field, Layer, SpecRef};
use std::fmt::Display;

/// The fields of an SSTP packet (control or data) in the order of its bytes. Walks as far as the bytes allow.
pub fn fields(packet: &[u8]) -> Vec<Field> {
    walked(packet, Wanted::All)
}

/// The fields of [`fields`] that hold a password, a key or a hash of one.
pub fn secrets(packet: &[u8]) -> Vec<Field> {
    walked(packet, Wanted::Secret)
}

/// The fields of [`fields`] that have but one value on send, and have another.
pub fn broken(packet: &[u8]) -> Vec<Field> {
    walked(packet, Wanted::Broken)
}

/// Which fields are wanted: the others cost no name.
#[derive(Clone, Copy)]
enum Wanted {
    All,
    Secret,
    Broken,
}

fn walked(packet: &[u8], wanted: Wanted) -> Vec<Field> {
    let mut walk = Walk { fields: Vec::new(), wanted, at: 0, packet };
    let header = SpecRef::sstp("2.2.1");
    walk.bits("version", 8, None, header);
    walk.bits("reserved", 7, Some(0), header);
    walk.bits("c", 1, None, header);
    walk.bits("r", 4, Some(0), header);
    walk.bits("length", 12, None, header);
    match Header::parse(packet) {
        Some(header) if header.control => control_message(&mut walk, packet),
        Some(_) => ppp_frame(&mut walk, packet),
        None => {}
    }
    walk.fields
}

struct Walk<'a> {
    fields: Vec<Field>,
    wanted: Wanted,
    /// Next bit.
    at: usize,
    packet: &'a [u8],
}

impl Walk<'_> {
    fn push(&mut self, name: impl Display, bits: usize, must: Option<u64>, secret: bool, spec: SpecRef) {
        // What is left of a secret that was cut off is secret still.
        let len = self.packet.len() * 8;
        let shown = if secret { bits.min(len.saturating_sub(self.at)) } else { bits };
        let wanted = match self.wanted {
            Wanted::All => true,
            Wanted::Secret => secret,
            Wanted::Broken => must.is_some() && Field::read_bits(self.at, bits, self.packet) != must,
        };
        if wanted && shown > 0 && self.at + shown <= len {
            self.fields.push(Field { name: name.to_string(), first_bit: self.at, bits: shown, must, secret, spec });
        }
        self.at += bits;
    }

    /// Bytes that must be kept secret.
    fn secret(&mut self, name: impl Display, bytes: usize, spec: SpecRef) {
        self.push(name, bytes * 8, None, true, spec);
    }

    /// Bytes left.
    fn left(&self) -> usize {
        self.packet.len().saturating_sub(self.byte())
    }

    fn bits(&mut self, name: impl Display, bits: usize, must: Option<u64>, spec: SpecRef) {
        self.push(name, bits, must, false, spec);
    }

    fn bytes(&mut self, name: impl Display, bytes: usize, spec: SpecRef) {
        self.push(name, bytes * 8, None, false, spec);
    }

    fn byte(&self) -> usize {
        self.at / 8
    }
}

fn control_message(walk: &mut Walk<'_>, packet: &[u8]) {
    let spec = SpecRef::sstp("2.2.2");
    walk.bits("message-type", 16, None, spec);
    walk.bits("num-attributes", 16, None, spec);
    let mut seen: Vec<u8> = Vec::new();
    while let Some(head) = packet.get(walk.byte()..).and_then(|rest| rest.first_chunk::<4>()) {
        let id = head[1];
        let length = usize::from(u16::from_be_bytes([head[2], head[3]]) & 0x0fff);
        let end = walk.byte() + length.max(HEADER_LEN);
        let name = repeated(Attribute::name_of(id), &mut seen, id);
        attribute(walk, name, id, length);
        walk.at = walk.at.max(end.min(packet.len()) * 8);
        if end >= packet.len() {
            break;
        }
    }
}

/// A name and which occurrence of it; a second one is called `name#2`.
#[derive(Clone, Copy)]
struct Repeated<'a>(&'a str, usize);

impl Display for Repeated<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.1 {
            1 => f.write_str(self.0),
            n => write!(f, "{}#{n}", self.0),
        }
    }
}

fn repeated<'a>(name: &'a str, seen: &mut Vec<u8>, kind: u8) -> Repeated<'a> {
    seen.push(kind);
    Repeated(name, seen.iter().filter(|other| **other == kind).count())
}

fn attribute(walk: &mut Walk<'_>, name: Repeated<'_>, id: u8, length: usize) {
    let head = SpecRef::sstp("2.2.4");
    walk.bits(format_args!("{name}.reserved"), 8, Some(0), head);
    walk.bits(format_args!("{name}.id"), 8, None, head);
    walk.bits(format_args!("{name}.r"), 4, Some(0), head);
    walk.bits(format_args!("{name}.length"), 12, None, head);
    let value = length.saturating_sub(HEADER_LEN);
    match (id, value) {
        (1, 2) => walk.bits(format_args!("{name}.protocol-id"), 16, None, SpecRef::sstp("2.2.5")),
        (2, 8..) => {
            let spec = SpecRef::sstp("2.2.8");
            walk.bits(format_args!("{name}.reserved1"), 24, Some(0), spec);
            walk.bits(format_args!("{name}.attrib-id"), 8, None, spec);
            walk.bits(format_args!("{name}.status"), 32, None, spec);
            walk.bytes(format_args!("{name}.attrib-value"), value - 8, spec);
        }
        (3, 100) => {
            let spec = SpecRef::sstp("2.2.7");
            walk.bits(format_args!("{name}.reserved1"), 24, Some(0), spec);
            walk.bits(format_args!("{name}.hash-protocol"), 8, None, spec);
            walk.bytes(format_args!("{name}.nonce"), 32, spec);
            walk.bytes(format_args!("{name}.cert-hash"), 32, spec);
            walk.bytes(format_args!("{name}.compound-mac"), 32, spec);
        }
        (4, 36) => {
            let spec = SpecRef::sstp("2.2.6");
            walk.bits(format_args!("{name}.reserved1"), 24, Some(0), spec);
            walk.bits(format_args!("{name}.hash-protocol-bitmask"), 8, None, spec);
            walk.bytes(format_args!("{name}.nonce"), 32, spec);
        }
        _ => walk.bytes(format_args!("{name}.value"), value, head),
    }
}

fn ppp_frame(walk: &mut Walk<'_>, packet: &[u8]) {
    let frame = packet.get(HEADER_LEN..).unwrap_or_default();
    if frame.starts_with(&[0xff, 0x03]) {
        walk.bits("address", 8, Some(0xff), SpecRef::rfc(1662, "3.1"));
        walk.bits("control", 8, Some(0x03), SpecRef::rfc(1662, "3.1"));
    }
    let Ok((protocol, information)) = Frame::split(frame) else { return };
    let width = packet.len().saturating_sub(walk.byte() + information.len());
    walk.bits("protocol", width * 8, None, SpecRef::rfc(1661, "2"));
    if protocol < 0x8000 || information.len() < 4 {
        return walk.bytes("information", information.len(), SpecRef::rfc(1661, "2"));
    }
    let spec = SpecRef::rfc(1661, "5");
    walk.bits("code", 8, None, spec);
    walk.bits("identifier", 8, None, spec);
    walk.bits("packet-length", 16, None, spec);
    match (protocol, information.first()) {
        (ppp::LCP | ppp::IPCP | ppp::IPV6CP | ppp::CCP, Some(control::CONFIGURE_REQUEST..=control::CONFIGURE_REJECT)) => {
            options(walk, protocol, packet);
        }
        (ppp::PAP, Some(1)) => pap_request(walk, packet),
        (ppp::CHAP, Some(&code @ (1 | 2 | CHANGE_PASSWORD))) => chap(walk, packet, code),
        (ppp::EAP, Some(&code @ (1 | 2))) => eap_data(walk, packet, code),
        (ppp::LCP, Some(&control::PROTOCOL_REJECT)) => rejected(walk, packet),
        _ => walk.bytes("data", walk.left(), spec),
    }
}

/// A Protocol-Reject quotes the packet that it refuses, password and all. RFC 1661 5.7.
fn rejected(walk: &mut Walk<'_>, packet: &[u8]) {
    let spec = SpecRef::rfc(1661, "5.7");
    let protocol = packet.get(walk.byte()..).and_then(|rest| rest.first_chunk::<2>()).map(|pair| u16::from_be_bytes(*pair));
    walk.bits("rejected-protocol", 16, None, spec);
    let secret = protocol.is_some_and(|protocol| ppp::layer_of(protocol) == Layer::Auth);
    walk.push("rejected-information", walk.left() * 8, None, secret, spec);
}

fn options(walk: &mut Walk<'_>, protocol: u16, packet: &[u8]) {
    let spec = SpecRef::rfc(1661, "6");
    let mut seen = Vec::new();
    while let Some(&[kind, length]) = packet.get(walk.byte()..).and_then(|rest| rest.first_chunk::<2>()) {
        let name = repeated(ncp::option_name(protocol, kind), &mut seen, kind);
        walk.bits(format_args!("{name}.type"), 8, None, spec);
        walk.bits(format_args!("{name}.length"), 8, None, spec);
        walk.bytes(name, usize::from(length).saturating_sub(2), spec);
    }
}

fn pap_request(walk: &mut Walk<'_>, packet: &[u8]) {
    let spec = SpecRef::rfc(1334, "2.2.1");
    for (name, secret) in [("peer-id", false), ("password", true)] {
        let Some(&length) = packet.get(walk.byte()) else { return };
        walk.bits(format_args!("{name}-length"), 8, None, spec);
        walk.push(name, usize::from(length) * 8, None, secret, spec);
    }
}

/// What follows the header of CHAP, and of what EAP-MSCHAPv2 carries.
fn chap(walk: &mut Walk<'_>, packet: &[u8], code: u8) {
    let spec = SpecRef::rfc(1994, "4.1");
    if code == CHANGE_PASSWORD {
        return walk.secret("change-password", walk.left(), SpecRef::rfc(2759, "7"));
    }
    let Some(&size) = packet.get(walk.byte()) else { return };
    walk.bits("value-size", 8, None, spec);
    match (code, size) {
        (2, MSCHAPV2_RESPONSE) => mschapv2_response(walk),
        // A response lets a password be guessed off line, so it counts as secret.
        (2, _) => walk.secret("value", usize::from(size), spec),
        _ => walk.bytes("value", usize::from(size), spec),
    }
    walk.bytes("name", walk.left(), spec);
}

/// Without the peer's challenge neither the response nor the server's proof lets a password be guessed.
fn mschapv2_response(walk: &mut Walk) {
    let spec = SpecRef::rfc(2759, "4");
    walk.secret("peer-challenge", 16, spec);
    walk.bits("reserved8", 64, Some(0), spec);
    walk.secret("nt-response", 24, spec);
    walk.bits("flags", 8, Some(0), spec);
}

fn eap_data(walk: &mut Walk<'_>, packet: &[u8], code: u8) {
    let spec = SpecRef::rfc(3748, "4.1");
    let kind = packet.get(walk.byte()).copied();
    walk.bits("type", 8, None, spec);
    match (kind, code) {
        (Some(eap::MD5), _) => chap(walk, packet, code),
        (Some(eap::MSCHAPV2), _) if walk.left() >= 4 => {
            let opcode = packet.get(walk.byte()).copied().unwrap_or_default();
            walk.bits("opcode", 8, None, spec);
            walk.bits("ms-chapv2-id", 8, None, spec);
            walk.bits("ms-length", 16, None, spec);
            match opcode {
                1 | 2 | CHANGE_PASSWORD => chap(walk, packet, opcode),
                _ => walk.bytes("data", walk.left(), spec),
            }
        }
        (Some(eap::TLS | eap::TTLS | eap::PEAP | eap::FAST), _) => tunnel(walk, packet),
        (Some(ONE_TIME_PASSWORD | TOKEN_CARD), 2) => walk.secret("data", walk.left(), spec),
        _ => walk.bytes("data", walk.left(), spec),
    }
}

/// Flags, length and a fragment of TLS.
fn tunnel(walk: &mut Walk<'_>, packet: &[u8]) {
    let spec = SpecRef::rfc(5216, "3.1");
    let has_length = packet.get(walk.byte()).is_some_and(|flags| flags & eap::Tunnel::LENGTH != 0);
    for (name, bits) in [("length-included", 1), ("more-fragments", 1), ("start", 1), ("version", 5)] {
        walk.bits(format_args!("flags.{name}"), bits, None, spec);
    }
    if has_length {
        walk.bits("tls-message-length", 32, None, spec);
    }
    walk.bytes("data", walk.left(), spec);
}

/// RFC 2759 7: Change-Password.
const CHANGE_PASSWORD: u8 = 7;
/// RFC 2759 4: an MS-CHAPv2 response, bytes.
const MSCHAPV2_RESPONSE: u8 = 49;
/// RFC 3748 5.5: One-Time Password.
const ONE_TIME_PASSWORD: u8 = 5;
/// RFC 3748 5.6: Generic Token Card.
const TOKEN_CARD: u8 = 6;

#[cfg(test)]
mod tests {
    use super::secrets as secrets_of;
    use super::*;
    use crate::base::unhex;

    fn names(text: &str) -> Vec<String> {
        fields(&unhex(text).expect("hexadecimal")).into_iter().map(|field| field.name).collect()
    }

    #[test]
    fn a_connect_request_is_laid_out_to_its_last_bit() {
        let packet = unhex("1001000e00010001000100060001").expect("hexadecimal");
        let fields = fields(&packet);
        assert_eq!(fields.iter().map(|field| field.bits).sum::<usize>(), packet.len() * 8);
        let protocol = fields.iter().find(|field| field.name == "encapsulated-protocol.protocol-id").expect("named");
        assert_eq!((protocol.read(&packet), protocol.byte_range()), (Some(1), 12..14));
    }

    #[test]
    fn the_password_of_pap_is_marked_secret() {
        let packet = unhex("1000001CFF03C02301010014045573 65720A636C69656E7450617373").expect("hexadecimal");
        let secret: Vec<_> = fields(&packet).into_iter().filter(|field| field.secret).collect();
        assert_eq!(secret.len(), 1);
        assert_eq!(&packet[secret[0].byte_range()], b"clientPass");
    }

    fn secrets(text: &str) -> Vec<(String, usize)> {
        let fields = fields(&unhex(text).expect("hexadecimal"));
        fields.into_iter().filter(|field| field.secret).map(|field| (field.name, field.bits / 8)).collect()
    }

    #[test]
    fn whatever_lets_a_password_be_guessed_is_marked_secret() {
        let response = format!("31{}{}{}00616c696365", "11".repeat(16), "00".repeat(8), "22".repeat(24));
        let both = [("peer-challenge".to_string(), 16), ("nt-response".to_string(), 24)];
        assert_eq!(secrets(&format!("10000045ff03c2230201003b{response}")), both);
        assert_eq!(secrets(&format!("1000004aff03c227020100401a0201003b{response}")), both);
        let value = |bytes| vec![("value".to_string(), bytes)];
        assert_eq!(secrets("1000001dff03c2230201001510000102030405060708090a0b0c0d0e0f"), value(16), "CHAP-MD5");
        assert_eq!(secrets("1000001eff03c227020100160410000102030405060708090a0b0c0d0e0f"), value(16), "EAP-MD5");
        assert_eq!(secrets("10000011ff03c2270201000906746f6b656e"), [("data".to_string(), 5)], "token");
        assert_eq!(secrets("1000000eff03c22307010006aabb"), [("change-password".to_string(), 2)]);
        assert_eq!(secrets("10000014ff03c0210801000cc0230101000601aa").len(), 1, "a rejected PAP packet");
        assert_eq!(secrets("10000014ff03c0210801000c80fd0101000601aa"), [], "a rejected CCP packet");
        assert_eq!(secrets("1000000fff03c0230101000e0161ff70"), [("password".to_string(), 1)], "cut off");
        assert_eq!(secrets("1000001dff03c2230101001510000102030405060708090a0b0c0d0e0f"), [], "a challenge is no secret");
    }

    #[test]
    fn the_flags_of_peap_are_fields() {
        let packet = unhex("1000000e ff03 c227 01050006 1921").expect("hexadecimal");
        let fields = fields(&packet);
        let bit = |name: &str| fields.iter().find(|field| field.name == name).and_then(|field| field.read(&packet));
        assert_eq!(
            (bit("type"), bit("flags.start"), bit("flags.more-fragments"), bit("flags.version")),
            (Some(25), Some(1), Some(0), Some(1))
        );
        assert_eq!(fields.iter().map(|field| field.bits).sum::<usize>(), packet.len() * 8);
    }

    #[test]
    fn what_is_asked_for_alone_is_the_same_as_in_the_whole_walk() {
        let pap = unhex("1000001CFF03C0230101001404557365720A636C69656E7450617373").expect("hexadecimal");
        let connect = unhex("1001000e00010001000100060001").expect("hexadecimal");
        let odd = unhex("1005f00e00010001aa0110060001").expect("hexadecimal");
        assert_eq!(broken(&odd).len(), 4, "{:?}", broken(&odd));
        for packet in [pap, connect, odd] {
            let all = fields(&packet);
            assert_eq!(secrets_of(&packet), all.iter().filter(|field| field.secret).cloned().collect::<Vec<_>>());
            let differs = |field: &Field| field.must.is_some() && field.read(&packet) != field.must;
            assert_eq!(broken(&packet), all.into_iter().filter(differs).collect::<Vec<_>>());
        }
    }

    #[test]
    fn lies_and_cuts_end_the_walk_quietly() {
        assert!(names("1001").contains(&"version".to_string()));
        assert!(names("10010030000200010004FFFF").contains(&"crypto-binding-request.length".to_string()));
        assert!(names("1000000cff03c02101010004").contains(&"packet-length".to_string()));
        assert_eq!(names("1000000aff03c0210101000e0300").iter().filter(|name| name.ends_with(".length")).count(), 1);
    }
}
