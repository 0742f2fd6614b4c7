//! Keep-alives and pings of the peer, and leaving a call in order.

use super::super::message::{Lane, Said};
use super::Player;
use crate::wire::sstp::{Message, MessageType};

impl Player {
    /// A keep-alive is answered where the recording answers any, and not before it does.
    pub(super) fn keep_alive(&mut self, request: Said) {
        self.on_outcome(|outcome| outcome.passed_over += 1);
        if request.wants_an_echo() && self.unanswered.len() < MOST_UNANSWERED {
            self.unanswered.push(request);
        }
        self.answer();
    }

    pub(super) fn answer(&mut self) {
        let course = self.course.clone();
        let place = course.ours.get(self.next).map_or(usize::MAX, |turn| turn.step);
        self.given.resize(course.reflexes.len(), 0);
        for (which, reflex) in course.reflexes.iter().enumerate().filter(|(_, reflex)| reflex.step < place) {
            while self.given.get(which).is_some_and(|given| *given < reflex.most)
                && let Some(at) = self.unanswered.iter().position(|request| request.name == reflex.request)
            {
                self.given.iter_mut().skip(which).take(1).for_each(|given| *given += 1);
                let raw = self.moment.reflex(&reflex.answer, &self.unanswered.remove(at));
                let passed = self.door.pass(self.now, &reflex.answer.name, raw);
                let sent = passed.bytes.map(|bytes| Said::new(self.now, course.side, bytes));
                sent.iter().for_each(|said| self.note(said));
            }
        }
    }

    /// The peer pinged more often in the recording than it did now.
    pub(super) fn pings_are_due(&self) -> bool {
        let given = |which: usize| self.given.get(which).copied().unwrap_or_default();
        self.course.reflexes.iter().enumerate().any(|(which, reflex)| reflex.most != usize::MAX && given(which) < reflex.most)
    }

    /// The user stops: where there is a call, it is ended in order. MS-SSTP 2.2.13.
    pub(super) fn leave(&mut self) {
        let calls = self.course.ours.get(..self.next).unwrap_or_default().iter().any(|turn| turn.said.lane == Lane::Call);
        let left = |name: &str| name == "sstp.call-disconnect" || name == "sstp.call-abort" || name == "sstp.call-connect-nak";
        let over = self.course.ours.get(..self.next).unwrap_or_default().iter().any(|turn| left(&turn.said.name))
            || self.latest.get(&Lane::Call).is_some_and(|latest| left(&latest.name));
        self.door.clear();
        if calls && !over && !self.peer_closed {
            let goodbye = Said::new(self.now, self.course.side, Message::status(MessageType::CallDisconnect, 0, 0).emit());
            self.note(&goodbye);
            self.door.pass(self.now, "", goodbye.raw);
        }
    }
}

/// Ours: keep-alives of the peer that wait for their answer.
const MOST_UNANSWERED: usize = 16;
