//! Variants without end for a call that is up: each leaves it up, so that one follows the other.

use super::referee::Open;
use crate::base::Micros;
use crate::proto::Rng;
use crate::wire::control::Packet;
use crate::wire::ppp::{self, Frame};
use crate::wire::sstp;

/// The bytes of that number: the same from the same seed.
pub fn car(seed: u64, number: u64) -> Vec<u8> {
    for attempt in 0..ATTEMPTS {
        let mut rng = Rng::new(seed ^ number.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ attempt << 56);
        let bytes = made(&mut rng);
        if leaves_open(&bytes) {
            return bytes;
        }
    }
    lcp(9, 0xa0, &[0; 4])
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
    match choice % 14 {
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

/// Ours: bytes are drawn so often until they leave the call up.
const ATTEMPTS: u64 = 32;
