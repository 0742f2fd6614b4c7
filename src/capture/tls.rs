//! TLS as a tap sees it: records, handshake in the clear, and plaintext where there is a key.

mod cut;
mod half;
mod keying;
mod message;
mod outcome;
mod room;
mod shake;

pub use room::Room;

use super::keylog::Keys;
use crate::base::{Bytes, Layer, Micros, Side};
use crate::crypto::tls_open::Opened;
use crate::transcript::{Event, How, Opaqueness, What};
use crate::wire::tls::mark;
use crate::wire::tls::message::kind;
use crate::wire::tls::record::{ALERT, APPLICATION_DATA, Alert, CHANGE_CIPHER_SPEC, HANDSHAKE, Header};
use crate::wire::tls::{TLS12, TLS13};
use half::Half;
use keying::Key;
use room::{Held, Waiting};
use shake::Shake;
use std::cell::RefCell;
use std::rc::Rc;

/// Who takes what comes out of TLS.
pub trait Sees {
    /// An event: hello, chain, alert, secured, unsecured.
    fn event(&mut self, event: Event);
    /// Application data in the clear.
    fn plain(&mut self, at: Micros, from: Side, bytes: &[u8]);
    /// So many bytes of application data of one side, or at least some where 0, cannot be had; what follows is behind a hole.
    fn lost(&mut self, at: Micros, from: Side, bytes: u64);
    /// The header of every record, in order.
    fn record(&mut self, at: Micros, from: Side, kind: u8, len: usize);
    /// One side ended its stream by word: in good order (close_notify), or the server with a fatal alert behind the handshake,
    /// which is told as a FIN without close_notify. RFC 8446 6.1 and 6.2.
    fn said_end(&mut self, at: Micros, from: Side, how: How) {
        let _ = (at, from, how);
    }
}

/// One TLS connection. Streams in, events and plaintext out. Whole records are opened where they lie; only a record in
/// pieces is put together first, in a buffer that the connections of a capture share.
pub struct Tls {
    keys: Rc<RefCell<Keys>>,
    client: Half,
    server: Half,
    shake: Shake,
    held: Held,
    /// Time of the event last handed out.
    latest: Micros,
    /// No longer waiting for keys.
    impatient: bool,
    /// The side that ended its stream first, when, and whether by a reset.
    first_end: Option<(Micros, Side, bool)>,
    /// Why bytes could not be looked into, the first reason.
    opaque_because: Option<Opaqueness>,
    ended: bool,
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tls").field("stands", &self.shake.stands).finish_non_exhaustive()
    }
}

/// What became of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Taken {
    Done,
    /// It waits for a key.
    NoKey,
}

impl Tls {
    /// A connection of which nothing was seen yet.
    pub fn new(keys: Rc<RefCell<Keys>>) -> Tls {
        Tls {
            keys,
            client: Half::default(),
            server: Half::default(),
            shake: Shake::default(),
            held: Held::default(),
            latest: Micros::default(),
            impatient: false,
            first_end: None,
            opaque_because: None,
            ended: false,
        }
    }

    /// The next bytes of one side, in order.
    pub fn bytes(&mut self, at: Micros, from: Side, bytes: &[u8], out: &mut dyn Sees) {
        if self.ended || bytes.is_empty() {
            return;
        }
        self.begin(at, out);
        let mut plain = self.keys.borrow_mut().room.take_plain();
        self.cut(at, from, bytes, &mut plain, out);
        self.keys.borrow_mut().room.give_plain(plain);
    }

    /// So many bytes of one side are missing for good.
    pub fn gap(&mut self, at: Micros, from: Side, bytes: u64, out: &mut dyn Sees) {
        if self.ended {
            return;
        }
        self.begin(at, out);
        let half = self.half(from);
        let missing = bytes.saturating_add(half.drop_partial() as u64);
        half.lose(missing);
        let early = !self.shake.secured();
        self.half(from).early_gap |= early;
        self.shake.gap |= early;
        if self.shake.secured() {
            out.lost(at, from, missing);
        }
    }

    /// One side ended its stream, in good order or by a reset.
    pub fn closed(&mut self, at: Micros, from: Side, reset: bool, out: &mut dyn Sees) {
        if self.ended {
            return;
        }
        self.half(from).closed = true;
        self.first_end = self.first_end.or(Some((at, from, reset)));
        if reset || self.client.closed && self.server.closed {
            self.give_up(out);
        }
        self.judge_close(out);
    }

    /// Nothing more will come.
    pub fn end(&mut self, at: Micros, out: &mut dyn Sees) {
        if std::mem::replace(&mut self.ended, true) {
            return;
        }
        self.give_up(out);
        self.judge_end(at, out);
        self.tell_opaque(at, out);
        let mut keys = self.keys.borrow_mut();
        for half in [&mut self.client, &mut self.server] {
            half.free(&mut keys.room);
        }
    }

