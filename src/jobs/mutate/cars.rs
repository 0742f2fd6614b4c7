//! Variants without end for a call that is up: each leaves it up, so that one follows the other.

use super::referee::Open;
use crate::base::Micros;
use crate::proto::Rng;
use crate::wire::control::Packet;
use crate::wire::ppp::{self, Frame};
use crate::wire::sstp;

/// The bytes of that number: the same from the same seed.
pub fn car(seed: u64, number: u64) -> Vec<u8> {
    drawn(seed, number).1
}

/// The kind of a car, and its bytes.
fn drawn(seed: u64, number: u64) -> (usize, Vec<u8>) {
    for attempt in 0..ATTEMPTS {
        let draw = || Rng::new(seed ^ number.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ attempt << 56);
        let bytes = made(&mut draw());
        if leaves_open(&bytes) {
            return (kind(draw().next_u64()), bytes);
        }
    }
    (0, lcp(9, 0xa0, &[0; 4]))
}

fn kind(choice: u64) -> usize {
    usize::try_from(choice % KINDS as u64).unwrap_or_default()
}

/// Kinds of cars that are not sent any more.
#[derive(Clone, Copy, Debug, Default)]
pub struct Spared([bool; KINDS]);

impl Spared {
    /// Whether this car is not sent.
    pub fn has(&self, seed: u64, number: u64) -> bool {
        self.0.contains(&true) && self.0.get(drawn(seed, number).0).is_some_and(|spared| *spared)
    }
}

/// How many cars of each kind have shown a defect.
#[derive(Clone, Copy, Debug, Default)]
pub struct Shown([u64; KINDS]);

impl Shown {
    /// This one has.
    pub fn by(&mut self, seed: u64, number: u64) {
        self.0.iter_mut().skip(drawn(seed, number).0).take(1).for_each(|shown| *shown += 1);
    }

    /// The kinds that have shown it often enough.
    pub fn spared(&self) -> Spared {
        Spared(self.0.map(|shown| shown >= ENOUGH))
    }

    /// Whether this one need not be sent.
    pub fn spares(&self, seed: u64, number: u64) -> bool {
        self.spared().has(seed, number)
    }
}

/// Whether a call that is up stays so.
pub fn leaves_open(bytes: &[u8]) -> bool {
    let mut open = Open::new(Micros::ZERO);
    open.sends(Micros::ZERO, bytes);
    open.stays()
}

fn made(rng: &mut Rng) -> Vec<u8> {
    let choice = rng.next_u64();
    let byte = |shift: u32| u8::try_from(choice >> shift & 0xff).unwrap_or_default();
    let id = 0xa0 | byte(8);
    match kind(choice) {
        0 | 1 => lcp(9, id, &[&[0; 4][..], &random(rng, 64)].concat()),
        2 => lcp(9, id, &[&[0; 4][..], &random(rng, 1_300)].concat()),
        3 => lcp(byte(16) | 0x10, id, &random(rng, 40)),
        4 => lcp(11, id, &random(rng, 40)),
        5 => framed(u16::from_be_bytes([byte(16) | 0x80, byte(24) | 1]), &random(rng, 60)),
        6 => framed(u16::from_be_bytes([byte(16) & 0x7e, byte(24) | 1]), &random(rng, 60)),
        7 => framed(ppp::LCP, &random(rng, 24)),
        8 => framed(ppp::IPCP, &[&[1, id, 0, byte(16) & 0x1f][..], &random(rng, 20)].concat()),
        9 => {
            let mut echo = sstp::Message::bare(sstp::MessageType::EchoRequest).emit();
            echo.iter_mut().skip(1).take(2).zip([byte(16) | 1, byte(24) & 0xf0]).for_each(|(at, bits)| *at |= bits);
            echo
        }
        10 => sstp::emit_data(&random(rng, 12)),
        11 => framed(ppp::CHAP, &[&[2, id, 0, 5][..], &random(rng, 4)].concat()),
        12 => framed(ppp::IPV4, &random(rng, 80)),
        _ => {
            // A sound frame with one byte changed.
            let mut packet = lcp(9, id, &[0, 0, 0, 0, 1, 2, 3, 4]);
            let at = usize::from(byte(16)) % packet.len().max(1);
            if let Some(place) = packet.get_mut(at) {
                *place = byte(24);
            }
            packet
        }
    }
}

fn random(rng: &mut Rng, most: usize) -> Vec<u8> {
    let length = usize::try_from(rng.next_u64() % (most as u64 + 1)).unwrap_or_default();
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        bytes.extend(rng.next_u64().to_be_bytes());
    }
    bytes.truncate(length);
    bytes
}

fn lcp(code: u8, id: u8, data: &[u8]) -> Vec<u8> {
    sstp::emit_data(&Frame::lcp(Packet::new(code, id, data)).emit())
}

fn framed(protocol: u16, information: &[u8]) -> Vec<u8> {
    sstp::emit_data(&[&[0xff, 0x03][..], &protocol.to_be_bytes(), information].concat())
}

/// Kinds of cars.
const KINDS: usize = 14;
/// Ours: so many of a kind show a defect well enough.
const ENOUGH: u64 = 4;
/// Ours: bytes are drawn so often until they leave the call up.
const ATTEMPTS: u64 = 32;
