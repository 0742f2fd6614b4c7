//! What resolvers say, or do not say.

use super::lower::listed;
use super::names::proved;
use super::{Culprit, Hit, Level, Row, View};
use crate::base::Layer;
use crate::diag::check::Severity;
use crate::transcript::trial::{Arm, Ending, Trial};
use std::net::IpAddr;

pub(super) const ROWS: &[Row] = &[
    Row {
        id: "DNS-CAPTIVE-HIJACK",
        title: "Every name leads to one address",
        culprit: Culprit::LocalNetwork,
        mechanism: "the network's resolver gives one address for names that nobody has",
        evidence: "a name under .invalid, which cannot exist, has an address; the target has the same one, or one at which it is not",
        raise: "log in to the network and try again",
        fix: "The network waits for a login. Its user: open a browser, log in, dial again.",
        explains: &[
            "DNS-TAMPERED",
            "TCP-REFUSED-HERE",
            "TCP-REFUSED",
            "TCP-FILTERED",
            "IP-FILTER",
            "NET-NO-WAY-OUT",
            "TLS-DPI-BLOCK",
            "BIND-TLS-INSPECTION",
        ],
        look: everything_resolves,
        ..Row::ROW
    },
    Row {
        id: "DNS-NXDOMAIN-REWRITTEN",
        severity: Severity::Note,
        title: "The resolver gives an address for names that do not exist",
        culprit: Culprit::LocalNetwork,
        mechanism: "the resolver answers for what does not exist with the address of a page of its own",
        evidence: "a name under .invalid, which cannot exist, has an address, and the target is where its own address leads",
        raise: "nothing; the answer shows it",
        fix: "Nobody has to change anything for this server. The resolver's operator: an error has to stay an error; a mistyped name leads to a stranger.",
        look: rewritten,
        ..Row::ROW
    },
    Row {
        id: "DNS-RESOLVER-FAILS",
        title: "The network's resolver gives no answer for the server's name",
        culprit: Culprit::LocalNetwork,
        mechanism: "the resolver is silent, is not there, refuses, fails, or answers with something that is no DNS",
        evidence: "no question for the name is answered with an address or with the word that there is none, every time",
        most: Level::Probable,
        raise: "another resolver with --resolver; a name that nobody has: is that answered?",
        fix: "The resolver's operator, or whoever gave this machine its address: repair it, or hand out another one. Until then: --resolve, or another resolver.",
        look: no_answer,
        ..Row::ROW
    },
    Row {
        id: "DNS-NXDOMAIN",
        title: "The server's name has no address",
        culprit: Culprit::Server,
        mechanism: "every resolver that was asked says that there is no such name, or no address for it",
        evidence: "the network's resolver says so, and no other one gives an address",
        most: Level::Probable,
        raise: "another resolver with --resolver, a look from elsewhere with --reference",
        fix: "This machine's owner: is the name spelled as the server's owner gave it? The zone's owner: does it have an address record?",
        look: no_such_name,
        ..Row::ROW
    },
];

/// The server was met where the network's resolver says that it is.
fn met(view: &View<'_>) -> bool {
    view.trials(Arm::Tls).any(|trial| proved(view, trial))
}

/// Addresses of the target, of a name that nobody has, and whether they share one.
fn nobodys(view: &View<'_>) -> Option<(String, bool)> {
    let nobody = view.trials(Arm::DnsRandom).find(|trial| trial.passed())?;
    let shared = |address: &IpAddr| nobody.saw.addresses.contains(address);
    let same = view.trials(Arm::DnsSystem).any(|trial| trial.saw.addresses.iter().any(shared));
    Some((listed(&nobody.saw.addresses), same))
}

/// Whether the answers about what does not exist have to do with the target: the sameness of both, or where the target is not.
fn hijacked(view: &View<'_>, same: bool) -> Option<Level> {
    let own: Vec<IpAddr> = view.trials(Arm::DnsSystem).flat_map(|trial| trial.saw.addresses.clone()).collect();
    let known = view.reference().map(|reference| reference.addresses.as_slice()).unwrap_or_default();
    let named = own.iter().any(|address| known.contains(address));
    match (met(view), same) {
        (true, _) => None,
        (false, true) => Some(Level::Confirmed),
        _ if own.is_empty() || named || view.tally(Arm::Call).passed > 0 => None,
        _ if known.is_empty() => Some(Level::Suspected),
        _ => Some(Level::Probable),
    }
}

