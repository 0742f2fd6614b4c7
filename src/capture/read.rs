//! Reads captures and hands out one transcript for every connection that may be SSTP.

use crate::base::{Micros, Side};
use crate::proto::watch::WatchConfig;
use crate::transcript::{Event, Transcript};
use std::net::SocketAddr;
use std::path::PathBuf;

/// What is to be read, and with what.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Captures, in their order.
    pub sources: Vec<Source>,
    /// NSS key logs.
    pub key_logs: Vec<PathBuf>,
    /// RSA private keys of servers.
    pub rsa_keys: Vec<PathBuf>,
    /// What the watcher is told.
    pub watch: WatchConfig,
    /// Servers whose connections are SSTP by the user's word.
    pub servers: Vec<ServerFilter>,
}

/// Where a capture comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A file.
    Path(PathBuf),
    /// Standard input, which may still be being written.
    Stdin,
}

/// A server that the user named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerFilter {
    /// Name or address.
    pub host: String,
    /// TCP port; `None`: any.
    pub port: Option<u16>,
}

/// Who hears of what is read, as it is read.
pub trait Listener {
    /// An event of a connection that may be SSTP, as it happens; times count from the connection's begin.
    fn event(&mut self, connection: &Seen, event: &Event) {
        let _ = (connection, event);
    }
    /// A network packet inside a tunnel.
    fn inner(&mut self, connection: &Seen, at: Micros, from: Side, packet: &[u8]) {
        let _ = (connection, at, from, packet);
    }
    /// A connection is over; its transcript is complete.
    fn over(&mut self, connection: Connection);
    /// Reading is to end at the next packet.
    fn stop(&self) -> bool {
        false
    }
}

/// A connection as it was first seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Number in the capture, from 1.
    pub number: u64,
    /// The end that dialled.
    pub client: SocketAddr,
    /// The end that answered.
    pub server: SocketAddr,
    /// Its first packet, microseconds since 1970-01-01 UTC.
    pub began_unix_us: i64,
    /// Number of its first packet, from 1.
    pub first_packet: u64,
}

/// A connection that is over.
#[derive(Clone, Debug, PartialEq)]
pub struct Connection {
    /// As it was first seen.
    pub seen: Seen,
    /// What it is.
    pub kind: Kind,
    /// Everything that happened.
    pub transcript: Transcript,
    /// Number of its last packet.
    pub last_packet: u64,
}

/// What a connection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// SSTP was seen in it.
    Sstp,
    /// It cannot be opened, and looks like SSTP.
    LikelySstp,
    /// It failed before it could be told.
    Attempt,
    /// Something else.
    Other,
}

/// What was read in all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Files read.
    pub files: Vec<String>,
    /// Packets.
    pub packets: u64,
    /// Bytes of the packets as captured.
    pub bytes: u64,
    /// The first packet, microseconds since 1970-01-01 UTC.
    pub first_unix_us: Option<i64>,
    /// The last packet.
    pub last_unix_us: Option<i64>,
    /// TCP connections.
    pub tcp_connections: u64,
    /// Of these SSTP.
    pub sstp: u64,
    /// Likely SSTP.
    pub likely: u64,
    /// Attempts that failed before it could be told.
    pub attempts: u64,
    /// Anything else.
    pub other: u64,
    /// Link types that are not understood, and how many packets had them.
    pub undecodable_links: Vec<(u32, u64)>,
    /// Where files are damaged.
    pub damages: Vec<Damage>,
    /// Lines of key logs that cannot be read.
    pub key_lines_bad: Vec<String>,
    /// TLS connections that may be SSTP and for which there is no key.
    pub sessions_without_key: u64,
}

/// A place where a file cannot be read on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// The file.
    pub file: String,
    /// Packets read before it.
    pub packet: u64,
    /// Offset in the (unpacked) file, bytes.
    pub offset: u64,
    /// What is wrong.
    pub says: String,
}

/// Why nothing could be read at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaptureError(String);

impl std::fmt::Display for CaptureError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for CaptureError {}

/// Reads everything.
pub fn read(options: &Options, listener: &mut dyn Listener) -> Result<Summary, CaptureError> {
    let _ = listener.stop();
    for source in &options.sources {
        if let Source::Path(path) = source {
            std::fs::File::open(path).map_err(|error| CaptureError(format!("cannot read {}: {error}", path.display())))?;
            if path.is_dir() {
                return Err(CaptureError(format!("cannot read {}: it is a directory", path.display())));
            }
        }
    }
    Err(CaptureError("cannot read the capture: the reader is not there yet".into()))
}
