//! A tunnel in use, as a tap sees it: who fell silent, what cut it, what slowed it down.

use super::check::{Check, Evidence, Fix, Look, Need, Severity, Windows};
use super::data::asked;
use super::ending::{Farewell, first, last_heard, tunnel_stood};
use super::look::answer;
use super::tap_tcp::{both_ways, lost};
use crate::base::{Layer, Micros, Side, SpecRef};
use crate::transcript::How;
use crate::transcript::facts::{Facts, Seen};
use crate::transcript::tap::Flow;
use crate::wire::sstp::MessageType;

pub(super) const TAP_DATA: &[Check] = &[
    Check {
        id: "DATA-SERVER-ROUTE-LOOP",
        layer: Layer::Data,
        title: "The tunnel swallows its own packets",
        means: "The connection went dead seconds after the addresses were agreed on: the client routes the packets to the VPN server into the tunnel \
                itself, because the new default route covers the server's address.",
        fix: Fix {
            admin: "Do not push routes that cover the VPN server's public address.",
            user: "Keep a host route to the server (sstpc: --save-server-route; other Linux clients: add it in ip-up). Windows: look for RasSstp events 14 \
                   and 15.",
        },
        windows: &[Windows::Event(14), Windows::Event(15)],
        spec: &[SpecRef::rfc(1812, "5.2.1")],
        needs: Need::Tap,
        explains: DEAD_PATH,
        look: Look::One(route_loop),
        ..Check::ROW
    },
    Check {
        id: "PROXY-IDLE-CUTOFF",
        layer: Layer::Data,
        title: "The proxy ends tunnels that are quiet",
        means: "After a pause of a round length the connection through the proxy was gone: its time limit for idle tunnels is shorter than the pauses of \
                this call.",
        fix: Fix {
            admin: "Raise the proxy's tunnel timeout well above 60 s, the time between SSTP echoes.",
            user: "Keep some traffic running.",
        },
        windows: &[Windows::Ras(829)],
        spec: &[SpecRef::sstp("3.1.2.3")],
        needs: Need::Tap,
        explains: IDLE,
        look: Look::One(proxy_idle),
        ..Check::ROW
    },
    Check {
        id: "TEAR-IDLE-MIDDLEBOX",
        layer: Layer::Data,
        title: "A device on the way forgets quiet connections",
        means: "After a pause of a round length what was sent got a reset or no answer: a NAT, firewall or balancer dropped the connection from its table \
                without telling the ends (AWS NLB 350 s, Azure LB 4 min by default).",
        fix: Fix {
            admin: "Raise the idle timer for this host, or shorten the echo interval on the server (RouterOS keepalive-timeout, accel-ppp \
                    lcp-echo-interval; RRAS and SoftEther have fixed ones).",
            user: "Keep some traffic running.",
        },
        windows: &[Windows::Ras(829), Windows::Ras(668)],
        spec: &[SpecRef::sstp("3.1.2.3"), SpecRef::rfc(5382, "5")],
        needs: Need::Tap,
        explains: IDLE,
        look: Look::One(device_forgot),
        ..Check::ROW
    },
    Check {
        id: "TEAR-60-90S-MIKROTIK",
        layer: Layer::Data,
        title: "The Linux client drops the call to a RouterOS server after a minute",
        means: "sstp-client after 1.0.13 leaves 60 to 90 seconds after the dial when the server is RouterOS. Windows clients are not touched.",
        fix: Fix { admin: "", user: "Use a version of sstp-client that has the fix, or 1.0.13." },
        spec: &[SpecRef::sstp("3.1.2.3")],
        needs: Need::Tap,
        explains: &["TEAR-CLIENT-CUT"],
        look: Look::One(linux_and_routeros),
        ..Check::ROW
    },
    Check {
        id: "TEAR-CLIENT-ECHO-LOST",
        layer: Layer::Data,
        title: "The client does not answer the server's Echo Requests",
        means: "The server asked whether the client is alive, got no answer and ended the call: the client's computer sleeps, its program hangs, or it \
                does not know the message.",
        fix: Fix {
            admin: "Look at the client first; SoftEther gives up after 20 s, RRAS after two hello times of 60 s.",
            user: "Check power saving; update the VPN client.",
        },
        windows: &[Windows::Ras(829)],
        spec: &[SpecRef::sstp("3.1.2.3"), SpecRef::sstp("3.2.5.3")],
        needs: Need::Tap,
        explains: UNHEARD,
        look: Look::One(client_does_not_answer),
        ..Check::ROW
    },
    Check {
        id: "TEAR-HELLO-EXPIRED",
        layer: Layer::Data,
        title: "One end gave the call up because it heard nothing",
        means: "Its hello timer ran out twice, or its like on servers that have another: it asked with an Echo Request, heard nothing from the other end, \
                and ended the call.",
        fix: Fix { admin: "Find out why the other end was silent: its computer, or the path.", user: "Check Wi-Fi and power saving." },
        windows: &[Windows::Ras(829)],
        spec: &[SpecRef::sstp("3.1.2.3"), SpecRef::sstp("3.1.6")],
        needs: Need::Tap,
        explains: super::look::endings_and!["DATA-FAILED", "DATA-DEAD"],
        whole: true,
        look: Look::One(hello_expired),
        ..Check::ROW
    },
    Check {
        id: "DATA-SERVER-SILENT",
        layer: Layer::Data,
        title: "The server falls silent while the client goes on asking",
        means: "Its TCP still acknowledges, but no byte comes back for two hello times: the VPN service behind the port hangs, or the leg behind a \
                balancer is dead.",
        fix: Fix { admin: "Restart the VPN service; check the back end of the balancer.", user: "Connect again." },
        windows: &[Windows::Ras(829)],
        spec: &[SpecRef::sstp("3.1.2.3")],
        needs: Need::Tap,
        explains: UNHEARD,
        look: Look::One(server_silent),
        ..Check::ROW
    },
    Check {
        id: "DATA-CLIENT-SILENT",
        layer: Layer::Data,
        title: "The client falls silent while the server goes on sending",
        means: "Its TCP still acknowledges, but no byte comes from its program for two hello times: the VPN client hangs.",
        fix: Fix { admin: "", user: "Update or restart the VPN client; look at security software that hooks into it." },
        windows: &[Windows::Ras(829)],
        spec: &[SpecRef::sstp("3.1.2.3")],
        needs: Need::Tap,
        explains: UNHEARD,
        look: Look::One(client_silent),
        ..Check::ROW
    },
    Check {
        id: "DATA-TCP-OVER-TCP",
        layer: Layer::Data,
        severity: Severity::Warn,
        title: "TCP inside TCP: losses are repaired twice",
        means: "Segments inside the tunnel are sent again because the outer connection was still repairing a loss. On such a link the tunnel collapses \
                to a crawl. It comes with SSTP.",
        fix: Fix { admin: "Mend the loss outside; where that is not possible use a VPN over UDP (IKEv2).", user: "Use a better link." },
        spec: &[SpecRef::sstp("1.3"), SpecRef::rfc(6298, "5")],
        needs: Need::Tap,
        look: Look::One(tcp_in_tcp),
        ..Check::ROW
    },
    Check {
        id: "LCP-ECHO-LOST",
        layer: Layer::Data,
        severity: Severity::Warn,
        title: "LCP Echo Requests stay unanswered",
        means: "One end asks on the PPP link and gets no answer. After some of them PPP daemons end the link (pppd: lcp-echo-failure).",
        fix: Fix {
            admin: "Look at the end that does not answer; raise lcp-echo-failure if the link is only slow.",
            user: "Update the client.",
        },
        windows: &[Windows::Ras(628)],
        spec: &[SpecRef::rfc(1661, "5.8")],
        needs: Need::Tap,
        whole: true,
        look: Look::One(lcp_echo_lost),
        ..Check::ROW
    },
    Check {
        id: "DATA-KEEPALIVE-ONLY",
        layer: Layer::Data,
        severity: Severity::Note,
        title: "The tunnel stood but carried nothing",
        means: "Only messages that keep the call alive were seen. Where the user did use it, routes or the firewall of the client lead past the tunnel.",
        fix: Fix { admin: "Check the routes that clients get.", user: "Check whether the VPN is meant for the addresses in use." },
        spec: &[SpecRef::sstp("3.1.2.3")],
        needs: Need::Tap,
        whole: true,
        look: Look::One(nothing_carried),
        ..Check::ROW
    },
];

