//! What a watcher says: events within bounds, the ladder of layers, and rules broken, each once.

use super::Watcher;
use crate::base::{Bytes, Layer, Micros, Side};
use crate::transcript::{Event, Reason, What};
use crate::wire::control;
use crate::wire::ppp::{self, Body};
use crate::wire::sstp::MessageType;

/// Ours: more events than this are counted, not told, as in a session; each side has half of it.
pub(super) const MAX_EVENTS: usize = 2_000;
/// Ours: more echoes of SSTP and LCP of one side than this are counted, not told; a call that idles for a day has thousands.
const MAX_ROUTINE: usize = 100;
/// Ours: how a call ends is told even when there is no room left, this often.
const MAX_FAREWELLS: usize = 32;
/// Ours: more broken rules than this are not told.
const MAX_VIOLATIONS: usize = 64;
/// Ours: as many ends of the connection are told.
const MAX_CLOSES: usize = 8;

/// The layers that a call climbs above TLS, the last one reached first when all are up.
const CLIMB: [Layer; 7] = [Layer::Http, Layer::Sstp, Layer::Lcp, Layer::Auth, Layer::Binding, Layer::Ncp, Layer::Data];

/// What was told so far.
#[derive(Clone, Debug)]
pub(super) struct Notes {
    bound: usize,
    /// By side, so that the flood of one does not hide what the other says.
    noted: [usize; 2],
    routine: [usize; 2],
    farewells: [usize; 2],
    closes: usize,
    omitted: u64,
    broken: Vec<(Side, &'static str, &'static str)>,
    began: u16,
    up: u16,
    failed: bool,
    /// When what is awaited now began to be awaited.
    pub since: Micros,
    /// Frames and messages of the server since the last layer came up.
    pub seen: u32,
    /// When bytes were found missing last.
    pub hole: Option<Micros>,
}

impl Notes {
    pub fn new() -> Notes {
        Notes {
            bound: MAX_EVENTS,
            noted: [0; 2],
            routine: [0; 2],
            farewells: [0; 2],
            closes: 0,
            omitted: 0,
            broken: Vec::new(),
            began: 0,
            up: 0,
            failed: false,
            since: Micros::ZERO,
            seen: 0,
            hole: None,
        }
    }

    pub fn at_most(&mut self, events: usize) {
        self.bound = events;
    }

    pub fn is_up(&self, layer: Layer) -> bool {
        self.up & bit(layer) != 0
    }

    /// There is room for the event, or it is one that is told whatever was told before.
    fn room(&mut self, by: Option<Side>, what: &What) -> bool {
        let (side, bound) = (by.unwrap_or(Side::Server) as usize, self.bound / 2);
        match weight(what) {
            Weight::Always => true,
            Weight::Closed => within(&mut self.closes, MAX_CLOSES),
            Weight::Routine if !within(&mut self.routine[side], MAX_ROUTINE) => false,
            Weight::Farewell if self.noted[side] >= bound => within(&mut self.farewells[side], MAX_FAREWELLS),
            Weight::Routine | Weight::Farewell | Weight::Plain => within(&mut self.noted[side], bound),
        }
    }
}

fn within(count: &mut usize, bound: usize) -> bool {
    *count = count.saturating_add(1);
    *count <= bound
}

enum Weight {
    /// Bounded by whoever tells it.
    Always,
    Closed,
    /// One of very many that say the same.
    Routine,
    Farewell,
    Plain,
}

fn weight(what: &What) -> Weight {
    match what {
        What::Began | What::Up | What::Down(_) | What::Method { .. } | What::Omitted { .. } | What::Traffic(_) => Weight::Always,
        What::Violation { .. } | What::Proof { .. } | What::Ping { .. } | What::Echo { .. } | What::Opaque { .. } => Weight::Always,
        What::Closed(_) => Weight::Closed,
        What::Sstp(message) => match message.kind {
            MessageType::EchoRequest | MessageType::EchoResponse => Weight::Routine,
            MessageType::CallAbort | MessageType::CallDisconnect | MessageType::CallDisconnectAck => Weight::Farewell,
            _ => Weight::Plain,
        },
        What::Ppp(ppp::Frame { body: Body::Lcp(packet), .. }) => match packet.code {
            control::ECHO_REQUEST | control::ECHO_REPLY | control::DISCARD_REQUEST => Weight::Routine,
            control::TERMINATE_REQUEST | control::TERMINATE_ACK => Weight::Farewell,
            _ => Weight::Plain,
        },
        _ => Weight::Plain,
    }
}

