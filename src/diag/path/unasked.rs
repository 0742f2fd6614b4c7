//! Connections that are ended before anything is said on them: hellos have nothing to do with it.

use super::packets::{from_as_far, nearer_resets};
use super::{Culprit, Hit, Level, Row, View};
use crate::base::Layer;
use crate::diag::check::Severity;
use crate::transcript::trial::{Arm, Ending, Trial};

pub(super) const ROWS: &[Row] = &[Row {
    id: "TCP-ENDED-UNASKED",
    layer: Layer::Tcp,
    culprit: Culprit::Server,
    title: "Connections are ended before a word is said on them",
    mechanism: "the server or its front accepts connections and ends them: it refuses this client, or what is behind it is dead",
    evidence: "connections on which nothing is said are ended every time, three times, and so is every hello",
    most: Level::Probable,
    raise: "a look from elsewhere with --reference; a control server with --control; raw sockets (CAP_NET_RAW) show from how far away it comes",
    fix: "The server's owner: does the service behind this port run, and may this client use it? If both are so: a firewall in front of it ends connections in its name.",
    explains: &[
        "TLS-DPI-BLOCK",
        "TLS-SNI-FILTER",
        "TLS-SNI-REQUIRED",
        "TLS-VERSION-FILTER",
        "TLS-ALPN-FILTER",
        "TLS-FINGERPRINT-FILTER",
        "TLS-SPLIT-HELLO-CUT",
        "PATH-CONNECTION-LIMIT",
        "PATH-ERRATIC",
    ],
    look: unasked,
    ..Row::ROW
}];

/// Connections end without a hello.
pub(super) fn ended(view: &View<'_>) -> bool {
    view.shut(Arm::NoHello) && view.trials(Arm::NoHello).all(|trial| matches!(trial.ending, Ending::Reset | Ending::Closed))
}

fn unasked(view: &View<'_>) -> Option<Hit> {
    if counted(view).is_some() || !ended(view) {
        return None;
    }
    let slowest = view.trials(Arm::NoHello).map(|trial| trial.took).max().unwrap_or_default();
    let connected = slowest.duration().as_secs_f64();
    let how = view.ending(Arm::NoHello).map(Ending::word).unwrap_or_default();
    let mut says = format!(
        "{} connections on which nothing was said ended in {how} within {connected:.1} s, and so does every hello",
        view.of_all(Arm::NoHello)
    );
    let (control, elsewhere) = (view.open(Arm::TlsControl), view.works_elsewhere(Layer::Tls));
    if control {
        says += "; the control server speaks TLS";
    }
    let far = from_as_far(view);
    if far {
        says += "; what ends them has the time to live of the server's SYN-ACK";
    }
    let enough = view.tally(Arm::NoHello).failed >= 3 && (control || elsewhere || far);
    let hit = Hit::new(if enough { Level::Probable } else { Level::Suspected }, says);
    Some(match () {
        () if !nearer_resets(view).is_empty() => hit.of(Culprit::Way).or_else("a balancer that answers by itself"),
        () if elsewhere && !far => hit.of(Culprit::Way).or_else("a server that takes other networks only").in_words(
            "a box on the way ends connections as soon as they are made, or the server takes other networks only",
            "From elsewhere it works. The firewall's owner: allow connections to this address. The server's owner: does it refuse this network?",
        ),
        () => hit.or_else(
            "a limit on new connections that this run met, and that --pace 5 behind a minute's rest does not; or a firewall in front of it, or on the way",
        ),
    })
}

/// The hello that came through when there were no connections for a while, and how long there were none.
fn forgotten<'a>(view: &View<'a>) -> Option<(&'a Trial, f64)> {
    let searched = || view.trail.trials.iter().filter(|trial| trial.round >= super::view::SEARCHES);
    let hello = searched().find(|trial| trial.arm == Arm::HelloNamed && trial.passed())?;
    let first = searched().find(|trial| trial.arm == Arm::NoHello && trial.round == hello.round)?;
    let before = view.trail.trials.iter().filter(|trial| trial.at < first.at).map(|trial| trial.at + trial.took.duration()).max()?;
    Some((hello, (first.at - before).duration().as_secs_f64()))
}

