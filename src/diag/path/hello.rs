//! What is done to a ClientHello.

use super::packets::from_as_far;
use super::place::place;
use super::shape;
use super::{Culprit, Hit, Level, Row, View, limits, unasked};
use crate::base::Layer;
use crate::diag::check::Severity;
use crate::transcript::trial::{Arm, Ending, Trial};
use std::collections::BTreeMap;

pub(super) const ROWS: &[Row] = &[
    Row {
        id: "PATH-ECMP-INCONSISTENT",
        title: "It goes by our own port whether a connection works",
        mechanism: "one of several parallel paths is broken, or a balancer's member is",
        evidence: "the same ports of ours always fail, others never do",
        most: Level::Suspected,
        raise: "a witness at the server; more ports, and traceroute with fixed ports",
        fix: "The operator of the network, or the owner of the balancer: give them the list of ports that fail.",
        explains: &["PATH-ERRATIC", "TLS-FINGERPRINT-FILTER", "TLS-SNI-FILTER", "PATH-CONNECTION-LIMIT"],
        look: by_port,
        ..TLS
    },
    Row {
        id: "PATH-ERRATIC",
        title: "The same thing works now and then",
        mechanism: "connections are cut whatever is said on them",
        evidence: "the same hello came through at times and was cut at others, and so did others beside it",
        most: Level::Probable,
        raise: "more rounds with --rounds",
        fix: "The owner of the firewall or the balancer: look for a rate limit, a broken member, or a bad line.",
        explains: &[
            "TLS-FINGERPRINT-FILTER",
            "TLS-VERSION-FILTER",
            "TLS-ALPN-FILTER",
            "PATH-CONNECTION-LIMIT",
            "TLS-SPLIT-HELLO-CUT",
            "DPI-SSTP-SIZE-FILTER",
            "DATA-RECORD-SIZE-FILTER",
            "TCP-PMTU-BLACKHOLE",
            "DATA-THROTTLED",
            "DATA-BYTE-CAP",
        ],
        look: |view| erratic(view).filter(|_| !limits::by_number(view)).map(|hit| unasked::at_times(view, hit)),
        ..TLS
    },
    Row {
        id: "DPI-RESIDUAL-BLOCK",
        title: "After one cut everything to the server is cut for a while",
        mechanism: "a filter remembers who drew it",
        evidence: "a harmless hello passes, one with the name is cut, the harmless one right behind it too, and passes again later; twice",
        most: Level::Probable,
        raise: "hop by hop: the box that remembers shows at a limited time to live",
        fix: "The operator of the network: the block follows from a hello with the server's name; allow the name. Wait before trying again.",
        explains: &[
            "TLS-SNI-FILTER",
            "TLS-DPI-BLOCK",
            "PATH-ERRATIC",
            "IP-FILTER",
            "TCP-FILTERED",
            "PATH-ECMP-INCONSISTENT",
            "PATH-CONNECTION-RATE",
            "TLS-FINGERPRINT-FILTER",
            "TLS-SNI-REQUIRED",
            "PATH-CONNECTION-LIMIT",
            "TLS-VERSION-FILTER",
            "TLS-ALPN-FILTER",
        ],
        look: residual,
        ..TLS
    },
    Row {
        id: "TLS-SNI-FILTER",
        title: "Hellos with the server's name are cut",
        mechanism: "a filter reads the name in the ClientHello",
        evidence: "the hello with the name is cut every time; without it, or with another one, it passes at the same address; the name is cut towards the control server too",
        raise: "a control server with --control: is the name cut there as well?",
        fix: "The firewall's owner: allow this name. Another address for the server will not help.",
        explains: &[
            "TLS-DPI-BLOCK",
            "TLS-FINGERPRINT-FILTER",
            "TLS-PLAIN-ANSWER",
            "TLS-SPLIT-HELLO-CUT",
            "TLS-VERSION-FILTER",
            "TLS-ALPN-FILTER",
            "PATH-ECMP-INCONSISTENT",
            "TCP-RST-INJECTED",
            "TCP-RST-BY-BOX",
        ],
        look: by_name,
        ..TLS
    },
    Row {
        id: "TLS-SNI-REQUIRED",
        severity: Severity::Warn,
        title: "Hellos without a name are cut",
        mechanism: "a filter, or the server's front, lets only hellos with a name pass",
        evidence: "hellos without SNI are cut without a word every time, with a name they pass",
        most: Level::Probable,
        raise: "a look from elsewhere",
        fix: "Clients that send no name (older RouterOS, sstp-client with an address) need the owner of the box to let hellos without SNI pass.",
        look: name_wanted,
        ..TLS
    },
    Row {
        id: "TLS-VERSION-FILTER",
        title: "A version of TLS is cut",
        mechanism: "a filter or an old middlebox does not bear the versions that are offered",
        evidence: "every hello with TLS 1.3 is cut without a word and the one without passes, or the other way round",
        most: Level::Probable,
        raise: "a look from elsewhere",
        fix: "The owner of the box: update it, or let this version of TLS pass.",
        explains: &["TLS-FINGERPRINT-FILTER", "TLS-DPI-BLOCK", "TLS-SNI-FILTER"],
        look: shape::by_version,
        ..TLS
    },
    Row {
        id: "TLS-ALPN-FILTER",
        title: "Hellos without ALPN are cut",
        mechanism: "a filter takes TLS without ALPN for something that is no web traffic",
        evidence: "every hello without ALPN is cut without a word, those with http/1.1 or h2 pass",
        most: Level::Probable,
        raise: "a look from elsewhere",
        fix: "The firewall's owner: SSTP clients send no ALPN; allow it for this host.",
        explains: &["TLS-FINGERPRINT-FILTER", "TLS-DPI-BLOCK", "TLS-SNI-FILTER", "TLS-SPLIT-HELLO-CUT"],
        look: shape::by_alpn,
        ..TLS
    },
    Row {
        id: "TLS-ALPN-H2",
        culprit: Culprit::Server,
        title: "The front end wants HTTP/2",
        mechanism: "hellos that do not offer h2 are refused",
        evidence: "alert 120, or a close, to hellos without h2, and none to the one with it",
        raise: "nothing; the alert says it",
        fix: "The server's owner: SSTP is HTTP/1.1; let the front end take it on this host.",
        explains: &["TLS-ALPN-FILTER", "TLS-FINGERPRINT-FILTER", "TLS-DPI-BLOCK"],
        look: wants_h2,
        ..TLS
    },
    Row {
        id: "TLS-FINGERPRINT-FILTER",
        title: "It goes by the client's TLS library whether a hello passes",
        mechanism: "a filter knows clients by what their hello offers",
        evidence: "some shapes of hello are cut without a word in eight rounds, others never, with the same name at the same address",
        most: Level::Probable,
        raise: "the same shapes towards the control server; captures of both",
        fix: "The firewall's owner: one kind of client is cut and another is not; show both captures; update its list of clients.",
        look: shape::by_shape,
        ..TLS
    },
    Row {
        id: "TLS-SPLIT-HELLO-CUT",
        severity: Severity::Warn,
        title: "A hello in two segments is cut",
        mechanism: "a box does not put segments together, and cuts what it cannot read",
        evidence: "the same hello passes in one segment and is cut in two, every time",
        most: Level::Probable,
        raise: "a look from elsewhere",
        fix: "The owner of the box: long hellos (post-quantum keys) come in two segments; it has to put them together.",
        explains: &["TLS-FINGERPRINT-FILTER"],
        look: shape::split_cut,
        ..TLS
    },
    Row {
        id: "PATH-CONNECTION-LIMIT",
        severity: Severity::Warn,
        title: "Several connections at the same time are cut",
        mechanism: "a box counts connections of one client",
        evidence: "one connection works every time, a dozen at a time do not, and neither do a dozen that are made slowly and kept",
        most: Level::Probable,
        raise: "the same towards the control server",
        fix: "The owner of the firewall: raise the number of connections for one client; a tunnel beside a browser reaches it.",
        look: |view| limits::at_once(view).map(|hit| unasked::in_a_crowd(view, hit)),
        ..TLS
    },
    Row {
        id: "TLS-PLAIN-ANSWER",
        title: "The hello is answered with something that is no TLS",
        mechanism: "a page in the clear in place of the handshake",
        evidence: "plain HTTP in answer to every ClientHello, and TLS works from elsewhere",
        most: Level::Probable,
        raise: "a look from elsewhere with --reference",
        fix: "The firewall's owner: the text that came names the rule; allow this host.",
        look: plain_answer,
        ..TLS
    },
    Row {
        id: "TLS-PLAINTEXT-PORT",
        culprit: Culprit::Server,
        title: "The port does not speak TLS",
        mechanism: "whoever listens answers hellos in the clear",
        evidence: "every hello of every kind is answered with something that is no TLS, and from nowhere TLS is known to work",
        most: Level::Probable,
        raise: "a look from elsewhere with --reference; a control server with --control: is it answered in the clear as well?",
        fix: "The server's owner: does the gateway listen on another port? If a front ends TLS for it: give that front's port.",
        look: no_tls,
        ..TLS
    },
    Row {
        id: "TLS-DPI-BLOCK",
        title: "Connections are cut when TLS begins",
        mechanism: "whatever the hello says, it is cut",
        evidence: "TCP connects, every hello of every kind is cut without a word, and TLS works from elsewhere or with the control",
        most: Level::Probable,
        raise: "hop by hop: where the hello is cut shows at a limited time to live; a look from elsewhere",
        fix: "The firewall's owner: TLS to this address is cut after the first message; allow it.",
        explains: &["TLS-FINGERPRINT-FILTER"],
        look: all_cut,
        ..TLS
    },
];

