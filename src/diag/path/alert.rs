//! TLS alerts that go by the name.

use super::{Culprit, Hit, Level, Row, View};
use crate::base::Layer;
use crate::diag::codes;
use crate::transcript::trial::{Arm, Ending};

pub(super) const ROWS: &[Row] = &[ALERTED, SNI_ALERTED];

const ALERTED: Row = Row {
    id: "TLS-ALERTED",
    layer: Layer::Tls,
    culprit: Culprit::Server,
    title: "Every hello is answered with an alert",
    mechanism: "the server, or its front, says that it will not go on with the handshake",
    evidence: "every whole handshake and every hello with the name gets an alert, and so does every hello with another name or none",
    most: Level::Probable,
    raise: "a look from elsewhere with --reference; a witness at the server: did it send this alert?",
    fix: "The server's owner: the log names the handshake that was refused; which names does this port serve, with which certificate and versions?",
    explains: &["TLS-FINGERPRINT-FILTER", "TLS-VERSION-FILTER", "TLS-SPLIT-HELLO-CUT", "PATH-CONNECTION-LIMIT"],
    look: all_alerted,
    ..Row::ROW
};

const SNI_ALERTED: Row = Row {
    id: "TLS-SNI-ALERTED",
    layer: Layer::Tls,
    title: "Hellos with the server's name are answered with an alert",
    mechanism: "a filter reads the name in the ClientHello and sends an alert in the server's name",
    evidence: "hellos with the name get an alert every time, without it or with another one they pass at the same address; from elsewhere the server takes the name",
    most: Level::Probable,
    raise: "a look from elsewhere with --reference; a witness at the server: did it send this alert?",
    fix: "The firewall's owner: allow this name. The server's owner: the log tells whether this alert is the server's own.",
    explains: &["TLS-FINGERPRINT-FILTER", "TLS-SPLIT-HELLO-CUT", "TLS-VERSION-FILTER", "PATH-CONNECTION-LIMIT"],
    look: alerted,
    ..Row::ROW
};

/// The alert that every hello of the arm got.
fn alert(view: &View<'_>, arm: Arm) -> Option<u8> {
    let Some(Ending::Alert(number)) = view.ending(arm) else { return None };
    let all = view.shut(arm) && view.trials(arm).all(|trial| trial.ending == Ending::Alert(*number));
    all.then_some(*number)
}

/// Number and name. RFC 8446 6.
fn named(number: u8) -> String {
    let row = codes::by_number(u32::from(number)).find(|code| code.family == codes::Family::TlsAlert);
    row.map_or(format!("alert {number}"), |row| format!("alert {number} ({})", row.name))
}

/// Every arm that was tried got alerts and nothing else.
fn only_alerts(view: &View<'_>, arm: Arm) -> bool {
    view.trials(arm).all(|trial| matches!(trial.ending, Ending::Alert(_)))
}

fn all_alerted(view: &View<'_>) -> Option<Hit> {
    let number = alert(view, Arm::HelloNamed)?;
    let others = [Arm::HelloNameless, Arm::HelloOtherName, Arm::HelloBrowser, Arm::HelloWindows, Arm::HelloSplit];
    let all = view.shut(Arm::Tls) && only_alerts(view, Arm::Tls) && others.into_iter().all(|arm| only_alerts(view, arm));
    if !all {
        return None;
    }
    let (control, elsewhere) = (view.open(Arm::TlsControl), view.works_elsewhere(Layer::Tls));
    let beside = if control { "; the control server speaks TLS" } else { "" };
    let says = format!("{} hellos, and every other one, got {}{beside}", view.of_all(Arm::HelloNamed), named(number));
    let level = if view.tally(Arm::HelloNamed).failed >= 3 || elsewhere { Level::Probable } else { Level::Suspected };
    let hit = Hit::new(level, says).or_else("a filter that sends alerts in the server's name");
    let hit = match number {
        UNRECOGNIZED_NAME => hit.in_words(
            "the server, or its front, says that it does not serve this name",
            "The server's owner: give the front a certificate for this name. This machine's owner: is the name spelled as the server's owner gave it?",
        ),
        HANDSHAKE_FAILURE => hit.in_words(
            "the server, or its front, says that it has nothing in common with the hello, or no certificate for it",
            "The server's owner: has the front a certificate for this name, and does it reject handshakes on purpose? Else: which suites does it take?",
        ),
        PROTOCOL_VERSION => hit.in_words(
            "the server says that it speaks no version of TLS that is offered",
            "The server's owner: let it speak TLS 1.2 or 1.3.",
        ),
        _ => hit,
    };
    Some(if elsewhere { hit.of(Culprit::Way).or_else("a server that takes other networks only, or changed since") } else { hit })
}

fn alerted(view: &View<'_>) -> Option<Hit> {
    let number = alert(view, Arm::HelloNamed)?;
    let others = [Arm::HelloNameless, Arm::HelloOtherName].into_iter().filter(|arm| view.open(*arm));
    let level = others.filter_map(|arm| view.contrast(arm, Arm::HelloNamed).level(3)).max()?;
    let everywhere = alert(view, Arm::HelloToControl) == Some(number) && view.open(Arm::TlsControl);
    let mut says = format!("{} hellos with the name got alert {number}; with another name or none they pass", view.of_all(Arm::HelloNamed));
    if everywhere {
        says += "; the control server's address answers the name with the same alert";
    }
    if view.works_elsewhere(Layer::Tls) {
        return Some(Hit::new(level, says + "; from elsewhere the server takes the name").or_else("a server that changed since"));
    }
    let hit = Hit::new(Level::Suspected, says);
    Some(match everywhere {
        true => hit.or_else("two servers that do not know the name"),
        false => hit.of(Culprit::Server).or_else("a filter that sends alerts in the server's name").in_words(
            "the server, or somebody in its name, takes every name but this one",
            "The server's owner: does it know this name? If it does: a filter on the way answers in its name; allow the name there.",
        ),
    })
}

/// RFC 6066 3.
const UNRECOGNIZED_NAME: u8 = 112;
/// RFC 8446 6.2.
const HANDSHAKE_FAILURE: u8 = 40;
/// RFC 8446 6.2.
const PROTOCOL_VERSION: u8 = 70;
