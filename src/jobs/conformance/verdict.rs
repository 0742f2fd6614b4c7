//! What a case came to: a pure function over what was seen.

use super::case::Case;
use super::expect::{Expect, View, name};
use crate::base::{Layer, Side};
use crate::proto::plan::Method;
use crate::transcript::{Event, Reason, ScanAnswer, What};

/// The verdict on one case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Grade {
    /// As specified.
    Pass,
    /// A requirement that does not bind (SHOULD, MAY, good practice) is not met.
    Lenient,
    /// Refused, but not as specified.
    WrongReason,
    /// Not as specified.
    Fail,
    /// The peer lacks the feature, or we lack an account.
    Unsupported,
    /// The call never came to the point.
    Inconclusive,
    /// Something failed on our side.
    Broken,
    /// Not the same verdict every time.
    Flaky,
}

impl Grade {
    /// Every grade and its name.
    pub const ALL: [(Grade, &'static str); 8] = [
        (Grade::Pass, "pass"),
        (Grade::Lenient, "lenient"),
        (Grade::WrongReason, "wrong-reason"),
        (Grade::Fail, "fail"),
        (Grade::Unsupported, "unsupported"),
        (Grade::Inconclusive, "inconclusive"),
        (Grade::Broken, "broken"),
        (Grade::Flaky, "flaky"),
    ];

    /// The name in reports.
    pub fn name(self) -> &'static str {
        Grade::ALL.iter().find(|row| row.0 == self).map_or("", |row| row.1)
    }

    /// It shows a fault of the peer.
    pub fn is_held_against(self) -> bool {
        matches!(self, Grade::Lenient | Grade::WrongReason | Grade::Fail | Grade::Flaky)
    }
}

/// A grade, and what was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The grade.
    pub grade: Grade,
    /// What was seen instead of what was expected; empty for a pass.
    pub actual: String,
}

impl Verdict {
    /// A verdict.
    pub fn new(grade: Grade, actual: impl Into<String>) -> Verdict {
        Verdict { grade, actual: actual.into() }
    }
}

/// The event after which the peer is watched: the first edit of the case, or the start where it has none. `None`: the
/// call has not come to the point.
pub fn stimulus(case: &Case, events: &[Event]) -> Option<usize> {
    let Some(first) = case.edits.first() else { return Some(0) };
    let place = events.iter().position(|event| matches!(&event.what, What::Edited { edit } if edit == first))?;
    Some(place + 1)
}

/// Judges one connection.
pub fn judge(case: &Case, events: &[Event]) -> Verdict {
    let base = &case.base;
    let whole = View::of(case, events, 0);
    if let Some((feature, lacks)) = base.only_if
        && feature.holds(&whole).is_err()
    {
        return Verdict::new(Grade::Unsupported, lacks);
    }
    if let Some(methods) = base.methods.filter(|_| base.until >= Layer::Auth && !began_login(events)) {
        if methods == [Method::Pap] && base.tests == Side::Server && events.iter().any(untrusted) {
            return Verdict::new(Grade::Unsupported, NO_PAP);
        }
        let names: Vec<&str> = methods.iter().map(|method| method.name()).collect();
        return Verdict::new(Grade::Unsupported, format!("the {} did not agree to {}", base.tests, names.join(" or ")));
    }
    let Some(from) = stimulus(case, events) else {
        return if lacks_eap(case, &whole) { Verdict::new(Grade::Unsupported, NO_EAP) } else { not_reached(case, events) };
    };
    let view = View::of(case, events, from);
    match base.expect.holds(&view) {
        Ok(()) => Verdict::new(Grade::Pass, ""),
        Err(_) if !setup_held(case, events) || turned_away(case, events) => not_reached(case, events),
        Err(_) if base.needs.is_some_and(|(what, _)| what.holds(&view).is_err()) => {
            let missing = base.needs.map_or("", |needs| needs.1);
            Verdict::new(Grade::Inconclusive, format!("there was nothing to judge: {missing}; {}", seen(&view)))
        }
        Err(_) if case.edits.is_empty() && lacks_eap(case, &view) => Verdict::new(Grade::Unsupported, NO_EAP),
        Err(missed) => {
            let otherwise = base.otherwise.is_some_and(|expect: Expect| expect.holds(&view).is_ok());
            let grade = match (otherwise, case.level.binds()) {
                (true, true) => Grade::WrongReason,
                (false, true) => Grade::Fail,
                (_, false) => Grade::Lenient,
            };
            Verdict::new(grade, format!("{missed}; {}", seen(&view)))
        }
    }
}

/// Our end does not show a password to whoever has any certificate.
fn untrusted(event: &Event) -> bool {
    event.layer == Layer::Cert && matches!(event.what, What::Down(_))
}

