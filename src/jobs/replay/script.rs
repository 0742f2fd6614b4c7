//! What is played: the messages of one connection in their order, taken from a transcript or written by hand.

use super::message::Said;
use super::pattern::Pattern;
use crate::base::{Layer, Limit, Micros, Side, WireError};
use crate::proto::edit::Edit;
use crate::proto::plan::CertHashes;
use crate::transcript::{Event, How, Opaqueness, Transcript, What, scrub};
use crate::wire::sstp;

/// What is played.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Script {
    /// Where it comes from, one line for a person.
    pub from: String,
    /// The leaf that the recorded server showed; `None`: it is not known.
    pub leaf: Option<CertHashes>,
    /// Who did what, in the order in which it was seen.
    pub steps: Vec<Step>,
    /// Changes to the messages of the side that is played.
    pub edits: Vec<Edit>,
    /// What is not compared.
    pub ignore: Vec<Pattern>,
    /// Steps before this one are played as fast as they can be, and not compared.
    pub since: usize,
    /// Why the recording is not whole.
    pub cut: Option<String>,
}

/// One thing that one end did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// It sent a message.
    Says(Said),
    /// It ended the connection.
    Closes {
        /// When.
        at: Micros,
        /// Who.
        by: Side,
        /// How.
        how: How,
    },
}

impl Step {
    /// When.
    pub fn at(&self) -> Micros {
        match self {
            Step::Says(said) => said.at,
            Step::Closes { at, .. } => *at,
        }
    }

    /// The message, if it is one.
    pub fn said(&self) -> Option<&Said> {
        match self {
            Step::Says(said) => Some(said),
            Step::Closes { .. } => None,
        }
    }
}

/// Why there is nothing to play, or not as much as was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotPlayable(pub String);

impl std::fmt::Display for NotPlayable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for NotPlayable {}

impl Script {
    /// What one connection said above TLS. A transcript of several connections one behind the other (a probe that learned
    /// methods) gives its first.
    pub fn of(transcript: &Transcript, from: &str) -> Result<Script, NotPlayable> {
        let mut script = Script { from: from.to_string(), leaf: leaf(&transcript.events), ..Script::default() };
        for event in &transcript.events {
            match heard(event) {
                Heard::Nothing => {}
                Heard::Message(said) if said.name == "http.request" && !script.steps.is_empty() => break,
                _ if script.steps.len() >= MOST_STEPS => {
                    script.cut = Some(format!("it has more than {MOST_STEPS} messages; the rest is left out"));
                    break;
                }
                Heard::Message(said) => script.steps.push(Step::Says(said)),
                Heard::Closed(..) if script.is_closed() || script.steps.is_empty() => {}
                Heard::Closed(by, how) => script.steps.push(Step::Closes { at: event.at, by, how }),
                Heard::Cut(why) => {
                    script.cut = Some(why);
                    break;
                }
            }
        }
        if script.steps.iter().all(|step| step.said().is_none()) {
            return Err(NotPlayable(nothing(transcript)));
        }
        Ok(script)
    }

    /// The recording has the end of the connection, or of the call.
    pub fn ends(&self) -> bool {
        let over = |said: &Said| matches!(said.name.as_str(), "sstp.call-disconnect-ack" | "sstp.call-abort" | "sstp.call-connect-nak");
        self.is_closed() || self.steps.iter().filter_map(Step::said).any(over)
    }

    /// The host that the recorded client dialled, by its request.
    pub fn host(&self) -> Option<String> {
        let head = super::message::head(&self.steps.iter().find_map(Step::said)?.raw, Side::Client)?;
        let (_, value) = head.headers.into_iter().find(|(name, _)| name.eq_ignore_ascii_case("host"))?;
        let bare = match value.trim().strip_prefix('[') {
            Some(rest) => rest.split_once(']').map(|(address, _)| address.to_string()),
            None => value.trim().split(':').next().map(str::to_string),
        };
        bare.filter(|bare| !bare.is_empty())
    }

    fn is_closed(&self) -> bool {
        self.steps.iter().any(|step| step.said().is_none())
    }

    /// The messages of one side, in order.
    pub fn says(&self, by: Side) -> impl Iterator<Item = &Said> {
        self.steps.iter().filter_map(Step::said).filter(move |said| said.by == by)
    }

    /// Leaves out what comes after `end`: the name of a message (`sstp.call-connected`, `lcp.configure-request#2`) or a layer.
    pub fn until(&mut self, end: &str) -> Result<(), NotPlayable> {
        let last = match Layer::from_name(end) {
            Some(layer) => self.steps.iter().position(|step| above(step, layer)).unwrap_or(self.steps.len()).checked_sub(1),
            None => self.position(end),
        };
        let last = last.ok_or_else(|| self.unknown("--until", end))?;
        self.steps.truncate(last + 1);
        self.cut = Some(format!("--until {end}"));
        Ok(())
    }

