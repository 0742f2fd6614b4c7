//! TLS on the wire: a ClientHello of our own making and the first flight of a server, for servers that the TLS library
//! will not speak to and for scans; and for captures, readers of hellos and other messages, suites, and fingerprints.
//! RFC 6101, RFC 2246, RFC 4346, RFC 5246, RFC 8446.

pub mod clients;
pub mod fingerprint;
mod flight;
pub mod hello;
pub mod mark;
pub mod message;
mod offer;
pub mod record;
pub mod suite;
mod suites;

pub use flight::{Exchange, Flight, Until};
pub use hello::ClientHello;
pub use offer::{Choice, Offer, is_grease};
pub use record::Alert;

/// SSL 3.0.
pub const SSL30: u16 = 0x0300;
/// TLS 1.0.
pub const TLS10: u16 = 0x0301;
/// TLS 1.1.
pub const TLS11: u16 = 0x0302;
/// TLS 1.2.
pub const TLS12: u16 = 0x0303;
/// TLS 1.3.
pub const TLS13: u16 = 0x0304;

/// RFC 8446 4.2.1.
const SUPPORTED_VERSIONS: u16 = 43;

#[cfg(test)]
mod tests;