    /// What is kept of records and messages in pieces, bytes.
    pub fn held(&self) -> usize {
        let half = |half: &Half| half.buf.capacity() + half.messages.capacity() + half.first.capacity();
        half(&self.client) + half(&self.server) + self.shake.transcript.as_ref().map_or(0, |all| all.capacity())
    }

    /// The handshake came through, as far as can be seen.
    pub fn is_secured(&self) -> bool {
        self.shake.secured()
    }

    /// The hello is one of a probe's that looks at the server and makes no call.
    pub fn is_test(&self) -> bool {
        self.shake.offer.as_ref().is_some_and(|offer| mark::is_test(&offer.random))
    }

    /// Records wait for a key.
    pub fn waits(&self) -> bool {
        !self.held.is_empty()
    }

    /// Its records cannot be opened, or only in part.
    pub fn is_opaque(&self) -> bool {
        self.client.blind.or(self.server.blind).is_some() || !self.held.is_empty()
    }

    fn half(&mut self, side: Side) -> &mut Half {
        match side {
            Side::Client => &mut self.client,
            Side::Server => &mut self.server,
        }
    }

    fn begin(&mut self, at: Micros, out: &mut dyn Sees) {
        if self.shake.began.is_none() {
            self.shake.began = Some(at);
            self.event(at, None, What::Began, out);
        }
    }

    fn event(&mut self, at: Micros, by: Option<Side>, what: What, out: &mut dyn Sees) {
        self.event_raw(at, by, what, Bytes::default(), out);
    }

    /// Times of events never go backwards, though early data is read only after the ServerHello that comes later.
    fn event_raw(&mut self, at: Micros, by: Option<Side>, what: What, raw: Bytes, out: &mut dyn Sees) {
        self.latest = self.latest.max(at);
        out.event(Event { raw, ..Event::new(self.latest, by, Layer::Tls, what) });
    }

    /// Takes a whole record: now, or later where a key is missing.
    fn record(&mut self, at: Micros, from: Side, header: Header, body: &[u8], plain: &mut [u8], out: &mut dyn Sees) {
        out.record(at, from, header.kind, header.len);
        let half = self.half(from);
        half.records += 1;
        let missing = std::mem::take(&mut half.ahead);
        // What the server says decides about early data that waits.
        let is_answer = from == Side::Server && self.shake.early_data_open() && self.held.only_from(Side::Client);
        if (self.held.is_empty() || is_answer) && self.take_behind(missing, at, from, header, body, plain, out) == Taken::Done {
            if is_answer && !self.held.is_empty() {
                self.retry(plain, out);
            }
            return;
        }
        let waiting = Waiting { at, from, header, missing, body: body.into() };
        let more = self.held.push(&mut self.keys.borrow_mut().room, waiting);
        if !more {
            return self.give_up_with(plain, out);
        }
        // A look at the key logs at the first record that waits, the second, the fourth and so on.
        let due = self.held.len().is_power_of_two() && self.keys.borrow_mut().poll();
        if due || self.keys.borrow().generation() != self.held.tried {
            self.retry(plain, out);
        }
    }

    /// Takes what waits, in its order, until the next record that lacks a key.
    fn retry(&mut self, plain: &mut [u8], out: &mut dyn Sees) {
        self.retry_until(Micros(u64::MAX), plain, out);
    }

    fn retry_until(&mut self, until: Micros, plain: &mut [u8], out: &mut dyn Sees) {
        self.held.tried = self.keys.borrow().generation();
        loop {
            let answers_first = self.shake.early_data_open();
            let Some((place, next)) = self.held.pop(&mut self.keys.borrow_mut().room, answers_first) else { return };
            if next.at > until || self.take_behind(next.missing, next.at, next.from, next.header, &next.body, plain, out) == Taken::NoKey {
                self.held.put_back(&mut self.keys.borrow_mut().room, place, next);
                return;
            }
        }
    }

    fn give_up(&mut self, out: &mut dyn Sees) {
        self.give_up_until(Micros(u64::MAX), out);
    }

    /// Waits no longer for keys: takes what can be had of what waited and came up to that time.
    pub fn give_up_until(&mut self, until: Micros, out: &mut dyn Sees) {
        if self.held.is_empty() {
            return;
        }
        let mut plain = self.keys.borrow_mut().room.take_plain();
        if self.keys.borrow_mut().poll() {
            self.retry_until(until, &mut plain, out);
        }
        self.impatient |= !self.held.is_empty();
        self.retry_until(until, &mut plain, out);
        self.keys.borrow_mut().room.give_plain(plain);
    }

