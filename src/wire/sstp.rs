//! SSTP packets, control messages and attributes. MS-SSTP 2.2.

use crate::base::{Bytes, Layer, Limit, Reader, WireError};
use serde::{Deserialize, Serialize};

/// MS-SSTP 2.2.1: major version 1 in the high nibble, minor 0 in the low.
pub const VERSION: u8 = 0x10;
/// MS-SSTP 2.2.1: the packet header, 4 bytes.
pub const HEADER_LEN: usize = 4;
/// MS-SSTP 2.2.1: a 12-bit length counts the whole packet, so 4095 bytes at most.
pub const MAX_PACKET: usize = 4095;
/// MS-SSTP 2.2.5: the only encapsulated protocol there is, PPP.
pub const ENCAPSULATED_PPP: u16 = 1;
/// MS-SSTP 2.2.7: bytes in a nonce.
pub const NONCE_LEN: usize = 32;
/// MS-SSTP 2.2.11: a Call Connected message is 112 bytes whatever the hash.
pub const CALL_CONNECTED_LEN: usize = 112;
/// MS-SSTP 3.2.5.2: the compound MAC begins at this byte of a Call Connected message.
pub const COMPOUND_MAC_AT: usize = 80;

/// What a control message is. MS-SSTP 2.2.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MessageType {
    /// 0x0001, MS-SSTP 2.2.9.
    CallConnectRequest,
    /// 0x0002, MS-SSTP 2.2.10.
    CallConnectAck,
    /// 0x0003, MS-SSTP 2.2.12.
    CallConnectNak,
    /// 0x0004, MS-SSTP 2.2.11.
    CallConnected,
    /// 0x0005, MS-SSTP 2.2.13.
    CallAbort,
    /// 0x0006, MS-SSTP 2.2.14.
    CallDisconnect,
    /// 0x0007, MS-SSTP 2.2.15.
    CallDisconnectAck,
    /// 0x0008, MS-SSTP 2.2.16.
    EchoRequest,
    /// 0x0009, MS-SSTP 2.2.17.
    EchoResponse,
    /// Any other number.
    Unknown(u16),
}

/// Number and name of every message type, MS-SSTP 2.2.2.
pub const MESSAGE_TYPES: [(u16, MessageType, &str); 9] = [
    (1, MessageType::CallConnectRequest, "call-connect-request"),
    (2, MessageType::CallConnectAck, "call-connect-ack"),
    (3, MessageType::CallConnectNak, "call-connect-nak"),
    (4, MessageType::CallConnected, "call-connected"),
    (5, MessageType::CallAbort, "call-abort"),
    (6, MessageType::CallDisconnect, "call-disconnect"),
    (7, MessageType::CallDisconnectAck, "call-disconnect-ack"),
    (8, MessageType::EchoRequest, "echo-request"),
    (9, MessageType::EchoResponse, "echo-response"),
];

impl MessageType {
    /// The type with that number.
    pub fn from_number(number: u16) -> MessageType {
        MESSAGE_TYPES.iter().find(|row| row.0 == number).map_or(MessageType::Unknown(number), |row| row.1)
    }

    /// The number on the wire.
    pub fn number(self) -> u16 {
        match self {
            MessageType::Unknown(number) => number,
            known => MESSAGE_TYPES.iter().find(|row| row.1 == known).map_or(0, |row| row.0),
        }
    }

    /// The name in edits, listings and JSON.
    pub fn name(self) -> &'static str {
        MESSAGE_TYPES.iter().find(|row| row.1 == self).map_or("unknown-message", |row| row.2)
    }
}

/// One attribute of a control message. MS-SSTP 2.2.4. Reserved bits are not kept here; the raw bytes hold them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Attribute {
    /// 0x01, MS-SSTP 2.2.5.
    EncapsulatedProtocol(u16),
    /// 0x02, MS-SSTP 2.2.8.
    StatusInfo {
        /// The attribute that the status is about.
        about: u8,
        /// ATTRIB_STATUS value.
        status: u32,
        /// The value refused; the sender cuts it to 64 bytes, MS-SSTP 2.2.8.
        value: Bytes,
    },
    /// 0x03, MS-SSTP 2.2.7; hash and MAC are cut to the length of the hash protocol.
    CryptoBinding {
        /// 1 SHA-1, 2 SHA-256.
        hash_protocol: u8,
        /// The server's nonce, sent back.
        nonce: Bytes,
        /// Hash of the server certificate as the client saw it.
        cert_hash: Bytes,
        /// Keyed with what the inner authentication yielded.
        compound_mac: Bytes,
    },
    /// 0x04, MS-SSTP 2.2.6.
    CryptoBindingRequest {
        /// Bit 0 SHA-1, bit 1 SHA-256.
        hash_mask: u8,
        /// Random or temporally unique, 32 bytes.
        nonce: Bytes,
    },
    /// Any other id, or a known id whose value has the wrong length.
    Other {
        /// Attribute id.
        id: u8,
        /// The value as it came.
        value: Bytes,
    },
}

