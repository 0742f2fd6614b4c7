//! Which connections and events are wanted: `layer=lcp`, `side=server`, `type=lcp.configure-*`, `addr=10.0.0.1`.

use super::{Ends, inner, words};
use crate::base::{Layer, Side};
use crate::transcript::{Event, What};
use crate::wire::ppp::Body;
use std::net::IpAddr;

/// Several conditions, all of which must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// The conditions.
    pub terms: Vec<Term>,
}

/// One condition: `key=value` or `key!=value`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term {
    key: Key,
    wanted: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Key {
    Layer(Layer),
    Side(Side),
    Type(String),
    Addr(IpAddr),
}

impl Term {
    /// Reads a condition; the error says what would be right.
    pub fn parse(text: &str) -> Result<Term, String> {
        let (key, value) = text.split_once('=').ok_or_else(|| format!("{text:?} is not KEY=VALUE; keys are layer, side, type and addr"))?;
        let (key, wanted) = key.strip_suffix('!').map_or((key, true), |key| (key, false));
        let key = match key.trim() {
            "layer" => Key::Layer(Layer::from_name(value).ok_or_else(|| {
                let names = super::super::text::list(Layer::ALL.map(Layer::name));
                format!("{value:?} is not a layer; there are {names}")
            })?),
            "side" => Key::Side(match value {
                "client" => Side::Client,
                "server" => Side::Server,
                other => return Err(format!("{other:?} is not a side; there are client and server")),
            }),
            "type" if value.is_empty() => return Err("a type is missing, such as type=lcp.configure-*".into()),
            "type" => Key::Type(value.to_ascii_lowercase()),
            "addr" => Key::Addr(value.parse().map_err(|_| format!("{value:?} is not an IP address"))?),
            other => return Err(format!("{other:?} is not a key; there are layer, side, type and addr")),
        };
        Ok(Term { key, wanted })
    }
}

impl Filter {
    /// A connection with these ends can have events that are wanted. Addresses inside the tunnel do not count here.
    pub fn takes_ends(&self, ends: &Ends) -> bool {
        self.terms.iter().all(|term| match term.key {
            Key::Addr(address) => ends.has(address) == term.wanted,
            _ => true,
        })
    }

    /// It looks at nothing but addresses.
    pub fn is_of_addresses(&self) -> bool {
        self.terms.iter().all(|term| matches!(term.key, Key::Addr(_)))
    }

    /// The event is wanted.
    pub fn takes(&self, ends: &Ends, event: &Event) -> bool {
        self.terms.iter().all(|term| term.wanted == term.key.fits(ends, event))
    }

    /// Nothing is left out.
    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }
}

impl Key {
    fn fits(&self, ends: &Ends, event: &Event) -> bool {
        match self {
            Key::Layer(layer) => event.layer == *layer,
            Key::Side(side) => event.by == Some(*side),
            Key::Type(pattern) => fits(pattern, &words::name(event)),
            Key::Addr(address) => ends.has(*address) || carries(event, *address),
        }
    }
}

/// A packet inside the tunnel from or to the address.
fn carries(event: &Event, address: IpAddr) -> bool {
    let What::Ppp(frame) = &event.what else { return false };
    let Body::Other(packet) = &frame.body else { return false };
    inner::addresses(packet).is_some_and(|ends| ends.0 == address || ends.1 == address)
}

/// Whether `text` is of the form `pattern`, in which `*` stands for anything.
fn fits(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(rest) = text.strip_prefix(parts.next().unwrap_or_default()) else { return false };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else { return rest.is_empty() };
    let middle = parts.iter().try_fold(rest, |rest, part| rest.split_once(part).map(|found| found.1));
    middle.is_some_and(|rest| rest.ends_with(last))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Micros;
    use crate::wire::sstp::{Message, MessageType};

    #[test]
    fn a_star_stands_for_anything() {
        for (pattern, text) in
            [("lcp.*", "lcp.configure-ack"), ("*", ""), ("*ack", "lcp.configure-ack"), ("l*c*k", "lcp.ack"), ("a.b", "a.b")]
        {
            assert!(fits(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [("lcp.*", "ipcp.up"), ("a.b", "a.bc"), ("l*z*k", "lcp.ack"), ("", "a"), ("ab*ba", "aba")] {
            assert!(!fits(pattern, text), "{pattern} {text}");
        }
    }

    #[test]
    fn all_conditions_must_hold_and_a_wrong_one_says_what_would_be_right() {
        let ends = Ends { client: "10.0.0.1:1".parse().ok(), server: "10.0.0.2:443".parse().ok() };
        let event = Event::new(Micros(1), Some(Side::Server), Layer::Sstp, What::Sstp(Message::bare(MessageType::CallAbort)));
        let takes = |terms: &[&str]| {
            let terms = terms.iter().map(|term| Term::parse(term).expect("a condition")).collect();
            Filter { terms }.takes(&ends, &event)
        };
        assert!(takes(&[]) && takes(&["layer=sstp", "side=server", "type=sstp.*", "addr=10.0.0.2"]));
        assert!(takes(&["type!=sstp.echo-*", "side!=client"]));
        for wrong in [&["layer=lcp"][..], &["side=client", "layer=sstp"], &["addr=10.0.0.3"], &["addr!=10.0.0.1"], &["type=call-abort"]] {
            assert!(!takes(wrong), "{wrong:?}");
        }
        for (text, says) in
            [("lcp", "KEY=VALUE"), ("port=1", "layer, side, type and addr"), ("side=left", "client and server"), ("layer=x", "dns, tcp")]
        {
            assert!(Term::parse(text).expect_err(text).contains(says), "{text}");
        }
        assert!(Term::parse("addr=x").expect_err("no address").contains("not an IP address"));
    }
}
