//! The transcript in the making, which passes every event on as it happens.

use crate::base::{Bytes, Layer, Micros, Side};
use crate::live::Notes;
use crate::live::clock::Clock;
use crate::transcript::{Event, Head, Reason, Sink, Transcript, What};
use crate::wire::eap;
use crate::wire::ncp::AuthMethod;
use crate::wire::ppp::{Body, Frame};
use std::cell::Cell;
use std::rc::Rc;

/// Why a probe ended before it was through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// The time for everything is up.
    TimeUp,
    /// The user wants to stop.
    Stopped,
}

impl End {
    /// Why the layer in work is down.
    fn reason(self, now: Micros) -> Reason {
        match self {
            End::TimeUp => Reason::TimeUp { after: now },
            End::Stopped => Reason::Ours("interrupted".into()),
        }
    }
}

/// Whether the probe was ended before it was through; shared with whoever ends it.
pub(super) type Ended = Rc<Cell<Option<End>>>;

/// A transcript and whoever wants to hear of its events at once.
pub(super) struct Recorder<'a> {
    transcript: Transcript,
    sink: &'a mut dyn Sink,
    ended: Ended,
}

impl Sink for Recorder<'_> {
    /// A session only knows that it was told to leave; why is known here.
    fn event(&mut self, event: &Event) {
        let mut event = event.clone();
        if let (What::Down(reason @ Reason::Ours(_)), Some(end)) = (&mut event.what, self.ended.get()) {
            *reason = end.reason(event.at);
        }
        self.sink.event(&event);
        self.transcript.events.push(event);
    }
}

impl<'a> Recorder<'a> {
    pub fn new(head: Head, sink: &'a mut dyn Sink, ended: Ended) -> Recorder<'a> {
        Recorder { transcript: Transcript { head, events: Vec::new() }, sink, ended }
    }

    /// The authentication methods whose standing is known.
    pub fn methods(&self) -> Vec<AuthMethod> {
        let known = |event: &Event| if let What::Method { method, .. } = event.what { Some(method) } else { None };
        self.transcript.events.iter().filter_map(known).collect()
    }

    /// Authentication came up by EAP-MD5. RFC 3748 5.4.
    pub fn logged_in_with_md5(&self) -> bool {
        let up = |event: &Event| event.layer == Layer::Auth && event.what == What::Up;
        let kind = |event: &Event| match &event.what {
            What::Ppp(Frame { body: Body::Eap(packet), .. }) if event.by == Some(Side::Client) && packet.code == 2 => packet.kind,
            _ => None,
        };
        let events = &self.transcript.events;
        let last = events.iter().rev().filter_map(kind).find(|kind| *kind >= eap::MD5);
        last == Some(eap::MD5) && events.iter().any(up)
    }

    /// The certificates of the call, as sent.
    pub fn chain(&self) -> &[Bytes] {
        let of_the_call = |event: &'_ Event| matches!(event.what, What::Chain { aside: false, .. });
        match self.transcript.events.iter().find(|event| of_the_call(event)).map(|event| &event.what) {
            Some(What::Chain { certs, .. }) => certs,
            _ => &[],
        }
    }

    /// The transcript; a layer that was in work when the probe was ended is down.
    pub fn finish(mut self, clock: &Clock) -> Transcript {
        if let (Some(end), Some((layer, _))) = (self.ended.get(), in_work(&self.transcript.events)) {
            Notes::new(clock, &mut self).down(layer, end.reason(clock.now()));
        }
        self.transcript
    }
}

/// The lowest layer that began and has neither come up nor failed.
fn in_work(events: &[Event]) -> Option<(Layer, Micros)> {
    let settled = |layer| events.iter().any(|event| event.layer == layer && matches!(event.what, What::Up | What::Down(_)));
    let began = events.iter().filter(|event| event.what == What::Began && !settled(event.layer));
    began.map(|event| (event.layer, event.at)).min()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_layer_in_work_is_the_one_that_began_and_did_not_end() {
        let event = |at, layer, what| Event::new(Micros(at), None, layer, what);
        let mut events = vec![
            event(1, Layer::Dns, What::Began),
            event(2, Layer::Dns, What::Up),
            event(3, Layer::Tcp, What::Began),
            event(4, Layer::Teardown, What::Began),
        ];
        assert_eq!(in_work(&events), Some((Layer::Tcp, Micros(3))));
        events.push(event(5, Layer::Tcp, What::Down(Reason::Refused("no".into()))));
        assert_eq!(in_work(&events[..2]), None);
        assert_eq!(in_work(&events), Some((Layer::Teardown, Micros(4))));
    }
}
