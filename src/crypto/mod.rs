//! crypto

pub mod binding;
pub mod chain;
pub mod chap_md5;
pub mod mppe;
pub mod mschapv2;
