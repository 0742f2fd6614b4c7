//! `--self`: the rows of the mutators, and a cheap changer of bytes beside them, given to our own parsers and sessions in this process.
//! What shows something that nothing before it has shown becomes a seed itself.
//!
//! The measure is our own: for a parser what was read, down to kinds, codes and option types, or which rule was broken; for a session
//! every event that it told, in the state that it was in. Numbers play no part, so that there are some thousand features and not
//! millions.

use super::drill::Drill;
use super::rows;
use super::spoil::{self, Speech};
use super::variant::{fnv, hash};
use crate::base::{Layer, Micros, Side, WireError};
use crate::jobs::lab;
use crate::proto::plan::{CertHashes, ClientConfig, Credentials, Method, Mind, Plan};
use crate::proto::{Input, Output, Rng, Session};
use crate::transcript::{Event, What};
use crate::wire::ppp::{Body, Frame};
use crate::wire::sstp::{Attribute, Framer, HEADER_LEN, Message};
use crate::wire::{http, layout};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What came of it.
#[derive(Clone, Debug, Default)]
pub struct Inward {
    /// Messages parsed.
    pub parses: u64,
    /// Sessions that were fed.
    pub sessions: u64,
    /// Variants that were played to our own end as whole calls.
    pub calls: u64,
    /// Rows that took part, and what each has made.
    pub rows: BTreeMap<&'static str, Made>,
    /// What made our code panic.
    pub panics: Vec<Panic>,
    /// Features that were seen, as places of a map of [`FEATURES`].
    pub features: Vec<usize>,
    /// Messages that showed a feature first, in that order.
    pub kept: Vec<Vec<u8>>,
    /// Messages behind one another that showed one in a session.
    pub kept_streams: Vec<Vec<u8>>,
}

/// What a row has made, counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Made {
    /// Messages that were parsed.
    pub messages: u64,
    /// Messages behind one another that a session was fed.
    pub streams: u64,
    /// Whole calls.
    pub calls: u64,
}

impl Made {
    /// Adds what another lane has counted.
    pub fn add(&mut self, other: Made) {
        (self.messages, self.streams, self.calls) =
            (self.messages + other.messages, self.streams + other.streams, self.calls + other.calls);
    }
}

/// Something that made our code panic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Panic {
    /// Where.
    pub place: &'static str,
    /// The input; nothing where it was a call.
    pub bytes: Vec<u8>,
    /// The variant of a call: its id and its line.
    pub variant: Option<(String, String)>,
}

/// What one lane has to do.
#[derive(Clone, Copy)]
pub struct Task<'a> {
    /// Inputs to begin with.
    pub seeds: &'a [Vec<u8>],
    /// The call whose variants are parsed and played; each lane takes its share.
    pub drill: Option<&'a Drill>,
    /// Which lane, of how many.
    pub lane: (u64, u64),
    /// Of the random numbers.
    pub seed: u64,
    /// Messages to parse.
    pub cases: u64,
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

/// Parses so many messages that rows have made or whose bytes were changed; every now and then a session eats what has gathered, or
/// has a whole call with a variant. `stop` is asked now and then. The same task comes to the same.
pub fn run(task: &Task<'_>, stop: &dyn Fn() -> bool) -> Inward {
    let mut run = Run {
        task,
        inward: Inward::default(),
        rng: Rng::new(task.seed),
        pool: task.seeds.to_vec(),
        seen: Seen(vec![false; FEATURES]),
        ahead: Vec::new(),
        next: Some(task.lane.0),
        call: task.lane.0,
    };
    // What the seeds show is nothing new.
    for seed in task.seeds {
        let _ = catch_unwind(AssertUnwindSafe(|| parse(seed))).map(|feature| run.seen.mark(feature));
    }
    for _ in 0..FIRST_CALLS {
        if !stop() {
            run.calls();
        }
    }
    let (mut bytes, mut stream) = (Vec::new(), Vec::new());
    for case in 0..task.cases {
        if run.pool.is_empty() || run.inward.panics.len() >= MOST_PANICS || case.is_multiple_of(LOOKS) && stop() {
            break;
        }
        run.case(case, &mut bytes);
        if case % STREAM < GATHERED {
            stream.extend_from_slice(&bytes);
        } else if !stream.is_empty() {
            run.feeds(&stream, case);
            stream.clear();
        }
        if case % CALL == CALL - 1 {
            run.calls();
        }
    }
    run.inward.features = run.seen.0.iter().enumerate().filter(|(_, seen)| **seen).map(|(place, _)| place).collect();
    run.inward
}

