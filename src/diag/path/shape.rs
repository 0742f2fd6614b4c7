//! What goes by the shape of a ClientHello: its version, its extensions, its length, its segments.

use super::hello::how;
use super::{Hit, View};
use crate::transcript::trial::Arm;

/// The shapes of hello, the plain one in front.
const SHAPES: [Arm; 7] =
    [Arm::HelloNamed, Arm::Hello12, Arm::Hello13, Arm::HelloAlpn, Arm::HelloWindows, Arm::HelloBrowser, Arm::HelloPadded];

pub(super) fn by_version(view: &View<'_>) -> Option<Hit> {
    let with_13 = [Arm::HelloNamed, Arm::Hello13, Arm::HelloAlpn, Arm::HelloWindows, Arm::HelloBrowser];
    if with_13.iter().all(|arm| view.cut(*arm)) && view.open(Arm::Hello12) {
        let level = view.contrast(Arm::Hello12, Arm::HelloNamed).level(3)?;
        return Some(Hit::new(
            level,
            format!(
                "{} hellos with TLS 1.3 ended in {}; with TLS 1.2 alone they pass",
                view.of_all(Arm::HelloNamed),
                how(view, Arm::HelloNamed)
            ),
        ));
    }
    // An answer to a hello is no handshake: where no whole one comes through it does not go by the version.
    if with_13.iter().all(|arm| view.open(*arm)) && view.cut(Arm::Hello12) && view.tally(Arm::Tls).passed > 0 {
        let level = view.contrast(Arm::HelloNamed, Arm::Hello12).level(3)?;
        return Some(
            Hit::new(
                level,
                format!("{} hellos without TLS 1.3 ended in {}; with it they pass", view.of_all(Arm::Hello12), how(view, Arm::Hello12)),
            )
            .or_else("a server that ends old clients without a word"),
        );
    }
    None
}

pub(super) fn by_alpn(view: &View<'_>) -> Option<Hit> {
    let without = [Arm::HelloNamed, Arm::Hello12, Arm::Hello13, Arm::HelloWindows];
    let all = without.iter().all(|arm| view.cut(*arm)) && view.open(Arm::HelloAlpn) && view.open(Arm::HelloBrowser);
    let level = view.contrast(Arm::HelloAlpn, Arm::HelloNamed).level(3).filter(|_| all)?;
    Some(Hit::new(
        level,
        format!(
            "{} hellos without ALPN ended in {}; with http/1.1 or h2 they pass",
            view.of_all(Arm::HelloNamed),
            how(view, Arm::HelloNamed)
        ),
    ))
}

pub(super) fn by_shape(view: &View<'_>) -> Option<Hit> {
    let cut: Vec<Arm> = SHAPES.into_iter().filter(|arm| view.cut(*arm) && view.connected(*arm)).collect();
    let open: Vec<Arm> = SHAPES.into_iter().filter(|arm| view.open(*arm)).collect();
    let (first, other) = (*cut.first()?, *open.first()?);
    if view.works_only_short() || long_answers(view) || cut == [Arm::Hello13] && !view.speaks_13() {
        return None;
    }
    let level = view.contrast(other, first).level(8)?;
    let names = |arms: &[Arm]| arms.iter().map(|arm| arm.id()).collect::<Vec<_>>().join(", ");
    let says = format!("{} ended in {} every time, {} passed every time", names(&cut), how(view, first), names(&open));
    // Padding changes the length and nothing else.
    if cut.contains(&Arm::HelloPadded) && open.contains(&Arm::HelloNamed) {
        let length = view.trials(Arm::HelloPadded).find_map(|trial| trial.saw.value).unwrap_or_default();
        let says = format!("{says}; padded to {length} bytes the hello is cut that passes without: it goes by the length");
        return Some(Hit::new(level, says).in_words(BY_LENGTH.0, BY_LENGTH.1).or_else("a path that loses long packets"));
    }
    Some(Hit::new(level, says).or_else("a server that ends some clients without a word"))
}

/// The hellos that nobody answers are those whose answer is long: of TLS 1.2, with the certificate behind it, and of browsers, with a
/// post-quantum key share. And no whole handshake comes through, whose certificate is as long, in short segments neither.
pub(super) fn long_answers(view: &View<'_>) -> bool {
    let long = [Arm::Hello12, Arm::HelloBrowser];
    let short = [Arm::HelloNamed, Arm::HelloWindows, Arm::HelloAlpn, Arm::HelloPadded];
    let whole = view.silent(Arm::Tls) && (view.silent(Arm::TlsShort) || view.trials(Arm::TlsShort).next().is_none());
    whole && long.into_iter().any(|arm| view.silent(arm)) && short.into_iter().all(|arm| view.open(arm))
}

pub(super) fn split_cut(view: &View<'_>) -> Option<Hit> {
    let differs = view.open(Arm::HelloNamed) && view.cut(Arm::HelloSplit);
    let level = view.contrast(Arm::HelloNamed, Arm::HelloSplit).level(3).filter(|_| differs)?;
    Some(Hit::new(
        level,
        format!("{} hellos in two segments ended in {}; in one they pass", view.of_all(Arm::HelloSplit), how(view, Arm::HelloSplit)),
    ))
}

/// Mechanism and remedy where it goes by the length.
const BY_LENGTH: (&str, &str) = (
    "a box does not bear long hellos, such as every hello with a post-quantum key share is",
    "The owner of the box: update it; hellos of today do not fit into one packet, and it has to put them together.",
);
