//! EAP, whose responses only its two ends can read: when the server may answer them, and what it may do until it has said what they prove.

use super::{Answer, Referee};
use crate::base::SpecRef;
use crate::jobs::mutate::fault::Kind;
use crate::wire::eap::{self, Packet};

/// How a login of EAP stands.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Login {
    /// The identifier of the server's latest request.
    asked: Option<u8>,
    /// Responses since then.
    responses: u32,
    /// One of them bears that identifier.
    answered: bool,
    /// The server has not said yet what they prove, and may end the call.
    pub in_doubt: bool,
}

impl Referee<'_> {
    /// A packet of EAP was sent to the server.
    pub(super) fn eap_sent_by_client(&mut self, packet: &Packet) {
        if self.known {
            return self.odd(Answer::Success, RESULT);
        }
        self.eap.responses += 1;
        self.eap.answered |= packet.code == RESPONSE && Some(packet.id) == self.eap.asked;
        self.eap.in_doubt = true;
        let now = self.now;
        match self.owed.iter_mut().find(|owed| owed.answer == Answer::Success && owed.met.is_none()) {
            Some(owed) => owed.at = now,
            None => self.may_come(Answer::Success, RESULT),
        }
    }

    /// A packet of EAP came from the server.
    pub(super) fn eap_came(&mut self, packet: &Packet) {
        match packet.code {
            REQUEST => {
                // RFC 3748 4.3: the same request may come again; one for the identity begins anew.
                if Some(packet.id) != self.eap.asked && packet.kind != Some(eap::IDENTITY) {
                    self.look_at_identifiers();
                }
                self.eap = Login { asked: Some(packet.id), in_doubt: self.eap.in_doubt, ..Login::default() };
            }
            SUCCESS => self.eap_success(),
            _ => self.may_end = true,
        }
    }

    fn look_at_identifiers(&mut self) {
        if self.eap.responses > 0 && !self.eap.answered && self.eap.asked.is_some() && !self.disturbed {
            let says = "an EAP Response with an identifier that no open Request bears";
            self.fault(Kind::Accepted, says, SpecRef::rfc(3748, "4.1"));
        }
    }

    fn eap_success(&mut self) {
        self.look_at_identifiers();
        // Of TLS inside EAP our own end knows what it has come to.
        if self.world.tunnelled && self.followed && self.key.is_none() && !self.disturbed {
            self.fault(Kind::Accepted, "EAP Success before TLS inside EAP was through", RESULT);
        }
        // Which of several is it about? The others come behind the login.
        self.may_end |= self.eap.responses > 1;
        self.eap.in_doubt = false;
        self.welcomed();
    }
}

/// RFC 3748 4.2: no Success where the method does not permit to finish.
const RESULT: SpecRef = SpecRef::rfc(3748, "4.2");
/// RFC 3748 4.
const REQUEST: u8 = 1;
const RESPONSE: u8 = 2;
const SUCCESS: u8 = 3;
