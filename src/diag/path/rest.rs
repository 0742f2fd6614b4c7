//! What no rule explains: something that fails again and again beside what comes through. Looked for last, so that nothing is called clean
//! that was not.

use super::view::Echoes;
use super::{Culprit, Found, Hit, Level, Row, View, told};
use crate::base::Layer;
use crate::diag::check::Severity;
use crate::transcript::trial::{Arm, Ending, PATIENT, Trial};

pub(super) const ROWS: &[Row] = &[SLOW, NO_CONTROL, UNEXPLAINED];

const SLOW: Row = Row {
    id: "PATH-SLOW",
    severity: Severity::Note,
    culprit: Culprit::Server,
    title: "What answers takes its time",
    mechanism: "an answer that every call waits for comes late",
    evidence: "what every call does met with silence at first, and came through when it was waited for four times as long",
    most: Level::Probable,
    raise: "a look from elsewhere with --reference",
    fix: "The server's owner: what keeps it busy? Clients wait for up to a minute, so calls come up, late.",
    look: slow,
    ..Row::ROW
};

const NO_CONTROL: Row = Row {
    id: "NET-CONTROL-DEAD",
    layer: Layer::Tcp,
    severity: Severity::Note,
    culprit: Culprit::Endpoint,
    title: "The control server cannot be reached",
    mechanism: "what the target should be held against does not work itself",
    evidence: "the control server's name has no address, or no connection to it is made while the target connects",
    raise: "a control server with --control that is known to work from here",
    fix: "Whoever runs this: name another control server; without one a dead server and a filter look alike.",
    look: no_control,
    ..Row::ROW
};

const UNEXPLAINED: Row = Row {
    id: "PATH-UNEXPLAINED",
    layer: Layer::Data,
    title: "Something breaks it, and no rule says what",
    mechanism: "unknown: it stops here, and what differs from it in one thing, or comes before it, does not",
    evidence: "a step of every call, or a variant of one, failed twice or more and never came through, or was cut at least twice and came through at times; what it is held against, or at least a call, came through",
    most: Level::Probable,
    raise: "a witness at the server with --witness, a look from elsewhere with --reference, --rounds 8, captures at both ends",
    fix: "The owner of a firewall on the way: which rule, limit or inspection module stops a connection at that point? Its log at that time tells. If none does: the operator of the network and the server's owner look at captures of both ends beside each other; the first packet that is missing, or that nobody sent, tells whose it is.",
    ..Row::ROW
};

/// Who has to look where the call goes through a proxy.
const PROXYS: &str = "The proxy's owner and the server's owner: look at the log of the proxy, and at captures of both of its sides; the first packet that is missing, or that nobody sent, tells whose it is.";

/// An arm and what it is held against, here.
struct Held {
    arm: Arm,
    beside: &'static [Arm],
    /// Every call does it; others are variants, which only some clients need.
    every_call: bool,
}

const fn every_call(arm: Arm, beside: &'static [Arm]) -> Held {
    Held { arm, beside, every_call: true }
}

const fn variant(arm: Arm, beside: &'static [Arm]) -> Held {
    Held { arm, beside, every_call: false }
}

/// From the lowest layer to the highest.
const HELD: &[Held] = &[
    every_call(Arm::DnsSystem, &[Arm::DnsResolver]),
    every_call(Arm::Tcp, &[Arm::TcpControl, Arm::TcpOtherFamily]),
    every_call(Arm::Connect, &[Arm::ConnectPlain, Arm::ConnectOddHeader, Arm::ConnectControl, Arm::Tcp]),
    every_call(Arm::Tls, &[Arm::TlsControl, Arm::TlsShort, Arm::HelloNamed, Arm::HelloNameless, Arm::HelloOtherName, Arm::HelloBrowser]),
    every_call(Arm::Sstp, &[Arm::LengthZero, Arm::MethodAlone, Arm::Get]),
    every_call(Arm::Call, &[Arm::CallSplit, Arm::Sstp]),
    every_call(Arm::Login, &[Arm::Call]),
    every_call(Arm::Echo, &[Arm::EchoShortSegments, Arm::Call]),
    every_call(Arm::Bulk, &[Arm::BulkPlain, Arm::BulkSplit, Arm::Echo]),
    every_call(Arm::Busy, &[Arm::Echo]),
    variant(Arm::TcpOtherFamily, &[Arm::Tcp]),
    variant(Arm::InARow, &[Arm::Tcp]),
    variant(Arm::TlsShort, &[Arm::Tls]),
    variant(Arm::HelloNamed, &[Arm::Tls]),
    variant(Arm::HelloNameless, &[Arm::HelloNamed, Arm::Tls]),
    variant(Arm::HelloOtherName, &[Arm::HelloNamed, Arm::Tls]),
    variant(Arm::HelloOtherCase, &[Arm::HelloNamed, Arm::Tls]),
    variant(Arm::HelloSplit, &[Arm::HelloNamed, Arm::Tls]),
    variant(Arm::Hello12, &[Arm::HelloNamed, Arm::Tls]),
    variant(Arm::Hello13, &[Arm::HelloNamed, Arm::Tls]),
    variant(Arm::HelloAlpn, &[Arm::HelloNamed, Arm::Tls]),
    variant(Arm::HelloWindows, &[Arm::HelloNamed, Arm::Tls]),
    variant(Arm::HelloBrowser, &[Arm::HelloNamed, Arm::Tls]),
    variant(Arm::HelloPadded, &[Arm::HelloNamed, Arm::Tls]),
    variant(Arm::HelloFromPort, &[Arm::HelloNamed, Arm::Tls]),
    variant(Arm::Together, &[Arm::Tls]),
    variant(Arm::CallSplit, &[Arm::Call]),
    variant(Arm::EchoShortSegments, &[Arm::Echo, Arm::Call]),
    variant(Arm::EchoMany, &[Arm::Echo, Arm::Call]),
    variant(Arm::BulkSplit, &[Arm::Bulk, Arm::Echo]),
    variant(Arm::Idle, &[Arm::Busy, Arm::Echo]),
];