    /// Compares nothing that comes before `start`, a message or a layer: it is played to get there.
    pub fn since(&mut self, start: &str) -> Result<(), NotPlayable> {
        let first = match Layer::from_name(start) {
            Some(layer) => self.steps.iter().position(|step| layer_of(step) >= Some(layer)),
            None => self.position(start),
        };
        let first = first.ok_or_else(|| self.unknown("--from", start))?;
        self.since = first;
        Ok(())
    }

    /// Takes secrets out of the messages, as out of a transcript that is saved.
    pub fn scrub(&mut self) {
        for step in &mut self.steps {
            let Step::Says(said) = step else { continue };
            let (layer, what) = said.what().unwrap_or_else(|| unread(said.raw.len()));
            let mut event = Event { at: said.at, by: Some(said.by), layer, what, raw: std::mem::take(&mut said.raw).into() };
            scrub::scrub(&mut event);
            said.raw = event.raw.0;
        }
    }

    fn position(&self, named: &str) -> Option<usize> {
        let (name, nth) = named.split_once('#').unwrap_or((named, "1"));
        let nth = nth.parse::<usize>().ok()?.checked_sub(1)?;
        let named = self.steps.iter().enumerate().filter(|(_, step)| step.said().is_some_and(|said| said.name == name));
        named.map(|(place, _)| place).nth(nth)
    }

    fn unknown(&self, option: &str, name: &str) -> NotPlayable {
        NotPlayable(format!("{option}: there is no {name} in the recording; `--export-script -` shows its messages"))
    }
}

/// A message that cannot be read, as it stands in an event.
pub(super) fn unread(have: usize) -> (Layer, What) {
    let error = WireError { layer: Layer::Sstp, what: "message".into(), at: 0, need: 0, have, limit: Limit::Spec("MS-SSTP 2.2".into()) };
    (Layer::Sstp, What::Undecoded(error))
}

/// An echo says nothing about how far the call has come.
fn above(step: &Step, layer: Layer) -> bool {
    step.said().is_none_or(|said| !said.name.starts_with("sstp.echo-")) && layer_of(step) > Some(layer)
}

fn layer_of(step: &Step) -> Option<Layer> {
    match step {
        Step::Says(said) => said.what().map(|what| what.0),
        Step::Closes { .. } => Some(Layer::Teardown),
    }
}

/// What an event brings to a script.
enum Heard {
    Nothing,
    Message(Said),
    Closed(Side, How),
    /// From here on the recording is not whole, for this reason.
    Cut(String),
}

fn heard(event: &Event) -> Heard {
    let Some(by) = event.by else {
        return match event.what {
            What::Omitted { count } => Heard::Cut(format!("{count} messages were not written down")),
            _ => Heard::Nothing,
        };
    };
    let raw = match &event.what {
        What::Closed(how) => return Heard::Closed(by, *how),
        What::Gap { bytes } => return Heard::Cut(format!("{bytes} bytes are missing from the capture")),
        _ if event.layer < Layer::Http => return Heard::Nothing,
        What::Http(head) if event.raw.is_empty() => head.emit(),
        What::Sstp(message) if event.raw.is_empty() => message.emit(),
        What::Ppp(frame) if event.raw.is_empty() => sstp::emit_data(&frame.emit()),
        What::Http(_) | What::Sstp(_) | What::Ppp(_) => event.raw.0.clone(),
        What::Undecoded(_) if (1..SHOWN).contains(&event.raw.len()) => event.raw.0.clone(),
        What::Undecoded(_) => return Heard::Cut(format!("a message of the {by} that cannot be read was not kept whole")),
        // A body behind an HTTP error says nothing to a call.
        What::Opaque { because: Opaqueness::AfterError, .. } => return Heard::Nothing,
        What::Opaque { bytes, .. } => return Heard::Cut(format!("{bytes} bytes of the {by} could not be opened")),
        _ => return Heard::Nothing,
    };
    if raw.len() > LONGEST {
        return Heard::Cut(format!("a message of the {by} has {} bytes, more than SSTP and HTTP allow", raw.len()));
    }
    Heard::Message(Said::new(event.at, by, raw))
}

fn leaf(events: &[Event]) -> Option<CertHashes> {
    events.iter().find_map(|event| match &event.what {
        What::Chain { certs, aside: false, .. } => certs.first().map(|der| CertHashes::of(der)),
        _ => None,
    })
}

/// Where the recorded connection ended, since it did not come to HTTP.
fn nothing(transcript: &Transcript) -> String {
    let down = transcript.events.iter().find_map(|event| match &event.what {
        What::Down(reason) => Some(format!("it stopped at {}: {reason}", event.layer)),
        What::Opaque { because: Opaqueness::NoKey, .. } => Some("there is no key for it: --keylog".into()),
        _ => None,
    });
    format!("nothing was said above TLS, so there is nothing to play ({})", down.unwrap_or_else(|| "no message at all".into()))
}

/// Ours: more messages are no call that anyone wants to replay.
pub const MOST_STEPS: usize = 20_000;
/// Ours: an HTTP head has 16 KiB at most, an SSTP packet 4095 bytes.
pub const LONGEST: usize = 16 << 10;
/// A watcher keeps so many bytes of what it cannot read.
const SHOWN: usize = 256;
