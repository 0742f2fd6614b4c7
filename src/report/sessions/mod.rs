//! Several connections, each judged, as text: what `decode` and `diagnose` show. A view is told of one session after the
//! other, so that memory does not grow with their number.

mod block;
mod capture;
pub mod filter;
mod hexdump;
mod html;
mod inner;
mod json;
mod junit;
mod listing;
mod ndjson;
mod sequence;
mod visible;
pub mod words;

pub use capture::{Capture, Damage, End, Unread};
pub use filter::Filter;

use super::model::{Report, Style};
use super::text::{harmless, lossy};
use crate::diag::join::{Join, Parties};
use crate::transcript::tap::{Direction, Flow};
use crate::transcript::{Event, Facts, Source, What};
use crate::wire::ppp::{Body, Frame};
use crate::wire::{chap, eap, pap};
use std::io;
use std::net::{IpAddr, SocketAddr};

/// What a connection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// SSTP was seen in it.
    Sstp,
    /// It could not be opened, and looks like SSTP.
    LikelySstp,
    /// It failed before that could be told.
    Attempt,
    /// A probe of our own.
    Probe,
}

impl Kind {
    /// `sstp`, `likely-sstp`, `attempt` or `probe`.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Sstp => "sstp",
            Kind::LikelySstp => "likely-sstp",
            Kind::Attempt => "attempt",
            Kind::Probe => "probe",
        }
    }
}

/// The ends of a connection, as far as they are known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ends {
    /// The end that dialled.
    pub client: Option<SocketAddr>,
    /// The end that answered.
    pub server: Option<SocketAddr>,
}

impl Ends {
    /// One of them has that address.
    pub fn has(&self, address: IpAddr) -> bool {
        [self.client, self.server].into_iter().flatten().any(|end| end.ip() == address)
    }

    /// What a transcript tells of its ends.
    pub fn of(facts: &Facts) -> Ends {
        let flow = facts.flow.as_ref().map(|seen| &seen.it);
        let attempt = || facts.chosen.or_else(|| facts.attempts.last().map(|seen| seen.it.to));
        Ends { client: flow.map(|flow| flow.client), server: flow.map(|flow| flow.server).or_else(attempt) }
    }
}

/// One connection, judged.
#[derive(Clone)]
pub struct Session {
    /// Its number in the capture, or among the transcripts read, from 1.
    pub number: u64,
    /// What it is.
    pub kind: Kind,
    /// Where from and where to.
    pub ends: Ends,
    /// Numbers of its first and its last packet, where it comes from a capture.
    pub packets: Option<(u64, u64)>,
    /// The file that it was read from, where there are several.
    pub file: Option<String>,
    /// What happened, and the judgement on it.
    pub report: Report,
}

impl Session {
    /// A session from a saved transcript.
    pub fn saved(number: u64, file: Option<String>, report: Report) -> Session {
        let kind = match report.facts.source {
            Source::Live => Kind::Probe,
            Source::Capture { .. } if !report.facts.requests.is_empty() || !report.facts.sstp.is_empty() => Kind::Sstp,
            Source::Capture { .. } if report.facts.inference.is_some() => Kind::LikelySstp,
            Source::Capture { .. } => Kind::Attempt,
        };
        Session { number, kind, ends: Ends::of(&report.facts), packets: None, file, report }
    }

    /// Takes in the lines of logs that belong to it.
    pub fn join(&mut self, logs: &mut Join) {
        let user = user(&self.report.facts);
        let parties = Parties { client: self.ends.client, server: self.ends.server, user: user.as_deref() };
        self.report.told = logs.of(&self.report.facts, parties, &self.report.judgement);
    }

    /// The events that a filter lets through, with their places in the transcript.
    fn events<'a>(&'a self, filter: &'a Filter) -> impl Iterator<Item = (usize, &'a Event)> {
        let events = self.report.transcript.events.iter().enumerate();
        events.filter(|(_, event)| filter.is_empty() || filter.takes(&self.ends, event))
    }

    /// `10.0.0.1:50123 -> 203.0.113.7:443 vpn.example.test, user alice`.
    fn who(&self) -> String {
        let target = &self.report.facts.target;
        let client = self.ends.client.map_or(String::new(), |client| format!("{client} -> "));
        let server = self.ends.server.map(|server| server.to_string());
        let name = Some(target.name()).filter(|name| !name.is_empty() && !server.as_deref().is_some_and(|server| is_within(name, server)));
        let server = match (server, name) {
            (Some(server), Some(name)) => format!("{server} {name}"),
            (Some(server), None) => server,
            (None, _) => target.authority(),
        };
        let user = user(&self.report.facts).map_or(String::new(), |user| format!(", user {user}"));
        harmless(&format!("{client}{server}{user}"))
    }

    fn flow(&self) -> Option<&Flow> {
        self.report.facts.flow.as_ref().map(|seen| &seen.it)
    }
}