const TLS: Row = Row { layer: Layer::Tls, ..Row::ROW };

pub(super) fn how(view: &View<'_>, arm: Arm) -> String {
    view.ending(arm).map(Ending::word).unwrap_or_default()
}

fn by_port(view: &View<'_>) -> Option<Hit> {
    let mut ports: BTreeMap<u64, (usize, usize)> = BTreeMap::new();
    for trial in view.trials(Arm::HelloFromPort) {
        let tally = ports.entry(trial.saw.value?).or_default();
        if trial.passed() { tally.0 += 1 } else { tally.1 += 1 }
    }
    let stable = ports.values().all(|(passed, failed)| *passed == 0 || *failed == 0);
    let listed = |fails: bool| ports.iter().filter(|row| (row.1.1 > 0) == fails).map(|row| row.0.to_string()).collect::<Vec<_>>();
    let (bad, good) = (listed(true), listed(false));
    let rounds = ports.values().map(|tally| tally.0 + tally.1).min().unwrap_or(0);
    (stable && !bad.is_empty() && !good.is_empty() && view.tally(Arm::HelloNamed).passed > 0).then(|| {
        let level = if rounds >= 3 { Level::Probable } else { Level::Suspected };
        Hit::new(level, format!("in {rounds} rounds hellos from ports {} always failed, from {} never", bad.join(", "), good.join(", ")))
    })
}

