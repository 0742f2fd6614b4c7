//! How the client leaves: in order, after a failure, or because the other end left first. MS-SSTP 3.1.5.

use super::{Client, Deadline, NEGOTIATION_TIMEOUT, Phase};
use crate::base::{Layer, Micros, Side};
use crate::proto::call::status_text;
use crate::proto::quirk::Quirk;
use crate::proto::session::Core;
use crate::transcript::{How, Reason};
use crate::wire::control;
use crate::wire::ppp::Frame;
use crate::wire::sstp::{Message, MessageType};
use std::time::Duration;

/// What is awaited while leaving.
#[derive(Debug)]
pub(super) struct Leaving {
    pub until: Micros,
    since: Micros,
    /// What the other end owes.
    owed: Option<MessageType>,
    /// The teardown is a layer of its own: nothing failed before it.
    graded: bool,
    /// Both ends sent Call Disconnect.
    collided: bool,
}

/// Ours: while a failed call is left, no more than this is spent on politeness.
const POLITENESS: Duration = Duration::from_secs(1);

impl Client {
    /// All that was asked for works: leave with Call Disconnect and wait for its Ack.
    pub(super) fn finish(&mut self, core: &mut Core) {
        core.began(Layer::Teardown);
        core.send_message(Message::status(MessageType::CallDisconnect, 0, 0));
        let patience = self.config.timers.disconnect_1.min(self.config.timers.of(Layer::Teardown));
        self.leave_with(core, patience, Some(MessageType::CallDisconnectAck), true);
    }

    /// A client in daily use has time; a diagnosis has none to spend on politeness.
    fn polite(&self, patience: Duration) -> Duration {
        if self.config.stays.is_some() { patience } else { patience.min(POLITENESS) }
    }

    fn leave_with(&mut self, core: &Core, patience: Duration, owed: Option<MessageType>, graded: bool) {
        self.deadline = None;
        self.phase = Phase::Leaving(Leaving { until: core.now + patience, since: core.now, owed, graded, collided: false });
    }

    /// The layer failed and there is no call to end in order: close.
    pub(super) fn give_up(&mut self, core: &mut Core, layer: Layer, reason: Reason) {
        core.down(layer, reason);
        self.leave_with(core, Duration::ZERO, None, false);
        core.close();
    }

    /// The layer failed for a reason that is not SSTP's: Call Disconnect, MS-SSTP 3.2.4.3.
    pub(super) fn disconnect_failed(&mut self, core: &mut Core, layer: Layer, reason: Reason) {
        core.down(layer, reason);
        core.send_message(Message::status(MessageType::CallDisconnect, 0, 0));
        self.leave_with(core, self.polite(self.config.timers.disconnect_1), Some(MessageType::CallDisconnectAck), false);
    }

    /// SSTP itself went wrong, whatever layer was in work: Call Abort with a status, MS-SSTP 3.1.5.3.
    pub(super) fn abort(&mut self, core: &mut Core, reason: Reason, status: u32) {
        self.abort_in(core, Layer::Sstp, reason, status);
    }

    fn abort_in(&mut self, core: &mut Core, layer: Layer, reason: Reason, status: u32) {
        core.down(layer, reason);
        core.send_message(Message::status(MessageType::CallAbort, 2, status));
        self.leave_with(core, self.polite(self.config.timers.abort_1), Some(MessageType::CallAbort), false);
    }

    pub(super) fn timed_out(&mut self, core: &mut Core, deadline: Deadline) {
        let reason = Reason::TimedOut { waiting_for: deadline.waiting_for.into(), after: core.now - deadline.since };
        match deadline.layer {
            Layer::Http => self.give_up(core, Layer::Http, reason),
            Layer::Sstp => self.abort(core, reason, NEGOTIATION_TIMEOUT),
            // What was answered in time shows that the tunnel carries traffic; what is still out counts as unanswered.
            Layer::Data if self.carries() => self.settle_data(core),
            // MS-SSTP 3.2.6.1: the negotiation timer runs until Call Connected.
            Layer::Lcp | Layer::Auth if self.config.stays.is_some() => self.abort_in(core, deadline.layer, reason, NEGOTIATION_TIMEOUT),
            Layer::Ncp if self.objects_no_more(core) => {}
            // Not a word since Call Connected: that is where it stopped.
            Layer::Ncp if self.layer() == Layer::Binding => {
                let reason =
                    Reason::TimedOut { waiting_for: "answer to anything after Call Connected".into(), after: core.now - deadline.since };
                self.disconnect_failed(core, Layer::Binding, reason);
            }
            layer => self.disconnect_failed(core, layer, reason),
        }
    }

