//! The keys that MS-CHAPv2 leaves behind, RFC 3079 section 3, and what SSTP makes of them, MS-SSTP 3.2.5.2.2.

use super::mschapv2::{first, sha1};

/// The 16-byte master key of an exchange. RFC 3079 3.4 (`GetMasterKey`).
pub fn master_key(password_hash_hash: &[u8; 16], nt_response: &[u8; 24]) -> [u8; 16] {
    first(&sha1(&[password_hash_hash, nt_response, MAGIC_1]))
}

/// The 128-bit start key of the direction client to server: the client sends with it, the server receives with it.
/// RFC 3079 3.4 (`GetAsymmetricStartKey`).
pub fn client_send_key(master_key: &[u8; 16]) -> [u8; 16] {
    asymmetric_start_key(master_key, MAGIC_2)
}

/// The 128-bit start key of the direction server to client: the client receives with it, the server sends with it.
/// RFC 3079 3.4 (`GetAsymmetricStartKey`).
pub fn client_receive_key(master_key: &[u8; 16]) -> [u8; 16] {
    asymmetric_start_key(master_key, MAGIC_3)
}

/// The higher-layer authentication key, 32 bytes: the client's send key, then its receive key. The server calls the
/// same bytes receive key and send key. MS-SSTP 3.2.5.2.2 and 3.2.5.2.4.
pub fn hlak(password_hash_hash: &[u8; 16], nt_response: &[u8; 24]) -> [u8; 32] {
    let master = master_key(password_hash_hash, nt_response);
    first(&[client_send_key(&master), client_receive_key(&master)].concat())
}

fn asymmetric_start_key(master_key: &[u8; 16], magic: &[u8]) -> [u8; 16] {
    first(&sha1(&[master_key, &SHS_PAD_1, magic, &SHS_PAD_2]))
}

/// RFC 3079 3.4, `SHSpad1`.
const SHS_PAD_1: [u8; 40] = [0x00; 40];
/// RFC 3079 3.4, `SHSpad2`.
const SHS_PAD_2: [u8; 40] = [0xf2; 40];
/// RFC 3079 3.4, `Magic1`.
const MAGIC_1: &[u8] = b"This is the MPPE Master Key";
/// RFC 3079 3.4, `Magic2`.
const MAGIC_2: &[u8] = b"On the client side, this is the send key; on the server side, it is the receive key.";
/// RFC 3079 3.4, `Magic3`.
const MAGIC_3: &[u8] = b"On the client side, this is the receive key; on the server side, it is the send key.";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::hex;
    use crate::crypto::mschapv2::{self, rfc2759};

    #[test]
    fn the_keys_of_rfc_3079_3_5_3() {
        let password_hash_hash = mschapv2::hash_nt_password_hash(&mschapv2::nt_password_hash(rfc2759::PASSWORD));
        let response =
            mschapv2::generate_nt_response(&rfc2759::AUTHENTICATOR_CHALLENGE, &rfc2759::PEER_CHALLENGE, rfc2759::USER, rfc2759::PASSWORD);
        let master = master_key(&password_hash_hash, &response);
        assert_eq!(hex(&master), "fdece3717a8c838cb388e527ae3cdd31");
        assert_eq!(hex(&client_receive_key(&master)), "8b7cdc149b993a1ba118cb153f56dccb");
        assert_eq!(hex(&client_send_key(&master)), "d5f0e9521e3ea9589645e86051c82226");
        assert_eq!(hex(&hlak(&password_hash_hash, &response)), "d5f0e9521e3ea9589645e86051c822268b7cdc149b993a1ba118cb153f56dccb");
    }

    #[test]
    fn the_constants_have_the_published_lengths() {
        assert_eq!((MAGIC_1.len(), MAGIC_2.len(), MAGIC_3.len()), (27, 84, 84));
    }
}
