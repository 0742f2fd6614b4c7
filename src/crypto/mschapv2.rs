//! MS-CHAP version 2, RFC 2759 section 8.

use aws_lc_rs::digest::{Context, SHA1_FOR_LEGACY_USE_ONLY};
use des::Des;
use des::cipher::{Array, BlockCipherEncrypt, KeyInit};
use md4::{Digest, Md4};
use std::fmt::Write;

/// MD4 over the password in UTF-16LE, 16 bytes. RFC 2759 8.3 (`NtPasswordHash`).
pub fn nt_password_hash(password: &str) -> [u8; 16] {
    let utf16: Vec<u8> = password.encode_utf16().flat_map(u16::to_le_bytes).collect();
    Md4::digest(utf16).into()
}

/// MD4 over the NT hash, 16 bytes. RFC 2759 8.4 (`HashNtPasswordHash`).
pub fn hash_nt_password_hash(password_hash: &[u8; 16]) -> [u8; 16] {
    Md4::digest(password_hash).into()
}

/// The user name without its `DOMAIN\` prefix, which takes no part in the hash. RFC 2759 8.2.
pub fn user_without_domain(user: &str) -> &str {
    user.split_once('\\').map_or(user, |(_, user)| user)
}

/// The 8-byte challenge that both ends derive from the two 16-byte ones. RFC 2759 8.2 (`ChallengeHash`).
pub fn challenge_hash(peer_challenge: &[u8; 16], authenticator_challenge: &[u8; 16], user: &str) -> [u8; 8] {
    first(&sha1(&[peer_challenge, authenticator_challenge, user_without_domain(user).as_bytes()]))
}

/// Three DES encryptions of the 8-byte challenge under the NT hash, 24 bytes. RFC 2759 8.5 (`ChallengeResponse`).
pub fn challenge_response(challenge: &[u8; 8], password_hash: &[u8; 16]) -> [u8; 24] {
    let mut response = [0; 24];
    for (out, key) in response.chunks_exact_mut(8).zip(des_keys(password_hash)) {
        let mut block = Array(*challenge);
        Des::new(&Array(key)).encrypt_block(&mut block);
        out.copy_from_slice(&block);
    }
    response
}

/// The NT-Response of a user with this NT hash. RFC 2759 8.1 (`GenerateNTResponse`).
pub fn nt_response(authenticator_challenge: &[u8; 16], peer_challenge: &[u8; 16], user: &str, password_hash: &[u8; 16]) -> [u8; 24] {
    challenge_response(&challenge_hash(peer_challenge, authenticator_challenge, user), password_hash)
}

/// The NT-Response of a user with this password. RFC 2759 8.1 (`GenerateNTResponse`).
pub fn generate_nt_response(authenticator_challenge: &[u8; 16], peer_challenge: &[u8; 16], user: &str, password: &str) -> [u8; 24] {
    nt_response(authenticator_challenge, peer_challenge, user, &nt_password_hash(password))
}

/// What the server proves its knowledge of the password with: `S=` and 40 upper-case hexadecimal digits.
/// RFC 2759 8.7 (`GenerateAuthenticatorResponse`).
pub fn authenticator_response(
    password_hash: &[u8; 16],
    nt_response: &[u8; 24],
    peer_challenge: &[u8; 16],
    authenticator_challenge: &[u8; 16],
    user: &str,
) -> String {
    let inner = sha1(&[&hash_nt_password_hash(password_hash), nt_response, MAGIC_1]);
    let outer = sha1(&[&inner, &challenge_hash(peer_challenge, authenticator_challenge, user), MAGIC_2]);
    outer.iter().fold("S=".to_string(), |mut text, byte| {
        let _ = write!(text, "{byte:02X}");
        text
    })
}

/// Whether the message of a Success packet carries the expected `S=`; a message after it (`M=...`) and the case of the
/// digits play no part. RFC 2759 5 and 8.8 (`CheckAuthenticatorResponse`).
pub fn verify_authenticator_response(expected: &str, message: &[u8]) -> bool {
    message.get(..expected.len()).is_some_and(|start| {
        aws_lc_rs::constant_time::verify_slices_are_equal(start.to_ascii_uppercase().as_slice(), expected.to_ascii_uppercase().as_bytes())
            .is_ok()
    })
}

/// SHA-1 over the parts one after the other.
pub(super) fn sha1(parts: &[&[u8]]) -> [u8; 20] {
    let mut context = Context::new(&SHA1_FOR_LEGACY_USE_ONLY);
    parts.iter().for_each(|part| context.update(part));
    first(context.finish().as_ref())
}

/// The first `N` bytes; zeros where there are fewer.
pub(super) fn first<const N: usize>(bytes: &[u8]) -> [u8; N] {
    let mut array = [0; N];
    array.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
    array
}

/// The three DES keys of an NT hash: 5 zero bytes appended, cut in pieces of 7 bytes, spread to 8. RFC 2759 8.5.
fn des_keys(password_hash: &[u8; 16]) -> [[u8; 8]; 3] {
    let mut padded = [0; 21];
    padded.iter_mut().zip(password_hash).for_each(|(to, from)| *to = *from);
    let mut keys = [[0; 8]; 3];
    keys.iter_mut().zip(padded.chunks_exact(7)).for_each(|(key, seven)| *key = with_parity(seven));
    keys
}

