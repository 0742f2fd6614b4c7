//! Bytes to values and back, for every protocol between TLS and the inner packet. Pure functions, no state but framing.

pub mod cert;
pub mod challenge;
pub mod chap;
pub mod control;
pub mod crl;
pub mod der;
pub mod dns;
pub mod eap;
pub mod hdlc;
pub mod http;
pub mod inner;
pub mod layout;
pub mod ncp;
pub mod ntlm;
pub mod ocsp;
pub mod pap;
pub mod peap;
pub mod ppp;
pub mod socks;
pub mod sstp;
pub mod tls;