impl Attribute {
    /// Attribute id, MS-SSTP 2.2.4.
    pub fn id(&self) -> u8 {
        match self {
            Attribute::EncapsulatedProtocol(_) => 1,
            Attribute::StatusInfo { .. } => 2,
            Attribute::CryptoBinding { .. } => 3,
            Attribute::CryptoBindingRequest { .. } => 4,
            Attribute::Other { id, .. } => *id,
        }
    }

    /// Name of an attribute id, as used in edits and field names.
    pub fn name_of(id: u8) -> &'static str {
        match id {
            1 => "encapsulated-protocol",
            2 => "status-info",
            3 => "crypto-binding",
            4 => "crypto-binding-request",
            _ => "unknown-attribute",
        }
    }

    fn from_value(id: u8, value: &[u8]) -> Attribute {
        let other = || Attribute::Other { id, value: value.into() };
        let mut reader = Reader::new(Layer::Sstp, value);
        let typed = match id {
            1 if value.len() == 2 => reader.u16("protocol id").map(Attribute::EncapsulatedProtocol),
            2 if value.len() >= 8 => status_info(&mut reader),
            3 if value.len() == 100 => crypto_binding(&mut reader),
            4 if value.len() == 36 => crypto_binding_request(&mut reader),
            _ => return other(),
        };
        typed.unwrap_or_else(|_| other())
    }

    fn emit(&self, out: &mut Vec<u8>) {
        let start = out.len();
        out.extend([0, self.id(), 0, 0]);
        match self {
            Attribute::EncapsulatedProtocol(protocol) => out.extend(protocol.to_be_bytes()),
            Attribute::StatusInfo { about, status, value } => {
                out.extend([0, 0, 0, *about]);
                out.extend(status.to_be_bytes());
                out.extend(value.iter());
            }
            Attribute::CryptoBinding { hash_protocol, nonce, cert_hash, compound_mac } => {
                out.extend([0, 0, 0, *hash_protocol]);
                extend_padded(out, nonce, NONCE_LEN);
                extend_padded(out, cert_hash, 32);
                extend_padded(out, compound_mac, 32);
            }
            Attribute::CryptoBindingRequest { hash_mask, nonce } => {
                out.extend([0, 0, 0, *hash_mask]);
                extend_padded(out, nonce, NONCE_LEN);
            }
            Attribute::Other { value, .. } => out.extend(value.iter()),
        }
        set_length(out, start + 2, start);
    }
}

fn extend_padded(out: &mut Vec<u8>, bytes: &[u8], len: usize) {
    out.extend(bytes.iter().copied().chain(std::iter::repeat(0)).take(len));
}

fn set_length(out: &mut [u8], at: usize, start: usize) {
    let length = u16::try_from(out.len() - start).unwrap_or(u16::MAX).to_be_bytes();
    if let Some(field) = out.get_mut(at..at + 2) {
        field.copy_from_slice(&length);
    }
}

fn status_info(reader: &mut Reader<'_>) -> Result<Attribute, WireError> {
    reader.take("reserved1", 3)?;
    Ok(Attribute::StatusInfo { about: reader.u8("attribute id")?, status: reader.u32("status")?, value: reader.rest().into() })
}

fn crypto_binding(reader: &mut Reader<'_>) -> Result<Attribute, WireError> {
    reader.take("reserved1", 3)?;
    let hash_protocol = reader.u8("hash protocol")?;
    let nonce = reader.take("nonce", NONCE_LEN)?.into();
    let hash = reader.take("cert hash", 32)?;
    let mac = reader.take("compound MAC", 32)?;
    let len = if hash_protocol == 1 { 20 } else { 32 };
    Ok(Attribute::CryptoBinding { hash_protocol, nonce, cert_hash: hash[..len].into(), compound_mac: mac[..len].into() })
}

fn crypto_binding_request(reader: &mut Reader<'_>) -> Result<Attribute, WireError> {
    reader.take("reserved1", 3)?;
    Ok(Attribute::CryptoBindingRequest { hash_mask: reader.u8("hash protocol bitmask")?, nonce: reader.rest().into() })
}

/// A control message. MS-SSTP 2.2.2.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Message type.
    pub kind: MessageType,
    /// The attributes in their order.
    pub attributes: Vec<Attribute>,
}

impl Message {
    /// A message without attributes.
    pub fn bare(kind: MessageType) -> Message {
        Message { kind, attributes: Vec::new() }
    }

    /// A message with one attribute.
    pub fn with(kind: MessageType, attribute: Attribute) -> Message {
        Message { kind, attributes: vec![attribute] }
    }