/// Seven bytes spread to eight: seven bits each and a low bit for odd parity. RFC 2759 8.6.
fn with_parity(seven: &[u8]) -> [u8; 8] {
    let bits = seven.iter().fold(0u64, |bits, byte| bits << 8 | u64::from(*byte));
    std::array::from_fn(|i| {
        let high = ((bits >> (49 - 7 * i) & 0x7f) << 1) as u8;
        high | u8::from(high.count_ones().is_multiple_of(2))
    })
}

/// RFC 2759 8.7, `Magic1`.
const MAGIC_1: &[u8] = b"Magic server to client signing constant";
/// RFC 2759 8.7, `Magic2`.
const MAGIC_2: &[u8] = b"Pad to make it do more than one iteration";

/// The user of RFC 2759 9.2, for the tests of this floor.
#[cfg(test)]
pub(super) mod rfc2759 {
    pub const USER: &str = "User";
    pub const PASSWORD: &str = "clientPass";
    pub const AUTHENTICATOR_CHALLENGE: [u8; 16] = *b"[]|}{?/><,`!2&&(";
    pub const PEER_CHALLENGE: [u8; 16] = *b"!@#$%^&*()_+:3|~";
}

#[cfg(test)]
mod tests {
    use super::rfc2759::*;
    use super::*;
    use crate::base::{hex, unhex};

    #[test]
    fn the_user_of_rfc_2759_9_2() {
        assert_eq!(AUTHENTICATOR_CHALLENGE.to_vec(), unhex("5B 5D 7C 7D 7B 3F 2F 3E 3C 2C 60 21 32 26 26 28").unwrap());
        assert_eq!(PEER_CHALLENGE.to_vec(), unhex("21 40 23 24 25 5E 26 2A 28 29 5F 2B 3A 33 7C 7E").unwrap());
        let hash = nt_password_hash(PASSWORD);
        assert_eq!(hex(&hash), "44ebba8d5312b8d611474411f56989ae");
        assert_eq!(hex(&hash_nt_password_hash(&hash)), "41c00c584bd2d91c4017a2a12fa59f3f");
        assert_eq!(hex(&challenge_hash(&PEER_CHALLENGE, &AUTHENTICATOR_CHALLENGE, USER)), "d02e4386bce91226");
        let response = generate_nt_response(&AUTHENTICATOR_CHALLENGE, &PEER_CHALLENGE, USER, PASSWORD);
        assert_eq!(hex(&response), "82309ecd8d708b5ea08faa3981cd83544233114a3d85d6df");
        assert_eq!(
            authenticator_response(&hash, &response, &PEER_CHALLENGE, &AUTHENTICATOR_CHALLENGE, USER),
            "S=407A5589115FD0D6209F510FE9C04566932CDA56"
        );
    }

    #[test]
    fn the_domain_takes_no_part() {
        let bare = challenge_hash(&PEER_CHALLENGE, &AUTHENTICATOR_CHALLENGE, USER);
        assert_eq!(challenge_hash(&PEER_CHALLENGE, &AUTHENTICATOR_CHALLENGE, "BIGCO\\User"), bare);
        assert_ne!(challenge_hash(&PEER_CHALLENGE, &AUTHENTICATOR_CHALLENGE, "user"), bare);
        assert_ne!(challenge_hash(&PEER_CHALLENGE, &AUTHENTICATOR_CHALLENGE, "User@bigco.example"), bare);
    }

    #[test]
    fn the_key_expansion_of_rfc_2759_9_3() {
        let hash = nt_password_hash("MyPw");
        assert_eq!(hex(&hash), "fc156af7edcd6c0edde3337d427f4eac");
        let keys: Vec<String> = des_keys(&hash).iter().map(|key| hex(key)).collect();
        assert_eq!(keys, ["fd0b5b5e7f6e34d9", "0e6e796737ea08fe", "4f57010101010101"]);
    }

    #[test]
    fn the_server_proof_is_found_before_its_message_and_in_either_case() {
        let expected = "S=407A5589115FD0D6209F510FE9C04566932CDA56";
        assert!(verify_authenticator_response(expected, b"S=407A5589115FD0D6209F510FE9C04566932CDA56 M=Welcome"));
        assert!(verify_authenticator_response(expected, b"S=407a5589115fd0d6209f510fe9c04566932cda56"));
        assert!(!verify_authenticator_response(expected, b"S=507A5589115FD0D6209F510FE9C04566932CDA56"));
        assert!(!verify_authenticator_response(expected, b"S=407A5589"));
        assert!(!verify_authenticator_response(expected, b""));
    }

    #[test]
    fn a_password_outside_ascii_is_utf_16_little_endian() {
        // One character beyond the basic plane is two code units.
        assert_eq!(nt_password_hash("\u{1f511}").to_vec(), Md4::digest([0x3d, 0xd8, 0x11, 0xdd]).to_vec());
        assert_eq!(hex(&nt_password_hash("")), "31d6cfe0d16ae931b73c59d7e0c089c0");
    }
}