/// Arms that may fail on the soundest way: they are about somebody else, about what a server need not have, or searches of their own.
#[cfg(test)]
const FREE: &[Arm] = &[
    Arm::DnsResolver,
    Arm::DnsRandom,
    Arm::TcpOtherPort,
    Arm::TcpControl,
    Arm::PlainHttp,
    Arm::ConnectPlain,
    Arm::ConnectOddHeader,
    Arm::ConnectControl,
    Arm::ConnectOtherPort,
    Arm::ConnectLogin,
    Arm::TlsControl,
    Arm::TlsElsewhere,
    Arm::TlsOtherAddress,
    Arm::HelloToControl,
    Arm::Get,
    Arm::LengthShort,
    Arm::LengthZero,
    Arm::LengthNone,
    Arm::Chunked,
    Arm::PostMax,
    Arm::OddMethod,
    Arm::MethodAlone,
    Arm::OtherPath,
    Arm::Escaped,
    Arm::GetPath,
    // Web servers and fronts end a connection behind some pages, with a reset if more are asked for.
    Arm::BulkPlain,
    Arm::BulkUp,
    // It is not wanted that it goes on for ever.
    Arm::NoHello,
    Arm::TlsSegment,
    Arm::EchoSegment,
];

/// The lowest step of every call that fails without a reason, else the lowest variant.
pub(super) fn look(view: &View<'_>) -> Option<Found> {
    let of = |every_call: bool| HELD.iter().filter(move |held| held.every_call == every_call).find_map(|held| unexplained(view, held));
    let hit = of(true).or_else(|| mute(view)).or_else(|| of(false))?;
    // What is behind a proxy is seen through it alone.
    let hit = match hit.culprit {
        None if view.proxied() => hit.of(Culprit::Proxy).in_words(UNEXPLAINED.mechanism, PROXYS),
        _ => hit,
    };
    Some(Found { row: &UNEXPLAINED, hit, because_of: None })
}

/// What came through only because it was waited for longer.
fn slow(view: &View<'_>) -> Option<Hit> {
    let late = view.trail.trials.iter().find(|trial| trial.round == PATIENT && trial.passed())?;
    let says = format!("{} was answered after {:.1} s, and not before", late.arm.id(), late.took.duration().as_secs_f64());
    Some(Hit::new(Level::Probable, says).at(late.arm.layer()).or_else("a way with a very long delay"))
}

/// The control is of no use.
fn no_control(view: &View<'_>) -> Option<Hit> {
    let nameless = view.trials(Arm::TcpControl).find(|trial| trial.ending == Ending::NoSuchName);
    if let Some(trial) = nameless {
        return Some(Hit::new(Level::Confirmed, trial.saw.says.clone().unwrap_or_default()));
    }
    let dead = view.shut(Arm::TcpControl) && view.tally(Arm::Tcp).passed > 0 && !view.proxied();
    let how = view.ending(Arm::TcpControl).map(Ending::word).unwrap_or_default();
    dead.then(|| Hit::new(Level::Confirmed, format!("{} connections to it ended in {how}", view.of_all(Arm::TcpControl))))
}

