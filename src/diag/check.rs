//! What a check is. Rows live in one file per layer; `all` lists them.

use super::codes::{self, Code};
use super::product::Product;
use super::remedy;
use crate::base::{Layer, SpecRef};
use crate::transcript::Facts;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Good to know.
    Note,
    /// Works, but not for everyone or not for long.
    Warn,
    /// A Windows client would not get through.
    Fail,
}

impl Severity {
    /// `note`, `warn` or `fail`.
    pub fn name(self) -> &'static str {
        match self {
            Severity::Note => "note",
            Severity::Warn => "warn",
            Severity::Fail => "fail",
        }
    }

    /// The severity of that name.
    pub fn from_name(name: &str) -> Option<Severity> {
        [Severity::Note, Severity::Warn, Severity::Fail].into_iter().find(|severity| severity.name() == name)
    }
}

/// What a Windows user sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Windows {
    /// A RAS error number, 600 to 877.
    Ras(u16),
    /// An HRESULT.
    Hresult(u32),
    /// An event of the RasSstp source in the client's log.
    Event(u16),
}

impl Windows {
    /// The row of the code table.
    pub fn code(self) -> Option<&'static Code> {
        match self {
            Windows::Ras(number) => codes::ras(number),
            Windows::Hresult(number) => codes::by_number(number).find(|code| code.hresult() == Some(number)),
            Windows::Event(number) => {
                codes::all().find(|code| code.family == codes::Family::Event && code.name == format!("RasSstp event {number}"))
            }
        }
    }
}

/// What a check needs before it can say anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Work on the layer must have begun.
    Began(Layer),
    /// A certificate chain must have been seen.
    Chain,
    /// Revocation must have been looked up.
    Revocation,
    /// A tap must have seen it: what two ends cannot tell of each other.
    Tap,
    /// Nothing.
    Nothing,
}

impl Need {
    /// Why a check with this need cannot judge the facts; nothing when it can.
    pub fn missing(self, facts: &Facts) -> Option<String> {
        match self {
            Need::Chain if facts.chain.is_empty() && facts.trust.is_empty() => Some("no certificate was seen".into()),
            Need::Began(layer) if !began(facts, layer) => Some(format!("{layer} was not reached")),
            Need::Tap if !facts.tapped() => Some("only a capture shows it".into()),
            Need::Revocation if facts.revocation.is_empty() => Some("revocation was not looked up".into()),
            Need::Revocation | Need::Nothing | Need::Chain | Need::Tap | Need::Began(_) => None,
        }
    }
}

fn began(facts: &Facts, layer: Layer) -> bool {
    facts.layer(layer).is_some_and(|entry| entry.began.is_some() || entry.event.is_some())
}

/// How a check looks.
#[derive(Clone, Copy)]
pub enum Look {
    /// At one connection.
    One(fn(&Facts) -> Option<Evidence>),
    /// At one beside all that were seen together with it, itself among them; the evidence is of the one.
    Across(fn(&Facts, &[Facts]) -> Option<Evidence>),
}

impl Look {
    /// Looks, whatever the check needs.
    pub(super) fn at(self, facts: &Facts, all: &[Facts]) -> Option<Evidence> {
        match self {
            Look::One(look) => look(facts),
            Look::Across(look) => look(facts, all),
        }
    }
}

/// Why a finding was made: a sentence with the values seen, and the events it rests on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// What was seen, with its values.
    pub says: String,
    /// Indices of events in the transcript; never empty.
    pub events: Vec<usize>,
}

impl Evidence {
    /// Evidence from one event.
    pub fn at(event: usize, says: impl Into<String>) -> Evidence {
        Evidence { says: says.into(), events: vec![event] }
    }

    /// Evidence from several events; nothing when there are none.
    pub fn of(events: impl IntoIterator<Item = usize>, says: impl Into<String>) -> Option<Evidence> {
        let events: Vec<usize> = events.into_iter().collect();
        (!events.is_empty()).then(|| Evidence { says: says.into(), events })
    }

