//! Code, identifier, length and options: the form that LCP, IPCP, IPv6CP and CCP share. RFC 1661 section 5.

use crate::base::{Bytes, Layer, Limit, Reader, WireError};
use serde::{Deserialize, Serialize};

/// RFC 1661 section 5.1.
pub const CONFIGURE_REQUEST: u8 = 1;
/// RFC 1661 section 5.2.
pub const CONFIGURE_ACK: u8 = 2;
/// RFC 1661 section 5.3.
pub const CONFIGURE_NAK: u8 = 3;
/// RFC 1661 section 5.4.
pub const CONFIGURE_REJECT: u8 = 4;
/// RFC 1661 section 5.5.
pub const TERMINATE_REQUEST: u8 = 5;
/// RFC 1661 section 5.5.
pub const TERMINATE_ACK: u8 = 6;
/// RFC 1661 section 5.6.
pub const CODE_REJECT: u8 = 7;
/// RFC 1661 section 5.7.
pub const PROTOCOL_REJECT: u8 = 8;
/// RFC 1661 section 5.8.
pub const ECHO_REQUEST: u8 = 9;
/// RFC 1661 section 5.8.
pub const ECHO_REPLY: u8 = 10;
/// RFC 1661 section 5.9.
pub const DISCARD_REQUEST: u8 = 11;

/// Code and name, RFC 1661 section 5; 12 and 13 are of RFC 1570.
pub const CODES: [(u8, &str); 13] = [
    (CONFIGURE_REQUEST, "configure-request"),
    (CONFIGURE_ACK, "configure-ack"),
    (CONFIGURE_NAK, "configure-nak"),
    (CONFIGURE_REJECT, "configure-reject"),
    (TERMINATE_REQUEST, "terminate-request"),
    (TERMINATE_ACK, "terminate-ack"),
    (CODE_REJECT, "code-reject"),
    (PROTOCOL_REJECT, "protocol-reject"),
    (ECHO_REQUEST, "echo-request"),
    (ECHO_REPLY, "echo-reply"),
    (DISCARD_REQUEST, "discard-request"),
    (12, "identification"),
    (13, "time-remaining"),
];

/// Name of a code.
pub fn code_name(code: u8) -> &'static str {
    CODES.iter().find(|row| row.0 == code).map_or("unknown-code", |row| row.1)
}

/// One option as it stands in a packet: type and value. RFC 1661 section 6.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opt {
    /// Option type.
    pub kind: u8,
    /// The value without type and length.
    pub value: Bytes,
}

impl Opt {
    /// An option.
    pub fn new(kind: u8, value: impl Into<Vec<u8>>) -> Opt {
        Opt { kind, value: Bytes(value.into()) }
    }

    /// The value as a big-endian number of exactly two bytes.
    pub fn u16(&self) -> Option<u16> {
        self.value.0.as_slice().try_into().ok().map(u16::from_be_bytes)
    }

    /// The value as a big-endian number of exactly four bytes.
    pub fn u32(&self) -> Option<u32> {
        self.value.0.as_slice().try_into().ok().map(u32::from_be_bytes)
    }

    /// The value as an IPv4 address.
    pub fn ipv4(&self) -> Option<std::net::Ipv4Addr> {
        self.u32().map(Into::into)
    }
}

/// A packet of a PPP control protocol. Padding behind its length is dropped (RFC 1661 section 5).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Packet {
    /// Code.
    pub code: u8,
    /// Identifier, matches a reply to its request.
    pub id: u8,
    /// What follows the 4-byte header.
    pub data: Bytes,
}

impl Packet {
    /// A packet.
    pub fn new(code: u8, id: u8, data: impl Into<Vec<u8>>) -> Packet {
        Packet { code, id, data: Bytes(data.into()) }
    }

    /// A packet that carries options.
    pub fn with_options(code: u8, id: u8, options: &[Opt]) -> Packet {
        let mut data = Vec::new();
        for option in options {
            data.push(option.kind);
            data.push(u8::try_from(option.value.len() + 2).unwrap_or(u8::MAX));
            data.extend(option.value.iter().take(253));
        }
        Packet::new(code, id, data)
    }

    /// Reads a packet of `layer`.
    pub fn parse(layer: Layer, bytes: &[u8]) -> Result<Packet, WireError> {
        let mut reader = Reader::new(layer, bytes);
        let code = reader.u8("code")?;
        let id = reader.u8("identifier")?;
        let length = usize::from(reader.u16("length")?);
        let body = length
            .checked_sub(4)
            .ok_or_else(|| reader.error("length", 4, length, Limit::Spec("RFC 1661 5: the header is 4 bytes".into())))?;
        Ok(Packet { code, id, data: reader.take("data", body)?.into() })
    }

    /// The packet's bytes.
    pub fn emit(&self) -> Vec<u8> {
        let mut out = vec![self.code, self.id];
        out.extend(u16::try_from(self.data.len() + 4).unwrap_or(u16::MAX).to_be_bytes());
        out.extend(self.data.iter());
        out
    }

    /// Whether the code is one that carries options.
    pub fn has_options(&self) -> bool {
        (CONFIGURE_REQUEST..=CONFIGURE_REJECT).contains(&self.code)
    }

    /// The options of a Configure packet, in their order.
    pub fn options(&self, layer: Layer) -> Result<Vec<Opt>, WireError> {
        let mut reader = Reader::new(layer, &self.data);
        let mut options = Vec::new();
        while !reader.is_empty() {
            let kind = reader.u8("option type")?;
            let length = usize::from(reader.u8("option length")?);
            let value = length
                .checked_sub(2)
                .ok_or_else(|| reader.error("option length", 2, length, Limit::Spec("RFC 1661 6: type and length are 2 bytes".into())))?;
            options.push(Opt { kind, value: reader.take("option value", value)?.into() });
        }
        Ok(options)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_walked_and_a_lying_length_is_named() {
        let packet = Packet::parse(Layer::Lcp, &[1, 7, 0, 10, 1, 4, 0x0f, 0xfb, 7, 2, 0xaa]).expect("one byte of padding is fine");
        assert_eq!(packet.options(Layer::Lcp), Ok(vec![Opt::new(1, [0x0f, 0xfb]), Opt::new(7, [])]));
        assert_eq!(packet.emit().len(), 10);
        let lying = Packet::new(1, 1, [3, 9, 0xc2, 0x23]);
        assert_eq!(lying.options(Layer::Lcp).expect_err("nine claimed").need, 7);
        assert_eq!(Packet::new(1, 1, [3, 1]).options(Layer::Lcp).expect_err("below its own header").have, 1);
        assert_eq!(Packet::parse(Layer::Lcp, &[1, 1, 0, 3]).expect_err("below its own header").need, 4);
    }
}