fn began_login(events: &[Event]) -> bool {
    // Where the call did not even come to LCP the method is not what is missing.
    let up = |layer| move |event: &Event| event.layer == layer && event.what == What::Began;
    events.iter().any(up(Layer::Auth)) || !events.iter().any(up(Layer::Lcp))
}

/// The peer speaks EAP, but not the method within it that the case is about.
fn lacks_eap(case: &Case, view: &View<'_>) -> bool {
    let spoken = match (case.base.methods, case.base.tests) {
        (Some([Method::EapMsChapV2]), Side::Server) => "eap.request-mschapv2",
        (Some([Method::EapMd5]), Side::Server) => "eap.request-md5",
        (Some([Method::EapTls]), Side::Server) => "eap.request-tls",
        (Some([Method::EapMsChapV2]), Side::Client) => "eap.response-mschapv2",
        (Some([Method::EapMd5]), Side::Client) => "eap.response-md5",
        _ => return false,
    };
    view.named(spoken).next().is_none()
}

/// A method that the server does not offer says nothing about the requirement.
fn setup_held(case: &Case, events: &[Event]) -> bool {
    let unwilling = events.iter().any(|event| matches!(&event.what, What::Down(Reason::Unwilling(_) | Reason::Ours(_))));
    !(unwilling && case.base.until > Layer::Lcp)
}

/// A client whose request we refused says nothing of what comes behind it.
fn turned_away(case: &Case, events: &[Event]) -> bool {
    let refused = |event: &Event| event.layer == Layer::Http && matches!(event.what, What::Down(_));
    case.base.tests == Side::Client && case.layer() != Layer::Http.name() && events.iter().any(refused)
}

/// Where an honest call stopped or stood still below the layer that it was to reach, and what was seen.
pub(super) fn short_of(case: &Case, events: &[Event]) -> Option<String> {
    // Our end goes on with a certificate that it does not trust.
    let below = || events.iter().filter(|event| event.layer != Layer::Cert && event.layer < case.base.until);
    let down = below().find_map(|event| if let What::Down(reason) = &event.what { Some((event.layer, reason)) } else { None });
    let how = match down {
        Some((layer, reason)) => format!("stopped in {}: {reason}", layer.title()),
        None => {
            let last = events.iter().rev().find(|event| event.what == What::Began)?;
            below().find(|event| event.layer == last.layer)?;
            format!("stood still in {}", last.layer.title())
        }
    };
    Some(format!("{how}; {}", seen(&View::of(case, events, 0))))
}

fn not_reached(case: &Case, events: &[Event]) -> Verdict {
    let down = events.iter().find_map(|event| match &event.what {
        // Our end goes on with a certificate that it does not trust.
        What::Down(reason) if event.layer != Layer::Cert => Some((event.layer, reason)),
        _ => None,
    });
    match down {
        Some((_, Reason::Unwilling(says))) => Verdict::new(Grade::Unsupported, says.clone()),
        Some((layer, reason)) => Verdict::new(Grade::Inconclusive, format!("the call stopped in {}: {reason}", layer.title())),
        None => {
            let view = View::of(case, events, 0);
            Verdict::new(Grade::Inconclusive, format!("the call never came to the point; {}", seen(&view)))
        }
    }
}

/// A message by its name, with the number that tells most of it.
fn told(event: &Event) -> Option<String> {
    let name = name(event)?;
    Some(match &event.what {
        What::Http(head) => head.status.map_or(name.clone(), |status| format!("{name} {status}")),
        What::Alert { description } | What::Scanned { answer: ScanAnswer::Alert(description), .. } => format!("{name} {description}"),
        What::Scanned { answer: ScanAnswer::Accepted { version, .. }, .. } => format!("{name} {version:04x}"),
        _ => name,
    })
}

/// What the peer did, in a line.
fn seen(view: &View<'_>) -> String {
    let names: Vec<String> = view.after().filter_map(told).collect();
    let mut counted: Vec<(String, usize)> = Vec::new();
    for name in names {
        match counted.last_mut() {
            Some((last, count)) if *last == name => *count += 1,
            _ => counted.push((name, 1)),
        }
    }
    let told = |(name, count): &(String, usize)| if *count > 1 { format!("{name} x{count}") } else { name.clone() };
    // Of a whole call the end tells more than the beginning.
    let skipped = if view.is_whole() { counted.len().saturating_sub(SHOWN) } else { 0 };
    let shown: Vec<String> =
        (skipped > 0).then(|| "...".to_string()).into_iter().chain(counted.iter().skip(skipped).take(SHOWN).map(told)).collect();
    if shown.is_empty() { "seen: nothing".to_string() } else { format!("seen: {}", shown.join(", ")) }
}

const NO_PAP: &str = "our end shows no PAP password to a server whose certificate is not trusted: --ca FILE, or --server-name NAME";
const NO_EAP: &str = "the peer does not do that EAP method";
/// Ours: messages listed in a verdict.
const SHOWN: usize = 12;
