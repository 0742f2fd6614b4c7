//! What a ride comes to when it is over.

use super::{Answer, Ending, GIVES_UP, Kind, LETS_GO, LINK_TIMER, Owed, Phase, Referee, SLACK, TIMER, Verdict};
use crate::base::{Micros, SpecRef};

impl Referee<'_> {
    pub(super) fn verdict(mut self, closed: bool) -> Verdict {
        let waiting = self.waiting(closed);
        let (reaction, seen) = self.reaction(closed);
        self.final_faults(closed);
        Verdict {
            faults: self.faults,
            reaction,
            seen,
            owed: waiting,
            ended: self.ended.is_some() || closed,
            up: self.up,
            left: self.left,
            // Of a client these are ours.
            nonces: if self.world.judges_client { Vec::new() } else { self.nonces },
            slowest: self.slowest,
        }
    }

    /// Something must still come.
    fn waiting(&self, closed: bool) -> bool {
        let over = closed || self.ended.is_some();
        // What a disturbed link owes may come or not: nobody holds it against the target, and nobody waits for it.
        let owes = !self.disturbed && self.owed.iter().any(|owed| !owed.optional && owed.met.is_none());
        !over && !self.blind && (self.must_end.is_some() || owes)
    }

    fn final_faults(&mut self, closed: bool) {
        let over = self.ended;
        let since = |at: Micros, now: Micros| (now - at).duration();
        if let Some(must) = self.must_end.take() {
            match over {
                Some((when, _)) if since(must.at, when) > self.world.patience => {
                    self.fault(Kind::Hang, format!("{}: nothing ended the call for {:.0?}", must.why, since(must.at, when)), must.spec);
                }
                Some((_, Ending::Closed)) if must.aborts => {
                    self.fault(Kind::Wrong, format!("{}: closed without Call Abort", must.why), must.spec);
                }
                Some(_) => {}
                None => self.fault(Kind::Hang, format!("{}: nothing came", must.why), must.spec),
            }
            return;
        }
        self.termination_fault();
        for owed in self.owed.clone().into_iter().filter(|owed| !owed.optional && owed.met.is_none()) {
            match over {
                Some((when, _)) if self.may_leave() || when < owed.at => {}
                Some((when, _)) if since(owed.at, when) <= self.world.patience => {
                    self.fault(Kind::Wrong, format!("{} is not answered: the call was ended", owed.says), owed.spec);
                }
                _ if self.disturbed => {}
                _ => self.fault(Kind::Hang, format!("{} is not answered", owed.says), owed.spec),
            }
        }
        if let Some((when, how)) = over {
            self.ending_fault(when, how);
        } else if !closed {
            self.timer_faults();
        }
    }

    /// RFC 1661 5.5: a Terminate-Request is answered; here the call went on as if it had not come.
    fn termination_fault(&mut self) {
        let is = |owed: &&Owed| matches!(owed.answer, Answer::TerminateAck(_));
        let (asked, answered) = (self.owed.iter().any(|owed| is(&owed)), self.owed.iter().filter(is).any(|owed| owed.met.is_some()));
        let went_on = self.let_go.is_some() && !matches!(self.ended, Some((_, Ending::Abort | Ending::Disconnect)));
        if asked && !answered && went_on {
            self.fault(Kind::Wrong, "Terminate-Request is passed over", SpecRef::rfc(1661, "5.5"));
        }
    }

    /// The call was ended: was there a reason?
    fn ending_fault(&mut self, when: Micros, how: Ending) {
        // RFC 1661 4.6: a client that is not answered gives LCP up after ten requests, whatever we send meanwhile.
        let gives_up = self.world.judges_client && when.since(self.since) >= GIVES_UP;
        let timer = when.since(self.since) >= TIMER || when.since(self.last_sent) >= LINK_TIMER || gives_up;
        let expected = self.owed.iter().any(|owed| owed.met.is_none() && !owed.optional);
        if self.phase != Phase::Left && !self.may_leave() && !timer && !expected && self.faults.is_empty() {
            let says = format!("the call was ended ({}) although nothing that was sent allows it", word(how));
            self.fault(Kind::Wrong, says, SpecRef::sstp("3.1.5"));
        }
        if self.phase == Phase::Acked && when.since(self.since) > TIMER + SLACK {
            self.fault(Kind::Hang, "the negotiation timer did not end the call", SpecRef::sstp("3.3.2.1"));
        }
    }

    /// Nobody ended the call: should the server have?
    fn timer_faults(&mut self) {
        let idle = self.now.since(self.since);
        let let_go = self.let_go.filter(|_| !self.world.judges_client && !self.disturbed).map(|at| self.now.since(at));
        match self.phase {
            _ if let_go.is_some_and(|open| open > LETS_GO) => {
                let open = let_go.unwrap_or_default();
                let says = format!("the connection is still open {open:.0?} after Call Disconnect Ack");
                self.fault(Kind::Hang, says, SpecRef::sstp("3.1.2.2"));
            }
            Phase::Head | Phase::Request | Phase::Acked if idle > TIMER + SLACK => {
                self.fault(Kind::Hang, format!("the connection is open {idle:.0?} after it came to this state"), SpecRef::sstp("3.3.2.1"));
            }
            Phase::Up if self.world.judges_client => {}
            Phase::Up if self.now.since(self.last_sent).max(self.silence) > TIMER * 2 + SLACK => {
                self.fault(Kind::Hang, "a silent client is not left", SpecRef::sstp("3.1.2.3"));
            }
            Phase::Left if idle > SLACK => {
                self.fault(Kind::Hang, format!("the connection is open {idle:.0?} after the call was over"), SpecRef::sstp("3.1.2"));
            }
            _ => {}
        }
    }

    /// What the server did, in a word, and whether that was seen.
    fn reaction(&self, closed: bool) -> (String, bool) {
        let acked = self.let_go.is_some();
        let naked = if self.naks > 0 { "nak, " } else { "" };
        match self.ended {
            _ if acked => (format!("{naked}goes on"), true),
            Some((_, how)) => (format!("{naked}{}", word(how)), true),
            None if self.naks > 0 => ("nak".into(), true),
            None if closed => ("closed".into(), true),
            None => ("silent".into(), false),
        }
    }
}

fn word(how: Ending) -> String {
    match how {
        Ending::Abort => "abort".into(),
        Ending::Disconnect => "disconnect".into(),
        Ending::Refused(status) => format!("refused {status}"),
        Ending::Closed => "closed".into(),
    }
}
