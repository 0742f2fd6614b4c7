//! Sockets, name resolution, proxies, TLS and the clock: everything that depends on the world outside.

pub mod aside;
pub mod child;
pub mod clock;
pub mod dial;
pub mod dns;
pub mod drive;
pub mod fetch;
pub mod hello_scan;
pub mod keylog;
pub mod knock;
pub mod listen;
pub mod lookup;
pub mod middlebox;
mod notes;
pub mod proxy;
pub mod pty;
pub mod raw;
pub mod resolvers;
pub mod route;
pub mod runtime;
pub mod shots;
pub mod tap;
pub mod tls;
pub mod toxic;
pub mod trust;
pub mod wiretap;
pub mod witness;

pub use notes::Notes;

use std::path::Path;

/// Trouble on our own side: a file that cannot be opened, an address that cannot be bound. What the peer does wrong is
/// an event instead.
#[derive(Debug)]
pub struct LiveError {
    /// What was being done, such as `read the CA file`.
    pub doing: &'static str,
    /// To what.
    pub to: String,
    /// Why it failed.
    pub source: std::io::Error,
}

impl LiveError {
    /// Trouble with a file.
    pub fn file(doing: &'static str, path: &Path, source: std::io::Error) -> LiveError {
        LiveError { doing, to: path.display().to_string(), source }
    }
}

impl std::fmt::Display for LiveError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "cannot {} {}: {}", self.doing, self.to, self.source)
    }
}

impl std::error::Error for LiveError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.source)
    }
}
