//! Rules with MUST that a message can be held against by looking at it. MS-SSTP 2.2 and 3.2.4.1.

use super::notes::Pen;
use crate::base::{Layer, Side};
use crate::proto::session::layer_of;
use crate::wire::http::{self, CONTENT_LENGTH, Head};
use crate::wire::layout;
use crate::wire::sstp::{Attribute, HEADER_LEN, Header, Message, MessageType};

/// A message type, where it is specified, the one attribute it may carry, and how many of it.
type Shape = (MessageType, &'static str, Option<u8>, std::ops::RangeInclusive<usize>);

const SHAPES: [Shape; 9] = [
    (MessageType::CallConnectRequest, "MS-SSTP 2.2.9", Some(1), 1..=1),
    (MessageType::CallConnectAck, "MS-SSTP 2.2.10", Some(4), 1..=1),
    (MessageType::CallConnectNak, "MS-SSTP 2.2.12", Some(2), 1..=usize::MAX),
    (MessageType::CallConnected, "MS-SSTP 2.2.11", Some(3), 1..=1),
    (MessageType::CallAbort, "MS-SSTP 2.2.13", Some(2), 0..=1),
    (MessageType::CallDisconnect, "MS-SSTP 2.2.14", Some(2), 0..=1),
    (MessageType::CallDisconnectAck, "MS-SSTP 2.2.15", None, 0..=0),
    (MessageType::EchoRequest, "MS-SSTP 2.2.16", None, 0..=0),
    (MessageType::EchoResponse, "MS-SSTP 2.2.17", None, 0..=0),
];

/// Holds a control message against the formats.
pub(super) fn message(pen: &mut Pen<'_>, by: Side, packet: &[u8], message: &Message) {
    let layer = layer_of(message.kind);
    reserved_bits(pen, by, layer, packet);
    shape(pen, by, layer, message);
    for attribute in &message.attributes {
        value(pen, by, layer, message.kind, attribute);
    }
    padding(pen, by, packet, message);
}

/// The reserved bits of a data packet's header. MS-SSTP 2.2.1.
pub(super) fn data_header(pen: &mut Pen<'_>, by: Side, packet: &[u8]) {
    let Some(header) = packet.first_chunk::<HEADER_LEN>() else { return };
    if header[1] & !1 != 0 || header[2] & 0xf0 != 0 {
        let says = || format!("reserved bits are set in the header of a data packet: {}", crate::base::hex(header));
        pen.violation(by, Layer::Data, "MS-SSTP 2.2.1", "data reserved", says);
    }
}

fn reserved_bits(pen: &mut Pen<'_>, by: Side, layer: Layer, packet: &[u8]) {
    for field in layout::broken(packet) {
        let (Some(must), Some(has)) = (field.must, field.read(packet)) else { continue };
        let (rule, kind) = reserved_rule(&field.name);
        pen.violation(by, layer, rule, kind, || format!("{} is 0x{has:x} where {must} must be sent", field.name));
    }
}

fn reserved_rule(field: &str) -> (&'static str, &'static str) {
    match field.rsplit_once('.') {
        None => ("MS-SSTP 2.2.1", "header reserved"),
        Some((attribute, "reserved1")) if attribute.starts_with("status-info") => ("MS-SSTP 2.2.8", "reserved1"),
        Some((attribute, "reserved1")) if attribute.starts_with("crypto-binding-request") => ("MS-SSTP 2.2.6", "reserved1"),
        Some((_, "reserved1")) => ("MS-SSTP 2.2.7", "reserved1"),
        Some(_) => ("MS-SSTP 2.2.4", "attribute reserved"),
    }
}

fn shape(pen: &mut Pen<'_>, by: Side, layer: Layer, message: &Message) {
    let name = message.kind.name();
    let Some((_, rule, carries, count)) = SHAPES.into_iter().find(|row| row.0 == message.kind) else {
        let says = || format!("message type 0x{:04x} does not exist", message.kind.number());
        return pen.violation(by, layer, "MS-SSTP 2.2.2", "unknown type", says);
    };
    let has = message.attributes.len();
    if !count.contains(&has) {
        pen.violation(by, layer, rule, "number of attributes", || format!("{name} carries {has} attributes"));
    }
    let mut seen = Vec::new();
    for attribute in &message.attributes {
        let id = attribute.id();
        if carries != Some(id) {
            let says = || format!("{name} carries {} (id {id})", Attribute::name_of(id));
            pen.violation(by, layer, rule, "foreign attribute", says);
        }
        if seen.contains(&id) && message.kind != MessageType::CallConnectNak {
            pen.violation(by, layer, rule, "duplicate attribute", || format!("{name} carries {} twice", Attribute::name_of(id)));
        }
        seen.push(id);
    }
    if let Some(missing) = carries.filter(|id| *count.start() > 0 && !seen.contains(id)) {
        pen.violation(by, layer, rule, "missing attribute", || format!("{name} lacks {}", Attribute::name_of(missing)));
    }
}

fn value(pen: &mut Pen<'_>, by: Side, layer: Layer, kind: MessageType, attribute: &Attribute) {
    match attribute {
        Attribute::EncapsulatedProtocol(protocol) if *protocol != 1 => {
            pen.violation(by, layer, "MS-SSTP 2.2.5", "protocol", || {
                format!("the encapsulated protocol is {protocol}; 1 (PPP) is the only one")
            });
        }
        Attribute::StatusInfo { about, status, value } => status_info(pen, by, layer, kind, (*about, *status, value.len())),
        Attribute::CryptoBinding { hash_protocol, .. } if !matches!(hash_protocol, 1 | 2) => {
            let says = || format!("the hash protocol is {hash_protocol}; 1 (SHA-1) and 2 (SHA-256) exist");
            pen.violation(by, layer, "MS-SSTP 2.2.7", "hash protocol", says);
        }
        Attribute::CryptoBindingRequest { hash_mask, nonce } => {
            if hash_mask & !3 != 0 {
                pen.violation(by, layer, "MS-SSTP 2.2.6", "bitmask", || {
                    format!("the hash bitmask 0x{hash_mask:02x} has bits that do not exist")
                });
            }
            if hash_mask & 3 == 0 {
                pen.violation(by, layer, "MS-SSTP 2.2.6", "no hash", || format!("the hash bitmask 0x{hash_mask:02x} names no hash"));
            }
            if nonce.iter().all(|byte| *byte == 0) {
                pen.violation(by, layer, "MS-SSTP 2.2.6", "nonce", || "the nonce is all zero, neither random nor unique".into());
            }
        }
        Attribute::Other { id: 1..=4, value } => {
            let says = || format!("{} has {} bytes of value", Attribute::name_of(attribute.id()), value.len());
            pen.violation(by, layer, length_rule(attribute.id()), "attribute length", says);
        }
        Attribute::Other { id, .. } => {
            pen.violation(by, layer, "MS-SSTP 2.2.4", "unknown attribute", || format!("attribute id {id} does not exist"));
        }
        _ => {}
    }
}

fn length_rule(id: u8) -> &'static str {
    match id {
        1 => "MS-SSTP 2.2.5",
        2 => "MS-SSTP 2.2.8",
        3 => "MS-SSTP 2.2.7",
        _ => "MS-SSTP 2.2.6",
    }
}

