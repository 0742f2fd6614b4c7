//! What the rows make of messages in memory. The edits are applied by the door that applies those of a call; what comes out is bytes.

use super::rows::{self, Change, Mutator};
use super::spot::{self, PLACES, Spot};
use super::variant::{self, Variant};
use crate::base::{Layer, Micros, Side};
use crate::jobs::replay::course::Turn;
use crate::jobs::replay::moment::UNSEALED;
use crate::jobs::replay::{Course, Said, Script};
use crate::proto::Rng;
use crate::proto::door::Door;
use crate::proto::edit::{Edit, Operation};
use crate::wire::http::{Head, Parsed};
use crate::wire::sstp::{self, Framer, HEADER_LEN};

/// Messages that one side says, one behind the other.
pub struct Speech {
    course: Course,
    /// Those that can be spoilt.
    pub spots: Vec<Spot>,
}

/// What a row has made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spoilt {
    /// The id of the row.
    pub row: &'static str,
    /// The bytes.
    pub bytes: Vec<u8>,
}

impl Speech {
    /// What that side says in a recorded call.
    pub fn of(script: &Script, by: Side) -> Speech {
        let course = Course::of(script, by);
        Speech { spots: spot::on(&course, false), course }
    }

    /// What these bytes say: an HTTP head, packets, and what cannot be cut as a message of its own.
    pub fn read(bytes: &[u8], by: Side) -> Speech {
        let mut course = Course::of(&Script::default(), by);
        course.ours = cut(bytes, by)
            .into_iter()
            .map(|raw| Turn { step: 0, said: Said::new(Micros::ZERO, by, raw.to_vec()), needs: Vec::new() })
            .collect();
        Speech { spots: spot::on(&course, true), course }
    }

    /// What a row makes of one of the messages, as far as it can be said in lines of so many bytes.
    pub fn changed(&self, mutator: &Mutator, spot: &Spot, rng: &mut Rng, most: usize) -> Vec<Variant> {
        let is_short = |change: &&Change| change.lines.iter().all(|line| line.len() <= most);
        (mutator.makes)(spot, rng).iter().filter(is_short).filter_map(|change| variant::made(mutator, spot, change, &|_, _| None)).collect()
    }

    /// What goes out with these edits in place of the messages that they change: different messages, each once, as far as there
    /// is room.
    pub fn instead(&self, edits: &[Edit]) -> Vec<Vec<u8>> {
        let mut made: Vec<Vec<u8>> = Vec::new();
        self.pass(edits, &mut |write, changed| {
            for message in changed.then(|| packets(&write)).into_iter().flatten() {
                if made.len() < MOST_MADE && !message.is_empty() && made.iter().all(|one| one != message) {
                    made.push(message.to_vec());
                }
            }
        });
        made
    }

    /// All that goes out with these edits, `most` bytes of it.
    pub fn whole(&self, edits: &[Edit], most: usize) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.pass(edits, &mut |write, _| bytes.extend(write.into_iter().take(most - most.min(bytes.len()))));
        bytes
    }

    /// Hands over every write, and whether an edit has made it.
    fn pass(&self, edits: &[Edit], each: &mut dyn FnMut(Vec<u8>, bool)) {
        let is_early = edits.iter().any(|edit| matches!(edit.operation, Operation::Early(..)));
        // What is moved needs a course of its own, which costs.
        let moved = is_early.then(|| variant::course(&self.course, edits).0);
        let mut door = Door::new(edits.to_vec());
        for turn in &moved.as_ref().unwrap_or(&self.course).ours {
            let name = turn.said.name.as_str();
            let (mut raw, mut drafted) = (turn.said.raw.clone(), Vec::new());
            if name == CALL_CONNECTED {
                (raw, drafted) = door.draft(UNSEALED, raw);
            }
            let passed = door.pass(Micros::ZERO, name, raw);
            let changed = !(drafted.is_empty() && passed.edits.is_empty());
            std::iter::from_fn(|| door.ready(Micros::MAX)).take(MOST_WRITES).for_each(|write| each(write, changed));
            door.clear();
            if passed.close {
                return;
            }
        }
    }

    /// A variant that the generator draws: any row's, at any of the messages. `puts`: rows that put messages in may have their say.
    fn drawn(&self, rng: &mut Rng, puts: bool) -> Option<Variant> {
        let spot = picked(&self.spots, rng)?;
        let all: Vec<&Mutator> = rows::all().collect();
        for _ in 0..DRAWS {
            let mutator = picked(&all, rng)?;
            let (place, behind) = (picked(&PLACES, rng)?, rng.next_u64() & 1 == 1);
            let mut changes = (mutator.makes)(spot, rng);
            let made = changes.len();
            changes.extend(Some(mutator.puts).filter(|_| puts).map(|puts| puts(place)).unwrap_or_default());
            let Some(nth) = below(changes.len(), rng) else { continue };
            let change = changes.get(nth)?;
            let variant = if nth < made {
                variant::made(mutator, spot, change, &|_, _| None)
            } else {
                variant::put(mutator, place, spot, behind, change)
            };
            if variant.is_some() {
                return variant;
            }
        }
        None
    }
}

