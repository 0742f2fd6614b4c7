//! The arithmetic of NTLM version 2. MS-NLMP 3.3.2.

use super::mschapv2::nt_password_hash;
use crate::base::Secret;
use md5::{Digest, Md5};

/// `NTOWFv2`: the key made of password, user and domain. MS-NLMP 3.3.2.
pub fn ntowf_v2(user: &str, domain: &str, password: &str) -> Secret<[u8; 16]> {
    let hash = Secret::new(nt_password_hash(password));
    let who: Vec<u8> = user.to_uppercase().encode_utf16().chain(domain.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    Secret::new(hmac_md5(hash.expose(), &[&who]))
}

/// The answer to a challenge: `NtChallengeResponse` and `LmChallengeResponse`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// `NTProofStr` and `temp`.
    pub nt: Vec<u8>,
    /// LMv2; zeros where the server's information bears a time. MS-NLMP 3.1.5.1.2.
    pub lm: [u8; 24],
}

/// Answers the 8-byte challenge of a server. `time` is a FILETIME: 100 ns since 1601.
pub fn respond(key: &Secret<[u8; 16]>, server_challenge: [u8; 8], client_challenge: [u8; 8], time: u64, target_info: &[u8]) -> Response {
    let told = av_time(target_info);
    let temp = [
        &[1, 1, 0, 0, 0, 0, 0, 0][..],
        &told.unwrap_or(time).to_le_bytes(),
        &client_challenge,
        &[0; 4],
        if target_info.is_empty() { &[0; 4][..] } else { target_info },
        &[0; 4],
    ]
    .concat();
    let proof = hmac_md5(key.expose(), &[&server_challenge, &temp]);
    let mut lm = [0; 24];
    if told.is_none() {
        let (value, challenge) = lm.split_at_mut(16);
        value.copy_from_slice(&hmac_md5(key.expose(), &[&server_challenge, &client_challenge]));
        challenge.copy_from_slice(&client_challenge);
    }
    Response { nt: [&proof[..], &temp].concat(), lm }
}

/// Whether an `NtChallengeResponse` answers the challenge under this key; takes the same time for every wrong one.
pub fn verify(key: &Secret<[u8; 16]>, server_challenge: [u8; 8], nt: &[u8]) -> bool {
    let Some((proof, temp)) = nt.split_at_checked(16) else { return false };
    let expected = hmac_md5(key.expose(), &[&server_challenge, temp]);
    aws_lc_rs::constant_time::verify_slices_are_equal(&expected, proof).is_ok()
}

/// `MsvAvTimestamp` among the AV pairs. MS-NLMP 2.2.2.1.
fn av_time(mut pairs: &[u8]) -> Option<u64> {
    while let [a, b, c, d, rest @ ..] = pairs {
        let (id, len) = (u16::from_le_bytes([*a, *b]), usize::from(u16::from_le_bytes([*c, *d])));
        let value = rest.get(..len)?;
        match id {
            0 => return None,
            7 => return value.try_into().ok().map(u64::from_le_bytes),
            _ => pairs = rest.get(len..)?,
        }
    }
    None
}

/// RFC 2104 over MD5.
fn hmac_md5(key: &[u8; 16], parts: &[&[u8]]) -> [u8; 16] {
    let padded = |pad: u8| -> [u8; 64] { std::array::from_fn(|i| key.get(i).copied().unwrap_or(0) ^ pad) };
    let mut inner = Md5::new();
    inner.update(padded(0x36));
    parts.iter().for_each(|part| inner.update(part));
    let mut outer = Md5::new();
    outer.update(padded(0x5c));
    outer.update(inner.finalize());
    outer.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{hex, unhex};

    /// MS-NLMP 4.2.4: domain and server name of the example.
    fn target_info() -> Vec<u8> {
        unhex("02000c0044006f006d00610069006e0001000c0053006500720076006500720000000000").expect("hexadecimal")
    }

    #[test]
    fn the_example_of_ms_nlmp_4_2_4() {
        let key = ntowf_v2("User", "Domain", "Password");
        assert_eq!(hex(key.expose()), "0c868a403bfd7a93a3001ef22ef02e3f");
        let challenge = [0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef];
        let response = respond(&key, challenge, [0xaa; 8], 0, &target_info());
        assert_eq!(hex(&response.nt[..16]), "68cd0ab851e51c96aabc927bebef6a1c");
        assert_eq!(hex(&response.lm), "86c35097ac9cec102554764a57cccc19aaaaaaaaaaaaaaaa");
        assert!(verify(&key, challenge, &response.nt));
        assert!(!verify(&ntowf_v2("User", "Domain", "password"), challenge, &response.nt));
        assert!(!verify(&key, [0; 8], &response.nt) && !verify(&key, challenge, &response.nt[..15]));
    }

    #[test]
    fn rfc_2202_hmac_md5() {
        assert_eq!(hex(&hmac_md5(&[0x0b; 16], &[b"Hi ", b"There"])), "9294727a3638bb1c13f48ef8158bfc9d");
    }

    #[test]
    fn the_time_of_the_server_is_taken_over_and_bad_pairs_are_survived() {
        let pairs = unhex("070008000102030405060708000000 00").expect("hexadecimal");
        assert_eq!(av_time(&pairs), Some(0x0807_0605_0403_0201));
        let response = respond(&ntowf_v2("u", "", "p"), [1; 8], [2; 8], 5, &pairs);
        assert_eq!(response.lm, [0; 24]);
        assert_eq!(response.nt[24..32], [1, 2, 3, 4, 5, 6, 7, 8]);
        for cut in 0..pairs.len() {
            let _ = av_time(&pairs[..cut]);
        }
        assert_eq!(av_time(&[7, 0, 0xff, 0xff, 1]), None);
    }
}
