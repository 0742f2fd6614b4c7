//! How the client leaves: in order, after a failure, or because the other end left first. MS-SSTP 3.1.5.

use super::{Client, Deadline, NEGOTIATION_TIMEOUT, Phase};
use crate::base::{Layer, Micros, Side};
use crate::proto::call::{State, status_text};
use crate::proto::session::Core;
use crate::transcript::{How, Reason};
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

    fn leave_with(&mut self, core: &Core, patience: Duration, owed: Option<MessageType>, graded: bool) {
        self.deadline = None;
        self.phase = Phase::Leaving(Leaving { until: core.now + patience, since: core.now, owed, graded });
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
        self.leave_with(core, POLITENESS, Some(MessageType::CallDisconnectAck), false);
    }

    /// SSTP itself went wrong, whatever layer was in work: Call Abort with a status, MS-SSTP 3.1.5.3.
    pub(super) fn abort(&mut self, core: &mut Core, reason: Reason, status: u32) {
        core.down(Layer::Sstp, reason);
        core.send_message(Message::status(MessageType::CallAbort, 2, status));
        self.leave_with(core, POLITENESS, Some(MessageType::CallAbort), false);
    }

    pub(super) fn timed_out(&mut self, core: &mut Core, deadline: Deadline) {
        let reason = Reason::TimedOut { waiting_for: deadline.waiting_for.into(), after: core.now - deadline.since };
        match deadline.layer {
            Layer::Http => self.give_up(core, Layer::Http, reason),
            Layer::Sstp => self.abort(core, reason, NEGOTIATION_TIMEOUT),
            // What was answered in time shows that the tunnel carries traffic; what is still out counts as unanswered.
            Layer::Data if self.carries() => self.settle_data(core),
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
        self.leave_with(core, self.config.timers.abort_2.min(POLITENESS), None, false);
    }

    /// The other end sent Call Disconnect: acknowledge it, MS-SSTP 3.1.5.4.
    pub(super) fn disconnected(&mut self, core: &mut Core, message: &Message) {
        let layer = self.layer();
        core.down(layer, Reason::Refused(status_text("Call Disconnect", Side::Server, message)));
        core.send_message(Message::bare(MessageType::CallDisconnectAck));
        self.leave_with(core, self.config.timers.disconnect_2.min(POLITENESS), None, false);
    }

    /// A message that came while leaving; says whether it was.
    pub(super) fn leaving_message(&mut self, core: &mut Core, message: &Message) -> bool {
        let Phase::Leaving(leaving) = &mut self.phase else { return false };
        if leaving.owed == Some(message.kind) {
            if std::mem::take(&mut leaving.graded) {
                core.up(Layer::Teardown);
            }
            core.close();
        } else if message.kind == MessageType::CallDisconnect && core.state() != State::Over {
            core.send_message(Message::bare(MessageType::CallDisconnectAck));
        } else if message.kind == MessageType::CallAbort {
            if std::mem::take(&mut leaving.graded) {
                core.down(Layer::Teardown, Reason::Refused(status_text("Call Abort", Side::Server, message)));
            }
            core.send_message(Message::bare(MessageType::CallAbort));
            core.close();
        }
        true
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
        let layer = self.layer();
        core.down(layer, Reason::Ours("interrupted".into()));
        match self.phase {
            Phase::Http => core.close(),
            _ => {
                core.send_message(Message::status(MessageType::CallDisconnect, 0, 0));
                self.leave_with(core, POLITENESS, Some(MessageType::CallDisconnectAck), false);
            }
        }
    }
}