    /// An Abort or Disconnect with a Status Info. MS-SSTP 2.2.13, 2.2.14.
    pub fn status(kind: MessageType, about: u8, status: u32) -> Message {
        Message::with(kind, Attribute::StatusInfo { about, status, value: Bytes::default() })
    }

    /// The first Status Info: attribute id and status.
    pub fn status_info(&self) -> Option<(u8, u32)> {
        self.attributes.iter().find_map(|attribute| match attribute {
            Attribute::StatusInfo { about, status, .. } => Some((*about, *status)),
            _ => None,
        })
    }

    /// Reads a whole packet, its header included. The length field of the packet must already agree with `packet`.
    pub fn parse(packet: &[u8]) -> Result<Message, WireError> {
        let mut reader = Reader::new(Layer::Sstp, packet);
        reader.take("SSTP header", HEADER_LEN)?;
        let kind = MessageType::from_number(reader.u16("message type")?);
        let count = reader.u16("number of attributes")?;
        let mut attributes = Vec::new();
        for _ in 0..count {
            reader.u8("attribute reserved")?;
            let id = reader.u8("attribute id")?;
            let length = usize::from(reader.u16("attribute length")? & 0x0fff);
            let value = length
                .checked_sub(4)
                .ok_or_else(|| reader.error("attribute length", 4, length, Limit::Spec("MS-SSTP 2.2.4: the header is 4 bytes".into())))?;
            attributes.push(Attribute::from_value(id, reader.take(Attribute::name_of(id), value)?));
        }
        if !reader.is_empty() {
            return Err(reader.error("end of the last attribute", 0, reader.left(), Limit::Field("number of attributes".into())));
        }
        Ok(Message { kind, attributes })
    }

    /// The packet, header included.
    pub fn emit(&self) -> Vec<u8> {
        let mut out = vec![VERSION, 1, 0, 0];
        out.extend(self.kind.number().to_be_bytes());
        out.extend(u16::try_from(self.attributes.len()).unwrap_or(u16::MAX).to_be_bytes());
        for attribute in &self.attributes {
            attribute.emit(&mut out);
        }
        set_length(&mut out, 2, 0);
        out
    }
}

/// A data packet around one PPP frame. MS-SSTP 2.2.3.
pub fn emit_data(frame: &[u8]) -> Vec<u8> {
    let mut out = vec![VERSION, 0, 0, 0];
    out.extend(frame);
    set_length(&mut out, 2, 0);
    out
}

/// The header of a packet. MS-SSTP 2.2.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// 0x10 expected.
    pub version: u8,
    /// Control (C = 1) or data.
    pub control: bool,
    /// Length of the whole packet in bytes, the reserved bits masked off.
    pub length: usize,
}

impl Header {
    /// Reads the first four bytes; `None` when there are fewer.
    pub fn parse(bytes: &[u8]) -> Option<Header> {
        let [version, flags, high, low] = *bytes.first_chunk::<4>()?;
        Some(Header { version, control: flags & 1 == 1, length: usize::from(u16::from_be_bytes([high, low]) & 0x0fff) })
    }
}

/// Cuts a byte stream into packets. MS-SSTP 3.1.5.1: a wrong version or a length below 4 cannot be delineated.
#[derive(Clone, Debug, Default)]
pub struct Framer {
    buffer: Vec<u8>,
    start: usize,
}

impl Framer {
    /// Bytes held that are not yet a packet; never more than [`MAX_PACKET`] once [`Framer::next_packet`] was drained.
    pub fn pending(&self) -> usize {
        self.buffer.len() - self.start
    }

    /// The bytes not yet taken.
    pub fn rest(&self) -> &[u8] {
        self.buffer.get(self.start..).unwrap_or_default()
    }

