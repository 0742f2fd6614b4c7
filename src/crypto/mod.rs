//! Keys, hashes and proofs: the arithmetic of the inner authentication, of the crypto binding, of the certificate chain
//! and of TLS as a tap opens it, with no I/O and no clock.

pub mod binding;
pub mod chain;
pub mod chap_md5;
pub mod http_digest;
pub mod mppe;
pub mod mschapv2;
pub mod ntlm;
pub mod peap;
pub mod revocation;
pub mod tls13_flight;
pub mod tls_keys;
pub mod tls_open;
