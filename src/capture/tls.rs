//! TLS as a tap sees it: records, handshake in the clear, and plaintext where there is a key.

use crate::base::{Micros, Side};
use crate::transcript::Event;

/// Who takes what comes out of TLS.
pub trait Sees {
    /// An event: hello, chain, alert, secured, unsecured.
    fn event(&mut self, event: Event);
    /// Application data in the clear.
    fn plain(&mut self, at: Micros, from: Side, bytes: &[u8]);
    /// So many bytes of application data of one side, or at least some where 0, cannot be had; what follows is behind a hole.
    fn lost(&mut self, at: Micros, from: Side, bytes: u64);
    /// The header of every record, in order.
    fn record(&mut self, at: Micros, from: Side, kind: u8, len: usize);
}
