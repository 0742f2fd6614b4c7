//! What only packets tell: their length, resets, and their time to live.

use super::place::place;
use super::{Culprit, Hit, Level, Row, View, limits, told, unasked};
use crate::base::Layer;
use crate::diag::check::Severity;
use crate::transcript::trial::{Arm, Ending, Feeler, Hop, ResetSeen, Trial};

pub(super) const ROWS: &[Row] = &[
    Row {
        id: "PATH-CONNECTION-RATE",
        layer: Layer::Tcp,
        severity: Severity::Warn,
        title: "New connections are limited in their number",
        mechanism: "a box drops SYNs beyond so many in a time from one client",
        evidence: "of a dozen SYNs one right behind the other five or more are lost, every time, and single ones are not; or a third of all connections was made a second late, or never; or they are ended when they are made, and not behind a pause, or others of the same run came as far as TLS",
        most: Level::Probable,
        raise: "the same with --pace 5, which stays below most limits",
        fix: "The firewall's owner: raise the rate of new connections for one client; a browser beside the tunnel reaches it. Other findings of this run may follow from it: repeat it with --pace 5.",
        explains: &[
            "TCP-FILTERED",
            "IP-FILTER",
            "NET-NO-WAY-OUT",
            "TCP-ENDED-UNASKED",
            "PATH-ERRATIC",
            "PATH-ECMP-INCONSISTENT",
            "PATH-CONNECTION-LIMIT",
            "TLS-DPI-BLOCK",
            "TLS-SNI-FILTER",
            "TLS-SNI-REQUIRED",
            "TLS-VERSION-FILTER",
            "TLS-ALPN-FILTER",
            "TLS-FINGERPRINT-FILTER",
            "TLS-SPLIT-HELLO-CUT",
            "TCP-PMTU-BLACKHOLE",
            "DPI-SSTP-SIZE-FILTER",
            "HTTP-REQUEST-BUFFERED",
            "HTTP-RESPONSE-BUFFERED",
            "DATA-RECORD-SIZE-FILTER",
            "DATA-BYTE-CAP",
        ],
        look: |view| rate_of_new(view).or_else(|| unasked::counted(view)),
        ..Row::ROW
    },
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
        explains: &["TCP-REFUSED", "TCP-REFUSED-HERE", "TCP-ENDED-UNASKED"],
        look: |view| by_box(view).or_else(|| refused_nearer(view)),
        ..Row::ROW
    },
];

/// A SYN is refused by somebody who is nearer than the server.
fn refused_nearer(view: &View<'_>) -> Option<Hit> {
    if !view.shut(Arm::Tcp) || view.trials(Arm::Tcp).any(|trial| trial.ending != Ending::Refused) || view.proxied() {
        return None;
    }
    let (hops, port) = (&view.trail.hops, view.trail.head.target.port);
    let refused = |hop: &&Hop| matches!(hop.ending, Ending::Refused | Ending::Reset);
    let first = hops.iter().filter(|hop| hop.sent == Feeler::Syn).find(refused);
    // At the same distance a SYN to another port runs out of hops, so the server is further away.
    let goes_on = |hop: &Hop| hop.router.is_some() || hop.ending == Ending::Unreachable;
    let beside = |ttl: u8| hops.iter().find(|hop| hop.sent == Feeler::SynOtherPort && hop.ttl == ttl);
    if let Some(first) = first.filter(|first| beside(first.ttl).is_some_and(goes_on)) {
        let says = format!(
            "{} SYNs were answered with RST, as soon as they go {} hops; those to another port of the server go further than that",
            view.of_all(Arm::Tcp),
            first.ttl
        );
        if first.ttl > 1 {
            return Some(Hit::new(Level::Confirmed, says));
        }
        // At a router a packet runs out of hops before its filter sees it.
        let hit =
            Hit::new(Level::Probable, says + ", so no router says it").of(Culprit::Endpoint).or_else("a filter before the first router");
        return Some(hit.in_words(
            "this machine's own firewall rejects the connection with RST",
            "This machine's owner: allow connections to this address and port in its own firewall; if it has no such rule, look for a filter between it and the first router.",
        ));
    }
    let of_port = |reset: &&ResetSeen| reset.from.port() == port;
    let ttl = view.trail.resets.iter().find(of_port)?.ttl;
    let others = view.trail.resets.iter().filter(|reset| !of_port(reset)).map(|reset| (reset.from.port(), reset.ttl));
    let (other, far) =
        view.trail.ttls.iter().copied().chain(others).find(|(other, far)| *other != port && distance(*far) != distance(ttl))?;
    let says = format!(
        "{} SYNs were answered with RST, whose time to live is {ttl}; what comes from port {other} has {far}",
        view.of_all(Arm::Tcp)
    );
    Some(Hit::new(Level::Probable, says).or_else("a balancer in front of several servers"))
}

