//! TLS secrets: in the NSS key log format from files that may still grow and from inside a pcapng, and RSA private keys.

mod growing;
mod line;
mod rsa;

pub use rsa::KeyError;

use super::tls::Room;
use growing::Growing;
use line::Line;
use rsa::RsaKey;
use rustc_hash::FxHashMap;
use std::collections::VecDeque;
use std::path::Path;
use zeroize::Zeroizing;

/// Which secret of a connection a line of the key log gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Label {
    /// `CLIENT_RANDOM`: the master secret up to TLS 1.2.
    Master = 1,
    /// `CLIENT_EARLY_TRAFFIC_SECRET`.
    ClientEarly,
    /// `CLIENT_HANDSHAKE_TRAFFIC_SECRET`.
    ClientHandshake,
    /// `SERVER_HANDSHAKE_TRAFFIC_SECRET`.
    ServerHandshake,
    /// `CLIENT_TRAFFIC_SECRET_0`.
    ClientTraffic,
    /// `SERVER_TRAFFIC_SECRET_0`.
    ServerTraffic,
    /// `PMS_CLIENT_RANDOM`: the premaster secret.
    Premaster,
}

/// A line of a key log that cannot be read. What stands in it is not kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadLine {
    /// Which file, or `embedded key log`.
    pub source: String,
    /// Line, from 1.
    pub line: u64,
    /// What is wrong with it.
    pub why: &'static str,
}

/// All secrets of a capture; every connection of it looks here.
#[derive(Default)]
pub struct Keys {
    sessions: FxHashMap<[u8; 32], Secrets>,
    /// The same in the order of their coming, for the bound.
    order: VecDeque<[u8; 32]>,
    bytes: usize,
    premasters: FxHashMap<[u8; 8], Zeroizing<Vec<u8>>>,
    masters: FxHashMap<Vec<u8>, Zeroizing<Vec<u8>>>,
    masters_order: VecDeque<Vec<u8>>,
    rsa: Vec<RsaKey>,
    has_premaster: bool,
    files: Vec<Growing>,
    bad: Vec<BadLine>,
    bad_lines: u64,
    forgotten: u64,
    generation: u64,
    blobs: u64,
    /// Buffers that the connections of a capture share.
    pub(super) room: Room,
}

/// The secrets of one connection, each behind its label and length: thousands of connections are kept.
#[derive(Default)]
struct Secrets(Zeroizing<Vec<u8>>);

impl Secrets {
    fn find(&self, label: Label) -> Option<&[u8]> {
        let mut rest: &[u8] = &self.0;
        while let Some(([kind, len], behind)) = rest.split_first_chunk() {
            let (secret, later) = behind.split_at_checked(usize::from(*len))?;
            if *kind == label as u8 {
                return Some(secret);
            }
            rest = later;
        }
        None
    }

    /// Adds a secret, or puts it in the place of an earlier one; how many bytes that took.
    fn put(&mut self, label: Label, secret: &[u8]) -> usize {
        let old = std::mem::take(&mut self.0);
        let mut all = Zeroizing::new(Vec::with_capacity(old.len() + 2 + secret.len()));
        let mut rest: &[u8] = &old;
        while let Some(([kind, len], behind)) = rest.split_first_chunk() {
            let Some((kept, later)) = behind.split_at_checked(usize::from(*len)) else { break };
            if *kind != label as u8 {
                all.extend_from_slice(&[*kind, *len]);
                all.extend_from_slice(kept);
            }
            rest = later;
        }
        all.extend_from_slice(&[label as u8, secret.len() as u8]);
        all.extend_from_slice(secret);
        let more = all.len().saturating_sub(old.len());
        self.0 = all;
        more
    }
}

impl Keys {
    /// No secrets.
    pub fn new() -> Keys {
        Keys::default()
    }

    /// Takes a key log that lies in the capture (Decryption Secrets Block).
    pub fn blob(&mut self, text: &[u8]) {
        self.blobs += 1;
        let source = if self.blobs == 1 { EMBEDDED.to_string() } else { format!("{EMBEDDED} {}", self.blobs) };
        for (number, line) in (1..).zip(text.split(|byte| *byte == b'\n')) {
            self.line(&source, number, line);
        }
    }

    /// Takes a key log file, which is read again when a key is missing and the file has grown.
    pub fn file(&mut self, path: &Path) -> Result<(), KeyError> {
        let mut file = Growing::open(path)?;
        self.read(&mut file);
        self.files.push(file);
        Ok(())
    }

    /// Takes an RSA private key in PEM or DER, PKCS#1 or PKCS#8, for the RSA key exchange up to TLS 1.2.
    pub fn rsa(&mut self, bytes: &[u8]) -> Result<(), KeyError> {
        self.rsa.push(RsaKey::parse(bytes)?);
        Ok(())
    }

    /// Reads what files have grown by; whether anything new came. One look at each file's length, no more, if not.
    pub fn poll(&mut self) -> bool {
        let before = self.generation;
        let mut files = std::mem::take(&mut self.files);
        for file in &mut files {
            self.read(file);
        }
        self.files = files;
        self.generation != before
    }

    fn read(&mut self, file: &mut Growing) {
        let (bad, mut secrets) = (self.bad_lines, 0);
        file.read(&mut |source, number, line| secrets += u64::from(self.line(source, number, line)));
        file.secrets += secrets;
        file.bad += self.bad_lines - bad;
    }

