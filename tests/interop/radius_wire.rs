//! As much of RADIUS as carries EAP. RFC 2865, RFC 2548, RFC 3579. For these tests only.

use md5::{Digest, Md5};

pub const ACCESS_REQUEST: u8 = 1;
pub const ACCESS_ACCEPT: u8 = 2;
pub const ACCESS_REJECT: u8 = 3;
pub const ACCESS_CHALLENGE: u8 = 11;

pub const USER_NAME: u8 = 1;
pub const STATE: u8 = 24;
pub const VENDOR: u8 = 26;
pub const EAP_MESSAGE: u8 = 79;
pub const MESSAGE_AUTHENTICATOR: u8 = 80;

pub const SECRET: &[u8] = b"testing123";

/// RFC 2548 2.4: Microsoft's number, MS-MPPE-Send-Key and MS-MPPE-Recv-Key.
const MICROSOFT: [u8; 4] = 311u32.to_be_bytes();
const SEND_KEY: u8 = 16;
const RECV_KEY: u8 = 17;

pub struct Packet {
    pub code: u8,
    pub id: u8,
    pub authenticator: [u8; 16],
    pub attributes: Vec<(u8, Vec<u8>)>,
}

impl Packet {
    pub fn parse(bytes: &[u8]) -> Packet {
        let mut attributes = Vec::new();
        let mut rest = &bytes[20..usize::from(u16::from_be_bytes([bytes[2], bytes[3]]))];
        while let [kind, len, ..] = rest {
            attributes.push((*kind, rest[2..usize::from(*len)].to_vec()));
            rest = &rest[usize::from(*len)..];
        }
        Packet { code: bytes[0], id: bytes[1], authenticator: bytes[4..20].try_into().expect("16 bytes"), attributes }
    }

    pub fn first(&self, kind: u8) -> Option<&[u8]> {
        self.attributes.iter().find(|row| row.0 == kind).map(|row| row.1.as_slice())
    }

    /// The EAP packet: all its pieces one behind the other. RFC 3579 3.1.
    pub fn eap(&self) -> Vec<u8> {
        self.attributes.iter().filter(|row| row.0 == EAP_MESSAGE).flat_map(|row| row.1.clone()).collect()
    }

    pub fn add_eap(&mut self, eap: &[u8]) {
        self.attributes.extend(eap.chunks(253).map(|piece| (EAP_MESSAGE, piece.to_vec())));
    }

    /// A request: its authenticator stands in the packet.
    pub fn request(&self) -> Vec<u8> {
        self.signed(&self.authenticator)
    }

    /// An answer to the request with that authenticator. RFC 2865 3.
    pub fn response(&self, request: &[u8; 16]) -> Vec<u8> {
        let mut bytes = self.signed(request);
        let signature = Md5::digest([&bytes, SECRET].concat());
        bytes[4..20].copy_from_slice(&signature);
        bytes
    }

    /// With Message-Authenticator at its end. RFC 3579 3.2.
    fn signed(&self, authenticator: &[u8; 16]) -> Vec<u8> {
        let mut body: Vec<u8> = Vec::new();
        for (kind, value) in &self.attributes {
            body.extend([*kind, value.len() as u8 + 2]);
            body.extend(value);
        }
        body.extend([MESSAGE_AUTHENTICATOR, 18]);
        body.extend([0; 16]);
        let mut bytes = vec![self.code, self.id];
        bytes.extend((20 + body.len() as u16).to_be_bytes());
        bytes.extend(authenticator);
        bytes.extend(body);
        let at = bytes.len() - 16;
        let mac = hmac_md5(SECRET, &bytes);
        bytes[at..].copy_from_slice(&mac);
        bytes
    }

    /// MS-MPPE-Recv-Key: the first half of the MSK. `request` is the authenticator of the request. RFC 2548 2.4.3.
    pub fn receive_key(&self, request: &[u8; 16]) -> Option<Vec<u8>> {
        let vendor = self.attributes.iter().filter(|row| row.0 == VENDOR).map(|row| &row.1);
        let value = vendor.filter(|value| value[..4] == MICROSOFT && value[4] == RECV_KEY).map(|value| value[6..].to_vec()).next()?;
        let (salt, cipher) = value.split_at(2);
        let mut plain = Vec::new();
        let mut last = [&request[..], salt].concat();
        for block in cipher.chunks(16) {
            let pad = Md5::digest([SECRET, &last].concat());
            plain.extend(block.iter().zip(pad).map(|(byte, pad)| byte ^ pad));
            last = block.to_vec();
        }
        Some(plain[1..1 + usize::from(plain[0])].to_vec())
    }

    pub fn add_keys(&mut self, receive: &[u8; 32], request: &[u8; 16]) {
        for (kind, key, salt) in [(RECV_KEY, *receive, [0x80, 1]), (SEND_KEY, [7; 32], [0x80, 2])] {
            let mut plain = vec![32];
            plain.extend(key);
            plain.resize(48, 0);
            let mut last = [&request[..], &salt].concat();
            let mut value = [&MICROSOFT[..], &[kind, 2 + 2 + 48], &salt].concat();
            for block in plain.chunks(16) {
                let pad = Md5::digest([SECRET, &last].concat());
                last = block.iter().zip(pad).map(|(byte, pad)| byte ^ pad).collect();
                value.extend(&last);
            }
            self.attributes.push((VENDOR, value));
        }
    }
}

/// RFC 2104.
fn hmac_md5(key: &[u8], message: &[u8]) -> [u8; 16] {
    let mut block = [0; 64];
    block[..key.len()].copy_from_slice(key);
    let inner = Md5::digest([&block.map(|byte| byte ^ 0x36)[..], message].concat());
    Md5::digest([&block.map(|byte| byte ^ 0x5c)[..], &inner].concat()).into()
}
