//! CHAP with MD5 and the Microsoft variants. RFC 1994, RFC 2433, RFC 2759.

use super::control;
use crate::base::{Bytes, Layer, Reader, WireError, unhex};
use serde::{Deserialize, Serialize};

/// The algorithm byte of LCP option 3 when it names CHAP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Algorithm {
    /// 0x05, RFC 1994.
    Md5,
    /// 0x80, RFC 2433.
    MsChapV1,
    /// 0x81, RFC 2759.
    MsChapV2,
    /// Any other.
    Unknown(u8),
}

impl Algorithm {
    /// The algorithm of that number.
    pub fn from_number(number: u8) -> Algorithm {
        match number {
            0x05 => Algorithm::Md5,
            0x80 => Algorithm::MsChapV1,
            0x81 => Algorithm::MsChapV2,
            other => Algorithm::Unknown(other),
        }
    }
}

/// What a CHAP packet says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Body {
    /// Code 1.
    Challenge {
        /// The challenge; 16 bytes for MS-CHAPv2.
        value: Bytes,
        /// The authenticator's name; Windows sends none.
        name: Bytes,
    },
    /// Code 2.
    Response {
        /// The response; 49 bytes for MS-CHAPv2.
        value: Bytes,
        /// The peer's name.
        name: Bytes,
    },
    /// Code 3; `S=... M=...` for MS-CHAPv2.
    Success {
        /// The text.
        message: Bytes,
    },
    /// Code 4; `E=... R=... C=... V=... M=...` for MS-CHAPv2.
    Failure {
        /// The text.
        message: Bytes,
    },
    /// Any other code (7 is Change-Password of RFC 2759 section 7).
    Other {
        /// Code.
        code: u8,
        /// What followed.
        data: Bytes,
    },
}

/// A CHAP packet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Packet {
    /// Identifier.
    pub id: u8,
    /// What it says.
    pub body: Body,
}

impl Packet {
    /// Reads a packet.
    pub fn parse(bytes: &[u8]) -> Result<Packet, WireError> {
        let packet = control::Packet::parse(Layer::Auth, bytes)?;
        Ok(Packet { id: packet.id, body: Body::parse(packet.code, &packet.data)? })
    }

    /// The packet's bytes.
    pub fn emit(&self) -> Vec<u8> {
        control::Packet::new(self.body.code(), self.id, self.body.emit()).emit()
    }

    /// Name of the message.
    pub fn name(&self) -> &'static str {
        self.body.name()
    }
}

impl Body {
    /// Reads what follows the header; EAP-MSCHAPv2 uses the same form (its OpCode is `code`).
    pub fn parse(code: u8, data: &[u8]) -> Result<Body, WireError> {
        let mut reader = Reader::new(Layer::Auth, data);
        Ok(match code {
            1 => {
                let value = value(&mut reader)?;
                Body::Challenge { value, name: reader.rest().into() }
            }
            2 => {
                let value = value(&mut reader)?;
                Body::Response { value, name: reader.rest().into() }
            }
            3 => Body::Success { message: data.into() },
            4 => Body::Failure { message: data.into() },
            code => Body::Other { code, data: data.into() },
        })
    }

    /// The code.
    pub fn code(&self) -> u8 {
        match self {
            Body::Challenge { .. } => 1,
            Body::Response { .. } => 2,
            Body::Success { .. } => 3,
            Body::Failure { .. } => 4,
            Body::Other { code, .. } => *code,
        }
    }

    /// The bytes behind the header.
    pub fn emit(&self) -> Vec<u8> {
        match self {
            Body::Challenge { value, name } | Body::Response { value, name } => {
                let mut data = vec![u8::try_from(value.len()).unwrap_or(u8::MAX)];
                data.extend(value.iter().take(255));
                data.extend(name.iter());
                data
            }
            Body::Success { message } | Body::Failure { message } => message.0.clone(),
            Body::Other { data, .. } => data.0.clone(),
        }
    }

    /// Name of the message.
    pub fn name(&self) -> &'static str {
        match self {
            Body::Challenge { .. } => "challenge",
            Body::Response { .. } => "response",
            Body::Success { .. } => "success",
            Body::Failure { .. } => "failure",
            Body::Other { .. } => "unknown-code",
        }
    }
}

