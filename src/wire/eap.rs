//! Extensible Authentication Protocol. RFC 3748 section 4; EAP-MSCHAPv2 is type 26.

use super::{chap, control};
use crate::base::{Bytes, Layer, Reader, WireError};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// RFC 3748 section 5.1.
pub const IDENTITY: u8 = 1;
/// RFC 3748 section 5.2.
pub const NOTIFICATION: u8 = 2;
/// RFC 3748 section 5.3.
pub const NAK: u8 = 3;
/// RFC 3748 section 5.4.
pub const MD5: u8 = 4;
/// RFC 3748 section 5.6.
pub const GTC: u8 = 6;
/// RFC 5216.
pub const TLS: u8 = 13;
/// RFC 5281.
pub const TTLS: u8 = 21;
/// MS-PEAP.
pub const PEAP: u8 = 25;
/// MS-CHAPv2 within EAP.
pub const MSCHAPV2: u8 = 26;
/// MS-PEAP 2.2.8: the EAP extensions method, which carries TLVs inside PEAP.
pub const EXTENSIONS: u8 = 33;
/// RFC 4851.
pub const FAST: u8 = 43;

/// Type number, name in edits, and the name a person uses.
pub const TYPES: [(u8, &str, &str); 11] = [
    (IDENTITY, "identity", "Identity"),
    (NOTIFICATION, "notification", "Notification"),
    (NAK, "nak", "Nak"),
    (MD5, "md5", "EAP-MD5"),
    (GTC, "gtc", "EAP-GTC"),
    (TLS, "tls", "EAP-TLS"),
    (TTLS, "ttls", "EAP-TTLS"),
    (PEAP, "peap", "PEAP"),
    (MSCHAPV2, "mschapv2", "EAP-MSCHAPv2"),
    (EXTENSIONS, "extensions", "EAP-TLV"),
    (FAST, "fast", "EAP-FAST"),
];

/// The name of an EAP type as a person uses it.
pub fn type_title(kind: u8) -> String {
    TYPES.iter().find(|row| row.0 == kind).map_or_else(|| format!("EAP type {kind}"), |row| row.2.to_string())
}

/// An EAP packet: code 1 Request, 2 Response, 3 Success, 4 Failure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Packet {
    /// Code.
    pub code: u8,
    /// Identifier.
    pub id: u8,
    /// The type, in a Request or Response.
    pub kind: Option<u8>,
    /// What follows the type.
    pub data: Bytes,
}

impl Packet {
    /// A Request.
    pub fn request(id: u8, kind: u8, data: impl Into<Vec<u8>>) -> Packet {
        Packet { code: 1, id, kind: Some(kind), data: Bytes(data.into()) }
    }

    /// A Response.
    pub fn response(id: u8, kind: u8, data: impl Into<Vec<u8>>) -> Packet {
        Packet { code: 2, id, kind: Some(kind), data: Bytes(data.into()) }
    }

    /// Success or Failure.
    pub fn result(id: u8, success: bool) -> Packet {
        Packet { code: if success { 3 } else { 4 }, id, kind: None, data: Bytes::default() }
    }

    /// Reads a packet.
    pub fn parse(bytes: &[u8]) -> Result<Packet, WireError> {
        let packet = control::Packet::parse(Layer::Auth, bytes)?;
        if !matches!(packet.code, 1 | 2) {
            return Ok(Packet { code: packet.code, id: packet.id, kind: None, data: packet.data });
        }
        let mut reader = Reader::new(Layer::Auth, &packet.data);
        let kind = reader.u8("EAP type")?;
        Ok(Packet { code: packet.code, id: packet.id, kind: Some(kind), data: reader.rest().into() })
    }

    /// The packet's bytes.
    pub fn emit(&self) -> Vec<u8> {
        let mut data: Vec<u8> = self.kind.into_iter().collect();
        data.extend(self.data.iter());
        control::Packet::new(self.code, self.id, data).emit()
    }

    /// Name of the message, such as `request-identity`, `response-type-52` or `success`.
    pub fn name(&self) -> Cow<'static, str> {
        let direction = match self.code {
            1 => "request",
            2 => "response",
            3 => return "success".into(),
            4 => return "failure".into(),
            _ => return "unknown-code".into(),
        };
        match self.kind {
            None => direction.into(),
            Some(kind) => match TYPES.iter().find(|row| row.0 == kind) {
                Some((_, name, _)) => format!("{direction}-{name}").into(),
                None => format!("{direction}-type-{kind}").into(),
            },
        }
    }

    /// What carries TLS, in the types that do.
    pub fn tunnel(&self) -> Option<Result<Tunnel, WireError>> {
        let row = TUNNELS.iter().find(|row| Some(row.0) == self.kind)?;
        Some(Tunnel::parse(row.1, &self.data))
    }
}

/// A fragment of TLS within EAP-TLS, EAP-TTLS, PEAP or EAP-FAST: flags, version, total length, bytes. RFC 5216 section 3.1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tunnel {
    /// S: the method begins.
    pub start: bool,
    /// M: another fragment follows.
    pub more: bool,
    /// Version of the method, 0 in EAP-TLS, which has none.
    pub version: u8,
    /// L: length of the whole TLS message, bytes.
    pub length: Option<u32>,
    /// This fragment; empty in an acknowledgement.
    pub data: Bytes,
}

