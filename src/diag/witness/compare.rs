//! Streams of both ends laid beside each other.

use super::{Comparison, Pair, Way};
use crate::base::{Layer, Reader, hex};
use crate::transcript::witness::{Request, Stream, Wire};
use crate::wire::tls::Offer;
use crate::wire::tls::fingerprint::ja4;
use serde::Serialize;

/// What became of a stream on its way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Change {
    /// Every byte arrived as it was sent.
    Same {
        /// How many.
        bytes: u64,
    },
    /// Bytes arrived otherwise.
    Changed {
        /// The first of them, from 0.
        at: u64,
        /// How many, as far as the beginning shows.
        bytes: u64,
        /// As they were sent, hexadecimal, the first 16.
        sent: String,
        /// As they arrived.
        got: String,
    },
    /// Bytes did not arrive.
    Lost {
        /// The first of them, from 0.
        at: u64,
        /// How many.
        bytes: u64,
    },
    /// Bytes arrived that were not sent.
    Injected {
        /// The first of them, from 0.
        at: u64,
        /// How many.
        bytes: u64,
        /// The first 16, hexadecimal.
        got: String,
    },
    /// They differ somewhere behind the beginning that was kept.
    Later {
        /// Bytes that were kept and are the same.
        kept: u64,
        /// Bytes sent.
        sent: u64,
        /// Bytes that arrived.
        got: u64,
    },
}

impl Change {
    /// In words.
    pub fn says(&self, way: Way) -> String {
        let way = way.name();
        match self {
            Change::Same { bytes } => format!("{bytes} bytes {way} arrived as they were sent"),
            Change::Changed { at, bytes, sent, got } => format!("{bytes} bytes {way} changed from byte {at}: {sent} became {got}"),
            Change::Lost { at, bytes } => format!("{bytes} bytes {way} lost from byte {at}"),
            Change::Injected { at, bytes, got } => format!("{bytes} bytes {way} injected at byte {at}: {got}"),
            Change::Later { kept, sent, got } => {
                format!("{way} {sent} bytes were sent and {got} arrived; the first {kept} are the same, behind them they differ")
            }
        }
    }
}

/// What became of a stream, as its sender and its receiver saw it.
pub fn compare(sent: &Stream, got: &Stream) -> Change {
    if sent.total == got.total && sent.sha256 == got.sha256 {
        return Change::Same { bytes: sent.total };
    }
    let (s, g): (&[u8], &[u8]) = (&sent.first, &got.first);
    let kept = s.len().min(g.len());
    let at = s.iter().zip(g).take_while(|(s, g)| s == g).count();
    let cut = |bytes: &[u8]| hex(bytes.get(at..bytes.len().min(at.saturating_add(SHOWN))).unwrap_or_default());
    let place = at as u64;
    if at == kept {
        // One is the beginning of the other, as far as both were kept.
        let more_than = |whole: &Stream| whole.total == place;
        return match () {
            () if more_than(got) => Change::Lost { at: place, bytes: sent.total.saturating_sub(got.total) },
            () if more_than(sent) => Change::Injected { at: place, bytes: got.total.saturating_sub(sent.total), got: cut(g) },
            () => later(place, sent, got),
        };
    }
    let (sent_rest, got_rest) = (s.get(at..).unwrap_or_default(), g.get(at..).unwrap_or_default());
    let in_place = run(sent_rest, got_rest);
    let (more, fewer) = (found(sent_rest, got_rest), found(got_rest, sent_rest));
    match (in_place, more, fewer) {
        (Some(bytes), ..) => Change::Changed { at: place, bytes: bytes as u64, sent: cut(s), got: cut(g) },
        // Where both could be, what is nearer is meant: streams may repeat themselves.
        (None, Some(bytes), fewer) if fewer.is_none_or(|fewer| bytes <= fewer) => {
            Change::Injected { at: place, bytes: bytes as u64, got: cut(g) }
        }
        (None, _, Some(bytes)) => Change::Lost { at: place, bytes: bytes as u64 },
        _ => {
            let bytes = sent_rest.iter().zip(got_rest).filter(|(s, g)| s != g).count();
            Change::Changed { at: place, bytes: bytes as u64, sent: cut(s), got: cut(g) }
        }
    }
}

/// Behind the beginning that was kept: the sums of the records tell how far both are the same.
fn later(kept: u64, sent: &Stream, got: &Stream) -> Change {
    let same = sent.sums.iter().zip(&got.sums).take_while(|(s, g)| s == g).count();
    let bytes: u64 = sent.records.iter().take(same).map(|record| RECORD_HEADER + u64::from(record.1)).sum();
    let all_of = |stream: &Stream| !stream.sums.is_empty() && same == stream.sums.len();
    match () {
        // Every whole record is the same; what stands behind the last of them is the beginning of the next one.
        () if all_of(got) && got.total < sent.total => Change::Lost { at: got.total, bytes: sent.total - got.total },
        () if all_of(sent) && sent.total < got.total => {
            Change::Injected { at: sent.total, bytes: got.total - sent.total, got: String::new() }
        }
        () => Change::Later { kept: kept.max(bytes), sent: sent.total, got: got.total },
    }
}

