//! Keys of PEAP with cryptobinding: the proof that the tunnel and the login inside have the same two ends. MS-PEAP 3.1.5.5.

use super::mschapv2::first;
use aws_lc_rs::hmac;

/// The keys that the tunnel and the login inside yield together.
#[derive(Clone, PartialEq, Eq)]
pub struct CompoundKeys {
    /// Intermediate PEAP MAC key, 40 bytes: the key of the session key.
    ipmk: [u8; 40],
    /// Compound MAC key, 20 bytes.
    cmk: [u8; 20],
}

impl CompoundKeys {
    /// From the tunnel key (what TLS exports, its first 40 bytes count) and the inner session key, which is 32 zero bytes where
    /// the login inside yields none. MS-PEAP 3.1.5.5.2.2.
    pub fn new(tunnel_key: &[u8], inner_session_key: &[u8; 32]) -> CompoundKeys {
        let tunnel_key: [u8; 40] = first(tunnel_key);
        let keys: [u8; 60] = first(&prf_plus(&tunnel_key, &[b"Inner Methods Compound Keys", inner_session_key], 60));
        let (ipmk, cmk) = keys.split_at(40);
        CompoundKeys { ipmk: first(ipmk), cmk: first(cmk) }
    }

    /// The compound MAC over a cryptobinding TLV of 60 bytes whose MAC field is passed over; there are no outer TLVs. MS-PEAP 3.1.5.5.1.
    pub fn compound_mac(&self, tlv: &[u8; TLV_LEN]) -> [u8; 20] {
        let mut bytes = [0; TLV_LEN + 1];
        let kept = TLV_LEN - MAC_LEN;
        bytes.iter_mut().zip(tlv.iter().take(kept)).for_each(|(to, from)| *to = *from);
        bytes[TLV_LEN] = EAP_TYPE_PEAP;
        first(&sha1(&self.cmk, &[&bytes]))
    }

    /// The TLV carries the right MAC; takes the same time for every wrong one.
    pub fn verify(&self, tlv: &[u8; TLV_LEN]) -> bool {
        let carried = tlv.get(TLV_LEN - MAC_LEN..).unwrap_or_default();
        aws_lc_rs::constant_time::verify_slices_are_equal(carried, &self.compound_mac(tlv)).is_ok()
    }

    /// The compound session key, of which the first 64 bytes are the MSK. MS-PEAP 3.1.5.7.
    pub fn session_key(&self) -> [u8; 64] {
        // The label ends in a zero byte here, unlike the one above.
        first(&prf_plus(&self.ipmk, &[b"Session Key Generating Function\0"], 128))
    }
}

impl std::fmt::Debug for CompoundKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CompoundKeys([redacted])")
    }
}

impl Drop for CompoundKeys {
    fn drop(&mut self) {
        zeroize::Zeroize::zeroize(&mut self.ipmk);
        zeroize::Zeroize::zeroize(&mut self.cmk);
    }
}

/// MS-PEAP 3.1.5.5.2.2: T1 = HMAC-SHA1(K, S | 01 00 00), Tn = HMAC-SHA1(K, Tn-1 | S | n 00 00).
fn prf_plus(key: &[u8], seed: &[&[u8]], len: usize) -> Vec<u8> {
    let seed = seed.concat();
    let mut all: Vec<u8> = Vec::with_capacity(len + MAC_LEN);
    let mut last = Vec::new();
    let mut round = 0u8;
    while all.len() < len {
        round = round.wrapping_add(1);
        last = sha1(key, &[&last, &seed, &[round, 0, 0]]);
        all.extend(&last);
    }
    all.truncate(len);
    all
}

fn sha1(key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, key);
    hmac::sign(&key, &parts.concat()).as_ref().to_vec()
}

/// MS-PEAP 2.2.8.1.1: bytes of a cryptobinding TLV, header and MAC included.
pub const TLV_LEN: usize = 60;
/// MS-PEAP 2.2.8.1.1: bytes of the MAC at its end.
const MAC_LEN: usize = 20;
/// MS-PEAP 3.1.5.5.1: the type number of PEAP follows the TLV under the MAC.
const EAP_TYPE_PEAP: u8 = 25;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{hex, unhex};

    /// Computed apart from this code, with Python's hmac: `tests/interop/radius.rs` has the proof against other programs.
    #[test]
    fn the_keys_of_a_tunnel_and_a_login() {
        let tunnel: Vec<u8> = (0..64).collect();
        let inner: [u8; 32] = std::array::from_fn(|n| 0xa0 + n as u8);
        let keys = CompoundKeys::new(&tunnel, &inner);
        assert_eq!(hex(&keys.cmk), "1b6835059ab8dcba5c71c312892c0d7518936bbc");
        assert_eq!(hex(&keys.session_key()[..32]), "905a5fd78cccc7209b3a33f94a1f59e051a8cfc6bb1cbb8b5ef821b3903feee5");
        let mut tlv = [0; TLV_LEN];
        tlv[..8].copy_from_slice(&unhex("000c003800000000").unwrap());
        assert_eq!(hex(&keys.compound_mac(&tlv)), "80722013fa7e780308d7b6835c299a5eed7c9361");
        assert!(!keys.verify(&tlv));
        let mac = keys.compound_mac(&tlv);
        tlv[40..].copy_from_slice(&mac);
        assert!(keys.verify(&tlv));
        tlv[10] ^= 1;
        assert!(!keys.verify(&tlv));
    }

    #[test]
    fn they_do_not_print() {
        assert_eq!(format!("{:?}", CompoundKeys::new(&[1; 64], &[2; 32])), "CompoundKeys([redacted])");
    }
}
