//! The rows, a file for each layer, and the oddities that are no faults.

pub(super) mod auth;
pub(super) mod binding;
pub(super) mod cert;
pub(super) mod data;
pub(super) mod dns;
pub(super) mod eap;
pub(super) mod http;
pub(super) mod lcp;
pub(super) mod mutants;
pub(super) mod ncp;
pub(super) mod oddities;
pub(super) mod proxy;
pub(super) mod sstp;
pub(super) mod tcp;
pub(super) mod teardown;
pub(super) mod tls;