/// How many bytes differ before both go on alike for a while, or to the end of both.
fn run(sent: &[u8], got: &[u8]) -> Option<usize> {
    let most = sent.len().min(got.len());
    (1..=most.min(LONGEST_RUN)).find(|skip| {
        let (s, g) = (sent.get(*skip..).unwrap_or_default(), got.get(*skip..).unwrap_or_default());
        let n = s.len().min(g.len()).min(ALIKE);
        (n == ALIKE || s.len() == g.len()) && s.get(..n) == g.get(..n)
    })
}

/// Where the beginning of `needle` stands in `hay`, behind its first byte.
fn found(needle: &[u8], hay: &[u8]) -> Option<usize> {
    let needle = needle.get(..ALIKE)?;
    hay.windows(ALIKE).skip(1).position(|window| window == needle).map(|at| at + 1)
}

/// The connections that both ends know, and those that only we do.
pub(super) fn pairs(ours: &[Wire], theirs: &[Wire]) -> Comparison {
    let mut left: Vec<&Wire> = theirs.iter().collect();
    let (mut pairs, mut not_arrived) = (Vec::new(), Vec::new());
    for (number, wire) in ours.iter().enumerate() {
        let name = wire.mark.clone().unwrap_or_else(|| format!("connection {}", number + 1));
        match counterpart(wire, &mut left) {
            Some(other) => pairs.push(pair(name, wire, other)),
            // A server that refuses a connection hears nothing of it either.
            None if refused(wire) => {}
            None => not_arrived.push((name, seen_here(wire))),
        }
    }
    Comparison { pairs, not_arrived, ..Comparison::default() }
}

/// The same connection at the other end: by the random of its ClientHello, else by its mark, else, among those that nobody
/// named, by the address of the client.
fn counterpart<'a>(wire: &Wire, left: &mut Vec<&'a Wire>) -> Option<&'a Wire> {
    let random = random(&wire.up.first);
    let by_random = left.iter().position(|other| random.is_some() && self::random(&other.up.first) == random);
    let by_mark = || left.iter().position(|other| wire.mark.is_some() && other.mark == wire.mark);
    let by_address = || left.iter().position(|other| other.mark.is_none() && other.client == wire.client);
    let place = by_random.or_else(by_mark).or_else(by_address)?;
    Some(left.remove(place))
}

fn pair(name: String, ours: &Wire, theirs: &Wire) -> Pair {
    let (a, b) = (offer(&ours.up.first), offer(&theirs.up.first));
    let sni = |offer: &Option<Offer>| offer.as_ref().and_then(|offer| offer.server_name.clone());
    let print = |offer: &Option<Offer>| offer.as_ref().map(ja4);
    let reset = |stream: &Stream| stream.ended.is_some_and(|end| end.0);
    let mut forged_reset = Vec::new();
    // A reset is known at both ends: the one that sent it says so too.
    if reset(&ours.down) && !reset(&theirs.down) {
        forged_reset.push(Way::Down);
    }
    if reset(&theirs.up) && !reset(&ours.up) && !ours_in_truth(ours, theirs) {
        forged_reset.push(Way::Up);
    }
    let closed = |stream: &Stream| stream.ended.is_some_and(|end| !end.0);
    let mut forged_close = Vec::new();
    if closed(&ours.down) && theirs.down.ended.is_none() {
        forged_close.push(Way::Down);
    }
    if closed(&theirs.up) && ours.up.ended.is_none() {
        forged_close.push(Way::Up);
    }
    let (mine, other) = (random(&ours.up.first), random(&theirs.up.first));
    let other_hello = mine.is_some() && other.is_some() && mine != other;
    let slowest = [(Way::Up, slowest(&ours.up, &theirs.up)), (Way::Down, slowest(&theirs.down, &ours.down))];
    let slowest = slowest.into_iter().filter_map(|(way, one)| one.map(|(number, by)| (way, number, by)));
    Pair {
        name,
        up: parted(compare(&ours.up, &theirs.up), &theirs.up, &theirs.down),
        down: parted(compare(&theirs.down, &ours.down), &ours.down, &ours.up),
        sni: (sni(&a), sni(&b)),
        ja4: (print(&a), print(&b)),
        forged_reset,
        forged_close,
        server_reset: reset(&theirs.down),
        other_hello,
        records_up: (ours.up.records.len(), theirs.up.records.len()),
        records_down: (theirs.down.records.len(), ours.down.records.len()),
        slowest: slowest.filter(|_| !other_hello).max_by_key(|one| one.2),
    }
}