fn route_loop(facts: &Facts) -> Option<Evidence> {
    // Its own packets never reach the wire; a client that is seen to repeat itself in vain has lost the path.
    let (seen, _) = lost(facts).filter(|(_, repeats)| *repeats == Side::Server)?;
    let up = facts.layer(Layer::Ncp).filter(|_| facts.reached(Layer::Ncp))?;
    let client = seen.it.from_client.last_data?;
    let heard = seen.it.from_server.last?.min(client);
    let soon = heard - up.at? <= SOON && heard >= up.at?;
    let says = || format!("addresses were agreed on at {}, the last that both ends got through was at {heard}", up.at.unwrap_or_default());
    soon.then(|| Evidence::of(up.event.into_iter().chain([seen.event]), says()))?
}

fn proxy_idle(facts: &Facts) -> Option<Evidence> {
    idle_cut(facts).filter(|_| facts.asked.proxy.is_some() || facts.proxy_request.is_some())
}

fn device_forgot(facts: &Facts) -> Option<Evidence> {
    idle_cut(facts).filter(|_| proxy_idle(facts).is_none())
}

/// A pause of a round length, and then a reset, an end without a word, or data that nobody answers.
fn idle_cut(facts: &Facts) -> Option<Evidence> {
    let seen = both_ways(facts)?;
    let said_goodbye = facts.leaves.iter().any(|leave| !matches!(leave.how, Farewell::Close(_)));
    let how = cut(facts, seen).filter(|_| !said_goodbye)?;
    let (round, pause) = pauses(&seen.it).into_iter().find_map(|pause| Some((round(pause)?, pause)))?;
    Some(Evidence::at(seen.event, format!("after a pause of {pause} (about {round} s) {how}")))
}