fn status_info(pen: &mut Pen<'_>, by: Side, layer: Layer, kind: MessageType, (about, status, len): (u8, u32, usize)) {
    let fits = match kind {
        MessageType::CallConnectNak => matches!(status, 1..=4 | 10 | 11),
        MessageType::CallAbort => (4..=9).contains(&status) || (about, status) == (0, 0),
        MessageType::CallDisconnect => status == 0,
        _ => true,
    };
    if !fits {
        pen.violation(by, layer, "MS-SSTP 2.2.8", "status", || {
            format!("status {status} about attribute {about} has no place in {}", kind.name())
        });
    }
    if len > MAX_STATUS_VALUE {
        pen.violation(by, layer, "MS-SSTP 2.2.8", "value length", || {
            format!("the value in a status is {len} bytes, {MAX_STATUS_VALUE} is the most")
        });
    }
    if len > 0 && kind != MessageType::CallConnectNak {
        pen.violation(by, layer, "MS-SSTP 2.2.8", "value", || format!("{} carries a value of {len} bytes in its status", kind.name()));
    }
}

/// With SHA-1 the rest of the hash and of the MAC is padding. MS-SSTP 2.2.7.
fn padding(pen: &mut Pen<'_>, by: Side, packet: &[u8], message: &Message) {
    if !matches!(message.attributes.as_slice(), [Attribute::CryptoBinding { hash_protocol: 1, .. }]) {
        return;
    }
    for (name, range) in [("Padding", 68..80), ("Padding1", 100..112)] {
        if packet.get(range).is_some_and(|bytes| bytes.iter().any(|byte| *byte != 0)) {
            pen.violation(by, Layer::Binding, "MS-SSTP 2.2.7", name, || format!("{name} behind a SHA-1 value is not zero"));
        }
    }
}