    /// Files that were given as key logs and are none: no line is a secret, and some are no line of a key log at all.
    pub fn no_key_logs(&self) -> impl Iterator<Item = &str> {
        self.files.iter().filter(|file| file.is_no_key_log()).map(Growing::name)
    }

    /// Goes up with every secret that comes.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// Neither secrets nor keys, nor files that may bring any.
    pub fn is_empty(&self) -> bool {
        self.sessions.is_empty() && self.premasters.is_empty() && self.rsa.is_empty() && self.files.is_empty()
    }

    /// Connections there are secrets for.
    pub fn len(&self) -> usize {
        self.sessions.len()
    }

    /// The first lines that could not be read, at most [`Keys::MAX_BAD`].
    pub fn bad(&self) -> &[BadLine] {
        &self.bad
    }

    /// How many lines could not be read.
    pub fn bad_lines(&self) -> u64 {
        self.bad_lines
    }

    /// Connections whose secrets were dropped because there were too many.
    pub fn forgotten(&self) -> u64 {
        self.forgotten
    }

    /// A secret of the connection with this client random.
    pub fn find(&self, random: &[u8; 32], label: Label) -> Option<Zeroizing<Vec<u8>>> {
        self.sessions.get(random)?.find(label).map(|secret| Zeroizing::new(secret.to_vec()))
    }

    /// Whether a premaster secret may be had from an RSA key exchange.
    pub(super) fn derives(&self) -> bool {
        !self.rsa.is_empty() || !self.premasters.is_empty() || self.has_premaster
    }

    /// The premaster secret of an RSA key exchange: by a private key, or by a line that names its encrypted form.
    pub(super) fn premaster(&self, encrypted: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let named = encrypted.first_chunk().and_then(|first| self.premasters.get(first)).cloned();
        named.or_else(|| self.rsa.iter().find_map(|key| key.decrypt(encrypted)))
    }

    /// Keeps a master secret for the connections that resume the session of this id or ticket.
    pub(super) fn remember(&mut self, session: &[u8], master: &[u8]) {
        if session.is_empty() || session.len() > MAX_TICKET {
            return;
        }
        if self.masters.insert(session.to_vec(), Zeroizing::new(master.to_vec())).is_none() {
            self.masters_order.push_back(session.to_vec());
        }
        while self.masters_order.len() > MAX_SESSIONS {
            self.masters_order.pop_front().into_iter().for_each(|oldest| drop(self.masters.remove(&oldest)));
        }
    }

    /// The master secret of a session that is resumed.
    pub(super) fn recall(&self, session: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        self.masters.get(session).cloned()
    }

    /// Takes a line; whether it is a secret.
    fn line(&mut self, source: &str, number: u64, text: &[u8]) -> bool {
        match Line::parse(text) {
            Ok(Line::Nothing) => return false,
            Ok(Line::Secret { random, label, secret }) => self.put(random, label, &secret),
            Ok(Line::Rsa { encrypted, premaster }) => {
                if self.premasters.len() < Keys::MAX_SESSIONS && self.premasters.insert(encrypted, premaster).is_none() {
                    self.generation += 1;
                }
            }
            Err(why) => {
                self.bad_lines += 1;
                if self.bad.len() < Keys::MAX_BAD {
                    self.bad.push(BadLine { source: source.to_string(), line: number, why });
                }
                return false;
            }
        }
        true
    }

    fn put(&mut self, random: [u8; 32], label: Label, secret: &[u8]) {
        if self.sessions.get(&random).and_then(|secrets| secrets.find(label)) == Some(secret) {
            return;
        }
        self.generation += 1;
        self.has_premaster |= label == Label::Premaster;
        let secrets = self.sessions.entry(random).or_insert_with(|| {
            self.order.push_back(random);
            self.bytes += PER_SESSION;
            Secrets::default()
        });
        self.bytes += secrets.put(label, secret);
        while (self.sessions.len() > Keys::MAX_SESSIONS || self.bytes > Keys::MAX_BYTES) && self.sessions.len() > 1 {
            let Some(oldest) = self.order.pop_front() else { break };
            if let Some(gone) = self.sessions.remove(&oldest) {
                self.bytes = self.bytes.saturating_sub(PER_SESSION + gone.0.len());
                self.forgotten += 1;
            }
        }
    }

    /// Ours: so many bad lines are kept with their numbers.
    pub const MAX_BAD: usize = 8;
    /// Ours: secrets of so many connections are kept, the newest.
    pub const MAX_SESSIONS: usize = 200_000;
    /// Ours: and no more bytes of them than that.
    pub const MAX_BYTES: usize = 12 << 20;
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keys").field("sessions", &self.sessions.len()).field("bad_lines", &self.bad_lines).finish_non_exhaustive()
    }
}

/// What a key log inside the capture is called.
const EMBEDDED: &str = "embedded key log";
/// Ours: what a connection costs beside its secrets, in bytes, in the map and the queue.
const PER_SESSION: usize = 144;
/// Ours: master secrets of so many sessions are kept for resumption.
const MAX_SESSIONS: usize = 4096;
/// Ours: longer tickets are not kept, in bytes.
const MAX_TICKET: usize = 2048;

#[cfg(test)]
mod tests;
