//! Password Authentication Protocol. RFC 1334 section 2.

use super::control;
use crate::base::{Bytes, Layer, Reader, WireError};
use serde::{Deserialize, Serialize};

/// What a PAP packet says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Body {
    /// Code 1: the name and the password, both in clear.
    AuthenticateRequest {
        /// The name, as bytes.
        peer_id: Bytes,
        /// The password, as bytes.
        password: Bytes,
    },
    /// Code 2.
    AuthenticateAck {
        /// Text for a person.
        message: Bytes,
    },
    /// Code 3.
    AuthenticateNak {
        /// Text for a person.
        message: Bytes,
    },
    /// Any other code.
    Other {
        /// Code.
        code: u8,
        /// What followed.
        data: Bytes,
    },
}

/// A PAP packet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Packet {
    /// Identifier.
    pub id: u8,
    /// What it says.
    pub body: Body,
}

impl Packet {
    /// Reads a packet. The message of an Ack or Nak may be absent altogether, as some servers send it.
    pub fn parse(bytes: &[u8]) -> Result<Packet, WireError> {
        let packet = control::Packet::parse(Layer::Auth, bytes)?;
        let mut reader = Reader::new(Layer::Auth, &packet.data);
        let body = match packet.code {
            1 => Body::AuthenticateRequest { peer_id: counted(&mut reader, "peer id")?, password: counted(&mut reader, "password")? },
            2 => Body::AuthenticateAck { message: message(&mut reader)? },
            3 => Body::AuthenticateNak { message: message(&mut reader)? },
            code => Body::Other { code, data: packet.data.clone() },
        };
        Ok(Packet { id: packet.id, body })
    }

    /// The packet's bytes.
    pub fn emit(&self) -> Vec<u8> {
        let counted = |out: &mut Vec<u8>, bytes: &Bytes| {
            out.push(u8::try_from(bytes.len()).unwrap_or(u8::MAX));
            out.extend(bytes.iter().take(255));
        };
        let mut data = Vec::new();
        let code = match &self.body {
            Body::AuthenticateRequest { peer_id, password } => {
                counted(&mut data, peer_id);
                counted(&mut data, password);
                1
            }
            Body::AuthenticateAck { message } => {
                counted(&mut data, message);
                2
            }
            Body::AuthenticateNak { message } => {
                counted(&mut data, message);
                3
            }
            Body::Other { code, data: bytes } => {
                data.extend(bytes.iter());
                *code
            }
        };
        control::Packet::new(code, self.id, data).emit()
    }

    /// Name of the message.
    pub fn name(&self) -> &'static str {
        match self.body {
            Body::AuthenticateRequest { .. } => "authenticate-request",
            Body::AuthenticateAck { .. } => "authenticate-ack",
            Body::AuthenticateNak { .. } => "authenticate-nak",
            Body::Other { .. } => "unknown-code",
        }
    }
}

fn counted(reader: &mut Reader<'_>, what: &str) -> Result<Bytes, WireError> {
    let length = usize::from(reader.u8(what)?);
    Ok(reader.take(what, length)?.into())
}

fn message(reader: &mut Reader<'_>) -> Result<Bytes, WireError> {
    if reader.is_empty() { Ok(Bytes::default()) } else { counted(reader, "message") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_longer_than_its_packet_is_an_error_not_a_panic() {
        let error = Packet::parse(&[1, 1, 0, 8, 1, b'u', 9, b'p']).expect_err("nine claimed");
        assert_eq!((error.at, error.need, error.have), (3, 9, 1));
        assert_eq!(Packet::parse(&[2, 1, 0, 4]).map(|packet| packet.name()), Ok("authenticate-ack"));
    }
}
