//! Which connections there are, and which of them has been silent for how long. Everything is O(1) per segment.

use super::key::{Key, Seed};
use std::collections::HashMap;

/// How far a connection got, and so how long its silence is borne.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// Handshake not complete, no data.
    Opening = 0,
    /// Data, or the handshake complete.
    Open = 1,
    /// Both FINs, or a reset.
    Closed = 2,
    /// Both FINs, each acknowledged, and not handed over yet.
    Settled = 3,
    /// Handed over in the midst of it, because there was too much at once. What still comes for it is passed over.
    Evicted = 4,
}

/// A key, its place in the list of its class, and what belongs to it.
#[derive(Debug)]
struct Slot<T> {
    key: Key,
    before: u32,
    after: u32,
    class: Class,
    touched: i64,
    item: Option<Box<T>>,
}

/// Slots of one class, the one silent for longest first.
#[derive(Clone, Copy, Debug)]
struct List {
    first: u32,
    last: u32,
    len: usize,
}

/// Connections by key and by silence.
#[derive(Debug)]
pub(super) struct Roster<T> {
    places: HashMap<Key, u32, Seed>,
    slots: Vec<Slot<T>>,
    lists: [List; 5],
    /// Slots without an item, chained by `after`.
    free: u32,
    /// The slot found last: segments of one connection come in runs.
    recent: u32,
}

impl<T> Roster<T> {
    pub(super) fn new() -> Roster<T> {
        let list = List { first: NONE, last: NONE, len: 0 };
        Roster { places: HashMap::with_hasher(Seed::new()), slots: Vec::new(), lists: [list; 5], free: NONE, recent: NONE }
    }

    pub(super) fn len(&self) -> usize {
        self.places.len()
    }

    /// Where the connection lies.
    pub(super) fn find(&mut self, key: &Key) -> Option<u32> {
        if self.slots.get(self.recent as usize).is_some_and(|slot| slot.key == *key && slot.item.is_some()) {
            return Some(self.recent);
        }
        let place = *self.places.get(key)?;
        self.recent = place;
        Some(place)
    }

    pub(super) fn at(&mut self, place: u32) -> Option<&mut T> {
        self.slots.get_mut(place as usize)?.item.as_deref_mut()
    }

    /// Takes in a connection whose key is not in yet.
    pub(super) fn add(&mut self, key: Key, now: i64, item: T) -> u32 {
        let slot = Slot { key, before: NONE, after: NONE, class: Class::Opening, touched: now, item: Some(Box::new(item)) };
        let place = self.free;
        let place = match self.slots.get_mut(place as usize) {
            Some(old) => {
                self.free = old.after;
                *old = slot;
                place
            }
            None => {
                self.slots.push(slot);
                (self.slots.len() - 1) as u32
            }
        };
        self.places.insert(key, place);
        self.append(place);
        place
    }

    /// Takes a connection out.
    pub(super) fn remove(&mut self, place: u32) -> Option<(Key, T)> {
        let item = self.slots.get_mut(place as usize)?.item.take()?;
        self.unlink(place);
        let free = std::mem::replace(&mut self.free, place);
        let slot = self.slots.get_mut(place as usize)?;
        slot.after = free;
        let key = slot.key;
        self.places.remove(&key);
        Some((key, *item))
    }

    /// The connection had a segment. Within one second of the last time nothing moves: silence counts in minutes.
    pub(super) fn touch(&mut self, place: u32, class: Class, now: i64) {
        let Some(slot) = self.slots.get_mut(place as usize) else { return };
        if slot.class == class && now.saturating_sub(slot.touched) < SECOND {
            return;
        }
        self.unlink(place);
        if let Some(slot) = self.slots.get_mut(place as usize) {
            (slot.class, slot.touched) = (class, now);
        }
        self.append(place);
    }

    /// The connection is of the class.
    pub(super) fn is(&self, place: u32, class: Class) -> bool {
        self.slots.get(place as usize).is_some_and(|slot| slot.class == class)
    }

    /// Connections that are not given up.
    pub(super) fn live(&self) -> usize {
        self.len() - self.lists[Class::Evicted as usize].len
    }

    /// The connection got further, and had no segment.
    pub(super) fn reclass(&mut self, place: u32, class: Class) {
        self.unlink(place);
        if let Some(slot) = self.slots.get_mut(place as usize) {
            slot.class = class;
        }
        self.append(place);
    }

    /// Where the connection lies, and its key.
    pub(super) fn both(&mut self, place: u32) -> Option<(&Key, &mut T)> {
        let slot = self.slots.get_mut(place as usize)?;
        Some((&slot.key, slot.item.as_deref_mut()?))
    }

    /// A connection of the class that was silent since before `until`.
    pub(super) fn silent(&self, class: Class, until: i64) -> Option<u32> {
        let (place, touched) = self.oldest(class)?;
        (touched < until).then_some(place)
    }

    /// Which connection to forget when there are too many: one that was given up, or the next to be.
    pub(super) fn surplus(&self) -> Option<u32> {
        self.oldest(Class::Evicted).map(|(place, _)| place).or_else(|| self.victim())
    }

    /// Which connection to give up when there is too much of them: a closed one; else one that is only opening, where those are
    /// more than half (scans and floods must not push out calls that are silent); else the one silent for longest.
    pub(super) fn victim(&self) -> Option<u32> {
        let [opening, open, closed, settled] = [Class::Opening, Class::Open, Class::Closed, Class::Settled].map(|class| self.oldest(class));
        let flooded = self.lists[Class::Opening as usize].len * 2 > self.live();
        let longest = [opening, open].into_iter().flatten().min_by_key(|(_, touched)| *touched);
        closed.or(settled).or(opening.filter(|_| flooded)).or(longest).map(|(place, _)| place)
    }

