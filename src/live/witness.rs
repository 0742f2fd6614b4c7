//! The witness: what arrives at one end of a connection, byte for byte below TLS, and how the far end gives it back to whoever
//! knows the token. The token itself never travels: requests and answers bear an HMAC under it. RFC 2104.

mod tape;
mod usher;

pub use tape::Tape;
pub(super) use usher::Usher;

use crate::base::{Secret, hex, unhex};
use crate::transcript::witness::Record;
use aws_lc_rs::{digest, hmac};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

/// The far end: a tape, and who may hear it.
#[derive(Clone, Debug)]
pub struct Witness {
    tape: Arc<Tape>,
    token: Token,
    leaf_sha256: String,
}

/// What both ends know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token(Secret<String>);

impl Token {
    /// A token of at least [`SHORTEST`] characters; nothing for a shorter one.
    pub fn new(text: Secret<String>) -> Option<Token> {
        (text.expose().chars().count() >= SHORTEST).then_some(Token(text))
    }

    fn key(&self) -> hmac::Key {
        hmac::Key::new(hmac::HMAC_SHA256, self.0.expose().as_bytes())
    }

    /// What proves that somebody who knows the token said this.
    pub fn proof(&self, said: &[u8]) -> String {
        hex(hmac::sign(&self.key(), said).as_ref())
    }

    /// Whether the proof is right; takes the same time for every wrong one.
    pub fn proves(&self, said: &[u8], proof: &str) -> bool {
        unhex(proof).is_some_and(|proof| hmac::verify(&self.key(), said, &proof).is_ok())
    }
}

impl Witness {
    /// A witness that serves the certificate `leaf`, DER.
    pub fn new(token: Token, leaf: &[u8]) -> Witness {
        Witness { tape: Arc::default(), token, leaf_sha256: sha256(leaf) }
    }

    /// The same witness in front of another certificate.
    pub fn serving(&self, leaf: &[u8]) -> Witness {
        Witness { leaf_sha256: sha256(leaf), ..self.clone() }
    }

    /// What hears the connections.
    pub fn tape(&self) -> Arc<Tape> {
        self.tape.clone()
    }

    /// What is known of a run: the connections that named it, those with one of these ClientHello randoms, and those of the
    /// asking address that named no run.
    fn record(&self, run: &str, hellos: &[Vec<u8>], asking: IpAddr) -> Record {
        let wires = self.tape.wires().into_iter().filter(|wire| match &wire.mark {
            Some(mark) => mark.starts_with(run),
            None => wire.client.ip() == asking || hello_random(&wire.up.first).is_some_and(|random| hellos.iter().any(|one| one == random)),
        });
        Record { leaf_sha256: self.leaf_sha256.clone(), wires: wires.collect() }
    }

    fn asked(&self, client: SocketAddr, line: &str) {
        self.tape.asked(client, line);
    }

    fn mark(&self, client: SocketAddr, mark: &str) {
        self.tape.mark(client, mark);
    }
}

/// The random of a ClientHello at the beginning of a stream. RFC 8446 4.1.2 and 5.1.
pub fn hello_random(first: &[u8]) -> Option<&[u8]> {
    let is_hello = first.first() == Some(&22) && first.get(5) == Some(&1);
    first.get(11..43).filter(|_| is_hello)
}

/// Hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    hex(digest::digest(&digest::SHA256, bytes).as_ref())
}

/// Where the witness answers: `mark`, `halves` and `record`.
pub const PATH: &str = "/witness/";
/// The header with the proof.
pub const PROOF: &str = "X-Witness-Proof";
/// Ours: a shorter token could be guessed.
pub const SHORTEST: usize = 16;
/// Ours: where body and answer come in halves, the pause between them.
pub const PAUSE: Duration = Duration::from_millis(700);
/// Ours: bytes of a body that is echoed.
pub const MOST_BODY: usize = 64 * 1024;