fn value(reader: &mut Reader<'_>) -> Result<Bytes, WireError> {
    let size = usize::from(reader.u8("value size")?);
    Ok(reader.take("value", size)?.into())
}

/// The value of an MS-CHAPv2 Response, 49 bytes. RFC 2759 section 4.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MsChapV2Response {
    /// The peer's own challenge.
    pub peer_challenge: [u8; 16],
    /// The proof.
    pub nt_response: [u8; 24],
    /// Must be zero.
    pub flags: u8,
}

impl MsChapV2Response {
    /// Reads the 49 bytes.
    pub fn parse(value: &[u8]) -> Result<Self, WireError> {
        let mut reader = Reader::new(Layer::Auth, value);
        let peer_challenge = reader.array("peer challenge")?;
        reader.take("reserved", 8)?;
        Ok(MsChapV2Response { peer_challenge, nt_response: reader.array("NT-Response")?, flags: reader.u8("flags")? })
    }

    /// The 49 bytes.
    pub fn emit(&self) -> Vec<u8> {
        let mut out = self.peer_challenge.to_vec();
        out.extend([0; 8]);
        out.extend(self.nt_response);
        out.push(self.flags);
        out
    }
}

/// The text of an MS-CHAPv2 Failure. RFC 2759 section 6.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MsChapFailure {
    /// `E=`, a RAS error number.
    pub error: Option<u32>,
    /// `R=`, whether the user may try again.
    pub retry: Option<bool>,
    /// `C=`, a new challenge.
    pub challenge: Option<Bytes>,
    /// `V=`, the version for changing the password.
    pub version: Option<u32>,
    /// `M=`, text for a person.
    pub message: Option<String>,
}

impl MsChapFailure {
    /// Reads the text; what is not there stays `None`, whatever order the parts come in.
    pub fn parse(text: &[u8]) -> MsChapFailure {
        let text = String::from_utf8_lossy(text);
        let mut failure = MsChapFailure::default();
        let (head, message) = match text.split_once("M=") {
            Some((head, message)) => (head, Some(message.trim_end_matches('\0').to_string())),
            None => (text.as_ref(), None),
        };
        failure.message = message;
        for part in head.split_ascii_whitespace() {
            match part.split_once('=') {
                Some(("E", number)) => failure.error = number.parse().ok(),
                Some(("R", flag)) => failure.retry = Some(flag == "1"),
                Some(("C", digits)) => failure.challenge = unhex(digits).map(Bytes),
                Some(("V", number)) => failure.version = number.parse().ok(),
                _ => {}
            }
        }
        failure
    }

    /// The text.
    pub fn emit(&self) -> String {
        let mut text = format!("E={} R={}", self.error.unwrap_or(691), u8::from(self.retry.unwrap_or(false)));
        if let Some(challenge) = &self.challenge {
            text += &format!(" C={}", crate::base::hex(challenge).to_ascii_uppercase());
        }
        if let Some(version) = self.version {
            text += &format!(" V={version}");
        }
        if let Some(message) = &self.message {
            text += &format!(" M={message}");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_text_is_read_whatever_is_missing() {
        let text = "E=691 R=0 C=000102030405060708090A0B0C0D0E0F V=3 M=Authentication failure";
        let failure = MsChapFailure::parse(text.as_bytes());
        assert_eq!((failure.error, failure.retry, failure.version), (Some(691), Some(false), Some(3)));
        assert_eq!(failure.challenge.as_ref().map(|c| c.len()), Some(16));
        assert_eq!(failure.message.as_deref(), Some("Authentication failure"));
        assert_eq!(failure.emit(), text);
        assert_eq!(MsChapFailure::parse(b"no").error, None);
        assert_eq!(MsChapFailure::parse(b"E=\xff R=1").retry, Some(true));
    }

    #[test]
    fn a_response_of_48_bytes_is_refused() {
        assert_eq!(MsChapV2Response::parse(&[0; 48]).expect_err("one short").what, "flags");
        let whole = MsChapV2Response::parse(&[7; 49]).expect("49 bytes");
        assert_eq!(whole.nt_response, [7; 24]);
    }
}
