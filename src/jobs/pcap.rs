//! `--pcap`: what goes through our sockets as a capture file, with the keys that open it.

use crate::base::Side;
use crate::capture::file::Reader;
use crate::capture::read::{self, Connection};
use crate::capture::wire::{Shape, Wire};
use crate::capture::write::{Link, Packets, Pcapng};
use crate::live::LiveError;
use crate::live::wiretap::Wiretap;
use crate::transcript::ConnectFailure;
use std::collections::HashMap;
use std::fmt::Debug;
use std::fs::{File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::net::SocketAddr;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A capture in the making. It is written as things happen, a whole block at a time. Trouble with the file ends the
/// file and not the call.
#[derive(Debug)]
pub struct PcapFile<W: Write = File>(Mutex<Inner<W>>);

#[derive(Debug)]
struct Inner<W: Write> {
    /// `None` once writing failed.
    file: Option<Pcapng<W>>,
    wires: HashMap<u64, Wire>,
    dialled: u64,
    /// The latest bytes: the keys that open them may only be known once they were read.
    held: Option<Held>,
    trouble: Option<io::Error>,
}

#[derive(Debug)]
struct Held {
    at: i64,
    wire: u64,
    from: Side,
    bytes: Vec<u8>,
}

/// Makes a file, or empties it, that only its owner can read.
pub fn owner_only(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new().write(true).create(true).truncate(true).mode(OWNER_ONLY).open(path)?;
    if file.metadata().is_ok_and(|meta| meta.is_file()) {
        // It may have been there before, open to others.
        file.set_permissions(Permissions::from_mode(OWNER_ONLY))?;
    }
    Ok(file)
}

impl PcapFile {
    /// Makes the file, readable for its owner only since it holds keys; `about` goes into its head.
    pub fn create(path: &Path, about: &str) -> Result<PcapFile, LiveError> {
        let cannot = |error| LiveError::file("write the capture", path, error);
        PcapFile::over(owner_only(path).map_err(cannot)?, about).map_err(cannot)
    }
}

impl<W: Write> PcapFile<W> {
    fn over(out: W, about: &str) -> io::Result<PcapFile<W>> {
        let file = Some(Pcapng::new(out, Link::RAW, about)?);
        Ok(PcapFile(Mutex::new(Inner { file, wires: HashMap::new(), dialled: 0, held: None, trouble: None })))
    }

    /// Writes what is still held back, and says what went wrong, if anything did.
    pub fn finish(&self) -> io::Result<()> {
        let mut inner = self.inner();
        inner.release();
        inner.trouble.take().map_or(Ok(()), Err)
    }

    fn inner(&self) -> MutexGuard<'_, Inner<W>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn on(&self, wire: u64, write: impl FnOnce(&mut Wire, &mut dyn Packets) -> io::Result<()>) {
        let mut inner = self.inner();
        inner.release();
        inner.on(wire, write);
    }
}

impl<W: Write> Inner<W> {
    fn release(&mut self) {
        if let Some(held) = self.held.take() {
            self.on(held.wire, |wire, file| wire.bytes(held.at, held.from, &held.bytes, file));
        }
    }

    fn on(&mut self, wire: u64, write: impl FnOnce(&mut Wire, &mut dyn Packets) -> io::Result<()>) {
        let (Some(file), Some(wire)) = (&mut self.file, self.wires.get_mut(&wire)) else { return };
        if let Err(error) = write(wire, file) {
            self.trouble = Some(error);
            self.file = None;
        }
    }
}

impl<W: Write + Send + Debug> Wiretap for PcapFile<W> {
    fn dialled(&self, at: i64, client: SocketAddr, server: SocketAddr) -> u64 {
        let mut inner = self.inner();
        inner.release();
        inner.dialled += 1;
        let number = inner.dialled;
        inner.wires.insert(number, Wire::new(client, server, number as u32, Shape::OFFLOADED));
        inner.on(number, |wire, file| wire.syn(at, file));
        number
    }

    fn opened(&self, at: i64, wire: u64) {
        self.on(wire, |wire, file| wire.accepted(at, file));
    }

    fn failed(&self, at: i64, wire: u64, how: ConnectFailure) {
        self.on(wire, |wire, file| match how {
            ConnectFailure::Refused | ConnectFailure::Reset => wire.refused(at, file),
            ConnectFailure::TimedOut => wire.unanswered(at, file),
            _ => Ok(()),
        });
    }

    fn bytes(&self, at: i64, wire: u64, from: Side, bytes: &[u8]) {
        let mut inner = self.inner();
        inner.release();
        inner.held = Some(Held { at, wire, from, bytes: bytes.to_vec() });
    }

    fn ended(&self, at: i64, wire: u64, from: Side, reset: bool) {
        self.on(wire, |wire, file| wire.end(at, from, reset, file));
    }

    fn gone(&self, wire: u64) {
        let mut inner = self.inner();
        inner.release();
        inner.wires.remove(&wire);
    }

    fn key(&self, line: &str) {
        let mut inner = self.inner();
        // In front of the bytes that are held back: they may be what made the keys known.
        if let Some(Err(error)) = inner.file.as_mut().map(|file| file.secrets(line.as_bytes())) {
            inner.trouble = Some(error);
            inner.file = None;
        }
    }
}