struct Run<'a> {
    task: &'a Task<'a>,
    inward: Inward,
    rng: Rng,
    pool: Vec<Vec<u8>>,
    seen: Seen,
    /// What rows have made, and is parsed next.
    ahead: Vec<(&'static str, Vec<u8>)>,
    /// The next variant of the call whose messages are parsed; nothing when all of them were.
    next: Option<u64>,
    /// The next that is played.
    call: u64,
}

impl Run<'_> {
    /// One message: made by a row or by the changer of bytes.
    fn case(&mut self, case: u64, bytes: &mut Vec<u8>) {
        let every = if self.next.is_some() { EVERY_FIRST } else { EVERY };
        match if case.is_multiple_of(every) { self.of_a_row() } else { None } {
            Some((row, made)) => {
                *bytes = made;
                self.inward.rows.entry(row).or_default().messages += 1;
            }
            None => change(&self.pool, bytes, &mut self.rng),
        }
        self.inward.parses += 1;
        match catch_unwind(AssertUnwindSafe(|| parse(bytes))) {
            Ok(feature) if self.seen.mark(feature) => keep(&mut self.inward.kept, &mut self.pool, bytes),
            Ok(_) => {}
            Err(_) => self.inward.panics.push(Panic { place: "parser", bytes: bytes.clone(), variant: None }),
        }
    }

    /// What a row has made: first all that the variants of the call have, then of any input.
    fn of_a_row(&mut self) -> Option<(&'static str, Vec<u8>)> {
        while self.ahead.is_empty()
            && let Some(number) = self.next
        {
            let made = self.task.drill.and_then(|drill| drill.made(number));
            self.next = made.is_some().then_some(number + self.task.lane.1);
            self.ahead.extend(made.into_iter().flat_map(|(row, made)| made.into_iter().map(move |bytes| (row, bytes))));
        }
        // The whole list that a row makes of an input is used: it costs more than many of its entries.
        for _ in 0..ROWS_TRIED {
            if !self.ahead.is_empty() {
                break;
            }
            let random = self.rng.next_u64();
            let input = one_of(&self.pool, random >> 1)?;
            let by = if random & 1 == 0 { Side::Client } else { Side::Server };
            match catch_unwind(AssertUnwindSafe(|| a_row_s(input, by, &mut self.rng))) {
                Ok(made) => self.ahead.extend(made.into_iter().flatten()),
                Err(_) => self.inward.panics.push(Panic { place: "mutator", bytes: input.clone(), variant: None }),
            }
        }
        self.ahead.pop()
    }

    /// A session eats it; every other time with a variant of what has gathered.
    fn feeds(&mut self, stream: &[u8], case: u64) {
        let by = if (case / STREAM) & 2 == 0 { Side::Client } else { Side::Server };
        let random = self.rng.next_u64();
        let made = (case / STREAM).is_multiple_of(2).then(|| catch_unwind(|| spoil::stream(stream, by, random, MOST_FED)));
        if let Some(Err(_)) = made {
            self.inward.panics.push(Panic { place: "mutator", bytes: stream.to_vec(), variant: None });
        }
        let spoilt = made.and_then(Result::ok).flatten();
        if let Some(spoilt) = &spoilt {
            self.inward.rows.entry(spoilt.row).or_default().streams += 1;
        }
        let stream = spoilt.as_ref().map_or(stream, |spoilt| &spoilt.bytes);
        self.inward.sessions += 1;
        match catch_unwind(AssertUnwindSafe(|| feed(stream, self.task.seed ^ case))) {
            Ok(features) => self.keep_stream(&features, stream),
            Err(_) => self.inward.panics.push(Panic { place: "session", bytes: stream.to_vec(), variant: None }),
        }
    }

    /// The next variant of this lane is played to our own end as a whole call.
    fn calls(&mut self) {
        let Some(drill) = self.task.drill else { return };
        let number = self.call;
        self.call += self.task.lane.1;
        match catch_unwind(AssertUnwindSafe(|| drill.play(number))) {
            Ok(Some(played)) => {
                self.inward.calls += 1;
                self.inward.rows.entry(played.row).or_default().calls += 1;
                let features = features(&played.events, played.by);
                self.keep_stream(&features, behind_the_opening(&played.sent, played.by));
            }
            Ok(None) => {}
            Err(_) => {
                let variant = drill.named(number).map(|(id, line)| (id.to_string(), line));
                self.inward.panics.push(Panic { place: "session", bytes: Vec::new(), variant });
            }
        }
    }

    fn keep_stream(&mut self, features: &[u64], stream: &[u8]) {
        let new = features.iter().filter(|feature| self.seen.mark(**feature)).count();
        if new > 0 && !stream.is_empty() {
            keep(&mut self.inward.kept_streams, &mut self.pool, stream);
        }
    }
}

