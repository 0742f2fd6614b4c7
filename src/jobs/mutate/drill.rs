//! The call that `--self` spoils, from both sides: its variants, the messages that they make, and the whole call that our own server
//! or client has of one.

use super::arena::{self, Arena};
use super::guests::{self, Memory};
use super::spoil::Speech;
use super::variant::{self, Variant};
use crate::base::Side;
use crate::jobs::replay::{NotPlayable, Script};
use crate::proto::plan::Method;
use crate::transcript::Event;

/// A call to spoil in this process.
pub struct Drill {
    parts: Vec<Part>,
    /// Part and place of every variant: one of each part in turn, and in a part one of each row.
    order: Vec<(usize, usize)>,
    /// The same of those that are played as calls.
    played: Vec<(usize, usize)>,
    memory: Memory,
    seed: u64,
}

/// Who is at the other side in memory.
enum Plays {
    /// Our own server.
    Server(Box<Arena>),
    /// Our own client.
    Client,
    Nobody,
}

/// What one side says in one call.
struct Part {
    speech: Speech,
    variants: Vec<Variant>,
    /// The other side of it can be had in memory.
    plays: Plays,
}

/// What our own end has told of a call, and what it was sent.
pub struct Played {
    /// The side that was spoilt.
    pub by: Side,
    /// The row.
    pub row: &'static str,
    /// Events of the session at the other side.
    pub events: Vec<Event>,
    /// What it was sent.
    pub sent: Vec<u8>,
}

impl Drill {
    /// The recorded call, and the one that our own client and server have with each other.
    pub fn new(recorded: Option<&Script>, seed: u64) -> Result<Drill, NotPlayable> {
        // TLS inside EAP would draw other numbers in every run; what carries it is spoilt in a login without.
        let (lab, own, eap) = (arena::lab_script()?, guests::script()?, arena::login_script(Method::EapMd5)?);
        let none = || NotPlayable("the lab cannot be rehearsed".into());
        let part = |script: &Script, by, plays| Part { speech: Speech::of(script, by), variants: variant::all(script, by, seed), plays };
        let arena = match recorded {
            Some(script) => Arena::like(script, &[], seed),
            None => Arena::new(&lab, &[], seed),
        };
        let served = |arena: Option<Arena>| arena.map(|arena| Plays::Server(Box::new(arena))).ok_or_else(none);
        let mut parts = vec![
            part(recorded.unwrap_or(&lab), Side::Client, served(arena)?),
            part(&own, Side::Server, Plays::Client),
            part(&eap, Side::Client, served(Arena::like(&eap, &[], seed))?),
        ];
        // Our own server says something else; what the recorded one has said is for the parsers.
        parts.extend(recorded.map(|script| part(script, Side::Server, Plays::Nobody)));
        let places = parts.iter().enumerate().flat_map(|(nth, part)| (0..part.variants.len()).map(move |at| (nth, at)));
        let mut order: Vec<(usize, usize)> = places.collect();
        order.sort_by_key(|(nth, at)| (*at, *nth));
        let played =
            order.iter().copied().filter(|(nth, _)| parts.get(*nth).is_some_and(|part| !matches!(part.plays, Plays::Nobody))).collect();
        Ok(Drill { parts, order, played, memory: Memory::new(None, seed), seed })
    }

    /// Its messages.
    pub fn seeds(&self) -> Vec<Vec<u8>> {
        self.parts.iter().flat_map(|part| &part.speech.spots).map(|spot| spot.raw.clone()).collect()
    }

    /// The messages that the variant of that number makes, and its row; nothing behind the last one.
    pub fn made(&self, number: u64) -> Option<(&'static str, Vec<Vec<u8>>)> {
        let (part, variant) = self.at(&self.order, number)?;
        Some((variant.mutator, part.speech.instead(&variant.edits)))
    }

    /// The id and the line of the variant that is played under that number.
    pub fn named(&self, number: u64) -> Option<(&str, String)> {
        self.at(&self.played, number).map(|(_, variant)| (variant.id.as_str(), variant.line()))
    }

    /// Plays the variant of that number to our own end; nothing behind the last one.
    pub fn play(&self, number: u64) -> Option<Played> {
        let (part, variant) = self.at(&self.played, number)?;
        let drawn = self.seed.wrapping_add(number);
        let by = part.speech.spots.first().map_or(Side::Client, |spot| spot.by);
        let (ride, events) = match &part.plays {
            Plays::Server(arena) => arena.told(&variant.edits, (drawn, drawn)),
            Plays::Client => self.memory.told(&variant.edits, drawn),
            Plays::Nobody => return None,
        };
        Some(Played { by, row: variant.mutator, events, sent: ride.sent() })
    }

    fn at(&self, list: &[(usize, usize)], number: u64) -> Option<(&Part, &Variant)> {
        let (nth, at) = list.get(usize::try_from(number).ok()?)?;
        let part = self.parts.get(*nth)?;
        Some((part, part.variants.get(*at)?))
    }
}