/// What whoever sees the packets has of our own traffic: a capture in memory, without keys.
#[derive(Debug)]
pub struct Keyless {
    file: PcapFile<Shared>,
    bytes: Shared,
}

impl Keyless {
    /// Nothing heard yet.
    pub fn new() -> io::Result<Keyless> {
        let bytes = Shared::default();
        Ok(Keyless { file: PcapFile::over(bytes.clone(), "our own packets")?, bytes })
    }

    /// Every connection as a capture without keys shows it.
    pub fn connections(&self) -> Vec<Connection> {
        // What could not be kept is missing at the end.
        let _ = self.file.finish();
        let all = std::mem::take(&mut *self.bytes.lock());
        let mut list = List(Vec::new());
        if let Ok(reader) = Reader::from_read("our own packets", Box::new(io::Cursor::new(all))) {
            let _ = read::read_from(reader, &read::Options::default(), &mut list);
        }
        list.0
    }
}

struct List(Vec<Connection>);

impl read::Listener for List {
    fn over(&mut self, connection: Connection) {
        self.0.push(connection);
    }
}

impl Wiretap for Keyless {
    fn dialled(&self, at: i64, client: SocketAddr, server: SocketAddr) -> u64 {
        self.file.dialled(at, client, server)
    }

    fn opened(&self, at: i64, wire: u64) {
        self.file.opened(at, wire);
    }

    fn failed(&self, at: i64, wire: u64, how: ConnectFailure) {
        self.file.failed(at, wire, how);
    }

    fn bytes(&self, at: i64, wire: u64, from: Side, bytes: &[u8]) {
        self.file.bytes(at, wire, from, bytes);
    }

    fn ended(&self, at: i64, wire: u64, from: Side, reset: bool) {
        self.file.ended(at, wire, from, reset);
    }

    fn gone(&self, wire: u64) {
        self.file.gone(wire);
    }

    fn key(&self, _: &str) {}
}

/// Bytes that are written here and read there.
#[derive(Clone, Debug, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Vec<u8>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut all = self.lock();
        if all.len() + bytes.len() > MOST_KEPT {
            return Err(io::ErrorKind::StorageFull.into());
        }
        all.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Ours: bytes of our own traffic that are kept.
const MOST_KEPT: usize = 16 << 20;

impl<W: Write> Drop for PcapFile<W> {
    fn drop(&mut self) {
        self.inner().release();
    }
}

/// Read and write for the owner.
const OWNER_ONLY: u32 = 0o600;

#[cfg(test)]
mod tests {
    use super::*;

    const CLIENT: &str = "192.0.2.1:50000";
    const SERVER: &str = "192.0.2.2:443";

    fn place(name: &str) -> std::path::PathBuf {
        std::env::temp_dir().join(format!("sstp-diag-pcap-{}-{name}", std::process::id()))
    }

    /// The types of the blocks in a little-endian pcapng.
    fn blocks(bytes: &[u8]) -> Vec<u32> {
        let number = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"));
        let (mut at, mut kinds) = (0, Vec::new());
        while at < bytes.len() {
            kinds.push(number(at));
            at += number(at + 4) as usize;
        }
        kinds
    }

    #[test]
    fn keys_stand_in_front_of_the_bytes_that_made_them_known_and_only_the_owner_may_read_them() {
        let path = place("order");
        std::fs::write(&path, "something old, open to all").expect("a temporary file");
        let file = PcapFile::create(&path, "a test").expect("a temporary file");
        let wire = file.dialled(1, CLIENT.parse().expect("an address"), SERVER.parse().expect("an address"));
        file.opened(2, wire);
        file.bytes(3, wire, Side::Server, b"a hello");
        file.key("CLIENT_RANDOM 01 02\n");
        file.ended(4, wire, Side::Server, false);
        file.gone(wire);
        file.finish().expect("room on the disk");
        let bytes = std::fs::read(&path).expect("written");
        assert_eq!(std::fs::metadata(&path).expect("there").permissions().mode() & 0o777, OWNER_ONLY);
        let _ = std::fs::remove_file(&path);
        // Section, interface, SYN, SYN-ACK, ACK, keys, data, ACK, FIN, ACK.
        assert_eq!(blocks(&bytes), [0x0a0d_0d0a, 1, 6, 6, 6, 10, 6, 6, 6, 6]);
    }

    /// Takes so many writes.
    #[derive(Debug)]
    struct Disk(u32);

    impl Write for Disk {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 = self.0.checked_sub(1).ok_or(io::ErrorKind::StorageFull)?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_full_disk_ends_the_file_and_is_told_once_at_the_end() {
        let file = PcapFile::over(Disk(3), "a test").expect("room for the head");
        let wire = file.dialled(1, CLIENT.parse().expect("an address"), SERVER.parse().expect("an address"));
        file.opened(2, wire);
        file.bytes(3, wire, Side::Client, b"still talking");
        file.gone(wire);
        assert_eq!(file.finish().expect_err("it was full").kind(), io::ErrorKind::StorageFull);
        assert!(file.finish().is_ok());
        let error = PcapFile::create(Path::new("/dev/full"), "a test").expect_err("no room for the head");
        assert!(error.to_string().starts_with("cannot write the capture /dev/full: "), "{error}");
    }
}