    /// Adds bytes from the stream.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.start > 0 {
            self.buffer.drain(..self.start);
            self.start = 0;
        }
        self.buffer.extend_from_slice(bytes);
    }

    /// The next whole packet, `None` when more bytes are needed, or why the stream cannot be delineated. After an
    /// error the stream is lost: nothing more will come out.
    pub fn next_packet(&mut self) -> Result<Option<&[u8]>, WireError> {
        let rest = self.buffer.get(self.start..).unwrap_or_default();
        let wrong = |what: &str, at, need, have| WireError {
            layer: Layer::Sstp,
            what: what.into(),
            at,
            need,
            have,
            limit: Limit::Spec("MS-SSTP 2.2.1".into()),
        };
        if let Some(&version) = rest.first()
            && version != VERSION
        {
            return Err(wrong("version", 0, usize::from(VERSION), usize::from(version)));
        }
        let Some(header) = Header::parse(rest) else { return Ok(None) };
        if header.length < HEADER_LEN {
            return Err(wrong("length", 2, HEADER_LEN, header.length));
        }
        let from = self.start;
        if rest.len() < header.length {
            return Ok(None);
        }
        self.start += header.length;
        Ok(self.buffer.get(from..from + header.length))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::unhex;

    fn bytes(text: &str) -> Vec<u8> {
        unhex(text).expect("hexadecimal")
    }

    #[test]
    fn the_nine_messages_read_and_write_as_in_the_specification() {
        let ack = Message::with(
            MessageType::CallConnectAck,
            Attribute::CryptoBindingRequest { hash_mask: 3, nonce: (0..32).collect::<Vec<u8>>().into() },
        );
        let cases = [
            (
                "10 01 00 0E 00 01 00 01 00 01 00 06 00 01",
                Message::with(MessageType::CallConnectRequest, Attribute::EncapsulatedProtocol(1)),
            ),
            (
                "10 01 00 30 00 02 00 01 00 04 00 28 00 00 00 03 00 01 02 03 04 05 06 07 08 09 0A 0B 0C 0D 0E 0F 10 11 12 13 14 15 16 17 18 19 1A 1B 1C 1D 1E 1F",
                ack,
            ),
            (
                "10 01 00 16 00 03 00 01 00 02 00 0E 00 00 00 01 00 00 00 04 00 02",
                Message::with(MessageType::CallConnectNak, Attribute::StatusInfo { about: 1, status: 4, value: vec![0, 2].into() }),
            ),
            ("10 01 00 14 00 05 00 01 00 02 00 0C 00 00 00 03 00 00 00 04", Message::status(MessageType::CallAbort, 3, 4)),
            ("10 01 00 08 00 05 00 00", Message::bare(MessageType::CallAbort)),
            ("10 01 00 14 00 06 00 01 00 02 00 0C 00 00 00 00 00 00 00 00", Message::status(MessageType::CallDisconnect, 0, 0)),
            ("10 01 00 08 00 07 00 00", Message::bare(MessageType::CallDisconnectAck)),
            ("10 01 00 08 00 08 00 00", Message::bare(MessageType::EchoRequest)),
            ("10 01 00 08 00 09 00 00", Message::bare(MessageType::EchoResponse)),
        ];
        for (text, message) in cases {
            assert_eq!(Message::parse(&bytes(text)), Ok(message.clone()), "{text}");
            assert_eq!(message.emit(), bytes(text), "{text}");
        }
    }

    #[test]
    fn a_refused_value_that_is_too_long_is_kept_as_it_came() {
        let nak = Message::with(MessageType::CallConnectNak, Attribute::StatusInfo { about: 1, status: 4, value: vec![7; 96].into() });
        assert_eq!(Message::parse(&nak.emit()), Ok(nak));
    }

    #[test]
    fn a_short_attribute_says_what_it_needed() {
        let error = Message::parse(&bytes("10 01 00 0C 00 01 00 01 00 01 00 06")).expect_err("two bytes are missing");
        assert_eq!((error.at, error.need, error.have), (12, 2, 0));
        let error = Message::parse(&bytes("10 01 00 0C 00 01 00 01 00 01 00 03")).expect_err("a length below its own header");
        assert_eq!((error.need, error.have), (4, 3));
        let error = Message::parse(&bytes("10 01 00 0A 00 08 00 00 FF FF")).expect_err("two bytes too many");
        assert_eq!((error.at, error.have), (8, 2));
    }

    #[test]
    fn reserved_bits_do_not_disturb_reading() {
        let plain = Message::with(MessageType::CallConnectRequest, Attribute::EncapsulatedProtocol(1));
        assert_eq!(Message::parse(&bytes("10 FF F0 0E 00 01 00 01 FF 01 F0 06 00 01")), Ok(plain));
        assert_eq!(Header::parse(&bytes("10 FF F0 0E")), Some(Header { version: 0x10, control: true, length: 14 }));
    }

    #[test]
    fn the_framer_gives_the_same_packets_however_the_stream_is_cut() {
        let stream = bytes("1001000e0001000100010006000110010008000800001000 0008 ff03c021");
        for cut in 1..stream.len() {
            let mut framer = Framer::default();
            let mut lengths = Vec::new();
            for piece in stream.chunks(cut) {
                framer.push(piece);
                while let Some(packet) = framer.next_packet().expect("well framed") {
                    lengths.push(packet.len());
                }
            }
            assert_eq!(lengths, [14, 8, 8], "cut {cut}");
            assert_eq!(framer.pending(), 0);
        }
    }

    #[test]
    fn a_stream_that_cannot_be_delineated_says_where() {
        let mut framer = Framer::default();
        framer.push(&bytes("20010008"));
        assert_eq!(framer.next_packet().expect_err("version 2").what, "version");
        let mut framer = Framer::default();
        framer.push(&bytes("10010003"));
        assert_eq!(framer.next_packet().expect_err("length 3").have, 3);
    }
}
