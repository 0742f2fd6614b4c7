//! PPP frames inside SSTP data packets. RFC 1661 section 2, RFC 1662 section 3.1 (FF 03).

use super::{chap, control, eap, pap};
use crate::base::{Bytes, Layer, Reader, WireError};
use serde::{Deserialize, Serialize};

/// A PPP protocol number, RFC 1661 section 2.
pub type Protocol = u16;

/// Link Control Protocol, RFC 1661.
pub const LCP: Protocol = 0xc021;
/// Password Authentication Protocol, RFC 1334.
pub const PAP: Protocol = 0xc023;
/// Challenge Handshake Authentication Protocol, RFC 1994.
pub const CHAP: Protocol = 0xc223;
/// Extensible Authentication Protocol, RFC 3748.
pub const EAP: Protocol = 0xc227;
/// IP Control Protocol, RFC 1332.
pub const IPCP: Protocol = 0x8021;
/// IPv6 Control Protocol, RFC 5072.
pub const IPV6CP: Protocol = 0x8057;
/// Compression Control Protocol, RFC 1962.
pub const CCP: Protocol = 0x80fd;
/// IPv4.
pub const IPV4: Protocol = 0x0021;
/// IPv6.
pub const IPV6: Protocol = 0x0057;

/// Number, name in ids and edits, and the layer a protocol belongs to.
pub const PROTOCOLS: [(Protocol, &str, Layer); 9] = [
    (LCP, "lcp", Layer::Lcp),
    (PAP, "pap", Layer::Auth),
    (CHAP, "chap", Layer::Auth),
    (EAP, "eap", Layer::Auth),
    (IPCP, "ipcp", Layer::Ncp),
    (IPV6CP, "ipv6cp", Layer::Ncp),
    (CCP, "ccp", Layer::Ncp),
    (IPV4, "ipv4", Layer::Data),
    (IPV6, "ipv6", Layer::Data),
];

/// Name of a protocol number; `ppp` for one we do not know.
pub fn protocol_name(protocol: Protocol) -> &'static str {
    PROTOCOLS.iter().find(|row| row.0 == protocol).map_or(UNKNOWN, |row| row.1)
}

/// Name of a protocol that we do not know.
const UNKNOWN: &str = "ppp";

/// A frame's name, looked up once to be held against many frames.
#[derive(Clone, Copy, Debug)]
pub struct Named<'a> {
    /// `None`: a protocol that we do not know.
    protocol: Option<Protocol>,
    message: &'a str,
}

impl<'a> Named<'a> {
    /// `protocol.message`; `None` for a name of another form.
    pub fn of(name: &'a str) -> Option<Named<'a>> {
        let (protocol, message) = name.split_once('.')?;
        match PROTOCOLS.iter().find(|row| row.1 == protocol) {
            Some(row) => Some(Named { protocol: Some(row.0), message }),
            None => (protocol == UNKNOWN).then_some(Named { protocol: None, message }),
        }
    }

    /// Whether the frame has this name.
    pub fn names(self, frame: &Frame) -> bool {
        let of_protocol = match self.protocol {
            Some(protocol) => frame.protocol == protocol,
            None => protocol_name(frame.protocol) == UNKNOWN,
        };
        of_protocol && frame.message() == self.message
    }
}

/// The layer a protocol belongs to: numbers below 0x8000 are data, RFC 1661 section 2.
pub fn layer_of(protocol: Protocol) -> Layer {
    let class = if protocol < 0x8000 {
        Layer::Data
    } else if protocol < 0xc000 {
        Layer::Ncp
    } else {
        Layer::Lcp
    };
    PROTOCOLS.iter().find(|row| row.0 == protocol).map_or(class, |row| row.2)
}

/// What a frame carries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Body {
    /// LCP, RFC 1661 section 5.
    Lcp(control::Packet),
    /// PAP, RFC 1334.
    Pap(pap::Packet),
    /// CHAP, RFC 1994.
    Chap(chap::Packet),
    /// EAP, RFC 3748.
    Eap(eap::Packet),
    /// IPCP, RFC 1332.
    Ipcp(control::Packet),
    /// IPv6CP, RFC 5072.
    Ipv6cp(control::Packet),
    /// CCP, RFC 1962.
    Ccp(control::Packet),
    /// Anything else: a network packet or an unknown protocol.
    Other(Bytes),
}

/// One PPP frame.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Frame {
    /// Protocol number.
    pub protocol: Protocol,
    /// What it carries.
    pub body: Body,
}

impl Frame {
    /// A frame around an LCP packet.
    pub fn lcp(packet: control::Packet) -> Frame {
        Frame { protocol: LCP, body: Body::Lcp(packet) }
    }

