//! The heads of HTTP, one in each direction, and whether this is SSTP at all. MS-SSTP 3.2.4.1.

use super::call::SHOWN;
use super::cut::{Cut, Mode};
use super::notes::Pen;
use super::{Watch, Watcher, rules};
use crate::base::{Layer, Side, WireError};
use crate::proto::client::refusal;
use crate::transcript::{Reason, What};
use crate::wire::http::{CONTENT_LENGTH, Head, METHOD, Parsed};
use crate::wire::sstp::VERSION;

impl Watch {
    pub(super) fn head(&mut self, from: Side, bytes: &[u8], out: &mut dyn Watcher) {
        let cut = &mut self.cuts[from as usize];
        cut.held.extend_from_slice(bytes);
        let answered = from == Side::Server && self.call.sstp && !self.call.holed;
        if cut.held.first() == Some(&VERSION) && !answered {
            return self.midstream(from, out);
        }
        let held = std::mem::take(&mut cut.held);
        let parsed = match from {
            Side::Client => Head::parse_request(Layer::Http, &held),
            Side::Server => Head::parse_response(Layer::Http, &held),
        };
        match parsed {
            Ok(Parsed::Partial) => self.cuts[from as usize].held = held,
            Ok(Parsed::Whole(head, len)) => {
                let (head_bytes, rest) = held.split_at(len.min(held.len()));
                match from {
                    Side::Client => self.request(head, head_bytes, out),
                    Side::Server => self.response(head, head_bytes, out),
                }
                if !rest.is_empty() {
                    self.bytes(self.now, from, rest, out);
                }
            }
            Err(error) => self.no_head(from, &error, held, out),
        }
    }

    /// The capture began behind the heads.
    fn midstream(&mut self, from: Side, out: &mut dyn Watcher) {
        let cut = &mut self.cuts[from as usize];
        (cut.mode, cut.holed) = (Mode::Search, true);
        self.call.holed = true;
        self.search(from, &[], out);
    }

    fn request(&mut self, head: Head, bytes: &[u8], out: &mut dyn Watcher) {
        let mut pen = Pen { at: self.now, notes: &mut self.notes, out };
        let sstp = head.request_line().is_some_and(|line| line.0.eq_ignore_ascii_case(METHOD));
        self.call.sstp |= sstp;
        self.call.host = head.header("Host").map(str::to_string);
        self.cuts[Side::Client as usize].mode = if sstp { Mode::Packets } else { Mode::Skip };
        if sstp {
            pen.began(Layer::Http);
            pen.wait();
        }
        pen.note_raw(Some(Side::Client), Layer::Http, What::Http(head.clone()), bytes);
        if sstp {
            rules::request(&mut pen, &head);
        }
    }

    fn response(&mut self, head: Head, bytes: &[u8], out: &mut dyn Watcher) {
        let mut pen = Pen { at: self.now, notes: &mut self.notes, out };
        let endless = head.header("Content-Length").map(str::trim) == Some(CONTENT_LENGTH);
        // The request may be missing: no other answer is endless.
        self.call.sstp |= endless && self.cuts[Side::Client as usize].mode != Mode::Skip;
        pen.note_raw(Some(Side::Server), Layer::Http, What::Http(head.clone()), bytes);
        let mode = match (self.call.sstp, head.status) {
            (false, _) => Mode::Skip,
            // RFC 9110 15.2: an interim answer, the final one follows.
            (true, Some(100..=199)) if self.interim < MAX_INTERIM => {
                self.interim += 1;
                Mode::Head
            }
            (true, Some(200)) => {
                rules::response(&mut pen, &head);
                self.call.doubt = refusal(&head).filter(|_| !self.call.client_spoke);
                if self.call.doubt.is_none() {
                    pen.up(Layer::Http);
                    pen.began(Layer::Sstp);
                }
                if self.call.doubt.is_some() { Mode::Doubtful } else { Mode::Packets }
            }
            (true, _) => {
                let reason = refusal(&head).unwrap_or_else(|| Reason::Refused(head.start.clone()));
                pen.down(Layer::Http, reason);
                self.cuts[Side::Client as usize].mode = Mode::Skip;
                Mode::Skip
            }
        };
        self.cuts[Side::Server as usize].mode = mode;
    }

    /// What came first is no head.
    fn no_head(&mut self, from: Side, error: &WireError, held: Vec<u8>, out: &mut dyn Watcher) {
        let text = held.iter().take(SAMPLE).all(|byte| byte.is_ascii_graphic() || byte.is_ascii_whitespace());
        let claims = from == Side::Client && is_sstp_like(&held);
        if !text && !claims && !(from == Side::Server && self.call.sstp) {
            self.cuts[from as usize].held = held;
            return self.midstream(from, out);
        }
        self.call.sstp |= claims;
        let sstp = self.call.sstp;
        let cut = &mut self.cuts[from as usize];
        if !sstp {
            cut.mode = Mode::Skip;
            return;
        }
        cut.mode = Mode::Lost;
        cut.lost += held.len() as u64;
        let mut pen = Pen { at: self.now, notes: &mut self.notes, out };
        pen.began(Layer::Http);
        let shown = held.get(..held.len().min(SHOWN)).unwrap_or_default();
        pen.note_raw(Some(from), Layer::Http, What::Undecoded(error.clone()), shown);
        if from == Side::Server {
            pen.down(Layer::Http, Reason::Violated(error.to_string()));
        }
    }

    /// The connection ends within the request.
    pub(super) fn unfinished_head(&mut self, out: &mut dyn Watcher) {
        let cut: &Cut = &self.cuts[Side::Client as usize];
        if cut.mode == Mode::Head && is_sstp_like(&cut.held) {
            self.call.sstp = true;
            let mut pen = Pen { at: self.now, notes: &mut self.notes, out };
            pen.began(Layer::Http);
        }
    }
}

/// The bytes begin like the request of an SSTP client.
fn is_sstp_like(bytes: &[u8]) -> bool {
    bytes.get(..METHOD.len().min(bytes.len())).is_some_and(|start| {
        start.len() >= SSTP.len() && METHOD.as_bytes().get(..start.len()).is_some_and(|method| start.eq_ignore_ascii_case(method))
    })
}

/// Ours: more interim answers than this are not followed.
const MAX_INTERIM: u8 = 4;
/// Ours: so many of the first bytes tell text from packets.
const SAMPLE: usize = 16;
/// The first bytes by which a request cut short is known for what it is.
const SSTP: &str = "SSTP_";
