//! Crypto binding: the proof that one and the same client did the TLS handshake and the PPP authentication.
//! MS-SSTP 3.2.5.2 (client) and 3.3.5.2.3 (server).

use super::mschapv2::first;
use crate::base::{Layer, Limit, WireError};
use aws_lc_rs::{digest, hmac};
use serde::{Deserialize, Serialize};

/// The hash of certificate hash, key and MAC. MS-SSTP 2.2.6 and 2.2.7.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HashProtocol {
    /// `CERT_HASH_PROTOCOL_SHA1`, bit 1 of the mask.
    Sha1 = 1,
    /// `CERT_HASH_PROTOCOL_SHA256`, bit 2 of the mask.
    Sha256 = 2,
}

impl HashProtocol {
    /// What a client takes from the server's bitmask: SHA-256 where offered, else SHA-1. MS-SSTP 3.2.5.3.2.
    pub fn from_mask(mask: u8) -> Option<HashProtocol> {
        [HashProtocol::Sha256, HashProtocol::Sha1].into_iter().find(|hash| mask & hash.value() != 0)
    }

    /// The hash of that value in a Crypto Binding attribute, which names exactly one. MS-SSTP 2.2.7.
    pub fn from_value(value: u8) -> Option<HashProtocol> {
        [HashProtocol::Sha256, HashProtocol::Sha1].into_iter().find(|hash| value == hash.value())
    }

    /// The value on the wire. MS-SSTP 2.2.7.
    pub fn value(self) -> u8 {
        self as u8
    }

    /// `SHA-1` or `SHA-256`.
    pub fn name(self) -> &'static str {
        match self {
            HashProtocol::Sha1 => "SHA-1",
            HashProtocol::Sha256 => "SHA-256",
        }
    }

    /// Length of hash, key and MAC in bytes: 20 or 32.
    pub fn hash_len(self) -> usize {
        match self {
            HashProtocol::Sha1 => digest::SHA1_OUTPUT_LEN,
            HashProtocol::Sha256 => digest::SHA256_OUTPUT_LEN,
        }
    }

    fn digest(self) -> &'static digest::Algorithm {
        match self {
            HashProtocol::Sha1 => &digest::SHA1_FOR_LEGACY_USE_ONLY,
            HashProtocol::Sha256 => &digest::SHA256,
        }
    }

    fn hmac(self, key: &[u8], message: &[u8]) -> Vec<u8> {
        let algorithm = match self {
            HashProtocol::Sha1 => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
            HashProtocol::Sha256 => hmac::HMAC_SHA256,
        };
        hmac::sign(&hmac::Key::new(algorithm, key), message).as_ref().to_vec()
    }
}

/// The HLAK of a method that yields `key`: its first 32 bytes, zeros appended where it is shorter; no key (PAP,
/// CHAP-MD5, bypass) is 32 zeros. MS-SSTP 3.2.5.2.2 and 3.2.5.2.4.
pub fn hlak_of(key: &[u8]) -> [u8; 32] {
    first(key)
}

/// The hash of the server's certificate, over the DER bytes of the TLS Certificate message; 20 or 32 bytes.
/// MS-SSTP 2.2.7.
pub fn cert_hash(hash: HashProtocol, der: &[u8]) -> Vec<u8> {
    digest::digest(hash.digest(), der).as_ref().to_vec()
}

/// The compound MAC key, 20 or 32 bytes. MS-SSTP 3.2.5.2.2: one block of PRF+ with a little-endian length.
pub fn cmk(hash: HashProtocol, hlak: &[u8; 32]) -> Vec<u8> {
    prf(hash, hlak, &[SEED, &[hash.hash_len() as u8, 0], &[1]])
}

/// The compound MAC of a Call Connected packet, 20 or 32 bytes. The packet is the 112 bytes as sent; what stands in
/// its MAC field is passed over. MS-SSTP 3.2.5.2.3.
pub fn compound_mac(hash: HashProtocol, hlak: &[u8; 32], connected_packet: &[u8]) -> Result<Vec<u8>, WireError> {
    Ok(hash.hmac(&cmk(hash, hlak), &Connected::of(connected_packet)?.without_mac()))
}

/// The packet with this MAC in its field; a packet of another length stays as it is.
pub fn sealed(packet: Vec<u8>, mac: &[u8]) -> Vec<u8> {
    Connected::of(&packet).map(|connected| connected.with_mac(mac).to_vec()).unwrap_or(packet)
}

/// Whether the packet carries the right compound MAC under this key; takes the same time for every wrong one.
/// MS-SSTP 3.3.5.2.3.
pub fn verify(hash: HashProtocol, hlak: &[u8; 32], connected_packet: &[u8]) -> Result<bool, WireError> {
    let expected = compound_mac(hash, hlak, connected_packet)?;
    Ok(Connected::of(connected_packet)?.carries(&expected))
}

/// The mistake that produced the MAC of this packet, when it is a known one; `None` when the MAC is right, when the
/// packet has another length, or when no known mistake gives it.
pub fn explain_mismatch(hash: HashProtocol, hlak: &[u8; 32], connected_packet: &[u8]) -> Option<&'static str> {
    let packet = Connected::of(connected_packet).ok()?;
    if packet.carries(&right(hash, hlak, &packet)) {
        return None;
    }
    MISTAKES.iter().find(|(_, mac)| packet.carries(&mac(hash, hlak, &packet))).map(|(says, _)| *says)
}

