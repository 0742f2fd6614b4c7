//! CHAP with MD5, RFC 1994.

use md5::{Digest, Md5};

/// The response value: MD5 over the identifier, the secret and the challenge. RFC 1994 4.1.
pub fn response(identifier: u8, secret: &str, challenge: &[u8]) -> [u8; 16] {
    let mut hash = Md5::new();
    hash.update([identifier]);
    hash.update(secret.as_bytes());
    hash.update(challenge);
    hash.finalize().into()
}

/// Whether `value` is the right response; takes the same time for every wrong one.
pub fn verify(identifier: u8, secret: &str, challenge: &[u8], value: &[u8]) -> bool {
    aws_lc_rs::constant_time::verify_slices_are_equal(&response(identifier, secret, challenge), value).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::hex;

    #[test]
    fn the_hash_runs_over_identifier_secret_challenge_in_that_order() {
        // RFC 1321 A.5: MD5("message digest"); the identifier is its first byte.
        assert_eq!(hex(&response(b'm', "essage ", b"digest")), "f96b697d7cb7938d525a2f31aaf161d0");
        assert_eq!(hex(&response(b'a', "", b"")), "0cc175b9c0f1b6a831c399e269772661");
    }

    #[test]
    fn a_wrong_or_short_value_is_refused() {
        let value = response(7, "Passw0rd!", &[9; 16]);
        assert!(verify(7, "Passw0rd!", &[9; 16], &value));
        assert!(!verify(8, "Passw0rd!", &[9; 16], &value));
        assert!(!verify(7, "Passw0rd!", &[9; 16], &value[..15]));
        assert!(!verify(7, "Passw0rd!", &[9; 16], &[]));
    }
}
