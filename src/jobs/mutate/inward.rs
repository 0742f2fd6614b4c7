//! `--self`: the same kinds of change, given to our own parsers and sessions in this process. What shows something that nothing before
//! it has shown becomes a seed itself.
//!
//! The measure is our own: for a parser what was read, down to kinds, codes and option types, or which rule was broken; for a session
//! every event that it told, in the state that it was in. Numbers play no part, so that there are some thousand features and not
//! millions.

use super::spot::Spot;
use super::variant::{fnv, hash};
use crate::base::{Layer, Micros, Side, WireError};
use crate::jobs::lab;
use crate::proto::plan::{CertHashes, ClientConfig, Credentials, Method, Mind, Plan};
use crate::proto::{Input, Output, Rng, Session};
use crate::transcript::What;
use crate::wire::ppp::{Body, Frame};
use crate::wire::sstp::{Attribute, Framer, HEADER_LEN, Message};
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
    /// Features that were seen, as places of a map of [`FEATURES`].
    pub features: Vec<usize>,
    /// Messages that showed a feature first, in that order.
    pub kept: Vec<Vec<u8>>,
    /// Messages behind one another that showed one in a session.
    pub kept_streams: Vec<Vec<u8>>,
}

/// Which features were seen.
struct Seen(Vec<bool>);

impl Seen {
    /// Marks a feature; says whether it is new.
    fn mark(&mut self, feature: u64) -> bool {
        let place = usize::try_from(feature % FEATURES as u64).unwrap_or_default();
        self.0.get_mut(place).is_some_and(|seen| !std::mem::replace(seen, true))
    }
}

/// Changes one of the seeds so often, and parses it; every now and then a session eats what has gathered. `stop` is asked now and
/// then. The same seeds and the same `seed` come to the same.
pub fn run(seeds: &[Vec<u8>], seed: u64, cases: u64, stop: &dyn Fn() -> bool) -> Inward {
    let mut inward = Inward::default();
    let mut rng = Rng::new(seed);
    let (mut pool, mut seen) = (seeds.to_vec(), Seen(vec![false; FEATURES]));
    // What the seeds show is nothing new.
    for seed in seeds {
        let _ = catch_unwind(AssertUnwindSafe(|| parse(seed))).map(|feature| seen.mark(feature));
    }
    let (mut bytes, mut stream) = (Vec::new(), Vec::new());
    for case in 0..cases {
        if pool.is_empty() || case.is_multiple_of(LOOKS) && stop() {
            break;
        }
        change(&pool, &mut bytes, &mut rng);
        inward.parses += 1;
        match catch_unwind(AssertUnwindSafe(|| parse(&bytes))) {
            Ok(feature) if seen.mark(feature) => keep(&mut inward.kept, &mut pool, &bytes),
            Ok(_) => {}
            Err(_) => inward.panics.push(("parser", bytes.clone())),
        }
        if case % STREAM < GATHERED {
            stream.extend_from_slice(&bytes);
        } else if !stream.is_empty() {
            inward.sessions += 1;
            match catch_unwind(AssertUnwindSafe(|| feed(&stream, seed ^ case))) {
                Ok(features) => {
                    let new = features.into_iter().filter(|feature| seen.mark(*feature)).count();
                    if new > 0 {
                        keep(&mut inward.kept_streams, &mut pool, &stream);
                    }
                }
                Err(_) => inward.panics.push(("session", stream.clone())),
            }
            stream.clear();
        }
        if inward.panics.len() >= MOST_PANICS {
            break;
        }
    }
    inward.features = seen.0.iter().enumerate().filter(|(_, seen)| **seen).map(|(place, _)| place).collect();
    inward
}

