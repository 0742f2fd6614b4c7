//! The client and LCP: the link comes up with a method of authentication, or ends. RFC 1661 4.

use super::super::auth::{Peer, terminate_text};
use super::super::fsm::{Automaton, State, Step};
use super::super::lcp::{Agreement, ClientLcp};
use super::super::quirk::Quirk;
use super::super::session::Core;
use super::{Client, Phase};
use crate::base::{Layer, Micros, Side};
use crate::transcript::{Reason, What};
use crate::wire::control;
use crate::wire::ncp::AuthMethod;
use crate::wire::ppp::Frame;

/// RFC 791 3.1: what every host must be able to take, bytes.
const SMALL_MRU: u16 = 576;

impl Client {
    pub(super) fn start_lcp(&mut self, core: &mut Core) {
        core.began(Layer::Lcp);
        self.phase = Phase::Lcp;
        let mut magic: [u8; 4] = core.rng.bytes();
        magic[0] |= 1; // RFC 1661 6.4: zero is not a magic number
        let policy = if self.config.learns() {
            ClientLcp::learning(&self.config.learn, magic)
        } else {
            ClientLcp::willing(&self.config.methods, magic)
        };
        let policy = if self.is(Quirk::SmallMru) { policy.receiving(SMALL_MRU) } else { policy };
        let timers = &self.config.timers;
        let mut lcp = Automaton::new(Layer::Lcp, policy, timers.restart, timers.max_configure);
        (lcp.takes_stale, lcp.deaf, lcp.policy.acks_all) = (self.is(Quirk::TakesStale), self.is(Quirk::Deaf), self.is(Quirk::AcksAll));
        let steps = lcp.start(core.now);
        self.lcp = Some(lcp);
        self.wait(core, Layer::Lcp, "LCP Configure-Request");
        self.lcp_steps(core, steps);
    }

    pub(super) fn lcp_packet(&mut self, core: &mut Core, packet: &control::Packet) {
        if packet.code == control::PROTOCOL_REJECT {
            return self.protocol_reject(core, packet);
        }
        let Some(lcp) = &mut self.lcp else { return };
        let steps = lcp.receive(core.now, packet);
        if lcp.policy.looped_back {
            let reason = Reason::Violated("our own Configure-Request came back (same magic number)".into());
            return self.disconnect_failed(core, Layer::Lcp, reason);
        }
        if packet.code == control::TERMINATE_REQUEST {
            lcp.policy.ended();
        }
        self.tell_methods(core);
        self.lcp_steps(core, steps);
        self.lcp_verdict(core, packet);
    }

    /// Ends LCP that cannot come to an agreement.
    fn lcp_verdict(&mut self, core: &mut Core, packet: &control::Packet) {
        let Some(lcp) = &self.lcp else { return };
        if let Agreement::Unwilling(method) = lcp.policy.agreement {
            let says = format!("the server demands {method}, which we would not use");
            return self.disconnect_failed(core, Layer::Lcp, Reason::Unwilling(says));
        }
        if lcp.naks_received > self.config.timers.max_configure.saturating_mul(2) {
            return self.disconnect_failed(
                core,
                Layer::Lcp,
                Reason::Refused(format!("{} Configure-Naks and no agreement", lcp.naks_received)),
            );
        }
        if packet.code == control::TERMINATE_REQUEST {
            self.link_ended(core, packet);
        } else if let (Phase::Lcp, Some(deadline)) = (&self.phase, &mut self.deadline) {
            let acked = matches!(lcp.state(), State::AckRcvd);
            deadline.waiting_for = if acked || lcp.requests_received == 0 { "LCP Configure-Request" } else { "LCP Configure-Ack" };
        }
    }

    fn link_ended(&mut self, core: &mut Core, packet: &control::Packet) {
        if self.config.learns() && matches!(self.phase, Phase::Lcp) && self.told > 0 {
            // The server would rather end the link than agree to what was asked for last: that, too, is an answer.
            core.up(Layer::Lcp);
            return self.finish(core);
        }
        let says = format!("LCP Terminate-Request from the server {}", terminate_text(&packet.data));
        let layer = self.layer();
        self.disconnect_failed(core, layer, Reason::Refused(says.trim_end().to_string()));
    }

    fn tell_methods(&mut self, core: &mut Core) {
        let Some(lcp) = &self.lcp else { return };
        let fresh: Vec<(AuthMethod, bool)> = lcp.policy.learned.iter().skip(self.told).copied().collect();
        self.told += fresh.len();
        for (method, accepted) in fresh {
            core.note(Some(Side::Server), Layer::Lcp, What::Method { method, accepted });
        }
    }

    pub(super) fn lcp_steps(&mut self, core: &mut Core, steps: Vec<Step>) {
        for step in steps {
            match step {
                Step::Send(packet) => core.send_frame(Frame::lcp(packet)),
                Step::Up => self.lcp_up(core),
                Step::Finished if self.hanging_up => self.finish(core),
                Step::Finished if matches!(self.phase, Phase::Lcp) => {
                    let reason = Reason::TimedOut { waiting_for: "LCP Configure-Ack".into(), after: core.now - self.since() };
                    self.disconnect_failed(core, Layer::Lcp, reason);
                }
                Step::Down | Step::Finished => {}
            }
        }
    }

    pub(super) fn since(&self) -> Micros {
        self.deadline.map_or(Micros::ZERO, |deadline| deadline.since)
    }

    fn lcp_up(&mut self, core: &mut Core) {
        if !matches!(self.phase, Phase::Lcp) {
            return;
        }
        core.up(Layer::Lcp);
        let agreement = self.lcp.as_ref().map(|lcp| lcp.policy.agreement.clone());
        match (agreement, &self.config.credentials) {
            _ if self.config.until <= Layer::Lcp => self.finish(core),
            (Some(Agreement::Method(method)), Some(credentials)) => {
                let peer = Peer::new(method, self.config.methods.clone(), credentials.clone(), self.config.eap.clone())
                    .asking(self.config.ask)
                    .with(&self.config.quirks);
                self.start_auth(core, peer);
            }
            (Some(Agreement::None), Some(_)) if self.is(Quirk::HangsWithoutLogin) => {}
            (Some(Agreement::None), Some(_)) => {
                core.began(Layer::Auth);
                self.authenticated(core, [0; 32]);
            }
            _ => self.finish(core),
        }
    }
}
