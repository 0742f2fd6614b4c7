//! One call with a lot of traffic inside the tunnel.

use super::call::{Call, Sent, Setting, Until};
use super::tls::{Suite, Tls};
use super::{BEGAN_UNIX_S, GenerateError, SERVER, client};
use crate::base::Side;
use crate::capture::wire::Shape;
use crate::capture::write::Packets;
use crate::proto::Rng;
use etherparse::PacketBuilder;
use std::io;
use std::time::Duration;

/// What is in the tunnel, and how it is packed.
#[derive(Clone, Copy, Debug)]
pub struct Bulk {
    /// Network packets in all.
    pub packets: u64,
    /// Bytes of each, from its IP header on.
    pub size: usize,
    /// Version and cipher.
    pub suite: Suite,
    /// How TCP cuts and acknowledges.
    pub shape: Shape,
    /// Packets are packed into records of 16 KiB; otherwise each is a record of its own.
    pub coalesce: bool,
    /// Plaintext bytes of a TLS record at most.
    pub record: usize,
    /// Both ends change their keys every so many packets; 0: never.
    pub key_update: u64,
    /// Every random choice above TLS comes from it.
    pub seed: u64,
}

impl Bulk {
    /// The SSTP packets that carry so many bytes in all.
    pub fn packets_for(bytes: u64, size: usize) -> u64 {
        bytes.div_ceil((size + FRAMING) as u64)
    }

    /// Makes it; memory does not grow with the number of packets.
    pub fn write(&self, out: &mut dyn Packets) -> Result<Sent, GenerateError> {
        let tls = Tls::new(self.suite, BEGAN_UNIX_S)?;
        let setting = Setting {
            client: client(0),
            server: SERVER,
            began: BEGAN_UNIX_S as i64 * 1_000_000,
            seed: self.seed,
            shape: self.shape,
            record: self.record,
        };
        let mut call = Call::open(&tls, &setting, out)?;
        call.run(Until::Network, out)?;
        let (mut inner, mut rng) = (Inner::new(self.size, self.seed), Rng::new(self.seed ^ 0x6275_6c6b));
        let (mut left, mut update) = (self.packets, self.key_update);
        while left > 0 {
            let side = if rng.next_u64().is_multiple_of(4) { Side::Client } else { Side::Server };
            let burst = left.min(1 + rng.next_u64() % self.burst());
            self.burst_of(burst, side, &mut inner, &mut call)?;
            call.send_past_the_sessions(side, out)?;
            left -= burst;
            // As fast as a gigabit carries it.
            call.pause(Duration::from_nanos(burst * self.size as u64 * 8));
            update = update.saturating_sub(burst);
            if self.key_update > 0 && update == 0 {
                call.update_keys(out)?;
                update = self.key_update;
            }
        }
        call.run(Until::End, out)?;
        Ok(Sent { data: call.sent.data + self.packets, ..call.sent })
    }

    /// Packets that go out at once at most: about 64 KiB, what a socket buffer takes.
    fn burst(&self) -> u64 {
        ((64 * 1024) / (self.size + FRAMING) as u64).max(1)
    }

    fn burst_of(&self, burst: u64, side: Side, inner: &mut Inner, call: &mut Call<'_>) -> Result<(), GenerateError> {
        inner.frames.clear();
        for _ in 0..burst {
            inner.packet(side)?;
            if !self.coalesce {
                call.write(side, &inner.frames)?;
                inner.frames.clear();
            }
        }
        call.write(side, &inner.frames)
    }
}

/// Connections inside the tunnel: TCP and UDP, to the same server.
struct Inner {
    flows: Vec<Flow>,
    rng: Rng,
    /// Where payloads are cut from.
    noise: Vec<u8>,
    size: usize,
    frames: Vec<u8>,
}

struct Flow {
    port: u16,
    tcp: bool,
    /// Next sequence numbers of client and server.
    next: [u32; 2],
}

impl Inner {
    fn new(size: usize, seed: u64) -> Inner {
        let mut rng = Rng::new(seed);
        let flows =
            (0..FLOWS).map(|n| Flow { port: 40_000 + n, tcp: n % 3 != 2, next: [rng.next_u64() as u32, rng.next_u64() as u32] }).collect();
        let noise: Vec<u8> = (0..NOISE / 8).flat_map(|_| rng.next_u64().to_be_bytes()).collect();
        Inner { flows, rng, noise, size: size.clamp(SMALLEST, LARGEST), frames: Vec::new() }
    }

    /// Appends one SSTP data packet. MS-SSTP 2.2.3, RFC 1661 2, RFC 1662 3.1.
    fn packet(&mut self, side: Side) -> io::Result<()> {
        let len = (self.size + FRAMING) as u16;
        self.frames.extend([0x10, 0]);
        self.frames.extend(len.to_be_bytes());
        self.frames.extend([0xff, 0x03, 0x00, 0x21]);
        let which = (self.rng.next_u64() % self.flows.len() as u64) as usize;
        let Some(flow) = self.flows.get_mut(which) else { return Ok(()) };
        let (me, peer) = if side == Side::Client { (0, 1) } else { (1, 0) };
        let (ips, ports) = ([CLIENT, REMOTE], [flow.port, 5001]);
        let ip = PacketBuilder::ipv4(ips[me], ips[peer], 64);
        let payload_len = self.size - if flow.tcp { 40 } else { 28 };
        let from = (self.rng.next_u64() % (NOISE - LARGEST) as u64) as usize;
        let payload = self.noise.get(from..from + payload_len).unwrap_or_default();
        let written = if flow.tcp {
            let seq = flow.next[me];
            flow.next[me] = seq.wrapping_add(payload_len as u32);
            ip.tcp(ports[me], ports[peer], seq, 64_000).ack(flow.next[peer]).write(&mut self.frames, payload)
        } else {
            ip.udp(ports[me], ports[peer]).write(&mut self.frames, payload)
        };
        written.map_err(io::Error::other)
    }
}

/// SSTP header, address and control field, PPP protocol: 8 bytes.
const FRAMING: usize = 8;
/// An IPv4 and a TCP header.
const SMALLEST: usize = 40;
/// An SSTP packet holds no more, MS-SSTP 2.2.1.
const LARGEST: usize = 4095 - FRAMING;
/// Ours: bytes that payloads are cut from.
const NOISE: usize = 64 * 1024;
/// Ours: connections inside the tunnel.
const FLOWS: u16 = 12;
/// The client's address inside the tunnel: what the lab gives.
const CLIENT: [u8; 4] = [192, 0, 2, 10];
/// Where the traffic goes, RFC 5737.
const REMOTE: [u8; 4] = [203, 0, 113, 80];
