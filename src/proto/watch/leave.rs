//! How a call ends, and who ended it. MS-SSTP 3.1.5, RFC 1661 5.5.

use super::call::Call;
use super::notes::Pen;
use crate::base::{Layer, Micros, Side};
use crate::transcript::{How, Reason, What};
use crate::wire::sstp::{Message, MessageType};

/// The client's own leaving.
#[derive(Clone, Copy, Debug)]
pub(super) struct Teardown {
    at: Micros,
    how: Leaving,
    /// The other end agreed.
    acked: bool,
    /// Nothing failed before it: the teardown is a layer of its own.
    graded: bool,
}

/// With what a client leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Leaving {
    Disconnect,
    Abort,
    Terminate,
}

impl Call {
    /// The client sends Call Disconnect or Call Abort.
    pub(super) fn client_leaves(&mut self, pen: &mut Pen<'_>, message: &Message) {
        let how = if message.kind == MessageType::CallAbort { Leaving::Abort } else { Leaving::Disconnect };
        let already = self.teardown.is_some_and(|teardown| teardown.how != Leaving::Terminate);
        // MS-SSTP 3.1.5.3: an Abort that answers one, or follows what failed, says nothing new.
        if already || pen.failed() {
            return;
        }
        if self.teardown.is_none() {
            let timer = message.status_info().is_some_and(|info| info.1 == NEGOTIATION_TIMEOUT);
            self.leave_with(pen, how, &Call::words(Side::Client, message), timer);
        } else {
            self.teardown = Some(Teardown { at: pen.at, how, acked: false, graded: true });
        }
        if how == Leaving::Abort && pen.has_begun(Layer::Teardown) {
            pen.down(Layer::Teardown, Reason::ClientLeft(Call::words(Side::Client, message)));
        }
    }

    /// The client sends LCP Terminate-Request.
    pub(super) fn client_terminates(&mut self, pen: &mut Pen<'_>, text: &str) {
        if self.teardown.is_none() && !pen.failed() {
            let says = format!("LCP Terminate-Request from the client {text}");
            self.leave_with(pen, Leaving::Terminate, says.trim_end(), false);
        }
    }

    fn leave_with(&mut self, pen: &mut Pen<'_>, how: Leaving, says: &str, timer: bool) {
        self.turns.tell(pen);
        self.settle(pen);
        let fault = if timer { self.timed_out(pen, Micros::ZERO) } else { self.why_left(pen, says, how == Leaving::Disconnect) };
        let graded = fault.is_none();
        match fault {
            Some((layer, reason)) => pen.down(layer, reason),
            None => pen.began(Layer::Teardown),
        }
        self.teardown = Some(Teardown { at: pen.at, how, acked: false, graded });
    }

    /// What failed when the client leaves now; nothing when it leaves a call that works.
    fn why_left(&self, pen: &Pen<'_>, says: &str, in_order: bool) -> Option<(Layer, Reason)> {
        let layer = pen.in_work();
        let fresh = |at: Micros| pen.at - at <= FRESH && !(in_order && pen.is_up(Layer::Data));
        let excuse = self.excuse.as_ref().filter(|it| it.layer == layer && !pen.is_up(layer) || it.layer == Layer::Sstp && fresh(it.at));
        if let Some(excuse) = excuse {
            return Some((excuse.layer, excuse.reason.clone()));
        }
        match layer {
            Layer::Http if self.doubt.is_some() => return Some((layer, self.doubt.clone()?)),
            Layer::Auth => {
                if let Some(reason) = self.auth.failure() {
                    return Some((layer, reason));
                }
            }
            Layer::Lcp => {
                if let Some(method) = self.lcp.refused_demand() {
                    return Some((layer, Reason::Unwilling(format!("the server demands {method}, which the client would not use"))));
                }
            }
            Layer::Data if pen.is_up(Layer::Data) || !self.asked_inside() => return None,
            Layer::Data => return self.timed_out(pen, ECHO_PATIENCE),
            _ => {}
        }
        if let Some(fault) = self.timed_out(pen, PATIENCE) {
            return Some(fault);
        }
        // Without an answer of the client nobody was refused: it may only have wanted to know the methods.
        if layer == Layer::Auth && in_order && !self.auth.tried {
            return None;
        }
        Some((layer, Reason::ClientLeft(format!("{says} while waiting for {}", self.waiting_for(layer)))))
    }

