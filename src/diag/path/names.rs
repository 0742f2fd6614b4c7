//! Names, and the addresses that they lead to.

use super::lower::listed;
use super::{Culprit, Hit, Level, Row, View};
use crate::base::Layer;
use crate::transcript::trial::{Arm, Ending, Trial};
use std::net::IpAddr;

pub(super) const NAMES: &[Row] = &[
    Row {
        id: "DNS-PRIVATE-ADDRESS",
        title: "Resolvers disagree whether the server has a private address",
        culprit: Culprit::LocalNetwork,
        mechanism: "split DNS, a rebinding answer, or a resolver that withholds private addresses",
        evidence: "one resolver gives private addresses only, another public ones or none; the server does not prove its name at the first one's",
        most: Level::Probable,
        raise: "ask the zone's owner which address is meant here",
        fix: "The network's resolver: is this name meant to lead inside? Then the server is not there; else take the answer out. If it withholds private addresses (rebinding protection): except this name.",
        explains: &["DNS-TAMPERED", "TCP-FILTERED", "TCP-REFUSED", "TCP-ICMP-REJECT", "IP-FILTER", "NET-NO-WAY-OUT"],
        look: private,
        ..Row::ROW
    },
    Row {
        id: "DNS-TAMPERED",
        title: "The resolver lies about the server's name",
        culprit: Culprit::LocalNetwork,
        mechanism: "the network's resolver gives another address than others do, or none",
        evidence: "resolvers differ; the server is at the others' address and not at the first one's",
        raise: "ask the zone's owner for the address, and give it with --reference",
        fix: "The network's resolver has to give the address that the owner publishes. Its operator: is this name filtered, or meant to differ inside?",
        explains: &[
            "TCP-REFUSED-HERE",
            "TCP-REFUSED",
            "TCP-FILTERED",
            "IP-FILTER",
            "TLS-DPI-BLOCK",
            "TCP-ICMP-REJECT",
            "BIND-TLS-INSPECTION",
            "CERT-VANTAGE-DIFF",
        ],
        look: tampered,
        ..Row::ROW
    },
    Row {
        id: "TCP-ADDRESS-DEAD",
        layer: Layer::Tcp,
        title: "One of the server's addresses is dead, another works",
        culprit: Culprit::Server,
        mechanism: "the name has several addresses, and the first of them does not answer",
        evidence: "no connection to the first address, TLS at a further address of the same answer",
        most: Level::Probable,
        raise: "a look from elsewhere with --reference: is the address dead there too?",
        fix: "The server's owner: take the dead address out of DNS, or bring its server back. Clients that try one address only do not connect.",
        explains: &["TCP-REFUSED-HERE", "TCP-REFUSED", "TCP-FILTERED", "IP-FILTER", "TCP-ICMP-REJECT", "NET-NO-WAY-OUT", "DNS-TAMPERED"],
        look: dead_address,
        ..Row::ROW
    },
];

fn tampered(view: &View<'_>) -> Option<Hit> {
    let first: Vec<IpAddr> = view.trials(Arm::DnsSystem).flat_map(|trial| trial.saw.addresses.clone()).collect();
    let known = view.reference().map(|reference| reference.addresses.as_slice()).unwrap_or_default();
    let others: Vec<IpAddr> =
        view.trials(Arm::DnsResolver).flat_map(|trial| trial.saw.addresses.clone()).filter(|address| !first.contains(address)).collect();
    let denied = first.is_empty() && view.trials(Arm::DnsSystem).any(|trial| trial.ending == Ending::NoSuchName);
    let differs = !first.is_empty() && first.iter().all(|address| !known.contains(address) || known.is_empty());
    if others.is_empty() || !(denied || differs) {
        return None;
    }
    let right = if denied {
        view.trials(Arm::Tls).find(|trial| proved(view, trial))
    } else {
        view.trials(Arm::TlsElsewhere).find(|trial| proved(view, trial))
    };
    let wrong = !view.trials(Arm::Tls).any(|trial| proved(view, trial)) || denied;
    // Without a proof two sets of addresses are two sets of addresses, as large services have them.
    let in_reference = others.iter().any(|address| known.contains(address));
    // Nobody is at the first one's addresses, and at the other one's somebody speaks TLS.
    let works = !view.proxied() && view.shut(Arm::Tcp) && view.tally(Arm::TlsElsewhere).passed > 0;
    let level = match (right.is_some() && wrong, in_reference || works) {
        (true, _) => Level::Confirmed,
        (false, true) if wrong => Level::Probable,
        _ => return None,
    };
    let said = if denied { "says that the name does not exist".to_string() } else { format!("gives {}", listed(&first)) };
    let proof = match () {
        () if right.is_some() => ", where the server proves its name",
        () if works => ", where TLS works; at the first one's it does not even connect",
        () => "",
    };
    Some(Hit::new(level, format!("the network's resolver {said}; another one gives {}{proof}", listed(&others))))
}

