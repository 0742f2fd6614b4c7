//! Two messages field by field.

use super::message::{self, Said};
use super::proof::{eap_chap, proof_range};
use crate::base::{Field, hex};
use crate::transcript::scrub;
use crate::wire::ppp::{Body, IPCP};
use crate::wire::{chap, layout};
use std::net::Ipv4Addr;
use std::ops::Range;

/// A field in which two messages differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Its name; a name of `wire::layout`, or of a header line in small letters.
    pub field: String,
    /// As recorded, or as it should be now; asterisks for a secret.
    pub recorded: String,
    /// As it came.
    pub live: String,
}

/// The value of one field, to be compared and to be shown.
struct Value {
    name: String,
    bytes: Vec<u8>,
    shown: String,
}

/// The fields in which two messages of the same name differ; `free` says which are not compared. A length that differs only
/// because of what it counts is left out.
pub fn differences(expected: &Said, live: &Said, free: &dyn Fn(&str, &str) -> bool) -> Vec<Part> {
    parts(expected, live, SHOWN, free)
}

/// All fields in which two messages of the same name differ, with their values from the first byte to the last.
pub fn changes(recorded: &Said, sent: &Said) -> Vec<Part> {
    parts(recorded, sent, usize::MAX, &|_, _| false)
}

/// The names of the fields that are compared of a message, and of the options and attributes that they are in.
pub fn fields(said: &Said) -> Vec<String> {
    let names = values(said, 0).into_iter().map(|value| value.name);
    names.flat_map(|name| name.split_once('.').map(|pair| pair.0.to_string()).into_iter().chain([name])).collect()
}

/// `most`: bytes of a value that are shown.
fn parts(expected: &Said, live: &Said, most: usize, free: &dyn Fn(&str, &str) -> bool) -> Vec<Part> {
    if expected.raw == live.raw {
        return Vec::new();
    }
    let (old, new) = (values(expected, most), values(live, most));
    let mut parts = Vec::new();
    for value in &old {
        let other = new.iter().find(|other| other.name == value.name);
        if other.is_none_or(|other| other.bytes != value.bytes) && !free(&live.name, &value.name) {
            let shown = other.map_or(ABSENT, |other| &other.shown);
            parts.push(Part { field: value.name.clone(), recorded: value.shown.clone(), live: shown.to_string() });
        }
    }
    let added = new.iter().filter(|value| !old.iter().any(|other| other.name == value.name));
    for value in added.filter(|value| !free(&live.name, &value.name)) {
        parts.push(Part { field: value.name.clone(), recorded: ABSENT.into(), live: value.shown.clone() });
    }
    let mut parts = gathered(parts);
    let lengths = |part: &Part| LENGTHS.contains(&part.field.as_str());
    let counted = expected.raw.len() != live.raw.len();
    if counted || parts.iter().any(|part| !lengths(part)) {
        parts.retain(|part| !lengths(part));
    }
    parts
}

/// An option or attribute that one of the two does not have at all is one part, not one for each of its fields.
fn gathered(parts: Vec<Part>) -> Vec<Part> {
    let mut all: Vec<Part> = Vec::new();
    for part in parts {
        let base = part.field.split_once('.').map_or(part.field.as_str(), |pair| pair.0).to_string();
        let gone = part.recorded == ABSENT || part.live == ABSENT;
        let nested = base != part.field;
        match all.iter_mut().find(|other| gone && other.field == base) {
            // The option's own value tells more than its type.
            Some(other) if !nested => *other = part,
            Some(_) => {}
            None if gone && nested => {
                let word = |text: &str| if text == ABSENT { ABSENT } else { PRESENT }.to_string();
                all.push(Part { field: base, recorded: word(&part.recorded), live: word(&part.live) });
            }
            None => all.push(part),
        }
    }
    all
}

/// The range of a header's value in the bytes of a head.
pub fn header_range(raw: &[u8], name: &str, value: &str) -> Option<Range<usize>> {
    let mut at = 0;
    for line in raw.split_inclusive(|byte| *byte == b'\n') {
        let text = line.trim_ascii_end();
        if text.len() > name.len()
            && text.get(..name.len()).is_some_and(|word| word.eq_ignore_ascii_case(name.as_bytes()))
            && text.get(name.len()) == Some(&b':')
            && text.ends_with(value.as_bytes())
        {
            let end = at + text.len();
            return Some(end - value.len()..end);
        }
        at += line.len();
    }
    None
}

