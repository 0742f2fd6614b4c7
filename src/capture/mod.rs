//! Captures in, transcripts out: files, link and network layers, TCP reassembly, TLS decryption, and what can be told
//! without keys. Streams: memory is bounded whatever the size of the capture.
//!
//! ```text
//! file ──packets──▶ link ──segments──▶ flow ──streams──▶ conn ──records──▶ tls ──plaintext──▶ proto::watch ──▶ events
//!                                                          └────────────▶ infer (no keys)
//! ```

pub mod conn;
pub mod export;
pub mod file;
pub mod flow;
pub mod infer;
pub mod keylog;
pub mod link;
mod names;
pub mod read;
pub mod segment;
pub mod tls;
pub mod wire;
pub mod write;
