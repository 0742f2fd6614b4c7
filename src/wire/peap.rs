//! The TLVs of the EAP extensions method, by which the ends of PEAP tell each other the result. MS-PEAP 2.2.8.

use super::eap;
use crate::base::{Bytes, Layer, Reader, WireError};
use crate::crypto::peap::TLV_LEN;

/// A TLV. MS-PEAP 2.2.4.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tlv {
    /// M: who does not know it must refuse.
    pub mandatory: bool,
    /// Its type, 14 bits.
    pub kind: u16,
    /// Its value.
    pub value: Bytes,
}

/// MS-PEAP 2.2.8.1.2: Result TLV.
pub const RESULT: u16 = 3;
/// MS-PEAP 2.2.8.1.1: Cryptobinding TLV.
pub const CRYPTO_BINDING: u16 = 12;
/// MS-PEAP 2.2.8.1.2.
pub const SUCCESS: u16 = 1;
/// MS-PEAP 2.2.8.1.2.
pub const FAILURE: u16 = 2;
/// MS-PEAP 2.2.8.1.1: SubType of a cryptobinding that asks for one.
pub const BINDING_REQUEST: u8 = 0;
/// MS-PEAP 2.2.8.1.1: SubType of a cryptobinding that answers one.
pub const BINDING_RESPONSE: u8 = 1;

impl Tlv {
    /// A Result TLV.
    pub fn result(success: bool) -> Tlv {
        let value = if success { SUCCESS } else { FAILURE };
        Tlv { mandatory: true, kind: RESULT, value: value.to_be_bytes().to_vec().into() }
    }

    /// A Cryptobinding TLV of version 0 whose MAC is still zero, as bytes.
    pub fn binding(subtype: u8, nonce: &[u8; 32]) -> [u8; TLV_LEN] {
        let mut bytes = [0; TLV_LEN];
        let head = [0, CRYPTO_BINDING as u8, 0, BINDING_VALUE as u8, 0, 0, 0, subtype];
        bytes.iter_mut().zip(head.iter().chain(nonce)).for_each(|(to, from)| *to = *from);
        bytes
    }

    /// The whole TLV as bytes, when it is a cryptobinding of the right length.
    pub fn as_binding(&self) -> Option<[u8; TLV_LEN]> {
        (self.kind == CRYPTO_BINDING).then(|| self.emit()).and_then(|bytes| bytes.try_into().ok())
    }

    /// The nonce of a cryptobinding. MS-PEAP 2.2.8.1.1.
    pub fn nonce(binding: &[u8; TLV_LEN]) -> [u8; 32] {
        let mut nonce = [0; 32];
        nonce.iter_mut().zip(binding.iter().skip(NONCE_AT)).for_each(|(to, from)| *to = *from);
        nonce
    }

    /// Reads TLVs one behind the other.
    pub fn parse_all(bytes: &[u8]) -> Result<Vec<Tlv>, WireError> {
        let mut reader = Reader::new(Layer::Auth, bytes);
        let mut all = Vec::new();
        while !reader.is_empty() {
            let kind = reader.u16("TLV type")?;
            let len = reader.u16("TLV length")?;
            let value = reader.take("TLV value", usize::from(len))?.into();
            all.push(Tlv { mandatory: kind & MANDATORY != 0, kind: kind & TYPE_BITS, value });
        }
        Ok(all)
    }

    /// Its bytes.
    pub fn emit(&self) -> Vec<u8> {
        let kind = self.kind | if self.mandatory { MANDATORY } else { 0 };
        let len = self.value.len() as u16;
        [&kind.to_be_bytes()[..], &len.to_be_bytes(), &self.value].concat()
    }
}

/// The result of a packet of the extensions method: success or failure, and the cryptobinding that goes with it.
pub fn result(packet: &eap::Packet) -> Option<(bool, Option<Tlv>)> {
    let tlvs = Tlv::parse_all(&packet.data).ok().filter(|_| packet.kind == Some(eap::EXTENSIONS))?;
    let result = tlvs.iter().find(|tlv| tlv.kind == RESULT)?;
    let success = result.value.0 == SUCCESS.to_be_bytes();
    Some((success, tlvs.into_iter().find(|tlv| tlv.kind == CRYPTO_BINDING)))
}

/// MS-PEAP 2.2.4: bit M.
const MANDATORY: u16 = 0x8000;
/// MS-PEAP 2.2.4: the bits of the type.
const TYPE_BITS: u16 = 0x3fff;
/// MS-PEAP 2.2.8.1.1: the nonce begins behind header, versions and SubType.
const NONCE_AT: usize = 8;
/// MS-PEAP 2.2.8.1.1: the value is 56 bytes long.
const BINDING_VALUE: usize = TLV_LEN - 4;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{hex, unhex};

    #[test]
    fn a_result_is_read_and_written() {
        let bytes = unhex("8003 0002 0001").unwrap();
        assert_eq!(Tlv::parse_all(&bytes), Ok(vec![Tlv::result(true)]));
        assert_eq!(hex(&Tlv::result(false).emit()), "800300020002");
        let packet = eap::Packet::request(9, eap::EXTENSIONS, bytes.clone());
        assert_eq!(result(&packet), Some((true, None)));
        assert_eq!(result(&eap::Packet::request(9, eap::GTC, bytes.clone())), None);
        let short = Tlv::parse_all(&bytes[..5]).unwrap_err();
        assert_eq!((short.at, short.need, short.have), (4, 2, 1));
    }

    #[test]
    fn a_cryptobinding_has_its_published_layout() {
        let bytes = Tlv::binding(BINDING_RESPONSE, &[7; 32]);
        assert_eq!((hex(&bytes[..9]), Tlv::nonce(&bytes)), ("000c00380000000107".into(), [7; 32]));
        let all = Tlv::parse_all(&[Tlv::result(true).emit(), bytes.to_vec()].concat()).unwrap();
        assert_eq!(all.last().and_then(Tlv::as_binding), Some(bytes));
        assert_eq!(Tlv::result(true).as_binding(), None);
    }
}
