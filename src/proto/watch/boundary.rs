//! Where packets may begin again behind a hole.

use crate::wire::ppp::{self, PROTOCOLS};
use crate::wire::sstp::{HEADER_LEN, Header, MESSAGE_TYPES, MessageType, VERSION};

/// What a search came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// A packet begins here.
    Here,
    /// A packet may begin here; more bytes will tell.
    Perhaps,
    /// No packet begins before the end of the bytes.
    Nowhere,
}

/// The first place where a packet begins or may begin.
pub(super) fn find(bytes: &[u8]) -> (usize, Found) {
    let mut from = 0;
    while let Some(next) = bytes.get(from..).and_then(|rest| rest.iter().position(|byte| *byte == VERSION)) {
        let at = from + next;
        match judge(bytes.get(at..).unwrap_or_default()) {
            Found::Nowhere => from = at + 1,
            found => return (at, found),
        }
    }
    (bytes.len(), Found::Nowhere)
}

/// Whether a packet begins with the first of these bytes: its header must be that of an honest sender, its content must be
/// of a known kind, and another packet must begin behind it.
fn judge(bytes: &[u8]) -> Found {
    if !looks_like_header(bytes) {
        return Found::Nowhere;
    }
    let (Some(header), Some(content)) = (Header::parse(bytes), bytes.get(HEADER_LEN..HEADER_LEN + CONTENT)) else {
        return Found::Perhaps;
    };
    let known = if header.control { known_message(content, header.length) } else { known_frame(content, header.length) };
    if !known {
        return Found::Nowhere;
    }
    match bytes.get(header.length..) {
        None | Some([]) if header.control => Found::Here,
        Some([]) if bytes.get(HEADER_LEN..).is_some_and(says_its_length) => Found::Here,
        None | Some([]) => Found::Perhaps,
        Some(behind) if !looks_like_header(behind) => Found::Nowhere,
        Some(_) => Found::Here,
    }
}

/// As far as the bytes go, they are a header without reserved bits.
fn looks_like_header(bytes: &[u8]) -> bool {
    let byte = |at: usize, fits: fn(u8) -> bool| bytes.get(at).is_none_or(|byte| fits(*byte));
    let long_enough = Header::parse(bytes).is_none_or(|header| header.length >= if header.control { 8 } else { HEADER_LEN + 2 });
    byte(0, |byte| byte == VERSION) && byte(1, |byte| byte <= 1) && byte(2, |byte| byte & 0xf0 == 0) && long_enough
}

/// A message of a known type whose number of attributes fits its length. MS-SSTP 2.2.2.
fn known_message(content: &[u8], length: usize) -> bool {
    let Some(&[high, low, attributes_high, attributes]) = content.first_chunk::<4>() else { return false };
    let kind = MessageType::from_number(u16::from_be_bytes([high, low]));
    let attributes = usize::from(u16::from_be_bytes([attributes_high, attributes]));
    MESSAGE_TYPES.iter().any(|row| row.1 == kind) && length >= 8 + 4 * attributes && (attributes > 0 || length == 8)
}

/// A PPP frame of a known protocol; behind FF 03 any protocol that RFC 1661 2 allows.
fn known_frame(content: &[u8], length: usize) -> bool {
    let marked = content.starts_with(&[0xff, 0x03]);
    let Ok((protocol, information)) = ppp::Frame::split(content) else { return false };
    let valid = protocol & 1 == 1 && protocol & 0x0100 == 0;
    let known = PROTOCOLS.iter().any(|row| row.0 == protocol);
    let ip = !matches!(protocol, ppp::IPV4) || information.first().is_none_or(|byte| byte >> 4 == 4);
    length > HEADER_LEN + 2 && ip && (known || marked && valid)
}

/// What the frame carries says of itself that it ends where the frame ends. RFC 1661 5, RFC 791 3.1, RFC 8200 3.
fn says_its_length(frame: &[u8]) -> bool {
    let Ok((protocol, information)) = ppp::Frame::split(frame) else { return false };
    let number = |at: usize| match information.get(at..at + 2) {
        Some(&[high, low]) => usize::from(u16::from_be_bytes([high, low])),
        _ => usize::MAX,
    };
    match protocol {
        ppp::IPV4 | ppp::LCP | ppp::PAP | ppp::CHAP | ppp::EAP | ppp::IPCP | ppp::IPV6CP | ppp::CCP => number(2) == information.len(),
        ppp::IPV6 => number(4).checked_add(IPV6_HEADER) == Some(information.len()),
        _ => false,
    }
}

/// RFC 8200 3.
const IPV6_HEADER: usize = 40;
/// Bytes of a packet behind its header that are looked at; the shortest control message has them.
const CONTENT: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::unhex;

    fn at(text: &str) -> (usize, Found) {
        find(&unhex(text).expect("hexadecimal"))
    }

    #[test]
    fn a_boundary_needs_a_known_packet_and_another_behind_it() {
        assert_eq!(at("0102 1001000800080000"), (2, Found::Here));
        assert_eq!(at("ff 1000000aff0300214500 10000a"), (1, Found::Here));
        assert_eq!(at("1000000aff0300214500"), (0, Found::Perhaps));
        assert_eq!(at("1000000cff03c02105060004"), (0, Found::Here), "an LCP packet says where it ends");
        assert_eq!(at("1000000cff03c02105060005"), (0, Found::Perhaps), "it ends elsewhere");
        assert_eq!(at("1000000aff0300214500 33"), (11, Found::Nowhere), "no packet begins behind it");
        assert_eq!(at("10000008ff0300 1001"), (7, Found::Perhaps), "00 is no protocol");
        assert_eq!(at("10 10 10 01 00 08 00 09 00 00"), (2, Found::Here));
        assert_eq!(at("1001000800770000"), (8, Found::Nowhere), "no such message");
    }
}
