//! How a handshake ended, by what a tap saw of it.

use super::shake::Stands;
use super::{Sees, Tls};
use crate::base::{Bytes, Layer, Micros, Side, hex};
use crate::transcript::{Event, How, Opaqueness, Reason, TlsFailure, What};
use crate::wire::tls::record::{ALERT, APPLICATION_DATA, Alert, CLOSE_NOTIFY, HANDSHAKE, Header};
use crate::wire::tls::{TLS12, TLS13};

impl Tls {
    /// An alert that could be read.
    pub(super) fn alert(&mut self, at: Micros, from: Side, alert: Alert, out: &mut dyn Sees) {
        if alert.description == CLOSE_NOTIFY {
            self.shake.close_notify = self.shake.close_notify.or(Some(from));
            self.latest = self.latest.max(at);
            return out.said_end(at, from, How::CloseNotify);
        }
        self.event(at, Some(from), What::Alert { description: alert.description }, out);
        let fatal = alert.is_fatal(self.shake.version());
        if fatal && from == Side::Server && self.shake.stands == Stands::Secured {
            out.said_end(at, from, How::Fin);
        }
        if self.shake.over() || !fatal {
            return;
        }
        let name = Alert::name(alert.description);
        match from {
            Side::Server => {
                let says = format!("received fatal alert: {name}");
                self.fail(at, from, TlsFailure::Alert(alert.description), says.clone(), Reason::Refused(says), out);
            }
            Side::Client => {
                let reason = Reason::ClientLeft(format!("alert {name}"));
                self.fail(at, from, TlsFailure::Other, format!("the client sent alert {name}"), reason, out);
            }
        }
    }

    /// The handshake is through.
    pub(super) fn secure(&mut self, at: Micros, out: &mut dyn Sees) {
        if self.shake.over() {
            return;
        }
        self.shake.stands = Stands::Secured;
        self.client.first = Vec::new();
        self.server.first = Vec::new();
        if let Some(secured) = self.shake.agreed() {
            self.event(at, Some(Side::Server), What::Secured(secured), out);
        }
        self.event(at, None, What::Up, out);
    }

    fn fail(&mut self, at: Micros, by: Side, failure: TlsFailure, says: String, reason: Reason, out: &mut dyn Sees) {
        if self.shake.over() {
            return;
        }
        self.shake.stands = Stands::Failed;
        let first = Bytes::from(std::mem::take(&mut self.server.first));
        self.event_raw(at, Some(by), What::Unsecured { failure, says }, first, out);
        self.event(at, None, What::Down(reason), out);
    }

    /// An encrypted record that was not opened: its kind and length tell whether the handshake is through.
    pub(super) fn progress_unseen(&mut self, at: Micros, from: Side, header: Header, out: &mut dyn Sees) {
        if self.shake.over() {
            return;
        }
        let [client, server] = &mut self.shake.finished;
        let finished = if from == Side::Client { client } else { server };
        let through = match (self.shake.choice.as_ref().map_or(0, |choice| choice.version), header.kind) {
            (TLS13.., APPLICATION_DATA) if header.len == ALERT_13 => {
                self.shake.hidden_alert = self.shake.hidden_alert.or(Some(from));
                false
            }
            (TLS13.., APPLICATION_DATA) => {
                *finished |= header.len >= FINISHED_13;
                self.shake.finished == [true; 2] && from == Side::Client
            }
            (..=TLS12, HANDSHAKE) => {
                *finished = true;
                self.shake.finished == [true; 2]
            }
            (..=TLS12, ALERT) => {
                self.shake.hidden_alert = self.shake.hidden_alert.or(Some(from));
                false
            }
            (_, kind) => kind == APPLICATION_DATA,
        };
        if through {
            self.secure(at, out);
        }
    }

    /// Application data without hellos: the capture began later, or lost them.
    pub(super) fn midstream(&mut self, at: Micros, from: Side, header: Header, out: &mut dyn Sees) {
        let half = self.half(from);
        half.opaque += header.len as u64;
        self.opaque_because = self.opaque_because.or(Some(Opaqueness::AfterGap));
        let [client, server] = &mut self.shake.midstream;
        *(if from == Side::Client { client } else { server }) = true;
        if self.shake.midstream == [true; 2] {
            self.secure(at, out);
        }
    }

    /// What came first is no TLS record; `all` of it has come, or more may come.
    pub(super) fn judge_alien(&mut self, at: Micros, from: Side, all: bool, out: &mut dyn Sees) {
        let first = self.half(from).first.clone();
        if self.shake.over() || first.len() < HTTP.len() && !all {
            return;
        }
        let failure = if first.starts_with(HTTP) { TlsFailure::PlainHttp } else { TlsFailure::NotTls };
        let who = if from == Side::Client { "client" } else { "server" };
        let says = format!("the {who} began with {}", shown(&first));
        self.fail(at, from, failure, says.clone(), Reason::Violated(says), out);
    }

