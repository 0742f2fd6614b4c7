//! Keys, hashes and proofs: the arithmetic of the inner authentication, of the crypto binding and of the certificate
//! chain, with no I/O and no clock.

pub mod binding;
pub mod chain;
pub mod chap_md5;
pub mod mppe;
pub mod mschapv2;
