//! What was learned on each layer: a few words for the ladder, everything for those who ask.

pub(super) mod call;
pub(super) mod cert;
mod inner;
pub(super) mod net;
pub(super) mod ppp;
pub(super) mod tapped;

pub(super) use net::no_connection;

use super::text::{count, harmless, list};
use crate::base::Layer;
use crate::transcript::{Facts, Opaqueness, Transcript, What};
use std::fmt::Display;

/// What was learned on one layer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Learned {
    /// In a few words; empty when there is nothing to say.
    pub short: String,
    /// Name and value, most telling first.
    pub all: Vec<(String, String)>,
    /// Only the few words are wanted.
    brief: bool,
}

impl Learned {
    fn add(&mut self, name: impl Display, value: impl Display) {
        if !self.brief {
            self.all.push((name.to_string(), value.to_string()));
        }
    }

    fn add_some(&mut self, name: &str, value: Option<impl Display>) {
        if let Some(value) = value {
            self.add(name, value);
        }
    }

    fn add_list<T: ToString>(&mut self, name: &str, items: impl IntoIterator<Item = T>) {
        if self.brief {
            return;
        }
        let items = list(items);
        if !items.is_empty() {
            self.add(name, items);
        }
    }
}

/// What was learned on `layer`; only the few words of it when `brief`. Everything in it is safe to print.
pub fn of(transcript: &Transcript, facts: &Facts, layer: Layer, brief: bool) -> Learned {
    let mut learned = Learned { brief, ..Learned::default() };
    match layer {
        Layer::Dns => net::dns(facts, &mut learned),
        Layer::Tcp => net::tcp(facts, &mut learned),
        Layer::Proxy => net::proxy(transcript, facts, &mut learned),
        Layer::Tls => net::tls(facts, &mut learned),
        Layer::Cert => cert::cert(facts, &mut learned),
        Layer::Http => call::http(facts, &mut learned),
        Layer::Sstp => call::sstp(facts, &mut learned),
        Layer::Lcp => ppp::lcp(facts, &mut learned),
        Layer::Auth => ppp::auth(facts, &mut learned),
        Layer::Binding => call::binding(facts, &mut learned),
        Layer::Ncp => ppp::ncp(facts, &mut learned),
        Layer::Data => ppp::data(facts, &mut learned),
        Layer::Teardown => call::teardown(facts, &mut learned),
    };
    tapped::add(facts, layer, &mut learned);
    oddities(transcript, layer, &mut learned);
    learned.short = harmless(&learned.short);
    for (name, value) in &mut learned.all {
        (*name, *value) = (harmless(name), harmless(value));
    }
    learned
}

/// What came on the layer that should not have come.
fn oddities(transcript: &Transcript, layer: Layer, learned: &mut Learned) {
    if learned.brief {
        return;
    }
    for event in transcript.events.iter().filter(|event| event.layer == layer) {
        match &event.what {
            What::Misstep { message, state, allowed } => {
                learned.add("out of turn", format_args!("{message} in state {state}; allowed: {}", list(allowed)));
            }
            What::Undecoded(error) => learned.add("not readable", error),
            What::Omitted { count } => learned.add("not written down", format!("{count} messages like the ones before")),
            What::Edited { edit } => learned.add("edited", edit),
            What::Violation { rule, says } => learned.add(format!("against {rule}"), says),
            What::Gap { bytes } => learned.add("missing from the capture", count(*bytes, "byte", "bytes")),
            What::Opaque { bytes, because } => learned.add("not looked into", opaque(*bytes, *because)),
            _ => {}
        }
    }
}

/// `1,234 bytes: no key`.
pub(super) fn opaque(bytes: u64, because: Opaqueness) -> String {
    let why = match because {
        Opaqueness::NoKey => "no key",
        Opaqueness::AfterError => "behind an error that cannot be read past",
        Opaqueness::WrongKey => "the key does not fit",
        Opaqueness::Unsupported => "a suite or version that is not opened here",
        Opaqueness::AfterGap => "behind bytes that are missing from the capture",
    };
    format!("{}: {why}", count(bytes, "byte", "bytes"))
}