/// The server proved who it is: by a trusted certificate, or by the one known from elsewhere.
pub(super) fn proved(view: &View<'_>, trial: &Trial) -> bool {
    let known = view.reference().and_then(|reference| reference.sha256.as_deref());
    trial.saw.cert.as_ref().is_some_and(|cert| cert.trusted || known == Some(cert.sha256.as_str()))
}

/// The first address is dead, and a further one of the same answer is not.
fn dead_address(view: &View<'_>) -> Option<Hit> {
    let alive = view.trials(Arm::TlsOtherAddress).find(|trial| trial.passed()).and_then(|trial| trial.saw.to)?;
    let dead = view.trials(Arm::Tcp).find_map(|trial| trial.saw.to)?;
    let how = view.ending(Arm::Tcp)?.word();
    (view.shut(Arm::Tcp) && !view.proxied()).then(|| {
        let says =
            format!("{} connections to {dead} ended in {how}; at {alive}, which is in the same answer, TLS works", view.of_all(Arm::Tcp));
        Hit::new(Level::Probable, says).or_else("a filter on the way that stops this address alone")
    })
}

/// RFC 1918, RFC 4193, RFC 6598: addresses that lead nowhere outside. Loopback is a machine's own business.
fn is_private(address: &IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_private() || v4.is_link_local() || v4.octets()[0] == 100 && v4.octets()[1] & 0xc0 == 64,
        IpAddr::V6(v6) => v6.segments()[0] & 0xfe00 == 0xfc00 || v6.segments()[0] & 0xffc0 == 0xfe80,
    }
}

fn private(view: &View<'_>) -> Option<Hit> {
    let of = |arm: Arm| view.trials(arm).flat_map(|trial| trial.saw.addresses.clone()).collect::<Vec<IpAddr>>();
    let (first, others) = (of(Arm::DnsSystem), of(Arm::DnsResolver));
    let only = |all: &[IpAddr]| !all.is_empty() && all.iter().all(is_private);
    let proves = view.trials(Arm::Tls).any(|trial| proved(view, trial));
    if only(&first) && others.iter().any(|address| !is_private(address)) && !proves {
        let says = format!(
            "the network's resolver gives {}, another one {}; the server does not prove its name there",
            listed(&first),
            listed(&others)
        );
        let level = if view.tally(Arm::Tls).failed + view.tally(Arm::Tcp).failed >= 2 { Level::Probable } else { Level::Suspected };
        return Some(Hit::new(level, says));
    }
    // A lost answer says nothing: it has to say that there is none.
    let denials = view.trials(Arm::DnsSystem).filter(|trial| trial.ending == Ending::NoSuchName).count();
    let withheld = first.is_empty() && denials > 0 && only(&others);
    withheld.then(|| {
        let says = format!(
            "the network's resolver gives no address, another one gives {}: private ones, which some resolvers withhold",
            listed(&others)
        );
        Hit::new(if denials >= 2 { Level::Probable } else { Level::Suspected }, says).in_words(
            "the resolver gives no address where others give private ones: it withholds them, or the zone is known inside only",
            "The network's resolver: if it withholds private addresses (rebinding protection), except this name. If the name is meant to lead inside, ask the resolver of that network.",
        )
    })
}
