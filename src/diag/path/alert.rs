//! TLS alerts that go by the name.

use super::{Culprit, Hit, Level, Row, View};
use crate::base::Layer;
use crate::transcript::trial::{Arm, Ending};

pub(super) const ROWS: &[Row] = &[Row {
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
}];

/// The alert that every hello of the arm got.
fn alert(view: &View<'_>, arm: Arm) -> Option<u8> {
    let Some(Ending::Alert(number)) = view.ending(arm) else { return None };
    let all = view.shut(arm) && view.trials(arm).all(|trial| trial.ending == Ending::Alert(*number));
    all.then_some(*number)
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
