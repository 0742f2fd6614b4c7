//! What one end of a connection saw of its bytes below TLS, for comparison with the other end.

use crate::base::Bytes;
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;

/// What a witness gives back.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// SHA-256 of the certificate that it serves, hexadecimal.
    pub leaf_sha256: String,
    /// The connections of the run.
    pub wires: Vec<Wire>,
}

/// One connection as one of its ends saw it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wire {
    /// When it began, microseconds since 1970-01-01 UTC by the clock of that end.
    pub began_unix_us: i64,
    /// The client's address as that end saw it.
    pub client: SocketAddr,
    /// The server's.
    pub server: SocketAddr,
    /// It was never there, and why.
    pub failed: Option<String>,
    /// The run and the number by which the client named it, inside TLS.
    pub mark: Option<String>,
    /// The first line of the first request above TLS, as the server read it; that end only.
    #[serde(default)]
    pub asked: Option<String>,
    /// From the client to the server.
    pub up: Stream,
    /// From the server to the client.
    pub down: Stream,
}

/// One direction.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stream {
    /// Bytes in all.
    pub total: u64,
    /// SHA-256 of all of them, hexadecimal.
    pub sha256: String,
    /// The first ones.
    pub first: Bytes,
    /// TLS records: content type, length of the body, microseconds since the connection began.
    pub records: Vec<(u8, u16, u64)>,
    /// The beginning of SHA-256 over all bytes up to the end of each of them, hexadecimal.
    #[serde(default)]
    pub sums: Vec<String>,
    /// How its sender ended it: by a reset, or in order; and when, microseconds since the connection began.
    pub ended: Option<(bool, u64)>,
}

/// What the witness received above TLS.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heard {
    /// The head of the request, byte for byte.
    pub head: Bytes,
    /// Bytes of the body.
    pub body_len: u64,
    /// SHA-256 of the body, hexadecimal.
    pub body_sha256: String,
    /// From the end of the head to the end of the body, microseconds.
    #[serde(default)]
    pub body_us: u64,
}

/// What both ends saw.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sides {
    /// Our end.
    pub ours: Ours,
    /// The witness's; or why it did not give it.
    pub theirs: Result<Record, String>,
}

/// What our end saw.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ours {
    /// Our connections of the run.
    pub wires: Vec<Wire>,
    /// SHA-256 of the certificate that we were shown, hexadecimal; nothing when no handshake came through.
    pub leaf_sha256: Option<String>,
    /// The request that was sent above TLS, byte for byte, and what the witness says it received.
    pub requests: Vec<Request>,
}

/// A request above TLS at both ends.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// The connection.
    pub mark: String,
    /// Head as it was sent.
    pub head: Bytes,
    /// SHA-256 of the body as it was sent, hexadecimal.
    pub body_sha256: String,
    /// What the witness received; nothing when no answer of the witness came.
    pub heard: Option<Heard>,
    /// The body came back as it was sent; nothing when nothing came back.
    pub echoed: Option<bool>,
    /// Body and answer were said in two halves, each with a pause between them; nothing: in one go.
    pub halves: Option<Halves>,
}

/// A request and an answer in two halves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Halves {
    /// The pause between them, at both ends, microseconds.
    pub pause_us: u64,
    /// From the first bytes of the answer to its last, as they arrived here, microseconds; nothing when no answer came.
    pub answer_us: Option<u64>,
}