/// The notes at one moment, and who hears of them.
pub(super) struct Pen<'a> {
    pub at: Micros,
    pub notes: &'a mut Notes,
    pub out: &'a mut dyn Watcher,
}

impl Pen<'_> {
    pub fn note(&mut self, by: Option<Side>, layer: Layer, what: What) {
        self.note_raw(by, layer, what, &[]);
    }

    pub fn note_raw(&mut self, by: Option<Side>, layer: Layer, what: What, raw: &[u8]) {
        if self.notes.room(by, &what) {
            self.out.event(Event { at: self.at, by, layer, what, raw: Bytes(raw.to_vec()) });
        } else {
            self.notes.omitted += 1;
        }
    }

    /// A packet of bulk data, told because the user asked for all of them.
    pub fn packet(&mut self, by: Side, frame: ppp::Frame, raw: &[u8]) {
        self.out.event(Event { at: self.at, by: Some(by), layer: Layer::Data, what: What::Ppp(frame), raw: Bytes(raw.to_vec()) });
    }

    /// Says how many events were left out.
    pub fn omitted(&mut self) {
        match std::mem::take(&mut self.notes.omitted) {
            0 => {}
            count => self.note(None, Layer::Data, What::Omitted { count }),
        }
    }

    /// A rule with MUST was broken; told once for each side and kind.
    pub fn violation(&mut self, by: Side, layer: Layer, rule: &'static str, kind: &'static str, says: impl FnOnce() -> String) {
        let entry = (by, rule, kind);
        if self.notes.broken.len() < MAX_VIOLATIONS && !self.notes.broken.contains(&entry) {
            self.notes.broken.push(entry);
            self.note(Some(by), layer, What::Violation { rule: rule.into(), says: says() });
        }
    }

    pub fn began(&mut self, layer: Layer) {
        if self.notes.began & bit(layer) == 0 && !self.notes.failed {
            self.notes.began |= bit(layer);
            self.note(None, layer, What::Began);
        }
    }

    /// The layer is up; told once, and not once the call has failed.
    pub fn up(&mut self, layer: Layer) {
        if self.notes.up & bit(layer) == 0 && !self.notes.failed {
            self.notes.up |= bit(layer);
            self.notes.seen = 0;
            self.wait();
            self.note(None, layer, What::Up);
        }
    }

    /// Every layer below must be up, since what comes above it is there.
    pub fn up_below(&mut self, layer: Layer) {
        CLIMB.into_iter().filter(|lower| *lower < layer).for_each(|lower| self.up(lower));
    }

    /// The layer failed. A call fails once; what follows is a consequence. What something that did not come shows, or one thing coming
    /// before another, is no failure where bytes are missing: it may lie in the hole.
    pub fn down(&mut self, layer: Layer, reason: Reason) {
        if !self.notes.failed {
            self.notes.failed = true;
            let reason = if self.is_doubtful() { doubted(reason) } else { reason };
            self.note(None, layer, What::Down(reason));
        }
    }

    /// Bytes are missing that may have decided about the call: any before it carries data, those of the last seconds from then on.
    pub fn is_doubtful(&self) -> bool {
        self.notes.hole.is_some_and(|hole| !self.is_up(Layer::Data) || self.at - hole <= DECISIVE)
    }

    /// Something new is awaited from now on.
    pub fn wait(&mut self) {
        self.notes.since = self.at;
    }

    pub fn failed(&self) -> bool {
        self.notes.failed
    }

    pub fn is_up(&self, layer: Layer) -> bool {
        self.notes.is_up(layer)
    }

    pub fn has_begun(&self, layer: Layer) -> bool {
        self.notes.began & bit(layer) != 0
    }

    /// The layer in work.
    pub fn in_work(&self) -> Layer {
        CLIMB.into_iter().find(|layer| !self.is_up(*layer)).unwrap_or(Layer::Data)
    }
}

fn doubted(reason: Reason) -> Reason {
    match reason {
        Reason::TimedOut { .. } | Reason::Closed(_) | Reason::Violated(_) | Reason::Unwilling(_) | Reason::ClientLeft(_) => {
            Reason::Unseen(format!("the capture has lost bytes that may say why: {reason}"))
        }
        Reason::Refused(_) | Reason::Untrusted(_) | Reason::TimeUp { .. } | Reason::Ours(_) | Reason::Unseen(_) => reason,
    }
}

/// Ours: what is missing so long before a call ends, may say why it does.
const DECISIVE: Micros = Micros(10_000_000);

fn bit(layer: Layer) -> u16 {
    1 << layer as u16
}
