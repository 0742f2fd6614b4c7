//! `--self`: the same kinds of change, given to our own parsers and sessions in this process.

use super::spot::Spot;
use crate::base::{Layer, Micros, Side};
use crate::jobs::lab;
use crate::proto::plan::CertHashes;
use crate::proto::{Input, Output, Rng, Session};
use crate::wire::ppp::Frame;
use crate::wire::sstp::{Framer, HEADER_LEN, Message};
use crate::wire::{http, layout};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What came of it.
#[derive(Clone, Debug, Default)]
pub struct Inward {
    /// Messages parsed.
    pub parses: u64,
    /// Sessions that were fed.
    pub sessions: u64,
    /// Input that made our code panic, and where it was.
    pub panics: Vec<(&'static str, Vec<u8>)>,
}

/// Changes one of the seeds so often, and parses it; every now and then a session eats what has gathered. `stop` is asked now and
/// then.
pub fn run(seeds: &[Vec<u8>], seed: u64, cases: u64, stop: &dyn Fn() -> bool) -> Inward {
    let mut inward = Inward::default();
    let mut rng = Rng::new(seed);
    let (mut bytes, mut stream) = (Vec::new(), Vec::new());
    for case in 0..cases {
        if seeds.is_empty() || case.is_multiple_of(LOOKS) && stop() {
            break;
        }
        change(seeds, &mut bytes, &mut rng);
        let failed = catch_unwind(AssertUnwindSafe(|| parse(&bytes))).is_err();
        inward.parses += 1;
        if failed {
            inward.panics.push(("parser", bytes.clone()));
        }
        if case % STREAM < GATHERED {
            stream.extend_from_slice(&bytes);
        } else if !stream.is_empty() {
            inward.sessions += 1;
            if catch_unwind(AssertUnwindSafe(|| feed(&stream, seed ^ case))).is_err() {
                inward.panics.push(("session", stream.clone()));
            }
            stream.clear();
        }
        if inward.panics.len() >= MOST_PANICS {
            break;
        }
    }
    inward
}

/// What a client of a recording said, as seeds.
pub fn seeds(spots: &[Spot]) -> Vec<Vec<u8>> {
    spots.iter().map(|spot| spot.raw.clone()).collect()
}

fn change(seeds: &[Vec<u8>], bytes: &mut Vec<u8>, rng: &mut Rng) {
    let random = rng.next_u64();
    let below = |shift: u32, most: usize| usize::try_from(random >> shift).unwrap_or_default() % most.max(1);
    bytes.clear();
    if let Some(seed) = seeds.get(below(0, seeds.len())) {
        bytes.extend_from_slice(seed);
    }
    let at = below(8, bytes.len());
    let value = u8::try_from(random >> 56).unwrap_or_default();
    match random >> 40 & 7 {
        0 => bytes.truncate(at),
        1 => bytes.insert(at, value),
        2 => {
            let end = (at + 1 + usize::from(value & 7)).min(bytes.len());
            bytes.drain(at..end);
        }
        3 => bytes.extend_from_within(at..),
        // The lengths are where it hurts.
        4 => set(bytes, 3, value),
        5 => set(bytes, below(8, 16), [0, 1, 0x7f, 0x80, 0xff][usize::from(value) % 5]),
        _ => set(bytes, at, value),
    }
    bytes.truncate(MOST);
}

fn set(bytes: &mut [u8], at: usize, value: u8) {
    if let Some(byte) = bytes.get_mut(at) {
        *byte = value;
    }
}

fn parse(bytes: &[u8]) {
    match bytes.first() {
        Some(0x10) if bytes.get(1).is_some_and(|flags| flags & 1 == 1) => drop(Message::parse(bytes)),
        Some(0x10) => {
            if let Ok(frame) = Frame::parse(bytes.get(HEADER_LEN..).unwrap_or_default())
                && let crate::wire::ppp::Body::Lcp(packet) | crate::wire::ppp::Body::Ipcp(packet) = frame.body
            {
                drop(packet.options(Layer::Lcp));
            }
        }
        _ => drop(http::Head::parse_request(Layer::Http, bytes)),
    }
}

/// A whole server, and the slower readers, on a stream.
fn feed(stream: &[u8], seed: u64) {
    let mut framer = Framer::default();
    framer.push(stream);
    while let Ok(Some(packet)) = framer.next_packet() {
        drop(layout::fields(packet));
    }
    let Some(plan) = lab::defective(&[], CertHashes::default(), seed) else { return };
    let mut session = Session::new(plan, Micros::ZERO);
    let head = http::Head::sstp_request("a", "{}").emit();
    let pieces = [head.as_slice(), OPENING, stream];
    for (nth, bytes) in pieces.into_iter().enumerate() {
        session.handle(Micros(nth as u64), Input::Bytes { from: Side::Client, bytes });
        while !matches!(session.poll(), Output::Wait(_) | Output::Done) {}
    }
}

/// A Call Connect Request. MS-SSTP 2.2.9.
const OPENING: &[u8] = &[0x10, 1, 0, 14, 0, 1, 0, 1, 0, 1, 0, 6, 0, 1];
/// Ours: a session eats something after so many cases.
const STREAM: u64 = 512;
/// Ours: so many messages together.
const GATHERED: u64 = 4;
/// Ours: whether to stop is asked after so many cases.
const LOOKS: u64 = 4096;
/// Ours: bytes of one input.
const MOST: usize = 4096;
/// Ours: more panics say nothing new.
const MOST_PANICS: usize = 16;