fn erratic(view: &View<'_>) -> Option<Hit> {
    let arms = [
        Arm::HelloNamed,
        Arm::HelloNameless,
        Arm::HelloOtherName,
        Arm::HelloOtherCase,
        Arm::HelloSplit,
        Arm::Tls,
        Arm::HelloFromPort,
        Arm::HelloAlpn,
    ];
    let restless = |arm: &&Arm| {
        let tally = view.tally(**arm);
        let all = tally.passed + tally.failed;
        all >= 3 && tally.passed * 5 >= all && tally.failed * 5 >= all
    };
    let count = arms.iter().filter(restless).count();
    let worst = arms.iter().filter(restless).max_by_key(|arm| view.tally(**arm).failed);
    let Some(worst) = worst.filter(|_| count >= 3) else { return scattered(view) };
    let says = format!("the same {} failed {} times, and {} other kinds came and went alike", worst.id(), view.of_all(*worst), count - 1);
    Some(Hit::new(Level::Probable, says))
}

/// Connections that are cut here and there before TLS is up, each of a kind that came through at other times. Lost packets make no resets.
fn scattered(view: &View<'_>) -> Option<Hit> {
    let mut kinds: BTreeMap<Arm, (usize, usize)> = BTreeMap::new();
    let single = |trial: &&Trial| trial.arm.layer() >= Layer::Tls && trial.arm != Arm::Together && trial.round < super::view::SEARCHES;
    for trial in view.trail.trials.iter().filter(single) {
        let tally = kinds.entry(trial.arm).or_default();
        match trial.ending {
            Ending::Reset | Ending::Closed if trial.reached == Some(Layer::Tcp) => tally.1 += 1,
            _ if trial.reached >= Some(Layer::Tls) => tally.0 += 1,
            _ => {}
        }
    }
    let hit: Vec<(usize, usize)> = kinds.values().copied().filter(|tally| tally.1 > 0).collect();
    let failed: usize = hit.iter().map(|tally| tally.1).sum();
    let all: usize = failed + kinds.values().map(|tally| tally.0).sum::<usize>();
    let at_random = hit.len() >= 2 && hit.iter().all(|tally| tally.0 > 0) && failed >= 3 && failed * 20 >= all;
    at_random.then(|| {
        let says =
            format!("{failed} of {all} connections of {} kinds were cut, and every kind of them came through at other times", hit.len());
        Hit::new(if failed >= 4 { Level::Probable } else { Level::Suspected }, says)
    })
}

