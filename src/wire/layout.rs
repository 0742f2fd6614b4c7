//! Where every field of a message lies: one walk, read by edits, listings and scrubbers.

use super::control;
use super::ncp;
use super::ppp::{self, Frame};
use super::sstp::{Attribute, HEADER_LEN, Header};
use crate::base::{Field, SpecRef};

/// The fields of an SSTP packet (control or data) in the order of its bytes. Walks as far as the bytes allow.
pub fn fields(packet: &[u8]) -> Vec<Field> {
    let mut walk = Walk { fields: Vec::new(), at: 0, len: packet.len() };
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

struct Walk {
    fields: Vec<Field>,
    /// Next bit.
    at: usize,
    /// Bytes of the message.
    len: usize,
}

impl Walk {
    fn push(&mut self, name: String, bits: usize, must: Option<u64>, secret: bool, spec: SpecRef) {
        if bits > 0 && self.at + bits <= self.len * 8 {
            self.fields.push(Field { name, first_bit: self.at, bits, must, secret, spec });
        }
        self.at += bits;
    }

    fn bits(&mut self, name: &str, bits: usize, must: Option<u64>, spec: SpecRef) {
        self.push(name.to_string(), bits, must, false, spec);
    }

    fn bytes(&mut self, name: String, bytes: usize, spec: SpecRef) {
        self.push(name, bytes * 8, None, false, spec);
    }

    fn byte(&self) -> usize {
        self.at / 8
    }
}

fn control_message(walk: &mut Walk, packet: &[u8]) {
    let spec = SpecRef::sstp("2.2.2");
    walk.bits("message-type", 16, None, spec);
    walk.bits("num-attributes", 16, None, spec);
    let mut seen: Vec<u8> = Vec::new();
    while let Some(head) = packet.get(walk.byte()..).and_then(|rest| rest.first_chunk::<4>()) {
        let id = head[1];
        let length = usize::from(u16::from_be_bytes([head[2], head[3]]) & 0x0fff);
        let end = walk.byte() + length.max(HEADER_LEN);
        let name = repeated(Attribute::name_of(id), &mut seen, id);
        attribute(walk, &name, id, length);
        walk.at = walk.at.max(end.min(packet.len()) * 8);
        if end >= packet.len() {
            break;
        }
    }
}

/// A second occurrence is called `name#2`.
fn repeated(name: &str, seen: &mut Vec<u8>, kind: u8) -> String {
    seen.push(kind);
    match seen.iter().filter(|other| **other == kind).count() {
        1 => name.to_string(),
        n => format!("{name}#{n}"),
    }
}

fn attribute(walk: &mut Walk, name: &str, id: u8, length: usize) {
    let head = SpecRef::sstp("2.2.4");
    walk.bits(&format!("{name}.reserved"), 8, Some(0), head);
    walk.bits(&format!("{name}.id"), 8, None, head);
    walk.bits(&format!("{name}.r"), 4, Some(0), head);
    walk.bits(&format!("{name}.length"), 12, None, head);
    let value = length.saturating_sub(HEADER_LEN);
    match (id, value) {
        (1, 2) => walk.bits(&format!("{name}.protocol-id"), 16, None, SpecRef::sstp("2.2.5")),
        (2, 8..) => {
            let spec = SpecRef::sstp("2.2.8");
            walk.bits(&format!("{name}.reserved1"), 24, Some(0), spec);
            walk.bits(&format!("{name}.attrib-id"), 8, None, spec);
            walk.bits(&format!("{name}.status"), 32, None, spec);
            walk.bytes(format!("{name}.attrib-value"), value - 8, spec);
        }
        (3, 100) => {
            let spec = SpecRef::sstp("2.2.7");
            walk.bits(&format!("{name}.reserved1"), 24, Some(0), spec);
            walk.bits(&format!("{name}.hash-protocol"), 8, None, spec);
            walk.bytes(format!("{name}.nonce"), 32, spec);
            walk.bytes(format!("{name}.cert-hash"), 32, spec);
            walk.bytes(format!("{name}.compound-mac"), 32, spec);
        }
        (4, 36) => {
            let spec = SpecRef::sstp("2.2.6");
            walk.bits(&format!("{name}.reserved1"), 24, Some(0), spec);
            walk.bits(&format!("{name}.hash-protocol-bitmask"), 8, None, spec);
            walk.bytes(format!("{name}.nonce"), 32, spec);
        }
        _ => walk.bytes(format!("{name}.value"), value, head),
    }
}

fn ppp_frame(walk: &mut Walk, packet: &[u8]) {
    let frame = packet.get(HEADER_LEN..).unwrap_or_default();
    if frame.starts_with(&[0xff, 0x03]) {
        walk.bits("address", 8, Some(0xff), SpecRef::rfc(1662, "3.1"));
        walk.bits("control", 8, Some(0x03), SpecRef::rfc(1662, "3.1"));
    }
    let Ok((protocol, information)) = Frame::split(frame) else { return };
    let width = packet.len().saturating_sub(walk.byte() + information.len());
    walk.bits("protocol", width * 8, None, SpecRef::rfc(1661, "2"));
    if protocol < 0x8000 || information.len() < 4 {
        return walk.bytes("information".into(), information.len(), SpecRef::rfc(1661, "2"));
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
        (ppp::CHAP, Some(1 | 2)) => chap_value(walk, packet),
        (ppp::EAP, Some(1 | 2)) => {
            walk.bits("type", 8, None, SpecRef::rfc(3748, "4.1"));
            walk.bytes("data".into(), packet.len().saturating_sub(walk.byte()), SpecRef::rfc(3748, "4.1"));
        }
        _ => walk.bytes("data".into(), packet.len().saturating_sub(walk.byte()), spec),
    }
}

fn options(walk: &mut Walk, protocol: u16, packet: &[u8]) {
    let spec = SpecRef::rfc(1661, "6");
    let mut seen = Vec::new();
    while let Some(&[kind, length]) = packet.get(walk.byte()..).and_then(|rest| rest.first_chunk::<2>()) {
        let name = repeated(ncp::option_name(protocol, kind), &mut seen, kind);
        walk.bits(&format!("{name}.type"), 8, None, spec);
        walk.bits(&format!("{name}.length"), 8, None, spec);
        walk.bytes(name, usize::from(length).saturating_sub(2), spec);
    }
}

fn pap_request(walk: &mut Walk, packet: &[u8]) {
    let spec = SpecRef::rfc(1334, "2.2.1");
    for (name, secret) in [("peer-id", false), ("password", true)] {
        let Some(&length) = packet.get(walk.byte()) else { return };
        walk.bits(&format!("{name}-length"), 8, None, spec);
        walk.push(name.to_string(), usize::from(length) * 8, None, secret, spec);
    }
}

fn chap_value(walk: &mut Walk, packet: &[u8]) {
    let spec = SpecRef::rfc(1994, "4.1");
    let Some(&size) = packet.get(walk.byte()) else { return };
    // A response lets a password be guessed off line, so it counts as secret.
    let secret = packet.get(walk.byte().wrapping_sub(4)) == Some(&2);
    walk.bits("value-size", 8, None, spec);
    walk.push("value".into(), usize::from(size) * 8, None, secret, spec);
    walk.bytes("name".into(), packet.len().saturating_sub(walk.byte()), spec);
}

#[cfg(test)]
mod tests {
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

    #[test]
    fn lies_and_cuts_end_the_walk_quietly() {
        assert!(names("1001").contains(&"version".to_string()));
        assert!(names("10010030000200010004FFFF").contains(&"crypto-binding-request.length".to_string()));
        assert!(names("1000000cff03c02101010004").contains(&"packet-length".to_string()));
        assert_eq!(names("1000000aff03c0210101000e0300").iter().filter(|name| name.ends_with(".length")).count(), 1);
    }
}
