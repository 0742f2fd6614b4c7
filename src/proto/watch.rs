//! A watcher of both directions above TLS: what each end said, where the call stands, what went wrong.

use super::plan::{CertHashes, Credentials};
use crate::base::{Micros, Secret, Side};
use crate::transcript::{Event, How};

/// What a watcher is told in advance.
#[derive(Clone, Debug, Default)]
pub struct WatchConfig {
    /// Bulk data becomes events too.
    pub packets: bool,
    /// User and password, to check the authentication and the compound MAC.
    pub credentials: Option<Credentials>,
    /// NT hash of the password, where that is all there is.
    pub nt_hash: Option<Secret<[u8; 16]>>,
}

/// Who hears what a watcher sees.
pub trait Watcher {
    /// Something happened.
    fn event(&mut self, event: Event);
    /// A network packet inside the tunnel, from its IP header on.
    fn inner(&mut self, at: Micros, from: Side, packet: &[u8]) {
        let _ = (at, from, packet);
    }
}

/// Follows one call, both directions, from the first byte of HTTP.
#[derive(Debug, Default)]
pub struct Watch {
    config: WatchConfig,
}

impl Watch {
    /// A watcher of a call that has not begun.
    pub fn new(config: WatchConfig) -> Watch {
        Watch { config }
    }

    /// The certificate that the server showed in the TLS handshake around the call.
    pub fn certificate(&mut self, hashes: CertHashes) {
        let _ = (hashes, &self.config);
    }

    /// Plaintext of one side.
    pub fn bytes(&mut self, at: Micros, from: Side, bytes: &[u8], out: &mut dyn Watcher) {
        let _ = (at, from, bytes, out);
    }

    /// So many bytes of one side are missing (0: unknown how many).
    pub fn gap(&mut self, at: Micros, from: Side, bytes: u64, out: &mut dyn Watcher) {
        let _ = (at, from, bytes, out);
    }

    /// One side ended the connection.
    pub fn closed(&mut self, at: Micros, from: Side, how: How, out: &mut dyn Watcher) {
        let _ = (at, from, how, out);
    }

    /// Nothing more will come: says where the call stopped, and what was counted.
    pub fn end(&mut self, at: Micros, out: &mut dyn Watcher) {
        let _ = (at, out);
    }

    /// A request with the SSTP method was seen, or SSTP packets.
    pub fn is_sstp(&self) -> bool {
        false
    }
}