fn keep(kept: &mut Vec<Vec<u8>>, pool: &mut Vec<Vec<u8>>, bytes: &[u8]) {
    if kept.len() < MOST_KEPT {
        let bytes = bytes.get(..bytes.len().min(MOST)).unwrap_or_default().to_vec();
        pool.push(bytes.clone());
        kept.push(bytes);
    }
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

/// Reads it as what it looks like; what was seen is one feature.
fn parse(bytes: &[u8]) -> u64 {
    match bytes.first() {
        Some(0x10) if bytes.get(1).is_some_and(|flags| flags & 1 == 1) => match Message::parse(bytes) {
            Ok(message) => {
                let attributes = message.attributes.iter().take(SHOWN);
                attributes.fold(mixed(1, message.kind.number().into()), |feature, one| mixed(feature, of_attribute(one)))
            }
            Err(error) => broken(2, &error),
        },
        Some(0x10) => match Frame::parse(bytes.get(HEADER_LEN..).unwrap_or_default()) {
            Ok(frame) => of_frame(&frame),
            Err(error) => broken(3, &error),
        },
        _ => match http::Head::parse_request(Layer::Http, bytes) {
            Ok(http::Parsed::Whole(head, _)) => mixed(mixed(4, head.headers.len().min(SHOWN) as u64), u64::from(head.minor)),
            Ok(http::Parsed::Partial) => 5,
            Err(error) => broken(6, &error),
        },
    }
}

fn of_attribute(attribute: &Attribute) -> u64 {
    let odd = matches!(attribute, Attribute::Other { .. });
    u64::from(attribute.id()) << 1 | u64::from(odd)
}

fn of_frame(frame: &Frame) -> u64 {
    let feature = mixed(7, frame.protocol.into());
    match &frame.body {
        Body::Lcp(packet) | Body::Ipcp(packet) | Body::Ipv6cp(packet) | Body::Ccp(packet) => match packet.options(Layer::Lcp) {
            Ok(options) => options.iter().take(SHOWN).fold(mixed(feature, packet.code.into()), |feature, option| {
                mixed(feature, u64::from(option.kind) << 2 | option.value.len().min(3) as u64)
            }),
            Err(error) => broken(mixed(feature, packet.code.into()), &error),
        },
        Body::Other(_) => mixed(8, 0),
        _ => mixed(feature, hash(&frame.name())),
    }
}

/// A rule that was broken, numbers aside.
fn broken(feature: u64, error: &WireError) -> u64 {
    mixed(feature, plain(&error.what))
}

/// What a text says, without its numbers and without what it quotes of the input.
fn plain(text: &str) -> u64 {
    let (mut quoted, mut escaped) = (false, false);
    fnv(text.bytes().filter(|byte| {
        quoted ^= *byte == b'"' && !escaped;
        escaped = *byte == b'\\' && !escaped;
        !quoted && !byte.is_ascii_digit()
    }))
}

fn mixed(feature: u64, more: u64) -> u64 {
    (feature.rotate_left(23) ^ more).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// A whole server, a whole client, and the slower readers, on a stream: what each of them told.
fn feed(stream: &[u8], seed: u64) -> Vec<u64> {
    let mut framer = Framer::default();
    framer.push(stream);
    while let Ok(Some(packet)) = framer.next_packet() {
        drop(layout::fields(packet));
    }
    let Some(plan) = lab::defective(&[], CertHashes::default(), seed) else { return Vec::new() };
    let request = http::Head::sstp_request("a", "{}").emit();
    let mut features = told(plan, Side::Client, &[&request, OPENING, stream]);
    let mut client = ClientConfig::new("a", CertHashes::default());
    client.credentials = Some(Credentials { user: "alice".into(), password: crate::base::Secret::new("a".into()) });
    client.methods = vec![Method::MsChapV2, Method::EapMsChapV2, Method::ChapMd5];
    let client = Plan { mind: Mind::Client(client), edits: Vec::new(), toxics: Vec::new(), seed };
    let answer = http::Head::response(200, "OK", &[("Content-Length", http::CONTENT_LENGTH)]).emit();
    features.extend(told(client, Side::Server, &[&answer, ACK, stream]));
    features
}

/// What a session told of what came from `by`.
fn told(plan: Plan, by: Side, pieces: &[&[u8]]) -> Vec<u64> {
    let mut session = Session::new(plan, Micros::ZERO);
    let (mut features, mut state) = (Vec::new(), u64::from(by == Side::Server));
    let mut listen = |session: &mut Session| loop {
        match session.poll() {
            Output::Event(event) => {
                let what = of_event(&event.what);
                features.push(mixed(mixed(state, event.layer as u64), what));
                if matches!(event.what, What::Up) {
                    state = mixed(state, event.layer as u64);
                }
            }
            Output::Wait(_) | Output::Done => break,
            Output::Send(_) | Output::Close => {}
        }
    };
    // A client speaks first.
    listen(&mut session);
    for (nth, bytes) in pieces.iter().enumerate() {
        session.handle(Micros(nth as u64), Input::Bytes { from: by, bytes });
        listen(&mut session);
    }
    features
}

fn of_event(what: &What) -> u64 {
    match what {
        What::Up => 1,
        What::Down(reason) => mixed(2, plain(&reason.to_string())),
        What::Sstp(message) => mixed(3, message.kind.number().into()),
        What::Ppp(frame) => mixed(4, hash(&frame.name())),
        What::Undecoded(error) => broken(5, error),
        What::Http(head) => mixed(6, head.status.unwrap_or_default().into()),
        What::Misstep { .. } => 7,
        _ => 8,
    }
}

/// A Call Connect Ack. MS-SSTP 2.2.10.
const ACK: &[u8] = &[
    0x10, 1, 0, 48, 0, 2, 0, 1, 0, 4, 0, 40, 0, 0, 0, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
    1, 1, 1, 1, 1,
];
/// Ours: places of the map of features; two features may share one.
pub const FEATURES: usize = 1 << 16;
/// Ours: attributes, options and header lines that count for a feature.
const SHOWN: usize = 6;
/// Ours: inputs of either kind that are kept of one run.
const MOST_KEPT: usize = 2_000;
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

#[cfg(test)]
mod tests {
    use super::*;

    /// A text that quotes its input would make every input a new one.
    #[test]
    fn what_is_quoted_of_the_input_is_no_feature() {
        assert_eq!(plain(r#"no head 7 beginning with "a\"b" at 1"#), plain(r#"no head 12 beginning with "\\" at 3"#));
        assert_ne!(plain("no head"), plain("no tail"));
        let (one, two) = (parse(b"A\x01 / HTTP/1.1\r\n\r\n"), parse(b"SSTP\"\x02 /x HTTP/1.1\r\n\r\n"));
        assert_eq!(one, two);
    }
}