fn everything_resolves(view: &View<'_>) -> Option<Hit> {
    let (addresses, same) = nobodys(view)?;
    let level = hijacked(view, same)?;
    let also = if same { ", which the server's name gets too" } else { "; the server is not where its name leads" };
    Some(Hit::new(level, format!("a name that nobody can have has the address {addresses}{also}")))
}

fn rewritten(view: &View<'_>) -> Option<Hit> {
    let (addresses, same) = nobodys(view)?;
    let own = if same { "the server's name has it too, and the server is there" } else { "the server's name has its own" };
    let says = format!("a name that nobody can have has the address {addresses}; {own}");
    hijacked(view, same).is_none().then(|| Hit::new(Level::Confirmed, says))
}

/// It says nothing about the name, not even that there is none.
fn dumb(trial: &Trial) -> bool {
    !trial.passed() && trial.ending != Ending::NoSuchName
}

fn no_answer(view: &View<'_>) -> Option<Hit> {
    let tally = view.tally(Arm::DnsSystem);
    if tally.failed == 0 || !view.trials(Arm::DnsSystem).all(dumb) {
        return None;
    }
    let says = format!("{} questions for the name ended in {}", view.of_all(Arm::DnsSystem), how(view, Arm::DnsSystem));
    let nobody = view.trials(Arm::DnsRandom).next();
    let answers_others = nobody.is_some_and(|trial| !dumb(trial));
    let others: Vec<IpAddr> = view.trials(Arm::DnsResolver).flat_map(|trial| trial.saw.addresses.clone()).collect();
    let beside = match nobody {
        Some(trial) if dumb(trial) => "; so do those for another name".to_string(),
        Some(_) => "; those for another name are answered".to_string(),
        None => String::new(),
    };
    if !others.is_empty() {
        let level = if tally.failed >= 2 { Level::Probable } else { Level::Suspected };
        return Some(Hit::new(level, format!("{says}{beside}; another resolver gives {}", listed(&others))));
    }
    let everywhere = view.trials(Arm::DnsResolver).next().is_some() && view.trials(Arm::DnsResolver).all(dumb);
    if everywhere && answers_others {
        let says = format!("{says}{beside}; other resolvers have no answer either ({})", how(view, Arm::DnsResolver));
        return Some(Hit::new(Level::Suspected, says).of(Culprit::Server).or_else("resolvers that filter this name").in_words(
            "the name servers of the name's own zone do not answer, or not validly",
            "The zone's owner: do its name servers answer, and is its DNSSEC valid? The network's resolver: is the name filtered?",
        ));
    }
    Some(Hit::new(Level::Suspected, format!("{says}{beside}")).or_else("the name servers of the name's own zone"))
}

/// The commonest ending, in the resolver's words if it had any.
fn how(view: &View<'_>, arm: Arm) -> String {
    match view.ending(arm) {
        Some(Ending::Broken(says)) => says.trim_start_matches("the server answered with ").to_string(),
        Some(Ending::Refused) => "ICMP: nobody listens there".into(),
        Some(ending) => ending.word(),
        None => String::new(),
    }
}

fn no_such_name(view: &View<'_>) -> Option<Hit> {
    let denied = view.shut(Arm::DnsSystem) && view.trials(Arm::DnsSystem).any(|trial| trial.ending == Ending::NoSuchName);
    let given = view.trials(Arm::DnsResolver).any(Trial::passed);
    if !denied || given {
        return None;
    }
    let others = view.trials(Arm::DnsResolver).filter(|trial| trial.ending == Ending::NoSuchName).count();
    let says = format!("{} questions for the name ended in {}", view.of_all(Arm::DnsSystem), Ending::NoSuchName.word());
    let known = view.reference().map(|reference| reference.addresses.as_slice()).filter(|known| !known.is_empty());
    if let Some(known) = known {
        let says = format!("{says}; from elsewhere it has the address {}", listed(known));
        return Some(Hit::new(Level::Probable, says).of(Culprit::LocalNetwork).in_words(
            "the network's resolver denies a name that exists elsewhere",
            "The network's resolver has to give the address that the owner publishes. Its operator: is this name filtered, or meant to differ inside?",
        ));
    }
    let hit = Hit::new(if others > 0 { Level::Probable } else { Level::Suspected }, says).at(Layer::Dns);
    Some(if others > 0 { hit } else { hit.or_else("a resolver that denies this name") })
}
