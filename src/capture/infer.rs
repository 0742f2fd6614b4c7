//! What can be told of a TLS flow without keys: is it SSTP, and how far did it get?

use crate::base::{Micros, Side};
use crate::transcript::tap;

/// Collects the records of one TLS connection.
#[derive(Clone, Debug, Default)]
pub struct Observer {}

impl Observer {
    /// Takes a record's header: content type and length of its body.
    pub fn record(&mut self, at: Micros, from: Side, kind: u8, len: usize) {
        let _ = (at, from, kind, len);
    }

    /// What the hellos agreed on.
    pub fn hello(&mut self, hello: &tap::ServerHello) {
        let _ = hello;
    }

    /// What the client offered.
    pub fn client_hello(&mut self, hello: &tap::ClientHello) {
        let _ = hello;
    }

    /// Bytes are missing.
    pub fn gap(&mut self, from: Side) {
        let _ = from;
    }

    /// What it all tells; nothing where there was no TLS.
    pub fn verdict(&self) -> Option<tap::Inference> {
        None
    }
}