/// It failed in a way that tells of nobody's own word, and that a sound way does not fail in.
fn fails(view: &View<'_>, held: &Held, trial: &Trial) -> bool {
    // A connection that is refused is no word about what would have been said on it.
    let refused = trial.ending == Ending::Refused && held.arm.layer() >= Layer::Tls;
    let unsaid = trial.ending.is_wordless() || trial.ending == Ending::NotTls || refused;
    // Echoes that a server answers now and then, or that are cut at times, are lost where nobody answers them.
    let lost = || trial.ending == Ending::ignores_echoes() && view.echoes() == Echoes::Lost;
    match held.arm {
        Arm::Sstp => unsaid || trial.saw.status().is_some_and(|status| status != 200),
        Arm::Login => unsaid && trial.reached >= Some(Layer::Lcp),
        // What cannot be decrypted, or is no SSTP, was changed by somebody.
        Arm::Call | Arm::Echo | Arm::Bulk | Arm::Busy => {
            unsaid || matches!(trial.ending, Ending::Broken(_)) && !trial.ending.is_servers_word() || lost()
        }
        Arm::DnsSystem => !trial.passed(),
        _ => unsaid || trial.ending == Ending::Unreachable || lost(),
    }
}

fn unexplained(view: &View<'_>, held: &Held) -> Option<Hit> {
    // No client offers TLS 1.3 alone; a server without it may end such a hello as it likes.
    if held.arm == Arm::Hello13 && !view.speaks_13() {
        return None;
    }
    let trials: Vec<&Trial> = view.trials(held.arm).collect();
    let failed: Vec<&Trial> = trials.iter().copied().filter(|trial| fails(view, held, trial)).collect();
    // Silence may be a packet that was lost; a reset or a close is somebody's doing.
    let cuts = failed.iter().filter(|trial| trial.ending != Ending::Silence).count();
    let every_time = failed.len() == trials.len();
    if !(every_time && failed.len() >= 2 || cuts >= 2 || failed.len() >= 3 && failed.len() * 2 >= trials.len()) {
        return None;
    }
    let mut sound: Vec<Arm> = held.beside.iter().copied().filter(|arm| view.open(*arm)).collect();
    if sound.is_empty() {
        // What fails every time is not clean because something else failed once, or because all that is like it fails as well.
        let mostly = |arm: &Arm| view.tally(*arm).passed >= view.tally(*arm).failed * 2 && view.tally(*arm).passed > 0;
        let near = || held.beside.iter().copied().find(mostly).filter(|_| every_time && cuts >= 3);
        let called = || Some(Arm::Call).filter(|arm| every_time && held.arm != *arm && view.tally(*arm).passed > 0);
        sound.extend(Some(near().or_else(called)?));
    }
    let contrast = sound.iter().filter(|arm| view.open(**arm));
    let contrast =
        contrast.filter_map(|arm| view.contrast_by(*arm, Trial::passed, held.arm, |trial| !fails(view, held, trial)).level(3)).max();
    let layer = layer(held.arm, &failed);
    let known = every_time && view.works_elsewhere(layer);
    let level = if known { Level::Probable } else { contrast.unwrap_or(Level::Suspected) };
    let passed = sound.iter().map(|arm| told::sent(*arm)).collect::<Vec<_>>().join(", ");
    let says = format!(
        "{} of {} times {} {}{}{}; {passed} came through {}{}",
        failed.len(),
        trials.len(),
        told::sent(held.arm),
        how(&failed),
        told::stopped(&failed),
        if known { ", and from elsewhere it works" } else { "" },
        times(sound.first().map_or(0, |arm| view.tally(*arm).passed)),
        told::pages(view).filter(|pages| pages.silent).map_or(String::new(), |pages| pages.says()),
    );
    let hit = Hit::new(level, says).at(layer).or_else("the server itself");
    Some(match held.arm {
        Arm::Sstp => hit.of(Culprit::Server),
        Arm::Call if every_time && failed.iter().all(unread) => above_tls(view, hit),
        _ => hit,
    })
}

/// How trials ended, each in a word.
fn how(failed: &[&Trial]) -> String {
    let mut words: Vec<String> = Vec::new();
    for word in failed.iter().map(|trial| ending(trial)) {
        if !words.contains(&word) {
            words.push(word);
        }
    }
    // The one is the other, and more is known of it.
    if words.iter().any(|word| word.starts_with("silence,")) {
        words.retain(|word| word != "silence");
    }
    format!("ended in {}", words.join(" or "))
}

/// Nothing came, or something that is no SSTP. A reset or a close may come from whoever counts records.
fn unread(trial: &&Trial) -> bool {
    matches!(trial.ending, Ending::Silence | Ending::Broken(_))
}

/// What is said is said in TLS with the server, so far as its certificate tells, and no proxy is in between.
fn within_its_own_tls(view: &View<'_>) -> bool {
    !view.proxied() && view.unvouched().is_none() && view.trials(Arm::Tls).any(|trial| trial.saw.cert.is_some())
}

