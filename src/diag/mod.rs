//! Transcripts in, findings out; pure.
//!
//! One file per rung of the ladder holds its rows and their predicates. The layer of a row is the rung on which the
//! trouble is met; its id keeps the prefix of the failure catalogue (`TCP-ACCEPT-NO-DATA` is met in the TLS handshake).

mod auth;
mod auth_refused;
mod binding;
mod cert;
mod cert_advice;
pub mod check;
pub mod codes;
mod data;
mod dns;
mod http;
mod judge;
mod lcp;
mod look;
mod ncp;
mod proxy;
mod sstp;
mod tcp;
mod teardown;
mod tls;

pub use check::{Check, Evidence, Fix, Look, Need, Severity, Windows};
pub use judge::{Finding, Judgement, judge};

/// Every check, from the lowest layer to the highest; within a layer what is certain comes before what is likely.
pub fn all() -> impl Iterator<Item = &'static Check> {
    TABLES.iter().copied().flatten()
}

/// The check of that id.
pub fn by_id(id: &str) -> Option<&'static Check> {
    all().find(|check| check.id == id)
}

const TABLES: [&[Check]; 15] = [
    dns::DNS,
    tcp::TCP,
    proxy::PROXY,
    tls::TLS,
    cert::CERT,
    cert_advice::CERT_ADVICE,
    http::HTTP,
    sstp::SSTP,
    lcp::LCP,
    auth_refused::AUTH_REFUSED,
    auth::AUTH,
    binding::BINDING,
    ncp::NCP,
    data::DATA,
    teardown::TEARDOWN,
];

#[cfg(test)]
mod story;
#[cfg(test)]
mod tests;