/// The text of a CHAP Success or Failure, in EAP too.
pub fn result_text(said: &Said) -> Option<Vec<u8>> {
    let text = |body: chap::Body| match body {
        chap::Body::Success { message } | chap::Body::Failure { message } => Some(message.0),
        _ => None,
    };
    match said.frame()?.body {
        Body::Chap(packet) => text(packet.body),
        Body::Eap(packet) => text(eap_chap(&packet)?.body),
        _ => None,
    }
}

fn values(said: &Said, most: usize) -> Vec<Value> {
    if let Some(head) = message::head(&said.raw, said.by) {
        let text = |name: String, value: &str| Value { name, bytes: value.as_bytes().to_vec(), shown: value.to_string() };
        let lines = head.headers.iter().map(|(name, value)| text(name.to_ascii_lowercase(), value));
        return std::iter::once(text("start-line".into(), &head.start)).chain(lines).collect();
    }
    if let Some(echo) = said.echo() {
        let value = |name: &str, bytes: Vec<u8>, shown: String| Value { name: name.into(), bytes, shown };
        return vec![
            value("source", echo.from.octets().to_vec(), echo.from.to_string()),
            value("destination", echo.to.octets().to_vec(), echo.to.to_string()),
            value("type", vec![u8::from(echo.request)], if echo.request { "echo request" } else { "echo reply" }.into()),
            value("echo-identifier", echo.id.to_be_bytes().to_vec(), echo.id.to_string()),
            value("sequence-number", echo.seq.to_be_bytes().to_vec(), echo.seq.to_string()),
            value("data", echo.data.clone(), short(&echo.data, most)),
        ];
    }
    let fields = layout::fields(&said.raw);
    if said.name == message::UNREADABLE || fields.is_empty() {
        return vec![Value { name: "bytes".into(), bytes: said.raw.clone(), shown: short(&said.raw, most) }];
    }
    let ipcp = said.control().is_some_and(|control| control.0 == IPCP);
    let text = result_text(said);
    fields.iter().map(|field| value(field, &said.raw, ipcp, text.as_deref(), most)).collect()
}

fn value(field: &Field, raw: &[u8], ipcp: bool, text: Option<&[u8]>, most: usize) -> Value {
    let bytes = raw.get(field.byte_range()).unwrap_or_default();
    let number = field.read(raw).filter(|_| !field.bits.is_multiple_of(8) || field.bits <= 32);
    let (bytes, shown) = match (text, field.name.as_str(), number) {
        (Some(text), "data", _) => (lasting(text), String::from_utf8_lossy(&lasting(text)).into_owned()),
        _ if field.secret => (bytes.to_vec(), scrub::shown(bytes, true)),
        (_, "name" | "peer-id", _) => (bytes.to_vec(), String::from_utf8_lossy(bytes).into_owned()),
        (_, _, Some(number)) if !field.bits.is_multiple_of(8) => (number.to_be_bytes().to_vec(), format!("0x{number:x}")),
        (_, name, _) if ipcp && (name.contains("address") || name.contains("dns") || name.contains("nbns")) => {
            let address: Option<[u8; 4]> = bytes.try_into().ok();
            (bytes.to_vec(), address.map_or_else(|| short(bytes, most), |address| Ipv4Addr::from(address).to_string()))
        }
        (_, _, Some(number)) => (bytes.to_vec(), format!("0x{number:0width$x}", width = field.bits / 4)),
        _ => (bytes.to_vec(), short(bytes, most)),
    };
    Value { name: field.name.clone(), bytes, shown }
}

/// What of a result's text lasts beyond its moment: neither the proof `S=` nor the challenge `C=`.
fn lasting(text: &[u8]) -> Vec<u8> {
    let mut text = text.to_vec();
    if let Some(range) = proof_range(&text) {
        text.splice(range, *b"S=*");
    }
    if let Some(at) = text.windows(2).position(|pair| pair == b"C=") {
        let digits = text.iter().skip(at + 2).take_while(|byte| byte.is_ascii_hexdigit()).count();
        text.splice(at..at + 2 + digits, *b"C=*");
    }
    text
}

