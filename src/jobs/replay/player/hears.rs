//! What the peer says, held against what was recorded.

use super::super::compare::Part;
use super::super::course::{Expected, by_the_clock};
use super::super::message::{Lane, Said};
use super::super::outcome::{Kind, Next};
use super::super::pattern::Pattern;
use super::Player;
use crate::base::Layer;
use crate::proto::Output;
use crate::transcript::{Event, How, What};

impl Player {
    pub(super) fn heard(&mut self, raw: Vec<u8>) {
        let said = Said::new(self.now, self.peer(), raw);
        self.note(&said);
        if by_the_clock(&said) {
            return self.keep_alive(said);
        }
        if self.logs_in_with(&said) {
            return;
        }
        let course = self.course.clone();
        if self.latest.get(&said.lane).is_some_and(|latest| said.repeats(latest, self.asked.is_done(said.lane))) {
            return self.came_again(said);
        }
        self.asked.heard(&said);
        self.again.remove(&said.lane);
        let taken: Vec<usize> = places(&course.ignore, |pattern| pattern.takes(&said.name)).collect();
        let ignored = !taken.is_empty();
        self.on_outcome(|outcome| outcome.ignored.extend(taken));
        let came = self.came.entry(said.lane).or_default();
        let list = course.theirs.get(&said.lane).map(Vec::as_slice).unwrap_or_default();
        // What is not compared need not come.
        while list.get(*came).is_some_and(|next| next.ignored && next.step >= course.since && next.said.name != said.name) && !ignored {
            *came += 1;
        }
        let expected = list.get(*came);
        if ignored && expected.is_none_or(|expected| expected.said.name != said.name) {
            self.latest.insert(said.lane, said);
            return self.on_outcome(|outcome| outcome.passed_over += 1);
        }
        *came += 1;
        self.latest.insert(said.lane, said.clone());
        match expected {
            // More answers than recorded: there were more keep-alives.
            None if matches!(said.lane, Lane::Echo(_)) => self.on_outcome(|outcome| outcome.passed_over += 1),
            // The recording ended before what it asked for was answered.
            None if self.is_owed(said.lane) => self.on_outcome(|outcome| outcome.passed_over += 1),
            None => self.extra(said),
            Some(expected) if expected.said.name != said.name => self.another(expected, said),
            Some(expected) => {
                let mut parts = self.moment.incoming(&expected.said, &said);
                if expected.ignored {
                    self.on_outcome(|outcome| outcome.passed_over += 1);
                    return self.moved(expected.step);
                }
                parts.retain(|part| {
                    let taken: Vec<usize> = places(&course.ignore, |pattern| pattern.takes_field(&said.name, &part.field)).collect();
                    let stays = taken.is_empty();
                    self.on_outcome(|outcome| outcome.ignored.extend(taken));
                    stays
                });
                if !parts.is_empty() {
                    self.diverged(Some(expected.step), Kind::Fields { message: said.name.clone(), parts: parts.clone() });
                }
                self.tell_heard(Some(expected.step), said, parts);
                self.moved(expected.step);
            }
        }
    }

    pub(super) fn tell_heard(&self, step: Option<usize>, said: Said, parts: Vec<Part>) {
        let notes = self.manner.notes;
        self.on_outcome(|outcome| {
            outcome.heard += 1;
            if notes {
                outcome.row(step, Some(said), parts);
            }
        });
    }

    /// We asked more often in this protocol than the recording has answers.
    fn is_owed(&self, lane: Lane) -> bool {
        let Lane::Answers(protocol) = lane else { return false };
        let said = self.course.ours.get(..self.next).unwrap_or_default();
        let asked = said.iter().filter(|turn| turn.said.lane == Lane::Asks(protocol)).count();
        asked > self.course.theirs.get(&lane).map_or(0, Vec::len)
    }