/// Others of the run came further, which nobody does who refuses this client.
fn lived_before(view: &View<'_>) -> Option<Hit> {
    let ours = |trial: &&Trial| !super::view::about_others(trial.arm) && trial.arm != Arm::Together && trial.round < super::view::SEARCHES;
    let further = view.trail.trials.iter().filter(ours).filter(|trial| trial.reached >= Some(Layer::Tls));
    let count = further.count();
    (count > 0).then(|| {
        let says = format!(
            "{} connections on which nothing was said ended in {} as soon as they were made, and {count} others of this run came as far as TLS",
            view.of_all(Arm::NoHello),
            view.ending(Arm::NoHello).map(Ending::word).unwrap_or_default()
        );
        let hit = Hit::new(Level::Suspected, says).in_words(COUNTS.0, COUNTS.1);
        let hit = if one_is_nearer(view) { hit } else { hit.of(Culprit::Server) };
        hit.or_else("a service that died meanwhile, or one of several behind a balancer that is dead").as_bad_as(Severity::Fail)
    })
}

/// A reset came from somewhere else than the server's segments.
fn one_is_nearer(view: &View<'_>) -> bool {
    view.trail.resets.iter().any(|reset| reset.peer_ttl.is_some_and(|ttl| ttl != reset.ttl))
}

/// What comes and goes is the server's where connections are ended before a hello can be sent, or from as far away as the server.
pub(super) fn at_times(view: &View<'_>, hit: Hit) -> Hit {
    let ours = |trial: &&Trial| !super::view::about_others(trial.arm) && trial.arm != Arm::Together && trial.round < super::view::SEARCHES;
    let failed = view.trail.trials.iter().filter(ours).filter(|trial| trial.arm.layer() <= Layer::Tls && !trial.passed());
    let failed: Vec<&Trial> = failed.filter(|trial| !matches!(trial.ending, Ending::Ours(_))).collect();
    let cut = |trial: &&&Trial| matches!(trial.ending, Ending::Reset | Ending::Closed);
    let all_cut = failed.iter().filter(cut).count() * 10 >= failed.len() * 9;
    let unsaid = failed.iter().filter(cut).filter(|trial| trial.reached.is_none() || trial.arm == Arm::Tcp).count();
    if !all_cut || one_is_nearer(view) || view.proxied() || unsaid < UNSAID && !from_as_far(view) {
        return hit;
    }
    let hit = Hit { level: Level::Suspected, ..hit }.of(Culprit::Server).or_else("a box on the way that ends connections in its name");
    hit.in_words(
        "the server or its front ends some connections as soon as they are made: a limit on connections, or a member of several that is dead",
        "The server's owner: look for a limit on the connections of one client, or on new ones in a time, and for a broken member behind a balancer. With --pace 5 this run stays below most limits.",
    )
}

/// Connections that are made and ended are counted by whoever made them.
pub(super) fn in_a_crowd(view: &View<'_>, hit: Hit) -> Hit {
    let made = view.trials(Arm::Together).all(|trial| matches!(trial.ending, Ending::Reset | Ending::Closed));
    if !made || one_is_nearer(view) || view.proxied() {
        return hit;
    }
    hit.of(Culprit::Server).or_else("a firewall in front of it, or on the way, that counts connections").in_words(
        "the server or its front ends connections of one client beyond so many at a time",
        "The server's owner: raise the number of connections for one client; a tunnel beside a browser reaches it.",
    )
}

/// New connections that are made and ended are no lost SYNs.
pub(super) fn in_a_row(view: &View<'_>, hit: Hit) -> Hit {
    let made = view.trials(Arm::InARow).all(|trial| matches!(trial.ending, Ending::Reset | Ending::Closed));
    if made && !one_is_nearer(view) { hit.of(Culprit::Server).in_words(COUNTS.0, COUNTS.1) } else { hit }
}

/// Ours: so many connections that ended before a word was said are no chance.
const UNSAID: usize = 2;

/// What ends connections when they are made, and who has to change what.
const COUNTS: (&str, &str) = (
    "the server or its front ends connections beyond so many in a time from one client, as soon as they are made",
    "The server's owner: raise the number of new connections that one client may make; a browser beside the tunnel reaches it. Behind a pause, or with --pace 5, this run says more.",
);

/// New connections are ended, and no more when there were none for a while.
pub(super) fn counted(view: &View<'_>) -> Option<Hit> {
    if !ended(view) {
        return None;
    }
    let Some((_, pause)) = forgotten(view) else { return lived_before(view) };
    let says = format!(
        "{} connections on which nothing was said ended in {} as soon as they were made; behind {pause:.0} s without connections one lived, and a hello was answered",
        view.of_all(Arm::NoHello),
        view.ending(Arm::NoHello).map(Ending::word).unwrap_or_default()
    );
    let hit = Hit::new(Level::Probable, says).in_words(COUNTS.0, COUNTS.1);
    let hit = if nearer_resets(view).is_empty() { hit.of(Culprit::Server) } else { hit };
    Some(hit.or_else("a firewall in front of it, or on the way, that counts connections").as_bad_as(Severity::Fail))
}
