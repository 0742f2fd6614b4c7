//! What a tap sees of the TCP connection below the call. RFC 9293.

use super::check::{Check, Evidence, Fix, Look, Need, Severity, Windows};
use super::ending;
use crate::base::{Layer, Micros, Side, SpecRef};
use crate::transcript::facts::{Facts, Seen};
use crate::transcript::tap::{Direction, End, Flow, IcmpSays, Opening};

pub(super) const TAP_TCP: &[Check] = &[
    Check {
        id: "TCP-RST-INJECTED",
        layer: Layer::Tcp,
        title: "Something on the way sent a forged reset",
        means: "A reset came in the name of one end, but it does not look like that end: its TTL is another, or the end went on talking after it. \
                A filter, an intrusion prevention system or a balancer on the path sent it.",
        fix: Fix {
            admin: "Find the device: look at its TTL and hop distance; ask the operator of that segment. Change port or name if it is a filter.",
            user: "Try another network: if it works there, this one cuts the VPN.",
        },
        windows: &[Windows::Hresult(0x8007_2746)],
        spec: &[SpecRef::rfc(9293, "3.5.2"), SpecRef::rfc(5961, "3")],
        needs: Need::Tap,
        explains: CUT,
        spares: Some(survived),
        look: Look::One(forged_reset),
        ..Check::ROW
    },
    Check {
        id: "TCP-PATH-LOST",
        layer: Layer::Tcp,
        title: "The path between client and server was lost",
        means: "One end sends the same bytes again and again until it gives up, and nothing comes back. It is the network, not SSTP: a link that went \
                down, a changed address (Wi-Fi to mobile), a NAT or firewall that forgot the connection.",
        fix: Fix {
            admin: "Look for a link, route or firewall event at this moment; compare with a capture at the other end.",
            user: "Connect again; check Wi-Fi, power saving and whether the network changed.",
        },
        windows: &[Windows::Ras(829), Windows::Ras(807)],
        spec: &[SpecRef::rfc(9293, "3.8.3"), SpecRef::rfc(6298, "5")],
        needs: Need::Tap,
        explains: CUT,
        look: Look::One(path_lost),
        ..Check::ROW
    },
    Check {
        id: "TCP-PMTU-MIDSESSION",
        layer: Layer::Tcp,
        title: "Large packets vanish on the way",
        means: "Large segments are sent again and again while small ones are answered: a router drops what is too big, and its \"too big\" message is \
                filtered or ignored. Negotiation works, the first large transfer freezes.",
        fix: Fix {
            admin: "Clamp the MSS at the edge; let ICMP \"too big\" (ICMP 3/4, ICMPv6 2) through. Lowering the MTU inside the tunnel (RRAS, SoftEther, \
                    RouterOS max-mtu, accel-ppp mtu) helps only where TCP does not fill its segments.",
            user: "Lower the MTU of the network interface, or use another network.",
        },
        windows: &[Windows::Ras(829)],
        spec: &[SpecRef::rfc(2923, "2.1"), SpecRef::rfc(4821, "1")],
        needs: Need::Tap,
        explains: CUT,
        look: Look::One(large_segments_lost),
        ..Check::ROW
    },
    Check {
        id: "TCP-OVERLAP-CONFLICT",
        layer: Layer::Tcp,
        severity: Severity::Warn,
        title: "Two different versions of the same bytes were sent",
        means: "A segment contradicts bytes already seen at its place in the stream. No TCP sender does so: something injects packets, or a broken \
                device alters them. The first version counts here; the ends may have taken the other.",
        fix: Fix { admin: "Compare captures at both ends; look for devices that rewrite or inject.", user: "Use another network." },
        spec: &[SpecRef::rfc(9293, "3.10.7.4")],
        needs: Need::Tap,
        look: Look::One(bytes_contradict),
        ..Check::ROW
    },
    Check {
        id: "TCP-ICMP-MIDSESSION",
        layer: Layer::Tcp,
        severity: Severity::Warn,
        title: "A router or host reports that packets do not arrive",
        means: "ICMP errors about this connection were seen while it stood: unreachable, forbidden, or caught in a loop of routers.",
        fix: Fix { admin: "Look at the device that sent them: its route, its access list, its link.", user: "Use another network." },
        windows: &[Windows::Ras(829)],
        spec: &[SpecRef::rfc(792, "Destination Unreachable"), SpecRef::rfc(4443, "3.1")],
        needs: Need::Tap,
        look: Look::One(icmp_error),
        ..Check::ROW
    },
    Check {
        id: "TCP-ICMP-TOO-BIG",
        layer: Layer::Tcp,
        severity: Severity::Note,
        title: "A router says that packets are too big",
        means: "Path MTU discovery at work: the sender must use smaller packets from now on. Harmless if it does.",
        fix: Fix {
            admin: "Nothing needs to be done if the connection goes on; otherwise clamp the MSS to the MTU in the evidence.",
            user: "",
        },
        spec: &[SpecRef::rfc(1191, "3"), SpecRef::rfc(8201, "4")],
        needs: Need::Tap,
        look: Look::One(too_big),
        ..Check::ROW
    },
    Check {
        id: "TCP-RETRANSMISSION-STORM",
        layer: Layer::Tcp,
        severity: Severity::Warn,
        title: "Many packets are lost on the way",
        means: "One segment in twenty or more was sent again. The tunnel is slow, and what waits behind a lost segment stands still.",
        fix: Fix {
            admin: "Look for loss, a full link or a bad cable between the ends; duplicates alone may come from the capture itself.",
            user: "Use a cable or a better Wi-Fi.",
        },
        spec: &[SpecRef::rfc(5681, "3.1")],
        needs: Need::Tap,
        look: Look::One(many_retransmissions),
        ..Check::ROW
    },
    Check {
        id: "TCP-ZERO-WINDOW-CLIENT",
        layer: Layer::Tcp,
        severity: Severity::Warn,
        title: "The client does not take what the server sends",
        means: "The client closed its receive window for a second or longer: the program or computer was too busy, or hung.",
        fix: Fix { admin: "", user: "Look at the load of the computer, security software included; update the VPN client." },
        spec: &[SpecRef::rfc(9293, "3.8.6.1")],
        needs: Need::Tap,
        look: Look::One(client_overloaded),
        ..Check::ROW
    },
    Check {
        id: "TCP-ZERO-WINDOW-SERVER",
        layer: Layer::Tcp,
        severity: Severity::Warn,
        title: "The server does not take what the client sends",
        means: "The server closed its receive window for a second or longer: it is overloaded, or what stands behind it is slow.",
        fix: Fix {
            admin: "Look at CPU and memory of the VPN server, and at the proxy or balancer in front of it.",
            user: "Try again later.",
        },
        spec: &[SpecRef::rfc(9293, "3.8.6.1")],
        needs: Need::Tap,
        look: Look::One(server_overloaded),
        ..Check::ROW
    },
    Check {
        id: "TCP-SYN-LATE",
        layer: Layer::Tcp,
        severity: Severity::Warn,
        title: "The connection was made only after several attempts",
        means: "The first SYN or its answer was lost or dropped: loss, a full listen queue, or a firewall that wakes up slowly.",
        fix: Fix { admin: "Check loss at the edge and the listen queue of the server.", user: "" },
        spec: &[SpecRef::rfc(9293, "3.8.1")],
        needs: Need::Tap,
        look: Look::One(syn_repeated),
        ..Check::ROW
    },
    Check {
        id: "TCP-RTT-HIGH",
        layer: Layer::Tcp,
        severity: Severity::Note,
        title: "The way to the server is long",
        means: "The SYN was answered after 0.3 s or later. A dial takes about fifteen round trips, and every one of them takes that long.",
        fix: Fix {
            admin: "Offer a server nearer to the users.",
            user: "Satellite and mobile links behave so; another network may be faster.",
        },
        spec: &[SpecRef::rfc(6298, "2")],
        needs: Need::Tap,
        look: Look::One(answer_is_slow),
        ..Check::ROW
    },
];

