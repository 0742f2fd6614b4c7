//! What must be seen of the peer, as data: evaluated over the events of a connection.

use super::case::Case;
use crate::base::{Micros, Side};
use crate::transcript::{Event, ScanAnswer, What};
use crate::wire::sstp;
use std::fmt;

/// What must be seen of the peer after the stimulus. Messages are named as in edits (`sstp.call-abort`, `lcp.*`); `closed`
/// is the end of the connection and `undecoded` whatever cannot be read.
#[derive(Clone, Copy, Debug)]
pub enum Expect {
    /// Nothing is asked.
    Nothing,
    /// A message of that name.
    Sends(&'static str),
    /// A control message of that name with one of these status values in a Status Info; the attribute id where it counts.
    Status(&'static str, Option<u8>, &'static [u32]),
    /// No message of that name.
    Never(&'static str),
    /// Exactly so many messages of that name.
    Count(&'static str, usize),
    /// At least so many messages of that name in the whole call, the stimulus before or behind them: what a peer says by itself
    /// may come in the same read as what our end answers, or in a later one.
    Volunteers(&'static str, usize),
    /// The HTTP answer has a status in this range.
    Http(u16, u16),
    /// Our end says that this layer came up.
    Up(crate::base::Layer),
    /// The message comes so many milliseconds after the stimulus.
    Within(&'static str, u64, u64),
    /// From the first message named to the next named second so many milliseconds go by.
    Gap(&'static str, &'static str, u64, u64),
    /// All of these.
    All(&'static [Expect]),
    /// One of these.
    Any(&'static [Expect]),
    /// Something that takes a function to see; the text says what.
    Is(&'static str, fn(&View<'_>) -> Result<(), String>),
}

/// What an expectation is held against.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// Everything that happened on the connection.
    pub events: &'a [Event],
    /// The event from which on what the peer does counts.
    pub from: usize,
    /// The event after the stimulus.
    stimulus: usize,
    /// Who is tested.
    pub peer: Side,
    /// From this event on the end of the connection is no act of the peer's own: we left in order.
    pub left: usize,
}

impl<'a> View<'a> {
    /// What a case looks at, whose stimulus stands before the event `from`. Where our Call Disconnect is not the stimulus itself,
    /// what the peer does with the connection after it says nothing. What is withheld draws no answer: what the peer does by
    /// itself then may stand before it as well as behind it, so that the whole call counts.
    pub fn of(case: &Case, events: &'a [Event], from: usize) -> View<'a> {
        let peer = case.base.tests;
        let leaves = case.edits.first().is_some_and(|line| line.starts_with("sstp.call-disconnect#"));
        let ours = |event: &Event| event.by == Some(peer.other()) && name(event).as_deref() == Some("sstp.call-disconnect");
        let left = events.iter().skip(from).position(ours).map_or(usize::MAX, |place| place + from);
        let left = if leaves { usize::MAX } else { left };
        View { events, from: if case.withholds() { 0 } else { from }, stimulus: from, peer, left }
    }

    /// The stimulus withholds something, so that the whole call counts.
    pub fn is_whole(&self) -> bool {
        self.from < self.stimulus
    }

    /// What the peer did after the stimulus, or at any time where our end only withholds something.
    pub fn after(&self) -> impl Iterator<Item = &'a Event> + use<'a> {
        let (peer, left) = (self.peer, self.left);
        let acts = move |(place, event): &(usize, &Event)| {
            event.by == Some(peer) && name(event).is_some() && !(*place >= left && matches!(event.what, What::Closed(_)))
        };
        self.events.iter().enumerate().skip(self.from).filter(acts).map(|pair| pair.1)
    }

    /// What the peer did at any time.
    pub fn always(&self) -> impl Iterator<Item = &'a Event> + use<'a> {
        View { from: 0, ..*self }.after()
    }

    /// Messages of that name after the stimulus.
    pub fn named(&self, wanted: &'static str) -> impl Iterator<Item = &'a Event> + use<'a> {
        self.after().filter(move |event| matches(event, wanted))
    }

    /// Whole SSTP packets of the peer at any time.
    pub fn packets(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        self.always().filter(|event| matches!(event.what, What::Sstp(_) | What::Ppp(_))).map(|event| event.raw.0.as_slice())
    }

    /// What the peer did so many milliseconds after the stimulus, or later. What may come at once counts at any time.
    fn not_before(&self, millis: u64) -> View<'a> {
        View { from: if millis == 0 { self.from } else { self.stimulus }, ..*self }
    }

    fn stimulus(&self) -> Micros {
        self.events.get(self.stimulus.saturating_sub(1)).map_or(Micros::ZERO, |event| event.at)
    }
}

/// The name of what an end did; `None` for events that are no act of an end.
pub fn name(event: &Event) -> Option<String> {
    match &event.what {
        What::Http(head) => Some(if head.status.is_some() { "http.response" } else { "http.request" }.to_string()),
        What::Sstp(message) => Some(format!("sstp.{}", message.kind.name())),
        What::Ppp(frame) => Some(frame.name()),
        What::Undecoded(_) | What::Opaque { .. } | What::Scanned { answer: ScanAnswer::NotTls, .. } => Some("undecoded".to_string()),
        What::Closed(_) | What::Scanned { answer: ScanAnswer::Closed(_), .. } => Some("closed".to_string()),
        What::Scanned { answer: ScanAnswer::Accepted { .. }, .. } => Some("tls.server-hello".to_string()),
        What::Scanned { answer: ScanAnswer::Alert(_), .. } | What::Alert { .. } => Some("tls.alert".to_string()),
        _ => None,
    }
}

fn matches(event: &Event, wanted: &str) -> bool {
    let Some(name) = name(event) else { return false };
    match wanted.strip_suffix('*') {
        Some(prefix) => name.starts_with(prefix),
        None => name == wanted,
    }
}

impl Expect {
    /// Holds it against what was seen. The error says what was seen instead.
    pub fn holds(&self, view: &View<'_>) -> Result<(), String> {
        match *self {
            Expect::Nothing => Ok(()),
            Expect::Sends(wanted) => view.named(wanted).next().map(drop).ok_or_else(|| format!("no {wanted}")),
            Expect::Status(wanted, about, statuses) => status(view, wanted, about, statuses),
            Expect::Never(unwanted) => match view.named(unwanted).next() {
                None => Ok(()),
                Some(event) => Err(format!("{} came", name(event).unwrap_or_default())),
            },
            Expect::Count(wanted, count) => match view.named(wanted).count() {
                seen if seen == count => Ok(()),
                seen => Err(format!("{wanted} came {seen} times")),
            },
            Expect::Volunteers(wanted, least) => match view.always().filter(|event| matches(event, wanted)).count() {
                0 => Err(format!("no {wanted}")),
                1 if least > 1 => Err(format!("{wanted} came once")),
                seen if seen < least => Err(format!("{wanted} came {seen} times")),
                _ => Ok(()),
            },
            Expect::Http(from, to) => http(view, from, to),
            Expect::Up(layer) => {
                let up = view.events.iter().any(|event| event.layer == layer && event.what == What::Up);
                if up { Ok(()) } else { Err(format!("{} did not come up", layer.title())) }
            }
            Expect::Within(wanted, from, to) => {
                let event = view.not_before(from).named(wanted).next().ok_or_else(|| format!("no {wanted}"))?;
                in_time(wanted, event.at - view.stimulus(), from, to)
            }
            Expect::Gap(first, second, from, to) => gap(view, (first, second), from, to),
            Expect::All(all) => all.iter().try_for_each(|one| one.holds(view)),
            Expect::Any(any) => any_of(any, view),
            Expect::Is(_, look) => look(view),
        }
    }

    /// Nothing that may still come can change it once it holds.
    pub fn is_settled_when_it_holds(&self) -> bool {
        match self {
            Expect::Sends(_) | Expect::Status(..) | Expect::Http(..) | Expect::Up(_) => true,
            Expect::Volunteers(..) | Expect::Within(..) | Expect::Gap(..) => true,
            Expect::All(all) => all.iter().all(Expect::is_settled_when_it_holds),
            Expect::Any(any) => any.iter().all(Expect::is_settled_when_it_holds),
            Expect::Nothing | Expect::Never(_) | Expect::Count(..) | Expect::Is(..) => false,
        }
    }

    /// The peer must do something; what it must not do beside that is another matter.
    pub fn waits_for_something(&self) -> bool {
        match self {
            Expect::Sends(_) | Expect::Status(..) | Expect::Http(..) | Expect::Up(_) => true,
            Expect::Volunteers(..) | Expect::Within(..) | Expect::Gap(..) => true,
            Expect::Count(_, count) => *count > 0,
            Expect::All(all) => all.iter().any(Expect::waits_for_something),
            Expect::Any(any) => any.iter().all(Expect::waits_for_something),
            Expect::Nothing | Expect::Never(_) | Expect::Is(..) => false,
        }
    }
}

/// A value as it stands in what was seen; `none` where there is none.
pub fn shown<T: fmt::Display>(value: Option<T>) -> String {
    value.map_or_else(|| "none".to_string(), |value| value.to_string())
}

fn any_of(any: &[Expect], view: &View<'_>) -> Result<(), String> {
    let mut misses = Vec::new();
    for one in any {
        match one.holds(view) {
            Ok(()) => return Ok(()),
            Err(miss) => misses.push(miss),
        }
    }
    misses.dedup();
    Err(misses.join("; "))
}

fn status(view: &View<'_>, wanted: &'static str, about: Option<u8>, statuses: &[u32]) -> Result<(), String> {
    let mut seen = Vec::new();
    for event in view.named(wanted) {
        let What::Sstp(message) = &event.what else { continue };
        let infos = message.attributes.iter().filter_map(|attribute| match attribute {
            sstp::Attribute::StatusInfo { about, status, .. } => Some((*about, *status)),
            _ => None,
        });
        let infos: Vec<(u8, u32)> = infos.collect();
        if infos.iter().any(|(id, status)| statuses.contains(status) && about.is_none_or(|about| about == *id)) {
            return Ok(());
        }
        seen.push(format!("{wanted} with {}", described(&infos)));
    }
    Err(if seen.is_empty() { format!("no {wanted}") } else { seen.join(", ") })
}

/// What an attribute id and a status say, for each Status Info.
pub fn described(infos: &[(u8, u32)]) -> String {
    let each: Vec<String> = infos.iter().map(|(id, status)| format!("attribute {id} status {status}")).collect();
    if each.is_empty() { "no status".to_string() } else { each.join(" and ") }
}

fn http(view: &View<'_>, from: u16, to: u16) -> Result<(), String> {
    let answer = view.after().find_map(|event| if let What::Http(head) = &event.what { Some(head) } else { None });
    match answer.and_then(|head| head.status) {
        Some(status) if (from..=to).contains(&status) => Ok(()),
        Some(status) => Err(format!("HTTP status {status}")),
        None => Err("no HTTP answer".to_string()),
    }
}

fn in_time(what: &str, took: Micros, from: u64, to: u64) -> Result<(), String> {
    let millis = took.0 / 1000;
    if (from..=to).contains(&millis) {
        Ok(())
    } else {
        Err(format!("{what} came after {took}, not after {} to {} s", seconds(from), seconds(to)))
    }
}

/// Milliseconds as seconds, without zeros at the end.
fn seconds(millis: u64) -> String {
    format!("{:.3}", millis as f64 / 1000.0).trim_end_matches('0').trim_end_matches('.').to_string()
}

fn gap(view: &View<'_>, (first, second): (&'static str, &'static str), from: u64, to: u64) -> Result<(), String> {
    let mut events = view.after();
    let began = events.find(|event| matches(event, first)).ok_or_else(|| format!("no {first}"))?.at;
    let ended = events.find(|event| matches(event, second)).ok_or_else(|| format!("no {second} after {first}"))?.at;
    in_time(second, ended - began, from, to)
}

/// What will do, once each.
fn alternatives(any: &[Expect], all: &mut Vec<String>) {
    for one in any {
        match one {
            Expect::Any(more) => alternatives(more, all),
            other => {
                let says = other.to_string();
                if !all.contains(&says) {
                    all.push(says);
                }
            }
        }
    }
}

impl fmt::Display for Expect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |f: &mut fmt::Formatter<'_>, all: &[Expect], word: &str| {
            let each: Vec<String> = all.iter().map(ToString::to_string).collect();
            f.write_str(&each.join(word))
        };
        match self {
            Expect::Nothing => f.write_str("nothing"),
            Expect::Sends("closed") => f.write_str("the connection is closed"),
            Expect::Sends(name) => f.write_str(name),
            Expect::Status(name, about, statuses) => {
                let numbers: Vec<String> = statuses.iter().map(ToString::to_string).collect();
                let id = about.map_or(String::new(), |about| format!("attribute {about}, "));
                write!(f, "{name} ({id}status {})", numbers.join(" or "))
            }
            Expect::Never("*") => f.write_str("silence"),
            Expect::Never("closed") => f.write_str("the connection stays"),
            Expect::Never(name) => write!(f, "no {name}"),
            Expect::Count(name, 1) => write!(f, "{name} once"),
            Expect::Count(name, count) => write!(f, "{name} {count} times"),
            Expect::Volunteers(name, 1) => write!(f, "{name}, whenever it comes"),
            Expect::Volunteers(name, count) => write!(f, "{name} {count} times or more in the whole call"),
            Expect::Http(from, to) if from == to => write!(f, "HTTP status {from}"),
            Expect::Http(from, to) => write!(f, "HTTP status {from} to {to}"),
            Expect::Up(layer) => write!(f, "the call goes on, {} comes up", layer.title()),
            Expect::Within(name, from, to) => write!(f, "{name} within {} to {} s", seconds(*from), seconds(*to)),
            Expect::Gap(first, second, from, to) => write!(f, "{second} {} to {} s after {first}", seconds(*from), seconds(*to)),
            Expect::All(all) => list(f, all, ", and "),
            Expect::Any(any) => {
                let mut each = Vec::new();
                alternatives(any, &mut each);
                f.write_str(&each.join(", or "))
            }
            Expect::Is(says, _) => f.write_str(says),
        }
    }
}