/// The name is the address itself.
fn is_within(name: &str, server: &str) -> bool {
    server.rsplit_once(':').is_some_and(|(address, _)| address.trim_matches(['[', ']']) == name)
}

/// The user that the client named.
pub fn user(facts: &Facts) -> Option<String> {
    facts.asked.user.clone().or_else(|| facts.ppp.iter().find_map(|seen| user_in(&seen.it)))
}

/// The user that a message names.
fn user_in(frame: &Frame) -> Option<String> {
    let name = match &frame.body {
        Body::Pap(pap::Packet { body: pap::Body::AuthenticateRequest { peer_id, .. }, .. }) => peer_id,
        Body::Chap(chap::Packet { body: chap::Body::Response { name, .. }, .. }) => name,
        Body::Eap(packet) if packet.code == 2 && packet.kind == Some(eap::IDENTITY) => &packet.data,
        _ => return None,
    };
    Some(lossy(name)).filter(|name| !name.is_empty())
}

/// Shows one session after the other, and what there was in all.
pub trait View {
    /// A session is over.
    fn session(&mut self, session: &Session, out: &mut dyn io::Write) -> io::Result<()>;
    /// Nothing more comes.
    fn end(&mut self, end: &End, out: &mut dyn io::Write) -> io::Result<()>;
}

/// What people are shown of a session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Shape {
    /// Who, when, how far, the cause, the ladder, counts.
    #[default]
    Block,
    /// The judgement only.
    Findings,
    /// One line a message.
    Listing,
    /// Every message with its bytes and the names of its fields.
    Hex,
    /// Two lifelines and the messages between them.
    Sequence,
    /// How recognisable it is to others.
    Visibility,
}

/// How sessions are to be shown.
#[derive(Clone, Debug, Default)]
pub struct Looks {
    /// What people are shown.
    pub shape: Shape,
    /// Events that are left out.
    pub filter: Filter,
    /// Bytes of secrets are to be shown, because they were asked for.
    pub with_secrets: bool,
    /// The listing was printed while it happened.
    pub listed: bool,
    /// Columns, colour, everything.
    pub style: Style,
}

/// The view of that format: `table`, `json`, `ndjson`, `junit` or `html`.
pub fn view(format: &str, looks: &Looks) -> Box<dyn View + Send> {
    match (format, looks.shape) {
        ("json", _) => Box::new(json::Json::new(looks)),
        ("ndjson", _) => Box::new(ndjson::Ndjson::new(looks)),
        ("junit", _) => Box::new(junit::Junit::default()),
        ("html", _) => Box::new(html::Html::new(looks)),
        (_, Shape::Block | Shape::Findings) => Box::new(block::Blocks::new(looks)),
        (_, Shape::Listing) => Box::new(listing::Listing::new(looks)),
        (_, Shape::Hex) => Box::new(hexdump::Hexdump::new(looks)),
        (_, Shape::Visibility) => Box::new(visible::Visible::new(looks)),
        (_, Shape::Sequence) => Box::new(sequence::Sequence::new(looks)),
    }
}

/// One event as the listing shows it, for those who print while it happens.
pub fn listing_line(number: u64, ends: &Ends, event: &Event, looks: &Looks) -> Option<String> {
    let wanted = listing::is_listed(event) && looks.filter.takes(ends, event);
    wanted.then(|| listing::line(Some(number), event, &looks.style))
}

/// Inner packets that a view without `--packets` need not show one by one.
fn is_bulk(event: &Event) -> bool {
    matches!(&event.what, What::Ppp(frame) if matches!(frame.body, Body::Other(_)))
}

/// Counts of one direction, whichever are there.
fn directions(flow: &Flow) -> [(&'static str, &Direction); 2] {
    [("client", &flow.from_client), ("server", &flow.from_server)]
}

#[cfg(test)]
mod tests;
