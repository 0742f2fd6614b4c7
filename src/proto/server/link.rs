//! The server and LCP: the link comes up with a method of authentication, or ends. RFC 1661 4.

use super::super::auth::Authenticator;
use super::super::bug::Bug;
use super::super::fsm::{Automaton, Step};
use super::super::lcp::ServerLcp;
use super::super::session::Core;
use super::Server;
use crate::base::Layer;
use crate::transcript::Reason;
use crate::wire::control;
use crate::wire::ppp::Frame;

impl Server {
    pub(super) fn start_lcp(&mut self, core: &mut Core) {
        core.began(Layer::Lcp);
        if self.config.echoes_ppp {
            return;
        }
        let mut magic: [u8; 4] = core.rng.bytes();
        magic[0] |= 1;
        let timers = &self.config.timers;
        let methods = if core.bugs.has(Bug::CookieOpens) { &[] } else { self.config.methods.as_slice() };
        let policy = ServerLcp::new(methods, magic).receiving(self.config.own_mru).refusing(&self.config.lcp_rejects, self.config.lcp_mru);
        let policy = match self.style() {
            Some(style) => policy.styled(style),
            None => policy,
        };
        let mut lcp = Automaton::new(Layer::Lcp, policy, timers.restart, timers.max_configure);
        lcp.takes_any_ack = core.bugs.has(Bug::AnyAckTaken);
        let steps = lcp.start(core.now);
        self.lcp = Some(lcp);
        self.lcp_steps(core, steps);
    }

    pub(super) fn lcp_packet(&mut self, core: &mut Core, packet: &control::Packet) {
        if self.mistakes_lcp(core, packet) {
            return;
        }
        let repeats = self.style().is_some_and(|style| style.repeats_termination);
        let Some(lcp) = &mut self.lcp else { return };
        let mut steps = lcp.receive(core.now, packet);
        for step in steps.iter_mut().filter(|_| repeats) {
            if let Step::Send(control::Packet { code: control::TERMINATE_ACK, data, .. }) = step {
                *data = packet.data.clone();
            }
        }
        let answer =
            |step: &Step| matches!(step, Step::Send(packet) if (control::CONFIGURE_ACK..=control::CONFIGURE_REJECT).contains(&packet.code));
        if let Some(Step::Send(packet)) = steps.iter().find(|step| answer(step)) {
            self.answered = Some(packet.clone());
        }
        let no_common = lcp.policy.no_common;
        self.lcp_steps(core, steps);
        if no_common && self.leaving.is_none() {
            core.down(Layer::Lcp, Reason::Refused("the client takes none of our authentication methods".into()));
            if let Some(steps) = self.lcp.as_mut().map(|lcp| lcp.close(core.now)) {
                self.lcp_steps(core, steps);
            }
            return self.disconnect(core);
        }
        match (packet.code, packet.data.first_chunk::<2>()) {
            (control::TERMINATE_REQUEST, _) if self.leaving.is_none() && !self.config.lets_leave => self.disconnect(core),
            (control::PROTOCOL_REJECT, Some([0x80, 0x57])) => self.ipv6cp = None,
            _ => {}
        }
    }

    pub(super) fn lcp_steps(&mut self, core: &mut Core, steps: Vec<Step>) {
        for step in steps {
            match step {
                Step::Send(packet) => core.send_frame(Frame::lcp(packet)),
                Step::Up => self.lcp_up(core),
                Step::Finished if self.leaving.is_none() && !self.config.lets_leave => self.disconnect(core),
                Step::Down | Step::Finished => {}
            }
        }
    }

    pub(super) fn lcp_up(&mut self, core: &mut Core) {
        core.up(Layer::Lcp);
        if self.leaves(core, Layer::Lcp) {
            return;
        }
        let Some(method) = self.lcp.as_ref().and_then(|lcp| lcp.policy.method()) else {
            self.hlak = Some([0; 32]);
            return self.start_network(core);
        };
        core.began(Layer::Auth);
        // A late response to the challenge of the link before this one must not be taken for one to the new challenge.
        let next = self.auth.as_ref().map_or(1, |before| before.id().wrapping_add(1));
        let mut auth = Authenticator::new(self.config.clone(), method, &mut core.rng);
        auth.count_from(next);
        let frames = auth.start();
        self.auth = Some(auth);
        self.ask(core, frames);
    }
}