/// Routers between here and whoever sent it, if it began with one of the usual times to live. RFC 1700; Windows, and what sends 255.
fn distance(ttl: u8) -> u8 {
    [64, 128, 255].into_iter().find(|first| *first >= ttl).unwrap_or(u8::MAX) - ttl
}

/// SYNs that were lost behind the first ones, and all: no connection was made, or a second late, when the SYN was sent again. RFC 6298 2.
fn lost_syns(view: &View<'_>) -> (usize, usize) {
    let about = |trial: &&Trial| trial.arm.layer() >= Layer::Tls && !super::view::about_others(trial.arm);
    let made = |trial: &&Trial| trial.reached.is_some() || trial.ending == Ending::Silence;
    let times: Vec<(bool, u64)> = view
        .trail
        .trials
        .iter()
        .filter(about)
        .filter(made)
        .filter_map(|trial| Some((trial.reached.is_some(), trial.saw.connect?.0)))
        .collect();
    let first = view.trials(Arm::Tcp).filter(|trial| trial.passed()).filter_map(|trial| trial.saw.connect).map(|time| time.0);
    let quickest = times.iter().filter(|row| row.0).map(|row| row.1).chain(first).min().unwrap_or_default();
    (times.iter().filter(|row| !row.0 || row.1 >= quickest + LATE).count(), times.len())
}

fn rate_of_new(view: &View<'_>) -> Option<Hit> {
    let (lost, all) = lost_syns(view);
    let many = lost >= MANY && lost * 10 >= all * 3 && view.tally(Arm::Tcp).passed > 0;
    let row = view.shut(Arm::InARow).then(|| view.contrast(Arm::Tcp, Arm::InARow).level(2)).flatten();
    // Who lets as many pass that are closed in between counts what is open, and not what is new.
    if !many && (row < Some(Level::Probable) || limits::by_number(view)) {
        return None;
    }
    let mut parts = Vec::new();
    if row.is_some() {
        let made = view.trials(Arm::InARow).filter_map(|trial| trial.saw.says.clone()).collect::<Vec<_>>().join(", ");
        parts.push(format!("of connections one right behind the other {made} were made at once; one at a time they are"));
    }
    if many {
        parts.push(format!("{lost} of {all} connections behind the first ones were made a second late, or never"));
    }
    // No line that is merely bad loses two of three.
    let most = many && lost * 3 >= all * 2 && lost >= MOST_LOST;
    let hit = Hit::new(if row == Some(Level::Probable) || most { Level::Probable } else { Level::Suspected }, parts.join("; "));
    let hit = if row.is_none() { hit.or_else("a line that loses packets") } else { hit };
    let hit = if many { hit } else { unasked::in_a_row(view, hit) };
    // Where no call came through for it, it is no mere nuisance.
    Some(if view.tally(Arm::Call).passed == 0 { hit.as_bad_as(Severity::Fail) } else { hit })
}