fn cut(facts: &Facts, seen: &Seen<Flow>) -> Option<String> {
    let reset = seen.it.ends.iter().find(|end| end.reset);
    let fin = seen.it.ends.iter().any(|end| !end.reset);
    match (reset, lost(facts)) {
        (Some(end), _) if !fin => Some(format!("a reset came in the name of the {}", end.by)),
        (_, Some((_, side))) => Some(format!("nothing answered the {} any more", side)),
        _ => {
            let proxied = facts.asked.proxy.is_some() || facts.proxy_request.is_some();
            let leave = first(facts).filter(|leave| proxied && leave.by == Side::Server && leave.how != Farewell::Close(How::Ours))?;
            Some(leave.to_string())
        }
    }
}

/// How long nothing new had come when the connection was cut, by either side's reckoning.
fn pauses(flow: &Flow) -> Vec<Micros> {
    let last = [flow.from_client.last_data, flow.from_server.last_data];
    let end = flow.ends.first().map(|end| end.at);
    let to_the_end = end.zip(last.into_iter().flatten().max()).map(|(end, last)| end - last);
    let apart = last[0].zip(last[1]).map(|(client, server)| if client > server { client - server } else { server - client });
    [to_the_end, apart].into_iter().flatten().collect()
}

/// The round number of seconds that a pause is near to.
fn round(pause: Micros) -> Option<u64> {
    ROUND.into_iter().find(|seconds| {
        let exact = seconds.saturating_mul(1_000_000);
        pause.0.abs_diff(exact) <= exact / 50
    })
}

fn linux_and_routeros(facts: &Facts) -> Option<Evidence> {
    let banner = answer(facts).filter(|seen| seen.it.header("server").is_some_and(|name| name.contains("MikroTik")))?;
    let left = first(facts).filter(|leave| leave.by == Side::Client && matches!(leave.how, Farewell::Close(_)) && tunnel_stood(facts))?;
    let age = left.at;
    let says = format!("the server is {}, and {left} {age} after the dial", banner.it.header("server").unwrap_or_default());
    (MINUTE..=MINUTE_AND_A_HALF).contains(&age).then(|| Evidence::of([banner.event, left.event], says))?
}

fn client_does_not_answer(facts: &Facts) -> Option<Evidence> {
    let requests: Vec<_> = asked(facts, Side::Server).collect();
    let unanswered: Vec<usize> = requests.iter().rev().take_while(|seen| seen.it.is_none()).map(|seen| seen.event).collect();
    // Each hole may be one answer.
    let holes = facts.gaps.iter().filter(|gap| gap.by == Some(Side::Client)).count();
    let left = first(facts).filter(|leave| leave.by == Side::Server && unanswered.len() > holes)?;
    let silent = last_heard(facts, Side::Client, left.at).map(|at| format!(" {} after the client's last packet", left.at - at));
    let says = format!(
        "the last {} of {} Echo Requests got no answer, then {left}{}",
        unanswered.len(),
        requests.len(),
        silent.unwrap_or_default()
    );
    Evidence::of(unanswered.into_iter().take(EVENTS).chain([left.event]), says)
}

/// Of a long call not every Echo Request is written down; then the silence alone speaks.
fn hello_expired(facts: &Facts) -> Option<Evidence> {
    let left = first(facts).filter(|leave| leave.how != Farewell::Terminate && tunnel_stood(facts))?;
    let heard = last_heard(facts, left.by.other(), left.at)?;
    let by_messages = facts.messages(left.by, MessageType::EchoRequest).any(|seen| seen.at >= heard && seen.at < left.at);
    let by_echoes = asked(facts, left.by).any(|seen| seen.it.is_none() && seen.at >= heard && seen.at <= left.at);
    let says = format!("{left} {} after the last packet of the {}", left.at - heard, left.by.other());
    ((by_messages || by_echoes || facts.omitted > 0) && left.at - heard >= PATIENCE).then(|| Evidence::at(left.event, says))
}

fn server_silent(facts: &Facts) -> Option<Evidence> {
    fell_silent(facts, Side::Server)
}

fn client_silent(facts: &Facts) -> Option<Evidence> {
    fell_silent(facts, Side::Client)
}

