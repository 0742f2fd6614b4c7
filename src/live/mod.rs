//! Sockets, name resolution, proxies, TLS and the clock: everything that depends on the world outside.

pub mod clock;
pub mod drive;
pub mod listen;
pub mod toxic;

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