    /// A message that the recording does not have in its exchange.
    fn extra(&mut self, said: Said) {
        let all_said = self.next >= self.course.ours.len();
        let all_came = self.course.missing(&self.course.all(), &self.came).is_none();
        // A recording that ends before the call does lacks what came next in each exchange.
        let ends =
            ["sstp.call-abort", "sstp.call-connect-nak", "sstp.call-disconnect", "lcp.terminate-request"].contains(&said.name.as_str());
        if self.course.open_end && (!ends || all_said && all_came) {
            return self.on_outcome(|outcome| outcome.passed_over += 1);
        }
        self.out_of_place(said);
    }

    /// Another message than the next of its exchange. Before that one is due, the call leaves the recording where it stands.
    fn another(&mut self, expected: &Expected, said: Said) {
        let came = self.came.get(&said.lane).copied().unwrap_or_default();
        let is_due = self.needs().iter().any(|(lane, need)| *lane == said.lane && came <= *need);
        // What a peer asks for first it asks for when it wants.
        if !is_due && (came > 1 || !matches!(said.lane, Lane::Asks(_))) {
            self.came.entry(said.lane).and_modify(|came| *came -= 1);
            return self.out_of_place(said);
        }
        let kind = Kind::Other { expected: expected.said.name.clone(), came: said.name.clone() };
        self.tell_heard(Some(expected.step), said, Vec::new());
        self.fail(Some(expected.step), kind);
    }

    fn out_of_place(&mut self, said: Said) {
        let message = said.name.clone();
        self.tell_heard(None, said, Vec::new());
        let awaited =
            self.course.missing(&self.needs(), &self.came).map(|expected| (expected.step, Next::Heard(expected.said.name.clone())));
        let turn = || self.course.ours.get(self.next).map(|turn| (turn.step, Next::Said(turn.said.name.clone())));
        let (step, next) = awaited.or_else(turn).map_or((None, Next::End), |(step, next)| (Some(step), next));
        self.fail(step, Kind::Extra { message, next });
    }

    /// What must have come before our next message, or before the end.
    fn needs(&self) -> Vec<(Lane, usize)> {
        self.course.ours.get(self.next).map_or_else(|| self.course.all(), |turn| turn.needs.clone())
    }

    /// Nothing that was recorded is still to come, keep-alives and their answers aside.
    fn is_through(&self) -> bool {
        let needs: Vec<_> = self.course.all().into_iter().filter(|need| !matches!(need.0, Lane::Echo(_))).collect();
        let to_say = self.course.ours.get(self.next..).unwrap_or_default();
        self.course.missing(&needs, &self.came).is_none() && to_say.iter().all(|turn| by_the_clock(&turn.said))
    }

    pub(super) fn closed(&mut self, how: How) {
        self.peer_closed = true;
        if self.manner.notes {
            let event = Event::new(self.now, Some(self.peer()), Layer::Tls, What::Closed(how));
            self.out.push_back(Output::Event(Box::new(event)));
        }
        let course = self.course.clone();
        let missing = course.missing(&course.all(), &self.came);
        // Where the recording has the peer close here too, nobody hears what we would say after it.
        if self.is_through() || missing.is_none() && course.peer_closes {
            self.over = true;
            return self.on_outcome(|outcome| outcome.through = true);
        }
        let place = missing.map(|expected| (expected.step, expected.said.name.clone()));
        let turn = course.ours.get(self.next).map(|turn| (turn.step, turn.said.name.clone()));
        let place = place.or(turn);
        let step = place.as_ref().map(|place| place.0);
        self.fail(step, Kind::Closed { how, before: place.map(|place| place.1).unwrap_or_default() });
    }
}

/// The places of the patterns that fit.
pub(super) fn places(patterns: &[Pattern], fits: impl Fn(&Pattern) -> bool) -> impl Iterator<Item = usize> {
    patterns.iter().enumerate().filter(move |row| fits(row.1)).map(|row| row.0)
}