/// A spoilt message in place of one: the seed says which row makes it. Nothing where the rows make nothing of it.
pub fn message(bytes: &[u8], seed: u64, most: usize) -> Option<Spoilt> {
    // RFC 1662 3.1: a frame of PPP that has no header of SSTP gets one, and loses it again.
    let framed = bytes.starts_with(&FRAME).then(|| sstp::emit_data(bytes));
    let speech = Speech::read(framed.as_deref().unwrap_or(bytes), of_whom(bytes, seed));
    let is_head = speech.spots.first().is_some_and(|spot| spot.is("http."));
    let mut rng = Rng::new(seed);
    for _ in 0..DRAWS {
        let variant = speech.drawn(&mut rng, !is_head)?;
        let mut made = speech.instead(&variant.edits);
        made.retain(|made| made != bytes);
        let Some(made) = below(made.len(), &mut rng).map(|at| made.swap_remove(at)) else { continue };
        let bare = match made.get(HEADER_LEN..) {
            Some(frame) if framed.is_some() && frame.starts_with(&FRAME) => frame.to_vec(),
            _ => made,
        };
        return Some(Spoilt { row: variant.mutator, bytes: bare.into_iter().take(most).collect() });
    }
    None
}

/// Messages of that side, one behind the other, with one variant of them: the seed says which.
pub fn stream(bytes: &[u8], by: Side, seed: u64, most: usize) -> Option<Spoilt> {
    let speech = Speech::read(bytes, by);
    let variant = speech.drawn(&mut Rng::new(seed), true)?;
    Some(Spoilt { row: variant.mutator, bytes: speech.whole(&variant.edits, most) }).filter(|spoilt| spoilt.bytes != bytes)
}

/// Only a server answers; either side says the rest.
fn of_whom(bytes: &[u8], seed: u64) -> Side {
    match bytes.starts_with(b"HTTP/") || seed & 1 == 1 && bytes.first() == Some(&sstp::VERSION) {
        true => Side::Server,
        false => Side::Client,
    }
}

/// An HTTP head if there is one, whole packets, and the rest.
fn cut(bytes: &[u8], by: Side) -> Vec<&[u8]> {
    let parse = if by == Side::Client { Head::parse_request } else { Head::parse_response };
    let head = match bytes.first() {
        Some(&sstp::VERSION) | None => 0,
        Some(_) => parse(Layer::Http, bytes).map_or(0, |parsed| if let Parsed::Whole(_, length) = parsed { length } else { 0 }),
    };
    let (head, rest) = bytes.split_at_checked(head).unwrap_or((&[], bytes));
    let mut pieces = vec![head];
    pieces.extend(packets(rest));
    pieces.retain(|piece| !piece.is_empty());
    pieces
}

/// The packets that follow each other in these bytes; what is behind the last of them is a piece too.
fn packets(bytes: &[u8]) -> Vec<&[u8]> {
    let (mut framer, mut at, mut pieces) = (Framer::default(), 0, Vec::new());
    framer.push(bytes);
    while let Ok(Some(packet)) = framer.next_packet() {
        pieces.extend(bytes.get(at..at + packet.len()));
        at += packet.len();
    }
    pieces.extend(bytes.get(at..));
    // One packet whose length lies is one message still.
    if pieces.len() > 2 { pieces } else { vec![bytes] }
}

fn picked<'a, T>(list: &'a [T], rng: &mut Rng) -> Option<&'a T> {
    list.get(below(list.len(), rng)?)
}

fn below(length: usize, rng: &mut Rng) -> Option<usize> {
    usize::try_from(rng.next_u64().checked_rem(length as u64)?).ok()
}

