//! Key shares of TLS 1.3, made to look into the encrypted part of a server's flight. RFC 8446 4.2.8, 7.4.2.

use aws_lc_rs::agreement::{self, Algorithm, EphemeralPrivateKey, UnparsedPublicKey};
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::rand::SystemRandom;
use zeroize::Zeroizing;

/// One private key for every group that can be computed here.
#[derive(Default)]
pub(in crate::live) struct Shares(Vec<(u16, EphemeralPrivateKey)>);

impl Shares {
    /// Fresh keys; a group whose key cannot be made is left out.
    pub fn new() -> Shares {
        let random = SystemRandom::new();
        let key = |(group, algorithm): &(u16, &'static Algorithm)| Some((*group, EphemeralPrivateKey::generate(algorithm, &random).ok()?));
        Shares(GROUPS.iter().filter_map(key).collect())
    }

    /// Groups and public keys, as a hello carries them.
    pub fn offered(&self) -> Vec<(u16, Vec<u8>)> {
        self.0.iter().filter_map(|(group, key)| Some((*group, key.compute_public_key().ok()?.as_ref().to_vec()))).collect()
    }

    /// The secret with the server's share of that group.
    pub fn agree(self, group: u16, theirs: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let (_, key) = self.0.into_iter().find(|row| row.0 == group)?;
        let algorithm = GROUPS.iter().find(|row| row.0 == group)?.1;
        let theirs = UnparsedPublicKey::new(algorithm, theirs);
        agreement::agree_ephemeral(key, theirs, Unspecified, |secret| Ok(Zeroizing::new(secret.to_vec()))).ok()
    }
}

/// IANA, TLS Supported Groups: X25519, P-256, P-384, P-521.
const GROUPS: &[(u16, &Algorithm)] =
    &[(0x001d, &agreement::X25519), (0x0017, &agreement::ECDH_P256), (0x0018, &agreement::ECDH_P384), (0x0019, &agreement::ECDH_P521)];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_ends_agree_in_every_group() {
        for (group, _) in GROUPS {
            let (a, b) = (Shares::new(), Shares::new());
            let public = |shares: &Shares| shares.offered().into_iter().find(|row| row.0 == *group).expect("offered").1;
            let (of_a, of_b) = (public(&a), public(&b));
            let secret = a.agree(*group, &of_b).expect("a share of the group");
            assert_eq!(Some(secret), b.agree(*group, &of_a), "{group:04x}");
        }
        assert!(Shares::new().agree(0x001d, &[1; 5]).is_none());
        assert!(Shares::new().agree(0x001e, &[1; 56]).is_none());
    }
}