/// Holds the request against MS-SSTP 3.2.4.1 and RFC 9112.
pub(super) fn request(pen: &mut Pen<'_>, head: &Head) {
    let mut broken = |rule, kind, says: String| pen.violation(Side::Client, Layer::Http, rule, kind, || says);
    let (method, target, version) = head.request_line().unwrap_or_default();
    let (path, query) = target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query)));
    if method != http::METHOD {
        broken("MS-SSTP 3.2.4.1", "method", format!("the method is {method:?} instead of {}", http::METHOD));
    }
    if path != http::PATH {
        let why = if path.eq_ignore_ascii_case(http::PATH) { "; only upper and lower case differ" } else { "" };
        broken("MS-SSTP 3.2.4.1", "path", format!("the path is {} instead of {}{why}", short(path), http::PATH));
    }
    if let Some(query) = query.filter(|query| query.split('&').any(|part| !part.starts_with("tenantid="))) {
        broken("MS-SSTP 3.2.4.1", "query", format!("the query {} has another name than tenantid", short(query)));
    }
    if version != "HTTP/1.1" {
        broken("MS-SSTP 3.2.4.1", "version", format!("the request is {version} instead of HTTP/1.1"));
    }
    if head.header("Host").is_none() {
        broken("RFC 9112 3.2", "host", "the request has no Host header".into());
    }
    match head.header("SSTPCORRELATIONID") {
        Some(id) if is_guid(id) => {}
        Some(id) => broken("MS-SSTP 3.2.4.1", "correlation", format!("SSTPCORRELATIONID is {}, which is no GUID in braces", short(id))),
        None => broken("MS-SSTP 3.2.4.1", "correlation", "the request has no SSTPCORRELATIONID header, which it should have".into()),
    }
    content_length(pen, Side::Client, head);
}

/// Holds a response that accepts the call against MS-SSTP 3.2.4.1.
pub(super) fn response(pen: &mut Pen<'_>, head: &Head) {
    if head.minor != 1 {
        let says = || format!("the answer is HTTP/1.{} instead of HTTP/1.1", head.minor);
        pen.violation(Side::Server, Layer::Http, "MS-SSTP 3.2.4.1", "version", says);
    }
    if head.header("Transfer-Encoding").is_some() {
        let says = || "the answer has a Transfer-Encoding; its body must go on as it is".into();
        pen.violation(Side::Server, Layer::Http, "MS-SSTP 3.2.4.1", "encoding", says);
    }
    content_length(pen, Side::Server, head);
}

fn content_length(pen: &mut Pen<'_>, by: Side, head: &Head) {
    let has = head.header("Content-Length");
    if has.map(str::trim) != Some(CONTENT_LENGTH) {
        let says = || format!("Content-Length is {} instead of {CONTENT_LENGTH} (2^64-1)", has.map_or("absent".into(), short));
        pen.violation(by, Layer::Http, "MS-SSTP 3.2.4.1", "length", says);
    }
}

fn short(text: &str) -> String {
    let cut: String = text.chars().take(80).collect();
    format!("{cut:?}")
}

/// 8-4-4-4-12 hexadecimal digits in braces. MS-DTYP 2.3.4.3.
fn is_guid(text: &str) -> bool {
    let Some(inner) = text.trim().strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) else { return false };
    inner.split('-').map(str::len).eq([8, 4, 4, 4, 12]) && inner.chars().all(|c| c == '-' || c.is_ascii_hexdigit())
}

/// A data packet has reserved bits set.
#[inline]
pub(super) fn has_reserved(packet: &[u8]) -> bool {
    packet.get(1).is_some_and(|flags| flags & !1 != 0) || packet.get(2).is_some_and(|high| high & 0xf0 != 0)
}

/// The packet is a control packet.
#[inline]
pub(super) fn is_control(packet: &[u8]) -> bool {
    Header::parse(packet).is_some_and(|header| header.control)
}

/// MS-SSTP 2.2.8: bytes of a refused value at most.
const MAX_STATUS_VALUE: usize = 64;