    /// A side ended its stream: in the handshake that is the end of it.
    pub(super) fn judge_close(&mut self, out: &mut dyn Sees) {
        let Some((at, from, reset)) = self.first_end else { return };
        self.judge_aliens(at, out);
        if self.shake.over() || !self.held.is_empty() || self.shake.offer.is_none() {
            return;
        }
        if self.shake.gap {
            self.event(at, None, What::Down(Reason::Unseen("bytes of the handshake are missing from the capture".into())), out);
            self.shake.stands = Stands::Failed;
            return;
        }
        let notified = self.shake.close_notify == Some(from);
        let how = if reset {
            How::Reset
        } else if notified {
            How::CloseNotify
        } else {
            How::Fin
        };
        let failure = if reset { TlsFailure::Reset } else { TlsFailure::Closed };
        match from {
            Side::Server if self.server.total == 0 => {
                self.fail(at, from, failure, "the server closed without an answer to the ClientHello".into(), Reason::Closed(how), out);
            }
            Side::Server => {
                self.fail(at, from, failure, "the server ended the connection in the handshake".into(), Reason::Closed(how), out)
            }
            Side::Client if self.server.total == 0 && self.waited(at) >= PATIENCE => self.silent(at, out),
            Side::Client => {
                let hidden = self.shake.hidden_alert == Some(Side::Client);
                let says = if hidden { LEFT_WITH_ALERT } else { "the client ended the connection in the handshake" };
                self.fail(at, from, failure, says.into(), Reason::ClientLeft(says.into()), out);
            }
        }
    }

    /// The capture ended: a handshake that is still under way was met with silence, or is simply not seen to its end.
    pub(super) fn judge_end(&mut self, at: Micros, out: &mut dyn Sees) {
        self.judge_aliens(at, out);
        self.judge_close(out);
        if self.shake.over() || self.shake.began.is_none() {
            return;
        }
        if self.shake.offer.is_some() && !self.shake.gap && self.waited(at) >= SILENCE {
            return self.silent(at, out);
        }
        self.shake.stands = Stands::Failed;
        self.event(at, None, What::Down(Reason::Unseen("the capture ended in the TLS handshake".into())), out);
    }

    fn judge_aliens(&mut self, at: Micros, out: &mut dyn Sees) {
        for side in [Side::Server, Side::Client] {
            if self.half(side).alien {
                self.judge_alien(at, side, true, out);
            }
        }
    }

    fn silent(&mut self, at: Micros, out: &mut dyn Sees) {
        let begun = self.server.total > 0;
        let says = if begun { "the handshake was begun but not ended" } else { "no answer to the ClientHello" };
        let reason = Reason::TimedOut { waiting_for: "end of the TLS handshake".into(), after: self.waited(at) };
        self.fail(at, Side::Server, TlsFailure::TimedOut, says.into(), reason, out);
    }

    fn waited(&self, at: Micros) -> Micros {
        self.shake.hello_at.map_or(Micros::default(), |hello| at - hello)
    }

    /// How much nobody could look into, once.
    pub(super) fn tell_opaque(&mut self, at: Micros, out: &mut dyn Sees) {
        let bytes = self.client.opaque + self.server.opaque;
        if let Some(because) = self.opaque_because.filter(|_| bytes > 0) {
            self.latest = self.latest.max(at);
            out.event(Event::new(self.latest, None, Layer::Tls, What::Opaque { bytes, because }));
        }
    }
}

/// The first bytes as text if they are text, else as hexadecimal.
fn shown(first: &[u8]) -> String {
    let short = first.get(..first.len().min(SHOWN)).unwrap_or_default();
    let is_text = |byte: &u8| matches!(byte, b'\t' | b'\r' | b'\n' | b' '..=b'~');
    match short.iter().all(is_text) {
        true => format!("{:?}", String::from_utf8_lossy(short)),
        false => hex(short),
    }
}

/// What an HTTP response begins with.
const HTTP: &[u8] = b"HTTP/";
/// Ours: so many first bytes are put into words.
const SHOWN: usize = 48;
/// An alert in TLS 1.3: two bytes, content type, tag. RFC 8446 5.2.
const ALERT_13: usize = 2 + 1 + 16;
/// The shortest Finished in TLS 1.3: header, SHA-256, content type, short tag. RFC 8446 4.4.4.
const FINISHED_13: usize = 4 + 32 + 1 + 8;
pub(super) const LEFT_WITH_ALERT: &str = "the client left with an encrypted record as long as an alert";
/// Ours: a client that leaves so long after its hello was met with silence, microseconds.
const PATIENCE: Micros = Micros(1_000_000);
/// Ours: a handshake that stands still for so long at the end of the capture was met with silence, microseconds.
const SILENCE: Micros = Micros(5_000_000);