/// A Call Connected packet of the right length.
struct Connected([u8; CONNECTED_LEN]);

impl Connected {
    fn of(bytes: &[u8]) -> Result<Connected, WireError> {
        bytes.try_into().map(Connected).map_err(|_| WireError {
            layer: Layer::Binding,
            what: "Call Connected packet".into(),
            at: 0,
            need: CONNECTED_LEN,
            have: bytes.len(),
            limit: Limit::Spec("MS-SSTP 2.2.11".into()),
        })
    }

    fn without_mac(&self) -> [u8; CONNECTED_LEN] {
        let mut bytes = self.0;
        bytes.iter_mut().skip(MAC_AT).for_each(|byte| *byte = 0);
        bytes
    }

    fn with_mac(&self, mac: &[u8]) -> [u8; CONNECTED_LEN] {
        let mut bytes = self.without_mac();
        bytes.iter_mut().skip(MAC_AT).zip(mac).for_each(|(to, from)| *to = *from);
        bytes
    }

    /// The field starts with this MAC; what follows it is Padding1, which a receiver ignores (MS-SSTP 2.2.7).
    fn carries(&self, mac: &[u8]) -> bool {
        let field = self.0.get(MAC_AT..).and_then(|field| field.get(..mac.len())).unwrap_or_default();
        aws_lc_rs::constant_time::verify_slices_are_equal(field, mac).is_ok()
    }
}

fn prf(hash: HashProtocol, key: &[u8], seed: &[&[u8]]) -> Vec<u8> {
    hash.hmac(key, &seed.concat())
}

fn right(hash: HashProtocol, hlak: &[u8; 32], packet: &Connected) -> Vec<u8> {
    hash.hmac(&cmk(hash, hlak), &packet.without_mac())
}

/// The right MAC under a key made from another seed.
fn seeded(hash: HashProtocol, hlak: &[u8; 32], packet: &Connected, seed: &[&[u8]]) -> Vec<u8> {
    hash.hmac(&prf(hash, hlak, seed), &packet.without_mac())
}

fn len_of(hash: HashProtocol) -> u8 {
    hash.hash_len() as u8
}

fn halves_swapped(hlak: &[u8; 32]) -> [u8; 32] {
    let (send, receive) = hlak.split_at(16);
    first(&[receive, send].concat())
}

fn other(hash: HashProtocol) -> HashProtocol {
    match hash {
        HashProtocol::Sha1 => HashProtocol::Sha256,
        HashProtocol::Sha256 => HashProtocol::Sha1,
    }
}

type Mistake = (&'static str, fn(HashProtocol, &[u8; 32], &Connected) -> Vec<u8>);

/// Known mistakes and the MAC each of them gives; the likely ones first.
const MISTAKES: &[Mistake] = &[
    ("the MAC was made with an all-zero HLAK: the keys of the inner authentication did not reach it", |h, _, p| right(h, &[0; 32], p)),
    ("send and receive key are swapped in the HLAK", |h, k, p| right(h, &halves_swapped(k), p)),
    ("the HLAK itself was used as compound MAC key", |h, k, p| h.hmac(k, &p.without_mac())),
    ("the length in the key derivation is big-endian instead of little-endian", |h, k, p| seeded(h, k, p, &[SEED, &[0, len_of(h)], &[1]])),
    ("the length in the key derivation is one byte instead of two", |h, k, p| seeded(h, k, p, &[SEED, &[len_of(h)], &[1]])),
    ("the length is missing in the key derivation", |h, k, p| seeded(h, k, p, &[SEED, &[1]])),
    ("the counter byte is missing in the key derivation", |h, k, p| seeded(h, k, p, &[SEED, &[len_of(h), 0]])),
    ("the counter in the key derivation starts at 0 instead of 1", |h, k, p| seeded(h, k, p, &[SEED, &[len_of(h), 0], &[0]])),
    ("the seed of the key derivation has a trailing zero byte", |h, k, p| seeded(h, k, p, &[SEED, &[0], &[len_of(h), 0], &[1]])),
    ("the MAC covers only the attribute, not the 8 header bytes before it", |h, k, p| {
        h.hmac(&cmk(h, k), p.without_mac().get(ATTRIBUTE_AT..).unwrap_or_default())
    }),
    ("the MAC covers only the bytes before the MAC field, not the whole packet", |h, k, p| {
        h.hmac(&cmk(h, k), p.without_mac().get(..MAC_AT).unwrap_or_default())
    }),
    ("the MAC field already held a MAC and was not zeroed before the MAC was made", |h, k, p| {
        h.hmac(&cmk(h, k), &p.with_mac(&right(h, k, p)))
    }),
    ("the MAC was made with the other hash protocol than the packet names", |h, k, p| right(other(h), k, p)),
    ("the MAC field was left zero", |h, _, _| vec![0; h.hash_len()]),
];

/// MS-SSTP 3.2.5.2.2: 29 bytes without a terminating zero.
const SEED: &[u8] = b"SSTP inner method derived CMK";
/// MS-SSTP 2.2.11: length of a Call Connected packet in bytes.
const CONNECTED_LEN: usize = 112;
/// MS-SSTP 2.2.11: offset of the Crypto Binding attribute in a Call Connected packet, in bytes.
const ATTRIBUTE_AT: usize = 8;
/// MS-SSTP 2.2.7: offset of the Compound MAC in a Call Connected packet, in bytes.
const MAC_AT: usize = 80;

#[cfg(test)]
mod tests;