    /// Both of two pieces of evidence.
    pub fn beside(mut self, other: Evidence) -> Evidence {
        self.events.extend(other.events);
        self.and(&other.says)
    }

    /// The same evidence with a further sentence.
    pub fn and(mut self, sentence: &str) -> Evidence {
        if !sentence.is_empty() {
            self.says += "; ";
            self.says += sentence;
        }
        self
    }
}

/// Who does what to mend it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fix {
    /// The server's or network's administrator.
    pub admin: &'static str,
    /// The user; empty when there is nothing a user can do.
    pub user: &'static str,
}

/// One check: a row.
pub struct Check {
    /// The id of the failure catalogue, never renamed.
    pub id: &'static str,
    /// Its layer.
    pub layer: Layer,
    /// How bad.
    pub severity: Severity,
    /// One line.
    pub title: &'static str,
    /// What it means.
    pub means: &'static str,
    /// How to mend it.
    pub fix: Fix,
    /// What a Windows user sees; the first is the likeliest.
    pub windows: &'static [Windows],
    /// The link between the Windows code and this cause was read or measured; otherwise it is shown as unverified.
    pub verified: bool,
    /// Where the rule stands.
    pub spec: &'static [SpecRef],
    /// What it needs.
    pub needs: Need,
    /// It rests on something that did not come or on what came before: it is not judged where the capture has lost bytes that may be it.
    pub whole: bool,
    /// Ids of findings that are consequences of this one.
    pub explains: &'static [&'static str],
    /// Where it holds, what is wrong stops this program and no Windows, or did not stop the call at all: the finding warns only.
    pub spares: Option<fn(&Facts) -> bool>,
    /// Where it holds, nothing came of what is wrong: the finding is a note.
    pub harmless: Option<fn(&Facts) -> bool>,
    /// The predicate.
    pub look: Look,
}

impl Check {
    /// What a row starts from: a failing check that needs nothing and finds nothing.
    pub const ROW: Check = Check {
        id: "",
        layer: Layer::Dns,
        severity: Severity::Fail,
        title: "",
        means: "",
        fix: Fix { admin: "", user: "" },
        windows: &[],
        verified: false,
        spec: &[],
        needs: Need::Nothing,
        whole: false,
        explains: &[],
        spares: None,
        harmless: None,
        look: Look::One(|_| None),
    };

    /// What is to be done on each product that has a way of its own.
    pub fn remedies(&self) -> impl Iterator<Item = (Product, &'static str)> {
        remedy::of(self.id)
    }

    /// Why it cannot judge the facts; nothing when it can.
    pub(super) fn missing(&self, facts: &Facts) -> Option<String> {
        let holed = || {
            (self.whole && facts.tapped() && facts.is_holed()).then(|| "the capture has lost bytes that may be what it misses".to_string())
        };
        self.needs.missing(facts).or_else(holed)
    }

    /// What it finds stops this program only, and no Windows.
    pub fn spares_windows(&self, facts: &Facts) -> bool {
        self.spares.is_some_and(|spares| spares(facts))
    }

    /// Nothing came of what it finds.
    pub fn is_harmless(&self, facts: &Facts) -> bool {
        self.harmless.is_some_and(|harmless| harmless(facts))
    }

    /// It finds the same had the call not stopped: it does not speak of the stop.
    pub fn regardless_of_the_stop(&self, facts: &Facts) -> bool {
        facts.stop.is_none() || self.hits(&Facts { stop: None, ..facts.clone() }).is_some()
    }

    /// Looks at one connection; nothing when the check finds nothing or cannot judge it.
    pub fn hits(&self, facts: &Facts) -> Option<Evidence> {
        self.hits_among(facts, std::slice::from_ref(facts))
    }

    /// Looks at one connection beside others.
    pub fn hits_among(&self, facts: &Facts, all: &[Facts]) -> Option<Evidence> {
        if self.missing(facts).is_some() {
            return None;
        }
        self.look.at(facts, all)
    }
}
