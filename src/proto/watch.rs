//! A watcher of both directions above TLS: what each end said, where the call stands, what went wrong. It tells the same
//! events as an active client and its session tell, so that the same checks judge a captured call.

mod auth;
mod boundary;
mod bulk;
mod call;
mod cut;
mod echo;
mod head;
mod leave;
mod link;
mod notes;
mod proof;
mod rules;
mod turns;

use super::plan::{CertHashes, Credentials};
use crate::base::{Layer, Micros, Secret, Side};
use crate::transcript::{Event, How, Opaqueness, What};
use call::{Call, SHOWN};
use cut::{Broken, Cut, Mode, Start};
use notes::{Notes, Pen};

/// What a watcher is told in advance.
#[derive(Clone, Debug, Default)]
pub struct WatchConfig {
    /// Bulk data becomes events too.
    pub packets: bool,
    /// User and password, to check the authentication and the compound MAC.
    pub credentials: Option<Credentials>,
    /// NT hash of the password, where that is all there is.
    pub nt_hash: Option<Secret<[u8; 16]>>,
}

/// Who hears what a watcher sees.
pub trait Watcher {
    /// Something happened.
    fn event(&mut self, event: Event);
    /// A network packet inside the tunnel, from its IP header on.
    fn inner(&mut self, at: Micros, from: Side, packet: &[u8]) {
        let _ = (at, from, packet);
    }
}

/// Follows one call, both directions, from the first byte of HTTP.
#[derive(Debug)]
pub struct Watch {
    /// By side.
    cuts: [Cut; 2],
    notes: Notes,
    call: Call,
    now: Micros,
    /// Interim answers over HTTP.
    interim: u8,
}

impl Default for Watch {
    fn default() -> Self {
        Watch::new(WatchConfig::default())
    }
}

impl Watch {
    /// A watcher of a call that has not begun.
    pub fn new(config: WatchConfig) -> Watch {
        Watch { cuts: [Cut::new(), Cut::new()], notes: Notes::new(), call: Call::new(config), now: Micros::ZERO, interim: 0 }
    }

    /// Tells at most so many events, those that say how far the call got and how it ended left aside; 2,000 if nothing is
    /// said. Packets of bulk data are not among them.
    pub fn at_most(mut self, events: usize) -> Watch {
        self.notes.at_most(events);
        self
    }

    /// The certificate that the server showed in the TLS handshake around the call.
    pub fn certificate(&mut self, hashes: CertHashes) {
        self.call.cert = Some(hashes);
    }

    /// Plaintext of one side.
    pub fn bytes(&mut self, at: Micros, from: Side, bytes: &[u8], out: &mut dyn Watcher) {
        self.now = self.now.max(at);
        let cut = &mut self.cuts[from as usize];
        match cut.mode {
            Mode::Packets => self.feed(from, bytes, out),
            Mode::Skip => {}
            Mode::Lost => cut.lost += bytes.len() as u64,
            Mode::Doubtful if self.call.client_spoke => {
                cut.mode = Mode::Packets;
                self.feed(from, bytes, out);
            }
            Mode::Doubtful => {}
            Mode::Search => self.search(from, bytes, out),
            Mode::Head => self.head(from, bytes, out),
        }
    }

    /// Cuts packets out of bytes that begin where the last ones ended.
    fn feed(&mut self, from: Side, bytes: &[u8], out: &mut dyn Watcher) {
        let Watch { cuts, notes, call, now, .. } = self;
        let mut pen = Pen { at: *now, notes, out };
        let cut = &mut cuts[from as usize];
        match cut.packets(bytes, |packet| call.packet(&mut pen, from, packet)) {
            Ok(()) => {}
            Err(broken) if cut.holed => self.search_on(from, bytes, broken.left, out),
            Err(Broken { error, left }) => {
                let mut unread = std::mem::take(&mut cut.held);
                let rest = behind(bytes, left);
                cut.lost += (unread.len() + rest.len()) as u64;
                unread.extend_from_slice(rest.get(..rest.len().min(SHOWN)).unwrap_or_default());
                cut.mode = Mode::Lost;
                call.broken(&mut pen, from, &error, &unread);
            }
        }
    }

    /// What was cut at the last boundary is no packet: looks for the next boundary, as often as it takes.
    fn search_on(&mut self, from: Side, bytes: &[u8], left: usize, out: &mut dyn Watcher) {
        let cut = &mut self.cuts[from as usize];
        let rest = behind(bytes, if cut.held.is_empty() { left.saturating_sub(1) } else { left });
        cut.search_on();
        self.search(from, rest, out);
    }