fn forged_reset(facts: &Facts) -> Option<Evidence> {
    let seen = facts.flow.as_ref()?;
    let in_order = |end: &End| seen.it.ends.iter().any(|other| !other.reset && other.at <= end.at);
    let orderly = |end: &End| {
        let leaves = &facts.leaves;
        leaves.iter().any(|leave| leave.at <= end.at && !matches!(leave.how, ending::Farewell::Close(crate::transcript::How::Reset)))
    };
    let signs = |end: &End| {
        let side = seen.it.from(end.by);
        let after = side.last_data.is_some_and(|at| at > end.at).then(|| format!("the {} went on sending data after it", end.by));
        let (low, high) = side.ttl;
        // Routes of one hop more or less are an everyday matter.
        let foreign = high > 0 && !(low.saturating_sub(1)..=high.saturating_add(1)).contains(&end.ttl);
        let ttl = foreign.then(|| format!("its TTL is {}, that of the {}'s packets {low} to {high}", end.ttl, end.by));
        let signs: Vec<String> = ttl.into_iter().chain(after).collect();
        (!signs.is_empty()).then(|| format!("a reset in the name of the {} at {}: {}", end.by, end.at, signs.join(", and ")))
    };
    let mut resets = seen.it.ends.iter().filter(|end| end.reset && !in_order(end) && !orderly(end));
    let says = resets.find_map(signs)?;
    Some(Evidence::at(seen.event, says).and(if survived(facts) { "the call went on all the same" } else { "" }))
}

