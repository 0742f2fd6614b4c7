//! What happened on one connection: events as they came, and the facts folded from them.

mod event;
pub mod facts;
mod head;
mod inner;
mod jsonl;
mod leave;
mod lookup;
mod matrix;
mod other;
pub mod proxy;
pub mod scan;
pub mod scrub;
pub mod tap;
pub mod trial;
pub mod witness;

pub use event::{ConnectFailure, DnsFailure, Event, How, Opaqueness, Reason, ScanAnswer, Secured, TlsFailure, What};
pub use facts::{Facts, State};
pub use head::{Asked, Head, Source, Target};
pub use inner::Inner;
pub use leave::{Farewell, Leave};
pub use lookup::{Issuer, Means, Nameless, Revocation};
pub use matrix::{MatrixRow, Stand};
pub use other::OtherLeaf;

/// The trust source of a captured chain whose root is unknown here and whose client went on.
pub const CLIENT: &str = "the client, which went on";
/// The trust source of a captured chain of which the client complained, though not of its issuer.
pub const REFUSER: &str = "the client, by what it complained of";

/// Everything that happened on one connection, in order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Transcript {
    /// Who, when, what was asked.
    pub head: Head,
    /// What happened.
    pub events: Vec<Event>,
}

/// Something that wants to hear of every event as it happens: a transcript, a live printer, a counter.
pub trait Sink {
    /// Called once for every event, in order.
    fn event(&mut self, event: &Event);
}

impl Sink for Transcript {
    fn event(&mut self, event: &Event) {
        self.events.push(event.clone());
    }
}

impl Sink for Vec<Event> {
    fn event(&mut self, event: &Event) {
        self.push(event.clone());
    }
}
