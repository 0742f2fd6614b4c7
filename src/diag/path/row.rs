//! What a finding about the way is.

use super::View;
use crate::base::Layer;
use crate::diag::check::Severity;
use std::borrow::Cow;

/// How sure a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// One contrast, or no control.
    Suspected,
    /// The contrast holds every time it was tried, and the mechanism is inferred.
    Probable,
    /// The contrast holds, and the mechanism shows itself.
    Confirmed,
}

impl Level {
    /// `low`, `medium` or `high`.
    pub fn name(self) -> &'static str {
        match self {
            Level::Suspected => "low",
            Level::Probable => "medium",
            Level::Confirmed => "high",
        }
    }
}

/// Whose business it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Culprit {
    /// This machine.
    Endpoint,
    /// The network that it is in: its firewall, its resolver, its portal.
    LocalNetwork,
    /// The forward proxy.
    Proxy,
    /// Somebody between here and the server; from here it cannot be told how far away.
    Way,
    /// The server, or what its owner put in front of it.
    Server,
    /// Nobody's.
    Nobody,
}

impl Culprit {
    /// For reports.
    pub fn name(self) -> &'static str {
        match self {
            Culprit::Endpoint => "endpoint",
            Culprit::LocalNetwork => "local network",
            Culprit::Proxy => "proxy",
            Culprit::Way => "ISP path",
            Culprit::Server => "server side",
            Culprit::Nobody => "none",
        }
    }
}

/// What was seen.
#[derive(Clone, Debug)]
pub struct Hit {
    /// How sure it is.
    pub level: Level,
    /// What was seen, in a sentence without its full stop.
    pub says: String,
    /// Whose business it is, where the row alone does not tell.
    pub culprit: Option<Culprit>,
    /// What else it could be.
    pub or_else: Option<&'static str>,
    /// The layer, where the row alone does not tell.
    pub layer: Option<Layer>,
    /// What happens to the traffic and who has to change what, where that is said in other words than the row's.
    pub words: Option<(&'static str, &'static str)>,
    /// How bad, where the row alone does not tell.
    pub severity: Option<Severity>,
    /// What would make it surer, where the row's words do not fit.
    pub raise: Option<Cow<'static, str>>,
}

impl Hit {
    /// A finding of that level.
    pub fn new(level: Level, says: impl Into<String>) -> Hit {
        Hit { level, says: says.into(), culprit: None, or_else: None, layer: None, words: None, severity: None, raise: None }
    }

    /// The business of somebody else than the row says.
    pub fn of(mut self, culprit: Culprit) -> Hit {
        self.culprit = Some(culprit);
        self
    }

    /// At another layer than the row says.
    pub fn at(mut self, layer: Layer) -> Hit {
        self.layer = Some(layer);
        self
    }

    /// As bad as that, whatever the row says.
    pub fn as_bad_as(mut self, severity: Severity) -> Hit {
        self.severity = Some(severity);
        self
    }

    /// With a mechanism and a remedy in other words than the row's.
    pub fn in_words(mut self, mechanism: &'static str, fix: &'static str) -> Hit {
        self.words = Some((mechanism, fix));
        self
    }

    /// To be made surer by something else than the row says.
    pub fn raised_by(mut self, what: impl Into<Cow<'static, str>>) -> Hit {
        self.raise = Some(what.into());
        self
    }

    /// With what was not excluded.
    pub fn or_else(mut self, what: &'static str) -> Hit {
        self.or_else = Some(what);
        self
    }
}

/// One finding: a row.
pub struct Row {
    /// The id of the catalogue of such findings, never renamed.
    pub id: &'static str,
    /// The layer at which it is met.
    pub layer: Layer,
    /// How bad.
    pub severity: Severity,
    /// One line.
    pub title: &'static str,
    /// Whose business it usually is.
    pub culprit: Culprit,
    /// What happens to the traffic.
    pub mechanism: &'static str,
    /// What has to be seen.
    pub evidence: &'static str,
    /// It never gets surer than that.
    pub most: Level,
    /// What would make it surer.
    pub raise: &'static str,
    /// Who has to change what.
    pub fix: &'static str,
    /// Findings that follow from it.
    pub explains: &'static [&'static str],
    /// The predicate.
    pub look: fn(&View<'_>) -> Option<Hit>,
}

impl std::fmt::Debug for Row {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.id)
    }
}

impl Row {
    /// What a row starts from.
    pub(super) const ROW: Row = Row {
        id: "",
        layer: Layer::Dns,
        severity: Severity::Fail,
        title: "",
        culprit: Culprit::Way,
        mechanism: "",
        evidence: "",
        most: Level::Confirmed,
        raise: "",
        fix: "",
        explains: &[],
        look: |_| None,
    };
}
