//! Traffic with no SSTP in it: many connections of HTTP, of something that looks like TLS, and of something unknown.

use super::{BEGAN_UNIX_S, GenerateError, client};
use crate::base::Side;
use crate::capture::wire::{Shape, Wire};
use crate::capture::write::Packets;
use crate::proto::Rng;
use std::net::SocketAddr;

/// How much of it.
#[derive(Clone, Copy, Debug)]
pub struct Plain {
    /// Payload bytes in all, about.
    pub bytes: u64,
    /// How TCP cuts and acknowledges.
    pub shape: Shape,
    /// Every random choice comes from it.
    pub seed: u64,
}

impl Plain {
    /// Makes it, and tells the number of connections.
    pub fn write(&self, out: &mut dyn Packets) -> Result<u64, GenerateError> {
        let mut rng = Rng::new(self.seed);
        let noise: Vec<u8> = (0..NOISE / 8).flat_map(|_| rng.next_u64().to_be_bytes()).collect();
        let (mut at, mut made, mut flows, mut text) = (BEGAN_UNIX_S as i64 * 1_000_000, 0u64, Vec::new(), Vec::new());
        let mut sent = 0;
        while sent < self.bytes || !flows.is_empty() {
            if flows.len() < AT_ONCE && sent < self.bytes {
                flows.push(Flow::open(made, self.shape, &mut rng, at, out)?);
                made += 1;
            }
            let which = (rng.next_u64() % flows.len().max(1) as u64) as usize;
            let Some(flow) = flows.get_mut(which) else { continue };
            if flow.left == 0 || sent >= self.bytes {
                flow.wire.end(at, Side::Server, false, out)?;
                flow.wire.end(at, Side::Client, false, out)?;
                flows.swap_remove(which);
                continue;
            }
            text.clear();
            let side = flow.say(&mut rng, &noise, &mut text);
            flow.wire.bytes(at, side, &text, out)?;
            sent += text.len() as u64;
            // As fast as a gigabit carries it.
            at += 20 + text.len() as i64 / 125;
        }
        Ok(made)
    }
}

struct Flow {
    wire: Wire,
    kind: Kind,
    asked: bool,
    /// Turns that are still to come.
    left: u64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Http,
    Records,
    Unknown,
}

impl Flow {
    fn open(number: u64, shape: Shape, rng: &mut Rng, at: i64, out: &mut dyn Packets) -> Result<Flow, GenerateError> {
        let (kind, port) = match number % 3 {
            0 => (Kind::Http, 80),
            1 => (Kind::Records, 443),
            _ => (Kind::Unknown, 5001),
        };
        let server = SocketAddr::from(([203, 0, 113, (1 + rng.next_u64() % 200) as u8], port));
        let mut wire = Wire::new(client(number), server, rng.next_u64() as u32, shape);
        wire.syn(at, out)?;
        wire.accepted(at, out)?;
        Ok(Flow { wire, kind, asked: false, left: 2 + rng.next_u64() % 60 })
    }

    /// The next words: a short question, or up to 64 KiB of answer.
    fn say(&mut self, rng: &mut Rng, noise: &[u8], text: &mut Vec<u8>) -> Side {
        self.left -= 1;
        let ask = !std::mem::replace(&mut self.asked, true) || rng.next_u64().is_multiple_of(8);
        let len = if ask { 100 + rng.next_u64() % 400 } else { 4_000 + rng.next_u64() % 60_000 } as usize;
        let from = (rng.next_u64() % (NOISE - MOST) as u64) as usize;
        let bytes = noise.get(from..from + len).unwrap_or_default();
        match (self.kind, ask) {
            (Kind::Http, true) => text.extend(b"GET /some/file HTTP/1.1\r\nHost: www.example.net\r\nUser-Agent: nobody/1.0\r\n\r\n"),
            (Kind::Http, false) => {
                text.extend(format!("HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: {len}\r\n\r\n").bytes());
                text.extend_from_slice(bytes);
            }
            (Kind::Records, _) => {
                for record in bytes.chunks(16_000) {
                    text.extend([23, 3, 3]);
                    text.extend((record.len() as u16).to_be_bytes());
                    text.extend_from_slice(record);
                }
            }
            (Kind::Unknown, _) => text.extend_from_slice(bytes),
        }
        if ask { Side::Client } else { Side::Server }
    }
}

/// Ours: connections at a time.
const AT_ONCE: usize = 50;
/// Ours: bytes that answers are cut from.
const NOISE: usize = 1024 * 1024;
/// Ours: no answer is longer.
const MOST: usize = 64_000;