fn residual(view: &View<'_>) -> Option<Hit> {
    let searched: Vec<&Trial> = view.trail.trials.iter().filter(|trial| trial.round >= super::view::SEARCHES).collect();
    let mut turns = Vec::new();
    for (place, trial) in searched.iter().enumerate().filter(|row| row.1.arm == Arm::HelloNamed && !row.1.passed()) {
        let before = searched.get(..place)?.iter().rev().find(|other| other.arm == Arm::HelloNameless)?;
        let after = searched.get(place + 1..)?;
        let next = after.first()?;
        let opens = after.iter().find(|other| other.passed());
        if let Some(opens) = opens.filter(|_| before.passed() && next.arm == Arm::HelloNameless && !next.passed()) {
            turns.push((opens.at - trial.at).duration());
        }
    }
    let longest = turns.iter().max()?;
    let level = if turns.len() >= 2 { Level::Probable } else { Level::Suspected };
    let says = format!("{} times a hello with the name was cut and then everything, for up to {:.1} s", turns.len(), longest.as_secs_f64());
    Some(Hit::new(level, says))
}

fn by_name(view: &View<'_>) -> Option<Hit> {
    if !view.cut(Arm::HelloNamed) || !view.connected(Arm::HelloNamed) {
        return None;
    }
    let others = [Arm::HelloNameless, Arm::HelloOtherName];
    let best = others.into_iter().filter(|arm| view.open(*arm)).find_map(|arm| view.contrast(arm, Arm::HelloNamed).level(3))?;
    let everywhere = view.cut(Arm::HelloToControl) && view.open(Arm::TlsControl);
    let level = if everywhere && best == Level::Probable { Level::Confirmed } else { best };
    let mut says = format!(
        "{} hellos with the name ended in {}; with another name or none they pass",
        view.of_all(Arm::HelloNamed),
        how(view, Arm::HelloNamed)
    );
    if everywhere {
        says += "; the name is cut at the control server's address too";
    }
    if view.open(Arm::HelloOtherCase) {
        says += "; in the other case it passes";
    }
    if view.open(Arm::HelloSplit) {
        says += "; in two segments it passes";
    }
    if !view.open(Arm::HelloToControl) {
        return Some(Hit::new(level, says));
    }
    // Whoever read the name on the way would cut it towards the control server as well, unless it goes by both.
    let hit = Hit::new(level, says + "; to the control server's address the name passes").raised_by(ELSEWHERE);
    let on_the_way = place(view).is_some_and(|place| !place.server);
    Some(match view.works_elsewhere(Layer::Tls) || on_the_way {
        true => hit.or_else("the server's front, which takes this name from other networks only").in_words(
            "a filter reads the name in the ClientHello, and cuts it at this address alone",
            "The firewall's owner: allow this name at this address.",
        ),
        false => hit.of(Culprit::Server).or_else("a filter on the way that cuts this name at this address alone").in_words(
            "the server's front, or a box before it, refuses the name in the ClientHello",
            "The server's owner: does the front serve this name? If it does: a filter reads names on the way to this address; its owner: allow this one.",
        ),
    })
}