fn black_hole(view: &View<'_>) -> Option<Hit> {
    if view.works_only_short() {
        let level = view.contrast(Arm::TlsShort, Arm::Tls).level(3)?;
        let level = if level == Level::Probable { Level::Confirmed } else { level };
        let says = format!("{} handshakes ended in silence; in segments of 536 bytes none did", view.of_all(Arm::Tls));
        return Some(Hit::new(level, says + &carries(view, Arm::TlsSegment)));
    }
    let (plain, short) = (view.silent(Arm::Echo), view.open(Arm::EchoShortSegments));
    let size = view.trials(Arm::Echo).filter_map(|trial| trial.saw.value).max()?;
    let level = view.contrast(Arm::EchoShortSegments, Arm::Echo).level(3).filter(|_| plain && short)?;
    let level = if level == Level::Probable { Level::Confirmed } else { level };
    let says = format!("LCP echoes of {size} bytes come back, longer ones do not; in short segments all do");
    Some(Hit::new(level, says + &carries(view, Arm::EchoSegment)))
}

/// How long packets may be, when it was searched for.
fn carries(view: &View<'_>, arm: Arm) -> String {
    let lengths = |passed: bool| view.trials(arm).filter(move |trial| trial.passed() == passed).filter_map(|trial| trial.saw.value);
    let six = view.trials(arm).any(|trial| trial.saw.to.is_some_and(|to| to.is_ipv6()));
    // RFC 9293 3.7.1: a segment's length is that of the packet without the two headers.
    let headers = if six { 60 } else { 40 };
    let Some(fails) = lengths(false).min() else { return String::new() };
    let Some(passes) = lengths(true).filter(|length| *length < fails).max() else { return String::new() };
    let (longest, first) = (passes + headers, fails + headers);
    format!("; packets of {longest} bytes come through and those of {first} do not: the path carries {longest}, an MSS of {passes}")
}

fn injected(view: &View<'_>) -> Option<Hit> {
    let late = |reset: &&ResetSeen| reset.data_after && (reset.peer_ttl.is_some_and(|ttl| ttl != reset.ttl) || odd_id(reset));
    // What comes without a hello was not drawn by the hello that ran out of hops.
    let drawn = |reset: &ResetSeen| reset.with_icmp && !unasked::ended(view);
    let proof = view.trail.resets.iter().find(|reset| drawn(reset) || late(reset))?;
    let says = match drawn(proof) {
        true => "a reset came together with time exceeded for the packet that drew it".to_string(),
        false => format!("data of the server came after a reset; {}", beside(proof)),
    };
    Some(behind_bytes(view, Hit::new(Level::Confirmed, says)))
}

fn by_box(view: &View<'_>) -> Option<Hit> {
    let speaks = |hop: &Hop| matches!(hop.ending, Ending::Reset | Ending::Closed | Ending::Alert(_) | Ending::NotTls);
    let first = view.trail.hops.iter().find(|hop| hop.sent == Feeler::Named && speaks(hop));
    let nearer = nearer_resets(view);
    if let (Some(first), Some(_)) = (first, place(view)) {
        let ttl = nearer.first().map_or(String::new(), |reset| format!("; {} resets arrived, {}", nearer.len(), beside(reset)));
        let says = format!(
            "a hello with the name ends in {} when it goes {} hops and not when it goes fewer{ttl}",
            first.ending.word(),
            first.ttl
        );
        return Some(Hit::new(Level::Confirmed, says));
    }
    let other_ttl = |reset: &ResetSeen| reset.peer_ttl.is_some_and(|ttl| ttl.abs_diff(reset.ttl) > 1);
    let odd: Vec<_> = view.trail.resets.iter().filter(|reset| other_ttl(reset) || odd_id(reset) || nearer.contains(reset)).collect();
    let first = odd.first()?;
    let level = if odd.len() >= 2 { Level::Probable } else { Level::Suspected };
    let hit =
        Hit::new(level, format!("{} resets arrived; {}", odd.len(), beside(first))).or_else("a balancer that answers resets by itself");
    Some(behind_bytes(view, hit))
}

/// The same, and what it takes to draw the reset, where only connections draw it that carry much.
fn behind_bytes(view: &View<'_>, hit: Hit) -> Hit {
    let Some(counts) = told::resets_behind_bytes(view) else { return hit };
    let says = format!("{}; calls and a few echoes pass, and connections that carry more are reset: {counts}", hit.says);
    Hit { says, ..hit }.in_words(
        "a box on the way resets connections, in the server's name, when they carried so many bytes",
        "The operator of the segment that is named: a device there resets connections to this server behind about that many bytes, both ways together; look for a limit on the bytes of a connection.",
    )
}

