//! Transcripts in, findings out; pure.
//!
//! One file per rung of the ladder holds its rows and their predicates. The layer of a row is the rung on which the
//! trouble is met; its id keeps the prefix of the failure catalogue (`TCP-ACCEPT-NO-DATA` is met in the TLS handshake).

mod auth;
mod auth_eap;
mod auth_eap_packets;
mod auth_md5;
mod auth_refused;
mod binding;
pub mod cause;
mod cert;
mod cert_advice;
mod cert_chain;
mod cert_name;
mod cert_revoked;
mod cert_use;
pub mod check;
pub mod clients;
pub mod codes;
mod data;
mod dns;
mod ending;
pub mod explain;
pub mod gate;
mod http;
pub mod join;
mod judge;
mod lcp;
pub mod log;
mod look;
mod ncp;
mod other_node;
pub mod path;
pub mod product;
mod proxy;
mod remedy;
mod sstp;
mod tap_across;
mod tap_call;
mod tap_capture;
mod tap_cert;
mod tap_compared;
mod tap_data;
mod tap_end;
mod tap_exposure;
mod tap_left;
mod tap_proof;
mod tap_tcp;
mod tcp;
mod teardown;
mod tls;
mod tls_odd;
mod tls_scan;
pub mod unseen;
pub mod visibility;
pub mod witness;
pub mod words;

pub use cert::objection;
pub use check::{Check, Evidence, Fix, Look, Need, Severity, Windows};
pub use judge::{Finding, Judgement, judge, judge_among};

use crate::base::Layer;
use std::sync::LazyLock;

/// Every check, from the lowest layer to the highest; within a layer what is certain comes before what is likely.
pub fn all() -> impl Iterator<Item = &'static Check> {
    ORDERED.iter().copied()
}

static ORDERED: LazyLock<Vec<&'static Check>> = LazyLock::new(|| {
    let of = |layer: Layer| TABLES.iter().copied().flatten().filter(move |check| check.layer == layer);
    Layer::ALL.into_iter().flat_map(of).collect()
});

/// The check of that id.
pub fn by_id(id: &str) -> Option<&'static Check> {
    TABLES.iter().copied().flatten().find(|check| check.id == id)
}

/// Within a layer what is proved comes before what is inferred, and that the client left comes last.
const TABLES: &[&[Check]] = &[
    dns::DNS,
    tap_capture::TAP_CAPTURE,
    tap_tcp::TAP_TCP,
    tap_compared::TAP_COMPARED,
    tcp::TCP,
    proxy::PROXY,
    tls_odd::TLS_ODD,
    tls::TLS,
    tls_scan::TLS_SCAN,
    // In the order in which Windows' chain policy goes; see `cert`.
    cert::CERT,
    cert_use::CERT_SIGNATURE,
    cert_chain::CERT_END,
    cert::CERT_DATES,
    cert_use::CERT_USE,
    cert_name::CERT_NAME,
    cert_chain::CERT_CHAIN,
    cert_revoked::CERT_REVOKED,
    tap_cert::TAP_CERT,
    cert_advice::CERT_ADVICE,
    http::HTTP,
    sstp::SSTP,
    tap_call::TAP_CALL,
    lcp::LCP,
    auth_md5::AUTH_MD5,
    auth_refused::AUTH_WAITED,
    auth_eap::AUTH_EAP,
    auth_refused::AUTH_REFUSED,
    auth::AUTH,
    tap_proof::TAP_PROOF,
    binding::BINDING,
    ncp::NCP,
    tap_across::TAP_ACROSS,
    tap_data::TAP_DATA,
    data::DATA,
    tap_exposure::TAP_EXPOSURE,
    tap_end::TAP_END,
    teardown::TEARDOWN,
    tap_left::TAP_LEFT,
];

#[cfg(test)]
mod story;
#[cfg(test)]
mod tests;