    fn give_up_with(&mut self, plain: &mut [u8], out: &mut dyn Sees) {
        self.impatient |= !self.held.is_empty();
        self.retry(plain, out);
    }

    /// Takes a record before which so many may be missing.
    #[allow(clippy::too_many_arguments, reason = "a record, its place, and where it goes")]
    fn take_behind(
        &mut self,
        missing: u64,
        at: Micros,
        from: Side,
        header: Header,
        body: &[u8],
        plain: &mut [u8],
        out: &mut dyn Sees,
    ) -> Taken {
        let half = self.half(from);
        let before = half.missing;
        half.miss(missing);
        let taken = self.take(at, from, header, body, plain, out);
        if taken == Taken::NoKey {
            self.half(from).missing = before;
        }
        taken
    }

    fn take(&mut self, at: Micros, from: Side, header: Header, body: &[u8], plain: &mut [u8], out: &mut dyn Sees) -> Taken {
        if !self.half(from).sealed {
            if header.kind != APPLICATION_DATA || !self.missed_change_cipher(from) {
                return self.take_clear(at, from, header, body, out);
            }
            self.change_cipher(from);
        }
        if header.kind == CHANGE_CIPHER_SPEC && self.shake.version() >= TLS13 {
            // RFC 8446 D.4: sent to please middleboxes.
            return Taken::Done;
        }
        if self.shake.version() >= TLS13 && header.kind == ALERT && self.half(from).opened == 0 {
            // RFC 8446 6: an end that has no keys yet sends its alert in the clear.
            self.content(at, from, ALERT, body, out);
            return Taken::Done;
        }
        if from == Side::Client && self.shake.early_data_open() && !self.impatient {
            return Taken::NoKey;
        }
        match self.unlock(from, header, body, plain) {
            // RFC 5246 7.1: in a renegotiation it comes encrypted.
            Key::Opened(Opened { kind: CHANGE_CIPHER_SPEC, .. }) if self.shake.version() <= TLS12 => self.change_cipher(from),
            Key::Opened(Opened { kind, len }) => {
                self.tell_early_gap(at, from, out);
                self.content(at, from, kind, plain.get(..len).unwrap_or_default(), out);
            }
            Key::Missing if !self.impatient => return Taken::NoKey,
            Key::Missing => self.shut(at, from, header, Some(Opaqueness::NoKey), out),
            Key::Shut => self.shut(at, from, header, None, out),
            Key::Skipped => self.skip_early(at, header.len as u64, out),
        }
        Taken::Done
    }

    fn take_clear(&mut self, at: Micros, from: Side, header: Header, body: &[u8], out: &mut dyn Sees) -> Taken {
        match header.kind {
            CHANGE_CIPHER_SPEC if self.shake.changes_cipher() => self.change_cipher(from),
            APPLICATION_DATA if from == Side::Client && self.shake.early_data_open() && !self.impatient => return Taken::NoKey,
            // RFC 8446 4.2.10: early data before a HelloRetryRequest is void.
            APPLICATION_DATA if self.shake.retried() => {}
            APPLICATION_DATA => self.midstream(at, from, header, out),
            HANDSHAKE | ALERT if self.shake.is_midstream(from) => self.midstream(at, from, header, out),
            HANDSHAKE if !self.shake.spoke(from) && !begins_hello(body) && self.half(from).messages.is_empty() => {
                self.midstream(at, from, header, out);
            }
            kind => self.content(at, from, kind, body, out),
        }
        Taken::Done
    }

    /// The plaintext of a record.
    fn content(&mut self, at: Micros, from: Side, kind: u8, plain: &[u8], out: &mut dyn Sees) {
        match kind {
            APPLICATION_DATA => {
                if !self.shake.over() && !self.is_early() {
                    self.secure(at, out);
                }
                if !plain.is_empty() {
                    out.plain(at, from, plain);
                }
            }
            HANDSHAKE => self.messages(at, from, plain, out),
            ALERT => {
                if let Ok(alert) = Alert::parse(plain) {
                    self.alert(at, from, alert, out);
                }
            }
            _ => {}
        }
    }
}

/// ClientHello, ServerHello or HelloRequest. RFC 5246 7.4.
fn begins_hello(body: &[u8]) -> bool {
    matches!(body.first(), Some(&(kind::HELLO_REQUEST | kind::CLIENT_HELLO | kind::SERVER_HELLO)))
}

impl Drop for Tls {
    fn drop(&mut self) {
        if let Ok(mut keys) = self.keys.try_borrow_mut() {
            self.held.free(&mut keys.room);
        }
    }
}

#[cfg(test)]
mod tests;