/// Resets that are never as far from home as the server's segments. Parallel paths may differ by a hop, so that a difference of one counts
/// only where several resets are alike, and all of the server's segments.
pub(super) fn nearer_resets<'a>(view: &View<'a>) -> Vec<&'a ResetSeen> {
    let odd: Vec<&ResetSeen> = view.trail.resets.iter().filter(|reset| reset.peer_ttl.is_some_and(|ttl| ttl != reset.ttl)).collect();
    let Some(first) = odd.first() else { return Vec::new() };
    let alike = odd.iter().all(|reset| (reset.ttl, reset.peer_ttl) == (first.ttl, first.peer_ttl));
    let of_server = || view.trail.ttls.iter().filter(|row| row.0 == first.from.port());
    let one_way = of_server().all(|row| Some(row.1) == first.peer_ttl);
    if odd.len() >= ALIKE && alike && one_way { odd } else { Vec::new() }
}

/// What ended connections came from as far away as everything else of the server: its resets have the time to live of its SYN-ACKs, or it
/// closed them, and all of its segments have one.
pub(super) fn from_as_far(view: &View<'_>) -> bool {
    let port = view.trail.head.target.port;
    let mut ttls = view.trail.ttls.iter().filter(|row| row.0 == port).map(|row| row.1);
    let resets: Vec<u8> = view.trail.resets.iter().filter(|reset| reset.from.port() == port).map(|reset| reset.ttl).collect();
    let hellos = [Arm::HelloNamed, Arm::NoHello].into_iter().flat_map(|arm| view.trials(arm));
    let closes = hellos.filter(|trial| trial.ending == Ending::Closed).count();
    let one = ttls.next().filter(|first| ttls.all(|ttl| ttl == *first));
    one.is_some_and(|one| resets.iter().all(|ttl| *ttl == one) && resets.len() + closes >= ALIKE)
}

/// The server counts its IP-IDs up on this connection, and the reset's is far from all of them. Senders of RST that have no count write 0.
fn odd_id(reset: &ResetSeen) -> bool {
    let steps = || reset.peer_ids.windows(2).filter_map(|pair| Some(pair.get(1)?.wrapping_sub(*pair.first()?)));
    let counts = reset.peer_ids.len() >= 2 && steps().all(|step| (1..=NEAR).contains(&step));
    let far = |id: &u16| reset.ip_id.wrapping_sub(*id) > FAR && id.wrapping_sub(reset.ip_id) > FAR;
    counts && reset.ip_id != 0 && reset.peer_ids.iter().all(far)
}

/// The reset beside the server's other segments, in what differs.
fn beside(reset: &ResetSeen) -> String {
    let mut parts = Vec::new();
    if let Some(ttl) = reset.peer_ttl.filter(|ttl| *ttl != reset.ttl) {
        parts.push(format!("time to live {}, the server's packets {ttl}", reset.ttl));
    }
    if odd_id(reset) {
        let ids = reset.peer_ids.iter().take(3).map(ToString::to_string).collect::<Vec<_>>().join(", ");
        parts.push(format!("IP-ID {}, the server's packets {ids}", reset.ip_id));
    }
    if let Some(window) = reset.peer_window.filter(|window| reset.window != 0 && *window != reset.window) {
        parts.push(format!("window {}, the server's {window}", reset.window));
    }
    parts.join("; ")
}