    /// Everything that is left, the connection silent for longest first in each class.
    pub(super) fn first(&self) -> Option<u32> {
        [Class::Closed, Class::Settled, Class::Evicted, Class::Open, Class::Opening]
            .into_iter()
            .find_map(|class| self.oldest(class))
            .map(|(place, _)| place)
    }

    fn oldest(&self, class: Class) -> Option<(u32, i64)> {
        let place = self.lists[class as usize].first;
        self.slots.get(place as usize).map(|slot| (place, slot.touched))
    }

    fn append(&mut self, place: u32) {
        let Some(slot) = self.slots.get_mut(place as usize) else { return };
        let list = &mut self.lists[slot.class as usize];
        let before = std::mem::replace(&mut list.last, place);
        list.len += 1;
        (slot.before, slot.after) = (before, NONE);
        match self.slots.get_mut(before as usize) {
            Some(slot) => slot.after = place,
            None => list.first = place,
        }
    }

    fn unlink(&mut self, place: u32) {
        let Some(slot) = self.slots.get(place as usize) else { return };
        let (before, after) = (slot.before, slot.after);
        let list = &mut self.lists[slot.class as usize];
        list.len -= 1;
        match self.slots.get_mut(before as usize) {
            Some(slot) => slot.after = after,
            None => list.first = after,
        }
        match self.slots.get_mut(after as usize) {
            Some(slot) => slot.before = before,
            None => list.last = before,
        }
    }
}

/// The time of the capture for ageing. It never goes back, and one packet with a wild time moves it nowhere: a jump counts
/// when the next packet confirms it.
#[derive(Debug, Default)]
pub(super) struct Clock {
    now: i64,
    /// Added to packet times after the capture's clock was set back.
    shift: i64,
    started: bool,
    doubt: bool,
}

impl Clock {
    /// The time for ageing, microseconds.
    pub(super) fn now(&self) -> i64 {
        self.now
    }

    /// The time of the last packet was not believed yet.
    pub(super) fn is_in_doubt(&self) -> bool {
        self.doubt
    }

    /// Takes the time of a packet, gives the time for ageing; both are microseconds.
    pub(super) fn tick(&mut self, at: i64) -> i64 {
        let time = at.saturating_add(self.shift);
        let step = time.saturating_sub(self.now);
        if !self.started || (-JUMP..=JUMP).contains(&step) {
            self.now = if self.started { self.now.max(time) } else { time };
            (self.started, self.doubt) = (true, false);
        } else if !self.doubt {
            self.doubt = true;
        } else {
            self.doubt = false;
            if step > 0 {
                self.now = time;
            } else {
                self.shift = self.shift.saturating_sub(step);
            }
        }
        self.now
    }
}

/// No slot.
const NONE: u32 = u32::MAX;
/// Microseconds.
const SECOND: i64 = 1_000_000;
/// Ours: a larger step of time than 60 s needs a second packet to be believed.
const JUMP: i64 = 60 * SECOND;

#[cfg(test)]
mod tests {
    use super::*;

    fn key(port: u16) -> Key {
        Key::of(([10, 0, 0, 1], port).into(), ([10, 0, 0, 2], 443).into()).0
    }

    #[test]
    fn slots_are_used_again_and_lists_keep_the_order_of_silence() {
        let mut roster = Roster::new();
        let places: Vec<u32> = (0..4).map(|n| roster.add(key(n), i64::from(n), n)).collect();
        roster.touch(places[0], Class::Opening, 2 * SECOND);
        assert_eq!(roster.silent(Class::Opening, 2), Some(places[1]));
        assert_eq!(roster.silent(Class::Opening, 1), None, "it was touched at 1, not before");
        assert_eq!(roster.remove(places[1]).map(|(_, item)| item), Some(1));
        assert_eq!(roster.find(&key(1)), None);
        assert_eq!(roster.add(key(9), 3 * SECOND, 9), places[1], "the freed slot");
        let order: Vec<u16> = std::iter::from_fn(|| roster.first().and_then(|place| roster.remove(place))).map(|(_, n)| n).collect();
        assert_eq!(order, [2, 3, 0, 9]);
        assert_eq!(roster.len(), 0);
    }

    #[test]
    fn a_flood_of_openings_does_not_push_out_a_silent_call() {
        let mut roster = Roster::new();
        let call = roster.add(key(0), 0, 0);
        roster.touch(call, Class::Open, 0);
        let first = roster.add(key(1), 1, 1);
        assert_eq!(roster.victim(), Some(call), "one of each: the one silent for longest");
        roster.add(key(2), 2, 2);
        assert_eq!(roster.victim(), Some(first));
        let closed = roster.add(key(3), 3, 3);
        roster.touch(closed, Class::Closed, 3);
        assert_eq!(roster.victim(), Some(closed));
    }

    #[test]
    fn one_wild_time_ages_nothing_and_two_are_believed() {
        let mut clock = Clock::default();
        assert_eq!(clock.tick(1_000), 1_000);
        assert_eq!(clock.tick(i64::MAX), 1_000);
        assert_eq!(clock.tick(900), 1_000, "never back");
        assert_eq!(clock.tick(3_600 * SECOND), 1_000);
        assert_eq!(clock.tick(3_600 * SECOND + 1), 3_600 * SECOND + 1, "a long silence of the whole capture");
        clock.tick(0);
        assert_eq!(clock.tick(10), 3_600 * SECOND + 1, "the clock was set back");
        assert_eq!(clock.tick(20), 3_600 * SECOND + 11, "and goes on from there");
    }
}