/// Both ends went on after every reset that cut something, and the call came to its own end. One behind a FIN cuts nothing.
fn survived(facts: &Facts) -> bool {
    let Some(seen) = &facts.flow else { return false };
    let behind_fin = |end: &End| seen.it.ends.iter().any(|other| !other.reset && other.at <= end.at);
    facts.stop.is_none() && seen.it.ends.iter().filter(|end| end.reset && !behind_fin(end)).all(|end| end.followed)
}

fn path_lost(facts: &Facts) -> Option<Evidence> {
    let (seen, side) = lost(facts).filter(|_| black_hole(facts).is_none())?;
    let (mine, theirs) = (seen.it.from(side), seen.it.from(side.other()));
    let says = format!(
        "the {side} sent a segment {} more times to the end, {} bytes are unacknowledged, and nothing came from the {} for the last {}",
        mine.most_retransmitted,
        mine.unacknowledged,
        side.other(),
        mine.last? - theirs.last?
    );
    Some(Evidence::at(seen.event, says))
}

/// The side that repeats itself to the end of a connection that stood, while the other has fallen silent.
pub(super) fn lost(facts: &Facts) -> Option<(&Seen<Flow>, Side)> {
    let seen = both_ways(facts)?;
    let repeats_in_vain = |side: &Side| {
        let (mine, theirs) = (seen.it.from(*side), seen.it.from(side.other()));
        let silent = mine.last.zip(theirs.last).is_some_and(|(mine, theirs)| mine - theirs >= SILENCE);
        mine.unacknowledged > 0 && mine.most_retransmitted >= 2 && silent
    };
    [Side::Client, Side::Server].into_iter().find(repeats_in_vain).map(|side| (seen, side))
}

/// The flow, when the connection was made and both directions are in the capture.
pub(super) fn both_ways(facts: &Facts) -> Option<&Seen<Flow>> {
    let stood = |flow: &Flow| flow.opening != Opening::Syn && flow.from_client.segments > 0 && flow.from_server.segments > 0;
    facts.flow.as_ref().filter(|seen| stood(&seen.it))
}

fn large_segments_lost(facts: &Facts) -> Option<Evidence> {
    let mid_session = facts.reached(Layer::Tls) || !facts.requests.is_empty() || facts.secured.is_some();
    black_hole(facts).filter(|_| mid_session)
}