    /// Splits a frame into protocol number and information. FF 03 may be there or not; a protocol field of one byte
    /// (RFC 1661 section 6.5) is understood.
    pub fn split(frame: &[u8]) -> Result<(Protocol, &[u8]), WireError> {
        let frame = frame.strip_prefix(&[0xff, 0x03]).unwrap_or(frame);
        let mut reader = Reader::new(Layer::Lcp, frame);
        let first = reader.u8("PPP protocol")?;
        let protocol = if first & 1 == 1 { u16::from(first) } else { u16::from(first) << 8 | u16::from(reader.u8("PPP protocol")?) };
        Ok((protocol, reader.rest()))
    }

    /// Reads a frame.
    pub fn parse(frame: &[u8]) -> Result<Frame, WireError> {
        let (protocol, information) = Frame::split(frame)?;
        let body = match protocol {
            LCP => Body::Lcp(control::Packet::parse(Layer::Lcp, information)?),
            PAP => Body::Pap(pap::Packet::parse(information)?),
            CHAP => Body::Chap(chap::Packet::parse(information)?),
            EAP => Body::Eap(eap::Packet::parse(information)?),
            IPCP => Body::Ipcp(control::Packet::parse(Layer::Ncp, information)?),
            IPV6CP => Body::Ipv6cp(control::Packet::parse(Layer::Ncp, information)?),
            CCP => Body::Ccp(control::Packet::parse(Layer::Ncp, information)?),
            _ => Body::Other(information.into()),
        };
        Ok(Frame { protocol, body })
    }

    /// The frame with FF 03 in front, as every implementation sends it over SSTP.
    pub fn emit(&self) -> Vec<u8> {
        let mut out = vec![0xff, 0x03];
        out.extend(self.protocol.to_be_bytes());
        match &self.body {
            Body::Lcp(packet) | Body::Ipcp(packet) | Body::Ipv6cp(packet) | Body::Ccp(packet) => out.extend(packet.emit()),
            Body::Pap(packet) => out.extend(packet.emit()),
            Body::Chap(packet) => out.extend(packet.emit()),
            Body::Eap(packet) => out.extend(packet.emit()),
            Body::Other(bytes) => out.extend(bytes.iter()),
        }
        out
    }

    /// `protocol.message`, the name used by edits and listings, such as `lcp.configure-request`.
    pub fn name(&self) -> String {
        format!("{}.{}", protocol_name(self.protocol), self.message())
    }

    /// Whether [`Frame::name`] is this.
    pub fn is(&self, name: &str) -> bool {
        Named::of(name).is_some_and(|named| named.names(self))
    }

    fn message(&self) -> std::borrow::Cow<'static, str> {
        match &self.body {
            Body::Lcp(packet) | Body::Ipcp(packet) | Body::Ipv6cp(packet) | Body::Ccp(packet) => control::code_name(packet.code).into(),
            Body::Pap(packet) => packet.name().into(),
            Body::Chap(packet) => packet.name().into(),
            Body::Eap(packet) => packet.name(),
            Body::Other(_) => "packet".into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::unhex;

    #[test]
    fn frames_of_the_golden_session_go_both_ways() {
        let texts = [
            ("FF 03 C0 21 01 01 00 13 01 04 0F FB 03 05 C2 23 81 05 06 11 22 33 44", "lcp.configure-request"),
            ("FF 03 C2 23 01 01 00 15 10 5B 5D 7C 7D 7B 3F 2F 3E 3C 2C 60 21 32 26 26 28", "chap.challenge"),
            ("FF 03 C0 23 01 01 00 14 04 55 73 65 72 0A 63 6C 69 65 6E 74 50 61 73 73", "pap.authenticate-request"),
            ("FF 03 C2 27 02 02 00 06 03 1A", "eap.response-nak"),
            ("FF 03 80 21 01 01 00 0A 03 06 0A 00 00 01", "ipcp.configure-request"),
            ("FF 03 C0 21 08 02 00 14 80 57 01 01 00 0E 01 0A 00 00 00 00 00 00 00 01", "lcp.protocol-reject"),
        ];
        for (text, name) in texts {
            let bytes = unhex(text).expect("hexadecimal");
            let frame = Frame::parse(&bytes).expect("well formed");
            assert_eq!(frame.emit(), bytes, "{text}");
            assert_eq!(frame.name(), name);
            assert!(frame.is(name) && !frame.is(&name[1..]) && !frame.is(&format!("{name}s")));
            assert_eq!(Frame::parse(&bytes[2..]), Ok(frame), "FF 03 may be absent");
        }
    }

    #[test]
    fn a_compressed_protocol_field_is_understood() {
        assert_eq!(Frame::split(&[0x21, 0x45]), Ok((IPV4, &[0x45][..])));
        assert_eq!(Frame::split(&[0xff, 0x03, 0xc0]).expect_err("half a protocol").need, 1);
        assert_eq!(layer_of(0x002d), Layer::Data);
        assert_eq!(layer_of(0x8029), Layer::Ncp);
        assert_eq!(layer_of(0xc02b), Layer::Lcp);
    }
}
