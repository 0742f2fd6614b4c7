//! What waits, what is under way, what is through, and what is void; how much may be open at a time.

use super::case::Case;
use super::outage::{self, End, Gone, Life, Ran};
use super::verdict::Grade;
use crate::base::Micros;
use std::collections::{HashMap, HashSet, VecDeque};
use std::time::Duration;
use tokio::task::AbortHandle;

/// The cases of a run, by their places.
pub(super) struct Floor<'a> {
    cases: &'a [Case],
    waiting: VecDeque<usize>,
    begun: HashMap<usize, Begun>,
    /// What is through, in the order in which it was.
    pub results: Vec<Ran>,
    /// What was cut off when the target went away for a moment.
    pub void: Vec<Ran>,
    /// Cases under way while the target was away: void when the connection was lost.
    shaken: HashSet<usize>,
    /// How often a case was put back because the target was full.
    put_back: HashMap<usize, u32>,
    /// Connections open at a time at least; fewer are no crowd.
    jobs: usize,
    /// At most; becomes less when the target shows a limit of its own.
    room: usize,
    /// Every connection that is over, those of cases that wait once more included.
    lives: Vec<Life>,
}

struct Begun {
    at: Micros,
    task: AbortHandle,
}

impl<'a> Floor<'a> {
    /// Nothing has begun. `room`: connections open at a time at most.
    pub fn new(cases: &'a [Case], jobs: usize, room: usize) -> Floor<'a> {
        Floor {
            cases,
            waiting: queue(cases),
            begun: HashMap::new(),
            results: Vec::new(),
            void: Vec::new(),
            shaken: HashSet::new(),
            put_back: HashMap::new(),
            jobs,
            room: room.max(jobs),
            lives: Vec::new(),
        }
    }

    /// Nothing waits, and nothing is under way.
    pub fn is_through(&self) -> bool {
        self.waiting.is_empty() && self.begun.is_empty()
    }

    /// Another case may begin, as far as the target is concerned.
    pub fn has_room(&self) -> bool {
        !self.waiting.is_empty() && self.begun.len() < self.room
    }

    /// The next case to begin.
    pub fn next(&mut self) -> Option<usize> {
        self.waiting.pop_front()
    }

    /// It has begun.
    pub fn begins(&mut self, place: usize, at: Micros, task: AbortHandle) {
        self.begun.insert(place, Begun { at, task });
    }

    /// A case is through; says how many are.
    pub fn take(&mut self, ran: Ran) -> usize {
        self.begun.remove(&ran.place);
        self.lives.extend(ran.lives.iter().copied());
        let lost = self.shaken.remove(&ran.place) && outage::lost(&ran.done);
        let floor = if lost { &mut self.void } else { &mut self.results };
        floor.push(ran);
        self.results.len() + self.void.len()
    }

    /// A task ended without a result; its case is never waited for.
    pub fn forget_ended(&mut self) {
        self.begun.retain(|_, begun| !begun.task.is_finished());
    }

    /// The target is down: only what was through when it was last seen alive stands.
    pub fn down(&mut self, asked: Micros, away: Micros, why: String) -> Gone {
        let alive = outage::last_alive(&self.results, asked, away);
        let mut void = outage::void(&mut self.results, alive, Micros::MAX);
        void.append(&mut self.void);
        let mut cut_off: Vec<usize> = self.begun.keys().copied().chain(self.put_back.keys().copied()).collect();
        cut_off.sort_unstable();
        cut_off.dedup();
        cut_off.retain(|place| !self.results.iter().chain(&void).any(|ran| ran.place == *place));
        let cut_off: Vec<&str> = cut_off.iter().filter_map(|place| self.cases.get(*place)).map(|case| case.id.as_ref()).collect();
        Gone::of(&void, &cut_off, why)
    }

    /// The target was away for a moment.
    pub fn shake(&mut self, asked: Micros, away: Micros) {
        let alive = outage::last_alive(&self.results, asked, away);
        self.void.extend(outage::void(&mut self.results, alive, away));
        self.shaken.extend(self.begun.iter().filter(|row| row.1.at <= away).map(|row| *row.0));
    }

    /// The target fell when a case found no way in that was begun at `away`, as far as can be seen by now.
    pub fn fell(&self, away: Micros) -> bool {
        let open = self.begun.values().map(|begun| Life { from: begun.at, to: Micros::MAX, end: End::Ours });
        let lives: Vec<Life> = self.lives.iter().copied().chain(open).collect();
        outage::falls(&lives).iter().any(|fall| fall.1 >= away)
    }

    /// What was under way when the target fell is void, however soon it was back.
    pub fn drop_fallen(&mut self) {
        self.void.extend(outage::fallen(&mut self.results, &outage::falls(&self.lives)));
    }

    /// Nothing is to begin any more, and little is open.
    pub fn waits_only(&self) -> bool {
        self.waiting.is_empty() && self.begun.len() <= FEW
    }

    /// Connections that are open.
    pub fn open(&self) -> usize {
        self.begun.len()
    }

    /// Cases found no way in since `asked`, though the target takes others. Where more was open than was asked for that is too many at
    /// a time, and they wait once more; false where nobody does.
    pub fn turned_away(&mut self, open: usize, asked: Micros) -> bool {
        if open <= self.jobs {
            return false;
        }
        self.narrows(open);
        let waiting = self.waiting.len();
        self.put_back_if(|ran| !ran.connected && ran.ended > asked && ran.done.case.base.below.is_none());
        self.waiting.len() > waiting
    }

    /// An honest call found no way in: where more is open than was asked for the youngest cases are broken off and wait once
    /// more, with those that were through since `asked` and did not pass. False: there is no crowd.
    pub fn makes_room(&mut self, asked: Micros) -> bool {
        let open = self.begun.len();
        if open <= self.jobs {
            return false;
        }
        self.narrows(open);
        let mut begun: Vec<(Micros, usize)> = self.begun.iter().map(|row| (row.1.at, *row.0)).collect();
        begun.sort_unstable();
        for (_, place) in begun.into_iter().skip(self.room) {
            if let Some(begun) = self.begun.remove(&place) {
                begun.task.abort();
            }
            self.put_back.entry(place).or_default();
            self.waiting.push_back(place);
        }
        self.put_back_if(|ran| ran.ended > asked && ran.done.verdict.grade != Grade::Pass);
        true
    }

    fn narrows(&mut self, open: usize) {
        self.room = self.jobs.max(self.room.min(open * 2 / 3));
    }

    /// These wait once more, but for those that did so too often.
    fn put_back_if(&mut self, which: impl Fn(&Ran) -> bool) {
        let Floor { results, put_back, waiting, .. } = self;
        results.retain(|ran| {
            if !which(ran) {
                return true;
            }
            let times = put_back.entry(ran.place).or_default();
            *times += 1;
            if *times <= PUT_BACK {
                waiting.push_back(ran.place);
            }
            *times > PUT_BACK
        });
    }
}

/// The longest first: their timers run while everything else is done.
fn queue(cases: &[Case]) -> VecDeque<usize> {
    let mut places: Vec<usize> = (0..cases.len()).collect();
    let longest = |place: &usize| cases.get(*place).map_or(Duration::ZERO, |case| case.base.within * case.base.times);
    places.sort_by_key(|place| std::cmp::Reverse(longest(place)));
    places.into()
}

/// Ours: a case that is turned away more often is judged as it is.
const PUT_BACK: u32 = 8;
/// Ours: where no more is open, cuts prove nothing together.
const FEW: usize = 3;
