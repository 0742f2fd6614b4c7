//! What a server does for clients that are not as they should be; an honest client does not notice.

use super::old_tls::{self, Script};
use crate::live::wiretap::Wired;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// What a server does for clients that are not as they should be.
#[derive(Clone, Copy, Debug)]
pub enum Also {
    /// A ClientHello that allows for it is answered by this script.
    Script(Script),
    /// First bytes that begin so are answered with these words.
    Words(&'static [u8], &'static [u8]),
    /// ALPN has this protocol and no other.
    Alpn(&'static str),
    /// After a handshake that did not come through the next connection is closed.
    BearsGrudges,
}

impl Also {
    /// What is said in place of a handshake to who begins with these bytes.
    pub(super) fn answer(&self, first: &[u8], chain: &[Vec<u8>]) -> Option<Vec<u8>> {
        match *self {
            Also::Script(script) => old_tls::accepted(script, first.get(RECORD_HEADER..)?, chain),
            Also::Words(to, words) => first.starts_with(to).then(|| words.to_vec()),
            Also::Alpn(_) | Also::BearsGrudges => None,
        }
    }
}

/// The memory of a server that bears grudges.
#[derive(Debug, Default)]
pub(super) struct Grudge(AtomicBool);

impl Grudge {
    /// Somebody broke a handshake off.
    pub fn bear(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether there is somebody to be paid back; then it is forgotten.
    pub fn is_borne(&self) -> bool {
        self.0.swap(false, Ordering::Relaxed)
    }
}

/// The first bytes of a connection, which stay to be read: the whole first record where it comes in time.
pub(super) async fn first(stream: &Wired) -> Vec<u8> {
    let (mut bytes, mut seen) = (vec![0; MOST], 0);
    for _ in 0..LOOKS {
        seen = match stream.socket().peek(&mut bytes).await {
            Ok(n) if n > 0 => n,
            _ => break,
        };
        let record = bytes.get(3..RECORD_HEADER).map_or(0, |length| length.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte)));
        if bytes.first() != Some(&HANDSHAKE_RECORD) || seen >= RECORD_HEADER + record {
            break;
        }
        tokio::time::sleep(PAUSE).await;
    }
    bytes.truncate(seen);
    bytes
}

/// RFC 8446 5.1.
const HANDSHAKE_RECORD: u8 = 22;
/// RFC 8446 5.1: bytes before the body of a record.
const RECORD_HEADER: usize = 5;
/// Ours: a ClientHello of the lab's clients is shorter, in bytes.
const MOST: usize = 4096;
/// Ours: so often it is looked whether the record is whole.
const LOOKS: usize = 20;
/// Ours: between two looks.
const PAUSE: Duration = Duration::from_millis(5);