/// A handshake fails in one of its forms, which is no business of whoever reads HTTP.
fn below(view: &View<'_>) -> Option<Arm> {
    let below = HELD.iter().map(|held| held.arm).filter(|arm| arm.layer() == Layer::Tls && *arm != Arm::Together);
    let mut cut = below.filter(|arm| view.silent(*arm) && view.tally(*arm).failed >= 2);
    cut.next()
}

/// A call stops above TLS. Only the server and its front can read what is said there; but whoever counts bytes, packets or records need not
/// read it.
fn above_tls(view: &View<'_>, hit: Hit) -> Hit {
    let pages = told::pages(view).filter(|pages| pages.silent);
    if let Some(arm) = below(view) {
        let says =
            format!("{}; {} {} times got no answer either, and it has no HTTP in it", hit.says, told::sent(arm), view.tally(arm).failed);
        return Hit { says, level: Level::Suspected, ..hit }.of(Culprit::Way).in_words(COUNTS.0, COUNTS.1);
    }
    // Where pages stop as well it does not go by what a call says.
    if pages.is_some() {
        return hit.of(Culprit::Way).in_words(COUNTS.0, COUNTS.1);
    }
    let further = view.open(Arm::BulkPlain);
    if !within_its_own_tls(view) || !further && view.works_elsewhere(Layer::Lcp) {
        return hit;
    }
    let says = if further { format!("{}; pages over TLS, one behind the other on one connection, do", hit.says) } else { hit.says.clone() };
    // Without them the one looks like the other from here.
    let level = if further { hit.level } else { Level::Suspected };
    Hit { says, level, ..hit }.of(Culprit::Server).or_else("a box on the way that stops connections by the number or the lengths of their records").in_words(
        UNEXPLAINED.mechanism,
        "The server's owner: does the front pass on what comes behind the head of a request, as it comes, both ways, and unchanged? Look at captures of both of its sides.",
    )
}

/// What stops whatever is said, and who has to change what.
const COUNTS: (&str, &str) = (
    "connections go silent at a certain number of packets, records or bytes, whatever is said on them",
    "The owner of a firewall on the way: look for a limit on the packets or bytes of a connection, or an inspection module that gives up behind the first few; the server's owner: or does a front do it? Captures of both ends beside each other tell.",
);

/// Calls that stand, and nobody answers LCP.
fn mute(view: &View<'_>) -> Option<Hit> {
    let calls: Vec<&Trial> = view.trials(Arm::Call).collect();
    let mute = calls.len() >= 2 && calls.iter().all(|trial| trial.passed() && trial.reached == Some(Layer::Sstp));
    let level = if view.works_elsewhere(Layer::Lcp) { Level::Probable } else { Level::Suspected };
    mute.then(|| {
        let pages = told::pages(view).filter(|pages| pages.silent).map_or(String::new(), |pages| pages.says());
        let says = format!(
            "{} of {} times a call came as far as the Call Connect Ack, and LCP behind it was not answered{}{pages}",
            calls.len(),
            calls.len(),
            told::stopped(&calls)
        );
        let hit = Hit::new(level, says).at(Layer::Lcp).or_else("the server itself, or one that is slow with LCP");
        above_tls(view, hit)
    })
}

/// Where it failed: at the arm's own layer, and a login at the one behind what it reached.
fn layer(arm: Arm, failed: &[&Trial]) -> Layer {
    let reached = failed.iter().filter_map(|trial| trial.reached).max();
    match (arm, reached) {
        (Arm::Login, Some(Layer::Lcp)) => Layer::Auth,
        (Arm::Login, Some(Layer::Auth)) => Layer::Binding,
        (Arm::Login, Some(Layer::Binding)) => Layer::Ncp,
        (Arm::Login, _) => Layer::Data,
        _ => arm.layer(),
    }
}

fn ending(trial: &Trial) -> String {
    match (trial.saw.status(), &trial.ending) {
        (Some(status), _) if trial.arm == Arm::Sstp => format!("status {status}"),
        (_, ending) if *ending == Ending::ignores_echoes() => "silence, while the server said other things".into(),
        (_, Ending::Broken(says)) => format!("{says:?}"),
        (_, ending) => ending.word(),
    }
}

fn times(count: usize) -> String {
    if count == 1 { "once".into() } else { format!("{count} times") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_arm_is_held_against_something_or_may_fail() {
        for arm in Arm::all() {
            let held = HELD.iter().filter(|held| held.arm == arm).count();
            let free = FREE.iter().filter(|free| **free == arm).count();
            assert_eq!(held + free, 1, "{arm:?}");
        }
    }
}
