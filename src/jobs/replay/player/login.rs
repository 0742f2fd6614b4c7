//! A login that carries TLS inside EAP. No recording has what its ends keep to themselves, so our own end of EAP speaks in place of
//! the recorded one; what it comes to is held against the recording.

use super::super::message::{Lane, Said};
use super::super::outcome::Kind;
use super::Player;
use crate::proto::Rng;
use crate::proto::auth::{EapClient, Outcome, Peer};
use crate::proto::plan::{Credentials, Method};
use crate::wire::ncp::AuthMethod;
use crate::wire::ppp::Body;
use crate::wire::sstp;

/// Our own end of EAP.
#[derive(Debug)]
pub struct Login {
    peer: Peer,
    rng: Rng,
}

impl Login {
    /// The client's end, for this method.
    pub fn new(method: Method, credentials: Credentials, eap: EapClient, seed: u64) -> Login {
        Login { peer: Peer::new(AuthMethod::Eap, vec![method], credentials, eap), rng: Rng::new(seed) }
    }
}

impl Player {
    /// Hands a message of the login to our own end, where there is one; says whether that was all there is to do with it.
    pub(super) fn logs_in_with(&mut self, said: &Said) -> bool {
        let Some(mut login) = self.login.take() else { return false };
        let frame = said.frame().filter(|frame| matches!(frame.body, Body::Eap(_)));
        let Some(frame) = frame else {
            self.login = Some(login);
            return false;
        };
        let (answers, outcome) = login.peer.receive(&frame, &mut login.rng);
        self.login = Some(login);
        for answer in answers {
            let name = answer.name();
            let passed = self.door.pass(self.now, &name, sstp::emit_data(&answer.emit()));
            let sent = passed.bytes.map(|bytes| Said::new(self.now, self.course.side, bytes));
            sent.iter().for_each(|said| self.note(said));
            self.on_outcome(|outcome| {
                outcome.edited.extend(passed.edits);
                outcome.said += 1;
            });
            self.over |= passed.close;
        }
        self.since = self.now;
        match outcome {
            Outcome::Success { hlak } => self.moment.proves(hlak),
            // What the server says of it is compared; what our own end minds, nobody else tells.
            Outcome::Failed(reason) if !is_result(&frame.body) => {
                self.fail(None, Kind::Login { says: reason.to_string() });
                return true;
            }
            _ => {}
        }
        let result = is_result(&frame.body);
        if !result {
            self.on_outcome(|outcome| outcome.passed_over += 1);
        }
        !result
    }
}

/// EAP Success or Failure. RFC 3748 4.2.
fn is_result(body: &Body) -> bool {
    matches!(body, Body::Eap(packet) if matches!(packet.code, 3 | 4))
}

/// Whether a recorded message is part of a login that is made anew as a whole.
pub fn is_replaced(said: &Said) -> bool {
    said.lane == Lane::Auth && said.frame().is_some_and(|frame| matches!(frame.body, Body::Eap(_)) && !is_result(&frame.body))
}
