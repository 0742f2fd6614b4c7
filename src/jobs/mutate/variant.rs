//! The variants of a script: the same ones, in the same order, from the same seed.

use super::rows::{self, Change, Mutator};
use super::spot::{self, Spot};
use crate::base::{Micros, Side, hex};
use crate::jobs::replay::{Course, Said, Script, Step};
use crate::proto::Rng;
use crate::proto::edit::{Edit, Operation};
use crate::wire::sstp::{Message, MessageType};
use std::collections::{HashMap, HashSet};

/// One way to spoil a call.
#[derive(Clone, Debug)]
pub struct Variant {
    /// `mutator/where/what`.
    pub id: String,
    /// The row that made it.
    pub mutator: &'static str,
    /// The family of that row.
    pub family: &'static str,
    /// The state that it is sent in.
    pub place: &'static str,
    /// It waits for timers.
    pub slow: bool,
    /// What is changed.
    pub edits: Vec<Edit>,
}

impl Variant {
    /// Its edits in one line.
    pub fn line(&self) -> String {
        line(&self.edits)
    }
}

/// Edits in one line.
pub fn line(edits: &[Edit]) -> String {
    edits.iter().map(|edit| edit.line.as_str()).collect::<Vec<_>>().join("; ")
}

/// Every variant of what that side says in a script, shuffled by the seed, one of each mutator in turn: the first few hundred are of
/// every kind and state.
pub fn all(script: &Script, by: Side, seed: u64) -> Vec<Variant> {
    let spots = spot::spots(script, by);
    let anchors = spot::anchors(&spots);
    let mut variants = Vec::new();
    let place_of = |name: &str, nth: u32| spots.iter().find(|spot| spot.name == name && spot.nth == nth).map(|spot| spot.place);
    for mutator in rows::all() {
        for spot in &spots {
            let mut rng = Rng::new(seed ^ hash(mutator.id) ^ hash(&spot.target()).rotate_left(17));
            variants.extend((mutator.makes)(spot, &mut rng).iter().filter_map(|change| made(mutator, spot, change, &place_of)));
        }
        for (place, spot, behind) in &anchors {
            variants.extend((mutator.puts)(place).iter().filter_map(|change| put(mutator, place, spot, *behind, change)));
        }
    }
    let mut seen = HashSet::new();
    variants.retain(|variant| seen.insert(variant.id.clone()));
    shuffle(&mut variants, seed);
    let mut ranks: HashMap<&str, usize> = HashMap::new();
    let ranked = variants.into_iter().map(|variant| {
        let rank = ranks.entry(variant.mutator).or_default();
        *rank += 1;
        (*rank, variant)
    });
    let mut ranked: Vec<(usize, Variant)> = ranked.collect();
    ranked.sort_by_key(|row| row.0);
    ranked.into_iter().map(|row| row.1).collect()
}

/// What a row has made of a message, as a variant.
/// `place_of` tells the state that a message is sent in, of its name and number.
pub fn made(mutator: &Mutator, spot: &Spot, change: &Change, place_of: &dyn Fn(&str, u32) -> Option<&'static str>) -> Option<Variant> {
    let target = spot.target();
    let whole = |line: &String| line.split_whitespace().next().is_some_and(|word| word.contains('#'));
    let lines = change.lines.iter().map(|line| if whole(line) { line.clone() } else { format!("{target} {line}") });
    let edits = lines.map(|line| Edit::parse(&line).ok()).collect::<Option<Vec<_>>>()?;
    // What is early is sent in an earlier state: before the message that it overtakes.
    let overtaken = match edits.as_slice() {
        [Edit { operation: Operation::Early(name, nth), .. }] => place_of(name, *nth),
        [edit] => place_of(&edit.message, edit.nth.unwrap_or(1)),
        _ => None,
    };
    Some(variant(mutator, &target, overtaken.unwrap_or(spot.place), &change.name, edits))
}

/// What a row puts in at a message, before it or behind it, as a variant.
pub fn put(mutator: &Mutator, place: &'static str, spot: &Spot, behind: bool, change: &Change) -> Option<Variant> {
    let verb = if behind { "splice 9999..9999" } else { "before" };
    let edit = Edit::parse(&format!("{} {verb} {}", spot.target(), hex(&change.bytes))).ok()?;
    Some(variant(mutator, place, place, &change.name, vec![edit]))
}

fn variant(mutator: &Mutator, at: &str, place: &'static str, name: &str, edits: Vec<Edit>) -> Variant {
    Variant { id: format!("{}/{at}/{name}", mutator.id), mutator: mutator.id, family: mutator.family, place, slow: mutator.slow, edits }
}

fn shuffle(variants: &mut [Variant], seed: u64) {
    let mut rng = Rng::new(seed);
    for at in (1..variants.len()).rev() {
        let other = usize::try_from(rng.next_u64() % (at as u64 + 1)).unwrap_or_default();
        variants.swap(at, other);
    }
}

/// FNV-1a, 64 bits: the same on every machine.
pub fn hash(text: &str) -> u64 {
    fnv(text.bytes())
}

/// The same of any bytes.
pub fn fnv(bytes: impl IntoIterator<Item = u8>) -> u64 {
    bytes.into_iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
}

/// A call that its client left without a word is ended in order: how it ends says how the server has taken what came before.
pub fn to_its_end(mut script: Script) -> Script {
    let says = |name: &str| script.says(Side::Client).any(|said| said.name == name);
    if !says("sstp.call-connected") || says("sstp.call-disconnect") || says("sstp.call-abort") {
        return script;
    }
    let left = |step: &Step| matches!(step, Step::Closes { .. }) || step.said().is_some_and(|said| LEAVES.contains(&said.name.as_str()));
    if let Some(at) = script.steps.iter().position(left) {
        script.steps.truncate(at);
    }
    let at = script.steps.last().map_or(Micros::ZERO, Step::at);
    let ends =
        [(Side::Client, Message::status(MessageType::CallDisconnect, 0, 0)), (Side::Server, Message::bare(MessageType::CallDisconnectAck))];
    script.steps.extend(ends.map(|(by, message)| Step::Says(Said::new(at, by, message.emit()))));
    script.cut = None;
    script
}

/// How a server ends a call.
const LEAVES: [&str; 2] = ["sstp.call-disconnect", "sstp.call-abort"];

/// The course of the client with these edits: what is early is moved, the rest is done at door 1.
pub fn course(course: &Course, edits: &[Edit]) -> (Course, Vec<String>) {
    let (mut course, mut moved) = (course.clone(), Vec::new());
    for edit in edits {
        match &edit.operation {
            Operation::Early(..) if course.early(edit) => moved.push(edit.line.clone()),
            _ => course.edits.push(edit.clone()),
        }
    }
    // What is said before a message of a login counts when that is said.
    moved.retain(|line| course.ahead.iter().all(|ahead| ahead.line != *line));
    (course, moved)
}
