//! Which requests of the peer in a control protocol of PPP are answered for good.

use super::message::{Lane, Said};
use crate::wire::control;
use crate::wire::ppp::Protocol;
use std::collections::HashSet;

/// What was asked and answered, as the end sees it that answers. RFC 1661 4.1: who has the Ack of its request and has not answered the
/// other's sends its request again when the restart timer runs out; only when both are acknowledged is a request a new one.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// Exchanges in which the latest request was answered for good.
    done: HashSet<Lane>,
    /// Protocols in which we have acknowledged the peer's latest request.
    ours: HashSet<Protocol>,
    /// Protocols in which the peer has acknowledged our latest request.
    theirs: HashSet<Protocol>,
}

impl Asked {
    /// This end says something.
    pub fn said(&mut self, said: &Said) {
        match said.lane {
            Lane::Asks(protocol) => {
                self.theirs.remove(&protocol);
            }
            Lane::Answers(protocol) if acknowledges(said) => {
                self.ours.insert(protocol);
                self.close(protocol);
            }
            Lane::Answers(protocol) => {
                self.done.insert(Lane::Asks(protocol));
            }
            _ => {}
        }
    }

    /// The peer says something that it has not said before.
    pub fn heard(&mut self, said: &Said) {
        match said.lane {
            Lane::Asks(protocol) => {
                self.done.remove(&said.lane);
                self.ours.remove(&protocol);
            }
            Lane::Answers(protocol) if acknowledges(said) => {
                self.theirs.insert(protocol);
                self.close(protocol);
            }
            _ => {}
        }
    }

    fn close(&mut self, protocol: Protocol) {
        if self.ours.contains(&protocol) && self.theirs.contains(&protocol) {
            self.done.insert(Lane::Asks(protocol));
        }
    }

    /// The latest request of the exchange was answered for good: the same once more is a new one.
    pub fn is_done(&self, lane: Lane) -> bool {
        self.done.contains(&lane)
    }

    /// The protocol, where the latest request of the exchange was acknowledged: the same once more wants the Ack once more.
    pub fn acknowledged(&self, lane: Lane) -> Option<Protocol> {
        match lane {
            Lane::Asks(protocol) if self.ours.contains(&protocol) => Some(protocol),
            _ => None,
        }
    }
}

/// A Configure-Ack. RFC 1661 5.2.
pub fn acknowledges(said: &Said) -> bool {
    said.control().is_some_and(|(_, packet)| packet.code == control::CONFIGURE_ACK)
}