/// RFC 1662 3.1: address and control of a PPP frame.
pub const FRAME: [u8; 2] = [0xff, 0x03];
/// The only message that is sealed behind its edits.
const CALL_CONNECTED: &str = "sstp.call-connected";
/// Ours: rows are drawn so often until one makes something.
const DRAWS: usize = 24;
/// Ours: different messages of one variant.
const MOST_MADE: usize = 8;
/// Ours: writes of one message.
const MOST_WRITES: usize = 512;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::unhex;
    use crate::jobs::mutate::{arena, guests};
    use crate::proto::plan::Method;
    use std::collections::BTreeSet;

    /// What is parsed in memory is what goes out in a call: the same door, the same edits.
    #[test]
    fn a_variant_of_one_message_is_what_its_line_says() {
        let script = arena::lab_script().expect("a call");
        let speech = Speech::of(&script, Side::Client);
        let instead = |line: &str| speech.instead(&[Edit::parse(line).expect("an edit")]);
        assert_eq!(instead("sstp.call-disconnect#1 instead 10010000"), [unhex("10010000").expect("bytes")]);
        let copies = instead("lcp.configure-request#1 extra set code=9");
        assert_eq!((copies.len(), copies[0][8], copies[1][8]), (2, 9, 1));
        let sealed = instead("sstp.call-connected-unsealed#1 set crypto-binding.hash-protocol=130");
        assert_eq!((sealed.len(), sealed[0][15]), (1, 130), "{sealed:x?}");
        assert!(instead("sstp.call-disconnect#1 drop").is_empty() && instead("lcp.configure-request#9 drop").is_empty());
        let all = speech.whole(&[], usize::MAX);
        let early = Edit::parse("sstp.call-connected#1 early sstp.call-connect-request#1").expect("an edit");
        let moved = speech.whole(&[early], usize::MAX);
        assert!(all.len() == moved.len() && all != moved);
    }

    /// Every row that makes something of a message of a call makes it of the bytes of that message alone.
    #[test]
    fn rows_drive_bytes() {
        let tunnel = arena::login_script(Method::EapTls);
        let scripts = [(arena::lab_script(), Side::Client), (tunnel, Side::Client), (guests::script(), Side::Server)];
        let messages: Vec<(Vec<u8>, Side)> = scripts
            .into_iter()
            .flat_map(|(script, by)| spot::spots(&script.expect("a call"), by).into_iter().map(move |spot| (spot.raw, by)))
            .collect();
        let mut seen = BTreeSet::new();
        for (raw, by) in &messages {
            for seed in 0..300 {
                seen.extend(message(raw, seed * 2 + u64::from(*by == Side::Server), 4_096).map(|spoilt| spoilt.row));
            }
        }
        // Order is of several messages, and one that is left out is none.
        let missed: Vec<_> = rows::all().map(|row| row.id).filter(|id| !seen.contains(id)).collect();
        assert_eq!(missed, ["early", "repeat", "drop", "late"]);
        let several: Vec<u8> = messages.iter().filter(|row| row.1 == Side::Client).flat_map(|row| row.0.clone()).collect();
        let rows: BTreeSet<_> =
            (0..3_000).filter_map(|seed| stream(&several, Side::Client, seed, 9_000)).map(|spoilt| spoilt.row).collect();
        assert!(["early", "repeat", "drop"].iter().all(|id| rows.contains(id)), "{rows:?}");
    }

    /// Nothing that a row is given may end it.
    #[test]
    fn rows_stand_any_bytes() {
        let script = guests::script().expect("a call");
        let raws: Vec<Vec<u8>> = [Side::Client, Side::Server].iter().flat_map(|by| script.says(*by)).map(|said| said.raw.clone()).collect();
        let mut rng = Rng::new(7);
        for nth in 0..6_000 {
            let mut raw = picked(&raws, &mut rng).expect("a message").clone();
            for _ in 0..nth % 4 {
                let at = below(raw.len(), &mut rng).expect("it has bytes");
                raw[at] = u8::try_from(rng.next_u64() & 0xff).expect("a byte");
            }
            raw.truncate(raw.len() - below(raw.len(), &mut rng).unwrap_or_default() * usize::from(nth % 3 == 0));
            for by in [Side::Client, Side::Server] {
                assert!(stream(&raw, by, nth, 500).is_none_or(|spoilt| spoilt.bytes.len() <= 500));
            }
            assert!(message(&raw, nth, 500).is_none_or(|spoilt| spoilt.bytes.len() <= 500));
        }
    }
}