    /// The other end sent Call Abort: answer with one, MS-SSTP 3.1.5.3.
    pub(super) fn aborted(&mut self, core: &mut Core, message: &Message) {
        let layer = self.layer();
        core.down(layer, Reason::Refused(status_text("Call Abort", Side::Server, message)));
        core.send_message(Message::bare(MessageType::CallAbort));
        self.leave_with(core, self.polite(self.config.timers.abort_2), None, false);
    }

    /// The other end sent Call Disconnect: acknowledge it, MS-SSTP 3.1.5.4.
    pub(super) fn disconnected(&mut self, core: &mut Core, message: &Message) {
        let layer = self.layer();
        core.down(layer, Reason::Refused(status_text("Call Disconnect", Side::Server, message)));
        core.send_message(Message::bare(MessageType::CallDisconnectAck));
        self.leave_with(core, self.polite(self.config.timers.disconnect_2), None, false);
    }

    /// A message that came while leaving; says whether it was. MS-SSTP 3.1.1.1, 3.1.1.2: once this end aborts only an Abort
    /// counts, once the exchange is over nothing does.
    pub(super) fn leaving_message(&mut self, core: &mut Core, message: &Message) -> bool {
        let chatty = self.is(Quirk::AnswersWhenOver);
        let Phase::Leaving(leaving) = &mut self.phase else { return false };
        let disconnects = leaving.owed == Some(MessageType::CallDisconnectAck);
        match message.kind {
            kind if leaving.owed == Some(kind) => {
                if std::mem::take(&mut leaving.graded) {
                    core.up(Layer::Teardown);
                }
                core.close();
            }
            MessageType::CallDisconnect if disconnects && !leaving.collided || chatty => {
                leaving.collided = true;
                leaving.until = leaving.until.min(core.now + self.config.timers.disconnect_2);
                core.send_message(Message::bare(MessageType::CallDisconnectAck));
            }
            MessageType::CallAbort if disconnects || chatty => {
                if std::mem::take(&mut leaving.graded) {
                    core.down(Layer::Teardown, Reason::Refused(status_text("Call Abort", Side::Server, message)));
                }
                core.send_message(Message::bare(MessageType::CallAbort));
                core.close();
            }
            MessageType::EchoRequest if chatty => core.send_message(Message::bare(MessageType::EchoResponse)),
            _ if chatty => core.send_message(Message::bare(MessageType::CallAbort)),
            _ => {}
        }
        true
    }

    /// RFC 1661 5.5: that is acknowledged in any state, so also while our Disconnect is not answered yet.
    pub(super) fn leaving_frame(&self, core: &mut Core, packet: &control::Packet) {
        let Phase::Leaving(leaving) = &self.phase else { return };
        if packet.code == control::TERMINATE_REQUEST && leaving.owed == Some(MessageType::CallDisconnectAck) {
            core.send_frame(Frame::lcp(control::Packet::new(control::TERMINATE_ACK, packet.id, [])));
        }
    }

    pub(super) fn leaving_tick(&mut self, core: &mut Core) {
        let Phase::Leaving(leaving) = &mut self.phase else { return };
        if core.now < leaving.until || core.is_closing() {
            return;
        }
        if std::mem::take(&mut leaving.graded) {
            let after = core.now - leaving.since;
            core.down(Layer::Teardown, Reason::TimedOut { waiting_for: "Call Disconnect Ack".into(), after });
        }
        core.close();
    }

    pub(super) fn peer_closed(&mut self, core: &mut Core, how: How) {
        match &mut self.phase {
            Phase::Leaving(leaving) => {
                if std::mem::take(&mut leaving.graded) {
                    core.down(Layer::Teardown, Reason::Closed(how));
                }
            }
            _ if core.is_closing() => {}
            _ => {
                let layer = self.layer();
                core.down(layer, Reason::Closed(how));
            }
        }
    }

    /// The user wants to stop.
    pub(super) fn interrupted(&mut self, core: &mut Core) {
        if self.staying.is_some() {
            return self.hang_up(core);
        }
        let layer = self.layer();
        core.down(layer, Reason::Ours("interrupted".into()));
        match self.phase {
            Phase::Http => core.close(),
            _ => {
                core.send_message(Message::status(MessageType::CallDisconnect, 0, 0));
                self.leave_with(core, self.polite(self.config.timers.disconnect_1), Some(MessageType::CallDisconnectAck), false);
            }
        }
    }
}