fn name_wanted(view: &View<'_>) -> Option<Hit> {
    if !view.cut(Arm::HelloNameless) || !view.open(Arm::HelloNamed) {
        return None;
    }
    let level = view.contrast(Arm::HelloNamed, Arm::HelloNameless).level(3)?;
    Some(
        Hit::new(
            level,
            format!(
                "{} hellos without a name ended in {}; with one they pass",
                view.of_all(Arm::HelloNameless),
                how(view, Arm::HelloNameless)
            ),
        )
        .or_else("the server's own front"),
    )
}

fn wants_h2(view: &View<'_>) -> Option<Hit> {
    let refused = view.shut(Arm::HelloNamed) && view.shut(Arm::HelloAlpn) && view.open(Arm::HelloBrowser);
    let alert = view.ending(Arm::HelloNamed) == Some(&Ending::Alert(NO_APPLICATION_PROTOCOL));
    let chosen = view.trials(Arm::HelloBrowser).any(|trial| trial.saw.alpn.as_deref() == Some("h2"));
    (refused && (alert || chosen)).then(|| {
        let how = if alert { "alert no_application_protocol".to_string() } else { how(view, Arm::HelloNamed) };
        Hit::new(
            if alert { Level::Confirmed } else { Level::Probable },
            format!("{} hellos without h2 ended in {how}; the one that offers h2 passes", view.of_all(Arm::HelloNamed)),
        )
    })
}

fn plain_answer(view: &View<'_>) -> Option<Hit> {
    let everybody = in_the_clear(view, Arm::TlsControl);
    let plain = in_the_clear(view, Arm::Tls) && (view.works_elsewhere(Layer::Tls) || everybody);
    let beside = if everybody { "; so is the one to the control server" } else { "" };
    plain.then(|| Hit::new(Level::Probable, format!("the hello is answered with {:?}{beside}", first_line(view))))
}

/// Every handshake of the arm was answered with something that is no TLS.
fn in_the_clear(view: &View<'_>, arm: Arm) -> bool {
    view.shut(arm) && view.trials(arm).all(|trial| trial.ending == Ending::NotTls)
}

/// Of what came in place of TLS.
fn first_line(view: &View<'_>) -> String {
    let text = view.trials(Arm::Tls).find_map(|trial| trial.saw.body.clone()).unwrap_or_default();
    text.lines().next().unwrap_or_default().chars().take(MOST_SHOWN).collect()
}

