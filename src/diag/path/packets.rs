//! What only packets tell: their length, resets, and their time to live.

use super::{Culprit, Hit, Level, Row, View};
use crate::base::Layer;
use crate::transcript::trial::{Arm, Ending, Hop};

pub(super) const ROWS: &[Row] = &[
    Row {
        id: "TCP-PMTU-BLACKHOLE",
        layer: Layer::Tcp,
        title: "Long packets vanish",
        mechanism: "packets above a length are dropped, and nobody says so",
        evidence: "silence where long packets are due, none where the connection has short segments",
        raise: "packets with DF of several lengths, and ICMP on a raw socket",
        fix: "The operator of the network: let ICMP 'fragmentation needed' pass, or clamp the MSS to what the path carries.",
        explains: &[
            "TLS-DPI-BLOCK",
            "TLS-FINGERPRINT-FILTER",
            "TLS-VERSION-FILTER",
            "DATA-RECORD-SIZE-FILTER",
            "DATA-BYTE-CAP",
            "HTTP-REQUEST-BUFFERED",
            "PATH-CONNECTION-LIMIT",
        ],
        look: black_hole,
        ..Row::ROW
    },
    Row {
        id: "TCP-RST-INJECTED",
        layer: Layer::Tcp,
        title: "Somebody on the way forges resets",
        mechanism: "a box that sees copies sends RST in the server's name",
        evidence: "data of the server after a reset with another time to live, or a reset together with time exceeded for the packet that drew it",
        raise: "hop by hop: the first hop at which it comes",
        fix: "The operator of the network: a device sends resets in the server's name; the report has their time to live.",
        explains: &["TCP-RST-BY-BOX"],
        look: injected,
        ..Row::ROW
    },
    Row {
        id: "TCP-RST-BY-BOX",
        layer: Layer::Tcp,
        title: "Resets come from nearer than the server",
        mechanism: "a box on the way answers in the server's name",
        evidence: "the resets have another time to live than what else comes from the server, or come although our packet cannot have reached it",
        raise: "raw sockets (CAP_NET_RAW), and hop by hop",
        fix: "The operator of the segment that is named: a device there resets connections to this server.",
        look: by_box,
        ..Row::ROW
    },
];

fn black_hole(view: &View<'_>) -> Option<Hit> {
    if view.works_only_short() {
        let level = view.contrast(Arm::TlsShort, Arm::Tls).level(3)?;
        let level = if level == Level::Probable { Level::Confirmed } else { level };
        return Some(Hit::new(level, format!("{} handshakes ended in silence; in segments of 536 bytes none did", view.of_all(Arm::Tls))));
    }
    let (plain, short) = (view.silent(Arm::Echo), view.open(Arm::EchoShortSegments));
    let size = view.trials(Arm::Echo).filter_map(|trial| trial.saw.value).max()?;
    let level = view.contrast(Arm::EchoShortSegments, Arm::Echo).level(3).filter(|_| plain && short)?;
    let level = if level == Level::Probable { Level::Confirmed } else { level };
    Some(Hit::new(level, format!("packets of {size} bytes come back, longer ones do not; in short segments all do")))
}

fn injected(view: &View<'_>) -> Option<Hit> {
    let proof =
        view.trail.resets.iter().find(|reset| reset.with_icmp || reset.data_after && reset.peer_ttl.is_some_and(|ttl| ttl != reset.ttl))?;
    let says = match proof.with_icmp {
        true => format!(
            "a reset came together with time exceeded for the packet that drew it (time to live {})",
            proof.our_ttl.unwrap_or_default()
        ),
        false => format!(
            "data of the server came after a reset; their times to live are {} and {}",
            proof.peer_ttl.unwrap_or_default(),
            proof.ttl
        ),
    };
    Some(Hit::new(Level::Confirmed, says).of(nearness(view)))
}

fn by_box(view: &View<'_>) -> Option<Hit> {
    if let Some((last, first)) = interval(view) {
        let says = format!(
            "a hello with the name is answered with RST when it goes {first} hops and not when it goes {last}; one without it is not"
        );
        return Some(Hit::new(Level::Confirmed, format!("{says}: the device is at hop {last} or {first}")).of(nearness(view)));
    }
    let odd: Vec<_> = view.trail.resets.iter().filter(|reset| reset.peer_ttl.is_some_and(|ttl| ttl.abs_diff(reset.ttl) > 1)).collect();
    let first = odd.first()?;
    let level = if odd.len() >= 2 { Level::Probable } else { Level::Suspected };
    let says = format!(
        "{} resets arrived with time to live {}, the server's packets with {}",
        odd.len(),
        first.ttl,
        first.peer_ttl.unwrap_or_default()
    );
    Some(Hit::new(level, says).or_else("a balancer that answers resets with another time to live"))
}

/// The last hop at which the hello with the name was not answered, and the first at which it was, while the other one was not.
fn interval(view: &View<'_>) -> Option<(u8, u8)> {
    let speaks = |hop: &Hop| matches!(hop.ending, Ending::Reset | Ending::Closed | Ending::Alert(_) | Ending::NotTls);
    let first = view.trail.hops.iter().find(|hop| hop.named && speaks(hop))?.ttl;
    let other = view.trail.hops.iter().find(|hop| !hop.named && hop.ttl == first)?;
    (!speaks(other) && other.ending != Ending::Answered || first > 1).then_some((first.saturating_sub(1), first))
}

/// Within the first two hops it is the local network's.
fn nearness(view: &View<'_>) -> Culprit {
    match interval(view) {
        Some((_, first)) if first <= 2 => Culprit::LocalNetwork,
        _ => Culprit::Way,
    }
}