fn short(bytes: &[u8], most: usize) -> String {
    match bytes.get(..most).filter(|_| bytes.len() > most) {
        Some(head) => format!("{}… ({} bytes)", hex(head), bytes.len()),
        None => hex(bytes),
    }
}

/// Stands for a field that a message does not have.
pub const ABSENT: &str = "-";
/// Stands for one that has several fields.
const PRESENT: &str = "there";
/// Fields that count others.
const LENGTHS: [&str; 3] = ["length", "packet-length", "ms-length"];
/// Ours: bytes of a value that are shown.
const SHOWN: usize = 20;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{Micros, Side, unhex};

    fn said(text: &str) -> Said {
        Said::new(Micros::ZERO, Side::Server, unhex(text).expect("hexadecimal"))
    }

    fn shown(old: &str, new: &str) -> Vec<(String, String, String)> {
        let parts = differences(&said(old), &said(new), &|_, field| field == "identifier");
        parts.into_iter().map(|part| (part.field, part.recorded, part.live)).collect()
    }

    #[test]
    fn a_difference_is_named_by_its_field() {
        let request = "10000018ff03802101040010030600000000810600000000";
        assert_eq!(shown(request, request), []);
        assert_eq!(shown(request, &request.replace("010400", "010900")), [], "a free field");
        let row = |field: &str, old: &str, new: &str| (field.to_string(), old.to_string(), new.to_string());
        assert_eq!(shown(request, &request.replace("030600000000", "03060a000001")), [row("ip-address", "0.0.0.0", "10.0.0.1")]);
        let without = "10000012ff0380210104000a030600000000";
        let gone = shown(request, without);
        assert_eq!(gone, [row("primary-dns", "0.0.0.0", "-")]);
        let ack = "1001003000020001000400280000000200000000000000000000000000000000000000000000000000000000000000ff";
        assert_eq!(
            shown(ack, "1001000800020000"),
            [row("num-attributes", "0x0001", "0x0000"), row("crypto-binding-request", "there", "-")]
        );
    }

    #[test]
    fn of_a_result_only_what_lasts_is_compared() {
        let text = |text: &str| {
            let data = text.as_bytes();
            let packet = [&[3, 1, 0, data.len() as u8 + 4], data].concat();
            let frame = [&[0xff, 3, 0xc2, 0x23][..], &packet].concat();
            Said::new(Micros::ZERO, Side::Server, crate::wire::sstp::emit_data(&frame))
        };
        let free = |_: &str, _: &str| false;
        let proof = |digit: &str, rest: &str| text(&format!("S={}{rest}", digit.repeat(40)));
        assert_eq!(differences(&proof("0", " M=Hi"), &proof("A", " M=Hi"), &free), []);
        let parts = differences(&proof("0", ""), &proof("A", " M=Hi"), &free);
        assert_eq!((parts.len(), parts[0].recorded.as_str(), parts[0].live.as_str()), (1, "S=*", "S=* M=Hi"));
        assert_eq!(differences(&text("E=691 R=0 C=00 V=3"), &text("E=691 R=0 C=11FF V=3"), &free), []);
        assert_eq!(differences(&text("E=691 R=0 V=3"), &text("E=649 R=0 V=3"), &free).len(), 1);
    }

    #[test]
    fn heads_are_compared_line_by_line_and_values_are_found_in_them() {
        let old = "HTTP/1.1 200 OK\r\nServer: a\r\nDate: x\r\n\r\n";
        let of = |text: &str| Said::new(Micros::ZERO, Side::Server, text.as_bytes().to_vec());
        let parts = differences(&of(old), &of("HTTP/1.1 404 Not Found\r\nServer: a\r\nX: y\r\n\r\n"), &|_, _| false);
        let fields: Vec<_> = parts.iter().map(|part| part.field.as_str()).collect();
        assert_eq!(fields, ["start-line", "date", "x"]);
        assert_eq!(header_range(old.as_bytes(), "DATE", "x").map(|range| &old[range]), Some("x"));
        assert_eq!(header_range(old.as_bytes(), "Dat", "x"), None);
    }
}
