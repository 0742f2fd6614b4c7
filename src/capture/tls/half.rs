//! One direction of a TLS connection.

use super::room::Room;
use super::shake::Epoch;
use crate::crypto::tls_open::Opener;
use crate::transcript::Opaqueness;
use crate::wire::tls::record::HEADER_LEN;
use zeroize::Zeroizing;

/// One direction of a TLS connection.
#[derive(Default)]
pub(super) struct Half {
    /// A record of which a part has come; or, behind a gap, what may be one.
    pub(super) buf: Vec<u8>,
    /// Bytes are missing before `buf`, and no record was found since.
    pub(super) lost: bool,
    /// How many records may be missing before the next one that comes.
    pub(super) ahead: u64,
    /// How many records may be missing before the one that is taken now.
    pub(super) missing: u64,
    /// Of these so many were, as the sequence number of the last one opened shows.
    pub(super) skipped: u64,
    /// Bytes of the handshake are missing, and no record was opened since.
    pub(super) early_gap: bool,
    /// Handshake messages of which a part has come.
    pub(super) messages: Vec<u8>,
    /// The first bytes, as long as the handshake may fail.
    pub(super) first: Vec<u8>,
    /// What came first is no TLS.
    pub(super) alien: bool,
    /// Payload bytes that came.
    pub(super) total: u64,
    /// Records that came.
    pub(super) records: u64,
    /// Records are encrypted from here on.
    pub(super) sealed: bool,
    /// Up to TLS 1.2: what the keys of this direction are made of.
    pub(super) epoch: Option<Box<Epoch>>,
    /// Up to TLS 1.2: opens the records.
    pub(super) opener: Option<Opener>,
    /// TLS 1.3: openers by stage, and the stage reached.
    pub(super) stages: [Option<Opener>; 3],
    pub(super) stage: Stage,
    /// TLS 1.3: the application traffic secret in use.
    pub(super) secret: Option<Zeroizing<Vec<u8>>>,
    /// Records opened, and records in a row that did not open.
    pub(super) opened: u64,
    pub(super) failed: u32,
    /// Why records are no longer tried.
    pub(super) blind: Option<Opaqueness>,
    /// Body bytes of records that nobody could look into.
    pub(super) opaque: u64,
    /// It ended.
    pub(super) closed: bool,
}

/// The key schedule of TLS 1.3 in its order. RFC 8446 7.1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stage {
    /// Early data.
    Early,
    /// The handshake behind the ServerHello.
    #[default]
    Handshake,
    /// Behind Finished.
    Traffic,
}

impl Stage {
    pub(super) const ALL: [Stage; 3] = [Stage::Early, Stage::Handshake, Stage::Traffic];
}

impl Half {
    /// Forgets the record and the message of which a part has come; bytes of the record.
    pub(super) fn drop_partial(&mut self) -> usize {
        self.messages = Vec::new();
        let dropped = self.buf.len();
        self.buf.clear();
        dropped
    }

    /// So many bytes are missing.
    pub(super) fn lose(&mut self, bytes: u64) {
        self.lost = true;
        // The record that was cut, and as many short ones as fit; a record of an AEAD is never shorter than its tag.
        self.ahead = self.ahead.saturating_add(bytes / MIN_RECORD + 2).min(MAX_MISSING);
    }

    /// So many records may be missing before the next one that is taken.
    pub(super) fn miss(&mut self, records: u64) {
        self.missing = self.missing.saturating_add(records).min(MAX_MISSING);
    }

    /// Gives the buffers back.
    pub(super) fn free(&mut self, room: &mut Room) {
        room.give_buffer(std::mem::take(&mut self.buf));
        self.messages = Vec::new();
        self.first = Vec::new();
    }
}

/// Shortest record that is encrypted, in bytes: header, an alert's two bytes, content type and a short tag.
const MIN_RECORD: u64 = HEADER_LEN as u64 + 2 + 1 + 8;
/// Ours: no more records than that are thought missing in a gap.
const MAX_MISSING: u64 = 1 << 15;