/// One end brings no new byte for two hello times while the other sends, and its TCP lives.
fn fell_silent(facts: &Facts, side: Side) -> Option<Evidence> {
    let seen = both_ways(facts).filter(|_| lost(facts).is_none() && (tunnel_stood(facts) || facts.reached(Layer::Tls)))?;
    let (mute, other) = (seen.it.from(side), seen.it.from(side.other()));
    let silence = other.last_data? - mute.last_data?;
    let alive = mute.last.zip(mute.last_data).is_some_and(|(last, data)| last > data);
    let says = format!("the {} sent data for {silence} after the last byte of the {side}, which only acknowledged", side.other());
    (silence >= TWO_HELLOS && alive && other.unacknowledged == 0).then(|| Evidence::at(seen.event, says))
}

fn tcp_in_tcp(facts: &Facts) -> Option<Evidence> {
    let flow = facts.flow.as_ref()?;
    let inner: u64 = facts.traffic.iter().map(|seen| seen.it.inner_retransmissions).fold(0, u64::saturating_add);
    let outer = flow.it.from_client.retransmissions.saturating_add(flow.it.from_server.retransmissions);
    let says = format!("{outer} segments were sent again outside, {inner} inside the tunnel");
    let events = facts.traffic.iter().filter(|seen| seen.it.inner_retransmissions > 0).map(|seen| seen.event);
    (inner >= BOTH && outer >= BOTH).then(|| Evidence::of(events.chain([flow.event]), says))?
}

fn lcp_echo_lost(facts: &Facts) -> Option<Evidence> {
    [Side::Client, Side::Server].into_iter().find_map(|side| {
        let answered = facts.frames(side.other(), "lcp.echo-reply").map(|seen| seen.event).last();
        let open: Vec<_> = facts.frames(side, "lcp.echo-request").filter(|seen| answered.is_none_or(|event| seen.event > event)).collect();
        let gone = facts.leaves.first().map_or(usize::MAX, |leave| leave.event);
        let open: Vec<usize> = open.into_iter().map(|seen| seen.event).filter(|event| *event < gone).collect();
        let says = format!("the last {} LCP Echo-Requests of the {side} got no Echo-Reply", open.len());
        (open.len() >= 2).then(|| Evidence::of(open.into_iter().take(EVENTS), says))?
    })
}

fn nothing_carried(facts: &Facts) -> Option<Evidence> {
    let up = facts.layer(Layer::Ncp).filter(|_| facts.reached(Layer::Ncp))?;
    let carried = facts.traffic.iter().any(|seen| seen.it.packets > 0) || facts.pings.iter().any(|seen| seen.it.is_some());
    let stood = facts.ended - up.at?;
    (!carried && facts.opaque.is_empty() && stood >= HELLO).then(|| Evidence::of(up.event, format!("no data packet in {stood}")))?
}

/// What else is seen when a device forgets a quiet connection.
const IDLE: &[&str] = super::look::endings_and![
    "TCP-RST-INJECTED",
    "TCP-PATH-LOST",
    "TEAR-HELLO-EXPIRED",
    "TEAR-CLIENT-ECHO-LOST",
    "DATA-SERVER-SILENT",
    "DATA-CLIENT-SILENT",
    "DATA-DEAD",
    "DATA-FAILED"
];
/// The path looks lost, and all that a lost path leads to.
const DEAD_PATH: &[&str] = &["TCP-PATH-LOST", "TEAR-IDLE-MIDDLEBOX", "PROXY-IDLE-CUTOFF"];
/// What follows when one end is not heard any more.
const UNHEARD: &[&str] = super::look::endings_and!["TEAR-HELLO-EXPIRED", "DATA-DEAD", "DATA-FAILED", "TEAR-ECHO-LOST"];

/// MS-SSTP 3.1.2.3: the hello timer, 60 s.
const HELLO: Micros = Micros(60_000_000);
const TWO_HELLOS: Micros = Micros(120_000_000);
/// Catalogue: idle limits that devices and clouds have by default, seconds.
const ROUND: [u64; 11] = [30, 60, 120, 180, 240, 300, 350, 600, 900, 1800, 3600];
/// Ours: a server that gives up after this or more of silence did so because of it; SoftEther waits 20 s.
const PATIENCE: Micros = Micros(15_000_000);
/// Ours: the route is set as soon as the addresses are there.
const SOON: Micros = Micros(10_000_000);
/// Catalogue: 60 to 90 s, with some room.
const MINUTE: Micros = Micros(55_000_000);
const MINUTE_AND_A_HALF: Micros = Micros(95_000_000);
/// Ours: retransmissions outside and inside from which on they count as correlated.
const BOTH: u64 = 10;
/// Ours: a finding rests on so many events at most.
const EVENTS: usize = 8;
