//! What a trail says about the way: findings as rows with a predicate each, and a verdict with one culprit. Pure.

mod alert;
mod call;
mod cert;
mod hello;
mod http;
mod limits;
mod lower;
mod names;
mod packets;
mod place;
mod proxy;
mod resolvers;
mod rest;
mod row;
mod shape;
mod testimony;
mod told;
mod unasked;
mod view;

pub use place::Place;
pub use row::{Culprit, Hit, Level, Row};
pub use testimony::with_witness;
pub use view::View;

use super::check::Severity;
use super::witness::Comparison;
use crate::base::Layer;
use crate::transcript::trial::{Arm, Trail};

/// In the order in which one cause is looked for: what is nearer comes first.
const TABLES: [&[Row]; 14] = [
    resolvers::ROWS,
    names::NAMES,
    lower::TCP,
    packets::ROWS,
    proxy::ROWS,
    limits::ROWS,
    unasked::ROWS,
    hello::ROWS,
    alert::ROWS,
    cert::ROWS,
    http::ROWS,
    call::ROWS,
    rest::ROWS,
    testimony::ROWS,
];

/// Every finding.
pub fn all() -> impl Iterator<Item = &'static Row> {
    TABLES.into_iter().flatten()
}

/// The finding of that id.
pub fn by_id(id: &str) -> Option<&'static Row> {
    all().find(|row| row.id == id)
}

/// A finding that was made.
#[derive(Clone, Debug)]
pub struct Found {
    /// Which.
    pub row: &'static Row,
    /// What was seen.
    pub hit: Hit,
    /// The finding that it follows from.
    pub because_of: Option<&'static str>,
}

impl Found {
    /// The layer at which it is met.
    pub fn layer(&self) -> Layer {
        self.hit.layer.unwrap_or(self.row.layer)
    }

    /// How bad.
    pub fn severity(&self) -> Severity {
        self.hit.severity.unwrap_or(self.row.severity)
    }

    /// Whose business it is.
    pub fn culprit(&self) -> Culprit {
        self.hit.culprit.unwrap_or(self.row.culprit)
    }

    /// What happens to the traffic.
    pub fn mechanism(&self) -> &'static str {
        self.hit.words.map_or(self.row.mechanism, |words| words.0)
    }

    /// What would make it surer.
    pub fn raise(&self) -> &str {
        self.hit.raise.as_deref().unwrap_or(self.row.raise)
    }

    /// Who has to change what.
    pub fn fix(&self) -> &'static str {
        self.hit.words.map_or(self.row.fix, |words| words.1)
    }
}

/// What it comes down to.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// All findings; the cause is the first, if there is one.
    pub findings: Vec<Found>,
    /// There is a cause.
    pub has_cause: bool,
    /// How far the way lets a call through.
    pub reached: Option<Layer>,
    /// Where on the way it is.
    pub place: Option<Place>,
    /// The control and the target failed alike, or too little was tried: nothing can be said.
    pub undecided: Option<String>,
    /// What both ends saw, where a witness was asked and told.
    pub witness: Option<Comparison>,
    /// A call came through at least once.
    pub called: bool,
}

impl Verdict {
    /// The one cause.
    pub fn cause(&self) -> Option<&Found> {
        self.findings.first().filter(|_| self.has_cause)
    }

    /// A finding fails.
    pub fn fails(&self) -> bool {
        self.findings.iter().any(|found| found.severity() == Severity::Fail && found.because_of.is_none())
    }

    /// Something was found, and no call came through: however mild the finding is, SSTP does not work.
    pub fn stops_calls(&self) -> bool {
        self.has_cause && !self.called
    }

    /// Whose business it is.
    pub fn culprit(&self) -> Culprit {
        self.cause().map_or(Culprit::Nobody, Found::culprit)
    }
}

/// Judges.
pub fn judge(trail: &Trail) -> Verdict {
    let view = View::of(trail);
    let mut findings: Vec<Found> = all()
        .filter_map(|row| Some(Found { row, hit: (row.look)(&view)?, because_of: None }))
        .map(|mut found| {
            found.hit.level = found.hit.level.min(found.row.most);
            found.hit.raise = view.left_of(found.raise()).map(Into::into).or(found.hit.raise);
            found
        })
        .collect();
    for found in findings.iter_mut().filter(|found| view.proxied() && found.layer() > Layer::Proxy && found.culprit() == Culprit::Way) {
        // What lies behind the proxy is seen through it alone.
        found.hit.culprit = Some(Culprit::Proxy);
        found.hit.or_else = found.hit.or_else.or(Some("the way between the proxy and the server"));
    }
    http::doubt(&view, &mut findings);
    let place = place::place(&view);
    for found in findings.iter_mut().filter(|found| place::PLACED.contains(&found.row.id)) {
        if let Some(place) = place {
            found.hit.says += &format!("; the device is at {place}");
            found.hit.culprit = found.hit.culprit.or(Some(place.culprit()));
        }
    }
    let causes: Vec<(&'static str, &'static [&'static str])> = findings.iter().map(|found| (found.row.id, found.row.explains)).collect();
    for found in &mut findings {
        found.because_of = causes.iter().find(|(id, explains)| *id != found.row.id && explains.contains(&found.row.id)).map(|row| row.0);
    }
    testimony::weigh(&view, &mut findings);
    // Of what nothing explains the worst counts, then the surest, then the lowest layer.
    findings.sort_by_key(|found| {
        (found.because_of.is_some(), std::cmp::Reverse(found.severity()), std::cmp::Reverse(found.hit.level), found.layer())
    });
    let caused = |first: Option<&Found>| first.is_some_and(|found| found.because_of.is_none() && found.severity() > Severity::Note);
    // What no other rule explains is looked at last.
    if !caused(findings.first())
        && let Some(found) = rest::look(&view)
    {
        findings.insert(0, found);
    }
    let has_cause = caused(findings.first());
    let undecided = if has_cause { None } else { view.undecided() };
    if !has_cause
        && undecided.is_none()
        && let Some(row) = by_id(NOTHING)
    {
        let hit = match view.unvouched() {
            Some(_) => Hit::new(Level::Suspected, view.all_clear())
                .or_else("TLS that is opened on the way; --pin or --reference tells")
                .in_words("none", CERTIFICATE),
            None => Hit::new(Level::Probable, view.all_clear()),
        };
        let hit = hit.raised_by(view.surer());
        findings.insert(0, Found { row, hit, because_of: None });
    }
    let cause = findings.first().filter(|_| has_cause);
    let place = place.filter(|_| cause.is_some_and(|found| place::PLACED.contains(&found.row.id)));
    Verdict {
        has_cause,
        called: view.tally(Arm::Call).passed > 0,
        reached: view.reached(),
        place,
        undecided,
        findings,
        witness: view.into_witness(),
    }
}

/// Who has to change what where nothing but the certificate is amiss.
const CERTIFICATE: &str =
    "The server's owner: mend the certificate, or give clients its root; clients refuse it as it is. `sstp-diag probe` tells more of it.";
/// The finding that nothing was found.
const NOTHING: &str = "NET-NO-INTERFERENCE-SEEN";

#[cfg(test)]
mod tests;