/// All that one row makes of one message of an input.
fn a_row_s(input: &[u8], by: Side, rng: &mut Rng) -> Option<Vec<(&'static str, Vec<u8>)>> {
    let (speech, all, random) = (Speech::read(input, by), rows::all().collect::<Vec<_>>(), rng.next_u64());
    let (mutator, spot) = (one_of(&all, random >> 32)?, one_of(&speech.spots, random & 0xffff)?);
    // What is longer stands in place of any input, and was parsed with the variants of the call.
    let variants = speech.changed(mutator, spot, rng, MOST);
    let made = variants.iter().flat_map(|variant| speech.instead(&variant.edits)).map(|bytes| (mutator.id, bytes));
    Some(made.collect())
}

/// What a session eats comes behind an honest opening.
fn behind_the_opening(sent: &[u8], by: Side) -> &[u8] {
    let opening: [&str; 2] = match by {
        Side::Client => ["http.request", "sstp.call-connect-request"],
        Side::Server => ["http.response", "sstp.call-connect-ack"],
    };
    let speech = Speech::read(sent, by);
    let honest = speech.spots.iter().zip(opening).take_while(|(spot, name)| spot.name == *name);
    sent.get(honest.map(|(spot, _)| spot.raw.len()).sum()..).unwrap_or_default()
}

fn one_of<T>(list: &[T], random: u64) -> Option<&T> {
    list.get(usize::try_from(random.checked_rem(list.len() as u64)?).ok()?)
}

fn keep(kept: &mut Vec<Vec<u8>>, pool: &mut Vec<Vec<u8>>, bytes: &[u8]) {
    if kept.len() < MOST_KEPT {
        let bytes = bytes.get(..bytes.len().min(MOST)).unwrap_or_default().to_vec();
        pool.push(bytes.clone());
        kept.push(bytes);
    }
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
    let mut events = Vec::new();
    let mut listen = |session: &mut Session| loop {
        match session.poll() {
            Output::Event(event) => events.push(*event),
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
    features(&events, by)
}

/// Every event, in the state that the session was in; `by`: whom it has heard.
fn features(events: &[Event], by: Side) -> Vec<u64> {
    let mut state = u64::from(by == Side::Server);
    let of = |event: &Event| {
        let feature = mixed(mixed(state, event.layer as u64), of_event(&event.what));
        if matches!(event.what, What::Up) {
            state = mixed(state, event.layer as u64);
        }
        feature
    };
    events.iter().map(of).collect()
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
/// Ours: a whole call after so many cases,
const CALL: u64 = 4096;
/// and so many before the first, which is enough for lanes to have one of every row.
const FIRST_CALLS: u64 = 18;
/// Ours: one in so many cases is of a row, as long as there are variants of the call,
const EVERY_FIRST: u64 = 2;
/// and behind them.
const EVERY: u64 = 32;
/// Ours: rows are drawn so often until one makes something of an input.
const ROWS_TRIED: usize = 8;
/// Ours: bytes of a stream with a variant.
const MOST_FED: usize = 1 << 16;
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