/// A SYN is sent again after a second, RFC 6298 2; in microseconds, and a little less.
const LATE: u64 = 900_000;
/// Ours: fewer lost SYNs may be an outage.
const MOST_LOST: usize = 20;
/// Ours: fewer lost SYNs are no limit.
const MANY: usize = 6;
/// Ours: so many resets are no chance.
const ALIKE: usize = 3;
/// Ours: IP-IDs that count up do so in steps of this size at most, RFC 6864 leaves it to the sender.
const NEAR: u16 = 64;
/// Ours: no counter is so far from itself within one connection.
const FAR: u16 = 1024;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transcript::trial::Trail;

    fn reset(ttl: u8, ip_id: u16, peer_ids: &[u16], data_after: bool) -> ResetSeen {
        ResetSeen {
            from: std::net::SocketAddr::from(([10, 0, 0, 1], 443)),
            ttl,
            ip_id,
            window: 777,
            ack: true,
            peer_ttl: Some(62),
            peer_ids: peer_ids.to_vec(),
            peer_window: Some(501),
            data_after,
            with_icmp: false,
        }
    }

    #[test]
    fn a_foreign_ip_id_gives_a_reset_away_and_a_server_without_a_counter_does_not() {
        let found = |resets: &[ResetSeen]| {
            let trail = Trail { resets: resets.to_vec(), ..Trail::default() };
            let view = View::of(&trail);
            (injected(&view).map(|hit| hit.says), by_box(&view).map(|hit| (hit.level, hit.says)))
        };
        let (forged, by) = found(&[reset(62, 40_000, &[7, 8, 9], true)]);
        assert_eq!(
            forged.expect("forged"),
            "data of the server came after a reset; IP-ID 40000, the server's packets 7, 8, 9; window 777, the server's 501"
        );
        assert_eq!(by.expect("a box").0, Level::Suspected);
        for sound in [
            reset(62, 10, &[7, 8, 9], true),
            reset(62, 0, &[7, 8], true),
            reset(62, 40_000, &[7, 31_000, 60_000], true),
            reset(62, 40_000, &[7], false),
        ] {
            assert_eq!(found(std::slice::from_ref(&sound)), (None, None), "{sound:?}");
        }
        let (_, by) = found(&[reset(62, 40_000, &[65_535, 3], false), reset(255, 0, &[], false)]);
        assert_eq!(by.expect("a box").0, Level::Probable);
    }

    #[test]
    fn a_hop_of_difference_counts_where_all_resets_are_alike_and_all_segments() {
        let of = |resets: usize, ttls: &[u8], sent: &[(u8, Feeler, Ending, bool)]| {
            let hop = |(ttl, sent, ending, expired): &(u8, Feeler, Ending, bool)| Hop {
                ttl: *ttl,
                sent: *sent,
                ending: ending.clone(),
                router: expired.then_some([10, 0, 0, *ttl].into()),
            };
            Trail {
                resets: vec![reset(63, 0, &[], false); resets],
                ttls: ttls.iter().map(|ttl| (443, *ttl)).collect(),
                hops: sent.iter().map(hop).collect(),
                ..Trail::default()
            }
        };
        let level = |trail: &Trail| by_box(&View::of(trail)).map(|hit| hit.level);
        assert_eq!(level(&of(3, &[62], &[])), Some(Level::Probable));
        assert_eq!(level(&of(2, &[62], &[])), None, "two may be chance");
        assert_eq!(level(&of(3, &[62, 63], &[])), None, "two ways to the server differ by a hop");
        // The server is three hops away, and so does the hello have to go; the resets come from nearer.
        let mut walked = Vec::new();
        for ttl in 1..=3 {
            let end = ttl == 3;
            let of = |there: Ending| if end { there } else { Ending::Silence };
            walked.push((ttl, Feeler::Syn, if end { Ending::Answered } else { Ending::Unreachable }, !end));
            walked.push((ttl, Feeler::Named, of(Ending::Reset), !end));
            walked.push((ttl, Feeler::Nameless, of(Ending::Reset), !end));
        }
        let trail = of(3, &[62], &walked);
        let hit = by_box(&View::of(&trail)).expect("a box");
        assert!(hit.level == Level::Confirmed && hit.says.contains("time to live 63, the server's packets 62"), "{}", hit.says);
        let place = place(&View::of(&trail)).expect("a place");
        assert_eq!((place.last, place.first), (2, Some(3)));
        let same = Trail { resets: vec![reset(62, 0, &[], false); 3], ..trail };
        assert_eq!((level(&same), super::place(&View::of(&same))), (None, None), "the server's own resets");
    }
}