/// Large segments of one side are repeated in vain while the other end still answers, or a router said that they are too big.
pub(super) fn black_hole(facts: &Facts) -> Option<Evidence> {
    let seen = both_ways(facts)?;
    [Side::Client, Side::Server].into_iter().find_map(|side| {
        let (mine, theirs) = (seen.it.from(side), seen.it.from(side.other()));
        let full = mine.most_retransmitted_len >= LARGE && u64::from(mine.most_retransmitted_len) * 10 >= u64::from(mine.largest) * 9;
        let told = mtu_told(&seen.it, side);
        let heard = mine.last.zip(theirs.last).is_some_and(|(mine, theirs)| mine - theirs < SILENCE) || theirs.duplicate_acks > 2;
        let lost = full && mine.most_retransmitted >= 3 && mine.unacknowledged > 0;
        let says = format!(
            "the {side} sent a segment of {} bytes {} more times, {} bytes are unacknowledged",
            mine.most_retransmitted_len, mine.most_retransmitted, mine.unacknowledged
        );
        let hint = told.map(|mtu| format!("ICMP said that the MTU is {mtu}")).unwrap_or_default();
        (lost && (heard || told.is_some())).then(|| Evidence::at(seen.event, says).and(&hint))
    })
}

fn mtu_told(flow: &Flow, about: Side) -> Option<u32> {
    flow.icmp.iter().filter(|icmp| icmp.about == about).find_map(|icmp| match icmp.says {
        IcmpSays::TooBig { mtu } => Some(mtu),
        _ => None,
    })
}

fn bytes_contradict(facts: &Facts) -> Option<Evidence> {
    let seen = facts.flow.as_ref()?;
    let found = |side: &Side| seen.it.from(*side).conflicts > 0;
    let says: Vec<String> = [Side::Client, Side::Server]
        .into_iter()
        .filter(found)
        .map(|side| format!("{} in the name of the {side}", seen.it.from(side).conflicts))
        .collect();
    (!says.is_empty()).then(|| Evidence::at(seen.event, format!("segments that contradict earlier ones: {}", says.join(", "))))
}

/// A connection that was refused by ICMP at once has a row of its own.
fn icmp_error(facts: &Facts) -> Option<Evidence> {
    let seen = facts.flow.as_ref().filter(|seen| seen.it.opening != Opening::Syn)?;
    let icmp = seen.it.icmp.iter().find(|icmp| !matches!(icmp.says, IcmpSays::TooBig { .. }))?;
    let says = match icmp.says {
        IcmpSays::Unreachable { code } => format!("unreachable, code {code}"),
        IcmpSays::TimeExceeded => "TTL exceeded in transit, a loop of routers".into(),
        IcmpSays::TooBig { mtu } => format!("too big, MTU {mtu}"),
    };
    Some(Evidence::at(seen.event, format!("{} says of a packet of the {} at {}: {says}", icmp.from, icmp.about, icmp.at)))
}

fn too_big(facts: &Facts) -> Option<Evidence> {
    let seen = facts.flow.as_ref().filter(|_| black_hole(facts).is_none())?;
    let about = [Side::Client, Side::Server].into_iter().find_map(|side| Some((side, mtu_told(&seen.it, side)?)));
    about.map(|(side, mtu)| Evidence::at(seen.event, format!("ICMP about packets of the {side}: the next link takes {mtu} bytes")))
}

fn many_retransmissions(facts: &Facts) -> Option<Evidence> {
    let seen = facts.flow.as_ref().filter(|_| lost(facts).is_none())?;
    let many = |side: &Direction| side.retransmissions >= MANY && side.retransmissions.saturating_mul(20) >= side.segments;
    let side = [Side::Client, Side::Server].into_iter().find(|side| many(seen.it.from(*side)))?;
    let it = seen.it.from(side);
    let says =
        format!("{} of {} segments of the {side} were sent again ({} bytes)", it.retransmissions, it.segments, it.retransmitted_bytes);
    Some(Evidence::at(seen.event, says))
}