    fn search(&mut self, from: Side, bytes: &[u8], out: &mut dyn Watcher) {
        let mut held: Option<Vec<u8>> = None;
        let mut at = 0;
        loop {
            let work = held.as_deref().unwrap_or(bytes);
            let rest = work.get(at..).unwrap_or_default();
            let Watch { cuts, notes, call, now, .. } = self;
            let cut = &mut cuts[from as usize];
            let begin = match cut.search(rest) {
                Start::Nowhere => return,
                Start::At(offset) => at + offset,
                Start::Held(bytes) => {
                    held = Some(bytes);
                    0
                }
            };
            let work = held.as_deref().unwrap_or(bytes);
            let mut pen = Pen { at: *now, notes, out };
            let packets = work.get(begin..).unwrap_or_default();
            let Err(broken) = cut.packets(packets, |packet| call.packet(&mut pen, from, packet)) else { return };
            let left = if cut.held.is_empty() { broken.left.saturating_sub(1) } else { broken.left };
            cut.search_on();
            at = work.len() - left;
        }
    }

    /// So many bytes of one side are missing (0: unknown how many).
    pub fn gap(&mut self, at: Micros, from: Side, bytes: u64, out: &mut dyn Watcher) {
        self.now = self.now.max(at);
        let cut = &mut self.cuts[from as usize];
        match cut.mode {
            Mode::Skip | Mode::Doubtful => return,
            Mode::Lost => {
                cut.lost += bytes;
                return;
            }
            Mode::Packets | Mode::Search | Mode::Head => {}
        }
        if cut.hole(bytes) {
            cut.mode = Mode::Search;
        }
        self.call.holed = true;
        self.notes.hole = Some(self.now);
        let mut pen = Pen { at: self.now, notes: &mut self.notes, out };
        let layer = pen.in_work();
        pen.note(Some(from), layer, What::Gap { bytes });
    }

    /// One side ended the connection.
    pub fn closed(&mut self, at: Micros, from: Side, how: How, out: &mut dyn Watcher) {
        self.now = self.now.max(at);
        self.unfinished_head(out);
        let mut pen = Pen { at: self.now, notes: &mut self.notes, out };
        self.call.closed(&mut pen, from, how);
    }

    /// What still comes is not looked at, because there is too much at once.
    pub fn give_up(&mut self) {
        self.call.given_up = true;
    }

    /// Nothing more will come: says where the call stopped, and what was counted.
    pub fn end(&mut self, at: Micros, out: &mut dyn Watcher) {
        self.now = self.now.max(at);
        self.unfinished_head(out);
        let mut pen = Pen { at: self.now, notes: &mut self.notes, out };
        self.call.unseen(&mut pen);
        if self.call.sstp {
            for (side, cut) in [Side::Client, Side::Server].into_iter().zip(&mut self.cuts) {
                tell_unread(&mut pen, side, cut);
            }
            self.call.bulk.tell(&mut pen);
        }
        pen.omitted();
    }

    /// A request with the SSTP method was seen, or SSTP packets.
    pub fn is_sstp(&self) -> bool {
        self.call.sstp
    }

    /// The client answered in an authentication protocol.
    pub fn tried_auth(&self) -> bool {
        self.call.auth.tried
    }

    /// Authentication came up.
    pub fn authenticated(&self) -> bool {
        self.notes.is_up(Layer::Auth)
    }

    /// The user name that the client gave in authentication.
    pub fn user(&self) -> Option<&str> {
        self.call.auth.user.as_deref()
    }

    /// The Host header of the request.
    pub fn host(&self) -> Option<&str> {
        self.call.host.as_deref()
    }
}

fn behind(bytes: &[u8], left: usize) -> &[u8] {
    bytes.get(bytes.len().saturating_sub(left)..).unwrap_or_default()
}

/// Bytes that could not be looked into, once, at the end.
fn tell_unread(pen: &mut Pen<'_>, side: Side, cut: &mut Cut) {
    let passed = std::mem::take(&mut cut.passed) + if cut.holed { std::mem::take(&mut cut.held).len() as u64 } else { 0 };
    for (bytes, because) in [(std::mem::take(&mut cut.lost), Opaqueness::AfterError), (passed, Opaqueness::AfterGap)] {
        if bytes > 0 {
            pen.note(Some(side), Layer::Sstp, What::Opaque { bytes, because });
        }
    }
}

#[cfg(test)]
mod tests;