impl Tunnel {
    /// L of RFC 5216 section 3.1: the length is there.
    pub const LENGTH: u8 = 0x80;
    /// M of RFC 5216 section 3.1.
    pub const MORE: u8 = 0x40;
    /// S of RFC 5216 section 3.1.
    pub const START: u8 = 0x20;

    /// Its bytes, behind the EAP type.
    pub fn emit(&self) -> Vec<u8> {
        let bits = [(self.length.is_some(), Tunnel::LENGTH), (self.more, Tunnel::MORE), (self.start, Tunnel::START)];
        let flags = bits.iter().filter(|row| row.0).fold(self.version, |flags, row| flags | row.1);
        let length = self.length.map(u32::to_be_bytes);
        std::iter::once(flags).chain(length.into_iter().flatten()).chain(self.data.iter().copied()).collect()
    }

    fn parse(version_bits: u8, data: &[u8]) -> Result<Tunnel, WireError> {
        let mut reader = Reader::new(Layer::Auth, data);
        let flags = reader.u8("EAP flags")?;
        let length = if flags & Tunnel::LENGTH != 0 { Some(reader.u32("TLS message length")?) } else { None };
        Ok(Tunnel {
            start: flags & Tunnel::START != 0,
            more: flags & Tunnel::MORE != 0,
            version: flags & version_bits,
            length,
            data: reader.rest().into(),
        })
    }
}

/// Types that carry TLS, and the bits of their flags that hold a version: RFC 5216 3.1, RFC 5281 9.1, MS-PEAP 2.2.1, RFC 4851 4.1.
const TUNNELS: [(u8, u8); 4] = [(TLS, 0x00), (TTLS, 0x07), (PEAP, 0x03), (FAST, 0x07)];

/// What EAP-MSCHAPv2 carries: OpCode, identifier, length, then the form of CHAP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MsChapV2 {
    /// MS-CHAPv2-ID; the Response copies the Challenge's.
    pub id: u8,
    /// The packet inside; `Other` with no data is the bare answer to Success or Failure.
    pub body: chap::Body,
    /// Only the OpCode is there, as in the peer's answer to Success.
    pub bare: bool,
}

impl MsChapV2 {
    /// Reads the data of a type 26 packet.
    pub fn parse(data: &[u8]) -> Result<MsChapV2, WireError> {
        let mut reader = Reader::new(Layer::Auth, data);
        let code = reader.u8("OpCode")?;
        if reader.is_empty() {
            return Ok(MsChapV2 { id: 0, body: chap::Body::Other { code, data: Bytes::default() }, bare: true });
        }
        let packet = control::Packet::parse(Layer::Auth, data)?;
        Ok(MsChapV2 { id: packet.id, body: chap::Body::parse(packet.code, &packet.data)?, bare: false })
    }

    /// The data of a type 26 packet.
    pub fn emit(&self) -> Vec<u8> {
        if self.bare {
            return vec![self.body.code()];
        }
        control::Packet::new(self.body.code(), self.id, self.body.emit()).emit()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_request_is_an_error_and_a_bare_opcode_is_not() {
        assert_eq!(Packet::parse(&[1, 1, 0, 4]).expect_err("a request has a type").what, "EAP type");
        assert_eq!(Packet::parse(&[3, 3, 0, 4]).map(|packet| packet.name()), Ok("success".into()));
        let bare = MsChapV2::parse(&[3]).expect("a bare Success answer");
        assert!(bare.bare);
        assert_eq!(bare.emit(), [3]);
    }

    #[test]
    fn what_carries_tls_is_told_apart_and_read_with_its_flags() {
        // MS-PEAP 2.2.1 and RFC 5216 3.1: start of PEAP version 0, and a first fragment of EAP-TLS with its length.
        let start = Packet::parse(&[1, 5, 0, 6, 25, 0x21]).expect("PEAP Start");
        assert_eq!(start.name(), "request-peap");
        let tunnel = start.tunnel().expect("carries TLS").expect("well formed");
        assert_eq!((tunnel.start, tunnel.more, tunnel.version, tunnel.length, tunnel.data.len()), (true, false, 1, None, 0));
        let first = Packet::parse(&[2, 5, 0, 13, 13, 0xc0, 0, 0, 4, 0, 0x16, 3, 1]).expect("EAP-TLS");
        assert_eq!(first.name(), "response-tls");
        let tunnel = first.tunnel().expect("carries TLS").expect("well formed");
        assert_eq!((tunnel.start, tunnel.more, tunnel.length, tunnel.data.0), (false, true, Some(1024), vec![0x16, 3, 1]));
        let cut = Packet::parse(&[2, 5, 0, 8, 21, 0x80, 0, 0]).expect("EAP-TTLS");
        assert_eq!(cut.tunnel().expect("carries TLS").expect_err("half a length").what, "TLS message length");
        assert_eq!(Packet::request(1, 52, []).name(), "request-type-52");
        assert!(Packet::request(1, MD5, [0]).tunnel().is_none());
    }
}
