//! A client in daily use: it stays in the call, notices a dead server, and ends PPP before it hangs up. MS-SSTP 3.1.2.3, 3.2.4.2.

use super::{Client, Phase};
use crate::base::{Layer, Micros};
use crate::proto::auth::Outcome;
use crate::proto::quirk::Quirk;
use crate::proto::session::Core;
use crate::transcript::Reason;
use crate::wire::ppp::Frame;
use crate::wire::sstp::{Message, MessageType};

impl Client {
    /// The call is connected as far as this end can tell: the hello timer runs from now on.
    pub(super) fn start_hello(&mut self, core: &Core) {
        self.hello = self.config.stays.map(|_| (core.now + self.config.timers.hello, false));
    }

    /// Whatever comes shows that the server lives.
    pub(super) fn heard(&mut self, now: Micros) {
        if self.hello.is_some() && !self.is(Quirk::HearsNothing) {
            self.hello = Some((now + self.config.timers.hello, false));
        }
    }

    pub(super) fn stay_due(&self) -> Option<Micros> {
        let staying = self.staying.filter(|_| !self.hanging_up);
        [self.hello.map(|pair| pair.0), self.beat.map(|pair| pair.0), staying].into_iter().flatten().min()
    }

    /// An echo of LCP, where they are wanted while the client stays, and its turn has come.
    fn beat(&mut self, core: &mut Core) {
        let Some((_, id)) = self.beat.filter(|(due, _)| *due <= core.now) else { return };
        self.beat = self.config.echoes.filter(|_| !self.hanging_up).map(|every| (core.now + every, id.wrapping_add(1)));
        if let Some(echo) = self.lcp.as_mut().and_then(|lcp| lcp.ask_echo(id)) {
            core.send_frame(Frame::lcp(echo));
        }
    }

    pub(super) fn stay_tick(&mut self, core: &mut Core) {
        let now = core.now;
        self.beat(core);
        match self.hello {
            Some((due, false)) if due <= now => {
                self.hello = Some((now + self.config.timers.hello, true));
                core.send_message(Message::bare(MessageType::EchoRequest));
            }
            // MS-SSTP 3.1.2.3: the second expiry ends the connection without a message.
            Some((due, true)) if due <= now => {
                let after = self.config.timers.hello * 2;
                let reason = Reason::TimedOut { waiting_for: "anything at all".into(), after: Micros::ZERO + after };
                return self.give_up(core, Layer::Data, reason);
            }
            _ => {}
        }
        if self.staying.is_some_and(|until| until <= now) && !self.hanging_up {
            self.hang_up(core);
        }
    }

    /// PPP ends before the call does. MS-SSTP 3.2.4.2.
    pub(super) fn hang_up(&mut self, core: &mut Core) {
        self.hanging_up = true;
        core.up(Layer::Data);
        let steps = self.lcp.as_mut().filter(|_| !self.config.quirks.contains(&Quirk::LeavesPpp)).map(|lcp| lcp.close(core.now));
        match steps {
            Some(steps) => self.lcp_steps(core, steps),
            None => self.finish(core),
        }
    }

    /// The server asks again who we are, in a call that stands. RFC 1994 4.1.
    pub(super) fn asked_again(&mut self, core: &mut Core, frame: &Frame) {
        if !matches!(self.phase, Phase::Network | Phase::Data) || self.is(Quirk::ProvesOnce) {
            return;
        }
        let Some(peer) = &mut self.proved else { return };
        let (frames, outcome) = peer.receive(frame, &mut core.rng);
        frames.into_iter().for_each(|frame| core.send_frame(frame));
        if let Outcome::Failed(reason) = outcome {
            self.disconnect_failed(core, Layer::Auth, reason);
        }
    }
}