    /// The client sent something through the tunnel that should be answered.
    fn asked_inside(&self) -> bool {
        self.bulk.packets(Side::Client) > 0 || self.echoes.asked(Side::Client)
    }

    fn timed_out(&self, pen: &Pen<'_>, patience: Micros) -> Option<(Layer, Reason)> {
        let (layer, after) = (pen.in_work(), pen.at - pen.notes.since);
        let waiting_for = self.waiting_for(layer).to_string();
        (after >= patience).then_some((layer, Reason::TimedOut { waiting_for, after }))
    }

    /// Call Abort, Call Disconnect and Call Disconnect Ack, after they were told.
    pub(super) fn farewell(&mut self, pen: &mut Pen<'_>, by: Side, message: &Message) {
        match (message.kind, by) {
            (MessageType::CallAbort, Side::Server) => match self.teardown {
                Some(Teardown { how: Leaving::Disconnect, graded: true, .. }) if !pen.is_up(Layer::Teardown) => {
                    pen.down(Layer::Teardown, Reason::Refused(Call::words(by, message)));
                }
                Some(_) => {}
                // MS-SSTP 3.1.5.3: it may answer the client's own Abort, which is missing.
                None if pen.is_doubtful() && message.status_info().is_none() => {
                    self.server_ends(pen, Reason::Violated("Call Abort from the server without a status".into()));
                }
                None => self.server_ends(pen, Reason::Refused(Call::words(by, message))),
            },
            (MessageType::CallDisconnect, Side::Server) => {
                self.server_left.get_or_insert(false);
                self.server_ends(pen, Reason::Refused(Call::words(by, message)));
            }
            (MessageType::CallDisconnectAck, Side::Client) => {
                if self.holed && self.server_left.is_none() && self.teardown.is_none() && !pen.failed() {
                    self.server_ends(
                        pen,
                        Reason::Refused("Call Disconnect from the server, of which only the client's Ack was captured".into()),
                    );
                }
                self.server_left = self.server_left.map(|_| true);
                if self.teardown.is_some_and(|it| it.graded && it.how == Leaving::Terminate) {
                    pen.up(Layer::Teardown);
                }
            }
            (MessageType::CallDisconnectAck, Side::Server) => {
                if self.holed && self.teardown.is_none() && !pen.failed() {
                    self.leave_with(pen, Leaving::Disconnect, "Call Disconnect from the client, of which only the Ack was captured", false);
                }
                if let Some(Teardown { how: Leaving::Disconnect, graded: true, .. }) = self.teardown {
                    pen.up(Layer::Teardown);
                }
            }
            _ => {}
        }
    }

    /// The server ends the call, unless the client was already leaving.
    pub(super) fn server_ends(&mut self, pen: &mut Pen<'_>, reason: Reason) {
        if self.teardown.is_some() {
            return;
        }
        self.settle(pen);
        let layer = pen.in_work();
        let reason = self.auth.failure().filter(|_| layer == Layer::Auth).unwrap_or(reason);
        pen.down(layer, reason);
    }

    /// The server acknowledged the client's Terminate-Request.
    pub(super) fn terminate_acked(&mut self, pen: &mut Pen<'_>) {
        if self.holed && self.teardown.is_none() && !pen.failed() {
            self.leave_with(pen, Leaving::Terminate, "LCP Terminate-Request from the client, of which only the Ack was captured", false);
        }
        if let Some(teardown) = self.teardown.as_mut().filter(|teardown| teardown.how == Leaving::Terminate) {
            teardown.acked = true;
        }
    }

    /// One side ended the connection.
    pub fn closed(&mut self, pen: &mut Pen<'_>, from: Side, how: How) {
        self.turns.tell(pen);
        pen.note(Some(from), Layer::Tls, What::Closed(how));
        if std::mem::replace(&mut self.over, true) || !self.sstp {
            return;
        }
        self.settle(pen);
        if self.server_left == Some(false) && self.teardown.is_none_or(|teardown| teardown.how == Leaving::Terminate) && !self.holed {
            let says = || "the client did not acknowledge Call Disconnect".into();
            pen.violation(Side::Client, Layer::Teardown, "MS-SSTP 3.1.5.4", "disconnect ack", says);
        }
        match (self.teardown, from) {
            (Some(teardown), _) => self.closed_while_leaving(pen, teardown, from, how),
            (None, Side::Server) => self.server_ends(pen, Reason::Closed(how)),
            (None, Side::Client) => {
                let did = format!("the client {}", did(how));
                match self.why_left(pen, &did, false) {
                    Some((layer, reason)) => pen.down(layer, reason),
                    None => {
                        pen.began(Layer::Teardown);
                        pen.down(Layer::Teardown, Reason::ClientLeft(format!("{did} without Call Disconnect")));
                    }
                }
            }
        }
    }

