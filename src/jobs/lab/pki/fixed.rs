//! Chains made beforehand by openssl (`fixtures/chains/make.sh`, `make-odd.sh`): no library of ours signs with SHA-1, MD5 or SHA-3, or makes keys so short.

use super::super::OwnChain;
use crate::base::Secret;

/// A chain for the lab's name, and the root above it.
#[derive(Debug)]
pub struct Fixed {
    /// As sent, DER, leaf first.
    certs: &'static [&'static [u8]],
    /// The leaf's key, PKCS #8; for tests only, and public.
    key: &'static [u8],
    /// The root.
    root: &'static [u8],
}

impl From<&Fixed> for OwnChain {
    fn from(fixed: &Fixed) -> OwnChain {
        let certs = fixed.certs.iter().map(|der| der.to_vec()).collect();
        OwnChain { certs, key: Secret::new(fixed.key.to_vec()), root: Some(fixed.root.to_vec()), pages: Vec::new() }
    }
}

macro_rules! file {
    ($name:literal) => {
        include_bytes!(concat!("../../../../fixtures/chains/", $name))
    };
}

const ROOT: &[u8] = file!("old-root.der");

/// The leaf is signed with SHA-1.
pub static SHA1_LEAF: Fixed = Fixed { certs: &[file!("leaf-sha1.der")], key: file!("leaf-sha1.p8"), root: ROOT };
/// The CA is signed with SHA-1.
pub static SHA1_CA: Fixed =
    Fixed { certs: &[file!("leaf-below-ca-sha1.der"), file!("ca-sha1.der")], key: file!("leaf-below-ca-sha1.p8"), root: ROOT };
/// The leaf is signed with MD5.
pub static MD5_LEAF: Fixed = Fixed { certs: &[file!("leaf-md5.der")], key: file!("leaf-md5.p8"), root: ROOT };
/// The CA has an RSA key of 1024 bits.
pub static KEY_1024: Fixed =
    Fixed { certs: &[file!("leaf-below-ca-1024.der"), file!("ca-1024.der")], key: file!("leaf-below-ca-1024.p8"), root: ROOT };
/// The CA has an RSA key of 512 bits.
pub static KEY_512: Fixed =
    Fixed { certs: &[file!("leaf-below-ca-512.der"), file!("ca-512.der")], key: file!("leaf-below-ca-512.p8"), root: ROOT };
/// The leaf is signed with RSA and SHA-3.
pub static SHA3_LEAF: Fixed = Fixed { certs: &[file!("leaf-sha3-256.der")], key: file!("odd-leaf.p8"), root: file!("odd-root.der") };
