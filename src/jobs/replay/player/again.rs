//! Messages of the peer that come again.

use super::super::asked::acknowledges;
use super::super::course::Expected;
use super::super::message::{Lane, Said};
use super::super::outcome::{Divergence, Kind};
use super::Player;
use super::hears::places;
use std::time::Duration;

impl Player {
    /// We say something: what it answers.
    pub(super) fn answers(&mut self, said: &Said) {
        let lane = match said.lane {
            Lane::Answers(protocol) => Lane::Asks(protocol),
            Lane::Auth => Lane::Auth,
            _ => return,
        };
        self.answered.insert(lane, self.now);
    }

    /// A message came again: what answers it answers the latest.
    pub(super) fn came_again(&mut self, mut said: Said) {
        self.on_outcome(|outcome| outcome.repeated += 1);
        let again = self.again.entry(said.lane).or_default();
        *again += 1;
        let times = *again;
        let course = self.course.clone();
        let came = self.came.get(&said.lane).copied().unwrap_or_default();
        let before = came.checked_sub(1).and_then(|place| course.theirs.get(&said.lane)?.get(place));
        if let Some(before) = before.filter(|before| times > before.again.len()) {
            self.not_for_want_of_an_answer(before, &said, times - before.again.len());
        }
        let latest = self.latest.get_mut(&said.lane).filter(|latest| latest.raw == said.raw);
        if let Some(latest) = latest {
            latest.at = said.at;
            return self.acknowledge_again(said.lane);
        }
        if let Some(before) = before {
            let recorded = before.again.get(times - 1).or(before.again.last()).unwrap_or(&before.said);
            if recorded.name == said.name {
                self.moment.incoming(recorded, &said);
            }
        }
        let lane = said.lane;
        said.at = self.now;
        self.latest.insert(lane, said);
        self.acknowledge_again(lane);
    }

    /// RFC 1661 4.6: what is not answered is sent again when the restart timer runs out. What comes again otherwise, more often than it
    /// was recorded, is a divergence. `nth`: so often it came beyond the recording.
    fn not_for_want_of_an_answer(&mut self, before: &Expected, said: &Said, nth: usize) {
        let Some(why) = self.why_not_again(said) else { return };
        let taken: Vec<usize> = places(&self.course.ignore, |pattern| pattern.takes(&said.name)).collect();
        if before.ignored || !taken.is_empty() {
            return self.on_outcome(|outcome| outcome.ignored.extend(taken));
        }
        let (at, notes) = (self.now, self.manner.notes);
        let kind = Kind::Again { message: said.name.clone(), why };
        self.on_outcome(|outcome| {
            if !outcome.divergences.iter().any(|other| other.step == Some(before.step) && matches!(other.kind, Kind::Again { .. })) {
                outcome.diverged(Divergence { step: Some(before.step), at, kind });
            }
            if notes && nth <= SHOWN {
                outcome.row(None, Some(said.clone()), Vec::new());
            }
        });
    }

    /// Why that is no retransmission, a clause; `None`: it is one.
    fn why_not_again(&self, said: &Said) -> Option<&'static str> {
        let latest = self.latest.get(&said.lane)?.at;
        let answered = self.answered.get(&said.lane).filter(|at| **at >= latest && (**at - latest).duration() < RESTART);
        let for_good = said.lane == Lane::Auth || self.asked.is_done(said.lane);
        match () {
            () if said.lane == Lane::Call => Some("although TCP loses nothing, and SSTP sends nothing twice"),
            () if answered.is_some() && for_good => Some("though it was answered"),
            () if (self.now - latest).duration() < RESTART => Some("at once, before any restart timer can have run out"),
            () => None,
        }
    }

    /// The peer has not seen its request acknowledged, or has begun again: the Ack is sent once more.
    fn acknowledge_again(&mut self, lane: Lane) {
        let Some(protocol) = self.asked.acknowledged(lane) else { return };
        let course = self.course.clone();
        let said = course.ours.get(..self.next).unwrap_or_default().iter().rev();
        let ack = said.map(|turn| &turn.said).find(|said| said.lane == Lane::Answers(protocol) && acknowledges(said));
        let Some(ack) = ack else { return };
        let made = self.moment.outgoing(ack, &mut |_, bytes| bytes);
        let passed = self.door.pass(self.now, &ack.name, made);
        let sent = passed.bytes.map(|bytes| Said::new(self.now, course.side, bytes));
        sent.iter().for_each(|said| self.note(said));
    }
}

/// Ours: no restart timer is shorter. RFC 1661 4.6 has 3 s as its default; pppd counts in whole seconds.
const RESTART: Duration = Duration::from_millis(900);
/// Ours: repetitions of one message in the ladder.
const SHOWN: usize = 16;
