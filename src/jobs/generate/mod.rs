//! Captures made in memory, sound or hard to read, for tests and benchmarks: calls of both sessions of `proto` over TLS,
//! with pretend addresses and pretend time. The same seed gives the same messages, times and ports; TLS draws its own
//! keys every time.

mod bulk;
mod call;
mod plain;
pub mod spoil;
mod tls;

pub use bulk::Bulk;
pub use call::Sent;
pub use plain::Plain;
pub use tls::{SUITES, Suite};

use crate::capture::wire::Shape;
use crate::capture::write::Packets;
use call::{Call, Setting, Until};
use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use tls::Tls;

/// Why a capture could not be made.
#[derive(Debug)]
pub enum GenerateError {
    /// It could not be written, or read.
    Io(io::Error),
    /// TLS did not come about.
    Tls(rustls::Error),
    /// There is no certificate.
    Certificate(rcgen::Error),
    /// The call did not come to its end.
    Stuck,
}

impl From<io::Error> for GenerateError {
    fn from(error: io::Error) -> GenerateError {
        GenerateError::Io(error)
    }
}

impl From<rustls::Error> for GenerateError {
    fn from(error: rustls::Error) -> GenerateError {
        GenerateError::Tls(error)
    }
}

impl From<rcgen::Error> for GenerateError {
    fn from(error: rcgen::Error) -> GenerateError {
        GenerateError::Certificate(error)
    }
}

impl std::fmt::Display for GenerateError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            GenerateError::Io(error) => error.fmt(f),
            GenerateError::Tls(error) => error.fmt(f),
            GenerateError::Certificate(error) => error.fmt(f),
            GenerateError::Stuck => f.write_str("the call between our own two ends did not come to its end"),
        }
    }
}

impl std::error::Error for GenerateError {}

/// Short complete calls, each with a handshake, keys and a port of its own; a few at a time.
#[derive(Clone, Copy, Debug)]
pub struct Sessions {
    /// How many.
    pub count: u64,
    /// Version and cipher.
    pub suite: Suite,
    /// How TCP cuts and acknowledges.
    pub shape: Shape,
    /// Plaintext bytes of a TLS record at most; more than a message has: every message is a record of its own.
    pub record: usize,
    /// Both ends change their keys once the client has an address.
    pub key_update: bool,
    /// Every random choice above TLS comes from it.
    pub seed: u64,
}

impl Sessions {
    /// Makes them.
    pub fn write(&self, out: &mut dyn Packets) -> Result<Sent, GenerateError> {
        let tls = Tls::new(self.suite, BEGAN_UNIX_S)?;
        let (mut sent, mut mixed) = (Sent::default(), Mixed::default());
        for number in 0..self.count {
            let began = BEGAN_UNIX_S as i64 * 1_000_000 + number as i64 * APART_US;
            mixed.until(began, out)?;
            mixed.call = number;
            let setting = Setting {
                client: client(number),
                server: SERVER,
                began,
                seed: self.seed.wrapping_add(number),
                shape: self.shape,
                record: self.record,
            };
            let mut call = Call::open(&tls, &setting, &mut mixed)?;
            if self.key_update {
                call.run(Until::Network, &mut mixed)?;
                call.update_keys(&mut mixed)?;
            }
            call.run(Until::End, &mut mixed)?;
            sent = Sent { calls: sent.calls + 1, control: sent.control + call.sent.control, data: sent.data + call.sent.data };
            if !mixed.keys.is_empty() {
                out.secrets(&std::mem::take(&mut mixed.keys))?;
            }
        }
        mixed.until(i64::MAX, out)?;
        Ok(sent)
    }
}

/// Packets of calls that overlap, put in order of time.
#[derive(Default)]
struct Mixed {
    call: u64,
    made: u64,
    packets: BTreeMap<(i64, u64, u64), Vec<u8>>,
    keys: Vec<u8>,
}

impl Mixed {
    fn until(&mut self, at: i64, out: &mut dyn Packets) -> io::Result<()> {
        while let Some(first) = self.packets.first_entry().filter(|first| first.key().0 < at) {
            let ((at, ..), packet) = first.remove_entry();
            out.packet(at, &packet)?;
        }
        Ok(())
    }
}

impl Packets for Mixed {
    fn cut_packet(&mut self, at: i64, ip: &[u8], _: usize) -> io::Result<()> {
        self.made += 1;
        self.packets.insert((at, self.call, self.made), ip.to_vec());
        Ok(())
    }

    fn secrets(&mut self, lines: &[u8]) -> io::Result<()> {
        self.keys.extend_from_slice(lines);
        Ok(())
    }
}

/// Clients of RFC 5737's second network, 250 addresses with 16,000 ports each.
fn client(number: u64) -> SocketAddr {
    let host = (1 + number % 250) as u8;
    let port = 49_152 + (number / 250 % 16_000) as u16;
    SocketAddr::from(([198, 51, 100, host], port))
}

/// A server of RFC 5737's first network.
const SERVER: SocketAddr = SocketAddr::V4(std::net::SocketAddrV4::new(std::net::Ipv4Addr::new(192, 0, 2, 1), 443));
/// Pretend time: 2026-09-21 14:13:20 UTC.
const BEGAN_UNIX_S: u64 = 1_790_000_000;
/// Ours: microseconds from one call to the next, so that about ten overlap.
const APART_US: i64 = 2_500;

#[cfg(test)]
mod tests;