/// The record that took longest from its sender to its receiver, and how much longer than the quickest. The two clocks need not agree: each
/// counts from its own beginning of the connection, and only differences are looked at.
fn slowest(sent: &Stream, got: &Stream) -> Option<(usize, u64)> {
    let same = sent.records.iter().zip(&got.records).take_while(|(s, g)| (s.0, s.1) == (g.0, g.1));
    let took: Vec<i64> = same.map(|(s, g)| g.2 as i64 - s.2 as i64).collect();
    let quickest = *took.iter().min()?;
    let (number, longest) = took.iter().enumerate().max_by_key(|row| row.1)?;
    Some((number + 1, u64::try_from(longest - quickest).unwrap_or(0)))
}

/// A receiver that ended its own stream in order need not hear the other's farewell: TLS's close_notify is no loss. RFC 8446 6.1.
fn parted(change: Change, got: &Stream, own: &Stream) -> Change {
    match change {
        Change::Lost { at, bytes } if at == got.total && bytes <= FAREWELL && own.ended.is_some_and(|end| !end.0) => {
            Change::Same { bytes: at }
        }
        change => change,
    }
}

/// A reset of our own system that it tells us nothing of: everything that we sent had arrived, we ended in order, and a farewell came too
/// late to be read. RFC 2525 2.17.
fn ours_in_truth(ours: &Wire, theirs: &Wire) -> bool {
    let arrived = matches!(compare(&ours.up, &theirs.up), Change::Same { .. });
    let ended = ours.up.ended.is_some_and(|end| !end.0);
    let down = parted(compare(&theirs.down, &ours.down), &ours.down, &ours.up);
    arrived && ended && theirs.down.total > ours.down.total && matches!(down, Change::Same { .. })
}

/// RST in answer to the SYN, or an ICMP error: whoever listens at the server is never told of such.
fn refused(wire: &Wire) -> bool {
    let why = wire.failed.as_deref().unwrap_or_default().to_ascii_lowercase();
    ["refused", "unreachable", "no route"].iter().any(|word| why.contains(word))
}

fn seen_here(wire: &Wire) -> String {
    let ended = match wire.down.ended {
        _ if wire.failed.is_some() => format!("no connection: {}", wire.failed.as_deref().unwrap_or_default()),
        Some((true, at)) => format!("reset after {} ms", at / 1000),
        Some((false, at)) => format!("closed after {} ms", at / 1000),
        None => "no end from the server".to_string(),
    };
    format!("{} bytes sent, {} received, {ended}", wire.up.total, wire.down.total)
}

/// What of a request above TLS arrived otherwise.
pub(super) fn rewritten(request: &Request) -> Vec<(String, String)> {
    let Some(heard) = &request.heard else { return Vec::new() };
    let mut all = Vec::new();
    let (sent, got) = (lines(&request.head), lines(&heard.head));
    let gone = sent.iter().filter(|line| !got.contains(line)).map(|line| format!("sent, not received: {line}"));
    let new = got.iter().filter(|line| !sent.contains(line)).map(|line| format!("received, not sent: {line}"));
    let changes: Vec<String> = gone.chain(new).take(MOST_LINES).collect();
    match changes.is_empty() && request.head != heard.head {
        true => all.push("the order of the header lines".to_string()),
        false => all.extend(changes),
    }
    if request.body_sha256 != heard.body_sha256 {
        all.push(format!("the body: {} bytes arrived, and they are others", heard.body_len));
    }
    if request.echoed == Some(false) {
        all.push("the body of the answer".into());
    }
    all.into_iter().map(|says| (request.mark.clone(), says)).collect()
}

fn lines(head: &[u8]) -> Vec<String> {
    String::from_utf8_lossy(head).split("\r\n").filter(|line| !line.is_empty()).map(without_proof).collect()
}

/// The proof of the token is nobody's business.
fn without_proof(line: &str) -> String {
    let is_proof = line.to_ascii_lowercase().starts_with("x-witness-proof");
    if is_proof { "X-Witness-Proof".into() } else { line.to_string() }
}

/// RFC 8446 4.1.2 and 5.1.
fn random(first: &[u8]) -> Option<&[u8]> {
    let is_hello = first.first() == Some(&22) && first.get(5) == Some(&1);
    first.get(11..43).filter(|_| is_hello)
}

fn offer(first: &[u8]) -> Option<Offer> {
    random(first)?;
    let len = usize::from(u16::from_be_bytes([*first.get(3)?, *first.get(4)?]));
    let body = first.get(9..first.len().min(5 + len))?;
    Offer::parse(&mut Reader::new(Layer::Tls, body)).ok()
}

/// Bytes of a close_notify as a record of any suite, at most. RFC 8446 5.2, RFC 5246 6.2.3.
const FAREWELL: u64 = 64;
/// RFC 8446 5.1: bytes in front of a record.
const RECORD_HEADER: u64 = 5;
/// Ours: so many bytes are shown.
const SHOWN: usize = 16;
/// Ours: so many bytes alike are no accident.
const ALIKE: usize = 16;
/// Ours: a longer run of changed bytes is taken for another stream.
const LONGEST_RUN: usize = 2048;
/// Ours: so many changed lines are told.
const MOST_LINES: usize = 12;
