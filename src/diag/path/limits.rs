//! Whoever counts: connections at the same time, and requests; and who was there and is not any more.

use super::{Culprit, Hit, Level, Row, View};
use crate::base::Layer;
use crate::diag::check::Severity;
use crate::transcript::trial::{ALONE, Arm, Ending, Trial};

pub(super) const ROWS: &[Row] = &[
    Row {
        id: "PATH-REQUEST-LIMIT",
        layer: Layer::Http,
        severity: Severity::Warn,
        culprit: Culprit::Server,
        title: "Requests are limited in their number, and nothing more was asked",
        mechanism: "the server or its front counts requests, and this client has had its share",
        evidence: "status 429 with a Retry-After longer than half of the time that was left; everything ended there",
        raise: "the same when that time is over, with --pace 5",
        fix: "The owner of the front: raise the limit, or exempt this client. Whoever runs this: come back when that time is over, with --pace 5.",
        explains: &["HTTP-REFUSED", "PROXY-CONNECT-DENIED", "PATH-ERRATIC"],
        look: sent_away,
        ..Row::ROW
    },
    Row {
        id: "PATH-GONE-MEANWHILE",
        layer: Layer::Tcp,
        culprit: Culprit::Server,
        title: "The server went away in the middle of the run",
        mechanism: "connections were made, and from one moment on every one is refused",
        evidence: "eight or more connections, the last ones of the run, were all refused, and those before were made",
        most: Level::Probable,
        raise: "the same again, now and a quarter of an hour later",
        fix: "The server's owner: did the service end or start anew at that moment? If it did not: does something ban clients that connect often? Then run this again, with --pace 5.",
        explains: &[
            "PATH-CONNECTION-LIMIT",
            "PATH-CONNECTION-RATE",
            "PATH-ERRATIC",
            "PATH-ECMP-INCONSISTENT",
            "TLS-DPI-BLOCK",
            "TLS-SNI-FILTER",
            "TLS-SNI-REQUIRED",
            "TLS-VERSION-FILTER",
            "TLS-ALPN-FILTER",
            "TLS-FINGERPRINT-FILTER",
            "TLS-SPLIT-HELLO-CUT",
        ],
        look: gone,
        ..Row::ROW
    },
];

fn sent_away(view: &View<'_>) -> Option<Hit> {
    let wait = view.trail.sent_away?;
    let counted: Vec<&Trial> = view.trail.trials.iter().filter(|trial| trial.saw.status() == Some(TOO_MANY)).collect();
    let last = counted.last()?;
    let by_proxy = view.proxied() && last.reached < Some(Layer::Tls);
    let passed = view.trail.trials.iter().filter(|trial| trial.passed()).count();
    let by = if by_proxy { "the proxy" } else { "the server" };
    let until = view.reached().map_or(String::new(), |layer| format!("; until then {passed} trials came through, up to {layer}"));
    let says = format!(
        "{} requests were answered with 429 by {by}, and it wants none for {:.0} s (Retry-After){until}",
        counted.len(),
        wait.duration().as_secs_f64()
    );
    let hit = Hit::new(Level::Confirmed, says);
    let hit = if view.tally(Arm::Call).passed == 0 { hit.as_bad_as(Severity::Fail) } else { hit };
    Some(match by_proxy {
        true => hit.of(Culprit::Proxy).at(Layer::Proxy).in_words(
            "the proxy has a limit for requests, and this client has had its share",
            "The proxy's owner: raise the limit, or exempt this client. Whoever runs this: come back when that time is over, with --pace 5.",
        ),
        false => hit,
    })
}

/// From one moment on every connection was refused.
fn gone(view: &View<'_>) -> Option<Hit> {
    let own = |trial: &&&Trial| {
        !super::view::about_others(trial.arm) && trial.arm.layer() >= Layer::Tcp && !matches!(trial.ending, Ending::Ours(_))
    };
    let mut own: Vec<&Trial> = view.trail.trials.iter().collect::<Vec<_>>().iter().filter(own).copied().collect();
    own.sort_by_key(|trial| trial.at + trial.took.duration());
    let refused = |trial: &&&Trial| trial.ending == Ending::Refused && trial.reached.is_none();
    let last = own.iter().rev().take_while(refused).count();
    let before = own.get(..own.len() - last)?;
    let made = before.iter().filter(|trial| trial.reached >= Some(Layer::Tcp)).count();
    let since = own.get(own.len() - last)?.at;
    (!view.proxied() && last >= SEVERAL && made > last / 2 && made * 2 > before.len()).then(|| {
        let says = format!(
            "from {:.1} s on all {last} connections were refused; of the {} before {made} were made",
            since.duration().as_secs_f64(),
            before.len()
        );
        Hit::new(Level::Probable, says).or_else("a ban that these very connections drew, by a firewall that refuses in the server's name")
    })
}

/// It never came through, and nobody said why; a SYN that is refused says no more than one that is reset.
pub(super) fn crowd_is_cut(view: &View<'_>) -> bool {
    let wordless = |trial: &Trial| trial.ending.is_wordless() || matches!(trial.ending, Ending::NotTls | Ending::Refused);
    view.shut(Arm::Together) && view.trials(Arm::Together).all(wordless)
}

/// One at a time came through every time, with nothing else open and right behind each other; nothing where that was not tried.
fn alone(view: &View<'_>) -> Option<bool> {
    let all = || view.trail.trials.iter().filter(|trial| trial.arm == Arm::Tls && trial.round >= ALONE);
    let lost = all().filter(|trial| trial.ending == Ending::Silence).count();
    let passed = all().filter(|trial| trial.passed()).count();
    (all().count() > 0).then(|| passed >= SEVERAL && lost <= 1 && passed + lost == all().count())
}

/// So slowly, and all held.
fn held<'a>(view: &View<'a>) -> Option<&'a Trial> {
    view.trail.trials.iter().find(|trial| trial.arm == Arm::Together && trial.round >= ALONE)
}

/// It was made sure that the number of connections at the same time counts, and nothing else about them.
pub(super) fn by_number(view: &View<'_>) -> bool {
    crowd_is_cut(view) && alone(view) == Some(true) && held(view).is_some_and(|trial| !trial.passed())
}

pub(super) fn at_once(view: &View<'_>) -> Option<Hit> {
    // Whole handshakes too, one at a time. Now and then one of them meets what is still open.
    let single =
        super::hello::SINGLE.into_iter().map(|arm| view.tally(arm)).fold((0, 0), |sum, tally| (sum.0 + tally.passed, sum.1 + tally.failed));
    let contrast = match alone(view) {
        Some(_) => by_number(view),
        None => single.1 * 4 <= single.0,
    };
    let differs = crowd_is_cut(view) && view.tally(Arm::Tls).passed > 0 && contrast;
    let failed = view.tally(Arm::Together).failed;
    let through = view.trials(Arm::Together).filter_map(|trial| trial.saw.says.clone()).next().unwrap_or_default();
    differs.then(|| {
        let mut says = format!("{failed} times {through} connections at the same time came through; one at a time works");
        if let Some(held) = held(view).filter(|_| by_number(view)) {
            let through = held.saw.says.as_deref().unwrap_or_default();
            says += &format!(", a dozen times without fail; made as slowly and kept open {through} came through");
        }
        Hit::new(if failed >= 3 { Level::Probable } else { Level::Suspected }, says).or_else("the server counts them")
    })
}

/// RFC 6585 4.
const TOO_MANY: u16 = 429;
/// Ours: so many in a row are no chance.
const SEVERAL: usize = 8;