    fn closed_while_leaving(&mut self, pen: &mut Pen<'_>, teardown: Teardown, from: Side, how: How) {
        if !teardown.graded || pen.is_up(Layer::Teardown) {
            return;
        }
        let after = pen.at - teardown.at;
        let waiting_for = self.owed(teardown);
        match (teardown.how, from) {
            (Leaving::Terminate, _) if teardown.acked => pen.up(Layer::Teardown),
            (_, Side::Server) => pen.down(Layer::Teardown, Reason::Closed(how)),
            (_, Side::Client) if after >= DISCONNECT_PATIENCE => {
                pen.down(Layer::Teardown, Reason::TimedOut { waiting_for: waiting_for.into(), after });
            }
            (_, Side::Client) => {
                let says = format!("the client {} while waiting for {waiting_for}", did(how));
                pen.down(Layer::Teardown, Reason::ClientLeft(says));
            }
        }
    }

    fn owed(&self, teardown: Teardown) -> &'static str {
        match teardown.how {
            Leaving::Disconnect => "Call Disconnect Ack",
            Leaving::Abort => "Call Abort",
            Leaving::Terminate => "LCP Terminate-Ack",
        }
    }

    /// The capture ended, or lost its trace, and nobody had closed.
    pub fn unseen(&mut self, pen: &mut Pen<'_>) {
        self.turns.tell(pen);
        if std::mem::replace(&mut self.over, true) || !self.sstp {
            return;
        }
        self.settle(pen);
        match self.teardown {
            Some(teardown) if teardown.graded && !pen.is_up(Layer::Teardown) => {
                let (after, waiting_for) = (pen.at - teardown.at, self.owed(teardown));
                let reason = if after >= DISCONNECT_PATIENCE {
                    Reason::TimedOut { waiting_for: waiting_for.into(), after }
                } else {
                    Reason::Unseen(format!("{} while the client waits for {waiting_for}", self.out_of_sight()))
                };
                pen.down(Layer::Teardown, reason);
            }
            Some(_) => {}
            None if pen.is_up(Layer::Data) || pen.in_work() == Layer::Data && !self.asked_inside() => {}
            None => {
                let layer = pen.in_work();
                let timed_out = self.timed_out(pen, PATIENCE).map(|fault| fault.1);
                let pending = self.auth.failure().filter(|_| layer == Layer::Auth);
                let unseen = || Reason::Unseen(format!("{} while the client waits for {}", self.out_of_sight(), self.waiting_for(layer)));
                pen.down(layer, pending.or(timed_out).unwrap_or_else(unseen));
            }
        }
    }

    /// Why nothing more is seen.
    fn out_of_sight(&self) -> &'static str {
        if self.given_up { "too much was open at once, and the call was given up" } else { "the capture ends" }
    }

    /// What was asked inside the tunnel and not answered by now is unanswered.
    fn settle(&mut self, pen: &mut Pen<'_>) {
        self.bulk.settle(pen);
        self.echoes.settle(pen);
    }
}

fn did(how: How) -> &'static str {
    match how {
        How::CloseNotify => "closed the connection (close_notify)",
        How::Fin => "closed the connection (FIN without close_notify)",
        How::Reset => "reset the connection (RST)",
        How::Ours => "closed the connection",
    }
}

/// MS-SSTP 2.2.8.
const NEGOTIATION_TIMEOUT: u32 = 8;
/// Ours: a client that leaves after so long a silence gave up waiting.
const PATIENCE: Micros = Micros(5_000_000);
/// Ours: as in the client, how long a ping or an echo may take.
const ECHO_PATIENCE: Micros = Micros(2_000_000);
/// Ours: a client that closes so long after its Call Disconnect gave up waiting; MS-SSTP 3.1.2.2 has 5 s.
const DISCONNECT_PATIENCE: Micros = Micros(3_000_000);
/// Ours: what went wrong on a lower layer is the reason to leave when it is no older than this.
const FRESH: Micros = Micros(10_000_000);