fn no_tls(view: &View<'_>) -> Option<Hit> {
    let tried: Vec<Arm> = HELLOS.into_iter().filter(|arm| view.trials(*arm).next().is_some()).collect();
    let all = tried.len() >= 2 && in_the_clear(view, Arm::Tls) && tried.iter().all(|arm| in_the_clear(view, *arm));
    let here = view.works_elsewhere(Layer::Tls) || in_the_clear(view, Arm::TlsControl);
    (all && !here).then(|| {
        let level = if view.tally(Arm::Tls).failed >= 3 { Level::Probable } else { Level::Suspected };
        let control = if view.open(Arm::TlsControl) { "; the control server speaks TLS" } else { "" };
        let says = format!("{} hellos of {} kinds were answered with {:?}{control}", view.of_all(Arm::Tls), tried.len(), first_line(view));
        Hit::new(level, says).or_else("a box on the way that answers in the clear in the server's name")
    })
}

fn all_cut(view: &View<'_>) -> Option<Hit> {
    let tried: Vec<Arm> = HELLOS.into_iter().filter(|arm| view.trials(*arm).next().is_some()).collect();
    // Words in the clear are no silence, and what did not connect drew nothing by its hello.
    let cut = |arm: &Arm| view.cut(*arm) && view.connected(*arm) && view.trials(*arm).any(|trial| trial.ending.is_wordless());
    let all = tried.len() >= 2 && tried.iter().all(cut) && !view.works_only_short() && view.tally(Arm::Tcp).passed > 0;
    all.then(|| {
        let elsewhere = view.works_elsewhere(Layer::Tls);
        let place = place(view);
        // Before the server's own hop it is somebody else's doing.
        let on_the_way = place.is_some_and(|place| !place.server);
        let servers = !on_the_way && (place.is_some() || from_as_far(view));
        let known = elsewhere || view.open(Arm::TlsControl);
        let told = elsewhere || known && (on_the_way || servers);
        let level = if told && view.tally(Arm::HelloNamed).failed.max(view.tally(Arm::Tls).failed) >= 3 {
            Level::Probable
        } else {
            Level::Suspected
        };
        let hit = Hit::new(
            level,
            format!(
                "TCP connects, and {} hellos of {} kinds ended in {}",
                view.of_all(Arm::HelloNamed),
                tried.len(),
                how(view, Arm::HelloNamed)
            ),
        );
        let silent = view.silent(Arm::HelloNamed);
        match () {
            () if elsewhere || on_the_way => hit.or_else(OWN_BAN),
            // From here the one looks like the other, and a server is no less likely to be broken.
            () if servers || known && !silent => hit.of(Culprit::Server).raised_by(ELSEWHERE).or_else(BEFORE_IT).in_words(
                "the server or its front ends every connection at its first message, or a firewall before it does",
                "The server's owner: does the service behind this port run, and has it a certificate for this name? If so: a firewall before it cuts TLS to this address; its owner: allow it.",
            ),
            () => hit.or_else("the server is broken, or its front refuses every hello"),
        }
    })
}

/// What tells a server that refuses from a filter before it.
const ELSEWHERE: &str = "a look from elsewhere with --reference; a witness at the server";
/// What looks like a server that refuses every hello.
const BEFORE_IT: &str = "a firewall before it that cuts every hello to this address";
/// Connections that are made while few others are.
pub(super) const SINGLE: [Arm; 8] = [
    Arm::Tls,
    Arm::TlsShort,
    Arm::HelloNamed,
    Arm::HelloNameless,
    Arm::HelloOtherName,
    Arm::HelloOtherCase,
    Arm::HelloSplit,
    Arm::HelloWindows,
];
/// What cannot be excluded where everything is cut.
const OWN_BAN: &str = "a ban that these very connections drew: --gentle after a quarter of an hour tells";
/// Kinds of hello that make up every hello.
const HELLOS: [Arm; 6] = [Arm::Tls, Arm::HelloNamed, Arm::HelloNameless, Arm::HelloOtherName, Arm::Hello12, Arm::HelloBrowser];
/// Ours: characters of an answer that are shown.
const MOST_SHOWN: usize = 80;
/// RFC 7301 3.2.
const NO_APPLICATION_PROTOCOL: u8 = 120;
