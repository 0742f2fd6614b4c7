//! Extensible Authentication Protocol. RFC 3748 section 4; EAP-MSCHAPv2 is type 26.

use super::{chap, control};
use crate::base::{Bytes, Layer, Reader, WireError};
use serde::{Deserialize, Serialize};

/// RFC 3748 section 5.1.
pub const IDENTITY: u8 = 1;
/// RFC 3748 section 5.2.
pub const NOTIFICATION: u8 = 2;
/// RFC 3748 section 5.3.
pub const NAK: u8 = 3;
/// RFC 3748 section 5.4.
pub const MD5: u8 = 4;
/// RFC 5216.
pub const TLS: u8 = 13;
/// MS-PEAP.
pub const PEAP: u8 = 25;
/// MS-CHAPv2 within EAP.
pub const MSCHAPV2: u8 = 26;

/// Type number, name in edits, and the name a person uses.
pub const TYPES: [(u8, &str, &str); 10] = [
    (IDENTITY, "identity", "Identity"),
    (NOTIFICATION, "notification", "Notification"),
    (NAK, "nak", "Nak"),
    (MD5, "md5", "EAP-MD5"),
    (6, "gtc", "EAP-GTC"),
    (TLS, "tls", "EAP-TLS"),
    (21, "ttls", "EAP-TTLS"),
    (PEAP, "peap", "PEAP"),
    (MSCHAPV2, "mschapv2", "EAP-MSCHAPv2"),
    (43, "fast", "EAP-FAST"),
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

    /// Name of the message, such as `request-identity` or `success`.
    pub fn name(&self) -> &'static str {
        match (self.code, self.kind) {
            (1, Some(IDENTITY)) => "request-identity",
            (2, Some(IDENTITY)) => "response-identity",
            (1, Some(NOTIFICATION)) => "request-notification",
            (2, Some(NOTIFICATION)) => "response-notification",
            (2, Some(NAK)) => "response-nak",
            (1, Some(MD5)) => "request-md5",
            (2, Some(MD5)) => "response-md5",
            (1, Some(TLS)) => "request-tls",
            (2, Some(TLS)) => "response-tls",
            (1, Some(PEAP)) => "request-peap",
            (2, Some(PEAP)) => "response-peap",
            (1, Some(MSCHAPV2)) => "request-mschapv2",
            (2, Some(MSCHAPV2)) => "response-mschapv2",
            (1, _) => "request",
            (2, _) => "response",
            (3, _) => "success",
            (4, _) => "failure",
            _ => "unknown-code",
        }
    }
}

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
        assert_eq!(Packet::parse(&[3, 3, 0, 4]).map(|packet| packet.name()), Ok("success"));
        let bare = MsChapV2::parse(&[3]).expect("a bare Success answer");
        assert!(bare.bare);
        assert_eq!(bare.emit(), [3]);
    }
}