fn client_overloaded(facts: &Facts) -> Option<Evidence> {
    window_closed(facts, Side::Client)
}

fn server_overloaded(facts: &Facts) -> Option<Evidence> {
    window_closed(facts, Side::Server)
}

fn window_closed(facts: &Facts, side: Side) -> Option<Evidence> {
    let seen = facts.flow.as_ref()?;
    let it = seen.it.from(side);
    let says = || format!("the {side} closed its window {} times, {} in all", it.zero_windows, it.zero_window_time);
    (it.zero_window_time >= STALL).then(|| Evidence::at(seen.event, says()))
}

fn syn_repeated(facts: &Facts) -> Option<Evidence> {
    let seen = both_ways(facts)?;
    let (asked, answered) = (seen.it.from_client.syn_retransmissions, seen.it.from_server.syn_retransmissions);
    (asked + answered > 0).then(|| Evidence::at(seen.event, format!("{asked} SYNs and {answered} SYN-ACKs were sent again")))
}

fn answer_is_slow(facts: &Facts) -> Option<Evidence> {
    let seen = facts.flow.as_ref()?;
    let rtt = seen.it.syn_rtt.filter(|rtt| *rtt >= SLOW)?;
    Some(Evidence::at(seen.event, format!("the SYN was answered after {rtt}")))
}

/// What else is seen when the connection is cut or lost below the call.
pub(super) const CUT: &[&str] = super::look::endings_and![
    "TCP-RESET-ON-CONNECT",
    "TCP-CLIENT-LEFT",
    "PROXY-NO-RESPONSE",
    "PROXY-CLOSED",
    "PROXY-UNEXPECTED-STATUS",
    "PROXY-CLIENT-LEFT",
    "TLS-RESET-IN-HANDSHAKE",
    "TLS-HANDSHAKE-FAILED",
    "TLS-CLIENT-LEFT",
    "TCP-ACCEPT-NO-DATA",
    "TCP-PMTU-BLACKHOLE",
    "HTTP-SILENT-CLOSE",
    "HTTP-NO-RESPONSE",
    "HTTP-UNEXPECTED-STATUS",
    "HTTP-CLIENT-LEFT",
    "SSTP-CLOSE-AFTER-REQUEST",
    "SSTP-NO-ACK",
    "SSTP-CALL-FAILED",
    "SSTP-CLIENT-LEFT",
    "LCP-NO-RESPONSE",
    "LCP-NO-ACK",
    "LCP-NO-REQUEST",
    "LCP-FAILED",
    "LCP-CLIENT-LEFT",
    "AUTH-SILENT",
    "AUTH-RADIUS-TIMEOUT",
    "AUTH-FAILED",
    "AUTH-CLIENT-LEFT",
    "BIND-CLOSED",
    "BIND-FAILED",
    "BIND-CLIENT-LEFT",
    "IPCP-NO-ADDRESS",
    "IPCP-FAILED",
    "IPCP-CLIENT-LEFT",
    "DATA-DEAD",
    "DATA-FAILED",
    "DATA-SERVER-SILENT",
    "DATA-CLIENT-SILENT",
    "TEAR-ECHO-LOST",
    "TEAR-CLIENT-ECHO-LOST",
    "TEAR-HELLO-EXPIRED",
    "TEAR-CLIENT-CUT",
    "LCP-ECHO-LOST"
];

/// Ours: so long a silence of one end, while the other repeats itself, is no mere delay.
const SILENCE: Micros = Micros(2_000_000);
/// Ours: a segment of so many bytes is large; SSTP's own messages stay far below.
const LARGE: u32 = 1000;
/// Ours: fewer retransmissions than this are everyday life.
const MANY: u64 = 20;
/// Ours: a window closed for so long in all is felt.
const STALL: Micros = Micros(1_000_000);
/// Ours: a round trip of so long is felt in a dial.
const SLOW: Micros = Micros(300_000);
